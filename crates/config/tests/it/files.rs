//! Several files: merging, includes, env files, paths.
//!
//! Invariant: a value keeps the file that said it, for messages and for relative paths.

use std::path::Path;

use windlass_config::{LoadOptions, Loaded, load};

fn write(directory: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn load_files(files: &[(&str, &str)], named: &[&str]) -> (Loaded, tempfile::TempDir) {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), files);
    let options = LoadOptions {
        files: named.iter().map(Into::into).collect(),
        cwd: directory.path().to_path_buf(),
        project: Some("p".to_owned()),
        ..LoadOptions::default()
    };
    (load(&options), directory)
}

fn findings(loaded: &Loaded) -> String {
    loaded.diagnostics.render_plain(&loaded.sources)
}

#[test]
fn later_files_win_and_keep_their_directories() {
    let (loaded, directory) = load_files(
        &[
            (
                "a.yaml",
                "include: [sub/b.yaml]\ncontainers:\n  w: {image: one, command: [a, b], env: {A: 1, B: 1}, mounts: ['./x:/x']}\n",
            ),
            (
                "sub/b.yaml",
                "containers:\n  w: {image: two, command: [c], env: {B: 2}}\n  v: {image: x, mounts: ['./x:/x']}\n",
            ),
            ("c.yaml", "containers: {w: {env: {C: 3}}}\n"),
        ],
        &["a.yaml", "c.yaml"],
    );
    assert_eq!(findings(&loaded), "");
    let project = loaded.project.unwrap();
    let get = |key: &str| project.containers.values().find(|c| c.key == key).unwrap();
    let w = get("w");
    assert_eq!(w.image.to_string(), "two:latest");
    assert_eq!(w.config.command.as_deref().unwrap(), ["c"]);
    let env: Vec<_> =
        w.config.env.iter().map(|(k, v)| format!("{k}={}", v.reveal().unwrap())).collect();
    assert_eq!(env, ["A=1", "B=2", "C=3"]);
    let source = |key: &str| get(key).config.mounts["/x"].to_string();
    let root = directory.path().display();
    assert_eq!(source("w"), format!("{root}/x"));
    assert_eq!(source("v"), format!("{root}/sub/x"));
}

#[test]
fn mistakes_name_their_own_file() {
    let (loaded, _directory) = load_files(
        &[
            ("a.yaml", "include: sub/b.yaml\ncontainers:\n  w: {image: x, tty: 1}\n"),
            ("sub/b.yaml", "containers:\n  w: {privileged: 2}\n"),
        ],
        &["a.yaml"],
    );
    let found = findings(&loaded);
    assert!(found.contains("a.yaml:3:22: error: containers.w.tty"), "{found}");
    assert!(found.contains("sub/b.yaml:2:19: error: containers.w.privileged"), "{found}");
}

#[test]
fn missing_and_circular_files() {
    let (loaded, _directory) = load_files(
        &[
            ("a.yaml", "include: [b.yaml, nope.yaml]\nx-a: 1\n"),
            ("b.yaml", "include: a.yaml\nx-b: 1\n"),
        ],
        &["a.yaml"],
    );
    let found = findings(&loaded);
    assert!(
        found.contains(
            "a.yaml:1:19: error: include: nope.yaml cannot be read: there is no such file"
        ),
        "{found}"
    );
    assert!(
        found.contains("b.yaml:1:10: error: include: files include one another in a circle: "),
        "{found}"
    );
    assert!(load(&LoadOptions::default()).diagnostics.has_errors());
    let (loaded, _directory) = load_files(&[], &["none.yaml"]);
    assert!(
        findings(&loaded).starts_with("error: none.yaml cannot be read: there is no such file")
    );
}

#[test]
fn env_files() {
    let (loaded, _directory) = load_files(
        &[
            (
                "a.yaml",
                "containers:\n  w: {image: x, env_file: [one.env, {path: no.env, required: false}], env: {B: own}}\n",
            ),
            ("one.env", "A=1\nB=2\nexport C='x y'\n"),
        ],
        &["a.yaml"],
    );
    assert_eq!(findings(&loaded), "");
    let project = loaded.project.unwrap();
    let env = &project.containers.values().next().unwrap().config.env;
    let env: Vec<_> = env.iter().map(|(k, v)| format!("{k}={}", v.reveal().unwrap())).collect();
    assert_eq!(env, ["A=1", "B=own", "C=x y"]);
    let (loaded, _directory) = load_files(
        &[
            (
                "a.yaml",
                "containers:\n  w: {image: x, env_file: [one.env, no.env]}\n  v: {extends: w}\n",
            ),
            ("one.env", "A=1\nnonsense\n"),
        ],
        &["a.yaml"],
    );
    let found = findings(&loaded);
    assert!(
        found.contains("one.env:2:1: error: expected NAME=value\n  a.yaml:2:28: named here"),
        "{found}"
    );
    assert!(
        found.contains("a.yaml:2:37: error: containers.w.env_file[1]: the env file"),
        "{found}"
    );
}

#[test]
fn the_directory_names_the_project() {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), &[("My Shop.d/windlass.yaml", "x-a: 1\n")]);
    let options = LoadOptions {
        files: vec!["My Shop.d/windlass.yaml".into()],
        cwd: directory.path().to_path_buf(),
        ..LoadOptions::default()
    };
    assert_eq!(load(&options).project.unwrap().name.as_str(), "myshopd");
}

