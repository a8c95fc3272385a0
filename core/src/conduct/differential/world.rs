//! A pack's contact policies, a case and an attempt as plain data, and as the texts that the engine reads.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc, Weekday};

/// One pack, one case, one attempt.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) policies: Vec<Policy>,
    /// The last day that the calendar covers.
    pub(super) calendar_until: NaiveDate,
    pub(super) case: Case,
    pub(super) attempt: Attempt,
    pub(super) as_of: DateTime<Utc>,
}

#[derive(Clone, Debug)]
pub(super) struct Policy {
    pub(super) applies_when: Vec<Condition>,
    /// Its place is the field `other_zone`, and not that of the pack.
    pub(super) has_own_place: bool,
    pub(super) valid_from: Option<NaiveDate>,
    pub(super) valid_until: Option<NaiveDate>,
    pub(super) rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) channels: Vec<&'static str>,
    pub(super) when: Vec<Condition>,
    pub(super) unless: Vec<Condition>,
    pub(super) valid_from: Option<NaiveDate>,
    pub(super) valid_until: Option<NaiveDate>,
    pub(super) form: Form,
}

#[derive(Clone, Debug)]
pub(super) enum Form {
    Deny(Vec<Condition>),
    Review(Vec<Condition>),
    /// Minutes of the day.
    Hours {
        from: u32,
        until: u32,
        is_under: bool,
        days: Vec<Weekday>,
        holiday: bool,
    },
    Limit {
        of_letters: bool,
        filter: Option<Filter>,
        at_most: usize,
        window: Length,
    },
    Wait {
        of_letters: bool,
        filter: Option<Filter>,
        length: Length,
        event_day_counts: Option<bool>,
    },
    BlockedUntilDate,
    BlockedUntilInstant,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Days(u32),
    Months(u32),
    BusinessDays(u32),
    Hours(i64),
}

#[derive(Clone, Debug)]
pub(super) enum Filter {
    Outcome(&'static str),
    Channel(&'static str),
    /// The outcome, on no Sunday: time changes what counts.
    OutcomeButSundays(&'static str),
}

#[derive(Clone, Debug)]
pub(super) enum Condition {
    IsConsumer,
    IsHighRisk,
    Flag,
    NotFlag,
    FlagIsKnown,
    Channel(&'static str),
    Purpose(&'static str),
    Debtors,
    Weekday(Vec<Weekday>),
    /// Minutes of the day, both included.
    TimeBetween(u32, u32),
    TimeBefore(u32),
    LocalTodayFrom(NaiveDate),
    LocalDateUntil(NaiveDate),
    PackDateFrom(NaiveDate),
    AttemptBeforeUntil,
    /// Within so many hours behind the field `until_at`: any minute may change it.
    SoonAfterUntil(i64),
    TodayFrom(NaiveDate),
    Both(Box<(Condition, Condition)>),
    Either(Box<(Condition, Condition)>),
}

/// What a case says, or that it is not known.
#[derive(Clone, Debug)]
pub(super) enum Said<T> {
    Unknown,
    None,
    Is(T),
}

#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) is_consumer: Said<bool>,
    pub(super) is_high_risk: Said<bool>,
    pub(super) flag: Said<bool>,
    /// The items may be unknown.
    pub(super) zones: Said<Vec<Option<&'static str>>>,
    pub(super) other_zone: Said<&'static str>,
    pub(super) until_on: Said<NaiveDate>,
    pub(super) until_at: Said<DateTime<Utc>>,
    pub(super) calls: Said<Vec<Call>>,
    pub(super) letters: Said<Vec<Letter>>,
}

#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) channel: &'static str,
    pub(super) outcome: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) on: NaiveDate,
    pub(super) channel: &'static str,
    pub(super) outcome: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) channel: &'static str,
    pub(super) at: Option<DateTime<Utc>>,
    pub(super) purpose: Option<&'static str>,
    pub(super) is_debtors: bool,
}

pub(super) const PACK_ZONE: chrono_tz::Tz = chrono_tz::America::New_York;
pub(super) const CALENDAR_FROM: (i32, u32, u32) = (2025, 1, 1);
pub(super) const HOLIDAYS: [&str; 8] =
    ["2026-01-01", "2026-03-09", "2026-09-07", "2026-11-02", "2026-11-26", "2026-12-25", "2027-01-01", "2027-03-29"];

const HEADER: &str = "\
pack: world
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
calendar: days
channels: [call, sms, letter]
records:
  case:
    fields:
      case_id: {type: text, key: true}
      kind: {type: choice, of: [consumer, business], absent: unknown}
      risk: {type: choice, of: [low, high], absent: none}
      flag: {type: boolean, absent: unknown}
      zones: {type: list, of: zone, place: true, absent: unknown}
      other_zone: {type: zone, absent: none}
      until_on: {type: date, absent: none}
      until_at: {type: timestamp, absent: none}
      calls:
        type: list
        absent: unknown
        of:
          at: {type: timestamp, time: true}
          channel: {type: choice, of: channels}
          outcome: {type: choice, of: [talk, no_answer], absent: unknown}
      letters:
        type: list
        absent: unknown
        of:
          sent_on: {type: date, time: true}
          channel: {type: choice, of: channels}
          outcome: {type: choice, of: [talk, no_answer], absent: unknown}
";

impl World {
    pub(super) fn pack(&self) -> String {
        let until = self.calendar_until.to_string();
        let holidays = HOLIDAYS.iter().filter(|day| ***day <= *until);
        let holidays: Vec<String> = holidays.map(|day| format!("{day}: holiday")).collect();
        let mut text = format!(
            "{HEADER}calendars:\n  days: {{weekend: [sat, sun], valid_from: 2025-01-01, valid_until: {}, holidays: {{{}}}}}\ncontact:\n",
            self.calendar_until,
            holidays.join(", ")
        );
        for (index, policy) in self.policies.iter().enumerate() {
            text.push_str(&format!("  p{index}:\n"));
            conditions(&mut text, "    ", "applies_when", &policy.applies_when);
            if policy.has_own_place {
                text.push_str("    place: other_zone\n");
            }
            dates(&mut text, "    ", policy.valid_from, policy.valid_until);
            text.push_str("    rules:\n");
            for (index, rule) in policy.rules.iter().enumerate() {
                text.push_str(&format!("      - id: r{index}\n"));
                if !rule.channels.is_empty() {
                    text.push_str(&format!("        channels: [{}]\n", rule.channels.join(", ")));
                }
                conditions(&mut text, "        ", "when", &rule.when);
                conditions(&mut text, "        ", "unless", &rule.unless);
                dates(&mut text, "        ", rule.valid_from, rule.valid_until);
                rule.form.write(&mut text);
            }
        }
        text
    }

