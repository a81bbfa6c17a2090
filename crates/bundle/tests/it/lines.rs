//! Lines and blocks: what is around them is kept.

use crate::target::{Target, one};
use proptest::prelude::*;
use windlass_bundle::{Block, Line, LinePolicy, Resource};

fn line(line: &str) -> Line {
    Line::new("/f", line)
}

fn block(contents: &str) -> Block {
    Block::new("/f", contents)
}

/// What the file is after it.
fn after(before: Option<&[u8]>, resource: Resource) -> Result<Vec<u8>, String> {
    let target = Target::new(&[]);
    if let Some(before) = before {
        std::fs::write(target.path("f"), before).unwrap();
    }
    target.reach(&one(resource)).map_err(|errors| errors[0].message.clone())?;
    Ok(std::fs::read(target.path("f")).unwrap_or_default())
}

#[test]
fn a_line_is_there_and_the_rest_as_it_was() {
    let removed = || Line { policy: LinePolicy::Remove, ..line("b") };
    let table: Vec<(&[u8], Line, &[u8])> = vec![
        (b"FOO 1\nBAR 2\nBAZ 3", line("QUX 2").matching("^QUX"), b"FOO 1\nBAR 2\nBAZ 3\nQUX 2"),
        (b"FOO 1\nBAR 2\nBAZ 3\n", line("BAR 9").matching("^BAR"), b"FOO 1\nBAR 9\nBAZ 3\n"),
        (b"FOO 1\nBAR 2\nBAZ 3", Line::removed("/f", "^BAR"), b"FOO 1\nBAZ 3"),
        (b"X\n", line("Y").matching("^NOMATCH"), b"X\nY\n"),
        (b"X\r\nZ\r\n", line("Y"), b"X\r\nY\r\nZ\r\n"),
        (b"X\r\nZ\r\n", line("Y").matching("Z"), b"X\r\nY\r\n"),
        (b"X\r\nZ", line("Y"), b"X\r\nZ\r\nY"),
        (b"X\nZ", line("Y").matching("Z"), b"X\nY"),
        (b"X\nZ", Line::removed("/f", "Z"), b"X"),
        (b"", line("Y"), b"Y\n"),
        (b"", line("").matching("a"), b"\n"),
        (b"caf\xe9\nx\n", line("y\u{e9}").matching("^caf\u{e9}$"), b"y\xe9\nx\n"),
        (b"\xff\xfe\n", line("y"), b"\xff\xfe\ny\n"),
        (b"\xef\xbb\xbfa=1\n", line("a=1"), b"\xef\xbb\xbfa=1\n"),
        (b"\xef\xbb\xbfa=1\n", line("a=2").matching("^a="), b"\xef\xbb\xbfa=2\n"),
        (b"\xef\xbb\xbfa=1\n", line("b").before("^a"), b"\xef\xbb\xbfb\na=1\n"),
        (b"\xef\xbb\xbfb\n", removed(), b"\xef\xbb\xbf"),
        (b"\xef\xbb\xbf", line("b"), b"\xef\xbb\xbfb\n"),
        (b"\xef\xbb\xbfcaf\xe9\n", line("x").matching("^caf"), b"\xef\xbb\xbfx\n"),
        (b"a=1\na=2\n", line("a=3").matching("^a="), b"a=3\na=2\n"),
        (b"a=1\nb\na=2\n", line("a=3").matching("^a=").all(), b"a=3\nb\na=3\n"),
        (b"#a\n#a\n", line("a").matching("^#a"), b"a\n#a\n"),
        (b"[x]\n[y]\n", line("k").after("^.x"), b"[x]\nk\n[y]\n"),
        (b"[x]\n[y]\n", line("k").before("^.x"), b"k\n[x]\n[y]\n"),
        (b"[x]\n[y]", line("k").after("^.y"), b"[x]\n[y]\nk"),
        (b"[x]\n", line("k").after("none"), b"[x]\nk\n"),
        (b"a\nb\nc\nb\n", removed(), b"a\nc\n"),
        (b"a\nbb\n", removed(), b"a\nbb\n"),
        (b"b\n", removed(), b""),
    ];
    for (before, mut line, expected) in table {
        if before == b"X\r\nZ\r\n" && line.matches.is_none() {
            line = line.before("Z");
        }
        let text = format!("{line:?}");
        let after = after(Some(before), line.into()).unwrap();
        assert_eq!(String::from_utf8_lossy(&after), String::from_utf8_lossy(expected), "{text}");
        assert_eq!(after, expected, "{text}");
    }
}

