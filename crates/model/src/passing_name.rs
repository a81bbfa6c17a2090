//! Names that a container has only for a while, beside its own.
//!
//! Invariant: a name says what its container has not done yet, or that another has its place; nothing
//! that is as declared has one.

/// Why a container is not called by its own name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PassingName {
    /// Its successor has its place.
    Previous,
    /// Started for the first time: all its commands are due, and its conditions.
    Starting,
    /// Started again: the commands of every start are due, and its conditions.
    Restarting,
    /// Its commands have run: its conditions are due.
    Waiting,
}

impl PassingName {
    pub const ALL: [Self; 4] = [Self::Previous, Self::Starting, Self::Restarting, Self::Waiting];

    fn suffix(self) -> &'static str {
        match self {
            Self::Previous => "_previous",
            Self::Starting => "_starting",
            Self::Restarting => "_restarting",
            Self::Waiting => "_waiting",
        }
    }

    /// What a container called `name` is called meanwhile.
    pub fn of(self, name: &str) -> String {
        format!("{name}{}", self.suffix())
    }

    /// A name that may be one of these, by its end, and the name that it would be made of.
    pub fn split(name: &str) -> Option<(&str, Self)> {
        let mut all = Self::ALL.into_iter();
        all.find_map(|passing| Some((name.strip_suffix(passing.suffix())?, passing)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for passing in PassingName::ALL {
            assert_eq!(PassingName::split(&passing.of("p.web")), Some(("p.web", passing)));
        }
        assert_eq!(PassingName::split("p.web"), None);
    }
}
