//! Inputs that are nearly those of the corpus.
//!
//! Invariant: a mutation is a function of the numbers and the seeds alone.

use windlass_testkit::Rng;

/// No longer than this.
const LIMIT: usize = 4096;
/// What parsers trip over.
const WORDS: [&[u8]; 14] = [
    b"9223372036854775807",
    b"-9223372036854775808",
    b"18446744073709551616",
    b"0",
    b"\xff\xff\xff\xff",
    b"\xe2\x80\xae",
    b"\x1b[",
    b"{{",
    b"}}",
    b"${A:-",
    b"[[",
    b"**/",
    b"\r\n",
    b"\0",
];

/// One seed after one to four changes.
pub(crate) fn mutate(rng: &mut Rng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = rng.pick(seeds).clone();
    for _ in 0..=rng.below(4) {
        match rng.below(6) {
            0 => flip(rng, &mut bytes),
            1 => {
                let (start, end) = range(rng, bytes.len());
                bytes.drain(start..end);
            }
            2 => repeat(rng, &mut bytes),
            3 => {
                let other = rng.pick(seeds);
                let (start, end) = range(rng, other.len());
                insert(rng, &mut bytes, &other[start..end]);
            }
            4 => {
                let word = *rng.pick(&WORDS);
                insert(rng, &mut bytes, word);
            }
            _ => {
                let (start, end) = range(rng, bytes.len());
                let word = *rng.pick(&WORDS);
                bytes.splice(start..end, word.iter().copied());
            }
        }
        bytes.truncate(LIMIT);
    }
    bytes
}

fn flip(rng: &mut Rng, bytes: &mut [u8]) {
    if !bytes.is_empty() {
        let at = below(rng, bytes.len());
        bytes[at] ^= 1 << below(rng, 8);
    }
}

fn repeat(rng: &mut Rng, bytes: &mut Vec<u8>) {
    let (start, end) = range(rng, bytes.len());
    let times = if rng.one_in(8) { 400 } else { 1 + below(rng, 8) };
    let piece: Vec<u8> = bytes[start..end].repeat(times).into_iter().take(LIMIT).collect();
    bytes.splice(end..end, piece);
}

fn insert(rng: &mut Rng, bytes: &mut Vec<u8>, piece: &[u8]) {
    let at = below(rng, bytes.len() + 1);
    bytes.splice(at..at, piece.iter().copied());
}

/// A part of so many bytes, mostly a short one.
fn range(rng: &mut Rng, length: usize) -> (usize, usize) {
    let start = below(rng, length + 1);
    let longest = if rng.one_in(3) { length - start } else { (length - start).min(8) };
    (start, start + below(rng, longest + 1))
}

fn below(rng: &mut Rng, end: usize) -> usize {
    let end = u64::try_from(end).expect("invariant: a length fits");
    usize::try_from(rng.below(end)).expect("invariant: below a length")
}
