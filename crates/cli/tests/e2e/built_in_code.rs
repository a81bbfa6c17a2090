//! Images that are built in code, by the library: the files that come out.
//!
//! Invariant: what an image holds is looked at in a container made from it.

use windlass::engine::docker::Environment;
use windlass::image::{BuildSettings, Copy, Dockerfile, ImageBuild, build_image};
use windlass::model::image::Builder;

use crate::harness::{World, base, engine};

fn build(world: &World, builder: Builder) -> String {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "link", "target").unwrap();
    std::fs::write(world.path("some.tar"), tar.into_inner().unwrap()).unwrap();
    let file = Dockerfile::from(base::image())
        .add_file_with(world.path("conf with space"), Copy::to("/etc/its conf").chown("3:4"))
        .add_file(world.path("dir"), "/dir")
        .add_archive(world.path("some.tar"), "/unpacked/")
        .add_bytes("made\n", "made", "/made")
        .env("QUOTED", windlass::image::Word::literal("a \"b\" \\ $HOME"))
        .run("mkdir -m 777 /open\necho one > /one\necho \"$QUOTED\" > /two")
        .as_user("5", "root", |file| file.run("id -u > /open/who"))
        .cmd_shell("[ -f /one ] && sleep 1000000");
    let build = ImageBuild::new(&file).unwrap();
    let reference = format!("{}/{}:latest", world.project, format!("{builder:?}").to_lowercase());
    let spec = windlass::model::engine::EngineSpec { url: engine::url(), ..Default::default() };
    let name = windlass::model::EngineName::default();
    let environment = Environment::default();
    let client = windlass::engine::docker::DockerEngine::open(name, &spec, environment).unwrap();
    let mut settings = BuildSettings::default();
    settings.options.builder = builder;
    settings.options.labels.insert("dev.windlass.project".into(), world.project.clone());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime
        .block_on(async { build_image(&client, build, &[&reference], settings, &|_| {}).await })
        .unwrap();
    reference
}

#[test]
fn an_image_built_in_code_must_hold_what_was_added() {
    let Some(world) = World::new("in-code") else { return };
    world.file("conf with space", "conf").file("dir/inner", "inner");
    for builder in [Builder::Classic, Builder::Buildkit] {
        if builder == Builder::Buildkit && engine::is_podman() {
            continue;
        }
        let reference = build(&world, builder);
        world.yaml(&format!(
            "containers: {{app: {{image: '{reference}', pull: never, init: true, network_mode: none}}}}"
        ));
        world.up();
        let inside = |argv: &[&str]| world.inside("app", argv);
        assert_eq!(inside(&["stat", "-c", "%u:%g", "/etc/its conf"]), "3:4");
        assert_eq!(
            inside(&["cat", "/dir/inner", "/made", "/one", "/two"]),
            "innermade\none\na \"b\" \\ $HOME"
        );
        assert_eq!(inside(&["readlink", "/unpacked/link"]), "target");
        assert_eq!(inside(&["cat", "/open/who"]), "5");
    }
}
