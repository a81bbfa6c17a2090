//! Init systems: which units are started at boot, as their own files say.
//!
//! Invariant: what enabling means is read from the unit; links are all that is made or removed.

use crate::{Change, Command, FileKind, Op, Owner, ResourceError, View, path};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InitSystem {
    Systemd,
    OpenRc,
}

/// Where units are, the first that counts first.
const UNITS: [&str; 4] = [
    "/etc/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const ENABLED: &str = "/etc/systemd/system";
const RUNLEVELS: &str = "/etc/runlevels";
const SUFFIXES: [&str; 6] = [".service", ".socket", ".timer", ".target", ".path", ".mount"];
/// As many units enable one another.
const MOST: usize = 16;

impl InitSystem {
    /// That of a target.
    pub(crate) fn of(view: &dyn View) -> Result<Option<Self>, ResourceError> {
        let is_there = |place: &str| Ok(view.metadata(&path::follow(view, place)?)?.is_some());
        if is_there(RUNLEVELS)? {
            return Ok(Some(Self::OpenRc));
        }
        for place in UNITS {
            if is_there(place)? {
                return Ok(Some(Self::Systemd));
            }
        }
        Ok(None)
    }

    /// A verb of a service: `start`.
    pub(crate) fn command(self, name: &str, verb: &str) -> Command {
        match (self, verb) {
            (Self::Systemd, "status") => Command::new(["systemctl", "is-active", "--quiet", name]),
            (Self::Systemd, verb) => Command::new(["systemctl", verb, name]),
            (Self::OpenRc, verb) => Command::new(["rc-service", name, verb]),
        }
    }

    pub(crate) fn enable(self, view: &dyn View, name: &str) -> Result<Vec<Change>, ResourceError> {
        match self {
            Self::Systemd => enable_units(view, unit_name(name)),
            Self::OpenRc => {
                let script = format!("/etc/init.d/{name}");
                if path::read_file(view, &script)?.is_none() {
                    return Err(absent(&script));
                }
                let mut changes = Vec::new();
                link(view, &format!("{RUNLEVELS}/default"), name, &script, &mut changes)?;
                Ok(changes)
            }
        }
    }

    pub(crate) fn disable(self, view: &dyn View, name: &str) -> Result<Vec<Change>, ResourceError> {
        let (top, name) = match self {
            Self::Systemd => (ENABLED, unit_name(name)),
            Self::OpenRc => (RUNLEVELS, name.to_owned()),
        };
        let top = path::follow(view, top)?;
        let mut changes = Vec::new();
        let kind = |path: &str| Ok(view.metadata(path)?.map(|found| found.kind));
        if kind(&top)? != Some(FileKind::Directory) {
            return Ok(changes);
        }
        let mut remove = |path: String| {
            changes.push(Change::new(Op::Remove { path, recursive: false }, "disable"));
        };
        for one in view.list(&top)? {
            let place = format!("{top}/{one}");
            let found = kind(&place)?;
            let inside = format!("{place}/{name}");
            if found == Some(FileKind::Directory) && kind(&inside)? == Some(FileKind::Link) {
                remove(inside);
            }
            let is_alias = self == Self::Systemd
                && found == Some(FileKind::Link)
                && view.read_link(&place)?.rsplit('/').next() == Some(&name);
            if is_alias {
                remove(place);
            }
        }
        Ok(changes)
    }
}

fn absent(what: &str) -> ResourceError {
    let error = ResourceError::new(format!("there is no {what}")).field("name");
    error.help("install before what brings it")
}

fn unit_name(name: &str) -> String {
    let has_suffix = SUFFIXES.iter().any(|suffix| name.ends_with(suffix));
    if has_suffix { name.to_owned() } else { format!("{name}.service") }
}

/// Enables a unit, and those that its `Also=` names.
fn enable_units(view: &dyn View, name: String) -> Result<Vec<Change>, ResourceError> {
    let mut changes = Vec::new();
    let mut names = vec![name];
    let mut at = 0;
    while let Some(name) = names.get(at).cloned().filter(|_| at < MOST) {
        at += 1;
        let (place, text) = unit(view, &name)?;
        let instance = name.split_once('@').and_then(|(_, rest)| rest.rsplit_once('.'));
        let instance = instance.map_or("", |(instance, _)| instance);
        let mut is_installed = false;
        for (key, value) in install(&text) {
            is_installed = true;
            let ending = match key {
                "WantedBy" => ".wants",
                "RequiredBy" => ".requires",
                "Alias" | "Also" => "",
                _ => continue,
            };
            for one in value.split_whitespace().map(|one| one.replace("%i", instance)) {
                match key {
                    "Also" if names.contains(&one) => {}
                    "Also" => names.push(one),
                    "Alias" => link(view, ENABLED, &one, &place, &mut changes)?,
                    _ => {
                        let directory = format!("{ENABLED}/{one}{ending}");
                        link(view, &directory, &name, &place, &mut changes)?;
                    }
                }
            }
        }
        if !is_installed {
            let message = format!("{place} has no [Install] section: it can't be enabled");
            return Err(ResourceError::new(message).field("enabled"));
        }
    }
    Ok(changes)
}

/// Where a unit is, and its text; that of its template if it has none of its own.
fn unit(view: &dyn View, name: &str) -> Result<(String, String), ResourceError> {
    let template = name.split_once('@').zip(name.rsplit_once('.'));
    let template = template.map(|((first, _), (_, suffix))| format!("{first}@.{suffix}"));
    for name in [name.to_owned()].into_iter().chain(template) {
        for directory in UNITS {
            let place = format!("{directory}/{name}");
            if let Some(text) = path::read_file(view, &place)? {
                return Ok((place, String::from_utf8_lossy(&text).into_owned()));
            }
        }
    }
    Err(absent(&format!("unit {name}")))
}

/// The keys of the section that says what enabling is.
fn install(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.lines().map(str::trim).skip_while(|line| *line != "[Install]").skip(1);
    let lines = lines.take_while(|line| !line.starts_with('['));
    let lines = lines.filter(|line| !line.starts_with(['#', ';']));
    lines.filter_map(|line| line.split_once('=')).map(|(key, value)| (key.trim(), value.trim()))
}

/// A link in a directory that may have to be made, too.
fn link(
    view: &dyn View,
    directory: &str,
    name: &str,
    to: &str,
    changes: &mut Vec<Change>,
) -> Result<(), ResourceError> {
    let owner = Owner::default();
    let directory = path::follow(view, directory)?;
    let mut missing = Vec::new();
    let mut above = directory.as_str();
    while above != "/" && view.metadata(above)?.is_none() {
        missing.push(above.to_owned());
        above = path::parent(above);
    }
    for path in missing.into_iter().rev() {
        let is_planned = |one: &Change| matches!(&one.op, Op::MakeDirectory { path: other, .. } if *other == path);
        if !changes.iter().any(is_planned) {
            changes.push(Change::new(Op::MakeDirectory { path, owner, mode: 0o755 }, "create"));
        }
    }
    let path = format!("{directory}/{name}");
    match view.metadata(&path)?.map(|found| found.kind) {
        // A unit of the same name that somebody wrote there is enabled as it is, and a link may lead by another way.
        Some(FileKind::File | FileKind::Link) => {}
        Some(kind) => return Err(crate::kind::file::in_the_way(&path, kind)),
        None => {
            let op = Op::MakeLink { path, to: to.to_owned(), owner };
            changes.push(Change::new(op, "enable"));
        }
    }
    Ok(())
}
