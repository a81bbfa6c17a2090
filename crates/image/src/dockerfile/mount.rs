//! What a `RUN` has mounted while it runs, which only `BuildKit` can do.
//!
//! Invariant: a value with a comma or a quote is one field again when the builder reads it, and one that cannot be is refused.

use std::fmt::Write as _;

use super::DockerfileProblem;

/// `--mount=`: nothing of it comes into a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub struct Mount {
    fields: Vec<(&'static str, String)>,
}

impl Mount {
    /// A directory that stays from build to build: a package manager's downloads, a compiler's results.
    pub fn cache(target: impl Into<String>) -> Self {
        Self::new("cache").field("target", target)
    }

    /// A secret of the build, as the file `/run/secrets/<id>` unless [`Mount::target`] says another.
    pub fn secret(id: impl Into<String>) -> Self {
        Self::new("secret").field("id", id)
    }

    /// The ssh agent of the build.
    pub fn ssh() -> Self {
        Self::new("ssh")
    }

    /// The build context, or with [`Mount::from`] a stage or an image.
    pub fn bind(target: impl Into<String>) -> Self {
        Self::new("bind").field("target", target)
    }

    /// Memory.
    pub fn tmpfs(target: impl Into<String>) -> Self {
        Self::new("tmpfs").field("target", target)
    }

    pub fn id(self, id: impl Into<String>) -> Self {
        self.field("id", id)
    }

    pub fn target(self, target: impl Into<String>) -> Self {
        self.field("target", target)
    }

    /// The part of what it is from.
    pub fn source(self, source: impl Into<String>) -> Self {
        self.field("source", source)
    }

    /// A stage or an image.
    pub fn from(self, from: impl Into<String>) -> Self {
        self.field("from", from)
    }

    /// Whether builds may use a cache at the same time: `shared`, `private` or `locked`.
    pub fn sharing(self, sharing: impl Into<String>) -> Self {
        self.field("sharing", sharing)
    }

    pub fn read_only(self) -> Self {
        self.field("readonly", "true")
    }

    /// The build fails where there is no such secret or agent.
    pub fn required(self) -> Self {
        self.field("required", "true")
    }

    /// Permission bits of a secret, a socket or a new cache.
    pub fn mode(self, mode: u32) -> Self {
        self.field("mode", format!("{mode:04o}"))
    }

    pub fn owner(self, uid: u32, gid: u32) -> Self {
        self.field("uid", uid.to_string()).field("gid", gid.to_string())
    }

    fn new(kind: &'static str) -> Self {
        Self { fields: vec![("type", kind.to_owned())] }
    }

    fn field(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.retain(|(other, _)| *other != name);
        self.fields.push((name, value.into()));
        self
    }

    /// As the flag takes it: fields of CSV, without white space, which would end the flag.
    pub(super) fn text(&self) -> Result<String, DockerfileProblem> {
        let mut text = String::new();
        for (name, value) in &self.fields {
            if value.is_empty() {
                return Err(DockerfileProblem::Empty("a value of a mount"));
            }
            if value.contains(char::is_whitespace) {
                return Err(DockerfileProblem::WhiteSpace(format!("{name} of a mount")));
            }
            let comma = if text.is_empty() { "" } else { "," };
            let written = if value.contains([',', '"']) {
                write!(text, "{comma}\"{name}={}\"", value.replace('"', "\"\""))
            } else {
                write!(text, "{comma}{name}={value}")
            };
            written.expect("invariant: writing to a String does not fail");
        }
        Ok(text)
    }
}
