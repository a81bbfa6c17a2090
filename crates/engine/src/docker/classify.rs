//! Finds what kind of failure a reply tells of.
//!
//! Invariant: the status alone never decides where engines are known to disagree; the words do,
//! and words that nobody has seen before still give a fault from the status.

mod words;

use serde::Deserialize;
use windlass_model::fault::Fault;

/// How much of a reply that is no engine's is shown.
const FOREIGN_LIMIT: usize = 200;

/// Docker sends `message`; podman adds the words of the innermost failure as `cause`.
#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    cause: Option<String>,
}

/// Method and path of a call, for what its failure means: `POST /containers/abc/start`.
#[derive(Clone, Copy)]
struct Target<'a> {
    path: &'a str,
}

impl<'a> Target<'a> {
    fn of(label: &'a str) -> Self {
        Self { path: label.split_once(' ').map_or(label, |(_, path)| path) }
    }

    fn is_about(self, kind: &str) -> bool {
        self.path
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(kind))
            .is_some_and(|rest| rest.starts_with('/') || rest.is_empty())
    }

    /// `abc` of `/containers/abc/start`; none of `/containers/create`.
    fn object(self) -> Option<&'a str> {
        self.path.split('/').nth(2).filter(|part| !matches!(*part, "create" | "json"))
    }
}

/// The fault and the engine's words for a reply whose status is not a success.
pub(super) fn reply(label: &str, status: u16, content_type: &str, body: &[u8]) -> (Fault, String) {
    let target = Target::of(label);
    let text = String::from_utf8_lossy(body);
    let trimmed = text.trim();
    if content_type.starts_with("text/html") || trimmed.starts_with('<') {
        return (
            Fault::Malformed,
            format!("a web page came instead of an answer: {}", head(&seen(trimmed))),
        );
    }
    let parsed = serde_json::from_str(trimmed).or_else(|_| serde_json::from_str(&seen(trimmed)));
    let (message, cause) = match parsed {
        Ok(Body { message, cause }) => (message.unwrap_or_default(), cause.unwrap_or_default()),
        Err(_) => (head(&seen(trimmed)), String::new()),
    };
    let fault = words::fault(target, &message)
        .or_else(|| words::fault(target, &cause))
        .unwrap_or_else(|| by_status(target, status, &message));
    (fault, message)
}

/// The fault of an error inside a stream, where no status helps.
pub(super) fn stream(label: &str, message: &str) -> Fault {
    let target = Target::of(label);
    if target.is_about("build") {
        return words::build_fault(target, message).unwrap_or(Fault::BuildFailed);
    }
    words::fault(target, message).unwrap_or(Fault::Other)
}

/// JSON whose texts hold control characters as they are, which JSON forbids: as JSON, without them.
fn seen(text: &str) -> String {
    let seen = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    text.chars().map(seen).collect()
}

fn head(text: &str) -> String {
    text.chars().take(FOREIGN_LIMIT).collect()
}

/// The last resort, which also knows whether a 404 means the object or the whole path.
fn by_status(target: Target<'_>, status: u16, message: &str) -> Fault {
    let no_path = ["", "page not found", "not found"];
    match status {
        400 => Fault::Invalid,
        404 if no_path.contains(&message.to_lowercase().as_str()) => Fault::Unsupported,
        404 => Fault::NotFound,
        405 | 501 => Fault::Unsupported,
        // What it is asked there is for the registry to answer.
        401 | 403 if target.is_about("distribution") => Fault::RegistryDenied,
        401 | 403 => Fault::PermissionDenied,
        409 if target.is_about("containers") => Fault::WrongState,
        502..=504 => Fault::Unreachable,
        _ => Fault::Other,
    }
}

#[cfg(test)]
mod tests;
