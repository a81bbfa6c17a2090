//! Addresses of engines.
//!
//! Invariant: a host or user that gets through cannot be taken for an option or for two words.

use windlass_engine::docker::EngineAddress;
use windlass_model::engine_url::{Authority, EngineUrl};

pub fn engine_url(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(url) = EngineUrl::parse(&text) else {
        assert!(text.parse::<EngineAddress>().is_err(), "{text:?}");
        return;
    };
    match &url {
        EngineUrl::Unix(path) | EngineUrl::Npipe(path) => assert!(!path.is_empty()),
        EngineUrl::Ssh(authority)
        | EngineUrl::Tcp(authority)
        | EngineUrl::Http(authority)
        | EngineUrl::Https(authority) => check(authority),
    }
    if let Ok(address) = text.parse::<EngineAddress>() {
        let again = address.to_string().parse::<EngineAddress>();
        assert_eq!(again.ok(), Some(address), "{text:?}");
    }
}

fn check(authority: &Authority<'_>) {
    assert_ne!(authority.port, Some(0));
    for part in authority.user.iter().chain([&authority.host]) {
        assert!(!part.is_empty() && !part.starts_with('-'), "{part:?}");
        assert!(part.chars().all(|c| c.is_ascii_graphic()), "{part:?}");
    }
    assert!(!authority.path.chars().any(char::is_control));
}
