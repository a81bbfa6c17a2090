//! Values as texts for people.
//!
//! Invariant: a text is exact, and says what the file says for the value.

use windlass_model::healthcheck::{HealthTest, Healthcheck};

/// `512 MB`: units are powers of 1024, as in the file. What is no multiple of one is in bytes.
pub(crate) fn bytes(number: u64) -> String {
    let units = [(40, "TB"), (30, "GB"), (20, "MB"), (10, "kB")];
    let unit = units.into_iter().find(|(shift, _)| number > 0 && number.trailing_zeros() >= *shift);
    unit.map_or_else(
        || format!("{number} B"),
        |(shift, unit)| format!("{} {unit}", number >> shift),
    )
}

/// `1.5`, of billionths.
pub(crate) fn cpus(billionths: u64) -> String {
    let text = format!("{}.{:09}", billionths / 1_000_000_000, billionths % 1_000_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// `90s`, `1.5s`, `200ms`, `5m`.
fn duration(ns: u64) -> String {
    let units = [(60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    let unit = units.into_iter().find(|(size, _)| ns.is_multiple_of(*size));
    unit.map_or_else(|| format!("{ns}ns"), |(size, unit)| format!("{}{unit}", ns / size))
}

/// `curl -f localhost every 10s, 5 retries`.
pub(crate) fn healthcheck(check: &Healthcheck) -> String {
    let Healthcheck { test, interval_ns, timeout_ns, start_period_ns, start_interval_ns, retries } =
        check;
    let mut text = match test {
        HealthTest::Shell(line) => line.clone(),
        HealthTest::Exec(argv) if argv.iter().all(|word| is_plain(word)) => argv.join(" "),
        HealthTest::Exec(_) | HealthTest::Inherit | HealthTest::Disabled => test.to_string(),
    };
    if *interval_ns > 0 {
        text = format!("{text} every {}", duration(*interval_ns));
    }
    let times = [
        ("timeout", timeout_ns),
        ("start period", start_period_ns),
        ("start interval", start_interval_ns),
    ];
    for (word, ns) in times.into_iter().filter(|(_, ns)| **ns > 0) {
        text = format!("{text}, {word} {}", duration(*ns));
    }
    match retries {
        0 => text,
        1 => format!("{text}, 1 retry"),
        _ => format!("{text}, {retries} retries"),
    }
}

fn is_plain(word: &str) -> bool {
    !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_people_write_them() {
        for (number, expected) in [
            (0, "0 B"),
            (1_000, "1000 B"),
            (65_536, "64 kB"),
            (512 << 20, "512 MB"),
            ((1 << 30) + (512 << 20), "1536 MB"),
            (2 << 30, "2 GB"),
        ] {
            assert_eq!(bytes(number), expected);
        }
        for (number, expected) in
            [(1_500_000_000, "1.5"), (2_000_000_000, "2"), (250_000_000, "0.25"), (0, "0")]
        {
            assert_eq!(cpus(number), expected);
        }
    }

    #[test]
    fn checks_as_people_write_them() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut check = Healthcheck::of(HealthTest::Exec(words(&["curl", "-f", "localhost"])));
        assert_eq!(healthcheck(&check), "curl -f localhost");
        check.interval_ns = 10_000_000_000;
        check.timeout_ns = 1_500_000_000;
        check.start_period_ns = 300_000_000_000;
        check.retries = 1;
        let times = "every 10s, timeout 1500ms, start period 5m, 1 retry";
        assert_eq!(healthcheck(&check), format!("curl -f localhost {times}"));
        check = Healthcheck::of(HealthTest::Exec(words(&["sh", "-c", "a b"])));
        assert_eq!(healthcheck(&check), r#"["sh", "-c", "a b"]"#);
        assert_eq!(healthcheck(&Healthcheck::disabled()), "none");
    }
}
