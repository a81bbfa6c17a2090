//! What a bundle makes of what is there: one table for directories, hosts and images.
//!
//! Invariant: a case says nothing of where it is applied; `/case` is its own, and names that begin with `/` are of the whole
//! file system.

/// What is there before, a bundle, and all that is below `/case` then.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Names below `/case` and texts. A name that ends with `/` is a directory, a text that begins with `-> ` a link.
    pub(crate) before: &'static [(&'static str, &'static str)],
    pub(crate) bundle: &'static str,
    /// `0640 text`, `0755 /`, `-> target`; with owners that are not root: `0640 5:6 text`.
    pub(crate) after: &'static [(&'static str, &'static str)],
    /// What is said where it can't be done; nothing is changed then.
    pub(crate) fails: Option<&'static str>,
    /// Commands are run, which is not possible in a directory.
    pub(crate) runs: bool,
}

impl Case {
    const fn of(
        name: &'static str,
        before: &'static [(&'static str, &'static str)],
        bundle: &'static str,
        after: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, before, bundle, after, fails: None, runs: false }
    }

    const fn failing(
        name: &'static str,
        before: &'static [(&'static str, &'static str)],
        bundle: &'static str,
        says: &'static str,
    ) -> Self {
        Self { name, before, bundle, after: &[], fails: Some(says), runs: false }
    }

    const fn running(
        name: &'static str,
        before: &'static [(&'static str, &'static str)],
        bundle: &'static str,
        after: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { name, before, bundle, after, fails: None, runs: true }
    }
}

/// A case with a directory of its own instead of `/case`.
pub(crate) struct Placed {
    pub(crate) case: &'static Case,
    /// `c07`
    pub(crate) top: String,
}

impl Placed {
    /// What the case says, of its own directory.
    pub(crate) fn moved(&self, text: &str) -> String {
        text.replace("/case", &format!("/{}", self.top))
    }

    /// It is about files that others have, too.
    pub(crate) fn is_of_the_whole(&self) -> bool {
        self.case.before.iter().chain(self.case.after).any(|(name, _)| name.starts_with('/'))
    }
}

/// All cases, in as few bundles as can be: those that fail, and those of the whole, are by themselves.
pub(crate) fn groups() -> Vec<Vec<Placed>> {
    let placed = CASES.iter().enumerate();
    let placed = placed.map(|(at, case)| Placed { case, top: format!("c{at:02}") });
    let (apart, together): (Vec<_>, Vec<_>) =
        placed.partition(|one| one.case.fails.is_some() || one.is_of_the_whole());
    assert!(together.len() > 20, "{}", together.len());
    std::iter::once(together).chain(apart.into_iter().map(|one| vec![one])).collect()
}

/// Files beside the bundle.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("big", "a big one\n"),
    ("tmpl", "for {{ vars.who }}\n"),
    ("tree/one", "1\n"),
    ("tree/sub/two", "2\n"),
];

const LINES: &[(&str, &str)] = &[("h", "FOO 1\nBAR 2\nBAZ 3")];

const ACCOUNTS: &[(&str, &str)] = &[
    ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nold:x:1000:1000::/h:/bin/sh\n"),
    ("/etc/group", "root:x:0:\nold:x:1000:\nweb:x:100:old,zed\nnogroup:x:65534:\n"),
    ("/etc/shadow", "root:*:1:0:99999:7:::\nold:!:1:0:99999:7:::\n"),
];

