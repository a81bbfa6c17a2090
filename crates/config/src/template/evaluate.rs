//! Evaluation: a scalar's text to a value, with cycles, misses and secrets accounted for.
//!
//! Invariant: every failure is reported exactly once, at the innermost place that caused it.

use std::ops::Range;
use std::sync::Arc;

use minijinja::{Error, ErrorKind, Value};

use super::objects::{Root, nodes};
use super::state::{Failure, Frame, State};
use super::{convert, guard, size};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::read::Path;
use crate::source::SourceMap;
use crate::yaml::{Node, Resolved, Scalar, Secrecy, Value as Yaml};

/// Templates that evaluate one another may do so this deep.
/// A failure that was reported where it was met first.
const KNOWN: &str = "";

const MAX_NESTED: usize = 48;

pub(super) fn render(
    state: &Arc<State>,
    node: &Arc<Node>,
    path: &Path,
    sources: &SourceMap,
) -> Result<Node, Diagnostics> {
    let (rendered, frame) = evaluate(state, node, &|| path.to_string(), |value| {
        // Converting may evaluate more, and that may be what brings a secret in.
        let secrecy = secrecy(state, node);
        let converted = convert::to_node(&value, node.span, secrecy.as_ref())?;
        if secrecy.is_some() == state.frame_has_secret() {
            return Ok(converted);
        }
        convert::to_node(&value, node.span, self::secrecy(state, node).as_ref())
    });
    {
        let mut inner = state.inner();
        inner.uses.args |= frame.args;
        if inner.keeps {
            inner.kept.extend(frame.vars.iter().cloned());
        }
        for name in &frame.names {
            inner.uses.names.entry(name.clone()).or_insert(node.span);
        }
    }
    let failures = std::mem::take(&mut state.inner().failures);
    match rendered {
        Some(rendered) if failures.is_empty() => Ok(rendered),
        _ => Err(place(failures, node, path, sources)),
    }
}

/// What is said of the result in progress, if a secret went into it.
fn secrecy(state: &State, node: &Node) -> Option<Arc<Secrecy>> {
    let mut inner = state.inner();
    let frame = inner.frames.last().filter(|frame| frame.secret)?;
    let (is_portable, vars) = (!frame.own && !frame.local, frame.vars.clone());
    let template = node.as_scalar().filter(|_| is_portable).map(|scalar| Arc::clone(&scalar.text));
    if template.is_some() {
        inner.kept.extend(vars);
    }
    Some(Arc::new(Secrecy { template }))
}

pub(super) fn check_vars(state: &Arc<State>, sources: &SourceMap) -> Diagnostics {
    let mut found = Diagnostics::default();
    let Some(vars) = state.inner().vars.clone() else { return found };
    state.inner().checking = true;
    let mut stack = vec![(vars, Path::root().key("vars"))];
    while let Some((node, path)) = stack.pop() {
        match &node.value {
            // Without an owner there is no `self`; whoever uses such a variable has checked it.
            Yaml::Scalar(scalar) if scalar.text.contains("self") => {}
            Yaml::Scalar(scalar) if super::Templates::is_template(scalar) => {
                value_of(state, &node, &path.to_string());
                let failures = std::mem::take(&mut state.inner().failures);
                if !failures.is_empty() {
                    found.extend(place(failures, &node, &path, sources));
                }
            }
            Yaml::Scalar(_) => {}
            Yaml::Sequence(items) => {
                let items = items.iter().enumerate();
                stack.extend(items.map(|(at, item)| (Arc::clone(item), path.index(at))));
            }
            Yaml::Mapping(map) => {
                let entries = map.entries().iter();
                stack.extend(entries.map(|entry| {
                    (Arc::clone(&entry.value), path.key(Arc::clone(&entry.key.text)))
                }));
            }
        }
    }
    found
}

