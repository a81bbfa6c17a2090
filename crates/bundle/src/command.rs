//! Commands: programs that are run on a target.
//!
//! Invariant: nothing is left to look up: the environment is all of it, the user is a number.

use crate::{Content, Credentials, TreeEntry, gathered};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// A program that is run, and how.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// The program, looked for in `PATH` of `env`, and its arguments.
    pub argv: Vec<String>,
    pub cwd: String,
    /// All that it gets.
    pub env: BTreeMap<String, String>,
    /// What a variable has the path of: files that are there while it runs; the first of them is the path.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub inputs: BTreeMap<String, Vec<TreeEntry>>,
    /// The same of secrets, by their names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, String>,
    /// It reaches others over a network.
    pub network: bool,
    /// Who runs it; `None`: who runs the agent.
    pub user: Option<Credentials>,
    pub umask: u32,
    /// It is killed after so many seconds, with all that it started.
    pub timeout_s: Option<u64>,
    /// Exit codes that are no failure.
    pub returncodes: Vec<i32>,
    /// Neither its words nor what it says are shown.
    pub is_hidden: bool,
}

/// Where programs are.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

impl Command {
    /// As root runs it, with an environment that is the same everywhere.
    pub(crate) fn new(argv: impl IntoIterator<Item: Into<String>>) -> Self {
        Self::of(argv.into_iter().map(Into::into).collect())
    }

    /// Apart from [`Self::new`], which is there once for every kind of list: the agent has to be small.
    fn of(argv: Vec<String>) -> Self {
        let env = [("HOME", "/root"), ("LANG", "C.UTF-8"), ("PATH", PATH), ("USER", "root")];
        Self {
            argv,
            cwd: "/".to_owned(),
            env: env.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            inputs: BTreeMap::new(),
            secrets: BTreeMap::new(),
            network: true,
            user: None,
            umask: 0o022,
            timeout_s: None,
            returncodes: vec![0],
            is_hidden: false,
        }
    }

    /// Files of the machine that plans.
    pub fn contents(&mut self) -> impl Iterator<Item = &mut Content> {
        self.inputs.values_mut().flat_map(|entries| gathered::contents(entries))
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }
}

impl fmt::Debug for Command {
    /// Without values of the environment, where passwords often are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&String> = self.env.keys().collect();
        let mut all = f.debug_struct("Command");
        if self.is_hidden {
            all.field("argv", &format_args!("(sensitive)"));
        } else {
            all.field("argv", &self.argv);
        }
        all.field("cwd", &self.cwd).field("env", &names);
        all.field("user", &self.user).field("umask", &self.umask).finish_non_exhaustive()
    }
}
