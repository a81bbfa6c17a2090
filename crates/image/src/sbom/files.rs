//! Files that resources put into an image.
//!
//! Invariant: nothing sensitive is opened.

use std::collections::BTreeMap;
use std::io;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use windlass_bundle::{Bundle, Content, FilePolicy, Gathered, Kind, Resource, TreeEntry, TreeNode};

/// A file whose contents a resource says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceFile {
    /// Hexadecimal digits.
    pub sha256: String,
    /// The same; SPDX wants it of every file.
    pub sha1: String,
    /// Its resource: `file[/etc/motd]`.
    pub resource: String,
    /// From where it was had, if it was.
    pub origin: Option<String>,
}

/// All of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResourceFiles {
    /// By path.
    pub files: BTreeMap<String, ResourceFile>,
    /// Ids of resources of which nothing more is said.
    pub sensitive: Vec<String>,
}

impl ResourceFiles {
    /// Of a bundle that was gathered.
    ///
    /// # Errors
    ///
    /// If a file can't be read.
    pub fn of(bundle: &Bundle) -> io::Result<Self> {
        let mut all = Self::default();
        for resource in &bundle.resources {
            if resource.sensitive {
                all.sensitive.push(resource.id());
            } else {
                all.add(resource)?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, resource: &Resource) -> io::Result<()> {
        match &resource.kind {
            Kind::File(file) if file.policy == FilePolicy::Apply => {
                if let Some(content) = &file.content {
                    self.file(&file.path, content, resource, None)?;
                }
            }
            Kind::Tree(tree) => {
                self.tree(&tree.path, tree.entries.iter().flatten(), resource, None)?;
            }
            Kind::Fetch(fetch) => {
                // Which of them had it makes no difference, and is not known any more the next time.
                let from = fetch.urls.iter().map(|url| shown(url)).collect::<Vec<_>>().join(" or ");
                let from = Some(format!("{from} (sha256 {})", fetch.sha256));
                self.gathered(&fetch.path, fetch.gathered.as_ref(), resource, from.as_deref())?;
            }
            Kind::Git(git) => {
                let commit = git.commit.as_ref().unwrap_or(&git.rev);
                let from = Some(format!("{} at {commit}", shown(&git.repository)));
                self.gathered(&git.path, git.gathered.as_ref(), resource, from.as_deref())?;
            }
            // What they leave is not theirs alone, or not known here.
            Kind::Block(_)
            | Kind::Cron(_)
            | Kind::Directory(_)
            | Kind::Execute(_)
            | Kind::File(_)
            | Kind::Group(_)
            | Kind::Line(_)
            | Kind::Link(_)
            | Kind::Mount(_)
            | Kind::Package(_)
            | Kind::Repo(_)
            | Kind::Service(_)
            | Kind::Sysctl(_)
            | Kind::User(_) => {}
        }
        Ok(())
    }

    fn gathered(
        &mut self,
        path: &str,
        gathered: Option<&Gathered>,
        resource: &Resource,
        origin: Option<&str>,
    ) -> io::Result<()> {
        match gathered {
            Some(Gathered::File(content)) => self.file(path, content, resource, origin),
            Some(Gathered::Tree(entries)) => self.tree(path, entries.iter(), resource, origin),
            None => Ok(()),
        }
    }

    fn tree<'e>(
        &mut self,
        path: &str,
        entries: impl Iterator<Item = &'e TreeEntry>,
        resource: &Resource,
        origin: Option<&str>,
    ) -> io::Result<()> {
        for entry in entries {
            if let TreeNode::File { content, .. } = &entry.node {
                let path = format!("{}/{}", path.trim_end_matches('/'), entry.path);
                self.file(&path, content, resource, origin)?;
            }
        }
        Ok(())
    }

    fn file(
        &mut self,
        path: &str,
        content: &Content,
        resource: &Resource,
        origin: Option<&str>,
    ) -> io::Result<()> {
        let (mut long, mut short) = (Sha256::new(), Sha1::new());
        let mut from = content.open()?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match from.read(&mut buffer)? {
                0 => break,
                length => {
                    long.update(&buffer[..length]);
                    short.update(&buffer[..length]);
                }
            }
        }
        let digits = windlass_bundle::hexadecimal;
        let (sha256, sha1) = (digits(&long.finalize()), digits(&short.finalize()));
        let (resource, origin) = (resource.id(), origin.map(str::to_owned));
        self.files.insert(path.to_owned(), ResourceFile { sha256, sha1, resource, origin });
        Ok(())
    }
}

/// Where something is had from, unless that is a place of this machine, which is another one on the next.
fn shown(place: &str) -> &str {
    let is_local = place.starts_with("file:") || place.starts_with(['/', '.', '~']);
    if is_local { "the machine that built it" } else { place }
}
