//! Snapshots of the fake engine and of files.

#[cfg(test)]
mod engines;
#[cfg(test)]
mod local;
