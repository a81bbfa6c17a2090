//! Starting an engine where none answers: podman's API service, or Debian's docker.io on a socket of
//! its own.
//!
//! Invariant: everything that is started or installed is announced first, and `stop_ours` ends exactly
//! the process that `start` started: its command line must still name our socket.

mod bridge;
mod podman;

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::Engine;
use crate::{Result, process, say};

const PATIENCE: Duration = Duration::from_secs(40);

/// Images and volumes of an engine that we start: gone when it is stopped.
const DATA: &str = "/var/lib/windlass-xtask";

const ADVICE: &str = "\
no container engine answers, and none can be started here. Any one of these will do:
  Debian, Ubuntu   sudo apt-get install docker.io && sudo usermod -aG docker $USER   (then log in again)
                   or: sudo apt-get install podman                                  (works without root)
  Fedora           sudo dnf install podman
  macOS, Windows   Docker Desktop or Podman Desktop
  elsewhere        DOCKER_HOST=unix:///path/to/docker.sock or DOCKER_HOST=tcp://host:port
Then run this again.";

/// A short path: a socket's may have 108 bytes, which a deep target directory exceeds.
fn directory() -> PathBuf {
    if is_root() {
        return "/run/windlass-xtask".into();
    }
    let user = std::env::var("USER").unwrap_or_default();
    std::env::var_os("XDG_RUNTIME_DIR").map_or_else(
        || std::env::temp_dir().join(format!("windlass-xtask-{user}")),
        |directory| Path::new(&directory).join("windlass-xtask"),
    )
}

pub(super) fn socket() -> PathBuf {
    directory().join("engine.sock")
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

pub(super) fn start() -> Result<Engine> {
    if let Some(engine) = start_podman()? {
        return Ok(engine);
    }
    if !is_root() {
        return Err(ADVICE.into());
    }
    if process::program("dockerd").is_none() {
        install()?;
        // The package may have started its service already.
        for _ in 0..10 {
            if let Ok(engine) = Engine::ask("unix:///var/run/docker.sock", super::find::DEFAULT) {
                return Ok(engine);
            }
            std::thread::sleep(Duration::from_millis(300));
        }
    }
    start_docker(&[])
}

/// An engine of our own beside one that is there.
pub(super) fn start_beside() -> Result<Engine> {
    if !is_root() {
        return Err(ADVICE.into());
    }
    stop_ours()?;
    bridge::make()?;
    // The other one's rules are in the same tables; what is published goes through a proxy.
    start_docker(&["--bridge", bridge::NAME, "--iptables=false"])
}

fn start_docker(options: &[&str]) -> Result<Engine> {
    let dockerd = process::program("dockerd").ok_or(ADVICE)?;
    say::line(&format!("starting {} on {}", dockerd.display(), socket().display()));
    // Settings of the machine's own engine are not for this one.
    std::fs::create_dir_all(directory())?;
    let settings = directory().join("daemon.json");
    std::fs::write(&settings, "{}")?;
    let mut command = Command::new(dockerd);
    command.arg("--config-file").arg(settings);
    command.arg("--host").arg(format!("unix://{}", socket().display()));
    command.arg("--data-root").arg(DATA);
    command.arg("--exec-root").arg(directory().join("exec"));
    command.arg("--pidfile").arg(directory().join("engine.pid"));
    command.args(["--log-level", "warn"]).args(options);
    spawn(command, "an engine of our own")
}

/// Podman's API service, where there is a podman.
pub(crate) fn start_podman() -> Result<Option<Engine>> {
    let Some(podman) = process::program("podman") else { return Ok(None) };
    say::line(&format!("starting podman's API service on {}", socket().display()));
    std::fs::create_dir_all(directory())?;
    let mut command = Command::new(podman);
    if let Some(settings) = podman::settings()? {
        let file = directory().join("containers.conf");
        std::fs::write(&file, settings)?;
        command.env("CONTAINERS_CONF", file);
    }
    command.args(["system", "service", "--time", "0"]);
    command.arg(format!("unix://{}", socket().display()));
    spawn(command, "podman's API service, started here").map(Some)
}

fn install() -> Result<()> {
    if !Path::new("/etc/debian_version").exists() || process::program("apt-get").is_none() {
        return Err(ADVICE.into());
    }
    say::line("no engine here: installing Debian's docker.io with apt-get");
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.args(["-qq", "-y"]).args(words).env("DEBIAN_FRONTEND", "noninteractive");
        process::run(&mut command)
    };
    apt(&["update"])?;
    apt(&["install", "--no-install-recommends", "docker.io", "iptables", "ca-certificates"])
}

fn spawn(mut command: Command, how: &str) -> Result<Engine> {
    let directory = directory();
    std::fs::create_dir_all(&directory)?;
    let log = directory.join("engine.log");
    command.stdin(Stdio::null()).stdout(File::create(&log)?).stderr(File::create(&log)?);
    // Its own process group: it outlives this run, and Ctrl-C in the terminal is not for it.
    let mut child = command.process_group(0).spawn()?;
    std::fs::write(directory.join("xtask.pid"), child.id().to_string())?;
    let url = format!("unix://{}", socket().display());
    let since = Instant::now();
    while since.elapsed() < PATIENCE {
        if let Ok(engine) = Engine::ask(&url, how) {
            say::line(&format!("engine {} at {url} ({how})", engine.version));
            return Ok(engine);
        }
        if let Some(status) = child.try_wait()? {
            let said = tail(&log);
            std::fs::remove_dir_all(&directory)?;
            return Err(format!("{said}\n{how} ended at once ({status}); {ADVICE}").into());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    let said = tail(&log);
    stop_ours()?;
    Err(format!("{said}\n{how} did not answer in {PATIENCE:?}; {ADVICE}").into())
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

/// Stops the engine that an earlier `start` of any run left, if it is still there.
pub(crate) fn stop_ours() -> Result<()> {
    let directory = directory();
    let Ok(text) = std::fs::read_to_string(directory.join("xtask.pid")) else { return Ok(()) };
    let pid: u32 = text.trim().parse()?;
    // A process that ended and was not waited for has an empty command line.
    let alive = || {
        let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&*socket().to_string_lossy())
    };
    if alive() {
        say::line(&format!("stopping the engine on {}", socket().display()));
        process::terminate(pid)?;
        let since = Instant::now();
        while alive() {
            // One that stands still does not end when it is asked to.
            if since.elapsed() > PATIENCE {
                process::kill(&[pid])?;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    std::fs::remove_dir_all(directory)?;
    bridge::remove()?;
    if is_root() && Path::new(DATA).exists() {
        std::fs::remove_dir_all(DATA)?;
    }
    Ok(())
}
