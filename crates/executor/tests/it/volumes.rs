//! Volumes with an owner, secrets, commands.

use crate::bench::{Bench, command, create, labels, text};
use std::collections::BTreeMap;
use windlass_engine::Engine as _;
use windlass_model::event::Event;
use windlass_model::fault::Fault;
use windlass_model::plan::{Action, ContainerRef, CreateVolume};
use windlass_model::secret::SecretMount;
use windlass_model::volume::{VolumeConfig, VolumeOwner};
use windlass_model::wait::{ExecPolicy, ExecSpec};
use windlass_testkit::{Injection, Misfortune, Upload};

fn volume() -> CreateVolume {
    CreateVolume {
        name: "shop.data".to_owned(),
        config: VolumeConfig::default(),
        labels: labels(),
        owner: Some(VolumeOwner { uid: 999, gid: 998, mode: 0o2750 }),
    }
}

/// `path mode uid gid contents` of each entry.
fn entries(upload: &Upload) -> Vec<String> {
    use std::io::Read as _;
    let mut archive = tar::Archive::new(upload.tar.as_slice());
    let entry = |entry: std::io::Result<tar::Entry<'_, &[u8]>>| {
        let mut entry = entry.unwrap();
        let mut contents = String::new();
        entry.read_to_string(&mut contents).unwrap();
        let header = entry.header();
        let (mode, uid) = (header.mode().unwrap(), header.uid().unwrap());
        let path = entry.path().unwrap().display().to_string();
        format!("{path} {mode:o} {uid} {} {contents}", header.gid().unwrap())
    };
    archive.entries().unwrap().map(entry).collect()
}

#[tokio::test(start_paused = true)]
async fn a_volume_s_root_gets_its_owner_and_nothing_is_left() {
    for misfortune in [None, Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)] {
        let mut bench = Bench::new();
        if let Some(at) = misfortune {
            bench.engine.inject(Injection::at_mutation(at, Misfortune::After(Fault::ReplyLost)));
        }
        bench.step(Action::CreateVolume(volume().into()), &[]);
        // The carrier is gone afterwards, so its upload is caught on the way.
        let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let caught = std::sync::Arc::clone(&seen);
        bench.engine.set_actor(Box::new(move |call, world| {
            if call.method == "remove_container" {
                caught.lock().unwrap().extend(world.uploads("shop.data.windlass-carrier"));
            }
        }));
        let report = bench.run().await;
        assert_eq!(text(&report.outcomes[0]), "done", "{misfortune:?}");
        let uploads = seen.lock().unwrap().clone();
        assert_eq!(entries(&uploads[0]), ["volume 2750 999 998 "]);
        assert_eq!(uploads[0].path, "/");
        assert!(bench.engine.list_containers().await.unwrap().is_empty(), "{misfortune:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_is_another_than_asked_for_is_refused() {
    let mut bench = Bench::new();
    let foreign = CreateVolume { labels: BTreeMap::new(), ..volume() };
    bench.engine.create_volume(&foreign).await.unwrap();
    bench.step(Action::CreateVolume(volume().into()), &[]);
    let report = bench.run().await;
    let expected = "Engine(NameConflict { holder: None }): a volume of this name is there, with \
                    other labels or options";
    assert_eq!(text(&report.outcomes[0]), expected);
    assert_eq!(bench.count("put_archive"), 0);
}

#[tokio::test(start_paused = true)]
async fn secrets_arrive_as_files() {
    let mut bench = Bench::new();
    let created = bench.step(create("shop.web", command(&["run"])), &[]);
    let file = |secret: &str| SecretMount {
        secret: secret.to_owned(),
        target: "/run/secrets/pw".to_owned(),
        uid: 5,
        gid: 6,
        mode: 0o400,
    };
    let container = ContainerRef::Planned(created);
    let copy = |directory: &str, name: &str| Action::CopySecrets {
        container: container.clone(),
        directory: directory.into(),
        files: vec![file(name)],
    };
    let first = bench.step(copy("/", "pw"), &[created]);
    bench.step(copy("/", "unknown"), &[created]);
    bench.step(copy("/run/secrets", "pw"), &[first]);
    let report = bench.run().await;
    let outcomes: Vec<_> = report.outcomes.iter().map(text).collect();
    assert_eq!(
        outcomes,
        ["done", "done", "Local: the value of secret unknown is not known", "done"]
    );
    let uploads = bench.engine.uploads("shop.web");
    assert_eq!(entries(&uploads[0]), ["run/secrets/pw 400 5 6 hunter2"]);
    assert_eq!(entries(&uploads[1]), ["pw 400 5 6 hunter2"]);
    assert!(!format!("{:?} {:?}", bench.events, bench.engine.calls()).contains("hunter2"));
}

#[tokio::test(start_paused = true)]
async fn commands_say_their_output_and_their_exit_code_counts() {
    for (argv, expected, line) in [
        (vec!["migrate", "now"], "done", "migrate now"),
        (
            vec!["exit", "3"],
            "Exec { code: 3 }: \"exit 3\" ended with exit code 3",
            "leaving with 3",
        ),
        (
            vec!["missing"],
            "Exec { code: 126 }: \"missing\" ended with exit code 126",
            "OCI runtime exec failed: not found",
        ),
    ] {
        let mut bench = Bench::new();
        let created = bench.started(command(&["run"]));
        let exec = ExecSpec {
            argv: argv.into_iter().map(str::to_owned).collect(),
            user: None,
            workdir: None,
            env: BTreeMap::new(),
            policy: ExecPolicy::Restart,
        };
        let started = windlass_model::plan::StepId(created.0 + 1);
        let container = ContainerRef::Planned(created);
        let step = Action::ExecContainer { container, exec: Box::new(exec) };
        let step = bench.step(step, &[started]);
        let report = bench.run().await;
        assert_eq!(text(&report.outcomes[step.index()]), expected);
        let said = Event::StepOutput { step, line: line.to_owned() };
        assert!(bench.events.contains(&said), "{:?}", bench.events);
    }
}
