//! Every shorthand and what it means in the long form.
//!
//! Invariant: two ways to write one thing give equal specs.

use windlass_model::container::ContainerSpec;

use crate::check::web;

const REST: &str = "volumes: {a: /a, b: /b, c: /c}\nhost: {root: /h, a: x, c: {default: y}}\nsecrets: {s: {env: TOKEN}}\n\
                    networks: {n: {ipam: [10.1.1.0/24, 'fe80::/64']}, m: null}\nengines: {default: {interfaces: {lan: 10.0.0.1}, interfaces_ipv6: {lan: 'fe80::1'}}}";

fn rest(extra: &str) -> String {
    format!("{REST}\n{extra}")
}

/// The spec with the others of the project beside it.
#[track_caller]
fn spec(keys: &str) -> ContainerSpec {
    let keys = keys.replace('\n', "\n    ");
    let yaml = format!(
        "{}\ncontainers:\n  other: {{image: x, attaches: b, shares: /s, networks: [n, m]}}\n  many: {{image: x, instances: [i, j]}}\n  web:\n    image: x\n    {keys}\n",
        rest("")
    );
    let project = crate::check::project(&yaml);
    let mut found = project.containers.into_iter().map(|(_, c)| c).filter(|c| c.key == "web");
    found.next().unwrap()
}

#[track_caller]
fn mounts(keys: &str) -> String {
    let spec = spec(keys);
    let mounts = spec.config.mounts.iter().map(|(target, mount)| format!("{target} <- {mount}"));
    let from = spec.config.volumes_from.iter().map(|name| format!("from {name}"));
    mounts.chain(from).collect::<Vec<_>>().join("; ")
}

#[test]
fn binds() {
    for (keys, expected) in [
        ("binds: a", "/a <- /h/x"),
        ("binds: [a]", "/a <- /h/x"),
        ("binds: [[a]]", "/a <- /h/x"),
        ("binds: [[a, false]]", "/a <- /h/x"),
        ("binds: [[a, rw]]", "/a <- /h/x"),
        ("binds: {a: null}", "/a <- /h/x"),
        ("binds:\n- a:", "/a <- /h/x"),
        ("binds: {a: ro}", "/a <- /h/x (read-only)"),
        ("binds: {a: true}", "/a <- /h/x (read-only)"),
        ("binds: {a: [ro]}", "/a <- /h/x (read-only)"),
        ("binds: [[a, ro]]", "/a <- /h/x (read-only)"),
        ("binds: [a: ro, c: rw]", "/a <- /h/x (read-only); /c <- /h/y"),
        ("binds: [{name: a, readonly: true}]", "/a <- /h/x (read-only)"),
        ("binds: {/t: /o}", "/t <- /o"),
        ("binds: {/t: o}", "/t <- /h/o"),
        ("binds: {/t: ~/o}", "/t <- /home/me/o"),
        ("binds: [[/t, [/o]]]", "/t <- /o"),
        ("binds: {/t: [/o, ro]}", "/t <- /o (read-only)"),
        ("binds: [[/t, /o, true]]", "/t <- /o (read-only)"),
        ("binds: [{path: /t, host_path: /o, readonly: true}]", "/t <- /o (read-only)"),
        ("binds: ['/o:/t:ro']", "/t <- /o (read-only)"),
        ("binds: null", ""),
    ] {
        assert_eq!(mounts(keys), expected, "{keys}");
    }
}

#[test]
fn attaches_uses_and_shares() {
    for (keys, expected) in [
        ("attaches: a", "/a <- volume p.a"),
        ("attaches: [a]", "/a <- volume p.a"),
        ("attaches: [{name: a}]", "/a <- volume p.a"),
        ("attaches: {a: null}", "/a <- volume p.a"),
        ("attaches: {a: /p}", "/p <- volume p.a"),
        ("attaches: {new: /p}", "/p <- volume p.new"),
        ("attaches: [[a, /p]]", "/p <- volume p.a"),
        ("attaches: [{name: a, path: /p}]", "/p <- volume p.a"),
        ("uses: b", "/b <- volume p.b"),
        ("uses: [[b, ro]]", "/b <- volume p.b (read-only)"),
        ("uses: {b: ro}", "/b <- volume p.b (read-only)"),
        ("uses: {b: [ro]}", "/b <- volume p.b (read-only)"),
        ("uses: [[b, /p]]", "/p <- volume p.b"),
        ("uses: {b: [/p, ro]}", "/p <- volume p.b (read-only)"),
        ("uses: [{name: b, path: /p, readonly: true}]", "/p <- volume p.b (read-only)"),
        ("uses: other", "from p.other"),
        ("uses: {other: ro}", "from p.other:ro"),
        ("uses: many.i", "from p.many.i"),
        ("shares: /s", "/s <- an anonymous volume"),
        ("shares: [/s, /t/]", "/s <- an anonymous volume; /t <- an anonymous volume"),
    ] {
        assert_eq!(mounts(keys), expected, "{keys}");
    }
    let needs = spec("uses: b").depends_on;
    assert_eq!(needs.iter().map(|d| d.on.name.as_str()).collect::<Vec<_>>(), ["other"]);
}

