//! The image's own build context in a directory of its own, where an instruction would else copy what the commands brought
//! along with it.
//!
//! Invariant: an instruction means the same files as it would in a build context that has nothing else in it.

use crate::dockerfile::exec_form;

/// Where the image's own build context goes.
pub(super) const OWN: &str = ".windlass/own";

/// Whether an instruction sees all that is at the root of the build context.
pub(super) fn takes_all(instruction: &str, text: &str) -> bool {
    match Kind::of(instruction) {
        None => false,
        Some(Kind::Run) => {
            let mut mounts =
                flags(text).into_iter().filter_map(|flag| flag.strip_prefix("--mount="));
            mounts.any(sees_all)
        }
        Some(Kind::Copy) => {
            let is_own = !flags(text).iter().any(|flag| flag.starts_with("--from="));
            is_own && sources(text).iter().any(|source| is_all(source))
        }
    }
}

/// Whether a path, which may be a pattern, holds the root or what is directly in it.
pub(super) fn is_all(path: &str) -> bool {
    let path = path.trim_matches(['"', '\'']).trim_start_matches(['.', '/']);
    let first = path.split('/').next().unwrap_or_default();
    first.is_empty() || first.contains(['*', '?', '['])
}

/// The same instruction, for a build context in [`OWN`].
pub(super) fn moved(instruction: &str, text: &str) -> String {
    match Kind::of(instruction) {
        None => text.to_owned(),
        Some(Kind::Run) => pieces(text, |word, _| moved_mount(word)),
        Some(Kind::Copy) if flags(text).iter().any(|flag| flag.starts_with("--from=")) => {
            text.to_owned()
        }
        Some(Kind::Copy) => {
            let (start, list) = text.split_at(text.find('[').unwrap_or(text.len()));
            let is_list = start.split_whitespace().all(|word| word.starts_with("--"));
            match serde_json::from_str::<Vec<String>>(list) {
                Ok(mut words) if is_list => {
                    let sources = words.len().saturating_sub(1);
                    words[..sources].iter_mut().for_each(|word| *word = moved_path(word));
                    format!("{start}{}", exec_form(words))
                }
                Ok(_) | Err(_) => pieces(text, |word, is_last| {
                    let stays = is_last || word.starts_with("--");
                    if stays { word.to_owned() } else { moved_path(word) }
                }),
            }
        }
    }
}

/// A path below [`OWN`]; what is no path stays.
pub(super) fn moved_path(path: &str) -> String {
    let is_elsewhere = path.contains("://") || path.starts_with("git@") || path.starts_with("<<");
    if is_elsewhere { path.to_owned() } else { format!("{OWN}/{}", path.trim_start_matches('/')) }
}

enum Kind {
    Copy,
    Run,
}

impl Kind {
    fn of(instruction: &str) -> Option<Self> {
        match instruction.to_ascii_uppercase().as_str() {
            "COPY" | "ADD" => Some(Self::Copy),
            "RUN" => Some(Self::Run),
            _ => None,
        }
    }
}

/// The line that the builder makes of the text before its heredocs, as words and the white space after each.
fn head(text: &str) -> (Vec<&str>, &str) {
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        end += line.len();
        if !line.trim_end().ends_with('\\') {
            break;
        }
    }
    let (head, rest) = text.split_at(end);
    (head.split_inclusive(char::is_whitespace).collect(), rest)
}

fn is_word(piece: &&str) -> bool {
    !matches!(piece.trim(), "" | "\\")
}

fn flags(text: &str) -> Vec<&str> {
    let words = head(text).0.into_iter().filter(is_word).map(str::trim);
    words.take_while(|word| word.starts_with("--")).collect()
}

fn sources(text: &str) -> Vec<String> {
    let words = head(text).0.into_iter().filter(is_word).map(str::trim);
    let words: Vec<&str> = words.skip_while(|word| word.starts_with("--")).collect();
    let list = serde_json::from_str(&words.join(" "));
    let mut all: Vec<String> =
        list.unwrap_or_else(|_| words.into_iter().map(str::to_owned).collect());
    all.pop();
    all
}

