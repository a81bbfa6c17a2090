//! A file that uses nearly every key of a container: up must make what it says, and only once.
//!
//! Invariant: what was asked for is looked at from inside the containers, not only read back.

use crate::harness::{World, engine, free_port};
use serde_json::Value;

const FILE: &str = r#"
name: @project
vars: {greeting: Hello}
networks:
  front: {labels: {tier: front}, ipam: [@subnet]}
  back: {internal: true}
volumes:
  data: {path: /data, user: "1000:1000", permissions: "0750", labels: {keep: "yes"}}
  plain: /plain
  conf: /etc/conf
host: {conf: ./conf}
containers:
  db:
    image: "@image"
    command: [httpd, -f, -p, "80", -h, /data]
    init: true
    attaches: [data]
    shares: [/anonymous]
    networks:
      front: {aliases: [database, store]}
      back:
  web:
    image: "@image"
    command: sleep 1000000
    entrypoint: [env, -u, NOTHING]
    env: {GREETING: "{{ vars.greeting }}", DB: "{{ containers.db }}", EMPTY: "", ODD: "a \"b\" 'c' $d %"}
    env_file: [web.env, {path: none.env, required: false}]
    labels: {role: web, empty: ""}
    user: "1000:1000"
    group_add: ["2000"]
    workdir: /tmp
    hostname: web-host
    domainname: example.test
    ports: ["127.0.0.1:@port:8080", "127.0.0.1::9090/udp"]
    exposes: [7000]
    uses: [data]
    binds: [{conf: ro}]
    mounts:
      - plain:/plain:ro
      - {type: bind, source: ./bound, target: /bound, read_only: true, propagation: private}
    tmpfs: {/scratch: "size=1m,mode=1777"}
    shm_size: 8m
    read_only: true
    init: true
    tty: true
    stdin_open: true
    restart: on-failure:3
    healthcheck: {test: [CMD, test, -f, /data/index.html], interval: 500ms, timeout: 2s, retries: 4, start_period: 1s}
    limits: {memory: 64m, memory_swap: 128m, memory_reservation: 32m, cpus: 0.5, pids: 100, cpu_shares: 512, cpuset_cpus: "0"}
    ulimits: {nofile: "1024:2048"}
    oom_score_adj: 100
    cap_add: [NET_ADMIN]
    cap_drop: [CAP_MKNOD, chown]
    security_opt: ["no-new-privileges:true"]
    sysctls: {net.core.somaxconn: "256"}
    dns: [127.0.0.1]
    dns_search: [example.test]
    dns_options: ["ndots:2"]
    extra_hosts: {api: 10.0.0.1}
    devices: ["/dev/null:/dev/nothing:rw"]
    log: {driver: json-file, options: {max-size: 1m, max-file: "2"}}
    stop_signal: SIGINT
    stop_timeout: 3s
    ipc: shareable
    networks:
      front: {ipv4_address: @address, aliases: [front-door]}
      back:
    depends_on: {db: {condition: started}}
    exec_commands: ["true"]
  peer:
    @peer
    network_mode: web
    pid: web
    ipc: web
    depends_on: [web]
  linked:
    @peer
    links: {alone: friend}
    volumes_from: []
  alone:
    @peer
    pid: host
    uts: host
    @privileged
    cgroupns: host
"#;

/// It has no links, no init beside another's processes, and adds a limit of processes to others, which
/// not every machine lets it do.
const NOT_ON_PODMAN: [&str; 3] =
    ["links: {alone: friend}", "pid: host", "ulimits: {nofile: \"1024:2048\"}"];

/// A file with everything, and the port that it publishes.
fn world() -> Option<(World, u16)> {
    let world = World::new("everything")?;
    let port = free_port();
    let block = std::process::id() % 250;
    let peer = "image: \"@image\"\n    command: [sleep, \"1000000\"]\n    init: true";
    let peer = if engine::is_podman() { peer.trim_end_matches("init: true") } else { peer };
    let text = FILE
        .replace("    volumes_from: []\n", "    uses: [db]\n")
        .lines()
        .filter(|line| !engine::is_podman() || !NOT_ON_PODMAN.contains(&line.trim()))
        .fold(String::new(), |text, line| text + line + "\n")
        .replace("@subnet", &format!("10.213.{block}.0/24"))
        .replace("@address", &format!("10.213.{block}.77"))
        .replace("@privileged", if engine::runs_privileged() { "privileged: true" } else { "" })
        .replace("@port", &port.to_string())
        .replace("@peer", peer);
    world.yaml(&text).file("web.env", "FROM_FILE=yes\nGREETING=weaker\n");
    world.file("conf/settings", "on\n").file("bound/inner", "bound\n");
    Some((world, port))
}

