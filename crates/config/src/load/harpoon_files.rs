//! Harpoon's files: the one at home, those that others name, and directories of images.
//!
//! Invariant: what a file names is merged over it, but directories of images under it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::merge::merge;
use super::tree::{Root, Tree};
use super::{Dialect, LoadOptions};
use crate::diagnostic::Diagnostic;
use crate::harpoon::{self, Surroundings};
use crate::yaml::{Mapping, Node, Style};

/// Directories within one another.
const MAX_DEPTH: usize = 32;

impl Tree<'_> {
    /// What is under every Harpoon file, if there is something.
    pub(super) fn home_file(&mut self) -> Option<Arc<Node>> {
        let home = self.options.home.as_ref()?;
        let path = home.join(harpoon::HOME_FILE);
        let has_text =
            || std::fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() > 0);
        (self.options.dialect == Dialect::Harpoon && has_text()).then(|| self.file(&path, None))?
    }

    /// A configuration with the files that it names.
    pub(super) fn harpoon_files(&mut self, node: &Arc<Node>, file: &Path) -> Arc<Node> {
        let directory = self.options.directory(file);
        let (from, mut root) = harpoon::images_from(node);
        for place in from {
            let Some(text) = self.path_text(&place, node) else { continue };
            let path = directory.join(text);
            if !path.is_dir() {
                let found =
                    Diagnostic::error("unreadable-file", "this directory of images is not there");
                let found = found.at(place.span, "").in_path("images.__images_from__");
                self.diagnostics.push(found.help(format!("looked for {}", path.display())));
                continue;
            }
            for (name, file) in image_files(&path, MAX_DEPTH) {
                if let Some(options) = self.file(&file, Some(place.span)) {
                    root = merge(&harpoon::image_file(&name, &options), &root);
                }
            }
        }
        for place in harpoon::extra_files(&root) {
            let Some(text) = self.path_text(&place, node) else { continue };
            if let Some(more) = self.file(&self.options.root().join(text), Some(place.span)) {
                root = merge(&root, &more);
            }
        }
        root
    }

    fn path_text(&mut self, place: &Arc<Node>, root: &Arc<Node>) -> Option<String> {
        let directory = self.options.root().display().to_string();
        let text = place.as_scalar().map(|scalar| &*scalar.text);
        let found = match text {
            Some(text) => harpoon::extra_path(root, text, &directory),
            None => Err(format!("expected a path, found {}", place.describe())),
        };
        let report = |message| {
            self.diagnostics.push(Diagnostic::error("bad-value", message).at(place.span, ""));
        };
        found.map_err(report).ok()
    }

    /// The tree of the native format that all files together are.
    pub(super) fn harpoon(&mut self, files: &Arc<Node>) -> Root {
        for span in harpoon::credentials(files) {
            self.sources.hide(span);
        }
        let mut root = Arc::clone(files);
        for given in self.given().map(|(_, given)| given).unwrap_or_default() {
            if given.is_asked || harpoon::path(&root, &given.name).is_some() {
                root = harpoon::overridden(&root, &given.name, &literal(&given.value));
            }
        }
        let variables = variables(files, self.options);
        let surroundings = Surroundings {
            env: &self.options.env,
            sources: self.sources,
            is_written: self.is_written,
        };
        Root { node: harpoon::project(&root, surroundings, self.diagnostics), variables }
    }
}

/// What `--set` names and the files have.
fn variables(files: &Arc<Node>, options: &LoadOptions) -> Vec<String> {
    let keys = files.as_mapping().map(Mapping::entries).unwrap_or_default();
    let keys = keys.iter().map(|entry| entry.key.text.to_string());
    let paths = options.set.iter().map(|(name, _)| name);
    keys.chain(paths.filter(|name| harpoon::path(files, name).is_some()).cloned()).collect()
}

/// A value with its braces as Harpoon writes those that are meant.
fn literal(value: &Arc<Node>) -> Arc<Node> {
    let Some(scalar) = value.as_scalar().filter(|scalar| scalar.text.contains(['{', '}'])) else {
        return Arc::clone(value);
    };
    let text = scalar.text.replace('{', "{{").replace('}', "}}");
    Arc::new(Node::string(value.span, text, Style::Quoted))
}

/// Each with the name of the image, by their paths.
fn image_files(directory: &Path, depth: usize) -> Vec<(String, PathBuf)> {
    let Ok(found) = std::fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = found.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let is_yaml = path.extension().is_some_and(|end| end == "yml" || end == "yaml");
        if path.is_dir() {
            all.extend(
                depth.checked_sub(1).map(|depth| image_files(&path, depth)).unwrap_or_default(),
            );
        } else if let Some(name) = path.file_stem().filter(|_| is_yaml) {
            all.push((name.to_string_lossy().into_owned(), path));
        }
    }
    all
}
