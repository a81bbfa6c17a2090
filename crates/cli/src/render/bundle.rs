//! What is to be done for each resource of a bundle, with the differences of what is in files.
//!
//! Invariant: what is sensitive is named and never shown.

use std::fmt::Write as _;

use serde_json::{Value, json};
use windlass::bundle::{Bundle, ChangeReport, ResourceError, ResourceReport};

use super::escape;
use super::style::{Role, Style};

/// For people; what is as it shall be only if `verbose`.
pub(crate) fn plan(plans: &[ResourceReport], style: Style, verbose: bool) -> String {
    let mut out = String::new();
    for plan in plans {
        let id = escape::line(&plan.id);
        if let Some(runner) = &plan.unknown_before {
            let line = format!("? {id}: not known before {} ran", escape::line(runner));
            let _ = writeln!(out, "{}", style.paint(Role::Faint, &line));
        } else if plan.changes.is_empty() && verbose {
            let why = plan.skipped.as_deref().unwrap_or("it is as it shall be");
            let line = format!("= {id}: {}", escape::line(why));
            let _ = writeln!(out, "{}", style.paint(Role::Unchanged, &line));
        }
        for change in &plan.changes {
            let (glyph, role) = glyph(change);
            let (reason, place) = (escape::line(&change.reason), place(plan, change));
            let details = details(change);
            let _ = writeln!(out, "{} {id}: {reason}{place}{details}", style.paint(role, glyph));
            match &change.diff {
                Some(diff) => push_diff(&mut out, diff, style),
                None if change.sensitive => {
                    let words = "what is in it is sensitive, and not shown";
                    let _ = writeln!(out, "    {}", style.paint(Role::Faint, words));
                }
                None => {}
            }
        }
    }
    let _ = writeln!(out, "{}", style.paint(Role::Strong, &summary(plans)));
    out
}

/// How many are to change, are not known yet, are skipped and are as they shall be.
fn summary(plans: &[ResourceReport]) -> String {
    let count = |is: &dyn Fn(&ResourceReport) -> bool| plans.iter().filter(|one| is(one)).count();
    let changed = count(&|one| !one.changes.is_empty());
    let unknown = count(&|one| one.unknown_before.is_some());
    let skipped = count(&|one| one.skipped.is_some());
    let rest = plans.len() - changed - unknown - skipped;
    let others = [(unknown, "not known yet"), (skipped, "skipped")];
    let others = others.iter().filter(|(count, _)| *count > 0);
    let others: Vec<_> = others.map(|(count, words)| format!(", {count} {words}")).collect();
    let others = others.concat();
    match (changed, unknown) {
        (0, 0) if skipped == 0 => "Nothing to do: everything is as it shall be.".to_owned(),
        (0, 0) => format!("Nothing to do: {rest} as it shall be{others}."),
        _ => format!("{} to change{others}, {rest} as it shall be.", resources(changed)),
    }
}

/// The path of a change, where the name of its resource does not say it.
fn place(plan: &ResourceReport, change: &ChangeReport) -> String {
    let Some(path) = &change.path else { return String::new() };
    let is_said = |id: &str| {
        let about = id.split_once('[').and_then(|(_, about)| about.strip_suffix(']'));
        about.is_some_and(|about| about == path || about.starts_with(&format!("{path}:")))
    };
    // A diff has the path as it is declared, which may lead elsewhere.
    let header = format!("+++ {path}");
    let has_header = change.diff.as_ref().is_some_and(|diff| diff.lines().nth(1) == Some(&*header));
    if is_said(&plan.id) || change.reason.contains(&**path) || has_header {
        return String::new();
    }
    format!(" {}", escape::line(path))
}

/// Mode, owner and where a link leads, of what is made.
fn details(change: &ChangeReport) -> String {
    if change.reason != "create" {
        return String::new();
    }
    let to = change.to.as_ref().map(|to| format!("leads to {}", escape::line(to)));
    let mode = change.mode.as_ref().map(|mode| format!("mode {mode}"));
    let owner = change.owner.as_ref().map(|owner| format!("owner {owner}"));
    let all: Vec<String> = [to, mode, owner].into_iter().flatten().collect();
    if all.is_empty() { String::new() } else { format!(" ({})", all.join(", ")) }
}

/// `1 resource`, `2 resources`.
pub(crate) fn resources(count: usize) -> String {
    format!("{count} resource{}", if count == 1 { "" } else { "s" })
}

/// For programs.
pub(crate) fn json(bundle: &Bundle, plans: &[ResourceReport]) -> Value {
    let change = |change: &ChangeReport| {
        let path = change.path.as_deref().unwrap_or("/");
        json!({
            "path": path, "reason": change.reason, "diff": change.diff, "sensitive": change.sensitive,
            "mode": change.mode, "owner": change.owner, "to": change.to,
        })
    };
    let resources = plans.iter().map(|plan| {
        let changes: Vec<_> = plan.changes.iter().map(change).collect();
        json!({
            "id": plan.id,
            "sensitive": is_sensitive(bundle, plan),
            "changes": changes,
            "skipped": plan.skipped,
            "unknown_before": plan.unknown_before,
        })
    });
    json!({"resources": resources.collect::<Vec<_>>()})
}

/// The same, of what was done before something failed.
pub(crate) fn applied(bundle: &Bundle, done: &[ResourceReport], failed: &[ResourceError]) -> Value {
    let failed = failed.iter().map(|error| {
        json!({
            "id": error.id,
            "message": error.message,
            "exit_code": error.exit_code(),
            "detail": error.said(),
            "hint": error.help,
        })
    });
    let mut value = json(bundle, done);
    value["failed"] = failed.collect();
    value
}

fn is_sensitive(bundle: &Bundle, plan: &ResourceReport) -> bool {
    bundle.resources.get(plan.index).is_some_and(|resource| resource.sensitive)
}

fn glyph(change: &ChangeReport) -> (&'static str, Role) {
    if change.action == "remove" {
        ("-", Role::Remove)
    } else if change.reason == "create" {
        ("+", Role::Create)
    } else {
        ("~", Role::Change)
    }
}

fn push_diff(out: &mut String, diff: &str, style: Style) {
    for line in diff.lines() {
        let role = match line.as_bytes().first() {
            Some(b'+') if !line.starts_with("+++") => Role::Create,
            Some(b'-') if !line.starts_with("---") => Role::Remove,
            Some(b' ') | None => Role::Unchanged,
            Some(_) => Role::Faint,
        };
        let line = escape::line(line);
        let shown =
            if role == Role::Unchanged { line.into_owned() } else { style.paint(role, &line) };
        let _ = writeln!(out, "    {shown}");
    }
}