/// A document node as a template value: templates in it are evaluated when they are reached. `None`: failed.
pub(super) fn value_of(state: &Arc<State>, node: &Arc<Node>, label: &str) -> Option<Value> {
    match &node.value {
        Yaml::Scalar(scalar) if super::Templates::is_template(scalar) => cached(state, node, label),
        Yaml::Scalar(scalar) => Some(plain(scalar)),
        Yaml::Sequence(items) => {
            let items = items.iter().enumerate();
            items.map(|(at, item)| value_of(state, item, &format!("{label}[{at}]"))).collect()
        }
        Yaml::Mapping(_) => Some(nodes(node, label.to_owned(), &Arc::downgrade(state))),
    }
}

/// A number keeps its spelling where a template engine would change it: `1.10` is a version.
fn plain(scalar: &Scalar) -> Value {
    match scalar.resolve() {
        Resolved::Null => Value::from(()),
        Resolved::Bool(value) => Value::from(value),
        Resolved::Integer(value) => Value::from(value),
        Resolved::Float(value) if value.to_string() == *scalar.text => Value::from(value),
        Resolved::Float(_) => Value::from(&*scalar.text),
        Resolved::LeadingZero(text) | Resolved::String(text) => Value::from(text),
    }
}

fn cached(state: &Arc<State>, node: &Arc<Node>, label: &str) -> Option<Value> {
    let key = Arc::as_ptr(node) as usize;
    let known =
        state.inner().cache.get(&key).map(|(_, value, frame)| (value.clone(), frame.clone()));
    let (value, frame) = if let Some(known) = known {
        known
    } else {
        if state.inner().failed.contains(&key) {
            state.inner().failed_again += 1;
            return None;
        }
        let (value, frame) = evaluate(state, node, &|| label.to_owned(), Ok);
        let Some(value) = value else {
            if label.starts_with("vars") && !frame.own {
                state.inner().failed.insert(key);
            }
            return None;
        };
        // What `self` is changes from owner to owner, so only variables are kept.
        if label.starts_with("vars") && !frame.own {
            let entry = (Arc::clone(node), value.clone(), frame.clone());
            state.inner().cache.insert(key, entry);
        }
        (value, frame)
    };
    if let Some(parent) = state.inner().frames.last_mut() {
        parent.absorb(&frame);
    }
    Some(value)
}

/// Why a text could not be evaluated; the range is in the text.
struct Refusal {
    range: Option<Range<usize>>,
    reason: Reason,
}

enum Reason {
    /// It was not tried.
    Guard {
        message: String,
        help: &'static str,
    },
    TooLarge,
    Engine(Error),
}

/// `finish` runs while the evaluation still counts as in progress, so that what it uses is recorded too.
fn evaluate<T>(
    state: &Arc<State>,
    node: &Arc<Node>,
    label: &dyn Fn() -> String,
    finish: impl FnOnce(Value) -> Result<T, String>,
) -> (Option<T>, Frame) {
    let Some(scalar) = node.as_scalar() else { return (None, Frame::default()) };
    if let Err(found) = begin(state, node, label) {
        state.fail(found);
        return (None, Frame::default());
    }
    let failures_before = state.failures();
    let result = run(state, &scalar.text).map(finish);
    let frame = {
        let mut inner = state.inner();
        inner.evaluating.pop();
        inner.frames.pop().unwrap_or_default()
    };
    // What failed inside is the cause, and was noted there.
    if state.failures() > failures_before {
        return (None, frame);
    }
    let found = match result {
        Ok(Ok(value)) => return (Some(value), frame),
        Ok(Err(message)) => failure(node, "template", message),
        Err(refusal) => explain(state, node, refusal, frame.secret),
    };
    state.fail(found);
    (None, frame)
}

