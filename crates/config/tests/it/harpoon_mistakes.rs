//! The Harpoon dialect: what is wrong with a file, or can't be honoured, is said where it stands.

use windlass_config::{Dialect, Severity, load};

use crate::check::check_with;
use crate::harpoon::harpoon_options;

#[track_caller]
fn check(yaml: &str) {
    check_with(yaml, &harpoon_options(yaml));
    let loaded = load(&harpoon_options(yaml));
    for found in &loaded.diagnostics {
        assert!(found.help.as_ref().is_some_and(|help| !help.is_empty()), "{found:?}");
    }
}

const KEYS: &str = r#"
imags: {}
#< error: unknown key "imags"
# help: did you mean "images"?
images:
  i:
    commands: [FROM x]
    comand: y
    #< error: images.i: unknown key "comand"
    # help: did you mean "command"?
    squash_after: true
    #< error: images.i: the squash feature has been removed from Harpoon
    # help: copy what is needed from an earlier stage: [COPY, {from: 0, path: /app, to: /app}]
    persistence: {}
    #< error: images.i: the persistence feature has been removed from Harpoon
    # help: write `RUN --mount=type=cache,target=DIR …`: what is in DIR stays from build to build
    mine: 3
    tag: '{__image__.mine}'
    volumes_from: [a]
    #< error: images.i: `volumes_from` is no key of Harpoon any more
    # help: write `volumes: {share_with: [...]}`
    link: a
    #< error: images.i: `link` is no key of Harpoon any more
    # help: write `links: [["{images.db}", db]]`
    context: {use_git_timestamps: true, usegitignore: true, find_options: -x, ignore_find_errors: true}
    #< error: images.i.context: modification times do not invalidate the layer cache since Docker 1.8
    # help: leave it out
    #< error: images.i.context: unknown key "usegitignore"
    # help: did you mean "use_gitignore"?
    #< warning: images.i.context.find_options: windlass looks for files itself, without `find`
    # help: leave files out by `exclude`
    #< warning: images.i.context.ignore_find_errors: a file that can't be read ends the build
    # help: leave it out by `exclude`
    tasks: {old: {spec: run}, typo: {option: {}}, list: {action: list_tasks, label: x}, mkae: {action: mkae}, push: {action: push, options: {env: []}}}
    #< error: images.i.tasks.old: `spec` is no key of Harpoon any more
    # help: write `action` and `options`
    #< error: images.i.tasks.typo: unknown key "option"
    # help: did you mean "options"?
    #< warning: images.i.tasks.list.action: the action `list_tasks` can't be a task
    # help: `windlass tasks` lists them
    #< error: images.i.tasks.mkae.action: there is no action `mkae`
    # help: did you mean "make"?
    #< warning: images.i.tasks.push.options: `options` is for what a task runs, and `push` runs nothing
    # help: write it into the image
    network: {mode: host, dnss: 3}
    #< warning: images.i.network.mode: Harpoon never looked at `network.mode`
    # help: write `network_mode`, or leave it out
    #< error: images.i.network: unknown key "dnss"
    # help: did you mean "dns"?
    cpu: {memory: 5}
    #< error: images.i.cpu: unknown key "memory"
    # help: known: "cap_add", "cap_drop", "cpuset_cpus", "cpuset_mems", "mem_limit", "memswap_limit", "cpu_shares"
    volumes: {mounts: []}
    #< error: images.i.volumes: unknown key "mounts"
    # help: did you mean "mount"?
    other_options: {build: {a: 1}}
    #< warning: images.i.other_options.build: Harpoon never passed this on, and windlass does not either
    # help: write the options of containers under `create` or `host_config`
    wait_condition: {port: 3}
    #< error: images.i.wait_condition: unknown key "port"
    # help: known: "timeout", "wait_between_attempts", "greps", "command", "port_open", "file_value", "curl_result", "file_exists"
    lxc_conf: /x
    #< warning: images.i.lxc_conf: engines have no LXC any more
    # help: leave it out
    assume_role: arn
    #< warning: images.i.assume_role: windlass takes no roles of AWS
    # help: take it before: `aws-vault exec ROLE -- windlass …`, or export its keys
    no_tty_option: true
    #< warning: images.i.no_tty_option: whether a run has a terminal is said where it is run
    # help: give `--no-tty`: `windlass run --no-tty TASK`; without a terminal there is none anyway
    deleteable_image: true
    #< warning: images.i.deleteable_image: windlass removes no image after a run
    # help: `windlass untag IMAGE latest` removes it
    cleanup_intermediate_images: true
    #< warning: images.i.cleanup_intermediate_images: windlass keeps intermediate images: they are the cache of the next build
    # help: `windlass clean` removes what has no name
    container_name: c
    #< warning: images.i.container_name: containers are called <project>.<image>
    # help: link it by `{images.NAME}`, and leave the name out
    dependency_options: {none: {}}
    #< error: images.i.dependency_options.none: there is no image `none`
    # help: known: "i", "j", "k"
  j: []
  #< error: images.j: expected the keys of an image, found a list
  # help: write {commands: ["FROM debian:12"]}
  k:
    commands: [[ADD, {content: x, dest: /y, mtime: 3}], [ADD, {content: x, get: y}], [RUN, {a: 1}], FROM, [A], {RUN: {a: 1}}]
    #< error: images.k.commands: the commands do not begin with FROM
    # help: begin with `- FROM debian:12` or `- [FROM, "{images.base}"]`
    #< error: images.k.commands[0][1].ADD: modification times do not invalidate the layer cache since Docker 1.8
    # help: leave it out
    #< error: images.k.commands[1][1]: ADD adds one thing, not `content` and `get`
    # help: write {content, dest}, {context, dest} or {get, prefix}
    #< error: images.k.commands[2][1]: RUN takes text; only ADD and COPY take options
    # help: write its text: [RUN, "…"]
    #< error: images.k.commands[3]: expected an instruction, found the string "FROM"
    # help: write an instruction and its text: "RUN make"
    #< error: images.k.commands[4]: expected a list of two or three, found a list
    # help: write [ACTION, text] or [FROM, image, "as name"]
    #< error: images.k.commands[5].RUN: RUN takes text; only ADD and COPY take options
    # help: write its text: [RUN, "…"]
    env: {A: [1]}
    #< error: images.k.env.A: expected text, found a list
    # help: write one value, in quotes where it has braces or a colon
    links: [outside]
    #< warning: images.k.links[0]: a container that is no image of this file can't be linked
    # help: write `["{images.NAME}", alias]`, or `network: {network_mode: container:NAME}`
    ports: ['x:80', [1, 2, 3, 4], '$PORT:80']
    #< error: containers.k.ports[0]: "x" is not a port from 1 to 65535
    # help: write "8080:80", "127.0.0.1:8080:80/udp", "[::1]:8080:80" or "80"
    #< error: containers.k.ports[2]: "$PORT" is not a port from 1 to 65535
    # help: write "{PORT:from_env}:80": `$` means nothing in this format
    #< error: containers.k.ports[1]: "1:2" is not an address
    # help: write "8080:80", "127.0.0.1:8080:80/udp", "[::1]:8080:80" or "80"
    volumes: {mount: [/alone], share_with: [outside]}
    #< error: images.k.volumes.mount[0]: a mount has two or three parts
    # help: write "/on/the/host:/in/the/container", with `:ro` where nothing is written
    #< warning: images.k.volumes.share_with[0]: volumes of a container that is no image of this file can't be shared
    # help: write "{images.NAME}", or mount a volume by its name: `mount: ["data:/data"]`
