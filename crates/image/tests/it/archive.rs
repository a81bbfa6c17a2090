//! Tars that a container may give, and what comes of them here.
//!
//! Invariant: each case states all that is there afterwards, below the target and beside it.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must stop")]

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use tar::{Builder, EntryType, Header};
use windlass_image::archive::{pack, unpack};

/// An entry as nobody's tar program would write it: name, kind, and text or target.
type Written<'a> = (&'a [u8], EntryType, &'a str);

const FILE: EntryType = EntryType::Regular;
const DIR: EntryType = EntryType::Directory;
const LINK: EntryType = EntryType::Symlink;
const HARD: EntryType = EntryType::Link;

fn tar(entries: &[Written<'_>]) -> Vec<u8> {
    let mut builder = Builder::new(Vec::new());
    for (name, kind, text) in entries {
        let mut header = Header::new_gnu();
        // Past the checks of the crate that writes it.
        header.as_old_mut().name[..name.len()].copy_from_slice(name);
        header.set_entry_type(*kind);
        header.set_mode(0o6755);
        header.set_mtime(1_000_000);
        header.set_uid(4242);
        let is_link = matches!(*kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            header.as_old_mut().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        let data = if *kind == FILE { text.as_bytes() } else { b"" };
        header.set_size(data.len() as u64);
        header.set_cksum();
        builder.append(&header, data).unwrap();
    }
    builder.into_inner().unwrap()
}

/// Everything below a directory: `path`, `path=text`, `path -> target`.
fn listing(directory: &Path) -> Vec<String> {
    let mut all = Vec::new();
    list(directory, "", &mut all);
    all.sort();
    all
}

fn list(directory: &Path, prefix: &str, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_string_lossy());
        let metadata = std::fs::symlink_metadata(&path).unwrap();
        if metadata.is_symlink() {
            all.push(format!("{name} -> {}", std::fs::read_link(&path).unwrap().display()));
        } else if metadata.is_dir() {
            all.push(format!("{name}/"));
            list(&path, &format!("{name}/"), all);
        } else {
            all.push(format!("{name}={}", std::fs::read_to_string(&path).unwrap()));
        }
    }
}

#[test]
fn nothing_is_written_but_below_the_target() {
    let device = EntryType::Char;
    let cases: &[(&[Written<'_>], &[&str], usize)] = &[
        (&[(b"d", DIR, ""), (b"d/a", FILE, "1")], &["t/", "t/a=1"], 0),
        (&[(b"f", FILE, "1")], &["t=1"], 0),
        (&[(b"d/a/b", FILE, "1")], &["t/", "t/a/", "t/a/b=1"], 0),
        (&[(b"/etc/x", FILE, "1")], &[], 1),
        (&[(b"d/../../x", FILE, "1"), (b"../x", FILE, "1")], &[], 2),
        (&[(b"d", DIR, ""), (b"other/x", FILE, "1")], &["t/"], 1),
        (&[(b"d", DIR, ""), (b"d/l", LINK, "/etc"), (b"d/m", LINK, "../x")], &["t/"], 2),
        (
            &[(b"d", DIR, ""), (b"d/l", LINK, "a/b"), (b"d/s/m", LINK, "../a")],
            &["t/", "t/l -> a/b", "t/s/", "t/s/m -> ../a"],
            0,
        ),
        // A link to the top, and one that goes up from there.
        (
            &[(b"d/x/y/l", LINK, "../.."), (b"d/x/y/e", LINK, "l/..")],
            &["t/", "t/x/", "t/x/y/", "t/x/y/l -> ../.."],
            1,
        ),
        (&[(b"d", LINK, "/etc")], &[], 1),
        (&[(b"d/a", FILE, "1"), (b"d/b", HARD, "d/a")], &["t/", "t/a=1", "t/b=1"], 0),
        (
            &[(b"d", DIR, ""), (b"d/b", HARD, "/etc/passwd"), (b"d/c", HARD, "d/../secret")],
            &["t/"],
            2,
        ),
        (&[(b"d", DIR, ""), (b"d/dev", device, ""), (b"d/fifo", EntryType::Fifo, "")], &["t/"], 2),
        (&[(b"d/a", FILE, "1"), (b"d/a", FILE, "2")], &["t/", "t/a=2"], 0),
        (&[(b"./", DIR, ""), (b"./a", FILE, "1")], &["t/", "t/a=1"], 0),
        (
            &[(b"d/ \n*$(x)", FILE, "1"), (b"d/-rf", FILE, "2")],
            &["t/", "t/ \n*$(x)=1", "t/-rf=2"],
            0,
        ),
    ];
    for (entries, expected, left_out) in cases {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("secret"), "").unwrap();
        let done = unpack(&tar(entries)[..], &directory.path().join("t")).unwrap();
        let mut found = listing(directory.path());
        found.retain(|name| name != "secret=");
        assert_eq!(found, *expected, "{entries:?}");
        assert_eq!(done.left_out.len(), *left_out, "{entries:?}: {done:?}");
    }
}

#[test]
fn no_link_is_followed_on_the_way() {
    // A link of the archive, and one that was there before.
    for is_there in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("t");
        std::fs::create_dir(&target).unwrap();
        std::fs::create_dir(target.join("real")).unwrap();
        std::fs::create_dir(directory.path().join("outside")).unwrap();
        let mut entries = vec![(&b"d/l/x"[..], FILE, "1")];
        if is_there {
            symlink("../outside", target.join("l")).unwrap();
        } else {
            entries.insert(0, (b"d/l", LINK, "real"));
        }
        assert!(unpack(&tar(&entries)[..], &target).is_err());
        let found = listing(directory.path());
        assert!(!found.iter().any(|name| name.contains("x=1")), "{found:?}");
        // In the place of a link comes a file, not what it points to.
        symlink("../outside/y", target.join("f")).unwrap();
        unpack(&tar(&[(b"d/f", FILE, "1")])[..], &target).unwrap();
        assert!(target.join("f").symlink_metadata().unwrap().is_file());
        assert!(!directory.path().join("outside/y").exists());
    }
}

