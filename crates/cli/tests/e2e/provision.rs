//! Images of resources: what is declared is in them, nothing else is, and a second build does nothing.
//!
//! Invariant: what an image holds is read from its layers, or looked at in a container made from it.

use crate::harness::{Output, World, base, engine, saved};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

const FILE: &str = r#"
vars: {word: one}
images:
  site:
    from: @image
    env: {WORD: "{{ vars.word }}"}
    command: [cat, /srv/www/index.html]
    user: "1000"
    workdir: /srv
    ports: [80, 53/udp]
    volumes: [/data]
    stop_signal: SIGINT
    maintainer: the team
    labels: {tier: site}
    healthcheck: {test: [CMD, "true"], interval: 5s}
    tags: [v2]
    resources:
    - directory: {path: /srv/www, parents: true, owner: 1000}
    - tree: {path: /srv/www, source: site, owner: 1000}
    - file: {path: /srv/word, contents: "{{ vars.word }}\n", mode: 0640, owner: 0, group: 1000}
    - link: {path: /www, to: srv/www}
    - file: {path: /srv/token, contents: canary-7f3a, mode: 0600}
      sensitive: true
"#;

fn world(test: &str) -> Option<World> {
    if engine::url().is_some() && engine::is_podman() {
        return None;
    }
    let world = World::new(test)?;
    world.yaml(FILE);
    world.file("site/index.html", "<h1>hi</h1>\n").file("site/css/a.css", "a {}\n");
    Some(world)
}

/// Everything of the project on the engine that is no image.
pub(crate) fn objects(world: &World) -> Vec<String> {
    let label = format!("dev.windlass-run.project={}", world.project);
    let passing = engine::list("containers", Some(&label));
    let passing = passing.iter().map(|one| format!("passing {}", one["Names"]));
    world.objects().into_iter().chain(passing).collect()
}

pub(crate) fn inspect(world: &World, name: &str) -> Value {
    engine::get(&format!("/images/{}/{name}/json", world.project))
}

/// What each of an image's own layers has: names and contents.
pub(crate) fn layers(world: &World, name: &str) -> Vec<BTreeMap<String, String>> {
    layers_on(world, name, base::image())
}

/// The same of one on another base.
pub(crate) fn layers_on(world: &World, name: &str, base: &str) -> Vec<BTreeMap<String, String>> {
    let image = format!("{}/{name}:latest", world.project);
    let of_base = engine::get(&format!("/images/{base}/json"));
    let of_base = of_base["RootFS"]["Layers"].as_array().unwrap().len();
    saved::layers(&image).iter().skip(of_base).map(|layer| entries(layer)).collect()
}

fn entries(layer: &[u8]) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in tar::Archive::new(layer).entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header();
        let (mode, uid, gid) =
            (header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap());
        let path = entry.path().unwrap().display().to_string();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        all.insert(path, format!("{mode:04o} {uid}:{gid} {text}"));
    }
    all
}

