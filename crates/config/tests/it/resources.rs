//! Resources: what is read of them, and every mistake at its place.
//!
//! Invariant: what is read is compared whole, as the wire form that an agent gets.

use std::path::PathBuf;

use windlass_bundle::{
    Block, Bundle, CommandLine, Condition, Content, Cron, Directory, DirectoryPolicy, Execute,
    Fetch, File, Git, Group, Line, Link, Mode, Mount, Package, PackagePolicy, PackageSystem, Repo,
    Resource, Service, ServicePolicy, Sysctl, User,
};
use windlass_config::{LoadOptions, LoadedBundle, load_bundle};

use crate::check::{compare, options};

fn read(yaml: &str) -> LoadedBundle {
    load_bundle(&options(yaml))
}

#[track_caller]
fn bundle(yaml: &str) -> Bundle {
    let loaded = read(yaml);
    let findings = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(findings.is_empty(), "{yaml}\n{findings}");
    loaded.bundle.unwrap()
}

#[track_caller]
fn check(yaml: &str) {
    let loaded = read(yaml);
    assert!(loaded.bundle.is_none());
    compare(yaml, &loaded.diagnostics, &loaded.sources);
}

/// Reads each entry, and compares it with what it is.
#[track_caller]
fn all(table: Vec<(&str, Resource)>) {
    for (yaml, expected) in table {
        let yaml = format!("vars: {{who: world, mode: 0640}}\nresources:\n- {yaml}\n");
        assert_eq!(bundle(&yaml).resources, [expected], "{yaml}");
    }
}

#[test]
fn every_form_of_files_and_what_all_have() {
    let file = || File::new("/a");
    let condition = |condition| Resource::from(file()).only_if(condition);
    let own = Resource { own_layer: true, ..file().into() };
    let table: Vec<(&str, Resource)> = vec![
        ("file: /a", file().into()),
        ("file: {path: /a}", file().into()),
        ("file: {path: /a, contents: ''}", file().contents("").into()),
        ("file: {path: /a, contents: 1.10, x-why: y}", file().contents("1.10").into()),
        ("file: {path: /a, mode: 0600}", file().mode(0o600).into()),
        ("file: {path: /a, mode: '0600'}", file().mode(0o600).into()),
        ("file: {path: /a, mode: '600'}", file().mode(0o600).into()),
        ("file: {path: /a, mode: 0o4755}", file().mode(0o4755).into()),
        ("file: {path: /a, mode: '{{ vars.mode }}'}", file().mode(0o640).into()),
        ("file: {path: /a, owner: www-data, group: 33}", file().owner("www-data").group(33).into()),
        ("file: {path: /a, owner: '1000'}", file().owner(1000).into()),
        ("file: {path: /a, policy: remove}", File::removed("/a").into()),
        (
            "file: {path: /a, contents: 'hello {{ vars.who }}'}",
            file().contents("hello world").into(),
        ),
        (
            "file: {path: /a, backup: '~', follow: true}",
            File { backup: Some("~".into()), follow: true, ..file() }.into(),
        ),
        ("file: /a\n  id: motd", Resource::from(file()).with_id("motd")),
        ("file: /a\n  sensitive: true", Resource::from(file()).sensitive()),
        ("file: /a\n  layer: own", own),
        ("file: /a\n  layer: shared", file().into()),
        (
            "file: /a\n  only_if: {os_id: debian, os_version: [11, 12], arch: amd64, mode: [host, root]}",
            condition(Condition {
                os_id: vec!["debian".into()],
                os_version: vec!["11".into(), "12".into()],
                arch: vec!["amd64".into()],
                mode: vec![Mode::Host, Mode::Root],
            }),
        ),
    ];
    all(table);
}

