//! This process, and whether another one of this machine still lives.
//!
//! Invariant: a process that can't be looked for from here is never taken for dead.

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use windlass::model::lock::Holder;

use crate::environment::Environment;
use crate::invocation;

/// This run as the holder of a lock. `command`: what it does, such as `up`.
pub(crate) fn holder(environment: &Environment, command: &str) -> Holder {
    let process = std::process::id();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let variable = |name: &str| environment.variables.get(name).cloned();
    let user = variable("USER").or_else(|| variable("LOGNAME"));
    let boot = read("/proc/sys/kernel/random/boot_id");
    let own = std::fs::read_to_string(stat(process)).unwrap_or_default();
    Holder {
        token: format!("{boot}-{process}-{}", now.as_nanos()),
        user: user.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw())),
        host: read("/proc/sys/kernel/hostname"),
        machine: read("/etc/machine-id"),
        boot,
        namespace: namespace(),
        process,
        began: began(&own).unwrap_or_default(),
        command: format!("windlass {command}"),
        since_s: invocation::now_s(),
    }
}

/// Whether the run that holds a lock is known to be over: it was one of this machine, and its
/// process is not there any more.
pub(crate) fn is_dead(holder: &Holder) -> bool {
    let here = read("/etc/machine-id");
    if here.is_empty() || holder.machine != here || holder.boot.is_empty() {
        return false;
    }
    if holder.boot != read("/proc/sys/kernel/random/boot_id") {
        return true;
    }
    let is_visible = !holder.namespace.is_empty() && holder.namespace == namespace();
    is_visible && is_gone(holder)
}

/// Whether a process of this name space is not there any more, or its number is another's. `/proc` may hide those of
/// other users; the kernel says all the same whether a number is taken.
fn is_gone(holder: &Holder) -> bool {
    let number = i32::try_from(holder.process).ok().and_then(Pid::from_raw);
    let Some(number) = number else { return true };
    match test_kill_process(number) {
        Err(Errno::SRCH) => true,
        // One that has ended, and only its parent does not know yet, is there for the kernel.
        Ok(()) | Err(_) => match std::fs::read_to_string(stat(holder.process)) {
            Ok(text) => began(&text).is_none_or(|began| began != holder.began),
            Err(_) => false,
        },
    }
}

fn stat(process: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{process}/stat"))
}

/// The name space of process numbers: the same number is another process in another one.
fn namespace() -> String {
    let link = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().into_owned()
}

/// When a process began, in ticks since the machine did, by its line of `/proc`; `None` if it has ended and only its
/// parent does not know yet.
fn began(line: &str) -> Option<String> {
    // The name of the program is in brackets and may hold anything.
    let mut fields = line.rsplit_once(')')?.1.split_whitespace();
    let is_over = matches!(fields.next()?, "Z" | "X");
    let ticks = fields.nth(18)?.to_owned();
    (!is_over).then_some(ticks)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_dead() {
        let me = holder(&Environment::default(), "up");
        assert!(!is_dead(&me));
        if me.machine.is_empty() || me.began.is_empty() {
            return;
        }
        let gone = Holder { began: "1".into(), ..me.clone() };
        let before = Holder { boot: "another".into(), ..me.clone() };
        let elsewhere = Holder { machine: "another".into(), ..gone.clone() };
        let inside = Holder { namespace: "another".into(), ..gone.clone() };
        for (who, dead) in [(gone, true), (before, true), (elsewhere, false), (inside, false)] {
            assert_eq!(is_dead(&who), dead, "{who:?}");
        }
    }
}