#[test]
fn what_is_declared_is_in_it_and_nothing_else() {
    let Some(world) = world("provision-files") else { return };
    world.run(&["build", "--dry-run"]).code(0).says("file[/srv/word]").never_says("canary");
    world.run(&["build"]).code(0).never_says("canary");
    let layers = self::layers(&world, "site");
    assert_eq!(layers.len(), 1, "{layers:?}");
    let expected = [
        ("srv/", "0755 1000:1000 "),
        ("srv/token", "0600 0:0 canary-7f3a"),
        ("srv/word", "0640 0:1000 one\n"),
        ("srv/www/", "0755 1000:1000 "),
        ("srv/www/css/", "0755 1000:1000 "),
        ("srv/www/css/a.css", "0644 1000:1000 a {}\n"),
        ("srv/www/index.html", "0644 1000:1000 <h1>hi</h1>\n"),
        ("www", "0777 0:0 "),
    ];
    let expected = expected.map(|(path, what)| (path.to_owned(), what.to_owned()));
    assert_eq!(layers[0], BTreeMap::from(expected));

    let image = inspect(&world, "site");
    let config = &image["Config"];
    assert_eq!(config["Cmd"], serde_json::json!(["cat", "/srv/www/index.html"]));
    assert_eq!((&config["User"], &config["WorkingDir"]), (&"1000".into(), &"/srv".into()));
    assert_eq!(config["ExposedPorts"], serde_json::json!({"53/udp": {}, "80/tcp": {}}));
    assert_eq!(config["Volumes"], serde_json::json!({"/data": {}}));
    assert_eq!(
        (&config["StopSignal"], &config["Labels"]["tier"]),
        (&"SIGINT".into(), &"site".into())
    );
    assert_eq!(config["Healthcheck"]["Interval"], 5_000_000_000_u64);
    let env = config["Env"].as_array().unwrap();
    assert!(env.contains(&"WORD=one".into()), "{env:?}");
    assert_eq!(image["Author"], "the team");
    assert_eq!(inspect(&world, "site:v2")["Id"], image["Id"]);
    world.run(&["build"]).code(0).says("Nothing to do");

    // Nothing of it is of a moment or a place.
    world.run(&["build", "--no-cache"]).code(0);
    assert_eq!(inspect(&world, "site")["Id"], image["Id"]);

    world.file("site/index.html", "<h1>ho</h1>\n");
    // It is compared with what is there.
    world.run(&["build", "--dry-run"]).code(0).says("+<h1>ho</h1>").never_says("a.css");
    world.run(&["build"]).code(0);
    assert_ne!(inspect(&world, "site")["Id"], image["Id"]);
    world.run(&["build"]).code(0).says("Nothing to do");
}

#[test]
fn commands_run_once_and_leave_nothing_of_what_runs_them() {
    let Some(world) = world("provision-commands") else { return };
    let file = |word: &str, last: &str| {
        let text = r#"
images:
  tool:
    from: @image
    command: [cat, /y, /z]
    resources:
    - file: {path: /x, contents: "@word"}
    - execute: "cat /x > /y; date +%s%N >> /y"
    - execute: {command: [sh, -c, "exit 3"], returncodes: [3]}
      watches: /x
    - file: {path: /y.conf, contents: "@last"}
      layer: own
"#;
        world.yaml(&text.replace("@word", word).replace("@last", last));
    };
    file("a", "1");
    let said = world.run(&["build"]).code(0).all();
    let looks = said.lines().filter(|line| line.contains("looking at") && line.contains("-step-"));
    // Only what comes after the commands has to know what they left; manifests describe each layer.
    let keeps_manifests = engine::get("/info")["DriverStatus"].to_string().contains("containerd");
    assert_eq!(looks.count(), if keeps_manifests { 2 } else { 1 }, "{said}");
    let layers = self::layers(&world, "tool");
    let names: Vec<Vec<&str>> =
        layers.iter().map(|layer| layer.keys().map(String::as_str).collect()).collect();
    assert_eq!(names[0], ["x"]);
    assert_eq!(names[1], ["y"], "nothing of what ran it is there");
    assert_eq!(names.last().unwrap(), &["y.conf"]);
    let first = layers[1]["y"].clone();
    assert_eq!(objects(&world), [""; 0], "no container is left");
    let config = inspect(&world, "tool")["Config"].clone();
    assert_eq!(config["Cmd"], serde_json::json!(["cat", "/y", "/z"]));
    assert!(config["Entrypoint"].is_null(), "{config}");
    world.run(&["build"]).code(0).says("Nothing to do");

    // What comes after the commands does not run them again; what comes before does.
    file("a", "2");
    world.run(&["build"]).code(0);
    let layers = self::layers(&world, "tool");
    assert_eq!(layers[1]["y"], first);
    assert!(layers.last().unwrap()["y.conf"].ends_with('2'));
    file("b", "2");
    world.run(&["build"]).code(0);
    assert_ne!(self::layers(&world, "tool")[1]["y"], first);
    let steps = |world: &World| {
        let images = engine::get("/images/json");
        let all = images
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|image| image["RepoTags"].as_array().cloned().unwrap_or_default());
        let own = format!("{}/tool:windlass-", world.project);
        all.filter(|tag| tag.as_str().is_some_and(|tag| tag.starts_with(&own))).count()
    };
    assert_eq!(steps(&world), 2, "what is not needed any more is gone");

    // An image that is not declared any more goes with what was kept for it.
    world.yaml("images: {other: {from: scratch}}\n");
    world.run(&["clean", "--yes"]).code(0);
    assert_eq!(steps(&world), 0);
    assert_eq!(inspect(&world, "tool"), Value::Null);
}

