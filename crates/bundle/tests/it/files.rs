//! Files, directories and links.

use crate::target::{Target, one};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{chown, lchown};
use windlass_bundle::{
    Bundle, Content, Directory, DirectoryPolicy, Execute, Facts, Fetch, File, Gathered, Git, Line,
    Link, Metadata, Mode, Op, Owner, Resource, ResourceError, Root, Tree, TreeEntry, TreeNode,
    View, apply, check_for, plan,
};

#[test]
fn what_is_declared_is_there_then() {
    let table: Vec<(&[&str], Resource, &[&str])> = vec![
        (&["etc"], File::new("/etc/a").contents("x").into(), &["etc/", "etc/a=x"]),
        (&["etc/a=foo\nbar"], File::new("/etc/a").contents("").into(), &["etc/", "etc/a="]),
        (&["etc/a=kept"], File::new("/etc/a").into(), &["etc/", "etc/a=kept"]),
        (&["a=x"], File::new("/a").contents("x").mode(0o4755).into(), &["a 4755=x"]),
        (&["a=x"], File::removed("/a").into(), &[]),
        (&[], File::removed("/a").into(), &[]),
        (
            &["usr/lib", "lib -> usr/lib"],
            File::new("/lib/x").contents("1").into(),
            &["lib -> usr/lib", "usr/", "usr/lib/", "usr/lib/x=1"],
        ),
        (
            &["run", "var", "var/run -> /run"],
            File::new("/var/run/x").contents("1").into(),
            &["run/", "run/x=1", "var/", "var/run -> /run"],
        ),
        (
            &["b=old", "a -> b"],
            File { follow: true, ..File::new("/a").contents("new") }.into(),
            &["a -> b", "b=new"],
        ),
        (
            &["a=old"],
            File { backup: Some("~".into()), ..File::new("/a").contents("new") }.into(),
            &["a=new", "a~=old"],
        ),
        (&[], Directory::new("/a").mode(0o700).into(), &["a/ 700"]),
        (&["a"], Directory::new("/a/b/c").parents().into(), &["a/", "a/b/", "a/b/c/"]),
        (
            &["a"],
            Directory { parent_mode: Some(0o711), ..Directory::new("/a/b/c").parents() }.into(),
            &["a/", "a/b/ 711", "a/b/c/"],
        ),
        (&["a"], Directory::new("/a").policy(DirectoryPolicy::Remove).into(), &[]),
        (
            &["a/b=1", "c -> a"],
            Directory::new("/a").policy(DirectoryPolicy::RemoveRecursive).into(),
            &["c -> a"],
        ),
        (&["etc/a=1"], Link::new("/etc/b", "a").into(), &["etc/", "etc/a=1", "etc/b -> a"]),
        (&["a=1", "b -> x"], Link::new("/b", "/a").into(), &["a=1", "b -> /a"]),
        (&["a=1", "b=2"], Link::new("/b", "/a").force().into(), &["a=1", "b -> /a"]),
        (&[], Link::new("/b", "/x").allow_dangling().into(), &["b -> /x"]),
        (&["b -> x"], Link::removed("/b").into(), &[]),
    ];
    for (before, resource, after) in table {
        let target = Target::new(before);
        let bundle = one(resource);
        target.reach(&bundle).unwrap_or_else(|errors| panic!("{bundle:?}: {errors:?}"));
        assert_eq!(target.entries(), after, "{bundle:?}");
        let read = Bundle::from_json(bundle.to_json().as_bytes()).unwrap();
        assert_eq!(read, bundle, "it comes back from its wire form");
    }
}

