//! Why a build gave no image.
//! Invariant: every failure of a step carries the step's name, its own error text and the end of its log.

use std::io;
use std::time::Duration;

use super::dial::DialError;

/// Texts of the engine and of build steps are untrusted: they can hold escape sequences.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The engine gave no stream for the session (`/session`) or the build (`/grpc`).
    #[error("cannot open {path} on the engine")]
    Dial { path: &'static str, source: DialError },

    #[error("the engine did not answer on {path} within {} s", .after.as_secs())]
    Deadline { path: &'static str, after: Duration },

    /// The Dockerfile cannot be read from the build context.
    #[error("cannot read the Dockerfile {path:?}")]
    Dockerfile { path: String, source: io::Error },

    /// A file of the build context, or with an empty path the listing itself, cannot be read.
    #[error("cannot send the build context{}", at(.path))]
    Context { path: String, source: io::Error },

    /// One step of the Dockerfile failed.
    #[error("{vertex} failed: {message}")]
    Vertex { vertex: String, message: String, log: Vec<String> },

    /// The engine refused the build before or after its steps, such as for a mistake in the Dockerfile.
    #[error("the engine refused the build: {message}")]
    Refused { message: String },

    /// The build was cancelled on the engine: it shuts down, or somebody else stopped the build.
    #[error("the engine cancelled the build")]
    Cancelled,

    #[error("the connection to the engine broke during the build")]
    Lost(#[source] Box<dyn std::error::Error + Send + Sync>),

    /// The engine closed the session while the build was still going on.
    #[error("the engine closed the build session")]
    SessionClosed,

    /// The build went well, but the engine named no image.
    #[error("the engine named no image id")]
    NoImage,
}

impl BuildError {
    /// Whether this engine has no `BuildKit` session at all (podman, very old engines), so that the classic
    /// builder is worth a try.
    pub fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::Dial { source: DialError::Refused { status: 400 | 404 | 405 | 501, .. }, .. }
        )
    }
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!(" at {path:?}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_read_as_fragments() {
        let refused = |status| BuildError::Dial {
            path: "/session",
            source: DialError::Refused { status, message: "page not found".to_owned() },
        };
        let context = |path: &str| BuildError::Context {
            path: path.to_owned(),
            source: io::ErrorKind::NotFound.into(),
        };
        let cases = [
            (refused(404), "cannot open /session on the engine", true),
            (refused(500), "cannot open /session on the engine", false),
            (context(""), "cannot send the build context", false),
            (context("a/b"), "cannot send the build context at \"a/b\"", false),
            (
                BuildError::Deadline { path: "/grpc", after: Duration::from_secs(20) },
                "the engine did not answer on /grpc within 20 s",
                false,
            ),
        ];
        for (error, text, unsupported) in cases {
            assert_eq!(error.to_string(), text);
            assert_eq!(error.is_unsupported(), unsupported, "{text}");
        }
    }
}
