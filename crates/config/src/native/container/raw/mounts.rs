//! `host_config.binds` and `host_config.mounts`.
//!
//! Invariant: volumes are called as on the engine, paths of the host are absolute. As with engines, a directory that
//! `binds` do not find is made, and one that `mounts` do not find is an error.

use windlass_model::mount::{Mount, MountSource};

use super::super::{each_once, lifecycle, process::container_path, resources::word};
use crate::document::{Container, MountEntry, MountFrom};
use crate::native::{put, set};
use crate::read::{Field, Item, Reader, Spanned};
use crate::scalar::{PROPAGATIONS, ScalarError, ShortSource, short_mount, size, volume_name};

/// `host:container[:mode]` items, or `{host: {bind, mode | ro, propagation}}`; a volume's name instead of the host's path.
pub(super) fn binds(container: &mut Container, reader: &Reader, item: &Item) {
    let Some(item) = reader.resolve(item) else { return };
    let mut found = Vec::new();
    if item.node.as_mapping().is_some() {
        for (host, value) in reader.entries(&item, "binds") {
            let text = if value.node.as_mapping().is_some() {
                let mut long = LongBind::default();
                reader.fields(&value, &mut long, &[BIND]);
                let Some(text) = long.text(reader, &host.text, &value) else { continue };
                text
            } else {
                let Some(target) = reader.string(&value) else { continue };
                format!("{}:{target}", host.text)
            };
            let mount = bind(reader, &value, &text).map_err(|e| ScalarError { range: None, ..e });
            match mount {
                Ok(mount) => found.extend(mount.map(|mount| Spanned::new(mount, host.span))),
                Err(error) => reader.report(reader.scalar_error(&value, error)),
            }
        }
    } else {
        for item in reader.list_or_one(&item) {
            let Some(text) = reader.string(&item) else { continue };
            match bind(reader, &item, &text) {
                Ok(mount) => found.extend(mount.map(|mount| Spanned::new(mount, item.span()))),
                Err(error) => reader.report(reader.scalar_error(&item, error)),
            }
        }
    }
    add(container, reader, &item, found);
}

#[derive(Default)]
struct LongBind {
    target: Option<String>,
    mode: Option<String>,
    read_only: Option<bool>,
    propagation: Option<String>,
}

const BIND: &[Field<LongBind>] = &[
    Field { name: "bind", read: |b, r, i| b.target = r.string(i) },
    Field { name: "mode", read: |b, r, i| b.mode = r.string(i) },
    Field { name: "ro", read: |b, r, i| b.read_only = r.bool(i) },
    Field { name: "propagation", read: |b, r, i| b.propagation = word(r, i, &PROPAGATIONS) },
];

impl LongBind {
    fn text(self, reader: &Reader, host: &str, item: &Item) -> Option<String> {
        let Self { target, mode, read_only, propagation } = self;
        let Some(target) = target else {
            missing(reader, item, "bind");
            return None;
        };
        let mode = match (mode, read_only) {
            (Some(_), Some(_)) => {
                reader.expected(item, "one of `mode` and `ro`", None);
                return None;
            }
            (Some(mode), None) => mode,
            (None, Some(true)) => "ro".to_owned(),
            (None, Some(false) | None) => "rw".to_owned(),
        };
        let propagation = propagation.map(|word| format!(",{word}")).unwrap_or_default();
        Some(format!("{host}:{target}:{mode}{propagation}"))
    }
}

fn bind(reader: &Reader, item: &Item, text: &str) -> Result<Option<MountEntry>, ScalarError> {
    let short = short_mount(text)?;
    let (from, create_host_path) = match short.source {
        ShortSource::Anonymous => (MountFrom::Anonymous, false),
        ShortSource::Volume(name) => {
            (MountFrom::Engine(MountSource::Volume(volume_name(&name)?)), false)
        }
        ShortSource::Path(path) => match host_path(reader, item, &path) {
            Some(path) => (MountFrom::Engine(MountSource::Bind(path)), true),
            None => return Ok(None),
        },
    };
    let mount = Mount {
        source: MountSource::Anonymous,
        read_only: short.read_only,
        propagation: short.propagation,
        no_copy: short.no_copy,
        create_host_path,
    };
    Ok(Some(MountEntry { from, target: short.target, mount }))
}

