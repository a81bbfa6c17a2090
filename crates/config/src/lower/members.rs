//! Containers as they will be on engines: one for each instance, on each of its engines.
//!
//! Invariant: a reference `container` means all its instances, `container.instance` exactly one.

use std::collections::HashMap;

use windlass_model::passing_name::PassingName;
use windlass_model::{Address, EngineName, Text};

use crate::diagnostic::Diagnostic;
use crate::document::{Container, Document};
use crate::read::{Reader, Spanned, did_you_mean};

/// Most containers of a project, with all instances on all engines.
const MAX_CONTAINERS: usize = 20_000;
/// Most ports of all these containers.
const MAX_PORTS: usize = 200_000;

/// One instance of a container.
pub(super) struct Member<'a> {
    pub(super) container: &'a Container,
    pub(super) instance: Option<&'a str>,
    /// `key` or `key.instance`.
    pub(super) reference: Text,
    /// On the engine.
    pub(super) name: Text,
    pub(super) engines: Vec<EngineName>,
}

impl Member<'_> {
    pub(super) fn address(&self, engine: &EngineName) -> Address {
        Address::container(engine, &self.reference)
    }
}

pub(super) struct Members<'a> {
    document: &'a Document,
    all: Vec<Member<'a>>,
    /// Positions in `all`, by key.
    by_key: HashMap<&'a str, std::ops::Range<usize>>,
}

/// Why a reference finds nothing.
pub(super) enum NotFound {
    Unknown,
    Abstract,
    /// The container is there, the instance is not.
    NoInstance,
}

/// The engine of what is on one only: the first of the `default_engines`, else `default`, or the only
/// one that is declared.
pub(super) fn default_engine(document: &Document) -> EngineName {
    if let Some(first) = document.settings.default_engines.first() {
        return EngineName::new(first.value.clone());
    }
    let mut names = document.engines.keys();
    match (names.next(), names.next()) {
        (Some(only), None) => EngineName::new(only),
        _ => EngineName::default(),
    }
}

impl<'a> Members<'a> {
    pub(super) fn new(reader: &Reader, document: &'a Document) -> Self {
        let mut all: Vec<Member<'a>> = Vec::with_capacity(document.containers.len());
        let mut by_key = HashMap::with_capacity(document.containers.len());
        let default = default_engines(reader, document);
        for (key, container) in &document.containers {
            let start = all.len();
            if !container.is_abstract {
                let engines = engines(reader, document, container, &default);
                expand(reader, document, container, &engines, &mut all);
            }
            by_key.insert(key.as_str(), start..all.len());
        }
        let mut members = Self { document, all, by_key };
        members.check_size(reader);
        members.check_names(reader);
        members
    }

