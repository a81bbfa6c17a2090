//! Where on the host an alias is.
//!
//! Invariant: one path for all containers, or one for each instance.

use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPath(Value);

impl From<&str> for HostPath {
    fn from(path: &str) -> Self {
        Self(path.into())
    }
}

impl From<String> for HostPath {
    fn from(path: String) -> Self {
        Self(path.into())
    }
}

/// Instances and their paths; `default` is for containers without instances.
impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for HostPath {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(paths: I) -> Self {
        let paths = paths.into_iter().map(|(instance, path)| (instance.into(), path.into()));
        Self(Value::Object(paths.map(|(instance, path)| (instance, Value::String(path))).collect()))
    }
}

impl<K: Into<String>, V: Into<String>, const N: usize> From<[(K, V); N]> for HostPath {
    fn from(paths: [(K, V); N]) -> Self {
        paths.into_iter().collect()
    }
}

impl From<HostPath> for Value {
    fn from(path: HostPath) -> Self {
        path.0
    }
}
