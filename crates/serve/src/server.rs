//! The server: connections, their limits, and its end.
//!
//! Invariant: when it returns after a stop, no lease is left.

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::access::Access;
use crate::keeper::Keeper;
use crate::leases::Leases;
use crate::router::{self, App};
use crate::states::States;

/// Connections at once, at most.
const MOST_CONNECTIONS: usize = 1024;

/// How long the head of a request may take, and how long a connection may be without one.
const HEAD_WITHIN: Duration = Duration::from_secs(20);

/// The most bytes that the head of a request may have.
const HEAD_BYTES: usize = 32 * 1024;

/// The most headers that it may have.
const HEADERS: usize = 64;

/// How long replies may take to be sent after the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A busy reply costs no request's time.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n\
     content-length: 110\r\n\r\n";

/// The server.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
}

impl Server {
    pub fn new(listener: TcpListener, access: Arc<Access>, keeper: Arc<dyn Keeper>) -> Self {
        let leases = Leases::new(Arc::clone(&keeper));
        let states = States::new(Arc::clone(&keeper), Arc::clone(&leases));
        Self { listener, app: Arc::new(App { access, keeper, leases, states }) }
    }

    /// Its leases.
    pub fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.app.leases)
    }

    /// Serves until it is to stop, then ends all leases.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listener, app } = self;
        let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
        let (end, ends) = watch::channel(false);
        tokio::select! {
            () = accept(listener, &app, &places, ends) => {}
            () = stop => {}
        }
        app.leases.close().await;
        end.send_replace(true);
        let all = u32::try_from(MOST_CONNECTIONS).unwrap_or(u32::MAX);
        // Whoever does not read the rest is not waited for.
        let _ = timeout(LAST_WORDS, places.acquire_many(all)).await;
    }
}

async fn accept(
    listener: TcpListener,
    app: &Arc<App>,
    places: &Arc<Semaphore>,
    ends: watch::Receiver<bool>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Such as too many open files: some will be closed.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        match Arc::clone(places).try_acquire_owned() {
            Ok(place) => drop(tokio::spawn(talk(stream, Arc::clone(app), ends.clone(), place))),
            Err(_) => drop(tokio::spawn(turn_away(stream))),
        }
    }
}

async fn talk(
    stream: TcpStream,
    app: Arc<App>,
    mut ends: watch::Receiver<bool>,
    _place: OwnedSemaphorePermit,
) {
    // Small pieces are sent at once.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let app = Arc::clone(&app);
        async move { Ok::<_, Infallible>(router::answer(&app, request).await) }
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    http.max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    // What goes wrong with a connection is its client's to see.
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = ends.wait_for(|end| *end) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}

async fn turn_away(mut stream: TcpStream) {
    let body = format!(
        "{:<109}\n",
        "{\"error\": {\"code\": \"unavailable\", \"message\": \"there are too many connections\", \"hint\": null}}"
    );
    let text = format!("{BUSY}{body}");
    let _ = timeout(LAST_WORDS, stream.write_all(text.as_bytes())).await;
}
