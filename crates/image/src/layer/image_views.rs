//! What is in images that were looked at before.
//!
//! Invariant: an image's id is that of its content, so what is kept under it never grows old.

use std::path::{Path, PathBuf};

use super::SavedImage;
use crate::file_digests::FileDigests;
use crate::kept_file;

/// Images that are remembered; those that were looked at first go.
const VIEWS_MAX: usize = 32;
/// Largest index that is read; that of a system with a desktop is a tenth of it.
const VIEW_MAX_BYTES: u64 = 256 << 20;
/// The form of the files: it changes whenever an older one would be misread.
const FORM: u32 = 8;

/// See the module.
#[derive(Clone, Debug, Default)]
pub struct ImageViews {
    folder: Option<PathBuf>,
}

impl ImageViews {
    /// Kept beside what is kept of files; nowhere, if that is.
    pub fn beside(files: &FileDigests) -> Self {
        let folder = files.folder().and_then(|folder| folder.parent());
        Self { folder: folder.map(|cache| cache.join("images")) }
    }

    /// Where large files of images are while they are needed.
    pub fn spool(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// What is known of an image; nothing if the file can't be used.
    pub fn get(&self, id: &str) -> Option<SavedImage> {
        let bytes = kept_file::read(&self.path(id)?, VIEW_MAX_BYTES)?;
        serde_json::from_slice(&bytes).ok()
    }

    /// Remembers an image. It saves time, and where it can't be written, none.
    pub fn keep(&self, id: &str, image: &SavedImage) {
        let Some(path) = self.path(id) else { return };
        let Ok(bytes) = serde_json::to_vec(image) else { return };
        if kept_file::replace(&path, &bytes).is_ok()
            && let Some(folder) = path.parent()
        {
            let is_older = |path: &Path| {
                let form = path.extension().and_then(|form| form.to_str()?.parse::<u32>().ok());
                form.is_some_and(|form| form < FORM)
            };
            // What nobody reads any more may have what is not kept now.
            drop(kept_file::remove_all(folder, is_older));
            drop(kept_file::remove_oldest(folder, VIEWS_MAX));
        }
    }

    fn path(&self, id: &str) -> Option<PathBuf> {
        let digits = id.strip_prefix("sha256:").unwrap_or(id);
        let is_id = digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        Some(self.folder.as_ref().filter(|_| is_id)?.join(format!("{digits}.{FORM}")))
    }
}
