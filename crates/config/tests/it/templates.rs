//! Templates: values, types, dependencies, secrets, and mistakes in them.
//!
//! Invariant: a mistake in a template is placed inside the scalar that has it.

use windlass_config::{LoadOptions, load};

use crate::check::{check, load_text, options, project, web};

fn env(vars: &str, value: &str) -> String {
    let spec = web(vars, &format!("env: {{V: {value}}}"));
    spec.config.env["V"].reveal().unwrap().to_owned()
}

#[test]
fn values() {
    for (vars, value, expected) in [
        ("vars: {a: 1.10}", "'{{ vars.a }}'", "1.10"),
        ("vars: {a: 1.10}", "'v{{ vars.a }}'", "v1.10"),
        ("vars: {a: {b: [x, y]}}", "'{{ vars.a.b[1] }}'", "y"),
        ("vars: {a: '{{ vars.b }}!', b: '{{ 1 + 2 }}'}", "'{{ vars.a }}'", "3!"),
        ("", "'{{ project }} {{ config_root }}'", "p /srv/p"),
        ("", "'{{ env.HOST_VALUE | quote }}'", "'from env'"),
        ("", "'{{ env.NOPE | default(\"x\") }}'", "x"),
        ("", "'{{ self.name }} {{ self.image }}'", "web x"),
        ("", "'$HOME ${#y} $$'", "$HOME ${#y} $$"),
        ("", "'{{ \"${x}\" }}'", "${x}"),
        ("", "'{% raw %}{{.Id}}{% endraw %}'", "{{.Id}}"),
        ("", "'{% if project == \"p\" %}yes{% endif %}'", "yes"),
        (
            "volumes: {data: /var/lib/data}",
            "'{{ volumes.data }} {{ volumes.data.path }}'",
            "p.data /var/lib/data",
        ),
        ("networks: {n: {name: lan}}", "'{{ networks.n }}'", "lan"),
        ("host: {root: /srv, conf: x}", "'{{ host.conf }}'", "/srv/x"),
        (
            "images: {i: {image: 'r.io/i:2'}}",
            "'{{ images.i }} {{ images.i.tag }} {{ images.i.name }}'",
            "r.io/i:2 2 r.io/i",
        ),
        ("images: {i: {dockerfile: D, index: r.io/x}}", "'{{ images.i }}'", "r.io/x/i:latest"),
        ("images: {i: {dockerfile: D}}", "'{{ images.i ~ \"!\" }}'", "p/i:latest!"),
        ("vars: {m: {a: 1}}", "'{{ vars.m | json }}'", "{\"a\":1}"),
        ("vars: {a: !lazy '{{ project }}'}", "'{{ vars.a }}'", "p"),
    ] {
        assert_eq!(env(vars, value), expected, "{vars} {value}");
    }
}

#[test]
fn whole_values_keep_their_type() {
    let spec = web(
        "vars: {tty: true, ports: ['80', '81:81'], wait: {port_open: 80}, retries: 3, secs: 90}",
        "tty: '{{ vars.tty }}'\nports: '{{ vars.ports }}'\nwait: '{{ vars.wait }}'\n\
         healthcheck: {test: x, retries: '{{ vars.retries + 1 }}', interval: '{{ vars.secs }}'}\n\
         init: 'tr{{ \"ue\" }}'",
    );
    assert!(spec.config.tty);
    assert_eq!(spec.config.init, Some(true));
    assert_eq!(spec.config.published.len(), 2);
    let health = spec.config.healthcheck.clone().into_inner().unwrap();
    assert_eq!((health.retries, health.interval_ns), (4, 90_000_000_000));
    assert!(spec.wait.is_some());
}

#[test]
fn references_are_dependencies() {
    let project = project(
        "vars: {db: '{{ containers.db }}'}\nimages: {base: {image: x}, app: {commands: ['FROM {{ images.base }}']}}\n\
         containers:\n  web: {image: '{{ images.app }}', command: 'serve {{ vars.db }} {{ containers.cache.b }}'}\n  \
         db: {image: x}\n  cache: {image: x, instances: [a, b]}\n",
    );
    let web = project.containers.values().find(|c| c.key == "web").unwrap();
    let needs: Vec<_> =
        web.depends_on.iter().map(|d| (d.on.name.as_str(), d.reason.to_string())).collect();
    assert_eq!(needs, [("cache.b", "template".to_owned()), ("db", "template".to_owned())]);
    assert_eq!(web.config.command.as_deref().unwrap(), ["serve", "p.db", "p.cache.b"]);
    assert_eq!(web.image, windlass_model::image::ImageUse::Project("app".to_owned()));
    assert_eq!(project.images["app"].depends_on.iter().collect::<Vec<_>>(), ["base"]);
}

