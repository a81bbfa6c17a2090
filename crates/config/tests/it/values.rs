//! Values that have the right type, and that an engine would refuse: by then half of the containers run.
//!
//! Invariant: each is the smallest step beyond what is accepted; what is accepted stands beside it.

use crate::check::{check, project, web};
use windlass_model::dependency::Reason;

#[test]
fn limits() {
    check(
        r#"
containers:
  web:
    image: x
    oom_score_adj: 1001
#                  ^^^^ error: containers.web.oom_score_adj: expected a number from -1000 to 1000, found the number 1001
    shm_size: 0
#             ^ error: containers.web.shm_size: shm_size is 0
#             help: leave it out for the default, 64m
    limits:
      memory: 5m
#             ^^ error: containers.web.limits.memory: "5m" is less than 6m of memory
#             help: an engine takes 6m and more; 0 is no limit
      cpus: 0
#           ^ error: containers.web.limits.cpus: expected a number of CPUs such as 1.5, found the number 0
      cpu_period: 999
#                 ^^^ error: containers.web.limits.cpu_period: expected microseconds from 1000 to 1000000, found the number 999
      cpu_quota: 10
#                ^^ error: containers.web.limits.cpu_quota: expected microseconds from 1000, or -1 for no limit, found the number 10
      cpuset_cpus: 2-0
#                  ^^^ error: containers.web.limits.cpuset_cpus: "2-0" is not a list of numbers
      pids: -2
#           ^^ error: containers.web.limits.pids: expected a number, or -1 for no limit, found the number -2
      blkio_weight: 9
#                   ^ error: containers.web.limits.blkio_weight: expected a weight from 10 to 1000, found the number 9
    ulimits: {nofile: {soft: 5, hard: 4}, nproc: -2, nofiles: 1, core: unlimited}
#             ^^^^^^ error: containers.web.ulimits.nofile: the soft limit of nofile is over the hard one
#             help: write {soft: 5, hard: 5}
#                                         ^^^^^ error: containers.web.ulimits.nproc: the ulimit nproc is negative
#                                                    ^^^^^^^ error: containers.web.ulimits.nofiles: unknown ulimit "nofiles"
#                                                    help: did you mean "nofile"?
"#,
    );
    web("", "limits: {memory: 6m, cpus: 0.01, cpu_shares: 2, pids: -1, blkio_weight: 10}");
    web(
        "",
        "limits: {cpu_period: 1000, cpu_quota: -1, cpuset_cpus: '0-1,3'}\noom_score_adj: -1000",
    );
    web("", "ulimits: {nofile: {soft: 5, hard: -1}}");
}

#[test]
fn limits_together() {
    check(
        r"
containers:
  a:
    image: x
    limits: {memory: 64m, memory_swap: 32m}
#                                      ^^^ error: containers.a.limits.memory_swap: memory_swap is less than memory
  b:
    image: x
    limits: {memory_swap: 64m}
#                         ^^^ error: containers.b.limits.memory_swap: memory_swap needs memory
  c:
    image: x
    limits: {memory: 64m, memory_reservation: 65m, cpus: 1, cpu_quota: 10000}
#                                             ^^^ error: containers.c.limits.memory_reservation: memory_reservation is more than memory
#                                                        ^ error: containers.c.limits.cpus: cpus cannot be used with cpu_quota or cpu_period
  base:
    abstract: true
    limits: {memory: 64m}
  d:
    extends: base
    image: x
    limits: {memory_swap: 32m}
#                         ^^^ error: containers.d.limits.memory_swap: memory_swap is less than memory
",
    );
    web("", "limits: {memory: 64m, memory_swap: -1, memory_reservation: 64m}");
    web("", "limits: {memory_swap: -1}");
}

