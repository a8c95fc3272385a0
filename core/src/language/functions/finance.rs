//! Functions of money over time: day counts, interest, instalments, allocation, early payment, tiers.
//!
//! They read their arguments and hand them to `crate::finance`, where each formula cites its source. What they give is
//! not rounded: it is kept as a quotient is, to 28 digits. An instalment alone is cut to the decimals of the currency.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Gives::Always;
use super::numbers::bad_arguments;
use super::{Function, Kind, Needs, Param, Words};
use crate::calendar::Rate;
use crate::finance::{
    Accrual, DatedRates, DayCount, EarlyTerms, Every, FinanceError, Fraction, Freeze, Invoice, Schedule, Shift, Tier,
    TierMode, Tiers, allocated, instalment,
};
use crate::value::{Duration, ErrorCode, EvaluationError, Failure, Outcome, Value, ops};

/// How days are counted.
const DAY_COUNT: Param = Param::Word(&Words { name: "day count", words: &["act/365", "act/360", "act/act", "30/360"] });
const SHIFT: Param = Param::Word(&Words { name: "shift", words: &["following", "modified"] });
const MODE: Param = Param::Word(&Words { name: "mode", words: &["marginal", "retroactive"] });

/// What `interest_over` takes behind the name of the rate.
pub(crate) const OVER_A_RATE: &[Param] =
    &[Param::Money, Param::Percent, Param::Date, Param::Date, DAY_COUNT, Param::Pauses];

