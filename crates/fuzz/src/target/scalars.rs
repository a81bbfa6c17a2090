//! The values of a file, each by its own parser.
//!
//! Invariant: a value that was understood is understood again as it is written, and an error's place is in the text.

use windlass_config::scalar as parse;
use windlass_config::scalar::ScalarError;
use windlass_model::image::familiar_reference;

pub fn scalars(bytes: &[u8]) {
    let text = &*String::from_utf8_lossy(bytes);
    texts(text);
    numbers(text);
    if let Some(reference) = checked(text, parse::image_reference(text)) {
        assert_eq!(reference.to_string(), text);
        let whole = reference.with_default_tag("latest").to_string();
        assert_eq!(
            parse::image_reference(&whole).map(|again| again.to_string()),
            Ok(whole.clone())
        );
        assert!(whole.ends_with(&familiar_reference(&whole)), "{whole}");
    }
    if let Some(words) = checked(text, parse::split_words(text)) {
        let quoted: Vec<_> = words.iter().map(|word| parse::quote(word)).collect();
        assert_eq!(parse::split_words(&quoted.join(" ")), Ok(words));
    }
}

type TextParser = fn(&str) -> Result<String, ScalarError>;

/// Those that give the text back as it is to be handed on.
fn texts(text: &str) {
    let parsers: [TextParser; 15] = [
        parse::host_address,
        parse::mac_address,
        parse::hostname,
        parse::domain_name,
        parse::cpu_list,
        parse::ulimit_name,
        parse::security_option,
        parse::engine_name,
        parse::volume_name,
        parse::env_name,
        parse::signal,
        parse::capability,
        parse::tmpfs_options,
        parse::user,
        parse::group,
    ];
    for (index, parser) in parsers.into_iter().enumerate() {
        if let Some(value) = checked(text, parser(text)) {
            assert_eq!(parser(&value), Ok(value.clone()), "parser {index} of {text:?}");
        }
    }
}

fn numbers(text: &str) {
    if let Some(ms) = checked(text, parse::duration_ms(text)) {
        // Beyond, a fraction of a second has no exact milliseconds.
        if ms < 1_000_000_000 {
            assert_eq!(parse::duration_ms(&format!("{ms}ms")), Ok(ms), "{text:?}");
        }
    }
    checked(text, parse::duration_s(text));
    checked(text, parse::health_duration_ns(text));
    if let Some(bytes) = checked(text, parse::size(text)) {
        assert_eq!(parse::size(&bytes.to_string()), Ok(bytes), "{text:?}");
    }
    checked(text, parse::memory(text));
    checked(text, parse::memory_swap(text));
    if let Some(mode) = checked(text, parse::octal_mode(text)) {
        assert!(mode <= 0o7777);
    }
    if let Some(mode) = checked(text, parse::symbolic_mode(text, 0o644)) {
        assert!(mode <= 0o7777);
    }
    checked(text, parse::numeric_owner(text));
    if let Some(address) = checked(text, parse::ip_address(text)) {
        assert_eq!(parse::ip_address(&address.to_string()), Ok(address));
        if let Ok(subnet) = parse::subnet(&format!("{address}/8")) {
            assert!(subnet.covers(&subnet));
        }
    }
    checked(text, parse::subnet(text));
    if let Some(range) = checked(text, parse::port_range(text)) {
        assert_eq!(range.ports().count(), range.len());
    }
    if let Some(ports) = checked(text, parse::published_ports(text)) {
        assert!(!ports.is_empty() && ports.iter().all(|port| port.target != 0), "{text:?}");
    }
    if let Some(mount) = checked(text, parse::short_mount(text)) {
        assert!(mount.target.starts_with('/'), "{text:?}");
    }
    checked(text, parse::check_sysctl(text));
}

/// The value; of an error, that it says something about this text.
fn checked<T>(text: &str, result: Result<T, ScalarError>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(error) => {
            assert!(!error.message.is_empty());
            if let Some(range) = error.range {
                assert!(text.get(range.clone()).is_some(), "{range:?} of {text:?}");
            }
            None
        }
    }
}
