//! `fetch`: a file from elsewhere, or what is in an archive from there.
//!
//! Invariant: what it is is said by its digest; where it comes from makes no difference, and the target fetches nothing.

use super::Type;
use super::directory::needed;
use super::file::{File, check_mode};
use super::tree::Tree;
use crate::{Change, Content, Facts, Gathered, OwnerName, ResourceError, View, path};
use serde::{Deserialize, Serialize};

/// A download.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fetch {
    /// Of the file, or of the directory that what is in the archive is put in.
    pub path: String,
    /// The same file in different places: the next one is asked when one does not have it.
    pub urls: Vec<String>,
    /// Of what is fetched: 64 hexadecimal digits.
    pub sha256: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<OwnerName>,
    /// 0644 without one; of what is in an archive as of a tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<u32>,
    #[serde(default = "default_directory_mode")]
    pub directory_mode: u32,
    /// It is an archive: what is in it is wanted.
    #[serde(default)]
    pub extract: bool,
    /// So many leading parts of the names in an archive go.
    #[serde(default)]
    pub strip: u32,
    /// What is in the directory and not in the archive goes.
    #[serde(default)]
    pub prune: bool,
    /// What was fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gathered: Option<Gathered>,
}

fn default_directory_mode() -> u32 {
    0o755
}

impl Fetch {
    pub fn new(path: impl Into<String>, url: impl Into<String>, sha256: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            urls: vec![url.into()],
            sha256: sha256.into(),
            owner: None,
            group: None,
            mode: None,
            directory_mode: default_directory_mode(),
            extract: false,
            strip: 0,
            prune: false,
            gathered: None,
        }
    }

    /// Another place where it is.
    #[must_use]
    pub fn or_from(mut self, url: impl Into<String>) -> Self {
        self.urls.push(url.into());
        self
    }

    /// What is in it is wanted, without so many leading parts of the names.
    #[must_use]
    pub fn extract(mut self, strip: u32) -> Self {
        (self.extract, self.strip) = (true, strip);
        self
    }
}

/// What is wrong with a place that is asked for something.
pub(crate) fn check_url(url: &str, field: &'static str, schemes: &[&str]) -> Option<ResourceError> {
    let wrong = |message: String| Some(ResourceError::new(message).field(field));
    if url.is_empty() || url.starts_with('-') || url.contains(|c: char| c.is_control() || c == ' ')
    {
        return wrong("it is no URL".to_owned());
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if !schemes.contains(&scheme) {
        return wrong(format!("`{scheme}` is no way to get it"))
            .map(|error| error.help(format!("known: {}", schemes.join(", "))));
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    if user.contains(':') {
        let help = "put it into ~/.netrc, or into a credential helper of git";
        return wrong("it has a password".to_owned()).map(|error| error.help(help));
    }
    None
}

impl Type for Fetch {
    const WORD: &'static str = "fetch";

    fn path(&self) -> Option<&str> {
        Some(&self.path)
    }

    fn check(&self) -> Vec<ResourceError> {
        let mut errors: Vec<_> = path::check(&self.path, "path").err().into_iter().collect();
        if self.urls.is_empty() {
            errors.push(ResourceError::new("it comes from nowhere").field("urls"));
        }
        let schemes = ["https", "http", "file"];
        errors.extend(self.urls.iter().filter_map(|url| check_url(url, "urls", &schemes)));
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if self.sha256.len() != 64 || !self.sha256.bytes().all(is_digit) {
            let error = ResourceError::new("a SHA-256 has 64 digits, 0 to 9 and a to f");
            errors.push(error.field("sha256").help("`sha256sum FILE` says it"));
        }
        errors.extend(self.mode.and_then(check_mode));
        errors.extend(check_mode(self.directory_mode));
        if !self.extract && (self.strip > 0 || self.prune) {
            let field = if self.prune { "prune" } else { "strip" };
            let error = ResourceError::new(format!("`{field}` is for an archive")).field(field);
            errors.push(error.help("add `extract: true`"));
        }
        errors.extend(needed(&self.path, "prune").filter(|_| self.prune));
        errors.extend(self.gathered.iter().flat_map(Gathered::check));
        errors
    }

    fn contents(&mut self) -> Vec<&mut Content> {
        self.gathered.iter_mut().flat_map(Gathered::contents).collect()
    }

    fn writes(&self) -> Vec<String> {
        vec![self.path.clone()]
    }

    fn plan(&self, view: &dyn View, facts: &Facts) -> Result<Vec<Change>, ResourceError> {
        let (owner, group) = (self.owner.clone(), self.group.clone());
        match &self.gathered {
            None => Err(ResourceError::new("it was not fetched").field("urls")),
            Some(Gathered::File(content)) => {
                let (content, mode) = (Some(content.clone()), self.mode.unwrap_or(0o644));
                let file = File { content, owner, group, mode, ..File::new(&self.path) };
                file.plan(view, facts)
            }
            Some(Gathered::Tree(entries)) => {
                let (mode, directory_mode) = (self.mode, self.directory_mode);
                let (entries, prune) = (Some(entries.clone()), self.prune);
                let tree = Tree::new(&self.path, "");
                Tree { entries, owner, group, mode, directory_mode, prune, ..tree }
                    .plan(view, facts)
            }
        }
    }
}
