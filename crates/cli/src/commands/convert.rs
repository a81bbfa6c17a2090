//! `windlass convert`: a file of Harpoon or docker-map as a windlass.yaml that means the same.
//!
//! Invariant: no secret and no value of the environment is written out, and a file that is there stays unless `--force` is
//! said.

use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use windlass::config::{Diagnostics, SourceMap};
use windlass::{Dialect, LoadOptions};

use crate::args::Convert;
use crate::exit::Exit;
use crate::invocation::Invocation;
use crate::load::{self, load_with_origin};
use crate::render::{escape, json, long, yaml};
use crate::trouble::{Result, Trouble};
use crate::whole_file::{WholeFile, unwritten};

/// How a template of a native file names the directory that it is in.
const ROOT: &str = "{{ config_root }}";

/// What is said of variables that are not set.
const UNSET: &str = "unset-variable";

pub(super) fn run(invocation: &Invocation, args: &Convert) -> Result<Exit> {
    let crate::args::Format::Native = args.to;
    if let Some(out) =
        args.out.as_deref().filter(|out| !args.force && out.symlink_metadata().is_ok())
    {
        let message = format!("{} is there already", escape::line(&out.display().to_string()));
        return Err(Trouble::usage(
            message,
            "write another file by `-o`, or replace it by `--force`",
        ));
    }
    let options = load::options(invocation)?;
    let place = |path: &Path| path.canonicalize().ok();
    let out = args.out.as_deref().and_then(place);
    if out.is_some() && options.files.iter().any(|file| place(file) == out) {
        let message = "the file would be written over the one that it is made of";
        return Err(Trouble::usage(message, "write another one: `-o windlass.yaml`"));
    }
    let text = match options.dialect {
        Dialect::Windlass => {
            let way = "name a file of another dialect: `-f harpoon.yml`, or `-f map.yaml --dialect docker-map`";
            return Err(Trouble::usage("the file is in the native format", way));
        }
        Dialect::Harpoon => harpoon(invocation, args, &options)?,
        Dialect::DockerMap => map(invocation, &options)?,
    };
    let console = &invocation.console;
    match &args.out {
        Some(out) => {
            let mut file = WholeFile::create(out)?;
            file.write_all(text.as_bytes()).map_err(|error| unwritten(out, &error))?;
            file.keep()?;
            console.say(&format!("{} is written.\n", escape::line(&out.display().to_string())));
        }
        None if console.is_json => {
            console.json(&json::object("converted", serde_json::json!({"text": text})));
        }
        None => {
            console.result(&text);
        }
    }
    Ok(Exit::Done)
}

/// With what depends on the environment as templates.
fn harpoon(invocation: &Invocation, args: &Convert, options: &LoadOptions) -> Result<String> {
    let found = windlass::config::native_tree(options);
    load::show(&invocation.console, &found.diagnostics, &found.sources);
    let tree = found.tree.ok_or(Trouble::Diagnosed)?;
    let mut body = serde_json::Map::new();
    if let Some(name) = options.project_name() {
        body.insert("name".to_owned(), name.into());
    }
    body.extend(tree.as_object().cloned().unwrap_or_default());
    let mut body = body.into();
    let root = options.root_directory();
    if !is_beside(args, &root) {
        place_root(&mut body, &braced(&root.display().to_string()));
    }
    let mut unset: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut others = Diagnostics::default();
    for one in &found.diagnostics {
        if one.code == UNSET {
            let told = one.help.iter().map(|help| format!("; {help}"));
            let line = one.message.clone() + &told.collect::<String>();
            unset.entry(one.path.clone()).or_default().push(line);
        } else {
            others.push(one.clone());
        }
    }
    let text = yaml::emit_with(&body, &unset);
    let mut notes = Vec::new();
    if text.contains("{{ env") {
        notes.push("What depends on the environment is still a template: {{ env.NAME }}; `env` takes NAME and NAME:default from it.".to_owned());
    }
    if !unset.is_empty() {
        notes.push(
            "Some variables were not set when this was made: it is said where they are needed."
                .to_owned(),
        );
    }
    notes.push(
        "Format strings are replaced by what they give; `defaults` of the root are in every image."
            .to_owned(),
    );
    notes.push("Each image has a container of its own, with a profile: it runs when it is run, or is needed.".to_owned());
    Ok(with_notes(options, notes, &others, &found.sources) + &text)
}

/// Puts a directory in the place of its name in all templates.
fn place_root(value: &mut Value, root: &str) {
    match value {
        Value::String(text) => *text = text.replace(ROOT, root),
        Value::Array(items) => items.iter_mut().for_each(|item| place_root(item, root)),
        Value::Object(map) => map.values_mut().for_each(|value| place_root(value, root)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A text whose braces mean themselves in a template.
fn braced(text: &str) -> String {
    if ["{{", "{%", "{#"].iter().any(|opening| text.contains(opening)) || text.ends_with('{') {
        return text.replace('{', "{{ '{' }}");
    }
    text.to_owned()
}

/// Evaluated whole: what a map takes from the environment is in its paths.
fn map(invocation: &Invocation, options: &LoadOptions) -> Result<String> {
    let (project, origin) = load_with_origin(invocation)?;
    let long::Written { file, withheld } =
        long::written(&project, &origin.vars, origin.shares_ports);
    let mut notes = vec![
        "Paths are evaluated: `!path`, `~` and $NAME are replaced by what they are here."
            .to_owned(),
    ];
    notes.push(
        "Containers that a map makes of others (`extends`, `instances`) are written out."
            .to_owned(),
    );
    notes.extend(withheld.iter().map(|path| format!("{path} has a secret, and is left out.")));
    Ok(with_notes(options, notes, &Diagnostics::default(), &origin.sources) + &yaml::emit(&file))
}

/// Whether the file that is written is in the directory of the one that is read.
fn is_beside(args: &Convert, root: &Path) -> bool {
    let Some(out) = &args.out else { return true };
    let directory = out.parent().filter(|parent| !parent.as_os_str().is_empty());
    let directory = directory.unwrap_or(Path::new("."));
    matches!((directory.canonicalize(), root.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

/// The head of the file: from what it was made, and what is not as it was there.
fn with_notes(
    options: &LoadOptions,
    notes: Vec<String>,
    found: &Diagnostics,
    sources: &SourceMap,
) -> String {
    let files: Vec<_> = options.files.iter().map(|file| file.display().to_string()).collect();
    let mut lines =
        vec![format!("Made of {} by `windlass convert --to native`.", files.join(", "))];
    lines.extend(notes);
    lines.extend(found.render_plain(sources).lines().map(str::to_owned));
    let lines = lines.iter().map(|line| format!("# {}\n", escape::line(line)));
    lines.collect::<String>() + "\n"
}
