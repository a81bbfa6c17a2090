//! The template engine's settings and filters.
//!
//! Invariant: filters are pure: no clock, no randomness, no files.

use std::fmt::Write as _;
use std::path::Path;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Value, ValueKind};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior};
use windlass_model::Digest;

use super::size::{MAX_TEXT, Text};

/// Steps that one template may take.
const FUEL: u64 = 200_000;

/// Filters that messages suggest: ours and the common ones of the engine.
pub(super) const NAMES: &[&str] = &[
    "absolute",
    "basename",
    "base64",
    "default",
    "dirname",
    "first",
    "from_json",
    "int",
    "items",
    "join",
    "join_path",
    "json",
    "last",
    "length",
    "list",
    "lower",
    "quote",
    "replace",
    "sha256",
    "sort",
    "split",
    "title",
    "trim",
    "unique",
    "upper",
    "urlencode",
    "words",
];

pub(super) fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    environment.set_recursion_limit(64);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    // `{#` is the shell's (`${#name}`), so comments get delimiters that nobody writes.
    let syntax = SyntaxConfig::builder()
        .comment_delimiters("{#--windlass", "windlass--#}")
        .keep_trailing_newline(true)
        .build();
    environment.set_syntax(syntax.expect("invariant: the delimiters are distinct"));
    environment.set_formatter(|out, state, value| {
        if value.kind() == ValueKind::Bool {
            return write!(out, "{}", value.is_true()).map_err(Error::from);
        }
        if value.is_none() {
            return Ok(());
        }
        minijinja::escape_formatter(out, state, value)
    });
    bound(&mut environment);
    environment.add_filter("quote", quote);
    environment.add_filter("words", |text: String| words(&text));
    environment.add_filter("basename", |path: String| last_part(&path).to_owned());
    environment.add_filter("dirname", dirname);
    environment.add_filter("join_path", |path: String, more: String| {
        Path::new(&path).join(more).to_string_lossy().into_owned()
    });
    environment.add_filter("absolute", |path: String, base: String| {
        crate::read::clean(&Path::new(&base).join(path))
    });
    environment.add_filter("json", json);
    environment.add_filter("from_json", |text: String| from_json(&text));
    environment.add_filter("sha256", |text: String| sha256(text.as_bytes()));
    environment.add_filter("base64", |text: String| base64(text.as_bytes()));
    environment.add_filter("urlencode", |text: String| urlencode(&text));
    environment
}

/// What makes much out of little, within limits.
fn bound(environment: &mut Environment<'_>) {
    // Whoever needs one has `vars`.
    environment.remove_global("namespace");
    environment.remove_global("debug");
    for unbounded in ["batch", "slice", "format", "pprint", "indent"] {
        environment.remove_filter(unbounded);
    }
    environment.add_filter("replace", |text: String, from: String, to: String| {
        let times = text.matches(&from).count();
        fits(text.len().saturating_add(times.saturating_mul(to.len())))?;
        Ok::<_, Error>(text.replace(&from, &to))
    });
    environment.add_filter("join", |list: &Value, between: Option<String>| {
        let between = between.unwrap_or_default();
        let mut out = String::new();
        for (index, item) in list.try_iter()?.enumerate() {
            if index > 0 {
                out.push_str(&between);
            }
            match item.as_str() {
                Some(text) => out.push_str(text),
                None => out.push_str(&item.to_string()),
            }
            fits(out.len())?;
        }
        Ok::<_, Error>(out)
    });
    environment.add_filter("indent", |text: String, width: usize, first: Option<bool>| {
        fits(width.saturating_mul(text.lines().count()).saturating_add(text.len()))?;
        let margin = " ".repeat(width);
        let lines = text.split('\n').enumerate().map(|(index, line)| {
            let is_indented = !line.is_empty() && (index > 0 || first == Some(true));
            format!("{}{line}", if is_indented { margin.as_str() } else { "" })
        });
        Ok::<_, Error>(lines.collect::<Vec<_>>().join("\n"))
    });
}

fn fits(bytes: usize) -> Result<(), Error> {
    if bytes <= MAX_TEXT {
        return Ok(());
    }
    Err(Error::new(ErrorKind::InvalidOperation, "the text would have more than 1 MiB"))
}

/// A list is quoted word by word.
fn quote(value: &Value) -> Result<String, Error> {
    if matches!(value.kind(), ValueKind::Seq) {
        let words = value.try_iter()?.map(|word| crate::scalar::quote(&word.to_string()));
        return Ok(words.collect::<Vec<_>>().join(" "));
    }
    Ok(crate::scalar::quote(&value.to_string()))
}

fn words(text: &str) -> Result<Vec<String>, Error> {
    crate::scalar::split_words(text)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, error.message))
}

fn last_part(path: &str) -> &str {
    path.trim_end_matches('/').rsplit('/').next().unwrap_or("")
}

fn dirname(path: String) -> String {
    match Path::new(&path).parent() {
        Some(parent) if parent.as_os_str().is_empty() => ".".to_owned(),
        Some(parent) => parent.to_string_lossy().into_owned(),
        None => path,
    }
}

fn json(value: &Value) -> Result<String, Error> {
    let mut text = Text::default();
    match serde_json::to_writer(&mut text, value) {
        Ok(()) => Ok(String::from_utf8_lossy(&text.bytes).into_owned()),
        Err(_) if text.is_full.get() => fits(usize::MAX).map(|()| String::new()),
        Err(error) => Err(Error::new(ErrorKind::BadSerialization, error.to_string())),
    }
}

fn from_json(text: &str) -> Result<Value, Error> {
    let value: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Error::new(ErrorKind::InvalidOperation, format!("not JSON: {error}")))?;
    Ok(Value::from(minijinja::value::Serde(value)))
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    Digest::from_bytes(&sha2::Sha256::digest(bytes)).0
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
        let word = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * place)) as usize & 63];
            out.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

fn urlencode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let environment = environment();
        for (template, expected) in [
            ("{{ 'a b' | quote }}", "'a b'"),
            ("{{ ['a b', 'c'] | quote }}", "'a b' c"),
            ("{{ 'a \"b c\"' | words | length }}", "2"),
            ("{{ '/a/b.txt' | basename }} {{ '/a/b.txt' | dirname }}", "b.txt /a"),
            ("{{ 'a' | join_path('b') }} {{ '../x' | absolute('/a/b') }}", "a/b /a/x"),
            ("{{ {'a': [1, true, none]} | json }}", "{\"a\":[1,true,null]}"),
            ("{{ ('{\"a\": 3}' | from_json).a }}", "3"),
            (
                "{{ 'abc' | sha256 }}",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            ("{{ '' | base64 }}{{ 'f' | base64 }} {{ 'foobar' | base64 }}", "Zg== Zm9vYmFy"),
            ("{{ 'a b/ü' | urlencode }}", "a%20b%2F%C3%BC"),
            ("{{ true }} {{ 1.5 }} {{ 3 > 4 }}", "true 1.5 false"),
            (
                "${#x} ${y} {# no comment #} $(z)\n{{ 1 }}\n",
                "${#x} ${y} {# no comment #} $(z)\n1\n",
            ),
            ("{% raw %}{{.Id}}{% endraw %}", "{{.Id}}"),
            ("{% for x in [1,2] %}{{ x }},{% endfor %}", "1,2,"),
        ] {
            let found = environment.render_str(template, ()).map_err(|error| error.to_string());
            assert_eq!(found.as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn endless_loops_run_out_of_fuel() {
        let found = environment().render_str(
            "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}",
            (),
        );
        assert_eq!(found.unwrap_err().kind(), ErrorKind::OutOfFuel);
    }
}
