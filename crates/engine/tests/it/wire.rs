//! What a client must survive: slow, cut, dead, foreign and endless replies.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_engine::docker::{DockerEngine, EngineAddress};
use windlass_engine::stream::AttachRequest;
use windlass_engine::stream::{EventRequest, LogRequest};
use windlass_engine::{Engine as _, EngineError};
use windlass_model::fault::Fault;
use windlass_model::name::{ContainerId, EngineName, ImageId};

use crate::fake::{Act, CHUNKED, Fake, chunk, json, pong, reply};
use crate::lab::nobody;

fn id() -> ContainerId {
    ContainerId::new("abc")
}

fn fault<T>(result: Result<T, EngineError>) -> Fault {
    result.map(drop).expect_err("it succeeded").fault
}

#[tokio::test]
async fn bytes_may_come_one_by_one() {
    let list = json(r#"[{"Id":"abc","Names":["/web"],"State":"stopped","New":null}]"#);
    let fake = Fake::start(move |_, line| match line {
        "GET /_ping" => Act::Trickle(pong()),
        _ => Act::Trickle(list.clone()),
    });
    for _ in 0..3 {
        let found = fake.engine.list_containers().await.unwrap();
        assert_eq!(found[0].name, "web");
    }
    let info = fake.engine.info().await.unwrap();
    assert_eq!((info.api, info.version.as_str(), info.is_podman), ((1, 41), "20.10.24", false));
    let lines = ["1 GET /_ping", "1 GET /containers/json", "1 GET /containers/json"];
    assert_eq!(fake.seen()[..3], lines, "one connection does for all");
}

#[tokio::test]
async fn calls_beside_one_another_share_a_bounded_number_of_connections() {
    let fake = Fake::answering(Act::Say(json("[]")));
    for _ in 0..3 {
        let calls = (0..100).map(|_| fake.engine.list_containers());
        for result in futures_util::future::join_all(calls).await {
            result.unwrap();
        }
    }
    let highest = fake
        .seen()
        .iter()
        .filter_map(|line| line.split(' ').next()?.parse::<usize>().ok())
        .max()
        .unwrap();
    assert!(highest <= 40, "{highest} connections");
    assert_eq!(fake.seen().iter().filter(|line| line.ends_with("/_ping")).count(), 1);
}

#[tokio::test]
async fn a_read_that_meets_a_dead_connection_is_asked_again() {
    let fake = Fake::start(|number, line| match (number, line) {
        (_, "GET /_ping") => Act::Say(pong()),
        (1, _) => Act::Last(String::new()),
        _ => Act::Say(json("[]")),
    });
    fake.engine.info().await.unwrap();
    fake.engine.list_containers().await.unwrap();
    assert_eq!(fake.seen(), ["1 GET /_ping", "1 GET /containers/json", "2 GET /containers/json"]);
}

#[tokio::test]
async fn a_list_of_images_that_fell_over_one_is_asked_for_again() {
    let gone = r#"{"message":"NotFound: content digest sha256:33: not found"}"#;
    let gone = reply("404 Not Found", "application/json", gone);
    for (falls, is_there) in [(2, true), (usize::MAX, false)] {
        let (count, gone) = (AtomicUsize::new(0), gone.clone());
        let fake = Fake::start(move |_, line| match line {
            "GET /_ping" => Act::Say(pong()),
            _ if count.fetch_add(1, Ordering::Relaxed) < falls => Act::Say(gone.clone()),
            _ => Act::Say(json("[]")),
        });
        let listed = fake.engine.list_images().await;
        assert_eq!(listed.is_ok(), is_there, "{listed:?}");
    }
}

#[tokio::test]
async fn a_change_is_never_asked_for_twice() {
    let fake = Fake::answering(Act::Last(String::new()));
    assert_eq!(fault(fake.engine.start_container(&id()).await), Fault::ReplyLost);
    assert_eq!(fault(fake.engine.remove_container(&id(), true, false).await), Fault::ReplyLost);
    let changes: Vec<String> =
        fake.seen().into_iter().filter(|line| !line.ends_with("/_ping")).collect();
    assert_eq!(changes, ["1 POST /containers/abc/start", "2 DELETE /containers/abc"]);
}

#[tokio::test]
async fn a_page_is_no_success_of_a_change() {
    let page = reply("200 OK", "text/html; charset=utf-8", "<html>log in</html>");
    let fake = Fake::answering(Act::Say(page));
    assert_eq!(fault(fake.engine.start_container(&id()).await), Fault::Malformed);
    assert_eq!(fault(fake.engine.remove_container(&id(), true, false).await), Fault::Malformed);
}

#[tokio::test]
async fn a_connection_that_was_closed_is_noticed_before_a_change() {
    let fake = Fake::start(|number, line| match (number, line) {
        (1, _) => Act::Last(pong()),
        _ => Act::Say("HTTP/1.1 204 No Content\r\n\r\n".to_owned()),
    });
    fake.engine.info().await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    fake.engine.start_container(&id()).await.unwrap();
    assert_eq!(fake.seen(), ["1 GET /_ping", "2 POST /containers/abc/start"]);
}

#[tokio::test]
async fn replies_that_are_none() {
    let big = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(100_000));
    let huge = json(&" ".repeat(65 * 1024 * 1024));
    let page = reply("502 Bad Gateway", "text/html", "<html><h1>proxy</h1></html>");
    let login = reply("200 OK", "text/html", "<html>log in</html>");
    let table = [
        ("a proxy's page", Act::Say(page), Fault::Malformed),
        ("a portal's page", Act::Say(login), Fault::Malformed),
        ("no HTTP", Act::Last("SSH-2.0-OpenSSH_9\r\n".into()), Fault::Malformed),
        ("a large head", Act::Say(big), Fault::Malformed),
        ("a large body", Act::Say(huge), Fault::Malformed),
        ("cut JSON", Act::Say(json("[{")), Fault::Malformed),
        ("another shape", Act::Say(json("{}")), Fault::Malformed),
        (
            "a cut body",
            Act::Last("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[".into()),
            Fault::ReplyLost,
        ),
        ("a cut chunk", Act::Last(format!("{CHUNKED}5\r\n[")), Fault::ReplyLost),
        ("a cut head", Act::Last("HTTP/1.1 200 O".into()), Fault::ReplyLost),
        (
            "another protocol",
            Act::Hang("HTTP/1.1 101 Switch\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".into()),
            Fault::Malformed,
        ),
    ];
    for (what, act, wanted) in table {
        let fake = Fake::answering(act);
        let error = fake.engine.list_containers().await.unwrap_err();
        assert_eq!(error.fault, wanted, "{what}: {error}");
        assert!(error.message.len() < 300, "{what}: {error}");
    }
}

