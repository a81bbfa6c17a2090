//! What each of docker-map's actions does, and in which order, for maps of its own tests.
//!
//! Invariant: an order is compared as a whole, and each container comes where its dependencies allow it.

use crate::site::{Site, map, up};
use windlass::engine::Engine as _;
use windlass::model::observed::State;
use windlass::model::plan::{Action, Plan, Step};
use windlass::model::project::Project;
use windlass::model::request::{Request, Verb};

/// The map of docker-map's test of dependencies; an instance is named where a container with instances is used.
const GRAPH: &str = "
a: {image: /app:1, uses: [b, c]}
b: {image: /app:1, shares: /b, uses: [dv, f], links: e.1}
c: {image: /app:1, shares: /c}
d: {image: /app:1, instances: ['1', '2'], uses: [e.1, e.2], attaches: {dv: /dv}}
e: {image: /app:1, instances: ['1', '2'], shares: /e}
f: {image: /app:1, shares: /f}
l: {image: /app:1, links: e.1}
x: {image: /app:1, uses: [b, f]}
volumes: {dv: /dv}
";

fn request(verb: Verb, references: &str) -> Request {
    Request::new(verb).for_references(references.split_whitespace())
}

/// The containers that a plan acts on in this way, in order.
fn order(plan: &Plan, is_it: fn(&Action) -> bool) -> String {
    let steps = plan.steps.iter().filter(|step| is_it(&step.action));
    steps.map(|step| step.address.name.clone()).collect::<Vec<_>>().join(" ")
}

#[tokio::test(start_paused = true)]
async fn dependencies_come_first() {
    let (site, map) = (Site::new(), map(GRAPH));
    for (references, expected) in [
        ("a", "c e.1 e.2 d.1 d.2 f b a"),
        ("l", "e.1 l"),
        ("d.1", "e.1 e.2 d.1"),
        ("e.2", "e.2"),
        ("x", "e.1 e.2 d.1 d.2 f b x"),
        // What several come to is there once.
        ("l d.1", "e.1 e.2 d.1 l"),
        ("b a x", "c e.1 e.2 d.1 d.2 f b a x"),
    ] {
        for verb in [Verb::Create, Verb::Up] {
            let plan = site.plan(&map, &request(verb, references)).await;
            let made = order(&plan, |action| matches!(action, Action::CreateContainer(_)));
            assert_eq!(made, expected, "{references}\n{plan}");
        }
        let plan = site.plan(&map, &request(Verb::Up, references)).await;
        assert_each_waits(&map, &plan);
    }
}

