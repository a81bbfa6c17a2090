//! Builds on a real engine: `DOCKER_HOST` when it is a unix socket, else the usual one.
//! Invariant: every image that a test makes has a name of its own and is removed, also when the test fails.

#![expect(clippy::unwrap_used, reason = "in a test, whatever goes wrong is a failure")]
#![expect(
    dead_code,
    unreachable_pub,
    reason = "the doors for the fuzz targets are used by these alone"
)]

// The module stands on its own and is no part of the crate's face, so it is tested as it stands.
#[path = "../src/docker/buildkit/mod.rs"]
pub mod buildkit;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use buildkit::{
    BuildError, BuildEvent, BuildNetwork, BuildRequest, BuildResult, ContextEntry, ContextSource,
    Credentials, CredentialsLookup, Dial, DialError, DialFn, DirSource, Dockerfile, Duplex,
    MemorySource, Secret,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::watch;

/// A static program that is the whole base image: its first argument says what to do.
const TOOL: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int agent(void) {
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int socket_fd = socket(AF_UNIX, SOCK_STREAM, 0);
  const unsigned char requests[2][5] = { { 0, 0, 0, 1, 11 }, { 0, 0, 0, 1, 19 } };
  unsigned char reply[64];
  strncpy(address.sun_path, getenv("SSH_AUTH_SOCK"), sizeof address.sun_path - 1);
  if (connect(socket_fd, (struct sockaddr *)&address, sizeof address)) return perror("connect"), 1;
  for (int i = 0; i < 2; i++) {
    if (write(socket_fd, requests[i], 5) != 5) return 1;
    if (read(socket_fd, reply, sizeof reply) < 5) return 1;
    printf("request %d: reply %d\n", requests[i][4], reply[4]);
  }
  return 0;
}

int main(int count, char **words) {
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (!strcmp(words[1], "say")) {
    for (int i = 2; i < count; i++) printf("%s%s", words[i], i + 1 < count ? " " : "\n");
    return 0;
  }
  if (!strcmp(words[1], "cat")) {
    int byte;
    FILE *file = fopen(words[2], "r");
    if (!file) return perror(words[2]), 1;
    while ((byte = getc(file)) != EOF) putchar(byte);
    return 0;
  }
  if (!strcmp(words[1], "fail")) {
    for (int i = 1; i <= 30; i++) printf("line %d\n", i);
    usleep(300000);
    fprintf(stderr, "out of luck\n");
    return atoi(words[2]);
  }
  if (!strcmp(words[1], "sleep")) {
    printf("sleeping\n");
    return sleep(600);
  }
  if (!strcmp(words[1], "agent")) return agent();
  return 64;
}
"#;

fn socket() -> PathBuf {
    let host = std::env::var("DOCKER_HOST").unwrap_or_default();
    host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock").into()
}

/// One plain request on a connection of its own.
fn call(method: &str, path: &str, body: &[u8]) -> (u16, Vec<u8>) {
    let mut stream = UnixStream::connect(socket()).expect("the engine's socket");
    let head = format!("{method} {path} HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").unwrap();
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    (status, answer.split_off(end + 4))
}

/// Opens upgraded streams on the engine's socket.
struct Engine;

#[async_trait::async_trait]
impl Dial for Engine {
    async fn upgrade(&self, path: &str, headers: &[(String, String)]) -> Result<Duplex, DialError> {
        let broken = |error: io::Error| DialError::Connection(error.into());
        let mut stream = tokio::net::UnixStream::connect(socket()).await.map_err(broken)?;
        let mut head = format!("POST {path} HTTP/1.1\r\nHost: engine\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
        stream.write_all(head.as_bytes()).await.map_err(broken)?;
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            answer.push(stream.read_u8().await.map_err(broken)?);
        }
        let message = String::from_utf8_lossy(&answer).into_owned();
        let status = message.get(9..12).and_then(|code| code.parse().ok()).unwrap_or(0);
        if status == 101 {
            Ok(Box::new(stream))
        } else {
            Err(DialError::Refused { status, message })
        }
    }
}

/// The names of one test, and their removal.
struct Scene {
    name: String,
    images: Mutex<Vec<String>>,
    directory: PathBuf,
}

impl Scene {
    fn new(test: &str) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("windlass-it-{}-{count}-{test}", std::process::id());
        let directory = std::env::temp_dir().join(&name);
        fs::create_dir(&directory).unwrap();
        Self { name, images: Mutex::new(Vec::new()), directory }
    }

