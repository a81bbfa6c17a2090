//! The part of a file that a finding is about.
//!
//! Invariant: an excerpt is small whatever the file is, has nothing in it that a terminal would obey, and every character
//! stands for exactly one of the file, so columns stay true.

use std::ops::Range;

use super::escape;

/// The longest excerpt, in bytes; of what is longer only the surroundings of the first place are shown.
const MAX_BYTES: usize = 8 * 1024;
const BEFORE: usize = 120;
const AFTER: usize = 400;

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    pub(crate) text: String,
    /// Where each place is in it; nothing for a place that is not.
    pub(crate) ranges: Vec<Option<Range<usize>>>,
    /// The byte of the file at which it begins.
    pub(crate) start: usize,
    /// It begins within a line.
    pub(crate) is_cut: bool,
}

/// The lines of `text` around `ranges`, of which the first matters most.
pub(crate) fn excerpt(text: &str, ranges: &[Range<usize>]) -> Option<Excerpt> {
    let main = ranges.first()?;
    let line_start = |at: usize| text[..at].rfind('\n').map_or(0, |found| found + 1);
    let line_end = |at: usize| text[at..].find('\n').map_or(text.len(), |found| at + found);
    let first = ranges.iter().map(|range| range.start).min()?;
    let last = ranges.iter().map(|range| range.end).max()?;
    let (mut start, mut end) = (line_start(first), line_end(last));
    if end - start > MAX_BYTES {
        start = line_start(main.start);
        end = line_end(main.end.min(main.start + AFTER));
        if main.start - start > BEFORE + AFTER {
            start = text.ceil_char_boundary(main.start - BEFORE);
        }
        end = end.min(text.floor_char_boundary(main.start + AFTER));
    }
    let ranges: Vec<_> = ranges.iter().map(|range| clip(range, start, end)).collect();
    let (text_of_it, ranges) = tame(&text[start..end], ranges);
    Some(Excerpt { text: text_of_it, ranges, start, is_cut: start != line_start(start) })
}

/// The range in the excerpt; a range that only begins in it ends with it.
fn clip(range: &Range<usize>, start: usize, end: usize) -> Option<Range<usize>> {
    (start..=end).contains(&range.start).then(|| range.start - start..range.end.min(end) - start)
}

/// A terminal's commands replaced by their pictures; the ranges move with the text.
fn tame(text: &str, ranges: Vec<Option<Range<usize>>>) -> (String, Vec<Option<Range<usize>>>) {
    if text.chars().all(|c| escape::picture(c) == c) {
        return (text.to_owned(), ranges);
    }
    let mut out = String::with_capacity(text.len() * 2);
    // Each byte of the text to its place in what is shown.
    let mut places = vec![0; text.len() + 1];
    for (at, c) in text.char_indices() {
        places[at..at + c.len_utf8()].fill(out.len());
        out.push(escape::picture(c));
    }
    places[text.len()] = out.len();
    let moved = |range: Range<usize>| places[range.start]..places[range.end];
    (out, ranges.into_iter().map(|range| range.map(moved)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::single_range_in_vec_init, reason = "one place of several")]
    fn an_excerpt_is_small_and_tame() {
        let found = excerpt("a: 1\nb: \u{9b}2\u{1b}\nc: 3\n", &[5..6, 8..11]).unwrap();
        assert_eq!(found.text, "b: \u{fffd}2\u{241b}");
        assert_eq!(found.ranges, [Some(0..1), Some(3..7)]);
        assert_eq!((found.start, found.is_cut), (5, false));

        let long = format!("x: {}!{}\n", "é".repeat(100_000), "é".repeat(100_000));
        let at = long.find('!').unwrap();
        let found = excerpt(&long, &[at..at + 1, 0..1]).unwrap();
        assert!(found.text.len() < 1000 && found.is_cut);
        let place = found.ranges[0].clone().unwrap();
        assert_eq!(&found.text[place], "!");
        assert_eq!(found.ranges[1], None);
        assert_eq!(&long[found.start..found.start + found.text.len()], found.text);

        let tall = "a:\n".repeat(10_000);
        let found = excerpt(&tall, &[3..30_000]).unwrap();
        assert!(found.text.len() < 1000 && !found.is_cut);
        assert_eq!(excerpt("", &[0..0]).unwrap().ranges, [Some(0..0)]);
    }
}
