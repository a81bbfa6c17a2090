//! A socket before the engine's: it counts the calls, and can make each take longer.
//!
//! Invariant: bytes pass unchanged and in order. A delay is one of distance: calls that are sent one
//! after the other without waiting arrive one after the other, each so much later, not added up.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::Result;
use crate::http::Address;

pub(super) struct Proxy {
    pub(super) socket: PathBuf,
    calls: Arc<Mutex<Vec<String>>>,
    over: Arc<AtomicBool>,
}

impl Proxy {
    /// Listens on a socket of its own until it is dropped.
    pub(super) fn start(engine: &Address, directory: &Path, delay: Duration) -> Result<Self> {
        let Address::Unix(engine) = engine.clone() else {
            return Err("the proxy needs an engine on a unix socket".into());
        };
        let socket = directory.join(format!("proxy-{}.sock", delay.as_millis()));
        let listener = UnixListener::bind(&socket)?;
        let proxy = Self { socket, calls: Arc::default(), over: Arc::default() };
        let (calls, over) = (Arc::clone(&proxy.calls), Arc::clone(&proxy.over));
        thread::spawn(move || {
            for client in listener.incoming() {
                if over.load(Ordering::Relaxed) {
                    return;
                }
                // An engine that is gone shows as a connection that ends at once.
                if let (Ok(client), Ok(server)) = (client, UnixStream::connect(&engine)) {
                    let _ = carry(client, server, Arc::clone(&calls), delay);
                }
            }
        });
        Ok(proxy)
    }

    pub(super) fn url(&self) -> String {
        format!("unix://{}", self.socket.display())
    }

