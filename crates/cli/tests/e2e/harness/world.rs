//! A world: a directory, a project name that nobody else has, and the program run in it.
//!
//! Invariant: every object that is named after the project, or carries its label, goes with the world,
//! also when the test fails.

use super::output::Output;
use super::plan::Plan;
use super::proxy::Proxy;
use super::{base, engine};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(150);

/// What `@idle` stands for in a file: a container that runs until it is told to stop.
const IDLE: &str =
    "image: \"@image\", command: [sleep, \"1000000\"], init: true, update: {stable_for: 100ms}";

pub(crate) struct World {
    pub(crate) project: String,
    directory: tempfile::TempDir,
    /// Projects beside the world's own that go with it.
    others: Mutex<Vec<String>>,
}

impl World {
    /// A new world; `None` where there is no engine to run on.
    pub(crate) fn new(test: &str) -> Option<Self> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        engine::url()?;
        base::image();
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let project = format!("e2e-{}-{count}-{test}", std::process::id());
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir(directory.path().join("home")).unwrap();
        Some(Self { project, directory, others: Mutex::default() })
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file below the world's directory.
    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// Writes windlass.yaml. `@idle`, `@image` and `@project` stand for what they say.
    pub(crate) fn yaml(&self, text: &str) -> &Self {
        self.file("windlass.yaml", &self.filled(text))
    }

    pub(crate) fn filled(&self, text: &str) -> String {
        let text = text.replace("@idle", IDLE);
        text.replace("@image", base::image()).replace("@project", &self.project)
    }

    /// The name of an object of the project on the engine.
    pub(crate) fn name(&self, key: &str) -> String {
        format!("{}.{key}", self.project)
    }

    /// Another project of this world.
    pub(crate) fn other_project(&self, name: &str) -> String {
        let project = format!("{}-{name}", self.project);
        self.others.lock().unwrap().push(project.clone());
        project
    }

