//! Projects as a whole: instances, extends, volumes, images, tasks.
//!
//! Invariant: what is checked here is the project that the other stages get.

use windlass_config::{LoadOptions, load};
use windlass_model::command::BuildCommand;
use windlass_model::dependency::Condition;
use windlass_model::image::{DockerfileSource, ImageSource};
use windlass_model::project::Project;
use windlass_model::task::TaskTarget;

use crate::check::{options, project};

fn container<'a>(project: &'a Project, name: &str) -> &'a windlass_model::container::ContainerSpec {
    project.containers.values().find(|c| c.address.name == name).expect(name)
}

#[test]
fn the_engine_that_nobody_declared_is_there_only_if_something_is_on_it() {
    for (text, expected) in [
        ("containers: {a: {image: x}}", "default"),
        ("engines: {prod: {}}\ncontainers: {a: {image: x}}", "prod"),
        (
            "engines: {one: {}, two: {}}\ncontainers: {a: {image: x, engines: [one, two]}}",
            "default one two",
        ),
        (
            "engines: {one: {}, two: {}}\ndefault_engines: [one, two]\ncontainers: {a: {image: x}}",
            "one two",
        ),
        (
            "engines: {one: {}, default: {}}\ndefault_engines: [one]\ncontainers: {a: {image: x}}",
            "default one",
        ),
    ] {
        let found: Vec<_> = project(text).engines.keys().map(ToString::to_string).collect();
        assert_eq!(found.join(" "), expected, "{text}");
    }
}

