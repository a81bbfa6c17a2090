//! The differences between a container and its declaration, field by field.
//!
//! Invariant: every field of `ContainerConfig` is compared here or is said not to be; both sides
//! have gone through `expected`, so that a second run finds nothing.

use crate::expected::{Background, canonical, expected};
use crate::words;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Display};
use windlass_model::container::ContainerConfig;
use windlass_model::endpoint::{Endpoints, NetworkMode};
use windlass_model::env::EnvValue;
use windlass_model::label::Owner;
use windlass_model::limits::Limits;
use windlass_model::observed::{ImageConfig, ObservedContainer};
use windlass_model::plan::{FieldChange, Origin};

/// A secret in place of another: neither is shown.
pub(crate) const ANOTHER: &str = "(another secret)";

/// What it takes to remove a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Remedy {
    /// `POST /containers/x/update`.
    Update,
    /// Connect and disconnect.
    Endpoints,
    Recreate,
}

/// A difference and its remedy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) change: FieldChange,
    pub(crate) remedy: Remedy,
}

impl Difference {
    /// Whether it is a limit that shall go, which only a new container is rid of.
    pub(crate) fn takes_limit_away(&self) -> bool {
        self.change.wanted.is_none() && self.change.path.starts_with("limits.")
    }
}

/// Compares what the file wants with what an engine has.
pub(crate) fn diff(
    wanted: &ContainerConfig,
    container: &ObservedContainer,
    image: Option<&ImageConfig>,
) -> Vec<Difference> {
    let asked: Option<ContainerConfig> = container.owner.as_ref().and_then(Owner::spec);
    let background = Background { image, asked: asked.as_ref(), seen: &container.config };
    let sides = Sides {
        wanted: expected(wanted, &background),
        seen: canonical(container.config.clone()),
        asked: asked.as_ref().map(|asked| expected(asked, &background)),
        differences: Vec::new(),
    };
    sides.compare()
}

/// The three that are compared. `asked` tells whose change a difference is.
struct Sides {
    wanted: ContainerConfig,
    seen: ContainerConfig,
    asked: Option<ContainerConfig>,
    differences: Vec<Difference>,
}

impl Sides {
    fn compare(mut self) -> Vec<Difference> {
        self.process();
        self.identity();
        self.network();
        self.storage();
        self.privileges();
        self.host();
        self.limits();
        // `platform` is not compared: the image's id says it.
        self.differences
    }

    fn process(&mut self) {
        self.option("command", |c| &c.command);
        self.option("entrypoint", |c| &c.entrypoint);
        self.env();
        self.plain("user", |c| &c.user);
        self.plain("workdir", |c| &c.workdir);
        self.flag("tty", |c| c.tty);
        self.flag("stdin_open", |c| c.stdin_open);
        self.plain("stop_signal", |c| &c.stop_signal);
        self.plain("stop_timeout", |c| &c.stop_timeout_s);
        self.option("init", |c| &c.init);
        self.field(
            "healthcheck",
            Remedy::Recreate,
            |c| c.healthcheck.clone(),
            |check| check.as_ref().map(words::healthcheck),
        );
    }

    fn identity(&mut self) {
        self.map("labels", |c| &c.labels);
        self.plain("hostname", |c| &c.hostname);
        self.plain("domainname", |c| &c.domainname);
        self.set("group_add", |c| &c.group_add);
    }

    fn network(&mut self) {
        let mode = |c: &ContainerConfig| c.network_mode.clone();
        self.field("network_mode", Remedy::Recreate, mode, |mode| Some(mode.to_string()));
        if self.wanted.network_mode == self.seen.network_mode {
            self.endpoints();
        }
        self.set("published", |c| &c.published);
        self.set("exposed", |c| &c.exposed);
        self.flag("publish_all", |c| c.publish_all);
        self.set("links", |c| &c.links);
        self.list("dns", |c| &c.dns);
        self.list("dns_search", |c| &c.dns_search);
        self.list("dns_options", |c| &c.dns_options);
        self.set("extra_hosts", |c| &c.extra_hosts);
    }

    fn storage(&mut self) {
        self.map("mounts", |c| &c.mounts);
        self.map("tmpfs", |c| &c.tmpfs);
        self.set("volumes_from", |c| &c.volumes_from);
        let size = |c: &ContainerConfig| c.shm_size_bytes;
        self.field("shm_size", Remedy::Recreate, size, |bytes| bytes.map(words::bytes));
        self.flag("read_only", |c| c.read_only);
    }

    fn privileges(&mut self) {
        self.flag("privileged", |c| c.privileged);
        self.set("cap_add", |c| &c.cap_add);
        self.set("cap_drop", |c| &c.cap_drop);
        let devices = |c: &ContainerConfig| {
            let text = |d: &windlass_model::container::Device| {
                format!("{}:{}:{}", d.host_path, d.path, d.permissions)
            };
            c.devices.iter().map(text).collect::<BTreeSet<_>>()
        };
        let show = |set: &BTreeSet<String>| joined(set.iter());
        self.field("devices", Remedy::Recreate, devices, show);
        self.field(
            "gpus",
            Remedy::Recreate,
            |c| c.gpus.clone(),
            |gpus| gpus.as_ref().map(|gpus| format!("{gpus:?}")),
        );
        self.set("security_opt", |c| &c.security_opt);
        self.map("sysctls", |c| &c.sysctls);
    }

