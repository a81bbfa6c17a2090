//! From a declared image to all that building it needs.
//!
//! Invariant: the digest of a prepared image changes whenever the image would: it covers the Dockerfile, what the build can see,
//! the images it starts from, and every option that reaches a layer or the image's configuration.

use std::collections::BTreeMap;
use std::io::{Read as _, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use windlass_bundle::ResourceError;
use windlass_model::image::{
    BuildOptions, ContextSpec, DockerfileSource, ImageSource, ImageSpec, familiar_reference,
};

use crate::context::{BuildContext, ContextError, ContextOptions};
use crate::digest::{ContentDigest, FieldHasher};
use crate::dockerfile::{DockerfileError, HealthcheckOrigin, ImageReference, ParsedDockerfile};
use crate::entry::{BadPath, ContextPath, EntryKind, VirtualFile};
use crate::file_digests::FileDigests;
use crate::image_build::{ImageBuild, ImageBuildError};
use crate::inputs::hash_options;
use crate::lower::{LowerError, Lowered, lower};
use crate::provision::ProvisionRecipe;
use crate::rootfs::Rootfs;
use crate::tar_stream::{TarError, TarOptions};

/// The name under which the Dockerfile is in a tar stream; no file of a user is replaced by it.
pub const DOCKERFILE_NAME: &str = ".windlass.Dockerfile";

/// An image cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("cannot read the Dockerfile {}", path.display())]
    ReadDockerfile { path: PathBuf, source: std::io::Error },
    #[error("malformed Dockerfile")]
    Dockerfile {
        source: DockerfileError,
        /// Which of the image's commands it is, from 0, where it is made of commands.
        command: Option<usize>,
    },
    #[error("malformed commands")]
    Commands {
        #[from]
        source: LowerError,
    },
    #[error("cannot prepare the build context")]
    Context {
        #[from]
        source: ContextError,
    },
    #[error("cannot make the resources ready")]
    Resource {
        #[from]
        source: ResourceError,
    },
    #[error("cannot put the build context together")]
    Build {
        #[from]
        source: ImageBuildError,
    },
    #[error("cannot name a file of the build context")]
    Path {
        #[from]
        source: BadPath,
    },
}

/// What an image is made from, read but for the build context: cheap, and tells which images it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipe {
    Build(Box<BuildRecipe>),
    Import(PreparedImport),
    Provision(Box<ProvisionRecipe>),
    /// Pulled, never built.
    External,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildRecipe {
    lowered: Lowered,
    context: Option<ContextOptions>,
    images: Vec<ImageReference>,
    healthcheck: HealthcheckOrigin,
    options: BuildOptions,
}

/// A build that can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedBuild {
    pub dockerfile_text: String,
    /// All that the build can see; the Dockerfile itself is not in it unless the user's is.
    pub context: BuildContext,
    pub digest: ContentDigest,
    /// The images that must be there.
    pub images: Vec<ImageReference>,
    /// For an image made of commands: the lines (from 1) that each became.
    command_lines: Vec<RangeInclusive<usize>>,
}

/// An import that can start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreparedImport {
    pub rootfs: Rootfs,
    /// Dockerfile instructions that `docker import --change` applies.
    pub changes: Vec<String>,
    platform: Option<String>,
}

impl Recipe {
    /// Read what `spec` is made from. `references` has the reference of each image of the project, by its key.
    pub fn read(
        spec: &ImageSpec,
        references: &BTreeMap<String, String>,
    ) -> Result<Self, SourceError> {
        let (lowered, context) = match &spec.source {
            ImageSource::External { pull: _ } => return Ok(Self::External),
            ImageSource::Import { path, changes } => {
                return Ok(Self::Import(PreparedImport {
                    rootfs: Rootfs::open(path)?,
                    changes: changes.clone(),
                    platform: spec.build.platform.clone(),
                }));
            }
            ImageSource::Provision(provision) => {
                let recipe = ProvisionRecipe::new(provision, &spec.build, references);
                return Ok(Self::Provision(Box::new(recipe)));
            }
            ImageSource::Commands { commands, context } => {
                (lower(commands, references)?, context.as_ref().map(|spec| options(spec, None)))
            }
            ImageSource::Dockerfile { dockerfile, context } => {
                let (text, path) = read_dockerfile(dockerfile)?;
                let lowered = Lowered { dockerfile: text, ..Lowered::default() };
                (lowered, context.as_ref().map(|spec| options(spec, path)))
            }
        };
        let (lowered, images, healthcheck) = pinned(lowered, &spec.build)?;
        let options = spec.build.clone();
        let recipe = BuildRecipe { lowered, context, images, healthcheck, options };
        Ok(Self::Build(Box::new(recipe)))
    }

