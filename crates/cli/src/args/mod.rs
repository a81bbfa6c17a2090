//! The command line: what can be typed, and the help that teaches it.
//!
//! Invariant: nothing is decided here; an argument is read, checked for its form, and passed on.

mod action;
mod apply;
mod clean;
mod command;
mod compose;
mod config;
mod context;
mod convert;
mod copy;
mod examples;
mod graph;
mod lock;
mod one_off;
mod options;
mod process;
mod registry;
mod serve;
mod tail;
mod terminal;
mod variable;
mod words;

pub(crate) use apply::Apply;
pub(crate) use clean::Clean;
pub(crate) use config::Config;
pub(crate) use context::{Context, OfImage};
pub(crate) use convert::{Convert, Format};
pub(crate) use copy::{Cp, Retrieve, Save, in_container};
pub(crate) use graph::{Drawing, Graph};
pub(crate) use lock::Lock;
pub(crate) use one_off::{OneOff, RunTask, Script};
pub(crate) use options::*;
pub(crate) use process::{Talk, Terminal, no_value};
pub(crate) use registry::{Login, Push, Tag, Untag};
pub(crate) use serve::Serve;
pub(crate) use terminal::{Attach, Shell};
pub(crate) use words::Word;

use clap::error::{ContextKind, ErrorKind};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;

use crate::exit::Exit;

