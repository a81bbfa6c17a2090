//! Where a copy goes: the rules of `docker cp`, the same into a container and out of it.
//!
//! Invariant: pure; what is at both paths was looked up before.

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    /// Anything that is no directory.
    File,
    Directory,
}

/// Where the source goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It becomes what the target names.
    Itself,
    /// Into the target, under its own name.
    Below,
    /// What is in it, into the target.
    Contents,
}

/// Why it can go nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    NoSource,
    /// What is wrong with a path.
    Source(&'static str),
    Target(&'static str),
}

/// `contents`: the source ends in `/.`. `is_directory`: the target is written as one, with a `/` or `/.` at its end.
pub(super) fn place(
    (source, contents): (Found, bool),
    (target, is_directory): (Found, bool),
) -> Result<Place, Wrong> {
    match (source, target) {
        (Found::Nothing, _) => Err(Wrong::NoSource),
        (Found::File, _) if contents => Err(Wrong::Source("is no directory")),
        (_, Found::File) if is_directory => Err(Wrong::Target("is no directory")),
        (Found::Directory, Found::File) => {
            Err(Wrong::Target("is a file, and a directory is copied"))
        }
        (Found::File, Found::Nothing) if is_directory => {
            Err(Wrong::Target("is not there, and only a directory is made one"))
        }
        (Found::File, Found::Nothing | Found::File) | (Found::Directory, Found::Nothing) => {
            Ok(Place::Itself)
        }
        (Found::Directory, Found::Directory) if contents => Ok(Place::Contents),
        (Found::File | Found::Directory, Found::Directory) => Ok(Place::Below),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `docker cp` for each kind of source, with and without `/.`, and of target, with and without `/`.
    #[test]
    fn the_rules_of_docker_cp() {
        use Found::{Directory, File, Nothing};
        use Place::{Below, Contents, Itself};
        for (source, targets) in [
            ((File, false), [Some(Itself), None, Some(Itself), None, Some(Below), Some(Below)]),
            ((File, true), [None; 6]),
            (
                (Directory, false),
                [Some(Itself), Some(Itself), None, None, Some(Below), Some(Below)],
            ),
            (
                (Directory, true),
                [Some(Itself), Some(Itself), None, None, Some(Contents), Some(Contents)],
            ),
            ((Nothing, false), [None; 6]),
            ((Nothing, true), [None; 6]),
        ] {
            let all = [Nothing, File, Directory].map(|found| [(found, false), (found, true)]);
            for (target, expected) in all.into_iter().flatten().zip(targets) {
                assert_eq!(place(source, target).ok(), expected, "{source:?} to {target:?}");
            }
        }
    }
}
