//! Orphans that have what a container of the run needs.
//!
//! Invariant: each plan is whole, so that a step too many shows.

use crate::fixture::{Fixture, container};
use crate::{check, up};
use windlass_model::container::ContainerSpec;
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::limits::RestartPolicy;
use windlass_model::observed::State;
use windlass_model::plan::{ContainerRef, StepId};
use windlass_model::port::{Protocol, PublishedPort};
use windlass_model::request::Request;

fn publish(spec: &mut ContainerSpec, port: u16) {
    let (target, protocol) = (80, Protocol::Tcp);
    let published = PublishedPort { target, protocol, host_ip: None, published: Some(port) };
    spec.config.published.insert(published);
}

fn at_address(spec: &mut ContainerSpec) {
    spec.config.network_mode = NetworkMode::Networks;
    let fixed = Endpoint { ipv4: Some("10.9.0.2".to_owned()).into(), ..Endpoint::default() };
    spec.config.endpoints.insert("p.net".to_owned(), fixed);
}

/// The key `web` was renamed to `shop`.
fn renamed(edit: fn(&mut ContainerSpec)) -> Fixture {
    let mut fixture = Fixture::new().network("net").container("web", edit).apply();
    fixture.project.containers.remove(&container("web"));
    fixture.container("shop", edit)
}

fn remove_orphans() -> Request {
    let mut request = up();
    request.options.remove_orphans = true;
    request
}

#[test]
fn an_orphan_gives_way_and_goes_when_its_place_is_taken() {
    let steps = "#0 container shop: create p.shop (absent)
         #1 #0 -> container web: stop (orphan) !downtime
         #2 #0,#1 -> container shop: start (absent)
         #3 #2 -> container shop: wait until running (readiness)
         #4 #1,#3 -> container web: remove (orphan)
         unless #1..#3 -> container shop: p.web serves again";
    for edit in [|spec: &mut ContainerSpec| publish(spec, 8080), at_address] {
        let fixture = renamed(edit);
        check(&fixture, &remove_orphans(), steps);
        let [rescue] = &fixture.plan_itself(&remove_orphans()).rescues[..] else { panic!() };
        assert_eq!(rescue.of, [1, 2, 3].map(StepId));
        assert_eq!(rescue.successor, ContainerRef::Planned(StepId(0)));
        assert_eq!((rescue.predecessor.as_str(), rescue.name.as_str()), ("id-p.web", "p.web"));
        assert!(!rescue.begun && !rescue.successor_stays);
        let without = fixture.file("shop", |spec| spec.update.rollback = false);
        assert!(without.plan_itself(&remove_orphans()).rescues.is_empty());
    }
}

#[test]
fn an_orphan_that_stays_is_in_the_way() {
    check(
        &renamed(|spec| publish(spec, 8080)),
        &up(),
        "! container shop: OrphanHolds { what: \"port 8080:80/tcp of the host\", holder: \"p.web\" }",
    );
    check(
        &renamed(at_address),
        &up(),
        "! container shop: OrphanHolds { what: \"address 10.9.0.2 on p.net\", holder: \"p.web\" }",
    );
}

#[test]
fn an_orphan_that_is_not_in_the_way_goes_when_the_others_are_ready() {
    let fixture = renamed(|_| {});
    check(
        &fixture,
        &up(),
        "#0 container shop: create p.shop (absent)
         #1 #0 -> container shop: start (absent)",
    );
    check(
        &fixture,
        &remove_orphans(),
        "#0 container shop: create p.shop (absent)
         #1 #0 -> container shop: start (absent)
         #2 #1 -> container web: stop (orphan)
         #3 #2 -> container web: remove (orphan)",
    );
    // One that does not run holds nothing.
    let stopped =
        renamed(|spec| publish(spec, 8080)).seen("web", |seen| seen.state = State::Exited);
    check(
        &stopped,
        &remove_orphans(),
        "#0 container shop: create p.shop (absent)
         #1 #0 -> container shop: start (absent)
         #2 #1 -> container web: remove (orphan)",
    );
}

#[test]
fn one_orphan_gives_way_to_several() {
    let both = |spec: &mut ContainerSpec| {
        publish(spec, 8080);
        publish(spec, 8081);
    };
    let mut fixture = Fixture::new().container("web", both).apply();
    fixture.project.containers.remove(&container("web"));
    let fixture = fixture
        .container("one", |spec| publish(spec, 8080))
        .container("two", |spec| publish(spec, 8081));
    let plan = fixture.plan_itself(&remove_orphans());
    let text = plan.to_string();
    assert_eq!(text.matches("container web: stop").count(), 1, "{text}");
    assert!(text.contains("#7 #1,#3,#6 -> container web: remove (orphan)"), "{text}");
    let of: Vec<_> = plan.rescues.iter().map(|rescue| rescue.of.clone()).collect();
    assert_eq!(of, [[1, 2, 3].map(StepId), [1, 5, 6].map(StepId)], "{text}");
}

#[test]
fn what_served_beside_an_orphan_is_not_removed_on_the_way_back() {
    let edit = |spec: &mut ContainerSpec| {
        publish(spec, 8080);
        spec.config.restart = RestartPolicy::Always;
    };
    let fixture = Fixture::new().container("web", edit).container("shop", edit).apply();
    for (started_at, stays) in [("2026-01-01T00:00:00Z", true), ("", false)] {
        let mut fixture =
            Fixture { project: fixture.project.clone(), observed: fixture.observed.clone() };
        fixture.project.containers.remove(&container("web"));
        let fixture = fixture.seen("shop", |seen| {
            seen.state = State::Created;
            seen.started_at = started_at.to_owned();
        });
        let plan = fixture.plan_itself(&remove_orphans());
        let stay: Vec<bool> = plan.rescues.iter().map(|rescue| rescue.successor_stays).collect();
        assert_eq!(stay, [stays], "{plan}");
    }
}

#[test]
fn an_orphan_that_has_the_name_is_replaced() {
    let mut fixture = Fixture::new().container("web", |_| {}).apply();
    fixture.project.containers.remove(&container("web"));
    let fixture = fixture.container("shop", |spec| spec.name = "p.web".into());
    let steps = "#0 container shop: rename to p.web_previous (key: web → shop, file changed)
         #1 #0 -> container shop: create p.web (key: web → shop, file changed)
         #2 #1 -> container shop: stop (key: web → shop, file changed) !downtime
         #3 #1,#2 -> container shop: start (key: web → shop, file changed)
         #4 #3 -> container shop: wait until running (readiness)
         #5 #4 -> container shop: remove (key: web → shop, file changed)
         unless #0..#4 -> container shop: p.web serves again";
    for request in [up(), remove_orphans()] {
        check(&fixture, &request, steps);
    }
}
