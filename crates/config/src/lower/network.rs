//! Ports, networks, links and namespaces of one container.
//!
//! Invariant: everything that names another container ends as that container's name on the engine, and as a dependency.

use std::net::IpAddr;

use windlass_model::container::ContainerConfig;
use windlass_model::dependency::Reason;
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::port::{ExposedPort, PublishedPort};
use windlass_model::{EngineName, engine::EngineSpec};

use super::Lowering;
use super::container::Dependencies;
use super::members::Member;
use crate::diagnostic::Diagnostic;
use crate::docker_map;
use crate::document::{Container, Expose, Link, Sharing};
use crate::read::{Spanned, did_you_mean};

/// The network that containers join which say nothing about networks, if the file declares it.
const DEFAULT: &str = "default";

/// On a declared network a container is found by its key; one of several also by key and instance.
/// (The engine's own `bridge` resolves no names, and takes no aliases.)
fn name_endpoint(member: &Member<'_>, network: &str, endpoint: &mut Endpoint) {
    if network != "bridge" {
        endpoint.aliases.insert(member.container.key.to_string());
        endpoint.aliases.insert(member.reference.to_string());
    }
}

impl Lowering<'_> {
    pub(super) fn network(
        &self,
        member: &Member<'_>,
        engine: &EngineName,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let container = member.container;
        config.published.extend(container.ports.iter().map(|port| port.value));
        for expose in &container.exposes {
            self.expose(member, engine, expose, config);
        }
        self.network_mode(member, config, dependencies);
        self.endpoints(member, config, dependencies);
        self.raw_network(member, config, dependencies);
        for link in &container.links {
            self.link(member, link, config, dependencies);
        }
        config.pid = self.namespace(member, container.pid.as_ref(), "pid", dependencies).into();
        config.ipc = self.namespace(member, container.ipc.as_ref(), "ipc", dependencies).into();
        self.check_mode(member, config);
    }

    fn path(member: &Member<'_>, key: &str) -> String {
        format!("containers.{}.{key}", member.container.key)
    }

    fn expose(
        &self,
        member: &Member<'_>,
        engine: &EngineName,
        expose: &Spanned<Expose>,
        config: &mut ContainerConfig,
    ) {
        let Expose { ports, host_port, interface, ipv6 } = &expose.value;
        let protocol = ports.protocol;
        let Some(first) = *host_port else {
            config.exposed.extend(ports.ports().map(|target| ExposedPort { target, protocol }));
            return;
        };
        let host_ip = match interface {
            None => None,
            Some(name) => {
                match self.interface(engine, name, *ipv6, || Self::path(member, "exposes")) {
                    Some(address) => Some(address),
                    None => return,
                }
            }
        };
        if first.checked_add(ports.last - ports.first).is_none() {
            let message = format!("the ports of the host from {first} on go beyond 65535");
            let found = Diagnostic::error("bad-value", message).at(expose.span, "");
            let found = found.in_path(Self::path(member, "exposes"));
            self.report(found.help("begin at a lower port of the host"));
            return;
        }
        for (step, target) in ports.ports().enumerate() {
            let published = u16::try_from(step).ok().and_then(|step| first.checked_add(step));
            config.published.insert(PublishedPort { target, protocol, host_ip, published });
        }
    }

    fn interface(
        &self,
        engine: &EngineName,
        alias: &Spanned<String>,
        ipv6: bool,
        path: impl FnOnce() -> String,
    ) -> Option<IpAddr> {
        if let Ok(address) = alias.value.parse() {
            return Some(address);
        }
        let default = EngineSpec::default();
        let spec = self.document.engines.get(engine.as_str()).map_or(&default, |e| &e.spec);
        let known = if ipv6 { &spec.interfaces_ipv6 } else { &spec.interfaces };
        if let Some(address) = known.get(&alias.value) {
            return Some(*address);
        }
        let section = if ipv6 { "interfaces_ipv6" } else { "interfaces" };
        let shown = crate::yaml::shorten(&alias.value);
        let (what, name) = match engine.as_str() {
            name if !self.document.says_clients => ("engine", name),
            EngineName::DEFAULT => ("client", docker_map::DEFAULT_CLIENT),
            name => ("client", name),
        };
        let message = format!("the {what} \"{name}\" has no interface \"{shown}\"");
        let help = did_you_mean(&alias.value, known.keys().map(String::as_str));
        let help = help.unwrap_or_else(|| match what {
            "client" => {
                format!("add it under {name}.{section} in the file of clients, or write an address")
            }
            _ => format!("add it under engines.{name}.{section}, or write an address"),
        });
        let found = Diagnostic::error("unknown-reference", message).at(alias.span, "");
        self.report(found.in_path(path()).help(help));
        None
    }

    fn network_mode(
        &self,
        member: &Member<'_>,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let Some(mode) = &*member.container.network_mode else { return };
        config.network_mode = match &mode.value {
            Sharing::Engine(word) => match word.as_str() {
                "host" => NetworkMode::Host,
                "none" => NetworkMode::None,
                word => match word.strip_prefix("container:") {
                    Some(name) => {
                        let other = self.declared(name);
                        if let Some(other) = other {
                            dependencies.add(other, Reason::NetworkMode, mode.span);
                        }
                        let name = other.map_or(name, |other| &other.name);
                        NetworkMode::Container(name.to_owned())
                    }
                    None => NetworkMode::Bridge,
                },
            },
            Sharing::Network(name) => {
                let mut endpoint = Endpoint::default();
                if self
                    .document
                    .networks
                    .iter()
                    .any(|(key, network)| network.engine_name(&self.document.name, key) == *name)
                {
                    name_endpoint(member, name, &mut endpoint);
                }
                config.endpoints.insert(name.clone(), endpoint);
                NetworkMode::Networks
            }
            Sharing::Container(name) => {
                let name = Spanned::new(name.clone(), mode.span);
                let path = || Self::path(member, "network_mode");
                let Some(other) = self.members.expect_one(self.reader, &name, path) else { return };
                dependencies.add(other, Reason::NetworkMode, mode.span);
                NetworkMode::Container(other.name.to_string())
            }
        };
        if let Some(network) = member.container.networks.first() {
            let message =
                format!("networks cannot be used with network_mode {}", config.network_mode);
            let found = Diagnostic::error("network-mode", message).at(network.span, "");
            let found =
                found.also(mode.span, "the network mode").in_path(Self::path(member, "networks"));
            self.report(found.help("remove one of the two"));
        }
    }

    fn endpoints(
        &self,
        member: &Member<'_>,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let container = member.container;
        if container.network_mode.is_some() {
            return;
        }
        if let [only] = container.networks.as_slice()
            && !self.document.networks.contains_key(&only.value.name)
        {
            match only.value.name.as_str() {
                "host" => return config.network_mode = NetworkMode::Host,
                "none" => return config.network_mode = NetworkMode::None,
                _ => {}
            }
        }
        if container.networks.is_empty()
            && let Some(name) = self.network_name(DEFAULT)
        {
            let mut endpoint = Endpoint::default();
            name_endpoint(member, &name, &mut endpoint);
            config.network_mode = NetworkMode::Networks;
            config.endpoints.insert(name, endpoint);
        }
        for used in &container.networks {
            let name = &used.value.name;
            let engine_name = match self.network_name(name) {
                Some(name) => name,
                None if name == "bridge" => name.clone(),
                None => {
                    let known = self.document.networks.keys().map(String::as_str);
                    let name = Spanned::new(name.clone(), used.span);
                    self.unknown("network", &name, Self::path(member, "networks"), known);
                    continue;
                }
            };
            let mut endpoint = used.value.endpoint.clone();
            name_endpoint(member, &engine_name, &mut endpoint);
            for link in &used.value.links {
                if let Some((text, other)) = self.link_text(member, link) {
                    dependencies.add(other, Reason::Link, link.span);
                    endpoint.links.insert(text);
                }
            }
            config.network_mode = NetworkMode::Networks;
            config.endpoints.insert(engine_name, endpoint);
        }
    }

    /// The name on an engine of a network that the file declares.
    pub(super) fn network_name(&self, key: &str) -> Option<String> {
        let network = self.document.networks.get(key)?;
        Some(network.engine_name(&self.document.name, key))
    }

    /// The container of the project that `container:name` means: by its name on the engine, or as the file calls it.
    fn declared(&self, name: &str) -> Option<&Member<'_>> {
        let by_name = self.members.iter().find(|member| member.name == name);
        by_name.or_else(|| match self.members.find(name) {
            Ok([only]) => Some(only),
            Ok(_) | Err(_) => None,
        })
    }

    /// The networks that a container is on.
    fn network_keys<'c>(&self, container: &'c Container) -> Vec<&'c str> {
        if container.networks.is_empty() && container.network_mode.is_none() {
            let declared = self.document.networks.contains_key(DEFAULT);
            return if declared { vec![DEFAULT] } else { Vec::new() };
        }
        container.networks.iter().map(|used| used.value.name.as_str()).collect()
    }

    /// `container:alias`, by the container's name on the engine.
    fn link_text(
        &self,
        member: &Member<'_>,
        link: &Spanned<Link>,
    ) -> Option<(String, &Member<'_>)> {
        let target = Spanned::new(link.value.target.clone(), link.span);
        let path = || Self::path(member, "links");
        let other = self.members.expect_one(self.reader, &target, path)?;
        let alias =
            link.value.alias.clone().unwrap_or_else(|| other.reference.replace(['_', '.'], "-"));
        Some((format!("{}:{alias}", other.name), other))
    }

    /// On networks of one's own a link belongs to each endpoint that both have.
    fn link(
        &self,
        member: &Member<'_>,
        link: &Spanned<Link>,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let Some((text, other)) = self.link_text(member, link) else { return };
        dependencies.add(other, Reason::Link, link.span);
        match &config.network_mode {
            NetworkMode::Networks => {}
            NetworkMode::Bridge => {
                config.links.insert(text);
                return;
            }
            mode @ (NetworkMode::Host | NetworkMode::None | NetworkMode::Container(_)) => {
                let message = format!("links cannot be used with network_mode {mode}");
                let found = Diagnostic::error("network-mode", message).at(link.span, "");
                self.report(
                    found.in_path(Self::path(member, "links")).help("remove one of the two"),
                );
                return;
            }
        }
        let mut shared = false;
        let others = self.network_keys(other.container);
        for key in self.network_keys(member.container) {
            let engine_name = self.network_name(key).unwrap_or_else(|| key.to_owned());
            let common = others.contains(&key);
            if let Some(endpoint) = config.endpoints.get_mut(&engine_name).filter(|_| common) {
                endpoint.links.insert(text.clone());
                shared = true;
            }
        }
        if !shared {
            let message =
                format!("\"{}\" is on none of this container's networks", other.reference);
            let found = Diagnostic::error("unreachable-link", message).at(link.span, "");
            let found = found.in_path(Self::path(member, "links"));
            self.report(found.help("attach both to one network"));
        }
    }

    fn namespace(
        &self,
        member: &Member<'_>,
        sharing: Option<&Spanned<Sharing>>,
        key: &str,
        dependencies: &mut Dependencies,
    ) -> Option<String> {
        let sharing = sharing?;
        match &sharing.value {
            Sharing::Engine(word) => {
                let other = word.strip_prefix("container:").and_then(|name| self.declared(name));
                if let Some(other) = other {
                    dependencies.add(other, Reason::Namespace, sharing.span);
                    return Some(format!("container:{}", other.name));
                }
                Some(word.clone())
            }
            Sharing::Network(_) => None,
            Sharing::Container(name) => {
                let name = Spanned::new(name.clone(), sharing.span);
                let path = || Self::path(member, key);
                let other = self.members.expect_one(self.reader, &name, path)?;
                dependencies.add(other, Reason::Namespace, sharing.span);
                Some(format!("container:{}", other.name))
            }
        }
    }

    /// An engine ignores ports where a container has no network of its own; better said now.
    fn check_mode(&self, member: &Member<'_>, config: &ContainerConfig) {
        let own = match &config.network_mode {
            NetworkMode::Bridge | NetworkMode::Networks => return,
            NetworkMode::Host => "the host's network",
            NetworkMode::None => "no network",
            NetworkMode::Container(_) => "another container's network",
        };
        let ports = &member.container.ports;
        let span = ports.first().map(|port| port.span);
        let span = span.or_else(|| {
            member.container.exposes.iter().find(|e| e.value.host_port.is_some()).map(|e| e.span)
        });
        if let Some(span) = span {
            let message =
                format!("the container uses {own}, so no port of its own can be published");
            let found = Diagnostic::error("network-mode", message).at(span, "");
            self.report(
                found
                    .in_path(Self::path(member, "ports"))
                    .help("remove the ports, or the network mode"),
            );
        }
    }
}
