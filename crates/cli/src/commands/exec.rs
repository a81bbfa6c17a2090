//! `windlass exec`: a command in a running container, as if it ran here.
//!
//! Invariant: its exit code is the program's; the terminal is always given back as it was.

use windlass::engine::stream::ExecRequest;

use crate::args::{Exec, Talk};
use crate::conversation::{self, Partner};
use crate::environment::Size;
use crate::exit::Exit;
use crate::invocation::{self, Invocation};
use crate::session::Session;
use crate::signals::Signals;
use crate::trouble::{Result, Trouble};

pub(super) fn run(invocation: &Invocation, args: &Exec) -> Result<Exit> {
    let request = request(invocation, args)?;
    invocation::block_on(async {
        let session = Session::open(invocation)?;
        let (engine, container) = session.running(&args.reference).await?;
        let trouble =
            |error| Trouble::engine(format!("run the command in {}", args.reference), error);
        let mut signals = Signals::listen()?;
        let attached = engine.exec(&container, &request).await.map_err(trouble)?;
        let exec_id = attached.exec_id.clone();
        let resize = async |size: Size| {
            // A command that has just ended can't be resized, and need not be.
            drop(engine.resize_exec(&exec_id, size.rows, size.columns).await);
        };
        let partner = Partner { name: None, stdin: request.stdin };
        tokio::select! {
            heard = conversation::talk(invocation, attached, partner, resize) => { heard?; }
            number = signals.next() => return Ok(Exit::Signal(number)),
        }
        let code = engine.exec_exit_code(&exec_id).await.map_err(trouble)?;
        // A code that the engine does not tell (podman, at times) is not taken for success.
        Ok(Exit::Process(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255)))
    })
}

fn request(invocation: &Invocation, args: &Exec) -> Result<ExecRequest> {
    let here = &invocation.environment;
    let Talk { tty, stdin } =
        args.talk.on(here, here.stdin_is_terminal && here.stdout_is_terminal)?;
    Ok(ExecRequest {
        argv: args.argv.clone(),
        user: args.process.user.clone(),
        workdir: args.process.workdir.clone(),
        env: args.process.env_on(here, tty),
        tty,
        stdin,
        privileged: args.privileged,
    })
}
