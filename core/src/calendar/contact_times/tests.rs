//! Worked examples of the law, and the odd days of clocks and calendars.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday, WeekdaySet};
use chrono_tz::{TZ_VARIANTS, Tz};

use super::next_allowed::{PolicyTimes, next_allowed};
use super::*;
use crate::calendar::Calendar;

/// An instant as it is written with its offset: `2026-09-08T09:00:00-04:00`.
fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap_or_else(|_| panic!("{text} is an instant")).to_utc()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap_or_else(|_| panic!("{text} is a date"))
}

fn time(text: &str) -> NaiveTime {
    text.parse().unwrap_or_else(|_| panic!("{text} is a time"))
}

fn instants(texts: &[&str]) -> Vec<Moment> {
    texts.iter().map(|text| Moment::Instant(at(text))).collect()
}

/// From a time to under another, on all days.
fn hours(from: &str, until: &str) -> Hours<'static> {
    Hours {
        weekdays: WeekdaySet::EMPTY,
        holidays: None,
        from: time(from),
        until: time(until),
        until_is_included: false,
    }
}

fn daily(from: &str, until: &str) -> TimeRule<'static> {
    TimeRule::Hours(hours(from, until))
}

fn calendar(holidays: &[&str]) -> Calendar {
    Calendar {
        name: "public".to_owned(),
        weekend: vec![Weekday::Sat, Weekday::Sun],
        valid_from: date("2026-01-01"),
        valid_until: date("2026-12-31"),
        holidays: holidays.iter().map(|day| (date(day), "a holiday".to_owned())).collect::<BTreeMap<_, _>>(),
    }
}

fn allows(rule: &TimeRule<'_>, zone: Tz, instant: &str) -> bool {
    rule.allows(&Local::of(zone, at(instant)).expect("it can be held")).expect("it can be judged")
}

