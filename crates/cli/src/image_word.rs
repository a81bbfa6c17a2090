//! Words of the command line that can only be references of images.
//!
//! Invariant: what every engine would refuse is refused before anything is done.

use windlass::config::image_reference;
use windlass::model::project::Project;

use crate::render::escape;
use crate::trouble::{Result, Trouble};

/// Refuses what is neither a reference nor an id.
pub(crate) fn check(word: &str) -> Result<()> {
    let id = word.strip_prefix("sha256:");
    if id.is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit())) {
        return Ok(());
    }
    checked(word, word)
}

/// Refuses what is neither a reference nor a tag alone.
pub(crate) fn check_tag(word: &str) -> Result<()> {
    if word.contains(['/', ':', '@']) {
        return check(word);
    }
    checked(word, &format!("image:{word}"))
}

/// Refuses, of the words that name nothing of the project, those that no engine takes for an image.
pub(crate) fn check_outside(project: &Project, words: &[String]) -> Result<()> {
    let mut outside = words.iter().filter(|word| {
        let is_known = project.images.contains_key(*word) || !project.named(word).is_empty();
        word.contains(['/', ':', '@']) && !is_known
    });
    outside.try_for_each(|word| check(word))
}

fn checked(word: &str, reference: &str) -> Result<()> {
    let Err(error) = image_reference(reference) else { return Ok(()) };
    let word = escape::line(word);
    let message = format!("`{word}` is not the name of an image: {}", error.message);
    let way = if word.contains("://") {
        "leave the scheme out: an image is registry/name:tag".to_owned()
    } else {
        error.help.unwrap_or_else(|| "an image is registry/name:tag".to_owned())
    };
    Err(Trouble::usage(message, way))
}
