//! Images of resources on bases of every kind: nothing of what runs commands is in them, and nothing of the base is lost.
//!
//! Invariant: what an image holds is read from its layers.

use crate::harness::{World, base, engine};
use crate::provision::{inspect, layers, layers_on, objects};
use serde_json::json;

fn world(test: &str) -> Option<World> {
    if engine::url().is_some() && engine::is_podman() {
        return None;
    }
    World::new(test)
}

/// What a command changes.
const FILE: &str = r#"
images:
  tool:
    from: "@base"
    volumes: [/late]
    resources:
    - execute: "echo said > /srv-word; mkdir -p /kept /late; id -u > /kept/who; echo 1 > /late/x"
    - file: {path: /after, contents: "1"}
    - execute: "cat /after /kept/who > /both"
"#;

#[test]
fn nothing_of_what_runs_commands_is_in_what_they_leave() {
    let Some(world) = world("residue") else { return };
    let cases: [(&str, &str, Option<&str>, &[&str]); 4] = [
        ("plain", "", None, &[]),
        ("no-dev", "dev", None, &[]),
        // What is written into a volume is no part of an image; what is declared is one only for containers of it.
        ("volume", "", None, &["VOLUME /kept"]),
        ("user", "", None, &["USER 1000", "ENTRYPOINT [\"/none\"]", "WORKDIR /tmp"]),
    ];
    for (name, without, with, instructions) in cases {
        let base = format!("{}/base-{name}:1", world.project);
        base::odd(&base, without, with, instructions);
        world.yaml(&FILE.replace("@base", &base));
        world.run(&["build"]).code(0);
        let layers = layers_on(&world, "tool", &base);
        let plain = |path: &String| path.trim_end_matches('/').to_owned();
        let names: Vec<Vec<String>> =
            layers.iter().map(|layer| layer.keys().map(plain).collect()).collect();
        let first = ["kept", "kept/who", "late", "late/x", "srv-word"];
        assert_eq!(names[0], first, "{name}");
        assert_eq!(names[1..], [["after"], ["both"]], "{name}");
        let end = |at: usize, path: &str| layers[at][path].rsplit(' ').next().unwrap().to_owned();
        assert_eq!(end(0, "kept/who"), "0\n", "{name}: commands are root's");
        assert_eq!(
            (end(0, "srv-word"), end(2, "both")),
            ("said\n".into(), "10\n".into()),
            "{name}"
        );
        assert_eq!(objects(&world), [""; 0], "{name}");
        world.run(&["build"]).code(0).says("Nothing to do");
    }
}

#[test]
fn a_hostile_device_directory_must_get_nothing_of_it() {
    let Some(world) = world("residue-dev") else { return };
    for (name, with) in [("link", "dev -> tmp"), ("out", "dev -> /../../tmp"), ("file", "dev")] {
        let base = format!("{}/base-{name}:1", world.project);
        base::odd(&base, "dev", Some(with), &[]);
        let file =
            "images:\n  tool:\n    from: '@base'\n    resources:\n    - execute: echo 1 > /x\n";
        world.yaml(&file.replace("@base", &base));
        let built = world.run(&["build"]);
        assert_eq!(objects(&world), [""; 0], "{name}{built}");
        // Engines refuse some of them; then there is no image.
        if built.code == 0 {
            let layers = layers_on(&world, "tool", &base);
            let names: Vec<&String> = layers.iter().flat_map(|layer| layer.keys()).collect();
            assert_eq!(names, ["x"], "{name}{built}");
        } else {
            built.code(1);
            assert!(inspect(&world, "tool").is_null(), "{name}{built}");
        }
        engine::delete(&format!("/images/{}/tool:latest", world.project));
    }
}

#[test]
fn what_the_base_says_is_kept() {
    let Some(world) = world("residue-config") else { return };
    world.yaml(
        r#"
images:
  below:
    context: false
    builder: classic
    commands:
    - FROM @image
    - 'SHELL ["/bin/sh", "-eu", "-c"]'
    - 'ENTRYPOINT ["/bin/cat"]'
    - 'CMD ["/x"]'
    - ENV A=1 B="two words"
    - WORKDIR /srv
    - ONBUILD RUN echo hello
    - STOPSIGNAL SIGUSR1
    - HEALTHCHECK --interval=7s CMD test -e /x
    - VOLUME /data
    - EXPOSE 81
    - LABEL of=base
    - USER 1000
  tool:
    from: "{{ images.below }}"
    resources:
    - file: {path: /x, contents: x}
    - execute: "id -u > /who"
"#,
    );
    world.run(&["build"]).code(0);
    let (below, tool) = (inspect(&world, "below"), inspect(&world, "tool"));
    for key in [
        "Entrypoint",
        "Cmd",
        "Env",
        "WorkingDir",
        "OnBuild",
        "StopSignal",
        "Healthcheck",
        "Volumes",
        "ExposedPorts",
        "User",
        "Shell",
    ] {
        assert!(!below["Config"][key].is_null(), "{key}: {below}");
        assert_eq!(tool["Config"][key], below["Config"][key], "{key}");
    }
    assert_eq!(tool["Config"]["Labels"]["of"], json!("base"));
    let base = format!("{}/below:latest", world.project);
    let layers = layers_on(&world, "tool", &base);
    assert!(layers[1]["who"].ends_with(" 0\n"), "{layers:?}");
    world.run(&["build"]).code(0).says("Nothing to do");
}

/// An engine that takes no image without the layers of its base is sent all of them.
#[test]
fn what_is_refused_without_its_base_must_be_sent_with_it() {
    use crate::harness::proxy::{Fault, Proxy, Strikes};
    let Some(world) = world("whole") else { return };
    world.yaml(
        r#"
images:
  tool:
    from: "@image"
    resources:
    - file: {path: /x, contents: "1"}
    - execute: "cat /x > /y"
    - file: {path: /z, contents: "1"}
"#,
    );
    let refusal = Fault::Instead(
        404,
        "application/json",
        r#"{"message":"failed to resolve layers: layer \"blobs/sha256/00\" not found"}"#,
    );
    let proxy = Proxy::new(refusal, Strikes::Call("/images/load"));
    world.run_through(&proxy, &["build"]).code(0);
    assert!(proxy.has_struck(), "{}", proxy.log());
    let layers = layers(&world, "tool");
    let names: Vec<Vec<&String>> = layers.iter().map(|layer| layer.keys().collect()).collect();
    assert_eq!(names, [["x"], ["y"], ["z"]]);
    assert_eq!(objects(&world), [""; 0]);
    world.run(&["build"]).code(0).says("Nothing to do");
}

/// An engine that gives no such image out says something else.
#[test]
fn a_base_of_nothing_is_told_as_that() {
    let Some(world) = world("residue-empty") else { return };
    world.yaml(
        r#"
images:
  empty: {context: false, builder: classic, commands: [FROM scratch, ENV A=1]}
  tool:
    from: "{{ images.empty }}"
    resources:
    - file: {path: /x, contents: "1"}
"#,
    );
    let built = world.run(&["build"]);
    // One that keeps images as registries do gives it out.
    if built.code == 0 {
        assert_eq!(layers_on(&world, "tool", &format!("{}/empty:latest", world.project)).len(), 1);
    } else {
        built.code(1).says("/empty:latest has no layers").says("from: scratch");
    }
}
