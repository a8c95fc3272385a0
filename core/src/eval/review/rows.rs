//! How long rows match as they do, and what they make together.

use super::border::{Border, Clock};
use super::walk::Want;
use super::{FOLLOWED, Review};
use crate::check::tables::HitPolicy;
use crate::families::{Hit, MovingRow, MovingTable, ResultPlace, Row, Table};
use crate::language::meaning::{Reader, Slots};
use crate::value::ops::{self, Arithmetic};
use crate::value::{Duration, Value};

/// How a row fares.
#[derive(Clone, Copy, Debug)]
pub(super) struct Faring {
    /// Whether all conditions hold, and it is in force.
    pub(super) matches: bool,
    /// Before when it fares so, and gives the same.
    pub(super) until: Border,
}

impl Review<'_> {
    /// Before when a table comes to the same results, for the sake of the same rows.
    pub(super) fn table<S: Slots + ?Sized>(
        &self,
        table: &Table,
        moving: &MovingTable,
        reader: &mut Reader<'_, S>,
    ) -> Border {
        let mut first = Border::Never;
        // Of these it matters whether a row matches that does not change by itself.
        let asks_all = table.hit == Hit::Policy(HitPolicy::First) || table.place == ResultPlace::Escalations;
        for (row, moving) in table.rows.iter().zip(&moving.rows) {
            if !asks_all && !self.may_bound(moving.pace) {
                continue;
            }
            let faring = self.row(row, moving, reader);
            first = self.clock.first(first, faring.until);
            if !faring.matches {
                continue;
            }
            if table.place == ResultPlace::Escalations {
                first = self.clock.first(first, self.deadline(row, reader));
            }
            // What stands behind the first row that matches does not matter while it does.
            if table.hit == Hit::Policy(HitPolicy::First) {
                return first;
            }
        }
        match &table.otherwise {
            Some(row) if moving.otherwise.outputs => self.clock.first(first, self.outputs(row, reader)),
            _ => first,
        }
    }

    /// How long a row fares as it does.
    pub(super) fn row<S: Slots + ?Sized>(&self, row: &Row, moving: &MovingRow, reader: &mut Reader<'_, S>) -> Faring {
        let not = |until| Faring { matches: false, until };
        let today = self.clock.today;
        if row.annotations.valid_until.is_some_and(|until| today > until) {
            return not(Border::Never);
        }
        let conditions = || row.conditions.iter().zip(&moving.conditions);
        reader.steps = 0;
        // One that never comes to hold keeps the row from matching for good; that costs least to find.
        for (condition, _) in conditions().filter(|(_, moves)| !**moves) {
            if reader.condition(&condition.expr) == Ok(false) && reader.steps <= FOLLOWED {
                return not(Border::Never);
            }
        }
        let (mut first, mut last, mut has_failure) = (Border::Never, None, false);
        for (condition, moves) in conditions() {
            if !moves {
                has_failure |= reader.condition(&condition.expr).is_err();
                continue;
            }
            let seen = self.walker(reader).walk(&condition.expr, Want::Value);
            let until = seen.motion.settled(&self.clock);
            first = self.clock.first(first, until);
            match seen.value {
                Ok(Value::Boolean(false)) => last = Some(last.map_or(until, |last| self.clock.last(last, until))),
                Ok(_) => {}
                Err(_) => has_failure = true,
            }
        }
        if reader.steps > FOLLOWED {
            let exprs = row.conditions.iter().map(|condition| &condition.expr).chain(&row.outputs);
            let plain = self.plain(exprs, true);
            return not(self.clock.first(plain, self.force(row)));
        }
        let from = row.annotations.valid_from.filter(|from| today < *from);
        match (from, last) {
            // Before it is in force, and while a condition does not hold, it does not match.
            (Some(from), last) => not(self.clock.last(Border::Day(from), last.unwrap_or(Border::Day(from)))),
            (None, Some(last)) => not(last),
            (None, None) => {
                let mut until = self.clock.first(first, self.force(row));
                if moving.outputs {
                    until = self.clock.first(until, self.outputs(row, reader));
                }
                Faring { matches: !has_failure, until }
            }
        }
    }

    /// When a row next comes into force, or ceases to be.
    fn force(&self, row: &Row) -> Border {
        let from = row.annotations.valid_from;
        let behind = row.annotations.valid_until.and_then(|until| until.succ_opt());
        let days = from.into_iter().chain(behind).map(|day| self.clock.on(day));
        days.fold(Border::Never, |first, day| self.clock.first(first, day))
    }

    /// Before when the outputs of a row come to the same.
    fn outputs<S: Slots + ?Sized>(&self, row: &Row, reader: &mut Reader<'_, S>) -> Border {
        let mut first = Border::Never;
        for output in &row.outputs {
            let border = self.walker(reader).walk(output, Want::Motion).motion.settled(&self.clock);
            first = self.clock.first(first, border);
        }
        first
    }

    /// Before when the deadline of an escalation is the same day. One that is counted in exact time goes with `as_of`,
    /// which is no other decision.
    fn deadline<S: Slots + ?Sized>(&self, row: &Row, reader: &mut Reader<'_, S>) -> Border {
        let due_in = row.outputs.get(2).and_then(|due_in| reader.value(due_in).ok());
        match due_in {
            Some(Value::Duration(duration)) => next_day_of(&self.clock, duration, reader.context.calendar),
            _ => Border::Never,
        }
    }

    /// Something shows the day that lies so long behind today.
    pub(crate) fn shows_day(&mut self, length: Duration) {
        let border = next_day_of(&self.clock, length, self.pack.checked.calendar.as_ref());
        self.meet(border);
    }
}

/// Before when the day that lies so long behind today is the same.
fn next_day_of(clock: &Clock, length: Duration, calendar: Option<&crate::calendar::Calendar>) -> Border {
    if matches!(length, Duration::Exact(_)) {
        return Border::Never;
    }
    let then = |days: i64| {
        let from = Value::Date(crate::calendar::add_days(clock.today, days).ok()?);
        ops::arithmetic(Arithmetic::Add, &from, &Value::Duration(length), calendar).ok()
    };
    let now = then(0);
    if now.is_none() {
        // Why it fails names the day.
        return clock.tomorrow();
    }
    let days = (1..10).find(|days| then(*days) != now).unwrap_or(10);
    clock.days_on(super::Ticks::Pack, days)
}
