//! The environment: variables, directories and the terminal, as the program found them.
//!
//! Invariant: the only file that asks the process about its surroundings.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;

use crate::args::When;
use crate::render::style::Style;

/// What surrounds the program.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// What was typed, the program first.
    pub arguments: Vec<OsString>,
    pub directory: PathBuf,
    pub home: Option<PathBuf>,
    /// Variables that are text.
    pub variables: BTreeMap<String, String>,
    pub stdin_is_terminal: bool,
    pub stdout_is_terminal: bool,
    pub stderr_is_terminal: bool,
}

/// Rows and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub rows: u16,
    pub columns: u16,
}

impl Environment {
    pub(crate) fn read() -> Self {
        let variables: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            arguments: std::env::args_os().collect(),
            directory: std::env::current_dir().unwrap_or_default(),
            home: variables.get("HOME").filter(|home| !home.is_empty()).map(PathBuf::from),
            variables,
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
        }
    }

    /// Where what can be made again is kept: any of it may be removed at any time.
    pub(crate) fn cache(&self) -> Option<PathBuf> {
        // One that is relative is to be ignored, by the XDG Base Directory Specification.
        let named = self.variables.get("XDG_CACHE_HOME").map(PathBuf::from);
        let named = named.filter(|path| path.is_absolute());
        let cache = named.or_else(|| Some(self.home.as_ref()?.join(".cache")))?;
        Some(cache.join("windlass"))
    }

    fn is_set(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|value| !value.is_empty())
    }

    fn is_dumb(&self) -> bool {
        self.variables.get("TERM").is_some_and(|term| term == "dumb")
    }

    /// Whether standard error can show something that changes in place.
    pub(crate) fn can_redraw(&self) -> bool {
        self.stderr_is_terminal && !self.is_dumb()
    }

    pub(crate) fn stdout_style(&self, when: When) -> Style {
        let size = || size(&std::io::stdout());
        self.style(when, self.stdout_is_terminal, size)
    }

    pub(crate) fn stderr_style(&self, when: When) -> Style {
        let size = || size(&std::io::stderr());
        self.style(when, self.stderr_is_terminal, size)
    }

    fn style(&self, when: When, is_terminal: bool, size: impl Fn() -> Option<Size>) -> Style {
        let colour = match when {
            When::Always => true,
            When::Never => false,
            When::Auto => is_terminal && !self.is_dumb() && !self.is_set("NO_COLOR"),
        };
        let width = is_terminal.then(|| size().map_or(80, |size| usize::from(size.columns)));
        Style { colour, width }
    }
}

/// Whether standard output and standard error end in one place: one terminal, one pipe, one file.
pub(crate) fn is_one_output() -> bool {
    let place = |of: rustix::io::Result<rustix::fs::Stat>| of.map(|of| (of.st_dev, of.st_ino));
    let stdout = place(rustix::fs::fstat(std::io::stdout()));
    stdout.is_ok() && stdout == place(rustix::fs::fstat(std::io::stderr()))
}

/// Whether there is nothing to be read of standard input, whatever it has.
pub(crate) fn stdin_is_directory() -> bool {
    let found = rustix::fs::fstat(std::io::stdin());
    found.is_ok_and(|found| rustix::fs::FileType::from_raw_mode(found.st_mode).is_dir())
}

/// The size of a terminal; `None` if it is none or does not know.
pub(crate) fn size(terminal: &impl std::os::fd::AsFd) -> Option<Size> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    (size.ws_row > 0 && size.ws_col > 0).then_some(Size { rows: size.ws_row, columns: size.ws_col })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_colours_are_used() {
        for (when, terminal, variables, expected) in [
            (When::Auto, true, &[][..], true),
            (When::Auto, false, &[], false),
            (When::Auto, true, &[("NO_COLOR", "1")], false),
            (When::Auto, true, &[("NO_COLOR", "")], true),
            (When::Auto, true, &[("TERM", "dumb")], false),
            (When::Always, false, &[("NO_COLOR", "1")], true),
            (When::Never, true, &[], false),
        ] {
            let variables =
                variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
            let environment = Environment { variables, ..Environment::default() };
            let style = environment.style(when, terminal, || None);
            assert_eq!(style.colour, expected, "{when:?} {terminal}");
            assert_eq!(style.width, terminal.then_some(80));
        }
    }

    #[test]
    fn where_the_cache_is() {
        for (home, named, expected) in [
            (Some("/h"), None, Some("/h/.cache/windlass")),
            (Some("/h"), Some("/c"), Some("/c/windlass")),
            (Some("/h"), Some("c"), Some("/h/.cache/windlass")),
            (Some("/h"), Some(""), Some("/h/.cache/windlass")),
            (None, Some("/c"), Some("/c/windlass")),
            (None, None, None),
        ] {
            let variables = named.map(|named| ("XDG_CACHE_HOME".to_owned(), named.to_owned()));
            let environment = Environment {
                home: home.map(PathBuf::from),
                variables: variables.into_iter().collect(),
                ..Environment::default()
            };
            assert_eq!(environment.cache(), expected.map(PathBuf::from), "{home:?} {named:?}");
        }
    }
}
