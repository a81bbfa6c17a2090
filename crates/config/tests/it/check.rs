//! `check(yaml)`: a file whose comments say what is wrong with the lines above them.
//!
//! Invariant: place, severity, text and (if written) help are compared; order does not matter.

use windlass_config::{Diagnostic, Diagnostics, LoadOptions, Loaded, SourceMap, load};
use windlass_model::container::ContainerSpec;
use windlass_model::project::Project;

/// Options that read `yaml` from standard input in `/srv/p`, in the project `p`.
pub(crate) fn options(yaml: &str) -> LoadOptions {
    LoadOptions {
        files: vec!["-".into()],
        stdin: Some(yaml.as_bytes().to_vec()),
        project: Some("p".to_owned()),
        cwd: "/srv/p".into(),
        home: Some("/home/me".into()),
        env: [("HOST_VALUE", "from env"), ("TOKEN", "hunter2")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        ..LoadOptions::default()
    }
}

pub(crate) fn load_text(yaml: &str) -> Loaded {
    load(&options(yaml))
}

/// Loads a file that has no mistakes.
#[track_caller]
pub(crate) fn project(yaml: &str) -> Project {
    let loaded = load_text(yaml);
    let findings = loaded.diagnostics.render_plain(&loaded.sources);
    assert!(findings.is_empty(), "findings:\n{findings}");
    loaded.project.expect("no findings, so a project")
}

/// The container `web` of a project whose other parts are given.
#[track_caller]
pub(crate) fn web(rest: &str, keys: &str) -> ContainerSpec {
    let keys = keys.replace('\n', "\n    ");
    let yaml = format!("{rest}\ncontainers:\n  web:\n    image: x\n    {keys}\n");
    let project = project(&yaml);
    let mut found = project.containers.into_iter().map(|(_, c)| c).filter(|c| c.key == "web");
    found.next().expect("the container is there")
}

/// A finding as fixtures write it: line, first and last column (1-based, characters), text, help.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
struct Finding {
    line: usize,
    columns: Option<(usize, usize)>,
    text: String,
    help: Option<String>,
}

#[track_caller]
pub(crate) fn check(yaml: &str) {
    check_with(yaml, &options(yaml));
}

#[track_caller]
pub(crate) fn check_with(yaml: &str, options: &LoadOptions) {
    let loaded = load(options);
    compare(yaml, &loaded.diagnostics, &loaded.sources);
}

/// Compares findings with those that the text says.
#[track_caller]
pub(crate) fn compare(yaml: &str, diagnostics: &Diagnostics, sources: &SourceMap) {
    let wanted = expectations(yaml);
    assert!(!wanted.is_empty(), "the fixture expects nothing");
    let mut found: Vec<Finding> = diagnostics.iter().map(|item| finding(item, sources)).collect();
    let mut left = Vec::new();
    for want in wanted {
        let same = |one: &Finding| {
            one.line == want.line
                && (want.columns.is_none() || one.columns == want.columns)
                && one.text == want.text
                && (want.help.is_none() || one.help == want.help)
        };
        match found.iter().position(same) {
            Some(at) => drop(found.remove(at)),
            None => left.push(want),
        }
    }
    assert!(
        left.is_empty() && found.is_empty(),
        "missing: {left:#?}\nunexpected: {found:#?}\nall:\n{}",
        diagnostics.render_plain(sources)
    );
}

fn finding(item: &Diagnostic, sources: &SourceMap) -> Finding {
    let text = format!("{}: {}", item.severity.as_str(), item.title());
    let help = item.help.clone();
    match &item.primary {
        None => Finding { line: 0, columns: None, text, help },
        Some(label) => {
            let place = sources.locate(label.span);
            let last = if place.end_line == place.line {
                place.end_column.max(place.column + 1) - 1
            } else {
                place.column
            };
            Finding { line: place.line, columns: Some((place.column, last)), text, help }
        }
    }
}

/// `# ^^^ error: text` under a line, `#< error: text` for any place in it, `# help: text` under those.
/// `#! error: text` is a finding without a place.
fn expectations(yaml: &str) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    let mut subject = 0;
    for (index, line) in yaml.lines().enumerate() {
        let comment = line.trim_start().strip_prefix('#').map(str::trim_start);
        let Some(comment) = comment else {
            subject = index + 1;
            continue;
        };
        if let Some(help) = comment.strip_prefix("help: ") {
            all.last_mut().expect("help follows a finding").help = Some(help.to_owned());
        } else if let Some(text) = comment.strip_prefix("< ") {
            all.push(Finding { line: subject, columns: None, text: text.to_owned(), help: None });
        } else if let Some(text) = comment.strip_prefix("! ") {
            all.push(Finding { line: 0, columns: None, text: text.to_owned(), help: None });
        } else if comment.starts_with('^') {
            let carets = comment.chars().take_while(|c| *c == '^').count();
            let first = line.chars().position(|c| c == '^').expect("there is one") + 1;
            let text = comment[carets..].trim_start().to_owned();
            let columns = Some((first, first + carets - 1));
            all.push(Finding { line: subject, columns, text, help: None });
        } else {
            subject = index + 1;
        }
    }
    all
}
