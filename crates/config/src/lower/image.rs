//! Images of the document to their specs, and the edges between them.
//!
//! Invariant: an image of the project is `ImageUse::Project`, whether it was named by its key or by its reference.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::Address;
use windlass_model::command::{BuildCommand, CopySource, PlacedCommand};
use windlass_model::image::{
    BuildOptions, ContextSpec, ImageSource, ImageSpec, ImageUse, familiar_reference,
};
use windlass_model::project::Project;
use windlass_model::provision::Provision;

use super::{Edge, Lowering};
use crate::Dialect;
use crate::diagnostic::Diagnostic;
use crate::document::{Command, CommandKind, Image, ImageContext, Source};
use crate::native::resource::ResourcePlace;
use crate::places::{ImagePlaces, Places};
use crate::read::Spanned;
use crate::source::Span;
use crate::template::Scope;

/// Names of stages so far, and edges to other images.
struct Stages<'a> {
    image: &'a Image,
    /// Of the stages before the current one.
    aliases: BTreeSet<String>,
    /// Of the current one.
    alias: Option<String>,
    count: usize,
    needs: Vec<(String, Span)>,
}

/// What FROM says.
struct From {
    image: String,
    alias: Option<String>,
    platform: Option<String>,
}

impl<'a> Stages<'a> {
    fn of(image: &'a Image) -> Self {
        Self { image, aliases: BTreeSet::new(), alias: None, count: 0, needs: Vec::new() }
    }

    fn begin(&mut self, alias: Option<&str>) {
        self.count += 1;
        self.aliases.extend(self.alias.take());
        self.alias = alias.map(str::to_lowercase);
    }
}

