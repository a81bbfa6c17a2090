//! The shop's two programs: static, so that they run in an image that has nothing else.
//!
//! Invariant: the place where they end up is the one that examples/shop/windlass.yaml reads.

use std::path::PathBuf;
use std::process::Command;

use crate::{Result, process, workspace};

const PROGRAMS: [&str; 2] = ["app", "front"];

/// Where the build context of the shop's images is.
fn place() -> PathBuf {
    workspace::root().join("examples/shop/target/image")
}

pub(super) fn build() -> Result<()> {
    let host = workspace::host()?;
    if !host.contains("-linux-") {
        return Err(format!(
            "the shop's programs must be Linux programs, and this toolchain makes {host} ones; \
             run the demo on Linux, or compile examples/shop for Linux into {} yourself",
            place().display()
        )
        .into());
    }
    let example = workspace::root().join("examples/shop");
    let target = example.join("target");
    let mut cargo: Command = workspace::cargo();
    cargo.current_dir(&example).args(["build", "--release", "--locked", "--target", &host]);
    cargo.arg("--target-dir").arg(&target);
    // An explicit --target keeps this flag away from build scripts, which cannot be static.
    cargo.env("RUSTFLAGS", "-C target-feature=+crt-static");
    process::quietly(&mut cargo)?;
    let built = target.join(&host).join("release");
    std::fs::create_dir_all(place())?;
    for program in PROGRAMS {
        let (from, to) = (built.join(program), place().join(program));
        // Only when it differs: an unchanged file keeps its time.
        if std::fs::read(&from)? != std::fs::read(&to).unwrap_or_default() {
            std::fs::copy(from, to)?;
        }
    }
    Ok(())
}
