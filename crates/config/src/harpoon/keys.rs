//! Keys: those that Harpoon knows, those that it knew, and those that mean nothing here.
//!
//! Invariant: a key that Harpoon would have ignored is an error, unless something in the file looks it up.

use super::dialect::Harpoon;
use super::section::IMAGES_FROM;
use super::trail::Trail;
use super::tree::{entries, get};
use crate::diagnostic::Diagnostic;
use crate::read::did_you_mean;
use crate::yaml::{Entry, Mapping, Node};

/// Keys of an image, and so of the root, whose values are every image's.
pub(super) const IMAGE: &[&str] = &[
    "commands",
    "tasks",
    "tag",
    "name",
    "image_name",
    "image_name_prefix",
    "image_index",
    "container_name",
    "user",
    "shell",
    "bash",
    "command",
    "vars",
    "context",
    "links",
    "volumes",
    "ports",
    "env",
    "dependency_options",
    "wait_condition",
    "cache_from",
    "cleanup_intermediate_images",
    "deleteable_image",
    "no_tty_option",
    "assume_role",
    "authentication",
    "privileged",
    "read_only_rootfs",
    "devices",
    "ulimits",
    "log_config",
    "security_opt",
    "lxc_conf",
    "restart_policy",
    "network",
    "cpu",
    "other_options",
];

/// Keys of the root alone.
pub(super) const ROOT: &[&str] = &["images", "harpoon", "content", "term_colors", "config_root"];

pub(super) const CONTEXT: &[&str] = &[
    "enabled",
    "parent_dir",
    "include",
    "exclude",
    "find_options",
    "use_gitignore",
    "ignore_find_errors",
];
pub(super) const VOLUMES: &[&str] = &["mount", "share_with"];
pub(super) const NETWORK: &[&str] = &[
    "dns",
    "dns_search",
    "hostname",
    "domainname",
    "network_mode",
    "mode",
    "disabled",
    "extra_hosts",
    "publish_all_ports",
];
pub(super) const CPU: &[&str] = &[
    "cap_add",
    "cap_drop",
    "cpuset_cpus",
    "cpuset_mems",
    "mem_limit",
    "memswap_limit",
    "cpu_shares",
];
pub(super) const OTHER: &[&str] = &["create", "host_config", "start", "build"];
pub(super) const WAIT: &[&str] = &[
    "timeout",
    "wait_between_attempts",
    "greps",
    "command",
    "port_open",
    "file_value",
    "curl_result",
    "file_exists",
];
pub(super) const DEPENDENCY: &[&str] = &["attached", "wait_condition"];
pub(super) const TASK: &[&str] = &["action", "options", "overrides", "description", "label"];

/// Keys that Harpoon refuses, why, and what to write instead.
const REMOVED: &[(&str, &str, &str)] = &[
    (
        "persistence",
        "the persistence feature has been removed from Harpoon",
        "write `RUN --mount=type=cache,target=DIR …`: what is in DIR stays from build to build",
    ),
    (
        "recursive",
        "the recursive feature has been removed from Harpoon",
        "write `RUN --mount=type=cache,target=DIR …`",
    ),
    (
        "squash_after",
        "the squash feature has been removed from Harpoon",
        "copy what is needed from an earlier stage: [COPY, {from: 0, path: /app, to: /app}]",
    ),
    (
        "squash_before_push",
        "the squash feature has been removed from Harpoon",
        "copy what is needed from an earlier stage: [COPY, {from: 0, path: /app, to: /app}]",
    ),
    (
        "volumes_from",
        "`volumes_from` is no key of Harpoon any more",
        "write `volumes: {share_with: [...]}`",
    ),
    ("link", "`link` is no key of Harpoon any more", "write `links: [[\"{images.db}\", db]]`"),
    (
        "use_git_timestamps",
        "modification times do not invalidate the layer cache since Docker 1.8",
        "leave it out",
    ),
    (
        "mtime",
        "modification times do not invalidate the layer cache since Docker 1.8",
        "leave it out",
    ),
    ("spec", "`spec` is no key of Harpoon any more", "write `action` and `options`"),
];

