//! `authentication`: logins of registries.
//!
//! Invariant: a password that stands in the file is never shown, and never used: the native format has secrets for it.

use std::sync::Arc;

use super::dialect::Harpoon;
use super::formatted::verbatim;
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{Made, entries, get};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::{Entry, Node};

const LOG_IN: &str =
    "log in by `windlass login REGISTRY`, or write `password: \"{NAME:from_env}\"`";

/// Where passwords stand, which no excerpt shall show.
pub(crate) fn credentials(root: &Node) -> Vec<Span> {
    let mut spans = Vec::new();
    let Some(section) = get(root, "authentication") else { return spans };
    for registry in entries(&section.value) {
        for way in entries(&registry.value) {
            let password = get(&way.value, "password").map(|entry| &entry.value);
            let literal = password
                .filter(|node| node.as_scalar().is_some_and(|text| !text.text.starts_with('{')));
            spans.extend(literal.map(|node| node.span));
        }
    }
    spans
}

/// The registries of the default engine, and the secrets that they need.
pub(super) fn put_into(harpoon: &Harpoon<'_>, root: &mut Made) {
    let Some(section) = get(&harpoon.root, "authentication") else { return };
    let trail = Trail::default().key("authentication");
    let subject = Subject::new(harpoon, &harpoon.root, "", section.key.span);
    let (mut registries, mut secrets) =
        (Made::at(section.value.span), Made::at(section.value.span));
    for registry in entries(&section.value) {
        let trail = trail.key(&registry.key.text);
        harpoon.check_keys(&registry.value, &trail, &["reading", "writing"]);
        let of = |way: &str| get(&registry.value, way).and_then(|way| login(&subject, way, &trail));
        let (reading, writing) = (of("reading"), of("writing"));
        let Some(first) = reading.as_ref().or(writing.as_ref()) else { continue };
        let mut made = first.fields(registry.value.span);
        if let Some(writing) = writing.as_ref().filter(|_| reading.is_some()) {
            made.set("push", writing.fields(registry.value.span).node());
        }
        for login in [&reading, &writing].into_iter().flatten() {
            let mut source = Made::at(login.span);
            source.set("env", verbatim(login.span, &login.variable));
            secrets.put(&login.secret(), login.span, source.node());
        }
        registries.put(&registry.key.text, registry.key.span, made.node());
    }
    if registries.is_empty() {
        return;
    }
    let (mut engine, mut engines) = (Made::at(section.key.span), Made::at(section.key.span));
    engine.set("registries", registries.node());
    engines.set("default", engine.node());
    root.put("engines", section.key.span, engines.node());
    root.put("secrets", section.key.span, secrets.node());
}

struct Login {
    username: Arc<Node>,
    /// The variable that has the password.
    variable: String,
    span: Span,
}

impl Login {
    fn secret(&self) -> String {
        self.variable.to_lowercase()
    }

    fn fields(&self, span: Span) -> Made {
        let mut made = Made::at(span);
        made.set("username", Arc::clone(&self.username));
        made.set("password", verbatim(self.span, &self.secret()));
        made
    }
}

/// A login by a password of the environment; another one is said to be none.
fn login(subject: &Subject<'_>, way: &Entry, trail: &Trail) -> Option<Login> {
    let trail = trail.key(&way.key.text);
    let harpoon = subject.harpoon;
    let how =
        get(&way.value, "use").and_then(|entry| Some(entry.value.as_scalar()?.text.to_string()));
    if let Some(how @ ("kms" | "s3_slip")) = how.as_deref() {
        let why = format!("windlass asks no service of AWS for a login (`{how}`)");
        harpoon.unsupported(way, &trail, &why, LOG_IN);
        return None;
    }
    harpoon.check_keys(&way.value, &trail, &["use", "username", "password"]);
    let password = get(&way.value, "password")?;
    let username = get(&way.value, "username")?;
    let username = subject.formatted(&username.value, &trail.key("username"))?;
    let is_literal = password.value.as_scalar().is_none_or(|scalar| !scalar.text.contains('{'));
    let formatted =
        if is_literal { None } else { subject.format(&password.value, &trail.key("password")) };
    let Some(variable) = formatted.as_ref().and_then(|text| text.as_env()) else {
        let message = "a password that stands in the file is not used";
        let found = Diagnostic::warning("unsupported", message).at(password.key.span, "");
        harpoon.report(found.in_path(trail.key("password").to_string()).help(LOG_IN));
        return None;
    };
    Some(Login { username, variable: variable.to_owned(), span: password.value.span })
}
