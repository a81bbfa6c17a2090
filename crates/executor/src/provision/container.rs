//! Commands that are run in a container of an image, and what they leave.
//!
//! Invariant: what is needed to run them is on a volume below /dev, which is memory in every container: nothing of it is in what
//! they leave. Both containers go with the run, and if that is killed, with the next.

use super::ask::{CommandRun, Ran};
use super::desk::Desk;
use super::foreign;
use super::target::short;
use super::tools;
use crate::endings::Endings;
use crate::failure;
use crate::lines::{Lines, keep};
use crate::lookup;
use crate::ops::exec::unframed;
use crate::removal;
use crate::step::Result;
use crate::upload;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use windlass_bundle::{ErrorReport, Secrets};
use windlass_engine::docker::stdcopy::Demux;
use windlass_engine::stream::{AttachRequest, Channel};
use windlass_engine::{Engine, EngineError};
use windlass_model::Address;
use windlass_model::container::ContainerConfig;
use windlass_model::container_labels::ContainerLabels;
use windlass_model::digest::Digest;
use windlass_model::endpoint::{Endpoint, NetworkMode};
use windlass_model::fault::Fault;
use windlass_model::healthcheck::Healthcheck;
use windlass_model::image::{ImageSpec, STEP_TAG, repository};
use windlass_model::label;
use windlass_model::lock::Holder;
use windlass_model::mount::Mount;
use windlass_model::name::{ContainerId, ProjectName};
use windlass_model::observed::ObservedImage;
use windlass_model::one_off::OneOff;
use windlass_model::plan::CreateContainer;
use windlass_model::report::{Failure, FailureKind};

/// An agent says no more, in bytes, of how commands ended.
const RESULT: usize = 64 * 1024;

/// What runs commands for one image.
pub(super) struct Workshop<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) spec: &'a ImageSpec,
    pub(super) project: &'a str,
    pub(super) holder: Option<&'a Holder>,
    pub(super) endings: &'a Endings,
    /// Of images that keep what commands left.
    pub(super) labels: BTreeMap<String, String>,
    /// Values that commands may be given.
    pub(super) secrets: Secrets,
    /// The engine keeps no manifests, so a layer needs no more than its digest.
    pub(super) takes_bare_layers: bool,
}

/// How commands ended, in the agent's words.
#[derive(serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ended {
    Code(i32),
    Error(ErrorReport),
}

/// A container that is removed with this, by a task of its own if the step was given up.
struct Passing {
    engine: Arc<dyn Engine>,
    id: Option<ContainerId>,
    endings: Endings,
}

impl Passing {
    async fn remove(mut self) {
        if let Some(id) = self.id.take() {
            removal::remove(self.engine.as_ref(), &id, true).await;
        }
    }

    fn id(&self) -> &ContainerId {
        self.id.as_ref().expect("invariant: it is taken only when it is removed")
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        if let (Some(id), Ok(handle)) = (self.id.take(), tokio::runtime::Handle::try_current()) {
            let engine = Arc::clone(&self.engine);
            let removal = async move { removal::remove(engine.as_ref(), &id, true).await };
            self.endings.add(handle.spawn(removal));
        }
    }
}

/// `network` of a build, in the words of its builder.
fn attach(config: &mut ContainerConfig, network: &str) {
    config.network_mode = match network {
        "default" | "bridge" => NetworkMode::Bridge,
        "host" => NetworkMode::Host,
        "none" => NetworkMode::None,
        other => {
            if let Some(name) = other.strip_prefix("container:") {
                NetworkMode::Container(name.to_owned())
            } else {
                config.endpoints.insert(other.into(), Endpoint::default());
                NetworkMode::Networks
            }
        }
    };
}

