//! Functions that a host supplies to packs: registered by name when a pack is loaded, typed, and kept from doing harm.
//!
//! A pack declares what it needs (`host: true`) with the types of its parameters and of its result. The load compares
//! them with those of the function that the host registers. In a case a function is called as a script is: an argument
//! that is not known makes the call unknown, one that is none makes it none, unless the parameter takes that. What the
//! function refuses is an error of the rule that calls it, with the host's message; a panic is one, too.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use recoup::LoadOptions;
//! use recoup::host::Money;
//!
//! let options = LoadOptions::new().function("fee", |balance: Money| match balance.0.is_sign_negative() {
//!     false => Ok(Money(balance.0 / rust_decimal::Decimal::from(20))),
//!     true => Err("no fee for what is below zero"),
//! });
//! let engine = options.from_sources("small", [("small/pack.yaml", r#"
//! pack: small
//! version: 1.0.0
//! format: 1
//! currency: USD
//! time_zone: America/New_York
//! records:
//!   case:
//!     fields:
//!       case_id: {type: text, key: true}
//!       balance: {type: money}
//! functions:
//!   fee: {of: {balance: money}, gives: money, host: true}
//! rules:
//!   fees:
//!     outputs: {amount: money}
//!     hit: first
//!     list:
//!       - {id: twentieth, when: fee(balance) > 1, give: {amount: = fee(balance)}}
//! "#)])?;
//! let as_of = "2026-09-07T18:00:00-04:00".parse()?;
//! let decided = engine.evaluate(r#"{"case_id": "A-1", "balance": 120.00}"#, as_of)?;
//! assert_eq!(decided.decision.get("fees.amount"), Some(recoup::Answer::Known("6.00".to_owned())));
//! # Ok(())
//! # }
//! ```

mod border;
mod function;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

pub use function::{HostFunction, HostHint, HostType, IntoHostFunction};

pub(crate) use border::{StandIns, Supplied, Wanted, stand_in};

/// An amount of money, in the pack's currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(pub Decimal);

/// A percentage: 12.5 is 12.5 %.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(pub Decimal);

/// Any value as it crosses the border to a host, exactly.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum HostValue {
    /// There is none.
    None,
    /// It is not known. A function sees it only where its parameter takes that, or as a part of a record.
    Unknown,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number.
    Decimal(Decimal),
    /// An amount of money.
    Money(Decimal),
    /// A percentage: 12.5 is 12.5 %.
    Percent(Decimal),
    /// A text, or the value of a choice.
    Text(Arc<str>),
    /// A day.
    Date(NaiveDate),
    /// An instant.
    Timestamp(DateTime<Utc>),
    /// A duration of calendar days.
    Days(i64),
    /// A duration of months.
    Months(i64),
    /// A duration of business days.
    BusinessDays(i64),
    /// An exact duration, in seconds.
    Seconds(i64),
    /// A time zone, by its IANA name.
    Zone(Arc<str>),
    /// The items of a list.
    List(Vec<HostValue>),
    /// The parts of a record, in the order of its fields.
    Record(Vec<(Arc<str>, HostValue)>),
}

/// What a host's function refuses, in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError(pub String);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HostError {}