    /// The calls since the last time, each as `METHOD /path` without its query.
    pub(super) fn take(&self) -> Vec<String> {
        self.calls.lock().map(|mut calls| std::mem::take(&mut *calls)).unwrap_or_default()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener, which then sees that it is over.
        let _ = UnixStream::connect(&self.socket);
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// Calls by their kind: ids and names replaced by `*`, versions left out.
pub(super) fn kinds(calls: &[String]) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for call in calls {
        *kinds.entry(kind(call)).or_default() += 1;
    }
    kinds
}

fn kind(call: &str) -> String {
    let (method, path) = call.split_once(' ').unwrap_or(("", call));
    let words = path.split('/').filter(|word| !word.is_empty());
    let words = words.filter(|word| !(word.starts_with("v1.") && word.len() <= 5));
    let known = [
        "containers",
        "images",
        "networks",
        "volumes",
        "exec",
        "json",
        "create",
        "start",
        "stop",
        "wait",
        "kill",
        "events",
        "info",
        "version",
        "_ping",
        "build",
        "session",
        "connect",
        "disconnect",
        "resize",
        "top",
        "stats",
        "pause",
        "unpause",
        "archive",
        "logs",
        "attach",
        "rename",
        "update",
        "load",
        "distribution",
        "tag",
        "system",
        "df",
    ];
    let words: Vec<&str> =
        words.map(|word| if known.contains(&word) { word } else { "*" }).collect();
    let mut path = words.join("/");
    // An image's name may have slashes.
    while path.contains("*/*") {
        path = path.replace("*/*", "*");
    }
    format!("{method} /{path}")
}

fn carry(
    client: UnixStream,
    server: UnixStream,
    calls: Arc<Mutex<Vec<String>>>,
    delay: Duration,
) -> std::io::Result<()> {
    let (from_server, to_client) = (server.try_clone()?, client.try_clone()?);
    let (sender, receiver) = mpsc::sync_channel::<(Instant, Vec<u8>)>(64);
    thread::spawn(move || read_requests(client, &sender, &calls, delay));
    thread::spawn(move || {
        let mut server = server;
        for (due, bytes) in receiver {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if server.write_all(&bytes).is_err() {
                return;
            }
        }
        let _ = server.shutdown(Shutdown::Write);
    });
    thread::spawn(move || copy(from_server, to_client));
    Ok(())
}

fn copy(mut from: UnixStream, mut to: UnixStream) {
    let _ = std::io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

fn read_requests(
    mut client: UnixStream,
    sender: &mpsc::SyncSender<(Instant, Vec<u8>)>,
    calls: &Mutex<Vec<String>>,
    delay: Duration,
) {
    let (mut requests, mut buffer) = (Requests::default(), vec![0; 64 * 1024]);
    while let Ok(count) = client.read(&mut buffer) {
        if count == 0 {
            return;
        }
        let found = requests.feed(&buffer[..count]);
        if let Ok(mut calls) = calls.lock() {
            calls.extend(found);
        }
        if sender.send((Instant::now() + delay, buffer[..count].to_vec())).is_err() {
            return;
        }
    }
}

/// Finds requests in what a client sends on one connection, however it is cut into pieces.
#[derive(Debug, Default)]
struct Requests {
    state: State,
    /// The bytes of the head or of the chunk's size line that is being read.
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of a body are still to come.
    Body(u64),
    /// A chunk's size line.
    Size,
    /// So many bytes of a chunk and its line end.
    Chunk(u64),
    /// The last chunk was seen: trailers until an empty line.
    Trailer,
    /// Not HTTP any more.
    Raw,
}

impl Requests {
    /// Takes the next bytes and returns the requests whose heads end in them.
    fn feed(&mut self, mut bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        while let Some((&byte, rest)) = bytes.split_first() {
            match self.state {
                State::Raw => return found,
                State::Body(left) | State::Chunk(left) => {
                    let step = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    bytes = &bytes[step..];
                    self.state = match (self.state, left - step as u64) {
                        (State::Body(_), 0) => State::Head,
                        (State::Body(_), left) => State::Body(left),
                        (_, 0) => State::Size,
                        (_, left) => State::Chunk(left),
                    };
                    continue;
                }
                State::Head | State::Size | State::Trailer => self.line.push(byte),
            }
            bytes = rest;
            if self.state == State::Head && self.line.ends_with(b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                self.state = after_head(&head);
                let mut words = head.split([' ', '?']);
                let (method, path) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
                found.push(format!("{method} {path}"));
            } else if self.state != State::Head && self.line.ends_with(b"\r\n") {
                let line = String::from_utf8_lossy(&std::mem::take(&mut self.line)).into_owned();
                self.state = match (self.state, line.trim()) {
                    (State::Trailer, "") => State::Head,
                    (State::Trailer, _) => State::Trailer,
                    (_, size) => {
                        let size = size.split(';').next().unwrap_or_default();
                        match u64::from_str_radix(size, 16) {
                            Ok(0) => State::Trailer,
                            Ok(size) => State::Chunk(size + 2),
                            Err(_) => State::Raw,
                        }
                    }
                };
            }
        }
        found
    }
}

/// What follows a head.
fn after_head(head: &str) -> State {
    let mut state = State::Head;
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match name.to_ascii_lowercase().as_str() {
            "upgrade" => return State::Raw,
            "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => state = State::Size,
            "content-length" => match value.parse() {
                Ok(0) | Err(_) => {}
                Ok(length) => state = State::Body(length),
            },
            _ => {}
        }
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_however_the_bytes_are_cut() {
        let stream = "GET /v1.41/containers/json?all=1 HTTP/1.1\r\nHost: e\r\n\r\n\
            POST /build HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nGET /\r\n0\r\n\r\n\
            POST /containers/create?name=a HTTP/1.1\r\nContent-Length: 8\r\n\r\nGET /x\r\n\
            POST /session HTTP/1.1\r\nUpgrade: h2c\r\n\r\nPRI * HTTP/2.0\r\n\r\n";
        let expected = [
            "GET /v1.41/containers/json",
            "POST /build",
            "POST /containers/create",
            "POST /session",
        ];
        for size in 1..stream.len() {
            let mut requests = Requests::default();
            let found: Vec<_> =
                stream.as_bytes().chunks(size).flat_map(|piece| requests.feed(piece)).collect();
            assert_eq!(found, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn calls_have_kinds() {
        for (call, expected) in [
            ("GET /v1.41/containers/json", "GET /containers/json"),
            ("POST /containers/0123abc/start", "POST /containers/*/start"),
            ("GET /images/registry/a/b:1/json", "GET /images/*/json"),
            ("HEAD /_ping", "HEAD /_ping"),
        ] {
            assert_eq!(kind(call), expected);
        }
    }

    #[test]
    fn a_delay_is_one_of_distance() {
        let directory = std::env::temp_dir().join(format!("xtask-proxy-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let engine = directory.join("engine.sock");
        let listener = UnixListener::bind(&engine).unwrap();
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let (mut requests, mut buffer) = (Requests::default(), [0; 1024]);
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                for _ in requests.feed(&buffer[..count]) {
                    stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
                }
            }
        });
        let delay = Duration::from_millis(60);
        let proxy = Proxy::start(&Address::Unix(engine), &directory, delay).unwrap();
        let mut client = UnixStream::connect(&proxy.socket).unwrap();
        let since = Instant::now();
        for path in ["/a", "/b"] {
            write!(client, "GET {path} HTTP/1.1\r\nHost: e\r\n\r\n").unwrap();
        }
        let mut answers = [0; 54];
        client.read_exact(&mut answers).unwrap();
        let elapsed = since.elapsed();
        assert!(elapsed >= delay && elapsed < delay * 2, "{elapsed:?}");
        assert_eq!(proxy.take(), ["GET /a", "GET /b"]);
        drop(proxy);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
