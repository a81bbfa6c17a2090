//! What templates can refer to by name: images, containers, networks, volumes, host paths, secrets.
//!
//! Invariant: using a name is recorded when it becomes text or is asked for a part, not when it is only mentioned.

use std::collections::BTreeMap;

use windlass_model::SortedMap;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    Images,
    Containers,
    Networks,
    Volumes,
    Host,
    Secrets,
}

impl Scope {
    pub const ALL: [Self; 6] =
        [Self::Images, Self::Containers, Self::Networks, Self::Volumes, Self::Host, Self::Secrets];

    /// As templates spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Images => "images",
            Self::Containers => "containers",
            Self::Networks => "networks",
            Self::Volumes => "volumes",
            Self::Host => "host",
            Self::Secrets => "secrets",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == text)
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    /// The name as text: an image's reference, a container's name.
    pub text: String,
    /// Parts that can be asked for: `images.base.tag`.
    pub parts: SortedMap<&'static str, String>,
    /// Named copies; asking for one records `name.instance`.
    pub instances: BTreeMap<String, String>,
}

impl Named {
    /// With the parts that follow from a container's name: of thousands of containers few are asked for.
    pub(super) fn seen_in(&self, scope: Scope) -> Self {
        let mut named = self.clone();
        if scope == Scope::Containers {
            named.parts.extend([
                ("name", self.text.clone()),
                ("hostname", crate::lower::hostname(&self.text)),
            ]);
        }
        named
    }
}
