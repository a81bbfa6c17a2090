//! Sizes: `512m`, `1.5GiB`, `64kb`; a bare number is bytes. Units are powers of 1024, as Docker has them.
//!
//! Invariant: the result is exact bytes; a fraction of a byte is cut off.

use super::ScalarError;

const HELP: &str = "write bytes, or a number with b, k, m, g or t: \"512m\", \"1.5GiB\"";

pub fn size(text: &str) -> Result<u64, ScalarError> {
    let trimmed = text.trim();
    let length = trimmed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(length);
    let refuse = |message: String| ScalarError::new(message).help(HELP);
    if number.is_empty() {
        return Err(refuse(format!("\"{}\" is not a size", crate::yaml::shorten(trimmed))));
    }
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        "t" | "tb" | "tib" => 40,
        _ => {
            let message = format!("unknown unit \"{}\" in a size", crate::yaml::shorten(unit));
            return Err(refuse(message).range(super::range_of(text, unit)));
        }
    };
    let too_large = || refuse(format!("the size \"{trimmed}\" is too large"));
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(1 << shift).ok_or_else(too_large);
    }
    let value: f64 = number.parse().map_err(|_| refuse(format!("\"{number}\" is not a number")))?;
    let bytes = value * f64::from(1_u32 << 20).powi(shift / 20) * f64::from(1_u32 << (shift % 20));
    if bytes >= 9e18 {
        return Err(too_large());
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the text has no sign and the bound was checked"
    )]
    Ok(bytes as u64)
}

/// As [`size`], or -1 for unlimited.
pub fn memory_swap(text: &str) -> Result<i64, ScalarError> {
    if text.trim() == "-1" {
        return Ok(-1);
    }
    let bytes = size(text)?;
    i64::try_from(bytes).map_err(|_| ScalarError::new("the size is too large").help(HELP))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        for (text, expected) in [
            ("0", Some(0)),
            ("1024", Some(1024)),
            ("512m", Some(512 << 20)),
            ("64kb", Some(64 << 10)),
            ("1.5GiB", Some(3 << 29)),
            ("1.5k", Some(1536)),
            ("2 g", Some(2 << 30)),
            ("1T", Some(1 << 40)),
            ("10b", Some(10)),
            ("", None),
            ("m", None),
            ("1x", None),
            ("-1", None),
            ("1.2.3m", None),
            ("99999999999t", None),
            ("999999999.5t", None),
        ] {
            assert_eq!(size(text).ok(), expected, "{text}");
        }
        assert_eq!(memory_swap("-1"), Ok(-1));
        assert_eq!(memory_swap("1k"), Ok(1024));
    }
}
