//! The agent, as bytes: a static program for the target that windlass was built for.
//!
//! Invariant: nothing is computed here; all of it was made when windlass was built.

/// The program, an ELF executable.
pub fn agent() -> &'static [u8] {
    include_bytes!(concat!(env!("OUT_DIR"), "/windlass-agent"))
}

/// SHA-256 of [`agent`], as hexadecimal digits: another one after every change of it, and of the compiler.
pub fn digest() -> &'static str {
    include_str!(concat!(env!("OUT_DIR"), "/windlass-agent.sha256"))
}

/// The machine that the program is for, as platforms say it: `amd64`, `arm64`; empty if it is another.
pub fn arch() -> &'static str {
    // `e_machine` of its ELF header.
    match agent().get(18..20) {
        Some([0x3e, 0]) => "amd64",
        Some([0xb7, 0]) => "arm64",
        _ => "",
    }
}
