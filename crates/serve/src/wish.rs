//! Wish: what a lease is asked for.
//!
//! Invariant: a key that there is not is an error that names those that there are; nothing is guessed.

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::problem::{Kind, Problem};

/// How long a lease lives without a renewal where nothing is said.
pub(crate) const TTL_S: u64 = 60;
/// The shortest and the longest that can be said.
pub(crate) const TTL_RANGE_S: std::ops::RangeInclusive<u64> = 5..=86_400;

const KEYS: [&str; 10] = [
    "container",
    "image",
    "command",
    "env",
    "ports",
    "publish_on",
    "wait_for_ports",
    "timeout_s",
    "ttl_s",
    "hold",
];

/// What the container is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A declared one, by its name in the file.
    Container(String),
    /// An image, by its key in the file or its reference.
    Image(String),
}

impl Serialize for What {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (kind, name) = match self {
            Self::Container(name) => ("container", name),
            Self::Image(name) => ("image", name),
        };
        serializer.collect_map([(kind, name)])
    }
}

/// What a lease is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub what: What,
    /// Instead of its own command.
    pub command: Option<Vec<String>>,
    /// Beside its own environment.
    pub env: BTreeMap<String, String>,
    /// TCP ports, or those of another protocol (`53/udp`), that are published beside its own.
    pub ports: Vec<(u16, &'static str)>,
    /// On which address of the engine's host ports are published.
    pub publish_on: IpAddr,
    /// TCP ports that must accept a connection before it is ready.
    pub wait_for_ports: Vec<u16>,
    /// How long each wait may take.
    pub timeout_s: Option<u32>,
    /// How long it lives without a renewal; `None`: it is held.
    pub ttl_s: Option<u64>,
}

impl Wish {
    /// Reads the body of a request.
    pub(crate) fn read(value: &Value) -> Result<Self, Problem> {
        let Value::Object(map) = value else {
            return Err(wrong("the body is not a JSON object", "send {\"container\": \"NAME\"}"));
        };
        if let Some(key) = map.keys().find(|key| !KEYS.contains(&key.as_str())) {
            let message = format!("there is no key `{}`", shown(key));
            return Err(wrong(message, format!("there are {}", KEYS.join(", "))));
        }
        let what = match (text(map, "container")?, text(map, "image")?) {
            (Some(name), None) => What::Container(name),
            (None, Some(name)) => What::Image(name),
            (Some(_), Some(_)) => {
                return Err(wrong("both container and image are said", "say one of them"));
            }
            (None, None) => {
                let hint = "say \"container\" or \"image\", with a name of the file";
                return Err(wrong("it is not said what the lease is of", hint));
            }
        };
        let hold = match map.get("hold") {
            None | Some(Value::Null) => false,
            Some(Value::Bool(hold)) => *hold,
            Some(_) => return Err(wrong("hold is not true or false", "say true, or nothing")),
        };
        if hold && map.contains_key("ttl_s") {
            let hint = "a lease that is held ends with its connection: leave one of them out";
            return Err(wrong("both hold and ttl_s are said", hint));
        }
        let ttl_s = number(map, "ttl_s", TTL_RANGE_S)?.unwrap_or(TTL_S);
        let timeout_s = number(map, "timeout_s", 1..=86_400)?;
        Ok(Self {
            what,
            command: command(map)?,
            env: env(map)?,
            ports: list(map, "ports", port)?,
            publish_on: publish_on(map)?,
            wait_for_ports: list(map, "wait_for_ports", |value| {
                port(value).filter(|(_, protocol)| *protocol == "tcp").map(|(port, _)| port)
            })?,
            timeout_s: timeout_s.and_then(|seconds| u32::try_from(seconds).ok()),
            ttl_s: (!hold).then_some(ttl_s),
        })
    }
}

fn wrong(message: impl Into<String>, hint: impl Into<String>) -> Problem {
    Problem::new(Kind::BadRequest, message).with_hint(hint)
}

/// A word of somebody else in a message: not all of a long one.
fn shown(text: &str) -> String {
    text.chars().take(60).collect()
}

fn text(map: &Map<String, Value>, key: &str) -> Result<Option<String>, Problem> {
    match map.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if !text.is_empty() => Ok(Some(text.clone())),
        Some(_) => Err(wrong(format!("{key} is not a text"), "a name of the file, such as \"db\"")),
    }
}

/// A whole number of seconds.
pub(crate) fn number(
    map: &Map<String, Value>,
    key: &str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<Option<u64>, Problem> {
    let Some(value) = map.get(key).filter(|value| !value.is_null()) else { return Ok(None) };
    let number = value.as_u64().filter(|number| range.contains(number));
    number.map(Some).ok_or_else(|| {
        let hint = format!("from {} to {} seconds", range.start(), range.end());
        wrong(format!("{key} is out of range"), hint)
    })
}

fn list<T>(
    map: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, Problem> {
    let problem = || wrong(format!("{key} is not a list of ports"), "such as [80] or [\"53/udp\"]");
    match map.get(key) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(all)) if all.len() <= 100 => {
            all.iter().map(read).collect::<Option<_>>().ok_or_else(problem)
        }
        Some(_) => Err(problem()),
    }
}

