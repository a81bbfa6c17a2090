//! `repo`: where a package manager looks for packages, and the key that they are signed with.
//!
//! Invariant: files are all that it is; a key counts for its own packages only, where the manager can tell.

use super::Type;
use super::directory::Directory;
use super::file::File;
use super::line::{Line, LinePolicy};
use crate::{Change, Content, Facts, Kind, Overlay, PackageSystem, ResourceError, View};
use serde::{Deserialize, Serialize};
use std::io::Read as _;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepoPolicy {
    #[default]
    Apply,
    /// With its key.
    Remove,
}

/// A source of packages.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Repo {
    /// Of its files.
    pub name: String,
    #[serde(default)]
    pub policy: RepoPolicy,
    /// That of the target without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub manager: Option<PackageSystem>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Of apt: `bookworm`, or a path with a slash at its end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub suites: Vec<String>,
    /// Of apt: `main`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub components: Vec<String>,
    /// Of apt; all that the target has without one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub architectures: Vec<String>,
    /// What packages are signed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Content>,
    /// Of apk: the name of the key's file, which signatures name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_name: Option<String>,
}

impl Repo {
    pub fn new(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            policy: RepoPolicy::Apply,
            manager: None,
            url: url.into(),
            suites: Vec::new(),
            components: Vec::new(),
            architectures: Vec::new(),
            key: None,
            key_name: None,
        }
    }

    /// One that shall not be there.
    pub fn removed(name: impl Into<String>) -> Self {
        Self { policy: RepoPolicy::Remove, ..Self::new(name, "") }
    }

    #[must_use]
    pub fn manager(mut self, manager: PackageSystem) -> Self {
        self.manager = Some(manager);
        self
    }

    #[must_use]
    pub fn suite(mut self, suite: impl Into<String>) -> Self {
        self.suites.push(suite.into());
        self
    }

    #[must_use]
    pub fn component(mut self, component: impl Into<String>) -> Self {
        self.components.push(component.into());
        self
    }

    #[must_use]
    pub fn key(mut self, text: impl Into<String>) -> Self {
        self.key = Some(Content::Text(text.into()));
        self
    }

    /// All that it is made of, in the order in which it is made.
    fn parts(&self, manager: PackageSystem) -> Result<Vec<Kind>, ResourceError> {
        match manager {
            PackageSystem::Apt => self.apt(),
            PackageSystem::Apk => self.apk(),
            PackageSystem::Dnf => Ok(self.dnf()),
        }
    }

    fn file(&self, path: String, content: Option<Content>) -> Kind {
        match self.policy {
            RepoPolicy::Apply => File { content, ..File::new(path) }.into(),
            RepoPolicy::Remove => File::removed(path).into(),
        }
    }

    fn apt(&self) -> Result<Vec<Kind>, ResourceError> {
        let name = &self.name;
        let place = format!("/etc/apt/sources.list.d/{name}.sources");
        let key = |ending: &str| format!("/etc/apt/keyrings/{name}.{ending}");
        if self.policy == RepoPolicy::Remove {
            let all = [place, key("asc"), key("gpg")];
            return Ok(all.map(|path| self.file(path, None)).into());
        }
        if self.suites.is_empty() {
            let error = ResourceError::new("a source of apt has suites").field("suites");
            return Err(error.help("such as `bookworm`, or `./` of one without any"));
        }
        let fields = [
            ("Types", "deb".to_owned()),
            ("URIs", self.url.clone()),
            ("Suites", self.suites.join(" ")),
            ("Components", self.components.join(" ")),
            ("Architectures", self.architectures.join(" ")),
        ];
        let fields = fields.iter().filter(|(_, value)| !value.is_empty());
        let mut lines: Vec<String> = fields.map(|(key, value)| format!("{key}: {value}")).collect();
        let mut parts = Vec::new();
        if let Some(content) = &self.key {
            // As a name says it, so that apt need not guess.
            let place = key(if is_armoured(content)? { "asc" } else { "gpg" });
            lines.push(format!("Signed-By: {place}"));
            parts.push(Directory::new("/etc/apt/keyrings").parents().into());
            parts.push(self.file(place, Some(content.clone())));
        }
        parts.push(Directory::new("/etc/apt/sources.list.d").parents().into());
        parts.push(self.file(place, Some(text(&lines))));
        Ok(parts)
    }

    fn apk(&self) -> Result<Vec<Kind>, ResourceError> {
        let is_removed = self.policy == RepoPolicy::Remove;
        if self.url.is_empty() {
            return Err(ResourceError::new("apk knows a source by its url").field("url"));
        }
        let mut parts: Vec<Kind> = Vec::new();
        let keys = "/etc/apk/keys";
        match (&self.key, &self.key_name) {
            (Some(_), None) => {
                let error = ResourceError::new("apk finds a key by its name").field("key_name");
                return Err(error.help("the name of its file as who made it has it"));
            }
            (key, Some(name)) => {
                if !is_removed {
                    parts.push(Directory::new(keys).parents().into());
                }
                parts.push(self.file(format!("{keys}/{name}"), key.clone()));
            }
            (None, None) => {}
        }
        let policy = if is_removed { LinePolicy::Remove } else { LinePolicy::Apply };
        let line = Line::new("/etc/apk/repositories", &self.url).create();
        parts.push(Line { policy, ..line }.into());
        Ok(parts)
    }

    fn dnf(&self) -> Vec<Kind> {
        let name = &self.name;
        let key = format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{name}");
        let place = format!("/etc/yum.repos.d/{name}.repo");
        if self.policy == RepoPolicy::Remove {
            return [place, key].map(|path| self.file(path, None)).into();
        }
        let url = &self.url;
        let url = format!("baseurl={url}");
        let mut lines = vec![format!("[{name}]"), format!("name={name}"), url, "enabled=1".into()];
        let mut parts = Vec::new();
        if let Some(content) = &self.key {
            lines.extend(["gpgcheck=1".into(), format!("gpgkey=file://{key}")]);
            parts.push(Directory::new("/etc/pki/rpm-gpg").parents().into());
            parts.push(self.file(key, Some(content.clone())));
        } else {
            lines.push("gpgcheck=0".into());
        }
        parts.push(Directory::new("/etc/yum.repos.d").parents().into());
        parts.push(self.file(place, Some(text(&lines))));
        parts
    }
}

