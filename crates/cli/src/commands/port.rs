//! `windlass port`: where published ports are reachable.
//!
//! Invariant: shows what is bound now, not what is declared.

use crate::args::Select;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::json;
use crate::render::object;
use crate::session::Session;
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation, args: &Select) -> Result<Exit> {
    let console = &invocation.console;
    let containers = invocation::block_on(async {
        let session = Session::open(invocation)?;
        session.containers(&args.references).await
    })?;
    for (_, summary) in &containers {
        let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
        for port in &summary.published {
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
            console.result(&format!("{name} {} {at}\n", port.exposed()));
        }
    }
    Ok(Exit::Done)
}
