//! Mistakes in what a file says, each with its place and what would be right.
//!
//! Invariant: one fixture is one theme; several mistakes in one fixture show that all are reported at once.

use crate::check::check;

#[test]
fn unknown_keys_with_the_nearest_known_one() {
    check(
        r#"
images:
  app: {dockerfile: Dockerfile, targt: x}
#                               ^^^^^ error: images.app: unknown key "targt"
#                               help: did you mean "target"?
containers:
  web:
    image: nginx
    comand: x
#   ^^^^^^ error: containers.web: unknown key "comand"
#   help: did you mean "command"?
    x-mine: anything
    healthcheck: {tset: "true"}
#                 ^^^^ error: containers.web.healthcheck: unknown key "tset"
#                 help: did you mean "test"?
volumns: {}
#< error: unknown key "volumns"
#help: did you mean "volumes"?
x-notes: 1
"#,
    );
}

#[test]
fn all_mistakes_at_once() {
    check(
        r#"
containers:
  a:
    image: nginx
    ports: 8080
#          ^^^^ error: containers.a.ports: expected a list of ports, found the number 8080
#          help: write ["8080"]
    tty: maybe
#        ^^^^^ error: containers.a.tty: expected true or false, found the string "maybe"
    restart: allways
#            ^^^^^^^ error: containers.a.restart: "allways" is not a restart policy
#            help: did you mean "always"?
    stop_signal: SIGTREM
#                ^^^^^^^ error: containers.a.stop_signal: unknown signal "SIGTREM"
    cap_add: [NET_ADMN]
#             ^^^^^^^^ error: containers.a.cap_add[0]: unknown capability "NET_ADMN"
    healthcheck: {retries: many, interval: 5x}
#                          ^^^^ error: containers.a.healthcheck.retries: expected a number of retries, found the string "many"
#                                           ^ error: containers.a.healthcheck.interval: unknown unit at "x" in the duration "5x"
    limits: {memory: 1q}
#                     ^ error: containers.a.limits.memory: unknown unit "q" in a size
  b: [1]
#    ^^^ error: containers.b: expected a mapping, found a list
  c d: {image: x}
# ^^^ error: containers.c d: "c d" is not a name that an engine accepts, because of ` `
"#,
    );
}

#[test]
fn missing_references() {
    check(
        r#"
volumes: {data: null}
networks: {front: null}
secrets: {token: {env: TOKEN}}
containers:
  web:
    image: nginx
    mounts: ["dta:/data"]
#            ^^^^^^^^^^^ error: containers.web.mounts: unknown volume "dta"
#            help: did you mean "data"?
    networks: [frnt]
#              ^^^^ error: containers.web.networks: unknown network "frnt"
#              help: did you mean "front"?
    secrets: [tokn]
#             ^^^^ error: containers.web.secrets: unknown secret "tokn"
    depends_on: [dbb, base, inst.c]
#                ^^^ error: containers.web.depends_on: unknown container "dbb"
#                help: did you mean "db"?
#                     ^^^^ error: containers.web.depends_on: the container "base" is abstract
#                           ^^^^^^ error: containers.web.depends_on: the container "inst" has no instance "c"
    links: [inst]
#           ^^^^ error: containers.web.links: the container "inst" has several instances
#           help: say which one: "inst.a"
    binds: [conf]
#           ^^^^ error: containers.web.binds: the alias "conf" has no path on the host
    uses: [nothing]
#          ^^^^^^^ error: containers.web.uses: unknown volume "nothing"
  db: {image: x}
  base: {abstract: true}
  inst: {image: x, instances: [a, b]}
groups:
  all: [web, wbe]
#            ^^^ error: groups.all: unknown container "wbe"
tasks:
  t: {image: x, needs: [u]}
#                       ^ error: tasks.t.needs: unknown task "u"
"#,
    );
    check(
        r#"
containers:
  web:
    image: nginx
    engines: [nowhere]
#             ^^^^^^^ error: containers.web.engines: unknown engine "nowhere"
  db:
    image: nginx
    attaches: [sock]
#              ^^^^ error: containers.db: the volume "sock" has no path in the container
#              help: write {sock: /path} here, or `path` under volumes.sock
    exposes: [[80, 8080, lan]]
#                        ^^^ error: containers.db.exposes: the engine "default" has no interface "lan"
"#,
    );
}

