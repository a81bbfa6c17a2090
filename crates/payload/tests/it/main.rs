//! The agent that was built in.
//!
//! Invariant: it is run as a host runs it: from a file, without any library beside it.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

/// `PT_INTERP` of ELF: what starts a dynamic program.
const INTERPRETER: u32 = 3;

#[test]
fn it_needs_no_library() {
    let agent = windlass_payload::agent();
    assert_eq!(agent[..6], *b"\x7fELF\x02\x01", "not a 64-bit little-endian program");
    let number = |at: usize, width: usize| {
        agent[at..at + width].iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte))
    };
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let kinds: Vec<_> = (0..count).map(|one| number(table + one * size, 4)).collect();
    assert!(!kinds.is_empty() && !kinds.contains(&(INTERPRETER as usize)), "{kinds:?}");
}

#[test]
fn it_applies_a_bundle() {
    let directory = tempfile::tempdir().unwrap();
    let agent = directory.path().join("agent");
    fs::write(&agent, windlass_payload::agent()).unwrap();
    fs::set_permissions(&agent, fs::Permissions::from_mode(0o755)).unwrap();
    let root = directory.path().join("root");
    fs::create_dir(&root).unwrap();
    let mut child = Command::new(&agent)
        .args(["apply", "--root"])
        .arg(&root)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let bundle = br#"{"version":2,"resources":[{"kind":{"directory":{"path":"/there"}}}]}"#;
    child.stdin.take().unwrap().write_all(bundle).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(root.join("there").is_dir(), "{output:?}");
}

#[test]
fn it_is_for_this_machine() {
    let machine = [("x86_64", "amd64"), ("aarch64", "arm64")];
    let here = machine.iter().find(|(name, _)| *name == std::env::consts::ARCH);
    assert_eq!(here.map(|(_, name)| *name), Some(windlass_payload::arch()));
}

#[test]
fn its_digest_is_a_sha256() {
    let digest = windlass_payload::digest();
    assert_eq!(digest.len(), 64);
    assert!(digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digest}");
}
