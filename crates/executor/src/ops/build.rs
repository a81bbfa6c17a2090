//! Building and importing images.
//!
//! Invariant: the digest on an image is that of what was sent for it and of the ids that its bases
//! had just before, not of what the plan expected.

mod source;

use crate::failure;
use crate::lookup;
use crate::provision::{Desk, Order, provision};
use crate::step::{Result, StepContext};
pub(crate) use source::PreparedContext;
use std::collections::BTreeMap;
use std::sync::Arc;
use windlass_engine::EngineError;
use windlass_engine::build::BuildRequest;
use windlass_engine::stream::CallProgress;
use windlass_image::file_digests::FileDigests;
use windlass_image::layer::ImageViews;
use windlass_image::provision::ProvisionRecipe;
use windlass_image::source::{PreparedBuild, PreparedImport, Recipe, SourceError};
use windlass_image::steps::BuildSteps;
use windlass_model::digest::Digest;
use windlass_model::fault::Fault;
use windlass_model::image::{ImageSpec, PullPolicy};
use windlass_model::label;
use windlass_model::name::ImageId;
use windlass_model::observed::{BuiltHealthcheck, ObservedBuild, ObservedImage};
use windlass_model::plan::BuildImage;
use windlass_model::report::{Failure, FailureKind};
use windlass_model::secret::{Sensitive, plain};

/// What was read from local files.
enum Prepared {
    Build(Box<PreparedBuild>, Digest),
    Import(PreparedImport, Digest),
    Provision(Box<ProvisionRecipe>, Digest),
}

pub(crate) async fn build(ctx: StepContext<'_>, build: &BuildImage) -> Result<()> {
    let (prepared, base_ids) = tokio::join!(prepare(ctx, build), base_ids(ctx, build));
    let (prepared, inputs) = match prepared? {
        Prepared::Build(prepared, inputs) => (prepared, inputs),
        Prepared::Provision(recipe, inputs) => {
            let base_ids = base_ids?;
            let labels = labels(build, inputs, &base_ids);
            let base = base_ids.into_iter().next();
            let made = put_together(ctx, build, *recipe, (labels.clone(), base)).await;
            return settle_made(ctx, build, &labels, made).await;
        }
        Prepared::Import(..) => return Err(failure::local("it is not an image that is built")),
    };
    for warning in prepared.context.warnings() {
        ctx.say(CallProgress::Line(format!("build context: {warning}")));
    }
    let labels = labels(build, inputs, &base_ids?);
    let steps = prepared.steps();
    let context = PreparedContext::new(*prepared, shared_key(ctx, build));
    let request = BuildRequest {
        references: references(&build.spec),
        dockerfile: context.dockerfile().to_owned(),
        context: Arc::new(context),
        options: build.spec.build.clone(),
        labels: labels.clone(),
        secrets: secrets(ctx, build)?,
        pull: PullPolicy::Missing,
        no_cache: build.no_cache,
    };
    let answer = ctx.engine.build_image(request, &|said| ctx.say(said)).await;
    settle(ctx, build, &labels, answer).await.map_err(|failure| placed(failure, &steps))
}

/// Names the step that failed. What is about something else than the step, such as a full disk, stays.
fn placed(mut failure: Failure, steps: &BuildSteps) -> Failure {
    if let Some(line) = malformed_line(&failure.message) {
        let command = steps.at(line).and_then(|step| step.command);
        failure.kind = FailureKind::BuildStep { line, command, code: None };
        return failure;
    }
    let is_of_a_step = failure.kind == FailureKind::Engine(Fault::BuildFailed);
    let Some(step) = steps.find(&failure.message).filter(|_| is_of_a_step) else { return failure };
    let code = exit_code(&failure.message);
    failure.kind = FailureKind::BuildStep { line: step.line, command: step.command, code };
    if let Some(code) = code {
        failure.message = format!("`{}` ended with exit code {code}", step.text);
    }
    failure
}

