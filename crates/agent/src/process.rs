//! Commands that are run.
//!
//! Invariant: a command is run by this program itself in its place ([`become_command`]), after it gave up all that is not
//! the command's: groups, user, umask, the network. What it started is killed with it when its time is over. It dies with
//! this program.

use crate::given::{self, Given, Room};
use rustix::process::{
    Pid, Signal, getppid, kill_process_group, set_parent_process_death_signal, umask,
};
use rustix::thread::{UnshareFlags, set_thread_gid, set_thread_groups, set_thread_uid};
use std::collections::VecDeque;
use std::io::{self, PipeReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command as Process, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};
use windlass_bundle::{Command, Mask, Secrets};

/// The word with which this program is asked to become a command.
pub(crate) const BECOME: &str = "become";

/// So much of what a command says is kept for a message.
const TAIL: usize = 2048;

/// A line that is longer is shown in pieces.
const LINE: usize = 16 * 1024;

/// How long the end of what a command said is waited for: something that it left behind may keep its output open.
const PATIENCE: Duration = Duration::from_millis(500);

/// How a command ended, and the last of what it said.
pub(crate) struct Ended {
    /// As a shell has it: 128 and the number of the signal that killed it.
    pub(crate) code: i32,
    pub(crate) is_late: bool,
    pub(crate) tail: String,
}

/// What runs commands.
#[derive(Clone)]
pub(crate) struct Runner {
    /// This program.
    pub(crate) agent: PathBuf,
    /// Shows what they say.
    pub(crate) shows: fn(&[u8]),
    /// Values that they may be given.
    pub(crate) secrets: Secrets,
    /// Where their inputs are while they run.
    pub(crate) room: Room,
    /// Whoever started this one saw to it that there is no network where there shall be none.
    pub(crate) is_isolated: bool,
}

impl Runner {
    /// Runs a command to its end.
    pub(crate) fn run(&self, command: &Command, is_shown: bool) -> io::Result<Ended> {
        let (from, to) = io::pipe()?;
        let mut given = Given::new(command, &self.secrets, self.room)?;
        let mut process = Process::new(&self.agent);
        let has_network = command.network || self.is_isolated;
        process.arg(BECOME).args(words(command, has_network, &given)).arg("--");
        process.args(&command.argv).env_clear().envs(&command.env).envs(&given.inputs);
        process.stdin(Stdio::null());
        process.stdout(to.try_clone()?).stderr(to).process_group(0);
        let mut child = process.spawn()?;
        // It has the writing ends, which would keep the pipe open, and its secrets.
        drop(process);
        given.secrets.clear();
        let (sender, said) = channel();
        let shows = if is_shown { self.shows } else { |_: &[u8]| () };
        let names = command.secrets.values();
        let mask = Mask::new(names.filter_map(|name| self.secrets.0.get(name)).map(String::as_str));
        std::thread::spawn(move || {
            // Nobody listens any more when it is late.
            let _ = sender.send(listen(from, shows, &mask));
        });
        let (status, is_late) = wait(&mut child, command.timeout_s)?;
        let tail = tail(&said);
        Ok(Ended { code: code(status), is_late, tail })
    }
}

fn words(command: &Command, has_network: bool, given: &Given) -> [String; 8] {
    let numbers =
        |groups: &[u32]| groups.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let (uid, gid, groups) = match &command.user {
        Some(user) => (user.uid.to_string(), user.gid.to_string(), numbers(&user.groups)),
        None => Default::default(),
    };
    let network = if has_network { "" } else { NO_NETWORK };
    let (mask, cwd) = (command.umask.to_string(), command.cwd.clone());
    let parent = std::process::id().to_string();
    [uid, gid, groups, mask, cwd, network.to_owned(), parent, given.words()]
}

/// The word for a command that gives up the network.
const NO_NETWORK: &str = "no-network";

