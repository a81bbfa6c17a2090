//! `windlass completions`: the completion script of a shell.
//!
//! Invariant: made from the same definition that reads the command line; the names of containers are asked for when
//! somebody completes, of the files alone.

use clap::{Command, CommandFactory};
use clap_complete::Shell;

use crate::args::Cli;
use crate::console::Console;
use crate::exit::Exit;

/// What gives the names.
const NAMES: &str = "windlass config --services 2>/dev/null";

pub(super) fn run(console: &Console, shell: Shell) -> Exit {
    let mut command = Cli::command();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "windlass", &mut script);
    let script = String::from_utf8_lossy(&script);
    let verbs = verbs(&command);
    console.result(&match shell {
        Shell::Bash => bash(&script, &verbs),
        Shell::Zsh => zsh(&script),
        Shell::Fish => fish(&script, &verbs),
        Shell::Elvish | Shell::PowerShell | _ => script.into_owned(),
    });
    Exit::Done
}

/// The commands that take containers.
fn verbs(command: &Command) -> Vec<&str> {
    let takes = |command: &&Command| {
        command
            .get_positionals()
            .any(|one| matches!(one.get_id().as_str(), "references" | "reference"))
    };
    command.get_subcommands().filter(takes).map(Command::get_name).collect()
}

/// Names stand beside the options of such a command, and after `--recreate`.
fn bash(script: &str, verbs: &[&str]) -> String {
    let labels: Vec<_> = verbs.iter().map(|verb| format!("windlass__subcmd__{verb})")).collect();
    let (mut in_verb, mut in_option) = (false, false);
    let mut out = String::new();
    for line in script.lines() {
        let code = line.trim_start();
        let options = code.strip_prefix("opts=\"").and_then(|rest| rest.strip_suffix('"'));
        if let Some(options) = options.filter(|_| in_verb) {
            out.extend(["            opts=\"", options, " $(", NAMES, ")\""]);
            in_verb = false;
        } else if in_option && code.starts_with("COMPREPLY=") {
            out.extend([
                "                    COMPREPLY=($(compgen -W \"$(",
                NAMES,
                ")\" -- \"${cur}\"))",
            ]);
        } else {
            out.push_str(line);
        }
        out.push('\n');
        in_verb |= labels.iter().any(|label| label == code);
        in_option = code == "--recreate)";
    }
    out
}

fn zsh(script: &str) -> String {
    let mut out = String::new();
    for line in script.lines() {
        let names =
            ["'*::references -- ", "':reference -- "].iter().any(|head| line.starts_with(head))
                || line.contains(":REF:_default'");
        let line =
            if names { line.replace(":_default'", ":_windlass_names'") } else { line.to_owned() };
        out.extend([&line, "\n"]);
        if line.starts_with("#compdef") {
            out.extend(["\n_windlass_names() {\n    compadd -- ${(f)\"$(", NAMES, ")\"}\n}\n"]);
        }
    }
    out
}

fn fish(script: &str, verbs: &[&str]) -> String {
    let mut out = String::new();
    for line in script.lines() {
        out.push_str(line);
        if line.contains(" -l recreate ") {
            out.extend([" -f -a \"(", NAMES, ")\""]);
        }
        out.push('\n');
    }
    let verbs = verbs.join(" ");
    out.extend([
        "complete -c windlass -n \"__fish_windlass_using_subcommand ",
        &verbs,
        "\" -f -a \"(",
        NAMES,
        ")\"\n",
    ]);
    out
}