    /// A tag that is removed with the scene.
    fn tag(&self, suffix: &str) -> String {
        let tag = format!("{}:{suffix}", self.name);
        self.images.lock().unwrap().push(tag.clone());
        tag
    }

    /// Imports an image that holds nothing but the tool.
    fn base(&self) -> String {
        let tag = self.tag("base");
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(tool().len() as u64);
        archive.append_data(&mut header, "tool", tool()).unwrap();
        let path = format!("/images/create?fromSrc=-&repo={}&tag=base", self.name);
        let (status, body) = call("POST", &path, &archive.into_inner().unwrap());
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        tag
    }

    /// Builds, and remembers the image: a later build may take its tag away.
    async fn build(&self, request: BuildRequest) -> Built {
        let begin = Instant::now();
        let mut events = Vec::new();
        let result = buildkit::build(&Engine, request, |event| events.push(event)).await;
        if let Ok(result) = &result {
            self.images.lock().unwrap().push(result.image_id.clone());
        }
        Built { result, events, took: begin.elapsed() }
    }

    /// A build with the given Dockerfile under the tag `name:built`.
    fn request(&self, context: impl ContextSource + 'static, dockerfile: &str) -> BuildRequest {
        let dockerfile = Dockerfile::Inline(dockerfile.to_owned());
        let mut request = BuildRequest::new(Arc::new(context), &self.name, dockerfile);
        request.tags = vec![self.tag("built")];
        request
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for image in self.images.lock().unwrap().iter().rev() {
            call("DELETE", &format!("/images/{image}?force=true"), b"");
        }
        fs::remove_dir_all(&self.directory).ok();
    }
}

/// The compiled tool.
fn tool() -> &'static [u8] {
    static TOOL_BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    TOOL_BYTES.get_or_init(|| {
        let path = std::env::temp_dir().join(format!("windlass-it-tool-{}", std::process::id()));
        let mut compiler = Command::new("cc")
            .args(["-static", "-O1", "-s", "-x", "c", "-", "-o"])
            .arg(&path)
            .stdin(Stdio::piped())
            .spawn()
            .expect("a C compiler makes the base image's only file");
        compiler.stdin.take().unwrap().write_all(TOOL.as_bytes()).unwrap();
        assert!(compiler.wait().unwrap().success());
        let bytes = fs::read(&path).unwrap();
        fs::remove_file(&path).unwrap();
        bytes
    })
}

/// What a build gave, with its events.
struct Built {
    result: Result<BuildResult, BuildError>,
    events: Vec<BuildEvent>,
    took: Duration,
}

impl Built {
    fn log(&self) -> Vec<String> {
        let line = |event: &'_ BuildEvent| {
            if let BuildEvent::Log { line, .. } = event { Some(line.clone()) } else { None }
        };
        self.events.iter().filter_map(line).collect()
    }

    fn sent(&self) -> (u64, u64) {
        let result = self.result.as_ref().expect("the build goes well");
        (result.files_sent, result.bytes_sent)
    }
}

fn inspect(image: &str) -> serde_json::Value {
    let (status, body) = call("GET", &format!("/images/{image}/json"), b"");
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).unwrap()
}

