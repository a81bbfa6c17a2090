//! Whole files: YAML, templates, shorthands, scalars, lowering, diagnostics.
//!
//! Invariant: there is a project or an error, never both and never neither; every place is inside of the file.

use windlass_config::{Dialect, LoadOptions, load};

pub fn project(bytes: &[u8]) {
    whole(bytes, Dialect::Windlass);
}

/// The same of a `harpoon.yml`.
pub fn harpoon(bytes: &[u8]) {
    whole(bytes, Dialect::Harpoon);
}

fn whole(bytes: &[u8], dialect: Dialect) {
    let options = LoadOptions {
        dialect,
        files: vec!["-".into()],
        stdin: Some(bytes.to_vec()),
        // There is nothing: what a file names is missing.
        cwd: "/nonexistent".into(),
        secrets_optional: true,
        ..LoadOptions::default()
    };
    let loaded = load(&options);
    let shown = loaded.diagnostics.render_plain(&loaded.sources);
    assert_eq!(loaded.project.is_none(), loaded.diagnostics.has_errors(), "{shown}");
    for diagnostic in &loaded.diagnostics {
        assert!(!diagnostic.message.is_empty() && !diagnostic.code.is_empty(), "{shown}");
    }
    // Text of others is in it, but in no amount that it does not have there.
    assert!(shown.len() < 1 << 22, "{} bytes of diagnostics", shown.len());
    loaded.diagnostics.to_json(&loaded.sources);
    let again = load(&options);
    assert_eq!(again.project, loaded.project);
    assert_eq!(again.diagnostics.render_plain(&again.sources), shown);
}
