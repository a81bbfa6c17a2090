//! The plan as text, one line per step: the golden form of the planner's tests.
//!
//! Invariant: equal plans have equal texts, and no text holds a sensitive value.

use crate::plan::{Action, Cause, FieldChange, Hazard, Plan, Step, StepId, Until};
use crate::rescue::Rescue;
use std::fmt;

impl fmt::Display for Step {
    /// The golden form of a step, without its number: `#1,#2 container web: create (absent)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.after.is_empty() {
            let after: Vec<_> = self.after.iter().map(StepId::to_string).collect();
            write!(f, "{} -> ", after.join(","))?;
        }
        write!(f, "{}: {}", self.address, self.action)?;
        write!(f, " ({})", self.cause)?;
        match self.hazard {
            Some(Hazard::DataLoss) => f.write_str(" !data-loss"),
            Some(Hazard::Downtime) => f.write_str(" !downtime"),
            Some(Hazard::Foreign) => f.write_str(" !foreign"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.verb())?;
        match self {
            Self::PullImage { reference, .. }
            | Self::PushImage { reference }
            | Self::TagImage { reference, .. }
            | Self::RemoveImage { reference, .. } => write!(f, " {reference}"),
            Self::RenameContainer { name, .. } => write!(f, " to {name}"),
            Self::ConnectNetwork { network, .. }
            | Self::DisconnectNetwork { name: network, .. } => {
                write!(f, " {network}")
            }
            Self::KillContainer { signal, .. } => write!(f, " {signal}"),
            Self::WaitContainer { until, .. } => write!(f, " until {until}"),
            Self::ExecContainer { exec, .. } => write!(f, " {}", exec.argv.join(" ")),
            Self::Delay { ms } => write!(f, " {ms} ms"),
            Self::CreateContainer(create) => write!(f, " {}", create.name),
            Self::CreateNetwork(create) => write!(f, " {}", create.name),
            Self::CreateVolume(create) => write!(f, " {}", create.name),
            Self::RemoveNetwork { name, .. } | Self::RemoveVolume { name, .. } => {
                write!(f, " {name}")
            }
            Self::BuildImage(build) | Self::ImportImage(build) => {
                write!(f, " {}", build.spec.reference)
            }
            Self::CopySecrets { files, .. } => {
                let names: Vec<_> = files.iter().map(|file| file.secret.as_str()).collect();
                write!(f, " {}", names.join(" "))
            }
            Self::MarkRun { .. }
            | Self::UnmarkRun { .. }
            | Self::StartContainer(_)
            | Self::StopContainer { .. }
            | Self::RestartContainer { .. }
            | Self::PauseContainer(_)
            | Self::UnpauseContainer(_)
            | Self::RemoveContainer { .. }
            | Self::UpdateContainer { .. } => Ok(()),
        }
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running { .. } => f.write_str("running"),
            Self::Healthy => f.write_str("healthy"),
            Self::Completed => f.write_str("completed"),
            Self::Conditions(_) => f.write_str("its conditions hold"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("absent"),
            Self::Diverged(changes) => {
                let texts: Vec<_> = changes.iter().map(FieldChange::to_string).collect();
                f.write_str(&texts.join("; "))
            }
            Self::NotRunning => f.write_str("not running"),
            Self::DependsOn(address) => write!(f, "because of {address}"),
            Self::Requested => f.write_str("requested"),
            Self::Orphan => f.write_str("orphan"),
            Self::Leftover => f.write_str("left over"),
            Self::Readiness => f.write_str("readiness"),
        }
    }
}

impl fmt::Display for FieldChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let (was, wanted) = (text(&self.was), text(&self.wanted));
        write!(f, "{}: {was} → {wanted}, {}", self.path, self.origin.as_str())
    }
}

impl fmt::Display for Rescue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (first, last) = (self.of.first(), self.of.last());
        let text = |id: Option<&StepId>| id.map(StepId::to_string).unwrap_or_default();
        write!(f, "unless {}..{} -> ", text(first), text(last))?;
        write!(f, "{}: {} serves again", self.address, self.name)
    }
}

impl fmt::Display for Plan {
    /// One line per step and way back: the golden form of the planner's tests.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, step) in self.iter() {
            writeln!(f, "{id} {step}")?;
        }
        for rescue in &self.rescues {
            writeln!(f, "{rescue}")?;
        }
        Ok(())
    }
}
