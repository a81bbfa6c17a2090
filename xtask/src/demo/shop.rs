//! The shop as the demo handles it: windlass on its file, requests to its front.
//!
//! Invariant: what a person is shown as a command is exactly what is run.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::engine::Engine;
use crate::http::{Address, Connection};
use crate::{Result, process, say, workspace};

pub(super) struct Shop {
    pub(super) engine: Engine,
    pub(super) windlass: PathBuf,
    pub(super) project: String,
    pub(super) port: u16,
}

impl Shop {
    /// windlass with the options that the demo always gives.
    fn command(&self) -> Command {
        let root = workspace::root();
        let near = |path: &PathBuf| path.strip_prefix(root).unwrap_or(path).to_owned();
        let mut command = Command::new(near(&self.windlass));
        command.current_dir(root).env("DOCKER_HOST", &self.engine.url);
        command.args(["-f", "examples/shop/windlass.yaml"]);
        if self.project != super::NAME {
            command.args(["-p", &self.project]);
        }
        if self.port != 8080 {
            command.args(["--set", &format!("port={}", self.port)]);
        }
        command
    }

    pub(super) fn shown(&self) -> String {
        process::shown(&self.command())
    }

    /// Runs windlass with its output on ours, under another greeting when there is one.
    pub(super) fn windlass(&self, words: &[&str], greeting: Option<&str>) -> Result<()> {
        let mut command = self.command();
        if let Some(greeting) = greeting {
            command.args(["--set", &format!("greeting={greeting}")]);
        }
        process::run(command.args(words))
    }

    pub(super) fn down(&self) -> Result<()> {
        let volumes = ["--destroy-volume", "orders", "--destroy-volume", "socket"];
        self.windlass(&[&["down", "--images"][..], &volumes].concat(), None)
    }

    fn request(&self, method: &str, path: &str) -> Result<String> {
        let authority = self.authority();
        // A first look, so that a front that is not there is told from one that answers badly.
        TcpStream::connect(&authority)
            .map_err(|error| format!("the front does not listen on {authority}: {error}"))?;
        say::line(&format!("$ curl -X {method} http://{authority}{path}"));
        let mut front = Connection::open(&Address::Tcp(authority))?;
        let answer = front.call(method, path, &Value::Null)?;
        say::line(answer.text().trim_end());
        if answer.is_success() {
            return Ok(answer.text());
        }
        Err(format!("{method} {path} was answered with {}", answer.status).into())
    }

    /// The published port as this machine reaches it: on an engine elsewhere, that engine's host.
    fn authority(&self) -> String {
        match &self.engine.address {
            Address::Tcp(engine) => {
                let host = engine.rsplit_once(':').map_or(engine.as_str(), |(host, _)| host);
                format!("{host}:{}", self.port)
            }
            Address::Unix(_) => format!("127.0.0.1:{}", self.port),
        }
    }

    /// Orders once, and returns which order that was.
    pub(super) fn order(&self) -> Result<u64> {
        let text = self.request("POST", "/orders")?;
        let number = text.trim_end().rsplit(' ').next().and_then(|word| word.parse().ok());
        Ok(number.ok_or("the order has no number")?)
    }

    /// The front greets so, and the app knows of that many orders.
    pub(super) fn expect(&self, greeting: &str, orders: u64) -> Result<()> {
        let (text, wanted) =
            (self.request("GET", "/")?, format!("{greeting}\nOrders so far: {orders}\n"));
        if text == wanted {
            return Ok(());
        }
        Err(format!("the answer should have been {wanted:?}, not {text:?}").into())
    }

    /// The id of the container that runs at an address of the project.
    pub(super) fn container(&self, name: &str) -> Result<String> {
        let path = format!("/containers/{}.{name}/json", self.project);
        let answer = self.engine.connect()?.call("GET", &path, &Value::Null)?;
        let container = answer.json()?;
        if container["State"]["Running"] != true {
            return Err(format!("{}.{name} does not run: {}", self.project, answer.text()).into());
        }
        Ok(container["Id"].as_str().unwrap_or_default().into())
    }
}
