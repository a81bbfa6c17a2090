//! Where something is had from.
//!
//! Invariant: a password in it is in no excerpt, whatever is wrong with the file.

use crate::read::{Item, Reader};

/// A text that may be a URL.
pub(super) fn url(reader: &Reader, item: &Item) -> Option<String> {
    let text = reader.string(item)?;
    if has_password(&text) {
        reader.hide(item.span());
    }
    Some(text)
}

/// Whether a user's name before an `@` is followed by more.
fn has_password(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    rest.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'))
}
