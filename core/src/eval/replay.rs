//! What an evaluation kept, as the trace that decisions and explanations read.
//!
//! Slots are not computed again. How a row fared follows from them.

use super::hits;
use super::row::{Evaluation, Instant, Pack, Taken, ask, fired_rows};
use super::table as meaning;
use super::trace::{RowOutcome, RowTrace, TableTrace, Trace};
use crate::families::{Step, Table};
use crate::language::SlotId;
use crate::plan::{Give, PlanStep, PlanTable, Policy};
use crate::value::{Outcome, Value};

/// How every row of every table fared.
pub(crate) fn whole(pack: Pack<'_>, instant: &Instant, evaluation: &Evaluation) -> Trace {
    trace(pack, evaluation, |table, _, _| {
        ask(pack, instant, &evaluation.cells, |reader| meaning::try_table(table, reader))
    })
}

/// What a decision reads: of tables that the plan decided, only the rows that fired.
pub(crate) fn fired(pack: Pack<'_>, instant: &Instant, evaluation: &Evaluation) -> Trace {
    trace(pack, evaluation, |table, planned, taken| fired_of(pack, instant, evaluation, table, planned, taken))
}

fn trace(pack: Pack<'_>, evaluation: &Evaluation, of_table: impl Fn(&Table, &PlanTable, Taken) -> TableTrace) -> Trace {
    let mut asked = evaluation.asked.iter();
    let steps = pack.lowered.steps.iter().zip(&pack.plan.steps).zip(&evaluation.taken);
    let tables: Vec<Option<TableTrace>> = steps
        .map(|((step, planned), taken)| match (step, planned) {
            (Step::Table(_), _) if *taken == Taken::Asked => asked.next().map(|(_, trace)| trace.clone()),
            (Step::Table(table), PlanStep::Table(planned)) => Some(of_table(table, planned, *taken)),
            _ => None,
        })
        .collect();
    let mut slots: Vec<Outcome> = (0..pack.plan.storages.len())
        .map(|slot| evaluation.cells.outcome(SlotId(crate::source::clamp(slot)), &pack.plan.storages))
        .collect();
    // Lists are put together only now.
    for (planned, trace) in pack.plan.steps.iter().zip(&tables) {
        let (PlanStep::Table(planned), Some(trace)) = (planned, trace) else { continue };
        if planned.policy == Policy::List {
            for (output, result) in planned.outputs.iter().zip(&trace.results) {
                if let Some(slot) = output.slot.and_then(|slot| slots.get_mut(slot.0 as usize)) {
                    slot.clone_from(result);
                }
            }
        }
    }
    Trace { slots, tables }
}

fn fired_of(
    pack: Pack<'_>,
    instant: &Instant,
    evaluation: &Evaluation,
    table: &Table,
    planned: &PlanTable,
    taken: Taken,
) -> TableTrace {
    let not_matched = || RowTrace { outcome: RowOutcome::NotMatched(0), conditions: Vec::new(), outputs: Vec::new() };
    let mut rows: Vec<RowTrace> = table.rows.iter().map(|_| not_matched()).collect();
    let result = |slot: Option<SlotId>| match slot {
        Some(slot) => evaluation.cells.outcome(slot, &pack.plan.storages),
        None => Ok(Value::None),
    };
    let results: Vec<Outcome> = match planned.policy {
        Policy::Each => Vec::new(),
        _ => planned.outputs.iter().map(|output| result(output.slot)).collect(),
    };
    if taken == Taken::Otherwise {
        return TableTrace { rows, fired: Vec::new(), took_otherwise: true, results, failure: None };
    }
    let is_single = matches!(planned.policy, Policy::First | Policy::Unique | Policy::Any);
    let mut fired: Vec<usize> = fired_rows(planned, &evaluation.fired).collect();
    if is_single {
        fired.sort_unstable();
        fired.truncate(1);
    }
    for index in &fired {
        let (Some(row), Some(kept)) = (table.rows.get(*index), rows.get_mut(*index)) else { continue };
        let gives = planned.outputs.iter().zip(planned.gives(*index));
        let constants: Option<Vec<Outcome>> = gives
            .map(|(output, give)| match give {
                Give::None => Some(Ok(Value::None)),
                Give::Bits(bits) => Some(Ok(output.storage.value(*bits))),
                Give::Value(value) => Some(Ok(value.clone())),
                Give::Code(_) | Give::Asked => None,
            })
            .collect();
        *kept = match constants {
            Some(outputs) => RowTrace { outcome: RowOutcome::Matched, conditions: Vec::new(), outputs },
            None if is_single => {
                RowTrace { outcome: RowOutcome::Matched, conditions: Vec::new(), outputs: results.clone() }
            }
            None => ask(pack, instant, &evaluation.cells, |reader| meaning::try_row(table, row, reader)),
        };
    }
    match planned.policy {
        Policy::List => hits::results(table, rows, None),
        _ => TableTrace { rows, fired, took_otherwise: false, results, failure: None },
    }
}
