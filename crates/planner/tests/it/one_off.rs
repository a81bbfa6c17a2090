//! One-off containers: what comes before them, and what becomes of those that a run left.

use crate::fixture::{Fixture, container, depends, engine, joins, mounts};
use crate::{check, shop};
use windlass_model::dependency::Condition;
use windlass_model::lock::Holder;
use windlass_model::observed::ObservedVolume;
use windlass_model::observed::State;
use windlass_model::one_off::OneOff;
use windlass_model::request::{Request, Verb};
use windlass_model::run_mark;
use windlass_model::volume::VolumeConfig;
use windlass_model::{Address, ContainerId};

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
fn one_that_serves_is_started_and_waited_for() {
    let served = |reference: &str| {
        let mut request = run(reference);
        let one_off = OneOff { id: "1".into(), serves: true, ..OneOff::default() };
        request.options.one_off = Some(Box::new(one_off));
        request
    };
    let applied = shop().apply();
    check(
        &applied,
        &served("web"),
        "#0 container web_run_1: create p.web_run_1 (requested)
         #1 #0 -> container web_run_1: start (readiness)
         #2 #1 -> container web_run_1: wait until running (readiness)",
    );
    check(
        &applied,
        &served("db"),
        "#0 container db_run_1: create p.db_run_1 (requested)
         #1 #0 -> container db_run_1: start (readiness)
         #2 #1 -> container db_run_1: wait until healthy (readiness)",
    );
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
    check(
        &fixture,
        &Request::new(Verb::Build),
        "#0 container p.web_run_0: stop (left over)
         #1 #0 -> container p.web_run_0: remove (left over)",
    );
    let down = fixture.plan(&Request::new(Verb::Down));
    assert!(down.contains("run_0") && down.contains("network net: remove"), "{down}");
}

fn marks(fixture: &mut Fixture, holder: &Holder, address: &Address) -> String {
    let project = fixture.project.name.clone();
    let name = run_mark::name(&project, address, holder);
    let labels = run_mark::labels(&project, address, holder, &name);
    let config = VolumeConfig { labels, ..VolumeConfig::default() };
    let volume = ObservedVolume { name: name.clone(), owner: None, config, created: String::new() };
    fixture.state().volumes.insert(name.clone(), volume);
    name
}

fn holder(token: &str) -> Holder {
    Holder { token: token.to_owned(), ..Holder::nobody() }
}

fn marked(reference: &str, holder: &Holder) -> Request {
    let mut request = run(reference);
    request.options.marks = Some(Box::new(holder.clone()));
    request
}

fn release(holder: &Holder) -> Request {
    let mut request = Request::new(Verb::Release);
    request.options.marks = Some(Box::new(holder.clone()));
    request
}

#[test]
fn what_a_run_brings_up_is_marked_before_it_is_made() {
    let me = holder("me");
    check(
        &shop(),
        &marked("web", &me),
        "#0 network net: mark (requested)
         #1 container db: mark (requested)
         #2 #0 -> network net: create p.net (absent)
         #3 volume data: create p.data (absent)
         #4 #1,#2,#3 -> container db: create p.db (absent)
         #5 #4 -> container db: start (absent)
         #6 #5 -> container db: wait until healthy (readiness)
         #7 #2,#6 -> container web_run_1: create p.web_run_1 (requested)",
    );
    // What is there without a mark is somebody else's.
    check(
        &shop().apply(),
        &marked("web", &me),
        "#0 container web_run_1: create p.web_run_1 (requested)",
    );
}

#[test]
fn what_a_run_brought_up_goes_with_the_last_run_that_needs_it() {
    let (me, other) = (holder("me"), holder("other"));
    let mut fixture = shop().apply();
    let state = fixture.state();
    let web = ContainerId::new("id-p.web");
    assert!(state.containers.remove(&web).is_some() && state.details.remove(&web).is_some());
    let net = Address::network(&engine(), "net");
    for address in [container("db"), net] {
        marks(&mut fixture, &other, &address);
    }
    // One that joins has marks of its own.
    check(
        &fixture,
        &marked("web", &me),
        "#0 network net: mark (requested)
         #1 container db: mark (requested)
         #2 container web_run_1: create p.web_run_1 (requested)",
    );
    let mine = [container("db"), Address::network(&engine(), "net")]
        .map(|address| marks(&mut fixture, &me, &address));
    check(
        &fixture,
        &release(&other),
        "#0 container db: unmark (left over)
         #1 network net: unmark (left over)",
    );
    for name in mine {
        fixture.state().volumes.remove(&name);
    }
    let all = "#0 container db: stop (left over)
         #1 #0 -> container db: remove (left over)
         #2 #1 -> container db: unmark (left over)
         #3 #1 -> network net: remove p.net (left over)
         #4 #3 -> network net: unmark (left over)";
    check(&fixture, &release(&other), all);
    // Nobody's but the other's, as long as that goes on.
    check(&fixture, &release(&me), "");
    let mut leave = release(&other);
    leave.options.leave = true;
    check(
        &fixture,
        &leave,
        "#0 network net: unmark (requested)
         #1 container db: unmark (requested)",
    );
}

#[test]
fn what_is_asked_for_stays_and_what_the_dead_left_goes() {
    let other = holder("other");
    let mut fixture = shop().apply();
    let name = marks(&mut fixture, &other, &container("db"));
    for verb in [Verb::Up, Verb::Start] {
        let request = Request::new(verb).for_references(["db"]);
        check(&fixture, &request, "#0 container db: unmark (requested)");
    }
    fixture.observed.over_marks.insert((engine(), name));
    let clean = "#0 container db: stop (left over)
         #1 #0 -> container db: remove (left over)
         #2 #1 -> container db: unmark (left over)";
    check(&fixture, &Request::new(Verb::Clean), clean);
    // A run that needs it takes it over.
    check(
        &fixture,
        &marked("web", &holder("me")),
        "#0 container db: mark (requested)
         #1 #0 -> container db: unmark (left over)
         #2 container web_run_1: create p.web_run_1 (requested)",
    );
    let down = fixture.plan(&Request::new(Verb::Down));
    assert!(down.contains("container db: unmark"), "{down}");
}

#[test]
fn a_network_that_something_stays_on_keeps_its_mark() {
    let other = holder("other");
    let mut fixture = with_one_off("p.web_run_0");
    let over = std::mem::take(&mut fixture.observed.over);
    let net = Address::network(&engine(), "net");
    let db = marks(&mut fixture, &other, &container("db"));
    marks(&mut fixture, &other, &net);
    let id = ContainerId::new("id-p.web_run_0");
    let seen = fixture.state().containers.get_mut(&id).unwrap();
    seen.networks.insert("p.net".to_owned());
    let text = fixture.plan(&release(&other));
    assert!(text.contains("container db: unmark") && !text.contains("network net"), "{text}");
    // What a dead run left on it goes before it.
    fixture.observed.over = over;
    fixture.state().volumes.remove(&db);
    let web = fixture.project.containers[&container("web")].name.clone();
    let others: Vec<_> = fixture.state().containers.values().map(|one| one.name.clone()).collect();
    assert!(others.contains(&web.to_string()));
    for seen in fixture.state().containers.values_mut().filter(|one| one.id != id) {
        seen.networks.clear();
    }
    let text = fixture.plan(&release(&other));
    assert!(text.contains("network net: remove") && text.contains("network net: unmark"), "{text}");
}