/// `80`, `"80"`, `"53/udp"`.
fn port(value: &Value) -> Option<(u16, &'static str)> {
    let (number, protocol) = match value {
        Value::Number(number) => (number.as_u64().and_then(|port| u16::try_from(port).ok()), "tcp"),
        Value::String(text) => {
            let (port, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
            let is_number = port.bytes().all(|letter| letter.is_ascii_digit());
            (port.parse().ok().filter(|_| is_number), protocol)
        }
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let protocol = ["tcp", "udp", "sctp"].into_iter().find(|known| *known == protocol)?;
    number.filter(|port| *port > 0).map(|port| (port, protocol))
}

fn publish_on(map: &Map<String, Value>) -> Result<IpAddr, Problem> {
    let Some(text) = text(map, "publish_on")? else {
        return Ok(IpAddr::V4(std::net::Ipv4Addr::LOCALHOST));
    };
    let hint = "an address of the engine's host, such as \"127.0.0.1\" or \"0.0.0.0\"";
    text.parse().map_err(|_| wrong("publish_on is not an IP address", hint))
}

fn command(map: &Map<String, Value>) -> Result<Option<Vec<String>>, Problem> {
    let words = match map.get("command") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(words)) => words.iter().map(|word| word.as_str().map(str::to_owned)),
        Some(_) => {
            return Err(wrong("command is not a list of words", "such as [\"sleep\", \"9\"]"));
        }
    };
    let words: Option<Vec<String>> = words.collect();
    match words {
        Some(words) if words.iter().all(|word| !word.contains('\0')) => Ok(Some(words)),
        Some(_) | None => Err(wrong("command has what is not a text", "quote every word")),
    }
}

fn env(map: &Map<String, Value>) -> Result<BTreeMap<String, String>, Problem> {
    let hint = "such as {\"A\": \"one\"}";
    match map.get("env") {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(Value::Object(env)) => {
            let is_name = |name: &str| !name.is_empty() && !name.contains(['=', '\0']);
            let pairs = env.iter().map(|(name, value)| {
                let value = value.as_str().filter(|value| !value.contains('\0'))?;
                is_name(name).then(|| (name.clone(), value.to_owned()))
            });
            let pairs: Option<_> = pairs.collect();
            pairs.ok_or_else(|| wrong("env has what is not a text", hint))
        }
        Some(_) => Err(wrong("env is not a map", hint)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_can_be_asked_for() {
        let wish = Wish::read(&json!({"container": "db"})).unwrap();
        assert_eq!((wish.what, wish.ttl_s), (What::Container("db".into()), Some(TTL_S)));
        assert!(wish.publish_on.is_loopback());
        let wish = Wish::read(&json!({
            "image": "app", "hold": true, "ports": [80, "81", "53/udp"], "command": ["a", "b c"],
            "env": {"A": "1"}, "publish_on": "0.0.0.0", "timeout_s": 3, "wait_for_ports": [80],
        }));
        let wish = wish.unwrap();
        assert_eq!(wish.ports, [(80, "tcp"), (81, "tcp"), (53, "udp")]);
        assert_eq!((wish.ttl_s, wish.timeout_s), (None, Some(3)));
        assert_eq!((wish.wait_for_ports, wish.env["A"].as_str()), (vec![80], "1"));
    }

    #[test]
    fn what_can_not() {
        for (body, expected) in [
            (json!([]), "not a JSON object"),
            (json!({}), "not said what"),
            (json!({"container": "a", "image": "b"}), "both container and image"),
            (json!({"container": 3}), "container is not a text"),
            (json!({"container": "a", "tll_s": 3}), "there is no key `tll_s`"),
            (json!({"container": "a", "ttl_s": 1}), "ttl_s is out of range"),
            (json!({"container": "a", "ttl_s": -1}), "ttl_s is out of range"),
            (json!({"container": "a", "ttl_s": 9.5}), "ttl_s is out of range"),
            (json!({"container": "a", "ttl_s": 9, "hold": true}), "both hold and ttl_s"),
            (json!({"container": "a", "hold": 1}), "hold is not"),
            (json!({"container": "a", "ports": [0]}), "ports is not a list"),
            (json!({"container": "a", "ports": ["+80"]}), "ports is not a list"),
            (json!({"container": "a", "ports": ["80/dccp"]}), "ports is not a list"),
            (json!({"container": "a", "ports": [70000]}), "ports is not a list"),
            (json!({"container": "a", "wait_for_ports": ["53/udp"]}), "wait_for_ports is not"),
            (json!({"container": "a", "command": "sleep 9"}), "command is not a list"),
            (json!({"container": "a", "command": ["a\u{0}"]}), "not a text"),
            (json!({"container": "a", "env": {"A=B": ""}}), "env has what is not a text"),
            (json!({"container": "a", "env": {"A": 1}}), "env has what is not a text"),
            (json!({"container": "a", "publish_on": "here"}), "publish_on is not an IP"),
        ] {
            let problem = Wish::read(&body).expect_err(&body.to_string());
            assert!(problem.message.contains(expected), "{body}: {problem:?}");
            assert!(problem.hint.is_some(), "{body}");
        }
    }
}