/// Where the file system has none, there is nothing to lose.
#[test]
fn other_contents_leave_extended_attributes() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    // One more may read it: owner, that user, group, mask, others.
    let entry = |tag: u16, rights: u16, id: u32| {
        [&tag.to_le_bytes()[..], &rights.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    let all = [(1, 6, u32::MAX), (2, 4, 7), (4, 0, u32::MAX), (16, 4, u32::MAX), (32, 0, u32::MAX)];
    let entries = all.map(|(tag, rights, id)| entry(tag, rights, id)).concat();
    let list = [&2_u32.to_le_bytes()[..], &entries].concat();
    let noted: [(&str, &[u8]); 3] =
        [("user.a", b"x\ny"), ("system.posix_acl_access", &list), ("trusted.b", b"")];
    let read = |target: &Target, name: &str| {
        let mut value = vec![0; 4096];
        let length = getxattr(target.path("a"), name, &mut value[..]).ok()?;
        Some(value[..length].to_vec())
    };
    let table: [(Resource, &str); 3] = [
        (File::new("/a").contents("y").mode(0o640).into(), "a 640=y"),
        (Line::new("/a", "y").into(), "a 640=x\ny\n"),
        (
            windlass_bundle::Block::new("/a", "y").marker("{mark}").into(),
            "a 640=x\nBEGIN\ny\nEND\n",
        ),
    ];
    for (resource, expected) in table {
        let target = Target::new(&["a=x\n"]);
        let capability = [1, 0, 0, 2, 0, 32, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let _ = setxattr(target.path("a"), "security.capability", &capability, XattrFlags::empty());
        for (name, value) in noted {
            let _ = setxattr(target.path("a"), name, value, XattrFlags::empty());
        }
        let before = noted.map(|(name, _)| read(&target, name));
        target.reach(&one(resource)).unwrap();
        assert_eq!(noted.map(|(name, _)| read(&target, name)), before);
        assert_eq!(read(&target, "security.capability"), None);
        if before[1].is_some() {
            assert_eq!(target.entries(), [expected]);
        }
    }
}

#[test]
fn what_a_backup_takes_the_place_of_is_said() {
    for (before, expected) in [
        (&["a=1"][..], "keep what was there"),
        (&["a=1", "a~=0"], "keep what was there, in the place of a file"),
        (&["a=1", "a~ -> a"], "keep what was there, in the place of a symbolic link"),
    ] {
        let target = Target::new(before);
        let file = File { backup: Some("~".into()), ..File::new("/a").contents("2") };
        assert_eq!(target.reach(&one(file)).unwrap()[0].changes[0].reason, expected);
        assert_eq!(target.entries(), ["a=2", "a~=1"]);
    }
}

#[test]
fn a_name_breaks_no_line_of_a_diff() {
    let target = Target::new(&["a\n+b=1\n"]);
    for (path, expected) in [
        ("/a\n+b", "--- \"/a\\n+b\"\n+++ \"/a\\n+b\"\n@@ -1 +1 @@\n-1\n+2\n"),
        ("/\u{e4} b\"c", "--- /dev/null\n+++ /\u{e4} b\"c\n@@ -0,0 +1 @@\n+2\n"),
    ] {
        let planned = target.reach(&one(File::new(path).contents("2\n"))).unwrap();
        assert_eq!(planned[0].changes[0].diff.as_deref(), Some(expected));
    }
}

/// A file that nobody could read or anybody run as root must not come by the way.
#[test]
fn what_changes_beside_the_contents_is_said_with_them() {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;
    let gathered = Content::Text("y".to_owned());
    let mut tree = Tree::new("/", "");
    let node = TreeNode::File { content: gathered, executable: false };
    tree.entries = Some(vec![TreeEntry { path: "a".to_owned(), node }]);
    let mode = "change the contents, the mode from 6777 to";
    let table: Vec<(Resource, String)> = vec![
        (File::new("/a").contents("y").mode(0o600).into(), format!("{mode} 0600")),
        (File::new("/a").contents("y").mode(0o6777).into(), "change the contents".to_owned()),
        (Tree { path: "/d".to_owned(), ..tree }.into(), format!("{mode} 0644")),
    ];
    for (resource, expected) in table {
        let target = Target::new(&["a=x", "d/a=x"]);
        for path in ["a", "d/a"] {
            let mode = Permissions::from_mode(0o6777);
            std::fs::set_permissions(target.path(path), mode).unwrap();
        }
        let planned = target.reach(&one(resource)).unwrap();
        assert_eq!(planned[0].changes.last().unwrap().reason, expected);
    }
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let target = Target::new(&["a=x"]);
    chown(target.path("a"), Some(5), Some(5)).unwrap();
    let planned = target.reach(&one(File::new("/a").contents("y").mode(0o600))).unwrap();
    let expected = "change the contents, the owner from 5:5 to 0:0, the mode from 0644 to 0600";
    assert_eq!(planned[0].changes[0].reason, expected);
}

#[test]
fn what_can_not_be_is_said_and_nothing_is_changed() {
    let backup =
        |ending: &str| File { backup: Some(ending.into()), ..File::new("/a").contents("y") };
    let table: Vec<(&[&str], Resource, &str)> = vec![
        (&["a=1", "a~/"], backup("~").into(), "/a~ is a directory"),
        (&["a=1"], backup(&"~".repeat(255)).into(), "longer than 255 bytes"),
        (&[], File::new("/etc/x/filename").into(), "there is no directory /etc/x"),
        (&["a=1"], File::new("/a/b").into(), "/a is a file"),
        (&["a"], File::removed("/a").into(), "/a is a directory"),
        (&["b=1", "a -> b"], File::new("/a").contents("x").into(), "/a is a symbolic link"),
        (&[], File::new("relative").into(), "not an absolute path"),
        (&[], File::new("/a/../b").into(), "not a plain path"),
        (&[], File::new("/a/").into(), "not a plain path"),
        (&[], File::new("/a").mode(0o10000).into(), "no mode"),
        (&["a=x"], backup("").into(), "\"\" is no ending"),
        (&["a=x"], backup("\n").into(), "is no ending"),
        (&["a=x"], backup("/../../owned").into(), "is no ending"),
        (&["a=x"], backup("~\0").into(), "is no ending"),
        (&[], File::new("/a").owner("nobody-here").into(), "no user called `nobody-here`"),
        (&["a=1"], Directory::new("/a").into(), "/a is a file"),
        (&["a/b=1"], Directory::new("/a").policy(DirectoryPolicy::Remove).into(), "not empty"),
        (&["etc"], Directory::new("/etc").policy(DirectoryPolicy::RemoveRecursive).into(), "needs"),
        (&[], Link::new("/b", "/etc/not/there").into(), "leads to /etc/not/there"),
        (&["a=1", "b=2"], Link::new("/b", "/a").into(), "/b is a file"),
        (&["a=1", "b/c=2"], Link::new("/b", "/a").force().into(), "/b is a directory"),
        (&["a -> b", "b -> a"], File::new("/a/x").into(), "too many links"),
    ];
    for (before, resource, expected) in table {
        let target = Target::new(before);
        let entries = target.entries();
        let errors = target.reach(&one(resource.clone())).expect_err(expected);
        assert!(errors.iter().any(|error| error.to_string().contains(expected)), "{errors:?}");
        assert!(errors.iter().all(|error| error.id == resource.id()), "{errors:?}");
        assert_eq!(target.entries(), entries, "{expected}");
    }
}

/// Whoever may change a link on the way would decide where root writes.
#[test]
fn links_of_others_are_not_followed() {
    const OTHER: u32 = 65_534;
    let file = || File::new("/u/l/x").contents("1");
    let follow = |path: &str| File { follow: true, ..File::new(path).contents("1") };
    let entry = |path: &str| TreeEntry { path: path.into(), node: TreeNode::Directory };
    let tree = |path: &str, entries| Tree { entries: Some(entries), ..Tree::new(path, "") };
    let table: Vec<(Resource, u32, Option<u32>, bool)> = vec![
        (file().into(), OTHER, None, false),
        (file().owner(OTHER).into(), OTHER, None, false),
        (file().into(), 0, None, true),
        // All of the root is that user's.
        (file().into(), OTHER, Some(OTHER), true),
        (file().into(), OTHER, Some(1), false),
        (follow("/u/f").into(), OTHER, None, false),
        (follow("/u/f").into(), 0, None, true),
        (File::removed("/u/l/secret").into(), OTHER, None, false),
        (Directory::new("/u/l/d").into(), OTHER, None, false),
        (
            Directory::new("/u/l/d").policy(DirectoryPolicy::RemoveRecursive).into(),
            OTHER,
            None,
            false,
        ),
        (Line::new("/u/l/secret", "y").into(), OTHER, None, false),
        (Link::new("/u/l/y", "secret").into(), OTHER, None, false),
        (tree("/u/l/t", vec![entry("x")]).into(), OTHER, None, false),
        // A look at what is behind one tells nobody more than that it is there.
        (Link::new("/u/new", "l/secret").into(), OTHER, None, true),
        (Execute::new("true").creates("/u/l/secret").into(), OTHER, None, true),
    ];
    for (resource, of_link, of_root, is_followed) in table {
        let target =
            Target::new(&["u", "private/secret=x", "u/l -> ../private", "u/f -> l/secret"]);
        for link in ["u/l", "u/f"] {
            if lchown(target.path(link), Some(of_link), None).is_err() {
                return; // Only root can.
            }
        }
        chown(target.path(""), of_root, None).unwrap();
        let bundle = one(resource);
        let before = target.entries();
        match target.reach(&bundle) {
            Ok(_) => assert!(is_followed, "{bundle:?}"),
            Err(errors) => {
                assert!(!is_followed, "{bundle:?}: {errors:?}");
                let said = errors[0].to_string();
                assert!(said.contains("which belongs to the user 65534"), "{said}");
                assert_eq!(target.entries(), before, "{bundle:?}");
            }
        }
    }
}

/// As the link is when it is followed, not as it was when that was planned.
#[test]
fn a_link_that_is_put_in_the_way_meanwhile_is_not_followed() {
    let target = Target::new(&["u/d/", "private"]);
    if chown(target.path("u"), Some(65_534), None).is_err() {
        return; // Only root can.
    }
    let bundle = one(File::new("/first")).with(File::new("/u/d/conf").contents("x").owner(65_534));
    let swapping = Swapping(&target, target.root());
    plan(&bundle, &swapping, &Facts::default()).unwrap();
    let errors = apply(&bundle, &swapping, &Facts::default()).unwrap_err();
    assert!(errors[0].to_string().contains("leads through the link /u/d"), "{errors:?}");
    assert_eq!(target.entries(), ["first=", "private/", "u/", "u/d -> ../private"]);
}

/// A root in which a user puts a link in the place of a directory as soon as something is changed.
struct Swapping<'t>(&'t Target, Root);

impl windlass_bundle::Target for Swapping<'_> {
    fn apply(&self, op: &Op) -> Result<(), ResourceError> {
        let place = self.0.path("u/d");
        if place.is_dir() && !place.is_symlink() {
            let swapped = std::fs::remove_dir(&place)
                .and_then(|()| std::os::unix::fs::symlink("../private", &place))
                .and_then(|()| lchown(&place, Some(65_534), None));
            swapped.map_err(|error| ResourceError::new(error.to_string()))?;
        }
        self.1.apply(op)
    }
}

