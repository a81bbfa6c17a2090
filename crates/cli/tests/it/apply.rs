//! `windlass apply`: what is shown, what is changed, and how it ends.
//!
//! Invariant: what is there afterwards is read from the disk.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use crate::program::{Ended, Test};

const BUNDLE: &str = "\
vars: {who: world}
resources:
- directory: {path: /srv/www, parents: true}
- file: {path: /srv/www/index.html, contents: \"hello {{ vars.who }}\\n\", mode: 0640}
- link: {path: /www, to: srv/www}
- file: {path: /token, contents: hunter2, mode: 0600}
  sensitive: true
";

/// A directory with a root, and a bundle for it. Without root's rights nobody gives files to root.
fn world(bundle: &str) -> Option<Test> {
    let test = Test::new().file("root/etc/motd", "old\n").file("host.yaml", bundle);
    (fs::metadata(test.directory()).unwrap().uid() == 0).then_some(test)
}

fn apply<const N: usize>(test: Test, more: [&str; N]) -> (Ended, Test) {
    let mut command = test.command();
    command.args(["apply", "host.yaml", "--root", "root"]).args(more);
    command.env("XDG_CACHE_HOME", test.directory().join("cache"));
    let output = command.output().unwrap();
    let words = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap();
    (Ended { stdout: words(output.stdout), stderr: words(output.stderr), code }, test)
}

#[test]
fn an_exit_code_of_a_plan_needs_one() {
    let Some(test) = world(BUNDLE) else { return };
    for more in [&["--exit-code"][..], &["--exit-code", "--yes"]] {
        let mut command = test.command();
        let output = command.args(["apply", "host.yaml", "--root", "root"]).args(more).output();
        let output = output.unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(64), "{said}");
        assert!(said.contains("help: add `--plan`"), "{said}");
    }
    assert!(!test.directory().join("root/srv").exists(), "nothing was changed");
}

#[test]
fn a_directory_needs_no_sudo() {
    let test = Test::new().file("host.yaml", BUNDLE);
    let ended = test.args(["apply", "host.yaml", "--root", ".", "--sudo", "--plan"]).code(64);
    assert!(ended.stderr.contains("--sudo"), "{ended:?}");
}

#[test]
fn what_is_declared_is_planned_then_applied_then_there() {
    let Some(test) = world(BUNDLE) else { return };
    let (planned, test) = apply(test, ["--plan", "--exit-code"]);
    assert_eq!(
        planned.stdout,
        "\
+ directory[/srv/www]: create /srv (mode 0755, owner 0:0)
+ directory[/srv/www]: create (mode 0755, owner 0:0)
+ file[/srv/www/index.html]: create (mode 0640, owner 0:0)
    --- /dev/null
    +++ /srv/www/index.html
    @@ -0,0 +1 @@
    +hello world
+ link[/www]: create (leads to srv/www, owner 0:0)
+ file[/token]: create (mode 0600, owner 0:0)
    what is in it is sensitive, and not shown
4 resources to change, 0 as it shall be.
",
        "{planned:?}"
    );
    assert_eq!(planned.code, 2);
    let (refused, test) = apply(test, []);
    assert_eq!(refused.code, 64, "{refused:?}");
    assert!(refused.stderr.contains("--yes"), "{refused:?}");
    let root = test.directory().join("root");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1, "nothing was changed so far");

    let (applied, test) = apply(test, ["--yes"]);
    assert_eq!((applied.code, applied.stderr.as_str()), (0, "4 resources changed.\n"));
    assert_eq!(fs::read_to_string(root.join("www/index.html")).unwrap(), "hello world\n");
    let mode = |path: &str| fs::metadata(root.join(path)).unwrap().permissions().mode() & 0o7777;
    assert_eq!((mode("token"), mode("srv/www/index.html")), (0o600, 0o640));

    let (again, test) = apply(test, ["--plan", "--exit-code"]);
    assert_eq!(again.stdout, "Nothing to do: everything is as it shall be.\n");
    assert_eq!(again.code, 0);
    let (again, test) = apply(test, []);
    assert_eq!((again.code, again.stderr.as_str()), (0, ""));
    let (other, _) = apply(test, ["--yes", "--set", "who=moon"]);
    assert!(other.stdout.contains("    -hello world\n    +hello moon\n"), "{other:?}");
    assert!(other.stdout.contains("1 resource to change, 3 as it shall be."), "{other:?}");
}

#[test]
fn one_run_changes_a_directory_at_a_time() {
    let Some(test) = world(BUNDLE) else { return };
    let root = test.directory().join("root");
    let other = windlass::bundle::Root::open(&root).unwrap();
    assert!(other.lock().unwrap());
    let (held, test) = apply(test, ["--yes"]);
    assert_eq!(held.code, 3, "{held:?}");
    assert!(held.stderr.contains("another run is at work on root"), "{held:?}");
    assert_eq!(fs::read_dir(&root).unwrap().count(), 1, "nothing was changed, nor left");
    let (planned, test) = apply(test, ["--plan"]);
    assert_eq!(planned.code, 0, "a look waits for nobody: {planned:?}");
    drop(other);
    let (applied, _test) = apply(test, ["--yes"]);
    assert_eq!(applied.code, 0, "{applied:?}");
}

#[test]
fn a_path_that_leads_elsewhere_is_shown_as_what_it_is() {
    let table = [
        ("path: /lib/x", "+ file[/lib/x]: create /usr/lib/x ("),
        ("path: /lib/x, contents: x", "+ file[/lib/x]: create /usr/lib/x ("),
        ("path: /usr/lib/x, contents: x", "+ file[/usr/lib/x]: create ("),
    ];
    for (path, line) in table {
        let bundle = format!("resources:\n- file: {{{path}}}\n");
        let Some(test) = world(&bundle) else { return };
        let root = test.directory().join("root");
        fs::create_dir_all(root.join("usr/lib")).unwrap();
        symlink("usr/lib", root.join("lib")).unwrap();
        let (planned, _) = apply(test, ["--plan"]);
        assert!(planned.stdout.contains(line), "{planned:?}");
    }
}