#[test]
fn docker_mounts() {
    for (keys, expected) in [
        ("mounts: ['a:/d']", "/d <- volume p.a"),
        ("volumes: ['a:/d:ro']", "/d <- volume p.a (read-only)"),
        ("mounts: ['./src:/src']", "/src <- /srv/p/src"),
        ("mounts: ['../src:/src/']", "/src <- /srv/src"),
        ("mounts: ['~/x:/x:rslave']", "/x <- /home/me/x (rslave)"),
        ("mounts: [/abs]", "/abs <- an anonymous volume"),
        ("mounts: [{source: a, target: /d}]", "/d <- volume p.a"),
        (
            "mounts: [{type: bind, source: src, target: /d, read_only: true}]",
            "/d <- /srv/p/src (read-only)",
        ),
        ("mounts: [{source: /x/../y, target: /d, propagation: rslave}]", "/d <- /y (rslave)"),
        ("mounts: [{target: /d}]", "/d <- an anonymous volume"),
    ] {
        assert_eq!(mounts(keys), expected, "{keys}");
    }
    assert_eq!(spec("mounts: ['a:/d']"), spec("volumes: [{type: volume, source: a, target: /d}]"));
}

#[test]
fn exposes_and_ports() {
    for (keys, expected) in [
        ("exposes: 80", "80/tcp"),
        ("exposes: '80'", "80/tcp"),
        ("exposes: 80/udp", "80/udp"),
        ("exposes: [80, 53/udp]", "53/udp 80/tcp"),
        ("exposes: [[80]]", "80/tcp"),
        ("exposes: {80: null}", "80/tcp"),
        ("exposes: [[80, 8080]]", "-p 8080:80/tcp"),
        ("exposes: {80: 8080}", "-p 8080:80/tcp"),
        ("exposes: {80: {host_port: 8080}}", "-p 8080:80/tcp"),
        ("exposes: [[80, 8080, lan]]", "-p 10.0.0.1:8080:80/tcp"),
        ("exposes: [[80, [8080, lan]]]", "-p 10.0.0.1:8080:80/tcp"),
        ("exposes: {80: [8080, lan]}", "-p 10.0.0.1:8080:80/tcp"),
        ("exposes: {80: [8080, lan, true]}", "-p [fe80::1]:8080:80/tcp"),
        (
            "exposes: [{exposed_port: 80, host_port: 8080, interface: lan, ipv6: true}]",
            "-p [fe80::1]:8080:80/tcp",
        ),
        ("exposes: {80: [8080, 127.0.0.1]}", "-p 127.0.0.1:8080:80/tcp"),
        ("exposes: ['8080:80']", "-p 8080:80/tcp"),
        ("exposes: [[80, 8080], [80, 8081]]", "-p 8080:80/tcp -p 8081:80/tcp"),
        ("ports: ['8080:80/udp', 90]", "-p 8080:80/udp -p 90/tcp"),
        (
            "ports: ['127.0.0.1:8000-8001:80-81']",
            "-p 127.0.0.1:8000:80/tcp -p 127.0.0.1:8001:81/tcp",
        ),
        (
            "ports: [{target: 80, published: 8080, host_ip: '::1', protocol: udp}]",
            "-p [::1]:8080:80/udp",
        ),
        ("ports: [{target: 80}]", "-p 80/tcp"),
    ] {
        let config = spec(keys).config;
        let exposed = config.exposed.iter().map(ToString::to_string);
        let published = config.published.iter().map(|port| format!("-p {port}"));
        let found = exposed.chain(published).collect::<Vec<_>>().join(" ");
        assert_eq!(found, expected, "{keys}");
    }
}