/// Keys of an image that no other dialect has there.
const OWN: &[&str] = &[
    "wait_condition",
    "dependency_options",
    "no_tty_option",
    "cleanup_intermediate_images",
    "deleteable_image",
    "assume_role",
    "read_only_rootfs",
    "lxc_conf",
    "other_options",
];

/// Keys of the root that Harpoon knows nothing of.
const OF_OTHERS: &[&str] = &["containers", "vars", "include", "engines", "groups"];

/// Whether a file can only be Harpoon's.
pub(crate) fn is_own(root: &Node) -> bool {
    let has = |node: &Node, key: &str| get(node, key).is_some();
    if OF_OTHERS.iter().any(|key| has(root, key)) {
        return false;
    }
    let Some(images) = get(root, "images").map(|entry| &entry.value) else { return false };
    let is_section = images.as_mapping().is_some();
    let settings = get(root, "harpoon").is_some_and(|entry| entry.value.as_mapping().is_some());
    let has_own = |image: &Entry| OWN.iter().any(|key| has(&image.value, key));
    is_section && (settings || has(images, IMAGES_FROM) || entries(images).any(has_own))
}

impl Harpoon<'_> {
    /// Reports keys that are not known, or not any more.
    pub(super) fn check_keys(&self, node: &Node, trail: &Trail, known: &[&str]) {
        let entries = node.as_mapping().map(Mapping::entries).unwrap_or_default();
        for entry in entries {
            let key = &*entry.key.text;
            if known.contains(&key) || key.starts_with("x-") || self.is_mentioned(key) {
                continue;
            }
            let found = match REMOVED.iter().find(|(removed, ..)| *removed == key) {
                Some((_, why, instead)) => {
                    Diagnostic::error("removed-key", *why).at(entry.key.span, "").help(*instead)
                }
                None => unknown(entry, known),
            };
            self.report(found.in_path(trail.to_string()));
        }
    }

    /// Root keys are their writer's own; what is reported is only what nothing looks up and nearly is a known one.
    pub(super) fn check_root(&self) {
        let known: Vec<&str> = ROOT.iter().chain(IMAGE).copied().collect();
        let entries = self.root.as_mapping().map(Mapping::entries).unwrap_or_default();
        for entry in entries {
            let key = &*entry.key.text;
            if known.contains(&key) || key.starts_with("x-") || self.is_mentioned(key) {
                continue;
            }
            if let Some((_, why, instead)) = REMOVED.iter().find(|(removed, ..)| *removed == key) {
                let found = Diagnostic::error("removed-key", *why).at(entry.key.span, "");
                self.report(found.help(*instead));
            } else if crate::read::suggest(key, known.iter().copied()).is_some() {
                self.report(unknown(entry, &known));
            }
        }
    }

    /// Says of a key that nothing comes of it.
    pub(super) fn unsupported(&self, entry: &Entry, trail: &Trail, why: &str, instead: &str) {
        let found = Diagnostic::warning("unsupported", why).at(entry.key.span, "");
        let key = trail.key(&entry.key.text).to_string();
        self.report(found.in_path(key).help(instead));
    }
}

fn unknown(entry: &Entry, known: &[&str]) -> Diagnostic {
    let key = &entry.key.text;
    let message = format!("unknown key \"{}\"", crate::yaml::shorten(key));
    let found = Diagnostic::error("unknown-key", message).at(entry.key.span, "");
    if let Some(near) = crate::read::suggest(key, known.iter().copied()) {
        return found.help(format!("did you mean \"{near}\"?")).patch(entry.key.span, near);
    }
    if known.len() <= 12 {
        let help = did_you_mean(key, known.iter().copied());
        return found.help(help.unwrap_or_else(|| "leave it out".to_owned()));
    }
    found.help("values for your own use stand under `vars`")
}