/// The text with each of its words made into another; the function is told which is the last.
fn pieces(text: &str, each: impl Fn(&str, bool) -> String) -> String {
    let (head, rest) = head(text);
    let last = head.iter().rposition(is_word);
    let head = head.iter().enumerate().map(|(index, piece)| {
        if !is_word(piece) {
            return (*piece).to_owned();
        }
        let word = piece.trim_end();
        each(word, Some(index) == last) + &piece[word.len()..]
    });
    head.collect::<String>() + rest
}

/// The fields of a bind mount of the build context; `None` of any other mount.
fn bind(mount: &str) -> Option<impl Iterator<Item = (&str, &str)>> {
    let fields = mount.split(',').map(|field| field.split_once('=').unwrap_or((field, "")));
    let is_other = fields.clone().any(|(name, value)| match name {
        "type" => value != "bind",
        "from" => true,
        _ => false,
    });
    (!is_other).then_some(fields)
}

fn is_source(name: &str) -> bool {
    matches!(name, "source" | "src")
}

/// Without a source it is the root.
fn sees_all(mount: &str) -> bool {
    bind(mount).is_some_and(|mut fields| {
        fields.find(|(name, _)| is_source(name)).is_none_or(|(_, path)| is_all(path))
    })
}

fn moved_mount(word: &str) -> String {
    let Some(mount) = word.strip_prefix("--mount=") else { return word.to_owned() };
    let Some(fields) = bind(mount) else { return word.to_owned() };
    let mut has_source = false;
    let fields = fields.map(|(name, value)| match value {
        _ if is_source(name) => {
            has_source = true;
            format!("{name}={}", moved_path(value))
        }
        "" => name.to_owned(),
        _ => format!("{name}={value}"),
    });
    let moved = format!("--mount={}", fields.collect::<Vec<_>>().join(","));
    if has_source { moved } else { format!("{moved},source={OWN}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_see_their_own_files_and_no_others() {
        let cases = [
            ("COPY", ". /x", true, ".windlass/own/. /x"),
            ("copy", "./ /x", true, ".windlass/own/./ /x"),
            ("ADD", "/ /x", true, ".windlass/own/ /x"),
            ("ADD", "* http://a/b /x/", true, ".windlass/own/* http://a/b /x/"),
            (
                "COPY",
                "src \"b c\" /x",
                false,
                ".windlass/own/src .windlass/own/\"b .windlass/own/c\" /x",
            ),
            (
                "COPY",
                "[\"a b\", \".\", \"/x\"]",
                true,
                "[\".windlass/own/a b\", \".windlass/own/.\", \"/x\"]",
            ),
            ("COPY", "--chown=1 [\"a\", \"/x\"]", false, "--chown=1 [\".windlass/own/a\", \"/x\"]"),
            (
                "COPY",
                "--chown=1 a \\\n  b/*.c \\\n  /x",
                false,
                "--chown=1 .windlass/own/a \\\n  .windlass/own/b/*.c \\\n  /x",
            ),
            ("COPY", "--from=x . /x", false, "--from=x . /x"),
            ("COPY", "<<EOF . /x\n. y\nEOF", true, "<<EOF .windlass/own/. /x\n. y\nEOF"),
            ("COPY", "src/[ab] /x", false, ".windlass/own/src/[ab] /x"),
            ("COPY", "*.md /x/", true, ".windlass/own/*.md /x/"),
            ("RUN", "cp . /x", false, "cp . /x"),
            (
                "RUN",
                "--mount=target=/c cp /c /x",
                true,
                "--mount=target=/c,source=.windlass/own cp /c /x",
            ),
            (
                "RUN",
                "--mount=type=bind,src=a,target=/c x",
                false,
                "--mount=type=bind,src=.windlass/own/a,target=/c x",
            ),
            ("RUN", "--mount=type=cache,target=/c x", false, "--mount=type=cache,target=/c x"),
            ("RUN", "--mount=from=b,target=/c x", false, "--mount=from=b,target=/c x"),
            ("ENV", "A=.", false, "A=."),
        ];
        for (instruction, text, all, wanted) in cases {
            assert_eq!(takes_all(instruction, text), all, "{instruction} {text}");
            assert_eq!(moved(instruction, text), wanted, "{instruction} {text}");
        }
    }
}
