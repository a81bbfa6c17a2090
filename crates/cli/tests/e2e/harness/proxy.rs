//! A socket in front of the engine that fails where it is told to.
//!
//! Invariant: only calls that may change something are counted, and a fault strikes exactly one of
//! them; everything else passes through unread.

use super::engine;
use super::exchange::{self, Head};
use super::world::wait_until;
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What happens to a call.
#[derive(Clone)]
pub(crate) enum Fault {
    /// The connection ends before the engine hears of it.
    CutBefore,
    /// The engine carries it out; the connection ends without a reply.
    CutAfter,
    /// The engine carries it out; the connection ends in the middle of the reply.
    CutReply,
    /// The engine carries it out, and the reply comes so much later.
    Delay(Duration),
    /// The engine carries it out; no reply ever comes.
    Stall,
    /// The engine never hears of it, and this is replied.
    Instead(u16, &'static str, &'static str),
    /// The engine carries it out, and this is replied.
    Replace(u16, &'static str, &'static str),
    /// The caller is killed, and the engine never hears of it.
    KillBefore,
    /// The caller is killed while the engine is at it.
    KillDuring,
    /// The caller is killed when the engine has done it, before the reply.
    KillAfter,
    /// Something else happens just before.
    First(Arc<dyn Fn() + Send + Sync>),
}

/// Which call it happens to.
pub(crate) enum Strikes {
    /// The n-th, from 1.
    Nth(usize),
    /// The first whose method and path hold this.
    Call(&'static str),
}

struct Plan {
    fault: Fault,
    strikes: Strikes,
    calls: AtomicUsize,
    has_struck: AtomicBool,
    /// Whether the connection of the call that was struck has ended.
    is_over: AtomicBool,
    /// What was asked for, in order; the one that was struck is marked.
    log: Mutex<Vec<String>>,
    /// Who is killed.
    caller: Mutex<Option<u32>>,
}

pub(crate) struct Proxy {
    path: PathBuf,
    plan: Arc<Plan>,
    _directory: tempfile::TempDir,
}

impl Proxy {
    pub(crate) fn new(fault: Fault, strikes: Strikes) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("engine.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let plan = Arc::new(Plan {
            fault,
            strikes,
            calls: AtomicUsize::new(0),
            has_struck: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            log: Mutex::default(),
            caller: Mutex::default(),
        });
        let (shared, url) = (Arc::clone(&plan), engine::url().unwrap());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (plan, url) = (Arc::clone(&shared), url.clone());
                std::thread::spawn(move || {
                    // A connection that breaks is what this is for.
                    drop(serve(&plan, &stream, &url));
                    drop(stream.shutdown(std::net::Shutdown::Both));
                });
            }
        });
        Self { path, plan, _directory: directory }
    }

    pub(crate) fn url(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Whom the killing faults kill.
    pub(crate) fn caller(&self, process: u32) {
        *self.plan.caller.lock().unwrap() = Some(process);
    }

    /// Whether there was such a call.
    pub(crate) fn has_struck(&self) -> bool {
        self.plan.has_struck.load(Ordering::SeqCst)
    }

    /// Waits until the engine is done with the call that was struck.
    pub(crate) fn wait(&self) {
        if self.has_struck() {
            wait_until("the engine is done", || self.plan.is_over.load(Ordering::SeqCst));
        }
    }

    /// The changing calls so far.
    pub(crate) fn log(&self) -> String {
        self.plan.log.lock().unwrap().join("\n")
    }
}

/// What a connection does next.
enum Next {
    Go,
    End,
}

fn serve(plan: &Plan, client: &UnixStream, url: &str) -> std::io::Result<()> {
    let mut from_client = BufReader::new(client.try_clone()?);
    let mut upstream: Option<BufReader<UnixStream>> = None;
    while let Some(head) = Head::read(&mut from_client)? {
        let changes = !head.first.starts_with("GET ") && !head.first.starts_with("HEAD ");
        let fault = if changes { plan.strike(&head.first) } else { None };
        let engine = match &mut upstream {
            Some(engine) => engine,
            None => upstream.insert(BufReader::new(UnixStream::connect(
                url.strip_prefix("unix://").expect("an engine on a socket"),
            )?)),
        };
        let is_struck = fault.is_some();
        let carried = carry(plan, fault, &head, &mut from_client, client, engine);
        if is_struck {
            plan.is_over.store(true, Ordering::SeqCst);
        }
        if matches!(carried?, Next::End) {
            return Ok(());
        }
    }
    Ok(())
}