#[test]
fn cycles_are_shown_whole() {
    check(
        r#"
images:
  x: {commands: ["FROM {{ images.y }}"]}
  y: {commands: ["FROM {{ images.x }}"]}
#                ^^^^^^^^^^^^^^^^^^^^^ error: a dependency cycle: x → y → x
containers:
  a: {image: i, depends_on: [b]}
  b: {image: i, links: [c]}
  c:
    image: i
    network_mode: a
#                 ^ error: a dependency cycle: a → b → c → a
  d: {image: i, depends_on: [d]}
#                            ^ error: a dependency cycle: d → d
  e: {extends: f, image: i}
  f: {extends: e, image: i}
#              ^ error: containers extend one another in a circle: e → f → e
tasks:
  one: {needs: [two]}
  two: {needs: [one]}
#               ^^^ error: a dependency cycle: task one → task two → task one
"#,
    );
}

#[test]
fn what_only_the_whole_can_show() {
    check(
        r#"
volumes: {v: /v}
containers:
  a: {image: i, ports: ["8080:80"]}
  b: {image: i, ports: ["127.0.0.1:8080:81"]}
#                       ^^^^^^^^^^^^^^^^^^^ error: the port 8080/tcp of the host is published by "a" and "b"
  c: {image: i, ports: ["53:53/tcp", "53:53/udp"]}
  d.x: {image: i}
# ^^^ error: two containers would be called "p.d.x"
  d: {image: i, instances: [x]}
  f: {image: i, exec_commands: ["true"]}
  f_previous: {image: i}
# ^^^^^^^^^^ error: "p.f_previous" is what "p.f" is called while it is replaced
# help: rename one of them
  f_starting: {image: i}
# ^^^^^^^^^^ error: "p.f_starting" is what "p.f" is called until its `exec_commands` and its `wait` are done
  f_next: {image: i}
  g: {image: i}
  g_starting: {image: i}
  e:
    image: i
    binds: {/v: /host}
    mounts: ["v:/v", "/tmp:/w"]
#            ^^^^^^ error: containers.e: two mounts are at "/v"
#                    ^^^^^^^^^ error: containers.e: a tmpfs and a mount are both at "/w"
    tmpfs: /w
"#,
    );
    check(
        r#"
containers:
  a: {image: i, network_mode: host, ports: ["80:80"]}
#                                           ^^^^^^^ error: containers.a.ports: the container uses the host's network, so no port of its own can be published
  b: {image: i, network_mode: none, networks: [n]}
#                                              ^ error: containers.b.networks: networks cannot be used with network_mode none
networks: {n: null}
"#,
    );
}

#[test]
fn images() {
    check(
        r#"
images:
  a: {dockerfile: Dockerfile, image: x}
#                             ^^^^^ error: images.a: an image has one source, not `dockerfile` and `image`
  b: {tags: [x]}
# ^ error: images.b: the image has no source
  c: {image: "Debian:12"}
#             ^^^^^^ error: images.c.image: "Debian" has capital letters, which an image's name cannot have
#             help: write "debian"
  d: {commands: [RUN make]}
#                ^^^^^^^^ error: images.d.commands: the commands do not begin with FROM
  e:
    commands:
    - FROM x
    - RUN
#     ^^^ error: images.e.commands[1]: expected an instruction, found the string "RUN"
    - ADD: {content: x}
#          ^^^^^^^^^^^^ error: images.e.commands[2].ADD: the key "dest" is missing
    - ADD: {content: x, dest: /x, mode: 644}
#                                       ^^^ error: images.e.commands[3].ADD.mode: `644` is decimal, and a mode is octal
#                                       help: write 0o644 or "0644"
    - ADD: {content: x, dest: /x, mode: 0644}
#                                       ^^^^ error: images.e.commands[4].ADD.mode: `0644` may be octal or decimal
#                                       help: write 0o644 or quote it
    - ADD: {content: x, dest: /etc/}
#          ^^^^^^^^^^^^^^^^^^^^^^^^^ error: images.e.commands[5].ADD: "/etc/" is a directory, and the file needs a name
#          help: write the whole path in `dest`: /etc/motd
  j: {commands: FROM x, cache_to: registry}
#                                 ^^^^^^^^ error: images.j.cache_to: expected "inline" or "type=inline", found "registry"
  g: {image: x, tags: ["Bad Tag", ok]}
#                      ^^^^^^^^^ error: images.g.tags[0]: "Bad Tag" is not a tag
#                      help: a tag is letters, digits, `_`, `.` and `-`, at most 128, and begins with none of the last two
  h: {commands: FROM x, name: "reg.io:5000/a:1", tag: "2"}
# ^ error: images.h: "reg.io:5000/a:1" has a tag, and `tag` says "2"
# help: write one of them
  i: {commands: [RUNMAKE, RUN x]}
#                ^^^^^^^ error: images.i.commands[0]: expected an instruction, found the string "RUNMAKE"
  f: {dockerfile: {inline: "FROM x"}, secrets: [nope]}
#                                               ^^^^ error: images.f.secrets: unknown secret "nope"
"#,
    );
}

