//! The order of resources, conditions, and what watches what.

use crate::target::Target;
use windlass_bundle::{Bundle, Condition, Directory, Facts, File, Resource};

#[test]
fn what_watches_is_only_applied_with_a_change() {
    let target = Target::new(&[]);
    let bundle = Bundle::new()
        .with(File::new("/a").contents("1"))
        .with(Resource::from(File::new("/b").contents("2")).watching("/a"));
    let root = target.root();
    let plan = windlass_bundle::apply(&bundle, &root, &Facts::default()).unwrap();
    assert!(plan[1].skipped.is_none());
    std::fs::write(target.path("b"), "other").unwrap();
    let plan = windlass_bundle::apply(&bundle, &root, &Facts::default()).unwrap();
    assert!(plan[1].skipped.is_some());
    assert_eq!(target.entries(), ["a=1", "b=other"]);
}

#[test]
fn after_is_a_constraint_and_a_condition_a_reason_to_do_nothing() {
    let target = Target::new(&[]);
    let nowhere = Condition { os_id: vec!["plan9".into()], ..Condition::default() };
    let bundle = Bundle::new()
        .with(Resource::from(File::new("/d/a")).after("directory[/d]"))
        .with(Directory::new("/d"))
        .with(Resource::from(File::new("/x")).only_if(nowhere));
    let plans = target.reach(&bundle).unwrap();
    assert_eq!(plans.iter().map(|one| one.index).collect::<Vec<_>>(), [1, 0, 2]);
    assert_eq!(target.entries(), ["d/", "d/a="]);
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let a = || Resource::from(File::new("/a"));
    for (bundle, expected) in [
        (Bundle::new().with(a()).with(a()), &["declared twice"][..]),
        (Bundle::new().with(a().watching("/b")).with(File::new("/b")), &["comes after it"]),
        (Bundle::new().with(a().after("nobody").watching("no")), &["`nobody`", "`no`"]),
        (
            Bundle::new().with(a().after("/b")).with(Resource::from(File::new("/b")).after("/a")),
            &["file[/a] → file[/b] → file[/a]"],
        ),
        (Bundle::new().with(File::new("b")).with(a().after("c")), &["absolute", "`c`"]),
    ] {
        let errors = Target::new(&[]).reach(&bundle).unwrap_err();
        let text: Vec<_> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), expected.len(), "{text:?}");
        assert!(expected.iter().all(|one| text.iter().any(|t| t.contains(one))), "{text:?}");
    }
}

#[test]
fn the_order_is_the_written_one_where_nothing_says_otherwise() {
    let file = |name: &str, after: &[&str]| {
        let file = Resource::from(File::new(format!("/{name}")));
        after.iter().fold(file, |file, name| file.after(format!("/{name}")))
    };
    for (files, expected) in [
        (vec![file("a", &["c"]), file("b", &[]), file("c", &[])], [1, 2, 0]),
        (vec![file("a", &[]), file("b", &["c"]), file("c", &["a"])], [0, 2, 1]),
        (vec![file("a", &["b", "c"]), file("b", &["c"]), file("c", &[])], [2, 1, 0]),
    ] {
        let bundle = files.into_iter().fold(Bundle::new(), Bundle::with);
        let plans = Target::new(&[]).reach(&bundle).unwrap();
        assert_eq!(plans.iter().map(|one| one.index).collect::<Vec<_>>(), expected);
    }
}

/// Comparing each with each other would take an hour.
#[test]
fn a_hundred_thousand_resources_are_checked_at_once() {
    const COUNT: usize = 100_000;
    let file = |at: usize| {
        let file = Resource::from(File::new(format!("/{at}")));
        if at + 1 < COUNT { file.after(format!("/{}", at + 1)) } else { file }
    };
    let mut bundle = Bundle::new();
    bundle.resources.extend((0..COUNT).map(file));
    assert_eq!(windlass_bundle::check(&bundle), []);
    bundle.resources[COUNT - 1].after.push("/0".to_owned());
    bundle.resources.push(File::new("/0").into());
    let errors = windlass_bundle::check(&bundle);
    assert_eq!(errors.len(), 1);
    bundle.resources.pop();
    let errors = windlass_bundle::check(&bundle);
    assert!(errors[0].message.starts_with("each of these comes after the next: file[/0]"));
    assert_eq!(errors[0].others().len(), COUNT - 1);
}
