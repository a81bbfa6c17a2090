//! What was measured, as docs/benchmarks.md has it.
//!
//! Invariant: a target is shown with what was measured whether it was met or not.

use std::fmt::Write;

use super::Bench;
use crate::Result;

pub(super) struct Report {
    machine: String,
    tables: Vec<Table>,
    targets: Vec<Target>,
}

pub(super) struct Table {
    pub(super) title: String,
    /// A sentence on how it was measured.
    pub(super) how: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Something that windlass must reach: a value that may be at most so much.
struct Target {
    what: String,
    value: f64,
    most: f64,
    unit: &'static str,
}

impl Report {
    pub(super) fn new(bench: &Bench) -> Result<Self> {
        let cpus = std::thread::available_parallelism()?;
        let model = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = model.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model.map_or("unknown", |line| line.trim_start_matches([' ', '\t', ':']));
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory = memory.lines().next().unwrap_or_default().replace("MemTotal:", "");
        let storage = bench.engine.connect()?.call("GET", "/info", &serde_json::Value::Null)?;
        let storage = storage.json()?["Driver"].as_str().unwrap_or("unknown").to_owned();
        let mut machine = format!(
            "- machine: {cpus} × {model}, {}, Linux {}\n- engine: {}, storage {storage}\n- {}\n",
            memory.trim(),
            kernel.trim(),
            bench.engine.version,
            bench.windlass.version()?
        );
        match &bench.compose {
            Some(compose) => {
                let _ = writeln!(machine, "- {}", compose.version()?);
            }
            None => machine.push_str("- no Docker Compose on this machine\n"),
        }
        let _ = writeln!(machine, "- rounds: {}; times in seconds: least (median)", bench.rounds);
        Ok(Self { machine, tables: Vec::new(), targets: Vec::new() })
    }

    pub(super) fn table(&mut self, table: Table) {
        self.tables.push(table);
    }

    /// A value that could not be measured (not a number) is left out.
    pub(super) fn target(
        &mut self,
        what: impl Into<String>,
        value: f64,
        most: f64,
        unit: &'static str,
    ) {
        if !value.is_nan() {
            self.targets.push(Target { what: what.into(), value, most, unit });
        }
    }

    pub(super) fn markdown(&self) -> String {
        let mut text = String::from(
            "# Benchmarks\n\nWritten by `cargo xtask bench`, which measures all contestants in one run, taking turns; \
             `--only PART` measures a part, such as `resources`, and prints it. `WINDLASS_PEERS` names a program that prints where \
             `compose`, `buildx`, `docker-map` and a Python with `fuselage` are.\n\n",
        );
        text.push_str(&self.machine);
        if !self.targets.is_empty() {
            let rows = self.targets.iter().map(|target| {
                let Target { what, value, most, unit } = target;
                let verdict = if value <= most { "met" } else { "**missed**" };
                let value =
                    if *value < 0.1 { format!("{value:.4}") } else { format!("{value:.3}") };
                vec![
                    what.clone(),
                    format!("{value} {unit}"),
                    format!("≤ {most} {unit}"),
                    verdict.into(),
                ]
            });
            let columns = ["what", "measured", "target", ""].map(String::from).to_vec();
            text.push_str("\n## Targets\n\n");
            text.push_str(&grid(&columns, &rows.collect::<Vec<_>>()));
        }
        for Table { title, how, columns, rows } in &self.tables {
            let _ = write!(text, "\n## {title}\n\n{how}\n\n{}", grid(columns, rows));
        }
        text
    }
}

fn grid(columns: &[String], rows: &[Vec<String>]) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rule = "|---".repeat(columns.len());
    let rows: String = rows.iter().map(|row| line(row)).collect();
    format!("{}{rule}|\n{rows}", line(columns))
}

/// Column titles from words.
pub(super) fn columns(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).into()).collect()
}

/// A ratio with two figures, or a dash.
pub(super) fn ratio(value: f64, base: f64) -> String {
    let ratio = value / base;
    if ratio.is_nan() { "–".into() } else { format!("{ratio:.2}×") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_target_is_said() {
        let mut report =
            Report { machine: "- m\n".into(), tables: Vec::new(), targets: Vec::new() };
        report.target("no-op", 0.02, 0.3, "×");
        report.target("cold", 1.2, 1.05, "×");
        report.target("not measured", f64::NAN, 1.0, "s");
        report.table(Table {
            title: "T".into(),
            how: "So.".into(),
            columns: columns(&["a", "b"]),
            rows: vec![vec!["1|2".into(), ratio(1.0, 4.0)]],
        });
        let text = report.markdown();
        assert!(text.contains("| no-op | 0.0200 × | ≤ 0.3 × | met |"), "{text}");
        assert!(text.contains("| cold | 1.200 × | ≤ 1.05 × | **missed** |"), "{text}");
        assert!(!text.contains("not measured"));
        assert!(
            text.contains("## T\n\nSo.\n\n| a | b |\n|---|---|\n| 1\\|2 | 0.25× |\n"),
            "{text}"
        );
        assert_eq!(ratio(1.0, f64::NAN), "–");
    }
}
