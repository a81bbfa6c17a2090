//! Every change of a container's state, and what comes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_engine::Engine as _;
use windlass_engine::docker::stdcopy::Demux;
use windlass_engine::stream::{AttachRequest, Attached, Channel, EventRequest, ExecRequest};
use windlass_model::container::ContainerConfig;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::limits::{Limits, RestartPolicy};
use windlass_model::observed::{Health, State};
use windlass_model::one_off;

use crate::lab::{run, shell, tar_of, upload};

/// Reads an attached process to its end: what it wrote to stdout and to stderr.
pub(crate) async fn read_all(mut attached: Attached) -> (String, String) {
    let (mut out, mut err, mut demux) = (Vec::new(), Vec::new(), Demux::default());
    let mut buffer = [0; 4096];
    loop {
        let count = attached.stream.read(&mut buffer).await.unwrap();
        if count == 0 {
            break;
        }
        if attached.tty {
            out.extend_from_slice(&buffer[..count]);
            continue;
        }
        demux.push(&buffer[..count]);
        while let Some(chunk) = demux.chunk().unwrap() {
            match chunk.channel {
                Channel::Stdout => out.extend_from_slice(&chunk.bytes),
                Channel::Stderr => err.extend_from_slice(&chunk.bytes),
            }
        }
    }
    demux.finish().unwrap();
    (String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
}

#[test]
fn a_life() {
    run(|lab| async move {
        let engine = &lab.engine;
        let id = lab.created("web", shell("sleep 60")).await.unwrap();
        let state = async || engine.inspect_container(id.as_str()).await.unwrap().state;
        assert_eq!(state().await, State::Created);
        for _ in 0..2 {
            engine.start_container(&id).await.unwrap();
            assert_eq!(state().await, State::Running);
        }
        let (titles, rows) = engine.top(&id).await.unwrap();
        assert!(titles.contains(&"PID".to_owned()) && rows.len() == 1, "{titles:?} {rows:?}");
        engine.pause_container(&id).await.unwrap();
        assert_eq!(state().await, State::Paused);
        engine.unpause_container(&id).await.unwrap();
        engine.restart_container(&id, Some(0)).await.unwrap();
        assert_eq!(state().await, State::Running);
        engine.rename_container(&id, &lab.named("other")).await.unwrap();
        let seen = engine.inspect_container(&lab.named("other")).await.unwrap();
        assert_eq!(seen.id, id);
        for _ in 0..2 {
            engine.stop_container(&id, Some(1)).await.unwrap();
            assert_eq!(state().await, State::Exited);
        }
        let seen = engine.inspect_container(id.as_str()).await.unwrap();
        assert_eq!((seen.exit_code, seen.oom_killed), (137, false));
        engine.start_container(&id).await.unwrap();
        engine.kill_container(&id, "SIGKILL").await.unwrap();
        assert_eq!(engine.wait_container(&id).await.unwrap(), 137);
        engine.remove_container(&id, false, true).await.unwrap();
        assert!(engine.inspect_container(id.as_str()).await.unwrap_err().is_not_found());
    });
}

#[test]
fn a_list_has_what_an_inspection_has() {
    run(|lab| async move {
        let mut config = shell("sleep 60");
        config.labels.insert("a".into(), "b".into());
        config.published.insert(windlass_model::port::PublishedPort {
            target: 80,
            protocol: windlass_model::port::Protocol::Tcp,
            host_ip: Some("127.0.0.1".parse().unwrap()),
            published: None,
        });
        let id = lab.created("web", config).await.unwrap();
        lab.engine.start_container(&id).await.unwrap();
        let list = lab.engine.list_containers().await.unwrap();
        let one = list.into_iter().find(|one| one.id == id).unwrap();
        let whole = lab.engine.inspect_container(id.as_str()).await.unwrap();
        assert_eq!((&one.name, one.state), (&whole.name, whole.state));
        assert_eq!((one.image_id, one.owner), (whole.image_id, whole.owner));
        assert_eq!(one.image, lab.image);
        assert!(one.networks.contains("bridge") && one.created_s > 1_700_000_000);
        let port = one.published.iter().next().unwrap();
        assert!(port.target == 80 && port.published.is_some(), "{port}");
    });
}

#[test]
fn exit_codes() {
    run(|lab| async move {
        for code in [0, 3] {
            let id = lab.started(&format!("exit-{code}"), &format!("exit {code}")).await;
            assert_eq!(lab.engine.wait_container(&id).await.unwrap(), code);
        }
        let id = lab.started("waits", "sleep 60").await;
        let waiting = lab.engine.wait_container(&id);
        let killing = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            lab.engine.kill_container(&id, "9").await.unwrap();
        };
        assert_eq!(tokio::join!(waiting, killing).0.unwrap(), 137);
    });
}

