//! One container of the document to its specs: one for each instance on each engine.
//!
//! Invariant: `..` is never used on a document's container here, so a key that is read is also lowered.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::container::{ContainerConfig, ContainerSpec};
use windlass_model::dependency::{Condition, Dependency, Reason};
use windlass_model::endpoint::NetworkMode;
use windlass_model::image::{ImageUse, familiar_reference};
use windlass_model::project::Project;
use windlass_model::{Address, EngineName, Shared};

use super::members::Member;
use super::{Edge, Lowering, hostname};
use crate::diagnostic::Diagnostic;
use crate::document::{Container, DependsOn, Document};
use crate::load::Dialect;
use crate::places::Places;
use crate::read::{Spanned, shell_variables};
use crate::scalar::image_reference;
use crate::source::Span;
use crate::template::Scope;

/// What one container needs, on one engine.
pub(super) struct Dependencies {
    engine: EngineName,
    own: Address,
    all: BTreeMap<Address, (Condition, Reason, Span)>,
    /// Needed, but on no common engine.
    pub(super) apart: Vec<(String, Span)>,
}

impl Dependencies {
    pub(super) fn new(own: Address) -> Self {
        Self { engine: own.engine.clone(), own, all: BTreeMap::new(), apart: Vec::new() }
    }

    pub(super) fn add(&mut self, other: &Member<'_>, reason: Reason, span: Span) {
        self.add_with(other, Condition::default(), reason, span);
    }

    /// The strongest condition of several edges to one container counts.
    fn add_with(&mut self, other: &Member<'_>, condition: Condition, reason: Reason, span: Span) {
        let engine = if other.engines.contains(&self.engine) {
            &self.engine
        } else if reason == Reason::DependsOn || reason == Reason::Template {
            match other.engines.first() {
                Some(engine) => engine,
                None => return,
            }
        } else {
            self.apart.push((other.reference.to_string(), span));
            return;
        };
        let address = other.address(engine);
        let known = self.all.entry(address).or_insert((condition, reason, span));
        if condition > known.0 {
            known.0 = condition;
        }
    }

    fn edges(&self) -> impl Iterator<Item = Edge> {
        let from = &self.own;
        self.all.iter().map(|(to, (_, _, span))| Edge {
            from: from.clone(),
            to: to.clone(),
            span: *span,
        })
    }

    pub(super) fn finish(self) -> Vec<Dependency> {
        let all = self.all.into_iter();
        all.map(|(on, (condition, reason, _))| Dependency { on, condition, reason }).collect()
    }
}

/// The keys of containers whose health check is disabled.
pub(super) fn unchecked(document: &Document) -> BTreeSet<String> {
    let disabled = |container: &&Container| {
        container.config.healthcheck.as_ref().is_some_and(|check| !check.is_active())
    };
    let containers = document.containers.values().filter(disabled);
    containers.map(|container| container.key.to_string()).collect()
}

