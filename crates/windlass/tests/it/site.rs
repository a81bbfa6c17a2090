//! A map, and the engine in memory that it is applied to.
//!
//! Invariant: every plan comes from what `load` makes of a text and what `observe` sees, as in the program.

use std::fmt::Write as _;
use windlass::model::note::Blocked;
use windlass::model::plan::{Cause, Group, Plan};
use windlass::model::project::Project;
use windlass::model::request::{Request, Verb};
use windlass::{Dialect, ExecutionContext, Interrupts, LoadOptions, LocalInputs};
use windlass_testkit::FakeEngine;

/// What every container of a map is made of.
pub(crate) const IMAGE: &str = "app:1";

pub(crate) struct Site {
    pub(crate) engine: FakeEngine,
}

impl Site {
    pub(crate) fn new() -> Self {
        let engine = FakeEngine::new(1);
        let command = Some(vec!["run".to_owned()]);
        let config = windlass::model::observed::ImageConfig { command, ..Default::default() };
        engine.add_image(IMAGE, config);
        Self { engine }
    }

    async fn decide(&self, map: &Project, request: &Request) -> Result<Plan, Box<Blocked>> {
        let inputs = LocalInputs::default();
        let observed = windlass::observe(map, &self.engine.engines(), &inputs).await.unwrap();
        windlass::plan(map, &observed, request)
    }

    pub(crate) async fn plan(&self, map: &Project, request: &Request) -> Plan {
        let plan = self.decide(map, request).await;
        plan.unwrap_or_else(|blocked| panic!("{:?}", blocked.blockers))
    }

    /// What stands in the way.
    pub(crate) async fn refused(&self, map: &Project, request: &Request) -> String {
        match self.decide(map, request).await {
            Ok(plan) => panic!("nothing is in the way:\n{plan}"),
            Err(blocked) => format!("{:?}", blocked.blockers),
        }
    }

    /// Does it; what was done.
    pub(crate) async fn run(&self, map: &Project, request: &Request) -> Plan {
        let plan = self.plan(map, request).await;
        let context = ExecutionContext::new(map, LocalInputs::default().secrets);
        let engines = self.engine.engines();
        let mut sink = |_| {};
        let never = Interrupts::never();
        let report = windlass::execute(&plan, &engines, &context, &mut sink, never).await;
        let failures: Vec<_> = report.failures().collect();
        assert!(report.is_success(), "{failures:?}\n{plan}");
        plan
    }

    /// `up`, after which nothing is left to do; what was done.
    pub(crate) async fn up(&self, map: &Project) -> Plan {
        let plan = self.run(map, &up()).await;
        let again = self.plan(map, &up()).await;
        assert!(again.is_empty(), "the next plan is not empty:\n{again}after:\n{plan}");
        plan
    }
}

/// `up`, which also removes what is not in the map any more.
pub(crate) fn up() -> Request {
    let mut request = Request::new(Verb::Up);
    request.options.remove_orphans = true;
    request
}

/// What a text in docker-map's dialect says; it has no mistakes.
#[track_caller]
pub(crate) fn map(yaml: &str) -> Project {
    let loaded = windlass::load(&LoadOptions {
        files: vec!["-".into()],
        stdin: Some(yaml.as_bytes().to_vec()),
        project: Some("m".to_owned()),
        dialect: Dialect::DockerMap,
        cwd: "/site".into(),
        ..LoadOptions::default()
    });
    let findings = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(!loaded.diagnostics.has_errors(), "{yaml}\n{findings}");
    loaded.project.expect("no errors, so a project")
}

/// A line for each object that something is done to: what, and for which fields or for which other reason.
pub(crate) fn decisions(plan: &Plan) -> String {
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    for step in plan.steps.iter().filter(|step| step.cause != Cause::Readiness) {
        let what = match step.group {
            Some(Group::Create) => "create",
            Some(Group::Recreate) => "recreate",
            Some(Group::Update) => "update",
            Some(Group::Remove) => "remove",
            None => "do",
        };
        let head = format!("{} {what}", step.address);
        let reasons = if let Cause::Diverged(changes) = &step.cause {
            changes.iter().map(|change| change.path.clone()).collect()
        } else {
            vec![step.cause.to_string()]
        };
        let at = lines.iter().position(|(other, _)| *other == head).unwrap_or_else(|| {
            lines.push((head, Vec::new()));
            lines.len() - 1
        });
        for reason in reasons {
            if !lines[at].1.contains(&reason) {
                lines[at].1.push(reason);
            }
        }
    }
    let mut text = String::new();
    for (head, reasons) in lines {
        writeln!(text, "{head}: {}", reasons.join(", ")).unwrap();
    }
    text
}
