//! Keys about a container's life: starting, health, readiness, updates, stopping, dependencies.
//!
//! Invariant: every time is a duration with its unit in the field's name.

use windlass_model::dependency::Condition;
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::image::PullPolicy;
use windlass_model::update::UpdateOrder;
use windlass_model::wait::{ExecPolicy, ExecSpec, WaitCondition, WaitSpec};

use super::super::shorthand::{Shape, at_most, shapes};
use super::super::{put, set};
use super::process::{command, container_path, plain_env, user};
use crate::document::{Container, DependsOn};
use crate::load::Dialect;
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{bare_health_duration_ns, duration_ms, duration_s, health_duration_ns, signal};
use crate::yaml::{Style, Value};

pub(super) const FIELDS: &[Field<Container>] = &[
    Field {
        name: "stop_signal",
        read: |c, r, i| put(&mut c.config.stop_signal, r.parse(i, signal)),
    },
    Field {
        name: "stop_timeout",
        read: |c, r, i| put(&mut c.config.stop_timeout_s, r.parse(i, duration_s)),
    },
    Field {
        name: "start_delay",
        read: |c, r, i| set(&mut c.start_delay_ms, r.parse(i, duration_ms)),
    },
    Field { name: "persistent", read: |c, r, i| set(&mut c.persistent, r.bool(i)) },
    Field { name: "pull", read: |c, r, i| set(&mut c.pull, pull(r, i)) },
    Field {
        name: "exec_commands",
        read: |c, r, i| {
            let more = exec_commands(r, i);
            c.exec_commands.extend(more);
        },
    },
    Field { name: "healthcheck", read: healthcheck },
    Field { name: "depends_on", read: |c, r, i| depends_on(&mut c.depends_on, r, i) },
    Field { name: "wait", read: |c, r, i| put(&mut c.wait, wait(r, i)) },
    Field {
        name: "update",
        read: |c, r, i| {
            r.fields(i, &mut *c.update, &[UPDATE]);
        },
    },
];

pub(in super::super) fn pull(reader: &Reader, item: &Item) -> Option<PullPolicy> {
    choice(
        reader,
        item,
        &[
            ("missing", PullPolicy::Missing),
            ("always", PullPolicy::Always),
            ("never", PullPolicy::Never),
        ],
    )
}

/// One of a few words.
pub(in super::super) fn choice<T: Clone>(
    reader: &Reader,
    item: &Item,
    choices: &[(&str, T)],
) -> Option<T> {
    let text = reader.string(item)?;
    if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
        return Some(value.clone());
    }
    let words = choices.iter().map(|(word, _)| *word);
    let listed: Vec<_> = words.clone().map(|word| format!("\"{word}\"")).collect();
    let message =
        format!("expected {}, found \"{}\"", listed.join(" or "), crate::yaml::shorten(&text));
    let help = crate::read::suggest(&text, words).map(|near| format!("did you mean \"{near}\"?"));
    reader.report(reader.error(item, "bad-value", message).maybe_help(help));
    None
}

fn exec_commands(reader: &Reader, item: &Item) -> Vec<ExecSpec> {
    let all = shapes(reader, item, &["cmd", "command"], false);
    all.iter().filter_map(|shape| exec_command(reader, shape)).collect()
}

fn exec_command(reader: &Reader, shape: &Shape) -> Option<ExecSpec> {
    let mut exec = ExecSpec {
        argv: Vec::new(),
        user: None,
        workdir: None,
        env: std::collections::BTreeMap::new(),
        policy: ExecPolicy::default(),
    };
    match shape {
        Shape::Positions(parts) => {
            at_most(reader, parts, 3, "[command, user, initial | restart]");
            exec.argv = command(reader, parts.first()?)?;
            if let Some(user) = parts.get(1).filter(|part| !part.node.is_null()) {
                exec.user = self::user(reader, user);
            }
            if let Some(policy) = parts.get(2) {
                set(&mut exec.policy, exec_policy(reader, policy));
            }
        }
        Shape::Named(item) => {
            reader.fields(item, &mut exec, &[EXEC]);
        }
    }
    if exec.argv.is_empty() {
        let item = match shape {
            Shape::Positions(parts) => parts.first()?,
            Shape::Named(item) => item,
        };
        reader.expected(item, "a command", None);
        return None;
    }
    Some(exec)
}

const EXEC: &[Field<ExecSpec>] = &[
    Field { name: "cmd", read: |e, r, i| set(&mut e.argv, command(r, i)) },
    Field { name: "command", read: |e, r, i| set(&mut e.argv, command(r, i)) },
    Field { name: "user", read: |e, r, i| put(&mut e.user, user(r, i)) },
    Field { name: "workdir", read: |e, r, i| put(&mut e.workdir, container_path(r, i)) },
    Field { name: "env", read: |e, r, i| e.env = plain_env(r, i) },
    Field { name: "policy", read: |e, r, i| set(&mut e.policy, exec_policy(r, i)) },
];

