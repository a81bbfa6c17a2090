//! Values of secrets, from where the file says.
//!
//! Invariant: a value goes nowhere but into `SecretValues`.

use crate::error::SecretError;
use futures_util::future::join_all;
use std::collections::BTreeMap;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};
use windlass_files::SECRET_MAX_BYTES;
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
        SecretSource::File(path) => match read_file(path.clone()).await {
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

async fn read_file(path: String) -> std::io::Result<Vec<u8>> {
    let read = move || windlass_files::read(path.as_ref(), SECRET_MAX_BYTES);
    tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| Err(error.into()))
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
        // What it starts ends with it.
        .process_group(0)
        .kill_on_drop(true);
    let failed =
        |source| SecretError::Command { name: name.clone(), program: program.clone(), source };
    let mut child = command.spawn().map_err(failed)?;
    let group = child.id();
    let ended = tokio::time::timeout(COMMAND_TIME, output(&mut child)).await;
    if !matches!(ended, Ok(Ok((Some(_), _)))) {
        kill_group(group);
    }
    match ended {
        Err(_) => {
            Err(SecretError::CommandTimeout { name, program, seconds: COMMAND_TIME.as_secs() })
        }
        Ok(Err(source)) => Err(failed(source)),
        Ok(Ok((None, _))) => Err(SecretError::CommandOutput { name, program }),
        Ok(Ok((Some(status), _))) if !status.success() => {
            Err(SecretError::CommandFailed { name, program, status })
        }
        Ok(Ok((Some(_), bytes))) => Ok(bytes),
    }
}

/// What a command says, and how it ended; no end if it says too much to be a secret.
async fn output(child: &mut Child) -> std::io::Result<(Option<ExitStatus>, Vec<u8>)> {
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout.take(SECRET_MAX_BYTES + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() as u64 > SECRET_MAX_BYTES {
        return Ok((None, bytes));
    }
    Ok((Some(child.wait().await?), bytes))
}

fn kill_group(leader: Option<u32>) {
    let leader = leader.and_then(|id| rustix::process::Pid::from_raw(id.cast_signed()));
    if let Some(leader) = leader {
        // It may have ended by itself in between.
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
}
