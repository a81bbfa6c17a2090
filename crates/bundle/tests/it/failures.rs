//! What can't be planned: all of it is said, and nothing that only follows from it.

use crate::target::Target;
use windlass_bundle::{
    Bundle, Directory, Execute, Facts, File, Group, Line, Link, Mode, Package, Resource, User, plan,
};

/// The keys and the resources that planning complains about.
fn errors(mode: Mode, resources: Vec<Resource>) -> Vec<String> {
    let target = Target::new(&["etc/passwd=root:x:0:0:::\n", "etc/group=root:x:0:\n", "f=x"]);
    let root = target.root();
    let facts = Facts::of(&root, mode, "amd64").unwrap();
    let mut bundle = Bundle::new();
    bundle.resources = resources;
    let errors = plan(&bundle, &root, &facts).err().unwrap_or_default();
    assert!(errors.iter().all(|error| error.index().is_some()), "{errors:?}");
    let said = errors.iter().map(|error| {
        format!("{} {}", error.id, error.field.as_deref().unwrap_or_default()).trim().to_owned()
    });
    said.collect()
}

#[test]
fn all_that_cannot_be_planned_is_said_at_once() {
    let nobody = |path: &str| Resource::from(File::new(path).owner("nobody"));
    let deep = |path: &str| Resource::from(File::new(path));
    let table: Vec<(Mode, Vec<Resource>, &[&str])> = vec![
        (Mode::Root, vec![deep("/a"), deep("/b")], &[]),
        (
            Mode::Root,
            vec![nobody("/a"), deep("/b"), deep("/no/c"), Line::new("/d", "x").into()],
            &["file[/a] owner", "file[/no/c] path", "line[/d:x] path"],
        ),
        // What lies below what is not there.
        (
            Mode::Root,
            vec![Directory::new("/f").into(), deep("/f/x/y"), deep("/g/x")],
            &["directory[/f] path", "file[/g/x] path"],
        ),
        // What belongs to who is not there.
        (
            Mode::Root,
            vec![
                User::new("web").groups(["none"]).into(),
                File::new("/a").owner("web").into(),
                nobody("/b"),
            ],
            &["user[web] groups", "file[/b] owner"],
        ),
        // What comes after it.
        (
            Mode::Root,
            vec![nobody("/a"), deep("/no/c").after("/a"), deep("/no/d")],
            &["file[/a] owner", "file[/no/d] path"],
        ),
        // Nothing is known of what comes after something that would run; in a directory nothing runs.
        (
            Mode::Image,
            vec![nobody("/a"), Package::new(["p"]).into(), deep("/no/c")],
            &["file[/a] owner", "package[p] manager"],
        ),
        (
            Mode::Root,
            vec![nobody("/a"), Package::new(["p"]).into(), deep("/no/c")],
            &["file[/a] owner", "package[p] names", "file[/no/c] path"],
        ),
        (
            Mode::Image,
            vec![nobody("/a"), Execute::new(["x"]).into(), deep("/no/c")],
            &["file[/a] owner"],
        ),
        // Of a name that is no more than the name of a failed group.
        (
            Mode::Root,
            vec![Link::new("/f", "x").into(), Group::new("root").gid(5).into(), nobody("/a")],
            &["link[/f] to", "file[/a] owner"],
        ),
    ];
    for (mode, resources, expected) in table {
        assert_eq!(errors(mode, resources.clone()), expected, "{resources:?}");
    }
}

#[test]
fn so_many_are_enough() {
    let all = (0..1000).map(|number| File::new(format!("/no{number}/f")).into());
    assert_eq!(errors(Mode::Root, all.collect()).len(), 100);
}
