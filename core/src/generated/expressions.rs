//! Well-typed expressions that give a number, a date, an instant, a duration, a text or a choice.

use super::scope::Writer;
use super::values::{self, Limits};
use crate::value::{DurationUnit, Range, Type, Value};

/// An expression, and what the checker knows of it.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) text: String,
    pub(super) maybe_none: bool,
    /// The value that it says in so many words.
    pub(super) literal: Option<Value>,
    /// The bounds of the field that it is.
    pub(super) range: Range,
    pub(super) origin: Option<String>,
}

impl Text {
    pub(super) fn new(text: impl Into<String>, maybe_none: bool) -> Text {
        Text { text: text.into(), maybe_none, literal: None, range: Range::default(), origin: None }
    }

    fn known(text: impl Into<String>) -> Text {
        Text::new(text, false)
    }
}

const TEXT: Type = Type::Text;

impl Writer {
    /// An expression of a type.
    pub(super) fn expr(&mut self, want: &Type, depth: usize) -> Text {
        if depth == 0 || self.random.chance(15) {
            return self.leaf(want);
        }
        let d = depth - 1;
        match self.random.below(100) {
            0..7 => {
                let condition = self.condition(d);
                let (then, otherwise) = (self.expr(want, d), self.expr(want, d));
                // Beside `unknown` the literal of a choice stays a text.
                let is_unknown = !matches!(want, Type::Choice(_)) && self.random.chance(6);
                let otherwise = if is_unknown { Text::known("unknown") } else { otherwise };
                let maybe_none = then.maybe_none || otherwise.maybe_none;
                Text::new(format!("(if {condition} {{ {} }} else {{ {} }})", then.text, otherwise.text), maybe_none)
            }
            7..14 => {
                let (first, second) = (self.expr(want, d), self.expr(want, d));
                Text::new(format!("({} ?? {})", first.text, second.text), second.maybe_none)
            }
            14..18 if want.is_ordered() => {
                let function = if self.random.chance(50) { "min" } else { "max" };
                self.call(function, &[want.clone(), want.clone()], d)
            }
            18..26 => match self.aggregate(want, d) {
                Some(text) => text,
                None => self.leaf(want),
            },
            _ => match want {
                Type::Integer => self.integer(d),
                Type::Decimal => self.decimal(d),
                Type::Money => self.money(d),
                Type::Percent => self.percent(d),
                Type::Date => self.date(d),
                Type::Timestamp => self.instant(d),
                Type::Duration(unit) => self.duration(*unit, d),
                Type::Boolean => Text::known(self.condition(depth)),
                Type::Text if self.random.chance(50) => {
                    let function = *self.random.pick(&["lower", "upper", "trim"]);
                    self.call(function, &[TEXT], d)
                }
                other => self.leaf(other),
            },
        }
    }

    /// An expression of a type that is never none.
    pub(super) fn sure(&mut self, want: &Type, depth: usize) -> Text {
        let text = self.expr(want, depth);
        if !text.maybe_none {
            return text;
        }
        let fallback = self.fallback(want);
        Text::known(format!("({} ?? {fallback})", text.text))
    }

    /// A plain value that is never none, as an expression.
    pub(super) fn fallback(&mut self, want: &Type) -> String {
        match want {
            Type::Boolean => "false".to_owned(),
            Type::Integer => "3".to_owned(),
            Type::Decimal => "0.5".to_owned(),
            Type::Money => "money(1)".to_owned(),
            Type::Percent => "7.percent".to_owned(),
            Type::Date => "today".to_owned(),
            Type::Timestamp => "as_of".to_owned(),
            Type::Duration(DurationUnit::Days) => "2.days".to_owned(),
            Type::Duration(DurationUnit::Months) => "1.months".to_owned(),
            Type::Duration(DurationUnit::Exact) => "36.hours".to_owned(),
            Type::Duration(DurationUnit::BusinessDays) if self.has_calendar => "business_days(2)".to_owned(),
            Type::Choice(words) => format!("\"{}\"", self.random.pick(words)),
            Type::Text => "\"x\"".to_owned(),
            Type::List(_) => "[]".to_owned(),
            Type::Zone | Type::Record(_) | Type::Any | Type::Duration(DurationUnit::BusinessDays) => {
                let sure = self.named_that(|name| name.base == *want && !name.maybe_none);
                sure.map_or("unknown".to_owned(), |name| name.path)
            }
        }
    }