fn host_path(reader: &Reader, item: &Item, path: &str) -> Option<String> {
    if path.starts_with('/') {
        return Some(crate::read::clean(std::path::Path::new(path)));
    }
    let help =
        "write it from the root on, or use the container's own `binds`, which start at `host_root`";
    let message =
        format!("the path on the host, \"{}\", must be absolute", crate::yaml::shorten(path));
    reader.report(reader.error(item, "bad-value", message).help(help));
    None
}

fn missing(reader: &Reader, item: &Item, key: &str) {
    let message = format!("the key \"{key}\" is missing");
    let found = reader.error(item, "missing-key", message);
    reader.report(found.help("name the path in the container"));
}

/// A later one at a target takes the place of an earlier one of `mounts`.
fn add(container: &mut Container, reader: &Reader, item: &Item, found: Vec<Spanned<MountEntry>>) {
    let found = each_once(reader, item, found, |one| &one.target);
    let is_new = |one: &Spanned<MountEntry>| {
        found.iter().all(|other| other.value.target != one.value.target)
    };
    let mut all: Vec<_> = container.mounts.iter().filter(|one| is_new(one)).cloned().collect();
    all.extend(found.iter().cloned());
    *container.mounts = all;
}

struct LongMount {
    kind: String,
    source: Option<String>,
    target: Option<String>,
    mount: Mount,
    tmpfs_size: Option<u64>,
    tmpfs_mode: Option<u32>,
}

/// docker-py's `Mount`, by the engine's names or by those of its arguments.
pub(super) fn mounts(container: &mut Container, reader: &Reader, item: &Item) {
    let mut found = Vec::new();
    for item in reader.list(item, "a list of mounts") {
        let mut long = LongMount {
            kind: "volume".to_owned(),
            source: None,
            target: None,
            mount: Mount::anonymous(),
            tmpfs_size: None,
            tmpfs_mode: None,
        };
        reader.fields(&item, &mut long, &[MOUNT, ARGUMENTS]);
        let Some(target) = long.target.take() else {
            missing(reader, &item, "Target");
            continue;
        };
        let from = match (long.kind.as_str(), long.source.filter(|source| !source.is_empty())) {
            ("tmpfs", _) => {
                let size = long.tmpfs_size.map(|size| format!("size={size}"));
                let mode = long.tmpfs_mode.map(|mode| format!("mode={mode:o}"));
                let options: Vec<String> = size.into_iter().chain(mode).collect();
                container.config.tmpfs.insert(target, options.join(","));
                continue;
            }
            ("bind", Some(path)) => {
                host_path(reader, &item, &path).map(MountSource::Bind).map(MountFrom::Engine)
            }
            ("bind", None) => {
                missing(reader, &item, "Source");
                None
            }
            (_, None) => Some(MountFrom::Anonymous),
            (_, Some(name)) => named(reader, &item, &name),
        };
        let entry = from.map(|from| MountEntry { from, target, mount: long.mount });
        found.extend(entry.map(|entry| Spanned::new(entry, item.span())));
    }
    add(container, reader, item, found);
}

fn named(reader: &Reader, item: &Item, name: &str) -> Option<MountFrom> {
    let found = volume_name(name).map_err(|error| {
        reader.report(reader.scalar_error(item, ScalarError { range: None, ..error }));
    });
    found.ok().map(MountSource::Volume).map(MountFrom::Engine)
}

