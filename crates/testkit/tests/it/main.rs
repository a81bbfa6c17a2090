//! The simulation: random projects against the fake engine, with a fault at every step.

mod scene;
mod simulation;
