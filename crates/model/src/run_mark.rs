//! Marks of runs: which containers and networks a run of a task brought up, so that they go with it.
//!
//! Invariant: a mark is an empty volume, since labels of what it is about can't be taken away when somebody
//! else wants it to stay; several runs may each have one for the same object, and it goes with the last.

use crate::address::{Address, Kind};
use crate::digest::Digest;
use crate::lock::Holder;
use crate::name::{EngineName, ProjectName};
use crate::observed::ObservedVolume;
use crate::one_off::{HOLDER, NAME, PROJECT};
use std::collections::BTreeMap;

/// The address of what was brought up.
pub const BROUGHT: &str = "dev.windlass-run.brought";

/// A mark that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunMark {
    /// Of the volume.
    pub name: String,
    /// When the volume was made, in the engine's words.
    pub created: String,
    /// What it is about.
    pub address: Address,
    /// Whose it is.
    pub holder: Holder,
}

impl RunMark {
    /// What a volume says; `None` if it is no mark of this project.
    pub fn read(
        project: &ProjectName,
        engine: &EngineName,
        volume: &ObservedVolume,
    ) -> Option<Self> {
        let label = |key: &str| volume.config.labels.get(key);
        let address = Address::from_label(engine, label(BROUGHT)?)?;
        let holder: Holder = serde_json::from_str(label(HOLDER)?).ok()?;
        // Whoever makes a volume like another copies its labels, and a volume with data is never taken for a mark.
        let name = name(project, &address, &holder);
        let is_empty = volume.config.driver_options.is_empty();
        let is_mark = name == volume.name
            && is_empty
            && matches!(address.kind, Kind::Container | Kind::Network)
            && volume.config.labels == labels(project, &address, &holder, &name);
        let created = volume.created.clone();
        is_mark.then_some(Self { name, created, address, holder })
    }
}

/// The name of a run's mark for an object.
pub fn name(project: &ProjectName, address: &Address, holder: &Holder) -> String {
    let Holder { boot, process, began, token, .. } = holder;
    // All of a process have the same one.
    let run = if began.is_empty() { token.clone() } else { format!("{boot}/{process}/{began}") };
    let digest = Digest::of([address.label(), run]);
    let short: String = digest.0.chars().take(12).collect();
    format!("windlass-run.{project}.{short}")
}

/// All labels of a mark; `name` is the volume's.
pub fn labels(
    project: &ProjectName,
    address: &Address,
    holder: &Holder,
    name: &str,
) -> BTreeMap<String, String> {
    let text = serde_json::to_string(holder).expect("invariant: a holder is plain data");
    let label = |key: &str, value: String| (key.to_owned(), value);
    [
        label(PROJECT, project.to_string()),
        label(NAME, name.to_owned()),
        label(BROUGHT, address.label()),
        label(HOLDER, text),
    ]
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::VolumeConfig;

    #[test]
    fn a_mark_says_what_it_is_about() {
        let (project, engine) = (ProjectName::new("shop"), EngineName::default());
        let address = Address::container(&engine, "db");
        let holder = Holder { token: "t".into(), ..Holder::nobody() };
        let name = name(&project, &address, &holder);
        let labels = labels(&project, &address, &holder, &name);
        let config = VolumeConfig { labels, ..VolumeConfig::default() };
        let volume =
            ObservedVolume { name: name.clone(), owner: None, config, created: "1".into() };
        let mark = RunMark { name, created: "1".into(), address, holder };
        assert_eq!(RunMark::read(&project, &engine, &volume), Some(mark));
        assert_eq!(RunMark::read(&ProjectName::new("other"), &engine, &volume), None);
        let copy = ObservedVolume { name: "copy".into(), ..volume };
        assert_eq!(RunMark::read(&project, &engine, &copy), None);
    }

    #[test]
    fn a_process_has_one_mark_for_an_object() {
        let (project, engine) = (ProjectName::new("shop"), EngineName::default());
        let one = Holder { began: "7".into(), token: "a".into(), ..Holder::nobody() };
        let same = Holder { token: "b".into(), ..one.clone() };
        let later = Holder { began: "8".into(), ..one.clone() };
        let name = |address: &str, holder: &Holder| {
            super::name(&project, &Address::container(&engine, address), holder)
        };
        assert_eq!(name("db", &one), name("db", &same));
        assert_ne!(name("db", &one), name("db", &later));
        assert_ne!(name("db", &one), name("cache", &one));
    }
}
