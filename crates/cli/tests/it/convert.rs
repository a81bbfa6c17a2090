//! `windlass convert`: the file that is written means the same, has no secret, and takes no other's place unasked.

use crate::program::Test;

const HARPOON: &str = "
who: world
images:
  app:
    commands: [FROM busybox, [RUN, 'echo {who} {{{{x}}}}']]
    env: [TOKEN, 'MODE:none', 'LEVEL={LEVEL:from_env}']
    assume_role: arn
    tasks: {say: {options: {command: 'echo {$@}'}}}
authentication: {r.example.com: {reading: {use: plain, username: me, password: hunter2}}}
";

const MAP: &str = "
volumes: {data: /data}
host: {data: !path $SITE/data}
web: {image: busybox, binds: data, exposes: {80: 8080}, healthcheck: {test: [\"true\"], interval: 10s}}
";

/// The project that the program reads, wherever its files are.
fn config(read: Test) -> serde_json::Value {
    let read = read.args(["--output", "json", "config"]);
    let directory = read.directory().display().to_string();
    let shown = read.code(0).stdout.replace(&directory, "DIR");
    let last = shown.lines().rfind(|line| line.contains("\"project\"")).unwrap();
    serde_json::from_str(last).unwrap()
}

fn written(name: &str, yaml: &str, dialect: &str) -> String {
    let test = Test::new().file(name, yaml).variable("SITE", "/srv").variable("TOKEN", "hunter3");
    let test = test.variable("LEVEL", "hunter4").args(["-f", name, "--dialect", dialect]);
    test.args(["-p", "p", "convert", "--to", "native"]).code(0).stdout
}

#[test]
fn a_converted_file_means_the_same() {
    for (name, yaml, dialect) in
        [("harpoon.yml", HARPOON, "harpoon"), ("map.yaml", MAP, "docker-map")]
    {
        let native = written(name, yaml, dialect);
        assert!(native.starts_with(&format!("# Made of {name} by")), "{native}");
        assert!(!native.contains("hunter"), "{native}");
        let with = |name: &str, yaml: &str| {
            let test = Test::new().file(name, yaml).variable("SITE", "/srv");
            let test = test.variable("TOKEN", "t").variable("LEVEL", "l").args(["-p", "p"]);
            test.args(["-f", name])
        };
        let one = config(with(name, yaml).args(["--dialect", dialect]));
        assert_eq!(one, config(with("windlass.yaml", &native)), "{native}");
    }
}

#[test]
fn a_file_that_is_there_stays_unless_force_is_said() {
    let test =
        || Test::new().file("harpoon.yml", HARPOON).variable("TOKEN", "t").variable("LEVEL", "l");
    let there =
        test().file("out.yaml", "mine").args(["convert", "--to", "native", "-o", "out.yaml"]);
    there.code(64).complains(["out.yaml is there already", "--force"]);
    assert_eq!(std::fs::read_to_string(there.directory().join("out.yaml")).unwrap(), "mine");
    let forced = there.args(["--force"]);
    forced.code(0);
    let shown = std::fs::read_to_string(forced.directory().join("out.yaml")).unwrap();
    assert!(shown.contains("# <") || shown.contains("windlass takes no roles of AWS"), "{shown}");
    assert!(shown.contains("LEVEL={{ env.LEVEL }}"), "{shown}");
    let native = Test::project("containers: {web: {image: x}}").args(["convert", "--to", "native"]);
    native.code(64).complains(["native format"]);
}

#[test]
fn what_is_not_set_is_said_where_it_is_needed() {
    let test = Test::new().file("harpoon.yml", HARPOON).variable("LEVEL", "l");
    let native = test.args(["-p", "p", "convert", "--to", "native"]).code(0);
    let said = "\n  # the variable `TOKEN` is not set; set TOKEN, or give it a default\n  app:\n    image: app\n";
    assert!(native.stdout.contains(said), "{}", native.stdout);
    assert!(!native.stdout.contains("# the variable `LEVEL`"));
}

#[test]
fn a_file_elsewhere_names_the_directory_whatever_it_is_called() {
    for name in ["plain", "{{ x }}", "a: {%b%}", "it's \"#\" {", "{a}"] {
        let yaml = "images: {app: {commands: [FROM busybox], volumes: {mount: ['./data:/data']}}}";
        let file = format!("{name}/harpoon.yml");
        let test = Test::new().file(&file, yaml).file("other/x", "");
        let test =
            test.args(["-p", "p", "-f", &file, "convert", "--to", "native", "-o", "other/w.yaml"]);
        test.code(0);
        let read = |file: &str| {
            let native = std::fs::read_to_string(test.directory().join(file)).unwrap();
            config(Test::new().file("windlass.yaml", &native).args(["-p", "p"]))
        };
        let shown = read("other/w.yaml").to_string();
        let expected = test.directory().join(name).join("data").display().to_string();
        let expected = serde_json::Value::from(expected).to_string();
        let shown = shown.replace("/./", "/");
        assert!(shown.contains(&expected), "{expected}: {shown}");
    }
}
