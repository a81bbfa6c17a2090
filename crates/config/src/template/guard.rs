//! What a template may look like before it is parsed, so that neither parsing nor evaluating it can take more than its
//! share of the stack, of memory and of time.
//!
//! Invariant: no text gets to the template engine whose expressions nest or chain without bound, or that names a value
//! in order to double it again and again. The engine's own fuel counts steps, not what a step makes.

use std::ops::Range;

/// Most operators, brackets and lookups in one expression: each may cost a level of the stack.
const MAX_OPERATORS: usize = 200;
/// Most `~` and `+` in one expression: each may copy a value of the greatest size.
const MAX_JOINED: usize = 48;
/// Most `*` in one expression: each may repeat a text up to the engine's own limit.
const MAX_PRODUCTS: usize = 2;
/// Longest line: the template engine counts columns in 16 bits.
const MAX_LINE: usize = 60_000;
/// Most `if`, `elif` and `for` in one template: each may cost a level of the stack.
const MAX_STATEMENTS: usize = 200;
/// Filters that make nothing large out of a repeated value.
const PRODUCT_FILTERS: &[&str] = &["abs", "default", "float", "int", "round"];
const STATEMENTS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor", "raw", "endraw"];

/// What is refused, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: &'static str,
}

/// Looks through every tag of a template.
pub(super) fn check(text: &str) -> Result<(), Refusal> {
    if let Some(line) = text.lines().find(|line| line.len() > MAX_LINE) {
        let start = line.as_ptr() as usize - text.as_ptr() as usize;
        let message = format!("a line of a template has more than {MAX_LINE} bytes");
        let help = "write it as several lines";
        return Err(Refusal { range: start..start + line.len(), message, help });
    }
    let mut statements = 0;
    let mut at = 0;
    while let Some(found) = text.get(at..).and_then(|rest| rest.find('{')) {
        let start = at + found;
        let rest = text.get(start..).unwrap_or("");
        let is_statement = rest.starts_with("{%");
        if !is_statement && !rest.starts_with("{{") {
            at = start + 1;
            continue;
        }
        let tag = Tag::read(text, start + 2, if is_statement { "%}" } else { "}}" });
        let refuse = |message: String, help| Err(Refusal { range: start..tag.end, message, help });
        if is_statement {
            statements += usize::from(matches!(tag.first, "if" | "elif" | "for"));
            if statements > MAX_STATEMENTS {
                let message = format!("a template has more than {MAX_STATEMENTS} statements");
                return refuse(message, "make it several variables");
            }
            if !tag.first.is_empty() && !STATEMENTS.contains(&tag.first) {
                let message = format!(
                    "`{{% {} %}}` cannot be used in a template",
                    crate::yaml::shorten(tag.first)
                );
                return refuse(
                    message,
                    "the statements are `if` and `for`; name values under `vars`",
                );
            }
        }
        if let Some((message, help)) = tag.excess(is_statement && tag.first == "for") {
            return refuse(message, help);
        }
        at = tag.end.max(start + 2);
    }
    Ok(())
}

/// What was counted between the braces.
#[derive(Default)]
struct Tag<'a> {
    /// The first word.
    first: &'a str,
    operators: usize,
    joined: usize,
    products: usize,
    /// A filter or a comparison of a whole list that would walk a repeated value.
    walks: bool,
    /// After the closing braces.
    end: usize,
}

impl<'a> Tag<'a> {
    fn read(text: &'a str, start: usize, close: &str) -> Self {
        let mut tag = Self { end: text.len(), ..Self::default() };
        let (mut at, mut depth, mut after_pipe) = (start, 0_usize, false);
        while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
            let rest = &text[at..];
            if depth == 0 && rest.starts_with(close) {
                tag.end = at + close.len();
                return tag;
            }
            let length = match c {
                '"' | '\'' => string_length(rest, c),
                c if is_word(c) => {
                    let word = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
                    tag.word(word, after_pipe);
                    word.len()
                }
                _ => {
                    match c {
                        '(' | '[' | '{' => depth += 1,
                        ')' | ']' | '}' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                    tag.symbol(c, rest);
                    // `**` is a power: of numbers only.
                    if rest.starts_with("**") { 2 } else { c.len_utf8() }
                }
            };
            after_pipe = c == '|' || (after_pipe && c.is_whitespace());
            at += length;
        }
        tag
    }

