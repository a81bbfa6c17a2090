//! Files out of images: built or pulled first, brought out safely, and nothing left behind.
//!
//! Invariant: what is left is counted on the engine before and after.

use crate::harness::{World, base, engine, wait_until};
use rustix::process::Signal;
use serde_json::Value;
use std::process::{Command, Stdio};

const FILE: &str = "
images:
  app:
    commands:
      - FROM: '@image'
      - RUN: mkdir -p /out/sub && echo one >/out/one && echo two >/out/sub/two && ln -s one /out/link && ln -s /etc/passwd /out/away && mkfifo /out/fifo
      - ENTRYPOINT: /bin/false
  bare:
    dockerfile: {inline: \"FROM scratch\\nCOPY one /data/one\\n\"}
    context: ctx
  large: {commands: [{FROM: '@image'}, {RUN: dd if=/dev/urandom of=/large bs=1M count=300}]}
containers: {web: {@idle, network_mode: none}}
";

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE).file("ctx/one", "1");
    Some(world)
}

/// Every container of the engine that has to do with the world.
fn containers(world: &World) -> Vec<Value> {
    engine::list("containers", Some(&format!("dev.windlass-run.project={}", world.project)))
}

fn tar_lists(world: &World, name: &str) -> Vec<String> {
    let mut tar = Command::new("tar");
    let output = tar.arg("--list").arg("--file").arg(world.path(name)).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn files_of_an_image_must_come_out() {
    let Some(world) = world("retrieve") else { return };
    let read = |name: &str| std::fs::read_to_string(world.path(name)).unwrap_or_default();
    // It is built first, and only it: the container is not made.
    world.run(&["retrieve", "app", "/out/one", "--untar"]).code(0).says("copied 1 file");
    assert_eq!(read("one"), "one\n");
    assert_eq!(world.objects(), [""; 0]);
    let all = world.run(&["retrieve", "app", "/out", "-x", "-o", "new"]);
    all.code(1).says("left out: out/away").says("left out: out/fifo").never_says("docker");
    assert_eq!((read("new/one"), read("new/sub/two")), ("one\n".into(), "two\n".into()));
    assert!(world.path("new/away").symlink_metadata().is_err());
    // A tar has all of it, and may be compressed.
    world.run(&["retrieve", "app", "/out", "-o", "out.tar"]).code(0);
    assert_eq!(tar_lists(&world, "out.tar").len(), 7);
    world.run(&["retrieve", "app", "/out/sub/.", "-o", "out.tar.gz"]).code(0);
    assert_eq!(tar_lists(&world, "out.tar.gz"), ["./", "./two"]);
    assert_eq!(&std::fs::read(world.path("out.tar.gz")).unwrap()[..2], b"\x1f\x8b");
    let piped = world.command(&["retrieve", "app", "/out/one"]).stdin(Stdio::null()).output();
    std::fs::write(world.path("piped.tar"), piped.unwrap().stdout).unwrap();
    assert_eq!(tar_lists(&world, "piped.tar"), ["one"]);
    // Without a command, a shell or anything but a file.
    world.run(&["retrieve", "bare", "/data/one", "-x", "-o", "bare"]).code(0);
    assert_eq!(read("bare"), "1");
    // By the reference that a container has, and by one that the engine has.
    world.run(&["retrieve", base::image(), "/etc/group", "-x"]).code(0);
    assert!(read("group").contains("user:x:1000"));
    let foreign = format!("{}/foreign:1", world.project);
    base::variant(&foreign);
    world.run(&["retrieve", &foreign, "/etc/passwd", "-x"]).code(0);
    engine::delete(&format!("/images/{foreign}?force=1"));
    assert!(read("passwd").contains("root:x:0"));
    assert!(containers(&world).is_empty());
}

#[test]
fn what_can_not_be_retrieved_must_be_said() {
    let Some(world) = world("retrieve-wrong") else { return };
    let none = world.run(&["retrieve", "app", "/out", "--no-build", "-o", "x.tar"]);
    none.code(1).says("there is no image").says("windlass build app");
    world.run(&["retrieve", "none-such", "/", "-x"]).code(1).says("there is no image none-such");
    for words in [&["-x", "-o", "x"][..], &["-o", "x.tar"], &[]] {
        let absent = world.run(&[&["retrieve", "app", "/none"], words].concat());
        absent.code(1).says("there is no /none in app");
        assert!(!world.path("x").exists() && !world.path("x.tar").exists());
    }
    world.run(&["retrieve", "app", "/out", "-x", "-o", "-"]).code(64);
    let dry = world.run(&["retrieve", "bare", "/", "--dry-run"]);
    dry.code(0).says("bare");
    assert!(containers(&world).is_empty());
}

#[test]
fn a_retrieval_that_is_cut_short_must_leave_nothing() {
    let Some(world) = world("retrieve-cut") else { return };
    world.run(&["build", "large"]).code(0);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let running = world.start(&["retrieve", "large", "/large", "-o", "x.tar.gz"]);
        wait_until("files come out", || {
            let entries = std::fs::read_dir(world.path(".")).unwrap().flatten();
            entries.into_iter().any(|one| one.file_name().to_string_lossy().contains(".part-"))
        });
        running.signal(signal);
        running.finish().code(code);
        assert!(containers(&world).is_empty(), "{signal:?}");
        let names = std::fs::read_dir(world.path(".")).unwrap().flatten();
        let left = names.filter(|one| one.file_name().to_string_lossy().contains("x.tar"));
        assert_eq!(left.count(), 0);
    }
    // Whoever is killed can't tidy up; the next run does.
    let running = world.start(&["retrieve", "large", "/large", "-o", "x.tar.gz"]);
    wait_until("there is a container", || !containers(&world).is_empty());
    running.signal(Signal::KILL);
    running.finish();
    assert_eq!(containers(&world).len(), 1);
    world.run(&["retrieve", "app", "/out/one", "-x"]).code(0);
    assert!(containers(&world).is_empty());
}