/// Notes that a scalar is being evaluated; refuses a circle.
fn begin(state: &State, node: &Arc<Node>, label: &dyn Fn() -> String) -> Result<(), Failure> {
    let mut inner = state.inner();
    if let Some(at) = inner.evaluating.iter().position(|(other, ..)| Arc::ptr_eq(other, node)) {
        let known = inner.circular.contains_key(&(Arc::as_ptr(node) as usize));
        let members = inner.evaluating.iter().skip(at);
        let members = members.map(|(one, ..)| (Arc::as_ptr(one) as usize, Arc::clone(one)));
        let members: Vec<_> = members.collect();
        inner.circular.extend(members);
        let circle = inner.evaluating.get(at..).unwrap_or_default();
        let mut names: Vec<_> = circle.iter().map(|(_, name, _)| name.clone()).collect();
        names.extend(names.first().cloned());
        let steps = circle.iter().zip(names.windows(2)).skip(1);
        let related =
            steps.map(|((.., span), pair)| (*span, format!("{} needs {}", pair[0], pair[1])));
        let related = related.collect();
        let place = circle.first().map(|(_, name, _)| name.clone()).unwrap_or_default();
        let message = format!("templates refer to one another in a circle: {}", names.join(" → "));
        return Err(Failure {
            node: Some(Arc::clone(node)),
            range: None,
            code: if known { KNOWN } else { "template-cycle" },
            message,
            help: Some(format!("write a value for one of them, such as {place}")),
            related,
        });
    }
    if inner.evaluating.len() >= MAX_NESTED {
        let message = format!("templates refer to one another over more than {MAX_NESTED} steps");
        return Err(failure(node, "template", message));
    }
    if inner.evaluating.is_empty() {
        inner.missing = None;
        inner.lookups = 0;
    }
    inner.evaluating.push((Arc::clone(node), label(), node.span));
    inner.frames.push(Frame::default());
    Ok(())
}

/// Runs a text: as one expression if it is nothing else. The offset is where the expression starts in the text.
fn run(state: &Arc<State>, text: &str) -> Result<Value, Refusal> {
    let root = || Value::from_object(Root(Arc::downgrade(state)));
    let refuse = |error: Error, offset: usize| Refusal {
        range: error.range().map(|range| range.start + offset..range.end + offset),
        reason: Reason::Engine(error),
    };
    guard::check(text).map_err(|guard::Refusal { range, message, help }| Refusal {
        range: Some(range),
        reason: Reason::Guard { message, help },
    })?;
    if let Some((offset, inner)) = sole_expression(text) {
        match state.environment.compile_expression_owned(inner.to_owned()) {
            Ok(expression) => {
                let value = expression.eval(root()).map_err(|error| refuse(error, offset))?;
                if !value.is_undefined() {
                    return within_limits(state, value);
                }
                let start = offset + inner.len() - inner.trim_start().len();
                let range = Some(start..start + inner.trim().len());
                let error = Error::from(ErrorKind::UndefinedError);
                return Err(Refusal { range, reason: Reason::Engine(error) });
            }
            Err(error) if !inner.contains("}}") => return Err(refuse(error, offset)),
            Err(_) => {}
        }
    }
    let template = state.environment.template_from_named_str("template", text);
    let template = template.map_err(|error| refuse(error, 0))?;
    let mut out = size::Text::default();
    match template.render_captured_to(root(), &mut out).map(|_| ()) {
        Err(_) if out.is_full.get() => Err(Refusal { range: None, reason: Reason::TooLarge }),
        Err(error) => Err(refuse(error, 0)),
        Ok(()) => within_limits(state, Value::from(String::from_utf8_lossy(&out.bytes).as_ref())),
    }
}

/// The value, if neither it nor all values together are too large.
fn within_limits(state: &State, value: Value) -> Result<Value, Refusal> {
    match size::weigh(&value) {
        Some(bytes) if state.spend(bytes) => Ok(value),
        _ => Err(Refusal { range: None, reason: Reason::TooLarge }),
    }
}

/// What is between the braces, and where that begins, if there is nothing beside them: white space is text like any other.
pub(super) fn sole_expression(text: &str) -> Option<(usize, &str)> {
    let inner = text.strip_prefix("{{")?.strip_suffix("}}")?;
    let dashed = inner.strip_prefix('-');
    let offset = 2 + usize::from(dashed.is_some());
    let inner = dashed.unwrap_or(inner);
    Some((offset, inner.strip_suffix('-').unwrap_or(inner)))
}

