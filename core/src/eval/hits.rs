//! Hit policies: how the rows that match, are unknown or fail make one result.
//!
//! A row that is unknown or failing matters where it could change the result. Its outputs are computed too, so that
//! one that would change nothing does not make the result unknown.

use std::sync::Arc;

use super::trace::{RowOutcome, RowTrace, TableTrace};
use crate::check::tables::HitPolicy;
use crate::families::{Hit, Table};
use crate::language::meaning::zero;
use crate::value::ops::{self, Arithmetic, Comparison};
use crate::value::{ErrorCode, EvaluationError, Failure, Outcome, Type, Value};

/// The results of a table whose rows were tried. `otherwise` holds the outputs of that row where the table has one.
pub(crate) fn results(table: &Table, rows: Vec<RowTrace>, otherwise: Option<Vec<Outcome>>) -> TableTrace {
    let policy = match table.hit {
        Hit::Each => {
            let fired = matched(&rows);
            return TableTrace { rows, fired, took_otherwise: false, results: Vec::new(), failure: None };
        }
        Hit::Policy(policy) => policy,
    };
    let chosen = match policy {
        HitPolicy::First => first(&rows, (0..rows.len()).collect(), otherwise.as_deref()),
        HitPolicy::Priority => match unranked(table, &rows) {
            Some(failure) => Err(failure),
            None => first(&rows, by_output(table, &rows), otherwise.as_deref()),
        },
        HitPolicy::Unique => unique(table, &rows, otherwise.as_deref()),
        HitPolicy::Any => any(table, &rows, otherwise.as_deref()),
        _ => return collected(table, policy, rows),
    };
    let outputs = table.outputs.len();
    match chosen {
        Ok(Chosen::Row(row)) => {
            let results = rows.get(row).map(|row| row.outputs.clone()).unwrap_or_default();
            TableTrace { rows, fired: vec![row], took_otherwise: false, results, failure: None }
        }
        Ok(Chosen::Otherwise) => {
            let results = otherwise.unwrap_or_default();
            TableTrace { rows, fired: Vec::new(), took_otherwise: true, results, failure: None }
        }
        Ok(Chosen::Nothing) => {
            let error = EvaluationError::new(
                ErrorCode::NoHit,
                format!("no row of `{}` matches, and it has no `otherwise`", table.id),
            );
            failed(rows, outputs, placed(table, error))
        }
        Err(failure) => failed(rows, outputs, failure),
    }
}

enum Chosen {
    Row(usize),
    Otherwise,
    Nothing,
}

fn failed(rows: Vec<RowTrace>, outputs: usize, failure: Failure) -> TableTrace {
    let results = vec![Err(failure.clone()); outputs];
    TableTrace { rows, fired: Vec::new(), took_otherwise: false, results, failure: Some(failure) }
}

/// The first row, in an order of rank, that matches. Unknown or failing ones before it must give the same.
fn first(rows: &[RowTrace], order: Vec<usize>, otherwise: Option<&[Outcome]>) -> Result<Chosen, Failure> {
    let mut doubtful: Vec<(usize, &Failure)> = Vec::new();
    let mut chosen = None;
    for index in order {
        match rows.get(index).map(|row| &row.outcome) {
            Some(RowOutcome::Matched) => {
                chosen = Some(index);
                break;
            }
            Some(RowOutcome::Failed(_, failure)) => doubtful.push((index, failure)),
            _ => {}
        }
    }
    let (chosen, outputs) = match (chosen, otherwise) {
        (Some(index), _) => (Chosen::Row(index), rows.get(index).map(|row| row.outputs.as_slice())),
        (None, Some(outputs)) => (Chosen::Otherwise, Some(outputs)),
        (None, None) => (Chosen::Nothing, None),
    };
    doubt(rows, doubtful.into_iter(), outputs)?;
    Ok(chosen)
}

/// Fails where a doubtful row could change the result `outputs`.
fn doubt<'a>(
    rows: &'a [RowTrace],
    doubtful: impl Iterator<Item = (usize, &'a Failure)>,
    outputs: Option<&[Outcome]>,
) -> Result<(), Failure> {
    let failures = doubtful
        .filter(|(index, _)| {
            !outputs.is_some_and(|outputs| rows.get(*index).is_some_and(|row| same(&row.outputs, outputs)))
        })
        .map(|(_, failure)| failure.clone());
    failures.reduce(Failure::and).map_or(Ok(()), Err)
}

