//! Checkouts: what is in a commit, as git keeps it.
//!
//! Invariant: nothing of a repository runs and nothing converts its files: contents are taken as they were committed. A commit that is
//! named by its whole number and was fetched once is never asked for again.

use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use windlass_bundle::TreeEntry;

use crate::entries::{Entries, refused};
use crate::store::{Store, digest};

/// As deep as submodules have submodules.
const MAX_DEPTH: usize = 16;

/// The depth of `fetch` that is no limit.
const ALL: &str = "2147483647";

/// What git says of its own doing that is too much.
const MAX_LIST_BYTES: u64 = 512 << 20;

/// A repository without the commit, tag or branch that is asked for.
#[derive(Debug, thiserror::Error)]
#[error("it has no commit, tag or branch `{rev}`")]
pub(crate) struct UnknownRevision {
    rev: String,
}

/// The commit that a revision of a repository is, and what is in it.
///
/// # Errors
///
/// [`UnknownRevision`] within, where the repository answers and does not have it.
pub(crate) fn checkout(
    store: &Store,
    repository: &str,
    rev: &str,
    submodules: bool,
) -> io::Result<(String, Vec<TreeEntry>)> {
    let (bare, commit) = Bare::having(store, repository, rev)?;
    let about = format!("{repository}\0{commit}\0{submodules}");
    let key = format!("git-{}", digest(about.as_bytes()));
    if let Some(known) = Entries::known(store, &key) {
        return Ok((commit, known));
    }
    let mut entries = Entries::new(store, 0);
    bare.add(&commit, "", &mut entries, submodules.then_some(MAX_DEPTH))?;
    Ok((commit, entries.finish(&key)?))
}

/// A repository of the store that has what was asked of another one. Nothing is ever removed from it, so whoever looks at it need not
/// be alone.
struct Bare<'s> {
    store: &'s Store,
    url: String,
    directory: PathBuf,
}

