//! Makes errors of what goes wrong between us and an engine.
//!
//! Invariant: no request body, query or header is ever part of an error; the engine's own words
//! are, unescaped, so whoever shows them must escape them.

use std::error::Error as _;
use std::io;
use std::time::Duration;

use windlass_model::fault::Fault;

use super::classify;
use super::transport::{DialError, SshFailed};
use crate::error::EngineError;

/// A reply that is no valid answer of an engine.
pub(crate) fn malformed(label: &str, what: &str) -> EngineError {
    EngineError::new(Fault::Malformed, format!("{what} ({label})"))
}

/// A stream that ended before it was complete.
pub(crate) fn cut(label: &str) -> EngineError {
    EngineError::new(Fault::ReplyLost, format!("the reply to {label} ended too early"))
}

pub(crate) fn too_large(label: &str, limit: usize) -> EngineError {
    malformed(label, &format!("the reply holds more than {limit} bytes in one piece"))
}

pub(crate) fn deadline(label: &str, after: Duration) -> EngineError {
    let seconds = after.as_secs_f32();
    let message = format!("no reply to {label} within {seconds} s");
    EngineError::new(Fault::DeadlineExceeded, message)
}

/// Nothing was sent, because there is no connection.
pub(crate) fn dial(address: &str, source: DialError) -> EngineError {
    let (fault, message) = if source.is_permission() {
        (Fault::PermissionDenied, format!("no permission to use the engine at {address}"))
    } else {
        (Fault::Unreachable, format!("the engine at {address} cannot be reached"))
    };
    EngineError::new(fault, message).with_source(source)
}

/// Nothing at all was answered to a ping.
pub(crate) fn silent(address: &str, after: Duration) -> EngineError {
    let seconds = after.as_secs_f32();
    let message = format!("what listens at {address} gave no answer within {seconds} s");
    EngineError::new(Fault::Unreachable, message)
}

/// A ping that failed. It changes nothing, so that nothing is unknown: there is no engine to work
/// with.
pub(crate) fn no_engine(address: &str, source: EngineError) -> EngineError {
    let says_all = [Fault::Unreachable, Fault::PermissionDenied, Fault::TooOldApi];
    let is_ill = [Fault::ReplyLost, Fault::DeadlineExceeded, Fault::Other];
    if says_all.contains(&source.fault) {
        source
    } else if is_ill.contains(&source.fault) {
        let message = format!("the engine at {address} cannot answer a ping");
        EngineError::new(Fault::Unreachable, message).with_source(source)
    } else {
        let message = format!("what answers at {address} is no Docker engine");
        EngineError::new(Fault::Malformed, message).with_source(source)
    }
}

/// A reply whose status tells of a failure.
pub(crate) fn reply(label: &str, status: u16, content_type: &str, body: &[u8]) -> EngineError {
    let (fault, message) = classify::reply(label, status, content_type, body);
    let message = if message.is_empty() {
        format!("{label} was answered with status {status}")
    } else {
        message
    };
    EngineError::new(fault, message)
}

/// An error that a stream carried although its status was good.
pub(crate) fn in_stream(label: &str, message: &str) -> EngineError {
    EngineError::new(classify::stream(label, message), message)
}

/// The connection failed after the request was given to it.
pub(crate) fn transfer(label: &str, source: hyper::Error) -> EngineError {
    let (fault, message) = if source.is_user() {
        (Fault::Other, format!("what {label} sends could not be read"))
    } else if source.is_parse() {
        (Fault::Malformed, format!("what answered {label} does not speak HTTP as engines do"))
    } else if holds_ssh_failure(&source) {
        (Fault::Unreachable, "the engine cannot be reached".to_owned())
    } else {
        (Fault::ReplyLost, format!("the reply to {label} was lost"))
    };
    EngineError::new(fault, message).with_source(source)
}

fn holds_ssh_failure(error: &hyper::Error) -> bool {
    let mut next = error.source();
    while let Some(source) = next {
        if let Some(io) = source.downcast_ref::<io::Error>()
            && let Some(inner) = io.get_ref()
            && inner.is::<SshFailed>()
        {
            return true;
        }
        next = source.source();
    }
    false
}
