//! Downloads and archives, the wicked ones, too.

use std::io::Write as _;

use tar::{EntryType, Header};
use windlass_bundle::Fetch;

use crate::place::Place;

/// A type, a name, what is in it or where it leads, and a mode.
type Entry = (EntryType, &'static str, &'static str, u32);

const FILE: EntryType = EntryType::Regular;
const LINK: EntryType = EntryType::Symlink;

/// A tar with just these entries, whatever their names are.
fn tar(entries: &[Entry]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (kind, name, text, mode) in entries {
        let mut header = Header::new_gnu();
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        if is_link {
            header.as_gnu_mut().unwrap().linkname[..text.len()].copy_from_slice(text.as_bytes());
        }
        let text = if is_link { "" } else { text };
        header.set_entry_type(*kind);
        header.set_mode(*mode);
        header.set_size(text.len() as u64);
        header.set_cksum();
        builder.append(&header, text.as_bytes()).unwrap();
    }
    builder.into_inner().unwrap()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    bytes.chunks(700).flat_map(|piece| ruzstd::encoding::compress_to_vec(piece, level)).collect()
}

const GOOD: &[Entry] = &[
    (EntryType::XGlobalHeader, "pax", "11 a=bcdef\n", 0),
    (EntryType::Directory, "./v1/", "", 0o777),
    (FILE, "./v1/bin/tool", "#!", 0o755),
    (FILE, "v1/read me", "text", 0o600),
    (LINK, "v1/to", "/etc/../x", 0o777),
    (EntryType::Link, "v1/same", "./v1/bin/tool", 0o644),
    (FILE, "v1/read me", "text again", 0o600),
];

#[test]
fn what_is_in_an_archive_is_there_then() {
    let plain = tar(GOOD);
    let expected = [
        "o/",
        "o/bin/",
        "o/bin/tool*=#!",
        "o/read me=text again",
        "o/same*=#!",
        "o/to -> /etc/../x",
    ];
    for (name, bytes) in [("a", plain.clone()), ("b", gzip(&plain)), ("c", zstd(&plain))] {
        let place = Place::new();
        let digest = place.write(name, &bytes);
        let fetch = || Fetch::new("/o", place.url(name), &digest).extract(1);
        assert_eq!(place.reach(fetch()).unwrap(), expected, "{name}");
        // It is kept: where it came from may be gone.
        std::fs::remove_file(place.path(name)).unwrap();
        assert_eq!(place.reach(fetch()).unwrap(), expected, "{name}");
        // What was lost of the store is made anew.
        let files = std::fs::read_dir(place.path("store/files")).unwrap();
        for file in files.map(|file| file.unwrap().path()).filter(|path| !path.ends_with(&digest)) {
            std::fs::remove_file(file).unwrap();
        }
        assert_eq!(place.reach(fetch()).unwrap(), expected, "{name}");
        let all = place.reach(Fetch::new("/o", place.url(name), &digest).extract(0)).unwrap();
        assert!(all.contains(&"o/v1/read me=text again".to_owned()), "{all:?}");
        assert_eq!(place.temporary(), 0);
    }
}

#[test]
fn other_programs_make_archives_too() {
    for (pack, name) in [
        (&["zip", "-qry", "../a", "."][..], "a.zip"),
        (&["tar", "-cJf", "../a.tar.xz", "."], "a.tar.xz"),
        (&["tar", "-cf", "../a.tar", "."], "a.tar"),
        (&["python3", "-m", "zipfile", "-c", "../a.zip", "d", "x"], "a.zip"),
    ] {
        let place = Place::new();
        place.write("in/d/y", &[b'y'; 5000]);
        place.write("in/x", b"");
        let is_there = std::process::Command::new(pack[0]).arg("--version").output().is_ok();
        if !is_there {
            continue;
        }
        place.run("in", pack);
        let bytes = std::fs::read(place.path(name)).unwrap();
        let digest = place.write(name, &bytes);
        let all = place.reach(Fetch::new("/o", place.url(name), digest).extract(0)).unwrap();
        let expected =
            ["o/".into(), "o/d/".into(), format!("o/d/y={}", "y".repeat(5000)), "o/x=".into()];
        assert_eq!(all, expected, "{pack:?}");
    }
}

