//! Moments as engines write them.
//!
//! Invariant: one that is understood is within what can be counted, and can be written for an engine.

use windlass_engine::docker::fuzz::epoch_s;
use windlass_executor::fuzz::{moment, moment_text};

pub fn moments(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let seconds = epoch_s(&text);
    if let Some(ns) = moment(&text) {
        let (whole, fraction) = (ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
        assert_eq!(moment_text(ns), format!("{whole}.{fraction:09}"));
        // Of two readers of the same words neither is wrong.
        if text.len() >= 20 && text.as_bytes()[10] == b'T' && text.as_bytes()[19] == b'.' {
            assert_eq!(whole, seconds, "{text}");
        }
    }
}
