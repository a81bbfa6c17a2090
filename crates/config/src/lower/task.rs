//! Tasks of the document to their specs.
//!
//! Invariant: what a task needs is there, and needing goes in no circle.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::container::ContainerConfig;
use windlass_model::image::ImageUse;
use windlass_model::project::Project;
use windlass_model::task::{TaskSpec, TaskTarget};
use windlass_model::task_action::TaskAction;
use windlass_model::{Address, EngineName};

use super::container::{Dependencies, needs};
use super::members::Member;
use super::{Edge, Lowering, Overlay, cycles, members};
use crate::diagnostic::Diagnostic;
use crate::document::{Task, TaskPlace};

impl Lowering<'_> {
    pub(super) fn tasks(&self, project: &mut Project) -> BTreeMap<String, Overlay> {
        let names: BTreeSet<&str> =
            self.document.tasks.iter().map(|task| task.name.as_str()).collect();
        let mut edges = Vec::new();
        let (mut spans, mut overlays) = (BTreeMap::new(), BTreeMap::new());
        for task in &self.document.tasks {
            if let Some(other) = spans.insert(task.name.as_str(), task.span) {
                let found = Diagnostic::error(
                    "duplicate-name",
                    format!("two tasks are called \"{}\"", task.name),
                );
                self.report(
                    found.at(task.span, "").also(other, "the first").help("rename one of them"),
                );
            }
            let Some(spec) = self.task(task) else { continue };
            for need in &task.needs {
                if names.contains(need.value.as_str()) {
                    edges.push(self.need(&task.name, &need.value, need.span));
                } else {
                    self.unknown(
                        "task",
                        need,
                        format!("tasks.{}.needs", task.name),
                        names.iter().copied(),
                    );
                }
            }
            let overlay = self.overlay(task, &spec.target);
            overlays.extend(overlay.map(|overlay| (task.name.clone(), overlay)));
            project.tasks.insert(task.name.clone(), spec);
        }
        cycles::check(self.reader, &edges);
        overlays
    }

    /// What lies over the files while the task runs.
    fn overlay(&self, task: &Task, target: &TaskTarget) -> Option<Overlay> {
        let node = task.overrides.clone()?;
        let (section, key) = match target {
            TaskTarget::Image(ImageUse::Project(key)) => ("images", key.clone()),
            TaskTarget::Image(ImageUse::External(_)) => {
                let message = "only what this file declares can be overridden";
                let found = Diagnostic::error("unknown-reference", message).at(node.span, "");
                let path = format!("tasks.{}.overrides", task.name);
                self.report(found.in_path(path).help("declare the image under `images`"));
                return None;
            }
            TaskTarget::Container(reference) => {
                let [first, ..] = self.members.named(reference) else { return None };
                ("containers", first.container.key.to_string())
            }
            TaskTarget::Nothing => return None,
        };
        Some(Overlay { section, key, node })
    }

    fn is_group(&self, name: &str) -> bool {
        let mut containers = self.document.containers.values();
        self.document.groups.contains_key(name)
            || containers.any(|one| one.groups.iter().any(|group| group.value == name))
    }

    /// The engine that a task names.
    fn engine_of(&self, task: &Task) -> Option<EngineName> {
        let named = task.engine.as_slice();
        let path = || format!("tasks.{}.engine", task.name);
        members::known_engines(self.reader, self.document, named, path).pop()
    }

    /// Tasks are no objects of an engine; for the search of circles they pass as containers named `task …`.
    fn need(&self, from: &str, to: &str, span: crate::Span) -> Edge {
        let engine = self.default_engine();
        let node = |name: &str| Address::container(&engine, format!("task {name}"));
        Edge { from: node(from), to: node(to), span }
    }

    fn task(&self, task: &Task) -> Option<TaskSpec> {
        let target = match &task.place {
            TaskPlace::Nothing => TaskTarget::Nothing,
            TaskPlace::Image(image) => TaskTarget::Image(self.task_image(image, &task.name)?),
            TaskPlace::Container(container) => {
                let path = || format!("tasks.{}.container", task.name);
                // What an action does can be done to a whole group.
                let is_group = task.action != TaskAction::Run
                    && task.overrides.is_none()
                    && self.is_group(&container.value);
                if !is_group && self.members.expect(self.reader, container, path).is_empty() {
                    return None;
                }
                TaskTarget::Container(container.value.clone())
            }
        };
        let on = self.engine_of(task);
        let engine = on.clone().unwrap_or_else(|| self.default_engine());
        let member = Member {
            container: &task.container,
            instance: None,
            reference: task.name.as_str().into(),
            name: task.name.as_str().into(),
            engines: vec![engine.clone()],
        };
        let own = Address::container(&engine, &task.name);
        let mut config = ContainerConfig::clone(&task.container.config);
        let mut dependencies = Dependencies::new(own);
        self.config(&member, &engine, &mut config, &mut dependencies);
        let path = format!("tasks.{}.depends_on", task.name);
        self.depended_on(&task.container, &path, &mut dependencies);
        self.templated(&task.container, &mut dependencies);
        Some(TaskSpec {
            name: task.name.clone(),
            description: task.description.clone(),
            label: task.label.clone(),
            action: task.action,
            target,
            engine: on,
            overrides: task.overrides.as_ref().map(|node| node.to_json()).unwrap_or_default(),
            config,
            bash: task.bash.clone(),
            written: task.written.clone(),
            missing: task.missing.clone(),
            takes_args: task.container.used.args,
            depends_on: dependencies.finish(),
            uses: needs(&task.container, &engine),
            needs: task.needs.iter().map(|need| need.value.clone()).collect(),
        })
    }
}