#[test]
fn processes() {
    check(
        r#"
containers:
  web:
    image: x
    user: "-1"
#< error: containers.web.user: "-1" is not a user or a group
    group_add: ["a b"]
#< error: containers.web.group_add[0]: "a b" is not a user or a group
    platform: amd64
#             ^^^^^ error: containers.web.platform: "amd64" is not a platform
    env: {"A=B": 1, C: "a\0b"}
#< error: containers.web.env.A=B: "A=B" is not a variable's name
#< error: containers.web.env.C: a NUL character ends a string
    command: [x, "a\0b"]
#< error: containers.web.command[1]: a NUL character ends a string
    stop_signal: SIGRTMIN+16
#                ^^^^^^^^^^^ error: containers.web.stop_signal: unknown signal "SIGRTMIN+16"
    exec_commands: [{command: x, user: "-1"}]
#< error: containers.web.exec_commands[0].user: "-1" is not a user or a group
    healthcheck: {test: x, interval: 999us, timeout: 0, start_period: 1ms}
#< error: containers.web.healthcheck.interval: "999us" is less than a millisecond
    wait: {port_open: [0], file_value: {run: up}}
#< error: containers.web.wait.port_open[0]: expected a port, found the number 0
#< error: containers.web.wait.file_value: the path in the container, "run", must be absolute
    restart: {policy: always, retries: 3}
#< error: containers.web.restart: the restart policy always has no number of retries
    labels: {dev.windlass.project: y, "": z}
#< error: containers.web.labels: the label "dev.windlass.project" is windlass's own
#< error: containers.web.labels: a label has no name
  twice: {image: x, instances: [a, a]}
#< error: containers.twice.instances: the instance "a" is named twice
"#,
    );
    web("", "user: 2147483647:www-data\nstop_signal: SIGRTMIN+15\nplatform: linux/arm/v7");
}

#[test]
fn privileges_and_logs() {
    check(
        r#"
containers:
  web:
    image: x
    userns: hosts
#           ^^^^^ error: containers.web.userns: expected "host", found "hosts"
    cgroupns: shared
#             ^^^^^^ error: containers.web.cgroupns: expected "host" or "private", found "shared"
    uts: x
#        ^ error: containers.web.uts: expected "host", found "x"
    sysctls: {vm.swappiness: 1}
#             ^^^^^^^^^^^^^ error: containers.web.sysctls.vm.swappiness: the sysctl "vm.swappiness" is the host's alone
    security_opt: [no-new-privilege]
#                  ^^^^^^^^^^^^^^^^ error: containers.web.security_opt[0]: "no-new-privilege" is not a security option
#                  help: did you mean "no-new-privileges"?
    devices: ["/dev/fuse:fuse:r", {host_path: /dev/null, permissions: q}]
#< error: containers.web.devices[0]: expected a device, found the string "/dev/fuse:fuse:r"
#< error: containers.web.devices[1]: expected a device, found a mapping
    log: {driver: json-file, options: {max-sizes: 10m, max-file: 0}}
#                                                 ^^^ error: containers.web.log.options.max-sizes: the log driver json-file has no option "max-sizes"
#                                                 help: did you mean "max-size"?
#                                                                ^ error: containers.web.log.options.max-file: "0" is not a value for max-file
  b: {image: x, log: json-fiel}
#                    ^^^^^^^^^ error: containers.b.log: unknown log driver "json-fiel"
#                    help: did you mean "json-file"?
"#,
    );
    web("", "log: {driver: grafana/loki:latest, options: {loki-url: x}}");
    web("", "log: {driver: local, options: {max-size: 10m, compress: 'false', mode: blocking}}");
}

#[test]
fn storage() {
    check(
        r#"
volumes:
  data: {name: d}
#              ^ error: volumes.data.name: "d" is too short for the name of a volume
containers:
  web:
    image: x
    tmpfs: ["/run:size=16q", run]
#                 ^^^^^^^^ error: containers.web.tmpfs[0]: "size=16q" is not a size of a tmpfs
#                            ^^^ error: containers.web.tmpfs[1]: expected an absolute path in the container, found the string "run"
    mounts:
    - {type: bind, source: ./a, target: /a, propagation: slav}
#                                                        ^^^^ error: containers.web.mounts[0].propagation: expected "shared" or "rshared" or "slave" or "rslave" or "private" or "rprivate", found "slav"
    - ./b:/
#     ^^^^^ error: containers.web: nothing can be mounted at /
    - ./c:/c
#< error: containers.web: two mounts are at "/c"
    binds: [{/c: /d}]
"#,
    );
}

