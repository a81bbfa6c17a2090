//! The Dockerfile builder and its build context: what is written reads back the same, and what is added is there.
//!
//! Invariant: what was written is read by the parser and by JSON, never by the code that wrote it.

use std::io::Read as _;

use proptest::prelude::*;
use windlass_image::dockerfile::{Copy, Dockerfile, Mount, ParsedDockerfile, Run, Word};
use windlass_image::image_build::{Compression, ImageBuild, ImageBuildError};

/// What an instruction of a shell line or of the exec form hands to the shell of Linux.
fn script(text: &str) -> String {
    match serde_json::from_str::<Vec<String>>(text) {
        Ok(words) => words.last().cloned().unwrap_or_default(),
        Err(_) => text.to_owned(),
    }
}

/// Quotes and escapes of a builder's word taken away; there is no variable in it.
fn unquoted(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars();
    let mut quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '"' => quoted = !quoted,
            '\\' => out.extend(characters.next()),
            '$' => panic!("a variable in {text}"),
            ' ' if !quoted => panic!("two words in {text}"),
            other => out.push(other),
        }
    }
    out
}

proptest! {
    #[test]
    fn what_is_written_is_what_is_read(
        text in "[a-z '\"\\\\$#\\[\\]{}<>=,;&|\t\u{fc}-]{1,24}",
        broken in "[a-z \n\\\\\"'$\\[-]{1,24}",
    ) {
        prop_assume!(!text.trim().is_empty() && !broken.trim().is_empty());
        let file = Dockerfile::from("x")
            .env("NAME", Word::literal(&text))
            .label(Word::literal(&text), Word::literal(&text))
            .workdir(Word::literal(&text))
            .run(&broken)
            .cmd_shell(&text)
            .entrypoint([&broken, &text])
            .copy([Word::literal(&text)], Word::literal("/to"))
            .run("last");
        let written = file.text().unwrap();
        let parsed = ParsedDockerfile::parse(&written).unwrap();
        let found: Vec<&str> = parsed.instructions.iter().map(|i| i.keyword.as_str()).collect();
        prop_assert_eq!(found, ["FROM", "ENV", "LABEL", "WORKDIR", "RUN", "CMD", "ENTRYPOINT", "COPY", "RUN"]);
        let read: Vec<&str> = parsed.instructions.iter().map(|i| i.text.as_str()).collect();
        prop_assert!(parsed.instructions.iter().all(|i| i.flags.is_empty() && i.heredocs.is_empty()));
        prop_assert_eq!(unquoted(&read[1]["NAME=".len()..]), text.clone());
        let double = unquoted(read[2]);
        prop_assert_eq!(double, format!("{text}={text}"));
        prop_assert_eq!(unquoted(read[3]), text.clone());
        prop_assert_eq!(script(read[4]).trim().to_owned(), broken.trim());
        prop_assert_eq!(script(read[5]).trim().to_owned(), text.trim());
        let exec: Vec<String> = serde_json::from_str(read[6]).unwrap();
        prop_assert_eq!(exec, [broken, text.clone()]);
        // A string of a list is a word whatever its spaces.
        let source = match serde_json::from_str::<Vec<String>>(read[7]) {
            Ok(words) => unquoted(&format!("\"{}\"", words[0])),
            Err(_) => unquoted(read[7].split_whitespace().next().unwrap()),
        };
        prop_assert_eq!(source, text);
    }
}

