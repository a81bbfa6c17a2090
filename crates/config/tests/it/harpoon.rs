//! The Harpoon dialect: what a `harpoon.yml` means, case by case of the reference.
//!
//! Invariant: each case says the whole of what it is about: all lines of a Dockerfile, all of a container's ports.

use windlass_config::{Dialect, LoadOptions, Loaded, load, native_tree};
use windlass_model::command::{BuildCommand, CopySource};
use windlass_model::container::ContainerSpec;
use windlass_model::image::{ImageSource, ImageUse};
use windlass_model::project::Project;
use windlass_model::task::{TaskSpec, TaskTarget};

use crate::check::options;

/// A file on standard input.
pub(crate) fn harpoon_options(yaml: &str) -> LoadOptions {
    LoadOptions { dialect: Dialect::Harpoon, ..options(yaml) }
}

#[track_caller]
pub(crate) fn clean(loaded: Loaded) -> Project {
    let findings = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(findings.is_empty(), "findings:\n{findings}");
    loaded.project.expect("no findings, so a project")
}

#[track_caller]
fn harpoon(yaml: &str) -> Project {
    clean(load(&harpoon_options(yaml)))
}

fn used(image: &ImageUse) -> String {
    match image {
        ImageUse::Project(key) => format!("<{key}>"),
        ImageUse::External(reference) => reference.to_string(),
    }
}

/// A command as one line, with images of the file in angles.
fn line(command: &BuildCommand) -> String {
    match command {
        BuildCommand::From { image, alias, .. } => {
            let alias = alias.as_ref().map_or(String::new(), |alias| format!(" AS {alias}"));
            format!("FROM {}{alias}", used(image))
        }
        BuildCommand::Instruction { instruction, text } => format!("{instruction} {text}"),
        BuildCommand::AddContent { content, dest, .. } => format!("ADD {content:?} {dest}"),
        BuildCommand::AddImagePath { image, path, dest, .. } => {
            format!("ADD {}:{path} {dest}", used(image))
        }
        BuildCommand::AddContext { context, dest, .. } => format!("ADD {}/ {dest}", context.dir),
        BuildCommand::AddPaths { prefix, get, .. } => format!("ADD {prefix:?} {get:?}"),
        BuildCommand::CopyFrom { from, path, to, .. } => match from {
            CopySource::Stage(stage) => format!("COPY --from={stage} {path} {to}"),
            CopySource::Image(image) => format!("COPY --from={} {path} {to}", used(image)),
        },
    }
}

#[track_caller]
fn lines(project: &Project, image: &str) -> Vec<String> {
    let ImageSource::Commands { commands, .. } = &project.images[image].source else {
        panic!("{image} has no commands");
    };
    commands.iter().map(|placed| line(&placed.command)).collect()
}

#[track_caller]
fn container<'a>(project: &'a Project, key: &str) -> &'a ContainerSpec {
    project.containers.values().find(|spec| &*spec.key == key).expect("the container is there")
}

#[track_caller]
fn task<'a>(project: &'a Project, name: &str) -> &'a TaskSpec {
    project.tasks.get(name).unwrap_or_else(|| panic!("no task {name}"))
}

