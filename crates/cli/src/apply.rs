//! Apply: a request planned, shown, agreed to and carried out. Every verb goes this way.
//!
//! Invariant: nothing is changed before the plan was shown and consent is there.

use std::cell::OnceCell;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use windlass::model::observed::Observed;
use windlass::model::plan::Plan;
use windlass::model::report::Report;
use windlass::model::request::Request;
use windlass::model::secret::SecretValues;
use windlass::{ExecutionContext, interrupts};

use crate::aftermath::{self, Fallen};
use crate::args::Consent;
use crate::consent;
use crate::console::Console;
use crate::display::{Display, Mode};
use crate::exit::Exit;
use crate::hint;
use crate::intervention::{self, FailedBuild};
use crate::invocation::{self, Invocation};
use crate::lock;
use crate::origin::Origin;
use crate::preview;
use crate::process;
use crate::render::{json, plan as plan_text, report as report_text};
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

/// How long the steps that run may take to end after an interrupt; then they are left to the engine.
const GRACE: Duration = Duration::from_secs(30);

/// How long the lock's release may take, and how long after an interrupt.
const RELEASE: Duration = Duration::from_secs(10);
const RELEASE_IN_HASTE: Duration = Duration::from_millis(500);

/// Plans and carries out.
pub(crate) fn apply(invocation: &Invocation, request: &Request, consent: Consent) -> Result<Exit> {
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        apply_in(invocation, &session, request, consent).await
    })
}

/// As [`apply`], for a session that goes on after it.
pub(crate) async fn apply_in(
    invocation: &Invocation,
    session: &Session,
    request: &Request,
    consent: Consent,
) -> Result<Exit> {
    intervention::check(invocation, consent)?;
    let (observed, secrets) = session.observe(invocation, request).await?;
    if consent.dry_run {
        lock::tell(invocation, session, &observed);
    }
    let plan = windlass::plan(&session.project, &observed, request)
        .map_err(|blocked| session.blocked(blocked))?;
    let fresh_images =
        !consent.dry_run && !request.verb.is_about_images() && plan.makes_images_anew();
    let plan = if fresh_images { plan.images_only() } else { plan };
    // What runs in it speaks for itself.
    let quiet = is_only_one_off(request, &plan).then(|| invocation.quietly());
    let invocation = quiet.as_ref().unwrap_or(invocation);
    show_plan(invocation, session, &plan, consent.dry_run);
    if let Some(hint) = hint::nothing_to_do(&session.project, request.verb, &plan) {
        invocation.console.say(&format!("{hint}\n"));
    }
    if consent.dry_run {
        let is_possible = preview::show(invocation, session, &plan).await;
        return Ok(if is_possible { Exit::Done } else { Exit::Failed });
    }
    if plan.is_empty() {
        lock::free_dead(session, &observed).await;
        return Ok(Exit::Done);
    }
    consent::obtain(invocation, &plan, request, consent).await?;
    let mut signals = Signals::listen()?;
    let locking = lock::take(invocation, session, &plan, consent.lock_timeout);
    let lock = tokio::select! {
        lock = locking => lock?,
        number = signals.next() => return Ok(Exit::Signal(number)),
    };
    let failed_build = OnceCell::new();
    let run = Run { invocation, session, request, consent, secrets, failed_build };
    let result = if fresh_images {
        run.images_first(&plan, observed, &mut signals).await
    } else {
        run.go(&plan, observed, &mut signals).await
    };
    let is_interrupted = matches!(result, Ok(Exit::Signal(_)));
    let patience = if is_interrupted { RELEASE_IN_HASTE } else { RELEASE };
    tokio::select! {
        () = lock.release() => {}
        // The next run frees the lock of one that is no more.
        () = tokio::time::sleep(patience) => {}
        _ = signals.next() => {}
    }
    if let Some(failed) = run.failed_build.into_inner() {
        // The shell's container is made by a run of its own.
        let offer = intervention::offer(invocation, session, failed, consent, &mut signals);
        Box::pin(offer).await?;
    }
    result
}

/// Whether nothing is done but that a one-off container is made.
fn is_only_one_off(request: &Request, plan: &Plan) -> bool {
    let one_off = request.options.one_off.as_ref();
    one_off.is_some_and(|one| plan.steps.iter().all(|step| one.is_at(&step.address)))
}

/// Why a plan is shown once more.
const CHANGED: &str = "\nThe engine was changed meanwhile. Now:\n";
const WITH_IMAGES: &str = "\nWith these images:\n";
const OUTRUN: &str = "\nThe engine was changed while this ran. What is left of it:\n";