#[test]
fn networks_links_and_modes() {
    for (keys, expected) in [
        ("networks: n", "p.n: aliases web"),
        ("networks: [n, m]", "p.m: aliases web; p.n: aliases web"),
        ("networks: {n: null}", "p.n: aliases web"),
        ("networks: [{network_name: n}]", "p.n: aliases web"),
        ("networks: {n: alias}", "p.n: aliases alias, web"),
        ("networks: [[n, alias]]", "p.n: aliases alias, web"),
        ("networks: [[n, [a, b]]]", "p.n: aliases a, b, web"),
        (
            "networks: {n: {aliases: [a], ipv4_address: 10.1.1.1, ipv6_address: 'fe80::5', links: {other: o}}}",
            "p.n: aliases a, web; 10.1.1.1; fe80::5; links p.other:o",
        ),
        (
            "networks: [[n, [a], {other: o}, 10.1.1.1]]",
            "p.n: aliases a, web; 10.1.1.1; links p.other:o",
        ),
        ("networks: bridge", "bridge: attached"),
        ("networks: n\nlinks: other", "p.n: aliases web; links p.other:other"),
        ("networks: host", "host"),
        ("links: other", "bridge links p.other:other"),
        ("links: [other, many.i]", "bridge links p.many.i:many-i p.other:other"),
        ("links: {other: o}", "bridge links p.other:o"),
        ("links: [[other, o]]", "bridge links p.other:o"),
        ("links: ['other:o']", "bridge links p.other:o"),
        ("links: [{container: other, alias: o}]", "bridge links p.other:o"),
        ("links: [{other: o}]", "bridge links p.other:o"),
        ("network_mode: host", "host"),
        ("network_mode: none", "none"),
        ("network_mode: false", "none"),
        ("network_mode: disabled", "none"),
        ("network_mode: bridge", "bridge"),
        ("network_mode: container:abc", "container:abc"),
        ("network_mode: /abc", "container:abc"),
        ("network_mode: other", "container:p.other"),
        ("network_mode: many.i", "container:p.many.i"),
        ("network_mode: [many, i]", "container:p.many.i"),
    ] {
        let config = spec(keys).config;
        let ends: Vec<_> =
            config.endpoints.iter().map(|(name, end)| format!("{name}: {end}")).collect();
        let links: Vec<_> = config.links.iter().cloned().collect();
        let found = match (ends.is_empty(), links.is_empty()) {
            (false, true) => ends.join("; "),
            (true, false) => format!("{} links {}", config.network_mode, links.join(" ")),
            _ => config.network_mode.to_string(),
        };
        assert_eq!(found, expected, "{keys}");
    }
}

#[test]
fn commands_and_health_checks() {
    for (keys, expected) in [
        ("exec_commands: a b", "[\"a\", \"b\"] None Restart"),
        ("exec_commands: [a b]", "[\"a\", \"b\"] None Restart"),
        ("exec_commands: [[a b, user]]", "[\"a\", \"b\"] Some(\"user\") Restart"),
        ("exec_commands: [[[a, b c], user]]", "[\"a\", \"b c\"] Some(\"user\") Restart"),
        ("exec_commands: [[a b, user, initial]]", "[\"a\", \"b\"] Some(\"user\") Initial"),
        ("exec_commands: [[a b, null, initial]]", "[\"a\", \"b\"] None Initial"),
        ("exec_commands: {a b: root}", "[\"a\", \"b\"] Some(\"root\") Restart"),
        (
            "exec_commands: [{cmd: a b, user: u, policy: initial}]",
            "[\"a\", \"b\"] Some(\"u\") Initial",
        ),
    ] {
        let spec = spec(keys);
        let exec = &spec.exec_commands[0];
        assert_eq!(
            format!("{:?} {:?} {:?}", exec.argv, exec.user, exec.policy),
            expected,
            "{keys}"
        );
    }
    for (value, expected) in [
        ("curl x", "\"curl x\" 0 0 0 0"),
        ("[CMD, curl, x]", "[\"curl\", \"x\"] 0 0 0 0"),
        ("[CMD-SHELL, curl x]", "\"curl x\" 0 0 0 0"),
        ("[NONE]", "none 0 0 0 0"),
        ("NONE", "none 0 0 0 0"),
        ("false", "none 0 0 0 0"),
        ("{disable: true}", "none 0 0 0 0"),
        (
            "{test: [curl, x], interval: 10s, timeout: 500ms, retries: 3, start_period: 1m30s}",
            "[\"curl\", \"x\"] 10000 500 3 90000",
        ),
        ("[curl x, 10s, 2, 5, 20s]", "\"curl x\" 10000 2000 5 20000"),
        ("[[curl, x], 10s]", "[\"curl\", \"x\"] 10000 0 0 0"),
        ("{interval: 5}", "the image's 5000 0 0 0"),
    ] {
        let check =
            spec(&format!("healthcheck: {value}")).config.healthcheck.clone().into_inner().unwrap();
        let ms = |ns: u64| ns / 1_000_000;
        let found = format!(
            "{} {} {} {} {}",
            check.test,
            ms(check.interval_ns),
            ms(check.timeout_ns),
            check.retries,
            ms(check.start_period_ns)
        );
        assert_eq!(found, expected, "{value}");
    }
}

