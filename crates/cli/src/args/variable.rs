//! A variable on the command line: `NAME`, `NAME=value` or `NAME:default`.
//!
//! Invariant: a value is everything after the first `=` or `:`.

use crate::environment::Environment;

/// What a program is told by `-e`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Variable {
    pub name: String,
    value: Given,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Given {
    Value(String),
    /// The caller's own, else this.
    Default(String),
    /// The caller's own.
    Inherited,
}

impl Variable {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let at = text.find(['=', ':']).unwrap_or(text.len());
        let (name, rest) = text.split_at(at);
        if name.is_empty() || name.contains(['\0', ' ', '\t', '\n']) {
            return Err("must be NAME, NAME=value or NAME:default".to_owned());
        }
        let value = match rest.split_at_checked(1) {
            Some(("=", value)) => Given::Value(value.to_owned()),
            Some((_, default)) => Given::Default(default.to_owned()),
            None => Given::Inherited,
        };
        Ok(Self { name: name.to_owned(), value })
    }

    /// `None`: whoever calls does not have it.
    pub(super) fn value<'a>(&'a self, here: &'a Environment) -> Option<&'a str> {
        let own = here.variables.get(&self.name).map(String::as_str);
        match &self.value {
            Given::Value(value) => Some(value),
            Given::Default(default) => Some(own.unwrap_or(default)),
            Given::Inherited => own,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_forms() {
        let variables = [("SET", "own")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let here = Environment { variables, ..Environment::default() };
        for (text, expected) in [
            ("SET", Some(("SET", Some("own")))),
            ("NOT", Some(("NOT", None))),
            ("SET=x=y:z", Some(("SET", Some("x=y:z")))),
            ("SET=", Some(("SET", Some("")))),
            ("SET:x", Some(("SET", Some("own")))),
            ("NOT:x:y=z", Some(("NOT", Some("x:y=z")))),
            ("NOT:", Some(("NOT", Some("")))),
            ("=x", None),
            ("", None),
            ("a b=x", None),
        ] {
            let variable = Variable::parse(text).ok();
            let found = variable.as_ref().map(|one| (one.name.as_str(), one.value(&here)));
            assert_eq!(found, expected, "{text}");
        }
    }
}