fn unique(table: &Table, rows: &[RowTrace], otherwise: Option<&[Outcome]>) -> Result<Chosen, Failure> {
    let hits = matched(rows);
    if hits.len() > 1 {
        let ids = names(table, &hits);
        let error = EvaluationError::new(
            ErrorCode::MultipleHits,
            format!("rows {ids} of `{}` match, but only one may", table.id),
        );
        return Err(placed(table, error));
    }
    let doubtful = doubtful(rows);
    match (hits.first(), otherwise) {
        // A second hit would be an error, whatever it gives.
        (Some(hit), _) => {
            doubtful.into_iter().map(|(_, failure)| failure.clone()).reduce(Failure::and).map_or(Ok(()), Err)?;
            Ok(Chosen::Row(*hit))
        }
        (None, Some(outputs)) => {
            // One unknown row that gives the same as `otherwise` changes nothing; two could both match.
            if doubtful.len() == 1 {
                doubt(rows, doubtful.into_iter(), Some(outputs))?;
            } else {
                doubt(rows, doubtful.into_iter(), None)?;
            }
            Ok(Chosen::Otherwise)
        }
        (None, None) => {
            doubt(rows, doubtful.into_iter(), None)?;
            Ok(Chosen::Nothing)
        }
    }
}

fn any(table: &Table, rows: &[RowTrace], otherwise: Option<&[Outcome]>) -> Result<Chosen, Failure> {
    let hits = matched(rows);
    let outputs = hits.first().and_then(|hit| rows.get(*hit)).map(|row| row.outputs.as_slice());
    if let Some(outputs) = outputs {
        let differing: Vec<usize> = hits
            .iter()
            .copied()
            .skip(1)
            .filter(|hit| !rows.get(*hit).is_some_and(|row| same(&row.outputs, outputs)))
            .collect();
        if let (Some(first), false) = (hits.first(), differing.is_empty()) {
            // Outputs that are unknown or failing are no difference that is known.
            let failures = hits
                .iter()
                .filter_map(|hit| rows.get(*hit))
                .flat_map(|row| &row.outputs)
                .filter_map(|output| output.as_ref().err());
            if let Some(failure) = failures.cloned().reduce(Failure::and) {
                return Err(failure);
            }
            let ids = names(table, &[&[*first], differing.as_slice()].concat());
            let error = EvaluationError::new(
                ErrorCode::DifferingHits,
                format!("rows {ids} of `{}` match, but differ", table.id),
            );
            return Err(placed(table, error));
        }
    }
    let doubtful = doubtful(rows);
    match (hits.first(), otherwise) {
        (Some(hit), _) => {
            doubt(rows, doubtful.into_iter(), outputs)?;
            Ok(Chosen::Row(*hit))
        }
        (None, Some(outputs)) => {
            doubt(rows, doubtful.into_iter(), Some(outputs))?;
            Ok(Chosen::Otherwise)
        }
        (None, None) => {
            doubt(rows, doubtful.into_iter(), None)?;
            Ok(Chosen::Nothing)
        }
    }
}

/// Policies that make one result of several rows, output by output.
fn collected(table: &Table, policy: HitPolicy, rows: Vec<RowTrace>) -> TableTrace {
    let mut fired = matched(&rows);
    if policy == HitPolicy::OutputOrder {
        if let Some(failure) = unranked(table, &rows) {
            let outputs = table.outputs.len();
            return failed(rows, outputs, failure);
        }
        let order = by_output(table, &rows);
        fired.sort_by_key(|hit| order.iter().position(|index| index == hit));
    }
    let results: Vec<Outcome> =
        (0..table.outputs.len()).map(|output| collect(table, policy, &rows, &fired, output)).collect();
    TableTrace { rows, fired, took_otherwise: false, results, failure: None }
}

