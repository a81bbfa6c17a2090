//! Plan and engines to events and report.
