//! `windlass dockerfile`: what an image is built from, as a Dockerfile.
//!
//! Invariant: no engine is asked.

use windlass::InputError;
use windlass::model::image::ImageSpec;
use windlass::model::project::Project;

use crate::args::OfImage;
use crate::exit::Exit;
use crate::hint;
use crate::invocation::Invocation;
use crate::load::load_with_origin;
use crate::render::{escape, json};
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &OfImage) -> Result<Exit> {
    let text = of(invocation, &args.image, windlass::dockerfile_text)?;
    let console = &invocation.console;
    if console.is_json {
        let fields = serde_json::json!({"image": args.image, "text": text});
        console.json(&json::object("dockerfile", fields));
    } else if invocation.environment.stdout_is_terminal {
        console.result(&escape::block(&text));
    } else {
        console.result(&text);
    }
    Ok(Exit::Done)
}

/// What is read of an image that is built.
pub(super) fn of<T>(
    invocation: &Invocation,
    image: &str,
    read: impl FnOnce(&Project, &ImageSpec) -> std::result::Result<Option<T>, InputError>,
) -> Result<T> {
    let (project, origin) = load_with_origin(invocation)?;
    let Some(spec) = project.images.get(image) else {
        let names: Vec<String> = project.images.keys().cloned().collect();
        let message = format!("there is no image `{}` in this project", escape::line(image));
        return Err(Trouble::usage(message, hint::unknown_reference(image, &names)));
    };
    let found =
        read(&project, spec).map_err(|error| Trouble::Found(origin.unreadable(&[error], &[])))?;
    found.ok_or_else(|| {
        let message = format!("image {image} is not built");
        Trouble::usage(message, "it is imported or pulled: `windlass config` shows from where")
    })
}
