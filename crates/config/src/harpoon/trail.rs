//! Trail: the way from the root to a value, as messages show it and as `{_key_name_1}` counts it.

use std::fmt;
use std::sync::Arc;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(Arc<str>),
    Index(usize),
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Trail(Vec<Step>);

impl Trail {
    pub(super) fn key(&self, key: &str) -> Self {
        self.with(Step::Key(key.into()))
    }

    pub(super) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    /// Without `tasks`, the task and `options`.
    fn merged(&self) -> impl DoubleEndedIterator<Item = &Step> {
        let is = |at: usize, word: &str| matches!(self.0.get(at), Some(Step::Key(key)) if &**key == word);
        let option = (2..self.0.len()).find(|at| is(*at, "options") && is(*at - 2, "tasks"));
        let gone = option.map_or(0..0, |at| at - 2..at + 1);
        self.0.iter().enumerate().filter(move |(at, _)| !gone.contains(at)).map(|(_, step)| step)
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// The name so many steps from the end; empty where the step is a position in a list. What a task says of its image has the
    /// place that the image has it in.
    pub(super) fn nth_last(&self, steps: usize) -> Option<&str> {
        match self.merged().rev().nth(steps)? {
            Step::Key(key) => Some(key),
            Step::Index(_) => Some(""),
        }
    }
}

impl fmt::Display for Trail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if at == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