#[test]
fn a_seccomp_profile_is_read_where_it_stands() {
    let text = "containers:\n  a: {image: x, security_opt: ['seccomp=sub/p.json']}\n  \
                b: {image: x, security_opt: ['seccomp={\"b\": 1}', 'seccomp=unconfined']}\n";
    let profile = "{\n  \"defaultAction\": \"SCMP_ACT_ALLOW\"\n}\n";
    let (loaded, _directory) =
        load_files(&[("a.yaml", text), ("sub/p.json", profile)], &["a.yaml"]);
    assert_eq!(findings(&loaded), "");
    let containers = loaded.project.unwrap().containers;
    let options: Vec<_> =
        containers.values().flat_map(|spec| spec.config.security_opt.clone()).collect();
    let read = r#"seccomp={"defaultAction":"SCMP_ACT_ALLOW"}"#;
    assert_eq!(options, [read, "seccomp=unconfined", r#"seccomp={"b":1}"#]);

    let text =
        "containers:\n  a:\n    image: x\n    security_opt: [seccomp=no.json, seccomp=p.json]\n";
    let (loaded, directory) = load_files(&[("a.yaml", text), ("p.json", "[]")], &["a.yaml"]);
    let root = directory.path().display();
    let shown = findings(&loaded).replace(&format!("{root}/"), "");
    assert_eq!(
        shown,
        "a.yaml:4:20: error: containers.a.security_opt[0]: the seccomp profile no.json cannot be read: \
         No such file or directory (os error 2)\n  \
         help: name a file with a profile in JSON, or write seccomp=unconfined\n\
         a.yaml:4:37: error: containers.a.security_opt[1]: the seccomp profile p.json is not JSON: \
         invalid type: sequence, expected a map at line 1 column 0\n  \
         help: name a file with a profile in JSON, or write seccomp=unconfined\n"
    );
}

/// The resources of files by their names, and what is found.
fn load_resources(files: &[(&str, &str)]) -> (Vec<String>, String) {
    let directory = tempfile::tempdir().unwrap();
    write(directory.path(), files);
    let options = LoadOptions {
        files: vec!["main.yaml".into()],
        cwd: directory.path().to_path_buf(),
        ..LoadOptions::default()
    };
    let loaded = windlass_config::load_bundle(&options);
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    let all = loaded.bundle.map(|bundle| bundle.resources).unwrap_or_default();
    (all.iter().filter_map(windlass_bundle::Resource::name).collect(), found)
}

#[test]
fn resources_of_all_files_are_joined() {
    let common = ("sub/common.yaml", "vars: {v: 2}\nresources: [{file: {path: /c, source: c}}]\n");
    let more = ("more.yaml", "include: sub/common.yaml\nresources: [{directory: /m}]\n");
    let (names, found) = load_resources(&[
        (
            "main.yaml",
            "include: [more.yaml, empty.yaml]\nvars: {v: 1}\nresources: [{file: '/own{{ vars.v }}'}]\n",
        ),
        more,
        common,
        ("empty.yaml", "resources:\n"),
        ("sub/c", "c"),
    ]);
    assert_eq!(names, ["/c", "/m", "/own2"]);
    assert_eq!(found, "");
    for (own, theirs, expected) in [
        (
            "resources: [{fil: {path: /o}}]",
            "resources: [{file: /c}]",
            "main.yaml:2:14: error: resources[1]: unknown type of resource \"fil\"",
        ),
        (
            "resources: [{file: /o}]",
            "resources: [{fil: /c}]",
            "c.yaml:1:14: error: resources[0]: unknown type of resource \"fil\"",
        ),
        ("resources: [{file: /c}]", "resources: [{file: /c}]", "c.yaml:1:14"),
        (
            "resources: {file: /o}",
            "resources: [{file: /c}]",
            "main.yaml:2:12: error: resources: expected a list of resources, found a mapping",
        ),
    ] {
        let main = format!("include: c.yaml\n{own}\n");
        let (names, found) = load_resources(&[("main.yaml", &main), ("c.yaml", theirs)]);
        assert!(names.is_empty() && found.contains(expected), "{own}: {found}");
    }
}

#[test]
fn resources_of_an_image_in_several_files_are_joined() {
    let image = |text: &str| format!("images: {{a: {{from: scratch, resources: {text}}}}}\n");
    let files = |own: &str| {
        load_files(
            &[
                ("a.yaml", &format!("include: b.yaml\n{}", image(own))),
                ("b.yaml", &image("[{file: /b}]")),
                ("c.yaml", &image("[{file: /c}]")),
            ],
            &["a.yaml", "c.yaml"],
        )
    };
    let (loaded, _directory) = files("[{file: /a}]");
    assert_eq!(findings(&loaded), "");
    let image = &loaded.project.unwrap().images["a"];
    let windlass_model::image::ImageSource::Provision(spec) = &image.source else { panic!() };
    let names: Vec<_> =
        spec.bundle.resources.iter().filter_map(windlass_bundle::Resource::name).collect();
    assert_eq!(names, ["/b", "/a", "/c"]);
    let (loaded, _directory) = files("[{fil: /a}]");
    assert!(findings(&loaded).contains("unknown type of resource \"fil\""));
}
