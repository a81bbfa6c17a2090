//! `windlass clean`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::clean::CleanOptions;
use windlass::model::request::{Options, Request, Verb};

use crate::apply::apply;
use crate::args::Clean;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Clean) -> Result<Exit> {
    let clean = CleanOptions {
        all: args.all,
        include_initial: args.include_initial,
        exclude: args.exclude.iter().cloned().collect(),
        remove_old: args.remove_old,
        keep_tags: args.keep_tag.iter().cloned().collect(),
    };
    let options = Options { clean, ..Options::default() };
    let request = Request { options, ..Request::new(Verb::Clean) };
    apply(invocation, &request, args.consent)
}
