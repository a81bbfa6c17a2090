//! `windlass tag`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Request, Verb};

use crate::apply::apply;
use crate::args::Tag;
use crate::exit::Exit;
use crate::image_word;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Tag) -> Result<Exit> {
    image_word::check_tag(&args.new)?;
    let options = Options { tag: Some(args.new.clone()), push: args.push, ..Options::default() };
    let request = Request { verb: Verb::Tag, references: vec![args.image.clone()], options };
    apply(invocation, &request, args.consent)
}