#[test]
fn what_leads_elsewhere_is_refused() {
    let wicked: &[(&[Entry], &str)] = &[
        (&[(FILE, "../x", "", 0o644)], "leads elsewhere"),
        (&[(FILE, "a/../../x", "", 0o644)], "leads elsewhere"),
        (&[(FILE, "/etc/passwd", "", 0o644)], "leads elsewhere"),
        (&[(LINK, "a", "/etc", 0), (FILE, "a/passwd", "", 0o644)], "no directory"),
        (&[(LINK, "a", "..", 0), (EntryType::Directory, "a/b", "", 0o755)], "no directory"),
        (&[(FILE, "a/b", "", 0o644), (LINK, "a", "/etc", 0)], "place of a directory"),
        (&[(FILE, "a", "", 0o644), (FILE, "a/b", "", 0o644)], "no directory"),
        (&[(EntryType::Link, "a", "/etc/shadow", 0)], "leads elsewhere"),
        (&[(EntryType::Link, "a", "b", 0)], "link to no file"),
        (&[(LINK, "l", "x", 0), (EntryType::Link, "a", "l", 0)], "link to no file"),
        (&[(EntryType::Char, "null", "", 0o666)], "device"),
        (&[(EntryType::Block, "sda", "", 0o666)], "device"),
        (&[(EntryType::Fifo, "f", "", 0o666)], "FIFO"),
        (&[], "no archive"),
    ];
    for (entries, expected) in wicked {
        let place = Place::new();
        let digest = place.write("a", &tar(entries));
        let error = place.reach(Fetch::new("/o", place.url("a"), digest).extract(0)).unwrap_err();
        assert!(error.contains(expected), "{entries:?}: {error}");
        assert_eq!(place.temporary(), 0);
        assert_eq!(std::fs::read_dir(place.path("store/trees")).unwrap().count(), 0);
    }
    for bytes in [
        &b"no archive at all"[..],
        b"\x1f\x8bnot",
        b"PK\x05\x06",
        b"PK\x03\x04xx",
        b"\x28\xb5\x2f\xfd?",
    ] {
        let place = Place::new();
        let digest = place.write("a", bytes);
        place.reach(Fetch::new("/o", place.url("a"), digest).extract(0)).unwrap_err();
    }
}

#[test]
fn what_strip_would_lose_is_said() {
    type Case = (Vec<Entry>, u32, Result<&'static [&'static str], &'static str>);
    let directory = |name| (EntryType::Directory, name, "", 0o755);
    let table: Vec<Case> = vec![
        (vec![(FILE, "a/x", "1", 0o644), (FILE, "b/x", "2", 0o644)], 1, Err("same as a/x")),
        (vec![(FILE, "a/x", "1", 0o644), (LINK, "b/x", "y", 0)], 1, Err("same as a/x")),
        (vec![(FILE, "a/x", "1", 0o644), directory("b/x")], 1, Err("same as a/x")),
        (vec![(FILE, "a/x", "1", 0o644), directory("a")], 2, Err("`strip: 2` leaves nothing")),
        (
            vec![directory("a/x"), directory("b/x"), (FILE, "b/x/y", "", 0o644)],
            1,
            Ok(&["o/", "o/x/", "o/x/y="]),
        ),
        (vec![(FILE, "a/x", "1", 0o644), (FILE, "a/x", "2", 0o644)], 1, Ok(&["o/", "o/x=2"])),
        (vec![directory("./")], 0, Ok(&["o/"])),
    ];
    for (entries, strip, expected) in table {
        let place = Place::new();
        let digest = place.write("a", &tar(&entries));
        let found = place.reach(Fetch::new("/o", place.url("a"), digest).extract(strip));
        match expected {
            Ok(expected) => assert_eq!(found.unwrap(), expected, "{entries:?}"),
            Err(expected) => {
                let error = found.unwrap_err();
                assert!(error.contains(expected), "{entries:?}: {error}");
            }
        }
    }
}

#[test]
fn a_file_is_what_its_digest_says() {
    let place = Place::new();
    let digest = place.write("a", b"text");
    let other = "0".repeat(64);
    let error = place.reach(Fetch::new("/x", place.url("a"), &other)).unwrap_err();
    let said = format!(
        "its SHA-256 is {digest}, not {other} [sha256] if that is the file you want, write `sha256: {digest}`"
    );
    assert!(error.contains(&said), "{error}");
    assert_eq!(std::fs::read_dir(place.path("store/files")).unwrap().count(), 0);
    assert_eq!(place.temporary(), 0);
    let error = place.reach(Fetch::new("/x", place.url("none"), &digest)).unwrap_err();
    assert!(error.contains("No such file") && error.contains("[urls]"), "{error}");
    // A port that nobody listens at.
    let elsewhere = Fetch::new("/x", "http://127.0.0.1:1/a", &digest);
    assert!(place.reach(elsewhere.clone()).unwrap_err().contains("127.0.0.1"));
    let found = place.reach(elsewhere.or_from(place.url("a")).mode(0o755));
    assert_eq!(found.unwrap(), ["x*=text"]);
}

#[test]
fn a_download_is_had_over_http() {
    use std::io::{BufRead as _, BufReader};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        for answer in [
            "HTTP/1.1 404 no\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntext",
            "HTTP/1.1 302 there\r\nLocation: /b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 ok\r\nContent-Length: 4\r\nConnection: close\r\n\r\ntext",
        ] {
            let (mut stream, _) = listener.accept().unwrap();
            let lines = BufReader::new(stream.try_clone().unwrap()).lines();
            for line in lines.map_while(Result::ok) {
                if line.is_empty() {
                    break;
                }
            }
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let place = Place::new();
    let digest = place.write("same", b"text");
    let url = |name: &str| format!("http://127.0.0.1:{port}/{name}");
    let fetch = Fetch::new("/x", url("gone"), digest).or_from(url("a"));
    assert_eq!(place.reach(fetch).unwrap(), ["x=text"]);
    served.join().unwrap();
}
