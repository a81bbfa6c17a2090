//! The engine client against a real engine: `WINDLASS_TEST_ENGINE`, else the machine's own socket.
//!
//! Invariant: every object that a test makes carries the test's own name and is removed at its
//! end, also when it fails; nothing else is touched.

#![expect(clippy::unwrap_used, reason = "in a test, whatever goes wrong is a failure")]

mod build;
mod fake;
mod faults;
mod image;
mod lab;
mod lifecycle;
mod network;
mod output;
mod podman;
mod registry;
mod round_trip;
mod transport;
mod wire;
