//! Plans carried out on the fake engine.

mod bench;
mod images;
mod interrupts;
mod lost_replies;
mod removals;
mod volumes;
mod waits;