fn collect(table: &Table, policy: HitPolicy, rows: &[RowTrace], fired: &[usize], output: usize) -> Outcome {
    let value = |row: usize| rows.get(row).and_then(|row| row.outputs.get(output)).cloned().unwrap_or(Ok(Value::None));
    let base = table.outputs.get(output).map_or(Type::Any, |output| output.base.clone());
    let hits: Vec<Outcome> = fired.iter().map(|row| value(*row)).collect();
    if matches!(policy, HitPolicy::Collect | HitPolicy::RuleOrder | HitPolicy::OutputOrder) {
        let doubt = doubtful(rows).into_iter().map(|(_, failure)| failure.clone()).reduce(Failure::and);
        return doubt.map_or(Ok(Value::List(hits.into())), Err);
    }
    if policy == HitPolicy::CollectCount {
        let doubt = doubtful(rows).into_iter().map(|(_, failure)| failure.clone()).reduce(Failure::and);
        return doubt.map_or(Ok(Value::Integer(i64::try_from(hits.len()).unwrap_or(i64::MAX))), Err);
    }
    let mut failure = hits.iter().filter_map(|hit| hit.as_ref().err().cloned()).reduce(Failure::and);
    let known: Vec<Value> = hits.into_iter().flatten().filter(|value| !value.is_none()).collect();
    let result = match policy {
        HitPolicy::CollectSum => {
            let mut sum = Ok(zero(&base));
            for value in &known {
                sum = sum.and_then(|sum| ops::arithmetic(Arithmetic::Add, &sum, value, None));
            }
            sum.map_err(|error| placed(table, error))
        }
        HitPolicy::CollectMin => Ok(best(known, Comparison::Less)),
        _ => Ok(best(known, Comparison::Greater)),
    };
    // A doubtful row matters where its value would change the result.
    for (row, doubt) in doubtful(rows) {
        let changes = match (policy, value(row), &result) {
            (_, Ok(Value::None), _) => false,
            (HitPolicy::CollectSum, Ok(value), _) => value != zero(&base) && !is_zero(&value),
            (_, Ok(_), Ok(Value::None)) => true,
            (HitPolicy::CollectMin, Ok(value), Ok(result)) => ops::compare(Comparison::Less, &value, result),
            (_, Ok(value), Ok(result)) => ops::compare(Comparison::Greater, &value, result),
            _ => true,
        };
        if changes {
            failure = Some(failure.map_or(doubt.clone(), |known| known.and(doubt.clone())));
        }
    }
    failure.map_or(result, Err)
}

fn is_zero(value: &Value) -> bool {
    ops::plain(value).is_ok_and(|number| number.is_zero())
}

fn best(values: Vec<Value>, wanted: Comparison) -> Value {
    values
        .into_iter()
        .reduce(|best, value| if ops::compare(wanted, &value, &best) { value } else { best })
        .unwrap_or(Value::None)
}

/// Why rows cannot be ranked: one that matches, or may, gives an output by which rows are ranked that is not known.
fn unranked(table: &Table, rows: &[RowTrace]) -> Option<Failure> {
    let ranking = |index: usize| table.outputs.get(index).is_some_and(|output| matches!(output.base, Type::Choice(_)));
    rows.iter()
        .filter(|row| matches!(row.outcome, RowOutcome::Matched | RowOutcome::Failed(..)))
        .flat_map(|row| row.outputs.iter().enumerate())
        .filter(|(index, _)| ranking(*index))
        .filter_map(|(_, output)| output.as_ref().err().cloned())
        .reduce(Failure::and)
}

/// Rows by the rank of their outputs: the order of the choices, output by output; equal ranks keep their order. An
/// output that is no choice, or is not known, ranks last.
fn by_output(table: &Table, rows: &[RowTrace]) -> Vec<usize> {
    let rank = |row: usize| -> Vec<usize> {
        table
            .outputs
            .iter()
            .enumerate()
            .filter_map(|(index, output)| match &output.base {
                Type::Choice(words) => Some((index, words)),
                _ => None,
            })
            .map(|(index, words)| match rows.get(row).and_then(|row| row.outputs.get(index)) {
                Some(Ok(Value::Text(word))) => words.iter().position(|known| known == word).unwrap_or(usize::MAX),
                _ => usize::MAX,
            })
            .collect()
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_cached_key(|row| rank(*row));
    order
}

fn matched(rows: &[RowTrace]) -> Vec<usize> {
    rows.iter().enumerate().filter(|(_, row)| row.outcome == RowOutcome::Matched).map(|(index, _)| index).collect()
}

fn doubtful(rows: &[RowTrace]) -> Vec<(usize, &Failure)> {
    rows.iter()
        .enumerate()
        .filter_map(|(index, row)| match &row.outcome {
            RowOutcome::Failed(_, failure) => Some((index, failure)),
            _ => None,
        })
        .collect()
}

/// Whether two rows give the same, which only known values can.
fn same(a: &[Outcome], b: &[Outcome]) -> bool {
    a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| matches!((a, b), (Ok(a), Ok(b)) if ops::compare(Comparison::Equal, a, b)))
}

fn names(table: &Table, rows: &[usize]) -> String {
    let ids: Vec<String> = rows
        .iter()
        .filter_map(|row| table.rows.get(*row))
        .map(|row| format!("`{}`", row.id.rsplit('/').next().unwrap_or("")))
        .collect();
    ids.join(", ")
}

fn placed(table: &Table, mut error: EvaluationError) -> Failure {
    error.span = Some(table.span);
    Failure::Error(Arc::new(error))
}