/// Each with the Dockerfile of its image `i`.
const COMMANDS: &[(&str, &[&str])] = &[
    (
        r#"
one: 1
two: 2
three: 3
images:
  i:
    commands:
    - "FROM somewhere as base"
    - [FROM, x]
    - [ENV ONE, "{one}"]
    - [ENV, ["TWO {two}", "THREE {three}"]]
    - [ADD, {get: [blah, and], prefix: /projects}]
"#,
        &[
            "FROM somewhere:latest AS base",
            "FROM x:latest",
            "ENV ONE 1",
            "ENV TWO 2",
            "ENV THREE 3",
            r#"ADD Some("/projects") ["blah", "and"]"#,
        ],
    ),
    ("images: {i: {commands: FROM x}}", &["FROM x:latest"]),
    (
        "images: {i: {commands: ['FROM x', 'RUN echo {a} ${b} {{c}}']}}",
        &["FROM x:latest", "RUN echo {a} ${b} {{c}}"],
    ),
    (
        "images: {i: {commands: [[FROM, x, as foo], [CMD, [one, two]], 'COPY --from=foo /a /b']}}",
        &["FROM x:latest AS foo", "CMD one", "CMD two", "COPY --from=foo /a /b"],
    ),
    (
        r#"
word: hi
content: {script: "echo {nothing}"}
images:
  i:
    context: false
    commands:
    - FROM x
    - [ADD, {content: "raw {word}\n", dest: "/{word}"}]
    - ADD: {formatted: "{word} {content.script}", dest: /formatted}
"#,
        &["FROM x:latest", r#"ADD "raw {word}\n" /hi"#, r#"ADD "hi echo {nothing}" /formatted"#],
    ),
    (
        r#"
images:
  blah2: {image_name: somewhere-blah2, commands: [FROM x]}
  i:
    commands:
    - [FROM, "{images.blah2}", as base]
    - {COPY: {from: "{images.blah2}", path: /tmp/stuff, to: d}}
    - FROM y
    - {COPY: {from: 0, path: /tmp/stuff, to: d}}
    - [ADD, {content: {image: "{images.blah2}", path: /p}, dest: /q}]
    - [ADD, {context: {parent_dir: "{config_root}/src"}, dest: /c}]
    - [ADD, {context: {parent_dir: src}, dest: /d}]
"#,
        &[
            "FROM <blah2> AS base",
            "COPY --from=<blah2> /tmp/stuff d",
            "FROM y:latest",
            "COPY --from=0 /tmp/stuff d",
            "ADD <blah2>:/p /q",
            "ADD /srv/p/src/ /c",
            "ADD /srv/p/src/ /d",
        ],
    ),
    // What is named in so many words comes from outside.
    (
        "images: {i: {commands: [FROM debian]}, debian: {image_name: own-debian, commands: [FROM debian]}}",
        &["FROM debian:latest"],
    ),
];

#[test]
fn commands_in_every_form() {
    for (yaml, expected) in COMMANDS {
        let project = harpoon(yaml);
        assert_eq!(lines(&project, "i"), *expected, "{yaml}");
    }
}

#[test]
fn format_strings() {
    let root = r#"
a: "{b}"
b: "{c}"
c: deep
n: 5
l: [1, x]
yes: true
lit: "{{brace}}"
dotted.key: found
nested: {x.y: {z: far}}
content: {raw: "{nobody}"}
vars: {v: root}
images:
  j: {image_name_prefix: p, commands: [FROM x], vars: {v: of j}}
"#;
    for (given, expected) in [
        ("{a}", "deep"),
        ("{n}", "5"),
        ("{l}", "[1, 'x']"),
        ("{yes}", "True"),
        ("{{x}}", "{x}"),
        ("{lit}", "{brace}"),
        ("{dotted.key} {nested.x.y.z}", "found far"),
        ("{HOME:env}", "${HOME}"),
        ("{HOST_VALUE:from_env}!", "from env!"),
        ("{a!r}{n:>4}", "'deep'   5"),
        ("{content.raw}", "{nobody}"),
        ("{config_root}/x", "/srv/p/x"),
        ("{_key_name_3}/{_key_name_2}/{_key_name_1}", "i/commands/"),
        ("{vars.v} {__image__.vars.v} {images.j.vars.v}", "root own of j"),
        ("{images.j}", "p-j:latest"),
        ("{images.j.image_name}", "p-j"),
        ("{{{n}}} ${{{HOST_VALUE:from_env}}}", "{5} ${from env}"),
    ] {
        let yaml = format!(
            "{root}  i:\n    vars: {{v: own}}\n    commands: [FROM x, [RUN, {}]]\n",
            serde_json::to_string(given).unwrap()
        );
        assert_eq!(lines(&harpoon(&yaml), "i")[1], format!("RUN {expected}"), "{given}");
    }
}

#[test]
fn names_of_images() {
    for (keys, expected) in [
        ("", "i:latest"),
        ("image_name_prefix: p", "p-i:latest"),
        ("image_index: 'localhost:1/foo/', image_name_prefix: p", "localhost:1/foo/p-i:latest"),
        ("image_index: 'localhost:1/foo'", "localhost:1/fooi:latest"),
        ("image_name: whole, image_index: 'x/', image_name_prefix: p, tag: '3'", "whole:3"),
        ("name: other, tag: '{__image__.vars.t}', vars: {t: 7}", "other:7"),
    ] {
        let yaml = format!("images: {{i: {{commands: [FROM x], {keys}}}}}");
        let image = &harpoon(&yaml).images["i"];
        assert_eq!(image.reference, expected, "{keys}");
        assert_eq!(image.push, keys.contains("'localhost:1/foo/'"), "{keys}");
    }
    let mut options = harpoon_options("images: {i: {commands: [FROM x]}}");
    options.env.insert("EXTRA_IMAGE_NAME".to_owned(), "-sfx".to_owned());
    assert_eq!(clean(load(&options)).images["i"].reference, "i-sfx:latest");
}

#[test]
fn the_root_is_under_every_image() {
    let project = harpoon(
        "
context: false
vars: {blah: 30, stuff: 40}
env: [ROOT_ENV=1]
images:
  one: {vars: {stuff: 2}, commands: [[FROM, 'x:{__image__.vars.blah}-{__image__.vars.stuff}']]}
  two: {commands: [FROM x], env: [OWN=2]}
",
    );
    assert_eq!(lines(&project, "one"), ["FROM x:30-2"]);
    let env = |key: &str| -> Vec<String> {
        container(&project, key).config.env.keys().cloned().collect()
    };
    assert_eq!((env("one"), env("two")), (vec!["ROOT_ENV".to_owned()], vec!["OWN".to_owned()]));
}

#[test]
fn contexts() {
    let context = |keys: &str| {
        let yaml = format!("images: {{i: {{commands: [FROM x, 'ADD . /x'], {keys}}}}}");
        let ImageSource::Commands { context, .. } = &harpoon(&yaml).images["i"].source else {
            panic!("{yaml}");
        };
        context.clone()
    };
    let whole = context("").unwrap();
    assert_eq!(whole.dir, "/srv/p");
    assert!(whole.follow_links && !whole.use_dockerignore && !whole.use_gitignore);
    assert_eq!(context("context: true"), Some(whole.clone()));
    assert_eq!(context("context: false"), None);
    let some = context(
        "context: {parent_dir: src, exclude: ['.git/**', x], include: '.git/**', use_gitignore: true}",
    );
    let some = some.unwrap();
    assert_eq!(
        (some.dir.as_str(), some.exclude, some.include, some.use_gitignore),
        (
            "/srv/p/src",
            vec![".git/**".to_owned(), "x".to_owned()],
            vec![".git/**".to_owned()],
            true
        )
    );
    let none = harpoon("images: {i: {commands: [FROM x, RUN y]}}");
    assert!(matches!(&none.images["i"].source, ImageSource::Commands { context: None, .. }));
}

#[test]
fn small_grammars() {
    let project = harpoon(
        r#"
port: 9000
images:
  i:
    commands: [FROM x]
    env: ["A=b:c", "URL=http://h:1/x=y", "HOST_VALUE:none", "OTHER:fallback", [THIRD, value], TOKEN, "P={port}"]
    ports: ["8080:80", "127.0.0.1::80/udp", ":81", "8081:", 82, "{port}:83", [84, "85/udp"], "0:86"]
    volumes: {mount: ["/a:/b", "~/c:/d:ro", "ee:/f:z", "{config_root}/g:/h:rw", ["./i", /j]]}
"#,
    );
    let config = &container(&project, "i").config;
    let env: Vec<_> = config
        .env
        .iter()
        .map(|(name, value)| format!("{name}={}", value.reveal().unwrap_or("?")))
        .collect();
    assert_eq!(
        env,
        [
            "A=b:c",
            "HOST_VALUE=from env",
            "OTHER=fallback",
            "P=9000",
            "THIRD=value",
            "TOKEN=hunter2",
            "URL=http://h:1/x=y"
        ]
    );
    let ports: Vec<_> = config.published.iter().map(ToString::to_string).collect();
    assert_eq!(
        ports,
        ["8080:80/tcp", "127.0.0.1::80/udp", "9000:83/tcp", "84:85/udp", "86/tcp"]
            .map(str::to_owned)
            .into_iter()
            .collect::<Vec<_>>()
    );
    let mounts: Vec<_> =
        config.mounts.iter().map(|(target, mount)| format!("{target} <- {mount}")).collect();
    assert_eq!(
        mounts,
        [
            "/b <- /a",
            "/d <- /home/me/c (read-only)",
            "/f <- volume ee (read-only)",
            "/h <- /srv/p/g",
            "/j <- /srv/p/i"
        ]
    );
}

#[test]
fn images_that_need_others() {
    let project = harpoon(
        r#"
images:
  db:
    commands: [FROM x]
    container_name_of: nobody
    x-note: own
    wait_condition: {port_open: 5432, greps: {/ready: "value here"}, command: ['test "$(cat /x)" = 3'], timeout: 20, wait_between_attempts: 0.5}
  cache: {commands: [FROM x]}
  app:
    commands: [FROM x]
    links: ["{images.db}", ["{images.cache}", store]]
    volumes: {share_with: ["{images.cache}"]}
    dependency_options: {cache: {attached: true, wait_condition: {file_exists: /up}}}
    command: "echo {images.db.container_name_of}"
"#,
    );
    let app = container(&project, "app");
    let mut needs: Vec<_> = app.depends_on.iter().map(|one| one.on.name.to_string()).collect();
    needs.sort();
    needs.dedup();
    assert_eq!(needs, ["cache", "db"]);
    let endpoint = &app.config.endpoints["p.default"];
    let links: Vec<_> = endpoint.links.iter().cloned().collect();
    assert_eq!(links, ["p.cache:store", "p.db:db"]);
    let from: Vec<_> = app.config.volumes_from.iter().cloned().collect();
    assert_eq!(from, ["p.cache"]);
    let wait = container(&project, "db").wait.as_ref().unwrap();
    assert_eq!((wait.timeout_ms, wait.interval_ms, wait.conditions.len()), (20_000, 500, 3));
    assert!(format!("{wait:?}").contains(r#"["grep", "-e", "value here", "/ready"]"#));
    let cache = container(&project, "cache");
    assert!(cache.config.tty && cache.config.stdin_open);
    assert_eq!(cache.wait.as_ref().unwrap().conditions.len(), 1);
}

#[test]
fn tasks_run_in_the_container_of_their_image() {
    let project = harpoon(
        r#"
greet: hi
word: w
images:
  app:
    commands: [FROM x, [RUN, "{word}"]]
    env: [A=1, B=2]
    ports: ["8080:80"]
    tasks:
      plain: {description: As it is}
      say: {options: {command: "echo {$@}"}}
      line: {options: {bash: "echo {greet} $X"}}
      zsh: {options: {bash: "echo", shell: /bin/zsh}}
      env: {options: {env: [C=3], user: me, ports: []}}
      bye: {options: {command: "echo {greet}"}, overrides: {greet: bye}}
      same: {options: {command: first}}
      tagged: {options: {tag: "2"}}
      built: {overrides: {word: v}}
      named: {options: {command: "echo {_key_name_1} {_key_name_0}"}}
  other:
    commands: [FROM x]
    tasks:
      same: {options: {command: second}}
"#,
    );
    let target = |name: &str| {
        let TaskTarget::Container(key) = &task(&project, name).target else { panic!("{name}") };
        key.clone()
    };
    let words = |name: &str| task(&project, name).config.command.clone().unwrap_or_default();
    assert_eq!(target("plain"), "app");
    assert_eq!(task(&project, "plain").description.as_deref(), Some("As it is"));
    assert_eq!(task(&project, "plain").config.published.len(), 1);
    assert!(task(&project, "say").takes_args);
    assert_eq!(task(&project, "line").bash.as_deref(), Some("echo hi $X"));
    assert_eq!(words("zsh"), ["/bin/zsh", "-c", "echo", "sh"]);
    assert_eq!(
        (words("same"), words("app.same")),
        (vec!["second".to_owned()], vec!["first".to_owned()])
    );
    assert_eq!(target("env"), "app-env");
    let own = container(&project, "app-env");
    assert_eq!(own.config.env.keys().collect::<Vec<_>>(), ["C"]);
    assert_eq!(own.config.user.as_deref(), Some("me"));
    assert_eq!(task(&project, "env").config.published.len(), 0);
    assert_eq!(words("bye"), ["echo", "bye"]);
    assert!(!project.images.contains_key("app-bye"), "its image is the same");
    // What an override changes in the image makes it another one.
    assert_eq!(project.images["app-built"].reference, "app-built:latest");
    assert_eq!(lines(&project, "app-built")[1], "RUN v");
    assert_eq!(container(&project, "app-built").image, ImageUse::Project("app-built".into()));
    // As in Harpoon, which puts options into the image.
    assert_eq!(words("named"), ["echo", "app", "command"]);
    assert_eq!(project.images["app-tagged"].reference, "app:2");
    assert_eq!(container(&project, "app-tagged").image, ImageUse::Project("app-tagged".into()));
    assert!(project.containers.values().all(|spec| spec.profiles.contains(&*spec.key)));
}

#[test]
fn tasks_that_are_commands() {
    let project = harpoon(
        "images: {i: {commands: [FROM x], tasks: {
            make: {action: make}, tag: {action: tag}, all: {action: push_all}, deps: {action: pull_dependencies}}}}",
    );
    let of = |name: &str| {
        let task = task(&project, name);
        let words = task.config.command.clone().unwrap_or_default().join(" ");
        let is_of_image = matches!(&task.target, TaskTarget::Image(_));
        (task.action.as_str(), words, is_of_image)
    };
    assert_eq!(of("make"), ("build", String::new(), true));
    assert_eq!(of("tag"), ("tag", "--push".to_owned(), true));
    assert_eq!(of("all"), ("push", "--all".to_owned(), false));
    assert_eq!(of("deps"), ("pull", "--external".to_owned(), true));
}

