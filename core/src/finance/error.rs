//! Why a calculation with money could not be done: which argument, and what to give instead.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::value::{ErrorCode, EvaluationError};

/// A calculation that could not be done. The message names the argument and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FinanceError {
    /// An argument below zero where that has no meaning, such as a payment.
    #[error("`{argument}` is {value}, which is negative: give 0 or more")]
    Negative {
        /// The argument.
        argument: &'static str,
        /// What was given.
        value: Decimal,
    },
    /// An argument that must be above zero.
    #[error("`{argument}` is {value}: give more than 0")]
    NotPositive {
        /// The argument.
        argument: &'static str,
        /// What was given.
        value: Decimal,
    },
    /// An argument above the most that it may be.
    #[error("`{argument}` is {value}: give at most {most}")]
    TooLarge {
        /// The argument.
        argument: &'static str,
        /// What was given.
        value: Decimal,
        /// The most that it may be.
        most: Decimal,
    },
    /// An argument outside its range.
    #[error("`{argument}` is {value}: give {least} to {most}")]
    OutOfRange {
        /// The argument.
        argument: &'static str,
        /// What was given.
        value: Decimal,
        /// The least that it may be.
        least: Decimal,
        /// The most that it may be.
        most: Decimal,
    },
    /// An amount with fractions of the smallest unit of its currency.
    #[error("`{argument}` is {value}, which has more than {decimals} decimals: round it first")]
    TooFine {
        /// The argument.
        argument: &'static str,
        /// What was given.
        value: Decimal,
        /// The decimals of the currency.
        decimals: u32,
    },
    /// A list that must not be empty.
    #[error("`{argument}` is empty: give at least one")]
    Empty {
        /// The argument.
        argument: &'static str,
    },
    /// A period that ends before it begins.
    #[error("`{first}` is {from}, which lies after `{last}` {to}: give the earlier date first")]
    DatesReversed {
        /// The argument that must be the earlier one.
        first: &'static str,
        /// The argument that must be the later one.
        last: &'static str,
        /// What was given as the earlier one.
        from: NaiveDate,
        /// What was given as the later one.
        to: NaiveDate,
    },
    /// A day for which no rate is declared.
    #[error("rate `{rate}` has no value for {date}: add one, or ask for days that it covers")]
    RateMissing {
        /// The name of the rate.
        rate: String,
        /// The day.
        date: NaiveDate,
    },
    /// A rate below zero on a day on which interest accrues.
    #[error("rate `{rate}` is {percent} % on {date}, which is negative: give 0 or more")]
    RateNegative {
        /// The name of the rate.
        rate: String,
        /// The day.
        date: NaiveDate,
        /// The rate on it.
        percent: Decimal,
    },
    /// A component of a debt that the waterfall does not pay.
    #[error("no level of the waterfall pays `{component}`: add one, or leave the component out")]
    ComponentNotPaid {
        /// The component.
        component: String,
    },
    /// Two levels of a waterfall for one component.
    #[error("two levels of the waterfall pay `{component}`: keep one")]
    ComponentTwice {
        /// The component.
        component: String,
    },
    /// An account that is to be paid first and owes nothing.
    #[error("`first` names the account `{account}`, which is not among the debts: name one that is, or none")]
    UnknownAccount {
        /// The account.
        account: String,
    },
    /// A total that does not give each part at least one unit.
    #[error("`total` is {total}, too little for {parts} instalments: ask for at most {most}")]
    TooManyParts {
        /// What is to be divided.
        total: Decimal,
        /// Into how many instalments.
        parts: u32,
        /// The most that there may be.
        most: u32,
    },
    /// Steps of a scale that do not rise.
    #[error("the tier from {from} follows one from {before}: give the tiers in rising order, each start once")]
    TiersNotRising {
        /// Where the tier before begins.
        before: Decimal,
        /// Where the tier begins.
        from: Decimal,
    },
    /// Terms of payment that cannot be read.
    #[error("`{text}` is not a term of early payment: write one such as `2/10 net 30`")]
    UnreadableTerms {
        /// What was given.
        text: String,
    },
    /// An early payment that is not early.
    #[error("a discount within {within} days of net {net} days buys no time: give a net term that is longer")]
    NoTimeBought {
        /// The days within which the discount is given.
        within: u32,
        /// The days within which the whole is due.
        net: u32,
    },
    /// A number too large to be kept exactly.
    #[error("{what} is too large to be kept exactly: give smaller numbers, or fewer decimals")]
    Overflow {
        /// What would be too large.
        what: &'static str,
    },
    /// A number that is not zero and too small to be kept.
    #[error("{what} is not zero, but smaller than 28 decimals can tell: give larger numbers")]
    Underflow {
        /// What would be too small.
        what: &'static str,
    },
    /// A division by zero.
    #[error("`{argument}` is 0, and nothing can be divided by it: give another number")]
    DivisionByZero {
        /// The divisor.
        argument: &'static str,
    },
    /// A day that the calendar does not cover, or a date beyond the years 1 to 9999.
    #[error("{message}: choose other dates, or a calendar that covers them")]
    Calendar {
        /// The stable code of the problem.
        code: ErrorCode,
        /// What is wrong.
        message: String,
    },
}

impl FinanceError {
    /// The stable code under which an evaluation reports the error.
    pub fn code(&self) -> ErrorCode {
        match self {
            FinanceError::Overflow { .. } => ErrorCode::Overflow,
            FinanceError::Underflow { .. } => ErrorCode::Underflow,
            FinanceError::DivisionByZero { .. } => ErrorCode::DivisionByZero,
            FinanceError::RateMissing { .. } => ErrorCode::OutsideValidity,
            FinanceError::Calendar { code, .. } => *code,
            _ => ErrorCode::InvalidArgument,
        }
    }

    /// The problem of a calendar or of a date.
    pub(super) fn of_dates(error: EvaluationError) -> FinanceError {
        FinanceError::Calendar { code: error.code, message: error.message }
    }
}

impl From<FinanceError> for EvaluationError {
    fn from(error: FinanceError) -> EvaluationError {
        EvaluationError::new(error.code(), error.to_string())
    }
}

/// The number, unless it is negative.
pub(super) fn not_negative(argument: &'static str, value: Decimal) -> Result<Decimal, FinanceError> {
    if value < Decimal::ZERO { Err(FinanceError::Negative { argument, value }) } else { Ok(value) }
}

/// Two dates of which the first does not lie after the second.
pub(super) fn in_order(first: (&'static str, NaiveDate), last: (&'static str, NaiveDate)) -> Result<(), FinanceError> {
    if first.1 > last.1 {
        return Err(FinanceError::DatesReversed { first: first.0, last: last.0, from: first.1, to: last.1 });
    }
    Ok(())
}
