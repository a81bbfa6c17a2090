//! Archives of zip: read by their directory, which is at the end.
//!
//! Invariant: every number of it is checked against the file before it is believed, and contents against their checksum.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use crate::entries::{Entries, refused};
use crate::{MAX_BYTES, MAX_ENTRIES};

/// How the end of the directory begins, an entry of it, and what is before an entry's contents.
const END: &[u8] = b"PK\x05\x06";
const ENTRY: &[u8] = b"PK\x01\x02";
const LOCAL: &[u8] = b"PK\x03\x04";
/// Of the end, without the comment behind it, which has at most `u16::MAX` bytes.
const END_BYTES: u64 = 22;
const MAX_DIRECTORY_BYTES: u64 = 256 << 20;

/// An entry of the directory.
struct Member {
    name: Vec<u8>,
    method: u16,
    flags: u16,
    checksum: u32,
    packed: u64,
    size: u64,
    /// Of Unix; 0 where it was made elsewhere.
    mode: u32,
    offset: u64,
}

pub(crate) fn extract(mut file: File, entries: &mut Entries<'_>) -> io::Result<()> {
    for member in members(&mut file)? {
        let name = &member.name;
        let is_directory = name.ends_with(b"/");
        match member.mode & 0o170_000 {
            0o040_000 => entries.directory(name)?,
            0 | 0o100_000 if is_directory => entries.directory(name)?,
            0 | 0o100_000 => {
                let executable = member.mode & 0o100 != 0;
                let mut contents = contents(&mut file, &member)?;
                entries.file(name, executable, &mut contents)?;
                contents.check()?;
            }
            0o120_000 => {
                let mut to = Vec::new();
                contents(&mut file, &member)?.take(4096).read_to_end(&mut to)?;
                entries.link(name, &to)?;
            }
            _ => return Err(refused(name, "it is a device or a FIFO")),
        }
    }
    Ok(())
}

fn members(file: &mut File) -> io::Result<Vec<Member>> {
    let length = file.metadata()?.len();
    let tail = length.min(END_BYTES + u64::from(u16::MAX));
    let bytes = read_at(file, length - tail, tail)?;
    let is_end = |at: &usize| bytes[*at..].starts_with(END) && bytes.len() - at >= 22;
    let end = (0..bytes.len()).rev().find(is_end).ok_or_else(damaged)?;
    let end = &bytes[end..];
    let (count, size, offset) = (u16_at(end, 10)?, u32_at(end, 12)?, u32_at(end, 16)?);
    if count == u16::MAX || offset == u32::MAX {
        return Err(io::Error::other("it is a large archive of zip (zip64), which is not known"));
    }
    if u64::from(size) > MAX_DIRECTORY_BYTES || usize::from(count) > MAX_ENTRIES {
        return Err(damaged());
    }
    let bytes = read_at(file, offset.into(), size.into())?;
    let mut rest = &*bytes;
    let mut members = Vec::with_capacity(count.into());
    for _ in 0..count {
        if !rest.starts_with(ENTRY) {
            return Err(damaged());
        }
        let lengths = [u16_at(rest, 28)?, u16_at(rest, 30)?, u16_at(rest, 32)?].map(usize::from);
        let name = rest.get(46..46 + lengths[0]).ok_or_else(damaged)?.to_vec();
        let is_unix = u16_at(rest, 4)? >> 8 == 3;
        members.push(Member {
            name,
            flags: u16_at(rest, 8)?,
            method: u16_at(rest, 10)?,
            checksum: u32_at(rest, 16)?,
            packed: u32_at(rest, 20)?.into(),
            size: u32_at(rest, 24)?.into(),
            mode: if is_unix { u32_at(rest, 38)? >> 16 } else { 0 },
            offset: u32_at(rest, 42)?.into(),
        });
        rest = rest.get(46 + lengths.iter().sum::<usize>()..).ok_or_else(damaged)?;
    }
    Ok(members)
}

/// What is in a file of an archive.
struct Contents<'f> {
    from: Box<dyn Read + 'f>,
    sum: Crc,
    checksum: u32,
    size: u64,
}

fn contents<'f>(file: &'f mut File, member: &Member) -> io::Result<Contents<'f>> {
    if member.flags & 1 != 0 {
        return Err(refused(&member.name, "it is encrypted"));
    }
    let head = read_at(file, member.offset, 30)?;
    if !head.starts_with(LOCAL) {
        return Err(damaged());
    }
    let skipped = u64::from(u16_at(&head, 26)?) + u64::from(u16_at(&head, 28)?);
    file.seek(SeekFrom::Start(member.offset + 30 + skipped))?;
    let packed = file.take(member.packed);
    let from: Box<dyn Read + 'f> = match member.method {
        0 => Box::new(packed),
        8 => Box::new(DeflateDecoder::new(packed)),
        _ => return Err(refused(&member.name, "how it is packed is not known")),
    };
    let (sum, checksum, size) = (Crc::new(), member.checksum, member.size.min(MAX_BYTES));
    Ok(Contents { from, sum, checksum, size })
}

impl Contents<'_> {
    /// That it was what it should be.
    fn check(self) -> io::Result<()> {
        let is_whole = u64::from(self.sum.amount()) == self.size & u64::from(u32::MAX);
        if is_whole && self.sum.sum() == self.checksum { Ok(()) } else { Err(damaged()) }
    }
}

impl Read for Contents<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.from.read(into)?;
        self.sum.update(&into[..length]);
        if u64::from(self.sum.amount()) > self.size {
            return Err(damaged());
        }
        Ok(length)
    }
}

fn read_at(file: &mut File, offset: u64, length: u64) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    if bytes.len() as u64 == length { Ok(bytes) } else { Err(damaged()) }
}

fn u16_at(bytes: &[u8], at: usize) -> io::Result<u16> {
    let found = bytes.get(at..at + 2).and_then(|two| two.try_into().ok());
    found.map(u16::from_le_bytes).ok_or_else(damaged)
}

fn u32_at(bytes: &[u8], at: usize) -> io::Result<u32> {
    let found = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    found.map(u32::from_le_bytes).ok_or_else(damaged)
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the archive is damaged")
}
