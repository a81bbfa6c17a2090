//! HTTP/1.1 as a client, on a unix socket or TCP: for asking engines and the demo's front.
//!
//! Invariant: a connection is used again only after its answer was read to its end.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::Result;

const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    Unix(PathBuf),
    Tcp(String),
}

trait Stream: Read + Write + Send {}
impl<T: Read + Write + Send> Stream for T {}

pub(crate) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
}

#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Response {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Result<Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status) || self.status == 304
    }
}

impl Connection {
    pub(crate) fn open(address: &Address) -> io::Result<Self> {
        Self::open_for(address, PATIENCE)
    }

    /// With a deadline for each read.
    pub(crate) fn open_for(address: &Address, patience: Duration) -> io::Result<Self> {
        let stream: Box<dyn Stream> = match address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(patience))?;
                Box::new(stream)
            }
            Address::Tcp(authority) => {
                let stream = TcpStream::connect(authority)?;
                stream.set_read_timeout(Some(patience))?;
                stream.set_nodelay(true)?;
                Box::new(stream)
            }
        };
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// One call with a body that is held in memory.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: &Value) -> io::Result<Response> {
        if body.is_null() {
            return self.send(method, path, "application/json", &[]);
        }
        self.send(method, path, "application/json", body.to_string().as_bytes())
    }

    pub(crate) fn send(
        &mut self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> io::Result<Response> {
        let mut bytes = format!(
            "{method} {path} HTTP/1.1\r\nHost: engine\r\nContent-Type: {kind}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        )
        .into_bytes();
        bytes.extend_from_slice(body);
        let stream = self.stream.get_mut();
        stream.write_all(&bytes)?;
        stream.flush()?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<Response> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status: u16 = status.ok_or_else(|| io::Error::other(format!("not HTTP: {line:?}")))?;
        let (mut length, mut chunked) = (None, false);
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let Some((name, value)) = line.split_once(':') else { continue };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse::<u64>().ok(),
                "transfer-encoding" => chunked = value.trim().eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
        let mut body = Vec::new();
        if chunked {
            self.chunks(&mut body)?;
        } else if let Some(length) = length {
            body.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
            self.stream.read_exact(&mut body)?;
        } else if status != 204 && status != 304 {
            self.stream.read_to_end(&mut body)?;
        }
        Ok(Response { status, body })
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let line = self.line()?;
            let size = usize::from_str_radix(line.split(';').next().unwrap_or_default().trim(), 16)
                .map_err(io::Error::other)?;
            let start = body.len();
            body.resize(start + size, 0);
            self.stream.read_exact(&mut body[start..])?;
            if !self.line()?.is_empty() {
                return Err(io::Error::other("a chunk that does not end"));
            }
            if size == 0 {
                return Ok(());
            }
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end_matches(['\r', '\n']).into())
    }
}

/// Encodes what stands between `=` and `&` of a query.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::thread;

    use super::*;

    #[test]
    fn answers_of_every_kind_leave_the_connection_ready_for_the_next() {
        let path = std::env::temp_dir().join(format!("xtask-http-{}.sock", std::process::id()));
        let listener = UnixListener::bind(&path).unwrap();
        let answers = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n\
                       HTTP/1.1 204 No Content\r\n\r\n\
                       HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno";
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(answers.as_bytes()).unwrap();
            io::copy(&mut stream, &mut io::sink()).unwrap();
        });
        let mut connection = Connection::open(&Address::Unix(path.clone())).unwrap();
        let mut call = || connection.call("GET", "/", &Value::Null).unwrap();
        let (first, second, third) = (call(), call(), call());
        assert_eq!((first.status, first.text().as_str()), (200, "abcd"));
        assert_eq!((second.status, second.text().as_str()), (204, ""));
        assert_eq!((third.status, third.text().as_str()), (404, "no"));
        drop(connection);
        server.join().unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(encoded(r#"{"a":["b"]}"#), "%7B%22a%22%3A%5B%22b%22%5D%7D");
    }
}
