//! What a host says beside its answers: ssh, the shell there, commands of resources.
//!
//! Invariant: it is shown escaped; what is needed to say why something failed is kept.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::process::ChildStderr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::console::Console;
use crate::render::escape;

/// So many lines are kept.
const LINES: usize = 20;
/// A line is not longer than this; the rest of it is the next.
const LENGTH: u64 = 4096;
/// A connection that ssh shares with others may hold it open, so its end is not waited for longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// See the module.
pub(super) struct Complaints {
    kept: Arc<Mutex<VecDeque<String>>>,
    /// Whether they are shown as they come.
    shown: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Complaints {
    pub(super) fn listen(stderr: ChildStderr, console: &Console, is_shown: bool) -> Self {
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let shown = Arc::new(AtomicBool::new(is_shown));
        let (sender, ended) = channel();
        let (keeps, is_open) = (Arc::clone(&kept), Arc::clone(&shown));
        let console = console.clone();
        std::thread::spawn(move || {
            let mut from = BufReader::new(stderr);
            let mut line = Vec::new();
            while let Ok(1..) = from.by_ref().take(LENGTH).read_until(b'\n', &mut line) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                if is_open.load(Ordering::Relaxed) {
                    console.say(&format!("  {}\n", escape::line(&text)));
                }
                let mut kept = keeps.lock().unwrap_or_else(PoisonError::into_inner);
                if kept.len() == LINES {
                    kept.pop_front();
                }
                kept.push_back(text);
                line.clear();
            }
            // Nobody may wait for it.
            let _ = sender.send(());
        });
        Self { kept, shown, ended }
    }

    /// From here on they are shown; those before are forgotten.
    pub(super) fn show(&self) {
        self.shown.store(true, Ordering::Relaxed);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The last of them, once there are no more.
    pub(super) fn last(&self) -> Vec<String> {
        let _ = self.ended.recv_timeout(PATIENCE);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().filter(|line| !line.is_empty()).cloned().collect()
    }
}
