//! An image's running part: the container that is made of it.
//!
//! Invariant: every option of a running image is here or in `network`; what has no counterpart is said.

use std::sync::Arc;

use super::attached::Attached;
use super::formatted::{Formatted, verbatim};
use super::image::is_true;
use super::network::{cpu, network};
use super::subject::Subject;
use super::trail::Trail;
use super::tree::{Made, entries, get, items, plain, sequence};
use super::wait::wait;
use super::{grammar, keys};
use crate::diagnostic::Diagnostic;
use crate::source::Span;
use crate::yaml::Node;

/// Options that are the same under another name, or under their own.
const SAME: &[(&str, &str)] = &[
    ("privileged", "privileged"),
    ("read_only_rootfs", "read_only"),
    ("devices", "devices"),
    ("ulimits", "ulimits"),
    ("security_opt", "security_opt"),
    ("restart_policy", "restart"),
];

/// Options without a counterpart, why, and what to do instead.
const UNSUPPORTED: &[(&str, &str, &str)] = &[
    (
        "container_name",
        "containers are called <project>.<image>",
        "link it by `{images.NAME}`, and leave the name out",
    ),
    (
        "assume_role",
        "windlass takes no roles of AWS",
        "take it before: `aws-vault exec ROLE -- windlass …`, or export its keys",
    ),
    ("lxc_conf", "engines have no LXC any more", "leave it out"),
    (
        "no_tty_option",
        "whether a run has a terminal is said where it is run",
        "give `--no-tty`: `windlass run --no-tty TASK`; without a terminal there is none anyway",
    ),
    (
        "deleteable_image",
        "windlass removes no image after a run",
        "`windlass untag IMAGE latest` removes it",
    ),
];

/// Those that say nothing where they are false.
const SWITCHES: [&str; 2] = ["no_tty_option", "deleteable_image"];

pub(super) fn container(subject: &Subject<'_>, profile: &str, attached: &Attached) -> Arc<Node> {
    let mut made = Made::at(subject.span);
    made.set("image", verbatim(subject.span, &subject.key));
    // It runs only when somebody runs it, or as what another one needs: each has a profile of its own.
    made.set("profiles", sequence(subject.span, vec![verbatim(subject.span, profile)]));
    process(subject, &mut made);
    volumes(subject, &mut made);
    if let Some((key, node, trail)) = subject.option("links") {
        made.put("links", key, grammar::links(subject, &node, &trail));
    }
    if let Some((key, node, trail)) = subject.option("ports") {
        let (published, seen) = grammar::ports(subject, &node, &trail);
        if !published.is_empty() {
            made.put("ports", key, sequence(node.span, published));
        }
        if !seen.is_empty() {
            made.put("exposes", key, sequence(node.span, seen));
        }
    }
    for (name, native) in SAME {
        if let Some((key, node, _)) = subject.option(name) {
            made.put(native, key, node);
        }
    }
    network(subject, &mut made);
    cpu(subject, &mut made);
    other(subject, &mut made);
    readiness(subject, attached, &mut made);
    for (name, why, instead) in UNSUPPORTED {
        let entry = get(&subject.options, name);
        if let Some(entry) = entry.filter(|entry| !SWITCHES.contains(name) || is_true(&entry.value))
        {
            subject.harpoon.unsupported(entry, &subject.trail, why, instead);
        }
    }
    made.node()
}

/// Command, environment and user.
fn process(subject: &Subject<'_>, made: &mut Made) {
    match Line::of(subject) {
        Some(Line::Bash { key, shell, text }) => {
            let shell = shell.unwrap_or_else(|| Formatted::text("/bin/bash")).node(key);
            let words = vec![shell, plain(key, "-c"), text.node(key)];
            made.put("command", key, sequence(key, words));
        }
        Some(Line::Command { key, node }) => made.put("command", key, node),
        None => {}
    }
    if let Some((key, node, trail)) = subject.option("user")
        && let Some(user) = subject.formatted(&node, &trail)
    {
        made.put("user", key, user);
    }
    if let Some((key, node, trail)) = subject.option("env") {
        made.put("env", key, grammar::env(subject, &node, &trail));
    }
}

/// What runs: `bash` wins over `command`, wherever they stand.
pub(super) enum Line {
    /// A line for a shell; `None`: that which Harpoon takes by itself.
    Bash {
        key: Span,
        shell: Option<Formatted>,
        text: Formatted,
    },
    Command {
        key: Span,
        node: Arc<Node>,
    },
}

