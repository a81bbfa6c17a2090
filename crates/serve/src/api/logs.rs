//! Logs: a JSON object for each line.
//!
//! Invariant: whoever reads slowly holds up nobody but themselves.

use bytes::Bytes;
use futures_util::StreamExt as _;
use serde_json::json;

use crate::keeper::{Keeper, LogRequest};
use crate::problem::{Kind, Problem};
use crate::reply::{self, Reply};

pub(crate) async fn logs(
    keeper: &dyn Keeper,
    container: &str,
    query: &str,
) -> Result<Reply, Problem> {
    let lines = keeper.logs(container, request(query)?).await?;
    let lines = lines.map(|line| {
        let line = json!({"channel": line.channel, "time": line.time, "line": line.line});
        Bytes::from(format!("{line}\n"))
    });
    Ok(reply::stream("application/x-ndjson", lines.boxed()))
}

fn request(query: &str) -> Result<LogRequest, Problem> {
    let mut request = LogRequest::default();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=').unwrap_or((pair, "")) {
            ("follow", "true" | "1") => request.follow = true,
            ("follow", "false" | "0") => request.follow = false,
            ("tail", "all") => request.tail = None,
            ("tail", number) if number.parse::<u64>().is_ok() => request.tail = number.parse().ok(),
            _ => {
                let problem = Problem::new(Kind::BadRequest, "the query can't be read");
                return Err(problem.with_hint("such as ?follow=true&tail=100"));
            }
        }
    }
    Ok(request)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_part() {
        let read = |query: &str| request(query).ok().map(|read| (read.follow, read.tail));
        for (query, expected) in [
            ("", Some((false, None))),
            ("follow=true&tail=3", Some((true, Some(3)))),
            ("follow=0&tail=all", Some((false, None))),
            ("follow=yes", None),
            ("tail=-1", None),
            ("tial=3", None),
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
    }
}
