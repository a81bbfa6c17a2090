//! Writing a Dockerfile step by step.
//!
//! Invariant: what cannot be written (a line break in an `ENV` value, say) is an error with the line that it would have been,
//! never a Dockerfile that means something else.

use std::fmt::Display;

use super::word::exec_form;
use super::{Addition, DockerfileError, DockerfileProblem, Word};

/// A Dockerfile in the making. Steps are in the order of the calls; [`Dockerfile::text`] ends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct Dockerfile {
    pub(super) lines: Vec<String>,
    /// The shell that `RUN` uses in the current stage, if it was changed.
    pub(super) shell: Option<Vec<String>>,
    pub(super) error: Option<DockerfileError>,
    pub(super) additions: Vec<Addition>,
}

/// A `RUN` with mounts and the like, which only `BuildKit` has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    pub script: String,
    /// Each as `--mount=` takes it: `type=cache,target=/var/cache`.
    pub mounts: Vec<String>,
    pub network: Option<String>,
    /// The first mount that cannot be written.
    pub(super) problem: Option<DockerfileProblem>,
}

/// A `COPY` or `ADD` with options.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copy {
    pub sources: Vec<Word>,
    pub dest: Option<Word>,
    /// A stage or an image.
    pub from: Option<String>,
    /// `user[:group]`.
    pub chown: Option<String>,
    /// Permission bits; only `BuildKit` has it.
    pub chmod: Option<u32>,
}

/// A `HEALTHCHECK`; times as Docker writes them (`30s`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Healthcheck {
    /// Arguments of the exec form; empty is `NONE`.
    pub command: Vec<String>,
    pub interval: Option<String>,
    pub timeout: Option<String>,
    pub start_period: Option<String>,
    pub retries: Option<u32>,
}

impl Dockerfile {
    /// Begin with an image.
    pub fn from(image: impl Display) -> Self {
        Self::default().stage(image)
    }

    /// Begin with an image, as a named stage.
    pub fn from_as(image: impl Display, stage: impl Display) -> Self {
        Self::default().stage_as(image, stage)
    }

    /// Begin with arguments that a FROM uses: `Dockerfile::global().arg("VERSION", Some("12")).stage("debian:$VERSION")`.
    pub fn global() -> Self {
        Self::default()
    }

    /// The next stage.
    pub fn stage(mut self, image: impl Display) -> Self {
        self.shell = None;
        self.line("FROM", image)
    }

    /// The next stage, with a name for `COPY --from`.
    pub fn stage_as(mut self, image: impl Display, stage: impl Display) -> Self {
        self.shell = None;
        self.line("FROM", format_args!("{image} AS {stage}"))
    }

    /// Run a script in the shell. Line breaks are the shell's: each line is a command.
    pub fn run(self, script: impl AsRef<str>) -> Self {
        let script = script.as_ref().trim_end_matches('\n');
        if script.trim().is_empty() {
            return self.fail(DockerfileProblem::Empty("a script"));
        }
        if is_plain(script) && !script.contains("<<") {
            return self.instruction("RUN", script);
        }
        let arguments = self.shell_arguments(script);
        self.run_exec(arguments)
    }

    /// A script for the shell of the current stage, in the exec form.
    pub(super) fn shell_arguments(&self, script: &str) -> Vec<String> {
        let shell = self.shell.clone();
        let mut arguments = shell.unwrap_or_else(|| vec!["/bin/sh".to_owned(), "-c".to_owned()]);
        arguments.push(script.to_owned());
        arguments
    }

    /// Run a program without a shell.
    pub fn run_exec<S: AsRef<str>>(self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.instruction("RUN", exec_form(arguments))
    }

    pub fn run_with(self, run: &Run) -> Self {
        let Run { script, mounts, network, problem } = run;
        if let Some(problem) = problem {
            return self.fail(problem.clone());
        }
        let mounts = mounts.iter().map(|mount| format!("--mount={mount} "));
        let network = network.iter().map(|network| format!("--network={network} "));
        let flags: String = mounts.chain(network).collect::<Vec<_>>().concat();
        let at = self.lines.len();
        let mut written = self.run(script);
        if written.error.is_none()
            && let Some(line) = written.lines.get_mut(at)
        {
            line.insert_str("RUN ".len(), &flags);
        }
        written
    }

