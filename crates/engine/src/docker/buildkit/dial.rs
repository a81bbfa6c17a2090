//! The seam to the HTTP client: opening an upgraded stream to the engine.
//! Invariant: this module knows of no transport; unix, TCP, TLS and ssh all look like one duplex stream.

use std::future::Future;

use tokio::io::{AsyncRead, AsyncWrite};

/// A byte stream that can be read and written at once.
pub trait DuplexStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> DuplexStream for T {}

pub type Duplex = Box<dyn DuplexStream>;

/// Why the engine gave no upgraded stream.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// It answered, but not with 101.
    #[error("the engine answered {status} instead of switching protocols: {message}")]
    Refused { status: u16, message: String },
    /// It could not be reached, or the connection broke.
    #[error("no connection to the engine")]
    Connection(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Opens upgraded streams to one engine.
#[async_trait::async_trait]
pub trait Dial: Send + Sync {
    /// `POST path` (without the API version) with `Connection: Upgrade`, `Upgrade: h2c` and these headers, of which
    /// one name can occur several times; expects 101 and gives the stream behind it.
    async fn upgrade(&self, path: &str, headers: &[(String, String)]) -> Result<Duplex, DialError>;
}

/// Makes a [`Dial`] of an async function that takes the path and the headers by value.
pub struct DialFn<F>(pub F);

#[async_trait::async_trait]
impl<F, R> Dial for DialFn<F>
where
    F: Fn(String, Vec<(String, String)>) -> R + Send + Sync,
    R: Future<Output = Result<Duplex, DialError>> + Send,
{
    async fn upgrade(&self, path: &str, headers: &[(String, String)]) -> Result<Duplex, DialError> {
        (self.0)(path.to_owned(), headers.to_vec()).await
    }
}
