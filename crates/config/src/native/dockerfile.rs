//! `images.<name>.dockerfile`: a path, or text.
//!
//! Invariant: every line of a text has its place, so that a mistake in it can be shown where it is.

use windlass_model::image::DockerfileSource;

use crate::read::{Field, Item, Reader};
use crate::source::Span;

/// Where the Dockerfile is, and the places of its lines where it is text.
pub(super) fn dockerfile(reader: &Reader, item: &Item) -> Option<(DockerfileSource, Vec<Span>)> {
    let resolved = reader.resolve(item)?;
    if resolved.node.as_mapping().is_none() {
        return Some((DockerfileSource::Path(reader.path(item)?), Vec::new()));
    }
    let mut parts = Dockerfile::default();
    reader.fields(&resolved, &mut parts, &[DOCKERFILE]);
    match (parts.inline, parts.path) {
        (Some(text), None) => Some((DockerfileSource::Inline(text), parts.lines)),
        (None, Some(path)) => Some((DockerfileSource::Path(path), Vec::new())),
        _ => {
            let help = "write a path, or {inline: text}".to_owned();
            reader.expected(&resolved, "a path, or text under `inline`", Some(help));
            None
        }
    }
}

const DOCKERFILE: &[Field<Dockerfile>] = &[
    Field {
        name: "inline",
        read: |d, r, i| {
            d.inline = r.string(i);
            d.lines = lines(r, i);
        },
    },
    Field { name: "path", read: |d, r, i| d.path = r.path(i) },
];

#[derive(Default)]
struct Dockerfile {
    inline: Option<String>,
    lines: Vec<Span>,
    path: Option<String>,
}

/// Where each line of a text stands.
fn lines(reader: &Reader, item: &Item) -> Vec<Span> {
    let sources = reader.sources();
    let source = sources.get(item.span().file).map_or("", |file| file.text());
    let text = item.node.as_scalar().map_or("", |scalar| &*scalar.text);
    let mut start = 0;
    let place = |line: &str| {
        let written = line.trim_end_matches(['\n', '\r']);
        let span = item.node.place(source, start..start + written.len());
        start += line.len();
        span
    };
    text.split_inclusive('\n').map(place).collect()
}
