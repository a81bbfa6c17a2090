//! `windlass up` and `windlass create`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Up;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Up, verb: Verb) -> Result<Exit> {
    let options = Options { remove_orphans: args.remove_orphans, ..args.how.options() };
    apply(invocation, &args.common.request(verb, options), args.consent)
}
