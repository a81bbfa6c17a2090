//! Users and groups: the lines of the target's own files.

use crate::target::{Target, one};
use proptest::prelude::*;
use std::cell::Cell;
use std::io::Read;
use windlass_bundle::{
    Bundle, Directory, Facts, Group, Metadata, Resource, ResourceError, Root, User, View, apply,
    plan,
};

const PASSWD: &str =
    "etc/passwd=root:x:0:0:root:/root:/bin/sh\nold:x:1000:1000:Old,1,2:/h:/bin/sh\n";
const GROUP: &str = "etc/group=root:x:0:\nshadow:x:42:\nold:x:1000:\nweb:x:100:old,zed\n";
const SHADOW: &str = "etc/shadow=root:*:1:0:99999:7:::\nold:$6$s$secret:1:0:99999:7:::\n";
const GSHADOW: &str = "etc/gshadow=root:*::\nold:!::\nweb:!::old,zed\n";
const ALL: [&str; 4] = [GROUP, GSHADOW, PASSWD, SHADOW];

/// Lines that are no more, with `-`, and lines that are new, with `+`, of all files and in the order of their names.
fn differences(before: &[&str], resource: &Resource) -> Result<Vec<String>, String> {
    let target = Target::new(before);
    let was = target.entries();
    let planned = target.reach(&one(resource.clone())).map_err(|errors| errors[0].to_string())?;
    let texts = planned[0].changes.iter().map(|one| format!("{} {:?}", one.reason, one.diff));
    let texts: String = texts.collect();
    assert!(!texts.contains("$6$"), "no password is shown: {texts}");
    let lines = |entries: Vec<String>| -> Vec<String> {
        let named = entries.iter().flat_map(|entry| {
            let (name, text) = entry.split_once('=').unwrap_or((entry, ""));
            let name = name.trim_start_matches("etc/").to_owned();
            let lines = if text.is_empty() { vec![""] } else { text.lines().collect() };
            lines.into_iter().map(move |line| format!("{name} {line}").trim_end().to_owned())
        });
        named.collect()
    };
    let (was, now) = (lines(was), lines(target.entries()));
    let gone = was.iter().filter(|line| !now.contains(line)).map(|line| format!("-{line}"));
    let new = now.iter().filter(|line| !was.contains(line)).map(|line| format!("+{line}"));
    Ok(gone.chain(new).collect())
}

#[test]
fn groups_are_lines() {
    let table: Vec<(Group, &[&str])> = vec![
        (Group::new("web"), &[]),
        (Group::new("new"), &["+group new:x:1001:", "+gshadow new:!::"]),
        (Group::new("new").system(), &["+group new:x:101:", "+gshadow new:!::"]),
        (Group::new("new").gid(77), &["+group new:x:77:", "+gshadow new:!::"]),
        (Group::new("web").gid(77), &["-group web:x:100:old,zed", "+group web:x:77:old,zed"]),
        (
            Group::new("web").members(["ann", "zed"]),
            &[
                "-group web:x:100:old,zed",
                "-gshadow web:!::old,zed",
                "+group web:x:100:old,zed,ann",
                "+gshadow web:!::old,zed,ann",
            ],
        ),
        (
            Group::new("web").members(["zed"]).append(false),
            &[
                "-group web:x:100:old,zed",
                "-gshadow web:!::old,zed",
                "+group web:x:100:zed",
                "+gshadow web:!::zed",
            ],
        ),
        (Group::removed("web"), &["-group web:x:100:old,zed", "-gshadow web:!::old,zed"]),
        (Group::removed("nobody"), &[]),
    ];
    for (group, expected) in table {
        assert_eq!(differences(&ALL, &group.clone().into()).unwrap(), expected, "{group:?}");
    }
}

#[test]
fn users_are_lines() {
    let rest = ":0:99999:7:::";
    let shadow = |line: &str| format!("+shadow {line}{rest}");
    let plain = || User::new("new").create_home(false);
    let own = ["+group new:x:1001:", "+gshadow new:!::"].map(str::to_owned);
    let new = |passwd: &str, hash: &str| -> Vec<String> {
        let passwd = format!("+passwd new:x:{passwd}");
        own.iter().cloned().chain([passwd, shadow(&format!("new:{hash}:"))]).collect()
    };
    let usual = "1001:1001::/home/new:/bin/sh";
    let text = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    let table: Vec<(User, Vec<String>)> = vec![
        (plain(), new(usual, "!")),
        (plain().password_hash("$6$a$b"), new(usual, "$6$a$b")),
        (plain().password_hash("$6$a$b").lock(true), new(usual, "!$6$a$b")),
        (plain().lock(false), new(usual, "*")),
        (plain().lock(true), new(usual, "!")),
        (plain().fullname("N, 1").shell("/s").home("/x"), new("1001:1001:N, 1:/x:/s", "!")),
        (
            User::new("new").system(),
            text(&[
                "+group new:x:101:",
                "+gshadow new:!::",
                "+passwd new:x:101:101::/nonexistent:/usr/sbin/nologin",
                &shadow("new:!:"),
            ]),
        ),
        (
            plain().uid(1000 - 1).group("web"),
            text(&["+passwd new:x:999:100::/home/new:/bin/sh", &shadow("new:!:")]),
        ),
        (
            User::new("new").system().uid(100),
            text(&[
                "+group new:x:101:",
                "+gshadow new:!::",
                "+passwd new:x:100:101::/nonexistent:/usr/sbin/nologin",
                &shadow("new:!:"),
            ]),
        ),
    ];
    for (user, expected) in table {
        assert_eq!(differences(&ALL, &user.clone().into()).unwrap(), expected, "{user:?}");
    }
}