    fn leaf(&mut self, want: &Type) -> Text {
        if self.random.chance(82)
            && let Some(name) = self.named(want)
        {
            let mut text = Text::new(name.path, name.maybe_none);
            (text.range, text.origin) = (name.range, name.origin);
            return text;
        }
        let value = self.anchors.value(&mut self.random, want, &Limits::default(), &[]);
        match (want, values::literal(&value)) {
            (Type::Money, Some(text)) => Text::known(format!("money({text})")),
            (Type::Percent, Some(text)) if self.random.chance(50) => Text::known(format!("percent({text})")),
            (Type::Integer | Type::Decimal | Type::Date, Some(text)) => {
                Text { literal: Some(value), ..Text::known(text) }
            }
            (
                Type::Boolean
                | Type::Text
                | Type::Duration(DurationUnit::Days | DurationUnit::Months | DurationUnit::Exact),
                Some(text),
            ) => Text::known(text),
            _ => Text::known(self.fallback(want)),
        }
    }

    /// A function or operator over arguments of these types.
    fn call(&mut self, function: &str, types: &[Type], d: usize) -> Text {
        let arguments: Vec<Text> = types.iter().map(|base| self.expr(base, d)).collect();
        let maybe_none = arguments.iter().any(|argument| argument.maybe_none);
        let texts: Vec<&str> = arguments.iter().map(|argument| argument.text.as_str()).collect();
        Text::new(format!("{function}({})", texts.join(", ")), maybe_none)
    }

    fn operate(&mut self, operator: &str, a: &Type, b: &Type, d: usize) -> Text {
        let (a, b) = (self.expr(a, d), self.expr(b, d));
        Text::new(format!("({} {operator} {})", a.text, b.text), a.maybe_none || b.maybe_none)
    }

    /// A unit behind a number, such as `f3.days`.
    fn units(&mut self, unit: &str, d: usize) -> Text {
        let number = self.expr(&Type::Integer, d.min(1));
        Text::new(format!("({}).{unit}", number.text), number.maybe_none)
    }

    fn integer(&mut self, d: usize) -> Text {
        use Type::{Date, Integer};
        match self.random.below(18) {
            16 => {
                let (from, to, day_count) = (self.expr(&Date, d), self.expr(&Date, d), self.day_count());
                let maybe_none = from.maybe_none || to.maybe_none;
                Text::new(format!("day_count({}, {}, {day_count})", from.text, to.text), maybe_none)
            }
            0 | 1 => self.operate("+", &Integer, &Integer, d),
            2 | 3 => self.operate("-", &Integer, &Integer, d),
            4 => self.operate("*", &Integer, &Integer, d),
            5 => self.operate("%", &Integer, &Integer, d),
            6 => self.call("div", &[Integer, Integer], d),
            7 => self.call("abs", &[Integer], d),
            8 => self.call("days_since", &[Date], d),
            9 => self.call("days_until", &[Date], d),
            10 => self.call("days_between", &[Date, Date], d),
            11 => self.call("months_between", &[Date, Date], d),
            12 => {
                let function = *self.random.pick(&["year", "month", "day"]);
                self.call(function, &[Date], d)
            }
            13 => self.call("length", &[TEXT], d),
            14 if self.random.chance(50) => self.call("integer", &[Type::Decimal], d),
            15 if self.has_calendar => self.call("business_days_between", &[Date, Date], d),
            _ => {
                let text = self.expr(&Integer, d);
                if text.literal.is_some() {
                    return text;
                }
                Text::new(format!("(-({}))", text.text), text.maybe_none)
            }
        }
    }

    fn decimal(&mut self, d: usize) -> Text {
        use Type::{Decimal, Integer, Money, Percent};
        match self.random.below(14) {
            11 => {
                // Of most numbers this leaves less than the decimals can tell.
                let number = self.expr(&Decimal, d);
                Text::new(format!("({} * 0.00000000000001 * 0.0000000000000001)", number.text), number.maybe_none)
            }
            0 => self.operate("+", &Decimal, &Decimal, d),
            1 => self.operate("-", &Decimal, &Integer, d),
            2 | 3 => self.operate("*", &Decimal, &Decimal, d),
            4 => self.operate("/", &Integer, &Integer, d),
            5 => self.operate("/", &Decimal, &Decimal, d),
            6 => self.operate("/", &Money, &Money, d),
            7 => self.operate("/", &Percent, &Percent, d),
            8 => self.call("amount", &[Money], d),
            9 => self.call("decimal", &[Integer], d),
            10 => self.call("abs", &[Decimal], d),
            _ => self.rounded(&Decimal, d),
        }
    }

