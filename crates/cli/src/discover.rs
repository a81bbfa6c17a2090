//! Discover: which files are meant when none is named.
//!
//! Invariant: the nearest directory wins, and within it the native format.

use std::path::{Path, PathBuf};
use windlass::config::HARPOON_FILES;

use crate::trouble::{Result, Trouble};

/// Names of the native format.
const NATIVE: [&str; 2] = ["windlass.yaml", "windlass.yml"];
/// Names of formats that are not read yet, and what they are.
const FOREIGN: [(&str, &str); 4] = [
    ("compose.yaml", "a Compose file"),
    ("compose.yml", "a Compose file"),
    ("docker-compose.yaml", "a Compose file"),
    ("docker-compose.yml", "a Compose file"),
];

/// Whether a file is called as those of the native format are.
pub(crate) fn is_native(file: &Path) -> bool {
    file.file_name().is_some_and(|name| NATIVE.iter().any(|native| name == *native))
}

/// The file for a directory, in it or above it, as a path from there.
pub(crate) fn file(directory: &Path) -> Result<PathBuf> {
    let mut relative = PathBuf::new();
    for ancestor in directory.ancestors() {
        let is_there = |name: &str| ancestor.join(name).is_file();
        let known = NATIVE.into_iter().chain(HARPOON_FILES);
        if let Some(name) = known.into_iter().find(|name| is_there(name)) {
            return Ok(relative.join(name));
        }
        if let Some((name, what)) = FOREIGN.into_iter().find(|(name, _)| is_there(name)) {
            return Err(Trouble::files(
                format!(
                    "{} is {what}, which windlass does not read yet",
                    relative.join(name).display()
                ),
                "write a windlass.yaml beside it, or name one with `-f FILE`",
            ));
        }
        relative.push("..");
    }
    Err(Trouble::files(
        format!("there is no windlass.yaml in {} or above it", directory.display()),
        "go to a project's directory, or name its file: `windlass -f FILE …`",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_is_found() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(root.path().join("windlass.yaml"), "").unwrap();
        assert_eq!(file(&deep).unwrap(), Path::new("../../windlass.yaml"));
        std::fs::write(root.path().join("a/windlass.yml"), "").unwrap();
        assert_eq!(file(&deep).unwrap(), Path::new("../windlass.yml"));
        std::fs::write(root.path().join("a/harpoon.yml"), "").unwrap();
        assert_eq!(file(&deep).unwrap(), Path::new("../windlass.yml"));
        std::fs::write(deep.join("harpoon.yml"), "").unwrap();
        assert_eq!(file(&deep).unwrap(), Path::new("harpoon.yml"));
        std::fs::remove_file(deep.join("harpoon.yml")).unwrap();
        std::fs::write(deep.join("compose.yaml"), "").unwrap();
        assert!(matches!(file(&deep), Err(Trouble::Files { message, .. })
            if message.starts_with("compose.yaml is a Compose file")));
    }
}
