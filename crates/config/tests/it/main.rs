//! Whole loads: fixtures with their findings under the text, shorthands, limits, and the annotated example.
//!
//! Invariant: every fixture states all of its findings; one that is missing or too many fails.

#![expect(clippy::unwrap_used, reason = "a test that cannot set itself up must stop")]

mod annotated;
mod check;
mod docker_map;
mod files;
mod harpoon;
mod harpoon_files;
mod harpoon_mistakes;
mod hostile;
mod limits;
mod map;
mod mistakes;
mod projects;
mod raw_arguments;
mod resources;
mod shorthands;
mod templates;
mod values;
mod yaml_mistakes;
