//! What the thread that puts an image together asks of the engine.
//!
//! Invariant: it asks one thing at a time and waits for the answer; when nobody answers any more, it ends.

use crate::download::Blocking;
use crate::failure;
use crate::step::Result;
use bytes::Bytes;
use std::collections::BTreeSet;
use tokio::sync::{mpsc, oneshot};
use windlass_bundle::Command;
use windlass_engine::stream::{EngineStream, Upload};
use windlass_image::layer::SavedImage;
use windlass_model::name::ImageId;

/// A question, and where its answer goes.
pub(super) enum Ask {
    /// Tells the user.
    Say(String),
    /// What is in an image.
    Look { image: String, answer: Answer<SavedImage> },
    /// The contents of files of an image.
    Contents { image: String, wanted: BTreeSet<String>, answer: Answer<SavedImage> },
    /// The archive of an image.
    Save { image: String, answer: Answer<EngineStream<Bytes>> },
    /// Takes an image.
    Load { tar: Upload, answer: Answer<Option<ImageId>> },
    /// What commands left that were run before.
    Find { key: String, answer: Answer<Option<Ran>> },
    /// What commands leave in an image.
    Run { run: CommandRun, answer: Answer<Ran> },
    /// The exit code of a command that only looks.
    Probe { run: CommandRun, answer: Answer<i32> },
}

/// Commands that are run in a container of an image.
pub(super) struct CommandRun {
    /// The reference of the image, or its id.
    pub(super) image: String,
    /// What tells the run from every other: the same gives the same image.
    pub(super) key: String,
    pub(super) commands: Vec<Command>,
}

/// What commands left.
pub(super) struct Ran {
    /// The reference of the image.
    pub(super) image: String,
    /// `sha256:…` of each of its layers.
    pub(super) layers: Vec<String>,
    /// What is in it, if that had to be read.
    pub(super) saved: Option<SavedImage>,
}

type Answer<T> = oneshot::Sender<Result<T>>;

/// The side that asks.
#[derive(Clone)]
pub(super) struct Asker(pub(super) mpsc::Sender<Ask>);

impl Asker {
    pub(super) fn say(&self, line: String) {
        // Nobody listens any more once the step was given up.
        drop(self.0.blocking_send(Ask::Say(line)));
    }

    pub(super) fn look(&self, image: &str) -> Result<SavedImage> {
        self.ask(|answer| Ask::Look { image: image.to_owned(), answer })
    }

    pub(super) fn contents(&self, image: &str, wanted: BTreeSet<String>) -> Result<SavedImage> {
        self.ask(|answer| Ask::Contents { image: image.to_owned(), wanted, answer })
    }

    /// The archive of an image, as it comes.
    pub(super) fn save(&self, image: &str) -> Result<Blocking> {
        let pieces = self.ask(|answer| Ask::Save { image: image.to_owned(), answer });
        pieces.map(Blocking::new)
    }

    pub(super) fn find(&self, key: &str) -> Result<Option<Ran>> {
        self.ask(|answer| Ask::Find { key: key.to_owned(), answer })
    }

    pub(super) fn run(&self, run: CommandRun) -> Result<Ran> {
        self.ask(|answer| Ask::Run { run, answer })
    }

    /// Its key is not looked at.
    pub(super) fn probe(&self, run: CommandRun) -> Result<i32> {
        self.ask(|answer| Ask::Probe { run, answer })
    }

    /// Has an image loaded, and says its id if it has no name; `write` writes its archive meanwhile.
    pub(super) fn load(
        &self,
        tar: Upload,
        write: impl FnOnce() -> std::io::Result<()>,
    ) -> Result<Option<ImageId>> {
        let (answer, hears) = oneshot::channel();
        self.0.blocking_send(Ask::Load { tar, answer }).map_err(|_| given_up())?;
        let written = write();
        let loaded = hears.blocking_recv().map_err(|_| given_up())?;
        // What could not be written is why the engine could not load it.
        match written {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                Err(failure::local(error.to_string()))
            }
            Ok(()) | Err(_) => loaded,
        }
    }

    fn ask<T>(&self, question: impl FnOnce(Answer<T>) -> Ask) -> Result<T> {
        let (answer, hears) = oneshot::channel();
        self.0.blocking_send(question(answer)).map_err(|_| given_up())?;
        hears.blocking_recv().map_err(|_| given_up())?
    }
}

fn given_up() -> windlass_model::report::Failure {
    failure::local("the build was given up")
}
