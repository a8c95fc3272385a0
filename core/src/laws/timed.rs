//! A pack in which time changes all that it can, with numbers out of a seed, and cases for it.

use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};

use crate::calendar::date_at;
use crate::generated::random::Random;
use crate::state::{Done, State, Until};

const ZONES: [&str; 6] =
    ["America/New_York", "America/Los_Angeles", "Europe/London", "Asia/Kolkata", "Pacific/Apia", "Asia/Tokyo"];

/// The pack's zone; its last day-light change lies between the instants of cases.
pub(super) const ZONE: chrono_tz::Tz = chrono_tz::America::New_York;

const HEAD: &str = r#"
pack: timed
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
calendar: us
channels: [call, letter]
calendars:
  us: {weekend: [sat, sun], valid_from: 2025-01-01, valid_until: 2027-03-31, holidays: {2026-11-26: Thanksgiving}}
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
      opened_on: {type: date}
      due_on: {type: date, absent: none}
      hearing_at: {type: timestamp, absent: none}
      count: {type: integer, absent: unknown}
      flag: {type: boolean, absent: unknown}
      zones: {type: list, of: zone, place: true}
      contacts: {type: list, of: {at: {type: timestamp, time: true}, channel: {type: choice, of: channels}}}
      payments: {type: list, of: {paid_on: {type: date, time: true}, amount: {type: money}}}
"#;

const CONDITIONS: [&str; 36] = [
    "days_since(opened_on) > N",
    "days_since(opened_on) in [N, 3, 12]",
    "days_since(opened_on) * 2 - 5 <= N * 3",
    "today - opened_on >= N.days",
    "today >= DATE",
    "today + N.days > DATE",
    "today - 2.months > opened_on",
    "today + business_days(N) >= DATE",
    "due_on == none or due_on < today",
    "(due_on - 3.days <= today) ?? flag",
    "days_until(due_on ?? DATE) in 0..=N",
    "as_of >= INSTANT",
    "as_of > hearing_at",
    "as_of - N.hours < hearing_at",
    "(as_of - hearing_at > N.hours) ?? false",
    "calls_week >= 2",
    "calls_two_days > 0 and flag",
    "paid > N",
    "paid_months == 0 or balance > 5",
    "latest_call != none and as_of - latest_call < N.hours",
    "local_today > DATE",
    "local_time >= 08:00",
    "local_time in 9.hours..12.hours and not flag",
    "weekday(today) == \"mon\"",
    "is_business_day(today)",
    "business_day(today, \"following\") >= DATE",
    "business_day(today, \"modified\") == today",
    "month(today) == 10 or days_since(opened_on) < N",
    "months_between(opened_on, today) >= 2",
    "business_days_between(opened_on, today) > N",
    "rate(\"prime\", today) > 2.2",
    "days_old > N and not (days_old > 20)",
    "known(count) and days_old / 7 > count",
    "max(days_old, count ?? 0) > N",
    "contacts.any(|c| local_date(c.at) == local_today)",
    "if flag ?? false { days_old > N } else { local_today < DATE }",
];