    pub(super) fn record(&self) -> String {
        let case = &self.case;
        let mut items = vec!["\"case_id\": \"C-1\"".to_owned()];
        let mut put = |name: &str, value: Option<String>| {
            items.extend(value.map(|value| format!("\"{name}\": {value}")));
        };
        put("kind", case.is_consumer.json(|is| quoted(if *is { "consumer" } else { "business" })));
        put("risk", case.is_high_risk.json(|is| quoted(if *is { "high" } else { "low" })));
        put("flag", case.flag.json(ToString::to_string));
        put("zones", case.zones.json(|zones| list(zones, |zone| zone.map_or_else(|| UNKNOWN.to_owned(), quoted))));
        put("other_zone", case.other_zone.json(|zone| quoted(zone)));
        put("until_on", case.until_on.json(|date| quoted(&date.to_string())));
        put("until_at", case.until_at.json(|at| quoted(&instant(*at))));
        let item = |time: String, channel: &str, outcome: Option<&str>| {
            let outcome = outcome.map_or_else(|| UNKNOWN.to_owned(), quoted);
            format!("{{{time}, \"channel\": \"{channel}\", \"outcome\": {outcome}}}")
        };
        let call = |call: &Call| {
            let at = call.at.map_or_else(|| UNKNOWN.to_owned(), |at| quoted(&instant(at)));
            item(format!("\"at\": {at}"), call.channel, call.outcome)
        };
        put("calls", case.calls.json(|calls| list(calls, call)));
        let letter = |letter: &Letter| item(format!("\"sent_on\": \"{}\"", letter.on), letter.channel, letter.outcome);
        put("letters", case.letters.json(|letters| list(letters, letter)));
        format!("{{{}}}", items.join(", "))
    }

