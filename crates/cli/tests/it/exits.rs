//! How the program ends: whose fault it is decides the number.

use std::os::unix::process::ExitStatusExt as _;
use std::time::{Duration, Instant};

use crate::fake::{Says, listen};
use crate::program::Test;

type Variables = &'static [(&'static str, &'static str)];

const ONE: &str = "name: p\ncontainers:\n  web: {image: 'web:1'}\n";

#[test]
fn an_engine_that_cannot_be_found_is_the_fault_of_whoever_named_it() {
    let hint = "write unix:///var/run/docker.sock, tcp://host:2376 or ssh://user@host";
    let contexts = "`docker context ls` shows those that are there";
    let table: [(&[&str], Variables, i32, [&str; 3]); 9] = [
        (&[], &[("DOCKER_HOST", "box")], 65, ["DOCKER_HOST: `box`", "it has no scheme", hint]),
        (
            &[],
            &[("DOCKER_HOST", "tcp://box:99999")],
            65,
            ["DOCKER_HOST: ", "its port is not a number from 1 to 65535", hint],
        ),
        (&[], &[("DOCKER_HOST", "tcp://box")], 65, ["DOCKER_HOST: ", "unprotected", "use ssh://"]),
        (
            &[],
            &[("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "mars")],
            65,
            ["DOCKER_CONTEXT: ", "no docker context `mars`", contexts],
        ),
        (
            &[],
            &[("DOCKER_HOST", ""), ("DOCKER_CONFIG", "broken")],
            65,
            ["broken/config.json:2:8 is no valid JSON", "expected value", "mend that file"],
        ),
        (
            &[],
            &[("DOCKER_HOST", ""), ("DOCKER_CONFIG", "gone")],
            65,
            ["currentContext in gone/config.json", "no docker context `far`", contexts],
        ),
        (&["--engine", "gopher://x"], &[], 64, ["`gopher://x`", "its scheme is none of", hint]),
        (&["--engine", "ssh://me:secret@x"], &[], 64, ["`ssh://me:…@x`", "a password", hint]),
        (
            &["-f", "mars.yaml"],
            &[],
            65,
            ["where the engine `default` is", "no docker context `mars`", contexts],
        ),
    ];
    for (arguments, variables, code, said) in table {
        let mars = "name: p\nengines: {default: {context: mars}}\n";
        let mut test = Test::project(ONE)
            .file("mars.yaml", mars)
            .file("broken/config.json", "{\n  \"a\": x}")
            .file("gone/config.json", r#"{"currentContext": "far"}"#);
        for (name, value) in variables {
            test = test.variable(name, value);
        }
        for argument in arguments {
            test = test.args([argument]);
        }
        let ended = test.args(["ps"]).code(code).stdout("").complains(said);
        assert!(!ended.stderr.contains("secret"), "{}", ended.stderr);
    }
}

#[test]
fn an_engine_whose_url_is_wrong_in_the_file_is_shown_there() {
    for (url, said) in [
        ("tcp://box:99999", "its port is not a number from 1 to 65535"),
        ("gopher://box", "its scheme is none of unix, tcp, http, https, ssh, npipe"),
        ("unix://", "it has no path"),
        ("ssh://-oProxyCommand=x", "its host or user begins with a dash"),
        ("tcp://box/path", "it holds a path, which only unix://, npipe:// and ssh:// can"),
    ] {
        let text = format!("name: p\nengines:\n  far: {{url: '{url}'}}\n");
        let ended = Test::project(&text).args(["ps"]).code(65);
        ended.complains([said, "windlass.yaml:3:14", "tcp://host:2376"]);
    }
}

const ERROR: &str = "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\
                     Content-Length: 18\r\n\r\n{\"message\":\"boom\"}";
const PAGE: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n\
                    <html></html>";
const REFUSAL: &str = "HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\n\
                       Content-Length: 13\r\n\r\n<html></html>";
const NOBODY: &str = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnope\n";

#[test]
fn what_answers_a_ping_badly_is_no_engine() {
    for (says, said) in [
        (Says::Bytes(ERROR), "cannot answer a ping: boom"),
        (Says::Bytes(PAGE), "is no Docker engine: a web page came instead of an answer: <html>"),
        (Says::Bytes(REFUSAL), "is no Docker engine: a web page came instead of an answer: <html>"),
        (Says::Bytes(NOBODY), "is no Docker engine: nope"),
        (Says::Bytes("SSH-2.0-OpenSSH_9\r\n"), "does not speak HTTP as engines do"),
        (Says::Goodbye, "cannot answer a ping"),
    ] {
        let test = Test::project(ONE);
        let url = listen(test.directory(), says);
        let ended = test.variable("DOCKER_HOST", &url).args(["ps"]).code(69).stdout("");
        ended.complains(["/engine.sock", said, "help: "]);
    }
}

#[test]
fn an_engine_that_keeps_silent_is_given_up() {
    let test = Test::project(ONE);
    let url = listen(test.directory(), Says::Nothing);
    let test = test.variable("DOCKER_HOST", &url).args(["plan"]);
    let since = Instant::now();
    test.code(69).stdout("").complains(["/engine.sock gave no answer within 5 s", "help: "]);
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
}

#[test]
fn a_signal_ends_what_only_looks_at_once() {
    for arguments in [&["ps"][..], &["plan"], &["logs", "-f"], &["up", "--yes"]] {
        let mut test = Test::project(ONE);
        let url = listen(test.directory(), Says::Nothing);
        for argument in arguments {
            test = test.args([argument]);
        }
        let test = test.variable("DOCKER_HOST", &url);
        let mut child = test.spawn();
        std::thread::sleep(Duration::from_millis(300));
        let since = Instant::now();
        signal(&child, "TERM");
        assert_eq!(child.wait().unwrap().signal(), Some(15), "{arguments:?}");
        assert!(since.elapsed() < Duration::from_secs(1), "{arguments:?}: {:?}", since.elapsed());
    }
}

#[test]
fn a_second_signal_ends_a_run_whose_engine_hangs() {
    let test = Test::project(ONE);
    let url = listen(test.directory(), Says::Halts);
    let test = test.variable("DOCKER_HOST", &url).args(["up", "--yes"]);
    let mut child = test.spawn();
    std::thread::sleep(Duration::from_millis(700));
    signal(&child, "INT");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(child.try_wait().unwrap(), None, "the step that runs may end");
    let since = Instant::now();
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(since.elapsed() < Duration::from_secs(1), "{:?}", since.elapsed());
}

fn signal(child: &std::process::Child, name: &str) {
    let pid = child.id().to_string();
    let sent = std::process::Command::new("kill").args(["-s", name, &pid]).status().unwrap();
    assert!(sent.success());
}

#[test]
fn a_result_that_cannot_be_written_is_a_failure() {
    for arguments in [
        &["config"][..],
        &["config", "--services"],
        &["config", "--output", "json"],
        &["plan", "--offline"],
        &["plan", "--offline", "--output", "json"],
        &["completions", "bash"],
        &["man"],
        &["--help"],
        &["up", "--help"],
        &["--version"],
    ] {
        let mut test = Test::project(ONE);
        for argument in arguments {
            test = test.args([argument]);
        }
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let child = test.command().stdout(full).output().unwrap();
        let said = String::from_utf8(child.stderr).unwrap();
        assert_eq!(child.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("could not write to standard output"), "{arguments:?}: {said}");

        // Nobody reads: that is the reader's affair.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let child = test.command().stdout(writer).output().unwrap();
        assert_eq!(child.status.code(), Some(0), "{arguments:?}");
        assert!(child.stderr.is_empty(), "{arguments:?}");
    }
}
