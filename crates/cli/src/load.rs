//! Load: the project that the files declare, with every finding said.
//!
//! Invariant: a project comes out only if its files have no error; no engine is asked here.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use windlass::config::{Diagnostics, SourceMap};
use windlass::model::EngineName;
use windlass::model::engine::EngineSpec;
use windlass::model::project::Project;
use windlass::{Dialect, LoadOptions};

use crate::args::Global;
use crate::console::Console;
use crate::invocation::Invocation;
use crate::origin::{self, Origin};
use crate::render::{diagnostic, json};
use crate::trouble::{Result, Trouble};
use crate::{discover, hint, pins};

/// Loads the project; its findings are said here.
pub(crate) fn load(invocation: &Invocation) -> Result<Project> {
    load_with_origin(invocation).map(|(project, _)| project)
}

/// As [`load`], where what is found is said only if it is wrong; `None` then.
pub(crate) fn quietly(invocation: &Invocation) -> Result<Option<Project>> {
    let loaded = windlass::load(&options(invocation)?);
    if loaded.project.is_none() {
        show(&invocation.console, &loaded.diagnostics, &loaded.sources);
    }
    Ok(loaded.project)
}

/// As [`load`], with the files, for what is found out later.
pub(crate) fn load_with_origin(invocation: &Invocation) -> Result<(Project, Origin)> {
    let loaded = windlass::load(&options(invocation)?);
    if invocation.task.is_none() || loaded.project.is_none() {
        show(&invocation.console, &loaded.diagnostics, &loaded.sources);
    }
    let mut project = loaded.project.ok_or(Trouble::Diagnosed)?;
    if let Some((name, help)) = loaded.unused_set.into_iter().next() {
        return Err(Trouble::usage(
            format!("nothing here uses the variable `{name}` of --set"),
            help,
        ));
    }
    if let Some(engine) = &invocation.global.engine {
        choose_engine(&mut project, engine)?;
    }
    if invocation.global.locked {
        pins::pin(invocation, &mut project)?;
    }
    let shares_ports = origin::shares_ports(&loaded.diagnostics);
    let (sources, places, vars) = (loaded.sources, loaded.places, loaded.vars);
    let origin = Origin { sources, places, vars, shares_ports };
    Ok((project, origin))
}

pub(crate) fn options(invocation: &Invocation) -> Result<LoadOptions> {
    let here = &invocation.environment;
    let files: Vec<PathBuf> = if invocation.files.is_empty() {
        vec![discover::file(&here.directory)?]
    } else {
        invocation.files.clone()
    };
    let dialect = dialect(&invocation.global, &files)?;
    let is_piped = files.iter().any(|file| file == Path::new("-"));
    let stdin = is_piped.then(piped_file).transpose()?;
    Ok(LoadOptions {
        files,
        stdin,
        dialect,
        clients: invocation.global.clients.clone(),
        project: invocation.global.project.clone(),
        set: invocation.global.set.clone(),
        task: invocation.task.clone(),
        args: invocation.words.clone(),
        env: here.variables.clone(),
        cwd: here.directory.clone(),
        home: here.home.clone(),
        secrets_optional: !invocation.makes,
    })
}

/// The dialect that is said, or else that which the first file's name tells.
pub(crate) fn dialect(global: &Global, files: &[PathBuf]) -> Result<Dialect> {
    let dialect = match global.dialect.as_deref() {
        None => files.first().map_or_else(Dialect::default, |file| of_file(file)),
        Some(name) => Dialect::parse(name).ok_or_else(|| {
            let known = Dialect::ALL.map(|known| known.as_str().to_owned());
            let message = format!("there is no dialect `{name}`");
            Trouble::usage(message, hint::unknown_reference(name, &known))
        })?,
    };
    if global.clients.is_some() && dialect != Dialect::DockerMap {
        return Err(Trouble::usage(
            "--clients is for maps of docker-map",
            "add `--dialect docker-map`, or declare `engines` in the file",
        ));
    }
    Ok(dialect)
}

/// By its name, or by its shape where that is unmistakable.
fn of_file(file: &Path) -> Dialect {
    let named = Dialect::of_file(file);
    if named != Dialect::default() || discover::is_native(file) {
        return named;
    }
    Dialect::of_shape(file).unwrap_or(named)
}

/// The file that is piped in, which can be read once and is loaded again for a task.
fn piped_file() -> Result<Vec<u8>> {
    static READ: OnceLock<Vec<u8>> = OnceLock::new();
    if let Some(known) = READ.get() {
        return Ok(known.clone());
    }
    let bytes = read_stdin()?;
    Ok(READ.get_or_init(|| bytes).clone())
}

pub(crate) fn read_stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than a file may have, so that a stream without end is refused as a file that is too large.
    let limit = windlass::config::MAX_BYTES as u64 + 1;
    let read = std::io::stdin().lock().take(limit).read_to_end(&mut bytes);
    read.map_err(|error| Trouble::failed(format!("could not read standard input: {error}")))?;
    Ok(bytes)
}

/// Says findings.
pub(crate) fn show(console: &Console, diagnostics: &Diagnostics, sources: &SourceMap) {
    if diagnostics.is_empty() || (console.quiet && !diagnostics.has_errors()) {
        return;
    }
    if console.is_json {
        let fields = serde_json::json!({"diagnostics": diagnostics.to_json(sources)});
        console.json(&json::object("diagnostics", fields));
    } else {
        console.complain(&diagnostic::diagnostics(diagnostics, sources, console.stderr));
    }
}

/// `--engine`: a URL in place of the default engine's, or only what is on a named engine.
fn choose_engine(project: &mut Project, engine: &str) -> Result<()> {
    if engine.contains("://") {
        let spec = project.engines.entry(project.default_engine()).or_default();
        *spec = EngineSpec { url: Some(engine.to_owned()), context: None, ..spec.clone() };
        return Ok(());
    }
    let name = EngineName::new(engine);
    if !project.engines.contains_key(&name) {
        let names: Vec<_> = project.engines.keys().map(ToString::to_string).collect();
        return Err(Trouble::usage(
            format!("this project has no engine `{engine}`"),
            hint::unknown_reference(engine, &names),
        ));
    }
    project.engines.retain(|other, _| *other == name);
    project.containers.retain(|address, _| address.engine == name);
    for spec in project.containers.values_mut() {
        spec.depends_on.retain(|dependency| dependency.on.engine == name);
    }
    Ok(())
}
