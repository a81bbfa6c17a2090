//! How long the last-commit times of 10,000 files take, beside git reading the history once.
//!
//! Invariant: what is measured is the difference that `git_timestamps` makes to one and the same command.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Bench;
use super::measure::{self, Series};
use super::report::{Report, Table, columns, ratio};
use crate::Result;

const FILES: usize = 10_000;
const COMMITS: usize = 3_000;
/// Files that each commit after the first changes.
const CHANGED: usize = 8;
const TIMES: usize = 5;

pub(super) fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let repository = bench.directory.join("history");
    make(&repository)?;
    let out = bench.directory.join("history.tar");
    let context = |dated: bool| -> Result<Command> {
        let file = bench.directory.join(format!("history-{dated}.yaml"));
        let text = format!(
            "images:\n  all:\n    context: {{dir: {}, use_gitignore: true, git_timestamps: {dated}}}\n    \
             commands:\n      - FROM scratch\n      - COPY . /\n",
            repository.display()
        );
        std::fs::write(&file, text)?;
        let mut command = Command::new(bench.windlass.path());
        command.arg("-f").arg(file).args(["context", "all", "-o"]).arg(&out);
        Ok(command)
    };
    let mut log = Command::new("git");
    log.arg("-C").arg(&repository).args(["log", "--name-only", "--format=%ct"]);
    let (mut plain, mut dated, mut once) =
        (Series::default(), Series::default(), Series::default());
    for _ in 0..TIMES {
        let turns: [(&mut Series, Command); 2] =
            [(&mut plain, context(false)?), (&mut dated, context(true)?)];
        for (series, mut command) in turns {
            series.add(measure::time(&mut command, &bench.directory)?);
        }
        once.add(measure::time(&mut log, &bench.directory)?);
    }
    std::fs::remove_dir_all(repository)?;
    std::fs::remove_file(out)?;
    let taken = dated.min() - plain.min();
    report.target(
        "last-commit times of 10,000 files, beside git log",
        taken / once.min(),
        1.0,
        "×",
    );
    report.table(Table {
        title: "Last-commit times".into(),
        how: format!(
            "{FILES} files, {COMMITS} commits. `windlass context` without and with `git_timestamps`, and \
             `git log --name-only` once through; the ratio is of what the times add to what git takes."
        ),
        columns: columns(&["without", "with", "git log", "added ÷ git log"]),
        rows: vec![vec![plain.shown(), dated.shown(), once.shown(), ratio(taken, once.min())]],
    });
    Ok(())
}

/// A repository whose files were last changed all over its history; all of them are checked out.
fn make(directory: &Path) -> Result<()> {
    std::fs::create_dir_all(directory)?;
    git(directory, &["init", "-q", "-b", "main"], "")?;
    let mut stream = String::new();
    for commit in 0..COMMITS {
        let changed = if commit == 0 { 0..FILES } else { 0..CHANGED };
        write!(
            stream,
            "commit refs/heads/main\ncommitter b <b@b> {} +0000\ndata 1\nc\n",
            1_000_000_000 + commit * 60
        )?;
        for index in changed {
            let file = if commit == 0 { index } else { (commit * 7919 + index * 104_729) % FILES };
            let text = format!("{commit} {file}\n");
            let (outer, inner) = (file / 1000, file / 50);
            write!(
                stream,
                "M 100644 inline d{outer}/e{inner}/f{file}\ndata {}\n{text}\n",
                text.len()
            )?;
        }
    }
    git(directory, &["fast-import", "--quiet"], &stream)?;
    git(directory, &["reset", "-q", "--hard", "main"], "")
}

fn git(directory: &Path, words: &[&str], input: &str) -> Result<()> {
    let mut child = Command::new("git")
        .arg("-C")
        .arg(directory)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()?;
    child.stdin.take().ok_or("git has no input")?.write_all(input.as_bytes())?;
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(format!("git {words:?}: {status}").into()) }
}
