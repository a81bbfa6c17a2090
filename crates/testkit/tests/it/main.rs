//! The simulation: random projects against the fake engine, with a fault at every step.

#[cfg(test)]
mod real;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod simulation;
