//! Names that engines and kernels know: objects, variables, signals, capabilities.
//!
//! Invariant: a name that is accepted is accepted by every engine; spelling is normalised so that two ways to write
//! one thing compare equal.

use super::ScalarError;
use crate::read::suggest;

/// What an engine allows for containers, networks and volumes.
pub fn engine_name(text: &str) -> Result<String, ScalarError> {
    let edge = |c: char| c.is_ascii_alphanumeric();
    let inner = |c: char| edge(c) || "_.-".contains(c);
    if text.starts_with(edge) && text.chars().all(inner) && text.len() <= 200 {
        return Ok(text.to_owned());
    }
    let bad = text.char_indices().find(|(at, c)| if *at == 0 { !edge(*c) } else { !inner(*c) });
    let mut error = ScalarError::new(match bad {
        Some((_, c)) => format!(
            "\"{}\" is not a name that an engine accepts, because of `{}`",
            crate::yaml::shorten(text),
            c.escape_default()
        ),
        None if text.is_empty() => "a name is empty".to_owned(),
        None => "a name is longer than 200 characters".to_owned(),
    })
    .help("use letters, digits, and _ . - after the first character");
    if let Some((at, c)) = bad {
        error = error.range(at..at + c.len_utf8());
    }
    Err(error)
}

/// As [`engine_name`], for volumes: an engine's rule for them wants two characters.
pub fn volume_name(text: &str) -> Result<String, ScalarError> {
    let name = engine_name(text)?;
    if name.len() < 2 {
        let message = format!("\"{name}\" is too short for the name of a volume");
        return Err(ScalarError::new(message).help("an engine wants at least two characters"));
    }
    Ok(name)
}

/// Anything but empty, `=` and NUL.
pub fn env_name(text: &str) -> Result<String, ScalarError> {
    if text.is_empty() || text.contains(['=', '\0']) || text.contains(char::is_whitespace) {
        let message = format!("\"{}\" is not a variable's name", crate::yaml::shorten(text));
        return Err(ScalarError::new(message).help("write NAME or NAME=value"));
    }
    Ok(text.to_owned())
}

const SIGNALS: &[&str] = &[
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// A signal by name or number; the result is a name with `SIG`.
pub fn signal(text: &str) -> Result<String, ScalarError> {
    let upper = text.trim().to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Ok(number) = name.parse::<usize>() {
        if let Some(name) = number.checked_sub(1).and_then(|at| SIGNALS.get(at)) {
            return Ok(format!("SIG{name}"));
        }
        match number {
            34 => return Ok("SIGRTMIN".to_owned()),
            35..=49 => return Ok(format!("SIGRTMIN+{}", number - 34)),
            50..=63 => return Ok(format!("SIGRTMAX-{}", 64 - number)),
            64 => return Ok("SIGRTMAX".to_owned()),
            _ => {}
        }
    }
    if SIGNALS.contains(&name) || is_realtime(name) {
        return Ok(format!("SIG{name}"));
    }
    let help = suggest(name, SIGNALS.iter().copied())
        .map_or("write \"SIGTERM\" or 15".to_owned(), |near| {
            format!("did you mean \"SIG{near}\"?")
        });
    let message = format!("unknown signal \"{}\"", crate::yaml::shorten(text));
    Err(ScalarError::new(message).help(help))
}

/// The names that engines know: each half of the realtime signals is counted from its end.
fn is_realtime(name: &str) -> bool {
    let counted = |prefix: &str, most: u8| {
        let digits = name.strip_prefix(prefix)?;
        digits
            .parse::<u8>()
            .ok()
            .filter(|n| (1..=most).contains(n) && !digits.starts_with(['0', '+']))
    };
    ["RTMIN", "RTMAX"].contains(&name)
        || counted("RTMIN+", 15).is_some()
        || counted("RTMAX-", 14).is_some()
}

const CAPABILITIES: &[&str] = &[
    "ALL",
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

/// A capability, upper case without `CAP_`.
pub fn capability(text: &str) -> Result<String, ScalarError> {
    let upper = text.trim().to_ascii_uppercase();
    let name = upper.strip_prefix("CAP_").unwrap_or(&upper);
    if CAPABILITIES.contains(&name) {
        return Ok(name.to_owned());
    }
    let help = suggest(name, CAPABILITIES.iter().copied())
        .map_or("see capabilities(7)".to_owned(), |near| format!("did you mean \"{near}\"?"));
    let message = format!("unknown capability \"{}\"", crate::yaml::shorten(text));
    Err(ScalarError::new(message).help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_names() {
        for (text, expected) in [
            ("web", Ok("web")),
            ("a.b_c-d", Ok("a.b_c-d")),
            ("_a", Err(Some(0..1))),
            ("a b", Err(Some(1..2))),
            ("é", Err(Some(0..2))),
            ("", Err(None)),
        ] {
            let found = engine_name(text).map_err(|error| error.range);
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn signals_and_capabilities() {
        for (text, expected) in [
            ("SIGTERM", Some("SIGTERM")),
            ("term", Some("SIGTERM")),
            ("15", Some("SIGTERM")),
            ("9", Some("SIGKILL")),
            ("37", Some("SIGRTMIN+3")),
            ("SIGRTMIN+3", Some("SIGRTMIN+3")),
            ("50", Some("SIGRTMAX-14")),
            ("64", Some("SIGRTMAX")),
            ("SIGRTMIN+16", None),
            ("SIGRTMIN+", None),
            ("SIGRTMAX-99", None),
            ("RTMINX", None),
            ("0", None),
            ("99", None),
            ("SIGTREM", None),
        ] {
            assert_eq!(signal(text).ok().as_deref(), expected, "{text}");
        }
        assert_eq!(
            signal("SIGTREM").unwrap_err().help.as_deref(),
            Some("did you mean \"SIGTERM\"?")
        );
        assert_eq!(capability("cap_net_admin").as_deref(), Ok("NET_ADMIN"));
        let error = capability("NET_ADMN").unwrap_err();
        assert_eq!(error.help.as_deref(), Some("did you mean \"NET_ADMIN\"?"));
        assert!(env_name("A").is_ok());
        assert!(env_name("A B").is_err());
    }
}