    fn money(&mut self, d: usize) -> Text {
        use Type::{Decimal, Integer, Money, Percent};
        match self.random.below(16) {
            12 | 13 => self.finance(d),
            0 | 1 => self.operate("+", &Money, &Money, d),
            2 => self.operate("-", &Money, &Money, d),
            3 => self.operate("*", &Money, &Decimal, d),
            4 => self.operate("*", &Integer, &Money, d),
            5 => self.operate("*", &Money, &Percent, d),
            6 => self.operate("/", &Money, &Integer, d),
            7 => self.operate("/", &Money, &Decimal, d),
            8 => self.call("percent_of", &[Percent, Money], d),
            9 => self.call("money", &[Decimal], d),
            10 => {
                let text = self.expr(&Money, d);
                let number = self.random.between(0, 500);
                Text::new(format!("({} - {number})", text.text), text.maybe_none)
            }
            11 => self.call("abs", &[Money], d),
            _ => self.rounded(&Money, d),
        }
    }

    /// A function of money over time. Amounts are made positive and dates put in order, mostly: else hardly any of them
    /// would give a value.
    fn finance(&mut self, d: usize) -> Text {
        let amount = self.expr(&Type::Money, d.min(1));
        let (first, second) = (self.expr(&Type::Date, 0), self.expr(&Type::Date, 0));
        let may = amount.maybe_none;
        let dates_may = first.maybe_none || second.maybe_none;
        let positive = if self.random.chance(80) { format!("abs({})", amount.text) } else { amount.text };
        let (from, to) = match self.random.chance(80) {
            true => (format!("min({}, {})", first.text, second.text), format!("max({}, {})", first.text, second.text)),
            false => (first.text, second.text),
        };
        match self.random.below(9) {
            0 | 1 => {
                let (percent, day_count) = (self.expr(&Type::Percent, 0), self.day_count());
                let text = format!("interest({positive}, {}, {from}, {to}, {day_count})", percent.text);
                Text::new(text, may || dates_may || percent.maybe_none)
            }
            2 => {
                let (start, end, day_count) = (self.expr(&Type::Date, 0), self.expr(&Type::Date, 0), self.day_count());
                let text =
                    format!("interest({positive}, 8, {from}, {to}, {day_count}, [{}, {}])", start.text, end.text);
                Text::new(text, may || dates_may)
            }
            3 | 4 if !self.rates.is_empty() => {
                let (rate, day_count) = (self.random.pick(&self.rates).clone(), self.day_count());
                Text::new(
                    format!("interest_over({positive}, \"{rate}\", 8, {from}, {to}, {day_count})"),
                    may || dates_may,
                )
            }
            5 => {
                let (count, number) = (self.random.between(1, 12), self.random.between(1, 13));
                Text::new(format!("instalment(round({positive}, 2), {count}, {number})"), may)
            }
            6 => {
                let (before, owed) = (self.expr(&Type::Money, 0), self.expr(&Type::Money, 0));
                let text = format!("allocated({positive}, [{}], abs({}))", before.text, owed.text);
                Text::new(text, may || owed.maybe_none)
            }
            7 => {
                let owed = self.expr(&Type::Money, 0);
                Text::new(format!("unapplied({positive}, [abs({}), 5])", owed.text), may)
            }
            8 => {
                let mode = *self.random.pick(&["marginal", "retroactive"]);
                let start = self.random.between(1, 400);
                Text::new(format!("tier_pay({positive}, \"{mode}\", [0, {start}, 500], [0, 4, 6.5])"), may)
            }
            _ => Text::new(format!("early_price({positive}, \"2/10 net 30\", {from}, {to})"), may || dates_may),
        }
    }

