//! Layers that are assembled: exactly the entries that were planned, and the same bytes each time.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read as _, Write};
use std::path::Path;

use serde_json::{Value, json};
use tar::{Archive, Builder, EntryType, Header};
use windlass_bundle::{
    Bundle, Directory, Facts, File, FileKind, Line, Link, Overlay, View as _, plan,
};
use windlass_image::file_digests::FileDigests;
use windlass_image::layer::{
    AssembledLayer, Assembly, BaseImage, ImageView, ImageViews, LayerSource, ProcessConfig,
    SavedImage, assemble, load_archive, whole_archive,
};

/// A root file system: `etc/` is a directory, `lib -> usr/lib` a link, `etc/motd=text` a file, `b => a` another name of one.
fn rootfs(entries: &[&str]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for entry in entries {
        let mut header = Header::new_gnu();
        let is_private = entry.contains("shadow");
        header.set_mode(if is_private {
            0o640
        } else if entry.contains('=') {
            0o644
        } else {
            0o755
        });
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(0);
        if let Some((path, to)) = entry.split_once(" -> ") {
            header.set_entry_type(EntryType::Symlink);
            tar.append_link(&mut header, path, to).unwrap();
        } else if let Some((path, to)) = entry.split_once(" => ") {
            header.set_entry_type(EntryType::Link);
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
    let view = ImageView::read(Cursor::new(rootfs(base)), &BTreeSet::new()).unwrap();
    let mut overlay = Overlay::new(&view);
    for one in plan(bundle, &view, &Facts::default()).unwrap() {
        one.changes.iter().for_each(|change| overlay.apply(&change.op));
    }
    let mut bytes = Vec::new();
    let layer = assemble(&overlay, &mut bytes).unwrap();
    (layer, bytes)
}

#[test]
fn a_layer_has_what_was_planned_and_nothing_else() {
    let merged: &[&str] =
        &["etc/", "etc/motd=old", "etc/issue=x", "usr/", "usr/lib/", "lib -> usr/lib"];
    for (bundle, expected) in [
        (
            Bundle::new().with(File::new("/lib/x").contents("1")),
            &["usr/", "usr/lib/", "usr/lib/x"][..],
        ),
        (Bundle::new().with(File::new("/etc/motd").contents("old")), &[]),
        (Bundle::new().with(File::new("/etc/motd").contents("new")), &["etc/", "etc/motd"]),
        (Bundle::new().with(File::new("/etc/motd").mode(0o600)), &["etc/", "etc/motd"]),
        (Bundle::new().with(File::removed("/etc/issue")), &["etc/", "etc/.wh.issue"]),
        (
            Bundle::new().with(File::new("/etc/a").contents("1")).with(File::removed("/etc/b")),
            &["etc/", "etc/a"],
        ),
        (Bundle::new().with(Directory::new("/srv/a").parents()), &["srv/", "srv/a/"]),
        (Bundle::new().with(Directory::new("/etc").mode(0o711)), &["etc/"]),
        (Bundle::new().with(Link::new("/etc/m", "motd")), &["etc/", "etc/m"]),
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
    let write = |out: &mut dyn Write| out.write_all(&bytes);
    load_archive(&assembly, &[(&layer, &write)], &mut archive).unwrap();
    let more = |out: &mut dyn Write| out.write_all(&[&bytes[..], b"x"].concat());
    let less = |out: &mut dyn Write| out.write_all(&bytes[1..]);
    for wrong in [&more as &dyn Fn(&mut dyn Write) -> std::io::Result<()>, &less] {
        load_archive(&assembly, &[(&layer, wrong)], &mut std::io::sink()).unwrap_err();
    }
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
    assert!(manifest.contains("\"blobs/sha256/aa\""), "{manifest}");
}

/// Names and contents of an archive's entries.
fn unpacked(archive: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in Archive::new(Cursor::new(archive)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let name = entry.path().unwrap().display().to_string();
        assert!(all.insert(name.clone(), bytes).is_none(), "{name} is there twice");
    }
    all
}

fn archive_of(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Builder::new(Vec::new());
    for (name, bytes) in entries {
        let mut header = Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, name, *bytes).unwrap();
    }
    tar.into_inner().unwrap()
}

/// An engine that keeps images as registries do says how it keeps the layers of the base; the archive for it names them so.
#[test]
fn an_archive_is_one_of_the_open_format_where_the_base_is() {
    let below = rootfs(&["a=1"]);
    let config = br#"{"architecture":"arm64","os":"linux","config":{},
        "rootfs":{"type":"layers","diff_ids":["sha256:d1"]}}"#;
    let of_base = br#"{"config":{"digest":"sha256:c0"},"layers":[{"mediaType":
        "application/vnd.docker.image.rootfs.diff.tar.gzip","digest":"sha256:b1","size":7}]}"#;
    let manifest = br#"[{"Config":"blobs/sha256/c0","Layers":["blobs/sha256/b1"]}]"#;
    let saved = archive_of(&[
        ("blobs/sha256/b1", &below),
        ("blobs/sha256/c0", config),
        ("blobs/sha256/e0", of_base),
        ("index.json", b"{}"),
        ("manifest.json", manifest),
        ("oci-layout", b"{}"),
    ]);
    let base = SavedImage::read(Cursor::new(&saved), &BTreeSet::new(), None).unwrap().base;
    let (layer, bytes) = layer(&[], &Bundle::new().with(File::new("/b").contents("x")));
    let layers = [(layer.clone(), "windlass".to_owned())];
    let references = BTreeSet::from(["x/y:1".to_owned(), "z".to_owned()]);
    let assembly = Assembly::new(&base, &layers, &ProcessConfig::default(), references);
    let write = |out: &mut dyn Write| out.write_all(&bytes);
    let sources: &[LayerSource<'_>] = &[(&layer, &write)];
    let mut archive = Vec::new();
    load_archive(&assembly, sources, &mut archive).unwrap();
    let thin = unpacked(&archive);
    let json = |name: &str| serde_json::from_slice::<Value>(&thin[name]).unwrap();
    let images = json("index.json")["manifests"].clone();
    let names: Vec<_> =
        (0..2).map(|at| images[at]["annotations"]["io.containerd.image.name"].clone()).collect();
    assert_eq!(names, ["docker.io/x/y:1", "docker.io/library/z:latest"]);
    let digest = images[0]["digest"].as_str().unwrap().trim_start_matches("sha256:");
    let blobs = json(&format!("blobs/sha256/{digest}"))["layers"].clone();
    let packed = "application/vnd.oci.image.layer.v1.tar+gzip";
    assert_eq!(blobs[0], json!({"mediaType": packed, "digest": "sha256:b1", "size": 7}));
    assert_eq!(blobs[1]["digest"], layer.diff_id);
    assert!(!thin.contains_key("blobs/sha256/b1"), "the engine has it");

    // One that has no name is found by its digest.
    let nameless = Assembly::new(&base, &layers, &ProcessConfig::default(), BTreeSet::new());
    let mut archive = Vec::new();
    load_archive(&nameless, sources, &mut archive).unwrap();
    let index: Value = serde_json::from_slice(&unpacked(&archive)["index.json"]).unwrap();
    assert_eq!(index["manifests"][0]["digest"], images[0]["digest"]);

    // And where the engine wants all of it, what it saved passes through.
    let mut archive = Vec::new();
    whole_archive(&assembly, sources, &mut Cursor::new(&saved), &mut archive).unwrap();
    let whole = unpacked(&archive);
    assert_eq!(whole["blobs/sha256/b1"], below);
    let manifest: Value = serde_json::from_slice(&whole["manifest.json"]).unwrap();
    let own = format!("blobs/sha256/{}", layer.diff_id.trim_start_matches("sha256:"));
    assert_eq!(manifest[0]["Layers"], json!(["blobs/sha256/b1", own]));
    assert!(!whole.contains_key("index.json"), "it is not the base that is loaded");
    let back = SavedImage::read(Cursor::new(&archive), &BTreeSet::new(), None).unwrap();
    assert_eq!(back.view.list("/").unwrap(), ["a", "b"]);
    let other = archive_of(&[("manifest.json", br#"[{"Config":"c","Layers":[]}]"#)]);
    for wrong in [&other, &archive_of(&[])] {
        whole_archive(&assembly, sources, &mut Cursor::new(wrong), &mut std::io::sink())
            .unwrap_err();
    }
}

/// An image of one layer with a file of so many bytes; `wanted` is that file.
fn with_large(size: usize, spool: Option<&std::path::Path>) -> ImageView {
    let layer = rootfs(&["etc/", &format!("etc/big={}", "x".repeat(size))]);
    let config = br#"{"architecture":"arm64","os":"linux","rootfs":{"diff_ids":["sha256:0"]}}"#;
    let manifest = br#"[{"Config":"c.json","Layers":["l.tar"]}]"#;
    let saved = archive_of(&[("l.tar", &layer), ("c.json", config), ("manifest.json", manifest)]);
    let wanted = BTreeSet::from(["/etc/big".to_owned()]);
    SavedImage::read(Cursor::new(&saved), &wanted, spool).unwrap().view
}

/// What can be done with small files can be done with those that are too large to be held.
#[test]
fn large_files_are_on_the_disk_and_like_others() {
    const SIZE: usize = 9 << 20;
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path().join("new");
    let file = || File::new("/etc/big");
    let view = with_large(SIZE, Some(&folder));
    assert!(view.open_large("/etc/big").is_some() && view.open_large("/etc").is_none());
    for (bundle, is_changed) in [
        (Bundle::new().with(file().mode(0o600)), true),
        (Bundle::new().with(file().contents("x".repeat(SIZE))), false),
        (Bundle::new().with(file().contents("y".repeat(SIZE))), true),
    ] {
        let mut overlay = Overlay::new(&view);
        let planned = plan(&bundle, &view, &Facts::default()).unwrap();
        assert_eq!(planned[0].changes.len(), usize::from(is_changed));
        planned[0].changes.iter().for_each(|change| overlay.apply(&change.op));
        let mut written = Vec::new();
        assemble(&overlay, &mut written).unwrap();
        assert_eq!(written.len() > SIZE, is_changed, "with all that is in it");
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 0, "nothing of it is left");
    for spool in [None, Some(folder.as_path())] {
        let size = 65 << 20;
        let view = with_large(size, spool);
        let read = std::io::copy(&mut *view.open("/etc/big").unwrap(), &mut std::io::sink());
        assert_eq!(read.unwrap(), size as u64);
    }
}

#[test]
fn contents_of_other_files_are_asked_for() {
    let rootfs = rootfs(&["srv/", "srv/x=abc"]);
    let mut view = ImageView::read(Cursor::new(&rootfs), &BTreeSet::new()).unwrap();
    let bundle = Bundle::new().with(File::new("/srv/x").contents("abd"));
    assert!(plan(&bundle, &view, &Facts::default()).is_err());
    let missing = view.missing();
    assert_eq!(missing.iter().collect::<Vec<_>>(), ["/srv/x"]);
    view.learn(ImageView::read(Cursor::new(&rootfs), &missing).unwrap());
    let plans = plan(&bundle, &view, &Facts::default()).unwrap();
    assert_eq!(plans[0].changes[0].reason, "change the contents");
    assert_eq!(view.list("/srv").unwrap(), ["x"]);
}

/// Layers as an engine saves them: the second takes away, empties a directory, and puts a file in the place of one.
#[test]
fn directories_that_no_layer_has_an_entry_for_are_there() {
    let rootfs = rootfs(&["usr/bin/env=x", "bin -> usr/bin"]);
    let view = ImageView::read(Cursor::new(&rootfs), &BTreeSet::new()).unwrap();
    assert_eq!(view.list("/").unwrap(), ["bin", "usr"]);
    let found = view.metadata("/usr/bin").unwrap().unwrap();
    assert_eq!((found.kind, found.mode, found.owner.uid), (FileKind::Directory, 0o755, 0));
    let (assembled, _) =
        layer(&["usr/bin/env=x", "bin -> usr/bin"], &Bundle::new().with(File::new("/bin/x")));
    assert_eq!(assembled.entries, ["usr/", "usr/bin/", "usr/bin/x"]);
}

/// Who unpacks a layer makes directories that it has no entry for anew.
#[test]
fn what_is_above_what_is_written_stays_as_it_is() {
    let mut tar = Builder::new(Vec::new());
    for (path, mode, uid) in [("home/", 0o700, 0), ("tmp/", 0o1777, 0), ("tmp/a/", 0o2775, 8)] {
        tar.append_pax_extensions([("SCHILY.xattr.user.a", path.as_bytes())]).unwrap();
        let mut header = Header::new_ustar();
        header.set_entry_type(EntryType::Directory);
        header.set_mode(mode);
        header.set_uid(uid);
        header.set_gid(uid);
        header.set_size(0);
        tar.append_data(&mut header, path, std::io::empty()).unwrap();
    }
    let base = tar.into_inner().unwrap();
    let view = ImageView::read(Cursor::new(&base), &BTreeSet::new()).unwrap();
    let bundle = Bundle::new()
        .with(File::new("/home/x"))
        .with(File::new("/tmp/a/x"))
        .with(File::new("/tmp/a/y"))
        .with(Directory::new("/tmp").mode(0o1770));
    let mut overlay = Overlay::new(&view);
    for one in plan(&bundle, &view, &Facts::default()).unwrap() {
        one.changes.iter().for_each(|change| overlay.apply(&change.op));
    }
    let mut layer = Vec::new();
    let names = assemble(&overlay, &mut layer).unwrap().entries;
    assert_eq!(names, ["home/", "home/x", "tmp/", "tmp/a/", "tmp/a/x", "tmp/a/y"]);
    let attributes = extended(&layer);
    let found: Vec<_> = Archive::new(Cursor::new(&layer))
        .entries()
        .unwrap()
        .map(|entry| {
            let header = entry.unwrap().header().clone();
            (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap())
        })
        .collect();
    let file = (0o644, 0, 0);
    assert_eq!(
        found,
        [(0o700, 0, 0), file, (0o1770, 0, 0), (0o2775, 8, 8), file, file],
        "of the base but for what was declared"
    );
    for (name, value) in [("home/", "user.a=home/"), ("tmp/a/", "user.a=tmp/a/")] {
        assert_eq!(attributes[name], [format!("SCHILY.xattr.{value}")]);
    }
}

/// Extended attributes of the entries of a tar, by their names.
fn extended(tar: &[u8]) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for entry in Archive::new(Cursor::new(tar)).entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().display().to_string();
        let one = |one: tar::PaxExtension<'_>| {
            format!("{}={}", one.key().unwrap(), String::from_utf8_lossy(one.value_bytes()))
        };
        let found = entry.pax_extensions().unwrap().into_iter().flatten();
        all.insert(name, found.map(|found| one(found.unwrap())).collect());
    }
    all
}

