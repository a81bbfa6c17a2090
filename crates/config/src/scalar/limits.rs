//! Values of limits and of what is set in the kernel for a container: memory, CPU lists, ulimits, sysctls.
//!
//! Invariant: what is refused here is refused by every engine, some only when the container starts.

use super::{ScalarError, size};
use crate::read::suggest;

/// Below this no engine makes a container.
const LEAST_MEMORY: u64 = 6 << 20;

/// A size of memory; 0 is no limit.
pub fn memory(text: &str) -> Result<u64, ScalarError> {
    let bytes = size(text)?;
    if (1..LEAST_MEMORY).contains(&bytes) {
        let message = format!("\"{}\" is less than 6m of memory", crate::yaml::shorten(text));
        return Err(ScalarError::new(message).help("an engine takes 6m and more; 0 is no limit"));
    }
    Ok(bytes)
}

/// `0-2,4`.
pub fn cpu_list(text: &str) -> Result<String, ScalarError> {
    let number = |part: &str| part.parse::<u16>().ok().filter(|_| !part.starts_with('+'));
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let fits =
            matches!((number(first), number(last)), (Some(first), Some(last)) if first <= last);
        if !fits {
            let message = format!("\"{}\" is not a list of numbers", crate::yaml::shorten(text));
            let range = super::range_of(text, part);
            return Err(ScalarError::new(message).help("write \"0-2,4\"").range(range));
        }
    }
    Ok(text.to_owned())
}

const ULIMITS: &[&str] = &[
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

pub fn ulimit_name(text: &str) -> Result<String, ScalarError> {
    if ULIMITS.contains(&text) {
        return Ok(text.to_owned());
    }
    let help = suggest(text, ULIMITS.iter().copied()).map_or_else(
        || format!("known: {}", ULIMITS.join(", ")),
        |near| format!("did you mean \"{near}\"?"),
    );
    Err(ScalarError::new(format!("unknown ulimit \"{}\"", crate::yaml::shorten(text))).help(help))
}

/// What the kernel keeps for each namespace; all else is the host's, and no engine sets it for a container.
const NAMESPACED: &[&str] = &[
    "kernel.domainname",
    "kernel.hostname",
    "kernel.msgmax",
    "kernel.msgmnb",
    "kernel.msgmni",
    "kernel.sem",
    "kernel.shm_rmid_forced",
    "kernel.shmall",
    "kernel.shmmax",
    "kernel.shmmni",
];

/// Whether a container can have a sysctl of its own.
pub fn check_sysctl(name: &str) -> Result<(), ScalarError> {
    let dotted = name.replace('/', ".");
    let has_prefix = ["net.", "fs.mqueue."].into_iter().any(|prefix| dotted.starts_with(prefix));
    if has_prefix || NAMESPACED.contains(&dotted.as_str()) {
        return Ok(());
    }
    let message = format!("the sysctl \"{}\" is the host's alone", crate::yaml::shorten(name));
    let help = suggest(name, NAMESPACED.iter().copied()).map_or_else(
        || {
            "a container has its own net.*, fs.mqueue.*, kernel.msg*, kernel.shm* and kernel.sem"
                .to_owned()
        },
        |near| format!("did you mean \"{near}\"?"),
    );
    Err(ScalarError::new(message).help(help))
}

/// `no-new-privileges`, or `label`, `apparmor` or `seccomp` with a value.
pub fn security_option(text: &str) -> Result<String, ScalarError> {
    const BARE: [&str; 2] = ["no-new-privileges", "writable-cgroups"];
    const KEYS: [&str; 3] = ["label", "apparmor", "seccomp"];
    let (key, value) = match text.split_once(['=', ':']) {
        Some((key, value)) => (key, Some(value)),
        None => (text, None),
    };
    let fits = match value {
        None => BARE.contains(&key),
        Some(value) if BARE.contains(&key) => ["true", "false"].contains(&value),
        Some(value) => KEYS.contains(&key) && !value.is_empty(),
    };
    if fits {
        return Ok(text.to_owned());
    }
    let near = suggest(key, BARE.into_iter().chain(KEYS));
    let help = near.map_or_else(
        || "write no-new-privileges, label=…, apparmor=… or seccomp=…".to_owned(),
        |near| format!("did you mean \"{near}\"?"),
    );
    let message = format!("\"{}\" is not a security option", crate::yaml::shorten(text));
    Err(ScalarError::new(message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        for (text, expected) in
            [("6m", Some(6 << 20)), ("0", Some(0)), ("6291455", None), ("1", None), ("x", None)]
        {
            assert_eq!(memory(text).ok(), expected, "{text}");
        }
        for (text, fits) in [
            ("0", true),
            ("0-2,4", true),
            ("2-0", false),
            ("", false),
            ("0,", false),
            ("a", false),
            ("+1", false),
        ] {
            assert_eq!(cpu_list(text).is_ok(), fits, "{text}");
        }
        let help = ulimit_name("nofiles").unwrap_err().help;
        assert_eq!(help.as_deref(), Some("did you mean \"nofile\"?"));
    }

    #[test]
    fn kernel_settings() {
        for (text, fits) in [
            ("net.core.somaxconn", true),
            ("net/core/somaxconn", true),
            ("fs.mqueue.msg_max", true),
            ("kernel.shmmax", true),
            ("vm.swappiness", false),
            ("net", false),
            ("", false),
        ] {
            assert_eq!(check_sysctl(text).is_ok(), fits, "{text}");
        }
        for (text, fits) in [
            ("no-new-privileges", true),
            ("no-new-privileges:true", true),
            ("no-new-privileges:maybe", false),
            ("seccomp=unconfined", true),
            ("label:disable", true),
            ("seccomp", false),
            ("seccomp=", false),
            ("foo=bar", false),
        ] {
            assert_eq!(security_option(text).is_ok(), fits, "{text}");
        }
    }
}
