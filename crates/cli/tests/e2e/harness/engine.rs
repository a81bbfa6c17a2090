//! The engine as the checks see it: plain calls over its socket.
//!
//! Invariant: nothing of windlass is used here, so a mistake of its client can't hide itself.

use serde_json::Value;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// Longer than any call that a test makes.
const PATIENCE: Duration = Duration::from_mins(2);

trait Connection: Read + Write {}
impl<T: Read + Write> Connection for T {}

/// An answer, whatever it says.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

thread_local! {
    static HERE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// While it lives, this thread works with an engine of the test's own.
pub(crate) struct Here(());

impl Here {
    pub(crate) fn new(url: String) -> Self {
        HERE.set(Some(url));
        Self(())
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        HERE.set(None);
    }
}

/// Where the engine is; `None` where there is none, and the tests have nothing to run on.
pub(crate) fn url() -> Option<String> {
    static URL: OnceLock<Option<String>> = OnceLock::new();
    if let Some(url) = HERE.with_borrow(Clone::clone) {
        return Some(url);
    }
    let find = || {
        let named = ["WINDLASS_TEST_ENGINE", "DOCKER_HOST"].map(|name| std::env::var(name).ok());
        let named = named.into_iter().flatten().find(|url| !url.is_empty());
        let usual = "/var/run/docker.sock";
        named.or_else(|| Path::new(usual).exists().then(|| format!("unix://{usual}")))
    };
    URL.get_or_init(find).clone()
}

/// Whether an engine at a socket is ready.
pub(crate) fn answers(url: &str) -> bool {
    let path = url.strip_prefix("unix://").expect("a socket");
    let Ok(mut stream) = UnixStream::connect(path) else { return false };
    let asked = stream.write_all(b"GET /_ping HTTP/1.0\r\nHost: engine\r\n\r\n");
    let mut answer = String::new();
    asked.and_then(|()| stream.read_to_string(&mut answer)).is_ok() && answer.ends_with("OK")
}

fn connect() -> Box<dyn Connection> {
    let url = url().expect("an engine");
    match url.split_once("://") {
        Some(("unix", path)) => {
            let stream = UnixStream::connect(path).expect("the engine's socket");
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            Box::new(stream)
        }
        Some(("tcp" | "http", authority)) => {
            let stream = TcpStream::connect(authority).expect("the engine's port");
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            Box::new(stream)
        }
        _ => panic!("the tests need an engine at unix:// or tcp://, not {url:?}"),
    }
}

/// One call on a connection of its own.
pub(crate) fn call(method: &str, path: &str, kind: &str, body: &[u8]) -> Reply {
    call_with(method, path, &format!("Content-Type: {kind}"), body)
}

/// As [`call`], with a header of its own.
pub(crate) fn call_with(method: &str, path: &str, header: &str, body: &[u8]) -> Reply {
    let mut stream = connect();
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: engine\r\nConnection: close\r\n{header}\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    let written = stream.write_all(&[head.as_bytes(), body].concat());
    let mut answer = Vec::new();
    let read = written.and_then(|()| stream.read_to_end(&mut answer).map(drop));
    // An engine that has no use for the body hangs up on it after its answer.
    if read.is_err() && answer.is_empty() {
        drop(stream.read_to_end(&mut answer));
    }
    assert!(!answer.is_empty(), "{method} {path}: {read:?}");
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    Reply { status, body: answer.split_off(end + 4) }
}

pub(crate) fn ask(method: &str, path: &str, body: &Value) -> Reply {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    call(method, path, "application/json", &body)
}

/// What is there; null where it is not.
pub(crate) fn get(path: &str) -> Value {
    let mut reply = ask("GET", path, &Value::Null);
    // Podman can't tell a list from which something goes in that moment.
    for _ in 0..10 {
        if reply.status != 500 {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
        reply = ask("GET", path, &Value::Null);
    }
    assert!(reply.is_success() || reply.status == 404, "GET {path}: {}", reply.text());
    if reply.is_success() { reply.json() } else { Value::Null }
}

/// A change by hand, which must succeed.
#[track_caller]
pub(crate) fn post(path: &str, body: &Value) -> Value {
    let reply = ask("POST", path, body);
    assert!(reply.is_success() || reply.status == 304, "POST {path}: {}", reply.text());
    reply.json()
}

/// A removal; whether something was removed.
pub(crate) fn delete(path: &str) -> bool {
    ask("DELETE", path, &Value::Null).is_success()
}

/// The objects of a list that carry a label, or all.
pub(crate) fn list(kind: &str, label: Option<&str>) -> Vec<Value> {
    let filters = label.map_or(String::new(), |label| {
        let filters = serde_json::json!({"label": [label]}).to_string();
        format!("filters={}", encode(&filters))
    });
    let path = match kind {
        "containers" => format!("/containers/json?all=1&{filters}"),
        "images" => format!("/images/json?{filters}"),
        kind => format!("/{kind}?{filters}"),
    };
    let mut answer = get(&path);
    let list = if kind == "volumes" { answer["Volumes"].take() } else { answer };
    list.as_array().cloned().unwrap_or_default()
}

/// Runs a command in a container; its exit code, and both its outputs as one text.
pub(crate) fn exec(container: &str, user: &str, argv: &[&str]) -> (i64, String) {
    let request = serde_json::json!({
        "AttachStdout": true, "AttachStderr": true, "Cmd": argv, "User": user,
    });
    let made = post(&format!("/containers/{container}/exec"), &request);
    let id = made["Id"].as_str().expect("an exec id");
    let start = serde_json::json!({"Detach": false, "Tty": false});
    let reply = ask("POST", &format!("/exec/{id}/start"), &start);
    let output = frames(&reply.body);
    let code = get(&format!("/exec/{id}/json"))["ExitCode"].as_i64().unwrap_or(-1);
    (code, output)
}

/// Whether it is podman, which can't do everything.
pub(crate) fn is_podman() -> bool {
    get("/version")["Components"][0]["Name"] == "Podman Engine"
}

/// Whether the engine may give all privileges away; one that runs in a container itself may not.
pub(crate) fn runs_privileged() -> bool {
    static RUNS: OnceLock<bool> = OnceLock::new();
    *RUNS.get_or_init(|| {
        let body = serde_json::json!({"Image": super::base::image(), "Cmd": ["true"],
            "HostConfig": {"Privileged": true, "NetworkMode": "none"}});
        let made = post("/containers/create", &body);
        let path = format!("/containers/{}", made["Id"].as_str().expect("an id"));
        let started = ask("POST", &format!("{path}/start"), &Value::Null).is_success();
        // One that is just ending podman does not remove yet.
        for _ in 0..50 {
            if delete(&format!("{path}?force=1&v=1")) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        started
    })
}

/// What a container wrote.
pub(crate) fn logs(container: &str) -> String {
    let path = format!("/containers/{container}/logs?stdout=1&stderr=1");
    frames(&ask("GET", &path, &Value::Null).body)
}

/// The engine's frames of output: a head of eight bytes, the last four of them a length.
fn frames(mut bytes: &[u8]) -> String {
    let mut output = Vec::new();
    while let [0..=2, 0, 0, 0, a, b, c, d, rest @ ..] = bytes {
        let length = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let (frame, after) = rest.split_at(length.min(rest.len()));
        output.extend_from_slice(frame);
        bytes = after;
    }
    output.extend_from_slice(bytes);
    String::from_utf8_lossy(&output).into_owned()
}

/// A text as a part of an address.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
    }
    out
}
