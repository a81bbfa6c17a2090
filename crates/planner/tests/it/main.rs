//! The planner's decisions, as plans in text. Every plan also goes through `verify`.

mod clean;
mod fixture;
mod one_off;
mod orphans;
mod registries;

use fixture::{Fixture, container, depends, engine, joins, mounts};
use std::collections::BTreeMap;
use windlass_model::container::ContainerSpec;
use windlass_model::dependency::Condition;
use windlass_model::endpoint::NetworkMode;
use windlass_model::env::EnvValue;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::image::ImageUse;
use windlass_model::label::{
    COMMANDS, PREVIOUS, Previous, commands_label, owner_labels, volume_owner_label,
};
use windlass_model::limits::RestartPolicy;
use windlass_model::name::{ContainerId, ImageId};
use windlass_model::note::NoteReason;
use windlass_model::observed::State;
use windlass_model::plan::{Action, Hazard};
use windlass_model::request::{Request, Verb};
use windlass_model::secret::Sensitive;
use windlass_model::update::UpdateOrder;
use windlass_model::volume::VolumeOwner;
use windlass_model::wait::{ExecPolicy, ExecSpec};

fn check(fixture: &Fixture, request: &Request, expected: &str) {
    let text = fixture.plan(request);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let actual: Vec<&str> = text.lines().collect();
    assert_eq!(actual, expected, "\n{text}");
}

fn up() -> Request {
    Request::new(Verb::Up)
}

/// db ← web, on a network, with a volume and a health check.
fn shop() -> Fixture {
    Fixture::new()
        .network("net")
        .volume("data")
        .container("db", |spec| {
            joins(spec, "net");
            mounts(spec, "data");
            spec.config.healthcheck =
                Some(Healthcheck::of(HealthTest::Shell("true".into()))).into();
        })
        .container("web", |spec| {
            joins(spec, "net");
            spec.depends_on.push(depends("db", Condition::Healthy));
        })
}

#[test]
fn up_from_nothing() {
    check(
        &shop(),
        &up(),
        "#0 network net: create p.net (absent)
         #1 volume data: create p.data (absent)
         #2 #0,#1 -> container db: create p.db (absent)
         #3 #2 -> container db: start (absent)
         #4 #3 -> container db: wait until healthy (readiness)
         #5 #0,#4 -> container web: create p.web (absent)
         #6 #5 -> container web: start (absent)",
    );
}

#[test]
fn up_again_changes_nothing() {
    check(&shop().apply(), &up(), "");
}

#[test]
fn up_of_one_brings_its_dependencies() {
    let fixture = shop().container("other", |_| {});
    check(
        &fixture,
        &up().for_references(["web"]),
        "#0 network net: create p.net (absent)
         #1 volume data: create p.data (absent)
         #2 #0,#1 -> container db: create p.db (absent)
         #3 #2 -> container db: start (absent)
         #4 #3 -> container db: wait until healthy (readiness)
         #5 #0,#4 -> container web: create p.web (absent)
         #6 #5 -> container web: start (absent)",
    );
}

#[test]
fn a_changed_variable_recreates_and_says_whose_change_it_is() {
    let file = shop().apply().file("web", |spec| {
        spec.config.env.insert("A".into(), EnvValue::from("1"));
    });
    check(
        &file,
        &up(),
        "#0 container web: rename to p.web_previous (env.A: nothing → \"1\", file changed)
         #1 #0 -> container web: create p.web (env.A: nothing → \"1\", file changed)
         #2 #1 -> container web: stop (env.A: nothing → \"1\", file changed) !downtime
         #3 #1,#2 -> container web: start (env.A: nothing → \"1\", file changed)
         #4 #3 -> container web: wait until running (readiness)
         #5 #4 -> container web: remove (env.A: nothing → \"1\", file changed)
         unless #0..#4 -> container web: p.web serves again",
    );
    let engine = shop().apply().seen("web", |seen| {
        seen.config.env.insert("A".into(), EnvValue::from("1"));
    });
    let text = engine.plan(&up());
    assert!(text.contains("(env.A: \"1\" → nothing, engine changed)"), "{text}");
}

#[test]
fn a_secret_in_the_environment_is_not_shown() {
    let with = |value: &'static str| {
        move |spec: &mut windlass_model::container::ContainerSpec| {
            spec.config.env.insert("PW".into(), EnvValue::Sensitive(Sensitive::new(value)));
        }
    };
    let fixture = Fixture::new().container("web", with("hunter2")).apply();
    check(&fixture, &up(), "");
    let text = fixture.file("web", with("hunter3")).plan(&up());
    assert!(text.contains("env.PW: (secret) → (another secret), file changed"), "{text}");
    assert!(!text.contains("hunter"), "{text}");
}

#[test]
fn limits_and_restart_policy_change_in_place() {
    let fixture = shop().apply().file("web", |spec| {
        spec.config.limits.memory_bytes = Some(64 << 20);
        spec.config.restart = RestartPolicy::Always;
    });
    check(
        &fixture,
        &up(),
        "#0 container web: update (restart: no → always, file changed; limits.memory: nothing → \
         64 MB, file changed; limits.memory_swap: nothing → 128 MB, file changed)",
    );
}

