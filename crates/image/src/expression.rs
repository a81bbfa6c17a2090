//! The small part of Go's regular expressions that `.dockerignore` patterns turn into.
//!
//! Invariant: matching takes time linear in the text (a set of states, never backtracking).

use std::collections::BTreeSet;

/// A compiled expression; always matches the whole text.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    program: Vec<Instruction>,
    /// Every matching text begins with these bytes.
    prefix: Vec<u8>,
    /// Every matching text ends with these bytes.
    suffix: Vec<u8>,
}

#[derive(Debug, Clone)]
enum Instruction {
    /// Consume one character that is in the set.
    Character(CharacterSet),
    /// Try both targets without consuming anything.
    Split(usize, usize),
    /// Go on only at the very start of the text.
    AssertStart,
    Accept,
}

/// A set of characters, as ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CharacterSet {
    negated: bool,
    ranges: Vec<(char, char)>,
}

#[derive(Debug, Clone)]
enum Atom {
    Character(CharacterSet),
    Start,
    Group(Vec<Piece>),
}

#[derive(Debug, Clone)]
struct Piece {
    atom: Atom,
    repeat: Repeat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Once,
    Optional,
    Any,
}

/// The expression is not one that the engine's library accepts, or uses an escape that makes no sense in a path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct BadExpression;

impl CharacterSet {
    fn one(character: char) -> Self {
        Self { negated: false, ranges: vec![(character, character)] }
    }

    /// What `.` stands for: Go leaves the line feed out.
    fn dot() -> Self {
        Self { negated: true, ranges: vec![('\n', '\n')] }
    }

    fn contains(&self, character: char) -> bool {
        let listed = self.ranges.iter().any(|&(low, high)| (low..=high).contains(&character));
        listed != self.negated
    }

    fn literal(&self) -> Option<char> {
        match (self.negated, self.ranges.as_slice()) {
            // U+FFFD stands for any undecodable byte, so its bytes are not known.
            (false, &[(low, high)]) if low == high && low != char::REPLACEMENT_CHARACTER => {
                Some(low)
            }
            _ => None,
        }
    }
}

impl Expression {
    /// Compile `text`, whose start and end are anchored.
    pub(crate) fn new(text: &str) -> Result<Self, BadExpression> {
        let mut parser = Parser { rest: text.chars().collect(), at: 0 };
        let pieces = parser.pieces(false)?;
        Ok(Self::from_pieces(&pieces))
    }

    fn from_pieces(pieces: &[Piece]) -> Self {
        let mut program = Vec::new();
        emit(pieces, &mut program);
        program.push(Instruction::Accept);
        let prefix = literal_run(pieces.iter());
        let mut suffix: Vec<char> = literal_run(pieces.iter().rev());
        suffix.reverse();
        Self {
            program,
            prefix: prefix.into_iter().collect::<String>().into_bytes(),
            suffix: suffix.into_iter().collect::<String>().into_bytes(),
        }
    }

    /// Bytes with which every matching text begins.
    pub(crate) fn prefix(&self) -> &[u8] {
        &self.prefix
    }

    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        if !text.starts_with(&self.prefix) || !text.ends_with(&self.suffix) {
            return false;
        }
        let mut states = States::new(self.program.len());
        let mut next = States::new(self.program.len());
        self.enter(0, true, &mut states);
        for character in characters(text) {
            if states.list.is_empty() {
                return false;
            }
            for &state in &states.list {
                if let Instruction::Character(set) = &self.program[state]
                    && set.contains(character)
                {
                    self.enter(state + 1, false, &mut next);
                }
            }
            std::mem::swap(&mut states, &mut next);
            next.clear();
        }
        states.list.iter().any(|&state| matches!(self.program[state], Instruction::Accept))
    }

    fn enter(&self, state: usize, at_start: bool, states: &mut States) {
        let mut pending = vec![state];
        while let Some(state) = pending.pop() {
            if std::mem::replace(&mut states.seen[state], true) {
                continue;
            }
            match self.program[state] {
                Instruction::Split(first, second) => pending.extend([second, first]),
                Instruction::AssertStart if at_start => pending.push(state + 1),
                Instruction::AssertStart => {}
                Instruction::Character(_) | Instruction::Accept => states.list.push(state),
            }
        }
    }
}

/// The set of states that are alive, in the order in which they were entered.
struct States {
    list: Vec<usize>,
    seen: Vec<bool>,
}

impl States {
    fn new(len: usize) -> Self {
        Self { list: Vec::new(), seen: vec![false; len] }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }
}

fn emit(pieces: &[Piece], program: &mut Vec<Instruction>) {
    for piece in pieces {
        let start = program.len();
        if piece.repeat != Repeat::Once {
            program.push(Instruction::Split(0, 0));
        }
        match &piece.atom {
            Atom::Character(set) => program.push(Instruction::Character(set.clone())),
            Atom::Start => program.push(Instruction::AssertStart),
            Atom::Group(inner) => emit(inner, program),
        }
        if piece.repeat == Repeat::Any {
            let end = program.len();
            program.push(Instruction::Split(start, end + 1));
        }
        if piece.repeat != Repeat::Once {
            program[start] = Instruction::Split(start + 1, program.len());
        }
    }
}

