//! Forwards an ssh agent of the caller's machine into build steps.
//! Invariant: a build step can list keys and have things signed; every other request fails without reaching the agent.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::Ssh;
use bollard_buildkit_proto::moby::sshforward::v1::{
    BytesMessage, CheckAgentRequest, CheckAgentResponse,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

/// The id of `--mount=type=ssh` without an id.
const DEFAULT_ID: &str = "default";
/// The header by which the engine says which agent a stream is for.
const ID_HEADER: &str = "buildkit.ssh.id";
/// OpenSSH's own limit of an agent message.
const FRAME_MAX_BYTES: usize = 256 * 1024;
/// `SSH_AGENT_FAILURE` as a whole frame.
const FAILURE: [u8; 5] = [0, 0, 0, 1, 5];

/// Sockets of ssh agents by the id that mounts name.
pub(super) struct AgentSockets(pub(super) BTreeMap<String, PathBuf>);

impl AgentSockets {
    fn find(&self, id: &str) -> Result<&PathBuf, Status> {
        let id = if id.is_empty() { DEFAULT_ID } else { id };
        self.0.get(id).ok_or_else(|| Status::not_found(format!("no ssh agent {id:?}")))
    }
}

#[async_trait::async_trait]
impl Ssh for AgentSockets {
    async fn check_agent(
        &self,
        request: Request<CheckAgentRequest>,
    ) -> Result<Response<CheckAgentResponse>, Status> {
        self.find(&request.into_inner().id)?;
        Ok(Response::new(CheckAgentResponse {}))
    }

    type ForwardAgentStream = ReceiverStream<Result<BytesMessage, Status>>;

    async fn forward_agent(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::ForwardAgentStream>, Status> {
        let id = request.metadata().get(ID_HEADER).and_then(|id| id.to_str().ok());
        let socket = self.find(id.unwrap_or_default())?;
        let agent = UnixStream::connect(socket).await.map_err(|error| {
            Status::unavailable(format!("ssh agent at {}: {error}", socket.display()))
        })?;
        let (replies, receiver) = mpsc::channel(4);
        tokio::spawn(async move {
            if let Err(status) = relay(request.into_inner(), &replies, agent).await {
                // Fails only when the engine has gone, and then nobody wants to know.
                replies.send(Err(status)).await.ok();
            }
        });
        Ok(Response::new(ReceiverStream::new(receiver)))
    }
}

async fn relay(
    mut requests: Streaming<BytesMessage>,
    replies: &mpsc::Sender<Result<BytesMessage, Status>>,
    mut agent: UnixStream,
) -> Result<(), Status> {
    let mut pending = Vec::new();
    while let Some(message) = requests.message().await? {
        pending.extend_from_slice(&message.data);
        while let Some(frame) = take_frame(&mut pending)? {
            let data =
                if is_allowed(&frame) { ask(&mut agent, &frame).await? } else { FAILURE.to_vec() };
            if replies.send(Ok(BytesMessage { data })).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Cuts the first whole frame (length and payload) off the buffer, when there is one.
pub(super) fn take_frame(buffer: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let Some(header) = buffer.first_chunk::<4>() else { return Ok(None) };
    let end = 4 + frame_length(*header)?;
    if buffer.len() < end {
        return Ok(None);
    }
    let rest = buffer.split_off(end);
    Ok(Some(std::mem::replace(buffer, rest)))
}

fn frame_length(header: [u8; 4]) -> io::Result<usize> {
    let length = usize::try_from(u32::from_be_bytes(header)).unwrap_or(usize::MAX);
    if (1..=FRAME_MAX_BYTES).contains(&length) {
        Ok(length)
    } else {
        let message = format!("ssh agent message of {length} bytes");
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }
}

/// `SSH_AGENTC_REQUEST_IDENTITIES` and `SSH_AGENTC_SIGN_REQUEST`.
fn is_allowed(frame: &[u8]) -> bool {
    matches!(frame.get(4), Some(11 | 13))
}

async fn ask(agent: &mut UnixStream, frame: &[u8]) -> io::Result<Vec<u8>> {
    agent.write_all(frame).await?;
    let mut header = [0; 4];
    agent.read_exact(&mut header).await?;
    let mut reply = header.to_vec();
    reply.resize(4 + frame_length(header)?, 0);
    agent.read_exact(&mut reply[4..]).await?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_cut() {
        let mut buffer = vec![0, 0, 0, 1, 11, 0, 0, 0, 2, 13];
        assert_eq!(take_frame(&mut buffer).unwrap().unwrap(), [0, 0, 0, 1, 11]);
        assert_eq!(take_frame(&mut buffer).unwrap(), None);
        buffer.push(9);
        assert_eq!(take_frame(&mut buffer).unwrap().unwrap(), [0, 0, 0, 2, 13, 9]);
        assert!(buffer.is_empty());
        for bad in [[0, 0, 0, 0], [0xff; 4]] {
            assert!(take_frame(&mut bad.to_vec()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn only_listing_and_signing_is_allowed() {
        let allowed: Vec<u8> = (0..=255).filter(|kind| is_allowed(&[0, 0, 0, 1, *kind])).collect();
        assert_eq!(allowed, [11, 13]);
        assert!(!is_allowed(&[0, 0, 0, 1]));
    }
}
