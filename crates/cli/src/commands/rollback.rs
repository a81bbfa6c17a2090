//! `windlass rollback`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Rollback;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Rollback) -> Result<Exit> {
    let options = Options { no_wait: args.no_wait, ..Options::default() };
    apply(invocation, &args.common.request(Verb::Rollback, options), args.consent)
}