impl View for Swapping<'_> {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        self.1.metadata(path)
    }

    fn open(&self, path: &str) -> Result<Box<dyn std::io::Read + '_>, ResourceError> {
        self.1.open(path)
    }

    fn read_link(&self, path: &str) -> Result<String, ResourceError> {
        self.1.read_link(path)
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
        self.1.list(path)
    }

    fn follows(&self, owner: Owner) -> bool {
        self.1.follows(owner)
    }
}

/// In a layer a name that begins so takes away what lies below.
#[test]
fn nothing_in_an_image_is_called_as_what_is_gone() {
    let fetched = |path: &str| {
        let node = TreeNode::File { content: Content::Text("x".into()), executable: false };
        let entries = vec![TreeEntry { path: path.to_owned(), node }];
        Some(Gathered::Tree(entries))
    };
    let directory = TreeEntry { path: ".wh.a".into(), node: TreeNode::Directory };
    let fetch = || Fetch::new("/o", "https://x", "a".repeat(64)).extract(0);
    let line = |path: &str| Line::new(path, "x").create();
    let backup =
        |ending: &str| File { backup: Some(ending.into()), ..File::new("/f").contents("y") };
    let table: Vec<(Resource, bool)> = vec![
        (File::new("/etc/.wh.passwd").into(), true),
        (File::new("/bin/.wh..wh..opq").into(), true),
        (Directory::new("/.wh.etc").into(), true),
        (Directory::new("/x/.wh.etc/y").parents().into(), true),
        (Link::new("/etc/.wh.a", "x").allow_dangling().into(), true),
        (line("/etc/.wh.a").into(), true),
        (Fetch { gathered: fetched(".wh.a"), ..fetch() }.into(), true),
        (Git { gathered: fetched(".wh.a"), ..Git::new("/o", "/r", "main") }.into(), true),
        (Tree { entries: Some(vec![directory]), ..Tree::new("/o", "") }.into(), true),
        (backup("~").into(), false),
        (File::new("/etc/x.wh.y").into(), false),
        (File::new("/etc/.who").into(), false),
        (line("/etc/b").into(), false),
    ];
    for (resource, is_refused) in table {
        for mode in [Mode::Image, Mode::Root] {
            let target = Target::new(&["etc", "bin", "f=x"]);
            let facts = Facts { mode, ..Facts::default() };
            let planned = plan(&one(resource.clone()), &target.root(), &facts);
            match planned {
                Err(errors) => {
                    assert!(is_refused && mode == Mode::Image, "{resource:?}: {errors:?}");
                    assert!(errors[0].to_string().contains("takes others away"), "{errors:?}");
                    assert_eq!(
                        (errors[0].index(), errors[0].field.as_deref()),
                        (Some(0), Some("path"))
                    );
                    assert_eq!(errors[0].id, resource.id());
                }
                Ok(_) => assert!(!(is_refused && mode == Mode::Image), "{resource:?}"),
            }
        }
        let said = !check_for(&one(resource.clone()), Mode::Image).is_empty();
        let is_static = resource.kind.path().is_some_and(|path| path.contains(".wh."));
        assert_eq!(said, is_static && is_refused, "{resource:?}");
    }
}

