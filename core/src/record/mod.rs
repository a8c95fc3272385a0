//! Data of hosts into records: every problem at once, each with its path and the nearest name.
//!
//! Takes [`Raw`] data, in which leaf numbers are still text; gives one outcome for each field. Decides nothing.

mod attempt;
pub(crate) mod json;
mod offer;
pub(crate) mod raw;
mod read;

pub use attempt::Attempt;
pub(crate) use attempt::INITIATORS;
pub use offer::Offer;
pub(crate) use raw::Raw;
pub(crate) use read::{RecordReader, Surroundings};

/// A problem of a record: where, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The path of the field, such as `contacts[0].at`; empty where the record itself is the problem.
    pub path: String,
    /// What is wrong, in one line. Private values are not shown.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The longest message or path of a problem, in characters: values and keys of hosts can be of any length.
const LONGEST: usize = 300;

impl Problem {
    /// A problem whose texts are cut to a length that can be read.
    pub(crate) fn new(path: impl Into<String>, message: impl Into<String>, help: Option<String>) -> Problem {
        Problem { path: shortened(path.into()), message: shortened(message.into()), help: help.map(shortened) }
    }
}

fn shortened(text: String) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}..", text.get(..at).unwrap_or("")),
        None => text,
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}
