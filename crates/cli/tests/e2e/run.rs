//! Runs: a task must do what the file says with the words that were typed, and leave nothing behind however it ends.
//!
//! Invariant: what is left is counted on the engine before and after.

use crate::harness::{Terminal, World, engine};
use rustix::process::Signal;
use serde_json::Value;
use std::time::Duration;

const FILE: &str = r#"
networks: {net: }
images:
  app:
    context: false
    commands: [FROM @image, RUN echo built > /built, VOLUME /scratch]
    tasks:
      show: {description: Show what was built, command: [sh, -c, "cat /built; grep /scratch /proc/self/mountinfo"]}
      same: {command: [echo, of the image]}
containers:
  db: {@idle, networks: [net]}
  web:
    image: '@image'
    command: [sh, -c, 'echo "web $A $*"', sh]
    env: {A: one, B: one}
    networks: [net]
    ports: ['127.0.0.1::80']
    stop_timeout: 1
    depends_on: [db]
    tasks:
      vary: {env: {B: two}, bash: 'echo $A $B && nslookup db >/dev/null && echo found'}
      same: {command: [echo, of the container]}
tasks:
  words: {image: app, command: [sh, -c, 'for word; do echo "[$word]"; done', sh]}
  args: {image: app, command: [sh, -c, 'for word; do echo "[$word]"; done', sh, "{{ args }}", end]}
  line: {image: app, bash: 'printf "[%s]\n" first'}
  five: {image: app, bash: exit 5}
  after: {image: app, bash: echo after, needs: [same, show]}
  never: {image: app, bash: echo never, needs: [five]}
  only: {needs: [after, same]}
  wait: {container: web, bash: "trap 'echo got; exit 7' INT; echo up; while :; do sleep 0.1; done"}
  size: {image: app, tty: true, bash: 'echo up; while :; do stty size; sleep 0.2; done'}
  nothing: {image: app, command: [/no/such/program]}
"#;

/// Every object that has to do with the world.
pub(crate) fn everything(world: &World) -> Vec<String> {
    let label = format!("dev.windlass-run.project={}", world.project);
    let names = |one: &Value| one["Names"][0].as_str().unwrap_or_default().to_owned();
    let mut all: Vec<_> = engine::list("containers", Some(&label)).iter().map(names).collect();
    let marks = engine::list("volumes", Some(&label));
    all.extend(marks.iter().map(|one| one["Name"].as_str().unwrap_or_default().to_owned()));
    all.extend(world.objects());
    all
}

fn world(test: &str) -> Option<World> {
    let world = World::new(test)?;
    world.yaml(FILE);
    Some(world)
}

#[test]
fn words_must_reach_the_program_as_they_were_typed() {
    let Some(world) = world("run-words") else { return };
    let words = ["a  b", "", "{{ x }}", "it's \"q\"", "$HOME `id` *", "--flag", "é\n"];
    let shown: Vec<String> = words.iter().map(|word| format!("[{word}]\n")).collect();
    let shown = shown.concat();
    let run = |task: &str| {
        let ran = world.run(&[&["run", task, "--"], words.as_slice()].concat());
        ran.code(0);
        ran.stdout
    };
    assert_eq!(run("words"), shown);
    assert_eq!(run("args"), format!("{shown}[end]\n"));
    assert_eq!(run("line"), format!("[first]\n{shown}"));
    let image = world.run(&["run", "image:app", "--", "echo", "a  b", "{{ args }}"]);
    assert_eq!(image.code(0).stdout, "a  b {{ args }}\n");
    let piped = world.run_with_input(&["run", "app", "--", "cat"], b"{}\x00\xff\n");
    piped.code(0);
    assert_eq!(piped.stdout.len(), "{}\0\u{fffd}\n".len(), "{piped}");
    assert_eq!(everything(&world), [""; 0]);
}