    fn host(&mut self) {
        self.plain("pid", |c| &c.pid);
        self.plain("ipc", |c| &c.ipc);
        self.plain("uts", |c| &c.uts);
        self.plain("userns", |c| &c.userns);
        self.plain("cgroupns", |c| &c.cgroupns);
        self.plain("cgroup_parent", |c| &c.cgroup_parent);
        self.plain("runtime", |c| &c.runtime);
        self.plain("oom_score_adj", |c| &c.oom_score_adj);
        self.flag("oom_kill_disable", |c| c.oom_kill_disable);
        let ulimits = |c: &ContainerConfig| c.ulimits.clone();
        self.field("ulimits", Remedy::Recreate, ulimits, |ulimits| {
            joined(ulimits.iter().map(|(name, u)| format!("{name}={}:{}", u.soft, u.hard)))
        });
        self.field(
            "log",
            Remedy::Recreate,
            |c| c.log.clone(),
            |log| {
                log.as_ref().map(|log| {
                    let options = log.options.iter().map(|(key, value)| format!("{key}={value}"));
                    std::iter::once(log.driver.clone()).chain(options).collect::<Vec<_>>().join(" ")
                })
            },
        );
    }

    fn limits(&mut self) {
        self.field("restart", Remedy::Update, |c| c.restart, |restart| Some(restart.to_string()));
        self.limit_as("limits.memory", |l| l.memory_bytes, |bytes| words::bytes(*bytes));
        let swap = |bytes: &i64| u64::try_from(*bytes).map_or("unlimited".to_owned(), words::bytes);
        self.limit_as("limits.memory_swap", |l| l.memory_swap_bytes, swap);
        let reservation = |l: &Limits| l.memory_reservation_bytes;
        self.limit_as("limits.memory_reservation", reservation, |bytes| words::bytes(*bytes));
        self.limit_as("limits.cpus", |l| l.nano_cpus, |billionths| words::cpus(*billionths));
        self.limit("limits.cpu_shares", |l| l.cpu_shares);
        self.limit("limits.cpu_period", |l| l.cpu_period_us);
        self.limit("limits.cpu_quota", |l| l.cpu_quota_us);
        self.limit("limits.cpuset_cpus", |l| l.cpuset_cpus.clone());
        self.limit("limits.cpuset_mems", |l| l.cpuset_mems.clone());
        self.limit("limits.pids", |l| l.pids);
        self.limit("limits.blkio_weight", |l| l.blkio_weight);
    }

    fn limit<T: PartialEq + Display>(&mut self, path: &str, get: impl Fn(&Limits) -> Option<T>) {
        self.limit_as(path, get, T::to_string);
    }

    /// A limit can be changed in place; only recreation takes one away.
    fn limit_as<T: PartialEq>(
        &mut self,
        path: &str,
        get: impl Fn(&Limits) -> Option<T>,
        show: impl Fn(&T) -> String,
    ) {
        let taken_away = get(&self.wanted.limits).is_none();
        let remedy = if taken_away { Remedy::Recreate } else { Remedy::Update };
        let field = |c: &ContainerConfig| get(&c.limits);
        self.field(path, remedy, field, |value| value.as_ref().map(&show));
    }

    /// Endpoints can be changed in place, but for the one by which the container was created.
    fn endpoints(&mut self) {
        let first = |endpoints: &Endpoints| endpoints.keys().next().cloned();
        let keeps_first = first(&self.seen.endpoints)
            .is_none_or(|name| self.wanted.endpoints.contains_key(&name));
        let in_place = keeps_first && self.wanted.network_mode == NetworkMode::Networks;
        let remedy = if in_place { Remedy::Endpoints } else { Remedy::Recreate };
        let names: BTreeSet<String> =
            self.wanted.endpoints.keys().chain(self.seen.endpoints.keys()).cloned().collect();
        for name in names {
            let get = |c: &ContainerConfig| c.endpoints.get(&name).cloned();
            self.field(&format!("networks.{name}"), remedy, get, |endpoint| {
                endpoint.as_ref().map(ToString::to_string)
            });
        }
    }