#[test]
fn of_a_user_that_is_there_only_what_is_declared_changes() {
    const GONE: &str = "-shadow old:$6$s$secret:1:0:99999:7:::";
    let table: Vec<(User, &[&str])> = vec![
        (User::new("old"), &[]),
        (
            User::new("old").fullname("Ann").shell("/s").uid(7).group("web").home("/n"),
            &["-passwd old:x:1000:1000:Old,1,2:/h:/bin/sh", "+passwd old:x:7:100:Ann,1,2:/n:/s"],
        ),
        (User::new("old").lock(true), &[GONE, "+shadow old:!$6$s$secret:1:0:99999:7:::"]),
        (User::new("old").lock(false), &[]),
        (User::new("old").password_hash("$6$s$secret"), &[]),
        (User::new("old").password_hash("$6$n$n"), &[GONE, "+shadow old:$6$n$n:1:0:99999:7:::"]),
        (
            User::new("old").groups(["shadow"]).append(false),
            &[
                "-group shadow:x:42:",
                "-group web:x:100:old,zed",
                "-gshadow web:!::old,zed",
                "+group shadow:x:42:old",
                "+group web:x:100:zed",
                "+gshadow web:!::zed",
            ],
        ),
        (User::new("old").groups(["shadow"]), &["-group shadow:x:42:", "+group shadow:x:42:old"]),
        (
            User::removed("old"),
            &[
                "-group old:x:1000:",
                "-group web:x:100:old,zed",
                "-gshadow old:!::",
                "-gshadow web:!::old,zed",
                "-passwd old:x:1000:1000:Old,1,2:/h:/bin/sh",
                GONE,
                "+group web:x:100:zed",
                "+gshadow web:!::zed",
            ],
        ),
        (User::removed("nobody"), &[]),
    ];
    for (user, expected) in table {
        assert_eq!(differences(&ALL, &user.clone().into()).unwrap(), expected, "{user:?}");
    }
}

#[test]
fn nothing_is_needed_but_a_root() {
    let target = Target::new(&[]);
    target.reach(&one(User::new("app").uid(10_001).home("/app"))).unwrap();
    assert_eq!(
        target.entries(),
        [
            "app/ 700",
            "etc/",
            "etc/group=app:x:10001:\n",
            "etc/passwd=app:x:10001:10001::/app:/bin/sh\n",
        ]
    );
    let target = Target::new(&["etc/group=shadow:x:42:\n"]);
    target.reach(&one(User::new("a").system().password_hash("$6$a$b"))).unwrap();
    let entries = target.entries();
    assert!(entries.contains(&"etc/shadow 640=a:$6$a$b::0:99999:7:::\n".to_owned()), "{entries:?}");
}

#[test]
fn a_new_home_has_what_is_in_the_skeleton() {
    let target = Target::new(&["etc/skel/.profile=x", "etc/skel/d/e=y", "etc/skel/l -> d"]);
    target.reach(&one(User::new("ann"))).unwrap();
    let entries = target.entries();
    let home: Vec<&String> = entries.iter().filter(|one| one.starts_with("home")).collect();
    let expected =
        ["home/", "home/ann/ 700", "home/ann/.profile=x", "home/ann/d/", "home/ann/d/e=y"];
    assert_eq!(home[..5], expected);
    assert_eq!(home[5], "home/ann/l -> d");
    std::fs::write(target.path("home/ann/.profile"), "mine").unwrap();
    target.reach(&one(User::new("ann").create_home(true).fullname("Ann"))).unwrap();
    assert!(target.entries().contains(&"home/ann/.profile=mine".to_owned()));
}

