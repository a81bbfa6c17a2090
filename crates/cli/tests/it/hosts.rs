//! `windlass apply --host`: a bundle on a machine, over a real ssh.
//!
//! Invariant: what is there afterwards is read from the host's files, not from what the program says.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use crate::cases::{CASES, FILES, Placed, groups};
use crate::program::{Ended, Test};
use crate::sshd::{Kind, Sshd};

/// With a bundle and the files that it names.
fn with_files(test: Test, resources: &str) -> Test {
    let test = test.file("host.yaml", &format!("resources:\n{resources}\n"));
    FILES.iter().fold(test, |test, (name, text)| test.file(name, text))
}

/// Makes what is there before, and nothing else below its own directory.
fn prepare(root: &Path, placed: &Placed) {
    let top = root.join(&placed.top);
    let _ = fs::remove_dir_all(&top);
    fs::create_dir_all(&top).unwrap();
    for (name, text) in placed.case.before {
        let path = place(root, placed, name);
        if name.ends_with('/') {
            fs::create_dir(path).unwrap();
        } else if let Some(to) = text.strip_prefix("-> ") {
            symlink(to, path).unwrap();
        } else {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
}

/// Where what a case calls so is.
fn place(root: &Path, placed: &Placed, name: &str) -> PathBuf {
    match name.strip_prefix('/') {
        Some(name) => root.join(name),
        None => root.join(&placed.top).join(name),
    }
}

fn found(top: &Path) -> BTreeMap<String, String> {
    let (mut all, mut rest) = (BTreeMap::new(), vec![top.to_owned()]);
    while let Some(directory) = rest.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let mode = metadata.mode() & 0o7777;
            let owner = match (metadata.uid(), metadata.gid()) {
                (0, 0) => String::new(),
                (user, group) => format!("{user}:{group} "),
            };
            let what = if metadata.is_symlink() {
                format!("-> {}", fs::read_link(&path).unwrap().display())
            } else if metadata.is_dir() {
                rest.push(path);
                format!("{mode:04o} {owner}/")
            } else {
                format!("{mode:04o} {owner}{}", fs::read_to_string(&path).unwrap())
            };
            all.insert(name, what);
        }
    }
    all
}

fn apply(test: &Test, more: &[&str]) -> Ended {
    let mut command = test.command();
    command.args(["apply", "host.yaml"]).args(more);
    let output = command.output().unwrap();
    let words = |bytes| String::from_utf8(bytes).unwrap();
    let code = output.status.code().unwrap_or(-1);
    Ended { stdout: words(output.stdout), stderr: words(output.stderr), code }
}

/// Applies one bundle for some cases, and looks at what each became.
fn become_as(placed: &[Placed], test: Test, root: &Path, words: &[&str]) {
    let title: Vec<_> = placed.iter().map(|one| one.case.name).collect();
    let title = format!("{}, {}", words[0], title.join("; "));
    let bundle: Vec<_> = placed.iter().map(|one| one.moved(one.case.bundle)).collect();
    let test = with_files(test, &bundle.join("\n"));
    for one in placed {
        prepare(root, one);
    }
    let all = || placed.iter().map(|one| found(&root.join(&one.top))).collect::<Vec<_>>();
    let before = all();
    if let Some(says) = placed[0].case.fails {
        let applied = apply(&test, &[words, &["--yes"]].concat());
        assert_eq!((applied.code, all()), (1, before), "{title}: {applied:?}");
        assert!(applied.stderr.contains(&placed[0].moved(says)), "{title}: {applied:?}");
        assert!(applied.stderr.contains("host.yaml:2:"), "{title}: {applied:?}");
        return;
    }
    let planned = apply(&test, &[words, &["--plan"]].concat());
    assert_eq!((planned.code, all()), (0, before), "{title}: {planned:?}");
    let applied = apply(&test, &[words, &["--yes"]].concat());
    assert_eq!((applied.code, &applied.stdout), (0, &planned.stdout), "{title}: {applied:?}");
    for one in placed {
        let (whole, own): (Vec<_>, Vec<_>) =
            one.case.after.iter().partition(|(name, _)| name.starts_with('/'));
        let own = own.into_iter().map(|(name, what)| ((*name).to_owned(), one.moved(what)));
        let own: BTreeMap<_, _> = own.collect();
        assert_eq!(found(&root.join(&one.top)), own, "{title}: {}", one.case.name);
        for (name, text) in whole {
            let now = fs::read_to_string(place(root, one, name)).unwrap();
            assert_eq!(now, one.moved(text), "{title}: {name}");
        }
    }
    let again = apply(&test, &[words, &["--plan", "--exit-code"]].concat());
    assert_eq!(again.code, 0, "{title}: {again:?}");
}

