//! Maps that a program builds.
//!
//! Invariant: a map in code makes the project that the same map in a file makes, and findings tell paths, not places.

use windlass_config::load;
use windlass_config::map::{
    Bind, Container, ContainerMap, Endpoint, Engine, ExecCommand, HealthCheck, HostPath, Network,
    Port, SharedVolume, Volume,
};
use windlass_config::{Dialect, LoadOptions};

use crate::docker_map::{CLIENTS, SHOP, with_clients};

/// [`SHOP`] and [`CLIENTS`], in code.
fn shop() -> ContainerMap {
    ContainerMap::new("shop")
        .directory("/srv/p")
        .repository("registry.example.com")
        .default_tag("stable")
        .default_domain("shop.local")
        .set_hostname(true)
        .use_attached_parent_name(false)
        .host_root("/srv/data")
        .default_engine("host1")
        .engine("host1", shop_engine())
        .volume("web_conf", "/etc/nginx")
        .volume("app_sock", shop_socket())
        .volume("app_data", "/var/lib/app")
        .host("web_conf", "conf/nginx")
        .host("app_data", [("i1", "app/i1"), ("i2", "app/i2"), ("default", "app/all")])
        .network("front", shop_front())
        .network("back", Network::new())
        .container(
            "base",
            Container::new()
                .abstract_only()
                .stop_timeout_s(20)
                .create_options(serde_json::json!({"environment": {"TZ": "UTC"}}))
                .host_config(serde_json::json!({
                    "restart_policy": {"Name": "on-failure", "MaximumRetryCount": 3}
                })),
        )
        .container("db", shop_database())
        .container("app", shop_app())
        .container(
            "web",
            Container::new()
                .image("nginx")
                .bind(Bind::alias("web_conf").read_only())
                .bind(Bind::path("/var/www", "www").read_only())
                .uses(SharedVolume::new("app_sock").read_only())
                .network(Endpoint::new("front").alias("www"))
                .network("back")
                .network("bridge")
                .exposes((80, 80))
                .exposes(Port::new(443).published(443).interface("public")),
        )
        .container("sidecar", Container::new().image("busybox").network_mode("app.i1"))
        .group("all_app", ["app.i1", "app.i2", "db"])
}

fn shop_engine() -> Engine {
    Engine::new()
        .url("unix:///var/run/docker.sock")
        .domain("shop.local")
        .stop_timeout_s(15)
        .interface("private", "10.0.0.11")
        .interface("public", "203.0.113.5")
        .interface_ipv6("private", "2001:db8::1")
}

fn shop_socket() -> Volume {
    Volume::new()
        .default_path("/run/app")
        .driver("local")
        .driver_option("type", "tmpfs")
        .driver_option("device", "tmpfs")
        .user("2000:2000")
        .permissions("u=rwX,g=rX,o=")
}

fn shop_front() -> Network {
    Network::new()
        .driver("bridge")
        .set("internal", false)
        .driver_option("com.docker.network.bridge.enable_icc", "true")
        .create_options(serde_json::json!({"labels": {"tier": "front"}}))
}

fn shop_database() -> Container {
    let check = HealthCheck::new(["pg_isready"]).interval("10s").timeout("2s").retries(5);
    Container::new()
        .extends("base")
        .image("/postgres:16")
        .stop_signal("SIGINT")
        .shares("/scratch")
        .attaches(("db_sock", "/run/postgresql"))
        .network("back")
        .health_check(check.start_period("20s"))
}

fn shop_app() -> Container {
    Container::new()
        .extends("base")
        .instances(["i1", "i2"])
        .user(2000)
        .permissions("u=rwX,g=rX,o=")
        .bind("app_data")
        .attaches("app_sock")
        .uses(("db_sock", "/run/db"))
        .exposes(8000)
        .exposes(Port::new(9000).published(19000).interface("private"))
        .network(Endpoint::new("back").alias("app").link(("db", "database")))
        .exec(ExecCommand::new("/bin/migrate").user("root").initial())
        .exec(ExecCommand::new(["/bin/sh", "-c", "warmup"]).user("app"))
        .start_delay_s(2)
}

#[test]
fn a_map_in_code_means_what_the_same_file_means() {
    let (_directory, options) = with_clients(SHOP, CLIENTS);
    let of_file = load(&LoadOptions { project: None, ..options }).project.unwrap();
    let in_code = shop().project().unwrap();
    for (one, other) in of_file.containers.values().zip(in_code.containers.values()) {
        assert_eq!(one, other);
    }
    assert_eq!(of_file, in_code);
}

/// What the YAML has in common with the map in code, and no file of clients.
fn check_same(yaml: &str, map: &ContainerMap) {
    let options = LoadOptions {
        files: vec!["-".into()],
        stdin: Some(yaml.as_bytes().to_vec()),
        dialect: Dialect::DockerMap,
        cwd: "/".into(),
        ..LoadOptions::default()
    };
    let loaded = load(&options);
    assert!(!loaded.diagnostics.has_errors(), "{:?}", loaded.diagnostics);
    assert_eq!(loaded.project, Some(map.project().unwrap()), "{yaml}");
}

