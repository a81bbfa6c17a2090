//! Short mounts: `data:/var/lib:ro`, `./src:/src`, `/anonymous`.
//!
//! Invariant: the target is absolute and clean; a source that is a path starts with `/`, `.` or `~`, everything else is a
//! volume's name.

use std::path::Path;

use super::{ScalarError, range_of};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShortSource {
    Anonymous,
    Volume(String),
    /// As written: not yet absolute.
    Path(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortMount {
    pub source: ShortSource,
    pub target: String,
    pub read_only: bool,
    pub no_copy: bool,
    pub propagation: Option<String>,
}

const HELP: &str = "write \"volume:/target\", \"./path:/target:ro\" or \"/target\"";
/// How mounts made later reach the other side of a bind mount.
pub const PROPAGATIONS: [&str; 6] = ["shared", "rshared", "slave", "rslave", "private", "rprivate"];

pub fn short_mount(text: &str) -> Result<ShortMount, ScalarError> {
    let mut parts = text.split(':');
    let first = parts.next().unwrap_or("");
    let (source, target, options) = match (parts.next(), parts.next(), parts.next()) {
        (None, ..) => ("", first, ""),
        // `/target:ro` is an anonymous volume with options.
        (Some(second), None, _) if !second.starts_with('/') && first.starts_with('/') => {
            ("", first, second)
        }
        (Some(second), options, None) => (first, second, options.unwrap_or("")),
        (_, _, Some(_)) => {
            let message = format!("\"{}\" has too many parts", crate::yaml::shorten(text));
            return Err(ScalarError::new(message).help(HELP));
        }
    };
    if !target.starts_with('/') {
        let message = if target.is_empty() {
            "the path in the container is missing".to_owned()
        } else {
            format!("the path in the container, \"{target}\", must be absolute")
        };
        return Err(ScalarError::new(message).help(HELP).range(range_of(text, target)));
    }
    let source = if source.is_empty() {
        ShortSource::Anonymous
    } else if source.starts_with(['/', '.', '~']) {
        ShortSource::Path(source.to_owned())
    } else {
        ShortSource::Volume(source.to_owned())
    };
    let mut mount = ShortMount {
        source,
        target: crate::read::clean(Path::new(target)),
        read_only: false,
        no_copy: false,
        propagation: None,
    };
    for option in options.split(',').filter(|option| !option.is_empty()) {
        apply(&mut mount, option).map_err(|error| error.range(range_of(text, option)))?;
    }
    Ok(mount)
}

fn apply(mount: &mut ShortMount, option: &str) -> Result<(), ScalarError> {
    match option {
        "ro" | "readonly" => mount.read_only = true,
        "rw" => mount.read_only = false,
        // For Docker Desktop; engines of Linux do not look at them.
        "cached" | "consistent" | "delegated" => {}
        "nocopy" => mount.no_copy = true,
        _ if PROPAGATIONS.contains(&option) => mount.propagation = Some(option.to_owned()),
        "z" | "Z" => {
            let message = format!("the option \"{option}\" relabels files of the host for SELinux");
            return Err(ScalarError::new(message)
                .help("windlass changes no files of the host; label the directory yourself"));
        }
        _ => {
            let shown = crate::yaml::shorten(option);
            return Err(ScalarError::new(format!("unknown mount option \"{shown}\""))
                .help("options are ro, rw, nocopy and a bind propagation such as rslave"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(mount: &ShortMount) -> String {
        let source = match &mount.source {
            ShortSource::Anonymous => "anonymous".to_owned(),
            ShortSource::Volume(name) => format!("volume {name}"),
            ShortSource::Path(path) => format!("path {path}"),
        };
        let ro = if mount.read_only { " ro" } else { "" };
        let no_copy = if mount.no_copy { " nocopy" } else { "" };
        let propagation = mount.propagation.as_deref().unwrap_or("");
        format!("{source} at {}{ro}{no_copy}{propagation}", mount.target)
    }

    #[test]
    fn parses() {
        for (text, expected) in [
            ("data:/var/lib", Ok("volume data at /var/lib")),
            ("data:/var/lib/:ro", Ok("volume data at /var/lib ro")),
            ("d:/d", Ok("volume d at /d")),
            ("./src:/src", Ok("path ./src at /src")),
            ("..:/src:rw", Ok("path .. at /src")),
            ("~/x:/x", Ok("path ~/x at /x")),
            ("/abs:/abs:ro,nocopy", Ok("path /abs at /abs ro nocopy")),
            ("/anonymous", Ok("anonymous at /anonymous")),
            ("/anonymous:ro", Ok("anonymous at /anonymous ro")),
            ("/a:/b:rslave", Ok("path /a at /brslave")),
            ("data:var", Err(Some(5..8))),
            ("data", Err(Some(0..4))),
            ("data:", Err(Some(5..5))),
            ("data:/x:rx", Err(Some(8..10))),
            ("data:/x:z", Err(Some(8..9))),
            ("a:/b:ro:x", Err(None)),
        ] {
            let found = short_mount(text).map(|mount| show(&mount)).map_err(|error| error.range);
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
    }
}
