//! The top level: sections in the order in which templates may use them.
//!
//! Invariant: every section is read even if an earlier one has mistakes, so one load reports all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use windlass_model::{ProjectName, SortedMap};

use super::ancestors::Ancestors;
use super::container::{Outline, outline};
use super::{
    container, engine, image, image_name, network, put, secret, section, set, task, volume,
};
use crate::diagnostic::Diagnostic;
use crate::document::{
    Container, Document, Group, HostPath, Image, Network, Secret, Settings, Task, TaskPlace, Volume,
};
use crate::load::Dialect;
use crate::read::{Field, Item, Path, Reader};
use crate::scalar::{ScalarError, domain_name, image_reference};
use crate::source::Span;
use crate::template::{Named, Scope};

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
    Field {
        name: "repository",
        read: |s, r, i| put(&mut s.settings.repository, setting(r, i, repository)),
    },
    Field {
        name: "default_tag",
        read: |s, r, i| put(&mut s.settings.default_tag, setting(r, i, tag)),
    },
    Field {
        name: "default_domain",
        read: |s, r, i| put(&mut s.settings.default_domain, setting(r, i, domain_name)),
    },
    Field { name: "set_hostname", read: |s, r, i| set(&mut s.settings.set_hostname, r.bool(i)) },
    Field { name: "shared_ports", read: |s, r, i| set(&mut s.settings.shared_ports, r.bool(i)) },
    Field {
        name: "use_attached_parent_name",
        read: |s, r, i| set(&mut s.settings.use_attached_parent_name, r.bool(i)),
    },
    Field {
        name: "default_engines",
        read: |s, r, i| s.settings.default_engines = r.spanned_strings(i),
    },
];

/// A setting that is part of other names; an empty one is none.
fn setting(
    reader: &Reader,
    item: &Item,
    parser: impl Fn(&str) -> Result<String, ScalarError>,
) -> Option<String> {
    let parser = |text: &str| if text.is_empty() { Ok(None) } else { parser(text).map(Some) };
    reader.parse(item, parser).flatten()
}

/// What stands before the name of an image.
fn repository(text: &str) -> Result<String, ScalarError> {
    let prefix = text.trim_end_matches('/');
    image_reference(&format!("{prefix}/x")).map(|_| prefix.to_owned())
}

fn tag(text: &str) -> Result<String, ScalarError> {
    let found = image_reference(&format!("x:{text}"));
    found.map(|_| text.to_owned()).map_err(|error| ScalarError { range: None, ..error })
}

/// What the caller knows beside the files.
pub struct Given<'a> {
    /// Wins over the file's `name`.
    pub name: Option<&'a str>,
    /// What the project is named after if nothing says how it is called.
    pub origin: Option<String>,
    /// What the files were written in; this tree is the native format's.
    pub dialect: Dialect,
    /// Engines are written as docker-map's clients, in a file of their own.
    pub says_clients: bool,
    /// Directory of the main file.
    pub root: &'a std::path::Path,
}

/// Reads a merged tree. `None`: there was no mapping, or no name; both are reported.
pub fn read(reader: &Reader, root: Item, given: &Given<'_>) -> Option<Document> {
    let vars = root.get("vars").map(|item| item.node).filter(|node| !node.is_null());
    if let Some(node) = vars.as_ref().filter(|node| node.as_mapping().is_none()) {
        let item = Item { node: Arc::clone(node), path: Path::root().key("vars"), key: None };
        reader.expected(&item, "a mapping of variables", None);
    }
    reader.templates().set_vars(vars.filter(|node| node.as_mapping().is_some()));
    let name = project_name(reader, &root, given);
    if let Some(name) = &name {
        reader.templates().set_project(name.as_str());
    }
    let mut sections = Sections::default();
    if !reader.fields(&root, &mut sections, &[SECTIONS, SETTINGS]) {
        return None;
    }
    if given.dialect == Dialect::Windlass
        && let Some(span) = container_of_a_map(&root)
    {
        reader.advise(span, "this looks like a map of docker-map: add `--dialect docker-map`");
    }
    drop(root);
    let name = name.unwrap_or_else(|| ProjectName::new("project"));
    let defaults = sections.get("defaults").filter(|item| !item.node.is_null());
    if let Some(defaults) = defaults.filter(|item| item.node.as_mapping().is_none()) {
        reader.expected(defaults, "a mapping of what images have in common", None);
        sections.items.remove("defaults");
    }
    let document = read_sections(reader, &mut sections, name, given);
    let found = reader.templates().check_vars(&reader.sources());
    reader.report_all(found);
    reader.templates().forget_names();
    Some(document)
}

