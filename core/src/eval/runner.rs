//! What is asked of a case behind its evaluation: routines, and expressions that stand in no fact or table.
//!
//! Takes the slots of a case that was decided. Puts the parameters of a routine in their slots, tells which of its rows
//! match, and gives the slots back as they were. Bitsets tell where all that matters is known; else the meaning of
//! expressions and tables does, as for all others.

use std::borrow::Cow;
use std::cell::RefCell;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::cells::{Cell, Cells, State, View};
use super::code::{self, Answer};
use super::review::{Border, Review};
use super::row::{Instant, Pack};
use super::table::{self, try_table};
use super::trace::{RowOutcome, TableTrace};
use crate::families::{RoutineId, Step};
use crate::language::functions::Context;
use crate::language::functions::declared::Calls;
use crate::language::meaning::Reader;
use crate::language::{Expr, ExprKind, SlotId};
use crate::plan::routine::{Routine, TimesCode};
use crate::plan::table::SHARE;
use crate::plan::{PlanStep, Truth};
use crate::value::{Failure, Outcome, Value};

/// The slots of one case, and who asks about them.
pub(crate) struct Runner<'a> {
    pack: Pack<'a>,
    instant: &'a Instant,
    cells: Cells,
    room: Room,
    /// The place and instant that `local_today` and `local_time` speak of, where it is not `as_of` at all places.
    here: Option<Here>,
    /// What calls of functions come to, where that is kept.
    calls: Option<&'a Calls>,
    /// How each run came out, where somebody wants to know.
    runs: Option<Vec<Run>>,
    /// How long what is asked comes out the same, where somebody wants to know.
    review: Option<RefCell<Review<'a>>>,
    /// Whether the meaning tells everything.
    by_meaning: bool,
}

/// Room to work in, used again for each case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    /// What stood in slots before, in the order in which they were filled anew.
    before: Vec<(SlotId, Cell, Option<Outcome>)>,
}

/// How one run of a routine came out.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) routine: RoutineId,
    /// What stood in the slots.
    pub(crate) slots: Vec<Outcome>,
    pub(crate) table: TableTrace,
}

/// An instant, and the place that it is looked at from, which may not be known; nothing where candidate places are left
/// open.
#[derive(Clone, Debug)]
pub(crate) struct Here {
    pub(crate) place: Option<Result<Tz, Failure>>,
    pub(crate) at: DateTime<Utc>,
}

/// A row that matches, or why that is not known.
pub(crate) type Hit = (usize, Result<(), Failure>);

/// The rows of a routine that match, or may, in their order.
#[derive(Clone, Debug)]
pub(crate) enum Hits {
    /// All that matter are known: a bit for each row that matches.
    Sure(u128),
    Told(Vec<Hit>),
}

