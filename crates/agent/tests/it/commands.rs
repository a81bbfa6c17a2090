//! Commands that are run on this machine.

use crate::run::{Place, Ran};
use rustix::process::{Pid, Signal, kill_process};
use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use windlass_bundle::{Bundle, Execute, Facts, File, Mode, Resource};

fn apply(place: &Place, resource: impl Into<Resource>) -> Ran {
    place.run(&["apply", "--mode", "image"], &Bundle::new().with(resource))
}

#[test]
fn a_command_runs_until_something_says_that_it_did() {
    let place = Place::new();
    let (made, not) = (place.path("made"), place.path("not"));
    for (execute, runs) in [
        (Execute::new(["touch", &made]).creates(&made), 1),
        (Execute::new("true").touch(place.path("touched")), 1),
        (Execute::new("true").unless("true"), 0),
        (Execute::new("true").unless("false"), 2),
        (Execute::new("true").only_if(["test", "-e", &not]), 0),
        (Execute::new("true").only_if(["test", "-e", &made]), 2),
        (Execute::new("true"), 2),
    ] {
        let text = format!("{execute:?}");
        let ran = [apply(&place, execute.clone()), apply(&place, execute)];
        assert!(ran.iter().all(|one| one.code == 0), "{ran:?}");
        assert_eq!(ran.iter().filter(|one| !one.changed().is_empty()).count(), runs, "{text}");
    }
}

#[test]
fn a_command_gets_what_is_declared_and_nothing_else() {
    let place = Place::new();
    let out = place.path("out");
    let script = |script: &str| Execute::new(&*format!("{{ {script}; }} > {out}"));
    let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let env = format!("A=b\nHOME=/root\nLANG=C.UTF-8\n{path}\nPWD=/\nUSER=root\n");
    let cwd = std::fs::canonicalize(place.path("")).unwrap();
    for (execute, expected) in [
        (script("env | grep -v ^_= | LC_ALL=C sort").env("A", "b"), env.as_str()),
        (script("umask").umask(0o027), "0027\n"),
        (script("umask").umask(0), "0000\n"),
        (script("umask"), "0022\n"),
        (script("pwd").cwd(cwd.to_str().unwrap()), &format!("{}\n", cwd.display())),
        (script("cat"), ""),
    ] {
        let text = format!("{execute:?}");
        let ran = apply(&place, execute);
        assert_eq!((ran.code, &*place.text("out")), (0, expected), "{text}: {ran:?}");
    }
}

#[test]
fn a_user_has_its_own_groups_and_none_of_roots() {
    // Only root can be somebody else.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    let ran = apply(&place, Execute::new("id -u; id -g; id -G; exit 9").user(65534));
    assert_eq!(ran.end(), (Some(9), "65534\n65534\n65534".to_owned()), "{ran:?}");
}

#[test]
fn a_command_that_fails_is_said_with_its_last_words() {
    let place = Place::new();
    let long = format!("exit 7 # {}", "x".repeat(200));
    let shortened = format!("`/bin/sh -ec {} …` ended with 7", &long[..108]);
    let table: Vec<(Execute, &str, Option<i64>, &str)> = vec![
        (
            Execute::new("echo no; echo never >&2; exit 7"),
            "`/bin/sh -ec echo no; echo never >&2; exit 7` ended with 7",
            Some(7),
            "no\nnever",
        ),
        (
            Execute::new("\n set -e\necho no\nexit 8\n"),
            "`/bin/sh -ec set -e …` ended with 8",
            Some(8),
            "no",
        ),
        (Execute::new(&*long), &shortened, Some(7), ""),
        (Execute::new("kill -9 $$"), "ended with 137", Some(137), ""),
        (Execute::new(["/not/there"]), "ended with 127", Some(127), "/not/there: No such file"),
        (Execute::new("true").cwd("/not/there"), "", Some(127), "/not/there: No such file"),
        (Execute::new("true").returncodes([3]), "ended with 0", Some(0), ""),
        (Execute::new("true").creates("/not/there"), "not as it shall be", None, ""),
        (Execute::new("sleep 60 & sleep 60").timeout_s(1), "did not end within 1 s", None, ""),
    ];
    for (execute, expected, code, said) in table {
        let ran = apply(&place, execute);
        assert_eq!((ran.code, ran.end().0), (1, code), "{expected}: {ran:?}");
        assert!(ran.error().contains(expected) && !ran.error().contains('\n'), "{ran:?}");
        assert!(ran.end().1.contains(said), "{said}: {ran:?}");
    }
    assert_eq!(apply(&place, Execute::new("exit 3").returncodes([0, 3])).code, 0);
    assert_eq!(apply(&place, Execute::new("exit 254")).code, 1, "an exit code is data, not ours");
}

