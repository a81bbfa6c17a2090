//! One file per target.
//!
//! Invariant: a target of that name is in `TARGETS`.

mod agent;
mod archive;
mod build_log;
mod docker_config;
mod dockerfile;
mod documents;
mod engine_url;
mod escape;
mod frames;
mod ignore;
mod json_lines;
mod labels;
mod lines;
mod moments;
mod patterns;
mod project;
mod replies;
mod scalars;
mod unpack;
mod yaml;

pub use agent::agent;
pub use archive::archive;
pub use build_log::build_log;
pub use docker_config::docker_config;
pub use dockerfile::dockerfile;
pub use documents::documents;
pub use engine_url::engine_url;
pub use escape::escape;
pub use frames::frames;
pub use ignore::ignore;
pub use json_lines::json_lines;
pub use labels::labels;
pub use lines::lines;
pub use moments::moments;
pub use patterns::patterns;
pub use project::{harpoon, project};
pub use replies::replies;
pub use scalars::scalars;
pub use unpack::unpack;
pub use yaml::yaml;