fn carry(
    plan: &Plan,
    fault: Option<Fault>,
    head: &Head,
    from_client: &mut BufReader<UnixStream>,
    client: &UnixStream,
    engine: &mut BufReader<UnixStream>,
) -> std::io::Result<Next> {
    let mut to_client = client;
    match &fault {
        Some(Fault::CutBefore) => return Ok(Next::End),
        Some(Fault::KillBefore) => {
            plan.kill();
            return Ok(Next::End);
        }
        Some(Fault::Instead(status, kind, body)) => {
            head.copy_body(from_client, &mut std::io::sink())?;
            exchange::answer(to_client, *status, kind, body)?;
            return Ok(Next::Go);
        }
        Some(Fault::First(act)) => act(),
        Some(_) | None => {}
    }
    let mut to_engine = engine.get_ref().try_clone()?;
    to_engine.write_all(&head.bytes)?;
    head.copy_body(from_client, &mut to_engine)?;
    if let Some(Fault::KillDuring) = fault {
        plan.kill();
    }
    let Some(reply) = Head::read(engine)? else { return Ok(Next::End) };
    if reply.is_upgrade() {
        to_client.write_all(&reply.bytes)?;
        exchange::splice(from_client, to_client, engine);
        return Ok(Next::End);
    }
    let bodiless = head.first.starts_with("HEAD ") || reply.has_no_body();
    let Some(fault) = fault else {
        to_client.write_all(&reply.bytes)?;
        if !bodiless {
            reply.copy_reply(engine, &mut to_client)?;
        }
        return Ok(if reply.ends_with_connection() { Next::End } else { Next::Go });
    };
    let mut body = Vec::new();
    if !bodiless {
        reply.copy_reply(engine, &mut body)?;
    }
    let whole = [reply.bytes.as_slice(), &body].concat();
    match fault {
        Fault::CutAfter | Fault::KillDuring => return Ok(Next::End),
        Fault::KillAfter => {
            plan.kill();
            return Ok(Next::End);
        }
        Fault::CutReply => {
            let end =
                if body.is_empty() { whole.len() / 2 } else { whole.len() - body.len() / 2 - 1 };
            to_client.write_all(&whole[..end])?;
            return Ok(Next::End);
        }
        Fault::Stall => {
            // Until the caller has enough of it.
            let _ = from_client.fill_buf()?;
            return Ok(Next::End);
        }
        Fault::Delay(time) => {
            std::thread::sleep(time);
            to_client.write_all(&whole)?;
        }
        Fault::Replace(status, kind, text) => exchange::answer(to_client, status, kind, text)?,
        Fault::CutBefore | Fault::KillBefore | Fault::Instead(..) | Fault::First(_) => {
            to_client.write_all(&whole)?;
        }
    }
    Ok(Next::Go)
}

impl Plan {
    /// Counts a call; what happens to it.
    fn strike(&self, first: &str) -> Option<Fault> {
        let nth = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let is_meant = match &self.strikes {
            Strikes::Nth(n) => *n == nth,
            Strikes::Call(part) => first.contains(part),
        };
        let struck = is_meant && !self.has_struck.swap(true, Ordering::SeqCst);
        let mark = if struck { " <- this" } else { "" };
        let line = first.strip_suffix(" HTTP/1.1").unwrap_or(first);
        self.log.lock().unwrap().push(format!("{nth:>3} {line}{mark}"));
        struck.then(|| self.fault.clone())
    }

    fn kill(&self) {
        let caller = loop {
            if let Some(caller) = *self.caller.lock().unwrap() {
                break caller;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let process = Pid::from_raw(i32::try_from(caller).unwrap()).unwrap();
        // One that has ended by itself is not a mistake.
        let _ = kill_process(process, Signal::KILL);
    }
}
