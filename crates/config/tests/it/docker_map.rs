//! The docker-map dialect: maps and client files, as their users wrote them.
//!
//! Invariant: what a map means is asserted on the project; that shorthands mean the same as in the native format is
//! what `shorthands.rs` asserts.

use windlass_config::{Dialect, LoadOptions, Loaded, load};
use windlass_model::container::ContainerSpec;
use windlass_model::image::ImageUse;
use windlass_model::project::Project;
use windlass_model::wait::ExecPolicy;

use crate::check::{check_with, options};

/// A map on standard input.
fn map_options(yaml: &str) -> LoadOptions {
    let mut options = LoadOptions { dialect: Dialect::DockerMap, ..options(yaml) };
    options.env.insert("SITE_ROOT".to_owned(), "/srv".to_owned());
    options
}

/// As [`map_options`], with this file of clients. The directory goes with the value.
pub(crate) fn with_clients(yaml: &str, clients: &str) -> (tempfile::TempDir, LoadOptions) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("clients.yaml");
    std::fs::write(&path, clients).unwrap();
    (directory, LoadOptions { clients: Some(path), ..map_options(yaml) })
}

#[track_caller]
fn clean(loaded: Loaded) -> Project {
    let findings = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(findings.is_empty(), "findings:\n{findings}");
    loaded.project.expect("no findings, so a project")
}

#[track_caller]
fn map(yaml: &str) -> Project {
    clean(load(&map_options(yaml)))
}

fn of<'a>(project: &'a Project, name: &str) -> &'a ContainerSpec {
    project.containers.values().find(|spec| spec.address.name == name).unwrap()
}

fn mounts(spec: &ContainerSpec) -> Vec<String> {
    spec.config.mounts.iter().map(|(target, mount)| format!("{target} <- {mount}")).collect()
}

pub(crate) const SHOP: &str = "
name: shop
repository: registry.example.com
default_tag: stable
default_domain: shop.local
set_hostname: true
use_attached_parent_name: false
host_root: !path $SITE_ROOT/data
clients: [host1]
volumes:
  web_conf: /etc/nginx
  app_sock: {default_path: /run/app, driver: local, driver_options: {type: tmpfs, device: tmpfs}, user: '2000:2000', permissions: 'u=rwX,g=rX,o='}
  app_data: /var/lib/app
host:
  web_conf: conf/nginx
  app_data: {i1: app/i1, i2: app/i2, default: app/all}
networks:
  front: {driver: bridge, internal: false, driver_options: {com.docker.network.bridge.enable_icc: 'true'}, create_options: {labels: {tier: front}}}
  back:
containers:
  base:
    abstract: true
    stop_timeout: 20
    create_options: {environment: {TZ: UTC}}
    host_config: {restart_policy: {Name: on-failure, MaximumRetryCount: 3}}
  db:
    extends: base
    image: /postgres:16
    stop_signal: SIGINT
    shares: /scratch
    attaches: {db_sock: /run/postgresql}
    networks: back
    healthcheck: {test: [pg_isready], interval: 10s, timeout: 2s, retries: 5, start_period: 20s}
    persistent: false
  app:
    extends: base
    instances: [i1, i2]
    user: 2000
    permissions: u=rwX,g=rX,o=
    binds: [app_data]
    attaches: app_sock
    uses: {db_sock: /run/db}
    exposes: [8000, [9000, 19000, private]]
    networks:
      back: {aliases: [app], links: {db: database}}
    exec_commands:
    - ['/bin/migrate', root, initial]
    - [[/bin/sh, -c, warmup], app]
    start_delay: 2
  web:
    image: nginx
    binds:
    - web_conf: ro
    - /var/www: [www, ro]
    uses: [[app_sock, ro]]
    networks: {front: [www], back: null, bridge: null}
    exposes: {80: 80, 443: [443, public]}
  sidecar:
    image: busybox
    network_mode: app.i1
groups:
  all_app: [app.i1, app.i2, db]
";

pub(crate) const CLIENTS: &str = "
host1: {base_url: 'unix:///var/run/docker.sock', version: auto, timeout: 60, domainname: shop.local, stop_timeout: 15, wait_timeout: 120,
        interfaces: {private: 10.0.0.11, public: 203.0.113.5}, interfaces_ipv6: {private: '2001:db8::1'}}
";

