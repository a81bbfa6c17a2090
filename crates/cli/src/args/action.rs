//! A task's action: a command of the program, with the words that the task and the caller have for it.
//!
//! Invariant: what a command takes is what it takes when it is typed, but for the options of every command.

use clap::{CommandFactory, FromArgMatches, Parser};

use super::{Command, Consent};

/// A command without the options of every command: those are the run's own.
#[derive(Debug, Parser)]
#[command(no_binary_name = true, disable_help_flag = true, disable_help_subcommand = true)]
struct Action {
    #[command(subcommand)]
    command: Command,
}

impl Command {
    /// The command that these words are; else what is wrong with them, on one line.
    pub(crate) fn of_words(words: &[String]) -> Result<Self, String> {
        let said = |error: clap::Error| {
            let text = error.to_string();
            let line = text.lines().next().unwrap_or_default();
            line.strip_prefix("error: ").unwrap_or(line).to_owned()
        };
        let matches = Action::command().try_get_matches_from(words).map_err(said)?;
        Action::from_arg_matches(&matches).map(|action| action.command).map_err(said)
    }

    /// Whether and how it is agreed to; `None`: it changes nothing.
    pub(crate) fn consent(&mut self) -> Option<&mut Consent> {
        match self {
            Self::Up(args) | Self::Create(args) => Some(&mut args.consent),
            Self::Down(args) => Some(&mut args.consent),
            Self::Start(args)
            | Self::Stop(args)
            | Self::Restart(args)
            | Self::Pause(args)
            | Self::Unpause(args) => Some(&mut args.consent),
            Self::Kill(args) => Some(&mut args.consent),
            Self::Rm(args) => Some(&mut args.consent),
            Self::Build(args) => Some(&mut args.consent),
            Self::Pull(args) => Some(&mut args.consent),
            Self::Push(args) => Some(&mut args.consent),
            Self::Tag(args) => Some(&mut args.consent),
            Self::Untag(args) => Some(&mut args.consent),
            Self::Retrieve(args) => Some(&mut args.consent),
            Self::Rollback(args) => Some(&mut args.consent),
            Self::Run(args) => Some(&mut args.one_off.consent),
            Self::Script(args) => Some(&mut args.one_off.consent),
            Self::Shell(args) => Some(&mut args.one_off.consent),
            Self::Clean(args) => Some(&mut args.consent),
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
            | Self::Serve(_)
            | Self::Man { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_takes_what_its_command_takes() {
        for (words, expected) in [
            (&["tag", "app", "1.2", "--push"][..], Ok("tag")),
            (&["up", "web", "--recreate", "web"], Ok("up")),
            (&["tag", "app"], Err("the following required arguments were not provided:")),
            (&["up", "--engine", "x"], Err("unexpected argument '--engine' found")),
            (&["up", "--help"], Err("unexpected argument '--help' found")),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let command = Command::of_words(&words);
            let command = command.as_ref().map(Command::name).map_err(String::as_str);
            assert_eq!(command, expected, "{words:?}");
        }
    }
}
