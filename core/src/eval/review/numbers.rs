//! How what is computed from values that move does: sums and differences that keep a trend, functions of days.

use chrono::NaiveDate;

use super::border::{Border, Ticks, at};
use super::motion::{Motion, Trend, days_on, is_small};
use super::walk::{Seen, Walker, Want};
use crate::calendar::contact_times::{next_day, relapse};
use crate::language::Expr;
use crate::language::functions::{Function, Needs};
use crate::language::meaning::Slots;
use crate::value::ops::{self, Arithmetic};
use crate::value::{Duration, DurationUnit, Type, Value};

/// How many days a function of days is looked ahead.
const AHEAD: i64 = 40;

/// Functions that give something for all values that their arguments may have.
const TOTAL: [&str; 10] = [
    "year",
    "month",
    "day",
    "weekday",
    "start_of_month",
    "end_of_month",
    "months_between",
    "days_between",
    "days_since",
    "days_until",
];

impl<S: Slots + ?Sized> Walker<'_, '_, S> {
    pub(super) fn arithmetic(&mut self, expr: &Expr, operator: Arithmetic, a: &Expr, b: &Expr, want: Want) -> Seen {
        let (a, b) = (self.walk(a, Want::Value), self.walk(b, Want::Value));
        if a.motion.is_still() && b.motion.is_still() {
            return self.seen(expr, want, Motion::STILL);
        }
        let settled = self.settled([&a.motion, &b.motion]);
        let (Ok(a_value), Ok(b_value)) = (&a.value, &b.value) else {
            self.may_fail(settled);
            return self.seen(expr, want, Motion::until(settled));
        };
        let until = self.clock.first(a.motion.until, b.motion.until);
        if a_value.is_none() || b_value.is_none() {
            self.may_fail(until);
            return Seen { value: Ok(Value::None), motion: Motion::until(until) };
        }
        let Ok(value) = ops::arithmetic(operator, a_value, b_value, self.reader.context.calendar) else {
            self.may_fail(settled);
            return self.seen(expr, want, Motion::until(settled));
        };
        let motion = match self.trend(operator, (a_value, &a.motion), (b_value, &b.motion), &value) {
            Some(trend) => {
                // At their own borders the operands may come to anything.
                let until = self.clock.first(until, self.breaks(&trend, &value));
                self.may_fail(until);
                Motion { until, trend: Some(trend) }
            }
            None => {
                let is_same = self.keeps(operator, &a.motion, &b.motion);
                let until = if is_same { until } else { settled };
                self.may_fail(until);
                Motion::until(until)
            }
        };
        Seen { value: Ok(value), motion }
    }

    /// Whether a difference of two that move alike stays the same.
    fn keeps(&self, operator: Arithmetic, a: &Motion, b: &Motion) -> bool {
        operator == Arithmetic::Subtract
            && match (a.trend, b.trend) {
                (Some(Trend::Instant), Some(Trend::Instant)) => true,
                (Some(Trend::Days(a, a_step)), Some(Trend::Days(b, b_step))) => (a, a_step) == (b, b_step),
                _ => false,
            }
    }

    fn trend(
        &self,
        operator: Arithmetic,
        (a, a_motion): (&Value, &Motion),
        (b, b_motion): (&Value, &Motion),
        value: &Value,
    ) -> Option<Trend> {
        let sign = |number: i64| match operator {
            Arithmetic::Add => Some(number),
            Arithmetic::Subtract => number.checked_neg(),
            _ => None,
        };
        match (a, b, a_motion.trend, b_motion.trend) {
            (Value::Timestamp(_), Value::Duration(_), Some(Trend::Instant), None) => return Some(Trend::Instant),
            (Value::Timestamp(a), Value::Timestamp(b), Some(Trend::Instant), None) => {
                let base = b.checked_sub_signed(*a - self.clock.as_of)?;
                return Some(Trend::Elapsed { base, grows: true });
            }
            (Value::Timestamp(a), Value::Timestamp(b), None, Some(Trend::Instant)) => {
                let base = a.checked_sub_signed(*b - self.clock.as_of)?;
                return Some(Trend::Elapsed { base, grows: false });
            }
            (Value::Date(date), Value::Duration(duration), Some(Trend::Days(Ticks::Pack, 1)), None)
                if matches!(duration.unit(), DurationUnit::Months | DurationUnit::BusinessDays) =>
            {
                return Some(Trend::Moved(*date, Duration::of(duration.unit(), sign(duration.count())?)));
            }
            _ => {}
        }
        let ((a_ticks, a_step), (b_ticks, b_step)) = (a_motion.step()?, b_motion.step()?);
        let ticks = match (a_ticks, b_ticks) {
            (Some(a), Some(b)) if a != b => return None,
            (Some(ticks), _) | (None, Some(ticks)) => ticks,
            (None, None) => return None,
        };
        let step = match (a, b) {
            (Value::Date(_), Value::Duration(Duration::Days(_)) | Value::Date(_))
            | (Value::Integer(_), Value::Integer(_))
                if matches!(operator, Arithmetic::Add | Arithmetic::Subtract) =>
            {
                a_step.checked_add(sign(b_step)?)?
            }
            (Value::Integer(_), Value::Integer(b)) if operator == Arithmetic::Multiply && b_ticks.is_none() => {
                a_step.checked_mul(*b)?
            }
            (Value::Integer(a), Value::Integer(_)) if operator == Arithmetic::Multiply && a_ticks.is_none() => {
                b_step.checked_mul(*a)?
            }
            _ => return None,
        };
        let is_followed = is_small(a, a_step) && is_small(b, b_step) && is_small(value, step);
        (step != 0 && is_followed).then_some(Trend::Days(ticks, step))
    }

