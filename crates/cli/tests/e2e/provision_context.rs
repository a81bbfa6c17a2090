//! Images of resources that are built by a builder alone, from what `windlass context` writes.
//!
//! Invariant: what comes out is compared with what `windlass build` makes of the same file, by the tar of the whole file system.

use crate::harness::{World, engine};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Read as _;

const FILE: &str = r#"
images:
  site:
    from: @image
    env: {WORD: "a $b"}
    entrypoint: [/bin/sh, -c]
    command: ["cat /srv/www/index.html"]
    user: "1000"
    workdir: /srv
    ports: [80]
    volumes: [/srv/data]
    maintainer: the team
    labels: {tier: "a \"b\""}
    healthcheck: {test: "true || false", interval: 5s}
    resources:
    - user: {name: app, uid: 1234}
    - directory: {path: /srv/www, parents: true, owner: app}
    - directory: {path: /srv/data, owner: app, mode: 0700}
    - tree: {path: /srv/www, source: site, owner: app}
    - file: {path: /srv/token, contents: canary-7f3a, mode: 04600}
      sensitive: true
    - link: {path: /www, to: srv/www}
    - file: {path: /etc/group-, policy: remove}
    - execute: "cat /srv/www/index.html > /copied; chown 5:6 /copied"
    - link: {path: /bin/wc, policy: remove}
"#;

/// Everything in an image that is there after all of its layers, but for what engines put into containers.
fn file_system(world: &World, image: &str) -> BTreeMap<String, String> {
    let labels = json!({"dev.windlass.project": world.project});
    let create = json!({"Image": image, "Labels": labels, "Cmd": ["true"]});
    let answer = engine::ask("POST", "/containers/create", &create).json();
    let id = answer["Id"].as_str().unwrap();
    let exported = engine::call("GET", &format!("/containers/{id}/export"), "", &[]);
    assert!(engine::delete(&format!("/containers/{id}?v=1")));
    let mut all = BTreeMap::new();
    for entry in tar::Archive::new(&exported.body[..]).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let of_engine = ["dev/", "proc/", "sys/", ".dockerenv", "etc/mtab"];
        let is_name = ["etc/hostname", "etc/hosts", "etc/resolv.conf"].contains(&path.as_str());
        if is_name || of_engine.iter().any(|one| path.starts_with(one)) {
            continue;
        }
        let header = entry.header();
        let (entry_type, mode) = (header.entry_type(), header.mode().unwrap());
        let (uid, gid) = (header.uid().unwrap(), header.gid().unwrap());
        let to = entry.link_name().unwrap().map(|to| to.display().to_string());
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let content = if content.len() > 4096 {
            content.len().to_string()
        } else {
            String::from_utf8_lossy(&content).into_owned()
        };
        all.insert(path, format!("{entry_type:?} {mode:o} {uid}:{gid} {to:?} {content}"));
    }
    all
}

fn config(image: &str) -> Value {
    let seen = engine::get(&format!("/images/{image}/json"));
    let config = &seen["Config"];
    // Builders add it where the base has none.
    let env = config["Env"].as_array().unwrap().iter();
    let env: Vec<_> = env.filter(|one| !one.as_str().unwrap().starts_with("PATH=")).collect();
    let keys = [
        "Env",
        "Cmd",
        "Entrypoint",
        "User",
        "WorkingDir",
        "ExposedPorts",
        "Volumes",
        "Healthcheck",
    ];
    let mut all =
        keys.map(|key| (key, config[key].clone())).into_iter().collect::<BTreeMap<_, _>>();
    all.insert("tier", config["Labels"]["tier"].clone());
    all.insert("Env", json!(env));
    all.insert("Author", seen["Author"].clone());
    json!(all)
}

fn compare(world: &World, image: &str) {
    let own = format!("{}/site:latest", world.project);
    let (wanted, found) = (file_system(world, &own), file_system(world, image));
    let names: Vec<&String> = wanted
        .keys()
        .chain(found.keys())
        .filter(|name| wanted.get(*name) != found.get(*name))
        .collect();
    let told: Vec<_> =
        names.iter().map(|name| (name, wanted.get(*name), found.get(*name))).collect();
    assert!(told.is_empty(), "{told:#?}");
    assert!(found.contains_key("copied") && found["srv/token"].contains("canary"));
    assert_eq!(config(&own), config(image));
}

#[test]
fn a_builder_alone_makes_the_same() {
    if engine::url().is_some() && engine::is_podman() {
        return;
    }
    let Some(world) = World::new("provision-context") else { return };
    world.yaml(FILE);
    world.file("site/index.html", "<h1>hi</h1>\n").file("site/css/a.css", "a {}\n");
    world.run(&["build"]).code(0);
    let path = world.path("context.tar");
    let out = path.to_str().unwrap();
    world.run(&["context", "site", "--out", out]).code(0).says("Dockerfile");
    let tar = std::fs::read(&path).unwrap();
    world.run(&["context", "site", "--out", out]).code(0);
    assert_eq!(std::fs::read(&path).unwrap(), tar, "the same gives the same bytes");

    let label = engine::encode(&json!({"dev.windlass.project": world.project}).to_string());
    let image = format!("{}/classic:latest", world.project);
    let query = format!("/build?t={}&labels={label}&rm=1&forcerm=1", engine::encode(&image));
    let built = engine::call("POST", &query, "application/x-tar", &tar);
    assert!(built.is_success() && !built.text().contains("errorDetail"), "{}", built.text());
    compare(&world, &image);

    let unpacked = world.path("unpacked");
    tar::Archive::new(&tar[..]).unpack(&unpacked).unwrap();
    world.yaml(&FILE.replace(
        "images:\n",
        "images:\n  kit: {dockerfile: unpacked/Dockerfile.buildkit, context: unpacked, builder: buildkit}\n",
    ));
    world.run(&["build", "kit"]).code(0);
    let image = format!("{}/kit:latest", world.project);
    compare(&world, &image);
    let saved = engine::call("GET", &format!("/images/{image}/get"), "", &[]);
    let agent = std::fs::read(unpacked.join("windlass/agent")).unwrap();
    let piece = &agent[agent.len() / 2..][..256];
    assert!(!saved.body.windows(256).any(|one| one == piece), "no layer has the agent");
}
