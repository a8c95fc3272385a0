//! The parts of a state, and how each is written: the order of the fields is the order of the keys.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use serde::ser::{Serialize, Serializer};

use crate::pack_identity::PackIdentity;

/// The form of the document. It changes where older versions could not read it.
pub(super) const FORMAT: u32 = 1;

/// The keys that say where a case is.
pub(super) const PLACE_KEYS: [&str; 3] = ["workflow", "stage", "since"];

/// All of a state but its revision.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Content {
    pub(super) format: u32,
    pub(super) case: Arc<str>,
    /// Nothing where the case is in no workflow: then it entered no stage, and nothing is said of entries and steps.
    #[serde(flatten, serialize_with = "place")]
    pub(super) place: Option<Place>,
    pub(super) entry: u32,
    pub(super) entries: u32,
    pub(super) steps: Vec<RecordedStep>,
    pub(super) previous: Vec<LeftEntry>,
    pub(super) cooldowns: Vec<Cooldown>,
    pub(super) arms: Vec<Arm>,
    pub(super) approvals: Vec<Approval>,
    pub(super) holds: Vec<Hold>,
    pub(super) moved: Option<Moved>,
    pub(super) pack: Arc<PackIdentity>,
}

impl Content {
    /// The document without its revision.
    pub(super) fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; there are none.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The stage that a case is in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Place {
    pub(super) workflow: Arc<str>,
    pub(super) stage: Arc<str>,
    #[serde(serialize_with = "date")]
    pub(super) since: NaiveDate,
}

impl Place {
    /// How many days lie behind day 0 of the stage; none where `today` lies before it.
    pub(super) fn days(&self, today: NaiveDate) -> u32 {
        let days = today.signed_duration_since(self.since).num_days();
        // All dates that there are lie less than 2^32 days apart, so what does not fit is negative.
        u32::try_from(days).unwrap_or(0)
    }
}

/// An occurrence of a step that is recorded as done.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct RecordedStep {
    pub(crate) step: Arc<str>,
    /// From 1.
    pub(crate) occurrence: u32,
    #[serde(serialize_with = "date")]
    pub(crate) due: NaiveDate,
    #[serde(serialize_with = "instant")]
    pub(crate) at: DateTime<Utc>,
    pub(crate) outcome: Arc<str>,
}

/// An entry into a stage that was left and can be resumed.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct LeftEntry {
    pub(super) stage: Arc<str>,
    /// How many days the case had been in the stage.
    pub(super) days: u32,
    pub(super) entry: u32,
    pub(super) steps: Vec<RecordedStep>,
}

/// A rule that does not fire again for some time.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Cooldown {
    pub(super) rule: String,
    pub(super) until: Until,
}

/// The end of a cooldown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Until {
    /// The last day.
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

impl Until {
    /// Whether this ends after another. A day and an instant cannot be compared without a place: then the one that is
    /// recorded later counts.
    pub(super) fn replaces(self, other: Until) -> bool {
        match (self, other) {
            (Until::Day(own), Until::Day(other)) => own > other,
            (Until::Instant(own), Until::Instant(other)) => own > other,
            _ => true,
        }
    }
}

impl Serialize for Until {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Until::Day(day) => date(day, serializer),
            Until::Instant(at) => instant(at, serializer),
        }
    }
}

/// The arm of an experiment that the case is in.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(super) struct Arm {
    pub(super) experiment: String,
    pub(super) arm: String,
}

/// An action that somebody approved.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Approval {
    /// The action's id.
    pub action: String,
    /// Who approved it.
    pub by: String,
    /// When.
    #[serde(serialize_with = "instant")]
    pub at: DateTime<Utc>,
}

/// A time for which nothing is done in a case.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Hold {
    /// The hold's id, by which it is released.
    pub id: String,
    /// Why the case is on hold.
    pub reason: String,
    /// Who put it on hold.
    pub by: String,
    /// The first day.
    #[serde(serialize_with = "date")]
    pub from: NaiveDate,
    /// The last day; nothing where it ends when it is released.
    #[serde(serialize_with = "optional_date")]
    pub until: Option<NaiveDate>,
}

/// A move to another stage by hand.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Moved {
    /// Who moved the case.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    #[serde(serialize_with = "instant")]
    pub at: DateTime<Utc>,
    /// The stage that the case was in before.
    pub from: String,
}

/// The three keys of a place: a case in no workflow has them too, with nothing in them.
fn place<S: Serializer>(place: &Option<Place>, serializer: S) -> Result<S::Ok, S::Error> {
    match place {
        Some(place) => place.serialize(serializer),
        None => serializer.collect_map(PLACE_KEYS.map(|key| (key, ()))),
    }
}

fn date<S: Serializer>(date: &NaiveDate, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&date.format("%Y-%m-%d"))
}

fn optional_date<S: Serializer>(until: &Option<NaiveDate>, serializer: S) -> Result<S::Ok, S::Error> {
    match until {
        Some(until) => date(until, serializer),
        None => serializer.serialize_none(),
    }
}

fn instant<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}
