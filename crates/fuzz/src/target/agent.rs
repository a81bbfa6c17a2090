//! Messages to an ssh agent, as a build step sends them.
//!
//! Invariant: what comes out in messages and what is left are the bytes that came in.

use windlass_engine::docker::fuzz::agent_messages;

use crate::input::pieces;

pub fn agent(bytes: &[u8]) {
    let (messages, rest) = agent_messages(&pieces(bytes));
    for message in &messages {
        assert!(message.len() > 4, "a message has a length and something in it");
    }
    // After a message that is refused nothing is taken any more.
    let taken = [messages.concat(), rest].concat();
    assert!(bytes.starts_with(&taken));
}
