//! Tagged paths, and text that the native format would take for more than text.
//!
//! Invariant: what is shared through an alias stays shared, so that the result is no larger than the text.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

use super::TAGS;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::source::Span;
use crate::yaml::{Entry, Mapping, Node, Resolved, Scalar, Style, Value};

/// What paths are expanded with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Surroundings<'a> {
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) home: Option<&'a Path>,
}

/// One walk over a tree.
pub(super) struct Paths<'a> {
    surroundings: Surroundings<'a>,
    /// By where a node is, and whether it stands under a tag.
    done: HashMap<(*const Node, bool), Arc<Node>>,
    /// What is not set, and where it stands.
    unset: Diagnostics,
}

impl<'a> Paths<'a> {
    pub(super) fn new(surroundings: Surroundings<'a>) -> Self {
        Self { surroundings, done: HashMap::new(), unset: Diagnostics::default() }
    }

    /// The tree without tags, with everything in braces as mere text. A variable that is not set is a warning.
    pub(super) fn tree(mut self, root: &Arc<Node>, diagnostics: &mut Diagnostics) -> Arc<Node> {
        let expanded = self.expand(root, false);
        diagnostics.extend(self.unset);
        expanded
    }

    fn expand(&mut self, node: &Arc<Node>, under_tag: bool) -> Arc<Node> {
        let is_tagged = TAGS.iter().any(|tag| node.has_tag(tag));
        let is_path = under_tag || is_tagged;
        let known = (Arc::as_ptr(node), is_path);
        if let Some(done) = self.done.get(&known) {
            return Arc::clone(done);
        }
        let value = match &node.value {
            Value::Scalar(scalar) => self.scalar(scalar, node.span, is_path),
            Value::Sequence(items) => {
                let all: Vec<_> = items.iter().map(|item| self.expand(item, is_path)).collect();
                let is_same = all.iter().zip(items).all(|(new, old)| Arc::ptr_eq(new, old));
                (!is_same).then_some(Value::Sequence(all))
            }
            Value::Mapping(map) => self.mapping(map, is_path),
        };
        let expanded = match value {
            Some(value) => Arc::new(Node::new(node.span, value)),
            None if is_tagged => Arc::new(Node::new(node.span, node.value.clone())),
            None => Arc::clone(node),
        };
        self.done.insert(known, Arc::clone(&expanded));
        expanded
    }

    fn mapping(&mut self, map: &Mapping, is_path: bool) -> Option<Value> {
        let mut new = Mapping::default();
        let mut is_same = true;
        for entry in map.entries() {
            let value = self.expand(&entry.value, is_path);
            is_same &= Arc::ptr_eq(&value, &entry.value);
            new.replace(Entry { value, ..entry.clone() });
        }
        (!is_same).then_some(Value::Mapping(new))
    }

    fn scalar(&mut self, scalar: &Scalar, span: Span, is_path: bool) -> Option<Value> {
        let Resolved::String(text) = scalar.resolve() else { return None };
        let mut unset = Vec::new();
        let expanded = is_path.then(|| self.surroundings.expand(text, &mut unset));
        for name in unset {
            let message = format!("the variable `{}` is not set", crate::yaml::shorten(name));
            let found = Diagnostic::warning("unset-variable", message);
            self.unset.push(found.at(span, "stays as it is written"));
        }
        let is_more = ["{{", "{%", "${"].iter().any(|marker| text.contains(marker));
        let text = match expanded {
            Some(expanded) if expanded != text => expanded.into(),
            _ if is_more => Arc::clone(&scalar.text),
            _ => return None,
        };
        Some(Value::Scalar(Scalar { text, style: Style::Rendered }))
    }
}

impl Surroundings<'_> {
    /// `$NAME` and `${NAME}`, then a `~` at the start. A name that is not set stays as it is written.
    fn expand<'t>(&self, text: &'t str, unset: &mut Vec<&'t str>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at..];
            let (name, length) = variable(rest);
            if let Some(value) = self.env.get(name).filter(|_| length > 1) {
                out.push_str(value);
            } else {
                unset.extend(Some(name).filter(|name| !name.is_empty()));
                out.push_str(&rest[..length]);
            }
            rest = &rest[length..];
        }
        out.push_str(rest);
        match (out.strip_prefix('~'), self.home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                format!("{}{rest}", home.display())
            }
            _ => out,
        }
    }
}

/// The name after a `$`, and the length of both with their braces; 1 if there is no name.
fn variable(text: &str) -> (&str, usize) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let after = &text[1..];
    if let Some(inner) = after.strip_prefix('{') {
        return match inner.find('}') {
            Some(end) => (&inner[..end], end + 3),
            None => ("", 1),
        };
    }
    let length = after.find(|c| !is_word(c)).unwrap_or(after.len());
    (&after[..length], length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expansion() {
        let env = [("A", "x"), ("A_1", "y"), ("D", "/d")];
        let env: BTreeMap<String, String> =
            env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let surroundings = Surroundings { env: &env, home: Some(Path::new("/home/me")) };
        for (text, expected) in [
            ("/plain", "/plain"),
            ("$A/b", "x/b"),
            ("${A}b", "xb"),
            ("$A_1", "y"),
            ("$D$A", "/dx"),
            ("$NONE/${NONE}", "$NONE/${NONE}"),
            ("$", "$"),
            ("a$/b", "a$/b"),
            ("${", "${"),
            ("${A", "${A"),
            ("~", "/home/me"),
            ("~/x", "/home/me/x"),
            ("~you/x", "~you/x"),
            ("a~", "a~"),
        ] {
            let mut unset = Vec::new();
            assert_eq!(surroundings.expand(text, &mut unset), expected, "{text}");
            assert_eq!(unset.is_empty(), !text.contains("NONE"), "{text}");
        }
    }
}
