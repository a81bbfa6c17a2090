//! How containers of an image run, as images keep it.
//!
//! Invariant: what an image does not say is as its base has it; the order of variables is the base's, new ones last.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::provision::ImageDefaults;

/// The engine's own field names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ProcessConfig {
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "or_default")]
    pub user: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub exposed_ports: BTreeMap<String, Value>,
    /// `NAME=value`, in order.
    #[serde(deserialize_with = "or_default")]
    pub env: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entrypoint: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cmd: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub healthcheck: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub volumes: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "String::is_empty", deserialize_with = "or_default")]
    pub working_dir: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "or_default")]
    pub labels: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_signal: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stop_timeout: Option<u32>,
    /// What the builder of an image on it is to do first.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "or_default")]
    pub on_build: Vec<String>,
    /// What a health check that is a line is given to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shell: Option<Vec<String>>,
}

/// Engines write `null` for what is empty.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

impl ProcessConfig {
    /// That of an image on one with this configuration.
    #[must_use]
    pub fn with(mut self, defaults: &ImageDefaults, labels: BTreeMap<String, String>) -> Self {
        let ImageDefaults {
            env,
            user,
            workdir,
            entrypoint,
            command,
            exposed,
            volumes,
            healthcheck,
            stop_signal,
            maintainer: _, // is said beside the configuration
        } = defaults;
        for (name, value) in env {
            self.set(name, value);
        }
        self.user = user.clone().unwrap_or(self.user);
        self.working_dir = workdir.clone().unwrap_or(self.working_dir);
        if entrypoint.is_some() {
            self.entrypoint.clone_from(entrypoint);
            self.cmd = None;
        }
        self.cmd = command.clone().or(self.cmd);
        let ports = exposed.iter().map(|port| (port.to_string(), json!({})));
        self.exposed_ports.extend(ports);
        self.volumes.extend(volumes.iter().map(|path| (path.clone(), json!({}))));
        if let Some(check) = healthcheck {
            self.healthcheck = Some(healthcheck_over(self.healthcheck.take(), check));
        }
        self.stop_signal = stop_signal.clone().or(self.stop_signal);
        self.labels.extend(labels);
        self
    }

    fn set(&mut self, name: &str, value: &str) {
        let assigned = format!("{name}={value}");
        let is_it = |one: &&mut String| one.split_once('=').is_some_and(|(known, _)| known == name);
        match self.env.iter_mut().find(is_it) {
            Some(one) => *one = assigned,
            None => self.env.push(assigned),
        }
    }
}

/// A check that does not say what it runs is the base's at other times.
fn healthcheck_over(base: Option<Value>, check: &Healthcheck) -> Value {
    let test = match &check.test {
        HealthTest::Inherit => None,
        HealthTest::Disabled => return json!({"Test": ["NONE"]}),
        HealthTest::Exec(argv) => {
            Some(std::iter::once("CMD").chain(argv.iter().map(String::as_str)).collect::<Vec<_>>())
        }
        HealthTest::Shell(line) => Some(vec!["CMD-SHELL", line]),
    };
    let mut document = match &test {
        Some(_) => json!({}),
        None => base.unwrap_or_else(|| json!({})),
    };
    if let Some(test) = test {
        document["Test"] = json!(test);
    }
    for (key, value) in [
        ("Interval", check.interval_ns),
        ("Timeout", check.timeout_ns),
        ("StartPeriod", check.start_period_ns),
        ("StartInterval", check.start_interval_ns),
        ("Retries", u64::from(check.retries)),
    ] {
        if value != 0 {
            document[key] = json!(value);
        }
    }
    document
}