/// What was asked for, by one that holds the project's lock.
struct Run<'a> {
    invocation: &'a Invocation,
    session: &'a Session,
    request: &'a Request,
    consent: Consent,
    secrets: SecretValues,
    /// What may be looked into when the lock is free again.
    failed_build: OnceCell<FailedBuild>,
}

impl Run<'_> {
    /// Makes sure that the plan still holds, and carries it out.
    async fn go(&self, shown: &Plan, observed: Observed, signals: &mut Signals) -> Result<Exit> {
        let (plan, observed) = tokio::select! {
            planned = self.plan_again(self.request, shown, observed, CHANGED) => planned?,
            number = signals.next() => return Ok(Exit::Signal(number)),
        };
        self.carry_out(self.request, plan, observed, signals).await
    }

    /// Makes the images that were asked for anew, and only then plans the rest: an image that comes
    /// out the same changes nothing.
    async fn images_first(
        &self,
        images: &Plan,
        observed: Observed,
        signals: &mut Signals,
    ) -> Result<Exit> {
        let ran = self.execute(images.clone(), signals).await;
        let made = self.conclude(&ran, &[], signals).await?;
        if made != Exit::Done {
            return Ok(made);
        }
        let mut request = self.request.clone();
        request.options.images_settled = true;
        let nothing = Plan::default();
        let (plan, observed) = tokio::select! {
            planned = self.plan_again(&request, &nothing, observed, WITH_IMAGES) => planned?,
            number = signals.next() => return Ok(Exit::Signal(number)),
        };
        self.carry_out(&request, plan, observed, signals).await
    }

    /// The plan for what is there now, and what that is. Another run may have ended between the look
    /// that a plan is made from and the lock: then it is shown, and agreed to, again.
    async fn plan_again(
        &self,
        request: &Request,
        shown: &Plan,
        observed: Observed,
        why: &str,
    ) -> Result<(Plan, Observed)> {
        let observed = self.session.observe_again(observed, &self.secrets).await?;
        let plan = windlass::plan(&self.session.project, &observed, request);
        let plan = plan.map_err(|blocked| self.session.blocked(blocked))?;
        // What is left alone may be told otherwise a moment later.
        if plan.steps != shown.steps {
            self.invocation.console.say(why);
            show_plan(self.invocation, self.session, &plan, false);
            consent::obtain(self.invocation, &plan, request, self.consent).await?;
        }
        Ok((plan, observed))
    }

    /// Carries a plan out and says how it went. Where that failed only because the engine was changed
    /// between the look and an act, it looks again, once, and does what is left.
    async fn carry_out(
        &self,
        request: &Request,
        plan: Plan,
        observed: Observed,
        signals: &mut Signals,
    ) -> Result<Exit> {
        if plan.is_empty() {
            return Ok(Exit::Done);
        }
        let first = self.execute(plan, signals).await;
        if first.signal.is_some() || !first.report.is_outrun() || !request.goes_on() {
            return self.conclude(&first, &[], signals).await;
        }
        let console = &self.invocation.console;
        let nothing = Plan::default();
        let planned = tokio::select! {
            planned = self.plan_again(request, &nothing, observed, OUTRUN) => planned,
            number = signals.next() => {
                show_report(console, &self.session.origin, &first.report, &first.plan, &[]);
                return Ok(Exit::Signal(number));
            }
        };
        match planned {
            Ok((plan, _)) => {
                if plan.is_empty() {
                    console.say("\nThe engine was changed while this ran.\n");
                }
                let mut second = self.execute(plan, signals).await;
                second.report.elapsed_ms += first.report.elapsed_ms;
                self.conclude(&second, &[&first], signals).await
            }
            // What is in the way is what the failure names.
            Err(Trouble::Blocked { .. }) => self.conclude(&first, &[], signals).await,
            Err(trouble) => {
                let exit = trouble.show(console);
                show_report(console, &self.session.origin, &first.report, &first.plan, &[]);
                Ok(exit)
            }
        }
    }

    async fn execute(&self, plan: Plan, signals: &mut Signals) -> Ran {
        let (invocation, session) = (self.invocation, self.session);
        let mut context = ExecutionContext::new(&session.project, self.secrets.clone());
        context.file_digests = session.file_digests.clone();
        context.holder = Some(process::holder(&invocation.environment, invocation.command));
        let plan = Arc::new(plan);
        let (report, signal) = carry_out(invocation, session, &plan, &context, signals).await;
        Ran { plan, report, signal }
    }

    /// Says how it went; `before` is what was carried out before it.
    async fn conclude(&self, ran: &Ran, before: &[&Ran], signals: &mut Signals) -> Result<Exit> {
        let Ran { plan, report, signal } = ran;
        let console = &self.invocation.console;
        if report.interrupted {
            show_report(console, &self.session.origin, report, plan, &[]);
            return Ok(exit(report, *signal));
        }
        if let Some(failed) = FailedBuild::first(plan, report) {
            self.failed_build.get_or_init(|| failed);
        }
        let runs = before.iter().copied().chain([ran]);
        let runs: Vec<(&Plan, &Report)> =
            runs.map(|ran| (ran.plan.as_ref(), &ran.report)).collect();
        let no_wait = self.request.options.no_wait;
        // Whoever interrupts now does not wait for what is only looked at.
        let fallen = tokio::select! {
            fallen = aftermath::fallen(self.session, &self.secrets, &runs, no_wait) => fallen,
            number = signals.next() => {
                show_report(console, &self.session.origin, report, plan, &[]);
                return Ok(Exit::Signal(number));
            }
        };
        Ok(match fallen {
            Ok(fallen) => {
                show_report(console, &self.session.origin, report, plan, &fallen);
                if fallen.is_empty() { exit(report, *signal) } else { Exit::Failed }
            }
            // What failed may be why the engine can't be looked at.
            Err(_) if !report.is_success() => {
                show_report(console, &self.session.origin, report, plan, &[]);
                exit(report, *signal)
            }
            Err(trouble) => {
                let exit = trouble.show(console);
                show_report(console, &self.session.origin, report, plan, &[]);
                exit
            }
        })
    }
}

