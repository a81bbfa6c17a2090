//! Requests that must be refused, and what every reply must have.
//!
//! Invariant: whatever is sent, the server answers the next request.

use crate::fixture::{Fixture, TOKEN, head};
use serde_json::Value;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_serve::Limits;

#[tokio::test]
async fn every_route_wants_what_it_needs() {
    let fixture = Fixture::new().await;
    let host = format!("Host: 127.0.0.1:{}", fixture.port);
    let description = fixture.with("GET /openapi.json", &[&host]).await.is(200).json();
    let mut tried = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let first = format!("{} {}", method.to_ascii_uppercase(), path.replace("{id}", "00ff"));
            let is_open = operation["security"].as_array().unwrap().is_empty();
            for token in [None, Some("wrong"), Some("")] {
                let shown = token.map(|token| format!("Authorization: Bearer {token}"));
                let headers: Vec<&str> =
                    [Some(host.as_str()), shown.as_deref()].into_iter().flatten().collect();
                let reply = fixture.with(&first, &headers).await;
                let expected: &[u16] = if is_open { &[200, 403] } else { &[401] };
                assert!(expected.contains(&reply.status), "{first} {token:?}: {reply:?}");
                assert_eq!(reply.headers["cache-control"], "no-store", "{first}");
                assert_eq!(reply.headers["x-content-type-options"], "nosniff", "{first}");
                assert!(reply.headers["content-security-policy"].starts_with("default-src 'none'"));
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "{tried}");
    fixture.end().await;
}

#[tokio::test]
async fn what_is_not_for_this_server_is_refused() {
    let fixture = Fixture::new().await;
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let (port, other) = (fixture.port, fixture.port ^ 1);
    for (first, host, origin, status) in [
        ("GET /v1/leases", format!("127.0.0.1:{port}"), None, 200),
        ("GET /v1/leases", format!("localhost:{port}"), None, 200),
        ("GET /v1/leases", format!("evil.example:{port}"), None, 421),
        ("GET /v1/leases", format!("127.0.0.1:{other}"), None, 421),
        ("GET /v1/leases", "127.0.0.1".to_owned(), None, 421),
        ("GET /", format!("evil.example:{port}"), None, 421),
        ("GET http://evil.example/v1/leases", format!("127.0.0.1:{port}"), None, 421),
        ("GET /v1/leases", format!("127.0.0.1:{port}"), Some("http://evil.example"), 403),
        ("GET /v1/leases", format!("127.0.0.1:{port}"), Some("null"), 403),
    ] {
        let host = format!("Host: {host}");
        let origin = origin.map(|origin| format!("Origin: {origin}"));
        let mut headers = vec![host.as_str(), &bearer];
        headers.extend(origin.as_deref());
        fixture.with(first, &headers).await.is(status);
    }
    fixture.end().await;
}

