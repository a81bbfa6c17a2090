//! Calls that fail in every way that a call can, and runs that are killed around every call.
//!
//! Invariant: whatever was struck, the next run succeeds, the one after it has nothing to do, data
//! is where it was, names are right, no lock is left, and nothing foreign was touched.
//!
//! Runs are killed around every call each time; of the faults a part is tried, and all by
//! `WINDLASS_E2E_FULL=1`.

use crate::harness::proxy::{Fault, Proxy, Strikes};
use crate::harness::{Output, World, engine, is_full, tell};
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// More than any run here makes.
const CALLS: usize = 14;
/// Worlds that are struck at the same time.
const WORKERS: usize = 4;

const HTML: &str = "<html><body><h1>502 Bad Gateway</h1></body></html>";
const WORDS: &str = r#"{"message":"it did not go well"}"#;

fn faults() -> Vec<(&'static str, Fault)> {
    let json = "application/json";
    vec![
        ("cut before", Fault::CutBefore),
        ("cut after", Fault::CutAfter),
        ("cut reply", Fault::CutReply),
        ("late", Fault::Delay(Duration::from_millis(700))),
        ("500 instead", Fault::Instead(500, json, WORDS)),
        ("409 instead", Fault::Instead(409, json, WORDS)),
        ("404 instead", Fault::Instead(404, json, r#"{"message":"page not found"}"#)),
        ("503 instead", Fault::Instead(503, "text/plain", "busy")),
        ("page instead", Fault::Instead(200, "text/html", HTML)),
        ("500 after", Fault::Replace(500, json, WORDS)),
        ("502 after", Fault::Replace(502, "text/html", HTML)),
        ("truncated", Fault::Replace(201, json, r#"{"Id":"0123456789ab"#)),
    ]
}

fn kills() -> Vec<(&'static str, Fault)> {
    vec![
        ("killed before", Fault::KillBefore),
        ("killed during", Fault::KillDuring),
        ("killed after", Fault::KillAfter),
    ]
}

fn project(version: usize) -> String {
    format!(
        "
networks: {{net: }}
volumes: {{data: {{path: /data, user: '1000:1000', permissions: '0700'}}}}
containers:
  db: {{@idle, attaches: [data], shares: [/own], networks: [net], env: {{V: '{version}'}}}}
  web: {{@idle, networks: [net], depends_on: [db], env: {{V: '{version}'}}}}
"
    )
}

/// A world that is struck again and again.
struct Course {
    world: World,
    version: usize,
    foreign: Vec<(String, Value)>,
}

/// A fault, and the call that it strikes.
#[derive(Clone)]
struct Point {
    name: &'static str,
    fault: Fault,
    nth: usize,
}

impl Course {
    fn new(test: &str) -> Option<Self> {
        let world = World::new(test)?;
        let container = world.foreign_created("db_of_somebody", &json!({}));
        let (network, volume) = (world.name("net_of_somebody"), world.name("data_of_somebody"));
        engine::post("/networks/create", &json!({"Name": network, "Labels": {"made.by": "hand"}}));
        engine::post("/volumes/create", &json!({"Name": volume, "Labels": {"made.by": "hand"}}));
        let paths = [
            format!("/containers/{container}/json"),
            format!("/networks/{network}"),
            format!("/volumes/{volume}"),
        ];
        let foreign = paths.map(|path| (path.clone(), engine::get(&path))).to_vec();
        Some(Self { world, version: 0, foreign })
    }

    /// Creation, recreation, going back and removal, each struck at the same call.
    fn round(&mut self, point: &Point) -> usize {
        self.next_version();
        let created = self.strike_at(&["up"], point);
        self.serves(&created);
        self.world.inside("db", &["sh", "-c", "echo precious > /data/file; echo own > /own/file"]);

        self.next_version();
        let recreated = self.strike_at(&["up"], point);
        self.serves(&recreated);
        self.data_is_kept(&recreated);

        let back = self.strike_at(&["rollback"], point);
        self.serves(&back);
        self.data_is_kept(&back);

        let down = self.strike_at(&["down"], point);
        self.is_down(&down);
        [created, recreated, back, down].iter().filter(|run| run.has_struck).count()
    }

    fn next_version(&mut self) {
        self.version += 1;
        self.world.yaml(&project(self.version));
    }

    fn strike_at(&self, words: &[&str], point: &Point) -> Run {
        self.strike(words, &point.fault, Strikes::Nth(point.nth), point.name)
    }

    fn strike(&self, words: &[&str], fault: &Fault, strikes: Strikes, name: &str) -> Run {
        let proxy = Proxy::new(fault.clone(), strikes);
        let output = self.world.run_through(&proxy, words);
        let (has_struck, is_kill) = (proxy.has_struck(), name.starts_with("killed"));
        let story = format!("{name}\n{}\n{output}", proxy.log());
        let fits = match output.code {
            0 => true,
            1 | 69 => has_struck && !is_kill,
            137 => has_struck && is_kill,
            _ => false,
        };
        assert!(fits, "{story}");
        if !is_kill {
            assert!(self.world.lock().is_null(), "a lock is left: {story}");
        }
        let is_under_way = matches!(fault, Fault::KillDuring);
        Run { words: words[0].to_owned(), output, story, has_struck, is_under_way, proxy }
    }

    /// What must hold after a run that was struck, and one that was not.
    fn serves(&self, struck: &Run) {
        let story = &struck.story;
        if struck.says_done() && struck.words == "up" {
            let plan = self.world.plan();
            assert_eq!(plan.steps().count(), 0, "it said it was done: {story}\n{plan}");
        }
        let next = self.next(&["up"], struck);
        let plan = self.world.plan();
        assert_eq!(plan.steps().count(), 0, "{story}{next}\n{plan}");
        let expected = ["containers db", "containers web", "networks net", "volumes data"];
        assert_eq!(self.world.objects(), expected, "{story}{next}");
        for key in ["db", "web"] {
            let container = self.world.container(key);
            assert_eq!(container["State"]["Running"], true, "{key}: {story}{next}");
            let env = container["Config"]["Env"].to_string();
            assert!(env.contains(&format!("\"V={}\"", self.version)), "{key}: {story}{next}");
        }
        let network = &engine::get(&format!("/networks/{}", self.world.name("net")))["Containers"];
        assert_eq!(network.as_object().unwrap().len(), 2, "{network}: {story}{next}");
        self.is_tidy(&format!("{story}{next}"));
    }

    /// The next run, which must succeed.
    fn next(&self, words: &[&str], struck: &Run) -> Output {
        let next = self.world.run(words);
        assert_eq!(next.code, 0, "{}{next}", struck.story);
        if struck.is_under_way {
            struck.proxy.wait();
            if !self.world.lock().is_null() {
                // The engine made it when the next run had looked already. Whoever comes later sees it.
                self.world.run(words).code(0);
            }
        }
        next
    }

    fn data_is_kept(&self, struck: &Run) {
        let line = "stat -c '%u:%g %a' /data; cat /data/file /own/file";
        let kept = self.world.inside("db", &["sh", "-c", line]);
        assert_eq!(kept, "1000:1000 700\nprecious\nown", "{}", struck.story);
    }

    fn is_down(&self, struck: &Run) {
        if struck.says_done() {
            assert_eq!(self.world.objects(), ["volumes data"], "it said so: {}", struck.story);
        }
        let next = self.next(&["down"], struck);
        let story = format!("{}{next}", struck.story);
        assert_eq!(self.world.objects(), ["volumes data"], "{story}");
        self.is_tidy(&story);
        assert!(engine::delete(&format!("/volumes/{}", self.world.name("data"))), "{story}");
    }

    fn is_tidy(&self, story: &str) {
        assert!(self.world.lock().is_null(), "a lock is left: {story}");
        for (path, before) in &self.foreign {
            assert_eq!(engine::get(path), *before, "{story}");
        }
        let named = |kind: &str, name: &dyn Fn(&Value) -> String| {
            let all = engine::list(kind, None).into_iter().map(|object| name(&object));
            let project = format!("{}.", self.world.project);
            let ours = all.filter(|n| n.starts_with(&project) && !n.ends_with("_of_somebody"));
            let mut ours: Vec<String> = ours.collect();
            ours.sort();
            let count = ours.len();
            ours.dedup();
            assert_eq!(ours.len(), count, "two {kind} of one name: {story}");
            ours
        };
        let containers = named("containers", &|one| {
            one["Names"][0].as_str().unwrap_or_default().trim_start_matches('/').to_owned()
        });
        let networks =
            named("networks", &|one| one["Name"].as_str().unwrap_or_default().to_owned());
        let ours = self.world.objects();
        let is_known = |kind: &str, name: &String| {
            let key = name.strip_prefix(&format!("{}.", self.world.project)).unwrap_or_default();
            ours.contains(&format!("{kind} {key}"))
        };
        for (kind, names) in [("containers", containers), ("networks", networks)] {
            assert!(names.iter().all(|name| is_known(kind, name)), "{names:?} {ours:?}: {story}");
        }
    }
}

struct Run {
    words: String,
    output: Output,
    story: String,
    has_struck: bool,
    /// Whether the engine may still be at the call that was struck.
    is_under_way: bool,
    proxy: Proxy,
}

impl Run {
    fn says_done(&self) -> bool {
        self.output.code == 0
    }
}

/// Strikes at all these points, in several worlds at once; how many calls were struck.
fn sweep(test: &str, points: Vec<Point>) -> usize {
    let (queue, struck) = (Mutex::new(points.into_iter()), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for worker in 0..WORKERS {
            let (queue, struck) = (&queue, &struck);
            scope.spawn(move || {
                let Some(mut course) = Course::new(&format!("{test}{worker}")) else { return };
                loop {
                    let Some(point) = queue.lock().unwrap().next() else { return };
                    struck.fetch_add(course.round(&point), Ordering::Relaxed);
                }
            });
        }
    });
    struck.into_inner()
}

/// All points, or each call by some of the faults.
fn points(faults: &[(&'static str, Fault)], every: usize) -> Vec<Point> {
    let every = if is_full() { 1 } else { every };
    let mut points = Vec::new();
    for nth in 1..=CALLS {
        for (number, (name, fault)) in faults.iter().enumerate() {
            if (number + nth) % every == 0 {
                points.push(Point { name, fault: fault.clone(), nth });
            }
        }
    }
    points
}

#[test]
fn a_call_that_fails_in_any_way_must_cost_no_more_than_another_run() {
    let struck = sweep("fault", points(&faults(), 12));
    tell(&format!("{struck} calls were struck"));
}

#[test]
fn a_run_that_is_killed_around_any_call_must_be_finished_by_the_next_one() {
    let struck = sweep("kill", points(&kills(), 1));
    tell(&format!("{struck} runs were killed"));
    assert!(struck >= 100, "{struck}");
}

#[test]
fn a_call_that_is_never_answered_must_end_and_cost_no_more_than_another_run() {
    // Each takes as long as its kind of call may take.
    let calls = ["create?name=windlass-lock", "/stop", ".web_previous", "/networks/create"];
    std::thread::scope(|scope| {
        for call in &calls[..if is_full() { 4 } else { 2 }] {
            scope.spawn(move || {
                let Some(mut course) = Course::new("stall") else { return };
                course.next_version();
                if *call != "/networks/create" {
                    course.world.up();
                    course.next_version();
                }
                let struck = course.strike(&["up"], &Fault::Stall, Strikes::Call(call), call);
                assert!(struck.has_struck, "{}", struck.story);
                tell(&format!("{call}: {:?}", struck.output.elapsed));
                course.serves(&struck);
            });
        }
    });
}
