//! `windlass untag`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Request, Verb};

use crate::apply::apply;
use crate::args::Untag;
use crate::exit::Exit;
use crate::image_word;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Untag) -> Result<Exit> {
    image_word::check_tag(&args.gone)?;
    let options = Options { tag: Some(args.gone.clone()), ..Options::default() };
    let request = Request { verb: Verb::Untag, references: vec![args.image.clone()], options };
    apply(invocation, &request, args.consent)
}
