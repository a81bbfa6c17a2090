//! Commands that look at files alone: config, graph, tasks.

use crate::program::Test;

const SHOP: &str = "\
name: shop
images:
  base:
    context: false
    commands: [FROM scratch, 'ENV A=1']
  app:
    context: false
    commands:
      - [FROM, '{{ images.base }}']
      - CMD [\"/app\"]
volumes:
  data: {path: /data}
networks:
  back: {internal: true}
secrets:
  key: {env: KEY}
containers:
  db:
    image: postgres:16
    attaches: [data]
    networks: [{back: {aliases: [sql]}}]
    healthcheck: {test: [CMD, pg_isready], interval: 2s, retries: 4}
    limits: {memory: 64m, cpus: 1.5}
    secrets: [key]
    stop_timeout: 90s
    exec_commands: [{command: [echo, hi], policy: initial}]
    wait: {port_open: 5432, http: 8080/health, timeout: 10s}
  web:
    image: '{{ images.app }}'
    env: {PLAIN: 'a b', EMPTY: '', NUMBER: '1', TEMPLATE: '{{ \"{{\" }} x }}'}
    ports: ['127.0.0.1:8080:80', '53:53/udp']
    networks: [back]
    depends_on: {db: {condition: healthy}}
    restart: on-failure:3
    devices: ['/dev/null:/dev/zero:r']
    ulimits: {nofile: {soft: 10, hard: 20}}
    log: {driver: json-file, options: {max-size: 10m}}
    init: true
    mounts: ['/etc/hosts:/hosts:ro']
    tmpfs: {/run: size=1m}
groups:
  all: [db, web]
tasks:
  test: {image: '{{ images.app }}', description: Run the tests, label: Checks, command: [test]}
";

#[test]
fn the_long_form_means_the_same_project() {
    let first = Test::project(SHOP).args(["config"]).code(0).stdout;
    let again = Test::project(&first).args(["config"]).code(0).stdout;
    assert_eq!(first, again);
    let hashes = |text: &str| Test::project(text).args(["config", "--hash"]).code(0).stdout;
    assert_eq!(hashes(SHOP), hashes(&first));
    assert_ne!(hashes(SHOP), hashes(&SHOP.replace("retries: 4", "retries: 5")));
}

/// A map whose options name what is not in it, and what is.
const RAW: &str = "\
name: main
volumes: {data: /data}
networks: {n: }
db: {image: x, attaches: data}
web:
  image: x
  create_options: {environment: {A: 1}, volumes: [/v, /h], ports: [80, 53/udp], healthcheck: {test: 'true', interval: 1000000000}}
  host_config:
    binds: ['/h:/h:ro', 'other:/o:ro,nocopy', 'main.data:/d']
    port_bindings: {80: [127.0.0.1, 8080]}
    links: {theirs: t, main.db: d}
    volumes_from: ['theirs:ro', main.db]
    pid_mode: 'container:theirs'
    device_requests: [{count: -1, capabilities: [[gpu]]}]
own: {image: x, networks: n, host_config: {links: [[theirs, a], [theirs, b]], mounts: [{Target: /m, Source: mine}]}}
elsewhere: {image: x, create_options: {mac_address: '02:42:0a:00:00:01'}, host_config: {network_mode: backend}}
home: {image: x, create_options: {mac_address: '02:42:0a:00:00:02'}, host_config: {network_mode: main.n}}
";

#[test]
fn the_long_form_has_what_an_engine_alone_knows() {
    let map = || Test::project("").file("map.yaml", RAW);
    let words = ["-f", "map.yaml", "--dialect", "docker-map", "config"];
    let first = map().args(words).code(0).stdout;
    for text in
        ["Source: other", "[theirs, a]", "network_mode: backend", "source: data", "theirs:ro"]
    {
        assert!(first.contains(text), "{text}\n{first}");
    }
    assert_eq!(first, Test::project(&first).args(["config"]).code(0).stdout);
    let hashes = map().args(["-f", "map.yaml", "--dialect", "docker-map", "config", "--hash"]);
    let again = Test::project(&first).args(["config", "--hash"]).code(0).stdout;
    assert_eq!(hashes.code(0).stdout, again);
}

#[test]
fn parts_of_the_project() {
    for (option, expected) in [
        ("--services", "db\nweb\n"),
        ("--order", "db\nweb\n"),
        ("--images", "postgres:16\nshop/app:latest\nshop/base:latest\n"),
    ] {
        Test::project(SHOP).args(["config", option]).code(0).stdout(expected);
    }
    let test = Test::project(SHOP).variable("KEY", "x");
    test.args(["config", "--check", "-q"]).code(0).stdout("");
}

#[test]
fn the_project_as_json() {
    let ended = Test::project(SHOP).args(["config", "--output", "json"]).code(0);
    let value: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(value["type"], "project");
    assert_eq!(value["containers"]["web"]["ports"][0]["target"], 53);
    assert_eq!(value["containers"]["db"]["secrets"][0]["mode"], "0400");
}

#[test]
fn no_secret_is_shown() {
    let yaml = "name: p\nsecrets: {key: {env: KEY}}\ncontainers:\n  c:\n    image: x\n    \
                env: {PW: '{{ secrets.key }}'}\n";
    for output in ["text", "json"] {
        let test = Test::project(yaml).variable("KEY", "hunter2");
        let ended = test.args(["config", "--output", output]).run();
        assert!(!ended.stdout.contains("hunter2"), "{}", ended.stdout);
        assert!(!ended.stderr.contains("hunter2"), "{}", ended.stderr);
    }
}

#[test]
fn the_graph_is_a_tree() {
    Test::project(SHOP).args(["graph"]).code(0).stdout(
        "\
container web
├─ image app
│  └─ image base
├─ container db (healthy)
│  ├─ image postgres:16
│  ├─ volume data
│  ├─ network back
│  └─ secret key
└─ network back
",
    );
    let db = Test::project(SHOP).args(["graph", "db"]).code(0).stdout;
    assert!(db.starts_with("container db\n├─ image postgres:16\n"), "{db}");
}

#[test]
fn tasks_are_listed_by_label() {
    Test::project(SHOP).args(["tasks"]).code(0).stdout("Checks\n  test  Run the tests\n");
}

#[test]
fn the_graph_knows_what_a_dockerfile_is_built_on() {
    let text = "name: p\nimages:\n  base: {dockerfile: {inline: FROM scratch}}\n  \
                app: {dockerfile: Dockerfile}\n";
    let project = || {
        Test::project(text)
            .file("Dockerfile", "FROM p/base AS a\nFROM scratch\nCOPY --from=a /x /x\n")
    };
    project().args(["graph"]).code(0).stdout("image app\n└─ image base\n");
    project().args(["graph", "base"]).code(0).stdout("image base\n");
    let near = project().args(["graph", "bas"]).code(64);
    near.complains(["there is no `bas` in this project", "did you mean `base`?"]);
}
