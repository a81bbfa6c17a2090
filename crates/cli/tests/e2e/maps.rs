//! docker-map's maps, as their users wrote them, on the engine.
//!
//! Invariant: the files are in docker-map's dialect alone; what they promise is looked for inside the containers.

use crate::harness::{Output, Plan, World, base, engine, free_port};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

/// The map of docker-map's documentation. What nginx and uwsgi do there, busybox does here: the application writes
/// beside its socket, and the web server serves that.
const SITE: &str = "
repository: @project
default_tag: custom
host_root: @site
web_server:
  image: nginx:latest
  binds: {/etc/nginx: [config/nginx, ro]}
  uses: [[app_server_socket, /var/lib/app/custom/socket]]
  attaches: [[web_log, /var/log/nginx]]
  networks: {bridge: null, app: {links: [[app_server.instance1, i1], [app_server.instance2, i2]]}}
  exposes: {80: @http, 443: @https}
  stop_timeout: 5
  create_options: {command: httpd -f -c /etc/nginx/nginx.conf -h /var/lib/app/custom/socket}
  host_config: {init: true, mem_limit: 64m}
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
  healthcheck: {test: [test, -f, /var/lib/app/data/started], interval: 1s, timeout: 1000ms, retries: 3, start_period: 5s}
  create_options:
    entrypoint: sh -c
    command:
    - |
      name=$(cat /var/lib/app/config/name)
      echo \"$name\" > /var/lib/app/socket/$name
      echo \"$name\" >> /var/lib/app/log/app.log
      echo \"$name\" > /var/lib/app/data/started
      exec sleep 1000000
  host_config: {init: true}
app_extra: {image: app, networks: app, create_options: {command: [sleep, '1000000']}, host_config: {init: true}}
networks: {app: null}
volumes: {app_config: /var/lib/app/config, app_log: /var/lib/app/log, app_data: /var/lib/app/data}
host: {app_config: {instance1: config/app1, instance2: config/app2}, app_data: {instance1: data/app1, instance2: data/app2}}
";

/// A world whose file is a map.
struct MapWorld(World);

impl MapWorld {
    fn new(test: &str) -> Option<Self> {
        World::new(test).map(Self)
    }

    fn map(&self, text: &str) -> &Self {
        self.0.file("map.yaml", &self.0.filled(text));
        self
    }

    fn run(&self, words: &[&str]) -> Output {
        let dialect = ["-f", "map.yaml", "--dialect", "docker-map"];
        self.0.run(&[&dialect, words].concat())
    }

    #[track_caller]
    fn up(&self) -> Output {
        let output = self.run(&["up"]);
        output.code(0);
        output
    }

    #[track_caller]
    fn plan(&self, more: &[&str]) -> Plan {
        let output = self.run(&[&["plan", "--output", "json"], more].concat());
        output.code(0).plan()
    }

    /// Nothing is left to do.
    #[track_caller]
    fn settled(&self) {
        self.plan(&[]).is_empty();
    }

    /// What the web server serves of what an instance wrote, and whether it reaches that by its alias.
    #[track_caller]
    fn serves(&self) {
        for (instance, alias) in [("one", "i1"), ("two", "i2")] {
            let url = format!("http://localhost/{instance}");
            assert_eq!(self.0.inside("web_server", &["wget", "-qO-", &url]), instance);
            self.0.inside("web_server", &["ping", "-c", "1", "-W", "5", alias]);
        }
    }
}

fn site(test: &str) -> Option<MapWorld> {
    let world = MapWorld::new(test)?;
    let root = world.0.path("site");
    world.0.file("site/config/app1/name", "one\n").file("site/config/app2/name", "two\n");
    world.0.file("site/config/nginx/nginx.conf", "");
    for instance in ["app1", "app2"] {
        let data = root.join("data").join(instance);
        std::fs::create_dir_all(&data).unwrap();
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o777)).unwrap();
    }
    for image in ["nginx:latest", "app:custom"] {
        base::variant(&format!("{}/{image}", world.0.project));
    }
    let map = SITE.replace("@site", &root.display().to_string());
    let map = map.replace("@https", &free_port().to_string());
    world.map(&map.replace("@http", &free_port().to_string()));
    world.up();
    world.settled();
    Some(world)
}

