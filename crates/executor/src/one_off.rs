//! A one-off container that a plan made: filled, started with somebody attached, removed.
//!
//! Invariant: it is acted on by its id, and only if its labels say that it is one.

use crate::lookup;
use crate::removal;
use crate::tarball::{self, Attributes, Tarball};
use crate::upload::upload;
use futures_util::StreamExt as _;
use std::collections::BTreeMap;
use std::io::Error;
use std::sync::Arc;
use windlass_engine::stream::{AttachRequest, Attached};
use windlass_engine::{Engine, Result};
use windlass_image::script::Script;
use windlass_model::container::ContainerSpec;
use windlass_model::name::{ContainerId, ProjectName};
use windlass_model::observed::ObservedContainer;
use windlass_model::one_off;
use windlass_model::secret::SecretMount;

/// A container for one program.
pub struct OneOffContainer {
    engine: Arc<dyn Engine>,
    id: ContainerId,
    tty: bool,
    stdin: bool,
}

/// How its program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    pub exit_code: i64,
    pub oom_killed: bool,
}

impl OneOffContainer {
    /// The one of this name; `None` if there is none of the project.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn find(
        engine: &Arc<dyn Engine>,
        project: &ProjectName,
        name: &str,
    ) -> Result<Option<Self>> {
        let found = lookup::if_there(|| engine.inspect_container(name)).await?;
        let found = found.filter(|seen| one_off::is_of(project, name, &seen.config.labels));
        Ok(found.map(|ObservedContainer { id, config, .. }| Self {
            engine: Arc::clone(engine),
            id,
            tty: config.tty,
            stdin: config.stdin_open,
        }))
    }

    /// The engine that it is on.
    pub fn engine(&self) -> &dyn Engine {
        self.engine.as_ref()
    }

    pub fn id(&self) -> &ContainerId {
        &self.id
    }

    /// Puts a script into a directory of it; before its start.
    ///
    /// # Errors
    ///
    /// If the engine refuses, or the script can't be read any more.
    pub async fn fill(&self, directory: &str, script: Script) -> Result<()> {
        let tar = upload(move |out| script.write_tar(out).map(|_| ()).map_err(Error::other));
        self.engine.put_archive(&self.id, directory, tar).await
    }

    /// Attaches, then starts it, so that nothing of what it writes is missed. At `detach_keys` the engine lets go of a terminal.
    ///
    /// # Errors
    ///
    /// If the engine refuses either.
    pub async fn start(&self, detach_keys: Option<String>) -> Result<Attached> {
        let request = AttachRequest { tty: self.tty, stdin: self.stdin, detach_keys };
        let attached = self.engine.attach(&self.id, &request).await?;
        self.engine.start_container(&self.id).await?;
        Ok(attached)
    }

    /// Tells it the size of the terminal.
    pub async fn resize(&self, rows: u16, columns: u16) {
        // One that has just ended can't be resized, and need not be.
        drop(self.engine.resize(&self.id, rows, columns).await);
    }

    /// Sends a signal to its program.
    pub async fn kill(&self, signal: &str) {
        // One that has just ended needs none.
        drop(self.engine.kill_container(&self.id, signal).await);
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn end(&self) -> Result<End> {
        // Looked up where the engine hung up on the wait.
        let waited = self.engine.wait_container(&self.id).await;
        let seen =
            lookup::until_answered(|| self.engine.inspect_container(self.id.as_str())).await?;
        let exit_code = match waited {
            Err(error) if seen.state.is_up() => return Err(error),
            Ok(_) | Err(_) => seen.exit_code,
        };
        Ok(End { exit_code, oom_killed: seen.oom_killed })
    }

    /// Leaves it to itself under a name by which no run takes it for its own: the new one.
    ///
    /// # Errors
    ///
    /// If the engine refuses.
    pub async fn leave(&self, name: &str) -> Result<String> {
        let left = one_off::detached_name(name);
        self.engine.rename_container(&self.id, &left).await?;
        Ok(left)
    }

    /// Makes an image of what it left. Its secrets are not in it: variables and files that hold some are empty there.
    ///
    /// # Errors
    ///
    /// If the engine refuses.
    pub async fn commit(
        &self,
        spec: &ContainerSpec,
        reference: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<()> {
        // Files in mounts are in no image.
        let is_in_image = |file: &&SecretMount| spec.config.mount_above(&file.target).is_none();
        let mut blank = Tarball::new();
        let mut files = spec.secrets.iter().filter(is_in_image).peekable();
        if files.peek().is_some() {
            for SecretMount { target, uid, gid, mode, .. } in files {
                let attributes = Attributes { mode: *mode, uid: *uid, gid: *gid };
                let path = target.trim_start_matches('/');
                blank.file(path, b"", attributes).expect("invariant: it was written before");
            }
            let tar = blank.finish().expect("invariant: it is in memory");
            self.engine.put_archive(&self.id, "/", tarball::upload(tar)).await?;
        }
        if spec.config.env.values().all(|value| !value.is_sensitive()) {
            return self.engine.commit_container(&self.id, reference, labels).await;
        }
        // Engines before 25 write down in an image with what the container was made that it is of: only its files go on.
        let tar = self.engine.export_container(&self.id).await?;
        let tar = tar.map(|piece| piece.map_err(Error::other)).boxed();
        self.engine.import_image(reference, &[], labels, tar).await.map(|_| ())
    }

    /// What it is like on the engine: what its image gave it is in it, too.
    ///
    /// # Errors
    ///
    /// If the engine can't be asked.
    pub async fn look(&self) -> Result<ObservedContainer> {
        self.engine.inspect_container(self.id.as_str()).await
    }

    /// Removes it with its anonymous volumes, whatever it does. One that can't be removed is by the next run.
    pub async fn remove(self) {
        removal::remove(self.engine.as_ref(), &self.id, true).await;
    }
}