#[test]
fn podman_changes_no_limit_in_place() {
    let mut fixture =
        shop().apply().file("web", |spec| spec.config.restart = RestartPolicy::Always);
    fixture.state().info.is_podman = true;
    let plan = fixture.plan(&up());
    assert!(plan.contains("create p.web (restart: no → always, file changed)"), "{plan}");
}

#[test]
fn a_limit_is_taken_away_by_recreation() {
    let fixture = Fixture::new()
        .container("web", |spec| spec.config.limits.pids = Some(10))
        .apply()
        .file("web", |spec| spec.config.limits.pids = None);
    assert!(fixture.plan(&up()).contains("create p.web (limits.pids: 10 → nothing, file changed)"));
}

#[test]
fn a_limit_that_goes_can_be_left_until_something_else_recreates() {
    let limits = |cpu_shares: u64| {
        move |spec: &mut ContainerSpec| {
            spec.config.limits.memory_bytes = (cpu_shares == 0).then_some(64 << 20);
            spec.config.limits.cpu_shares = (cpu_shares > 0).then_some(cpu_shares);
        }
    };
    let fixture = Fixture::new().container("web", limits(0)).apply().seen("web", |container| {
        container.config.limits.memory_swap_bytes = Some(128 << 20);
    });
    let mut request = up();
    request.options.skip_limit_reset = true;
    let fixture = fixture.file("web", |spec| spec.config.limits.memory_bytes = None);
    check(&fixture, &request, "");
    // Other limits change in place, and say nothing of the one that stays.
    let fixture = fixture.file("web", limits(512));
    check(
        &fixture,
        &request,
        "#0 container web: update (limits.cpu_shares: nothing → 512, file changed)",
    );
    let Action::UpdateContainer { limits, .. } = &fixture.plan_itself(&request).steps[0].action
    else {
        panic!()
    };
    assert_eq!((limits.memory_bytes, limits.memory_swap_bytes), (None, None));
    let text =
        fixture.file("web", |spec| spec.config.user = Some("1".into()).into()).plan(&request);
    assert!(text.contains("create p.web (user"), "{text}");
}

#[test]
fn a_second_network_is_connected_in_place() {
    let fixture = shop().apply().network("other").file("web", |spec| joins(spec, "other"));
    check(
        &fixture,
        &up(),
        "#0 network other: create p.other (absent)
         #1 #0 -> container web: connect p.other (networks.p.other: nothing → attached, file changed)",
    );
}

#[test]
fn a_network_that_was_cut_off_by_hand_is_connected_again() {
    let mut fixture = shop().network("other").container("app", |spec| {
        joins(spec, "net");
        joins(spec, "other");
    });
    fixture = fixture.apply().seen("app", |seen| {
        seen.config.endpoints.remove("p.other");
        seen.network_ids.remove("p.other");
    });
    check(
        &fixture,
        &up(),
        "#0 container app: connect p.other (networks.p.other: nothing → attached, engine changed)",
    );
}

#[test]
fn the_hostname_that_an_engine_adds_to_the_aliases_is_no_difference() {
    let add = |seen: &mut windlass_model::observed::ObservedContainer| {
        seen.config.hostname = Some("host".into());
        seen.config.endpoints.get_mut("p.net").unwrap().aliases.insert("host".into());
    };
    let fixture = shop().apply().seen("web", add);
    check(&fixture, &up(), "");
    let more = fixture.file("web", |spec| {
        spec.config.endpoints.get_mut("p.net").unwrap().aliases.insert("more".into());
    });
    let text = more.plan(&up());
    assert!(text.contains("networks.p.net: aliases host → aliases host, more, file"), "{text}");
}

#[test]
fn what_stands_still_is_started() {
    let fixture = shop().apply().seen("web", |seen| {
        seen.state = State::Exited;
        seen.exit_code = 137;
    });
    check(&fixture, &up(), "#0 container web: start (not running)");
}

#[test]
fn a_paused_container_goes_on() {
    let fixture = shop().apply().seen("web", |seen| seen.state = State::Paused);
    check(&fixture, &up(), "#0 container web: unpause (not running)");
}

#[test]
fn a_job_is_not_run_again() {
    let jobs = Fixture::new()
        .container("migrate", |_| {})
        .container("web", |spec| {
            spec.depends_on.push(depends("migrate", Condition::Completed));
        })
        .apply()
        .seen("migrate", |seen| seen.state = State::Exited);
    check(&jobs, &up(), "");
    let failed = jobs.seen("migrate", |seen| seen.exit_code = 3);
    check(&failed, &up(), "#0 container migrate: start (not running)");
}

#[test]
fn after_stop_everything_runs_again() {
    let exited = |seen: &mut windlass_model::observed::ObservedContainer| {
        seen.state = State::Exited;
        seen.exit_code = 0;
    };
    let fixture = Fixture::new()
        .container("server", |spec| {
            spec.config.healthcheck =
                Some(Healthcheck::of(HealthTest::Shell("true".into()))).into();
        })
        .container("worker", |_| {})
        .apply()
        .seen("worker", exited);
    check(&fixture, &up(), "");
    let stopped = fixture.seen("server", exited);
    check(
        &stopped,
        &up(),
        "#0 container server: start (not running)
         #1 #0 -> container server: wait until healthy (readiness)
         #2 container worker: start (not running)",
    );
}

