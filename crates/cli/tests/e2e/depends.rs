//! Dependencies: nothing must start before what it waits for, and nothing at all if that fails.
//!
//! Invariant: times are compared by the engine's own clock.

use crate::harness::{World, engine};

fn moment(world: &World, key: &str, field: &str) -> String {
    world.container(key)["State"][field].as_str().unwrap_or_default().to_owned()
}

#[test]
fn the_three_conditions_must_be_waited_for() {
    let Some(world) = World::new("conditions") else { return };
    world.yaml(
        "
volumes: {shared: /shared}
containers:
  job:
    image: '@image'
    attaches: [shared]
    command: [sh, -c, 'sleep 1; echo done > /shared/job']
  server:
    image: '@image'
    init: true
    uses: [shared]
    command: [sh, -c, 'sleep 1; touch /tmp/ready; exec sleep 1000000']
    healthcheck: {test: [CMD, test, -e, /tmp/ready], interval: 300ms, timeout: 2s, retries: 20}
  after:
    image: '@image'
    init: true
    uses: [shared]
    command: [sh, -c, 'cat /shared/job > /shared/seen; exec sleep 1000000']
    depends_on: {job: {condition: completed}, server: {condition: healthy}}
  last: {@idle, depends_on: {after: {condition: started}}}
",
    );
    world.up();
    assert_eq!(world.inside("after", &["cat", "/shared/seen"]), "done");
    assert!(moment(&world, "job", "FinishedAt") <= moment(&world, "after", "StartedAt"));
    assert!(moment(&world, "after", "StartedAt") <= moment(&world, "last", "StartedAt"));
    let server = world.container("server");
    let checks = server["State"]["Health"]["Log"].as_array().unwrap().clone();
    let good = checks.iter().find(|check| check["ExitCode"] == 0).expect("a good check");
    let good = good["End"].as_str().unwrap().to_owned();
    // Both clocks are the engine's; one of them writes its zone.
    let seconds = |text: &str| text.get(..19).unwrap_or_default().to_owned();
    assert!(seconds(&good) <= seconds(&moment(&world, "after", "StartedAt")), "{good}");
    // A job that is done is not run again.
    let job = world.id("job");
    let began = moment(&world, "job", "StartedAt");
    world.settled();
    world.up();
    assert_eq!((world.id("job"), moment(&world, "job", "StartedAt")), (job, began));
}

#[test]
fn a_failing_job_must_stop_its_dependents_and_nobody_else() {
    let Some(world) = World::new("failing-job") else { return };
    world.yaml(
        "
containers:
  job: {image: '@image', command: [sh, -c, 'echo no such table; echo giving up >&2; exit 3']}
  app: {@idle, depends_on: {job: {condition: completed}}}
  front: {@idle, depends_on: [app]}
  beside: {@idle}
",
    );
    let output = world.run(&["up"]);
    output.code(1).says("job").says("3").says("no such table").says("giving up").says("app");
    assert_eq!(world.state("job"), "exited");
    assert_eq!(world.state("app"), "absent");
    assert_eq!(world.state("front"), "absent");
    assert_eq!(world.state("beside"), "running");
    let json = world.run(&["up", "--output", "json"]);
    let failed = json.code(1).object("report")["failed"].clone();
    assert_eq!(failed[0]["exit_code"], 3, "{failed}");
    assert_eq!(failed[0]["address"]["name"], "job", "{failed}");
    // Once it works, everything goes on.
    let file = std::fs::read_to_string(world.path("windlass.yaml")).unwrap();
    world.file("windlass.yaml", &file.replace("exit 3", "exit 0"));
    world.up();
    world.settled();
    assert_eq!(world.state("front"), "running");
}

#[test]
fn a_container_that_never_gets_healthy_must_fail_in_time_and_say_what_its_check_says() {
    let Some(world) = World::new("unhealthy") else { return };
    world.yaml(
        "
containers:
  sick:
    @keys
    healthcheck: {test: [CMD, sh, -c, 'echo cannot find my database; exit 1'], interval: 300ms, timeout: 1s, retries: 2}
  app: {@idle, depends_on: {sick: {condition: healthy}}}
"
        .replace("@keys", "image: '@image'\n    init: true\n    command: [sleep, '1000000']")
        .as_str(),
    );
    let output = world.run(&["up"]);
    output.code(1).says("sick").says("cannot find my database");
    assert!(output.elapsed.as_secs() < 20, "{output}");
    assert_eq!(world.state("app"), "absent");
    assert_eq!(world.state("sick"), "running");
}

#[test]
fn a_dependency_that_dies_while_it_is_waited_for_must_not_be_waited_for_to_the_end() {
    let Some(world) = World::new("dies") else { return };
    world.yaml(
        "
containers:
  dying:
    image: '@image'
    command: [sh, -c, 'echo last words; sleep 1; exit 5']
    healthcheck: {test: [CMD, 'false'], interval: 5s, retries: 100}
  app: {@idle, depends_on: {dying: {condition: healthy}}}
",
    );
    let output = world.run(&["up"]);
    output.code(1).says("dying").says("5").says("last words");
    assert!(output.elapsed.as_secs() < 15, "{output}");
    assert_eq!(world.state("app"), "absent");
}

#[test]
fn instances_must_be_containers_of_their_own() {
    let Some(world) = World::new("instances") else { return };
    world.yaml(
        "
containers:
  worker: {@idle, instances: [blue, green], env: {WHO: worker}}
  after: {@idle, depends_on: [worker.blue]}
groups: {workers: [worker]}
",
    );
    world.up();
    world.settled();
    assert_ne!(world.id("worker.blue"), world.id("worker.green"));
    let hostname = format!("{}-worker-blue", world.project);
    assert_eq!(world.inside("worker.blue", &["hostname"]), hostname.replace(['_', '.'], "-"));
    world.run(&["stop", "worker.green"]).code(0);
    assert_eq!(
        (world.state("worker.blue"), world.state("worker.green")),
        ("running".into(), "exited".into())
    );
    world.run(&["start", "workers"]).code(0);
    assert_eq!(world.state("worker.green"), "running");
    // An instance that is not in the file any more is an orphan.
    let file = std::fs::read_to_string(world.path("windlass.yaml")).unwrap();
    world.file("windlass.yaml", &file.replace(", green]", "]"));
    let plan = world.plan();
    assert_eq!(plan.note("container worker.green"), Some("orphan"), "{plan}");
    world.run(&["up", "--remove-orphans"]).code(0);
    assert_eq!(world.state("worker.green"), "absent");
    assert_eq!(
        engine::list("containers", Some(&format!("dev.windlass.project={}", world.project))).len(),
        2
    );
}
