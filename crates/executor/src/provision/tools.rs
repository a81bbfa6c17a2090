//! What a container needs to run commands: the agent, what it shall run, and the inputs of that.
//!
//! Invariant: a command names nothing that is on this machine: its inputs are beside the agent.

use crate::tarball::{Attributes, Tarball};
use std::io::{Result, Write};
use windlass_bundle::{Command, TreeEntry, TreeNode};

/// Where the agent is in the containers.
pub(super) const DIRECTORY: &str = "/dev/.windlass";
const AGENT: &str = "agent";
const COMMANDS: &str = "commands";
const INPUTS: &str = "inputs";

/// The words that run commands.
pub(super) fn words(word: &str) -> Vec<String> {
    let [agent, commands] = [AGENT, COMMANDS].map(|name| format!("{DIRECTORY}/{name}"));
    vec![agent, word.to_owned(), commands]
}

/// Writes all of it as a tar that is unpacked in its directory.
pub(super) fn write(mut commands: Vec<Command>, out: &mut dyn Write) -> Result<()> {
    let mut tar = Tarball::to(out);
    tar.file(AGENT, windlass_payload::agent(), Attributes { mode: 0o755, uid: 0, gid: 0 })?;
    for (index, command) in commands.iter_mut().enumerate() {
        inputs(command, index, &mut tar)?;
    }
    let commands = serde_json::to_vec(&commands).expect("invariant: commands are plain data");
    tar.file(COMMANDS, &commands, Attributes { mode: 0o600, uid: 0, gid: 0 })?;
    tar.end()?.flush()
}

/// Puts the inputs of a command beside the agent, and says by variables where each is.
fn inputs(command: &mut Command, index: usize, tar: &mut Tarball<&mut dyn Write>) -> Result<()> {
    let (uid, gid) = command.user.as_ref().map_or((0, 0), |user| (user.uid, user.gid));
    for (variable, entries) in std::mem::take(&mut command.inputs) {
        let top = format!("{INPUTS}/{index}/{variable}");
        for TreeEntry { path, node } in &entries {
            let path = format!("{top}/{path}");
            match node {
                TreeNode::Directory => {
                    tar.directory(&path, Attributes { mode: 0o755, uid, gid })?;
                }
                TreeNode::Link { to } => {
                    tar.link(&path, to, Attributes { mode: 0o777, uid, gid })?;
                }
                TreeNode::File { content, executable } => {
                    let mode = if *executable { 0o755 } else { 0o644 };
                    let attributes = Attributes { mode, uid, gid };
                    tar.read(&path, content.open()?, content.size()?, attributes)?;
                }
            }
        }
        let first = entries.first().map_or("", |entry| entry.path.as_str());
        command.env.insert(variable, format!("{DIRECTORY}/{top}/{first}"));
    }
    Ok(())
}
