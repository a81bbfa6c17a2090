//! What builds would change in images of resources, below a plan that is only shown.
//!
//! Invariant: nothing is made for it; where an image can't be looked at yet, that is said.

use std::fmt::Write as _;

use futures_util::future::join_all;
use serde_json::{Value, json};
use windlass::model::image::{ImageSource, ImageUse};
use windlass::model::plan::{Action, BuildImage, Plan, Step};
use windlass::model::report::Failure;
use windlass::{Preview, PreviewError};

use crate::console::Console;
use crate::invocation::Invocation;
use crate::load;
use crate::render::style::Role;
use crate::render::{bundle, escape, json as lines, object};
use crate::session::Session;

/// Shows it for every image of resources that the plan builds; whether nothing stands in the way of all of them.
pub(crate) async fn show(invocation: &Invocation, session: &Session, plan: &Plan) -> bool {
    let console = &invocation.console;
    let mut is_possible = true;
    let builds = plan.steps.iter().filter_map(|step| Some((step, provisioned(step)?)));
    let previews = builds.map(|(step, build)| async move {
        let engine = &session.engines[&step.address.engine];
        (step, build, windlass::preview(engine, build, &session.file_digests).await)
    });
    for (step, build, preview) in join_all(previews).await {
        is_possible &= preview.is_ok();
        if console.quiet && preview.is_ok() {
            continue;
        }
        if console.is_json {
            programs(invocation, session, (step, build), preview);
        } else {
            text(invocation, session, (step, build), preview);
        }
    }
    is_possible
}

fn provisioned(step: &Step) -> Option<&BuildImage> {
    let Action::BuildImage(build) = &step.action else { return None };
    matches!(build.spec.source, ImageSource::Provision(_)).then_some(build)
}

fn text(
    invocation: &Invocation,
    session: &Session,
    (step, build): (&Step, &BuildImage),
    preview: Result<Option<Preview>, PreviewError>,
) {
    let console = &invocation.console;
    let name = object::full_name(&step.address);
    let shown = match preview {
        Ok(Some(found)) => format!("\n{name}{}", compared(&found, console)),
        Ok(None) => {
            let base = build.bases.first().map(ImageUse::to_string).unwrap_or_default();
            let base = escape::line(&base);
            format!("\n{name}: what would change in it is known once {base} is there\n")
        }
        Err(PreviewError::Resources(errors)) => {
            console.result(&format!("\n{name}: it could not be built:\n"));
            let found = session.origin.resources(&build.spec, &errors);
            load::show(console, &found, &session.origin.sources);
            return;
        }
        Err(PreviewError::Other(Failure { message, .. })) => {
            format!("\n{name}: it could not be built: {}\n", escape::line(&message))
        }
    };
    console.result(&shown);
}

/// Lines of what nothing declares any more; beyond so many they are counted.
const UNDECLARED_MAX: usize = 50;

fn compared(found: &Preview, console: &Console) -> String {
    let with = escape::line(found.with.as_deref().unwrap_or("scratch"));
    let mut out = format!(", compared with {with}:\n");
    for one in found.undeclared.iter().take(UNDECLARED_MAX) {
        let (path, reason) = (escape::line(&one.path), escape::line(&one.reason));
        let (glyph, role) =
            if one.reason.starts_with("goes") { ("-", Role::Remove) } else { ("~", Role::Change) };
        let _ = writeln!(out, "{} {path}: {reason}", console.stdout.paint(role, glyph));
    }
    if let Some(more) = found.undeclared.len().checked_sub(UNDECLARED_MAX + 1) {
        let _ = writeln!(out, "  … and {} more", more + 1);
    }
    for one in &found.config {
        let shown = |value: &Value| match value {
            Value::Null => "(none)".to_owned(),
            Value::String(text) => escape::line(text).into_owned(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                escape::line(&value.to_string()).into_owned()
            }
        };
        let (name, was, becomes) = (escape::line(&one.name), shown(&one.was), shown(&one.becomes));
        let glyph = console.stdout.paint(Role::Change, "~");
        let _ = writeln!(out, "{glyph} {name}: {was} → {becomes}");
    }
    let is_same = found.resources.iter().all(|one| one.changes.is_empty())
        && found.resources.iter().all(|one| one.unknown_before.is_none());
    let plan = bundle::plan(&found.resources, console.stdout, console.verbose);
    if let Some(why) = found.unknown {
        let _ = writeln!(out, "  what is declared no more is not said: {why}");
    }
    if !is_same {
        return out + &plan;
    }
    let others = found.undeclared.len() + found.config.len();
    out + &match others {
        0 => "Nothing that is looked at becomes otherwise.\n".to_owned(),
        _ => "All resources are as they shall be.\n".to_owned(),
    }
}

fn programs(
    invocation: &Invocation,
    session: &Session,
    (step, build): (&Step, &BuildImage),
    preview: Result<Option<Preview>, PreviewError>,
) {
    let mut found = match preview {
        Ok(Some(Preview { with, bundle, resources, undeclared, unknown, config })) => {
            let mut found = bundle::json(&bundle, &resources);
            let undeclared = undeclared.iter();
            let undeclared = undeclared.map(|one| json!({"path": one.path, "reason": one.reason}));
            let config = config.iter();
            let config =
                config.map(|one| json!({"name": one.name, "was": one.was, "becomes": one.becomes}));
            found["with"] = with.into();
            found["undeclared"] = undeclared.collect();
            found["unknown"] = unknown.into();
            found["config"] = config.collect();
            found
        }
        Ok(None) => json!({ "resources": null }),
        Err(PreviewError::Resources(errors)) => {
            let found = session.origin.resources(&build.spec, &errors);
            let first = errors.first().map(ToString::to_string);
            json!({ "error": first, "diagnostics": found.to_json(&session.origin.sources) })
        }
        Err(PreviewError::Other(failure)) => json!({ "error": failure.message }),
    };
    found["image"] = step.address.name.to_string().into();
    found["engine"] = step.address.engine.to_string().into();
    invocation.console.json(&lines::object("image_plan", found));
}