#[test]
fn a_map_that_uses_nearly_every_key() {
    let (_directory, options) = with_clients(SHOP, CLIENTS);
    let loaded = load(&LoadOptions { project: None, ..options });
    assert_eq!(
        loaded.diagnostics.render_plain(&loaded.sources),
        "<stdin>:43:22: warning: the port 19000/tcp of the host is published by \"app.i1\" and \"app.i2\"\n  \
         help: publish another port, or each on an address of its own\n"
    );
    let project = loaded.project.unwrap();
    assert_eq!(project.name.as_str(), "shop");
    let app = of(&project, "app.i1");
    assert_eq!((app.name.as_str(), app.address.engine.as_str()), ("shop.app.i1", "host1"));
    let images = project.containers.values();
    let images: Vec<_> =
        images.map(|spec| format!("{} {:?}", spec.address.name, spec.image)).collect();
    assert_eq!(
        images,
        [
            "app.i1 External(\"registry.example.com/app:stable\")",
            "app.i2 External(\"registry.example.com/app:stable\")",
            "db External(\"postgres:16\")",
            "sidecar External(\"registry.example.com/busybox:stable\")",
            "web External(\"registry.example.com/nginx:stable\")",
        ]
    );
    assert_eq!(
        mounts(app),
        [
            "/run/app <- volume shop.app_sock",
            "/run/db <- volume shop.db_sock",
            "/var/lib/app <- /srv/data/app/i1",
        ]
    );
    let web = of(&project, "web");
    assert_eq!(
        mounts(web),
        [
            "/etc/nginx <- /srv/data/conf/nginx (read-only)",
            "/run/app <- volume shop.app_sock (read-only)",
            "/var/www <- /srv/data/www (read-only)",
        ]
    );
    let ports: Vec<_> = web.config.published.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["80:80/tcp", "203.0.113.5:443:443/tcp"]);
    let commands: Vec<_> = app.exec_commands.iter().map(|exec| (&exec.argv, exec.policy)).collect();
    let warmup = ["/bin/sh", "-c", "warmup"].map(str::to_owned).to_vec();
    assert_eq!(
        commands,
        [(&vec!["/bin/migrate".to_owned()], ExecPolicy::Initial), (&warmup, ExecPolicy::Restart)]
    );
    assert_eq!(app.config.hostname.as_deref(), Some("shop-app-i1-host1"));
    assert_eq!(app.config.domainname.as_deref(), Some("shop.local"));
    assert_eq!(app.config.user.as_deref(), Some("2000"));
}

#[test]
fn root_keys_are_containers_unless_they_are_settings() {
    let project =
        map("web: {image: nginx}\ncache:\ncontainers: {db: {image: postgres}}\nx-notes: 1\n");
    let keys: Vec<_> = project.containers.values().map(|spec| spec.key.as_str()).collect();
    assert_eq!(keys, ["cache", "db", "web"]);
    assert_eq!(of(&project, "cache").image.to_string(), "cache:latest");
}

#[test]
fn braces_mean_nothing() {
    let project =
        map("web: {image: a, create_options: {command: ['{{.Name}}', '${HOME}', '{% x %}']}}\n");
    let command = of(&project, "web").config.command.clone().unwrap();
    assert_eq!(command, ["{{.Name}}", "${HOME}", "{% x %}"]);
}

#[test]
fn tagged_paths_are_expanded() {
    let project = map("host: !path {a: $SITE_ROOT/a, b: ~/b}
volumes: {a: /a, b: /b}
web: {image: x, binds: [a, b, {/d: !path_lazy '${SITE_ROOT}/d'}, {/e: !path [~/e, ro]}]}
");
    assert_eq!(
        mounts(of(&project, "web")),
        ["/a <- /srv/a", "/b <- /home/me/b", "/d <- /srv/d", "/e <- /home/me/e (read-only)"]
    );
}

/// docker-map handed a bare number on to the engine, which counts in nanoseconds.
#[test]
fn times_of_a_health_check() {
    let second = 1_000_000_000;
    for (check, expected) in [
        ("{interval: 90000000000, timeout: '3000000000', start_period: 5e9}", [90, 3, 5]),
        ("[[CMD, a], 90000000000, '3000000000', 4, 5000000000]", [90, 3, 5]),
        ("{interval: 1m, timeout: 1.5h, start_period: 1m30s}", [60, 5400, 90]),
        ("[a, 2 h, 1000 ms, 4, 0]", [7200, 1, 0]),
    ] {
        let project = map(&format!("web: {{image: x, healthcheck: {check}}}"));
        let check = of(&project, "web").config.healthcheck.as_ref().unwrap();
        let times = [check.interval_ns, check.timeout_ns, check.start_period_ns];
        assert_eq!(times, expected.map(|seconds| seconds * second), "{check:?}");
    }
    let native = clean(load(&options(
        "name: a\ncontainers: {web: {image: x, healthcheck: {test: a, interval: 90}}}",
    )));
    let check = of(&native, "web").config.healthcheck.as_ref().unwrap();
    assert_eq!(check.interval_ns, 90 * second);
    let yaml = "web: {image: x, healthcheck: {test: a, interval: 90}}
#                                                ^^ error: containers.web.healthcheck.interval: \"90ns\" is less than a millisecond
# help: a bare number is nanoseconds in a map of docker-map: write \"10s\"
";
    check_with(yaml, &map_options(yaml));
}

#[test]
fn a_map_is_called_after_its_name_or_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("site.yaml");
    for (text, given, expected) in [
        ("web: {image: x}", None, "site"),
        ("name: shop\nweb: {image: x}", None, "shop"),
        ("name: shop\nweb: {image: x}", Some("mine"), "mine"),
    ] {
        std::fs::write(&file, text).unwrap();
        let options = LoadOptions {
            files: vec![file.clone()],
            project: given.map(str::to_owned),
            dialect: Dialect::DockerMap,
            cwd: "/".into(),
            ..LoadOptions::default()
        };
        assert_eq!(clean(load(&options)).name.as_str(), expected);
    }
}

