//! Files out of containers and into them, and images to files.
//!
//! Invariant: what came out or in is read by other means than the command that copied it.

use crate::harness::{World, base, engine};
use std::process::Stdio;

const FILE: &str = "containers: {web: {@idle, network_mode: none}, both: {@idle, network_mode: none, instances: [a, b]}}";

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE).up();
    world.inside("web", &["sh", "-c", "mkdir -p /data/sub; echo one > /data/one; echo 'two words' > \"/data/sub/odd
name \"; ln -s one /data/link; ln -s /etc/passwd /data/out; ln -s data /todata; mkfifo /data/fifo; chmod 751 /data/sub"]);
    Some(world)
}

#[test]
fn files_must_come_out_and_hostile_ones_must_not() {
    let Some(world) = world("cp-out") else { return };
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    world.run(&["cp", "web:/data/one", "."]).code(0).says("copied 1 file");
    assert_eq!(read("one"), "one\n");
    world.run(&["cp", "web:data/one", "renamed"]).code(0);
    assert_eq!(read("renamed"), "one\n");
    // What would lead out, and what is no file, is named.
    let all = world.run(&["cp", "web:/data", "new"]);
    all.code(1).says("left out: data/out").says("left out: data/fifo").never_says("data/link");
    assert_eq!(read("new/one"), "one\n");
    assert_eq!(read("new/sub/odd\nname "), "two words\n");
    assert_eq!(std::fs::read_link(world.path("new/link")).unwrap().to_str(), Some("one"));
    assert!(world.path("new/out").symlink_metadata().is_err());
    // A link that is named is what it leads to, inside of the container.
    world.inside(
        "web",
        &[
            "sh",
            "-c",
            "mkdir /links; cd /links; ln -s /todata/../data/one far; \
        ln -s far twice; ln -s /todata dir; ln -s loop loop",
        ],
    );
    for (from, to) in [("links/far", "far"), ("links/twice", "twice"), ("data/link", "near")] {
        world.run(&["cp", &format!("web:/{from}"), to]).code(0).says("copied 1 file");
        assert_eq!(read(to), "one\n", "{from}");
        assert!(world.path(to).symlink_metadata().unwrap().is_file(), "{from}");
    }
    world.run(&["cp", "web:/links/dir", "dir"]).says("left out: data/out");
    assert_eq!(read("dir/one"), "one\n");
    world.run(&["cp", "web:/links/loop", "loop"]).code(1);
    // Into a directory that is there: under its own name, or only what is in it.
    std::fs::create_dir(world.path("there")).unwrap();
    world.run(&["cp", "web:/data/sub", "there"]).code(0);
    world.run(&["cp", "web:/data/sub/.", "there"]).code(0);
    assert_eq!(read("there/sub/odd\nname "), "two words\n");
    assert_eq!(read("there/odd\nname "), "two words\n");
    // The root is what is in it, into whatever is named.
    world.run(&["cp", "web:/", "root"]).says("left out: ./data/out");
    assert_eq!(read("root/data/one"), "one\n");
    // A container that does not run has files, too.
    world.run(&["stop", "web"]).code(0);
    world.run(&["cp", "web:/data/one", "stopped"]).code(0);
    assert_eq!(read("stopped"), "one\n");
    for to in [".", "out/", "-"] {
        let none = world.run(&["cp", "web:/data/none", to]);
        none.code(1).says("there is no /data/none in web").never_says("same command");
    }
    world.run(&["cp", "both:/data", "."]).code(64).says("both.a");
    world.run(&["cp", "web:/data", "both.a:/data"]).code(64);
    world.run(&["cp", "one", "two"]).code(64);
}

#[test]
fn files_must_go_in() {
    let Some(world) = world("cp-in") else { return };
    let cat = |path: &str| world.inside("web", &["cat", path]);
    world.file("one", "1").file("tree/a", "a").file("tree/b/c", "c");
    world.run(&["cp", "one", "web:/data"]).code(0);
    assert_eq!(cat("/data/one"), "1");
    world.run(&["cp", "one", "web:/data/other"]).code(0);
    assert_eq!(cat("/data/other"), "1");
    world.run(&["cp", "tree", "web:/data/"]).code(0);
    world.run(&["cp", "tree", "web:/fresh"]).code(0);
    world.run(&["cp", "./tree/.", "web:/tmp"]).code(0);
    assert_eq!(
        (cat("/data/tree/b/c"), cat("/fresh/b/c"), cat("/tmp/b/c")),
        ("c".into(), "c".into(), "c".into())
    );
    // A link to a directory is that directory.
    world.run(&["cp", "tree/a", "web:/todata"]).code(0);
    assert_eq!(cat("/data/a"), "a");
    assert_eq!(world.inside("web", &["stat", "-c", "%u:%g", "/data/a"]), "0:0");
    // And one to a file is that file.
    world.run(&["cp", "tree/a", "web:/data/link"]).code(0);
    assert_eq!(world.inside("web", &["readlink", "/data/link"]), "one");
    assert_eq!(cat("/data/one"), "a");
    world.run(&["cp", "none", "web:/data"]).code(1).says("none");
    let nowhere = world.run(&["cp", "one", "web:/no/such/directory"]);
    nowhere.code(1).says("there is no /no/such/ in web").never_says("same command");
}