#[test]
fn what_is_above_what_is_written_stays_as_it_is() {
    let Some(world) = world("provision-above") else { return };
    world.yaml(
        r#"
images:
  tool:
    from: @image
    resources:
    - directory: {path: /own, mode: 01777, owner: 33}
    - execute: "mkdir -m 0700 /made; chown 7:8 /made; touch /own/gone"
    - file: {path: /made/x, contents: x}
    - file: {path: /own/gone, policy: remove}
    - file: {path: /own/x, contents: x}
      layer: own
containers:
  tool: {image: "{{ images.tool }}", command: [sleep, "600"]}
"#,
    );
    world.up().code(0);
    let seen = world.inside("tool", &["stat", "-c", "%a %u:%g", "/own", "/made", "/own/x"]);
    assert_eq!(seen.trim_end(), "1777 33:33\n700 7:8\n644 0:0");
}

#[test]
fn what_fails_says_where_and_leaves_nothing() {
    let Some(world) = world("provision-failures") else { return };
    world.yaml(
        r#"
images:
  tool:
    from: @image
    resources:
    - file: {path: /x, contents: "1"}
    - execute: "set -e\necho so far\nexit 7"
"#,
    );
    let failed = world.run(&["build"]);
    let said = "said: execute[set -e …]: `/bin/sh -ec set -e …` ended with 7\n";
    failed.code(1).says("windlass.yaml:7:7").says(said).says("so far");
    let report = world.run(&["--output", "json", "build"]).code(1).object("report");
    let failed = &report["failed"][0];
    assert_eq!((&failed["exit_code"], &failed["detail"]), (&json!(7), &json!(["so far"])));
    assert!(
        failed["message"].as_str().is_some_and(|one| one.ends_with("ended with 7")),
        "{failed}"
    );
    assert_eq!(objects(&world), [""; 0]);
    let images = format!("{}/tool", world.project);
    assert_eq!(engine::ask("GET", &format!("/images/{images}/json"), &Value::Null).status, 404);

    world.file("a", "A");
    let git =
        "git init -q r && git -C r -c user.name=x -c user.email=x commit -q --allow-empty -m 1";
    let mut make = std::process::Command::new("sh");
    assert!(make.args(["-c", git]).current_dir(world.path("")).status().unwrap().success());
    let fetch = |url: &str| format!("- fetch: {{path: /x, urls: {url}, sha256: {:064}}}", 0);
    for (resources, place, words, code) in [
        ("- file: {path: /no/where, contents: x}", "5:7", "there is no directory /no", 1),
        ("- file: {path: /x, contents: x, owner: nobody-here}", "5:", "nobody-here", 1),
        ("- file: {path: /x, source: gone}", "5:32", "cannot be read", 65),
        (&*fetch("a"), "5:42", "if that is the file you want, write `sha256: 559aead08264d5", 65),
        (&*fetch("none"), "5:31", "correct it, or add another place", 65),
        ("- git: {path: /x, repository: ./none, rev: main}", "5:35", "correct it, and see", 65),
        ("- git: {path: /x, repository: ./r, rev: gone}", "5:45", "name a commit, a tag or", 65),
    ] {
        world.yaml(&format!("images:\n  a:\n    from: @image\n    resources:\n    {resources}\n"));
        world.run(&["build"]).code(code).says(words).says(&format!("windlass.yaml:{place}"));
        let looks: [&[&str]; 4] = [
            &["build", "--dry-run"],
            &["build", "--dry-run", "-q"],
            &["plan", "--for", "build", "--exit-code"],
            &["--output", "json", "plan", "--for", "build"],
        ];
        for look in looks {
            world.run(look).code(code).says(words);
        }
    }
    world.yaml("images: {a: {from: @image, resources: [file: {path: /no/x, contents: x}]}}\n");
    world.run(&["build"]).code(1).says("there is no directory /no\n  help: declare it before");
}

