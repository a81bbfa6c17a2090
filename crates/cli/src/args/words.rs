//! The words of a command that name something in a project.
//!
//! Invariant: every word that names something in a project is found here.

use super::copy::in_container;
use super::{Command, Common, Select};

/// What a word names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Word {
    /// Containers, or an image: what the command is for.
    Reference,
    /// Containers that are done anew.
    Recreate,
    /// A port of what else is named, so that it belongs wherever that is.
    Port,
    Volume,
}

impl Command {
    /// All of them.
    pub(crate) fn words(&self) -> Vec<(Word, String)> {
        let mut found = Vec::new();
        self.clone().keep_words(|word, text| {
            found.push((word, text.to_owned()));
            true
        });
        found
    }

    /// Leaves out those that are not wanted.
    pub(crate) fn keep_words(&mut self, mut keep: impl FnMut(Word, &str) -> bool) {
        let mut references = |words: &mut Vec<String>| {
            words.retain(|text| keep(Word::Reference, text));
        };
        match self {
            Self::Plan(args) => {
                common(&mut args.common, &mut references);
                args.how.recreate.retain(|text| keep(Word::Recreate, text));
                args.how.destroy_volume.retain(|text| keep(Word::Volume, text));
            }
            Self::Up(args) | Self::Create(args) => {
                common(&mut args.common, &mut references);
                args.how.recreate.retain(|text| keep(Word::Recreate, text));
                args.how.destroy_volume.retain(|text| keep(Word::Volume, text));
            }
            Self::Down(args) => {
                common(&mut args.common, &mut references);
                args.destroy_volume.retain(|text| keep(Word::Volume, text));
            }
            Self::Start(args)
            | Self::Stop(args)
            | Self::Restart(args)
            | Self::Pause(args)
            | Self::Unpause(args) => common(&mut args.common, &mut references),
            Self::Kill(args) => common(&mut args.common, &mut references),
            Self::Rm(args) => common(&mut args.common, &mut references),
            Self::Build(args) => common(&mut args.common, &mut references),
            Self::Pull(args) => common(&mut args.common, &mut references),
            Self::Rollback(args) => common(&mut args.common, &mut references),
            Self::Ps(args) => select(&mut args.select, &mut references),
            Self::Logs(args) => select(&mut args.select, &mut references),
            Self::Top(args) => select(args, &mut references),
            Self::Graph(args) => references(&mut args.references),
            Self::Port(args) => args.references.retain(|text| {
                let is_port = text.starts_with(|first: char| first.is_ascii_digit());
                keep(if is_port { Word::Port } else { Word::Reference }, text)
            }),
            // One word, which can't be left out.
            Self::Exec(args) => drop(keep(Word::Reference, &args.reference)),
            Self::Shell(args) => drop(keep(Word::Reference, &args.reference)),
            Self::Attach(args) => drop(keep(Word::Reference, &args.reference)),
            Self::Cp(args) => {
                let ends = [&args.from, &args.to];
                for (reference, _) in ends.into_iter().filter_map(|end| in_container(end)) {
                    keep(Word::Reference, reference);
                }
            }
            Self::Push(args) => references(&mut args.images),
            Self::Tag(args) => drop(keep(Word::Reference, &args.image)),
            Self::Untag(args) => drop(keep(Word::Reference, &args.image)),
            Self::Save(args) => drop(keep(Word::Reference, &args.image)),
            Self::Retrieve(args) => drop(keep(Word::Reference, &args.image)),
            Self::Dockerfile(args) => drop(keep(Word::Reference, &args.image)),
            Self::Context(args) => drop(keep(Word::Reference, &args.of.image)),
            Self::Run(args) => drop(keep(Word::Reference, &args.reference)),
            Self::Script(args) => drop(keep(Word::Reference, &args.reference)),
            Self::Clean(_)
            | Self::Lock(_)
            | Self::Unlock(_)
            | Self::Images
            | Self::Serve(_)
            | Self::Config(_)
            | Self::Convert(_)
            | Self::Apply(_)
            | Self::Tasks
            | Self::Login(_)
            | Self::Completions { .. }
            | Self::Man { .. } => {}
        }
    }

    /// Whether it speaks with one engine's container, or waits on one project.
    pub(crate) fn is_about_one(&self) -> bool {
        matches!(self, Self::Unlock(_) | Self::Cp(_) | Self::Save(_) | Self::Retrieve(_))
            || matches!(self, Self::Context(_) | Self::Tag(_) | Self::Untag(_))
            || matches!(self, Self::Run(_) | Self::Serve(_))
            || matches!(self, Self::Shell(_) | Self::Attach(_))
            || matches!(self, Self::Logs(args) if args.follow)
    }

    /// Whether what comes last must go first.
    pub(crate) fn takes_down(&self) -> bool {
        matches!(self, Self::Down(_) | Self::Stop(_) | Self::Rm(_))
    }
}

fn common(args: &mut Common, references: &mut impl FnMut(&mut Vec<String>)) {
    select(&mut args.select, references);
}

fn select(args: &mut Select, references: &mut impl FnMut(&mut Vec<String>)) {
    references(&mut args.references);
}
