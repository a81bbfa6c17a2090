//! Attendance: whoever started a one-off container, talks with it to its end.
//!
//! Invariant: what runs in it is told of a signal before it is given up.

use futures_util::FutureExt as _;
use futures_util::future::Fuse;
use std::cell::Cell;
use std::pin::pin;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};
use windlass::engine::stream::Attached;
use windlass::model::container::ContainerSpec;
use windlass::model::fault::Fault;
use windlass::{End, OneOffContainer, Script};

use crate::args;
use crate::args::Talk;
use crate::conversation::{self, Heard, Partner};
use crate::detach_keys::DetachKeys;
use crate::environment::Size;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::one_off::PATIENCE;
use crate::render::json;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble, with_causes};

/// What an engine waits for between the signal of a stop and SIGKILL where nothing else is said.
const GRACE_S: u32 = 10;

/// How long after its end the rest of a program's output may take, and the other way round.
const REST: Duration = Duration::from_secs(2);

/// A container that was made, and whoever waits for what it does.
pub(crate) struct Attendance<'a> {
    pub invocation: &'a Invocation,
    pub container: &'a OneOffContainer,
    pub like: &'a ContainerSpec,
    pub talk: Talk,
    pub args: &'a args::OneOff,
    /// Whether somebody typed, or piped something in.
    pub typed: Cell<bool>,
}

/// What came of a start.
enum Started {
    Attached(Attached),
    /// The program can't be run, and that was said.
    Refused(Exit),
}

