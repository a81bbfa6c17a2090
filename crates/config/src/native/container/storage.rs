//! Keys about storage: docker-map's shares, binds, attaches and uses; mounts; tmpfs; secrets.
//!
//! Invariant: aliases stay words here; only paths of mounts become absolute.

use windlass_model::mount::{Mount, MountSource};

use super::super::shorthand::{Shape, at_most, read_only, shapes};
use super::super::{put, set};
use super::process::container_path;
use super::{each_once, replace_by, unite};
use crate::document::{Attach, Bind, Container, MountEntry, MountFrom, UseVolume};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{
    PROPAGATIONS, ScalarError, ShortSource, short_mount, size, symbolic_mode, tmpfs_options,
};

pub(super) const FIELDS: &[Field<Container>] = &[
    Field {
        name: "shares",
        read: |c, r, i| {
            let items = r.list_or_one(i);
            let paths = items
                .iter()
                .filter_map(|item| Some(Spanned::new(container_path(r, item)?, item.span())));
            unite(&mut c.shares, paths.collect());
        },
    },
    Field { name: "binds", read: binds },
    Field {
        name: "attaches",
        read: |c, r, i| replace_by(&mut c.attaches, attaches(r, i), |one| one.alias.clone()),
    },
    Field {
        name: "uses",
        read: |c, r, i| replace_by(&mut c.uses, uses(r, i), |one| one.name.clone()),
    },
    Field { name: "permissions", read: |c, r, i| put(&mut c.permissions, permissions(r, i)) },
    Field { name: "mounts", read: |c, r, i| c.mounts.extend(mounts(r, i)) },
    Field { name: "volumes", read: |c, r, i| c.mounts.extend(mounts(r, i)) },
    Field { name: "tmpfs", read: tmpfs },
    Field {
        name: "shm_size",
        read: |c, r, i| put(&mut c.config.shm_size_bytes, r.parse(i, shm_size)),
    },
    Field { name: "read_only", read: |c, r, i| set(&mut c.config.read_only, r.bool(i)) },
    Field {
        name: "secrets",
        read: |c, r, i| {
            let all = each_once(r, i, super::secrets::secrets(r, i), |one| &one.target);
            replace_by(&mut c.secrets, all, |one| one.target.clone());
        },
    },
];

/// Who may do what in a volume's root: as text, because it changes what is there.
pub(in super::super) fn permissions(reader: &Reader, item: &Item) -> Option<Spanned<String>> {
    let text = reader.spanned(item)?;
    let found = symbolic_mode(&text.value, 0o755);
    found.map_err(|error| reader.report(reader.scalar_error(item, error))).ok()?;
    Some(text)
}

