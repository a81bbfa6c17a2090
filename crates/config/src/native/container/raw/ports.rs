//! `create_options.ports` and `host_config.port_bindings`.
//!
//! Invariant: a port that is bound here has no other bindings: docker-map updated the mapping that it made of `exposes`.

use windlass_model::port::{ExposedPort, PublishedPort};

use super::super::network::{MAX_PORTS, room_for};
use super::super::unite;
use crate::document::{Container, Expose};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{ScalarError, port_range, published_ports};

/// Numbers, `port/protocol`, `[port, protocol]`, or a mapping by port.
pub(super) fn exposed(container: &mut Container, reader: &Reader, item: &Item) {
    let Some(item) = reader.resolve(item) else { return };
    let mut found: Vec<Spanned<Expose>> = Vec::new();
    let mut add = |item: &Item, span, text: &str| match port_range(text) {
        Ok(ports) => {
            let expose = Expose { ports, host_port: None, interface: None, ipv6: false };
            found.push(Spanned::new(expose, span));
        }
        Err(error) => reader.report(reader.scalar_error(item, error).at(span, "")),
    };
    if item.node.as_mapping().is_some() {
        for (key, value) in reader.entries(&item, "ports") {
            add(&value, key.span, &key.text);
        }
    } else {
        for item in reader.list_or_one(&item) {
            match reader.strings(&item).as_slice() {
                [] => {}
                [port] => add(&item, item.span(), port),
                [port, protocol] => add(&item, item.span(), &format!("{port}/{protocol}")),
                [..] => reader.expected(&item, "[port, protocol]", None),
            }
        }
    }
    let count: usize = found.iter().map(|one| one.value.ports.len()).sum();
    if room_for(reader, &item, 0, count) {
        unite(&mut container.exposes, found);
    }
}

/// `{port: host_port}`; a host port is a number, a text, `[address, port]`, null (any), or a list of those.
pub(super) fn bindings(container: &mut Container, reader: &Reader, item: &Item) {
    let mut count = 0;
    for (key, value) in reader.entries(item, "a mapping of ports to ports of the host") {
        let Some(value) = reader.resolve(&value) else { continue };
        let all = match pair(&value) {
            Some(_) => vec![value.clone().into_owned()],
            None if value.node.is_null() => vec![value.clone().into_owned()],
            None => reader.list_or_one(&value),
        };
        let mut found: Vec<Spanned<PublishedPort>> = Vec::new();
        for one in &all {
            let Some(ports) = binding(reader, &key.text, one) else { continue };
            found.extend(ports.into_iter().map(|port| Spanned::new(port, key.span)));
        }
        count += found.len();
        if count > MAX_PORTS {
            room_for(reader, item, 0, count);
            return;
        }
        for port in &found {
            release(container, port.value.exposed());
        }
        unite(&mut container.ports, found);
    }
}

/// Takes away what else is published of a port.
fn release(container: &mut Container, target: ExposedPort) {
    container.ports.retain(|port| port.value.exposed() != target);
    for expose in container.exposes.iter_mut() {
        let ports = expose.value.ports;
        if ports.protocol == target.protocol
            && (ports.first, ports.last) == (target.target, target.target)
        {
            expose.value.host_port = None;
        }
    }
}

#[derive(Default)]
struct Binding {
    host_ip: String,
    host_port: String,
}

const BINDING: &[Field<Binding>] = &[
    Field { name: "HostIp", read: |b, r, i| b.host_ip = r.string(i).unwrap_or_default() },
    Field { name: "HostPort", read: |b, r, i| b.host_port = r.string(i).unwrap_or_default() },
];

/// `[address, port]`, `[address]`: what is a tuple in Python is a list here.
fn pair(item: &Item) -> Option<(&str, Option<&str>)> {
    let text = |at: usize| match item.node.as_sequence()?.get(at)? {
        node if node.is_null() => None,
        node => node.as_scalar().map(|scalar| &*scalar.text),
    };
    let count = item.node.as_sequence()?.len();
    let address =
        text(0).filter(|text| text.parse::<std::net::IpAddr>().is_ok() || text.is_empty());
    address.filter(|_| count <= 2).map(|address| (address, text(1)))
}

fn binding(reader: &Reader, target: &str, item: &Item) -> Option<Vec<PublishedPort>> {
    let mut binding = Binding::default();
    if let Some((address, port)) = pair(item) {
        binding =
            Binding { host_ip: address.to_owned(), host_port: port.unwrap_or_default().to_owned() };
    } else if item.node.as_mapping().is_some() {
        reader.fields(item, &mut binding, &[BINDING]);
    } else if !item.node.is_null() {
        let parts = reader.strings(item);
        let [port] = parts.as_slice() else {
            reader.expected(item, "a port of the host, or [address, port]", None);
            return None;
        };
        port.clone_into(&mut binding.host_port);
    }
    let Binding { host_ip, host_port } = binding;
    // An engine takes 0 for any port.
    let host_port = if host_port == "0" { "" } else { host_port.as_str() };
    let ip = match host_ip.as_str() {
        "" => String::new(),
        ip if ip.contains(':') => format!("[{ip}]:"),
        ip => format!("{ip}:"),
    };
    let colon = if host_port.is_empty() && ip.is_empty() { "" } else { ":" };
    match published_ports(&format!("{ip}{host_port}{colon}{target}")) {
        Ok(ports) => Some(ports),
        Err(error) => {
            reader.report(reader.scalar_error(item, ScalarError { range: None, ..error }));
            None
        }
    }
}
