//! The resolved project in long form: every shorthand written out, as data for YAML and JSON.
//!
//! Invariant: no secret's value is in it; a key means what the same key means in a file.

mod container;
mod image;
mod outside;
mod resource;
mod written;

pub(crate) use written::{PLACE, Written, written};

use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};
use windlass::model::container::ContainerConfig;
use windlass::model::dependency::Dependency;
use windlass::model::engine::{EngineSpec, TlsSpec};
use windlass::model::network::{Ipam, IpamPool, NetworkConfig, NetworkSpec};
use windlass::model::project::Project;
use windlass::model::registry::{RegistryLogin, RegistrySpec};
use windlass::model::secret::{SecretSource, SecretSpec};
use windlass::model::task::{TaskSpec, TaskTarget};
use windlass::model::task_action::TaskAction;
use windlass::model::volume::{VolumeConfig, VolumeSpec};

/// The whole project.
pub(crate) fn project(project: &Project) -> Value {
    let Project {
        name,
        root: _,
        engines,
        images,
        containers,
        networks,
        volumes,
        secrets,
        groups,
        tasks,
    } = project;
    let mut out = Entries::default();
    out.put("name", name.as_str());
    let engines = engines.iter().map(|(name, spec)| (name.to_string(), engine(spec)));
    out.section("engines", engines.filter(|(_, engine)| *engine != json!({})));
    out.section("images", images.iter().map(|(key, spec)| (key.clone(), image::image(spec))));
    let mut by_name = BTreeMap::<_, Vec<_>>::new();
    for spec in containers.values() {
        by_name.entry(spec.address.name.clone()).or_default().push(spec);
    }
    let containers = by_name.into_iter();
    out.section(
        "containers",
        containers.map(|(name, specs)| (name.to_string(), container::container(&specs, project))),
    );
    out.section("volumes", volumes.iter().map(|(key, spec)| (key.clone(), volume(spec))));
    out.section("networks", networks.iter().map(|(key, spec)| (key.clone(), network(spec))));
    out.section("secrets", secrets.iter().map(|(key, spec)| (key.clone(), secret(spec))));
    let mut groups: BTreeMap<_, _> =
        groups.iter().map(|(key, all)| (key.clone(), members(all, project))).collect();
    // Each instance is a container of its own here; all of them are still called by one name.
    let whole = project.containers.values().filter(|spec| spec.instance.is_some());
    let whole = whole.map(|spec| spec.key.as_str());
    let of_tasks = tasks.values().filter_map(|task| instances(task, project));
    let keys: BTreeSet<&str> = whole.chain(of_tasks).collect();
    for key in keys {
        groups.entry(key.to_owned()).or_insert_with(|| members(&[key.to_owned()], project));
    }
    out.section("groups", groups);
    out.section("tasks", tasks.iter().map(|(key, spec)| (key.clone(), task(spec, project))));
    out.done()
}

/// The container of a task that is several ones when each instance is one of its own.
fn instances<'a>(task: &'a TaskSpec, project: &Project) -> Option<&'a str> {
    let TaskTarget::Container(key) = &task.target else { return None };
    let is_one = project.containers.keys().any(|address| *address.name == **key);
    (!is_one).then_some(key.as_str())
}

/// A mapping under construction; what is not said is left out.
#[derive(Default)]
struct Entries(Map<String, Value>);

impl Entries {
    fn put(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    fn some<T: Into<Value>>(&mut self, key: &str, value: Option<T>) {
        if let Some(value) = value {
            self.put(key, value);
        }
    }

    /// Only where it is true.
    fn flag(&mut self, key: &str, value: bool) {
        if value {
            self.put(key, true);
        }
    }

    /// A list, unless it is empty.
    fn list<T: Into<Value>>(&mut self, key: &str, items: impl IntoIterator<Item = T>) {
        let items: Vec<Value> = items.into_iter().map(Into::into).collect();
        if !items.is_empty() {
            self.put(key, items);
        }
    }

    /// A mapping, unless it is empty.
    fn section(&mut self, key: &str, entries: impl IntoIterator<Item = (String, Value)>) {
        let entries: Map<String, Value> = entries.into_iter().collect();
        if !entries.is_empty() {
            self.put(key, entries);
        }
    }

    fn texts(&mut self, key: &str, texts: &BTreeMap<String, String>) {
        self.section(key, texts.iter().map(|(key, text)| (key.clone(), text.as_str().into())));
    }

    fn done(self) -> Value {
        Value::Object(self.0)
    }
}

/// A duration with its largest whole unit: `90s`, `1500ms`.
fn milliseconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) { format!("{}s", ms / 1000) } else { format!("{ms}ms") }
}

/// Permission bits, as a text of octal digits.
fn mode(mode: u32) -> String {
    format!("0{mode:o}")
}

fn engine(spec: &EngineSpec) -> Value {
    let EngineSpec {
        url,
        context,
        tls,
        interfaces,
        interfaces_ipv6,
        stop_timeout_s,
        domain,
        registries,
        parallel,
    } = spec;
    let mut out = Entries::default();
    out.some("url", url.as_deref());
    out.some("context", context.as_deref());
    if let Some(TlsSpec { ca, cert, key, verify }) = tls {
        let mut tls = Entries::default();
        tls.some("ca", ca.as_deref());
        tls.some("cert", cert.as_deref());
        tls.some("key", key.as_deref());
        tls.put("verify", *verify);
        out.put("tls", tls.done());
    }
    for (key, addresses) in [("interfaces", interfaces), ("interfaces_ipv6", interfaces_ipv6)] {
        let addresses = addresses.iter();
        out.section(key, addresses.map(|(alias, ip)| (alias.clone(), ip.to_string().into())));
    }
    out.some("stop_timeout", stop_timeout_s.map(|seconds| format!("{seconds}s")));
    out.some("domain", domain.as_deref());
    out.section("registries", registries.iter().map(|(host, spec)| (host.clone(), registry(spec))));
    out.some("parallel", *parallel);
    out.done()
}

