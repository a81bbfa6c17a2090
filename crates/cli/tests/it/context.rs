//! `dockerfile` and `context`: what a build is made from, without an engine.

use crate::program::Test;
use std::io::Read;

const FILE: &str = r#"
name: p
images:
  app:
    commands:
      - [FROM, scratch]
      - [ADD, {content: "hello\n", dest: /greet}]
      - [COPY, "a /a"]
    context: {dir: files}
  bare: {import: files}
"#;

fn test() -> Test {
    Test::new().file("windlass.yaml", FILE).file("files/a", "text").file("files/b c", "more")
}

/// Paths and contents of a tar.
fn entries(tar: impl Read) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(tar);
    let read = |entry: std::io::Result<tar::Entry<'_, _>>| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().display().to_string(), text)
    };
    archive.entries().unwrap().map(read).collect()
}

#[test]
fn a_dockerfile_is_shown_without_its_context() {
    let text = "FROM scratch\nCOPY .windlass/9d33528ee16e7238-greet /greet\nCOPY a /a\n";
    let alone = Test::new().file("windlass.yaml", FILE);
    assert_eq!(alone.args(["dockerfile", "app"]).code(0).stdout, text);
}

#[test]
fn a_context_has_all_that_a_build_sees() {
    let directory = tempfile::tempdir().unwrap();
    let out = directory.path().join("out.tar");
    let ended = test().args(["context", "app", "-o", out.to_str().unwrap()]).run();
    assert_eq!((ended.code, ended.stdout.as_str()), (0, ""), "{}", ended.stderr);
    let tar = std::fs::read(&out).unwrap();
    let found = entries(tar.as_slice());
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    let greet = ".windlass/9d33528ee16e7238-greet";
    let expected = [".dockerignore", ".windlass", greet, ".windlass.Dockerfile", "a", "b c"];
    assert_eq!(names, expected);
    assert!(found.contains(&(greet.to_owned(), "hello\n".to_owned())));
    assert!(found.contains(&("a".to_owned(), "text".to_owned())));
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1, "only what was asked for");
}

#[test]
fn what_is_left_out_is_said() {
    let test = Test::new()
        .file("windlass.yaml", "name: p\nimages: {a: {context: ., commands: [FROM scratch]}}\n");
    let socket =
        std::os::unix::net::UnixListener::bind(test.directory().join("soc\u{1b}ket")).unwrap();
    let ended = test.args(["context", "a", "-o", "/dev/null"]).code(0);
    drop(socket);
    let said = "warning: soc\\u{1b}ket is left out: it is a pipe, a socket or a device";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}

#[test]
fn what_can_not_be_had_is_said() {
    for (words, code, says) in [
        (&["dockerfile", "ap"][..], 64, "did you mean `app`?"),
        (&["dockerfile", "bare"], 64, "image bare is not built"),
        (&["context", "bare", "-o", "x"], 64, "image bare is not built"),
        (&["context", "app", "-o", "nowhere/x"], 1, "could not write nowhere/x"),
        (&["--output", "json", "context", "app"], 64, "where JSON goes"),
    ] {
        let ended = words.iter().fold(test(), |test, word| test.args([*word])).run();
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.code, code, "{words:?}: {said}");
        assert!(said.contains(says), "{words:?}: {said}");
    }
}

#[test]
fn what_no_builder_can_do_is_in_no_dockerfile() {
    let file = "name: p\nsecrets: {k: {env: K}}\nimages:\n  a:\n    from: scratch\n    resources:\n    - execute: {command: x, @}\n";
    for (key, says) in
        [("secrets: {K: k}", "is given secrets"), ("network: false", "runs without network")]
    {
        for words in [&["dockerfile", "a"][..], &["context", "a", "-o", "x"]] {
            let test = Test::new().file("windlass.yaml", &file.replace('@', key));
            let ended = words.iter().fold(test, |test, word| test.args([*word])).run();
            assert_eq!(ended.code, 65, "{words:?}: {ended:?}");
            assert!(ended.stderr.contains(says) && ended.stdout.is_empty(), "{ended:?}");
        }
    }
}

#[test]
fn a_document_is_of_one_image_and_goes_to_one_place() {
    let image = |name: &str| format!("  {name}: {{from: scratch, resources: [file: /a]}}\n");
    let file = format!("name: p\nimages:\n{}{}", image("a"), image("b"));
    for (words, says) in [
        (&["build", "--sbom", "x"][..], "windlass build IMAGE --sbom FILE"),
        (&["--output", "json", "build", "a", "--sbom", "-"], "where JSON goes"),
    ] {
        let test = Test::new().file("windlass.yaml", &file);
        let ended = words.iter().fold(test, |test, word| test.args([*word])).code(64);
        assert!(format!("{ended:?}").contains(says), "{ended:?}");
    }
}

/// Who has the context alone has no image of the project.
#[test]
fn a_base_that_nobody_else_has_is_said() {
    let file = "name: p\nimages:\n  base: {commands: [FROM scratch, ENV A=b]}\n  \
                plain: {commands: ['FROM {{ images.base }}']}\n  \
                app: {from: '{{ images.base }}', resources: [file: /a]}\n  \
                alone: {from: scratch, resources: [file: /a]}\n";
    let project = || Test::new().file("windlass.yaml", file);
    for (image, warns) in [("app", true), ("plain", true), ("alone", false)] {
        let ended = project().args(["context", image, "-o", "/dev/null"]).code(0);
        let said = "built on the image base of this project";
        assert_eq!(ended.stderr.contains(said), warns, "{image}: {}", ended.stderr);
    }
    let text = project().args(["dockerfile", "app"]).code(0).stdout;
    let expected = "FROM p/base:latest\n# That is the image base of the same project:";
    assert!(text.starts_with(expected), "{text}");
}

/// A builder's containers have hosts of their own; and what is sensitive is in the context as it is.
#[test]
fn a_context_of_resources_is_private_and_has_nothing_of_the_engine() {
    let file = |path: &str| {
        let resource = format!("{{file: {{path: {path}, contents: x}}}}");
        Test::new().file(
            "windlass.yaml",
            &format!("name: p\nimages: {{a: {{from: scratch, resources: [{resource}]}}}}\n"),
        )
    };
    let test = file("/etc/hosts").args(["context", "a", "-o", "x.tar"]);
    let ended = test.run();
    assert_eq!(ended.code, 65, "{}", ended.stderr);
    assert!(ended.stderr.contains("no builder keeps it"), "{}", ended.stderr);
    let test = file("/etc/host").args(["context", "a", "-o", "x.tar"]);
    test.run();
    let mode = std::fs::metadata(test.directory().join("x.tar")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777, 0o600);
}
