//! `log`: the driver and its options.
//!
//! Invariant: options of the drivers that write files, and addresses of syslog, are checked here, because an engine
//! finds a wrong one only when the container is created or starts. Drivers of plugins have names and options of their own.

use std::collections::BTreeMap;

use windlass_model::container::LogConfig;

use super::super::set;
use crate::read::{Field, Item, Reader, did_you_mean, suggest};
use crate::scalar::{ScalarError, size};
use crate::yaml::Value;

const DRIVERS: [&str; 12] = [
    "awslogs",
    "etwlogs",
    "fluentd",
    "gcplogs",
    "gelf",
    "journald",
    "json-file",
    "local",
    "logentries",
    "none",
    "splunk",
    "syslog",
];

/// What every driver of an engine itself knows.
const DELIVERY: [&str; 2] = ["mode", "max-buffer-size"];
const LOCAL: [&str; 3] = ["max-size", "max-file", "compress"];
const JSON_FILE: [&str; 5] = ["labels", "labels-regex", "env", "env-regex", "tag"];

/// A driver, or `{driver, options}`.
pub(super) fn log(reader: &Reader, item: &Item) -> Option<LogConfig> {
    let item = reader.resolve(item)?;
    let mut log = LogConfig { driver: "json-file".to_owned(), options: BTreeMap::new() };
    match &item.node.value {
        Value::Mapping(_) => {
            reader.fields(&item, &mut log, &[LOG]);
        }
        Value::Scalar(_) | Value::Sequence(_) => set(&mut log.driver, driver(reader, &item)),
    }
    for (name, value) in &log.options {
        if let Err(error) = option(&log.driver, name, value) {
            let place = ["options", "config", "Config"]
                .into_iter()
                .find_map(|key| item.get(key)?.get(name));
            let found = reader.scalar_error(place.as_ref().unwrap_or(&item), error);
            reader.report(found);
        }
    }
    Some(log)
}

const LOG: &[Field<LogConfig>] = &[
    Field { name: "driver", read: |l, r, i| set(&mut l.driver, driver(r, i)) },
    Field { name: "options", read: |l, r, i| l.options.extend(r.string_pairs(i, "log options")) },
    // The engine's own spelling, which `host_config` uses.
    Field { name: "type", read: |l, r, i| set(&mut l.driver, driver(r, i)) },
    Field { name: "Type", read: |l, r, i| set(&mut l.driver, driver(r, i)) },
    Field { name: "Config", read: |l, r, i| l.options.extend(r.string_pairs(i, "log options")) },
    Field { name: "config", read: |l, r, i| l.options.extend(r.string_pairs(i, "log options")) },
];

/// A word that is nearly a driver of the engine's own is one that was mistyped.
fn driver(reader: &Reader, item: &Item) -> Option<String> {
    reader.parse(item, |text| {
        if text.is_empty() {
            return Err(ScalarError::new("a log driver is missing").help("write json-file"));
        }
        match suggest(text, DRIVERS).filter(|_| !DRIVERS.contains(&text)) {
            Some(near) => {
                let message = format!("unknown log driver \"{}\"", crate::yaml::shorten(text));
                Err(ScalarError::new(message).help(format!("did you mean \"{near}\"?")))
            }
            None => Ok(text.to_owned()),
        }
    })
}

fn option(driver: &str, name: &str, value: &str) -> Result<(), ScalarError> {
    let own: &[&str] = match driver {
        "json-file" => &JSON_FILE,
        "syslog" if name == "syslog-address" && !is_syslog_address(value) => {
            let shown = crate::yaml::shorten(value);
            let message = format!("\"{shown}\" is not an address of a syslog server");
            let help = "write udp://HOST:514, tcp://HOST:514, tcp+tls://HOST:514 or unix:///PATH";
            return Err(ScalarError::new(message).help(help));
        }
        "local" => &[],
        _ => return Ok(()),
    };
    let known = DELIVERY.iter().chain(&LOCAL).chain(own).copied();
    if !known.clone().any(|known| known == name) {
        let message =
            format!("the log driver {driver} has no option \"{}\"", crate::yaml::shorten(name));
        let help = did_you_mean(name, known);
        return Err(ScalarError { help, ..ScalarError::new(message) });
    }
    let fits = match name {
        "max-size" | "max-buffer-size" => value == "-1" || size(value).is_ok_and(|n| n > 0),
        "max-file" => value.parse::<u32>().is_ok_and(|count| count > 0),
        "compress" => ["true", "false"].contains(&value),
        "mode" => ["blocking", "non-blocking"].contains(&value),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let help = match name {
        "max-file" => "write a number from 1",
        "compress" => "write \"true\" or \"false\"",
        "mode" => "write blocking or non-blocking",
        _ => "write a size: 10m",
    };
    let message = format!("\"{}\" is not a value for {name}", crate::yaml::shorten(value));
    Err(ScalarError::new(message).help(help))
}

/// An engine takes nothing for the syslog of its own host, and a host without a port for port 514.
fn is_syslog_address(text: &str) -> bool {
    match text.split_once("://") {
        Some(("unix" | "unixgram", path)) => path.starts_with('/'),
        Some(("udp" | "tcp" | "tcp+tls", place)) => {
            let (host, port) = match place.rsplit_once(':') {
                Some((host, port)) if !port.ends_with(']') => (host, port),
                Some(_) | None => (place, ""),
            };
            let is_one = |host: &str| !host.contains(|c: char| c.is_whitespace() || c == '/');
            is_one(host) && (port.is_empty() || port.parse::<u16>().is_ok())
        }
        Some(_) => false,
        None => text.is_empty(),
    }
}
