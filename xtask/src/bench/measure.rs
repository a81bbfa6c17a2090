//! Measuring one run of a program: wall time, peak memory, processor time; and what a series says.
//!
//! Invariant: a run that failed is an error with what the program said, never a time.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Result, process};

/// Seconds, in the order in which they were measured.
#[derive(Clone, Debug, Default)]
pub(super) struct Series(Vec<f64>);

impl Series {
    pub(super) fn add(&mut self, elapsed: Duration) {
        self.0.push(elapsed.as_secs_f64());
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Nothing was measured: not a number.
    pub(super) fn min(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::min)
    }

    pub(super) fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        match sorted.len() {
            0 => f64::NAN,
            n if n % 2 == 1 => sorted[n / 2],
            n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
        }
    }

    /// As the report has it: the least, and the median in parentheses.
    pub(super) fn shown(&self) -> String {
        if self.0.is_empty() {
            return "–".into();
        }
        format!("{} ({})", seconds(self.min()), seconds(self.median()))
    }
}

/// Three figures, from milliseconds on.
pub(super) fn seconds(value: f64) -> String {
    let digits = if value < 0.1 {
        4
    } else if value < 1.0 {
        3
    } else {
        2
    };
    format!("{value:.digits$}")
}

/// How long a program takes from its start to its end.
pub(super) fn time(command: &mut Command, scratch: &Path) -> Result<Duration> {
    let log = scratch.join("stderr");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
    let since = Instant::now();
    let status = command.status()?;
    let elapsed = since.elapsed();
    if status.success() {
        return Ok(elapsed);
    }
    let said = std::fs::read_to_string(log).unwrap_or_default();
    Err(format!("`{}`: {status}\n{said}", process::shown(command)).into())
}

/// The most memory that a program held, in bytes: the kernel's own high-water mark, read until the
/// program ends.
pub(super) fn peak_memory(command: &mut Command, scratch: &Path) -> Result<u64> {
    let log = scratch.join("stderr");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(File::create(&log)?);
    let mut child = command.spawn()?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = std::fs::read_to_string(&status_file).unwrap_or_default();
        peak = peak.max(high_water(&text));
        if let Some(status) = child.try_wait()? {
            if status.success() {
                return Ok(peak);
            }
            let said = std::fs::read_to_string(log).unwrap_or_default();
            return Err(format!("`{}`: {status}\n{said}", process::shown(command)).into());
        }
        std::thread::sleep(Duration::from_micros(500));
    }
}

fn high_water(status: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    number.unwrap_or(0) * 1024
}

/// The processor time of one run, as the mean of many: the shell's clock counts in milliseconds.
pub(super) fn processor_time(command: &Command, runs: u32) -> Result<Duration> {
    let words = process::shown(command);
    let script = format!(
        "TIMEFORMAT='%U %S'; time for run in $(seq {runs}); do {words} >/dev/null 2>&1 || exit 1; done"
    );
    let mut bash = Command::new("bash");
    bash.args(["-c", &script]);
    for (name, value) in command.get_envs() {
        bash.env(name, value.unwrap_or_default());
    }
    let output = process::output(&mut bash)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [user, system] if output.status.success() => {
            Ok(Duration::from_secs_f64((user + system) / f64::from(runs)))
        }
        _ => Err(format!("`{words}` did not run {runs} times: {text}").into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_series_has_a_least_and_a_median() {
        let mut series = Series::default();
        assert_eq!(series.shown(), "–");
        for millis in [1500, 90, 200, 100] {
            series.add(Duration::from_millis(millis));
        }
        assert_eq!(series.shown(), "0.0900 (0.150)");
        series.add(Duration::from_secs(2));
        assert_eq!(series.shown(), "0.0900 (0.200)");
        assert_eq!(seconds(7.046), "7.05");
    }

    #[test]
    fn programs_are_measured_and_their_failures_told() {
        let scratch = std::env::temp_dir();
        let sh = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        assert!(time(&mut sh("sleep 0.05"), &scratch).unwrap() >= Duration::from_millis(50));
        let error = time(&mut sh("echo no >&2; exit 1"), &scratch).unwrap_err().to_string();
        assert!(error.contains("no\n"), "{error}");
        let peak = peak_memory(&mut sh("sleep 0.05"), &scratch).unwrap();
        assert!(peak > 100 * 1024, "{peak}");
        let busy = sh("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done");
        assert!(processor_time(&busy, 2).unwrap() > Duration::from_millis(1));
        assert!(processor_time(&sh("exit 1"), 2).is_err());
        assert_eq!(high_water("VmPeak:\t 9 kB\nVmHWM:\t  2 kB\n"), 2048);
    }
}
