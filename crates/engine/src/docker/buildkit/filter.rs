//! Which entries of a build context one transfer is about: `include-patterns`, `exclude-patterns`, `followpaths`.
//! Invariant: with every entry that is chosen, all its parent directories are chosen, in order.

use std::collections::BTreeSet;
use std::io;

use tonic::metadata::MetadataMap;

use super::pattern::{Pattern, PatternSet, clean_path};
use super::source::{ContextEntry, is_below};

/// Links that are followed at most, for one transfer; stops circles such as `a -> a/b`.
const LINKS_MAX: usize = 255;

/// What the engine asks for in the headers of a transfer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct TransferRequest {
    /// Name of the shared directory: `context` or `dockerfile`.
    pub(super) directory: String,
    include: Vec<String>,
    exclude: Vec<String>,
    /// Paths that are wanted with everything that symbolic links on the way to them lead to.
    follow: Vec<String>,
}

impl TransferRequest {
    pub(super) fn from_metadata(metadata: &MetadataMap) -> Self {
        let mut request = Self {
            include: values(metadata, "include-patterns"),
            exclude: values(metadata, "exclude-patterns"),
            follow: values(metadata, "followpaths"),
            ..Self::default()
        };
        request.directory = values(metadata, "dir-name").pop().unwrap_or_default();
        request
    }

    /// Indices into the normalised listing, ascending.
    pub(super) fn select(&self, entries: &[ContextEntry]) -> io::Result<Vec<usize>> {
        let mut include = self.include.clone();
        if !self.follow.is_empty() {
            include.extend(follow(&self.follow, entries)?);
        }
        if include.iter().any(|pattern| clean_path(pattern) == ".") {
            include.clear();
        }
        let include = PatternSet::parse(&include)?;
        let exclude = PatternSet::parse(&self.exclude)?;
        if include.is_empty() && exclude.is_empty() {
            return Ok((0..entries.len()).collect());
        }
        Ok(choose(entries, &include, &exclude))
    }
}

/// A directory above the entry at hand.
struct Parent {
    index: usize,
    included: Vec<bool>,
    excluded: Vec<bool>,
    chosen: bool,
}

fn choose(entries: &[ContextEntry], include: &PatternSet, exclude: &PatternSet) -> Vec<usize> {
    let mut chosen = Vec::new();
    let mut parents: Vec<Parent> = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        while parents.last().is_some_and(|top| !is_below(&entry.path, &entries[top.index].path)) {
            parents.pop();
        }
        let (above_in, above_out) = parents
            .last()
            .map_or((&[][..], &[][..]), |top| (top.included.as_slice(), top.excluded.as_slice()));
        let (wanted, included) = include.matches(&entry.path, above_in);
        let (unwanted, excluded) = exclude.matches(&entry.path, above_out);
        let is_chosen = (wanted || include.is_empty()) && !unwanted;
        if is_chosen {
            for parent in parents.iter_mut().filter(|parent| !parent.chosen) {
                parent.chosen = true;
                chosen.push(parent.index);
            }
            chosen.push(index);
        }
        if entry.is_directory() {
            parents.push(Parent { index, included, excluded, chosen: is_chosen });
        }
    }
    chosen
}

/// The paths, and what they lead to when components of them are symbolic links. Absolute targets and `..`
/// stay within the build context.
fn follow(paths: &[String], entries: &[ContextEntry]) -> io::Result<BTreeSet<String>> {
    let links: Vec<(&str, &str)> = entries
        .iter()
        .filter_map(|entry| Some((entry.path.as_str(), entry.link_target.as_deref()?)))
        .collect();
    let mut found = BTreeSet::new();
    let mut queue: Vec<String> = paths.iter().map(|path| clean_path(path)).collect();
    let mut followed = 0;
    while let Some(path) = queue.pop() {
        if !found.insert(path.clone()) || links.is_empty() {
            continue;
        }
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for end in ends {
            let prefix = Pattern::parse(&path[..end])?;
            for (link, target) in links.iter().filter(|(link, _)| prefix.matches(link)) {
                followed += 1;
                if followed > LINKS_MAX {
                    return Ok(found);
                }
                found.insert((*link).to_owned());
                let base = match link.rsplit_once('/') {
                    Some((directory, _)) if !target.starts_with('/') => directory,
                    Some(_) | None => "",
                };
                queue.push(clean_path(&format!("{base}/{target}{}", &path[end..])));
            }
        }
    }
    Ok(found)
}

