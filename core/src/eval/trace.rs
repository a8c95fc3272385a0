//! What an evaluation keeps: one outcome for each slot, and how each row fared. Explanations read it.

use crate::value::{Failure, Outcome};

/// A whole evaluation.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    /// By slot.
    pub(crate) slots: Vec<Outcome>,
    /// By step; facts have none.
    pub(crate) tables: Vec<Option<TableTrace>>,
}

/// How the rows of a table fared.
#[derive(Clone, Debug)]
pub(crate) struct TableTrace {
    /// By row, `otherwise` left out.
    pub(crate) rows: Vec<RowTrace>,
    /// The positions of the rows that made the results, in the order of the result.
    pub(crate) fired: Vec<usize>,
    pub(crate) took_otherwise: bool,
    /// One for each output, for all rows together; nothing where each row is a rule of its own.
    pub(crate) results: Vec<Outcome>,
    /// Why the table as a whole has no result: several hits, none, differing ones.
    pub(crate) failure: Option<Failure>,
}

/// How a row fared, and its outputs where it matched.
#[derive(Clone, Debug)]
pub(crate) struct RowTrace {
    pub(crate) outcome: RowOutcome,
    /// How each condition came out.
    pub(crate) conditions: Vec<Result<bool, Failure>>,
    /// One for each output; empty where they were not needed.
    pub(crate) outputs: Vec<Outcome>,
}

/// How a row fared.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowOutcome {
    Matched,
    /// The position of the first condition that does not hold.
    NotMatched(usize),
    /// Unknown or failing, for the sake of the condition at this position.
    Failed(usize, Failure),
    /// Outside its dates.
    NotInForce,
}
