//! Who makes an image, and how each is told to make the same one.
//!
//! Invariant: a command line is complete; who is not on this machine has none.

use std::path::Path;
use std::process::Command;

use super::{Bench, peer};
use crate::engine::LABEL;
use crate::{Result, say};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Builder {
    Windlass,
    Docker,
    Buildx,
    Fuselage,
}

/// What is made, in the words of each.
pub(super) struct Image<'a> {
    /// What it is made on.
    pub(super) from: &'a str,
    /// What fuselage makes it on: it needs a Python.
    pub(super) from_with_python: Option<&'a str>,
    /// The list of resources, indented by four.
    pub(super) resources: String,
    /// What a Dockerfile does.
    pub(super) steps: String,
    /// What its payload is made of, as `payload.py` takes it.
    pub(super) payload: String,
}

impl Builder {
    pub(super) const ALL: [Self; 4] = [Self::Windlass, Self::Docker, Self::Buildx, Self::Fuselage];

    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Windlass => "windlass, resources",
            Self::Docker => "docker build, classic",
            Self::Buildx => "buildx, BuildKit",
            Self::Fuselage => "fuselage, in a Dockerfile",
        }
    }

    /// Part of the names of what it makes.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Windlass => "resources",
            Self::Docker => "docker",
            Self::Buildx => "buildx",
            Self::Fuselage => "fuselage",
        }
    }

    pub(super) fn is_dockerfile(self) -> bool {
        matches!(self, Self::Docker | Self::Buildx)
    }

    /// Makes `PROJECT/all` of what is in a directory. `is_anew`: no builder takes what it knows from before, as windlass does not in
    /// a project that is new. `None` if it is not on this machine.
    pub(super) fn command(
        self,
        bench: &Bench,
        image: &Image<'_>,
        (directory, project): (&Path, &str),
        is_anew: bool,
    ) -> Result<Option<Command>> {
        let mut words: Vec<String> = vec!["build".into()];
        let program = match self {
            Self::Windlass => return declared(bench, image, (directory, project)).map(Some),
            Self::Docker | Self::Fuselage => {
                if Command::new("docker").arg("--version").output().is_err() {
                    return Ok(None);
                }
                "docker".to_owned()
            }
            Self::Buildx => {
                let Some(program) = peer("buildx") else { return Ok(None) };
                words.extend(["--builder".into(), "default".into()]);
                program.display().to_string()
            }
        };
        // A label, as ours has its digest on one; by this one it is swept when the next has taken its name.
        words.extend(["-q".into(), format!("--label={LABEL}={project}")]);
        words.extend(["-t".into(), format!("{project}/all")]);
        words.extend(is_anew.then(|| "--no-cache".to_owned()));
        let mut command = if self == Self::Fuselage {
            let Some(before) = payload(image, directory)? else { return Ok(None) };
            words.push(directory.join("context").display().to_string());
            let mut shell = Command::new("sh");
            shell.arg("-ec").arg(format!("{before}\nexec {program} {}", words.join(" ")));
            shell
        } else {
            std::fs::write(directory.join("Dockerfile"), dockerfile(image.from, &image.steps))?;
            words.push(directory.display().to_string());
            let mut command = Command::new(program);
            command.args(words);
            command
        };
        command.env("DOCKER_HOST", &bench.engine.url).env("DOCKER_BUILDKIT", "0");
        Ok(Some(command))
    }
}

fn declared(
    bench: &Bench,
    image: &Image<'_>,
    (directory, project): (&Path, &str),
) -> Result<Command> {
    let Image { from, resources, .. } = image;
    let file = directory.join("windlass.yaml");
    let text = format!("images:\n  all:\n    from: {from}\n    resources:\n{resources}");
    std::fs::write(&file, text)?;
    Ok(bench.windlass.build(&bench.engine.url, &file, project))
}

fn dockerfile(from: &str, steps: &str) -> String {
    format!("FROM {from}\n{steps}\n")
}

/// The command that makes fuselage's payload, beside the Dockerfile that it would write if it could: it writes one that no
/// builder takes.
fn payload(image: &Image<'_>, directory: &Path) -> Result<Option<String>> {
    let Some(from) = image.from_with_python else { return Ok(None) };
    let Some(python) = peer("fuselage") else {
        say::line("no fuselage here: its rows are left out (see WINDLASS_PEERS)");
        return Ok(None);
    };
    let context = directory.join("context");
    std::fs::create_dir_all(&context)?;
    let steps = "ADD payload.pex /payload.pex\nRUN python3 /payload.pex\nRUN rm /payload.pex";
    std::fs::write(context.join("Dockerfile"), dockerfile(from, steps))?;
    let script = directory.join("payload.py");
    std::fs::write(&script, include_str!("payload.py"))?;
    let (python, script, context) = (python.display(), script.display(), context.display());
    Ok(Some(format!("{python} {script} {context}/payload.pex {}", image.payload)))
}
