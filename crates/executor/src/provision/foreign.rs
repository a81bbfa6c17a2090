//! An agent that is not for the machine of the engine.
//!
//! Invariant: only what was said of the agent itself is explained so: a program that it started is another matter.

use windlass_model::report::{Failure, FailureKind};

/// What kernels say of a program that is for another processor.
const FOREIGN: &str = "exec format error";

/// Says what is wrong, if that is it.
pub(super) fn explained(failure: Failure) -> Failure {
    let texts = failure.detail.iter().chain([&failure.message]);
    if !texts.map(|text| text.to_lowercase()).any(|text| text.contains(FOREIGN)) {
        return failure;
    }
    let Failure { message, mut detail, .. } = failure;
    detail.insert(0, message);
    let help = "use a windlass that was built for such a machine, or build one with its agent: `WINDLASS_AGENT=PATH`";
    let arch = windlass_payload::arch();
    let message =
        format!("the agent is for Linux on {arch}, and the machine of the engine is another");
    Failure { kind: FailureKind::Local, message, detail, help: Some(help.to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::explained;
    use crate::failure;

    #[test]
    fn what_kernels_say_of_the_agent_is_explained() {
        let said = |message: &str, line: &str| {
            let mut failure = failure::local(message);
            failure.detail.push(line.to_owned());
            explained(failure)
        };
        for (message, line, is_foreign) in [
            (
                "the agent ended with exit code 1",
                "exec user process caused: exec format error",
                true,
            ),
            ("exec /dev/.windlass/agent: exec format error", "", true),
            ("could not start: Exec format error (os error 8)", "", true),
            ("the agent ended with exit code 137", "Killed", false),
        ] {
            let failure = said(message, line);
            let help = failure.help.unwrap_or_default();
            assert_eq!(
                failure.message.starts_with("the agent is for Linux on"),
                is_foreign,
                "{message}"
            );
            assert_eq!(help.contains("WINDLASS_AGENT=PATH"), is_foreign, "{help}");
        }
    }
}
