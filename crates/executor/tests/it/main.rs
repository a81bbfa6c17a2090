//! Plans carried out on the fake engine.

#[cfg(test)]
mod bench;
#[cfg(test)]
mod images;
#[cfg(test)]
mod interrupts;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod lost_replies;
#[cfg(test)]
mod masks;
#[cfg(test)]
mod registries;
mod removals;
#[cfg(test)]
mod rescues;
#[cfg(test)]
mod volumes;
#[cfg(test)]
mod waits;
