//! The tar stream, read back.
//!
//! Invariant: what comes out of the archive is compared with the walk itself, entry by entry.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write};
use std::sync::mpsc::sync_channel;

use proptest::prelude::*;
use windlass_image::context::{BuildContext, ContextError};
use windlass_image::entry::{ContextPath, VirtualFile};
use windlass_image::tar_stream::{Chunks, TarError, TarOptions};

use crate::tree::{Tree, names};

fn tar(context: &BuildContext) -> Vec<u8> {
    let mut stream = Vec::new();
    let written = context.write_tar(&mut stream, TarOptions::default()).expect("tar");
    assert_eq!(written, stream.len() as u64);
    stream
}

/// `name`, `name/`, `name->target`, with content of files.
fn read_back(stream: impl io::Read) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut archive = tar::Archive::new(stream);
    let mut found = BTreeMap::new();
    for entry in archive.entries().expect("entries") {
        let mut entry = entry.expect("entry");
        let path = ContextPath::new(entry.path_bytes().as_ref()).expect("path").to_string();
        let kind = entry.header().entry_type();
        let name = if kind.is_dir() {
            format!("{path}/")
        } else if kind.is_symlink() {
            let target = entry.link_name_bytes().expect("target");
            format!("{path}->{}", String::from_utf8_lossy(&target))
        } else {
            assert!(kind.is_file(), "{path}: {kind:?}");
            path
        };
        assert_eq!(entry.header().uid().expect("uid"), 0);
        let mode = entry.header().mode().expect("mode");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("content");
        assert_eq!(found.insert(name, (mode, content)), None, "twice");
    }
    found
}

#[test]
fn long_names_links_and_modes_come_back() {
    let long = format!("{}/{}", "d".repeat(150), "f".repeat(200));
    let link = format!("l->{}", "t".repeat(180));
    let tree = Tree::new(&[&long, &link, "run", "e/"]);
    tree.chmod("run", 0o4755);
    let context = tree.walk();
    let found = read_back(&*tar(&context));
    let mut wanted = names(&context);
    wanted.sort();
    assert_eq!(found.keys().cloned().collect::<Vec<_>>(), wanted);
    assert_eq!(found["run"], (0o4755, b"run".to_vec()));
    assert_eq!(found[&long].1, long.as_bytes());
}

#[test]
fn the_same_tree_gives_the_same_bytes() {
    let tree = Tree::new(&["b", "a/c", "l->b"]);
    assert_eq!(tar(&tree.walk()), tar(&tree.walk()));
}

#[test]
fn gzip_holds_the_same_archive() {
    let tree = Tree::new(&["a", "b/c"]);
    let context = tree.walk();
    let mut stream = Vec::new();
    let options = TarOptions { gzip: true, progress: None };
    let written = context.write_tar(&mut stream, options).expect("tar");
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&*stream).read_to_end(&mut plain).expect("gzip");
    assert_eq!(plain, tar(&context));
    assert_eq!(written, plain.len() as u64);
}

#[test]
fn an_incomplete_stream_never_looks_complete() {
    for gzip in [false, true] {
        for now in ["b=123456", "b=123"] {
            let tree = Tree::new(&["a", "b=12345", "c"]);
            let context = tree.walk();
            tree.plant(now);
            let mut stream = Vec::new();
            let error = context
                .write_tar(&mut stream, TarOptions { gzip, progress: None })
                .expect_err("changed");
            assert!(matches!(error, TarError::Read { source: ContextError::Changed { .. } }));
            let complete = if gzip {
                io::read_to_string(flate2::read::GzDecoder::new(&*stream)).is_ok()
            } else {
                stream.len() >= 1024 && stream[stream.len() - 1024..].iter().all(|&b| b == 0)
            };
            assert!(!complete, "gzip: {gzip}, now {now}");
        }
    }
}

#[test]
fn a_failing_sink_is_a_write_error() {
    struct Full(usize);
    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let tree = Tree::new(&["a", "b", "c"]);
    let context = tree.walk();
    for room in [0, 512, 1500, 3072] {
        let error = context.write_tar(Full(room), TarOptions::default()).expect_err("full");
        assert!(
            matches!(&error, TarError::Write { source }
            if source.kind() == io::ErrorKind::StorageFull),
            "room {room}: {error:?}"
        );
    }
}

#[test]
fn a_bounded_channel_carries_the_stream() {
    let mut context = BuildContext::empty();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    let path = ContextPath::new("big").expect("path");
    context.add(VirtualFile::new(path, bytes)).expect("add");
    let (sender, receiver) = sync_channel::<Vec<u8>>(2);
    let mut last = 0;
    let stream = std::thread::scope(|scope| {
        let reader = scope.spawn(move || receiver.into_iter().flatten().collect::<Vec<u8>>());
        let sink = Chunks::new(move |chunk| {
            sender.send(chunk).map_err(|_| io::ErrorKind::BrokenPipe.into())
        });
        let mut progress = |written| last = written;
        let options = TarOptions { gzip: false, progress: Some(&mut progress) };
        context.write_tar(sink, options).expect("tar");
        reader.join().expect("reader")
    });
    assert_eq!(stream, tar(&context));
    assert_eq!(last, stream.len() as u64);
}

#[test]
fn a_receiver_that_goes_away_ends_the_stream() {
    let mut context = BuildContext::empty();
    let path = ContextPath::new("big").expect("path");
    context.add(VirtualFile::new(path, vec![1; 2_000_000])).expect("add");
    let (sender, receiver) = sync_channel::<Vec<u8>>(1);
    drop(receiver);
    let sink =
        Chunks::new(move |chunk| sender.send(chunk).map_err(|_| io::ErrorKind::BrokenPipe.into()));
    let error = context.write_tar(sink, TarOptions::default()).expect_err("nobody listens");
    assert!(matches!(error, TarError::Write { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_archive_holds_the_walk(files in prop::collection::btree_map(
        "[ab\u{fc} ]{1,3}(/[ab.]{1,120}){0,2}", prop::collection::vec(any::<u8>(), 0..2000), 0..12,
    )) {
        let tree = Tree::new(&[]);
        for (name, content) in &files {
            let full = tree.path(name);
            // A name may already be a directory, or lie below a file; such a file is not in the tree.
            if std::fs::create_dir_all(full.parent().expect("parent")).is_ok() && !full.is_dir() {
                let _ = std::fs::write(full, content);
            }
        }
        let context = tree.walk();
        let found = read_back(&*tar(&context));
        let mut wanted = names(&context);
        wanted.sort();
        prop_assert_eq!(found.keys().cloned().collect::<Vec<_>>(), wanted);
        for (name, (_, content)) in &found {
            if !name.ends_with('/') {
                prop_assert_eq!(&std::fs::read(tree.path(name)).expect("file"), content);
            }
        }
    }
}
