//! Money over time: interest, allocation, instalments, early payment, tiers, splits.
//!
//! Takes amounts, percents and dates; gives amounts that are right to the cent, or exact [`Fraction`]s that the caller
//! rounds. Pure functions: they read no clock, know no pack and no case, and hold no state.
//!
//! - Amounts are in the unit of the currency, such as dollars; `decimals` says how finely it is divided (2 for cents).
//!   A function sees one currency: that all amounts are in it is the caller's matter.
//! - A percent of 12.5 means 12.5 %. Interest rates are per year.
//! - Nothing is rounded but where a [`Rounding`] is declared, and then once.
//! - What a function does not take is a [`FinanceError`] that names the argument and says what to give instead.
//!
//! ```
//! use recoup::finance::{Accrual, DatedRates, DayCount, Rounding};
//! use chrono::NaiveDate;
//! use rust_decimal::Decimal;
//!
//! let due = NaiveDate::from_ymd_opt(2026, 5, 31).expect("a date");
//! let paid = NaiveDate::from_ymd_opt(2026, 7, 15).expect("a date");
//! let rates = DatedRates::constant(Decimal::new(1015, 2));
//! let accrual = Accrual {
//!     principal: Decimal::from(5_000),
//!     since: due,
//!     rates: &rates,
//!     day_count: DayCount::Act365Fixed,
//!     freezes: &[],
//! };
//! let interest = accrual.until(paid)?.round(2, Rounding::HalfUp)?;
//! assert_eq!(interest, Decimal::new(62_57, 2));
//! # Ok::<(), recoup::finance::FinanceError>(())
//! ```

mod error;
mod fraction;
mod minor;
mod rounding;

mod day_count;
mod rates;

mod interest;

mod allocation;

mod instalments;

mod early_payment;

mod pay;

mod split;

pub use allocation::{Across, Allocation, Level, Order, Owed, Waterfall, allocated};
pub use day_count::DayCount;
pub use early_payment::{EarlyPrice, EarlyTerms, Invoice};
pub use error::FinanceError;
pub use fraction::Fraction;
pub use instalments::{BusinessDays, Every, Instalment, Residue, Schedule, Shift, Size, instalment, instalments};
pub use interest::{Accrual, Freeze, InterestPeriod};
pub use pay::{Accelerator, Clawback, Pay, PayPlan, Reversal, Tier, TierMode, TierPart, Tiers};
pub use rates::DatedRates;
pub use rounding::Rounding;
pub use split::split;

#[cfg(test)]
mod testing {
    //! What the tests of the families share.

    use chrono::NaiveDate;
    use rust_decimal::Decimal;

    /// A number as it is written.
    pub(super) fn number(text: &str) -> Decimal {
        crate::value::number::parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    /// A date as it is written.
    pub(super) fn date(text: &str) -> NaiveDate {
        text.parse().unwrap_or_else(|_| panic!("{text} is a date"))
    }

    /// So many cases in the gate, a hundred times as many with RECOUP_SOAK.
    pub(super) fn cases(gate: u64) -> u64 {
        if std::env::var_os("RECOUP_SOAK").is_some() { gate * 100 } else { gate }
    }
}
