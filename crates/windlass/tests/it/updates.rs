//! Changes of a map, and what `up` does for each: what docker-map did not see, and what it did again and again.
//!
//! Invariant: the reasons are compared, all of them; after each change is applied nothing is left to do.

use crate::site::{Site, decisions, map, up};
use windlass::engine::Engine as _;
use windlass::model::note::NoteReason;
use windlass::model::observed::ImageConfig;
use windlass::model::request::{Request, Verb};

/// The keys of the container `web` before and after, and for what it is recreated.
const KEYS: &[(&str, &str, &str)] = &[
    // Mounts.
    ("binds: {/c: /h}", "binds: {/c: [/h, ro]}", "mounts./c"),
    ("binds: {/c: [/h, ro]}", "binds: {/c: /h}", "mounts./c"),
    ("binds: {/c: /h, /d: /i}", "binds: {/c: /h}", "mounts./d"),
    ("binds: {/c: /h}", "", "mounts./c"),
    ("binds: {/c: /h}", "binds: {/c: /other}", "mounts./c"),
    ("attaches: {data: /data}", "", "mounts./data"),
    ("shares: [/s, /t]", "shares: [/s]", "mounts./t"),
    ("", "shares: /s", "mounts./s"),
    // What it runs.
    (
        "create_options: {environment: {A: 1, B: 2}}",
        "create_options: {environment: {A: 1}}",
        "env.B",
    ),
    ("create_options: {environment: {A: 1}}", "create_options: {environment: {A: 2}}", "env.A"),
    ("create_options: {environment: [A=1]}", "create_options: {environment: [A=2]}", "env.A"),
    ("create_options: {command: x y}", "", "command"),
    ("create_options: {command: x y}", "create_options: {command: [x y]}", "command"),
    ("create_options: {entrypoint: /e}", "", "command, entrypoint"),
    ("user: 1000", "user: 1001", "user"),
    ("create_options: {user: u}", "", "user"),
    ("create_options: {working_dir: /w}", "create_options: {working_dir: /x}", "workdir"),
    ("create_options: {working_dir: /w}", "", "workdir"),
    ("create_options: {tty: true}", "", "tty"),
    ("create_options: {stdin_open: true}", "", "stdin_open"),
    ("stop_signal: SIGINT", "stop_signal: SIGHUP", "stop_signal"),
    ("stop_signal: SIGINT", "", "stop_signal"),
    ("stop_timeout: 3", "stop_timeout: 4", "stop_timeout"),
    ("stop_timeout: 3", "", "stop_timeout"),
    ("healthcheck: [[a]]", "healthcheck: [[b]]", "healthcheck"),
    ("healthcheck: {test: a, interval: 5s}", "healthcheck: {test: a, interval: 6s}", "healthcheck"),
    ("healthcheck: a", "healthcheck: NONE", "healthcheck"),
    ("healthcheck: a", "", "healthcheck"),
    // Who it is.
    ("create_options: {labels: {a: 1}}", "create_options: {labels: {a: 2}}", "labels.a"),
    ("create_options: {labels: {a: 1, b: 1}}", "create_options: {labels: {a: 1}}", "labels.b"),
    ("create_options: {hostname: a}", "create_options: {hostname: b}", "hostname"),
    ("create_options: {hostname: a}", "", "hostname"),
    ("create_options: {domainname: a.b}", "create_options: {domainname: a.c}", "domainname"),
    ("create_options: {domainname: a.b}", "", "domainname"),
    // What it may.
    ("", "host_config: {privileged: true}", "privileged"),
    ("host_config: {privileged: true}", "", "privileged"),
    (
        "host_config: {cap_add: [NET_ADMIN, SYS_TIME]}",
        "host_config: {cap_add: [SYS_TIME]}",
        "cap_add",
    ),
    ("host_config: {cap_drop: [MKNOD]}", "", "cap_drop"),
    ("host_config: {devices: ['/dev/null:/dev/x:rwm']}", "", "devices"),
    (
        "host_config: {ulimits: [{Name: nofile, Soft: 10, Hard: 20}]}",
        "host_config: {ulimits: [{Name: nofile, Soft: 10, Hard: 30}]}",
        "ulimits",
    ),
    ("host_config: {ulimits: [{Name: nofile, Soft: 10, Hard: 20}]}", "", "ulimits"),
    ("host_config: {read_only: true}", "", "read_only"),
    ("host_config: {security_opt: [no-new-privileges]}", "", "security_opt"),
    // Its surroundings.
    ("host_config: {dns: [9.9.9.9, 1.1.1.1]}", "host_config: {dns: [1.1.1.1]}", "dns"),
    ("host_config: {dns_search: [a.b]}", "", "dns_search"),
    (
        "host_config: {extra_hosts: {a: 10.0.0.1}}",
        "host_config: {extra_hosts: {a: 10.0.0.2}}",
        "extra_hosts",
    ),
    ("host_config: {extra_hosts: {a: 10.0.0.1}}", "", "extra_hosts"),
    (
        "host_config: {log_config: {type: json-file, config: {max-size: 1m}}}",
        "host_config: {log_config: {type: json-file, config: {max-size: 2m}}}",
        "log",
    ),
    ("host_config: {log_config: {type: local}}", "", "log"),
    ("host_config: {shm_size: 1m}", "", "shm_size"),
    ("host_config: {sysctls: {net.core.somaxconn: 10}}", "", "sysctls.net.core.somaxconn"),
    ("host_config: {tmpfs: {/t: size=1m}}", "", "tmpfs./t"),
    // Ports.
    ("exposes: [80, 443]", "exposes: [80]", "exposed"),
    ("exposes: {80: 8080, 443: 8443}", "exposes: {80: 8080}", "published, exposed"),
    ("exposes: {80: 8080}", "exposes: {80: 8081}", "published"),
    ("exposes: {80: 8080}", "exposes: [80]", "published"),
    ("exposes: {80: 8080}", "exposes: {80/udp: 8080}", "published, exposed"),
    // Networks.
    ("network_mode: disabled", "", "network_mode"),
    ("network_mode: disabled", "network_mode: host", "hostname, network_mode"),
    ("network_mode: host", "network_mode: bridge", "hostname, network_mode"),
    // Limits and the restart policy that are taken away.
    ("host_config: {mem_limit: 64m}", "", "limits.memory, limits.memory_swap"),
    ("create_options: {cpu_shares: 512}", "", "limits.cpu_shares"),
    (
        "host_config: {cpu_period: 50000, cpu_quota: 25000}",
        "",
        "limits.cpu_period, limits.cpu_quota",
    ),
    ("host_config: {cpuset_cpus: '0'}", "", "limits.cpuset_cpus"),
    ("host_config: {pids_limit: 9}", "", "limits.pids"),
    ("host_config: {blkio_weight: 300}", "", "limits.blkio_weight"),
    ("host_config: {mem_reservation: 32m}", "", "limits.memory_reservation"),
];