#[test]
fn instances_engines_and_names() {
    let project = project(
        "host: {conf: {a: /ha, default: /hd}}\nvolumes: {conf: /conf}\nengines: {one: {url: 'unix:///x', domain: d.one}, two: {}}\n\
         default_domain: d.all\n\
         containers:\n  w: {image: x, instances: [a, b_c], engines: [one, two], binds: conf}\n  v: {image: x, set: 1}\n"
            .replace(", set: 1", "")
            .as_str(),
    );
    let found: Vec<_> = project
        .containers
        .values()
        .map(|c| {
            let source = c.config.mounts.get("/conf").map(ToString::to_string).unwrap_or_default();
            format!(
                "{} {} {} {} {source}",
                c.address,
                c.name,
                c.config.hostname.as_deref().unwrap(),
                c.config.domainname.as_deref().unwrap()
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "container v p.v p-v d.all ",
            "container w.a @ one p.w.a p-w-a-one d.one /ha",
            "container w.b_c @ one p.w.b_c p-w-b-c-one d.one /hd",
            "container w.a @ two p.w.a p-w-a-two d.all /ha",
            "container w.b_c @ two p.w.b_c p-w-b-c-two d.all /hd",
        ]
    );
}

#[test]
fn extends_merges_and_own_values_win() {
    let project = project(
        "containers:\n  base: {abstract: true, image: one, instances: [i], binds: {/c: [/h, ro]}, shares: /s, exposes: [80], \
         env: {A: 1, B: 1}, tty: true, depends_on: {d: healthy}, healthcheck: {test: t, retries: 3}}\n  \
         mid: {abstract: true, extends: base, user: mid, command: [m]}\n  \
         top: {extends: [base, mid], image: two, instances: [j, i], binds: {/c: /h2, /d: /e}, shares: [/s, /t], exposes: [81], \
         env: {B: 2}, tty: false, healthcheck: {interval: 5s}}\n  d: {image: x}\n",
    );
    let top = container(&project, "top.j");
    assert!(project.containers.keys().any(|address| address.name == "top.i"));
    assert_eq!(top.image.to_string(), "two:latest");
    assert_eq!(top.config.user.as_deref(), Some("mid"));
    assert_eq!(top.config.command.as_deref().unwrap(), ["m"]);
    assert!(!top.config.tty);
    let mounts: Vec<_> = top.config.mounts.iter().map(|(t, m)| format!("{t} {m}")).collect();
    assert_eq!(mounts, ["/c /h2", "/d /e", "/s an anonymous volume", "/t an anonymous volume"]);
    let ports: Vec<_> = top.config.exposed.iter().map(ToString::to_string).collect();
    assert_eq!(ports, ["80/tcp", "81/tcp"]);
    let env: Vec<_> =
        top.config.env.iter().map(|(k, v)| format!("{k}={}", v.reveal().unwrap())).collect();
    assert_eq!(env, ["A=1", "B=2"]);
    assert_eq!(top.depends_on[0].condition, Condition::Healthy);
    let health = top.config.healthcheck.as_ref().unwrap();
    assert_eq!((health.retries, health.interval_ns), (3, 5_000_000_000));
}

#[test]
fn volumes_and_their_owners() {
    let project = project(
        "volumes:\n  plain:\n  owned: {path: /o, user: '1:2', permissions: 'u=rwx,go='}\n  out: {external: true}\n  named: {name: x.y, driver: d, driver_options: {a: 1}}\n  \
         alias: /a\n\
         host: {alias: /h}\ncontainers:\n  w: {image: x, user: 5, attaches: [owned, {mine: /m}], binds: alias, mounts: ['plain:/p', 'out:/q']}\n",
    );
    let found: Vec<_> = project
        .volumes
        .values()
        .map(|v| {
            let owner = v.owner.map(|o| format!("{}:{} {:o}", o.uid, o.gid, o.mode));
            format!("{} {} {} {}", v.key, v.name, v.external, owner.unwrap_or_default())
        })
        .collect();
    assert_eq!(
        found,
        [
            "mine p.mine false 5:5 755",
            "named x.y false ",
            "out out true ",
            "owned p.owned false 1:2 700",
            "plain p.plain false "
        ]
    );
    let project = crate::check::project(
        "use_attached_parent_name: true\nvolumes: {v: /v}\ncontainers:\n  a: {image: x, attaches: v}\n  b: {image: x, attaches: v}\n  c: {image: x, uses: a.v}\n",
    );
    let names: Vec<_> = project.volumes.values().map(|v| v.name.as_str()).collect();
    assert_eq!(names, ["p.a.v", "p.b.v"]);
    assert_eq!(container(&project, "c").config.mounts["/v"].to_string(), "volume p.a.v");
}

const IMAGES: &str = r#"
defaults: {labels: {all: x}, builder: classic}
images:
  base: {image: debian}
  app:
    commands:
    - [FROM, "{{ images.base }}", as build]
    - RUN make
    - [ENV, [A=1, B=2]]
    - ADD: {content: "{{ project }}", dest: /c, mode: 0o600}
    - [ADD, {prefix: /srv, get: [a, b]}]
    - FROM scratch
    - COPY: {from: build, path: /x, to: /y}
    - [COPY, {from: 0, path: /x, to: /z}]
    - {COPY: {from: tools, path: /t, to: /t}}
    - CMD: '["x"]'
    tags: [v1, other/app:2]
    name: acme/app
    tag: v2
    tasks: {lint: {command: lint}, test: {command: t}}
  tools: {dockerfile: {inline: FROM scratch}, context: sub, args: {A: 1}, labels: {own: y}}
  root: {import: r.tar, changes: CMD x}
tasks: {test: {image: base, command: x}}
"#;

fn show(command: &BuildCommand) -> String {
    match command {
        BuildCommand::Instruction { instruction, text } => format!("{instruction} {text}"),
        BuildCommand::From { image, alias, platform: _ } => format!("FROM {image} AS {alias:?}"),
        BuildCommand::AddContent { content, dest, options } => {
            format!("content {content} {dest} {:o}", options.mode.unwrap())
        }
        BuildCommand::AddPaths { prefix, get, .. } => format!("get {prefix:?} {get:?}"),
        BuildCommand::CopyFrom { from, path, to, .. } => format!("copy {from:?} {path} {to}"),
        BuildCommand::AddImagePath { .. } | BuildCommand::AddContext { .. } => String::new(),
    }
}

#[test]
fn images_of_every_source() {
    let project = project(IMAGES);
    let app = &project.images["app"];
    assert_eq!(app.reference, "acme/app:v2");
    assert_eq!(app.tags.iter().collect::<Vec<_>>(), ["acme/app:v1", "other/app:2"]);
    let ImageSource::Commands { commands, context } = &app.source else {
        panic!("{:?}", app.source)
    };
    assert_eq!(context.as_ref().unwrap().dir, "/srv/p");
    let shown: Vec<_> = commands.iter().map(|placed| show(&placed.command)).collect();
    assert_eq!(
        shown,
        [
            "FROM base AS Some(\"build\")",
            "RUN make",
            "ENV A=1",
            "ENV B=2",
            "content p /c 600",
            "get Some(\"/srv\") [\"a\", \"b\"]",
            "FROM scratch",
            "copy Stage(\"build\") /x /y",
            "copy Stage(\"0\") /x /z",
            "copy Image(Project(\"tools\")) /t /t",
            "CMD [\"x\"]",
        ]
    );
    assert_eq!(commands[1].place, "<stdin>:8");
    assert_eq!(app.depends_on.iter().collect::<Vec<_>>(), ["base"]);
    let tools = &project.images["tools"];
    assert_eq!(tools.reference, "p/tools:latest");
    assert!(
        matches!(&tools.source, ImageSource::Dockerfile { dockerfile: DockerfileSource::Inline(text), context: Some(context) }
        if text == "FROM scratch" && context.dir == "/srv/p/sub")
    );
    assert_eq!(tools.build.labels.len(), 2);
    assert!(
        matches!(&project.images["root"].source, ImageSource::Import { path, .. } if path == "/srv/p/r.tar")
    );
    assert_eq!(project.images["base"].reference, "debian:latest");
    let tasks: Vec<_> = project.tasks.keys().collect();
    assert_eq!(tasks, ["app.test", "lint", "test"]);
    assert_eq!(
        project.tasks["lint"].target,
        TaskTarget::Image(windlass_model::image::ImageUse::Project("app".into()))
    );
}

#[test]
fn merge_keys_and_anchors() {
    let project = project(
        "x-a: &a {image: one, tty: true, env: &e {A: 1}}\nx-b: &b {image: two, user: u}\n\
         containers:\n  w: {<<: [*a, *b], tty: false, env: {<<: *e, B: 2}}\n",
    );
    let w = container(&project, "w");
    assert_eq!(w.image.to_string(), "one:latest");
    assert!(!w.config.tty);
    assert_eq!(w.config.user.as_deref(), Some("u"));
    assert_eq!(w.config.env.len(), 2);
}

#[test]
fn loading_twice_gives_the_same() {
    let yaml = "vars: {a: 1}\ncontainers: {b: {image: x, depends_on: a, env: {V: '{{ vars.a }}'}}, a: {image: x}}\n";
    assert_eq!(project(yaml), project(yaml));
}

#[test]
fn places_name_every_object() {
    let loaded = crate::check::load_text(
        "images: {i: {image: x}}\nvolumes: {v: null}\nnetworks: {n: null}\ncontainers: {c: {image: i}}\n",
    );
    let found: Vec<_> = loaded
        .places
        .objects
        .iter()
        .map(|(address, span)| format!("{address} {}", loaded.sources.slice(*span)))
        .collect();
    assert_eq!(found, ["network n n", "volume v v", "image i i", "container c c"]);
}

#[test]
fn null_is_as_if_a_key_were_not_written() {
    let nulls = "containers: {web: {image: x, command: null, ports: , env: , tty: ~, depends_on: null, healthcheck: null, networks: }}\n";
    assert_eq!(project(nulls), project("containers: {web: {image: x}}\n"));
    assert_eq!(project("containers:\nvolumes:\nimages:\ntasks:\n").containers.len(), 0);
}

#[test]
fn tasks_say_what_they_set_and_need() {
    let project = project(
        "containers:\n  db: {image: x}\n  web: {image: x, tasks: {t: {env: {A: 1}, volumes: [\"data:/d\"], privileged: false}}}\n\
         volumes: {data: }\n\
         tasks:\n  t: {image: x, command: [echo, \"{{ containers.db }}\"], needs: [b, a]}\n  a: {container: db, depends_on: {web: healthy}}\n  b: {image: x}\n",
    );
    let of_web = &project.tasks["web.t"];
    assert_eq!(of_web.target, TaskTarget::Container("web".to_owned()));
    assert_eq!(of_web.written.iter().copied().collect::<Vec<_>>(), ["env", "mounts", "privileged"]);
    let task = &project.tasks["t"];
    assert_eq!(task.needs, ["b", "a"], "as they are written");
    let on = |task: &str| {
        let all = &project.tasks[task].depends_on;
        all.iter().map(|one| (one.on.name.to_string(), one.condition.as_str())).collect::<Vec<_>>()
    };
    assert_eq!(on("t"), [("db".to_owned(), "started")]);
    assert_eq!(on("a"), [("web".to_owned(), "healthy")]);
}

#[test]
fn overrides_lie_over_the_target_while_their_task_runs() {
    let yaml = "vars: {v: two}\nimages:\n  app: {context: false, commands: [FROM x], args: {A: '1', B: '1'}, tags: [t]}\n\
        containers:\n  base: {abstract: true, env: {A: base, B: base}}\n  web: {extends: base, image: app, env: {A: own}, tmpfs: {/run: ''}}\n\
        tasks:\n  build: {image: app, action: build, overrides: {args: {B: '{{ vars.v }}'}, tags: [u], tag: test}}\n  \
        up: {container: web, action: up, overrides: {env: {B: '{{ vars.v }}'}, depends_on: [db]}}\n  plain: {image: app}\n";
    let yaml = yaml.replace("containers:\n", "containers:\n  db: {image: x}\n");
    let of = |task: Option<&str>| {
        let options = LoadOptions { task: task.map(str::to_owned), ..options(&yaml) };
        load(&options).project.unwrap()
    };
    let plain = of(None);
    assert_eq!((of(Some("plain")), of(Some("none"))), (plain.clone(), plain.clone()));
    assert_eq!(plain.tasks["build"].overrides["args"]["B"], "{{ vars.v }}");
    let built = of(Some("build")).images["app"].clone();
    assert_eq!(
        built.build.args,
        [("A", "1"), ("B", "two")].map(|(k, v)| (k.into(), v.into())).into()
    );
    assert_eq!(built.reference, plain.images["app"].reference.replace(":latest", ":test"));
    assert_eq!(built.tags.len(), 1);
    let project = of(Some("up"));
    let (web, before) = (container(&project, "web"), container(&plain, "web"));
    assert_eq!(web.config.env["B"].reveal(), Some("two"));
    assert_eq!(
        (&web.config.env["A"], &web.config.tmpfs),
        (&before.config.env["A"], &before.config.tmpfs)
    );
    assert_eq!((web.depends_on.len(), before.depends_on.len()), (1, 0));
    assert_eq!(container(&project, "db"), container(&plain, "db"));
}
