//! A rule of time with what it looks at: certain events, and those of which it is not known whether they count.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::Verdict;
use crate::calendar::Calendar;
use crate::calendar::contact_times::{Hours, Length, Limit, Local, Moment, TimeRule, Wait, Window};
use crate::check::contact::{Form, Times};
use crate::eval::runner::Runner;
use crate::plan::Storage;
use crate::value::{Duration, EvaluationError, Failure, Value};

/// A rule of time that holds what it looks at.
#[derive(Clone, Debug)]
pub(super) enum Looking {
    /// The form says all.
    Hours,
    Limit {
        events: Events,
        at_most: u64,
        window: Window,
    },
    Wait {
        events: Events,
        length: Duration,
        event_day_counts: bool,
    },
    BlockedUntil(Moment),
}

/// The items of a list that count, and those that may.
#[derive(Clone, Debug, Default)]
pub(super) struct Events {
    certain: Vec<Moment>,
    /// The certain ones, and those of which it is not known whether they count; nothing where there are none of these.
    possible: Option<Vec<Moment>>,
    /// Why that is not known.
    doubt: Option<Failure>,
    /// Why it is not known of an item that may count when it was.
    undated: Option<Failure>,
}

impl Looking {
    /// What a form looks at from where the runner stands; nothing where time does not matter to it. Takes room that is
    /// spare.
    ///
    /// # Errors
    /// Why all that it looks at is not known.
    pub(super) fn new(
        id: (usize, usize),
        form: &Form,
        runner: &Runner<'_>,
        made: impl Iterator<Item = DateTime<Utc>>,
        spare: &mut Vec<Vec<Moment>>,
    ) -> Result<Option<Looking>, Failure> {
        Ok(match form {
            Form::Hours(_) => Some(Looking::Hours),
            Form::Limit { times, at_most, window } => {
                let mut made = made.peekable();
                let mut events = match made.peek() {
                    None if Events::are_few(id, *at_most, runner) => Events::default(),
                    _ => Events::new(id, times, runner, spare)?,
                };
                made.for_each(|at| events.push_certain(Moment::Instant(at)));
                let window = match *window {
                    Duration::Days(days) | Duration::BusinessDays(days) => Window::Days(days),
                    Duration::Months(months) => Window::Months(months),
                    Duration::Exact(seconds) => Window::Exact(seconds),
                };
                Some(Looking::Limit { events, at_most: *at_most, window })
            }
            Form::Wait { times, length, event_day_counts } => Some(Looking::Wait {
                events: Events::new(id, times, runner, spare)?,
                length: *length,
                event_day_counts: *event_day_counts,
            }),
            Form::BlockedUntil(until) => match runner.value(until)? {
                Value::Date(date) => Some(Looking::BlockedUntil(Moment::Date(date))),
                Value::Timestamp(instant) => Some(Looking::BlockedUntil(Moment::Instant(instant))),
                _ => None,
            },
            Form::Deny | Form::Review => None,
        })
    }

    /// What the rule says at a place and instant. What denies whatever the doubtful items come to, denies.
    pub(super) fn judge(
        &self,
        form: &Form,
        local: &Result<Local, Failure>,
        calendar: Option<&Calendar>,
    ) -> (Verdict, Option<Failure>) {
        let local = match local {
            Ok(local) => local,
            Err(failure) => return (Verdict::Review, Some(failure.clone())),
        };
        let allows = |rule: Option<TimeRule<'_>>| rule.map_or(Ok(true), |rule| rule.allows(local));
        let failed = |error: EvaluationError| (Verdict::Review, Some(Failure::from(error)));
        match allows(self.rule(form, Sure::Certain, calendar)) {
            Ok(false) => return (Verdict::Deny, None),
            Ok(true) => {}
            Err(error) => return failed(error),
        }
        let Some(events) = self.events() else { return (Verdict::Allow, None) };
        if let Some(undated) = &events.undated {
            return (Verdict::Review, Some(undated.clone()));
        }
        if events.doubt.is_none() {
            return (Verdict::Allow, None);
        }
        match allows(self.rule(form, Sure::Possible, calendar)) {
            Ok(false) => (Verdict::Review, events.doubt.clone()),
            Ok(true) => (Verdict::Allow, None),
            Err(error) => failed(error),
        }
    }

    /// The rule that must allow, so that this one does whatever the doubtful items come to; nothing where none can.
    pub(super) fn strict<'l>(&'l self, form: &Form, calendar: Option<&'l Calendar>) -> Option<TimeRule<'l>> {
        match self.events() {
            Some(Events { undated: Some(_), .. }) => None,
            _ => self.rule(form, Sure::Possible, calendar),
        }
    }

    /// An instant before which the rule says the same at a place; nothing where it always does.
    pub(super) fn turns(
        &self,
        form: &Form,
        zone: Tz,
        at: DateTime<Utc>,
        calendar: Option<&Calendar>,
    ) -> Option<DateTime<Utc>> {
        let rules = [Sure::Certain, Sure::Possible].into_iter().filter_map(|sure| self.rule(form, sure, calendar));
        rules.filter_map(|rule| rule.turns(zone, at)).min()
    }