/// The line (from 1) at which a builder could not read the Dockerfile.
fn malformed_line(message: &str) -> Option<usize> {
    let (_, rest) = message.split_once("ockerfile parse error ")?;
    let digits = rest.trim_start_matches("on ").strip_prefix("line ")?;
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Both builders name it last.
fn exit_code(message: &str) -> Option<i64> {
    let (_, code) =
        ["exit code: ", "non-zero code: "].iter().find_map(|words| message.rsplit_once(words))?;
    code.trim().parse().ok()
}

pub(crate) async fn import(ctx: StepContext<'_>, build: &BuildImage) -> Result<()> {
    let Prepared::Import(prepared, inputs) = prepare(ctx, build).await? else {
        return Err(failure::local("it is not an image that is imported"));
    };
    let labels = labels(build, inputs, &[]);
    let PreparedImport { rootfs, changes, .. } = prepared;
    let tar = source::rootfs_upload(rootfs);
    let reference = &build.spec.reference;
    let answer = ctx.engine.import_image(reference, &changes, &labels, tar).await;
    settle(ctx, build, &labels, answer).await?;
    for tag in &build.spec.tags {
        // Giving a tag twice changes nothing, so a lost reply is asked for again.
        let mut tagged = ctx.engine.tag_image(reference, tag).await;
        if tagged.as_ref().is_err_and(|error| error.fault.is_unknown()) {
            tagged = ctx.engine.tag_image(reference, tag).await;
        }
        tagged.map_err(failure::from_engine)?;
    }
    Ok(())
}

async fn prepare(ctx: StepContext<'_>, build: &BuildImage) -> Result<Prepared> {
    let (spec, known) = (build.spec.clone(), ctx.run.context.file_digests.clone());
    let references = build.project_bases();
    let read = tokio::task::spawn_blocking(move || read(&spec, &references, &known));
    let read = read.await.expect("invariant: reading local files does not panic");
    read.map_err(|error| failure::from_local(&error))
}

fn read(
    spec: &ImageSpec,
    references: &BTreeMap<String, String>,
    known: &FileDigests,
) -> std::result::Result<Prepared, SourceError> {
    let digest = |content: windlass_image::digest::ContentDigest| Digest(content.to_hex());
    match Recipe::read(spec, references)? {
        Recipe::Build(recipe) => {
            let prepared = recipe.prepare(&BTreeMap::new(), known)?;
            let inputs = digest(prepared.digest);
            Ok(Prepared::Build(Box::new(prepared), inputs))
        }
        Recipe::Import(prepared) => {
            let inputs = digest(prepared.digest()?);
            Ok(Prepared::Import(prepared, inputs))
        }
        Recipe::Provision(recipe) => {
            let recipe = recipe.gather(known)?;
            let inputs = digest(recipe.digest()?);
            Ok(Prepared::Provision(Box::new(recipe), inputs))
        }
        Recipe::External => Err(SourceError::Path {
            source: windlass_image::entry::BadPath(spec.reference.clone()),
        }),
    }
}

/// The ids of the bases, now. One that is not there is pulled by the builder itself; then the
/// digest lacks its id, and the next plan, which knows it, builds once more.
async fn base_ids(ctx: StepContext<'_>, build: &BuildImage) -> Result<Vec<ImageId>> {
    let looks = build.base_references.iter().map(|reference| async move {
        let look = || ctx.engine.inspect_image(reference);
        lookup::if_there(look).await.map_err(failure::from_engine)
    });
    let images = futures_util::future::try_join_all(looks).await?;
    Ok(images.into_iter().flatten().map(|image| image.id).collect())
}

fn labels(build: &BuildImage, inputs: Digest, bases: &[ImageId]) -> BTreeMap<String, String> {
    let observed = ObservedBuild {
        digest: inputs,
        bases: build.bases.clone(),
        healthcheck: BuiltHealthcheck::default(),
    };
    let mut labels = build.labels.clone();
    labels.insert(label::DIGEST.to_owned(), observed.digest_with(bases).0);
    labels
}

fn references(spec: &ImageSpec) -> Vec<String> {
    std::iter::once(&spec.reference).chain(&spec.tags).cloned().collect()
}

/// Not the project's folder alone: two images of one folder do not see the same of it.
fn shared_key(ctx: StepContext<'_>, build: &BuildImage) -> String {
    Digest::of([ctx.run.context.project.as_str(), &build.spec.key, &build.spec.reference]).0
}

fn secrets(ctx: StepContext<'_>, build: &BuildImage) -> Result<BTreeMap<String, Sensitive>> {
    let known = &ctx.run.context.secrets;
    let values = build.spec.build.secrets.iter().map(|(id, key)| match known.get(key) {
        Some(value) => Ok((id.clone(), value.clone())),
        None => Err(failure::local(format!("the value of secret {key} is not known"))),
    });
    values.collect()
}

/// A build whose reply was lost is there if the image has the very labels that were given to it.
async fn settle(
    ctx: StepContext<'_>,
    build: &BuildImage,
    labels: &BTreeMap<String, String>,
    answer: std::result::Result<ImageId, EngineError>,
) -> Result<()> {
    let Err(error) = answer else { return Ok(()) };
    if !error.fault.is_unknown() {
        return Err(failed(error));
    }
    let reference = &build.spec.reference;
    let look = || ctx.engine.inspect_image(reference);
    let seen = lookup::if_there(look).await;
    let digest = labels.get(label::DIGEST);
    let carried_out =
        seen.map(|image| image.is_some_and(|image| image.labels.get(label::DIGEST) == digest));
    lookup::verdict(error, carried_out).map_err(failed)
}

async fn put_together(
    ctx: StepContext<'_>,
    build: &BuildImage,
    recipe: ProvisionRecipe,
    (labels, base): (BTreeMap<String, String>, Option<ImageId>),
) -> Result<()> {
    let context = ctx.run.context;
    let views = ImageViews::beside(&context.file_digests);
    let says = |said| ctx.say(said);
    let desk = Desk { engine: ctx.engine, views: &views, says: &says };
    let order = Order {
        spec: &build.spec,
        labels,
        is_nameless: false,
        no_cache: build.no_cache,
        project: context.project.as_str(),
        holder: context.holder.as_ref(),
        endings: &ctx.run.endings,
        base,
        secrets: plain(&secrets(ctx, build)?),
    };
    provision(desk, order, recipe).await.map(drop)
}

/// The same of an image that was put together here.
async fn settle_made(
    ctx: StepContext<'_>,
    build: &BuildImage,
    labels: &BTreeMap<String, String>,
    made: Result<()>,
) -> Result<()> {
    let Err(failure) = made else { return Ok(()) };
    if !matches!(&failure.kind, FailureKind::Engine(fault) if fault.is_unknown()) {
        return Err(failure);
    }
    let seen = lookup::if_there(|| ctx.engine.inspect_image(&build.spec.reference)).await;
    let is_it = |image: ObservedImage| image.labels.get(label::DIGEST) == labels.get(label::DIGEST);
    if seen.is_ok_and(|image| image.is_some_and(is_it)) { Ok(()) } else { Err(failure) }
}

fn failed(error: EngineError) -> Failure {
    let failure = failure::from_engine(error);
    debug_assert!(matches!(failure.kind, FailureKind::Engine(_)));
    failure
}
