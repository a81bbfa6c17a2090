//! Owners in numbers: `1000`, `1000:1001`.
//!
//! Invariant: names are refused, because what they mean is known only inside an image.

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
}
