//! Images by their digests in the place of those that a Dockerfile names.
//!
//! Invariant: every line stays where it was, and nothing but the names of images changes.

use std::collections::BTreeMap;

use windlass_model::image::familiar_reference;

use super::stage::{ImageReference, ReferenceKind};
use super::{DockerfileError, DockerfileProblem, Instruction, ParsedDockerfile};

impl ParsedDockerfile {
    /// The text that this was parsed from, with references by digest (by familiar reference in `pins`) for the `images` of it that are
    /// pinned.
    pub fn pinned(
        &self,
        text: &str,
        images: &[ImageReference],
        pins: &BTreeMap<String, String>,
    ) -> Result<String, DockerfileError> {
        let mut lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
        for reference in images {
            let ImageReference { image, kind, line } = reference;
            let Some(by_digest) = pins.get(&familiar_reference(image)) else { continue };
            let Some(instruction) = self.instruction_at(*line) else { continue };
            let lines = &mut lines[instruction.first_line - 1..instruction.last_line];
            let done = match kind {
                ReferenceKind::From => from(instruction, by_digest, lines),
                ReferenceKind::CopyFrom => {
                    let (old, new) = (format!("--from={image}"), format!("--from={by_digest}"));
                    replace(&old, &new, lines)
                }
                ReferenceKind::MountFrom => mount(instruction, image, by_digest, lines),
            };
            if !done {
                let problem = DockerfileProblem::Unpinnable(image.clone());
                return Err(DockerfileError { line: *line, problem });
            }
        }
        Ok(lines.join("\n"))
    }
}

/// On one line, as its image may be made of variables, or be on any of them.
fn from(instruction: &Instruction, by_digest: &str, lines: &mut [String]) -> bool {
    let flags = instruction.flags.iter().map(|flag| match &flag.value {
        Some(value) => format!("--{}={value} ", flag.name),
        None => format!("--{} ", flag.name),
    });
    let flags: String = flags.collect();
    let name = instruction.text.split_whitespace().nth(2);
    let name = name.map(|name| format!(" AS {name}")).unwrap_or_default();
    let [first, rest @ ..] = lines else { return false };
    *first = format!("FROM {flags}{by_digest}{name}");
    rest.fill(String::new());
    true
}

/// One that was replaced for another mount of the same image counts, too.
fn mount(instruction: &Instruction, image: &str, by_digest: &str, lines: &mut [String]) -> bool {
    let mounts = instruction.flags.iter().filter(|flag| flag.name == "mount");
    let mut found = false;
    for value in mounts.filter_map(|flag| flag.value.as_deref()) {
        let pinned = |option: &str| {
            let bare = option.trim_matches('"');
            let is_it = bare.strip_prefix("from=") == Some(image);
            if is_it { option.replace(bare, &format!("from={by_digest}")) } else { option.into() }
        };
        let new: Vec<String> = value.split(',').map(pinned).collect();
        let new = new.join(",");
        if new != value {
            let (old, new) = (format!("--mount={value}"), format!("--mount={new}"));
            found |= replace(&old, &new, lines) || lines.iter().any(|line| line.contains(&new));
        }
    }
    found
}

/// Replaces the first flag of this text, on whatever line it is.
fn replace(old: &str, new: &str, lines: &mut [String]) -> bool {
    for line in lines {
        let ends =
            |at: usize| line[at + old.len()..].chars().next().is_none_or(char::is_whitespace);
        let at = line.match_indices(old).map(|(at, _)| at).find(|at| ends(*at));
        if let Some(at) = at {
            line.replace_range(at..at + old.len(), new);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_names_of_images_change() {
        let pins = ["debian:12", "busybox:latest", "tools:1"];
        let pins: BTreeMap<_, _> =
            pins.map(|one| (one.to_owned(), format!("{one}@D"))).into_iter().collect();
        for (text, expected) in [
            ("FROM debian:12\nRUN x", "FROM debian:12@D\nRUN x"),
            ("FROM docker.io/library/debian:12 as b\nFROM b", "FROM debian:12@D AS b\nFROM b"),
            (
                "ARG V=12\nfrom --platform=$P \\\n  debian:$V \\\n  AS b\nCOPY --from=b / /",
                "ARG V=12\nFROM --platform=$P debian:12@D AS b\n\n\nCOPY --from=b / /",
            ),
            (
                "FROM scratch\nCOPY --from=busybox --chown=1 a b\nCOPY \\\n --from=busybox c --from=busybox",
                "FROM scratch\nCOPY --from=busybox:latest@D --chown=1 a b\nCOPY \\\n --from=busybox:latest@D c --from=busybox",
            ),
            (
                "FROM other\nRUN --mount=type=bind,from=tools:1,target=/t \\\n echo from=tools:1",
                "FROM other\nRUN --mount=type=bind,from=tools:1@D,target=/t \\\n echo from=tools:1",
            ),
            (
                "FROM other\nRUN --mount=from=tools:1,target=/a --mount=from=tools:1,target=/b x",
                "FROM other\nRUN --mount=from=tools:1@D,target=/a --mount=from=tools:1@D,target=/b x",
            ),
            (
                "FROM debian:12\r\nRUN <<X\r\nFROM debian:12\r\nX\r\n",
                "FROM debian:12@D\nRUN <<X\r\nFROM debian:12\r\nX\r\n",
            ),
            (
                "FROM scratch\nCOPY --from=debian:12.1 a b\n",
                "FROM scratch\nCOPY --from=debian:12.1 a b\n",
            ),
        ] {
            let parsed = ParsedDockerfile::parse(text).expect(text);
            let images = parsed.image_references(&BTreeMap::new(), None).expect(text);
            assert_eq!(parsed.pinned(text, &images, &pins).expect(text), expected);
        }
    }

    #[test]
    fn what_can_not_be_pinned_is_an_error() {
        let text = "FROM scratch\nCOPY --from=debi\\\nan:12 a b\n";
        let pins = BTreeMap::from([("debian:12".to_owned(), "debian@D".to_owned())]);
        let parsed = ParsedDockerfile::parse(text).expect(text);
        let images = parsed.image_references(&BTreeMap::new(), None).expect(text);
        assert_eq!(images[0].image, "debian:12");
        let error = parsed.pinned(text, &images, &pins).expect_err(text);
        assert_eq!(
            (error.line, error.problem),
            (2, DockerfileProblem::Unpinnable("debian:12".into()))
        );
    }
}
