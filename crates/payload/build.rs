//! Builds the agent for the target that windlass itself is built for, linked statically.
//!
//! Invariant: nothing of the build that this is part of comes into it: neither its flags nor its target directory, whose
//! lock that build holds.

use sha2::{Digest as _, Sha256};
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// A ready agent, which is taken as it is.
const READY: &str = "WINDLASS_AGENT";

/// What an agent is made of, from the root of the workspace.
const PARTS: [&str; 8] = [
    "Cargo.lock",
    "Cargo.toml",
    "crates/agent/Cargo.toml",
    "crates/agent/src",
    "crates/bundle/Cargo.toml",
    "crates/bundle/src",
    "crates/files/Cargo.toml",
    "crates/files/src",
];

/// What the outer build gives to this program, or its user gave to that: none of it is meant for the agent.
const FOREIGN: [&str; 14] = [
    "CARGO_BUILD_",
    "CARGO_CFG_",
    "CARGO_ENCODED_",
    "CARGO_FEATURE_",
    "CARGO_LLVM_",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_",
    "CARGO_PROFILE_",
    "CARGO_TARGET_",
    "CLIPPY_",
    "RUSTFLAGS",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
];

fn main() -> Result<()> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize()?;
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-env-changed={READY}");
    for part in PARTS {
        println!("cargo::rerun-if-changed={}", workspace.join(part).display());
    }
    let agent = match env::var_os(READY) {
        Some(ready) if !ready.is_empty() => {
            println!("cargo::rerun-if-changed={}", Path::new(&ready).display());
            PathBuf::from(ready)
        }
        // A linter compiles for itself and runs nothing: what it is given is nobody else's.
        _ if is_linting() => PathBuf::from("/dev/null"),
        _ => build(&workspace, &out)?,
    };
    let bytes = fs::read(&agent)
        .map_err(|error| format!("the agent {} cannot be read: {error}", agent.display()))?;
    let mut digest = String::new();
    for byte in Sha256::digest(&bytes) {
        write!(digest, "{byte:02x}")?;
    }
    fs::write(out.join("windlass-agent"), bytes)?;
    fs::write(out.join("windlass-agent.sha256"), digest)?;
    Ok(())
}

fn is_linting() -> bool {
    let wrapper = env::var_os("RUSTC_WORKSPACE_WRAPPER").map(PathBuf::from);
    wrapper.is_some_and(|wrapper| wrapper.file_stem().is_some_and(|name| name == "clippy-driver"))
}

/// Where the agent is then.
fn build(workspace: &Path, out: &Path) -> Result<PathBuf> {
    let target = env::var("TARGET")?;
    if env::var("CARGO_CFG_TARGET_OS")? != "linux" {
        return Err(format!(
            "the agent is a program for Linux, and this is a build for {target}: name a ready one with {READY}=PATH"
        )
        .into());
    }
    // Where time to build counts, size does not.
    let is_small = env::var("PROFILE")? == "release";
    let profile = if is_small { "agent" } else { "dev" };
    let directory = out.join("target");
    let mut cargo = Command::new(env::var_os("CARGO").ok_or("cargo did not say where it is")?);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if FOREIGN.iter().any(|one| text.starts_with(one)) && !text.ends_with("_LINKER") {
            cargo.env_remove(name);
        }
    }
    // A panic ends it: nothing in it looks for how to unwind, which the last one leaves out.
    let flags = [
        "-Ctarget-feature=+crt-static",
        "-Crelocation-model=static",
        "-Clink-arg=-Wl,--no-eh-frame-hdr",
    ];
    let count = if is_small { flags.len() } else { 2 };
    // The variable goes before whatever a configuration says.
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags[..count].join("\x1f"));
    cargo.env("CARGO_BUILD_BUILD_DIR", &directory);
    cargo.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_PROFILE_DEV_STRIP", "symbols");
    cargo.current_dir(workspace).args(["build", "--locked", "--package", "windlass-agent"]);
    cargo.args(["--profile", profile, "--target", &target]).arg("--target-dir").arg(&directory);
    let output = cargo.output().map_err(|error| format!("cargo could not be started: {error}"))?;
    if !output.status.success() {
        return Err(what_is_missing(&target, &String::from_utf8_lossy(&output.stderr)).into());
    }
    let place = if is_small { "agent" } else { "debug" };
    Ok(directory.join(target).join(place).join("windlass-agent"))
}

fn what_is_missing(target: &str, said: &str) -> String {
    let is_linking = ["-lc", "-lgcc_eh", "libc.a", "crt1.o", "crtbeginT.o"];
    let help = if is_linking.iter().any(|word| said.contains(word)) {
        "it is linked statically, and the static C library seems to be missing (Debian: libc6-dev, Fedora: \
         glibc-static, Alpine: musl-dev)"
    } else {
        "cargo said what follows"
    };
    format!(
        "the agent could not be built for {target}: {help}; {READY}=PATH takes a ready one\n{said}"
    )
}
