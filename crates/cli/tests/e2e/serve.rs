//! Leases: whoever asks must get a container of their own, and nothing must stay when they are gone, however they go.
//!
//! Invariant: what is left is counted on the engine, by the label that every one-off container of the project has.

use crate::harness::{Running, World, engine, wait_until};
use rustix::process::Signal;
use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

const FILE: &str = "
images:
  app: {context: false, commands: ['FROM @image', 'RUN echo @project > /made']}
  bad: {context: false, commands: ['FROM @image', 'RUN sleep 1; exit 3']}
networks: {net: }
containers:
  db: {@idle, networks: [net]}
  web:
    image: app
    command: [httpd, -f, -v, -p, '80', -h, /]
    stop_timeout: 1
    env: {A: one}
    networks: {net: {aliases: [webby]}}
    ports: ['18080:80']
    wait: {port_open: [80]}
    depends_on: [db]
  slow: {@idle, networks: [net], wait: {file_exists: /go, timeout: 120}}
  waits: {@idle, networks: [net], depends_on: [slow]}
  broken: {image: '@image', command: [sh, -c, 'echo it is broken; exit 3']}
";

/// A server of a world's project.
pub(crate) struct Service {
    running: Running,
    client: Client,
}

/// Whoever asks it.
pub(crate) struct Client {
    port: u16,
    token: String,
}

impl std::ops::Deref for Service {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// A reply, whose body may not have ended.
pub(crate) struct Reply {
    status: u16,
    from: BufReader<TcpStream>,
    is_chunked: bool,
    length: usize,
}

impl Service {
    pub(crate) fn start(world: &World) -> Self {
        let running = world.start(&["serve", "--port-file", "port"]);
        let file = |name: &str| std::fs::read_to_string(world.path(name)).ok();
        wait_until("it serves", || file("port").is_some());
        let port = file("port").unwrap().trim().parse().unwrap();
        let token = file("port.token").unwrap().trim().to_owned();
        Self { running, client: Client { port, token } }
    }
}

impl Client {
    fn raw(&self, text: &str) -> Reply {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(2))).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut from = BufReader::new(stream);
        let mut reply = (0, false, 0);
        loop {
            let mut line = String::new();
            from.read_line(&mut line).unwrap();
            let line = line.trim_end().to_ascii_lowercase();
            if reply.0 == 0 {
                reply.0 = line.split(' ').nth(1).unwrap_or("0").parse().unwrap();
            } else if let Some(length) = line.strip_prefix("content-length: ") {
                reply.2 = length.parse().unwrap();
            } else if line == "transfer-encoding: chunked" {
                reply.1 = true;
            } else if line.is_empty() {
                let (status, is_chunked, length) = reply;
                return Reply { status, from, is_chunked, length };
            }
        }
    }

    pub(crate) fn ask(&self, first: &str, body: &str) -> Reply {
        let (port, token, length) = (self.port, &self.token, body.len());
        self.raw(&format!(
            "{first} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
    }

    #[track_caller]
    pub(crate) fn lease(&self, body: &str) -> Value {
        let mut reply = self.ask("POST /v1/leases", body);
        let lease = reply.json();
        assert_eq!(reply.status, 201, "{lease}");
        lease
    }

    /// A lease that lives as long as what comes back; also what was waited for.
    fn hold(&self, body: &str) -> (Reply, Value, Vec<String>) {
        let mut reply = self.ask("POST /v1/leases", body);
        assert_eq!(reply.status, 200);
        let mut waited = Vec::new();
        loop {
            let event = reply.line().expect("it does not end before it is ready");
            let event: Value = serde_json::from_str(&event).unwrap();
            match event["event"].as_str() {
                Some("ready") => return (reply, event["lease"].clone(), waited),
                Some("waiting") => waited.push(event["what"].as_str().unwrap().to_owned()),
                Some("begun" | "alive") => {}
                _ => panic!("{event}"),
            }
        }
    }
}

impl Reply {
    /// The next line of a body that comes piece by piece, each a line.
    fn line(&mut self) -> Option<String> {
        assert!(self.is_chunked);
        let mut head = String::new();
        self.from.read_line(&mut head).ok()?;
        let length = usize::from_str_radix(head.trim(), 16).ok()?;
        let mut piece = vec![0; length + 2];
        self.from.read_exact(&mut piece).ok()?;
        (length > 0).then(|| String::from_utf8_lossy(&piece[..length]).into_owned())
    }

    pub(crate) fn json(&mut self) -> Value {
        let mut body = vec![0; self.length];
        self.from.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }
}

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE);
    Some(world)
}

/// All that is said of a lease which can't be made.
fn refused(client: &Client, body: &str) -> Vec<String> {
    let mut reply = client.ask("POST /v1/leases", body);
    let said: Vec<_> = std::iter::from_fn(|| reply.line()).collect();
    assert!(said.last().is_some_and(|last| last.contains("\"failed\"")), "{said:?}");
    said
}

