//! Cases with a past: takes a committed case, adds contacts, promises, places and steps that are done, from a seed.

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use recoup_examples::random::Random;
use serde_json::json;

use super::baseline::{self, STEPS};
use super::{Channel, names};
use crate::policy::Policy;
use crate::workload::SEED;
use crate::{Error, Result, baseline as policy_76, cases as committed};

/// A case with its past.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are those of the pack")]
pub struct Case {
    pub key: String,
    /// In the order of the policy's fields.
    pub values: Vec<i64>,
    pub policy: policy_76::Case,
    pub time_zones: Vec<Tz>,
    pub preferred: Option<Channel>,
    pub contacts: Vec<Contact>,
    pub promise_due: Option<NaiveDate>,
    pub cease_requested_on: Option<NaiveDate>,
    pub moratorium_to: Option<NaiveDate>,
    pub is_suspected_vulnerable: bool,
    /// Day 0 of the stage.
    pub since: NaiveDate,
    /// Steps that are done: the step, and which occurrence.
    pub done: Vec<(&'static str, u32)>,
}

/// A contact that was.
#[derive(Clone, Copy, Debug)]
#[expect(missing_docs, reason = "the fields are those of the pack")]
pub struct Contact {
    pub at: DateTime<Utc>,
    pub channel: Channel,
    pub result: Reached,
}

names! {
    /// How a contact went.
    Reached: NoAnswer = "no_answer" LeftMessage = "left_message" Conversation = "conversation"
        NotConnected = "not_connected"
}

const ZONES: [Tz; 6] = [
    Tz::America__New_York,
    Tz::America__Chicago,
    Tz::America__Denver,
    Tz::America__Phoenix,
    Tz::America__Los_Angeles,
    Tz::Pacific__Honolulu,
];

/// The cases, each with a past before an instant.
///
/// # Errors
/// When a date leaves the calendar.
pub fn generated(cases: &[committed::Case], as_of: DateTime<Utc>) -> Result<Vec<Case>> {
    let mut random = Random::seeded(SEED);
    let today = as_of.with_timezone(&Tz::America__New_York).date_naive();
    cases.iter().map(|case| generate(case, today, as_of, &mut random)).collect()
}

fn generate(given: &committed::Case, today: NaiveDate, as_of: DateTime<Utc>, random: &mut Random) -> Result<Case> {
    // A stage lasts weeks, not years.
    let mut policy = given.plain;
    policy.days_in_stage = i32::try_from(random.between(0, 40))?;
    let before = |days: i64| days_before(today, days);
    let since = before(policy.days_in_stage.into())?;
    let mut time_zones = vec![random.pick(ZONES)];
    if random.in_thousand(200) {
        time_zones.push(random.pick(ZONES));
        time_zones.dedup();
    }
    let mut contacts = Vec::new();
    for _ in 0..random.within([(6, (0, 2)), (3, (3, 6)), (2, (7, 14))]) {
        let minutes = random.between(5, 12 * 24 * 60);
        contacts.push(Contact {
            at: as_of.checked_sub_signed(TimeDelta::minutes(minutes)).ok_or("before all time")?,
            channel: random.weighted([
                (6, Channel::Call),
                (2, Channel::Sms),
                (2, Channel::Email),
                (1, Channel::Letter),
            ]),
            result: random.weighted([
                (5, Reached::NoAnswer),
                (3, Reached::LeftMessage),
                (1, Reached::Conversation),
                (1, Reached::NotConnected),
            ]),
        });
    }
    contacts.sort_by_key(|contact| contact.at);
    let mut maybe = |thousandth: i64, low: i64, high: i64| -> Result<Option<NaiveDate>> {
        let days = random.between(low, high);
        if random.in_thousand(thousandth) { before(days).map(Some) } else { Ok(None) }
    };
    let promise_due = maybe(400, -5, 8)?;
    let cease_requested_on = maybe(40, 1, 200)?;
    let moratorium_to = maybe(60, -30, 20)?;
    let mut case = Case {
        key: given.key.clone(),
        values: given.values.clone(),
        policy,
        time_zones,
        preferred: random.pick([None, Some(Channel::Sms), Some(Channel::Email), Some(Channel::Letter)]),
        contacts,
        promise_due,
        cease_requested_on,
        moratorium_to,
        is_suspected_vulnerable: random.in_thousand(100),
        since,
        done: Vec::new(),
    };
    for step in STEPS.iter().filter(|step| step.stage == policy.stage) {
        if let Some(due) = baseline::due(step, &case, since, today)
            && random.in_thousand(250)
        {
            case.done.push((step.name, due.occurrence));
        }
    }
    Ok(case)
}

fn days_before(today: NaiveDate, days: i64) -> Result<NaiveDate> {
    let count = Days::new(days.unsigned_abs());
    let day = if days < 0 { today.checked_add_days(count) } else { today.checked_sub_days(count) };
    day.ok_or_else(|| Error::from("a day beyond the calendar"))
}

/// A case as recoup reads it.
pub fn record(policy: &Policy, case: &Case) -> String {
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    let contacts: Vec<_> = case
        .contacts
        .iter()
        .map(|contact| {
            json!({"at": instant(contact.at), "channel": contact.channel.name(), "outcome": contact.result.name()})
        })
        .collect();
    let more = json!({
        "time_zones": case.time_zones.iter().map(|zone| zone.name()).collect::<Vec<_>>(),
        "preferred": case.preferred.map(Channel::name),
        "contacts": contacts,
        "promise_due": case.promise_due.map(|day| day.to_string()),
        "cease_requested_on": case.cease_requested_on.map(|day| day.to_string()),
        "moratorium_to": case.moratorium_to.map(|day| day.to_string()),
        "vulnerability": case.is_suspected_vulnerable.then_some("suspected"),
    });
    let without = committed::record_without(policy, &case.key, &case.values, &["stage", "days_in_stage"]);
    // Two objects into one.
    format!("{}, {}", without.trim_end_matches('}'), more.to_string().trim_start_matches('{'))
}
