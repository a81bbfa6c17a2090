//! A host: a machine on which the agent runs, over the system's own ssh.
//!
//! Invariant: one connection, without a terminal; the agent goes through it if it is not there yet, and nothing of a
//! bundle is ever in a command line.

mod complaints;
mod place;
mod script;
mod trouble;
mod wait;

pub(crate) use place::Place;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use windlass::bundle::{Answer, Ask, Bundle, End, ErrorReport, ResourceReport, Secrets};
use windlass::payload;

use crate::console::Console;
use crate::invocation::Invocation;
use crate::trouble::{Result, Trouble};
use complaints::Complaints;
use wait::Wait;

/// What a login shell may say before ours does.
const NOISE: usize = 200;

/// All that is said before there is an agent is shorter, in bytes.
const GREETINGS: u64 = 1024 * 1024;

/// All answers to one question are shorter, in bytes: an agent bounds the differences of a resource.
const ANSWERS: u64 = 256 * 1024 * 1024;

/// So many resources that failed are told of.
const ERRORS: usize = 1000;

/// See the module.
pub(crate) struct Host {
    place: Place,
    sudo: bool,
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
    complaints: Complaints,
    console: Console,
    /// So many bytes it may still say.
    room: u64,
    /// The resources of the bundle that it has.
    resources: usize,
    /// Where agents are over there, once it is known.
    directory: String,
}

/// All answers to something that was asked.
pub(crate) struct Answered {
    pub(crate) reports: Vec<ResourceReport>,
    pub(crate) errors: Vec<ErrorReport>,
    pub(crate) end: End,
}