    /// A script as a heredoc, which needs a `# syntax=` of 1.4 or later, or a newer engine.
    pub fn run_heredoc(mut self, script: &str) -> Self {
        let mut name = "EOF".to_owned();
        while script.lines().any(|line| line == name) {
            name.push('_');
        }
        self.lines.push(format!("RUN <<{name}"));
        self.lines.extend(script.lines().map(str::to_owned));
        self.lines.push(name);
        self
    }

    pub fn copy<W: Into<Word>>(
        self,
        sources: impl IntoIterator<Item = W>,
        dest: impl Into<Word>,
    ) -> Self {
        let sources = sources.into_iter().map(Into::into).collect();
        self.copy_with(&Copy { sources, dest: Some(dest.into()), ..Copy::default() })
    }

    /// Copy from an earlier stage or from an image.
    pub fn copy_from(
        self,
        from: impl Into<String>,
        source: impl Into<Word>,
        dest: impl Into<Word>,
    ) -> Self {
        let sources = vec![source.into()];
        let from = Some(from.into());
        self.copy_with(&Copy { sources, dest: Some(dest.into()), from, ..Copy::default() })
    }

    pub fn copy_with(self, copy: &Copy) -> Self {
        self.transfer("COPY", copy)
    }

    pub fn add_with(self, add: &Copy) -> Self {
        self.transfer("ADD", add)
    }

    pub(super) fn transfer(self, keyword: &str, copy: &Copy) -> Self {
        match transfer_text(copy) {
            Ok(text) => self.instruction(keyword, text),
            Err(problem) => self.fail(problem),
        }
    }

    pub fn env(self, name: impl Display, value: impl Into<Word>) -> Self {
        let name = name.to_string();
        if !is_name(&name) {
            return self.fail(DockerfileProblem::BadName(name));
        }
        self.pair("ENV", &name, &value.into())
    }

    pub fn label(self, name: impl Into<Word>, value: impl Into<Word>) -> Self {
        match name.into().quoted() {
            Ok(name) => self.pair("LABEL", &name, &value.into()),
            Err(problem) => self.fail(problem),
        }
    }

    pub fn arg(self, name: impl Display, default: Option<&str>) -> Self {
        let name = name.to_string();
        if !is_name(&name) {
            return self.fail(DockerfileProblem::BadName(name));
        }
        match default {
            Some(default) => self.pair("ARG", &name, &Word::from(default)),
            None => self.instruction("ARG", name),
        }
    }

    pub fn workdir(self, path: impl Into<Word>) -> Self {
        self.word("WORKDIR", &path.into())
    }

    pub fn user(self, user: impl Into<Word>) -> Self {
        self.word("USER", &user.into())
    }

    pub fn stop_signal(self, signal: impl Into<Word>) -> Self {
        self.word("STOPSIGNAL", &signal.into())
    }

    /// `80`, `53/udp`, `8000-8010`.
    pub fn expose(self, port: impl Display) -> Self {
        self.line("EXPOSE", port)
    }

    pub fn volume<W: Into<Word>>(self, paths: impl IntoIterator<Item = W>) -> Self {
        let paths: Result<Vec<String>, _> =
            paths.into_iter().map(|path| path.into().json()).collect();
        match paths {
            Ok(paths) => self.instruction("VOLUME", format_args!("[{}]", paths.join(", "))),
            Err(problem) => self.fail(problem),
        }
    }

    pub fn cmd<S: AsRef<str>>(self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.instruction("CMD", exec_form(arguments))
    }

    pub fn entrypoint<S: AsRef<str>>(self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.instruction("ENTRYPOINT", exec_form(arguments))
    }

