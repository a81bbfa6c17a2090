//! Keys about the network: ports, networks, links, names, resolution.
//!
//! Invariant: ranges are expanded here, interfaces and links are resolved later, when engines and containers are known.

use windlass_model::endpoint::Endpoint;

use super::super::shorthand::{Shape, at_most, links, shapes};
use super::super::{put, set};
use super::{replace_by, unite};
use crate::document::{Container, Expose, NetworkUse, Sharing};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{
    PortRange, ScalarError, dns_option, domain_name, host_address, hostname, ip_address,
    mac_address, port_range, published_ports,
};
use crate::yaml::{Resolved, Value};

pub(super) const FIELDS: &[Field<Container>] = &[
    Field { name: "ports", read: |c, r, i| unite(&mut c.ports, ports(r, i)) },
    Field { name: "exposes", read: exposes },
    Field { name: "publish_all", read: |c, r, i| set(&mut c.config.publish_all, r.bool(i)) },
    Field {
        name: "networks",
        read: |c, r, i| replace_by(&mut c.networks, networks(r, i), |one| one.name.clone()),
    },
    Field { name: "network_mode", read: |c, r, i| put(&mut c.network_mode, network_mode(r, i)) },
    Field { name: "links", read: |c, r, i| unite(&mut c.links, links(r, i)) },
    Field { name: "hostname", read: |c, r, i| put(&mut c.config.hostname, r.parse(i, hostname)) },
    Field {
        name: "domainname",
        read: |c, r, i| put(&mut c.config.domainname, r.parse(i, domain_name)),
    },
    Field { name: "dns", read: dns },
    Field { name: "dns_search", read: dns_search },
    Field { name: "dns_options", read: dns_options },
    Field { name: "extra_hosts", read: |c, r, i| c.config.extra_hosts.extend(extra_hosts(r, i)) },
    Field { name: "pid", read: |c, r, i| put(&mut c.pid, sharing(r, i, &["host"])) },
    Field {
        name: "ipc",
        read: |c, r, i| {
            put(&mut c.ipc, sharing(r, i, &["host", "shareable", "private", "none"]));
        },
    },
    Field {
        name: "uts",
        read: |c, r, i| put(&mut c.config.uts, super::resources::word(r, i, &["host"])),
    },
];

/// Most ports that one container may have: each that is published is a process on the engine's host.
pub(super) const MAX_PORTS: usize = 16_384;

pub(super) fn dns(container: &mut Container, reader: &Reader, item: &Item) {
    add(&mut container.config.dns, addresses(reader, item));
}

pub(super) fn dns_search(container: &mut Container, reader: &Reader, item: &Item) {
    add(&mut container.config.dns_search, each(reader, item, search_domain));
}

pub(super) fn dns_options(container: &mut Container, reader: &Reader, item: &Item) {
    add(&mut container.config.dns_options, each(reader, item, dns_option));
}

fn add(into: &mut Vec<String>, more: Vec<String>) {
    for one in more {
        if !into.contains(&one) {
            into.push(one);
        }
    }
}

fn each<T>(
    reader: &Reader,
    item: &Item,
    parser: impl Fn(&str) -> Result<T, ScalarError>,
) -> Vec<T> {
    reader.list_or_one(item).iter().filter_map(|item| reader.parse(item, &parser)).collect()
}

fn addresses(reader: &Reader, item: &Item) -> Vec<String> {
    each(reader, item, |text| ip_address(text).map(|address| address.to_string()))
}

/// `.` turns searching off.
fn search_domain(text: &str) -> Result<String, ScalarError> {
    if text == "." { Ok(text.to_owned()) } else { domain_name(text.trim_end_matches('.')) }
}

type Published = Spanned<windlass_model::port::PublishedPort>;