#[test]
fn the_documented_map_must_work_and_be_settled() {
    let Some(world) = site("doc-map") else { return };
    world.serves();
    let world = &world.0;
    for (instance, name, path) in [("instance1", "one", "app1"), ("instance2", "two", "app2")] {
        let key = format!("app_server.{instance}");
        assert_eq!(world.inside(&key, &["cat", "/var/lib/app/config/name"]), name);
        assert!(world.inside_as(&key, "0", &["touch", "/var/lib/app/config/x"]).0 != 0);
        // Each has the directory of its own on the host.
        let started = std::fs::read_to_string(world.path(&format!("site/data/{path}/started")));
        assert_eq!(started.unwrap(), format!("{name}\n"));
        assert_eq!(world.inside(&key, &["id", "-u"]), "2000");
        let config = &world.container(&key)["Config"];
        assert_eq!(config["Image"], format!("{}/app:custom", world.project));
        let host = format!("{}-app-server-{instance}", world.project);
        assert_eq!(config["Hostname"], host);
    }
    let log = world.inside("app_server.instance2", &["sort", "/var/lib/app/log/app.log"]);
    assert_eq!(log, "one\ntwo", "the instances share what is attached");
    // What the owner's configuration says of what it attaches, seen by whoever uses that.
    let socket = "/var/lib/app/custom/socket";
    assert_eq!(world.inside("web_server", &["stat", "-c", "%u:%g %a", socket]), "2000:2000 750");
    for (user, may) in [("2000", true), ("3000:2000", true), ("3000", false), ("1000:1000", false)]
    {
        let code = world.inside_as("web_server", user, &["ls", socket]).0;
        assert_eq!(code == 0, may, "{user}");
    }
    assert!(world.inside_as("web_server", "3000:2000", &["touch", &format!("{socket}/x")]).0 != 0);
    assert_eq!(world.inside_as("web_server", "2000", &["touch", &format!("{socket}/x")]).0, 0);
}

#[test]
fn a_documented_map_must_be_put_right_after_changes_by_hand() {
    let Some(world) = site("doc-map-hand") else { return };
    let ids = || ["web_server", "app_server.instance1", "app_extra"].map(|key| world.0.id(key));
    let [web, app, extra] = ids();
    let post = |path: String, body: &Value| engine::post(&path, body);

    if !engine::is_podman() {
        let memory = json!({"Memory": 96 << 20, "MemorySwap": 192 << 20});
        post(format!("/containers/{web}/update"), &memory);
        post(format!("/containers/{extra}/update"), &json!({"CpuShares": 512}));
        let plan = world.plan(&[]);
        assert_eq!(plan.changes("container web_server")[0].path, "limits.memory", "{plan}");
        assert_eq!(plan.fields("container app_extra"), ["limits.cpu_shares engine"], "{plan}");
        assert!(plan.actions("container app_extra").contains(&"create"), "{plan}");
        // Only a new container is rid of a limit, unless it may stay.
        let plan = world.plan(&["--skip-limit-reset"]);
        assert_eq!(plan.objects(), ["container web_server".to_owned()].into(), "{plan}");
        world.run(&["up", "--skip-limit-reset"]).code(0);
        assert_eq!(ids(), [web.clone(), app.clone(), extra.clone()]);
        assert_eq!(world.0.container("web_server")["HostConfig"]["Memory"], 64 << 20);
        assert_eq!(world.0.container("app_extra")["HostConfig"]["CpuShares"], 512);
        world.up();
        assert_ne!(world.0.id("app_extra"), extra);
        assert_eq!(world.0.container("app_extra")["HostConfig"]["CpuShares"], 0);
        world.settled();
    }

    let network = world.0.name("app");
    post(format!("/networks/{network}/disconnect"), &json!({"Container": web}));
    let plan = world.plan(&[]);
    assert_eq!(plan.fields("container web_server"), [format!("networks.{network} engine")]);
    assert_eq!(plan.objects().len(), 1, "{plan}");
    world.up();
    world.settled();
    assert_eq!(world.0.id("web_server"), web, "it is connected in place");
    world.serves();

    engine::delete(&format!("/containers/{app}?force=1"));
    let plan = world.plan(&[]);
    assert_eq!(plan.objects(), ["container app_server.instance1".to_owned()].into(), "{plan}");
    world.up();
    world.settled();
    assert_eq!(world.0.id("web_server"), web);
    world.serves();
}