/// Whoever starts waits, however far around, for the starts of what it depends on.
fn assert_each_waits(map: &Project, plan: &Plan) {
    let start_of = |name: &str| {
        let is_it = |action: &Action| matches!(action, Action::StartContainer(_));
        plan.steps.iter().position(|s| s.address.name == name && is_it(&s.action)).unwrap()
    };
    for (address, spec) in &map.containers {
        if !plan.steps.iter().any(|step| step.address == *address) {
            continue;
        }
        let mut reached = vec![start_of(&address.name)];
        for at in 0.. {
            let Some(step) = reached.get(at).copied() else { break };
            reached.extend(plan.steps[step].after.iter().map(|id| id.index()));
        }
        for dependency in &spec.depends_on {
            let before = start_of(&dependency.on.name);
            assert!(reached.contains(&before), "{address} on {}\n{plan}", dependency.on);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn dependents_go_first() {
    let (site, map) = (Site::new(), map(GRAPH));
    site.up(&map).await;
    for (references, expected) in [
        ("e.1", "x l a b d.2 d.1 e.1"),
        ("e.2", "x a b d.2 d.1 e.2"),
        ("f", "x a b f"),
        ("a", "a"),
        ("f l", "x l a b f"),
    ] {
        let plan = site.plan(&map, &request(Verb::Stop, references)).await;
        let stopped = order(&plan, |action| matches!(action, Action::StopContainer { .. }));
        assert_eq!(stopped, expected, "{plan}");
        let plan = site.plan(&map, &request(Verb::Down, references)).await;
        let removed = order(&plan, |action| matches!(action, Action::RemoveContainer { .. }));
        assert_eq!(removed, expected, "{plan}");
    }
    for verb in [Verb::Restart, Verb::Kill] {
        let plan = site.plan(&map, &request(verb, "e.1")).await;
        assert_eq!(order(&plan, |_| true), "e.1", "{plan}");
    }
}

/// docker-map's sample map, as far as an engine in memory has it.
const MAIN: &str = "
host_root: /var/lib/site
web_server:
  image: /nginx:latest
  binds: {/etc/nginx: [config/nginx, ro]}
  uses: [[app_server_socket, /var/lib/app/custom/socket]]
  attaches: [[web_log, /var/log/nginx]]
  networks: {bridge: null, app: {links: [[app_server.instance1, i1], [app_server.instance2, i2]]}}
  exposes: {80: 80, 443: 443}
  stop_timeout: 5
app_server:
  image: /app:1
  instances: [instance1, instance2]
  exposes: [8880]
  binds: [{app_config: ro}, app_data]
  networks: app
  attaches: [app_log, [app_server_socket, /var/lib/app/socket]]
  exec_commands: [warm up, [migrate, null, initial]]
  stop_signal: SIGTERM
  stop_timeout: 10
app_extra: {image: /app:1, networks: app, persistent: true}
networks: {app: null}
volumes: {app_config: /var/lib/app/config, app_log: /var/lib/app/log, app_data: /var/lib/app/data}
host: {app_config: {instance1: config/app1, instance2: config/app2}, app_data: {instance1: data/app1, instance2: data/app2}}
groups: {all: [app_server, web_server]}
";

/// Each step as a word, but for what docker-map did not have: waits, and names for who has commands to run yet.
fn deeds(plan: &Plan) -> Vec<String> {
    let is_ours = |action: &Action| {
        matches!(action, Action::WaitContainer { .. } | Action::RenameContainer { .. })
    };
    let steps = plan.steps.iter().filter(|step| !is_ours(&step.action));
    let deed = |step: &Step| {
        let has_words =
            matches!(step.action, Action::ExecContainer { .. } | Action::KillContainer { .. });
        let verb = step.action.verb().to_owned();
        let words = if has_words { step.action.to_string() } else { verb };
        format!("{} {words}", step.address.name)
    };
    steps.map(deed).collect()
}

fn site() -> Site {
    let site = Site::new();
    let command = Some(vec!["run".to_owned()]);
    let config = windlass::model::observed::ImageConfig { command, ..Default::default() };
    site.engine.add_to_registry("nginx:latest", config);
    site
}

/// Actions one after the other on one engine: the verb, for whom, and all that is done.
const STORY: &[(Verb, &str, &str)] = &[
    (Verb::Stop, "", ""),
    (Verb::Remove, "", ""),
    (Verb::Restart, "web_server", ""),
    (Verb::Kill, "", ""),
    (
        Verb::Create,
        "web_server",
        "app create, app_log create, app_server_socket create, web_log create, \
         app_server.instance1 create, app_server.instance2 create, nginx:latest pull, \
         web_server create",
    ),
    (Verb::Create, "web_server", ""),
    (
        Verb::Start,
        "web_server",
        "app_server.instance1 start, app_server.instance1 exec warm up, \
         app_server.instance1 exec migrate, app_server.instance2 start, \
         app_server.instance2 exec warm up, app_server.instance2 exec migrate, \
         web_server start",
    ),
    (Verb::Start, "web_server", ""),
    (Verb::Create, "all", ""),
    // What runs is kept.
    (Verb::Remove, "app_server", ""),
    (
        Verb::Stop,
        "app_server",
        "web_server stop, app_server.instance2 stop, app_server.instance1 stop",
    ),
    (Verb::Stop, "app_server", ""),
    (Verb::Kill, "web_server", ""),
    (Verb::Restart, "web_server", "web_server restart"),
    // A command that is only for the first start is not run again.
    (
        Verb::Start,
        "app_server.instance1",
        "app_server.instance1 start, app_server.instance1 exec warm up",
    ),
    (
        Verb::Restart,
        "app_server.instance1",
        "app_server.instance1 restart, app_server.instance1 exec warm up",
    ),
    (Verb::Kill, "app_server", "app_server.instance1 kill SIGKILL"),
    (Verb::Remove, "app_server", "app_server.instance2 remove, app_server.instance1 remove"),
    (
        Verb::Up,
        "all",
        "app_server.instance1 create, app_server.instance1 start, \
         app_server.instance1 exec warm up, app_server.instance1 exec migrate, \
         app_server.instance2 create, app_server.instance2 start, \
         app_server.instance2 exec warm up, app_server.instance2 exec migrate",
    ),
    (Verb::Up, "", "app_extra create, app_extra start"),
    (Verb::Pull, "web_server", "nginx:latest pull"),
    (
        Verb::Down,
        "app_server.instance2",
        "web_server stop, web_server remove, app_server.instance2 stop, \
         app_server.instance2 remove",
    ),
    // Volumes stay.
    (
        Verb::Down,
        "",
        "app_server.instance1 stop, app_server.instance1 remove, app_extra stop, \
         app_extra remove, app remove",
    ),
    (Verb::Down, "", ""),
];

#[tokio::test(start_paused = true)]
async fn the_actions_of_a_map() {
    let (site, map) = (site(), map(MAIN));
    let mut wrong = Vec::new();
    for (verb, references, expected) in STORY {
        let plan = site.run(&map, &request(*verb, references)).await;
        let done = deeds(&plan).join(", ");
        if done != *expected {
            wrong.push(format!("{} {references}: {done}", verb.as_str()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn what_is_persistent_is_started_once_and_kept_if_that_is_wanted() {
    let yaml = "once: {image: /app:1, persistent: true}\nweb: {image: /app:1}";
    let (site, map) = (Site::new(), map(yaml));
    site.up(&map).await;
    // docker-map let a running one fail.
    let mut keep = request(Verb::Down, "");
    keep.options.keep_persistent = true;
    let plan = site.run(&map, &keep).await;
    assert_eq!(deeds(&plan), ["web stop", "web remove"], "{plan}");
    let once = site.engine.inspect_container("m.once").await.unwrap();
    assert_eq!(once.state, State::Running);
    site.engine.stop_container(&once.id, None).await.unwrap();
    let plan = site.plan(&map, &up()).await;
    assert_eq!(deeds(&plan), ["web create", "web start"], "{plan}");
    let plan = site.run(&map, &request(Verb::Down, "")).await;
    assert_eq!(deeds(&plan), ["once remove"], "{plan}");
}

#[tokio::test(start_paused = true)]
async fn endpoints_are_put_right_in_place() {
    let yaml = "networks: {n: , o: }\nweb: {image: /app:1, networks: {n: [a]}}\ndb: {image: /app:1, networks: o}";
    let (site, map) = (Site::new(), map(yaml));
    site.up(&map).await;
    let web = site.engine.inspect_container("m.web").await.unwrap().id;
    let endpoint = windlass::model::endpoint::Endpoint::default;
    site.engine.connect_network("m.o", &web, &endpoint()).await.unwrap();
    let plan = site.up(&map).await;
    assert_eq!(deeds(&plan), ["web disconnect"], "{plan}");
    site.engine.disconnect_network("m.n", &web).await.unwrap();
    let plan = site.up(&map).await;
    assert_eq!(deeds(&plan), ["web connect"], "{plan}");
    site.engine.disconnect_network("m.n", &web).await.unwrap();
    site.engine.connect_network("m.n", &web, &endpoint()).await.unwrap();
    let plan = site.up(&map).await;
    assert_eq!(deeds(&plan), ["web disconnect", "web connect"], "{plan}");
}
