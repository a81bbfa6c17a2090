//! `windlass kill`.
//!
//! Invariant: only words become options here; the planner decides.

use windlass::model::request::{Options, Verb};

use crate::apply::apply;
use crate::args::Kill;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Kill) -> Result<Exit> {
    let signal = args.signal.to_uppercase();
    let is_named = signal.starts_with("SIG") || signal.bytes().all(|byte| byte.is_ascii_digit());
    let signal = if is_named { signal } else { format!("SIG{signal}") };
    let options = Options { signal: Some(signal), ..Options::default() };
    apply(invocation, &args.common.request(Verb::Kill, options), args.consent)
}