const MOUNT: &[Field<LongMount>] = &[
    Field { name: "Type", read: kind },
    Field { name: "Source", read: |m, r, i| m.source = r.string(i) },
    Field { name: "Target", read: |m, r, i| m.target = container_path(r, i) },
    Field { name: "ReadOnly", read: |m, r, i| set(&mut m.mount.read_only, r.bool(i)) },
    // For Docker Desktop; engines of Linux do not look at it.
    Field { name: "Consistency", read: |_, _, _| {} },
    Field {
        name: "BindOptions",
        read: |m, r, i| {
            r.fields(i, m, &[OF_BIND]);
        },
    },
    Field {
        name: "VolumeOptions",
        read: |m, r, i| {
            r.fields(i, m, &[OF_VOLUME]);
        },
    },
    Field {
        name: "TmpfsOptions",
        read: |m, r, i| {
            r.fields(i, m, &[OF_TMPFS]);
        },
    },
];

const ARGUMENTS: &[Field<LongMount>] = &[
    Field { name: "type", read: kind },
    Field { name: "source", read: |m, r, i| m.source = r.string(i) },
    Field { name: "target", read: |m, r, i| m.target = container_path(r, i) },
    Field { name: "read_only", read: |m, r, i| set(&mut m.mount.read_only, r.bool(i)) },
    Field { name: "consistency", read: |_, _, _| {} },
    Field { name: "propagation", read: propagation },
    Field { name: "no_copy", read: |m, r, i| set(&mut m.mount.no_copy, r.bool(i)) },
    Field { name: "labels", read: of_declared },
    Field { name: "driver_config", read: of_declared },
    Field { name: "subpath", read: subpath },
    Field { name: "tmpfs_size", read: |m, r, i| put(&mut m.tmpfs_size, r.parse(i, size)) },
    Field { name: "tmpfs_mode", read: tmpfs_mode },
];

const OF_BIND: &[Field<LongMount>] = &[
    Field { name: "Propagation", read: propagation },
    Field {
        name: "CreateMountpoint",
        read: |m, r, i| set(&mut m.mount.create_host_path, r.bool(i)),
    },
];

const OF_VOLUME: &[Field<LongMount>] = &[
    Field { name: "NoCopy", read: |m, r, i| set(&mut m.mount.no_copy, r.bool(i)) },
    Field { name: "Labels", read: of_declared },
    Field { name: "DriverConfig", read: of_declared },
    Field { name: "Subpath", read: subpath },
];

const OF_TMPFS: &[Field<LongMount>] = &[
    Field { name: "SizeBytes", read: |m, r, i| put(&mut m.tmpfs_size, r.parse(i, size)) },
    Field { name: "Mode", read: tmpfs_mode },
];

fn kind(mount: &mut LongMount, reader: &Reader, item: &Item) {
    let kinds = ["volume", "bind", "tmpfs"].map(|word| (word, word.to_owned()));
    set(&mut mount.kind, lifecycle::choice(reader, item, &kinds));
}

fn propagation(mount: &mut LongMount, reader: &Reader, item: &Item) {
    put(&mut mount.mount.propagation, word(reader, item, &PROPAGATIONS));
}

fn tmpfs_mode(mount: &mut LongMount, reader: &Reader, item: &Item) {
    put(&mut mount.tmpfs_mode, reader.integer_in(item, 0..=0o7777, "bits such as 0o1777"));
}

fn of_declared(_: &mut LongMount, reader: &Reader, item: &Item) {
    let why = "a volume has its labels and its driver where it is declared";
    let found = reader.error(item, "unsupported", why).at(item.key_span(), "");
    reader.report(found.help("declare it under `volumes`, and attach it"));
}

fn subpath(_: &mut LongMount, reader: &Reader, item: &Item) {
    let why = "windlass does not mount a directory of a volume";
    let found = reader.error(item, "unsupported", why).at(item.key_span(), "");
    reader.report(found.help("mount the whole volume"));
}
