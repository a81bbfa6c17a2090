//! Tasks of the document to their specs.
//!
//! Invariant: what a task needs is there, and needing goes in no circle.

use std::collections::{BTreeMap, BTreeSet};

use windlass_model::Address;
use windlass_model::container::ContainerConfig;
use windlass_model::project::Project;
use windlass_model::task::{TaskSpec, TaskTarget};

use super::container::{Dependencies, needs};
use super::members::Member;
use super::{Edge, Lowering, cycles};
use crate::diagnostic::Diagnostic;
use crate::document::{Task, TaskPlace};

impl Lowering<'_> {
    pub(super) fn tasks(&self, project: &mut Project) {
        let names: BTreeSet<&str> =
            self.document.tasks.iter().map(|task| task.name.as_str()).collect();
        let mut edges = Vec::new();
        let mut spans = BTreeMap::new();
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
            project.tasks.insert(task.name.clone(), spec);
        }
        cycles::check(self.reader, &edges);
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
                if self.members.expect(self.reader, container, path).is_empty() {
                    return None;
                }
                TaskTarget::Container(container.value.clone())
            }
        };
        let engine = self.default_engine();
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
            target,
            config,
            bash: task.bash.clone(),
            written: task.written.clone(),
            takes_args: task.container.used.args,
            depends_on: dependencies.finish(),
            uses: needs(&task.container, &engine),
            needs: task.needs.iter().map(|need| need.value.clone()).collect(),
        })
    }
}
