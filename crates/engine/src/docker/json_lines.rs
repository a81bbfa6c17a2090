//! One JSON value after another, as builds, pulls and events send them.
//!
//! Invariant: a value that is cut off is an error, never silence and never half a value.

use bytes::{Buf as _, BytesMut};
use serde::de::DeserializeOwned;

use crate::docker::error;
use crate::docker::reply::Reply;
use crate::error::EngineError;

/// The longest line that is kept in memory.
const LINE_LIMIT: usize = 16 * 1024 * 1024;

/// Cuts bytes into lines that are not empty.
pub(super) struct LineDecoder {
    buffer: BytesMut,
    /// How much of the buffer is known to hold no end of line.
    searched: usize,
    limit: usize,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct LineTooLong;

impl LineDecoder {
    pub(super) fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), searched: 0, limit }
    }

    pub(super) fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next whole line without its end.
    pub(super) fn line(&mut self) -> Result<Option<BytesMut>, LineTooLong> {
        loop {
            let Some(found) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n')
            else {
                self.searched = self.buffer.len();
                return if self.searched > self.limit { Err(LineTooLong) } else { Ok(None) };
            };
            let line = self.buffer.split_to(self.searched + found);
            self.buffer.advance(1);
            self.searched = 0;
            if line.len() > self.limit {
                return Err(LineTooLong);
            }
            if !line.trim_ascii().is_empty() {
                return Ok(Some(line));
            }
        }
    }

    /// What is left after the last end of line.
    pub(super) fn rest(&mut self) -> Option<BytesMut> {
        let rest = self.buffer.split();
        self.searched = 0;
        (!rest.trim_ascii().is_empty()).then_some(rest)
    }
}

/// The values of a reply, one after another.
pub(crate) struct JsonLines<T> {
    reply: Reply,
    decoder: LineDecoder,
    /// Values that stood on one line with the one given last, in reverse.
    waiting: Vec<T>,
    ended: bool,
}

impl<T: DeserializeOwned> JsonLines<T> {
    pub(crate) fn new(reply: Reply) -> Self {
        let decoder = LineDecoder::new(LINE_LIMIT);
        Self { reply, decoder, waiting: Vec::new(), ended: false }
    }

    pub(crate) fn label(&self) -> &str {
        self.reply.label()
    }

    /// The next value; none at the stream's proper end. After an error there is nothing more.
    pub(crate) async fn next(&mut self) -> Result<Option<T>, EngineError> {
        loop {
            if let Some(value) = self.waiting.pop() {
                return Ok(Some(value));
            }
            if self.ended {
                return Ok(None);
            }
            let line = self.decoder.line().map_err(|LineTooLong| self.too_long())?;
            if let Some(line) = line {
                self.take(&line, false)?;
            } else {
                match self.reply.chunk().await {
                    Ok(Some(chunk)) => self.decoder.push(&chunk),
                    Ok(None) => {
                        self.ended = true;
                        if let Some(rest) = self.decoder.rest() {
                            self.take(&rest, true)?;
                        }
                    }
                    Err(error) => {
                        self.ended = true;
                        return Err(error);
                    }
                }
            }
        }
    }

    fn too_long(&mut self) -> EngineError {
        self.ended = true;
        error::too_large(self.label(), LINE_LIMIT)
    }

    /// Old engines write values next to each other, so one line may hold many.
    fn take(&mut self, line: &[u8], last: bool) -> Result<(), EngineError> {
        let values: Result<Vec<T>, _> =
            serde_json::Deserializer::from_slice(line).into_iter::<T>().collect();
        match values {
            Ok(values) => {
                self.waiting = values;
                self.waiting.reverse();
                Ok(())
            }
            Err(source) => {
                self.ended = true;
                let error = if last && source.is_eof() {
                    error::cut(self.label())
                } else {
                    error::malformed(self.label(), "the engine's stream holds a bad line")
                };
                Err(error.with_source(source))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &[u8], step: usize, limit: usize) -> Result<Vec<String>, LineTooLong> {
        let mut decoder = LineDecoder::new(limit);
        let mut found = Vec::new();
        let text = |line: BytesMut| String::from_utf8(line.trim_ascii().to_vec()).unwrap();
        for chunk in input.chunks(step) {
            decoder.push(chunk);
            while let Some(line) = decoder.line()? {
                found.push(text(line));
            }
        }
        found.extend(decoder.rest().map(text));
        Ok(found)
    }

    #[test]
    fn lines_do_not_depend_on_where_chunks_are_cut() {
        let table: [(&[u8], &[&str]); 5] = [
            (b"", &[]),
            (b"\r\n\n", &[]),
            (b"{\"a\":1}\r\n{\"b\":2}\r\n", &["{\"a\":1}", "{\"b\":2}"]),
            (b"one\n\ntwo", &["one", "two"]),
            ("é\nü\n".as_bytes(), &["é", "ü"]),
        ];
        for (input, wanted) in table {
            for step in 1..=input.len().max(1) {
                assert_eq!(lines(input, step, 100).unwrap(), wanted, "step {step}");
            }
        }
    }

    #[test]
    fn a_line_has_a_limit() {
        assert_eq!(lines(b"12345\n", 1, 5).unwrap(), ["12345"]);
        assert_eq!(lines(b"123456\n", 1, 5), Err(LineTooLong));
        assert_eq!(lines(b"123456\n", 7, 5), Err(LineTooLong));
    }
}