/// Docker's short form, a number, or `{target, published, host_ip, protocol}`.
pub(in super::super) fn ports(reader: &Reader, item: &Item) -> Vec<Published> {
    let mut all = Vec::new();
    let Some(item) = reader.resolve(item) else { return all };
    let scalar = item.node.as_scalar().filter(|_| !item.node.is_null());
    if let Some(scalar) = scalar.filter(|_| item.node.sensitive.is_none()) {
        let help = format!("write [\"{}\"]", crate::yaml::shorten(&scalar.text));
        reader.expected(&item, "a list of ports", Some(help));
        return all;
    }
    for item in reader.list(&item, "a list of ports") {
        let found = if item.node.as_mapping().is_some() {
            long_port(reader, &item)
        } else {
            reader.parse(&item, published_ports)
        };
        let found = found.unwrap_or_default();
        if !room_for(reader, &item, all.len(), found.len()) {
            return all;
        }
        all.extend(found.into_iter().map(|port| Spanned::new(port, item.span())));
    }
    all
}

/// Whether a container that has so many ports may have more; reports it if not.
pub(super) fn room_for(reader: &Reader, item: &Item, has: usize, more: usize) -> bool {
    let has_room = has.saturating_add(more) <= MAX_PORTS;
    if !has_room {
        let message = format!("a container has at most {MAX_PORTS} ports");
        let found = reader.error(item, "too-many-ports", message);
        reader.report(found.help("publish fewer, or use `network_mode: host`"));
    }
    has_room
}

#[derive(Default)]
struct LongPort {
    target: Option<String>,
    published: Option<String>,
    host_ip: Option<String>,
    protocol: Option<String>,
}

const LONG_PORT: &[Field<LongPort>] = &[
    Field { name: "target", read: |p, r, i| p.target = r.string(i) },
    Field { name: "published", read: |p, r, i| p.published = r.string(i) },
    Field { name: "host_ip", read: |p, r, i| p.host_ip = r.string(i) },
    Field { name: "protocol", read: |p, r, i| p.protocol = r.string(i) },
];

fn long_port(reader: &Reader, item: &Item) -> Option<Vec<windlass_model::port::PublishedPort>> {
    let mut port = LongPort::default();
    reader.fields(item, &mut port, &[LONG_PORT]);
    let Some(target) = port.target else {
        reader.report(
            reader
                .error(item, "missing-key", "the key \"target\" is missing")
                .help("name the port in the container"),
        );
        return None;
    };
    let ip =
        port.host_ip.map(|ip| if ip.contains(':') { format!("[{ip}]:") } else { format!("{ip}:") });
    let published = port.published.unwrap_or_default();
    let colon = if published.is_empty() && ip.is_none() { "" } else { ":" };
    let protocol = port.protocol.map(|name| format!("/{name}")).unwrap_or_default();
    let short = format!("{}{published}{colon}{target}{protocol}", ip.unwrap_or_default());
    match published_ports(&short) {
        Ok(ports) => Some(ports),
        Err(error) => {
            let error = crate::scalar::ScalarError { range: None, ..error };
            reader.report(reader.scalar_error(item, error));
            None
        }
    }
}

/// docker-map's: a port is exposed; with a host port it is published, on an interface of the engine if one is named.
fn exposes(container: &mut Container, reader: &Reader, item: &Item) {
    let mut found: Vec<Spanned<Expose>> = Vec::new();
    let mut count = 0;
    for shape in shapes(reader, item, &["exposed_port"], true) {
        let known = found.len();
        match shape {
            Shape::Positions(parts) => {
                let Some((first, rest)) = parts.split_first() else { continue };
                let text = first.node.as_scalar().map_or("", |scalar| &scalar.text);
                if rest.is_empty() && text.contains(':') {
                    unite(&mut container.ports, ports_of(reader, first));
                    continue;
                }
                at_most(reader, &parts, 4, "[port, host_port, interface, ipv6]");
                found.extend(expose(reader, first, rest));
            }
            Shape::Named(item) => found.extend(named_expose(reader, &item)),
        }
        let more = found.get(known..).unwrap_or_default().iter().map(|one| one.value.ports.len());
        let more: usize = more.sum();
        if !room_for(reader, item, count, more) {
            return;
        }
        count += more;
    }
    unite(&mut container.exposes, found);
}

fn ports_of(reader: &Reader, item: &Item) -> Vec<Published> {
    let found = reader.parse(item, published_ports).unwrap_or_default().into_iter();
    found.map(|port| Spanned::new(port, item.span())).collect()
}

