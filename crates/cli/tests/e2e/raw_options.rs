//! A map whose options are docker-py's, beside objects of somebody else, on the engine.
//!
//! Invariant: what belongs to nobody here is used and left alone.

use crate::harness::{World, engine, free_port};
use serde_json::{Value, json};

const MAP: &str = "
name: @project
networks: {n: }
base: {abstract: true, image: /@image, stop_signal: KILL, create_options: {command: sleep 1000000}, host_config: {init: true}}
web:
  extends: base
  create_options:
    entrypoint: env -u NOTHING
    environment: {A: 1, B: 'x y'}
    ports: [80, 8125/udp]
    volumes: [/v, /b]
    user: 0
    working_dir: /tmp
    stop_timeout: 1
    healthcheck: {test: 'true', interval: 1000000000, retries: 2}
    labels: [bare]
  host_config:
    init: true
    nano_cpus: 500000000
    ipc_mode: shareable
    dns: [127.0.0.1]
    extra_hosts: {a: 10.0.0.9}
    binds: ['@site:/b:ro', '@project.theirs:/n:rw']
    mounts: [{Type: volume, Source: @project.theirs, Target: /m, ReadOnly: true}, {Type: tmpfs, Target: /t, TmpfsOptions: {SizeBytes: 1048576, Mode: 511}}]
    port_bindings: {80: [127.0.0.1, @port], 8125/udp: null}
    links: {@project.them: them, @project.db: own}
    volumes_from: ['@project.them:ro']
    restart_policy: {Name: on-failure, MaximumRetryCount: 3}
    cap_add: [NET_ADMIN]
    devices: ['/dev/null:/dev/nothing:rw', {PathOnHost: /dev/zero, PathInContainer: /dev/z, CgroupPermissions: r}]
    ulimits: [{Name: nofile, Soft: 1024, Hard: 2048}]
    log_config: {Type: json-file, Config: {max-size: 1m}}
    tmpfs: ['/run:size=1m', /scratch]
    shm_size: 8m
    group_add: [2000]
    read_only: true
    oom_score_adj: 100
    mem_limit: 64m
    memswap_limit: -1
db: {extends: base}
mac: {extends: base, create_options: {mac_address: '02:42:0a:00:00:02'}}
attached: {extends: base, create_options: {mac_address: '02:42:0a:00:00:03'}, host_config: {network_mode: @project.n}}
joined: {extends: base, host_config: {network_mode: 'container:@project.them'}}
off: {extends: base, create_options: {network_disabled: true}}
";

#[test]
fn a_map_with_raw_options_must_be_made_as_its_python_client_did_and_settle() {
    if engine::url().is_some() && engine::is_podman() {
        return;
    }
    let Some(world) = World::new("raw_options") else { return };
    let words = ["-f", "map.yaml", "--dialect", "docker-map"];
    let run = |more: &[&str]| world.run(&[&words, more].concat());
    let theirs =
        json!({"Volumes": {"/shared": {}}, "HostConfig": {"Init": true, "NetworkMode": "bridge"}});
    let them = world.foreign_container("them", &theirs);
    let map = MAP.replace("@site", &world.path("site").display().to_string());
    world
        .file("site/file", "here")
        .file("map.yaml", &world.filled(&map.replace("@port", &free_port().to_string())));
    run(&["up"]).code(0);
    run(&["plan", "--output", "json"]).code(0).plan().is_empty();
    let web = world.container("web");
    let project = &world.project;
    for (pointer, expected) in [
        ("/Config/Entrypoint", json!(["env", "-u", "NOTHING"])),
        ("/Config/Cmd", json!(["sleep", "1000000"])),
        ("/Config/ExposedPorts", json!({"80/tcp": {}, "8125/udp": {}})),
        ("/Config/Labels/bare", json!("")),
        ("/Config/Healthcheck/Test", json!(["CMD-SHELL", "true"])),
        ("/Config/Healthcheck/Interval", json!(1_000_000_000)),
        ("/HostConfig/NanoCpus", json!(500_000_000)),
        ("/HostConfig/IpcMode", json!("shareable")),
        ("/HostConfig/ExtraHosts", json!(["a:10.0.0.9"])),
        ("/HostConfig/VolumesFrom", json!([format!("{project}.them:ro")])),
        ("/HostConfig/RestartPolicy", json!({"Name": "on-failure", "MaximumRetryCount": 3})),
        ("/HostConfig/PortBindings/8125~1udp", json!([{"HostIp": "", "HostPort": ""}])),
        ("/HostConfig/LogConfig/Config/max-size", json!("1m")),
        ("/HostConfig/ShmSize", json!(8 << 20)),
        ("/HostConfig/GroupAdd", json!(["2000"])),
        ("/HostConfig/ReadonlyRootfs", json!(true)),
        ("/HostConfig/OomScoreAdj", json!(100)),
        ("/HostConfig/Memory", json!(64 << 20)),
    ] {
        assert_eq!(web.pointer(pointer), Some(&expected), "{pointer}");
    }
    let mount = |mount: &Value| {
        let of = |key: &str| mount[key].as_str().unwrap_or_default().replace(project, "map");
        let name = of("Name");
        let name = if name.len() == 64 { "anonymous".to_owned() } else { name };
        format!("{} {name} {}", of("Destination"), mount["RW"])
    };
    let mut mounts: Vec<String> = web["Mounts"].as_array().unwrap().iter().map(mount).collect();
    mounts.sort();
    let expected = [
        "/b  false",
        "/m map.theirs false",
        "/n map.theirs true",
        "/shared anonymous false",
        "/v anonymous true",
    ];
    assert_eq!(mounts, expected);
    assert_eq!(world.inside("web", &["sh", "-c", "cat /b/file; stat -c %a /t"]), "here777");
    assert_eq!(world.inside("mac", &["cat", "/sys/class/net/eth0/address"]), "02:42:0a:00:00:02");
    assert_eq!(
        world.inside("attached", &["cat", "/sys/class/net/eth0/address"]),
        "02:42:0a:00:00:03"
    );
    // The native form means the same project.
    world.yaml(&run(&["config"]).code(0).stdout);
    world.settled();
    run(&["down", "--volumes", "--yes"]).code(0);
    assert_eq!(engine::get(&format!("/containers/{them}/json"))["State"]["Status"], "running");
    assert_eq!(world.volume("theirs")["Name"], json!(format!("{project}.theirs")));
    assert_eq!(world.objects(), Vec::<String>::new());
}
