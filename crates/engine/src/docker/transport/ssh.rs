//! An engine behind ssh: the system's own ssh client runs `docker system dial-stdio` over there.
//!
//! Invariant: nothing that a URL holds can become an ssh option or a word of the remote shell.

use std::io;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;

use super::DialError;
use crate::docker::address::SshTarget;
use crate::docker::deadline::{self, keepalive};

/// How much of what ssh complains about is kept.
const COMPLAINT_LIMIT: usize = 8 * 1024;
/// A background master may hold stderr open, so its end is not waited for longer than this.
const COMPLAINT_WAIT: Duration = Duration::from_secs(1);

/// ssh ended before the engine behind it said a word.
#[derive(Debug, thiserror::Error)]
#[error("ssh to {host} failed: {complaint}")]
pub(crate) struct SshFailed {
    host: String,
    complaint: String,
}

/// Starts one ssh process for each connection; all share one authenticated ssh connection
/// through a control socket in a folder that only this user can enter.
#[derive(Debug)]
pub(crate) struct SshDialer {
    target: SshTarget,
    control: TempDir,
}

impl SshDialer {
    pub(crate) fn open(target: SshTarget) -> Result<Self, DialError> {
        let control =
            private_folder(&target).map_err(|source| DialError::ControlFolder { source })?;
        Ok(Self { target, control })
    }

    pub(crate) fn dial(&self) -> Result<SshChannel, DialError> {
        let mut child = self.command().spawn().map_err(|source| DialError::Spawn {
            program: self.target.program.display().to_string(),
            source,
        })?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("invariant: all three streams were asked for as pipes");
        };
        let complaint = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::spawn(listen(stderr, Arc::clone(&complaint)));
        Ok(SshChannel {
            host: self.target.host.clone(),
            child,
            stdin: Some(stdin),
            stdout,
            answered: false,
            complaint,
            listener: Some(listener),
            ending: None,
        })
    }

    pub(crate) fn address(&self) -> String {
        self.target.to_string()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.target.program);
        command.args(self.arguments());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.kill_on_drop(true);
        command
    }

    fn arguments(&self) -> Vec<String> {
        let SshTarget { program: _, user, host, port, socket, control_parent: _ } = &self.target;
        let control = format!("ControlPath={}/%C", self.control.path().display());
        let timeout = format!("ConnectTimeout={}", deadline::PING_SSH.as_secs());
        let alive = format!("ServerAliveInterval={}", keepalive::INTERVAL.as_secs());
        let alive_count = format!("ServerAliveCountMax={}", keepalive::PROBES);
        let mut arguments: Vec<String> = ["-T", "-a", "-x", "-e", "none"].map(str::to_owned).into();
        for option in [
            "BatchMode=yes",
            timeout.as_str(),
            alive.as_str(),
            alive_count.as_str(),
            "ControlMaster=auto",
            "ControlPersist=15",
            control.as_str(),
        ] {
            arguments.extend(["-o".to_owned(), option.to_owned()]);
        }
        if let Some(user) = user {
            arguments.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(port) = port {
            arguments.extend(["-p".to_owned(), port.to_string()]);
        }
        arguments.extend(["--".to_owned(), host.clone(), "docker".to_owned()]);
        if let Some(socket) = socket {
            arguments.extend(["--host".to_owned(), quote(&format!("unix://{socket}"))]);
        }
        arguments.extend(["system", "dial-stdio"].map(str::to_owned));
        arguments
    }
}

/// A folder with mode 0700 whose path is short enough for a socket in it (about 100 bytes).
fn private_folder(target: &SshTarget) -> io::Result<TempDir> {
    use std::os::unix::fs::PermissionsExt as _;
    let mut builder = tempfile::Builder::new();
    builder.prefix("windlass-").permissions(std::fs::Permissions::from_mode(0o700));
    builder.tempdir_in(&target.control_parent)
}

