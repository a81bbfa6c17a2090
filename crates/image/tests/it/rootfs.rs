//! Importing a root file system.
//!
//! Invariant: the archive says what the disk says, also about what is not a plain file.

use std::os::unix::fs::MetadataExt as _;

use windlass_image::context::ContextError;
use windlass_image::rootfs::Rootfs;
use windlass_image::tar_stream::TarOptions;

use crate::tree::Tree;

fn stream(rootfs: &Rootfs) -> Vec<u8> {
    let mut stream = Vec::new();
    rootfs.write(&mut stream, TarOptions::default()).expect("stream");
    stream
}

#[test]
fn a_directory_keeps_owners_links_and_pipes() {
    let tree = Tree::new(&["bin/a", "etc/x", "lib->usr/lib", "run/"]);
    tree.chmod("bin/a", 0o4755);
    std::fs::hard_link(tree.path("bin/a"), tree.path("bin/b")).expect("hard link");
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mknodat(rustix::fs::CWD, tree.path("run/p"), rustix::fs::FileType::Fifo, mode, 0)
        .expect("pipe");
    let socket = std::os::unix::net::UnixListener::bind(tree.path("run/s")).expect("socket");
    let rootfs = Rootfs::open(tree.path("")).expect("open");
    let stream = stream(&rootfs);
    drop(socket);
    let owner = tree.path("bin/a").metadata().expect("metadata").uid();
    let mut archive = tar::Archive::new(&*stream);
    let mut found = Vec::new();
    for entry in archive.entries().expect("entries") {
        let entry = entry.expect("entry");
        let header = entry.header();
        assert_eq!(header.uid().expect("uid"), u64::from(owner));
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let link = entry.link_name_bytes().map(|link| String::from_utf8_lossy(&link).into_owned());
        found.push((name, header.entry_type(), link.unwrap_or_default()));
    }
    let wanted = [
        ("bin", tar::EntryType::Directory, ""),
        ("bin/a", tar::EntryType::Regular, ""),
        ("bin/b", tar::EntryType::Link, "bin/a"),
        ("etc", tar::EntryType::Directory, ""),
        ("etc/x", tar::EntryType::Regular, ""),
        ("lib", tar::EntryType::Symlink, "usr/lib"),
        ("run", tar::EntryType::Directory, ""),
        ("run/p", tar::EntryType::Fifo, ""),
    ];
    let wanted = wanted.map(|(name, kind, link)| (name.to_owned(), kind, link.to_owned()));
    assert_eq!(found, wanted);
}

#[test]
fn the_digest_follows_content_and_modes() {
    let tree = Tree::new(&["a", "b/c"]);
    let digest = || Rootfs::open(tree.path("")).expect("open").digest().expect("digest");
    let before = digest();
    assert_eq!(digest(), before);
    tree.chmod("a", 0o600);
    let private = digest();
    assert_ne!(private, before);
    tree.plant("b/c=d");
    assert_ne!(digest(), private);
}

#[test]
fn a_tar_file_goes_as_it_is() {
    let tree = Tree::new(&["x.tar=not even a tar"]);
    let rootfs = Rootfs::open(tree.path("x.tar")).expect("open");
    assert_eq!(stream(&rootfs), b"not even a tar");
    let before = rootfs.digest().expect("digest");
    tree.plant("x.tar=other");
    assert_ne!(rootfs.digest().expect("digest"), before);
    let absent = Rootfs::open(tree.path("none")).expect_err("absent");
    assert!(matches!(absent, ContextError::ReadFile { path, .. } if path.ends_with("none")));
}
