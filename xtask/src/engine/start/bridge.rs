//! The network interface of an engine that is started beside another, which has `docker0`.
//!
//! Invariant: the interface is there only as long as that engine.

use std::path::Path;
use std::process::Command;

use crate::{Result, process};

pub(super) const NAME: &str = "windlass0";
/// Of what engines give out by themselves; they look at what the machine has and leave it alone.
const ADDRESS: &str = "172.31.211.1/24";

pub(super) fn make() -> Result<()> {
    remove()?;
    ip(&["link", "add", NAME, "type", "bridge"])?;
    ip(&["address", "add", ADDRESS, "dev", NAME])?;
    ip(&["link", "set", NAME, "up"])
}

pub(super) fn remove() -> Result<()> {
    if !Path::new("/sys/class/net").join(NAME).exists() {
        return Ok(());
    }
    ip(&["link", "delete", NAME])
}

fn ip(words: &[&str]) -> Result<()> {
    let program = process::program("ip").ok_or("`ip` is needed, of Debian's iproute2")?;
    process::run(Command::new(program).args(words))
}
