//! Commands, one file each.
//!
//! Invariant: a command reads its arguments, calls the library, and renders; it decides nothing
//! about containers.

mod apply;
mod attach;
mod build;
mod clean;
mod completions;
mod config;
mod context;
mod convert;
mod cp;
mod dockerfile;
mod down;
mod exec;
mod graph;
mod images;
mod kill;
mod lock;
mod login;
mod logs;
mod man;
mod pause;
mod plan;
mod port;
pub(crate) mod ps;
mod pull;
mod push;
mod restart;
mod retrieve;
mod rm;
mod rollback;
mod run;
mod save;
mod script;
mod serve;
mod shell;
mod start;
mod stop;
mod tag;
mod task;
mod tasks;
mod top;
mod unlock;
mod unpause;
mod untag;
mod up;

use windlass::model::request::Verb;

use crate::args::Command;
use crate::each;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::trouble::Result;

/// Runs a command to its end.
pub(crate) fn run(invocation: &Invocation, command: &Command) -> Exit {
    let console = &invocation.console;
    let exit = each(invocation, command).unwrap_or_else(|trouble| trouble.show(console));
    match console.results.failure() {
        Some(error) => {
            console.complain(&results_lost(error));
            if exit.code() == 0 { Exit::Failed } else { exit }
        }
        None => exit,
    }
}

/// What to say when a result could not be written.
pub(crate) fn results_lost(error: &std::io::Error) -> String {
    format!("error: could not write to standard output: {error}\n")
}

/// For every project that the files are.
fn each(invocation: &Invocation, command: &Command) -> Result<Exit> {
    let needs_none =
        matches!(command, Command::Completions { .. } | Command::Man { .. } | Command::Apply(_));
    if !needs_none && each::is_each(invocation)? {
        return each::run(invocation, command, dispatch);
    }
    dispatch(invocation, command)
}

fn dispatch(invocation: &Invocation, command: &Command) -> Result<Exit> {
    match command {
        Command::Plan(args) => plan::run(invocation, args),
        Command::Up(args) => up::run(invocation, args, Verb::Up),
        Command::Down(args) => down::run(invocation, args),
        Command::Create(args) => up::run(invocation, args, Verb::Create),
        Command::Start(args) => start::run(invocation, args),
        Command::Stop(args) => stop::run(invocation, args),
        Command::Restart(args) => restart::run(invocation, args),
        Command::Kill(args) => kill::run(invocation, args),
        Command::Pause(args) => pause::run(invocation, args),
        Command::Unpause(args) => unpause::run(invocation, args),
        Command::Rm(args) => rm::run(invocation, args),
        Command::Build(args) => build::run(invocation, args),
        Command::Pull(args) => pull::run(invocation, args),
        Command::Push(args) => push::run(invocation, args),
        Command::Login(args) => login::run(invocation, args),
        Command::Tag(args) => tag::run(invocation, args),
        Command::Untag(args) => untag::run(invocation, args),
        Command::Clean(args) => clean::run(invocation, args),
        Command::Rollback(args) => rollback::run(invocation, args),
        Command::Unlock(args) => unlock::run(invocation, args),
        Command::Ps(args) => ps::run(invocation, args),
        Command::Logs(args) => logs::run(invocation, args),
        Command::Exec(args) => exec::run(invocation, args),
        Command::Shell(args) => shell::run(invocation, args),
        Command::Attach(args) => attach::run(invocation, args),
        Command::Run(args) => run::run(invocation, args),
        Command::Script(args) => script::run(invocation, args),
        Command::Serve(args) => serve::run(invocation, args),
        Command::Cp(args) => cp::run(invocation, args),
        Command::Dockerfile(args) => dockerfile::run(invocation, args),
        Command::Context(args) => context::run(invocation, args),
        Command::Save(args) => save::run(invocation, args),
        Command::Lock(args) => lock::run(invocation, *args),
        Command::Retrieve(args) => retrieve::run(invocation, args),
        Command::Top(args) => top::run(invocation, args),
        Command::Port(args) => port::run(invocation, args),
        Command::Images => images::run(invocation),
        Command::Config(args) => config::run(invocation, args),
        Command::Convert(args) => convert::run(invocation, args),
        Command::Apply(args) => apply::run(invocation, args),
        Command::Graph(args) => graph::run(invocation, args),
        Command::Tasks => tasks::run(invocation),
        Command::Completions { shell } => Ok(completions::run(&invocation.console, *shell)),
        Command::Man { directory } => man::run(&invocation.console, directory.as_deref()),
    }
}