fn next(rules: &[TimeRule<'_>], zones: &[Tz], from: &str) -> Option<DateTime<Utc>> {
    next_allowed(&[PolicyTimes { zones, rules }], at(from)).expect("it can be judged")
}

#[track_caller]
fn check_next(rules: &[TimeRule<'_>], zones: &[Tz], from: &str, expected: &str) {
    assert_eq!(next(rules, zones, from), Some(at(expected)));
}

/// Regulation F, 12 CFR 1006.6(b)(1): not before 8:00 and not after 21:00 at the person's place. The statute says
/// "before 9 o'clock postmeridian", so 21:00:00 itself is not safe.
#[test]
fn hours_hold_at_every_place_where_the_person_may_be() {
    let rule = daily("08:00:00", "21:00:00");
    assert!(!allows(&rule, Tz::America__New_York, "2026-09-08T07:59:59-04:00"));
    assert!(allows(&rule, Tz::America__New_York, "2026-09-08T08:00:00-04:00"));
    assert!(allows(&rule, Tz::America__New_York, "2026-09-08T20:59:59-04:00"));
    assert!(!allows(&rule, Tz::America__New_York, "2026-09-08T21:00:00-04:00"));

    // Eight in New York is five in Los Angeles, and six in Los Angeles is nine in New York.
    let both = [Tz::America__New_York, Tz::America__Los_Angeles];
    check_next(&[rule], &both, "2026-09-08T08:00:00-04:00", "2026-09-08T11:00:00-04:00");
    check_next(&[rule], &both, "2026-09-08T20:59:00-04:00", "2026-09-08T20:59:00-04:00");
    check_next(&[rule], &both, "2026-09-08T18:00:00-07:00", "2026-09-09T08:00:00-07:00");
}

/// 12 CFR 1006.14(b)(2)(i)(A), Law example L09: nine unanswered calls from 2026-09-07 to 09-13, so the eighth attempt
/// in seven days is denied, US-6.
#[test]
fn the_eighth_call_in_seven_days_is_denied() {
    let calls = instants(&[
        "2026-09-07T10:00:00-04:00",
        "2026-09-08T10:00:00-04:00",
        "2026-09-09T10:00:00-04:00",
        "2026-09-10T10:00:00-04:00",
        "2026-09-11T10:00:00-04:00",
        "2026-09-11T15:00:00-04:00",
        "2026-09-12T10:00:00-04:00",
    ]);
    let rules =
        [TimeRule::Limit(Limit { events: &calls, at_most: 7, window: Window::Days(7) }), daily("08:00:00", "21:00:00")];
    let [limit, _] = rules;
    let zone = Tz::America__New_York;
    assert!(!allows(&limit, zone, "2026-09-12T15:00:00-04:00"));
    assert!(!allows(&limit, zone, "2026-09-13T10:00:00-04:00"));
    assert!(!allows(&limit, zone, "2026-09-13T23:59:59-04:00"));
    // Days, not spans of 168 hours: the call of the morning of the 7th is out at midnight.
    assert!(allows(&limit, zone, "2026-09-14T00:00:00-04:00"));
    check_next(&rules, &[zone], "2026-09-12T15:00:00-04:00", "2026-09-14T08:00:00-04:00");

    // One call more on the 12th, and the second of the seven must leave too.
    let calls: Vec<Moment> = calls.iter().copied().chain(instants(&["2026-09-12T15:00:00-04:00"])).collect();
    let limit = TimeRule::Limit(Limit { events: &calls, at_most: 7, window: Window::Days(7) });
    check_next(&[limit], &[zone], "2026-09-13T10:00:00-04:00", "2026-09-15T00:00:00-04:00");
}

/// 12 CFR 1006.14(b)(2)(i)(B), example L10: a conversation on Tuesday 2026-09-08; five denials; first permitted call
/// 2026-09-15. The day of the conversation is the first of the seven.
#[test]
fn after_a_conversation_seven_days_pass() {
    let spoken = instants(&["2026-09-08T16:30:00-04:00"]);
    let wait = TimeRule::Wait(Wait { events: &spoken, length: Length::Days(7), event_day_counts: true });
    let zone = Tz::America__New_York;
    for day in ["09", "10", "11", "12", "14"] {
        assert!(!allows(&wait, zone, &format!("2026-09-{day}T12:00:00-04:00")));
    }
    assert!(allows(&wait, zone, "2026-09-08T16:29:59-04:00"));
    assert!(!allows(&wait, zone, "2026-09-08T16:30:00-04:00"));
    let rules = [wait, daily("08:00:00", "21:00:00")];
    check_next(&rules, &[zone], "2026-09-09T09:00:00-04:00", "2026-09-15T08:00:00-04:00");

    let wait = TimeRule::Wait(Wait { events: &spoken, length: Length::Days(7), event_day_counts: false });
    check_next(&[wait], &[zone], "2026-09-09T09:00:00-04:00", "2026-09-16T00:00:00-04:00");
}

/// RG 96 (ACCC and ASIC), April 2021: by phone Monday to Friday 7:30 to 21:00, weekends 9:00 to 21:00, on national
/// public holidays not at all. Example: Saturday 08:45 in Sydney is denied.
#[test]
fn weekends_and_holidays_have_hours_of_their_own() {
    let public = calendar(&["2026-01-26"]);
    let weekdays = WeekdaySet::from_array([Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri]);
    let rules = [
        TimeRule::Hours(Hours { weekdays, ..hours("07:30:00", "21:00:00") }),
        TimeRule::Hours(Hours {
            weekdays: WeekdaySet::from_array([Weekday::Sat, Weekday::Sun]),
            ..hours("09:00:00", "21:00:00")
        }),
        TimeRule::Hours(Hours { holidays: Some(&public), ..hours("00:00:00", "00:00:00") }),
    ];
    let [monday_to_friday, weekend, holiday] = rules;
    let zone = Tz::Australia__Sydney;
    assert!(!allows(&weekend, zone, "2026-01-24T08:45:00+11:00"));
    assert!(allows(&monday_to_friday, zone, "2026-01-24T08:45:00+11:00"));
    check_next(&rules, &[zone], "2026-01-24T08:45:00+11:00", "2026-01-24T09:00:00+11:00");
    // Monday the 26th is Australia Day.
    assert!(!allows(&holiday, zone, "2026-01-26T12:00:00+11:00"));
    assert!(allows(&holiday, zone, "2026-01-27T12:00:00+11:00"));
    check_next(&rules, &[zone], "2026-01-25T21:00:00+11:00", "2026-01-27T07:30:00+11:00");
}

/// The circular of the Reserve Bank of India of 2022-08-12: not before 8:00 and not after 19:00. 18:59 is allowed.
#[test]
fn india_ends_at_seven() {
    let rule = daily("08:00:00", "19:00:00");
    assert!(allows(&rule, Tz::Asia__Kolkata, "2026-03-02T18:59:00+05:30"));
    assert!(!allows(&rule, Tz::Asia__Kolkata, "2026-03-02T19:00:00+05:30"));
}

/// Breathing Space, SI 2020/1311: registered 2026-03-02, begun on the 3rd, 60 days, last protected day 2026-05-01.
#[test]
fn a_moratorium_blocks_its_last_day_too() {
    let rule = TimeRule::BlockedUntil(Moment::Date(date("2026-05-01")));
    assert!(!allows(&rule, Tz::Europe__London, "2026-05-01T23:59:59+01:00"));
    assert!(allows(&rule, Tz::Europe__London, "2026-05-02T00:00:00+01:00"));
    check_next(&[rule], &[Tz::Europe__London], "2026-03-02T12:00:00Z", "2026-05-01T23:00:00Z");

    let rule = TimeRule::BlockedUntil(Moment::Instant(at("2026-05-01T12:00:30Z")));
    assert!(!allows(&rule, Tz::Europe__London, "2026-05-01T12:00:29Z"));
    assert!(allows(&rule, Tz::Europe__London, "2026-05-01T12:00:30Z"));
    check_next(&[rule], &[Tz::Europe__London], "2026-03-02T12:00:00Z", "2026-05-01T12:01:00Z");
}

#[test]
fn an_end_that_is_included_is_an_instant() {
    let rule = TimeRule::Hours(Hours { until_is_included: true, ..hours("08:00:00", "21:00:00") });
    assert!(allows(&rule, Tz::UTC, "2026-09-08T21:00:00Z"));
    assert!(!allows(&rule, Tz::UTC, "2026-09-08T21:00:30Z"));
    check_next(&[rule], &[Tz::UTC], "2026-09-08T21:00:00Z", "2026-09-08T21:00:00Z");
    check_next(&[rule], &[Tz::UTC], "2026-09-08T21:00:01Z", "2026-09-09T08:00:00Z");
    check_next(&[rule], &[Tz::UTC], "2026-09-08T20:59:01Z", "2026-09-08T21:00:00Z");
}

#[test]
fn times_that_are_skipped_never_come_and_those_that_are_repeated_come_twice() {
    let zone = Tz::America__New_York;
    let rule = daily("02:00:00", "03:00:00");
    check_next(&[rule], &[zone], "2026-03-08T00:00:00-05:00", "2026-03-09T02:00:00-04:00");
    let rule = daily("01:30:00", "01:45:00");
    check_next(&[rule], &[zone], "2026-11-01T01:45:00-04:00", "2026-11-01T01:30:00-05:00");
    // Lord Howe puts its clock by half an hour: at two to half past two, and at two to half past one.
    let rule = daily("02:00:00", "02:31:00");
    check_next(&[rule], &[Tz::Australia__Lord_Howe], "2026-10-04T00:00:00+10:30", "2026-10-04T02:30:00+11:00");
    let rule = daily("01:40:00", "01:50:00");
    check_next(&[rule], &[Tz::Australia__Lord_Howe], "2026-04-05T01:50:00+11:00", "2026-04-05T01:40:00+10:30");
}

#[test]
fn a_day_may_begin_late_or_not_at_all() {
    let until = |day: &str| TimeRule::BlockedUntil(Moment::Date(date(day)));
    // In Sao Paulo, until 2018, and in Beirut there is no midnight on the day on which summer time begins.
    check_next(&[until("2018-11-03")], &[Tz::America__Sao_Paulo], "2018-11-01T00:00:00Z", "2018-11-04T01:00:00-02:00");
    check_next(&[until("2026-03-28")], &[Tz::Asia__Beirut], "2026-03-01T00:00:00Z", "2026-03-29T01:00:00+03:00");
    // Apia went from the evening of 29 December 2011 to the morning of the 31st.
    check_next(&[until("2011-12-29")], &[Tz::Pacific__Apia], "2011-12-25T00:00:00Z", "2011-12-31T00:00:00+14:00");
    let friday = Hours { weekdays: WeekdaySet::single(Weekday::Fri), ..hours("00:00:00", "00:00:00") };
    let others = daily("12:00:00", "12:01:00");
    check_next(
        &[TimeRule::Hours(friday), others],
        &[Tz::Pacific__Apia],
        "2011-12-29T13:00:00-10:00",
        "2011-12-31T12:00:00+14:00",
    );
}

/// St. John's put its clock back at one minute past midnight, to a minute past eleven of the day before.
#[test]
fn a_day_may_be_left_and_come_again() {
    let zone = Tz::America__St_Johns;
    let rules = [TimeRule::BlockedUntil(Moment::Date(date("2010-11-06"))), daily("00:00:30", "23:59:59")];
    let [blocked, hours] = rules;
    assert!(allows(&blocked, zone, "2010-11-07T00:00:00-02:30"));
    assert!(!allows(&hours, zone, "2010-11-07T00:00:00-02:30"));
    assert!(!allows(&blocked, zone, "2010-11-06T23:01:00-03:30"));
    check_next(&[blocked], &[zone], "2010-11-06T12:00:00Z", "2010-11-07T00:00:00-02:30");
    check_next(&rules, &[zone], "2010-11-06T12:00:00Z", "2010-11-07T00:01:00-03:30");
}

#[test]
fn only_whole_minutes_of_utc_are_found() {
    // Monrovia was 44 minutes and 30 seconds behind until 1972.
    let rule = daily("08:00:00", "08:00:31");
    check_next(&[rule], &[Tz::Africa__Monrovia], "1971-06-01T00:00:00Z", "1971-06-01T08:45:00Z");
    assert_eq!(next(&[daily("08:00:00", "08:00:30")], &[Tz::Africa__Monrovia], "1970-01-02T00:00:00Z"), None);
    check_next(&[], &[Tz::UTC], "2026-09-08T09:00:00.000000001Z", "2026-09-08T09:01:00Z");
}

#[test]
fn months_end_with_the_shorter_month() {
    let events = [Moment::Date(date("2026-01-31"))];
    let zone = [Tz::UTC];
    let limit = TimeRule::Limit(Limit { events: &events, at_most: 1, window: Window::Months(1) });
    check_next(&[limit], &zone, "2026-02-03T12:00:00Z", "2026-03-01T00:00:00Z");
    let wait = TimeRule::Wait(Wait { events: &events, length: Length::Months(1), event_day_counts: true });
    check_next(&[wait], &zone, "2026-02-03T12:00:00Z", "2026-02-28T00:00:00Z");
    let wait = TimeRule::Wait(Wait { events: &events, length: Length::Months(1), event_day_counts: false });
    check_next(&[wait], &zone, "2026-02-03T12:00:00Z", "2026-03-01T00:00:00Z");
}

#[test]
fn business_days_are_counted_after_the_event() {
    let public = calendar(&["2026-09-07"]);
    let events = [Moment::Date(date("2026-09-04"))];
    let wait = |event_day_counts| {
        TimeRule::Wait(Wait { events: &events, length: Length::BusinessDays(2, &public), event_day_counts })
    };
    check_next(&[wait(true)], &[Tz::UTC], "2026-09-05T12:00:00Z", "2026-09-09T00:00:00Z");
    check_next(&[wait(false)], &[Tz::UTC], "2026-09-05T12:00:00Z", "2026-09-10T00:00:00Z");
}

#[test]
fn exact_time_takes_a_date_for_the_end_of_its_day() {
    let zone = Tz::America__New_York;
    let at_noon = instants(&["2026-03-07T12:00:00-05:00"]);
    let wait = |events| TimeRule::Wait(Wait { events, length: Length::Exact(24 * 3600), event_day_counts: true });
    // The night in between has an hour less.
    check_next(&[wait(&at_noon)], &[zone], "2026-03-07T13:00:00-05:00", "2026-03-08T13:00:00-04:00");
    let day = [Moment::Date(date("2026-03-07"))];
    check_next(&[wait(&day)], &[zone], "2026-03-07T13:00:00-05:00", "2026-03-09T01:00:00-04:00");
    let limit = |events| TimeRule::Limit(Limit { events, at_most: 1, window: Window::Exact(24 * 3600) });
    check_next(&[limit(&at_noon)], &[zone], "2026-03-07T13:00:00-05:00", "2026-03-08T13:00:00-04:00");
    check_next(&[limit(&day)], &[zone], "2026-03-07T13:00:00-05:00", "2026-03-09T01:00:00-04:00");
}

#[test]
fn a_window_of_no_length_holds_nothing() {
    let today = [Moment::Date(date("2026-09-08")), Moment::Instant(at("2026-09-08T12:00:00Z"))];
    for window in [Window::Days(0), Window::Months(0), Window::Exact(0), Window::Days(-1), Window::Exact(-1)] {
        let limit = TimeRule::Limit(Limit { events: &today, at_most: 1, window });
        assert!(allows(&limit, Tz::UTC, "2026-09-08T12:00:00Z"));
    }
}

#[test]
fn events_to_come_matter_when_they_have_come() {
    let events = instants(&["2026-09-08T12:00:00Z", "2026-09-08T18:00:00Z"]);
    let wait = TimeRule::Wait(Wait { events: &events, length: Length::Exact(6 * 3600), event_day_counts: true });
    check_next(&[wait], &[Tz::UTC], "2026-09-08T11:59:00Z", "2026-09-08T11:59:00Z");
    check_next(&[wait], &[Tz::UTC], "2026-09-08T12:00:00Z", "2026-09-09T00:00:00Z");
}

#[test]
fn what_never_opens_has_no_next_time() {
    let never = TimeRule::Limit(Limit { events: &[], at_most: 0, window: Window::Days(1) });
    assert_eq!(next(&[never], &[Tz::UTC], "2026-09-08T12:00:00Z"), None);
    assert_eq!(next(&[daily("21:00:00", "08:00:00")], &[Tz::UTC], "2026-09-08T12:00:00Z"), None);
    let from = "2026-01-01T00:00:30Z";
    let until = |instant: &str| [TimeRule::BlockedUntil(Moment::Instant(at(instant)))];
    // The last minute that is looked at is the one 400 days later, less the seconds.
    check_next(&until("2027-02-05T00:00:00Z"), &[Tz::UTC], from, "2027-02-05T00:00:00Z");
    assert_eq!(next(&until("2027-02-05T00:00:01Z"), &[Tz::UTC], from), None);
}

#[test]
fn a_calendar_that_ends_is_an_error_where_it_decides() {
    let public = calendar(&[]);
    let holidays = TimeRule::Hours(Hours { holidays: Some(&public), ..hours("09:00:00", "21:00:00") });
    let judged = |rules: &[TimeRule<'_>], from: &str| {
        next_allowed(&[PolicyTimes { zones: &[Tz::UTC], rules }], at(from)).map_err(|error| error.code)
    };
    assert_eq!(judged(&[holidays], "2027-01-01T08:00:00Z"), Err(ErrorCode::OutsideValidity));
    // Within the hours it does not matter whether the day is a holiday, nor where another rule denies.
    assert_eq!(judged(&[holidays], "2027-01-01T09:00:00Z"), Ok(Some(at("2027-01-01T09:00:00Z"))));
    let later = daily("10:00:00", "11:00:00");
    assert_eq!(judged(&[holidays, later], "2027-01-01T08:00:00Z"), Ok(Some(at("2027-01-01T10:00:00Z"))));

    let wait =
        |events| TimeRule::Wait(Wait { events, length: Length::BusinessDays(2, &public), event_day_counts: true });
    let events = [Moment::Date(date("2026-12-31"))];
    assert_eq!(judged(&[wait(&events)], "2026-12-31T08:00:00Z"), Err(ErrorCode::OutsideValidity));
    // A later event decides for those before the calendar begins.
    let events = [Moment::Date(date("2025-05-05")), Moment::Date(date("2026-05-04"))];
    assert_eq!(judged(&[wait(&events)], "2026-05-05T00:00:00Z"), Ok(Some(at("2026-05-06T00:00:00Z"))));
}

#[test]
fn the_ends_of_time_are_errors() {
    let zones = [Tz::Asia__Kolkata, Tz::America__New_York];
    let events = [
        Moment::Instant(DateTime::<Utc>::MIN_UTC),
        Moment::Instant(DateTime::<Utc>::MAX_UTC),
        Moment::Date(NaiveDate::MIN),
        Moment::Date(NaiveDate::MAX),
        Moment::Instant(at("2026-09-08T12:00:00Z")),
    ];
    let public = calendar(&[]);
    let counts = [i64::MIN, i64::MIN + 1, -40_000_000_000, -1, 0, 1, 40_000_000_000, i64::MAX - 1, i64::MAX];
    let mut rules: Vec<TimeRule<'_>> = vec![daily("08:00:00", "21:00:00"), daily("21:00:00", "08:00:00")];
    rules.extend(events.map(TimeRule::BlockedUntil));
    for count in counts {
        for window in [Window::Days(count), Window::Months(count), Window::Exact(count)] {
            rules.push(TimeRule::Limit(Limit { events: &events, at_most: 1, window }));
        }
        for length in
            [Length::Days(count), Length::Months(count), Length::BusinessDays(count, &public), Length::Exact(count)]
        {
            rules.push(TimeRule::Wait(Wait { events: &events, length, event_day_counts: false }));
        }
    }
    let froms = [
        DateTime::<Utc>::MIN_UTC,
        DateTime::<Utc>::MIN_UTC + TimeDelta::hours(30),
        at("0001-01-01T00:00:00Z"),
        at("2026-09-08T12:00:00Z"),
        at("9999-12-31T23:59:59Z"),
        DateTime::<Utc>::MAX_UTC - TimeDelta::hours(30),
        DateTime::<Utc>::MAX_UTC,
    ];
    let mut failed = 0;
    for rule in &rules {
        for from in froms {
            failed += usize::from(next_allowed(&[PolicyTimes { zones: &zones, rules: &[*rule] }], from).is_err());
        }
    }
    assert!(failed > 100, "{failed} failed");
    let nowhere = next_allowed(&[PolicyTimes { zones: &[], rules: &[] }], at("2026-09-08T12:00:00Z"));
    assert_eq!(nowhere.map_err(|error| error.code), Err(ErrorCode::InvalidArgument));
}

#[test]
fn the_first_change_of_a_clock_is_found() {
    // For Ramadan the clock is put back by an hour, and forward again five weeks later.
    let local = Local::of(Tz::Africa__Casablanca, at("2026-02-10T12:34:56.7Z")).expect("it can be held");
    assert_eq!(local.clock_change(at("2026-04-01T00:00:00Z")), Some(at("2026-02-15T02:00:00Z")));
    assert_eq!(local.clock_change(at("2026-02-15T02:00:00Z")), Some(at("2026-02-15T02:00:00Z")));
    assert_eq!(local.clock_change(at("2026-02-15T01:59:59.9Z")), None);
}

/// What looking for changes of a clock relies on.
#[test]
fn no_clock_is_changed_twice_within_two_days() {
    let (years, step) = if std::env::var_os("RECOUP_SOAK").is_some() { (1850..2105, 3) } else { (2024..2028, 12) };
    let begin = |year: i32| at(&format!("{year}-01-01T00:00:00Z"));
    for zone in TZ_VARIANTS {
        let (mut instant, mut last) = (begin(years.start), None);
        let mut local = Local::of(zone, instant).expect("it can be held");
        while instant < begin(years.end) {
            instant += TimeDelta::hours(step);
            if let Some(change) = local.clock_change(instant) {
                let gap = last.map_or(TimeDelta::MAX, |last| change - last);
                assert!(gap > TimeDelta::days(2), "{zone} at {change}: {gap}");
                last = Some(change);
            }
            local = local.elsewhen(instant).expect("it can be held");
        }
    }
}
