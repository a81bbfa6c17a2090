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
        (&["plan", "--for", "destroy"], "[possible values: up, down, create,"),
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
fn hands_that_know_compose_are_told_the_way() {
    for (arguments, said) in [
        (&["down", "-v"][..], ["`down -v` removes volumes in Compose", "--volumes"]),
        (&["down", "-yv"], ["`down -v` removes volumes in Compose", "--volumes"]),
        (&["rm", "-fv"], ["`rm -v` removes volumes in Compose", "--volumes"]),
        (&["up", "--scale", "web=3"], ["there is no `--scale`", "containers.NAME.instances"]),
        (&["up", "--scale=web=3"], ["there is no `--scale`", "containers.NAME.instances"]),
        (&["up", "--force-recreate"], ["--force-recreate", "`windlass up --recreate NAME`"]),
        (&["up", "--pull", "always"], ["`--pull always`", "`--pull=always`"]),
        (&["up", "--abort-on-container-exit"], ["there is no", "`windlass logs -f`"]),
        (&["down", "--rmi", "all"], ["there is no `--rmi`", "`windlass down --images`"]),
        (&["rm", "-s"], ["there is no `-s`", "`windlass rm --force`"]),
        (&["exec", "-d", "web", "true"], ["there is no `-d`", "container of its own"]),
        (&["exec", "--index", "2", "web", "true"], ["there is no `--index`", "`web.blue`"]),
        (&["--profile", "x", "up"], ["there is no `--profile`", "`windlass up --profile NAME`"]),
        (&["--env-file", ".env", "up"], ["there is no `--env-file`", "--set KEY=VALUE"]),
        (&["ps", "--format", "json"], ["there is no `--format`", "`--output json`"]),
        (&["version"], ["no command `version`", "`windlass --version`"]),
        (&["run", "web", "sh"], ["`sh` is for the program", "`windlass run NAME -- COMMAND`"]),
    ] {
        let mut test = Test::project(EMPTY);
        for argument in arguments {
            test = test.args([argument]);
        }
        test.code(64).stdout("").complains(["error: "]).complains(said).complains(["help: "]);
    }
}

#[test]
fn what_compose_says_in_the_same_words_is_understood() {
    const WEB: &str = "name: p\ncontainers:\n  web: {image: 'web:1', profiles: [x]}\n";
    for arguments in [
        &["up", "-d", "--build", "--no-deps", "--remove-orphans", "--wait", "web"][..],
        &["ps", "-a"],
        &["ps", "-q"],
        &["port", "web", "80"],
        &["stop", "-t", "3", "web"],
        &["restart", "-t", "3"],
        &["rm", "-f", "web"],
        &["logs", "-f", "--tail", "5", "--no-log-prefix", "web"],
        &["logs", "--tail", "all"],
        &["exec", "-it", "web", "sh"],
        &["exec", "-T", "web", "sh"],
        &["down", "--remove-orphans", "-t", "3", "--verbose"],
        &["up", "--profile", "x"],
        &["--project-name", "q", "up"],
        &["-p", "q", "-f", "windlass.yaml", "-f", "windlass.yaml", "up"],
    ] {
        let mut test = Test::project(WEB);
        for argument in arguments {
            test = test.args([argument]);
        }
        // It comes as far as to ask the engine; only `-t` needs a terminal first.
        let ended = test.run();
        let wanted = if arguments.contains(&"-it") { 64 } else { 69 };
        assert_eq!(ended.code, wanted, "{arguments:?}: {}", ended.stderr);
    }
    Test::project(WEB).args(["config", "--services"]).code(0).stdout("web\n");
    Test::project(WEB).args(["config", "-q"]).code(0).stdout("");
}

#[test]
fn update_is_up() {
    let help = |verb: &str| Test::new().args([verb, "--help"]).code(0).stdout;
    assert_eq!(help("update"), help("up"));
}

/// As the help lists them.
pub(crate) fn commands() -> Vec<String> {
    let help = Test::new().args(["--help"]).code(0);
    help.stdout
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        // `help COMMAND` is `COMMAND --help`, and has no help of its own.
        .filter(|name| !name.is_empty() && *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_has_help_with_an_example() {
    let commands = commands();
    assert!(commands.len() > 20, "{commands:?}");
    for command in &commands {
        let help = Test::new().args([command, "--help"]).code(0);
        assert!(help.stdout.contains("\nExamples:\n  windlass "), "{}", help.stdout);
        assert!(help.stdout.contains("\nExit codes: "), "{}", help.stdout);
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
          --skip-limit-reset               Keep a limit that is not in the file any more instead of
                                           recreating the container for it
          --no-deps                        Leave the dependencies of what is named alone
          --no-wait                        Do not wait until everything is ready
          --destroy-volume <VOLUME>        Let this volume be removed and made anew where it is not as
                                           declared, or removed if it is not in the file: its data is
                                           lost
          --adopt                          Take over objects of the same names that windlass did not
                                           make
          --remove-orphans                 Also remove containers of the project that are not in the
                                           file
      -y, --yes                            Ask nothing; what would lose data is refused unless it was
                                           named with `--destroy-volume`
          --dry-run                        Only show the plan
          --lock-timeout <SECONDS>         Seconds to wait for another run that changes the project
          --intervene <ask|always|never>   When to open a shell in the state in which a build failed; it
                                           is gone when the shell ends
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
        let test = Test::new().file("script", &ended.stdout);
        let script = test.directory().join("script");
        let check = if shell == "fish" { "--no-execute" } else { "-n" };
        // Shells that are not on this machine are not asked.
        if let Ok(checked) = std::process::Command::new(shell).arg(check).arg(&script).status() {
            assert!(checked.success(), "{shell}");
        }
    }
}

#[test]
fn the_manual_has_a_page_per_command() {
    let ended = Test::new().args(["man"]).code(0);
    assert!(ended.stdout.contains(".TH windlass 1"), "{:.300}", ended.stdout);
    let ended = Test::new().args(["man", "pages"]).code(0);
    // One for each command, and for windlass itself.
    let wrote = format!("Wrote {} pages to pages.", commands().len() + 1);
    ended.complains([wrote.as_str()]);
}

#[test]
fn names_that_are_mistyped_are_never_ignored() {
    let text = "name: p\nvars: {tag: '1'}\nvolumes: {data: {path: /d}}\n\
                containers: {web: {image: 'x:{{ vars.tag }}', attaches: data}}\n";
    for (arguments, complaint, help) in [
        (
            ["--set", "tga=2", "plan", "--offline"],
            "the variable `tga` of --set",
            "did you mean \"tag\"?",
        ),
        (
            ["plan", "--offline", "--destroy-volume", "dtaa"],
            "there is no `dtaa`",
            "did you mean `data`?",
        ),
    ] {
        let ended = Test::project(text).args(arguments).code(64);
        ended.complains([complaint, help]);
    }
    Test::project(text).args(["--set", "tag=2", "config", "--images"]).code(0).stdout("x:2\n");
}
