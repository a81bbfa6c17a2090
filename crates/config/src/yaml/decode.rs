//! Bytes to text: UTF-8, with or without a byte order mark.
//!
//! Invariant: no text longer than the limit, in another encoding or with a NUL ever reaches the parser.

use super::MAX_BYTES;

/// Why bytes are not a text that can be read. `at` is a byte offset into `text`, which is what could be shown of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    pub code: &'static str,
    pub message: String,
    pub help: &'static str,
    pub text: String,
    pub at: usize,
}

/// Decodes a file's bytes; a UTF-8 byte order mark is dropped.
pub fn decode(bytes: Vec<u8>) -> Result<String, DecodeError> {
    if bytes.len() > MAX_BYTES {
        let message = format!(
            "the file has {} MiB, more than the limit of {} MiB",
            bytes.len() >> 20,
            MAX_BYTES >> 20
        );
        let help = "split it and name the parts under `include`";
        return Err(failure("file-too-large", message, help, String::new(), 0));
    }
    if looks_like_utf16(&bytes) {
        let message = "the file is UTF-16 text".to_owned();
        return Err(failure("encoding", message, "save it as UTF-8", String::new(), 0));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let byte = error.as_bytes().get(at).copied().unwrap_or(0);
        let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
        let message = format!("the byte 0x{byte:02X} is not valid UTF-8 here");
        failure("encoding", message, "save the file as UTF-8", text, at)
    })?;
    let text = match text.strip_prefix('\u{feff}') {
        Some(rest) => rest.to_owned(),
        None => text,
    };
    if let Some(at) = text.find('\0') {
        let message = "the file has a NUL byte, so it is not text".to_owned();
        return Err(failure("encoding", message, "name a YAML file in UTF-8", text, at));
    }
    Ok(text)
}

fn failure(
    code: &'static str,
    message: String,
    help: &'static str,
    text: String,
    at: usize,
) -> DecodeError {
    DecodeError { code, message, help, text, at }
}

/// With a byte order mark, or with every other byte zero at the start.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    match bytes {
        [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..] => true,
        [a, b, c, d, ..] => {
            (*a == 0 && *b != 0 && *c == 0 && *d != 0) || (*a != 0 && *b == 0 && *c != 0 && *d == 0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_or_says_why_not() {
        for (bytes, expected) in [
            (&b"a: 1"[..], Ok("a: 1")),
            (b"\xEF\xBB\xBFa: 1", Ok("a: 1")),
            (b"", Ok("")),
            (b"\xFF\xFEa\0", Err(("UTF-16", 0))),
            (b"a\0:\0", Err(("UTF-16", 0))),
            (b"ab: \xE9t\xE9", Err(("0xE9", 4))),
            (b"ab\0", Err(("NUL", 2))),
        ] {
            match (decode(bytes.to_vec()), expected) {
                (Ok(text), Ok(wanted)) => assert_eq!(text, wanted),
                (Err(error), Err((part, at))) => {
                    assert!(error.message.contains(part), "{}", error.message);
                    assert_eq!(error.at, at);
                }
                (found, wanted) => panic!("{bytes:?}: {found:?}, wanted {wanted:?}"),
            }
        }
        let large = decode(vec![b' '; MAX_BYTES + 1]).unwrap_err();
        assert_eq!(large.code, "file-too-large");
    }
}
