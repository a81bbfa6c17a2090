//! What `clean` removes, and what it leaves.
//!
//! Invariant: each case is one engine on which both things stand that go and things that stay.

#![expect(clippy::unwrap_used, reason = "a fixture that does not fit its test shall stop it")]

use crate::check;
use crate::fixture::{Fixture, container, engine};
use std::collections::BTreeMap;
use windlass_model::clean::CleanOptions;
use windlass_model::container::ContainerSpec;
use windlass_model::label::{DIGEST, Owner, Previous, owner_labels};
use windlass_model::observed::State;
use windlass_model::request::{Request, Verb};
use windlass_model::{Address, ImageId, ProjectName, lock};

fn clean(options: CleanOptions) -> Request {
    let mut request = Request::new(Verb::Clean);
    request.options.clean = options;
    request
}

fn all() -> CleanOptions {
    CleanOptions { all: true, ..CleanOptions::default() }
}

/// The labels of an image that a project built from such inputs.
fn built(project: &str, key: &str, digest: &str) -> BTreeMap<String, String> {
    let address = Address::image(&engine(), key);
    let mut labels = owner_labels(&ProjectName::new(project), &address, None::<&()>, None);
    labels.insert(DIGEST.to_owned(), digest.to_owned());
    labels
}

/// An engine with a declared container that runs, orphans in every state, strangers in every state, and images with and
/// without names.
fn littered() -> Fixture {
    let mut fixture = Fixture::new().container("web", |_| {}).container("job", |_| {}).apply();
    fixture = fixture.seen("job", |job| job.state = State::Exited);
    let spec = fixture.project.containers.get(&container("web")).unwrap().clone();
    for (name, state) in
        [("gone", State::Exited), ("never", State::Created), ("serves", State::Running)]
    {
        let spec = ContainerSpec { address: container(name), ..spec.clone() };
        fixture.put(&spec, &format!("p.{name}"), |seen| seen.state = state);
    }
    for (name, state) in [
        ("ended", State::Exited),
        ("dead", State::Dead),
        ("waits", State::Created),
        ("paused", State::Paused),
        ("runs", State::Running),
        ("kept", State::Exited),
    ] {
        stranger(&mut fixture, name, state, BTreeMap::new());
    }
    let other = owner_labels(&ProjectName::new("q"), &container("web"), None::<&()>, None);
    stranger(&mut fixture, "q.web", State::Exited, other);
    let lock = BTreeMap::from([(lock::PROJECT.to_owned(), "q".to_owned())]);
    stranger(&mut fixture, "windlass-lock.q", State::Created, lock);
    fixture
}

fn stranger(fixture: &mut Fixture, name: &str, state: State, labels: BTreeMap<String, String>) {
    let spec = fixture.project.containers.get(&container("web")).unwrap().clone();
    fixture.put(&spec, name, |seen| seen.state = state);
    let state = fixture.state();
    let id = state.containers.values().find(|seen| seen.name == name).unwrap().id.clone();
    state.details.remove(&id);
    let summary = state.containers.get_mut(&id).unwrap();
    summary.owner = Owner::read(&engine(), &labels);
    summary.labels = labels;
}

#[test]
fn images_that_the_file_lost_go_under_their_own_names_only() {
    let mut fixture = Fixture::new().build("app", &[]).container("web", |_| {}).apply();
    for (name, key, id) in [
        ("p/lost:latest", "lost", "sha256:1"),
        ("p/lost2:latest", "other", "sha256:2"),
        ("mine/built-on-lost:1", "lost3", "sha256:3"),
        ("p/intervention:0123", "intervention", "sha256:4"),
        // What a killed build of an image that the file has went on from.
        ("p/app:windlass-before-01", "app", "sha256:5"),
        ("p/app:windlass-step-01", "app", "sha256:6"),
        // What commands left of images that have another name now, or are in the file no more; the second one's name is in it.
        ("before:windlass-step-01", "app", "sha256:7"),
        ("p/app:windlass-step-02", "lost4", "sha256:8"),
        ("named:windlass-step-01", "lost5", "sha256:9"),
    ] {
        fixture.image(name, id, built("p", key, id));
    }
    let plan = "#0 image p/lost:latest: remove p/lost:latest (requested)
         #1 image p/intervention:0123: remove p/intervention:0123 (requested)
         #2 image p/app:windlass-before-01: remove p/app:windlass-before-01 (requested)
         #3 image before:windlass-step-01: remove before:windlass-step-01 (requested)
         #4 image named:windlass-step-01: remove named:windlass-step-01 (requested)";
    check(&fixture, &clean(CleanOptions::default()), plan);
}

/// An image without a tag.
fn nameless(fixture: &mut Fixture, id: &str, labels: BTreeMap<String, String>) {
    fixture.image("x", id, labels);
    fixture.state().images.get_mut(&ImageId::new(id)).unwrap().references.clear();
}

