//! The databases of package managers, as the files of an image have them.
//!
//! Invariant: they are outside bytes: what is not understood of a package is left out, and one without a name or a version is none.

use std::fmt::Write as _;

use super::rpm;

/// A package that is installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct InstalledPackage {
    pub name: String,
    pub version: String,
    /// In the words of the database: `amd64`, `x86_64`, `all`.
    pub arch: String,
    /// `deb`, `apk` or `rpm`, as purls have it.
    pub kind: &'static str,
    /// In the words of the database. dpkg knows none.
    pub license: Option<String>,
    /// Who answers for it.
    pub supplier: Option<String>,
    pub homepage: Option<String>,
}

impl InstalledPackage {
    /// Reads a database by its place in an image. `None` if it is none that is understood.
    pub fn read(place: &str, bytes: &[u8]) -> Option<Vec<Self>> {
        let mut all: Vec<Self> = if place.ends_with(".sqlite") {
            rpm::read(bytes)?
        } else {
            let text = String::from_utf8_lossy(bytes).replace("\r\n", "\n");
            let is_dpkg = place.contains("/dpkg/");
            // Where there is a file for each package, all of them are installed.
            let each = |stanza| dpkg(stanza, place.contains("/status.d/"));
            let stanzas = text.split("\n\n");
            stanzas.filter_map(|one| if is_dpkg { each(one) } else { apk(one) }).collect()
        };
        all.sort();
        all.dedup();
        Some(all)
    }

    /// `pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12`. `os`: its id and version, perhaps empty.
    pub fn purl(&self, os: (&str, &str)) -> String {
        let (id, version) = os;
        let mut text = format!("pkg:{}/", self.kind);
        if !id.is_empty() {
            let _ = write!(text, "{}/", quoted(id));
        }
        // Of rpm the epoch is beside the version.
        let (epoch, bare) = match self.version.split_once(':') {
            Some(parts) if self.kind == "rpm" => parts,
            _ => ("", self.version.as_str()),
        };
        let _ = write!(text, "{}@{}", quoted(&self.name), quoted(bare));
        let mut sign = '?';
        let distro = if version.is_empty() { id.to_owned() } else { format!("{id}-{version}") };
        let distro = if id.is_empty() { String::new() } else { distro };
        for (key, value) in [("arch", &*self.arch), ("distro", &*distro), ("epoch", epoch)] {
            if !value.is_empty() {
                let _ = write!(text, "{sign}{key}={}", quoted(value));
                sign = '&';
            }
        }
        text
    }

    /// The licence as an expression of SPDX; `None` if the database says none, or something else.
    pub fn license_expression(&self) -> Option<&str> {
        let text = self.license.as_deref()?.trim();
        let is_name = |word: &str| {
            let word = word.trim_matches(['(', ')']);
            let plain = |c: char| c.is_ascii_alphanumeric() || "-.+".contains(c);
            !word.is_empty() && word.chars().all(plain) && !word.eq_ignore_ascii_case("custom")
        };
        let mut wants_name = true;
        for word in text.split_whitespace() {
            if matches!(word, "AND" | "OR" | "WITH") == wants_name || !is_name(word) {
                return None;
            }
            wants_name = !wants_name;
        }
        let balance = text.matches('(').count() == text.matches(')').count();
        (!wants_name && balance).then_some(text)
    }
}

fn dpkg(stanza: &str, mut is_installed: bool) -> Option<InstalledPackage> {
    let mut found = InstalledPackage { kind: "deb", ..InstalledPackage::default() };
    for (key, value) in stanza.lines().filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        match key {
            "Package" => value.clone_into(&mut found.name),
            "Version" => value.clone_into(&mut found.version),
            "Architecture" => value.clone_into(&mut found.arch),
            "Maintainer" => found.supplier = Some(value.to_owned()),
            "Homepage" => found.homepage = Some(value.to_owned()),
            "Status" => is_installed = value.ends_with(" installed"),
            _ => {}
        }
    }
    Some(found).filter(|one| is_installed && is_known(one))
}

fn apk(stanza: &str) -> Option<InstalledPackage> {
    let mut found = InstalledPackage { kind: "apk", ..InstalledPackage::default() };
    for line in stanza.lines() {
        let Some((key, value)) = line.split_once(':') else { continue };
        match key {
            "P" => value.clone_into(&mut found.name),
            "V" => value.clone_into(&mut found.version),
            "A" => value.clone_into(&mut found.arch),
            "L" => found.license = Some(value.to_owned()),
            "m" => found.supplier = Some(value.to_owned()),
            "U" => found.homepage = Some(value.to_owned()),
            // Its files follow.
            "F" => break,
            _ => {}
        }
    }
    Some(found).filter(is_known)
}

fn is_known(one: &InstalledPackage) -> bool {
    !one.name.is_empty() && !one.version.is_empty()
}

/// As purls are quoted.
fn quoted(text: &str) -> String {
    let mut quoted = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            let _ = write!(quoted, "%{byte:02X}");
        }
    }
    quoted
}