#[test]
fn from_nothing() {
    let Some(world) = world("provision-scratch") else { return };
    world.yaml(
        r#"
images:
  data:
    from: scratch
    command: [/none]
    resources:
    - directory: /etc
    - file: {path: /etc/hello, contents: hello}
    - user: {name: app, uid: 1000}
    - user: {name: web, home: /}
containers:
  data: {image: "{{ images.data }}"}
"#,
    );
    world.run(&["build"]).code(0);
    world.run(&["build"]).code(0).says("Nothing to do");
    let image = inspect(&world, "data");
    assert_eq!(image["RootFS"]["Layers"].as_array().unwrap().len(), 1);
    assert_eq!(image["Os"], "linux");
}

#[test]
fn a_preview_says_what_comes_out_otherwise() {
    let Some(world) = world("provision-preview") else { return };
    let before = r#"
containers: {s: {image: "{{ images.s }}"}}
images:
  s:
    from: @image
    env: {A: one}
    entrypoint: [/bin/echo]
    resources:
    - directory: {path: /here/bin, parents: true}
    - user: {name: web, uid: 1234}
    - line: {path: /etc/motd, line: plain2, create: true}
    - file: {path: /same, contents: "same\n"}
"#;
    let after = r#"
containers: {s: {image: "{{ images.s }}"}}
images:
  s:
    from: @image
    env: {A: two}
    healthcheck: {test: [CMD, "true"]}
    resources:
    - line: {path: /etc/motd, line: plain3, create: true}
    - file: {path: /same, contents: "same\n"}
    - tree: {path: /site, source: site}
"#;
    world.yaml(before).run(&["build"]).code(0);
    world.yaml(after);
    for words in [&["plan"][..], &["plan", "--for", "build"], &["build", "--dry-run"]] {
        let said = world.run(words);
        let said = said.code(0).says("- /here: goes: nothing declares it any more");
        let said = said.says("/etc/passwd: ");
        let said = said.says("~ env A: one → two").says("~ entrypoint: [\"/bin/echo\"] → (none)");
        let said = said.says("~ healthcheck: (none) → {\"Test\":[\"CMD\",\"true\"]}");
        let said = said.says("-plain2\n").says("+plain3\n").never_says("Nothing to do");
        let said = said.says("+ tree[/site]: create /site/css (mode 0755, owner 0:0)");
        said.says("2 resources to change, 1 as it shall be.").never_says("file[/same]");
    }
    world.run(&["build"]).code(0);
    let last = layers(&world, "s").pop().unwrap();
    assert_eq!(last["etc/motd"], "0644 0:0 plain3\n");
    world.run(&["plan", "--for", "build"]).code(0).says("Nothing to do");

    // What commands leave is known to nobody.
    let more =
        "    - execute: {command: \"touch /x\"}\n    - file: {path: /none, policy: remove}\n";
    let more = more.to_owned() + "    - file: /n\n      only_if: {mode: host}\n";
    world.yaml(&(after.to_owned() + &more));
    let said = world.run(&["build", "--dry-run"]);
    let said = said
        .code(0)
        .says("run `touch /x`")
        .says("? file[/none]: not known before execute[touch /x] ran");
    said.says("1 resource to change, 1 not known yet, 1 skipped, 3 as it shall be.")
        .says("what commands leave is not known before they ran");
}

