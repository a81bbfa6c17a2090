//! Every type of resource: applied, applied once more, and taken away again.
//!
//! Invariant: what was there before is there afterwards, byte by byte.

use crate::target::{Target, one};
use std::collections::BTreeSet;
use windlass_bundle::{
    Block, Content, Cron, Directory, DirectoryPolicy, Fetch, File, Gathered, Git, Group, Kind,
    Line, LinePolicy, Link, Mount, PackageSystem, Repo, Resource, Service, Sysctl, Tree, TreeEntry,
    TreeNode, User,
};

const PASSWD: &str = "etc/passwd=root:x:0:0:root:/root:/bin/sh\n";
const GROUP: &str = "etc/group=root:x:0:\n";
const UNIT: &str = "usr/lib/systemd/system/a.service=[Install]\nWantedBy=b.target\n";

fn gathered() -> Gathered {
    let entry = |path: &str, node| TreeEntry { path: path.into(), node };
    let content = Content::Bytes(vec![0xff, 0, b'\n']);
    Gathered::Tree(vec![
        entry("d", TreeNode::Directory),
        entry("d/\u{fc} \n", TreeNode::File { content, executable: false }),
        entry("l", TreeNode::Link { to: "nowhere".into() }),
    ])
}

fn recursively(path: &str) -> Resource {
    Directory::new(path).policy(DirectoryPolicy::RemoveRecursive).into()
}

fn files() -> Vec<(&'static [&'static str], Resource, Resource)> {
    let follow = |file: File| File { follow: true, ..file };
    let strange = "/a b/\u{fc}\n=%s";
    vec![
        (&["a b"], File::new(strange).contents("x").into(), File::removed(strange).into()),
        (&["a -> b"], follow(File::new("/a")).into(), follow(File::removed("/a")).into()),
        (
            &["bin -> usr/bin", "usr/bin"],
            File::new("/bin/x").mode(0o4755).into(),
            File::removed("/usr/bin/x").into(),
        ),
        (&["etc"], Directory::new("/etc/d").into(), {
            Directory::new("/etc/d").policy(DirectoryPolicy::Remove).into()
        }),
        (&["lib -> usr/lib", "usr/lib"], Directory::new("/lib/d/e/f").parents().into(), {
            recursively("/lib/d")
        }),
        (&["a=1"], Link::new("/b c", "a").into(), Link::removed("/b c").into()),
        (
            &["sbin -> /usr/sbin", "usr/sbin"],
            Link::new("/sbin/b", "/x\u{fc}").allow_dangling().into(),
            Link::removed("/sbin/b").into(),
        ),
        (
            &[],
            Fetch {
                gathered: Some(gathered()),
                ..Fetch::new("/o", "https://x", "a".repeat(64)).extract(0)
            }
            .into(),
            recursively("/o"),
        ),
        (
            &["opt"],
            Git { gathered: Some(gathered()), ..Git::new("/opt/o", "/r", "main") }.into(),
            recursively("/opt/o"),
        ),
        (
            &[],
            Tree { entries: Some(vec![]), mode: Some(0o600), ..Tree::new("/t", "") }.into(),
            recursively("/t"),
        ),
    ]
}

fn texts() -> Vec<(&'static [&'static str], Resource, Resource)> {
    let line = |line: &str| Line { policy: LinePolicy::Remove, ..Line::new("/f", line) };
    let long: &'static str = Box::leak(format!("f=a\n{}", "x".repeat(1 << 20)).into_boxed_str());
    let both: &'static [&'static str] = Box::leak(Box::new([long]));
    let block = || Block::new("/f", "1\n\n2\n");
    vec![
        (&["f=a\r\nb\r\n"], Line::new("/f", "c").before("b").into(), line("c").into()),
        (&["f=a\nb"], Line::new("/f", "\u{fc}").into(), line("\u{fc}").into()),
        (both, Line::new("/f", "y").after("^x*$").into(), line("y").into()),
        (both, block().before("^x").into(), Block::removed("/f").into()),
        (&["f=a\r\nb"], block().into(), Block::removed("/f").into()),
        (&["f="], block().into(), Block::removed("/f").into()),
        (&["f=\n"], block().into(), Block::removed("/f").into()),
        (
            &["f=a\n", "l -> f"],
            Block { follow: true, path: "/l".into(), ..block() }.into(),
            Block { follow: true, ..Block::removed("/l") }.into(),
        ),
    ]
}