fn literal_run<'a>(pieces: impl Iterator<Item = &'a Piece>) -> Vec<char> {
    pieces
        .map_while(|piece| match (&piece.atom, piece.repeat) {
            (Atom::Character(set), Repeat::Once) => set.literal(),
            _ => None,
        })
        .collect()
}

/// Decode as Go does: each byte that is not part of a character counts as U+FFFD.
pub(crate) fn characters(text: &[u8]) -> impl Iterator<Item = char> + '_ {
    text.utf8_chunks().flat_map(|chunk| {
        let broken = chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER);
        chunk.valid().chars().chain(broken)
    })
}

struct Parser {
    rest: Vec<char>,
    at: usize,
}

impl Parser {
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

    fn pieces(&mut self, in_group: bool) -> Result<Vec<Piece>, BadExpression> {
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
            '^' => Atom::Start,
            '.' => Atom::Character(CharacterSet::dot()),
            '(' => Atom::Group(self.pieces(true)?),
            '[' => Atom::Character(self.class()?),
            '\\' => Atom::Character(self.escape()?),
            '*' | '?' | ')' => return Err(BadExpression),
            character => Atom::Character(CharacterSet::one(character)),
        })
    }

    fn escape(&mut self) -> Result<CharacterSet, BadExpression> {
        let character = self.take()?;
        if let Some((negated, ranges)) = perl_class(character) {
            return Ok(CharacterSet { negated, ranges: ranges.to_vec() });
        }
        Ok(CharacterSet::one(escaped(character)?))
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
        let rest: String = self.rest[self.at..].iter().collect();
        let Some(inner) = rest.strip_prefix("[:") else { return Ok(None) };
        let Some(end) = inner.find(":]") else { return Ok(None) };
        let (name, negated) = match inner[..end].strip_prefix('^') {
            Some(name) => (name, true),
            None => (&inner[..end], false),
        };
        let ranges = posix_class(name).ok_or(BadExpression)?;
        self.at += inner[..end].chars().count() + 4;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_like_go() {
        let cases: &[(&str, &[(&str, bool)])] = &[
            ("abc", &[("abc", true), ("abcd", false), ("ab", false)]),
            ("[^/]*\\.log", &[("a.log", true), (".log", true), ("a/b.log", false)]),
            ("(.*/)?x", &[("x", true), ("a/x", true), ("a/b/x", true), ("ax", false)]),
            ("(.*/)?x", &[("a\nb/x", false)]),
            ("[^/]", &[("\n", true), ("é", true), ("", false)]),
            ("^^a", &[("a", true)]),
            ("a^b", &[("a^b", false), ("ab", false)]),
            ("[[:alpha:]]1", &[("a1", true), (":1", false), ("é1", false)]),
            ("[[:^alpha:]]", &[("a", false), (":", true), ("é", true)]),
            ("[a\\]b]", &[("]", true), ("a", true), ("\\", false)]),
            ("[\\d_]", &[("4", true), ("_", true), ("d", false)]),
            ("[\\D]", &[("4", false), ("d", true)]),
            ("[!1]", &[("!", true), ("1", true), ("2", false)]),
            ("[a-]", &[("a", true), ("-", true)]),
            ("[[^/]*]", &[("]", true), ("[^/]", true), ("[[]", true), ("x]", false)]),
        ];
        for (expression, texts) in cases {
            let compiled = Expression::new(expression).expect(expression);
            for (text, wanted) in *texts {
                assert_eq!(compiled.is_match(text.as_bytes()), *wanted, "{expression} on {text:?}");
            }
        }
    }

    #[test]
    fn refuses_what_go_refuses() {
        for expression in ["[a", "\\q", "[b-a]", "[[:nope:]]", "\\", "(a", "*"] {
            assert_eq!(Expression::new(expression).err(), Some(BadExpression), "{expression}");
        }
    }

    #[test]
    fn an_undecodable_byte_is_one_character() {
        let one = Expression::new("a[^/]b").expect("one character");
        assert!(one.is_match(b"a\xffb"));
        assert!(!one.is_match(b"a\xff\xfeb"));
        assert!(!one.is_match(b"a\xe2\x82b"));
    }

    #[test]
    fn many_stars_stay_linear() {
        let expression = Expression::new(&"[^/]*a".repeat(200)).expect("stars");
        assert!(!expression.is_match("a".repeat(199).as_bytes()));
        assert!(expression.is_match("a".repeat(4000).as_bytes()));
    }

    #[test]
    fn literal_ends_are_known() {
        let expression = Expression::new("src/[^/]*\\.rs").expect("ends");
        assert_eq!((expression.prefix(), &*expression.suffix), (&b"src/"[..], &b".rs"[..]));
    }
}