    /// Before when a trend does not fail.
    fn breaks(&self, trend: &Trend, value: &Value) -> Border {
        let (ticks, motion) = match trend {
            Trend::Days(ticks, step) => match value {
                Value::Date(date) => {
                    let end = if *step > 0 {
                        NaiveDate::from_ymd_opt(9999, 12, 31)
                    } else {
                        NaiveDate::from_ymd_opt(1, 1, 1)
                    };
                    let left = end.map_or(0, |end| (end - *date).num_days().abs());
                    let step = i64::try_from(step.unsigned_abs()).unwrap_or(i64::MAX);
                    return self.clock.days_on(*ticks, left / step + 1);
                }
                _ => return Border::Never,
            },
            Trend::Moved(..) => (Ticks::Pack, Motion::with(*trend)),
            Trend::Instant | Trend::Elapsed { .. } | Trend::TimeOfDay(_) => return Border::Never,
        };
        let fails = |days: i64| days_on(value, &motion, days, self.reader.context.calendar).is_none();
        let mut far = 1;
        while !fails(far) {
            if far > 4_000_000 {
                return Border::Never;
            }
            far *= 2;
        }
        let mut near = far / 2;
        while far - near > 1 {
            let middle = near + (far - near) / 2;
            if fails(middle) { far = middle } else { near = middle }
        }
        self.clock.days_on(ticks, far)
    }

    /// How a call moves whose arguments do so.
    pub(super) fn called(&mut self, expr: &Expr, function: &Function, arguments: &[Seen]) -> Motion {
        let settled = self.settled(arguments.iter().map(|argument| &argument.motion));
        let until = arguments.iter().fold(Border::Never, |first, seen| self.clock.first(first, seen.motion.until));
        let is_known = arguments.iter().all(|argument| argument.value.as_ref().is_ok_and(|value| !value.is_none()));
        if !is_known {
            // Nothing is called; what comes to be known may fail.
            self.may_fail(settled);
            return Motion::until(settled);
        }
        let steps: Option<Vec<(Option<Ticks>, i64)>> =
            arguments.iter().map(|argument| argument.motion.step()).collect();
        match (function.name, arguments, steps.as_deref()) {
            ("days_since", _, Some([(None | Some(Ticks::Pack), step)])) => {
                return Motion::by_days(Ticks::Pack, 1 - step, until);
            }
            ("days_until", _, Some([(None | Some(Ticks::Pack), step)])) => {
                return Motion::by_days(Ticks::Pack, step - 1, until);
            }
            ("days_since" | "days_until", ..) => {
                return Motion::until(self.clock.first(settled, self.clock.tomorrow()));
            }
            ("days_between", _, Some([(from_ticks, from), (to_ticks, to)]))
                if from_ticks == to_ticks || from_ticks.is_none() || to_ticks.is_none() =>
            {
                let ticks = from_ticks.or(*to_ticks).unwrap_or(Ticks::Pack);
                return Motion::by_days(ticks, to - from, until);
            }
            ("date_of", [argument], _) => return self.date_of(argument, &[self.clock.zone], Ticks::Pack),
            ("local_date", [argument], _) => {
                let places = match &self.reader.context.places {
                    Ok(places) => places.clone(),
                    Err(_) => Vec::new(),
                };
                let ticks = places.first().map_or(Ticks::Pack, |place| Ticks::Place(*place));
                return self.date_of(argument, &places, ticks);
            }
            ("days" | "weeks", [argument], Some([(Some(ticks), step)])) => {
                let times = if function.name == "weeks" { 7 } else { 1 };
                let is_followed = argument.value.as_ref().is_ok_and(|value| is_small(value, *step));
                // More days than there are would be refused.
                let near = argument.value.as_ref().is_ok_and(|value| is_within(value, 100_000));
                if is_followed && near {
                    self.may_fail(self.clock.days_on(*ticks, 100_000));
                    return Motion::by_days(
                        *ticks,
                        step * times,
                        self.clock.first(until, self.clock.days_on(*ticks, 100_000)),
                    );
                }
            }
            _ => {}
        }
        if arguments.iter().all(|argument| argument.motion.is_still()) {
            return Motion::STILL;
        }
        let is_total = TOTAL.contains(&function.name);
        if arguments.iter().all(|argument| argument.motion.trend.is_none()) {
            if !is_total {
                self.may_fail(until);
            }
            return Motion::until(until);
        }
        let held = match steps {
            Some(steps) if steps.iter().all(|(ticks, _)| !matches!(ticks, Some(Ticks::Place(_)))) => {
                self.clock.first(until, self.held(expr, function, arguments))
            }
            _ => settled,
        };
        if is_total {
            return Motion::until(held);
        }
        if function.needs == Needs::Calendar {
            self.may_fail(self.clock.first(until, self.covered(function, arguments, held)));
        } else {
            self.may_fail(held);
        }
        Motion::until(held)
    }

