//! A Debian with a Python, for what installs packages and for what needs an interpreter.
//!
//! Invariant: nothing is installed on this machine; it is made once in the target directory, from the mirror that apt has.

use std::path::Path;
use std::process::Command;

use crate::{Result, process, workspace};

/// The root file system as a tar.
pub(super) fn rootfs() -> Result<Vec<u8>> {
    let keep = workspace::keep("debian")?;
    let file = keep.join("rootfs.tar");
    if !file.exists() {
        make(&keep, &file)?;
    }
    Ok(std::fs::read(file)?)
}

fn make(keep: &Path, file: &Path) -> Result<()> {
    let program = process::program("debootstrap").ok_or("this machine has no debootstrap")?;
    let (mirror, suite) = source().ok_or("apt has no sources on this machine")?;
    let root = keep.join("root");
    // What a run that was ended left.
    let _ = std::fs::remove_dir_all(&root);
    let mut command = Command::new(program);
    command.args(["--variant=minbase", "--include=python3-minimal,libpython3-stdlib", &suite]);
    process::capture(command.arg(&root).arg(&mirror))?;
    let part = keep.join("rootfs.part");
    let mut tar = Command::new("tar");
    tar.args(["--create", "--numeric-owner", "--sort=name", "--exclude=./dev/*"]);
    tar.args(["--exclude=./var/cache/apt/*.bin", "--exclude=./var/cache/apt/archives/*.deb"]);
    tar.args(["--exclude=./var/lib/apt/lists/*"]);
    process::capture(tar.arg("--file").arg(&part).arg("--directory").arg(&root).arg("."))?;
    std::fs::remove_dir_all(root)?;
    Ok(std::fs::rename(part, file)?)
}

/// Mirror and suite of apt's first source.
fn source() -> Option<(String, String)> {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let of_fields = fields(&read("/etc/apt/sources.list.d/debian.sources"));
    of_fields.or_else(|| line(&read("/etc/apt/sources.list")))
}

/// Of `URIs: …` and `Suites: …`.
fn fields(text: &str) -> Option<(String, String)> {
    let first = |key: &str| {
        let value = text.lines().find_map(|line| line.strip_prefix(key))?;
        value.split_whitespace().next().map(str::to_owned)
    };
    Some((first("URIs:")?, first("Suites:")?))
}

/// Of `deb [options] URI suite component…`.
fn line(text: &str) -> Option<(String, String)> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("deb "))?.trim();
    let rest = match line.strip_prefix('[') {
        Some(options) => options.split_once(']')?.1,
        None => line,
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some((words.next()?, words.next()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_read_in_both_forms() {
        let expected = Some(("http://mirror/debian".to_owned(), "stable".to_owned()));
        let text = "Types: deb\n# URIs: no\nURIs: http://mirror/debian http://other\nSuites: stable stable-updates\n";
        assert_eq!(fields(text), expected);
        assert_eq!(fields("Types: deb\n"), None);
        for text in [
            "# deb no no\ndeb http://mirror/debian stable main\n",
            "deb [arch=amd64 signed-by=/k] http://mirror/debian stable main\n",
        ] {
            assert_eq!(line(text), expected, "{text}");
        }
        assert_eq!(line("deb-src http://mirror/debian stable main\n"), None);
    }
}