#[test]
fn every_phrase() {
    let mount = Mount::cache("/var/cache/apt").sharing("locked");
    let secret = Mount::secret("token").required().mode(0o400);
    let file = Dockerfile::from_as("debian:12", "build")
        .syntax("docker/dockerfile:1")
        .comment("")
        .run_all(["a", "b"])
        .run_join(["c", "d"])
        .prefix("LABEL", ["x=1", "", "y=2"])
        .blank()
        .run_with(&Run::new("apt-get update").mount(&mount).mount(&secret).network("none"))
        .run_with(
            &Run::new("x").mount(&Mount::bind("/src").from("build").source("/a,b").read_only()),
        )
        .run_with(&Run::new("x").mount(&Mount::ssh()).mount(&Mount::tmpfs("/t")))
        .as_user("app", "root", |file| file.run("id"))
        .copy_with(&Copy::new(["a"], "/b").from("build").chown("1:2").chmod(0o640))
        .add_volume("/data")
        .labels([("a", "b"), ("c", "d e")])
        .envs([("A", "1")])
        .onbuild(|file| file.run("[ x ]").copy(["."], "/app"))
        .remove(["/tmp/x y"])
        .copy_heredoc("EOF\n$x", "/file")
        .cmd_shell("[ -f x ] && y")
        .entrypoint_shell("exec server $OPTIONS");
    let wanted = r#"# syntax=docker/dockerfile:1
FROM debian:12 AS build
#
RUN a
RUN b
RUN c && d
LABEL x=1

LABEL y=2

RUN --mount=type=cache,target=/var/cache/apt,sharing=locked --mount=type=secret,id=token,required=true,mode=0400 --network=none apt-get update
RUN --mount=type=bind,target=/src,from=build,"source=/a,b",readonly=true x
RUN --mount=type=ssh --mount=type=tmpfs,target=/t x
USER app
RUN id
USER root
COPY --from=build --chown=1:2 --chmod=0640 a /b
VOLUME ["/data"]
LABEL a=b
LABEL c="d e"
ENV A=1
ONBUILD RUN ["/bin/sh", "-c", "[ x ]"]
ONBUILD COPY . /app
RUN ["rm", "-rf", "--", "/tmp/x y"]
COPY <<"EOF_" /file
EOF
$x
EOF_
CMD ["/bin/sh", "-c", "[ -f x ] && y"]
ENTRYPOINT exec server $OPTIONS
"#;
    assert_eq!(file.text().unwrap(), wanted);
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mount = |mount: Mount| Dockerfile::from("x").run_with(&Run::new("y").mount(&mount));
    for (file, says) in [
        (Dockerfile::from("x\nRUN y"), "line 1: a line break cannot be written here"),
        (Dockerfile::from(" "), "line 1: an instruction must not be empty"),
        (Dockerfile::from("x").env("A B", "1"), "line 2: \"A B\" is not a variable's name"),
        (Dockerfile::from("x").label("a", "b\nc"), "line 2: a line break cannot be written here"),
        (Dockerfile::from("x").expose("80\nRUN y"), "line 2: a line break cannot be written here"),
        (Dockerfile::from("x").cmd_shell(" "), "line 2: a command must not be empty"),
        (
            Dockerfile::from("x").copy_from("a b", "/x", "/y"),
            "line 2: --from cannot have white space",
        ),
        (mount(Mount::cache("/a b")), "line 2: target of a mount cannot have white space"),
        (mount(Mount::cache("")), "line 2: a value of a mount must not be empty"),
        (
            Dockerfile::from("x").onbuild(|file| file.add_bytes("x", "x", "/x")),
            "line 2: ONBUILD sees the build context of the image that is built on this one: nothing can be added to it here",
        ),
    ] {
        assert_eq!(file.text().unwrap_err().to_string(), says);
    }
}

fn unpacked(tar: impl std::io::Read) -> Vec<(String, String, u64)> {
    let mut archive = tar::Archive::new(tar);
    let mut all = Vec::new();
    for entry in archive.entries().expect("a whole tar") {
        let mut entry = entry.expect("a whole tar");
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).expect("a whole tar");
        let path = entry.path().expect("a whole tar").display().to_string();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        all.push((path, text, entry.header().mtime().expect("a whole tar")));
    }
    all
}

