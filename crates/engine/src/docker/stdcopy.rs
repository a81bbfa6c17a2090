//! The eight-byte frames in which output without a terminal arrives.
//!
//! Invariant: payload is passed on as soon as it arrives, whatever length its frame announces, and
//! an end inside a frame is an error.

use bytes::{Buf as _, Bytes, BytesMut};

use crate::stream::{Channel, Chunk};

const HEADER: usize = 8;
/// No engine writes frames near this size; a larger one means these are no frames.
const FRAME_LIMIT: usize = 16 * 1024 * 1024;
/// How much is kept of what the engine says of itself.
const COMPLAINT_LIMIT: usize = 4 * 1024;

/// Why the bytes are no frames.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameFault {
    #[error("the output is not in frames")]
    NotFramed,
    #[error("a frame announces {0} bytes")]
    TooLarge(usize),
    #[error("the output ended inside a frame")]
    Truncated,
    /// The engine itself tells, inside the stream, why it ends.
    #[error("{0}")]
    Engine(String),
}

/// What the payload of a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Output(Channel),
    Engine,
}

/// Takes frames apart: push what arrives, then take chunks until there is none.
#[derive(Debug, Default)]
pub struct Demux {
    buffer: BytesMut,
    /// The frame under way: what it is and how many bytes of it are still to come.
    open: Option<(Source, usize)>,
    /// What the engine has said of itself so far.
    complaint: Vec<u8>,
}

impl Demux {
    pub fn push(&mut self, chunk: &[u8]) {
        self.buffer.extend_from_slice(chunk);
    }

    /// The next piece that is there; a frame may come in several.
    pub fn chunk(&mut self) -> Result<Option<Chunk>, FrameFault> {
        loop {
            match self.open {
                Some((Source::Engine, 0)) => {
                    let text = String::from_utf8_lossy(&self.complaint).trim().to_owned();
                    return Err(FrameFault::Engine(text));
                }
                Some((Source::Output(_), 0)) => self.open = None,
                Some(_) if self.buffer.is_empty() => return Ok(None),
                Some((source, left)) => {
                    let bytes = self.payload(source, left);
                    match source {
                        Source::Output(channel) => return Ok(Some(Chunk { channel, bytes })),
                        Source::Engine => self.complain(&bytes),
                    }
                }
                None if self.buffer.len() < HEADER => return Ok(None),
                None => self.open = Some(self.header()?),
            }
        }
    }

    fn payload(&mut self, source: Source, left: usize) -> Bytes {
        let bytes = self.buffer.split_to(left.min(self.buffer.len())).freeze();
        self.open = Some((source, left - bytes.len()));
        bytes
    }

    fn complain(&mut self, bytes: &[u8]) {
        let room = COMPLAINT_LIMIT.saturating_sub(self.complaint.len());
        self.complaint.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn header(&mut self) -> Result<(Source, usize), FrameFault> {
        let (kind, padding) = (self.buffer[0], &self.buffer[1..4]);
        let source = match kind {
            _ if padding != [0, 0, 0] => return Err(FrameFault::NotFramed),
            0 | 1 => Source::Output(Channel::Stdout),
            2 => Source::Output(Channel::Stderr),
            3 => Source::Engine,
            _ => return Err(FrameFault::NotFramed),
        };
        self.buffer.advance(4);
        let length = usize::try_from(self.buffer.get_u32()).unwrap_or(usize::MAX);
        if length > FRAME_LIMIT {
            return Err(FrameFault::TooLarge(length));
        }
        Ok((source, length))
    }

    /// To be asked when the input has ended.
    pub fn finish(&self) -> Result<(), FrameFault> {
        let open = self.open.is_some_and(|(_, left)| left > 0);
        if open || !self.buffer.is_empty() { Err(FrameFault::Truncated) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&[kind, 0, 0, 0], &length[..], payload].concat()
    }

    /// Each channel's bytes, and how it ended.
    fn decode(input: &[u8], step: usize) -> (Vec<u8>, Vec<u8>, Result<(), FrameFault>) {
        let mut demux = Demux::default();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        for chunk in input.chunks(step) {
            demux.push(chunk);
            loop {
                match demux.chunk() {
                    Ok(Some(Chunk { channel: Channel::Stdout, bytes })) => {
                        out.extend_from_slice(&bytes);
                    }
                    Ok(Some(Chunk { channel: Channel::Stderr, bytes })) => {
                        err.extend_from_slice(&bytes);
                    }
                    Ok(None) => break,
                    Err(fault) => return (out, err, Err(fault)),
                }
            }
        }
        (out, err, demux.finish())
    }

    #[test]
    fn frames_do_not_depend_on_where_chunks_are_cut() {
        let frames =
            [frame(1, b"out\xff"), frame(2, b"err"), frame(1, b""), frame(1, b"\x01\x02 more")];
        let good = frames.concat();
        let bad = [good.clone(), frame(3, b"disk gone\n"), frame(1, b"x")].concat();
        for (input, end) in [(good, Ok(())), (bad, Err(FrameFault::Engine("disk gone".into())))] {
            for step in 1..=input.len() {
                let (out, err, ended) = decode(&input, step);
                assert_eq!(out, b"out\xff\x01\x02 more", "step {step}");
                assert_eq!((err, ended), (b"err".to_vec(), end.clone()), "step {step}");
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_an_error() {
        let cut = frame(1, b"abcdef");
        let table: [(&[u8], FrameFault); 5] = [
            (b"\x01\x02 SOH text", FrameFault::NotFramed),
            (b"hello, terminal", FrameFault::NotFramed),
            (b"\x01\0\0\0\x7f\xff\xff\xff", FrameFault::TooLarge(0x7fff_ffff)),
            (&cut[..5], FrameFault::Truncated),
            (&cut[..11], FrameFault::Truncated),
        ];
        for (input, fault) in table {
            for step in 1..=input.len() {
                assert_eq!(decode(input, step).2, Err(fault.clone()), "{input:?} step {step}");
            }
        }
    }

    #[test]
    fn payload_does_not_wait_for_the_end_of_its_frame() {
        let mut demux = Demux::default();
        demux.push(&frame(1, b"prompt> and more")[..16]);
        let chunk = demux.chunk().unwrap().unwrap();
        assert_eq!(&chunk.bytes[..], b"prompt> ");
    }
}