    /// The program and options that `RUN` scripts are handed to, until the next stage.
    pub fn shell<S: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        let arguments: Vec<String> =
            arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        let text = exec_form(&arguments);
        self.shell = Some(arguments);
        self.instruction("SHELL", text)
    }

    pub fn healthcheck(self, check: &Healthcheck) -> Self {
        let Healthcheck { command, interval, timeout, start_period, retries } = check;
        if command.is_empty() {
            return self.instruction("HEALTHCHECK", "NONE");
        }
        for time in [interval, timeout, start_period].into_iter().flatten() {
            if time.contains(char::is_whitespace) {
                return self.fail(DockerfileProblem::WhiteSpace("a time".to_owned()));
            }
        }
        let times = [("interval", interval), ("timeout", timeout), ("start-period", start_period)];
        let times =
            times.iter().filter_map(|(flag, value)| Some(format!("--{flag}={} ", value.as_ref()?)));
        let retries = retries.iter().map(|retries| format!("--retries={retries} "));
        let flags = times.chain(retries).collect::<Vec<_>>().concat();
        self.instruction("HEALTHCHECK", format_args!("{flags}CMD {}", exec_form(command)))
    }

    /// A line for each of the text's; `#` alone for an empty one.
    pub fn comment(mut self, text: &str) -> Self {
        // At the top `# key=value` would be a directive. Any other line ends those.
        if text.contains('=') && self.lines.iter().all(|line| line.starts_with("# syntax=")) {
            self.lines.push("#".to_owned());
        }
        let lines = text.split(['\n', '\r']);
        self.lines.extend(lines.map(|line| format!("# {line}").trim_end().to_owned()));
        self
    }

    /// An instruction as it stands; `text` may have continued lines and heredocs of its own.
    pub fn instruction(mut self, keyword: &str, text: impl Display) -> Self {
        self.lines.extend(format!("{keyword} {text}").split('\n').map(str::to_owned));
        self
    }

    /// An instruction of one line, and of something.
    fn line(self, keyword: &str, text: impl Display) -> Self {
        let text = text.to_string();
        if text.contains(['\n', '\r']) || text.trim_end().ends_with('\\') {
            return self.fail(DockerfileProblem::LineBreak);
        }
        if text.trim().is_empty() {
            return self.fail(DockerfileProblem::Empty("an instruction"));
        }
        self.instruction(keyword, text)
    }

    /// The number of the line that comes next, from 1.
    pub fn next_line(&self) -> usize {
        self.lines.len() + 1
    }

    /// The first thing that could not be written.
    pub fn error(&self) -> Option<&DockerfileError> {
        self.error.as_ref()
    }

    /// The whole text, or the first thing that could not be written.
    pub fn text(&self) -> Result<String, DockerfileError> {
        if let Some(error) = &self.error {
            return Err(error.clone());
        }
        Ok(self.lines.iter().flat_map(|line| [line, "\n"]).collect())
    }

    fn pair(self, keyword: &str, name: &dyn Display, value: &Word) -> Self {
        match value.quoted() {
            Ok(value) => self.instruction(keyword, format_args!("{name}={value}")),
            Err(problem) => self.fail(problem),
        }
    }

    fn word(self, keyword: &str, value: &Word) -> Self {
        match value.quoted() {
            Ok(value) => self.instruction(keyword, value),
            Err(problem) => self.fail(problem),
        }
    }

    pub(super) fn fail(mut self, problem: DockerfileProblem) -> Self {
        let line = self.next_line();
        self.error.get_or_insert(DockerfileError { line, problem });
        self
    }
}

/// Whether a line is the shell's as it stands. `[` would be read as the exec form, `--` as a flag, a line break ends an
/// instruction, and the builder looks for a continuation before the blanks at a line's end.
pub(super) fn is_plain(line: &str) -> bool {
    let ends_open = line.trim_end_matches([' ', '\t']).ends_with('\\');
    let start = line.trim_start();
    !line.contains(['\n', '\r'])
        && !ends_open
        && !start.starts_with('[')
        && !start.starts_with("--")
}

fn is_name(name: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control() || "=\"'\\$#".contains(c);
    !name.is_empty() && !name.contains(bad) && !name.starts_with("--")
}

