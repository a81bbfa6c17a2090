//! Running other programs.
//!
//! Invariant: a program that fails is an error that names the command line; none is waited for in vain
//! with a full pipe.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use crate::{Result, say};

/// The command as a person would type it, without its environment.
pub(crate) fn shown(command: &Command) -> String {
    let quote = |word: &OsStr| {
        let word = word.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
        if !word.is_empty() && word.chars().all(plain) {
            word.into_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    };
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(quote).collect::<Vec<_>>().join(" ")
}

fn failed(
    command: &Command,
    what: impl std::fmt::Display,
) -> Box<dyn std::error::Error + Send + Sync> {
    format!("`{}`: {what}", shown(command)).into()
}

/// Says the command and runs it with its output on ours.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    say::line(&format!("$ {}", shown(command)));
    quietly(command)
}

/// Runs it with its output on ours.
pub(crate) fn quietly(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| failed(command, error))?;
    if status.success() { Ok(()) } else { Err(failed(command, status)) }
}

/// Everything it wrote and how it ended, whatever that is.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.stdin(Stdio::null()).output().map_err(|error| failed(command, error))
}

/// What it wrote to stdout; its stderr is part of the error when it fails.
pub(crate) fn capture(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    let stdout = String::from_utf8_lossy(&output.stdout);
    Err(failed(command, format!("{}\n{stdout}{stderr}", output.status)))
}

/// How often a program is asked for whether it should go on.
const LOOK: Duration = Duration::from_secs(15);

/// Runs it, passing what it writes on line by line, and returns the lines that `keep` wants and
/// whether it succeeded.
pub(crate) fn watch(command: &mut Command, keep: fn(&str) -> bool) -> Result<(bool, Vec<String>)> {
    watch_while(command, keep, &|| false)
}

/// The same, but it is ended with all that it started when `give_up` says so.
pub(crate) fn watch_while(
    command: &mut Command,
    keep: fn(&str) -> bool,
    give_up: &(dyn Fn() -> bool + Sync),
) -> Result<(bool, Vec<String>)> {
    say::line(&format!("$ {}", shown(command)));
    // One pipe for both, so that the lines stay in order.
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    let child = command.spawn();
    // The command keeps the pipe's other end; reading would never come to an end beside it.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = child.map_err(|error| failed(command, error))?;
    let id = child.id();
    let (ended, end) = mpsc::channel::<()>();
    let kept = std::thread::scope(|scope| {
        scope.spawn(move || {
            while end.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout) {
                if give_up() {
                    return kill(&tree(id));
                }
            }
            Ok(())
        });
        let kept = pass_on(reader, keep);
        drop(ended);
        kept
    })?;
    Ok((child.wait()?.success(), kept))
}

fn pass_on(reader: impl Read, keep: fn(&str) -> bool) -> Result<Vec<String>> {
    let mut kept = Vec::new();
    for line in BufReader::new(reader).split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        say::line(&line);
        if keep(&line) {
            kept.push(line);
        }
    }
    Ok(kept)
}

/// A process and all that came of it, where the system shows that.
fn tree(root: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let parents: Vec<(u32, u32)> = processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // After the name, which may hold anything: the state, then the parent.
            let parent = stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut tree = vec![root];
    let mut next = 0;
    while let Some(&pid) = tree.get(next) {
        tree.extend(parents.iter().filter(|(_, parent)| *parent == pid).map(|(child, _)| *child));
        next += 1;
    }
    tree
}

/// A program on the PATH, or in the directories where root's programs are.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let extra = ["/usr/sbin", "/sbin", "/usr/local/sbin"].map(PathBuf::from);
    std::env::split_paths(&path)
        .chain(extra)
        .map(|directory| directory.join(name))
        .find(|file| file.is_file())
}

/// Asks a process that we started to end; it may have ended already.
pub(crate) fn terminate(pid: u32) -> Result<()> {
    signal("TERM", &[pid])
}

/// Ends processes that we started; they may have ended already.
pub(crate) fn kill(pids: &[u32]) -> Result<()> {
    signal("KILL", pids)
}

fn signal(name: &str, pids: &[u32]) -> Result<()> {
    // The shell's own `kill`: a small machine has no program of that name.
    let mut command = Command::new("sh");
    command.args(["-c", "kill -s \"$@\" 2>/dev/null || true", "sh", name]);
    quietly(command.args(pids.iter().map(u32::to_string)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watching_keeps_the_wanted_lines_of_both_streams_in_order() {
        let script = "echo a1; echo b1 >&2; echo a2; exit 1";
        let mut command = Command::new("sh");
        let (success, kept) =
            watch(command.args(["-c", script]), |line| !line.ends_with("a2")).unwrap();
        assert!(!success);
        assert_eq!(kept, ["a1", "b1"]);
    }

    #[test]
    fn a_tree_is_ended_with_its_leaves() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo; wait"]).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut String::new()).unwrap();
        let tree = tree(child.id());
        assert_eq!(tree.len(), 2, "{tree:?}");
        kill(&tree).unwrap();
        assert!(!child.wait().unwrap().success());
        // The sleep has the pipe's other end: it is gone when the pipe is at its end.
        assert_eq!(child.stdout.take().unwrap().read_to_end(&mut Vec::new()).unwrap(), 0);
    }

    #[test]
    fn a_failure_names_its_command_line() {
        let error = capture(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("`sh -c 'echo no >&2; exit 3'`: exit status: 3"), "{error}");
        assert!(error.ends_with("no\n"), "{error}");
        assert_eq!(capture(Command::new("sh").args(["-c", "echo yes"])).unwrap(), "yes\n");
        assert!(program("sh").is_some() && program("no-such-program").is_none());
    }
}