/// Every file below a directory, with what is in it.
fn below(directory: &Path) -> Vec<(PathBuf, String)> {
    let mut all = Vec::new();
    for item in std::fs::read_dir(directory).into_iter().flatten() {
        let path = item.unwrap().path();
        if path.is_dir() {
            all.extend(below(&path));
        } else {
            let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
            all.push((path, text));
        }
    }
    all
}

#[test]
fn what_is_sensitive_is_nowhere_but_in_the_image() {
    let Some(world) = world("provision-sensitive") else { return };
    let file = |word: &str| {
        let text = r#"
images:
  vault:
    from: @image
    resources:
    - file: {path: /etc/a, contents: "canary-7f3a\n"}
      sensitive: true
    - line: {path: /etc/a, line: @word}
    - line: {path: /etc/b, line: canary-7f3a, create: true}
      sensitive: true
      id: b
    - execute: {command: "echo canary-7f3a > /etc/c; cp /etc/a /etc/d"}
      sensitive: true
      id: c
    - line: {path: /etc/c, line: @word}
    - line: {path: /etc/motd, line: @word, create: true}
  upon:
    from: "{{ images.vault }}"
    resources:
    - line: {path: /etc/c, line: upon}
"#;
        world.yaml(&text.replace("@word", word));
    };
    for word in ["plain", "plainer"] {
        file(word);
        for words in [&["build", "--dry-run"][..], &["build"], &["build", "--dry-run"]] {
            world.run(words).code(0).never_says("canary");
        }
        let (path, words) = (world.path("sbom.json"), ["build", "vault", "--sbom"]);
        world.run(&[&words[..], &[path.to_str().unwrap()]].concat()).code(0);
        assert!(!std::fs::read_to_string(&path).unwrap().contains("canary"));
    }
    let kept = below(&world.path("home"));
    assert!(kept.iter().any(|(path, _)| path.parent().unwrap().ends_with("windlass/images")));
    let found = kept.iter().filter(|(_, text)| text.contains("canary-7f3a"));
    assert_eq!(found.map(|(path, _)| path).collect::<Vec<_>>(), Vec::<&PathBuf>::new());
    let layers = self::layers(&world, "upon");
    assert!(layers.iter().any(|layer| layer.values().any(|text| text.contains("canary-7f3a"))));
}

/// Engines take an image of 125 layers at most.
#[test]
fn more_commands_than_an_engine_takes_layers() {
    let Some(world) = world("provision-many") else { return };
    let own = |number| format!("    - {{file: {{path: /own{number}}}, layer: own}}\n");
    let run = |number| format!("    - execute: echo ran {number}; echo {number} >> /log\n");
    let image = |runs: String| {
        let files = (0..97).map(own).collect::<Vec<_>>().concat();
        world.yaml(&format!("images:\n  many:\n    from: @image\n    resources:\n{files}{runs}"));
    };
    let ran = |output: &Output, number: u32| output.all().contains(&format!("| ran {number}\n"));
    let build = || {
        let output = world.run(&["build"]);
        output.code(0);
        output
    };
    let layers = || inspect(&world, "many")["RootFS"]["Layers"].as_array().unwrap().len();
    image((0..40).map(run).collect());
    build();
    assert_eq!(layers(), 101);
    let log = (0..40).map(|number| format!("{number}\n")).collect::<Vec<_>>().concat();
    let written = self::layers(&world, "many").pop().unwrap();
    assert!(written["log"].ends_with(&format!(" {log}")), "{written:?}");
    // Of those that share a layer all run again; those before them do not.
    image((0..39).chain([77]).map(run).collect());
    let again = build();
    assert_eq!(
        [0, 1, 5, 38, 77].map(|number| ran(&again, number)),
        [false, false, true, true, true]
    );
    // The one that fails is named, though others share its layer; and a network is nobody else's.
    let failing = "    - execute: {command: echo ran 7; false, network: false}\n";
    image((0..39).map(run).chain([failing.to_owned(), run(40)]).collect());
    let failed = world.run(&["build"]);
    failed.code(1).says("yaml:141:7").says("echo ran 7; false");
    assert!(ran(&failed, 7) && !ran(&failed, 40), "{failed}");
    // Each that looks before it runs is a layer of its own, and there is an end to that.
    let looks =
        |number| format!("    - execute: {{command: ': > /c{number}', creates: /c{number}}}\n");
    let deep: Vec<String> = (0..117).map(|number| format!(", WORKDIR /w{number}")).collect();
    let deep = format!("  deep: {{commands: [FROM @image{}]}}\n", deep.concat());
    let looks = (0..5).map(looks).collect::<Vec<_>>().concat();
    world.yaml(&format!(
        "images:\n{deep}  many:\n    from: '{{{{ images.deep }}}}'\n    resources:\n{looks}"
    ));
    let failed = world.run(&["build"]);
    failed.code(1).says("the image has 120 layers").says("join commands").says("yaml:8:7");
}

