//! A plan over cases: what each slot came to, and which rows made the results.
//!
//! Sees no text of rules, no YAML, no Rhai; reads no clock. `reference` is the plain tree walk over the lowered pack
//! that says what a pack means; the executors are tested against it, and ask it where they can not tell.

pub(crate) mod beside;
mod cells;
mod code;
pub(crate) mod column;
mod hits;
#[cfg(test)]
mod reference;
pub(crate) mod replay;
pub(crate) mod review;
pub(crate) mod row;
pub(crate) mod runner;
mod table;
pub(crate) mod trace;

pub(crate) use cells::{Cell, Cells, Fields, State, View};
pub use column::kernels::Vectors;
#[cfg(test)]
pub(crate) use reference::evaluate;
pub(crate) use row::{Evaluation, Instant, Pack, Scratch, Taken, fired_rows};
pub(crate) use trace::{RowOutcome, RowTrace, TableTrace, Trace};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::language::Expr;
use crate::language::functions::Context;
use crate::language::meaning::Reader;
use crate::value::Outcome;

/// What a formula of an input comes to, over the columns of a row. `private` says of which no value may be shown.
pub(crate) fn formula(
    expr: &Expr,
    columns: &[Outcome],
    private: &[bool],
    as_of: DateTime<Utc>,
    zone: Tz,
    currency_decimals: u32,
) -> Outcome {
    let context = Context::at(as_of, zone, currency_decimals);
    Reader { slots: columns, context: &context, rates: &[], private, locals: Vec::new(), steps: 0 }.value(expr)
}
