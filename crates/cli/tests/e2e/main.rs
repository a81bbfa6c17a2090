//! End to end: the program against a real engine, judged by what the engine says afterwards.
//!
//! Invariant: a scenario makes its own world, and leaves nothing behind, also when it fails.
//!
//! The engine is `WINDLASS_TEST_ENGINE`, else `DOCKER_HOST`, else the usual socket; where there is none,
//! the scenarios pass over. Containers run from `WINDLASS_TEST_IMAGE`, else from an image made here.

#![expect(clippy::unwrap_used, reason = "in a test, whatever goes wrong is a failure")]

mod attach;
mod brought;
mod built_in_code;
#[path = "../cases/mod.rs"]
mod cases;
mod clean;
mod commands;
mod copies;
mod depends;
mod drift;
mod everything;
mod failures;
mod faults;
mod fields;
mod foreign;
mod harness;
mod harpoon;
mod images;
mod interrupt;
mod intervention;
mod locked;
mod look;
mod map;
mod maps;
mod own_engine;
mod page;
mod plans;
mod proof;
mod provision;
mod provision_attacks;
mod provision_context;
mod provision_faults;
mod provision_given;
mod provision_residue;
mod races;
mod raw_options;
mod readiness;
mod registries;
mod retrieve;
mod run;
mod scale;
mod script;
mod secrets;
mod serve;
mod shell;
mod tasks;
mod update_safety;
mod verbs;
mod wrong_files;