impl Workshop<'_> {
    /// The reference of the image that commands of this key leave.
    pub(super) fn reference(&self, key: &str) -> String {
        format!("{}:{STEP_TAG}{}", repository(&self.spec.reference), short(key))
    }

    /// Runs commands and keeps what they leave.
    pub(super) async fn run(&self, run: CommandRun) -> Result<Ran> {
        let tools = self.tools(&run).await?;
        let kept = self.keep_what_is_left(&run, &tools).await;
        tools.remove().await;
        let image = kept?;
        let found = lookup::until_answered(|| self.desk.engine.inspect_image(&image)).await;
        self.left(image, found.map_err(failure::from_engine)?).await
    }

    /// An image that commands left. To read what is in it takes seconds, so that waits for who asks for it if it can.
    pub(super) async fn left(&self, image: String, found: ObservedImage) -> Result<Ran> {
        if self.takes_bare_layers && !found.layers.is_empty() {
            return Ok(Ran { image, layers: found.layers, saved: None });
        }
        let (_, saved) = self.desk.look_at(&image, found.id, BTreeSet::new()).await?;
        Ok(Ran { image, layers: saved.base.diff_ids.clone(), saved: Some(saved) })
    }

    async fn keep_what_is_left(&self, run: &CommandRun, tools: &Passing) -> Result<String> {
        let (container, _) = self.in_container(run, tools, "run", true).await?;
        let (engine, image) = (self.desk.engine, self.reference(&run.key));
        let mut labels = self.labels.clone();
        // By its digest an image is known as one that was made here, which `clean` may remove.
        labels.insert(label::DIGEST.to_owned(), run.key.clone());
        let kept = engine.commit_container(container.id(), &image, &labels).await;
        container.remove().await;
        kept.map(|()| image).map_err(failure::from_engine)
    }

    /// The exit code of a command that only looks.
    pub(super) async fn probe(&self, run: CommandRun) -> Result<i32> {
        let tools = self.tools(&run).await?;
        let ran = self.in_container(&run, &tools, "probe", false).await;
        let (container, code) = match ran {
            Ok((container, code)) => (Some(container), Ok(code)),
            Err(failure) => (None, Err(failure)),
        };
        for passing in container.into_iter().chain([tools]) {
            passing.remove().await;
        }
        code
    }

    /// A container that is never started, for the volume on which the agent is.
    async fn tools(&self, run: &CommandRun) -> Result<Passing> {
        let mut config = ContainerConfig::default();
        config.mounts.insert(tools::DIRECTORY.to_owned(), Mount::anonymous());
        config.entrypoint = Some(tools::words("")).into();
        let container = self.create(&run.image, "tools", config).await?;
        let commands = run.commands.clone();
        let tar = upload::upload(|out| tools::write(commands, out));
        let filled = self.desk.engine.put_archive(container.id(), tools::DIRECTORY, tar).await;
        match filled {
            Ok(()) => Ok(container),
            Err(error) => {
                container.remove().await;
                Err(failure::from_engine(error))
            }
        }
    }

    /// Runs the agent to its end, in a container that has ended then.
    async fn in_container(
        &self,
        run: &CommandRun,
        tools: &Passing,
        word: &str,
        shows: bool,
    ) -> Result<(Passing, i32)> {
        let options = &self.spec.build;
        let mut config = ContainerConfig {
            user: Some("0:0".to_owned()).into(),
            workdir: Some("/".to_owned()).into(),
            // Nothing in it listens when the next run ends what a killed one left.
            stop_signal: Some("SIGKILL".to_owned()),
            extra_hosts: options.extra_hosts.clone().into(),
            volumes_from: [format!("{}:ro", tools.id())].into(),
            ..ContainerConfig::default()
        };
        config.entrypoint = Some(tools::words(word)).into();
        if run.commands.iter().any(|command| !command.network) {
            config.network_mode = NetworkMode::None;
        } else if let Some(network) = &options.network {
            attach(&mut config, network);
        }
        let secrets = self.secrets_of(run)?;
        config.stdin_open = secrets.is_some();
        let container = self.create(&run.image, word, config).await?;
        match self.follow(container.id(), secrets, shows).await {
            Ok(code) => Ok((container, code)),
            Err(failure) => {
                container.remove().await;
                Err(failure)
            }
        }
    }

    /// The line that tells the agent the secrets of its commands, if they have some. It is on no disk on its way.
    fn secrets_of(&self, run: &CommandRun) -> Result<Option<Vec<u8>>> {
        let mut all = BTreeMap::new();
        for name in run.commands.iter().flat_map(|command| command.secrets.values()) {
            let unknown = || failure::local(format!("the value of secret {name} is not known"));
            all.insert(name, self.secrets.0.get(name).ok_or_else(unknown)?);
        }
        if all.is_empty() {
            return Ok(None);
        }
        let mut line = serde_json::to_vec(&all).expect("invariant: names and texts are plain data");
        line.push(b'\n');
        Ok(Some(line))
    }

    async fn follow(&self, id: &ContainerId, secrets: Option<Vec<u8>>, shows: bool) -> Result<i32> {
        let engine = self.desk.engine;
        let request = AttachRequest { stdin: secrets.is_some(), ..AttachRequest::default() };
        let mut attached = engine.attach(id, &request).await.map_err(failure::from_engine)?;
        let started = engine.start_container(id).await;
        started.map_err(|error| foreign::explained(failure::from_engine(error)))?;
        if let Some(line) = secrets {
            // An agent that does not get it says so.
            drop(attached.stream.write_all(&line).await);
            drop(attached.stream.flush().await);
        }
        let (mut demux, mut said, mut result) =
            (Demux::default(), Lines::default(), Vec::<u8>::new());
        let mut last = VecDeque::new();
        let mut hear = |line: String| {
            // What a program wrote over on a terminal it does not mean any more.
            let line = line.trim_end().rsplit('\r').next().unwrap_or_default().to_owned();
            if shows {
                self.desk.say(line.clone());
            }
            keep(&mut last, line);
        };
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let broken =
                |e| EngineError::new(Fault::ReplyLost, "the output broke off").with_source(e);
            let read = attached.stream.read(&mut buffer).await;
            let length = read.map_err(|error| failure::from_engine(broken(error)))?;
            if length == 0 {
                break;
            }
            demux.push(&buffer[..length]);
            let unframed = |fault| failure::from_engine(unframed(fault));
            while let Some(chunk) = demux.chunk().map_err(unframed)? {
                match chunk.channel {
                    Channel::Stdout => {
                        let room = RESULT.saturating_sub(result.len());
                        result.extend(chunk.bytes.iter().take(room));
                    }
                    Channel::Stderr => said.push(&chunk.bytes).into_iter().for_each(&mut hear),
                }
            }
        }
        said.finish().into_iter().for_each(&mut hear);
        let waited = lookup::until_answered(|| engine.wait_container(id)).await;
        let code = waited.map_err(failure::from_engine)?;
        match serde_json::from_slice(&result) {
            Ok(Ended::Code(code)) => Ok(code),
            Ok(Ended::Error(said)) => {
                let code = said.exit_code.map(i64::from);
                let step =
                    |place| FailureKind::BuildStep { line: place + 1, command: Some(place), code };
                let kind = said.index.map_or(FailureKind::Local, step);
                Err(Failure { detail: last.into(), ..failure::of(kind, said.error) })
            }
            Err(_) => {
                let message = format!("the agent ended with exit code {code} and said nothing");
                let mut failure = failure::of(FailureKind::Exited { code }, message);
                failure.detail = last.into();
                Err(foreign::explained(failure))
            }
        }
    }

    /// Tells a container from every other one of any run.
    fn unique(&self, word: &str) -> String {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed).to_string();
        let run =
            self.holder.map_or_else(|| std::process::id().to_string(), |one| one.token.clone());
        let digest = Digest::of([run.as_str(), &count]).0;
        format!("{word}-{}", digest.get(..8).unwrap_or_default())
    }

    async fn create(
        &self,
        image: &str,
        word: &str,
        mut config: ContainerConfig,
    ) -> Result<Passing> {
        let like = Address::container(self.desk.engine.name(), self.spec.key.clone());
        let project = ProjectName::new(self.project);
        let one_off =
            OneOff { id: self.unique(word), run: self.holder.cloned(), ..OneOff::default() };
        let name = one_off.name(&format!("{project}.{}", self.spec.key));
        config.healthcheck = Some(Healthcheck::disabled()).into();
        config.platform = self.spec.build.platform.clone().into();
        let create = CreateContainer {
            labels: ContainerLabels::Listed(one_off.labels(&project, &like, &name)),
            name: name.into(),
            image: image.into(),
            config: config.into(),
        };
        let id = self.desk.engine.create_container(&create).await.map_err(failure::from_engine)?;
        let (engine, endings) = (Arc::clone(self.desk.engine), self.endings.clone());
        Ok(Passing { engine, id: Some(id), endings })
    }
}