#[test]
fn the_default_client_is_given_once() {
    let clients = "__default__: {base_url: a:1}\ndefault: {base_url: b:1}\n";
    let (_directory, options) = with_clients("web: {image: x}\n", clients);
    let loaded = load(&options);
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    let expected = "clients.yaml:2:1: error: `__default__` and `default` are one client";
    assert!(found.contains(expected), "{found}");
}

#[test]
fn maps_run_on_the_engines_of_their_clients() {
    let clients = "
__default__: {}
a: {base_url: 'tcp://10.0.0.1:2376', tls: {client_cert: [/c.pem, /k.pem], ca_cert: /ca.pem, verify: true}}
b: {base_url: /run/b.sock, tls: false}
c: {base_url: 'http+unix://var/run/c.sock'}
";
    let yaml = "clients: [a, b]\nbase: {abstract: true, image: x}\n\
                web: {extends: base}\nown: {extends: base, clients: c}\nhome: {image: x, clients: __default__}\n";
    let (_directory, options) = with_clients(yaml, clients);
    let project = clean(load(&options));
    let addresses: Vec<String> = project.containers.keys().map(ToString::to_string).collect();
    assert_eq!(
        addresses,
        ["container web @ a", "container web @ b", "container own @ c", "container home"]
    );
    let urls: Vec<_> = project
        .engines
        .iter()
        .map(|(name, spec)| {
            let cert = spec.tls.as_ref().and_then(|tls| tls.cert.as_deref());
            format!("{name} {:?} {cert:?}", spec.url)
        })
        .collect();
    assert_eq!(
        urls,
        [
            "a Some(\"tcp://10.0.0.1:2376\") Some(\"/c.pem\")",
            "b Some(\"unix:///run/b.sock\") None",
            "c Some(\"unix:///var/run/c.sock\") None",
            "default None None",
        ]
    );
}

#[test]
fn what_is_wrong_with_a_map() {
    for yaml in [
        "volums: {a: /a}
#< error: `volums` is no key of a map
# help: did you mean `volumes`?
version: '2'
#< error: `version` is no key of a map
# help: every other root key is a container, and that is a mapping
hosts: [a]
#< error: `hosts` is no key of a map
# help: did you mean `host`?
containers: {web: {image: x}}
web: {image: y}
#< error: duplicate key `web`
web2: {imag: y}
#< error: containers.web2: unknown key \"imag\"
",
        "web: {image: x, binds: data}
#< error: containers.web.binds: the alias \"data\" has no path on the host
# help: add `data` under `host`
",
        "repository: r.io/P
#< error: repository: \"P\" has capital letters, which an image's name cannot have
default_tag: 'a b'
#            ^^^^^ error: default_tag: \"a b\" is not a tag
default_domain: a b
#                ^ error: default_domain: \"a b\" is not a domain name, because of ` `
web: {image: x, groups: [g~], attaches: [{'we~b': /x}]}
#                        ^^ error: containers.web.groups: \"g~\" is not a name that an engine accepts, because of `~`
#                                         ^^^^^^ error: containers.web.attaches: \"we~b\" is not a name that an engine accepts, because of `~`
",
    ] {
        check_with(yaml, &map_options(yaml));
    }
}

#[test]
fn what_is_said_about_clients_is_said_in_the_words_of_the_file() {
    let yaml = "clients: [b]
#         ^ error: clients: unknown client \"b\"
# help: declare it in the file that `--clients` names
web: {image: x, exposes: {80: [8080, privat]}, clients: __default__}
#                                    ^^^^^^ error: containers.web.exposes: the client \"__default__\" has no interface \"privat\"
# help: add it under __default__.interfaces in the file of clients, or write an address
";
    check_with(yaml, &map_options(yaml));
    let yaml = "web: {image: x, exposes: [{exposed_port: 80, host_port: 81, interface: privat}], clients: a}
#                                                                      ^^^^^^ error: containers.web.exposes: the client \"a\" has no interface \"privat\"
# help: there is only \"private\"
";
    let yaml = yaml.replace("there is only", "did you mean").replace("private\"", "private\"?");
    let (_directory, options) = with_clients(&yaml, "a: {interfaces: {private: 10.0.0.1}}");
    check_with(&yaml, &options);
}

