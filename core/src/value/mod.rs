//! Values and what can stand in their place.
//!
//! One exact number type, dates, instants, durations, lists and records; none, unknown and errors; comparison and
//! arithmetic, each defined once. Knows nothing of packs: types and texts of values, no rules.

pub(crate) mod duration;
mod fit;
pub(crate) mod number;
pub(crate) mod ops;
pub(crate) mod show;
pub(crate) mod text;
pub(crate) mod types;

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

use crate::source::Span;
pub(crate) use duration::Duration;
pub(crate) use fit::fitted;
pub(crate) use number::Rounding;
pub(crate) use types::{Absence, Bound, DurationUnit, Field, ItemRules, ItemType, Range, RecordType, Type};

/// A known value. `None` is one: it says that there is nothing.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    None,
    Boolean(bool),
    Integer(i64),
    Decimal(Decimal),
    /// In the pack's currency.
    Money(Decimal),
    /// 12.5 means 12.5 %.
    Percent(Decimal),
    /// A text, or a value of a choice.
    Text(Arc<str>),
    Date(NaiveDate),
    Timestamp(DateTime<Utc>),
    Duration(Duration),
    Zone(Tz),
    List(Arc<[Outcome]>),
    Record(Arc<[Outcome]>),
}

impl Value {
    /// A text value.
    pub(crate) fn text(text: impl AsRef<str>) -> Value {
        Value::Text(Arc::from(text.as_ref()))
    }

    /// Whether this is none.
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Value::None)
    }
}

/// A value as a field or output stores it: money and decimals rounded to their decimals by the declared mode, and
/// within the declared bounds.
pub(crate) fn stored(
    value: Value,
    decimals: Option<u32>,
    rounding: Rounding,
    range: &Range,
) -> Result<Value, EvaluationError> {
    let round = |number| match decimals {
        Some(decimals) => number::add(rounding.round(number, decimals), 0.into()),
        None => Ok(number),
    };
    let value = match value {
        Value::Money(amount) => Value::Money(round(amount)?),
        Value::Decimal(number) => Value::Decimal(round(number)?),
        other => other,
    };
    match text::within(&value, range) {
        Ok(()) => Ok(value),
        Err(problem) => Err(EvaluationError::new(ErrorCode::OutsideDomain, problem.message)),
    }
}

/// What evaluating something came to: a value, or a reason why there is none to be had.
pub(crate) type Outcome = Result<Value, Failure>;

/// Why there is no value. Neither is false, and neither is none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Failure {
    /// The facts that are not known and would decide, sorted by name.
    Unknown(Arc<[Arc<str>]>),
    /// A calculation that could not be done.
    Error(Arc<EvaluationError>),
}

impl Failure {
    /// Unknown for the sake of one fact.
    pub(crate) fn unknown(fact: &str) -> Failure {
        Failure::Unknown(Arc::from([Arc::from(fact)]))
    }

    /// Both failures at once: an error wins over unknown, the first error over later ones; unknowns add up.
    pub(crate) fn and(self, other: Failure) -> Failure {
        match (self, other) {
            (Failure::Error(error), _) | (Failure::Unknown(_), Failure::Error(error)) => Failure::Error(error),
            (Failure::Unknown(a), Failure::Unknown(b)) => {
                if a == b {
                    return Failure::Unknown(a);
                }
                let mut facts: Vec<Arc<str>> = a.iter().chain(b.iter()).cloned().collect();
                facts.sort();
                facts.dedup();
                Failure::Unknown(facts.into())
            }
        }
    }
}

/// A calculation that could not be done: what, and where in the pack.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct EvaluationError {
    /// A stable slug, such as `division-by-zero`.
    pub(crate) code: ErrorCode,
    /// What is wrong, in one line.
    pub(crate) message: String,
    /// Where in the pack.
    pub(crate) span: Option<Span>,
}

impl EvaluationError {
    /// An error with no place yet.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> EvaluationError {
        EvaluationError { code, message: message.into(), span: None }
    }
}

impl From<EvaluationError> for Failure {
    fn from(error: EvaluationError) -> Failure {
        Failure::Error(Arc::new(error))
    }
}

macro_rules! error_codes {
    ($($name:ident $slug:literal $about:literal)*) => {
        /// The stable codes of errors of an evaluation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $(#[doc = $about] $name,)*
        }

        impl ErrorCode {
            /// Every code there is.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name),*];

            /// The code as text, such as `division-by-zero`.
            pub fn slug(self) -> &'static str {
                match self { $(ErrorCode::$name => $slug),* }
            }

            /// What the code says, in one line.
            pub fn about(self) -> &'static str {
                match self { $(ErrorCode::$name => $about),* }
            }
        }
    };
}

error_codes! {
    Overflow "overflow" "a number too large to be kept exactly"
    Underflow "underflow" "a product or quotient that is not zero but too small to be kept"
    DivisionByZero "division-by-zero" "a division by zero"
    OutsideValidity "outside-validity" "a rate or calendar asked about a day that it does not cover"
    OutOfRange "out-of-range" "a date beyond the years 1 to 9999"
    InvalidArgument "invalid-argument" "a function given an argument that it does not take"
    MultipleHits "multiple-hits" "two rows of a table where only one may match"
    DifferingHits "differing-hits" "rows of a table that match and differ"
    OutsideDomain "outside-domain" "a computed output beyond the bounds that are declared for it"
    TooLong "too-long" "a calculation of more steps than the limit"
    ScriptFailed "script-failed" "a script that failed, or gave what it does not declare"
    HostFailed "host-failed" "a function of the host that failed, or gave what it does not declare"
    ScriptLimit "script-limit" "a script that used more than its limits allow"
    NeedsMigration "needs-migration" "a case in a stage that the pack does not have"
    NoHit "no-hit" "a table in which no row matches"
}