#[test]
fn spelling_of_yaml_1_1() {
    check(
        r#"
containers:
  a:
    image: i
    tty: yes
#        ^^^ warning: containers.a.tty: `yes` is read as true
#        help: write `true`; in YAML 1.2 `yes` is a string
    init: off
#         ^^^ warning: containers.a.init: `off` is read as false
    privileged: "true"
#               ^^^^^^ error: containers.a.privileged: expected true or false, found the string "true"
    oom_score_adj: 0100
#                  ^^^^ error: containers.a.oom_score_adj: `0100` may be octal or decimal
    env: {A: yes, B: 0755, C: 22:22}
"#,
    );
}

#[test]
fn what_cannot_be_done() {
    check(
        r#"
images:
  a: {dockerfile: D, resources: [x]}
#                    ^^^^^^^^^ error: images.a: an image has one source, not `dockerfile` and `resources`
#                                ^ error: images.a.resources[0]: expected a resource under the word of its type, found the string "x"
containers:
  a: {image: x, depends_on: {b: healthy}, env: {"{{ project }}": 1}, profiles: [one], ports: ["1:1"]}
#                                               ^^^^^^^^^^^^^^^ error: containers.a.env: a key cannot be a template
#                            ^ error: containers.a.depends_on: the health check of "b" is disabled
  b: {image: x, healthcheck: false, profiles: [two], ports: ["1:1"]}
  c: {image: x, network_mode: none, links: b}
#                                          ^ error: containers.c.links: links cannot be used with network_mode none
  d: {image: x, networks: n, links: b}
#                                   ^ error: containers.d.links: "b" is on none of this container's networks
networks: {n: null}
tasks:
  t: {image: x, command: x, bash: x}
# ^ error: tasks.t: a task has `command` or `bash`, not both
  e: {image: x, entrypoint: x, bash: x}
# ^ error: tasks.e: a task has `entrypoint` or `bash`, not both
  u: {image: x, container: a}
#                          ^ error: tasks.u: a task runs in one place, not in two
  v: {command: x}
# ^ error: tasks.v: the task does not say where it runs
  w: {image: x, action: run, overrides: {a: 1}}
#                                       ^^^^^^ error: tasks.w.overrides: only what this file declares can be overridden
#                                       help: declare the image under `images`
#                                        ^ error: tasks.w.overrides: unknown key "a"
"#,
    );
}

#[test]
fn actions_of_tasks() {
    check(
        r#"
images:
  app: {image: x, tasks: {p: {action: pish}}}
#                                     ^^^^ error: images.app.tasks.p.action: expected "run" or "build" or "pull" or "push" or "tag" or "untag" or "retrieve" or "dockerfile" or "context" or "up" or "create" or "down" or "start" or "stop" or "restart" or "kill" or "pause" or "unpause" or "rm", found "pish"
#                                     help: did you mean "push"?
containers:
  a: {image: x}
tasks:
  b: {image: app, action: up}
#                         ^^ error: tasks.b.action: `up` is for containers
#                         help: write `container` instead of `image`
  c: {action: tag}
#             ^^^ error: tasks.c.action: `tag` is of one image
  d: {container: a, action: up, env: {A: 1}}
#                               ^^^ error: tasks.d.env: `env` is for what a task runs, and `up` runs nothing
  e: {container: a, action: up, options: {tty: true}}
#                               ^^^^^^^ error: tasks.e.options: `options` is for what a task runs, and `up` runs nothing
  f: {container: a, overrides: {labels: {x: y}, restrat: always, memory: 1}}
#                               ^^^^^^ error: tasks.f.overrides.labels: `labels` can't be overridden here
#                                               ^^^^^^^ error: tasks.f.overrides: unknown key "restrat"
#                                               help: did you mean "restart"?
#                                                                ^^^^^^ error: tasks.f.overrides: unknown key "memory"
  g: {image: app, overrides: {tag: [1]}}
#                                  ^^^ error: tasks.g.overrides.tag: expected a string, found a list
  h: {action: up, overrides: {env: {A: 1}}}
#                 ^^^^^^^^^ error: tasks.h.overrides: there is nothing to override
  i: {container: a, engine: nowhere}
#                           ^^^^^^^ error: tasks.i.engine: unknown engine "nowhere"
"#,
    );
}