/// Paths of the files in an image, with their link targets and modes, by exporting a container of it.
fn files(image: &str) -> BTreeMap<String, (u32, Vec<u8>)> {
    let body = format!(r#"{{"Image":"{image}","Cmd":["none"]}}"#);
    let mut stream = UnixStream::connect(socket()).unwrap();
    write!(
        stream,
        "POST /containers/create HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let json = &answer[answer.find("\r\n\r\n").unwrap()..];
    let created: serde_json::Value = serde_json::from_str(json.trim()).unwrap();
    let id = created["Id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
    let (_, archive) = call("GET", &format!("/containers/{id}/export"), b"");
    call("DELETE", &format!("/containers/{id}?force=true"), b"");
    let mut found = BTreeMap::new();
    for entry in tar::Archive::new(archive.as_slice()).entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let mut content = Vec::new();
        if let Some(target) = entry.link_name_bytes() {
            content.extend_from_slice(&target);
        }
        entry.read_to_end(&mut content).unwrap();
        found.insert(path, (entry.header().mode().unwrap() & 0o7777, content));
    }
    found
}

#[tokio::test]
async fn an_image_holds_what_was_copied_and_asked_for() {
    let scene = Scene::new("copy");
    let root = &scene.directory;
    fs::create_dir_all(root.join("d/e")).unwrap();
    fs::write(root.join("d/script"), "run me").unwrap();
    fs::set_permissions(root.join("d/script"), fs::Permissions::from_mode(0o4755)).unwrap();
    fs::write(root.join("d/e/café"), scene.name.as_bytes()).unwrap();
    std::os::unix::fs::symlink("d/script", root.join("link")).unwrap();
    fs::write(root.join("unused"), "nobody copies this").unwrap();
    let mut request = scene.request(
        DirSource::new(root),
        "ARG FROM=scratch\nFROM ${FROM} AS first\nARG WHO\nLABEL who=$WHO\nCOPY d /copied/\nCOPY link /\nFROM first\nCOPY unused /\n",
    );
    request.tags.push(scene.tag("second"));
    request.build_args.insert("WHO".to_owned(), "me, \"you\" = all".to_owned());
    request.labels.insert("extra".to_owned(), "é".to_owned());
    request.target = Some("first".to_owned());
    request.platform = Some("linux/s390x".to_owned());
    request.inline_cache = true;
    let tags = request.tags.clone();
    let built = scene.build(request).await;
    // The symbolic link is followed for COPY, `unused` is not needed for the target.
    assert_eq!(built.sent(), (2, 6 + scene.name.len() as u64));
    let image_id = &built.result.unwrap().image_id;
    for tag in tags {
        let image = inspect(&tag);
        assert_eq!(image["Id"].as_str(), Some(image_id.as_str()));
        assert_eq!(image["Config"]["Labels"]["who"], "me, \"you\" = all");
        assert_eq!(image["Config"]["Labels"]["extra"], "é");
        assert_eq!(image["Architecture"], "s390x");
    }
    let files = files(image_id);
    assert_eq!(files["copied/script"], (0o4755, b"run me".to_vec()));
    assert_eq!(files["copied/e/café"].1, scene.name.as_bytes());
    assert_eq!(files["link"].1, b"run me");
    let sent = built.events.iter().rfind(|event| matches!(event, BuildEvent::ContextSent { .. }));
    let bytes = 6 + scene.name.len() as u64;
    assert_eq!(sent, Some(&BuildEvent::ContextSent { files: 2, bytes }));
}

#[tokio::test]
async fn only_changes_are_sent() {
    let scene = Scene::new("changes");
    let body = |number: usize, version: &str| {
        format!("{}{number} {version} ", scene.name)
            .into_bytes()
            .repeat(400)
            .into_iter()
            .take(10_240)
    };
    let mut context = MemorySource::new();
    for number in 0..2000 {
        let path = format!("d{}/f{number}", number % 40);
        context = context.with_file(path, body(number, "first").collect::<Vec<u8>>());
    }
    let dockerfile = "FROM scratch\nCOPY . /all/\n";
    let first = scene.build(scene.request(context.clone(), dockerfile)).await;
    assert_eq!(first.sent(), (2000, 2000 * 10_240));

    let second = scene.build(scene.request(context.clone(), dockerfile)).await;
    assert_eq!(second.sent(), (0, 0));
    assert_eq!(first.result.as_ref().unwrap().image_id, second.result.as_ref().unwrap().image_id);
    assert!(
        second.events.iter().any(
            |event| matches!(event, BuildEvent::VertexCached { name, .. } if name.contains("COPY"))
        ),
        "{:?}",
        second.events
    );

    let changed = context.clone().with_file("d7/f7", body(7, "later").collect::<Vec<u8>>());
    let third = scene.build(scene.request(changed, dockerfile)).await;
    assert_eq!(third.sent(), (1, 10_240));

    // Of the same length, so that only the time tells the difference.
    let fourth = scene.build(scene.request(context, "FROM scratch\nCOPY . /ALL/\n")).await;
    assert_eq!(fourth.sent(), (1, 10_240));
    let files = files(&fourth.result.as_ref().unwrap().image_id);
    assert_eq!(files["ALL/d7/f7"].1, body(7, "first").collect::<Vec<u8>>());
    for (name, built) in
        [("first", first), ("unchanged", second), ("one changed", third), ("Dockerfile", fourth)]
    {
        println!("2000 files, 20 MB, {name}: {:?}", built.took);
    }
}

#[tokio::test]
async fn ignore_files_are_honoured() {
    let scene = Scene::new("ignore");
    let context = MemorySource::new()
        .with_file(".dockerignore", "docker\n**/*.log\nempty/*\n!empty/kept\n")
        .with_file("docker/web", "FROM scratch\nCOPY . /\n")
        .with_file("docker/other", "FROM scratch\nCOPY . /\n")
        .with_file("docker/other.dockerignore", "**\n!a\n")
        .with_file("a", scene.name.as_str())
        .with_file("d/x.log", "log")
        .with_file("d/x", scene.name.as_str())
        .with_file("empty/dropped", "dropped")
        .with_file("empty/kept", "kept");
    let cases: [(&str, &[&str], &[&str]); 2] = [
        (
            "docker/web",
            &["a", "d/x", "empty/kept", ".dockerignore"],
            &["docker/web", "d/x.log", "empty/dropped"],
        ),
        ("docker/other", &["a"], &["d/", "d/x", ".dockerignore"]),
    ];
    for (dockerfile, present, absent) in cases {
        let mut request = scene.request(context.clone(), "");
        request.dockerfile = Dockerfile::InContext(dockerfile.to_owned());
        let built = scene.build(request).await;
        let files = files(&built.result.unwrap().image_id);
        for path in present {
            assert!(files.contains_key(*path), "{dockerfile}: {path} in {:?}", files.keys());
        }
        for path in absent {
            assert!(!files.contains_key(*path), "{dockerfile}: {path} in {:?}", files.keys());
        }
    }
}

#[tokio::test]
async fn steps_run_with_their_options() {
    let scene = Scene::new("options");
    let base = scene.base();
    let dockerfile = format!(
        "FROM {base}\nRUN [\"/tool\", \"say\", \"hello\", \"{}\"]\nRUN [\"/tool\", \"cat\", \"/etc/hosts\"]\nRUN [\"/tool\", \"cat\", \"/proc/net/dev\"]\n",
        scene.name
    );
    let mut request = scene.request(MemorySource::new(), &dockerfile);
    request.extra_hosts = vec![("db.example".to_owned(), "10.9.8.7".to_owned())];
    request.network = BuildNetwork::None;
    request.shm_size_bytes = Some(32 << 20);
    let built = scene.build(request.clone()).await;
    let log = built.log();
    let said = format!("hello {}", scene.name);
    assert!(log.contains(&said), "{log:?} {:?}", built.result);
    assert!(
        log.iter().any(|line| line.contains("10.9.8.7") && line.contains("db.example")),
        "{log:?}"
    );
    assert!(!log.iter().any(|line| line.contains("eth0")), "{log:?}");

    let cached = scene.build(request.clone()).await;
    assert_eq!(cached.log(), [""; 0]);
    request.no_cache = true;
    let again = scene.build(request).await;
    assert!(again.log().contains(&said));
}

#[tokio::test]
async fn secrets_reach_only_their_mount() {
    let scene = Scene::new("secret");
    let base = scene.base();
    let dockerfile = format!(
        "FROM {base}\nRUN --mount=type=secret,id=token [\"/tool\", \"cat\", \"/run/secrets/token\"]\n"
    );
    let mut request = scene.request(MemorySource::new(), &dockerfile);
    request.no_cache = true;
    request.secrets.insert("token".to_owned(), Secret::new(format!("s3cret of {}", scene.name)));
    let built = scene.build(request.clone()).await;
    assert_eq!(built.log(), [format!("s3cret of {}", scene.name)]);
    let files = files(&built.result.unwrap().image_id);
    assert_ne!(files.get("run/secrets/token").map_or(0, |(_, content)| content.len()), 19);
    assert!(!files.values().any(|(_, content)| content.starts_with(b"s3cret")));

    request.secrets.clear();
    request.dockerfile = Dockerfile::Inline(dockerfile.replace("id=token", "id=token,required"));
    let error = scene.build(request).await.result.unwrap_err();
    let BuildError::Vertex { vertex, message, .. } = &error else { panic!("{error:?}") };
    assert!(vertex.contains("RUN --mount"), "{error:?}");
    assert!(message.contains("token") && message.contains("not found"), "{error:?}");
}

#[tokio::test]
async fn agents_are_forwarded_for_listing_only() {
    let scene = Scene::new("ssh");
    let base = scene.base();
    let path = scene.directory.join("agent");
    let requests = fake_agent(&path);
    let dockerfile = format!("FROM {base}\nRUN --mount=type=ssh [\"/tool\", \"agent\"]\n");
    let mut request = scene.request(MemorySource::new(), &dockerfile);
    request.no_cache = true;
    request.ssh.insert("default".to_owned(), path);
    let built = scene.build(request.clone()).await;
    assert_eq!(built.log(), ["request 11: reply 12", "request 19: reply 5"], "{:?}", built.result);
    assert_eq!(*requests.lock().unwrap(), [11]);

    request.ssh.clear();
    let error = scene.build(request).await.result.unwrap_err();
    assert!(matches!(&error, BuildError::Vertex { .. } | BuildError::Refused { .. }), "{error:?}");
}

/// An ssh agent without keys; gives the kinds of the requests that it saw.
fn fake_agent(path: &Path) -> Arc<Mutex<Vec<u8>>> {
    let listener = UnixListener::bind(path).unwrap();
    let seen = Arc::<Mutex<Vec<u8>>>::default();
    let kinds = Arc::clone(&seen);
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut request = [0; 5];
            while stream.read_exact(&mut request).is_ok() {
                kinds.lock().unwrap().push(request[4]);
                stream.write_all(&[0, 0, 0, 5, 12, 0, 0, 0, 0]).unwrap();
            }
            stream.shutdown(Shutdown::Both).ok();
        }
    });
    seen
}

