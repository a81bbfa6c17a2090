//! Instructions in the forms that people think of them in.
//!
//! Invariant: each is made of the plain ones of [`Dockerfile`], whose quoting it has.

use std::fmt::Display;

use super::word::exec_form;
use super::write::is_plain;
use super::{Copy, Dockerfile, DockerfileProblem, Mount, ParsedDockerfile, Run, Word};

impl Run {
    /// A script in the shell.
    pub fn new(script: impl Into<String>) -> Self {
        Self { script: script.into(), ..Self::default() }
    }

    #[must_use]
    pub fn mount(mut self, mount: &Mount) -> Self {
        match mount.text() {
            Ok(text) => self.mounts.push(text),
            Err(problem) => {
                self.problem.get_or_insert(problem);
            }
        }
        self
    }

    /// `default`, `none` or `host`.
    #[must_use]
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.network = Some(network.into());
        self
    }
}

impl Copy {
    /// From the build context.
    pub fn new<W: Into<Word>>(sources: impl IntoIterator<Item = W>, dest: impl Into<Word>) -> Self {
        let sources = sources.into_iter().map(Into::into).collect();
        Self { sources, dest: Some(dest.into()), ..Self::default() }
    }

    /// For [`Dockerfile::add_file_with`], which knows the source.
    pub fn to(dest: impl Into<Word>) -> Self {
        Self { dest: Some(dest.into()), ..Self::default() }
    }

    /// A stage or an image.
    #[must_use]
    pub fn from(mut self, from: impl Into<String>) -> Self {
        self.from = Some(from.into());
        self
    }

    /// `user[:group]`.
    #[must_use]
    pub fn chown(mut self, owner: impl Into<String>) -> Self {
        self.chown = Some(owner.into());
        self
    }

    /// Permission bits; only `BuildKit` has it.
    #[must_use]
    pub fn chmod(mut self, mode: u32) -> Self {
        self.chmod = Some(mode);
        self
    }
}

impl Dockerfile {
    /// A program without a shell, with something mounted.
    pub(crate) fn run_exec_with<S: AsRef<str>>(
        self,
        mount: &Mount,
        arguments: impl IntoIterator<Item = S>,
    ) -> Self {
        match mount.text() {
            Ok(mount) => {
                let words = exec_form(arguments);
                self.instruction("RUN", format_args!("--mount={mount} {words}"))
            }
            Err(problem) => self.fail(problem),
        }
    }

    /// `# syntax=`: the frontend that reads the file. It comes before everything else, wherever this is called.
    pub fn syntax(mut self, image: impl Display) -> Self {
        let line = format!("# syntax={image}");
        if line.contains(['\n', '\r']) {
            return self.fail(DockerfileProblem::LineBreak);
        }
        self.lines.insert(0, line);
        self
    }

    /// A `RUN` for each.
    pub fn run_all<S: AsRef<str>>(self, scripts: impl IntoIterator<Item = S>) -> Self {
        scripts.into_iter().fold(self, Self::run)
    }

    /// All in one `RUN`, each only if the one before went well.
    pub fn run_join<S: AsRef<str>>(self, scripts: impl IntoIterator<Item = S>) -> Self {
        let scripts: Vec<String> =
            scripts.into_iter().map(|script| script.as_ref().to_owned()).collect();
        self.run(scripts.join(" && "))
    }

    /// The instruction before each of the texts. An empty text is an empty line.
    pub fn prefix<S: AsRef<str>>(self, keyword: &str, texts: impl IntoIterator<Item = S>) -> Self {
        texts.into_iter().fold(self, |file, text| match text.as_ref() {
            "" => file.blank(),
            text => file.instruction(keyword, text),
        })
    }

    /// An empty line.
    pub fn blank(mut self) -> Self {
        self.lines.push(String::new());
        self
    }

    /// `CMD` as a line for the shell.
    pub fn cmd_shell(self, line: impl AsRef<str>) -> Self {
        self.shell_form("CMD", line.as_ref())
    }

    /// `ENTRYPOINT` as a line for the shell; a `CMD` is then without effect.
    pub fn entrypoint_shell(self, line: impl AsRef<str>) -> Self {
        self.shell_form("ENTRYPOINT", line.as_ref())
    }

    fn shell_form(self, keyword: &str, line: &str) -> Self {
        if line.trim().is_empty() {
            return self.fail(DockerfileProblem::Empty("a command"));
        }
        if is_plain(line) {
            return self.instruction(keyword, line);
        }
        let arguments = self.shell_arguments(line);
        self.instruction(keyword, exec_form(arguments))
    }

    /// What `steps` writes, run as `user`; after it `back`, the one from before, is the user again.
    pub fn as_user(
        self,
        user: impl Into<Word>,
        back: impl Into<Word>,
        steps: impl FnOnce(Self) -> Self,
    ) -> Self {
        steps(self.user(user)).user(back)
    }

    pub fn add_volume(self, path: impl Into<Word>) -> Self {
        self.volume([path])
    }

    pub fn labels<N: Into<Word>, V: Into<Word>>(
        self,
        labels: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        labels.into_iter().fold(self, |file, (name, value)| file.label(name, value))
    }

    pub fn envs<N: Display, V: Into<Word>>(
        self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        variables.into_iter().fold(self, |file, (name, value)| file.env(name, value))
    }

    /// What `step` writes is done in the builds that start from this image.
    pub fn onbuild(mut self, step: impl FnOnce(Self) -> Self) -> Self {
        let written = step(Self { shell: self.shell.clone(), ..Self::default() });
        if let Some(error) = written.error {
            return self.fail(error.problem);
        }
        if !written.additions.is_empty() {
            return self.fail(DockerfileProblem::ForeignContext);
        }
        let text = written.lines.join("\n");
        match ParsedDockerfile::parse(&text) {
            Ok(parsed) => {
                let mut lines = written.lines;
                for instruction in parsed.instructions {
                    lines[instruction.first_line - 1].insert_str(0, "ONBUILD ");
                }
                self.lines.append(&mut lines);
                self
            }
            Err(error) => self.fail(error.problem),
        }
    }

    /// Take paths away in one step. They are still in the layers before it.
    pub fn remove<S: AsRef<str>>(self, paths: impl IntoIterator<Item = S>) -> Self {
        let paths: Vec<String> = paths.into_iter().map(|path| path.as_ref().to_owned()).collect();
        let words = ["rm", "-rf", "--"].map(str::to_owned);
        self.run_exec(words.into_iter().chain(paths))
    }

    /// A file of `content` by a heredoc, without a build context; as [`Dockerfile::run_heredoc`] it needs a newer builder.
    pub fn copy_heredoc(mut self, content: &str, dest: impl Into<Word>) -> Self {
        let dest = match dest.into().quoted() {
            Ok(dest) => dest,
            Err(problem) => return self.fail(problem),
        };
        let mut name = "EOF".to_owned();
        while content.lines().any(|line| line == name) {
            name.push('_');
        }
        // In quotes, so that nothing in the content is replaced.
        self.lines.push(format!("COPY <<\"{name}\" {dest}"));
        self.lines.extend(content.lines().map(str::to_owned));
        self.lines.push(name);
        self
    }
}
