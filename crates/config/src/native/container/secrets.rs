//! A container's secrets as files, and modes of files.
//!
//! Invariant: a mode is octal, or it is refused; decimal digits are never taken for one.

use windlass_model::secret::SecretMount;

use super::super::set;
use super::super::shorthand::{Shape, shapes};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::octal_mode;
use crate::yaml::Resolved;

struct NamedSecret {
    secret: Option<String>,
    target: Option<String>,
    owner: (u32, u32),
    mode: u32,
}

const SECRET: &[Field<NamedSecret>] = &[
    Field { name: "secret", read: |s, r, i| s.secret = r.string(i) },
    Field { name: "source", read: |s, r, i| s.secret = r.string(i) },
    Field { name: "target", read: |s, r, i| s.target = r.string(i) },
    Field { name: "uid", read: |s, r, i| set(&mut s.owner.0, r.integer(i, "a user's number")) },
    Field { name: "gid", read: |s, r, i| set(&mut s.owner.1, r.integer(i, "a group's number")) },
    Field { name: "mode", read: |s, r, i| set(&mut s.mode, mode(r, i)) },
];

/// A mode: a number in octal (`0o400`), or its digits in quotes.
pub(in super::super) fn mode(reader: &Reader, item: &Item) -> Option<u32> {
    let item = reader.resolve(item)?;
    match item.node.as_scalar().map(crate::yaml::Scalar::resolve) {
        Some(Resolved::String(_)) => reader.parse(&item, octal_mode),
        Some(Resolved::Integer(value)) => {
            let written = item.node.as_scalar().map_or("", |scalar| &*scalar.text);
            if written.starts_with("0o") || value == 0 {
                return u32::try_from(value).ok().filter(|mode| *mode <= 0o7777);
            }
            let message = format!("`{value}` is decimal, and a mode is octal");
            let found = reader.error(&item, "bad-value", message);
            reader.report(
                found
                    .help(format!("write 0o{value} or \"0{value}\""))
                    .patch(item.span(), format!("0o{value}")),
            );
            None
        }
        Some(Resolved::LeadingZero(text)) => {
            reader.report(reader.leading_zero(&item, text));
            None
        }
        _ => {
            reader.expected(&item, "a mode such as 0o644", None);
            None
        }
    }
}

/// Names, `{name: target}`, or `{secret, target, uid, gid, mode}`.
pub(super) fn secrets(reader: &Reader, item: &Item) -> Vec<Spanned<SecretMount>> {
    let mut all = Vec::new();
    for shape in shapes(reader, item, &["secret", "source"], true) {
        let mut named = NamedSecret { secret: None, target: None, owner: (0, 0), mode: 0o400 };
        let span = match &shape {
            Shape::Positions(parts) => {
                let Some((first, rest)) = parts.split_first() else { continue };
                named.secret = reader.string(first);
                match rest.first() {
                    Some(more) if more.node.as_mapping().is_some() => {
                        reader.fields(more, &mut named, &[SECRET]);
                    }
                    Some(more) => named.target = reader.string(more),
                    None => {}
                }
                first.span()
            }
            Shape::Named(item) => {
                reader.fields(item, &mut named, &[SECRET]);
                item.span()
            }
        };
        let Some(secret) = named.secret else { continue };
        let target = named.target.unwrap_or_else(|| secret.clone());
        if target.split('/').any(|part| part == "..") {
            let message =
                format!("the target \"{}\" goes up with `..`", crate::yaml::shorten(&target));
            reader.report(
                reader.error(item, "bad-value", message).help("write a name, or an absolute path"),
            );
            continue;
        }
        let target = crate::read::clean(&std::path::Path::new("/run/secrets").join(target));
        let (uid, gid) = named.owner;
        let mount = SecretMount { secret, target, uid, gid, mode: named.mode };
        all.push(Spanned::new(mount, span));
    }
    all
}
