//! Rare: what is nearly always as it is when nothing is said about it.
//!
//! Invariant: it equals whatever it derefs to, so that an ordinary value is the same held or not.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::{Deref, DerefMut};

/// What a value is where nothing is said about it.
pub trait Ordinary: Default + 'static {
    /// As by `default`.
    const ORDINARY: &'static Self;
}

impl<T: 'static> Ordinary for Option<T> {
    const ORDINARY: &'static Self = &None;
}

impl<T: 'static> Ordinary for Vec<T> {
    const ORDINARY: &'static Self = &Self::new();
}

impl<T: 'static> Ordinary for BTreeSet<T> {
    const ORDINARY: &'static Self = &Self::new();
}

impl<K: 'static, V: 'static> Ordinary for BTreeMap<K, V> {
    const ORDINARY: &'static Self = &Self::new();
}

/// A value in a word, which takes more memory only if it is not the ordinary one. Most of a container's
/// settings are not set, and there are many containers.
#[derive(Clone)]
pub struct Rare<T>(Option<Box<T>>);

impl<T> Default for Rare<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Ordinary + PartialEq> From<T> for Rare<T> {
    fn from(value: T) -> Self {
        Self((value != *T::ORDINARY).then(|| Box::new(value)))
    }
}

impl<T: Default> Rare<T> {
    pub fn into_inner(self) -> T {
        self.0.map_or_else(T::default, |value| *value)
    }
}

impl<T: Ordinary> Deref for Rare<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_deref().unwrap_or(T::ORDINARY)
    }
}

impl<T: Ordinary> DerefMut for Rare<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.get_or_insert_default()
    }
}

impl<T: Ordinary + PartialEq> PartialEq for Rare<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Ordinary + PartialEq> PartialEq<T> for Rare<T> {
    fn eq(&self, other: &T) -> bool {
        **self == *other
    }
}

impl<T: Ordinary + Eq> Eq for Rare<T> {}

impl<T: Ordinary + PartialOrd> PartialOrd for Rare<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        (**self).partial_cmp(other)
    }
}

impl<T: Ordinary + Ord> Ord for Rare<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (**self).cmp(other)
    }
}

impl<T: Ordinary + fmt::Debug> fmt::Debug for Rare<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<A, T: Ordinary + Extend<A>> Extend<A> for Rare<T> {
    /// Nothing more is nothing to hold.
    fn extend<I: IntoIterator<Item = A>>(&mut self, more: I) {
        let mut more = more.into_iter().peekable();
        if more.peek().is_some() {
            (**self).extend(more);
        }
    }
}

impl<A, T: Ordinary + PartialEq + FromIterator<A>> FromIterator<A> for Rare<T> {
    fn from_iter<I: IntoIterator<Item = A>>(all: I) -> Self {
        T::from_iter(all).into()
    }
}

impl<A, const N: usize, T: Ordinary + PartialEq + FromIterator<A>> From<[A; N]> for Rare<T> {
    fn from(all: [A; N]) -> Self {
        all.into_iter().collect()
    }
}

impl<T: Default + IntoIterator> IntoIterator for Rare<T> {
    type Item = T::Item;
    type IntoIter = T::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        self.into_inner().into_iter()
    }
}

#[expect(clippy::into_iter_without_iter, reason = "`iter` is found through `Deref`")]
impl<'a, T: Ordinary> IntoIterator for &'a Rare<T>
where
    &'a T: IntoIterator,
{
    type Item = <&'a T as IntoIterator>::Item;
    type IntoIter = <&'a T as IntoIterator>::IntoIter;

    fn into_iter(self) -> Self::IntoIter {
        (**self).into_iter()
    }
}

impl<T: Ordinary + Serialize> Serialize for Rare<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

impl<'de, T: Ordinary + PartialEq + Deserialize<'de>> Deserialize<'de> for Rare<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_value_is_not_held() {
        let mut names: Rare<Vec<String>> = Vec::new().into();
        names.extend(None);
        assert!(names.0.is_none() && names.is_empty());
        names.push("a".to_owned());
        let other: Rare<Vec<String>> = ["a".to_owned()].into_iter().collect();
        assert_eq!((&names, names.len()), (&other, 1));
        names.clear();
        assert_eq!(names, Rare::default());
        assert_eq!(other.into_inner(), ["a"]);
        assert_eq!(size_of::<Rare<Vec<String>>>(), size_of::<usize>());
    }

    #[test]
    fn it_is_written_as_what_it_holds() {
        let name: Rare<Option<String>> = Some("a".to_owned()).into();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""a""#);
        let nothing: Rare<Option<String>> = serde_json::from_str("null").unwrap();
        assert!(nothing.0.is_none());
    }
}
