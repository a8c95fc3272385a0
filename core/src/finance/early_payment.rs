//! Early-payment terms such as `2/10 net 30`: what is to be paid, and what the discount costs.

use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::error::{in_order, not_negative};
use super::minor::{OVERFLOW, to_amount, to_units};
use super::{FinanceError, Fraction, Rounding};
use crate::calendar::add_days;
use crate::value::number;

/// A discount for early payment: `2/10 net 30` takes 2 % off within 10 days, and the whole is due within 30.
///
/// Read from text of that form. The days count from the invoice date; the last of them counts.
///
/// ```
/// use recoup::finance::{EarlyTerms, Rounding};
/// use rust_decimal::Decimal;
///
/// let terms: EarlyTerms = "2/10 net 30".parse()?;
/// let cost = terms.annual_cost(365)?.round(2, Rounding::HalfUp)?;
/// assert_eq!(cost, Decimal::new(37_24, 2));
/// # Ok::<(), recoup::finance::FinanceError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyTerms {
    /// The discount in percent: at least 0, less than 100.
    pub percent: Decimal,
    /// Within how many days of the invoice date it is given.
    pub within_days: u32,
    /// Within how many days of the invoice date the whole is due.
    pub net_days: u32,
    /// How many days after the deadline a payment still has the discount. Terms that are read from text have none.
    pub tolerance_days: u32,
}

/// An invoice to which the terms apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// When it was issued.
    pub issued: NaiveDate,
    /// How much is to be paid without a discount.
    pub amount: Decimal,
    /// Of how much the percentage is taken: the amount itself, or what of it bears a discount, such as the amount
    /// without tax.
    pub discounted: Decimal,
}

/// What is to be paid on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EarlyPrice {
    /// The amount to pay.
    pub price: Decimal,
    /// What was taken off: price and discount add up to the amount of the invoice.
    pub discount: Decimal,
    /// The last day with a discount, tolerance included.
    pub deadline: NaiveDate,
}

impl EarlyTerms {
    /// What is to be paid when the money arrives on `paid_on` (its value date).
    ///
    /// `amount - discounted * percent / 100`, rounded once to `decimals` by `rounding`; after the deadline the whole
    /// amount. Whether other items are overdue is the caller's matter.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Negative`], [`FinanceError::TooLarge`] for a discount of 100 % or a base above the amount,
    /// [`FinanceError::TooFine`] for an amount finer than the currency, [`FinanceError::DatesReversed`] for a payment
    /// before the invoice, [`FinanceError::Calendar`], [`FinanceError::Overflow`].
    pub fn price(
        &self,
        invoice: &Invoice,
        paid_on: NaiveDate,
        decimals: u32,
        rounding: Rounding,
    ) -> Result<EarlyPrice, FinanceError> {
        let deadline = self.deadline(invoice)?;
        let amount = to_units("amount", not_negative("amount", invoice.amount)?, decimals)?;
        let exact = self.exact_price(invoice, paid_on)?;
        if paid_on > deadline {
            return Ok(EarlyPrice { price: invoice.amount, discount: Decimal::ZERO, deadline });
        }
        let price = exact.round(decimals, rounding)?;
        let discount = amount.checked_sub(to_units("price", price, decimals)?).ok_or(OVERFLOW)?;
        Ok(EarlyPrice { price, discount: to_amount(discount, decimals)?, deadline })
    }

    /// What is to be paid when the money arrives on `paid_on`, exact: what [`price`](EarlyTerms::price) rounds.
    ///
    /// # Errors
    ///
    /// As those of [`price`](EarlyTerms::price) but [`FinanceError::TooFine`].
    pub fn exact_price(&self, invoice: &Invoice, paid_on: NaiveDate) -> Result<Fraction, FinanceError> {
        let kept = self.kept_part()?;
        not_negative("amount", invoice.amount)?;
        if not_negative("discounted", invoice.discounted)? > invoice.amount {
            let (value, most) = (invoice.discounted, invoice.amount);
            return Err(FinanceError::TooLarge { argument: "discounted", value, most });
        }
        in_order(("issued", invoice.issued), ("paid_on", paid_on))?;
        let amount = Fraction::from(invoice.amount);
        if paid_on > self.deadline(invoice)? {
            return Ok(amount);
        }
        amount.minus(Fraction::from(invoice.discounted).times(Fraction::ONE.minus(kept)?)?)
    }

