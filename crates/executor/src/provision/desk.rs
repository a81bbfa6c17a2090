//! What an image is put together with: an engine, what is known of its images, and somebody who hears how it goes.
//!
//! Invariant: an image is looked at by its id, so what is known of it does not grow old.

use super::ask::{Ask, Asker};
use crate::download::{Broken, download};
use crate::failure;
use crate::lookup;
use crate::step::Result;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;
use windlass_engine::Engine;
use windlass_engine::stream::CallProgress;
use windlass_image::layer::{ImageViews, SavedImage};
use windlass_model::name::ImageId;
use windlass_model::report::Failure;

/// See the module.
#[derive(Clone, Copy)]
pub(crate) struct Desk<'a> {
    pub(crate) engine: &'a Arc<dyn Engine>,
    pub(crate) views: &'a ImageViews,
    pub(crate) says: &'a (dyn Fn(CallProgress) + Send + Sync),
}

impl Desk<'_> {
    pub(super) fn say(&self, line: String) {
        (self.says)(CallProgress::Line(line));
    }

    /// An image by its reference: its id, and what is in it.
    pub(crate) async fn look(
        &self,
        reference: &str,
        wanted: BTreeSet<String>,
    ) -> Result<(String, SavedImage)> {
        let found = lookup::until_answered(|| self.engine.inspect_image(reference)).await;
        let id = found.map_err(failure::from_engine)?.id;
        self.look_at(reference, id, wanted).await
    }

    /// The same of one whose id is known.
    pub(super) async fn look_at(
        &self,
        reference: &str,
        ImageId(id): ImageId,
        wanted: BTreeSet<String>,
    ) -> Result<(String, SavedImage)> {
        let (views, key) = (self.views.clone(), id.clone());
        let known = tokio::task::spawn_blocking(move || views.get(&key)).await;
        if let Some(known) = known.expect("invariant: reading local files does not panic") {
            return Ok((id, known));
        }
        self.say(format!("looking at {reference}"));
        let saved = self.saved(&id, wanted).await;
        Ok((id, saved.map_err(|failure| explained(reference, failure))?))
    }

    /// What is in an image; if it is named by its id, that is kept for the next time.
    pub(crate) async fn saved(&self, image: &str, wanted: BTreeSet<String>) -> Result<SavedImage> {
        let stream = self.engine.save_image(image).await.map_err(failure::from_engine)?;
        let (views, id) = (self.views.clone(), image.to_owned());
        let read = download(stream, move |tar| {
            let saved = SavedImage::read(tar, &wanted, views.spool())?;
            views.keep(&id, &saved);
            Ok(saved)
        });
        read.await.map_err(|broken| match broken {
            Broken::Engine(error) => failure::from_engine(error),
            Broken::Local(error) => {
                failure::local(format!("cannot read the image {image}: {error}"))
            }
        })
    }

    /// Runs `work` on a thread of its own and answers what it asks, until it ends. What needs a container is `rest`'s.
    pub(super) async fn serve<T: Send + 'static, F: Future<Output = ()>>(
        &self,
        work: impl FnOnce(Asker) -> T + Send + 'static,
        rest: impl Fn(Ask) -> F,
    ) -> T {
        let (sender, mut asks) = mpsc::channel(1);
        let working = tokio::task::spawn_blocking(move || work(Asker(sender)));
        while let Some(ask) = asks.recv().await {
            // Who asked may have ended meanwhile; then nobody needs the answer.
            match ask {
                Ask::Say(line) => self.say(line),
                Ask::Look { image, answer } => {
                    let looked = self.look(&image, BTreeSet::new()).await;
                    drop(answer.send(looked.map(|(_, saved)| saved)));
                }
                Ask::Contents { image, wanted, answer } => {
                    drop(answer.send(self.saved(&image, wanted).await));
                }
                Ask::Save { image, answer } => {
                    let saved = self.engine.save_image(&image).await;
                    drop(answer.send(saved.map_err(failure::from_engine)));
                }
                Ask::Load { tar, answer } => {
                    let loaded = self.engine.load_image(tar).await;
                    drop(answer.send(loaded.map_err(failure::from_engine)));
                }
                Ask::Find { .. } | Ask::Run { .. } | Ask::Probe { .. } => rest(ask).await,
            }
        }
        working.await.expect("invariant: an image is put together without a panic")
    }
}

/// Says what an engine means that gives out no image without layers.
fn explained(reference: &str, failure: Failure) -> Failure {
    if !failure.message.contains("empty export") {
        return failure;
    }
    let message =
        format!("the image {reference} has no layers: write `from: scratch` in its place");
    Failure { detail: vec![failure.message], ..failure::local(message) }
}