/// The first of several root keys that are containers, as in a map of docker-map.
fn container_of_a_map(root: &Item) -> Option<Span> {
    let map = root.node.as_mapping().filter(|map| map.get("containers").is_none())?;
    let (known, keys) = (crate::read::names(&[SECTIONS]), super::container_keys());
    let settings = crate::read::names(&[SETTINGS]);
    let mut containers = map.entries().iter().filter(|entry| {
        let key = &*entry.key.text;
        let own = entry.value.as_mapping().filter(|own| !own.entries().is_empty());
        !known.contains(&key)
            && !settings.contains(&key)
            && !key.starts_with("x-")
            && own.is_some_and(|own| own.entries().iter().all(|own| keys.contains(&&*own.key.text)))
    });
    let first = containers.next()?;
    containers.next().map(|_| first.key.span)
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
    let found = given.origin.as_deref().and_then(ProjectName::normalise);
    if found.is_none() {
        let message = "the directory's name makes no project's name";
        reader.report(Diagnostic::error("bad-name", message).help("add `name:` to the file"));
    }
    found
}

fn read_sections(
    reader: &Reader,
    sections: &mut Sections,
    name: ProjectName,
    given: &Given<'_>,
) -> Document {
    let secrets = secrets(reader, sections);
    let engines =
        section(reader, sections.get("engines"), "engines", |_, i| engine::engine(reader, i));
    let host_root = volume::host_root(reader, sections.get("host"), sections.get("host_root"));
    let host = host(reader, sections, host_root.as_deref());
    let volumes = volumes(reader, sections, &name);
    let networks = networks(reader, sections, &name);
    let references = image_references(reader, sections, &name);
    let named = references.iter().map(|(key, text)| (key.clone(), image_name::named(text)));
    reader.templates().set_names(Scope::Images, named.collect());
    let item = sections.items.remove("containers");
    let outlines = outlines(reader, item.as_ref());
    drop(item);
    let ancestors = Ancestors::new(reader, &outlines);
    reader.templates().set_names(Scope::Containers, ancestors.names(&name));
    let lines = ancestors.lines();
    let of_containers: Vec<(String, Item)> = outlines
        .iter()
        .filter_map(|(key, outline)| Some((key.clone(), outline.item.get("tasks")?)))
        .collect();
    let (images, mut owned) = images(reader, sections, &references);
    let containers = containers(reader, outlines, &lines);
    task::of_containers(reader, &of_containers, &mut owned);
    let tasks = tasks(reader, sections, owned);
    let groups = section(reader, sections.get("groups"), "groups", |_, item| {
        Some(Group { span: item.key_span(), members: reader.spanned_strings(item) })
    });
    let root = given.root.display().to_string();
    let settings = sections.settings.clone();
    Document {
        dialect: given.dialect,
        says_clients: given.says_clients,
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

fn secrets(reader: &Reader, sections: &Sections) -> BTreeMap<String, Secret> {
    let secrets =
        section(reader, sections.get("secrets"), "secrets", |_, i| secret::secret(reader, i));
    let values = secret::values(&secrets, reader.templates().env().clone());
    reader.templates().set_secrets(secrets.keys().cloned().collect(), values);
    secrets
}

fn host(reader: &Reader, sections: &Sections, root: Option<&str>) -> BTreeMap<String, HostPath> {
    let host = section(reader, sections.get("host"), "host paths", |key, item| {
        (key != "root").then(|| volume::host_path(reader, root, item)).flatten()
    });
    let named = host.iter().map(|(key, host)| {
        let text = host.path.clone().unwrap_or_default();
        (key.clone(), Named { text, parts: SortedMap::new(), instances: host.instances.clone() })
    });
    reader.templates().set_names(Scope::Host, named.collect());
    host
}

fn volumes(
    reader: &Reader,
    sections: &Sections,
    project: &ProjectName,
) -> BTreeMap<String, Volume> {
    let volumes =
        section(reader, sections.get("volumes"), "volumes", |_, i| volume::volume(reader, i));
    let named = volumes.iter().map(|(key, volume)| {
        let parts = volume.path.iter().map(|path| ("path", path.clone()));
        let text = volume.engine_name(project, key);
        (key.clone(), Named { text, parts: parts.collect(), instances: BTreeMap::new() })
    });
    reader.templates().set_names(Scope::Volumes, named.collect());
    volumes
}

fn networks(
    reader: &Reader,
    sections: &Sections,
    project: &ProjectName,
) -> BTreeMap<String, Network> {
    let networks =
        section(reader, sections.get("networks"), "networks", |_, i| network::network(reader, i));
    let named = networks.iter().map(|(key, network)| {
        (key.clone(), Named { text: network.engine_name(project, key), ..Named::default() })
    });
    reader.templates().set_names(Scope::Networks, named.collect());
    networks
}

/// Tasks of images, of containers and of the top. A name that is taken at the top belongs to that one; the other task is
/// reached as `image.task` or `container.task`.
fn tasks(reader: &Reader, sections: &Sections, mut owned: Vec<Task>) -> Vec<Task> {
    let top = section(reader, sections.get("tasks"), "tasks", |key, item| {
        task::task(reader, key, item, None)
    });
    for task in &mut owned {
        let (TaskPlace::Image(place) | TaskPlace::Container(place)) = &task.place else { continue };
        if top.contains_key(&task.name) {
            task.name = format!("{}.{}", place.value, task.name);
        }
    }
    owned.extend(top.into_values());
    owned
}

fn image_references(
    reader: &Reader,
    sections: &Sections,
    project: &ProjectName,
) -> BTreeMap<String, String> {
    let defaults = sections.get("defaults");
    section(reader, sections.get("images"), "images", |key, item| {
        let mut identity = image_name::Identity::default();
        if let Some(defaults) = defaults {
            image_name::identity(reader, defaults, &mut identity);
        }
        image_name::identity(reader, item, &mut identity);
        Some(image_name::primary(reader, item, key, project.as_str(), &identity))
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
                task::task(reader, name, item, Some(task::Owner::Image(&key.text)))
            });
            task::add(&mut tasks, &key.text, found.into_values());
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

/// Reads each container. Its part of the tree goes with its outline: unless others extend it, nothing else
/// needs it, and all parts together are larger than what is made of them.
fn containers(
    reader: &Reader,
    outlines: BTreeMap<String, Outline>,
    lines: &BTreeMap<String, Vec<String>>,
) -> SortedMap<String, Container> {
    let extended: BTreeSet<&String> = lines.values().flatten().collect();
    let bases = outlines.iter().filter(|(key, _)| extended.contains(key));
    let bases: BTreeMap<String, Outline> =
        bases.map(|(key, outline)| (key.clone(), outline.clone())).collect();
    let read = |(key, outline): (String, Outline)| {
        let line = lines.get(&key).into_iter().flatten();
        let ancestors: Vec<&Outline> = line.filter_map(|key| bases.get(key)).collect();
        let container = container::read(reader, &key, &outline, &ancestors);
        (key, container)
    };
    outlines.into_iter().map(read).collect()
}
