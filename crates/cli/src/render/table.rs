//! Tables: columns that are as wide as they need to be, the last ones cut where there is no room.
//!
//! Invariant: one row is one line.

use super::style::{Role, Style, cut, pad, width};

/// Between two columns.
const GAP: usize = 3;
/// No column is made narrower than this.
const NARROWEST: usize = 10;

/// A cell: what it says, and what that means.
#[derive(Clone, Debug)]
pub(crate) struct Cell {
    pub text: String,
    pub role: Option<Role>,
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, role: None }
    }
}

impl Cell {
    pub(crate) fn painted(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role: Some(role) }
    }
}

/// The table with its titles. Where a terminal is too narrow, the widest column gives way.
pub(crate) fn table(titles: &[&str], rows: &[Vec<Cell>], style: Style) -> String {
    let mut columns: Vec<usize> = titles.iter().map(|title| width(title)).collect();
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            *column = (*column).max(width(&cell.text));
        }
    }
    if let Some(room) = style.width {
        let gaps = GAP * columns.len().saturating_sub(1);
        while columns.iter().sum::<usize>() + gaps > room {
            let widest = columns.iter_mut().max_by_key(|column| **column);
            match widest {
                Some(column) if *column > NARROWEST => *column -= 1,
                Some(_) | None => break,
            }
        }
    }
    let titles: Vec<_> = titles.iter().map(|title| Cell::painted(*title, Role::Faint)).collect();
    let mut out = String::new();
    for row in std::iter::once(&titles).chain(rows) {
        push_row(&mut out, row, &columns, style);
    }
    out
}

fn push_row(out: &mut String, row: &[Cell], columns: &[usize], style: Style) {
    let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or(0);
    for (index, (cell, column)) in row.iter().zip(columns).enumerate().take(last + 1) {
        let text = cut(&cell.text, *column);
        let space =
            if index == last { String::new() } else { pad("", column + GAP - width(&text)) };
        match cell.role {
            Some(role) => out.push_str(&style.paint(role, &text)),
            None => out.push_str(&text),
        }
        out.push_str(&space);
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_fit() {
        let rows = vec![
            vec!["web".to_owned().into(), "a-very-long-image-reference:1.2.3".to_owned().into()],
            vec!["database".to_owned().into(), String::new().into()],
        ];
        let wide = table(&["NAME", "IMAGE"], &rows, Style::PLAIN);
        assert_eq!(
            wide,
            "NAME       IMAGE\nweb        a-very-long-image-reference:1.2.3\ndatabase\n"
        );
        let narrow = table(&["NAME", "IMAGE"], &rows, Style { colour: false, width: Some(30) });
        assert_eq!(narrow, "NAME       IMAGE\nweb        a-very-long-image-…\ndatabase\n");
    }
}
