//! A real terminal: the program on a pseudo-terminal of its own, what it shows, and keys that are typed.
//!
//! Invariant: the program has a controlling terminal, as in a window, so that keys become signals and sizes are told.

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A run that takes longer hangs.
const PATIENCE: Duration = Duration::from_mins(2);

pub(crate) struct Terminal {
    child: Child,
    master: File,
    shown: Arc<Mutex<Vec<u8>>>,
    /// What was expected so far ends here.
    read: usize,
}

impl Terminal {
    /// Starts a command in a session of its own, on a new terminal of 24 lines of 100 columns.
    pub(crate) fn start(command: &Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let slave = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let master = File::from(master);
        let side = || Stdio::from(slave.try_clone().unwrap());
        let mut session = Command::new("setsid");
        session.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
        session.env_clear().env("TERM", "xterm");
        for (name, value) in command.get_envs() {
            value.map(|value| session.env(name, value));
        }
        session.current_dir(command.get_current_dir().unwrap());
        let child = session.stdin(side()).stdout(side()).stderr(side()).spawn().unwrap();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let (mut output, seen) = (master.try_clone().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The last of its programs hangs up by an error.
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                seen.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        let terminal = Self { child, master, shown, read: 0 };
        terminal.resize(24, 100);
        terminal
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&self.master, size).unwrap();
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) -> &mut Self {
        self.master.write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Waits until this is shown, after what was expected before.
    pub(crate) fn expect(&mut self, text: &str) -> &mut Self {
        let since = Instant::now();
        loop {
            let shown = self.shown.lock().unwrap();
            let rest = &shown[self.read..];
            if let Some(at) = rest.windows(text.len()).position(|bytes| bytes == text.as_bytes()) {
                self.read += at + text.len();
                drop(shown);
                return self;
            }
            let is_over = since.elapsed() > PATIENCE;
            assert!(!is_over, "{text:?} is not shown:\n{}", String::from_utf8_lossy(&shown));
            drop(shown);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits for its end; its exit code, and all that was shown.
    pub(crate) fn end(mut self) -> (i32, String) {
        let since = Instant::now();
        loop {
            let ended = self.child.try_wait().unwrap();
            let shown = || String::from_utf8_lossy(&self.shown.lock().unwrap()).into_owned();
            match ended {
                Some(status) => return (status.code().unwrap_or(-1), shown()),
                None => assert!(since.elapsed() < PATIENCE, "it does not end:\n{}", shown()),
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Whatever still runs on it hangs up with the terminal.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
