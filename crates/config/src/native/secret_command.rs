//! The command that prints a secret, run when a template needs its value.
//!
//! Invariant: it ends within its time and with bounded output, together with everything that it started; no message
//! holds what it printed.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use windlass_files::SECRET_MAX_BYTES;

/// How long a secret's command may take.
pub(super) const TIME: Duration = Duration::from_mins(1);
/// Between two looks at a command that has said all but has not ended.
const PAUSE: Duration = Duration::from_millis(5);

/// What the command prints.
pub(super) fn run(
    argv: &[String],
    env: &BTreeMap<String, String>,
    time: Duration,
) -> Result<String, String> {
    let (program, arguments) = argv.split_first().ok_or("its command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(env)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        // It may hold the value.
        .stderr(Stdio::null())
        // What it starts ends with it.
        .process_group(0)
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    let ended = finish(&mut child, Instant::now() + time);
    if ended.is_err() {
        kill(&mut child);
    }
    let (bytes, status) = ended.map_err(|why| match why {
        Why::Time => format!("{program} did not end within {} s", time.as_secs()),
        Why::Failed(error) => format!("{program}: {error}"),
    })?;
    if !status.success() {
        return Err(format!("{program} ended with {status}"));
    }
    String::from_utf8(bytes).map_err(|_| format!("{program} gave no text"))
}

/// Why a command is not waited for any longer.
enum Why {
    Time,
    Failed(std::io::Error),
}

fn finish(child: &mut Child, deadline: Instant) -> Result<(Vec<u8>, ExitStatus), Why> {
    let (sender, receiver) = channel();
    if let Some(stdout) = child.stdout.take() {
        // Whoever has the other end may keep it open for ever, and then this thread stays behind.
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = windlass_files::read_all(stdout, SECRET_MAX_BYTES, &mut bytes);
            drop(sender.send(read.map(|()| bytes)));
        });
    }
    let left = deadline.saturating_duration_since(Instant::now());
    let bytes = match receiver.recv_timeout(left) {
        Ok(read) => read.map_err(Why::Failed)?,
        Err(RecvTimeoutError::Timeout) => return Err(Why::Time),
        Err(RecvTimeoutError::Disconnected) => Vec::new(),
    };
    loop {
        if let Some(status) = child.try_wait().map_err(Why::Failed)? {
            return Ok((bytes, status));
        }
        if Instant::now() >= deadline {
            return Err(Why::Time);
        }
        std::thread::sleep(PAUSE);
    }
}

fn kill(child: &mut Child) {
    if let Some(group) = rustix::process::Pid::from_raw(child.id().cast_signed()) {
        // It may have ended by itself in between.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    drop(child.wait());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_time_are_bounded() {
        for (script, expected) in [
            ("printf 'a b'", Ok("a b")),
            ("exit 3", Err("sh ended with exit status: 3")),
            ("printf '\\377'", Err("sh gave no text")),
            (
                "while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done",
                Err("larger than the limit"),
            ),
            ("sleep 100", Err("did not end within 1 s")),
            ("sleep 100 & sleep 100", Err("did not end within 1 s")),
            ("exec >&-; sleep 100", Err("did not end within 1 s")),
        ] {
            let argv = ["sh", "-c", script].map(str::to_owned);
            let path = std::env::var("PATH").unwrap_or_default();
            let env = BTreeMap::from([("PATH".to_owned(), path)]);
            let begun = Instant::now();
            let found = run(&argv, &env, Duration::from_secs(1));
            assert!(begun.elapsed() < Duration::from_secs(8), "{script}");
            match (&found, expected) {
                (Ok(text), Ok(wanted)) => assert_eq!(text, wanted),
                (Err(error), Err(part)) if error.contains(part) => {}
                _ => panic!("{script}: {found:?}"),
            }
        }
    }
}
