//! Whole lines of two outputs that end in one place.
//!
//! Invariant: every byte is passed on, those of one output in their order; a line that one has begun is not
//! broken by the other, unless it is longer than anybody waits for.

use windlass::engine::stream::Channel;

/// So many bytes of one output wait at most for the end of the other's line.
const MOST_BYTES: usize = 64 * 1024;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct WholeLines {
    /// Whose line is not whole yet.
    open: Option<Channel>,
    /// What the other one has written meanwhile.
    held: Vec<u8>,
}

impl WholeLines {
    /// What may be passed on when one output has written this.
    pub(crate) fn push(&mut self, channel: Channel, bytes: &[u8]) -> Vec<(Channel, Vec<u8>)> {
        let Some(open) = self.open.filter(|open| *open != channel) else {
            return self.own(channel, bytes);
        };
        self.held.extend_from_slice(bytes);
        if self.held.len() <= MOST_BYTES {
            return Vec::new();
        }
        // Nobody ends a line of the one that has it.
        let held = std::mem::take(&mut self.held);
        self.open = (!held.ends_with(b"\n")).then_some(channel).or(Some(open));
        vec![(channel, held)]
    }

    /// All that is left.
    pub(crate) fn finish(&mut self) -> Vec<(Channel, Vec<u8>)> {
        let held = std::mem::take(&mut self.held);
        let open = self.open.take();
        open.filter(|_| !held.is_empty()).map(|open| (other(open), held)).into_iter().collect()
    }

    /// Of the one that may write.
    fn own(&mut self, channel: Channel, bytes: &[u8]) -> Vec<(Channel, Vec<u8>)> {
        let (lines, begun) = bytes.split_at(whole(bytes));
        let mut all = vec![(channel, lines.to_vec())];
        if !lines.is_empty() {
            let rest = self.held.split_off(whole(&self.held));
            all.push((other(channel), std::mem::replace(&mut self.held, rest)));
            self.open = None;
        }
        if !begun.is_empty() {
            all.push((channel, begun.to_vec()));
            self.open = Some(channel);
        } else if self.open.is_none() && !self.held.is_empty() {
            all.push((other(channel), std::mem::take(&mut self.held)));
            self.open = Some(other(channel));
        }
        all.retain(|(_, bytes)| !bytes.is_empty());
        all
    }
}

/// The length of what ends with a line.
fn whole(bytes: &[u8]) -> usize {
    bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
}

fn other(channel: Channel) -> Channel {
    match channel {
        Channel::Stdout => Channel::Stderr,
        Channel::Stderr => Channel::Stdout,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `o` and `e` before what each has written; all that comes of it, in order.
    fn merged(written: &[&str]) -> String {
        let mut lines = WholeLines::default();
        let mut all = Vec::new();
        for piece in written {
            let (channel, text) = piece.split_at(1);
            let channel = if channel == "o" { Channel::Stdout } else { Channel::Stderr };
            all.extend(lines.push(channel, text.as_bytes()));
        }
        all.extend(lines.finish());
        let bytes: Vec<u8> = all.into_iter().flat_map(|(_, bytes)| bytes).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_line_is_not_broken() {
        for (written, expected) in [
            (&["oa\n", "eb\n"][..], "a\nb\n"),
            (&["oa", "eb\n", "oa\n"], "aa\nb\n"),
            (&["oa", "eb", "oa\n", "eb\n"], "aa\nbb\n"),
            (&["oa", "eb\nc", "oa\na"], "aa\nb\nac"),
            (&["oa", "eb\nc", "oa\na", "o\n", "ec\n"], "aa\nb\na\ncc\n"),
            (&["oa", "eb"], "ab"),
            (&["ea", "ob\n", "ea\n"], "aa\nb\n"),
        ] {
            assert_eq!(merged(written), expected, "{written:?}");
        }
    }

    #[test]
    fn nobody_waits_for_ever() {
        let mut lines = WholeLines::default();
        assert_eq!(lines.push(Channel::Stdout, b"prompt> ").len(), 1);
        let long = vec![b'x'; MOST_BYTES];
        assert!(lines.push(Channel::Stderr, &long).is_empty());
        assert_eq!(lines.push(Channel::Stderr, b"\n")[0].1.len(), MOST_BYTES + 1);
    }
}
