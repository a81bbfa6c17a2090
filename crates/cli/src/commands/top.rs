//! `windlass top`: the processes of containers.
//!
//! Invariant: a container that ended meanwhile is left out, not an error.

use futures_util::future::join_all;

use crate::args::Select;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::style::Role;
use crate::render::table::{Cell, table};
use crate::render::{escape, json};
use crate::session::Session;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Select) -> Result<Exit> {
    let console = &invocation.console;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let mut containers = session.containers(&args.references).await?;
        containers.retain(|(_, summary)| summary.state.is_up());
        if containers.is_empty() {
            console.warn("none of these containers runs");
        }
        let calls = containers.iter().map(|(engine, summary)| engine.top(&summary.id));
        for ((_, summary), result) in containers.iter().zip(join_all(calls).await) {
            let (titles, rows) = match result {
                Ok(processes) => processes,
                Err(error) if error.is_not_found() => continue,
                Err(error) => {
                    let doing = format!("see the processes of {}", summary.name);
                    return Err(Trouble::engine(doing, error));
                }
            };
            if console.is_json {
                let fields = serde_json::json!({
                    "container": summary.name, "titles": titles, "rows": rows,
                });
                console.json(&json::object("processes", fields));
                continue;
            }
            let name = escape::line(&summary.name);
            console.result(&format!("{}\n", console.stdout.paint(Role::Strong, &name)));
            let cell = |text: &String| Cell::from(escape::line(text).into_owned());
            let rows: Vec<Vec<Cell>> =
                rows.iter().map(|row| row.iter().map(cell).collect()).collect();
            let titles: Vec<_> = titles.iter().map(String::as_str).collect();
            console.result(&format!("{}\n", table(&titles, &rows, console.stdout)));
        }
        Ok(Exit::Done)
    })
}
