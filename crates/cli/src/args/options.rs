//! Options of single commands.
//!
//! Invariant: an option that several commands share is written once.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use windlass::model::request::{Options, Request, Verb};

use super::process::{Process, Terminal};
use super::tail::Tail;
use crate::detach_keys::DetachKeys;

/// What a command is for.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Select {
    /// Containers, `container.instance` or groups; none means all
    #[arg(value_name = "REF")]
    pub references: Vec<String>,
}

/// What a command that changes something is for.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub select: Select,
    /// Include what has this profile; may be given several times
    #[arg(long, value_name = "NAME")]
    pub profile: Vec<String>,
    /// Seconds that a stop, and each wait, may take
    #[arg(short, long, value_name = "SECONDS")]
    pub timeout: Option<u32>,
}

/// When a shell is opened where a build failed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Intervene {
    #[default]
    Ask,
    Always,
    Never,
}

/// Whether a plan is carried out.
#[derive(Clone, Copy, Debug, Default, Args)]
pub(crate) struct Consent {
    /// Ask nothing; what would lose data is refused unless it was named with `--destroy-volume`
    #[arg(short, long)]
    pub yes: bool,
    /// Only show the plan
    #[arg(long)]
    pub dry_run: bool,
    /// Seconds to wait for another run that changes the project
    #[arg(long, value_name = "SECONDS", default_value_t = 0, hide_default_value = true)]
    pub lock_timeout: u32,
    /// When to open a shell in the state in which a build failed; it is gone when the shell ends
    #[arg(long, value_enum, default_value_t, value_name = "ask|always|never")]
    #[arg(hide_possible_values = true, hide_default_value = true)]
    pub intervene: Intervene,
}

/// How `up` and `create` reach what is declared.
#[derive(Clone, Debug, Args)]
pub(crate) struct UpOptions {
    /// When to pull external images; `--pull` alone is always
    #[arg(long, value_enum, value_name = "always|missing|never", num_args = 0..=1)]
    #[arg(require_equals = true, default_missing_value = "always", hide_possible_values = true)]
    pub pull: Option<PullWhen>,
    /// Build images even if their inputs have not changed
    #[arg(long)]
    pub build: bool,
    /// Build without the builder's cache
    #[arg(long)]
    pub no_cache: bool,
    /// Recreate this container even if it is as declared; may be given several times
    #[arg(long, value_name = "REF")]
    pub recreate: Vec<String>,
    /// Keep a limit that is not in the file any more instead of recreating the container for it
    #[arg(long)]
    pub skip_limit_reset: bool,
    /// Leave the dependencies of what is named alone
    #[arg(long)]
    pub no_deps: bool,
    /// Do not wait until everything is ready
    #[arg(long)]
    pub no_wait: bool,
    /// Let this volume be removed and made anew where it is not as declared, or removed if it is not
    /// in the file: its data is lost
    #[arg(long, value_name = "VOLUME")]
    pub destroy_volume: Vec<String>,
    /// Take over objects of the same names that windlass did not make
    #[arg(long)]
    pub adopt: bool,
}

