//! `security_opt: seccomp=PATH`: an engine is told the profile itself, because it does not see the files of this machine.
//!
//! Invariant: what comes out is a word that engines know or one JSON object on one line, and is read as itself again.

use std::path::Path;

use serde_json::{Map, Value};

use crate::read::{Item, Reader};
use crate::scalar::ScalarError;

/// What the engine itself knows by a word.
const WORDS: [&str; 2] = ["builtin", "unconfined"];

/// A security option as an engine takes it.
pub(super) fn with_profile(reader: &Reader, item: &Item, option: String) -> Option<String> {
    let Some(("seccomp", value)) = option.split_once(['=', ':']) else { return Some(option) };
    if WORDS.contains(&value) {
        return Some(option);
    }
    match profile(reader, item, value) {
        Ok(profile) => Some(format!("seccomp={}", Value::Object(profile))),
        Err(message) => {
            let help = "name a file with a profile in JSON, or write seccomp=unconfined";
            reader.report(reader.scalar_error(item, ScalarError::new(message).help(help)));
            None
        }
    }
}

/// The profile that is written there, or that the file has.
fn profile(reader: &Reader, item: &Item, value: &str) -> Result<Map<String, Value>, String> {
    if value.starts_with('{') {
        let found = serde_json::from_str(value);
        return found.map_err(|error| format!("the seccomp profile is not JSON: {error}"));
    }
    let path = reader.absolute(item, value);
    let shown = crate::yaml::shorten(&path);
    let bytes = windlass_files::read(Path::new(&path), windlass_files::TEXT_MAX_BYTES)
        .map_err(|error| format!("the seccomp profile {shown} cannot be read: {error}"))?;
    serde_json::from_slice(&bytes)
        .map_err(|error| format!("the seccomp profile {shown} is not JSON: {error}"))
}
