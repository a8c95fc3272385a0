//! The course of a case in hand-written Rust: takes a case with its past, gives where it stands and what is to be done.
//!
//! As a programmer writes it who knows this one pack: no rule is looked up by name, nothing is explained or checked.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Timelike, Utc, Weekday};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::cases::{Case, Reached};
use super::pack::WORKFLOW;
use super::{Action, ActionId, Channel, Course, Status, Tried, Verdict};
use crate::baseline::{CustomerType, Outcome, Stage, decide as decide_policy};

/// Something that is done in a stage.
#[derive(Debug)]
pub struct Step {
    /// The stage.
    pub stage: Stage,
    /// The step's id.
    pub name: &'static str,
    due: Due,
    does: Does,
    /// Whether it is left out.
    is_left_out: fn(&Case) -> bool,
}

#[derive(Debug)]
enum Due {
    Day(u64),
    /// Days from one on, at most so often.
    Every(u64, u64, u32),
    /// So many days before the promise, up to its day.
    BeforePromise(u64),
    AfterPromise(u64),
}

#[derive(Debug)]
enum Does {
    Call,
    /// A text by the preferred channel, where it fits, or else by these; and the channels that fit.
    Send {
        preferred: bool,
        channels: &'static [Channel],
        fits: &'static [Channel],
    },
    Task,
}

/// A day on which a step is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Occurrence {
    /// Which one.
    pub occurrence: u32,
    due: NaiveDate,
}

use Channel::{Call, Email, Letter, Sms};

const REMINDER: &[Channel] = &[Sms, Email, Letter];
const PAPER: &[Channel] = &[Email, Letter];

const fn step(stage: Stage, name: &'static str, due: Due, does: Does) -> Step {
    Step { stage, name, due, does, is_left_out: |_| false }
}

const fn unless(step: Step, is_left_out: fn(&Case) -> bool) -> Step {
    Step { is_left_out, ..step }
}

const fn preferred(channels: &'static [Channel], fits: &'static [Channel]) -> Does {
    Does::Send { preferred: true, channels, fits }
}

const fn by(channels: &'static [Channel], fits: &'static [Channel]) -> Does {
    Does::Send { preferred: false, channels, fits }
}

/// All steps of all stages, in their order.
pub const STEPS: [Step; 17] = [
    step(Stage::New, "welcome", Due::Day(0), preferred(&[Letter], PAPER)),
    unless(step(Stage::New, "introduce", Due::Day(3), Does::Call), |case| case.promise_due.is_some()),
    step(Stage::Soft, "reminder", Due::Day(1), preferred(&[Email], REMINDER)),
    step(Stage::Soft, "weekly", Due::Every(7, 7, 3), by(&[Sms, Email], REMINDER)),
    step(Stage::Remind, "reminder", Due::Day(0), preferred(&[Email], REMINDER)),
    unless(step(Stage::Remind, "ring", Due::Day(5), Does::Call), |case| case.policy.balance < 50_000),
    step(Stage::Remind, "weekly", Due::Every(10, 7, 4), by(&[Sms, Email], REMINDER)),
    unless(step(Stage::Call, "ring", Due::Every(0, 2, 10), Does::Call), |case| case.promise_due.is_some()),
    step(Stage::Call, "letter", Due::Day(12), by(&[Letter], PAPER)),
    step(Stage::Promise, "before-promise", Due::BeforePromise(2), preferred(&[Sms], &[Sms, Email])),
    step(Stage::Promise, "missed", Due::AfterPromise(1), Does::Call),
    unless(step(Stage::Negotiate, "offer", Due::Day(1), Does::Call), |case| case.policy.hardship),
    step(Stage::Negotiate, "follow-up", Due::Day(10), preferred(&[Letter], PAPER)),
    step(Stage::PreLegal, "final", Due::Day(0), by(&[Letter], &[Letter])),
    step(Stage::PreLegal, "last-call", Due::Day(14), Does::Call),
    step(Stage::Legal, "file", Due::Day(0), Does::Task),
    step(Stage::Agency, "place", Due::Day(0), Does::Task),
];

/// A stage as the pack calls it.
pub fn name(stage: Stage) -> &'static str {
    match stage {
        Stage::New => "NEW",
        Stage::Soft => "SOFT",
        Stage::Remind => "REMIND",
        Stage::Call => "CALL",
        Stage::Promise => "PROMISE",
        Stage::Negotiate => "NEGOTIATE",
        Stage::PreLegal => "PRELEGAL",
        Stage::Legal => "LEGAL",
        Stage::Agency => "AGENCY",
        Stage::Closed => "CLOSED",
    }
}

