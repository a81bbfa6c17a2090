//! JSON: what programs read. Documented in `docs/reference/json.md`.
//!
//! Invariant: every object has `v` and `type`; within a version fields are added, never changed.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value, json};
use windlass::engine::stream::Channel;
use windlass::model::Address;
use windlass::model::event::{Event, Progress};
use windlass::model::note::{Blocked, Blocker, BlockerReason, Note, NoteReason};
use windlass::model::plan::{Cause, FieldChange, Group, Hazard, Origin, Plan, Step, StepId};
use windlass::model::report::{Failure, FailureKind, Outcome, Report, Rescued};

use crate::aftermath::Fallen;
use crate::hint::{self, Fate};
use crate::origin::{self as files, Found};

/// The version of everything in this file.
const VERSION: u32 = 1;

/// An object of a type, with its fields.
pub(crate) fn object(kind: &str, fields: Value) -> Value {
    let mut object = Map::new();
    object.insert("v".to_owned(), VERSION.into());
    object.insert("type".to_owned(), kind.into());
    if let Value::Object(fields) = fields {
        object.extend(fields);
    }
    Value::Object(object)
}

/// A line that a container wrote; `time` is RFC 3339, by the engine's clock.
pub(crate) fn log(container: &str, channel: Channel, time: Option<&str>, line: &[u8]) -> Value {
    let text = String::from_utf8_lossy(line);
    let channel = match channel {
        Channel::Stdout => "stdout",
        Channel::Stderr => "stderr",
    };
    let line = text.trim_end_matches(['\n', '\r']);
    object("log", json!({"container": container, "channel": channel, "time": time, "line": line}))
}

/// Something that went wrong outside a plan.
pub(crate) fn error(code: &str, message: &str, detail: &[String], hint: Option<&str>) -> Value {
    object("error", json!({"code": code, "message": message, "detail": detail, "hint": hint}))
}

pub(crate) fn address(address: &Address) -> Value {
    json!({
        "engine": address.engine.as_str(),
        "kind": address.kind.as_str(),
        "name": address.name,
    })
}

/// A plan, which may be long: as one value it would take more memory than everything before.
pub(crate) fn plan<'a>(
    plan: &'a Plan,
    origin: &'a files::Origin,
    project: &'a str,
) -> impl Serialize + 'a {
    Planned { plan, origin, project }
}

struct Planned<'a> {
    plan: &'a Plan,
    origin: &'a files::Origin,
    project: &'a str,
}

impl Serialize for Planned<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { plan, origin, project } = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("v", &VERSION)?;
        map.serialize_entry("type", "plan")?;
        map.serialize_entry("project", project)?;
        map.serialize_entry("steps", &Each(|| plan.iter().map(|(id, step)| self::step(id, step))))?;
        let note = |note| self::note(note, Some(origin));
        map.serialize_entry("notes", &Each(|| plan.notes.iter().map(note)))?;
        map.end()
    }
}

/// A list whose items are made when they are written.
struct Each<F>(F);

impl<I: Iterator<Item = Value>, F: Fn() -> I> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

fn steps(plan: &Plan) -> Vec<Value> {
    plan.iter().map(|(id, step)| self::step(id, step)).collect()
}

fn step(id: StepId, step: &Step) -> Value {
    let after: Vec<_> = step.after.iter().map(|id| id.0).collect();
    json!({
        "id": id.0,
        "address": address(&step.address),
        "action": step.action.verb(),
        "text": step.action.to_string(),
        "group": step.group.map(group),
        "cause": cause(&step.cause),
        "hazard": step.hazard.map(hazard),
        "after": after,
    })
}

fn group(group: Group) -> &'static str {
    match group {
        Group::Create => "create",
        Group::Recreate => "recreate",
        Group::Update => "update",
        Group::Remove => "remove",
    }
}

fn hazard(hazard: Hazard) -> &'static str {
    match hazard {
        Hazard::DataLoss => "data-loss",
        Hazard::Downtime => "downtime",
        Hazard::Foreign => "foreign",
    }
}

