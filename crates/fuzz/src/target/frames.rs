//! The frames in which output without a terminal arrives.
//!
//! Invariant: the bytes that come out are those that came in without the headers, and none is kept longer than needed.

use windlass_engine::docker::stdcopy::{Demux, FrameFault};

use crate::input::pieces;

pub fn frames(bytes: &[u8]) {
    let cut = read(&pieces(bytes));
    assert_eq!(cut, read(&[bytes]), "it does not matter where pieces end");
    assert_eq!(cut, expected(bytes));
}

/// The output of both channels, each in one, and how it ended.
type Read = (Vec<u8>, Vec<u8>, Result<(), FrameFault>);

fn read(pieces: &[&[u8]]) -> Read {
    use windlass_engine::stream::Channel::{Stderr, Stdout};
    let mut demux = Demux::default();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    for piece in pieces {
        demux.push(piece);
        loop {
            match demux.chunk() {
                Ok(Some(chunk)) => {
                    assert!(!chunk.bytes.is_empty(), "an empty piece says nothing");
                    match chunk.channel {
                        Stdout => out.extend_from_slice(&chunk.bytes),
                        Stderr => err.extend_from_slice(&chunk.bytes),
                    }
                }
                Ok(None) => break,
                Err(fault) => return (out, err, Err(fault)),
            }
        }
    }
    (out, err, demux.finish())
}

/// The same, read in the plainest way.
fn expected(bytes: &[u8]) -> Read {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut rest = bytes;
    while let Some((header, after)) = rest.split_first_chunk::<8>() {
        let [kind @ 0..=3, 0, 0, 0, length @ ..] = *header else {
            return (out, err, Err(FrameFault::NotFramed));
        };
        let length = usize::try_from(u32::from_be_bytes(length)).expect("32 bits fit");
        if length > 16 << 20 {
            return (out, err, Err(FrameFault::TooLarge(length)));
        }
        let payload = &after[..length.min(after.len())];
        match kind {
            3 if payload.len() == length => {
                let text = String::from_utf8_lossy(&payload[..length.min(4096)]);
                return (out, err, Err(FrameFault::Engine(text.trim().to_owned())));
            }
            3 => {}
            2 => err.extend_from_slice(payload),
            _ => out.extend_from_slice(payload),
        }
        if payload.len() < length {
            return (out, err, Err(FrameFault::Truncated));
        }
        rest = &after[length..];
    }
    let end = if rest.is_empty() { Ok(()) } else { Err(FrameFault::Truncated) };
    (out, err, end)
}