#[test]
fn every_form_of_other_types() {
    let table: Vec<(&str, Resource)> = vec![
        (
            "line: {path: /a, line: x, after: '^y', create: true}\n  watches: []",
            Line::new("/a", "x").after("^y").create().into(),
        ),
        (
            "line: {path: /a, line: x, match: 'x.*', all: true, before: z, create: true, follow: true, mode: 0600, owner: 1, group: 2}",
            Line {
                follow: true,
                mode: 0o600,
                owner: Some(1.into()),
                group: Some(2.into()),
                ..Line::new("/a", "x").matching("x.*").all().before("z").create()
            }
            .into(),
        ),
        ("line: {path: /a, match: x, policy: remove}", Line::removed("/a", "x").into()),
        (
            "block: {path: /a, contents: x, marker: '; {mark}', after: y, create: true}",
            Block::new("/a", "x").marker("; {mark}").after("y").create().into(),
        ),
        ("block: {path: /a, policy: remove}", Block::removed("/a").into()),
        ("directory: /a", Directory::new("/a").into()),
        (
            "directory: {path: /a/b, parents: true, parent_mode: 0711, mode: 0700, owner: 5, group: adm}",
            Directory {
                parent_mode: Some(0o711),
                ..Directory::new("/a/b").parents().mode(0o700).owner(5).group("adm")
            }
            .into(),
        ),
        (
            "directory: {path: /a, policy: remove}",
            Directory::new("/a").policy(DirectoryPolicy::Remove).into(),
        ),
        (
            "directory: {path: /a, policy: remove_recursive}",
            Directory::new("/a").policy(DirectoryPolicy::RemoveRecursive).into(),
        ),
        ("link: {path: /a, to: b}", Link::new("/a", "b").into()),
        (
            "link: {path: /a, to: b, force: true, allow_dangling: true}",
            Link::new("/a", "b").force().allow_dangling().into(),
        ),
        (
            "link: {path: /a, to: b, owner: 1, group: 2}",
            Link { owner: Some(1.into()), group: Some(2.into()), ..Link::new("/a", "b") }.into(),
        ),
        ("link: {path: /a, policy: remove}", Link::removed("/a").into()),
    ];
    all(table);
}

#[test]
fn every_form_of_accounts_packages_and_commands() {
    let table: Vec<(&str, Resource)> = vec![
        ("group: web", Group::new("web").into()),
        (
            "group: {name: web, gid: 5, system: true, members: [a], append: false}",
            Group::new("web").gid(5).system().members(["a"]).append(false).into(),
        ),
        ("user: {name: web, policy: remove}", User::removed("web").into()),
        ("user: {name: web, home: /}", User::new("web").home("/").into()),
        (
            "user: {name: web, uid: 5, group: 7, groups: [adm], home: /h, create_home: false, shell: /bin/sh, fullname: W, lock: true}",
            User {
                uid: Some(5),
                group: Some(7.into()),
                groups: Some(vec!["adm".into()]),
                home: Some("/h".into()),
                create_home: Some(false),
                shell: Some("/bin/sh".into()),
                fullname: Some("W".into()),
                lock: Some(true),
                ..User::new("web")
            }
            .into(),
        ),
        ("package: curl", Package::new(["curl"]).into()),
        ("package: [curl, git=1]", Package::new(["curl", "git=1"]).into()),
        (
            "package: {names: curl, manager: apk, recommends: true, update: false, clean: false, policy: purge}",
            Package {
                names: vec!["curl".into()],
                policy: PackagePolicy::Purge,
                manager: Some(PackageSystem::Apk),
                recommends: true,
                update: false,
                clean: false,
            }
            .into(),
        ),
        ("execute: ldconfig -v", Execute::new(CommandLine::Sh("ldconfig -v".into())).into()),
        (
            "execute: {command: [a, 'b c'], env: {X: 1}, umask: 0077, timeout: 2m, returncodes: [0, 3], unless: t, only_if: [u]}",
            Execute {
                env: [("X".to_owned(), "1".to_owned())].into(),
                umask: 0o077,
                timeout_s: Some(120),
                returncodes: vec![0, 3],
                unless: Some(CommandLine::Sh("t".into())),
                only_if: Some(CommandLine::Argv(vec!["u".into()])),
                ..Execute::new(CommandLine::Argv(vec!["a".into(), "b c".into()]))
            }
            .into(),
        ),
        (
            "execute: {command: a, inputs: {SRC: /}, network: false}",
            Execute::new("a").input("SRC", "/").without_network().into(),
        ),
    ];
    all(table);
}