fn registry(spec: &RegistrySpec) -> Value {
    let RegistrySpec { login: all, push } = spec;
    let login = |login: &RegistryLogin| {
        let RegistryLogin { username, secret } = login;
        let mut out = Entries::default();
        out.put("username", username.as_str());
        // The key of a secret.
        out.put("password", secret.as_str());
        out
    };
    let mut out = login(all);
    if let Some(push) = push {
        out.put("push", login(push).done());
    }
    out.done()
}

fn volume(spec: &VolumeSpec) -> Value {
    let VolumeSpec { key: _, name, external, config, owner } = spec;
    let VolumeConfig { driver, driver_options, labels } = config;
    let mut out = Entries::default();
    out.put("name", name.as_str());
    out.flag("external", *external);
    out.some("driver", driver.as_deref());
    out.texts("driver_options", driver_options);
    out.texts("labels", labels);
    if let Some(owner) = owner {
        out.put("user", format!("{}:{}", owner.uid, owner.gid));
        out.put("permissions", mode(owner.mode));
    }
    out.done()
}

fn network(spec: &NetworkSpec) -> Value {
    let NetworkSpec { key: _, name, external, config } = spec;
    let NetworkConfig { driver, driver_options, internal, attachable, ipv6, ipam, labels } = config;
    let mut out = Entries::default();
    out.put("name", name.as_str());
    out.flag("external", *external);
    out.some("driver", driver.as_deref());
    out.texts("driver_options", driver_options);
    out.flag("internal", *internal);
    out.flag("attachable", *attachable);
    out.flag("ipv6", *ipv6);
    out.some("ipam", ipam.as_ref().map(self::ipam));
    out.texts("labels", labels);
    out.done()
}

fn ipam(ipam: &Ipam) -> Value {
    let Ipam { driver, pools, options } = ipam;
    let mut out = Entries::default();
    out.some("driver", driver.as_deref());
    out.list(
        "pools",
        pools.iter().map(|pool| {
            let IpamPool { subnet, ip_range, gateway, aux_addresses } = pool;
            let mut out = Entries::default();
            out.some("subnet", subnet.as_deref());
            out.some("ip_range", ip_range.as_deref());
            out.some("gateway", gateway.as_deref());
            out.texts("aux_addresses", aux_addresses);
            out.done()
        }),
    );
    out.texts("options", options);
    out.done()
}

/// Of a group, with each instance by itself.
fn members(members: &[String], project: &Project) -> Value {
    let named = |member: &String| {
        let mut names: Vec<_> = project
            .containers
            .values()
            .filter(|spec| spec.key == *member || spec.address.name == *member)
            .map(|spec| spec.address.name.as_str())
            .collect();
        names.dedup();
        json!(names)
    };
    members
        .iter()
        .flat_map(|member| named(member).as_array().cloned().unwrap_or_default())
        .collect()
}

fn secret(spec: &SecretSpec) -> Value {
    match &spec.source {
        SecretSource::File(path) => json!({"file": path}),
        SecretSource::Env(name) => json!({"env": name}),
        SecretSource::Command(argv) => json!({"command": argv}),
    }
}

fn depends_on(out: &mut Entries, all: &[Dependency]) {
    out.section(
        "depends_on",
        all.iter().map(|dependency| {
            let condition = json!({"condition": dependency.condition.as_str()});
            (dependency.on.name.to_string(), condition)
        }),
    );
}

fn task(spec: &TaskSpec, project: &Project) -> Value {
    let TaskSpec { name: _, description, label, action, target, engine, .. } = spec;
    let TaskSpec { overrides, config, written, missing, bash, needs, depends_on, .. } = spec;
    let mut out = Entries::default();
    out.some("description", description.as_deref());
    out.some("label", label.as_deref());
    match target {
        TaskTarget::Image(image) => out.put("image", image.to_string()),
        TaskTarget::Container(key) => out.put("container", key.as_str()),
        TaskTarget::Nothing => {}
    }
    if *action != TaskAction::Run {
        out.put("action", action.as_str());
    }
    out.some("engine", engine.as_ref().map(ToString::to_string));
    if overrides.is_object() {
        out.put("overrides", overrides.clone());
    }
    // A task stops as its engine says; it has no such key.
    let config = ContainerConfig { stop_timeout_s: None, ..config.clone() };
    container::config(&mut out, &config, project);
    self::depends_on(&mut out, depends_on);
    for (key, is_set) in [
        ("tty", config.tty),
        ("stdin_open", config.stdin_open),
        ("privileged", config.privileged),
        ("read_only", config.read_only),
    ] {
        // Unlike the container that it is like.
        if written.contains(key) && !is_set {
            out.put(key, false);
        }
    }
    for name in missing {
        // Of whoever runs it.
        let env = out.0.entry("env").or_insert_with(|| json!({}));
        env[name] = Value::Null;
    }
    out.some("bash", bash.as_deref());
    out.list("needs", needs.iter().map(String::as_str));
    out.done()
}
