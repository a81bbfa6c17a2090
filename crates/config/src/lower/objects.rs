//! Engines, networks, volumes, secrets and groups of the project.
//!
//! Invariant: an alias that only names paths is no volume; a volume that a container attaches always is one.

use std::collections::BTreeMap;

use windlass_model::network::NetworkSpec;
use windlass_model::project::Project;
use windlass_model::secret::SecretSpec;
use windlass_model::volume::{VolumeConfig, VolumeOwner, VolumeSpec};
use windlass_model::{Address, EngineName};

use super::Lowering;
use crate::diagnostic::Diagnostic;
use crate::document::{Container, Document, MountFrom, Volume};
use crate::places::Places;
use crate::read::{Reader, Spanned};
use crate::scalar::{engine_name, numeric_owner, symbolic_mode};
use crate::source::Span;

const PLAIN_MODE: u32 = 0o755;

/// Volumes on engines, by alias.
pub(super) struct Volumes<'a> {
    document: &'a Document,
    /// Alias (or `container.alias`) to the container that attaches it.
    attached: BTreeMap<String, (&'a Container, Span)>,
}

impl<'a> Volumes<'a> {
    pub(super) fn new(reader: &Reader, document: &'a Document) -> Self {
        let mut volumes = Self { document, attached: BTreeMap::new() };
        for container in document.containers.values().filter(|c| !c.is_abstract) {
            for attach in &container.attaches {
                let path = || format!("containers.{}.attaches", container.key);
                if let Err(error) = engine_name(&attach.value.alias) {
                    let found = Diagnostic::error("bad-name", error.message).at(attach.span, "");
                    reader.report(found.in_path(path()).maybe_help(error.help));
                }
                let key = volumes.attached_key(container, &attach.value.alias);
                if let Some((other, span)) = volumes.attached.get(&key) {
                    let message = format!("the volume \"{key}\" is attached by two containers");
                    reader.report(
                        Diagnostic::error("duplicate-attach", message)
                            .at(attach.span, format!("\"{}\"", container.key))
                            .also(*span, format!("\"{}\"", other.key))
                            .in_path(path())
                            .help("let one of them own it, and the other one `uses` it"),
                    );
                    continue;
                }
                volumes.attached.insert(key, (container, attach.span));
            }
        }
        volumes
    }

    /// Under which key a container's attached volume is declared.
    pub(super) fn attached_key(&self, container: &Container, alias: &str) -> String {
        if self.document.settings.use_attached_parent_name {
            format!("{}.{alias}", container.key)
        } else {
            alias.to_owned()
        }
    }

    /// Who attaches the volume of a key.
    pub(super) fn owner(&self, key: &str) -> Option<&'a Container> {
        self.attached.get(key).map(|(container, _)| *container)
    }

    pub(super) fn attached_keys(&self) -> impl Iterator<Item = &str> + Clone {
        self.attached.keys().map(String::as_str)
    }

    pub(super) fn declared(&self, alias: &str) -> Option<&'a Volume> {
        self.document.volumes.get(alias)
    }

    /// The name on the engine of the volume of a key.
    pub(super) fn engine_name(&self, key: &str, alias: &str) -> String {
        match self.declared(alias) {
            // What is there already is called as the file says, not after a container.
            Some(volume) if volume.name.is_some() || volume.external => {
                volume.engine_name(&self.document.name, alias)
            }
            _ => format!("{}.{key}", self.document.name),
        }
    }

    /// Whether an alias is a volume when a container mounts it by name.
    pub(super) fn is_mountable(&self, alias: &str) -> bool {
        self.declared(alias).is_some() || self.attached.contains_key(alias)
    }
}

