//! From Harpoon's list of commands to the text of a Dockerfile.
//!
//! Invariant: every line of the text belongs to exactly one command, so a builder's line number leads back to what the user wrote.

mod own;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use windlass_model::command::{AddOptions, BuildCommand, CopySource, PlacedCommand};
use windlass_model::image::{ContextSpec, ImageUse, familiar_reference};

use crate::digest::FieldHasher;
use crate::dockerfile::{Copy, Dockerfile, DockerfileError, Word};
use crate::entry::{BadPath, ContextPath, VirtualFile};

/// The directory of the build context for what the commands bring along themselves.
const GENERATED: &str = ".windlass";

/// The commands cannot be made into a Dockerfile.
#[derive(Debug, thiserror::Error)]
pub enum LowerError {
    #[error("command {}: the image {key:?} has no reference", index + 1)]
    UnknownImage { index: usize, key: String },
    #[error("command {} cannot be written as a Dockerfile instruction", index + 1)]
    Unwritable { index: usize, source: DockerfileError },
    #[error("command {} adds nothing", index + 1)]
    NothingToAdd { index: usize },
    #[error("cannot name a generated file")]
    Path {
        #[from]
        source: BadPath,
    },
}

/// What the commands become.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lowered {
    pub(crate) dockerfile: String,
    /// Which lines (from 1) each command became, in order.
    pub(crate) lines: Vec<RangeInclusive<usize>>,
    /// Files that the commands spell out.
    pub(crate) files: Vec<VirtualFile>,
    /// Build contexts of their own, each with the directory where it goes.
    pub(crate) contexts: Vec<NestedContext>,
    /// Where the image's own build context goes; `None` is the root.
    pub(crate) own: Option<ContextPath>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NestedContext {
    pub(crate) directory: ContextPath,
    pub(crate) context: ContextSpec,
    /// Permission bits of its files.
    pub(crate) mode: Option<u32>,
}

struct Lowering<'a> {
    /// The reference of each image of the project.
    references: &'a BTreeMap<String, String>,
    /// Names of stages so far, in lower case.
    stages: BTreeSet<String>,
    index: usize,
    lowered: Lowered,
}

pub(crate) fn lower(
    commands: &[PlacedCommand],
    references: &BTreeMap<String, String>,
) -> Result<Lowered, LowerError> {
    let brings = |placed: &PlacedCommand| {
        matches!(placed.command, BuildCommand::AddContent { .. } | BuildCommand::AddContext { .. })
    };
    // What the commands bring along must not come with what the image copies of its own.
    let is_apart = commands.iter().any(brings) && commands.iter().any(takes_all);
    let own = is_apart.then(|| ContextPath::new(own::OWN)).transpose()?;
    let lowered = Lowered { own, ..Lowered::default() };
    let mut lowering = Lowering { references, stages: BTreeSet::new(), index: 0, lowered };
    let mut dockerfile = Dockerfile::global();
    for (index, placed) in commands.iter().enumerate() {
        lowering.index = index;
        let first = dockerfile.next_line();
        dockerfile = lowering.command(dockerfile, &placed.command)?;
        lowering.lowered.lines.push(first..=dockerfile.next_line() - 1);
        if let Some(source) = dockerfile.error().cloned() {
            return Err(LowerError::Unwritable { index, source });
        }
    }
    lowering.lowered.dockerfile = dockerfile
        .text()
        .map_err(|source| LowerError::Unwritable { index: commands.len(), source })?;
    Ok(lowering.lowered)
}

fn takes_all(placed: &PlacedCommand) -> bool {
    match &placed.command {
        BuildCommand::Instruction { instruction, text } => own::takes_all(instruction, text),
        BuildCommand::AddPaths { get, .. } => get.iter().any(|path| own::is_all(path)),
        BuildCommand::From { .. }
        | BuildCommand::AddContent { .. }
        | BuildCommand::AddImagePath { .. }
        | BuildCommand::AddContext { .. }
        | BuildCommand::CopyFrom { .. } => false,
    }
}

