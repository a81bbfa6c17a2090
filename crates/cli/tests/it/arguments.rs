//! The command line: help, mistakes, completions, manual.

use crate::program::Test;

const EMPTY: &str = "name: p\n";

#[test]
fn mistakes_end_with_64_and_say_what_would_be_right() {
    for (arguments, said) in [
        (&["upp"][..], "a similar subcommand exists: 'up'"),
        (&["up", "--recrete", "web"], "a similar argument exists: '--recreate'"),
        (&["up", "-f", "x.yaml"], "tip: name files before the command: windlass -f FILE COMMAND"),
        (&["--set", "x", "up"], "must be KEY=VALUE"),
        (&["plan", "--for", "destroy"], "must be one of up, down, create"),
        (&["exec", "web"], "<COMMAND>"),
        (&["--dialect", "toml", "config"], "there is no dialect `toml`"),
        (&["logs", "--since", "soon"], "`soon` is not a moment"),
        (&["graph", "nope"], "there is no `nope` in this project"),
        (&["--engine", "mars", "config"], "this project has no engine `mars`"),
    ] {
        let mut test = Test::project(EMPTY);
        for argument in arguments {
            test = test.args([argument]);
        }
        test.code(64).complains([said]);
    }
}

#[test]
fn every_command_has_help_with_an_example() {
    let help = Test::new().args(["--help"]).code(0);
    let commands: Vec<_> = help
        .stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        // `help COMMAND` is `COMMAND --help`, and has no help of its own.
        .filter(|name| !name.is_empty() && *name != "help")
        .collect();
    assert!(commands.len() > 20, "{commands:?}");
    for command in commands {
        let help = Test::new().args([command, "--help"]).code(0);
        assert!(help.stdout.contains("\nExamples:\n  windlass "), "{}", help.stdout);
        assert!(help.stdout.lines().all(|line| line.chars().count() <= 100), "{}", help.stdout);
    }
}

#[test]
fn help_of_up() {
    let help = Test::new().args(["up", "--help"]).code(0);
    let (options, _) = help.stdout.split_once("\nOptions of every command:").unwrap();
    insta::assert_snapshot!(options, @r"
    Pull, build, create, start and change what is not as declared, and wait until it is ready

    Usage: windlass up [OPTIONS] [REF]...

    Arguments:
      [REF]...  Containers, `container.instance` or groups; none means all

    Options:
          --profile <NAME>                 Include what has this profile; may be given several times
      -t, --timeout <SECONDS>              Seconds that a stop, and each wait, may take
          --pull[=<always|missing|never>]  When to pull external images; `--pull` alone is always
          --build                          Build images even if their inputs have not changed
          --no-cache                       Build without the builder's cache
          --recreate <REF>                 Recreate this container even if it is as declared; may be
                                           given several times
          --no-deps                        Leave the dependencies of what is named alone
          --no-wait                        Do not wait until everything is ready
          --destroy-volume <VOLUME>        Let this volume be removed and made anew where it is not as
                                           declared: its data is lost
          --adopt                          Take over objects of the same names that windlass did not
                                           make
          --remove-orphans                 Also remove containers of the project that are not in the
                                           file
      -y, --yes                            Do not ask, even where data is lost
          --dry-run                        Only show the plan
      -h, --help                           Print help
    ");
}

#[test]
fn the_files_option_may_also_mean_follow() {
    let ended = Test::new().args(["-f", "missing.yaml", "logs", "-f"]).code(65);
    ended.complains(["missing.yaml cannot be read: there is no such file"]);
}

#[test]
fn completions_know_the_commands() {
    for (shell, start) in [("bash", "_windlass()"), ("zsh", "#compdef windlass"), ("fish", "# ")] {
        let ended = Test::new().args(["completions", shell]).code(0);
        assert!(ended.stdout.starts_with(start), "{shell}: {:.60}", ended.stdout);
        assert!(ended.stdout.contains("unpause"), "{shell}");
    }
}

#[test]
fn the_manual_has_a_page_per_command() {
    let ended = Test::new().args(["man"]).code(0);
    assert!(ended.stdout.contains(".TH windlass 1"), "{:.300}", ended.stdout);
    let ended = Test::new().args(["man", "pages"]).code(0);
    ended.complains(["Wrote 25 pages to pages."]);
}