#[test]
fn names_have_any_bytes_and_any_length_that_the_system_allows() {
    let long = format!("/{}", "x".repeat(255));
    let target = Target::new(&["old"]);
    for bundle in [one(File::new(&long).contents("1")), one(File::new(&long).contents("2"))] {
        target.reach(&bundle).unwrap();
    }
    target.reach(&one(File::removed(&long))).unwrap();
    target.reach(&one(Link::new(&long, "old"))).unwrap();
    target.reach(&one(Link::removed(&long))).unwrap();
    let strange = std::ffi::OsStr::from_bytes(b"x\xff");
    std::fs::create_dir_all(target.path("old").join(strange).join(strange)).unwrap();
    std::fs::write(target.path("old").join("\u{fc}"), "1").unwrap();
    let plain = one(Directory::new("/old").policy(DirectoryPolicy::Remove));
    plan(&plain, &target.root(), &Facts::default()).unwrap_err();
    let bundle = one(Directory::new("/old").policy(DirectoryPolicy::RemoveRecursive));
    // What is there is no text, so the table of entries can't be asked.
    apply(&bundle, &target.root(), &Facts::default()).unwrap();
    assert!(target.entries().is_empty());
}

/// No process has that number.
const DEAD: &str = ".windlass-99999999-0";

#[test]
fn what_a_killed_run_left_goes_where_something_is_written() {
    // A process of that number lives again: a file tells by its lock.
    let left = ["d/.windlass-1-0=hunter2", &format!("d/{DEAD} -> x"), "d/.windlass-7-1=held"];
    let kept = ["d/.windlass-1-1 -> x", "d/.windlass-5-5/", "d/.windlass-x-1=1", "d/.windlass=1"];
    for resource in [
        Resource::from(File::new("/d/f").contents("new")),
        Link::new("/d/l", "to").allow_dangling().into(),
    ] {
        let target = Target::new(&[&left[..], &kept[..]].concat());
        std::fs::create_dir(target.path("other")).unwrap();
        std::fs::write(target.path("other/.windlass-1-0"), "1").unwrap();
        let held = std::fs::File::open(target.path("d/.windlass-7-1")).unwrap();
        held.lock().unwrap();
        apply(&one(resource), &target.root(), &Facts::default()).unwrap();
        let entries = target.entries();
        let is_there = |one: &str| entries.iter().any(|entry| entry.starts_with(one));
        assert!(kept.iter().all(|one| is_there(one)), "{entries:?}");
        assert!(is_there("d/.windlass-7-1") && is_there("other/.windlass-1-0"), "{entries:?}");
        assert!(!is_there("d/.windlass-1-0") && !is_there(&format!("d/{DEAD}")), "{entries:?}");
    }
}