/// Declarative Docker: one file, a plan, running containers.
#[derive(Debug, Parser)]
#[command(
    name = "windlass",
    version,
    about = "Declarative Docker: one file, a plan, running containers",
    after_help = examples::WINDLASS,
    arg_required_else_help = true,
    subcommand_required = true,
    max_term_width = 100
)]
pub(crate) struct Cli {
    /// File to read; may be given several times, later ones win. Default: windlass.yaml in this
    /// directory, then upwards
    // Not global: `logs -f` means something else.
    #[arg(short, long, value_name = "FILE")]
    pub file: Vec<PathBuf>,
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Dialect of the files: windlass, docker-map or harpoon; unless it is said, harpoon for harpoon.yml and windlass for others
    #[arg(long, value_name = "DIALECT", global = true)]
    pub dialect: Option<String>,
    /// File of clients, beside a map of docker-map: the engines that it runs on
    #[arg(long, value_name = "FILE", global = true)]
    pub clients: Option<PathBuf>,
    /// Take each file as a project of its own, as maps of docker-map always are
    #[arg(long, global = true)]
    pub each: bool,
    /// Project name instead of the file's
    #[arg(short, long, value_name = "NAME", global = true, alias = "project-name")]
    pub project: Option<String>,
    /// Value of a variable of the file (`vars`); may be given several times
    #[arg(long, value_name = "KEY=VALUE", global = true, value_parser = key_value)]
    pub set: Vec<(String, String)>,
    /// Take images from outside by the digests of the lock file, as `windlass lock` wrote it, and no others
    #[arg(long, global = true)]
    pub locked: bool,
    /// Engine to use: a URL (unix://, tcp://, ssh://), or the name of one in the file
    #[arg(long, value_name = "NAME|URL", global = true)]
    pub engine: Option<String>,
    /// What to write to standard output
    #[arg(long, value_enum, default_value_t, global = true, hide_possible_values = true)]
    #[arg(value_name = "text|json")]
    pub output: Output,
    /// When to use colours
    #[arg(long, value_enum, default_value_t, global = true, hide_possible_values = true)]
    #[arg(value_name = "auto|always|never")]
    pub color: When,
    /// Say more: also what is left alone, and each step
    #[arg(short, long, action = ArgAction::Count, global = true, conflicts_with = "quiet")]
    pub verbose: u8,
    /// Say only what went wrong
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// Reads the command line. Help and errors are printed here; then the exit is all that is left.
pub(crate) fn read(arguments: &[OsString]) -> Result<Cli, Exit> {
    let cli = Cli::try_parse_from(arguments).map_err(|error| {
        if let Some((message, way)) = compose::way(&error) {
            return refuse(&message, way);
        }
        let printed = error.print();
        let misplaced = error.kind() == ErrorKind::UnknownArgument
            && error.get(ContextKind::InvalidArg).is_some_and(|arg| {
                matches!(arg.to_string().split('=').next(), Some("-f" | "--file"))
            });
        if misplaced {
            let _ = std::io::stderr()
                .write_all(b"\n  tip: name files before the command: windlass -f FILE COMMAND\n");
        }
        match printed {
            _ if error.use_stderr() => Exit::Usage,
            Err(lost) if lost.kind() != std::io::ErrorKind::BrokenPipe => {
                let said = crate::commands::results_lost(&lost);
                let _ = std::io::stderr().write_all(said.as_bytes());
                Exit::Failed
            }
            Ok(()) | Err(_) => Exit::Done,
        }
    })?;
    let words: Vec<String> =
        arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    match compose::misleading(&words, &cli.command) {
        Some((message, way)) => Err(refuse(&message, way)),
        None => Ok(cli),
    }
}

fn refuse(message: &str, way: &str) -> Exit {
    let said = format!("error: {message}\n  help: {way}\n");
    let _ = std::io::stderr().write_all(said.as_bytes());
    Exit::Usage
}

fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("must be KEY=VALUE, such as `tag=1.2`".to_owned()),
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    #[default]
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Show what `up` would do, and why; nothing is changed
    #[command(after_help = examples::PLAN)]
    Plan(Plan),
    /// Pull, build, create, start and change what is not as declared, and wait until it is ready
    // docker-map's word.
    #[command(alias = "update", after_help = examples::UP)]
    Up(Up),
    /// Stop and remove, dependents first; volumes stay unless asked for
    #[command(after_help = examples::DOWN)]
    Down(Down),
    /// As `up`, but start nothing
    #[command(after_help = examples::CREATE)]
    Create(Up),
    /// Start containers that are there, dependencies first
    #[command(after_help = examples::START)]
    Start(Run),
    /// Stop containers, dependents first
    #[command(after_help = examples::STOP)]
    Stop(Run),
    /// Stop and start containers
    #[command(after_help = examples::RESTART)]
    Restart(Run),
    /// Send a signal to containers
    #[command(after_help = examples::KILL)]
    Kill(Kill),
    /// Freeze the processes of containers
    #[command(after_help = examples::PAUSE)]
    Pause(Run),
    /// Let frozen containers go on
    #[command(after_help = examples::UNPAUSE)]
    Unpause(Run),
    /// Remove containers that do not run
    #[command(after_help = examples::RM)]
    Rm(Rm),
    /// Build images whose inputs changed
    #[command(after_help = examples::BUILD, mut_arg("references", registry::images_too))]
    Build(Build),
    /// Pull external images, also such that no file declares
    #[command(after_help = examples::PULL, mut_arg("references", registry::images_too))]
    Pull(Pull),
    /// Push images to their registries, once they are built as the file says
    ///
    /// Each goes under its name and those of its `tags` that name a registry. A connection that breaks is tried again.
    #[command(after_help = examples::PUSH)]
    Push(Push),
    /// Give an image that is there one more tag
    #[command(after_help = examples::TAG)]
    Tag(Tag),
    /// Say what is used to log in to registries, and whether they accept it
    #[command(after_help = examples::LOGIN)]
    Login(Login),
    /// Take a tag away; with its last one the image goes
    #[command(after_help = examples::UNTAG)]
    Untag(Untag),
    /// Go back to what ran before the last replacement
    ///
    /// Each container goes back to what it was itself before it was last replaced, whichever run did that. Once more goes forward
    /// again; `windlass up` does what the file says.
    #[command(after_help = examples::ROLLBACK)]
    Rollback(Rollback),
    /// Remove what was left behind: containers that are not in the file, images without a name
    ///
    /// Only what does not run and what nothing uses. Images that `rollback` goes back to stay. What another project made stays with
    /// `--all`, too: `windlass clean` of that project removes it.
    #[command(after_help = examples::CLEAN)]
    Clean(Clean),
    /// Free the lock of a run that is no more
    #[command(after_help = examples::UNLOCK)]
    Unlock(Unlock),
    /// List containers and what they do
    #[command(after_help = examples::PS)]
    Ps(Ps),
    /// Show what containers write
    #[command(after_help = examples::LOGS)]
    Logs(Logs),
    /// Run a command in a running container
    #[command(after_help = examples::EXEC)]
    Exec(Exec),
    /// Open a shell in a running container, or in a new one of an image
    ///
    /// It is bash, or sh where there is no bash. What an image needs is built first, and its container goes when the shell ends.
    #[command(after_help = examples::SHELL)]
    Shell(Shell),
    /// Give this terminal to the main process of a running container
    ///
    /// Its input, if it has any (`stdin_open`), is what is typed here. The keys of `--detach-keys` leave it to itself.
    #[command(after_help = examples::ATTACH)]
    Attach(Attach),
    /// Run a task, or a program in a container of an image or like a declared one
    ///
    /// What is needed is built and brought up first. The container answers for nobody, has its own exit code as this command's, and
    /// goes when its program ends. The words after `--` reach it as they are: a task has them as `args`, or at the end of its
    /// command; otherwise they are the command.
    #[command(after_help = examples::RUN)]
    Run(RunTask),
    /// Run a script of this machine in a container like a declared one
    ///
    /// What that one depends on is brought up first. The script's container has its image, its mounts, its environment and
    /// its networks, but answers for nobody: no ports, no aliases, no labels. It goes when the script ends.
    #[command(after_help = examples::SCRIPT)]
    Script(Script),
    /// Give containers to test suites over HTTP, and show the project on a page
    ///
    /// Whoever asks gets a container of their own, like a declared one or of an image, when it is ready; it goes when its owner does.
    /// Requests need the token that is made at each start. GET /openapi.json says what can be asked for.
    #[command(after_help = examples::SERVE)]
    Serve(Serve),
    /// Copy files out of a container and into it
    ///
    /// As `docker cp`: into a directory that is there, else under the name that is given; `DIRECTORY/.` is what is in it. The container
    /// need not run. A path that is a link is what it leads to. Links out of what is copied, devices and the like are left out, said, and the command ends with 1.
    #[command(after_help = examples::CP)]
    Cp(Cp),
    /// Write an image to a file, for `docker load` elsewhere
    #[command(after_help = examples::SAVE)]
    Save(Save),
    /// Bring files out of an image, which is built or pulled first if it must be
    ///
    /// Without `--untar` it is a tar, also of a single file; with it the files themselves, by the rules of `cp`: links out of what is
    /// retrieved, devices and the like are left out, said, and the command ends with 1. Nothing of the image is run.
    #[command(after_help = examples::RETRIEVE)]
    Retrieve(Retrieve),
    /// Write the digests of the images from outside to the lock file, for `--locked`
    ///
    /// The lock file is windlass.lock beside windlass.yaml; beside a file of another name it is called after that: shop.yaml has
    /// shop.windlass.lock. It has the images of containers and tasks, and those that images are built on. Registries are asked, and
    /// nothing is pulled. What is `pull: never` is not in it.
    #[command(after_help = examples::LOCK)]
    Lock(Lock),
    /// Show the processes of containers
    #[command(after_help = examples::TOP)]
    Top(Select),
    /// Show where published ports are reachable
    #[command(after_help = examples::PORT)]
    Port(Port),
    /// Show the images that the project uses
    #[command(after_help = examples::IMAGES)]
    Images,
    /// Check the files and show the resolved project
    #[command(after_help = examples::CONFIG)]
    Config(Config),
    /// Turn a file of Harpoon or docker-map into a windlass.yaml that means the same
    #[command(after_help = examples::CONVERT)]
    Convert(Convert),
    /// Make a directory have what a bundle file declares: files, directories, links, users and more
    ///
    /// The directory is the root of a file system, such as that of an image or of a machine that does not run. All of it is planned and
    /// shown first, with the differences of what is in files. What is as it shall be is not touched: a second run does nothing.
    #[command(after_help = apply::EXAMPLES)]
    Apply(Apply),
    /// Show what depends on what
    #[command(after_help = examples::GRAPH)]
    Graph(Graph),
    /// Show what an image is built from, as a Dockerfile
    #[command(after_help = examples::DOCKERFILE)]
    Dockerfile(OfImage),
    /// Write what a build of an image would send, as a tar
    #[command(after_help = examples::CONTEXT)]
    Context(Context),
    /// List the tasks of the project
    #[command(after_help = examples::TASKS)]
    Tasks,
    /// Write the completion script of a shell
    #[command(after_help = examples::COMPLETIONS)]
    Completions { shell: clap_complete::Shell },
    /// Write the manual pages
    #[command(after_help = examples::MAN)]
    Man {
        /// Directory for one page per command; without it the main page goes to standard output
        #[arg(value_name = "DIRECTORY")]
        directory: Option<PathBuf>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound_and_every_command_has_an_example() {
        let command = Cli::command();
        command.clone().debug_assert();
        for command in command.get_subcommands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = format!("  windlass {}", command.get_name());
            assert!(help.contains(&example), "{}: {help}", command.get_name());
        }
    }
}
