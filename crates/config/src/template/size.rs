//! How much one load's templates may make.
//!
//! Invariant: every result of a template is weighed before anything else walks it, and all of them together are bounded:
//! variables that contain one another twice would otherwise double at every step.

use std::cell::Cell;
use std::io;

use minijinja::Value;
use minijinja::value::ValueKind;

/// The largest text that one template may give, in bytes.
pub(super) const MAX_TEXT: usize = 1 << 20;
/// The most parts that one value may have.
const MAX_PARTS: usize = 100_000;
/// What all results of a load may weigh together: a part counts 32, a text its bytes.
pub(super) const MAX_TOTAL: usize = 64 << 20;

/// The most values of mappings that one template may ask for, with all that it uses.
pub(super) const MAX_LOOKUPS: usize = 20_000;
pub(super) const TOO_LARGE: &str =
    "a template gives more than fits: 1 MiB or 100000 values each, 64 MiB in all";

/// The weight of a value in bytes; `None`: it is too large to be used. What the document itself holds is weighed when it
/// is evaluated.
pub(super) fn weigh(value: &Value) -> Option<usize> {
    let (mut parts, mut bytes) = (0, 0);
    let mut left: Vec<Value> = vec![value.clone()];
    while let Some(value) = left.pop() {
        parts += 1;
        bytes += 32;
        if let Some(text) = value.as_str() {
            bytes += text.len();
        }
        if matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable) {
            for item in value.try_iter().ok()? {
                left.push(item);
                if parts + left.len() > MAX_PARTS {
                    return None;
                }
            }
        }
        if bytes > MAX_TEXT + MAX_PARTS * 32 {
            return None;
        }
    }
    (bytes <= MAX_TEXT || parts > 1).then_some(bytes)
}

/// A text that refuses to grow beyond the limit.
#[derive(Default)]
pub(super) struct Text {
    pub(super) bytes: Vec<u8>,
    pub(super) is_full: Cell<bool>,
}

impl io::Write for Text {
    fn write(&mut self, more: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + more.len() > MAX_TEXT {
            self.is_full.set(true);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(more);
        Ok(more.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
