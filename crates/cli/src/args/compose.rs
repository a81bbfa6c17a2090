//! Compose: what hands that know it type, and how windlass says it.
//!
//! Invariant: nothing that means another thing here is taken in silence; whoever types it is told
//! the way.

use clap::error::{ContextKind, ErrorKind};

use super::Command;

/// Options that windlass does not have.
const OPTIONS: &[(&[&str], &str)] = &[
    (&["--scale"], "say it in the file: `containers.NAME.instances: [one, two]`"),
    (
        &["--force-recreate", "--always-recreate-deps"],
        "name what is made anew: `windlass up --recreate NAME`",
    ),
    (&["--no-recreate"], "`windlass start` starts what is there and changes nothing"),
    (
        &["--renew-anon-volumes", "-V"],
        "declare the volume; `--destroy-volume NAME` then gives up its data",
    ),
    (&["--no-start"], "`windlass create` makes everything and starts nothing"),
    (&["--no-build"], "an image is built only if its inputs changed; `--dry-run` shows which"),
    (&["--quiet-pull", "--quiet-build", "--progress"], "`-q` says less, `--output json` says all"),
    (
        &[
            "--abort-on-container-exit",
            "--abort-on-container-failure",
            "--exit-code-from",
            "--attach",
            "--attach-dependencies",
            "--no-attach",
            "--menu",
        ],
        "`windlass up` never stays attached: `windlass logs -f` shows what containers write",
    ),
    (&["--wait-timeout"], "`--timeout SECONDS` is for each wait"),
    (&["--rmi"], "`windlass down --images` removes the images that were built"),
    (&["--stop", "-s"], "`windlass rm --force` removes what runs, too"),
    (&["--index"], "an instance has a name: `web.blue`"),
    (
        &["--detach", "-d"],
        "windlass waits for what it runs; a job for the background is a container of its own",
    ),
    (
        &["--project-directory", "--workdir"],
        "go to that directory, or name the file: `windlass -f DIRECTORY/windlass.yaml COMMAND`",
    ),
    (
        &["--env-file"],
        "a variable of the file: `--set KEY=VALUE`; of a container: `env_file` in the file",
    ),
    (&["--profile"], "it comes after the command: `windlass up --profile NAME`"),
    (&["--parallel"], "say it in the file: `engines.NAME.parallel`"),
    (&["--ansi", "--no-color"], "`--color never`"),
    (
        &["--format", "--filter", "--status", "--no-trunc"],
        "`--output json` has everything, for jq and the like",
    ),
    (
        &["--profiles", "--no-interpolate", "--resolve-image-digests"],
        "`windlass config` shows the whole project; `--output json` is for programs",
    ),
];

/// Commands that windlass does not have.
const COMMANDS: &[(&str, &str)] = &[
    ("version", "`windlass --version`"),
    ("convert", "`windlass config` shows the resolved project"),
    ("ls", "`docker ps --filter label=dev.windlass.project` lists what windlass made"),
    ("scale", "say it in the file: `containers.NAME.instances: [one, two]`"),
    ("stats", "`docker stats $(windlass ps --names)`"),
    ("events", "`docker events --filter label=dev.windlass.project=PROJECT`"),
    ("wait", "`docker wait` with a name that `windlass ps --names` shows"),
];

/// What to say to somebody who typed what only Compose knows: the mistake, and the way.
pub(super) fn way(error: &clap::Error) -> Option<(String, &'static str)> {
    let word = |kind| error.get(kind).map(ToString::to_string);
    if error.kind() == ErrorKind::UnknownArgument {
        let typed = word(ContextKind::InvalidArg)?;
        let usage = word(ContextKind::Usage).unwrap_or_default();
        if !typed.starts_with('-') && usage.contains("windlass run ") {
            let message = format!("`{typed}` is for the program, and not after `--`");
            return Some((message, "`windlass run NAME -- COMMAND`"));
        }
        let option = typed.split('=').next()?;
        let (_, way) = OPTIONS.iter().find(|(options, _)| options.contains(&option))?;
        return Some((format!("there is no `{option}` here"), way));
    }
    let typed = word(ContextKind::InvalidSubcommand)?;
    let (_, way) = COMMANDS.iter().find(|(command, _)| *command == typed)?;
    Some((format!("windlass has no command `{typed}`"), way))
}

/// What is well formed and would mean another thing than in Compose.
pub(super) fn misleading(words: &[String], command: &Command) -> Option<(String, &'static str)> {
    let removes = if matches!(command, Command::Down(_)) {
        Some("down")
    } else {
        matches!(command, Command::Rm(_)).then_some("rm")
    };
    let after = |name| words.iter().skip_while(move |word| *word != name);
    if let Some(name) = removes
        && after(name).take_while(|word| *word != "--").any(|word| has_v(word))
    {
        let message = format!(
            "`{name} -v` removes volumes in Compose and would only say more here: nothing was done"
        );
        return Some((message, volumes_way(name)));
    }
    let has_values = matches!(command, Command::Up(_) | Command::Create(_) | Command::Plan(_));
    let pull = words.windows(2).filter(|_| has_values).find(|pair| {
        pair[0] == "--pull" && matches!(pair[1].as_str(), "always" | "missing" | "never")
    })?;
    let message = format!("`--pull {}` would mean a container of that name", pull[1]);
    Some((message, "write it with a sign: `--pull=always`, `--pull=missing`, `--pull=never`"))
}

fn volumes_way(command: &str) -> &'static str {
    if command == "down" {
        "name what may go: `windlass down --destroy-volume NAME`, or `--volumes`, which asks; `--verbose` \
         says more"
    } else {
        "`windlass down --volumes` removes volumes, and asks; `--verbose` says more"
    }
}

/// Whether `v` stands among short options, and is not part of the value of one.
fn has_v(word: &str) -> bool {
    let Some(letters) = word.strip_prefix('-').filter(|rest| !rest.starts_with('-')) else {
        return false;
    };
    letters.chars().take_while(|letter| !"tp".contains(*letter)).any(|letter| letter == 'v')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_options_that_hold_v() {
        for (word, expected) in [
            ("-v", true),
            ("-yv", true),
            ("-t5v", false),
            ("-pv", false),
            ("--v", false),
            ("v", false),
        ] {
            assert_eq!(has_v(word), expected, "{word}");
        }
    }
}
