//! The simulation: hand-made and random projects against the fake engine, with every fault at every
//! call.

#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod real;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod shapes;
#[cfg(test)]
mod simulation;
#[cfg(test)]
mod trial;
#[cfg(test)]
mod volumes;
#[cfg(test)]
mod workers;