    /// Where the health check of what is built comes from.
    pub fn healthcheck(&self) -> HealthcheckOrigin {
        match self {
            Self::Build(recipe) => recipe.healthcheck.clone(),
            Self::Provision(recipe) => recipe.healthcheck(),
            Self::Import(_) | Self::External => HealthcheckOrigin::Unknown,
        }
    }

    /// Whether the directories of its build contexts are there. Nothing in them is looked at.
    pub fn check(&self) -> Result<(), SourceError> {
        let Self::Build(recipe) = self else { return Ok(()) };
        let own = recipe.context.iter().map(|options| options.directory.clone());
        let nested = recipe.lowered.contexts.iter().map(|nested| (&nested.context.dir).into());
        for path in own.chain(nested) {
            match std::fs::metadata(&path) {
                Ok(found) if found.is_dir() => {}
                Ok(_) => return Err(ContextError::NotADirectory { path }.into()),
                Err(source) => return Err(ContextError::ReadDirectory { path, source }.into()),
            }
        }
        Ok(())
    }

    /// The images that must be there first, in the order of the Dockerfile.
    pub fn images(&self) -> &[ImageReference] {
        match self {
            Self::Build(recipe) => &recipe.images,
            Self::Provision(recipe) => &recipe.images,
            Self::Import(_) | Self::External => &[],
        }
    }
}

impl BuildRecipe {
    /// The Dockerfile, as far as it is text: files that are made of the image's own words are named in it.
    pub fn dockerfile_text(&self) -> &str {
        &self.lowered.dockerfile
    }

    /// Walk the build context and hash what is not `known`. `image_ids` has the id of each needed image that is there, by its reference.
    pub fn prepare(
        self,
        image_ids: &BTreeMap<String, String>,
        known: &FileDigests,
    ) -> Result<PreparedBuild, SourceError> {
        let Self { lowered, context, images, healthcheck: _, options } = self;
        let Lowered { dockerfile, lines, files, contexts, own } = lowered;
        let directory =
            context.as_ref().map(|options| options.directory.clone()).unwrap_or_default();
        let mut context = context
            .map_or_else(|| Ok(BuildContext::empty()), |options| BuildContext::walk(&options))?;
        if let Some(directory) = own {
            let mut apart = BuildContext::empty();
            apart.add_below(&directory, context)?;
            context = apart;
        }
        for file in files {
            context.add(file)?;
        }
        let mut hasher = FieldHasher::new("windlass build 1");
        hasher.field(&dockerfile);
        hasher.field(context.digest_with(known, &directory)?.as_bytes());
        // Each by itself: whether dates count is each one's own matter.
        for nested in contexts {
            let mut inner = BuildContext::walk(&self::options(&nested.context, None))?;
            if let Some(mode) = nested.mode {
                inner.set_file_mode(mode);
            }
            let directory = Path::new(&nested.context.dir);
            hasher.field(inner.digest_with(known, directory)?.as_bytes());
            context.add_below(&nested.directory, inner)?;
        }
        hash_options(&mut hasher, &options);
        for reference in &images {
            hasher.field(&reference.image);
            hasher.field(image_ids.get(&reference.image).map_or("", String::as_str));
        }
        Ok(PreparedBuild {
            dockerfile_text: dockerfile,
            context,
            digest: hasher.finish(),
            images,
            command_lines: lines,
        })
    }
}

impl PreparedBuild {
    /// Which of the image's commands (from 0) a line of the Dockerfile (from 1) came from.
    pub fn command_at(&self, line: usize) -> Option<usize> {
        self.command_lines.iter().position(|lines| lines.contains(&line))
    }

    /// The tar stream for an engine that takes everything at once: the build context, and the Dockerfile under
    /// [`DOCKERFILE_NAME`]. An ignore file in it makes the classic builder hide both from `COPY .`. (`BuildKit` that is given a
    /// tar stream does not look into it: a build session is the better way there.)
    pub fn write_tar<W: Write>(
        &self,
        sink: W,
        options: TarOptions<'_>,
    ) -> Result<u64, SourceTarError> {
        let context = self.with_dockerfile()?;
        Ok(context.write_tar(sink, options)?)
    }

    fn with_dockerfile(&self) -> Result<BuildContext, SourceError> {
        let mut context = self.context.clone();
        let ignore = ContextPath::new(".dockerignore")?;
        let mut text = Vec::new();
        if let Some(mut users) = context.open(&ignore)? {
            users.read_to_end(&mut text).map_err(|source| ContextError::ReadFile {
                path: ignore.as_path().to_owned(),
                source,
            })?;
            text.extend_from_slice(format!("\n{DOCKERFILE_NAME}\n").as_bytes());
        } else {
            text.extend_from_slice(format!("{DOCKERFILE_NAME}\n.dockerignore\n").as_bytes());
        }
        let dockerfile = self.dockerfile_text.clone().into_bytes();
        context.add(VirtualFile::new(ContextPath::new(DOCKERFILE_NAME)?, dockerfile))?;
        context.add(VirtualFile::new(ignore, text))?;
        Ok(context)
    }
}

