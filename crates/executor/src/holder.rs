//! Holders: who is in the way of a step that failed, looked up when it fails.
//!
//! Invariant: only looks; what can't be found out is left out, and the failure stays what it is.

use std::time::Duration;
use windlass_engine::Engine;
use windlass_model::fault::Fault;
use windlass_model::observed::ContainerSummary;
use windlass_model::report::{Failure, FailureKind};

/// A look at an engine that hangs must not hold up what has failed already, and the way back from it.
const PATIENCE: Duration = Duration::from_secs(2);

/// Adds who holds the port or the name, or uses the object.
pub(crate) async fn name(engine: &dyn Engine, failure: &mut Failure) {
    let FailureKind::Engine(fault) = &failure.kind else { return };
    if !matters(fault) {
        return;
    }
    let Ok(Ok(all)) = tokio::time::timeout(PATIENCE, engine.list_containers()).await else {
        return;
    };
    let lines = lines(fault, &all);
    failure.detail.extend(lines);
}

fn matters(fault: &Fault) -> bool {
    matches!(fault, Fault::PortInUse { port: Some(_) } | Fault::NameConflict { holder: Some(_) })
        || matches!(fault, Fault::InUse { by } if !by.is_empty())
}

fn lines(fault: &Fault, all: &[ContainerSummary]) -> Vec<String> {
    let of_id = |id: &str| all.iter().find(|seen| seen.id.as_str().starts_with(id));
    if let Fault::PortInUse { port: Some(port) } = fault {
        let holds = |seen: &&ContainerSummary| {
            seen.state.is_up() && seen.published.iter().any(|one| one.published == Some(*port))
        };
        let holders: Vec<_> = all.iter().filter(holds).map(who).collect();
        return match holders.as_slice() {
            [] => vec![format!("no container publishes port {port}: a program of the host has it")],
            holders => vec![format!("port {port} is held by {}", holders.join(" and "))],
        };
    }
    if let Fault::NameConflict { holder: Some(id) } = fault {
        return of_id(id)
            .map(|seen| format!("the name is held by {}", who(seen)))
            .into_iter()
            .collect();
    }
    let Fault::InUse { by } = fault else { return Vec::new() };
    let users: Vec<_> = by.iter().filter_map(|id| of_id(id)).map(who).collect();
    if users.is_empty() { Vec::new() } else { vec![format!("used by {}", users.join(" and "))] }
}

/// `container shop.web (running, project shop)`.
fn who(seen: &ContainerSummary) -> String {
    let owner = match (&seen.owner, seen.labels.get("com.docker.compose.project")) {
        (Some(owner), _) => format!("project {}", owner.project),
        (None, Some(project)) => format!("Compose project {project}"),
        (None, None) => "not made by windlass".to_owned(),
    };
    format!("container {} ({}, {owner})", seen.name, seen.state.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};
    use windlass_model::name::{ContainerId, ImageId};
    use windlass_model::observed::State;
    use windlass_model::port::{Protocol, PublishedPort};

    fn seen(id: &str, name: &str, state: State, compose: Option<&str>) -> ContainerSummary {
        let label = compose.map(|name| ("com.docker.compose.project".to_owned(), name.to_owned()));
        let port = PublishedPort {
            target: 80,
            protocol: Protocol::Tcp,
            host_ip: None,
            published: Some(8080),
        };
        ContainerSummary {
            id: ContainerId::new(id),
            name: name.into(),
            image: "i".into(),
            image_id: ImageId::new("2"),
            state,
            status: String::new(),
            labels: label.into_iter().collect::<BTreeMap<_, _>>(),
            owner: None,
            published: [port].into(),
            volumes: BTreeSet::new(),
            networks: BTreeSet::new(),
            created_s: 0,
        }
    }

    #[test]
    fn holders_are_named() {
        let all = [
            seen("aa11", "old", State::Exited, None),
            seen("bb22", "blog-web-1", State::Running, Some("blog")),
        ];
        let held = "port 8080 is held by container blog-web-1 (running, Compose project blog)";
        let nobody = "no container publishes port 9: a program of the host has it";
        let name = "the name is held by container old (exited, not made by windlass)";
        let used = "used by container blog-web-1 (running, Compose project blog)";
        for (fault, expected) in [
            (Fault::PortInUse { port: Some(8080) }, Some(held)),
            (Fault::PortInUse { port: Some(9) }, Some(nobody)),
            (Fault::NameConflict { holder: Some("aa11".into()) }, Some(name)),
            (Fault::NameConflict { holder: Some("ff".into()) }, None),
            (Fault::InUse { by: vec!["ff".into(), "bb22".into()] }, Some(used)),
            (Fault::DiskFull, None),
        ] {
            assert_eq!(lines(&fault, &all).first().map(String::as_str), expected, "{fault:?}");
        }
    }
}