/// Quotes a word for the remote shell, because ssh joins its arguments with blanks.
fn quote(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

async fn listen(mut stderr: ChildStderr, complaint: Arc<Mutex<Vec<u8>>>) {
    let mut chunk = [0; 1024];
    // Read to the end even when enough is kept: a full pipe would stop ssh.
    while let Ok(count @ 1..) = stderr.read(&mut chunk).await {
        let mut kept = complaint.lock().unwrap_or_else(PoisonError::into_inner);
        let room = COMPLAINT_LIMIT.saturating_sub(kept.len());
        kept.extend_from_slice(&chunk[..count.min(room)]);
    }
}

/// One channel to the engine: the stdin and stdout of an ssh process.
pub(crate) struct SshChannel {
    host: String,
    /// Killed when the channel is dropped.
    #[expect(dead_code, reason = "held for its drop, which ends the process")]
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: ChildStdout,
    answered: bool,
    complaint: Arc<Mutex<Vec<u8>>>,
    listener: Option<JoinHandle<()>>,
    /// Waits, for a while, until all that ssh complains about has been heard.
    ending: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl SshChannel {
    /// An end of file before any byte means that ssh itself failed; say what it said.
    fn poll_failure(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        if let Some(listener) = self.listener.take() {
            self.ending = Some(Box::pin(async move {
                let _ = tokio::time::timeout(COMPLAINT_WAIT, listener).await;
            }));
        }
        if let Some(ending) = &mut self.ending {
            ready!(ending.as_mut().poll(context));
            self.ending = None;
        }
        let kept = self.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&kept).trim().to_owned();
        let complaint = if text.is_empty() { "it ended without a word".to_owned() } else { text };
        let failure = SshFailed { host: self.host.clone(), complaint };
        Poll::Ready(io::Error::new(io::ErrorKind::ConnectionAborted, failure))
    }
}

impl AsyncRead for SshChannel {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        ready!(Pin::new(&mut this.stdout).poll_read(context, buffer))?;
        if buffer.filled().len() > before {
            this.answered = true;
        } else if !this.answered {
            return this.poll_failure(context).map(Err);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SshChannel {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let Some(stdin) = &mut this.stdin else {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        };
        match ready!(Pin::new(stdin).poll_write(context, bytes)) {
            // It ended before it read a word: what it said tells more than this does.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && !this.answered => {
                this.poll_failure(context).map(Err)
            }
            result => Poll::Ready(result),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stdin {
            Some(stdin) => Pin::new(stdin).poll_flush(context),
            None => Poll::Ready(Ok(())),
        }
    }

    /// Closes the process's stdin, which `dial-stdio` passes on as the end of our half.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(stdin) = &mut this.stdin {
            ready!(Pin::new(stdin).poll_shutdown(context))?;
            this.stdin = None;
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn dialer(target: &str) -> SshDialer {
        let crate::docker::address::EngineAddress::Ssh(target) = target.parse().unwrap() else {
            panic!("{target} is not ssh");
        };
        SshDialer::open(target).unwrap()
    }

    #[test]
    fn the_command_line_holds_no_word_of_the_url_where_an_option_could_be() {
        let table = [
            ("ssh://box", "-- box docker system dial-stdio"),
            ("ssh://me@box:2222", "-l me -p 2222 -- box docker system dial-stdio"),
            ("ssh://[::1]:22", "-p 22 -- ::1 docker system dial-stdio"),
            (
                "ssh://box/run/it's.sock",
                r"-- box docker --host 'unix:///run/it'\''s.sock' system dial-stdio",
            ),
        ];
        for (url, tail) in table {
            let line = dialer(url).arguments().join(" ");
            assert!(line.ends_with(tail), "{url}: {line}");
            assert!(line.contains("-o BatchMode=yes"), "{line}");
            assert!(line.contains("-o ControlMaster=auto"), "{line}");
        }
    }

    #[test]
    fn the_control_folder_is_private_and_goes_away() {
        use std::os::unix::fs::PermissionsExt as _;
        let dialer = dialer("ssh://box");
        let path: PathBuf = dialer.control.path().to_owned();
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        drop(dialer);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn what_ssh_complains_about_is_in_the_error() {
        let mut dialer = dialer("ssh://box");
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("ssh");
        std::fs::write(&program, "#!/bin/sh\necho 'Host key verification failed.' >&2\nexit 255\n")
            .unwrap();
        std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
        dialer.target.program = program;
        let mut channel = dialer.dial().unwrap();
        let error = channel.read_u8().await.unwrap_err();
        assert_eq!(error.to_string(), "ssh to box failed: Host key verification failed.");
    }
}