fn failure(node: &Arc<Node>, code: &'static str, message: String) -> Failure {
    let node = Some(Arc::clone(node));
    Failure { node, range: None, code, message, help: None, related: Vec::new() }
}

/// The template engine's error in our words. With a secret at hand its details are withheld.
#[expect(clippy::wildcard_enum_match_arm, reason = "the template engine's enum is open")]
fn explain(state: &State, node: &Arc<Node>, refusal: Refusal, secret: bool) -> Failure {
    let Refusal { range, reason } = refusal;
    let error = match reason {
        Reason::Engine(error) => error,
        Reason::Guard { message, help } => {
            let help = Some(help.to_owned());
            return Failure { range, help, ..failure(node, "template", message) };
        }
        Reason::TooLarge => {
            let help = Some("write it into a file, or leave some of it out".to_owned());
            return Failure {
                range,
                help,
                ..failure(node, "template", size::TOO_LARGE.to_owned())
            };
        }
    };
    let detail = error.detail().filter(|_| !secret);
    let or = |words: &str| detail.map_or_else(|| words.to_owned(), str::to_owned);
    let mut help = None;
    let (code, message) = match error.kind() {
        ErrorKind::UndefinedError => {
            let missing = state.inner().missing.take();
            help = missing.as_ref().and_then(|missing| missing.help.clone());
            let message = match missing {
                Some(missing) if missing.scope.is_empty() => {
                    format!("unknown name \"{}\" in a template", missing.name)
                }
                Some(missing) => format!("\"{}\" has no \"{}\"", missing.scope, missing.name),
                None => "a template uses a value that is not defined".to_owned(),
            };
            ("undefined", message)
        }
        ErrorKind::SyntaxError => {
            help = Some(
                "write {% raw %}…{% endraw %} around braces that are not a template".to_owned(),
            );
            ("template-syntax", format!("a template cannot be understood: {}", or("syntax error")))
        }
        ErrorKind::OutOfFuel => ("template", "a template runs for too long".to_owned()),
        ErrorKind::UnknownFilter | ErrorKind::UnknownTest | ErrorKind::UnknownFunction => {
            help = unknown_filter(&error, node, range.as_ref());
            ("template", or("a template uses a filter that does not exist"))
        }
        _ => ("template", format!("a template failed: {}", or("invalid operation"))),
    };
    Failure { node: Some(Arc::clone(node)), range, code, message, help, related: Vec::new() }
}

fn unknown_filter(error: &Error, node: &Node, range: Option<&Range<usize>>) -> Option<String> {
    if error.kind() != ErrorKind::UnknownFilter {
        return None;
    }
    let text = &node.as_scalar()?.text;
    let part = text.get(range?.clone())?;
    let word = part.rsplit('|').next().unwrap_or(part).trim();
    let word = word.split('(').next().unwrap_or(word).trim();
    let known = super::filters::NAMES.iter().copied();
    Some(match crate::read::suggest(word, known.clone()) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => format!("filters are {}", known.collect::<Vec<_>>().join(", ")),
    })
}

/// Failures with their places. A failure in another scalar also says which template asked for it.
fn place(
    failures: Vec<Failure>,
    asked: &Arc<Node>,
    path: &Path,
    sources: &SourceMap,
) -> Diagnostics {
    let mut found = Diagnostics::default();
    for failure in failures.into_iter().filter(|failure| failure.code != KNOWN) {
        let node = failure.node.as_ref().unwrap_or(asked);
        let text = sources.get(node.span.file).map_or("", |file| file.text());
        let span = failure.range.map_or(node.span, |range| node.place(text, range));
        let own = Arc::ptr_eq(node, asked);
        let mut one = Diagnostic::error(failure.code, failure.message)
            .at(span, "")
            .maybe_help(failure.help)
            .in_path(if own { path.to_string() } else { String::new() });
        for (span, label) in failure.related {
            one = one.also(span, label);
        }
        found.push(one);
    }
    found
}
