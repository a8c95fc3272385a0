//! The result of a case, put together from an evaluation.
//!
//! Takes a trace; gives a [`Decision`] with its JSON, in a fixed order of keys, money as text with its decimals.
//! Decides nothing itself.

mod course;
mod course_schema;
mod findings;
mod incentives;
mod line;
mod pay;
mod results;
mod schema;
mod settlement;
mod team;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

pub use course::{Action, ChannelReport, ContactReason, StageMove, StageReport, TemplateReport};
pub use incentives::{Incentive, IncentiveReport, WithheldIncentive};
pub(crate) use line::{DecidedCase, LineWriter, write_key};
pub use pay::{AcceleratorPay, CollectorPay, HeldGate, TierPay};
pub(crate) use results::NamedResults;
pub use results::{NamedResult, ResultValue};
pub(crate) use schema::{case_schema, decision_schema};
pub use settlement::{CounterOffer, OfferReport, OfferVerdict, PlannedInstalment, SettlementLimit, SettlementReport};
pub use team::{PoolShare, RefusedMember, TeamPay, TeamPool, Withheld};

use crate::calendar::date_at;
use crate::check::{CheckedPack, plain_id};
use crate::conduct::workflow::Course;
use crate::eval::Trace;
use crate::families::{LoweredPack, ResultPlace, Row, Step};
use crate::language::SlotId;
use crate::pack_identity::PackIdentity;
use crate::source::Sources;
use crate::state::State;
use crate::value::ops::{self, Arithmetic};
use crate::value::show::{self, Show};
use crate::value::{Duration, ErrorCode, Failure, Outcome, Value};

use course::{CourseReport, Stage, StageJson};
use settlement::SettlementJson;

/// Outputs by name, in the order of the pack.
type NamedOutcomes = Vec<(Arc<str>, Outcome)>;

/// The whole result for one case at one instant.
///
/// Its JSON is the same bytes for the same pack, record and `as_of`.
#[derive(Clone, Debug)]
pub struct Decision {
    key: Value,
    as_of: DateTime<Utc>,
    today: NaiveDate,
    pack: Arc<PackIdentity>,
    segmentation: NamedOutcomes,
    scores: Vec<Score>,
    escalations: Vec<Escalation>,
    results: Vec<(Arc<str>, NamedOutcomes)>,
    fired: Vec<Arc<str>>,
    unknowns: Vec<UnknownResult>,
    errors: Vec<FailedResult>,
    /// In a pack with workflows.
    course: Option<CourseReport>,
    /// In a pack with a settlement.
    settlement: Option<Result<SettlementReport, Failure>>,
    /// In a pack with incentives.
    incentives: Option<IncentiveReport>,
    /// By experiment, in the order of the pack.
    arms: Vec<(Arc<str>, Option<Arc<str>>)>,
    next_review_at: Option<DateTime<Utc>>,
    show: Show,
}

/// A score and the parts that made it.
#[derive(Clone, Debug)]
pub(crate) struct Score {
    pub(crate) name: Arc<str>,
    pub(crate) value: Outcome,
    pub(crate) parts: Vec<(Arc<str>, Outcome)>,
}

/// An escalation that fired.
#[derive(Clone, Debug)]
pub(crate) struct Escalation {
    pub(crate) id: Arc<str>,
    pub(crate) level: Outcome,
    pub(crate) assign_to: Outcome,
    pub(crate) due_in: Outcome,
    /// `as_of` and `due_in` together.
    pub(crate) due_on: Outcome,
    pub(crate) because: Option<String>,
    pub(crate) source: Option<String>,
}

/// A result or rule that could not be decided because facts are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownResult {
    /// The qualified id of the table, row or rule.
    pub at: Arc<str>,
    /// The facts that are not known and would decide.
    pub facts: Vec<Arc<str>>,
}

/// A result, rule or fact that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedResult {
    /// The qualified id of the fact, table, row or rule.
    pub at: Arc<str>,
    /// The stable code.
    pub code: ErrorCode,
    /// What went wrong, in one line.
    pub message: String,
    /// Where in the pack, as `path:line:column`.
    pub place: Option<String>,
}

