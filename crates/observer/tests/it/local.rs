//! Local inputs: build contexts and secrets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use windlass_engine::Engines;
use windlass_model::image::{ContextSpec, DockerfileSource, ImageSource, ImageUse};
use windlass_model::project::Project;
use windlass_model::secret::{SecretMount, SecretSource, SecretSpec, SecretValues, Sensitive};
use windlass_observer::{
    ImageFilter, InputError, LocalInputs, ObserveError, observe, read_secrets,
};
use windlass_testkit::{ContainerBuilder, ProjectBuilder};

/// `base` is built of a folder, `web` on it, `tool` of nothing else.
fn images(folder: &Path) -> Project {
    let folder = folder.display().to_string();
    ProjectBuilder::new("shop")
        .built_image("base", "FROM scratch\nCOPY . /\n")
        .built_image("web", "FROM shop/base\nCOPY --from=debian:12 /etc /etc\n")
        .built_image("tool", "FROM debian:12\n")
        .edit(|project| {
            let base = project.images.get_mut("base").unwrap();
            base.source = ImageSource::Dockerfile {
                dockerfile: DockerfileSource::Inline("FROM scratch\nCOPY . /\n".to_owned()),
                context: Some(ContextSpec::new(folder)),
            };
        })
        .finish()
}

fn only(keys: &[&str]) -> LocalInputs {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    LocalInputs { images: ImageFilter::Only(keys), ..LocalInputs::default() }
}

#[tokio::test]
async fn digests_of_the_images_that_are_asked_for_and_of_their_bases() {
    let folder = tempfile::tempdir().unwrap();
    let project = images(folder.path());
    for (inputs, expected) in [
        (LocalInputs::default(), vec!["base", "tool", "web"]),
        (only(&["web"]), vec!["base", "web"]),
        (only(&["tool"]), vec!["tool"]),
        (only(&[]), vec![]),
    ] {
        let observed = observe(&project, &Engines::new(), &inputs).await.unwrap();
        let keys: Vec<_> = observed.builds.keys().map(String::as_str).collect();
        assert_eq!(keys, expected);
        if let Some(web) = observed.builds.get("web") {
            let base = ImageUse::Project("base".to_owned());
            assert_eq!(web.bases, [base, ImageUse::External("debian:12".into())]);
        }
    }
}

#[tokio::test]
async fn a_file_that_changes_changes_the_digest_of_its_image_only() {
    let folder = tempfile::tempdir().unwrap();
    let project = images(folder.path());
    let look =
        async || observe(&project, &Engines::new(), &LocalInputs::default()).await.unwrap().builds;
    let before = look().await;
    assert_eq!(look().await, before);
    std::fs::write(folder.path().join("file"), "new").unwrap();
    let after = look().await;
    let changed: BTreeSet<&str> =
        after.iter().filter(|(key, b)| before[*key] != **b).map(|(key, _)| key.as_str()).collect();
    assert_eq!(changed, BTreeSet::from(["base"]));
}

#[tokio::test]
async fn a_folder_that_is_not_there_names_its_image() {
    let project = images(Path::new("/nonexistent/folder"));
    let result = observe(&project, &Engines::new(), &LocalInputs::default()).await;
    let Err(ObserveError::Images { images }) = result else { panic!("it must fail") };
    let [InputError { image, .. }] = images.as_slice() else { panic!("one: {images:?}") };
    assert_eq!(image, "base");
}

