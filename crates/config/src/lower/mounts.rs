//! Mounts of one container: shares, binds, attached and used volumes, mounts, tmpfs and secrets.
//!
//! Invariant: two things at one target are an error that names both.

use std::collections::BTreeMap;

use windlass_model::container::ContainerConfig;
use windlass_model::dependency::Reason;
use windlass_model::mount::{Mount, MountSource};
use windlass_model::secret::SECRETS_DIR;

use super::Lowering;
use super::container::Dependencies;
use super::members::Member;
use crate::diagnostic::Diagnostic;
use crate::document::{Bind, MountFrom, UseVolume};
use crate::load::Dialect;
use crate::read::{Spanned, did_you_mean};
use crate::source::Span;

/// The mounts of one container while they are collected.
pub(super) struct Targets<'a> {
    path: &'a str,
    places: BTreeMap<String, Span>,
}

impl Targets<'_> {
    /// Whether something is mounted there.
    pub(super) fn has(&self, target: &str) -> bool {
        self.places.contains_key(target)
    }
}

/// Whether a secret's file is where secrets usually are.
fn is_usual(target: &str) -> bool {
    target.strip_prefix(SECRETS_DIR).is_some_and(|rest| rest.starts_with('/'))
}

impl Lowering<'_> {
    pub(super) fn mounts(
        &self,
        member: &Member<'_>,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let container = member.container;
        let path = format!("containers.{}", container.key);
        let mut targets = Targets { path: &path, places: BTreeMap::new() };
        for share in &container.shares {
            self.mount(&mut targets, config, &share.value, Mount::anonymous(), share.span);
        }
        for bind in &container.binds {
            if let Some((target, mount)) = self.bind(member, bind) {
                self.mount(&mut targets, config, &target, mount, bind.span);
            }
        }
        for attach in &container.attaches {
            let alias = &attach.value.alias;
            let key = self.volumes.attached_key(container, alias);
            let target = attach.value.path.clone().or_else(|| self.alias_path(alias));
            match target {
                Some(target) => {
                    let mount = Mount::volume(self.volumes.engine_name(&key, alias));
                    self.mount(&mut targets, config, &target, mount, attach.span);
                }
                None => self.no_path(alias, attach.span, &path),
            }
        }
        for used in &container.uses {
            self.used(member, used, &mut targets, config, dependencies);
        }
        for entry in &container.mounts {
            if let Some(mount) =
                self.entry(&entry.value.from, entry.value.mount.clone(), entry.span, &path)
            {
                self.mount(&mut targets, config, &entry.value.target, mount, entry.span);
            }
        }
        self.raw_volumes(member, &mut targets, config, dependencies);
        for secret in &container.secrets {
            self.occupy(&mut targets, &secret.value.target, secret.span);
        }
        for secret in &container.secrets {
            self.reach(&secret.value.target, secret.span, &path, config);
        }
        for target in config.tmpfs.keys() {
            if let Some(other) = targets.places.get(target) {
                let message = format!("a tmpfs and a mount are both at \"{target}\"");
                let found = Diagnostic::error("duplicate-target", message).at(*other, "");
                self.report(found.in_path(path.clone()).help("remove one of them"));
            }
        }
    }

    /// Sees to it that a secret's file can be written before the container starts: engines write neither to a
    /// read-only root nor to a tmpfs. A volume for these files alone is made where they usually are.
    fn reach(&self, target: &str, span: Span, path: &str, config: &mut ContainerConfig) {
        let mount = config.mount_above(target);
        let tmpfs = config.tmpfs_above(target);
        let depth = |target: Option<&str>| target.map_or(0, str::len);
        let what = match (mount, tmpfs) {
            (mount, Some(tmpfs)) if depth(mount.map(|(at, _)| at)) < tmpfs.len() => {
                if tmpfs.len() < SECRETS_DIR.len() && is_usual(target) {
                    config.mounts.insert(SECRETS_DIR.to_owned(), Mount::anonymous());
                    return;
                }
                format!("is in the tmpfs at {tmpfs}, which is empty at each start")
            }
            (Some((at, mount)), _) if mount.read_only => {
                format!("is in the read-only mount at {at}")
            }
            (None, _) if config.read_only => {
                if is_usual(target) {
                    config.mounts.insert(SECRETS_DIR.to_owned(), Mount::anonymous());
                    return;
                }
                "is in a root that is read-only".to_owned()
            }
            (Some(_) | None, _) => return,
        };
        let name = target.rsplit('/').next().unwrap_or(target);
        let found =
            Diagnostic::error("secret-unreachable", format!("the secret's file {target} {what}"));
        let found = found.at(span, "").in_path(format!("{path}.secrets"));
        let elsewhere =
            if tmpfs == Some(SECRETS_DIR) || mount.is_some_and(|(at, _)| at == SECRETS_DIR) {
                format!("remove the mount at {SECRETS_DIR}: a volume for the secrets is made there")
            } else {
                format!("write `target: {SECRETS_DIR}/{name}`, where a volume is made for it")
            };
        self.report(found.help(elsewhere));
    }

    fn alias_path(&self, alias: &str) -> Option<String> {
        self.volumes.declared(alias).and_then(|volume| volume.path.clone())
    }

    fn no_path(&self, alias: &str, span: Span, path: &str) {
        let message = format!("the volume \"{alias}\" has no path in the container");
        let help = format!("write {{{alias}: /path}} here, or `path` under volumes.{alias}");
        self.report(
            Diagnostic::error("missing-path", message).at(span, "").in_path(path).help(help),
        );
    }

    /// Notes that a target is taken; `false` if it was.
    fn occupy(&self, targets: &mut Targets<'_>, target: &str, span: Span) -> bool {
        let Some(other) = targets.places.insert(target.to_owned(), span) else { return true };
        let message = format!("two mounts are at \"{target}\"");
        let found = Diagnostic::error("duplicate-target", message).at(span, "the second");
        let found = found.also(other, "the first").in_path(targets.path);
        self.report(found.help("remove one of them, or mount it elsewhere"));
        false
    }

    pub(super) fn mount(
        &self,
        targets: &mut Targets<'_>,
        config: &mut ContainerConfig,
        target: &str,
        mount: Mount,
        span: Span,
    ) {
        if target == "/" {
            let found = Diagnostic::error("bad-value", "nothing can be mounted at /").at(span, "");
            self.report(found.in_path(targets.path).help("mount it at a directory below /"));
        }
        if target == "/proc" || target.starts_with("/proc/") {
            let message = format!("nothing can be mounted at {target}: /proc is the kernel's");
            let found = Diagnostic::error("bad-value", message).at(span, "");
            self.report(found.in_path(targets.path).help("mount it elsewhere"));
        }
        if self.occupy(targets, target, span) {
            config.mounts.insert(target.to_owned(), mount);
        }
    }

    fn bind(&self, member: &Member<'_>, bind: &Spanned<Bind>) -> Option<(String, Mount)> {
        let path = || format!("containers.{}.binds", member.container.key);
        match &bind.value {
            Bind::Pair { path: target, host_path, read_only } => {
                let host_path = self.host_path(host_path, bind.span);
                Some((target.clone(), self.bind_mount(host_path, *read_only)))
            }
            Bind::Alias { alias, read_only } => {
                let name = Spanned::new(alias.clone(), bind.span);
                let Some(host) = self.document.host.get(alias) else {
                    self.unknown_host(&name, path());
                    return None;
                };
                let Some(target) = self.alias_path(alias) else {
                    self.no_path(alias, bind.span, &path());
                    return None;
                };
                let of_instance = member.instance.and_then(|instance| host.instances.get(instance));
                let Some(source) = of_instance.or(host.path.as_ref()) else {
                    let instance = member.instance.unwrap_or("default");
                    let message = format!("host.{alias} has no path for \"{instance}\"");
                    let found = Diagnostic::error("missing-path", message).at(bind.span, "");
                    let found = found.also(host.span, "declared here").in_path(path());
                    self.report(found.help(format!("add `{instance}`, or `default` for all")));
                    return None;
                };
                Some((target, self.bind_mount(source.clone(), *read_only)))
            }
        }
    }

    /// Of a map, an engine made the directories that it did not find.
    fn makes_directories(&self) -> bool {
        self.document.dialect == Dialect::DockerMap
    }

    fn bind_mount(&self, source: String, read_only: bool) -> Mount {
        let create_host_path = self.makes_directories();
        Mount { create_host_path, ..Mount::bind(source).read_only(read_only) }
    }

    fn unknown_host(&self, name: &Spanned<String>, path: String) {
        let message =
            format!("the alias \"{}\" has no path on the host", crate::yaml::shorten(&name.value));
        let known = self.document.host.keys().map(String::as_str);
        let help = self.reader.budgeted(|| did_you_mean(&name.value, known));
        let help = help.unwrap_or_else(|| format!("add `{}` under `host`", name.value));
        self.report(
            Diagnostic::error("unknown-reference", message)
                .at(name.span, "")
                .in_path(path)
                .help(help),
        );
    }

    /// Relative paths start from the host root, or from the file's directory.
    fn host_path(&self, text: &str, span: Span) -> String {
        let base = match &self.document.host_root {
            Some(root) => std::path::PathBuf::from(root),
            None => self.reader.directory(span),
        };
        crate::read::clean(&base.join(text))
    }

    /// A volume by its alias with its owners as dependencies, or the mounts of another container.
    fn used(
        &self,
        member: &Member<'_>,
        used: &Spanned<UseVolume>,
        targets: &mut Targets<'_>,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let UseVolume { name, path, read_only } = &used.value;
        let owner = self.volumes.owner(name);
        if owner.is_some() || self.volumes.declared(name).is_some() {
            self.warn_of_two(name, used.span, targets.path);
            let alias = if self.document.settings.use_attached_parent_name {
                name.rsplit_once('.').map_or(name.as_str(), |(_, alias)| alias)
            } else {
                name
            };
            let attached = owner
                .and_then(|owner| owner.attaches.iter().find(|attach| attach.value.alias == alias));
            let target = path.clone().or_else(|| self.alias_path(alias));
            let target = target.or_else(|| attached.and_then(|attach| attach.value.path.clone()));
            let Some(target) = target else {
                self.no_path(alias, used.span, targets.path);
                return;
            };
            let mount = Mount::volume(self.volumes.engine_name(name, alias)).read_only(*read_only);
            self.mount(targets, config, &target, mount, used.span);
            if let Some(owner) = owner.filter(|owner| owner.key != member.container.key) {
                for other in self.members.of(&owner.key) {
                    dependencies.add(other, Reason::Volume, used.span);
                }
            }
            return;
        }
        if self.members.find(name).is_err() {
            let known = self
                .volumes
                .attached_keys()
                .chain(self.document.volumes.keys().map(String::as_str));
            let known = known.chain(self.document.containers.keys().map(String::as_str));
            let name = Spanned::new(name.clone(), used.span);
            self.unknown("volume", &name, format!("{}.uses", targets.path), known);
            return;
        }
        let reference = Spanned::new(name.clone(), used.span);
        for other in self.members.expect(self.reader, &reference, || targets.path.to_owned()) {
            let suffix = if *read_only { ":ro" } else { "" };
            config.volumes_from.insert(format!("{}{suffix}", other.name));
            dependencies.add(other, Reason::Volume, used.span);
        }
    }

    /// A name that is also a container's, of which volumes could be meant.
    fn warn_of_two(&self, name: &str, span: Span, path: &str) {
        let container = self.document.containers.get(name);
        let Some(share) = container.and_then(|container| container.shares.first()) else { return };
        let name = crate::yaml::shorten(name);
        let message = format!("\"{name}\" is a volume and a container that shares volumes");
        let found = Diagnostic::warning("duplicate-name", message).at(span, "the volume is used");
        let found = found.also(share.span, "the container shares this");
        self.report(found.in_path(format!("{path}.uses")).help("rename one of them"));
    }

    fn entry(&self, from: &MountFrom, mut mount: Mount, span: Span, path: &str) -> Option<Mount> {
        mount.source = match from {
            MountFrom::Anonymous => MountSource::Anonymous,
            MountFrom::Path(path) => {
                mount.create_host_path |= self.makes_directories();
                MountSource::Bind(path.clone())
            }
            MountFrom::Engine(source) => source.clone(),
            MountFrom::Volume(alias) => {
                if !self.volumes.is_mountable(alias) {
                    let name = Spanned::new(alias.clone(), span);
                    let known = self.document.volumes.keys().map(String::as_str);
                    self.unknown("volume", &name, format!("{path}.mounts"), known);
                    return None;
                }
                MountSource::Volume(self.volumes.engine_name(alias, alias))
            }
        };
        Some(mount)
    }
}
