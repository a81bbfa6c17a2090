//! The top level: sections in the order in which templates may use them.
//!
//! Invariant: every section is read even if an earlier one has mistakes, so one load reports all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use windlass_model::ProjectName;

use super::container::{Outline, outline};
use super::{container, engine, image, network, put, secret, section, set, task, volume};
use crate::diagnostic::Diagnostic;
use crate::document::{Container, Document, Group, Image, Settings, Task};
use crate::read::{Field, Item, Path, Reader, did_you_mean};
use crate::template::{Named, Scope};

/// Longest chain of `extends`.
const MAX_ANCESTORS: usize = 64;

#[derive(Default)]
struct Sections {
    settings: Settings,
    items: BTreeMap<&'static str, Item>,
}

impl Sections {
    fn get(&self, name: &str) -> Option<&Item> {
        self.items.get(name)
    }
}

macro_rules! sections {
    ($($name:literal),+) => {
        &[$(Field { name: $name, read: |s, _, i| { s.items.insert($name, i.clone()); } }),+]
    };
}

const SECTIONS: &[Field<Sections>] = sections![
    "name",
    "vars",
    "include",
    "defaults",
    "images",
    "containers",
    "volumes",
    "host",
    "host_root",
    "networks",
    "secrets",
    "groups",
    "engines",
    "tasks"
];

const SETTINGS: &[Field<Sections>] = &[
    Field { name: "repository", read: |s, r, i| put(&mut s.settings.repository, r.string(i)) },
    Field { name: "default_tag", read: |s, r, i| put(&mut s.settings.default_tag, r.string(i)) },
    Field {
        name: "default_domain",
        read: |s, r, i| put(&mut s.settings.default_domain, r.string(i)),
    },
    Field { name: "set_hostname", read: |s, r, i| set(&mut s.settings.set_hostname, r.bool(i)) },
    Field {
        name: "use_attached_parent_name",
        read: |s, r, i| set(&mut s.settings.use_attached_parent_name, r.bool(i)),
    },
];

/// What the caller knows beside the files.
pub struct Given<'a> {
    /// Wins over the file's `name`.
    pub name: Option<&'a str>,
    /// Directory of the main file.
    pub root: &'a std::path::Path,
}

/// Reads a merged tree. `None`: there was no mapping, or no name; both are reported.
pub fn read(reader: &Reader, root: &Item, given: &Given<'_>) -> Option<Document> {
    let vars = root.get("vars").map(|item| item.node).filter(|node| !node.is_null());
    if let Some(node) = vars.as_ref().filter(|node| node.as_mapping().is_none()) {
        let item = Item { node: Arc::clone(node), path: Path::root().key("vars"), key: None };
        reader.expected(&item, "a mapping of variables", None);
    }
    reader.templates().set_vars(vars.filter(|node| node.as_mapping().is_some()));
    let name = project_name(reader, root, given);
    if let Some(name) = &name {
        reader.templates().set_project(name.as_str());
    }
    let mut sections = Sections::default();
    if !reader.fields(root, &mut sections, &[SECTIONS, SETTINGS]) {
        return None;
    }
    let name = name.unwrap_or_else(|| ProjectName::new("project"));
    let document = read_sections(reader, &sections, name, given);
    let found = reader.templates().check_vars(&reader.sources());
    reader.report_all(found);
    Some(document)
}

fn project_name(reader: &Reader, root: &Item, given: &Given<'_>) -> Option<ProjectName> {
    let item = root.get("name").filter(|item| !item.node.is_null());
    let invalid = |text: &str| {
        let shown = crate::yaml::shorten(text);
        let help = ProjectName::normalise(text).map_or_else(
            || "use a-z, 0-9, _ and -, first a letter or a digit".to_owned(),
            |name| format!("write \"{name}\""),
        );
        Diagnostic::error("bad-name", format!("\"{shown}\" is not a project's name")).help(help)
    };
    if let Some(text) = given.name {
        if ProjectName::is_valid(text) {
            return Some(ProjectName::new(text));
        }
        reader.report(invalid(text));
        return None;
    }
    if let Some(item) = item {
        let text = reader.string(&item)?;
        if ProjectName::is_valid(&text) {
            return Some(ProjectName::new(text));
        }
        reader.report(invalid(&text).at(item.span(), "").in_path("name"));
        return None;
    }
    let directory = given.root.file_name().map(|name| name.to_string_lossy().into_owned());
    let found = directory.as_deref().and_then(ProjectName::normalise);
    if found.is_none() {
        let message = "the directory's name makes no project's name";
        reader.report(Diagnostic::error("bad-name", message).help("add `name:` to the file"));
    }
    found
}

