//! This process, and whether another one of this machine still lives.
//!
//! Invariant: a process that can't be looked for from here is never taken for dead.

use std::path::Path;
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
    Holder {
        token: format!("{boot}-{process}-{}", now.as_nanos()),
        user: user.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw())),
        host: read("/proc/sys/kernel/hostname"),
        machine: read("/etc/machine-id"),
        boot,
        namespace: namespace(),
        process,
        began: began(process).unwrap_or_default(),
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
    is_visible && began(holder.process).is_none_or(|began| began != holder.began)
}

/// The name space of process numbers: the same number is another process in another one.
fn namespace() -> String {
    let link = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    link.to_string_lossy().into_owned()
}

/// When a process began, in ticks since the machine did; `None` if there is no such process, or if
/// it has ended and only its parent does not know yet.
fn began(process: u32) -> Option<String> {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(Path::new(&path)).ok()?;
    // The name of the program is in brackets and may hold anything.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
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