fn cause(cause: &Cause) -> Value {
    match cause {
        Cause::Absent => json!({"kind": "absent"}),
        Cause::Diverged(changes) => json!({"kind": "diverged", "changes": self::changes(changes)}),
        Cause::NotRunning => json!({"kind": "not-running"}),
        Cause::DependsOn(on) => json!({"kind": "depends-on", "address": address(on)}),
        Cause::Requested => json!({"kind": "requested"}),
        Cause::Orphan => json!({"kind": "orphan"}),
        Cause::Leftover => json!({"kind": "leftover"}),
        Cause::Readiness => json!({"kind": "readiness"}),
    }
}

fn changes(changes: &[FieldChange]) -> Vec<Value> {
    let change = |change: &FieldChange| {
        let origin = match change.origin {
            Origin::File => "file",
            Origin::Engine => "engine",
            Origin::Both => "both",
            Origin::Rollback => "rollback",
        };
        json!({
            "path": change.path,
            "was": change.was,
            "wanted": change.wanted,
            "origin": origin,
        })
    };
    changes.iter().map(change).collect()
}

fn note(note: &Note, origin: Option<&files::Origin>) -> Value {
    let reason = match &note.reason {
        NoteReason::UpToDate => json!({"kind": "up-to-date"}),
        NoteReason::External => json!({"kind": "external"}),
        NoteReason::Orphan { name } | NoteReason::OrphanVolume { name } => {
            json!({"kind": "orphan", "name": name})
        }
        NoteReason::NothingBefore => json!({"kind": "nothing-before"}),
        NoteReason::Persistent => json!({"kind": "persistent"}),
        NoteReason::Completed => json!({"kind": "completed"}),
        NoteReason::Unhealthy { output } => json!({"kind": "unhealthy", "output": output}),
        NoteReason::VolumeKept => json!({"kind": "volume-kept"}),
        NoteReason::InUse { by } => json!({"kind": "in-use", "by": by}),
        NoteReason::OwnerKept { change } => {
            let changes = self::changes(std::slice::from_ref(change));
            let place = origin.and_then(|origin| origin.place_of_owner(&note.address, change));
            json!({"kind": "owner-kept", "changes": changes, "place": place})
        }
        NoteReason::Kept { changes } => json!({"kind": "kept", "changes": self::changes(changes)}),
        NoteReason::Already { state } => json!({"kind": "already", "state": state}),
    };
    json!({"address": address(&note.address), "reason": reason})
}

