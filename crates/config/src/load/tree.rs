//! Files with their includes, and variables from outside, as one tree.
//!
//! Invariant: a file is read once; a circle of includes is an error that shows it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::merge::merge;
use super::{Dialect, LoadOptions, resources};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::docker_map;
use crate::lower::Overlay;
use crate::source::{SourceMap, Span};
use crate::yaml::{self, Entry, Key, Mapping, Node, ParseOptions, Style, Value};

const MAX_FILES: usize = 1000;
/// Files that include one another in a chain: each takes its part of the stack.
const MAX_CHAIN: usize = 32;

pub(super) struct Tree<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) sources: &'a mut SourceMap,
    pub(super) diagnostics: &'a mut Diagnostics,
    /// Files that are being read, outermost first.
    open: Vec<String>,
    /// Files that were read.
    done: HashSet<String>,
    /// Bytes that may still be read.
    left: usize,
    /// The tree is to be written down, not to be run.
    pub(super) is_written: bool,
}

/// As [`read`], of what is to be written down.
pub(super) fn read_to_write(
    options: &LoadOptions,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Root> {
    read_as(options, sources, diagnostics, true)
}

pub(super) fn read(
    options: &LoadOptions,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Option<Root> {
    read_as(options, sources, diagnostics, false)
}

fn read_as(
    options: &LoadOptions,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
    is_written: bool,
) -> Option<Root> {
    let mut tree = Tree {
        options,
        sources,
        diagnostics,
        open: Vec::new(),
        done: HashSet::new(),
        left: yaml::MAX_BYTES,
        is_written,
    };
    if options.files.is_empty() {
        let found = Diagnostic::error("no-file", "there is no file to load");
        tree.diagnostics.push(found.help("name one, or make a windlass.yaml"));
    }
    let mut parts: Vec<Arc<Node>> = tree.home_file().into_iter().collect();
    parts.extend(options.files.iter().filter_map(|file| tree.file(file, None)));
    let mut root = parts.iter().cloned().reduce(|base, over| merge(&base, &over));
    if options.dialect == Dialect::Harpoon {
        return root.map(|root| tree.harpoon(&root));
    }
    if options.dialect == Dialect::Windlass {
        root = root.map(|root| resources::join(&root, &parts, tree.diagnostics));
    }
    let clients = options.clients.as_ref().and_then(|file| tree.clients(file));
    root.map(|root| {
        let root = clients.map_or_else(|| Arc::clone(&root), |clients| merge(&root, &clients));
        let vars = root.as_mapping().and_then(|map| map.get("vars"));
        let vars = vars.and_then(|entry| entry.value.as_mapping());
        let names = vars.into_iter().flat_map(Mapping::entries);
        let variables = names.map(|entry| entry.key.text.to_string()).collect();
        Root { node: tree.set_vars(root), variables }
    })
}

/// All files as one tree, with what the caller set.
#[derive(Clone)]
pub(super) struct Root {
    pub(super) node: Arc<Node>,
    /// That the files declare.
    pub(super) variables: Vec<String>,
}

impl Root {
    /// The same with some keys of one image or container otherwise.
    pub(super) fn under(self, overlay: Overlay) -> Self {
        let Overlay { section, key, node } = overlay;
        let place = node.span;
        let mut over = node;
        for name in [key.as_str(), section] {
            let mut map = Mapping::default();
            let key = Key { text: name.into(), span: place };
            map.replace(Entry { key, value: over, merged: None });
            over = Arc::new(Node::new(place, Value::Mapping(map)));
        }
        Self { node: merge(&self.node, &over), ..self }
    }
}

impl Tree<'_> {
    pub(super) fn file(&mut self, file: &Path, included: Option<Span>) -> Option<Arc<Node>> {
        let shown =
            if file == Path::new("-") { "<stdin>".to_owned() } else { file.display().to_string() };
        let identity = if file == Path::new("-") {
            shown.clone()
        } else {
            crate::read::clean(&self.options.cwd.join(file))
        };
        if self.open.contains(&identity) {
            self.cycle(&identity, included);
            return None;
        }
        if self.done.contains(&identity) {
            return None;
        }
        let too_many = if self.done.len() + self.open.len() >= MAX_FILES {
            Some(format!("more than {MAX_FILES} files"))
        } else if self.open.len() >= MAX_CHAIN {
            Some(format!("files include one another over more than {MAX_CHAIN} steps"))
        } else {
            None
        };
        if let Some(message) = too_many {
            let found = Diagnostic::error("too-many-files", message);
            self.diagnostics.push(match included {
                Some(span) => found.at(span, "").in_path("include"),
                None => found,
            });
            return None;
        }
        let bytes = self.bytes(file, &shown, included)?;
        self.open.push(identity);
        let node = self.parse(bytes, &shown, self.options.directory(file));
        let node = node.map(|node| match self.options.dialect {
            Dialect::Windlass => self.includes(node, file),
            Dialect::DockerMap => {
                docker_map::map(&node, self.options.surroundings(), self.diagnostics)
            }
            Dialect::Harpoon => self.harpoon_files(&node, file),
        });
        self.done.extend(self.open.pop());
        node
    }

    fn bytes(&mut self, file: &Path, shown: &str, included: Option<Span>) -> Option<Vec<u8>> {
        if file == Path::new("-") {
            return Some(self.options.stdin.clone().unwrap_or_default());
        }
        let path = self.options.cwd.join(file);
        let limit = self.left as u64;
        // A shell's `<(command)` is for whoever started the program to name, not for a file.
        let read = if included.is_none() && windlass_files::is_descriptor(&path) {
            windlass_files::read_descriptor(&path, limit)
        } else {
            windlass_files::read(&path, limit)
        };
        match read {
            Ok(bytes) => {
                self.left = self.left.saturating_sub(bytes.len());
                Some(bytes)
            }
            Err(error) => {
                let reason = reason(&error);
                let message = format!("{} cannot be read: {reason}", yaml::shorten(shown));
                let mut found = Diagnostic::error("unreadable-file", message);
                if let Some(span) = included {
                    found = found.at(span, "included here").in_path("include");
                }
                self.diagnostics.push(found.help(format!("looked for {}", path.display())));
                None
            }
        }
    }

    fn parse(&mut self, bytes: Vec<u8>, shown: &str, directory: PathBuf) -> Option<Arc<Node>> {
        let text: Arc<str> = match yaml::decode(bytes) {
            Ok(text) => text.into(),
            Err(error) => {
                let file = self.sources.add(shown, directory, error.text);
                let found = Diagnostic::error(error.code, error.message);
                self.diagnostics
                    .push(found.at(Span::new(file, error.at, error.at), "").help(error.help));
                return None;
            }
        };
        let file = self.sources.add(shown, directory, Arc::clone(&text));
        let tags = self.options.dialect.tags();
        let before = self.diagnostics.len();
        let root = yaml::parse(
            file,
            &text,
            ParseOptions { tags, max_nodes: yaml::MAX_NODES },
            self.diagnostics,
        );
        match root {
            Some(root) if !root.is_null() => Some(root),
            _ => {
                if self.diagnostics.len() == before {
                    let found = Diagnostic::error("empty-file", "the file is empty");
                    let found = found.at(Span::new(file, 0, 0), "");
                    self.diagnostics.push(found.help("declare something, such as `containers:`"));
                }
                None
            }
        }
    }

    /// A tree with the engines that a file of clients declares.
    fn clients(&mut self, file: &Path) -> Option<Arc<Node>> {
        let shown = file.display().to_string();
        let bytes = self.bytes(file, &shown, None)?;
        let node = self.parse(bytes, &shown, self.options.directory(file))?;
        for span in docker_map::credentials(&node) {
            self.sources.hide(span);
        }
        let engines = docker_map::clients(&node, self.options.surroundings(), self.diagnostics);
        let key = Key { text: "engines".into(), span: node.span };
        let mut root = Mapping::default();
        root.replace(Entry { key, value: engines, merged: None });
        Some(Arc::new(Node::new(node.span, Value::Mapping(root))))
    }

    /// The tree with what it includes: in order, later ones win.
    fn includes(&mut self, node: Arc<Node>, file: &Path) -> Arc<Node> {
        let Some(include) = node.as_mapping().and_then(|map| map.get("include")) else {
            return node;
        };
        let items: Vec<Arc<Node>> = match &include.value.value {
            Value::Sequence(items) => items.clone(),
            Value::Scalar(_) if include.value.is_null() => Vec::new(),
            Value::Scalar(_) | Value::Mapping(_) => vec![Arc::clone(&include.value)],
        };
        let mut parts = Vec::new();
        for item in items {
            let Some(scalar) = item.as_scalar().filter(|_| !item.is_null()) else {
                let message = format!("expected a path, found {}", item.describe());
                let found = Diagnostic::error("wrong-type", message).at(item.span, "");
                self.diagnostics.push(found.in_path("include").help("write include: [other.yaml]"));
                continue;
            };
            let base = if file == Path::new("-") {
                Path::new("")
            } else {
                file.parent().unwrap_or(Path::new(""))
            };
            let path = match (scalar.text.strip_prefix("~/"), &self.options.home) {
                (Some(rest), Some(home)) => home.join(rest),
                _ => base.join(&*scalar.text),
            };
            parts.extend(self.file(&path, Some(item.span)));
        }
        let root = parts.iter().fold(Arc::clone(&node), |root, more| merge(&root, more));
        // What is included comes before what needs it.
        parts.push(node);
        resources::join(&root, &parts, self.diagnostics)
    }

    fn cycle(&mut self, identity: &str, included: Option<Span>) {
        let at = self.open.iter().position(|open| open == identity).unwrap_or(0);
        let mut names: Vec<&str> =
            self.open.get(at..).unwrap_or_default().iter().map(String::as_str).collect();
        names.push(identity);
        let message = format!("files include one another in a circle: {}", names.join(" → "));
        let mut found =
            Diagnostic::error("include-cycle", message).help("remove one of the includes");
        if let Some(span) = included {
            found = found.at(span, "closes the circle").in_path("include");
        }
        self.diagnostics.push(found);
    }

    /// Variables from the environment and the command line, over those of the files.
    fn set_vars(&mut self, root: Arc<Node>) -> Arc<Node> {
        let Some((place, given)) = self.given() else { return root };
        let mut vars = Mapping::default();
        for Given { name, value, span, .. } in given {
            vars.replace(Entry { key: Key { text: name.into(), span }, value, merged: None });
        }
        let mut over = Mapping::default();
        let key = Key { text: "vars".into(), span: place };
        let value = Arc::new(Node::new(place, Value::Mapping(vars)));
        over.replace(Entry { key, value, merged: None });
        merge(&root, &Arc::new(Node::new(place, Value::Mapping(over))))
    }

    /// What is set from outside, later ones win, and the place of the last one's name.
    pub(super) fn given(&mut self) -> Option<(Span, Vec<Given>)> {
        let from_env = self.options.env.iter().filter_map(|(name, value)| {
            name.strip_prefix("WINDLASS_VAR_").map(|name| ("environment", name, value.as_str()))
        });
        let from_set =
            self.options.set.iter().map(|(name, value)| ("--set", name.as_str(), value.as_str()));
        let mut all = Vec::new();
        for (origin, name, value) in from_env.chain(from_set) {
            let text = format!("{name}={value}");
            let file = self.sources.add(origin, self.options.cwd.clone(), text.clone());
            let span = Span::new(file, name.len() + 1, text.len());
            // What comes from outside is a value, never a template.
            let braces = value.contains("{{") || value.contains("{%");
            let style = if braces { Style::Rendered } else { Style::Plain };
            let value = Arc::new(Node::string(span, value, style));
            let span = Span::new(file, 0, name.len());
            all.push(Given { name: name.to_owned(), value, span, is_asked: origin == "--set" });
        }
        Some((all.last()?.span, all))
    }
}

/// A value from outside.
pub(super) struct Given {
    pub(super) name: String,
    pub(super) value: Arc<Node>,
    /// Of its name.
    pub(super) span: Span,
    /// By `--set`; the environment may have variables that no file knows.
    pub(super) is_asked: bool,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of errors are open")]
fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::IsADirectory => "it is a directory".to_owned(),
        std::io::ErrorKind::FileTooLarge => {
            let limit = yaml::MAX_BYTES >> 20;
            format!("the files of a project have at most {limit} MiB together")
        }
        _ => error.to_string(),
    }
}
