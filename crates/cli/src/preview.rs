//! What builds would change in images of resources, below a plan that is only shown.
//!
//! Invariant: nothing is made for it; where an image can't be looked at yet, that is said.

use futures_util::future::join_all;
use windlass::Preview;
use windlass::model::image::{ImageSource, ImageUse};
use windlass::model::plan::{Action, BuildImage, Plan, Step};
use windlass::model::report::Failure;

use crate::invocation::Invocation;
use crate::render::{bundle, escape, json, object};
use crate::session::Session;

/// Shows it for every image of resources that the plan builds.
pub(crate) async fn show(invocation: &Invocation, session: &Session, plan: &Plan) {
    let console = &invocation.console;
    if console.quiet {
        return;
    }
    let builds = plan.steps.iter().filter_map(|step| Some((step, provisioned(step)?)));
    let previews = builds.map(|(step, build)| async move {
        let engine = &session.engines[&step.address.engine];
        (step, build, windlass::preview(engine, build, &session.file_digests).await)
    });
    for (step, build, preview) in join_all(previews).await {
        if console.is_json {
            json(invocation, step, preview);
        } else {
            text(invocation, step, build, preview);
        }
    }
}

fn provisioned(step: &Step) -> Option<&BuildImage> {
    let Action::BuildImage(build) = &step.action else { return None };
    matches!(build.spec.source, ImageSource::Provision(_)).then_some(build)
}

fn text(
    invocation: &Invocation,
    step: &Step,
    build: &BuildImage,
    preview: Result<Option<Preview>, Failure>,
) {
    let console = &invocation.console;
    let name = object::full_name(&step.address);
    let shown = match preview {
        Ok(Some(Preview { with, resources, .. })) => {
            let with = with.unwrap_or_else(|| "scratch".to_owned());
            let plan = bundle::plan(&resources, console.stdout, console.verbose);
            format!("\n{name}, compared with {}:\n{plan}", escape::line(&with))
        }
        Ok(None) => {
            let base = build.bases.first().map(ImageUse::to_string).unwrap_or_default();
            let base = escape::line(&base);
            format!("\n{name}: what would change in it is known once {base} is there\n")
        }
        Err(Failure { message, detail, .. }) => {
            let mut shown =
                format!("\n{name}: it could not be built: {}\n", escape::line(&message));
            for line in detail {
                shown.extend(["  help: ", &escape::line(&line), "\n"]);
            }
            shown
        }
    };
    console.result(&shown);
}

fn json(invocation: &Invocation, step: &Step, preview: Result<Option<Preview>, Failure>) {
    let mut found = match preview {
        Ok(Some(Preview { with, bundle, resources })) => {
            let mut found = bundle::json(&bundle, &resources);
            found["with"] = with.into();
            found
        }
        Ok(None) => serde_json::json!({ "resources": null }),
        Err(failure) => serde_json::json!({ "error": failure.message }),
    };
    found["image"] = step.address.name.to_string().into();
    found["engine"] = step.address.engine.to_string().into();
    invocation.console.json(&json::object("image_plan", found));
}