fn expose(reader: &Reader, first: &Item, rest: &[Item]) -> Option<Spanned<Expose>> {
    let ports = reader.parse(first, port_range)?;
    if let [only] = rest
        && only.node.as_mapping().is_some()
    {
        let mut named = NamedExpose { ports: Some(ports), ..NamedExpose::default() };
        reader.fields(only, &mut named, &[EXPOSE]);
        return named.finish(first);
    }
    let given = |at: usize| rest.get(at).filter(|part| !part.node.is_null());
    let interface = given(1).and_then(|part| reader.spanned(part));
    let ipv6 = given(2).and_then(|part| reader.bool(part)).unwrap_or(false);
    let host_port = match given(0) {
        Some(part) => Some(host_port(reader, part)?),
        None => None,
    };
    Some(Spanned::new(Expose { ports, host_port, interface, ipv6 }, first.span()))
}

fn host_port(reader: &Reader, item: &Item) -> Option<u16> {
    reader.parse(item, |text| port_range(text).map(|range| range.first))
}

#[derive(Default)]
struct NamedExpose {
    ports: Option<PortRange>,
    host_port: Option<u16>,
    interface: Option<Spanned<String>>,
    ipv6: bool,
}

impl NamedExpose {
    fn finish(self, item: &Item) -> Option<Spanned<Expose>> {
        let Self { ports, host_port, interface, ipv6 } = self;
        Some(Spanned::new(Expose { ports: ports?, host_port, interface, ipv6 }, item.span()))
    }
}

const EXPOSE: &[Field<NamedExpose>] = &[
    Field { name: "exposed_port", read: |e, r, i| e.ports = r.parse(i, port_range) },
    Field { name: "host_port", read: |e, r, i| e.host_port = host_port(r, i) },
    Field { name: "interface", read: |e, r, i| e.interface = r.spanned(i) },
    Field { name: "ipv6", read: |e, r, i| set(&mut e.ipv6, r.bool(i)) },
];

fn named_expose(reader: &Reader, item: &Item) -> Option<Spanned<Expose>> {
    let mut named = NamedExpose::default();
    reader.fields(item, &mut named, &[EXPOSE]);
    named.finish(item)
}

fn networks(reader: &Reader, item: &Item) -> Vec<Spanned<NetworkUse>> {
    let all = shapes(reader, item, &["network_name"], false);
    all.iter().filter_map(|shape| network(reader, shape)).collect()
}

const POSITIONS: [&str; 5] = ["aliases", "links", "ipv4_address", "ipv6_address", "link_local_ips"];

fn network(reader: &Reader, shape: &Shape) -> Option<Spanned<NetworkUse>> {
    let mut used =
        NetworkUse { name: String::new(), endpoint: Endpoint::default(), links: Vec::new() };
    let span = match shape {
        Shape::Positions(parts) => {
            at_most(reader, parts, 6, "[network, aliases, links, ipv4, ipv6, link_local_ips]");
            let (first, rest) = parts.split_first()?;
            used.name = reader.string(first)?;
            match rest {
                [only] if only.node.as_mapping().is_some() => {
                    reader.fields(only, &mut used, &[ENDPOINT]);
                }
                rest => {
                    for (part, name) in rest.iter().zip(POSITIONS) {
                        let field = ENDPOINT.iter().find(|field| field.name == name);
                        if let Some(field) = field.filter(|_| !part.node.is_null()) {
                            (field.read)(&mut used, reader, part);
                        }
                    }
                }
            }
            first.span()
        }
        Shape::Named(item) => {
            reader.fields(item, &mut used, &[ENDPOINT]);
            item.span()
        }
    };
    Some(Spanned::new(used, span))
}

