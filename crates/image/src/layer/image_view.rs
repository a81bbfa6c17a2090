//! What is in an image, from tars of its whole file system or of its layers.
//!
//! Invariant: it is only an index. Contents are kept of small files of /etc; those of others are asked for by name
//! ([`ImageView::missing`]), and who made the view gets them. Large ones are on the disk.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read};
use std::ops::Bound;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use windlass_bundle::{FileKind, Metadata, Owner, ResourceError, View};

use super::extended::Extended;
use super::layer_index::{Indexed, LayerIndex};
use super::spooled::Spooled;

/// See the module.
#[derive(Debug, Default, Deserialize)]
pub struct ImageView {
    entries: BTreeMap<String, Indexed>,
    #[serde(deserialize_with = "bytes")]
    contents: BTreeMap<String, Vec<u8>>,
    #[serde(skip)]
    spooled: BTreeMap<String, Spooled>,
    #[serde(skip)]
    missing: RefCell<BTreeSet<String>>,
}

impl ImageView {
    /// The view of `FROM scratch`.
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads the tar that an engine exports a container as. `wanted`: files whose contents are kept.
    ///
    /// # Errors
    ///
    /// If it is no tar, or breaks off.
    pub fn read(tar: impl Read, wanted: &BTreeSet<String>) -> io::Result<Self> {
        let mut view = Self::default();
        view.put_on(LayerIndex::read(tar, wanted, None)?);
        Ok(view)
    }

    /// Puts a layer on top of what is there.
    pub(super) fn put_on(&mut self, layer: LayerIndex) {
        let LayerIndex { entries, contents, spooled, gone, opaque } = layer;
        for path in opaque {
            self.remove_below(&path);
        }
        for path in gone {
            self.remove_below(&path);
            self.entries.remove(&path);
            self.forget(&path);
        }
        let is_link = |(_, found): &(&String, &Indexed)| found.metadata.kind == FileKind::Link;
        let links: BTreeSet<String> =
            entries.iter().filter(is_link).map(|(path, _)| path.clone()).collect();
        for (path, found) in entries {
            let was = self.entries.get(&path).map(|was| was.metadata.kind);
            if was == Some(FileKind::Directory) && found.metadata.kind != FileKind::Directory {
                self.remove_below(&path);
            }
            self.forget(&path);
            self.imply(&path, &links);
            self.entries.insert(path, found);
        }
        self.contents.extend(contents);
        self.spooled.extend(spooled);
    }

    fn forget(&mut self, path: &str) {
        self.contents.remove(path);
        self.spooled.remove(path);
    }

    /// Directories above a path that the layer has no entry for: engines make them so, in the place of what is no directory in
    /// the layers below. `links`: those of the layer itself, which stay.
    fn imply(&mut self, path: &str, links: &BTreeSet<String>) {
        let owner = Owner { uid: 0, gid: 0 };
        let metadata = Metadata { kind: FileKind::Directory, owner, mode: 0o755, size: 0 };
        let mut rest = path;
        while let Some((above, _)) = rest.rsplit_once('/').filter(|(above, _)| !above.is_empty()) {
            let was = self.entries.get(above).map(|was| was.metadata.kind);
            if was == Some(FileKind::Directory) || links.contains(above) {
                break;
            }
            self.forget(above);
            self.entries.insert(
                above.to_owned(),
                Indexed { metadata, to: String::new(), extended: Extended::default() },
            );
            rest = above;
        }
    }

    fn remove_below(&mut self, path: &str) {
        let inside = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let is_inside = |one: &&String| one.starts_with(&inside);
        let all = self.entries.range::<str, _>((Bound::Excluded(&*inside), Bound::Unbounded));
        let gone: Vec<String> = all.map(|(one, _)| one).take_while(is_inside).cloned().collect();
        for one in gone {
            self.entries.remove(&one);
            self.forget(&one);
        }
    }

    /// Files whose contents were asked for in vain since the last call.
    pub fn missing(&self) -> BTreeSet<String> {
        self.missing.take()
    }

    /// Gives it the contents of files that another view of the same image has.
    pub fn learn(&mut self, other: Self) {
        self.contents.extend(other.contents);
        self.spooled.extend(other.spooled);
    }

    /// A large file, which can be read while the view changes; `None` if it is not there.
    pub fn open_large(&self, path: &str) -> Option<impl Read + use<>> {
        self.spooled.get(path).map(Spooled::open)
    }
}

impl View for ImageView {
    fn metadata(&self, path: &str) -> Result<Option<Metadata>, ResourceError> {
        Ok(self.entries.get(path).map(|found| found.metadata))
    }

    fn open(&self, path: &str) -> Result<Box<dyn Read + '_>, ResourceError> {
        if let Some(bytes) = self.contents.get(path) {
            return Ok(Box::new(Cursor::new(bytes)));
        }
        if let Some(large) = self.open_large(path) {
            return Ok(Box::new(large));
        }
        // A hard link has the contents of its other name.
        let other = self.entries.get(path).map(|found| &found.to).filter(|to| !to.is_empty());
        self.missing.borrow_mut().extend([path.to_owned()].into_iter().chain(other.cloned()));
        Err(ResourceError::unreadable(path, "it was not fetched from the image"))
    }

    fn read_link(&self, path: &str) -> Result<String, ResourceError> {
        let found = self.entries.get(path).filter(|found| found.metadata.kind == FileKind::Link);
        let found = found.ok_or_else(|| ResourceError::unreadable(path, "it is no link"))?;
        Ok(found.to.clone())
    }

    fn extended(&self, path: &str) -> Result<BTreeMap<String, Vec<u8>>, ResourceError> {
        let Some(found) = self.entries.get(path) else { return Ok(BTreeMap::new()) };
        found.extended.all().map_err(|why| ResourceError::unreadable(path, why))
    }

    fn list(&self, path: &str) -> Result<Vec<String>, ResourceError> {
        let inside = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let after = (Bound::Excluded(inside.clone()), Bound::Unbounded);
        let all = self.entries.range::<String, _>(after);
        let within = all.map_while(|(one, _)| one.strip_prefix(&inside));
        Ok(within.filter(|name| !name.contains('/')).map(str::to_owned).collect())
    }
}

impl ImageView {
    /// What of it is kept; no contents at all if there are secrets in it.
    pub(super) fn kept(&self, has_secrets: bool) -> Kept<'_> {
        const READ_BY_ALL: u32 = 0o004;
        let is_public = |path: &str| {
            let found = self.entries.get(path);
            found.is_some_and(|found| found.metadata.mode & READ_BY_ALL != 0)
        };
        let texts = self.contents.iter().filter(|(path, _)| !has_secrets && is_public(path));
        let contents =
            texts.filter_map(|(path, bytes)| Some((&**path, std::str::from_utf8(bytes).ok()?)));
        Kept { entries: &self.entries, contents: contents.collect() }
    }
}

/// A view as it is kept. Contents that are no text are fetched anew, and so are those that not everybody in the image may read,
/// such as passwords.
#[derive(Serialize)]
pub(super) struct Kept<'a> {
    entries: &'a BTreeMap<String, Indexed>,
    contents: BTreeMap<&'a str, &'a str>,
}

impl Serialize for ImageView {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.kept(false).serialize(to)
    }
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, Vec<u8>>, D::Error> {
    let texts = BTreeMap::<String, String>::deserialize(from)?;
    Ok(texts.into_iter().map(|(path, text)| (path, text.into_bytes())).collect())
}
