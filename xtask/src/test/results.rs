//! The result lines of test runs, kept for the end.
//!
//! Invariant: every line says which binary it is about, and the totals count each test once.

use std::process::Command;

use crate::{Result, process, say};

#[derive(Debug, Default)]
pub(super) struct Results {
    lines: Vec<String>,
    /// The tests that failed, as the test binary names them.
    failures: Vec<String>,
    passed: usize,
    failed: usize,
    ignored: usize,
}

impl Results {
    /// Runs tests, and says whether they passed.
    pub(super) fn add(&mut self, command: &mut Command) -> Result<bool> {
        self.add_while(command, &|| false)
    }

    /// The same, but they are ended when `give_up` says so.
    pub(super) fn add_while(
        &mut self,
        command: &mut Command,
        give_up: &(dyn Fn() -> bool + Sync),
    ) -> Result<bool> {
        let (success, lines) = process::watch_while(command, is_kept, give_up)?;
        self.read(&lines);
        Ok(success)
    }

    fn read(&mut self, lines: &[String]) {
        let mut about = String::new();
        for line in lines {
            let line = line.trim();
            if let Some(binary) = line.strip_prefix("Running ") {
                let path = binary.split_once(" (").map_or(binary, |(_, path)| path);
                let name = path.trim_end_matches(')').rsplit('/').next().unwrap_or(path);
                about = name.rsplit_once('-').map_or(name, |(name, _)| name).into();
            } else if let Some(package) = line.strip_prefix("Doc-tests ") {
                about = format!("{package} (documentation)");
            } else if line.starts_with("test ") && line.ends_with(FAILED) {
                self.failures.push(format!("{line}  {about}"));
            } else {
                self.passed += number_before(line, " passed");
                self.failed += number_before(line, " failed");
                self.ignored += number_before(line, " ignored");
                let timeless = line.split("; finished in").next().unwrap_or(line);
                self.lines.push(if about.is_empty() {
                    timeless.into()
                } else {
                    format!("{timeless}  {about}")
                });
            }
        }
    }

    pub(super) fn say(&self) {
        for line in self.lines.iter().chain(&self.failures) {
            say::line(line);
        }
        let Self { passed, failed, ignored, .. } = self;
        say::line(&format!("all tests: {passed} passed; {failed} failed; {ignored} ignored"));
    }
}

/// How the line of a failed test ends.
const FAILED: &str = "... FAILED";

fn is_kept(line: &str) -> bool {
    let line = line.trim();
    (line.starts_with("test ") && line.ends_with(FAILED))
        || line.starts_with("test result:")
        || line.starts_with("Running ")
        || line.starts_with("Doc-tests ")
        || (line.starts_with("Summary [") && line.contains(" tests run:"))
}

fn number_before(line: &str, word: &str) -> usize {
    let before = line.split_once(word).map_or("", |(before, _)| before);
    before.rsplit([' ', ',']).next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn result_lines_are_named_and_counted() {
        let text = "     Running unittests src/lib.rs (target/debug/deps/windlass_model-0123)\n\
            test a ... ok\n\
            test b ... FAILED\n\
            test result: ok. 3 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            \x20  Doc-tests windlass\n\
            test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            \x20    Summary [   0.1s] 4 tests run: 4 passed, 0 skipped";
        let lines: Vec<_> = text.lines().filter(|line| is_kept(line)).map(String::from).collect();
        assert_eq!(lines.len(), 6);
        let mut results = Results::default();
        results.read(&lines);
        assert!(results.lines[0].starts_with("test result: ok. 3 passed; 1 failed"));
        assert!(results.lines[0].ends_with("windlass_model"), "{:?}", results.lines);
        assert!(results.lines[1].ends_with("windlass (documentation)"));
        assert_eq!(results.failures, ["test b ... FAILED  windlass_model"]);
        assert_eq!((results.passed, results.failed, results.ignored), (8, 1, 2));
    }
}