/// What a named result came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A value, as its text.
    Known(String),
    /// Known not to exist.
    None,
    /// Not known, for want of these facts.
    Unknown(Vec<String>),
    /// A calculation failed.
    Error(ErrorCode),
}

impl Answer {
    fn of(outcome: &Outcome, show: Show) -> Answer {
        match outcome {
            Ok(Value::None) => Answer::None,
            Ok(value) => Answer::Known(show.text(value)),
            Err(Failure::Unknown(facts)) => Answer::Unknown(facts.iter().map(|fact| fact.to_string()).collect()),
            Err(Failure::Error(error)) => Answer::Error(error.code),
        }
    }
}

/// What a decision is put together from.
pub(crate) struct Parts<'a> {
    pub(crate) checked: &'a CheckedPack,
    pub(crate) lowered: &'a LoweredPack,
    pub(crate) sources: &'a Sources,
    pub(crate) identity: &'a Arc<PackIdentity>,
}

impl Decision {
    /// Puts a decision together from what an evaluation kept.
    pub(crate) fn new(
        parts: &Parts<'_>,
        as_of: DateTime<Utc>,
        trace: &Trace,
        course: Option<&Course>,
        next_review_at: Option<DateTime<Utc>>,
    ) -> Decision {
        let key_index = parts.checked.record.key_index();
        let today = date_at(as_of, parts.checked.header.zone);
        let mut decision = Decision {
            key: key_index
                .and_then(|index| trace.slots.get(index))
                .and_then(|key| key.clone().ok())
                .unwrap_or(Value::None),
            as_of,
            today,
            pack: parts.identity.clone(),
            segmentation: Vec::new(),
            scores: Vec::new(),
            escalations: Vec::new(),
            results: Vec::new(),
            fired: Vec::new(),
            unknowns: Vec::new(),
            errors: Vec::new(),
            course: None,
            settlement: None,
            incentives: None,
            arms: Vec::new(),
            next_review_at,
            show: Show { currency_decimals: parts.checked.header.currency_decimals },
        };
        // Results stand in the order in which the pack declares them, not in that of the evaluation.
        for checked in &parts.checked.tables {
            let found = parts.lowered.steps.iter().zip(&trace.tables).find_map(|(step, trace)| match (step, trace) {
                (Step::Table(table), Some(trace)) if table.id == checked.id => Some((table, trace)),
                _ => None,
            });
            let Some((table, table_trace)) = found else { continue };
            decision
                .fired
                .extend(table_trace.fired.iter().filter_map(|row| table.rows.get(*row)).map(|row| row.id.clone()));
            if table_trace.took_otherwise {
                decision.fired.extend(table.otherwise.as_ref().map(|row| row.id.clone()));
            }
            let outputs =
                || table.outputs.iter().map(|output| output.name.clone()).zip(table_trace.results.iter().cloned());
            match &table.place {
                ResultPlace::Segmentation => decision.segmentation.extend(outputs()),
                ResultPlace::Named(name) => decision.results.push((name.clone(), outputs().collect())),
                ResultPlace::Score(name) => {
                    let parts = table_trace
                        .fired
                        .iter()
                        .filter_map(|row| {
                            let points = table_trace.rows.get(*row)?.outputs.first()?.clone();
                            Some((Arc::from(last_part(&table.rows.get(*row)?.id)), points))
                        })
                        .collect();
                    let value = table_trace.results.first().cloned().unwrap_or(Ok(Value::None));
                    decision.scores.push(Score { name: name.clone(), value, parts });
                }
                ResultPlace::Routine => {}
                ResultPlace::Escalations => {
                    for row in &table_trace.fired {
                        if let (Some(row), Some(row_trace)) = (table.rows.get(*row), table_trace.rows.get(*row)) {
                            decision.escalations.push(escalation(parts, row, &row_trace.outputs, as_of, today));
                        }
                    }
                }
            }
        }
        findings::collect(parts, trace, &mut decision.unknowns, &mut decision.errors);
        for experiment in &parts.checked.experiments {
            let outcome = |slot: SlotId| trace.slots.get(slot.0 as usize);
            // Who takes no part because of an unknown is named; what failed is named with the facts.
            if let Some(Err(failure @ Failure::Unknown(_))) = outcome(experiment.drawn) {
                findings::add(parts, &experiment.id, failure, &mut decision.unknowns, &mut decision.errors);
            }
            let arm = match outcome(experiment.arm) {
                Some(Ok(Value::Text(arm))) => Some(arm.clone()),
                _ => None,
            };
            decision.arms.push((experiment.name.clone(), arm));
        }
        if let Some(course) = course {
            let (unknowns, errors) = (&mut decision.unknowns, &mut decision.errors);
            let key = decision.show.text(&decision.key);
            let report = CourseReport::new(parts, course, &key, today, decision.show, unknowns, errors);
            decision.fired.extend(report.fired.iter().cloned());
            let has_course =
                parts.checked.state.is_some() || course.standing.has_state() || !parts.checked.experiments.is_empty();
            decision.course = has_course.then_some(report);
            decision.settlement = course.settlement.as_ref().map(|limits| match limits {
                Ok(limits) => Ok(SettlementReport::new(limits, decision.show)),
                Err(failure) => Err(failure.clone()),
            });
            if let Some(Ok(limits)) = &course.settlement {
                let ruled_out = limits.none_because.iter().flatten();
                decision.fired.extend(ruled_out.chain(&limits.modifiers).cloned());
            }
            if let Some(offers) = &course.incentives {
                decision.fired.extend(offers.made.iter().map(|made| made.id.clone()));
                for (at, failure) in &offers.failures {
                    findings::add(parts, at, failure, &mut decision.unknowns, &mut decision.errors);
                }
                decision.incentives = Some(IncentiveReport::new(offers, decision.show));
            }
            if let Some(Err(failure)) = &decision.settlement {
                findings::add(parts, "settlement", failure, &mut decision.unknowns, &mut decision.errors);
            }
        }
        for escalation in &decision.escalations {
            // The deadline is computed here, so its failure is named here.
            if let (Ok(_), Err(Failure::Error(error))) = (&escalation.due_in, &escalation.due_on) {
                decision.errors.push(FailedResult {
                    at: Arc::from(format!("escalations/{}", escalation.id)),
                    code: error.code,
                    message: error.message.clone(),
                    place: error.span.map(|span| parts.sources.place(span)),
                });
            }
        }
        decision
    }

