//! Problems of states: how they are collected, and the error that carries them.

use super::State;
use crate::record::Problem;

/// The most problems that one state reports.
const PROBLEMS: usize = 100;

/// A state that cannot be read, or a change that cannot be made: every problem.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the state is refused: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct StateError {
    /// Every problem, each with its path in the document.
    pub problems: Vec<Problem>,
}

impl StateError {
    /// One problem that leaves nothing else to say.
    pub(crate) fn at(path: &str, message: impl Into<String>, help: &str) -> StateError {
        StateError { problems: vec![Problem::new(path, message, Some(help.to_owned()))] }
    }
}

/// The problems that were found in one state.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
}

impl Problems {
    /// Reports a problem, unless one was found there, around it or within: a rule says nothing of what could not be
    /// read.
    pub(super) fn report(&mut self, path: String, message: impl Into<String>, help: Option<String>) {
        let is_known = |known: &Problem| stands_within(&known.path, &path) || stands_within(&path, &known.path);
        if self.list.len() >= PROBLEMS || self.list.iter().any(is_known) {
            return;
        }
        self.list.push(Problem::new(path, message, help));
    }

    /// The state, if there are no problems.
    pub(super) fn or(self, state: State) -> Result<State, StateError> {
        if self.list.is_empty() { Ok(state) } else { Err(StateError { problems: self.list }) }
    }
}

/// Whether a path is another one or lies within it.
fn stands_within(path: &str, around: &str) -> bool {
    path.strip_prefix(around).is_some_and(|rest| around.is_empty() || rest.is_empty() || rest.starts_with(['.', '[']))
}
