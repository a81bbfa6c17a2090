//! A wait for a host, which is told of when it becomes long.
//!
//! Invariant: it is only told of: a command over there may take its time, and whoever has none ends the program.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use super::Place;
use crate::console::Console;
use crate::render::escape;

/// It is told of after so long, and then when twice as long again has passed.
const PATIENCE: Duration = Duration::from_secs(5);

/// It ends with the value.
pub(super) struct Wait(#[expect(dead_code, reason = "held for its drop")] Sender<()>);

impl Wait {
    pub(super) fn begin(place: &Place, console: &Console) -> Self {
        let (end, ended) = channel();
        let (place, console) = (place.to_string(), console.clone());
        std::thread::spawn(move || {
            let (mut pause, mut waited) = (PATIENCE, Duration::ZERO);
            while ended.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                waited += pause;
                pause *= 2;
                let (shown, seconds) = (escape::line(&place), waited.as_secs());
                console.say(&format!("  waiting for {shown}, for {seconds} s now\n"));
            }
        });
        Self(end)
    }
}
