//! Resources in long form.
//!
//! Invariant: a key means what it means in a file; of what is sensitive only that it is there is said.

use serde_json::{Map, Value, json};
use windlass::bundle::Resource;

/// What stands in the place of what is not shown.
const HIDDEN: &str = "(sensitive)";

/// Keys whose values are octal.
const MODES: &[&str] = &["mode", "parent_mode", "directory_mode", "umask"];

/// Keys that a sensitive resource keeps to itself.
const CONTENTS: &[&str] =
    &["contents", "line", "command", "env", "unless", "only_if", "start", "stop", "restart"];

pub(super) fn resource(resource: &Resource) -> Value {
    let whole = serde_json::to_value(resource).expect("invariant: a resource is plain data");
    let Value::Object(mut whole) = whole else { return Value::Null };
    if whole.remove("own_layer").is_some() {
        whole.insert("layer".to_owned(), json!("own"));
    }
    let word = resource.kind.word();
    let kind = whole.remove("kind").and_then(|mut kind| Some(kind.get_mut(word)?.take()));
    if let Some(Value::Object(kind)) = kind {
        let mut out = Map::new();
        for (key, value) in kind {
            out.extend(entry(key, value, resource.sensitive));
        }
        whole.insert(word.to_owned(), Value::Object(out));
    }
    Value::Object(whole)
}

/// A key of the wire form as a file has it.
fn entry(key: String, value: Value, is_sensitive: bool) -> Option<(String, Value)> {
    let (key, value) = match (key.as_str(), value) {
        ("content", Value::Object(content)) => match content.into_iter().next() {
            Some((form, Value::String(text))) if form == "text" => {
                ("contents".to_owned(), json!(text))
            }
            Some((form, path)) if form == "file" => ("source".to_owned(), path),
            _ => return None,
        },
        ("inputs", Value::Object(inputs)) => {
            let path = |input: Value| input.get("source").cloned().unwrap_or_default();
            let inputs = inputs.into_iter().map(|(variable, input)| (variable, path(input)));
            (key, Value::Object(inputs.collect()))
        }
        ("secrets" | "env", value) => (key, value),
        ("timeout_s", seconds) => ("timeout".to_owned(), json!(format!("{seconds}s"))),
        ("password_hash", _) => (key, json!(HIDDEN)),
        (mode, Value::Number(bits)) if MODES.contains(&mode) => {
            let bits = bits.as_u64().unwrap_or_default();
            (key, json!(format!("{bits:04o}")))
        }
        // A line for the shell, or words.
        (_, Value::Object(mut line)) if line.len() == 1 && line.contains_key("sh") => {
            (key, line.remove("sh").unwrap_or_default())
        }
        (_, Value::Object(mut line)) if line.len() == 1 && line.contains_key("argv") => {
            (key, line.remove("argv").unwrap_or_default())
        }
        (_, value) => (key, value),
    };
    let is_hidden = is_sensitive && CONTENTS.contains(&key.as_str()) && !value.is_null();
    Some((key, if is_hidden { json!(HIDDEN) } else { value }))
}
