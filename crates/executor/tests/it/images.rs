//! Images: pulled, built, imported.

use crate::bench::{Bench, project, text};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use windlass_engine::Engine;
use windlass_executor::{BuildSettings, BundleImage, BundleImageError, build_bundle, plan_bundle};
use windlass_model::Address;
use windlass_model::digest::Digest;
use windlass_model::fault::Fault;
use windlass_model::image::{
    BuildOptions, ContextSpec, DockerfileSource, ImageSource, ImageSpec, ImageUse, PullPolicy,
};
use windlass_model::label::{self, owner_labels};
use windlass_model::name::EngineName;
use windlass_model::observed::{BuiltHealthcheck, ImageConfig, ObservedBuild};
use windlass_model::plan::{Action, BuildImage};
use windlass_testkit::{Injection, Misfortune};

fn build(dockerfile: &str, bases: &[&str]) -> BuildImage {
    let dockerfile = DockerfileSource::Inline(dockerfile.to_owned());
    of_source(ImageSource::Dockerfile { dockerfile, context: None }, bases)
}

fn of_source(source: ImageSource, bases: &[&str]) -> BuildImage {
    let spec = ImageSpec {
        key: "web".to_owned(),
        reference: "shop/web:latest".to_owned(),
        tags: BTreeSet::from(["shop/web:1".to_owned()]),
        source,
        build: BuildOptions::default(),
        depends_on: BTreeSet::new(),
        push: false,
    };
    let address = Address::image(&EngineName::default(), "web");
    BuildImage {
        spec,
        labels: owner_labels(&project(), &address, None::<&()>, None),
        inputs: Digest(String::new()),
        bases: bases.iter().map(|base| ImageUse::External((*base).into())).collect(),
        base_references: bases.iter().map(|base| (*base).to_owned()).collect(),
        no_cache: false,
    }
}

async fn digest(bench: &Bench, reference: &str) -> Option<String> {
    let image = bench.engine.inspect_image(reference).await.unwrap();
    image.labels.get(label::DIGEST).cloned()
}

#[tokio::test]
async fn a_built_image_is_labelled_with_its_inputs_and_its_bases() {
    let mut digests = BTreeSet::new();
    for (base, text) in [("a", "ENV A=1"), ("b", "ENV A=1"), ("a", "ENV A=2")] {
        let mut bench = Bench::new();
        let user = base.to_owned();
        bench.engine.add_image("base:1", ImageConfig { user, ..ImageConfig::default() });
        let build = build(&format!("FROM base:1\n{text}\n"), &["base:1"]);
        bench.step(Action::BuildImage(Box::new(build)), &[]);
        let report = bench.run().await;
        assert!(report.is_success(), "{:?}", report.outcomes);
        assert_eq!(digest(&bench, "shop/web:1").await, digest(&bench, "shop/web").await);
        digests.extend(digest(&bench, "shop/web").await);
    }
    assert_eq!(digests.len(), 3, "a base or an instruction that changes gives another digest");
}

#[tokio::test(start_paused = true)]
async fn a_build_whose_reply_was_lost_is_found_by_its_digest() {
    for (what, expected) in [
        (Misfortune::After(Fault::ReplyLost), "done"),
        (Misfortune::Before(Fault::ReplyLost), "Engine(ReplyLost): injected: reply-lost"),
    ] {
        let mut bench = Bench::new();
        // An older image of the same name is not taken for the new one.
        bench.engine.add_image("shop/web", ImageConfig::default());
        bench.step(Action::BuildImage(Box::new(build("FROM scratch\nCOPY a /\n", &[]))), &[]);
        bench.engine.inject(Injection::at_mutation(bench.engine.mutations(), what));
        assert_eq!(text(&bench.run().await.outcomes[0]), expected);
    }
}

#[tokio::test]
async fn a_build_fails_with_what_is_wrong_with_its_files() {
    let mut bench = Bench::new();
    let context = Some(ContextSpec::new("/nonexistent/folder"));
    let dockerfile = DockerfileSource::Inline("FROM scratch\nCOPY a /\n".to_owned());
    let source = ImageSource::Dockerfile { dockerfile, context };
    bench.step(Action::BuildImage(Box::new(of_source(source, &[]))), &[]);
    let outcome = text(&bench.run().await.outcomes[0]);
    assert!(outcome.starts_with("Local: cannot prepare the build context: "), "{outcome}");
    assert!(outcome.contains("/nonexistent/folder"), "{outcome}");
    assert_eq!(bench.count("build_image"), 0);
}