impl ImageBuild {
    /// The build that can start.
    pub fn prepare(self) -> Result<PreparedBuild, SourceError> {
        let (dockerfile, context) = self.into_parts();
        let lowered = Lowered { dockerfile, ..Lowered::default() };
        let options = BuildOptions::default();
        let (images, healthcheck) = needed_images(&lowered, &options)?;
        let recipe = BuildRecipe { lowered, context: None, images, healthcheck, options };
        let mut prepared = recipe.prepare(&BTreeMap::new(), &FileDigests::default())?;
        let mut hasher = FieldHasher::new("windlass image build 1");
        hasher.field(&prepared.dockerfile_text);
        hasher.field(context.digest()?.as_bytes());
        prepared.digest = hasher.finish();
        prepared.context = context;
        Ok(prepared)
    }
}

/// A tar stream for a build failed.
#[derive(Debug, thiserror::Error)]
pub enum SourceTarError {
    #[error("cannot add the Dockerfile")]
    Source {
        #[from]
        source: SourceError,
    },
    #[error("cannot stream the build context")]
    Tar {
        #[from]
        source: TarError,
    },
}

impl PreparedImport {
    /// Reads all of the root file system.
    pub fn digest(&self) -> Result<ContentDigest, SourceError> {
        let Self { rootfs, changes, platform } = self;
        let mut hasher = FieldHasher::new("windlass import 1");
        hasher.field(rootfs.digest()?.as_bytes());
        hasher.field(platform.as_deref().unwrap_or_default());
        hasher.number(changes.len() as u64);
        for change in changes {
            hasher.field(change);
        }
        Ok(hasher.finish())
    }
}

fn options(spec: &ContextSpec, dockerfile: Option<PathBuf>) -> ContextOptions {
    let ContextSpec {
        dir,
        include,
        exclude,
        use_gitignore,
        use_dockerignore,
        git_timestamps,
        follow_links,
    } = spec;
    ContextOptions {
        directory: PathBuf::from(dir),
        dockerfile,
        exclude: exclude.clone(),
        include: include.clone(),
        use_dockerignore: *use_dockerignore,
        use_gitignore: *use_gitignore,
        git_timestamps: *git_timestamps,
        follow_links: *follow_links,
    }
}

fn read_dockerfile(source: &DockerfileSource) -> Result<(String, Option<PathBuf>), SourceError> {
    match source {
        DockerfileSource::Inline(text) => Ok((text.clone(), None)),
        DockerfileSource::Path(path) => {
            let path = PathBuf::from(path);
            let text = windlass_files::read_text(&path, windlass_files::TEXT_MAX_BYTES)
                .map_err(|source| SourceError::ReadDockerfile { path: path.clone(), source })?;
            Ok((text, Some(path)))
        }
    }
}

/// With pinned images by their digests, and what it needs then.
fn pinned(
    mut lowered: Lowered,
    options: &BuildOptions,
) -> Result<(Lowered, Vec<ImageReference>, HealthcheckOrigin), SourceError> {
    let (images, healthcheck) = needed_images(&lowered, options)?;
    let is_pinned =
        |one: &ImageReference| options.pins.contains_key(&familiar_reference(&one.image));
    if !images.iter().any(is_pinned) {
        return Ok((lowered, images, healthcheck));
    }
    let text = ParsedDockerfile::parse(&lowered.dockerfile)
        .and_then(|parsed| parsed.pinned(&lowered.dockerfile, &images, &options.pins));
    lowered.dockerfile = text.map_err(|source| malformed(&lowered, source))?;
    let (images, healthcheck) = needed_images(&lowered, options)?;
    Ok((lowered, images, healthcheck))
}

fn malformed(lowered: &Lowered, source: DockerfileError) -> SourceError {
    let command = lowered.lines.iter().position(|lines| lines.contains(&source.line));
    SourceError::Dockerfile { source, command }
}

fn needed_images(
    lowered: &Lowered,
    options: &BuildOptions,
) -> Result<(Vec<ImageReference>, HealthcheckOrigin), SourceError> {
    let mut args = options.args.clone();
    if let Some(platform) = &options.platform {
        args.extend(crate::inputs::platform_arguments(platform));
    }
    ParsedDockerfile::parse(&lowered.dockerfile)
        .and_then(|parsed| {
            let target = options.target.as_deref();
            let images = parsed.image_references(&args, target)?;
            Ok((images, parsed.healthcheck(&args, target)))
        })
        .map_err(|source| malformed(lowered, source))
}

impl BuildContext {
    fn set_file_mode(&mut self, mode: u32) {
        for entry in self.entries_mut() {
            if matches!(entry.kind, EntryKind::File { .. }) {
                entry.mode = mode & 0o7777;
            }
        }
    }
}
