//! Env files: `NAME=value` lines with comments, quotes and an optional `export`.
//!
//! Invariant: values are text; nothing in an env file is a template, and `$` is a character.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use windlass_model::env::{Env, EnvValue};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::read::{Item, Reader};
use crate::scalar::env_name;
use crate::source::{FileId, SourceMap, Span};
use crate::yaml::decode;

/// `env_file`: a path, a list of paths, or `{path, required}`.
pub(super) fn env_files(reader: &Reader, item: &Item, into: &mut Env) {
    for item in reader.list_or_one(item) {
        let mut parts = (None, true);
        if item.node.as_mapping().is_some() {
            reader.fields(&item, &mut parts, &[PARTS]);
        } else {
            parts.0 = Some(item.clone());
        }
        let (path, required) = parts;
        if let Some(path) = path {
            read_file(reader, &path, required, into);
        }
    }
}

type Parts = (Option<Item>, bool);

const PARTS: &[crate::read::Field<Parts>] = &[
    crate::read::Field { name: "path", read: |parts, _, i| parts.0 = Some(i.clone()) },
    crate::read::Field {
        name: "required",
        read: |parts, r, i| super::set(&mut parts.1, r.bool(i)),
    },
];

fn read_file(reader: &Reader, item: &Item, required: bool, into: &mut Env) {
    let Some(path) = reader.path(item) else { return };
    if !required && !Path::new(&path).exists() {
        return;
    }
    let env = reader.env_file(&path, || {
        let mut env = Env::new();
        if let Err((message, help)) = read_lines(reader, item, &path, &mut env) {
            reader.report(reader.error(item, "env-file", message).help(help));
        }
        env
    });
    into.extend(env.iter().map(|(name, value)| (name.clone(), value.clone())));
}

fn read_lines(reader: &Reader, item: &Item, path: &str, into: &mut Env) -> Result<(), Problem> {
    let bytes =
        windlass_files::read(Path::new(path), windlass_files::TEXT_MAX_BYTES).map_err(|error| {
            let message = format!("the env file {path} cannot be read: {error}");
            (message, "create it, or write {path: …, required: false}")
        })?;
    let text = decode(bytes)
        .map_err(|error| (format!("the env file {path}: {}", error.message), error.help))?;
    let directory = Path::new(path).parent().unwrap_or(Path::new("/")).to_path_buf();
    let file = reader.add_source(path.to_owned(), directory, text.clone());
    for finding in parse(file, &text, into, None) {
        reader.report(finding.also(item.span(), "named here"));
    }
    Ok(())
}

/// The variables of an env file that is named elsewhere than in the files of a project. `own`: of a line that has only a name, which
/// is left out where it is not there.
///
/// # Errors
///
/// What is wrong with its lines, each with its place.
pub fn env_file_text(
    name: &str,
    directory: PathBuf,
    text: &str,
    own: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, (Diagnostics, SourceMap)> {
    let (mut sources, mut found) = (SourceMap::new(), Diagnostics::default());
    let file = sources.add(name, directory, text);
    let mut env = Env::new();
    for finding in parse(file, text, &mut env, Some(own)) {
        found.push(finding);
    }
    if found.is_empty() {
        let plain =
            |(name, value): (&String, &EnvValue)| Some((name.clone(), value.reveal()?.to_owned()));
        return Ok(env.iter().filter_map(plain).collect());
    }
    Err((found, sources))
}

/// Reads all lines; later ones win.
fn parse(
    file: FileId,
    text: &str,
    into: &mut Env,
    own: Option<&BTreeMap<String, String>>,
) -> Vec<Diagnostic> {
    let mut findings = Vec::new();
    let mut entries = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let line = rest.lines().next().unwrap_or("");
        let mut next = at + rest.find('\n').map_or(rest.len(), |end| end + 1);
        let trimmed = line.trim_start();
        let start = at + line.len() - trimmed.len();
        let alone = own.and_then(|own| Some((own, env_name(name_alone(trimmed)?).ok()?)));
        if let Some((own, name)) = alone {
            // As docker does: what is not set is left out.
            let value = own.get(&name).cloned();
            entries.extend(value.map(|value| (name, EnvValue::Plain(value))));
        } else if !trimmed.is_empty() && !trimmed.starts_with('#') {
            match entry(&text[start..]) {
                Ok((name, value, length)) => {
                    entries.push((name, EnvValue::Plain(value)));
                    let after = start + length;
                    next =
                        after + text[after..].find('\n').map_or(text.len() - after, |end| end + 1);
                }
                Err((message, help)) => findings.push(
                    Diagnostic::error("env-file", message)
                        .at(Span::new(file, start, at + line.trim_end().len()), "")
                        .help(help),
                ),
            }
        }
        at = next;
    }
    into.extend(entries);
    findings
}