#[test]
fn names_of_projects() {
    let mut options = crate::check::options("");
    let yaml = "name: My Shop\n#     ^^^^^^^ error: name: \"My Shop\" is not a project's name\n#     help: write \"myshop\"\n";
    options.project = None;
    options.stdin = Some(yaml.as_bytes().to_vec());
    crate::check::check_with(yaml, &options);
}

#[test]
fn secrets_where_none_belong() {
    check(
        r#"
secrets: {token: {env: TOKEN}}
images:
  a:
    from: x
    env: {PLAIN: a, SECRET: "{{ secrets.token }}", MORE: b}
#                           ^^^^^^^^^^^^^^^^^^^^^ error: images.a.env.SECRET: the variable "SECRET" has a secret in it
#                           help: only a container's own `env` can have secrets
  b:
    from: x
    env: [PLAIN=a, "SECRET={{ secrets.token }}"]
#                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: images.b.env[1]: the variable "SECRET" has a secret in it
#                  help: only a container's own `env` can have secrets
"#,
    );
}

#[test]
fn logins_of_registries() {
    check(
        r#"
secrets: {password: {env: PASSWORD}}
engines:
  default:
    registries:
      well.example:5000: {username: me, password: password, push: {username: you, password: password}}
      https://wrong.example/v2: {username: me, password: password}
#     ^^^^^^^^^^^^^^^^^^^^^^^^ error: engines.default.registries.https://wrong.example/v2: this is no registry's host
#     help: write its host and port alone: registry.example.com, localhost:5000, docker.io
      literal.example: {username: me, password: hunter2}
#                                               ^^^^^^^ error: engines.default.registries: a registry's `password` names no secret of this file
#                                               help: write the key of a secret: `password: KEY`, with `KEY: {env: NAME}` under `secrets`
      unset.example: {username: '{{ env.NOT_SET }}', password: password}
#                                   ^^^^^^^^^^^ error: engines.default.registries.unset.example.username: "env" has no "NOT_SET"
#                                   help: set it, or write {{ env.NOT_SET | default("…") }}
      short.example: {password: password}
#     ^^^^^^^^^^^^^ error: engines.default.registries.short.example: a login has a `username` and a `password`
#     help: write the key of a secret: `password: KEY`, with `KEY: {env: NAME}` under `secrets`
"#,
    );
}

#[test]
fn what_has_no_place_in_an_image() {
    check(
        r#"
images:
  app:
    from: scratch
    resources:
    - file: /a
    - sysctl: {key: vm.x, value: 1}
#     ^^^^^^ error: images.app.resources[1].sysctl: a `sysctl` is for hosts, and this is an image
#     help: restrict it with `only_if: {mode: [host]}`
    - cron: {name: job, policy: remove}
      only_if: {mode: host}
  built:
    from: "{{ images.nothing }}"
#             ^^^^^^^^^^^^^^ error: images.built.from: "images" has no "nothing"
#             help: known: "app", "built", "none"
    resources: [{file: /a}]
    args: {A: b}
#   ^^^^ error: images.built.args: `args` is for an image that a builder makes
#   help: remove it: resources are put together without a builder
    target: x
#   ^^^^^^ error: images.built.target: `target` is for an image that a builder makes
#   help: remove it: resources are put together without a builder
    ports: ['8080:80']
#            ^^^^^^^ error: images.built.ports[0]: "8080:80" is not a port from 1 to 65535
#            help: write the container's own port, "80", "53/udp" or "8000-8010": containers publish it
  none:
# ^^^^ error: images.none: it has no `from`
# help: add `from: debian:12`, or `from: scratch` for an image of nothing but these resources
    resources: [{file: /a}]
"#,
    );
}
