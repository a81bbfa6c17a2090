//! What is in an image, for whoever has to account for it: a document of SPDX 2.3, as JSON.
//!
//! Invariant: the same image of the same resources gives the same bytes; of what is sensitive there is the name and nothing else.

mod database;
mod document;
mod files;
mod rpm;
mod sqlite;

pub use database::InstalledPackage;
pub use document::Sbom;
pub use files::{ResourceFile, ResourceFiles};

/// Files of an image that say what is installed in it.
pub const DATABASES: [&str; 5] = [
    "/var/lib/dpkg/status",
    "/lib/apk/db/installed",
    "/usr/lib/apk/db/installed",
    "/var/lib/rpm/rpmdb.sqlite",
    "/usr/lib/sysimage/rpm/rpmdb.sqlite",
];
/// Directories with such a file for each package, where there is no program for packages.
pub const DIRECTORIES: [&str; 1] = ["/var/lib/dpkg/status.d"];
/// Places where others have theirs, and whose they are. Where a file of [`DATABASES`] was read for the same, they are no other.
pub const OTHERS: [(&str, &str); 6] = [
    ("/var/lib/rpm", "rpm"),
    ("/usr/lib/sysimage/rpm", "rpm"),
    ("/var/lib/pacman/local", "pacman"),
    ("/var/db/pkg", "portage"),
    ("/var/db/xbps", "xbps"),
    ("/nix/var/nix/db", "nix"),
];
