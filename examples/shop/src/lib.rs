//! As much HTTP/1.1 as the shop's two servers need, on any byte stream.
//!
//! Invariant: one request and one answer per connection, each at most `LIMIT` bytes, so that neither
//! server can be made to hold much memory by whoever talks to it.

use std::io::{self, Read, Write};

/// The most bytes of a request or of an answer that are read.
const LIMIT: u64 = 64 * 1024;

/// The first line of a request: all that the shop looks at.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub method: String,
    pub path: String,
}

/// A status with its reason, such as `200 OK`, and a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: String,
    pub body: String,
}

impl Answer {
    pub fn ok(body: impl Into<String>) -> Self {
        Self { status: "200 OK".into(), body: body.into() }
    }

    pub fn not_found() -> Self {
        Self { status: "404 Not Found".into(), body: "there is no such page\n".into() }
    }

    pub fn failed(why: &str) -> Self {
        Self { status: "500 Internal Server Error".into(), body: why.into() }
    }

    pub fn is_ok(&self) -> bool {
        self.status.starts_with("200 ")
    }
}

/// Reads a request's head; whatever follows the blank line is left unread.
pub fn read_request(stream: &mut impl Read) -> io::Result<Request> {
    let mut head = Vec::new();
    let mut bytes = stream.take(LIMIT);
    let mut chunk = [0; 1024];
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        match bytes.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => head.extend_from_slice(&chunk[..n]),
        }
    }
    let head = String::from_utf8_lossy(&head);
    let mut words = head.split_ascii_whitespace();
    match (words.next(), words.next()) {
        (Some(method), Some(path)) => Ok(Request { method: method.into(), path: path.into() }),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

pub fn write_answer(stream: &mut impl Write, answer: &Answer) -> io::Result<()> {
    let Answer { status, body } = answer;
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )?;
    stream.flush()
}

/// Sends one request and reads the answer until the other side closes.
pub fn ask(mut stream: impl Read + Write, method: &str, path: &str) -> io::Result<Answer> {
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )?;
    stream.flush()?;
    let mut text = String::new();
    stream.take(LIMIT).read_to_string(&mut text)?;
    let (head, body) = text.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    let line = head.lines().next().unwrap_or_default();
    let status = line.strip_prefix("HTTP/1.1 ").ok_or(io::ErrorKind::InvalidData)?;
    Ok(Answer { status: status.into(), body: body.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pipe(&'static [u8], Vec<u8>);

    impl Read for Pipe {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            self.0.read(buffer)
        }
    }

    impl Write for Pipe {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1.write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_request_is_its_first_line_and_an_answer_its_status_and_body() {
        let request = read_request(&mut &b"POST /orders HTTP/1.1\r\nHost: x\r\n\r\nrest"[..]);
        assert_eq!(request.unwrap(), Request { method: "POST".into(), path: "/orders".into() });
        assert!(read_request(&mut &b"GET / HTTP/1.1\r\n"[..]).is_err());
        let mut wire = Vec::new();
        write_answer(&mut wire, &Answer::ok("three\n")).unwrap();
        let answer = ask(Pipe(wire.leak(), Vec::new()), "GET", "/").unwrap();
        assert_eq!(answer, Answer::ok("three\n"));
        assert!(ask(Pipe(b"nonsense", Vec::new()), "GET", "/").is_err());
    }
}
