//! Where a host is, and how a program is started on it.
//!
//! Invariant: nothing that a URL holds can become an option of ssh or a word of the shell over there.

use std::fmt;
use std::process::Command;

use windlass::model::engine_url::{Authority, EngineUrl};

use crate::trouble::{Result, Trouble};

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// This machine.
    Local,
    Ssh {
        user: Option<String>,
        host: String,
        port: Option<u16>,
    },
}

const HELP: &str = "say `--host ssh://[USER@]HOST[:PORT]`, or `--host local` for this machine; \
    everything else belongs into ~/.ssh/config";

impl Place {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        if text == "local" {
            return Ok(Self::Local);
        }
        let wrong =
            |why: &dyn fmt::Display| Trouble::usage(format!("`{text}` is no host: {why}"), HELP);
        match EngineUrl::parse(text).map_err(|fault| wrong(&fault))? {
            EngineUrl::Ssh(Authority { user, host, port, path: "" | "/" }) => {
                Ok(Self::Ssh { user, host, port })
            }
            EngineUrl::Ssh(_) => Err(wrong(&"it holds a path")),
            EngineUrl::Unix(_)
            | EngineUrl::Npipe(_)
            | EngineUrl::Tcp(_)
            | EngineUrl::Http(_)
            | EngineUrl::Https(_) => Err(wrong(&"its scheme is not ssh")),
        }
    }

    /// Runs a script of one line, without single quotes, in the shell over there.
    pub(super) fn command(&self, script: &str, sudo: bool) -> Command {
        let shell = if sudo { "exec sudo -n -- sh -c" } else { "exec sh -c" };
        let line = format!("{shell} '{script}'");
        match self {
            Self::Local => {
                let mut command = Command::new("sh");
                command.args(["-c", &line]);
                command
            }
            Self::Ssh { user, host, port } => {
                let mut command = Command::new("ssh");
                command.args(["-T", "-a", "-x", "-e", "none", "-o", "ConnectTimeout=20"]);
                command.args(["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"]);
                if let Some(user) = user {
                    command.args(["-l", user]);
                }
                if let Some(port) = port {
                    command.args(["-p", &port.to_string()]);
                }
                command.args(["--", host, &line]);
                command
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Ssh { user, host, port } = self else { return f.write_str("this machine") };
        f.write_str("ssh://")?;
        if let Some(user) = user {
            write!(f, "{user}@")?;
        }
        if host.contains(':') {
            write!(f, "[{host}]")?;
        } else {
            f.write_str(host)?;
        }
        port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_host_is_refused() {
        for (text, expected) in [
            ("box", "no scheme"),
            ("tcp://box", "not ssh"),
            ("unix:///run/x", "not ssh"),
            ("ssh://", "no host"),
            ("ssh://-oProxyCommand=x", "dash"),
            ("ssh://-l@box", "dash"),
            ("ssh://me:pw@box", "password"),
            ("ssh://box/etc", "a path"),
            ("ssh://bo x", "character"),
            ("ssh://box:0", "port"),
        ] {
            let Err(Trouble::Usage { message, .. }) = Place::parse(text) else {
                panic!("{text} is taken");
            };
            assert!(message.contains(expected), "{text}: {message}");
        }
    }

    #[test]
    fn a_host_stands_where_no_option_can() {
        for (text, sudo, tail) in [
            ("ssh://box", false, "4 -- box exec sh -c 'true'"),
            ("ssh://me@box:2222", true, "-l me -p 2222 -- box exec sudo -n -- sh -c 'true'"),
            ("ssh://[::1]:22", false, "-p 22 -- ::1 exec sh -c 'true'"),
        ] {
            let place = Place::parse(text).unwrap();
            assert_eq!(place.to_string(), text);
            let command = place.command("true", sudo);
            let words: Vec<_> = command.get_args().map(|word| word.to_str().unwrap()).collect();
            assert!(words.join(" ").ends_with(tail), "{words:?}");
            assert!(!words.contains(&"BatchMode=yes"), "{words:?}");
        }
    }
}