const CAPABILITY: (&str, &[u8]) = ("SCHILY.xattr.security.capability", b"\x01\0\0\x02\0 \0\0");

/// A change of the mode writes the file anew into the layer: what a real one leaves is there then, too.
#[test]
fn what_is_written_anew_keeps_its_extended_attributes() {
    let mut tar = Builder::new(Vec::new());
    for (path, is_file) in [("bin/", false), ("bin/ping", true), ("bin/odd", true)] {
        let value: &[u8] = if path == "bin/odd" { b"a\nb" } else { b"x" };
        tar.append_pax_extensions([CAPABILITY, ("SCHILY.xattr.user.a", value)]).unwrap();
        let mut header = Header::new_ustar();
        header.set_entry_type(if is_file { EntryType::Regular } else { EntryType::Directory });
        header.set_mode(0o755);
        header.set_uid(0);
        header.set_gid(0);
        header.set_size(u64::from(is_file));
        tar.append_data(&mut header, path, &b"x"[..usize::from(is_file)]).unwrap();
    }
    let base = tar.into_inner().unwrap();
    let wanted = BTreeSet::from(["/bin/ping".to_owned(), "/bin/odd".to_owned()]);
    let file = || File::new("/bin/ping");
    let all = &["SCHILY.xattr.security.capability", "SCHILY.xattr.user.a"][..];
    let table: Vec<(Bundle, &str, Option<&[&str]>)> = vec![
        (Bundle::new().with(file().mode(0o750)), "bin/ping", Some(all)),
        // As the kernel does it.
        (Bundle::new().with(file().mode(0o755).owner(7)), "bin/ping", Some(&all[1..])),
        (Bundle::new().with(file().mode(0o755).contents("y")), "bin/ping", Some(&all[1..])),
        (Bundle::new().with(Line::new("/bin/ping", "y")), "bin/ping", Some(&all[1..])),
        (Bundle::new().with(File::new("/bin/odd").mode(0o755).contents("y")), "bin/odd", None),
        (Bundle::new().with(Directory::new("/bin").mode(0o750)), "bin/", Some(all)),
        (Bundle::new().with(Directory::new("/bin").mode(0o755).owner(7)), "bin/", Some(all)),
        (Bundle::new().with(File::new("/bin/odd").mode(0o750)), "bin/odd", None),
    ];
    for (bundle, name, expected) in table {
        let view = ImageView::read(Cursor::new(&base), &wanted).unwrap();
        let mut below = Overlay::new(&view);
        for one in plan(&bundle, &view, &Facts::default()).unwrap() {
            one.changes.iter().for_each(|change| below.apply(&change.op));
        }
        let mut layer = Vec::new();
        let assembled = assemble(&below, &mut layer);
        assert_eq!(assembled.is_ok(), expected.is_some(), "{bundle:?}");
        let Some(expected) = expected else { continue };
        let names = |tar: &[u8]| -> Vec<String> {
            let found = extended(tar).remove(name).unwrap();
            found.iter().map(|one| one.split('=').next().unwrap().to_owned()).collect()
        };
        assert_eq!(names(&layer), expected, "{bundle:?}");
        // And in a layer on that one.
        let mut above = Overlay::new(&below);
        let again = Bundle::new()
            .with(Directory::new("/bin").mode(0o700))
            .with(File::new("/bin/ping").mode(0o700));
        for one in plan(&again, &below, &Facts::default()).unwrap() {
            one.changes.iter().for_each(|change| above.apply(&change.op));
        }
        let mut layer = Vec::new();
        assemble(&above, &mut layer).unwrap();
        assert_eq!(names(&layer), expected, "{bundle:?}");
    }
}

