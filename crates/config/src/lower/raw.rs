//! What a container says by the names of an engine: links, volumes of others, anonymous volumes, its MAC address.
//!
//! Invariant: a name that a container of the project has makes the dependency that a reference to it would make.

use windlass_model::container::ContainerConfig;
use windlass_model::dependency::Reason;
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::mount::Mount;

use super::Lowering;
use super::container::Dependencies;
use super::members::Member;
use super::mounts::Targets;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

impl Lowering<'_> {
    /// After all mounts: an anonymous volume gives way to whatever is mounted at its path.
    pub(super) fn raw_volumes(
        &self,
        member: &Member<'_>,
        targets: &mut Targets<'_>,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let raw = &member.container.raw;
        for from in &raw.volumes_from {
            let name = from.value.split(':').next().unwrap_or_default();
            self.depend_on_named(name, Reason::Volume, from.span, dependencies);
            config.volumes_from.insert(from.value.clone());
        }
        for volume in &raw.volumes {
            let target = &volume.value;
            let is_free = !targets.has(target) && !config.tmpfs.contains_key(target);
            if is_free {
                self.mount(targets, config, target, Mount::anonymous(), volume.span);
            }
        }
    }

    /// On networks of one's own, links belong to endpoints.
    pub(super) fn raw_network(
        &self,
        member: &Member<'_>,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let raw = &member.container.raw;
        if let Some(address) = &raw.mac_address {
            let first = member.container.networks.first().map(|used| &used.value.name);
            let name = first.map(|key| self.network_name(key).unwrap_or_else(|| key.clone()));
            match config.network_mode {
                NetworkMode::Bridge => {
                    config.network_mode = NetworkMode::Networks;
                    config.endpoints.insert("bridge".to_owned(), Endpoint::default());
                }
                NetworkMode::Networks => {}
                NetworkMode::Host | NetworkMode::None | NetworkMode::Container(_) => {
                    return self.not_with_mode(member, "mac_address", address.span, config);
                }
            }
            let name = name.or_else(|| config.endpoints.keys().next().cloned());
            if let Some(endpoint) = name.and_then(|name| config.endpoints.get_mut(&name)) {
                endpoint.mac_address = Some(address.value.clone()).into();
            }
        }
        for link in &raw.links {
            let target = &link.value.target;
            self.depend_on_named(target, Reason::Link, link.span, dependencies);
            let text = format!("{target}:{}", link.value.alias.as_ref().unwrap_or(target));
            match config.network_mode {
                NetworkMode::Bridge => {
                    config.links.insert(text);
                }
                NetworkMode::Networks => {
                    for endpoint in config.endpoints.values_mut() {
                        endpoint.links.insert(text.clone());
                    }
                }
                NetworkMode::Host | NetworkMode::None | NetworkMode::Container(_) => {
                    self.not_with_mode(member, "links", link.span, config);
                }
            }
        }
    }

    fn not_with_mode(&self, member: &Member<'_>, key: &str, span: Span, config: &ContainerConfig) {
        let message = format!("{key} cannot be used with network_mode {}", config.network_mode);
        let found = Diagnostic::error("network-mode", message).at(span, "");
        let path = format!("containers.{}.{key}", member.container.key);
        self.report(found.in_path(path).help("remove one of the two"));
    }

    fn depend_on_named(
        &self,
        name: &str,
        reason: Reason,
        span: Span,
        dependencies: &mut Dependencies,
    ) {
        if let Some(other) = self.members.iter().find(|member| member.name == name) {
            dependencies.add(other, reason, span);
        }
    }
}