#[test]
fn a_task_must_run_where_it_is_written_after_those_that_it_needs() {
    let Some(world) = world("run-needs") else { return };
    let only = world.run(&["run", "only"]);
    only.code(0);
    let lines: Vec<&str> = only.stdout.lines().collect();
    assert_eq!((lines[0], lines[1], lines[3]), ("of the image", "built", "after"), "{only}");
    let volume = lines[2].split('/').find(|part| part.len() == 64).expect(lines[2]);
    assert!(engine::get(&format!("/volumes/{volume}")).is_null(), "its volume is left");
    assert_eq!(world.run(&["run", "web.same"]).code(0).stdout, "of the container\n");
    let never = world.run(&["run", "never"]);
    never.code(5).says("five ended with 5: never, which needs it, is not run");
    assert_eq!(never.stdout, "");
    world.run(&["run", "five"]).code(5);
    world.run(&["run", "nothing"]).code(127).says("the image must have the program");
    world.run(&["run", "only", "--", "x"]).code(64).says("takes no words");
    world.run(&["run", "wrds"]).code(64).says("words");
    let json = world.run(&["--output", "json", "run", "five"]);
    assert_eq!(json.code(5).object("ended")["exit_code"], 5);
}

#[test]
fn a_task_of_a_container_must_be_like_it() {
    let Some(world) = world("run-like") else { return };
    assert_eq!(world.run(&["run", "vary"]).code(0).stdout, "one two\nfound\n");
    assert_eq!(world.run(&["run", "web", "-e", "A=x"]).code(0).stdout, "web x \n");
    assert_eq!(world.run(&["run", "web", "--", "echo", "other"]).code(0).stdout, "other\n");
    let entry = world.run(&["run", "web", "--entrypoint", "echo", "--", "a", "b"]);
    assert_eq!(entry.code(0).stdout, "a b\n");
    assert_eq!(world.state("web"), "absent");
}

#[test]
fn a_run_that_is_cut_short_must_leave_nothing() {
    let Some(world) = world("run-cut") else { return };
    world.run(&["up", "db"]).code(0);
    let before = everything(&world);
    for (signal, code) in [(Signal::INT, 7), (Signal::TERM, 143)] {
        let running = world.start(&["run", "wait"]);
        assert_eq!(running.line().as_deref(), Some("up\n"));
        running.signal(signal);
        let ended = running.finish();
        ended.code(code);
        assert!(ended.elapsed < Duration::from_secs(20), "{ended}");
        assert_eq!(everything(&world), before);
    }
    world.run(&["run", "wait", "--deadline", "1"]).code(124);
    assert_eq!(everything(&world), before);
    let running = world.start(&["run", "wait"]);
    assert_eq!(running.line().as_deref(), Some("up\n"));
    running.signal(Signal::KILL);
    running.finish();
    assert_eq!(everything(&world).len(), before.len() + 1);
    world.run(&["run", "line"]).code(0);
    assert_eq!(everything(&world), before);
}

#[test]
fn a_task_must_have_the_terminal() {
    let Some(world) = world("run-tty") else { return };
    let mut terminal = Terminal::start(&world.command(&["run", "size"]));
    terminal.expect("up").expect("24 100");
    terminal.resize(40, 77);
    terminal.expect("40 77").keys("\x03");
    assert_eq!(terminal.end().0, 130);
    let mut terminal = Terminal::start(&world.command(&["run", "web", "--", "sh"]));
    terminal.keys("printf '\\033[3%dmred' 1\n").expect("\x1b[31mred").keys("exit 6\n");
    assert_eq!(terminal.end().0, 6);
    // It has one also where there is none here; what is piped in is not taken for keys.
    let ran = world.run(&["run", "size", "--deadline", "1"]);
    ran.code(124);
    assert!(ran.stdout.starts_with("up\r\n"), "{ran}");
    assert!(world.run(&["run", "size", "-T", "--deadline", "1"]).stdout.starts_with("up\n"));
}

#[test]
fn two_outputs_in_one_pipe_must_not_break_the_lines_of_each_other() {
    let Some(world) = world("run-lines") else { return };
    let text = "for i in $(seq 300); do printf out; printf err >&2; echo put; echo or >&2; done";
    let mut command = world.command(&["run", "app", "--", "sh", "-c", text]);
    let (mut reader, writer) = std::io::pipe().unwrap();
    let mut child = command.stdout(writer.try_clone().unwrap()).stderr(writer).spawn().unwrap();
    drop(command);
    let mut all = String::new();
    std::io::Read::read_to_string(&mut reader, &mut all).unwrap();
    assert!(child.wait().unwrap().success());
    let count = |line: &str| all.lines().filter(|one| *one == line).count();
    assert_eq!((count("output"), count("error")), (300, 300), "{all}");
}