/// Whether it comes to that before anybody loses patience.
fn comes(what: impl Fn() -> bool) -> bool {
    (0..1000).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        what()
    })
}

#[test]
fn a_command_dies_with_the_agent_and_what_it_started_lives_on() {
    let users = [None, rustix::process::geteuid().is_root().then_some(65534)];
    for user in users {
        let place = Place::new();
        std::fs::set_permissions(place.path(""), Permissions::from_mode(0o777)).unwrap();
        let (own, other) = (place.path("own"), place.path("other"));
        let script = format!("sleep 60 & echo $! > {other}; echo $$ > {own}; exec sleep 60");
        let execute = Execute::new(&*script);
        let execute = if let Some(user) = user { execute.user(user) } else { execute };
        let mut agent = place.start(&["apply", "--mode", "host"]);
        let bundle = Bundle::new().with(execute).to_json();
        agent.stdin.take().unwrap().write_all(bundle.as_bytes()).unwrap();
        assert!(comes(|| place.text("own").ends_with('\n')), "{user:?}: it never ran");
        agent.kill().unwrap();
        agent.wait().unwrap();
        let stat = |name| {
            let process = place.text(name).trim().to_owned();
            std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default()
        };
        let has_ended = |stat: &str| stat.is_empty() || stat.contains(") Z ");
        assert!(comes(|| has_ended(&stat("own"))), "{user:?}: {}", stat("own"));
        let service = stat("other");
        let number = place.text("other").trim().parse().ok().and_then(Pid::from_raw);
        kill_process(number.unwrap(), Signal::KILL).unwrap();
        assert!(service.contains("(sleep)") && !has_ended(&service), "{user:?}: {service}");
    }
}

/// A user puts a link in the place of a directory of theirs after it was planned what is put there.
#[test]
fn a_link_that_somebody_else_puts_in_the_way_is_not_followed() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    for (owner, is_followed) in [(65_534, false), (0, true)] {
        let place = Place::new();
        std::fs::create_dir_all(place.path("u/dir")).unwrap();
        std::fs::create_dir(place.path("private")).unwrap();
        let dir = place.path("u/dir");
        let swap = format!("rmdir {dir} && ln -s ../private {dir} && chown -h {owner} {dir}");
        let file = File::new(place.path("u/dir/conf")).contents("x").owner(65_534);
        let bundle = Bundle::new().with(Execute::new(&*swap)).with(file);
        let ran = place.run(&["apply", "--mode", "host"], &bundle);
        assert_eq!(place.has("private/conf"), is_followed, "{ran:?}");
        assert_eq!(ran.code, i32::from(!is_followed), "{ran:?}");
        if !is_followed {
            assert!(ran.error().contains("which belongs to the user 65534"), "{ran:?}");
        }
    }
}

#[test]
fn what_a_command_says_ends_with_its_line() {
    let place = Place::new();
    let say = |text: &str| Execute::new(["printf", "%b", text]);
    let bundle =
        ["no end", "second\\n", "", "third"].map(say).into_iter().fold(Bundle::new(), Bundle::with);
    let ran = place.run(&["apply", "--mode", "host"], &bundle);
    assert_eq!((ran.code, &*ran.said), (0, "no end\nsecond\nthird\n"), "{ran:?}");
    let tell = |name: &str| Execute::new(&*format!("printf %s $(cat ${name})")).secret(name, name);
    let bundle = Bundle::new().with(tell("one")).with(tell("other"));
    let values = serde_json::json!({"one": "hunter3", "other": "hunter4"});
    let ran = told(&place, &bundle, &values);
    assert!(ran.contains("(secret)\\n(secret)\\n"), "{ran}");
}

#[test]
fn what_a_command_leaves_behind_is_not_waited_for() {
    let place = Place::new();
    let begin = std::time::Instant::now();
    let ran = apply(&place, Execute::new("sleep 20 & echo started"));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(begin.elapsed() < std::time::Duration::from_secs(15));
}

#[test]
fn what_is_sensitive_is_seen_nowhere() {
    let place = Place::new();
    let secret = |script: &str| Resource::from(Execute::new(script)).sensitive().with_id("login");
    for script in ["echo hunter3", "echo hunter3; exit 4", "echo hunter3 >&2; exit 4"] {
        let ran = apply(&place, secret(script));
        assert!(!format!("{ran:?}").contains("hunter3"), "{ran:?}");
        assert_eq!(ran.lines.len(), 1);
    }
}

