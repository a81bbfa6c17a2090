//! The agent: applies a bundle inside an image or on a host.

fn main() {}
