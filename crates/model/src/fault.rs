//! Fault: what went wrong on an engine, as data.
//!
//! Invariant: a fault says what is known, and `is_unknown` says when nothing is.

use std::fmt;

/// The kind of an engine's refusal, from status, body and stream together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No connection could be made: nothing happened.
    Unreachable,
    /// The socket is there, but we may not use it: nothing happened.
    PermissionDenied,
    /// The connection ended after the request was sent: it may have been carried out.
    ReplyLost,
    /// No answer in time: it may have been carried out.
    DeadlineExceeded,
    /// The engine is older than we can speak with.
    TooOldApi,
    /// The reply is not what an engine says (a proxy's page, cut or broken JSON).
    Malformed,
    /// The object of the call is not there.
    NotFound,
    /// Another object has the name; its id, if the engine says it.
    NameConflict {
        holder: Option<String>,
    },
    /// A port of the host is taken; `8080`, if the engine says it.
    PortInUse {
        port: Option<u16>,
    },
    /// A network that the container was attached to is gone.
    NetworkMissing,
    ImageMissing,
    /// The command of the container can't be run: missing, or not executable.
    CommandNotRunnable,
    /// The user of the container is not in its image.
    UserUnknown,
    /// A bind mount's source is not on the engine's host.
    MountSourceMissing,
    /// The object is in use; ids of its users, if the engine says them.
    InUse {
        by: Vec<String>,
    },
    /// No address pool is left, or the wanted one overlaps another.
    AddressPool,
    RemovalInProgress,
    /// The container is not running, is paused, is already running…: its state forbids the call.
    WrongState,
    /// The engine holds a process of the container that it knows nothing of: it was killed while it
    /// started it. The container can't be started any more.
    Stuck,
    DiskFull,
    /// The registry refused: unauthorised, denied, rate limited.
    RegistryDenied,
    /// The registry has no such image or tag.
    RegistryNotFound,
    RegistryUnreachable,
    /// The registry's connection broke, or it failed by itself (5xx, timeouts): the same call may
    /// succeed in a moment.
    RegistryFailing,
    /// A build failed in one of its steps.
    BuildFailed,
    /// The engine does not know this plugin, driver or feature.
    Unsupported,
    /// The engine refused the values that it was given.
    Invalid,
    Other,
}

impl Fault {
    /// Whether the call may have been carried out all the same: look, do not guess.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::ReplyLost | Self::DeadlineExceeded | Self::Malformed)
    }

    /// Whether a pull or push may succeed when it is asked for again.
    pub fn is_passing(&self) -> bool {
        self.is_unknown() || *self == Self::RegistryFailing
    }

    /// Whether the engine refused because its objects are not what they were taken for: looking
    /// again, and planning by that, may be enough.
    pub fn is_outrun(&self) -> bool {
        matches!(
            self,
            Self::NotFound
                | Self::NameConflict { .. }
                | Self::NetworkMissing
                | Self::RemovalInProgress
                | Self::Stuck
        )
    }

    /// A stable name for machine-readable output.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::PermissionDenied => "permission-denied",
            Self::ReplyLost => "reply-lost",
            Self::DeadlineExceeded => "deadline-exceeded",
            Self::TooOldApi => "api-too-old",
            Self::Malformed => "malformed-reply",
            Self::NotFound => "not-found",
            Self::NameConflict { .. } => "name-conflict",
            Self::PortInUse { .. } => "port-in-use",
            Self::NetworkMissing => "network-missing",
            Self::ImageMissing => "image-missing",
            Self::CommandNotRunnable => "command-not-runnable",
            Self::UserUnknown => "user-unknown",
            Self::MountSourceMissing => "mount-source-missing",
            Self::InUse { .. } => "in-use",
            Self::AddressPool => "address-pool",
            Self::RemovalInProgress => "removal-in-progress",
            Self::WrongState => "wrong-state",
            Self::Stuck => "stuck",
            Self::DiskFull => "disk-full",
            Self::RegistryDenied => "registry-denied",
            Self::RegistryNotFound => "registry-not-found",
            Self::RegistryUnreachable => "registry-unreachable",
            Self::RegistryFailing => "registry-failing",
            Self::BuildFailed => "build-failed",
            Self::Unsupported => "unsupported",
            Self::Invalid => "invalid",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}
