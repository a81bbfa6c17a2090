//! The floor: the same engine calls and nothing else, on so many connections at once.
//!
//! Invariant: as few calls as the API allows for the result, none of them waiting for another that it
//! does not need.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::contestant::Operation;
use crate::Result;
use crate::engine::Engine;
use crate::http::{Connection, encoded};

pub(super) struct Floor<'a> {
    pub(super) engine: &'a Engine,
    pub(super) image: &'a str,
    pub(super) project: &'a str,
    pub(super) count: usize,
    /// Connections that work at the same time.
    pub(super) width: usize,
}

impl Floor<'_> {
    pub(super) fn run(&self, operation: Operation) -> Result<Duration> {
        let since = Instant::now();
        match operation {
            Operation::ColdUp => {
                self.network()?;
                self.each(|connection, number| self.create(connection, number, "a"))?;
            }
            Operation::NoOpUp => self.look()?,
            Operation::OneChanged => {
                self.look()?;
                let mut connection = self.engine.connect()?;
                self.remove(&mut connection, 1)?;
                self.create(&mut connection, 1, "b")?;
            }
            Operation::Down => {
                self.each(|connection, number| self.remove(connection, number))?;
                let path = format!("/networks/{}.net", self.project);
                call(&mut self.engine.connect()?, "DELETE", &path, &Value::Null)?;
            }
        }
        Ok(since.elapsed())
    }

    /// Does something with each container, on `width` connections.
    fn each(&self, work: impl Fn(&mut Connection, usize) -> Result<()> + Sync) -> Result<()> {
        let (next, problem) = (AtomicUsize::new(1), Mutex::new(None));
        thread::scope(|scope| {
            for _ in 0..self.width.min(self.count) {
                scope.spawn(|| {
                    let result = self.engine.connect().and_then(|mut connection| {
                        loop {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            if number > self.count {
                                return Ok(());
                            }
                            work(&mut connection, number)?;
                        }
                    });
                    if let (Err(error), Ok(mut problem)) = (result, problem.lock()) {
                        *problem = Some(error);
                    }
                });
            }
        });
        match problem.into_inner() {
            Ok(None) => Ok(()),
            Ok(Some(error)) => Err(error),
            Err(_) => Err("a thread of the floor ended badly".into()),
        }
    }

    fn name(&self, number: usize) -> String {
        format!("{}.s{number}", self.project)
    }

    fn network(&self) -> Result<()> {
        let body = json!({"Name": format!("{}.net", self.project), "CheckDuplicate": true});
        call(&mut self.engine.connect()?, "POST", "/networks/create", &body)
    }

    fn create(&self, connection: &mut Connection, number: usize, tag: &str) -> Result<()> {
        let network = format!("{}.net", self.project);
        let body = json!({
            "Image": self.image,
            "Cmd": ["sleep", "1000000"],
            "Env": [format!("TAG={tag}")],
            "StopSignal": "SIGKILL",
            "Labels": {"dev.windlass.project": self.project},
            "HostConfig": {"NetworkMode": network},
            "NetworkingConfig": {"EndpointsConfig": {network.as_str(): {"Aliases": [format!("s{number}")]}}},
        });
        let name = self.name(number);
        call(connection, "POST", &format!("/containers/create?name={name}"), &body)?;
        call(connection, "POST", &format!("/containers/{name}/start"), &Value::Null)
    }

    fn remove(&self, connection: &mut Connection, number: usize) -> Result<()> {
        let path = format!("/containers/{}?force=1&v=1", self.name(number));
        call(connection, "DELETE", &path, &Value::Null)
    }

    /// The four lists and an inspection of each container, all at once.
    fn look(&self) -> Result<()> {
        let filter = json!({"label": [format!("dev.windlass.project={}", self.project)]});
        let filter = encoded(&filter.to_string());
        let lists = [
            format!("/containers/json?all=1&filters={filter}"),
            format!("/networks?filters={filter}"),
            format!("/volumes?filters={filter}"),
            "/images/json".into(),
        ];
        thread::scope(|scope| {
            let lists: Vec<_> = lists
                .iter()
                .map(|list| {
                    scope.spawn(|| call(&mut self.engine.connect()?, "GET", list, &Value::Null))
                })
                .collect();
            lists.into_iter().try_for_each(|list| {
                list.join().map_err(|_| "a thread of the floor ended badly")?
            })
        })?;
        self.each(|connection, number| {
            let path = format!("/containers/{}/json", self.name(number));
            call(connection, "GET", &path, &Value::Null)
        })
    }
}

fn call(connection: &mut Connection, method: &str, path: &str, body: &Value) -> Result<()> {
    let answer = connection.call(method, path, body)?;
    if answer.is_success() {
        return Ok(());
    }
    Err(format!("{method} {path}: {} {}", answer.status, answer.text().trim()).into())
}
