//! `windlass ps`: the containers of the project and what they do.
//!
//! Invariant: one list per engine is all that is asked.

use std::collections::{BTreeMap, BTreeSet};
use windlass::model::Address;
use windlass::model::observed::{ContainerSummary, State};
use windlass::model::one_off;
use windlass::model::passing_name::PassingName;
use windlass::model::port::PublishedPort;

use crate::args::Ps;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::render::escape;
use crate::render::json;
use crate::render::object;
use crate::render::style::Role;
use crate::render::table::{Cell, table};
use crate::session::Session;
use crate::trouble::Result;
use crate::{select, words};

pub(super) fn run(invocation: &Invocation, args: &Ps) -> Result<Exit> {
    let (session, seen) = invocation::block_on(async {
        let session = Session::open(invocation)?;
        let seen = session.list().await?.into_iter().map(|(_, summary)| summary).collect();
        Ok((session, seen))
    })?;
    let selected = select::containers(&session.project, &args.select.references)?;
    let everything = args.select.references.is_empty();
    let rows = rows(&session, &selected, everything, seen);
    let console = &invocation.console;
    if args.names || args.ids || (console.quiet && !console.is_json) {
        for summary in rows.iter().filter_map(|row| row.seen.as_ref()) {
            let text = if args.names { summary.name.as_str() } else { summary.id.as_str() };
            console.result(&format!("{}\n", escape::line(text)));
        }
    } else if console.is_json {
        for row in &rows {
            console.json(&row.json());
        }
    } else if rows.is_empty() {
        console.say("This project declares no containers.\n");
    } else {
        let now_s = invocation::now_s();
        let cells: Vec<_> = rows.iter().map(|row| row.cells(now_s)).collect();
        let titles = ["NAME", "IMAGE", "STATE", "PORTS", "AGE"];
        console.result(&table(&titles, &cells, console.stdout));
    }
    Ok(Exit::Done)
}

/// A container that is declared, there, or both.
struct Row {
    address: Option<Address>,
    declared_image: Option<String>,
    seen: Option<ContainerSummary>,
}

fn rows(
    session: &Session,
    selected: &BTreeSet<Address>,
    everything: bool,
    seen: Vec<ContainerSummary>,
) -> Vec<Row> {
    let mut by_address: BTreeMap<Address, Vec<ContainerSummary>> = BTreeMap::new();
    let mut unknown = Vec::new();
    for summary in seen {
        match summary.owner.as_ref().and_then(|owner| owner.address.clone()) {
            Some(address) => by_address.entry(address).or_default().push(summary),
            None => unknown.push(summary),
        }
    }
    let mut rows = Vec::new();
    for address in selected {
        let spec = session.project.containers.get(address);
        let declared_image = spec.map(|spec| session.image_reference(&spec.image));
        let row = |seen| Row {
            address: Some(address.clone()),
            declared_image: declared_image.clone(),
            seen,
        };
        match by_address.remove(address) {
            Some(found) => rows.extend(found.into_iter().map(|summary| row(Some(summary)))),
            None => rows.push(row(None)),
        }
    }
    if everything {
        let orphans = by_address.into_iter().flat_map(|(address, found)| {
            found.into_iter().map(move |summary| (Some(address.clone()), summary))
        });
        let unknown = unknown.into_iter().map(|summary| (None, summary));
        rows.extend(orphans.chain(unknown).map(|(address, summary)| Row {
            address,
            declared_image: None,
            seen: Some(summary),
        }));
    }
    rows
}

impl Row {
    fn name(&self) -> String {
        match (&self.address, &self.seen) {
            (Some(address), _) => object::name(address),
            (None, Some(summary)) => escape::line(&summary.name).into_owned(),
            (None, None) => String::new(),
        }
    }