pub(super) const FUNCTIONS: &[Function] = &[
    Function {
        name: "day_count",
        params: &[Param::Date, Param::Date, DAY_COUNT],
        gives: Always(Kind::Integer),
        about: "The days from one date to another as a day count sees them (2006 ISDA Definitions, 4.16).",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Date(from), Value::Date(to), basis] => {
                Ok(Value::Integer(day_count(basis)?.days(*from, *to).map_err(EvaluationError::from)?))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "interest",
        params: &[Param::Money, Param::Percent, Param::Date, Param::Date, DAY_COUNT, Param::Pauses],
        gives: Always(Kind::Money),
        about: "Simple interest on an amount at a percentage a year: the first date bears none, the last one does; \
                nor do the days from the first to the last of each pause.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [principal, Value::Percent(percent), rest @ ..] => {
                not_negative("percent", *percent)?;
                accrued(principal, &DatedRates::constant(*percent), rest)
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "instalment",
        params: &[Param::Money, Param::Count, Param::Count],
        gives: Always(Kind::Money),
        about: "Of a total in so many equal instalments, the one with this number: cut to the cent, the rest in the last.",
        needs: Needs::Nothing,
        run: |arguments, ctx| match arguments {
            [Value::Money(total), Value::Integer(count), Value::Integer(number)] => {
                let (count, number) = (at_least_one("count", *count)?, at_least_one("number", *number)?);
                money(instalment(*total, count, number, ctx.currency_decimals))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "instalment_due",
        params: &[Param::Date, Param::Count, Param::Step],
        gives: Always(Kind::Date),
        about: "When the instalment with this number is due, counted from the first: month ends keep its day.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Date(first), Value::Integer(number), Value::Duration(step)] => {
                let number = i64::from(at_least_one("number", *number)?);
                let schedule = Schedule { first: *first, every: every(*step)?, shift: Shift::Stay };
                Ok(Value::Date(schedule.due(number - 1).map_err(EvaluationError::from)?))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "business_day",
        params: &[Param::Date, SHIFT],
        gives: Always(Kind::Date),
        about: "The date, or the next business day; `modified` stays in the month (2006 ISDA Definitions, 4.12).",
        needs: Needs::Calendar,
        run: |arguments, ctx| match (arguments, ctx.calendar) {
            ([Value::Date(date), Value::Text(shift)], Some(calendar)) => {
                let shift = if &**shift == "modified" { Shift::Modified(calendar) } else { Shift::Following(calendar) };
                Ok(Value::Date(shift.apply(*date).map_err(EvaluationError::from)?))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "allocated",
        params: &[Param::Money, Param::Moneys, Param::Money],
        gives: Always(Kind::Money),
        about: "How much of a payment goes to an amount that is owed, behind those in the list: never more than it.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Money(payment), Value::List(before), Value::Money(owed)] => {
                money(allocated(*payment, &amounts(before)?, *owed).and_then(|(paid, _)| paid.nearest()))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "unapplied",
        params: &[Param::Money, Param::Moneys],
        gives: Always(Kind::Money),
        about: "What is left of a payment when the amounts in the list are paid.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Money(payment), Value::List(owed)] => {
                let left = allocated(*payment, &amounts(owed)?, Decimal::ZERO);
                money(left.and_then(|(_, left)| left.nearest()))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "early_price",
        params: &[Param::Money, Param::Terms, Param::Date, Param::Date],
        gives: Always(Kind::Money),
        about: "What is to be paid of an amount under terms such as `2/10 net 30`, for its invoice date and the day on \
                which the money arrives.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Money(amount), terms, Value::Date(issued), Value::Date(paid_on)] => {
                let invoice = Invoice { issued: *issued, amount: *amount, discounted: *amount };
                money(early_terms(terms)?.exact_price(&invoice, *paid_on).and_then(Fraction::nearest))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "early_cost",
        params: &[Param::Terms, Param::Integer],
        gives: Always(Kind::Percent),
        about: "What terms such as `2/10 net 30` cost in a year of so many days: d / (1 - d) * basis / (net - within).",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [terms, Value::Integer(basis)] => {
                let cost = early_terms(terms)?.annual_cost(at_least_one("basis", *basis)?);
                Ok(Value::Percent(cost.and_then(Fraction::nearest).map_err(EvaluationError::from)?))
            }
            _ => bad_arguments(),
        },
    },
    Function {
        name: "tier_pay",
        params: &[Param::Money, MODE, Param::Moneys, Param::Percents],
        gives: Always(Kind::Money),
        about: "What a scale gives for a base: where its tiers begin, and the percentage of each; `marginal` for each \
                part by itself, `retroactive` for the whole base.",
        needs: Needs::Nothing,
        run: |arguments, _| match arguments {
            [Value::Money(base), mode, Value::List(starts), Value::List(percents)] => {
                let tiers = scale(mode, &tier_numbers(starts)?, &tier_numbers(percents)?)?;
                money(tiers.of(*base).and_then(Fraction::nearest))
            }
            _ => bad_arguments(),
        },
    },
];

/// Interest at a rate of the pack and a margin in points, on each day at what the rate is on it. The arguments are those
/// of [`OVER_A_RATE`].
pub(crate) fn interest_over(rate: &Rate, arguments: &[Value]) -> Outcome {
    let [principal, Value::Percent(margin), rest @ ..] = arguments else { return bad_arguments() };
    let rates = DatedRates::from(rate.clone()).plus(*margin).map_err(EvaluationError::from)?;
    accrued(principal, &rates, rest)
}

fn accrued(principal: &Value, rates: &DatedRates, rest: &[Value]) -> Outcome {
    let (Value::Money(principal), [Value::Date(since), Value::Date(to), basis, pauses @ ..]) = (principal, rest) else {
        return bad_arguments();
    };
    let freezes = match pauses {
        [Value::List(dates)] => freezes(dates)?,
        _ => Vec::new(),
    };
    let (principal, since, day_count) = (*principal, *since, day_count(basis)?);
    let accrual = Accrual { principal, since, rates, day_count, freezes: &freezes };
    money(accrual.until(*to).and_then(Fraction::nearest))
}

/// Pauses from dates by turns: the first day and the last. Without a first day there is none, without a last it goes on.
fn freezes(dates: &[Outcome]) -> Result<Vec<Freeze>, Failure> {
    let dates = items(dates);
    let (pairs, rest) = dates.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(invalid("the pauses are not dates by turns: write the first and the last day of each"));
    }
    let date = |value: &Value| match value {
        Value::Date(date) => Some(*date),
        _ => None,
    };
    let freezes = pairs
        .iter()
        .filter_map(|[first, last]| date(first).map(|first| Freeze::stop(first, date(last).unwrap_or(NaiveDate::MAX))));
    Ok(freezes.collect())
}

/// The items of a list, which are all known: a function is not asked otherwise.
fn items(list: &[Outcome]) -> Vec<Value> {
    list.iter().filter_map(|item| item.as_ref().ok().cloned()).collect()
}

/// The numbers of a list; none is nothing, and left out.
fn amounts(list: &[Outcome]) -> Result<Vec<Decimal>, Failure> {
    let numbers = items(list).iter().filter(|item| !item.is_none()).map(ops::plain).collect::<Result<_, _>>();
    Ok(numbers?)
}

/// The numbers of tiers, of which none can be left out.
fn tier_numbers(list: &[Outcome]) -> Result<Vec<Decimal>, Failure> {
    let items = items(list);
    if items.iter().any(Value::is_none) {
        return Err(invalid("a tier is none: give each its start and its percentage"));
    }
    Ok(items.iter().map(ops::plain).collect::<Result<_, _>>()?)
}

/// A scale of tiers.
pub(crate) fn scale(mode: &Value, starts: &[Decimal], percents: &[Decimal]) -> Result<Tiers, EvaluationError> {
    if starts.len() != percents.len() {
        let (starts, percents) = (starts.len(), percents.len());
        let message = format!("there are {starts} starts of tiers and {percents} percentages: give one for each start");
        return Err(EvaluationError::new(ErrorCode::InvalidArgument, message));
    }
    let mode = if *mode == Value::text("retroactive") { TierMode::Retroactive } else { TierMode::Marginal };
    let tiers = starts.iter().zip(percents).map(|(from, percent)| Tier { from: *from, percent: *percent });
    Ok(Tiers::new(mode, tiers)?)
}

fn day_count(word: &Value) -> Result<DayCount, EvaluationError> {
    let Value::Text(word) = word else {
        return Err(EvaluationError::new(ErrorCode::InvalidArgument, "a day count is a word"));
    };
    Ok(match &**word {
        "act/360" => DayCount::Act360,
        "act/act" => DayCount::ActActIsda,
        "30/360" => DayCount::Thirty360,
        _ => DayCount::Act365Fixed,
    })
}

/// Terms of early payment, from their text.
pub(crate) fn early_terms(terms: &Value) -> Result<EarlyTerms, EvaluationError> {
    let text = if let Value::Text(text) = terms { text } else { "" };
    Ok(text.parse::<EarlyTerms>()?)
}

fn every(step: Duration) -> Result<Every, EvaluationError> {
    let count = at_least_one("step", step.count())?;
    Ok(if matches!(step, Duration::Months(_)) { Every::Months(count) } else { Every::Days(count) })
}

/// The most that may be counted: as many as a plan has instalments.
const MOST: u32 = 10_000;

fn at_least_one(argument: &'static str, count: i64) -> Result<u32, EvaluationError> {
    let checked = u32::try_from(count).ok().filter(|count| (1..=MOST).contains(count));
    let (value, most) = (Decimal::from(count), Decimal::from(MOST));
    checked.ok_or_else(|| FinanceError::OutOfRange { argument, value, least: Decimal::ONE, most }.into())
}

fn not_negative(argument: &'static str, value: Decimal) -> Result<(), EvaluationError> {
    if value < Decimal::ZERO { Err(FinanceError::Negative { argument, value }.into()) } else { Ok(()) }
}

fn money(amount: Result<Decimal, FinanceError>) -> Outcome {
    Ok(Value::Money(amount.map_err(EvaluationError::from)?))
}

fn invalid(message: &str) -> Failure {
    EvaluationError::new(ErrorCode::InvalidArgument, message).into()
}
