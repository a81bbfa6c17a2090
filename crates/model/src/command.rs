//! `images.<n>.commands`: Harpoon's list, in its long form.
//!
//! Invariant: templates are resolved; an image of the project is `ImageUse::Project`, whatever way
//! the file named it.

use crate::image::{ContextSpec, ImageUse};

/// Mode and owner of what an ADD or COPY puts into the image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddOptions {
    /// Permission bits.
    pub mode: Option<u32>,
    /// `user[:group]`, as `--chown` takes it.
    pub owner: Option<String>,
}

/// One entry of `commands`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildCommand {
    /// An instruction and its text: `RUN make`.
    Instruction { instruction: String, text: String },
    /// `FROM [--platform=os/arch] image [AS alias]`.
    From { image: ImageUse, alias: Option<String>, platform: Option<String> },
    /// A file made of text.
    AddContent { content: String, dest: String, options: AddOptions },
    /// A file or directory of another image; links stay links.
    AddImagePath { image: ImageUse, path: String, dest: String, options: AddOptions },
    /// A build context of its own, unpacked at `dest`.
    AddContext { context: ContextSpec, dest: String, options: AddOptions },
    /// Several paths of the build context, each below `prefix`.
    AddPaths { prefix: Option<String>, get: Vec<String>, options: AddOptions },
    /// `COPY --from=…`.
    CopyFrom { from: CopySource, path: String, to: String, options: AddOptions },
}

/// What `COPY --from` names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CopySource {
    /// A stage of the same Dockerfile, by its name or its number.
    Stage(String),
    Image(ImageUse),
}

/// A command and where the user wrote it, so that a failed build can point there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedCommand {
    pub command: BuildCommand,
    /// `file:line`, for messages.
    pub place: String,
}
