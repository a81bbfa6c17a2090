//! Several projects at once: one command for each file, with what it says of that file's project.
//!
//! Invariant: nothing is done before every file is found right and every word is known to name something.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use windlass::Dialect;
use windlass::model::project::Project;

use crate::args::{Command, Word};
use crate::exit::Exit;
use crate::hint;
use crate::invocation::Invocation;
use crate::load;
use crate::render::{escape, json};
use crate::trouble::{Result, Trouble};
use crate::words;

/// Whether each file is a project of its own: maps of docker-map always are.
pub(crate) fn is_each(invocation: &Invocation) -> Result<bool> {
    let several = invocation.files.len() > 1;
    let is_map = load::dialect(&invocation.global, &invocation.files)? == Dialect::DockerMap;
    Ok(several && (is_map || invocation.global.each))
}

/// Runs a command for each project that it is about; what they come to together.
pub(crate) fn run(
    invocation: &Invocation,
    command: &Command,
    run: impl Fn(&Invocation, &Command) -> Result<Exit>,
) -> Result<Exit> {
    let console = &invocation.console;
    let mut projects = projects(invocation)?;
    if command.takes_down() {
        projects.reverse();
    }
    let words = shares(command, projects.iter().map(|(_, project)| project))?;
    let about: Vec<_> = projects
        .iter()
        .filter_map(|(each, project)| Some((each, project, words.get(project.name.as_str())?)))
        .collect();
    if about.len() > 1 && command.is_about_one() {
        let names: Vec<_> = about.iter().map(|(_, project, _)| &project.name).collect();
        let message = format!(
            "this can be done with one project at a time, not with {}",
            words::and_list(&names)
        );
        return Err(Trouble::usage(message, "name what it is for as `PROJECT/CONTAINER`"));
    }
    let mut exits = Vec::new();
    for (each, project, words) in about {
        if console.is_json {
            console
                .json(&json::object("project_begins", serde_json::json!({"name": project.name})));
        }
        console.say(&format!("{}:\n", escape::line(project.name.as_str())));
        let mut command = command.clone();
        command.keep_words(|word, text| words.contains(&(word, text.to_owned())));
        exits.push(run(each, &command).unwrap_or_else(|trouble| trouble.show(console)));
    }
    let is_bad = |exit: &&Exit| !matches!(exit, Exit::Done | Exit::Detached | Exit::Process(0));
    let bad = exits.iter().find(|exit| is_bad(exit) && **exit != Exit::Changes);
    Ok(*bad.or_else(|| exits.iter().find(is_bad)).unwrap_or(&Exit::Done))
}

/// The projects of all files, each with what loads it alone.
fn projects(invocation: &Invocation) -> Result<Vec<(Invocation, Project)>> {
    if invocation.global.project.is_some() {
        let message = "`--project` names one project, and there are several";
        return Err(Trouble::usage(message, "leave it out, or give one file"));
    }
    let mut projects: Vec<(Invocation, Project)> = Vec::new();
    let mut are_right = true;
    for file in &invocation.files {
        if file == Path::new("-") || file.starts_with("/dev/") {
            let message = "what is read once can't be one of several projects";
            return Err(Trouble::usage(message, "give files"));
        }
        let each = Invocation { files: vec![file.clone()], ..invocation.clone() };
        let Some(project) = load::quietly(&each)? else {
            are_right = false;
            continue;
        };
        if let Some((other, _)) = projects.iter().find(|(_, one)| one.name == project.name) {
            let (other, name) = (other.files[0].display(), &project.name);
            let message = format!("{} and {other} are both project {name}", file.display());
            return Err(Trouble::files(message, "give one of them another `name`"));
        }
        projects.push((each, project));
    }
    if are_right { Ok(projects) } else { Err(Trouble::Diagnosed) }
}

/// Which words of a command are for which project. Without words of what it is about, it is about all.
fn shares<'a>(
    command: &Command,
    projects: impl Iterator<Item = &'a Project> + Clone,
) -> Result<BTreeMap<&'a str, BTreeSet<(Word, String)>>> {
    let mut shares = BTreeMap::<&str, BTreeSet<(Word, String)>>::new();
    let mut ports = Vec::new();
    let mut names_some = false;
    for (word, text) in command.words() {
        if word == Word::Port {
            ports.push((word, text));
            continue;
        }
        names_some |= word == Word::Reference;
        let found: Vec<_> = projects.clone().filter(|one| names(one, word, &text)).collect();
        let anywhere = text.starts_with("__all__.");
        match found.as_slice() {
            [] => return Err(unknown(&text, projects)),
            [_, _, ..] if word != Word::Volume && !anywhere => {
                return Err(ambiguous(&text, &found));
            }
            found => {
                for project in found {
                    let share = shares.entry(project.name.as_str()).or_default();
                    share.insert((word, text.clone()));
                }
            }
        }
    }
    if !names_some {
        projects.for_each(|project| {
            shares.entry(project.name.as_str()).or_default();
        });
    }
    for share in shares.values_mut() {
        share.extend(ports.iter().cloned());
    }
    Ok(shares)
}

/// Whether a word names something in a project.
fn names(project: &Project, word: Word, text: &str) -> bool {
    match word {
        Word::Reference | Word::Recreate | Word::Port => {
            !project.named(text).is_empty() || project.images.contains_key(text)
        }
        Word::Volume => {
            let mut volumes = project.volumes.iter();
            volumes.any(|(key, spec)| key == text || spec.name == text)
        }
    }
}

fn unknown<'a>(text: &str, projects: impl Iterator<Item = &'a Project>) -> Trouble {
    let names = projects.flat_map(|project| {
        let all = project.names().into_iter().chain(project.volumes.keys().cloned());
        all.flat_map(|name| [format!("{}.{name}", project.name), name])
    });
    let candidates: BTreeSet<String> = names.collect();
    let candidates: Vec<String> = candidates.into_iter().collect();
    let message = format!("there is no `{text}` in these projects");
    Trouble::usage(message, hint::unknown_reference(text, &candidates))
}

fn ambiguous(text: &str, found: &[&Project]) -> Trouble {
    let names: Vec<_> = found.iter().map(|project| format!("`{}.{text}`", project.name)).collect();
    let message = format!("`{text}` is in {} projects", found.len());
    Trouble::usage(message, format!("write one of {}", words::and_list(&names)))
}
