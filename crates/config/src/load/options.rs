//! What to load and in which surroundings.
//!
//! Invariant: everything that a load depends on beside files is here, so equal options and files give equal projects.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::diagnostic::Diagnostics;
use crate::docker_map::Surroundings;
use crate::source::SourceMap;
use crate::yaml::{self, ParseOptions};

/// In which language files are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Dialect {
    /// `windlass.yaml`.
    #[default]
    Windlass,
    /// A container map of docker-map.
    DockerMap,
    /// A `harpoon.yml`.
    Harpoon,
}

impl Dialect {
    pub const ALL: [Self; 3] = [Self::Windlass, Self::DockerMap, Self::Harpoon];

    /// As on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Windlass => "windlass",
            Self::DockerMap => "docker-map",
            Self::Harpoon => "harpoon",
        }
    }

    /// Of a file that is called as only one dialect's files are; otherwise the native one.
    pub fn of_file(file: &Path) -> Self {
        let name = file.file_name().map(|name| name.to_string_lossy());
        let is_harpoon = name.is_some_and(|name| crate::harpoon::FILES.contains(&&*name));
        if is_harpoon { Self::Harpoon } else { Self::default() }
    }

    /// Of a file whose text can only be one dialect's, whatever it is called. What can't be read is nobody's: that is said when it
    /// is loaded.
    pub fn of_shape(file: &Path) -> Option<Self> {
        // A descriptor can be read once only.
        if windlass_files::is_descriptor(file) {
            return None;
        }
        let text = windlass_files::read_text(file, yaml::MAX_BYTES as u64).ok()?;
        Self::of_text(&text)
    }

    /// Of a text that can only be one dialect's.
    pub fn of_text(text: &str) -> Option<Self> {
        let mut sources = SourceMap::new();
        let file = sources.add("", "/", "");
        let options = ParseOptions { tags: &[], max_nodes: yaml::MAX_NODES };
        let root = yaml::parse(file, text, options, &mut Diagnostics::default())?;
        crate::harpoon::is_own(&root).then_some(Self::Harpoon)
    }

    /// By its name on the command line.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.as_str() == text)
    }

    /// Local tags that mean something.
    pub(super) fn tags(self) -> &'static [&'static str] {
        match self {
            Self::Windlass => crate::native::TAGS,
            Self::DockerMap => crate::docker_map::TAGS,
            Self::Harpoon => &[],
        }
    }
}

#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Merged in order, later ones win; `-` is `stdin`. Relative ones start from `cwd`.
    pub files: Vec<PathBuf>,
    pub stdin: Option<Vec<u8>>,
    pub dialect: Dialect,
    /// docker-map's file of clients, from `cwd`: the engines of its maps.
    pub clients: Option<PathBuf>,
    /// Wins over the files' `name`.
    pub project: Option<String>,
    /// `--set` pairs; they win over variables of the environment, and those over the files' `vars`.
    pub set: Vec<(String, String)>,
    /// The task that is run: its `overrides` lie over what it is of.
    pub task: Option<String>,
    /// The words after `--`.
    pub args: Vec<String>,
    /// The caller's environment; `WINDLASS_VAR_x` sets the variable `x`.
    pub env: BTreeMap<String, String>,
    /// Absolute.
    pub cwd: PathBuf,
    /// For what makes nothing (looking, stopping, taking down): a secret that cannot be read is
    /// empty, and a variable that is to be the caller's own is left out, which is no finding.
    pub secrets_optional: bool,
    pub home: Option<PathBuf>,
}

impl LoadOptions {
    /// What the project is named after: the main file's directory; a map after the file itself.
    pub(super) fn origin(&self) -> Option<String> {
        let directory = self.root();
        let named = match self.dialect {
            Dialect::Windlass | Dialect::Harpoon => directory.file_name(),
            Dialect::DockerMap => self.files.first().and_then(|file| file.file_stem()),
        };
        named.map(|name| name.to_string_lossy().into_owned())
    }

    /// What the project is called, unless the files say it.
    pub fn project_name(&self) -> Option<String> {
        let origin = || windlass_model::ProjectName::normalise(&self.origin()?);
        self.project.clone().or_else(|| origin().map(|name| name.to_string()))
    }

    /// The absolute directory of the main file: where relative paths start.
    pub fn root_directory(&self) -> PathBuf {
        self.root()
    }

    /// The absolute directory of the main file.
    pub(super) fn root(&self) -> PathBuf {
        self.files.first().map_or_else(|| self.cwd.clone(), |file| self.directory(file))
    }

    /// What docker-map's tagged paths are expanded with.
    pub(super) fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { env: &self.env, home: self.home.as_deref() }
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
