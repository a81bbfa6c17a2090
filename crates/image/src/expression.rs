//! The small part of Go's regular expressions that `.dockerignore` patterns turn into.
//!
//! Invariant: matching takes time linear in the text (a set of states, never backtracking).

mod parser;

use parser::Parser;

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
    /// Go on only here, without consuming anything.
    Assert(Assertion),
    Accept,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Assertion {
    Start,
    End,
    WordBoundary,
    NoWordBoundary,
}

/// Between two characters of a text: the one before and the one after.
#[derive(Clone, Copy)]
struct Place(Option<char>, Option<char>);

impl Assertion {
    fn holds(self, Place(before, after): Place) -> bool {
        let is_word = |character: Option<char>| {
            character.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        match self {
            Self::Start => before.is_none(),
            Self::End => after.is_none(),
            Self::WordBoundary => is_word(before) != is_word(after),
            Self::NoWordBoundary => is_word(before) == is_word(after),
        }
    }
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
    Assertion(Assertion),
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
        let mut parser = Parser::new(text);
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
        let mut rest = characters(text).peekable();
        self.enter(0, Place(None, rest.peek().copied()), &mut states);
        while let Some(character) = rest.next() {
            if states.list.is_empty() {
                return false;
            }
            let place = Place(Some(character), rest.peek().copied());
            for &state in &states.list {
                if let Instruction::Character(set) = &self.program[state]
                    && set.contains(character)
                {
                    self.enter(state + 1, place, &mut next);
                }
            }
            std::mem::swap(&mut states, &mut next);
            next.clear();
        }
        states.list.iter().any(|&state| matches!(self.program[state], Instruction::Accept))
    }

    fn enter(&self, state: usize, place: Place, states: &mut States) {
        let mut pending = vec![state];
        while let Some(state) = pending.pop() {
            if std::mem::replace(&mut states.seen[state], true) {
                continue;
            }
            match self.program[state] {
                Instruction::Split(first, second) => pending.extend([second, first]),
                Instruction::Assert(assertion) if assertion.holds(place) => pending.push(state + 1),
                Instruction::Assert(_) => {}
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
            Atom::Assertion(assertion) => program.push(Instruction::Assert(*assertion)),
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
            ("a\\b", &[("a", true), ("a\\b", false), ("ab", false)]),
            ("[^/]*\\b[^/]*", &[("a-", true), ("--", false)]),
            ("a\\Bb", &[("ab", true), ("a", false)]),
            ("\\Aa\\z", &[("a", true)]),
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
    fn long_classes_are_read_in_linear_time() {
        for (member, text) in [("a", "a"), ("[:x", ":"), ("[:alpha:]", "a")] {
            let expression = Expression::new(&format!("[{}]", member.repeat(100_000)));
            assert!(expression.expect(member).is_match(text.as_bytes()), "{member}");
        }
    }

    #[test]
    fn literal_ends_are_known() {
        let expression = Expression::new("src/[^/]*\\.rs").expect("ends");
        assert_eq!((expression.prefix(), &*expression.suffix), (&b"src/"[..], &b".rs"[..]));
    }
}
