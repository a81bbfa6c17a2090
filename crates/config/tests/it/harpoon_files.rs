//! Harpoon's files: extra files, directories of images, the file at home, values from outside.

use std::path::Path;

use windlass_config::{Dialect, LoadOptions, load};

use crate::check::options;
use crate::harpoon::clean;

/// Files below a directory of their own, and options that read `harpoon.yml` there.
fn world(files: &[(&str, &str)]) -> (tempfile::TempDir, LoadOptions) {
    let directory = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = directory.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let cwd = directory.path().to_owned();
    let options = LoadOptions {
        files: vec!["harpoon.yml".into()],
        stdin: None,
        dialect: Dialect::Harpoon,
        home: Some(cwd.join("home")),
        cwd,
        ..options("")
    };
    (directory, options)
}

fn tag(options: &LoadOptions, image: &str) -> String {
    let project = clean(load(options));
    project.images[image].reference.rsplit(':').next().unwrap().to_owned()
}

const IMAGE: &str = "images: {i: {commands: [FROM x], tag: '{v}'}}";

#[test]
fn later_files_win() {
    let main = format!(
        "harpoon: {{extra_files: ['{{config_root}}/more/{{name}}.yml']}}\nname_of: x\nname: extra\nv: main\n{IMAGE}"
    );
    let main = main.replace("name_of: x\n", "");
    let (_directory, options) = world(&[
        ("harpoon.yml", &main),
        ("more/extra.yml", "v: extra"),
        ("home/.harpoonrc.yml", "v: home\nuser: me"),
    ]);
    assert_eq!(tag(&options, "i"), "extra");
    let project = clean(load(&options));
    let user = project.containers.values().next().unwrap().config.user.clone();
    assert_eq!(user.as_deref(), Some("me"));
}

#[test]
fn values_come_from_outside() {
    let (_directory, options) =
        world(&[("harpoon.yml", &format!("v: main\nd: {{e: 1}}\n{IMAGE}"))]);
    let with = |set: &[(&str, &str)], env: &[(&str, &str)]| {
        let pair = |(a, b): &(&str, &str)| ((*a).to_owned(), (*b).to_owned());
        let mut options = LoadOptions { set: set.iter().map(pair).collect(), ..options.clone() };
        options.env.extend(env.iter().map(pair));
        tag(&options, "i")
    };
    assert_eq!(with(&[], &[]), "main");
    assert_eq!(with(&[("v", "set")], &[("WINDLASS_VAR_v", "env")]), "set");
    assert_eq!(with(&[], &[("WINDLASS_VAR_v", "env")]), "env");
    assert_eq!(with(&[("images.i.tag", "direct")], &[]), "direct");
}

#[test]
fn a_directory_has_an_image_in_each_file() {
    let (directory, options) = world(&[
        ("harpoon.yml", "images: {__images_from__: imgs, b: {tag: over}}"),
        ("imgs/a.yml", "commands: [FROM x]"),
        (
            "imgs/deep/b.yaml",
            "commands: [[FROM, '{images.a}']]\ntag: under\ncontext: {parent_dir: '{config_root}/src'}",
        ),
        ("imgs/readme.txt", "no image"),
    ]);
    let project = clean(load(&options));
    assert_eq!(project.images.keys().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(project.images["b"].reference, "b:over");
    assert!(Path::new(directory.path()).join("imgs").is_dir());
}

#[test]
fn a_file_that_is_not_there_is_said_with_its_place() {
    for (text, expected) in [
        (
            "harpoon: {extra_files: [none.yml]}\nimages: {}",
            "harpoon.yml:1:25: error: include: none.yml cannot be read",
        ),
        (
            "images: {__images_from__: none}",
            "harpoon.yml:1:27: error: images.__images_from__: this directory of images is not there",
        ),
        ("harpoon: {extra_files: ['{no}']}\nimages: {}", "nothing in this file is called `no`"),
    ] {
        let (_directory, options) = world(&[("harpoon.yml", text)]);
        let loaded = load(&options);
        let found = loaded
            .diagnostics
            .render_plain(&loaded.sources)
            .replace(&options.cwd.display().to_string(), "")
            .replace("/none.yml", "none.yml");
        assert!(found.contains(expected), "{found}");
    }
}
