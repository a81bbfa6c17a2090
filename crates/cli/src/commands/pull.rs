//! `windlass pull`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Pull;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Pull) -> Result<Exit> {
    let request = args.common.request(Verb::Pull, Options::default());
    apply(invocation, &request, args.consent)
}
