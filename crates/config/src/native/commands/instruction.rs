//! One Dockerfile instruction of a list of commands: `RUN make`, `FROM debian:12 as base`, `# a comment`.
//!
//! Invariant: no word of an instruction is lost: what has no place in it is a finding.

use crate::document::CommandKind;
use crate::read::{Item, Reader, suggest};

/// What a Dockerfile may say. Another frontend (`# syntax=`) may know more.
const KNOWN: [&str; 18] = [
    "ADD",
    "ARG",
    "CMD",
    "COPY",
    "ENTRYPOINT",
    "ENV",
    "EXPOSE",
    "FROM",
    "HEALTHCHECK",
    "LABEL",
    "MAINTAINER",
    "ONBUILD",
    "RUN",
    "SHELL",
    "STOPSIGNAL",
    "USER",
    "VOLUME",
    "WORKDIR",
];

/// A whole line: `"RUN make"`.
pub(super) fn line(reader: &Reader, item: &Item, text: &str) -> Option<CommandKind> {
    let text = text.trim();
    if let Some(comment) = text.strip_prefix('#') {
        return Some(written("#", comment.trim_start()));
    }
    let Some((word, rest)) = text.split_once(char::is_whitespace) else {
        let help = "write an instruction and its text: \"RUN make\"".to_owned();
        reader.expected(item, "an instruction", Some(help));
        return None;
    };
    instruction(reader, item, word, rest)
}

/// The word of an instruction, and the rest of its line.
pub(super) fn instruction(
    reader: &Reader,
    item: &Item,
    word: &str,
    text: &str,
) -> Option<CommandKind> {
    // Harpoon takes `[ENV ONE, "1"]`, too.
    if let Some((word, start)) = word.trim().split_once(char::is_whitespace) {
        return instruction(reader, item, word, &format!("{} {text}", start.trim()));
    }
    let (keyword, text) = (word.to_ascii_uppercase(), text.trim_start());
    if text.trim().is_empty() {
        let message = format!("{} has no text", crate::yaml::shorten(word));
        reader.report(reader.error(item, "bad-value", message));
        return None;
    }
    if keyword == "FROM" {
        return from(reader, item, text);
    }
    Some(written(&keyword, text))
}

fn written(instruction: &str, text: &str) -> CommandKind {
    CommandKind::Instruction { instruction: instruction.to_owned(), text: text.to_owned() }
}

/// FROM is looked into, because it makes a dependency.
fn from(reader: &Reader, item: &Item, text: &str) -> Option<CommandKind> {
    let joined = text.replace("\\\n", " ");
    let mut words: Vec<&str> = joined.split_whitespace().collect();
    let platform = words.first().and_then(|word| word.strip_prefix("--platform="));
    let platform = platform.map(str::to_owned);
    if platform.is_some() {
        words.remove(0);
    }
    let (image, alias) = match words[..] {
        [image] => (image, None),
        [image, word, alias] if word.eq_ignore_ascii_case("as") => (image, Some(alias.to_owned())),
        _ => ("", None),
    };
    if image.is_empty() || image.starts_with("--") {
        let message =
            format!("FROM takes an image and a name, not \"{}\"", crate::yaml::shorten(text));
        let help = if text.contains('\n') {
            "each instruction is an item of the list"
        } else {
            "write `FROM debian:12` or `FROM debian:12 as base`"
        };
        reader.report(reader.error(item, "bad-value", message).help(help));
        return None;
    }
    Some(CommandKind::From { image: image.to_owned(), alias, platform })
}

/// Whether a list of commands has a frontend of its own, which may know other instructions.
pub(super) fn names_frontend(kind: &CommandKind) -> bool {
    matches!(kind, CommandKind::Instruction { instruction, text }
        if instruction == "#" && text.to_ascii_lowercase().starts_with("syntax"))
}

/// Says that there is no such instruction.
pub(super) fn check(reader: &Reader, item: &Item, kind: &CommandKind) {
    let CommandKind::Instruction { instruction, text: _ } = kind else { return };
    if instruction == "#" || KNOWN.contains(&instruction.as_str()) {
        return;
    }
    let message = format!("\"{}\" is not an instruction", crate::yaml::shorten(instruction));
    let help = suggest(instruction, KNOWN).map(|near| format!("did you mean \"{near}\"?"));
    reader.report(reader.error(item, "bad-value", message).maybe_help(help));
}