#[test]
fn a_map_that_is_read_as_a_native_file() {
    let advice = "this looks like a map of docker-map: add `--dialect docker-map`";
    for (yaml, is_map) in [
        ("volumes: {a: /a}\nweb: {image: x, binds: [a]}\ndb: {image: y, attaches: [a]}", true),
        ("containers: {}\nweb: {image: x}\ndb: {image: y}", false),
        ("web: {image: x}", false),
        ("services: {web: {image: x}, db: {image: y}}\nconfigs: {a: {file: x}}", false),
    ] {
        let found = load(&options(yaml)).diagnostics;
        let advised = found.iter().filter(|found| found.help.as_deref() == Some(advice)).count();
        assert_eq!(advised, usize::from(is_map), "{yaml}: {found:?}");
    }
}

#[test]
fn a_path_beside_an_alias() {
    let yaml = "volumes: {conf: /etc/conf}
host: {conf: /srv/conf}
web: {image: x, binds: {conf: [/etc/conf, ro]}}
#                              ^^^^^^^^^ error: containers.web.binds.conf[0]: a path beside the alias \"conf\"
# help: its path in the container is said under `volumes`, that of the host under `host`; without an alias write {/path/in/the/container: [/path/on/the/host, ro]}
";
    check_with(yaml, &map_options(yaml));
}

#[test]
fn a_variable_of_a_path_that_is_not_set() {
    let yaml = "host: {a: !path $NONE/a}
#               ^^^^^^^ warning: the variable `NONE` is not set
volumes: {a: /a}
web: {image: x, binds: [a], create_options: {command: $NONE}}
";
    check_with(yaml, &map_options(yaml));
}

#[test]
fn what_is_wrong_with_a_file_of_clients() {
    let clients = "a: {base_ulr: x, auth_configs: {r: {username: u}}}\nb: {tls: {veryfy: true}}\n";
    let (_directory, options) = with_clients("web: {image: x, clients: [a, c]}", clients);
    let loaded = load(&options);
    let findings = loaded.diagnostics.render_plain(&loaded.sources);
    let findings: Vec<_> = findings.lines().map(|line| line.rsplit('/').next().unwrap()).collect();
    assert_eq!(
        findings,
        [
            "<stdin>:1:30: error: containers.web.clients: unknown client \"c\"",
            "  help: did you mean \"a\"?",
            "clients.yaml:1:5: error: a.base_ulr: unknown key `base_ulr`",
            "  help: did you mean \"base_url\"?",
            "clients.yaml:1:18: warning: a.auth_configs: credentials of registries are not read from a file of clients",
            "  help: log in with `docker login`",
            "clients.yaml:2:11: error: b.tls.veryfy: unknown key `veryfy`",
            "  help: did you mean \"verify\"?",
        ]
    );
    assert!(loaded.project.is_none());
}

#[test]
fn passwords_are_covered_where_they_are_written() {
    for (clients, secret) in [
        ("a: {base_url: /run/x.sock, auth_configs: {r.io: {username: u, password: hush}}}", "hush"),
        ("a: {base_url: 'tcp://user:hush@h:2375'}", "hush"),
        ("a: {base_url: 'user:hush@h:2375'}", "hush"),
        ("a: {base_url: 'tcp://h:2375?token=hush'}", "hush"),
    ] {
        let (_directory, options) = with_clients("web: {image: x}", clients);
        let loaded = load(&options);
        assert!(!loaded.diagnostics.is_empty(), "{clients}");
        let findings = loaded.diagnostics.render_plain(&loaded.sources);
        let json = loaded.diagnostics.to_json(&loaded.sources).to_string();
        let texts: String =
            loaded.sources.iter().map(|(_, file)| file.text().to_string()).collect();
        assert!(![findings, json, texts].iter().any(|text| text.contains(secret)), "{clients}");
    }
}

#[test]
fn what_was_handed_on_to_the_python_client() {
    let project = map(
        "volumes: {data: {default_path: /d, create_options: {labels: {tier: db}, driver_opts: {type: tmpfs, device: tmpfs}}}}
networks:
  n: {create_options: {labels: [a=1], check_duplicate: true, ipam: {Driver: default, Config: [{Subnet: 10.9.0.0/16, Gateway: 10.9.0.1}]}}}
web: {image: x, attaches: data, networks: n}
",
    );
    let volume = &project.volumes["data"];
    assert_eq!(volume.config.labels["tier"], "db");
    assert_eq!(volume.config.driver_options["type"], "tmpfs");
    let network = &project.networks["n"].config;
    let pool = &network.ipam.as_ref().unwrap().pools[0];
    assert_eq!(pool.subnet.as_deref(), Some("10.9.0.0/16"));
    assert_eq!(pool.gateway.as_deref(), Some("10.9.0.1"));
    assert_eq!(network.labels["a"], "1");
}

