//! Images in long form.
//!
//! Invariant: every field of the spec is here, or is named as left out.

use serde_json::{Value, json};
use windlass::model::command::{AddOptions, BuildCommand, CopySource};
use windlass::model::image::{
    BuildOptions, Builder, ContextSpec, DockerfileSource, ImageSource, ImageSpec, PullPolicy,
};
use windlass::model::provision::{ImageDefaults, Provision};

use super::{Entries, mode};

pub(super) fn image(spec: &ImageSpec) -> Value {
    let ImageSpec { key: _, reference, tags, source, build, depends_on: _, push } = spec;
    let mut out = Entries::default();
    match source {
        ImageSource::Commands { commands, context } => {
            out.list("commands", commands.iter().map(|placed| command(&placed.command)));
            out.put("context", context.as_ref().map_or(json!(false), self::context));
        }
        ImageSource::Dockerfile { dockerfile, context } => {
            match dockerfile {
                DockerfileSource::Path(path) => out.put("dockerfile", path.as_str()),
                DockerfileSource::Inline(text) => out.put("dockerfile", json!({"inline": text})),
            }
            out.put("context", context.as_ref().map_or(json!(false), self::context));
        }
        ImageSource::Import { path, changes } => {
            out.put("import", path.as_str());
            out.list("changes", changes.iter().map(String::as_str));
        }
        ImageSource::Provision(provision) => {
            let Provision { from, bundle, defaults } = &**provision;
            out.put("from", from.as_ref().map_or("scratch".to_owned(), ToString::to_string));
            out.list("resources", bundle.resources.iter().map(super::resource::resource));
            self::defaults(&mut out, defaults);
        }
        ImageSource::External { pull } => {
            out.put("image", reference.as_str());
            out.some("pull", self::pull(*pull));
        }
    }
    if !source.is_external() {
        out.put("name", reference.as_str());
    }
    out.list("tags", tags.iter().map(String::as_str));
    self::build(&mut out, build);
    out.flag("push", *push);
    out.done()
}

fn defaults(out: &mut Entries, defaults: &ImageDefaults) {
    let ImageDefaults {
        env,
        user,
        workdir,
        entrypoint,
        command,
        exposed,
        volumes,
        healthcheck,
        stop_signal,
        maintainer,
    } = defaults;
    out.texts("env", env);
    out.some("user", user.as_deref());
    out.some("workdir", workdir.as_deref());
    out.some("entrypoint", entrypoint.clone());
    out.some("command", command.clone());
    out.list("ports", exposed.iter().map(ToString::to_string));
    out.list("volumes", volumes.iter().map(String::as_str));
    out.some("healthcheck", healthcheck.as_ref().map(super::container::healthcheck));
    out.some("stop_signal", stop_signal.as_deref());
    out.some("maintainer", maintainer.as_deref());
}

/// Only where it is not the default.
pub(super) fn pull(policy: PullPolicy) -> Option<&'static str> {
    match policy {
        PullPolicy::Missing => None,
        PullPolicy::Always => Some("always"),
        PullPolicy::Never => Some("never"),
    }
}

fn build(out: &mut Entries, build: &BuildOptions) {
    let BuildOptions {
        args,
        pins: _, // what `--locked` brings is no part of the file
        target,
        labels,
        platform,
        cache_from,
        inline_cache,
        secrets,
        ssh,
        builder,
        network,
        extra_hosts,
        shm_size_bytes,
        squash,
    } = build;
    out.texts("args", args);
    out.some("target", target.as_deref());
    out.texts("labels", labels);
    out.some("platform", platform.as_deref());
    out.list("cache_from", cache_from.iter().map(String::as_str));
    out.some("cache_to", inline_cache.then_some("inline"));
    out.texts("secrets", secrets);
    // The default agent has no path.
    let agent = |path: &String| if path.is_empty() { Value::Null } else { json!(path) };
    out.section("ssh", ssh.iter().map(|(id, path)| (id.clone(), agent(path))));
    match builder {
        Builder::Auto => {}
        Builder::Buildkit => out.put("builder", "buildkit"),
        Builder::Classic => out.put("builder", "classic"),
    }
    out.some("network", network.as_deref());
    out.list("extra_hosts", extra_hosts.iter().map(String::as_str));
    out.some("shm_size", *shm_size_bytes);
    out.flag("squash", *squash);
}

fn context(context: &ContextSpec) -> Value {
    let ContextSpec {
        dir,
        include,
        exclude,
        use_gitignore,
        use_dockerignore,
        git_timestamps,
        follow_links,
    } = context;
    let mut out = Entries::default();
    out.put("dir", dir.as_str());
    out.list("include", include.iter().map(String::as_str));
    out.list("exclude", exclude.iter().map(String::as_str));
    out.flag("use_gitignore", *use_gitignore);
    if !use_dockerignore {
        out.put("use_dockerignore", false);
    }
    out.flag("git_timestamps", *git_timestamps);
    out.flag("follow_links", *follow_links);
    out.done()
}

fn command(command: &BuildCommand) -> Value {
    match command {
        BuildCommand::Instruction { instruction, text } => json!(format!("{instruction} {text}")),
        BuildCommand::From { image, alias, platform } => {
            let platform = platform.iter().map(|platform| format!("--platform={platform} "));
            let image = platform.collect::<String>() + &image.to_string();
            match alias {
                None => json!(["FROM", image]),
                Some(alias) => json!(["FROM", image, format!("as {alias}")]),
            }
        }
        BuildCommand::AddContent { content, dest, options } => {
            let mut out = Entries::default();
            out.put("content", content.as_str());
            out.put("dest", dest.as_str());
            entry("ADD", out, options)
        }
        BuildCommand::AddImagePath { image, path, dest, options } => {
            let mut out = Entries::default();
            out.put("content", json!({"image": image.to_string(), "path": path}));
            out.put("dest", dest.as_str());
            entry("ADD", out, options)
        }
        BuildCommand::AddContext { context, dest, options } => {
            let mut out = Entries::default();
            out.put("context", self::context(context));
            out.put("dest", dest.as_str());
            entry("ADD", out, options)
        }
        BuildCommand::AddPaths { prefix, get, options } => {
            let mut out = Entries::default();
            out.some("prefix", prefix.as_deref());
            out.list("get", get.iter().map(String::as_str));
            entry("ADD", out, options)
        }
        BuildCommand::CopyFrom { from, path, to, options } => {
            let from = match from {
                CopySource::Stage(stage) => stage.clone(),
                CopySource::Image(image) => image.to_string(),
            };
            let mut out = Entries::default();
            out.put("from", from);
            out.put("path", path.as_str());
            out.put("to", to.as_str());
            entry("COPY", out, options)
        }
    }
}

fn entry(instruction: &str, mut out: Entries, options: &AddOptions) -> Value {
    let AddOptions { mode: bits, owner } = options;
    out.some("mode", bits.map(mode));
    out.some("owner", owner.as_deref());
    json!({instruction: out.done()})
}