    /// Instances, engines and ports multiply: nothing is left of a project in which they go too far.
    fn check_size(&mut self, reader: &Reader) {
        let (mut containers, mut ports) = (0_usize, 0_usize);
        for member in &self.all {
            let of_one = &member.container;
            let exposed = of_one.exposes.iter().map(|one| one.value.ports.len());
            containers += member.engines.len();
            ports += member.engines.len() * exposed.fold(of_one.ports.len(), usize::saturating_add);
            let message = if containers > MAX_CONTAINERS {
                format!("the project has more than {MAX_CONTAINERS} containers")
            } else if ports > MAX_PORTS {
                format!("the project has more than {MAX_PORTS} ports")
            } else {
                continue;
            };
            let found = Diagnostic::error("too-many", message).at(of_one.span, "up to here");
            reader
                .report(found.help("each instance counts, on each engine; make several projects"));
            self.all.clear();
            self.by_key.values_mut().for_each(|range| *range = 0..0);
            return;
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Member<'a>> {
        self.all.iter()
    }

    pub(super) fn of(&self, key: &str) -> &[Member<'a>] {
        self.by_key.get(key).and_then(|range| self.all.get(range.clone())).unwrap_or_default()
    }

    /// What a reference means.
    pub(super) fn find(&self, reference: &str) -> Result<&[Member<'a>], NotFound> {
        if let Some(container) = self.document.containers.get(reference) {
            return if container.is_abstract {
                Err(NotFound::Abstract)
            } else {
                Ok(self.of(reference))
            };
        }
        let Some((key, instance)) = reference.rsplit_once('.') else {
            return Err(NotFound::Unknown);
        };
        let Some(container) = self.document.containers.get(key) else {
            return Err(NotFound::Unknown);
        };
        if container.is_abstract {
            return Err(NotFound::Abstract);
        }
        let members = self.of(key);
        let at = members.iter().position(|member| member.instance == Some(instance));
        at.and_then(|at| members.get(at..=at)).ok_or(NotFound::NoInstance)
    }

    /// What a reference means; nothing if it means nothing.
    pub(super) fn named(&self, reference: &str) -> &[Member<'a>] {
        self.find(reference).unwrap_or_default()
    }

    /// What a reference means; reports it if it means nothing.
    pub(super) fn expect(
        &self,
        reader: &Reader,
        reference: &Spanned<String>,
        path: impl FnOnce() -> String,
    ) -> &[Member<'a>] {
        let reason = match self.find(&reference.value) {
            Ok(found) => return found,
            Err(reason) => reason,
        };
        let name = crate::yaml::shorten(&reference.value);
        let (message, help) = match reason {
            NotFound::Abstract => (
                format!("the container \"{name}\" is abstract"),
                Some("name one that extends it".to_owned()),
            ),
            NotFound::NoInstance => {
                let (key, instance) = reference.value.rsplit_once('.').unwrap_or_default();
                let known = self.of(key).iter().filter_map(|member| member.instance);
                let help = did_you_mean(instance, known.clone())
                    .unwrap_or_else(|| format!("\"{key}\" has no instances"));
                (format!("the container \"{key}\" has no instance \"{instance}\""), Some(help))
            }
            NotFound::Unknown => {
                let known = self.document.containers.values().filter(|c| !c.is_abstract);
                let known = known.map(|container| container.key.as_str());
                let help = reader.budgeted(|| did_you_mean(&reference.value, known));
                (format!("unknown container \"{name}\""), help)
            }
        };
        let found = Diagnostic::error("unknown-reference", message).at(reference.span, "");
        reader.report(found.in_path(path()).maybe_help(help));
        &[]
    }

    /// What a reference means, if that is exactly one container.
    pub(super) fn expect_one(
        &self,
        reader: &Reader,
        reference: &Spanned<String>,
        path: impl Fn() -> String,
    ) -> Option<&Member<'a>> {
        match self.expect(reader, reference, &path) {
            [] => None,
            [one] => Some(one),
            [first, ..] => {
                let name = crate::yaml::shorten(&reference.value);
                let message = format!("the container \"{name}\" has several instances");
                let found =
                    Diagnostic::error("ambiguous-reference", message).at(reference.span, "");
                let help = format!("say which one: \"{}\"", first.reference);
                reader.report(found.in_path(path()).help(help));
                None
            }
        }
    }

    fn check_names(&self, reader: &Reader) {
        let mut seen: HashMap<(&str, &EngineName), &Member<'a>> = HashMap::new();
        for member in &self.all {
            for engine in &member.engines {
                let Some(other) = seen.insert((&member.name, engine), member) else { continue };
                let message = format!("two containers would be called \"{}\"", member.name);
                reader.report(
                    Diagnostic::error("duplicate-name", message)
                        .at(member.container.span, format!("\"{}\"", member.reference))
                        .also(other.container.span, format!("\"{}\"", other.reference))
                        .help("rename one of them"),
                );
            }
        }
        for member in &self.all {
            let Some((own, passing)) = PassingName::split(&member.name) else { continue };
            let mut others = member.engines.iter().filter_map(|engine| seen.get(&(own, engine)));
            if let Some(clash) = others.find_map(|other| passing_name(member, other, passing)) {
                reader.report(clash);
            }
        }
    }
}

