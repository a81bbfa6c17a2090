//! Every field of a container, changed one at a time: the plan must show exactly this field, as the
//! file's change; up must apply it; and then nothing must be left to do.
//!
//! Invariant: each row is a container of its own, so that a difference can't hide behind another.

use crate::harness::{World, engine, free_port};
use serde_json::Value;
use std::fmt::Write as _;

/// How a change is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Recreated,
    InPlace,
}
use How::{InPlace, Recreated};

/// A container's name, its keys before and after, the fields that change, and how.
struct Row(&'static str, &'static str, &'static str, &'static [&'static str], How);

/// Who shares the host's network has its hostname.
const HOST_MODE: &[&str] = &["hostname", "network_mode"];

const PROCESS: &[Row] = &[
    Row("command", "", "command: [sleep, '999999']", &["command"], Recreated),
    Row("entrypoint", "", "entrypoint: [env]", &["entrypoint"], Recreated),
    Row("entrypoint-gone", "entrypoint: [env]", "", &["entrypoint"], Recreated),
    Row("env-new", "", "env: {A: '1'}", &["env.A"], Recreated),
    Row("env", "env: {A: '1'}", "env: {A: '2'}", &["env.A"], Recreated),
    Row("env-gone", "env: {A: '1', B: '2'}", "env: {B: '2'}", &["env.A"], Recreated),
    Row("env-file", "env_file: one.env", "env_file: two.env", &["env.FILE"], Recreated),
    Row("labels-new", "", "labels: {a: '1'}", &["labels.a"], Recreated),
    Row("labels", "labels: {a: '1'}", "labels: {a: '2'}", &["labels.a"], Recreated),
    Row("labels-gone", "labels: {a: '1', b: ''}", "labels: {b: ''}", &["labels.a"], Recreated),
    Row("user", "", "user: '1000:1000'", &["user"], Recreated),
    Row("user-gone", "user: user", "", &["user"], Recreated),
    Row("group", "group_add: ['7']", "group_add: ['7', '8']", &["group_add"], Recreated),
    Row("workdir", "workdir: /tmp", "workdir: /root", &["workdir"], Recreated),
    Row("hostname", "hostname: one", "hostname: two", &["hostname"], Recreated),
    Row("domainname", "", "domainname: example.test", &["domainname"], Recreated),
    Row("tty", "", "tty: true", &["tty"], Recreated),
    Row("stdin", "stdin_open: true", "stdin_open: false", &["stdin_open"], Recreated),
    Row("signal", "stop_signal: SIGINT", "stop_signal: HUP", &["stop_signal"], Recreated),
    Row("grace", "stop_timeout: 1", "stop_timeout: 2s", &["stop_timeout"], Recreated),
    Row(
        "health",
        "healthcheck: {test: [CMD, 'true'], interval: 1s}",
        "healthcheck: {test: [CMD, 'true'], interval: 1s, retries: 7}",
        &["healthcheck"],
        Recreated,
    ),
    Row("init", "", "init: false", &["init"], Recreated),
    Row(
        "log",
        "log: {driver: json-file, options: {max-size: 1m}}",
        "log: {driver: json-file, options: {max-size: 2m}}",
        &["log"],
        Recreated,
    ),
    Row("log-gone", "log: none", "", &["log"], Recreated),
];

const NETWORK: &[Row] = &[
    Row("mode", "network_mode: none", "network_mode: bridge", &["network_mode"], Recreated),
    Row("mode-host", "network_mode: none", "network_mode: host", HOST_MODE, Recreated),
    Row("ports", "ports: ['@a:80']", "ports: ['@b:80']", &["published"], Recreated),
    Row("ports-at", "ports: ['80']", "ports: ['127.0.0.1::80']", &["published"], Recreated),
    Row("exposes", "exposes: [70]", "exposes: [70, 71/udp]", &["exposed"], Recreated),
    Row("publish", "publish_all: false", "publish_all: true", &["publish_all"], Recreated),
    Row("joins", "networks: {one: }", "networks: {one: , two: }", &["networks.@two"], InPlace),
    Row("leaves", "networks: {one: , two: }", "networks: {one: }", &["networks.@two"], InPlace),
    Row(
        "alias",
        "networks: {one: {aliases: [a]}}",
        "networks: {one: {aliases: [a, b]}}",
        &["networks.@one"],
        InPlace,
    ),
    Row("links", "links: []", "links: {target: friend}", &["links"], Recreated),
    Row("dns", "dns: [10.0.0.1]", "dns: [10.0.0.2]", &["dns"], Recreated),
    Row("search", "dns_search: [a.test]", "dns_search: [b.test]", &["dns_search"], Recreated),
    Row("options", "", "dns_options: ['ndots:3']", &["dns_options"], Recreated),
    Row("hosts", "", "extra_hosts: {api: 10.0.0.1}", &["extra_hosts"], Recreated),
    Row(
        "uts",
        "network_mode: none",
        "{network_mode: none, uts: host}",
        &["hostname", "uts"],
        Recreated,
    ),
];

const STORAGE: &[Row] = &[
    Row("mount-new", "", "mounts: ['one:/mnt']", &["mounts./mnt"], Recreated),
    Row("mount", "mounts: ['one:/mnt']", "mounts: ['two:/mnt']", &["mounts./mnt"], Recreated),
    Row("mount-ro", "mounts: ['one:/mnt']", "mounts: ['one:/mnt:ro']", &["mounts./mnt"], Recreated),
    Row("mount-gone", "mounts: ['one:/mnt']", "", &["mounts./mnt"], Recreated),
    Row("bind", "mounts: ['./a:/mnt']", "mounts: ['./b:/mnt']", &["mounts./mnt"], Recreated),
    Row("shares", "shares: [/a]", "shares: [/a, /b]", &["mounts./b"], Recreated),
    Row("attaches", "", "attaches: [three]", &["mounts./three"], Recreated),
    Row("uses", "", "uses: [target]", &["volumes_from"], Recreated),
    Row("tmpfs", "tmpfs: ['/t:size=1m']", "tmpfs: ['/t:size=2m']", &["tmpfs./t"], Recreated),
    Row("shm", "shm_size: 8m", "shm_size: 9m", &["shm_size"], Recreated),
    Row("read-only", "", "read_only: true", &["read_only"], Recreated),
];

const PRIVILEGES: &[Row] = &[
    Row("privileged", "", "privileged: true", &["privileged"], Recreated),
    Row("caps", "cap_add: [NET_ADMIN]", "cap_add: [SYS_TIME]", &["cap_add"], Recreated),
    Row("caps-gone", "cap_drop: [ALL]", "", &["cap_drop"], Recreated),
    Row("devices", "", "devices: ['/dev/null:/dev/n:r']", &["devices"], Recreated),
    Row("security", "", "security_opt: ['no-new-privileges']", &["security_opt"], Recreated),
    Row(
        "sysctls",
        "sysctls: {net.core.somaxconn: 200}",
        "sysctls: {net.core.somaxconn: 300}",
        &["sysctls.net.core.somaxconn"],
        Recreated,
    ),
    Row("pid", "", "pid: host", &["pid"], Recreated),
    Row("ipc", "ipc: private", "ipc: shareable", &["ipc"], Recreated),
    Row(
        "ulimits",
        "ulimits: {nofile: 100}",
        "ulimits: {nofile: '100:200'}",
        &["ulimits"],
        Recreated,
    ),
    Row("parent", "", "cgroup_parent: /e2e", &["cgroup_parent"], Recreated),
    Row("cgroupns", "cgroupns: host", "cgroupns: private", &["cgroupns"], Recreated),
    Row("score", "", "oom_score_adj: 50", &["oom_score_adj"], Recreated),
];

const LIMITS: &[Row] = &[
    Row("restart", "", "restart: unless-stopped", &["restart"], InPlace),
    Row("retries", "restart: on-failure:2", "restart: on-failure:3", &["restart"], InPlace),
    Row(
        "memory",
        "limits: {memory: 64m, memory_swap: 256m}",
        "limits: {memory: 96m, memory_swap: 256m}",
        &["limits.memory"],
        InPlace,
    ),
    Row(
        "swap",
        "limits: {memory: 64m, memory_swap: 256m}",
        "limits: {memory: 64m, memory_swap: 200m}",
        &["limits.memory_swap"],
        InPlace,
    ),
    Row(
        "reservation",
        "limits: {memory_reservation: 32m}",
        "limits: {memory_reservation: 48m}",
        &["limits.memory_reservation"],
        InPlace,
    ),
    Row("cpus", "limits: {cpus: 0.5}", "limits: {cpus: 0.75}", &["limits.cpus"], InPlace),
    Row("cpus-new", "", "limits: {cpus: 0.5}", &["limits.cpus"], InPlace),
    Row(
        "shares",
        "limits: {cpu_shares: 99}",
        "limits: {cpu_shares: 98}",
        &["limits.cpu_shares"],
        InPlace,
    ),
    Row(
        "quota",
        "limits: {cpu_quota: 50000}",
        "limits: {cpu_quota: 60000}",
        &["limits.cpu_quota"],
        InPlace,
    ),
    Row(
        "cpuset",
        "limits: {cpuset_cpus: '0'}",
        "limits: {cpuset_cpus: '0-1'}",
        &["limits.cpuset_cpus"],
        InPlace,
    ),
    Row("pids", "limits: {pids: 50}", "limits: {pids: 60}", &["limits.pids"], InPlace),
    Row("pids-gone", "limits: {pids: 50}", "", &["limits.pids"], Recreated),
];

/// The file for one side of the table. A row that is a mapping by itself stands as it is; others get
/// an image, and what they don't say of a command, an init and a network.
fn file(rows: &[&Row], side: impl Fn(&Row) -> &'static str, with_network: bool) -> String {
    let mut text =
        "networks: {one: , two: }\nvolumes: {one: , two: , three: /three}\ncontainers:\n\
                    \x20 target: {@idle, shares: [/shared]}\n\
                    \x20 owner: {@idle, mounts: ['one:/1', 'two:/2', 'three:/3']}\n"
            .to_owned();
    for row in rows {
        let keys = side(row).trim_start_matches('{').trim_end_matches('}');
        let keys = if side(row).starts_with('{') { keys } else { side(row) };
        let mut all = vec!["image: \"@image\"".to_owned()];
        for (key, default) in [("command:", "command: [sleep, '1000000']"), ("init:", "init: true")]
        {
            if !keys.contains(key) {
                all.push(default.to_owned());
            }
        }
        if !with_network {
            all.push("network_mode: none".to_owned());
        }
        if !keys.is_empty() {
            all.push(keys.to_owned());
        }
        writeln!(text, "  {}: {{{}}}", row.0, all.join(", ")).unwrap();
    }
    text
}

fn check(test: &str, rows: &[Row], with_network: bool) {
    let Some(world) = World::new(test) else { return };
    let is_podman = engine::is_podman();
    // Podman has no links, and no init beside the host's processes; it adds a limit of processes to
    // others, which not every machine lets it do.
    let impossible = |row: &Row| {
        row.0 == "privileged" && !engine::runs_privileged()
            || is_podman && ["links", "pid", "ulimits"].contains(&row.0)
    };
    // It has no call to change limits.
    let how = |row: &Row| match row {
        Row(.., fields, InPlace) if is_podman && !fields[0].starts_with("networks") => Recreated,
        Row(.., how) => *how,
    };
    let rows: Vec<&Row> = rows.iter().filter(|row| !impossible(row)).collect();
    let rows = rows.as_slice();
    world.file("one.env", "FILE=1\n").file("two.env", "FILE=2\n");
    world.file("a/x", "").file("b/x", "");
    let (a, b) = (free_port(), free_port());
    let ports = |text: String| text.replace("@a", &a.to_string()).replace("@b", &b.to_string());
    world.yaml(&ports(file(rows, |row| row.1, with_network)));
    world.up();
    world.settled();
    let before: Vec<Value> = rows.iter().map(|row| world.container(row.0)).collect();

    world.yaml(&ports(file(rows, |row| row.2, with_network)));
    let plan = world.plan();
    let mut wrong = Vec::new();
    for row in rows.iter().copied() {
        let Row(key, _, _, fields, _) = row;
        let object = format!("container {key}");
        let name = |field: &str| {
            field.replace("@one", &world.name("one")).replace("@two", &world.name("two"))
        };
        let expected: Vec<String> =
            fields.iter().map(|field| format!("{} file", name(field))).collect();
        let shown = plan.fields(&object);
        let recreates = plan.actions(&object).contains(&"create");
        if shown != expected || recreates != (how(row) == Recreated) {
            wrong.push(format!("{key}: {shown:?} by {:?}", plan.actions(&object)));
        }
    }
    let objects = plan.objects();
    let strangers: Vec<_> = objects
        .iter()
        .filter(|object| !rows.iter().any(|row| **object == format!("container {}", row.0)))
        .collect();
    assert!(wrong.is_empty() && strangers.is_empty(), "{wrong:#?} {strangers:?}");

    world.up();
    world.settled();
    for (row, before) in rows.iter().copied().zip(before) {
        let Row(key, _, _, fields, _) = row;
        let after = world.container(key);
        let same = after["Id"] == before["Id"];
        assert_eq!(same, how(row) == InPlace, "{key}");
        assert_eq!(after["State"]["Status"], "running", "{key}");
        let without_time = |mut value: Value| {
            for key in ["Id", "Created", "State", "ResolvConfPath", "HostnamePath", "HostsPath"] {
                value[key] = Value::Null;
            }
            value
        };
        assert_ne!(without_time(after), without_time(before), "{key}: {fields:?} did not change");
    }
}

/// A network's keys before and after, and the field that changes.
const OF_NETWORKS: &[(&str, &str, &str, &str)] = &[
    ("internal", "internal: false", "internal: true", "internal"),
    ("attachable", "attachable: true", "attachable: false", "attachable"),
    ("labels", "labels: {a: '1'}", "labels: {a: '2'}", "labels"),
    ("subnet", "ipam: [10.214.@n.0/25]", "ipam: [10.214.@n.128/25]", "ipam"),
    (
        "driver-options",
        "",
        "driver_options: {com.docker.network.bridge.enable_icc: 'false'}",
        "driver_options",
    ),
];

#[test]
fn every_field_of_a_network_must_be_applied_with_its_containers() {
    let Some(world) = World::new("networks") else { return };
    let number = (std::process::id() % 250).to_string();
    let file =
        |side: fn(&(&'static str, &'static str, &'static str, &'static str)) -> &'static str| {
            let (mut networks, mut containers) = (String::new(), String::new());
            for row in OF_NETWORKS {
                let keys = side(row).replace("@n", &number);
                writeln!(networks, "  {}: {{{keys}}}", row.0).unwrap();
                writeln!(containers, "  {0}: {{@idle, networks: [{0}]}}", row.0).unwrap();
            }
            format!("networks:\n{networks}containers:\n{containers}")
        };
    world.yaml(&file(|row| row.1)).up();
    world.settled();
    let ids: Vec<Value> =
        OF_NETWORKS.iter().map(|row| world.network(row.0)["Id"].clone()).collect();
    world.yaml(&file(|row| row.2));
    let plan = world.plan();
    for (key, .., field) in OF_NETWORKS {
        assert_eq!(plan.fields(&format!("network {key}")), [format!("{field} file")], "{plan}");
    }
    world.up();
    world.settled();
    for ((key, ..), id) in OF_NETWORKS.iter().zip(ids) {
        assert_ne!(world.network(key)["Id"], id, "{key}");
        let attached = world.network(key)["Containers"].as_object().cloned().unwrap();
        assert_eq!(attached.len(), 1, "{key}: {attached:?}");
    }
}

#[test]
fn every_field_of_the_process_must_be_applied() {
    check("process", PROCESS, false);
}

#[test]
fn every_field_of_the_network_must_be_applied() {
    check("network", NETWORK, true);
}

#[test]
fn every_field_of_storage_must_be_applied() {
    check("storage", STORAGE, false);
}

#[test]
fn every_privilege_must_be_applied() {
    check("privileges", PRIVILEGES, true);
}

#[test]
fn every_limit_must_be_applied_in_place_where_the_engine_can() {
    check("limits", LIMITS, false);
}
