//! The reference evaluator: a plain walk over the lowered pack, written to be obviously right.
//!
//! Every condition of every row is tried, every output of a row that matches or may match is computed, and all of it
//! is kept. Nothing is skipped and nothing is indexed: this is what a pack means.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::expression::Reader;
use super::hits;
use super::trace::{RowOutcome, RowTrace, Trace};
use crate::calendar::date_at;
use crate::check::CheckedPack;
use crate::families::{LoweredPack, Output, Row, Step, Table};
use crate::language::functions::Context;
use crate::value::{ErrorCode, EvaluationError, Failure, Outcome, Value, number, text};

/// A record to decide on, and when.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// By field of the record.
    pub(crate) fields: Vec<Outcome>,
    pub(crate) as_of: DateTime<Utc>,
}

/// What every slot and every row of the pack comes to for a case.
pub(crate) fn evaluate(checked: &CheckedPack, lowered: &LoweredPack, case: &Case) -> Trace {
    let place = checked.record.fields.iter().position(|field| field.place);
    let context = Context {
        as_of: case.as_of,
        today: date_at(case.as_of, checked.header.zone),
        zone: checked.header.zone,
        calendar: checked.calendar.as_ref(),
        places: places(place.and_then(|index| case.fields.get(index))),
        place_field: place.and_then(|index| checked.record.fields.get(index)).map_or("", |field| &field.name),
    };
    let private: Vec<bool> = lowered.slots.iter().map(|slot| slot.private).collect();
    let mut slots: Vec<Outcome> = case.fields.clone();
    slots.resize(lowered.slots.len(), Ok(Value::None));
    let mut tables = Vec::with_capacity(lowered.steps.len());
    for step in &lowered.steps {
        let mut reader = Reader {
            slots: &slots,
            context: &context,
            rates: &checked.rates,
            private: &private,
            locals: Vec::new(),
            steps: 0,
        };
        match step {
            Step::Fact(fact) => {
                let value = reader.value(&fact.expr);
                if let Some(slot) = slots.get_mut(fact.slot.0 as usize) {
                    *slot = value;
                }
                tables.push(None);
            }
            Step::Table(table) => {
                let rows = table.rows.iter().map(|row| try_row(table, row, &mut reader)).collect();
                let otherwise = table.otherwise.as_ref().map(|row| outputs(table, row, &mut reader));
                let trace = hits::results(table, rows, otherwise);
                for (output, result) in table.outputs.iter().zip(&trace.results) {
                    if let Some(slot) = output.slot.and_then(|slot| slots.get_mut(slot.0 as usize)) {
                        *slot = result.clone();
                    }
                }
                tables.push(Some(trace));
            }
        }
    }
    Trace { slots, tables }
}

/// How a row fares. Its conditions are order-free: one that does not hold decides, then an error, then unknown.
fn try_row(table: &Table, row: &Row, reader: &mut Reader<'_>) -> RowTrace {
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

fn outputs(table: &Table, row: &Row, reader: &mut Reader<'_>) -> Vec<Outcome> {
    row.outputs
        .iter()
        .zip(&table.outputs)
        .map(|(expr, output)| {
            let value = reader.value(expr)?;
            stored(value, output).map_err(|error| reader.error(expr, error))
        })
        .collect()
}

/// A value as its output stores it: money and decimals rounded to their decimals by the declared mode, and within the
/// declared bounds.
fn stored(value: Value, output: &Output) -> Result<Value, EvaluationError> {
    let round = |number| match output.decimals {
        Some(decimals) => number::add(output.rounding.round(number, decimals), 0.into()),
        None => Ok(number),
    };
    let value = match value {
        Value::Money(amount) => Value::Money(round(amount)?),
        Value::Decimal(number) => Value::Decimal(round(number)?),
        other => other,
    };
    match text::within(&value, &output.range) {
        Ok(()) => Ok(value),
        Err(problem) => Err(EvaluationError::new(ErrorCode::OutsideDomain, problem.message)),
    }
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