#[tokio::test]
async fn a_failing_step_is_named_with_its_log() {
    let scene = Scene::new("failing");
    let base = scene.base();
    let dockerfile = format!(
        "FROM {base}\nRUN [\"/tool\", \"say\", \"fine\"]\nRUN [\"/tool\", \"fail\", \"7\"]\n"
    );
    let mut request = scene.request(MemorySource::new(), &dockerfile);
    request.no_cache = true;
    // A cache that cannot be had is no failure, and must not be taken for the one that is.
    request.cache_from = vec!["127.0.0.1:1/windlass-it/none".to_owned()];
    let built = scene.build(request).await;
    let error = built.result.unwrap_err();
    let BuildError::Vertex { vertex, message, log } = &error else { panic!("{error:?}") };
    assert!(vertex.contains("\"fail\", \"7\"") || vertex.contains("/tool fail 7"), "{error:?}");
    assert!(message.ends_with("exit code: 7"), "{error:?}");
    assert_eq!(log.len(), 20);
    assert!(
        log.contains(&"line 30".to_owned()) && log.contains(&"out of luck".to_owned()),
        "{log:?}"
    );
    let stderr = |event: &&BuildEvent| matches!(event, BuildEvent::Log { stderr: true, .. });
    assert_eq!(built.events.iter().filter(stderr).count(), 1);
    let (status, _) = call("GET", &format!("/images/{}:built/json", scene.name), b"");
    assert_eq!(status, 404, "a failed build leaves no image");
}