impl Lowering<'_> {
    fn command(
        &mut self,
        dockerfile: Dockerfile,
        command: &BuildCommand,
    ) -> Result<Dockerfile, LowerError> {
        Ok(match command {
            BuildCommand::Instruction { instruction, text } => {
                let text = text.trim_end_matches('\n');
                match &self.lowered.own {
                    Some(_) => dockerfile.instruction(instruction, own::moved(instruction, text)),
                    None => dockerfile.instruction(instruction, text),
                }
            }
            BuildCommand::From { image, alias, platform } => {
                let platform = platform.iter().map(|platform| format!("--platform={platform} "));
                let image = platform.collect::<String>() + &self.reference(image)?;
                match alias {
                    Some(alias) => {
                        self.stages.insert(alias.to_ascii_lowercase());
                        dockerfile.stage_as(image, alias)
                    }
                    None => dockerfile.stage(image),
                }
            }
            BuildCommand::AddContent { content, dest, options } => {
                let AddOptions { mode, owner } = options;
                let source = self.add_file(content, dest, *mode)?;
                dockerfile.copy_with(&copy(source, dest, owner.as_deref()))
            }
            BuildCommand::AddImagePath { image, path, dest, options } => {
                let from = self.copy_reference(image)?;
                dockerfile.copy_with(&copy_from(from, path, dest, options))
            }
            BuildCommand::AddContext { context, dest, options } => {
                let AddOptions { mode, owner } = options;
                let source = self.add_context(context, *mode)?;
                dockerfile.copy_with(&copy(source, dest, owner.as_deref()))
            }
            BuildCommand::AddPaths { prefix, get, options } => {
                if get.is_empty() {
                    return Err(LowerError::NothingToAdd { index: self.index });
                }
                let is_apart = self.lowered.own.is_some();
                get.iter().fold(dockerfile, |dockerfile, path| {
                    let mut add = add_path(prefix.as_deref(), path, options);
                    if is_apart {
                        add.sources = vec![Word::from(own::moved_path(path))];
                    }
                    dockerfile.add_with(&add)
                })
            }
            BuildCommand::CopyFrom { from, path, to, options } => {
                let from = match from {
                    CopySource::Stage(stage) => stage.clone(),
                    CopySource::Image(image) => self.copy_reference(image)?,
                };
                dockerfile.copy_with(&copy_from(from, path, to, options))
            }
        })
    }

    fn reference(&self, image: &ImageUse) -> Result<String, LowerError> {
        match image {
            ImageUse::External(reference) => Ok(reference.to_string()),
            ImageUse::Project(key) => self
                .references
                .get(key)
                .cloned()
                .ok_or_else(|| LowerError::UnknownImage { index: self.index, key: key.clone() }),
        }
    }

    /// An image that must not be taken for the stage of the same name.
    fn copy_reference(&self, image: &ImageUse) -> Result<String, LowerError> {
        let reference = self.reference(image)?;
        let is_taken = self.stages.contains(&reference.to_ascii_lowercase())
            || reference.parse::<usize>().is_ok();
        Ok(if is_taken { familiar_reference(&reference) } else { reference })
    }

    /// Named after its content, so that the same text is the same path whatever else is added.
    fn add_file(
        &mut self,
        content: &str,
        dest: &str,
        mode: Option<u32>,
    ) -> Result<String, LowerError> {
        let mut hasher = FieldHasher::new("windlass file 1");
        hasher.field(content);
        let digest = hasher.finish().to_hex();
        let name = dest.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let plain = |c: char| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' };
        let name: String = name.chars().map(plain).take(40).collect();
        let mode_part = mode.map_or(String::new(), |mode| format!("-{mode:o}"));
        let path = format!("{GENERATED}/{}{mode_part}-{name}", &digest[..16]);
        let mut file = VirtualFile::new(ContextPath::new(&path)?, content.as_bytes().to_vec());
        file.mode = mode.unwrap_or(file.mode);
        self.lowered.files.push(file);
        Ok(path)
    }

    fn add_context(
        &mut self,
        context: &ContextSpec,
        mode: Option<u32>,
    ) -> Result<String, LowerError> {
        let path = format!("{GENERATED}/context-{}", self.lowered.contexts.len() + 1);
        let directory = ContextPath::new(&path)?;
        self.lowered.contexts.push(NestedContext { directory, context: context.clone(), mode });
        Ok(path + "/")
    }
}

fn copy(source: String, dest: &str, owner: Option<&str>) -> Copy {
    Copy {
        sources: vec![Word::from(source)],
        dest: Some(Word::from(dest)),
        chown: owner.map(str::to_owned),
        ..Copy::default()
    }
}

fn copy_from(from: String, path: &str, dest: &str, options: &AddOptions) -> Copy {
    let AddOptions { mode, owner } = options;
    Copy {
        sources: vec![Word::from(path)],
        dest: Some(Word::from(dest)),
        from: Some(from),
        chown: owner.clone(),
        chmod: *mode,
    }
}

