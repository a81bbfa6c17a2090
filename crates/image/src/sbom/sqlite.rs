//! Tables of an `SQLite` database that is in memory, as far as one has to be read to the end: no index, no journal.
//! Its format is that of <https://www.sqlite.org/fileformat.html>.
//!
//! Invariant: it is outside bytes: what leads out of it, or in circles, is an error and never a panic.

/// A database.
pub(super) struct Sqlite<'d> {
    bytes: &'d [u8],
    page_bytes: usize,
    /// Of a page, without what others keep at its end.
    usable: usize,
}

/// A value of a row, as far as it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cell {
    Number(u64),
    Bytes(Vec<u8>),
    Other,
}

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the first page begins to be like the others.
const FIRST: usize = 100;
const LEAF: u8 = 0x0d;
const INNER: u8 = 0x05;
/// A table of more rows has at most so many levels.
const DEPTH_MAX: usize = 20;

impl<'d> Sqlite<'d> {
    pub(super) fn new(bytes: &'d [u8]) -> Option<Self> {
        let found = bytes.starts_with(MAGIC) && bytes.len() > FIRST;
        let page_bytes = match u16_at(bytes, 16)? {
            1 => 65_536,
            size => usize::from(size),
        };
        let usable = page_bytes.checked_sub(usize::from(*bytes.get(20)?))?;
        (found && usable >= 480).then_some(Self { bytes, page_bytes, usable })
    }

    /// The rows of a table; `None` if there is none, or not all of it can be read.
    pub(super) fn table(&self, name: &str) -> Option<Vec<Vec<Cell>>> {
        let is_it = |row: &Vec<Cell>| {
            let text = |at: usize, word: &str| matches!(row.get(at), Some(Cell::Bytes(bytes)) if bytes == word.as_bytes());
            text(0, "table") && text(1, name)
        };
        let schema = self.rows(1)?;
        let row = schema.iter().find(|row| is_it(row))?;
        let Some(Cell::Number(root)) = row.get(3) else { return None };
        self.rows(usize::try_from(*root).ok()?)
    }

    fn rows(&self, root: usize) -> Option<Vec<Vec<Cell>>> {
        let mut rows = Vec::new();
        // No page is in a table twice.
        let mut left = self.bytes.len() / self.page_bytes;
        self.walk(root, DEPTH_MAX, &mut left, &mut rows)?;
        Some(rows)
    }

    fn page(&self, number: usize) -> Option<&'d [u8]> {
        let begin = number.checked_sub(1)?.checked_mul(self.page_bytes)?;
        self.bytes.get(begin..begin.checked_add(self.page_bytes)?)
    }

    fn walk(
        &self,
        number: usize,
        depth: usize,
        left: &mut usize,
        rows: &mut Vec<Vec<Cell>>,
    ) -> Option<()> {
        *left = left.checked_sub(1)?;
        let page = self.page(number)?;
        let at = if number == 1 { FIRST } else { 0 };
        let kind = *page.get(at)?;
        let count = usize::from(u16_at(page, at + 3)?);
        let head = if kind == INNER { 12 } else { 8 };
        for index in 0..count {
            let cell = usize::from(u16_at(page, at + head + 2 * index)?);
            match kind {
                LEAF => rows.push(self.row(page, cell)?),
                INNER => self.child(page, cell, depth, left, rows)?,
                _ => return None,
            }
        }
        if kind == INNER { self.child(page, at + 8, depth, left, rows) } else { Some(()) }
    }

    /// What is below a page, by a number in it.
    fn child(
        &self,
        page: &[u8],
        at: usize,
        depth: usize,
        left: &mut usize,
        rows: &mut Vec<Vec<Cell>>,
    ) -> Option<()> {
        let number = usize::try_from(u32_at(page, at)?).ok()?;
        self.walk(number, depth.checked_sub(1)?, left, rows)
    }

    fn row(&self, page: &[u8], mut at: usize) -> Option<Vec<Cell>> {
        let size = usize::try_from(varint(page, &mut at)?).ok()?;
        varint(page, &mut at)?;
        let here = self.local(size)?;
        let mut payload = page.get(at..at.checked_add(here)?)?.to_vec();
        let mut next = if here < size { u32_at(page, at + here)? } else { 0 };
        while payload.len() < size {
            let more = self.page(usize::try_from(next).ok()?)?;
            next = u32_at(more, 0)?;
            let rest = (size - payload.len()).min(self.usable - 4);
            payload.extend(more.get(4..4 + rest)?);
        }
        cells(&payload)
    }

    /// How much of a row is in its own page.
    fn local(&self, size: usize) -> Option<usize> {
        if size > self.bytes.len() {
            return None;
        }
        let (most, least) = (self.usable - 35, (self.usable - 12) * 32 / 255 - 23);
        if size <= most {
            return Some(size);
        }
        let here = least + (size - least) % (self.usable - 4);
        Some(if here <= most { here } else { least })
    }
}

fn cells(payload: &[u8]) -> Option<Vec<Cell>> {
    let mut at = 0;
    let mut body = usize::try_from(varint(payload, &mut at)?).ok()?;
    let head = body;
    let mut cells = Vec::new();
    while at < head {
        let kind = varint(payload, &mut at)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        let bytes = payload.get(body..body.checked_add(length)?)?;
        body += length;
        cells.push(match kind {
            8 | 9 => Cell::Number(kind - 8),
            1..=6 => Cell::Number(bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte))),
            0 | 7 => Cell::Other,
            _ => Cell::Bytes(bytes.to_vec()),
        });
    }
    Some(cells)
}

/// Seven bits of each byte, eight of the ninth.
fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut value = 0_u64;
    for count in 0..9 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if count == 8 {
            return Some(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let found = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(found.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let found = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(found.try_into().ok()?))
}
