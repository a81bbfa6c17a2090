//! Stages, and the images that a Dockerfile needs.
//!
//! Invariant: a name that is an earlier stage's is never taken for an image's.

use std::collections::BTreeMap;

use super::expand::expand;
use super::{DockerfileError, DockerfileProblem, Instruction, ParsedDockerfile};

/// `FROM … AS …` and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// From 0.
    pub index: usize,
    /// In lower case: names of stages have no case.
    pub name: Option<String>,
    /// The image, variables replaced; none when it is an earlier stage or `scratch`.
    pub image: Option<String>,
    pub platform: Option<String>,
    /// The line of the FROM.
    pub line: usize,
}

/// An image that a Dockerfile names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    pub image: String,
    pub kind: ReferenceKind,
    /// Of the instruction, from 1.
    pub line: usize,
}

/// Where the health check of an image comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HealthcheckOrigin {
    #[default]
    Unknown,
    /// The Dockerfile says whether there is one.
    Own(bool),
    /// That of the image in FROM.
    Image(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceKind {
    From,
    CopyFrom,
    /// `RUN --mount=from=…`.
    MountFrom,
}

impl ParsedDockerfile {
    /// All stages. `args` are the build's arguments; they count for a FROM only where an `ARG` before the first FROM names them,
    /// but for the platform's (`TARGETARCH` and the like), which need none.
    pub fn stages(&self, args: &BTreeMap<String, String>) -> Result<Vec<Stage>, DockerfileError> {
        let mut variables: BTreeMap<String, String> = args
            .iter()
            .filter(|(name, _)| is_platform_argument(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let mut stages: Vec<Stage> = Vec::new();
        for instruction in &self.instructions {
            let error = |problem| DockerfileError { line: instruction.first_line, problem };
            match instruction.keyword.as_str() {
                "ARG" if stages.is_empty() => {
                    self.global_argument(instruction, args, &mut variables).map_err(error)?;
                }
                "FROM" => {
                    let stage = self.stage(instruction, &variables, &stages).map_err(error)?;
                    stages.push(stage);
                }
                keyword if stages.is_empty() => {
                    let instruction = keyword.to_owned();
                    return Err(error(DockerfileProblem::BeforeFrom { instruction }));
                }
                _ => {}
            }
        }
        Ok(stages)
    }

    /// The images that must be there to build `target` (the last stage if there is none): those of all stages up to it, in
    /// order, each once per place. Stages and `scratch` are not images.
    pub fn image_references(
        &self,
        args: &BTreeMap<String, String>,
        target: Option<&str>,
    ) -> Result<Vec<ImageReference>, DockerfileError> {
        let stages = self.stages(args)?;
        let end_line = self.end_line(&stages, target)?;
        let mut references = Vec::new();
        let mut current = 0;
        for instruction in self.instructions.iter().filter(|i| i.first_line < end_line) {
            let line = instruction.first_line;
            match instruction.keyword.as_str() {
                "FROM" => {
                    current = stages.iter().position(|stage| stage.line == line).unwrap_or(0);
                    let image = stages[current].image.clone();
                    let kind = ReferenceKind::From;
                    references.extend(image.map(|image| ImageReference { image, kind, line }));
                }
                "COPY" => {
                    let from =
                        instruction.flag("from").filter(|from| is_image(from, &stages[..current]));
                    let kind = ReferenceKind::CopyFrom;
                    references.extend(from.map(|from| ImageReference {
                        image: from.to_owned(),
                        kind,
                        line,
                    }));
                }
                "RUN" => {
                    let images =
                        mounted(instruction).filter(|from| is_image(from, &stages[..current]));
                    let kind = ReferenceKind::MountFrom;
                    references.extend(images.map(|from| ImageReference {
                        image: from.to_owned(),
                        kind,
                        line,
                    }));
                }
                _ => {}
            }
        }
        Ok(references)
    }

    /// Where the health check of `target` (the last stage if there is none) comes from.
    pub fn healthcheck(
        &self,
        args: &BTreeMap<String, String>,
        target: Option<&str>,
    ) -> HealthcheckOrigin {
        let Ok(stages) = self.stages(args) else { return HealthcheckOrigin::Unknown };
        let named = |wanted: &str| {
            let lower = wanted.to_lowercase();
            let by_name = stages.iter().position(|stage| stage.name.as_ref() == Some(&lower));
            by_name.or_else(|| wanted.parse().ok())
        };
        let mut index = match target {
            Some(target) => named(target),
            None => stages.len().checked_sub(1),
        };
        while let Some((at, stage)) = index.and_then(|at| Some((at, stages.get(at)?))) {
            let end = stages.get(at + 1).map_or(usize::MAX, |next| next.line);
            let of_stage = |found: &&Instruction| (stage.line..end).contains(&found.first_line);
            let mut own = self.instructions.iter().rev().filter(of_stage);
            if let Some(check) = own.find(|found| found.keyword == "HEALTHCHECK") {
                let is_there = !check.text.trim().eq_ignore_ascii_case("NONE");
                return HealthcheckOrigin::Own(is_there);
            }
            if let Some(image) = &stage.image {
                return HealthcheckOrigin::Image(image.clone());
            }
            let from = self.instructions.iter().find(|found| found.first_line == stage.line);
            let word = from.and_then(|from| from.text.split_whitespace().next()).unwrap_or("");
            if word == "scratch" {
                return HealthcheckOrigin::Own(false);
            }
            index = named(word).filter(|earlier| *earlier < at);
        }
        HealthcheckOrigin::Unknown
    }

    /// The first line that does not matter for `target`.
    fn end_line(&self, stages: &[Stage], target: Option<&str>) -> Result<usize, DockerfileError> {
        let last_line = self.instructions.last().map_or(1, |last| last.last_line);
        let error = |problem| DockerfileError { line: last_line, problem };
        if stages.is_empty() {
            return Err(error(DockerfileProblem::NoStage));
        }
        let Some(target) = target else { return Ok(usize::MAX) };
        let index = find_stage(target, stages).or_else(|| target.parse().ok());
        let known = index.filter(|&index| index < stages.len());
        let index =
            known.ok_or_else(|| error(DockerfileProblem::NoSuchStage(target.to_owned())))?;
        Ok(stages.get(index + 1).map_or(usize::MAX, |next| next.line))
    }

    fn global_argument(
        &self,
        instruction: &Instruction,
        args: &BTreeMap<String, String>,
        variables: &mut BTreeMap<String, String>,
    ) -> Result<(), DockerfileProblem> {
        for word in instruction.text.split_whitespace() {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name, Some(expand(default, variables, self.escape)?)),
                None => (word, None),
            };
            let given = args.get(name).cloned();
            if let Some(value) = given.or(default) {
                variables.insert(name.to_owned(), value);
            }
        }
        Ok(())
    }

    fn stage(
        &self,
        instruction: &Instruction,
        variables: &BTreeMap<String, String>,
        earlier: &[Stage],
    ) -> Result<Stage, DockerfileProblem> {
        let words: Vec<&str> = instruction.text.split_whitespace().collect();
        let (image, name) = match words[..] {
            [image] => (image, None),
            [image, word, name] if word.eq_ignore_ascii_case("as") => (image, Some(name)),
            _ => return Err(DockerfileProblem::MalformedFrom),
        };
        let image = expand(image, variables, self.escape)?;
        if image.is_empty() {
            return Err(DockerfileProblem::EmptyImage);
        }
        let is_stage = find_stage(&image, earlier).is_some();
        let platform =
            instruction.flag("platform").map(|text| expand(text, variables, self.escape));
        Ok(Stage {
            index: earlier.len(),
            name: name.map(str::to_ascii_lowercase),
            image: (!is_stage && image != "scratch").then_some(image),
            platform: platform.transpose()?,
            line: instruction.first_line,
        })
    }
}

fn is_platform_argument(name: &str) -> bool {
    let rest = name.strip_prefix("TARGET").or_else(|| name.strip_prefix("BUILD"));
    rest.is_some_and(|rest| matches!(rest, "PLATFORM" | "OS" | "ARCH" | "VARIANT"))
}

fn find_stage(name: &str, stages: &[Stage]) -> Option<usize> {
    stages.iter().rposition(|stage| {
        stage.name.as_deref().is_some_and(|found| found.eq_ignore_ascii_case(name))
    })
}

/// Not an earlier stage, by name or by number.
fn is_image(from: &str, earlier: &[Stage]) -> bool {
    find_stage(from, earlier).is_none() && from.parse::<usize>().is_err() && !from.is_empty()
}

/// The values of `from` in `--mount` flags.
fn mounted(instruction: &Instruction) -> impl Iterator<Item = &str> {
    let mounts = instruction.flags.iter().filter(|flag| flag.name == "mount");
    let options =
        mounts.filter_map(|flag| flag.value.as_deref()).flat_map(|mount| mount.split(','));
    options.filter_map(|option| option.trim_matches('"').strip_prefix("from="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn references(text: &str, args: &[(&str, &str)], target: Option<&str>) -> Vec<String> {
        let args = args.iter().map(|&(k, v)| (k.to_owned(), v.to_owned())).collect();
        let parsed = ParsedDockerfile::parse(text).expect(text);
        match parsed.image_references(&args, target) {
            Ok(found) => found
                .iter()
                .map(|found| format!("{} {:?} {}", found.line, found.kind, found.image))
                .collect(),
            Err(error) => vec![error.to_string()],
        }
    }

    #[test]
    fn images_are_found() {
        let text = "ARG V=12\nARG BASE=debian:${V}\nFROM --platform=$P ${BASE} AS Build\n\
                    RUN --mount=type=bind,from=tools:1,target=/t --mount=from=build x\n\
                    FROM build AS test\nCOPY --from=0 /a /a\nCOPY --from=busybox /b /b\n\
                    FROM scratch\nCOPY --from=BUILD / /\nCOPY --from=later / /\nFROM x AS later\n";
        let all = [
            "3 From debian:12",
            "4 MountFrom tools:1",
            "4 MountFrom build",
            "7 CopyFrom busybox",
            "10 CopyFrom later",
            "11 From x",
        ];
        assert_eq!(references(text, &[], None), all);
        assert_eq!(references(text, &[("V", "13")], Some("build"))[0], "3 From debian:13");
        assert_eq!(references(text, &[], Some("BUILD")), all[..3]);
        assert_eq!(references(text, &[("BASE", "b")], Some("1"))[0], "3 From b");
        assert_eq!(references(text, &[], Some("1")), all[..4]);
        assert_eq!(references(text, &[], Some("none")), ["line 11: no stage is called \"none\""]);
    }

    #[test]
    fn malformed_files_are_errors() {
        let cases = [
            ("# nothing\n", "line 1: no build stage in the Dockerfile"),
            ("RUN x\nFROM y", "line 1: RUN comes before the first FROM"),
            ("FROM a b", "line 1: FROM needs one image, and after it nothing but AS and a name"),
            ("ARG X\nFROM $X", "line 2: the image's name is empty once its variables are replaced"),
            ("FROM ${X", "line 1: malformed variable"),
        ];
        for (text, wanted) in cases {
            assert_eq!(references(text, &[], None), [wanted], "{text:?}");
        }
    }

    #[test]
    fn an_argument_counts_only_where_it_is_declared() {
        let text = "FROM a:$V\nARG V\n";
        assert_eq!(references(text, &[("V", "1")], None), ["1 From a:"]);
        let text = "FROM a:$TARGETARCH\n";
        assert_eq!(references(text, &[("TARGETARCH", "arm64")], None), ["1 From a:arm64"]);
    }

    #[test]
    fn where_the_health_check_comes_from() {
        for (text, target, expected) in [
            ("FROM a\nHEALTHCHECK CMD x", None, HealthcheckOrigin::Own(true)),
            ("FROM a\nHEALTHCHECK NONE", None, HealthcheckOrigin::Own(false)),
            ("FROM a\nHEALTHCHECK CMD x\nHEALTHCHECK NONE", None, HealthcheckOrigin::Own(false)),
            ("FROM scratch", None, HealthcheckOrigin::Own(false)),
            ("FROM a", None, HealthcheckOrigin::Image("a".into())),
            ("FROM a AS b\nHEALTHCHECK CMD x\nFROM c", None, HealthcheckOrigin::Image("c".into())),
            ("FROM a AS b\nHEALTHCHECK CMD x\nFROM c", Some("B"), HealthcheckOrigin::Own(true)),
            ("FROM a AS b\nHEALTHCHECK CMD x\nFROM B", None, HealthcheckOrigin::Own(true)),
            ("FROM a AS b\nFROM b AS c\nFROM c", None, HealthcheckOrigin::Image("a".into())),
            ("RUN x", None, HealthcheckOrigin::Unknown),
        ] {
            let parsed = ParsedDockerfile::parse(text).expect(text);
            assert_eq!(parsed.healthcheck(&BTreeMap::new(), target), expected, "{text}");
        }
    }
}
