//! The annotated example: the reference manual as a test.
//!
//! Invariant: it has every key that the tables have, and loads without a finding.

use windlass_config::{LoadOptions, load};

fn path() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/windlass.yaml")
}

#[test]
fn the_annotated_example_loads_clean() {
    let options = LoadOptions {
        files: vec![path()],
        cwd: "/".into(),
        env: [("SHOP_DB_PASSWORD".to_owned(), "p w".to_owned())].into(),
        ..LoadOptions::default()
    };
    let loaded = load(&options);
    let findings = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(findings.is_empty(), "{findings}");
    let project = loaded.project.unwrap();
    assert_eq!(project.name.as_str(), "shop");
    let names: Vec<_> = project.containers.keys().map(|address| address.name.as_str()).collect();
    assert_eq!(names, ["app.blue", "app.green", "db", "sidecar", "web", "cron"]);
    let with_args = project.tasks.values().filter(|task| task.takes_args);
    assert_eq!(with_args.map(|task| &task.name).collect::<Vec<_>>(), ["shell", "test"]);
    let env = &project.containers.values().find(|c| c.name == "shop.app.blue").unwrap().config.env;
    assert_eq!(env["DATABASE"].reveal(), Some("postgres://shop:p%20w@db/shop"));
    assert!(env["DATABASE"].is_sensitive());
    assert!(!format!("{project:?}").contains("p%20w"));
}

#[test]
fn the_annotated_example_has_every_key() {
    let text = std::fs::read_to_string(path()).unwrap();
    // Spellings of other tools that mean the same as a key which is there.
    let synonyms = ["create_options", "host_config", "volumes", "clients"];
    for key in windlass_config::native::container_keys() {
        let written = [format!("{key}:"), format!("`{key}`")];
        let found = written.iter().any(|text_of| text.contains(text_of.as_str()));
        assert!(found || synonyms.contains(&key), "`{key}` is missing");
    }

    let (_, images) = text.split_once("\nimages:\n").unwrap();
    let (images, _) = images.split_once("\ncontainers:\n").unwrap();
    // These are for all images: they stand under `defaults`, or have a shorter word.
    let elsewhere = ["index", "image_index", "image_name_prefix"];
    for key in windlass_config::native::image_keys() {
        let written = [format!("{key}:"), format!("`{key}`")];
        let found = written.iter().any(|text_of| images.contains(text_of.as_str()));
        assert!(found || elsewhere.contains(&key), "`{key}` of images is missing");
    }
}
