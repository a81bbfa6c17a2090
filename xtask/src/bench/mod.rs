//! s
use crate::{Result, flags::Flags};
pub(crate) fn run(_f: Flags) -> Result<()> {
    Ok(())
}
