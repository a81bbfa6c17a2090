//! Layers that are assembled: exactly the entries that were planned, and the same bytes each time.

use std::collections::BTreeSet;
use std::io::{Cursor, Read as _};

use tar::{Archive, Builder, EntryType, Header};
use windlass_bundle::{Bundle, Directory, Facts, File, Link, Overlay, View as _, plan};
use windlass_image::layer::{
    AssembledLayer, Assembly, BaseImage, ImageView, ProcessConfig, assemble, load_archive,
};

/// A root file system: `etc/` is a directory, `lib -> usr/lib` a link, `etc/motd=text` a file.
fn rootfs(entries: &[&str]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        header.set_mode(if entry.contains('=') { 0o644 } else { 0o755 });
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        if let Some((path, to)) = entry.split_once(" -> ") {
            header.set_entry_type(EntryType::Symlink);
            tar.append_link(&mut header, path, to).unwrap();
        } else if let Some((path, text)) = entry.split_once('=') {
            header.set_size(text.len() as u64);
            tar.append_data(&mut header, path, text.as_bytes()).unwrap();
        } else {
            header.set_entry_type(EntryType::Directory);
            tar.append_data(&mut header, entry, std::io::empty()).unwrap();
        }
    }
    tar.into_inner().unwrap()
}

fn layer(base: &[&str], bundle: &Bundle) -> (AssembledLayer, Vec<u8>) {
    let view = ImageView::read(Cursor::new(rootfs(base))).unwrap();
    let mut overlay = Overlay::new(&view);
    for one in plan(bundle, &view, &Facts::default()).unwrap() {
        one.changes.iter().for_each(|change| overlay.apply(&change.op));
    }
    let mut bytes = Vec::new();
    let layer = assemble(&view, &overlay, &mut bytes).unwrap();
    (layer, bytes)
}

#[test]
fn a_layer_has_what_was_planned_and_nothing_else() {
    let merged: &[&str] =
        &["etc/", "etc/motd=old", "etc/issue=x", "usr/", "usr/lib/", "lib -> usr/lib"];
    for (bundle, expected) in [
        (Bundle::new().with(File::new("/lib/x").contents("1")), &["usr/lib/x"][..]),
        (Bundle::new().with(File::new("/etc/motd").contents("old")), &[]),
        (Bundle::new().with(File::new("/etc/motd").contents("new")), &["etc/motd"]),
        (Bundle::new().with(File::new("/etc/motd").mode(0o600)), &["etc/motd"]),
        (Bundle::new().with(File::removed("/etc/issue")), &["etc/.wh.issue"]),
        (
            Bundle::new().with(File::new("/etc/a").contents("1")).with(File::removed("/etc/b")),
            &["etc/a"],
        ),
        (Bundle::new().with(Directory::new("/srv/a").parents()), &["srv/", "srv/a/"]),
        (Bundle::new().with(Directory::new("/etc").mode(0o711)), &["etc/"]),
        (Bundle::new().with(Link::new("/etc/m", "motd")), &["etc/m"]),
    ] {
        let (layer, bytes) = layer(merged, &bundle);
        assert_eq!(layer.entries, expected, "{bundle:?}");
        let mut archive = Archive::new(Cursor::new(&bytes));
        let names: Vec<_> = archive
            .entries()
            .unwrap()
            .map(|entry| String::from_utf8(entry.unwrap().path_bytes().into_owned()).unwrap())
            .collect();
        assert_eq!(names, expected, "what is said is what is in it");
    }
}

const GOLDEN: &str = "sha256:c6786e9010fda0995686b0d52ddc152c9522a714f3ffd936c5be639ec2d634a2";

#[test]
fn the_same_gives_the_same_bytes() {
    let bundle = || Bundle::new().with(File::new("/a").contents("x").mode(0o4755).owner(1000));
    let (one, bytes) = layer(&[], &bundle());
    assert_eq!(layer(&[], &bundle()), (one.clone(), bytes));
    // What is known on one machine is what is made on any.
    assert_eq!(one.diff_id, GOLDEN);
    let base =
        BaseImage { architecture: "amd64".into(), os: "linux".into(), ..BaseImage::default() };
    let config = ProcessConfig { env: vec!["A=1".into()], ..ProcessConfig::default() };
    let assembly = || {
        let layers = [(one.clone(), "windlass".to_owned())];
        Assembly::new(&base, &layers, &config, BTreeSet::from(["x:1".to_owned()]))
    };
    assert_eq!(assembly().id, assembly().id);
}

#[test]
fn an_archive_has_only_what_is_new() {
    let (layer, bytes) = layer(&[], &Bundle::new().with(File::new("/a").contents("x")));
    let base = BaseImage { diff_ids: vec!["sha256:aa".into()], ..BaseImage::default() };
    let layers = [(layer.clone(), "windlass".to_owned())];
    let assembly = Assembly::new(&base, &layers, &ProcessConfig::default(), BTreeSet::new());
    let mut archive = Vec::new();
    let mut content = Cursor::new(&bytes);
    load_archive(&assembly, vec![(&layer.diff_id, layer.size, &mut content)], &mut archive)
        .unwrap();
    let mut names = Vec::new();
    let mut manifest = String::new();
    for entry in Archive::new(Cursor::new(&archive)).entries().unwrap() {
        let mut entry = entry.unwrap();
        names.push(entry.path().unwrap().display().to_string());
        if names.last().is_some_and(|name| name == "manifest.json") {
            entry.read_to_string(&mut manifest).unwrap();
        }
    }
    assert_eq!(names.len(), 3, "{names:?}");
    assert!(manifest.contains("\"aa/layer.tar\""), "{manifest}");
}

#[test]
fn contents_of_other_files_are_asked_for() {
    let mut view = ImageView::read(Cursor::new(rootfs(&["srv/", "srv/x=abc"]))).unwrap();
    let bundle = Bundle::new().with(File::new("/srv/x").contents("abd"));
    assert!(plan(&bundle, &view, &Facts::default()).is_err());
    let missing = view.missing();
    assert_eq!(missing.iter().collect::<Vec<_>>(), ["/srv/x"]);
    view.provide("/srv/x".to_owned(), b"abc".to_vec());
    let plans = plan(&bundle, &view, &Facts::default()).unwrap();
    assert_eq!(plans[0].changes[0].reason, "change the contents");
    assert_eq!(view.list("/srv").unwrap(), ["x"]);
}
