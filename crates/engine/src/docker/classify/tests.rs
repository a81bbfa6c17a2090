//! Recorded replies of engines 20.10.24 and 28.5.2 and of podman 4.3.1.

use super::*;

const ID: &str = "257f0000000000000000000000000000000000000000000000000000000000ab";

#[test]
fn recorded_messages() {
    let lines = include_str!("recorded.txt").lines().filter(|line| !line.starts_with('#'));
    let mut count = 0;
    for line in lines {
        let line = line.replace("ID", ID);
        let columns: Vec<&str> = line.splitn(4, " | ").collect();
        let [call, status, wanted, message] = columns[..] else { panic!("{line}") };
        let body = serde_json::json!({ "message": message }).to_string();
        let status = status.parse().unwrap();
        let (fault, words) = reply(call, status, "application/json", body.as_bytes());
        assert_eq!((format!("{fault:?}").as_str(), words.as_str()), (wanted, message), "{call}");
        count += 1;
    }
    assert!(count > 100, "{count}");
}

#[test]
fn bodies_that_are_not_dockers() {
    let table: [(u16, &str, &str, Fault, &str); 9] = [
        (
            502,
            "text/html",
            "<html>bad</html>",
            Fault::Malformed,
            "a web page came instead of an answer: <html>bad</html>",
        ),
        (404, "text/plain", "Not Found\n", Fault::Unsupported, "Not Found"),
        (405, "text/plain", "Method Not Allowed", Fault::Unsupported, "Method Not Allowed"),
        (
            400,
            "text/plain",
            "client version 1.11 is too old. Minimum supported API version is 1.12",
            Fault::TooOldApi,
            "client version 1.11 is too old. Minimum supported API version is 1.12",
        ),
        (
            500,
            "application/json",
            r#"{"cause":"that name is already in use","message":"odd","response":500}"#,
            Fault::NameConflict { holder: None },
            "odd",
        ),
        (
            500,
            "application/json",
            r#"{"cause":"unexpected EOF","message":"decode(): unexpected EOF","response":500}"#,
            Fault::Other,
            "decode(): unexpected EOF",
        ),
        (500, "application/json", "", Fault::Other, ""),
        (
            500,
            "application/json",
            "{\"message\":\"a\u{1b}[2Jb\nthat name is already in use\"}\n",
            Fault::NameConflict { holder: None },
            "a\u{fffd}[2Jb that name is already in use",
        ),
        (500, "text/plain", "a\u{1b}b", Fault::Other, "a\u{fffd}b"),
    ];
    for (status, content_type, body, wanted, words) in table {
        let found = reply("POST /containers/create", status, content_type, body.as_bytes());
        assert_eq!(found, (wanted, words.to_owned()), "{status} {body}");
    }
}

#[test]
fn errors_inside_streams() {
    let table = [
        (
            "POST /images/create",
            "filesystem layer verification failed for digest sha256:49ce",
            Fault::Other,
        ),
        ("POST /images/create", "manifest verification failed for digest sha256:000", Fault::Other),
        (
            "POST /build",
            "The command '/bin/sh -c exit 3' returned a non-zero code: 3",
            Fault::BuildFailed,
        ),
        (
            "POST /build",
            "COPY failed: forbidden path outside the build context: ../../etc/passwd ()",
            Fault::BuildFailed,
        ),
        (
            "POST /build",
            "The command '/bin/sh -c echo no such image: x, denied: port is already allocated; \
             exit 1' returned a non-zero code: 1",
            Fault::BuildFailed,
        ),
        (
            "POST /build",
            "process \"/bin/sh -c echo no space left on device; exit 1\" did not complete \
             successfully: exit code: 1",
            Fault::BuildFailed,
        ),
        ("POST /build", "write /x: no space left on device", Fault::DiskFull),
        (
            "POST /build",
            "pull access denied for x, repository does not exist",
            Fault::RegistryDenied,
        ),
        ("POST /images/load", "write /x: no space left on device", Fault::DiskFull),
        ("POST /images/load", "what is this", Fault::Other),
    ];
    for (call, message, wanted) in table {
        assert_eq!(stream(call, message), wanted, "{message}");
    }
}

#[test]
fn long_foreign_text_is_cut() {
    let (_, words) = reply("GET /x", 500, "text/plain", "é".repeat(5000).as_bytes());
    assert_eq!(words.chars().count(), FOREIGN_LIMIT);
}
