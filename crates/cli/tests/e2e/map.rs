//! A map that a program builds and applies, without a file and without the command line.
//!
//! Invariant: the library alone does here what it is documented to do.

use crate::harness::{World, base, engine};
use windlass::engine::docker::Environment;
use windlass::map::{Bind, Container, ContainerMap, Volume};
use windlass::model::report::Report;
use windlass::model::request::{Request, Verb};
use windlass::{ExecutionContext, Interrupts, LocalInputs};

/// What a web server and an application server of docker-map's documentation do, in a shell.
const APP: &str = "cat /var/lib/app/config/name > /var/lib/app/socket/greeting; \
                   echo started > /var/lib/app/log/app.log; exec sleep 1000000";
const WEB: &str =
    "cat /var/lib/app/socket/greeting > /var/log/nginx/access.log; exec sleep 1000000";

fn site(world: &World) -> ContainerMap {
    let idle = |script: &str| serde_json::json!({"command": ["sh", "-c", script], "stop_signal": "SIGKILL"});
    let quick = || serde_json::json!({"stable_for": "100ms"});
    let image = format!("/{}", base::image());
    ContainerMap::new(&world.project)
        .host_root(world.path("site").display().to_string())
        .volume("web_log", "/var/log/nginx")
        .volume("app_config", "/var/lib/app/config")
        .volume("app_log", "/var/lib/app/log")
        .volume("socket", Volume::new().default_path("/var/lib/app/socket").user("1000:1000"))
        .host("app_config", [("one", "config/app1")])
        .container(
            "web_server",
            Container::new()
                .image(&image)
                .bind(Bind::path("/etc/nginx", "config/nginx").read_only())
                .uses("socket")
                .attaches("web_log")
                .set("update", quick())
                .network_mode("none")
                .create_options(idle(WEB)),
        )
        .container(
            "app_server",
            Container::new()
                .image(&image)
                .instances(["one"])
                .bind(Bind::alias("app_config").read_only())
                .attaches("app_log")
                .attaches("socket")
                .user("1000:1000")
                .permissions("u=rwX,g=rX,o=")
                .set("update", quick())
                .network_mode("none")
                .create_options(idle(APP)),
        )
}

/// How many steps the verb had, and what came of them.
fn apply(map: &ContainerMap, verb: Verb) -> (usize, Report) {
    let vars = [("DOCKER_HOST".to_owned(), engine::url().unwrap())].into();
    let environment = Environment { vars, ..Environment::default() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let project = map.project().unwrap();
        let engines = windlass::connect(&project, &environment).unwrap();
        let inputs = LocalInputs::default();
        let observed = windlass::observe(&project, &engines, &inputs).await.unwrap();
        let plan = windlass::plan(&project, &observed, &Request::new(verb)).unwrap();
        let context = ExecutionContext::new(&project, inputs.secrets);
        let mut sink = |_| {};
        let never = Interrupts::never();
        let report = windlass::execute(&plan, &engines, &context, &mut sink, never).await;
        (plan.steps.len(), report)
    })
}

#[test]
fn a_map_in_code_must_be_applied_and_then_be_settled() {
    let Some(world) = World::new("map") else { return };
    world.file("site/config/app1/name", "one").file("site/config/nginx/nginx.conf", "");
    let map = site(&world);
    let (steps, report) = apply(&map, Verb::Up);
    assert!(report.is_success() && steps > 0, "{report:?}");
    assert_eq!(world.state("web_server"), "running");
    // The web server started after the application server, and both share the volume.
    assert_eq!(world.inside("web_server", &["cat", "/var/lib/app/socket/greeting"]), "one");
    assert_eq!(world.inside("app_server.one", &["id", "-u"]), "1000");
    let owner = world.inside("web_server", &["stat", "-c", "%u:%g %a", "/var/lib/app/socket"]);
    assert_eq!(owner, "1000:1000 750");
    assert!(world.inside_as("web_server", "1001", &["ls", "/var/lib/app/socket"]).0 != 0);
    let (steps, report) = apply(&map, Verb::Up);
    assert!(report.is_success());
    assert_eq!(steps, 0);
    let changed = site(&world).container(
        "extra",
        Container::new()
            .image(format!("/{}", base::image()))
            .network_mode("none")
            .create_options(serde_json::json!({"command": "true"})),
    );
    assert!(apply(&changed, Verb::Up).1.is_success());
    assert_ne!(world.state("extra"), "absent");
    assert!(apply(&changed, Verb::Down).1.is_success());
    assert_eq!(world.state("web_server"), "absent");
}
