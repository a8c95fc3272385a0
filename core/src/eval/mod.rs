//! A lowered pack over a record: what each slot came to, and how each row fared.
//!
//! Sees no text of rules, no YAML, no Rhai; reads no clock. `reference` is the plain tree walk that says what a pack
//! means; every other executor is tested against it.

mod expression;
mod hits;
pub(crate) mod reference;
pub(crate) mod trace;

pub(crate) use reference::{Case, evaluate};
pub(crate) use trace::{RowOutcome, RowTrace, TableTrace, Trace};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::calendar::date_at;
use crate::language::Expr;
use crate::language::functions::Context;
use crate::value::Outcome;

/// What a formula of an input comes to, over the columns of a row. `private` says of which no value may be shown.
pub(crate) fn formula(expr: &Expr, columns: &[Outcome], private: &[bool], as_of: DateTime<Utc>, zone: Tz) -> Outcome {
    let context =
        Context { as_of, today: date_at(as_of, zone), zone, calendar: None, places: Ok(Vec::new()), place_field: "" };
    expression::Reader { slots: columns, context: &context, rates: &[], private, locals: Vec::new(), steps: 0 }
        .value(expr)
}
