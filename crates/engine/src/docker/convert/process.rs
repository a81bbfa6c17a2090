//! Environment variables, signals and port sets: what a process is given.
//!
//! Invariant: signals have names, with `SIG`.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::env::{Env, EnvValue};
use windlass_model::port::{ExposedPort, Protocol};

use crate::docker::document::Empty;

/// The names of signals 1 to 31, on Linux.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// `15`, `TERM` and `SIGTERM` are `SIGTERM`.
pub(super) fn signal_name(signal: &str) -> String {
    let upper = signal.trim().to_ascii_uppercase();
    let known = upper.parse::<usize>().ok().and_then(|n| SIGNALS.get(n.checked_sub(1)?));
    match known {
        Some(name) => format!("SIG{name}"),
        None if upper.starts_with("SIG") || upper.starts_with(|c: char| c.is_ascii_digit()) => {
            upper
        }
        None => format!("SIG{upper}"),
    }
}

/// `NAME=value`, of variables whose value is known.
pub(super) fn env_list(env: &Env) -> Option<Vec<String>> {
    let list: Vec<String> = env
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", value.reveal()?)))
        .collect();
    (!list.is_empty()).then_some(list)
}

pub(super) fn env_map(list: Option<Vec<String>>) -> BTreeMap<String, String> {
    let pairs = list.into_iter().flatten().map(|pair| match pair.split_once('=') {
        Some((name, value)) => (name.to_owned(), value.to_owned()),
        None => (pair, String::new()),
    });
    pairs.collect()
}

pub(super) fn env_observed(list: Option<Vec<String>>) -> Env {
    env_map(list).into_iter().map(|(name, value)| (name, EnvValue::Plain(value))).collect()
}

/// `80/tcp`; a port without a protocol is TCP.
pub(super) fn exposed_port(text: &str) -> Option<ExposedPort> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    Some(ExposedPort { target: port.parse().ok()?, protocol: Protocol::parse(protocol)? })
}

pub(super) fn exposed_ports(
    document: Option<BTreeMap<String, Option<Empty>>>,
) -> BTreeSet<ExposedPort> {
    let ports = document.into_iter().flatten();
    ports.filter_map(|(port, _)| exposed_port(&port)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals() {
        let table = [
            ("15", "SIGTERM"),
            ("9", "SIGKILL"),
            ("31", "SIGSYS"),
            ("TERM", "SIGTERM"),
            ("sigquit", "SIGQUIT"),
            ("SIGRTMIN+3", "SIGRTMIN+3"),
            ("37", "37"),
            ("0", "0"),
        ];
        for (signal, name) in table {
            assert_eq!(signal_name(signal), name);
        }
    }
}
