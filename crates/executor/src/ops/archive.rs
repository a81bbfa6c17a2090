//! Files that are put into a container.
//!
//! Invariant: a secret's value is in the tar and nowhere else.

use crate::failure;
use crate::step::{Result, StepContext};
use crate::tarball::{Attributes, Tarball, upload};
use bytes::Bytes;
use windlass_model::plan::ContainerRef;
use windlass_model::report::Failure;
use windlass_model::secret::SecretMount;

pub(crate) async fn copy_secrets(
    ctx: StepContext<'_>,
    container: &ContainerRef,
    directory: &str,
    files: &[SecretMount],
) -> Result<()> {
    let id = ctx.container(container)?;
    let tar = secrets_tar(ctx, directory, files)?;
    match ctx.engine.put_archive(&id, directory, upload(tar.clone())).await {
        Ok(()) => Ok(()),
        // Unpacking it twice gives the same.
        Err(error) if error.fault.is_unknown() => {
            ctx.engine.put_archive(&id, directory, upload(tar)).await.map_err(failure::from_engine)
        }
        Err(error) => Err(failure::from_engine(error)),
    }
}

fn secrets_tar(ctx: StepContext<'_>, directory: &str, files: &[SecretMount]) -> Result<Bytes> {
    let broken = |error: std::io::Error| -> Failure { failure::local(error.to_string()) };
    let mut tarball = Tarball::new();
    for SecretMount { secret, target, uid, gid, mode } in files {
        let Some(value) = ctx.run.context.secrets.get(secret) else {
            return Err(failure::local(format!("the value of secret {secret} is not known")));
        };
        let attributes = Attributes { mode: *mode, uid: *uid, gid: *gid };
        let path = target.strip_prefix(directory).unwrap_or(target).trim_start_matches('/');
        tarball.file(path, value.reveal().as_bytes(), attributes).map_err(broken)?;
    }
    tarball.finish().map_err(broken)
}
