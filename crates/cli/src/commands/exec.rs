//! `windlass exec`: a command in a running container, as if it ran here.
//!
//! Invariant: its exit code is the program's; the terminal is always given back as it was.

use std::io::{Read, Write};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use windlass::engine::Engine;
use windlass::engine::docker::stdcopy::Demux;
use windlass::engine::stream::{Attached, Channel, ExecRequest, RawStream};

use crate::args::Exec;
use crate::environment;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::raw_terminal::RawTerminal;
use crate::render::escape::Colours;
use crate::results::Results;
use crate::session::Session;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Exec) -> Result<Exit> {
    let request = request(invocation, args)?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let (engine, container) = session.running(&args.reference).await?;
        let trouble =
            |error| Trouble::engine(format!("run the command in {}", args.reference), error);
        let attached = engine.exec(&container, &request).await.map_err(trouble)?;
        let exec_id = attached.exec_id.clone();
        let by_signal = talk(invocation, &engine, attached, request.stdin).await?;
        if let Some(exit) = by_signal {
            return Ok(exit);
        }
        let code = engine.exec_exit_code(&exec_id).await.map_err(trouble)?;
        // A code that the engine does not tell (podman, at times) is not taken for success.
        Ok(Exit::Process(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)))
    })
}

fn request(invocation: &Invocation, args: &Exec) -> Result<ExecRequest> {
    let here = &invocation.environment;
    let on_terminal = here.stdin_is_terminal && here.stdout_is_terminal;
    if args.tty && !here.stdin_is_terminal {
        return Err(Trouble::usage(
            "there is no terminal here to give to the command",
            "leave `--tty` out",
        ));
    }
    let tty = args.tty || (on_terminal && !args.no_tty);
    let mut env: std::collections::BTreeMap<_, _> = args.env.iter().cloned().collect();
    if let (true, Some(term)) = (tty, here.variables.get("TERM")) {
        env.entry("TERM".to_owned()).or_insert_with(|| term.clone());
    }
    Ok(ExecRequest {
        argv: args.argv.clone(),
        user: args.user.clone(),
        workdir: args.workdir.clone(),
        env,
        tty,
        stdin: args.interactive || tty || !here.stdin_is_terminal,
        privileged: args.privileged,
    })
}

/// Passes bytes both ways until the command ends; the exit, if a signal ended us first.
async fn talk(
    invocation: &Invocation,
    engine: &Arc<dyn Engine>,
    attached: Attached,
    with_stdin: bool,
) -> Result<Option<Exit>> {
    let failed = |error: std::io::Error| {
        Trouble::failed(format!("the connection to the command broke: {error}"))
    };
    let Attached { exec_id, stream, tty } = attached;
    let (reader, writer) = tokio::io::split(stream);
    let raw = if tty { RawTerminal::enter().ok() } else { None };
    let mut resized = signal(SignalKind::window_change()).map_err(failed)?;
    let mut ended = Ended::new().map_err(failed)?;
    if tty {
        resize(engine, &exec_id).await;
    }
    let input = async {
        if with_stdin {
            send_input(writer).await;
        } else {
            // Dropping it would end the connection.
            let _writer = writer;
        }
        std::future::pending::<()>().await;
    };
    let output = receive(invocation, reader, tty);
    tokio::pin!(input, output);
    let result = loop {
        tokio::select! {
            result = &mut output => break result.map(|()| None).map_err(failed),
            () = &mut input => {}
            _ = resized.recv(), if tty => resize(engine, &exec_id).await,
            exit = ended.wait() => break Ok(Some(exit)),
        }
    };
    drop(raw);
    result
}

/// Signals that end us while the terminal is raw.
struct Ended {
    terminate: Signal,
    hang_up: Signal,
    interrupt: Signal,
}

impl Ended {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) -> Exit {
        tokio::select! {
            _ = self.terminate.recv() => Exit::Signal(15),
            _ = self.hang_up.recv() => Exit::Signal(1),
            _ = self.interrupt.recv() => Exit::Signal(2),
        }
    }
}

async fn resize(engine: &Arc<dyn Engine>, exec_id: &str) {
    if let Some(size) = environment::size(&std::io::stdout()) {
        // A command that has just ended can't be resized, and need not be.
        let _ = engine.resize_exec(exec_id, size.rows, size.columns).await;
    }
}

/// Sends standard input until its end. It is read on a thread of its own, which does not keep the
/// program alive: a read of a terminal can't be called off.
async fn send_input(mut writer: WriteHalf<Box<dyn RawStream>>) {
    let (sender, mut receiver) = mpsc::channel::<Vec<u8>>(4);
    std::thread::spawn(move || {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = std::io::stdin().lock().read(&mut buffer) {
            if sender.blocking_send(buffer[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    while let Some(bytes) = receiver.recv().await {
        if writer.write_all(&bytes).await.is_err() || writer.flush().await.is_err() {
            return;
        }
    }
    let _ = writer.shutdown().await;
    // Half of a connection must not be dropped while the other half is read.
    std::future::pending::<()>().await;
}

/// Writes what the command writes, as it comes.
async fn receive(
    invocation: &Invocation,
    mut reader: ReadHalf<Box<dyn RawStream>>,
    tty: bool,
) -> std::io::Result<()> {
    let mut demux = Demux::default();
    let mut output = Output::new(invocation);
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let length = match reader.read(&mut buffer).await {
            // Podman hangs up so on input that a command did not read. Its code tells whether it ended.
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            length => length?,
        };
        if length == 0 {
            output.finish();
            return Ok(());
        }
        if tty {
            if !invocation.console.results.write(&buffer[..length]) {
                return Ok(());
            }
            continue;
        }
        demux.push(&buffer[..length]);
        while let Some(chunk) = demux.chunk().map_err(std::io::Error::other)? {
            if !output.write(chunk.channel, &chunk.bytes) {
                return Ok(());
            }
        }
    }
}

/// Both outputs of a command without a terminal: unchanged into a pipe, safe on a terminal.
struct Output<'a> {
    results: &'a Results,
    stdout: Option<Colours>,
    stderr: Option<Colours>,
}

impl<'a> Output<'a> {
    fn new(invocation: &'a Invocation) -> Self {
        let here = &invocation.environment;
        Self {
            results: &invocation.console.results,
            stdout: here.stdout_is_terminal.then(Colours::default),
            stderr: here.stderr_is_terminal.then(Colours::default),
        }
    }

    /// Whether somebody still reads.
    fn write(&mut self, channel: Channel, bytes: &[u8]) -> bool {
        let colours = match channel {
            Channel::Stdout => &mut self.stdout,
            Channel::Stderr => &mut self.stderr,
        };
        match colours {
            Some(colours) => write(self.results, channel, colours.push(bytes).as_bytes()),
            None => write(self.results, channel, bytes),
        }
    }

    fn finish(&mut self) {
        for (channel, colours) in
            [(Channel::Stdout, &mut self.stdout), (Channel::Stderr, &mut self.stderr)]
        {
            if let Some(colours) = colours {
                write(self.results, channel, colours.finish().as_bytes());
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
