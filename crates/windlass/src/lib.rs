//! Declarative Docker client: load, observe, plan, execute.
//!
//! Four functions are the whole library; each takes data and gives data.
//!
//! | function | from | to |
//! |---|---|---|
//! | [`load`] | files | a [`Project`](model::project::Project) and all its diagnostics |
//! | [`observe`] | a project, [`Engines`] and local files | [`Observed`](model::observed::Observed): a snapshot |
//! | [`plan`] | project, snapshot, [`Request`](model::request::Request) | a [`Plan`](model::plan::Plan), or what stands in its way |
//! | [`execute`] | a plan and engines | events, and a [`Report`](model::report::Report) |
//!
//! [`connect`] opens the engines that a project names. Nothing here reads the process's
//! environment or writes to a terminal: what is needed of them is handed in.
//!
//! Loading and planning need no engine:
//!
//! ```
//! use windlass::model::observed::{Observed, ObservedEngine};
//! use windlass::model::request::{Request, Verb};
//! use windlass::{LoadOptions, load, plan};
//!
//! let text = "
//! name: hello
//! containers:
//!   web:
//!     image: busybox:1
//!     command: [httpd, -f]
//! ";
//! let loaded = load(&LoadOptions {
//!     files: vec!["-".into()],
//!     stdin: Some(text.into()),
//!     cwd: "/".into(),
//!     ..LoadOptions::default()
//! });
//! assert!(!loaded.diagnostics.has_errors(), "{}", loaded.diagnostics.render_plain(&loaded.sources));
//! let project = loaded.project.expect("there are no errors");
//!
//! // An engine on which there is nothing yet.
//! let engines = project.engines.keys().map(|name| (name.clone(), ObservedEngine::default()));
//! let observed = Observed { engines: engines.collect(), ..Observed::default() };
//!
//! let plan = plan(&project, &observed, &Request::new(Verb::Up)).expect("nothing is in the way");
//! let text = plan.to_string();
//! assert!(text.contains("container web: create hello.web (absent)"), "{text}");
//! ```
//!
//! A project can also be built in code: see [`map`]; so can an image: see [`image`], and what a file system
//! shall have in it: see [`bundle`].
//!
//! The whole way, with an engine:
//!
//! ```no_run
//! # async fn up(loaded: windlass::Loaded) -> Result<(), Box<dyn std::error::Error>> {
//! use windlass::model::request::{Request, Verb};
//! use windlass::{ExecutionContext, Interrupts, LocalInputs, connect, execute, observe, plan};
//!
//! let project = loaded.project.ok_or("the files have errors")?;
//! let engines = connect(&project, &windlass::engine::docker::Environment::default())?;
//! let inputs = LocalInputs::default();
//! let observed = observe(&project, &engines, &inputs).await?;
//! let plan = plan(&project, &observed, &Request::new(Verb::Up))
//!     .map_err(|blocked| format!("{:?}", blocked.blockers))?;
//! let context = ExecutionContext::new(&project, inputs.secrets);
//! let mut sink = |event| eprintln!("{event:?}");
//! let report = execute(&plan, &engines, &context, &mut sink, Interrupts::never()).await;
//! assert!(report.is_success());
//! # Ok(())
//! # }
//! ```
//!
//! Invariant: this crate adds nothing but [`connect`]; everything else is re-exported.

pub mod bundle;
pub mod image;
pub mod map;

use std::sync::Arc;

use windlass_engine::docker::{DockerEngine, Logins, SecretLookup};

pub use windlass_config::{Dialect, ImagePlaces, LoadOptions, Loaded, Places, load};
pub use windlass_engine::{self as engine, Engines};
pub use windlass_executor::{
    CopyError, End, ExecutionContext, Interrupter, Interrupts, LeftOut, Lock, LockError,
    OneOffContainer, Preview, PreviewError, Program, SbomDocument, Script, ScriptError, Unpacked,
    copy_in, copy_out, execute, free_dead, interrupts, lock, locks, preview, sbom, seen_locks,
    unlock,
};
pub use windlass_model as model;
pub use windlass_observer::{
    Before, ContextTrouble, DOCKERFILE_NAME, FileDigests, ImageFilter, InputError, InputPlace,
    LocalInputs, ObserveError, PreparedBuild, SecretError, TarOptions, before_step, check_inputs,
    check_secrets, dockerfile_text, image_bases, observe, prepared_build, read_secrets,
    resource_build,
};
/// The agent, which applies a [`bundle`] where it is run.
pub use windlass_payload as payload;
pub use windlass_planner::{order, plan};

/// What is wrong with files, and where.
pub mod config {
    pub use windlass_config::env_file_text;
    pub use windlass_config::scalar::{ImageReference, ScalarError, image_reference};
    /// The most bytes that all files of a project may have together.
    pub use windlass_config::yaml::MAX_BYTES;
    pub use windlass_config::{
        Diagnostic, Diagnostics, FileId, Label, Location, Patch, Severity, SourceFile, SourceMap,
        Span,
    };
    pub use windlass_config::{HARPOON_FILES, NativeTree, native_tree};
    pub use windlass_config::{LOCK_FILE, LockFile, lock_file_text, read_lock_file};
}

/// Opens every engine of a project, each by its URL, its Docker context, or the environment that
/// is handed in.
///
/// Certificates and configuration are read, but no connection is made before the first call.
///
/// # Errors
///
/// The first engine of which it is not clear where it is, or whose certificates can't be read.
pub fn connect(
    project: &model::project::Project,
    environment: &engine::docker::Environment,
) -> engine::Result<Engines> {
    let mut engines = Engines::new();
    for (name, spec) in &project.engines {
        let opened = DockerEngine::open(name.clone(), spec, environment.clone())?;
        let origin = format!("engines.{name}.registries");
        let lookup = secret_lookup(project, environment);
        let opened = opened.with_logins(Logins::new(origin, spec.registries.clone(), lookup));
        engines.insert(name.clone(), Arc::new(opened));
    }
    Ok(engines)
}

/// Opens the engine that `docker` would ask in this environment: by `DOCKER_HOST`, its context, or its usual socket. Logins are those of
/// `docker login`.
///
/// # Errors
///
/// As [`connect`].
pub fn connect_default(
    environment: &engine::docker::Environment,
) -> engine::Result<Arc<dyn engine::Engine>> {
    let (name, spec) = (model::name::EngineName::default(), model::engine::EngineSpec::default());
    Ok(Arc::new(DockerEngine::open(name, &spec, environment.clone())?))
}

/// Reads passwords of registries from where the project's secrets are.
fn secret_lookup(
    project: &model::project::Project,
    environment: &engine::docker::Environment,
) -> SecretLookup {
    let mut bare = model::project::Project::empty(project.name.clone(), project.root.clone());
    bare.secrets.clone_from(&project.secrets);
    let (project, variables) = (Arc::new(bare), Arc::new(environment.vars.clone()));
    Arc::new(move |key| {
        let (project, variables) = (Arc::clone(&project), Arc::clone(&variables));
        let key = key.to_owned();
        Box::pin(async move {
            let read = read_secrets(&project, &variables, |name| name == key).await;
            match read.map(|values| values.get(&key).cloned()) {
                Ok(Some(value)) => Ok(value),
                Ok(None) => Err(format!("there is no secret `{key}`").into()),
                Err(mut errors) => Err(errors.swap_remove(0).into()),
            }
        })
    })
}
