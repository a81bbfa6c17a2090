//! One look at a condition of `wait`.
//!
//! Invariant: a condition that can't be looked at is a failure; one that does not hold is not.

use super::reach;
use crate::failure;
use crate::lookup;
use crate::ops::exec::{self, Output};
use crate::step::{Result, StepContext};
use futures_util::StreamExt as _;
use std::io::Read as _;
use windlass_engine::stream::ExecRequest;
use windlass_model::name::ContainerId;
use windlass_model::wait::WaitCondition;

/// More than this of a file is not read.
pub(crate) const FILE_LIMIT: usize = 1024 * 1024;
/// More characters of a command's last line are not told.
const LINE_LIMIT: usize = 200;
/// The state LISTEN in `/proc/net/tcp`.
const LISTEN: &str = "0A";

/// `tried` becomes what was found, or what a command or the request for a page came to.
pub(super) async fn holds(
    ctx: StepContext<'_>,
    id: &ContainerId,
    condition: &WaitCondition,
    tried: &mut Option<String>,
) -> Result<bool> {
    match condition {
        WaitCondition::FileExists(path) => {
            let tar = read(ctx, id, path).await?;
            *tried = None;
            Ok(tar.is_some())
        }
        WaitCondition::FileValue { path, value } => {
            let tar = read(ctx, id, path).await?;
            let contents = tar.and_then(|tar| first_file(&tar));
            *tried = Some(found(contents.as_deref()));
            let contents = contents.unwrap_or_default();
            let text = contents.strip_suffix(b"\n").unwrap_or(&contents);
            Ok(text == value.as_bytes())
        }
        WaitCondition::PortOpen(port) => port_open(ctx, id, *port, tried).await,
        WaitCondition::Http { port, path } => http(ctx, id, *port, path, tried).await,
        WaitCondition::Command(argv) => {
            tried.get_or_insert_with(|| format!("{} did not end", program(argv)));
            let Some(output) = command(ctx, id, argv).await? else { return Ok(false) };
            *tried = Some(outcome(argv, &output));
            Ok(output.code == 0)
        }
        // Followed, not looked at.
        WaitCondition::Log(_) => Ok(true),
    }
}

/// The beginning of a file's tar; `None` if it is not there.
async fn read(ctx: StepContext<'_>, id: &ContainerId, path: &str) -> Result<Option<Vec<u8>>> {
    let mut stream = match ctx.engine.get_archive(id, path).await {
        Ok(stream) => stream,
        Err(error) if error.is_not_found() || lookup::is_silent(&error.fault) => return Ok(None),
        Err(error) => return Err(failure::from_engine(error)),
    };
    let mut bytes = Vec::new();
    while let Some(Ok(piece)) = stream.next().await {
        bytes.extend_from_slice(&piece);
        if bytes.len() > FILE_LIMIT {
            break;
        }
    }
    Ok(Some(bytes))
}

/// What a file has instead of what is waited for. Not the text itself: it may be a secret.
fn found(contents: Option<&[u8]>) -> String {
    match contents {
        None => "there is no such file".to_owned(),
        Some(&[]) => "the file is empty".to_owned(),
        Some(other) => format!("the file has something else, of {} bytes", other.len()),
    }
}

pub(crate) fn first_file(tar: &[u8]) -> Option<Vec<u8>> {
    let mut archive = tar::Archive::new(tar);
    let mut contents = Vec::new();
    // A sparse file is as large as its header says, however few bytes are there.
    let limit = u64::try_from(FILE_LIMIT).unwrap_or(u64::MAX);
    archive.entries().ok()?.next()?.ok()?.take(limit).read_to_end(&mut contents).ok()?;
    Some(contents)
}

/// Reads the container's own table of sockets: a connection from outside would reach the engine's
/// proxy, which accepts for a container that does not listen.
async fn port_open(
    ctx: StepContext<'_>,
    id: &ContainerId,
    port: u16,
    tried: &mut Option<String>,
) -> Result<bool> {
    let argv = ["cat", "/proc/net/tcp", "/proc/net/tcp6"].map(str::to_owned);
    match command(ctx, id, &argv).await? {
        None => Ok(false),
        Some(output) if output.is_missing_program() => reach::port_open(ctx, id, port, tried).await,
        Some(output) => {
            *tried = Some("nothing listens there".to_owned());
            Ok(listens(&output.lines, port))
        }
    }
}

