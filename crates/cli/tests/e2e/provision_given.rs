//! What commands of images are given for as long as they run: inputs, secrets, no network. Nothing of it is in what they leave.
//!
//! Invariant: what an image holds is read from its layers, and what may not be in it is looked for in all that the engine has of it.

use crate::harness::{World, engine, run_to_end, saved};
use crate::provision::{inspect, layers, layers_on, objects};
use serde_json::Value;

const CANARY: &str = "canary-5e1d";

fn world(test: &str) -> Option<World> {
    if engine::url().is_some() && engine::is_podman() {
        return None;
    }
    World::new(test)
}

fn names(world: &World) -> Vec<Vec<String>> {
    layers(world, "tool").iter().map(|layer| layer.keys().cloned().collect()).collect()
}

#[test]
fn a_secret_is_in_its_command_and_nowhere_else() {
    let Some(world) = world("given-secrets") else { return };
    world.file("token.txt", CANARY);
    world.yaml(
        r#"
secrets: {npm: {file: token.txt}}
images:
  tool:
    from: @image
    resources:
    - execute:
        command: 'grep -qx canary-5e.d $TOKEN; wc -c < $TOKEN > /length; echo "it is $(cat $TOKEN)"; env > /env'
        unless: test ! -s $TOKEN
        secrets: {TOKEN: npm}
    - directory: {path: /own, owner: 1000}
    - execute: {command: 'wc -c < $KEY > /own/x; id -u >> /own/x', user: 1000, secrets: {KEY: npm}}
"#,
    );
    let built = world.run(&["build"]);
    built.code(0).says("it is (secret)").never_says(CANARY);
    assert_eq!(names(&world)[0], ["env", "length"]);
    let layers = layers(&world, "tool");
    assert!(layers[0]["length"].ends_with("0:0 11\n"), "{layers:?}");
    assert!(layers[2]["own/x"].ends_with(" 11\n1000\n"), "{layers:?}");
    let images = engine::get("/images/json");
    let tags = images.as_array().unwrap().iter().filter_map(|image| image["RepoTags"].as_array());
    let own = format!("{}/tool:", world.project);
    let tags = tags.flatten().filter_map(Value::as_str).filter(|tag| tag.starts_with(&own));
    let tags: Vec<&str> = tags.collect();
    assert_eq!(tags.len(), 3, "the image and what two commands left: {tags:?}");
    for tag in tags {
        let saved = saved::layers(tag).concat();
        let is_there = saved.windows(CANARY.len()).any(|window| window == CANARY.as_bytes());
        assert!(!is_there && saved.windows(3).any(|window| window == b"11\n"), "{tag}");
        for of in ["json", "history"] {
            let said = engine::get(&format!("/images/{tag}/{of}")).to_string();
            assert!(!said.contains(CANARY), "{said}");
        }
    }
    assert_eq!(objects(&world), [""; 0]);
    world.run(&["build"]).code(0).says("Nothing to do");

    // By another value nothing is run anew: what tells a step is the name.
    world.file("token.txt", "canary-5e1d-2");
    world.run(&["build"]).code(0).says("Nothing to do");
    // One that fails shows it as little.
    let failing = world.run(&["build", "--no-cache"]);
    failing.code(1).says("ended with 1").never_says(CANARY);
    assert_eq!(objects(&world), [""; 0]);

    world.file("token.txt", "");
    std::fs::remove_file(world.path("token.txt")).unwrap();
    world.run(&["build", "--no-cache"]).says("token.txt").says("windlass.yaml:2");
}

