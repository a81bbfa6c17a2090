//! Failures: why a step did not do what it should.
//!
//! Invariant: a message is a lowercase fragment of one line; what may be long is in `detail`.

use std::error::Error as _;
use windlass_bundle::{Bundle, ResourceError};
use windlass_engine::EngineError;
use windlass_model::fault::Fault;
use windlass_model::mask::Mask;
use windlass_model::report::{Failure, FailureKind};

/// What an engine answered, or that it did not.
pub(crate) fn from_engine(error: EngineError) -> Failure {
    let mut detail = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        detail.push(cause.to_string());
        source = cause.source();
    }
    detail.extend(error.detail);
    Failure { detail, ..engine(error.fault, error.message) }
}

pub(crate) fn engine(fault: Fault, message: impl Into<String>) -> Failure {
    of(FailureKind::Engine(fault), message)
}

/// Without the values of secrets.
pub(crate) fn masked(mask: &Mask, mut failure: Failure) -> Failure {
    let Failure { kind: _, message, detail, help } = &mut failure;
    detail.iter_mut().chain([message]).chain(help).for_each(|text| mask.apply(text));
    failure
}

/// Something on this machine.
pub(crate) fn local(message: impl Into<String>) -> Failure {
    of(FailureKind::Local, message)
}

/// The same, with the whole chain of causes: the first of them only says what was tried.
pub(crate) fn from_local(error: &dyn std::error::Error) -> Failure {
    let mut failure = local(error.to_string());
    let mut source = error.source();
    while let Some(cause) = source {
        failure.message = format!("{}: {cause}", failure.message);
        source = cause.source();
    }
    failure
}

/// The first thing that is wrong with resources, at its place, and what helps; where nothing is named, `otherwise`.
pub(crate) fn from_resources(
    bundle: &Bundle,
    errors: &[ResourceError],
    otherwise: &str,
) -> Failure {
    let Some(first) = errors.first() else { return local(otherwise) };
    let mut all = bundle.resources.iter();
    let index = first.index().or_else(|| all.position(|one| one.id() == first.id));
    let kind = index.map_or(FailureKind::Local, |index| FailureKind::BuildStep {
        line: index + 1,
        command: Some(index),
        code: first.exit_code().map(i64::from),
    });
    let (message, detail) = (first.to_string(), first.said().to_vec());
    Failure { kind, message, detail, help: first.help.clone() }
}

/// The object is not what it was when the plan was made.
pub(crate) fn stale(message: impl Into<String>) -> Failure {
    of(FailureKind::Stale, message)
}

pub(crate) fn of(kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { kind, message: message.into(), detail: Vec::new(), help: None }
}