#[test]
fn names_and_addresses() {
    let long = "a".repeat(64);
    check(&format!(
        r#"
containers:
  web:
    image: x
    hostname: {long}
#             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: containers.web.hostname: a hostname has at most 63 characters, not 64
    domainname: "a b"
#< error: containers.web.domainname: "a b" is not a domain name, because of ` `
    dns: [10.0.0.2, ns.local]
#                   ^^^^^^^^ error: containers.web.dns[1]: "ns.local" is not an IP address
    dns_options: ["a b"]
#                 ^^^^^ error: containers.web.dns_options[0]: "a b" is not an option of resolv.conf
    extra_hosts: [legacy, "a:b", "c:host-gateway"]
#                 ^^^^^^ error: containers.web.extra_hosts[0]: "legacy" has no address
#                            ^ error: containers.web.extra_hosts[1]: "b" is not an IP address
    networks: {{front: {{mac_address: "01:00:00:00:00:00", link_local_ips: [x]}}}}
#                                   ^^^^^^^^^^^^^^^^^^^ error: containers.web.networks.front.mac_address: "01:00:00:00:00:00" is not the MAC address of one interface
#                                                                         ^ error: containers.web.networks.front.link_local_ips[0]: "x" is not an IP address
    exposes: [["8000-8010", 65530]]
#              ^^^^^^^^^^^ error: containers.web.exposes: the ports of the host from 65530 on go beyond 65535
networks: {{front: null}}
"#
    ));
}

#[test]
fn subnets() {
    check(
        r#"
networks:
  a: {ipam: [{subnet: 10.5.0.1/24}]}
#                     ^^^^^^^^^^^ error: networks.a.ipam[0].subnet: "10.5.0.1/24" is an address in a subnet, not a subnet
#                     help: write "10.5.0.0/24"
  b: {ipam: [{subnet: 10.5.0.0/24, gateway: 10.6.0.1, ip_range: 10.5.1.0/25, aux_addresses: {r: 10.7.0.1}}]}
#                                           ^^^^^^^^ error: networks.b.ipam[0].gateway: the gateway 10.6.0.1 is not in the subnet 10.5.0.0/24
#                                                               ^^^^^^^^^^^ error: networks.b.ipam[0].ip_range: the range 10.5.1.0/25 is not in the subnet 10.5.0.0/24
#                                                                                               ^^^^^^^^ error: networks.b.ipam[0].aux_addresses.r: the address 10.7.0.1 is not in the subnet 10.5.0.0/24
  c: {ipam: [10.8.0.0/24]}
  d: null
containers:
  one: {image: x, networks: {c: {ipv4_address: 10.8.0.5}, d: {ipv4_address: 10.9.0.5}}}
#                                                         ^ error: containers.one.networks: the network "d" has no subnet for the address 10.9.0.5
  two: {image: x, networks: {c: {ipv4_address: 10.8.0.5}}}
#                            ^ error: the address 10.8.0.5 on the network "c" is given to "one" and "two"
  three: {image: x, networks: {c: {ipv4_address: 10.8.1.5}}}
#                              ^ error: containers.three.networks: the address 10.8.1.5 is in no subnet of the network "c"
#                              help: its subnets: 10.8.0.0/24
"#,
    );
}

#[test]
fn a_container_of_the_project_is_one_whichever_way_it_is_named() {
    let project = project(
        "
containers:
  db: {image: x}
  by_key: {image: x, network_mode: 'container:db'}
  by_name: {image: x, ipc: 'container:p.db', pid: /p.db}
  outside: {image: x, pid: 'container:other'}
",
    );
    let of = |name: &str| {
        let mut all = project.containers.values();
        all.find(|spec| spec.key == name).expect("the container is there")
    };
    for (name, reason) in [("by_key", Reason::NetworkMode), ("by_name", Reason::Namespace)] {
        let needs: Vec<_> =
            of(name).depends_on.iter().map(|d| (d.on.name.as_str(), d.reason)).collect();
        assert_eq!(needs, [("db", reason)], "{name}");
    }
    assert_eq!(of("by_name").config.pid.as_deref(), Some("container:p.db"));
    assert!(of("outside").depends_on.is_empty());
    check(
        r#"
containers:
  web: {image: x, ipc: "container:"}
#                      ^^^^^^^^^^^^ error: containers.web.ipc: expected a container, found the string "container:"
  app: {image: x, pid: nope}
#                      ^^^^ error: containers.app.pid: unknown container "nope"
"#,
    );
}

