//! The files that are measured: the same project in windlass's words and in Compose's.
//!
//! Invariant: both files ask the engine for the same containers: one network, one image, one signal
//! that ends them at once.

use std::fmt::Write;

/// A project of containers that sleep.
#[derive(Clone, Debug)]
pub(super) struct Sleepers<'a> {
    pub(super) image: &'a str,
    pub(super) count: usize,
    /// A value in the first container's environment.
    pub(super) tag: &'a str,
    /// Each is healthy, and waits until the one before it is.
    pub(super) chain: bool,
}

impl Sleepers<'_> {
    pub(super) fn windlass(&self) -> String {
        let mut text = String::from("networks:\n  net: {}\ncontainers:\n");
        for number in 1..=self.count {
            let _ = write!(
                text,
                "  s{number}:\n    image: {}\n    command: [sleep, \"1000000\"]\n    \
                 networks: [net]\n    stop_signal: SIGKILL\n    env: {{TAG: \"{}\"}}\n",
                self.image,
                self.tag_of(number),
            );
            if self.chain {
                text.push_str("    healthcheck: {test: [CMD, \"true\"], interval: 1s}\n");
                if number > 1 {
                    let before = number - 1;
                    let _ = writeln!(text, "    depends_on: {{s{before}: {{condition: healthy}}}}");
                }
            }
        }
        text
    }

    pub(super) fn compose(&self) -> String {
        let mut text = String::from("networks:\n  net: {}\nservices:\n");
        for number in 1..=self.count {
            let _ = write!(
                text,
                "  s{number}:\n    image: {}\n    command: [sleep, \"1000000\"]\n    \
                 networks: [net]\n    stop_signal: SIGKILL\n    environment: {{TAG: \"{}\"}}\n",
                self.image,
                self.tag_of(number),
            );
            if self.chain {
                text.push_str("    healthcheck: {test: [CMD, \"true\"], interval: 1s}\n");
                if number > 1 {
                    let before = number - 1;
                    let _ = writeln!(
                        text,
                        "    depends_on: {{s{before}: {{condition: service_healthy}}}}"
                    );
                }
            }
        }
        text
    }

    fn tag_of(&self, number: usize) -> &str {
        if number == 1 { self.tag } else { "same" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_files_say_the_same() {
        let sleepers = Sleepers { image: "base:1", count: 3, tag: "b", chain: true };
        let windlass = sleepers.windlass();
        let translated = windlass
            .replace("containers:", "services:")
            .replace("    env:", "    environment:")
            .replace("condition: healthy", "condition: service_healthy");
        assert_eq!(translated, sleepers.compose());
        assert_eq!(windlass.matches("depends_on").count(), 2);
        assert_eq!(windlass.matches("TAG: \"b\"").count(), 1);
    }
}
