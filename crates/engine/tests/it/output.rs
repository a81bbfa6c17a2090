//! Logs: all of them, some of them, and those to come.

use futures_util::StreamExt as _;
use windlass_engine::Engine as _;
use windlass_engine::stream::{Channel, LogRequest};
use windlass_model::container::ContainerConfig;
use windlass_model::name::ContainerId;

use crate::lab::{Lab, run, shell};

/// Everything of a log: stdout and stderr.
async fn read(lab: &Lab, id: &ContainerId, request: &LogRequest) -> (String, String) {
    let mut stream = lab.engine.logs(id, request).await.unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.unwrap();
        match chunk.channel {
            Channel::Stdout => out.extend_from_slice(&chunk.bytes),
            Channel::Stderr => err.extend_from_slice(&chunk.bytes),
        }
    }
    (String::from_utf8_lossy(&out).into(), String::from_utf8_lossy(&err).into())
}

#[test]
fn parts_of_a_log() {
    run(|lab| async move {
        let id =
            lab.started("web", "echo bad >&2; sleep 0.5; echo one; echo two; echo three").await;
        lab.engine.wait_container(&id).await.unwrap();
        let all = LogRequest::default();
        let table = [
            (all.clone(), "one\ntwo\nthree\n", "bad\n"),
            (LogRequest { tail: Some(2), ..all.clone() }, "two\nthree\n", ""),
            (LogRequest { follow: true, ..all.clone() }, "one\ntwo\nthree\n", "bad\n"),
            (LogRequest { until: Some("1".into()), ..all.clone() }, "", ""),
            (LogRequest { since: Some("99999999999".into()), ..all.clone() }, "", ""),
        ];
        for (request, out, err) in table {
            let found = read(&lab, &id, &request).await;
            assert_eq!(found, (out.to_owned(), err.to_owned()), "{request:?}");
        }
        let (out, _) = read(&lab, &id, &LogRequest { timestamps: true, ..all }).await;
        assert!(out.lines().all(|line| line.starts_with("20") && line.contains("Z ")), "{out}");
    });
}

#[test]
fn a_log_is_followed_to_its_end() {
    run(|lab| async move {
        let line = "i=0; while [ $i -lt 5 ]; do echo $i; i=$((i+1)); sleep 0.2; done";
        let id = lab.started("web", line).await;
        let request = LogRequest { follow: true, ..LogRequest::default() };
        assert_eq!(read(&lab, &id, &request).await.0, "0\n1\n2\n3\n4\n");
    });
}

#[test]
fn much_output_is_not_lost() {
    run(|lab| async move {
        // Engine 20.10 itself may end a log that is followed while its container ends, so this
        // one is read afterwards.
        let id = lab.started("web", "seq 1 100000").await;
        lab.engine.wait_container(&id).await.unwrap();
        let (out, err) = read(&lab, &id, &LogRequest::default()).await;
        let wrong = out.lines().zip(1..).find(|(line, n)| **line != n.to_string());
        assert_eq!((wrong, out.lines().count()), (None, 100_000));
        assert_eq!(err, "");
    });
}

#[test]
fn a_terminals_log_is_raw() {
    run(|lab| async move {
        let config = ContainerConfig { tty: true, ..shell(r"printf '\001\002 SOH'") };
        let id = lab.created("tty", config).await.unwrap();
        lab.engine.start_container(&id).await.unwrap();
        lab.engine.wait_container(&id).await.unwrap();
        let request = LogRequest { tty: true, ..LogRequest::default() };
        assert_eq!(read(&lab, &id, &request).await.0, "\u{1}\u{2} SOH");
    });
}
