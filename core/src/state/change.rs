//! Changes of a state, each with its new revision: what a host tells the engine.

use chrono::{DateTime, NaiveDate, Utc};

use super::content::{Approval, Content, Cooldown, FORMAT, Hold, Moved, Place, RecordedStep, Until};
use super::error::Problems;
use super::revision::Revision;
use super::{State, StateError, rules};
use crate::diagnostic::did_you_mean;
use crate::pack_identity::PackIdentity;

/// An occurrence of a step that was carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The step's id within its stage.
    pub step: String,
    /// Which occurrence of the step, from 1.
    pub occurrence: u32,
    /// The day it was due.
    pub due: NaiveDate,
    /// The entry into a stage that it belongs to.
    pub entry: u32,
}

impl State {
    /// The first state of a case. Day 0 may lie in the past, for cases taken over from another system.
    ///
    /// # Errors
    /// Where a text is empty or the day lies outside the years 1 to 9999.
    pub(crate) fn start(
        case: &str,
        workflow: &str,
        stage: &str,
        since: NaiveDate,
        pack: PackIdentity,
    ) -> Result<State, StateError> {
        let place = Place { workflow: workflow.into(), stage: stage.into(), since };
        State::first(case, Some(place), pack)
    }

    /// The first state of a case that no workflow takes.
    ///
    /// # Errors
    /// Where a text is empty.
    pub(crate) fn in_no_workflow(case: &str, pack: PackIdentity) -> Result<State, StateError> {
        State::first(case, None, pack)
    }

    fn first(case: &str, place: Option<Place>, pack: PackIdentity) -> Result<State, StateError> {
        let entries = u32::from(place.is_some());
        let content = Content {
            format: FORMAT,
            case: case.into(),
            place,
            entry: entries,
            entries,
            steps: Vec::new(),
            previous: Vec::new(),
            cooldowns: Vec::new(),
            arms: Vec::new(),
            approvals: Vec::new(),
            holds: Vec::new(),
            moved: None,
            pack: pack.into(),
        };
        let json = content.to_json();
        let revision = Revision::first(&json);
        checked(State { content, revision }, &json)
    }

    /// Records that a step was carried out, in the entry it belongs to, also where that entry was left. Recorded again,
    /// an occurrence keeps the day it was due and takes the new outcome and instant. Where the entry is gone, or the
    /// case is in no workflow, nothing changes.
    ///
    /// # Errors
    /// Where a text is empty, the occurrence is 0, or the state would pass a limit.
    pub fn record(&self, done: &Done, outcome: &str, at: DateTime<Utc>) -> Result<State, StateError> {
        self.changed(|content| {
            if content.place.is_none() {
                return;
            }
            let steps = if content.entry == done.entry {
                &mut content.steps
            } else {
                match content.previous.iter_mut().find(|left| left.entry == done.entry) {
                    Some(left) => &mut left.steps,
                    None => return,
                }
            };
            let known =
                |recorded: &&mut RecordedStep| *recorded.step == *done.step && recorded.occurrence == done.occurrence;
            match steps.iter_mut().find(known) {
                Some(recorded) => {
                    recorded.outcome = outcome.into();
                    recorded.at = at;
                }
                None => steps.push(RecordedStep {
                    step: done.step.as_str().into(),
                    occurrence: done.occurrence,
                    due: done.due,
                    at,
                    outcome: outcome.into(),
                }),
            }
        })
    }

    /// Records how long a rule does not fire again. An end before the one that is known changes nothing.
    ///
    /// # Errors
    /// Where the rule is empty or the state would pass a limit.
    pub(crate) fn record_cooldown(&self, rule: &str, until: Until) -> Result<State, StateError> {
        self.changed(|content| {
            let cooldowns = &mut content.cooldowns;
            match cooldowns.iter_mut().find(|known| known.rule == rule) {
                Some(known) if until.replaces(known.until) => known.until = until,
                Some(_) => {}
                None => {
                    let place = cooldowns.partition_point(|known| known.rule.as_str() < rule);
                    cooldowns.insert(place, Cooldown { rule: rule.to_owned(), until });
                }
            }
        })
    }

