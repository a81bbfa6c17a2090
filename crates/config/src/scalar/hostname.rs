//! Names of hosts and domains.
//!
//! Invariant: an engine takes any text and fails when the container starts, or the name never resolves; so what no
//! kernel and no resolver takes is refused here.

use super::ScalarError;

/// The kernel takes 64 bytes with the one at the end.
const LONGEST: usize = 63;
const LONGEST_DOMAIN: usize = 253;

pub fn hostname(text: &str) -> Result<String, ScalarError> {
    labels(text, "hostname", LONGEST)
}

pub fn domain_name(text: &str) -> Result<String, ScalarError> {
    labels(text, "domain name", LONGEST_DOMAIN)
}

/// A word of the `options` of resolv.conf.
pub fn dns_option(text: &str) -> Result<String, ScalarError> {
    if text.is_empty() || text.contains(char::is_whitespace) {
        let message = format!("\"{}\" is not an option of resolv.conf", crate::yaml::shorten(text));
        return Err(ScalarError::new(message).help("write one word, such as ndots:2"));
    }
    Ok(text.to_owned())
}

fn labels(text: &str, what: &str, longest: usize) -> Result<String, ScalarError> {
    const HELP: &str = "use letters, digits, - and _, in parts of at most 63 with dots between";
    let shown = crate::yaml::shorten(text);
    if text.len() > longest {
        let message = format!("a {what} has at most {longest} characters, not {}", text.len());
        return Err(ScalarError::new(message).help("write a shorter one"));
    }
    for label in text.split('.') {
        let range = super::range_of(text, label);
        let bad =
            label.char_indices().find(|(_, c)| !(c.is_ascii_alphanumeric() || "-_".contains(*c)));
        if let Some((at, c)) = bad {
            let message =
                format!("\"{shown}\" is not a {what}, because of `{}`", c.escape_default());
            let start = range.start + at;
            return Err(ScalarError::new(message).help(HELP).range(start..start + c.len_utf8()));
        }
        if label.is_empty()
            || label.len() > LONGEST
            || label.starts_with('-')
            || label.ends_with('-')
        {
            let message = format!("\"{shown}\" is not a {what}");
            let help = "each part between dots has 1 to 63 characters, and no - at its ends";
            return Err(ScalarError::new(message).help(help).range(range));
        }
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostnames() {
        let long = "a".repeat(64);
        for (text, expected) in [
            ("web", Ok(())),
            ("web-1.a_b", Ok(())),
            ("WEB", Ok(())),
            (long.as_str(), Err(None)),
            ("a b", Err(Some(1..2))),
            ("-a", Err(Some(0..2))),
            ("a.b-", Err(Some(2..4))),
            ("a..b", Err(Some(2..2))),
            ("x.é", Err(Some(2..4))),
            ("", Err(Some(0..0))),
        ] {
            assert_eq!(hostname(text).map(|_| ()).map_err(|e| e.range), expected, "{text}");
        }
        let domain = format!("{}.{}.com", "a".repeat(60), "b".repeat(60));
        assert!(domain_name(&domain).is_ok());
        assert!(domain_name(&format!("{long}.com")).is_err());
    }
}
