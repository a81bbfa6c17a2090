//! What listens where an engine should: a script on a Unix socket.
//!
//! Invariant: it answers every request the same way, or never.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

/// What is said to each request.
#[derive(Clone, Copy)]
pub(crate) enum Says {
    /// Nothing, for ever.
    Nothing,
    /// Nothing, and the connection ends.
    Goodbye,
    /// These bytes, and the connection ends.
    Bytes(&'static str),
    /// Pings are answered as by an engine like 20.10, lists are empty, containers are created, and
    /// everything else hangs.
    Halts,
}

/// Listens until the program that is tested has ended; where, as a URL.
pub(crate) fn listen(directory: &Path, says: Says) -> String {
    let path = directory.join("engine.sock");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            std::thread::spawn(move || answer(stream, says));
        }
    });
    format!("unix://{}", path.display())
}

fn answer(mut stream: UnixStream, says: Says) {
    while let Some(line) = request(&mut stream) {
        let said = match says {
            Says::Goodbye => return,
            Says::Bytes(text) => {
                let _ = stream.write_all(text.as_bytes());
                return;
            }
            Says::Halts if line.contains("/_ping") => {
                "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nContent-Length: 2\r\n\r\nOK"
            }
            Says::Halts if line.starts_with("GET ") && line.contains("/volumes") => {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
            }
            Says::Halts if line.starts_with("GET ") && !line.contains("/events") => {
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
            }
            Says::Halts if line.contains("/containers/create") => {
                "HTTP/1.1 201 Created\r\nContent-Length: 12\r\n\r\n{\"Id\":\"abc\"}"
            }
            Says::Nothing | Says::Halts => return std::thread::park(),
        };
        let _ = stream.write_all(said.as_bytes());
    }
}

/// The first line of a request, which is read whole.
fn request(stream: &mut UnixStream) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).ok()?;
    let length = head
        .lines()
        .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    stream.read_exact(&mut vec![0; length]).ok()?;
    head.lines().next().map(str::to_owned)
}