#[tokio::test]
async fn hostile_requests_are_refused() {
    let fixture = Fixture::new().await;
    for (first, status) in [
        ("GET /../../etc/passwd", 404),
        ("GET /v1/leases/..%2f..%2fetc", 404),
        ("GET /v1/containers/../../x/logs", 404),
        ("GET /v1/containers/00aa/logs", 404),
        ("GET /v1/containers/00ff/logs?tail=x", 400),
        ("GET /page.css/", 404),
        ("PUT /v1/leases", 405),
        ("TRACE /", 405),
        ("GET /open?key=00", 403),
        ("GET /open", 403),
    ] {
        let reply = fixture.ask(first, "").await;
        assert_eq!(reply.status, status, "{first}: {reply:?}");
    }
    for (body, status) in [
        ("{", 400),
        ("[]", 400),
        ("", 400),
        (r#"{"container": "db", "container": 3}"#, 400),
        (r#"{"kontainer": "db"}"#, 400),
        (&"[".repeat(10_000), 400),
    ] {
        let reply = fixture.ask("POST /v1/leases", body).await;
        let error = &reply.is(status).json()["error"];
        assert!(error["message"].is_string() && error["hint"].is_string(), "{error}");
    }
    let large = fixture.ask("POST /v1/leases", &" ".repeat(70_000)).await;
    assert_eq!(large.is(413).json()["error"]["code"], "too_large");
    let host = format!("Host: 127.0.0.1:{}", fixture.port);
    let bearer = format!("Authorization: Bearer {TOKEN}");
    let form = "Content-Type: text/plain";
    fixture.with("POST /v1/leases", &[&host, &bearer, form]).await.is(415);
    let huge = format!("X-Huge: {}", "x".repeat(60_000));
    let refused = fixture.with("GET /v1/health", &[&host, &huge]).await;
    assert_eq!(refused.is(431).json()["error"]["code"], "too_large");
    let many: Vec<String> = (0..200).map(|at| format!("X-{at}: 1")).collect();
    let many: Vec<&str> =
        [host.as_str()].into_iter().chain(many.iter().map(String::as_str)).collect();
    let refused = fixture.with("GET /v1/health", &many).await;
    assert_eq!(refused.is(431).json()["error"]["code"], "too_large");
    let mut garbage = fixture.connect().await;
    garbage.get_mut().write_all(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n").await.unwrap();
    // A connection that says nothing holds up nobody.
    let _silent = fixture.connect().await;
    fixture.ask("GET /v1/health", "").await.is(200);
    assert!(fixture.leases.all().is_empty());
    fixture.end().await;
}

#[tokio::test]
async fn a_browser_is_let_in_once_and_can_only_look() {
    let fixture = Fixture::new().await;
    let host = format!("Host: 127.0.0.1:{}", fixture.port);
    let closed = fixture.with("GET /", &[&host]).await;
    assert!(closed.is(401).body.contains("opens the page once"));
    let link = fixture.ask("POST /v1/page-links", "").await.is(201).json();
    let link = link["url"].as_str().unwrap().to_owned();
    let path = link.strip_prefix(&fixture.access.url()).unwrap();
    let opened = fixture.with(&format!("GET {path}"), &[&host]).await;
    assert_eq!(opened.is(303).headers["location"], "/");
    let cookie = opened.headers["set-cookie"].split(';').next().unwrap().to_owned();
    let cookie = format!("Cookie: {cookie}");
    fixture.with(&format!("GET {path}"), &[&host]).await.is(403);
    let page = fixture.with("GET /", &[&host, &cookie]).await;
    assert!(page.is(200).body.contains("<script src=\"/page.js\""));
    let state: Value = fixture.with("GET /v1/state", &[&host, &cookie]).await.is(200).json();
    assert_eq!(state["project"], "p");
    let begin = fixture.with("POST /v1/leases", &[&host, &cookie]).await;
    begin.is(401);
    fixture.end().await;
}

#[tokio::test]
async fn who_does_not_read_goes_and_too_many_are_told_so() {
    let limits = Limits { connections: 4, write_within: Duration::from_millis(300) };
    let fixture = Fixture::with_limits(limits).await;
    let asked = fixture.head("GET /openapi.json", 0);
    let mut deaf = Vec::new();
    for _ in 0..4 {
        let mut connection = fixture.connect().await;
        // Until neither system takes more; at the latest when the server has closed it.
        loop {
            let write = connection.get_mut().write_all(asked.as_bytes());
            match tokio::time::timeout(Duration::from_millis(200), write).await {
                Ok(Ok(())) => {}
                Ok(Err(_)) | Err(_) => break,
            }
        }
        deaf.push(connection);
    }
    let mut answered = 0;
    for _ in 0..100 {
        let reply = fixture.ask("GET /v1/health", "").await;
        assert!([200, 503].contains(&reply.status), "{reply:?}");
        if reply.status == 503 {
            assert_eq!(reply.json()["error"]["code"], "unavailable");
        } else {
            answered += 1;
        }
        if answered == 3 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(answered, 3);
    drop(deaf);
    let idle: Vec<_> = futures_util::future::join_all((0..4).map(|_| fixture.connect())).await;
    let mut busy = fixture.connect().await;
    assert_eq!(head(&mut busy).await.status, 503);
    drop(idle);
    fixture.end().await;
}

/// Whoever sends a request slowly has a connection for so long and no longer.
#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_come_is_not_waited_for() {
    let fixture = Fixture::new().await;
    let head = fixture.head("POST /v1/leases", 100);
    for (sent, within_s, expected) in [
        ("GET /v1/health HTTP/1.1\r\nHost", 25, ""),
        ("", 25, ""),
        (head.as_str(), 15, "HTTP/1.1 408"),
    ] {
        let mut connection = fixture.connect().await;
        connection.get_mut().write_all(sent.as_bytes()).await.unwrap();
        let mut said = String::new();
        let reading = connection.read_to_string(&mut said);
        let read = tokio::time::timeout(Duration::from_secs(within_s), reading).await;
        read.expect("it was closed").unwrap();
        assert!(said.starts_with(expected), "{said}");
    }
    fixture.end().await;
}
