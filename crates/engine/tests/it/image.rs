//! Images: importing, naming, looking at them, and registries that cannot be reached.

use std::collections::BTreeMap;

use windlass_engine::Engine as _;
use windlass_model::fault::Fault;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::observed::ImageConfig;
use windlass_model::port::{ExposedPort, Protocol};

use crate::lab::{run, tar_of, upload};

#[test]
fn an_import_keeps_labels_and_configuration() {
    run(|lab| async move {
        let nasty = r#"{"a":"$HOME ${x} \\ \" 'q' #"}"#;
        let labels: BTreeMap<String, String> =
            [("plain", "1"), ("dev.windlass.spec", nasty), ("empty", ""), ("sp ace", "é \t ü")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into();
        let changes = [
            r#"CMD ["sh", "-c", "echo $A"]"#,
            "ENV A=1",
            "USER user",
            "WORKDIR /tmp",
            "EXPOSE 80/udp",
            "VOLUME /data",
            "HEALTHCHECK --retries=2 CMD true",
        ]
        .map(str::to_owned);
        let reference = format!("{}-made:2", lab.name);
        let tar = upload(&tar_of(&[("etc/x", "y")]));
        let id = lab.engine.import_image(&reference, &changes, &labels, tar).await.unwrap();
        let seen = lab.engine.inspect_image(&reference).await.unwrap();
        assert_eq!((&seen.id, &seen.labels), (&id, &labels));
        assert!(seen.references.contains(&reference) && seen.created_s > 1_700_000_000);
        let given = seen.config.clone().unwrap();
        let wanted = ImageConfig {
            command: Some(["sh", "-c", "echo $A"].map(str::to_owned).into()),
            entrypoint: None,
            env: BTreeMap::from([("A".into(), "1".into())]),
            labels: BTreeMap::from([
                ("plain".into(), "1".into()),
                ("empty".into(), String::new()),
                ("sp ace".into(), "é \t ü".into()),
            ]),
            user: "user".into(),
            workdir: "/tmp".into(),
            exposed: [ExposedPort { target: 80, protocol: Protocol::Udp }].into(),
            volumes: ["/data".to_owned()].into(),
            healthcheck: Some(Healthcheck {
                retries: 2,
                ..Healthcheck::of(HealthTest::Shell("true".into()))
            }),
            stop_signal: None,
            platform: given.platform.clone(),
        };
        assert_eq!(given, wanted);
        assert!(given.platform.starts_with("linux/"), "{}", given.platform);
        let listed = lab.engine.list_images().await.unwrap();
        let listed = listed.into_iter().find(|image| image.id == id).unwrap();
        assert_eq!((listed.references, listed.labels), (seen.references, seen.labels));

        let broken = upload(&[b'x'; 2000]);
        let failed = lab.engine.import_image(&reference, &[], &BTreeMap::new(), broken).await;
        assert!(failed.is_err());
    });
}

#[test]
fn names_come_and_go() {
    run(|lab| async move {
        let engine = &lab.engine;
        let names = [format!("{}-two", lab.name), format!("{}-three:x", lab.name)];
        for name in &names {
            engine.tag_image(&lab.image, name).await.unwrap();
        }
        let base = engine.inspect_image(&lab.image).await.unwrap();
        assert!(base.references.contains(&format!("{}:latest", names[0])));
        assert!(base.references.contains(&names[1]));
        for name in &names {
            engine.remove_image(name).await.unwrap();
            assert!(engine.inspect_image(name).await.unwrap_err().is_not_found());
        }
        assert_eq!(engine.inspect_image(base.id.as_str()).await.unwrap().id, base.id);
    });
}

#[test]
fn a_registry_that_nobody_answers_for() {
    run(|lab| async move {
        // Port 9 is where things are discarded; nothing listens there.
        let reference = "127.0.0.1:9/wlengine/nothing:1";
        let pulled = lab.engine.pull_image(reference, None, &|_| {}).await.unwrap_err();
        assert_eq!(pulled.fault, Fault::RegistryUnreachable, "{pulled}");
        let pushed = lab.engine.push_image(reference, &|_| {}).await.unwrap_err();
        assert_eq!(pushed.fault, Fault::NotFound, "{pushed}");
    });
}

/// A container inherits the labels of its image: they do not make it a container of ours.
#[test]
fn an_images_labels_do_not_own_its_containers() {
    run(|lab| async move {
        use windlass_model::address::Address;
        use windlass_model::container::ContainerConfig;
        use windlass_model::label::owner_labels;
        use windlass_model::name::{EngineName, ProjectName};
        use windlass_model::plan::CreateContainer;

        let address = Address::image(&EngineName::default(), "app");
        let none: Option<&String> = None;
        let labels = owner_labels(&ProjectName::new(&lab.name), &address, none, None);
        let reference = format!("{}-app:1", lab.name);
        let tar = upload(&tar_of(&[("x", "y")]));
        lab.engine.import_image(&reference, &[], &labels, tar).await.unwrap();
        let image = lab.engine.inspect_image(&reference).await.unwrap();
        assert_eq!(image.owner.unwrap().address, Some(address));
        let create = CreateContainer {
            name: lab.named("foreign").into(),
            image: reference.into(),
            config: ContainerConfig { command: Some(vec!["x".into()]), ..Default::default() }
                .into(),
            labels: BTreeMap::new().into(),
        };
        let id = lab.engine.create_container(&create).await.unwrap();
        assert_eq!(lab.engine.inspect_container(id.as_str()).await.unwrap().owner, None);
        let list = lab.engine.list_containers().await.unwrap();
        assert_eq!(list.into_iter().find(|one| one.id == id).unwrap().owner, None);
    });
}

/// An archive with an image of these layers; those that are not given are the engine's already.
fn archive(reference: &str, diff_ids: &[&str], layers: &[&[u8]]) -> (String, Vec<u8>) {
    let config = serde_json::json!({
        "architecture": "amd64", "os": "linux", "created": "1970-01-01T00:00:01Z",
        "config": {"Cmd": ["/a"]}, "rootfs": {"type": "layers", "diff_ids": diff_ids},
    });
    let config = config.to_string();
    let path = |digest: &str| format!("{}/layer.tar", digest.trim_start_matches("sha256:"));
    let names: Vec<_> = diff_ids.iter().map(|digest| path(digest)).collect();
    let manifest =
        serde_json::json!([{"Config": "c.json", "RepoTags": [reference], "Layers": names}]);
    let manifest = manifest.to_string();
    let mut files = vec![("c.json", config.as_str()), ("manifest.json", manifest.as_str())];
    let own = &names[names.len() - layers.len()..];
    let texts: Vec<_> = layers.iter().map(|layer| std::str::from_utf8(layer).unwrap()).collect();
    files.extend(own.iter().map(String::as_str).zip(texts));
    (digest(config.as_bytes()), tar_of(&files))
}

fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let hash = sha2::Sha256::digest(bytes);
    hash.iter().fold("sha256:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

#[test]
fn an_image_is_loaded_with_the_layers_that_are_new() {
    run(|lab| async move {
        if lab.engine.info().await.unwrap().is_podman {
            return;
        }
        let (one, two) = (tar_of(&[("a", &lab.name)]), tar_of(&[("b", "two")]));
        let (of_one, of_two) = (digest(&one), digest(&two));
        let (base, thin) = (format!("{}-base:1", lab.name), format!("{}-thin:1", lab.name));
        let (id, tar) = archive(&base, &[&of_one], &[&one]);
        lab.engine.load_image(upload(&tar)).await.unwrap();
        assert_eq!(lab.engine.inspect_image(&base).await.unwrap().id.as_str(), id);
        let (id, tar) = archive(&thin, &[&of_one, &of_two], &[&two]);
        lab.engine.load_image(upload(&tar)).await.unwrap();
        assert_eq!(lab.engine.inspect_image(&thin).await.unwrap().id.as_str(), id);
        let broken = lab.engine.load_image(upload(b"no tar at all")).await;
        assert!(broken.is_err());
    });
}
