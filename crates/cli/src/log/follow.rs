//! Following logs: those of containers that run, and of those that start later.
//!
//! Invariant: a container that is started again, or made anew, is followed on from its start; no
//! line is shown twice.

use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{BoxStream, FuturesUnordered, select_all};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;
use windlass::engine::stream::{EngineEvent, EventRequest, LogRequest};
use windlass::engine::{Engine, EngineError};
use windlass::model::label::{Owner, PROJECT};
use windlass::model::{Address, ContainerId};

use crate::exit::Exit;
use crate::log::stream::{LogLine, LogStream};
use crate::log::writer::LogWriter;
use crate::session::Session;
use crate::trouble::{Result, Trouble};

/// When nothing runs any more, how long a container may take to come back: it is being recreated
/// or restarted.
const GRACE: Duration = Duration::from_secs(2);

/// A log that is followed.
pub(crate) struct Log {
    pub(crate) id: ContainerId,
    /// The writer's number of it.
    pub(crate) number: usize,
    pub(crate) stream: LogStream,
}

type NextLine = BoxFuture<'static, (Log, Option<std::result::Result<LogLine, EngineError>>)>;

/// Opens the log of a container.
pub(crate) async fn open(
    engine: &Arc<dyn Engine>,
    id: &ContainerId,
    name: &str,
    request: &LogRequest,
) -> Result<LogStream> {
    let trouble = |error| Trouble::engine(format!("read the log of {name}"), error);
    let details = engine.inspect_container(id.as_str()).await.map_err(trouble)?;
    let request = LogRequest { tty: details.config.tty, ..request.clone() };
    let pieces = engine.logs(id, &request).await.map_err(trouble)?;
    Ok(LogStream::new(pieces, request.timestamps))
}

/// A container that was started.
struct Start {
    engine: Arc<dyn Engine>,
    id: ContainerId,
    address: Address,
    time_ns: i64,
}

/// Writes lines as they come, until nothing runs any more or nobody reads. `wanted`: only these.
pub(crate) async fn follow(
    session: &Session,
    wanted: Option<&BTreeSet<Address>>,
    request: &LogRequest,
    logs: Vec<Log>,
    writer: &mut LogWriter<'_>,
) -> Result<Exit> {
    let mut starts = starts(session).await?;
    let mut open: BTreeSet<ContainerId> = logs.iter().map(|log| log.id.clone()).collect();
    // Started again before the end of its log was seen.
    let mut again: BTreeMap<ContainerId, Start> = BTreeMap::new();
    let mut lines: FuturesUnordered<NextLine> = logs.into_iter().map(next_line).collect();
    loop {
        let start = tokio::select! {
            Some((log, line)) = lines.next() => {
                if line.is_none() {
                    open.remove(&log.id);
                    again.remove(&log.id)
                } else {
                    if let Some(line) = writer.check(line)
                        && !writer.write(log.number, &line)
                    {
                        return Ok(Exit::Done);
                    }
                    lines.push(next_line(log));
                    None
                }
            }
            Some(start) = starts.next() => Some(start),
            () = tokio::time::sleep(GRACE), if lines.is_empty() => return Ok(writer.exit),
        };
        let Some(start) = start else { continue };
        if wanted.is_some_and(|wanted| !wanted.contains(&start.address)) {
            continue;
        }
        if open.contains(&start.id) {
            again.insert(start.id.clone(), start);
        } else if let Some(log) = resume(&start, request, writer).await {
            open.insert(log.id.clone());
            lines.push(next_line(log));
        }
    }
}

fn next_line(mut log: Log) -> NextLine {
    Box::pin(async move {
        let line = log.stream.next().await;
        (log, line)
    })
}

/// The log from the start on; `None` if the container is gone already.
async fn resume(start: &Start, request: &LogRequest, writer: &mut LogWriter<'_>) -> Option<Log> {
    let since = format!("{}.{:09}", start.time_ns / 1_000_000_000, start.time_ns % 1_000_000_000);
    let request = LogRequest { since: Some(since), tail: None, ..request.clone() };
    let stream = open(&start.engine, &start.id, &start.address.name, &request).await.ok()?;
    let number = writer.number(&start.address.name);
    Some(Log { id: start.id.clone(), number, stream })
}

/// The starts of the project's containers from now on, on every engine.
async fn starts(session: &Session) -> Result<BoxStream<'static, Start>> {
    let label = format!("{PROJECT}={}", session.project.name);
    let request = EventRequest { labels: vec![label], ..EventRequest::default() };
    let mut streams = Vec::new();
    for engine in session.engines.values() {
        let events = engine.events(&request).await;
        let events = events.map_err(|error| Trouble::engine("hear of new containers", error))?;
        let engine = Arc::clone(engine);
        let starts = events.filter_map(move |event| {
            let start = event.ok().and_then(|event| start(&engine, &event));
            std::future::ready(start)
        });
        streams.push(starts.boxed());
    }
    Ok(select_all(streams).boxed())
}

fn start(engine: &Arc<dyn Engine>, event: &EngineEvent) -> Option<Start> {
    let id = event.container().filter(|_| event.action == "start")?;
    let address = Owner::read(engine.name(), &event.attributes)?.address?;
    Some(Start { engine: Arc::clone(engine), id, address, time_ns: event.time_ns })
}