fn read_sections(
    reader: &Reader,
    sections: &Sections,
    name: ProjectName,
    given: &Given<'_>,
) -> Document {
    let templates = reader.templates();
    let secrets =
        section(reader, sections.get("secrets"), "secrets", |_, i| secret::secret(reader, i));
    let values = secret::values(&secrets, templates.env().clone());
    templates.set_secrets(secrets.keys().cloned().collect(), values);
    let engines =
        section(reader, sections.get("engines"), "engines", |_, i| engine::engine(reader, i));

    let host_section = sections.get("host");
    let host_root = volume::host_root(reader, host_section, sections.get("host_root"));
    let mut host = section(reader, host_section, "host paths", |key, item| {
        (key != "root").then(|| volume::host_path(reader, host_root.as_deref(), item)).flatten()
    });
    host.remove("root");
    templates.set_names(
        Scope::Host,
        host.iter()
            .map(|(key, host)| {
                let text = host.path.clone().unwrap_or_default();
                (
                    key.clone(),
                    Named { text, parts: BTreeMap::new(), instances: host.instances.clone() },
                )
            })
            .collect(),
    );

    let volumes =
        section(reader, sections.get("volumes"), "volumes", |_, i| volume::volume(reader, i));
    templates.set_names(
        Scope::Volumes,
        volumes
            .iter()
            .map(|(key, volume)| {
                let text = volume.name.clone().unwrap_or_else(|| format!("{name}.{key}"));
                let parts = volume.path.iter().map(|path| ("path".to_owned(), path.clone()));
                (key.clone(), Named { text, parts: parts.collect(), instances: BTreeMap::new() })
            })
            .collect(),
    );

    let networks =
        section(reader, sections.get("networks"), "networks", |_, i| network::network(reader, i));
    templates.set_names(
        Scope::Networks,
        networks
            .iter()
            .map(|(key, network)| {
                let text = network.name.clone().unwrap_or_else(|| format!("{name}.{key}"));
                (key.clone(), Named { text, ..Named::default() })
            })
            .collect(),
    );

    let references = image_references(reader, sections, &name);
    templates.set_names(
        Scope::Images,
        references.iter().map(|(key, reference)| (key.clone(), image::named(reference))).collect(),
    );
    let outlines = outlines(reader, sections.get("containers"));
    let ancestors = Ancestors::new(reader, &outlines);
    templates.set_names(Scope::Containers, ancestors.names(&name));

    let (images, mut tasks) = images(reader, sections, &references);
    let containers = containers(reader, &outlines, &ancestors);
    let top = section(reader, sections.get("tasks"), "tasks", |key, item| {
        task::task(reader, key, item, None)
    });
    let names: BTreeSet<_> = top.keys().cloned().collect();
    tasks.retain_mut(|task| rename_taken(task, &names));
    tasks.extend(top.into_values());
    let groups = section(reader, sections.get("groups"), "groups", |_, item| {
        Some(Group { span: item.key_span(), members: reader.spanned_strings(item) })
    });
    let root = given.root.display().to_string();
    let settings = sections.settings.clone();
    Document {
        name,
        root,
        settings,
        images,
        containers,
        volumes,
        host,
        host_root,
        networks,
        secrets,
        groups,
        engines,
        tasks,
    }
}

/// A task of an image whose name is taken at the top is reached as `image.task`.
fn rename_taken(task: &mut Task, taken: &BTreeSet<String>) -> bool {
    if let (true, crate::document::TaskPlace::Image(image)) =
        (taken.contains(&task.name), &task.place)
    {
        task.name = format!("{}.{}", image.value, task.name);
    }
    true
}

fn image_references(
    reader: &Reader,
    sections: &Sections,
    project: &ProjectName,
) -> BTreeMap<String, String> {
    let defaults = sections.get("defaults");
    section(reader, sections.get("images"), "images", |key, item| {
        let mut identity = image::Identity::default();
        if let Some(defaults) = defaults {
            image::identity(reader, defaults, &mut identity);
        }
        image::identity(reader, item, &mut identity);
        Some(image::primary(reader, item, key, project.as_str(), &identity))
    })
}

fn images(
    reader: &Reader,
    sections: &Sections,
    references: &BTreeMap<String, String>,
) -> (BTreeMap<String, Image>, Vec<Task>) {
    let defaults = sections.get("defaults");
    let mut images = BTreeMap::new();
    let mut tasks: Vec<Task> = Vec::new();
    let Some(items) = sections.get("images") else { return (images, tasks) };
    for (key, item) in reader.entries(items, "images") {
        let Some(reference) = references.get(&*key.text) else { continue };
        let (image, task_items) =
            image::read(reader, &key.text, &item, defaults, reference.clone());
        for item in task_items {
            let found = section(reader, Some(&item), "tasks", |name, item| {
                task::task(reader, name, item, Some(&key.text))
            });
            for mut task in found.into_values() {
                if tasks.iter().any(|other| other.name == task.name) {
                    task.name = format!("{}.{}", key.text, task.name);
                }
                tasks.push(task);
            }
        }
        images.insert(key.text.to_string(), image);
    }
    (images, tasks)
}

fn outlines(reader: &Reader, item: Option<&Item>) -> BTreeMap<String, Outline> {
    section(reader, item, "containers", |_, item| {
        let resolved = reader.resolve(item)?;
        if !resolved.node.is_null() && resolved.node.as_mapping().is_none() {
            let help = "write a mapping with keys such as `image`, `command`, `ports`".to_owned();
            reader.expected(&resolved, "a mapping", Some(help));
            return None;
        }
        outline(reader, item)
    })
}

