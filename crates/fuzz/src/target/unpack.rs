//! A tar that a container gives, to files of this machine.
//!
//! Invariant: nothing changes but below the target, what comes out there leads nowhere else, and it has no more bytes than the tar.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use tar::{Builder, EntryType, Header};
use windlass_image::archive::unpack as read;

use crate::input::Input;

/// Kinds of entries, as the first byte of each says.
const KINDS: [EntryType; 10] = [
    EntryType::Regular,
    EntryType::Directory,
    EntryType::Symlink,
    EntryType::Link,
    EntryType::Char,
    EntryType::Fifo,
    EntryType::GNUSparse,
    EntryType::GNULongName,
    EntryType::XHeader,
    EntryType::XGlobalHeader,
];

/// How much is written down, beside the tar itself.
const MOST: usize = 64;

pub fn unpack(bytes: &[u8]) {
    let mut input = Input::new(bytes);
    let (is_raw, was_there) = (input.choice(4) == 0, input.choice(2) == 1);
    let tar = if is_raw { input.rest().to_vec() } else { tar_of(input) };
    let place = tempfile::tempdir().expect("a directory for a run");
    let place = place.path().canonicalize().expect("it was made a moment ago");
    let target = place.join("t");
    prepare(&place, was_there);
    let before = listing(&place, &target);
    // Whatever it comes to; a tar that is cut is an error.
    let unpacked = read(&tar[..], &target);
    assert_eq!(before, listing(&place, &target), "something changed beside the target");
    let inside = below(&target);
    let secret = place.join("outside/secret").metadata().expect("it is there");
    for (path, found) in &inside {
        assert!(
            found.is_file() || found.is_dir() || found.is_symlink(),
            "{} is a device",
            path.display()
        );
        assert_eq!(found.permissions().mode() & 0o7000, 0, "{}", path.display());
        assert_ne!(found.ino(), secret.ino(), "{} is a file from outside", path.display());
        if found.is_symlink() && !was_there {
            let leads = path.canonicalize();
            assert!(
                leads.is_ok_and(|to| to.starts_with(&target)) || !exists(path),
                "{} leads out",
                path.display()
            );
        }
    }
    if let Ok(unpacked) = unpacked {
        assert!(unpacked.bytes <= tar.len() as u64, "{unpacked:?} of {} bytes", tar.len());
    }
}

/// Whether a link leads to something.
fn exists(path: &Path) -> bool {
    path.metadata().is_ok()
}

/// A place with something beside the target; also a target that has something, and a link out of it.
fn prepare(place: &Path, was_there: bool) {
    let made = || -> std::io::Result<()> {
        fs::create_dir(place.join("outside"))?;
        fs::write(place.join("outside/secret"), "secret")?;
        if was_there {
            fs::create_dir_all(place.join("t/d"))?;
            fs::write(place.join("t/f"), "old")?;
            symlink("../outside", place.join("t/l"))?;
        }
        Ok(())
    };
    made().expect("a place for a run");
}

/// Entries with the right checksums: one byte for the kind, a name, and a text or what it links to.
fn tar_of(mut input: Input<'_>) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for _ in 0..MOST {
        let kind = KINDS[input.choice(KINDS.len())];
        let (name, text) = (input.field(), input.field());
        if name.is_empty() && text.is_empty() {
            break;
        }
        let mut header = Header::new_gnu();
        let put = |field: &mut [u8], text: &[u8]| {
            let length = text.len().min(field.len());
            field[..length].copy_from_slice(&text[..length]);
        };
        put(&mut header.as_old_mut().name, name);
        header.set_entry_type(kind);
        header.set_mode(0o7777);
        header.set_mtime(1);
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            put(&mut header.as_old_mut().linkname, text);
        }
        let data = if is_link || kind == EntryType::Directory { b"" } else { text };
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data).expect("a Vec takes every write");
    }
    builder.into_inner().expect("a Vec takes every write")
}

/// All that is below a place but not below the target, with what is in it.
fn listing(place: &Path, target: &Path) -> BTreeMap<PathBuf, String> {
    let all = below(place).into_iter().filter(|(path, _)| !path.starts_with(target));
    all.map(|(path, found)| {
        let text = fs::read_to_string(&path).unwrap_or_default();
        (path, format!("{:o} {text}", found.mode()))
    })
    .collect()
}

fn below(path: &Path) -> Vec<(PathBuf, Metadata)> {
    let Ok(found) = path.symlink_metadata() else { return Vec::new() };
    let is_directory = found.is_dir();
    let mut all = vec![(path.to_owned(), found)];
    if is_directory {
        for entry in fs::read_dir(path).into_iter().flatten().flatten() {
            all.extend(below(&entry.path()));
        }
    }
    all
}
