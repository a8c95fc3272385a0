//! One contact judged by the pack's policies.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Decided, Engine, RecordError};
use crate::conduct::Verdict;
use crate::conduct::contact::{AttemptItems, Judge, Judgement, Next, Reason};
use crate::eval::runner::Runner;
use crate::record::Attempt;
use crate::value::{Failure, show};

/// What the contact policies say of an attempt.
///
/// Its JSON is the same bytes for the same pack, record, attempt and `as_of`.
#[derive(Clone, Debug, PartialEq)]
pub struct ContactCheck {
    key: String,
    as_of: DateTime<Utc>,
    at: DateTime<Utc>,
    channel: String,
    judgement: Judgement,
}

/// A contact rule or policy that does not allow an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactReason {
    /// The qualified id, such as `contact/reg-f/hours`.
    pub rule: Arc<str>,
    /// What it says.
    pub verdict: Verdict,
    /// Its `because`.
    pub because: Option<String>,
    /// Its `source`.
    pub source: Option<String>,
    /// The facts that are not known, where that is why.
    pub unknown: Vec<Arc<str>>,
    /// What failed, where that is why.
    pub error: Option<String>,
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
        self.judgement.verdict
    }

    /// The rules and policies that do not allow the contact, in the order of the pack.
    pub fn reasons(&self) -> Vec<ContactReason> {
        self.judgement.reasons.iter().map(ContactReason::of).collect()
    }

    /// Whether a policy applies to the case, or may. Without one every contact is allowed.
    pub fn has_policy(&self) -> bool {
        self.judgement.has_policy
    }

    /// The first whole minute from the attempt on, within 400 days, at which the contact is allowed while all other
    /// facts stay as they are. None where there is none; [`ContactCheck::never_because`] says why.
    pub fn next_allowed_at(&self) -> Option<DateTime<Utc>> {
        match self.judgement.next {
            Next::At(at) => Some(at),
            _ => None,
        }
    }

    /// Why there is no minute at which the contact is allowed.
    pub fn never_because(&self) -> Option<String> {
        match &self.judgement.next {
            Next::At(_) => None,
            Next::Never(rule) => Some(format!("no time lifts `{rule}`")),
            Next::Beyond => Some("not within 400 days".to_owned()),
        }
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; none has.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl ContactReason {
    pub(crate) fn of(reason: &Reason) -> ContactReason {
        let (unknown, error) = match &reason.failure {
            Some(Failure::Unknown(facts)) => (facts.to_vec(), None),
            Some(Failure::Error(error)) => (Vec::new(), Some(error.message.clone())),
            None => (Vec::new(), None),
        };
        ContactReason {
            rule: reason.rule.clone(),
            verdict: reason.verdict,
            because: reason.because.clone(),
            source: reason.source.clone(),
            unknown,
            error,
        }
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
        let problems = attempt.problems(&self.planned().checked.header.channels);
        if !problems.is_empty() {
            return Err(RecordError { problems });
        }
        let as_of = decided.decision.as_of();
        Ok(ContactCheck {
            key: decided.decision.key(),
            as_of,
            at: attempt.instant().unwrap_or(as_of),
            channel: attempt.channel().to_owned(),
            judgement: self.judgement(decided, attempt),
        })
    }

    /// What the policies say of an attempt that is valid.
    pub(super) fn judgement(&self, decided: &Decided, attempt: &Attempt) -> Judgement {
        let as_of = decided.decision.as_of();
        let at = attempt.instant().unwrap_or(as_of);
        let pack = self.planned();
        let Some(contact) = &pack.lowered.contact else { return Judgement::without_policy(at) };
        let mut runner = Runner::new(pack, as_of, decided.evaluation.slots());
        Judge { runner: &mut runner, contact, made: &[] }.judge(&AttemptItems::of(attempt), at)
    }
}

impl Serialize for ContactCheck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("as_of", &show::instant(self.as_of))?;
        map.serialize_entry("at", &show::instant(self.at))?;
        map.serialize_entry("channel", &self.channel)?;
        map.serialize_entry("verdict", self.verdict().word())?;
        map.serialize_entry("has_policy", &self.has_policy())?;
        map.serialize_entry("reasons", &self.reasons())?;
        map.serialize_entry("next_allowed_at", &self.next_allowed_at().map(show::instant))?;
        map.serialize_entry("never_because", &self.never_because())?;
        map.end()
    }
}

impl Serialize for ContactReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("rule", &*self.rule)?;
        map.serialize_entry("verdict", self.verdict.word())?;
        map.serialize_entry("because", &self.because)?;
        map.serialize_entry("source", &self.source)?;
        let unknown: Vec<&str> = self.unknown.iter().map(|fact| &**fact).collect();
        map.serialize_entry("unknown", &unknown)?;
        map.serialize_entry("error", &self.error)?;
        map.end()
    }
}
