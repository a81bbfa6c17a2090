//! What can go wrong with a host, in words.
//!
//! Invariant: each says what to do next; what a connection that was lost left undone is said to be repaired by the next run.

use std::io;
use std::process::Command;

use super::Place;
use crate::exit::Exit;
use crate::trouble::Trouble;
use windlass::payload;

/// What ssh ends with when it is ssh itself that failed.
const SSH_FAILED: i32 = 255;
/// What a shell ends with when a program must not be run, and when it is not there.
const NOT_RUN: i32 = 126;
const NOT_FOUND: i32 = 127;

fn trouble(exit: Exit, message: String, said: &[String], hint: impl Into<String>) -> Trouble {
    let (last, before) = said.split_last().map_or(("", said), |(last, rest)| (last.as_str(), rest));
    let message = if last.is_empty() { message } else { format!("{message}: {last}") };
    Trouble::Host { exit, message, detail: before.to_vec(), hint: hint.into() }
}

/// A hint by what was said.
fn by_words(said: &[String], table: &[(&str, &'static str)], other: &'static str) -> &'static str {
    let found = table.iter().find(|(word, _)| said.iter().any(|line| line.contains(word)));
    found.map_or(other, |(_, hint)| hint)
}

pub(super) fn not_started(command: &Command, error: &io::Error) -> Trouble {
    let program = command.get_program().to_string_lossy();
    let message = format!("could not start {program}: {error}");
    trouble(Exit::Failed, message, &[], "install it (Debian: openssh-client)")
}

pub(super) fn unreadable(place: &Place, error: &io::Error) -> Trouble {
    trouble(Exit::EngineUnreachable, format!("could not hear {place}: {error}"), &[], AGAIN)
}

const AGAIN: &str = "run it again: what was done is as it shall be, and the rest is done then";

pub(super) fn no_greeting(
    place: &Place,
    sudo: bool,
    status: Option<i32>,
    said: &[String],
) -> Trouble {
    if status == Some(SSH_FAILED) || status.is_none() {
        let hint = by_words(
            said,
            &[
                (
                    "Host key verification failed",
                    "connect once with `ssh`, and compare the key with the host's own",
                ),
                ("Permission denied", "`ssh` must let you in: by a key, an agent or a password"),
                ("resolve hostname", "is the name right? ~/.ssh/config can give a host another"),
            ],
            "`ssh` with the same host must work; ~/.ssh/config can say more of it",
        );
        return trouble(Exit::EngineUnreachable, format!("{place} cannot be reached"), said, hint);
    }
    let of_sudo = said.iter().any(|line| line.contains("sudo"));
    if sudo && (of_sudo || said.is_empty()) {
        let message = format!("{place} does not let this user become root with sudo");
        let hint = by_words(
            said,
            &[("not found", "install sudo there, or connect as root without `--sudo`")],
            "nobody can be asked for a password there, without a terminal: give the user a line with \
             NOPASSWD in sudoers, or connect as root without `--sudo`",
        );
        return trouble(Exit::Failed, message, said, hint);
    }
    let message = format!("{place} has no shell that runs what it is given");
    trouble(Exit::Failed, message, said, "the user's login shell there must run `sh -c …`")
}

pub(super) fn foreign(place: &Place, system: &str, machine: &str) -> Trouble {
    let ours = payload::arch();
    let message = format!("{place} is {system} on {machine}, and the agent is for Linux on {ours}");
    let hint = "use a windlass that was built for such a machine, or build one with its agent: `WINDLASS_AGENT=PATH`";
    trouble(Exit::Failed, message, &[], hint)
}

pub(super) fn no_agent(place: &Place, directory: &str, said: &[String]) -> Trouble {
    let message = format!("the agent cannot be kept in {directory} of {place}");
    let hint = by_words(
        said,
        &[
            ("No space left", "make room there: it needs about 2 MB"),
            ("Disk quota", "make room there: it needs about 2 MB"),
            (
                "Read-only file system",
                "that file system must be writable; XDG_CACHE_HOME there names another",
            ),
            ("Permission denied", "the user there must own that directory"),
        ],
        AGAIN,
    );
    trouble(Exit::Failed, message, said, hint)
}

pub(super) fn lost(
    place: &Place,
    directory: &str,
    status: Option<i32>,
    said: &[String],
) -> Trouble {
    if matches!(status, Some(NOT_RUN | NOT_FOUND)) {
        let message = format!("the agent cannot be run from {directory} of {place}");
        let hint = "that file system is mounted `noexec`, it seems: let XDG_CACHE_HOME there name another, or be root \
            (`--sudo`), who has it in /var/lib/windlass";
        return trouble(Exit::Failed, message, said, hint);
    }
    let message = if status == Some(SSH_FAILED) {
        // ssh ends the same when what it runs was killed.
        format!("the connection to {place} was lost, or the agent there was killed")
    } else {
        format!("the agent on {place} ended before it was done")
    };
    trouble(Exit::Failed, message, said, AGAIN)
}

pub(super) fn nonsense(place: &Place) -> Trouble {
    let message = format!("{place} answered what no agent answers");
    trouble(
        Exit::Failed,
        message,
        &[],
        "does a file such as .bashrc write there? It must not, without a terminal",
    )
}

pub(super) fn too_much(place: &Place) -> Trouble {
    let message = format!("{place} says more than can be an answer");
    let hint =
        "is it the host that you mean, and nobody else's? What it says is not looked at any more";
    trouble(Exit::Failed, message, &[], hint)
}
