//! A conversation: bytes both ways between this terminal, or pipes, and a program in a container.
//!
//! Invariant: the terminal is always given back as it was; without one the program's two outputs stay
//! apart.

use std::cell::Cell;
use std::io::Write;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use windlass::engine::docker::stdcopy::Demux;
use windlass::engine::stream::{Attached, Channel, RawStream};

use crate::console::Console;
use crate::detach_keys::DetachKeys;
use crate::environment::{self, Size};
use crate::input::Input;
use crate::invocation::Invocation;
use crate::raw_terminal::RawTerminal;
use crate::render::escape::Colours;
use crate::render::json;
use crate::results::Results;
use crate::trouble::{Result, Trouble};
use crate::whole_lines::WholeLines;

/// What is kept of a line that is not whole yet.
const LINE_MAX_BYTES: usize = 1 << 20;

const CTRL_C: u8 = 3;

/// So many pieces may wait to be written.
const PIECES: usize = 8;

/// How a conversation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The program said all that it had to say.
    All,
    /// Nobody here reads any more.
    Unread,
    /// Somebody typed the keys that leave it to itself.
    Detached,
}

/// With whom, and how.
pub(crate) struct Partner<'a> {
    /// What its lines are said to be from, where they are wanted as JSON.
    pub name: Option<&'a str>,
    pub stdin: bool,
    /// The keys that leave it to itself, where they can be typed.
    pub detach: Option<&'a DetachKeys>,
    /// Set as soon as something was typed or piped in.
    pub typed: &'a Cell<bool>,
}

/// Passes bytes both ways until the program has said all. `resize` tells it the size of the terminal.
pub(crate) async fn talk(
    invocation: &Invocation,
    attached: Attached,
    partner: Partner<'_>,
    resize: impl AsyncFn(Size),
) -> Result<Heard> {
    let failed = |error: std::io::Error| {
        Trouble::failed(format!("the connection to the command broke: {error}"))
    };
    let Attached { exec_id: _, stream, tty } = attached;
    let (reader, writer) = tokio::io::split(stream);
    // Who only looks keeps a terminal of which Ctrl-C is heard.
    let is_raw = tty && (partner.stdin || partner.detach.is_some());
    let mut raw = if is_raw { RawTerminal::enter().ok() } else { None };
    let mut resized = signal(SignalKind::window_change()).map_err(failed)?;
    let going_on = SignalKind::from_raw(rustix::process::Signal::CONT.as_raw());
    let mut continued = signal(going_on).map_err(failed)?;
    let tell_size = async || {
        if let Some(size) = environment::size(&std::io::stdout()) {
            resize(size).await;
        }
    };
    if tty {
        tell_size().await;
    }
    if partner.stdin && environment::stdin_is_directory() {
        invocation.console.warn("standard input is a directory: nothing of it can be read");
    }
    let unheard = Unheard::default();
    let input = async {
        // Dropping the writer would end the connection.
        let _writer = if partner.stdin || partner.detach.is_some() {
            let unheard = tty.then_some(&unheard);
            match send_input(invocation, writer, &partner, unheard).await {
                Some(writer) => writer,
                None => return,
            }
        } else {
            writer
        };
        std::future::pending::<()>().await;
    };
    let output = receive(invocation, reader, (tty, &unheard), partner.name);
    tokio::pin!(input, output);
    loop {
        tokio::select! {
            heard = &mut output => return heard.map_err(failed),
            () = &mut input => return Ok(Heard::Detached),
            _ = resized.recv(), if tty => tell_size().await,
            // Whoever stopped this program has set the terminal as they need it.
            _ = continued.recv(), if raw.is_some() => {
                drop(raw.take());
                raw = RawTerminal::enter().ok();
                tell_size().await;
            }
        }
    }
}

/// Ctrl-C that was typed, and that the program said nothing to.
#[derive(Default)]
struct Unheard {
    count: Cell<u8>,
    is_told: Cell<bool>,
}

