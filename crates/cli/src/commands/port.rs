//! `windlass port`: where published ports are reachable.
//!
//! Invariant: shows what is bound now, not what is declared.

use windlass::model::port::Protocol;

use crate::args::Port;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::json;
use crate::render::object;
use crate::session::Session;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Port) -> Result<Exit> {
    let console = &invocation.console;
    let (references, wanted) = split(&args.references);
    let containers = invocation::block_on(async {
        let session = Session::open(invocation)?;
        session.containers(references).await
    })?;
    let mut is_any = wanted.is_none();
    for (_, summary) in &containers {
        let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
        for port in &summary.published {
            if wanted.is_some_and(|wanted| wanted != (port.target, port.protocol)) {
                continue;
            }
            is_any = true;
            if console.is_json {
                let fields = serde_json::json!({
                    "address": address.map(json::address),
                    "container": summary.name,
                    "host_ip": port.host_ip,
                    "host_port": port.published,
                    "container_port": port.target,
                    "protocol": port.protocol.as_str(),
                });
                console.json(&json::object("port", fields));
                continue;
            }
            let name = address.map_or_else(|| summary.name.clone(), object::name);
            let host = port.host_ip.unwrap_or_else(|| std::net::Ipv4Addr::UNSPECIFIED.into());
            let at = std::net::SocketAddr::new(host, port.published.unwrap_or(0));
            console.result(&match wanted {
                Some(_) => format!("{at}\n"),
                None => format!("{name} {} {at}\n", port.exposed()),
            });
        }
    }
    if is_any {
        return Ok(Exit::Done);
    }
    let (of, port) = (references.join(", "), &args.references[references.len()]);
    Err(Trouble::Failed {
        message: format!("port {port} of {of} is not published"),
        hint: Some(format!("see what is: `windlass port {of}`")),
    })
}

/// References, and the port after them that only is asked for: `web 80`, `dns 53/udp`.
fn split(words: &[String]) -> (&[String], Option<(u16, Protocol)>) {
    let Some((last, references)) = words.split_last().filter(|(_, before)| !before.is_empty())
    else {
        return (words, None);
    };
    let (number, protocol) = match last.split_once('/') {
        Some((number, "tcp")) => (number, Protocol::Tcp),
        Some((number, "udp")) => (number, Protocol::Udp),
        Some((number, "sctp")) => (number, Protocol::Sctp),
        Some(_) => return (words, None),
        None => (last.as_str(), Protocol::Tcp),
    };
    match number.parse() {
        Ok(number) => (references, Some((number, protocol))),
        Err(_) => (words, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_comes_after_a_container() {
        for (words, references, port) in [
            (&["web"][..], 1, None),
            (&["80"], 1, None),
            (&["web", "80"], 1, Some((80, Protocol::Tcp))),
            (&["web", "dns", "53/udp"], 2, Some((53, Protocol::Udp))),
            (&["web", "80/x"], 2, None),
            (&["web", "70000"], 2, None),
        ] {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            let (found, number) = split(&words);
            assert_eq!((found.len(), number), (references, port), "{words:?}");
        }
    }
}
