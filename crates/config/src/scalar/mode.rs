//! File modes: octal digits (`0755`, `0o644`) and chmod's symbols (`u=rwX,g=rX,o=`).
//!
//! Invariant: a mode is at most 0o7777.

use super::ScalarError;

const HELP: &str = "write \"0755\" in quotes, or 0o755";

/// Octal digits, with or without `0o`.
pub fn octal_mode(text: &str) -> Result<u32, ScalarError> {
    let digits = text.trim().trim_start_matches("0o");
    u32::from_str_radix(digits, 8)
        .ok()
        .filter(|mode| *mode <= 0o7777 && !digits.starts_with('+'))
        .ok_or_else(|| {
            let shown = crate::yaml::shorten(text);
            ScalarError::new(format!("\"{shown}\" is not a mode in octal")).help(HELP)
        })
}

/// Octal digits or chmod's symbols, applied to `from`, the mode of a directory.
pub fn symbolic_mode(text: &str, from: u32) -> Result<u32, ScalarError> {
    if text.trim().starts_with(|c: char| c.is_ascii_digit()) {
        return octal_mode(text);
    }
    let mut mode = from;
    for clause in text.split(',') {
        mode = apply(mode, clause.trim()).ok_or_else(|| {
            let shown = crate::yaml::shorten(clause);
            ScalarError::new(format!("\"{shown}\" is not a change of permissions"))
                .help("write \"u=rwX,g=rX,o=\" or \"0750\"")
                .range(super::range_of(text, clause))
        })?;
    }
    Ok(mode)
}

fn apply(mode: u32, clause: &str) -> Option<u32> {
    let at = clause.find(['=', '+', '-'])?;
    let (who, rest) = clause.split_at(at);
    let mut shifts = Vec::new();
    for c in who.chars() {
        match c {
            'u' => shifts.push(6),
            'g' => shifts.push(3),
            'o' => shifts.push(0),
            'a' => shifts.extend([6, 3, 0]),
            _ => return None,
        }
    }
    if shifts.is_empty() {
        shifts.extend([6, 3, 0]);
    }
    let mut bits = 0;
    let mut special = 0;
    for c in rest.chars().skip(1) {
        match c {
            'r' => bits |= 4,
            'w' => bits |= 2,
            // On a directory `X` is `x`.
            'x' | 'X' => bits |= 1,
            's' => {
                for shift in &shifts {
                    special |= if *shift == 6 { 0o4000 } else { 0o2000 };
                }
            }
            't' => special |= 0o1000,
            _ => return None,
        }
    }
    let spread = shifts.iter().fold(special, |all, shift| all | (bits << shift));
    let mask = shifts.iter().fold(0, |all, shift| all | (7 << shift));
    match rest.chars().next()? {
        '=' => Some((mode & !mask) | spread),
        '+' => Some(mode | spread),
        _ => Some(mode & !spread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses() {
        for (text, expected) in [
            ("0755", Some(0o755)),
            ("755", Some(0o755)),
            ("0o644", Some(0o644)),
            ("1777", Some(0o1777)),
            ("u=rwX,g=rX,o=", Some(0o750)),
            ("o-rx", Some(0o750)),
            ("a+w", Some(0o777)),
            ("+t", Some(0o1755)),
            ("g+s", Some(0o2755)),
            ("=rx", Some(0o555)),
            ("999", None),
            ("17777", None),
            ("u", None),
            ("z=r", None),
            ("u=q", None),
            ("", None),
        ] {
            assert_eq!(symbolic_mode(text, 0o755).ok(), expected, "{text}");
        }
    }
}
