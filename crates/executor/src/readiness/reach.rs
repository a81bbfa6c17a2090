//! Asking a container from here, where its image has nothing to ask it with.
//!
//! Invariant: only a container of an engine on this machine is asked, by its own address: elsewhere the same address may be
//! somebody else's, and a published port is the engine's, which accepts for a container that does not listen.

use crate::failure;
use crate::lookup;
use crate::step::{Result, StepContext};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use windlass_model::endpoint::NetworkMode;
use windlass_model::name::ContainerId;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// The first line of an answer is not longer.
const STATUS_MAX_BYTES: usize = 1024;

/// Connects to a port; `None`, with the reason in `tried`, while that can't be done.
///
/// `lacks`: what the image has not, for the failure if it can't be reached from here at all.
async fn connect(
    ctx: StepContext<'_>,
    id: &ContainerId,
    port: u16,
    lacks: &str,
    tried: &mut Option<String>,
) -> Result<Option<TcpStream>> {
    let unreachable = |why: &str| failure::local(format!("{lacks}, and {why}"));
    if !ctx.engine.is_here() {
        return Err(unreachable(
            "from here only containers of an engine on this machine are reached",
        ));
    }
    let seen = lookup::until_answered(|| ctx.engine.inspect_container(id.as_str())).await;
    let Ok(seen) = seen else { return Ok(None) };
    let mut addresses: Vec<IpAddr> =
        seen.addresses.values().filter_map(|address| address.parse().ok()).collect();
    if seen.config.network_mode == NetworkMode::Host {
        addresses.push(Ipv4Addr::LOCALHOST.into());
    }
    if addresses.is_empty() {
        return Err(unreachable("it has no address in any network"));
    }
    for address in addresses {
        let to = SocketAddr::new(address, port);
        match timeout(PATIENCE, TcpStream::connect(to)).await {
            Ok(Ok(stream)) => return Ok(Some(stream)),
            Ok(Err(error)) => *tried = Some(format!("{to}: {error}")),
            Err(_) => *tried = Some(format!("{to} does not answer")),
        }
    }
    Ok(None)
}

/// Whether a port accepts a connection.
pub(super) async fn port_open(
    ctx: StepContext<'_>,
    id: &ContainerId,
    port: u16,
    tried: &mut Option<String>,
) -> Result<bool> {
    let lacks = "its image has no `cat`, with which its open ports are looked at";
    Ok(connect(ctx, id, port, lacks, tried).await?.is_some())
}

/// Whether a GET is answered with a status below 400.
pub(super) async fn http(
    ctx: StepContext<'_>,
    id: &ContainerId,
    port: u16,
    path: &str,
    tried: &mut Option<String>,
) -> Result<bool> {
    let lacks = "its image has neither wget nor curl, with which it could be asked";
    let Some(stream) = connect(ctx, id, port, lacks, tried).await? else { return Ok(false) };
    let answer = timeout(PATIENCE, status_line(stream, port, path)).await;
    let line = match answer {
        Ok(Ok(line)) => line,
        Ok(Err(error)) => {
            *tried = Some(error.to_string());
            return Ok(false);
        }
        Err(_) => {
            *tried = Some("it accepts the connection and does not answer".to_owned());
            return Ok(false);
        }
    };
    *tried = Some(format!("it answered {line:?}"));
    Ok(status(&line).is_some_and(|status| status < 400))
}

async fn status_line(mut stream: TcpStream, port: u16, path: &str) -> std::io::Result<String> {
    let path = path.trim_start_matches('/');
    let request =
        format!("GET /{path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let (mut answer, mut buffer) = (Vec::new(), [0; 256]);
    while answer.len() < STATUS_MAX_BYTES && !answer.contains(&b'\n') {
        match stream.read(&mut buffer).await? {
            0 => break,
            length => answer.extend_from_slice(&buffer[..length]),
        }
    }
    let text = String::from_utf8_lossy(&answer);
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

/// Of `HTTP/1.1 200 OK`.
fn status(line: &str) -> Option<u16> {
    let mut words = line.split_whitespace();
    words.next().filter(|version| version.starts_with("HTTP/"))?;
    words.next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_of_an_answer() {
        for (line, expected) in [
            ("HTTP/1.1 200 OK", Some(200)),
            ("HTTP/1.0 503", Some(503)),
            ("SSH-2.0-OpenSSH 200", None),
            ("HTTP/1.1", None),
            ("", None),
        ] {
            assert_eq!(status(line), expected, "{line}");
        }
    }
}
