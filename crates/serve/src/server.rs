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
use crate::limits::Limits;
use crate::paced::{Paced, hung_up};
use crate::router::{self, App};
use crate::states::States;

/// How long the head of a request may take, and how long a connection may be without one.
const HEAD_WITHIN: Duration = Duration::from_secs(20);

/// The most bytes of a request's head that are read: what is more than [`router`] takes is told so as far as this.
const HEAD_BYTES: usize = 256 * 1024;

/// The most headers that are read.
const HEADERS: usize = 1000;

/// How long replies may take to be sent after the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A busy reply costs no request's time.
const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nconnection: close\r\n\
     content-length: 110\r\n\r\n";

/// The server.
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
    limits: Limits,
}

impl Server {
    pub fn new(
        listener: TcpListener,
        access: Arc<Access>,
        keeper: Arc<dyn Keeper>,
        limits: Limits,
    ) -> Self {
        let leases = Leases::new(Arc::clone(&keeper));
        let states = States::new(Arc::clone(&keeper), Arc::clone(&leases));
        Self { listener, app: Arc::new(App { access, keeper, leases, states }), limits }
    }

    /// Its leases.
    pub fn leases(&self) -> Arc<Leases> {
        Arc::clone(&self.app.leases)
    }

    /// Serves until it is to stop, then ends all leases.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let Self { listener, app, limits } = self;
        let places = usize::try_from(limits.connections).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        let (end, ends) = watch::channel(false);
        tokio::select! {
            () = accept(listener, &app, (&places, limits), ends) => {}
            () = stop => {}
        }
        app.leases.close().await;
        end.send_replace(true);
        // Whoever does not read the rest is not waited for.
        let _ = timeout(LAST_WORDS, places.acquire_many(limits.connections)).await;
    }
}

async fn accept(
    listener: TcpListener,
    app: &Arc<App>,
    (places, limits): (&Arc<Semaphore>, Limits),
    ends: watch::Receiver<bool>,
) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Such as too many open files: some will be closed.
            sleep(Duration::from_millis(50)).await;
            continue;
        };
        match Arc::clone(places).try_acquire_owned() {
            Ok(place) => {
                let (app, ends) = (Arc::clone(app), ends.clone());
                drop(tokio::spawn(talk(stream, app, limits, ends, place)));
            }
            Err(_) => drop(tokio::spawn(turn_away(stream))),
        }
    }
}

async fn talk(
    stream: TcpStream,
    app: Arc<App>,
    limits: Limits,
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
    let stream = Arc::new(stream);
    let paced = Paced::new(Arc::clone(&stream), limits.write_within);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(paced), service));
    // What goes wrong with a connection is its client's to see.
    tokio::select! {
        biased;
        _ = connection.as_mut() => return,
        () = hung_up(&stream) => return,
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
