//! One-off containers: beside a declared one, with its configuration, for one program.
//!
//! Invariant: a one-off container answers for nobody: it has no label of a project, no alias and no
//! address of its own, and it goes with the run that made it.

use crate::address::Address;
use crate::container::ContainerConfig;
use crate::endpoint::Endpoint;
use crate::env::EnvValue;
use crate::healthcheck::Healthcheck;
use crate::label;
use crate::limits::RestartPolicy;
use crate::lock::Holder;
use crate::mount::Mount;
use crate::name::ProjectName;
use std::collections::{BTreeMap, BTreeSet};

/// The project that a one-off container is of. Not below `dev.windlass.`: that is what declared objects have.
pub const PROJECT: &str = "dev.windlass-run.project";
/// The run that it goes with, as JSON; empty if it is kept.
pub const HOLDER: &str = "dev.windlass-run.holder";
/// In the name of each, between that of the container that it is like and its own part.
pub const INFIX: &str = "_run_";
/// At the end of the name of one that is left to itself.
const DETACHED: &str = "_detached";
/// The address of the container that it is like.
pub const LIKE: &str = "dev.windlass-run.like";
/// Its own name: an image that is made of it has all its labels, and gives them to containers of other names.
pub const NAME: &str = "dev.windlass-run.name";

/// What a one-off container has of its own. `None` and empty: as the declared container has it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OneOff {
    /// Tells it from every other one that is like the same container.
    pub id: String,
    /// The run that it goes with; `None`: it stays until somebody removes it.
    pub run: Option<Holder>,
    pub entrypoint: Option<Vec<String>>,
    pub command: Option<Vec<String>>,
    pub env: BTreeMap<String, String>,
    pub user: Option<String>,
    pub workdir: Option<String>,
    pub tty: bool,
    pub stdin: bool,
    /// Whether it publishes the ports of the declared one.
    pub publish: bool,
    /// A directory of its own that is filled before it starts.
    pub directory: Option<String>,
    /// Whether it runs for others, who wait until it is ready: it keeps the health check, and the plan starts it.
    pub serves: bool,
}

impl OneOff {
    /// Its name: that of the container that it is like, on the engine or in the file, and its own part.
    pub fn name(&self, like: &str) -> String {
        format!("{like}{INFIX}{}", self.id)
    }

    /// Whether an address is that of such a container.
    pub fn is_at(&self, address: &Address) -> bool {
        address.name.strip_suffix(&self.id).is_some_and(|like| like.ends_with(INFIX))
    }

    /// All its labels; `name` is its own on the engine.
    pub fn labels(
        &self,
        project: &ProjectName,
        like: &Address,
        name: &str,
    ) -> BTreeMap<String, String> {
        let run = self.run.as_ref().map(serde_json::to_string);
        let run = run.map(|text| text.expect("invariant: a holder is plain data"));
        // What it inherits from an image that was made of a container would make it a part of a project.
        let nobodys = (label::PROJECT.to_owned(), String::new());
        let of = (PROJECT.to_owned(), project.to_string());
        let holder = (HOLDER.to_owned(), run.unwrap_or_default());
        let name = (NAME.to_owned(), name.to_owned());
        [nobodys, of, holder, name, (LIKE.to_owned(), like.label())].into()
    }

    /// Its configuration: that of a declared container without what only one can have, or what makes others
    /// find it.
    pub fn config(&self, like: &ContainerConfig) -> ContainerConfig {
        let mut config = ContainerConfig {
            labels: BTreeMap::new().into(),
            healthcheck: Some(Healthcheck::disabled()).into(),
            restart: RestartPolicy::No,
            tty: self.tty,
            stdin_open: self.stdin,
            ..like.clone()
        };
        config.endpoints =
            like.endpoints.iter().map(|(name, to)| (name.clone(), unfound(to))).collect();
        if !self.publish {
            config.published = BTreeSet::new().into();
            config.publish_all = false;
        }
        if let Some(entrypoint) = &self.entrypoint {
            config.entrypoint = Some(entrypoint.clone()).into();
            config.command = None;
        }
        config.command = self.command.clone().or(config.command);
        for (name, value) in &self.env {
            config.env.insert(name.clone(), EnvValue::Plain(value.clone()));
        }
        if let Some(user) = &self.user {
            config.user = Some(user.clone()).into();
        }
        if let Some(directory) = &self.workdir {
            config.workdir = Some(directory.clone()).into();
        }
        if let Some(directory) = &self.directory {
            let mount = Mount { no_copy: true, ..Mount::anonymous() };
            config.mounts.insert(directory.clone(), mount);
        }
        if self.serves {
            config.healthcheck = like.healthcheck.clone();
        }
        config
    }
}

/// An attachment by which nobody finds the container under the declared one's names.
fn unfound(endpoint: &Endpoint) -> Endpoint {
    Endpoint { links: endpoint.links.clone(), ..Endpoint::default() }
}

/// What it is called when it is left to itself.
pub fn detached_name(name: &str) -> String {
    format!("{name}{DETACHED}")
}

/// Whether a container of this name is a one-off one, of whatever project.
pub fn is_one(name: &str, labels: &BTreeMap<String, String>) -> bool {
    labels.contains_key(PROJECT) && labels.get(NAME).is_some_and(|own| is_called(name, own))
}