#[test]
fn every_form_of_what_hosts_have() {
    let table: Vec<(&str, Resource)> = vec![
        (
            "service: {name: ssh, enabled: true, running: false}",
            Service::new("ssh").enabled(true).running(false).into(),
        ),
        (
            "service: {name: x, policy: restart, status: s, start: [a, b], stop: o, restart: r, reload: l}",
            Service {
                status: Some("s".into()),
                start: Some(["a", "b"].into()),
                stop: Some("o".into()),
                restart: Some("r".into()),
                reload: Some("l".into()),
                ..Service::new("x").policy(ServicePolicy::Restart)
            }
            .into(),
        ),
        (
            "mount: {path: /m, device: tmpfs, fs_type: tmpfs}",
            Mount::new("/m", "tmpfs", "tmpfs").into(),
        ),
        (
            "mount: {path: /m, device: /dev/b, fs_type: ext4, options: [ro, noexec]}",
            Mount::new("/m", "/dev/b", "ext4").options("ro,noexec").into(),
        ),
        ("mount: {path: /m, policy: remove}", Mount::removed("/m").into()),
        (
            "cron: {name: job, schedule: '*/5 * * * *', command: date +%F, user: web, env: {A: 1}}",
            Cron {
                env: [("A".to_owned(), "1".to_owned())].into(),
                ..Cron::new("job", "*/5 * * * *", "date +%F").user("web")
            }
            .into(),
        ),
        ("cron: {name: job, policy: remove}", Cron::removed("job").into()),
        ("sysctl: {key: vm.x, value: 1}", Sysctl::new("vm.x", "1").into()),
        ("sysctl: {key: vm.x, policy: remove}", Sysctl::removed("vm.x").into()),
    ];
    all(table);
    check(
        r#"
resources:
- service: {name: a b, running: true}
#                 ^^^ error: resources[0].service: `a b` is no name of a service
- service: {name: ssh}
#                 ^^^ error: resources[1].service: it says nothing of the service
#                 help: add `enabled` or `running`, or a policy
- mount: {path: /m, device: ""}
#                           ^^ error: resources[2].mount: it has no `device`
# ^^^^^ error: resources[2].mount: it has no `fs_type`
- cron: {name: a.b, schedule: "* *", command: date}
#              ^^^ error: resources[3].cron: cron only reads files of letters, digits, `_` and `-`
#                             ^^^^^ error: resources[3].cron: it is neither five fields nor one like `@daily`
- sysctl: {key: vm, value: 1}
#               ^^ error: resources[4].sysctl: `vm` is no name of a variable of the kernel
- sysctl: vm.x=1
#         ^^^^^^ error: resources[5].sysctl: expected a mapping, found the string "vm.x=1"
#         help: write {key: …}
"#,
    );
}

#[test]
fn what_would_break_a_table_of_a_host() {
    check(
        r##"
resources:
- cron: {name: a, schedule: "@daily", command: "true", user: "root evil"}
#                                                            ^^^^^^^^^^^ error: resources[0].cron: `root evil` is no name of a user or a group
#                                                            help: letters, digits, `_`, `-` and `.`; at most 32, and not only digits
- cron: {name: b, schedule: "60 24 * * *", command: "true"}
#                           ^^^^^^^^^^^^^ error: resources[1].cron: `60` is no minute: `*`, 0 to 59, `A-B`, `/STEP`, `A,B`
- cron: {name: c, schedule: "0 0 * jam *", command: "true"}
#                           ^^^^^^^^^^^^^ error: resources[2].cron: `jam` is no month: `*`, 1 to 12, jan …, `A-B`, `/STEP`, `A,B`
- cron: {name: d, schedule: "@daily", command: "true", env: {A: "1\n* * * * * root evil"}}
#                                                           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ error: resources[3].cron: cron takes `NAME=VALUE` on one line, names of letters, digits and `_`
- mount: {path: /m, device: "#a", fs_type: ext4}
#                           ^^^^ error: resources[4].mount: fstab takes what begins with `#` for a comment
- mount: {path: /n, device: a, fs_type: "ext4\n/dev/b /etc ext4"}
#                                       ^^^^^^^^^^^^^^^^^^^^^^^^ error: resources[5].mount: it has a line end or another control character
"##,
    );
}

