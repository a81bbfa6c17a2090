//! What its own owner, who is not root, may not read.

use crate::target::{Target, one};
use rustix::thread::{set_thread_gid, set_thread_uid};
use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::{PermissionsExt as _, chown};
use windlass_bundle::{
    Bundle, Directory, DirectoryPolicy, Facts, File, Line, ResourceError, ResourcePlan, apply, plan,
};

const USER: u32 = 65_534;

type Planned = Result<Vec<ResourcePlan>, Vec<ResourceError>>;

/// As who is not root, whoever runs the tests: rights are those of a thread.
fn as_user(target: &Target, bundle: &Bundle, what: fn(&Target, &Bundle) -> Planned) -> Planned {
    std::thread::scope(|scope| {
        let work = || {
            if rustix::process::geteuid().is_root() {
                set_thread_gid(rustix::fs::Gid::from_raw(USER)).unwrap();
                set_thread_uid(rustix::fs::Uid::from_raw(USER)).unwrap();
            }
            what(target, bundle)
        };
        scope.spawn(work).join().unwrap()
    })
}

fn planned(target: &Target, bundle: &Bundle) -> Planned {
    plan(bundle, &target.root(), &Facts::default())
}

fn applied(target: &Target, bundle: &Bundle) -> Planned {
    apply(bundle, &target.root(), &Facts::default())
}

/// A root of theirs; `f` and `d` have these modes.
fn target(file: u32, directory: u32) -> Target {
    let target = Target::new(&["f=old", "d/in=old"]);
    for (path, mode) in [("", 0o755), ("d/in", 0o644), ("f", file), ("d", directory)] {
        set_permissions(target.path(path), Permissions::from_mode(mode)).unwrap();
        // Who is not root owns them anyway.
        let _ = chown(target.path(path), Some(USER), Some(USER));
    }
    target
}

#[test]
fn what_its_owner_may_not_read_is_made_as_it_shall_be() {
    let inside = || File::new("/d/in").contents("new");
    let text = || File::new("/f").contents("new");
    let table: Vec<(u32, u32, Bundle, &[&str])> = vec![
        (0o000, 0o755, one(text()), &["replace what can't be read, the mode from 0000 to 0644"]),
        (0o200, 0o755, one(text()), &["replace what can't be read, the mode from 0200 to 0644"]),
        (0o200, 0o755, one(File::new("/f")), &["change the mode from 0200 to 0644"]),
        (0o644, 0o755, one(File::new("/f").mode(0)), &["change the mode from 0644 to 0000"]),
        (0o000, 0o755, one(File::new("/f").mode(0)), &[]),
        (0o000, 0o755, one(File::removed("/f")), &["remove"]),
        (0o644, 0o755, one(File::new("/g").mode(0o200)), &["create"]),
        (0o644, 0o300, one(inside()), &["change the contents"]),
        (0o644, 0o300, one(Line::new("/d/in", "old")), &[]),
        (0o644, 0o300, one(Directory::new("/d")), &["change the mode from 0300 to 0755"]),
        (0o644, 0o000, one(Directory::new("/d")), &["change the mode from 0000 to 0755"]),
        (
            0o644,
            0o755,
            one(Directory::new("/d").mode(0o300)).with(inside()),
            &["change the mode from 0755 to 0300", "change the contents"],
        ),
    ];
    for (file, directory, bundle, expected) in table {
        let target = target(file, directory);
        for what in [planned, applied] {
            let plans = as_user(&target, &bundle, what);
            let plans = plans.unwrap_or_else(|errors| panic!("{bundle:?}: {errors:?}"));
            let reasons = plans.iter().flat_map(|one| &one.changes).map(|one| &*one.reason);
            assert_eq!(reasons.collect::<Vec<_>>(), expected, "{bundle:?}");
        }
        let again = as_user(&target, &bundle, planned).unwrap();
        assert!(again.iter().all(|one| one.changes.is_empty()), "{again:?}");
    }
}

#[test]
fn what_can_not_be_seen_is_said_with_what_to_do() {
    let recursive = Directory::new("/d").policy(DirectoryPolicy::RemoveRecursive);
    let backup = File { backup: Some("~".into()), ..File::new("/f").contents("new") };
    let table: Vec<(Bundle, Option<&str>, &str)> = vec![
        (one(File::new("/f").contents("x").mode(0o200)), Some("mode"), "with the mode 0200"),
        (one(File::new("/g").contents("x").mode(0)), Some("mode"), "with the mode 0000"),
        (one(backup), None, "could not read /f"),
        (one(Line::new("/f", "x")), None, "could not read /f"),
        (one(File::new("/d/in").contents("x")), None, "could not look at /d/in"),
        (one(recursive), None, "could not remove /d"),
    ];
    for (bundle, field, expected) in table {
        let target = target(0o000, 0o000);
        let errors = as_user(&target, &bundle, applied).expect_err(expected);
        let error = &errors[0];
        assert!(error.message.contains(expected), "{error:?}");
        assert_eq!((error.field.as_deref(), error.id.is_empty()), (field, false), "{error:?}");
        assert!(error.help.as_ref().is_some_and(|help| help.contains("root")), "{error:?}");
        set_permissions(target.path("d"), Permissions::from_mode(0o755)).unwrap();
    }
}
