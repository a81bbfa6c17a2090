//! `windlass push`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Request, Verb};

use crate::apply::apply;
use crate::args::Push;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Push) -> Result<Exit> {
    if args.images.is_empty() && !args.all {
        let way = "name them, or say `windlass push --all` for every image with `push: true`";
        return Err(Trouble::usage("it is not said which images to push", way));
    }
    // `--all` names nothing.
    let request = Request::new(Verb::Push).for_references(args.images.clone());
    apply(invocation, &request, args.consent)
}