fn secrets(folder: &Path) -> Project {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let file = |name: &str| folder.join(name).display().to_string();
    let sources = [
        ("file", SecretSource::File(file("value"))),
        ("env", SecretSource::Env("PW".to_owned())),
        ("command", SecretSource::Command(words(&["/bin/sh", "-c", "echo $PW; echo oops >&2"]))),
        ("absent", SecretSource::File(file("absent"))),
        ("unset", SecretSource::Env("NO".to_owned())),
        ("failing", SecretSource::Command(words(&["/bin/sh", "-c", "echo leaked >&2; exit 3"]))),
        ("missing", SecretSource::Command(words(&["/nonexistent/program"]))),
        ("binary", SecretSource::File(file("binary"))),
        ("empty", SecretSource::Command(Vec::new())),
        ("endless", SecretSource::File("/dev/zero".to_owned())),
        ("talkative", SecretSource::Command(words(&["/bin/sh", "-c", "while :; do echo; done"]))),
    ];
    ProjectBuilder::new("shop")
        .edit(|project| {
            project.root = folder.display().to_string();
            for (name, source) in sources {
                let spec = SecretSpec { name: name.to_owned(), source };
                project.secrets.insert(name.to_owned(), spec);
            }
        })
        .finish()
}

#[tokio::test]
async fn secrets_are_read_from_where_the_file_says() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("value"), "from file\n").unwrap();
    std::fs::write(folder.path().join("binary"), [0xff, 0xfe]).unwrap();
    let project = secrets(folder.path());
    let environment = BTreeMap::from([("PW".to_owned(), "hunter2".to_owned())]);
    let good = |name: &str| matches!(name, "file" | "env" | "command");
    let values = read_secrets(&project, &environment, good).await.unwrap();
    for (name, expected) in [("file", "from file\n"), ("env", "hunter2"), ("command", "hunter2")] {
        assert_eq!(values.get(name).map(Sensitive::reveal), Some(expected), "{name}");
    }
    assert!(!format!("{values:?}").contains("hunter2"));

    let errors = read_secrets(&project, &environment, |_| true).await.unwrap_err();
    let names: BTreeSet<&str> = errors.iter().map(windlass_observer::SecretError::name).collect();
    let expected =
        ["absent", "unset", "failing", "missing", "binary", "empty", "endless", "talkative"];
    assert_eq!(names, BTreeSet::from(expected));
    let text: Vec<String> = errors.iter().map(|error| format!("{error} {error:?}")).collect();
    assert!(!text.join(" ").contains("leaked"), "{text:?}");
    assert!(text.join(" ").contains("exit status: 3"), "{text:?}");
}

#[tokio::test]
async fn a_container_s_digest_changes_with_its_secrets_and_their_files() {
    let project = |mode: fn(&mut SecretMount)| {
        ProjectBuilder::new("shop")
            .container(ContainerBuilder::new("plain"))
            .container(ContainerBuilder::new("web").edit(|spec| {
                spec.secrets.push(SecretMount {
                    secret: "pw".to_owned(),
                    target: "/run/secrets/pw".to_owned(),
                    uid: 0,
                    gid: 0,
                    mode: 0o400,
                });
            }))
            .edit(|project| {
                let specs = project.containers.values_mut();
                specs.flat_map(|spec| spec.secrets.iter_mut()).for_each(mode);
            })
            .finish()
    };
    let same: fn(&mut SecretMount) = |_| ();
    let other: fn(&mut SecretMount) = |mount| mount.mode = 0o440;
    let mut digests = BTreeSet::new();
    for (change, value) in [(same, "a"), (same, "b"), (other, "a"), (same, "a")] {
        let values = SecretValues([("pw".to_owned(), Sensitive::new(value))].into());
        let inputs = LocalInputs { secrets: values, ..LocalInputs::default() };
        let observed = observe(&project(change), &Engines::new(), &inputs).await.unwrap();
        let addresses: Vec<_> = observed.secrets.keys().map(ToString::to_string).collect();
        assert_eq!(addresses, ["container web"]);
        digests.extend(observed.secrets.into_values());
    }
    assert_eq!(digests.len(), 3);
    // A value that was not read is no value.
    let unread = LocalInputs::default();
    let observed = observe(&project(same), &Engines::new(), &unread).await.unwrap();
    assert!(observed.secrets.is_empty());
}
