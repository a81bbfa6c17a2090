//! What the parsers of outside bytes must keep to, as functions of bytes.
//!
//! Invariant: a function here panics if, and only if, something about the code under it is wrong: no input is a bad one.
//!
//! libFuzzer calls them from `fuzz/`; the test of this crate calls them with the kept corpus and with mutations of it.

mod input;
#[path = "../../cli/src/render"]
mod render {
    //! The program's own files: it is no library, and what it shows must be safe.
    pub(crate) mod escape;
    pub(crate) mod yaml;
}
mod target;

pub use target::*;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name, which is also that of its corpus and of its file under `fuzz/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("agent", agent),
    ("archive", archive),
    ("build_log", build_log),
    ("docker_config", docker_config),
    ("dockerfile", dockerfile),
    ("documents", documents),
    ("engine_url", engine_url),
    ("escape", escape),
    ("frames", frames),
    ("harpoon", harpoon),
    ("ignore", ignore),
    ("json_lines", json_lines),
    ("labels", labels),
    ("lines", lines),
    ("moments", moments),
    ("patterns", patterns),
    ("project", project),
    ("replies", replies),
    ("scalars", scalars),
    ("unpack", unpack),
    ("yaml", yaml),
];