/// What stands in the way, with its places, and the plan as it would be.
pub(crate) fn blocked(blocked: &Blocked, found: &Found) -> Value {
    let Blocked { blockers, plan, held } = blocked;
    let held = held
        .iter()
        .map(|(address, by)| json!({"address": self::address(address), "by": self::address(by)}));
    let held: Vec<_> = held.collect();
    let in_the_way = |blocker: &Blocker| {
        let reason = match &blocker.reason {
            BlockerReason::Foreign { name, owner, adoptable } => {
                json!({"kind": "foreign", "name": name, "owner": owner, "adoptable": adoptable})
            }
            BlockerReason::ExternalMissing { name } => {
                json!({"kind": "external-missing", "name": name})
            }
            BlockerReason::ContainerMissing { name } => {
                json!({"kind": "container-missing", "name": name})
            }
            BlockerReason::Ambiguous { name, ids } => {
                json!({"kind": "ambiguous", "name": name, "ids": ids})
            }
            BlockerReason::VolumeDiverged { name, changes } => {
                json!({"kind": "volume-diverged", "name": name, "changes": self::changes(changes)})
            }
            BlockerReason::ImageMissing { reference } => {
                json!({"kind": "image-missing", "reference": reference})
            }
            BlockerReason::PortHeld { port, holder } => {
                json!({"kind": "port-held", "port": port, "holder": holder})
            }
            BlockerReason::OrphanHolds { what, holder } => {
                json!({"kind": "orphan-holds", "what": what, "holder": holder})
            }
            BlockerReason::UnknownReference { reference, candidates } => {
                json!({"kind": "unknown-reference", "reference": reference,
                       "candidates": candidates})
            }
            BlockerReason::NothingToPush => json!({"kind": "nothing-to-push"}),
            BlockerReason::NoRegistry { reference } => {
                json!({"kind": "no-registry", "reference": reference})
            }
            BlockerReason::NotPushable { reference } => {
                json!({"kind": "not-pushable", "reference": reference})
            }
            BlockerReason::NotBuilt { reference } => {
                json!({"kind": "not-built", "reference": reference})
            }
            BlockerReason::NothingBefore => json!({"kind": "nothing-before"}),
            BlockerReason::NoHealthcheck { on } => {
                json!({"kind": "no-healthcheck", "on": address(on)})
            }
            BlockerReason::StartFirstImpossible { why } => {
                json!({"kind": "start-first-impossible", "why": why})
            }
        };
        let hint = crate::hint::blocker(&blocker.address, &blocker.reason);
        json!({"address": address(&blocker.address), "reason": reason, "hint": hint})
    };
    let fields = json!({
        "blockers": blockers.iter().map(in_the_way).collect::<Vec<_>>(),
        "steps": steps(plan),
        "held": held,
        "diagnostics": found.diagnostics.to_json(&found.sources),
    });
    object("blocked", fields)
}

pub(crate) fn event(event: &Event) -> Value {
    match event {
        Event::Started { steps } => object("started", json!({"steps": steps})),
        Event::StepStarted { step, at_ms } => {
            object("step_started", json!({"step": step.0, "at_ms": at_ms}))
        }
        Event::StepProgress { step, progress } => {
            object("step_progress", json!({"step": step.0, "progress": self::progress(progress)}))
        }
        Event::StepOutput { step, line } => {
            object("step_output", json!({"step": step.0, "line": line}))
        }
        Event::StepFinished { step, outcome, at_ms } => object(
            "step_finished",
            json!({"step": step.0, "outcome": self::outcome(outcome), "at_ms": at_ms}),
        ),
        Event::RescueStarted { address, at_ms } => {
            object("rollback_started", json!({"address": self::address(address), "at_ms": at_ms}))
        }
        Event::RescueFinished { rescued, at_ms } => {
            let mut fields = self::rescued(rescued);
            fields.insert("at_ms".to_owned(), (*at_ms).into());
            object("rollback_finished", Value::Object(fields))
        }
        Event::Interrupted => object("interrupted", json!({})),
        Event::Finished { at_ms } => object("finished", json!({"at_ms": at_ms})),
    }
}

fn rescued(rescued: &Rescued) -> Map<String, Value> {
    let failure = rescued.failure.as_ref().map(|failure| Value::Object(self::failure(failure)));
    let mut map = Map::new();
    map.insert("address".to_owned(), address(&rescued.address));
    map.insert("failure".to_owned(), failure.into());
    map
}

fn progress(progress: &Progress) -> Value {
    match progress {
        Progress::Bytes { done, total } => json!({"kind": "bytes", "done": done, "total": total}),
        Progress::BuildStep { name, cached } => {
            json!({"kind": "build-step", "name": name, "cached": cached})
        }
        Progress::Waiting { what } => json!({"kind": "waiting", "what": what}),
        Progress::Status { text } => json!({"kind": "status", "text": text}),
    }
}

fn outcome(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Done => json!({"kind": "done"}),
        Outcome::Failed(failure) => {
            let mut value = self::failure(failure);
            value.insert("kind".to_owned(), "failed".into());
            Value::Object(value)
        }
        Outcome::Skipped { because } => json!({"kind": "skipped", "because": because.0}),
        Outcome::Cancelled => json!({"kind": "cancelled"}),
    }
}