#[test]
fn every_form_of_what_is_elsewhere() {
    let digest = "a".repeat(64);
    let upper = "A".repeat(64);
    let here = options("").cwd.display().to_string();
    let fetch = || Fetch::new("/o", "https://x.org/a?b", &digest);
    let minimal = format!("fetch: {{path: /o, urls: 'https://x.org/a?b', sha256: {upper}}}");
    let whole = format!(
        "fetch: {{path: /o, urls: ['https://x.org/a?b', a/b.tgz], sha256: {digest}, owner: 1, group: g, mode: 0600, \
         directory_mode: 0700, extract: true, strip: 1, prune: true}}"
    );
    let table: Vec<(&str, Resource)> = vec![
        (&minimal, fetch().into()),
        (
            &whole,
            Fetch {
                group: Some("g".into()),
                directory_mode: 0o700,
                prune: true,
                ..fetch().or_from(format!("file://{here}/a/b.tgz")).owner(1).mode(0o600).extract(1)
            }
            .into(),
        ),
        (
            "git: {path: /o, repository: 'git@x.org:a/b', rev: v1}",
            Git::new("/o", "git@x.org:a/b", "v1").into(),
        ),
        (
            "git: {path: /o, repository: ../r, rev: main, submodules: true, owner: 1, group: 2, prune: true}",
            Git {
                group: Some(2.into()),
                ..Git::new("/o", "/srv/r", "main").submodules().owner(1).prune()
            }
            .into(),
        ),
        (
            "repo: {name: x, url: 'https://x.org', suites: stable, components: [main, extra], architectures: amd64, key: K, manager: apt}",
            Repo {
                architectures: vec!["amd64".into()],
                ..Repo::new("x", "https://x.org")
                    .suite("stable")
                    .component("main")
                    .component("extra")
                    .key("K")
                    .manager(PackageSystem::Apt)
            }
            .into(),
        ),
        (
            "repo: {name: x, policy: remove, url: u, key_name: k.pub}",
            Repo { url: "u".into(), key_name: Some("k.pub".into()), ..Repo::removed("x") }.into(),
        ),
    ];
    all(table);
}

#[test]
fn what_is_wrong_with_what_is_elsewhere() {
    check(
        r#"
resources:
- fetch: {path: /o, urls: "https://u:p@x.org/", sha256: abc, strip: 1}
#                         ^^^^^^^^^^^^^^^^^^^^ error: resources[0].fetch: it has a password
#                         help: put it into ~/.netrc, or into a credential helper of git
#                                                       ^^^ error: resources[0].fetch: a SHA-256 has 64 digits, 0 to 9 and a to f
#                                                       help: `sha256sum FILE` says it
#                                                                   ^ error: resources[0].fetch: `strip` is for an archive
#                                                                   help: add `extract: true`
- fetch: {path: /o, urls: "ftp://x"}
# ^^^^^ error: resources[1].fetch: it has no `sha256`
# help: add `sha256: …`
- git: {path: /o, repository: "ext::sh -c x", rev: "a..b"}
#                             ^^^^^^^^^^^^^^ error: resources[2].git: it is no repository
#                             help: a URL, `user@host:path`, or a directory
#                                                  ^^^^^^ error: resources[2].git: `a..b` is no commit, tag or branch
- repo: {name: a, url: x, key: K, key_source: y}
#                                 ^^^^^^^^^^ error: resources[3].repo: `key` and `key_source` exclude each other
#                                 help: remove one of them
#                                             ^ error: /srv/p/y cannot be read: No such file or directory (os error 2)
- fetch: {path: /f, urls: ["ftp://x"], sha256: abc}
#                         ^^^^^^^^^^^ error: resources[4].fetch: `ftp` is no way to get it
#                         help: known: https, http, file
#                                              ^^^ error: resources[4].fetch: a SHA-256 has 64 digits, 0 to 9 and a to f
#                                              help: `sha256sum FILE` says it
- repo: {name: a/b, url: "x y", key: K}
#              ^^^ error: resources[5].repo: a name is of letters, digits, `_`, `-` and `.`
#                        ^^^^^ error: resources[5].repo: it is no URL
"#,
    );
}

#[test]
fn names_of_others() {
    let found = bundle(
        "resources:\n- file: /a\n- file: /b\n  id: b\n  watches: /a\n  after: ['file[/a]']\n\
         - file: /c\n  watches: [b, /a]\n",
    );
    let expected = Bundle::new()
        .with(File::new("/a"))
        .with(Resource::from(File::new("/b")).with_id("b").watching("/a").after("file[/a]"))
        .with(Resource::from(File::new("/c")).watching("b").watching("/a"));
    assert_eq!(found, expected);
}

