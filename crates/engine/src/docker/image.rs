//! Images: list, inspect, pull, push, import, tag, remove.
//!
//! Invariant: a transfer has succeeded when the engine said so at the end of its stream, not when
//! the stream ended.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use http::HeaderName;
use windlass_model::fault::Fault;
use windlass_model::image::familiar_reference;
use windlass_model::name::{ContainerId, ImageId};
use windlass_model::observed::ObservedImage;

use super::auth::{AuthError, registry_of_image};
use super::call::Call;
use super::convert::{image_inspect, image_summary};
use super::deadline;
use super::document::image::{Distribution, Inspect, Summary};
use super::document::progress::Line;
use super::engine::DockerEngine;
use super::error;
use super::json_lines::JsonLines;
use super::negotiate::Peer;
use super::progress::transfer;
use super::query::{Query, reference as path_of};
use crate::error::{EngineError, Result};
use crate::stream::{EngineStream, ProgressSink, Upload};

const AUTH: HeaderName = HeaderName::from_static("x-registry-auth");

/// Why an image cannot be had from, or given to, its registry.
pub(super) fn auth_error(source: AuthError) -> EngineError {
    EngineError::new(Fault::RegistryDenied, "the registry's credentials cannot be had")
        .with_source(source)
}

/// Name and tag, or name and digest; no tag means `latest`.
pub(super) fn split(reference: &str) -> (String, String) {
    let familiar = familiar_reference(reference);
    if let Some((name, digest)) = familiar.split_once('@') {
        // A tag beside a digest says nothing more.
        let name = match name.rsplit_once(':') {
            Some((bare, tag)) if !tag.contains('/') => bare,
            Some(_) | None => name,
        };
        return (name.to_owned(), digest.to_owned());
    }
    match familiar.rsplit_once(':') {
        Some((name, tag)) => (name.to_owned(), tag.to_owned()),
        None => (familiar, String::new()),
    }
}

/// What an engine says of every image that it loaded, and before the id of one that has no name.
const LOADED: &str = "Loaded image";
const LOADED_ID: &str = "Loaded image ID: ";
/// How often a list is asked for again that could not be made.
const LIST_TRIES: u32 = 10;
const LIST_PAUSE: Duration = Duration::from_millis(50);

impl DockerEngine {
    pub(super) async fn images_list(&self) -> Result<Vec<ObservedImage>> {
        let mut tries = LIST_TRIES;
        let reply = loop {
            match self.send(Call::get("/images/json")).await {
                // Stores that are read image by image fall over one that is removed meanwhile: a list is always there.
                Err(error) if tries > 0 && self.fell_over(&error).await => {
                    tries -= 1;
                    tokio::time::sleep(LIST_PAUSE).await;
                }
                reply => break reply?,
            }
        };
        let list: Vec<Summary> = reply.json().await?;
        Ok(list.into_iter().map(|one| image_summary(&self.name, one)).collect())
    }

    /// Docker's store of containerd says so by 404, podman in words of all kinds.
    async fn fell_over(&self, error: &EngineError) -> bool {
        let is_podman = self.wire.peer().await.is_ok_and(Peer::is_podman);
        error.is_not_found() || is_podman && !error.fault.is_unknown()
    }

    pub(super) async fn image_inspect(&self, image: &str) -> Result<ObservedImage> {
        let call = Call::get(format!("/images/{}/json", path_of(image)));
        let document: Inspect = self.send(call).await?.json().await?;
        Ok(image_inspect(&self.name, document))
    }

    pub(super) async fn image_pull(
        &self,
        reference: &str,
        platform: Option<&str>,
        progress: ProgressSink<'_>,
    ) -> Result<()> {
        let (name, tag) = split(reference);
        let query =
            Query::new().with("fromImage", &name).with("tag", &tag).with_some("platform", platform);
        let call =
            self.with_credentials(Call::post("/images/create").query(query), &name, false).await?;
        let is_podman = self.wire.peer().await?.is_podman();
        let reply = self.send(call.deadline(deadline::TRANSFER)).await?;
        let lines = JsonLines::new(reply.streaming());
        let label = lines.label().to_owned();
        let mut ended = false;
        let note = |line: &Line| {
            let status = line.status.as_deref().unwrap_or_default();
            ended |= status.starts_with("Status: ") || is_podman;
        };
        transfer(lines, progress, note).await?;
        if ended { Ok(()) } else { Err(error::cut(&label)) }
    }

