//! What a caller asks of a build, and what a good build gives back.
//! Invariant: a request holds everything; a build reads no environment, no configuration and no clock of the caller.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::auth::CredentialsLookup;
use super::secrets::Secret;
use super::source::ContextSource;

/// Where the Dockerfile's text comes from. It always travels separately from the build context, so ignore rules
/// that leave it out do no harm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dockerfile {
    /// Path within the build context, read through [`ContextSource::open`].
    InContext(String),
    /// The text itself.
    Inline(String),
}

/// The network of `RUN` steps. `BuildKit` on an engine knows no others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BuildNetwork {
    #[default]
    Default,
    None,
    Host,
}

/// One build of one image.
#[derive(Clone)]
pub struct BuildRequest {
    pub context: Arc<dyn ContextSource>,
    /// Names the build context across builds, such as its absolute path. The engine keeps what it got under this
    /// name, and the next build under the same name sends only the differences.
    pub context_key: String,
    pub dockerfile: Dockerfile,
    /// Image references under which the image is stored.
    pub tags: Vec<String>,
    pub build_args: BTreeMap<String, String>,
    pub labels: BTreeMap<String, String>,
    /// The stage to build; the last one when None.
    pub target: Option<String>,
    /// Such as `linux/arm64`; the engine's own when None.
    pub platform: Option<String>,
    pub no_cache: bool,
    /// Asks the registry for newer base images; otherwise images that the engine has are taken as they are.
    pub pull: bool,
    /// Image references whose inline cache may be used.
    pub cache_from: Vec<String>,
    /// Writes cache metadata into the image, for the `cache_from` of others.
    pub inline_cache: bool,
    pub network: BuildNetwork,
    /// Host names and their addresses, for `/etc/hosts` of `RUN` steps.
    pub extra_hosts: Vec<(String, String)>,
    /// Bytes of `/dev/shm` in `RUN` steps. Engines before 23 ignore it.
    pub shm_size_bytes: Option<u64>,
    /// For `RUN --mount=type=secret`, by id.
    pub secrets: BTreeMap<String, Secret>,
    /// Sockets of ssh agents for `RUN --mount=type=ssh`, by id; the usual id is `default`.
    pub ssh: BTreeMap<String, PathBuf>,
    /// For registries that base images come from.
    pub credentials: CredentialsLookup,
    /// For opening each stream, and for the engine's first answer. The build itself takes as long as it takes.
    pub connect_deadline: Duration,
}

/// Where whoever builds sets none.
const CONNECT_DEADLINE: Duration = Duration::from_secs(20);

impl BuildRequest {
    /// A build with no options.
    pub fn new(
        context: Arc<dyn ContextSource>,
        context_key: impl Into<String>,
        dockerfile: Dockerfile,
    ) -> Self {
        Self {
            context,
            context_key: context_key.into(),
            dockerfile,
            tags: Vec::new(),
            build_args: BTreeMap::new(),
            labels: BTreeMap::new(),
            target: None,
            platform: None,
            no_cache: false,
            pull: false,
            cache_from: Vec::new(),
            inline_cache: false,
            network: BuildNetwork::Default,
            extra_hosts: Vec::new(),
            shm_size_bytes: None,
            secrets: BTreeMap::new(),
            ssh: BTreeMap::new(),
            credentials: CredentialsLookup::default(),
            connect_deadline: CONNECT_DEADLINE,
        }
    }
}

/// A good build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildResult {
    /// `sha256:…`, as the engine's image endpoints know it.
    pub image_id: String,
    /// Files and bytes of the build context whose content the engine asked for.
    pub files_sent: u64,
    pub bytes_sent: u64,
}