#[test]
fn every_mistake_is_said_at_once() {
    check(
        r#"
resources:
- file: {path: /a, mode: 420, owner: "1000:1000", contens: x}
#                        ^^^ error: resources[0].file.mode: `420` may be octal or decimal
#                        help: write 0420, or 0644 if it is decimal
#                                    ^^^^^^^^^^^ error: resources[0].file.owner: "1000:1000" is not a user or a group
#                                    help: write `owner: 1000` and `group: 1000`
#                                                 ^^^^^^^ error: resources[0].file: unknown key "contens"
#                                                 help: did you mean "contents"?
- file: {path: /b, mode: 644}
#                        ^^^ error: resources[1].file.mode: `644` may be octal or decimal
#                        help: write 0644, or 01204 if it is decimal
- file: {path: /c, mode: "999"}
#                        ^^^^^ error: resources[2].file.mode: "999" is not a mode in octal
#                        help: write "0755" in quotes, or 0o755
- fil: /d
# ^^^ error: resources[3]: unknown type of resource "fil"
# help: did you mean "file"?
- file: {contents: x}
# ^^^^ error: resources[4].file: it has no `path`
# help: add `path: …`
- file: [x]
#       ^^^ error: resources[5].file: expected a mapping, found a list
#       help: write {path: …}
- /e
# ^^ error: resources[6]: expected a resource under the word of its type, found the string "/e"
# help: write `- file: {path: /etc/motd, contents: text}`
- file: {path: /f, watches: [x]}
#                  ^^^^^^^ error: resources[7].file: unknown key "watches"
#                  help: `watches` stands beside the type, indented as it is
- file: /g
  link: {path: /h, to: /g}
# ^^^^ error: resources[8]: unknown key "link"
# help: `file` and `link` are two resources: begin a new entry
  mode: 0600
# ^^^^ error: resources[8]: unknown key "mode"
# help: `mode` stands under `file`
- directory: {path: /i, policy: remove-recursive, parents: maybe}
#                               ^^^^^^^^^^^^^^^^ error: resources[9].directory.policy: expected "apply" or "remove" or "remove_recursive", found "remove-recursive"
#                               help: did you mean "remove_recursive"?
#                                                          ^^^^^ error: resources[9].directory.parents: expected true or false, found the string "maybe"
- file: {path: /j, contents: x, source: y}
#                               ^^^^^^ error: resources[10].file: `contents` and `source` exclude each other
#                               help: remove one of them
#                                       ^ error: /srv/p/y cannot be read: No such file or directory (os error 2)
- file: {path: /k, contents: x, vars: {a: 1}}
#                               ^^^^ error: resources[11].file.vars: `vars` are for a `template`
- file: {path: /l}
  only_if: {os.id: debian, mode: vm}
#           ^^^^^ error: resources[12].only_if: unknown key "os.id"
#           help: did you mean "os_id"?
#                                ^^ error: resources[12].only_if.mode: expected "image" or "host" or "root", found "vm"
- {}
# ^^ error: resources[13]: a resource has a type
- file: {pth: /m}
#        ^^^ error: resources[14].file: unknown key "pth"
#        help: did you mean "path"?
- cron: {}
# ^^^^ error: resources[15].cron: it has no `name`
# help: add `name: …`
- file: {path: "{{ vars.nothing }}"}
#                  ^^^^^^^^^^^^ error: resources[16].file.path: "vars" has no "nothing"
- file: {path: /m, contents: "{{ secrets.x }}"}
#                                ^^^^^^^^^ error: resources[17].file.contents: "secrets" has no "x"
"#,
    );
}

#[test]
fn an_item_of_a_list_has_a_place_of_its_own() {
    check(
        r#"
resources:
- package: [curl, -x, "git=", bash]
#                 ^^ error: resources[0].package: `-x` is no name of a package
#                 help: a name, or a name, `=` and a version
#                     ^^^^^^ error: resources[0].package: `git=` is no name of a package
- package: {names: [ed, vim=1], policy: remove}
#                       ^^^^^ error: resources[1].package: `vim=1`: what is removed has no version
- package: "a b"
#          ^^^^^ error: resources[2].package: `a b` is no name of a package
- package: []
#          ^^ error: resources[3].package: it names no package
"#,
    );
}

