//! Every example in the documents and in the help: YAML loads, JSON is JSON, commands can be typed.
//!
//! Invariant: a fenced block says what it is; one that is no example says why after `ignore:`.

use std::path::{Path, PathBuf};

use crate::program::Test;

/// A fenced block: where it begins, what it says that it is, and its text.
struct Block {
    place: String,
    info: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The Markdown files of the project, by their paths, with their text.
fn documents() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join("docs"), root().join("examples")];
    let mut files: Vec<PathBuf> =
        ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root().join(name)).into();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            let is_ours = path.file_name().is_some_and(|name| name != "target");
            if path.is_dir() && is_ours {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                files.push(path);
            }
        }
    }
    files.sort();
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        found.push((name, text));
    }
    assert!(found.len() > 8, "{found:?}");
    found
}

fn blocks(name: &str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in text.lines().enumerate() {
        match (line.trim_start().strip_prefix("```"), open.as_mut()) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(info), None) => {
                let place = format!("{name}:{}", index + 1);
                open = Some(Block { place, info: info.trim().to_owned(), text: String::new() });
            }
            (None, Some(block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{name}: a block has no end");
    blocks
}

#[test]
fn every_block_is_what_it_says() {
    let mut yaml = 0;
    for (name, text) in documents() {
        for Block { place, info, text } in blocks(&name, &text) {
            match info.split_once(" ignore:").map_or((info.as_str(), None), |(k, w)| (k, Some(w))) {
                (_, Some(reason)) => assert!(reason.len() > 5, "{place}: why is it ignored?"),
                ("yaml", None) => {
                    yaml += 1;
                    // What an example takes from the environment of its reader.
                    let test = Test::new().variable("NPM_TOKEN", "a token").stdin(&text);
                    let ended = test.args(["-f", "-", "config", "--check"]).run();
                    assert_eq!(ended.code, 0, "{place}: {}", ended.stderr);
                    assert!(!ended.stderr.contains("warning"), "{place}: {}", ended.stderr);
                }
                ("yaml docker-map" | "yaml harpoon", None) => {
                    let dialect = info.trim_start_matches("yaml ");
                    let words = ["-f", "-", "--dialect", dialect, "config", "--check"];
                    let ended = Test::new().stdin(&text).args(words).run();
                    assert_eq!(ended.code, 0, "{place}: {}", ended.stderr);
                    assert!(!ended.stderr.contains("warning"), "{place}: {}", ended.stderr);
                }
                ("yaml bundle", None) => {
                    let words = ["apply", "-", "--root", ".", "--plan"];
                    let ended = Test::new().stdin(&text).args(words).run();
                    assert_eq!(ended.code, 0, "{place}: {}", ended.stderr);
                    assert_eq!(ended.stderr, "", "{place}");
                }
                ("json", None) => {
                    for line in text.lines() {
                        let parsed = serde_json::from_str::<serde_json::Value>(line);
                        assert!(parsed.is_ok(), "{place}: {line}");
                    }
                }
                ("rust" | "text" | "console" | "sh", None) => {}
                // A drawing.
                ("", None) if text.contains("──▶") => {}
                (other, None) => panic!("{place}: nobody checks a block of {other:?}"),
            }
        }
    }
    assert!(yaml > 0);
}

/// The commands of a text: in code spans, after a prompt, and on lines of code.
fn commands(text: &str) -> Vec<String> {
    let spans = text.split('`').skip(1).step_by(2);
    let spans = spans.filter(|span| span.starts_with("windlass ")).map(str::to_owned);
    let lines = text.lines().filter_map(|line| {
        let code = line.strip_prefix("    ").unwrap_or(line).trim_start();
        let is_typed = code.starts_with("$ windlass ");
        let is_code = line.starts_with("  ") && code.starts_with("windlass ");
        let command = code.strip_prefix("$ ").unwrap_or(code);
        // What comes after more than one blank says what it does.
        (is_typed || is_code).then(|| command.split("  ").next().unwrap_or(command).to_owned())
    });
    spans.chain(lines).collect()
}

/// The words of a command that are windlass's own; none if a word only stands for others.
fn words(command: &str) -> Option<Vec<String>> {
    let cut = command.find([';', '|', '>', '<', '#', '…']).unwrap_or(command.len());
    let words: Vec<_> = command[..cut].split_whitespace().skip(1).collect();
    let stands_for_others = words.iter().any(|word| matches!(*word, "COMMAND" | "VERB"));
    (!words.is_empty() && !stands_for_others)
        .then(|| words.into_iter().map(|word| word.trim_matches('\'').to_owned()).collect())
}

/// Runs it no further than to the files: there is no such dialect.
fn can_be_typed(place: &str, command: &str) -> bool {
    let Some(words) = words(command) else { return false };
    let mut test = Test::new();
    // A dialect can be said only once.
    if !words.iter().any(|word| word == "--dialect") {
        test = test.args(["--dialect", "none-such"]);
    }
    for word in &words {
        test = test.args([if matches!(&**word, "docker-map" | "harpoon") {
            "none-such"
        } else {
            word
        }]);
    }
    let ended = test.run();
    // The first of these that a command comes to.
    let went_on = [
        "there is no dialect `none-such`",
        "there is no terminal here",
        "ID is not the id of a lock",
    ];
    let said = format!("{}{}", ended.stderr, ended.stdout);
    let is_good = ended.code == 0 || went_on.iter().any(|words| said.contains(words));
    assert!(is_good, "{place}: {command}\n{}", ended.stderr);
    true
}

#[test]
fn every_command_in_the_documents_can_be_typed() {
    let mut count = 0;
    for (name, text) in documents() {
        for command in commands(&text) {
            count += usize::from(can_be_typed(&name, &command));
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn every_command_in_the_help_can_be_typed() {
    let mut count = 0;
    for command in crate::arguments::commands() {
        let help = Test::new().args([command.as_str(), "--help"]).code(0).stdout;
        let (_, examples) = help.split_once("\nExamples:\n").unwrap();
        for example in commands(examples) {
            count += usize::from(can_be_typed(&command, &example));
        }
    }
    assert!(count > 50, "{count}");
}

#[test]
fn commands_are_found() {
    let text = "`windlass a`, `b`\n\n    $ windlass c -x\n    ± web\n  windlass d > f   says d\nwindlass e\n";
    assert_eq!(commands(text), ["windlass a", "windlass c -x", "windlass d > f"]);
    assert_eq!(words("windlass d > f"), Some(vec!["d".to_owned()]));
    assert_eq!(words("windlass -f FILE COMMAND"), None);
}
