//! Secrets in what containers say: they are in no event and in no report.

use crate::bench::{Bench, command, text};
use std::collections::BTreeMap;
use windlass_model::event::Event;
use windlass_model::plan::{Action, ContainerRef, StepId};
use windlass_model::wait::{ExecPolicy, ExecSpec};

#[tokio::test(start_paused = true)]
async fn a_secret_that_a_command_prints_is_not_told() {
    for words in [["echo", "pw=hunter2"], ["missing", "pw=hunter2"]] {
        let mut bench = Bench::new();
        let container = ContainerRef::Planned(bench.started(command(&["run"])));
        let exec = ExecSpec {
            argv: words.map(str::to_owned).to_vec(),
            user: None,
            workdir: None,
            env: BTreeMap::new(),
            policy: ExecPolicy::Restart,
        };
        let exec =
            bench.step(Action::ExecContainer { container, exec: Box::new(exec) }, &[StepId(1)]);
        let report = bench.run().await;
        let said = format!("{:?} {:?}", bench.events, report.outcomes);
        assert!(!said.contains("hunter2"), "{said}");
        let fails = words[0] == "missing";
        let outcome = &report.outcomes[exec.index()];
        assert_eq!(outcome.is_done(), !fails, "{outcome:?}");
        assert_eq!(text(outcome).contains("pw=(secret)"), fails, "{outcome:?}");
        let is_line = |event: &Event| matches!(event, Event::StepOutput { line, .. } if line.contains("(secret)"));
        assert_eq!(bench.events.iter().any(is_line), !fails);
    }
}
