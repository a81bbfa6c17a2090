//! Package managers: what is installed, as their files say, and how that is changed.
//!
//! Invariant: names are behind `--` or checked, so that none is taken for an option.

use crate::{Command, Facts, Mode, ResourceError, View, path};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageSystem {
    Apt,
    Apk,
    Dnf,
}

type Packages = BTreeMap<String, Installed>;

/// What a package is on a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Installed {
    /// With this version; none is known of one that another package stands for.
    Yes(Option<String>),
    /// Only what it was configured with is left.
    Configuration,
}

impl PackageSystem {
    /// Where the systems keep what is installed: apt's, and the two places of apk's.
    pub(crate) const DATABASES: &[&str] =
        &["/var/lib/dpkg/status", "/lib/apk/db/installed", "/usr/lib/apk/db/installed"];

    /// That of a system.
    pub(crate) fn of(facts: &Facts) -> Option<Self> {
        let like = facts.os_like.iter().map(String::as_str);
        [facts.os_id.as_str()].into_iter().chain(like).find_map(|id| match id {
            "debian" | "ubuntu" => Some(Self::Apt),
            "alpine" | "wolfi" | "chainguard" => Some(Self::Apk),
            "fedora" | "rhel" | "centos" | "rocky" | "almalinux" => Some(Self::Dnf),
            _ => None,
        })
    }

    /// The declared one, or that of a system.
    pub(crate) fn declared(one: Option<Self>, facts: &Facts) -> Result<Self, ResourceError> {
        one.or_else(|| Self::of(facts)).ok_or_else(|| {
            let os = if facts.os_id.is_empty() { "the target" } else { &facts.os_id };
            let message = format!("no package manager is known of {os}");
            let help = "set `manager` to apt, apk or dnf";
            ResourceError::new(message).field("manager").help(help)
        })
    }

    /// What is installed; `None` if its files can't be read, but only asked about.
    pub(crate) fn installed(self, view: &dyn View) -> Result<Option<Packages>, ResourceError> {
        let (places, read): (&[&str], fn(&str) -> Packages) = match self {
            Self::Apt => (&Self::DATABASES[..1], dpkg),
            Self::Apk => (&Self::DATABASES[1..], apk),
            Self::Dnf => return Ok(None),
        };
        for place in places {
            if let Some(text) = path::read_file(view, place)? {
                return Ok(Some(read(&String::from_utf8_lossy(&text))));
            }
        }
        Ok(Some(BTreeMap::new()))
    }

    /// Installs packages, each a name and perhaps a version.
    pub(crate) fn install(
        self,
        packages: &[(&str, Option<&str>)],
        recommends: bool,
        update: bool,
        (mode, clean): (Mode, bool),
    ) -> Vec<Command> {
        let sign = if self == Self::Dnf { "-" } else { "=" };
        let named = packages.iter().map(|(name, version)| match version {
            Some(version) => format!("{name}{sign}{version}"),
            None => (*name).to_owned(),
        });
        let is_pinned = packages.iter().any(|(_, version)| version.is_some());
        let (first, options): (&[&str], Vec<&str>) = match self {
            Self::Apt => {
                let mut options = APT.to_vec();
                options.insert(1, "install");
                options.push(if recommends {
                    "--install-recommends"
                } else {
                    "--no-install-recommends"
                });
                options.extend(is_pinned.then_some("--allow-downgrades"));
                // Of an image whose making ends half way nothing is kept.
                let is_passing = mode == Mode::Image;
                options.extend(is_passing.then_some(FAST).into_iter().flatten());
                options.push("--");
                let first: &[&str] = match (update, is_passing && clean) {
                    (false, _) => &[],
                    (true, false) => &UPDATE[..3],
                    // Nobody reads what goes with the lists.
                    (true, true) => &UPDATE,
                };
                (first, options)
            }
            Self::Apk => {
                let mut options = vec!["apk", "add"];
                options.push(if clean { "--no-cache" } else { "--update-cache" });
                (&[], options)
            }
            Self::Dnf => {
                let weak = if recommends {
                    "--setopt=install_weak_deps=True"
                } else {
                    "--setopt=install_weak_deps=False"
                };
                (&[], vec!["dnf", "install", "-y", weak])
            }
        };
        let mut commands = Vec::new();
        if !first.is_empty() {
            commands.push(command(first.iter().copied()));
        }
        commands.push(command(options.into_iter().map(str::to_owned).chain(named)));
        if clean {
            commands.extend(self.clean(mode));
        }
        commands
    }