    /// The program in a clean environment, without a word.
    pub(crate) fn bare_command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command.current_dir(self.directory.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", "/usr/local/bin:/usr/bin:/bin").env("NO_COLOR", "1");
        command.env("HOME", self.path("home")).env("DOCKER_HOST", engine::url().unwrap());
        command
    }

    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = self.bare_command();
        if !words.iter().any(|word| matches!(*word, "-p" | "--project")) {
            command.args(["--project", &self.project]);
        }
        command.args(words);
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        run_to_end(self.command(words))
    }

    pub(crate) fn start(&self, words: &[&str]) -> Running {
        Running::start(self.command(words))
    }

    /// Runs the program with a proxy for its engine.
    pub(crate) fn run_through(&self, proxy: &Proxy, words: &[&str]) -> Output {
        let mut command = self.command(words);
        command.env("DOCKER_HOST", proxy.url());
        let running = Running::start(command);
        proxy.caller(running.child.id());
        running.finish()
    }

    /// Runs the program with something on its standard input.
    pub(crate) fn run_with_input(&self, words: &[&str], input: &[u8]) -> Output {
        let mut command = self.command(words);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command);
        let mut stdin = running.child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = running.finish();
        // A command that does not read its input to the end is not the writer's fault.
        drop(writer.join());
        output
    }

    /// `up`, which must succeed.
    #[track_caller]
    pub(crate) fn up(&self) -> Output {
        let output = self.run(&["up"]);
        output.code(0);
        output
    }

    /// What `up` would do.
    #[track_caller]
    pub(crate) fn plan(&self) -> Plan {
        let output = self.run(&["plan", "--output", "json"]);
        output.code(0).plan()
    }

    /// Nothing is left to do.
    #[track_caller]
    pub(crate) fn settled(&self) -> &Self {
        self.plan().is_empty();
        self
    }

    /// The inspection of a container of the project, or null.
    pub(crate) fn container(&self, key: &str) -> Value {
        engine::get(&format!("/containers/{}/json", self.name(key)))
    }

    /// The id of a container, which must be there.
    #[track_caller]
    pub(crate) fn id(&self, key: &str) -> String {
        let container = self.container(key);
        container["Id"].as_str().unwrap_or_else(|| panic!("there is no {key}")).to_owned()
    }

    /// The project's lock, or null.
    pub(crate) fn lock(&self) -> Value {
        engine::get(&format!("/containers/windlass-lock.{}/json", self.project))
    }

    /// `running`, `exited`… or `absent`.
    pub(crate) fn state(&self, key: &str) -> String {
        self.container(key)["State"]["Status"].as_str().unwrap_or("absent").to_owned()
    }

    pub(crate) fn network(&self, key: &str) -> Value {
        engine::get(&format!("/networks/{}", self.name(key)))
    }

    pub(crate) fn volume(&self, key: &str) -> Value {
        engine::get(&format!("/volumes/{}", self.name(key)))
    }

    /// The objects of the project: `/name` of containers, names of networks and volumes.
    pub(crate) fn objects(&self) -> Vec<String> {
        let label = format!("dev.windlass.project={}", self.project);
        let mut all = Vec::new();
        for kind in ["containers", "networks", "volumes"] {
            for object in engine::list(kind, Some(&label)) {
                let name = object["Names"][0].as_str().or_else(|| object["Name"].as_str());
                all.push(format!("{kind} {}", name.unwrap_or_default().trim_start_matches('/')));
            }
        }
        all.sort();
        all.iter().map(|name| name.replace(&format!("{}.", self.project), "")).collect()
    }

    /// What a command in a container writes; it must succeed.
    #[track_caller]
    pub(crate) fn inside(&self, key: &str, argv: &[&str]) -> String {
        let (code, output) = engine::exec(&self.name(key), "", argv);
        assert_eq!(code, 0, "{argv:?} in {key}: {output}");
        output.trim_end().to_owned()
    }

    /// The exit code and the output of a command by another user.
    pub(crate) fn inside_as(&self, key: &str, user: &str, argv: &[&str]) -> (i64, String) {
        engine::exec(&self.name(key), user, argv)
    }

    /// Something that is not windlass's, under a name that the project would use.
    pub(crate) fn foreign_created(&self, key: &str, more: &Value) -> String {
        let mut body = json!({"Image": base::image(), "Cmd": ["sleep", "1000000"],
            "HostConfig": {"Init": true, "NetworkMode": "none"}, "Labels": {"made.by": "hand"}});
        for (field, value) in more.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        let path = format!("/containers/create?name={}", self.name(key));
        engine::post(&path, &body)["Id"].as_str().unwrap().to_owned()
    }

    /// The same, and it runs.
    pub(crate) fn foreign_container(&self, key: &str, more: &Value) -> String {
        let id = self.foreign_created(key, more);
        engine::post(&format!("/containers/{id}/start"), &Value::Null);
        id
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let mut projects = std::mem::take(&mut *self.others.lock().unwrap());
        projects.push(self.project.clone());
        for project in &projects {
            sweep(project);
        }
        if std::thread::panicking() {
            // An engine may still make what a killed run had asked for.
            std::thread::sleep(Duration::from_secs(1));
            for project in &projects {
                sweep(project);
            }
        }
    }
}

