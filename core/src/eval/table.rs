//! The meaning of tables: how each row fares, and what the rows make together.
//!
//! Every condition of every row is tried, every output of a row that matches or may match is computed, and all of it
//! is kept. Nothing is skipped and nothing is indexed. Executors ask it where they can not tell by themselves.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::hits;
use super::trace::{RowOutcome, RowTrace, TableTrace};
use crate::check::CheckedPack;
use crate::families::{Row, Table};
use crate::language::functions::Context;
use crate::language::meaning::{Reader, Slots};
use crate::value::{Failure, Outcome, Value};

/// What functions may know of a case beside its slots.
pub(crate) fn context<'a>(
    checked: &'a CheckedPack,
    as_of: DateTime<Utc>,
    today: NaiveDate,
    place: Option<&Outcome>,
) -> Context<'a> {
    Context {
        as_of,
        local_at: as_of,
        today,
        zone: checked.header.zone,
        currency_decimals: checked.header.currency_decimals,
        calendar: checked.calendar.as_ref(),
        places: places(place),
        place_field: checked.record.fields.iter().find(|field| field.place).map_or("", |field| &field.name),
        calls: None,
    }
}

/// How each row of a table fares, and what they make together.
pub(crate) fn try_table<S: Slots + ?Sized>(table: &Table, reader: &mut Reader<'_, S>) -> TableTrace {
    let rows = table.rows.iter().map(|row| try_row(table, row, reader)).collect();
    let otherwise = table.otherwise.as_ref().map(|row| {
        reader.steps = 0;
        outputs(table, row, reader)
    });
    hits::results(table, rows, otherwise)
}

/// How a row fares. Its conditions are order-free: one that does not hold decides, then an error, then unknown.
pub(crate) fn try_row<S: Slots + ?Sized>(table: &Table, row: &Row, reader: &mut Reader<'_, S>) -> RowTrace {
    reader.steps = 0;
    let today = reader.context.today;
    let is_early = row.annotations.valid_from.is_some_and(|from| today < from);
    let is_late = row.annotations.valid_until.is_some_and(|until| today > until);
    if is_early || is_late {
        return RowTrace { outcome: RowOutcome::NotInForce, conditions: Vec::new(), outputs: Vec::new() };
    }
    let conditions: Vec<Result<bool, Failure>> =
        row.conditions.iter().map(|condition| reader.condition(&condition.expr)).collect();
    let outcome = outcome(&conditions, row.skips_unknown);
    let outputs = match outcome {
        RowOutcome::NotMatched(_) | RowOutcome::NotInForce => Vec::new(),
        RowOutcome::Matched | RowOutcome::Failed(..) => outputs(table, row, reader),
    };
    RowTrace { outcome, conditions, outputs }
}

fn outcome(conditions: &[Result<bool, Failure>], skips_unknown: bool) -> RowOutcome {
    if let Some(at) = conditions.iter().position(|condition| *condition == Ok(false)) {
        return RowOutcome::NotMatched(at);
    }
    let mut failure: Option<(usize, Failure)> = None;
    for (at, condition) in conditions.iter().enumerate() {
        if let Err(found) = condition {
            failure = Some(match failure {
                None => (at, found.clone()),
                Some((_, Failure::Unknown(known))) if matches!(found, Failure::Error(_)) => {
                    (at, Failure::Unknown(known).and(found.clone()))
                }
                Some((first, known)) => (first, known.and(found.clone())),
            });
        }
    }
    match failure {
        None => RowOutcome::Matched,
        Some((at, Failure::Unknown(_))) if skips_unknown => RowOutcome::NotMatched(at),
        Some((at, failure)) => RowOutcome::Failed(at, failure),
    }
}

/// What the outputs of a row come to.
pub(crate) fn outputs<S: Slots + ?Sized>(table: &Table, row: &Row, reader: &mut Reader<'_, S>) -> Vec<Outcome> {
    row.outputs
        .iter()
        .zip(&table.outputs)
        .map(|(expr, output)| {
            let value = reader.value(expr)?;
            output.store(value).map_err(|error| reader.error(expr, error))
        })
        .collect()
}

/// The debtor's candidate zones, out of the field marked so.
fn places(field: Option<&Outcome>) -> Result<Vec<Tz>, Failure> {
    match field {
        Some(Ok(Value::Zone(zone))) => Ok(vec![*zone]),
        Some(Ok(Value::List(zones))) => zones
            .iter()
            .map(|zone| match zone {
                Ok(Value::Zone(zone)) => Ok(*zone),
                Ok(_) => Err(Failure::Unknown([].into())),
                Err(failure) => Err(failure.clone()),
            })
            .collect(),
        Some(Err(failure)) => Err(failure.clone()),
        _ => Ok(Vec::new()),
    }
}