/// A container has the name that another one has for a while.
fn passing_name(
    member: &Member<'_>,
    other: &Member<'_>,
    passing: PassingName,
) -> Option<Diagnostic> {
    let when = match passing {
        PassingName::Previous => "while it is replaced",
        PassingName::Starting | PassingName::Restarting | PassingName::Waiting => {
            let is_ready_at_once =
                other.container.wait.is_none() && other.container.exec_commands.is_empty();
            if is_ready_at_once {
                return None;
            }
            "until its `exec_commands` and its `wait` are done"
        }
    };
    let message = format!("\"{}\" is what \"{}\" is called {when}", member.name, other.name);
    let found = Diagnostic::error("duplicate-name", message);
    let found = found.at(member.container.span, format!("\"{}\"", member.reference));
    let found = found.also(other.container.span, format!("\"{}\"", other.reference));
    Some(found.help("rename one of them"))
}

fn expand<'a>(
    reader: &Reader,
    document: &Document,
    container: &'a Container,
    engines: &[EngineName],
    all: &mut Vec<Member<'a>>,
) {
    let project = document.name.as_str();
    let key = &container.key;
    if container.instances.is_empty() {
        let name = format!("{project}.{key}").into();
        let engines = engines.to_vec();
        all.push(Member { container, instance: None, reference: key.clone(), name, engines });
    }
    for instance in &container.instances {
        let reference = format!("{key}.{}", instance.value);
        let name = crate::scalar::engine_name(&instance.value);
        if let Err(error) = name.and_then(|_| crate::scalar::engine_name(&reference)) {
            let path = format!("containers.{key}.instances");
            let found = Diagnostic::error("bad-name", error.message).at(instance.span, "");
            reader.report(found.in_path(path).maybe_help(error.help));
            continue;
        }
        let name = format!("{project}.{reference}").into();
        let instance = Some(instance.value.as_str());
        let engines = engines.to_vec();
        let reference = reference.into();
        all.push(Member { container, instance, reference, name, engines });
    }
}

fn engines(
    reader: &Reader,
    document: &Document,
    container: &Container,
    default: &[EngineName],
) -> Vec<EngineName> {
    if container.engines.is_empty() {
        return default.to_vec();
    }
    let word = if document.says_clients { "clients" } else { "engines" };
    let path = || format!("containers.{}.{word}", container.key);
    known_engines(reader, document, &container.engines, path)
}

/// The engines of containers that name none.
fn default_engines(reader: &Reader, document: &Document) -> Vec<EngineName> {
    match document.settings.default_engines.as_slice() {
        [] => vec![default_engine(document)],
        named => {
            let word = if document.says_clients { "clients" } else { "default_engines" };
            known_engines(reader, document, named, || word.to_owned())
        }
    }
}

/// Those that are declared; reports the others.
pub(super) fn known_engines(
    reader: &Reader,
    document: &Document,
    named: &[Spanned<String>],
    path: impl Fn() -> String,
) -> Vec<EngineName> {
    let mut all = Vec::new();
    for name in named {
        if document.engines.contains_key(&name.value) || name.value == EngineName::DEFAULT {
            all.push(EngineName::new(name.value.clone()));
            continue;
        }
        let known = document.engines.keys().map(String::as_str);
        let help = did_you_mean(&name.value, known).unwrap_or_else(|| {
            let clients = "declare it in the file that `--clients` names";
            if document.says_clients { clients } else { "declare it under `engines`" }.to_owned()
        });
        let what = if document.says_clients { "client" } else { "engine" };
        let message = format!("unknown {what} \"{}\"", crate::yaml::shorten(&name.value));
        let found = Diagnostic::error("unknown-reference", message).at(name.span, "");
        reader.report(found.in_path(path()).help(help));
    }
    all
}
