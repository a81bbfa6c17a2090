//! `windlass build`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Build;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Build) -> Result<Exit> {
    let options = Options {
        build: args.force || args.no_cache,
        no_cache: args.no_cache,
        pull_always: args.pull,
        no_deps: args.no_deps,
        ..Options::default()
    };
    apply(invocation, &args.common.request(Verb::Build, options), args.consent)
}
