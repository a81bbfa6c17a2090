//! A scripted engine on a Unix socket: says what a test wants, byte by byte if need be.
//!
//! Invariant: it records every request that arrives whole, in order.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use windlass_engine::docker::{DockerEngine, EngineAddress};
use windlass_model::name::EngineName;

use crate::lab::nobody;

/// What to do when a request has arrived.
#[derive(Clone)]
pub(crate) enum Act {
    /// Say this and go on with the connection.
    Say(String),
    /// Say this one byte at a time.
    Trickle(String),
    /// Say this and close the connection.
    Last(String),
    /// Say this and keep silent.
    Hang(String),
}

pub(crate) struct Fake {
    pub(crate) engine: DockerEngine,
    path: PathBuf,
    /// First lines of requests, each after the number of its connection.
    seen: Arc<Mutex<Vec<String>>>,
    _folder: tempfile::TempDir,
}

/// A whole reply with a body.
pub(crate) fn reply(status: &str, content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

pub(crate) fn json(body: &str) -> String {
    reply("200 OK", "application/json", body)
}

/// The answer to a ping of an engine like 20.10.
pub(crate) fn pong() -> String {
    "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nServer: Docker/20.10.24+dfsg1 (linux)\r\n\
     Content-Length: 2\r\n\r\nOK"
        .to_owned()
}

/// A chunk of a chunked body.
pub(crate) fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// The head of a reply with a chunked body.
pub(crate) const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

impl Fake {
    /// Answers with a script that is told the connection's number and the request's first line.
    pub(crate) fn start(script: impl Fn(usize, &str) -> Act + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fake.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&seen);
        let script = Arc::new(script);
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                number += 1;
                tokio::spawn(serve(stream, number, Arc::clone(&script), Arc::clone(&record)));
            }
        });
        let address = EngineAddress::Unix { path: path.clone() };
        let engine = DockerEngine::at(EngineName::default(), &address, nobody()).unwrap();
        Self { engine, path, seen, _folder: folder }
    }

    /// One that answers pings well and everything else with one act.
    pub(crate) fn answering(act: Act) -> Self {
        Self::start(move |_, line| match line {
            "GET /_ping" => Act::Say(pong()),
            _ => act.clone(),
        })
    }

    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn path(&self) -> &std::path::Path {
        &self.path
    }
}

async fn serve(
    mut stream: UnixStream,
    number: usize,
    script: Arc<impl Fn(usize, &str) -> Act>,
    seen: Arc<Mutex<Vec<String>>>,
) {
    while let Some(line) = request(&mut stream).await {
        seen.lock().unwrap().push(format!("{number} {line}"));
        // A client that has gone away is part of many a test.
        match script(number, &line) {
            Act::Say(text) => drop(stream.write_all(text.as_bytes()).await),
            Act::Trickle(text) => {
                for byte in text.bytes() {
                    let _ = stream.write_all(&[byte]).await;
                    let _ = stream.flush().await;
                    tokio::task::yield_now().await;
                }
            }
            Act::Last(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                return;
            }
            Act::Hang(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                std::future::pending::<()>().await;
            }
        }
    }
}

/// Reads a request's head, and its body if it says how long it is: `GET /path` without its query
/// and its version.
async fn request(stream: &mut UnixStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    let mut words = head.split_whitespace();
    let (method, target) = (words.next()?, words.next()?);
    let path = target.split('?').next().unwrap_or_default();
    Some(format!("{method} {}", path.strip_prefix("/v1.41").unwrap_or(path)))
}
