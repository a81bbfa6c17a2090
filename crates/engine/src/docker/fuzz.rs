//! Doors to the private parsers, for the fuzz targets alone.
//!
//! Invariant: nothing is decided here; each door calls what the client itself calls.

use std::collections::BTreeMap;
use std::str::FromStr as _;

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use http::{HeaderMap, HeaderValue};
use serde::de::DeserializeOwned;
use windlass_model::fault::Fault;
use windlass_model::name::EngineName;
use windlass_model::observed::{
    ContainerSummary, ObservedContainer, ObservedImage, ObservedNetwork, ObservedVolume,
};

use super::address::{EngineAddress, context};
use super::buildkit::{self, BuildEvent};
use super::document::{container, image, network, progress as line, volume};
use super::negotiate::{ApiVersion, Peer};
use super::{auth, classify, convert, events, json_lines, progress};
use crate::stream::EngineEvent;

pub use super::buildkit::fuzz::{
    BUILD_LINE_LIMIT, agent_messages, query_unescaped, transfer_matches,
};

/// What a document is of.
#[derive(Clone, Copy, Debug)]
pub enum Document {
    Container,
    ContainerSummary,
    Image,
    ImageSummary,
    Network,
    Volume,
    Event,
}

impl Document {
    pub const ALL: [Self; 7] = [
        Self::Container,
        Self::ContainerSummary,
        Self::Image,
        Self::ImageSummary,
        Self::Network,
        Self::Volume,
        Self::Event,
    ];
}

/// What was read of a document.
#[derive(Debug, PartialEq, Eq)]
pub enum Reading {
    Container(Box<ObservedContainer>),
    Summary(Box<ContainerSummary>),
    Image(Box<ObservedImage>),
    Network(Box<ObservedNetwork>),
    Volume(Box<ObservedVolume>),
    Event(EngineEvent),
}

/// `None` if it is no such document.
pub fn read(kind: Document, bytes: &[u8]) -> Option<Reading> {
    let engine = EngineName::default();
    Some(match kind {
        Document::Container => {
            let document: container::Inspect = json(bytes)?;
            let ids = convert::referenced_containers(&document);
            let names: BTreeMap<_, _> = ids.into_iter().map(|id| (id, "other".into())).collect();
            let observed = convert::container_observed(&engine, document, &names);
            Reading::Container(Box::new(observed))
        }
        Document::ContainerSummary => {
            Reading::Summary(Box::new(convert::container_summary(&engine, json(bytes)?)))
        }
        Document::Image => {
            let document: image::Inspect = json(bytes)?;
            Reading::Image(Box::new(convert::image_inspect(&engine, document)))
        }
        Document::ImageSummary => {
            let document: image::Summary = json(bytes)?;
            Reading::Image(Box::new(convert::image_summary(&engine, document)))
        }
        Document::Network => {
            let document: network::Inspect = json(bytes)?;
            Reading::Network(Box::new(convert::network_observed(&engine, document)))
        }
        Document::Volume => {
            let document: volume::Inspect = json(bytes)?;
            Reading::Volume(Box::new(convert::volume_observed(&engine, document)))
        }
        Document::Event => Reading::Event(events::converted(json(bytes)?)),
    })
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}

/// The lines that are not empty; `None` if one is longer than the limit.
pub fn json_lines(pieces: &[&[u8]], limit: usize) -> Option<Vec<Vec<u8>>> {
    let mut decoder = json_lines::LineDecoder::new(limit);
    let mut lines = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(line) = decoder.line().ok()? {
            lines.push(line.to_vec());
        }
    }
    lines.extend(decoder.rest().map(|line| line.to_vec()));
    Some(lines)
}

/// Reads the values of a pull, push or build, and sums them up.
pub fn transfer(bytes: &[u8]) {
    let mut layers = progress::Layers::default();
    let lines = serde_json::Deserializer::from_slice(bytes).into_iter::<line::Line>();
    for mut line in lines.map_while(std::result::Result::ok) {
        if let Some(message) = line.take_error() {
            stream_fault("POST /build", &message);
        }
        layers.note(&line);
    }
}

pub fn reply_fault(label: &str, status: u16, content_type: &str, body: &[u8]) -> (Fault, String) {
    classify::reply(label, status, content_type, body)
}

pub fn stream_fault(label: &str, message: &str) -> Fault {
    classify::stream(label, message)
}

/// What a ping's headers tell; the value is taken for each of them.
pub fn peer(value: &[u8]) -> Option<(ApiVersion, String)> {
    let value = HeaderValue::from_bytes(value).ok()?;
    let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
    let version = ApiVersion::from_str(&text).map_or("1.41".to_owned(), |found| found.to_string());
    let mut headers = HeaderMap::new();
    headers.insert("api-version", HeaderValue::try_from(version).ok()?);
    headers.insert("server", value);
    let peer = Peer::read(&headers, "GET /_ping").ok()?;
    Some((peer.api, peer.version))
}

pub fn epoch_s(text: &str) -> i64 {
    convert::epoch_s(text)
}

/// Whether a `config.json` holds credentials for a registry; else what would be said.
pub fn stored_credentials(config: &[u8], registry: &str) -> Result<bool, String> {
    auth::holds(config, registry).map_err(|error| error.to_string())
}

/// The engine of a context's `meta.json`.
pub fn context_address(meta: &[u8]) -> Result<EngineAddress, String> {
    context::of_meta(meta).map_err(|error| error.to_string())
}

/// What a build's log becomes: pieces of the streams of one vertex.
pub fn build_log(pieces: &[(i64, &[u8])]) -> Vec<BuildEvent> {
    let logs = pieces.iter().map(|(stream, bytes)| proto::VertexLog {
        vertex: "sha256:1".to_owned(),
        stream: *stream,
        msg: bytes.to_vec(),
        ..proto::VertexLog::default()
    });
    let updates = logs
        .map(|log| proto::StatusResponse { logs: vec![log], ..proto::StatusResponse::default() });
    buildkit::fuzz::build_events(updates)
}