#[tokio::test]
async fn an_imported_image_gets_its_labels_and_tags() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("file"), vec![7; 300_000]).unwrap();
    let path = directory.path().display().to_string();
    let mut bench = Bench::new();
    let source = ImageSource::Import { path, changes: vec!["CMD [\"x\"]".to_owned()] };
    bench.step(Action::ImportImage(Box::new(of_source(source, &[]))), &[]);
    let report = bench.run().await;
    assert!(report.is_success(), "{:?}", report.outcomes);
    let expected = {
        let rootfs = windlass_image::source::Recipe::read(
            &of_source(
                ImageSource::Import {
                    path: directory.path().display().to_string(),
                    changes: vec!["CMD [\"x\"]".to_owned()],
                },
                &[],
            )
            .spec,
            &BTreeMap::new(),
        );
        let Ok(windlass_image::source::Recipe::Import(import)) = rootfs else { panic!("import") };
        let digest = Digest(import.digest().unwrap().to_hex());
        ObservedBuild { digest, bases: Vec::new(), healthcheck: BuiltHealthcheck::default() }
            .digest_with([])
            .0
    };
    assert_eq!(digest(&bench, "shop/web:1").await, Some(expected));
}

#[tokio::test(start_paused = true)]
async fn a_pull_that_broke_is_asked_for_again() {
    for (faults, expected) in [(3, "done"), (4, "Engine(ReplyLost): injected: reply-lost")] {
        let mut bench = Bench::new();
        bench.engine.add_to_registry("db:1", ImageConfig::default());
        let reference = "db:1".to_owned();
        bench.step(Action::PullImage { reference, platform: None, optional: false }, &[]);
        for at in 0..faults {
            bench.engine.inject(Injection::at_mutation(at, Misfortune::Before(Fault::ReplyLost)));
        }
        assert_eq!(text(&bench.run().await.outcomes[0]), expected);
    }
}

#[tokio::test]
async fn what_a_file_may_not_say_of_an_image_code_may_not_either() {
    let bench = Bench::new();
    let engine: Arc<dyn Engine> = bench.engine.engines().into_values().next().unwrap();
    let image = BundleImage::new;
    let wrong = [
        (image().from_image(""), r#"from_image "": write a reference"#),
        (image().from_image("a b"), r#"from_image "a b""#),
        (image().tag("wlusr BAD"), r#"tag "wlusr BAD:latest": write a name"#),
        (image().tag("a:1").tag("A/b"), r#"tag "A/b:latest""#),
        (image().tag("a@sha256:0123456789abcdef0123456789abcdef"), "tag "),
        (image().env("A=B", "c"), r#"env "A=B": write a name without `=`"#),
        (image().env("", "c"), r#"env """#),
        (image().volumes(["rel"]), r#"volumes "rel": write an absolute path"#),
        (image().workdir("rel"), r#"workdir "rel""#),
        (image().ports([0]), r#"ports "0": write a port"#),
        (image().user("a b"), r#"user "a b""#),
        (image().user("a:b:c"), r#"user "a:b:c""#),
    ];
    for (image, says) in wrong {
        let settings = BuildSettings::default;
        let planned = plan_bundle(&engine, image.clone(), settings()).await.unwrap_err();
        let built = build_bundle(&engine, image, settings(), &|_| {}).await.unwrap_err();
        for wrong in [planned, built] {
            assert!(matches!(wrong, BundleImageError::Settings { .. }), "{wrong:?}");
            assert!(wrong.to_string().contains(says), "{says}: {wrong}");
        }
    }
    let well = [
        "a",
        "localhost:5000/a__b/c-d.e:T_1",
        "reg.example/x@sha256:0123456789abcdef0123456789abcdef",
    ];
    for base in well {
        let image = image().from_image(base).user("web:33").env("A.b", "=").tag("X.io/x");
        let wrong = plan_bundle(&engine, image, BuildSettings::default()).await.unwrap_err();
        assert!(matches!(wrong, BundleImageError::NoBase { .. }), "{base}: {wrong:?}");
    }
}

#[tokio::test]
async fn a_base_that_is_not_there_is_said() {
    let bench = Bench::new();
    bench.engine.add_image("there:1", ImageConfig::default());
    let engine: Arc<dyn Engine> = bench.engine.engines().into_values().next().unwrap();
    let settings = |pull| BuildSettings { pull, ..BuildSettings::default() };
    let image = |base: &str| BundleImage::new().from_image(base);
    for (base, pull, is_asked_for) in [
        ("none:1", PullPolicy::Never, false),
        ("none:1", PullPolicy::Missing, true),
        ("there:1", PullPolicy::Always, true),
    ] {
        let wrong = build_bundle(&engine, image(base), settings(pull), &|_| {}).await.unwrap_err();
        let is_pull = matches!(&wrong, BundleImageError::BaseNotPulled { .. });
        assert_eq!(is_pull, is_asked_for, "{wrong:?}");
        assert!(wrong.to_string().contains(base), "{wrong}");
    }
    let wrong = plan_bundle(&engine, image("none:1"), settings(PullPolicy::Always)).await;
    assert!(matches!(wrong, Err(BundleImageError::NoBase { .. })), "{wrong:?}");
}
