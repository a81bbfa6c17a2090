//! Credential helpers: programs named `docker-credential-…` that keep credentials elsewhere.
//!
//! Invariant: a helper gets the registry on its stdin, and what it prints is never shown.

use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::{AuthError, Credentials};

const TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_LIMIT: u64 = 64 * 1024;
/// What helpers print, with a status that is not zero, when they hold nothing.
const NOTHING: &str = "credentials not found in native keychain";
/// The user name that says that the secret is an identity token.
const TOKEN_USER: &str = "<token>";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    username: String,
    secret: String,
}

pub(super) async fn get(
    name: &str,
    server: &str,
    search: Option<&str>,
) -> Result<Option<Credentials>, AuthError> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    if name.is_empty() || !name.chars().all(plain) || name.starts_with(['-', '.']) {
        return Err(AuthError::HelperName { name: name.to_owned() });
    }
    let program = format!("docker-credential-{name}");
    match tokio::time::timeout(TIMEOUT, ask(&program, server, search)).await {
        Ok(answer) => answer,
        Err(_) => Err(AuthError::HelperTimedOut { program, seconds: TIMEOUT.as_secs() }),
    }
}

async fn ask(
    program: &str,
    server: &str,
    search: Option<&str>,
) -> Result<Option<Credentials>, AuthError> {
    let fault = |source| AuthError::HelperSpawn { program: program.to_owned(), source };
    let mut command = Command::new(program);
    command.arg("get").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(search) = search {
        command.env("PATH", search);
    }
    let mut child = command.spawn().map_err(fault)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        unreachable!("invariant: both streams were asked for as pipes");
    };
    // A helper may answer without reading; that it closed its stdin is no failure.
    let _ = stdin.write_all(server.as_bytes()).await;
    drop(stdin);
    let mut answer = Vec::new();
    stdout.take(ANSWER_LIMIT).read_to_end(&mut answer).await.map_err(fault)?;
    let status = child.wait().await.map_err(fault)?;
    if !status.success() {
        let text = String::from_utf8_lossy(&answer);
        if text.trim() == NOTHING {
            return Ok(None);
        }
        let status = status.code().unwrap_or(-1);
        return Err(AuthError::HelperFailed { program: program.to_owned(), status });
    }
    let answer: Answer = serde_json::from_slice(&answer)
        .map_err(|_| AuthError::HelperAnswer { program: program.to_owned() })?;
    let Answer { username, secret } = answer;
    if secret.is_empty() {
        return Ok(None);
    }
    Ok(Some(if username == TOKEN_USER {
        Credentials::IdentityToken(secret)
    } else {
        Credentials::Password { username, password: secret }
    }))
}
