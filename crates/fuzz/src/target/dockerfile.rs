//! Dockerfiles: read as others wrote them, and written so that no value becomes an instruction.
//!
//! Invariant: instructions lie one after another, and line ends do not matter.

use std::collections::BTreeMap;

use windlass_image::dockerfile::{Dockerfile, Healthcheck, ParsedDockerfile, Word};

pub fn dockerfile(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(parsed) = ParsedDockerfile::parse(&text) {
        check(&parsed, text.lines().count());
        if !text.contains('\r') {
            let other = ParsedDockerfile::parse(&text.replace('\n', "\r\n"));
            assert_eq!(other.as_ref(), Ok(&parsed), "line ends do not matter");
        }
        read(&parsed);
    }
    write(&text);
}

fn check(parsed: &ParsedDockerfile, lines: usize) {
    let mut last = 0;
    for instruction in &parsed.instructions {
        assert!(last < instruction.first_line && instruction.first_line <= instruction.last_line);
        assert!(instruction.last_line <= lines);
        assert!(!instruction.keyword.is_empty());
        assert_eq!(parsed.instruction_at(instruction.first_line), Some(instruction));
        last = instruction.last_line;
    }
}

fn read(parsed: &ParsedDockerfile) {
    let args = BTreeMap::from([("A".to_owned(), "alpine".to_owned())]);
    if let Ok(stages) = parsed.stages(&args) {
        let size: usize = stages.iter().flat_map(|stage| &stage.image).map(String::len).sum();
        assert!(size < 1 << 24, "{size} bytes of names");
        for (index, stage) in stages.iter().enumerate() {
            assert_eq!(stage.index, index);
        }
    }
    for target in [None, Some("0"), Some("a")] {
        // The one and the other are never in the way of each other.
        let _ = parsed.image_references(&args, target);
        let _ = parsed.healthcheck(&args, target);
    }
}

/// Whatever a value holds, what is written has these instructions and no others.
fn write(value: &str) {
    let word = || Word::literal(value);
    let words = Dockerfile::from("scratch")
        .env("A", word())
        .label(word(), word())
        .workdir(word())
        .user(word())
        .copy([word()], word());
    keywords(&words, &["FROM", "ENV", "LABEL", "WORKDIR", "USER", "COPY"]);
    let script = Dockerfile::from("scratch").run(value).cmd(["end"]);
    if let Some(parsed) = keywords(&script, &["FROM", "RUN", "CMD"]) {
        assert!(parsed.instructions[1].flags.is_empty(), "{value:?}");
    }
    let check = Healthcheck { command: vec![value.to_owned()], ..Healthcheck::default() };
    let others = Dockerfile::from("scratch")
        .comment(value)
        .run_exec([value])
        .cmd([value])
        .entrypoint([value])
        .run_heredoc(value)
        .healthcheck(&check)
        .cmd(["end"]);
    let wanted = ["FROM", "RUN", "CMD", "ENTRYPOINT", "RUN", "HEALTHCHECK", "CMD"];
    let Some(parsed) = keywords(&others, &wanted) else { return };
    let exec = |at: usize| serde_json::from_str::<Vec<String>>(&parsed.instructions[at].text).ok();
    assert_eq!(exec(2), Some(vec![value.to_owned()]));
    assert_eq!(exec(6), Some(vec!["end".to_owned()]));
}

/// Reads what was written; `None` if it was refused.
fn keywords(written: &Dockerfile, wanted: &[&str]) -> Option<ParsedDockerfile> {
    let text = written.text().ok()?;
    let parsed = ParsedDockerfile::parse(&text).expect("what is written can be read");
    let found: Vec<_> = parsed.instructions.iter().map(|found| found.keyword.as_str()).collect();
    assert_eq!(found, wanted, "{text}");
    Some(parsed)
}