    /// The last day with a discount, tolerance included.
    fn deadline(&self, invoice: &Invoice) -> Result<NaiveDate, FinanceError> {
        let days = i64::from(self.within_days) + i64::from(self.tolerance_days);
        add_days(invoice.issued, days).map_err(FinanceError::of_dates)
    }

    /// What the discount costs the one who gives it, in percent per year without compounding, exact:
    /// `d / (1 - d) * basis / (net - within)` with `d = percent / 100`. `basis` is the days of a year, 365 or 360.
    ///
    /// # Errors
    ///
    /// [`FinanceError::NoTimeBought`] where the net term is not the longer one, [`FinanceError::Negative`],
    /// [`FinanceError::TooLarge`], [`FinanceError::OutOfRange`] for a basis beyond 1 to 366 days,
    /// [`FinanceError::Overflow`].
    pub fn annual_cost(&self, basis: u32) -> Result<Fraction, FinanceError> {
        let kept = self.kept_part()?;
        let for_the_time = Fraction::ONE.minus(kept)?.over(kept)?;
        let periods = Fraction::of(i64::from(checked_basis(basis)?), i64::from(self.days_bought()?))?;
        for_the_time.times(periods)?.times(Fraction::from(Decimal::ONE_HUNDRED))
    }

    /// What the discount costs in percent per year with compounding: `(1 / (1 - d)) ^ (basis / (net - within)) - 1`.
    ///
    /// The root is no fraction. It is worked out to 28 digits and rounded once to `decimals`, 12 at most.
    ///
    /// # Errors
    ///
    /// As those of [`annual_cost`](EarlyTerms::annual_cost); [`FinanceError::Overflow`] for growth beyond a
    /// billionfold.
    pub fn effective_annual_cost(
        &self,
        basis: u32,
        decimals: u32,
        rounding: Rounding,
    ) -> Result<Decimal, FinanceError> {
        if decimals > ROOT_DECIMALS {
            let (value, most) = (Decimal::from(decimals), Decimal::from(ROOT_DECIMALS));
            return Err(FinanceError::TooLarge { argument: "decimals", value, most });
        }
        let shared = divisor(checked_basis(basis)?, self.days_bought()?);
        let kept = number::subtract(Decimal::ONE_HUNDRED, self.checked_percent()?).map_err(|_| TOO_COSTLY)?;
        let growth = number::divide(Decimal::ONE_HUNDRED, kept).map_err(|_| TOO_COSTLY)?;
        let factor = power(root(growth, self.days_bought()? / shared)?, basis / shared)?;
        if factor > Decimal::from(LARGEST_GROWTH) {
            return Err(TOO_COSTLY);
        }
        let gained = number::subtract(factor, Decimal::ONE).map_err(|_| TOO_COSTLY)?;
        Fraction::from(gained).times(Fraction::from(Decimal::ONE_HUNDRED))?.round(decimals, rounding)
    }

    /// What of the amount stays to be paid: 49/50 for a discount of 2 %.
    fn kept_part(&self) -> Result<Fraction, FinanceError> {
        Fraction::ONE.minus(Fraction::of_percent(self.checked_percent()?)?)
    }

    fn checked_percent(&self) -> Result<Decimal, FinanceError> {
        let (argument, value) = ("percent", not_negative("percent", self.percent)?);
        if value >= Decimal::ONE_HUNDRED {
            return Err(FinanceError::TooLarge { argument, value, most: Decimal::new(9999, 2) });
        }
        Ok(value)
    }

    /// By how many days the money arrives earlier.
    fn days_bought(&self) -> Result<u32, FinanceError> {
        self.net_days
            .checked_sub(self.within_days)
            .filter(|days| *days > 0)
            .ok_or(FinanceError::NoTimeBought { within: self.within_days, net: self.net_days })
    }
}

impl FromStr for EarlyTerms {
    type Err = FinanceError;

