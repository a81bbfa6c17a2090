//! Tasks: what people run.
//!
//! Invariant: a task is of exactly one thing: an image, a container, or neither.

use crate::address::Address;
use crate::container::ContainerConfig;
use crate::dependency::Dependency;
use crate::image::ImageUse;
use crate::name::EngineName;
use crate::task_action::TaskAction;
use std::collections::BTreeSet;

/// Runs a line by bash where the image has it; with the line, the words follow as `$1` and so on.
const BASH_OR_SH: &str =
    "command -v bash >/dev/null 2>&1 && exec bash -c \"$@\"; exec sh -c \"$@\"";

/// `tasks.<name>`, also those under an image or a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSpec {
    pub name: String,
    pub description: Option<String>,
    /// The heading under which `windlass tasks` lists it.
    pub label: Option<String>,
    /// What it does with its target.
    pub action: TaskAction,
    pub target: TaskTarget,
    /// The one engine that it is on; `None`: where its target is.
    pub engine: Option<EngineName>,
    /// Keys of its target that are otherwise while it runs, as they are written: a mapping, or null. A load for this task
    /// has them in its target already.
    pub overrides: serde_json::Value,
    /// What it runs; the fields that the task does not set are empty. Of an action, `command` is what follows its
    /// target on the command line.
    pub config: ContainerConfig,
    /// The container's keys that the task sets, in their long form: `env`, `mounts`, `networks` (also for links).
    pub written: BTreeSet<&'static str>,
    /// Variables that whoever runs it must have, and has not.
    pub missing: BTreeSet<String>,
    /// A line for the container's shell instead of `config.command`.
    pub bash: Option<String>,
    /// Its templates have the words of the command line by themselves; otherwise they are added to its command.
    pub takes_args: bool,
    /// What it needs beside what its container does: by links, namespaces, templates.
    pub depends_on: Vec<Dependency>,
    /// Images, networks and volumes that its templates name.
    pub uses: BTreeSet<Address>,
    /// Tasks that run before it, in this order.
    pub needs: Vec<String>,
}

/// What a task is of: where it runs, or what its action is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TaskTarget {
    /// This image, or a fresh container of it.
    Image(ImageUse),
    /// This container (key of `containers`), or a fresh one configured as it.
    Container(String),
    /// The whole project, or nothing: it only needs other tasks.
    Nothing,
}

impl TaskSpec {
    /// What its container is told, over what the one is told that it is like. `words` are those of the command line.
    pub fn over(&self, like: &ContainerConfig, words: &[String]) -> ContainerConfig {
        let mut config = like.clone();
        // The ports of what it is like are somebody else's.
        config.published = BTreeSet::new().into();
        config.publish_all = false;
        for key in &self.written {
            self.set(key, &mut config);
        }
        let words = if self.takes_args { &[] } else { words };
        match &self.bash {
            Some(script) => {
                config.entrypoint = Some(vec!["/bin/sh".to_owned()]).into();
                config.command = Some(bash(script, words));
            }
            None if self.written.contains("command") => {
                config.command.get_or_insert_default().extend_from_slice(words);
            }
            None if words.is_empty() => {}
            None => config.command = Some(words.to_vec()),
        }
        config
    }

    /// Sets what one key says; lists and numbers replace, mappings are laid over one another.
    fn set(&self, key: &str, config: &mut ContainerConfig) {
        let own = &self.config;
        match key {
            "command" => config.command.clone_from(&own.command),
            "entrypoint" => {
                config.entrypoint.clone_from(&own.entrypoint);
                // A command is for the entrypoint that it was written for.
                config.command.clone_from(&own.command);
            }
            "env" => {
                for (name, value) in &own.env {
                    config.env.insert(name.clone(), value.clone());
                }
            }
            "user" => config.user.clone_from(&own.user),
            "workdir" => config.workdir.clone_from(&own.workdir),
            "tty" => config.tty = own.tty,
            "stdin_open" => config.stdin_open = own.stdin_open,
            "mounts" => {
                let mounts = own.mounts.iter().map(|(path, mount)| (path.clone(), mount.clone()));
                config.mounts.extend(mounts);
            }
            "tmpfs" => {
                let tmpfs = own.tmpfs.iter().map(|(path, options)| (path.clone(), options.clone()));
                config.tmpfs.extend(tmpfs);
            }
            "ports" => {
                config.published.clone_from(&own.published);
                config.publish_all = own.publish_all;
            }
            "networks" => {
                config.links.clone_from(&own.links);
                config.network_mode.clone_from(&own.network_mode);
                config.endpoints.clone_from(&own.endpoints);
            }
            "hostname" => config.hostname.clone_from(&own.hostname),
            "privileged" => config.privileged = own.privileged,
            "cap_add" => config.cap_add.clone_from(&own.cap_add),
            "limits" => config.limits.clone_from(&own.limits),
            "read_only" => config.read_only = own.read_only,
            "init" => config.init = own.init,
            other => unreachable!("invariant: tasks do not read {other}"),
        }
    }
}