#[test]
fn nothing_is_run_in_a_directory_or_by_a_plan() {
    let place = Place::new();
    let made = place.path("made");
    let bundle = Bundle::new().with(Execute::new(["touch", &made]));
    assert_eq!(place.run(&["plan", "--mode", "image"], &bundle).changed().len(), 1);
    let ran = place.run(&["apply", "--root", "."], &bundle);
    assert!(ran.error().contains("can't be run here"), "{ran:?}");
    let asks = Bundle::new().with(Execute::new("true").unless(&*format!("touch {made}; false")));
    assert_eq!(place.run(&["plan", "--mode", "image", "--no-probes"], &asks).code, 0);
    assert!(!place.has("made"));
    assert_eq!(Facts::default().mode, Mode::Root);
}

/// What a command made of its inputs and secrets on a host.
fn told(place: &Place, bundle: &Bundle, secrets: &serde_json::Value) -> String {
    let (bundle, secrets) = (bundle.to_json(), serde_json::json!({ "secrets": secrets }));
    let input = format!("{{\"bundle\":{bundle}}}\n{secrets}\n\"plan\"\n\"apply\"\n");
    let (state, assets) = (place.path("s.json"), place.path("assets"));
    let arguments = ["host", "--state", &state, "--assets", &assets];
    let ran = place.run_with(&arguments, &input);
    format!("{ran:?}")
}

#[test]
fn a_command_sees_its_secrets_and_nobody_else_does() {
    let place = Place::new();
    let out = place.path("out");
    let values = serde_json::json!({"npm": "hunter3\nhunter4\n", "other": "x"});
    let execute = |script: &str| {
        let execute = Execute::new(&*format!("{{ {script}; }} > {out}"));
        Bundle::new().with(execute.secret("TOKEN", "npm").secret("KEY", "other"))
    };
    for (script, expected) in [
        ("cat $TOKEN $KEY", "hunter3\nhunter4\nx"),
        // Twice, and by what a program of it starts.
        ("cat $TOKEN >/dev/null; sh -c 'exec 3<&- 4<&- 5<&-; cat $TOKEN'", "hunter3\nhunter4\n"),
        ("env | grep -c unter || true; stat -Lc %a $TOKEN", "0\n400\n"),
    ] {
        let ran = told(&place, &execute(script), &values);
        assert_eq!(place.text("out"), expected, "{script}: {ran}");
        assert!(!ran.contains("hunter"), "{ran}");
    }
    if rustix::process::geteuid().is_root() {
        std::fs::set_permissions(place.path(""), Permissions::from_mode(0o777)).unwrap();
        std::fs::remove_file(&out).unwrap();
        let script = format!("cat $TOKEN > /dev/null && id -u > {out}");
        let execute = Execute::new(&*script).secret("TOKEN", "npm").user(65534);
        let ran = told(&place, &Bundle::new().with(execute), &values);
        assert_eq!(place.text("out"), "65534\n", "{ran}");
    }
}

