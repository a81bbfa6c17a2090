//! `windlass logs`: what containers write.
//!
//! Invariant: the log of one container into a pipe is its bytes, unchanged.

use futures_util::future::{join_all, select_all, try_join_all};
use std::io::Write;
use std::sync::Arc;
use windlass::engine::Engine;
use windlass::engine::stream::{Channel, LogRequest};
use windlass::model::observed::ContainerSummary;

use crate::args::Logs;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::log_stream::{LogLine, LogStream};
use crate::moment;
use crate::render::escape::{self, Colours};
use crate::render::json;
use crate::render::style::{pad, width};
use crate::session::Session;
use crate::trouble::{Result, Trouble};

/// Colours of prefixes, in turn.
const PREFIX_COLOURS: [&str; 6] = ["36", "33", "32", "35", "34", "96"];

pub(super) fn run(invocation: &Invocation, args: &Logs) -> Result<Exit> {
    let since = args.since.as_deref().map(|text| since(text, invocation::now_s())).transpose()?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let containers = session.containers(&args.select.references).await?;
        if containers.is_empty() {
            invocation.console.warn("none of these containers is there");
            return Ok(Exit::Done);
        }
        let merge = !args.follow && containers.len() > 1;
        let is_one = containers.len() == 1 || args.no_prefix;
        let request = LogRequest {
            follow: args.follow,
            tail: args.tail,
            since,
            timestamps: args.timestamps || merge || invocation.console.is_json,
            ..LogRequest::default()
        };
        let names: Vec<_> = containers.iter().map(|(_, summary)| shown_name(summary)).collect();
        let streams = try_join_all(
            containers.iter().map(|(engine, summary)| open(engine, summary, &request)),
        )
        .await?;
        let mut writer = Writer::new(invocation, args, &names, is_one);
        if merge {
            by_time(streams, &mut writer).await
        } else {
            as_they_come(streams, &mut writer).await
        }
    })
}

fn since(text: &str, now_s: i64) -> Result<String> {
    moment::read(text, now_s).ok_or_else(|| {
        Trouble::usage(
            format!("`{text}` is not a moment"),
            "write 10m, 2h30m, 2026-01-31T12:00:00Z, or seconds since 1970",
        )
    })
}

fn shown_name(summary: &ContainerSummary) -> String {
    let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
    escape::line(address.map_or(&summary.name, |address| &address.name)).into_owned()
}

async fn open(
    engine: &Arc<dyn Engine>,
    summary: &ContainerSummary,
    request: &LogRequest,
) -> Result<LogStream> {
    let trouble = |error| Trouble::engine(format!("read the log of {}", summary.name), error);
    let details = engine.inspect_container(summary.id.as_str()).await.map_err(trouble)?;
    let request = LogRequest { tty: details.config.tty, ..request.clone() };
    let pieces = engine.logs(&summary.id, &request).await.map_err(trouble)?;
    Ok(LogStream::new(pieces, request.timestamps))
}

/// Lines of all logs in the order of their times.
async fn by_time(mut streams: Vec<LogStream>, writer: &mut Writer<'_>) -> Result<Exit> {
    let mut heads = Vec::new();
    for head in join_all(streams.iter_mut().map(LogStream::next)).await {
        heads.push(writer.check(head));
    }
    loop {
        let first = heads
            .iter()
            .enumerate()
            .filter_map(|(index, head)| Some((&head.as_ref()?.time, index)))
            .min();
        let Some((_, index)) = first else { return Ok(writer.exit) };
        if let Some(line) = heads[index].take()
            && !writer.write(index, &line)
        {
            return Ok(Exit::Done);
        }
        heads[index] = writer.check(streams[index].next().await);
    }
}