impl Unheard {
    /// Something was typed; whether it is time to say where Ctrl-C goes, which is once.
    fn is_told_by(&self, typed: &[u8]) -> bool {
        if typed.contains(&CTRL_C) {
            self.count.set(self.count.get().saturating_add(1));
        }
        self.count.get() >= 2 && !self.is_told.replace(self.count.get() >= 2)
    }

    /// The program wrote something; that a terminal shows the key is no answer.
    fn hear(&self, bytes: &[u8]) {
        if bytes != b"^C" {
            self.count.set(0);
        }
    }
}

type Writer = WriteHalf<Box<dyn RawStream>>;

/// Sends standard input until its end. Half of a connection must not be dropped while the other half is read, so the
/// writer is given back; `None`: the keys were typed that leave the program to itself.
async fn send_input(
    invocation: &Invocation,
    mut writer: Writer,
    partner: &Partner<'_>,
    unheard: Option<&Unheard>,
) -> Option<Writer> {
    let mut input = Input::read();
    let mut watch = partner.detach.map(DetachKeys::watch);
    while let Some(typed) = input.next().await {
        partner.typed.set(true);
        if unheard.is_some_and(|unheard| unheard.is_told_by(&typed)) {
            let keys = partner.detach.map(DetachKeys::shown);
            let leave = keys.map(|keys| format!("; {keys} leaves it to itself"));
            invocation.console.say(&format!(
                "\r\nCtrl-C goes to the program, which goes on{}\r\n",
                leave.unwrap_or_default()
            ));
        }
        let (bytes, is_over) =
            watch.as_mut().map_or((typed.clone(), false), |watch| watch.pass(&typed));
        let is_heard = partner.stdin;
        if is_heard && (writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err()) {
            return Some(writer);
        }
        if is_over {
            return None;
        }
    }
    if !partner.stdin {
        return Some(writer);
    }
    let rest = watch.map(|mut watch| watch.rest()).unwrap_or_default();
    drop(writer.write_all(&rest).await);
    drop(writer.shutdown().await);
    Some(writer)
}

/// Writes what the program writes, as it comes: on a thread of its own, so that whoever does not read holds up
/// nothing else.
async fn receive(
    invocation: &Invocation,
    mut reader: ReadHalf<Box<dyn RawStream>>,
    (tty, unheard): (bool, &Unheard),
    name: Option<&str>,
) -> std::io::Result<Heard> {
    let (sender, receiver) = mpsc::channel(PIECES);
    let mut written = write_on_a_thread(invocation, tty, name, receiver);
    let mut demux = Demux::default();
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let length = match reader.read(&mut buffer).await {
            // Podman hangs up so on input that a command did not read. Its code tells whether it ended.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            length => length?,
        };
        if length == 0 {
            drop(sender);
            return Ok(written.await.unwrap_or(Heard::Unread));
        }
        let mut pieces = Vec::new();
        if tty {
            unheard.hear(&buffer[..length]);
            pieces.push((Channel::Stdout, buffer[..length].to_vec()));
        } else {
            demux.push(&buffer[..length]);
            while let Some(chunk) = demux.chunk().map_err(std::io::Error::other)? {
                pieces.push((chunk.channel, chunk.bytes.to_vec()));
            }
        }
        for piece in pieces {
            if sender.send(piece).await.is_err() {
                return Ok((&mut written).await.unwrap_or(Heard::Unread));
            }
        }
    }
}

/// Writes pieces until there are no more of them, or nobody reads. The thread does not keep the program alive.
fn write_on_a_thread(
    invocation: &Invocation,
    tty: bool,
    name: Option<&str>,
    mut pieces: mpsc::Receiver<(Channel, Vec<u8>)>,
) -> oneshot::Receiver<Heard> {
    let (done, written) = oneshot::channel();
    let mut output = Output::new(invocation, tty, name);
    std::thread::spawn(move || {
        let mut heard = Heard::All;
        while let Some((channel, bytes)) = pieces.blocking_recv() {
            if !output.write(channel, &bytes) {
                heard = Heard::Unread;
                break;
            }
        }
        output.finish();
        // Nobody waits for it where the conversation was broken off.
        let _ = done.send(heard);
    });
    written
}

