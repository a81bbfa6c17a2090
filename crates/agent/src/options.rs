//! What the agent is asked to do.
//!
//! Invariant: a word that it does not know is an error; nothing is guessed.

use std::path::PathBuf;
use windlass_bundle::Mode;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Plan,
    Apply,
    /// What is asked for comes on standard input.
    Host,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) verb: Verb,
    /// Where the bundle is; `None`: on standard input.
    pub(crate) bundle: Option<PathBuf>,
    /// What paths of files in the bundle are relative to; beside the bundle without one.
    pub(crate) assets: Option<PathBuf>,
    /// `None`: the machine itself, where commands can be run.
    pub(crate) root: Option<PathBuf>,
    pub(crate) state: Option<PathBuf>,
    pub(crate) mode: Mode,
    /// A plan with changes ends with 2.
    pub(crate) detailed_exitcode: bool,
    /// The directory in which the bundle is goes when it is applied.
    pub(crate) once: bool,
    /// Nothing is run that only looks.
    pub(crate) no_probes: bool,
}

pub(crate) const USAGE: &str = "usage: windlass-agent plan|apply|host [--root DIR] [--state FILE] \
    [--assets DIR] [--mode host|image] [--detailed-exitcode] [--no-probes] [--once] [BUNDLE]";

/// Where a host keeps what earlier runs left.
const STATE: &str = "/var/lib/windlass/state.json";

impl Options {
    pub(crate) fn new(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut arguments = arguments.into_iter();
        let verb = match arguments.next().as_deref() {
            Some("plan") => Verb::Plan,
            Some("apply") => Verb::Apply,
            Some("host") => Verb::Host,
            Some(other) => {
                return Err(format!("`{other}` is neither `plan` nor `apply` nor `host`"));
            }
            None => return Err("there is nothing to do".to_owned()),
        };
        let mut options = Self {
            verb,
            bundle: None,
            assets: None,
            root: None,
            state: None,
            mode: Mode::Host,
            detailed_exitcode: false,
            once: false,
            no_probes: false,
        };
        let mut mode = None;
        while let Some(word) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{word}` needs a value"));
            match word.as_str() {
                "--root" => options.root = Some(value()?.into()),
                "--state" => options.state = Some(value()?.into()),
                "--assets" => options.assets = Some(value()?.into()),
                "--mode" => mode = Some(value()?),
                "--detailed-exitcode" => options.detailed_exitcode = true,
                "--once" => options.once = true,
                "--no-probes" => options.no_probes = true,
                "-" => {}
                other if other.starts_with('-') => return Err(format!("`{other}` is no option")),
                _ if options.bundle.is_some() => return Err("one bundle at a time".to_owned()),
                _ => options.bundle = Some(word.into()),
            }
        }
        if options.once && (options.bundle.is_none() || options.verb != Verb::Apply) {
            return Err("`--once` is for a bundle that is applied from a file".to_owned());
        }
        options.root = options.root.filter(|root| root.as_os_str() != "/");
        options.mode = match (mode.as_deref(), &options.root) {
            (None, Some(_)) => Mode::Root,
            (None | Some("host"), None) => Mode::Host,
            (Some("image"), _) => Mode::Image,
            (Some("host"), Some(_)) => return Err("a host has no other root than its own".into()),
            (Some(other), _) => return Err(format!("`{other}` is neither `host` nor `image`")),
        };
        if options.mode == Mode::Host && options.state.is_none() {
            options.state = Some(STATE.into());
        }
        Ok(options)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Options, String> {
        Options::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn words_are_options_or_errors() {
        for (line, expected) in [
            ("", "nothing to do"),
            ("run", "neither `plan` nor `apply` nor `host`"),
            ("plan --root", "`--root` needs a value"),
            ("plan --rot x", "no option"),
            ("plan a b", "one bundle"),
            ("plan --once x/y", "`--once` is for"),
            ("apply --once", "`--once` is for"),
            ("plan --mode x", "neither `host` nor `image`"),
            ("plan --mode host --root /x", "no other root"),
        ] {
            let error = read(line).expect_err(line);
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn only_a_host_keeps_state_where_nothing_is_said() {
        for (line, mode, state) in [
            ("apply", Mode::Host, Some(STATE)),
            ("apply --root /", Mode::Host, Some(STATE)),
            ("apply --root /x", Mode::Root, None),
            ("apply --root /x --state /s", Mode::Root, Some("/s")),
            ("apply --mode image", Mode::Image, None),
            ("apply --mode image --root /x", Mode::Image, None),
        ] {
            let options = read(line).unwrap();
            assert_eq!((options.mode, options.state), (mode, state.map(PathBuf::from)), "{line}");
        }
    }
}