/// Without where each command stands, which differs between two files.
fn placeless(mut project: Project) -> Project {
    for image in project.images.values_mut() {
        if let ImageSource::Commands { commands, .. } = &mut image.source {
            for placed in commands.iter_mut() {
                placed.place.clear();
            }
        }
    }
    project
}

/// What a file means does not change by its being written in the native format.
#[test]
fn as_a_native_file_each_means_the_same() {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/harpoon");
    let kept = std::fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.map(|path| std::fs::read_to_string(path).unwrap());
    let mut count = 0;
    for yaml in kept.chain(COMMANDS.iter().map(|(yaml, _)| (*yaml).to_owned())) {
        let mut options = harpoon_options(&yaml);
        for name in ["NOT_SET", "ALSO_NOT"] {
            options.env.insert(name.to_owned(), "a {{ b }}".to_owned());
        }
        let Some(project) = load(&options).project else { continue };
        let tree = native_tree(&options).tree.expect("a project has a tree").to_string();
        assert!(!tree.contains("hunter") && !tree.contains("a {{ b }}"), "{tree}");
        let native = LoadOptions {
            dialect: Dialect::Windlass,
            stdin: Some(tree.clone().into_bytes()),
            ..options
        };
        let native = load(&native);
        let findings = native.diagnostics.render_plain(&native.sources);
        let native = native.project.unwrap_or_else(|| panic!("{findings}\n{tree}"));
        assert_eq!(placeless(native), placeless(project), "{yaml}\n{tree}");
        count += 1;
    }
    assert!(count > 12, "{count}");
}