#[test]
fn a_foreign_container_of_our_name_is_in_the_way() {
    let mut fixture = Fixture::new().container("web", |_| {});
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "p.web", |seen| seen.owner = None);
    let id = windlass_model::ContainerId::new("id-p.web");
    let summary = fixture.state().containers.get_mut(&id).unwrap();
    summary.owner = None;
    summary.labels.clear();
    check(
        &fixture,
        &up(),
        "! container web: Foreign { name: \"p.web\", owner: \"something other than windlass\", adoptable: true }",
    );
}

#[test]
fn a_foreign_container_gives_way_to_whoever_adopts_it() {
    let mut fixture = Fixture::new().container("web", |_| {});
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "p.web", |seen| seen.owner = None);
    let id = windlass_model::ContainerId::new("id-p.web");
    fixture.state().containers.get_mut(&id).unwrap().owner = None;
    fixture.state().details.clear();
    let mut request = up();
    request.options.adopt = true;
    let plan = windlass_planner::plan(&fixture.project, &fixture.observed, &request).unwrap();
    let actions: Vec<String> = plan.steps.iter().map(|step| step.action.to_string()).collect();
    assert_eq!(actions, ["stop", "remove", "create p.web", "start"]);
}

#[test]
fn a_port_that_somebody_else_holds_blocks() {
    use windlass_model::port::{Protocol, PublishedPort};
    let port = |host_ip: Option<&str>| PublishedPort {
        target: 80,
        protocol: Protocol::Tcp,
        host_ip: host_ip.map(|ip| ip.parse().unwrap()),
        published: Some(8080),
    };
    let mut fixture = Fixture::new().container("web", |spec| {
        spec.config.published.insert(port(Some("127.0.0.1")));
    });
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "holder", |seen| seen.owner = None);
    let id = windlass_model::ContainerId::new("id-holder");
    let holder = fixture.state().containers.get_mut(&id).unwrap();
    holder.owner = None;
    holder.published = [port(None)].into();
    check(
        &fixture,
        &up(),
        "! container web: PortHeld { port: \"127.0.0.1:8080:80/tcp\", holder: \"holder\" }",
    );
    fixture.state().containers.get_mut(&id).unwrap().published.clear();
    assert!(fixture.plan(&up()).contains("start"));
}

#[test]
fn what_an_engine_can_never_start_again_is_made_anew() {
    let mut fixture = Fixture::new().container("web", |_| {});
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "p.web", |seen| {
        seen.state = State::Created;
        seen.started_at = String::new();
        seen.error = "task 58a3996e23cf: already exists".to_owned();
    });
    let plan = fixture.plan(&up());
    assert!(plan.contains("create p.web (not running)"), "{plan}");
}

#[test]
fn an_interrupted_replacement_is_finished() {
    // The successor was created; the predecessor still runs under its other name.
    let mut fixture = Fixture::new().container("web", |_| {});
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "p.web_previous", |_| {});
    fixture.put(&spec, "p.web", |seen| {
        seen.state = State::Created;
        seen.started_at = String::new();
    });
    check(
        &fixture,
        &up(),
        "#0 container web: stop (not running)
         #1 #0 -> container web: start (not running)
         #2 #1 -> container web: wait until running (readiness)
         #3 #2 -> container web: remove (left over)
         unless #0..#2 -> container web: p.web serves again",
    );
    // Only renamed: name drift is a difference like any other.
    let mut fixture = Fixture::new().container("web", |_| {});
    fixture.put(&spec, "p.web_previous", |_| {});
    check(
        &fixture,
        &up(),
        "#0 container web: rename to p.web (name: p.web_previous → p.web, engine changed)",
    );
}

#[test]
fn a_bad_successor_goes_and_what_served_before_stays_until_the_end() {
    let mut fixture = Fixture::new().container("web", |_| {});
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "p.web_previous", |seen| seen.state = State::Exited);
    fixture.put(&spec, "p.web", |seen| {
        seen.config.command = Some(vec!["broken".into()]);
        seen.state = State::Exited;
        seen.exit_code = 127;
    });
    let text = fixture.plan(&up());
    let verbs: Vec<&str> = text
        .lines()
        .map(|line| line.split(": ").nth(1).unwrap().split(" (").next().unwrap())
        .collect();
    assert_eq!(
        verbs,
        ["remove", "create p.web", "start", "wait until running", "remove", "p.web serves again"],
        "{text}"
    );
}

#[test]
fn start_first() {
    let fixture = Fixture::new()
        .container("web", |spec| spec.update.order = UpdateOrder::StartFirst)
        .apply()
        .file("web", |spec| spec.config.user = Some("7".into()).into());
    let text = fixture.plan(&up());
    let verbs: Vec<&str> = text
        .lines()
        .map(|line| line.split(": ").nth(1).unwrap().split(" (").next().unwrap())
        .collect();
    let wanted = [
        "rename to p.web_previous",
        "create p.web",
        "start",
        "wait until running",
        "stop",
        "remove",
        "p.web serves again",
    ];
    assert_eq!(verbs, wanted, "{text}");
    assert!(!text.contains("downtime"), "{text}");
}