/// Decides a case, walks through its stages, and says what is to be done.
pub fn decide(case: &Case, as_of: DateTime<Utc>) -> Course {
    let today = as_of.with_timezone(&Tz::America__New_York).date_naive();
    let outcome = decide_policy(&case.policy);
    let mut at = case.policy;
    let (mut since, mut entry) = (case.since, 1);
    let mut next = outcome.stage;
    let mut seen = 1_u16 << at.stage as u16;
    let mut actions = Vec::new();
    while next != at.stage && seen & 1 << next as u16 == 0 {
        if entry > 1 {
            // Tasks of a stage that is passed through.
            steps(case, (at.stage, since, entry), today, true, &mut actions);
        }
        seen |= 1 << next as u16;
        at.stage = next;
        at.days_in_stage = 0;
        since = today;
        entry += 1;
        next = decide_policy(&at).stage;
    }
    steps(case, (at.stage, since, entry), today, false, &mut actions);
    let mut made = Made { at: Some(as_of), ..Made::default() };
    for (action, does) in &mut actions {
        judge(case, action, does, as_of, &mut made);
    }
    let actions = actions.into_iter().map(|(action, _)| action).collect();
    Course { outcome: Outcome { stage: at.stage, ..outcome }, since, actions }
}

fn steps(
    case: &Case,
    (stage, since, entry): (Stage, NaiveDate, u32),
    today: NaiveDate,
    is_passing: bool,
    actions: &mut Vec<(Action, &'static Does)>,
) {
    static ALL: [Step; 17] = STEPS;
    for step in ALL.iter().filter(|step| step.stage == stage) {
        if is_passing && !matches!(step.does, Does::Task) || (step.is_left_out)(case) {
            continue;
        }
        let Some(Occurrence { occurrence, due }) = due(step, case, since, today) else { continue };
        let is_done = entry == 1 && case.done.contains(&(step.name, occurrence));
        if !is_done {
            let id = action_id(&case.key, stage, entry, step.name, due);
            let (channel, tried, status) = (None, Vec::new(), Status::Ready);
            actions.push((Action { id, step: step.name, channel, status, tried, not_before: None }, &step.does));
        }
    }
}

/// The day of a step that is to be done by today, the latest where it is repeated.
pub fn due(step: &Step, case: &Case, since: NaiveDate, today: NaiveDate) -> Option<Occurrence> {
    let behind = |day: NaiveDate, days: u64| day.checked_add_days(Days::new(days));
    let of_date = |due: NaiveDate| Occurrence { occurrence: due.num_days_from_ce().unsigned_abs(), due };
    match step.due {
        Due::Day(day) => {
            let due = behind(since, day)?;
            (due <= today).then_some(Occurrence { occurrence: 1, due })
        }
        Due::Every(first, every, at_most) => {
            let first = behind(since, first)?;
            let days = u64::try_from(today.signed_duration_since(first).num_days()).ok()?;
            let index = (days / every).min(u64::from(at_most) - 1);
            Some(Occurrence { occurrence: u32::try_from(index).ok()? + 1, due: behind(first, index * every)? })
        }
        Due::BeforePromise(days) => {
            let promise = case.promise_due?;
            let due = promise.checked_sub_days(Days::new(days))?;
            (due <= today && today <= promise).then(|| of_date(due))
        }
        Due::AfterPromise(days) => {
            let due = behind(case.promise_due?, days)?;
            (due <= today).then(|| of_date(due))
        }
    }
}

fn action_id(key: &str, stage: Stage, entry: u32, step: &str, due: NaiveDate) -> ActionId {
    let mut hash = Sha256::new();
    for part in [key, WORKFLOW, name(stage), &entry.to_string(), step, &due.to_string()] {
        hash.update(part);
        hash.update([0]);
    }
    let mut id = ActionId::default();
    id.copy_from_slice(&hash.finalize()[..16]);
    id
}

/// Contacts of this decision that count: by the rule for all of them, and by that for calls.
#[derive(Clone, Copy, Default)]
struct Made {
    at: Option<DateTime<Utc>>,
    nine_a_week: usize,
    seven_in_seven: usize,
}

fn judge(case: &Case, action: &mut Action, does: &Does, as_of: DateTime<Utc>, made: &mut Made) {
    let (first, channels): (Option<Channel>, &[Channel]) = match does {
        Does::Task => return,
        Does::Call => (None, &[Call]),
        Does::Send { preferred, channels, fits } => {
            (case.preferred.filter(|channel| *preferred && fits.contains(channel)), channels)
        }
    };
    for channel in first.into_iter().chain(channels.iter().copied().filter(|channel| Some(*channel) != first)) {
        let found = look(case, channel, as_of, made);
        let next_allowed_at = next(case, channel, as_of, made, found);
        action.tried.push(Tried { channel, verdict: found.verdict, next_allowed_at });
        if found.verdict == Verdict::Allow {
            action.channel = Some(channel);
            made.nine_a_week += usize::from(channel != Letter);
            made.seven_in_seven += usize::from(channel == Call && case.policy.customer_type == CustomerType::Consumer);
            return;
        }
    }
    let is_for_review = action.tried.iter().any(|tried| tried.verdict == Verdict::Review);
    if is_for_review || action.tried.is_empty() {
        action.status = Status::NeedsReview;
    } else {
        action.status = Status::Blocked;
        action.not_before = action.tried.iter().filter_map(|tried| tried.next_allowed_at).min();
    }
}

/// What is found of a contact at an instant.
#[derive(Clone, Copy)]
struct Found {
    verdict: Verdict,
    /// When all that denies may be over; none where time lifts it not.
    until: Option<DateTime<Utc>>,
}

impl Found {
    fn deny(&mut self, until: Option<DateTime<Utc>>) {
        self.verdict = Verdict::Deny;
        self.until = self.until.zip(until).map(|(a, b)| a.max(b));
    }

    /// Denies where seven days hold as many events as they may.
    fn limit(&mut self, days: impl Iterator<Item = NaiveDate> + Clone, today: NaiveDate, at_most: usize, zone: Tz) {
        let is_in = |day: &NaiveDate| (0..7).contains(&today.signed_duration_since(*day).num_days());
        let count = days.clone().filter(is_in).count();
        if count >= at_most {
            let mut days: Vec<NaiveDate> = days.filter(is_in).collect();
            days.sort_unstable();
            let room = days[count - at_most].checked_add_days(Days::new(7));
            self.deny(room.and_then(|day| shown(zone, day, 0)));
        }
    }
}

fn look(case: &Case, channel: Channel, at: DateTime<Utc>, made: &Made) -> Found {
    let mut found = Found { verdict: Verdict::Allow, until: Some(at) };
    if case.is_suspected_vulnerable {
        found = Found { verdict: Verdict::Review, until: None };
    }
    let is_consumer = case.policy.customer_type == CustomerType::Consumer;
    if case.policy.bankrupt || is_consumer && case.cease_requested_on.is_some() {
        found.deny(None);
    }
    for zone in &case.time_zones {
        look_at(case, channel, at, *zone, made, &mut found);
    }
    found
}

/// What is found at one of the places.
fn look_at(case: &Case, channel: Channel, at: DateTime<Utc>, zone: Tz, made: &Made, found: &mut Found) {
    let local = at.with_timezone(&zone).naive_local();
    let (day, hour) = (local.date(), local.hour());
    if let Some(last) = case.moratorium_to
        && day <= last
    {
        found.deny(last.succ_opt().and_then(|day| shown(zone, day, 0)));
    }
    if channel == Letter {
        return;
    }
    let is_weekend = matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    if channel == Call && is_weekend && !(10..18).contains(&hour) {
        found.deny(if hour < 10 { shown(zone, day, 10) } else { day.succ_opt().and_then(|day| shown(zone, day, 0)) });
    }
    // What lies further back than a week and a day matters to no rule.
    let week = at - TimeDelta::days(9);
    let recent = case.contacts.iter().filter(|contact| contact.at > week);
    let day_of = |at: DateTime<Utc>| at.with_timezone(&zone).date_naive();
    let made_at = |count| std::iter::repeat_n(made.at, count).flatten();
    let all = recent.clone().map(|contact| contact.at).chain(made_at(made.nine_a_week));
    found.limit(all.map(day_of), day, 9, zone);
    if case.policy.customer_type != CustomerType::Consumer {
        return;
    }
    if !(8..21).contains(&hour) {
        let opens = if hour < 8 { Some(day) } else { day.succ_opt() };
        found.deny(opens.and_then(|day| shown(zone, day, 8)));
    }
    if channel == Call {
        let mut calls = recent.filter(|contact| contact.channel == Call);
        let counted = calls.clone().filter(|contact| contact.result != Reached::NotConnected);
        let counted = counted.map(|contact| contact.at).chain(made_at(made.seven_in_seven));
        found.limit(counted.map(day_of), day, 7, zone);
        let talk = calls.rfind(|contact| contact.result == Reached::Conversation);
        if let Some(first) = talk.and_then(|talk| day_of(talk.at).checked_add_days(Days::new(7)))
            && day < first
        {
            found.deny(shown(zone, first, 0));
        }
    }
}

/// The first whole minute at which a contact is allowed, where `found` is what is found now.
fn next(case: &Case, channel: Channel, at: DateTime<Utc>, made: &Made, mut found: Found) -> Option<DateTime<Utc>> {
    let last = at + TimeDelta::days(400);
    let mut minute = at;
    while found.verdict != Verdict::Allow {
        minute = found.until?.max(minute + TimeDelta::minutes(1));
        if minute > last {
            return None;
        }
        found = look(case, channel, minute, made);
    }
    Some(minute)
}

/// When the clock at a place shows an hour.
fn shown(zone: Tz, day: NaiveDate, hour: u32) -> Option<DateTime<Utc>> {
    let time = day.and_time(NaiveTime::from_hms_opt(hour, 0, 0)?);
    zone.from_local_datetime(&time).earliest().map(|shown| shown.with_timezone(&Utc))
}
