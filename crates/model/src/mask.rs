//! Mask: takes the values of a project's secrets out of what others say.
//!
//! Invariant: it knows every value that a run read, and what became of it in the environment of a container.

use crate::env::EnvValue;
use crate::project::Project;
use crate::secret::{SecretValues, Sensitive};
pub use windlass_bundle::Mask;

/// Of the secrets that were read, and of what they went into in the environment of containers.
pub fn mask(project: &Project, secrets: &SecretValues) -> Mask {
    let containers = project.containers.values().map(|spec| &*spec.config);
    let containers = containers.chain(project.tasks.values().map(|task| &task.config));
    let env = containers.flat_map(|config| config.env.values());
    let env = env.filter_map(|value| match value {
        EnvValue::Sensitive(value) => Some(value),
        EnvValue::Plain(_) | EnvValue::Withheld => None,
    });
    Mask::new(secrets.0.values().chain(env).map(Sensitive::reveal))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ProjectName;

    #[test]
    fn no_value_is_left() {
        let values =
            [("a", "hunter2"), ("b", "hunter2-long"), ("c", "one one\ntwo two\n"), ("d", "x")];
        let values = values.map(|(name, value)| (name.to_owned(), Sensitive::new(value)));
        let project = Project::empty(ProjectName::new("p"), "/p");
        let mask = mask(&project, &SecretValues(values.into()));
        for (text, expected) in [
            ("nothing", "nothing"),
            ("pw=hunter2!", "pw=(secret)!"),
            ("hunter2-long hunter2", "(secret) (secret)"),
            ("two two", "(secret)"),
            ("an x", "an x"),
        ] {
            assert_eq!(mask.text(text), expected);
        }
        assert_eq!(format!("{mask:?}"), "Mask");
    }
}
