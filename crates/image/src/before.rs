//! The state that a step of a build runs in, as an image of its own, and the step as a command in it.
//!
//! Invariant: everything that comes before the step is there, and nothing that comes after it; a builder has it in its cache.

use std::collections::BTreeMap;

use windlass_bundle::Kind;
use windlass_model::image::{DockerfileSource, ImageSource, ImageSpec};
use windlass_model::provision::{ImageDefaults, Provision};

use crate::dockerfile::{Instruction, ParsedDockerfile};
use crate::source::{Recipe, SourceError};

/// What a RUN without a SHELL before it is given to.
const SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// The image before a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Before {
    /// How it is built. Its names are still those of the whole image.
    pub image: ImageSpec,
    /// What the step runs; `None` where it is no RUN.
    pub command: Option<Vec<String>>,
    /// Build arguments that the step sees.
    pub args: BTreeMap<String, String>,
}

impl Before {
    /// Of the step at a line (from 1) of the Dockerfile of `spec`, which came from this command (from 0) where it is made
    /// of commands; of that resource where it is made of resources. `references` has the reference of each image of the project, by its key. `None` where there is
    /// nothing before the step: it is a FROM, or before the first one.
    pub fn of(
        spec: &ImageSpec,
        references: &BTreeMap<String, String>,
        line: usize,
        command: Option<usize>,
    ) -> Result<Option<Self>, SourceError> {
        if let ImageSource::Provision(provision) = &spec.source {
            return Ok(command.and_then(|at| Self::resource(spec, provision, at)));
        }
        let Recipe::Build(recipe) = Recipe::read(spec, references)? else { return Ok(None) };
        let text = recipe.dockerfile_text();
        let malformed = |source| SourceError::Dockerfile { source, command: None };
        let parsed = ParsedDockerfile::parse(text).map_err(malformed)?;
        let all = &parsed.instructions;
        let Some(at) = all.iter().position(|found| found.first_line == line) else {
            return Ok(None);
        };
        let Some(from) = all[..at].iter().rposition(|found| found.keyword == "FROM") else {
            return Ok(None);
        };
        let Some(source) = source(&spec.source, text, line, command) else { return Ok(None) };
        if all[at].keyword == "FROM" {
            return Ok(None);
        }
        let mut image = ImageSpec { source, ..spec.clone() };
        image.build.target = None;
        image.build.squash = false;
        image.tags.clear();
        let stage = &all[from..at];
        let args = args(stage, &spec.build.args);
        Ok(Some(Self { image, command: argv(&all[at], stage), args }))
    }

    /// Of a resource: what its command is given beside the variables is not there.
    fn resource(spec: &ImageSpec, provision: &Provision, at: usize) -> Option<Self> {
        let mut provision = provision.clone();
        let failed = provision.bundle.resources.drain(at..).next()?;
        provision.defaults =
            ImageDefaults { user: Some("0".to_owned()), ..ImageDefaults::default() };
        let (mut command, mut args) = (None, BTreeMap::new());
        if let Kind::Execute(execute) = failed.kind {
            let user = execute.user.map_or_else(|| "0".to_owned(), String::from);
            let group = execute.group.map(|group| format!(":{}", String::from(group)));
            provision.defaults.user = Some(user + &group.unwrap_or_default());
            provision.defaults.workdir = Some(execute.cwd);
            (command, args) = (Some(execute.command.argv()), execute.env);
        }
        let source = ImageSource::Provision(Box::new(provision));
        let mut image = ImageSpec { source, ..spec.clone() };
        image.tags.clear();
        Some(Self { image, command, args })
    }
}

/// The source without the step and what follows it.
fn source(
    source: &ImageSource,
    text: &str,
    line: usize,
    command: Option<usize>,
) -> Option<ImageSource> {
    match source {
        ImageSource::Commands { commands, context } => Some(ImageSource::Commands {
            commands: commands.get(..command?)?.to_vec(),
            context: context.clone(),
        }),
        ImageSource::Dockerfile { dockerfile: _, context } => {
            let before: String = text.split_inclusive('\n').take(line - 1).collect();
            let dockerfile = DockerfileSource::Inline(before);
            Some(ImageSource::Dockerfile { dockerfile, context: context.clone() })
        }
        ImageSource::Import { .. } | ImageSource::Provision(_) | ImageSource::External { .. } => {
            None
        }
    }
}