#[tokio::test]
async fn a_ping_that_fails_is_fatal_and_is_tried_again() {
    let old = pong().replace("1.41", "1.24");
    let none = pong().replace("Api-Version", "X-Other");
    let busy = reply("500 Internal Server Error", "application/json", r#"{"message":"busy"}"#);
    let lost = fake_engine("404 Not Found", "Not Found");
    let page = reply("200 OK", "text/html", "<html>log in</html>");
    for (answer, wanted, pings) in [
        (Act::Say(old), Fault::TooOldApi, 1),
        (Act::Say(none), Fault::Malformed, 1),
        (Act::Say(page), Fault::Malformed, 1),
        (Act::Say(lost), Fault::Malformed, 1),
        (Act::Last("SSH-2.0-OpenSSH_9\r\n".into()), Fault::Malformed, 1),
        (Act::Say(busy), Fault::Unreachable, 3),
        (Act::Last(String::new()), Fault::Unreachable, 3),
    ] {
        let fake = Fake::start(move |_, _| answer.clone());
        for _ in 0..2 {
            let error = fake.engine.list_containers().await.unwrap_err();
            assert_eq!(error.fault, wanted, "{error}");
        }
        assert!(fake.seen().iter().all(|line| line.ends_with(" GET /_ping")));
        assert_eq!(fake.seen().len(), 2 * pings, "{:?}", fake.seen());
    }
}

fn fake_engine(status: &str, body: &str) -> String {
    reply(status, "text/plain", body)
}

#[tokio::test]
async fn a_ping_that_fails_once_is_asked_again_and_the_version_is_the_engines() {
    let busy = reply("500 Internal Server Error", "application/json", r#"{"message":"busy"}"#);
    for first in [Act::Say(busy), Act::Last(String::new())] {
        let pings = std::sync::atomic::AtomicUsize::new(0);
        let fake = Fake::start(move |_, line| match line {
            "GET /_ping" if pings.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 => {
                first.clone()
            }
            "GET /_ping" => Act::Say(pong()),
            _ => Act::Say(json("[]")),
        });
        fake.engine.list_containers().await.unwrap();
        assert_eq!(fake.engine.info().await.unwrap().api, (1, 41));
    }
}

/// Lets a call run into its deadline: the clock jumps whenever everybody waits.
async fn gives_up<T>(
    fake: &Fake,
    call: impl Future<Output = Result<T, EngineError>>,
) -> (Fault, f32) {
    // Real bytes first: a clock that jumps does not wait for a socket.
    if !fake.seen().is_empty() {
        fake.engine.info().await.unwrap();
    }
    tokio::time::pause();
    let since = tokio::time::Instant::now();
    let fault = fault(call.await);
    let seconds = since.elapsed().as_secs_f32();
    tokio::time::resume();
    (fault, seconds)
}

#[tokio::test]
async fn a_silent_engine_is_given_up_in_time() {
    let mute = Fake::start(|_, _| Act::Hang(String::new()));
    let (fault, seconds) = gives_up(&mute, mute.engine.list_containers()).await;
    assert_eq!(fault, Fault::Unreachable);
    assert!(seconds < 5.5, "{seconds}");

    let halt = Fake::answering(Act::Hang(String::new()));
    halt.engine.info().await.unwrap();
    let engine = &halt.engine;
    let (one, stop) = (id(), |seconds| engine.stop_container(halted(), seconds));
    for (what, wanted, (fault, seconds)) in [
        ("list", 30.0, gives_up(&halt, engine.list_containers()).await),
        ("inspect", 30.0, gives_up(&halt, engine.inspect_container("abc")).await),
        ("rename", 60.0, gives_up(&halt, engine.rename_container(&one, "x")).await),
        ("start", 120.0, gives_up(&halt, engine.start_container(&one)).await),
        ("stop in 3 s", 33.0, gives_up(&halt, stop(Some(3))).await),
        // 10 s of grace, 30 s for the engine, and 30 s for the question what the grace is.
        ("stop", 70.0, gives_up(&halt, stop(None)).await),
        ("remove", 120.0, gives_up(&halt, engine.remove_container(&one, true, true)).await),
        ("events", 30.0, gives_up(&halt, engine.events(&EventRequest::default())).await),
    ] {
        assert_eq!(fault, Fault::DeadlineExceeded, "{what}");
        assert!((wanted..wanted + 1.0).contains(&seconds), "{what}: {seconds}");
    }
}

fn halted() -> &'static ContainerId {
    static ID: std::sync::LazyLock<ContainerId> = std::sync::LazyLock::new(id);
    &ID
}

#[tokio::test]
async fn a_long_grace_of_the_container_is_waited_for() {
    let inspect = json(r#"{"Id":"abc","Config":{"StopTimeout":600}}"#);
    let fake = Fake::start(move |_, line| match line {
        "GET /_ping" => Act::Say(pong()),
        "GET /containers/abc/json" => Act::Say(inspect.clone()),
        _ => Act::Hang(String::new()),
    });
    fake.engine.info().await.unwrap();
    let (fault, seconds) = gives_up(&fake, fake.engine.stop_container(&id(), None)).await;
    assert_eq!(fault, Fault::DeadlineExceeded);
    assert!(seconds > 600.0, "{seconds}");
}

#[tokio::test]
async fn podman_is_known_by_its_headers() {
    let ping = pong().replace(
        "Server: Docker/20.10.24+dfsg1",
        "Libpod-API-Version: 4.3.1\r\nServer: Libpod/4.3.1",
    );
    let fake = Fake::start(move |_, _| Act::Say(ping.clone()));
    let info = fake.engine.info().await.unwrap();
    assert!(info.is_podman && info.version == "4.3.1");
}

#[tokio::test]
async fn a_raw_stream_begins_with_what_came_along() {
    let head = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nearly";
    let fake = Fake::answering(Act::Hang(head.into()));
    let mut attached = fake
        .engine
        .attach(&id(), &AttachRequest { tty: true, stdin: true, ..AttachRequest::default() })
        .await
        .unwrap();
    let mut bytes = [0; 5];
    attached.stream.read_exact(&mut bytes).await.unwrap();
    assert_eq!(&bytes, b"early");
    attached.stream.write_all(b"x").await.unwrap();
}

#[tokio::test]
async fn an_attachment_that_is_not_raw_is_refused() {
    let table = [
        (json("{}"), Fault::Unsupported),
        (
            reply("404 Not Found", "application/json", r#"{"message":"No such container: abc"}"#),
            Fault::NotFound,
        ),
        (reply("404 Not Found", "text/plain", "Not Found"), Fault::Unsupported),
    ];
    for (answer, wanted) in table {
        let fake = Fake::answering(Act::Say(answer));
        assert_eq!(fault(fake.engine.attach(&id(), &AttachRequest::default()).await), wanted);
    }
}

/// The last item of a stream is its error.
async fn broken<T: std::fmt::Debug>(
    stream: Result<windlass_engine::stream::EngineStream<T>, EngineError>,
) -> (usize, Fault) {
    let mut items: Vec<_> = stream.unwrap().collect().await;
    let last = items.pop().unwrap();
    assert!(items.iter().all(Result::is_ok));
    (items.len(), last.expect_err("the stream ended as if it were whole").fault)
}

#[tokio::test]
async fn streams_that_are_cut_say_so() {
    let event = |n: i64| format!("{{\"Type\":\"container\",\"timeNano\":{n}}}\n");
    let cut = format!("{CHUNKED}{}{}", chunk(&event(1)), chunk("{\"Type\":"));
    let cases =
        [cut.clone(), format!("{cut}0\r\n\r\n"), format!("{CHUNKED}{}0\r\n\r\n", chunk(&event(1)))];
    for case in cases {
        let fake = Fake::answering(Act::Last(case));
        let events = fake.engine.events(&EventRequest::default()).await;
        assert_eq!(broken(events).await, (1, Fault::ReplyLost));
    }
    let frame = "\u{1}\0\0\0\0\0\0\u{5}hello";
    for tail in ["", "0\r\n\r\n"] {
        let text = format!("{CHUNKED}{}{}{tail}", chunk(frame), chunk("\u{1}\0\0\0\0\0\0\u{9}he"));
        let fake = Fake::answering(Act::Last(text));
        let logs = fake.engine.logs(&id(), &LogRequest::default()).await;
        assert_eq!(broken(logs).await, (2, Fault::ReplyLost));
    }
    for text in [CHUNKED.to_owned(), format!("{CHUNKED}0\r\n\r\n"), json("")] {
        let fake = Fake::answering(Act::Last(text));
        assert_eq!(fault(fake.engine.wait_container(&id()).await), Fault::ReplyLost);
    }
    let error = "\u{3}\0\0\0\0\0\0\u{4}gone";
    let fake = Fake::answering(Act::Last(format!("{CHUNKED}{}", chunk(error))));
    let logs = fake.engine.logs(&id(), &LogRequest::default()).await;
    assert_eq!(broken(logs).await, (0, Fault::Other));
}

#[tokio::test]
async fn a_pull_has_succeeded_only_when_the_engine_says_so() {
    let line = |text: &str| chunk(&format!("{text}\r\n"));
    let status = line(r#"{"status":"Pulling from a","id":"1"}"#);
    let good = line(r#"{"status":"Status: Downloaded newer image for a:1"}"#);
    let bad = line(
        r#"{"errorDetail":{"message":"filesystem layer verification failed for digest x"},"error":"e"}"#,
    );
    let denied = line(r#"{"error":"unauthorized: authentication required"}"#);
    let table = [
        (format!("{CHUNKED}{status}{good}0\r\n\r\n"), None),
        (format!("{CHUNKED}0\r\n\r\n"), Some(Fault::ReplyLost)),
        (format!("{CHUNKED}{status}0\r\n\r\n"), Some(Fault::ReplyLost)),
        (format!("{CHUNKED}{status}{good}"), Some(Fault::ReplyLost)),
        (format!("{CHUNKED}{status}{bad}0\r\n\r\n"), Some(Fault::Other)),
        (format!("{CHUNKED}{denied}{good}0\r\n\r\n"), Some(Fault::RegistryDenied)),
        (format!("{CHUNKED}{}0\r\n\r\n", line("{oops")), Some(Fault::Malformed)),
    ];
    for (text, wanted) in table {
        let fake = Fake::answering(Act::Last(text));
        let pulled = fake.engine.pull_image("a:1", None, &|_| {}).await;
        assert_eq!(pulled.err().map(|error| error.fault), wanted);
    }
}

#[tokio::test]
async fn an_image_is_loaded_only_when_the_engine_says_so() {
    let line = |text: &str| chunk(&format!("{text}\r\n"));
    let named = line(r#"{"stream":"Loaded image: a:1\n"}"#);
    let nameless = line(r#"{"stream":"Loaded image ID: sha256:00\n"}"#);
    let failed = line(r#"{"error":"unsupported manifest format"}"#);
    let of_layer = line(r#"{"status":"Loading layer","id":"00"}"#);
    let none: Result<Option<&str>, Fault> = Ok(None);
    let table = [
        (named.clone(), none),
        (nameless, Ok(Some("sha256:00"))),
        (String::new(), Err(Fault::ReplyLost)),
        (of_layer, Err(Fault::ReplyLost)),
        (format!("{named}{failed}"), Err(Fault::Other)),
    ];
    for (lines, wanted) in table {
        let fake = Fake::answering(Act::Last(format!("{CHUNKED}{lines}0\r\n\r\n")));
        let nothing = futures_util::stream::empty().boxed();
        let loaded = fake.engine.load_image(nothing).await;
        let loaded = loaded.as_ref().map(|id| id.as_ref().map(ImageId::as_str));
        assert_eq!(loaded.map_err(|error| error.fault.clone()), wanted);
    }
}

#[tokio::test]
async fn an_engine_that_refuses_an_upload_early_is_heard() {
    let refusal = reply("400 Bad Request", "application/json", r#"{"message":"enough of this"}"#);
    let fake = Fake::answering(Act::Last(refusal));
    let zeros = bytes::Bytes::from(vec![0; 65_536]);
    let endless = futures_util::stream::iter((0..1000).map(move |_| Ok(zeros.clone()))).boxed();
    let error = fake.engine.put_archive(&id(), "/", endless).await.unwrap_err();
    // Which of the two it is depends on whether the system still delivers the reply.
    assert!(matches!(error.fault, Fault::Invalid | Fault::ReplyLost), "{:?}", error.fault);
}

#[tokio::test]
async fn an_upload_that_cannot_be_read_is_our_own_failure() {
    let fake = Fake::answering(Act::Hang(String::new()));
    let broken = futures_util::stream::iter([Err(std::io::ErrorKind::PermissionDenied.into())]);
    let error = fake.engine.put_archive(&id(), "/", broken.boxed()).await.unwrap_err();
    assert_eq!(error.fault, Fault::Other, "{error}");
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_ever() {
    let fake = Fake::answering(Act::Hang(String::new()));
    fake.engine.info().await.unwrap();
    assert_eq!(fault(fake.engine.list_containers().await), Fault::DeadlineExceeded);
    assert_eq!(fault(fake.engine.start_container(&id()).await), Fault::DeadlineExceeded);
    let stopped = tokio::time::Instant::now();
    assert_eq!(fault(fake.engine.stop_container(&id(), Some(100)).await), Fault::DeadlineExceeded);
    assert!(stopped.elapsed() >= Duration::from_secs(130));
    let half = Fake::answering(Act::Hang(format!("{CHUNKED}{}", chunk("["))));
    half.engine.info().await.unwrap();
    assert_eq!(fault(half.engine.list_containers().await), Fault::DeadlineExceeded);
    let logs = half.engine.logs(&id(), &LogRequest { tty: true, ..LogRequest::default() }).await;
    assert_eq!(broken(logs).await, (1, Fault::DeadlineExceeded));
}

#[tokio::test]
async fn where_nobody_listens() {
    let fake = Fake::answering(Act::Say(json("[]")));
    let folder = tempfile::tempdir().unwrap();
    let stale = folder.path().join("stale.sock");
    drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
    assert!(fake.path().exists());
    for path in [folder.path().join("none.sock"), stale] {
        let address = EngineAddress::Unix { path };
        let engine = DockerEngine::at(EngineName::default(), &address, nobody()).unwrap();
        let error = engine.list_containers().await.unwrap_err();
        assert_eq!(error.fault, Fault::Unreachable);
        assert!(error.message.contains("unix://"), "{error}");
    }
    let npipe = "npipe:////./pipe/docker_engine".parse().unwrap();
    let refused = DockerEngine::at(EngineName::default(), &npipe, nobody());
    assert_eq!(fault(refused.map(drop)), Fault::Unreachable);
}

#[tokio::test]
async fn errors_hold_no_query_and_no_body() {
    let fake = Fake::answering(Act::Last(String::new()));
    let mut config = crate::lab::shell("true");
    config.env.insert("PW".into(), "hunter2".into());
    let create = windlass_model::plan::CreateContainer {
        name: "secretname".into(),
        image: "x".into(),
        labels: std::collections::BTreeMap::from([("l".into(), "hunter2".into())]).into(),
        config: config.into(),
    };
    let error = fake.engine.create_container(&create).await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter2") && !text.contains("secretname"), "{text}");
}