#[test]
fn one_port_of_the_host_is_published_once() {
    check(
        r#"
containers:
  web: {image: x, ports: ["8080:80", "127.0.0.1:8080:81"]}
#                                    ^^^^^^^^^^^^^^^^^^^ error: the port 8080/tcp of the host is published twice by "web"
  app: {image: x, ports: ["53:53/udp"]}
  dns: {image: x, ports: ["53:53", "53:53/udp"]}
#                                  ^^^^^^^^^^^ error: the port 53/udp of the host is published by "app" and "dns"
"#,
    );
}

#[test]
fn needs() {
    check(
        r#"
images:
  a: {image: x}
  b:
    dockerfile: {inline: FROM scratch}
    needs: ["{{ images.b2 }}"]
#               ^^^^^^^^^ error: images.b.needs[0]: "images" has no "b2"
#               help: did you mean "b"?
containers:
  web:
    image: x
    needs: [a, "{{ images.a }}"]
#           ^ error: containers.web.needs[0]: "a" names nothing
#           help: write a template such as "{{ images.app }}" or "{{ volumes.data }}"
"#,
    );
    let spec = web("images: {a: {image: y}}", "needs: '{{ images.a }}'");
    assert_eq!(spec.needs.len(), 1);
}

#[test]
fn files_of_secrets_can_be_written_before_the_start() {
    let volume = |keys: &str| {
        let spec = web("secrets: {pw: {env: TOKEN}}", &format!("secrets: [pw]\n{keys}"));
        spec.config.mounts.contains_key("/run/secrets")
    };
    assert!(!volume("tmpfs: /tmp"));
    assert!(volume("read_only: true"));
    assert!(volume("tmpfs: /run"));
    assert!(volume("read_only: true\ntmpfs: [/run, /tmp]"));
    check(
        r"
secrets: {pw: {env: TOKEN}}
containers:
  a:
    image: x
    read_only: true
    mounts: ['/data', './x:/ro:ro']
    secrets:
    - {secret: pw, target: /data/pw}
    - {secret: pw, target: /etc/pw}
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: containers.a.secrets: the secret's file /etc/pw is in a root that is read-only
#     help: write `target: /run/secrets/pw`, where a volume is made for it
    - {secret: pw, target: /ro/pw}
#     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: containers.a.secrets: the secret's file /ro/pw is in the read-only mount at /ro
#     help: write `target: /run/secrets/pw`, where a volume is made for it
  b:
    image: x
    tmpfs: /run/secrets
    secrets: [pw]
#             ^^ error: containers.b.secrets: the secret's file /run/secrets/pw is in the tmpfs at /run/secrets, which is empty at each start
#             help: remove the mount at /run/secrets: a volume for the secrets is made there
",
    );
}

#[test]
fn what_an_engine_would_refuse_in_the_middle_of_a_run() {
    check(
        r#"
containers:
  web:
    image: x
    permissions: zzz
#                ^^^ error: containers.web.permissions: "zzz" is not a change of permissions
    mounts: [/a, /b, './x:/a', /proc]
#                    ^^^^^^^^ error: containers.web: two mounts are at "/a"
#                              ^^^^^ error: containers.web: nothing can be mounted at /proc: /proc is the kernel's
    tmpfs: [/t, '/t:size=1m']
#               ^^^^^^^^^^^^ error: containers.web.tmpfs: two mounts are at "/t"
volumes:
  a: {driver_options: [type]}
#                      ^^^^ error: volumes.a.driver_options[0]: the option "type" has no value
  b: {driver_options: {typ: x}}
#                      ^^^ error: volumes.b.driver_options.typ: the driver local has no option "typ"
#                      help: did you mean "type"?
  c: {driver_options: {type: tmpfs}}
#                      ^^^^ error: volumes.c.driver_options.type: the option type is nothing without device
  d: {driver: nfs, driver_options: {share: x}}
  e: {driver_options: {type: tmpfs, device: tmpfs, o: size=1m}}
networks:
  n: {driver: host, driver_options: [a]}
#             ^^^^ error: networks.n.driver: no network can be made with the driver "host"
#             help: write `network_mode: host` in the containers instead
#                                    ^ error: networks.n.driver_options[0]: the option "a" has no value
"#,
    );
}