    pub(super) async fn image_digest_of(&self, reference: &str) -> Result<String> {
        let (name, _) = split(reference);
        let call = Call::get(format!("/distribution/{}/json", path_of(reference)));
        let call = self.with_credentials(call, &name, false).await?;
        let reply = self.send(call.deadline(deadline::TRANSFER)).await?;
        let found: Distribution = reply.json().await?;
        let digest = found.descriptor.and_then(|descriptor| descriptor.digest);
        let digest = digest.filter(|digest| windlass_model::pins::is_digest(digest));
        let none = || EngineError::new(Fault::Other, "the engine named no digest");
        digest.ok_or_else(none)
    }

    pub(super) async fn image_push(
        &self,
        reference: &str,
        progress: ProgressSink<'_>,
    ) -> Result<()> {
        let (name, tag) = split(reference);
        let call = Call::post(format!("/images/{}/push", path_of(&name)))
            .query(Query::new().with("tag", &tag));
        let call = self.with_credentials(call, &name, true).await?;
        let reply = self.send(call.deadline(deadline::TRANSFER)).await?;
        let lines = JsonLines::new(reply.streaming());
        let label = lines.label().to_owned();
        let mut ended = false;
        let note = |line: &Line| {
            let digest = line.aux.as_ref().is_some_and(|aux| aux.digest.is_some());
            ended |=
                digest || line.status.as_deref().is_some_and(|s| s.contains("digest: sha256:"));
        };
        transfer(lines, progress, note).await?;
        if ended { Ok(()) } else { Err(error::cut(&label)) }
    }

    /// Adds what the registry of an image is to be shown. A push without the header is refused.
    async fn with_credentials(&self, call: Call, image: &str, push: bool) -> Result<Call> {
        let registry = registry_of_image(image);
        let found = self.keychain()?.find(registry, push).await.map_err(auth_error)?;
        let header = match found {
            Some((credentials, _)) => credentials.header(registry),
            None => super::auth::anonymous(),
        };
        Ok(call.header(AUTH, header))
    }

    pub(super) async fn image_import(
        &self,
        reference: &str,
        changes: &[String],
        labels: &BTreeMap<String, String>,
        tar: Upload,
    ) -> Result<ImageId> {
        let (name, tag) = split(reference);
        // podman does not look at a tag of its own.
        let named = format!("{name}:{tag}");
        let mut query = Query::new().with("fromSrc", "-").with("repo", &named);
        for change in changes {
            query = query.with("changes", change);
        }
        for (key, value) in labels {
            query = query.with("changes", &label_instruction(key, value)?);
        }
        let call = Call::post("/images/create")
            .query(query)
            .stream("application/x-tar", tar)
            .deadline(deadline::TRANSFER);
        let reply = self.send(call).await?.streaming();
        let mut lines = JsonLines::<Line>::new(reply);
        let mut id = None;
        while let Some(mut line) = lines.next().await? {
            if let Some(message) = line.take_error() {
                return Err(error::in_stream(lines.label(), &message));
            }
            // podman writes the bare id, as an id.
            let word = line.status.or(line.id).unwrap_or_default();
            id = super::convert::image_id_of(&word).or(id);
        }
        id.ok_or_else(|| error::cut(lines.label()))
    }

    pub(super) async fn container_commit(
        &self,
        container: &ContainerId,
        reference: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        let (name, tag) = split(reference);
        let query = Query::new().with("container", container.as_str());
        let call = Call::post("/commit").query(query.with("repo", &name).with("tag", &tag));
        // What is said here goes before what the container has.
        let call = call.json(&serde_json::json!({"Labels": labels}));
        self.carry_out(call.deadline(deadline::TRANSFER)).await
    }