pub(crate) fn listens(lines: &[String], port: u16) -> bool {
    lines.iter().any(|line| {
        let mut words = line.split_whitespace().skip(1);
        let local = words.next().and_then(|address| address.rsplit_once(':'));
        let is_port = local.is_some_and(|(_, hex)| u16::from_str_radix(hex, 16) == Ok(port));
        is_port && words.nth(1) == Some(LISTEN)
    })
}

/// Above this are the codes of programs that a signal ended.
const CRASHED: i64 = 128;

async fn http(
    ctx: StepContext<'_>,
    id: &ContainerId,
    port: u16,
    path: &str,
    tried: &mut Option<String>,
) -> Result<bool> {
    let url = format!("http://127.0.0.1:{port}/{}", path.trim_start_matches('/'));
    let programs: [&[&str]; 3] = [
        &["wget", "-q", "-O", "/dev/null", "-T", "5", &url],
        &["curl", "-fsSL", "-o", "/dev/null", "--max-time", "5", &url],
        &["busybox", "wget", "-q", "-O", "/dev/null", "-T", "5", &url],
    ];
    for words in programs {
        let argv: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        match command(ctx, id, &argv).await? {
            None => return Ok(false),
            // One that crashes says nothing of the page.
            Some(output) if output.is_missing_program() || output.code > CRASHED => {}
            Some(output) => {
                *tried = Some(outcome(&argv, &output) + silent_wget(&argv, &output));
                return Ok(output.code == 0);
            }
        }
    }
    reach::http(ctx, id, port, path, tried).await
}

/// What GNU wget means, which says nothing when it is quiet.
fn silent_wget(argv: &[String], output: &Output) -> &'static str {
    match (program(argv), output.code) {
        ("wget", 4) if output.lines.is_empty() => ": there was no connection",
        ("wget", 8) if output.lines.is_empty() => ": the answer was an error",
        _ => "",
    }
}

fn program(argv: &[String]) -> &str {
    argv.first().map_or("it", String::as_str)
}

/// How a command ended, with the last line that it said, on one line.
fn outcome(argv: &[String], output: &Output) -> String {
    let ended = format!("{} ended with exit code {}", program(argv), output.code);
    match output.lines.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty()) {
        Some(line) => format!("{ended}: {}", line.chars().take(LINE_LIMIT).collect::<String>()),
        None => ended,
    }
}

/// `None` while the engine does not answer.
async fn command(
    ctx: StepContext<'_>,
    id: &ContainerId,
    argv: &[String],
) -> Result<Option<Output>> {
    let request = ExecRequest { argv: argv.to_vec(), ..ExecRequest::default() };
    match exec::capture(ctx.engine.as_ref(), id, &request, &mut |_| ()).await {
        Ok(output) => Ok(Some(output)),
        Err(error) if lookup::is_silent(&error.fault) => Ok(None),
        Err(error) => Err(failure::from_engine(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_port_is_found_in_the_table_of_sockets() {
        let table = [
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid",
            "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0",
            "   1: 0100007F:0050 0100007F:A2B4 01 00000000:00000000 00:00000000 00000000     0",
            "   0: 00000000000000000000000000000000:01BB 00000000000000000000000000000000:0000 0A",
        ];
        let lines: Vec<String> = table.map(str::to_owned).into();
        for (port, expected) in [(8080, true), (80, false), (443, true), (22, false)] {
            assert_eq!(listens(&lines, port), expected, "{port}");
        }
    }

    #[test]
    fn what_a_command_came_to_is_told_on_one_line() {
        for (program, code, lines, expected) in [
            (
                "pg_isready",
                2,
                &["a", "no response ", ""][..],
                "pg_isready ended with exit code 2: no response",
            ),
            ("pg_isready", 2, &[], "pg_isready ended with exit code 2"),
            ("wget", 1, &["wget: refused"], "wget ended with exit code 1: wget: refused"),
            ("wget", 4, &[], "wget ended with exit code 4: there was no connection"),
            ("wget", 8, &[], "wget ended with exit code 8: the answer was an error"),
        ] {
            let argv = [program.to_owned(), "http://127.0.0.1:80/".to_owned()];
            let lines = lines.iter().map(|line| (*line).to_owned()).collect();
            let output = Output { code, lines };
            assert_eq!(outcome(&argv, &output) + silent_wget(&argv, &output), expected);
        }
    }
}