#[test]
fn networks_have_no_address_in_common() {
    check(
        r#"
networks:
  a: {ipam: [10.5.0.0/16]}
  b: {ipam: [10.5.3.0/24]}
# ^ error: the networks "a" and "b" overlap: 10.5.0.0/16 and 10.5.3.0/24
# help: give each a subnet of its own, or none: an engine finds one
  c: {ipam: [{subnet: 10.6.0.0/24, ip_range: 10.6.0.0/25}]}
  d: {ipam: [{subnet: 10.6.0.0/24, ip_range: 10.6.0.128/25}]}
# ^ error: the networks "c" and "d" overlap: 10.6.0.0/24 and 10.6.0.0/24
  e: {driver: macvlan, ipam: [10.7.0.0/24, 10.7.0.0/25]}
# ^ error: two pools of the network "e" overlap: 10.7.0.0/24 and 10.7.0.0/25
containers:
  web: {image: x, networks: [a, b, c, d, e]}
"#,
    );
    project(
        r"
engines: {default: {}, far: {url: 'ssh://far'}}
networks:
  a: {ipam: [10.5.0.0/24, fd00:1::/64]}
  beside: {ipam: [10.5.1.0/24, fd00:2::/64]}
  far: {ipam: [10.5.0.0/24]}
  green: {ipam: [10.8.0.0/24]}
  blue: {ipam: [10.8.0.0/24]}
  there: {external: true, ipam: [10.5.0.0/24]}
  other: {ipam: {driver: mine, pools: [10.5.0.0/24]}}
  wan: {driver: macvlan, ipam: [{subnet: 10.9.0.0/24, ip_range: 10.9.0.0/25}]}
  wan2: {driver: macvlan, ipam: [{subnet: 10.9.0.0/24, ip_range: 10.9.0.128/25}]}
containers:
  web: {image: x, networks: [a, beside, there, other, wan, wan2]}
  far: {image: x, networks: [far], engines: [far]}
  green: {image: x, networks: [green], profiles: [green]}
  blue: {image: x, networks: [blue], profiles: [blue]}
",
    );
}

#[test]
fn ports_that_are_shared_are_only_warned_of() {
    check(
        r#"
shared_ports: true
containers:
  a: {image: x, ports: ["8080:80"]}
  b: {image: x, ports: ["8080:80"]}
#                       ^^^^^^^^^ warning: the port 8080/tcp of the host is published by "a" and "b"
"#,
    );
}

#[test]
fn options_of_the_driver_bridge() {
    check(
        r#"
networks:
  a:
    driver_options:
      com.docker.network.driver.mtu: big
#                                    ^^^ error: networks.a.driver_options.com.docker.network.driver.mtu: "big" is not a value for com.docker.network.driver.mtu
#                                    help: write a number of bytes: 1450
      com.docker.network.bridge.enable_icc: maybe
#                                           ^^^^^ error: networks.a.driver_options.com.docker.network.bridge.enable_icc: "maybe" is not a value for com.docker.network.bridge.enable_icc
#                                           help: write true or false
      com.docker.network.bridge.name: sixteen-letters-
#                                     ^^^^^^^^^^^^^^^^ error: networks.a.driver_options.com.docker.network.bridge.name: "sixteen-letters-" is not a value for com.docker.network.bridge.name
  b: {driver: bridge, driver_options: ["com.docker.network.bridge.host_binding_ipv4=lo"]}
#                                     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: networks.b.driver_options: "lo" is not a value for com.docker.network.bridge.host_binding_ipv4
  c: {create_options: {options: {com.docker.network.bridge.enable_ip_masquerade: on}}}
#                                                                                ^^ error: networks.c.create_options.options.com.docker.network.bridge.enable_ip_masquerade: "on" is not a value for com.docker.network.bridge.enable_ip_masquerade
  d: {driver: mine, driver_options: {com.docker.network.driver.mtu: big}}
  e:
    driver_options:
      com.docker.network.driver.mtu: 1450
      com.docker.network.bridge.enable_icc: false
      com.docker.network.bridge.host_binding_ipv4: 127.0.0.1
      com.docker.network.bridge.name: fifteen-letters
"#,
    );
}