impl Attendance<'_> {
    /// Starts it and talks with it to its end, which a signal or the deadline may bring about.
    pub(crate) async fn attend(
        &self,
        script: Option<(String, Script)>,
        signals: &mut Signals,
    ) -> Result<Exit> {
        let started = tokio::select! {
            started = self.start(script) => started,
            number = signals.next() => return Ok(Exit::Signal(number)),
        };
        let attached = match started? {
            Started::Attached(attached) => attached,
            Started::Refused(exit) => return Ok(exit),
        };
        let exit = self.follow(attached, signals).await;
        if matches!(exit, Ok((Some(Exit::Detached), _))) {
            return Ok(Exit::Detached);
        }
        // What was not waited for to its end must not go on where it is kept.
        let has_ended = matches!(exit, Ok((_, Some(_))));
        if self.args.keep && !has_ended {
            tokio::select! {
                () = self.container.kill("SIGKILL") => {}
                () = sleep(PATIENCE) => {}
            }
        }
        let (cut_short, end) = exit?;
        Ok(self.exit(end, cut_short))
    }

    async fn start(&self, script: Option<(String, Script)>) -> Result<Started> {
        let name = &self.like.address.name;
        let hint = if self.args.is_shell {
            "its image has no shell, neither bash nor sh: run a program that it has, with `windlass run NAME -- PROGRAM`"
        } else if script.is_some() {
            "the image must have what runs it: `--entrypoint`, else what the script's first line says"
        } else {
            "the image must have the program: look at the words after `--`, `command` and `entrypoint`"
        };
        if let Some((directory, script)) = script {
            let filled = self.container.fill(&directory, script).await;
            filled.map_err(|error| Trouble::engine("copy the script", error))?;
        }
        let trouble = format!("run in a container like {name}");
        let keys = self.args.detach_keys.as_ref().map(DetachKeys::for_engine);
        match self.container.start(keys).await {
            Ok(attached) => Ok(Started::Attached(attached)),
            Err(error) if matches!(error.fault, Fault::CommandNotRunnable) => {
                // As shells and docker say it.
                let is_there = error.message.contains("permission denied");
                let message = format!("could not {trouble}: {}", with_causes(&error));
                Trouble::Failed { message, hint: Some(hint.to_owned()) }
                    .show(&self.invocation.console);
                Ok(Started::Refused(Exit::Process(if is_there { 126 } else { 127 })))
            }
            Err(error) => Err(Trouble::engine(trouble, error)),
        }
    }

    /// What cut it short, if anything did, and how it ended, if that was seen.
    async fn follow(
        &self,
        attached: Attached,
        signals: &mut Signals,
    ) -> Result<(Option<Exit>, Option<End>)> {
        let name = &self.like.address.name;
        let trouble = |error| Trouble::engine(format!("run in a container like {name}"), error);
        let resize = async |size: Size| self.container.resize(size.rows, size.columns).await;
        let keys = self.args.detach_keys.as_ref().filter(|_| self.talk.tty && self.talk.stdin);
        let partner =
            Partner { name: Some(name), stdin: self.talk.stdin, detach: keys, typed: &self.typed };
        let mut talk = pin!(conversation::talk(self.invocation, attached, partner, resize));
        let mut end = pin!(self.container.end());
        let mut last = pin!(sleep(Duration::MAX));
        let mut silence = pin!(sleep(Duration::MAX));
        let mut deadline = pin!(self.deadline());
        let mut asked = pin!(Fuse::terminated());
        let (mut heard, mut ended, mut cut_short) = (false, None, None);
        loop {
            tokio::select! {
                talked = &mut talk, if !heard => match talked? {
                    Heard::All => {
                        heard = true;
                        silence.set(sleep(REST));
                    }
                    // As a program ends that writes into a closed pipe.
                    Heard::Unread if self.invocation.console.results.failure().is_none() => {
                        return Ok((Some(Exit::Signal(13)), None));
                    }
                    Heard::Unread => return Ok((Some(Exit::Failed), None)),
                    Heard::Detached => return Ok((Some(Exit::Detached), None)),
                },
                end = &mut end, if ended.is_none() => {
                    ended = Some(end.map_err(trouble)?);
                    last.set(sleep(REST));
                }
                number = signals.next() => {
                    if cut_short.replace(Exit::Signal(number)).is_some() {
                        self.invocation.console.say("it is killed at once\n");
                        return Ok((cut_short, None));
                    }
                    last.set(sleep(self.grace(number)));
                    asked.set(self.container.kill(self.signal(number)).fuse());
                }
                () = &mut deadline, if cut_short.is_none() => {
                    cut_short = Some(Exit::OVERDUE);
                    self.say_overdue();
                    last.set(sleep(self.grace(15)));
                    asked.set(self.container.kill(self.signal(15)).fuse());
                }
                () = &mut asked => {}
                () = &mut silence, if heard => {
                    silence.set(sleep(Duration::MAX));
                    self.invocation.console.warn(
                        "the connection to its output has ended, and it runs on: what it writes now is not shown",
                    );
                }
                () = &mut last => return Ok((cut_short, ended)),
            }
            if heard && ended.is_some() {
                return Ok((cut_short, ended));
            }
        }
    }

    async fn deadline(&self) {
        match self.args.deadline {
            Some(seconds) => {
                sleep_until(Instant::now() + Duration::from_secs(seconds.into())).await;
            }
            None => std::future::pending().await,
        }
    }

    /// The signal that the program is sent in place of one of ours.
    fn signal(&self, number: u8) -> &str {
        match number {
            1 => "SIGHUP",
            2 => "SIGINT",
            _ => self.like.config.stop_signal.as_deref().unwrap_or("SIGTERM"),
        }
    }

    /// How long the program may take to end after it; said, too.
    fn grace(&self, number: u8) -> Duration {
        let grace_s = self.like.config.stop_timeout_s.unwrap_or(GRACE_S);
        let signal = self.signal(number);
        self.invocation.console.say(&format!(
            "the container is sent {signal} and has {grace_s} s to end; Ctrl-C kills it at once\n"
        ));
        Duration::from_secs(grace_s.into())
    }

    fn say_overdue(&self) {
        let seconds = self.args.deadline.unwrap_or_default();
        let message = format!("it has not ended within {seconds} s and is stopped");
        Trouble::failed(message).show(&self.invocation.console);
    }

    /// What the program's end, or the lack of one, comes to.
    fn exit(&self, end: Option<End>, cut_short: Option<Exit>) -> Exit {
        let console = &self.invocation.console;
        let exit = match (end, cut_short) {
            (_, Some(Exit::OVERDUE)) => Exit::OVERDUE,
            (Some(end), _) => {
                if end.oom_killed {
                    console.warn("the engine's host killed it: it used more memory than it may");
                }
                Exit::Process(u8::try_from(end.exit_code).unwrap_or(255))
            }
            (None, cut_short) => cut_short.unwrap_or(Exit::Failed),
        };
        if console.is_json {
            let name = &self.like.address.name;
            let fields = serde_json::json!({"container": name, "exit_code": exit.code()});
            console.json(&json::object("ended", fields));
        }
        exit
    }
}