/// Says of an existing file that it cannot be opened.
struct Unreadable;

impl ContextSource for Unreadable {
    fn entries(&self) -> io::Result<Vec<ContextEntry>> {
        Ok(vec![ContextEntry { mode: 0o600, size: 3, ..ContextEntry::directory("d/private") }])
    }

    fn open(&self, _: &str) -> io::Result<Box<dyn Read + Send>> {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

#[tokio::test]
async fn mistakes_have_names() {
    let scene = Scene::new("mistakes");
    let broken = scene.build(scene.request(MemorySource::new(), "FROM scratch\nFRUM x\n")).await;
    let error = broken.result.unwrap_err();
    let BuildError::Refused { message } = &error else { panic!("{error:?}") };
    assert!(message.starts_with("dockerfile parse error"), "{error:?}");
    assert!(message.contains("FRUM"), "{error:?}");

    let unreadable = scene.build(scene.request(Unreadable, "FROM scratch\nCOPY . /\n")).await;
    let error = unreadable.result.unwrap_err();
    let BuildError::Context { path, source } = &error else { panic!("{error:?}") };
    assert_eq!((path.as_str(), source.kind()), ("d/private", io::ErrorKind::PermissionDenied));

    let mut request = scene.request(MemorySource::new(), "");
    request.dockerfile = Dockerfile::InContext("docker/none".to_owned());
    let error = scene.build(request).await.result.unwrap_err();
    assert!(
        matches!(&error, BuildError::Dockerfile { path, .. } if path == "docker/none"),
        "{error:?}"
    );

    let missing =
        scene.build(scene.request(MemorySource::new(), "FROM scratch\nCOPY none /\n")).await;
    let error = missing.result.unwrap_err();
    let BuildError::Vertex { vertex, message, .. } = &error else { panic!("{error:?}") };
    assert!(vertex.contains("COPY none"), "{error:?}");
    assert!(message.contains("not found"), "{error:?}");
}

/// Whether any process of this machine has the word in its command line.
fn is_running(word: &str) -> bool {
    let own = std::process::id().to_string();
    fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
        process.file_name() != own.as_str()
            && String::from_utf8_lossy(&command).split('\0').any(|argument| argument == word)
    })
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < Duration::from_secs(15), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn sleeping_request(scene: &Scene) -> BuildRequest {
    let dockerfile = format!(
        "FROM {}\nCOPY . /\nRUN [\"/tool\", \"sleep\", \"{}\"]\n",
        scene.base(),
        scene.name
    );
    scene.request(MemorySource::new().with_file("f", scene.name.as_str()), &dockerfile)
}

fn is_sleeping(event: &BuildEvent) -> bool {
    matches!(event, BuildEvent::Log { line, .. } if line == "sleeping")
}

#[tokio::test]
async fn dropping_the_future_cancels_the_build() {
    let scene = Scene::new("cancel");
    let request = sleeping_request(&scene);
    let context = Arc::clone(&request.context);
    let (sleeping, mut seen) = watch::channel(false);
    let mut build = Box::pin(buildkit::build(&Engine, request, move |event| {
        if is_sleeping(&event) {
            sleeping.send_replace(true);
        }
    }));
    tokio::select! {
        result = &mut build => panic!("{result:?}"),
        seen = seen.wait_for(|seen| *seen) => assert!(seen.is_ok()),
    }
    assert!(is_running(&scene.name));
    let begin = Instant::now();
    drop(build);
    until("the engine stops the step", || !is_running(&scene.name)).await;
    println!("a dropped build is cancelled within {:?}", begin.elapsed());
    until("the session lets go of the build context", || Arc::strong_count(&context) == 1).await;
}

/// Dials the engine through a pipe that is cut, for one path, when the signal comes.
fn cuttable(cut: &'static str, signal: watch::Receiver<bool>) -> impl Dial {
    DialFn(move |path: String, headers: Vec<(String, String)>| {
        let mut signal = signal.clone();
        async move {
            let mut far = Engine.upgrade(&path, &headers).await?;
            if path != cut {
                return Ok(far);
            }
            let (near, mut middle) = tokio::io::duplex(64 * 1024);
            tokio::spawn(async move {
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut middle, &mut far) => {}
                    _ = signal.wait_for(|cut| *cut) => {}
                }
            });
            Ok(Box::new(near) as Duplex)
        }
    })
}

