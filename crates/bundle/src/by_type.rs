//! Bundles that are written type by type: `Bundle::new().package("python3").file(File::new("/srv/page").contents("…"))`.
//!
//! Invariant: nothing here says more than [`Bundle::with`] does, which also takes a resource with a name, triggers or a condition.

use crate::{
    Block, Bundle, Cron, Directory, Execute, Fetch, File, Git, Group, Line, Link, Mount, Package,
    Repo, Resource, Service, Sysctl, Tree, User,
};

macro_rules! by_type {
    ($($(#[$doc:meta])* $method:ident: $type:ty,)*) => {
        impl Bundle {
            $($(#[$doc])*
            #[must_use]
            pub fn $method(self, resource: impl Into<$type>) -> Self {
                let resource: $type = resource.into();
                self.with(resource)
            })*
        }
    };
}

by_type! {
    /// Adds a block of a file, between markers.
    block: Block,
    /// Adds a job of a host's cron.
    cron: Cron,
    /// Adds a directory; a path alone is one as directories usually are.
    directory: Directory,
    /// Adds a command; a text is one for a shell.
    execute: Execute,
    /// Adds a download.
    fetch: Fetch,
    /// Adds a file.
    file: File,
    /// Adds a checkout.
    git: Git,
    /// Adds a group; a name alone gets a number of its own.
    group: Group,
    /// Adds a line of a file.
    line: Line,
    /// Adds a symbolic link.
    link: Link,
    /// Adds a mount of a host.
    mount: Mount,
    /// Adds a package, or several as one transaction, by their names.
    package: Package,
    /// Adds a repository of packages.
    repo: Repo,
    /// Adds a service.
    service: Service,
    /// Adds a kernel parameter of a host.
    sysctl: Sysctl,
    /// Adds a directory with all that is in one of this machine.
    tree: Tree,
    /// Adds an account; a name alone gets a number of its own.
    user: User,
}

macro_rules! by_name {
    ($($type:ty,)*) => {
        $(impl From<&str> for $type {
            fn from(name: &str) -> Self {
                Self::new(name)
            }
        }

        impl From<String> for $type {
            fn from(name: String) -> Self {
                Self::new(name)
            }
        })*
    };
}

by_name! { Directory, Group, Service, User, }

impl From<&str> for Package {
    fn from(name: &str) -> Self {
        Self::new([name])
    }
}

impl From<String> for Package {
    fn from(name: String) -> Self {
        Self::new([name])
    }
}

impl<const N: usize> From<[&str; N]> for Package {
    fn from(names: [&str; N]) -> Self {
        Self::new(names)
    }
}

impl From<&str> for Execute {
    fn from(line: &str) -> Self {
        Self::new(line)
    }
}

impl From<String> for Execute {
    fn from(line: String) -> Self {
        Self::new(line)
    }
}

impl<const N: usize> From<[&str; N]> for Execute {
    fn from(words: [&str; N]) -> Self {
        Self::new(words)
    }
}

impl<T: Into<Resource>> FromIterator<T> for Bundle {
    fn from_iter<I: IntoIterator<Item = T>>(resources: I) -> Self {
        let mut bundle = Self::new();
        bundle.extend(resources);
        bundle
    }
}

impl<T: Into<Resource>> Extend<T> for Bundle {
    fn extend<I: IntoIterator<Item = T>>(&mut self, resources: I) {
        self.resources.extend(resources.into_iter().map(Into::into));
    }
}
