//! The gRPC client side: a control channel over one upgraded stream.
//! Invariant: there is one connection per build; when it breaks, the build fails and nothing reconnects.

use std::future::{Ready, ready};
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::ListWorkersRequest;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use http::Uri;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tonic::transport::{Channel, Endpoint};
use tower_service::Service;

use super::dial::{Dial, Duplex};
use super::error::BuildError;

const PATH: &str = "/grpc";
/// Failures come with a stack trace in their trailers, patterns of a transfer come in its headers.
pub(super) const HEADERS_MAX_BYTES: u32 = 1 << 20;
const MESSAGE_MAX_BYTES: usize = 64 << 20;

pub(super) type Control = ControlClient<Channel>;

/// Opens the control channel and makes sure that somebody answers on it, so that a peer that takes
/// connections but never speaks is an error and not a hang.
pub(super) async fn connect(dial: &dyn Dial, deadline: Duration) -> Result<Control, BuildError> {
    let stream = open(dial, PATH, &[], deadline).await?;
    let endpoint =
        Endpoint::from_static("http://engine").http2_max_header_list_size(HEADERS_MAX_BYTES);
    let channel = endpoint
        .connect_with_connector(OneStream(Some(stream)))
        .await
        .map_err(|error| BuildError::Lost(error.into()))?;
    let mut control = Control::new(channel).max_decoding_message_size(MESSAGE_MAX_BYTES);
    timeout(deadline, control.list_workers(ListWorkersRequest::default()))
        .await
        .map_err(|_| BuildError::Deadline { path: PATH, after: deadline })?
        .map_err(|status| BuildError::Lost(status.into()))?;
    Ok(control)
}

/// Opens an upgraded stream within the deadline.
pub(super) async fn open(
    dial: &dyn Dial,
    path: &'static str,
    headers: &[(String, String)],
    deadline: Duration,
) -> Result<Duplex, BuildError> {
    timeout(deadline, dial.upgrade(path, headers))
        .await
        .map_err(|_| BuildError::Deadline { path, after: deadline })?
        .map_err(|source| BuildError::Dial { path, source })
}

/// Connects once, to the stream that there is.
struct OneStream(Option<Duplex>);

impl Service<Uri> for OneStream {
    type Response = TokioIo<Duplex>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().map(TokioIo::new).ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}
