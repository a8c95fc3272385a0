//! What bounds the review of a case beside the rules that are asked: where it stands, what is due, what keeps it back.

use chrono::{DateTime, Utc};

use super::standing::{Position, Standing};
use super::workflow::{Course, Walk, conduct, moved};
use crate::check::workflows::CheckedStage;
use crate::eval::review::{Border, Review};
use crate::eval::runner::{Hits, Runner};
use crate::eval::{self, Instant, Pack, Scratch, View};
use crate::language::functions::declared::Calls;
use crate::state::{State, Until};
use crate::value::Failure;

/// When another decision may follow of a case that stands so; nothing where time leads to none. The case is taken through
/// its workflow once more, and all that is asked on the way bounds the review.
pub(crate) fn next_review(
    pack: Pack<'_>,
    instant: &Instant,
    evaluation: &eval::Evaluation,
    standing: &Standing,
    calls: &Calls,
) -> Option<DateTime<Utc>> {
    let has_course = pack.checked.has_course() || standing.has_state();
    if !has_course && !pack.lowered.moving.is_any {
        return None;
    }
    let mut review = begin(pack, standing, instant.as_of);
    review.steps(&View { cells: &evaluation.cells, storages: &pack.plan.storages });
    if !has_course {
        return review.next();
    }
    if let Some(at) = beginning(pack, instant, evaluation, standing) {
        review.at(at);
    }
    let mut runner = Runner::new(pack, instant, evaluation.cells.clone()).with_calls(calls).reviewed(review);
    conduct(&mut runner, standing.clone(), &mut Course::default());
    runner.review().and_then(|review| review.next())
}

/// When another workflow may take a case that is in none, or begins in one: asked while its stage is not known, as it
/// was when it was settled where the case begins.
fn beginning(
    pack: Pack<'_>,
    instant: &Instant,
    evaluation: &eval::Evaluation,
    standing: &Standing,
) -> Option<DateTime<Utc>> {
    let workflows = pack.lowered.workflows.as_ref()?;
    let begins = match standing {
        Standing::In(position) => position.is_new,
        Standing::NeedsMigration(_) => false,
        Standing::Out(_) | Standing::Undecided { .. } => true,
    };
    if !begins || !pack.lowered.moving.is_beginning {
        return None;
    }
    let mut unsettled = evaluation.clone();
    for (slot, outcome) in super::standing::unknown(&workflows.state, &Failure::unknown("stage")) {
        if let Some(storage) = pack.plan.storages.get(slot.0 as usize) {
            unsettled.cells.set(slot, outcome, storage);
        }
    }
    eval::row::run(pack, instant, &mut Scratch::new(pack.plan), &mut unsettled);
    let mut review = Review::new(pack, instant.as_of);
    review.steps(&View { cells: &unsettled.cells, storages: &pack.plan.storages });
    let mut runner = Runner::new(pack, instant, unsettled.cells).reviewed(review);
    runner.rows(workflows.applies);
    runner.review().and_then(|review| review.next())
}

/// A review of a case that stands so, before anything was looked at.
pub(crate) fn begin<'a>(pack: Pack<'a>, standing: &Standing, as_of: DateTime<Utc>) -> Review<'a> {
    let mut review = Review::new(pack, as_of);
    let state = match standing {
        Standing::In(position) => {
            match &pack.checked.state {
                Some(slots) if !position.is_new => review.grows(slots.days_in_stage),
                // Its day 0 is today.
                _ => review.tomorrow(),
            }
            Some(&position.given)
        }
        Standing::NeedsMigration(state) => Some(state),
        Standing::Out(state) | Standing::Undecided { state, .. } => state.as_ref(),
    };
    for cooldown in &pack.checked.cooldowns {
        match state.and_then(|state| state.cooldown(&cooldown.rule)) {
            Some(Until::Day(last)) => last.succ_opt().into_iter().for_each(|day| review.turns_on(cooldown.slot, day)),
            Some(Until::Instant(end)) => review.turns_at(cooldown.slot, end),
            None => {}
        }
    }
    review
}

/// A state that is made anew, with today for its day 0, is another one tomorrow; else its stage may come to be overdue.
pub(super) fn standing(runner: &mut Runner<'_>, before: &Position, stage: usize, state: &State) {
    let checked = runner.pack().checked;
    let Some(review) = runner.review() else { return };
    let is_kept = !before.is_new && *before.state == *state;
    let stage = checked.workflows.get(before.workflow).and_then(|workflow| workflow.stages.get(stage));
    let due_on = stage.and_then(|stage| stage.due_in).zip(state.since());
    let due_on = due_on.and_then(|(length, since)| moved(since, length, checked.calendar.as_ref()).ok());
    if !is_kept {
        review.tomorrow();
    }
    if let Some(behind) = due_on.and_then(|due_on| due_on.succ_opt()) {
        review.on(behind);
    }
}

/// Holds begin and end.
pub(super) fn holds(runner: &mut Runner<'_>, state: &State) {
    let Some(review) = runner.review() else { return };
    for hold in state.holds() {
        review.on(hold.from);
        hold.until.and_then(|until| until.succ_opt()).into_iter().for_each(|behind| review.on(behind));
    }
}

impl Walk<'_, '_> {
    /// Steps come to be due, and to be wanted. `borders` say of each row how long it matches as it does.
    pub(super) fn review_steps(&mut self, stage: &CheckedStage, hits: &Hits, borders: &[Border]) {
        for (row, border) in borders.iter().enumerate() {
            let Some(step) = stage.steps.get(row) else { continue };
            let is_wanted = hits.iter().any(|(hit, _)| hit == row);
            let schedule = match self.schedule(step) {
                Ok(Some(schedule)) => schedule,
                // Without a date, or where it is not known, nothing is due on any day.
                Ok(None) => continue,
                Err(_) => {
                    self.meet(*border);
                    continue;
                }
            };
            let is_done = |number| self.is_done(step, number);
            let mut due = Vec::new();
            let turns = match (schedule.due(self.today, is_done, &mut due), schedule.turns(self.today, is_done)) {
                (Ok(()), Ok(turns)) => turns,
                _ => {
                    self.meet(*border);
                    if let Some(review) = self.runner.review() {
                        review.tomorrow();
                    }
                    continue;
                }
            };
            let Some(review) = self.runner.review() else { return };
            let comes = turns.map_or(Border::Never, |day| review.border_on(day));
            match (due.is_empty(), is_wanted) {
                // It is to be done, until either changes.
                (false, true) => {
                    review.meet(comes);
                    review.meet(*border);
                }
                (true, true) => review.meet(comes),
                (false, false) => review.meet(*border),
                // Neither is so; nothing is to be done before both may be.
                (true, false) => {
                    let both = review.last(comes, *border);
                    review.meet(both);
                }
            }
        }
    }

    fn meet(&mut self, border: Border) {
        if let Some(review) = self.runner.review() {
            review.meet(border);
        }
    }
}
