//! Commands and packages: what would be run, and when nothing is.

use crate::target::{Target, one};
use windlass_bundle::{
    Bundle, Command, Condition, Execute, Facts, File, Mode, Op, Package, PackagePolicy,
    PackageSystem, Resource, ResourcePlan, User, plan,
};

const DPKG: &str = "var/lib/dpkg/status=Package: a\nStatus: install ok installed\nVersion: 1\n\
    Architecture: amd64\nProvides: virtual (= 1), other\n\nPackage: half\nStatus: deinstall ok config-files\n\
    Version: 2\n\nPackage: gone\nStatus: purge ok not-installed\n";
const APK: &str = "lib/apk/db/installed=P:a\nV:1-r0\np:so:x=1 cmd:y\n\nP:b\nV:2\n";
const DEBIAN: &str = "etc/os-release=ID=debian\n";
const UBUNTU: &str = "etc/os-release=ID=mint\nID_LIKE=\"ubuntu debian\"\n";
const ALPINE: &str = "etc/os-release=ID=alpine\n";
const FEDORA: &str = "etc/os-release=ID=fedora\n";

fn planned(target: &Target, bundle: &Bundle) -> Result<Vec<ResourcePlan>, String> {
    let root = target.root();
    let facts = Facts::of(&root, Mode::Image, "amd64").unwrap();
    plan(bundle, &root, &facts).map_err(|errors| errors[0].message.clone())
}

/// All that would be run, line by line.
fn lines(plans: &[ResourcePlan]) -> Vec<String> {
    let changes = plans.iter().flat_map(|one| &one.changes);
    let commands = changes.filter_map(|change| {
        let Op::Run { commands } = &change.op else { return None };
        Some(commands)
    });
    commands.flatten().map(|command: &Command| command.argv.join(" ")).collect()
}

const UPDATE: &str = "apt-get update -q -o Acquire::Languages=none";
const FAST: &str = "-o Dpkg::Options::=--force-unsafe-io";
const APT: &str = "-q -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold";
const CLEAN: [&str; 2] = ["apt-get clean", "find /var/lib/apt/lists -mindepth 1 -delete"];

#[test]
fn only_packages_that_are_missing_are_asked_for() {
    let install = |rest: &str| {
        let (options, packages) = rest.split_once("-- ").unwrap();
        let line =
            format!("apt-get install {APT} --no-install-recommends {options}{FAST} -- {packages}");
        [UPDATE.to_owned(), line].into_iter().chain(CLEAN.map(str::to_owned)).collect::<Vec<_>>()
    };
    let one_line = |line: &str| vec![line.to_owned()];
    let plain = |names: &[&str]| Package {
        update: false,
        clean: false,
        ..Package::new(names.iter().copied()).recommends()
    };
    let gone = |names: &[&str], policy| Package::new(names.iter().copied()).policy(policy);
    let table: Vec<([&str; 2], Package, Vec<String>)> = vec![
        ([DEBIAN, DPKG], Package::new(["a", "virtual", "a:amd64", "a=1"]), vec![]),
        ([DEBIAN, DPKG], Package::new(["a", "b", "gone"]), install("-- b gone")),
        ([UBUNTU, DPKG], Package::new(["half"]), install("-- half")),
        ([DEBIAN, DPKG], Package::new(["a=2"]), install("--allow-downgrades -- a=2")),
        (
            [DEBIAN, DPKG],
            plain(&["b"]),
            one_line(&format!("apt-get install {APT} --install-recommends {FAST} -- b")),
        ),
        (
            [DEBIAN, DPKG],
            gone(&["a", "half", "gone"], PackagePolicy::Remove),
            one_line(&format!("apt-get remove {APT} -- a")),
        ),
        (
            [DEBIAN, DPKG],
            gone(&["a", "half", "gone"], PackagePolicy::Purge),
            one_line(&format!("apt-get purge {APT} -- a half")),
        ),
        ([ALPINE, APK], Package::new(["a", "cmd:y", "a=1-r0"]), vec![]),
        ([ALPINE, APK], Package::new(["a=2", "c"]), one_line("apk add --no-cache a=2 c")),
        ([ALPINE, APK], gone(&["a", "c"], PackagePolicy::Remove), one_line("apk del --no-cache a")),
        (
            [FEDORA, APK],
            Package::new(["a=1"]),
            vec![
                "dnf install -y --setopt=install_weak_deps=False a-1".to_owned(),
                "dnf clean all".to_owned(),
            ],
        ),
        (
            ["etc/a=", APK],
            Package::new(["c"]).manager(PackageSystem::Apk),
            one_line("apk add --no-cache c"),
        ),
    ];
    for (target, package, expected) in table {
        let text = format!("{package:?}");
        let plans = planned(&Target::new(&target), &one(package)).unwrap();
        assert_eq!(lines(&plans), expected, "{text}");
    }
}

