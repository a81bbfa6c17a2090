//! Files to project: dialects, templates, merging, diagnostics.
