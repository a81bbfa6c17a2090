//! Apply: a request planned, shown, agreed to and carried out. Every verb goes this way.
//!
//! Invariant: nothing is changed before the plan was shown and consent is there.

use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};
use windlass::model::plan::Plan;
use windlass::model::report::Report;
use windlass::model::request::Request;
use windlass::{ExecutionContext, interrupts};

use crate::aftermath;
use crate::args::Consent;
use crate::consent;
use crate::console::Console;
use crate::display::{Display, Mode};
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::{json, plan as plan_text, report as report_text};
use crate::session::Session;
use crate::trouble::{Result, Trouble};

/// Plans and carries out.
pub(crate) fn apply(invocation: &Invocation, request: &Request, consent: Consent) -> Result<Exit> {
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let (observed, secrets) = session.observe(invocation, request).await?;
        let plan =
            windlass::plan(&session.project, &observed, request).map_err(Trouble::Blocked)?;
        show_plan(invocation, &session, &plan, consent.dry_run);
        if plan.is_empty() || consent.dry_run {
            return Ok(Exit::Done);
        }
        consent::obtain(invocation, &plan, consent)?;
        let context = ExecutionContext::new(&session.project, secrets);
        let (report, signal) = carry_out(invocation, &session, plan.clone(), &context).await?;
        show_report(&invocation.console, &report, &plan);
        if report.is_success() && !aftermath_is_well(invocation, &session, &plan).await? {
            return Ok(Exit::Failed);
        }
        Ok(exit(&report, signal))
    })
}

/// Whether everything that was started stayed up; what did not is said.
async fn aftermath_is_well(
    invocation: &Invocation,
    session: &Session,
    plan: &Plan,
) -> Result<bool> {
    let fallen = aftermath::fallen(session, plan).await?;
    for text in &fallen {
        if invocation.console.is_json {
            invocation.console.json(&json::object("fallen", serde_json::json!({"message": text})));
        } else {
            invocation.console.complain(&format!("\nerror: {text}\n"));
        }
    }
    Ok(fallen.is_empty())
}

fn show_plan(invocation: &Invocation, session: &Session, plan: &Plan, is_result: bool) {
    let console = &invocation.console;
    if console.is_json {
        console.json(&json::plan(plan, session.project.name.as_str()));
    } else if is_result {
        console.result(&plan_text::plan(plan, console.stdout, console.verbose));
    } else {
        console.say(&plan_text::plan(plan, console.stderr, console.verbose));
    }
}

fn mode(invocation: &Invocation) -> Mode {
    let console = &invocation.console;
    if console.is_json {
        Mode::Json
    } else if console.quiet {
        Mode::Silent
    } else if invocation.environment.can_redraw() {
        Mode::Live
    } else {
        Mode::Lines
    }
}

/// Carries the plan out; the report, and the signal that interrupted it.
async fn carry_out(
    invocation: &Invocation,
    session: &Session,
    plan: Plan,
    context: &ExecutionContext,
) -> Result<(Report, Option<u8>)> {
    let failed = |error| Trouble::failed(format!("could not listen for signals: {error}"));
    let mut signals = Signals::listen().map_err(failed)?;
    let plan = Arc::new(plan);
    let display = Display::start(mode(invocation), Arc::clone(&plan), invocation.console.stderr);
    let (interrupter, wishes) = interrupts();
    let sender = display.sender();
    let mut sink = move |event| {
        // A display that is gone must not end the run.
        let _ = sender.send(event);
    };
    let mut first_signal = None;
    let report = {
        let run = windlass::execute(&plan, &session.engines, context, &mut sink, wishes);
        tokio::pin!(run);
        loop {
            tokio::select! {
                report = &mut run => break report,
                number = signals.next() => {
                    first_signal.get_or_insert(number);
                    interrupter.interrupt();
                }
            }
        }
    };
    drop(sink);
    display.finish();
    Ok((report, first_signal))
}

/// The signals that interrupt a run.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The number of the next one.
    async fn next(&mut self) -> u8 {
        tokio::select! {
            _ = self.interrupt.recv() => 2,
            _ = self.terminate.recv() => 15,
            _ = self.hang_up.recv() => 1,
        }
    }
}

fn show_report(console: &Console, report: &Report, plan: &Plan) {
    if console.is_json {
        console.json(&json::report(report, plan));
        return;
    }
    let failures = report_text::failures(report, plan, console.stderr);
    if !failures.is_empty() {
        console.complain(&format!("\n{failures}"));
    }
    console.say(&report_text::totals(report, plan, console.stderr));
}

fn exit(report: &Report, signal: Option<u8>) -> Exit {
    match signal {
        Some(number) if report.interrupted => Exit::Signal(number),
        Some(_) | None if report.is_success() => Exit::Done,
        Some(_) | None => Exit::Failed,
    }
}
