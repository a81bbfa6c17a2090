//! What is to be done for each resource of a bundle, with the differences of what is in files.
//!
//! Invariant: what is sensitive is named and never shown.

use std::fmt::Write as _;

use serde_json::{Value, json};
use windlass::bundle::{Bundle, ChangeReport, ResourceReport};

use super::escape;
use super::style::{Role, Style};

/// For people; what is as it shall be only if `verbose`.
pub(crate) fn plan(plans: &[ResourceReport], style: Style, verbose: bool) -> String {
    let mut out = String::new();
    for plan in plans {
        let id = escape::line(&plan.id);
        if plan.changes.is_empty() {
            if verbose {
                let why = plan.skipped.as_deref().unwrap_or("it is as it shall be");
                let why = escape::line(why);
                let line = format!("= {id}: {why}");
                let _ = writeln!(out, "{}", style.paint(Role::Unchanged, &line));
            }
            continue;
        }
        for change in &plan.changes {
            let (glyph, role) = glyph(change);
            let reason = escape::line(&change.reason);
            let _ = writeln!(out, "{} {id}: {reason}", style.paint(role, glyph));
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
    let changed = plans.iter().filter(|plan| !plan.changes.is_empty()).count();
    let summary = match changed {
        0 => "Nothing to do: everything is as it shall be.".to_owned(),
        _ => format!("{} to change, {} as it shall be.", resources(changed), plans.len() - changed),
    };
    let _ = writeln!(out, "{}", style.paint(Role::Strong, &summary));
    out
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
        })
    };
    let resources = plans.iter().map(|plan| {
        let changes: Vec<_> = plan.changes.iter().map(change).collect();
        json!({
            "id": plan.id,
            "sensitive": is_sensitive(bundle, plan),
            "changes": changes,
            "skipped": plan.skipped,
        })
    });
    json!({"resources": resources.collect::<Vec<_>>()})
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