    /// The case's key, as text.
    pub fn key(&self) -> String {
        self.show.text(&self.key)
    }

    /// The instant that the case was decided at.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// The pack that made the decision.
    pub fn pack(&self) -> &PackIdentity {
        &self.pack
    }

    /// What a result came to: an output of the segmentation by its name, a score by its name, an output of a table or
    /// rule list as `table.output`. Nothing where the pack has no such result.
    pub fn get(&self, name: &str) -> Option<Answer> {
        self.outcome(name).map(|outcome| Answer::of(outcome, self.show))
    }

    /// What a result came to, as [`Decision::get`] finds it.
    pub(crate) fn outcome(&self, name: &str) -> Option<&Outcome> {
        if let Some((_, outcome)) = self.segmentation.iter().find(|(output, _)| **output == *name) {
            return Some(outcome);
        }
        if let Some(score) = self.scores.iter().find(|score| *score.name == *name) {
            return Some(&score.value);
        }
        let (table, output) = name.split_once('.')?;
        let (_, outputs) = self.results.iter().find(|(known, _)| **known == *table)?;
        outputs.iter().find(|(known, _)| **known == *output).map(|(_, outcome)| outcome)
    }

    /// The qualified ids of the rows and rules that fired, in the order of the pack.
    pub fn fired(&self) -> impl Iterator<Item = &str> {
        self.fired.iter().map(|id| &**id)
    }

    /// The ids of the escalations that fired, in the order of the pack.
    pub fn escalations(&self) -> impl Iterator<Item = &str> {
        self.escalations.iter().map(|escalation| &*escalation.id)
    }

    /// Where the case stands in its workflow. None in a pack without workflows, where no workflow takes the case, or
    /// where that is not known.
    pub fn stage(&self) -> Option<&StageReport> {
        match &self.course.as_ref()?.stage {
            Stage::At(report) => Some(report),
            Stage::None | Stage::Unknown(_) => None,
        }
    }