    fn image(&self) -> String {
        let seen = self.seen.as_ref().map(|summary| match summary.image.strip_prefix("sha256:") {
            // Its tag has been given to another image since.
            Some(_) => summary.image_id.short(),
            None => summary.image.as_str(),
        });
        escape::line(seen.or(self.declared_image.as_deref()).unwrap_or_default()).into_owned()
    }

    fn is_orphan(&self) -> bool {
        self.declared_image.is_none()
    }

    fn cells(&self, now_s: i64) -> Vec<Cell> {
        let Some(summary) = &self.seen else {
            let absent = Cell::painted("absent", Role::Faint);
            return vec![
                self.name().into(),
                Cell::painted(self.image(), Role::Faint),
                absent,
                String::new().into(),
                String::new().into(),
            ];
        };
        let (mut state, role) = state(summary);
        if one_off::is_one(&summary.name, &summary.labels) {
            state.push_str(", one-off");
        } else if self.is_orphan() {
            state.push_str(", not in the file");
        }
        vec![
            self.name().into(),
            self.image().into(),
            Cell::painted(state, role),
            ports(&summary.published).into(),
            words::age(now_s - summary.created_s).into(),
        ]
    }

    fn json(&self) -> serde_json::Value {
        let seen = self.seen.as_ref();
        let ports: Vec<_> =
            seen.into_iter().flat_map(|s| &s.published).map(ToString::to_string).collect();
        json::object(
            "container",
            serde_json::json!({
                "address": self.address.as_ref().map(json::address),
                "declared": !self.is_orphan(),
                "name": seen.map(|summary| summary.name.as_str()),
                "id": seen.map(|summary| summary.id.as_str()),
                "image": seen.map(|s| s.image.as_str()).or(self.declared_image.as_deref()),
                "state": seen.map_or("absent", |summary| summary.state.as_str()),
                "health": seen.and_then(health),
                "exit_code": seen.and_then(exit_code),
                "status": seen.map(|summary| summary.status.as_str()),
                "ports": ports,
                "created_s": seen.map(|summary| summary.created_s),
            }),
        )
    }
}

/// `running (healthy)`, `exited (3)`, and how that looks.
fn state(summary: &ContainerSummary) -> (String, Role) {
    let word = summary.state.as_str();
    let due = is_starting(summary).then_some("starting");
    let health = health(summary).filter(|health| due.is_none() || *health == "unhealthy").or(due);
    let code = exit_code(summary);
    let role = match (summary.state, health, code) {
        (State::Exited, _, Some(0)) | (State::Created, _, _) => Role::Faint,
        (State::Running, Some("unhealthy"), _) | (State::Exited | State::Dead, _, _) => Role::Error,
        (State::Running, Some("starting"), _)
        | (State::Paused | State::Restarting | State::Removing | State::Other, _, _) => {
            Role::Warning
        }
        (State::Running, _, _) => Role::Create,
    };
    let text = match (health, code) {
        (Some(health), _) => format!("{word} ({health})"),
        (None, Some(code)) => format!("{word} ({code})"),
        (None, None) => word.to_owned(),
    };
    (text, role)
}

/// Whether its name says that its commands or conditions are not done.
fn is_starting(summary: &ContainerSummary) -> bool {
    let Some((own, passing)) = PassingName::split(&summary.name) else { return false };
    let address = summary.owner.as_ref().and_then(|owner| owner.address.as_ref());
    passing != PassingName::Previous
        && summary.state == State::Running
        && address.is_some_and(|address| own.ends_with(address.name.as_str()))
}

/// What the engine's `Up 3 minutes (healthy)` says of the health check.
pub(crate) fn health(summary: &ContainerSummary) -> Option<&'static str> {
    ["(healthy)", "(unhealthy)", "(health: starting)"]
        .into_iter()
        .zip(["healthy", "unhealthy", "starting"])
        .find(|(mark, _)| summary.status.contains(mark))
        .map(|(_, word)| word)
}

