//! Work that is spread over the machine's processors.
//!
//! Invariant: every piece is done on a clock that moves only when nothing else does, and what fails
//! does not keep the rest from being tried.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// More of them say nothing new.
const SHOWN: usize = 30;

/// Does the work for every number, and fails with what failed.
pub(crate) fn all<W: Future<Output = Result<(), String>>>(
    numbers: std::ops::Range<u64>,
    work: impl Fn(u64) -> W + Sync,
) {
    let next = AtomicU64::new(numbers.start);
    let failures = Mutex::new(Vec::new());
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        break;
                    }
                    if let Err(failure) = on_a_still_clock(work(number)) {
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().unwrap();
    let count = failures.len();
    failures.truncate(SHOWN);
    assert!(count == 0, "{count} failed\n\n{}", failures.join("\n\n"));
}

fn on_a_still_clock<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(work)
}
