//! A pooled keep-alive HTTP/1 client for one engine.
//!
//! Invariant: a request of which a byte may have been sent is sent again only when it is a GET,
//! once, and only because it met an idle connection that had died.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::{CONNECTION, CONTENT_TYPE, HeaderValue, UPGRADE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::call::{Call, RequestBody};
use super::deadline::{self, Deadline};
use super::error;
use super::reply::{Lease, Reply};
use super::transport::{Connection, Transport};
use crate::error::EngineError;
use windlass_model::fault::Fault;

/// The largest head of a reply.
pub(crate) const HEADER_LIMIT: usize = 64 * 1024;
/// How much of the body of a failure is read.
const FAILURE_LIMIT: usize = 64 * 1024;
/// A connection that has rested longer is not trusted again: middle boxes forget them.
const IDLE_LIMIT: Duration = Duration::from_secs(20);

type Sender = SendRequest<RequestBody>;

/// The connections to one engine.
pub(crate) struct Http {
    transport: Transport,
    host: HeaderValue,
    idle: Mutex<Vec<Idle>>,
    permits: Arc<Semaphore>,
}

struct Idle {
    sender: Sender,
    since: Instant,
}

impl Http {
    pub(crate) fn new(transport: Transport) -> Arc<Self> {
        let host = match &transport {
            Transport::Tcp { host, port } => HeaderValue::try_from(format!("{host}:{port}")).ok(),
            Transport::Unix { .. } | Transport::Tls(_) | Transport::Ssh(_) => None,
        };
        let permits = Arc::new(Semaphore::new(transport.width()));
        Arc::new(Self {
            transport,
            host: host.unwrap_or_else(|| HeaderValue::from_static("engine")),
            idle: Mutex::default(),
            permits,
        })
    }

    pub(crate) fn address(&self) -> String {
        self.transport.address()
    }

    pub(crate) fn ping_deadline(&self) -> Duration {
        self.transport.ping_deadline()
    }

