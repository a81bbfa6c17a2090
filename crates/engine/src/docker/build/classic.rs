//! The classic builder: the whole build context as a tar, one step after another.
//!
//! Invariant: the Dockerfile travels under a name of its own, and the engine takes it out of the
//! context before the first step sees it.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::HeaderName;
use serde::Serialize;
use tokio::time::{MissedTickBehavior, interval};
use windlass_model::event::Progress;
use windlass_model::fault::Fault;
use windlass_model::image::PullPolicy;
use windlass_model::name::ImageId;

use super::context_tar::{self, DOCKERFILE};
use super::steps::Steps;
use crate::build::BuildRequest;
use crate::docker::call::Call;
use crate::docker::deadline;
use crate::docker::document::progress::Line;
use crate::docker::engine::DockerEngine;
use crate::docker::error;
use crate::docker::image::auth_error;
use crate::docker::json_lines::JsonLines;
use crate::docker::query::Query;
use crate::error::{EngineError, Result};
use crate::stream::{CallProgress, ProgressSink};

const REPORT_INTERVAL: Duration = Duration::from_millis(100);
const AUTH: HeaderName = HeaderName::from_static("x-registry-config");

impl DockerEngine {
    pub(super) async fn build_classic(
        &self,
        request: BuildRequest,
        progress: ProgressSink<'_>,
    ) -> Result<ImageId> {
        if !request.secrets.is_empty() || !request.options.ssh.is_empty() {
            let message = "the classic builder cannot give secrets or ssh agents to a build";
            return Err(EngineError::new(Fault::Unsupported, message));
        }
        let keychain = self.keychain()?;
        let mut call = Call::post("/build").query(query(&request)).deadline(deadline::TRANSFER);
        if let Some(header) = keychain.build_header().await.map_err(auth_error)? {
            call = call.header(AUTH, header);
        }
        // Compression costs more than a local socket saves.
        let gzip = !self.wire.is_local();
        let sent = Arc::new(AtomicU64::new(0));
        let tar = context_tar::stream(request.context, request.dockerfile, gzip, Arc::clone(&sent));
        let answer = async {
            let reply = self.send(call.stream("application/x-tar", tar)).await?.streaming();
            follow(JsonLines::new(reply), progress).await
        };
        telling(answer, &sent, progress).await
    }
}

fn query(request: &BuildRequest) -> Query {
    let BuildRequest {
        references,
        dockerfile: _,
        context: _,
        options,
        labels,
        secrets: _,
        pull,
        no_cache,
    } = request;
    let mut query = Query::new()
        .with("dockerfile", DOCKERFILE)
        .with_flag("rm", true)
        // Without it the container of a step that failed stays.
        .with_flag("forcerm", true)
        .with_flag("nocache", *no_cache)
        .with("labels", &json(labels))
        .with("buildargs", &json(&options.args))
        .with_some("target", options.target.as_deref())
        .with_some("platform", options.platform.as_deref())
        .with_some("networkmode", options.network.as_deref());
    if *pull == PullPolicy::Always {
        query = query.with_flag("pull", true);
    }
    if options.squash {
        query = query.with_flag("squash", true);
    }
    if !options.cache_from.is_empty() {
        query = query.with("cachefrom", &json(&options.cache_from));
    }
    if let Some(size) = options.shm_size_bytes {
        query = query.with("shmsize", &size.to_string());
    }
    let hosts = options.extra_hosts.iter().map(|host| ("extrahosts", host));
    let tags = references.iter().map(|reference| ("t", reference));
    hosts.chain(tags).fold(query, |query, (name, value)| query.with(name, value))
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("invariant: texts, and lists and maps of them, are JSON")
}

/// Waits for `answer` and tells of what was sent meanwhile.
async fn telling<T>(
    answer: impl Future<Output = T>,
    sent: &AtomicU64,
    progress: ProgressSink<'_>,
) -> T {
    let mut answer = pin!(answer);
    let mut report = interval(REPORT_INTERVAL);
    report.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = 0;
    loop {
        let answered = tokio::select! {
            answer = &mut answer => Some(answer),
            _ = report.tick() => None,
        };
        let done = sent.load(Ordering::Relaxed);
        if done != told {
            told = done;
            progress(CallProgress::Progress(Progress::Bytes { done, total: None }));
        }
        if let Some(answer) = answered {
            return answer;
        }
    }
}

async fn follow(mut lines: JsonLines<Line>, progress: ProgressSink<'_>) -> Result<ImageId> {
    let mut steps = Steps::default();
    let mut id = None;
    while let Some(mut line) = lines.next().await? {
        if let Some(message) = line.take_error() {
            let mut error = error::in_stream(lines.label(), &message);
            error.detail = steps.tail();
            if let Some(step) = steps.current() {
                error.message = format!("{step}: {message}");
            }
            return Err(error);
        }
        if let Some(text) = &line.stream {
            steps.push(text, progress);
        }
        id = line.aux.and_then(|aux| aux.id).or(id);
    }
    steps.finish(progress);
    id.map(ImageId::new).ok_or_else(|| error::cut(lines.label()))
}