#[test]
fn who_shares_a_namespace_is_recreated_too() {
    let fixture = Fixture::new()
        .container("vpn", |_| {})
        .container("app", |spec| {
            spec.config.network_mode = NetworkMode::Container("p.vpn".into());
            spec.depends_on.push(depends("vpn", Condition::Started));
        })
        .apply()
        .file("vpn", |spec| spec.config.user = Some("7".into()).into());
    let text = fixture.plan(&up());
    assert!(text.contains("container app: create p.app (because of container vpn)"), "{text}");
}

#[test]
fn images_are_built_in_order_and_only_when_their_inputs_change() {
    let fixture =
        Fixture::new().build("base", &[]).build("app", &["base"]).container("web", |spec| {
            spec.image = windlass_model::image::ImageUse::Project("app".into());
        });
    check(
        &fixture,
        &up(),
        "#0 image base: build p/base:latest (absent)
         #1 #0 -> image app: build p/app:latest (absent)
         #2 #1 -> container web: create p.web (absent)
         #3 #2 -> container web: start (absent)",
    );
    let mut applied = fixture.apply();
    check(&applied, &up(), "");
    applied.observed.builds.get_mut("base").unwrap().digest =
        windlass_model::Digest::of(["changed"]);
    let text = applied.plan(&up());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("#0 image base: build p/base:latest (inputs: "), "{text}");
    assert!(lines[1].contains("a new base image"), "{text}");
    assert!(lines[2].contains("rename to p.web_previous (image: "), "{text}");
}

#[test]
fn a_missing_tag_is_given_and_recreates_nobody() {
    let mut fixture = Fixture::new().build("app", &[]).container("web", |spec| {
        spec.image = windlass_model::image::ImageUse::Project("app".into());
    });
    fixture = fixture.apply();
    fixture.project.images.get_mut("app").unwrap().tags.insert("app:two".into());
    check(
        &fixture,
        &up(),
        "#0 image app: build p/app:latest (tags: nothing → app:two, file and engine differ)",
    );
}

#[test]
fn a_missing_image_is_pulled_and_one_that_may_not_be_is_a_blocker() {
    let fixture = Fixture::new().container("web", |spec| {
        spec.image = windlass_model::image::ImageUse::External("nginx".into());
    });
    check(
        &fixture,
        &up(),
        "#0 image nginx: pull nginx (absent)
         #1 #0 -> container web: create p.web (absent)
         #2 #1 -> container web: start (absent)",
    );
    let never = fixture.file("web", |spec| spec.pull = windlass_model::image::PullPolicy::Never);
    check(&never, &up(), "! image nginx: ImageMissing { reference: \"nginx\" }");
}

#[test]
fn a_volume_that_differs_blocks_until_it_is_named() {
    let mut fixture = shop().apply();
    fixture.project.volumes.get_mut("data").unwrap().config.driver = Some("nfs".into());
    let text = fixture.plan(&up());
    assert!(text.starts_with("! volume data: VolumeDiverged"), "{text}");
    let mut request = up();
    request.options.destroy_volumes.insert("p.data".into());
    let plan = windlass_planner::plan(&fixture.project, &fixture.observed, &request).unwrap();
    let losses: Vec<String> = plan
        .steps
        .iter()
        .filter(|step| step.hazard == Some(Hazard::DataLoss))
        .map(|step| step.action.to_string())
        .collect();
    assert_eq!(losses, ["remove p.data"]);
}

#[test]
fn only_a_volume_that_a_dead_run_left_without_its_owner_is_given_it() {
    let owner = windlass_model::volume::VolumeOwner { uid: 7, gid: 8, mode: 0o700 };
    let mut fixture = shop().container("other", |_| {}).apply();
    fixture.project.volumes.get_mut("data").unwrap().owner = Some(owner);
    check(&fixture, &up(), "");
    // Nobody mounts it: `down` was here.
    for container in ["id-p.db", "id-p.web", "id-p.other"].map(windlass_model::ContainerId::new) {
        fixture.state().containers.remove(&container);
        fixture.state().details.remove(&container);
    }
    let text = fixture.plan(&up());
    assert!(!text.contains("volume data"), "{text}");
    let spec = fixture.project.containers.values().next().unwrap().clone();
    for name in ["p.data.windlass-owner", "p.data.windlass-carrier"] {
        fixture.put(&spec, name, |seen| {
            seen.state = State::Created;
            seen.started_at.clear();
            seen.owner.as_mut().unwrap().address = None;
        });
        let id = windlass_model::ContainerId::new(format!("id-{name}"));
        let summary = fixture.state().containers.get_mut(&id).unwrap();
        summary.owner.as_mut().unwrap().address = None;
        summary.networks.clear();
    }
    let change = "create p.data (owner: not given yet → 7:8 0700, file and engine differ)";
    let text = fixture.plan(&up());
    assert!(text.starts_with(&format!("#0 volume data: {change}")), "{text}");
    assert!(!text.contains("windlass-"), "{text}");
    // Who asks about something else leaves it as it is.
    let other = fixture.plan(&up().for_references(["other"]));
    assert!(other.contains("create p.other") && !other.contains("windlass-"), "{other}");
    // What stays gets it when the rest goes.
    check(
        &fixture,
        &Request::new(Verb::Down),
        &format!(
            "#0 volume data: {change}\n\
        #1 network net: remove p.net (requested)"
        ),
    );
    // Where nobody wants it any more, what was made for it goes unasked.
    fixture.project.volumes.get_mut("data").unwrap().owner = None;
    let text = fixture.plan(&up());
    for name in ["p.data.windlass-carrier", "p.data.windlass-owner"] {
        assert!(text.contains(&format!("container {name}: remove (left over)")), "{text}");
    }
}