fn exec_policy(reader: &Reader, item: &Item) -> Option<ExecPolicy> {
    choice(reader, item, &[("initial", ExecPolicy::Initial), ("restart", ExecPolicy::Restart)])
}

fn healthcheck(container: &mut Container, reader: &Reader, item: &Item) {
    let check = health(reader, item, container.config.healthcheck.take());
    container.config.healthcheck = check.into();
}

/// A line for the shell, docker-map's positions, or a mapping over what is inherited.
pub(in super::super) fn health(
    reader: &Reader,
    item: &Item,
    inherited: Option<Healthcheck>,
) -> Option<Healthcheck> {
    let item = reader.resolve(item)?;
    let mut check = inherited.unwrap_or_else(|| Healthcheck::of(HealthTest::Inherit));
    match &item.node.value {
        Value::Scalar(_) => check.test = health_test(reader, &item)?,
        Value::Mapping(_) => {
            reader.fields(&item, &mut check, &[HEALTH]);
        }
        Value::Sequence(_) => {
            let parts = reader.list(&item, "a health check");
            let first = parts.first()?;
            let word = first.node.as_scalar().map(|scalar| scalar.text.to_string());
            if word.is_some_and(|word| ["NONE", "CMD", "CMD-SHELL"].contains(&word.as_str())) {
                check.test = health_test(reader, &item)?;
            } else {
                at_most(reader, &parts, 5, "[test, interval, timeout, retries, start_period]");
                check.test = health_test(reader, first)?;
                let fields = ["interval", "timeout", "retries", "start_period"];
                for (part, name) in parts.iter().skip(1).zip(fields) {
                    if let Some(field) = HEALTH.iter().find(|field| field.name == name) {
                        (field.read)(&mut check, reader, part);
                    }
                }
            }
        }
    }
    Some(check)
}

const HEALTH: &[Field<Healthcheck>] = &[
    Field { name: "test", read: |h, r, i| set(&mut h.test, health_test(r, i)) },
    Field { name: "interval", read: |h, r, i| set(&mut h.interval_ns, health_time(r, i)) },
    Field { name: "timeout", read: |h, r, i| set(&mut h.timeout_ns, health_time(r, i)) },
    Field {
        name: "retries",
        read: |h, r, i| set(&mut h.retries, r.integer(i, "a number of retries")),
    },
    Field { name: "start_period", read: |h, r, i| set(&mut h.start_period_ns, health_time(r, i)) },
    Field {
        name: "start_interval",
        read: |h, r, i| set(&mut h.start_interval_ns, health_time(r, i)),
    },
    Field {
        name: "disable",
        read: |h, r, i| {
            if r.bool(i) == Some(true) {
                *h = Healthcheck::disabled();
            }
        },
    },
];

/// A bare number is what the dialect says it is.
fn health_time(reader: &Reader, item: &Item) -> Option<u64> {
    match reader.dialect() {
        Dialect::Windlass | Dialect::Harpoon => reader.parse(item, health_duration_ns),
        Dialect::DockerMap => reader.parse(item, bare_health_duration_ns),
    }
}

pub(super) fn health_test(reader: &Reader, item: &Item) -> Option<HealthTest> {
    let item = reader.resolve(item)?;
    if item.node.as_sequence().is_none() {
        let text = reader.string(&item)?;
        // In quotes it is a program, which everything has.
        let is_false =
            item.node.as_scalar().is_some_and(|s| s.style == Style::Plain) && text == "false";
        let disabled = is_false || ["", "none", "NONE", "disabled"].contains(&text.as_str());
        return Some(if disabled { HealthTest::Disabled } else { HealthTest::Shell(text) });
    }
    let mut words = reader.strings(&item);
    match words.first().map(String::as_str) {
        None | Some("NONE") => Some(HealthTest::Disabled),
        Some("CMD") => {
            words.remove(0);
            Some(HealthTest::Exec(words))
        }
        Some("CMD-SHELL") => Some(HealthTest::Shell(words[1..].join(" "))),
        Some(_) => Some(HealthTest::Exec(words)),
    }
}

fn depends_on(into: &mut Vec<Spanned<DependsOn>>, reader: &Reader, item: &Item) {
    let mut found = Vec::new();
    for shape in shapes(reader, item, &[], false) {
        let Shape::Positions(parts) = shape else { continue };
        let Some((target, rest)) = parts.split_first() else { continue };
        let Some(target) = reader.spanned(target) else { continue };
        let mut condition = Condition::default();
        if let Some(more) = rest.first() {
            if more.node.as_mapping().is_some() {
                reader.fields(more, &mut condition, &[DEPENDS]);
            } else {
                set(&mut condition, read_condition(reader, more));
            }
        }
        let target_span = target.span;
        found.push(Spanned::new(DependsOn { target: target.value, condition }, target_span));
    }
    super::replace_by(into, found, |one| one.target.clone());
}

