//! What comes out otherwise than it is.
//!
//! Invariant: the same resources on the same base make no difference to what came of them.

use crate::target::Target;
use windlass_bundle::{
    Bundle, Directory, Execute, Facts, File, FilePolicy, Line, Link, Resource, User, difference,
    plan,
};

const BASE: [&str; 5] = [
    "etc/passwd=root:x:0:0::/:/bin/sh\n",
    "etc/group=root:x:0:\n",
    "etc/motd=hi\n",
    "srv/",
    "old=1",
];

/// Of what `before` left, what `after` makes otherwise: changes and what is declared no more, a line each.
fn differences(before: &Bundle, after: &Bundle) -> Option<(Vec<String>, String)> {
    let (below, there) = (Target::new(&BASE), Target::new(&BASE));
    let facts = Facts::default();
    windlass_bundle::apply(before, &there.root(), &facts).unwrap();
    let plans = plan(after, &below.root(), &facts).unwrap();
    let found = difference(plans, &below.root(), &there.root(), true).unwrap();
    let mut lines = Vec::new();
    let mut diffs = String::new();
    for one in &found.plans {
        for change in &one.changes {
            lines.push(format!("{} {}: {}", one.id, change.op.path(), change.reason));
            diffs.extend(change.diff.clone());
        }
    }
    let undeclared = found.undeclared?;
    lines.extend(undeclared.iter().map(|one| format!("{}: {}", one.path, one.reason)));
    Some((lines, diffs))
}

#[test]
fn only_what_comes_out_otherwise_is_said() {
    let line = |text: &str| Line::new("/etc/motd", text);
    let file = |text: &str| File::new("/srv/a").contents(text);
    let gone = "goes: nothing declares it any more";
    let table: Vec<(&str, Bundle, Bundle, Vec<String>, &str)> = vec![
        ("the same", all(), all(), vec![], ""),
        (
            "a line that is another one",
            Bundle::new().with(line("plain2")),
            Bundle::new().with(line("plain3")),
            vec!["line[/etc/motd:plain3] /etc/motd: change the contents".into()],
            "--- /etc/motd\n+++ /etc/motd\n@@ -1,2 +1,2 @@\n hi\n-plain2\n+plain3\n",
        ),
        (
            "what several write is said by the last",
            Bundle::new().with(file("a\n")),
            Bundle::new().with(file("a\n").mode(0o600)).with(Line::new("/srv/a", "b")),
            vec!["line[/srv/a:b] /srv/a: change the contents, the mode from 0644 to 0600".into()],
            "--- /srv/a\n+++ /srv/a\n@@ -1 +1,2 @@\n a\n+b\n",
        ),
        (
            "nothing declares it",
            Bundle::new().with(Directory::new("/srv/bin")).with(file("a")).with(line("x")),
            Bundle::new(),
            vec![
                "/etc/motd: change the contents: nothing declares otherwise any more".into(),
                format!("/srv/a: {gone}"),
                format!("/srv/bin: {gone}"),
            ],
            "",
        ),
        (
            "what the base has comes back",
            Bundle::new().with(File::removed("/old")),
            Bundle::new(),
            vec!["/old: comes back: nothing declares otherwise any more".into()],
            "",
        ),
        (
            "a user less",
            Bundle::new().with(User::new("app").uid(1000)).with(User::new("web").uid(1001)),
            Bundle::new().with(User::new("app").uid(1000)),
            vec![
                "user[app] /etc/group: change the contents".into(),
                "user[app] /etc/passwd: change the contents".into(),
                format!("/home/web: {gone}"),
            ],
            "web:x:1001",
        ),
        (
            "modes and links",
            Bundle::new().with(file("a")).with(Link::new("/l", "srv")),
            Bundle::new().with(file("a").mode(0o600)).with(Link::new("/l", "etc")),
            vec![
                "file[/srv/a] /srv/a: change the mode from 0644 to 0600".into(),
                "link[/l] /l: lead to etc and not to srv".into(),
            ],
            "",
        ),
    ];
    for (case, before, after, expected, diff) in table {
        let (lines, diffs) = differences(&before, &after).expect(case);
        assert_eq!(lines, expected, "{case}");
        assert!(diffs.contains(diff), "{case}: {diffs}");
    }
}

fn all() -> Bundle {
    Bundle::new()
        .with(Directory::new("/srv/bin").mode(0o700))
        .with(File::new("/srv/bin/x").contents("x"))
        .with(Line::new("/srv/bin/x", "y"))
        .with(Link::new("/l", "srv"))
        .with(User::new("app").uid(1000))
        .with(File { policy: FilePolicy::Remove, ..File::new("/old") })
}

#[test]
fn what_commands_leave_is_not_known() {
    let before = Bundle::new().with(File::new("/srv/a"));
    let after = before.clone().with(Execute::new("true"));
    assert_eq!(differences(&before, &after), None);
}

#[test]
fn no_diff_shows_what_was_sensitive() {
    let (below, there) = (Target::new(&BASE), Target::new(&["etc/motd=SEKRET\n", "srv/"]));
    let facts = Facts::default();
    let secret = Resource::from(File::new("/etc/motd").contents("new\n")).sensitive();
    let plain = Resource::from(File::new("/etc/motd").contents("new\n"));
    for (resource, shows, expected) in
        [(plain.clone(), true, true), (plain, false, false), (secret, true, false)]
    {
        let plans = plan(&Bundle::new().with(resource), &below.root(), &facts).unwrap();
        let found = difference(plans, &below.root(), &there.root(), shows).unwrap();
        let change = &found.plans[0].changes[0];
        let shown = change.diff.clone().unwrap_or_default();
        assert_eq!(shown.contains("SEKRET"), expected, "{shown}");
        assert_eq!(change.reason, "change the contents");
    }
}

/// What nobody may read but root, though no resource says that it is sensitive.
#[test]
fn no_diff_shows_passwords() {
    let shadow = "root:$6$SEKRET:1:0:99999:7:::\n";
    let files = ["shadow", "shadow-", "gshadow", "gshadow-"].map(|name| format!("/etc/{name}"));
    let entries = files.each_ref().map(|path| format!("{}={shadow}", &path[1..]));
    let base: Vec<&str> = BASE.into_iter().chain(entries.iter().map(String::as_str)).collect();
    let (below, facts) = (Target::new(&base), Facts::default());
    let there = Target::new(&base);
    for path in &files {
        std::fs::write(there.path(path), shadow.replace("SEKRET", "SEKRET2")).unwrap();
    }
    let at = |path: &String| {
        [
            Resource::from(Line::new(path, "x:!:::::::")),
            Resource::from(File::new(path).mode(0o600)),
            Resource::from(File::new(path).contents("x")),
        ]
    };
    let user = Resource::from(User::new("app").uid(1000));
    for resource in files.iter().flat_map(at).chain([user]) {
        let plans = plan(&Bundle::new().with(resource), &below.root(), &facts).unwrap();
        let planned = plans.iter().flat_map(|one| &one.changes).filter_map(|one| one.diff.as_ref());
        assert_eq!(planned.filter(|diff| diff.contains("SEKRET")).count(), 0);
        let found = difference(plans, &below.root(), &there.root(), true).unwrap();
        let mut changes = found.plans.iter().flat_map(|one| &one.changes);
        let shown: Vec<_> = changes.clone().filter_map(|one| one.diff.as_ref()).collect();
        assert!(!shown.iter().any(|diff| diff.contains("SEKRET")), "{shown:?}");
        assert!(changes.any(|one| one.is_sensitive), "{:?}", found.plans);
    }
}