    /// Records that somebody approved an action. The same approval again changes nothing.
    ///
    /// # Errors
    /// Where a text is empty or the state would pass a limit.
    pub fn approve(&self, action: &str, by: &str, at: DateTime<Utc>) -> Result<State, StateError> {
        self.changed(|content| {
            let approvals = &mut content.approvals;
            if !approvals.iter().any(|known| known.action == action && known.by == by) {
                approvals.push(Approval { action: action.to_owned(), by: by.to_owned(), at });
            }
        })
    }

    /// Puts the case on hold, from a first day to a last one or until it is released. A hold of the same id is replaced.
    ///
    /// # Errors
    /// Where a text is empty, the last day lies before the first, or the state would pass a limit.
    pub fn hold(
        &self,
        id: &str,
        reason: &str,
        by: &str,
        from: NaiveDate,
        until: Option<NaiveDate>,
    ) -> Result<State, StateError> {
        self.changed(|content| {
            let hold = Hold { id: id.to_owned(), reason: reason.to_owned(), by: by.to_owned(), from, until };
            match content.holds.iter_mut().find(|known| known.id == id) {
                Some(known) => *known = hold,
                None => content.holds.push(hold),
            }
        })
    }

    /// Takes a hold away.
    ///
    /// # Errors
    /// Where the case has no hold of this id.
    pub fn release(&self, id: &str) -> Result<State, StateError> {
        let holds = &self.content.holds;
        if !holds.iter().any(|hold| hold.id == id) {
            let help = did_you_mean(id, holds.iter().map(|hold| hold.id.as_str()));
            let help = help.unwrap_or_else(|| format!("the case has {} holds", holds.len()));
            return Err(StateError::at("holds", format!("there is no hold `{id}`"), &help));
        }
        self.changed(|content| content.holds.retain(|hold| hold.id != id))
    }

    /// Moves the case to a stage by hand: it is entered anew, also where the case is in it already.
    ///
    /// # Errors
    /// Where the case is in no workflow, a text is empty, or the state would pass a limit.
    pub(crate) fn move_to(
        &self,
        stage: &str,
        by: &str,
        why: &str,
        at: DateTime<Utc>,
        today: NaiveDate,
    ) -> Result<State, StateError> {
        let Some(from) = self.stage().map(str::to_owned) else {
            let message = format!("the case is in no workflow, so it cannot be moved to the stage `{stage}`");
            return Err(StateError::at("stage", message, "start it in a workflow first"));
        };
        let mut next = self.clone();
        next.enter(stage, today);
        next.content.moved = Some(Moved { by: by.to_owned(), why: why.to_owned(), at, from });
        next.with_revision_after(self)
    }

    /// This working copy as the state that follows another, or that one where nothing changed.
    ///
    /// # Errors
    /// Where the changes break a rule of states.
    pub(crate) fn with_revision_after(mut self, before: &State) -> Result<State, StateError> {
        if self.content == before.content {
            return Ok(before.clone());
        }
        let json = self.content.to_json();
        self.revision = before.revision.next(&json);
        checked(self, &json)
    }

    fn changed(&self, change: impl FnOnce(&mut Content)) -> Result<State, StateError> {
        let mut next = self.clone();
        change(&mut next.content);
        next.with_revision_after(self)
    }
}

/// The state, if it follows the rules. `json` is its content.
fn checked(state: State, json: &str) -> Result<State, StateError> {
    let mut problems = Problems::default();
    rules::check(&state.content, &mut problems);
    rules::check_revision(&state.revision, &mut problems);
    rules::check_size(json.len(), &state.revision, &mut problems);
    problems.or(state)
}
