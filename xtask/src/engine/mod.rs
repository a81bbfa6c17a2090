//! An engine for the chores: the one that is there, or one that they start.
//!
//! Invariant: an engine that was found is never stopped or reconfigured; only one that a chore started
//! is, and that is written down beside its socket so that a later run can find and stop it.

mod api;
mod find;
mod start;

pub(crate) use api::{LABEL, LOCAL};
pub(crate) use start::{start_podman, stop_ours};

use std::time::Duration;

use serde_json::Value;

use crate::http::{Address, Connection};
use crate::{Result, say};

/// Longer than a busy engine takes to list its networks: some seconds at the worst.
const STANDSTILL: Duration = Duration::from_mins(1);

/// An engine that answered.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    /// As `DOCKER_HOST` has it.
    pub(crate) url: String,
    pub(crate) address: Address,
    /// Where it was found, as a phrase.
    pub(crate) how: String,
    pub(crate) version: String,
}

impl Engine {
    /// The engine behind a url, if it answers.
    pub(crate) fn ask(url: &str, how: &str) -> Result<Self> {
        let address = find::address(url)?;
        let answer = Connection::open(&address)
            .and_then(|mut engine| engine.call("GET", "/version", &Value::Null))
            .map_err(|error| format!("{url} ({how}) does not answer: {error}"))?;
        let version = answer.json()?;
        let number = version["Version"].as_str().ok_or("an engine without a version")?;
        Ok(Self { url: url.into(), address, how: how.into(), version: number.into() })
    }

    /// Whether it never answers again what needs its networks, as an Engine 20.10 does whose name
    /// service and whose other calls took two locks in opposite orders. Only a restart helps it.
    pub(crate) fn stands_still(&self) -> bool {
        Connection::open_for(&self.address, STANDSTILL)
            .and_then(|mut engine| engine.call("GET", "/networks", &Value::Null))
            .is_err()
    }

    pub(crate) fn connect(&self) -> Result<Connection> {
        Ok(Connection::open(&self.address)?)
    }

    /// The environment variable that makes a client use this engine, with a space, or nothing where
    /// it would use it anyway.
    pub(crate) fn prefix(&self) -> String {
        if self.how == find::DEFAULT { String::new() } else { format!("DOCKER_HOST={} ", self.url) }
    }
}

/// The engine that is there, or one that is started, or how to get one.
pub(crate) fn find_or_start() -> Result<Engine> {
    let (found, reasons) = find::find()?;
    let Some(engine) = found else {
        for reason in &reasons {
            say::line(&format!("no engine: {reason}"));
        }
        return start::start();
    };
    say::line(&format!("engine {} at {} ({})", engine.version, engine.url, engine.how));
    match engine.stands_still() {
        false => Ok(engine),
        true if find::is_usual(&engine) => engine.replacement(),
        true => Err(format!("{} ({}) does not list its networks", engine.url, engine.how).into()),
    }
}

impl Engine {
    /// An engine of our own in the place of one that stands still.
    pub(crate) fn replacement(&self) -> Result<Self> {
        say::problem(&format!(
            "the engine at {} stands still: its networks are not listed within {STANDSTILL:?}. \
             It needs a restart, which is not ours to do",
            self.url
        ));
        start::start_beside()
    }
}
