//! `${NAME}` and `$NAME`, which other formats replace and this one does not.
//!
//! Invariant: nothing is replaced here; what is given is a hint that means the same.

use super::item::Item;
use super::reader::Reader;
use crate::Dialect;
use crate::diagnostic::Diagnostic;

/// The text with each `${NAME}`, `$NAME`, `${NAME:-default}` as a template of a dialect; `None` if it has none.
fn as_templates(text: &str, only_braced: bool, dialect: Dialect) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(more) = after.strip_prefix('$') {
            out.push_str("$$");
            rest = more;
            continue;
        }
        let (template, length) = match braced(after, dialect) {
            Some(found) => found,
            None if only_braced => (None, 0),
            None => {
                let length = name_length(after);
                ((length > 0).then(|| template(&after[..length], dialect)), length)
            }
        };
        if let Some(template) = template {
            found = true;
            out.push_str(&template);
            rest = &after[length..];
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    found.then_some(out)
}

/// What `{NAME…}` after a `$` means, and how long it is.
fn braced(text: &str, dialect: Dialect) -> Option<(Option<String>, usize)> {
    let inner = text.strip_prefix('{')?;
    let inner = &inner[..inner.find('}')?];
    let (name, rest) = inner.split_at(name_length(inner));
    if name.is_empty() {
        return None;
    }
    let default = rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-'));
    let template = match default {
        // Harpoon has defaults in lists of variables alone.
        Some(_) if dialect == Dialect::Harpoon => Some(template(name, dialect)),
        Some(default) => {
            let default = default.replace('\\', "\\\\").replace('\'', "\\'");
            Some(format!("{{{{ env.{name} | default('{default}') }}}}"))
        }
        None if rest.is_empty() || rest.starts_with(":?") || rest.starts_with('?') => {
            Some(template(name, dialect))
        }
        None => None,
    };
    Some((template, inner.len() + 2))
}

/// A variable's value, as a dialect says it.
fn template(name: &str, dialect: Dialect) -> String {
    match dialect {
        Dialect::Harpoon => format!("{{{name}:from_env}}"),
        Dialect::Windlass | Dialect::DockerMap => format!("{{{{ env.{name} }}}}"),
    }
}

fn name_length(text: &str) -> usize {
    let length =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    if text.starts_with(|c: char| c.is_ascii_digit()) { 0 } else { length }
}

/// As [`shell_variables`], of a value.
pub(super) fn in_value(item: &Item, dialect: Dialect) -> Option<String> {
    let scalar = item.node.as_scalar().filter(|_| item.node.sensitive.is_none());
    shell_variables(&scalar?.text, dialect)
}

/// What to write instead of a text that is wrong, if it has a shell's variable in it.
pub fn shell_variables(text: &str, dialect: Dialect) -> Option<String> {
    let template = crate::yaml::shorten(&as_templates(text, false, dialect)?);
    Some(format!("write \"{template}\": `$` means nothing in this format"))
}

impl Reader {
    /// Warns of `${NAME}` where no shell will ever replace it.
    pub fn warn_of_variables(&self, item: &Item) {
        let scalar = item.node.as_scalar().filter(|_| item.node.sensitive.is_none());
        let Some(scalar) = scalar.filter(|s| s.style != crate::yaml::Style::Rendered) else {
            return;
        };
        let Some(template) = as_templates(&scalar.text, true, self.dialect()) else { return };
        let template = crate::yaml::shorten(&template);
        let found = Diagnostic::warning("shell-variable", "`${…}` is not replaced here")
            .at(item.span(), "handed on as it is written");
        self.report(
            found
                .in_path(item.path.to_string())
                .help(format!("write \"{template}\" for the value in the environment of windlass")),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::as_templates;
    use crate::Dialect;

    #[test]
    fn templates_that_mean_the_same() {
        for (text, expected) in [
            ("${TAG}", Some("{{ env.TAG }}")),
            ("a:$TAG/b", Some("a:{{ env.TAG }}/b")),
            ("${X:-d}", Some("{{ env.X | default('d') }}")),
            ("${X-it's}", Some("{{ env.X | default('it\\'s') }}")),
            ("${X:?needed}", Some("{{ env.X }}")),
            ("${X}-${Y}", Some("{{ env.X }}-{{ env.Y }}")),
            ("$$X", None),
            ("$1", None),
            ("${", None),
            ("${X:+y}", None),
            ("cost: 5$", None),
            ("", None),
        ] {
            let native = as_templates(text, false, Dialect::Windlass);
            assert_eq!(native.as_deref(), expected, "{text}");
        }
        let braced = |text| as_templates(text, true, Dialect::Windlass);
        assert_eq!(braced("pa$word"), None);
        assert_eq!(braced("${X}").as_deref(), Some("{{ env.X }}"));
        for text in ["a:$X", "a:${X}", "a:${X:-d}", "a:${X:?}"] {
            let of_harpoon = as_templates(text, false, Dialect::Harpoon);
            assert_eq!(of_harpoon.as_deref(), Some("a:{X:from_env}"), "{text}");
        }
    }
}