#[test]
fn attributes_that_matter_here_are_kept_and_others_are_not() {
    let directory = tempfile::tempdir().unwrap();
    let target = directory.path().join("t");
    let done = unpack(&tar(&[(b"d", DIR, ""), (b"d/a", FILE, "12")])[..], &target).unwrap();
    assert_eq!((done.files, done.bytes), (1, 2));
    let file = target.join("a").metadata().unwrap();
    assert_eq!(file.permissions().mode() & 0o7777, 0o755);
    assert_eq!((file.uid(), file.mtime()), (rustix::process::geteuid().as_raw(), 1_000_000));
    assert_eq!(target.metadata().unwrap().permissions().mode() & 0o7777, 0o755);
}

#[test]
fn a_tar_that_is_cut_is_an_error() {
    let whole = tar(&[(b"f", FILE, "some text")]);
    let directory = tempfile::tempdir().unwrap();
    for length in [1, 100, 512, 515] {
        let cut = unpack(&whole[..length], &directory.path().join("t"));
        assert!(cut.is_err(), "{length}: {cut:?}");
        assert_eq!(listing(directory.path()), [""; 0], "{length}");
    }
    // What was there before stays.
    std::fs::write(directory.path().join("t"), "old").unwrap();
    assert!(unpack(&whole[..515], &directory.path().join("t")).is_err());
    assert_eq!(listing(directory.path()), ["t=old"]);
}

#[test]
fn a_few_bytes_do_not_fill_a_disk() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/archive");
    let tar = std::fs::read(corpus.join("a-hole-of-eight-gigabytes")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let done = unpack(&tar[..], &directory.path().join("t")).unwrap();
    assert_eq!((done.bytes, done.left_out.len()), (0, 1));
    assert_eq!(listing(directory.path()), [""; 0]);
}

#[test]
fn what_is_no_file_is_not_replaced_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let mode = rustix::fs::Mode::RUSR;
    let target = directory.path().join("t");
    rustix::fs::mkfifoat(rustix::fs::CWD, &target, mode).unwrap();
    assert!(unpack(&tar(&[(b"f", FILE, "1")])[..], &target).is_err());
    assert!(!target.symlink_metadata().unwrap().is_file());
}

#[test]
fn what_is_packed_comes_out_the_same() {
    let directory = tempfile::tempdir().unwrap();
    let source = directory.path().join("source");
    std::fs::create_dir_all(source.join("a/b")).unwrap();
    let long = "x".repeat(200);
    for name in [" a\nb", "-rf", "ü", &long] {
        std::fs::write(source.join("a").join(name), name).unwrap();
    }
    std::fs::write(source.join(OsStr::from_bytes(b"\xff\xfe")), "bytes").unwrap();
    symlink("a/-rf", source.join("link")).unwrap();
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mkfifoat(rustix::fs::CWD, source.join("fifo"), mode).unwrap();
    let mut packed = Vec::new();
    let left_out = pack(&source, OsStr::new("any"), &mut packed).unwrap();
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    let target = directory.path().join("target");
    assert!(unpack(&packed[..], &target).unwrap().left_out.is_empty());
    std::fs::remove_file(source.join("fifo")).unwrap();
    assert_eq!(listing(&target), listing(&source));
}
