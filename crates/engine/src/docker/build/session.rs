//! `BuildKit` inside the engine: translates a request for the session and its events back.
//!
//! Invariant: a credential helper that fails fails the build that needed it.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use http::{HeaderName, HeaderValue};
use windlass_model::event::Progress;
use windlass_model::fault::Fault;
use windlass_model::image::{BuildOptions, PullPolicy};
use windlass_model::name::ImageId;

use crate::build::{BuildRequest, ContextSource, Entry, EntryKind};
use crate::docker::auth::{AuthError, Credentials, Keychain};
use crate::docker::buildkit::{self, BuildError, BuildEvent, BuildNetwork, Dockerfile, go_mode};
use crate::docker::call::Call;
use crate::docker::deadline;
use crate::docker::engine::DockerEngine;
use crate::docker::error;
use crate::docker::image::auth_error;
use crate::docker::transport::Connection;
use crate::error::{EngineError, Result};
use crate::stream::{CallProgress, ProgressSink};

/// What `BuildKit` calls failures of, for their classification.
const LABEL: &str = "POST /build";

type Denial = Arc<Mutex<Option<AuthError>>>;

impl DockerEngine {
    pub(super) async fn build_in_session(
        &self,
        request: &BuildRequest,
        progress: ProgressSink<'_>,
    ) -> Result<ImageId> {
        let keychain = self.keychain()?;
        let denial = Denial::default();
        let lookup = credentials(keychain, Arc::clone(&denial));
        let ssh = self.agents(&request.options.ssh)?;
        let request = translated(request, ssh, lookup);
        let result = buildkit::build(&Dialer(self), request, |event| tell(event, progress)).await;
        let denied = denial.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (result, denied) {
            (Ok(built), _) => Ok(ImageId::new(built.image_id)),
            (Err(_), Some(denied)) => Err(auth_error(denied)),
            (Err(failure), None) => Err(failed(failure)),
        }
    }

    /// The sockets of ssh agents; an empty path means the one that the environment names.
    fn agents(&self, ssh: &BTreeMap<String, String>) -> Result<BTreeMap<String, PathBuf>> {
        let default = self.environment.var("SSH_AUTH_SOCK");
        ssh.iter()
            .map(|(id, socket)| {
                let socket = Some(socket.as_str()).filter(|path| !path.is_empty()).or(default);
                let path = socket.map(PathBuf::from).ok_or_else(|| {
                    let message = format!("the build wants the ssh agent {id}, and none runs");
                    EngineError::new(Fault::Invalid, message)
                })?;
                Ok((id.clone(), path))
            })
            .collect()
    }

    async fn session_stream(&self, path: &str, headers: &[(String, String)]) -> Result<Connection> {
        let mut call = Call::post(path);
        for (name, value) in headers {
            let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str()))
            else {
                return Err(EngineError::new(Fault::Invalid, "a header cannot be written"));
            };
            call = call.header(name, value);
        }
        self.wire.upgrade(call, "h2c").await
    }
}

struct Dialer<'a>(&'a DockerEngine);

#[async_trait::async_trait]
impl buildkit::Dial for Dialer<'_> {
    async fn upgrade(
        &self,
        path: &str,
        headers: &[(String, String)],
    ) -> std::result::Result<buildkit::Duplex, buildkit::DialError> {
        match self.0.session_stream(path, headers).await {
            Ok(stream) => Ok(Box::new(stream)),
            Err(error) if error.fault == Fault::Unsupported => {
                Err(buildkit::DialError::Refused { status: 404, message: error.message })
            }
            Err(error) => Err(buildkit::DialError::Connection(Box::new(error))),
        }
    }
}

fn translated(
    request: &BuildRequest,
    ssh: BTreeMap<String, PathBuf>,
    credentials: buildkit::CredentialsLookup,
) -> buildkit::BuildRequest {
    let BuildRequest { references, dockerfile, context, options, labels, secrets, pull, no_cache } =
        request;
    let BuildOptions {
        args,
        pins: _, // the Dockerfile has them
        target,
        labels: _, // the request's have them, too
        platform,
        cache_from,
        inline_cache,
        secrets: _, // the request has their values
        ssh: _,     // the agents
        builder: _,
        network,
        extra_hosts,
        shm_size_bytes,
        squash: _, // such builds go to the classic builder
    } = options;
    let source = Arc::new(Translated(Arc::clone(context)));
    let dockerfile = Dockerfile::Inline(dockerfile.clone());
    let mut out = buildkit::BuildRequest::new(source, context.shared_key(), dockerfile);
    let bytes = |value: &str| buildkit::Secret::new(value.as_bytes().to_vec());
    out.tags.clone_from(references);
    out.build_args.clone_from(args);
    out.labels.clone_from(labels);
    out.target.clone_from(target);
    out.platform.clone_from(platform);
    out.no_cache = *no_cache;
    out.pull = *pull == PullPolicy::Always;
    out.cache_from.clone_from(cache_from);
    out.inline_cache = *inline_cache;
    out.network = match network.as_deref() {
        Some("none") => BuildNetwork::None,
        Some("host") => BuildNetwork::Host,
        Some(_) | None => BuildNetwork::Default,
    };
    out.extra_hosts = extra_hosts.iter().filter_map(|host| host_and_address(host)).collect();
    out.shm_size_bytes = *shm_size_bytes;
    out.secrets = secrets.iter().map(|(id, value)| (id.clone(), bytes(value.reveal()))).collect();
    out.ssh = ssh;
    out.credentials = credentials;
    out.connect_deadline = deadline::BUILD_SESSION;
    out
}