    fn env(&mut self) {
        let names: BTreeSet<String> =
            self.wanted.env.keys().chain(self.seen.env.keys()).cloned().collect();
        for name in names {
            let wanted = self.wanted.env.get(&name);
            let seen = self.seen.env.get(&name);
            if wanted.map(EnvValue::reveal) == seen.map(EnvValue::reveal) {
                continue;
            }
            let asked = self.asked.as_ref().map(|asked| asked.env.get(&name));
            let sensitive =
                [wanted, asked.flatten()].into_iter().flatten().any(EnvValue::is_sensitive);
            let origin = match asked {
                None => Origin::Both,
                // What was withheld is taken for what is there.
                Some(Some(EnvValue::Withheld)) => Origin::File,
                Some(asked) => {
                    let value = asked.map(EnvValue::reveal);
                    origin(
                        value == seen.map(EnvValue::reveal),
                        value == wanted.map(EnvValue::reveal),
                    )
                }
            };
            let show = |value: Option<&EnvValue>| {
                let value = value?.reveal()?;
                Some(if sensitive { "(secret)".to_owned() } else { format!("{value:?}") })
            };
            let (was, mut wanted) = (show(seen), show(wanted));
            if sensitive && was.is_some() && wanted.is_some() {
                wanted = Some(ANOTHER.to_owned());
            }
            self.push(format!("env.{name}"), was, wanted, origin, Remedy::Recreate);
        }
    }

    fn field<T: PartialEq>(
        &mut self,
        path: &str,
        remedy: Remedy,
        get: impl Fn(&ContainerConfig) -> T,
        show: impl Fn(&T) -> Option<String>,
    ) {
        let (wanted, seen) = (get(&self.wanted), get(&self.seen));
        if wanted == seen {
            return;
        }
        let origin = match self.asked.as_ref().map(&get) {
            None => Origin::Both,
            Some(asked) => origin(asked == seen, asked == wanted),
        };
        self.push(path.to_owned(), show(&seen), show(&wanted), origin, remedy);
    }

    fn option<T: PartialEq + Clone + Debug>(
        &mut self,
        path: &str,
        get: impl Fn(&ContainerConfig) -> &Option<T>,
    ) {
        let get = |c: &ContainerConfig| get(c).clone();
        self.field(path, Remedy::Recreate, get, |value| value.as_ref().map(|v| format!("{v:?}")));
    }

    fn plain<T: PartialEq + Clone + Display>(
        &mut self,
        path: &str,
        get: impl Fn(&ContainerConfig) -> &Option<T>,
    ) {
        let get = |c: &ContainerConfig| get(c).clone();
        self.field(path, Remedy::Recreate, get, |value| value.as_ref().map(ToString::to_string));
    }

    fn flag(&mut self, path: &str, get: impl Fn(&ContainerConfig) -> bool) {
        self.field(path, Remedy::Recreate, get, |value| Some(value.to_string()));
    }

    fn list(&mut self, path: &str, get: impl Fn(&ContainerConfig) -> &Vec<String>) {
        let get = |c: &ContainerConfig| get(c).clone();
        self.field(path, Remedy::Recreate, get, |list| joined(list.iter()));
    }

    fn set<T: Ord + Clone + Display>(
        &mut self,
        path: &str,
        get: impl Fn(&ContainerConfig) -> &BTreeSet<T>,
    ) {
        let get = |c: &ContainerConfig| get(c).clone();
        self.field(path, Remedy::Recreate, get, |set| joined(set.iter()));
    }

    /// A difference for each key.
    fn map<T: PartialEq + Clone + Display>(
        &mut self,
        path: &str,
        get: impl Fn(&ContainerConfig) -> &BTreeMap<String, T>,
    ) {
        let keys: BTreeSet<String> =
            get(&self.wanted).keys().chain(get(&self.seen).keys()).cloned().collect();
        for key in keys {
            let value = |c: &ContainerConfig| get(c).get(&key).cloned();
            self.field(&format!("{path}.{key}"), Remedy::Recreate, value, |value| {
                value.as_ref().map(ToString::to_string)
            });
        }
    }

    fn push(
        &mut self,
        path: String,
        was: Option<String>,
        wanted: Option<String>,
        origin: Origin,
        remedy: Remedy,
    ) {
        let change = FieldChange { path, was, wanted, origin };
        self.differences.push(Difference { change, remedy });
    }
}

/// Whose change it is, by what was asked when the object was made.
pub(crate) fn origin(asked_is_seen: bool, asked_is_wanted: bool) -> Origin {
    match (asked_is_seen, asked_is_wanted) {
        (true, _) => Origin::File,
        (false, true) => Origin::Engine,
        (false, false) => Origin::Both,
    }
}

/// A field of a configuration, by its path, as text.
pub(crate) type TextField<C> = (&'static str, fn(&C) -> String);

/// The fields in which two configurations differ; for what is small enough to be compared as text.
pub(crate) fn text_changes<C>(
    fields: &[TextField<C>],
    wanted: &C,
    seen: &C,
    asked: Option<&C>,
) -> Vec<FieldChange> {
    let changed = fields.iter().filter(|(_, get)| get(wanted) != get(seen));
    changed
        .map(|(path, get)| FieldChange {
            path: (*path).to_owned(),
            was: Some(get(seen)),
            wanted: Some(get(wanted)),
            origin: asked
                .map(get)
                .map_or(Origin::Both, |asked| origin(asked == get(seen), asked == get(wanted))),
        })
        .collect()
}

fn joined<T: Display>(items: impl Iterator<Item = T>) -> Option<String> {
    let texts: Vec<String> = items.map(|item| item.to_string()).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}