#[test]
fn what_not_everybody_may_read_is_kept_nowhere() {
    let rootfs =
        rootfs(&["etc/passwd=root:x:0:0::/:/bin/sh\n", "etc/shadow=root:$6$salt$hash:1\n"]);
    let wanted = ["/etc/shadow".to_owned()].into();
    let view = ImageView::read(Cursor::new(&rootfs), &wanted).unwrap();
    assert!(view.open("/etc/shadow").is_ok());
    let kept = serde_json::to_string(&view).unwrap();
    assert!(kept.contains("root:x:0") && !kept.contains("hash"), "{kept}");
    let back: ImageView = serde_json::from_str(&kept).unwrap();
    assert!(back.open("/etc/passwd").is_ok() && back.open("/etc/shadow").is_err());
    assert_eq!(back.missing(), wanted, "it is asked for anew");
}

/// Files of a folder for caches, with what is in them.
fn kept_in(folder: &Path) -> Vec<(String, String)> {
    let all = std::fs::read_dir(folder).unwrap().map(|item| item.unwrap().path());
    let mut all: Vec<_> = all
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (name, String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned())
        })
        .collect();
    all.sort();
    all
}

/// Labels of an image, and whether contents of it are kept.
#[test]
fn of_an_image_with_secrets_no_contents_are_kept() {
    let table: [(&[&str], bool); 3] =
        [(&[], true), (&["tier"], true), (&["dev.windlass.sensitive", "tier"], false)];
    for (labels, is_kept) in table {
        let cache = tempfile::tempdir().unwrap();
        let folder = cache.path().join("images");
        std::fs::create_dir(&folder).unwrap();
        // Of a windlass that knew nothing of that, and of one that nobody knows yet.
        for name in ["a.3", "b.99"] {
            std::fs::write(folder.join(name), "SEKRET").unwrap();
        }
        let rootfs = rootfs(&["etc/pw=SEKRET\n", "etc/link -> pw"]);
        let view = || ImageView::read(Cursor::new(&rootfs), &BTreeSet::new()).unwrap();
        let mut image = SavedImage { view: view(), ..SavedImage::default() };
        let all = labels.iter().map(|name| ((*name).to_owned(), String::new()));
        image.base.config.labels = all.collect();
        let views = ImageViews::beside(&FileDigests::kept_in(cache.path().join("files")));
        let id = "0".repeat(64);
        views.keep(&id, &image);
        let kept = kept_in(&folder);
        let names: Vec<_> = kept.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(names, [format!("{id}.8"), "b.99".to_owned()]);
        assert_eq!(kept[0].1.contains("SEKRET"), is_kept, "{labels:?}");
        let known = views.get(&id).unwrap();
        assert_eq!(known.base, image.base);
        assert_eq!(known.view.read_link("/etc/link").unwrap(), "pw");
        assert_eq!(known.view.open("/etc/pw").is_ok(), is_kept, "{labels:?}");
    }
}