#[test]
fn a_host_may_lose_power_and_keeps_its_lists() {
    let target = Target::new(&[DEBIAN, DPKG]);
    let root = target.root();
    let facts = Facts::of(&root, Mode::Host, "amd64").unwrap();
    let plans = plan(&one(Package::new(["b"])), &root, &facts).unwrap();
    let install = format!("apt-get install {APT} --no-install-recommends -- b");
    assert_eq!(lines(&plans), ["apt-get update -q", &install, CLEAN[0]]);
}

#[test]
fn packages_next_to_each_other_are_one_transaction() {
    let target = Target::new(&[ALPINE, APK]);
    let bundle = Bundle::new()
        .with(Package::new(["x"]))
        .with(Package::new(["a"]))
        .with(Package::new(["y", "x"]))
        .with(Package::new(["z"]).policy(PackagePolicy::Purge))
        .with(File::new("/f"))
        .with(Package::new(["w"]));
    let plans = planned(&target, &bundle).unwrap();
    assert_eq!(lines(&plans), ["apk add --no-cache x y", "apk add --no-cache w"]);
    let reasons: Vec<_> =
        plans.iter().flat_map(|one| &one.changes).map(|one| &one.reason).collect();
    assert_eq!(reasons, ["install x", "install y, x", "create", "install w"]);
    assert_eq!(plans[2].changes[0].op, Op::Joined);
}

#[test]
fn what_runs_decides_what_comes_after_it() {
    let target = Target::new(&[ALPINE, APK]);
    let file = || File::new("/etc/nginx/nginx.conf").contents("x");
    let elsewhere = Condition { arch: vec!["none".to_owned()], ..Condition::default() };
    let watcher = |line: &str, name: &str| Resource::from(Execute::new(line)).watching(name);
    let table: Vec<(Resource, &str)> = vec![
        (File::removed("/before").into(), "done"),
        (watcher("true 0", "/before"), "skipped"),
        (Package::new(["x"]).into(), "to do"),
        (file().into(), "unknown"),
        (File::removed("/gone").into(), "unknown"),
        (watcher("true 1", "/gone"), "unknown"),
        (watcher("true 2", "/before"), "skipped"),
        (Resource::from(File::new("/n")).only_if(elsewhere), "skipped"),
        (File::new("/new").into(), "to do"),
    ];
    let named = |(at, (one, _)): (usize, &(Resource, &str))| one.clone().with_id(at.to_string());
    let mut bundle: Bundle = table.iter().enumerate().map(named).collect();
    for at in [0, 4] {
        bundle.resources[at].id = None;
    }
    let plans = planned(&target, &bundle).unwrap();
    for (plan, (resource, expected)) in plans.iter().zip(&table) {
        let found = match (plan.changes.len(), plan.skipped, plan.unknown_before.as_deref()) {
            (0, None, None) => "done",
            (0, Some(_), None) => "skipped",
            (0, None, Some("2")) => "unknown",
            (_, None, None) => "to do",
            _ => "neither",
        };
        assert_eq!(found, *expected, "{resource:?}: {plan:?}");
    }
    assert!(planned(&target, &one(file())).unwrap_err().contains("no directory"));
}

