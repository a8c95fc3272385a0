//! What of a pack time may change while a case stays as it is: facts, tables and routines that read a clock, or what
//! follows from one. All else is never looked at again.

use super::{LoweredPack, Row, Step, Table};
use crate::check::CheckedPack;
use crate::language::functions::reads_today;
use crate::language::{Expr, ExprKind, SlotId};

/// How often time may change something. Later ones are more often.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Pace {
    #[default]
    Never,
    /// Where a day begins at the pack's place.
    Daily,
    Always,
}

/// What time may change.
#[derive(Debug, Default)]
pub(crate) struct Moving {
    /// By slot: facts, and what the state and an attempt say of time. The results of tables do not count: a decision
    /// shows them, so that what changes them is a change by itself.
    slots: Vec<Pace>,
    /// By step.
    pub(crate) steps: Vec<MovingTable>,
    /// By routine.
    pub(crate) routines: Vec<MovingTable>,
    /// Whether time may change any step.
    pub(crate) is_any: bool,
    /// Whether time may change which workflow takes a case.
    pub(crate) is_beginning: bool,
}

/// What time may change of a table. A fact is one without rows.
#[derive(Debug, Default)]
pub(crate) struct MovingTable {
    pub(crate) pace: Pace,
    pub(crate) rows: Box<[MovingRow]>,
    pub(crate) otherwise: MovingRow,
}

/// What time may change of a row.
#[derive(Debug, Default)]
pub(crate) struct MovingRow {
    /// By condition.
    pub(crate) conditions: Box<[bool]>,
    /// Whether it may change an output.
    pub(crate) outputs: bool,
    pub(crate) pace: Pace,
}

impl Moving {
    /// Of a pack whose other parts are lowered.
    pub(super) fn of(pack: &CheckedPack, lowered: &LoweredPack) -> Moving {
        let mut moving = Moving { slots: vec![Pace::Never; lowered.slots.len()], ..Moving::default() };
        let cooldowns = pack.cooldowns.iter().map(|cooldown| cooldown.slot);
        for slot in cooldowns.chain(pack.attempt.map(|attempt| attempt.at)) {
            moving.mark(slot, Pace::Always);
        }
        if let Some(state) = &pack.state {
            moving.mark(state.days_in_stage, Pace::Daily);
        }
        for step in &lowered.steps {
            let table = match step {
                Step::Fact(fact) => {
                    let pace = moving.pace(&fact.expr);
                    moving.mark(fact.slot, pace);
                    MovingTable { pace, ..MovingTable::default() }
                }
                Step::Table(table) => moving.table(table),
            };
            moving.is_any |= table.pace != Pace::Never;
            moving.steps.push(table);
        }
        moving.routines = lowered.routines.iter().map(|table| moving.table(table)).collect();
        moving.is_beginning = lowered
            .workflows
            .as_ref()
            .and_then(|workflows| moving.routines.get(workflows.applies.0))
            .is_some_and(|applies| applies.pace != Pace::Never);
        moving
    }

    /// How often time may change what an expression comes to.
    pub(crate) fn pace(&self, expr: &Expr) -> Pace {
        let mut pace = Pace::Never;
        expr.walk(&mut |inner| {
            pace = pace.max(match &inner.kind {
                ExprKind::Slot(slot) => self.slots.get(slot.0 as usize).copied().unwrap_or_default(),
                ExprKind::AsOf | ExprKind::LocalToday | ExprKind::LocalTime => Pace::Always,
                ExprKind::Today => Pace::Daily,
                ExprKind::Call { function, .. } if reads_today(function.name) => Pace::Daily,
                ExprKind::Declared { function, .. } if function.reads_today => Pace::Daily,
                _ => Pace::Never,
            });
        });
        pace
    }

    fn mark(&mut self, slot: SlotId, pace: Pace) {
        if let Some(known) = self.slots.get_mut(slot.0 as usize) {
            *known = pace;
        }
    }

    fn table(&self, table: &Table) -> MovingTable {
        let rows: Box<[MovingRow]> = table.rows.iter().map(|row| self.row(row)).collect();
        let otherwise = table.otherwise.as_ref().map(|row| self.row(row)).unwrap_or_default();
        // The deadline of an escalation is counted from today.
        let has_deadlines = table.place == super::ResultPlace::Escalations
            && table.rows.iter().any(|row| row.outputs.get(2).is_some_and(|due| !due.is_none()));
        let deadlines = if has_deadlines { Pace::Daily } else { Pace::Never };
        let pace = rows.iter().chain([&otherwise]).map(|row| row.pace).fold(deadlines, Pace::max);
        MovingTable { pace, rows, otherwise }
    }

    fn row(&self, row: &Row) -> MovingRow {
        let conditions: Vec<Pace> = row.conditions.iter().map(|condition| self.pace(&condition.expr)).collect();
        let outputs = row.outputs.iter().map(|output| self.pace(output)).fold(Pace::Never, Pace::max);
        let is_dated = row.annotations.valid_from.is_some() || row.annotations.valid_until.is_some();
        let dates = if is_dated { Pace::Daily } else { Pace::Never };
        MovingRow {
            pace: conditions.iter().copied().fold(outputs.max(dates), Pace::max),
            conditions: conditions.into_iter().map(|pace| pace != Pace::Never).collect(),
            outputs: outputs != Pace::Never,
        }
    }
}

impl Expr {
    /// Whether it is the literal none.
    fn is_none(&self) -> bool {
        self.literal_value().is_some_and(crate::value::Value::is_none)
    }
}