/// A pack with conditions that were drawn.
pub(super) fn pack(seed: u64) -> String {
    let mut random = Random::new(seed ^ 0x71ed);
    let mut text = HEAD.to_owned();
    let condition = |random: &mut Random| {
        let day = day(random);
        let text = CONDITIONS[random.below(CONDITIONS.len())];
        let text = text.replace("INSTANT", "hearing_at").replace("DATE", &day.to_string());
        let text = text.replace("08:00", "8.hours").replace('N', &random.between(1, 25).to_string());
        if random.chance(25) { format!("({text}) and (balance > 10)") } else { text }
    };
    let dated = |random: &mut Random| match random.below(4) {
        0 => format!(", valid_from: {}", day(random)),
        1 => format!(", valid_until: {}", day(random)),
        _ => String::new(),
    };
    text.push_str(
        "rates:\n  prime: {unit: percent, from: {2025-01-01: 2, 2026-09-20: 2.5}, valid_until: 2026-12-20}\n",
    );
    text.push_str(
        r#"facts:
  calls_week: {count: contacts, where: 'channel == "call"', in: 7 days}
  calls_two_days: {count: contacts, in: 48 hours}
  latest_call: {latest: contacts.at, where: 'channel == "call"', in: 30 days}
  paid: {sum: payments.amount, in: 10 days}
  paid_months: {count: payments, in: 2 months}
  days_old: days_since(opened_on)
  overdue_by: '(today - (due_on ?? opened_on)) > 4.days'
"#,
    );
    text.push_str("rules:\n");
    for list in 0..2 {
        let (hit, last) = if list == 0 { ("first", "      - {id: other, give: {word: c}}\n") } else { ("collect", "") };
        text.push_str(&format!("  r{list}:\n    hit: {hit}\n    outputs: {{word: [a, b, c]}}\n    list:\n"));
        for row in 0..2 {
            let (when, dated) = (condition(&mut random), dated(&mut random));
            let give = if random.chance(50) { "a" } else { "b" };
            let when = when.replace('\'', "''");
            text.push_str(&format!("      - {{id: x{row}, when: '{when}', give: {{word: {give}}}{dated}}}\n"));
        }
        text.push_str(last);
    }
    if random.chance(40) {
        let when = condition(&mut random);
        let due_in = *random.pick(&["", ", due_in: 2 business days", ", due_in: 5 days", ", due_in: 36 hours"]);
        text.push_str(&format!(
            "escalations:\n  - {{id: look, when: '{when}', give: {{level: 1, assign_to: team{due_in}}}, cooldown: 9 days}}\n"
        ));
    }
    if random.chance(25) {
        let when = condition(&mut random);
        let floor = *random.pick(&["60.percent", "if days_old > 30 { 40.percent } else { 60.percent }"]);
        let valid = if random.chance(30) { "\n  valid_for: 14 days" } else { "" };
        text.push_str(&format!("settlement:\n  none_when: ['{when}']\n  floor: '{floor}'{valid}\n"));
    }
    if random.chance(25) {
        let when = condition(&mut random);
        text.push_str(&format!(
            "incentives:\n  debtor:\n    offers:\n      - {{id: early, when: '{when}', give: {{kind: discount, percent: 2, valid_until: = opened_on + {}.days}}}}\n",
            random.between(5, 60)
        ));
    }
    if random.chance(70) {
        contact(&mut random, &mut text);
        let (one, two, out) = (condition(&mut random), condition(&mut random), condition(&mut random));
        let every = *random.pick(&["", ", every: 7 days, at_most: 3", ", every: 4 days, missed: skip"]);
        let applies =
            if random.chance(15) { format!("\n    applies_when: '{}'", condition(&mut random)) } else { String::new() };
        text.push_str(&format!(
            r#"actions:
  call: {{contacting: true, channel: call}}
  letter: {{contacting: true, channel: letter}}
  task: {{params: {{days: integer}}}}
workflows:
  w:{applies}
    initial: s
    stages:
      s:
        due_in: {due} days
        cadence:
          - {{id: a, day: {a}, do: call, when: '{one}'{every}}}
          - {{id: b, before: 3 days, of: due_on, do: letter}}
          - {{id: c, after: {c} days, of: due_on, do: task, when: '{two}'}}
        next:
          - {{to: t, when: '{out} and days_in_stage > {leave}'}}
      t: {{cadence: [{{id: d, day: 2, do: call}}]}}
"#,
            due = random.between(3, 40),
            a = random.between(0, 12),
            c = random.between(1, 9),
            leave = random.between(0, 40),
        ));
    }
    text
}

fn contact(random: &mut Random, text: &mut String) {
    text.push_str("contact:\n  p:\n    place: zones\n    rules:\n      - {id: hours, channels: [call], hours: 08:00 to under 21:00}\n");
    if random.chance(50) {
        text.push_str("      - {id: often, channels: [call], limit: {count: contacts, at_most: 2, in: 7 days}}\n");
    }
    if random.chance(30) {
        text.push_str("      - {id: hourly, limit: {count: contacts, at_most: 2, in: 48 hours}}\n");
    }
    if random.chance(40) {
        text.push_str("      - {id: rest, wait: {after: contacts, for: 2 days}}\n");
    }
    if random.chance(30) {
        text.push_str("      - {id: block, blocked_until: due_on}\n");
    }
    if random.chance(30) {
        text.push_str("      - {id: asked, deny_when: 'opened_on >= today - 20.days'}\n");
    }
}