/// What a plan came to.
struct Ran {
    plan: Arc<Plan>,
    report: Report,
    /// What interrupted it.
    signal: Option<u8>,
}

fn show_plan(invocation: &Invocation, session: &Session, plan: &Plan, is_result: bool) {
    let (console, origin) = (&invocation.console, Some(&session.origin));
    if console.is_json {
        console.json(&json::plan(plan, &session.origin, session.project.name.as_str()));
    } else if is_result {
        console.result(&plan_text::plan(plan, origin, console.stdout, console.verbose));
    } else {
        console.say(&plan_text::plan(plan, origin, console.stderr, console.verbose));
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
    plan: &Arc<Plan>,
    context: &ExecutionContext,
    signals: &mut Signals,
) -> (Report, Option<u8>) {
    let display = Display::start(mode(invocation), Arc::clone(plan), &invocation.console);
    let (interrupter, wishes) = interrupts();
    let sender = display.sender();
    let mut sink = move |event| {
        // A display that is gone must not end the run.
        let _ = sender.send(event);
    };
    let mut first_signal = None;
    let mut report = {
        let run = windlass::execute(plan, &session.engines, context, &mut sink, wishes);
        tokio::pin!(run);
        let mut grace = std::pin::pin!(tokio::time::sleep(GRACE));
        loop {
            tokio::select! {
                report = &mut run => break report,
                number = signals.next() => {
                    if first_signal.replace(number).is_none() {
                        grace.as_mut().reset(Instant::now() + GRACE);
                    }
                    interrupter.interrupt();
                }
                () = &mut grace, if first_signal.is_some() => interrupter.interrupt(),
            }
        }
    };
    drop(sink);
    display.finish().leave_out(&mut report);
    (report, first_signal)
}

/// The report is the last thing that is said, but for what fell, which people read last.
fn show_report(
    console: &Console,
    origin: &Origin,
    report: &Report,
    plan: &Plan,
    fallen: &[Fallen],
) {
    let origin = Some(origin);
    if console.is_json {
        for one in fallen {
            console.json(&json::fallen(one));
        }
        console.json(&json::report(report, plan, origin, fallen));
        return;
    }
    let failures = report_text::failures(report, plan, origin, console.stderr);
    if !failures.is_empty() {
        console.complain(&format!("\n{failures}"));
    }
    console.say(&report_text::totals(report, plan, console.stderr));
    for one in fallen {
        console.complain(&format!("\nerror: {}\n", one.text()));
    }
}

fn exit(report: &Report, signal: Option<u8>) -> Exit {
    match signal {
        Some(number) if report.interrupted => Exit::Signal(number),
        Some(_) | None if report.is_success() => Exit::Done,
        Some(_) | None => Exit::Failed,
    }
}