#[test]
fn mistakes_are_placed_in_the_scalar() {
    check(
        r#"
vars:
  version: 1
containers:
  web:
    image: x
    env:
      A: "v{{ vars.versoin }}"
#             ^^^^^^^^^^^^ error: containers.web.env.A: "vars" has no "versoin"
#             help: did you mean "version"?
      B: '{{ vrs.x }}'
#            ^^^^^ error: containers.web.env.B: unknown name "vrs" in a template
#            help: did you mean "vars"?
      D: "{{ containers.wbe }}"
#            ^^^^^^^^^^^^^^ error: containers.web.env.D: "containers" has no "wbe"
#            help: did you mean "web"?
      G: plain {{ vars.nope }}
#                 ^^^^^^^^^ error: containers.web.env.G: "vars" has no "nope"
#                 help: there is only "version"
"#,
    );
}

#[test]
fn block_scalars_place_their_mistakes_by_line() {
    let loaded = load_text(
        "containers:\n  web:\n    image: x\n    env:\n      F: |\n        one\n        say {{ env.NOPE }}\n",
    );
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(
        found.starts_with("<stdin>:7:16: error: containers.web.env.F: \"env\" has no \"NOPE\""),
        "{found}"
    );
}

#[test]
fn messages() {
    for (value, wanted) in [
        ("{{ 1 + }}", "a template cannot be understood: "),
        ("{{ 'x' | uper }}", "did you mean \"upper\"?"),
        ("{{ self.nope }}", "\"self\" has no \"nope\""),
        ("{{ images.x }}", "\"images\" has no \"x\""),
        ("{{ 1 / 0 }}", "a template failed"),
        ("{{.Id}}", "{% raw %}"),
        ("{{ containers.many }}", "the container \"many\" has several instances"),
    ] {
        let yaml = format!(
            "containers:\n  web:\n    image: x\n    env:\n      V: \"{value}\"\n  many: {{image: x, instances: [a, b]}}\n"
        );
        let loaded = load_text(&yaml);
        let found = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(found.contains(wanted), "{value}: {found}");
        assert_eq!(loaded.diagnostics.len(), 1, "{found}");
    }
}

#[test]
fn cycles_of_variables_are_named_with_their_places() {
    let loaded = load_text(
        "vars:\n  a: \"{{ vars.b }}\"\n  b: \"{{ vars.a }}\"\ncontainers: {c: {image: x, env: {V: \"{{ vars.a }}\"}}}\n",
    );
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(found.contains("in a circle: vars.a → vars.b → vars.a"), "{found}");
    assert!(found.contains("<stdin>:3:6: vars.b needs vars.a"), "{found}");
}

#[test]
fn secrets_are_sensitive_and_stay_where_they_may_be() {
    let spec = web(
        "secrets: {t: {env: TOKEN}}\nvars: {url: 'x://u:{{ secrets.t }}@h'}",
        "env: {A: '{{ vars.url }}', B: plain}",
    );
    assert_eq!(spec.config.env["A"].reveal(), Some("x://u:hunter2@h"));
    assert!(spec.config.env["A"].is_sensitive());
    assert!(!spec.config.env["B"].is_sensitive());
    assert!(!format!("{spec:?}").contains("hunter2"));
    for place in [
        "command: 'x {{ secrets.t }}'",
        "labels: {a: '{{ secrets.t }}'}",
        "image: '{{ secrets.t }}'",
        "ports: ['{{ secrets.t }}']",
        "tty: '{{ secrets.t }}'",
        "limits: {memory: '{{ secrets.t }}', pids: '{{ secrets.t }}', cpus: '{{ secrets.t }}'}",
        "env: {A: '{{ secrets.t + 1 }}'}",
        "env: ['{{ secrets.t }}']",
        "env: ['{{ secrets.t }}=x']",
        "env: ['A{{ secrets.t }} =x']",
        "env: {'{{ secrets.t }}': x}",
        "env: {A: '{{ secrets.t | from_json }}'}",
    ] {
        let yaml = format!(
            "secrets: {{t: {{env: TOKEN}}}}\ncontainers:\n  web:\n    image: x\n    {place}\n"
        )
        .replace("    image: x\n    image", "    image");
        let loaded = load_text(&yaml);
        let found = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(loaded.project.is_none(), "{place}");
        assert!(!found.contains("hunter2"), "{place}: {found}");
        assert!(
            !loaded.diagnostics.to_json(&loaded.sources).to_string().contains("hunter2"),
            "{place}"
        );
    }
}

