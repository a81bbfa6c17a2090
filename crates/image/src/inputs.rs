//! What of a build's options its digest covers.
//!
//! Invariant: every option is named here, so that a new one is decided upon.

use windlass_model::image::BuildOptions;

use crate::digest::FieldHasher;

/// What reaches the image. How it is built (caches, secrets, which builder) does not.
pub(crate) fn hash_options(hasher: &mut FieldHasher, options: &BuildOptions) {
    let BuildOptions {
        args,
        pins: _, // what they change is in the Dockerfile
        target,
        labels,
        platform,
        cache_from: _,
        inline_cache,
        secrets: _,
        ssh: _,
        builder: _,
        network,
        extra_hosts,
        shm_size_bytes: _,
        squash,
    } = options;
    for pairs in [args, labels] {
        hasher.number(pairs.len() as u64);
        for (name, value) in pairs {
            hasher.field(name);
            hasher.field(value);
        }
    }
    for option in [target, platform, network] {
        hasher.number(u64::from(option.is_some()));
        hasher.field(option.as_deref().unwrap_or_default());
    }
    hasher.number(extra_hosts.len() as u64);
    for host in extra_hosts {
        hasher.field(host);
    }
    hasher.number(u64::from(*squash));
    if *inline_cache {
        hasher.field("inline cache");
    }
}

/// What the builder itself sets for `os/arch[/variant]`.
pub(crate) fn platform_arguments(platform: &str) -> Vec<(String, String)> {
    let parts = ["TARGETOS", "TARGETARCH", "TARGETVARIANT"].into_iter().zip(platform.split('/'));
    std::iter::once(("TARGETPLATFORM", platform))
        .chain(parts)
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
