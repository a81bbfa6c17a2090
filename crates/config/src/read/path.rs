//! Where in the document a value stands, such as `containers.web.ports[0]`.
//!
//! Invariant: a path is only turned into text when something is reported about it.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

#[derive(Debug, Clone, Default)]
pub struct Path(Option<Rc<Part>>);

#[derive(Debug)]
struct Part {
    parent: Path,
    segment: Segment,
}

#[derive(Debug)]
enum Segment {
    Key(Arc<str>),
    Index(usize),
}

impl Path {
    /// The document itself.
    pub fn root() -> Self {
        Self(None)
    }

    #[must_use]
    pub fn key(&self, key: impl Into<Arc<str>>) -> Self {
        self.push(Segment::Key(key.into()))
    }

    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        self.push(Segment::Index(index))
    }

    fn push(&self, segment: Segment) -> Self {
        Self(Some(Rc::new(Part { parent: self.clone(), segment })))
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(part) = &self.0 else { return Ok(()) };
        part.parent.fmt(f)?;
        match &part.segment {
            Segment::Index(index) => write!(f, "[{index}]"),
            Segment::Key(key) => {
                if part.parent.0.is_some() {
                    f.write_str(".")?;
                }
                f.write_str(key)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn displays() {
        let path = Path::root().key("containers").key("web").key("ports").index(0);
        assert_eq!(path.to_string(), "containers.web.ports[0]");
        assert_eq!(Path::root().to_string(), "");
    }
}
