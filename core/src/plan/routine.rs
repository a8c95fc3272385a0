//! Routines as bitsets, each by itself: which rows each stretch of each slot leaves.
//!
//! A routine is run again and again for one case, over parameters that change. Its rows fit in one integer; one with
//! more rows is left to the meaning of tables.

use super::block::{self, BlockAxis};
use super::code::{Code, Compiler};
use super::table::{Dated, PlanTable};
use super::{Condition, ConditionId, PlanStep, Policy, Program, Storage, table};
use crate::check::contact::Form;
use crate::families::{LoweredPack, Table};
use crate::language::SlotId;

/// The most rows of a routine.
pub(crate) const ROWS: usize = 128;

/// All routines of a pack.
#[derive(Debug, Default)]
pub(crate) struct Routines {
    /// By routine; nothing where one is left to the meaning of tables.
    pub(crate) tables: Vec<Option<Routine>>,
    /// The rows that each rank leaves possible: pairs of words.
    pub(crate) sets: Vec<u64>,
    /// The rows that each rank leaves sure.
    pub(crate) pairs: Vec<u128>,
    pub(crate) conditions: Vec<Condition>,
    /// By contact policy, then by rule: what a limit or a wait looks at; nothing where that is left to the meaning of
    /// expressions.
    pub(crate) times: Vec<Vec<Option<TimesCode>>>,
}

/// When the items of a list were, of those that count.
#[derive(Debug)]
pub(crate) struct TimesCode {
    pub(crate) list: SlotId,
    /// A date, or an instant.
    pub(crate) at: Code,
    pub(crate) is_date: bool,
    /// Nothing where all count.
    pub(crate) counts: Option<Code>,
}

/// One routine. The bit of a row is its position.
#[derive(Debug)]
pub(crate) struct Routine {
    /// The bits of all rows.
    pub(crate) rows: u128,
    pub(crate) axes: Box<[BlockAxis]>,
    /// Whether rows may be open though all slots are known.
    pub(crate) is_doubtful: bool,
    /// Rows that are in force between dates.
    pub(crate) dated: Box<[Dated]>,
    /// By row: the computed conditions.
    pub(crate) computed: Box<[Box<[ConditionId]>]>,
    /// The rows that have any.
    pub(crate) has_computed: u128,
}

impl Routines {
    /// Plans the routines of a pack over the storages that its plan gave.
    pub(super) fn new(lowered: &LoweredPack, mut program: Program) -> Routines {
        // Nothing is filled while routines run, so all slots are looked at first.
        let filled = vec![0; lowered.slots.len()];
        let tables = lowered.routines.iter().map(|table| routine(table, &filled, &mut program)).collect();
        let policies = lowered.contact.iter().flat_map(|contact| &contact.policies);
        let times = policies.map(|policy| policy.rules.iter().map(|rule| times(&rule.form, &program)).collect());
        let times = times.collect();
        Routines { tables, sets: program.sets, pairs: program.pairs, conditions: program.conditions, times }
    }
}

fn routine(table: &Table, filled: &[usize], program: &mut Program) -> Option<Routine> {
    // What is called is called in one order, so that no call is made later that was not made before.
    let calls = |row: &crate::families::Row| row.conditions.iter().any(|condition| condition.expr.has_call());
    if table.rows.len() > ROWS || table.rows.iter().any(calls) {
        return None;
    }
    let planned = PlanTable::new(table, program);
    let mut sorted = [Some(planned.sort(table, program))];
    program.share_only(&sorted);
    let mut steps = [PlanStep::Table(planned)];
    let blocks = block::blocks(&mut steps, &mut sorted, filled, program);
    let ([PlanStep::Table(mut planned)], [Some(sorted)]) = (steps, sorted) else { return None };
    planned.finish(sorted, table);
    if matches!(planned.policy, Policy::Asked(_)) {
        return None;
    }
    let block = blocks.into_iter().next()?;
    let bit = |row: usize| 1_u128.checked_shl(crate::source::clamp(row)).unwrap_or(0);
    let rows = (0..table.rows.len()).map(bit).sum();
    Some(Routine {
        rows,
        axes: block.axes,
        is_doubtful: block.is_doubtful,
        dated: planned.dated,
        has_computed: (0..)
            .zip(&planned.computed)
            .filter(|(_, computed)| !computed.is_empty())
            .map(|(row, _)| bit(row))
            .sum(),
        computed: planned.computed,
    })
}

fn times(form: &Form, program: &Program) -> Option<TimesCode> {
    let (Form::Limit { times, .. } | Form::Wait { times, .. }) = form else { return None };
    if table::is_long(&times.at) || times.counts.as_ref().is_some_and(table::is_long) {
        return None;
    }
    let compiler = Compiler::new(&program.storages);
    let (list, at, storage) = compiler.of_each(&times.at)?;
    let counts = match &times.counts {
        Some(counts) => match compiler.of_each(counts)? {
            (of, code, Storage::Boolean) if of == list => Some(code),
            _ => return None,
        },
        None => None,
    };
    let is_date = match storage {
        Storage::Date => true,
        Storage::Timestamp => false,
        _ => return None,
    };
    Some(TimesCode { list, at, is_date, counts })
}
