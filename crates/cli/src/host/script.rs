//! What the shell of a host does before there is an agent on it.
//!
//! Invariant: an agent is run that is whole and is the one that is meant, or none is.

/// What the first line begins with; what a login shell says before it counts for nothing.
pub(super) const GREETING: &str = "windlass-host 1 ";

/// The agent's bytes are to be sent, and nothing after them before the next line.
pub(super) const NEED: &str = "need";
/// What follows goes to the agent.
pub(super) const READY: &str = "ready";

/// A script of one line without single quotes and exclamation marks, which every login shell hands on as it is. After the greeting it
/// says the kernel, the machine and the directory of agents.
pub(super) fn script(digest: &str, size: usize) -> String {
    const LINES: &[&str] = &[
        "umask 077",
        "if [ \"$(id -u)\" = 0 ]; then c=/var/lib/windlass; s=$c; \
         else c=${XDG_CACHE_HOME:-$HOME/.cache}/windlass; s=${XDG_STATE_HOME:-$HOME/.local/state}/windlass; fi",
        "echo \"windlass-host 1 $(uname -s) $(uname -m) $c\"",
        "a=$c/agent-DIGEST",
        "whole() { [ -f \"$1\" ] && [ \"$(wc -c <\"$1\")\" -eq SIZE ] || return 1; \
         if command -v sha256sum >/dev/null; then [ \"$(sha256sum <\"$1\")\" = \"DIGEST  -\" ]; fi; }",
        "if whole \"$a\"; then :; else mkdir -p \"$c\" || exit 1; echo need; \
         if head -c SIZE >\"$a.$$\" && whole \"$a.$$\" && chmod 700 \"$a.$$\" && mv -f \"$a.$$\" \"$a\"; then :; \
         else rm -f \"$a.$$\"; exit 1; fi; fi",
        "echo ready",
        "exec \"$a\" host --assets \"$c\" --state \"$s/state.json\"",
    ];
    LINES.join("; ").replace("DIGEST", digest).replace("SIZE", &size.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_login_shell_hands_it_on() {
        let script = script("abc", 12);
        assert!(!script.contains(['\'', '!', '\n', '\\']), "{script}");
        assert!(script.contains("agent-abc") && script.contains("head -c 12 "), "{script}");
    }
}