#[test]
fn a_directory_and_a_host_become_the_same() {
    // What is copied into new homes is not in the table.
    let setup = "rm -rf $root/etc/skel";
    let Some(sshd) = Sshd::start(Kind { setup, ..Kind::default() }) else { return };
    let name = sshd.name();
    for case in CASES.iter().filter(|case| !case.runs) {
        let root = tempfile::tempdir().unwrap();
        let placed = Placed { case, top: "case".to_owned() };
        let words = ["--root", root.path().to_str().unwrap()];
        become_as(&[placed], sshd.test(), root.path(), &words);
    }
    for group in groups() {
        become_as(&group, sshd.test(), &sshd.path("/"), &["--host", &name]);
    }
    let kept = fs::read_dir(sshd.path("/var/lib/windlass")).unwrap();
    let kept = kept.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let agents = kept.filter(|name| name.starts_with("agent-")).count();
    assert_eq!(agents, 1, "the agent was sent once");
}

#[test]
fn what_a_host_is_not_is_said() {
    let bundle = "- file: {path: /case/a, contents: x}";
    for (kind, words, code, expected) in [
        (
            Kind { setup: "mount -t tmpfs -o size=64k none $root/var/lib", ..Kind::default() },
            &[][..],
            1,
            "make room",
        ),
        (
            Kind { setup: "mount -o remount,ro $root", ..Kind::default() },
            &[],
            1,
            "must be writable",
        ),
        (
            Kind {
                setup: "mkdir $root/var/lib/windlass; mount -t tmpfs -o noexec none $root/var/lib/windlass",
                ..Kind::default()
            },
            &[],
            1,
            "noexec",
        ),
        (
            Kind {
                setup: "printf '#!/bin/sh\\necho mips64\\n' >$root/usr/local/bin/uname; \
                        chmod 755 $root/usr/local/bin/uname",
                ..Kind::default()
            },
            &[],
            1,
            "is mips64",
        ),
        (
            Kind {
                setup: "printf '#!/bin/sh\\necho sudo: a password is required >&2; exit 1\\n' \
                        >$root/usr/local/bin/sudo; chmod 755 $root/usr/local/bin/sudo",
                ..Kind::default()
            },
            &["--sudo"],
            1,
            "NOPASSWD",
        ),
        (
            Kind { setup: "rm -f $root/usr/bin/sudo", ..Kind::default() },
            &["--sudo"],
            1,
            "install sudo there",
        ),
        (Kind { setup: "rm $root/bin/sh $root/bin/dash", ..Kind::default() }, &[], 1, "no shell"),
    ] {
        let Some(sshd) = Sshd::start(kind) else { return };
        let test = with_files(sshd.test(), bundle);
        let name = sshd.name();
        let ended = apply(&test, &[&["--host", &name, "--yes"], words].concat());
        assert_eq!(ended.code, code, "{expected}: {ended:?}");
        assert!(ended.stderr.contains(expected), "{expected}: {ended:?}");
        assert!(!sshd.path("/case").exists(), "{expected}");
    }
}

#[test]
fn who_is_no_host_is_said() {
    let Some(sshd) = Sshd::start(Kind::default()) else { return };
    let test = with_files(sshd.test(), "- directory: /case");
    fs::write(sshd.own("known"), "").unwrap();
    let ended = apply(&test, &["--host", &sshd.name(), "--yes"]);
    assert_eq!(ended.code, 69, "{ended:?}");
    assert!(ended.stderr.contains("Host key verification failed"), "{ended:?}");
    assert!(!sshd.path("/case").exists());
    let name = sshd.name();
    drop(sshd);
    let test = with_files(Test::new(), "- directory: /case");
    let ended = apply(&test, &["--host", &name, "--yes"]);
    assert_eq!(ended.code, 69, "{ended:?}");
    assert!(ended.stderr.contains("refused"), "{ended:?}");
}