    /// Whether bytes reach the engine without a network.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.transport, Transport::Unix { .. })
    }

    /// Sends a call and gives its reply, whose status is a success.
    pub(crate) async fn send(
        self: &Arc<Self>,
        call: Call,
        prefix: &str,
    ) -> Result<Reply, EngineError> {
        let (label, answer) = (call.label(), call.deadline.answer);
        let reply = within(&label, answer, self.exchange(call, &label, prefix)).await?;
        if reply.status == StatusCode::SWITCHING_PROTOCOLS {
            return Err(error::malformed(&label, "the engine changed the protocol unasked"));
        }
        self.judge(reply, &label).await
    }

    /// Sends a call that turns its connection into a raw one, in both directions.
    pub(crate) async fn upgrade(
        self: &Arc<Self>,
        call: Call,
        prefix: &str,
        protocol: &'static str,
    ) -> Result<Connection, EngineError> {
        let call = call
            .header(CONNECTION, HeaderValue::from_static("Upgrade"))
            .header(UPGRADE, HeaderValue::from_static(protocol));
        let (label, answer) = (call.label(), call.deadline.answer);
        let reply = within(&label, answer, self.exchange(call, &label, prefix)).await?;
        if reply.status != StatusCode::SWITCHING_PROTOCOLS {
            let status = reply.status;
            let _ = self.judge(reply, &label).await?;
            let message = format!("{label} gave status {} and no raw stream", status.as_u16());
            return Err(EngineError::new(Fault::Unsupported, message));
        }
        let upgraded = within(&label, answer, async {
            reply.into_upgrade().await.map_err(|source| error::transfer(&label, source))
        });
        Ok(Box::new(TokioIo::new(upgraded.await?)))
    }

    /// Turns a reply that tells of a failure into that failure.
    async fn judge(&self, reply: Reply, label: &str) -> Result<Reply, EngineError> {
        let status = reply.status.as_u16();
        let content_type = reply
            .headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
            .to_owned();
        // 304: it is already as it was asked to be.
        let is_good = reply.status.is_success() || reply.status == StatusCode::NOT_MODIFIED;
        // Something in between may answer for the engine, and call that a success.
        if is_good && !content_type.starts_with("text/html") {
            return Ok(reply);
        }
        // A failure whose words are lost or endless is still that failure.
        let words = reply.document_up_to(FAILURE_LIMIT);
        let words = within(label, Some(deadline::FAILURE_WORDS), words).await;
        Err(error::reply(label, status, &content_type, &words.unwrap_or_default()))
    }

    async fn exchange(
        self: &Arc<Self>,
        call: Call,
        label: &str,
        prefix: &str,
    ) -> Result<Reply, EngineError> {
        let deadline = call.deadline;
        // What may last for ever must not keep others from their turn.
        let permit = match deadline.answer {
            Some(_) => Arc::clone(&self.permits).acquire_owned().await.ok(),
            None => None,
        };
        let request = call.into_request(prefix, &self.host).map_err(|source| {
            EngineError::new(Fault::Invalid, format!("{label} cannot be written"))
                .with_source(source)
        })?;
        let request = match self.try_idle(request, label).await? {
            Attempt::Answered(sender, response) => {
                return Ok(self.reply(sender, response, permit, label, deadline));
            }
            Attempt::Unsent(request) => request,
        };
        let mut sender = self.dial(label).await?;
        let response = sender
            .try_send_request(request)
            .await
            .map_err(|source| error::transfer(label, source.into_error()))?;
        Ok(self.reply(sender, response, permit, label, deadline))
    }

    /// Tries the connections that rest, until one answers or none is left.
    async fn try_idle(
        &self,
        mut request: Request<RequestBody>,
        label: &str,
    ) -> Result<Attempt, EngineError> {
        // Only requests without a body are ever repeated.
        let repeatable = request.method() == Method::GET;
        while let Some(mut sender) = self.check_out().await {
            let again = repeatable.then(|| empty_copy(&request));
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(Attempt::Answered(sender, response)),
                Err(mut source) => match (source.take_message(), again) {
                    (Some(unsent), _) => request = unsent,
                    (None, Some(again)) => return Ok(Attempt::Unsent(again)),
                    (None, None) => return Err(error::transfer(label, source.into_error())),
                },
            }
        }
        Ok(Attempt::Unsent(request))
    }

    /// A resting connection that seems to be alive.
    async fn check_out(&self) -> Option<Sender> {
        loop {
            let Idle { mut sender, since } = self.idle_connections().pop()?;
            if since.elapsed() > IDLE_LIMIT {
                continue;
            }
            // Lets the connection's own task notice an end of file that has arrived.
            tokio::task::yield_now().await;
            if !sender.is_closed() && sender.ready().await.is_ok() {
                return Some(sender);
            }
        }
    }

    pub(super) fn check_in(&self, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle_connections();
        idle.retain(|one| one.since.elapsed() <= IDLE_LIMIT && !one.sender.is_closed());
        if idle.len() < self.transport.width() {
            idle.push(Idle { sender, since: Instant::now() });
        }
    }

    fn idle_connections(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn dial(&self, label: &str) -> Result<Sender, EngineError> {
        let stream =
            self.transport.dial().await.map_err(|source| error::dial(&self.address(), source))?;
        let (sender, connection) = http1::Builder::new()
            .max_header_size(HEADER_LIMIT)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(|source| error::transfer(label, source))?;
        tokio::spawn(async move {
            // Whoever waits for a reply on this connection is told of its failure.
            let _ = connection.with_upgrades().await;
        });
        Ok(sender)
    }

    fn reply(
        self: &Arc<Self>,
        sender: Sender,
        response: Response<Incoming>,
        permit: Option<OwnedSemaphorePermit>,
        label: &str,
        deadline: Deadline,
    ) -> Reply {
        let lease = Lease::new(Arc::clone(self), sender, permit);
        Reply::new(response, lease, label, deadline)
    }
}

enum Attempt {
    Answered(Sender, Response<Incoming>),
    Unsent(Request<RequestBody>),
}

fn empty_copy(request: &Request<RequestBody>) -> Request<RequestBody> {
    let mut copy = Request::new(Empty::new().map_err(|never| match never {}).boxed_unsync());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// Runs something for so long at most.
pub(super) async fn within<T>(
    label: &str,
    after: Option<Duration>,
    work: impl Future<Output = Result<T, EngineError>>,
) -> Result<T, EngineError> {
    match after {
        Some(after) => match tokio::time::timeout(after, work).await {
            Ok(result) => result,
            Err(_) => Err(error::deadline(label, after)),
        },
        None => work.await,
    }
}
