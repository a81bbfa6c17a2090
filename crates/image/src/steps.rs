//! The steps of a build, as builders name them when one fails.
//!
//! Invariant: what is found is a line of the Dockerfile that was sent, never one that a builder only may have meant.

use crate::dockerfile::ParsedDockerfile;
use crate::source::PreparedBuild;

/// All instructions of a Dockerfile that a builder may name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuildSteps(Vec<BuildStep>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildStep {
    /// Of the Dockerfile that was sent, from 1.
    pub line: usize,
    /// Which of the image's commands (from 0) it came from, where it is made of commands.
    pub command: Option<usize>,
    /// On one line, with single spaces.
    pub text: String,
    keyword: String,
}

impl PreparedBuild {
    pub fn steps(&self) -> BuildSteps {
        BuildSteps::read(&self.dockerfile_text, |line| self.command_at(line))
    }
}

/// As builders show it: comments and line ends left out.
fn joined(lines: &[&str], escape: char) -> String {
    let shown = lines.iter().filter(|line| !line.trim_start().starts_with('#'));
    let parts: Vec<&str> = shown.map(|line| line.trim_end().trim_end_matches(escape)).collect();
    single_spaced(&parts.join(" "))
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl BuildSteps {
    fn read(text: &str, command_at: impl Fn(usize) -> Option<usize>) -> Self {
        let Ok(parsed) = ParsedDockerfile::parse(text) else { return Self::default() };
        let lines: Vec<&str> = text.lines().collect();
        let steps = parsed.instructions.into_iter().map(|instruction| {
            let line = instruction.first_line;
            let own = lines.get(line - 1..instruction.last_line).unwrap_or_default();
            BuildStep {
                line,
                command: command_at(line),
                text: joined(own, parsed.escape),
                keyword: instruction.keyword,
            }
        });
        Self(steps.collect())
    }

    /// The step that a line (from 1) is part of.
    pub fn at(&self, line: usize) -> Option<&BuildStep> {
        self.0.iter().rev().find(|step| step.line <= line)
    }

    /// The step that a builder's words name: `[2/3] RUN make`, `[build 2/3] RUN make`.
    ///
    /// The classic builder counts every instruction, and so tells equal ones apart. `BuildKit` counts within a stage
    /// what makes a layer, and shows variables with their values: then the text is no help, but the number is.
    pub fn find(&self, said: &str) -> Option<&BuildStep> {
        let said = single_spaced(said);
        let (head, text) = said.strip_prefix('[')?.split_once("] ")?;
        let number: usize = head.rsplit(' ').next()?.split_once('/')?.0.parse().ok()?;
        let counted = number.checked_sub(1).and_then(|index| self.0.get(index));
        let layer = self.of_stage(head, number, text);
        let is_named = |step: &&BuildStep| text.starts_with(&step.text);
        if let Some(step) = [counted, layer].into_iter().flatten().find(is_named) {
            return Some(step);
        }
        let named = self.0.iter().rev().filter(is_named).max_by_key(|step| step.text.len());
        named.or(layer)
    }

    /// The `number`th layer (from 1) of the stage that `head` names.
    fn of_stage(&self, head: &str, number: usize, text: &str) -> Option<&BuildStep> {
        let keyword = text.split(' ').next()?;
        let stages = self.0.chunk_by(|_, next| next.keyword != "FROM");
        let mut stages = stages.filter(|stage| stage[0].keyword == "FROM");
        let stage = match head.rsplit_once(' ') {
            None => stages.next(),
            Some((name, _)) => {
                let at = name.strip_prefix("stage-").and_then(|index| index.parse::<usize>().ok());
                stages.enumerate().find_map(|(index, stage)| {
                    let own = stage[0].text.rsplit_once(' ').map(|(_, name)| name);
                    let is_named = own.is_some_and(|own| own.eq_ignore_ascii_case(name));
                    (is_named || at == Some(index)).then_some(stage)
                })
            }
        }?;
        let layers = ["FROM", "RUN", "COPY", "ADD", "WORKDIR"];
        let mut layers = stage.iter().filter(|step| layers.contains(&step.keyword.as_str()));
        layers.nth(number.checked_sub(1)?).filter(|step| step.keyword == keyword)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# syntax=docker/dockerfile:1\nARG V=1\nFROM a AS one\nRUN make \\\n  # why\n  all\n\
        ENV X=y\nFROM b\nWORKDIR /w\nRUN x\nCOPY $V /\nRUN x\nRUN x --more\n";

    #[test]
    fn builders_words_lead_to_lines() {
        let cases = [
            ("[3/9] RUN make all: The command '/bin/sh -c make all' returned", Some(4)),
            ("[one 2/2] RUN make     all failed: executor failed", Some(4)),
            ("[7/9] RUN x: The command", Some(10)),
            ("[9/9] RUN x: The command", Some(12)),
            ("[stage-1 3/6] RUN x failed: y", Some(10)),
            ("[stage-1 4/6] COPY 1 / failed: not found", Some(11)),
            ("[stage-1 6/6] RUN x --more failed: y", Some(13)),
            ("[stage-7 4/6] COPY 1 / failed: not found", None),
            ("[stage-1 2/6] COPY 1 / failed: not found", None),
            ("[internal] load metadata failed", None),
            ("something else", None),
            ("[0/0] COPY q /", None),
        ];
        let steps = BuildSteps::read(TEXT, |_| None);
        for (said, line) in cases {
            assert_eq!(steps.find(said).map(|step| step.line), line, "{said}");
        }
        assert_eq!(steps.find("[3/9] RUN make all: x").unwrap().text, "RUN make all");
        let at = [1, 2, 5, 6, 7, 99].map(|line| steps.at(line).map(|step| step.line));
        assert_eq!(at, [None, Some(2), Some(4), Some(4), Some(7), Some(13)]);
    }
}