#[test]
fn variables_may_use_self_and_unused_ones_read_no_secret() {
    let project = project(
        "secrets: {s: {command: [/no/such/program]}}\nvars: {me: 'I am {{ self.name }}', unused: '{{ secrets.s }}'}\n\
         containers:\n  a: {image: x, env: {V: '{{ vars.me }}'}}\n  b: {image: x, env: {V: '{{ vars.me }}'}}\n",
    );
    let all: Vec<_> =
        project.containers.values().map(|c| c.config.env["V"].reveal().unwrap()).collect();
    assert_eq!(all, ["I am a", "I am b"]);
}

#[test]
fn secrets_from_files_and_commands() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("s"), "from file\n").unwrap();
    let yaml = "secrets: {f: {file: s}, c: {command: [printf, 'x y\\n']}, m: {file: missing}}\ncontainers: {w: {image: x, env: {F: '{{ secrets.f }}', C: '{{ secrets.c }}'}}}\n";
    let mut options = crate::check::options(yaml);
    options.cwd = directory.path().to_path_buf();
    options.env.insert("PATH".to_owned(), "/usr/bin:/bin".to_owned());
    let loaded = windlass_config::load(&options);
    let project = loaded.project.expect("secrets that nothing asks for are not read");
    let env = &project.containers.values().next().unwrap().config.env;
    assert_eq!((env["F"].reveal(), env["C"].reveal()), (Some("from file"), Some("x y")));
    options.stdin = Some(yaml.replace("secrets.f }", "secrets.m }").into_bytes());
    let loaded = windlass_config::load(&options);
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(found.contains("the secret \"m\" cannot be read"), "{found}");
    assert!(found.contains("help: create the file, or correct its path"), "{found}");
    assert_eq!(loaded.diagnostics.iter().next().unwrap().code, "unreadable-secret");
    // Each use of it is told, and why.
    let twice = yaml.replace("secrets.f }", "secrets.m }").replace("secrets.c }", "secrets.m }");
    options.stdin = Some(twice.into_bytes());
    let loaded = windlass_config::load(&options);
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    assert_eq!(found.matches("the secret \"m\" cannot be read: ").count(), 2, "{found}");
    assert_eq!(found.matches("error: ").count(), 2, "{found}");
}

#[test]
fn args_stay_whole_words() {
    let yaml = "tasks:\n  t: {image: x, command: [run, '{{ args }}', end]}\n  s: {image: x, command: 'run {{ args }}'}\n  b: {image: x, bash: 'run {{ args }}'}\n  n: {image: x, command: run}\n";
    let mut options = crate::check::options(yaml);
    options.args = vec!["a b".to_owned(), "$HOME".to_owned(), "it's".to_owned()];
    let loaded = windlass_config::load(&options);
    let project = loaded.project.unwrap();
    let command = |task: &str| project.tasks[task].config.command.clone().unwrap();
    assert_eq!(command("t"), ["run", "a b", "$HOME", "it's", "end"]);
    assert_eq!(command("s"), ["run", "a b", "$HOME", "it's"]);
    assert_eq!(project.tasks["b"].bash.as_deref(), Some(r"run 'a b' '$HOME' 'it'\''s'"));
    let takes_args = |task: &&str| project.tasks[*task].takes_args;
    assert_eq!(
        ["b", "n", "s", "t"].iter().copied().filter(takes_args).collect::<Vec<_>>(),
        ["b", "s", "t"]
    );
}

#[test]
fn values_from_outside() {
    let yaml = "vars: {a: file, b: file, c: file}\ncontainers: {w: {image: x, env: {V: '{{ vars.a }} {{ vars.b }} {{ vars.c }} {{ vars.d }}'}}}\n";
    let mut options = crate::check::options(yaml);
    options.env.insert("WINDLASS_VAR_b".to_owned(), "env".to_owned());
    options.env.insert("WINDLASS_VAR_c".to_owned(), "env".to_owned());
    options.set =
        vec![("c".to_owned(), "{{ set }}".to_owned()), ("d".to_owned(), "1.10".to_owned())];
    let loaded = windlass_config::load(&options);
    let project = loaded.project.expect("no mistakes");
    let container = project.containers.values().next().unwrap();
    assert_eq!(container.config.env["V"].reveal(), Some("file env {{ set }} 1.10"));
}