#[test]
fn up_must_make_what_the_file_says_and_a_second_up_must_do_nothing() {
    let Some((world, port)) = world() else { return };
    let data = world.name("data");
    // The health check of `web` waits for a file that something else writes.
    let mut first = world.start(&["up"]);
    crate::harness::wait_until("a database", || {
        first.has_ended() || world.state("db") == "running"
    });
    if world.state("db") == "running" {
        world.inside("db", &["sh", "-c", "echo welcome > /data/index.html"]);
    }
    first.finish().code(0);

    storage(&world, &data);
    process(&world);
    network(&world, port);
    privileges(&world);
    sharing(&world);

    let ids = ["db", "web", "peer", "linked", "alone"].map(|key| world.id(key));
    world.settled();
    let second = world.up();
    second.says("Nothing to do");
    assert_eq!(["db", "web", "peer", "linked", "alone"].map(|key| world.id(key)), ids);
}

fn storage(world: &World, data: &str) {
    let volume = engine::get(&format!("/volumes/{data}"));
    assert_eq!(volume["Labels"]["keep"], "yes", "{volume}");
    assert_eq!(volume["Labels"]["dev.windlass.project"], world.project.as_str());
    assert_eq!(world.inside("web", &["stat", "-c", "%u:%g %a", "/data"]), "1000:1000 750");
    assert_eq!(world.inside("web", &["cat", "/data/index.html"]), "welcome");
    world.inside("web", &["touch", "/data/by-its-owner"]);
    let (code, _) = world.inside_as("web", "1001:1001", &["cat", "/data/index.html"]);
    assert_ne!(code, 0, "a stranger reads the volume");
    for (path, content) in [("/bound/inner", "bound"), ("/plain", "")] {
        let written = world.inside_as("web", "0", &["touch", &format!("{path}.new")]);
        assert_ne!(written.0, 0, "{path} can be written to");
        if !content.is_empty() {
            assert_eq!(world.inside("web", &["cat", path]), content);
        }
    }
    let mounts = world.inside("web", &["cat", "/proc/mounts"]);
    let has = |mark: &[&str]| mounts.lines().any(|line| mark.iter().all(|m| line.contains(m)));
    assert!(has(&[" / ", " ro,"]), "{mounts}");
    assert!(has(&[" /scratch tmpfs ", "size=1024k"]), "{mounts}");
    assert!(has(&[" /dev/shm tmpfs ", "size=8192k"]), "{mounts}");
    assert!(has(&[" /plain ", " ro,"]) && has(&[" /bound ", " ro,"]), "{mounts}");
    world.inside("web", &["touch", "/scratch/x"]);
    let web = world.container("web");
    let conf = world.path("conf").display().to_string();
    let bound = web["Mounts"].as_array().unwrap().iter().any(|m| m["Source"] == conf.as_str());
    assert!(bound, "{}", web["Mounts"]);
    assert_eq!(world.container("db")["Mounts"].as_array().unwrap().len(), 2);
}

fn process(world: &World) {
    let environment = world.inside("web", &["env"]);
    for line in ["GREETING=Hello", "FROM_FILE=yes", "EMPTY=", "ODD=a \"b\" 'c' $d %"] {
        assert!(environment.lines().any(|found| found == line), "{line}: {environment}");
    }
    assert!(environment.contains(&format!("DB={}", world.name("db"))), "{environment}");
    assert_eq!(world.inside("web", &["id", "-u"]), "1000");
    assert!(world.inside("web", &["id", "-G"]).contains("2000"));
    assert_eq!(world.inside("web", &["pwd"]), "/tmp");
    assert_eq!(world.inside("web", &["hostname"]), "web-host");
    let limits = world.inside("web", &["grep", "open files", "/proc/1/limits"]);
    let limits: Vec<_> = limits.split_whitespace().skip(3).take(2).collect();
    assert!(engine::is_podman() || limits == ["1024", "2048"], "{limits:?}");
    assert_eq!(world.inside("web", &["cat", "/proc/1/oom_score_adj"]), "100");
    let first = world.inside("web", &["cat", "/proc/1/cmdline"]);
    assert!(first.contains("init") && first.contains("NOTHING"), "{first:?}");
    let web = world.container("web");
    let (config, host) = (&web["Config"], &web["HostConfig"]);
    if engine::is_podman() {
        // It writes many of them in another way.
        return;
    }
    for (found, expected) in [
        (&config["Tty"], serde_json::json!(true)),
        (&config["OpenStdin"], serde_json::json!(true)),
        (&config["StopSignal"], serde_json::json!("SIGINT")),
        (&config["StopTimeout"], serde_json::json!(3)),
        (&config["Domainname"], serde_json::json!("example.test")),
        (&config["Labels"]["role"], serde_json::json!("web")),
        (&config["Labels"]["empty"], serde_json::json!("")),
        (&config["Healthcheck"]["Retries"], serde_json::json!(4)),
        (&config["Healthcheck"]["Interval"], serde_json::json!(500_000_000)),
        (&web["State"]["Health"]["Status"], serde_json::json!("healthy")),
        (&host["RestartPolicy"]["Name"], serde_json::json!("on-failure")),
        (&host["RestartPolicy"]["MaximumRetryCount"], serde_json::json!(3)),
        (&host["Memory"], serde_json::json!(64 << 20)),
        (&host["MemoryReservation"], serde_json::json!(32 << 20)),
        (&host["NanoCpus"], serde_json::json!(500_000_000)),
        (&host["CpuShares"], serde_json::json!(512)),
        (&host["CpusetCpus"], serde_json::json!("0")),
        (&host["PidsLimit"], serde_json::json!(100)),
        (&host["LogConfig"]["Config"]["max-size"], serde_json::json!("1m")),
    ] {
        assert_eq!(*found, expected, "{web}");
    }
}