#[test]
fn a_network_that_differs_is_made_anew_with_its_containers() {
    let mut fixture = shop().apply();
    fixture.project.networks.get_mut("net").unwrap().config.internal = true;
    let text = fixture.plan(&up());
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].contains("disconnect") && lines[1].contains("disconnect"), "{text}");
    assert!(lines[2].contains("#0,#1 -> network net: remove p.net"), "{text}");
    assert!(lines[3].contains("#2 -> network net: create p.net (internal: false → true"), "{text}");
    assert!(text.contains("container web: create p.web (networks.p.net"), "{text}");
}

#[test]
fn orphans_are_named_and_removed_only_on_request() {
    let mut fixture = shop().apply();
    fixture.project.containers.remove(&container("web"));
    check(&fixture, &up(), "");
    let mut request = up();
    request.options.remove_orphans = true;
    check(
        &fixture,
        &request,
        "#0 container web: stop (orphan)
         #1 #0 -> container web: remove (orphan)",
    );
}

#[test]
fn images_that_are_made_of_others_go_first() {
    let mut fixture = Fixture::new().build("base", &[]).build("app", &["base"]);
    let app = fixture.project.images.get_mut("app").unwrap();
    app.depends_on.insert("base".into());
    for key in ["base", "app"] {
        let address = windlass_model::Address::image(&engine(), key);
        let labels = owner_labels(&fixture.project.name, &address, None::<&()>, None);
        fixture.image(&format!("p/{key}:latest"), &format!("sha256:{key}"), labels);
    }
    let mut request = Request::new(Verb::Down);
    request.options.images = true;
    check(
        &fixture,
        &request,
        "#0 image app: remove p/app:latest (requested)
         #1 #0 -> image base: remove p/base:latest (requested)",
    );
}

#[test]
fn images_without_a_name_go_unless_a_container_that_stays_needs_them() {
    let mut fixture = Fixture::new().build("app", &[]).container("web", |_| {}).apply();
    let address = windlass_model::Address::image(&engine(), "app");
    let project = fixture.project.name.clone();
    let labels = |digest: &str| owner_labels(&project, &address, None::<&()>, Some(digest));
    for (id, labels) in [
        ("sha256:used", labels("1")),
        ("sha256:before", labels("2")),
        ("sha256:old", labels("3")),
        ("sha256:older", labels("4")),
        // One of them is what somebody made of the other.
        ("sha256:same", labels("5")),
        ("sha256:same-too", labels("5")),
        ("sha256:foreign", BTreeMap::new()),
    ] {
        fixture.image("x", id, labels);
        fixture.state().images.get_mut(&ImageId::new(id)).unwrap().references.clear();
    }
    let spec = fixture.project.containers[&container("web")].clone();
    let previous = Previous {
        image: ImageId::new("sha256:before"),
        reference: "p/app:latest".into(),
        config: windlass_model::container::ContainerConfig::clone(&spec.config),
        commands: Vec::new(),
    };
    fixture.put(&spec, "p.web", |seen| {
        seen.image_id = ImageId::new("sha256:used");
        seen.owner.as_mut().unwrap().previous = Some(previous.label().1);
    });
    let mut request = Request::new(Verb::Down).for_references(["other"]);
    request.options.images = true;
    fixture = fixture.container("other", |_| {});
    check(
        &fixture,
        &request,
        "#0 image app: remove sha256:old (left over)
         #1 #0 -> image app: remove sha256:older (left over)
         #2 #1 -> image app: remove p/app:latest (requested)",
    );
    // Everything goes: nothing is needed.
    let all = fixture.plan(&Request { references: Vec::new(), ..request });
    assert_eq!(all.matches("image app: remove sha256:").count(), 4, "{all}");
    assert!(!all.contains("sha256:foreign") && !all.contains("sha256:same"), "{all}");
}

#[test]
fn down_takes_dependents_first_and_keeps_volumes() {
    check(
        &shop().apply(),
        &Request::new(Verb::Down),
        "#0 container web: stop (requested)
         #1 #0 -> container web: remove (requested)
         #2 #1 -> container db: stop (requested)
         #3 #2 -> container db: remove (requested)
         #4 #1,#3 -> network net: remove p.net (requested)",
    );
    let mut request = Request::new(Verb::Down);
    request.options.timeout_s = Some(0);
    request.options.volumes = true;
    check(
        &shop().apply(),
        &request,
        "#0 container web: remove (requested)
         #1 #0 -> container db: remove (requested)
         #2 #0,#1 -> network net: remove p.net (requested)
         #3 #1 -> volume data: remove p.data (requested) !data-loss",
    );
}

