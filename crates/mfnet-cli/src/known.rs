//! The data sets that are known by name.

use std::ffi::OsStr;

use mfnet::data::{BUILT_IN, BuiltIn, PUBLISHED, Published};

/// The built-in data set of this name, if there is one.
pub(crate) fn built_in(data: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|built_in| built_in.name == data)
}

/// The published data set of this name, if there is one.
pub(crate) fn published(data: &str) -> Option<&'static Published> {
    PUBLISHED.iter().find(|published| published.name == data)
}

/// The data sets that are known by name.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|known| known.name).chain(PUBLISHED.iter().map(|known| known.name))
}

/// Whether DATA is the name of a data set.
pub(crate) fn is_name(data: impl AsRef<OsStr>) -> bool {
    names().any(|name| name == data.as_ref())
}
