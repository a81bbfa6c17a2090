//! The reply to a call: a document, or a stream of bytes.
//!
//! Invariant: a connection goes back to the pool only after its reply has been read to the end.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::upgrade::Upgraded;
use serde::de::DeserializeOwned;
use tokio::sync::OwnedSemaphorePermit;

use super::call::RequestBody;
use super::deadline::Deadline;
use super::error;
use super::http::Http;
use crate::error::EngineError;

/// The largest document that is read into memory.
const DOCUMENT_LIMIT: usize = 64 * 1024 * 1024;

/// A connection in use, and the turn that was taken for it.
pub(super) struct Lease {
    home: Arc<Http>,
    sender: SendRequest<RequestBody>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    pub(super) fn new(
        home: Arc<Http>,
        sender: SendRequest<RequestBody>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self { home, sender, permit }
    }

    fn give_back(self) {
        self.home.check_in(self.sender);
    }
}

/// A reply whose head has arrived.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    label: String,
    body: Incoming,
    extensions: http::Extensions,
    lease: Option<Lease>,
    /// The longest silence that the engine may keep.
    patience: Option<Duration>,
}

impl Reply {
    pub(super) fn new(
        response: Response<Incoming>,
        lease: Lease,
        label: &str,
        deadline: Deadline,
    ) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            label: label.to_owned(),
            body,
            extensions: head.extensions,
            lease: Some(lease),
            patience: deadline.silence,
        }
    }

    pub(crate) fn label(&self) -> &str {
        &self.label
    }

    /// Reads and decodes the whole reply.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T, EngineError> {
        let label = self.label.clone();
        let bytes = self.bytes().await?;
        serde_json::from_slice(&bytes).map_err(|source| {
            error::malformed(&label, "the engine's reply is not what its API promises")
                .with_source(source)
        })
    }

    /// Reads the whole reply.
    pub(crate) async fn bytes(self) -> Result<Bytes, EngineError> {
        self.document_up_to(DOCUMENT_LIMIT).await
    }

    /// Reads the reply to its end and forgets it, so that the connection can be used again.
    pub(crate) async fn finish(self) -> Result<(), EngineError> {
        self.bytes().await.map(drop)
    }

    pub(super) async fn document_up_to(mut self, limit: usize) -> Result<Bytes, EngineError> {
        let mut all = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if all.len() + chunk.len() > limit {
                return Err(error::too_large(&self.label, limit));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all.freeze())
    }

    /// From here on the reply is a stream: it frees its turn, because it may last for ever.
    pub(crate) fn streaming(mut self) -> Self {
        if let Some(lease) = &mut self.lease {
            lease.permit = None;
        }
        self
    }

    /// The next bytes, as they arrive; none at their proper end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, EngineError> {
        let Some(patience) = self.patience else { return self.frame().await };
        match tokio::time::timeout(patience, self.frame()).await {
            Ok(chunk) => chunk,
            Err(_) => Err(error::deadline(&self.label, patience)),
        }
    }

    async fn frame(&mut self) -> Result<Option<Bytes>, EngineError> {
        loop {
            match self.body.frame().await {
                Some(Ok(frame)) => {
                    // Trailers say nothing here.
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(source)) => return Err(error::cut(&self.label).with_source(source)),
                None => {
                    if let Some(lease) = self.lease.take() {
                        lease.give_back();
                    }
                    return Ok(None);
                }
            }
        }
    }

    /// The bytes of the reply as a stream; a cut is an error of it.
    pub(crate) fn into_stream(
        self,
    ) -> impl Stream<Item = Result<Bytes, EngineError>> + Send + use<> {
        futures_util::stream::unfold(Some(self), |reply| async {
            let mut reply = reply?;
            match reply.chunk().await {
                Ok(Some(bytes)) => Some((Ok(bytes), Some(reply))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
    }

    /// The raw connection behind a reply that changed the protocol.
    pub(super) async fn into_upgrade(self) -> hyper::Result<Upgraded> {
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        *response.extensions_mut() = self.extensions;
        hyper::upgrade::on(response).await
    }
}
