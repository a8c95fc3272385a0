//! Splits by largest remainders: parts in proportion to weights that add up to the total to the last cent.

use std::cmp::Reverse;

use rust_decimal::Decimal;

use super::error::not_negative;
use super::minor::{OVERFLOW, sum, to_amount, to_units};
use super::{FinanceError, Fraction, Rounding};

/// The parts of a total in proportion to weights, such as hours worked, by the method of largest remainders.
///
/// Each part is its exact share rounded down (towards zero) to `decimals`; the units that are then left go, one each, to
/// the parts with the largest remainders, of equal ones to the one that is listed first. So the parts add up to the
/// total, and each lies within one unit of its exact share; a weight of zero gets nothing. A total below zero gives the
/// parts of its opposite, negated. No rounding is declared, for no other mode adds up.
///
/// # Errors
///
/// [`FinanceError::Empty`] without weights, [`FinanceError::Negative`] for a weight below zero,
/// [`FinanceError::DivisionByZero`] where all weights are zero, [`FinanceError::TooFine`] for a total that is finer than
/// `decimals`, [`FinanceError::Overflow`].
///
/// ```
/// use recoup::finance::split;
/// use rust_decimal::Decimal;
///
/// let hours = [Decimal::from(1), Decimal::from(1), Decimal::from(1)];
/// let parts = split(Decimal::new(100_00, 2), &hours, 2)?;
/// assert_eq!(parts, [Decimal::new(33_34, 2), Decimal::new(33_33, 2), Decimal::new(33_33, 2)]);
/// # Ok::<(), recoup::finance::FinanceError>(())
/// ```
pub fn split(total: Decimal, weights: &[Decimal], decimals: u32) -> Result<Vec<Decimal>, FinanceError> {
    if weights.is_empty() {
        return Err(FinanceError::Empty { argument: "weights" });
    }
    let units = to_units("total", total, decimals)?;
    let shares = exact_shares(units, weights)?;
    let mut parts = Vec::new();
    for share in &shares {
        parts.push(to_units("share", share.round(0, Rounding::Down)?, 0)?);
    }
    let left = units.checked_sub(sum(parts.iter().copied())?).ok_or(OVERFLOW)?;

    let mut by_remainder = Vec::new();
    for (part, share) in parts.iter_mut().zip(&shares) {
        let remainder = share.minus(Fraction::from(to_amount(*part, 0)?))?;
        // The size of the remainder: the sign of all of them is that of the total.
        by_remainder
            .push((Reverse(if remainder.is_negative() { Fraction::ZERO.minus(remainder)? } else { remainder }), part));
    }
    // The sort is stable: parts with equal remainders stay as they are listed.
    by_remainder.sort_by_key(|(remainder, _)| *remainder);
    // INVARIANT: fewer units are left than there are remainders above zero, for each of these is less than one unit.
    let count = usize::try_from(left.unsigned_abs()).map_err(|_| OVERFLOW)?;
    for (_, part) in by_remainder.into_iter().take(count) {
        *part += left.signum();
    }
    parts.into_iter().map(|part| to_amount(part, decimals)).collect()
}

/// What each weight's share of the units comes to, before anything is rounded.
fn exact_shares(units: i128, weights: &[Decimal]) -> Result<Vec<Fraction>, FinanceError> {
    let total = Fraction::from(to_amount(units, 0)?);
    let mut weight_sum = Fraction::ZERO;
    for weight in weights {
        weight_sum = weight_sum.plus(Fraction::from(not_negative("weight", *weight)?))?;
    }
    if weight_sum.is_zero() {
        return Err(FinanceError::DivisionByZero { argument: "the sum of the weights" });
    }
    weights.iter().map(|weight| total.times(Fraction::from(*weight).over(weight_sum)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cases, number};
    use super::*;
    use crate::generated::random::Random;

    #[track_caller]
    fn check(total: &str, weights: &[&str], expected: &[&str]) {
        let weights: Vec<Decimal> = weights.iter().map(|weight| number(weight)).collect();
        let parts = split(number(total), &weights, 2).expect("parts");
        let shown: Vec<String> = parts.iter().map(Decimal::to_string).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn cents_that_are_left_go_to_the_largest_remainders_and_ties_to_the_first() {
        check("100", &["1", "1", "1"], &["33.34", "33.33", "33.33"]);
        check("0.02", &["1", "1", "1"], &["0.01", "0.01", "0"]);
        check("10", &["0.2", "0.3", "0.5"], &["2", "3", "5"]);
        check("1", &["1", "2", "4"], &["0.14", "0.29", "0.57"]);
        check("0.05", &["0", "1", "1"], &["0", "0.03", "0.02"]);
        check("-100", &["1", "1", "1"], &["-33.34", "-33.33", "-33.33"]);
        check("0", &["3", "1"], &["0", "0"]);
    }

    /// domain.md section 3, team pool: 1 % of team net collections above target, by hours worked times QA weight.
    #[test]
    fn domain_3_a_team_pool_is_paid_out_to_the_cent() {
        let pool = number("0.01") * (number("262345") - number("250000"));
        let weights = [number("160") * number("0.95"), number("152") * number("1"), number("80") * number("0.9")];
        let parts = split(pool, &weights, 2).expect("parts");
        assert_eq!(parts, [number("49.91"), number("49.90"), number("23.64")]);
        assert_eq!(parts.iter().sum::<Decimal>(), number("123.45"));
    }

    #[test]
    fn splits_that_have_no_meaning_are_refused_by_name() {
        let message = |total: &str, weights: &[Decimal]| split(number(total), weights, 2).expect_err("no").to_string();
        assert_eq!(message("1", &[]), "`weights` is empty: give at least one");
        assert_eq!(
            message("1", &[Decimal::ZERO, Decimal::ZERO]),
            "`the sum of the weights` is 0, and nothing can be divided by it: give another number"
        );
        assert_eq!(message("1", &[number("-1")]), "`weight` is -1, which is negative: give 0 or more");
        assert_eq!(
            message("0.001", &[number("1")]),
            "`total` is 0.001, which has more than 2 decimals: round it first"
        );
    }

    #[test]
    fn parts_add_up_and_each_lies_within_a_cent_of_its_share() {
        let mut random = Random::new(6);
        for _ in 0..cases(1_000) {
            let total = Decimal::new(random.between(-1_000_000, 1_000_000), 2);
            let weights: Vec<Decimal> = (0..1 + random.below(9))
                .map(|_| Decimal::new(random.between(0, 1_000), u32::try_from(random.below(4)).expect("small")))
                .collect();
            if weights.iter().all(Decimal::is_zero) {
                continue;
            }
            let parts = split(total, &weights, 2).expect("parts");
            assert_eq!(parts.iter().sum::<Decimal>(), total);
            let weight_sum: Decimal = weights.iter().sum();
            for (part, weight) in parts.iter().zip(&weights) {
                let exact = Fraction::from(total)
                    .times(Fraction::from(*weight))
                    .and_then(|product| product.over(Fraction::from(weight_sum)))
                    .expect("small numbers");
                let off = Fraction::from(*part).minus(exact).expect("small numbers");
                let cent = Fraction::from(number("0.01"));
                assert!(
                    off < cent && Fraction::ZERO.minus(cent).expect("small") < off,
                    "{total} {weights:?} {parts:?}"
                );
                assert!(!weight.is_zero() || part.is_zero());
            }
        }
    }
}