fn text(lines: &[String]) -> Content {
    Content::Text(lines.join("\n") + "\n")
}

/// Whether a key is a text.
fn is_armoured(key: &Content) -> Result<bool, ResourceError> {
    let mut begin = String::new();
    let read = key.open().map(|key| key.take(10).read_to_string(&mut begin));
    match read {
        Ok(read) => Ok(read.is_ok() && begin.starts_with("-----BEGIN")),
        Err(error) => Err(ResourceError::io("read", "the key", &error).field("key")),
    }
}

fn is_name(text: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '@' | '+');
    text.chars().all(part) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

impl Type for Repo {
    const WORD: &'static str = "repo";

    fn name(&self) -> String {
        self.name.clone()
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors = Vec::new();
        let mut wrong = |field, message: &str| {
            errors.push(ResourceError::new(message).field(field));
        };
        if !is_name(&self.name) || self.name.contains(['@', '+']) {
            wrong("name", "a name is of letters, digits, `_`, `-` and `.`");
        }
        if self.key_name.as_ref().is_some_and(|name| !is_name(name)) {
            wrong("key_name", "it is no name of a file");
        }
        let is_word = |text: &str| {
            !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
        };
        if (self.policy == RepoPolicy::Apply || !self.url.is_empty()) && !is_word(&self.url) {
            wrong("url", "it is no URL");
        }
        let lists = [
            ("suites", &self.suites),
            ("components", &self.components),
            ("architectures", &self.architectures),
        ];
        for (field, words) in lists {
            if !words.iter().all(|word| is_word(word)) {
                wrong(field, "it is more than one word");
            }
        }
        let only_removed = Self {
            url: self.url.clone(),
            key_name: self.key_name.clone(),
            ..Self::removed(&self.name)
        };
        let only_removed = Self { manager: self.manager, ..only_removed };
        if self.policy == RepoPolicy::Remove && *self != only_removed {
            wrong("policy", "one that is removed has a name, and for apk a url and a key_name");
        }
        errors
    }

    fn contents(&mut self) -> Vec<&mut Content> {
        self.key.iter_mut().collect()
    }

    fn writes(&self) -> Vec<String> {
        let Self { name, .. } = self;
        let own = [
            format!("/etc/apt/sources.list.d/{name}.sources"),
            format!("/etc/yum.repos.d/{name}.repo"),
            "/etc/apk/repositories".to_owned(),
        ];
        own.into()
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        let manager = PackageSystem::declared(self.manager, facts)?;
        let mut overlay = Overlay::new(view);
        let mut changes = Vec::new();
        for part in self.parts(manager)? {
            // A directory of the system keeps what it has.
            if let Kind::Directory(directory) = &part
                && overlay.metadata(&crate::path::follow(&overlay, &directory.path)?)?.is_some()
            {
                continue;
            }
            for change in part.plan(&overlay, facts)? {
                overlay.apply(&change.op);
                changes.push(change);
            }
        }
        Ok(changes)
    }
}
