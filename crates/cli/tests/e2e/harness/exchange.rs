//! HTTP/1.1 as it passes through: where a message ends, and no more.
//!
//! Invariant: bytes are passed on as they came.

use std::io::{BufRead, BufReader, Read, Result, Write};
use std::os::unix::net::UnixStream;

/// The head of a request or of a reply.
pub(crate) struct Head {
    pub(crate) bytes: Vec<u8>,
    /// `POST /v1.41/containers/create?name=x HTTP/1.1`.
    pub(crate) first: String,
    length: Option<u64>,
    is_chunked: bool,
    closes: bool,
}

impl Head {
    /// The next head; `None` at the connection's end.
    pub(crate) fn read(from: &mut impl BufRead) -> Result<Option<Self>> {
        let mut head = Self {
            bytes: Vec::new(),
            first: String::new(),
            length: None,
            is_chunked: false,
            closes: false,
        };
        loop {
            let begin = head.bytes.len();
            if from.read_until(b'\n', &mut head.bytes)? == 0 {
                return Ok(None);
            }
            let line = String::from_utf8_lossy(&head.bytes[begin..]).trim_end().to_owned();
            if line.is_empty() {
                return Ok(Some(head));
            }
            if begin == 0 {
                head.first = line;
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.trim().to_ascii_lowercase();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => head.length = value.parse().ok(),
                "transfer-encoding" => head.is_chunked = value.contains("chunked"),
                "connection" => head.closes = value.contains("close"),
                _ => {}
            }
        }
    }

    fn status(&self) -> &str {
        self.first.split(' ').nth(1).unwrap_or_default()
    }

    pub(crate) fn is_upgrade(&self) -> bool {
        self.status() == "101"
    }

    pub(crate) fn has_no_body(&self) -> bool {
        matches!(self.status(), "204" | "304")
    }

    /// Whether the engine ends the connection after it.
    pub(crate) fn ends_with_connection(&self) -> bool {
        let is_framed = self.is_chunked || self.length.is_some() || self.has_no_body();
        self.closes || !is_framed
    }

    /// Passes the body of a request on.
    pub(crate) fn copy_body(&self, from: &mut impl BufRead, to: &mut impl Write) -> Result<()> {
        if self.is_chunked {
            return copy_chunks(from, to);
        }
        std::io::copy(&mut from.take(self.length.unwrap_or(0)), to)?;
        to.flush()
    }

    /// Passes the body of a reply on, piece by piece.
    pub(crate) fn copy_reply(&self, from: &mut impl BufRead, to: &mut impl Write) -> Result<()> {
        if self.is_chunked || self.length.is_some() {
            return self.copy_body(from, to);
        }
        std::io::copy(from, to).map(drop)
    }
}

fn copy_chunks(from: &mut impl BufRead, to: &mut impl Write) -> Result<()> {
    loop {
        let mut line = Vec::new();
        if from.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        to.write_all(&line)?;
        let text = String::from_utf8_lossy(&line);
        let size = text.trim().split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size, 16).unwrap_or(0);
        // Every chunk has an end of line after it, also the last, which is empty.
        std::io::copy(&mut from.take(size + 2), to)?;
        to.flush()?;
        if size == 0 {
            return Ok(());
        }
    }
}

/// Replies with a document.
pub(crate) fn answer(mut to: &UnixStream, status: u16, kind: &str, body: &str) -> Result<()> {
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} Said\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    to.write_all(head.as_bytes())
}

/// Passes bytes on in both directions until either ends.
pub(crate) fn splice(
    from_client: &mut BufReader<UnixStream>,
    mut client: &UnixStream,
    engine: &mut BufReader<UnixStream>,
) {
    let Ok(mut to_engine) = engine.get_ref().try_clone() else { return };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            drop(std::io::copy(from_client, &mut to_engine));
            drop(to_engine.shutdown(std::net::Shutdown::Write));
        });
        drop(std::io::copy(engine, &mut client));
        drop(client.shutdown(std::net::Shutdown::Both));
    });
}