#[test]
fn each_key_means_what_it_means_in_a_file() {
    let web = |container: Container| ContainerMap::new("m").container("web", container);
    let new = Container::new;
    for (yaml, map) in [
        ("web: {image: 'x:1', persistent: true}", web(new().image("x:1").persistent())),
        ("web: {network_mode: host}", web(new().network_mode("host"))),
        ("web: {stop_signal: 2}", web(new().stop_signal(2))),
        ("web: {exposes: ['53/udp', 80]}", web(new().exposes("53/udp").exposes(80))),
        (
            "web: {exposes: [[80, 8080, '::1', true]]}",
            web(new().exposes(Port::new(80).published(8080).interface("::1").ipv6())),
        ),
        ("web: {healthcheck: 'NONE'}", web(new().health_check(HealthCheck::disabled()))),
        ("web: {healthcheck: 'a || b'}", web(new().health_check(HealthCheck::new("a || b")))),
        (
            "web: {create_options: {command: 'a b'}}",
            web(new().create_options(serde_json::json!({"command": "a b"}))),
        ),
        ("web: {links: [db, [db, x]]}\ndb:", {
            web(new().link("db").link(("db", "x"))).container("db", new())
        }),
        ("web: {uses: db}\ndb: {shares: /d}", {
            web(new().uses("db")).container("db", new().shares("/d"))
        }),
        ("web: {binds: {/c: [h, ro]}}\nhost_root: /r", {
            web(new().bind(Bind::path("/c", "h").read_only())).host_root("/r")
        }),
        ("web: {instances: [a], binds: d}\nvolumes: {d: /d}\nhost: {d: {a: /a}}", {
            let paths: HostPath = vec![("a", "/a")].into_iter().collect();
            web(new().instances(["a"]).bind("d")).volume("d", "/d").host("d", paths)
        }),
        (
            "web: {networks: [[n, [a], [], 10.1.0.5, 'fd00::5', [169.254.9.9]]]}\nnetworks: {n: {create_options: \
             {enable_ipv6: true, ipam: {Config: [{Subnet: 10.1.0.0/24}, {Subnet: 'fd00::/64'}]}}}}",
            web(new().network(
                Endpoint::new("n")
                    .alias("a")
                    .ipv4_address("10.1.0.5")
                    .ipv6_address("fd00::5")
                    .link_local_ip("169.254.9.9"),
            ))
            .network(
                "n",
                Network::new().create_options(serde_json::json!({"enable_ipv6": true,
                    "ipam": {"Config": [{"Subnet": "10.1.0.0/24"}, {"Subnet": "fd00::/64"}]}})),
            ),
        ),
        ("web: {networks: n}\nnetworks: {n: {internal: true}}", {
            web(new().network("n")).network("n", Network::new().internal())
        }),
    ] {
        check_same(&format!("name: m\n{yaml}"), &map);
    }
}

#[test]
fn engines_are_the_map_s_or_the_container_s_own() {
    let map = ContainerMap::new("m")
        .engine("near", "tcp://10.0.0.1:2376")
        .engine("far", "tcp://10.0.0.2:2376")
        .default_engine("near")
        .container("db", Container::new())
        .container("web", Container::new().engine("far").engine("near"));
    let project = map.project().unwrap();
    let places: Vec<_> = project.containers.keys().map(ToString::to_string).collect();
    assert_eq!(places, ["container web @ far", "container db @ near", "container web @ near"]);
}

#[test]
fn text_is_only_text() {
    let command = ["{{ vars.x }}", "$HOME", "true", "12", "~", "null"];
    let map = ContainerMap::new("m")
        .container("web", Container::new().create_options(serde_json::json!({"command": command})));
    let project = map.project().unwrap();
    let web = project.containers.values().next().unwrap();
    assert_eq!(web.config.command.clone().unwrap(), command);
}

#[test]
fn findings_tell_paths() {
    for (map, expected) in [
        (
            ContainerMap::new("m")
                .container("web", Container::new().uses("nothing").set("imag", "x"))
                .container("db", Container::new().link("wbe").exposes("eighty")),
            r#"error: containers.web.uses[0]: unknown volume "nothing"
  help: known: "db", "web"
error: containers.web.imag: unknown key "imag"
  note: not a key that is known here
  help: did you mean "image"?
error: containers.db.links[0].container: unknown container "wbe"
  help: did you mean "web"?
error: containers.db.exposes[0].exposed_port: "eighty" is not a port from 1 to 65535
  help: write "8080:80", "127.0.0.1:8080:80/udp", "[::1]:8080:80" or "80""#,
        ),
        (
            ContainerMap::new("Shop!"),
            "error: name: \"Shop!\" is not a project's name\n  help: write \"shop\"",
        ),
        (
            ContainerMap::new("m").directory("here"),
            "error: directory: \"here\" is no absolute path",
        ),
        (
            ContainerMap::new("m")
                .container("a", Container::new().attaches(("v", "/v")))
                .container("b", Container::new().attaches(("v", "/v"))),
            r#"error: containers.b.attaches[0]: the volume "v" is attached by two containers
  note: "b"
  note: containers.a.attaches[0]: "a"
  help: let one of them own it, and the other one `uses` it"#,
        ),
        (
            ContainerMap::new("m")
                .container("a", Container::new().link("b"))
                .container("b", Container::new().link("a")),
            "error: containers.b.links[0].container: a dependency cycle: a → b → a
  note: b needs a
  note: containers.a.links[0].container: a needs b
  help: remove one of these dependencies",
        ),
    ] {
        let found = map.project().unwrap_err();
        assert_eq!(found.to_string(), expected);
    }
}