    fn day_count(&mut self) -> &'static str {
        self.random.pick::<&str>(&["\"act/365\"", "\"act/360\"", "\"act/act\"", "\"30/360\""])
    }

    fn percent(&mut self, d: usize) -> Text {
        use Type::{Decimal, Integer, Percent};
        match self.random.below(11) {
            9 if self.random.chance(50) => {
                let basis = self.expr(&Integer, d);
                Text::new(format!("early_cost(\"2/10 net 30\", {})", basis.text), basis.maybe_none)
            }
            0 => self.operate("+", &Percent, &Percent, d),
            1 => self.operate("-", &Percent, &Percent, d),
            2 => self.operate("*", &Percent, &Integer, d),
            3 => self.operate("/", &Percent, &Decimal, d),
            4 => self.call("percent", &[Decimal], d),
            5 => self.rounded(&Percent, d),
            _ if !self.rates.is_empty() => {
                let rate = self.random.pick(&self.rates).clone();
                let date = self.expr(&Type::Date, d);
                Text::new(format!("rate(\"{rate}\", {})", date.text), date.maybe_none)
            }
            _ => self.units("percent", d),
        }
    }

    fn rounded(&mut self, base: &Type, d: usize) -> Text {
        let function = *self.random.pick(&["round", "round_half_even", "round_up", "round_down"]);
        let number = self.expr(base, d);
        if self.random.chance(12) {
            let decimals = self.expr(&Type::Integer, 0);
            let maybe_none = number.maybe_none || decimals.maybe_none;
            return Text::new(format!("{function}({}, {})", number.text, decimals.text), maybe_none);
        }
        let decimals = *self.random.pick(&[0, 1, 2, 2, 5, 28]);
        Text::new(format!("{function}({}, {decimals})", number.text), number.maybe_none)
    }

    fn date(&mut self, d: usize) -> Text {
        use Type::{Date, Integer, Timestamp};
        match self.random.below(13) {
            11 if self.has_calendar && self.random.chance(50) => {
                let (date, shift) = (self.expr(&Date, d), *self.random.pick(&["following", "modified"]));
                Text::new(format!("business_day({}, \"{shift}\")", date.text), date.maybe_none)
            }
            11 => {
                let (first, number) = (self.expr(&Date, d), self.random.between(1, 40));
                let step = *self.random.pick(&["1.months", "2.weeks", "3.months", "10.days"]);
                Text::new(format!("instalment_due({}, {number}, {step})", first.text), first.maybe_none)
            }
            0..3 => {
                let unit = *self.random.pick(&[
                    DurationUnit::Days,
                    DurationUnit::Days,
                    DurationUnit::Months,
                    DurationUnit::BusinessDays,
                ]);
                let operator = if self.random.chance(50) { "+" } else { "-" };
                self.operate(operator, &Date, &Type::Duration(unit), d)
            }
            3 => self.call("date_of", &[Timestamp], d),
            4 => self.call("start_of_month", &[Date], d),
            5 => self.call("end_of_month", &[Date], d),
            6 => {
                let (year, month) = (self.random.between(1990, 2030), self.random.between(1, 12));
                let day = self.expr(&Integer, d);
                match day.literal {
                    None => Text::new(format!("date({year}, {month}, {})", day.text), day.maybe_none),
                    Some(_) => Text::known(format!("date({year}, {month}, 28)")),
                }
            }
            7 | 8 if self.has_place => self.call("local_date", &[Timestamp], d),
            9 | 10 if self.has_place => Text::known("local_today"),
            _ => Text::known("today"),
        }
    }

    fn instant(&mut self, d: usize) -> Text {
        let operator = if self.random.chance(50) { "+" } else { "-" };
        match self.random.below(3) {
            0 => Text::known("as_of"),
            _ => self.operate(operator, &Type::Timestamp, &Type::Duration(DurationUnit::Exact), d),
        }
    }

    fn duration(&mut self, unit: DurationUnit, d: usize) -> Text {
        match unit {
            DurationUnit::Days if self.random.chance(50) => self.operate("-", &Type::Date, &Type::Date, d),
            DurationUnit::Exact if self.random.chance(50) => self.operate("-", &Type::Timestamp, &Type::Timestamp, d),
            DurationUnit::Days => {
                let unit = *self.random.pick(&["days", "weeks"]);
                self.units(unit, d)
            }
            DurationUnit::Exact => {
                let unit = *self.random.pick(&["hours", "minutes", "seconds"]);
                self.units(unit, d)
            }
            DurationUnit::Months => {
                let unit = *self.random.pick(&["months", "years"]);
                self.units(unit, d)
            }
            DurationUnit::BusinessDays if self.has_calendar => self.call("business_days", &[Type::Integer], d),
            DurationUnit::BusinessDays => self.leaf(&Type::Duration(unit)),
        }
    }
}