#[tokio::test]
async fn a_broken_stream_is_an_error_and_no_hang() {
    for path in ["/session", "/grpc"] {
        let scene = Scene::new(&path[1..]);
        let request = sleeping_request(&scene);
        let (cut, signal) = watch::channel(false);
        let dial = cuttable(path, signal);
        let build = buildkit::build(&dial, request, |event| {
            if is_sleeping(&event) {
                cut.send_replace(true);
            }
        });
        let error =
            tokio::time::timeout(Duration::from_secs(30), build).await.unwrap().unwrap_err();
        println!("{path} cut: {error:?}");
        match path {
            "/grpc" => assert!(matches!(error, BuildError::Lost(_)), "{error:?}"),
            _ => assert!(
                matches!(
                    error,
                    BuildError::SessionClosed | BuildError::Cancelled | BuildError::Vertex { .. }
                ),
                "{error:?}"
            ),
        }
        until("the engine stops the step", || !is_running(&scene.name)).await;
    }
}

#[tokio::test]
async fn peers_that_speak_no_buildkit_are_errors() {
    type Peer = fn() -> Result<Duplex, DialError>;
    let silent: Peer = || {
        let (near, far) = tokio::io::duplex(1024);
        tokio::spawn(async move {
            let _held = far;
            tokio::time::sleep(Duration::from_mins(1)).await;
        });
        Ok(Box::new(near))
    };
    let closing: Peer = || Ok(Box::new(tokio::io::duplex(1024).0));
    let refusing: Peer = || Err(DialError::Refused { status: 404, message: "no page".to_owned() });
    let cases: [(Peer, &str, bool); 3] = [
        (silent, "did not answer on /grpc within", false),
        (closing, "connection to the engine broke", false),
        (refusing, "cannot open /session on the engine", true),
    ];
    for (peer, text, unsupported) in cases {
        let dial = DialFn(move |_, _| async move { peer() });
        let dockerfile = Dockerfile::Inline("FROM scratch".to_owned());
        let mut request = BuildRequest::new(Arc::new(MemorySource::new()), "none", dockerfile);
        request.connect_deadline = Duration::from_millis(300);
        let error = buildkit::build(&dial, request, drop).await.unwrap_err();
        assert!(error.to_string().contains(text), "{error:?}");
        assert_eq!(error.is_unsupported(), unsupported, "{error:?}");
    }
}