/// Lines of all logs as they come.
async fn as_they_come(streams: Vec<LogStream>, writer: &mut Writer<'_>) -> Result<Exit> {
    let step = |index: usize, mut stream: LogStream| {
        Box::pin(async move {
            let line = stream.next().await;
            (index, stream, line)
        })
    };
    let mut waiting: Vec<_> =
        streams.into_iter().enumerate().map(|(index, stream)| step(index, stream)).collect();
    while !waiting.is_empty() {
        let ((index, stream, line), _, others) = select_all(waiting).await;
        waiting = others;
        if line.is_some() {
            if let Some(line) = writer.check(line)
                && !writer.write(index, &line)
            {
                return Ok(Exit::Done);
            }
            waiting.push(step(index, stream));
        }
    }
    Ok(writer.exit)
}

/// Writes lines, with what stands before them.
struct Writer<'a> {
    invocation: &'a Invocation,
    names: &'a [String],
    prefixes: Vec<String>,
    with_times: bool,
    exit: Exit,
}

impl<'a> Writer<'a> {
    fn new(invocation: &'a Invocation, args: &Logs, names: &'a [String], is_one: bool) -> Self {
        let columns = names.iter().map(|name| width(name)).max().unwrap_or(0);
        let colour = invocation.console.stdout.colour;
        let prefix = |(index, name): (usize, &String)| {
            let code = PREFIX_COLOURS[index % PREFIX_COLOURS.len()];
            let name = pad(name, columns);
            match (is_one, colour) {
                (true, _) => String::new(),
                (false, true) => format!("\u{1b}[{code}m{name} |\u{1b}[0m "),
                (false, false) => format!("{name} | "),
            }
        };
        Self {
            invocation,
            names,
            prefixes: names.iter().enumerate().map(prefix).collect(),
            with_times: args.timestamps,
            exit: Exit::Done,
        }
    }

    /// The line; a log that can't be read any further is said, and the others go on.
    fn check(
        &mut self,
        line: Option<std::result::Result<LogLine, windlass::engine::EngineError>>,
    ) -> Option<LogLine> {
        match line? {
            Ok(line) => Some(line),
            Err(error) => {
                self.exit =
                    Trouble::engine("read on in a log", error).show(&self.invocation.console);
                None
            }
        }
    }

    /// Whether somebody still reads.
    fn write(&self, index: usize, line: &LogLine) -> bool {
        if self.invocation.console.is_json {
            return self.write_json(index, line);
        }
        // With names before the lines they are one result, wherever they were written.
        let to_stderr = line.channel == Channel::Stderr && self.prefixes[index].is_empty();
        let here = &self.invocation.environment;
        let is_terminal = if to_stderr { here.stderr_is_terminal } else { here.stdout_is_terminal };
        let mut out = self.prefixes[index].clone().into_bytes();
        if let (true, Some(time)) = (self.with_times, &line.time) {
            out.extend_from_slice(escape::line(time).as_bytes());
            out.push(b' ');
        }
        let whole = line.bytes.strip_suffix(b"\n");
        let body = whole.unwrap_or(&line.bytes);
        if is_terminal {
            let mut colours = Colours::default();
            let body = body.strip_suffix(b"\r").unwrap_or(body);
            out.extend_from_slice(colours.push(body).as_bytes());
            out.extend_from_slice(colours.finish().as_bytes());
        } else {
            out.extend_from_slice(body);
        }
        // Another container's line must not go on in this one.
        if whole.is_some() || !self.prefixes[index].is_empty() {
            out.push(b'\n');
        }
        if to_stderr {
            return std::io::stderr().write_all(&out).is_ok();
        }
        let mut stdout = std::io::stdout().lock();
        stdout.write_all(&out).and_then(|()| stdout.flush()).is_ok()
    }

    fn write_json(&self, index: usize, line: &LogLine) -> bool {
        let text = String::from_utf8_lossy(&line.bytes);
        let channel = match line.channel {
            Channel::Stdout => "stdout",
            Channel::Stderr => "stderr",
        };
        self.invocation.console.json(&json::object(
            "log",
            serde_json::json!({
                "container": self.names[index],
                "channel": channel,
                "time": line.time,
                "line": text.trim_end_matches(['\n', '\r']),
            }),
        ))
    }
}