    /// The room that it took.
    pub(super) fn into_room(self) -> Option<Vec<Moment>> {
        let (Looking::Limit { events, .. } | Looking::Wait { events, .. }) = self else { return None };
        Some(events.certain).filter(|room| room.capacity() > 0)
    }

    fn events(&self) -> Option<&Events> {
        match self {
            Looking::Limit { events, .. } | Looking::Wait { events, .. } => Some(events),
            Looking::Hours | Looking::BlockedUntil(_) => None,
        }
    }

    fn rule<'l>(&'l self, form: &Form, sure: Sure, calendar: Option<&'l Calendar>) -> Option<TimeRule<'l>> {
        Some(match self {
            Looking::Hours => {
                let Form::Hours(hours) = form else { return None };
                TimeRule::Hours(Hours {
                    weekdays: hours.days.iter().copied().collect(),
                    holidays: calendar.filter(|_| hours.holiday),
                    from: hours.from,
                    until: hours.until,
                    until_is_included: hours.until_is_included,
                })
            }
            Looking::Limit { events, at_most, window } => {
                TimeRule::Limit(Limit { events: events.moments(sure), at_most: *at_most, window: *window })
            }
            Looking::Wait { events, length, event_day_counts } => TimeRule::Wait(Wait {
                events: events.moments(sure),
                length: match (*length, calendar) {
                    (Duration::Days(days), _) => Length::Days(days),
                    (Duration::Months(months), _) => Length::Months(months),
                    (Duration::Exact(seconds), _) => Length::Exact(seconds),
                    (Duration::BusinessDays(days), Some(calendar)) => Length::BusinessDays(days, calendar),
                    // Refused when the pack loads.
                    (Duration::BusinessDays(_), None) => return None,
                },
                event_day_counts: *event_day_counts,
            }),
            Looking::BlockedUntil(moment) => TimeRule::BlockedUntil(*moment),
        })
    }
}

/// Which items are looked at.
#[derive(Clone, Copy)]
enum Sure {
    Certain,
    Possible,
}

impl Events {
    /// Whether all items are dated and fewer than a limit, so that it does not matter which of them count.
    fn are_few((policy, rule): (usize, usize), at_most: u64, runner: &Runner<'_>) -> bool {
        let code = runner.pack().plan.routines.times.get(policy).and_then(|rules| rules.get(rule)?.as_ref());
        code.is_some_and(|code| {
            u64::try_from(runner.length(code.list)).is_ok_and(|length| length < at_most) && runner.are_dated(code)
        })
    }

    fn new(
        (policy, rule): (usize, usize),
        times: &Times,
        runner: &Runner<'_>,
        spare: &mut Vec<Vec<Moment>>,
    ) -> Result<Events, Failure> {
        let mut events = Events { certain: spare.pop().unwrap_or_default(), ..Events::default() };
        events.certain.clear();
        let code = runner.pack().plan.routines.times.get(policy).and_then(|rules| rules.get(rule)?.as_ref());
        if let Some(code) = code {
            events.certain.reserve(runner.length(code.list));
            if runner.times(code, |at| events.certain.extend(moment(at, code.is_date))) {
                return Ok(events);
            }
            events.certain.clear();
        }
        let Value::List(at) = runner.value(&times.at)? else { return Ok(events) };
        let counts = match &times.counts {
            Some(counts) => match runner.value(counts)? {
                Value::List(counts) => Some(counts),
                _ => return Ok(events),
            },
            None => None,
        };
        for (index, at) in at.iter().enumerate() {
            let counts =
                counts.as_ref().and_then(|counts| counts.get(index)).cloned().unwrap_or(Ok(Value::Boolean(true)));
            events.push(at.clone(), counts);
        }
        Ok(events)
    }

    fn push(&mut self, at: Result<Value, Failure>, counts: Result<Value, Failure>) {
        let moment = match (at, &counts) {
            (_, Ok(Value::Boolean(false))) => return,
            (Ok(Value::Date(date)), _) => Moment::Date(date),
            (Ok(Value::Timestamp(instant)), _) => Moment::Instant(instant),
            (Ok(_), _) => return,
            (Err(failure), _) => {
                add(&mut self.undated, failure);
                return;
            }
        };
        match counts {
            Ok(_) => self.push_certain(moment),
            Err(failure) => {
                self.possible.get_or_insert_with(|| self.certain.clone()).push(moment);
                add(&mut self.doubt, failure);
            }
        }
    }

    fn push_certain(&mut self, moment: Moment) {
        self.certain.push(moment);
        if let Some(possible) = &mut self.possible {
            possible.push(moment);
        }
    }

    fn moments(&self, sure: Sure) -> &[Moment] {
        match sure {
            Sure::Certain => &self.certain,
            Sure::Possible => self.possible.as_deref().unwrap_or(&self.certain),
        }
    }
}

fn moment(at: i64, is_date: bool) -> Option<Moment> {
    match if is_date { Storage::Date } else { Storage::Timestamp }.value(at) {
        Value::Date(date) => Some(Moment::Date(date)),
        Value::Timestamp(instant) => Some(Moment::Instant(instant)),
        _ => None,
    }
}

fn add(known: &mut Option<Failure>, failure: Failure) {
    *known = Some(match known.take() {
        Some(known) => known.and(failure),
        None => failure,
    });
}