#[tokio::test]
async fn registries_get_credentials_from_the_caller() {
    let scene = Scene::new("auth");
    let registry = Arc::new(FakeRegistry::default());
    let port = registry.clone().listen();
    let host = format!("127.0.0.1:{port}");
    let mut request =
        scene.request(MemorySource::new(), &format!("FROM {host}/windlass-it/none:1\n"));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let hosts = Arc::clone(&asked);
    request.credentials = CredentialsLookup::new(move |host| {
        hosts.lock().unwrap().push(host.to_owned());
        Some(Credentials { username: "me".to_owned(), secret: Secret::new("pass") })
    });
    let error = scene.build(request).await.result.unwrap_err();
    assert!(matches!(error, BuildError::Vertex { .. } | BuildError::Refused { .. }), "{error:?}");
    assert_eq!(asked.lock().unwrap().first(), Some(&host));
    // "me:pass" in base 64.
    let seen = registry.authorizations.lock().unwrap().clone();
    assert!(seen.iter().any(|value| value == "Basic bWU6cGFzcw=="), "{seen:?}");
}

/// Wants basic authentication and then has nothing.
#[derive(Default)]
struct FakeRegistry {
    authorizations: Mutex<Vec<String>>,
}

impl FakeRegistry {
    fn listen(self: Arc<Self>) -> u16 {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            while let Ok((mut stream, _)) = listener.accept() {
                let mut head = Vec::new();
                let mut byte = [0];
                while !head.ends_with(b"\r\n\r\n") && stream.read_exact(&mut byte).is_ok() {
                    head.push(byte[0]);
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let value = head.lines().find_map(|line| line.strip_prefix("Authorization: "));
                let status = if value.is_some() {
                    "404 Not Found"
                } else {
                    "401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\""
                };
                self.authorizations.lock().unwrap().extend(value.map(str::to_owned));
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                stream.write_all(answer.as_bytes()).ok();
            }
        });
        port
    }
}

#[test]
fn a_build_can_be_spawned() {
    fn sendable<T: Send>(_: &T) {}
    let dockerfile = Dockerfile::Inline(String::new());
    let request = BuildRequest::new(Arc::new(MemorySource::new()), "none", dockerfile);
    sendable(&buildkit::build(&Engine, request, drop));
}
