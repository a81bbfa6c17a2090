//! Whether local inputs are there, without reading them: for a check of files that changes and runs nothing.
//!
//! Invariant: no value of a secret is read, and no command is run.

use std::collections::BTreeMap;
use std::path::Path;
use windlass_image::source::Recipe;
use windlass_model::project::Project;
use windlass_model::secret::{SecretSource, SecretSpec};

use crate::error::{InputError, SecretError};

/// The operating system's own number, for its own words.
const NOT_FOUND: i32 = 2;

/// Every secret that can't be read from where the file says.
pub fn check_secrets(
    project: &Project,
    environment: &BTreeMap<String, String>,
) -> Vec<SecretError> {
    let check = |spec: &SecretSpec| secret(spec, &project.root, environment).err();
    project.secrets.values().filter_map(check).collect()
}

fn secret(
    spec: &SecretSpec,
    root: &str,
    environment: &BTreeMap<String, String>,
) -> Result<(), SecretError> {
    let name = spec.name.clone();
    match &spec.source {
        SecretSource::Env(variable) if environment.contains_key(variable) => Ok(()),
        SecretSource::Env(variable) => {
            Err(SecretError::Variable { name, variable: variable.clone() })
        }
        SecretSource::File(path) => {
            let opened = windlass_files::open(Path::new(path)).map(drop);
            opened.map_err(|source| SecretError::File { name, path: path.clone(), source })
        }
        SecretSource::Command(argv) => {
            let Some(program) = argv.first() else { return Err(SecretError::NoCommand { name }) };
            let path = environment.get("PATH").map_or("", String::as_str);
            if is_there(program, root, path) {
                return Ok(());
            }
            let source = std::io::Error::from_raw_os_error(NOT_FOUND);
            Err(SecretError::Command { name, program: program.clone(), source })
        }
    }
}

/// A name is looked for in `PATH`, a path from the project's directory.
fn is_there(program: &str, root: &str, path: &str) -> bool {
    if program.contains('/') {
        return Path::new(root).join(program).is_file();
    }
    path.split(':').any(|directory| Path::new(directory).join(program).is_file())
}

/// Every image of which the Dockerfile or a build context is not there or wrong.
pub fn check_inputs(project: &Project) -> Vec<InputError> {
    let references: BTreeMap<String, String> =
        project.images.iter().map(|(key, spec)| (key.clone(), spec.reference.clone())).collect();
    let check = |spec| {
        let source = Recipe::read(spec, &references).and_then(|recipe| recipe.check()).err()?;
        Some(InputError::new(spec, source))
    };
    project.images.values().filter_map(check).collect()
}
