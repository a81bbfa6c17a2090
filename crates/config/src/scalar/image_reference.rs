//! Image references: `[registry[:port]/]repository[:tag][@digest]`.
//!
//! Invariant: what is accepted is what an engine accepts; parts are kept as written, and nothing is completed here.

use std::fmt;

use super::{ScalarError, range_of};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    /// With a dot, a port, or `localhost`: only then is the first part a registry.
    pub registry: Option<String>,
    /// Without the registry.
    pub repository: String,
    pub tag: Option<String>,
    /// With its algorithm: `sha256:…`.
    pub digest: Option<String>,
}

impl ImageReference {
    /// The reference with a tag, unless it has one or a digest.
    #[must_use]
    pub fn with_default_tag(mut self, tag: &str) -> Self {
        if self.tag.is_none() && self.digest.is_none() {
            self.tag = Some(tag.to_owned());
        }
        self
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(registry) = &self.registry {
            write!(f, "{registry}/")?;
        }
        f.write_str(&self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

/// An engine's own limit of the name with its registry.
const MAX_NAME_BYTES: usize = 255;
/// A name, a tag of 128 and the longest digest.
const MAX_BYTES: usize = MAX_NAME_BYTES + 1 + 128 + 1 + 7 + 128;

pub fn image_reference(text: &str) -> Result<ImageReference, ScalarError> {
    if text.is_empty() {
        return Err(ScalarError::new("an image is missing").help("write \"debian:12\""));
    }
    if text.len() > MAX_BYTES {
        let message = format!("an image's name has at most {MAX_BYTES} bytes");
        return Err(ScalarError::new(message).help("write \"debian:12\""));
    }
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(check_digest(text, digest)?)),
        None => (text, None),
    };
    let path_start = name.rfind('/').map_or(0, |at| at + 1);
    let (name, tag) = match name[path_start..].find(':') {
        Some(at) => {
            let (name, tag) = (&name[..path_start + at], &name[path_start + at + 1..]);
            (name, Some(check_tag(text, tag)?))
        }
        None => (name, None),
    };
    if name.len() > MAX_NAME_BYTES {
        let message = format!("an image's name has at most {MAX_NAME_BYTES} bytes before its tag");
        return Err(ScalarError::new(message).range(range_of(text, name)));
    }
    let (registry, repository) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first.to_owned()), rest)
        }
        _ => (None, name),
    };
    if let Some(registry) = &registry {
        check_registry(text, &name[..registry.len()])?;
    }
    for part in repository.split('/') {
        check_component(text, part)?;
    }
    Ok(ImageReference { registry, repository: repository.to_owned(), tag, digest })
}

fn check_component(whole: &str, part: &str) -> Result<(), ScalarError> {
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut between = part.split(edge).filter(|between| !between.is_empty());
    let fits = part.chars().all(valid)
        && part.starts_with(edge)
        && part.ends_with(edge)
        && between.all(|it| matches!(it, "." | "_" | "__") || it.bytes().all(|b| b == b'-'));
    if fits {
        return Ok(());
    }
    let shown = crate::yaml::shorten(part);
    let (message, help) = if part.is_empty() {
        ("a part of the image's name is empty".to_owned(), "write \"registry/name:tag\"".to_owned())
    } else if part.chars().any(|c| c.is_ascii_uppercase()) {
        let message = format!("\"{shown}\" has capital letters, which an image's name cannot have");
        (message, format!("write \"{}\"", shown.to_lowercase()))
    } else {
        let message = format!("\"{shown}\" is not a part of an image's name");
        (message, "use a-z, 0-9, and . _ - between them".to_owned())
    };
    Err(ScalarError::new(message).help(help).range(range_of(whole, part)))
}

/// A host, or an IPv6 address in brackets, and maybe a port.
fn check_registry(whole: &str, registry: &str) -> Result<(), ScalarError> {
    let (host, port) = match registry.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        Some(_) | None => (registry, None),
    };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    let inside = |c: char| c.is_ascii_alphanumeric();
    let label = |label: &str| {
        label.starts_with(inside)
            && label.ends_with(inside)
            && label.chars().all(|c| inside(c) || c == '-')
    };
    let is_host = match host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.split('.').all(label),
    };
    if is_host && port.is_none_or(is_port) {
        return Ok(());
    }
    let message = format!("\"{}\" is not a registry", crate::yaml::shorten(registry));
    Err(ScalarError::new(message)
        .help("a registry is a host, and its port after `:` if it has one of its own")
        .range(range_of(whole, registry)))
}