fn transfer_text(copy: &Copy) -> Result<String, DockerfileProblem> {
    let Copy { sources, dest, from, chown, chmod } = copy;
    let dest = dest.as_ref().ok_or(DockerfileProblem::Empty("a destination"))?;
    if sources.is_empty() {
        return Err(DockerfileProblem::Empty("the list of sources"));
    }
    for (flag, value) in [("--from", from), ("--chown", chown)] {
        let bad = |value: &String| value.is_empty() || value.contains(char::is_whitespace);
        if value.as_ref().is_some_and(bad) {
            return Err(DockerfileProblem::WhiteSpace(flag.to_owned()));
        }
    }
    let from = from.iter().map(|from| format!("--from={from} "));
    let chown = chown.iter().map(|chown| format!("--chown={chown} "));
    let chmod = chmod.iter().map(|chmod| format!("--chmod={chmod:04o} "));
    let flags = from.chain(chown).chain(chmod).collect::<Vec<_>>().concat();
    let words: Vec<String> =
        sources.iter().chain([dest]).map(Word::quoted).collect::<Result<_, _>>()?;
    // Only the JSON form can hold spaces and quotes in paths.
    if words.iter().any(|word| word.starts_with('"')) {
        let strings: Vec<String> =
            sources.iter().chain([dest]).map(Word::json).collect::<Result<_, _>>()?;
        return Ok(format!("{flags}[{}]", strings.join(", ")));
    }
    Ok(flags + &words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_can_neither_go_on_in_the_next_line_nor_give_flags() {
        for script in ["ls a\\ ", "ls a\\\t", "  --mount=type=ssh ls", "ls\\"] {
            let text = Dockerfile::from("scratch").run(script).cmd(["x"]).text().expect(script);
            let lines: Vec<_> = text.lines().collect();
            let exec = exec_form(["/bin/sh", "-c", script]);
            assert_eq!(lines[1..], [format!("RUN {exec}"), "CMD [\"x\"]".to_owned()]);
        }
    }

    #[test]
    fn a_whole_file() {
        let file = Dockerfile::global()
            .comment("two stages")
            .arg("VERSION", Some("12"))
            .stage_as("debian:$VERSION", "build")
            .shell(["/bin/bash", "-ec"])
            .run("make\nmake install")
            .run_with(&Run {
                script: "make test".to_owned(),
                mounts: vec!["type=cache,target=/c".to_owned()],
                network: Some("none".to_owned()),
                ..Run::default()
            })
            .stage("scratch")
            .copy_from("build", "/out/app", "/bin/")
            .copy(["my file", "b"], "/x y/")
            .copy_with(&Copy {
                sources: vec![Word::from("c")],
                dest: Some(Word::from("/")),
                chown: Some("1:1".to_owned()),
                chmod: Some(0o755),
                ..Copy::default()
            })
            .env("GREETING", "hello $USER")
            .env("COST", Word::literal("5$"))
            .label("a b", "\"q\"")
            .workdir("/srv")
            .volume(["/data"])
            .expose("53/udp")
            .user("app")
            .stop_signal("SIGINT")
            .healthcheck(&Healthcheck {
                command: vec!["test".to_owned(), "-f".to_owned(), "/ok".to_owned()],
                interval: Some("5s".to_owned()),
                retries: Some(2),
                ..Healthcheck::default()
            })
            .run("[ -f x ] && echo")
            .entrypoint(["/bin/app"])
            .cmd(["--help"]);
        let wanted = r#"# two stages
ARG VERSION=12
FROM debian:$VERSION AS build
SHELL ["/bin/bash", "-ec"]
RUN ["/bin/bash", "-ec", "make\nmake install"]
RUN --mount=type=cache,target=/c --network=none make test
FROM scratch
COPY --from=build /out/app /bin/
COPY ["my file", "b", "/x y/"]
COPY --chown=1:1 --chmod=0755 c /
ENV GREETING="hello $USER"
ENV COST="5\$"
LABEL "a b"="\"q\""
WORKDIR /srv
VOLUME ["/data"]
EXPOSE 53/udp
USER app
STOPSIGNAL SIGINT
HEALTHCHECK --interval=5s --retries=2 CMD ["test", "-f", "/ok"]
RUN ["/bin/sh", "-c", "[ -f x ] && echo"]
ENTRYPOINT ["/bin/app"]
CMD ["--help"]
"#;
        assert_eq!(file.text().expect("text"), wanted);
        assert_eq!(file.next_line(), wanted.lines().count() + 1);
    }

    #[test]
    fn a_heredoc_ends_where_the_script_does_not() {
        let text = Dockerfile::from("x").run_heredoc("echo <<EOF\nEOF\n").text().expect("text");
        assert_eq!(text, "FROM x\nRUN <<EOF_\necho <<EOF\nEOF\nEOF_\n");
    }

    #[test]
    fn what_cannot_be_written_is_an_error() {
        let error = Dockerfile::from("x").env("A", "1").env("B", "a\nb").run("y").text();
        assert_eq!(error, Err(DockerfileError { line: 3, problem: DockerfileProblem::LineBreak }));
        assert!(Dockerfile::from("x").run(" \n").text().is_err());
        assert!(Dockerfile::from("x").copy(Vec::<String>::new(), "/").text().is_err());
    }
}