    fn word(&mut self, word: &'a str, is_filter: bool) {
        if self.first.is_empty() {
            self.first = word;
        }
        match word {
            "not" | "and" | "or" | "if" | "else" => self.operators += 1,
            "is" | "in" => {
                self.operators += 1;
                self.walks = true;
            }
            _ => self.walks |= is_filter && !PRODUCT_FILTERS.contains(&word),
        }
    }

    fn symbol(&mut self, c: char, rest: &str) {
        match c {
            '~' | '+' => self.joined += 1,
            '*' if !rest.starts_with("**") => self.products += 1,
            '(' | '[' | '{' | '|' | '.' | '-' | '/' | '%' | '*' | '<' | '>' | '=' | '!' => {}
            _ => return,
        }
        self.operators += 1;
    }

    /// What there is too much of.
    fn excess(&self, is_loop: bool) -> Option<(String, &'static str)> {
        if self.operators > MAX_OPERATORS {
            let message = format!("an expression has more than {MAX_OPERATORS} operators");
            return Some((message, "make it several variables"));
        }
        if self.joined > MAX_JOINED {
            let message = format!("an expression joins more than {MAX_JOINED} values");
            return Some((message, "write {{ … }} for each of them, side by side"));
        }
        if self.products > MAX_PRODUCTS || (self.products > 0 && self.walks) {
            return Some((
                "an expression with `*` is too complex".to_owned(),
                "multiply numbers, at most three, without filters, `is` and `in`",
            ));
        }
        if is_loop && self.joined + self.products > 0 {
            return Some((
                "a loop cannot run over what `~`, `+` or `*` makes".to_owned(),
                "name the value under `vars`",
            ));
        }
        None
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

/// The bytes of a string with its quotes; all that is left if it is never closed.
fn string_length(text: &str, quote: char) -> usize {
    let mut chars = text.char_indices().skip(1);
    while let Some((at, c)) = chars.next() {
        if c == '\\' {
            chars.next();
        } else if c == quote {
            return at + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_templates_pass() {
        for text in [
            "",
            "plain {x} ${y} { {",
            "{{ vars.a ~ '-' ~ vars.b | default('x', true) }}",
            "{{ {'a': {'b': 1}} | json }}",
            "{{ '}}' }} {{ \"%}\" }}",
            "{% if a is defined and not b %}x{% elif c %}y{% else %}z{% endif %}",
            "{%- for x in vars.list | sort -%}{{ loop.index * 2 }}{%- endfor -%}",
            "{% raw %}{{.Id}}{% endraw %}",
            "{{ vars.mib * 1024 * 1024 | int }}",
            "{{ 2 ** 3 ** 2 ** 1 }}",
            "{{ unclosed",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn what_could_grow_without_bound_does_not() {
        for (text, expected) in [
            (format!("{{{{ {}true }}}}", "not ".repeat(201)), "more than 200 operators"),
            (format!("{{{{ {}1 }}}}", "-".repeat(201)), "more than 200 operators"),
            (format!("{{{{ a{} }}}}", ".a".repeat(201)), "more than 200 operators"),
            (format!("{{{{ a{} }}}}", "|string".repeat(201)), "more than 200 operators"),
            (format!("{{{{ {}1 }}}}", "(".repeat(201)), "more than 200 operators"),
            (format!("{{{{ a{} }}}}", "~a".repeat(49)), "joins more than 48 values"),
            ("{{ a * b * c * d }}".to_owned(), "with `*` is too complex"),
            ("{{ (a * 9) | list }}".to_owned(), "with `*` is too complex"),
            ("{{ 1 in a * 9 }}".to_owned(), "with `*` is too complex"),
            ("{% set a = 1 %}".to_owned(), "`{% set %}` cannot be used"),
            ("x {%- with a = 1 %}".to_owned(), "`{% with %}` cannot be used"),
            ("{% for x in a ~ a %}".to_owned(), "a loop cannot run over"),
            ("{{x".to_owned() + &"x".repeat(60_000), "more than 60000 bytes"),
            ("{% if a %}".repeat(201), "more than 200 statements"),
        ] {
            let refusal = check(&text).expect_err(&text);
            assert!(refusal.message.contains(expected), "{text}: {}", refusal.message);
            assert!(text.get(refusal.range).is_some_and(|tag| tag.starts_with('{')), "{text}");
        }
    }
}
