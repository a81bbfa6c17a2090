//! Exit codes: how a run ended, as a shell sees it.
//!
//! Invariant: no other file knows a number.

use std::process::ExitCode;

/// How the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or there was nothing to do.
    Done,
    /// What runs was left to itself.
    Detached,
    /// A step failed, or something stood in the way.
    Failed,
    /// `plan --exit-code` or `lock --check` found changes.
    Changes,
    /// Another run holds the project.
    Held,
    /// The command line is wrong.
    Usage,
    /// The files are wrong.
    Configuration,
    /// No engine answered.
    EngineUnreachable,
    /// windlass itself is wrong.
    Bug,
    /// Ended by a signal of this number.
    Signal(u8),
    /// The code of a process that ran in a container.
    Process(u8),
}

impl Exit {
    /// What ran in a container did not end by its deadline: as `timeout` says it.
    pub const OVERDUE: Self = Self::Process(124);

    pub fn code(self) -> u8 {
        match self {
            Self::Done | Self::Detached => 0,
            Self::Failed => 1,
            Self::Changes => 2,
            Self::Held => 3,
            Self::Usage => 64,
            Self::Configuration => 65,
            Self::EngineUnreachable => 69,
            Self::Bug => 70,
            Self::Signal(number) => 128_u8.saturating_add(number),
            Self::Process(code) => code,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for (exit, code) in [
            (Exit::Done, 0),
            (Exit::Detached, 0),
            (Exit::Failed, 1),
            (Exit::Changes, 2),
            (Exit::Held, 3),
            (Exit::Usage, 64),
            (Exit::Configuration, 65),
            (Exit::EngineUnreachable, 69),
            (Exit::Bug, 70),
            (Exit::Signal(2), 130),
            (Exit::Signal(15), 143),
            (Exit::Process(7), 7),
        ] {
            assert_eq!(exit.code(), code, "{exit:?}");
        }
    }
}
