//! One-off containers: what comes before them, and what becomes of those that a run left.

use crate::fixture::{Fixture, container, depends, engine, joins, mounts};
use crate::{check, shop};
use windlass_model::ContainerId;
use windlass_model::dependency::Condition;
use windlass_model::observed::State;
use windlass_model::one_off::OneOff;
use windlass_model::request::{Request, Verb};

fn run(reference: &str) -> Request {
    let mut request = Request::new(Verb::Run).for_references([reference]);
    request.options.one_off = Some(Box::new(OneOff { id: "1".into(), ..OneOff::default() }));
    request
}

#[test]
fn dependencies_come_first_and_the_container_itself_is_not_needed() {
    let mut request = run("web");
    check(
        &shop(),
        &request,
        "#0 network net: create p.net (absent)
         #1 volume data: create p.data (absent)
         #2 #0,#1 -> container db: create p.db (absent)
         #3 #2 -> container db: start (absent)
         #4 #3 -> container db: wait until healthy (readiness)
         #5 #0,#4 -> container web_run_1: create p.web_run_1 (requested)",
    );
    let applied = shop().apply();
    check(&applied, &request, "#0 container web_run_1: create p.web_run_1 (requested)");
    request.options.no_deps = true;
    check(
        &shop(),
        &request,
        "#0 network net: create p.net (absent)
         #1 #0 -> container web_run_1: create p.web_run_1 (requested)",
    );
    request.options.one_off = None;
    check(&applied, &request, "");
}

#[test]
fn a_dependency_that_must_complete_is_waited_for() {
    let fixture = Fixture::new().container("job", |_| {}).container("web", |spec| {
        joins(spec, "net");
        mounts(spec, "data");
        spec.depends_on.push(depends("job", Condition::Completed));
    });
    check(
        &fixture,
        &run("web"),
        "#0 container job: create p.job (absent)
         #1 #0 -> container job: start (absent)
         #2 #1 -> container job: wait until completed (readiness)
         #3 #2 -> container web_run_1: create p.web_run_1 (requested)",
    );
}

/// A one-off container `p.web_run_0` of no run that is known to be over, and its labels on a container of
/// `name`.
fn with_one_off(name: &str) -> Fixture {
    let mut fixture = shop().apply();
    let spec = fixture.project.containers[&container("web")].clone();
    let id = ContainerId::new(format!("id-{name}"));
    fixture.put(&spec, name, |seen| seen.owner = None);
    let labels = OneOff::default().labels(&fixture.project.name, &spec.address, "p.web_run_0");
    let state = fixture.state();
    state.details.remove(&id);
    let seen = state.containers.get_mut(&id).expect("invariant: it was put there");
    (seen.owner, seen.labels) = (None, labels);
    fixture.observed.over.insert((engine(), id));
    fixture
}

#[test]
fn what_has_the_labels_only_from_its_image_is_left_alone() {
    let fixture = with_one_off("made-of-its-image");
    for verb in Verb::ALL {
        let mut request = Request::new(verb);
        (request.options.remove_orphans, request.options.force) = (true, true);
        let text = fixture.plan(&request);
        assert!(!text.contains("made-of-its-image"), "{verb:?}: {text}");
    }
}

#[test]
fn one_that_is_kept_is_an_orphan() {
    let mut fixture = with_one_off("p.web_run_0");
    fixture.observed.over.clear();
    check(&fixture, &Request::new(Verb::Up), "");
    let mut request = Request::new(Verb::Down);
    let down = fixture.plan(&request);
    assert!(!down.contains("run_0") && !down.contains("network"), "{down}");
    request.options.remove_orphans = true;
    let down = fixture.plan(&request);
    assert!(down.contains("web_run_0: remove (orphan)") && down.contains("network net"), "{down}");
    let clean = Request::new(Verb::Clean);
    check(&fixture, &clean, "");
    let id = ContainerId::new("id-p.web_run_0");
    fixture.state().containers.get_mut(&id).unwrap().state = State::Exited;
    check(&fixture, &clean, "#0 container p.web_run_0: remove (orphan)");
}

#[test]
fn what_a_run_left_goes_with_the_next() {
    let mut fixture = with_one_off("p.web_run_0");
    let over = std::mem::take(&mut fixture.observed.over);
    // While its run goes on it is left alone, and so is what it uses.
    check(&fixture, &Request::new(Verb::Up), "");
    let down = fixture.plan(&Request::new(Verb::Down));
    assert!(!down.contains("run_0") && !down.contains("network"), "{down}");
    fixture.observed.over = over;
    check(
        &fixture,
        &Request::new(Verb::Up),
        "#0 container p.web_run_0: stop (left over)
         #1 #0 -> container p.web_run_0: remove (left over)",
    );
    let down = fixture.plan(&Request::new(Verb::Down));
    assert!(down.contains("run_0") && down.contains("network net: remove"), "{down}");
}
