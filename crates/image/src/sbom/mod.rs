//! What is in an image, for whoever has to account for it: a document of SPDX 2.3, as JSON.
//!
//! Invariant: the same image of the same resources gives the same bytes; of what is sensitive there is the name and nothing else.

mod database;
mod document;
mod files;

pub use database::InstalledPackage;
pub use document::Sbom;
pub use files::{ResourceFile, ResourceFiles};

/// Files of an image that say what is installed in it.
pub const DATABASES: [&str; 3] =
    ["/var/lib/dpkg/status", "/lib/apk/db/installed", "/usr/lib/apk/db/installed"];
/// Places of databases that only their own programs can read.
pub const UNREADABLE: [&str; 2] = ["/var/lib/rpm", "/usr/lib/sysimage/rpm"];