#[test]
fn the_other_verbs() {
    let applied = || shop().apply();
    for (verb, references, expected) in [
        (
            Verb::Stop,
            vec!["db"],
            "#0 container web: stop (requested)
          #1 #0 -> container db: stop (requested)",
        ),
        (Verb::Restart, vec!["web"], "#0 container web: restart (requested)"),
        (Verb::Kill, vec!["web"], "#0 container web: kill SIGKILL (requested)"),
        (Verb::Pause, vec!["web"], "#0 container web: pause (requested)"),
        (Verb::Unpause, vec![], ""),
        (Verb::Start, vec![], ""),
        (Verb::Create, vec![], ""),
        (Verb::Remove, vec![], ""),
        (Verb::Pull, vec![], "#0 image busybox: pull busybox (requested)"),
        (Verb::Build, vec![], ""),
    ] {
        check(&applied(), &Request::new(verb).for_references(references), expected);
    }
}

#[test]
fn a_reference_to_nothing_is_a_blocker() {
    let text = shop().plan(&up().for_references(["wbe"]));
    assert!(text.contains("UnknownReference { reference: \"wbe\""), "{text}");
    let mut request = up();
    request.options.recreate.push("wbe".into());
    let text = shop().plan(&request);
    assert!(text.contains("UnknownReference { reference: \"wbe\""), "{text}");
}

#[test]
fn nothing_of_another_project_is_touched() {
    let mut fixture = shop().apply();
    let labels = owner_labels(
        &windlass_model::ProjectName::new("other"),
        &container("web"),
        None::<&()>,
        None,
    );
    let owner = windlass_model::label::Owner::read(&fixture::engine(), &labels);
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "other.web", |seen| seen.owner = owner.clone());
    let id = windlass_model::ContainerId::new("id-other.web");
    fixture.state().containers.get_mut(&id).unwrap().owner = owner;
    for verb in Verb::ALL {
        let text = fixture.plan(&Request::new(verb));
        assert!(!text.contains("other.web"), "{verb:?}: {text}");
    }
    check(&fixture, &up(), "");
}

#[test]
fn an_anonymous_volume_goes_on_with_the_successor_only_while_it_is_declared() {
    let anonymous = |spec: &mut windlass_model::container::ContainerSpec| {
        spec.config.mounts.insert("/cache".into(), windlass_model::mount::Mount::anonymous());
    };
    let with_volume = |seen: &mut windlass_model::observed::ObservedContainer| {
        seen.anonymous_volumes.insert("/cache".into(), "ab".repeat(32));
    };
    let inherits = |fixture: &Fixture| {
        let plan = windlass_planner::plan(&fixture.project, &fixture.observed, &up()).unwrap();
        let created = plan.steps.iter().find_map(|step| {
            let windlass_model::plan::Action::CreateContainer(create) = &step.action else {
                return None;
            };
            Some(create.clone())
        });
        let mount = created.unwrap().config.mounts.get("/cache").cloned();
        mount.and_then(|mount| mount.volume_name().map(str::to_owned))
    };
    let fixture = || Fixture::new().container("web", anonymous).apply().seen("web", with_volume);
    let goes_on = fixture().file("web", |spec| spec.config.user = Some("7".into()).into());
    assert_eq!(inherits(&goes_on), Some("ab".repeat(32)));
    let taken_away = fixture().file("web", |spec| spec.config.mounts.clear());
    assert_eq!(inherits(&taken_away), None);
}

#[test]
fn a_persistent_container_that_must_be_healthy_is_started() {
    let fixture = Fixture::new()
        .container("db", |spec| {
            spec.persistent = true;
            spec.config.healthcheck =
                Some(Healthcheck::of(HealthTest::Shell("true".into()))).into();
        })
        .container("web", |spec| spec.depends_on.push(depends("db", Condition::Healthy)))
        .apply()
        .seen("db", |seen| seen.state = State::Exited);
    let text = fixture.plan(&up());
    assert!(text.starts_with("#0 container db: start (not running)"), "{text}");
}

#[test]
fn who_is_not_part_of_the_plan_is_put_back_on_a_network_made_anew() {
    let mut fixture = shop().container("other", |spec| joins(spec, "net")).apply();
    fixture.project.networks.get_mut("net").unwrap().config.internal = true;
    let text = fixture.plan(&up().for_references(["web"]));
    let line = text.lines().find(|line| line.contains("container other")).unwrap();
    assert!(line.ends_with("container other: connect p.net (because of network net)"), "{text}");
}

#[test]
fn a_network_that_is_not_declared_any_more_goes_when_the_last_container_has_left_it() {
    let mut fixture = Fixture::new().container("web", |spec| joins(spec, "net"));
    fixture = fixture.container("side", |_| {}).network("net").apply();
    fixture.project.networks.remove("net");
    fixture = fixture.file("web", |spec| spec.config.endpoints.clear());
    let mut request = up();
    request.options.remove_orphans = true;
    let text = fixture.plan(&request);
    let line = text.lines().find(|line| line.contains("remove p.net (orphan)"));
    assert!(line.is_some_and(|line| line.contains("->")), "{text}");
}

#[test]
fn what_orphans_used_goes_with_them() {
    let mut fixture = shop().apply();
    fixture.project.containers.remove(&container("db"));
    fixture.project.containers.remove(&container("web"));
    let mut request = Request::new(Verb::Down);
    request.options.remove_orphans = true;
    request.options.volumes = true;
    let text = fixture.plan(&request);
    assert!(text.contains("network net: remove p.net"), "{text}");
    assert!(text.contains("volume data: remove p.data (requested) !data-loss"), "{text}");
}