    /// The qualified ids of rules that are no rows of tables, among those that fired.
    fn course_fired(&self) -> impl Iterator<Item = Arc<str>> {
        let course = self.course.iter().flat_map(|course| course.fired.iter().cloned());
        let is_beside = |id: &&Arc<str>| id.starts_with("settlement/") || id.starts_with("incentives/");
        course.chain(self.fired.iter().filter(is_beside).cloned())
    }

    /// The experiments of the pack, in its order, each with the arm that the case is in; nothing where it takes no part.
    pub fn arms(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        self.arms.iter().map(|(experiment, arm)| (&**experiment, arm.as_deref()))
    }

    /// What the debtor is offered. None in a pack without incentives.
    pub fn incentives(&self) -> Option<&IncentiveReport> {
        self.incentives.as_ref()
    }

    /// What the case may be settled for. None in a pack without a settlement, or where it is not known.
    pub fn settlement(&self) -> Option<&SettlementReport> {
        self.settlement.as_ref()?.as_ref().ok()
    }

    /// What the host is asked to do, in the order of the steps.
    pub fn actions(&self) -> &[Action] {
        self.course.as_ref().map_or(&[], |course| &course.actions)
    }

    /// The state that the host stores with the case and passes back with the next evaluation.
    pub fn state(&self) -> Option<&State> {
        self.course.as_ref()?.state.as_ref()
    }

    /// When the same case and state may next lead to another decision: before then nothing changes but `as_of`, and what
    /// only repeats it (`today`, the deadline of an escalation that is counted in hours, and the next minute at which a
    /// contact is allowed that is allowed now). None where time changes nothing.
    ///
    /// It is never too late, and to the second: what changes all the time changes a second later. It is exact for dates
    /// and days that are counted, deadlines, cadences, hours, limits, waits, and rows with dates; for what cannot be
    /// followed further it is the next local midnight.
    pub fn next_review_at(&self) -> Option<DateTime<Utc>> {
        self.next_review_at
    }

    /// Results and rules that could not be decided because facts are not known.
    pub fn unknowns(&self) -> &[UnknownResult] {
        &self.unknowns
    }

    /// Facts, results and rules that failed.
    pub fn errors(&self) -> &[FailedResult] {
        &self.errors
    }

    /// The decision as one line of JSON, the same bytes for the same pack, record and `as_of`.
    pub fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; none has.
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(crate) fn escalation_list(&self) -> &[Escalation] {
        &self.escalations
    }
}

fn escalation(parts: &Parts<'_>, row: &Row, outputs: &[Outcome], as_of: DateTime<Utc>, today: NaiveDate) -> Escalation {
    let output = |index: usize| outputs.get(index).cloned().unwrap_or(Ok(Value::None));
    let due_in = output(2);
    let due_on = due_in.clone().and_then(|due_in| {
        let start = match due_in {
            Value::Duration(Duration::Exact(_)) => Value::Timestamp(as_of),
            _ => Value::Date(today),
        };
        ops::arithmetic(Arithmetic::Add, &start, &due_in, parts.checked.calendar.as_ref()).map_err(|mut error| {
            error.span = Some(row.span);
            Failure::from(error)
        })
    });
    Escalation {
        id: Arc::from(last_part(&row.id)),
        level: output(0),
        assign_to: output(1),
        due_in,
        due_on,
        because: row.annotations.because.clone(),
        source: row.annotations.source.clone(),
    }
}

/// The id without the path before it, and without the arm behind it: what a host knows the rule by.
pub(crate) fn last_part(id: &str) -> &str {
    plain_id(last_of_path(id))
}