impl Lowering<'_> {
    pub(super) fn containers(
        &self,
        configs: Vec<Shared<ContainerConfig>>,
        project: &mut Project,
        places: &mut Places,
    ) -> Vec<Edge> {
        let mut edges = Vec::new();
        let mut specs = Vec::with_capacity(configs.len());
        let mut images = BTreeSet::new();
        for (container, config) in self.document.containers.values().zip(configs) {
            let members = self.members.of(&container.key);
            if members.is_empty() {
                continue;
            }
            let all =
                members.iter().flat_map(|one| one.engines.iter().map(move |engine| (one, engine)));
            let all: Vec<_> = all.collect();
            let Some(image) = self.container_image(container) else { continue };
            // Many containers are of one image, and say it once.
            let image = images.get(&image).cloned().unwrap_or(image);
            images.insert(image.clone());
            let configs = std::iter::repeat_n(config, all.len());
            for ((member, engine), config) in all.into_iter().zip(configs) {
                let spec = self.spec(member, engine, config, image.clone(), &mut edges);
                places.objects.insert(spec.address.clone(), container.span);
                specs.push((spec.address.clone(), spec));
            }
        }
        project.containers = specs.into();
        edges
    }

    fn spec(
        &self,
        member: &Member<'_>,
        engine: &EngineName,
        mut config: Shared<ContainerConfig>,
        image: ImageUse,
        edges: &mut Vec<Edge>,
    ) -> ContainerSpec {
        let container = member.container;
        let address = member.address(engine);
        let mut dependencies = Dependencies::new(address.clone());
        self.config(member, engine, &mut config, &mut dependencies);
        self.name_host(member, engine, &mut config);
        let path = format!("containers.{}.depends_on", container.key);
        self.depended_on(container, &path, &mut dependencies);
        self.templated(container, &mut dependencies);
        self.check_apart(member, engine, &dependencies);
        edges.extend(dependencies.edges());
        ContainerSpec {
            address,
            key: container.key.clone(),
            instance: member.instance.map(str::to_owned).into(),
            name: member.name.clone(),
            image,
            pull: container.pull,
            config,
            secrets: container.secrets.iter().map(|secret| secret.value.clone()).collect(),
            depends_on: dependencies.finish(),
            wait: container.wait.clone(),
            update: container.update.clone(),
            exec_commands: container.exec_commands.clone(),
            start_delay_ms: container.start_delay_ms,
            persistent: container.persistent,
            profiles: container.profiles.clone(),
            needs: needs(container, engine).into(),
        }
    }

    /// What its `depends_on` says; `path` is where that is.
    pub(super) fn depended_on(
        &self,
        container: &Container,
        path: &str,
        dependencies: &mut Dependencies,
    ) {
        for wanted in &container.depends_on {
            let target = Spanned::new(wanted.value.target.clone(), wanted.span);
            for other in self.members.expect(self.reader, &target, || path.to_owned()) {
                self.check_health(other, wanted, || path.to_owned());
                let condition = wanted.value.condition;
                dependencies.add_with(other, condition, Reason::DependsOn, wanted.span);
            }
        }
    }

    /// Completes what an engine is told, without a hostname of our making.
    pub(super) fn config(
        &self,
        member: &Member<'_>,
        engine: &EngineName,
        config: &mut ContainerConfig,
        dependencies: &mut Dependencies,
    ) {
        let container = member.container;
        let mut env = container.file_env.clone();
        env.extend(std::mem::take(&mut config.env));
        config.env = env.into_inner();
        self.mounts(member, config, dependencies);
        self.network(member, engine, config, dependencies);
        for secret in &container.secrets {
            if !self.document.secrets.contains_key(&secret.value.secret) {
                let known = self.document.secrets.keys().map(String::as_str);
                let name = Spanned::new(secret.value.secret.clone(), secret.span);
                self.unknown(
                    "secret",
                    &name,
                    format!("containers.{}.secrets", container.key),
                    known,
                );
            }
        }
        if config.stop_timeout_s.is_none() {
            let engine = self.document.engines.get(engine.as_str());
            config.stop_timeout_s = engine.and_then(|engine| engine.spec.stop_timeout_s);
        }
    }

    /// The container's name is its hostname, unless it has none of its own.
    fn name_host(&self, member: &Member<'_>, engine: &EngineName, config: &mut ContainerConfig) {
        let settings = &self.document.settings;
        if config.uts.as_deref() == Some("host") {
            return;
        }
        match config.network_mode {
            NetworkMode::Host | NetworkMode::Container(_) => return,
            NetworkMode::Bridge | NetworkMode::Networks | NetworkMode::None => {}
        }
        if config.hostname.is_none() && settings.set_hostname {
            let suffix = if engine.is_default() { String::new() } else { format!("-{engine}") };
            config.hostname = Some(hostname(&format!("{}{suffix}", member.name)));
        }
        if config.domainname.is_none() {
            let engine = self.document.engines.get(engine.as_str());
            let of_engine = engine.and_then(|engine| engine.spec.domain.clone());
            config.domainname = of_engine.or_else(|| settings.default_domain.clone()).into();
        }
    }

    /// Without a health check nothing is ever healthy. (One of the image is not known here.)
    fn check_health(
        &self,
        other: &Member<'_>,
        wanted: &Spanned<DependsOn>,
        path: impl FnOnce() -> String,
    ) {
        let unchecked = self.unchecked.contains(other.container.key.as_str());
        if wanted.value.condition == Condition::Healthy && unchecked {
            let message = format!("the health check of \"{}\" is disabled", other.reference);
            let found = Diagnostic::error("no-healthcheck", message).at(wanted.span, "");
            let found = found.also(other.container.span, "declared here").in_path(path());
            self.report(found.help("give it a `healthcheck`, or wait for `started`"));
        }
    }

    pub(super) fn templated(&self, container: &Container, dependencies: &mut Dependencies) {
        for ((scope, name), span) in &container.used.names {
            if *scope != Scope::Containers {
                continue;
            }
            let reference = Spanned::new(name.clone(), *span);
            let path = || format!("containers.{}", container.key);
            let one = self.members.expect_one(self.reader, &reference, path);
            if let Some(other) = one.filter(|other| other.container.key != container.key) {
                dependencies.add(other, Reason::Template, *span);
            }
        }
    }

    fn check_apart(&self, member: &Member<'_>, engine: &EngineName, dependencies: &Dependencies) {
        for (other, span) in &dependencies.apart {
            let message = format!(
                "\"{other}\" is not on the engine \"{engine}\" with \"{}\"",
                member.reference
            );
            let found = Diagnostic::error("other-engine", message).at(*span, "");
            let path = format!("containers.{}", member.container.key);
            self.report(found.in_path(path).help("put both on the same engine"));
        }
    }

    fn container_image(&self, container: &Container) -> Option<ImageUse> {
        let Some(image) = &container.image else {
            if container.is_image_wrong {
                return None;
            }
            if self.document.images.contains_key(container.key.as_str()) {
                return Some(ImageUse::Project(container.key.to_string()));
            }
            // In a map a container is named after its image.
            let is_map = self.document.dialect == Dialect::DockerMap;
            if is_map || self.document.settings.repository.is_some() {
                let name = Spanned::new(container.key.to_string(), container.span);
                return self.image_use(&name, &format!("containers.{}", container.key));
            }
            let found = Diagnostic::error("missing-image", "the container has no image");
            let help = format!("add `image`, or declare images.{}", container.key);
            let path = format!("containers.{}", container.key);
            self.report(found.at(container.span, "").in_path(path).help(help));
            return None;
        };
        self.image_use(image, &format!("containers.{}.image", container.key))
    }

    /// An image of the project by its key or its reference, or one from outside with repository and tag filled in.
    pub(super) fn image_use(&self, image: &Spanned<String>, path: &str) -> Option<ImageUse> {
        if let Some(found) = self.project_image(&image.value) {
            return Some(found);
        }
        let settings = &self.document.settings;
        let text = image.value.strip_prefix('/').unwrap_or(&image.value);
        let reference = match image_reference(text) {
            Ok(reference) => reference,
            Err(error) => {
                let found = Diagnostic::error("bad-value", error.message).at(image.span, "");
                let help = shell_variables(&image.value, self.document.dialect).or(error.help);
                self.report(found.in_path(path).maybe_help(help));
                return None;
            }
        };
        let mut reference =
            reference.with_default_tag(settings.default_tag.as_deref().unwrap_or("latest"));
        let bare = reference.registry.is_none() && !reference.repository.contains('/');
        if let Some(repository) =
            settings.repository.as_ref().filter(|_| bare && text == image.value)
        {
            let repository = repository.trim_end_matches('/');
            reference.repository = format!("{repository}/{}", reference.repository);
        }
        Some(ImageUse::External(familiar_reference(&reference.to_string()).into()))
    }

    pub(super) fn project_image(&self, text: &str) -> Option<ImageUse> {
        if self.document.images.contains_key(text) {
            return Some(ImageUse::Project(text.to_owned()));
        }
        self.images.get(text).map(|key| ImageUse::Project((*key).to_owned()))
    }
}

/// The images, networks and volumes that templates name.
pub(super) fn needs(container: &Container, engine: &EngineName) -> BTreeSet<Address> {
    let named = container.used.names.keys();
    let address = |(scope, name): &(Scope, String)| match scope {
        Scope::Images => Some(Address::image(engine, name)),
        Scope::Networks => Some(Address::network(engine, name)),
        Scope::Volumes => Some(Address::volume(engine, name)),
        Scope::Containers | Scope::Host | Scope::Secrets => None,
    };
    named.filter_map(address).collect()
}