const ENDPOINT: &[Field<NetworkUse>] = &[
    Field { name: "network_name", read: |n, r, i| set(&mut n.name, r.string(i)) },
    Field { name: "aliases", read: |n, r, i| n.endpoint.aliases.extend(r.strings(i)) },
    Field { name: "links", read: |n, r, i| unite(&mut n.links, links(r, i)) },
    Field { name: "ipv4_address", read: |n, r, i| put(&mut n.endpoint.ipv4, address(r, i, false)) },
    Field { name: "ipv6_address", read: |n, r, i| put(&mut n.endpoint.ipv6, address(r, i, true)) },
    Field {
        name: "link_local_ips",
        read: |n, r, i| n.endpoint.link_local_ips.extend(addresses(r, i)),
    },
    Field {
        name: "mac_address",
        read: |n, r, i| put(&mut n.endpoint.mac_address, r.parse(i, mac_address)),
    },
];

fn address(reader: &Reader, item: &Item, v6: bool) -> Option<String> {
    let text = reader.string(item)?;
    match text.parse::<std::net::IpAddr>() {
        Ok(address) if address.is_ipv6() == v6 => Some(address.to_string()),
        _ => {
            let what = if v6 { "an IPv6 address" } else { "an IPv4 address" };
            reader.expected(item, what, None);
            None
        }
    }
}

fn network_mode(reader: &Reader, item: &Item) -> Option<Spanned<Sharing>> {
    let item = reader.resolve(item)?;
    let span = item.span();
    if item.node.as_sequence().is_some() {
        let parts = reader.strings(&item);
        if let [container, instance] = parts.as_slice() {
            let name = format!("{container}.{instance}");
            return Some(Spanned::new(Sharing::Container(name), span));
        }
        reader.expected(&item, "[container, instance]", None);
        return None;
    }
    let disabled = matches!(
        item.node.as_scalar().map(crate::yaml::Scalar::resolve),
        Some(Resolved::Bool(false) | Resolved::String("disabled" | ""))
    );
    if disabled {
        return Some(Spanned::new(Sharing::Engine("none".to_owned()), span));
    }
    sharing(reader, &item, &["host", "none", "bridge"])
}

/// A word of the engine, `container:x` or `/x` for a container outside, or a container of the project.
fn sharing(reader: &Reader, item: &Item, words: &[&str]) -> Option<Spanned<Sharing>> {
    let text = reader.string(item)?;
    let outside = text.strip_prefix("container:").or_else(|| text.strip_prefix('/'));
    if outside == Some("") {
        let help = Some("write the container's name".to_owned());
        reader.expected(item, "a container", help);
        return None;
    }
    let value = if words.contains(&text.as_str()) {
        Sharing::Engine(text)
    } else if let Some(outside) = outside {
        Sharing::Engine(format!("container:{outside}"))
    } else {
        Sharing::Container(text)
    };
    Some(Spanned::new(value, item.span()))
}

/// `host:address` items, or a mapping of hosts to an address or a list of them.
pub(in super::super) fn extra_hosts(reader: &Reader, item: &Item) -> Vec<String> {
    let Some(item) = reader.resolve(item) else { return Vec::new() };
    if let Value::Mapping(_) = &item.node.value {
        let mut all = Vec::new();
        for (host, value) in reader.entries(&item, "hosts") {
            if let Err(error) = hostname(&host.text) {
                let found = reader.scalar_error(&value, ScalarError { range: None, ..error });
                reader.report(found.at(host.span, ""));
            }
            let addresses = each(reader, &value, host_address);
            all.extend(addresses.into_iter().map(|address| format!("{}:{address}", host.text)));
        }
        return all;
    }
    each(reader, &item, extra_host)
}

/// `host:address`
fn extra_host(text: &str) -> Result<String, ScalarError> {
    let Some((host, address)) = text.split_once([':', '=']) else {
        let message = format!("\"{}\" has no address", crate::yaml::shorten(text));
        return Err(ScalarError::new(message).help("write \"host:10.0.0.9\""));
    };
    let placed = |part: &str, error: ScalarError| {
        let start = part.as_ptr() as usize - text.as_ptr() as usize;
        ScalarError { range: Some(start..start + part.len()), ..error }
    };
    let host = hostname(host).map_err(|error| placed(host, error))?;
    let address = host_address(address).map_err(|error| placed(address, error))?;
    Ok(format!("{host}:{address}"))
}