/// As `rootfs` takes them, the lowest first.
type Layers<'a> = &'a [&'a [&'a str]];

/// As an engine saves them; what its layers leave.
fn saved_view(layers: Layers<'_>) -> ImageView {
    saved_with(layers, &BTreeSet::new())
}

/// The same, with these contents.
fn saved_with(layers: Layers<'_>, wanted: &BTreeSet<String>) -> ImageView {
    let names: Vec<String> = (0..layers.len()).map(|at| format!("{at}/layer.tar")).collect();
    let digests: Vec<String> = (0..layers.len()).map(|at| format!("sha256:{at}")).collect();
    let config = json!({"architecture": "arm64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": digests}});
    let manifest = json!([{"Config": "c.json", "Layers": names}]);
    let (config, manifest) = (config.to_string(), manifest.to_string());
    let tars: Vec<Vec<u8>> = layers.iter().map(|entries| rootfs(entries)).collect();
    let layers = names.iter().map(String::as_str).zip(tars.iter().map(Vec::as_slice));
    let documents = [("c.json", config.as_bytes()), ("manifest.json", manifest.as_bytes())];
    let all: Vec<_> = layers.chain(documents).collect();
    SavedImage::read(Cursor::new(archive_of(&all)), wanted, None).unwrap().view
}