impl Host {
    /// With an agent that waits for a bundle.
    pub(crate) fn open(invocation: &Invocation, place: Place, sudo: bool) -> Result<Self> {
        let script = script::script(payload::digest(), payload::agent().len());
        let mut command = place.command(&script, sudo);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| trouble::not_started(&command, &error))?;
        let (Some(asks), Some(answers), Some(stderr)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            unreachable!("invariant: all three streams were asked for as pipes");
        };
        // Who is asked for a password wants to know at once that it was wrong.
        let is_shown = invocation.environment.stdin_is_terminal;
        let complaints = Complaints::listen(stderr, &invocation.console, is_shown);
        let answers = BufReader::new(answers);
        let (directory, console) = (String::new(), invocation.console.clone());
        let (room, resources) = (GREETINGS, 0);
        let mut host = Self {
            place,
            sudo,
            child,
            asks,
            answers,
            complaints,
            console,
            room,
            resources,
            directory,
        };
        host.settle()?;
        Ok(host)
    }

    /// From the greeting to an agent that runs.
    fn settle(&mut self) -> Result<()> {
        let mut greeting = None;
        for _ in 0..NOISE {
            let Some(line) = self.line()? else { break };
            if let Some(rest) = line.strip_prefix(script::GREETING) {
                greeting = Some(rest.to_owned());
                break;
            }
        }
        let Some(greeting) = greeting else {
            let status = self.ended();
            return Err(trouble::no_greeting(
                &self.place,
                self.sudo,
                status,
                &self.complaints.last(),
            ));
        };
        let mut words = greeting.splitn(3, ' ');
        let (system, machine) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        words.next().unwrap_or("").clone_into(&mut self.directory);
        let arch = match machine {
            "x86_64" | "amd64" => "amd64",
            "aarch64" | "arm64" => "arm64",
            other => other,
        };
        if system != "Linux" || arch != payload::arch() {
            return Err(trouble::foreign(&self.place, system, machine));
        }
        self.complaints.show();
        let mut line = self.line()?;
        if line.as_deref() == Some(script::NEED) {
            let waiting = self.wait();
            // What went wrong over there is said over there.
            let _ = self.asks.write_all(payload::agent()).and_then(|()| self.asks.flush());
            drop(waiting);
            line = self.line()?;
        }
        if line.as_deref() == Some(script::READY) {
            return Ok(());
        }
        self.ended();
        Err(trouble::no_agent(&self.place, &self.directory, &self.complaints.last()))
    }

    fn wait(&self) -> Wait {
        Wait::begin(&self.place, &self.console)
    }

    /// `None`: there are no more.
    fn line(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        let waiting = self.wait();
        let count = self.answers.by_ref().take(self.room).read_until(b'\n', &mut line);
        drop(waiting);
        self.room -= count.map_err(|error| trouble::unreadable(&self.place, &error))? as u64;
        if self.room == 0 {
            let _ = self.child.kill();
            return Err(trouble::too_much(&self.place));
        }
        let is_end = line.is_empty();
        Ok((!is_end).then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
    }

    /// How the connection ended, once it has nothing more to say; `None` if it was by a signal.
    fn ended(&mut self) -> Option<i32> {
        // One that is still there talks of something else.
        let mut rest = [0];
        if !matches!(self.answers.read(&mut rest), Ok(0)) {
            let _ = self.child.kill();
        }
        self.child.wait().ok().and_then(|status| status.code())
    }

    fn lost(&mut self) -> Trouble {
        let status = self.child.wait().ok().and_then(|status| status.code());
        trouble::lost(&self.place, &self.directory, status, &self.complaints.last())
    }

    /// Hands over a bundle, what of its files is not there yet, and what its commands are given.
    ///
    /// `assets`: files of this machine by what the bundle calls them.
    pub(crate) fn give(
        &mut self,
        bundle: Bundle,
        assets: &BTreeMap<String, PathBuf>,
        secrets: Secrets,
    ) -> Result<Option<ErrorReport>> {
        self.resources = bundle.resources.len();
        self.ask(&Ask::Bundle(bundle));
        let needs = match self.answer()? {
            Answer::Needs(needs) => needs,
            Answer::Failed(error) => return Ok(Some(error)),
            Answer::Resource(_) | Answer::End(_) => return Err(trouble::nonsense(&self.place)),
        };
        for digest in needs {
            let Some(path) = assets.get(&format!("assets/{digest}")) else {
                return Err(trouble::nonsense(&self.place));
            };
            let shown = path.display();
            let failed =
                |error: io::Error| Trouble::failed(format!("could not read {shown}: {error}"));
            let file = File::open(path).map_err(failed)?;
            let size = file.metadata().map_err(failed)?.len();
            self.ask(&Ask::Asset { digest, size });
            let _waiting = self.wait();
            // If it is not taken over there, that is what the next answer says.
            let sent = io::copy(&mut file.take(size), &mut self.asks);
            if sent.is_ok_and(|sent| sent < size) {
                let _ = self.child.kill();
                return Err(Trouble::failed(format!("{shown} became shorter while it was sent")));
            }
        }
        if !secrets.0.is_empty() {
            self.ask(&Ask::Secrets(secrets));
        }
        Ok(None)
    }

    /// What can't be said is found out by the answer that does not come.
    pub(crate) fn ask(&mut self, ask: &Ask) {
        self.room = ANSWERS;
        if let Ok(mut line) = serde_json::to_vec(ask) {
            line.push(b'\n');
            let _ = self.asks.write_all(&line).and_then(|()| self.asks.flush());
        }
    }

    fn answer(&mut self) -> Result<Answer> {
        let Some(line) = self.line()? else { return Err(self.lost()) };
        serde_json::from_str(&line).map_err(|_| trouble::nonsense(&self.place))
    }

    /// All answers to what was asked; each is looked at as it comes.
    pub(crate) fn answers(&mut self, mut look: impl FnMut(&ResourceReport)) -> Result<Answered> {
        let (mut reports, mut errors) = (Vec::new(), Vec::new());
        loop {
            match self.answer()? {
                Answer::Resource(_) if reports.len() == self.resources => {
                    return Err(trouble::nonsense(&self.place));
                }
                Answer::Resource(report) => {
                    look(&report);
                    reports.push(report);
                }
                Answer::Failed(error) if errors.len() < ERRORS => errors.push(error),
                Answer::Failed(_) => {}
                Answer::End(end) => return Ok(Answered { reports, errors, end }),
                Answer::Needs(_) => return Err(trouble::nonsense(&self.place)),
            }
        }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // The agent ends with what it is asked; nothing is being done now.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