impl Lowering<'_> {
    pub(super) fn images(&self, project: &mut Project, places: &mut Places) -> Vec<Edge> {
        let engine = self.default_engine();
        let mut edges = Vec::new();
        for (key, image) in &self.document.images {
            places.objects.insert(Address::image(&engine, key), image.span);
            let commands = match &image.source {
                Some(Source::Commands(commands)) => commands.iter().map(|c| c.span).collect(),
                _ => Vec::new(),
            };
            let written = ImagePlaces { commands, ..image.places.clone() };
            places.images.insert(key.clone(), written);
            let (spec, needs) = self.image(image);
            let from = Address::image(&engine, key);
            edges.extend(needs.into_iter().map(|(to, span)| Edge {
                from: from.clone(),
                to: Address::image(&engine, to),
                span,
            }));
            project.images.extend(spec.map(|spec| (key.clone(), spec)));
        }
        self.check_references();
        edges
    }

    fn image(&self, image: &Image) -> (Option<ImageSpec>, Vec<(String, Span)>) {
        let mut needs = Vec::new();
        for ((scope, name), span) in &image.used.names {
            match scope {
                Scope::Images if *name != image.key => needs.push((name.clone(), *span)),
                Scope::Containers => {
                    let found = Diagnostic::error(
                        "image-needs-container",
                        "an image cannot need a container",
                    );
                    let path = format!("images.{}", image.key);
                    self.report(
                        found
                            .at(*span, "")
                            .in_path(path)
                            .help("images are built before containers start"),
                    );
                }
                Scope::Images | Scope::Networks | Scope::Volumes | Scope::Host | Scope::Secrets => {
                }
            }
        }
        for secret in &image.build_secrets {
            if !self.document.secrets.contains_key(&secret.value) {
                let known = self.document.secrets.keys().map(String::as_str);
                self.unknown("secret", secret, format!("images.{}.secrets", image.key), known);
            }
        }
        for (place, secret) in image.places.resources.iter().flat_map(secrets) {
            if !self.document.secrets.contains_key(&secret.value) {
                let known = self.document.secrets.keys().map(String::as_str);
                self.unknown("secret", secret, format!("{}.secrets", place.path), known);
            }
        }
        let depends_on = needs.iter().map(|(name, _)| name.clone()).collect();
        let source = self.source(image, &mut needs);
        let spec = source.map(|source| ImageSpec {
            key: image.key.clone(),
            reference: image.reference.clone(),
            tags: image.tags.clone(),
            source,
            build: build(image),
            depends_on,
            push: image.push,
        });
        (spec, needs)
    }

    fn source(&self, image: &Image, needs: &mut Vec<(String, Span)>) -> Option<ImageSource> {
        Some(match image.source.as_ref()? {
            Source::External => ImageSource::External { pull: image.pull },
            Source::Import { path, changes } => {
                ImageSource::Import { path: path.clone(), changes: changes.clone() }
            }
            Source::Provision { from, bundle, defaults } => {
                let from = match from {
                    Some(from) => Some(self.base(image, from, needs)?),
                    None => None,
                };
                let (bundle, defaults) = (bundle.clone(), (**defaults).clone());
                ImageSource::Provision(Box::new(Provision { from, bundle, defaults }))
            }
            Source::Dockerfile(dockerfile) => ImageSource::Dockerfile {
                dockerfile: dockerfile.clone(),
                context: context(image, true),
            },
            Source::Commands(commands) => {
                let mut stages = Stages::of(image);
                self.check_first(image, commands);
                let placed =
                    commands.iter().filter_map(|command| self.command(&mut stages, command));
                let placed: Vec<_> = placed.collect();
                needs.append(&mut stages.needs);
                let context =
                    context(image, placed.iter().any(|placed| reads_context(&placed.command)));
                ImageSource::Commands { commands: placed, context }
            }
        })
    }

    fn check_first(&self, image: &Image, commands: &[Command]) {
        let is = |command: &Command, name: &str| match &command.kind {
            CommandKind::Instruction { instruction, .. } => instruction == name,
            CommandKind::From { .. } => name == "FROM",
            CommandKind::AddContent { .. }
            | CommandKind::AddImagePath { .. }
            | CommandKind::AddContext { .. }
            | CommandKind::AddPaths { .. }
            | CommandKind::CopyFrom { .. } => false,
        };
        let first = commands.iter().find(|command| !is(command, "ARG") && !is(command, "#"));
        let fits = first.is_some_and(|command| is(command, "FROM"));
        if !fits {
            let span = first.map_or(image.span, |command| command.span);
            let found = Diagnostic::error("missing-from", "the commands do not begin with FROM")
                .at(span, "");
            let path = format!("images.{}.commands", image.key);
            let base = match self.document.dialect {
                Dialect::Harpoon => "{images.base}",
                Dialect::Windlass | Dialect::DockerMap => "{{ images.base }}",
            };
            let help = format!("begin with `- FROM debian:12` or `- [FROM, \"{base}\"]`");
            self.report(found.in_path(path).help(help));
        }
    }

    fn command(&self, stages: &mut Stages<'_>, command: &Command) -> Option<PlacedCommand> {
        let span = command.span;
        let built = match command.kind.clone() {
            CommandKind::Instruction { instruction, text } => {
                let named = self.named(stages, &text);
                stages.needs.extend(named.into_iter().map(|key| (key, span)));
                BuildCommand::Instruction { instruction, text }
            }
            CommandKind::From { image, alias, platform } => {
                self.from(stages, From { image, alias, platform }, span)?
            }
            CommandKind::AddContent { content, dest, options } => {
                BuildCommand::AddContent { content, dest, options }
            }
            CommandKind::AddImagePath { image, path, dest, options } => {
                let image = self.image_of(stages, &image, span)?;
                BuildCommand::AddImagePath { image, path, dest, options }
            }
            CommandKind::AddContext { context, dest, options } => {
                BuildCommand::AddContext { context, dest, options }
            }
            CommandKind::AddPaths { prefix, get, options } => {
                BuildCommand::AddPaths { prefix, get, options }
            }
            CommandKind::CopyFrom { from, path, to, options } => {
                let from = self.copy_source(stages, from, span)?;
                BuildCommand::CopyFrom { from, path, to, options }
            }
        };
        Some(PlacedCommand { command: built, place: command.place.clone() })
    }

    fn from(&self, stages: &mut Stages<'_>, from: From, span: Span) -> Option<BuildCommand> {
        let From { image, alias, platform } = from;
        stages.begin(alias.as_deref());
        let is_stage = stages.aliases.contains(&image.to_lowercase());
        if is_stage || image == "scratch" || image.contains('$') {
            let platform = platform.iter().map(|platform| format!("--platform={platform} "));
            let mut text = platform.collect::<String>() + &image;
            text.extend(alias.iter().flat_map(|alias| [" AS ", alias]));
            return Some(BuildCommand::Instruction { instruction: "FROM".to_owned(), text });
        }
        let image = self.image_of(stages, &image, span)?;
        Some(BuildCommand::From { image, alias, platform })
    }

    /// Images of the project that flags name, by reference: `COPY --from=p/app`, `RUN --mount=from=p/app`.
    fn named(&self, stages: &Stages<'_>, text: &str) -> Vec<String> {
        let flags = text.split_whitespace().take_while(|word| word.starts_with("--"));
        let options = flags.flat_map(|flag| flag.trim_start_matches("--mount=").split(','));
        let from =
            options.filter_map(|option| option.trim_start_matches("--").strip_prefix("from="));
        let images = from.filter(|from| !stages.aliases.contains(&from.to_lowercase()));
        let reference = |image| familiar_reference(image);
        let keys = images.filter_map(|image| self.images.get(reference(image).as_str()));
        keys.map(|key| (*key).to_owned()).collect()
    }

    /// A stage before the current one, by name or number, or an image.
    fn copy_source(&self, stages: &mut Stages<'_>, from: String, span: Span) -> Option<CopySource> {
        let lower = from.to_lowercase();
        if stages.aliases.contains(&lower) {
            return Some(CopySource::Stage(from));
        }
        let number = from.parse::<usize>().ok();
        if number.is_some_and(|number| number + 1 < stages.count) {
            return Some(CopySource::Stage(from));
        }
        if number.is_none() && stages.alias.as_ref() != Some(&lower) {
            return Some(CopySource::Image(self.image_of(stages, &from, span)?));
        }
        let found =
            Diagnostic::error("bad-value", format!("no stage before this one is \"{from}\""));
        let help = match stages.count.saturating_sub(1) {
            0 => "this is the first stage: name an image".to_owned(),
            1 => "there is only stage 0".to_owned(),
            earlier => format!("they are numbered from 0 to {}", earlier - 1),
        };
        let path = format!("images.{}.commands", stages.image.key);
        self.report(found.at(span, "").in_path(path).help(help));
        None
    }

    fn image_of(&self, stages: &mut Stages<'_>, text: &str, span: Span) -> Option<ImageUse> {
        let path = format!("images.{}.commands", stages.image.key);
        let found = self.built_on(text, span, path)?;
        if let ImageUse::Project(key) = &found {
            stages.needs.push((key.clone(), span));
        }
        Some(found)
    }

    /// The base of an image of resources.
    fn base(
        &self,
        image: &Image,
        from: &Spanned<String>,
        needs: &mut Vec<(String, Span)>,
    ) -> Option<ImageUse> {
        let found = self.built_on(&from.value, from.span, format!("images.{}.from", image.key))?;
        if let ImageUse::Project(key) = &found {
            needs.push((key.clone(), from.span));
        }
        Some(found)
    }

    /// An image that another is built on.
    fn built_on(&self, text: &str, span: Span, path: String) -> Option<ImageUse> {
        // docker-map's repository is for containers; an image's FROM says what it means.
        if let Some(found) = self.project_image(text) {
            return Some(found);
        }
        match crate::scalar::image_reference(text) {
            Ok(reference) => {
                let text = reference.with_default_tag("latest").to_string();
                Some(ImageUse::External(familiar_reference(&text).into()))
            }
            Err(error) => {
                let found = Diagnostic::error("bad-value", error.message).at(span, "");
                self.report(found.in_path(path).maybe_help(error.help));
                None
            }
        }
    }

    /// Two images that are built must not share a reference.
    fn check_references(&self) {
        let mut seen: BTreeMap<&str, &Image> = BTreeMap::new();
        for image in self.document.images.values() {
            if matches!(image.source, Some(Source::External)) {
                continue;
            }
            if let Some(other) = seen.insert(&image.reference, image) {
                let message = format!("two images would be called {}", image.reference);
                let found = Diagnostic::error("duplicate-name", message);
                let found = found.at(image.span, format!("\"{}\"", image.key));
                let found = found.also(other.span, format!("\"{}\"", other.key));
                self.report(found.help("give one of them another `name` or `tag`"));
            }
        }
    }

    /// As [`Lowering::image_use`] for tasks, which name images of the project first.
    pub(super) fn task_image(&self, image: &Spanned<String>, task: &str) -> Option<ImageUse> {
        self.image_use(image, &format!("tasks.{task}.image"))
    }
}