/// Each container's ancestors, farthest first, each once.
struct Ancestors<'a> {
    outlines: &'a BTreeMap<String, Outline>,
    of: BTreeMap<&'a str, Vec<&'a str>>,
}

impl<'a> Ancestors<'a> {
    fn new(reader: &Reader, outlines: &'a BTreeMap<String, Outline>) -> Self {
        let mut found = Self { outlines, of: BTreeMap::new() };
        let mut reported = BTreeSet::new();
        for key in outlines.keys() {
            let mut order = Vec::new();
            let mut path = vec![key.as_str()];
            found.collect(reader, key, &mut path, &mut order, &mut reported);
            order.pop();
            found.of.insert(key, order);
        }
        found
    }

    fn collect(
        &self,
        reader: &Reader,
        key: &'a str,
        path: &mut Vec<&'a str>,
        order: &mut Vec<&'a str>,
        reported: &mut BTreeSet<String>,
    ) {
        let Some(outline) = self.outlines.get(key) else { return };
        for base in &outline.extends {
            let Some((base_key, _)) = self.outlines.get_key_value(&base.value) else {
                self.missing(reader, outline, base, reported);
                continue;
            };
            if let Some(at) = path.iter().position(|other| other == base_key) {
                self.cycle(reader, &path[at..], base.span, reported);
                continue;
            }
            if order.contains(&base_key.as_str()) {
                continue;
            }
            if path.len() >= MAX_ANCESTORS || order.len() >= MAX_ANCESTORS {
                let message = format!("`extends` goes over more than {MAX_ANCESTORS} containers");
                if reported.insert("depth".to_owned()) {
                    reader.report(Diagnostic::error("extends-depth", message).at(base.span, ""));
                }
                return;
            }
            path.push(base_key);
            self.collect(reader, base_key, path, order, reported);
            path.pop();
        }
        order.push(key);
    }

    fn missing(
        &self,
        reader: &Reader,
        outline: &Outline,
        base: &crate::read::Spanned<String>,
        reported: &mut BTreeSet<String>,
    ) {
        let path = format!("{}.extends", outline.item.path);
        if !reported.insert(format!("{path} {}", base.value)) {
            return;
        }
        let known = self.outlines.keys().map(String::as_str);
        let help = reader.budgeted(|| did_you_mean(&base.value, known));
        let message = format!("unknown container \"{}\"", crate::yaml::shorten(&base.value));
        let found = Diagnostic::error("unknown-reference", message).at(base.span, "").in_path(path);
        reader.report(found.maybe_help(help));
    }

    fn cycle(
        &self,
        reader: &Reader,
        circle: &[&str],
        last: crate::Span,
        reported: &mut BTreeSet<String>,
    ) {
        let mut members: Vec<_> = circle.to_vec();
        members.sort_unstable();
        if !reported.insert(members.join(" ")) {
            return;
        }
        let mut names = circle.to_vec();
        names.extend(circle.first());
        let message = format!("containers extend one another in a circle: {}", names.join(" → "));
        let mut found = Diagnostic::error("extends-cycle", message).at(last, "closes the circle");
        for pair in circle.windows(2) {
            let outline = self.outlines.get(pair[0]);
            let base = outline.and_then(|o| o.extends.iter().find(|base| base.value == pair[1]));
            if let Some(base) = base {
                found = found.also(base.span, format!("{} extends {}", pair[0], pair[1]));
            }
        }
        reader.report(found.help("move what they share into an `abstract` container"));
    }

    fn get(&self, key: &str) -> Vec<&'a Outline> {
        let order = self.of.get(key).into_iter().flatten();
        order.filter_map(|key| self.outlines.get(*key)).collect()
    }

    /// What templates see of each container.
    fn names(&self, project: &ProjectName) -> BTreeMap<String, Named> {
        let concrete = self.outlines.iter().filter(|(_, outline)| !outline.is_abstract);
        concrete
            .map(|(key, outline)| {
                let text = format!("{project}.{key}");
                let all = self.get(key).into_iter().chain([outline]);
                let instances = all.flat_map(|outline| outline.instances.iter());
                let instances = instances
                    .map(|instance| (instance.value.clone(), format!("{text}.{}", instance.value)))
                    .collect();
                let parts = BTreeMap::from([
                    ("name".to_owned(), text.clone()),
                    ("hostname".to_owned(), crate::lower::hostname(&text)),
                ]);
                (key.clone(), Named { text, parts, instances })
            })
            .collect()
    }
}

fn containers(
    reader: &Reader,
    outlines: &BTreeMap<String, Outline>,
    ancestors: &Ancestors<'_>,
) -> BTreeMap<String, Container> {
    outlines
        .iter()
        .map(|(key, outline)| {
            (key.clone(), container::read(reader, key, outline, &ancestors.get(key)))
        })
        .collect()
}