harpoon: {addons: {a: [b]}, no_cleanup: true, tpyo: 1}
#< warning: harpoon.addons: what Harpoon is told here windlass is told on the command line
# help: write what the addon does as a task
#< warning: harpoon.no_cleanup: what Harpoon is told here windlass is told on the command line
# help: give `--keep` on the command line: `windlass run --keep TASK`
#< error: harpoon: unknown key "tpyo"
# help: values for your own use stand under `vars`
term_colors: light
#< warning: term_colors: windlass has its own colours
# help: leave it out; `--color never` and NO_COLOR turn colours off
"#;

#[test]
fn keys() {
    check(KEYS);
}

#[test]
fn format_strings() {
    check(
        r#"
loop1: '{loop2}'
loop2: '{loop1}'
#< error: images.i.commands[1][1]: the values look one another up in a circle: loop1 → loop2 → loop1
# help: write one of them out
greet: hi
map: {a: 1}
images:
  i:
    commands:
    - FROM x
    - [RUN, 'a {loop1}']
    - [RUN, '{gret}']
    #< error: images.i.commands[2][1]: nothing here is called `gret`
    # help: did you mean "greet"?
    - [RUN, '{']
    #< error: images.i.commands[3][1]: a `{` without its `}`
    # help: a brace that is meant is written twice: `{{`
    - [RUN, 'a}']
    #< error: images.i.commands[4][1]: a `}` without its `{`
    # help: a brace that is meant is written twice: `{{`
    - [RUN, '{}']
    #< error: images.i.commands[5][1]: the braces name nothing
    # help: write {path.to.a.value}, or `{{}}` for braces
    - [RUN, '{map}']
    #< error: images.i.commands[6][1]: `map` is a mapping, not a value
    # help: name one of its keys: a
    - [RUN, '{map.b}']
    #< error: images.i.commands[7][1]: nothing here is called `map.b`
    # help: did you mean "a"?
    - [RUN, '{getpass}']
    #< error: images.i.commands[8][1]: `getpass` is a part of Harpoon itself, which is not here
    # help: give the value by `--set NAME=VALUE`
    - [RUN, '{greet:zz}']
    #< error: images.i.commands[9][1]: `zz` is no format of this value
    # help: known are env, from_env, and Python's widths: `>8`, `04d`, `.2f`
    - [RUN, '{greet!x}']
    #< error: images.i.commands[10][1]: after `!` stands `r`, `s` or `a`
    # help: a brace that is meant is written twice: `{{`
    - [RUN, '{content.none}']
    #< error: images.i.commands[11][1]: nothing here is called `content.none`
    # help: declare it at the root of the file: content: …
    - [RUN, [[nested]]]
    #< error: images.i.commands[12][1][0]: expected text, found a list
    # help: write one value, in quotes where it has braces or a colon
"#,
    );
}