/// Capabilities of a program are lost when it is given to somebody, and by nothing else.
#[test]
fn a_change_of_the_mode_keeps_what_a_program_may() {
    const NAME: &str = "security.capability";
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    let file = || File::new("/ping").mode(0o750);
    for (file, stays) in [(file(), true), (file().owner(65_534), false)] {
        let target = Target::new(&["ping=x"]);
        let flags = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(target.path("ping"), NAME, &capability, flags).is_err() {
            return; // Only root can, and not on every file system.
        }
        target.reach(&one(file)).unwrap();
        let found = rustix::fs::getxattr(target.path("ping"), NAME, &mut [0; 64]);
        assert_eq!(found.is_ok(), stays);
    }
}

#[test]
fn names_of_owners_are_the_targets_own() {
    let passwd = "etc/passwd=root:x:0:0::/:/bin/sh\nweb:x:1234:2345::/:/bin/sh\n";
    let target = Target::new(&[passwd, "etc/group=web:x:2345:\n"]);
    let bundle = one(File::new("/a").owner("web"));
    let planned = plan(&bundle, &target.root(), &Facts::default()).unwrap();
    assert!(format!("{planned:?}").contains("uid: 1234, gid: 2345"), "{planned:?}");
}

#[test]
fn a_diff_is_shown_unless_it_is_sensitive() {
    let target = Target::new(&["a=one\ntwo\n"]);
    let bundle = one(File::new("/a").contents("one\nthree\n"));
    let diff = target.reach(&bundle).unwrap()[0].changes[0].diff.clone().unwrap();
    assert_eq!(diff, "--- /a\n+++ /a\n@@ -1,2 +1,2 @@\n one\n-two\n+three\n");
    let secret = one(Resource::from(File::new("/a").contents("secret\n")).sensitive());
    let planned = target.reach(&secret).unwrap();
    assert_eq!(planned[0].changes[0].diff, None);
}