const WAYS: &[&[&str]] = &[
    &["command: echo 'a b'", "command: [echo, a b]", "create_options: {command: [echo, 'a b']}"],
    &[
        "env: {A: '1', B: 'x=y'}",
        "env: [A=1, B=x=y]",
        "env: [A: 1, B: x=y]",
        "create_options: {environment: {A: 1, B: x=y}}",
    ],
    &["env: {HOST_VALUE: null}", "env: [HOST_VALUE]", "env: ['HOST_VALUE:other']"],
    &["env: {NEW: d}", "env: ['NEW:d']"],
    &["labels: {a: b, c: ''}", "labels: [a=b, c]"],
    &["user: 1000:1001", "user: [1000, 1001]"],
    &["stop_timeout: 90", "stop_timeout: 1m30s", "stop_timeout: '90s'"],
    &["stop_signal: TERM", "stop_signal: SIGTERM", "stop_signal: 15"],
    &[
        "restart: on-failure:3",
        "restart: {policy: on-failure, retries: 3}",
        "host_config: {restart_policy: {Name: on-failure, MaximumRetryCount: 3}}",
    ],
    &[
        "limits: {memory: 512m}",
        "limits: {memory: 536870912}",
        "limits: {memory: 0.5GiB}",
        "host_config: {mem_limit: 512m}",
    ],
    &["limits: {cpus: 0.5}", "limits: {cpus: '0.5'}"],
    &[
        "ulimits: {nofile: 10}",
        "ulimits: {nofile: {soft: 10, hard: 10}}",
        "ulimits: [nofile=10]",
        "ulimits: {nofile: '10:10'}",
        "ulimits: [{Name: nofile, Soft: 10, Hard: 10}]",
    ],
    &["devices: /dev/x", "devices: ['/dev/x:/dev/x:mrw']", "devices: [{host_path: /dev/x}]"],
    &["cap_add: net_admin", "cap_add: [CAP_NET_ADMIN]"],
    &["extra_hosts: {a: 1.2.3.4}", "extra_hosts: ['a:1.2.3.4']", "extra_hosts: a=1.2.3.4"],
    &["tmpfs: /run:size=1m", "tmpfs: {/run: size=1m}", "tmpfs: ['/run:size=1m']"],
    &["log: json-file", "log: {driver: json-file}", "host_config: {log_config: {type: json-file}}"],
    &["gpus: all", "gpus: {count: -1}", "gpus: {count: all}"],
    &[
        "depends_on: other",
        "depends_on: [other]",
        "depends_on: {other: started}",
        "depends_on: {other: {condition: started}}",
        "depends_on: {other: null}",
    ],
    &["wait: {file_exists: /x}", "wait: {file_exists: [/x], timeout: 60}"],
    &[
        "wait: {http: 80/x}",
        "wait: {http: {port: 80, path: /x}}",
        "wait: {http: 'http://localhost:80/x'}",
    ],
    &[
        "secrets: s",
        "secrets: [s]",
        "secrets: {s: s}",
        "secrets: [{secret: s, mode: 0o400}]",
        "secrets: [{source: s, mode: '0400', target: /run/secrets/s}]",
    ],
    &["shm_size: 1m", "shm_size: 1048576"],
    &["start_delay: 500ms", "start_delay: 0.5"],
    &["sysctls: {net.a: 1}", "sysctls: [net.a=1]"],
    &["pid: other", "pid: container:p.other"],
];

#[test]
fn equal_ways_to_write_one_thing() {
    for ways in WAYS {
        let first = spec(ways[0]);
        assert!(first != spec(""), "{}", ways[0]);
        for way in &ways[1..] {
            assert_eq!(spec(way), first, "{way}");
        }
    }
}

#[test]
fn images_of_containers() {
    for (settings, image, expected) in [
        ("", "image1", "image1:latest"),
        ("repository: r.io", "image1", "r.io/image1:latest"),
        ("default_tag: devel", "image1", "image1:devel"),
        ("repository: r.io\ndefault_tag: devel", "/image1", "image1:devel"),
        ("repository: r.io\ndefault_tag: devel", "image1:one", "r.io/image1:one"),
        ("repository: r.io", "/image1:two", "image1:two"),
        ("repository: r.io", "u/app", "u/app:latest"),
        ("repository: r.io", "localhost:5000/app", "localhost:5000/app:latest"),
        ("", "docker.io/library/busybox", "busybox:latest"),
    ] {
        let yaml = format!("{settings}\ncontainers: {{web: {{image: '{image}'}}}}\n");
        let project = crate::check::project(&yaml);
        let found = project.containers.values().next().unwrap().image.to_string();
        assert_eq!(found, expected, "{settings} {image}");
    }
    assert_eq!(web("images: {x: {image: 'y:1'}}", "").image.to_string(), "x");
}