/// An engine takes 0 for its own default.
fn shm_size(text: &str) -> Result<u64, ScalarError> {
    match size(text)? {
        0 => Err(ScalarError::new("shm_size is 0").help("leave it out for the default, 64m")),
        bytes => Ok(bytes),
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with(['/', '.', '~'])
}

fn binds(container: &mut Container, reader: &Reader, item: &Item) {
    let mut found = Vec::new();
    for shape in shapes(reader, item, &["path", "name"], true) {
        match shape {
            Shape::Positions(parts) => {
                at_most(reader, &parts, 3, "[path, host_path, ro] or [alias, ro]");
                let text = parts.first().and_then(|part| part.node.as_scalar());
                if parts.len() == 1 && text.is_some_and(|scalar| scalar.text.contains(':')) {
                    container.mounts.extend(short(reader, &parts[0]));
                } else {
                    found.extend(bind(reader, &parts));
                }
            }
            Shape::Named(item) => found.extend(named_bind(reader, &item)),
        }
    }
    replace_by(&mut container.binds, found, |bind| match bind {
        Bind::Alias { alias, .. } => alias.clone(),
        Bind::Pair { path, .. } => path.clone(),
    });
}

fn bind(reader: &Reader, parts: &[Item]) -> Option<Spanned<Bind>> {
    let (first, rest) = parts.split_first()?;
    let span = first.span();
    let name = reader.string(first)?;
    let read_only_at = |at: usize| rest.get(at).map_or(Some(false), |part| read_only(reader, part));
    if !is_path(&name) {
        if let Some(path) = rest.first().filter(|part| !looks_like_flag(part)) {
            let shown = crate::yaml::shorten(&name);
            let message = format!("a path beside the alias \"{shown}\"");
            let help = "its path in the container is said under `volumes`, that of the host under `host`; \
                        without an alias write {/path/in/the/container: [/path/on/the/host, ro]}";
            reader.report(reader.error(path, "bad-value", message).help(help));
            return None;
        }
        let read_only = read_only_at(0)?;
        return Some(Spanned::new(Bind::Alias { alias: name, read_only }, span));
    }
    let path = container_path(reader, first)?;
    let Some(host) = rest.first() else {
        let message = format!("the bind mount at \"{path}\" has no path on the host");
        let help = format!("write {{{path}: /path/on/the/host}}, or the name of an alias");
        reader.report(reader.error(first, "missing-key", message).help(help));
        return None;
    };
    let host_path = home(reader, host)?;
    let read_only = read_only_at(1)?;
    Some(Spanned::new(Bind::Pair { path, host_path, read_only }, span))
}

/// As written; only `~` is replaced, because relative paths start from the host root.
fn home(reader: &Reader, item: &Item) -> Option<String> {
    let text = reader.string(item)?;
    Some(if text.starts_with('~') { reader.absolute(item, &text) } else { text })
}

#[derive(Default)]
struct NamedBind {
    name: Option<String>,
    path: Option<String>,
    host_path: Option<String>,
    read_only: bool,
}

const BIND: &[Field<NamedBind>] = &[
    Field { name: "name", read: |b, r, i| b.name = r.string(i) },
    Field { name: "path", read: |b, r, i| b.path = container_path(r, i) },
    Field { name: "host_path", read: |b, r, i| b.host_path = home(r, i) },
    Field { name: "readonly", read: |b, r, i| set(&mut b.read_only, read_only(r, i)) },
    Field { name: "read_only", read: |b, r, i| set(&mut b.read_only, read_only(r, i)) },
];

fn named_bind(reader: &Reader, item: &Item) -> Option<Spanned<Bind>> {
    let mut named = NamedBind::default();
    reader.fields(item, &mut named, &[BIND]);
    let read_only = named.read_only;
    let bind = match (named.name, named.path, named.host_path) {
        (Some(alias), None, None) => Bind::Alias { alias, read_only },
        (None, Some(path), Some(host_path)) => Bind::Pair { path, host_path, read_only },
        _ => {
            let help = "write {name: alias, readonly: true} or {path: …, host_path: …}".to_owned();
            reader.expected(item, "an alias, or two paths", Some(help));
            return None;
        }
    };
    Some(Spanned::new(bind, item.span()))
}

/// Name, path and flag of what attaches and uses have in common.
#[derive(Default)]
struct NamedVolume {
    name: Option<String>,
    path: Option<String>,
    read_only: bool,
}

const VOLUME: &[Field<NamedVolume>] = &[
    Field { name: "name", read: |v, r, i| v.name = r.string(i) },
    Field { name: "path", read: |v, r, i| v.path = container_path(r, i) },
    Field { name: "readonly", read: |v, r, i| set(&mut v.read_only, read_only(r, i)) },
    Field { name: "read_only", read: |v, r, i| set(&mut v.read_only, read_only(r, i)) },
];

fn attaches(reader: &Reader, item: &Item) -> Vec<Spanned<Attach>> {
    let mut all = Vec::new();
    for shape in shapes(reader, item, &["name"], true) {
        let (named, span) = match &shape {
            Shape::Positions(parts) => {
                at_most(reader, parts, 2, "{alias: /path}");
                let name = parts.first().and_then(|part| reader.string(part));
                let path = parts.get(1).filter(|part| !part.node.is_null());
                let path = path.and_then(|part| container_path(reader, part));
                (NamedVolume { name, path, read_only: false }, parts.first().map(Item::span))
            }
            Shape::Named(item) => {
                let mut named = NamedVolume::default();
                reader.fields(item, &mut named, &[VOLUME]);
                if named.read_only {
                    let found =
                        reader.error(item, "bad-value", "an attached volume is never read-only");
                    reader.report(found.help("let another container use it read-only: `uses`"));
                }
                (named, Some(item.span()))
            }
        };
        if let (Some(alias), Some(span)) = (named.name, span) {
            all.push(Spanned::new(Attach { alias, path: named.path }, span));
        }
    }
    all
}

fn uses(reader: &Reader, item: &Item) -> Vec<Spanned<UseVolume>> {
    let mut all = Vec::new();
    for shape in shapes(reader, item, &["name"], true) {
        let (named, span) = match &shape {
            Shape::Positions(parts) => {
                at_most(reader, parts, 3, "{name: ro}, {name: /path} or {name: [/path, ro]}");
                let Some((first, rest)) = parts.split_first() else { continue };
                let mut named =
                    NamedVolume { name: reader.string(first), ..NamedVolume::default() };
                let (path, flag) = match rest {
                    [] => (None, None),
                    [one] if looks_like_flag(one) => (None, Some(one)),
                    [path, rest @ ..] => (Some(path), rest.first()),
                };
                named.path = path.and_then(|part| container_path(reader, part));
                set(&mut named.read_only, flag.and_then(|part| read_only(reader, part)));
                (named, first.span())
            }
            Shape::Named(item) => {
                let mut named = NamedVolume::default();
                reader.fields(item, &mut named, &[VOLUME]);
                (named, item.span())
            }
        };
        if let Some(name) = named.name {
            let (path, read_only) = (named.path, named.read_only);
            all.push(Spanned::new(UseVolume { name, path, read_only }, span));
        }
    }
    all
}

fn looks_like_flag(item: &Item) -> bool {
    let text = item.node.as_scalar().map_or("", |scalar| &scalar.text);
    !is_path(text)
}

fn mounts(reader: &Reader, item: &Item) -> Vec<Spanned<MountEntry>> {
    let items = reader.list(item, "a list of mounts");
    let read = |item: &Item| {
        if item.node.as_mapping().is_some() { long(reader, item) } else { short(reader, item) }
    };
    items.iter().filter_map(read).collect()
}

fn short(reader: &Reader, item: &Item) -> Option<Spanned<MountEntry>> {
    reader.warn_of_variables(item);
    let mount = reader.parse(item, short_mount)?;
    let from = match mount.source {
        ShortSource::Anonymous => MountFrom::Anonymous,
        ShortSource::Volume(name) => MountFrom::Volume(name),
        ShortSource::Path(path) => MountFrom::Path(reader.absolute(item, &path)),
    };
    let options = Mount {
        source: MountSource::Anonymous,
        read_only: mount.read_only,
        propagation: mount.propagation,
        no_copy: mount.no_copy,
        create_host_path: false,
    };
    let entry = MountEntry { from, target: mount.target, mount: options };
    Some(Spanned::new(entry, item.span()))
}

struct LongMount {
    kind: Option<String>,
    source: Option<Item>,
    target: Option<String>,
    mount: Mount,
}

const MOUNT: &[Field<LongMount>] = &[
    Field {
        name: "type",
        read: |m, r, i| {
            let kinds = [("volume", "volume".to_owned()), ("bind", "bind".to_owned())];
            m.kind = super::lifecycle::choice(r, i, &kinds);
        },
    },
    Field { name: "source", read: |m, _, i| m.source = Some(i.clone()) },
    Field { name: "target", read: |m, r, i| m.target = container_path(r, i) },
    Field { name: "read_only", read: |m, r, i| set(&mut m.mount.read_only, read_only(r, i)) },
    Field {
        name: "propagation",
        read: |m, r, i| {
            put(&mut m.mount.propagation, super::resources::word(r, i, &PROPAGATIONS));
        },
    },
    Field { name: "no_copy", read: |m, r, i| set(&mut m.mount.no_copy, r.bool(i)) },
    Field {
        name: "create_host_path",
        read: |m, r, i| set(&mut m.mount.create_host_path, r.bool(i)),
    },
];

fn long(reader: &Reader, item: &Item) -> Option<Spanned<MountEntry>> {
    let mut long = LongMount { kind: None, source: None, target: None, mount: Mount::anonymous() };
    reader.fields(item, &mut long, &[MOUNT]);
    let source = match long.source {
        Some(source) => Some((reader.string(&source)?, source)),
        None => None,
    };
    let from = match (long.kind.as_deref(), source) {
        (None | Some("volume"), None) => MountFrom::Anonymous,
        (None, Some((text, item))) if is_path(&text) => {
            MountFrom::Path(reader.absolute(&item, &text))
        }
        (None | Some("volume"), Some((text, _))) => MountFrom::Volume(text),
        (_, Some((text, item))) => MountFrom::Path(reader.absolute(&item, &text)),
        (_, None) => {
            let found = reader.error(item, "missing-key", "the key \"source\" is missing");
            reader.report(found.help("name the path on the host"));
            return None;
        }
    };
    let Some(target) = long.target else {
        let found = reader.error(item, "missing-key", "the key \"target\" is missing");
        reader.report(found.help("name the path in the container"));
        return None;
    };
    Some(Spanned::new(MountEntry { from, target, mount: long.mount }, item.span()))
}

/// `/run`, `/run:size=64m`, a list of them, or `{path: options}`.
pub(super) fn tmpfs(container: &mut Container, reader: &Reader, item: &Item) {
    let mut targets = Vec::new();
    for shape in shapes(reader, item, &[], false) {
        let Shape::Positions(parts) = shape else { continue };
        let Some((first, rest)) = parts.split_first() else { continue };
        let Some(text) = reader.string(first) else { continue };
        let (path, mut options) = match text.split_once(':') {
            Some((path, inline)) => {
                let offset = path.len() + 1;
                let options = tmpfs_options(inline).map_err(|error| {
                    let range = error.range.map(|r| r.start + offset..r.end + offset);
                    reader.report(reader.scalar_error(first, ScalarError { range, ..error }));
                });
                (path.to_owned(), options.unwrap_or_default())
            }
            None => (text, String::new()),
        };
        if let Some(part) = rest.first() {
            set(&mut options, reader.parse(part, tmpfs_options));
        }
        if path.starts_with('/') {
            let path = crate::read::clean(std::path::Path::new(&path));
            targets.push(Spanned::new(path.clone(), first.span()));
            container.config.tmpfs.insert(path, options);
        } else {
            reader.expected(first, "an absolute path in the container", None);
        }
    }
    each_once(reader, item, targets, |target| target);
}
