//! `create_options` and `host_config`: what each argument of docker-py means, in every form that it takes.
//!
//! Invariant: every argument of `create_container` and of `HostConfig` is in a table here.

use serde_json::{Map, Value};
use windlass_config::{Dialect, LoadOptions, Loaded, load};
use windlass_model::container::ContainerConfig;

use crate::check::{check_with, options};

fn map_options(yaml: &str) -> LoadOptions {
    LoadOptions { dialect: Dialect::DockerMap, ..options(yaml) }
}

fn load_map(yaml: &str) -> Loaded {
    load(&map_options(yaml))
}

/// What `web` has beyond a container without options, as it is on a label.
#[track_caller]
fn meaning(yaml: &str) -> Value {
    let config = |yaml: &str| -> Map<String, Value> {
        let loaded = load_map(yaml);
        let findings = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(findings.is_empty(), "{yaml}\nfindings:\n{findings}");
        let project = loaded.project.unwrap();
        let web = project.containers.values().find(|spec| spec.key == "web").unwrap();
        let config: &ContainerConfig = &web.config;
        serde_json::from_value(serde_json::to_value(config).unwrap()).unwrap()
    };
    let plain = config("web: {image: x}\n");
    let found = config(yaml);
    let own: Map<_, _> = found.into_iter().filter(|(k, v)| plain.get(k) != Some(v)).collect();
    Value::Object(own)
}

fn expect_meanings(section: &str, table: &[(&str, &str)]) {
    for (options, expected) in table {
        let found = meaning(&format!("web: {{image: x, {section}: {{{options}}}}}\n"));
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(found, expected, "{section}: {options}");
    }
}

