//! What podman has to be told on a machine that is a container or a small virtual machine itself.
//!
//! Invariant: on a machine where podman's own defaults work, nothing is said, and its own settings count.

use std::path::Path;

use crate::{Result, process};

/// What podman gives every container of root's.
const OPEN_FILES: u64 = 1_048_576;
const PROCESSES: u64 = 32_768;
/// The capability to raise limits, by its number.
const RESOURCE: u32 = 24;

/// The text of a containers.conf, where one is needed.
pub(super) fn settings() -> Result<Option<String>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let limits = std::fs::read_to_string("/proc/self/limits")?;
    // With version 1 of control groups and a part of version 2 beside it, crun starts nothing.
    let hybrid = Path::new("/sys/fs/cgroup/unified").exists();
    let runc = process::program("runc").is_some();
    Ok(text(&status, &limits, hybrid && runc))
}

fn text(status: &str, limits: &str, needs_runc: bool) -> Option<String> {
    let mut text = String::new();
    if !may_raise(status) {
        let files = hard(limits, "Max open files").unwrap_or(OPEN_FILES).min(OPEN_FILES);
        // Half of them: as many as it has itself it is refused.
        let processes = hard(limits, "Max processes").unwrap_or(PROCESSES).min(PROCESSES) / 2;
        text = format!(
            "[containers]\ndefault_ulimits = [\"nofile={files}:{files}\", \
             \"nproc={processes}:{processes}\"]\n"
        );
    }
    if needs_runc {
        text.push_str("[engine]\nruntime = \"runc\"\n");
    }
    (!text.is_empty()).then_some(text)
}

/// Whether limits may be set higher than our own.
fn may_raise(status: &str) -> bool {
    let hex = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let bits = hex.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    bits.is_none_or(|bits| bits & (1 << RESOURCE) != 0)
}

/// The hard limit of a row of `/proc/self/limits`; `None` if there is none.
fn hard(limits: &str, name: &str) -> Option<u64> {
    let row = limits.lines().find_map(|line| line.strip_prefix(name))?;
    row.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_is_told_only_what_it_needs_to_know() {
        let limits = "Limit  Soft Limit  Hard Limit  Units\n\
                      Max processes             96365                96365                processes\n\
                      Max open files            1024                 20000                files\n";
        let (root, less) = ("CapEff:\t000001ffffffffff\n", "CapEff:\t000001fffeffffff\n");
        assert_eq!(text(root, limits, false), None);
        assert_eq!(text(root, limits, true).unwrap(), "[engine]\nruntime = \"runc\"\n");
        assert_eq!(
            text(less, limits, false).unwrap(),
            "[containers]\ndefault_ulimits = [\"nofile=20000:20000\", \"nproc=16384:16384\"]\n"
        );
    }
}
