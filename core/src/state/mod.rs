//! What the engine must be told of a case's past in a workflow: the state that a host stores with each case.
//!
//! Takes the JSON that the host stored and gives it back after a change, with a new revision. Pure data and pure
//! functions: it knows no pack, and every instant is an argument. Whether a stage or step exists is for others to say.

mod change;
mod content;
mod error;
mod read;
mod revision;
mod rules;
mod walk;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod refusals;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::NaiveDate;

pub use change::Done;
pub use content::{Approval, Hold, Moved};
pub use error::StateError;

pub(crate) use content::{RecordedStep, Until};

use crate::pack_identity::PackIdentity;
use crate::record::Problem;
use content::Content;
use revision::Revision;

/// What the engine must be told of a case's past in a workflow.
///
/// A case that no workflow takes has a state too: it holds cooldowns and arms, and says nothing of a stage.
///
/// The engine keeps nothing. The host stores one state for each case, as JSON, and passes it back. A state is never
/// changed in place: each change gives the next one, with a new [`revision`](State::revision). A change that changes
/// nothing gives the same state.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use recoup::State;
///
/// let stored = r#"{"format":1,"case":"C-1","workflow":"consumer","stage":"initial_contact","since":"2026-09-01",
///     "entry":1,"entries":1,"steps":[],"previous":[],"cooldowns":[],"arms":[],"approvals":[],"holds":[],"moved":null,
///     "pack":{"name":"us-consumer","version":"2026.11.0","digest":"4be1"},"revision":"1-9f2c01ab34cd"}"#;
/// let state = State::from_json(stored)?;
/// assert_eq!(state.stage(), Some("initial_contact"));
///
/// let held = state.hold("h1", "waits for papers", "maria", "2026-09-07".parse()?, None)?;
/// assert!(held.revision().starts_with("2-"));
/// assert!(held.is_on_hold("2026-09-08".parse()?).is_some());
/// assert_eq!(State::from_json(&held.to_json())?, held);
///
/// let released = held.release("h1")?;
/// assert!(released.is_on_hold("2026-09-08".parse()?).is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// INVARIANT: follows the rules of `rules.rs`; cooldowns are sorted by rule, arms by experiment.
    content: Content,
    revision: Revision,
}

impl serde::Serialize for State {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Document<'a> {
            #[serde(flatten)]
            content: &'a Content,
            revision: &'a str,
        }
        Document { content: &self.content, revision: self.revision.text() }.serialize(serializer)
    }
}

impl State {
    /// Reads a state that [`State::to_json`] gave, or that a host made in the same form.
    ///
    /// Cooldowns and arms may stand in any order. Whether the revision fits the rest is not asked: a host may migrate
    /// its documents.
    ///
    /// # Errors
    /// All problems of the document, each with its path. A document of a newer format has that problem alone.
    pub fn from_json(text: &str) -> Result<State, StateError> {
        read::state(text)
    }

    /// The state as one line of JSON with a fixed order of keys: the same bytes for the same state.
    pub fn to_json(&self) -> String {
        let content = self.content.to_json();
        // The revision is the last key; all that stands before it is what it is made from.
        let open = content.strip_suffix('}').unwrap_or(&content);
        format!("{open},\"revision\":\"{}\"}}", self.revision.text())
    }

    /// The key of the case.
    pub fn case(&self) -> &str {
        &self.content.case
    }

    /// The workflow that the case goes through; nothing where it is in none.
    pub fn workflow(&self) -> Option<&str> {
        self.content.place.as_ref().map(|place| &*place.workflow)
    }

    /// The stage that the case is in; nothing where it is in no workflow.
    pub fn stage(&self) -> Option<&str> {
        self.content.place.as_ref().map(|place| &*place.stage)
    }

    /// Day 0 of the stage: the day it was entered, later by the days away where it was left and resumed.
    pub fn since(&self) -> Option<NaiveDate> {
        self.content.place.as_ref().map(|place| place.since)
    }

    /// The stage that `previous` would resume.
    pub fn previous_stage(&self) -> Option<&str> {
        self.content.previous.first().map(|left| &*left.stage)
    }

    /// The approvals of actions, in the order in which they were given.
    pub fn approvals(&self) -> &[Approval] {
        &self.content.approvals
    }

    /// The holds that were not released, in the order in which they were put.
    pub fn holds(&self) -> &[Hold] {
        &self.content.holds
    }

    /// The first hold that is on at this day; its first and its last day are within it.
    pub fn is_on_hold(&self, today: NaiveDate) -> Option<&Hold> {
        self.content.holds.iter().find(|hold| hold.from <= today && hold.until.is_none_or(|until| today <= until))
    }

    /// The last move by hand.
    pub fn moved(&self) -> Option<&Moved> {
        self.content.moved.as_ref()
    }

    /// The pack that the state was last made with.
    pub fn pack(&self) -> &PackIdentity {
        &self.content.pack
    }

    /// Which state of the case this is: how many changes there were, `-`, and 12 digits of a hash.
    ///
    /// The digits are the first of SHA-256 over the revision before, a line feed, and the document without its
    /// revision; at the first state nothing stands before the line feed. So, as with the revisions of CouchDB, two
    /// writers who start from the same state and write different things get different revisions, and the same change
    /// gets the same one. A host stores a state only where the one that it loaded still stands, such as with
    /// `update cases set state = .. where id = .. and revision = ..`, and decides again where it does not.
    pub fn revision(&self) -> &str {
        self.revision.text()
    }

    /// Why the case cannot be decided at this day, if it cannot: history does not lie in the future.
    pub fn problem_at(&self, today: NaiveDate) -> Option<Problem> {
        let since = self.since().filter(|since| *since > today)?;
        Some(Problem::new(
            "since",
            format!("the stage was entered on `{since}`, but `as_of` is on `{today}`"),
            Some("check the date, or decide as of a later instant".to_owned()),
        ))
    }

    /// As [`State::stage`], to be shared.
    pub(crate) fn stage_text(&self) -> Option<&Arc<str>> {
        self.content.place.as_ref().map(|place| &place.stage)
    }

    /// As [`State::previous_stage`], to be shared.
    pub(crate) fn previous_stage_text(&self) -> Option<&Arc<str>> {
        self.content.previous.first().map(|left| &left.stage)
    }

    /// How many days lie behind day 0 of the stage; 0 where `today` lies before it.
    pub(crate) fn days_in_stage(&self, today: NaiveDate) -> Option<u32> {
        self.content.place.as_ref().map(|place| place.days(today))
    }

    /// The how-many-th entry into a stage of this case this is, from 1; 0 in no workflow.
    pub(crate) fn entry(&self) -> u32 {
        self.content.entry
    }

    /// Whether any occurrence of a step is done in this entry.
    pub(crate) fn is_done(&self, step: &str) -> bool {
        self.occurrences(step).next().is_some()
    }

    /// What is recorded of a step in this entry, in the order in which it was recorded.
    pub(crate) fn occurrences(&self, step: &str) -> impl Iterator<Item = &RecordedStep> {
        self.content.steps.iter().filter(move |recorded| *recorded.step == *step)
    }

    /// How long a rule does not fire again.
    pub(crate) fn cooldown(&self, rule: &str) -> Option<Until> {
        self.content.cooldowns.iter().find(|cooldown| cooldown.rule == rule).map(|cooldown| cooldown.until)
    }

    /// The arm of an experiment that the case is in.
    pub(crate) fn arm(&self, experiment: &str) -> Option<&str> {
        self.content.arms.iter().find(|arm| arm.experiment == experiment).map(|arm| arm.arm.as_str())
    }
}