#[test]
fn what_can_not_be_is_said_and_no_line_is_changed() {
    let table: Vec<(Resource, &str)> = vec![
        (Group::new("a:b").into(), "no name"),
        (Group::new("").into(), "no name"),
        (Group::new("12").into(), "no name"),
        (Group::new("new").gid(100).into(), "the gid 100 is that of `web`"),
        (Group::removed("old").into(), "own group of the user `old`"),
        (Group::removed("root").into(), "needs"),
        (User::new("new").uid(1000).into(), "the uid 1000 is that of `old`"),
        (User::new("new").groups(["none"]).into(), "no group called `none`"),
        (User::new("new").group("none").into(), "no group called `none`"),
        (User::new("new").fullname("a:b").into(), "colon"),
        (User::new("new").home("x").into(), "not an absolute path"),
        (User::new("new").password_hash("secret").into(), "no hash"),
        (User::new("new").password_hash("$6$a:b$c").into(), "no hash"),
        (User::removed("root").into(), "needs root"),
        (User { uid: Some(1), ..User::removed("old") }.into(), "nothing but a name"),
    ];
    for (resource, expected) in table {
        let error = differences(&ALL, &resource).expect_err(expected);
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    assert!(!format!("{:?}", User::new("a").password_hash("$6$a$b")).contains('$'));
}

#[test]
fn what_comes_later_sees_what_came_before() {
    let target = Target::new(&ALL);
    let bundle = Bundle::new()
        .with(Group::new("app").system())
        .with(User::new("app").system().group("app").groups(["web"]))
        .with(windlass_bundle::File::new("/f").owner("app"));
    let planned = target.reach(&bundle).unwrap();
    assert!(format!("{:?}", planned[2]).contains("uid: 100, gid: 101"), "{planned:?}");
}

/// Counts how often files are opened.
struct Counting {
    root: Root,
    opened: Cell<usize>,
}

impl View for Counting {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        self.root.metadata(path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError> {
        self.opened.set(self.opened.get() + 1);
        View::open(&self.root, path)
    }

    fn read_link(&self, path: &str) -> Result<String, ResourceError> {
        self.root.read_link(path)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
        self.root.list(path)
    }
}

#[test]
fn a_file_of_accounts_is_read_once_in_a_plan() {
    let target = Target::new(&ALL);
    let mut bundle = Bundle::new().with(Directory::new("/d").owner("old"));
    for name in ["a", "b", "c"] {
        bundle = bundle.with(User::new(name).system()).with(Group::new(format!("{name}s")));
    }
    target.reach(&bundle).unwrap();
    let view = Counting { root: target.root(), opened: Cell::new(0) };
    plan(&bundle, &view, &Facts::default()).unwrap();
    assert_eq!(view.opened.get(), ALL.len());
}

#[test]
fn what_others_change_meanwhile_is_read_again() {
    let (passwd, moved) = (PASSWD, PASSWD.replace("etc/passwd", "etc/other"));
    for is_link in [false, true] {
        let target = Target::new(&[passwd, &moved, GROUP]);
        let file = target.path("etc/passwd");
        let lead = |to: &str| {
            std::fs::remove_file(&file).unwrap();
            std::os::unix::fs::symlink(to, &file).unwrap();
        };
        if is_link {
            std::fs::rename(&file, target.path("etc/first")).unwrap();
            std::fs::write(&file, "").unwrap();
            lead("first");
        }
        let (root, facts) = (target.root(), Facts::default());
        let bundle = one(User::new("old").fullname("New"));
        let changes = || apply(&bundle, &root, &facts).unwrap()[0].changes.len();
        assert_eq!((changes(), changes()), (1, 0), "{is_link}");
        if is_link {
            lead("other");
        } else {
            std::fs::rename(target.path("etc/other"), &file).unwrap();
        }
        assert_eq!((changes(), changes()), (1, 0), "{is_link}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_user_that_comes_and_goes_leaves_the_same_bytes(
        lines in proptest::collection::vec("[a-z+:0-9é]{0,12}", 0..6),
        ends in any::<bool>(),
        system in any::<bool>(),
    ) {
        let text = lines.join("\n") + if ends && !lines.is_empty() { "\n" } else { "" };
        let (passwd, group) = (format!("etc/passwd={text}"), format!("etc/group={text}"));
        let target = Target::new(&[&passwd, &group, "etc/shadow=", "etc/gshadow="]);
        let before = target.entries();
        let user = User { system, ..User::new("a-new-one").create_home(false) };
        target.reach(&one(user)).unwrap();
        prop_assert_ne!(target.entries(), before.clone());
        target.reach(&one(User::removed("a-new-one"))).unwrap();
        prop_assert_eq!(target.entries(), before);
    }
}

#[test]
fn a_process_runs_as_who_is_there() {
    let target = Target::new(&["etc/passwd=web:x:33:33::/:/bin/sh\n", "etc/group=staff:x:50:\n"]);
    let check = |user| windlass_bundle::check_user(&target.root(), user);
    for user in ["web", "33", "web:staff", "1000:staff", "web:77", "1000"] {
        assert!(check(user).is_ok(), "{user}");
    }
    for (user, says) in [("nosuch", "no user called `nosuch`"), ("web:no", "no group called `no`")]
    {
        let error = check(user).unwrap_err();
        assert!(error.message.contains(says) && error.help.is_some(), "{error:?}");
    }
}
