//! What to load and in which surroundings.
//!
//! Invariant: everything that a load depends on beside files is here, so equal options and files give equal projects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// In which language files are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// `windlass.yaml`.
    #[default]
    Windlass,
}

impl Dialect {
    /// By its name on the command line.
    pub fn parse(text: &str) -> Option<Self> {
        (text == "windlass").then_some(Self::Windlass)
    }
}

#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Merged in order, later ones win; `-` is `stdin`. Relative ones start from `cwd`.
    pub files: Vec<PathBuf>,
    pub stdin: Option<Vec<u8>>,
    pub dialect: Dialect,
    /// Wins over the files' `name`.
    pub project: Option<String>,
    /// `--set` pairs; they win over variables of the environment, and those over the files' `vars`.
    pub set: Vec<(String, String)>,
    /// The words after `--`.
    pub args: Vec<String>,
    /// The caller's environment; `WINDLASS_VAR_x` sets the variable `x`.
    pub env: BTreeMap<String, String>,
    /// Absolute.
    pub cwd: PathBuf,
    /// For what makes nothing (looking, stopping, taking down): a secret that cannot be read is
    /// empty, not a finding.
    pub secrets_optional: bool,
    pub home: Option<PathBuf>,
}

impl LoadOptions {
    /// The absolute directory of the main file.
    pub(super) fn root(&self) -> PathBuf {
        self.files.first().map_or_else(|| self.cwd.clone(), |file| self.directory(file))
    }

    /// The absolute directory of a file.
    pub(super) fn directory(&self, file: &Path) -> PathBuf {
        if file == Path::new("-") || windlass_files::is_descriptor(file) {
            return self.cwd.clone();
        }
        let path = crate::read::clean(&self.cwd.join(file));
        Path::new(&path).parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf)
    }
}
