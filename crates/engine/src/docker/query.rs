//! Percent-encoding of what goes into a request's path and query.
//!
//! Invariant: no value, whatever it holds, can end a path segment or begin another parameter.

use std::fmt::Write as _;

/// A query under construction; empty gives no question mark.
#[derive(Debug, Clone, Default)]
pub(crate) struct Query(String);

impl Query {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push(if self.0.is_empty() { '?' } else { '&' });
        self.0.push_str(name);
        self.0.push('=');
        encode_into(&mut self.0, value, b"");
        self
    }

    pub(crate) fn with_flag(self, name: &str, value: bool) -> Self {
        self.with(name, if value { "1" } else { "0" })
    }

    pub(crate) fn with_some(self, name: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// One segment of a path: a name or an id.
pub(crate) fn segment(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    encode_into(&mut out, name, b"");
    out
}

/// An image reference, whose slashes are part of the path.
pub(crate) fn reference(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    encode_into(&mut out, name, b"/:@");
    // A segment of dots would be resolved away before the engine's router sees it.
    out.replace("/../", "/%2E%2E/").replace("/./", "/%2E/")
}

fn encode_into(out: &mut String, value: &str, also: &[u8]) {
    for &byte in value.as_bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || also.contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").expect("invariant: a String takes every write");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding() {
        let table = [
            (segment("web-1"), "web-1"),
            (segment("a/b?c"), "a%2Fb%3Fc"),
            (segment("é"), "%C3%A9"),
            (reference("reg:5000/a/b@sha256:1"), "reg:5000/a/b@sha256:1"),
            (reference("a/../b"), "a/%2E%2E/b"),
            (Query::new().as_str().to_owned(), ""),
            (
                Query::new().with("a", "x&b=1").with_flag("f", true).as_str().to_owned(),
                "?a=x%26b%3D1&f=1",
            ),
            (
                Query::new().with_some("n", None).with_some("m", Some("1")).as_str().to_owned(),
                "?m=1",
            ),
        ];
        for (found, wanted) in table {
            assert_eq!(found, wanted);
        }
    }
}
