//! `windlass tasks`: the tasks of the project, by label.
//!
//! Invariant: asks no engine.

use std::collections::BTreeMap;
use windlass::model::task::{TaskSpec, TaskTarget};
use windlass::model::task_action::TaskAction;

use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::load::load;
use crate::render::style::{Role, Style, pad, width};
use crate::render::{escape, json};
use crate::trouble::Result;

pub(super) fn run(invocation: &Invocation) -> Result<Exit> {
    let console = &invocation.console;
    let project = load(invocation)?;
    if console.is_json {
        for task in project.tasks.values() {
            console.json(&row(task));
        }
    } else if project.tasks.is_empty() {
        console.say("This project declares no tasks.\n");
    } else {
        console.result(&list(project.tasks.values(), console.stdout));
    }
    Ok(Exit::Done)
}

fn row(task: &TaskSpec) -> serde_json::Value {
    let (kind, name) = match &task.target {
        TaskTarget::Image(image) => ("image", Some(image.to_string())),
        TaskTarget::Container(key) => ("container", Some(key.clone())),
        TaskTarget::Nothing => ("nothing", None),
    };
    json::object(
        "task",
        serde_json::json!({
            "name": task.name, "label": task.label, "description": task.description,
            "action": task.action.as_str(), "target": {"kind": kind, "name": name},
            "engine": task.engine, "needs": task.needs,
        }),
    )
}

fn list<'a>(tasks: impl Iterator<Item = &'a TaskSpec>, style: Style) -> String {
    let mut by_label: BTreeMap<Option<&str>, Vec<&TaskSpec>> = BTreeMap::new();
    let mut columns = 0;
    for task in tasks {
        columns = columns.max(width(&escape::line(&task.name)));
        by_label.entry(task.label.as_deref()).or_default().push(task);
    }
    let mut out = String::new();
    for (index, (label, tasks)) in by_label.into_iter().enumerate() {
        if index > 0 {
            out.push('\n');
        }
        if let Some(label) = label {
            out.push_str(&style.paint(Role::Strong, &escape::line(label)));
            out.push('\n');
        }
        for task in tasks {
            let name = pad(&escape::line(&task.name), columns);
            let what = style.fit(&what(task), columns + 4);
            out.push_str(format!("  {name}  {what}").trim_end());
            out.push('\n');
        }
    }
    out
}

/// What it is for, and which command it is if it is one.
fn what(task: &TaskSpec) -> String {
    let target = match &task.target {
        TaskTarget::Image(image) => image.to_string(),
        TaskTarget::Container(key) => key.clone(),
        TaskTarget::Nothing => String::new(),
    };
    let command = format!("{} {target}", task.action.as_str());
    let command = escape::line(command.trim_end());
    match &task.description {
        Some(description) if task.action == TaskAction::Run => escape::line(description).into(),
        Some(description) => format!("{} ({command})", escape::line(description)),
        None if task.action == TaskAction::Run => String::new(),
        None => command.into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use windlass::model::container::ContainerConfig;

    #[test]
    fn tasks_are_listed_by_label() {
        let task = |name: &str, label: Option<&str>, description: Option<&str>| TaskSpec {
            name: name.into(),
            description: description.map(str::to_owned),
            label: label.map(str::to_owned),
            action: TaskAction::Run,
            target: TaskTarget::Nothing,
            engine: None,
            overrides: serde_json::Value::Null,
            config: ContainerConfig::default(),
            bash: None,
            written: BTreeSet::new(),
            missing: BTreeSet::new(),
            takes_args: false,
            depends_on: Vec::new(),
            uses: BTreeSet::new(),
            needs: Vec::new(),
        };
        let push = TaskSpec {
            action: TaskAction::Push,
            target: TaskTarget::Container("app".into()),
            ..task("ship", Some("Checks"), Some("Ship it"))
        };
        let bare = TaskSpec { action: TaskAction::Up, ..task("up", None, None) };
        let tasks = [
            push,
            bare,
            task("test", Some("Checks"), Some("Run the tests")),
            task("a", None, None),
            task("lint", Some("Checks"), Some("Look at\nstyle")),
        ];
        assert_eq!(
            list(tasks.iter(), Style::PLAIN),
            "  up    up\n  a\n\nChecks\n  ship  Ship it (push app)\n  test  Run the tests\n  lint  Look at\\nstyle\n"
        );
    }
}
