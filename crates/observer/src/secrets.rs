//! Values of secrets, from where the file says.
//!
//! Invariant: a value goes nowhere but into `SecretValues`.

use crate::error::SecretError;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;
use windlass_model::project::Project;
use windlass_model::secret::{SecretSource, SecretSpec, SecretValues, Sensitive};

/// How long a secret's command may take.
const COMMAND_TIME: Duration = Duration::from_mins(1);

/// Reads the secrets of a project for which `wanted` holds.
///
/// `environment` is the process's: variables are looked up in it, and commands get it.
///
/// # Errors
///
/// Every secret that can't be read, by name.
pub async fn read_secrets(
    project: &Project,
    environment: &BTreeMap<String, String>,
    wanted: impl Fn(&str) -> bool,
) -> Result<SecretValues, Vec<SecretError>> {
    let specs = project.secrets.values().filter(|spec| wanted(&spec.name));
    let reads = specs.map(|spec| async move {
        let value = read(spec, &project.root, environment).await?;
        Ok((spec.name.clone(), value))
    });
    let (mut values, mut errors) = (BTreeMap::new(), Vec::new());
    for read in join_all(reads).await {
        match read {
            Ok((name, value)) => {
                values.insert(name, value);
            }
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(SecretValues(values)) } else { Err(errors) }
}

async fn read(
    spec: &SecretSpec,
    root: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Sensitive, SecretError> {
    let name = spec.name.clone();
    match &spec.source {
        SecretSource::Env(variable) => match environment.get(variable) {
            Some(value) => Ok(Sensitive::new(value)),
            None => Err(SecretError::Variable { name, variable: variable.clone() }),
        },
        SecretSource::File(path) => match tokio::fs::read(path).await {
            Ok(bytes) => text(name, bytes).map(Sensitive::new),
            Err(source) => Err(SecretError::File { name, path: path.clone(), source }),
        },
        SecretSource::Command(argv) => {
            let bytes = run(&name, argv, root, environment).await?;
            let value = text(name, bytes)?;
            let value = value.strip_suffix('\n').unwrap_or(&value);
            Ok(Sensitive::new(value.strip_suffix('\r').unwrap_or(value)))
        }
    }
}

fn text(name: String, bytes: Vec<u8>) -> Result<String, SecretError> {
    String::from_utf8(bytes).map_err(|_| SecretError::NotText { name })
}

async fn run(
    name: &str,
    argv: &[String],
    root: &str,
    environment: &BTreeMap<String, String>,
) -> Result<Vec<u8>, SecretError> {
    let name = name.to_owned();
    let Some((program, arguments)) = argv.split_first() else {
        return Err(SecretError::NoCommand { name });
    };
    let program = program.clone();
    let mut command = Command::new(&program);
    command
        .args(arguments)
        .current_dir(root)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It may hold the value.
        .stderr(Stdio::null())
        .kill_on_drop(true);
    match tokio::time::timeout(COMMAND_TIME, command.output()).await {
        Err(_) => {
            Err(SecretError::CommandTimeout { name, program, seconds: COMMAND_TIME.as_secs() })
        }
        Ok(Err(source)) => Err(SecretError::Command { name, program, source }),
        Ok(Ok(output)) if !output.status.success() => {
            Err(SecretError::CommandFailed { name, program, status: output.status })
        }
        Ok(Ok(output)) => Ok(output.stdout),
    }
}