#[test]
fn another_image_must_recreate_who_is_made_of_it_and_nobody_else() {
    let Some(world) = site("doc-map-image") else { return };
    let ids = |keys: &[&str]| -> Vec<String> { keys.iter().map(|key| world.0.id(key)).collect() };
    let made_of_it = ["app_server.instance1", "app_server.instance2", "app_extra"];
    let (before, web) = (ids(&made_of_it), world.0.id("web_server"));
    base::variant(&format!("{}/app:custom", world.0.project));
    let plan = world.plan(&[]);
    for key in made_of_it {
        assert_eq!(plan.fields(&format!("container {key}")), ["image engine"], "{plan}");
    }
    assert_eq!(plan.objects().len(), 3, "{plan}");
    world.up();
    world.settled();
    assert!(ids(&made_of_it).iter().zip(&before).all(|(now, then)| now != then));
    assert_eq!(world.0.id("web_server"), web);
    world.serves();
    // An image that has only lost its name is no reason to make anything anew.
    assert!(engine::delete(&format!("/images/{}/nginx:latest?force=1", world.0.project)));
    world.settled();
    assert_eq!(world.run(&["down"]).code(0).code, 0);
    assert_eq!(
        world.0.objects(),
        ["volumes app_log", "volumes app_server_socket", "volumes web_log"]
    );
}