fn listen(mut from: PipeReader, shows: fn(&[u8]), mask: &Mask) -> Vec<u8> {
    let mut kept: VecDeque<u8> = VecDeque::new();
    let mut is_line_open = false;
    let mut show = |bytes: &[u8]| {
        shows(bytes);
        is_line_open = bytes.last().map_or(is_line_open, |last| *last != b'\n');
        kept.extend(bytes);
        let superfluous = kept.len().saturating_sub(TAIL);
        kept.drain(..superfluous);
    };
    // A value can't be told before its line is there.
    let mut lines: Vec<u8> = Vec::new();
    let mut buffer = [0; 8192];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if mask.is_empty() {
            show(&buffer[..length]);
            continue;
        }
        lines.extend(&buffer[..length]);
        let whole = lines.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let is_long = lines.len() - whole > LINE;
        let whole = if is_long { mask.settled(&lines) } else { whole };
        show(&masked(mask, &lines[..whole]));
        lines.drain(..whole);
    }
    show(&masked(mask, &lines));
    // What the next one says is on a line of its own.
    if is_line_open {
        shows(b"\n");
    }
    kept.into()
}

fn masked(mask: &Mask, bytes: &[u8]) -> Vec<u8> {
    mask.text(&String::from_utf8_lossy(bytes)).into_owned().into_bytes()
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
    let [uid, gid, groups, mask, cwd, network, parent, secrets, _, program, arguments @ ..] = words
    else {
        return io::Error::from(io::ErrorKind::InvalidInput);
    };
    if network == NO_NETWORK
        && let Err(error) = without_network()
    {
        return error;
    }
    if let Err(error) = give_up(uid, gid, groups, mask) {
        return error;
    }
    if let Err(error) = die_with(parent) {
        return error;
    }
    if let Err(error) = rustix::process::chdir(cwd.as_str()) {
        let error = io::Error::from(error);
        return io::Error::new(error.kind(), format!("{cwd}: {error}"));
    }
    let error = Process::new(program).args(arguments).envs(given::files(secrets)).exec();
    io::Error::new(error.kind(), format!("{program}: {error}"))
}

/// The next run would start it again beside it. What it starts itself lives on: a service. A change of the user would
/// take this back, so it comes after that.
fn die_with(parent: &str) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    let is_there = getppid().is_some_and(|found| found.to_string() == parent);
    if is_there { Ok(()) } else { Err(io::Error::other("who started it has ended")) }
}

/// What is in a name space of its own reaches nobody, itself excepted.
fn without_network() -> io::Result<()> {
    #[expect(
        deprecated,
        reason = "the one that is not is unsafe, for flags that are not used here"
    )]
    let apart = rustix::thread::unshare(UnshareFlags::NEWNET);
    apart.map_err(|error| {
        let error = io::Error::from(error);
        let message =
            format!("the network can't be taken away, for which one must be root: {error}");
        io::Error::new(error.kind(), message)
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;
    use std::sync::Mutex;

    static SHOWN: Mutex<Vec<Vec<u8>>> = Mutex::new(Vec::new());

    fn show(bytes: &[u8]) {
        SHOWN.lock().unwrap().push(bytes.to_vec());
    }

    #[test]
    fn a_line_without_end_is_shown_in_pieces_that_hold_no_secret() {
        let line = "hunter3 is ".repeat(40_000);
        let (from, mut to) = io::pipe().unwrap();
        let said = line.clone();
        let writes = std::thread::spawn(move || to.write_all(said.as_bytes()).unwrap());
        listen(from, show, &Mask::new(["hunter3"]));
        writes.join().unwrap();
        let pieces = SHOWN.lock().unwrap();
        assert!(pieces.iter().all(|piece| piece.len() < 2 * LINE), "{}", pieces.len());
        let shown = String::from_utf8(pieces.concat()).unwrap();
        assert_eq!(shown, format!("{}\n", line.replace("hunter3", "(secret)")));
    }
}