fn host_and_address(text: &str) -> Option<(String, String)> {
    text.split_once([':', '=']).map(|(host, address)| (host.to_owned(), address.to_owned()))
}

/// The session asks for credentials on a thread that may block.
fn credentials(keychain: Keychain, denial: Denial) -> buildkit::CredentialsLookup {
    let runtime = tokio::runtime::Handle::current();
    buildkit::CredentialsLookup::new(move |registry| {
        match runtime.block_on(keychain.credentials(registry)) {
            Ok(found) => found.map(translated_credentials),
            Err(error) => {
                *denial.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                None
            }
        }
    })
}

fn translated_credentials(found: Credentials) -> buildkit::Credentials {
    let (username, secret) = match found {
        Credentials::Password { username, password } => (username, password),
        Credentials::IdentityToken(token) | Credentials::RegistryToken(token) => {
            (String::new(), token)
        }
    };
    buildkit::Credentials { username, secret: buildkit::Secret::new(secret.into_bytes()) }
}

struct Translated(Arc<dyn ContextSource>);

impl buildkit::ContextSource for Translated {
    fn entries(&self) -> io::Result<Vec<buildkit::ContextEntry>> {
        self.0.entries()?.into_iter().map(translated_entry).collect()
    }

    fn open(&self, path: &str) -> io::Result<Box<dyn Read + Send>> {
        self.0.open(path.as_bytes())
    }
}

fn translated_entry(entry: Entry) -> io::Result<buildkit::ContextEntry> {
    let Entry { path, kind, mode, mtime_ns, uid, gid } = entry;
    let path = String::from_utf8(path)
        .map_err(|error| not_utf8(&format!("the name of {}", shown(error.as_bytes()))))?;
    let (bit, size, link_target) = match kind {
        EntryKind::File { size } => (0, size, None),
        EntryKind::Directory => (go_mode::DIRECTORY, 0, None),
        EntryKind::Link { target } => {
            let target = String::from_utf8(target)
                .map_err(|_| not_utf8(&format!("what the link {path:?} leads to")))?;
            (go_mode::SYMLINK, 0, Some(target))
        }
    };
    let mode = go_mode::permissions(mode) | bit;
    Ok(buildkit::ContextEntry { path, mode, size, mtime_ns, uid, gid, link_target })
}

fn not_utf8(what: &str) -> io::Error {
    let message =
        format!("{what} is not UTF-8, which BuildKit can't take (`builder: classic` can)");
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn shown(bytes: &[u8]) -> String {
    format!("\"{}\"", bytes.escape_ascii())
}

fn tell(event: BuildEvent, progress: ProgressSink<'_>) {
    let step = |name, cached| CallProgress::Progress(Progress::BuildStep { name, cached });
    let bytes = |done, total| CallProgress::Progress(Progress::Bytes { done, total });
    match event {
        BuildEvent::VertexStarted { vertex: _, name } => progress(step(name, false)),
        BuildEvent::VertexCached { vertex: _, name } => progress(step(name, true)),
        BuildEvent::Log { vertex: _, stderr: _, line } => progress(CallProgress::Line(line)),
        BuildEvent::Warning { vertex: _, message } => progress(CallProgress::Line(message)),
        BuildEvent::Progress { vertex: _, item: _, current, total, completed: _ } => {
            progress(bytes(current, total));
        }
        BuildEvent::ContextSent { files: _, bytes: sent } => progress(bytes(sent, None)),
        // The failure itself comes as the result.
        BuildEvent::VertexCompleted { vertex: _ } | BuildEvent::VertexFailed { .. } => {}
    }
}

fn failed(failure: BuildError) -> EngineError {
    let message = failure.to_string();
    let of = |fault| EngineError::new(fault, message.clone());
    match failure {
        BuildError::Dial { path: _, source: buildkit::DialError::Refused { .. } } => {
            EngineError::new(Fault::Unsupported, "the engine has no BuildKit session")
        }
        BuildError::Dial { path: _, source: buildkit::DialError::Connection(source) } => {
            match source.downcast::<EngineError>() {
                Ok(error) => *error,
                Err(source) => of(Fault::Unreachable).with_source(source),
            }
        }
        BuildError::Deadline { .. } => of(Fault::DeadlineExceeded),
        BuildError::Vertex { vertex: _, message: words, log } => {
            let fault = error::in_stream(LABEL, &words).fault;
            of(fault).with_detail(log)
        }
        BuildError::Refused { message: words } => of(error::in_stream(LABEL, &words).fault),
        BuildError::Lost(source) => of(Fault::ReplyLost).with_source(source),
        BuildError::SessionClosed => of(Fault::ReplyLost),
        BuildError::NoImage => of(Fault::Malformed),
        BuildError::Context { path: _, source } | BuildError::Dockerfile { path: _, source } => {
            of(Fault::Other).with_source(source)
        }
        BuildError::Cancelled => of(Fault::BuildFailed),
    }
}
