//! The agent: applies a bundle inside an image or on a host.
//!
//! Invariant: it knows nothing of windlass but the bundle; without one it does nothing and says so.

use std::io::Write as _;
use std::process::ExitCode;

/// `EX_USAGE` of sysexits.
const USAGE: u8 = 64;

fn main() -> ExitCode {
    let mut out = std::io::stderr();
    // Nobody is left to tell when standard error is closed.
    let _ = writeln!(
        out,
        "windlass-agent {}: speaks bundle format {}; no resource types are known yet",
        env!("CARGO_PKG_VERSION"),
        windlass_bundle::VERSION
    );
    ExitCode::from(USAGE)
}