#[test]
fn a_block_is_between_its_markers() {
    let text = "# BEGIN windlass\na\nb\n# END windlass\n";
    let bare = text.trim_end();
    let crlf = text.replace('\n', "\r\n");
    let other = "<!-- {mark} x -->";
    let table: Vec<(String, Block, String)> = vec![
        ("x\n".into(), block("a\nb\n"), format!("x\n{text}")),
        ("x".into(), block("a\nb"), format!("x\n{bare}")),
        ("x\r\n".into(), block("a\nb"), format!("x\r\n{crlf}")),
        (format!("x\r\n{crlf}"), block("a\r\nb\r\n"), format!("x\r\n{crlf}")),
        (format!("1\n{text}2\n"), block("c"), "1\n# BEGIN windlass\nc\n# END windlass\n2\n".into()),
        (format!("1\n{bare}"), block("c"), "1\n# BEGIN windlass\nc\n# END windlass".into()),
        (format!("1\n{text}2"), Block::removed("/f"), "1\n2".into()),
        (format!("1\n{bare}"), Block::removed("/f"), "1".into()),
        ("1\n2\n".into(), block("a\nb").after("1"), format!("1\n{text}2\n")),
        ("1\n2\n".into(), block("a\nb").before("1"), format!("{text}1\n2\n")),
        (
            text.into(),
            block("c").marker(other),
            format!("{text}<!-- BEGIN x -->\nc\n<!-- END x -->\n"),
        ),
        (
            format!("\u{feff}{text}"),
            block("c"),
            "\u{feff}# BEGIN windlass\nc\n# END windlass\n".into(),
        ),
        ("x\n".into(), block(""), "x\n# BEGIN windlass\n# END windlass\n".into()),
    ];
    for (before, block, expected) in table {
        let text = format!("{before:?} {block:?}");
        let after = after(Some(before.as_bytes()), block.into()).unwrap();
        assert_eq!(String::from_utf8(after).unwrap(), expected, "{text}");
    }
}

#[test]
fn a_file_that_is_not_there_is_only_made_if_that_is_said() {
    for (resource, expected) in [
        (line("x").create().into(), Ok("x\n")),
        (block("x").create().into(), Ok("# BEGIN windlass\nx\n# END windlass\n")),
        (line("x").into(), Err("there is no file /f")),
        (block("x").into(), Err("there is no file /f")),
        (Resource::from(Line::removed("/f", "x")), Ok("")),
        (Block::removed("/f").into(), Ok("")),
    ] {
        let after = after(None, resource).map(|after| String::from_utf8(after).unwrap());
        assert_eq!(after.as_deref().map_err(|error| &**error), expected);
    }
}

#[test]
fn what_can_not_be_edited_is_left_alone() {
    let table: Vec<(&[u8], Resource, &str)> = vec![
        (b"x", line("a\nb").into(), "one line"),
        (b"x", line("a").matching("(").into(), "no regular expression"),
        (b"x", line("a").after("a").before("b").into(), "either"),
        (b"x", Line { line: None, ..line("") }.into(), "no line"),
        (b"x", Line { line: Some("x".into()), ..Line::removed("/f", "a") }.into(), "either"),
        (b"\xff", line("\u{2603}").into(), "not in Latin-1"),
        (b"# BEGIN windlass\nx\n", block("a").into(), "does not end"),
        (b"# END windlass\nx\n", block("a").into(), "does not begin"),
        (b"# END windlass\n# BEGIN windlass\n", block("a").into(), "ends before"),
        (b"x", block("# END windlass").into(), "marker of their own"),
        (b"x", block("a").marker("#").into(), "`{mark}` in it"),
        (b"x", Line { mode: 0o600, ..line("a") }.into(), "`mode` is that of a file that is made"),
        (b"x", Block { owner: Some(0.into()), ..block("a") }.into(), "`owner` is that of a file"),
        (b"x", Line { group: Some(0.into()), ..Line::removed("/f", "x") }.into(), "`group` is"),
    ];
    for (before, resource, expected) in table {
        let error = after(Some(before), resource).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_edited_file_keeps_owner_and_mode() {
    use std::os::unix::fs::PermissionsExt as _;
    let target = Target::new(&["f=x\n"]);
    std::fs::set_permissions(target.path("f"), std::fs::Permissions::from_mode(0o600)).unwrap();
    target.reach(&one(line("y"))).unwrap();
    assert_eq!(target.entries(), ["f 600=x\ny\n"]);
    // Others that are said are for a file that is made; that they change nothing is said.
    for (resource, expected) in [
        (Line { mode: 0o640, ..line("z").create() }.into(), "change the line, the mode stays 0600"),
        (line("z2").create().into(), "change the line"),
        (
            Resource::from(Block { mode: 0o640, ..block("b").create() }),
            "change the block, the mode stays 0600",
        ),
    ] {
        let planned = target.reach(&one(resource)).unwrap();
        assert_eq!(planned[0].changes[0].reason, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_put_in_and_taken_out_leaves_the_same_bytes(
        before in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..40),
    ) {
        // A character that no byte before has: the line and the markers are only ours.
        let before: Vec<u8> = before.into_iter().filter(|byte| *byte != b'@').collect();
        // Behind a last `\r` a line end would become another one.
        prop_assume!(!before.ends_with(b"\r"));
        let with = after(Some(&before), line("@").into()).unwrap();
        prop_assert!(with.contains(&b'@'));
        prop_assert_eq!(&after(Some(&with), Line::removed("/f", "^@$").into()).unwrap(), &before);
        let block = || block("1\n2").marker("@{mark}");
        let with = after(Some(&before), block().into()).unwrap();
        let gone = Block { policy: windlass_bundle::BlockPolicy::Remove, contents: String::new(), ..block() };
        prop_assert_eq!(&after(Some(&with), gone.into()).unwrap(), &before);
    }
}
