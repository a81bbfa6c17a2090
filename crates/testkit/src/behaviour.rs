//! What a container's process does once it is started.
//!
//! Invariant: a behaviour is read from the command alone, unless a test scripts it by image.

use windlass_model::container::ContainerConfig;

/// What its health check finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Healthy,
    Unhealthy,
    /// It stays `starting`.
    Undecided,
}

/// What a process does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// The engine refuses to start it: program missing.
    pub not_runnable: bool,
    /// It ends with this code; `None`: it runs until it is stopped.
    pub exit: Option<i64>,
    pub oom_killed: bool,
    /// It goes on after SIGTERM, until it is killed.
    pub ignores_term: bool,
    pub verdict: Verdict,
    /// Milliseconds from the start to the exit, or to the first verdict.
    pub after_ms: u64,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            not_runnable: false,
            exit: None,
            oom_killed: false,
            ignores_term: false,
            verdict: Verdict::Healthy,
            after_ms: 0,
        }
    }
}

impl Behaviour {
    /// `["exit", "3"]`, `["exit-after", "50", "3"]`, `["oom"]`, `["never-healthy"]`,
    /// `["never-decided"]`, `["healthy-after", "50"]`, `["missing"]`, `["ignores-term"]`; every
    /// other command runs and is healthy.
    pub fn of(config: &ContainerConfig) -> Self {
        let words: Vec<&str> = config.command.iter().flatten().map(String::as_str).collect();
        let mut behaviour = Self::default();
        match words.as_slice() {
            ["exit", code] => behaviour.exit = code.parse().ok(),
            ["exit-after", ms, code] => {
                behaviour.after_ms = ms.parse().unwrap_or(0);
                behaviour.exit = code.parse().ok();
            }
            ["oom"] => {
                behaviour.exit = Some(137);
                behaviour.oom_killed = true;
            }
            ["never-healthy"] => behaviour.verdict = Verdict::Unhealthy,
            ["never-decided"] => behaviour.verdict = Verdict::Undecided,
            ["healthy-after", ms] => behaviour.after_ms = ms.parse().unwrap_or(0),
            ["missing"] => behaviour.not_runnable = true,
            ["ignores-term"] => behaviour.ignores_term = true,
            _ => {}
        }
        behaviour
    }
}
