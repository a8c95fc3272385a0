//! What of an evaluation is unknown or failed, each named where it arose.
//!
//! A result that only passes an unknown on is named too: it is a result that the host does not have. An error is named
//! once, where it arose.

use std::sync::Arc;

use super::{FailedResult, Parts, UnknownResult};
use crate::eval::{RowOutcome, TableTrace, Trace};
use crate::families::{Hit, ResultPlace, Step, Table};
use crate::value::{EvaluationError, Failure, Value};

/// Collects the unknowns and errors of an evaluation.
pub(super) fn collect(
    parts: &Parts<'_>,
    trace: &Trace,
    unknowns: &mut Vec<UnknownResult>,
    errors: &mut Vec<FailedResult>,
) {
    let mut collector = Collector { parts, unknowns, errors, seen: Vec::new() };
    for (step, table_trace) in parts.lowered.steps.iter().zip(&trace.tables) {
        match (step, table_trace) {
            // A call has no name of its own: what reads it is named.
            (Step::Fact(fact), _) if fact.is_call() => {}
            (Step::Fact(fact), _) => {
                if let Some(Ok(Value::List(items))) = trace.slots.get(fact.slot.0 as usize) {
                    for error in items.iter().filter_map(|item| match item {
                        Err(Failure::Error(error)) => Some(error),
                        _ => None,
                    }) {
                        collector.error(&fact.id, error);
                    }
                }
                if let Some(Err(Failure::Error(error))) = trace.slots.get(fact.slot.0 as usize) {
                    collector.error(&fact.id, error);
                }
            }
            (Step::Table(table), Some(table_trace)) => collector.table(table, table_trace),
            (Step::Table(_), None) => {}
        }
    }
}

/// Names one failure more, at a place.
pub(super) fn add(
    parts: &Parts<'_>,
    at: &str,
    failure: &Failure,
    unknowns: &mut Vec<UnknownResult>,
    errors: &mut Vec<FailedResult>,
) {
    Collector { parts, unknowns, errors, seen: Vec::new() }.failure(&Arc::from(at), failure);
}

struct Collector<'a> {
    parts: &'a Parts<'a>,
    unknowns: &'a mut Vec<UnknownResult>,
    errors: &'a mut Vec<FailedResult>,
    /// Errors that were named already.
    seen: Vec<Arc<EvaluationError>>,
}

impl Collector<'_> {
    fn table(&mut self, table: &Table, trace: &TableTrace) {
        // Each row is a rule of its own, or a part that its score names.
        if table.hit == Hit::Each {
            for (row, row_trace) in table.rows.iter().zip(&trace.rows) {
                if let RowOutcome::Failed(_, failure) = &row_trace.outcome {
                    self.failure(&row.id, failure);
                }
                if row_trace.outcome == RowOutcome::Matched {
                    for output in &row_trace.outputs {
                        if let Err(failure) = output {
                            self.failure(&row.id, failure);
                        }
                    }
                }
            }
            return;
        }
        let failures: Vec<&Failure> = trace.results.iter().filter_map(|result| result.as_ref().err()).collect();
        let has_unknown = failures.iter().any(|failure| matches!(failure, Failure::Unknown(_)));
        if has_unknown && matches!(table.place, ResultPlace::Score(_)) {
            for (row, row_trace) in table.rows.iter().zip(&trace.rows) {
                if let RowOutcome::Failed(_, Failure::Unknown(facts)) = &row_trace.outcome {
                    self.unknown(&row.id, facts);
                } else if row_trace.outcome == RowOutcome::Matched
                    && let Some(Err(Failure::Unknown(facts))) = row_trace.outputs.first()
                {
                    self.unknown(&row.id, facts);
                }
            }
        }
        self.inside_lists(table, trace);
        for failure in failures {
            match failure {
                Failure::Unknown(facts) => {
                    if !matches!(table.place, ResultPlace::Score(_)) {
                        self.unknown(&table.id, facts);
                    }
                }
                Failure::Error(error) => {
                    let at = arose_in(table, trace, error).unwrap_or(&table.id);
                    self.error(at, error);
                }
            }
        }
    }

    /// Values of rows that stand in a list, but are not known.
    fn inside_lists(&mut self, table: &Table, trace: &TableTrace) {
        let is_list = trace.results.iter().any(|result| matches!(result, Ok(Value::List(_))));
        if !is_list {
            return;
        }
        for index in &trace.fired {
            let (Some(row), Some(row_trace)) = (table.rows.get(*index), trace.rows.get(*index)) else { continue };
            for failure in row_trace.outputs.iter().filter_map(|output| output.as_ref().err()) {
                self.failure(&row.id, failure);
            }
        }
    }

    fn failure(&mut self, at: &Arc<str>, failure: &Failure) {
        match failure {
            Failure::Unknown(facts) => self.unknown(at, facts),
            Failure::Error(error) => self.error(at, error),
        }
    }

    fn unknown(&mut self, at: &Arc<str>, facts: &[Arc<str>]) {
        match self.unknowns.iter_mut().find(|known| known.at == *at) {
            Some(known) => {
                known.facts.extend(facts.iter().cloned());
                known.facts.sort();
                known.facts.dedup();
            }
            None => self.unknowns.push(UnknownResult { at: at.clone(), facts: facts.to_vec() }),
        }
    }

    fn error(&mut self, at: &Arc<str>, error: &Arc<EvaluationError>) {
        if self.seen.iter().any(|seen| Arc::ptr_eq(seen, error)) {
            return;
        }
        self.seen.push(error.clone());
        self.errors.push(FailedResult {
            at: at.clone(),
            code: error.code,
            message: error.message.clone(),
            place: error.span.map(|span| self.parts.sources.place(span)),
        });
    }
}

/// The row in which an error of a table arose.
fn arose_in<'a>(table: &'a Table, trace: &TableTrace, error: &Arc<EvaluationError>) -> Option<&'a Arc<str>> {
    let is_it = |failure: &Failure| matches!(failure, Failure::Error(found) if Arc::ptr_eq(found, error));
    table
        .rows
        .iter()
        .zip(&trace.rows)
        .find(|(_, row)| match &row.outcome {
            RowOutcome::Failed(_, failure) => is_it(failure),
            RowOutcome::Matched => row.outputs.iter().filter_map(|output| output.as_ref().err()).any(is_it),
            _ => false,
        })
        .map(|(row, _)| &row.id)
        .or_else(|| if trace.took_otherwise { table.otherwise.as_ref().map(|row| &row.id) } else { None })
}
