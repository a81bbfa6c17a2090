//! Mistakes in YAML itself.
//!
//! Invariant: each names the place and says what would be right, in words about the file and not about a parser.

use crate::check::{check, load_text};

#[test]
fn structure() {
    for yaml in [
        "a:\n  b: 1\n  b: 2\n# ^ error: duplicate key `b`\n",
        "a: 1\n  b: 2\n#  ^ error: a `:` cannot start a value here\n",
        "a: b: c\n#   ^ error: a `:` cannot start a value here\n",
        "a: @x\n#  ^ error: a value cannot start with `@`\n#  help: quote the value\n",
        "a: \"x\" y\n#      ^ error: text follows the closing quote\n",
        "- a\nb: 1\n#< error: expected another `-` item here\n",
        "a: {b: 1\n#  ^ error: this `{` is never closed\n",
        "a: *nope\n#  ^ error: this alias has no anchor above it\n",
        "a: &x [*x]\n#      ^^ error: this alias is inside its own anchor\n",
        "? [a]\n: b\n#< error: never\n",
        "a: 1\n---\nb: 2\n#< error: never\n",
        "a: !nope x\n#  ^^^^^ error: unknown tag `!nope`\n",
        "a: !lzy x\n#  ^^^^ error: unknown tag `!lzy`\n#  help: did you mean `!lazy`?\n",
        "<<: 1\n#   ^ error: `<<` merges mappings, not the number 1\n",
    ] {
        // Two of them are placed on a line that a comment cannot follow.
        if !yaml.contains("error: never") {
            check_only_yaml(yaml);
        }
    }
}

/// As `check`, for files whose other lines mean nothing to windlass.
#[track_caller]
fn check_only_yaml(yaml: &str) {
    let mut indented = String::new();
    for line in yaml.lines() {
        match line.strip_prefix('#') {
            Some(comment) => indented.extend(["#  ", comment, "\n"]),
            None => indented.extend(["  ", line, "\n"]),
        }
    }
    check(&format!("x-yaml:\n{indented}"));
}

#[test]
fn places_that_comments_cannot_show() {
    for (yaml, wanted) in [
        ("? [a]\n: b\n", "<stdin>:1:3: error: a list cannot be a key"),
        ("x-a: 1\n---\nb: 2\n", "<stdin>:2:1: error: a second document starts here"),
        ("x-a:\n\t- b\n", "<stdin>:2:1: error: a tab cannot indent YAML"),
        ("", "<stdin>:1:1: error: the file is empty"),
        ("# nothing\n", "<stdin>:1:1: error: the file is empty"),
        ("[1]\n", "<stdin>:1:1: error: expected a mapping, found a list"),
        ("x-a: {{ vars.x }}\n", "<stdin>:1:6: error: a template must be quoted"),
        ("x-a: {{ vars.x }} b\n", "<stdin>:1:6: error: a template must be quoted"),
        ("x-a: 'open\nx-b: 1\n", "<stdin>:2:1: error: a quote is not closed before this line"),
        ("x-a: \u{1}\n", "<stdin>:1:6: error: a value cannot start with `\\u{1}`"),
    ] {
        let loaded = load_text(yaml);
        let found = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(found.starts_with(wanted), "{yaml:?}: {found}");
        assert!(loaded.project.is_none(), "{yaml:?}");
    }
}

#[test]
fn encodings() {
    for (bytes, wanted) in [
        (&b"\xFF\xFEa\0"[..], "<stdin>:1:1: error: the file is UTF-16 text"),
        (b"x-a: 1\nx-b: \xE9t\xE9\n", "<stdin>:2:6: error: the byte 0xE9 is not valid UTF-8 here"),
        (b"x-a: \0\n", "<stdin>:1:6: error: the file has a NUL byte"),
    ] {
        let mut options = crate::check::options("");
        options.stdin = Some(bytes.to_vec());
        let loaded = windlass_config::load(&options);
        let found = loaded.diagnostics.render_plain(&loaded.sources);
        assert!(found.starts_with(wanted), "{found}");
    }
    let with_bom = "\u{feff}containers: {a: {image: x}}\n";
    assert_eq!(crate::check::project(with_bom).containers.len(), 1);
}

#[test]
fn mistakes_in_merged_mappings_point_at_the_text_that_made_them() {
    check(
        r#"
x-common: &common
  tty: maybe
#      ^^^^^ error: containers.a.tty: expected true or false, found the string "maybe"
  commnd: x
# ^^^^^^ error: containers.a: unknown key "commnd"
x-more: &more {user: root}
containers:
  a:
    <<: [*common, *more]
    image: i
"#,
    );
}
