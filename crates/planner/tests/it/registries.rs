//! Pushing, pulling, tagging: what is done, in which order, and what is refused.

use crate::check;
use crate::fixture::{Fixture, engine};
use std::collections::BTreeMap;
use windlass_model::image::{ImageSource, ImageSpec, ImageUse, PullPolicy};
use windlass_model::label::owner_labels;
use windlass_model::request::{Request, Verb};
use windlass_model::{Address, ProjectName};

/// `base` and `app`, which is built on it and on debian; both are for a registry.
fn images() -> Fixture {
    let mut fixture = Fixture::new().build("base", &[]).build("app", &["base"]);
    let debian = ImageUse::External("debian:12".into());
    fixture.observed.builds.get_mut("app").expect("app is built").bases.push(debian);
    edit(&mut fixture, "base", |spec| spec.reference = "r.io/base:latest".into());
    edit(&mut fixture, "app", |spec| {
        spec.reference = "r.io/app:latest".into();
        spec.tags = ["local/app:2".into(), "r.io/app:2".into()].into();
        spec.push = true;
    });
    fixture
}

fn edit(fixture: &mut Fixture, key: &str, edit: impl FnOnce(&mut ImageSpec)) {
    edit(fixture.project.images.get_mut(key).expect("it is declared"));
}

/// Puts an image on the engine that another project made.
fn foreign(fixture: &mut Fixture, reference: &str) {
    let address = Address::image(&engine(), "x");
    let labels = owner_labels(&ProjectName::new("other"), &address, None::<&()>, None);
    fixture.image(reference, "sha256:foreign", labels);
}

fn request(verb: Verb, references: &[&str], tag: Option<&str>) -> Request {
    let mut request = Request::new(verb).for_references(references.iter().copied());
    request.options.tag = tag.map(str::to_owned);
    request
}

#[test]
fn what_is_pushed_is_built_before() {
    let all = "#0 image base: build r.io/base:latest (absent)
        #1 image debian:12: pull debian:12 (absent)
        #2 #0,#1 -> image app: build r.io/app:latest (absent)
        #3 #2 -> image app: push r.io/app:latest (requested)
        #4 #3 -> image app: push r.io/app:2 (requested)";
    check(&images(), &request(Verb::Push, &["app"], None), all);
    check(&images(), &Request::new(Verb::Push), all);
    let base = "#0 image base: build r.io/base:latest (absent)
        #1 #0 -> image base: push r.io/base:latest (requested)";
    check(&images(), &request(Verb::Push, &["base"], None), base);
}

#[test]
fn what_can_not_be_pushed_is_said() {
    let mut fixture = images().build("plain", &[]).container("web", |_| {});
    edit(&mut fixture, "app", |spec| spec.push = false);
    check(&fixture, &Request::new(Verb::Push), "! image p: NothingToPush");
    for (image, expected) in [
        ("plain", "! image plain: NoRegistry { reference: \"p/plain:latest\" }"),
        ("web", "! image busybox: NotPushable { reference: \"busybox\" }"),
    ] {
        check(&fixture, &request(Verb::Push, &[image], None), expected);
    }
    edit(&mut fixture, "plain", |spec| {
        spec.source = ImageSource::External { pull: PullPolicy::Missing };
    });
    let expected = "! image plain: NotPushable { reference: \"p/plain:latest\" }";
    check(&fixture, &request(Verb::Push, &["plain"], None), expected);
}

#[test]
fn pulled_is_what_is_declared_what_it_is_built_on_and_what_is_named() {
    let fixture = images().container("web", |_| {});
    check(&fixture, &Request::new(Verb::Pull), "#0 image busybox: pull busybox (requested)");
    let mut external = Request::new(Verb::Pull);
    external.options.external = true;
    let all = "#0 image debian:12: pull debian:12 (absent)
        #1 image busybox: pull busybox (requested)";
    check(&fixture, &external, all);
    external.references = vec!["app".to_owned()];
    check(&fixture, &external, "#0 image debian:12: pull debian:12 (absent)");
    let outside = ["r.io/x@sha256:00", "alpine:3"];
    let expected = "#0 image alpine:3: pull alpine:3 (absent)
        #1 image r.io/x@sha256:00: pull r.io/x@sha256:00 (absent)";
    check(&fixture, &request(Verb::Pull, &outside, None), expected);
    for unknown in ["alpine", "p/wbe"] {
        let text = fixture.plan(&request(Verb::Pull, &[unknown], None));
        assert!(text.contains("UnknownReference"), "{text}");
        let text = fixture.plan(&request(Verb::Push, &["alpine:3"], None));
        assert!(text.contains("UnknownReference"), "{text}");
    }
}

#[test]
fn tags_are_given_and_taken() {
    let mut fixture = images();
    let tag = |tag: &str| request(Verb::Tag, &["app"], Some(tag));
    let expected = "! image app: NotBuilt { reference: \"r.io/app:latest\" }";
    check(&fixture, &tag("3"), expected);
    let address = Address::image(&engine(), "app");
    let labels = owner_labels(&fixture.project.name, &address, None::<&()>, None);
    fixture.image("r.io/app:latest", "sha256:app", labels);
    foreign(&mut fixture, "r.io/app:theirs");
    fixture.image("r.io/app:nobodys", "sha256:nobodys", BTreeMap::new());
    check(&fixture, &tag("3"), "#0 image app: tag r.io/app:3 (requested)");
    check(&fixture, &tag("latest"), "");
    check(&fixture, &tag("x.io/app"), "#0 image app: tag x.io/app (requested)");
    for theirs in ["theirs", "nobodys"] {
        for verb in [Verb::Tag, Verb::Untag] {
            let text = fixture.plan(&request(verb, &["app"], Some(theirs)));
            assert!(text.starts_with("! image app: Foreign"), "{text}");
        }
    }
    let mut pushed = tag("3");
    pushed.options.push = true;
    let expected = "#0 image app: tag r.io/app:3 (requested)
        #1 #0 -> image app: push r.io/app:3 (requested)";
    check(&fixture, &pushed, expected);
    pushed.options.tag = Some("latest".to_owned());
    check(&fixture, &pushed, "#0 image app: push r.io/app:latest (requested)");
    pushed.options.tag = Some("app:3".to_owned());
    check(&fixture, &pushed, "! image app: NoRegistry { reference: \"app:3\" }");
    let untag = |tag: &str| request(Verb::Untag, &["app"], Some(tag));
    check(&fixture, &untag("latest"), "#0 image app: remove r.io/app:latest (requested)");
    check(&fixture, &untag("gone"), "");
    // A container stands for its image.
    let fixture = fixture.container("web", |_| {}).container("own", |spec| {
        spec.image = ImageUse::Project("app".to_owned());
    });
    let own = request(Verb::Tag, &["own"], Some("3"));
    check(&fixture, &own, "#0 image app: tag r.io/app:3 (requested)");
    for verb in [Verb::Tag, Verb::Untag] {
        let expected = "! image busybox: NotPushable { reference: \"busybox\" }";
        check(&fixture, &request(verb, &["web"], Some("3")), expected);
    }
}
