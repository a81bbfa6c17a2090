//! The docker program's `config.json` and contexts.
//!
//! Invariant: credentials are in no message, and an engine that was found can be written down and found again.

use windlass_engine::docker::EngineAddress;
use windlass_engine::docker::fuzz::{context_address, stored_credentials};

pub fn docker_config(bytes: &[u8]) {
    for registry in ["docker.io", "r.example:5000"] {
        // Whether there are any is all that is said of them.
        if let Err(message) = stored_credentials(bytes, registry) {
            assert!(message.len() < 400, "{message}");
        }
    }
    if let Ok(address) = context_address(bytes) {
        let text = address.to_string();
        if let EngineAddress::Unix { path } = &address {
            assert_eq!(text, format!("unix://{}", path.display()));
        } else {
            assert!(text.parse::<EngineAddress>().is_ok(), "{text}");
        }
    }
}
