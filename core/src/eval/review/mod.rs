//! How long what a case came to stays as it is while time goes on.
//!
//! Takes the slots of a case that was decided, and goes over what time may change: facts in their order, rows, single
//! expressions. For each it finds an instant before which it comes out the same, and keeps the first of all. It decides
//! nothing, and an instant that it gives may be too early, never too late.
//!
//! The results of tables are taken to stay: a decision shows them, so that the border of a table bounds all that
//! follows from it. Facts are not shown; they carry how they move, and only who reads them is bounded.

mod border;
mod motion;
mod numbers;
mod rows;
mod walk;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

pub(crate) use border::Border;
use border::{Clock, Ticks, at};
use motion::{Motion, Trend};
use walk::{Walker, Want};

use super::row::Pack;
use super::table::context;
use crate::calendar::contact_times::{just_behind, relapse};
use crate::families::{Pace, RoutineId, Step};
use crate::language::meaning::{Reader, Slots};
use crate::language::{Expr, ExprKind, SlotId};
use crate::value::{Failure, Outcome, Value};

/// From so many steps of one fact or row on it is not followed: it may come to be too long.
const FOLLOWED: u64 = 100_000;

/// The last year in which a case can be decided.
const LAST_YEAR: i32 = 9998;

/// Looks over a case that was decided.
#[derive(Clone)]
pub(crate) struct Review<'a> {
    pack: Pack<'a>,
    clock: Clock,
    /// How slots move.
    motions: Vec<Motion>,
    /// Before when nothing changes, of all that was looked at.
    until: Border,
    /// Whether the place and instant that are looked at go with time.
    goes_here: bool,
    /// How often other times may still be looked at.
    elsewhere: u32,
    /// Whether something changes tomorrow: then what no hour changes need not be looked at.
    is_bounded: bool,
}

/// How often other times are looked at one by one; a search that goes on is bounded by all that it may read.
const ELSEWHERE: u32 = 500;

/// What all reviews at an instant have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    clock: Clock,
    until: Border,
}

impl Start {
    pub(crate) fn new(pack: Pack<'_>, as_of: DateTime<Utc>) -> Start {
        let clock = Clock::new(as_of, pack.checked.header.zone);
        Start { clock, until: at(relapse(clock.zone, as_of)) }
    }
}