/// The name of a line that has nothing else.
fn name_alone(line: &str) -> Option<&str> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let name = line.split_once(" #").map_or(line, |(name, _)| name).trim();
    let is_name =
        !name.is_empty() && !name.starts_with('#') && !name.contains(['=', ':', ' ', '\t']);
    is_name.then_some(name)
}

type Problem = (String, &'static str);

/// Name, value and length of the entry at the start of `text`.
fn entry(text: &str) -> Result<(String, String, usize), Problem> {
    let line_length = text.find('\n').unwrap_or(text.len());
    let line = &text[..line_length];
    let body = line.strip_prefix("export ").map_or(line, str::trim_start);
    let offset = line.len() - body.len();
    let Some((name, _)) = body.split_once('=') else {
        return Err(("expected NAME=value".to_owned(), "write NAME= for an empty value"));
    };
    let name_text = name.trim_end();
    let name = env_name(name_text).map_err(|error| (error.message, "write NAME=value"))?;
    let value_start = offset + body.find('=').map_or(0, |at| at + 1);
    let raw = &text[value_start..];
    let blank = raw.len() - raw.trim_start_matches([' ', '\t']).len();
    let quoted = &raw[blank..];
    let start = value_start + blank;
    if let Some(quote) = quoted.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (value, length) = unquote(&quoted[1..], quote).ok_or((
            "a quote is never closed".to_owned(),
            "close it on the same or a later line",
        ))?;
        return Ok((name, value, start + 1 + length));
    }
    let plain = &line[value_start.min(line.len())..];
    let end = plain.find(" #").unwrap_or(plain.len());
    Ok((name, plain[..end].trim().to_owned(), line_length))
}

/// Text up to the closing quote, and its length with that quote. Escapes mean something in double quotes only.
fn unquote(text: &str, quote: char) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            c if c == quote => return Some((out, at + 1)),
            '\\' if quote == '"' => match chars.next()?.1 {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' => out.push('\r'),
                c @ ('"' | '\\' | '$') => out.push(c),
                c => out.extend(['\\', c]),
            },
            c => out.push(c),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_alone_are_the_callers_own() {
        let own =
            BTreeMap::from([("A".to_owned(), "x=y".to_owned()), ("B".to_owned(), "b".to_owned())]);
        let text = "A\nexport B # c\nNONE\nC=1\n# D\n";
        let found = env_file_text("x", "/".into(), text, &own).unwrap();
        let found: Vec<_> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(found, ["A=x=y", "B=b", "C=1"]);
        for wrong in ["A B", "A-B c"] {
            assert!(env_file_text("x", "/".into(), wrong, &own).is_err(), "{wrong}");
        }
        let mut env = Env::new();
        let file = SourceMap::new().add("x", "/", "A");
        assert_eq!(parse(file, "A", &mut env, None).len(), 1);
    }

    #[test]
    fn parses_lines() {
        let text = "# comment\n\nA=1\nexport B = two words # comment\nC='it # is'\nD=\"a\\nb \\\"q\\\" $x\"\n\
                    E=\nF=a#b\n  G=\"two\nlines\" # c\nH=x=y\r\nA=2\n";
        let mut env = Env::new();
        let file = SourceMap::new().add("x", "/", text);
        assert!(parse(file, text, &mut env, None).is_empty());
        let found: Vec<_> = env.iter().map(|(k, v)| (k.as_str(), v.reveal().unwrap())).collect();
        let wanted = [
            ("A", "2"),
            ("B", "two words"),
            ("C", "it # is"),
            ("D", "a\nb \"q\" $x"),
            ("E", ""),
            ("F", "a#b"),
            ("G", "two\nlines"),
            ("H", "x=y"),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn places_what_is_wrong() {
        let mut env = Env::new();
        let text = "A=1\nnonsense\n=x\nB='open\n";
        let mut sources = SourceMap::new();
        let file = sources.add("x", "/", text);
        let found = parse(file, text, &mut env, None);
        let lines: Vec<_> =
            found.iter().map(|d| sources.locate(d.primary.as_ref().unwrap().span).line).collect();
        assert_eq!(lines, [2, 3, 4]);
        assert_eq!(env.len(), 1);
    }
}
