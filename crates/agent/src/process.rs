//! Commands that are run.
//!
//! Invariant: a command is run by this program itself in its place ([`become_command`]), after it gave up all that is not
//! the command's: groups, user, umask. What it started is killed with it when its time is over.

use rustix::process::{Pid, Signal, kill_process_group, umask};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};
use std::collections::VecDeque;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use windlass_bundle::Command;

/// The word with which this program is asked to become a command.
pub(crate) const BECOME: &str = "become";

/// So much of what a command says is kept for a message.
const TAIL: usize = 2048;

/// How long the end of what a command said is waited for: something that it left behind may keep its output open.
const PATIENCE: Duration = Duration::from_millis(500);

/// How a command ended, and the last of what it said.
pub(crate) struct Ended {
    /// As a shell has it: 128 and the number of the signal that killed it.
    pub(crate) code: i32,
    pub(crate) is_late: bool,
    pub(crate) tail: String,
}

/// Runs a command to its end.
pub(crate) fn run(
    agent: &Path,
    command: &Command,
    shows: fn(&[u8]),
    is_shown: bool,
) -> io::Result<Ended> {
    let (from, to) = io::pipe()?;
    let mut process = Process::new(agent);
    process.arg(BECOME).args(words(command)).arg("--").args(&command.argv);
    process.env_clear().envs(&command.env).stdin(Stdio::null());
    process.stdout(to.try_clone()?).stderr(to).process_group(0);
    let mut child = process.spawn()?;
    // It has the writing ends, which would keep the pipe open.
    drop(process);
    let (sender, said) = channel();
    std::thread::spawn(move || {
        // Nobody listens any more when it is late.
        let _ = sender.send(listen(from, if is_shown { shows } else { |_| () }));
    });
    let (status, is_late) = wait(&mut child, command.timeout_s)?;
    let tail = tail(&said);
    Ok(Ended { code: code(status), is_late, tail })
}

fn words(command: &Command) -> [String; 5] {
    let numbers =
        |groups: &[u32]| groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let (uid, gid, groups) = match &command.user {
        Some(user) => (user.uid.to_string(), user.gid.to_string(), numbers(&user.groups)),
        None => Default::default(),
    };
    [uid, gid, groups, command.umask.to_string(), command.cwd.clone()]
}

fn listen(mut from: PipeReader, shows: fn(&[u8])) -> Vec<u8> {
    let mut kept: VecDeque<u8> = VecDeque::new();
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        shows(&buffer[..length]);
        kept.extend(&buffer[..length]);
        let superfluous = kept.len().saturating_sub(TAIL);
        kept.drain(..superfluous);
    }
    kept.into()
}

fn tail(said: &Receiver<Vec<u8>>) -> String {
    let bytes = said.recv_timeout(PATIENCE).unwrap_or_default();
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

fn wait(child: &mut Child, timeout_s: Option<u64>) -> io::Result<(ExitStatus, bool)> {
    let Some(seconds) = timeout_s else { return Ok((child.wait()?, false)) };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut pause = Duration::from_millis(1);
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok((status, false));
        }
        if Instant::now() >= end {
            let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
            if let Some(group) = group {
                let _ = kill_process_group(group, Signal::KILL);
            }
            return Ok((child.wait()?, true));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

/// Gives up what is not the command's, and becomes it. Returns only what went wrong.
pub(crate) fn become_command(words: &[String]) -> io::Error {
    let [uid, gid, groups, mask, cwd, _, program, arguments @ ..] = words else {
        return io::Error::from(io::ErrorKind::InvalidInput);
    };
    if let Err(error) = give_up(uid, gid, groups, mask) {
        return error;
    }
    if let Err(error) = rustix::process::chdir(cwd.as_str()) {
        let error = io::Error::from(error);
        return io::Error::new(error.kind(), format!("{cwd}: {error}"));
    }
    let error = Process::new(program).args(arguments).exec();
    io::Error::new(error.kind(), format!("{program}: {error}"))
}

fn give_up(uid: &str, gid: &str, groups: &str, mask: &str) -> io::Result<()> {
    let number = |text: &str| text.parse::<u32>().map_err(io::Error::other);
    umask(rustix::fs::Mode::from_raw_mode(number(mask)?));
    if uid.is_empty() {
        return Ok(());
    }
    let (uid, gid) = (number(uid)?, number(gid)?);
    let groups = groups.split(',').filter(|one| !one.is_empty()).map(number);
    let groups: Vec<_> =
        groups.map(|one| one.map(rustix::fs::Gid::from_raw)).collect::<Result<_, _>>()?;
    // There is one thread: what it is the process is.
    let is_self =
        rustix::process::geteuid().as_raw() == uid && !rustix::process::geteuid().is_root();
    if is_self {
        return Ok(());
    }
    set_thread_groups(&groups)?;
    set_thread_gid(rustix::fs::Gid::from_raw(gid))?;
    Ok(set_thread_uid(rustix::fs::Uid::from_raw(uid))?)
}