fn add_path(prefix: Option<&str>, path: &str, options: &AddOptions) -> Copy {
    let AddOptions { mode, owner } = options;
    // A pattern may be several paths, which need a directory.
    let place = match path.rsplit_once('/') {
        Some((parent, name)) if is_pattern(name) => format!("{parent}/"),
        None if is_pattern(path) => "./".to_owned(),
        Some(_) | None => path.to_owned(),
    };
    let dest = match prefix {
        Some(prefix) => {
            format!("{}/{}", prefix.trim_end_matches('/'), place.trim_start_matches("./"))
        }
        None => place,
    };
    Copy {
        sources: vec![Word::from(path)],
        dest: Some(Word::from(dest)),
        chown: owner.clone(),
        chmod: *mode,
        ..Copy::default()
    }
}

fn is_pattern(name: &str) -> bool {
    name.contains(['*', '?', '['])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(command: BuildCommand) -> PlacedCommand {
        PlacedCommand { command, place: String::new() }
    }

    fn instruction(instruction: &str, text: &str) -> BuildCommand {
        let (instruction, text) = (instruction.to_owned(), text.to_owned());
        BuildCommand::Instruction { instruction, text }
    }

    fn external(image: &str) -> ImageUse {
        ImageUse::External(image.into())
    }

    fn options(mode: Option<u32>, owner: Option<&str>) -> AddOptions {
        AddOptions { mode, owner: owner.map(str::to_owned) }
    }

    #[test]
    fn every_form_becomes_lines() {
        let commands = [
            BuildCommand::From {
                image: ImageUse::Project("base".to_owned()),
                alias: Some("Tools".to_owned()),
                platform: None,
            },
            instruction("RUN", "a && \\\n  b\n"),
            BuildCommand::From { image: external("debian:12"), alias: None, platform: None },
            instruction("ENV", "A=1"),
            BuildCommand::AddContent {
                content: "hello".to_owned(),
                dest: "/etc/a b".to_owned(),
                options: options(Some(0o755), Some("app:app")),
            },
            BuildCommand::AddImagePath {
                image: external("tools"),
                path: "/opt/x".to_owned(),
                dest: "/opt/x".to_owned(),
                options: AddOptions::default(),
            },
            BuildCommand::AddContext {
                context: ContextSpec::new("/elsewhere"),
                dest: "/src".to_owned(),
                options: options(Some(0o600), None),
            },
            BuildCommand::AddPaths {
                prefix: Some("/app/".to_owned()),
                get: vec!["a".to_owned(), "b/c".to_owned()],
                options: AddOptions::default(),
            },
            BuildCommand::AddPaths {
                prefix: None,
                get: vec!["d".to_owned()],
                options: options(Some(0o644), Some("1")),
            },
            BuildCommand::CopyFrom {
                from: CopySource::Stage("tools".to_owned()),
                path: "/a".to_owned(),
                to: "/b".to_owned(),
                options: AddOptions::default(),
            },
        ];
        let commands: Vec<_> = commands.into_iter().map(placed).collect();
        let references = BTreeMap::from([("base".to_owned(), "shop/base:latest".to_owned())]);
        let lowered = lower(&commands, &references).expect("lower");
        let file = lowered.files[0].path.to_string();
        assert!(file.starts_with(".windlass/") && file.ends_with("-755-a-b"), "{file}");
        let wanted = format!(
            "FROM shop/base:latest AS Tools\nRUN a && \\\n  b\nFROM debian:12\nENV A=1\n\
             COPY --chown=app:app [\"{file}\", \"/etc/a b\"]\nCOPY --from=tools:latest /opt/x /opt/x\n\
             COPY .windlass/context-1/ /src\nADD a /app/a\nADD b/c /app/b/c\n\
             ADD --chown=1 --chmod=0644 d d\nCOPY --from=tools /a /b\n"
        );
        assert_eq!(lowered.dockerfile, wanted);
        assert_eq!(lowered.lines[1], 2..=3);
        assert_eq!(lowered.lines[7], 9..=10);
        assert_eq!(*lowered.lines[9].end(), wanted.lines().count());
        assert_eq!((lowered.files[0].mode, &*lowered.files[0].content), (0o755, &b"hello"[..]));
        assert_eq!(lowered.contexts[0].mode, Some(0o600));
    }

    #[test]
    fn what_is_wrong_is_placed() {
        let unknown = placed(BuildCommand::From {
            image: ImageUse::Project("nope".to_owned()),
            alias: None,
            platform: None,
        });
        let error = lower(&[placed(instruction("ARG", "X")), unknown], &BTreeMap::new());
        let error = error.expect_err("unknown");
        assert_eq!(error.to_string(), "command 2: the image \"nope\" has no reference");
        let broken = placed(BuildCommand::AddContent {
            content: String::new(),
            dest: "/a\nb".to_owned(),
            options: AddOptions::default(),
        });
        let error = lower(&[broken], &BTreeMap::new()).expect_err("line break");
        assert!(matches!(error, LowerError::Unwritable { index: 0, .. }), "{error}");
    }
}