#[test]
fn what_the_network_of_another_container_does_not_allow() {
    check(
        r"
containers:
  db: {image: x}
  a:
    image: x
    network_mode: container:db
    exposes: [80]
#            ^^^^ error: containers.a.exposes: exposes cannot be used with the network of another container
#             help: write it in the container whose network it is
    hostname: h
#             ^ error: containers.a.hostname: hostname cannot be used with the network of another container
    extra_hosts: {h: 10.0.0.1}
#   ^^^^^^^^^^^ error: containers.a.extra_hosts: extra_hosts cannot be used with the network of another container
  b:
    image: x
    network_mode: container:elsewhere
    dns: [10.0.0.1]
#        ^^^^^^^^^^ error: containers.b.dns: dns cannot be used with the network of another container
    publish_all: true
#                ^^^^ error: containers.b.publish_all: publish_all cannot be used with the network of another container
  c: {image: x, uts: host, hostname: h}
#                                    ^ error: containers.c.hostname: hostname cannot be used with the host's own name (uts)
  d: {image: x, network_mode: host, exposes: [80], hostname: h, dns: [10.0.0.1]}
",
    );
}

#[test]
fn one_target_in_two_lists() {
    check(
        r#"
containers:
  base: {abstract: true, mounts: [./x:/c]}
  web:
    extends: base
    image: x
    mounts: [./a:/a, ./b:/b]
    volumes: [./c:/a, ./c:/c]
#             ^^^^^^ error: containers.web: two mounts are at "/a"
#             help: remove one of them, or mount it elsewhere
"#,
    );
    let text = "containers:\n  base: {abstract: true, mounts: ['./x:/c', './x:/d']}\n  \
                web: {image: x, extends: base, volumes: ['./y:/c']}";
    let spec = &project(text).containers.into_iter().next().unwrap().1;
    let sources: Vec<_> = spec.config.mounts.values().map(|mount| mount.source.clone()).collect();
    let bind = |path: &str| windlass_model::mount::MountSource::Bind(path.to_owned());
    assert_eq!(sources, [bind("/srv/p/y"), bind("/srv/p/x")]);
}

#[test]
fn an_instance_has_no_longer_name_than_an_engine_takes() {
    let (key, instance) = ("k".repeat(150), "i".repeat(50));
    let text = format!("containers: {{{key}: {{image: x, instances: [{instance}]}}}}");
    let found = crate::check::load_text(&text).diagnostics;
    let titles: Vec<_> = found.iter().map(windlass_config::Diagnostic::title).collect();
    let wanted = format!("containers.{key}.instances: a name is longer than 200 characters");
    assert_eq!(titles, [wanted]);
}

#[test]
fn addresses_of_syslog() {
    for (address, fits) in [
        ("udp://10.0.0.1:514", true),
        ("tcp+tls://[::1]:6514", true),
        ("tcp://log", true),
        ("unix:///dev/log", true),
        ("", true),
        ("10.0.0.1:514", false),
        ("http://log:514", false),
        ("tcp://log:port", false),
        ("unix://dev/log", false),
    ] {
        let text = format!(
            "containers: {{a: {{image: x, log: {{driver: syslog, options: {{syslog-address: '{address}'}}}}}}}}"
        );
        let found = crate::check::load_text(&text).diagnostics;
        let titles: Vec<_> = found.iter().map(windlass_config::Diagnostic::title).collect();
        let wanted = format!(
            "containers.a.log.options.syslog-address: \"{address}\" is not an address of a syslog server"
        );
        assert_eq!(titles, if fits { Vec::new() } else { vec![wanted] }, "{address}");
    }
}
