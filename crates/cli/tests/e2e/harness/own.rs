//! An engine of the test's own, to be killed and started again.
//!
//! Invariant: it lives in name spaces of its own; all of it ends when the test does, however that is.

use super::engine::Here;
use super::{base, engine};
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The first process of the name spaces: starts and kills the engine as it is told, and ends the
/// whole with its input.
const SHEPHERD: &str = r#"
ip link set lo up
mount -t tmpfs tmpfs /run
mkdir -p /run/docker
while read word; do
  case $word in
    start)
      rm -f pid exec/containerd/containerd.pid exec/containerd/*.sock*
      dockerd --config-file "$PWD/daemon.json" --data-root "$PWD/data" --exec-root "$PWD/exec" \
        --pidfile "$PWD/pid" --storage-driver vfs -H "unix://$PWD/engine.sock" >>log 2>&1 &
      engine=$!;;
    kill) kill -9 $engine; wait $engine;;
  esac
done
"#;

/// How long an engine may take to start.
const PATIENCE: Duration = Duration::from_mins(1);

pub(crate) struct OwnEngine {
    shepherd: Child,
    here: Option<Here>,
    directory: tempfile::TempDir,
}

impl OwnEngine {
    /// Starts one, with the image that tests run from; this thread works with it from here on. Why
    /// not, where that can't be.
    pub(crate) fn new() -> Result<Self, String> {
        if !rustix::process::geteuid().is_root() {
            return Err("it needs root".into());
        }
        if engine::url().is_none() {
            return Err("there is no engine to make its image on".into());
        }
        base::image();
        let tools = ["dockerd", "unshare", "ip"];
        let is_there = |name: &&str| {
            ["/usr/bin", "/usr/sbin", "/sbin"].iter().any(|d| Path::new(d).join(name).exists())
        };
        if let Some(missing) = tools.iter().find(|name| !is_there(name)) {
            return Err(format!("there is no {missing}"));
        }
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("daemon.json"), "{}").unwrap();
        let shepherd = Command::new("unshare")
            .args(["--fork", "--kill-child", "--pid", "--mount-proc", "--net", "--mount", "--uts"])
            .args(["--ipc", "sh", "-c", SHEPHERD])
            .current_dir(directory.path())
            .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let shepherd = shepherd.map_err(|error| format!("unshare: {error}"))?;
        let mut own = Self { shepherd, here: None, directory };
        own.start()?;
        own.here = Some(Here::new(own.url()));
        base::bring();
        Ok(own)
    }

    fn url(&self) -> String {
        format!("unix://{}", self.directory.path().join("engine.sock").display())
    }

    fn tell(&mut self, word: &str) {
        let stdin = self.shepherd.stdin.as_mut().unwrap();
        writeln!(stdin, "{word}").unwrap();
    }

    /// Ends it as a power cut does. What is started next must not take it for the new one.
    pub(crate) fn kill(&mut self) {
        self.tell("kill");
        let since = Instant::now();
        while engine::answers(&self.url()) && since.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    pub(crate) fn start(&mut self) -> Result<(), String> {
        self.tell("start");
        let since = Instant::now();
        let url = self.url();
        while !engine::answers(&url) {
            if since.elapsed() > PATIENCE || self.shepherd.try_wait().unwrap().is_some() {
                let log = std::fs::read_to_string(self.directory.path().join("log"));
                return Err(format!("the engine does not start: {}", log.unwrap_or_default()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for OwnEngine {
    fn drop(&mut self) {
        self.here = None;
        drop(self.shepherd.stdin.take());
        drop(self.shepherd.wait());
    }
}
