//! What deny.toml allows, in cargo-deny's own format.
//!
//! Invariant: a key of the parts that tidy checks that tidy does not know is an error: a rule that is
//! written down is enforced.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::toml;
use crate::Result;

#[derive(Debug, Default)]
pub(crate) struct Deny {
    /// Licence identifiers.
    pub(crate) licences: BTreeSet<String>,
    /// Packages that may be there in more than one version, as `name@version`: the one to overlook.
    pub(crate) duplicates: BTreeSet<String>,
    /// A package, and the only packages that may depend on it directly.
    pub(crate) wrappers: BTreeMap<String, BTreeSet<String>>,
}

impl Deny {
    pub(crate) fn read(text: &str) -> Result<Self> {
        let value = toml::parse(text).map_err(|error| format!("deny.toml: {error}"))?;
        let bans = &value["bans"];
        for (table, known) in [
            ("licenses", &["allow", "confidence-threshold", "private"][..]),
            ("bans", &["multiple-versions", "wildcards", "deny", "skip"]),
            ("sources", &["unknown-registry", "unknown-git", "allow-registry"]),
        ] {
            let keys = value[table].as_object().ok_or(format!("deny.toml: no [{table}]"))?;
            if let Some(key) = keys.keys().find(|key| !known.contains(&key.as_str())) {
                return Err(format!("deny.toml: tidy does not know {table}.{key}").into());
            }
        }
        let wrappers = array(&bans["deny"])?.iter().map(|entry| {
            let wrappers = array(&entry["wrappers"])?.iter().map(text_of).collect::<Result<_>>()?;
            Ok((text_of(&entry["crate"])?, wrappers))
        });
        Ok(Self {
            licences: array(&value["licenses"]["allow"])?
                .iter()
                .map(text_of)
                .collect::<Result<_>>()?,
            duplicates: array(&bans["skip"])?
                .iter()
                .map(|entry| text_of(&entry["crate"]))
                .collect::<Result<_>>()?,
            wrappers: wrappers.collect::<Result<_>>()?,
        })
    }
}

fn array(value: &Value) -> Result<&Vec<Value>> {
    Ok(value.as_array().ok_or("deny.toml: a list is missing")?)
}

fn text_of(value: &Value) -> Result<String> {
    Ok(value.as_str().ok_or("deny.toml: a name is missing")?.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_this_project_is_understood_and_an_unknown_key_is_not() {
        let text = include_str!("../../../deny.toml");
        let deny = Deny::read(text).unwrap();
        assert!(deny.licences.contains("MIT") && deny.wrappers.contains_key("hyper"));
        let other = text.replace("[bans]", "[bans]\nskip-tree = []");
        assert!(Deny::read(&other).unwrap_err().to_string().contains("bans.skip-tree"));
        assert!(Deny::read("[licenses]").is_err());
    }
}