/// All values of a header. Values outside ASCII come percent-encoded, and a second header says so.
fn values(metadata: &MetadataMap, key: &str) -> Vec<String> {
    let encoded = metadata.get(format!("{key}-encoded")).is_some_and(|value| value == "1");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let found = metadata.get_all(key).iter().map(|value| text(value.as_bytes()));
    if encoded { found.map(|value| decode(&value)).collect() } else { found.collect() }
}

/// Undoes Go's `url.QueryEscape`; what is not well-formed stays as it is.
pub(super) fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| byte == b'%');
        if let Some(value) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            decoded.push(value);
            at += 3;
        } else {
            decoded.push(if byte == b'+' { b' ' } else { byte });
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::super::source::{go_mode, normalise};
    use super::*;

    /// `path` is a file, `path/` a directory, `path->target` a symbolic link.
    fn listing(texts: &[&str]) -> Vec<ContextEntry> {
        let entry = |text: &&str| {
            if let Some((path, target)) = text.split_once("->") {
                let mut entry = ContextEntry::directory(path);
                entry.mode = go_mode::SYMLINK | 0o777;
                entry.link_target = Some(target.to_owned());
                return entry;
            }
            match text.strip_suffix('/') {
                Some(path) => ContextEntry::directory(path),
                None => ContextEntry { mode: 0o644, ..ContextEntry::directory(*text) },
            }
        };
        normalise(texts.iter().map(entry).collect()).unwrap()
    }

    fn owned(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn transfers_are_narrowed() {
        struct Case {
            include: &'static [&'static str],
            exclude: &'static [&'static str],
            follow: &'static [&'static str],
            expected: &'static [&'static str],
        }
        let tree = ["a/b/c", "a/b/d.log", "a/e", "empty/", "l->a/b", "m->/l/c", "z.log", "o->o/o"];
        let case = |include, exclude, follow, expected| Case { include, exclude, follow, expected };
        let cases = [
            case(&[], &[], &["z.log"], &["z.log"]),
            case(&[], &[], &["absent"], &[]),
            case(&[], &[], &["a/b"], &["a", "a/b", "a/b/c", "a/b/d.log"]),
            case(&[], &[], &["l/c"], &["a", "a/b", "a/b/c", "l"]),
            case(&[], &[], &["m"], &["a", "a/b", "a/b/c", "l", "m"]),
            case(&[], &[], &["*.log"], &["z.log"]),
            case(&[], &[], &["o"], &["o"]),
            case(&["a/*"], &["**/*.log"], &[], &["a", "a/b", "a/b/c", "a/e"]),
            case(
                &[],
                &["a", "!a/b/c", "l", "m", "o"],
                &[],
                &["a", "a/b", "a/b/c", "empty", "z.log"],
            ),
            case(&[], &["*", "!a/e"], &["/"], &["a", "a/e"]),
            case(&["empty"], &[], &[], &["empty"]),
        ];
        let entries = listing(&tree);
        for Case { include, exclude, follow, expected } in cases {
            let request = TransferRequest {
                directory: "context".to_owned(),
                include: owned(include),
                exclude: owned(exclude),
                follow: owned(follow),
            };
            let chosen = request.select(&entries).unwrap();
            let paths: Vec<&str> = chosen.iter().map(|&i| entries[i].path.as_str()).collect();
            assert_eq!(paths, expected, "{request:?}");
        }
    }

    #[test]
    fn headers_are_read() {
        let mut metadata = MetadataMap::new();
        metadata.insert("dir-name", "context".parse().unwrap());
        metadata.append("exclude-patterns", "a".parse().unwrap());
        metadata.append("exclude-patterns", "b+c".parse().unwrap());
        metadata.append("followpaths", "caf%C3%A9+x%2".parse().unwrap());
        metadata.insert("followpaths-encoded", "1".parse().unwrap());
        let request = TransferRequest::from_metadata(&metadata);
        assert_eq!(request.directory, "context");
        assert_eq!(request.exclude, ["a", "b+c"]);
        assert_eq!(request.follow, ["café x%2"]);
        assert!(request.include.is_empty());
    }
}
