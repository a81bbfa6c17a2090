//! The machine that the agent is on, or a directory of it.
//!
//! Invariant: commands are only run where the root is the machine's own.

use crate::process::Runner;
use crate::sudden_end::SuddenEnd;
use std::io::Read;
use std::rc::Rc;
use windlass_bundle::{Command, Metadata, Op, Owner, Records, ResourceError, Root, Target, View};

/// See the module.
pub(crate) struct Machine {
    pub(crate) root: Root,
    /// `None`: nothing is run.
    pub(crate) runner: Option<Runner>,
    pub(crate) no_probes: bool,
    pub(crate) end: SuddenEnd,
}

type Result<T> = std::result::Result<T, ResourceError>;

impl Runner {
    fn apply(&self, command: &Command) -> Result<()> {
        let words = if command.is_hidden { "a command".to_owned() } else { shortened(command) };
        let ended = self
            .run(command, !command.is_hidden)
            .map_err(|error| ResourceError::new(format!("could not run {words}: {error}")))?;
        if !ended.is_late && command.returncodes.contains(&ended.code) {
            return Ok(());
        }
        let said = if command.is_hidden { "" } else { &ended.tail };
        let said = said.lines().map(str::to_owned).collect();
        if ended.is_late {
            let seconds = command.timeout_s.unwrap_or_default();
            let message = format!("{words} did not end within {seconds} s");
            return Err(ResourceError::new(message).saying(said));
        }
        let error = ResourceError::new(format!("{words} ended with {}", ended.code));
        Err(error.with_exit_code(ended.code).saying(said))
    }
}

/// Its words for a message, on one line; a script is long.
fn shortened(command: &Command) -> String {
    let words: Vec<&str> = command.argv.iter().map(|word| word.trim()).collect();
    let words = words.join(" ");
    let line = words.lines().next().unwrap_or_default();
    let end = line.char_indices().nth(120).map_or(line.len(), |(at, _)| at);
    let more = if end < words.len() { " …" } else { "" };
    format!("`{}{more}`", line[..end].trim_end())
}

impl Target for Machine {
    fn apply(&self, op: &Op) -> Result<()> {
        self.end.pass();
        match (op, &self.runner) {
            (Op::Run { commands }, Some(runner)) => {
                commands.iter().try_for_each(|command| runner.apply(command))?;
            }
            (op, _) => self.root.apply(op)?,
        }
        self.end.pass();
        Ok(())
    }
}

impl View for Machine {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>> {
        self.root.metadata(path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>> {
        View::open(&self.root, path)
    }

    fn read_link(&self, path: &str) -> Result<String> {
        self.root.read_link(path)
    }

    fn list(&self, path: &str) -> Result<Vec<String>> {
        self.root.list(path)
    }

    fn count_below(&self, path: &str) -> Result<usize> {
        self.root.count_below(path)
    }

    fn only_owner(&self) -> Option<Owner> {
        self.root.only_owner()
    }

    fn records(&self, path: &str, read: &dyn Fn() -> Result<Records>) -> Result<Rc<Records>> {
        self.root.records(path, read)
    }

    fn follows(&self, owner: Owner) -> bool {
        self.root.follows(owner)
    }

    fn probe(&self, command: &Command) -> Result<Option<i32>> {
        let runner = self.runner.as_ref().filter(|_| !self.no_probes);
        let Some(runner) = runner else { return Ok(None) };
        let ended = runner.run(command, false);
        let failed = |error| ResourceError::new(format!("could not ask: {error}"));
        Ok(Some(ended.map_err(failed)?.code))
    }
}