/// The code of `Exited (3) 2 minutes ago`.
pub(crate) fn exit_code(summary: &ContainerSummary) -> Option<i64> {
    let rest = summary.status.strip_prefix("Exited (")?;
    rest.split_once(')')?.0.parse().ok()
}

/// `8080→80, 127.0.0.1:53→53/udp`: IPv4 and IPv6 of one port are one.
pub(super) fn ports(published: &BTreeSet<PublishedPort>) -> String {
    port_words(published).join(", ")
}

pub(crate) fn port_words(published: &BTreeSet<PublishedPort>) -> Vec<String> {
    let mut shown: Vec<String> = Vec::new();
    for port in published {
        let protocol = match port.protocol.as_str() {
            "tcp" => String::new(),
            other => format!("/{other}"),
        };
        let host = port.published.map_or("?".to_owned(), |port| port.to_string());
        let at = match port.host_ip.filter(|ip| !ip.is_unspecified()) {
            Some(ip) => {
                std::net::SocketAddr::new(ip, 0).to_string().trim_end_matches('0').to_owned()
            }
            None => String::new(),
        };
        let text = format!("{at}{host}→{}{protocol}", port.target);
        if !shown.contains(&text) {
            shown.push(text);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use windlass::model::label::{Owner, owner_labels};
    use windlass::model::port::Protocol;
    use windlass::model::{ContainerId, EngineName, ImageId, ProjectName};

    fn summary(state: State, status: &str) -> ContainerSummary {
        ContainerSummary {
            id: ContainerId::new("1"),
            name: "p.web".into(),
            image: "i".into(),
            image_id: ImageId::new("2"),
            state,
            status: status.into(),
            labels: BTreeMap::new(),
            owner: None,
            published: BTreeSet::new(),
            volumes: BTreeSet::new(),
            networks: BTreeSet::new(),
            created_s: 0,
        }
    }

    #[test]
    fn states() {
        for (at, status, expected, role) in [
            (State::Running, "Up 2 minutes", "running", Role::Create),
            (State::Running, "Up 2 minutes (healthy)", "running (healthy)", Role::Create),
            (State::Running, "Up 1 second (health: starting)", "running (starting)", Role::Warning),
            (State::Running, "Up 1 hour (unhealthy)", "running (unhealthy)", Role::Error),
            (State::Exited, "Exited (0) 1 second ago", "exited (0)", Role::Faint),
            (State::Exited, "Exited (137) 1 second ago", "exited (137)", Role::Error),
            (State::Created, "Created", "created", Role::Faint),
        ] {
            assert_eq!(state(&summary(at, status)), (expected.to_owned(), role));
        }
        for (name, key, expected) in [
            ("p.web_starting", "web", "running (starting)"),
            ("p.web_waiting", "web", "running (starting)"),
            ("p.web_previous", "web", "running"),
            ("p.web_waiting", "web_waiting", "running"),
        ] {
            let address = Address::container(&EngineName::default(), key);
            let labels = owner_labels(&ProjectName::new("p"), &address, None::<&()>, None);
            let mut seen = summary(State::Running, "Up 1 second");
            seen.name = name.into();
            seen.owner = Owner::read(&EngineName::default(), &labels);
            assert_eq!(state(&seen).0, expected, "{name}");
        }
    }

    #[test]
    fn published_ports() {
        let port = |ip: Option<&str>, published, target, protocol| PublishedPort {
            target,
            protocol,
            host_ip: ip.map(|ip| ip.parse().unwrap()),
            published,
        };
        let all = [
            port(Some("0.0.0.0"), Some(8080), 80, Protocol::Tcp),
            port(Some("::"), Some(8080), 80, Protocol::Tcp),
            port(Some("127.0.0.1"), Some(53), 53, Protocol::Udp),
            port(Some("::1"), Some(9), 90, Protocol::Tcp),
        ];
        assert_eq!(ports(&all.into()), "127.0.0.1:53→53/udp, 8080→80, [::1]:9→90");
    }
}
