//! Calls that could not be done.

use std::fmt;

/// A call that could not be done: one, with a message for people.
///
/// Findings about a pack are not errors of this kind: see [`Diagnostics`](crate::Diagnostics).
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    /// An error with this message.
    pub(crate) fn new(message: impl fmt::Display) -> Self {
        Error(message.to_string())
    }
}