#[test]
fn nothing_sensitive_is_in_any_output() {
    for more in [["--plan", "-v"], ["--yes", "-v"], ["--output", "json"]] {
        let Some(test) = world(BUNDLE) else { return };
        let (ended, _) = apply(test, more);
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
    }
}

#[test]
fn programs_read_what_is_done() {
    let Some(test) = world("resources:\n- file: {path: /etc/motd, contents: new}\n") else {
        return;
    };
    let (ended, _) = apply(test, ["--yes", "--output", "json"]);
    let lines: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<_> = lines.iter().map(|line| line["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["bundle_plan", "bundle_applied"]);
    let change = &lines[1]["resources"][0]["changes"][0];
    assert_eq!(change["path"], "/etc/motd");
    assert!(change["diff"].as_str().unwrap().contains("-old\n+new"), "{change}");
    assert_eq!(lines[1]["failed"], serde_json::json!([]));
}

#[test]
fn mistakes_have_their_place_and_change_nothing() {
    let table: &[(&str, i32, &[&str])] = &[
        (
            "resources:\n- file: {path: a, mode: 420}\n- fil: /b\n",
            65,
            &["host.yaml:2:", "host.yaml:3:"],
        ),
        (
            "resources:\n- file: /a\n- file: {path: /none/b}\n",
            1,
            &["host.yaml:3:", "there is no directory /none", "declare it before"],
        ),
        ("containers: {}\n", 65, &["unknown key", "no `resources`"]),
    ];
    for (bundle, code, expected) in table {
        let Some(test) = world(bundle) else { return };
        let (ended, test) = apply(test, ["--yes"]);
        assert_eq!(ended.code, *code, "{ended:?}");
        for text in *expected {
            assert!(ended.stderr.contains(text), "{text}: {ended:?}");
        }
        assert!(!test.exists("root/a"));
    }
    let (ended, _) = apply(Test::new().file("host.yaml", BUNDLE), ["--yes"]);
    assert_eq!(ended.code, 64, "{ended:?}");
    assert!(ended.stderr.contains("cannot be opened"), "{ended:?}");
}

/// What can't be done in a directory is refused by the plan, not after it.
#[test]
fn a_plan_refuses_what_can_not_be_done() {
    let table = [
        ("execute: \"true\"", "in a directory nothing can run yet"),
        ("package: tree", "packages are not installed in a directory yet"),
        ("package: {names: tree, manager: apt}", "in a directory nothing can run yet"),
    ];
    for (resource, message) in table {
        let bundle = format!("resources:\n- file: /a\n- {resource}\n");
        let Some(test) = world(&bundle) else { return };
        let (planned, test) = apply(test, ["--plan"]);
        assert_eq!(planned.code, 1, "{planned:?}");
        assert!(planned.stderr.contains(message), "{planned:?}");
        assert!(planned.stderr.contains("only_if: {mode: [") && !planned.stderr.contains("apk"));
        let (refused, _) = apply(test, ["--yes"]);
        assert!(refused.code == 1 && refused.stderr.contains(message), "{refused:?}");
    }
}

#[test]
fn a_plan_says_where_and_how_much() {
    let bundle = "resources:
- tree: {path: /srv, source: site}
- file: {path: /etc/raw, source: raw, backup: .old}
- line: {path: /etc/motd, line: new}
";
    let Some(test) = world(bundle) else { return };
    let test = test.file("site/a/b", "x\n").file("root/etc/raw", "\0").file("raw", "\0\0");
    let (planned, _) = apply(test, ["--plan"]);
    for line in [
        "+ tree[/srv]: create (mode 0755, owner 0:0)",
        "+ tree[/srv]: create /srv/a (mode 0755, owner 0:0)",
        "+ tree[/srv]: create (mode 0644, owner 0:0)",
        "    +++ /srv/a/b",
        "~ file[/etc/raw]: keep what was there /etc/raw.old",
        "    the contents are no text: 1 bytes, sha256 6e340b9cffb3 → 2 bytes, sha256 96a296d224f2",
        "~ line[/etc/motd:new]: change the line",
    ] {
        assert!(planned.stdout.contains(line), "{line}: {}", planned.stdout);
    }
}

#[test]
fn what_is_no_regular_file_is_no_source() {
    let digest = "a".repeat(64);
    let fetch = |url: &str| format!("fetch: {{path: /x, urls: {url}, sha256: {digest}}}");
    let special = "is a pipe, a socket or a device";
    for (resource, code, expected) in [
        ("file: {path: /x, source: fifo}".to_owned(), 65, special),
        ("file: {path: /x, source: /dev/zero}".to_owned(), 65, special),
        ("file: {path: /x, source: fifo}\n  sensitive: true".to_owned(), 65, special),
        (fetch("fifo"), 1, "it is a FIFO"),
        (fetch("/dev/zero"), 1, "it is a device"),
    ] {
        let Some(test) = world(&format!("resources:\n- {resource}\n")) else { return };
        let made = std::process::Command::new("mkfifo").arg(test.directory().join("fifo")).status();
        assert!(made.unwrap().success());
        let (refused, test) = apply(test, ["--yes"]);
        assert_eq!(refused.code, code, "{resource}: {refused:?}");
        assert!(refused.stderr.contains(expected), "{resource}: {refused:?}");
        assert!(!test.directory().join("root/x").exists(), "{resource}");
    }
}
