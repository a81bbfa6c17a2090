//! Options of commands about images and their registries.
//!
//! Invariant: an image is named by its key of the file, or by a container that uses it.

use clap::Args;

use super::Consent;

#[derive(Clone, Debug, Args)]
pub(crate) struct Push {
    /// Keys of `images`, or containers that use them
    #[arg(value_name = "IMAGE")]
    pub images: Vec<String>,
    /// Every image that is declared with `push: true`
    #[arg(long, conflicts_with = "images")]
    pub all: bool,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Tag {
    /// Key of `images`, or a container that uses it
    pub image: String,
    /// The new tag, or a whole reference
    #[arg(value_name = "TAG", value_parser = tag)]
    pub new: String,
    /// Also push it
    #[arg(long)]
    pub push: bool,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Untag {
    /// Key of `images`, or a container that uses it
    pub image: String,
    /// The tag, or a whole reference
    #[arg(value_name = "TAG", value_parser = tag)]
    pub gone: String,
    #[command(flatten)]
    pub consent: Consent,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Login {
    /// Registries, such as registry.example.com:5000; none means all that the project uses
    #[arg(value_name = "REGISTRY")]
    pub registries: Vec<String>,
    /// Only check: windlass stores no credentials
    #[arg(long)]
    pub check: bool,
}

/// The help of a command's references where they are images first.
pub(super) fn images_too(references: clap::Arg) -> clap::Arg {
    references.help(
        "Keys of `images`, or containers, `container.instance` and groups for the images that they \
         use; none means all",
    )
}

/// A tag as engines take it; of a whole reference, what comes after its name.
fn tag(text: &str) -> Result<String, String> {
    let last = text.rsplit('/').next().unwrap_or(text);
    let tag = match last.rsplit_once(':') {
        Some((_, tag)) => tag,
        None if text.contains('/') => return Ok(text.to_owned()),
        None => text,
    };
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let fits = !tag.is_empty() && tag.len() <= 128 && tag.chars().all(is_part);
    if fits && !tag.starts_with(['.', '-']) && !text.contains('@') {
        Ok(text.to_owned())
    } else {
        Err("must be a tag, such as `1.2` (letters, digits, `_`, `.`, `-`), or a reference"
            .to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_what_engines_take() {
        for (text, fits) in [
            ("1.2", true),
            ("V_1-a", true),
            ("r.io:5000/app:1", true),
            ("r.io:5000/app", true),
            ("app:1", true),
            ("", false),
            (".1", false),
            ("a b", false),
            ("app:", false),
            ("r.io/app@sha256:00", false),
        ] {
            assert_eq!(tag(text).is_ok(), fits, "{text}");
        }
    }
}
