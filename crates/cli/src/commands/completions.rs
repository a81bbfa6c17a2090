//! `windlass completions`: the completion script of a shell.
//!
//! Invariant: made from the same definition that reads the command line; names of containers and images are asked for when
//! somebody completes, of the files alone.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;

/// What gives the names, in each shell's own words: of the files that the line names, in their dialect.
const NAMES: &str = "_windlass_given";

/// Options that decide which names there are, each with a value.
const GIVEN: [&str; 8] =
    ["-f", "--file", "-p", "--project", "--project-name", "--dialect", "--clients", "--set"];

/// A function of bash and zsh that takes the words of the line.
fn given() -> String {
    let long = GIVEN.iter().filter(|name| name.starts_with("--"));
    let joined: Vec<String> = long.map(|name| format!("{name}=*")).collect();
    format!(
        "
_windlass_given() {{
    local what=$1
    local -a given=()
    shift
    while (($# > 1)); do
        case $1 in
            {}) [[ $2 == '=' ]] && {{ given+=(\"$1\" \"$3\"); shift 2; }} || {{ given+=(\"$1\" \"$2\"); shift; }} ;;
            {}) given+=(\"$1\") ;;
        esac
        (($#)) && shift
    done
    windlass \"${{given[@]}}\" config $what 2>/dev/null
}}
",
        GIVEN.join("|"),
        joined.join("|")
    )
}

pub(super) fn run(console: &Console, shell: Shell) -> Exit {
    let mut command = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "windlass", &mut script);
    let script = String::from_utf8_lossy(&script);
    let verbs = verbs(&command);
    console.result(&match shell {
        Shell::Bash => bash(&script, &verbs),
        Shell::Zsh => zsh(&script, &verbs),
        Shell::Fish => fish(&script, &verbs),
        Shell::Elvish | Shell::PowerShell | _ => script.into_owned(),
    });
    Exit::Done
}

/// What a command takes names of: the options of `config` that list them.
type Lists = &'static [&'static str];

const CONTAINERS: Lists = &["--services"];
const IMAGES: Lists = &["--image-keys"];
const BOTH: Lists = &["--services", "--image-keys"];
const RUNNABLE: Lists = &["--tasks", "--services", "--image-keys"];

/// The commands that take names.
fn verbs(command: &Command) -> Vec<(&str, Lists)> {
    let lists = |command: &Command| {
        let mut ids = command.get_positionals().map(|one| one.get_id().as_str());
        ids.find_map(|id| match (id, command.get_name()) {
            ("references", "build" | "pull" | "graph") | ("reference", "shell") => Some(BOTH),
            ("reference", "run") => Some(RUNNABLE),
            ("references" | "reference", _) => Some(CONTAINERS),
            ("image" | "images", _) => Some(IMAGES),
            _ => None,
        })
    };
    command.get_subcommands().filter_map(|verb| Some((verb.get_name(), lists(verb)?))).collect()
}

/// The command that gives the names, of bash and zsh; `words`: those of the line.
fn names(lists: Lists, words: &str) -> String {
    let calls: Vec<_> = lists.iter().map(|list| format!("{NAMES} {list} {words}")).collect();
    calls.join("; ")
}

/// Names stand before the options of such a command, and after `--recreate`.
fn bash(script: &str, verbs: &[(&str, Lists)]) -> String {
    let words = "\"${COMP_WORDS[@]}\"";
    let labels: Vec<_> = verbs
        .iter()
        .map(|(verb, lists)| (format!("windlass__subcmd__{verb})"), names(lists, words)))
        .collect();
    let (mut in_verb, mut in_option) = (None, false);
    let mut out = String::new();
    for line in script.lines() {
        let code = line.trim_start();
        let options = code.strip_prefix("opts=\"").and_then(|rest| rest.strip_suffix('"'));
        if let (Some(options), Some(names)) = (options, in_verb) {
            out.extend(["            opts=\"$(", names, ") ", options, "\""]);
            in_verb = None;
        } else if in_option && code.starts_with("COMPREPLY=") {
            out.extend([
                "                    COMPREPLY=($(compgen -W \"$(",
                &names(CONTAINERS, words),
                ")\" -- \"${cur}\"))",
            ]);
        } else {
            out.push_str(line);
        }
        out.push('\n');
        let found = labels.iter().find(|(label, _)| label == code);
        in_verb = found.map(|(_, names)| names.as_str()).or(in_verb);
        in_option = code == "--recreate)";
    }
    out.push_str(&given());
    out
}

fn zsh(script: &str, verbs: &[(&str, Lists)]) -> String {
    let mut out = String::new();
    let mut lists = CONTAINERS;
    let heads = ["'*::references -- ", "':reference -- ", "'*::images -- ", "':image -- "];
    for line in script.lines() {
        if let Some(verb) = line.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
            let found = verbs.iter().find(|(name, _)| *name == verb);
            lists = found.map_or(CONTAINERS, |(_, lists)| *lists);
        }
        let is_name = heads.iter().any(|head| line.starts_with(head));
        let giver = match (is_name, line.contains(":REF:_default'")) {
            (true, _) => Some(zsh_giver(lists)),
            (false, true) => Some(zsh_giver(CONTAINERS)),
            (false, false) => None,
        };
        match giver {
            Some(giver) => out.push_str(&line.replace(":_default'", &format!(":{giver}'"))),
            None => out.push_str(line),
        }
        out.push('\n');
        if line.starts_with("#compdef") {
            out.push_str(&given());
            for lists in [CONTAINERS, IMAGES, BOTH, RUNNABLE] {
                // The words of the whole line: a command of its own sees only those after its name.
                let names = names(lists, "\"${(@Q)${(z)LBUFFER}}\"");
                let giver = zsh_giver(lists);
                let head = format!("\n{giver}() {{\n    compadd -- ");
                out.extend([&head, "${(f)\"$(", &names, ")\"}\n}\n"]);
            }
        }
    }
    out
}

fn zsh_giver(lists: Lists) -> String {
    let kinds: Vec<_> = lists.iter().map(|list| list.trim_start_matches('-')).collect();
    format!("_windlass_{}", kinds.join("_and_").replace('-', "_"))
}

fn fish(script: &str, verbs: &[(&str, Lists)]) -> String {
    let joined: Vec<String> = GIVEN.iter().map(|name| format!("'{name}=*'")).collect();
    let (one, joined) = (GIVEN.join(" "), joined.join(" "));
    let given = format!(
        "function {NAMES}
    set -l given
    set -l take
    for word in (commandline -opc)
        if test -n \"$take\"
            set -a given $word
            set take
        else
            switch $word
                case {one}
                    set -a given $word
                    set take yes
                case {joined}
                    set -a given $word
            end
        end
    end
    # The last one may be waiting for its value.
    test -n \"$take\"; and return
    windlass $given config $argv 2>/dev/null
end
"
    );
    let mut out = String::new();
    for line in script.lines() {
        out.push_str(line);
        if line.contains(" -l recreate ") {
            out.extend([" -f -a \"(", NAMES, " --services)\""]);
        }
        out.push('\n');
    }
    for (verb, list) in
        verbs.iter().flat_map(|(verb, lists)| lists.iter().map(move |list| (verb, list)))
    {
        let ask = format!("({NAMES} {list})");
        let when = format!("__fish_windlass_using_subcommand {verb}");
        out.extend(["complete -c windlass -n \"", &when, "\" -f -a \"", &ask, "\"\n"]);
    }
    out + &given
}
