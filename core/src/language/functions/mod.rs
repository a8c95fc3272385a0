//! The one table of functions: name, parameters, result, meaning in words, and what it does.
//!
//! Functions are pure: what they need beside their arguments (the instant, calendars, places) is in [`Context`]. A
//! none among the arguments gives none before a function is asked; unknowns and errors, also those of the items of a list, never reach one.

mod arms;
mod dates;
pub(crate) mod declared;
mod finance;
mod numbers;
pub(crate) mod printed;
mod texts;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

pub(crate) use arms::ARM;
pub(crate) use dates::{local_date, local_time};
pub(crate) use finance::{OVER_A_RATE, early_terms, interest_over, scale};

use crate::calendar::{Calendar, date_at};
use crate::value::{DurationUnit, Failure, Outcome, Type, Value};

/// What functions may know beside their arguments.
pub(crate) struct Context<'a> {
    pub(crate) as_of: DateTime<Utc>,
    /// The instant of `local_today` and `local_time`: of a contact that is judged, else `as_of`.
    pub(crate) local_at: DateTime<Utc>,
    /// The date of `as_of` in the pack's zone.
    pub(crate) today: NaiveDate,
    /// The pack's zone.
    pub(crate) zone: Tz,
    /// The decimals of the pack's currency.
    pub(crate) currency_decimals: u32,
    pub(crate) calendar: Option<&'a Calendar>,
    /// The debtor's candidate zones, and the name of the field that holds them.
    pub(crate) places: Result<Vec<Tz>, Failure>,
    pub(crate) place_field: &'a str,
    /// What calls of the pack's functions came to, where that is kept.
    pub(crate) calls: Option<&'a declared::Calls>,
}

impl Context<'_> {
    /// Of an instant and a place alone.
    pub(crate) fn at(as_of: DateTime<Utc>, zone: Tz, currency_decimals: u32) -> Context<'static> {
        Context {
            as_of,
            local_at: as_of,
            today: date_at(as_of, zone),
            zone,
            currency_decimals,
            calendar: None,
            places: Ok(Vec::new()),
            place_field: "",
            calls: None,
        }
    }
}

/// A function of the language.
pub(crate) struct Function {
    pub(crate) name: &'static str,
    pub(crate) params: &'static [Param],
    pub(crate) gives: Gives,
    /// What it does, for the reference.
    pub(crate) about: &'static str,
    pub(crate) needs: Needs,
    pub(crate) run: fn(&[Value], &Context<'_>) -> Outcome,
}

/// What a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Param {
    Integer,
    /// A decimal; an integer is one too.
    Decimal,
    /// An integer, decimal, money or percent.
    Number,
    /// A decimal, money or percent; an integer stands for a decimal.
    Fraction,
    Money,
    Percent,
    Date,
    Timestamp,
    Text,
    /// An integer of 1 or more.
    Count,
    /// A duration in days or months.
    Step,
    /// A list of money.
    Moneys,
    /// A list of percents.
    Percents,
    /// One of some words, written in quotes.
    Word(&'static Words),
    /// Terms of early payment.
    Terms,
    /// Dates by turns, the first and the last day of each pause. It stands last and may be left out.
    Pauses,
}

/// The words that a parameter takes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Words {
    pub(crate) name: &'static str,
    pub(crate) words: &'static [&'static str],
}

/// The type of a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// Always this type.
    Always(Kind),
    /// The type of the first argument.
    First,
}

/// Types that functions give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Boolean,
    Integer,
    Decimal,
    Money,
    Percent,
    Date,
    Text,
    Days,
    Months,
    BusinessDays,
    Exact,
    Weekday,
}

/// What a pack must have so that a function can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    Nothing,
    Calendar,
    Place,
}

