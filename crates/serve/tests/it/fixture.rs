//! A server with a keeper that only counts, and a client that sends bytes.
//!
//! Invariant: nothing but this test can reach the server.

use async_trait::async_trait;
use futures_util::stream::{BoxStream, StreamExt as _};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use windlass_serve::{
    Access, Cancelled, Keeper, Kind, Leases, Limits, LogLine, LogRequest, Problem, Served, Server,
    What, Wish,
};

pub(crate) const TOKEN: &str = "the-token";

/// Counts what is made and given back.
#[derive(Default)]
pub(crate) struct Counter {
    pub(crate) started: AtomicUsize,
    pub(crate) stopped: AtomicUsize,
    pub(crate) cancelled: AtomicUsize,
    pub(crate) last: Mutex<Option<String>>,
    /// Whether a start waits until it is cancelled.
    pub(crate) is_slow: AtomicBool,
}

#[async_trait]
impl Keeper for Counter {
    async fn start(
        &self,
        lease: &str,
        wish: &Wish,
        says: &(dyn Fn(String) + Send + Sync),
        mut cancelled: Cancelled,
    ) -> Result<Served, Problem> {
        says("container db: start".to_owned());
        if wish.what == What::Container("bad".to_owned()) {
            let problem = Problem::new(Kind::Failed, "container bad: did not keep running");
            return Err(problem.with_hint("see its log"));
        }
        if self.is_slow.load(Ordering::SeqCst) {
            cancelled.wait().await;
            self.cancelled.fetch_add(1, Ordering::SeqCst);
            return Err(Problem::new(Kind::Unavailable, "nobody waits for it"));
        }
        self.started.fetch_add(1, Ordering::SeqCst);
        *self.last.lock().unwrap() = Some(lease.to_owned());
        Ok(Served {
            container: "00ff".into(),
            name: format!("p.db_run_{lease}"),
            ..Served::default()
        })
    }

    async fn stop(&self, _: &Served) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        self.stopped.fetch_add(1, Ordering::SeqCst);
    }

    async fn logs(
        &self,
        container: &str,
        request: LogRequest,
    ) -> Result<BoxStream<'static, LogLine>, Problem> {
        if container != "00ff" {
            return Err(Problem::new(Kind::NotFound, "the project has no such container"));
        }
        let line = format!("<b>tail {:?}</b>", request.tail);
        let line = LogLine { channel: "stdout", time: None, line };
        Ok(futures_util::stream::iter([line]).boxed())
    }

    async fn state(&self) -> Result<Value, Problem> {
        Ok(json!({"project": "p", "containers": [], "graph": []}))
    }

    async fn changes(&self) -> Result<BoxStream<'static, ()>, Problem> {
        Ok(futures_util::stream::pending().boxed())
    }
}

pub(crate) struct Fixture {
    pub(crate) keeper: Arc<Counter>,
    pub(crate) access: Arc<Access>,
    pub(crate) leases: Arc<Leases>,
    pub(crate) port: u16,
    stop: oneshot::Sender<()>,
    running: JoinHandle<()>,
}

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::with_limits(Limits::default()).await
    }

    pub(crate) async fn with_limits(limits: Limits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let keeper = Arc::new(Counter::default());
        let access = Arc::new(Access::new(TOKEN.to_owned(), address));
        let asked = Arc::clone(&keeper) as Arc<dyn Keeper>;
        let server = Server::new(listener, Arc::clone(&access), asked, limits);
        let leases = server.leases();
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(server.run(async {
            // Also when the fixture is dropped.
            let _ = stopped.await;
        }));
        Self { keeper, access, leases, port: address.port(), stop, running }
    }

    /// Ends the server, which must have given back all that it took.
    pub(crate) async fn end(self) {
        let _ = self.stop.send(());
        self.running.await.unwrap();
        let count = |counter: &AtomicUsize| counter.load(Ordering::SeqCst);
        assert_eq!(count(&self.keeper.started), count(&self.keeper.stopped));
        assert!(self.leases.all().is_empty());
    }

    pub(crate) async fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(("127.0.0.1", self.port)).await.unwrap())
    }

    /// The head of a request with the token.
    pub(crate) fn head(&self, first: &str, length: usize) -> String {
        format!(
            "{first} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
            self.port
        )
    }

    /// Sends bytes, and reads one reply whole.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Reply {
        let mut connection = self.connect().await;
        connection.get_mut().write_all(bytes).await.unwrap();
        let mut reply = head(&mut connection).await;
        if let Some(length) = reply.headers.get("content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            connection.read_exact(&mut body).await.unwrap();
            reply.body = String::from_utf8(body).unwrap();
        } else if reply.headers.contains_key("transfer-encoding") {
            while let Some(piece) = chunk(&mut connection).await {
                reply.body.push_str(&piece);
            }
        }
        reply
    }

    pub(crate) async fn ask(&self, first: &str, body: &str) -> Reply {
        self.raw(format!("{}{body}", self.head(first, body.len())).as_bytes()).await
    }

    /// A request with these headers and nothing else.
    pub(crate) async fn with(&self, first: &str, headers: &[&str]) -> Reply {
        self.raw(format!("{first} HTTP/1.1\r\n{}\r\n\r\n", headers.join("\r\n")).as_bytes()).await
    }

    pub(crate) async fn wait_until(&self, what: &str, is: impl Fn(&Counter) -> bool) {
        for _ in 0..500 {
            if is(&self.keeper) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("in vain: {what}");
    }
}

pub(crate) async fn head(connection: &mut BufReader<TcpStream>) -> Reply {
    let mut line = String::new();
    connection.read_line(&mut line).await.unwrap();
    let status = line.split(' ').nth(1).unwrap_or_else(|| panic!("no status: {line:?}"));
    let mut reply =
        Reply { status: status.parse().unwrap(), headers: BTreeMap::new(), body: String::new() };
    loop {
        let mut line = String::new();
        connection.read_line(&mut line).await.unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { return reply };
        reply.headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
}

/// The next piece of a body; `None` at its end.
pub(crate) async fn chunk(connection: &mut BufReader<TcpStream>) -> Option<String> {
    let mut line = String::new();
    connection.read_line(&mut line).await.unwrap();
    let length = usize::from_str_radix(line.trim_end(), 16).ok()?;
    let mut piece = vec![0; length + 2];
    connection.read_exact(&mut piece).await.unwrap();
    piece.truncate(length);
    (length > 0).then(|| String::from_utf8(piece).unwrap())
}
