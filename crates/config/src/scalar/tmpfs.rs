//! Options of a tmpfs mount: `size=16m,mode=1777,noexec`.
//!
//! Invariant: they are handed on as written; an engine passes them to the kernel when the container starts, so a
//! mistake would show only then.

use super::{ScalarError, size};
use crate::read::suggest;

const FLAGS: &[&str] = &[
    "async",
    "atime",
    "defaults",
    "dev",
    "diratime",
    "dirsync",
    "exec",
    "mand",
    "noatime",
    "nodev",
    "nodiratime",
    "noexec",
    "nomand",
    "norelatime",
    "nostrictatime",
    "nosuid",
    "private",
    "rbind",
    "relatime",
    "remount",
    "ro",
    "rprivate",
    "rshared",
    "rslave",
    "runbindable",
    "rw",
    "shared",
    "slave",
    "strictatime",
    "suid",
    "sync",
    "unbindable",
];
const KEYS: &[&str] = &["gid", "mode", "mpol", "nr_blocks", "nr_inodes", "size", "uid"];

pub fn tmpfs_options(text: &str) -> Result<String, ScalarError> {
    for option in text.split(',').filter(|option| !option.is_empty()) {
        check(option).map_err(|error| error.range(super::range_of(text, option)))?;
    }
    Ok(text.to_owned())
}

fn check(option: &str) -> Result<(), ScalarError> {
    let refuse = |message: String, help: &str| Err(ScalarError::new(message).help(help));
    let shown = crate::yaml::shorten(option);
    let Some((key, value)) = option.split_once('=') else {
        if FLAGS.contains(&option) {
            return Ok(());
        }
        return Err(unknown(option));
    };
    let number = |value: &str| value.parse::<u32>().is_ok();
    match key {
        "size" | "nr_blocks" | "nr_inodes" => {
            let percent = value.strip_suffix('%').is_some_and(number) && key == "size";
            let last = value.trim_end_matches(['k', 'm', 'g', 'K', 'M', 'G']);
            let counted = value.len() - last.len() <= 1 && size(last).is_ok_and(|n| n > 0);
            let whole = last.chars().all(|c| c.is_ascii_digit());
            if percent || (counted && whole) {
                return Ok(());
            }
            refuse(format!("\"{shown}\" is not a size of a tmpfs"), "write size=16m or size=50%")
        }
        "mode" => {
            if u32::from_str_radix(value, 8).is_ok_and(|mode| mode <= 0o7777) {
                return Ok(());
            }
            refuse(format!("\"{shown}\" is not a mode"), "write it in octal: mode=1777")
        }
        "uid" | "gid" if number(value) => Ok(()),
        "uid" | "gid" => refuse(format!("\"{shown}\" is not a number"), "write uid=1000"),
        "mpol" => Ok(()),
        _ => Err(unknown(key)),
    }
}

fn unknown(option: &str) -> ScalarError {
    let known = KEYS.iter().chain(FLAGS).copied();
    let help = suggest(option, known).map_or_else(
        || "options are size, mode, uid, gid, noexec, ro and the other ones of mount(8)".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    let message = format!("unknown option \"{}\" of a tmpfs", crate::yaml::shorten(option));
    ScalarError::new(message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        for (text, expected) in [
            ("", Ok(())),
            ("size=16m", Ok(())),
            ("size=50%,mode=1777,noexec", Ok(())),
            ("size=1024,uid=1000,gid=0,ro", Ok(())),
            ("size=16q", Err(Some(0..8))),
            ("size=0", Err(Some(0..6))),
            ("size=", Err(Some(0..5))),
            ("size=1.5m", Err(Some(0..9))),
            ("ro,mode=99", Err(Some(3..10))),
            ("uid=me", Err(Some(0..6))),
            ("sise=1m", Err(Some(0..7))),
            ("noexecs", Err(Some(0..7))),
        ] {
            assert_eq!(tmpfs_options(text).map(|_| ()).map_err(|e| e.range), expected, "{text}");
        }
    }
}