#[test]
fn words_of_the_command_line_stay_whole() {
    let yaml =
        "images: {app: {commands: [FROM x], tasks: {say: {options: {command: 'echo {$@}'}}}}}";
    let args = vec!["a b".to_owned(), "{\"k\":1}".to_owned(), "{X}".to_owned()];
    let options = LoadOptions { args: args.clone(), ..harpoon_options(yaml) };
    let project = clean(load(&options));
    let words = task(&project, "say").config.command.clone().unwrap();
    assert_eq!(words, [vec!["echo".to_owned()], args].concat());
}

#[test]
fn options_of_running_containers() {
    let project = harpoon(
        r#"
images:
  i:
    commands: [FROM x]
    user: me
    privileged: true
    read_only_rootfs: true
    devices: [{PathOnHost: /dev/fuse, PathInContainer: /dev/fuse, CgroupPermissions: r}]
    ulimits: [{Name: nofile, Soft: 10, Hard: 20}]
    security_opt: [no-new-privileges]
    restart_policy: always
    network: {dns: [10.0.0.2], dns_search: [a.b], hostname: h, domainname: d.e, extra_hosts: ["f:10.0.0.3"], publish_all_ports: true}
    cpu: {cap_add: [SYS_ADMIN], cap_drop: [ALL], cpuset_cpus: "0", mem_limit: 33554432, memswap_limit: 0, cpu_shares: 5}
    other_options: {host_config: {shm_size: 64m}, create: {working_dir: /w}}
"#,
    );
    let config = &container(&project, "i").config;
    assert!(config.privileged && config.read_only && config.publish_all);
    assert_eq!(config.limits.memory_bytes, Some(33_554_432));
    assert_eq!(config.limits.memory_swap_bytes, None);
    assert_eq!((config.devices.len(), config.ulimits.len()), (1, 1));
    assert_eq!(config.workdir.as_deref(), Some("/w"));
    assert_eq!(config.hostname.as_deref(), Some("h"));
}