    /// Before when a function of what moves by days gives the same, a good month on.
    fn held(&self, expr: &Expr, function: &Function, arguments: &[Seen]) -> Border {
        let calendar = self.reader.context.calendar;
        let given = |days: i64| -> Option<Value> {
            let values: Option<Vec<Value>> = arguments
                .iter()
                .map(|argument| days_on(argument.value.as_ref().ok()?, &argument.motion, days, calendar))
                .collect();
            (function.run)(&values?, self.reader.context).ok()
        };
        let now = given(0);
        if now.is_none() || expr.base == Type::Any {
            return self.clock.tomorrow();
        }
        let days = (1..=AHEAD).find(|days| given(*days) != now).unwrap_or(AHEAD + 1);
        self.clock.days_on(Ticks::Pack, days)
    }

    /// Before when dates that move lie within the calendar; of a date that is moved to a business day, before the last.
    fn covered(&self, function: &Function, arguments: &[Seen], held: Border) -> Border {
        let Some(calendar) = self.reader.context.calendar else { return held };
        let end = match function.name {
            "business_day" => calendar.last_business_day(),
            _ => Some(calendar.valid_until),
        };
        let Some(end) = end else { return held };
        let left = arguments.iter().map(|argument| match (&argument.value, argument.motion.step()) {
            (_, Some((None, _))) => Some(Border::Never),
            (Ok(Value::Date(date)), Some((Some(ticks), 1))) if *date <= end => {
                Some(self.clock.days_on(ticks, (end - *date).num_days() + 1))
            }
            _ => None,
        });
        left.fold(Border::Never, |first, border| self.clock.first(first, border.unwrap_or(held)))
    }

    /// The date of an instant, which may go with time, at places that may differ.
    fn date_of(&self, argument: &Seen, places: &[chrono_tz::Tz], ticks: Ticks) -> Motion {
        let Some(Trend::Instant) = argument.motion.trend else {
            return Motion::until(argument.motion.settled(self.clock));
        };
        let Ok(Value::Timestamp(instant)) = &argument.value else {
            return Motion::until(argument.motion.settled(self.clock));
        };
        let is_one = places.iter().all(|place| Some(place) == places.first());
        if *instant == self.clock.as_of && is_one && !places.is_empty() {
            return Motion { until: argument.motion.until, trend: Some(Trend::Days(ticks, 1)) };
        }
        let ahead = *instant - self.clock.as_of;
        let next =
            |place: &chrono_tz::Tz| at(next_day(*place, *instant).and_then(|next| next.checked_sub_signed(ahead)));
        // A day that comes back is another one, too.
        let back = |place: &chrono_tz::Tz| {
            let back = relapse(*place, *instant);
            at(back.and_then(|back| back.checked_sub_signed(ahead)))
        };
        let borders = places.iter().flat_map(|place| [next(place), back(place)]);
        let until = borders.fold(argument.motion.until, |first, border| self.clock.first(first, border));
        Motion::until(until)
    }
}

fn is_within(value: &Value, limit: u64) -> bool {
    matches!(value, Value::Integer(count) if count.unsigned_abs() <= limit)
}