fn systems() -> Vec<(&'static [&'static str], Resource, Resource)> {
    let apt = || Repo::new("x", "https://x").suite("y").manager(PackageSystem::Apt);
    vec![
        (&[PASSWD, GROUP], User::new("a").create_home(false).into(), User::removed("a").into()),
        (
            &[PASSWD, GROUP, "etc/shadow=root:*:1::::::\n", "etc/gshadow=root:*::\n"],
            User::new("a").system().password_hash("$6$a$b").into(),
            User::removed("a").into(),
        ),
        (&[PASSWD, GROUP], Group::new("g").gid(5).into(), Group::removed("g").into()),
        (&["etc/cron.d"], Cron::new("a", "@daily", "x").into(), Cron::removed("a").into()),
        (&["etc/sysctl.d"], Sysctl::new("a.b", "1").into(), Sysctl::removed("a.b").into()),
        (
            &["m x", "etc/fstab=# none"],
            Mount::new("/m x", "/dev/a b", "ext4").into(),
            Mount::removed("/m x").into(),
        ),
        (
            &[UNIT, "etc/systemd/system/b.target.wants"],
            Service::new("a").enabled(true).into(),
            Service::new("a").enabled(false).into(),
        ),
        (
            &["etc/apt/keyrings", "etc/apt/sources.list.d"],
            apt().key("K").into(),
            Repo::removed("x").manager(PackageSystem::Apt).into(),
        ),
    ]
}

#[test]
fn what_comes_and_goes_leaves_what_was() {
    let mut words = BTreeSet::new();
    for (before, comes, goes) in [files(), texts(), systems()].concat() {
        let target = Target::new(before);
        let was = target.entries();
        let name = comes.id();
        let reached = target.reach(&one(comes.clone()));
        reached.unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert_ne!(target.entries(), was, "{name}");
        let reached = target.reach(&one(goes));
        reached.unwrap_or_else(|errors| panic!("{name}: {errors:?}"));
        assert!(target.entries() == was, "{name}: {:.2000}", format!("{:?}", target.entries()));
        words.insert(comes.kind.word());
    }
    // Packages and commands are run, which a directory does not do.
    let all =
        "block cron directory fetch file git group line link mount repo service sysctl tree user";
    assert_eq!(words.into_iter().collect::<Vec<_>>().join(" "), all);
}

#[test]
fn a_secret_is_in_no_word_about_it() {
    const SECRET: &str = "hunter2";
    let target = Target::new(&["f=a\n", "g=hunter1\n"]);
    let resources: Vec<Kind> = vec![
        File::new("/g").contents(SECRET).into(),
        Line::new("/f", SECRET).into(),
        Line::new("/f", "x").matching(SECRET).into(),
        Block::new("/f", SECRET).into(),
    ];
    for kind in resources {
        let is_line = matches!(kind, Kind::Line(_));
        let resource = Resource::from(kind).sensitive();
        if is_line {
            let errors = target.reach(&one(resource.clone())).unwrap_err();
            assert_eq!(errors[0].field.as_deref(), Some("id"));
            assert!(!errors[0].to_string().contains(SECRET), "{errors:?}");
        }
        let named = one(resource.with_id("named"));
        for plan in target.reach(&named).unwrap() {
            let said = plan.changes.iter().map(|one| format!("{}{:?}", one.reason, one.diff));
            let said = said.collect::<String>() + &plan.id + &named.resources[0].typed_id();
            assert!(!said.contains(SECRET), "{said}");
        }
    }
}
