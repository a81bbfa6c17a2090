//! Health checks.
//!
//! Invariant: a check without a test of its own is the image's.

use windlass_model::healthcheck::{HealthTest, Healthcheck};
use windlass_model::observed::Health;

use crate::docker::document::container::{HealthConfig, HealthState};
use crate::docker::negotiate::ApiVersion;

/// From this version on a check can be quicker while a container starts.
const KNOWS_START_INTERVAL: ApiVersion = ApiVersion { major: 1, minor: 44 };

pub(super) fn document(check: &Healthcheck, api: ApiVersion) -> Result<HealthConfig, String> {
    let Healthcheck { test, interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries } =
        check;
    if *start_interval_ns != 0 && api < KNOWS_START_INTERVAL {
        return Err(format!(
            "a health check with a start interval needs API {KNOWS_START_INTERVAL}, and the engine \
             speaks {api}"
        ));
    }
    let words = |first: &str, rest: &[String]| {
        std::iter::once(first.to_owned()).chain(rest.iter().cloned()).collect()
    };
    let test = match test {
        HealthTest::Inherit => Vec::new(),
        HealthTest::Disabled => words("NONE", &[]),
        HealthTest::Exec(argv) => words("CMD", argv),
        HealthTest::Shell(line) => words("CMD-SHELL", std::slice::from_ref(line)),
    };
    let signed = |value: u64| Some(i64::try_from(value).unwrap_or(i64::MAX));
    Ok(HealthConfig {
        test: Some(test),
        interval: signed(*interval_ns),
        timeout: signed(*timeout_ns),
        start_period: signed(*start_period_ns),
        start_interval: signed(*start_interval_ns).filter(|value| *value != 0),
        retries: Some(i64::from(*retries)),
    })
}

pub(super) fn observed(document: HealthConfig) -> Option<Healthcheck> {
    let HealthConfig { test, interval, timeout, start_period, start_interval, retries } = document;
    let mut words = test.unwrap_or_default().into_iter();
    let test = match words.next().as_deref() {
        None => HealthTest::Inherit,
        Some("NONE") => HealthTest::Disabled,
        Some("CMD") => HealthTest::Exec(words.collect()),
        Some("CMD-SHELL") => HealthTest::Shell(words.collect::<Vec<_>>().join(" ")),
        // An unknown way to test is still a test.
        Some(first) => HealthTest::Exec(std::iter::once(first.to_owned()).chain(words).collect()),
    };
    let unsigned = |value: Option<i64>| value.and_then(|n| n.try_into().ok()).unwrap_or_default();
    let check = Healthcheck {
        test,
        interval_ns: unsigned(interval),
        timeout_ns: unsigned(timeout),
        start_period_ns: unsigned(start_period),
        start_interval_ns: unsigned(start_interval),
        retries: retries.and_then(|n| n.try_into().ok()).unwrap_or_default(),
    };
    (check != Healthcheck::of(HealthTest::Inherit)).then_some(check)
}

pub(super) fn state(health: Option<&HealthState>) -> Option<Health> {
    match health?.status.as_deref()? {
        "starting" => Some(Health::Starting),
        "healthy" => Some(Health::Healthy),
        "unhealthy" => Some(Health::Unhealthy),
        _ => None,
    }
}

/// When the last check began.
pub(super) fn last_check(health: Option<&HealthState>) -> Option<String> {
    health?.log.as_ref()?.last()?.start.clone()
}

/// What the last check that failed wrote.
pub(super) fn last_failure(health: Option<HealthState>) -> Option<String> {
    let failed = health?.log?.into_iter().rev().find(|result| result.exit_code != Some(0))?;
    failed.output.filter(|output| !output.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: ApiVersion = ApiVersion { major: 1, minor: 41 };

    #[test]
    fn tests_read_back() {
        for test in [
            HealthTest::Disabled,
            HealthTest::Exec(vec!["a".into(), "b c".into()]),
            HealthTest::Shell("a | b".into()),
        ] {
            let mut check = Healthcheck::of(test);
            check.interval_ns = 5_000_000_000;
            check.retries = 2;
            assert_eq!(observed(document(&check, OLD).unwrap()), Some(check));
        }
        assert_eq!(observed(HealthConfig::default()), None);
    }

    #[test]
    fn a_start_interval_needs_a_new_engine() {
        let mut check = Healthcheck::of(HealthTest::Inherit);
        check.start_interval_ns = 1;
        assert!(document(&check, OLD).is_err());
        let new = document(&check, KNOWS_START_INTERVAL).unwrap();
        assert_eq!(observed(new), Some(check));
    }
}