pub(crate) const CASES: &[Case] = &[
    Case::of(
        "a file is made",
        &[],
        "- file: {path: /case/a, contents: \"hi\\n\", mode: 0640}",
        &[("a", "0640 hi\n")],
    ),
    Case::of(
        "a file is emptied",
        &[("a", "foo\nbar")],
        "- file: {path: /case/a, contents: \"\"}",
        &[("a", "0644 ")],
    ),
    Case::of(
        "a file is changed, and what it was is kept",
        &[("a", "old\n")],
        "- file: {path: /case/a, contents: \"new\\n\", backup: .bak}",
        &[("a", "0644 new\n"), ("a.bak", "0644 old\n")],
    ),
    Case::of(
        "only a mode and an owner are changed",
        &[("a", "same\n")],
        "- file: {path: /case/a, contents: \"same\\n\", mode: 0600, owner: 5, group: 6}",
        &[("a", "0600 5:6 same\n")],
    ),
    Case::of(
        "a source and a template go over",
        &[],
        "- file: {path: /case/big, source: big}\n- file: {path: /case/t, template: tmpl, vars: {who: me}}",
        &[("big", "0644 a big one\n"), ("t", "0644 for me\n")],
    ),
    Case::failing(
        "a file whose directory is not there",
        &[],
        "- file: {path: /case/x/filename, contents: x}",
        "there is no directory /case/x",
    ),
    Case::failing(
        "a file that is a directory is not removed",
        &[("a/", ""), ("a/b", "x")],
        "- file: {path: /case/a, policy: remove}",
        "is a directory",
    ),
    Case::of(
        "a tree goes over, and prunes",
        &[("t/", ""), ("t/stale", "x")],
        "- tree: {path: /case/t, source: tree, prune: true}",
        &[("t", "0755 /"), ("t/one", "0644 1\n"), ("t/sub", "0755 /"), ("t/sub/two", "0644 2\n")],
    ),
    Case::of(
        "directories with parents, and one that is removed with all in it",
        &[("old/", ""), ("old/x", "x"), ("empty/", "")],
        "- directory: {path: /case/n/m, parents: true, parent_mode: 0711, mode: 0700}\n\
         - directory: {path: /case/old, policy: remove_recursive}\n- directory: {path: /case/empty, policy: remove}",
        &[("n", "0711 /"), ("n/m", "0700 /")],
    ),
    Case::failing(
        "a directory whose parent is not there",
        &[],
        "- directory: /case/foo/bar/baz",
        "there is no directory /case/foo",
    ),
    Case::of(
        "links, by force too",
        &[("a", "in the way")],
        "- link: {path: /case/a, to: /case, force: true}",
        &[("a", "-> /case")],
    ),
    Case::failing(
        "a link to what is not there",
        &[],
        "- link: {path: /case/dangling, to: /case/not/there}",
        "/case/not/there, which is not there",
    ),
    Case::of(
        "lines and blocks",
        &[("h", "one\ntwo\n")],
        "- line: {path: /case/h, line: TWO, match: '^two$'}\n\
         - block: {path: /case/h, contents: \"b\\n\", after: '^one$'}",
        &[("h", "0644 one\n# BEGIN windlass\nb\n# END windlass\nTWO\n")],
    ),
    Case::of(
        "a line that no line matches is put at the end, once",
        LINES,
        "- line: {path: /case/h, line: QUX 2, match: '^QUX'}",
        &[("h", "0644 FOO 1\nBAR 2\nBAZ 3\nQUX 2")],
    ),
    Case::of(
        "a line takes the place of another",
        LINES,
        "- line: {path: /case/h, line: BAR 9, match: '^BAR'}",
        &[("h", "0644 FOO 1\nBAR 9\nBAZ 3")],
    ),
    Case::of(
        "a line is removed",
        LINES,
        "- line: {path: /case/h, match: '^BAR', policy: remove}",
        &[("h", "0644 FOO 1\nBAZ 3")],
    ),
    Case::of(
        "a line that its own pattern does not match comes once",
        &[("h", "X\n")],
        "- line: {path: /case/h, line: Y, match: '^NOMATCH'}",
        &[("h", "0644 X\nY\n")],
    ),
    Case::of(
        "what is watched changed",
        &[],
        "- file: {path: /case/a, contents: a}\n- file: {path: /case/w, contents: w}\n  watches: [/case/a]",
        &[("a", "0644 a"), ("w", "0644 w")],
    ),
    Case::of(
        "what is watched did not change",
        &[("a", "a")],
        "- file: {path: /case/a, contents: a}\n- file: {path: /case/w, contents: w}\n  watches: [/case/a]",
        &[("a", "0644 a")],
    ),
    Case::of(
        "a file is removed, and one that is not there",
        &[("a", "x")],
        "- file: {path: /case/a, policy: remove}\n- file: {path: /case/b, policy: remove}",
        &[],
    ),
    Case::of(
        "a condition that does not hold",
        &[],
        "- file: {path: /case/a, contents: x}\n  only_if: {os_id: plan9}",
        &[],
    ),
    Case::of(
        "what is behind a link of the target goes there, and the link stays",
        &[("usr/", ""), ("usr/lib/", ""), ("lib", "-> usr/lib")],
        "- directory: /case/lib/fz\n- file: {path: /case/lib/fz/x, contents: x}",
        &[
            ("lib", "-> usr/lib"),
            ("usr", "0755 /"),
            ("usr/lib", "0755 /"),
            ("usr/lib/fz", "0755 /"),
            ("usr/lib/fz/x", "0644 x"),
        ],
    ),
    Case::of(
        "accounts are lines, and own what comes after them",
        ACCOUNTS,
        "- group: {name: team, gid: 70, members: [old]}\n\
         - user: {name: app, uid: 71, group: team, groups: [web], home: /case/home, create_home: true, shell: /bin/false}\n\
         - file: {path: /case/f, contents: f, owner: app, group: team}",
        &[
            ("f", "0644 71:70 f"),
            ("home", "0700 71:70 /"),
            (
                "/etc/group",
                "root:x:0:\nold:x:1000:\nweb:x:100:old,zed,app\nnogroup:x:65534:\nteam:x:70:old\n",
            ),
            (
                "/etc/passwd",
                "root:x:0:0:root:/root:/bin/sh\nold:x:1000:1000::/h:/bin/sh\napp:x:71:70::/case/home:/bin/false\n",
            ),
        ],
    ),
    Case::of(
        "a user is in just these groups",
        ACCOUNTS,
        "- user: {name: old, groups: [nogroup], append: false}",
        &[("/etc/group", "root:x:0:\nold:x:1000:\nweb:x:100:zed\nnogroup:x:65534:old\n")],
    ),
    Case::of(
        "accounts go",
        ACCOUNTS,
        "- user: {name: old, policy: remove}\n- group: {name: web, policy: remove}",
        &[
            ("/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n"),
            ("/etc/shadow", "root:*:1:0:99999:7:::\n"),
        ],
    ),
    Case::of(
        "a home comes with the directories above it",
        ACCOUNTS,
        "- user: {name: test, home: /case/does/not/exist, create_home: true}",
        &[
            (
                "/etc/group",
                "root:x:0:\nold:x:1000:\nweb:x:100:old,zed\nnogroup:x:65534:\ntest:x:1001:\n",
            ),
            ("does", "0755 /"),
            ("does/not", "0755 /"),
            ("does/not/exist", "0700 1001:1001 /"),
        ],
    ),
    Case::running(
        "a command runs once",
        &[],
        "- execute: {command: touch /case/t, creates: /case/t}",
        &[("t", "0644 ")],
    ),
    Case::running(
        "a command is not run where another says so",
        &[],
        "- execute: {command: touch /case/t, unless: \"true\", creates: /case/t}",
        &[],
    ),
    Case::running(
        "a command has its mask",
        &[],
        "- execute: {command: touch /case/t, umask: 0002, creates: /case/t}",
        &[("t", "0664 ")],
    ),
    Case::running(
        "what watches a command that is not run is not run",
        &[("there", "")],
        "- execute: {command: touch /case/foo, creates: /case/there}\n  id: touch-foo\n\
         - execute: {command: touch /case/bar}\n  watches: [touch-foo]",
        &[("there", "0644 ")],
    ),
];
