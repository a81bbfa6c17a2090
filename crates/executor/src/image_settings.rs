//! What can be wrong with the settings of an image that was put together in code.
//!
//! Invariant: what a file may not say is refused here, too, before an engine is asked; all of it at once.

use windlass_model::provision::ImageDefaults;

/// Of its base, its names, and what containers get of it.
pub(crate) fn problems(
    from: Option<&str>,
    tags: &[String],
    defaults: &ImageDefaults,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut check = |is_well: bool, what: &str, value: &str, help: &str| {
        if !is_well {
            found.push(format!("{what} {value:?}: write {help}"));
        }
    };
    if let Some(from) = from {
        check(is_reference(from), "from_image", from, "a reference such as debian:12");
    }
    for tag in tags {
        let is_well = is_reference(tag) && !tag.contains('@');
        check(is_well, "tag", tag, "a name such as site:1, in small letters");
    }
    for (name, value) in &defaults.env {
        let is_well = !name.is_empty() && !name.contains(['=', '\0']);
        check(is_well, "env", name, "a name without `=`");
        // A value may be nobody's business.
        check(!value.contains('\0'), "env", name, "a value without a NUL character");
    }
    for path in &defaults.volumes {
        check(path.starts_with('/'), "volumes", path, "an absolute path in the container");
    }
    if let Some(path) = &defaults.workdir {
        check(path.starts_with('/'), "workdir", path, "an absolute path in the container");
    }
    for port in &defaults.exposed {
        check(port.target != 0, "ports", &port.target.to_string(), "a port from 1 to 65535");
    }
    if let Some(user) = &defaults.user {
        check(is_user(user), "user", user, "a name, 1000 or 1000:1000");
    }
    found
}

/// `name`, `1000`, or one of these with a group after a colon.
fn is_user(text: &str) -> bool {
    let is_account = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control())
    };
    text.split(':').count() <= 2 && text.split(':').all(is_account)
}

/// `[registry[:port]/]name[:tag][@digest]`, as the grammar of the registries has it.
fn is_reference(text: &str) -> bool {
    let (name, digest) = text.split_once('@').map_or((text, None), |(name, end)| (name, Some(end)));
    let last = name.rfind('/').map_or(0, |at| at + 1);
    let tag_at = name[last..].find(':').map(|at| last + at);
    let (name, tag) = tag_at.map_or((name, None), |at| (&name[..at], Some(&name[at + 1..])));
    let (registry, path) = match name.split_once('/') {
        Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => {
            (Some(first), rest)
        }
        _ => (None, name),
    };
    let is_word = |text: &str, more: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    name.len() <= 255
        && registry.is_none_or(|registry| is_word(registry, ".-:[]"))
        && path.split('/').all(is_component)
        && tag.is_none_or(|tag| {
            tag.len() <= 128 && is_word(tag, "_.-") && !tag.starts_with(['.', '-'])
        })
        && digest.is_none_or(|digest| {
            let parts = digest.split_once(':');
            parts.is_some_and(|(kind, hex)| {
                is_word(kind, "+._-") && hex.len() >= 32 && is_word(hex, "")
            })
        })
}

/// Small letters and digits, and between them `.`, `_`, `__` or dashes.
fn is_component(part: &str) -> bool {
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut between = part.split(is_inner).filter(|between| !between.is_empty());
    part.starts_with(is_inner)
        && part.ends_with(is_inner)
        && between.all(|it| matches!(it, "." | "_" | "__") || it.bytes().all(|b| b == b'-'))
}