const CREATE: &[(&str, &str)] = &[
    ("command: 'sh -c \"a b\"'", r#"{"command":["sh","-c","a b"]}"#),
    ("command: [sleep, 10]", r#"{"command":["sleep","10"]}"#),
    ("command: ''", "{}"),
    ("entrypoint: /bin/tini --", r#"{"entrypoint":["/bin/tini","--"]}"#),
    ("entrypoint: [/bin/tini]", r#"{"entrypoint":["/bin/tini"]}"#),
    ("entrypoint: ''", r#"{"entrypoint":[]}"#),
    ("environment: {A: 1, B: 'x y', C: ''}", r#"{"env":{"A":"1","B":"x y","C":""}}"#),
    ("environment: ['A=1', 'B:b=c=d']", r#"{"env":{"A":"1","B:b":"c=d"}}"#),
    ("ports: [80]", r#"{"exposed":[{"target":80,"protocol":"tcp"}]}"#),
    (
        "ports: ['53/udp', '80']",
        r#"{"exposed":[{"target":53,"protocol":"udp"},{"target":80,"protocol":"tcp"}]}"#,
    ),
    (
        "ports: [[53, udp], [80, tcp]]",
        r#"{"exposed":[{"target":53,"protocol":"udp"},{"target":80,"protocol":"tcp"}]}"#,
    ),
    ("ports: {80/tcp: {}}", r#"{"exposed":[{"target":80,"protocol":"tcp"}]}"#),
    ("volumes: /data", r#"{"mounts":{"/data":{"source":"anonymous"}}}"#),
    (
        "volumes: [/data, /d/../log/]",
        r#"{"mounts":{"/data":{"source":"anonymous"},"/log":{"source":"anonymous"}}}"#,
    ),
    ("volumes: {/data: {}}", r#"{"mounts":{"/data":{"source":"anonymous"}}}"#),
    ("user: 0", r#"{"user":"0"}"#),
    ("user: '1000:1001'", r#"{"user":"1000:1001"}"#),
    ("hostname: h", r#"{"hostname":"h"}"#),
    ("domainname: d.org", r#"{"domainname":"d.org"}"#),
    ("working_dir: /srv", r#"{"workdir":"/srv"}"#),
    ("stop_signal: INT", r#"{"stop_signal":"SIGINT"}"#),
    ("stop_signal: 2", r#"{"stop_signal":"SIGINT"}"#),
    ("stop_timeout: 0", r#"{"stop_timeout_s":0}"#),
    ("stop_timeout: 7", r#"{"stop_timeout_s":7}"#),
    (
        "healthcheck: {test: [CMD, 'true'], interval: 1000000000, timeout: 2000000, retries: 2, start_period: 0}",
        r#"{"healthcheck":{"test":{"exec":["true"]},"interval_ns":1000000000,"timeout_ns":2000000,"start_period_ns":0,"start_interval_ns":0,"retries":2}}"#,
    ),
    (
        "healthcheck: {Test: 'false', Interval: 2s, Timeout: 1s, Retries: 1, StartPeriod: 1s}",
        r#"{"healthcheck":{"test":{"shell":"false"},"interval_ns":2000000000,"timeout_ns":1000000000,"start_period_ns":1000000000,"start_interval_ns":0,"retries":1}}"#,
    ),
    (
        "healthcheck: {test: [NONE]}",
        r#"{"healthcheck":{"test":"disabled","interval_ns":0,"timeout_ns":0,"start_period_ns":0,"start_interval_ns":0,"retries":0}}"#,
    ),
    (
        "healthcheck: {test: [], retries: 3}",
        r#"{"healthcheck":{"test":"inherit","interval_ns":0,"timeout_ns":0,"start_period_ns":0,"start_interval_ns":0,"retries":3}}"#,
    ),
    ("labels: {a: b, c: 1}", r#"{"labels":{"a":"b","c":"1"}}"#),
    ("labels: [a, b.c]", r#"{"labels":{"a":"","b.c":""}}"#),
    ("tty: true", r#"{"tty":true}"#),
    ("stdin_open: true", r#"{"stdin_open":true}"#),
    (
        "mac_address: '02:42:0A:00:00:01'",
        r#"{"endpoints":{"bridge":{"mac_address":"02:42:0a:00:00:01"}},"network_mode":"networks"}"#,
    ),
    ("platform: linux/amd64", r#"{"platform":"linux/amd64"}"#),
    ("runtime: runc", r#"{"runtime":"runc"}"#),
    ("network_disabled: true", r#"{"network_mode":"none"}"#),
    ("network_disabled: false", "{}"),
    ("detach: true", "{}"),
    ("use_config_proxy: false", "{}"),
    ("mem_limit: 64m", r#"{"limits":{"memory_bytes":67108864}}"#),
    (
        "mem_limit: 64m, memswap_limit: -1",
        r#"{"limits":{"memory_bytes":67108864,"memory_swap_bytes":-1}}"#,
    ),
    ("cpu_shares: 5", r#"{"limits":{"cpu_shares":5}}"#),
    ("cpuset: '0,1'", r#"{"limits":{"cpuset_cpus":"0,1"}}"#),
    ("dns: [10.0.0.1]", r#"{"dns":["10.0.0.1"]}"#),
    ("volumes_from: [other]", r#"{"volumes_from":["other"]}"#),
];

const HOST: &[(&str, &str)] = &[
    ("init: true", r#"{"init":true}"#),
    ("init: false", r#"{"init":false}"#),
    ("nano_cpus: 1500000000", r#"{"limits":{"nano_cpus":1500000000}}"#),
    ("pid_mode: host", r#"{"pid":"host"}"#),
    ("pid_mode: 'container:x'", r#"{"pid":"container:x"}"#),
    ("ipc_mode: shareable", r#"{"ipc":"shareable"}"#),
    ("uts_mode: host", r#"{"uts":"host"}"#),
    ("network_mode: host", r#"{"network_mode":"host"}"#),
    ("network_mode: default", "{}"),
    ("network_mode: ''", "{}"),
    ("network_mode: 'container:x'", r#"{"network_mode":{"container":"x"}}"#),
    ("network_mode: backend", r#"{"endpoints":{"backend":{}},"network_mode":"networks"}"#),
    ("userns_mode: host", r#"{"userns":"host"}"#),
    ("cgroupns: private", r#"{"cgroupns":"private"}"#),
    ("cgroup_parent: /a", r#"{"cgroup_parent":"/a"}"#),
    ("dns: [10.0.0.1, 10.0.0.1]", r#"{"dns":["10.0.0.1"]}"#),
    ("dns_search: [d.org]", r#"{"dns_search":["d.org"]}"#),
    ("dns_opt: ['ndots:2']", r#"{"dns_options":["ndots:2"]}"#),
    ("extra_hosts: {a: 10.0.0.9}", r#"{"extra_hosts":["a:10.0.0.9"]}"#),
    ("extra_hosts: ['a:10.0.0.9']", r#"{"extra_hosts":["a:10.0.0.9"]}"#),
    ("binds: ['/h:/c']", r#"{"mounts":{"/c":{"source":{"bind":"/h"},"create_host_path":true}}}"#),
    (
        "binds: ['/h:/c:ro,rslave']",
        r#"{"mounts":{"/c":{"source":{"bind":"/h"},"read_only":true,"propagation":"rslave","create_host_path":true}}}"#,
    ),
    (
        "binds: ['data:/c:ro,nocopy']",
        r#"{"mounts":{"/c":{"source":{"volume":"data"},"read_only":true,"no_copy":true}}}"#,
    ),
    (
        "binds: {/h: {bind: /c, mode: ro}}",
        r#"{"mounts":{"/c":{"source":{"bind":"/h"},"read_only":true,"create_host_path":true}}}"#,
    ),
    (
        "binds: {/h: {bind: /c, ro: true, propagation: slave}}",
        r#"{"mounts":{"/c":{"source":{"bind":"/h"},"read_only":true,"propagation":"slave","create_host_path":true}}}"#,
    ),
    (
        "binds: {/h: {bind: /c, ro: false}}",
        r#"{"mounts":{"/c":{"source":{"bind":"/h"},"create_host_path":true}}}"#,
    ),
    ("binds: {data: /c}", r#"{"mounts":{"/c":{"source":{"volume":"data"}}}}"#),
    (
        "mounts: [{Target: /c, Source: data, Type: volume, ReadOnly: true, VolumeOptions: {NoCopy: true}}]",
        r#"{"mounts":{"/c":{"source":{"volume":"data"},"read_only":true,"no_copy":true}}}"#,
    ),
    (
        "mounts: [{Target: /c, Source: /h, Type: bind, BindOptions: {Propagation: rslave}, Consistency: cached}]",
        r#"{"mounts":{"/c":{"source":{"bind":"/h"},"propagation":"rslave"}}}"#,
    ),
    (
        "mounts: [{Target: /c, Source: null, Type: tmpfs, TmpfsOptions: {SizeBytes: 1048576, Mode: 511}}]",
        r#"{"tmpfs":{"/c":"size=1048576,mode=777"}}"#,
    ),
    (
        "mounts: [{target: /c, source: data, read_only: true, no_copy: true}]",
        r#"{"mounts":{"/c":{"source":{"volume":"data"},"read_only":true,"no_copy":true}}}"#,
    ),
    ("mounts: [{target: /c}]", r#"{"mounts":{"/c":{"source":"anonymous"}}}"#),
    (
        "port_bindings: {80: 8080}",
        r#"{"published":[{"target":80,"protocol":"tcp","published":8080}]}"#,
    ),
    (
        "port_bindings: {53/udp: [127.0.0.1, '53']}",
        r#"{"published":[{"target":53,"protocol":"udp","host_ip":"127.0.0.1","published":53}]}"#,
    ),
    (
        "port_bindings: {80: [8080, '8081', [127.0.0.1, 8082]]}",
        r#"{"published":[{"target":80,"protocol":"tcp","published":8080},{"target":80,"protocol":"tcp","published":8081},{"target":80,"protocol":"tcp","host_ip":"127.0.0.1","published":8082}]}"#,
    ),
    ("port_bindings: {80: null}", r#"{"published":[{"target":80,"protocol":"tcp"}]}"#),
    (
        "port_bindings: {80: ['127.0.0.1']}",
        r#"{"published":[{"target":80,"protocol":"tcp","host_ip":"127.0.0.1"}]}"#,
    ),
    (
        "port_bindings: {80: {HostIp: '::1', HostPort: 81}}",
        r#"{"published":[{"target":80,"protocol":"tcp","host_ip":"::1","published":81}]}"#,
    ),
    (
        "port_bindings: {80: [{HostPort: '81'}, {HostPort: '82'}]}",
        r#"{"published":[{"target":80,"protocol":"tcp","published":81},{"target":80,"protocol":"tcp","published":82}]}"#,
    ),
    ("publish_all_ports: true", r#"{"publish_all":true}"#),
    ("links: {db: database, c: null}", r#"{"links":["c:c","db:database"]}"#),
    ("links: [[db, database], [c, null]]", r#"{"links":["c:c","db:database"]}"#),
    ("volumes_from: 'a,b:ro'", r#"{"volumes_from":["a","b:ro"]}"#),
    ("volumes_from: ['a:rw', b]", r#"{"volumes_from":["a","b"]}"#),
    ("restart_policy: {Name: on-failure, MaximumRetryCount: 3}", r#"{"restart":{"on-failure":3}}"#),
    ("restart_policy: {Name: always}", r#"{"restart":"always"}"#),
    ("restart_policy: {Name: ''}", "{}"),
    (
        "cap_add: [NET_ADMIN], cap_drop: [CAP_CHOWN]",
        r#"{"cap_add":["NET_ADMIN"],"cap_drop":["CHOWN"]}"#,
    ),
    (
        "devices: ['/dev/fuse:/dev/f:rw', /dev/null]",
        r#"{"devices":[{"host_path":"/dev/fuse","path":"/dev/f","permissions":"rw"},{"host_path":"/dev/null","path":"/dev/null","permissions":"rwm"}]}"#,
    ),
    (
        "devices: [{PathOnHost: /dev/fuse, PathInContainer: /dev/f, CgroupPermissions: r}]",
        r#"{"devices":[{"host_path":"/dev/fuse","path":"/dev/f","permissions":"r"}]}"#,
    ),
    (
        "device_requests: [{count: -1, capabilities: [[gpu]]}]",
        r#"{"gpus":{"count":-1,"capabilities":["gpu"]}}"#,
    ),
    (
        "device_requests: [{Driver: nvidia, DeviceIDs: ['0'], Capabilities: [[gpu, utility]], Options: {}}]",
        r#"{"gpus":{"count":0,"device_ids":["0"],"capabilities":["gpu","utility"],"driver":"nvidia"}}"#,
    ),
    (
        "ulimits: [{name: nofile, soft: 10, hard: 20}]",
        r#"{"ulimits":{"nofile":{"soft":10,"hard":20}}}"#,
    ),
    (
        "ulimits: [{Name: nofile, Soft: 10, Hard: 20}]",
        r#"{"ulimits":{"nofile":{"soft":10,"hard":20}}}"#,
    ),
    (
        "log_config: {Type: json-file, Config: {max-size: 1m}}",
        r#"{"log":{"driver":"json-file","options":{"max-size":"1m"}}}"#,
    ),
    ("log_config: {type: none}", r#"{"log":{"driver":"none"}}"#),
    ("sysctls: {net.core.somaxconn: 1024}", r#"{"sysctls":{"net.core.somaxconn":"1024"}}"#),
    ("tmpfs: ['/run:size=1m', /tmp]", r#"{"tmpfs":{"/run":"size=1m","/tmp":""}}"#),
    ("tmpfs: {/run: size=1m, /tmp: ''}", r#"{"tmpfs":{"/run":"size=1m","/tmp":""}}"#),
    ("shm_size: 64m", r#"{"shm_size_bytes":67108864}"#),
    ("shm_size: 1048576", r#"{"shm_size_bytes":1048576}"#),
    ("shm_size: 0", "{}"),
    (
        "security_opt: [no-new-privileges, 'label:disable']",
        r#"{"security_opt":["label:disable","no-new-privileges"]}"#,
    ),
    ("group_add: [1000, audio]", r#"{"group_add":["1000","audio"]}"#),
    ("privileged: true", r#"{"privileged":true}"#),
    ("read_only: true", r#"{"read_only":true}"#),
    ("oom_kill_disable: true", r#"{"oom_kill_disable":true}"#),
    ("oom_score_adj: -5", r#"{"oom_score_adj":-5}"#),
    ("pids_limit: -1", r#"{"limits":{"pids":-1}}"#),
    ("mem_limit: 1g", r#"{"limits":{"memory_bytes":1073741824}}"#),
    (
        "mem_limit: 67108864, memswap_limit: -1",
        r#"{"limits":{"memory_bytes":67108864,"memory_swap_bytes":-1}}"#,
    ),
    ("mem_reservation: 32MB", r#"{"limits":{"memory_reservation_bytes":33554432}}"#),
    (
        "cpu_shares: 512, cpu_period: 100000, cpu_quota: 50000",
        r#"{"limits":{"cpu_shares":512,"cpu_period_us":100000,"cpu_quota_us":50000}}"#,
    ),
    ("cpuset_cpus: 0-1, cpuset_mems: '0'", r#"{"limits":{"cpuset_cpus":"0-1","cpuset_mems":"0"}}"#),
    ("blkio_weight: 300", r#"{"limits":{"blkio_weight":300}}"#),
    ("runtime: runc", r#"{"runtime":"runc"}"#),
    ("isolation: default", "{}"),
    ("auto_remove: false", "{}"),
    // What Python takes for false is not sent.
    (
        "pids_limit: 0, cpu_shares: 0, mem_limit: 0, cap_add: [], sysctls: {}, pid_mode: '', volume_driver: null",
        "{}",
    ),
];

#[test]
fn every_form_of_an_argument_has_its_meaning() {
    expect_meanings("create_options", CREATE);
    expect_meanings("host_config", HOST);
}

/// The finding, with its path after the section.
const REFUSED: &[(&str, &str, &str)] = &[
    ("create_options", "image: y", "error: image: a container's image is not an option"),
    (
        "create_options",
        "name: w",
        "error: name: a container is called after the project and its key",
    ),
    (
        "create_options",
        "host_config: {init: true}",
        "error: host_config: `host_config` is no option, but a key of the container",
    ),
    (
        "create_options",
        "networking_config: {EndpointsConfig: {}}",
        "error: networking_config: a container's endpoints are not an option",
    ),
    (
        "create_options",
        "use_config_proxy: true",
        "warning: use_config_proxy: the proxies of the Docker client's configuration are not handed on",
    ),
    (
        "create_options",
        "environment: {A: null}",
        "error: environment.A: windlass does not take the image's variable \"A\" away",
    ),
    (
        "create_options",
        "environment: [A]",
        "error: environment[0]: windlass does not take the image's variable \"A\" away",
    ),
    (
        "create_options",
        "volumes: {data: /data}",
        "error: volumes.data: a path in the container is absolute",
    ),
    ("create_options", "workdir: /srv", "error: unknown key \"workdir\""),
    ("host_config", "memory: 64m", "error: unknown key \"memory\""),
    (
        "host_config",
        "auto_remove: true",
        "error: auto_remove: windlass keeps a container that has ended, to see how it ended",
    ),
    ("host_config", "blkio_weight_device: [{}]", OF_DEVICE),
    ("host_config", "device_read_bps: [{}]", OF_DEVICE),
    ("host_config", "device_write_bps: [{}]", OF_DEVICE),
    ("host_config", "device_read_iops: [{}]", OF_DEVICE),
    ("host_config", "device_write_iops: [{}]", OF_DEVICE),
    ("host_config", "cpu_count: 2", "warning: cpu_count: only engines of Windows heed it"),
    ("host_config", "cpu_percent: 50", "warning: cpu_percent: only engines of Windows heed it"),
    (
        "host_config",
        "cpu_rt_period: 1000",
        "error: cpu_rt_period: windlass gives no real-time CPU, which kernels have only with cgroups of version 1",
    ),
    (
        "host_config",
        "cpu_rt_runtime: 1000",
        "error: cpu_rt_runtime: windlass gives no real-time CPU, which kernels have only with cgroups of version 1",
    ),
    (
        "host_config",
        "device_cgroup_rules: ['c 1:3 r']",
        "error: device_cgroup_rules: windlass does not give rules for devices that are not there yet",
    ),
    (
        "host_config",
        "init_path: /sbin/init",
        "error: init_path: no engine since API 1.29 takes the path of an init",
    ),
    (
        "host_config",
        "isolation: hyperv",
        "error: isolation: there is no isolation but `default` on engines of Linux",
    ),
    (
        "host_config",
        "kernel_memory: 32m",
        "warning: kernel_memory: engines since 23.0 do not limit the kernel's memory apart",
    ),
    (
        "host_config",
        "lxc_conf: {lxc.x: 1}",
        "warning: lxc_conf: engines since 1.10 do not run containers by LXC",
    ),
    (
        "host_config",
        "mem_swappiness: 0",
        "error: mem_swappiness: a container has no swappiness of its own where cgroups are of version 2",
    ),
    (
        "host_config",
        "storage_opt: {size: 10G}",
        "error: storage_opt: windlass does not set options of the engine's storage driver",
    ),
    (
        "host_config",
        "volume_driver: nfs",
        "error: volume_driver: a volume has its driver where it is declared",
    ),
    (
        "host_config",
        "binds: ['./h:/c']",
        "error: binds[0]: the path on the host, \"./h\", must be absolute",
    ),
    ("host_config", "binds: {/h: {mode: ro}}", "error: binds./h: the key \"bind\" is missing"),
    (
        "host_config",
        "mounts: [{Target: /c, VolumeOptions: {Subpath: a}}]",
        "error: mounts[0].VolumeOptions.Subpath: windlass does not mount a directory of a volume",
    ),
    (
        "host_config",
        "mounts: [{Target: /c, Source: vol, labels: {a: b}}]",
        "error: mounts[0].labels: a volume has its labels and its driver where it is declared",
    ),
    ("host_config", "mounts: [{Source: v}]", "error: mounts[0]: the key \"Target\" is missing"),
    (
        "host_config",
        "pid_mode: web",
        "error: pid_mode: expected host or container:NAME, found the string \"web\"",
    ),
    (
        "host_config",
        "device_requests: [{count: 1}, {count: 2}]",
        "error: device_requests[1]: a container has one request of devices",
    ),
    (
        "host_config",
        "links: {db: d}, network_mode: host",
        "error: links: links cannot be used with network_mode host",
    ),
];

const OF_DEVICE: &str = "error: *: windlass does not limit single devices";

#[test]
fn every_other_argument_says_why_not() {
    for (section, options, expected) in REFUSED {
        let loaded = load_map(&format!("web: {{image: x, {section}: {{{options}}}}}\n"));
        let name = options.split(':').next().unwrap();
        let expected = expected.replace('*', name);
        let found: Vec<_> = loaded
            .diagnostics
            .iter()
            .map(|one| format!("{}: {}", one.severity.as_str(), one.title()))
            .map(|text| text.replace(&format!("containers.web.{section}."), ""))
            .map(|text| text.replace(&format!("containers.web.{section}: "), ""))
            .map(|text| text.replace("containers.web.", ""))
            .collect();
        assert_eq!(found, [expected], "{section}: {options}");
        assert!(loaded.diagnostics.iter().all(|one| one.help.is_some()), "{options}");
    }
}

/// The signature of docker-py 7's `create_container`, and the arguments that its first version had.
const OF_CREATE: &str = "image command hostname user detach stdin_open tty ports environment volumes network_disabled name \
                         entrypoint working_dir domainname host_config mac_address labels stop_signal networking_config \
                         healthcheck stop_timeout runtime use_config_proxy platform \
                         mem_limit memswap_limit cpu_shares cpuset dns volumes_from";
/// That of its `HostConfig`.
const OF_HOST: &str = "binds port_bindings lxc_conf publish_all_ports links privileged dns dns_search volumes_from \
                       network_mode restart_policy cap_add cap_drop devices extra_hosts read_only pid_mode ipc_mode \
                       security_opt ulimits log_config mem_limit memswap_limit mem_reservation kernel_memory \
                       mem_swappiness cgroup_parent group_add cpu_quota cpu_period blkio_weight blkio_weight_device \
                       device_read_bps device_write_bps device_read_iops device_write_iops oom_kill_disable shm_size \
                       sysctls tmpfs oom_score_adj dns_opt cpu_shares cpuset_cpus userns_mode uts_mode pids_limit \
                       isolation auto_remove storage_opt init init_path volume_driver cpu_count cpu_percent nano_cpus \
                       cpuset_mems runtime mounts cpu_rt_period cpu_rt_runtime device_cgroup_rules device_requests \
                       cgroupns";

#[test]
fn every_argument_is_in_a_table() {
    for (section, table, all) in
        [("create_options", CREATE, OF_CREATE), ("host_config", HOST, OF_HOST)]
    {
        let meanings = table.iter().map(|(options, _)| *options);
        let refused = REFUSED.iter().filter(|(of, ..)| *of == section);
        let written: Vec<_> = meanings.chain(refused.map(|(_, options, _)| *options)).collect();
        for name in all.split_whitespace() {
            let first = format!("{name}:");
            let later = format!(", {name}:");
            let found =
                written.iter().any(|text| text.starts_with(&first) || text.contains(&later));
            assert!(found, "{section}.{name}");
        }
    }
}

#[test]
fn options_come_after_all_other_keys() {
    for (web, expected) in [
        // Whatever the order of the text, and over what an ancestor says.
        (
            "create_options: {user: a, labels: {x: raw}}, user: b, labels: {x: own, y: own}",
            r#"{"user":"a","labels":{"x":"raw","y":"own"}}"#,
        ),
        ("create_options: {user: null}, user: b", r#"{"user":"b"}"#),
        (
            "host_config: {port_bindings: {80: 8080}}, exposes: {80: 9090, 81: 9091}",
            r#"{"published":[{"target":80,"protocol":"tcp","published":8080},{"target":81,"protocol":"tcp","published":9091}],"exposed":[{"target":80,"protocol":"tcp"}]}"#,
        ),
        // A volume is anonymous only where nothing else is.
        (
            "create_options: {volumes: [/a, /b, /c]}, host_config: {binds: ['/h:/a'], tmpfs: [/c]}",
            r#"{"mounts":{"/a":{"source":{"bind":"/h"},"create_host_path":true},"/b":{"source":"anonymous"}},"tmpfs":{"/c":""}}"#,
        ),
        (
            "create_options: {healthcheck: {retries: 5}}, healthcheck: {test: 'true'}",
            r#"{"healthcheck":{"test":{"shell":"true"},"interval_ns":0,"timeout_ns":0,"start_period_ns":0,"start_interval_ns":0,"retries":5}}"#,
        ),
    ] {
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(meaning(&format!("web: {{image: x, {web}}}\n")), expected, "{web}");
    }
    let inherited = "base: {abstract: true, create_options: {user: a, environment: {A: 1, B: 1}, command: x},
  host_config: {binds: ['/h:/a', '/h:/b'], cap_add: [MKNOD], port_bindings: {80: 1}, restart_policy: {Name: always}}}
web: {image: x, extends: base, user: own, create_options: {environment: {B: 2}},
  host_config: {binds: ['/i:/b'], cap_add: [CHOWN], port_bindings: {80: 2}, restart_policy: null}}
";
    let expected = r#"{"command":["x"],"env":{"A":"1","B":"2"},"user":"a","cap_add":["CHOWN","MKNOD"],"restart":"always",
        "mounts":{"/a":{"source":{"bind":"/h"},"create_host_path":true},"/b":{"source":{"bind":"/i"},"create_host_path":true}},
        "published":[{"target":80,"protocol":"tcp","published":2}]}"#;
    assert_eq!(meaning(inherited), serde_json::from_str::<Value>(expected).unwrap());
}

#[test]
fn names_of_an_engine_are_no_keys_of_the_file() {
    // `db` is somebody else's; `p.db` is this project's.
    let yaml = "db: {image: x}
web: {image: x, host_config: {links: {db: a, p.db: b}, volumes_from: [db], binds: ['data:/d', 'p.data:/e']}}
volumes: {data: /data}
";
    let loaded = load_map(yaml);
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render_plain(&loaded.sources));
    let project = loaded.project.unwrap();
    let web = project.containers.values().find(|spec| spec.key == "web").unwrap();
    assert_eq!(web.config.links.iter().collect::<Vec<_>>(), ["db:a", "p.db:b"]);
    assert_eq!(web.config.volume_names().collect::<Vec<_>>(), ["data", "p.data"]);
    let needed: Vec<_> = web.depends_on.iter().map(|one| one.on.name.as_str()).collect();
    assert_eq!(needed, ["db"]);
    assert_eq!(project.volumes["data"].name, "p.data");
}

#[test]
fn native_files_have_the_same_meaning() {
    let yaml = "name: p
containers:
  web:
    image: x
    host_config: {mem_limit: 64m, memswap_limit: 32m, binds: ['{{ vars.dir }}:/c']}
#                                                ^^^ error: containers.web.host_config.memswap_limit: memory_swap is less than memory
    create_options: {env: {A: 1}}
#                    ^^^ error: containers.web.create_options: unknown key \"env\"
vars: {dir: /h}
";
    check_with(yaml, &options(yaml));
}