fn args(stage: &[Instruction], given: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let declared = stage.iter().filter(|found| found.keyword == "ARG");
    declared
        .flat_map(|found| found.text.split_whitespace())
        .filter_map(|word| {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(default.trim_matches(['"', '\'']))),
                None => (word, None),
            };
            let value = given.get(name).map(String::as_str).or(default)?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect()
}

/// The words of a RUN, as the builder runs them.
fn argv(step: &Instruction, stage: &[Instruction]) -> Option<Vec<String>> {
    if step.keyword != "RUN" {
        return None;
    }
    if let Ok(words) = serde_json::from_str(&step.text) {
        return Some(words);
    }
    let shell = stage.iter().rev().find(|found| found.keyword == "SHELL");
    let shell = shell.and_then(|found| serde_json::from_str::<Vec<String>>(&found.text).ok());
    let mut argv = shell.unwrap_or_else(|| SHELL.map(str::to_owned).to_vec());
    argv.push(script(step));
    Some(argv)
}

/// With its heredocs; one that is all there is, is the script.
fn script(step: &Instruction) -> String {
    match step.heredocs.as_slice() {
        [only] if step.text.starts_with("<<") && !step.text.trim().contains(' ') => {
            only.content.clone()
        }
        heredocs => heredocs.iter().fold(step.text.clone(), |script, heredoc| {
            format!("{script}\n{}{}\n", heredoc.content, heredoc.name)
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use windlass_model::image::{BuildOptions, ContextSpec};

    const TEXT: &str = "ARG V=1\nFROM a AS one\nARG W=2 X=\"3\"\nARG Y\nRUN make \\\n  all\n\
        SHELL [\"/bin/bash\", \"-ec\"]\nRUN [\"true\", \"a b\"]\nRUN other\nCOPY x /\nRUN <<EOF\none\ntwo\nEOF\n\
        RUN cat <<A >x\nin\nA\nFROM b\nRUN last\n";

    fn image(source: ImageSource) -> ImageSpec {
        let given = [("X".to_owned(), "given".to_owned()), ("Y".to_owned(), "y".to_owned())];
        ImageSpec {
            key: "app".to_owned(),
            reference: "p/app:latest".to_owned(),
            tags: ["p/app:2".to_owned()].into(),
            source,
            build: BuildOptions {
                args: given.into(),
                target: Some("one".to_owned()),
                ..BuildOptions::default()
            },
            depends_on: BTreeSet::default(),
            push: false,
        }
    }

    fn of(line: usize) -> Option<Before> {
        let dockerfile = DockerfileSource::Inline(TEXT.to_owned());
        let context = Some(ContextSpec::new("/"));
        let spec = image(ImageSource::Dockerfile { dockerfile, context });
        Before::of(&spec, &BTreeMap::new(), line, None).unwrap()
    }

    #[test]
    fn a_step_is_run_on_what_comes_before_it() {
        let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
        let cases: [(usize, Option<Vec<String>>); 7] = [
            (5, words(&["/bin/sh", "-c", "make   all"])),
            (8, words(&["true", "a b"])),
            (9, words(&["/bin/bash", "-ec", "other"])),
            (10, None),
            (11, words(&["/bin/bash", "-ec", "one\ntwo\n"])),
            (15, words(&["/bin/bash", "-ec", "cat <<A >x\nin\nA\n"])),
            (19, words(&["/bin/sh", "-c", "last"])),
        ];
        for (line, command) in cases {
            let before = of(line).unwrap();
            assert_eq!(before.command, command, "{line}");
            let ImageSource::Dockerfile {
                dockerfile: DockerfileSource::Inline(text),
                context: Some(_),
            } = &before.image.source
            else {
                panic!("{line}: {:?}", before.image.source);
            };
            assert_eq!(text.lines().count(), line - 1);
            assert!(before.image.build.target.is_none() && before.image.tags.is_empty());
        }
        let args = of(5).unwrap().args;
        let args: Vec<_> = args.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(args, ["W=2", "X=given", "Y=y"]);
        for line in [1, 2, 6, 18, 99] {
            assert_eq!(of(line), None, "{line}");
        }
    }
}