impl Line {
    pub(super) fn of(subject: &Subject<'_>) -> Option<Self> {
        if let Some((key, node, trail)) = subject.option("bash") {
            let shell = subject.option("shell");
            let shell = shell.and_then(|(_, node, trail)| subject.format(&node, &trail));
            return Some(Self::Bash { key, shell, text: subject.format(&node, &trail)? });
        }
        let (key, node, trail) = subject.option("command")?;
        let node = match node.as_sequence() {
            Some(words) => {
                let words = words.iter().enumerate();
                let words =
                    words.filter_map(|(at, word)| subject.formatted(word, &trail.index(at)));
                sequence(node.span, words.collect())
            }
            None => subject.format(&node, &trail)?.node(node.span),
        };
        Some(Self::Command { key, node })
    }
}

fn volumes(subject: &Subject<'_>, made: &mut Made) {
    let Some((_, node, trail)) = subject.option("volumes") else { return };
    if !is_mapping(subject, &node, &trail, "write volumes: {mount: [...], share_with: [...]}") {
        return;
    }
    subject.harpoon.check_keys(&node, &trail, keys::VOLUMES);
    if let Some(entry) = get(&node, "mount") {
        let mounts = grammar::mounts(subject, &entry.value, &trail.key("mount"));
        made.put("mounts", entry.key.span, mounts);
    }
    let Some(entry) = get(&node, "share_with") else { return };
    let mut owners = Vec::new();
    for (at, item) in items(&entry.value).iter().enumerate() {
        let trail = trail.key("share_with").index(at);
        let Some(text) = subject.format(item, &trail) else { continue };
        if let Some(owner) = grammar::container_of(subject, &text) {
            owners.push(verbatim(item.span, &owner));
        } else {
            let message = "volumes of a container that is no image of this file can't be shared";
            let found = Diagnostic::warning("unsupported", message).at(item.span, "");
            let help =
                "write \"{images.NAME}\", or mount a volume by its name: `mount: [\"data:/data\"]`";
            subject.harpoon.report(found.in_path(trail.to_string()).help(help));
        }
    }
    made.put("uses", entry.key.span, sequence(entry.value.span, owners));
}

pub(super) fn is_mapping(subject: &Subject<'_>, node: &Node, trail: &Trail, help: &str) -> bool {
    let is_mapping = node.as_mapping().is_some();
    if !is_mapping {
        let message = format!("expected a mapping, found {}", node.describe());
        let found = Diagnostic::error("wrong-type", message).at(node.span, "");
        subject.harpoon.report(found.in_path(trail.to_string()).help(help));
    }
    is_mapping
}

/// docker-py's own arguments, and the log's.
fn other(subject: &Subject<'_>, made: &mut Made) {
    if let Some((key, node, _)) = subject.option("log_config") {
        // Harpoon takes a list, and fails by it.
        if let Some(config) = items(&node).first() {
            let mut log = Made::at(node.span);
            for entry in entries(config) {
                let name = match &*entry.key.text {
                    "type" | "Type" => "driver",
                    "config" | "Config" => "options",
                    other => other,
                };
                log.put(name, entry.key.span, Arc::clone(&entry.value));
            }
            made.put("log", key, log.node());
        }
    }
    let Some((_, node, trail)) = subject.option("other_options") else { return };
    if !is_mapping(subject, &node, &trail, "write other_options: {host_config: {...}}") {
        return;
    }
    subject.harpoon.check_keys(&node, &trail, keys::OTHER);
    for entry in entries(&node) {
        match &*entry.key.text {
            "create" => made.put("create_options", entry.key.span, Arc::clone(&entry.value)),
            "host_config" => made.put("host_config", entry.key.span, Arc::clone(&entry.value)),
            _ => {
                let why = "Harpoon never passed this on, and windlass does not either";
                let instead = "write the options of containers under `create` or `host_config`";
                subject.harpoon.unsupported(entry, &trail, why, instead);
            }
        }
    }
}

/// When whoever links it may start; the terminal of one that stops without one.
fn readiness(subject: &Subject<'_>, attached: &Attached, made: &mut Made) {
    let given = attached.of_image(&subject.key);
    if given.is_some_and(|given| given.has_terminal) {
        made.word("tty", "true");
        made.word("stdin_open", "true");
    }
    let from = given.and_then(|given| given.wait.clone());
    if let Some((key, node, trail)) = from.or_else(|| subject.option("wait_condition"))
        && let Some(wait) = wait(subject, &node, &trail)
    {
        made.put("wait", key, wait);
    }
}
