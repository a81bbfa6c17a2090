//! `windlass logs`: what containers write.
//!
//! Invariant: only reads what engines keep, so a reader that is slow never holds up a container.

use futures_util::future::{join_all, try_join_all};
use std::collections::BTreeSet;
use windlass::engine::stream::LogRequest;

use crate::args::Logs;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::log::follow::{Log, follow, open};
use crate::log::moment;
use crate::log::writer::LogWriter;
use crate::select;
use crate::session::{self, Session};
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Logs) -> Result<Exit> {
    let since = args.since.as_deref().map(|text| since(text, invocation::now_s())).transpose()?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let containers = session.containers(&args.select.references).await?;
        if containers.is_empty() {
            invocation.console.warn("none of these containers is there");
            return Ok(Exit::Done);
        }
        let selected = select::containers(&session.project, &args.select.references)?;
        let names: BTreeSet<&str> = selected
            .iter()
            .map(|address| address.name.as_str())
            .chain(containers.iter().map(|(_, summary)| session::name(summary)))
            .collect();
        // What is followed may become more.
        let most = if args.follow { names.len() } else { containers.len() };
        let request = LogRequest {
            follow: args.follow,
            tail: args.tail.and_then(|tail| tail.0),
            since,
            timestamps: args.timestamps || (!args.follow && most > 1) || invocation.console.is_json,
            ..LogRequest::default()
        };
        let mut writer = LogWriter::new(invocation, most > 1 && !args.no_prefix, args.timestamps);
        writer.expect(names);
        let opened = containers
            .iter()
            .map(|(engine, summary)| open(engine, &summary.id, session::name(summary), &request));
        let logs = containers.iter().zip(try_join_all(opened).await?);
        let logs: Vec<Log> = logs
            .map(|((_, summary), stream)| {
                let number = writer.number(session::name(summary));
                Log { id: summary.id.clone(), number, stream }
            })
            .collect();
        if args.follow {
            let wanted = (!args.select.references.is_empty()).then_some(&selected);
            follow(&session, wanted, &request, logs, &mut writer).await
        } else {
            Ok(by_time(logs, &mut writer).await)
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

/// Lines of all logs in the order of their times.
async fn by_time(mut logs: Vec<Log>, writer: &mut LogWriter<'_>) -> Exit {
    let mut heads = Vec::new();
    for head in join_all(logs.iter_mut().map(|log| log.stream.next())).await {
        heads.push(writer.check(head));
    }
    loop {
        let first = heads
            .iter()
            .enumerate()
            .filter_map(|(index, head)| Some((&head.as_ref()?.time, index)))
            .min();
        let Some((_, index)) = first else { return writer.exit };
        if let Some(line) = heads[index].take()
            && !writer.write(logs[index].number, &line)
        {
            return Exit::Done;
        }
        heads[index] = writer.check(logs[index].stream.next().await);
    }
}