#[test]
fn all_that_cannot_be_planned_is_shown_at_its_place() {
    let Some(world) = world("provision-wrong") else { return };
    world.yaml(
        r#"
images:
  app:
    from: @image
    resources:
    - file: {path: /a, owner: nobody-here}
    - execute: "true"
    - file: {path: /b}
  other:
    from: scratch
    resources:
    - file: {path: /a, owner: nobody-here}
    - file: {path: /no/where/b}
"#,
    );
    let planned = world.run(&["build", "--dry-run"]);
    planned.code(1).says("image app: it could not be built:").says("image other: it could not");
    for place in ["yaml:6:31", "yaml:12:31", "yaml:13:20"] {
        planned.says(place);
    }
    let planned = world.run(&["build", "other", "--dry-run", "--output", "json"]);
    let plan = planned.json().into_iter().find(|line| line["type"] == "image_plan").unwrap();
    assert_eq!(plan["diagnostics"].as_array().unwrap().len(), 2, "{plan}");
    world.yaml("images: {app: {from: @image, resources: [execute: 'echo said; false']}}");
    let built = world.run(&["build"]);
    let times = built.code(1).all().lines().filter(|line| line.ends_with("| said")).count();
    assert_eq!(times, 1, "{built}");
}

/// A look finds what commands left before, and makes nothing itself.
#[test]
fn commands_that_do_not_run_again_are_told_in_a_look() {
    let Some(world) = world("provision-known") else { return };
    let image = |last: &str| {
        world.yaml(&format!(
            "images:\n  tool:\n    from: @image\n    resources:\n    - file: {{path: /a, contents: a}}\n    \
             - execute: cp /a /b\n    - file: {{path: /c, contents: c}}\n    - execute: {last}\n    \
             - execute: echo end\n"
        ));
    };
    let told = |last: &str| {
        let looked = world.run(&["build", "--dry-run", "--force"]);
        looked.code(0);
        ["cp /a /b", last, "echo end"]
            .map(|one| looked.all().contains(&format!("run `{one}`: does not run again")))
    };
    image("cp /c /d");
    assert_eq!(told("cp /c /d"), [false; 3]);
    assert!(!engine::get("/images/json").to_string().contains(&world.project), "nothing is made");
    world.run(&["build"]).code(0);
    assert_eq!(told("cp /c /d"), [true; 3]);
    image("cp /c /e");
    assert_eq!(told("cp /c /e"), [true, false, false]);
    world.run(&["build", "--dry-run", "--no-cache"]).code(0).never_says("does not run again");
}

#[test]
fn an_image_can_not_run_as_who_is_not_in_it() {
    let Some(world) = world("provision-user") else { return };
    let file = |user: &str| {
        format!(
            "images:\n  a:\n    from: scratch\n    user: {user}\n    resources:\n    \
             - directory: /etc\n    - user: {{name: web, uid: 33, create_home: false}}\n"
        )
    };
    let says = "there is no user called `nosuch` in /etc/passwd";
    world.yaml(&file("nosuch")).run(&["build"]).code(1).says(says).says("or give its number");
    assert!(inspect(&world, "a").is_null());
    for user in ["web", "77"] {
        world.yaml(&file(user)).run(&["build"]).code(0);
    }
}