#[test]
fn commands() {
    run(|lab| async move {
        let id = lab.started("web", "sleep 60").await;
        let words = |line: &str| vec!["sh".to_owned(), "-c".to_owned(), line.to_owned()];
        let request = |line: &str| ExecRequest { argv: words(line), ..ExecRequest::default() };
        let fancy = ExecRequest {
            user: Some("user".into()),
            workdir: Some("/tmp".into()),
            env: BTreeMap::from([("A".into(), "b c".into())]),
            ..request("echo $(id -u) $PWD $A; echo bad >&2; exit 4")
        };
        let missing = ExecRequest { argv: vec!["/no/such".into()], ..ExecRequest::default() };
        let table = [
            (request("true"), "", "", 0),
            (fancy, "1000 /tmp b c\n", "bad\n", 4),
            (ExecRequest { tty: true, ..request("echo a; echo b >&2") }, "a\r\nb\r\n", "", 0),
        ];
        for (request, out, err, code) in table {
            let attached = lab.engine.exec(&id, &request).await.unwrap();
            let exec = attached.exec_id.clone();
            assert_eq!(read_all(attached).await, (out.to_owned(), err.to_owned()), "{request:?}");
            assert_eq!(lab.engine.exec_exit_code(&exec).await.unwrap(), Some(code));
        }
        let attached = lab.engine.exec(&id, &missing).await.unwrap();
        let exec = attached.exec_id.clone();
        drop(attached);
        tokio::time::sleep(Duration::from_millis(500)).await;
        let code = lab.engine.exec_exit_code(&exec).await.unwrap();
        assert!(matches!(code, Some(126 | 127)), "{code:?}");
    });
}

#[test]
fn input_ends_when_it_is_closed() {
    run(|lab| async move {
        let id = lab.started("web", "sleep 60").await;
        let argv = vec!["sh".to_owned(), "-c".to_owned(), "sort; echo end".to_owned()];
        let request = ExecRequest { argv, stdin: true, ..ExecRequest::default() };
        let mut attached = lab.engine.exec(&id, &request).await.unwrap();
        assert_eq!(lab.engine.exec_exit_code(&attached.exec_id).await.unwrap(), None);
        attached.stream.write_all(b"b\na\n").await.unwrap();
        attached.stream.shutdown().await.unwrap();
        assert_eq!(read_all(attached).await.0, "a\nb\nend\n");

        // Only of one that is for whoever attaches first: others may come again.
        let labels = BTreeMap::from([(one_off::HOLDER.to_owned(), String::new())]).into();
        let config = ContainerConfig { stdin_open: true, labels, ..shell("sort; echo end") };
        let id = lab.created("cat", config).await.unwrap();
        let mut attached = lab
            .engine
            .attach(&id, &AttachRequest { stdin: true, ..AttachRequest::default() })
            .await
            .unwrap();
        lab.engine.start_container(&id).await.unwrap();
        attached.stream.write_all(b"2\n1\n").await.unwrap();
        attached.stream.shutdown().await.unwrap();
        assert_eq!(read_all(attached).await.0, "1\n2\nend\n");
    });
}

#[test]
fn a_terminal_passes_every_byte_at_once() {
    run(|lab| async move {
        // The first bytes look like the head of a frame.
        let line = r"stty raw -echo; printf '\001\000\000\000\177\377\377\377start'; cat";
        let config = ContainerConfig { tty: true, stdin_open: true, ..shell(line) };
        let id = lab.created("tty", config).await.unwrap();
        let mut attached = lab
            .engine
            .attach(&id, &AttachRequest { tty: true, stdin: true, ..AttachRequest::default() })
            .await
            .unwrap();
        lab.engine.start_container(&id).await.unwrap();
        lab.engine.resize(&id, 40, 100).await.unwrap();
        let mut start = [0; 13];
        attached.stream.read_exact(&mut start).await.unwrap();
        assert_eq!(&start, b"\x01\0\0\0\x7f\xff\xff\xffstart");
        for byte in 0..=255_u8 {
            // These two begin the keys that detach.
            if matches!(byte, 0x10 | 0x11) {
                continue;
            }
            attached.stream.write_all(&[byte]).await.unwrap();
            let echo = tokio::time::timeout(Duration::from_secs(5), attached.stream.read_u8());
            assert_eq!(echo.await.unwrap().unwrap(), byte);
        }
    });
}

