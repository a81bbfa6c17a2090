//! What is mounted inside a directory that goes.

use crate::target::{Target, one};
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind, mount_change, unmount,
};
use rustix::thread::UnshareFlags;
use windlass_bundle::{
    Bundle, Directory, DirectoryPolicy, Facts, File, Op, Resource, ResourceError, Tree, TreeEntry,
    TreeNode, plan,
};

fn recursively(path: &str) -> Resource {
    Directory::new(path).policy(DirectoryPolicy::RemoveRecursive).into()
}

fn pruned(path: &str) -> Resource {
    let entries = vec![TreeEntry { path: "k".into(), node: TreeNode::Directory }];
    Tree { entries: Some(entries), ..Tree::new(path, "").prune() }.into()
}

/// Mounts that nobody else sees; `false` where that is not allowed.
fn is_apart() -> bool {
    #[expect(deprecated, reason = "the other one is unsafe, for flags that are not used here")]
    let apart = rustix::thread::unshare(UnshareFlags::NEWNS);
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    apart.is_ok() && mount_change("/", private).is_ok()
}

fn refused(target: &Target, resource: Resource, is_bound: bool) -> Vec<ResourceError> {
    let at = target.path("a/d/m");
    if is_bound {
        mount_bind(target.path("other"), &at).unwrap();
    } else {
        mount("windlass-test", &at, "tmpfs", MountFlags::empty(), None).unwrap();
    }
    std::fs::write(at.join("data"), "1").unwrap();
    let entries = target.entries();
    let errors = target.reach(&one(resource)).unwrap_err();
    assert_eq!(target.entries(), entries);
    let op = Op::Remove { path: "/a".into(), recursive: true };
    let error = target.root().apply(&op).unwrap_err();
    assert!(error.message.contains("mounted at /a/d/m"), "{error:?}");
    assert_eq!(target.entries(), entries, "nothing goes before it is known that all of it can");
    unmount(&at, UnmountFlags::DETACH).unwrap();
    errors
}

#[test]
fn what_is_mounted_inside_stays() {
    let table = [recursively("/a"), recursively("/a/d"), recursively("/a/d/m"), pruned("/a")];
    let work = move || {
        if !is_apart() {
            return;
        }
        for (resource, is_bound) in
            table.into_iter().flat_map(|one| [(one.clone(), false), (one, true)])
        {
            let target = Target::new(&["a/a=1", "a/d/a=1", "a/d/m", "a/z=1", "other"]);
            let errors = refused(&target, resource, is_bound);
            assert!(errors[0].message.contains("mounted at /a/d/m"), "{errors:?}");
            assert!(errors[0].help.as_ref().unwrap().contains("unmount"), "{errors:?}");
        }
    };
    // A thread's name space goes with it.
    std::thread::spawn(work).join().unwrap();
}

#[test]
fn how_much_goes_is_said() {
    let table: [(&[&str], Bundle, &str); 6] = [
        (&["a"], one(recursively("/a")), "remove"),
        (&["a/b=1"], one(recursively("/a")), "remove, with the entry in it"),
        (&["a/b/c=1", "a/l -> /"], one(recursively("/a")), "remove, with 3 entries below it"),
        (&["a/b/c=1"], one(pruned("/a")), "remove what is not in the source, with the entry in it"),
        (&["a/b=1"], one(pruned("/a")), "remove what is not in the source"),
        (
            &["a/b/c=1", "a/d=1"],
            Bundle::new()
                .with(File::new("/a/b/new").contents("1"))
                .with(File::removed("/a/d"))
                .with(recursively("/a")),
            "remove, with 3 entries below it",
        ),
    ];
    for (before, bundle, expected) in table {
        let target = Target::new(before);
        let plans = plan(&bundle, &target.root(), &Facts::default()).unwrap();
        let reasons = plans.iter().flat_map(|plan| &plan.changes).map(|change| &*change.reason);
        assert!(reasons.clone().any(|reason| reason == expected), "{before:?}: {:?}", {
            reasons.collect::<Vec<_>>()
        });
        if plans.len() == 1 {
            target.reach(&bundle).unwrap();
        }
    }
}
