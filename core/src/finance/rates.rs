//! Rates that change on dates, such as a central bank's.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::FinanceError;
use super::minor::OVERFLOW;
use crate::calendar::Rate;
use crate::value::number;

/// A rate in percent per year, with the dates from which each value holds.
///
/// Statutory rates change: that for late payment in the EU each 1 January and 1 July (Directive 2011/7/EU, Art. 2(7)).
/// A day before the first date, or after `valid_until`, has no rate; none is guessed.
#[derive(Clone, Debug)]
pub struct DatedRates(Rate);

impl DatedRates {
    /// A rate with its values by the first day on which each holds. `valid_until` is the last day that is covered.
    pub fn new(
        name: impl Into<String>,
        from: BTreeMap<NaiveDate, Decimal>,
        valid_until: Option<NaiveDate>,
    ) -> DatedRates {
        DatedRates(Rate { name: name.into(), from, valid_until })
    }

    /// One percentage for all days.
    pub fn constant(percent: Decimal) -> DatedRates {
        DatedRates::new("constant", BTreeMap::from([(NaiveDate::MIN, percent)]), None)
    }

    /// The rate so many percentage points above this one, such as the 8 points that Directive 2011/7/EU, Art. 2(6),
    /// adds to the reference rate. A margin may be negative.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Overflow`].
    pub fn plus(&self, points: Decimal) -> Result<DatedRates, FinanceError> {
        let from: Result<BTreeMap<_, _>, FinanceError> = self
            .0
            .from
            .iter()
            .map(|(date, percent)| Ok((*date, number::add(*percent, points).map_err(|_| OVERFLOW)?)))
            .collect();
        Ok(DatedRates(Rate { from: from?, ..self.0.clone() }))
    }

    /// The percentage on a day.
    ///
    /// # Errors
    ///
    /// [`FinanceError::RateMissing`] where no value is declared for the day.
    pub fn on(&self, date: NaiveDate) -> Result<Decimal, FinanceError> {
        let is_covered = self.0.valid_until.is_none_or(|until| date <= until);
        let value = self.0.from.range(..=date).next_back().map(|(_, percent)| *percent);
        value.filter(|_| is_covered).ok_or_else(|| FinanceError::RateMissing { rate: self.0.name.clone(), date })
    }

    /// The rate's name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.0.name
    }

    /// The days on which another value begins to hold, or none any longer.
    pub(super) fn changes(&self) -> impl Iterator<Item = NaiveDate> {
        let end = self.0.valid_until.and_then(|until| until.succ_opt());
        self.0.from.keys().copied().chain(end)
    }
}

impl From<Rate> for DatedRates {
    fn from(rate: Rate) -> DatedRates {
        DatedRates(rate)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{date, number};
    use super::*;

    /// The ECB's main refinancing rate of 2026 in domain.md, section 2.3.
    fn reference() -> DatedRates {
        let values = [(date("2026-01-01"), number("2.15")), (date("2026-07-01"), number("2.40"))];
        DatedRates::new("ecb", BTreeMap::from(values), Some(date("2026-12-31")))
    }

    /// domain.md section 2.3: 2026 H1 10.15 %, H2 10.40 % (Directive 2011/7/EU, Art. 2(6) and 2(7)).
    #[test]
    fn a_statutory_rate_is_the_reference_rate_of_the_half_year_and_a_margin() {
        let statutory = reference().plus(number("8")).expect("small numbers");
        assert_eq!(statutory.on(date("2026-06-30")), Ok(number("10.15")));
        assert_eq!(statutory.on(date("2026-07-01")), Ok(number("10.40")));
    }

    #[test]
    fn a_day_without_a_rate_is_refused_by_name() {
        for day in ["2025-12-31", "2027-01-01"] {
            let error = reference().on(date(day)).expect_err("not covered");
            let expected = format!("rate `ecb` has no value for {day}: add one, or ask for days that it covers");
            assert_eq!(error.to_string(), expected);
        }
        assert!(DatedRates::constant(Decimal::ONE).on(NaiveDate::MIN).is_ok());
    }
}
