//! A browser without a window, told what to do over its pipe.
//!
//! Invariant: it goes with the test, and everything that it complains of is kept.

use serde_json::{Value, json};
use std::fs::File;
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What it runs with: whoever is root has no sandbox, and there may be no shared memory.
const FLAGS: [&str; 6] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--remote-debugging-pipe",
];

pub(crate) struct Browser {
    child: Child,
    to: File,
    from: BufReader<File>,
    number: u64,
    session: Option<String>,
    /// Errors of scripts, of loading, and of what a policy forbids.
    pub(crate) complaints: Vec<Value>,
    _directory: tempfile::TempDir,
}

impl Browser {
    /// `None` where the tests are not told that there is one.
    pub(crate) fn new() -> Option<Self> {
        let asked = std::env::var("WINDLASS_TEST_BROWSER").ok()?;
        let program = if asked == "1" { "chromium".to_owned() } else { asked };
        let directory = tempfile::tempdir().unwrap();
        let [to, from] = ["to", "from"].map(|name| directory.path().join(name));
        let made = Command::new("mkfifo").args([&to, &from]).status().unwrap();
        assert!(made.success());
        let mut command = Command::new("sh");
        command.args(["-c", "to=$1 from=$2; shift 2; exec \"$@\" 3<\"$to\" 4>\"$from\"", "sh"]);
        command.args([&to, &from]).arg(program).args(FLAGS);
        command.arg(format!("--user-data-dir={}", directory.path().join("profile").display()));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let to = File::options().write(true).open(to).unwrap();
        let from = BufReader::new(File::open(from).unwrap());
        let (number, session, complaints) = (0, None, Vec::new());
        let mut browser =
            Self { child, to, from, number, session, complaints, _directory: directory };
        let target = browser.call("Target.createTarget", &json!({"url": "about:blank"}));
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = browser.call("Target.attachToTarget", &target);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        for domain in ["Log.enable", "Runtime.enable", "Page.enable", "Accessibility.enable"] {
            browser.call(domain, &json!({}));
        }
        Some(browser)
    }

    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Value {
        self.number += 1;
        let mut message = json!({"id": self.number, "method": method, "params": parameters});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.to.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut bytes = Vec::new();
            self.from.read_until(0, &mut bytes).unwrap();
            bytes.pop();
            let reply: Value = serde_json::from_slice(&bytes).expect("the browser is there");
            if reply["id"] == self.number {
                assert!(reply.get("error").is_none(), "{method}: {reply}");
                return reply["result"].clone();
            }
            let is_complaint = match reply["method"].as_str().unwrap_or_default() {
                "Log.entryAdded" => reply["params"]["entry"]["level"] == "error",
                "Runtime.exceptionThrown" => true,
                _ => false,
            };
            if is_complaint {
                self.complaints.push(reply["params"].clone());
            }
        }
    }

    pub(crate) fn open(&mut self, url: &str) {
        self.call("Page.navigate", &json!({"url": url}));
    }

    /// What an expression comes to.
    #[track_caller]
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let parameters = json!({"expression": expression, "returnByValue": true});
        let done = self.call("Runtime.evaluate", &parameters);
        assert!(done.get("exceptionDetails").is_none(), "{expression}: {done}");
        done["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        let since = Instant::now();
        while self.eval(expression) != true {
            if since.elapsed() > Duration::from_secs(20) {
                let page = self.eval("document.body.innerText");
                panic!("{expression} did not come true; the page says:\n{page}");
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// Presses a key where the focus is: `Tab`, `Enter`, `Escape`, `ArrowDown`.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            _ => 40,
        };
        let text = if key == "Enter" { "\r" } else { "" };
        for kind in ["keyDown", "keyUp"] {
            let press = json!({"type": kind, "key": key, "code": key, "text": text,
                "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", &press);
        }
    }

    /// What whoever looks at it prefers, such as `prefers-color-scheme`, `dark`.
    pub(crate) fn prefers(&mut self, feature: &str, value: &str) {
        let features = json!({"features": [{"name": feature, "value": value}]});
        self.call("Emulation.setEmulatedMedia", &features);
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // One that has ended can't be killed.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