fn network(world: &World, port: u16) {
    assert_eq!(world.network("front")["Labels"]["tier"], "front");
    assert_eq!(world.network("back")["Internal"], true);
    let web = world.container("web");
    let front = &web["NetworkSettings"]["Networks"][world.name("front")];
    let address = format!("10.213.{}.77", std::process::id() % 250);
    assert_eq!(front["IPAddress"], address.as_str(), "{front}");
    let bindings = &web["NetworkSettings"]["Ports"];
    assert_eq!(bindings["8080/tcp"][0]["HostPort"], port.to_string(), "{bindings}");
    assert_eq!(bindings["8080/tcp"][0]["HostIp"], "127.0.0.1");
    assert!(bindings["9090/udp"][0]["HostPort"].is_string(), "{bindings}");
    assert!(bindings["7000/tcp"].is_null() && bindings.get("7000/tcp").is_some(), "{bindings}");
    if engine::is_podman() {
        // Its internal networks answer no ping.
        return;
    }
    // By its key, its aliases, and the other way round. The dot keeps `dns_search` out of it.
    for name in ["web", "front-door"] {
        world.inside("db", &["ping", "-c", "1", "-W", "5", name]);
    }
    for name in ["db", "database", "store"] {
        let answer = world.inside("web", &["wget", "-q", "-O", "-", &format!("http://{name}./")]);
        assert_eq!(answer, "welcome");
    }
    let hosts = world.inside("web", &["cat", "/etc/hosts"]);
    assert!(hosts.contains("10.0.0.1\tapi"), "{hosts}");
    let resolver = world.inside("web", &["cat", "/etc/resolv.conf"]);
    assert!(resolver.contains("example.test") && resolver.contains("ndots:2"), "{resolver}");
    let links = world.inside("linked", &["cat", "/etc/hosts"]);
    assert!(engine::is_podman() || links.contains("friend"), "{links}");
}

fn privileges(world: &World) {
    let value = |name: &str| {
        let text = world.inside("web", &["grep", name, "/proc/1/status"]);
        let hex = text.split_whitespace().last().unwrap_or_default().to_owned();
        u64::from_str_radix(&hex, 16).unwrap_or_else(|error| panic!("{text}: {error}"))
    };
    let bounding = value("CapBnd");
    let (chown, net_admin, mknod) = (1 << 0, 1 << 12, 1 << 27);
    assert_eq!(bounding & (chown | net_admin | mknod), net_admin, "{bounding:x}");
    assert_eq!(value("NoNewPrivs"), 1);
    assert_eq!(world.inside("web", &["cat", "/proc/sys/net/core/somaxconn"]), "256");
    world.inside("web", &["test", "-c", "/dev/nothing"]);
    let alone = world.container("alone");
    assert_eq!(alone["HostConfig"]["Privileged"], engine::runs_privileged());
    assert_eq!(alone["HostConfig"]["UTSMode"], "host");
    let processes = world.inside("alone", &["sh", "-c", "ls -d /proc/[0-9]* 2>/dev/null | wc -l"]);
    let of_host = processes.parse::<u32>().unwrap() > 20;
    assert!(engine::is_podman() || of_host, "{processes} processes of the host");
}

fn sharing(world: &World) {
    let peer = world.container("peer");
    let web = format!("container:{}", world.id("web"));
    for mode in ["NetworkMode", "PidMode", "IpcMode"] {
        assert_eq!(peer["HostConfig"][mode], web.as_str(), "{mode}");
    }
    let seen = world.inside("peer", &["ps"]);
    assert!(seen.matches("sleep 1000000").count() > 1, "{seen}");
    let mounts = world.container("linked")["Mounts"].as_array().cloned().unwrap_or_default();
    let targets: Vec<_> = mounts.iter().map(|mount| &mount["Destination"]).collect();
    for target in ["/data", "/anonymous"] {
        assert!(targets.contains(&&Value::from(target)), "{targets:?}");
    }
}
