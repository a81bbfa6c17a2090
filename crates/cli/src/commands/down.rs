//! `windlass down`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Down;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Down) -> Result<Exit> {
    let options = args.what.add_to(Options {
        remove_orphans: args.remove_orphans,
        destroy_volumes: args.destroy_volume.iter().cloned().collect(),
        ..Options::default()
    });
    apply(invocation, &args.common.request(Verb::Down, options), args.consent)
}