/// What needs a variable that is not set is left out with what needs that; everything else stays.
#[test]
fn variables_that_are_not_set() {
    let yaml = r#"
images:
  base: {commands: [FROM x]}
  secret: {commands: [FROM x], env: [NOT_SET]}
  #< warning: images.secret: left out, because the variable `NOT_SET` is not set
  # help: set NOT_SET, or give it a default: "NOT_SET:default"
  above: {commands: [[FROM, '{images.secret}']], tasks: {gone: {}}}
  #< warning: images.above: left out, because it needs `secret`
  # help: set what `secret` lacks, or give that a default
  mine:
    commands: [[FROM, '{images.base}']]
    tasks: {asks: {options: {command: 'echo {ALSO_NOT:from_env}'}}, works: {options: {command: ls}}}
    #< warning: tasks.asks: left out, because the variable `ALSO_NOT` is not set
    # help: set ALSO_NOT, or write a value in its place
"#;
    let loaded = load(&harpoon_options(yaml));
    let project = loaded.project.as_ref().expect("only warnings");
    assert_eq!(project.images.keys().collect::<Vec<_>>(), ["base", "mine"]);
    assert_eq!(project.tasks.keys().collect::<Vec<_>>(), ["works"]);
    assert_eq!(loaded.diagnostics.count(Severity::Warning), 3);
    check(yaml);
}

#[test]
fn passwords_are_never_shown() {
    let yaml = r#"
images: {i: {commands: [FROM x]}}
authentication:
  one.example.com: {reading: {use: plain, username: me, password: hunter22}}
  #< warning: authentication.one.example.com.reading.password: a password that stands in the file is not used
  # help: log in by `windlass login REGISTRY`, or write `password: "{NAME:from_env}"`
  two.example.com: {reading: {use: kms, username: a, password: b, role: c, region: d}, writing: {use: s3_slip, role: e, location: f}}
  #< warning: authentication.two.example.com.reading.reading: windlass asks no service of AWS for a login (`kms`)
  # help: log in by `windlass login REGISTRY`, or write `password: "{NAME:from_env}"`
  #< warning: authentication.two.example.com.writing.writing: windlass asks no service of AWS for a login (`s3_slip`)
  # help: log in by `windlass login REGISTRY`, or write `password: "{NAME:from_env}"`
  three.example.com: {reading: {use: plain, username: '{who}', password: '{TOKEN:from_env}'}}
who: somebody
"#;
    check(yaml);
    let loaded = load(&harpoon_options(yaml));
    let shown = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(!shown.contains("hunter"), "{shown}");
    let project = loaded.project.unwrap();
    let engine = project.engines.values().next().unwrap();
    let login = &engine.registries["three.example.com"].login;
    assert_eq!((login.username.as_str(), login.secret.as_str()), ("somebody", "token"));
    assert_eq!(engine.registries.len(), 1);
}

#[test]
fn what_can_only_be_harpoons_is_told_by_its_shape() {
    for (yaml, expected) in [
        ("images: {a: {commands: [FROM x], wait_condition: {port_open: 80}}}", true),
        ("harpoon: {extra_files: []}\nimages: {a: {commands: [FROM x]}}", true),
        ("images: {__images_from__: images}", true),
        ("images: {a: {commands: [FROM x], dependency_options: {b: {}}}}\nname: x", true),
        ("images: {a: {commands: [FROM x], tasks: {t: {}}}}", false),
        ("images: {a: {wait_condition: {}}}\ncontainers: {}", false),
        ("harpoon: {}\ncontainers: {}", false),
        ("images: [harpoon]", false),
        ("harpoon: 1\nimages: {}", false),
        ("web: {image: x}", false),
        ("{", false),
        ("", false),
    ] {
        let found = Dialect::of_text(yaml);
        assert_eq!(found, expected.then_some(Dialect::Harpoon), "{yaml}");
    }
}