/// What docker-map recreated, or did, on every update.
const QUIET: &str = "
host_root: @site/
networks: {n: }
volumes: {conf: /conf/, data: {default_path: /data, user: '5:6', permissions: 'u=rwX,g=rX,o='}}
host: {conf: conf//d/}
base: {abstract: true, image: /@image, host_config: {init: true}, create_options: {command: [sleep, '1000000']}}
db: {extends: base, shares: [/s, /t], attaches: data}
uses: {extends: base, uses: [db, [data, ro]]}
linked: {extends: base, links: {db: database}}
binds: {extends: base, binds: [conf, {/slash: @site/conf/}, {/link: @site/link}, {/link2: [link/d/, ro]}]}
env: {extends: base, create_options: {environment: {A: 1, B: true, C: 1.5, D: '', E: 'x y'}}}
list: {extends: base, create_options: {environment: [A=1, 'B=x y', 'C=']}}
entry: {extends: base, create_options: {entrypoint: /bin/sh -c 'exec sleep \"1000000\"', command: null}}
words: {extends: base, create_options: {command: [sh, -c, 'echo \"a b\" ''c''; exec sleep 1000000']}}
ports: {extends: base, exposes: [80, 53/udp, [81, @one], [82, @two, local], [83, @three, local, true]]}
aliases: {extends: base, networks: {n: {aliases: [x, y], links: {db2: z}}, bridge: null}}
db2: {extends: base, networks: n, user: 1000, stop_signal: 15, healthcheck: {test: 'true', interval: 1s}}
check: {extends: base, healthcheck: NONE, network_mode: disabled}
beside: {extends: base, network_mode: db2}
commands: {extends: base, exec_commands: ['touch /tmp/a', [['sh', -c, 'echo x >> /tmp/b'], root, initial]]}
limits: {extends: base, host_config: {mem_limit: 64m, restart_policy: {Name: on-failure, MaximumRetryCount: 3}}}
";

#[test]
fn what_was_never_done_with_must_be_settled_at_once() {
    let Some(world) = MapWorld::new("quiet-map") else { return };
    let root = world.0.path("site");
    world.0.file("site/conf/d/file", "here");
    std::os::unix::fs::symlink("conf", root.join("link")).unwrap();
    world.0.file(
        "clients.yaml",
        "__default__: {interfaces: {local: 127.0.0.1}, interfaces_ipv6: {local: '::1'}}",
    );
    let mut text = QUIET.replace("@site", &root.display().to_string());
    for port in ["@one", "@two", "@three"] {
        text = text.replace(port, &free_port().to_string());
    }
    world.map(&text);
    let run = |words: &[&str]| world.run(&[&["--clients", "clients.yaml"], words].concat());
    let plan = || run(&["plan", "--output", "json"]).code(0).plan();
    run(&["up"]).code(0);
    plan().is_empty();
    assert_eq!(
        world.0.inside("binds", &["cat", "/conf/file", "/link/d/file", "/link2/file"]),
        "herehere".to_owned() + "here"
    );
    assert_eq!(world.0.inside("uses", &["stat", "-c", "%u:%g %a", "/data"]), "5:6 750");

    let id = world.0.id("ports");
    engine::post(&format!("/containers/{id}/stop?t=1"), &Value::Null);
    assert_eq!(plan().deeds(), ["container ports: start"]);
    run(&["up"]).code(0);
    plan().is_empty();
    assert_eq!(world.0.id("ports"), id, "it is started, not made anew");
    assert_eq!(world.0.inside("commands", &["cat", "/tmp/b"]), "x");
}

/// Nearly every key of one container.
const FULL: &str = "
host_root: @site
default_domain: d.org
volumes: {cfg: /cfg, log: /log}
host: {cfg: cfg}
networks: {n1: }
web_srv:
  image: /@image
  shares: /sh
  binds: [cfg, {/h: [h, ro]}]
  attaches: [log, [sock, /sock]]
  uses: [[data, /d2, ro]]
  exposes: ['80', ['443', @port]]
  networks: [[n1, {aliases: [al], links: [[db_1, dbx]]}], bridge]
  stop_signal: SIGINT
  stop_timeout: 3
  healthcheck: {test: ['true'], interval: 1s, retries: 2}
  create_options: {environment: {A: 1}, command: sleep 100000, labels: {k: v}}
  host_config: {mem_limit: 64m, restart_policy: {Name: always}}
db_1:
  image: /@image
  attaches: [[data, /data]]
  networks: n1
  create_options: {command: sleep 100000}
";

/// What is mounted where, with these words for names; `RW` is the engine's word for what may be written.
fn mounts(container: &Value, words: &[(&str, &str)]) -> Vec<String> {
    let mount = |mount: &Value| {
        let of = |key: &str| mount[key].as_str().unwrap_or_default();
        let source = if of("Type") == "bind" { of("Source") } else { of("Name") };
        let source =
            words.iter().fold(source.to_owned(), |text, (from, to)| text.replace(from, to));
        let source = if source.len() == 64 { "anonymous" } else { &source };
        format!("{} <- {source} {}", of("Destination"), mount["RW"])
    };
    let mut all: Vec<_> = container["Mounts"].as_array().unwrap().iter().map(mount).collect();
    all.sort();
    all
}

#[test]
fn what_the_engine_is_asked_for_must_be_what_the_map_says() {
    let Some(world) = MapWorld::new("full_map") else { return };
    let (root, port) = (world.0.path("site").display().to_string(), free_port().to_string());
    world.map(&FULL.replace("@site", &root).replace("@port", &port));
    world.up();
    let inspected = world.0.container("web_srv");
    let hostname = format!("{}-web-srv", world.0.project.replace('_', "-"));
    let project = &world.0.project;
    let text = |text: &str| json!(text);
    for (pointer, expected) in [
        ("/Config/Hostname", json!(hostname)),
        ("/Config/Domainname", text("d.org")),
        ("/Config/ExposedPorts", json!({"80/tcp": {}, "443/tcp": {}})),
        ("/Config/Cmd", json!(["sleep", "100000"])),
        ("/Config/Image", text(base::image())),
        ("/Config/StopSignal", text("SIGINT")),
        ("/Config/StopTimeout", json!(3)),
        ("/Config/Labels/k", text("v")),
        ("/Config/Healthcheck/Test", json!(["CMD", "true"])),
        ("/Config/Healthcheck/Interval", json!(1_000_000_000)),
        ("/Config/Healthcheck/Retries", json!(2)),
        ("/HostConfig/Memory", json!(64 << 20)),
        ("/HostConfig/RestartPolicy/Name", text("always")),
        ("/HostConfig/PortBindings", json!({"443/tcp": [{"HostIp": "", "HostPort": port}]})),
    ] {
        assert_eq!(inspected.pointer(pointer), Some(&expected), "{pointer}");
    }
    assert!(inspected["Config"]["Env"].as_array().unwrap().contains(&json!("A=1")));
    let mounts = mounts(&inspected, &[(&root, "site"), (project, "map")]);
    assert_eq!(
        mounts,
        [
            "/cfg <- site/cfg true",
            "/d2 <- map.data false",
            "/h <- site/h false",
            "/log <- map.log true",
            "/sh <- anonymous true",
            "/sock <- map.sock true",
        ]
    );
    let networks = inspected["NetworkSettings"]["Networks"].as_object().unwrap();
    let mut names: Vec<_> = networks.keys().cloned().collect();
    names.sort();
    assert_eq!(names, ["bridge".to_owned(), world.0.name("n1")]);
    let own = &networks[&world.0.name("n1")];
    assert!(own["Aliases"].as_array().unwrap().contains(&json!("al")), "{own}");
    assert_eq!(own["Links"], json!([format!("{project}.db_1:dbx")]));
    world.settled();
}