/// Removes whatever belongs to a project.
fn sweep(project: &str) {
    let label = format!("dev.windlass.project={project}");
    let text = |object: &Value, key: &str| object[key].as_str().unwrap_or_default().to_owned();
    let named = |name: &str| {
        let name = name.trim_start_matches('/').trim_start_matches("localhost/");
        if name.strip_prefix("windlass-lock.") == Some(project) {
            return true;
        }
        name.strip_prefix(project).is_some_and(|rest| rest.starts_with(['.', '/', '_']))
    };
    let ours = |object: &Value| object["Labels"]["dev.windlass.project"] == project;
    // Podman refuses to remove one whose namespaces another one shares, whichever comes first.
    for _ in 0..3 {
        for container in engine::list("containers", None) {
            if ours(&container) || named(container["Names"][0].as_str().unwrap_or_default()) {
                engine::delete(&format!("/containers/{}?force=1&v=1", text(&container, "Id")));
            }
        }
    }
    for network in engine::list("networks", None) {
        if ours(&network) || named(&text(&network, "Name")) {
            engine::delete(&format!("/networks/{}", text(&network, "Id")));
        }
    }
    for volume in engine::list("volumes", None) {
        if ours(&volume) || named(&text(&volume, "Name")) {
            engine::delete(&format!("/volumes/{}?force=1", text(&volume, "Name")));
        }
    }
    let images = engine::list("images", None).into_iter();
    let tags = images.flat_map(|image| image["RepoTags"].as_array().cloned().unwrap_or_default());
    for tag in tags.filter_map(|tag| tag.as_str().map(str::to_owned)).filter(|tag| named(tag)) {
        engine::delete(&format!("/images/{tag}?force=1"));
    }
    // What lost its tag to a later build.
    for image in engine::list("images", Some(&label)) {
        engine::delete(&format!("/images/{}?force=1", text(&image, "Id")));
    }
    // Variants of the base image say for whom they were made.
    for image in engine::list("images", Some("variant")) {
        if named(image["Labels"]["variant"].as_str().unwrap_or_default()) {
            engine::delete(&format!("/images/{}?force=1", text(&image, "Id")));
        }
    }
    // What a failed build got to; a step of it names the project.
    for image in engine::list("images", None) {
        let id = text(&image, "Id");
        let is_nameless =
            image["RepoTags"].as_array().is_none_or(|t| t.iter().all(|tag| tag == "<none>:<none>"));
        let history = || engine::get(&format!("/images/{id}/history")).to_string();
        if is_nameless && history().contains(project) {
            engine::delete(&format!("/images/{id}"));
        }
    }
}

/// Runs a command that `command` or `bare_command` made.
pub(crate) fn run_to_end(command: Command) -> Output {
    Running::start(command).finish()
}

/// A run that has not ended yet.
pub(crate) struct Running {
    child: Child,
    command: String,
    began: Instant,
    lines: std::sync::mpsc::Receiver<String>,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed does not wait for it; one that has ended can't be killed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Running {
    fn start(mut command: Command) -> Self {
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let words = command.get_args().map(|word| word.to_string_lossy().into_owned());
        let words: Vec<String> = words.collect();
        let began = Instant::now();
        let mut child = command.spawn().unwrap();
        let (sender, lines) = std::sync::mpsc::channel();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let stdout = std::thread::spawn(move || {
            let mut all = String::new();
            let mut reader = BufReader::new(stdout);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).unwrap_or(0) > 0 {
                all.push_str(&String::from_utf8_lossy(&line));
                // Nobody needs to read the lines one by one.
                drop(sender.send(String::from_utf8_lossy(&line).into_owned()));
                line.clear();
            }
            all
        });
        let stderr = std::thread::spawn(move || {
            let mut all = Vec::new();
            stderr.read_to_end(&mut all).unwrap_or(0);
            String::from_utf8_lossy(&all).into_owned()
        });
        let command = format!("windlass {}", words.join(" "));
        let (stdout, stderr) = (Some(stdout), Some(stderr));
        Self { child, command, began, lines, stdout, stderr }
    }

    /// The next line of standard output; `None` at its end.
    pub(crate) fn line(&self) -> Option<String> {
        self.lines.recv_timeout(PATIENCE).ok()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for the end.
    pub(crate) fn finish(mut self) -> Output {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if self.began.elapsed() > PATIENCE {
                self.child.kill().unwrap();
                let output = self.ended(None);
                panic!("it hangs:{output}");
            }
            std::thread::sleep(Duration::from_millis(4));
        };
        self.ended(Some(status))
    }

    fn ended(&mut self, status: Option<ExitStatus>) -> Output {
        use std::os::unix::process::ExitStatusExt;
        let elapsed = self.began.elapsed();
        drop(self.child.wait());
        let text = |thread: Option<JoinHandle<String>>| thread.unwrap().join().unwrap();
        let by_signal = || 128 + status.and_then(|status| status.signal()).unwrap_or(0);
        Output {
            command: std::mem::take(&mut self.command),
            code: status.and_then(|status| status.code()).unwrap_or_else(by_signal),
            stdout: text(self.stdout.take()),
            stderr: text(self.stderr.take()),
            elapsed,
        }
    }
}

/// A port of this machine that nobody listens on.
pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Waits for something that comes true soon.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let since = Instant::now();
    while !holds() {
        assert!(since.elapsed() < Duration::from_secs(20), "{what} did not come true");
        std::thread::sleep(Duration::from_millis(20));
    }
}