/// The id without the path before it.
pub(crate) fn last_of_path(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// The version of the time zone data that this build carries.
pub(crate) fn time_zone_data() -> &'static str {
    chrono_tz::IANA_TZDB_VERSION
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.show.json(&self.key))?;
        map.serialize_entry("as_of", &self.show.text(&Value::Timestamp(self.as_of)))?;
        map.serialize_entry("today", &self.show.text(&Value::Date(self.today)))?;
        let pack = &self.pack;
        map.serialize_entry(
            "pack",
            &Ordered(vec![
                ("name", json(pack.name.as_str())),
                ("version", json(pack.version.as_str())),
                ("digest", json(pack.digest.as_str())),
            ]),
        )?;
        map.serialize_entry(
            "engine",
            &Ordered(vec![("version", json(env!("CARGO_PKG_VERSION"))), ("time_zone_data", json(time_zone_data()))]),
        )?;
        if let Some(course) = &self.course {
            map.serialize_entry("stage", &StageJson(&course.stage, self.show))?;
        }
        map.serialize_entry("segmentation", &Outputs(&self.segmentation, self.show))?;
        map.serialize_entry("scores", &Scores(self))?;
        if let Some(course) = &self.course {
            map.serialize_entry("actions", &course.actions)?;
        }
        map.serialize_entry("escalations", &Escalations(self))?;
        if let Some(incentives) = &self.incentives {
            map.serialize_entry("incentives", incentives)?;
        }
        if let Some(settlement) = &self.settlement {
            map.serialize_entry("settlement", &SettlementJson(settlement, self.show))?;
        }
        map.serialize_entry("results", &Results(self))?;
        if !self.arms.is_empty() {
            map.serialize_entry("arms", &Arms(self))?;
        }
        map.serialize_entry("fired", &self.fired.iter().map(|id| &**id).collect::<Vec<&str>>())?;
        map.serialize_entry(
            "unknowns",
            &List(&self.unknowns, |unknown: &UnknownResult| {
                let facts: Vec<&str> = unknown.facts.iter().map(|fact| &**fact).collect();
                Ordered(vec![("at", json(&*unknown.at)), ("facts", json(facts))])
            }),
        )?;
        map.serialize_entry(
            "errors",
            &List(&self.errors, |error: &FailedResult| {
                Ordered(vec![
                    ("at", json(&*error.at)),
                    ("code", json(error.code.slug())),
                    ("message", json(error.message.as_str())),
                ])
            }),
        )?;
        if let Some(course) = &self.course {
            map.serialize_entry("state", &course.state)?;
        }
        map.serialize_entry("next_review_at", &self.next_review_at.map(show::instant))?;
        map.end()
    }
}

fn json(value: impl Into<serde_json::Value>) -> serde_json::Value {
    value.into()
}

/// A map whose keys keep this order.
struct Ordered(Vec<(&'static str, serde_json::Value)>);

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}

struct List<'a, T, F>(&'a [T], F);

impl<T, R: Serialize, F: Fn(&T) -> R> Serialize for List<'_, T, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for item in self.0 {
            list.serialize_element(&(self.1)(item))?;
        }
        list.end()
    }
}

struct Outputs<'a>(&'a [(Arc<str>, Outcome)], Show);

impl Serialize for Outputs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, outcome)| (&**name, self.1.outcome_json(outcome))))
    }
}

struct Scores<'a>(&'a Decision);

impl Serialize for Scores<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let show = self.0.show;
        serializer.collect_map(self.0.scores.iter().map(|score| {
            let parts: Vec<serde_json::Value> =
                score.parts.iter().map(|(id, points)| score_part(id, points, show)).collect();
            (&*score.name, Ordered(vec![("value", show.outcome_json(&score.value)), ("parts", json(parts))]))
        }))
    }
}

fn score_part(id: &str, points: &Outcome, show: Show) -> serde_json::Value {
    serde_json::json!({ "id": id, "points": show.outcome_json(points) })
}

struct Escalations<'a>(&'a Decision);

impl Serialize for Escalations<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.escalations.iter().map(|escalation| escalation.ordered(self.0.show)))
    }
}

impl Escalation {
    fn ordered(&self, show: Show) -> Ordered {
        let text = |text: &Option<String>| text.as_deref().map_or(serde_json::Value::Null, json);
        Ordered(vec![
            ("id", json(&*self.id)),
            ("level", show.outcome_json(&self.level)),
            ("assign_to", show.outcome_json(&self.assign_to)),
            ("due_in", show.outcome_json(&self.due_in)),
            ("due_on", show.outcome_json(&self.due_on)),
            ("because", text(&self.because)),
            ("source", text(&self.source)),
        ])
    }
}

struct Arms<'a>(&'a Decision);

impl Serialize for Arms<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.arms())
    }
}

struct Results<'a>(&'a Decision);

impl Serialize for Results<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.results.iter().map(|(name, outputs)| (&**name, Outputs(outputs, self.0.show))))
    }
}
