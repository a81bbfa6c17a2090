//! Runnable: what a word names that can be run: a task, a container, or an image.
//!
//! Invariant: a word that names several of them means the first in this order, and that is said.

use windlass::model::container::ContainerSpec;
use windlass::model::image::{ImageUse, familiar_reference};
use windlass::model::project::Project;
use windlass::model::task::TaskSpec;

use crate::hint;
use crate::image_word;
use crate::invocation::Invocation;
use crate::one_off;
use crate::session::Session;
use crate::trouble::{Result, Trouble};
use crate::words;

#[derive(Clone, Debug)]
pub(crate) enum Runnable<'a> {
    Task(&'a TaskSpec),
    Container(&'a ContainerSpec),
    Image(ImageUse),
}

impl<'a> Runnable<'a> {
    /// What a word means. `kinds`: which of `task`, `container` and `image` there may be.
    pub(crate) fn find(
        invocation: &Invocation,
        session: &'a Session,
        word: &str,
        kinds: &[&'static str],
    ) -> Result<Self> {
        let project = &session.project;
        if let Some((kind, name)) = word.split_once(':')
            && let Some(kind) = kinds.iter().find(|one| **one == kind)
            && is_called(project, kind, name)
        {
            return Self::of(session, kind, name);
        }
        let found: Vec<&str> =
            kinds.iter().copied().filter(|kind| is_called(project, kind, word)).collect();
        match found.as_slice() {
            [] if word.contains(['/', ':', '@']) => {
                image_word::check(word)?;
                Ok(Self::Image(ImageUse::External(familiar_reference(word).into())))
            }
            [] => Err(unknown(project, word, kinds)),
            [kind] => Self::of(session, kind, word),
            [kind, others @ ..] => {
                let ways: Vec<_> = others.iter().map(|other| format!("{other}:{word}")).collect();
                invocation.console.say(&format!(
                    "{word} is taken for the {kind}; there is also {}\n",
                    words::and_list(&ways)
                ));
                Self::of(session, kind, word)
            }
        }
    }

    fn of(session: &'a Session, kind: &str, name: &str) -> Result<Self> {
        let project = &session.project;
        if let Some(task) = task(project, name).filter(|_| kind == "task") {
            return Ok(Self::Task(task));
        }
        match image(project, name).filter(|_| kind == "image") {
            Some(image) => Ok(Self::Image(image)),
            None => one_off::one(session, name).map(Self::Container),
        }
    }
}

fn is_called(project: &Project, kind: &str, word: &str) -> bool {
    match kind {
        "task" => task(project, word).is_some(),
        "image" => image(project, word).is_some(),
        _ => !project.named(word).is_empty(),
    }
}

fn task<'a>(project: &'a Project, word: &str) -> Option<&'a TaskSpec> {
    project.tasks.get(word)
}

/// By its key, or by its reference.
fn image(project: &Project, word: &str) -> Option<ImageUse> {
    let familiar = familiar_reference(word);
    let is_meant = |reference: &str| familiar_reference(reference) == familiar;
    let by_reference = || project.images.values().find(|spec| is_meant(&spec.reference));
    let spec = project.images.get(word).or_else(by_reference)?;
    Some(ImageUse::Project(spec.key.clone()))
}

fn unknown(project: &Project, word: &str, kinds: &[&str]) -> Trouble {
    let mut known = project.names();
    known.extend(project.images.keys().cloned());
    if kinds.contains(&"task") {
        known.extend(project.tasks.keys().cloned());
    }
    let known: Vec<_> = known.into_iter().collect();
    let message = format!("no {} is called `{word}` here", kinds.join(" or "));
    Trouble::usage(message, hint::unknown_reference(word, &known))
}