#[test]
fn root_by_sudo_and_a_user_without() {
    // It does what sudo does where it may; nobody but root runs it here.
    let setup = "printf '#!/bin/sh\\n[ \"$1 $2\" = \"-n --\" ] || exit 9; shift 2; SUDO=1 exec \"$@\"\\n' \
                 >$root/usr/local/bin/sudo; chmod 755 $root/usr/local/bin/sudo";
    let Some(sshd) = Sshd::start(Kind { setup, ..Kind::default() }) else { return };
    let test = with_files(sshd.test(), "- file: {path: /case, contents: x}");
    let ended = apply(&test, &["--host", &sshd.name(), "--yes", "--sudo"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(sshd.path("/case").is_file() && sshd.path("/var/lib/windlass").is_dir());
    let Some(sshd) = Sshd::start(Kind { is_user: true, ..Kind::default() }) else { return };
    let resources = "- file: {path: /home/u/x, contents: x}";
    let test = with_files(sshd.test(), resources);
    let ended = apply(&test, &["--host", &sshd.name(), "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(fs::metadata(sshd.path("/home/u/x")).unwrap().uid(), 1000);
    assert!(sshd.path("/home/u/.cache/windlass").is_dir());
    assert!(!sshd.path("/var/lib/windlass").exists());
    for (keys, only) in [
        ("owner: 1000, group: 1000", None),
        ("group: 1000", None),
        ("owner: root", Some("0:0")),
        ("owner: 33", Some("33:33")),
        ("group: 33", Some("0:33")),
    ] {
        let resource = format!("- file: {{path: /home/u/own, contents: x, {keys}}}");
        let test = with_files(sshd.test(), &resource);
        for code in [1, 0] {
            let ended = apply(&test, &["--host", &sshd.name(), "--plan", "--exit-code"]);
            match only {
                Some(owner) => {
                    let said = format!("only root can give it to {owner}");
                    assert!(ended.code == 1 && ended.stderr.contains(&said), "{keys}: {ended:?}");
                }
                None => assert_eq!(ended.code, 2 * code, "{keys}: {ended:?}"),
            }
            let applied = apply(&test, &["--host", &sshd.name(), "--yes"]);
            assert_eq!(applied.code == 0, only.is_none(), "{keys}: {applied:?}");
        }
        let _ = fs::remove_file(sshd.path("/home/u/own"));
    }
    let test = with_files(sshd.test(), "- file: {path: /etc/x, contents: x}");
    let ended = apply(&test, &["--host", &sshd.name(), "--yes"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.stderr.contains("host.yaml:2:") && !sshd.path("/etc/x").exists(), "{ended:?}");
}

const FOUR: &str = "- directory: /case\n- file: {path: /case/a, contents: a}\n- file: {path: /case/b, source: big}\n\
    - file: {path: /case/w, contents: w}\n  watches: /case/a";

/// What those are then.
fn assert_four(sshd: &Sshd, title: &str) {
    let names: Vec<_> = found(&sshd.path("/case")).into_iter().collect();
    let names: Vec<_> = names.iter().map(|(name, what)| (name.as_str(), what.as_str())).collect();
    assert_eq!(names, [("a", "0644 a"), ("b", "0644 a big one\n"), ("w", "0644 w")], "{title}");
}

#[test]
fn a_run_whose_agent_is_killed_anywhere_is_finished_by_the_next() {
    let Some(sshd) = Sshd::start(Kind::default()) else { return };
    let test = with_files(sshd.test(), FOUR);
    let name = sshd.name();
    // A point before and one after each of four operations.
    for point in 0..8 {
        let _ = fs::remove_dir_all(sshd.path("/case"));
        fs::write(sshd.own("env"), format!("export WINDLASS_AGENT_ENDS_AT={point}\n")).unwrap();
        let ended = apply(&test, &["--host", &name, "--yes"]);
        assert_eq!(ended.code, 1, "{point}: {ended:?}");
        assert!(ended.stderr.contains("run it again"), "{point}: {ended:?}");
        fs::remove_file(sshd.own("env")).unwrap();
        let ended = apply(&test, &["--host", &name, "--yes"]);
        assert_eq!(ended.code, 0, "{point}: {ended:?}");
        assert_four(&sshd, &point.to_string());
    }
}

#[test]
fn a_disk_that_is_full_or_read_only_is_said_and_the_next_run_does_the_rest() {
    let setup = "mkdir $root/case; mount -t tmpfs -o size=4k,mode=0755 none $root/case";
    let Some(sshd) = Sshd::start(Kind { setup, ..Kind::default() }) else { return };
    let test = with_files(sshd.test(), FOUR);
    let name = sshd.name();
    for (before, expected, there) in [
        ("mount -o remount,ro $root/case", "Read-only file system", &[][..]),
        ("mount -o remount,rw,size=4k $root/case", "No space left on device", &["a"]),
    ] {
        sshd.change(before);
        let ended = apply(&test, &["--host", &name, "--yes"]);
        assert_eq!(ended.code, 1, "{ended:?}");
        assert!(
            ended.stderr.contains(expected) && ended.stderr.contains("host.yaml:"),
            "{ended:?}"
        );
        assert_eq!(found(&sshd.path("/case")).into_keys().collect::<Vec<_>>(), there, "{ended:?}");
    }
    sshd.change("mount -o remount,size=1m $root/case");
    let ended = apply(&test, &["--host", &name, "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    // `w` too: what it watches was changed by a run before this.
    assert_four(&sshd, "with room");
}

#[test]
fn what_was_done_before_a_failure_is_said() {
    let Some(sshd) = Sshd::start(Kind::default()) else { return };
    let resources = "- execute: echo so far\n- execute: \"set -e\\necho no\\nexit 7\"";
    let test = with_files(sshd.test(), resources);
    let ended = apply(&test, &["--host", &sshd.name(), "--yes", "--output", "json"]);
    let lines: Vec<serde_json::Value> =
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let applied = lines.iter().find(|line| line["type"] == "bundle_applied").unwrap();
    let ids =
        |of: &str| applied[of].as_array().unwrap().iter().map(|one| one["id"].clone()).collect();
    let (done, failed): (Vec<_>, Vec<_>) = (ids("resources"), ids("failed"));
    assert_eq!(
        (done, failed),
        (vec!["execute[echo so far]".into()], vec!["execute[set -e …]".into()])
    );
    assert_eq!((ended.code, &applied["failed"][0]["exit_code"]), (1, &7.into()), "{ended:?}");
    let ended = apply(&test, &["--host", &sshd.name(), "--yes"]);
    let expected = "`/bin/sh -ec set -e …` ended with 7";
    assert!(ended.stderr.contains(expected) && ended.stderr.contains("= note: no\n"), "{ended:?}");
}

#[test]
fn a_secret_is_kept_nowhere_on_the_way_and_two_do_not_apply_at_once() {
    let Some(sshd) = Sshd::start(Kind::default()) else { return };
    let resources = "- file: {path: /case/key, source: key, mode: 0600}\n  sensitive: true";
    let test = with_files(sshd.test(), resources).file("key", "c4n4ry\n");
    fs::create_dir_all(sshd.path("/case")).unwrap();
    let state = sshd.path("/var/lib/windlass");
    fs::create_dir_all(&state).unwrap();
    let lock = fs::File::create(state.join("lock")).unwrap();
    lock.lock().unwrap();
    let held = apply(&test, &["--host", &sshd.name(), "--yes"]);
    assert_eq!(held.code, 3, "{held:?}");
    assert!(!sshd.path("/case/key").exists());
    drop(lock);
    let ended = apply(&test, &["--host", &sshd.name(), "--yes", "--verbose"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(fs::read_to_string(sshd.path("/case/key")).unwrap(), "c4n4ry\n");
    assert!(!format!("{ended:?}{held:?}").contains("c4n4ry"));
    assert!(!state.join("assets").exists(), "it went with the bundle");
}

#[test]
fn what_a_command_is_given_is_there_while_it_runs() {
    let Some(sshd) = Sshd::start(Kind::default()) else { return };
    let resources = r#"- directory: /case
- execute:
    command: "cp -r $SOURCE /case/src; cat $TOKEN | wc -c > /case/length; cat $TOKEN; tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' > /case/net"
    inputs: {SOURCE: given}
    secrets: {TOKEN: npm}
    network: false
    touch: /case/done
secrets: {npm: {file: token}, other: {file: gone}}"#;
    let test = with_files(sshd.test(), resources).file("token", "c4n4ry").file("given/a", "1");
    let name = sshd.name();
    let run = |test: &Test, words: &[&str]| apply(test, &[&["--host", &name], words].concat());
    let kept = |name: &str| fs::read_to_string(sshd.path("/case").join(name)).unwrap_or_default();
    let ended = run(&test, &["--yes", "--verbose"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!([kept("src/a"), kept("length"), kept("net")], ["1", "6\n", "lo\n"]);
    assert!(!format!("{ended:?}").contains("c4n4ry"));
    for left in ["/tmp", "/var/tmp", "/dev/shm"] {
        let there = fs::read_dir(sshd.path(left)).into_iter().flatten().flatten();
        let there = there.filter(|one| one.file_name().to_string_lossy().contains("windlass"));
        assert_eq!(there.count(), 0, "{left}");
    }
    assert_eq!(run(&test, &["--plan", "--exit-code"]).code, 0, "it says that it ran");

    let test = test.file("given/a", "2");
    assert_eq!(run(&test, &["--plan", "--exit-code"]).code, 2, "it has other inputs");
    let test = test.file("token", "c4n4ry-2");
    fs::remove_dir_all(sshd.path("/case/src")).unwrap();
    assert_eq!(run(&test, &["--yes"]).code, 0);
    assert_eq!([kept("src/a"), kept("length")], ["2", "8\n"]);
    fs::remove_file(test.directory().join("token")).unwrap();
    let failed = run(&test, &["--yes"]);
    assert_eq!(failed.code, 65, "{failed:?}");
    for said in ["of secret npm", " host.yaml:", "help: create the file, or correct its path"] {
        assert!(failed.stderr.contains(said), "{said}: {failed:?}");
    }
}

/// What stands in for `ssh`, and for all that is behind it.
fn with_ssh(script: &str) -> Test {
    let test = with_files(Test::new(), "- file: {path: /case, contents: x}");
    let script = format!("#!/bin/sh\n{script}\n");
    let test = test.file("bin/ssh", &script);
    let bin = test.directory().join("bin");
    fs::set_permissions(bin.join("ssh"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    test.variable("PATH", &path)
}

/// An agent that waits for a bundle, as far as that can be seen.
const AGENT: &str = "echo windlass-host 1 Linux $(uname -m) /x; echo ready; read bundle";

#[test]
fn what_no_agent_says_is_not_taken() {
    let resource = r#"echo '{"resource":{"index":0,"id":"x","changes":[]}}'"#;
    let failed = r#"{"failed":{"error":"no"}}"#;
    for (script, expected) in [
        ("head -c 2000000 /dev/zero | tr '\\0' x".to_owned(), "says more than can be an answer"),
        (format!("{AGENT}; yes | tr -d '\\n'"), "says more than can be an answer"),
        (
            format!("{AGENT}; echo '{{\"needs\":[]}}'; {resource}; {resource}"),
            "what no agent answers",
        ),
        (format!("{AGENT}; yes '{failed}' | head -n 2000; echo '{{\"end\":\"failed\"}}'"), "no"),
    ] {
        let ended = apply(&with_ssh(&script), &["--host", "ssh://box", "--yes"]);
        assert_eq!(ended.code, 1, "{script}: {ended:?}");
        assert!(ended.stderr.contains(expected), "{script}: {ended:?}");
    }
}

/// The host ends what it does when it was told of, and in the end by itself.
#[test]
fn a_host_that_is_silent_is_waited_for_aloud() {
    let wait = "for i in $(seq 600); do [ ! -e told ] || exit 0; sleep 0.1; done";
    for begin in ["", AGENT] {
        let test = with_ssh(&format!("{begin}\n{wait}"));
        let mut command = test.command();
        command.args(["apply", "host.yaml", "--host", "ssh://box", "--plan"]);
        let mut child = command.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let lines = std::io::BufReader::new(child.stderr.take().unwrap());
        let mut lines = std::io::BufRead::lines(lines).map(Result::unwrap);
        let told = lines.find(|line| line.contains("waiting for ssh://box, for 5 s now"));
        fs::write(test.directory().join("told"), "").unwrap();
        assert!(told.is_some(), "{begin}");
        assert!(!child.wait().unwrap().success());
    }
}
