//! A bundle on a host.
//!
//! Invariant: what is done there is what was shown; if it is something else by then, that is shown first.

use std::collections::BTreeMap;

use windlass::Places;
use windlass::bundle::{Ask, Bundle, End, ErrorReport, LoadedBundle, ResourceReport, Secrets};
use windlass::model::name::ProjectName;
use windlass::model::project::Project;
use windlass::model::secret::plain;

use super::{failed, held, obtain, read};
use crate::args::Apply;
use crate::exit::Exit;
use crate::host::{Host, Place};
use crate::invocation::{self, Invocation};
use crate::origin::Origin;
use crate::render::{bundle, escape, json};
use crate::trouble::{Result, Trouble};

/// How often what was shown may be outdated when it shall be done.
const LOOKS: usize = 5;

pub(super) fn run(invocation: &Invocation, args: &Apply, name: &str) -> Result<Exit> {
    let console = &invocation.console;
    let place = Place::parse(name)?;
    let shown = escape::line(&place.to_string()).into_owned();
    let (loaded, bundle) = read(invocation, &args.bundle)?;
    let (mut sent, no_file) = (bundle.clone(), |error: windlass::bundle::ResourceError| {
        Trouble::failed(error.to_string())
    });
    sent.take_sensitive().map_err(no_file)?;
    let assets = sent.take_assets().map_err(no_file)?;
    let secrets = secrets(invocation, &loaded, &bundle)?;
    let errors = |reports: Vec<ErrorReport>| -> Vec<_> {
        reports.into_iter().map(ErrorReport::into_error).collect()
    };
    let failed = |reports| Ok(failed(invocation, &loaded, &errors(reports)));
    let mut host = Host::open(invocation, place, args.sudo)?;
    if let Some(error) = host.give(sent, &assets, secrets)? {
        return failed(vec![error]);
    }
    host.ask(&Ask::Plan);
    let mut planned = host.answers(|_| ())?;
    for _ in 0..LOOKS {
        if planned.end == End::Failed {
            return failed(planned.errors);
        }
        let reports = &planned.reports;
        let has_changes = reports.iter().any(is_changed);
        if console.is_json {
            console.json(&json::object("bundle_plan", bundle::json(&bundle, reports)));
        } else if !console.quiet {
            console.result(&bundle::plan(reports, console.stdout, console.verbose));
        }
        if args.plan {
            return Ok(if args.exit_code && has_changes { Exit::Changes } else { Exit::Done });
        }
        if !has_changes {
            return Ok(Exit::Done);
        }
        obtain(invocation, args, &shown)?;
        host.ask(&Ask::Apply);
        let done = host.answers(|report| {
            if is_changed(report) {
                console.say(&format!("  {}: changed\n", escape::line(&report.id)));
            }
        })?;
        if console.is_json && matches!(done.end, End::Done | End::Failed) {
            let applied = bundle::applied(&bundle, &done.reports, &errors(done.errors.clone()));
            console.json(&json::object("bundle_applied", applied));
        }
        match done.end {
            End::Done => {
                let changed = done.reports.iter().filter(|report| is_changed(report)).count();
                console.say(&format!("{} changed.\n", bundle::resources(changed)));
                return Ok(Exit::Done);
            }
            End::Differs => {
                console.warn(&format!("meanwhile {shown} has changed; this is to be done now:"));
                planned = done;
            }
            End::Held => {
                return Err(held(&shown));
            }
            End::Failed => return failed(done.errors),
        }
    }
    Err(Trouble::failed(format!("what is to be done on {shown} is something else at every look")))
}

/// Values of the secrets that commands of the bundle are given.
fn secrets(invocation: &Invocation, loaded: &LoadedBundle, bundle: &Bundle) -> Result<Secrets> {
    let names = bundle.secrets();
    let here = &invocation.environment;
    let root = here.directory.to_string_lossy().into_owned();
    let mut project = Project::empty(ProjectName::new("bundle"), root);
    project.secrets.clone_from(&loaded.secrets);
    let wanted = |name: &str| names.contains(name);
    let read = async { Ok(windlass::read_secrets(&project, &here.variables, wanted).await) };
    let read = invocation::block_on(read)?;
    let values = read.map_err(|errors| {
        let places = Places { secrets: loaded.secret_places.clone(), ..Places::default() };
        let (sources, vars) = (loaded.sources.clone(), BTreeMap::new());
        let origin = Origin { sources, places, vars, shares_ports: false };
        Trouble::Found(origin.unreadable(&[], &errors))
    })?;
    Ok(plain(&values.0))
}

fn is_changed(report: &ResourceReport) -> bool {
    !report.changes.is_empty()
}
