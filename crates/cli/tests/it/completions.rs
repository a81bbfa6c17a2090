//! Completion scripts, run by the shells that are there.
//!
//! Invariant: a shell that is not there is no failure; one that is must find verbs, options and names.

use std::path::Path;
use std::process::Command;

use crate::program::Test;

const PROJECT: &str = "name: shop\nimages:\n  rootfs: {commands: [FROM: x]}\ncontainers:\n  web: {image: x}\n  app: {image: x, instances: [blue]}\ntasks:\n  test: {image: rootfs, command: t}\n";

/// What was typed, and what must be among the answers.
const CASES: [(&str, &[&str]); 19] = [
    ("windlass unp", &["unpause"]),
    ("windlass up --recr", &["--recreate"]),
    ("windlass up w", &["web"]),
    ("windlass up ", &["web", "app.blue"]),
    ("windlass logs app", &["app.blue"]),
    ("windlass exec w", &["web"]),
    ("windlass up --recreate ", &["web", "app.blue"]),
    ("windlass build ", &["rootfs", "web"]),
    ("windlass push ro", &["rootfs"]),
    ("windlass tag ", &["rootfs"]),
    ("windlass retrieve ro", &["rootfs"]),
    ("windlass context ", &["rootfs"]),
    ("windlass plan --for down", &["down"]),
    ("windlass run ", &["test", "web", "rootfs"]),
    ("windlass run te", &["test"]),
    ("windlass shell ", &["rootfs", "app.blue"]),
    ("windlass attach we", &["web"]),
    ("windlass --dialect docker-map -f map.yaml exec ", &["mapped"]),
    ("windlass -f map.yaml --dialect=docker-map up m", &["mapped"]),
];

/// The shell's answers to a line, one per line; none if the shell is not there.
fn answers(shell: &str, run: &str, line: &str, word: &str) -> Option<String> {
    if !["/bin", "/usr/bin"].iter().any(|folder| Path::new(folder).join(shell).exists()) {
        return None;
    }
    let script = Test::new().args(["completions", shell]).code(0).stdout;
    let test = Test::project(PROJECT).file("script", &script);
    let test = test.file("map.yaml", "mapped: {image: x, binds: []}\n");
    let program = Path::new(env!("CARGO_BIN_EXE_windlass"));
    let path = format!("{}:/usr/bin:/bin", program.parent().unwrap().display());
    let mut command = Command::new(shell);
    command.args(["-c", run]).current_dir(test.directory()).env_clear();
    command.env("PATH", path).env("HOME", test.directory()).env("LINE", line);
    command.env("WORD", word);
    let output = command.output().unwrap();
    Some(String::from_utf8(output.stdout).unwrap())
}

fn check(shell: &str, run: &str) {
    for (line, expected) in CASES {
        let Some(found) = answers(shell, run, line, expected[0]) else { return };
        for word in expected {
            let is_there = found.lines().any(|l| l.split('\t').next() == Some(word));
            assert!(is_there, "{shell}: {line:?}: no {word} in:\n{found}");
        }
    }
}

#[test]
fn bash_completes() {
    check(
        "bash",
        "source ./script; read -ra COMP_WORDS <<<\"$LINE\"; [[ $LINE == *' ' ]] && COMP_WORDS+=('')
         COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
         _windlass windlass \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
         printf '%s\\n' \"${COMPREPLY[@]}\"",
    );
}

#[test]
fn bash_shows_names_before_options() {
    let run = "source ./script; COMP_WORDS=(windlass run ''); COMP_CWORD=2
         _windlass windlass '' run; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let Some(found) = answers("bash", run, "windlass run ", "test") else { return };
    let first = found.lines().next();
    assert_eq!(first, Some("test"), "{found}");
}

#[test]
fn fish_completes() {
    check("fish", "source ./script; complete -C \"$LINE\"");
}

#[test]
fn zsh_completes() {
    // Somebody types in a terminal; `list` is what the completion was given.
    check(
        "zsh",
        "zmodload zsh/zpty; zpty shell zsh -f; touch list
         zpty -w shell \"PS1=; autoload -Uz compinit; compinit -D -u; . ./script\"
         zpty -w shell 'compadd() { local -a given; builtin compadd -O given \"$@\"; print -rl -- $given >>list; builtin compadd \"$@\" }'
         zpty -n -w shell \"$LINE\"$'\\t'
         repeat 100; do grep -qxF -e \"$WORD\" list && break; sleep 0.1; done
         zpty -d shell; cat list",
    );
}
