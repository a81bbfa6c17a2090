//! YAML: plain data as a file that people read.
//!
//! Invariant: what is written reads back as the same data; a string never becomes anything else.

use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::escape;

/// The data as block style YAML.
pub(crate) fn emit(value: &Value) -> String {
    if value.as_object().is_some_and(|map| !map.is_empty()) {
        return emit_with(value, &BTreeMap::new());
    }
    let mut out = String::new();
    push_value(&mut out, value, 0);
    out
}

/// A mapping with lines above some of what is in the sections of the root, as comments: by `section.key`.
pub(crate) fn emit_with(value: &Value, comments: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::new();
    for (section, value) in value.as_object().into_iter().flatten() {
        let inner = value.as_object().filter(|inner| !inner.is_empty());
        let Some(inner) = inner else {
            push_value(&mut out, &Map::from_iter([(section.clone(), value.clone())]).into(), 0);
            continue;
        };
        let _ = writeln!(out, "{}:", string(section));
        for (key, value) in inner {
            for line in comments.get(&format!("{section}.{key}")).into_iter().flatten() {
                let _ = writeln!(out, "  # {}", escape::line(line));
            }
            push_value(&mut out, &Map::from_iter([(key.clone(), value.clone())]).into(), 2);
        }
    }
    out
}

fn push_value(out: &mut String, value: &Value, indent: usize) {
    let space = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                let _ = write!(out, "{space}{}:", string(key));
                push_child(out, value, indent + 2);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{space}-");
                if item.as_object().is_some_and(|map| !map.is_empty()) {
                    let mut inner = String::new();
                    push_value(&mut inner, item, indent + 2);
                    // The first key stands beside the dash.
                    out.push(' ');
                    out.push_str(inner.trim_start_matches(' '));
                } else {
                    push_child(out, item, indent + 2);
                }
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => {
            out.push_str(&scalar(value, indent));
            out.push('\n');
        }
    }
}

/// What stands after `key:` or `-`.
fn push_child(out: &mut String, value: &Value, indent: usize) {
    let is_nested = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) if items.iter().all(is_short) && !items.is_empty() => {
            let items: Vec<_> = items.iter().map(|item| scalar(item, 0)).collect();
            let _ = writeln!(out, " [{}]", items.join(", "));
            return;
        }
        Value::Array(items) => !items.is_empty(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    };
    if is_nested {
        out.push('\n');
        push_value(out, value, indent);
    } else {
        let _ = writeln!(out, " {}", scalar(value, indent));
    }
}

fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= 40 && !text.contains('\n'),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

fn scalar(value: &Value, indent: usize) -> String {
    match value {
        Value::String(text) if is_block(text) && indent > 0 => block(text, indent),
        Value::String(text) => string(text),
        Value::Array(_) => "[]".to_owned(),
        Value::Object(_) => "{}".to_owned(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// Whether a text is best written as lines below its key.
fn is_block(text: &str) -> bool {
    text.ends_with('\n')
        && !text.ends_with("\n\n")
        && text.len() > 1
        && !text.starts_with([' ', '\n', '\t'])
        && text.chars().all(|c| c == '\n' || !escape::is_unsafe(c))
}

fn block(text: &str, indent: usize) -> String {
    let space = " ".repeat(indent);
    let lines: Vec<_> = text
        .trim_end_matches('\n')
        .split('\n')
        .map(|line| if line.is_empty() { String::new() } else { format!("{space}{line}") })
        .collect();
    format!("|\n{}", lines.join("\n"))
}

/// Plain where that is safe in every reading of YAML, else in double quotes.
fn string(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if escape::is_unsafe(c) => {
                let code = u32::from(c);
                let _ = match code {
                    0..=0xff => write!(out, "\\x{code:02x}"),
                    0x100..=0xffff => write!(out, "\\u{code:04x}"),
                    0x1_0000.. => write!(out, "\\U{code:08x}"),
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

fn is_plain(text: &str) -> bool {
    const WORDS: [&str; 12] =
        ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "~", "nan", "inf"];
    let Some(first) = text.chars().next() else {
        return false;
    };
    let simple = text.chars().all(|c| {
        c.is_ascii_alphanumeric()
            || matches!(c, '_' | '-' | '.' | '/' | ' ' | '+' | '=' | '@')
            || (c == ':' && !text.contains(": ") && !text.ends_with(':'))
    });
    simple
        && (first.is_ascii_alphabetic() || first == '/')
        && !text.ends_with(' ')
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn emits() {
        let value = json!({
            "name": "shop",
            "containers": {
                "web": {
                    "image": "nginx:1.25",
                    "command": ["sh", "-c", "echo: \"hi\""],
                    "ports": [{"target": 80, "published": 8080}, {"target": 81}],
                    "env": {"ON": "yes", "N": "1", "EMPTY": "", "ESC": "\u{1b}[2J"},
                    "text": "a\n\nb\n",
                    "none": [], "nothing": {}, "null": null,
                },
            },
        });
        assert_eq!(emit(&json!({})), "{}\n");
        assert_eq!(
            emit(&value),
            "\
name: shop
containers:
  web:
    image: nginx:1.25
    command: [sh, \"-c\", \"echo: \\\"hi\\\"\"]
    ports:
      - target: 80
        published: 8080
      - target: 81
    env:
      \"ON\": \"yes\"
      \"N\": \"1\"
      EMPTY: \"\"
      ESC: \"\\x1b[2J\"
    text: |
      a

      b
    none: []
    nothing: {}
    \"null\": null
"
        );
    }
}