impl<'a> Runner<'a> {
    /// Over the slots that an evaluation filled.
    pub(crate) fn new(pack: Pack<'a>, instant: &'a Instant, cells: Cells) -> Runner<'a> {
        let room = Room::default();
        Runner { pack, instant, cells, room, here: None, calls: None, runs: None, review: None, by_meaning: false }
    }

    /// The same in room that was used before.
    pub(crate) fn in_room(self, room: Room) -> Runner<'a> {
        Runner { room, ..self }
    }

    /// The same, with what calls of functions come to.
    pub(crate) fn with_calls(self, calls: &'a Calls) -> Runner<'a> {
        Runner { calls: Some(calls), ..self }
    }

    /// The same, keeping how each run comes out.
    pub(crate) fn keeping_runs(self) -> Runner<'a> {
        Runner { runs: Some(Vec::new()), ..self }
    }

    /// The same, looking on with a review: all that is asked bounds it.
    pub(crate) fn reviewed(self, review: Review<'a>) -> Runner<'a> {
        Runner { review: Some(RefCell::new(review)), ..self }
    }

    /// The review that looks on.
    pub(crate) fn review(&mut self) -> Option<&mut Review<'a>> {
        self.review.as_mut().map(RefCell::get_mut)
    }

    /// The same by the meaning of tables and expressions alone.
    #[cfg(test)]
    pub(crate) fn by_meaning(self) -> Runner<'a> {
        Runner { by_meaning: true, ..self }
    }

    /// The slots as they were given, the room, and how each run came out.
    pub(crate) fn finish(mut self) -> (Cells, Room, Vec<Run>) {
        while let Some((slot, cell, beside)) = self.room.before.pop() {
            self.cells.put_back(slot, cell, beside);
        }
        (self.cells, self.room, self.runs.unwrap_or_default())
    }

    /// Looks for something at other times by many runs, none of which is kept.
    pub(crate) fn searching(&mut self) -> Option<Vec<Run>> {
        if let Some(review) = self.review() {
            review.look_elsewhere(true);
        }
        self.runs.take()
    }

    /// Keeps runs again, where they were kept before.
    pub(crate) fn found(&mut self, runs: Option<Vec<Run>>) {
        self.runs = runs;
        if let Some(review) = self.review() {
            review.look_elsewhere(false);
        }
    }

    /// The pack that is run.
    pub(crate) fn pack(&self) -> Pack<'a> {
        self.pack
    }

    /// The instant of the evaluation.
    pub(crate) fn as_of(&self) -> DateTime<Utc> {
        self.instant.as_of
    }

    /// Its date in the pack's zone.
    pub(crate) fn today(&self) -> NaiveDate {
        self.instant.today
    }

    /// What a slot came to.
    pub(crate) fn slot(&self, slot: SlotId) -> Outcome {
        self.look_at(slot).into_owned()
    }

    /// The same where it stands, if it stands there as it is.
    pub(crate) fn look_at(&self, slot: SlotId) -> Cow<'_, Outcome> {
        if let Some(review) = &self.review {
            review.borrow_mut().slot(slot);
        }
        self.cells.look_at(slot, &self.pack.plan.storages)
    }

    /// Puts a parameter in its slot.
    pub(crate) fn set(&mut self, slot: SlotId, outcome: Outcome) {
        let Some(storage) = self.pack.plan.storages.get(slot.0 as usize) else { return };
        let (cell, beside) = self.cells.put(slot, outcome, storage);
        self.room.before.push((slot, cell, beside));
        if let Some(review) = self.review() {
            review.set(slot);
        }
    }

    /// Decides facts and tables of the pack again, after parameters changed. `steps` are their positions in its order.
    pub(crate) fn again(&mut self, steps: &[usize]) {
        for index in steps {
            let code = match self.pack.plan.steps.get(*index) {
                Some(PlanStep::Fact(_, Some(code))) if !self.by_meaning => Some(code),
                _ => None,
            };
            match (self.pack.lowered.steps.get(*index), code) {
                (Some(Step::Fact(fact)), Some(code)) => {
                    let outcome = match code::answer(code, &self.cells, &self.instant.now) {
                        Answer::Known(bits) => {
                            let storage = self.pack.plan.storages.get(fact.slot.0 as usize);
                            Ok(storage.map_or(Value::None, |storage| storage.value(bits)))
                        }
                        Answer::None => Ok(Value::None),
                        Answer::Unknown | Answer::Asked => self.ask(|reader| reader.value(&fact.expr)),
                    };
                    self.set(fact.slot, outcome);
                }
                (Some(Step::Fact(fact)), None) => {
                    let outcome = self.ask(|reader| reader.value(&fact.expr));
                    self.set(fact.slot, outcome);
                }
                (Some(Step::Table(table)), _) => {
                    let trace = self.ask(|reader| try_table(table, reader));
                    for (output, result) in table.outputs.iter().zip(trace.results) {
                        if let Some(slot) = output.slot {
                            self.set(slot, result);
                        }
                    }
                }
                (None, _) => {}
            }
            self.look_on(|review, reader| review.step(*index, reader));
        }
    }

    /// From where `local_today` and `local_time` are seen.
    pub(crate) fn stand(&mut self, here: Option<Here>) {
        self.here = here;
    }

    /// The rows of a routine that match, or may, in their order.
    pub(crate) fn rows(&mut self, routine: RoutineId) -> Hits {
        self.look_on(|review, reader| review.rows(routine, reader));
        self.run(routine)
    }

    /// The same, and for each row before when it matches, or does not, as it does now. That bounds a review only where
    /// the caller says so. Without a review nothing is said of a row.
    pub(crate) fn rows_apart(&mut self, routine: RoutineId) -> (Hits, Vec<Border>) {
        let borders = self.look_on(|review, reader| review.each_row(routine, reader));
        (self.run(routine), borders.unwrap_or_default())
    }

    fn run(&mut self, routine: RoutineId) -> Hits {
        let planned = self.pack.plan.routines.tables.get(routine.0).and_then(Option::as_ref);
        if let Some(planned) = planned.filter(|_| self.runs.is_none() && !self.by_meaning)
            && let Some(rows) = self.sure(routine, planned)
        {
            return Hits::Sure(rows);
        }
        let Some(table) = self.pack.lowered.routines.get(routine.0) else { return Hits::Sure(0) };
        let trace = self.ask(|reader| try_table(table, reader));
        let rows = trace.rows.iter().enumerate();
        let hits = rows.filter_map(|(index, row)| match &row.outcome {
            RowOutcome::Matched => Some((index, Ok(()))),
            RowOutcome::Failed(_, failure) => Some((index, Err(failure.clone()))),
            RowOutcome::NotMatched(_) | RowOutcome::NotInForce => None,
        });
        let hits = hits.collect();
        if let Some(runs) = &mut self.runs {
            let count = self.pack.plan.storages.len();
            let slots = (0..count).map(|slot| SlotId(crate::source::clamp(slot)));
            let slots = slots.map(|slot| self.cells.outcome(slot, &self.pack.plan.storages)).collect();
            runs.push(Run { routine, slots, table: trace });
        }
        Hits::Told(hits)
    }

    /// The rows that match, where no row is in doubt.
    fn sure(&mut self, id: RoutineId, routine: &'a Routine) -> Option<u128> {
        let plan = &self.pack.plan.routines;
        let force = self.instant.routines.get(id.0).copied()?;
        let mut sure = force;
        let mut is_open = routine.is_doubtful;
        for axis in &routine.axes {
            let state = self.cells.get(axis.axis.slot).state;
            is_open |= match state {
                State::Known => false,
                State::None => axis.none_is_doubtful,
                State::Unknown | State::Beside => true,
            };
            sure &= plan.pairs.get(axis.sure.wrapping_add(self.cells.rank(&axis.axis))).copied().unwrap_or(0);
        }
        if is_open {
            let mut possible = force;
            for axis in &routine.axes {
                let at = axis.possible + self.cells.rank(&axis.axis) * 2;
                let [low, high] = plan.sets.get(at..)?.first_chunk()?;
                possible &= u128::from(*low) | u128::from(*high) << 64;
            }
            // A row in doubt does not matter where a computed condition leaves it out.
            for row in bits(possible & !sure) {
                if self.computed(routine, row) != Truth::False {
                    return None;
                }
            }
        }
        for row in bits(sure & routine.has_computed) {
            match self.computed(routine, row) {
                Truth::True => {}
                Truth::False => sure &= !(1_u128 << row),
                Truth::Unknown | Truth::Doubt => return None,
            }
        }
        Some(sure)
    }

    /// The truth of a row's computed conditions. Slots do not change while a routine runs, but before the next does.
    fn computed(&mut self, routine: &'a Routine, row: usize) -> Truth {
        let conditions = &self.pack.plan.routines.conditions;
        let mut truth = Truth::True;
        for id in routine.computed.get(row).map_or(&[] as &[_], |conditions| conditions) {
            let Some(condition) = conditions.get(id.0 as usize) else { return Truth::Doubt };
            let code = condition.code.as_ref().map(|code| code::truth(code, &self.cells, &self.instant.now));
            truth = truth.and(match code {
                Some(Truth::Doubt) | None => self.ask(|reader| {
                    let outcome = reader.condition(&condition.expr);
                    if reader.steps > SHARE { Truth::Doubt } else { Truth::of(&outcome) }
                }),
                Some(truth) => truth,
            });
            if truth == Truth::False {
                break;
            }
        }
        truth
    }

    /// What an expression comes to.
    pub(crate) fn value(&self, expr: &Expr) -> Outcome {
        self.look_on(|review, reader| review.value(expr, reader));
        match (&expr.kind, expr.literal_value()) {
            (ExprKind::Slot(slot), _) => self.slot(*slot),
            (_, Some(value)) => Ok(value.clone()),
            _ => self.ask(|reader| reader.value(expr)),
        }
    }

    /// How many items stand in a list, where it is known.
    pub(crate) fn length(&self, list: SlotId) -> usize {
        self.cells.length(list)
    }

    /// Calls `visit` on when each item was that counts: the integer of a date or an instant. False where the meaning of
    /// expressions has to be asked; then what was visited does not count.
    pub(crate) fn times(&self, times: &TimesCode, visit: impl FnMut(i64)) -> bool {
        !self.by_meaning
            && self.review.is_none()
            && code::each_that_counts(times, &self.cells, &self.instant.now, visit)
    }

    fn look_on<T>(&self, look: impl FnOnce(&mut Review<'a>, &mut Reader<'_, View<'_>>) -> T) -> Option<T> {
        let review = self.review.as_ref()?;
        Some(self.ask(|reader| look(&mut review.borrow_mut(), reader)))
    }

    /// Whether it is known of all items when they were.
    pub(crate) fn are_dated(&self, times: &TimesCode) -> bool {
        // A review asks of the items themselves, which may come and go.
        !self.by_meaning && self.review.is_none() && code::are_dated(times, &self.cells, &self.instant.now)
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Reader<'_, View<'_>>) -> T) -> T {
        let view = View { cells: &self.cells, storages: &self.pack.plan.storages };
        let context = self.context();
        let mut reader = Reader {
            slots: &view,
            context: &context,
            rates: &self.pack.checked.rates,
            private: &self.pack.plan.private,
            locals: Vec::new(),
            steps: 0,
        };
        question(&mut reader)
    }

    fn context(&self) -> Context<'_> {
        let place = match &self.here {
            Some(Here { place: Some(_), .. }) => None,
            _ => self.pack.plan.place.map(|slot| self.slot(slot)),
        };
        let mut context = table::context(self.pack.checked, self.instant.as_of, self.instant.today, place.as_ref());
        context.calls = self.calls;
        if let Some(here) = &self.here {
            context.local_at = here.at;
            if let Some(place) = &here.place {
                context.places = place.clone().map(|zone| vec![zone]);
            }
        }
        context
    }
}

impl Hits {
    /// The rows in their order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Result<(), &Failure>)> {
        let (sure, told) = match self {
            Hits::Sure(rows) => (*rows, &[] as &[Hit]),
            Hits::Told(hits) => (0, hits.as_slice()),
        };
        let told = told.iter().map(|(row, hit)| match hit {
            Ok(()) => (*row, Ok(())),
            Err(failure) => (*row, Err(failure)),
        });
        bits(sure).map(|row| (row, Ok(()))).chain(told)
    }
}

/// The positions of the bits.
fn bits(mut left: u128) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        (left != 0).then(|| {
            let bit = left.trailing_zeros() as usize;
            left &= left - 1;
            bit
        })
    })
}
