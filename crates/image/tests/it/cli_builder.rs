//! Docker's own program, asked what of a directory it would send: it builds against an engine that is only ear.
//!
//! Invariant: what is received is what the program sent, decoded and nothing else; no engine takes part, and no file
//! of the user's own configuration is read.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, Sender, channel};

use tempfile::TempDir;

/// An engine's socket, and what came to it.
pub(crate) struct CliBuilder {
    directory: TempDir,
    major: u32,
    received: Receiver<Vec<u8>>,
}

impl CliBuilder {
    /// None where docker's program is not installed.
    pub(crate) fn start() -> Option<Self> {
        let version = Command::new("docker").arg("--version").output().ok()?.stdout;
        let version = String::from_utf8(version).expect("a version");
        let major = version.split([' ', '.']).find_map(|word| word.parse().ok())?;
        let directory = tempfile::tempdir().expect("temporary directory");
        std::fs::write(directory.path().join("Dockerfile"), "FROM scratch\n").expect("Dockerfile");
        let listener = UnixListener::bind(directory.path().join("engine")).expect("socket");
        let (sender, received) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let sender = sender.clone();
                std::thread::spawn(move || serve(&stream.expect("connection"), &sender));
            }
        });
        Some(Self { directory, major, received })
    }

    /// Whether its matcher is that of `BuildKit`: before 23 it was one of its own.
    pub(crate) fn is_current(&self) -> bool {
        self.major >= 23
    }

    /// Files and links that it would send of `context`, sorted; none when it refuses. Its Dockerfile lies elsewhere.
    pub(crate) fn sent(&self, context: &Path) -> Result<BTreeSet<String>, String> {
        let here = self.directory.path();
        let output = Command::new("docker")
            .args(["build", "--quiet", "--file"])
            .args([&here.join("Dockerfile"), context])
            .env("DOCKER_HOST", format!("unix://{}", here.join("engine").display()))
            .env("DOCKER_CONFIG", here)
            .env("DOCKER_BUILDKIT", "0")
            .env_remove("DOCKER_CONTEXT")
            .output()
            .expect("docker runs");
        let tar = self.received.try_recv();
        match (output.status.success(), tar) {
            (true, Ok(tar)) => Ok(names(&tar)),
            (_, tar) => {
                drop(tar);
                Err(String::from_utf8_lossy(&output.stderr).into_owned())
            }
        }
    }
}

/// Answers requests until the connection ends.
fn serve(stream: &UnixStream, received: &Sender<Vec<u8>>) {
    let mut reader = BufReader::new(stream);
    let mut stream = stream;
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let is_build = head.starts_with("POST ") && head.contains("/build?");
        let body = if is_build {
            let Some(tar) = chunked(&mut reader) else { return };
            // Whoever waits for it has it before the program ends.
            received.send(tar).expect("the test waits");
            "{\"stream\":\"Successfully built 0123456789ab\\n\"}\n"
        } else {
            "OK"
        };
        let body = if head.starts_with("HEAD ") { "" } else { body };
        let answer = format!(
            "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nOstype: linux\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// A body in chunks; none if it was cut off.
fn chunked(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let len = u64::from_str_radix(line.trim(), 16).ok()?;
        let end = len + 2;
        let mut chunk = Vec::new();
        if reader.take(end).read_to_end(&mut chunk).ok()? as u64 != end {
            return None;
        }
        if len == 0 {
            return Some(body);
        }
        body.extend_from_slice(&chunk[..chunk.len() - 2]);
    }
}

/// Directories are left out: builders make those that hold something, however they are told of them.
fn names(tar: &[u8]) -> BTreeSet<String> {
    // The program puts the Dockerfile last and leaves out how a tar ends.
    let mut archive = tar::Archive::new(tar.chain(std::io::repeat(0).take(2048)));
    let entries = archive.entries().expect("a tar").map(|entry| entry.expect("an entry"));
    let files = entries.filter(|entry| !entry.header().entry_type().is_dir());
    let names = files.map(|entry| String::from_utf8_lossy(&entry.path_bytes()).into_owned());
    // It sends these two along and tells the engine to take them out again.
    let own = |name: &String| name.starts_with(".dockerfile.") || name == ".dockerignore";
    names.filter(|name| !own(name)).collect()
}