/// Of `fetch`: no names are kept, only what they stand for.
const FETCH: [&str; 6] =
    ["fetch", "-q", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--depth"];

impl<'s> Bare<'s> {
    /// One that has a revision, and the commit that it is.
    fn having(store: &'s Store, url: &str, rev: &str) -> io::Result<(Self, String)> {
        let (directory, _lock) = store.repository(url)?;
        let bare = Self { store, url: url.to_owned(), directory };
        if !bare.directory.join("HEAD").is_file() {
            let directory = bare.directory.to_string_lossy().into_owned();
            run(git(store.temporary_directory()).args([
                "init",
                "-q",
                "--bare",
                "--template=",
                "--",
                &directory,
            ]))?;
        }
        let commit = bare.commit(rev)?;
        Ok((bare, commit))
    }

    /// The whole number of a commit, which is there then.
    fn commit(&self, rev: &str) -> io::Result<String> {
        let is_number = |least| rev.len() >= least && rev.bytes().all(|b| b.is_ascii_hexdigit());
        let fetch = |depth: &str, what: &[&str]| {
            run(git(&self.directory).args(FETCH).args([depth, "--", &self.url]).args(what))
        };
        if is_number(40) {
            // One that no branch leads to is only given to those who ask for it, and not by everybody.
            let asked = || fetch("1", &[rev]).and_then(|_| self.find(rev).ok_or_else(strange));
            if let Some(commit) = self.find(rev).or_else(|| asked().ok()) {
                return Ok(commit);
            }
        } else if let Some((name, object)) = self.named(rev)? {
            if let Some(commit) = self.find(&object) {
                return Ok(commit);
            }
            fetch("1", &[&name])?;
            return self.find(&object).ok_or_else(|| {
                io::Error::other(format!("`{rev}` is no commit, or is another one meanwhile"))
            });
        } else if let Some(commit) = Some(rev).filter(|_| is_number(7)).and_then(|r| self.find(r)) {
            return Ok(commit);
        }
        if is_number(7) {
            fetch(ALL, &["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"])?;
            if let Some(commit) = self.find(rev) {
                return Ok(commit);
            }
        }
        Err(io::Error::other(UnknownRevision { rev: rev.to_owned() }))
    }

    /// The whole name of a tag or branch, and what it stands for there.
    fn named(&self, rev: &str) -> io::Result<Option<(String, String)>> {
        let (tag, branch) = (format!("refs/tags/{rev}"), format!("refs/heads/{rev}"));
        let peeled = format!("{tag}^{{}}");
        let mut command = git(&self.directory);
        command.args(["ls-remote", "-q", "--", &self.url, &tag, &peeled, &branch]);
        let said = String::from_utf8(run(&mut command)?).map_err(|_| strange())?;
        let all: Vec<_> = said.lines().filter_map(|line| line.split_once('\t')).collect();
        let find = |name: &str| all.iter().find(|one| one.1 == name).map(|one| one.0.to_owned());
        let tagged = find(&peeled).or_else(|| find(&tag)).map(|object| (tag, object));
        Ok(tagged.or_else(|| find(&branch).map(|object| (branch, object))))
    }

    fn find(&self, name: &str) -> Option<String> {
        let name = format!("{name}^{{commit}}");
        let options = ["rev-parse", "-q", "--verify", "--end-of-options", &name];
        let said = run(git(&self.directory).args(options)).ok()?;
        Some(String::from_utf8(said).ok()?.trim().to_owned()).filter(|commit| !commit.is_empty())
    }

    /// Adds what is in a commit below a prefix; `depth`: how deep submodules may still be, if they are wanted.
    fn add(
        &self,
        commit: &str,
        prefix: &str,
        entries: &mut Entries<'_>,
        depth: Option<usize>,
    ) -> io::Result<()> {
        let listed =
            run(git(&self.directory).args(["ls-tree", "-r", "-z", "--full-tree", commit]))?;
        let mut objects = Objects::open(&self.directory)?;
        let mut modules = Vec::new();
        for line in listed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let tab = line.iter().position(|byte| *byte == b'\t').ok_or_else(strange)?;
            let head = str::from_utf8(&line[..tab]).map_err(|_| strange())?;
            let name = [prefix.as_bytes(), &line[tab + 1..]].concat();
            let mut words = head.split(' ');
            let (mode, object) = (words.next(), words.nth(1).ok_or_else(strange)?);
            match mode {
                Some("100644" | "100755" | "100664") => {
                    let executable = mode == Some("100755");
                    objects.read(object, |from| entries.file(&name, executable, from))?;
                }
                Some("120000") => {
                    let mut to = Vec::new();
                    objects.read(object, |from| from.read_to_end(&mut to).map(|_| ()))?;
                    entries.link(&name, &to)?;
                }
                Some("160000") => {
                    entries.directory(&name)?;
                    modules.push((line[tab + 1..].to_vec(), object.to_owned()));
                }
                _ => return Err(refused(&name, "what it is is not known")),
            }
        }
        drop(objects);
        match depth {
            _ if modules.is_empty() => Ok(()),
            None => Ok(()),
            Some(0) => Err(io::Error::other("its submodules are too deep")),
            Some(depth) => self.add_modules(commit, prefix, entries, &modules, depth - 1),
        }
    }

    fn add_modules(
        &self,
        commit: &str,
        prefix: &str,
        entries: &mut Entries<'_>,
        modules: &[(Vec<u8>, String)],
        depth: usize,
    ) -> io::Result<()> {
        let blob = format!("{commit}:.gitmodules");
        let options =
            ["config", "-z", "--blob", &blob, "--get-regexp", r"^submodule\..*\.(path|url)$"];
        let said = run(git(&self.directory).args(options))?;
        let said = String::from_utf8(said).map_err(|_| strange())?;
        let pairs = said.split('\0').filter_map(|pair| pair.split_once('\n'));
        let pairs: Vec<(&str, &str)> = pairs.collect();
        for (path, object) in modules {
            let path = str::from_utf8(path).map_err(|_| strange())?;
            let mut keys = pairs.iter().filter(|(_, value)| value == &path).map(|(key, _)| key);
            let name = keys.find_map(|key| key.strip_suffix(".path"));
            let url = name.and_then(|name| {
                let key = format!("{name}.url");
                pairs.iter().find(|(other, _)| *other == key).map(|(_, url)| *url)
            });
            let missing = || io::Error::other(format!("its submodule {path} has no url"));
            let url = beside(&self.url, url.ok_or_else(missing)?)?;
            let of_module = |error| io::Error::other(format!("its submodule {path}: {error}"));
            let (module, found) = Bare::having(self.store, &url, object).map_err(of_module)?;
            module.add(&found, &format!("{prefix}{path}/"), entries, Some(depth))?;
        }
        Ok(())
    }
}

fn is_local(url: &str) -> bool {
    url.starts_with('/') || url.starts_with("file://")
}