#[tokio::test(start_paused = true)]
async fn what_a_container_is_recreated_for() {
    let mut wrong = Vec::new();
    for (before, after, expected) in KEYS {
        let of = |keys: &str| {
            let keys = if keys.is_empty() { String::new() } else { format!(", {keys}") };
            map(&format!("web: {{image: /app:1{keys}}}\n"))
        };
        let site = Site::new();
        site.up(&of(before)).await;
        let plan = site.up(&of(after)).await;
        let expected = format!("container web recreate: {expected}\n");
        let done = decisions(&plan);
        if !done.contains(&expected) {
            wrong.push(format!("{before} → {after}\n{done}not\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Two maps, and everything that is done to make one of the other.
const MAPS: &[(&str, &str, &str)] = &[
    // A policy and limits are changed in place.
    (
        "web: {image: /app:1, host_config: {restart_policy: {Name: always}}}",
        "web: {image: /app:1}",
        "container web update: restart\n",
    ),
    (
        "web: {image: /app:1, host_config: {restart_policy: {Name: on-failure, MaximumRetryCount: 3}}}",
        "web: {image: /app:1, host_config: {restart_policy: {Name: on-failure, MaximumRetryCount: 4}}}",
        "container web update: restart\n",
    ),
    (
        "web: {image: /app:1, host_config: {mem_limit: 64m, memswap_limit: 64m}}",
        "web: {image: /app:1, host_config: {mem_limit: 32m, memswap_limit: 64m, cpu_shares: 512}}",
        "container web update: limits.memory, limits.cpu_shares\n",
    ),
    // The flag of an attached volume that another one uses.
    (
        "db: {image: /app:1, attaches: {data: /d}}\nweb: {image: /app:1, uses: {data: /d}}",
        "db: {image: /app:1, attaches: {data: /d}}\nweb: {image: /app:1, uses: {data: [/d, ro]}}",
        "container web recreate: mounts./d\n",
    ),
    (
        "db: {image: /app:1, attaches: {data: /d}}\nweb: {image: /app:1, uses: {data: /d}}",
        "db: {image: /app:1, attaches: {data: /d}}\nweb: {image: /app:1}",
        "container web recreate: mounts./d\n",
    ),
    // Links.
    (
        "db: {image: /app:1}\nweb: {image: /app:1, links: {db: database}}",
        "db: {image: /app:1}\nweb: {image: /app:1}",
        "container web recreate: links\n",
    ),
    (
        "db: {image: /app:1}\nweb: {image: /app:1, links: {db: database}}",
        "db: {image: /app:1}\nweb: {image: /app:1, links: {db: other}}",
        "container web recreate: links\n",
    ),
    // Networks: the mode, and endpoints in place.
    (
        "networks: {n: }\nweb: {image: /app:1, networks: n}",
        "web: {image: /app:1, network_mode: host}",
        "container web recreate: hostname, network_mode\nnetwork n remove: orphan\n",
    ),
    (
        "networks: {n: , o: }\nweb: {image: /app:1, networks: [n, o]}",
        "networks: {n: , o: }\nweb: {image: /app:1, networks: {n: null, o: [alias]}}",
        "container web update: networks.m.o\n",
    ),
    (
        "networks: {n: , o: }\nweb: {image: /app:1, networks: [n, o]}",
        "networks: {n: , o: }\nweb: {image: /app:1, networks: [n]}",
        "container web update: networks.m.o\n",
    ),
    (
        "networks: {n: {internal: false}}\nweb: {image: /app:1, networks: n}",
        "networks: {n: {internal: true}}\nweb: {image: /app:1, networks: n}",
        "network n recreate: internal\ncontainer web recreate: networks.m.n\n",
    ),
    (
        "networks: {n: {driver_options: {com.docker.network.driver.mtu: '1400'}}}\nweb: {image: /app:1, networks: n}",
        "networks: {n: {create_options: {labels: {a: b}, ipam: {Config: [{Subnet: 10.9.0.0/16}]}}}}\n\
         web: {image: /app:1, networks: n}",
        "network n recreate: driver_options, ipam, labels\ncontainer web recreate: networks.m.n\n",
    ),
    // Whose network another one shares is made anew.
    (
        "db: {image: /app:1}\nweb: {image: /app:1, network_mode: db}",
        "db: {image: /app:1, user: 5}\nweb: {image: /app:1, network_mode: db}",
        "container db recreate: user\ncontainer web recreate: because of container db\n",
    ),
    // What is not in the map any more.
    (
        "db: {image: /app:1}\nweb: {image: /app:1}",
        "web: {image: /app:1}",
        "container db remove: orphan\n",
    ),
    (
        "web: {image: /app:1, instances: [a, b]}",
        "web: {image: /app:1, instances: [a]}",
        "container web.b remove: orphan\n",
    ),
    (
        "networks: {n: }\nweb: {image: /app:1, networks: n}",
        "web: {image: /app:1}",
        "container web recreate: network_mode\nnetwork n remove: orphan\n",
    ),
];

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_changed_map() {
    let mut wrong = Vec::new();
    for (before, after, expected) in MAPS {
        let site = Site::new();
        site.up(&map(before)).await;
        let plan = site.up(&map(after)).await;
        let done = decisions(&plan);
        if done != *expected {
            wrong.push(format!("{before}\n→\n{after}\n{done}not\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Maps that docker-map was never done with.
pub(crate) const QUIET: &[&str] = &[
    "db: {image: /app:1, shares: /s}\nweb: {image: /app:1, uses: db}",
    "db: {image: /app:1, instances: [i], shares: /s}\nweb: {image: /app:1, uses: db.i}",
    "db: {image: /app:1, shares: /s, binds: {/c: /h}}\nweb: {image: /app:1, uses: {db: ro}}",
    "web: {image: /app:1, binds: {/c: /h/}}",
    "host_root: /srv/\nvolumes: {c: /c/}\nhost: {c: conf//d/}\nweb: {image: /app:1, binds: [c]}",
    "web: {image: /app:1, create_options: {environment: {A: 1, B: true, C: 1.5, D: ''}}}",
    "web: {image: /app:1, create_options: {environment: [A=1, B=b c, 'C=']}}",
    "web: {image: /app:1, create_options: {entrypoint: /bin/sh -c 'a b'}}",
    "web: {image: /app:1, create_options: {command: [sh, -c, 'echo \"a b\" ''c''']}}",
    "web: {image: /app:1, exposes: [[80, 8080, '::1', true], [81, 8081]]}",
    "web: {image: /app:1, exposes: [80, 53/udp, [443, 8443]]}",
    "web: {image: /app:1, exposes: {80: 8080}, create_options: {stop_signal: 15}}",
    "networks: {n: }\nweb: {image: /app:1, networks: {n: {aliases: [a, b], link_local_ips: [169.254.9.9]}}}",
    "networks: {n: }\ndb: {image: /app:1, networks: n}\nweb: {image: /app:1, networks: {n: {aliases: a, links: {db: x}}, bridge: null}}",
    "web: {image: /app:1, healthcheck: NONE}",
    "web: {image: /app:1, host_config: {mem_limit: 64m, restart_policy: {Name: 'no'}}}",
    "web: {image: /app:1, exec_commands: [[a b, null, initial], c d, [[e, 'f g'], root]]}",
    "networks: {n: {create_options: {ipam: {Config: [{Subnet: 10.9.0.0/16}]}}}}\n\
     web: {image: /app:1, networks: {n: {ipv4_address: 10.9.0.7}}}",
    "volumes: {v: {default_path: /v, driver_options: {type: tmpfs, device: tmpfs}, user: 5, permissions: u=rwX}}\nweb: {image: /app:1, attaches: v}",
];

#[tokio::test(start_paused = true)]
async fn what_is_as_declared_is_left_alone() {
    for yaml in QUIET {
        let site = Site::new();
        let made = site.up(&map(yaml)).await;
        assert!(!made.is_empty(), "{yaml}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_stopped_is_started_with_its_ports_and_networks() {
    let yaml = "networks: {n: }\nweb: {image: /app:1, exposes: {80: 8080}, networks: {bridge: null, n: [a]}}";
    let (site, map) = (Site::new(), map(yaml));
    site.up(&map).await;
    site.run(&map, &Request::new(Verb::Stop)).await;
    let plan = site.plan(&map, &up()).await;
    assert_eq!(decisions(&plan), "container web update: not running\n", "{plan}");
    // docker-map fell over one that also missed a network.
    let web = site.engine.inspect_container("m.web").await.unwrap();
    site.engine.disconnect_network("m.n", &web.id).await.unwrap();
    let plan = site.up(&map).await;
    assert_eq!(decisions(&plan), "container web update: networks.m.n, not running\n", "{plan}");
    assert_eq!(site.engine.inspect_container("m.web").await.unwrap().id, web.id);
}

#[tokio::test(start_paused = true)]
async fn another_image_under_the_name_recreates_who_is_made_of_it() {
    let yaml = "db: {image: /app:1}\nweb: {image: /app:2, links: db}";
    let (site, map) = (Site::new(), map(yaml));
    let image = |user: &str| ImageConfig {
        command: Some(vec!["run".to_owned()]),
        user: user.to_owned(),
        ..ImageConfig::default()
    };
    site.engine.add_image("app:2", image("1"));
    site.up(&map).await;
    site.engine.add_image("app:2", image("2"));
    assert_eq!(decisions(&site.up(&map).await), "container web recreate: image\n");
}

#[tokio::test(start_paused = true)]
async fn volumes_that_are_not_in_the_map_any_more_are_named_and_kept() {
    let (before, after) = ("web: {image: /app:1, attaches: {data: /d}}", "web: {image: /app:1}");
    let site = Site::new();
    site.up(&map(before)).await;
    let plan = site.up(&map(after)).await;
    let kept = NoteReason::OrphanVolume { name: "m.data".to_owned() };
    assert!(plan.notes.iter().any(|note| note.reason == kept), "{:?}", plan.notes);
    site.engine.inspect_volume("m.data").await.unwrap();
    // Its name is the consent, and only when nobody is on it any more.
    for name in ["data", "m.data"] {
        site.up(&map(before)).await;
        let mut named = up();
        named.options.destroy_volumes.insert(name.to_owned());
        let plan = site.run(&map(after), &named).await;
        assert!(decisions(&plan).ends_with("volume data remove: orphan\n"), "{plan}");
        site.engine.inspect_volume("m.data").await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_that_is_declared_otherwise_is_not_touched_without_its_name() {
    let yaml = |size: &str| {
        map(&format!(
            "volumes: {{v: {{default_path: /v, driver_options: {{type: tmpfs, device: tmpfs, o: size={size}}}}}}}\n\
             web: {{image: /app:1, attaches: v}}"
        ))
    };
    let site = Site::new();
    site.up(&yaml("1m")).await;
    let why = site.refused(&yaml("2m"), &up()).await;
    assert!(why.contains("VolumeDiverged"), "{why}");
    let mut named = up();
    named.options.destroy_volumes.insert("m.v".to_owned());
    let plan = site.run(&yaml("2m"), &named).await;
    let done = decisions(&plan);
    assert!(done.contains("volume v recreate: "), "{done}");
    assert!(site.plan(&yaml("2m"), &up()).await.is_empty());
}