fn context(image: &Image, needed: bool) -> Option<ContextSpec> {
    match &image.context {
        ImageContext::Given(spec) => Some(spec.clone()),
        ImageContext::Unsaid if needed => Some(ContextSpec::new(image.directory.clone())),
        ImageContext::Unsaid | ImageContext::Disabled => None,
    }
}

/// Whether a command takes files from the build context.
fn reads_context(command: &BuildCommand) -> bool {
    match command {
        BuildCommand::AddPaths { .. } => true,
        BuildCommand::Instruction { instruction, text } => match instruction.as_str() {
            "ADD" | "COPY" => !text.contains("--from="),
            "RUN" => text.split_whitespace().any(binds_context),
            _ => false,
        },
        BuildCommand::From { .. }
        | BuildCommand::AddContent { .. }
        | BuildCommand::AddImagePath { .. }
        | BuildCommand::AddContext { .. }
        | BuildCommand::CopyFrom { .. } => false,
    }
}

/// A bind mount, which is what a mount without a type is, that does not say from what.
fn binds_context(word: &str) -> bool {
    let Some(options) = word.strip_prefix("--mount=") else { return false };
    let mut options = options.split(',');
    let elsewhere = |option: &str| {
        option.starts_with("from=") || (option.starts_with("type=") && option != "type=bind")
    };
    !options.any(elsewhere)
}

/// With the secrets that commands of resources are given.
fn build(image: &Image) -> BuildOptions {
    let mut build = image.build.clone();
    if let Some(Source::Provision { bundle, .. }) = &image.source {
        let names = bundle.secrets().into_iter().map(str::to_owned);
        build.secrets.extend(names.map(|name| (name.clone(), name)));
    }
    build
}

fn secrets(place: &ResourcePlace) -> impl Iterator<Item = (&ResourcePlace, &Spanned<String>)> {
    place.secrets.iter().map(move |secret| (place, secret))
}