impl Lowering<'_> {
    /// Passwords must be keys of secrets; one that is not may be the password itself.
    fn logins(&self, name: &str, engine: &crate::document::Engine) {
        for secret in &engine.secrets {
            if !self.document.secrets.contains_key(&secret.value) {
                self.reader.hide(secret.span);
                let message = "a registry's `password` names no secret of this file";
                let found = Diagnostic::error("unknown-reference", message).at(secret.span, "");
                let path = format!("engines.{name}.registries");
                self.report(found.in_path(path).help(crate::native::registry::HELP));
            }
        }
    }

    pub(super) fn objects(&self, project: &mut Project, places: &mut Places) {
        let engine = self.default_engine();
        for (name, engine) in &self.document.engines {
            places.engines.insert(EngineName::new(name), engine.span);
            project.engines.insert(EngineName::new(name), engine.spec.clone());
            self.logins(name, engine);
        }
        // One that nobody declared and nothing is on need not be there, and may be one of the others.
        let default = EngineName::default();
        let is_used = project.containers.keys().any(|address| address.engine == default);
        if engine != default && !is_used && !self.document.engines.contains_key(default.as_str()) {
            project.engines.remove(&default);
        }
        for (key, network) in &self.document.networks {
            let name = network.engine_name(&self.document.name, key);
            let (external, config) = (network.external, network.config.clone());
            places.objects.insert(Address::network(&engine, key), network.span);
            let spec = NetworkSpec { key: key.clone(), name, external, config };
            project.networks.insert(key.clone(), spec);
        }
        for (name, secret) in &self.document.secrets {
            if let Some(source) = secret.source.clone() {
                places.secrets.insert(name.clone(), secret.place);
                let spec = SecretSpec { name: name.clone(), source };
                project.secrets.insert(name.clone(), spec);
            }
        }
        self.declared_volumes(project, places, &engine);
        self.groups(project);
    }

    fn declared_volumes(&self, project: &mut Project, places: &mut Places, engine: &EngineName) {
        let by_mount = |alias: &str| {
            self.document.containers.values().any(|container| {
                container.mounts.iter().any(|mount| match &mount.value.from {
                    MountFrom::Volume(name) => name == alias,
                    MountFrom::Anonymous | MountFrom::Engine(_) | MountFrom::Path(_) => false,
                })
            })
        };
        for (alias, volume) in &self.document.volumes {
            // With a host path it is an alias of two paths, unless somebody mounts it as a volume.
            let only_paths = self.document.host.contains_key(alias) && !by_mount(alias);
            let parented = self.document.settings.use_attached_parent_name
                && !by_mount(alias)
                && self.volumes.attached.values().any(|(container, _)| {
                    container.attaches.iter().any(|attach| attach.value.alias == *alias)
                });
            if !only_paths && !parented && self.volumes.owner(alias).is_none() {
                let spec = self.volume(alias, alias, None, project);
                places.objects.insert(Address::volume(engine, alias), volume.span);
                project.volumes.insert(alias.clone(), spec);
            }
        }
        for (key, (container, span)) in &self.volumes.attached {
            let alias =
                key.rsplit_once('.').filter(|_| self.document.settings.use_attached_parent_name);
            let alias = alias.map_or(key.as_str(), |(_, alias)| alias);
            let spec = self.volume(key, alias, Some(container), project);
            let declared = self.document.volumes.get(alias);
            let span = declared.map_or(*span, |volume| volume.span);
            places.objects.insert(Address::volume(engine, key), span);
            let user = declared.and_then(|volume| volume.user.as_ref()).map(|user| user.span);
            let permissions = declared.and_then(|volume| volume.permissions.as_ref());
            let permissions = permissions.or(container.permissions.as_ref()).map(|text| text.span);
            let said = [user.or(*container.user), permissions];
            places.owners.insert(Address::volume(engine, key), said);
            project.volumes.insert(key.clone(), spec);
        }
    }

    fn volume(
        &self,
        key: &str,
        alias: &str,
        container: Option<&Container>,
        project: &Project,
    ) -> VolumeSpec {
        let declared = self.document.volumes.get(alias);
        VolumeSpec {
            key: key.to_owned(),
            name: self.volumes.engine_name(key, alias),
            external: declared.is_some_and(|volume| volume.external),
            config: declared.map_or_else(VolumeConfig::default, |volume| volume.config.clone()),
            owner: self.volume_owner(alias, declared, container, project),
        }
    }

    /// The volume's own user and permissions, or those of the container that attaches it.
    fn volume_owner(
        &self,
        alias: &str,
        declared: Option<&Volume>,
        container: Option<&Container>,
        project: &Project,
    ) -> Option<VolumeOwner> {
        let path = || format!("volumes.{alias}");
        let refuse = |span: Span, error: crate::scalar::ScalarError| {
            let found = Diagnostic::error("bad-value", error.message).at(span, "");
            self.report(found.in_path(path()).maybe_help(error.help));
        };
        let user = match declared.and_then(|volume| volume.user.as_ref()) {
            Some(user) => match numeric_owner(&user.value) {
                Ok(owner) => Some(owner),
                Err(error) => {
                    refuse(user.span, error);
                    return None;
                }
            },
            // A container's user may be a name, which only its image knows: the engine's default stays.
            None => container
                .and_then(|container| self.user(container, project))
                .and_then(|user| numeric_owner(user).ok()),
        };
        let permissions = declared
            .and_then(|volume| volume.permissions.as_ref())
            .or_else(|| container.and_then(|container| container.permissions.as_ref()));
        let mode = match permissions {
            Some(text) => match symbolic_mode(&text.value, PLAIN_MODE) {
                Ok(mode) => Some(mode),
                Err(error) => {
                    refuse(text.span, error);
                    return None;
                }
            },
            None => None,
        };
        if user.is_none() && mode.is_none() {
            return None;
        }
        let (uid, gid) = user.map_or((0, 0), |owner| (owner.uid, owner.gid));
        Some(VolumeOwner { uid, gid, mode: mode.unwrap_or(PLAIN_MODE) })
    }

    /// The user of a container, which is lowered already.
    fn user<'p>(&self, container: &Container, project: &'p Project) -> Option<&'p str> {
        let member = self.members.of(&container.key).first()?;
        let address = member.address(member.engines.first()?);
        project.containers.get(&address)?.config.user.as_deref()
    }

    fn groups(&self, project: &mut Project) {
        for (name, group) in &self.document.groups {
            if self.members.find(name).is_ok() {
                let message = format!("\"{name}\" is a container and a group");
                let found =
                    Diagnostic::error("duplicate-name", message).at(group.span, "the group");
                let container = self.document.containers.get(name);
                let found = match container {
                    Some(container) => found.also(container.span, "the container"),
                    None => found,
                };
                self.report(found.help("rename one of them"));
            }
            let path = || format!("groups.{name}");
            let members = group.members.iter();
            let members = members.filter(|m| !self.members.expect(self.reader, m, path).is_empty());
            let members = members.map(|member| member.value.clone()).collect();
            project.groups.insert(name.clone(), members);
        }
        for container in self.document.containers.values().filter(|c| !c.is_abstract) {
            for group in &container.groups {
                self.join(project, container, group);
            }
        }
    }

    fn join(&self, project: &mut Project, container: &Container, group: &Spanned<String>) {
        let path = || format!("containers.{}.groups", container.key);
        if let Err(error) = engine_name(&group.value) {
            let found = Diagnostic::error("bad-name", error.message).at(group.span, "");
            return self.report(found.in_path(path()).maybe_help(error.help));
        }
        let members = project.groups.entry(group.value.clone()).or_default();
        if !members.iter().any(|member| container.key == *member) {
            members.push(container.key.to_string());
        }
        if self.document.containers.contains_key(&group.value) {
            let message = format!("\"{}\" is a container, not a group", group.value);
            let found = Diagnostic::error("duplicate-name", message).at(group.span, "");
            self.report(found.in_path(path()));
        }
    }
}
