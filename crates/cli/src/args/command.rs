//! What a command is called, and whether it makes something.
//!
//! Invariant: a command that is new is asked about each of them.

use super::Command;

impl Command {
    /// As it is typed, of those that change something.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Up(_) => "up",
            Self::Down(_) => "down",
            Self::Create(_) => "create",
            Self::Start(_) => "start",
            Self::Stop(_) => "stop",
            Self::Restart(_) => "restart",
            Self::Kill(_) => "kill",
            Self::Pause(_) => "pause",
            Self::Unpause(_) => "unpause",
            Self::Rm(_) => "rm",
            Self::Rollback(_) => "rollback",
            Self::Clean(_) => "clean",
            Self::Build(_) => "build",
            Self::Pull(_) => "pull",
            Self::Push(_) => "push",
            Self::Tag(_) => "tag",
            Self::Untag(_) => "untag",
            Self::Run(_) => "run",
            Self::Serve(_) => "serve",
            Self::Script(_) => "script",
            Self::Shell(_) => "shell",
            Self::Retrieve(_) => "retrieve",
            Self::Plan(_)
            | Self::Unlock(_)
            | Self::Ps(_)
            | Self::Logs(_)
            | Self::Exec(_)
            | Self::Attach(_)
            | Self::Cp(_)
            | Self::Save(_)
            | Self::Lock(_)
            | Self::Dockerfile(_)
            | Self::Context(_)
            | Self::Top(_)
            | Self::Port(_)
            | Self::Images
            | Self::Config(_)
            | Self::Convert(_)
            | Self::Apply(_)
            | Self::Graph(_)
            | Self::Tasks
            | Self::Login(_)
            | Self::Completions { .. }
            | Self::Man { .. } => "",
        }
    }

    /// Whether it may make something, or shows what would be made.
    pub(crate) fn makes(&self) -> bool {
        matches!(
            self,
            Self::Plan(_)
                | Self::Up(_)
                | Self::Create(_)
                | Self::Start(_)
                | Self::Rollback(_)
                | Self::Build(_)
                | Self::Push(_)
                | Self::Run(_)
                | Self::Serve(_)
                | Self::Script(_)
                | Self::Shell(_)
                | Self::Retrieve(_)
                | Self::Config(_)
                | Self::Convert(_)
        )
    }
}

impl Command {
    /// The words for a task, which its templates have as `args`.
    pub(crate) fn arguments(&self) -> &[String] {
        if let Self::Run(args) = self { &args.arguments } else { &[] }
    }
}
