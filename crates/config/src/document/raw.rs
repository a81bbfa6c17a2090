//! What `create_options` and `host_config` say of other objects: by the names that an engine has for them.
//!
//! Invariant: no name in here is a key of the file.

use windlass_model::Ordinary;

use super::Link;
use crate::read::Spanned;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw {
    /// Their targets are names on the engine.
    pub links: Vec<Spanned<Link>>,
    /// `container[:ro]`.
    pub volumes_from: Vec<Spanned<String>>,
    /// Paths where an anonymous volume is, unless something else is mounted there.
    pub volumes: Vec<Spanned<String>>,
    /// Of the first endpoint.
    pub mac_address: Option<Spanned<String>>,
}

impl Ordinary for Raw {
    const ORDINARY: &'static Self = &Self {
        links: Vec::new(),
        volumes_from: Vec::new(),
        volumes: Vec::new(),
        mac_address: None,
    };
}