#[test]
fn what_is_wrong_with_the_whole_has_both_places() {
    check(
        r#"
resources:
- file: relative
#       ^^^^^^^^ error: resources[0].file: `relative` is not an absolute path
- file: {path: /a, policy: remove, contents: x}
#                          ^^^^^^ error: resources[1].file: a file that is removed has neither contents nor owner
- file: {path: /b}
  watches: [/c, /dd]
#           ^^ error: resources[2].file: it watches `/c`, which comes after it
#           help: move it behind what it watches
#               ^^^ error: resources[2].file: it names `/dd`, which is no resource here
#               help: known: "relative", "/a", "/b", "c", "/c", "c", "true", "true"
- {file: /c, id: c}
- file: {path: /c}
# ^^^^ error: resources[4].file: it is declared twice
# help: join them
- {file: /e, id: c}
#                ^ error: resources[5].file: it is declared twice
#                help: give one of them another
- execute: "true"
- execute: {command: "true", env: {A: b}}
# ^^^^^^^ error: resources[7].execute: it is declared twice
# help: join them, or give this one an `id`
"#,
    );
    check(
        r#"
resources:
- {file: /c, id: c}
- {execute: "true"}
- {execute: "true", id: once more, after: /c}
#                                         ^^ error: resources[2].execute: it names `/c`, which is no resource here
#                                         help: what has an id is called by that: "c"
- sysctl: {key: a.b}
# ^^^^^^ error: resources[3].sysctl: its value is one line, and not empty
"#,
    );
    let loaded = read("resources:\n- file: /a\n- directory: /b\n- file: {path: /a}\n");
    let found = loaded.diagnostics.iter().next().unwrap();
    let places: Vec<_> = std::iter::once(found.primary.as_ref().unwrap())
        .chain(&found.secondary)
        .map(|label| loaded.sources.locate(label.span).to_string())
        .collect();
    assert_eq!(places, ["<stdin>:4:3", "<stdin>:2:3"]);
    check(
        r"
resources:
- {file: /a, after: /b}
#                   ^^ error: resources[0].file: each of these comes after the next: file[/a] → file[/b] → file[/a]
- {file: /b, after: /a}
",
    );
}

#[test]
fn a_name_that_is_missing_is_no_mistake_if_its_resource_could_not_be_read() {
    check(
        r#"
resources:
- fiel: {path: /a}
# ^^^^ error: resources[0]: unknown type of resource "fiel"
- {file: /b, watches: /a}
"#,
    );
}

#[test]
fn what_a_source_can_not_be() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
    std::fs::create_dir(directory.path().join("files")).unwrap();
    write("motd.txt", "");
    for (resource, wrong) in [
        ("file: {path: /a, source: files}", "files is a directory: `tree` takes one"),
        ("tree: {path: /a, source: motd.txt}", "motd.txt is no directory: `file` takes"),
        ("file: {path: /a, source: /dev/null}", "/dev/null is a pipe, a socket or a device"),
    ] {
        write("host.yaml", &format!("resources:\n- {resource}\n"));
        let loaded = load_bundle(&LoadOptions {
            files: vec!["host.yaml".into()],
            cwd: directory.path().to_path_buf(),
            ..LoadOptions::default()
        });
        let text = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(text.contains(wrong) && loaded.diagnostics.len() == 1, "{text}");
    }
}

#[test]
fn other_files() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("files/motd.txt", "plain {{ text }}");
    write(
        "files/conf.j2",
        "port {{ vars.port }}\n{% for n in vars.names %}- {{ n }}\n{% endfor %}",
    );
    write("files/wrong.j2", "one\ntwo {{ vars.prot }}\n");
    let load = |yaml: &str| {
        write("host.yaml", yaml);
        load_bundle(&LoadOptions {
            files: vec!["host.yaml".into()],
            cwd: directory.path().to_path_buf(),
            set: vec![("port".to_owned(), "81".to_owned())],
            ..LoadOptions::default()
        })
    };
    let loaded = load(
        "vars: {port: 80, names: [a, b]}\nresources:\n- file: {path: /a, source: files/motd.txt}\n\
         - file: {path: /b, template: files/conf.j2}\n\
         - file: {path: /c, template: files/conf.j2, vars: {names: ['{{ vars.port }}']}}\n",
    );
    assert!(loaded.diagnostics.is_empty(), "{}", loaded.diagnostics.render_plain(&loaded.sources));
    let contents: Vec<_> = loaded
        .bundle
        .unwrap()
        .resources
        .into_iter()
        .map(|resource| {
            let windlass_bundle::Kind::File(file) = resource.kind else { panic!("{resource:?}") };
            file.content.unwrap()
        })
        .collect();
    let source: PathBuf = directory.path().join("files/motd.txt");
    assert_eq!(
        contents,
        [
            Content::File(source),
            Content::Text("port 81\n- a\n- b\n".into()),
            Content::Text("port 81\n- 81\n".into()),
        ]
    );
    let loaded = load(
        "vars: {port: 80}\nresources:\n- file: {path: /a, template: files/wrong.j2}\n\
         - file: {path: /b, template: files/none.j2}\n",
    );
    let text = loaded.diagnostics.render_plain(&loaded.sources);
    let tree =
        load("resources:\n- tree: {path: /t, source: files, exclude: '*.j2', prune: true}\n");
    let source = directory.path().join("files");
    let expected = windlass_bundle::Tree::new("/t", source).exclude("*.j2").prune();
    assert_eq!(tree.bundle.unwrap().resources, [expected.into()]);
    let text = text.replace(&directory.path().display().to_string(), "DIR");
    assert!(text.contains("DIR/files/wrong.j2:2:"), "{text}");
    assert!(text.contains("\"vars\" has no \"prot\""), "{text}");
    assert!(text.contains("did you mean \"port\"?"), "{text}");
    assert!(text.contains("host.yaml:4:"), "{text}");
    assert_eq!(loaded.diagnostics.len(), 2, "{text}");
}

