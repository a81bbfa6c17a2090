//! Mounts: volumes, bind mounts and tmpfs mounts.
//!
//! Invariant: a bind mount whose source is missing is refused by the engine, unless the file asks
//! for the directory to be made.

use std::collections::BTreeMap;

use windlass_model::mount::{Mount, MountSource};

use crate::docker::document::Empty;
use crate::docker::document::host::{self, BindOptions, VolumeOptions};
use crate::docker::negotiate::ApiVersion;

/// From this version on a mount can ask for its source to be made.
const MAKES_SOURCES: ApiVersion = ApiVersion { major: 1, minor: 42 };

/// How mounts are asked for: in the structured way, and in the old way (`source:target:options`).
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) mounts: Option<Vec<host::Mount>>,
    pub(super) binds: Option<Vec<String>>,
}

pub(super) fn asked(mounts: &BTreeMap<String, Mount>, api: ApiVersion) -> Result<Asked, String> {
    let mut asked = Asked::default();
    for (target, mount) in mounts {
        if mount.create_host_path
            && api < MAKES_SOURCES
            && let MountSource::Bind(source) = &mount.source
        {
            asked.binds.get_or_insert_default().push(old_way(source, target, mount)?);
        } else {
            asked.mounts.get_or_insert_default().push(structured(target, mount));
        }
    }
    Ok(asked)
}

fn old_way(source: &str, target: &str, mount: &Mount) -> Result<String, String> {
    if source.contains(':') || target.contains(':') {
        return Err(format!(
            "the engine's API is older than {MAKES_SOURCES} and cannot make {source} for {target}: \
             a path holds a colon"
        ));
    }
    let mut options = vec![if mount.read_only { "ro" } else { "rw" }];
    options.extend(mount.propagation.as_deref());
    Ok(format!("{source}:{target}:{}", options.join(",")))
}

fn structured(target: &str, mount: &Mount) -> host::Mount {
    let Mount { source, read_only, propagation, no_copy, create_host_path } = mount;
    let (kind, name) = match source {
        MountSource::Volume(name) => ("volume", Some(name.clone())),
        MountSource::Bind(path) => ("bind", Some(path.clone())),
        MountSource::Anonymous => ("volume", None),
    };
    let bind_options =
        (kind == "bind" && (propagation.is_some() || *create_host_path)).then(|| BindOptions {
            propagation: propagation.clone(),
            create_mountpoint: create_host_path.then_some(true),
        });
    let no_copy = (kind == "volume" && *no_copy).then_some(true);
    host::Mount {
        kind: Some(kind.to_owned()),
        source: name,
        target: Some(target.to_owned()),
        read_only: Some(*read_only),
        bind_options,
        volume_options: no_copy.map(|_| VolumeOptions { no_copy }),
        tmpfs_options: None,
    }
}

/// What a container mounts: by target, its mounts and its tmpfs mounts.
#[derive(Debug, Default)]
pub(super) struct Observed {
    pub(super) mounts: BTreeMap<String, Mount>,
    pub(super) tmpfs: BTreeMap<String, String>,
}

pub(super) fn observed(
    mounts: Option<Vec<host::Mount>>,
    binds: Option<Vec<String>>,
    tmpfs: Option<BTreeMap<String, String>>,
    image_volumes: Option<BTreeMap<String, Option<Empty>>>,
) -> Observed {
    let mut found = Observed { mounts: BTreeMap::new(), tmpfs: tmpfs.unwrap_or_default() };
    for target in image_volumes.into_iter().flatten().map(|(target, _)| target) {
        found.mounts.insert(target, Mount::anonymous());
    }
    for bind in binds.into_iter().flatten() {
        found.mounts.extend(from_old_way(&bind));
    }
    for mount in mounts.into_iter().flatten() {
        let Some(target) = mount.target.clone() else { continue };
        if mount.kind.as_deref() == Some("tmpfs") {
            found.tmpfs.insert(target, tmpfs_options(&mount));
        } else {
            found.mounts.extend(from_structured(mount).map(|mount| (target, mount)));
        }
    }
    // A volume of the image beneath a tmpfs mount is not mounted.
    for target in found.tmpfs.keys() {
        found.mounts.remove(target);
    }
    found
}

fn from_structured(mount: host::Mount) -> Option<Mount> {
    let source = mount.source.filter(|source| !source.is_empty());
    let source = match (mount.kind.as_deref(), source) {
        (Some("volume"), Some(name)) => MountSource::Volume(name),
        (Some("volume"), None) => MountSource::Anonymous,
        (Some("bind"), Some(path)) => MountSource::Bind(path),
        _ => return None,
    };
    let bind = mount.bind_options.unwrap_or_default();
    Some(Mount {
        source,
        read_only: mount.read_only.unwrap_or_default(),
        propagation: bind.propagation.filter(|text| !text.is_empty()),
        no_copy: mount.volume_options.and_then(|options| options.no_copy).unwrap_or_default(),
        create_host_path: bind.create_mountpoint.unwrap_or_default(),
    })
}

/// `source:target[:options]`, or a target alone.
fn from_old_way(bind: &str) -> Option<(String, Mount)> {
    let mut parts = bind.splitn(3, ':');
    let source = parts.next()?;
    let Some(target) = parts.next() else {
        return Some((source.to_owned(), Mount::anonymous()));
    };
    let mut mount = if source.starts_with('/') {
        Mount { create_host_path: true, ..Mount::bind(source) }
    } else {
        Mount::volume(source)
    };
    for option in parts.next().unwrap_or_default().split(',') {
        match option {
            "ro" => mount.read_only = true,
            "nocopy" => mount.no_copy = true,
            "private" | "shared" | "rshared" | "slave" | "rslave" => {
                mount.propagation = Some(option.to_owned());
            }
            _ => {}
        }
    }
    Some((target.to_owned(), mount))
}

fn tmpfs_options(mount: &host::Mount) -> String {
    let options = mount.tmpfs_options.clone().unwrap_or_default();
    let size = options.size_bytes.filter(|size| *size > 0).map(|size| format!("size={size}"));
    let mode = options.mode.filter(|mode| *mode > 0).map(|mode| format!("mode={mode:o}"));
    [size, mode].into_iter().flatten().collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_way_is_read_and_written() {
        let table = [
            ("/a:/b:rw", Some(("/b", Mount { create_host_path: true, ..Mount::bind("/a") }))),
            (
                "/a:/b:ro,rslave",
                Some((
                    "/b",
                    Mount {
                        create_host_path: true,
                        read_only: true,
                        propagation: Some("rslave".into()),
                        ..Mount::bind("/a")
                    },
                )),
            ),
            ("data:/b:nocopy,z", Some(("/b", Mount { no_copy: true, ..Mount::volume("data") }))),
            ("/only", Some(("/only", Mount::anonymous()))),
        ];
        for (bind, wanted) in table {
            let wanted = wanted.map(|(target, mount)| (target.to_owned(), mount));
            assert_eq!(from_old_way(bind), wanted, "{bind}");
            if let Some((target, mount)) = wanted
                && let MountSource::Bind(source) = &mount.source
            {
                assert_eq!(old_way(source, &target, &mount).unwrap(), bind);
            }
        }
        assert!(old_way("/a:b", "/c", &Mount::bind("/a:b")).is_err());
    }
}
