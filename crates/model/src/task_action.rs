//! What a task does: runs something in a container, or one of the program's commands.
//!
//! Invariant: an action is called as its command is; the command itself does it.

/// `tasks.<name>.action`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskAction {
    /// A program in a container.
    #[default]
    Run,
    Build,
    Pull,
    Push,
    Tag,
    Untag,
    Retrieve,
    Dockerfile,
    Context,
    Up,
    Create,
    Down,
    Start,
    Stop,
    Restart,
    Kill,
    Pause,
    Unpause,
    Remove,
}

/// What an action can be of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskSubject {
    /// An image, or the one that a container has. `is_needed`: without one there is nothing to do.
    Image { is_needed: bool },
    /// A container; without one, all of them.
    Container,
}

impl TaskAction {
    pub const ALL: [Self; 19] = [
        Self::Run,
        Self::Build,
        Self::Pull,
        Self::Push,
        Self::Tag,
        Self::Untag,
        Self::Retrieve,
        Self::Dockerfile,
        Self::Context,
        Self::Up,
        Self::Create,
        Self::Down,
        Self::Start,
        Self::Stop,
        Self::Restart,
        Self::Kill,
        Self::Pause,
        Self::Unpause,
        Self::Remove,
    ];

    /// As the command is typed.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Build => "build",
            Self::Pull => "pull",
            Self::Push => "push",
            Self::Tag => "tag",
            Self::Untag => "untag",
            Self::Retrieve => "retrieve",
            Self::Dockerfile => "dockerfile",
            Self::Context => "context",
            Self::Up => "up",
            Self::Create => "create",
            Self::Down => "down",
            Self::Start => "start",
            Self::Stop => "stop",
            Self::Restart => "restart",
            Self::Kill => "kill",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Remove => "rm",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// What it is of; `None` for a run, which is of either.
    pub fn subject(self) -> Option<TaskSubject> {
        match self {
            Self::Run => None,
            Self::Build | Self::Pull | Self::Push => Some(TaskSubject::Image { is_needed: false }),
            Self::Tag | Self::Untag | Self::Retrieve | Self::Dockerfile | Self::Context => {
                Some(TaskSubject::Image { is_needed: true })
            }
            Self::Up
            | Self::Create
            | Self::Down
            | Self::Start
            | Self::Stop
            | Self::Restart
            | Self::Kill
            | Self::Pause
            | Self::Unpause
            | Self::Remove => Some(TaskSubject::Container),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_read_as_it_is_written() {
        for action in TaskAction::ALL {
            assert_eq!(TaskAction::parse(action.as_str()), Some(action));
        }
        assert_eq!(TaskAction::parse("remove"), None);
    }
}