fn check_tag(whole: &str, tag: &str) -> Result<String, ScalarError> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let fits = tag.starts_with(word) && tag.chars().all(|c| word(c) || ".-".contains(c));
    if fits && tag.len() <= 128 {
        return Ok(tag.to_owned());
    }
    let message = if tag.is_empty() {
        "the tag after `:` is missing".to_owned()
    } else {
        format!("\"{}\" is not a tag", crate::yaml::shorten(tag))
    };
    Err(ScalarError::new(message)
        .help("a tag is up to 128 of A-Z, a-z, 0-9, _ . - and starts with none of the last two")
        .range(range_of(whole, tag)))
}

fn check_digest(whole: &str, digest: &str) -> Result<String, ScalarError> {
    let fits = digest.split_once(':').is_some_and(|(algorithm, hex)| {
        let length = match algorithm {
            "sha256" => 64,
            "sha512" => 128,
            _ => return false,
        };
        hex.len() == length && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    });
    if fits {
        return Ok(digest.to_owned());
    }
    let message = format!("\"{}\" is not a digest", crate::yaml::shorten(digest));
    Err(ScalarError::new(message)
        .help("a digest is `sha256:` and 64 hex digits in lower case")
        .range(range_of(whole, digest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let pinned = format!("r.io/a@{digest}");
        let long = "a".repeat(256);
        for (text, expected) in [
            ("debian", Ok((None, "debian", None))),
            ("debian:12", Ok((None, "debian", Some("12")))),
            ("library/debian:12", Ok((None, "library/debian", Some("12")))),
            ("r.io/a/b:1.2", Ok((Some("r.io"), "a/b", Some("1.2")))),
            ("localhost:5000/app", Ok((Some("localhost:5000"), "app", None))),
            ("localhost/app:x", Ok((Some("localhost"), "app", Some("x")))),
            (pinned.as_str(), Ok((Some("r.io"), "a", None))),
            ("u/app__x", Ok((None, "u/app__x", None))),
            ("", Err(None)),
            ("Debian", Err(Some(0..6))),
            ("busybox:", Err(Some(8..8))),
            ("a//b", Err(Some(2..2))),
            (long.as_str(), Err(Some(0..256))),
            ("a:b c", Err(Some(2..5))),
            ("-a", Err(Some(0..2))),
            ("a@sha256:abcd", Err(Some(2..13))),
            ("r.io/", Err(Some(5..5))),
            ("[::1]:5000/a", Ok((Some("[::1]:5000"), "a", None))),
            ("R.io/a--b", Ok((Some("R.io"), "a--b", None))),
            ("http://r.io/a", Err(Some(0..5))),
            ("-r.io/a", Err(Some(0..5))),
            ("r.io:x/a", Err(Some(0..6))),
            ("x:1:2", Err(Some(2..5))),
            ("a..b", Err(Some(0..4))),
            ("a._b", Err(Some(0..4))),
            ("a___b", Err(Some(0..5))),
        ] {
            match (image_reference(text), expected) {
                (Ok(found), Ok((registry, repository, tag))) => {
                    assert_eq!(found.registry.as_deref(), registry, "{text}");
                    assert_eq!(found.repository, repository, "{text}");
                    assert_eq!(found.tag.as_deref(), tag, "{text}");
                    assert_eq!(found.to_string(), text);
                }
                (Err(error), Err(range)) => assert_eq!(error.range, range, "{text}"),
                (found, wanted) => panic!("{text}: {found:?}, wanted {wanted:?}"),
            }
        }
        let tagged = |text| image_reference(text).unwrap().with_default_tag("latest").to_string();
        assert_eq!(tagged("a"), "a:latest");
        assert_eq!(tagged("a:1"), "a:1");
        assert_eq!(tagged(&pinned), pinned);
    }
}
