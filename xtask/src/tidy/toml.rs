//! As much TOML as deny.toml uses: tables, strings, numbers, booleans, arrays, inline tables.
//!
//! Invariant: what is not understood is an error with its line, never skipped.

use std::iter::Peekable;
use std::str::Chars;

use serde_json::{Map, Value};

use crate::Result;

struct Parser<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

pub(crate) fn parse(text: &str) -> Result<Value> {
    let mut parser = Parser { rest: text.chars().peekable(), line: 1 };
    let mut root = Map::new();
    let mut table: Vec<String> = Vec::new();
    loop {
        parser.space(true);
        match parser.rest.peek() {
            None => return Ok(Value::Object(root)),
            Some('[') => {
                parser.rest.next();
                table = parser.key()?.split('.').map(String::from).collect();
                parser.expect(']')?;
            }
            Some(_) => {
                let key = parser.key()?;
                parser.expect('=')?;
                let value = parser.value()?;
                let place = table.iter().try_fold(&mut root, |at, name| {
                    at.entry(name.clone()).or_insert_with(|| Map::new().into()).as_object_mut()
                });
                let place = place.ok_or_else(|| parser.error("a table over a value"))?;
                if place.insert(key.clone(), value).is_some() {
                    return Err(parser.error(&format!("{key} twice")));
                }
            }
        }
    }
}

impl Parser<'_> {
    fn error(&self, what: &str) -> Box<dyn std::error::Error + Send + Sync> {
        format!("line {}: {what}", self.line).into()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.rest.next();
        self.line += usize::from(next == Some('\n'));
        next
    }

    /// Skips spaces and comments, over line ends only where they mean nothing.
    fn space(&mut self, lines: bool) {
        while let Some(&c) = self.rest.peek() {
            if c == '#' {
                while self.rest.peek().is_some_and(|&c| c != '\n') {
                    self.next();
                }
            } else if c == ' ' || c == '\t' || (lines && (c == '\n' || c == '\r')) {
                self.next();
            } else {
                return;
            }
        }
    }

    fn expect(&mut self, wanted: char) -> Result<()> {
        self.space(false);
        match self.next() {
            Some(c) if c == wanted => Ok(()),
            other => Err(self.error(&format!("expected {wanted:?}, found {other:?}"))),
        }
    }

    fn key(&mut self) -> Result<String> {
        self.space(false);
        if self.rest.peek() == Some(&'"') {
            return self.string();
        }
        let key = self.bare();
        if key.is_empty() { Err(self.error("expected a key")) } else { Ok(key) }
    }

    fn bare(&mut self) -> String {
        let mut word = String::new();
        while let Some(&c) = self.rest.peek() {
            if !(c.is_alphanumeric() || "_-.+".contains(c)) {
                break;
            }
            word.extend(self.next());
        }
        word
    }

    fn string(&mut self) -> Result<String> {
        let mut text = String::new();
        self.next();
        loop {
            match self.next() {
                Some('"') => return Ok(text),
                Some('\\') => match self.next() {
                    Some(c @ ('"' | '\\')) => text.push(c),
                    _ => return Err(self.error("an escape that is not understood")),
                },
                None | Some('\n') => return Err(self.error("a string without an end")),
                Some(c) => text.push(c),
            }
        }
    }

    fn value(&mut self) -> Result<Value> {
        self.space(false);
        match self.rest.peek() {
            Some('"') => Ok(self.string()?.into()),
            Some('[') => self.list(']', |parser, items: &mut Vec<Value>| {
                items.push(parser.value()?);
                Ok(())
            }),
            Some('{') => self.list('}', |parser, items: &mut Map<String, Value>| {
                let key = parser.key()?;
                parser.expect('=')?;
                items.insert(key, parser.value()?);
                Ok(())
            }),
            _ => match self.bare().as_str() {
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                word => match word.replace('_', "").parse::<i64>() {
                    Ok(number) => Ok(number.into()),
                    Err(_) => Err(self.error(&format!("a value that is not understood: {word:?}"))),
                },
            },
        }
    }

    /// Items between a bracket and its partner, with commas.
    fn list<T: Default + Into<Value>>(
        &mut self,
        end: char,
        item: fn(&mut Self, &mut T) -> Result<()>,
    ) -> Result<Value> {
        let mut items = T::default();
        self.next();
        loop {
            self.space(true);
            if self.rest.peek() == Some(&end) {
                self.next();
                return Ok(items.into());
            }
            item(self, &mut items)?;
            self.space(true);
            match self.rest.peek() {
                Some(',') => {
                    self.next();
                }
                Some(c) if *c == end => {}
                _ => return Err(self.error("a list without an end")),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tables_arrays_and_inline_tables_become_values() {
        let text = "# a comment\n[a]\nx = \"1 \\\" # no\" # yes\n\n[b.c]\nlist = [\n  \"p\", # one\n  { k = \"v\", n = [1, 2_0] },\n]\non = true\n";
        assert_eq!(
            parse(text).unwrap(),
            json!({"a": {"x": "1 \" # no"}, "b": {"c": {"list": ["p", {"k": "v", "n": [1, 20]}], "on": true}}})
        );
        for (wrong, expected) in [
            ("a = \n", "line 1: a value that is not understood: \"\""),
            ("\na = [1, 2", "line 2: a list without an end"),
            ("a = \"x\n", "line 2: a string without an end"),
            ("a = 1\na = 2", "line 2: a twice"),
            ("a 1", "line 1: expected '=', found Some('1')"),
        ] {
            assert_eq!(parse(wrong).unwrap_err().to_string(), expected);
        }
    }
}