impl Param {
    /// The parameter's type in words.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Param::Integer => "integer",
            Param::Decimal => "decimal",
            Param::Number => "number",
            Param::Fraction => "decimal, money or percent",
            Param::Money => "money",
            Param::Percent => "percent",
            Param::Date => "date",
            Param::Timestamp => "timestamp",
            Param::Text => "text",
            Param::Count => "integer",
            Param::Step => "days or months",
            Param::Moneys => "list of money",
            Param::Percents => "list of percent",
            Param::Word(words) => words.name,
            Param::Terms => "terms",
            Param::Pauses => "pauses",
        }
    }

    /// Whether an argument of this type fits.
    pub(crate) fn takes(self, base: &Type) -> bool {
        match (self, base) {
            (_, Type::Any)
            | (Param::Integer, Type::Integer)
            | (Param::Decimal, Type::Integer | Type::Decimal)
            | (Param::Fraction, Type::Integer | Type::Decimal | Type::Money | Type::Percent)
            | (Param::Money, Type::Money)
            | (Param::Percent, Type::Percent)
            | (Param::Date, Type::Date)
            | (Param::Timestamp, Type::Timestamp)
            | (Param::Text, Type::Text) => true,
            (Param::Number, base) => base.is_number(),
            (Param::Count, base) => *base == Type::Integer,
            (Param::Step, Type::Duration(unit)) => matches!(unit, DurationUnit::Days | DurationUnit::Months),
            (Param::Moneys, Type::List(item)) => matches!(item.base, Type::Money | Type::Any),
            (Param::Percents, Type::List(item)) => matches!(item.base, Type::Percent | Type::Any),
            (Param::Pauses, Type::List(item)) => matches!(item.base, Type::Date | Type::Any),
            (Param::Terms, base) => *base == Type::Text,
            (Param::Word(known), Type::Choice(words)) => words.iter().all(|word| known.words.contains(&&**word)),
            _ => false,
        }
    }
}

impl Param {
    /// A value as this parameter takes it, where types are known only when it runs; nothing where it does not fit. A
    /// plain number stands for an amount or a percentage.
    pub(crate) fn taken(self, value: Value) -> Option<Value> {
        let all = |items: &[Outcome], param: Param| {
            let items = items.iter().map(|item| param.taken(item.clone().ok()?).map(Ok));
            items.collect::<Option<Vec<Outcome>>>().map(|items| Value::List(items.into()))
        };
        match (self, value) {
            (Param::Integer | Param::Count, value @ Value::Integer(_))
            | (Param::Decimal, value @ (Value::Integer(_) | Value::Decimal(_)))
            | (Param::Number, value @ (Value::Integer(_) | Value::Decimal(_) | Value::Money(_) | Value::Percent(_)))
            | (Param::Fraction, value @ (Value::Decimal(_) | Value::Money(_) | Value::Percent(_)))
            | (Param::Money, value @ Value::Money(_))
            | (Param::Percent, value @ Value::Percent(_))
            | (Param::Date, value @ Value::Date(_))
            | (Param::Timestamp, value @ Value::Timestamp(_))
            | (Param::Text | Param::Terms, value @ Value::Text(_)) => Some(value),
            (Param::Fraction, Value::Integer(number)) => Some(Value::Decimal(number.into())),
            (Param::Money, Value::Integer(number)) => Some(Value::Money(number.into())),
            (Param::Money, Value::Decimal(number)) => Some(Value::Money(number)),
            (Param::Percent, Value::Integer(number)) => Some(Value::Percent(number.into())),
            (Param::Percent, Value::Decimal(number)) => Some(Value::Percent(number)),
            (Param::Step, Value::Duration(length)) => {
                let fits = matches!(length.unit(), DurationUnit::Days | DurationUnit::Months);
                fits.then_some(Value::Duration(length))
            }
            (Param::Word(words), Value::Text(word)) => words.words.contains(&&*word).then_some(Value::Text(word)),
            (Param::Moneys, Value::List(items)) => all(&items, Param::Money),
            (Param::Percents, Value::List(items)) => all(&items, Param::Percent),
            (Param::Pauses, Value::List(items)) => all(&items, Param::Date),
            _ => None,
        }
    }
}