/// The containers of leases that are there.
fn leased(world: &World) -> Vec<Value> {
    let label = format!("dev.windlass-run.project={}", world.project);
    engine::list("containers", Some(&label))
}

/// Ends it as whoever started it does.
fn end(service: Service) {
    service.running.signal(Signal::TERM);
    service.running.finish().code(0);
}

#[test]
fn fifty_who_ask_at_once_must_get_one_each_of_one_build() {
    let Some(world) = world("serve-fifty") else { return };
    let service = Service::start(&world);
    let client = &service.client;
    let held: Vec<_> = std::thread::scope(|scope| {
        let body = r#"{"image": "app", "command": ["sleep", "1000000"], "hold": true}"#;
        let asked: Vec<_> = (0..50).map(|_| scope.spawn(|| client.hold(body))).collect();
        asked.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let builds = held.iter().flat_map(|(_, _, waited)| waited);
    let builds: Vec<_> = builds.filter(|what| what.starts_with("image app: build")).collect();
    assert_eq!(builds.len(), 1, "{builds:?}");
    let mut ids: Vec<_> =
        held.iter().map(|(_, lease, _)| lease["served"]["container"].to_string()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 50);
    let there = leased(&world);
    assert_eq!(there.iter().filter(|one| one["State"] == "running").count(), 50, "{there:?}");
    // One that fails does so for all who wait for it, and not for each anew.
    let said: Vec<String> = std::thread::scope(|scope| {
        let body = r#"{"image": "bad", "hold": true}"#;
        let asked: Vec<_> = (0..8).map(|_| scope.spawn(|| refused(client, body))).collect();
        asked.into_iter().flat_map(|one| one.join().unwrap()).collect()
    });
    let builds = said.iter().filter(|event| event.contains("image bad: build")).count();
    assert!((1..=2).contains(&builds), "{builds}: {said:?}");
    // Nobody holds the project: something else can be done with it.
    assert!(world.lock().is_null());
    drop(held);
    wait_until("all leases have ended", || leased(&world).is_empty());
    end(service);
    assert_eq!(world.objects(), [""; 0]);
}

#[test]
fn a_lease_must_be_ready_reachable_and_apart() {
    let Some(world) = world("serve-ready") else { return };
    let service = Service::start(&world);
    let (reply, lease, waited) =
        service.hold(r#"{"container": "web", "hold": true, "env": {"B": "two"}}"#);
    assert!(waited.iter().any(|what| what == "container db: start"), "{waited:?}");
    let served = &lease["served"];
    let place = &served["ports"]["80/tcp"][0];
    assert_eq!(place["host"], "127.0.0.1");
    let port = u16::try_from(place["port"].as_u64().unwrap()).unwrap();
    assert_ne!(port, 18080);
    let mut web = TcpStream::connect(("127.0.0.1", port)).unwrap();
    web.write_all(b"GET /made HTTP/1.0\r\n\r\n").unwrap();
    let mut text = String::new();
    web.read_to_string(&mut text).unwrap();
    assert!(text.ends_with(&format!("{}\n", world.project)), "{text}");
    let network = world.name("net");
    let id = served["container"].as_str().unwrap();
    let seen = engine::get(&format!("/containers/{id}/json"));
    let endpoint = &seen["NetworkSettings"]["Networks"][&network];
    assert_eq!(served["addresses"][&network], endpoint["IPAddress"]);
    assert!(!endpoint["Aliases"].to_string().contains("webby"));
    let env = seen["Config"]["Env"].to_string();
    assert!(env.contains("A=one") && env.contains("B=two"), "{env}");
    // What it writes can be read, and the page's state has it.
    let id = lease["id"].as_str().unwrap();
    let mut log = service.ask(&format!("GET /v1/leases/{id}/logs?follow=true"), "");
    assert!(log.line().unwrap().contains("response:200"));
    let state = service.ask("GET /v1/state", "").json();
    let mine = state["containers"].as_array().unwrap().iter().find(|one| one["lease"] == id);
    assert_eq!(mine.unwrap()["state"], "running");
    // The declared one is not there, and can come and go beside it.
    assert_eq!((world.state("web"), world.state("db")), ("absent".into(), "running".into()));
    // A program that ends by itself is told of, and its log stays.
    engine::post(
        &format!("/containers/{}/kill", served["container"].as_str().unwrap()),
        &Value::Null,
    );
    wait_until("the exit is known", || {
        service.ask(&format!("GET /v1/leases/{id}"), "").json()["status"] == "exited"
    });
    let told = service.ask(&format!("GET /v1/leases/{id}"), "").json();
    assert_eq!(told["exit_code"], 137, "{told}");
    assert!(service.ask(&format!("GET /v1/leases/{id}/logs"), "").line().is_some());
    drop(reply);
    wait_until("the lease has ended", || leased(&world).is_empty());
    // What it needs serves the next one, and goes with the server.
    assert_eq!(world.state("db"), "running");
    end(service);
    assert_eq!(world.objects(), [""; 0]);
}

#[test]
fn what_is_slow_for_one_lease_must_not_hold_up_others() {
    let Some(world) = world("serve-slow") else { return };
    let service = Service::start(&world);
    let client = &service.client;
    std::thread::scope(|scope| {
        let waiting: Vec<_> = (0..3)
            .map(|_| scope.spawn(|| client.lease(r#"{"container": "waits", "timeout_s": 100}"#)))
            .collect();
        wait_until("what they need runs", || world.state("slow_waiting") == "running");
        // Of the same network, and of an image that is built meanwhile.
        client.lease(r#"{"container": "db"}"#);
        client.lease(r#"{"image": "app", "command": ["sleep", "1000000"]}"#);
        assert_eq!(leased(&world).len(), 2);
        assert!(waiting.iter().all(|one| !one.is_finished()));
        world.inside("slow_waiting", &["touch", "/go"]);
        for one in waiting {
            assert_eq!(one.join().unwrap()["status"], "ready");
        }
    });
    assert_eq!(leased(&world).len(), 5);
    end(service);
    assert_eq!(world.objects(), [""; 0]);
}

#[test]
fn leases_must_end_with_their_owners_and_with_the_server() {
    let Some(world) = world("serve-ends") else { return };
    let service = Service::start(&world);
    let mode = world.path("port.token").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let lease = service.lease(r#"{"container": "db", "ttl_s": 5}"#);
    assert_eq!(leased(&world).len(), 1);
    wait_until("its time has run out", || leased(&world).is_empty());
    let id = lease["id"].as_str().unwrap();
    assert_eq!(service.ask(&format!("POST /v1/leases/{id}/renew"), "").status, 404);
    let lease = service.lease(r#"{"container": "db"}"#);
    let id = lease["id"].as_str().unwrap();
    assert_eq!(service.ask(&format!("DELETE /v1/leases/{id}"), "").status, 204);
    assert_eq!(leased(&world).len(), 0);
    // One that can't be made says why, and nothing of it stays.
    let mut broken = service.ask("POST /v1/leases", r#"{"container": "broken"}"#);
    let error = broken.json();
    assert_eq!(broken.status, 422, "{error}");
    assert!(error["error"]["detail"].to_string().contains("it is broken"), "{error}");
    assert_eq!(leased(&world).len(), 0);
    let mut unknown = service.ask("POST /v1/leases", r#"{"container": "dv"}"#);
    assert_eq!(unknown.status, 400);
    assert!(unknown.json()["error"]["hint"].to_string().contains("db"));
    service.lease(r#"{"container": "db"}"#);
    let _held = service.hold(r#"{"container": "db", "hold": true}"#);
    assert_eq!(leased(&world).len(), 2);
    end(service);
    assert_eq!(leased(&world).len(), 0);
    assert!(!world.path("port").exists() && !world.path("port.token").exists());
}

#[test]
fn what_a_killed_server_left_must_go_with_the_next_run() {
    let Some(world) = world("serve-killed") else { return };
    let service = Service::start(&world);
    service.lease(r#"{"container": "db"}"#);
    let _held = service.hold(r#"{"container": "db", "hold": true}"#);
    service.running.signal(Signal::KILL);
    service.running.finish();
    assert_eq!(leased(&world).len(), 2);
    world.run(&["up", "db"]).code(0);
    assert_eq!(leased(&world).len(), 0);
    // So does another server, when it is asked for something.
    std::fs::remove_file(world.path("port")).unwrap();
    let service = Service::start(&world);
    service.lease(r#"{"container": "db"}"#);
    assert_eq!(leased(&world).len(), 1);
    end(service);
}

#[test]
fn strangers_must_be_refused() {
    let Some(world) = world("serve-strangers") else { return };
    let refused = world.run(&["serve", "--listen", "0.0.0.0:0", "--port-file", "p"]);
    refused.code(64).says("--allow-remote");
    world.run(&["serve"]).code(64).says("--token-file");
    let service = Service::start(&world);
    let port = service.port;
    let here = format!("Host: 127.0.0.1:{port}");
    let token = format!("Authorization: Bearer {}", service.token);
    let huge = format!("X-A: {}", "a".repeat(50_000));
    for (first, headers, status) in [
        ("GET /v1/leases", vec![here.as_str()], 401),
        ("GET /v1/leases", vec![&here, "Authorization: Bearer x"], 401),
        ("GET /v1/leases", vec![&here, &token], 200),
        ("GET /v1/leases", vec!["Host: evil.example", &token], 421),
        ("GET /v1/leases", vec![&here, &token, "Origin: http://evil.example"], 403),
        ("GET /../../../etc/passwd", vec![&here, &token], 404),
        ("GET /v1/health", vec![&here, &huge], 431),
        ("GET /v1/health", vec![&here], 200),
    ] {
        let reply = service.raw(&format!("{first} HTTP/1.1\r\n{}\r\n\r\n", headers.join("\r\n")));
        assert_eq!(reply.status, status, "{first}");
    }
    assert_eq!(service.ask("POST /v1/leases", "{\"container\": ").status, 400);
    assert_eq!(leased(&world).len(), 0);
    end(service);
}
