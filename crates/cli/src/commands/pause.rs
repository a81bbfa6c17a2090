//! `windlass pause`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Run;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Run) -> Result<Exit> {
    let options = Options { no_deps: args.no_deps, no_wait: args.no_wait, ..Options::default() };
    apply(invocation, &args.common.request(Verb::Pause, options), args.consent)
}