/// Both outputs of a program.
struct Output {
    console: Console,
    stdout: Side,
    stderr: Side,
    /// Where both end in one place, and nobody makes objects of them.
    lines: Option<WholeLines>,
}

/// How one of them is written.
enum Side {
    /// Unchanged: into a pipe, or what the program itself says to its terminal.
    Raw,
    /// Safe, on a terminal.
    Terminal(Colours),
    /// An object for each line of what has this name; the line that is not whole yet.
    Json(String, Vec<u8>),
}

impl Output {
    fn new(invocation: &Invocation, tty: bool, name: Option<&str>) -> Self {
        let here = &invocation.environment;
        let side = |is_terminal: bool| match name {
            _ if tty => Side::Raw,
            Some(name) if invocation.console.is_json => Side::Json(name.to_owned(), Vec::new()),
            Some(_) | None if is_terminal => Side::Terminal(Colours::default()),
            Some(_) | None => Side::Raw,
        };
        let (stdout, stderr) = (side(here.stdout_is_terminal), side(here.stderr_is_terminal));
        let is_apart = tty || matches!(stdout, Side::Json(..)) || !environment::is_one_output();
        let lines = (!is_apart).then(WholeLines::default);
        Self { console: invocation.console.clone(), stdout, stderr, lines }
    }

    /// Whether somebody still reads.
    fn write(&mut self, channel: Channel, bytes: &[u8]) -> bool {
        let Some(lines) = &mut self.lines else { return self.pass(channel, bytes) };
        let pieces = lines.push(channel, bytes);
        pieces.into_iter().all(|(channel, bytes)| self.pass(channel, &bytes))
    }

    fn pass(&mut self, channel: Channel, bytes: &[u8]) -> bool {
        let console = &self.console;
        let side = match channel {
            Channel::Stdout => &mut self.stdout,
            Channel::Stderr => &mut self.stderr,
        };
        match side {
            Side::Raw => write(&console.results, channel, bytes),
            Side::Terminal(colours) => {
                write(&console.results, channel, colours.push(bytes).as_bytes())
            }
            Side::Json(name, kept) => {
                kept.extend_from_slice(bytes);
                let last = kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
                // A line without end is told in pieces.
                let end = if kept.len() > LINE_MAX_BYTES { kept.len() } else { last };
                let whole: Vec<u8> = kept.drain(..end).collect();
                let mut lines = whole.split_inclusive(|byte| *byte == b'\n');
                lines.all(|line| console.json(&json::log(name, channel, None, line)))
            }
        }
    }

    fn finish(&mut self) {
        let rest = self.lines.as_mut().map(WholeLines::finish).unwrap_or_default();
        let _ = rest.into_iter().all(|(channel, bytes)| self.pass(channel, &bytes));
        let console = &self.console;
        for (channel, side) in
            [(Channel::Stdout, &mut self.stdout), (Channel::Stderr, &mut self.stderr)]
        {
            match side {
                Side::Raw => {}
                Side::Terminal(colours) => {
                    write(&console.results, channel, colours.finish().as_bytes());
                }
                Side::Json(_, kept) if kept.is_empty() => {}
                Side::Json(name, kept) => {
                    console.json(&json::log(name, channel, None, kept));
                }
            }
        }
    }
}

fn write(results: &Results, channel: Channel, bytes: &[u8]) -> bool {
    match channel {
        Channel::Stdout => results.write(bytes),
        Channel::Stderr => std::io::stderr().lock().write_all(bytes).is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_once_where_ctrl_c_goes() {
        let unheard = Unheard::default();
        let mut said = Vec::new();
        for (typed, heard) in [
            ("a", "a"),
            ("\x03", "^C"),
            ("x", "x"),
            ("\x03", "^C\r\n$ "),
            ("\x03", "^C"),
            ("\x03", "^C"),
            ("\x03", "^C"),
        ] {
            said.push(unheard.is_told_by(typed.as_bytes()));
            unheard.hear(heard.as_bytes());
        }
        assert_eq!(said, [false, false, false, false, false, true, false]);
    }
}