#[test]
fn a_foreign_container_under_the_spare_name_is_in_the_way() {
    let mut fixture = Fixture::new().container("web", |_| {}).apply();
    let spec = fixture.project.containers[&container("web")].clone();
    fixture.put(&spec, "p.web_previous", |seen| seen.owner = None);
    let id = windlass_model::ContainerId::new("id-p.web_previous");
    let summary = fixture.state().containers.get_mut(&id).unwrap();
    summary.owner = None;
    summary.labels.clear();
    let text = fixture.file("web", |spec| spec.config.user = Some("7".into()).into()).plan(&up());
    assert!(text.starts_with("! container web: Foreign { name: \"p.web_previous\""), "{text}");
    // `--adopt` takes over a container's own name only.
    assert!(text.contains("adoptable: false"), "{text}");
}

#[test]
fn going_back_makes_what_ran_before_or_puts_it_back() {
    let back = Request::new(Verb::Rollback);
    let warm_up = ExecSpec {
        argv: vec!["warm-up".into()],
        user: None,
        workdir: None,
        env: std::collections::BTreeMap::new(),
        policy: ExecPolicy::Restart,
    };
    // Its successor remembers it, but for the secret, which is what the file says now.
    let secret = |value: &str| EnvValue::Sensitive(Sensitive::new(value));
    let mut fixture = Fixture::new().container("web", |spec| {
        spec.config.user = Some("2".into()).into();
        spec.config.env.insert("PW".into(), secret("now"));
    });
    let spec = fixture.project.containers[&container("web")].clone();
    let mut before = spec.config.clone();
    before.user = Some("1".into()).into();
    let mut old = spec.clone();
    old.config = before;
    fixture.put(&old, "p.web", |_| {});
    let id = ContainerId::new("id-p.web");
    let seen = fixture.state().details.get_mut(&id).unwrap();
    seen.owner.as_mut().unwrap().commands =
        commands_label(std::slice::from_ref(&warm_up)).map(|(_, text)| text);
    let previous = Previous::of(seen).unwrap().label();
    fixture.put(&spec, "p.web", |seen| {
        seen.owner.as_mut().unwrap().previous = Some(previous.1.clone());
        seen.owner.as_mut().unwrap().commands = Some("[]".into());
    });
    let plan = fixture.plan_itself(&back);
    let verbs: Vec<&str> = plan.steps.iter().map(|step| step.action.verb()).collect();
    // With the commands that it had, not those of the file.
    assert_eq!(
        verbs,
        ["rename", "create", "stop", "start", "exec", "rename", "wait", "remove"],
        "{plan}"
    );
    let exec = plan.steps.iter().find_map(|step| {
        if let Action::ExecContainer { exec, .. } = &step.action { Some(&**exec) } else { None }
    });
    assert_eq!(exec, Some(&warm_up));
    let Action::CreateContainer(create) = &plan.steps[1].action else { panic!("it creates") };
    // Under its name, which is still its own.
    let made_of = (create.image.as_str(), create.config.user.as_deref());
    assert_eq!(made_of, ("busybox:latest", Some("1")));
    assert_eq!(create.config.env["PW"], secret("now"));
    let labels = create.labels.all();
    assert!(labels[PREVIOUS].contains(r#""user":"2""#), "{labels:?}");
    assert_eq!(labels[COMMANDS], commands_label(std::slice::from_ref(&warm_up)).unwrap().1);
    assert_eq!(plan.rescues.len(), 1);
    assert_eq!(plan.rescues[0].commands, []);

    // The name is another image's since.
    let image = fixture.state().images.get_mut(&ImageId::new("sha256:bb")).unwrap();
    image.references.clear();
    let plan = fixture.plan_itself(&back);
    let Action::CreateContainer(create) = &plan.steps[1].action else { panic!("it creates") };
    assert_eq!(create.image, "sha256:bb");

    // It is still there.
    let mut fixture = Fixture::new().container("web", |spec| {
        spec.exec_commands = vec![warm_up.clone()].into();
    });
    fixture.put(&spec, "p.web_previous", |seen| seen.state = State::Exited);
    fixture.put(&spec, "p.web", |_| {});
    check(
        &fixture,
        &back,
        "#0 container web: stop (requested) !downtime
         #1 #0 -> container web: remove (requested)
         #2 #1 -> container web: rename to p.web (requested)
         #3 #2 -> container web: start (requested)",
    );

    // Nothing ran before it: noted for all, refused for one that was named.
    let fixture = shop().apply();
    assert_eq!(fixture.plan(&back), "");
    assert!(fixture.plan(&back.for_references(["web"])).contains("NothingBefore"));
}

#[test]
fn what_needs_a_blocked_object_is_held_and_the_rest_is_planned() {
    let mut fixture = shop().apply().container("extra", |_| {});
    fixture.project.volumes.get_mut("data").unwrap().config.driver = Some("nfs".into());
    let blocked =
        windlass_planner::plan(&fixture.project, &fixture.observed, &up()).expect_err("blocked");
    let held: Vec<String> =
        blocked.held.iter().map(|(address, by)| format!("{address}: {by}")).collect();
    assert_eq!(held, ["container db: volume data", "container web: volume data"]);
    let text = blocked.plan.to_string();
    assert!(text.contains("container extra: create p.extra (absent)"), "{text}");
}

#[test]
fn waiting_for_the_health_of_what_has_no_check_is_a_blocker() {
    use windlass_model::observed::BuiltHealthcheck::{OfBase, Own, Unknown};
    let blocker = "! container web: NoHealthcheck { on: Address";
    let base = || OfBase(ImageUse::Project("base".into()));
    for (app, of_base, blocks) in [
        (Own(false), Unknown, true),
        (base(), Own(false), true),
        (Own(true), Unknown, false),
        (base(), Own(true), false),
        (base(), Unknown, false),
        (Unknown, Unknown, false),
    ] {
        let mut fixture = Fixture::new()
            .build("base", &[])
            .build("app", &["base"])
            .container("db", |spec| spec.image = ImageUse::Project("app".into()))
            .container("web", |spec| spec.depends_on = vec![depends("db", Condition::Healthy)]);
        let builds = &mut fixture.observed.builds;
        builds.get_mut("app").unwrap().healthcheck = app.clone();
        builds.get_mut("base").unwrap().healthcheck = of_base;
        let text = fixture.plan(&up());
        assert_eq!(text.starts_with(blocker), blocks, "{app:?}: {text}");
    }
    // An image that is there says it itself; busybox of the fixture has none.
    let fixture = Fixture::new()
        .container("db", |_| {})
        .container("web", |spec| spec.depends_on = vec![depends("db", Condition::Healthy)]);
    assert!(fixture.plan(&up()).starts_with(blocker));
    let declared = fixture.file("db", |spec| {
        spec.config.healthcheck = Some(Healthcheck::of(HealthTest::Shell("true".into()))).into();
    });
    assert!(!declared.plan(&up()).contains("NoHealthcheck"));
}

#[test]
fn an_image_that_is_only_named_is_there_first() {
    let fixture = Fixture::new().build("tool", &[]).container("web", |spec| {
        spec.needs = [windlass_model::Address::image(&engine(), "tool")].into();
    });
    check(
        &fixture,
        &up(),
        "#0 image tool: build p/tool:latest (absent)
         #1 #0 -> container web: create p.web (absent)
         #2 #1 -> container web: start (absent)",
    );
}

#[test]
fn a_volume_that_is_named_for_destruction_must_be_there() {
    let fixture = shop().apply();
    let mut request = up();
    request.options.destroy_volumes = ["dtaa".to_owned(), "data".to_owned()].into();
    let text = fixture.plan(&request);
    assert_eq!(
        text,
        "! volume dtaa: UnknownReference { reference: \"dtaa\", candidates: [\"data\", \"p.data\"] }"
    );
}

#[test]
fn a_container_of_somebody_else_whose_name_space_is_used_must_be_there() {
    let modes: [fn(&mut windlass_model::container::ContainerConfig); 3] = [
        |config| config.network_mode = NetworkMode::Container("nope".into()),
        |config| config.pid = Some("container:nope".into()).into(),
        |config| config.ipc = Some("container:nope".into()).into(),
    ];
    for mode in modes {
        let fixture = Fixture::new().container("web", |spec| mode(&mut spec.config));
        let text = fixture.plan(&up());
        assert!(text.contains("! container web: ContainerMissing { name: \"nope\" }"), "{text}");
    }
    let fixture = Fixture::new().container("db", |_| {}).container("web", |spec| {
        spec.config.pid = Some("container:p.db".into()).into();
    });
    assert!(!fixture.plan(&up()).contains("ContainerMissing"));
}

#[test]
fn another_owner_of_a_volume_is_noted_and_changes_nothing() {
    let owner = |uid, mode| Some(VolumeOwner { uid, gid: 100, mode });
    let (made, other) = (owner(1000, 0o700), owner(2000, 0o755));
    // The label of the volume, the file, what is noted.
    for (label, wanted, expected) in [
        (Some(made), made, None),
        (Some(made), other, Some("1000:100 0700 -> 2000:100 0755")),
        (Some(made), owner(1000, 0o750), Some("1000:100 0700 -> 1000:100 0750")),
        (Some(None), made, Some("nothing -> 1000:100 0700")),
        // Nothing is asked for, or nothing is known.
        (Some(made), None, None),
        (Some(None), None, None),
        (None, other, None),
    ] {
        let mut fixture = shop().apply();
        fixture.project.volumes.get_mut("data").unwrap().owner = wanted;
        let state = fixture.observed.engines.get_mut(&engine()).unwrap();
        let volume = state.volumes.get_mut("p.data").unwrap();
        volume.owner.as_mut().unwrap().volume_owner =
            label.map(|owner| volume_owner_label(owner).1);
        let plan = fixture.plan_itself(&up());
        assert!(plan.is_empty(), "{label:?}, {wanted:?}: {plan:?}");
        let note = plan.notes.iter().find_map(|note| {
            let NoteReason::OwnerKept { change } = &note.reason else { return None };
            let was = change.was.as_deref().unwrap_or("nothing");
            Some(format!("{was} -> {}", change.wanted.as_deref().unwrap()))
        });
        assert_eq!(note.as_deref(), expected, "{label:?}, {wanted:?}");
    }
}
