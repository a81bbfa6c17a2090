//! Extended attributes, as tars have them.
//!
//! Invariant: what can't be read is known not to be known, so that nothing is written as if there were none.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};

use serde::{Deserialize, Serialize};
use tar::{Builder, Entry};

/// How a tar calls one, before its name.
const PREFIX: &str = "SCHILY.xattr.";

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extended {
    known: BTreeMap<String, Vec<u8>>,
    /// There is one with a line end in it, which the reader of tars takes for an end.
    has_unreadable: bool,
}

impl Extended {
    pub(super) fn of(entry: &mut Entry<'_, impl Read>) -> io::Result<Self> {
        let mut found = Self::default();
        for one in entry.pax_extensions()?.into_iter().flatten() {
            let Ok(one) = one else {
                found.has_unreadable = true;
                continue;
            };
            let name = one.key().ok().and_then(|key| key.strip_prefix(PREFIX));
            found.known.extend(name.map(|name| (name.to_owned(), one.value_bytes().to_vec())));
        }
        Ok(found)
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// All of them, or why they can't be had.
    pub(super) fn all(&self) -> Result<BTreeMap<String, Vec<u8>>, &'static str> {
        let why = "it has an extended attribute with a line end in it, which would be lost";
        if self.has_unreadable { Err(why) } else { Ok(self.known.clone()) }
    }
}

/// Writes what comes before the entry that has them.
pub(super) fn write(
    tar: &mut Builder<impl Write>,
    all: &BTreeMap<String, Vec<u8>>,
) -> io::Result<()> {
    let named: Vec<_> =
        all.iter().map(|(name, value)| (format!("{PREFIX}{name}"), value)).collect();
    tar.append_pax_extensions(named.iter().map(|(name, value)| (&**name, value.as_slice())))
}