/// A tar has the contents only under the first name; what a later layer puts there is another file.
#[test]
fn a_hard_link_has_the_contents_of_its_other_name() {
    let table: [Layers<'_>; 4] = [
        &[&["d/1=abc", "d/2 => d/1"]],
        &[&["d/1=abc", "d/0 => d/1", "d/2 => d/0"]],
        &[&["d/1=abc", "d/2 => d/1"], &["d/1=other"]],
        &[&["d/1=other"], &["d/1=abc", "d/2 => d/1"], &["d/.wh.1"]],
    ];
    for layers in table {
        let first = saved_view(layers);
        // As it is kept for the next time.
        let kept = serde_json::to_string(&first).unwrap();
        let mut view: ImageView = serde_json::from_str(&kept).unwrap();
        assert!(view.open("/d/2").is_err(), "{layers:?}");
        view.learn(saved_with(layers, &view.missing()));
        let bundle = Bundle::new().with(File::new("/d/2").contents("abd"));
        let plans = plan(&bundle, &view, &Facts::default()).expect("it is fetched");
        let diff = plans[0].changes[0].diff.as_deref().unwrap_or_default();
        assert!(diff.contains("-abc") && diff.contains("+abd"), "{layers:?}: {diff}");
    }
}

/// A layer may have something in a directory that it has no entry for: what is no directory below gives way to one.
#[test]
fn what_a_layer_puts_below_a_link_is_in_a_directory_in_its_place() {
    let linked: &[&str] = &["usr/lib/x=1", "lib -> usr/lib"];
    let table: [(Layers<'_>, &str, Option<&str>); 6] = [
        (&[linked, &["lib/y=2"]], "/lib/z", Some("/lib/z")),
        (&[linked, &["lib/a/y=2"]], "/lib/a/z", Some("/lib/a/z")),
        (&[&["lib=1"], &["lib/y=2"]], "/lib/z", Some("/lib/z")),
        (&[linked, &["usr/lib/y=2"]], "/lib/z", Some("/usr/lib/z")),
        // One of the same layer leads to where the engine puts it.
        (&[&["usr/lib/x=1"], &["lib -> usr/lib", "lib/y=2"]], "/lib/z", Some("/usr/lib/z")),
        (&[linked, &["lib/y=2"], &["lib -> nowhere"]], "/lib/z", None),
    ];
    for (layers, path, expected) in table {
        let bundle = Bundle::new().with(File::new(path));
        let planned = plan(&bundle, &saved_view(layers), &Facts::default());
        let planned = planned.ok().map(|all| all[0].changes[0].op.path().to_owned());
        assert_eq!(planned.as_deref(), expected, "{layers:?}");
    }
}

#[test]
fn a_saved_image_is_what_its_layers_leave() {
    let layers = [
        rootfs(&["a/", "a/x=1", "b/", "b/y=2", "c/", "c/z=3", "etc/", "etc/p=old"]),
        rootfs(&["a/.wh.x=", "b/.wh..wh..opq=", "b/n=4", "c=5", "etc/p=new"]),
    ];
    let config = br#"{"architecture":"arm64","os":"linux","config":{"Env":null,"Cmd":["x"]},
        "rootfs":{"type":"layers","diff_ids":["sha256:1","sha256:2"]}}"#;
    let manifest =
        br#"[{"Config":"c.json","RepoTags":null,"Layers":["1/layer.tar","0/layer.tar"]}]"#;
    let gzipped = |bytes: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    };
    for packed in [false, true] {
        let mut tar = Builder::new(Vec::new());
        let mut add = |name: &str, bytes: &[u8]| {
            let mut header = Header::new_gnu();
            header.set_size(bytes.len() as u64);
            tar.append_data(&mut header, name, bytes).unwrap();
        };
        // Not in the order of the layers.
        let upper = if packed { gzipped(&layers[1]) } else { layers[1].clone() };
        add("0/layer.tar", &upper);
        add("1/layer.tar", &layers[0]);
        add("c.json", config);
        add("manifest.json", manifest);
        let saved = tar.into_inner().unwrap();
        let wanted = BTreeSet::from(["/b/n".to_owned()]);
        let saved = SavedImage::read(Cursor::new(saved), &wanted, None).unwrap();
        let list = |path: &str| saved.view.list(path).unwrap();
        assert_eq!(list("/"), ["a", "b", "c", "etc"]);
        assert_eq!((list("/a"), list("/b"), list("/c")), (vec![], vec!["n".to_owned()], vec![]));
        let read = |path: &str| {
            let mut text = String::new();
            saved.view.open(path).unwrap().read_to_string(&mut text).unwrap();
            text
        };
        assert_eq!((read("/etc/p").as_str(), read("/b/n").as_str()), ("new", "4"));
        assert_eq!(saved.base.diff_ids, ["sha256:1", "sha256:2"]);
        assert_eq!(saved.base.config.cmd, Some(vec!["x".to_owned()]));
        // As it is kept between runs.
        let kept = serde_json::to_string(&saved).unwrap();
        let back: SavedImage = serde_json::from_str(&kept).unwrap();
        assert_eq!(back.view.list("/b").unwrap(), ["n"]);
        assert_eq!(back.base, saved.base);
    }
}
