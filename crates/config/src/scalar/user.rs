//! Owners in numbers (`1000`, `1000:1001`), and the users of processes, which may also be names.
//!
//! Invariant: a number fits the kernel's; where only numbers will do, names are refused, because what they mean is
//! known only inside an image.

use super::ScalarError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NumericOwner {
    pub uid: u32,
    /// The user's number where none is given.
    pub gid: u32,
}

pub fn numeric_owner(text: &str) -> Result<NumericOwner, ScalarError> {
    let (user, group) = text.split_once(':').unwrap_or((text, text));
    let number = |part: &str| match part.trim() {
        "root" => Ok(0),
        part => part.parse().map_err(|_| {
            let shown = crate::yaml::shorten(part);
            ScalarError::new(format!("\"{shown}\" is not a number"))
                .help("write \"1000:1000\"; what a name means is known only inside an image")
                .range(super::range_of(text, part))
        }),
    };
    Ok(NumericOwner { uid: number(user)?, gid: number(group)? })
}

/// The largest number of a user or a group: engines count with a sign.
const LARGEST: u64 = 2_147_483_647;

/// `name`, `1000`, `name:group`, `1000:1000`: what a process runs as.
pub fn user(text: &str) -> Result<String, ScalarError> {
    let refuse = |message: String, part: &str| {
        ScalarError::new(message)
            .help("write \"name\", 1000 or \"1000:1000\"")
            .range(super::range_of(text, part))
    };
    let mut parts = text.split(':');
    for part in parts.by_ref().take(2) {
        account(part).map_err(|message| refuse(message, part))?;
    }
    match parts.next() {
        None => Ok(text.to_owned()),
        Some(_) => Err(refuse(format!("\"{}\" is not a user", crate::yaml::shorten(text)), text)),
    }
}

/// One user or one group.
pub fn group(text: &str) -> Result<String, ScalarError> {
    let refuse = |message| ScalarError::new(message).help("write a group's name or its number");
    account(text).map(|()| text.to_owned()).map_err(refuse)
}

fn account(text: &str) -> Result<(), String> {
    let shown = crate::yaml::shorten(text);
    let is_number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    if is_number && text.parse::<u64>().map_or(true, |number| number > LARGEST) {
        return Err(format!("the number {shown} is over {LARGEST}"));
    }
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == ':' || c == '/';
    if text.is_empty() || text.starts_with(['-', '+']) || text.contains(bad) {
        return Err(format!("\"{shown}\" is not a user or a group"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        for (text, expected) in [
            ("1000", Some((1000, 1000))),
            ("1000:1001", Some((1000, 1001))),
            ("root:5", Some((0, 5))),
            ("www-data", None),
            ("1000:", None),
            ("-1", None),
            ("", None),
        ] {
            let found = numeric_owner(text).ok().map(|owner| (owner.uid, owner.gid));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn users() {
        for (text, expected) in [
            ("www-data", Ok(())),
            ("1000", Ok(())),
            ("1000:adm", Ok(())),
            ("2147483647", Ok(())),
            ("2147483648", Err(Some(0..10))),
            ("-1", Err(Some(0..2))),
            ("1000:-1", Err(Some(5..7))),
            ("a b", Err(Some(0..3))),
            ("a:", Err(Some(2..2))),
            (":a", Err(Some(0..0))),
            ("a:b:c", Err(Some(0..5))),
            ("", Err(Some(0..0))),
        ] {
            assert_eq!(user(text).map(|_| ()).map_err(|error| error.range), expected, "{text}");
        }
        assert!(group("audio").is_ok());
        assert!(group("a:b").is_err());
    }
}
