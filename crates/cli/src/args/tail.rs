//! `logs --tail`: how many lines.
//!
//! Invariant: a number of lines, or all of them; nothing else.

/// How many of the last lines; `all`, as Compose says it, is as if nothing was said.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tail(pub Option<u64>);

impl std::str::FromStr for Tail {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Self(None));
        }
        let lines = text.parse().map_err(|_| "write a number of lines, or all".to_owned())?;
        Ok(Self(Some(lines)))
    }
}