#[test]
fn what_a_command_says_of_its_secrets_is_masked() {
    let place = Place::new();
    let values = serde_json::json!({"npm": "hunter3"});
    for script in [
        "cat $TOKEN; exit 4",
        "echo a$(cat $TOKEN)b >&2; exit 4",
        "printf hun; sleep 0.2; printf ter3; exit 4",
        "test -z \"$(cat $TOKEN)\"",
    ] {
        let bundle = Bundle::new().with(Execute::new(script).secret("TOKEN", "npm"));
        let ran = told(&place, &bundle, &values);
        assert!(ran.contains("ended with") && !ran.contains("hunter3"), "{ran}");
    }
    let bundle = Bundle::new().with(Execute::new("true").secret("TOKEN", "gone"));
    assert!(told(&place, &bundle, &values).contains("the value of secret gone is not known"));
    let bundle = Bundle::new()
        .with(Execute::new("true").unless("grep -q hunter3 $TOKEN").secret("TOKEN", "npm"));
    assert!(told(&place, &bundle, &values).contains(r#""changes": Array []"#));
}

#[test]
fn inputs_are_there_while_it_runs() {
    let place = Place::new();
    let (out, source) = (place.path("out"), place.path("from/src"));
    std::fs::create_dir_all(format!("{source}/sub")).unwrap();
    std::fs::write(format!("{source}/a"), "A").unwrap();
    std::fs::write(format!("{source}/sub/b"), "B").unwrap();
    std::fs::write(place.path("from/run.sh"), "#!/bin/sh\necho ran\n").unwrap();
    let program = Permissions::from_mode(0o700);
    std::fs::set_permissions(place.path("from/run.sh"), program).unwrap();
    let script = format!(
        "{{ cat $SOURCE/a $SOURCE/sub/b; basename $SOURCE; $RUN; echo $SOURCE > {out}.at; }} > {out}"
    );
    let touch = place.path("touched");
    let bundle = |script: &str| {
        let execute = Execute::new(script).touch(&*touch).cwd(place.path("from"));
        let mut bundle = Bundle::new().with(execute.input("SOURCE", "src").input("RUN", "run.sh"));
        bundle.gather(std::path::Path::new(&place.path("from"))).unwrap();
        bundle
    };
    let ran = place.run(&["apply", "--mode", "image"], &bundle(&script));
    assert_eq!((ran.code, &*place.text("out")), (0, "ABsrc\nran\n"), "{ran:?}");
    let at = place.text("out.at");
    assert!(!at.is_empty() && !std::path::Path::new(at.trim()).exists(), "nothing of it stays");

    // It runs again when they are others, and only then.
    let again = |changed: usize| {
        let ran = place.run(&["apply", "--mode", "image"], &bundle(&script));
        assert_eq!((ran.code, ran.changed().len()), (0, changed), "{ran:?}");
    };
    again(0);
    std::fs::write(format!("{source}/sub/b"), "C").unwrap();
    again(1);
    again(0);
    std::fs::rename(format!("{source}/sub/b"), format!("{source}/sub/c")).unwrap();
    let ran = place.run(&["apply", "--mode", "image"], &bundle(&script));
    assert_eq!(ran.code, 1, "{ran:?}");
    std::fs::rename(format!("{source}/sub/c"), format!("{source}/sub/b")).unwrap();
    std::fs::set_permissions(format!("{source}/a"), Permissions::from_mode(0o700)).unwrap();
    again(1);
    again(0);
}

#[test]
fn inputs_are_those_of_the_user_of_a_command() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    std::fs::create_dir(place.path("src")).unwrap();
    std::fs::write(place.path("src/a"), "A").unwrap();
    let script = "cat $SOURCE/a; cd $SOURCE/../..; stat -c ' %U %a' . $SOURCE/..; ls || exit 9";
    for mode in ["host", "image"] {
        let execute = Execute::new(script).user(65_534).input("SOURCE", "src");
        let mut bundle = Bundle::new().with(execute);
        bundle.gather(std::path::Path::new(&place.path(""))).unwrap();
        let ran = place.run(&["apply", "--mode", mode], &bundle);
        let (code, said) = ran.end();
        assert_eq!(code, Some(9), "{mode}: {ran:?}");
        assert!(said.starts_with("A root 711\n nobody 500\n"), "{mode}: {ran:?}");
    }
}

/// And what a run that is not over holds, or is somebody else's, stays.
#[test]
fn inputs_that_a_killed_run_left_are_removed_by_the_next() {
    let place = Place::new();
    let out = place.path("out");
    std::fs::create_dir(place.path("src")).unwrap();
    std::fs::write(place.path("src/a"), "A").unwrap();
    let script = format!("echo $SOURCE > {out}; kill -9 $PPID");
    let mut bundle = Bundle::new().with(Execute::new(&*script).input("SOURCE", "src"));
    bundle.gather(std::path::Path::new(&place.path(""))).unwrap();
    let assets = bundle.take_assets().unwrap();
    std::fs::create_dir_all(place.path("assets/assets")).unwrap();
    for (name, from) in assets {
        std::fs::copy(from, place.path("assets") + "/" + &name).unwrap();
    }
    let talk = |bundle: &Bundle| {
        let input = format!("{{\"bundle\":{}}}\n\"plan\"\n\"apply\"\n", bundle.to_json());
        let (state, assets) = (place.path("s.json"), place.path("assets"));
        place.talk(&["host", "--state", &state, "--assets", &assets], None, &input)
    };
    assert_eq!(talk(&bundle).0, None, "it was killed");
    let left = place.text("out");
    assert!(left.starts_with("/var/tmp/windlass-inputs-"), "{left}");
    let [held, other] = ["held", "other"]
        .map(|word| format!("/var/tmp/windlass-inputs-{word}-{}", std::process::id()));
    std::fs::create_dir(&held).unwrap();
    let lock = std::fs::File::open(&held).unwrap();
    lock.lock().unwrap();
    std::fs::create_dir(&other).unwrap();
    let is_other = std::os::unix::fs::chown(&other, Some(65_534), None).is_ok();
    assert_eq!(talk(&Bundle::new().with(Execute::new("true"))).0, Some(0));
    let stay = [left.trim(), &*held, &*other].map(|path| std::path::Path::new(path).exists());
    for path in [&held, &other] {
        let _ = std::fs::remove_dir(path);
    }
    assert_eq!(stay, [false, true, is_other]);
}

#[test]
fn a_command_without_network_reaches_nobody() {
    let place = Place::new();
    let out = place.path("out");
    let script = format!("tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' > {out}");
    let ran = apply(&place, Execute::new(&*script).without_network());
    if rustix::process::geteuid().is_root() {
        assert_eq!((ran.code, &*place.text("out")), (0, "lo\n"), "{ran:?}");
    } else {
        assert!(ran.error().contains("the network can't be taken away"), "{ran:?}");
    }
    assert_eq!(apply(&place, Execute::new("true")).code, 0);
}
