//! The docker-map dialect: maps and client files, as their users wrote them.
//!
//! Invariant: what a map means is asserted on the project; that shorthands mean the same as in the native format is
//! what `shorthands.rs` asserts.

use windlass_config::{Dialect, LoadOptions, Loaded, load};
use windlass_model::container::ContainerSpec;
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
fn with_clients(yaml: &str, clients: &str) -> (tempfile::TempDir, LoadOptions) {
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

const SHOP: &str = "
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

const CLIENTS: &str = "
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
    let project = map("host: !path {a: $SITE_ROOT/a, b: ~/b, c: $NONE/c}
volumes: {a: /a, b: /b, c: /c}
web: {image: x, binds: [a, b, {/d: !path_lazy '${SITE_ROOT}/d'}, {/e: !path [~/e, ro]}]}
");
    assert_eq!(
        mounts(of(&project, "web")),
        ["/a <- /srv/a", "/b <- /home/me/b", "/d <- /srv/d", "/e <- /home/me/e (read-only)"]
    );
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
    ] {
        check_with(yaml, &map_options(yaml));
    }
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
            "<stdin>:1:30: error: containers.web.engines: unknown engine \"c\"",
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
fn what_was_handed_on_to_the_python_client() {
    let project = map(
        "volumes: {data: {default_path: /d, create_options: {labels: {tier: db}, driver_opts: {type: tmpfs}}}}
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