impl Kind {
    /// The type itself.
    pub(crate) fn base(self) -> Type {
        match self {
            Kind::Boolean => Type::Boolean,
            Kind::Integer => Type::Integer,
            Kind::Decimal => Type::Decimal,
            Kind::Money => Type::Money,
            Kind::Percent => Type::Percent,
            Kind::Date => Type::Date,
            Kind::Text => Type::Text,
            Kind::Days => Type::Duration(DurationUnit::Days),
            Kind::Months => Type::Duration(DurationUnit::Months),
            Kind::BusinessDays => Type::Duration(DurationUnit::BusinessDays),
            Kind::Exact => Type::Duration(DurationUnit::Exact),
            Kind::Weekday => Type::Choice(WEEKDAYS.iter().map(|day| std::sync::Arc::from(*day)).collect()),
        }
    }
}

/// The values of `weekday(date)`.
pub(crate) const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl std::fmt::Debug for Function {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl Function {
    /// The function of this name.
    pub(crate) fn named(name: &str) -> Option<&'static Function> {
        all().find(|function| function.name == name)
    }

    /// `name(type, type)`, for messages.
    pub(crate) fn signature(&self) -> String {
        signature(self.name, self.params)
    }

    /// How many arguments it takes.
    pub(crate) fn arities(&self) -> std::ops::RangeInclusive<usize> {
        let optional = self.params.iter().filter(|param| **param == Param::Pauses).count();
        self.params.len() - optional..=self.params.len()
    }
}

/// `name(type, type)`, for messages.
pub(crate) fn signature(name: &str, params: &[Param]) -> String {
    let params: Vec<&str> = params.iter().map(|param| param.word()).collect();
    format!("{name}({})", params.join(", "))
}

/// Whether a function gives something else on another day, its arguments being the same.
pub(crate) fn reads_today(name: &str) -> bool {
    matches!(name, "days_since" | "days_until")
}

/// Every function.
pub(crate) fn all() -> impl Iterator<Item = &'static Function> {
    numbers::FUNCTIONS.iter().chain(dates::FUNCTIONS).chain(texts::FUNCTIONS).chain(finance::FUNCTIONS)
}

/// The names of all functions, and of those that the checker types itself.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    all()
        .map(|function| function.name)
        .chain(["known", "rate", "interest_over", "done", "min", "max"])
        .chain(LIST_METHODS)
}

/// The methods of lists.
pub(crate) const LIST_METHODS: [&str; 12] =
    ["count", "is_empty", "any", "all", "filter", "map", "sum", "min", "max", "latest", "earliest", "contains"];

/// A function of the expression language, for reference pages and editors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionReference {
    /// The function's name.
    pub name: String,
    /// The name with the types of its parameters, such as `round(number, integer)`.
    pub signature: String,
    /// What it does, in one line.
    pub about: String,
}

/// Every function of the expression language, with what it takes and does. The methods of lists are not among them.
pub fn function_reference() -> Vec<FunctionReference> {
    let typed = [
        ("known", "known(value)", "Whether a value is known; none is."),
        ("rate", "rate(\"name\", date)", "The value of a rate of the pack on a date."),
        (
            "interest_over",
            "interest_over(money, \"name\", percent, date, date, day count, pauses)",
            "Simple interest at a rate of the pack and a margin in points, on each day at what the rate is on it.",
        ),
        ("done", "done(\"step\")", "Whether a step of the stage that the case is in is done."),
        ("min", "min(a, b, ..)", "The least of several values of one type."),
        ("max", "max(a, b, ..)", "The greatest of several values of one type."),
    ];
    all()
        .map(|function| (function.name, function.signature(), function.about))
        .chain(typed.map(|(name, signature, about)| (name, signature.to_owned(), about)))
        .map(|(name, signature, about)| FunctionReference { name: name.to_owned(), signature, about: about.to_owned() })
        .collect()
}
