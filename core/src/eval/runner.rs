//! What is asked of a case behind its evaluation: routines, and expressions that stand in no fact or table.
//!
//! Takes the slots of a case that was decided. Puts the parameters of a routine in their slots, tells which of its rows
//! match, and forgets nothing that the evaluation found. What a question means is said by the meaning of expressions
//! and rows, as for all others.

use std::cell::RefCell;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::review::{Border, Review};
use super::row::Pack;
use super::table::{context, try_table};
use super::trace::{RowOutcome, TableTrace};
use crate::families::{RoutineId, Step};
use crate::language::meaning::Reader;
use crate::language::{Expr, SlotId};
use crate::value::{Failure, Outcome, Value};

/// The slots of one case, and who asks about them.
pub(crate) struct Runner<'a> {
    pack: Pack<'a>,
    as_of: DateTime<Utc>,
    slots: Vec<Outcome>,
    /// The place and instant that `local_today` and `local_time` speak of, where it is not `as_of` at all places.
    here: Option<Here>,
    /// How each run came out, where somebody wants to know.
    runs: Option<Vec<Run>>,
    /// How long what is asked comes out the same, where somebody wants to know.
    review: Option<RefCell<Review<'a>>>,
    /// A review that does not look on while something is sought.
    resting: Option<RefCell<Review<'a>>>,
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

impl<'a> Runner<'a> {
    /// Over the slots that an evaluation filled.
    pub(crate) fn new(pack: Pack<'a>, as_of: DateTime<Utc>, slots: Vec<Outcome>) -> Runner<'a> {
        Runner { pack, as_of, slots, here: None, runs: None, review: None, resting: None }
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

    /// How each run came out.
    pub(crate) fn into_runs(self) -> Vec<Run> {
        self.runs.unwrap_or_default()
    }

    /// Looks for something at other times by many runs, none of which is kept. Where what is found is not shown, it does
    /// not bound a review.
    pub(crate) fn searching(&mut self, is_shown: bool) -> Option<Vec<Run>> {
        if !is_shown {
            self.resting = self.review.take();
        }
        if let Some(review) = self.review() {
            review.look_elsewhere(true);
        }
        self.runs.take()
    }

    /// Keeps runs again, where they were kept before.
    pub(crate) fn found(&mut self, runs: Option<Vec<Run>>) {
        self.runs = runs;
        self.review = self.review.take().or(self.resting.take());
        if let Some(review) = self.review() {
            review.look_elsewhere(false);
        }
    }

    /// The pack that is run.
    pub(crate) fn pack(&self) -> Pack<'a> {
        self.pack
    }

    /// What a slot came to.
    pub(crate) fn slot(&self, slot: SlotId) -> Outcome {
        if let Some(review) = &self.review {
            review.borrow_mut().slot(slot);
        }
        self.slots.get(slot.0 as usize).cloned().unwrap_or(Ok(Value::None))
    }

    /// Puts a parameter in its slot.
    pub(crate) fn set(&mut self, slot: SlotId, outcome: Outcome) {
        if let Some(to) = self.slots.get_mut(slot.0 as usize) {
            *to = outcome;
        }
        if let Some(review) = self.review() {
            review.set(slot);
        }
    }

    /// Decides facts and tables of the pack again, after parameters changed. `steps` are their positions in its order.
    pub(crate) fn again(&mut self, steps: &[usize]) {
        for index in steps {
            let Some(step) = self.pack.lowered.steps.get(*index) else { continue };
            match step {
                Step::Fact(fact) => {
                    let outcome = self.ask(|reader| reader.value(&fact.expr));
                    self.set(fact.slot, outcome);
                }
                Step::Table(table) => {
                    let trace = self.ask(|reader| try_table(table, reader));
                    for (output, result) in table.outputs.iter().zip(trace.results) {
                        if let Some(slot) = output.slot {
                            self.set(slot, result);
                        }
                    }
                }
            }
            self.look_on(|review, reader| review.step(*index, reader));
        }
    }

    /// From where `local_today` and `local_time` are seen.
    pub(crate) fn stand(&mut self, here: Option<Here>) {
        self.here = here;
    }

    /// The rows of a routine that match, or may, in their order.
    pub(crate) fn rows(&mut self, routine: RoutineId) -> Vec<Hit> {
        self.look_on(|review, reader| review.rows(routine, reader));
        self.run(routine)
    }

    /// The same, and for each row before when it matches, or does not, as it does now. That bounds a review only where
    /// the caller says so. Without a review nothing is said of a row.
    pub(crate) fn rows_apart(&mut self, routine: RoutineId) -> (Vec<Hit>, Vec<Border>) {
        let borders = self.look_on(|review, reader| review.each_row(routine, reader));
        (self.run(routine), borders.unwrap_or_default())
    }

    fn run(&mut self, routine: RoutineId) -> Vec<Hit> {
        let Some(table) = self.pack.lowered.routines.get(routine.0) else { return Vec::new() };
        let trace = self.ask(|reader| try_table(table, reader));
        let rows = trace.rows.iter().enumerate();
        let hits = rows.filter_map(|(index, row)| match &row.outcome {
            RowOutcome::Matched => Some((index, Ok(()))),
            RowOutcome::Failed(_, failure) => Some((index, Err(failure.clone()))),
            RowOutcome::NotMatched(_) | RowOutcome::NotInForce => None,
        });
        let hits = hits.collect();
        if let Some(runs) = &mut self.runs {
            runs.push(Run { routine, slots: self.slots.clone(), table: trace });
        }
        hits
    }

    /// What an expression comes to.
    pub(crate) fn value(&self, expr: &Expr) -> Outcome {
        self.look_on(|review, reader| review.value(expr, reader));
        self.ask(|reader| reader.value(expr))
    }

    fn look_on<T>(&self, look: impl FnOnce(&mut Review<'a>, &mut Reader<'_>) -> T) -> Option<T> {
        let review = self.review.as_ref()?;
        Some(self.ask(|reader| look(&mut review.borrow_mut(), reader)))
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let place = self.pack.plan.place.and_then(|slot| self.slots.get(slot.0 as usize));
        let mut context = context(self.pack.checked, self.as_of, place);
        if let Some(here) = &self.here {
            context.local_at = here.at;
            if let Some(place) = &here.place {
                context.places = place.clone().map(|zone| vec![zone]);
            }
        }
        let mut reader = Reader {
            slots: self.slots.as_slice(),
            context: &context,
            rates: &self.pack.checked.rates,
            private: &self.pack.plan.private,
            locals: Vec::new(),
            steps: 0,
        };
        question(&mut reader)
    }
}
