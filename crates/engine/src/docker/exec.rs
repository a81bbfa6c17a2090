//! Commands in running containers.
//!
//! Invariant: a command's exit code is what the engine says after it ended, never guessed from its
//! output.

use windlass_model::name::ContainerId;

use super::call::Call;
use super::document::Created;
use super::document::container::{ExecBody, ExecIds, ExecInspect, ExecStart};
use super::engine::DockerEngine;
use super::query::segment;
use crate::error::Result;
use crate::stream::{Attached, ExecRequest, RunningExec};

impl DockerEngine {
    pub(super) async fn exec_run(
        &self,
        container: &ContainerId,
        request: &ExecRequest,
    ) -> Result<Attached> {
        let ExecRequest { argv, user, workdir, env, tty, stdin, privileged, detach_keys } = request;
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
            detach_keys: detach_keys.as_deref(),
        };
        let path = format!("/containers/{}/exec", segment(container.as_str()));
        let created: Created = self.send(Call::post(path).json(&body)).await?.json().await?;
        let start = ExecStart { detach: false, tty: *tty };
        let path = format!("/exec/{}/start", segment(&created.id));
        let stream = self.wire.upgrade(Call::post(path).json(&start), "tcp").await?;
        Ok(Attached { exec_id: created.id, stream, tty: *tty })
    }

    pub(super) async fn exec_ended(&self, exec_id: &str) -> Result<Option<i64>> {
        let ExecInspect { running, exit_code, .. } = self.exec_inspect(exec_id).await?;
        Ok(if running.unwrap_or_default() { None } else { exit_code })
    }

    pub(super) async fn execs_running(&self, container: &ContainerId) -> Result<Vec<RunningExec>> {
        let path = format!("/containers/{}/json", segment(container.as_str()));
        let ids: ExecIds = self.send(Call::get(path)).await?.json().await?;
        let mut running = Vec::new();
        for id in ids.exec_ids.into_iter().flatten() {
            match self.exec_inspect(&id).await {
                Ok(seen) => running.extend(running_exec(id, seen)),
                // It ended, and was forgotten.
                Err(error) if error.is_not_found() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(running)
    }

    async fn exec_inspect(&self, exec_id: &str) -> Result<ExecInspect> {
        let call = Call::get(format!("/exec/{}/json", segment(exec_id)));
        self.send(call).await?.json().await
    }
}

fn running_exec(id: String, seen: ExecInspect) -> Option<RunningExec> {
    let process = seen.process_config.filter(|_| seen.running.unwrap_or_default())?;
    let argv = process.entrypoint.into_iter().chain(process.arguments.into_iter().flatten());
    Some(RunningExec { id, argv: argv.collect(), user: process.user.unwrap_or_default() })
}