/// The arguments of `/bin/sh`. A line that does not say where the words go has them at its end, each whole.
fn bash(line: &str, words: &[String]) -> Vec<String> {
    let says = ["$@", "$*", "${@", "${*", "$1", "${1"].iter().any(|place| line.contains(place));
    let line = if words.is_empty() || says {
        line.to_owned()
    } else {
        format!("{} \"$@\"", line.trim_end())
    };
    let head = ["-c".to_owned(), BASH_OR_SH.to_owned(), "sh".to_owned(), line, "bash".to_owned()];
    head.into_iter().chain(words.iter().cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::env::EnvValue;
    use crate::port::{Protocol, PublishedPort};

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    fn like() -> ContainerConfig {
        let port = PublishedPort {
            target: 80,
            protocol: Protocol::Tcp,
            host_ip: None,
            published: Some(8080),
        };
        ContainerConfig {
            command: Some(words(&["serve"])),
            entrypoint: Some(words(&["/app"])).into(),
            env: [("A".to_owned(), EnvValue::from("1")), ("B".to_owned(), EnvValue::from("1"))]
                .into_iter()
                .collect(),
            published: BTreeSet::from([port]).into(),
            privileged: true,
            read_only: true,
            user: Some("app".to_owned()).into(),
            ..ContainerConfig::default()
        }
    }

    fn task(written: &[&'static str], config: ContainerConfig) -> TaskSpec {
        TaskSpec {
            name: "t".to_owned(),
            description: None,
            label: None,
            action: TaskAction::Run,
            target: TaskTarget::Nothing,
            engine: None,
            overrides: serde_json::Value::Null,
            config,
            written: written.iter().copied().collect(),
            missing: BTreeSet::new(),
            bash: None,
            takes_args: false,
            depends_on: Vec::new(),
            uses: BTreeSet::new(),
            needs: Vec::new(),
        }
    }

    #[test]
    fn only_what_is_written_is_set() {
        let env = [("B".to_owned(), EnvValue::from("2"))].into_iter().collect();
        let own = ContainerConfig { env, ..ContainerConfig::default() };
        let config = task(&["env", "privileged"], own).over(&like(), &[]);
        let value = |name: &str| config.env[name].reveal().map(str::to_owned);
        assert_eq!((value("A"), value("B")), (Some("1".to_owned()), Some("2".to_owned())));
        assert!(!config.privileged && config.read_only && config.published.is_empty());
        assert_eq!((&config.user, &config.command), (&like().user, &like().command));
    }

    #[test]
    fn words_stay_whole_and_go_where_they_belong() {
        let given = words(&["a  b", "", "{{ x }}", "it's"]);
        let own = |command: Option<&[&str]>| ContainerConfig {
            command: command.map(words),
            ..ContainerConfig::default()
        };
        let command = |task: TaskSpec| task.over(&like(), &given).command.unwrap();
        let appended = command(task(&["command"], own(Some(&["run"]))));
        assert_eq!(appended, [words(&["run"]), given.clone()].concat());
        assert_eq!(command(task(&[], own(None))), given);
        let taken = TaskSpec { takes_args: true, ..task(&["command"], own(Some(&["run", "x"]))) };
        assert_eq!(command(taken), words(&["run", "x"]));
        for (line, whole) in
            [("cd x && make ", "cd x && make \"$@\""), ("echo \"$1\"", "echo \"$1\"")]
        {
            let task = TaskSpec { bash: Some(line.to_owned()), ..task(&[], own(None)) };
            let command = command(task);
            assert_eq!(command[3..], [words(&[whole, "bash"]), given.clone()].concat());
        }
    }
}
