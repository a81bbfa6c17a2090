//! Images of resources as a build context, for a builder that knows nothing of windlass.
//!
//! Invariant: what is in the context is one bundle, the files that it needs, and the agent that applies it; nothing of them is in the
//! file system of the image that comes out.

use std::fmt::Write as _;

use windlass_bundle::{Kind, ResourceError};
use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::label;

use crate::dockerfile::{Copy, Dockerfile, Mount, Word};
use crate::image_build::{ImageBuild, ImageBuildError};
use crate::provision::ProvisionRecipe;

/// The Dockerfile that only `BuildKit` reads: no layer of what it builds has anything of the payload.
pub const BUILDKIT_DOCKERFILE: &str = "Dockerfile.buildkit";
/// What an engine puts into every container, and so into none of the images that a builder makes of one.
const OF_ENGINE: [&str; 3] = ["/etc/hosts", "/etc/hostname", "/etc/resolv.conf"];
/// Where the payload is in the context.
const PAYLOAD: &str = "windlass";
/// Where it is in a container of a builder that has to copy it there; the agent removes it.
const COPIED: &str = "/.windlass";
/// Where it is mounted: /dev is memory in every container, so no directory stays for it.
const MOUNTED: &str = "/dev/.windlass";

/// How the payload comes to where it is run.
#[derive(Clone, Copy)]
enum Way {
    Copy,
    Mount,
}

impl ProvisionRecipe {
    /// The Dockerfile that any builder reads.
    ///
    /// # Errors
    ///
    /// If something of the image can't be written in one.
    pub fn dockerfile(&self) -> Result<String, ImageBuildError> {
        self.check_alone()?;
        Ok(self.written(Way::Copy).text()?)
    }

    /// The build context of what was gathered: `Dockerfile`, [`BUILDKIT_DOCKERFILE`], and the payload. `agent` is the program.
    ///
    /// # Errors
    ///
    /// If a file can't be read, or something of the image can't be written in a Dockerfile.
    pub fn context(&self, agent: &[u8]) -> Result<ImageBuild, ImageBuildError> {
        let dockerfile = self.dockerfile()?;
        let mut bundle = self.bundle.clone();
        bundle.take_sensitive()?;
        let assets = bundle.take_assets()?;
        let mut build = ImageBuild::of_text(dockerfile)?
            .add_bytes(BUILDKIT_DOCKERFILE, self.written(Way::Mount).text()?)?
            .add_with_mode(&format!("{PAYLOAD}/agent"), agent, 0o755)?
            .add_with_mode(&format!("{PAYLOAD}/bundle.json"), bundle.to_json(), 0o600)?;
        for (name, disk) in assets {
            build = build.add_file_with_mode(&disk, &format!("{PAYLOAD}/{name}"), 0o600)?;
        }
        Ok(build)
    }

    /// What only `windlass build` can do: a file of an engine's containers, and what a single command is given, for one step
    /// applies all of the bundle.
    fn check_alone(&self) -> Result<(), ResourceError> {
        for (index, resource) in self.bundle.resources.iter().enumerate() {
            if OF_ENGINE.contains(&resource.kind.name().as_str()) {
                let message = "no builder keeps it: its containers have one of the engine's; \
                               `windlass build` makes such an image";
                return Err(ResourceError::new(message).at(index).of(resource.id()));
            }
            let Kind::Execute(execute) = &resource.kind else { continue };
            let what = match (execute.secrets.is_empty(), execute.network) {
                (false, _) => "is given secrets",
                (true, false) => "runs without network",
                (true, true) => continue,
            };
            let message = format!("it {what}, which a builder alone can't do");
            let help = "build the image with `windlass build`";
            return Err(ResourceError::new(message).help(help).at(index).of(resource.id()));
        }
        Ok(())
    }

    fn written(&self, way: Way) -> Dockerfile {
        let defaults = &self.defaults;
        let base = self.images.first().map_or("scratch", |base| base.image.as_str());
        let mut file = match &self.options.platform {
            Some(platform) if base != "scratch" => {
                Dockerfile::from(format_args!("--platform={platform} {base}"))
            }
            Some(_) | None => Dockerfile::from(base),
        };
        if let Some(key) = &self.base_key {
            file = file.comment(&format!(
                "That is the image {key} of the same project: build or pull it first."
            ));
        }
        for (name, value) in &defaults.env {
            file = file.env(name, literal(value));
        }
        if defaults.user.is_some() {
            file = file.user("0");
        }
        file = payload(file, way);
        if let Some(user) = &defaults.user {
            file = file.user(literal(user));
        }
        if let Some(path) = &defaults.workdir {
            file = file.workdir(literal(path));
        }
        if let Some(argv) = &defaults.entrypoint {
            file = file.entrypoint(argv);
        }
        if let Some(argv) = &defaults.command {
            file = file.cmd(argv);
        }
        for port in &defaults.exposed {
            file = file.expose(port);
        }
        if let Some(check) = &defaults.healthcheck {
            file = healthcheck(file, check);
        }
        if let Some(signal) = &defaults.stop_signal {
            file = file.stop_signal(literal(signal));
        }
        for (name, value) in &self.options.labels {
            file = file.label(literal(name), literal(value));
        }
        if self.is_sensitive() {
            file = file.label(label::SENSITIVE, "");
        }
        if let Some(name) = &defaults.maintainer {
            file = file.instruction("MAINTAINER", one_line(name));
        }
        // The last: a builder discards what comes to such a path after it.
        if !defaults.volumes.is_empty() {
            file = file.volume(defaults.volumes.iter().map(|path| literal(path)));
        }
        file
    }
}

fn payload(file: Dockerfile, way: Way) -> Dockerfile {
    let words = |at: &str, more: &[&str]| {
        let mut words =
            vec![format!("{at}/agent"), "apply".into(), "--mode".into(), "image".into()];
        words.extend(more.iter().map(|word| (*word).to_owned()));
        words.push(format!("{at}/bundle.json"));
        words
    };
    match way {
        Way::Copy => file
            .copy_with(&Copy::new([PAYLOAD], format!("{COPIED}/")))
            .run_exec(words(COPIED, &["--once"])),
        Way::Mount => {
            let mount = Mount::bind(MOUNTED).source(PAYLOAD);
            file.run_exec_with(&mount, words(MOUNTED, &[]))
        }
    }
}

fn literal(text: &str) -> Word {
    Word::literal(text)
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// Times that are the base's at other tests have no words in a Dockerfile.
fn healthcheck(file: Dockerfile, check: &Healthcheck) -> Dockerfile {
    let mut text = String::new();
    for (flag, value) in [
        ("interval", check.interval_ns),
        ("timeout", check.timeout_ns),
        ("start-period", check.start_period_ns),
        ("start-interval", check.start_interval_ns),
    ] {
        if value != 0 {
            let _ = write!(text, "--{flag}={value}ns ");
        }
    }
    if check.retries != 0 {
        let _ = write!(text, "--retries={} ", check.retries);
    }
    match &check.test {
        HealthTest::Inherit => file,
        HealthTest::Disabled => file.instruction("HEALTHCHECK", "NONE"),
        HealthTest::Exec(argv) => {
            let words = serde_json::to_string(argv).unwrap_or_default();
            file.instruction("HEALTHCHECK", format_args!("{text}CMD {words}"))
        }
        HealthTest::Shell(line) => {
            file.instruction("HEALTHCHECK", format_args!("{text}CMD {}", one_line(line)))
        }
    }
}
