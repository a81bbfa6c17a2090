//! `windlass pull`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply_in;
use crate::args::Pull;
use crate::exit::Exit;
use crate::image_word;
use crate::invocation::{self, Invocation};
use crate::session::Session;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Pull) -> Result<Exit> {
    let options = Options {
        external: args.external,
        ignore_missing: args.ignore_missing,
        ..Options::default()
    };
    let request = args.common.request(Verb::Pull, options);
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        image_word::check_outside(&session.project, &request.references)?;
        apply_in(invocation, &session, &request, args.consent).await
    })
}