const DEPENDS: &[Field<Condition>] =
    &[Field { name: "condition", read: |c, r, i| set(c, read_condition(r, i)) }];

fn read_condition(reader: &Reader, item: &Item) -> Option<Condition> {
    let conditions = [Condition::Started, Condition::Healthy, Condition::Completed];
    choice(reader, item, &conditions.map(|condition| (condition.as_str(), condition)))
}

const UPDATE: &[Field<windlass_model::update::UpdateSpec>] = &[
    Field {
        name: "order",
        read: |u, r, i| {
            let words =
                [("stop-first", UpdateOrder::StopFirst), ("start-first", UpdateOrder::StartFirst)];
            set(&mut u.order, choice(r, i, &words));
        },
    },
    Field {
        name: "healthy_within",
        read: |u, r, i| put(&mut u.healthy_within_ms, r.parse(i, duration_ms)),
    },
    Field { name: "rollback", read: |u, r, i| set(&mut u.rollback, r.bool(i)) },
    Field {
        name: "stable_for",
        read: |u, r, i| put(&mut u.stable_for_ms, r.parse(i, duration_ms)),
    },
];

fn wait(reader: &Reader, item: &Item) -> Option<WaitSpec> {
    let mut wait = WaitSpec { conditions: Vec::new(), timeout_ms: 60_000, interval_ms: 250 };
    let read = reader.fields(item, &mut wait, &[WAIT]);
    (read && !wait.conditions.is_empty()).then_some(wait)
}

const WAIT: &[Field<WaitSpec>] = &[
    Field { name: "timeout", read: |w, r, i| set(&mut w.timeout_ms, r.parse(i, duration_ms)) },
    Field { name: "interval", read: |w, r, i| set(&mut w.interval_ms, r.parse(i, duration_ms)) },
    Field {
        name: "file_exists",
        read: |w, r, i| {
            let paths = r.list_or_one(i);
            let paths = paths.iter().filter_map(|item| container_path(r, item));
            w.conditions.extend(paths.map(WaitCondition::FileExists));
        },
    },
    Field {
        name: "file_value",
        read: |w, r, i| {
            for (path, value) in r.string_pairs(i, "a mapping of paths to values") {
                if !path.starts_with('/') {
                    let message =
                        format!("the path in the container, \"{path}\", must be absolute");
                    r.report(r.error(i, "bad-value", message).help(format!("write \"/{path}\"")));
                }
                w.conditions.push(WaitCondition::FileValue { path, value });
            }
        },
    },
    Field {
        name: "port_open",
        read: |w, r, i| {
            let ports = r.list_or_one(i);
            let ports = ports.iter().filter_map(|item| port(r, item));
            w.conditions.extend(ports.map(WaitCondition::PortOpen));
        },
    },
    Field {
        name: "http",
        read: |w, r, i| {
            let items = r.list_or_one(i);
            w.conditions.extend(items.iter().filter_map(|item| http(r, item)));
        },
    },
    Field {
        name: "command",
        read: |w, r, i| w.conditions.extend(command(r, i).map(WaitCondition::Command)),
    },
    Field {
        name: "commands",
        read: |w, r, i| {
            let items = r.list(i, "a list of commands");
            let commands = items.iter().filter_map(|item| command(r, item));
            w.conditions.extend(commands.map(WaitCondition::Command));
        },
    },
    Field {
        name: "log",
        read: |w, r, i| w.conditions.extend(r.strings(i).into_iter().map(WaitCondition::Log)),
    },
];

fn port(reader: &Reader, item: &Item) -> Option<u16> {
    reader.integer_in(item, 1..=u16::MAX, "a port")
}

/// `8080/path`, `http://localhost:8080/path`, or `{port, path}`.
fn http(reader: &Reader, item: &Item) -> Option<WaitCondition> {
    if item.node.as_mapping().is_some() {
        let mut parts: (Option<u16>, String) = (None, "/".to_owned());
        reader.fields(item, &mut parts, &[HTTP]);
        return Some(WaitCondition::Http { port: parts.0?, path: parts.1 });
    }
    let text = reader.string(item)?;
    let rest = text.strip_prefix("http://").unwrap_or(&text);
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let port = authority.rsplit(':').next().and_then(|port| port.parse().ok()).filter(|n| *n > 0);
    let Some(port) = port else {
        let help = "write \"8080/path\" or {port: 8080, path: /path}".to_owned();
        reader.expected(item, "a port and a path", Some(help));
        return None;
    };
    let path = if path.is_empty() { "/" } else { path };
    Some(WaitCondition::Http { port, path: path.to_owned() })
}

const HTTP: &[Field<(Option<u16>, String)>] = &[
    Field { name: "port", read: |h, r, i| h.0 = port(r, i) },
    Field { name: "path", read: |h, r, i| set(&mut h.1, r.string(i)) },
];
