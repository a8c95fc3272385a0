//! One contact judged by the pack's policies.

use chrono::{DateTime, Utc};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Decided, Engine, RecordError};
use crate::conduct::Verdict;
use crate::conduct::contact::{AttemptItems, Judge, Judgement, Room};
use crate::decision::{ChannelReport, ContactReason};
use crate::record::Attempt;
use crate::value::show;

/// What the contact policies say of an attempt.
///
/// Its JSON is the same bytes for the same pack, record, attempt and `as_of`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactCheck {
    key: String,
    as_of: DateTime<Utc>,
    at: DateTime<Utc>,
    report: ChannelReport,
}

impl ContactCheck {
    /// The case's key, as text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The instant of the contact.
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// The strictest verdict of all policies.
    pub fn verdict(&self) -> Verdict {
        self.report.verdict
    }

    /// The rules and policies that do not allow the contact, in the order of the pack.
    pub fn reasons(&self) -> &[ContactReason] {
        &self.report.reasons
    }

    /// Whether a policy applies to the case, or may. Without one every contact is allowed.
    pub fn has_policy(&self) -> bool {
        self.report.has_policy
    }

    /// The first whole minute from the attempt on, within 400 days, at which the contact is allowed while all other
    /// facts stay as they are. None where there is none; [`ContactCheck::never_because`] says why.
    pub fn next_allowed_at(&self) -> Option<DateTime<Utc>> {
        self.report.next_allowed_at
    }

    /// Why there is no minute at which the contact is allowed.
    pub fn never_because(&self) -> Option<&str> {
        self.report.never_because.as_deref()
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; none has.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Engine {
    /// Judges a contact that is about to be made with a case. `record` is JSON text.
    ///
    /// # Errors
    /// All problems of the record and the attempt, where one is not valid.
    pub fn check_contact(
        &self,
        record: &str,
        attempt: &Attempt,
        as_of: DateTime<Utc>,
    ) -> Result<ContactCheck, RecordError> {
        let decided = self.evaluate(record, as_of)?;
        self.judge_contact(&decided, attempt)
    }

    /// Judges a contact with a case that was decided.
    ///
    /// # Errors
    /// All problems of the attempt, where it is not valid.
    pub fn judge_contact(&self, decided: &Decided, attempt: &Attempt) -> Result<ContactCheck, RecordError> {
        let checked = self.planned().checked;
        let templates: Vec<&str> = checked.templates.iter().map(|template| &*template.name).collect();
        let problems = attempt.problems(&checked.header.channels, &templates);
        if !problems.is_empty() {
            return Err(RecordError { problems });
        }
        let as_of = decided.decision.as_of();
        let report = ChannelReport::new(
            self.planned().lowered,
            Some(attempt.channel().to_owned()),
            &self.judgement(decided, attempt),
        );
        let at = attempt.instant().unwrap_or(as_of);
        Ok(ContactCheck { key: decided.decision.key(), as_of, at, report })
    }

    /// What the policies say of an attempt that is valid.
    pub(crate) fn judgement(&self, decided: &Decided, attempt: &Attempt) -> Judgement {
        let as_of = decided.decision.as_of();
        let at = attempt.instant().unwrap_or(as_of);
        let pack = self.planned();
        let Some(contact) = &pack.lowered.contact else { return Judgement::without_policy(at) };
        let mut runner = decided.evaluation.runner();
        Judge::new(contact, &runner, &mut Room::default()).judge(&mut runner, &AttemptItems::of(attempt), at)
    }
}

impl Serialize for ContactCheck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("as_of", &show::instant(self.as_of))?;
        map.serialize_entry("at", &show::instant(self.at))?;
        map.serialize_entry("contact", &self.report)?;
        map.end()
    }
}
