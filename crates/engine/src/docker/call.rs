//! One request to an engine, before it is sent.
//!
//! Invariant: a call knows its deadline and whether it may be sent twice; the client decides neither.

use std::io;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full, StreamBody};
use hyper::body::Frame;
use serde::Serialize;

use super::deadline::{self, Deadline};
use super::query::Query;

pub(crate) type RequestBody = UnsyncBoxBody<Bytes, io::Error>;

/// A request: method, path below the version, query, headers, body and deadline.
pub(crate) struct Call {
    pub(super) method: Method,
    path: String,
    query: Query,
    headers: HeaderMap,
    body: RequestBody,
    pub(super) deadline: Deadline,
    pub(super) versioned: bool,
}

impl Call {
    pub(crate) fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path.into(), deadline::READ)
    }

    pub(crate) fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path.into(), deadline::CHANGE)
    }

    pub(crate) fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path.into(), deadline::CHANGE)
    }

    pub(crate) fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path.into(), deadline::CHANGE)
    }

    fn new(method: Method, path: String, deadline: Deadline) -> Self {
        Self {
            method,
            path,
            query: Query::new(),
            headers: HeaderMap::new(),
            body: Empty::new().map_err(|never| match never {}).boxed_unsync(),
            deadline,
            versioned: true,
        }
    }

    pub(crate) fn query(mut self, query: Query) -> Self {
        self.query = query;
        self
    }

    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// Sends a document.
    pub(crate) fn json<T: Serialize + ?Sized>(mut self, document: &T) -> Self {
        let bytes = serde_json::to_vec(document)
            .expect("invariant: our own documents have string keys and finite numbers");
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Full::new(Bytes::from(bytes)).map_err(|never| match never {}).boxed_unsync();
        self
    }

    /// Sends a stream, which is asked for its next chunk only when the last one is on its way.
    pub(crate) fn stream<S>(mut self, content_type: &'static str, stream: S) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        self.body = StreamBody::new(stream.map_ok(Frame::data)).boxed_unsync();
        self
    }

    pub(crate) fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }

    /// For the one call that comes before the version is known.
    pub(crate) fn unversioned(mut self) -> Self {
        self.versioned = false;
        self
    }

    /// Method and path, for messages; no query, because queries hold build arguments.
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    /// The request, ready for the wire; `prefix` is the version, such as `/v1.41`.
    pub(super) fn into_request(
        self,
        prefix: &str,
        host: &HeaderValue,
    ) -> Result<Request<RequestBody>, http::Error> {
        let uri = format!("{prefix}{}{}", self.path, self.query.as_str());
        let mut request = Request::builder().method(self.method).uri(uri).body(self.body)?;
        *request.headers_mut() = self.headers;
        request.headers_mut().insert(http::header::HOST, host.clone());
        Ok(request)
    }
}
