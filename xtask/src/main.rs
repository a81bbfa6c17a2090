//! `cargo xtask`: the project's own chores.
//!
//! Invariant: a chore ends with 0 only when everything that it stands for is true, and removes every
//! engine object that it made, also when it fails.

mod bench;
mod demo;
mod engine;
mod flags;
mod fuzz;
mod http;
mod process;
mod say;
mod soak;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use flags::Flags;

/// Chores fail with a sentence for the person who ran them.
pub(crate) type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;

const USAGE: &str = "\
cargo xtask CHORE [OPTIONS]

  demo          build windlass and bring up examples/shop on an engine that it finds or starts
    --down        take the demo down again, with its volumes and images
    --check       run it all, take it down, verify that nothing is left (for CI)
    --programs    only compile the example's two programs
  test          everything that must hold: format, clippy, tidy, tests, doc tests, examples, demo;
                a part of the end-to-end tests on podman, where there is one
    --fast        without an engine: leaves out the end-to-end tests, the examples and the demo
    --nextest     run the tests with cargo-nextest
  soak          the simulation with fresh seeds, for as long as you like
    --minutes N   how long (default 10)
  tidy          the invariants of ARCHITECTURE.md, checked on cargo metadata and on the sources
  fuzz [TARGET] every fuzz target, or one, by cargo-fuzz on a nightly toolchain
    --seconds N   how long each runs (default 60)
  bench         measure beside Docker Compose and the engine's own floor; writes docs/benchmarks.md
    --rounds K    how often each cell is measured (default 3)
    --sizes A,B   numbers of containers (default 1,10,50)
    --files N     small files of the build contexts for BuildKit (default 50000)
    --classic-files N  and for the classic builder, which takes minutes for so many (default 10000)
    --only PART   start, plan, wall, chain, maps, latency, calls, memory, contexts, history,
                  resources (may be repeated)
    --output FILE where the table goes
    --windlass FILE  measure this program instead of building one
  man DIR       write the manual pages
  completions DIR  write the shell completions
";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let chore = words.next().unwrap_or_default();
    let result = chosen(&chore, Flags::parse(words));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say::problem(&format!("cargo xtask {chore}: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn chosen(chore: &str, flags: Flags) -> Result<()> {
    match chore {
        "demo" => demo::run(flags),
        "test" => test::run(flags),
        "soak" => soak::run(flags),
        "tidy" => tidy::run(flags),
        "fuzz" => fuzz::run(flags),
        "bench" => bench::run(flags),
        "man" | "completions" => demo::generate(chore, flags),
        "" | "help" | "--help" | "-h" => {
            say::line(USAGE);
            Ok(())
        }
        _ => Err(format!("there is no chore called {chore:?}\n\n{USAGE}").into()),
    }
}
