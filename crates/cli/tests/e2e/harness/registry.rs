//! A registry that asks for a password, and a way to it that breaks.
//!
//! Invariant: it is the test's own, on a port of its own, and goes with it.

use super::{engine, free_port, tell, wait_until};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What must be seen nowhere.
pub(crate) const PASSWORD: &str = "c4n4ry-p4ssw0rd-of-the-registry";
/// Both, as docker's `config.json` has them; and with another password.
pub(crate) const GOOD: &str = "cHVzaGVyOmM0bjRyeS1wNHNzdzByZC1vZi10aGUtcmVnaXN0cnk=";
pub(crate) const WRONG: &str = "cHVzaGVyOndyb25n";
const USERS: &str = "pusher:$2y$05$no9EHWG33dTGIwpPDQOwrOlpttP7ADZ883aAAaa/I8jZVCGPU1pBW\n";

pub(crate) struct Registry {
    process: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Registry {
    fn drop(&mut self) {
        // One that has ended is not the test's business any more.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Registry {
    /// `None` where Debian's docker-registry is not installed, which is told.
    pub(crate) fn start() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (path, port) = (folder.path().display(), free_port());
        std::fs::write(folder.path().join("users"), USERS).unwrap();
        let config = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {path}/data}}}}\n\
             http: {{addr: '127.0.0.1:{port}', secret: x}}\n\
             auth: {{htpasswd: {{realm: test, path: {path}/users}}}}\n"
        );
        let file = folder.path().join("config.yml");
        std::fs::write(&file, config).unwrap();
        let started = Command::new("docker-registry")
            .arg("serve")
            .arg(file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(process) = started else {
            tell("skipped: there is no docker-registry (Debian's package of that name)");
            return None;
        };
        let registry = Self { process, port, _folder: folder };
        wait_until("the registry listens", || TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(registry)
    }

    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What it answers to a question with the right password.
    pub(crate) fn ask(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!(
            "GET {path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Basic {GOOD}\r\n\r\n",
            self.host()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        let body = reply.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        serde_json::from_str(body).unwrap_or(Value::Null)
    }

    /// The tags of a repository, in order.
    pub(crate) fn tags(&self, repository: &str) -> Vec<String> {
        let answer = self.ask(&format!("/v2/{repository}/tags/list"));
        let tags = answer["tags"].as_array().cloned().unwrap_or_default();
        let mut tags: Vec<_> = tags.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        tags.sort();
        tags
    }

    /// Another address of it, at which so many connections break before they are of use.
    pub(crate) fn broken(&self, connections: usize) -> Broken {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let broken = Arc::new(AtomicUsize::new(0));
        let (count, upstream) = (Arc::clone(&broken), self.port);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if count.load(Ordering::SeqCst) < connections {
                    count.fetch_add(1, Ordering::SeqCst);
                    drop(client.shutdown(Shutdown::Both));
                } else if let Ok(server) = TcpStream::connect(("127.0.0.1", upstream)) {
                    splice(&client, &server);
                }
            }
        });
        Broken { port, broken }
    }
}

pub(crate) struct Broken {
    port: u16,
    broken: Arc<AtomicUsize>,
}

impl Broken {
    pub(crate) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// How many connections have been broken.
    pub(crate) fn count(&self) -> usize {
        self.broken.load(Ordering::SeqCst)
    }
}

fn splice(one: &TcpStream, other: &TcpStream) {
    for (from, to) in [(one, other), (other, one)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        std::thread::spawn(move || {
            // Whichever end goes takes the other one with it.
            drop(std::io::copy(&mut from, &mut to));
            drop(to.shutdown(Shutdown::Both));
        });
    }
}

/// Whether the engine has an image under a reference.
pub(crate) fn is_there(reference: &str) -> bool {
    engine::get(&format!("/images/{reference}/json"))["Id"].is_string()
}