    pub(super) async fn image_tag(&self, image: &str, reference: &str) -> Result<()> {
        let (name, tag) = split(reference);
        let call = Call::post(format!("/images/{}/tag", path_of(image)))
            .query(Query::new().with("repo", &name).with("tag", &tag));
        self.carry_out(call).await
    }

    /// Never forced: podman removes the containers of an image that is removed by force.
    pub(super) async fn image_remove(&self, image: &str) -> Result<()> {
        let call = Call::delete(format!("/images/{}", path_of(image)));
        self.carry_out(call.deadline(deadline::REMOVE)).await
    }

    pub(super) async fn image_load(&self, tar: Upload) -> Result<Option<ImageId>> {
        let call = Call::post("/images/load")
            .query(Query::new().with("quiet", "1"))
            .stream("application/x-tar", tar)
            .deadline(deadline::TRANSFER);
        let reply = self.send(call).await?.streaming();
        let mut lines = JsonLines::<Line>::new(reply);
        let (mut is_loaded, mut nameless) = (false, None);
        while let Some(mut line) = lines.next().await? {
            if let Some(message) = line.take_error() {
                return Err(error::in_stream(lines.label(), &message));
            }
            let said = line.stream.as_deref().unwrap_or_default().trim();
            is_loaded |= said.starts_with(LOADED);
            let id = said.strip_prefix(LOADED_ID);
            nameless = id.map(|id| ImageId(id.to_owned())).or(nameless);
        }
        if is_loaded { Ok(nameless) } else { Err(error::cut(lines.label())) }
    }

    pub(super) async fn container_export(
        &self,
        container: &ContainerId,
    ) -> Result<EngineStream<Bytes>> {
        let call = Call::get(format!("/containers/{}/export", container.as_str()));
        let reply = self.send(call.deadline(deadline::TRANSFER)).await?;
        Ok(reply.streaming().into_stream().boxed())
    }

    pub(super) async fn image_save(&self, image: &str) -> Result<EngineStream<Bytes>> {
        // An engine may put all layers together before it says a word.
        let call = Call::get(format!("/images/{}/get", path_of(image)));
        let reply = self.send(call.deadline(deadline::TRANSFER)).await?;
        Ok(reply.streaming().into_stream().boxed())
    }
}

/// `LABEL "key"="value"`, such that the builder's parser reads the very same key and value.
fn label_instruction(key: &str, value: &str) -> Result<String> {
    if key.contains(['\n', '\r']) || value.contains(['\n', '\r']) {
        let message = format!("the label {key:?} holds a line end, which an import cannot");
        return Err(EngineError::new(Fault::Invalid, message));
    }
    let quoted = |text: &str| {
        let mut out = String::from("\"");
        for c in text.chars() {
            if matches!(c, '"' | '\\' | '$') {
                out.push('\\');
            }
            out.push(c);
        }
        out.push('"');
        out
    };
    Ok(format!("LABEL {}={}", quoted(key), quoted(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_split() {
        let table = [
            ("busybox", "busybox", "latest"),
            ("docker.io/library/busybox:1", "busybox", "1"),
            ("127.0.0.1:5000/a", "127.0.0.1:5000/a", "latest"),
            ("127.0.0.1:5000/a:b", "127.0.0.1:5000/a", "b"),
            ("a@sha256:00", "a", "sha256:00"),
            ("127.0.0.1:5000/a:b@sha256:00", "127.0.0.1:5000/a", "sha256:00"),
            ("127.0.0.1:5000/a@sha256:00", "127.0.0.1:5000/a", "sha256:00"),
        ];
        for (reference, name, tag) in table {
            assert_eq!(split(reference), (name.to_owned(), tag.to_owned()), "{reference}");
        }
    }

    #[test]
    fn labels_are_quoted() {
        let found = label_instruction("k", r#"{"a":"$x\\"}"#).unwrap();
        assert_eq!(found, r#"LABEL "k"="{\"a\":\"\$x\\\\\"}""#);
        assert!(label_instruction("k", "a\nb").is_err());
    }
}