/// Also when it is left to itself.
fn is_called(name: &str, own: &str) -> bool {
    own == name.strip_suffix(DETACHED).unwrap_or(name) || own == name
}

/// Whether it is left to itself.
fn is_detached(name: &str, labels: &BTreeMap<String, String>) -> bool {
    labels.get(NAME).is_some_and(|own| *name == detached_name(own))
}

/// Whether a container of this name is a one-off one of this project.
pub fn is_of(project: &ProjectName, name: &str, labels: &BTreeMap<String, String>) -> bool {
    is_one(name, labels) && labels.get(PROJECT).is_some_and(|of| *of == project.0)
}

/// Whether it is one that goes with no run.
pub fn is_kept(project: &ProjectName, name: &str, labels: &BTreeMap<String, String>) -> bool {
    let has_no_run = labels.get(HOLDER).is_none_or(String::is_empty);
    is_of(project, name, labels) && (has_no_run || is_detached(name, labels))
}

/// The run that a one-off container of this project goes with; `None` if it is none, is kept, or was left to itself.
pub fn run(project: &ProjectName, name: &str, labels: &BTreeMap<String, String>) -> Option<Holder> {
    let goes = is_of(project, name, labels) && !is_detached(name, labels);
    let text = labels.get(HOLDER).filter(|_| goes)?;
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SortedSet;
    use crate::name::EngineName;
    use crate::port::{Protocol, PublishedPort};

    fn like() -> ContainerConfig {
        let port = PublishedPort {
            target: 80,
            protocol: Protocol::Tcp,
            host_ip: None,
            published: Some(8080),
        };
        let endpoint = Endpoint {
            aliases: ["web".to_owned()].into_iter().collect(),
            ipv4: Some("10.0.0.2".to_owned()).into(),
            links: ["shop.db:db".to_owned()].into_iter().collect::<SortedSet<_>>().into(),
            ..Endpoint::default()
        };
        ContainerConfig {
            command: Some(vec!["serve".to_owned()]),
            entrypoint: Some(vec!["/app".to_owned()]).into(),
            env: [("A".to_owned(), EnvValue::from("1"))].into_iter().collect(),
            labels: BTreeMap::from([("route".to_owned(), "web".to_owned())]).into(),
            published: BTreeSet::from([port]).into(),
            endpoints: [("shop.front".to_owned(), endpoint)].into_iter().collect(),
            restart: RestartPolicy::Always,
            user: Some("app".to_owned()).into(),
            ..ContainerConfig::default()
        }
    }

    #[test]
    fn it_answers_for_nobody() {
        let config = OneOff::default().config(&like());
        assert!(config.labels.is_empty() && config.published.is_empty());
        let endpoint = &config.endpoints["shop.front"];
        assert!(endpoint.aliases.is_empty() && endpoint.ipv4.is_none());
        assert!(endpoint.links.contains("shop.db:db"));
        assert_eq!(config.restart, RestartPolicy::No);
        assert_eq!((config.command, config.user), (like().command, like().user));
        let published = OneOff { publish: true, ..OneOff::default() }.config(&like()).published;
        assert_eq!(published, like().published);
    }

    #[test]
    fn one_that_serves_is_checked_as_the_declared_one() {
        let config = OneOff::default().config(&like());
        assert_eq!(*config.healthcheck, Some(Healthcheck::disabled()));
        let serving = OneOff { serves: true, ..OneOff::default() };
        assert_eq!(serving.config(&like()).healthcheck, like().healthcheck);
    }

    #[test]
    fn an_entrypoint_does_not_get_the_command_of_another() {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        let one = OneOff { entrypoint: words(&["sh"]), ..OneOff::default() };
        assert_eq!(one.config(&like()).command, None);
        let one = OneOff { command: words(&["-c", "x"]), ..one };
        assert_eq!(one.config(&like()).command, words(&["-c", "x"]));
        let one = OneOff { command: words(&["x"]), ..OneOff::default() };
        assert_eq!(*one.config(&like()).entrypoint, words(&["/app"]));
    }

    #[test]
    fn labels_tell_whose_it_is_and_with_which_run_it_goes() {
        let (project, engine) = (ProjectName::new("shop"), EngineName::default());
        let holder: Holder = serde_json::from_str(
            r#"{"token":"t","user":"u","host":"h","machine":"m","boot":"b","namespace":"n",
                "process":7,"began":"1","command":"windlass script","since_s":0}"#,
        )
        .unwrap();
        let address = Address::container(&engine, "web");
        let one = OneOff { run: Some(holder.clone()), ..OneOff::default() };
        let name = "shop.web_run_1";
        let labels = one.labels(&project, &address, name);
        assert_eq!(run(&project, name, &labels), Some(holder));
        assert_eq!(run(&ProjectName::new("other"), name, &labels), None);
        assert_eq!(run(&project, "made-of-its-image", &labels), None);
        let left = detached_name(name);
        assert!(is_one(&left, &labels) && is_kept(&project, &left, &labels));
        assert_eq!(run(&project, &left, &labels), None);
        let kept = OneOff::default().labels(&project, &address, name);
        assert!(is_kept(&project, name, &kept) && !is_kept(&project, name, &labels));
        assert!(!is_one("made-of-its-image", &kept));
        assert_eq!(run(&project, name, &kept), None);
    }
}
