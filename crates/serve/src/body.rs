//! Bodies: what is sent, whole or piece by piece, and what is read, up to a limit.
//!
//! Invariant: no more of a request is kept than the limit, and none is waited for longer than its time.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited, StreamBody};
use hyper::body::{Frame, Incoming};
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::timeout;

use crate::problem::{Kind, Problem};

/// The most bytes that a request may have.
pub(crate) const MOST_BYTES: usize = 64 * 1024;

/// How long a request's body may take.
const WITHIN: Duration = Duration::from_secs(10);

pub(crate) type Body = UnsyncBoxBody<Bytes, Infallible>;

pub(crate) fn whole(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).boxed_unsync()
}

pub(crate) fn pieces(stream: BoxStream<'static, Bytes>) -> Body {
    StreamBody::new(stream.map(|bytes| Ok(Frame::data(bytes)))).boxed_unsync()
}

/// All of a request's body.
pub(crate) async fn read(body: Incoming) -> Result<Bytes, Problem> {
    let collected = timeout(WITHIN, Limited::new(body, MOST_BYTES).collect()).await;
    match collected {
        Err(_) => Err(Problem::new(Kind::Timeout, "the body did not come in time")
            .with_hint(format!("all of it must come within {} s", WITHIN.as_secs()))),
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let message = format!("the body has more than {MOST_BYTES} bytes");
            Err(Problem::new(Kind::TooLarge, message))
        }
        Ok(Err(_)) => Err(Problem::new(Kind::BadRequest, "the body could not be read")),
    }
}
