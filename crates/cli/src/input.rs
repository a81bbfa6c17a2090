//! Standard input, read for one conversation.
//!
//! Invariant: nothing is read before or after the conversation: what is typed then stays for whoever reads next.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::os::fd::OwnedFd;
use tokio::sync::mpsc;

/// So many pieces may wait to be sent.
const PIECES: usize = 4;

const PIECE_BYTES: usize = 16 * 1024;

/// What is typed or piped in, piece by piece.
pub(crate) struct Input {
    pieces: mpsc::Receiver<Vec<u8>>,
    /// The end of it wakes up the thread that waits for input.
    _awake: Option<OwnedFd>,
}

impl Input {
    /// Begins to read, on a thread of its own, until this is dropped.
    pub(crate) fn read() -> Self {
        let (sender, pieces) = mpsc::channel(PIECES);
        // Without a pipe the thread ends with the program.
        let pipe = rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC);
        let (asleep, awake) = pipe.map_or((None, None), |(r, w)| (Some(r), Some(w)));
        std::thread::spawn(move || pass_on(asleep.as_ref(), &sender));
        Self { pieces, _awake: awake }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Vec<u8>> {
        self.pieces.recv().await
    }
}

fn pass_on(asleep: Option<&OwnedFd>, sender: &mpsc::Sender<Vec<u8>>) {
    let stdin = std::io::stdin();
    let mut buffer = vec![0; PIECE_BYTES];
    while is_wanted(&stdin, asleep) {
        // Not by way of the library's buffer, which would keep what is read too much.
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(length @ 1..) => {
                if sender.blocking_send(buffer[..length].to_vec()).is_err() {
                    return;
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            // A directory, a terminal that is gone: there is nothing to come.
            Ok(_) | Err(_) => return,
        }
    }
}

/// Waits until there is something to read; `false`: nobody wants it any more.
fn is_wanted(stdin: &std::io::Stdin, asleep: Option<&OwnedFd>) -> bool {
    let Some(asleep) = asleep else { return true };
    loop {
        let mut both = [PollFd::new(stdin, PollFlags::IN), PollFd::new(asleep, PollFlags::IN)];
        match poll(&mut both, None) {
            Ok(_) if !both[1].revents().is_empty() => return false,
            Ok(_) if !both[0].revents().is_empty() => return true,
            Ok(_) | Err(Errno::INTR) => {}
            // What can't be waited for is read as it is.
            Err(_) => return true,
        }
    }
}