    pub(super) fn attempt(&self) -> crate::record::Attempt {
        let mut attempt = crate::record::Attempt::by(self.attempt.channel);
        if let Some(at) = self.attempt.at {
            attempt = attempt.at(at);
        }
        if let Some(purpose) = self.attempt.purpose {
            attempt = attempt.purpose(purpose);
        }
        if self.attempt.is_debtors { attempt.initiated_by("debtor") } else { attempt }
    }
}

const UNKNOWN: &str = "{\"unknown\": true}";

impl<T> Said<T> {
    fn json(&self, text: impl Fn(&T) -> String) -> Option<String> {
        match self {
            Said::Unknown => Some(UNKNOWN.to_owned()),
            Said::None => None,
            Said::Is(value) => Some(text(value)),
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

fn list<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    format!("[{}]", items.iter().map(text).collect::<Vec<_>>().join(", "))
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn conditions(text: &mut String, indent: &str, key: &str, conditions: &[Condition]) {
    match conditions {
        [] => {}
        [only] => text.push_str(&format!("{indent}{key}: '{}'\n", only.text())),
        several => {
            text.push_str(&format!("{indent}{key}:\n"));
            several.iter().for_each(|condition| text.push_str(&format!("{indent}  - '{}'\n", condition.text())));
        }
    }
}

fn dates(text: &mut String, indent: &str, from: Option<NaiveDate>, until: Option<NaiveDate>) {
    for (key, date) in [("valid_from", from), ("valid_until", until)] {
        if let Some(date) = date {
            text.push_str(&format!("{indent}{key}: {date}\n"));
        }
    }
}

fn clock(minutes: u32) -> String {
    format!("{:02}:{:02}", minutes / 60, minutes % 60)
}

fn span(minutes: u32) -> String {
    if minutes.is_multiple_of(60) { format!("{}.hours", minutes / 60) } else { format!("{minutes}.minutes") }
}

fn day(weekday: Weekday) -> String {
    weekday.to_string().to_lowercase()
}

impl Form {
    fn write(&self, text: &mut String) {
        let mut line = |line: String| text.push_str(&format!("        {line}\n"));
        let filtered = |filter: &Option<Filter>| match filter {
            Some(filter) => format!(", where: '{}'", filter.text()),
            None => String::new(),
        };
        let of = |of_letters: bool| if of_letters { "letters" } else { "calls" };
        match self {
            Form::Deny(any) => conditions(text, "        ", "deny_when", any),
            Form::Review(any) => conditions(text, "        ", "review_when", any),
            Form::Hours { from, until, is_under, days, holiday } => {
                let under = if *is_under { "under " } else { "" };
                line(format!("hours: {} to {under}{}", clock(*from), clock(*until)));
                let mut days: Vec<String> = days.iter().map(|weekday| day(*weekday)).collect();
                days.extend(holiday.then(|| "holiday".to_owned()));
                if !days.is_empty() {
                    line(format!("days: [{}]", days.join(", ")));
                }
            }
            Form::Limit { of_letters, filter, at_most, window } => line(format!(
                "limit: {{count: {}{}, at_most: {at_most}, in: {}}}",
                of(*of_letters),
                filtered(filter),
                window.text()
            )),
            Form::Wait { of_letters, filter, length, event_day_counts } => {
                let counts =
                    event_day_counts.map_or_else(String::new, |counts| format!(", event_day_counts: {counts}"));
                line(format!(
                    "wait: {{after: {}{}, for: {}{counts}}}",
                    of(*of_letters),
                    filtered(filter),
                    length.text()
                ));
            }
            Form::BlockedUntilDate => line("blocked_until: until_on".to_owned()),
            Form::BlockedUntilInstant => line("blocked_until: until_at".to_owned()),
        }
    }
}

impl Length {
    fn text(self) -> String {
        match self {
            Length::Days(days) => format!("{days} days"),
            Length::Months(months) => format!("{months} months"),
            Length::BusinessDays(days) => format!("{days} business days"),
            Length::Hours(hours) => format!("{hours} hours"),
        }
    }
}

impl Filter {
    fn text(&self) -> String {
        match self {
            Filter::Outcome(outcome) => format!("outcome == \"{outcome}\""),
            Filter::Channel(channel) => format!("channel == \"{channel}\""),
            Filter::OutcomeButSundays(outcome) => {
                format!("outcome == \"{outcome}\" and weekday(local_today) != \"sun\"")
            }
        }
    }
}

impl Condition {
    fn text(&self) -> String {
        match self {
            Condition::IsConsumer => "kind == \"consumer\"".to_owned(),
            Condition::IsHighRisk => "risk == \"high\"".to_owned(),
            Condition::Flag => "flag".to_owned(),
            Condition::NotFlag => "not flag".to_owned(),
            Condition::FlagIsKnown => "known(flag)".to_owned(),
            Condition::Channel(channel) => format!("attempt.channel == \"{channel}\""),
            Condition::Purpose(purpose) => format!("attempt.purpose == \"{purpose}\""),
            Condition::Debtors => "attempt.initiated_by == \"debtor\"".to_owned(),
            Condition::Weekday(days) => {
                let days: Vec<String> = days.iter().map(|weekday| quoted(&day(*weekday))).collect();
                format!("weekday(local_today) in [{}]", days.join(", "))
            }
            Condition::TimeBetween(from, until) => format!("local_time in {}..={}", span(*from), span(*until)),
            Condition::TimeBefore(minutes) => format!("local_time < {}", span(*minutes)),
            Condition::LocalTodayFrom(date) => format!("local_today >= {date}"),
            Condition::LocalDateUntil(date) => format!("local_date(attempt.at) <= {date}"),
            Condition::PackDateFrom(date) => format!("date_of(attempt.at) >= {date}"),
            Condition::AttemptBeforeUntil => "attempt.at < until_at".to_owned(),
            Condition::SoonAfterUntil(hours) => format!("attempt.at - until_at < {hours}.hours"),
            Condition::TodayFrom(date) => format!("today >= {date}"),
            Condition::Both(two) => format!("({} and {})", two.0.text(), two.1.text()),
            Condition::Either(two) => format!("({} or {})", two.0.text(), two.1.text()),
        }
    }
}