impl<'a> Review<'a> {
    /// Of a case that was decided at this instant.
    pub(crate) fn new(pack: Pack<'a>, as_of: DateTime<Utc>) -> Review<'a> {
        Review::from(pack, Start::new(pack, as_of))
    }

    /// The same.
    pub(crate) fn from(pack: Pack<'a>, Start { clock, until }: Start) -> Review<'a> {
        let motions = vec![Motion::STILL; pack.lowered.slots.len()];
        Review { pack, clock, motions, until, goes_here: true, elsewhere: ELSEWHERE, is_bounded: false }
    }

    /// When what was looked at may next come out differently. Nothing where it never does.
    pub(crate) fn next(&self) -> Option<DateTime<Utc>> {
        // Nothing can be decided behind the last year.
        self.clock.instant(self.until).filter(|at| at.year() <= LAST_YEAR)
    }

    /// Something changes when a day begins at the pack's place, of days still to come.
    pub(crate) fn on(&mut self, day: NaiveDate) {
        self.meet(self.clock.on(day));
    }

    /// Something changes at an instant, of those still to come.
    pub(crate) fn at(&mut self, instant: DateTime<Utc>) {
        if instant > self.clock.as_of {
            self.meet(Border::At(instant));
        }
    }

    /// Something changes with the next day.
    pub(crate) fn tomorrow(&mut self) {
        self.meet(self.clock.tomorrow());
    }

    /// Something changes at a border.
    pub(crate) fn meet(&mut self, border: Border) {
        self.is_bounded |= border == self.clock.tomorrow();
        self.until = self.clock.first(self.until, border);
    }

    /// Whether what changes at this pace may bound the review.
    fn may_bound(&self, pace: Pace) -> bool {
        match pace {
            Pace::Never => false,
            Pace::Daily => !self.is_bounded,
            Pace::Always => true,
        }
    }

    /// The later of two borders.
    pub(crate) fn last(&self, a: Border, b: Border) -> Border {
        self.clock.last(a, b)
    }

    /// A border on a day that is still to come.
    pub(crate) fn border_on(&self, day: NaiveDate) -> Border {
        self.clock.on(day)
    }

    /// A slot holds a number that grows by one each day.
    pub(crate) fn grows(&mut self, slot: SlotId) {
        self.put(slot, Motion::by_days(Ticks::Pack, 1, Border::Never));
    }

    /// A slot holds something else from a day on.
    pub(crate) fn turns_on(&mut self, slot: SlotId, day: NaiveDate) {
        self.put(slot, Motion::until(self.clock.on(day)));
    }

    /// A slot holds something else from an instant on.
    pub(crate) fn turns_at(&mut self, slot: SlotId, instant: DateTime<Utc>) {
        if instant > self.clock.as_of {
            self.put(slot, Motion::until(Border::At(instant)));
        }
    }

    /// A slot holds what time does not change; an instant that goes with time where it is that of an attempt made now.
    pub(crate) fn set(&mut self, slot: SlotId) {
        let is_attempt = self.pack.lowered.contact.as_ref().is_some_and(|contact| contact.attempt.at == slot);
        let goes = is_attempt && self.goes_here;
        self.put(slot, if goes { Motion::with(Trend::Instant) } else { Motion::STILL });
    }

    /// Looks at another time, or at the present one again. While it does, what is asked of that time stays there, and
    /// only what is read of the case goes on.
    pub(crate) fn look_elsewhere(&mut self, is_elsewhere: bool) {
        self.goes_here = !is_elsewhere;
    }

    /// Whether it looks at another time.
    pub(crate) fn is_elsewhere(&self) -> bool {
        !self.goes_here
    }

    /// Whether another time need not be looked at any more, since all that can be read there bounds the review.
    fn has_looked_enough(&mut self) -> bool {
        if self.goes_here {
            return false;
        }
        if self.elsewhere == 1 {
            let border = self.read_elsewhere();
            self.meet(border);
        }
        self.elsewhere = self.elsewhere.saturating_sub(1);
        self.elsewhere == 0
    }

    /// Before when nothing changes that rules about another time read of this one.
    fn read_elsewhere(&self) -> Border {
        let lowered = self.pack.lowered;
        let Some(contact) = &lowered.contact else { return Border::Never };
        let mut exprs: Vec<&Expr> = Vec::new();
        let routines = contact.policies.iter().map(|policy| policy.speaks).chain([contact.applies]);
        for row in routines.flat_map(|routine| lowered.routine(routine)) {
            exprs.extend(row.conditions.iter().map(|condition| &condition.expr));
        }
        for rule in contact.policies.iter().flat_map(|policy| &policy.rules) {
            rule.form.each_asked(&mut |expr| exprs.push(expr));
        }
        self.plain(exprs, false)
    }

    fn put(&mut self, slot: SlotId, motion: Motion) {
        if let Some(to) = self.motions.get_mut(slot.0 as usize) {
            *to = motion;
        }
    }

    /// Looks over all facts and tables.
    pub(crate) fn steps<S: Slots + ?Sized>(&mut self, slots: &S) {
        let Pack { checked, lowered, plan } = self.pack;
        if !lowered.moving.is_any {
            return;
        }
        let place = plan.place.map(|slot| slots.outcome(slot));
        let context = context(checked, self.clock.as_of, self.clock.today, place.as_ref());
        let (rates, private, locals) = (&checked.rates, &plan.private, Vec::new());
        let mut reader = Reader { slots, context: &context, rates, private, locals, steps: 0 };
        for index in 0..lowered.steps.len() {
            self.step(index, &mut reader);
        }
        // A decision says in which arms a case is, and why it is in none.
        for experiment in &checked.experiments {
            self.slot(experiment.drawn);
            self.slot(experiment.arm);
        }
    }

    /// Looks over a fact or table that was decided, the slots before it being those of the reader.
    pub(crate) fn step<S: Slots + ?Sized>(&mut self, index: usize, reader: &mut Reader<'_, S>) {
        let lowered = self.pack.lowered;
        let moving = lowered.moving.steps.get(index).filter(|moving| self.may_bound(moving.pace));
        let Some(moving) = moving else { return };
        match lowered.steps.get(index) {
            Some(Step::Fact(fact)) => {
                reader.steps = 0;
                let mut walker = self.walker(reader);
                let motion = walker.walk(&fact.expr, Want::Motion).motion;
                let fails = walker.fails;
                let settled = motion.settled(&self.clock);
                let is_long = reader.steps > FOLLOWED;
                self.put(fact.slot, if is_long { Motion::until(self.plain([&fact.expr], true)) } else { motion });
                self.meet(fails);
                // A decision says why a fact fails.
                if fails_inside(&reader.slots.outcome(fact.slot)) {
                    self.meet(settled);
                }
                if is_long {
                    self.meet(self.plain([&fact.expr], true));
                }
            }
            Some(Step::Table(table)) => {
                let border = self.table(table, moving, reader);
                self.meet(border);
            }
            None => {}
        }
    }

    /// Looks over the rows of a routine.
    pub(crate) fn rows<S: Slots + ?Sized>(&mut self, routine: RoutineId, reader: &mut Reader<'_, S>) {
        let borders = self.each_row(routine, reader);
        borders.into_iter().for_each(|border| self.meet(border));
    }

    /// For each row of a routine: before when it matches, or does not, as it does now.
    pub(crate) fn each_row<S: Slots + ?Sized>(
        &mut self,
        routine: RoutineId,
        reader: &mut Reader<'_, S>,
    ) -> Vec<Border> {
        let lowered = self.pack.lowered;
        let (Some(table), Some(moving)) = (lowered.routines.get(routine.0), lowered.moving.routines.get(routine.0))
        else {
            return Vec::new();
        };
        if !self.may_bound(moving.pace) || self.has_looked_enough() {
            return vec![Border::Never; table.rows.len()];
        }
        let rows = table.rows.iter().zip(&moving.rows).map(|(row, moving)| {
            if self.may_bound(moving.pace) { self.row(row, moving, reader).until } else { Border::Never }
        });
        rows.collect()
    }

    /// Looks over an expression whose value matters.
    pub(crate) fn value<S: Slots + ?Sized>(&mut self, expr: &Expr, reader: &mut Reader<'_, S>) {
        if self.may_bound(self.pack.lowered.moving.pace(expr)) && !self.has_looked_enough() {
            reader.steps = 0;
            let border = self.walker(reader).walk(expr, Want::Motion).motion.settled(&self.clock);
            self.meet(border);
            if reader.steps > FOLLOWED {
                self.meet(self.plain([expr], true));
            }
        }
    }

    /// Looks over a slot whose value matters.
    pub(crate) fn slot(&mut self, slot: SlotId) {
        if let Some(motion) = self.motions.get(slot.0 as usize) {
            self.meet(motion.settled(&self.clock));
        }
    }

    fn walker<'w, 'r, S: Slots + ?Sized>(&'w self, reader: &'w mut Reader<'r, S>) -> Walker<'w, 'r, S> {
        let Review { clock, motions, goes_here, .. } = self;
        Walker { reader, clock, motions, goes_here: *goes_here, fails: Border::Never }
    }

    /// Before when nothing that expressions read changes at all.
    fn plain<'e>(&self, exprs: impl IntoIterator<Item = &'e Expr>, reads_here: bool) -> Border {
        let second = just_behind(self.clock.as_of);
        let mut first = Border::Never;
        for expr in exprs {
            expr.walk(&mut |inner| {
                let border = match &inner.kind {
                    ExprKind::Slot(slot) => {
                        self.motions.get(slot.0 as usize).map_or(Border::Never, |motion| motion.settled(&self.clock))
                    }
                    ExprKind::Today => self.clock.tomorrow(),
                    ExprKind::Call { function, .. } if matches!(function.name, "days_since" | "days_until") => {
                        self.clock.tomorrow()
                    }
                    ExprKind::AsOf => at(second),
                    ExprKind::LocalToday | ExprKind::LocalTime if reads_here => at(second),
                    _ => Border::Never,
                };
                first = self.clock.first(first, border);
            });
        }
        first
    }
}

/// Whether an outcome is an error, or a list in which one stands.
fn fails_inside(outcome: &Outcome) -> bool {
    match outcome {
        Err(Failure::Error(_)) => true,
        Ok(Value::List(items)) => items.iter().any(|item| matches!(item, Err(Failure::Error(_)))),
        _ => false,
    }
}