fn day(random: &mut Random) -> NaiveDate {
    let first = NaiveDate::from_ymd_opt(2026, 9, 1).expect("a day");
    first + Days::new(random.below(90) as u64)
}

/// A case, when it is decided, and its state where it has one.
pub(super) struct Timed {
    pub(super) record: String,
    pub(super) as_of: DateTime<Utc>,
    pub(super) state: Option<State>,
}

/// A case of a pack that was made.
pub(super) fn case(random: &mut Random, engine: &crate::Engine) -> Timed {
    let start: DateTime<Utc> = "2026-09-10T00:00:00Z".parse().expect("an instant");
    let second = random.between(0, 60 * 86_400);
    let as_of = start + TimeDelta::seconds(if random.chance(50) { second / 3_600 * 3_600 } else { second });
    let today = date_at(as_of, ZONE);
    let before = |random: &mut Random, days: i64| today - Days::new(random.between(0, days).unsigned_abs());
    let quoted = |text: String| format!("\"{text}\"");
    let instant = |at: DateTime<Utc>| quoted(at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let mut items = vec![
        "\"case_id\": \"C-1\"".to_owned(),
        format!("\"balance\": {}", random.between(1, 900)),
        format!("\"opened_on\": {}", quoted(before(random, 40).to_string())),
    ];
    let zones = random.below(3).max(usize::from(random.chance(90)));
    let zones: Vec<String> = (0..zones).map(|_| quoted((*random.pick(&ZONES)).to_owned())).collect();
    items.push(format!("\"zones\": [{}]", zones.join(", ")));
    if random.chance(70) {
        let day = before(random, 20) + Days::new(random.below(40) as u64);
        items.push(format!("\"due_on\": {}", quoted(day.to_string())));
    }
    if random.chance(60) {
        let at = as_of + TimeDelta::seconds(random.between(-5, 5) * 43_200 + random.between(-3_600, 3_600));
        items.push(format!("\"hearing_at\": {}", instant(at)));
    }
    if random.chance(80) {
        items.push(format!("\"count\": {}, \"flag\": {}", random.between(0, 9), random.chance(60)));
    }
    let contacts: Vec<String> = (0..random.below(4))
        .map(|_| {
            let at = as_of - TimeDelta::minutes(random.between(0, 10 * 1_440));
            let channel = if random.chance(70) { "call" } else { "letter" };
            format!("{{\"at\": {}, \"channel\": \"{channel}\"}}", instant(at))
        })
        .collect();
    items.push(format!("\"contacts\": [{}]", contacts.join(", ")));
    let payments: Vec<String> = (0..random.below(3))
        .map(|_| {
            let day = quoted(before(random, 70).to_string());
            format!("{{\"paid_on\": {day}, \"amount\": {}}}", random.between(1, 60))
        })
        .collect();
    items.push(format!("\"payments\": [{}]", payments.join(", ")));
    let state = state(random, engine, as_of, today);
    Timed { record: format!("{{{}}}", items.join(", ")), as_of, state }
}

fn state(random: &mut Random, engine: &crate::Engine, as_of: DateTime<Utc>, today: NaiveDate) -> Option<State> {
    if random.chance(15) {
        return None;
    }
    let since = today - Days::new(random.below(20) as u64);
    let started = engine.start("C-1", "w", "s", since).ok();
    let mut state = match started {
        Some(state) => state,
        None => State::in_no_workflow("C-1", engine.pack().clone()).ok()?,
    };
    if random.chance(30) && state.stage().is_some() {
        let done = Done { step: "a".to_owned(), occurrence: 1, due: since, entry: state.entry() };
        state = state.record(&done, "done", as_of).expect("it is recorded");
    }
    if random.chance(30) {
        let days = Days::new(random.below(12) as u64);
        let until = match random.chance(50) {
            true => Until::Day(today + days),
            false => Until::Instant(as_of + TimeDelta::minutes(random.between(0, 5_000))),
        };
        state = state.record_cooldown("escalations/look", until).expect("it rests");
    }
    if random.chance(20) {
        let (from, until) = (today - Days::new(2) + Days::new(random.below(6) as u64), random.chance(70));
        let until = until.then(|| from + Days::new(random.below(9) as u64));
        state = state.hold("h", "ill", "jo", from, until).expect("it holds");
    }
    Some(state)
}