    /// Reads terms such as `2/10 net 30` or `1.5/10 net 45`.
    fn from_str(text: &str) -> Result<EarlyTerms, FinanceError> {
        let terms = || {
            let (early, net) = text.split_once(" net ")?;
            let (percent, within) = early.split_once('/')?;
            Some(EarlyTerms {
                percent: number::parse(percent.trim())?,
                within_days: within.trim().parse().ok()?,
                net_days: net.trim().parse().ok()?,
                tolerance_days: 0,
            })
        };
        terms().ok_or_else(|| FinanceError::UnreadableTerms { text: text.to_owned() })
    }
}

// A power of a root is right to 28 digits, less what its error grows to: a factor of at most 366, the exponent. A growth
// of ten digits leaves twelve decimals of a percentage.
const ROOT_DECIMALS: u32 = 12;
const DAYS_OF_YEAR: u32 = 366;
const LARGEST_GROWTH: u32 = 1_000_000_000;

const TOO_COSTLY: FinanceError = FinanceError::Overflow { what: "the effective annual cost" };

fn checked_basis(basis: u32) -> Result<u32, FinanceError> {
    if (1..=DAYS_OF_YEAR).contains(&basis) {
        return Ok(basis);
    }
    let (value, most) = (Decimal::from(basis), Decimal::from(DAYS_OF_YEAR));
    Err(FinanceError::OutOfRange { argument: "basis", value, least: Decimal::ONE, most })
}