    pub(crate) fn remove(self, names: &[&str], purge: bool) -> Vec<Command> {
        let options: Vec<&str> = match (self, purge) {
            (Self::Apt, _) => {
                let mut options = APT.to_vec();
                options.insert(1, if purge { "purge" } else { "remove" });
                options.push("--");
                options
            }
            (Self::Apk, true) => vec!["apk", "del", "--no-cache", "--purge"],
            (Self::Apk, false) => vec!["apk", "del", "--no-cache"],
            (Self::Dnf, _) => vec!["dnf", "remove", "-y"],
        };
        vec![command(options.into_iter().chain(names.iter().copied()))]
    }

    /// Asks whether a package is installed, where no file says so.
    pub(crate) fn question(name: &str, version: Option<&str>) -> Command {
        let named = version.map_or_else(|| name.to_owned(), |version| format!("{name}-{version}"));
        command(["rpm".to_owned(), "-q".to_owned(), "--whatprovides".to_owned(), named])
    }

    /// Takes away what is only there to be faster the next time; lists, too, where there is none.
    fn clean(self, mode: Mode) -> Vec<Command> {
        let lists = ["find", "/var/lib/apt/lists", "-mindepth", "1", "-delete"];
        match (self, mode) {
            (Self::Apt, Mode::Image | Mode::Root) => {
                vec![command(["apt-get", "clean"]), command(lists)]
            }
            (Self::Apt, Mode::Host) => vec![command(["apt-get", "clean"])],
            (Self::Apk, _) => Vec::new(),
            (Self::Dnf, _) => vec![command(["dnf", "clean", "all"])],
        }
    }
}

/// `apt-get` with what answers all its questions: what was configured stays.
const APT: [&str; 7] = [
    "apt-get",
    "-q",
    "-y",
    "-o",
    "Dpkg::Options::=--force-confdef",
    "-o",
    "Dpkg::Options::=--force-confold",
];

/// Without descriptions in other languages, a third of what it fetches, by the last two words.
const UPDATE: [&str; 5] = ["apt-get", "update", "-q", "-o", "Acquire::Languages=none"];

/// Files are not flushed to the disk one by one.
const FAST: [&str; 2] = ["-o", "Dpkg::Options::=--force-unsafe-io"];

fn command(argv: impl IntoIterator<Item: Into<String>>) -> Command {
    Command::new(argv).env("DEBIAN_FRONTEND", "noninteractive")
}

/// `/var/lib/dpkg/status`: paragraphs of `Key: value`.
fn dpkg(text: &str) -> Packages {
    let mut all = BTreeMap::new();
    for paragraph in text.split("\n\n") {
        let field = |key: &str| {
            let mut lines = paragraph.lines().filter_map(|line| line.split_once(": "));
            lines.find(|(one, _)| *one == key).map(|(_, value)| value.trim())
        };
        let (Some(name), Some(status)) = (field("Package"), field("Status")) else { continue };
        let installed = match status.split(' ').nth(2) {
            Some("installed") => Installed::Yes(field("Version").map(str::to_owned)),
            Some("config-files") => Installed::Configuration,
            _ => continue,
        };
        if let (Installed::Yes(_), Some(provided)) = (&installed, field("Provides")) {
            for one in provided.split(',').filter_map(|one| one.split_whitespace().next()) {
                all.entry(one.to_owned()).or_insert(Installed::Yes(None));
            }
        }
        if let Some(arch) = field("Architecture") {
            all.insert(format!("{name}:{arch}"), installed.clone());
        }
        all.insert(name.to_owned(), installed);
    }
    all
}

/// `/lib/apk/db/installed`: paragraphs of `K:value`.
fn apk(text: &str) -> Packages {
    let mut all = BTreeMap::new();
    for paragraph in text.split("\n\n") {
        let field = |key: &str| paragraph.lines().find_map(|line| line.strip_prefix(key));
        let Some(name) = field("P:") else { continue };
        for one in field("p:").unwrap_or_default().split(' ') {
            let one = one.split(['=', '<', '>', '~']).next().unwrap_or_default();
            all.entry(one.to_owned()).or_insert(Installed::Yes(None));
        }
        all.insert(name.to_owned(), Installed::Yes(field("V:").map(str::to_owned)));
    }
    all
}