/// Where everybody in the image may read it, and it is no longer a secret; of this machine's files it is in none.
#[test]
fn a_secret_that_a_command_writes_down_is_kept_nowhere_here() {
    let Some(world) = world("given-written") else { return };
    world.file("token.txt", CANARY);
    let yaml = |word: &str| {
        world.yaml(&format!(
            r#"
secrets: {{npm: {{file: token.txt}}}}
images:
  tool:
    from: @image
    resources:
    - execute: {{command: 'cat $TOKEN > /etc/npmrc', secrets: {{TOKEN: npm}}}}
    - line: {{path: /etc/npmrc, line: "{word}"}}
  on:
    from: "{{{{ images.tool }}}}"
    resources:
    - line: {{path: /etc/npmrc, line: "on it {word}"}}
"#
        ))
    };
    let cache = world.path("cache");
    for word in ["one", "two"] {
        yaml(word);
        for words in [&["build"][..], &["build", "--dry-run", "-v"], &["build"]] {
            let mut command = world.command(words);
            command.env("XDG_CACHE_HOME", &cache);
            run_to_end(command).code(0).never_says(CANARY);
        }
    }
    let written = &layers_on(&world, "on", &format!("{}/tool:latest", world.project))[0];
    assert!(written["etc/npmrc"].contains(CANARY), "{written:?}");
    let kept = std::fs::read_dir(cache.join("windlass/images")).unwrap();
    let kept: Vec<Vec<u8>> = kept.map(|one| std::fs::read(one.unwrap().path()).unwrap()).collect();
    let holds = |word: &str| kept.iter().any(|bytes| String::from_utf8_lossy(bytes).contains(word));
    assert!(holds("/etc/npmrc"), "it was looked at");
    assert!(!holds(CANARY));
}

#[test]
fn inputs_are_read_and_run_it_anew_but_are_in_no_layer() {
    let Some(world) = world("given-inputs") else { return };
    world.file("src/a", "1").file("src/sub/b", "2").file("other", "3");
    world.yaml(
        r#"
images:
  tool:
    from: @image
    resources:
    - execute:
        command: cat $SOURCE/a $SOURCE/sub/b $OTHER > /out; echo $OTHER > /where; date +%s%N > /when
        inputs: {SOURCE: src, OTHER: other}
        network: false
    - execute: {command: "cat $SOURCE/a", inputs: {SOURCE: src}, user: 1000}
"#,
    );
    world.run(&["build"]).code(0);
    let first = layers(&world, "tool");
    assert_eq!(names(&world)[0], ["out", "when", "where"], "nothing of them is there");
    assert!(first[0]["out"].ends_with(" 123"), "{first:?}");
    assert!(first[0]["where"].ends_with("/other\n"), "{first:?}");
    world.run(&["build"]).code(0).says("Nothing to do");

    world.file("src/sub/b", "4");
    world.run(&["build"]).code(0);
    assert!(layers(&world, "tool")[0]["out"].ends_with(" 143"));

    // What they were before is not kept.
    world.file("src/sub/b", "2");
    world.run(&["build"]).code(0);
    let again = layers(&world, "tool");
    assert!(again[0]["out"].ends_with(" 123"));
    assert_ne!(again[0]["when"], first[0]["when"]);
    assert_eq!(objects(&world), [""; 0]);
    std::fs::remove_file(world.path("other")).unwrap();
    world.run(&["build"]).code(65).says("other cannot be read").says("windlass.yaml:8");
}

#[test]
fn a_command_without_network_is_alone() {
    let Some(world) = world("given-network") else { return };
    world.yaml(
        r#"
images:
  tool:
    from: @image
    resources:
    - execute: {command: "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' > /alone", network: false}
    - execute: "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' | sort > /not-alone"
"#,
    );
    world.run(&["build"]).code(0);
    let layers = layers(&world, "tool");
    let text = |at: usize, path: &str| layers[at][path].split_once(' ').unwrap().1.to_owned();
    assert_eq!(text(0, "alone"), "0:0 lo\n");
    assert!(text(1, "not-alone").contains("eth0"), "{layers:?}");
    // A builder that is not windlass can't be asked for that.
    let out = world.path("context.tar");
    let refused = world.run(&["context", "tool", "-o", out.to_str().unwrap()]);
    refused.code(65).says("runs without network").says("windlass build").says("windlass.yaml:6");
    assert!(!out.exists());
    assert!(inspect(&world, "tool").is_object());
}
