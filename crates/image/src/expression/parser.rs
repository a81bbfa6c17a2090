//! From the text of an expression to its pieces.
//!
//! Invariant: what Go's library refuses is refused here; nothing is read more leniently.

use std::collections::BTreeSet;

use super::{Assertion, Atom, BadExpression, CharacterSet, Piece, Repeat};

pub(super) struct Parser {
    rest: Vec<char>,
    at: usize,
    /// Nothing from here on ends a named class: it was looked for once.
    no_more_names: bool,
}

impl Parser {
    pub(super) fn new(text: &str) -> Self {
        Self { rest: text.chars().collect(), at: 0, no_more_names: false }
    }

    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn take(&mut self) -> Result<char, BadExpression> {
        let character = self.peek().ok_or(BadExpression)?;
        self.at += 1;
        Ok(character)
    }

    fn accept(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    pub(super) fn pieces(&mut self, in_group: bool) -> Result<Vec<Piece>, BadExpression> {
        let mut pieces = Vec::new();
        while self.peek().is_some() {
            if in_group && self.accept(')') {
                return Ok(pieces);
            }
            let atom = self.atom()?;
            let repeat = match self.peek() {
                Some('*') => Repeat::Any,
                Some('?') => Repeat::Optional,
                _ => Repeat::Once,
            };
            self.at += usize::from(repeat != Repeat::Once);
            pieces.push(Piece { atom, repeat });
        }
        if in_group { Err(BadExpression) } else { Ok(pieces) }
    }

    fn atom(&mut self) -> Result<Atom, BadExpression> {
        Ok(match self.take()? {
            '^' => Atom::Assertion(Assertion::Start),
            '.' => Atom::Character(CharacterSet::dot()),
            '(' => Atom::Group(self.pieces(true)?),
            '[' => Atom::Character(self.class()?),
            '\\' => self.escape()?,
            '*' | '?' | ')' => return Err(BadExpression),
            character => Atom::Character(CharacterSet::one(character)),
        })
    }

    fn escape(&mut self) -> Result<Atom, BadExpression> {
        let character = self.take()?;
        if let Some(assertion) = assertion(character) {
            return Ok(Atom::Assertion(assertion));
        }
        if let Some((negated, ranges)) = perl_class(character) {
            return Ok(Atom::Character(CharacterSet { negated, ranges: ranges.to_vec() }));
        }
        Ok(Atom::Character(CharacterSet::one(escaped(character)?)))
    }

    fn class(&mut self) -> Result<CharacterSet, BadExpression> {
        let negated = self.accept('^');
        let mut ranges = Vec::new();
        let mut first = true;
        while first || self.peek() != Some(']') {
            first = false;
            if let Some(named) = self.named_class()? {
                ranges.extend(named);
            } else {
                self.class_range(&mut ranges)?;
            }
        }
        self.at += 1;
        Ok(CharacterSet { negated, ranges })
    }

    fn class_range(&mut self, ranges: &mut Vec<(char, char)>) -> Result<(), BadExpression> {
        if self.peek() == Some('\\')
            && let Some(&letter) = self.rest.get(self.at + 1)
            && let Some((negated, listed)) = perl_class(letter)
        {
            self.at += 2;
            if negated {
                ranges.extend(complement(listed));
            } else {
                ranges.extend_from_slice(listed);
            }
            return Ok(());
        }
        let low = self.class_character()?;
        let mut high = low;
        if self.peek() == Some('-') && self.rest.get(self.at + 1).is_some_and(|&c| c != ']') {
            self.at += 1;
            high = self.class_character()?;
        }
        if high < low {
            return Err(BadExpression);
        }
        ranges.push((low, high));
        Ok(())
    }

    fn class_character(&mut self) -> Result<char, BadExpression> {
        match self.take()? {
            '\\' => escaped(self.take()?),
            character => Ok(character),
        }
    }

    fn named_class(&mut self) -> Result<Option<Vec<(char, char)>>, BadExpression> {
        let Some(inner) = self.rest[self.at..].strip_prefix(&['[', ':']) else { return Ok(None) };
        if self.no_more_names {
            return Ok(None);
        }
        let Some(end) = inner.windows(2).position(|pair| pair == [':', ']']) else {
            self.no_more_names = true;
            return Ok(None);
        };
        let inside: String = inner[..end].iter().collect();
        let (name, negated) = match inside.strip_prefix('^') {
            Some(name) => (name, true),
            None => (&*inside, false),
        };
        let ranges = posix_class(name).ok_or(BadExpression)?;
        self.at += end + 4;
        Ok(Some(if negated { complement(ranges) } else { ranges.to_vec() }))
    }
}

/// What `\` and this character stand for, outside of the classes.
fn escaped(character: char) -> Result<char, BadExpression> {
    Ok(match character {
        'a' => '\u{7}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => other,
        _ => return Err(BadExpression),
    })
}

/// What a file written for Windows is full of (`src\bin`), and what engines make of it.
fn assertion(letter: char) -> Option<Assertion> {
    Some(match letter {
        'A' => Assertion::Start,
        'z' => Assertion::End,
        'b' => Assertion::WordBoundary,
        'B' => Assertion::NoWordBoundary,
        _ => return None,
    })
}

type Ranges = &'static [(char, char)];

fn perl_class(letter: char) -> Option<(bool, Ranges)> {
    const DIGIT: Ranges = &[('0', '9')];
    const SPACE: Ranges = &[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')];
    const WORD: Ranges = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];
    Some(match letter {
        'd' => (false, DIGIT),
        'D' => (true, DIGIT),
        's' => (false, SPACE),
        'S' => (true, SPACE),
        'w' => (false, WORD),
        'W' => (true, WORD),
        _ => return None,
    })
}

fn posix_class(name: &str) -> Option<Ranges> {
    Some(match name {
        "alnum" => &[('0', '9'), ('A', 'Z'), ('a', 'z')],
        "alpha" => &[('A', 'Z'), ('a', 'z')],
        "ascii" => &[('\0', '\u{7f}')],
        "blank" => &[('\t', '\t'), (' ', ' ')],
        "cntrl" => &[('\0', '\u{1f}'), ('\u{7f}', '\u{7f}')],
        "digit" => &[('0', '9')],
        "graph" => &[('!', '~')],
        "lower" => &[('a', 'z')],
        "print" => &[(' ', '~')],
        "punct" => &[('!', '/'), (':', '@'), ('[', '`'), ('{', '~')],
        "space" => &[('\t', '\r'), (' ', ' ')],
        "upper" => &[('A', 'Z')],
        "word" => &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')],
        "xdigit" => &[('0', '9'), ('A', 'F'), ('a', 'f')],
        _ => return None,
    })
}

/// The characters that sorted, disjoint `ranges` leave out.
fn complement(ranges: &[(char, char)]) -> Vec<(char, char)> {
    let mut edges = BTreeSet::new();
    let mut start = Some('\0');
    for &(low, high) in ranges {
        if let (Some(from), Some(to)) = (start, before(low))
            && from <= to
        {
            edges.insert((from, to));
        }
        start = after(high);
    }
    if let Some(from) = start {
        edges.insert((from, char::MAX));
    }
    edges.into_iter().collect()
}

fn before(character: char) -> Option<char> {
    ('\0'..character).next_back()
}

fn after(character: char) -> Option<char> {
    (character..=char::MAX).nth(1)
}