#[test]
fn references() {
    let project = map("name: m
a: {image: x, instances: ['1', '2']}
b: {image: x}
m: {image: x}
base: {abstract: true}
groups: {g: [a.1, b]}
");
    let project = Project { name: windlass_model::ProjectName::new("m"), ..project };
    for (reference, expected) in [
        ("a", "a.1 a.2"),
        ("a.1", "a.1"),
        ("g", "a.1 b"),
        ("m", "m"),
        ("__all__", "a.1 a.2 b m"),
        ("m.a", "a.1 a.2"),
        ("m.a.", "a.1 a.2"),
        ("m.a.1", "a.1"),
        ("m.g", "a.1 b"),
        ("m.__all__", "a.1 a.2 b m"),
        ("__all__.__all__", "a.1 a.2 b m"),
        ("__all__.g", "a.1 b"),
        ("m/a.1", "a.1"),
        ("m/g", "a.1 b"),
        ("n.a", ""),
        ("n/a", ""),
        ("a.3", ""),
        ("base", ""),
        ("zzz", ""),
        ("", ""),
    ] {
        let found: Vec<_> = project.named(reference).iter().map(|a| a.name.clone()).collect();
        assert_eq!(found.join(" "), expected, "{reference}");
    }
}

#[test]
fn names_of_images() {
    for (image, settings, expected) in [
        ("", "", "app-server:latest"),
        ("image1", "repository: registry.example.com", "registry.example.com/image1:latest"),
        ("image1", "default_tag: devel", "image1:devel"),
        ("/image1", "repository: registry.example.com\ndefault_tag: devel", "image1:devel"),
        (
            "image1:one",
            "repository: registry.example.com\ndefault_tag: devel",
            "registry.example.com/image1:one",
        ),
        ("/image1:two", "repository: registry.example.com\ndefault_tag: devel", "image1:two"),
        ("u/app", "repository: r.io", "u/app:latest"),
        ("localhost:5000/app", "", "localhost:5000/app:latest"),
        ("localhost:5000/app:1", "repository: r.io", "localhost:5000/app:1"),
    ] {
        let image = if image.is_empty() { String::new() } else { format!("image: '{image}'") };
        let project = map(&format!("{settings}\napp-server: {{{image}}}\n"));
        let found = &of(&project, "app-server").image;
        assert_eq!(*found, ImageUse::External(expected.into()), "{image} {settings}");
    }
}

#[test]
fn references_that_lead_nowhere() {
    for (yaml, expected) in [
        ("a: {uses: x}", "containers.a.uses: unknown volume \"x\""),
        ("a: {links: b}", "containers.a.links: unknown container \"b\""),
        (
            "a: {binds: v}\nvolumes: {v: /v}",
            "containers.a.binds: the alias \"v\" has no path on the host",
        ),
        ("a: {attaches: v}", "containers.a: the volume \"v\" has no path in the container"),
        (
            "a: {attaches: v}\nb: {attaches: v}\nvolumes: {v: /v}",
            "containers.b.attaches: the volume \"v\" is attached by two containers",
        ),
        ("a: {networks: n}", "containers.a.networks: unknown network \"n\""),
        ("a: {network_mode: b}", "containers.a.network_mode: unknown container \"b\""),
        ("a:\ngroups: {a: [a]}", "\"a\" is a container and a group"),
        ("a:\ngroups: {g: [b]}", "groups.g: unknown container \"b\""),
        ("a: {instances: [i]}\ngroups: {a.i: [a]}", "\"a.i\" is a container and a group"),
        (
            "a: {instances: [i]}\ngroups: {g: [a.j]}",
            "groups.g: the container \"a\" has no instance \"j\"",
        ),
        (
            "a: {uses: b.j}\nb: {shares: /s, instances: [i]}",
            "containers.a.uses: unknown volume \"b.j\"",
        ),
        (
            "a: {links: b.j}\nb: {instances: [i]}",
            "containers.a.links: the container \"b\" has no instance \"j\"",
        ),
        (
            "a: {network_mode: b.j}\nb: {instances: [i]}",
            "containers.a.network_mode: the container \"b\" has no instance \"j\"",
        ),
        (
            "a: {networks: {n: {links: {b: c}}}}\nnetworks: {n: }",
            "containers.a.links: unknown container \"b\"",
        ),
        ("a: {network_mode: b}\nb: {network_mode: a}", "a → b → a"),
        ("a: {clients: c}", "unknown client \"c\""),
        ("a b:", "is not a name that an engine accepts"),
        (
            "a: {exec_commands: [[x, u, bogus]]}",
            "exec_commands[0][2]: expected \"initial\" or \"restart\"",
        ),
        ("a: {binds: v}\nhost: {v: /h}", "the volume \"v\" has no path in the container"),
        ("a: {links: a}", "a → a"),
        ("a: {links: b}\nb: {links: c}\nc: {uses: [a]}", "a → b → c → a"),
        ("a: {extends: b}\nb: {extends: a}", "a → b → a"),
        ("a: {extends: b}", "containers.a.extends: unknown container \"b\""),
        ("a: {exposes: {80: [80, public]}}", "has no interface \"public\""),
        (
            "a: {instances: [i, j], binds: v}\nvolumes: {v: /v}\nhost: {v: {i: /x}}",
            "containers.a.binds: ",
        ),
    ] {
        let loaded = load(&map_options(yaml));
        let findings = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(loaded.project.is_none(), "{yaml}");
        assert!(findings.contains(expected), "{yaml}\n{findings}");
        assert!(findings.starts_with("<stdin>:"), "{findings}");
    }
    assert!(load(&map_options("base: {abstract: true}")).project.is_some());
}

/// The map of docker-map's own tests.
const MAIN: &str = "
repository: registry.example.com
default_tag: custom
host_root: /var/lib/site
web_server:
  image: nginx:latest
  binds: {/etc/nginx: [config/nginx, ro]}
  uses: [[app_server_socket, /var/lib/app/custom/socket]]
  attaches: [[web_log, /var/log/nginx]]
  networks: {bridge: null, app: {links: [[app_server.instance1, i1], [app_server.instance2, i2]]}}
  exposes: {80: 80, 443: 443}
  stop_timeout: 5
app_server:
  image: app
  instances: [instance1, instance2]
  exposes: [8880]
  binds: [{app_config: ro}, app_data]
  networks: app
  attaches: [app_log, [app_server_socket, /var/lib/app/socket]]
  user: 2000
  permissions: u=rwX,g=rX,o=
  stop_signal: SIGTERM
  stop_timeout: 10
  healthcheck: {test: [curl, 'http://localhost/'], interval: 1m, timeout: 1000ms, retries: 3, start_period: 5s}
app_extra: {networks: app}
networks: {app: null}
volumes: {app_config: /var/lib/app/config, app_log: /var/lib/app/log, app_data: /var/lib/app/data}
host: {app_config: {instance1: config/app1, instance2: config/app2}, app_data: {instance1: data/app1, instance2: data/app2}}
";

#[test]
fn the_map_of_docker_maps_own_tests() {
    let project =
        clean(load(&LoadOptions { project: Some("main".to_owned()), ..map_options(MAIN) }));
    let app = of(&project, "app_server.instance1");
    assert_eq!(app.name, "main.app_server.instance1");
    assert_eq!(app.image, ImageUse::External("registry.example.com/app:custom".into()));
    assert_eq!(
        mounts(app),
        [
            "/var/lib/app/config <- /var/lib/site/config/app1 (read-only)",
            "/var/lib/app/data <- /var/lib/site/data/app1",
            "/var/lib/app/log <- volume main.app_log",
            "/var/lib/app/socket <- volume main.app_server_socket",
        ]
    );
    assert_eq!(app.config.user.as_deref(), Some("2000"));
    assert_eq!(app.config.hostname.as_deref(), Some("main-app-server-instance1"));
    assert_eq!(app.config.endpoints.keys().collect::<Vec<_>>(), ["main.app"]);
    let web = of(&project, "web_server");
    let dependencies: Vec<_> = web.depends_on.iter().map(|d| d.on.name.as_str()).collect();
    assert_eq!(dependencies, ["app_server.instance1", "app_server.instance2"]);
    assert_eq!(web.config.endpoints.keys().collect::<Vec<_>>(), ["bridge", "main.app"]);
    let links: Vec<_> =
        web.config.endpoints["main.app"].links.iter().map(ToString::to_string).collect();
    assert_eq!(links, ["main.app_server.instance1:i1", "main.app_server.instance2:i2"]);
    assert_eq!(project.volumes["app_server_socket"].name, "main.app_server_socket");
    assert_eq!(project.networks["app"].name, "main.app");
}

/// The configuration of `web`, which has these keys, beside another container.
#[track_caller]
fn web(keys: &str) -> windlass_model::container::ContainerConfig {
    let project = map(&format!("db: {{image: x}}\nweb: {{image: x, {keys}}}\n"));
    (*of(&project, "web").config).clone()
}

/// Options as the Python client had them, and the keys that mean the same.
const HANDED_ON: &[(&str, &str)] = &[
    ("create_options: {environment: {A: 1}}", "env: {A: '1'}"),
    ("create_options: {environment: [A=1]}", "env: {A: '1'}"),
    ("create_options: {working_dir: /w, detach: true}", "workdir: /w"),
    (
        "create_options: {command: a 'b c', entrypoint: d e}",
        "command: [a, b c], entrypoint: [d, e]",
    ),
    (
        "create_options: {labels: {a: b}, user: u, hostname: h}",
        "labels: {a: b}, user: u, hostname: h",
    ),
    ("create_options: {tty: true, stdin_open: true}", "tty: true, stdin_open: true"),
    (
        "create_options: {mem_limit: 64m, memswap_limit: 128m, cpu_shares: 5, cpuset: 0-1}",
        "limits: {memory: 64m, memory_swap: 128m, cpu_shares: 5, cpuset_cpus: 0-1}",
    ),
    ("create_options: {ports: [80, 53/udp]}", "exposes: [80, 53/udp]"),
    ("create_options: {volumes: [/a, /b]}", "shares: [/a, /b]"),
    (
        "create_options: {stop_signal: SIGINT, stop_timeout: 3}",
        "stop_signal: SIGINT, stop_timeout: 3",
    ),
    ("create_options: {healthcheck: {test: a}}", "healthcheck: a"),
    (
        "host_config: {restart_policy: {Name: on-failure, MaximumRetryCount: 3}}",
        "restart: {policy: on-failure, retries: 3}",
    ),
    (
        "host_config: {mem_limit: 1g, memswap_limit: -1, mem_reservation: 8m, nano_cpus: 500000000}",
        "limits: {memory: 1g, memory_swap: -1, memory_reservation: 8m, cpus: 0.5}",
    ),
    (
        "host_config: {cpu_shares: 5, cpu_period: 10000, cpu_quota: 5000, cpuset_cpus: '0', cpuset_mems: '0'}",
        "limits: {cpu_shares: 5, cpu_period: 10000, cpu_quota: 5000, cpuset_cpus: '0', cpuset_mems: '0'}",
    ),
    ("host_config: {pids_limit: 9, blkio_weight: 300}", "limits: {pids: 9, blkio_weight: 300}"),
    ("host_config: {log_config: {type: syslog}}", "log: syslog"),
    (
        "host_config: {log_config: {Type: json-file, Config: {max-size: 1m}}}",
        "log: {driver: json-file, options: {max-size: 1m}}",
    ),
    (
        "host_config: {ulimits: [{name: nofile, soft: 1, hard: 2}, {Name: nproc, Soft: 3, Hard: 4}]}",
        "ulimits: {nofile: {soft: 1, hard: 2}, nproc: {soft: 3, hard: 4}}",
    ),
    (
        "host_config: {init: true, runtime: r, group_add: [5]}",
        "init: true, runtime: r, group_add: [5]",
    ),
    (
        "host_config: {pid_mode: host, ipc_mode: host, uts_mode: host}",
        "pid: host, ipc: host, uts: host",
    ),
    ("host_config: {userns_mode: host, cgroup_parent: c}", "userns: host, cgroup_parent: c"),
    (
        "host_config: {dns: [9.9.9.9], dns_opt: [rotate], dns_search: [a.b], extra_hosts: {a: 10.0.0.1}}",
        "dns: 9.9.9.9, dns_options: [rotate], dns_search: [a.b], extra_hosts: ['a:10.0.0.1']",
    ),
    (
        "host_config: {privileged: true, cap_add: [NET_ADMIN], cap_drop: [MKNOD]}",
        "privileged: true, cap_add: NET_ADMIN, cap_drop: MKNOD",
    ),
    ("host_config: {devices: ['/dev/null:/dev/x:r']}", "devices: ['/dev/null:/dev/x:r']"),
    (
        "host_config: {publish_all_ports: true, read_only: true}",
        "publish_all: true, read_only: true",
    ),
    ("host_config: {binds: ['/h:/c:ro'], tmpfs: [/t]}", "binds: {/c: [/h, ro]}, tmpfs: [/t]"),
    (
        "host_config: {links: {p.db: d}, network_mode: bridge}",
        "links: {db: d}, network_mode: bridge",
    ),
    (
        "host_config: {shm_size: 1m, oom_score_adj: 5, sysctls: {net.core.somaxconn: 1}}",
        "shm_size: 1m, oom_score_adj: 5, sysctls: {net.core.somaxconn: 1}",
    ),
];

#[test]
fn options_that_were_handed_on_mean_what_keys_mean() {
    for (options, keys) in HANDED_ON {
        assert_eq!(web(options), web(keys), "{options}");
    }
}

#[test]
fn shorthands_of_docker_maps_own_tests() {
    let (_directory, options) = with_clients(
        "volumes: {a: /a, b: /b}\nhost: {a: /ha, b: /hb}\nnetworks: {endpoint2: , endpoint3: {create_options: {ipam: {Config: [{Subnet: 10.0.0.0/8}]}}}}
a: {image: x}
b: {image: x}
ports: {image: x, exposes: {'1234': null, 1235: 1235, 1236: [1236, lan, true]}}
binds: {image: x, binds: {a: false, b: ro, /c: /ch, /d: [/dh, true]}}
links: {image: x, links: {a: null, b: b_}}
positions: {image: x, networks: [[endpoint2, alias1], [endpoint3, alias1, null, 10.0.0.8]]}
names: {image: x, networks: {endpoint2: alias1, endpoint3: {aliases: alias1, ipv4_address: 10.0.0.9}}}
exec: {image: x, user: u, exec_commands: [[[a, b, c], root, initial], a b c]}
share: {image: x, instances: [i], network_mode: a}
",
        "__default__: {interfaces_ipv6: {lan: 'fe80::1'}}",
    );
    let project = clean(load(&options));
    let ports = of(&project, "ports");
    let published: Vec<_> = ports.config.published.iter().map(ToString::to_string).collect();
    let exposed: Vec<_> = ports.config.exposed.iter().map(ToString::to_string).collect();
    assert_eq!(published, ["1235:1235/tcp", "[fe80::1]:1236:1236/tcp"]);
    assert!(exposed.contains(&"1234/tcp".to_owned()), "{exposed:?}");
    assert_eq!(
        mounts(of(&project, "binds")),
        ["/a <- /ha", "/b <- /hb (read-only)", "/c <- /ch", "/d <- /dh (read-only)"]
    );
    let links: Vec<_> =
        of(&project, "links").config.links.iter().map(ToString::to_string).collect();
    assert_eq!(links, ["p.a:a", "p.b:b_"]);
    let (positions, names) = (of(&project, "positions"), of(&project, "names"));
    for (spec, address) in [(positions, "10.0.0.8"), (names, "10.0.0.9")] {
        let endpoints = &spec.config.endpoints;
        assert!(endpoints.values().all(|endpoint| endpoint.aliases.contains("alias1")));
        assert_eq!(endpoints["p.endpoint2"].ipv4.as_deref(), None);
        assert_eq!(endpoints["p.endpoint3"].ipv4.as_deref(), Some(address));
    }
    let exec = &of(&project, "exec").exec_commands;
    let shown: Vec<_> =
        exec.iter().map(|e| format!("{} {:?} {:?}", e.argv.join(" "), e.user, e.policy)).collect();
    assert_eq!(shown, ["a b c Some(\"root\") Initial", "a b c None Restart"]);
    // An engine refuses a hostname beside another container's network.
    let share = of(&project, "share.i");
    assert_eq!(share.config.network_mode.to_string(), "container:p.a");
    assert_eq!(share.config.hostname, None);
}

#[test]
fn extensions_are_merged_as_documented() {
    let project = map("
app: {image: x}
svc: {image: x}
redis: {image: x, attaches: {redis_socket: /run/redis}}
volumes: {app_config: /config, app_data: /data, app_log: /log, server_log: /slog}
host: {app_config: config, app_data: data}
abstract_config: {abstract: true, binds: [{app_config: ro}, app_data], uses: {redis_socket: /redis}, user: app_user, create_options: {environment: {A: a, B: b}}}
abstract_worker:
  abstract: true
  extends: abstract_config
  image: /app
  create_options: {entrypoint: celery, mem_limit: 2g, cpu_shares: 10}
  host_config: {restart_policy: {Name: always, MaximumRetryCount: 0}}
worker:
  extends: abstract_worker
  attaches: app_log
  create_options: {command: worker -A MyApp -Q queue1, environment: {B: c}}
server:
  extends: abstract_config
  attaches: server_log
  user: server_user
  links: [[svc, svc_alias1], [svc, svc_alias2]]
  exposes: [[8443, 8443], [8443, 8444]]
");
    let worker = of(&project, "worker");
    assert_eq!(
        mounts(worker),
        [
            "/config <- /srv/p/config (read-only)",
            "/data <- /srv/p/data",
            "/log <- volume p.app_log",
            "/redis <- volume p.redis_socket",
        ]
    );
    let config = &worker.config;
    let words =
        |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
    assert_eq!(config.command, words(&["worker", "-A", "MyApp", "-Q", "queue1"]));
    assert_eq!(*config.entrypoint, words(&["celery"]));
    assert_eq!(config.limits.memory_bytes, Some(2 << 30));
    assert_eq!(config.limits.cpu_shares, Some(10));
    assert_eq!(config.restart.to_string(), "always");
    assert_eq!(config.user.as_deref(), Some("app_user"));
    // docker-map lost the variables that an extension did not name, and a second binding of one port.
    let env: Vec<_> =
        config.env.iter().map(|(k, v)| format!("{k}={}", v.reveal().unwrap())).collect();
    assert_eq!(env, ["A=a", "B=c"]);
    let server = of(&project, "server");
    assert_eq!(server.config.user.as_deref(), Some("server_user"));
    let links: Vec<_> = server.config.links.iter().map(ToString::to_string).collect();
    assert_eq!(links, ["p.svc:svc_alias1", "p.svc:svc_alias2"]);
    let ports: Vec<_> = server.config.published.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["8443:8443/tcp", "8444:8443/tcp"]);
}

#[test]
fn a_name_of_a_volume_and_of_a_container_that_shares() {
    let loaded = load(&map_options("a: {uses: b}\nb: {shares: /s}\nc: {attaches: {b: /v}}\n"));
    assert_eq!(
        loaded.diagnostics.render_plain(&loaded.sources),
        "<stdin>:1:11: warning: containers.a.uses: \"b\" is a volume and a container that shares volumes\n  \
         <stdin>:2:13: the container shares this\n  help: rename one of them\n"
    );
    assert_eq!(mounts(of(&loaded.project.unwrap(), "a")), ["/v <- volume p.b"]);
}