#[test]
fn what_is_sensitive_is_not_in_an_excerpt() {
    let loaded =
        read("resources:\n- file: {path: /a, contents: hunter2, mod: 0600}\n  sensitive: true\n");
    assert!(loaded.diagnostics.has_errors());
    assert!(loaded.sources.iter().all(|(_, file)| !file.text().contains("hunter2")));
    // Nor in a text about another one: names of resources are said where one is not known.
    let loaded = read(
        "resources:\n- line: {path: /a, line: hunter2}\n  sensitive: true\n\
         - execute: hunter2\n  sensitive: true\n- file: /b\n  after: nobody\n",
    );
    let text = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(text.matches("has no `id`").count(), 2, "{text}");
    assert!(text.contains("<stdin>:2:3"), "{text}");
}

/// Whether what is wrong is a name or the whole template.
#[test]
fn what_is_in_a_sensitive_template_is_not_in_an_excerpt() {
    let files = tempfile::tempdir().unwrap();
    for template in ["pw = hunter2 {{ vars.nope }}\n", "hunter2 {{ broken\n", "{{ hunter2 | }}"] {
        let path = files.path().join("t.j2");
        std::fs::write(&path, template).unwrap();
        for (rest, is_shown) in [("\n  sensitive: true", false), ("", true)] {
            let path = path.display();
            let yaml = format!("resources:\n- file: {{path: /a, template: {path}}}{rest}\n");
            let loaded = read(&yaml);
            assert!(loaded.diagnostics.has_errors());
            let text = loaded.diagnostics.render_plain(&loaded.sources);
            assert!(text.contains("t.j2:1:") && !text.contains("hunter2"), "{text}");
            let mut texts = loaded.sources.iter().map(|(_, file)| file.text());
            assert_eq!(texts.any(|text| text.contains("hunter2")), is_shown, "{template}");
        }
    }
}

#[test]
fn a_password_of_a_url_is_in_no_excerpt() {
    let digest = "0".repeat(64);
    let fetch = |rest: &str| format!("fetch: {{path: /a, sha256: {digest}, {rest}}}");
    for resource in [
        fetch("urls: 'http://a:hunter2@h/x'"),
        fetch("urls: ['http://h/x', 'https://a:hunter2@h/x']"),
        fetch("urls: 'https://a:hunter2@h/x', mode: 99999"),
        "git: {path: /a, rev: main, repository: 'https://a:hunter2@h/x'}".to_owned(),
        "git: {path: /a, rev: main, repository: 'a:hunter2@h/x', no: key}".to_owned(),
        "repo: {name: a/b, url: 'https://a:hunter2@h/x'}".to_owned(),
    ] {
        let loaded = read(&format!("resources:\n- {resource}\n"));
        let text = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(loaded.diagnostics.has_errors(), "{resource}");
        assert!(!text.contains("hunter2"), "{text}");
        assert!(loaded.sources.iter().all(|(_, file)| !file.text().contains("hunter2")), "{text}");
    }
}

#[test]
fn the_reference_loads() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/resources.md");
    let text = std::fs::read_to_string(path).unwrap();
    let yaml = text.split("```").find_map(|part| part.strip_prefix("yaml bundle\n")).unwrap();
    let found = bundle(yaml);
    assert_eq!(found.resources.len(), 11);
}

#[test]
fn a_file_that_is_no_bundle() {
    check(
        "containers: {}\n#< error: unknown key \"containers\"\n#< error: the file has no `resources`\n",
    );
}