/// What is copied where, by the rules of `docker cp`, and where the file that says `new` is then; none: it is refused.
const RULES: [(&str, &str, Option<&str>); 22] = [
    ("file", "absent", Some("absent")),
    ("file", "absent/", None),
    ("file", "absent/.", None),
    ("file", "other", Some("other")),
    ("file", "other/", None),
    ("file", "there", Some("there/file")),
    ("file", "there/", Some("there/file")),
    ("file", "there/.", Some("there/file")),
    ("file", "absent/below", None),
    ("file/.", "there", None),
    ("dir", "absent", Some("absent/a")),
    ("dir", "absent/", Some("absent/a")),
    ("dir/", "absent", Some("absent/a")),
    ("dir", "other", None),
    ("dir", "there", Some("there/dir/a")),
    ("dir", "there/.", Some("there/dir/a")),
    ("dir", "absent/below", None),
    ("dir/.", "absent", Some("absent/a")),
    ("dir/.", "absent/", Some("absent/a")),
    ("dir/.", "other", None),
    ("dir/.", "there", Some("there/a")),
    ("dir/.", "there/", Some("there/a")),
];

#[test]
fn the_rules_of_docker_cp_hold_both_ways() {
    let Some(world) = world("cp-rules") else { return };
    let fill = |root: &str| {
        format!(
            "rm -rf {root}; mkdir -p {root}/dir {root}/there; cd {root}; \
             echo new >file; echo new >dir/a; echo old >other; echo old >there/kept"
        )
    };
    let inside = |script: &str| world.inside("web", &["sh", "-c", script]);
    let here = |script: &str| {
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", script]).current_dir(world.path(".")).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    // The new files, and what was there before and must still be.
    let state = "find . -type f | sort | while read f; do echo \"$f $(cat $f)\"; done";
    for (from, to, expected) in RULES {
        let mut wanted = vec!["./dir/a new", "./file new", "./other old", "./there/kept old"];
        let new = expected.map(|path| format!("./{path} new"));
        wanted.retain(|line| expected.is_none_or(|path| !line.starts_with(&format!("./{path} "))));
        wanted.extend(new.as_deref());
        wanted.sort_unstable();
        // In: the source is here, all targets are inside.
        here(&fill("rules"));
        inside(&fill("/rules"));
        let code = i32::from(expected.is_none());
        world.run(&["cp", &format!("rules/{from}"), &format!("web:/rules/{to}")]).code(code);
        let found = inside(&format!("cd /rules; {state}"));
        assert_eq!(found.lines().collect::<Vec<_>>(), wanted, "in: {from} to {to}");
        inside(&fill("/rules"));
        world.run(&["cp", &format!("web:/rules/{from}"), &format!("rules/{to}")]).code(code);
        let found = here(&format!("cd rules; {state}"));
        assert_eq!(found.lines().collect::<Vec<_>>(), wanted, "out: {from} to {to}");
    }
}

#[test]
fn a_tar_must_pass_through() {
    let Some(world) = world("cp-tar") else { return };
    let mut out = world.command(&["cp", "web:/data/sub", "-"]);
    let tar = out.stdin(Stdio::null()).output().unwrap();
    assert!(tar.status.success());
    std::fs::write(world.path("sub.tar"), &tar.stdout).unwrap();
    let input = std::fs::read(world.path("sub.tar")).unwrap();
    world.run_with_input(&["cp", "-", "web:/tmp"], &input).code(0);
    assert_eq!(world.inside("web", &["cat", "/tmp/sub/odd\nname "]), "two words");
    world.run_with_input(&["cp", "-", "web:/tmp"], b"no tar at all").code(1);
}

#[test]
fn an_image_must_be_saved_whole() {
    let Some(world) = World::new("save") else { return };
    world.yaml(FILE);
    let reference = format!("{}/saved:1", world.project);
    base::variant(&reference);
    world.run(&["save", &reference, "--out", "image.tar"]).code(0).says(" in image.tar");
    world.run(&["save", &reference, "--out", "image.tar.gz"]).code(0);
    let head = std::fs::read(world.path("image.tar.gz")).unwrap()[..2].to_vec();
    assert_eq!(head, [0x1f, 0x8b]);
    let tar = std::fs::read(world.path("image.tar")).unwrap();
    engine::delete(&format!("/images/{reference}?force=1"));
    world.run(&["save", &reference, "-o", "none.tar"]).code(1).says("there is no image");
    world.yaml("images: {app: {commands: [{FROM: '@image'}]}}");
    for verb in [&["save", "appp"][..], &["retrieve", "appp", "/x", "-x"]] {
        world.run(verb).code(1).says("did you mean `app`?");
    }
    world.run(&["save", "app", "-o", "none.tar"]).code(1).says("windlass build app");
    assert!(!world.path("none.tar").exists());
    let loaded = engine::call("POST", "/images/load", "application/x-tar", &tar);
    assert!(loaded.is_success(), "{}", loaded.text());
    assert!(engine::get(&format!("/images/{reference}/json"))["Id"].is_string());
    let piped = world.command(&["save", &reference]).stdin(Stdio::null()).output().unwrap();
    assert!(piped.status.success() && piped.stdout.len() > 10_000, "{}", piped.stdout.len());
}