fn failure(failure: &Failure) -> Map<String, Value> {
    let (reason, exit_code) = match &failure.kind {
        FailureKind::Engine(fault) => (fault.code(), None),
        FailureKind::Deadline => ("deadline", None),
        FailureKind::Unhealthy => ("unhealthy", None),
        FailureKind::Exited { code } => ("exited", Some(*code)),
        FailureKind::Exec { code } => ("exec", Some(*code)),
        FailureKind::BuildStep { code, .. } => ("build-failed", *code),
        FailureKind::Local => ("local", None),
        FailureKind::Stale => ("stale", None),
    };
    let mut map = Map::new();
    map.insert("reason".to_owned(), reason.into());
    map.insert("exit_code".to_owned(), exit_code.into());
    map.insert("message".to_owned(), failure.message.clone().into());
    map.insert("detail".to_owned(), failure.detail.clone().into());
    map
}

/// What was started and did not stay up.
pub(crate) fn fallen(fallen: &Fallen) -> Value {
    let fields = json!({
        "address": address(&fallen.address),
        "status": fallen.status,
        "log": fallen.log,
        "message": fallen.text(),
    });
    object("fallen", fields)
}

pub(crate) fn report(
    report: &Report,
    plan: &Plan,
    origin: Option<&crate::origin::Origin>,
    fallen: &[Fallen],
) -> Value {
    let mut done = 0;
    let mut failed = Vec::new();
    let mut skipped = Vec::new();
    let mut cancelled = Vec::new();
    for ((id, step), outcome) in plan.iter().zip(&report.outcomes) {
        let mut head = Map::new();
        head.insert("step".to_owned(), id.0.into());
        head.insert("address".to_owned(), address(&step.address));
        match outcome {
            Outcome::Done => done += 1,
            Outcome::Failed(why) => {
                head.extend(failure(why));
                let place = origin.and_then(|origin| origin.place_of_step(step, why));
                head.insert("place".to_owned(), place.into());
                let fate = Fate::of(plan, report, step);
                let advice = hint::failure(step, why, fate);
                head.insert("meaning".to_owned(), advice.meaning.into());
                head.insert("hint".to_owned(), advice.next.into());
                failed.push(Value::Object(head));
            }
            Outcome::Skipped { because } => {
                head.insert("because".to_owned(), because.0.into());
                skipped.push(Value::Object(head));
            }
            Outcome::Cancelled => cancelled.push(Value::Object(head)),
        }
    }
    let rolled_back: Vec<_> = report.rescues.iter().map(rescued).map(Value::Object).collect();
    object(
        "report",
        json!({
            "success": report.is_success() && fallen.is_empty(),
            "interrupted": report.interrupted,
            "elapsed_ms": report.elapsed_ms,
            "done": done,
            "failed": failed,
            "skipped": skipped,
            "cancelled": cancelled,
            "rolled_back": rolled_back,
            "fallen": fallen.iter().map(|one| address(&one.address)).collect::<Vec<_>>(),
        }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass::model::fault::Fault;

    #[test]
    fn events_are_versioned_objects() {
        let failure = Failure {
            kind: FailureKind::Engine(Fault::PortInUse { port: Some(80) }),
            message: "taken".into(),
            detail: Vec::new(),
            help: None,
        };
        for (event, expected) in [
            (Event::Started { steps: 2 }, r#"{"v":1,"type":"started","steps":2}"#),
            (Event::Interrupted, r#"{"v":1,"type":"interrupted"}"#),
            (
                Event::StepFinished {
                    step: StepId(1),
                    outcome: Outcome::Failed(failure),
                    at_ms: 9,
                },
                r#"{"v":1,"type":"step_finished","step":1,"outcome":{"reason":"port-in-use","exit_code":null,"message":"taken","detail":[],"kind":"failed"},"at_ms":9}"#,
            ),
        ] {
            assert_eq!(self::event(&event).to_string(), expected);
        }
    }
}
