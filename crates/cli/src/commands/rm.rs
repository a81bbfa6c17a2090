//! `windlass rm`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Rm;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Rm) -> Result<Exit> {
    let options = Options { force: args.force, ..Options::default() };
    apply(invocation, &args.common.request(Verb::Remove, options), args.consent)
}
