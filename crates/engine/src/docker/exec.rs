//! Commands in running containers.
//!
//! Invariant: a command's exit code is what the engine says after it ended, never guessed from its
//! output.

use windlass_model::name::ContainerId;

use super::call::Call;
use super::document::Created;
use super::document::container::{ExecBody, ExecInspect, ExecStart};
use super::engine::DockerEngine;
use super::query::segment;
use crate::error::Result;
use crate::stream::{Attached, ExecRequest};

impl DockerEngine {
    pub(super) async fn exec_run(
        &self,
        container: &ContainerId,
        request: &ExecRequest,
    ) -> Result<Attached> {
        let ExecRequest { argv, user, workdir, env, tty, stdin, privileged } = request;
        let body = ExecBody {
            attach_stdin: *stdin,
            attach_stdout: true,
            attach_stderr: true,
            tty: *tty,
            privileged: *privileged,
            cmd: argv,
            env: env.iter().map(|(name, value)| format!("{name}={value}")).collect(),
            user: user.as_deref(),
            working_dir: workdir.as_deref(),
        };
        let path = format!("/containers/{}/exec", segment(container.as_str()));
        let created: Created = self.send(Call::post(path).json(&body)).await?.json().await?;
        let start = ExecStart { detach: false, tty: *tty };
        let path = format!("/exec/{}/start", segment(&created.id));
        let stream = self.wire.upgrade(Call::post(path).json(&start), "tcp").await?;
        Ok(Attached { exec_id: created.id, stream, tty: *tty })
    }

    pub(super) async fn exec_ended(&self, exec_id: &str) -> Result<Option<i64>> {
        let call = Call::get(format!("/exec/{}/json", segment(exec_id)));
        let ExecInspect { running, exit_code } = self.send(call).await?.json().await?;
        Ok(if running.unwrap_or_default() { None } else { exit_code })
    }
}
