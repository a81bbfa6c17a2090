//! Packages of rpm, as it keeps them in an `SQLite` database: the header of each.
//!
//! Invariant: a database is read as a whole or not at all, so that nobody takes a part for all of it.

use super::InstalledPackage;
use super::sqlite::{Cell, Sqlite, u32_at};

/// Tags of a header.
const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const VENDOR: u32 = 1011;
const LICENSE: u32 = 1014;
const URL: u32 = 1020;
const ARCH: u32 = 1022;

/// Types of what a tag has.
const INT32: u32 = 4;
const STRING: u32 = 6;
const I18N_STRING: u32 = 9;

/// Keys stand among packages.
const PUBLIC_KEY: &str = "gpg-pubkey";

pub(super) fn read(bytes: &[u8]) -> Option<Vec<InstalledPackage>> {
    let rows = Sqlite::new(bytes)?.table("Packages")?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(Cell::Bytes(header)) = row.get(1) else { return None };
        all.extend(Some(package(header)?).filter(|one| one.name != PUBLIC_KEY));
    }
    Some(all)
}

fn package(header: &[u8]) -> Option<InstalledPackage> {
    let header = Header::new(header)?;
    let text = |tag| header.text(tag);
    let mut version = format!("{}-{}", text(VERSION)?, text(RELEASE)?);
    if let Some(epoch) = header.number(EPOCH).filter(|epoch| *epoch > 0) {
        version = format!("{epoch}:{version}");
    }
    Some(InstalledPackage {
        name: text(NAME)?,
        version,
        arch: text(ARCH).unwrap_or_default(),
        kind: "rpm",
        license: text(LICENSE),
        supplier: text(VENDOR),
        homepage: text(URL),
    })
}

/// An index of tags, and what they have.
struct Header<'h> {
    index: &'h [u8],
    store: &'h [u8],
}

impl<'h> Header<'h> {
    fn new(bytes: &'h [u8]) -> Option<Self> {
        let number = |at| usize::try_from(u32_at(bytes, at)?).ok();
        let (count, size) = (number(0)?, number(4)?);
        let middle = count.checked_mul(16)?.checked_add(8)?;
        let index = bytes.get(8..middle)?;
        Some(Self { index, store: bytes.get(middle..middle.checked_add(size)?)? })
    }

    /// The type of what a tag has, and where that begins.
    fn find(&self, tag: u32) -> Option<(u32, &'h [u8])> {
        let entry = self.index.chunks_exact(16).find(|entry| u32_at(entry, 0) == Some(tag))?;
        let from = usize::try_from(u32_at(entry, 8)?).ok()?;
        Some((u32_at(entry, 4)?, self.store.get(from..)?))
    }

    fn text(&self, tag: u32) -> Option<String> {
        let (kind, bytes) = self.find(tag)?;
        let end = bytes.iter().position(|byte| *byte == 0)?;
        let is_text = [STRING, I18N_STRING].contains(&kind);
        is_text.then(|| String::from_utf8_lossy(&bytes[..end]).into_owned())
    }

    fn number(&self, tag: u32) -> Option<u32> {
        let (kind, bytes) = self.find(tag)?;
        (kind == INT32).then(|| u32_at(bytes, 0))?
    }
}