#[test]
fn by_itself_it_removes_orphans_that_do_not_run() {
    let expected = "#0 container gone: remove (orphan)
         #1 container never: remove (orphan)";
    check(&littered(), &clean(CleanOptions::default()), expected);
    let exclude = ["p.gone".to_owned()].into();
    let expected = "#0 container never: remove (orphan)";
    check(&littered(), &clean(CleanOptions { exclude, ..CleanOptions::default() }), expected);
}

#[test]
fn all_is_what_nobody_owns_and_does_not_run() {
    let options = CleanOptions { exclude: ["kept".to_owned()].into(), ..all() };
    let expected = "#0 container gone: remove (orphan)
         #1 container never: remove (orphan)
         #2 container dead: remove (requested) !foreign
         #3 container ended: remove (requested) !foreign";
    check(&littered(), &clean(options.clone()), expected);
    let options = CleanOptions { include_initial: true, ..options };
    let expected = "#0 container gone: remove (orphan)
         #1 container never: remove (orphan)
         #2 container dead: remove (requested) !foreign
         #3 container ended: remove (requested) !foreign
         #4 container waits: remove (requested) !foreign";
    check(&littered(), &clean(options), expected);
}

#[test]
fn images_without_a_name_go_with_what_they_were_for() {
    let mut fixture = Fixture::new().container("web", |_| {}).apply();
    for (id, labels) in [
        ("sha256:a-old", built("p", "app", "one")),
        // Two of the same inputs: one may be what somebody built on the other.
        ("sha256:b-twin", built("p", "app", "two")),
        ("sha256:c-twin", built("p", "app", "two")),
        ("sha256:d-of-q", built("q", "app", "three")),
        ("sha256:e-nobody", BTreeMap::new()),
        ("sha256:f-previous", built("p", "app", "four")),
        ("sha256:g-used", built("p", "app", "five")),
    ] {
        nameless(&mut fixture, id, labels);
    }
    let spec = fixture.project.containers.get(&container("web")).unwrap().clone();
    fixture.put(&spec, "p.gone", |seen| {
        seen.state = State::Exited;
        seen.image_id = ImageId::new("sha256:g-used");
    });
    let address = Address { name: "gone".into(), ..container("web") };
    let state = fixture.state();
    for summary in state.containers.values_mut() {
        let owner = summary.owner.as_mut().unwrap();
        if summary.name == "p.gone" {
            owner.address = Some(address.clone());
        } else {
            let image = ImageId::new("sha256:f-previous");
            let reference = "p/app:latest".to_owned();
            let config = windlass_model::container::ContainerConfig::clone(&spec.config);
            owner.previous =
                Some(Previous { image, reference, config, commands: Vec::new() }.label().1);
        }
    }

    for seen in state.details.values_mut() {
        seen.owner = state.containers[&seen.id].owner.clone();
    }
    let own = "#0 container gone: remove (orphan)
         #1 image a-old: remove sha256:a-old (requested)
         #2 #0 -> image g-used: remove sha256:g-used (requested)";
    check(&fixture, &clean(CleanOptions::default()), own);
    let more = "#0 container gone: remove (orphan)
         #1 image a-old: remove sha256:a-old (requested)
         #2 image b-twin: remove sha256:b-twin (requested) !foreign
         #3 image c-twin: remove sha256:c-twin (requested) !foreign
         #4 image e-nobody: remove sha256:e-nobody (requested) !foreign
         #5 #0 -> image g-used: remove sha256:g-used (requested)";
    check(&fixture, &clean(all()), more);
}

#[test]
fn old_images_go_unless_a_tag_keeps_them() {
    let mut fixture = Fixture::new().container("web", |_| {}).apply();
    for (reference, id) in [
        ("shop:1", "sha256:one"),
        ("shop:latest", "sha256:latest"),
        ("localhost:5000/shop:stable", "sha256:stable"),
        ("shop@sha256:77", "sha256:digest"),
        ("kept:1", "sha256:kept"),
    ] {
        fixture.image(reference, id, BTreeMap::new());
    }
    let both = fixture.state().images.get_mut(&ImageId::new("sha256:one")).unwrap();
    both.references.insert("shop:2".to_owned());
    both.references.insert("shop@sha256:11".to_owned());
    check(&fixture, &clean(CleanOptions::default()), "");
    let dangling = "#0 image shop@sha256:77: remove shop@sha256:77 (requested) !foreign";
    check(&fixture, &clean(all()), dangling);
    let (exclude, keep_tags) = (["kept:1".to_owned()].into(), ["stable".to_owned()].into());
    let options = CleanOptions { remove_old: true, keep_tags, exclude, ..all() };
    let old = "#0 image shop@sha256:77: remove shop@sha256:77 (requested) !foreign
         #1 image shop:1: remove shop:1 (requested) !foreign
         #2 #1 -> image shop:1: remove shop:2 (requested) !foreign
         #3 #2 -> image shop:1: remove shop@sha256:11 (requested) !foreign";
    check(&fixture, &clean(options), old);
}
