//! A layer as an engine keeps it that keeps images as registries do.
//!
//! Invariant: what it names is what the engine has, compressed or not; the digest of its tar is another one if it is compressed.

use serde::{Deserialize, Serialize};

/// See the module. Its form is that of a descriptor in a manifest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerBlob {
    pub media_type: String,
    /// `sha256:…` of its bytes.
    pub digest: String,
    /// Bytes.
    pub size: u64,
}

/// A layer that is a plain tar.
const TAR: &str = "application/vnd.oci.image.layer.v1.tar";
/// How the engine's own manifests begin the types of layers.
const OTHER_TAR: &str = "application/vnd.docker.image.rootfs.diff.tar";

impl LayerBlob {
    /// Of a plain tar.
    #[must_use]
    pub fn plain(digest: &str, size: u64) -> Self {
        Self { media_type: TAR.to_owned(), digest: digest.to_owned(), size }
    }

    /// With the name that an open manifest has for its type.
    pub(super) fn in_open_words(mut self) -> Self {
        match self.media_type.strip_prefix(OTHER_TAR) {
            Some("") => TAR.clone_into(&mut self.media_type),
            Some(packed @ (".gzip" | ".zstd")) => {
                self.media_type = format!("{TAR}+{}", packed.trim_start_matches('.'));
            }
            Some(_) | None => {}
        }
        self
    }
}