/// The URL of a submodule, which may start from that of its repository.
fn beside(own: &str, url: &str) -> io::Result<String> {
    let wrong = || io::Error::other(format!("its submodule's url `{url}` is refused"));
    if !url.starts_with("./") && !url.starts_with("../") {
        let is_plain =
            !url.starts_with('-') && !url.contains("::") && !url.contains(char::is_control);
        // What is on this machine is nothing that a repository from elsewhere may name.
        return if is_plain && (is_local(own) || !is_local(url)) && url != own {
            Ok(url.to_owned())
        } else {
            Err(wrong())
        };
    }
    let mut base = own.trim_end_matches('/');
    let mut rest = url;
    loop {
        if let Some(next) = rest.strip_prefix("./") {
            rest = next;
        } else if let Some(next) = rest.strip_prefix("../") {
            let cut = base.rfind(['/', ':']).ok_or_else(wrong)?;
            base = &base[..cut];
            rest = next;
        } else {
            break;
        }
    }
    let joined = format!("{base}/{rest}");
    let is_outside = base.ends_with(":/") || base.is_empty() && is_local(own);
    if is_outside || rest.is_empty() || joined == own { Err(wrong()) } else { Ok(joined) }
}

/// Contents of a repository, one after the other.
struct Objects {
    child: Child,
    ask: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Objects {
    fn open(directory: &Path) -> io::Result<Self> {
        let mut command = git(directory);
        command.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let (Some(ask), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(strange());
        };
        Ok(Self { child, ask, from: BufReader::new(from) })
    }

    fn read(
        &mut self,
        object: &str,
        take: impl FnOnce(&mut dyn Read) -> io::Result<()>,
    ) -> io::Result<()> {
        writeln!(self.ask, "{object}")?;
        self.ask.flush()?;
        let mut head = String::new();
        self.from.by_ref().take(256).read_line(&mut head)?;
        let mut words = head.trim_end().split(' ').skip(1);
        let size = words.next().filter(|kind| *kind == "blob").and(words.next());
        let lacking = || io::Error::other(format!("it lacks the object {object}"));
        let size = size.and_then(|size| size.parse().ok()).ok_or_else(lacking)?;
        let mut contents = self.from.by_ref().take(size);
        take(&mut contents)?;
        io::copy(&mut contents, &mut io::sink())?;
        let mut end = [0];
        self.from.read_exact(&mut end)
    }
}

impl Drop for Objects {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What would make git look somewhere else, as inside of a hook of another repository.
const ANOTHER_REPOSITORY: [&str; 9] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

fn git(directory: impl AsRef<Path>) -> Command {
    let mut command = Command::new("git");
    command
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"])
        .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "fetch.bundleURI="])
        .args(["-c", "fetch.recurseSubmodules=false"])
        .current_dir(directory)
        .env("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_REPLACE_OBJECTS", "1")
        .env("LC_ALL", "C")
        .stdin(Stdio::null());
    for name in ANOTHER_REPOSITORY {
        command.env_remove(name);
    }
    command
}

/// What git says, if it ends well.
fn run(command: &mut Command) -> io::Result<Vec<u8>> {
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().map_err(|error| {
            io::Error::new(
                error.kind(),
                format!("`git`, which is needed for it, can't be run: {error}"),
            )
        })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let complaint = std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.by_ref().take(64 * 1024).read_to_end(&mut said);
            let _ = io::copy(&mut stderr, &mut io::sink());
        }
        said
    });
    let mut said = Vec::new();
    if let Some(stdout) = stdout {
        stdout.take(MAX_LIST_BYTES).read_to_end(&mut said)?;
    }
    let status = child.wait()?;
    let complaint = complaint.join().unwrap_or_default();
    if status.success() {
        return Ok(said);
    }
    let why = reason(&String::from_utf8_lossy(&complaint));
    Err(io::Error::other(why.unwrap_or_else(|| format!("git: {status}"))))
}

/// Why git failed: the line that says so, with what ssh or the other side said right before it. Advice follows it.
fn reason(complaint: &str) -> Option<String> {
    let lines: Vec<&str> =
        complaint.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let is_reason = |line: &&str| line.starts_with("fatal:") || line.starts_with("error:");
    let end = lines.iter().rposition(is_reason).unwrap_or(lines.len().checked_sub(1)?);
    Some(lines[end.saturating_sub(2)..=end].join("; "))
}

fn strange() -> io::Error {
    io::Error::other("git says what is not known")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reason_is_told_and_not_the_advice() {
        let ssh = "Permission denied (publickey).\r\nfatal: Could not read from remote repository.\n\n\
            Please make sure you have the correct access rights\nand the repository exists.\n";
        for (said, expected) in [
            (
                ssh,
                Some(
                    "Permission denied (publickey).; fatal: Could not read from remote repository.",
                ),
            ),
            ("fatal: no such thing\n", Some("fatal: no such thing")),
            ("a\nb\nc\nd\n\n", Some("b; c; d")),
            ("\n", None),
            ("", None),
        ] {
            assert_eq!(reason(said).as_deref(), expected, "{said}");
        }
    }
}