#[test]
fn a_command_runs_unless_something_says_that_it_did() {
    let table: Vec<(&[&str], Execute, bool)> = vec![
        (&[], Execute::new("make"), true),
        (&["b=1"], Execute::new("make").creates("/b"), false),
        (&["a=1"], Execute::new("make").creates("/b"), true),
        (&["b=1"], Execute::new("make").touch("/b"), false),
        (&["b=1", "a -> b"], Execute::new("make").creates("/a"), false),
        (&["a -> b"], Execute::new("make").creates("/a"), true),
        // Nothing can be asked here.
        (&[], Execute::new("make").unless("true").only_if("false"), true),
    ];
    for (before, execute, expected) in table {
        let text = format!("{execute:?}");
        let plans = planned(&Target::new(before), &one(execute)).unwrap();
        assert_eq!(lines(&plans) == ["/bin/sh -ec make"], expected, "{text}");
    }
}

#[test]
fn all_of_a_command_is_decided_when_it_is_planned() {
    let passwd = "etc/passwd=web:x:33:44:W:/srv:/bin/sh\n";
    let target = Target::new(&[passwd, "etc/group=a:x:7:web\nb:x:8:x\nc:x:5:x,web\nweb:x:44:\n"]);
    let execute = Execute::new(["id", "-u"]).user("web").umask(0).cwd("/srv").env("A", "b");
    let execute = execute.timeout_s(5).returncodes([0, 3]);
    let plans = planned(&target, &one(execute)).unwrap();
    let Op::Run { commands } = &plans[0].changes[0].op else { panic!("{plans:?}") };
    let [command] = &**commands else { panic!("{commands:?}") };
    let user = command.user.clone().unwrap();
    assert_eq!((user.uid, user.gid, &*user.groups, &*user.home), (33, 44, &[5, 7][..], "/srv"));
    let env: Vec<String> =
        command.env.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    assert_eq!(env, ["A=b", "HOME=/srv", "LANG=C.UTF-8", "LOGNAME=web", path, "USER=web"]);
    assert_eq!((command.umask, command.timeout_s, &*command.cwd), (0, Some(5), "/srv"));
    assert_eq!(command.returncodes, [0, 3]);
    assert!(!format!("{command:?}").contains("\"b\""), "values may be secrets: {command:?}");
}

#[test]
fn what_is_sensitive_is_not_said() {
    let target = Target::new(&[]);
    let secret = Resource::from(Execute::new("login --password=hunter3")).sensitive();
    let error = planned(&target, &one(secret.clone())).unwrap_err();
    assert!(error.contains("no `id`"), "{error}");
    let secret = secret.with_id("login");
    assert_eq!(secret.typed_id(), "execute[login]");
    let plans = planned(&target, &one(secret)).unwrap();
    assert!(!plans[0].changes[0].reason.contains("hunter3"));
    assert!(!plans[0].id.contains("hunter3"));
}

#[test]
fn what_could_not_be_run_is_said() {
    let table: Vec<(Resource, &str)> = vec![
        (Package::new([""; 0]).into(), "no package"),
        (Package::new(["--force"]).into(), "no name of a package"),
        (Package::new(["a b"]).into(), "no name of a package"),
        (Package::new(["a="]).into(), "no name of a package"),
        (Package::new(["a=1"]).policy(PackagePolicy::Remove).into(), "no version"),
        (Package::new(["a"]).into(), "no package manager is known"),
        (Execute::new("").into(), "nothing that could be run"),
        (Execute::new(["", "a"]).into(), "nothing that could be run"),
        (Execute::new("a").unless("").into(), "nothing that could be run"),
        (Execute::new("a").creates("b").into(), "not an absolute path"),
        (Execute::new("a").returncodes([]).into(), "never end well"),
        (Execute::new("a").env("A=", "b").into(), "no name"),
        (Execute::new("a").user("nobody").into(), "no user called `nobody`"),
    ];
    for (resource, expected) in table {
        let error = planned(&Target::new(&[]), &one(resource)).expect_err(expected);
        assert!(error.contains(expected), "{error}");
    }
    let bundle = Bundle::new().with(User::new("a").create_home(false)).with(Execute::new("true"));
    let target = Target::new(&[]);
    let errors = windlass_bundle::apply(&bundle, &target.root(), &Facts::default()).unwrap_err();
    assert!(errors[0].message.contains("can't be run here"), "{errors:?}");
    assert_eq!(errors[0].id, "execute[true]");
}
