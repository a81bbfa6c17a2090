//! The door to `windlass_fuzz::harpoon`.
//!
//! Invariant: what must hold is said there, not here.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| windlass_fuzz::harpoon(bytes));