#[test]
fn a_document_says_what_is_in_it() {
    let Some(world) = world("provision-sbom") else { return };
    world.yaml(
        r#"
images:
  tool:
    from: @image
    resources:
    - file: {path: /etc/os-release, contents: "ID=debian\nVERSION_ID=12\n"}
    - directory: {path: /var/lib/dpkg, parents: true}
    - file:
        path: /var/lib/dpkg/status
        contents: "Package: x\nStatus: install ok installed\nVersion: 1+2\nArchitecture: all\n"
    - file: {path: /token, contents: canary-7f3a}
      sensitive: true
"#,
    );
    let path = world.path("sbom.json");
    let out = path.to_str().unwrap();
    world.run(&["build", "--sbom", out]).code(0).says("3 packages and 2 files");
    let first = std::fs::read_to_string(&path).unwrap();
    assert_eq!(world.run(&["build", "--sbom", "-"]).code(0).stdout, first);
    assert!(!world.path("-").exists());
    // The image is there now, and nothing was looked at in it but its index.
    world.run(&["build", "tool", "--sbom", out]).code(0).says("Nothing to do");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), first);
    assert!(!first.contains("canary") && first.contains("file[/token]"), "{first}");
    let document: Value = serde_json::from_str(&first).unwrap();
    assert_eq!(document["creationInfo"]["created"], "1970-01-01T00:00:01Z");
    let image = inspect(&world, "tool");
    assert_eq!(document["packages"][0]["versionInfo"], image["Id"]);
    let purl = &document["packages"][2]["externalRefs"][0]["referenceLocator"];
    assert_eq!(purl, "pkg:deb/debian/x@1%2B2?arch=all&distro=debian-12");
}

#[test]
fn packages_that_cannot_be_read_are_not_passed_over() {
    let Some(world) = world("provision-packages") else { return };
    let packed = include_bytes!("../../../image/tests/it/rpmdb.sqlite.gz");
    let mut database = Vec::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_end(&mut database).unwrap();
    std::fs::write(world.path("rpmdb.sqlite"), &database).unwrap();
    std::fs::write(world.path("half.sqlite"), &database[..database.len() / 2]).unwrap();
    for (source, log, count, unread) in [
        ("rpmdb.sqlite", "", 66, "packages of pacman are"),
        ("rpmdb.sqlite", "x", 3, "rpmdb.sqlite are"),
        ("half.sqlite", "", 3, "packages of rpm are"),
    ] {
        let text = r#"
images:
  tool:
    from: @image
    resources:
    - directory: {path: /usr/lib/sysimage/rpm, parents: true}
    - file: {path: /usr/lib/sysimage/rpm/rpmdb.sqlite, source: "@source"}
    - file: {path: /usr/lib/sysimage/rpm/rpmdb.sqlite-wal, contents: "@log"}
    - directory: {path: /var/lib/pacman/local, parents: true}
    - directory: {path: /var/lib/dpkg/status.d, parents: true}
    - file: {path: /var/lib/dpkg/status.d/tzdata, contents: "Package: tzdata\nVersion: 1\n"}
    - file: {path: /var/lib/dpkg/status.d/tzdata.md5sums, contents: "x  y\n"}
"#;
        world.yaml(&text.replace("@source", source).replace("@log", log));
        let path = world.path("sbom.json");
        let said = format!("{count} packages");
        let built = world.run(&["build", "tool", "--sbom", path.to_str().unwrap()]);
        built.code(0).says(&said).says(&format!("{unread} in the image and can't be read"));
        let document = std::fs::read_to_string(&path).unwrap();
        assert!(document.contains(&format!("{unread} there and were not read")), "{document}");
        assert!(document.contains("pkg:deb/tzdata@1"), "{document}");
    }
}