#[test]
fn secrets_of_commands_are_those_of_the_file() {
    let yaml = "resources:\n- execute: {command: a, secrets: {TOKEN: npm, K: npm}}\nsecrets:\n  npm: {env: NPM}\n";
    let loaded = read(yaml);
    let source = windlass_model::secret::SecretSource::Env("NPM".to_owned());
    assert_eq!(loaded.secrets["npm"].source, source);
    let expected = Execute::new("a").secret("TOKEN", "npm").secret("K", "npm");
    let bundle = loaded.bundle.unwrap();
    assert_eq!((bundle.secrets(), &bundle.resources[0]), (["npm"].into(), &expected.into()));

    check(
        r#"
resources:
- execute: {command: a, secrets: {TOKEN: nmp}}
#                                        ^^^ error: resources[0].execute.secrets: unknown secret "nmp"
- execute: {command: b, secrets: {1-T: npm}}
#                                ^^^^^^^^^^ error: resources[1].execute: `1-T` can't be the name of a variable
- execute: {command: c, env: {X: y}, inputs: {X: /}}
#                                            ^^^^^^ error: resources[2].execute: the variable `X` has another value already
- execute: {command: d, inputs: {X: /}, secrets: {X: npm}}
#                                                ^^^^^^^^ error: resources[3].execute: the variable `X` has another value already
- execute: {command: e, inputs: {X: gone}}
#                                   ^^^^ error: /srv/p/gone cannot be read: No such file or directory (os error 2)
- execute: {command: f, inputs: src}
#                               ^^^ error: resources[5].execute.inputs: expected files by variables, such as {SOURCE: app/src}, found the string "src"
- execute: {command: g, network: none}
#                                ^^^^ error: resources[6].execute.network: expected true or false, found the string "none"
secrets: {npm: {file: a, env: B}}
#         ^^^ error: secrets.npm: a secret has exactly one source
"#,
    );
}

#[test]
fn what_takes_no_secret_says_where_one_goes_and_reads_none() {
    for value in ["secrets.k", "vars.v"] {
        let yaml = format!(
            "secrets: {{k: {{command: [/no/such/program]}}}}\nvars: {{v: '{{{{ secrets.k }}}}'}}\nresources:\n\
             - file: {{path: /a, contents: '{{{{ {value} }}}}'}}\n  sensitive: true\n"
        );
        let loaded = read(&yaml);
        let found = loaded.diagnostics.render_plain(&loaded.sources);
        let expected = "resources[0].file.contents: a secret cannot be used here\n  help: only commands are given secrets";
        assert!(found.contains(expected), "{found}");
        assert!(loaded.sources.locate(loaded.secret_places["k"]).to_string().ends_with(":1:24"));
        // The text says where the value is, not what it is.
        let span = loaded.diagnostics.iter().next().unwrap().primary.as_ref().unwrap().span;
        assert!(loaded.sources.slice(span).contains(value), "{value}");
    }
    let image = "secrets: {k: {env: NOPE}}\nimages: {a: {from: scratch, resources: [{file: {path: /a, contents: '{{ secrets.k }}'}}]}}\n";
    let loaded = windlass_config::load(&options(image));
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(found.contains("help: only commands are given secrets"), "{found}");
}

#[test]
fn what_others_call_it_is_told_in_our_words() {
    for (entry, help) in [
        ("template: {path: /a, src: b}", "did you mean \"file\"?"),
        ("copy: {path: /a}", "did you mean \"file\"?"),
        ("run: make", "did you mean \"execute\"?"),
        ("apt: hello", "did you mean \"package\"?"),
        ("package: {names: hello, version: 2}", "write `hello=2`"),
        ("{execute: make, only_if: test -e /a}", "a command that decides stands under `execute`"),
        ("execute: {command: make, only_if: {os_id: a}}", "a condition such as {os_id: debian}"),
    ] {
        let loaded = read(&format!("resources:\n- {entry}\n"));
        let found = loaded.diagnostics.render_plain(&loaded.sources);
        let helps: Vec<_> = found.lines().filter(|line| line.contains("help: ")).collect();
        assert!(helps.len() == 1 && helps[0].contains(help), "{entry}: {found}");
    }
}

#[test]
fn a_project_is_told_as_that() {
    let loaded = read("name: p\ncontainers: {a: {image: x}}\n");
    let found = loaded.diagnostics.render_plain(&loaded.sources);
    assert_eq!(
        found.matches("help: this is a project: `windlass up` runs it").count(),
        2,
        "{found}"
    );
}