#[test]
fn a_circle_is_said_once() {
    check(
        r#"
vars:
  a: "{{ vars.b }}"
#    ^^^^^^^^^^^^^^ error: templates refer to one another in a circle: vars.a → vars.b → vars.c → vars.a
  b: "{{ vars.c }}"
  c: "{{ vars.a }}"
containers:
  x: {image: "{{ vars.a }}"}
  y: {image: x, env: {K: "{{ vars.b }}"}}
"#,
    );
}

#[test]
fn a_template_without_quotes_is_one_mistake_and_its_patch_fits() {
    let loaded = crate::check::load_text(
        "containers:\n  x: {image: b, command: {{ vars.x }}, env: {A: b}}\n  y:\n    image: {{ vars.y }}\n",
    );
    let found: Vec<_> = loaded.diagnostics.iter().collect();
    let patches: Vec<_> =
        found.iter().map(|one| one.patch.as_ref().expect("it can be mended")).collect();
    let written: Vec<_> = patches.iter().map(|patch| loaded.sources.slice(patch.span)).collect();
    assert_eq!(written, ["{{ vars.x }}", "{{ vars.y }}"]);
    let instead: Vec<_> = patches.iter().map(|patch| patch.replacement.as_str()).collect();
    assert_eq!(instead, ["\"{{ vars.x }}\"", "\"{{ vars.y }}\""]);
}

#[test]
fn variables_of_other_formats_get_the_template_that_means_the_same() {
    check(
        r#"
containers:
  web:
    image: busybox:${TAG:-1.36}
#          ^^^^^^^^^^^^^^^^^^^^ error: containers.web.image: "${TAG:-1.36}" is not a tag
#          help: write "busybox:{{ env.TAG | default('1.36') }}": `$` means nothing in this format
    ports: ["$PORT:80"]
#            ^^^^^ error: containers.web.ports[0]: "$PORT" is not a port from 1 to 65535
#            help: write "{{ env.PORT }}:80": `$` means nothing in this format
    tty: ${TTY}
#        ^^^^^^ error: containers.web.tty: expected true or false, found the string "${TTY}"
#        help: write "{{ env.TTY }}": `$` means nothing in this format
    env: {A: "x${B}", PASSWORD: "pa$word", C: "{{ '${kept}' }}"}
#            ^^^^^^^ warning: containers.web.env.A: `${…}` is not replaced here
#            help: write "x{{ env.B }}" for the value in the environment of windlass
    command: [sh, -c, "echo ${HOME}"]
    mounts: ["${DATA}:/data"]
#< warning: containers.web.mounts[0]: `${…}` is not replaced here
"#,
    );
}

#[test]
fn what_templates_name_is_needed() {
    let project = project(
        "
images: {tool: {image: x}}
networks: {back: null}
volumes: {data: null}
containers:
  web:
    image: x
    command: [run, '{{ images.tool }}', '{{ networks.back }}']
    labels: {volume: '{{ volumes.data }}', peer: '{{ containers.db }}'}
  db: {image: x}
",
    );
    let web = project.containers.values().find(|spec| spec.key == "web").unwrap();
    let needs: Vec<_> = web.needs.iter().map(ToString::to_string).collect();
    assert_eq!(needs, ["network back", "volume data", "image tool"]);
    let on: Vec<_> = web.depends_on.iter().map(|d| d.on.name.as_str()).collect();
    assert_eq!(on, ["db"]);
}

#[test]
fn what_the_caller_sets_in_vain_is_known() {
    let yaml = "vars: {tag: 1}\ncontainers: {w: {image: \"x:{{ vars.tag }}-{{ vars.more }}\"}}\n";
    let mut options = crate::check::options(yaml);
    options.set = ["tag", "more", "tga"].map(|name| (name.to_owned(), "2".to_owned())).into();
    let loaded = windlass_config::load(&options);
    assert!(loaded.project.is_some());
    assert_eq!(loaded.unused_set, [("tga".to_owned(), "did you mean \"tag\"?".to_owned())]);
}

/// A variable that a container is to have matters to what makes it, and to nothing else.
#[test]
fn variables_of_the_caller_are_missed_by_what_makes_something() {
    let yaml =
        "containers: {web: {image: x, env: [NOT_SET, A=1]}, other: {image: y, env: {ALSO_NOT: }}}";
    for (secrets_optional, missed) in [(false, 2), (true, 0)] {
        let loaded = load(&LoadOptions { secrets_optional, ..options(yaml) });
        let found = loaded.diagnostics.iter().filter(|one| one.code == "unset-variable").count();
        assert_eq!((found, loaded.project.is_some()), (missed, missed == 0));
    }
}
