//! Files, directories and links.

use crate::target::{Target, one};
use windlass_bundle::{Bundle, Directory, DirectoryPolicy, Facts, File, Link, Resource};

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

#[test]
fn what_can_not_be_is_said_and_nothing_is_changed() {
    let table: Vec<(&[&str], Resource, &str)> = vec![
        (&[], File::new("/etc/x/filename").into(), "there is no directory /etc/x"),
        (&["a=1"], File::new("/a/b").into(), "/a is a file"),
        (&["a"], File::removed("/a").into(), "/a is a directory"),
        (&["b=1", "a -> b"], File::new("/a").contents("x").into(), "/a is a symbolic link"),
        (&[], File::new("relative").into(), "not an absolute path"),
        (&[], File::new("/a/../b").into(), "not a plain path"),
        (&[], File::new("/a/").into(), "not a plain path"),
        (&[], File::new("/a").mode(0o10000).into(), "no mode"),
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

#[test]
fn names_of_owners_are_the_targets_own() {
    let passwd = "etc/passwd=root:x:0:0::/:/bin/sh\nweb:x:1234:2345::/:/bin/sh\n";
    let target = Target::new(&[passwd, "etc/group=web:x:2345:\n"]);
    let bundle = one(File::new("/a").owner("web"));
    let planned = windlass_bundle::plan(&bundle, &target.root(), &Facts::default()).unwrap();
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
