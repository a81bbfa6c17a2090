//! Modes and owners of what is in a file system.
//!
//! Invariant: a number without a leading zero is refused, because it is read as octal by some and as decimal by others.

use windlass_bundle::OwnerName;

use crate::read::{Item, Reader};
use crate::scalar::{ScalarError, group, octal_mode};
use crate::yaml::{Resolved, Style};

/// `0644`, `0o644`, `"0644"`, `"644"`.
pub(super) fn mode(reader: &Reader, item: &Item) -> Option<u32> {
    let item = reader.resolve(item)?;
    let scalar = item.node.as_scalar();
    let plain = scalar.filter(|scalar| matches!(scalar.style, Style::Plain | Style::Rendered));
    let Some(scalar) = plain.filter(|scalar| is_decimal(&scalar.text)) else {
        return reader.parse(&item, octal_mode);
    };
    if item.node.sensitive.is_some() || scalar.resolve() == Resolved::Null {
        return reader.parse(&item, octal_mode);
    }
    let message = format!("`{}` may be octal or decimal", scalar.text);
    let octal = octal_mode(&scalar.text).ok();
    let decimal = scalar.text.parse().ok().filter(|mode: &u32| *mode <= 0o7777);
    let help = match (octal, decimal) {
        (Some(octal), Some(decimal)) => {
            format!("write 0{octal:o}, or 0{decimal:o} if it is decimal")
        }
        (Some(mode), None) | (None, Some(mode)) => format!("write 0{mode:o}"),
        (None, None) => "write octal digits, such as 0644".to_owned(),
    };
    reader.report(reader.error(&item, "bad-value", message).help(help));
    None
}

fn is_decimal(text: &str) -> bool {
    !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit()) && !text.is_empty()
}

/// A name or a number.
pub(super) fn owner(reader: &Reader, item: &Item) -> Option<OwnerName> {
    let parse = |text: &str| {
        let wrong = |error: ScalarError| ScalarError {
            help: Some(match text.split_once(':') {
                Some((user, group)) => format!("write `owner: {user}` and `group: {group}`"),
                None => "write a name or a number".to_owned(),
            }),
            ..error
        };
        group(text).map(|name| OwnerName::from(name.as_str())).map_err(wrong)
    };
    reader.parse(item, parse)
}