fn divisor(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// The root of a number of 1 or more, by Newton's method from above: each step is smaller until none is left.
fn root(number: Decimal, degree: u32) -> Result<Decimal, FinanceError> {
    let degree_number = Decimal::from(degree);
    let exactly = |result: Result<Decimal, _>| result.map_err(|_: crate::value::EvaluationError| TOO_COSTLY);
    let gain = exactly(number::divide(exactly(number::subtract(number, Decimal::ONE))?, degree_number))?;
    // Bernoulli: (1 + gain) ^ degree is at least the number.
    let mut guess = exactly(number::add(Decimal::ONE, gain))?;
    loop {
        // guess - (guess - number / guess ^ (degree - 1)) / degree
        let level = exactly(number::divide(number, power(guess, degree - 1)?))?;
        let step = exactly(number::subtract(guess, level))?;
        let next = exactly(number::subtract(guess, exactly(number::divide(step, degree_number))?))?;
        if next >= guess {
            return Ok(guess);
        }
        guess = next;
    }
}

/// A power of a number, by squaring.
fn power(base: Decimal, exponent: u32) -> Result<Decimal, FinanceError> {
    let (mut result, mut square, mut left) = (Decimal::ONE, base, exponent);
    while left > 0 {
        if left % 2 == 1 {
            result = number::multiply(result, square).map_err(|_| TOO_COSTLY)?;
        }
        left /= 2;
        if left > 0 {
            square = number::multiply(square, square).map_err(|_| TOO_COSTLY)?;
        }
    }
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cases, date, number};
    use super::*;
    use crate::generated::random::Random;

    fn terms(text: &str) -> EarlyTerms {
        text.parse().expect("terms")
    }

    fn invoice(amount: &str) -> Invoice {
        Invoice { issued: date("2026-09-01"), amount: number(amount), discounted: number(amount) }
    }

    /// domain.md section 3, early-payment discount: 2/10 net 30 costs 37.24 % over 365 and 36.73 % over 360.
    #[test]
    fn domain_3_two_ten_net_thirty_costs_37_24_percent() {
        let cost = |basis| terms("2/10 net 30").annual_cost(basis).and_then(|cost| cost.round(2, Rounding::HalfUp));
        assert_eq!(cost(365), Ok(number("37.24")));
        assert_eq!(cost(360), Ok(number("36.73")));
    }

    /// domain.md section 3, early-payment discount: effective 44.59 % (exponent 365/20).
    #[test]
    fn domain_3_two_ten_net_thirty_effectively_costs_44_59_percent() {
        let cost = |decimals| terms("2/10 net 30").effective_annual_cost(365, decimals, Rounding::HalfUp);
        assert_eq!(cost(2), Ok(number("44.59")));
        assert_eq!(cost(12), Ok(number("44.585292731249")));
        assert!(matches!(cost(13), Err(FinanceError::TooLarge { .. })));
        // 50-digit values of another implementation.
        let high = terms("50/0 net 30").effective_annual_cost(365, 12, Rounding::Down);
        assert_eq!(high, Ok(number("459660.454987519173")));
        assert_eq!(terms("90/0 net 40").effective_annual_cost(365, 2, Rounding::Down), Err(TOO_COSTLY));
        let low = terms("1/10 net 45").effective_annual_cost(360, 12, Rounding::HalfUp);
        assert_eq!(low, Ok(number("10.890704163445")));
        let yearly = terms("20/10 net 375").effective_annual_cost(365, 6, Rounding::HalfUp);
        assert_eq!(yearly, Ok(number("25")), "a year early: the discount over what is paid");
    }

    #[test]
    fn the_discount_ends_with_its_last_day() {
        let price = |paid_on, tolerance_days| {
            let terms = EarlyTerms { tolerance_days, ..terms("2/10 net 30") };
            terms.price(&invoice("1250.25"), date(paid_on), 2, Rounding::HalfUp).expect("a price")
        };
        let early = EarlyPrice { price: number("1225.25"), discount: number("25"), deadline: date("2026-09-11") };
        assert_eq!(price("2026-09-11", 0), early);
        assert_eq!(price("2026-09-12", 0).price, number("1250.25"));
        assert_eq!(price("2026-09-12", 1).price, number("1225.25"));
    }

    /// The discount may be taken of the amount without tax: 2 % of 1,000.00, not of 1,190.00.
    #[test]
    fn the_percentage_is_of_what_bears_a_discount() {
        let invoice = Invoice { discounted: number("1000"), ..invoice("1190") };
        let price = terms("2/10 net 30").price(&invoice, date("2026-09-05"), 2, Rounding::HalfUp).expect("a price");
        assert_eq!((price.price, price.discount), (number("1170"), number("20")));
    }

    #[test]
    fn terms_that_have_no_meaning_are_refused_by_name() {
        for text in ["2/10", "2 net 30", "2/10 net", "x/10 net 30", "2/-1 net 30", ""] {
            let error = text.parse::<EarlyTerms>().expect_err("no terms");
            let expected = format!("`{text}` is not a term of early payment: write one such as `2/10 net 30`");
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(
            terms("2/30 net 30").annual_cost(365).expect_err("no time").to_string(),
            "a discount within 30 days of net 30 days buys no time: give a net term that is longer"
        );
        let all = terms("100/10 net 30").annual_cost(365).expect_err("all of it");
        assert_eq!(all.to_string(), "`percent` is 100: give at most 99.99");
        let no_year = terms("2/10 net 30").annual_cost(0).expect_err("no year");
        assert_eq!(no_year.to_string(), "`basis` is 0: give 1 to 366");
        let before = terms("2/10 net 30").price(&invoice("1"), date("2026-08-31"), 2, Rounding::Up);
        assert!(matches!(before, Err(FinanceError::DatesReversed { .. })));
        assert_eq!(terms("99/1 net 2").effective_annual_cost(365, 2, Rounding::Up), Err(TOO_COSTLY));
    }

    #[test]
    fn price_and_discount_add_up_and_compounding_costs_more() {
        let mut random = Random::new(8);
        for _ in 0..cases(300) {
            let within_days = u32::try_from(random.between(0, 30)).expect("small");
            let terms = EarlyTerms {
                percent: Decimal::new(random.between(1, 1_000), 2),
                within_days,
                net_days: within_days + u32::try_from(random.between(1, 180)).expect("small"),
                tolerance_days: 0,
            };
            let amount = Decimal::new(random.between(0, 10_000_000), 2);
            let invoice = Invoice { issued: date("2026-09-01"), amount, discounted: amount };
            let rounding = *random.pick(&[Rounding::HalfUp, Rounding::HalfEven, Rounding::Up, Rounding::Down]);
            let price = terms.price(&invoice, invoice.issued, 2, rounding).expect("a price");
            assert_eq!(price.price + price.discount, amount);
            assert!(Decimal::ZERO <= price.discount && price.price >= Decimal::ZERO);
            let simple = terms.annual_cost(365).and_then(|cost| cost.round(8, Rounding::Down)).expect("a cost");
            let Ok(effective) = terms.effective_annual_cost(365, 8, Rounding::Up) else { continue };
            assert!(simple <= effective, "{terms:?} {simple} {effective}");
        }
    }
}
