//! The small languages inside strings: durations, sizes, ports, mounts and so on.
//!
//! Invariant: a parser is a pure function of its text; what is wrong comes back as a message with the offending part.

mod address;
mod duration;
mod hostname;
mod image_reference;
mod limits;
mod mode;
mod mount;
mod names;
mod port;
mod size;
mod tmpfs;
mod user;
mod words;

pub use address::{Subnet, host_address, ip_address, mac_address, subnet};
pub use duration::{
    bare_health_duration_ns, duration, duration_ms, duration_ns, duration_s, health_duration_ns,
};
pub use hostname::{dns_option, domain_name, hostname};
pub use image_reference::{ImageReference, image_reference};
pub use limits::{check_sysctl, cpu_list, memory, security_option, ulimit_name};
pub use mode::{octal_mode, symbolic_mode};
pub use mount::{PROPAGATIONS, ShortMount, ShortSource, short_mount};
pub use names::{capability, engine_name, env_name, signal, volume_name};
pub use port::{PortRange, port_range, published_ports};
pub use size::{memory_swap, size};
pub use tmpfs::tmpfs_options;
pub use user::{NumericOwner, group, numeric_owner, user};
pub use words::{quote, split_words};

use std::ops::Range;

/// What is wrong with a text. `range` is the offending part, in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalarError {
    pub message: String,
    pub help: Option<String>,
    pub range: Option<Range<usize>>,
}

impl ScalarError {
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, range: None }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    #[must_use]
    pub fn range(mut self, range: Range<usize>) -> Self {
        self.range = Some(range);
        self
    }
}

/// Where `part`, a slice of `whole`, stands in it.
fn range_of(whole: &str, part: &str) -> Range<usize> {
    let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len());
    start..(start + part.len()).min(whole.len())
}