#[test]
fn limits_are_changed_on_a_running_container() {
    run(|lab| async move {
        let limits = Limits { memory_bytes: Some(32 << 20), ..Limits::default() };
        let config = ContainerConfig { limits: limits.into(), ..shell("sleep 60") };
        let id = lab.created("web", config.clone()).await.unwrap();
        lab.engine.start_container(&id).await.unwrap();
        for megabytes in [128, 16] {
            let limits = Limits {
                memory_bytes: Some(megabytes << 20),
                cpu_shares: Some(200),
                ..Limits::default()
            };
            let policy = RestartPolicy::OnFailure(2);
            lab.engine.update_container(&id, &limits, policy).await.unwrap();
            let seen = lab.engine.inspect_container(id.as_str()).await.unwrap().config;
            assert_eq!((seen.limits.into_inner(), seen.restart), (limits, policy));
        }
    });
}

#[test]
fn health() {
    run(|lab| async move {
        let check = |line: &str| Healthcheck {
            interval_ns: 200_000_000,
            retries: 1,
            ..Healthcheck::of(HealthTest::Shell(line.into()))
        };
        for (what, line, health, output) in [
            ("good", "echo fine", Health::Healthy, None),
            ("bad", "echo broken; false", Health::Unhealthy, Some("broken\n")),
        ] {
            let config =
                ContainerConfig { healthcheck: Some(check(line)).into(), ..shell("sleep 60") };
            let id = lab.created(what, config).await.unwrap();
            lab.engine.start_container(&id).await.unwrap();
            let mut seen = lab.engine.inspect_container(id.as_str()).await.unwrap();
            for _ in 0..50 {
                if seen.health == Some(health) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
                seen = lab.engine.inspect_container(id.as_str()).await.unwrap();
            }
            assert_eq!((seen.health, seen.health_output.as_deref()), (Some(health), output));
        }
    });
}

#[test]
fn files_go_in_and_out() {
    run(|lab| async move {
        let id = lab.created("web", shell("cat /tmp/in/a")).await.unwrap();
        let tar = tar_of(&[("in/a", "hello\n"), ("in/b", &"x".repeat(200_000))]);
        lab.engine.put_archive(&id, "/tmp", upload(&tar)).await.unwrap();
        let mut stream = lab.engine.get_archive(&id, "/tmp/in").await.unwrap();
        let mut bytes = Vec::new();
        while let Some(chunk) = stream.next().await {
            bytes.extend_from_slice(&chunk.unwrap());
        }
        let mut archive = tar::Archive::new(bytes.as_slice());
        let sizes: BTreeMap<String, u64> = archive
            .entries()
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.path().unwrap().display().to_string(), entry.size()))
            .collect();
        assert_eq!((sizes["in/a"], sizes["in/b"]), (6, 200_000));
        let attached = lab.engine.attach(&id, &AttachRequest::default()).await.unwrap();
        lab.engine.start_container(&id).await.unwrap();
        assert_eq!(read_all(attached).await.0, "hello\n");
        let missing = lab.engine.get_archive(&id, "/nowhere").await.err().unwrap();
        assert!(missing.is_not_found(), "{missing}");
    });
}

#[test]
fn events() {
    run(|lab| async move {
        let label = format!("{}={}", windlass_model::label::PROJECT, lab.name);
        let request = |until: Option<&str>| EventRequest {
            since: Some("1".into()),
            until: until.map(str::to_owned),
            labels: vec![label.clone()],
        };
        let mut live = lab.engine.events(&request(None)).await.unwrap();
        let id = lab.started("web", "exit 0").await;
        let mut actions = Vec::new();
        while actions.last().map(String::as_str) != Some("die") {
            let event = live.next().await.unwrap().unwrap();
            assert_eq!(event.container(), Some(id.clone()));
            assert!(event.time_ns > 1_700_000_000_000_000_000);
            actions.push(event.action);
        }
        assert_eq!(actions, ["create", "start", "die"]);
        let soon = std::time::SystemTime::now() + Duration::from_secs(1);
        let until = soon.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().to_string();
        let past = lab.engine.events(&request(Some(&until))).await.unwrap();
        let past: Vec<_> = past.map(|event| event.unwrap().action).collect().await;
        assert_eq!(past, ["create", "start", "die"]);
    });
}

#[test]
fn an_attachment_loses_nothing() {
    run(|lab| async move {
        let id = lab.created("web", shell("seq 1 100000; seq 1 10 >&2")).await.unwrap();
        let attached = lab.engine.attach(&id, &AttachRequest::default()).await.unwrap();
        lab.engine.start_container(&id).await.unwrap();
        let (out, err) = read_all(attached).await;
        assert!(out.lines().eq((1..=100_000).map(|n| n.to_string())));
        assert_eq!(err.lines().count(), 10);
    });
}