/// What `down` removes beside containers and networks.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct DownOptions {
    /// Also remove the project's volumes: their data is lost, so it asks, or wants each of them
    /// named with `--destroy-volume`
    #[arg(long)]
    pub volumes: bool,
    /// Also remove the images that the project built, those without a name too
    #[arg(long)]
    pub images: bool,
    /// Leave persistent containers alone
    #[arg(long)]
    pub keep_persistent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum PullWhen {
    Always,
    Missing,
    Never,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Plan {
    #[command(flatten)]
    pub common: Common,
    /// Plan another command: up, down, create, start, stop, restart, kill, rm, pull, build, update…
    #[arg(long = "for", value_name = "VERB", default_value = "up", value_parser = verb())]
    #[arg(hide_possible_values = true)]
    pub verb: Verb,
    /// End with exit code 2 if there is something to do
    #[arg(long)]
    pub exit_code: bool,
    /// Ask no engine, and assume an empty one
    #[arg(long)]
    pub offline: bool,
    /// Also remove containers of the project that are not in the file
    #[arg(long)]
    pub remove_orphans: bool,
    #[command(flatten)]
    pub how: UpOptions,
    #[command(flatten)]
    pub what: DownOptions,
}

/// Shells complete what is possible.
fn verb() -> impl TypedValueParser<Value = Verb> {
    let words = PossibleValuesParser::new(Verb::ALL.map(Verb::as_str));
    words.map(|word| Verb::parse(&word).expect("invariant: every verb is read as it is written"))
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub common: Common,
    /// As it is anyway: for hands that know Compose
    #[arg(short, long, hide = true)]
    pub detach: bool,
    /// As it is anyway: for hands that know Compose
    #[arg(long, hide = true, conflicts_with = "no_wait")]
    pub wait: bool,
    #[command(flatten)]
    pub how: UpOptions,
    /// Also remove containers of the project that are not in the file
    #[arg(long)]
    pub remove_orphans: bool,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Down {
    #[command(flatten)]
    pub common: Common,
    #[command(flatten)]
    pub what: DownOptions,
    /// Remove this volume, too: its data is lost; may be given several times
    #[arg(long, value_name = "VOLUME")]
    pub destroy_volume: Vec<String>,
    /// Also remove containers of the project that are not in the file
    #[arg(long)]
    pub remove_orphans: bool,
    #[command(flatten)]
    pub consent: Consent,
}

/// `start`, `stop`, `restart`, `pause`, `unpause`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub common: Common,
    /// Leave the dependencies, or the dependents, of what is named alone
    #[arg(long)]
    pub no_deps: bool,
    /// Do not wait until everything is ready
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Kill {
    #[command(flatten)]
    pub common: Common,
    /// Signal to send
    #[arg(short, long, value_name = "SIGNAL", default_value = "SIGKILL")]
    pub signal: String,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Rm {
    #[command(flatten)]
    pub common: Common,
    /// Also remove containers that run
    #[arg(short, long)]
    pub force: bool,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Build {
    #[command(flatten)]
    pub common: Common,
    /// Build even what has not changed
    #[arg(long)]
    pub force: bool,
    /// Build without the builder's cache
    #[arg(long)]
    pub no_cache: bool,
    /// Pull the images that are built on, even if they are there
    #[arg(long)]
    pub pull: bool,
    /// Leave the images that are built on alone
    #[arg(long)]
    pub no_deps: bool,
    /// Write what is in the one image that is named, or that there is: packages, and files of resources (SPDX 2.3, JSON); `-` is standard output
    #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
    pub sbom: Option<PathBuf>,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Pull {
    #[command(flatten)]
    pub common: Common,
    /// Also the images that are built on: FROM, COPY --from and the like
    #[arg(long)]
    pub external: bool,
    /// Leave out what a registry does not have
    #[arg(long)]
    pub ignore_missing: bool,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Rollback {
    #[command(flatten)]
    pub common: Common,
    /// Do not wait until what ran before is ready again
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Unlock {
    /// The lock's id, or its beginning: it is in the message of the run that was refused
    pub id: String,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Ps {
    #[command(flatten)]
    pub select: Select,
    /// Only names on the engine, one per line
    #[arg(long)]
    pub names: bool,
    /// Only ids, one per line; also `-q`
    #[arg(long, conflicts_with = "names")]
    pub ids: bool,
    /// As it is anyway: for hands that know Compose
    #[arg(short, long, hide = true)]
    pub all: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Port {
    /// Containers, `container.instance` or groups; none means all. A number after one, such as `80`
    /// or `53/udp`: only where this port of it is
    #[arg(value_name = "REF|PORT")]
    pub references: Vec<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Logs {
    #[command(flatten)]
    pub select: Select,
    /// Go on with what is written from now on; Ctrl-C ends it
    #[arg(short, long)]
    pub follow: bool,
    /// Only the last lines of each container
    #[arg(short = 'n', long, value_name = "LINES|all")]
    pub tail: Option<Tail>,
    /// Only from a moment on: 10m, 2h30m, 2026-01-31T12:00:00Z, or seconds since 1970
    #[arg(long, value_name = "TIME")]
    pub since: Option<String>,
    /// Show when each line was written
    #[arg(short, long)]
    pub timestamps: bool,
    /// Leave the names of the containers out
    #[arg(long, alias = "no-log-prefix")]
    pub no_prefix: bool,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Exec {
    /// Container, or `container.instance`
    #[arg(value_name = "REF")]
    pub reference: String,
    /// Command and its arguments; options before it are windlass's own
    #[arg(
        trailing_var_arg = true,
        allow_hyphen_values = true,
        required = true,
        value_name = "COMMAND"
    )]
    pub argv: Vec<String>,
    #[command(flatten)]
    pub talk: Terminal,
    #[command(flatten)]
    pub process: Process,
    /// Keys that leave it to itself (default: `detachKeys` of docker's configuration, else ctrl-p,ctrl-q)
    #[arg(long, value_name = "KEYS", value_parser = DetachKeys::parse)]
    pub detach_keys: Option<DetachKeys>,
    /// All privileges of the engine's host
    #[arg(long)]
    pub privileged: bool,
}

impl Common {
    /// A request for what is named.
    pub(crate) fn request(&self, verb: Verb, options: Options) -> Request {
        let options = Options {
            timeout_s: self.timeout,
            profiles: self.profile.iter().cloned().collect(),
            ..options
        };
        Request { verb, references: self.select.references.clone(), options }
    }
}

impl UpOptions {
    pub(crate) fn options(&self) -> Options {
        Options {
            pull_always: self.pull == Some(PullWhen::Always),
            pull_never: self.pull == Some(PullWhen::Never),
            build: self.build,
            no_cache: self.no_cache,
            recreate: self.recreate.clone(),
            skip_limit_reset: self.skip_limit_reset,
            no_deps: self.no_deps,
            no_wait: self.no_wait,
            destroy_volumes: self.destroy_volume.iter().cloned().collect(),
            adopt: self.adopt,
            ..Options::default()
        }
    }
}

impl DownOptions {
    pub(crate) fn add_to(self, options: Options) -> Options {
        Options {
            volumes: self.volumes,
            images: self.images,
            keep_persistent: self.keep_persistent,
            ..options
        }
    }
}