#[test]
fn what_a_dockerfile_adds_is_in_its_context() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    std::fs::create_dir_all(at("other/conf")).unwrap();
    std::fs::write(at("conf"), "one").unwrap();
    std::fs::write(at("other/conf/in ner"), "two").unwrap();
    std::fs::write(at("we[i]rd *"), "three").unwrap();
    std::fs::write(at("empty.tar.gz"), b"\x1f\x8b and so on").unwrap();
    let file = Dockerfile::from("debian:12")
        .add_file(at("conf"), "/etc/conf")
        .add_file(at("conf"), "/etc/again")
        .add_file(at("other/conf"), "/etc/conf.d")
        .add_file_with(at("we[i]rd *"), Copy::to("/w").chown("1"))
        .add_bytes("four", "made", "/made")
        .add_archive(at("empty.tar.gz"), "/opt");
    let wanted = "FROM debian:12\nCOPY conf /etc/conf\nCOPY conf /etc/again\nCOPY 2/conf /etc/conf.d\n\
                  COPY --chown=1 [\"we[[]i]rd [*]\", \"/w\"]\nCOPY made /made\nADD empty.tar.gz /opt\n";
    let build = ImageBuild::new(&file).unwrap().add_bytes("more/x", "five").unwrap();
    assert_eq!(build.dockerfile(), wanted);

    let mut plain = Vec::new();
    build.write(&mut plain, Compression::None).unwrap();
    let found = unpacked(plain.as_slice());
    let names: Vec<&str> = found.iter().map(|(name, ..)| name.trim_end_matches('/')).collect();
    let names_wanted = [
        "2",
        "2/conf",
        "2/conf/in ner",
        "conf",
        "empty.tar.gz",
        "made",
        "more",
        "more/x",
        "we[i]rd *",
        "Dockerfile",
    ];
    assert_eq!(names, names_wanted);
    assert!(found.iter().all(|(.., date)| *date == 0), "the same bytes tomorrow: {found:?}");
    assert_eq!((found[2].1.as_str(), found[3].1.as_str()), ("two", "one"));
    assert_eq!(found[9].1, wanted);

    // However it is packed and handed out, the same bytes come out, each time.
    for compression in [Compression::None, Compression::Gzip, Compression::Zstd] {
        let mut read = Vec::new();
        build.reader(compression).read_to_end(&mut read).unwrap();
        build.save(at("saved"), compression).unwrap();
        assert_eq!(std::fs::read(at("saved")).unwrap(), read, "{compression:?}");
        let mut again = Vec::new();
        let mut rest = read.as_slice();
        match compression {
            Compression::None => again = read,
            Compression::Gzip => {
                flate2::read::GzDecoder::new(rest).read_to_end(&mut again).unwrap();
            }
            Compression::Zstd => {
                while !rest.is_empty() {
                    let mut frame = ruzstd::decoding::StreamingDecoder::new(&mut rest).unwrap();
                    frame.read_to_end(&mut again).unwrap();
                }
            }
        }
        assert!(again == plain, "{compression:?}");
    }
    let left: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(left.len(), 5, "nothing but what was saved is left: {left:?}");
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let plain = directory.path().join("plain.zip");
    std::fs::write(&plain, "PK").unwrap();
    let archive = ImageBuild::new(&Dockerfile::from("x").add_archive(&plain, "/"));
    assert!(matches!(archive, Err(ImageBuildError::NotAnArchive { .. })), "{archive:?}");
    let absent = ImageBuild::new(&Dockerfile::from("x").add_file("/nowhere/at/all", "/"));
    assert!(matches!(absent, Err(ImageBuildError::Read { .. })), "{absent:?}");
    let without = ImageBuild::new(&Dockerfile::global().run("x"));
    assert!(matches!(without, Err(ImageBuildError::Dockerfile { .. })), "{without:?}");
    let build = ImageBuild::of_text("FROM x").unwrap().add_bytes("Dockerfile", "FROM y").unwrap();
    let taken = build.write(Vec::new(), Compression::None);
    assert!(matches!(taken, Err(ImageBuildError::Taken(_))), "{taken:?}");
    let named = build.dockerfile_name("build/Dockerfile").unwrap();
    named.write(Vec::new(), Compression::None).unwrap();
    let twice = named.add_bytes("Dockerfile", "FROM z");
    assert!(matches!(twice, Err(ImageBuildError::Taken(_))), "{twice:?}");
}
