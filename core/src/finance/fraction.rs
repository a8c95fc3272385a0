//! Exact fractions: what interest, shares and tiers come to before they are rounded.
//!
//! A third of a cent is no decimal number. Fractions over 256-bit integers keep it, so that the parts of a period add
//! up to the whole and rounding happens once, where it is declared.

use std::cmp::{Ordering, Reverse};
use std::fmt;

use ethnum::{I256, U256};
use rust_decimal::Decimal;

use super::minor::checked_decimals;
use super::{FinanceError, Rounding};
use crate::value::{self, ErrorCode, number};

/// An exact number: one integer over another, in lowest terms.
///
/// [`round`](Fraction::round) turns it into an amount. Its arithmetic never rounds; a result whose terms pass 255 bits
/// is an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fraction {
    numerator: I256,
    // INVARIANT: above zero, and has no divisor in common with the numerator.
    denominator: I256,
}

impl Fraction {
    /// Zero.
    pub const ZERO: Fraction = Fraction { numerator: I256::ZERO, denominator: I256::ONE };
    /// One.
    pub const ONE: Fraction = Fraction { numerator: I256::ONE, denominator: I256::ONE };

    /// The quotient of two whole numbers.
    ///
    /// # Errors
    ///
    /// [`FinanceError::DivisionByZero`] where the denominator is zero.
    pub fn of(numerator: i64, denominator: i64) -> Result<Fraction, FinanceError> {
        if denominator == 0 {
            return Err(FinanceError::DivisionByZero { argument: "denominator" });
        }
        let sign = i128::from(denominator.signum());
        reduced(I256::new(i128::from(numerator) * sign), I256::new(i128::from(denominator) * sign))
    }

    /// The hundredth of a percent's number: 12.5 gives 1/8.
    pub(super) fn of_percent(percent: Decimal) -> Result<Fraction, FinanceError> {
        Fraction::from(percent).over(Fraction::from(Decimal::ONE_HUNDRED))
    }

    /// The sum.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Overflow`].
    pub fn plus(self, other: Fraction) -> Result<Fraction, FinanceError> {
        let shared = divisor(self.denominator, other.denominator);
        let (left, right) = (self.denominator / shared, other.denominator / shared);
        let sum = kept(product(self.numerator, right)?.checked_add(product(other.numerator, left)?))?;
        reduced(sum, product(self.denominator, right)?)
    }

    /// The difference.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Overflow`].
    pub fn minus(self, other: Fraction) -> Result<Fraction, FinanceError> {
        let numerator = kept(other.numerator.checked_neg())?;
        self.plus(Fraction { numerator, denominator: other.denominator })
    }

    /// The product.
    ///
    /// # Errors
    ///
    /// [`FinanceError::Overflow`].
    pub fn times(self, other: Fraction) -> Result<Fraction, FinanceError> {
        let (left, right) = (divisor(self.numerator, other.denominator), divisor(other.numerator, self.denominator));
        Ok(Fraction {
            numerator: product(self.numerator / left, other.numerator / right)?,
            denominator: product(self.denominator / right, other.denominator / left)?,
        })
    }

    /// The quotient.
    ///
    /// # Errors
    ///
    /// [`FinanceError::DivisionByZero`], [`FinanceError::Overflow`].
    pub fn over(self, other: Fraction) -> Result<Fraction, FinanceError> {
        if other.is_zero() {
            return Err(FinanceError::DivisionByZero { argument: "divisor" });
        }
        let sign = other.numerator.signum();
        self.times(Fraction {
            numerator: product(other.denominator, sign)?,
            denominator: product(other.numerator, sign)?,
        })
    }

    /// The number with at most so many decimals (26 at most), rounded once.
    ///
    /// # Errors
    ///
    /// [`FinanceError::TooLarge`] for more decimals, [`FinanceError::Overflow`].
    pub fn round(self, decimals: u32, rounding: Rounding) -> Result<Decimal, FinanceError> {
        // One digit more than is kept, and a last one that says whether anything follows it: every mode rounds that
        // number as it would the fraction.
        let ten = I256::new(10);
        let scaled = product(self.numerator, ten.pow(checked_decimals(decimals)? + 1))?;
        let follows = if scaled % self.denominator == I256::ZERO { I256::ZERO } else { scaled.signum() };
        let digits = kept(product(scaled / self.denominator, ten)?.checked_add(follows))?;
        let number = i128::try_from(digits)
            .ok()
            .and_then(|digits| Decimal::try_from_i128_with_scale(digits, decimals + 2).ok())
            .ok_or(OVERFLOW)?;
        Ok(value::Rounding::from(rounding).round(number, decimals))
    }

    /// The nearest number: at most 28 digits and 28 decimals, half to even, as the quotient of two numbers is kept.
    pub(crate) fn nearest(self) -> Result<Decimal, FinanceError> {
        let divisor = self.denominator.unsigned_abs();
        let magnitude = self.numerator.unsigned_abs();
        let (mut digits, mut rest) = (magnitude / divisor, magnitude % divisor);
        let mut scale = 0;
        // Two digits more than can be kept, so that rounding sees them.
        while rest != U256::ZERO && scale < number::DECIMALS + 2 && digits < U256::new(10).pow(number::DIGITS + 2) {
            let scaled = rest.checked_mul(U256::new(10)).ok_or(OVERFLOW)?;
            digits = digits * U256::new(10) + scaled / divisor;
            rest = scaled % divisor;
            scale += 1;
        }
        number::nearest(digits, self.is_negative(), scale, rest != U256::ZERO).map_err(|code| match code {
            ErrorCode::Underflow => FinanceError::Underflow { what: "a result" },
            _ => FinanceError::Overflow { what: "a result" },
        })
    }

    /// Whether the number is zero.
    pub fn is_zero(self) -> bool {
        self.numerator == I256::ZERO
    }

    /// Whether the number lies below zero.
    pub fn is_negative(self) -> bool {
        self.numerator < I256::ZERO
    }
}

impl From<Decimal> for Fraction {
    fn from(number: Decimal) -> Fraction {
        let (numerator, denominator) = (I256::new(number.mantissa()), I256::new(10).pow(number.scale()));
        let shared = divisor(numerator, denominator);
        Fraction { numerator: numerator / shared, denominator: denominator / shared }
    }
}

impl Ord for Fraction {
    /// By whole parts; where these are equal, by the inverses of the rests, which cannot overflow.
    fn cmp(&self, other: &Fraction) -> Ordering {
        let (mut a, mut b) = (*self, *other);
        let mut is_turned = false;
        loop {
            let order = a.whole().cmp(&b.whole());
            let (rest_a, rest_b) = (a.rest(), b.rest());
            let order = order.then_with(|| match (rest_a == I256::ZERO, rest_b == I256::ZERO) {
                (false, false) => Ordering::Equal,
                (is_zero_a, is_zero_b) => Reverse(is_zero_a).cmp(&Reverse(is_zero_b)),
            });
            if order != Ordering::Equal || rest_a == I256::ZERO {
                return if is_turned { order.reverse() } else { order };
            }
            a = Fraction { numerator: a.denominator, denominator: rest_a };
            b = Fraction { numerator: b.denominator, denominator: rest_b };
            is_turned = !is_turned;
        }
    }
}

impl PartialOrd for Fraction {
    fn partial_cmp(&self, other: &Fraction) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.numerator, self.denominator)
    }
}

impl Fraction {
    /// The largest whole number that is not above this one.
    fn whole(self) -> I256 {
        self.numerator.div_euclid(self.denominator)
    }

    fn rest(self) -> I256 {
        self.numerator.rem_euclid(self.denominator)
    }
}

const OVERFLOW: FinanceError = FinanceError::Overflow { what: "an exact fraction" };

fn product(a: I256, b: I256) -> Result<I256, FinanceError> {
    kept(a.checked_mul(b))
}

/// The number, unless it passed 255 bits. The least of all is refused too: it has no absolute value.
fn kept(number: Option<I256>) -> Result<I256, FinanceError> {
    number.filter(|number| *number != I256::MIN).ok_or(OVERFLOW)
}

/// The fraction in lowest terms. The denominator is above zero.
fn reduced(numerator: I256, denominator: I256) -> Result<Fraction, FinanceError> {
    let shared = divisor(numerator, denominator);
    Ok(Fraction { numerator: numerator / shared, denominator: denominator / shared })
}

/// The greatest common divisor of two numbers that are not both zero: always above zero.
fn divisor(a: I256, b: I256) -> I256 {
    let (mut a, mut b) = (a, b);
    while b != I256::ZERO {
        (a, b) = (b, a % b);
    }
    // INVARIANT: `kept` lets no number through that has no absolute value.
    a.wrapping_abs()
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cases, number};
    use super::*;
    use crate::generated::random::Random;

    fn of(numerator: i64, denominator: i64) -> Fraction {
        Fraction::of(numerator, denominator).expect("a fraction")
    }

    #[test]
    fn three_thirds_are_one() {
        let third = of(1, 3);
        let two = third.plus(third).expect("a sum");
        assert_eq!(two.plus(third), Ok(Fraction::ONE));
        assert_eq!(two.to_string(), "2/3");
        assert_eq!(of(4, -6).to_string(), "-2/3");
        assert_eq!(Fraction::of(1, 0), Err(FinanceError::DivisionByZero { argument: "denominator" }));
        assert_eq!(third.over(Fraction::ZERO), Err(FinanceError::DivisionByZero { argument: "divisor" }));
    }

    #[test]
    fn each_mode_rounds_the_exact_number_once() {
        let check = |numerator, denominator, modes: [&str; 4]| {
            let all = [Rounding::HalfUp, Rounding::HalfEven, Rounding::Up, Rounding::Down];
            for (rounding, expected) in all.into_iter().zip(modes) {
                let rounded = of(numerator, denominator).round(2, rounding).expect("a number");
                assert_eq!(rounded.to_string(), expected, "{numerator}/{denominator} {rounding:?}");
            }
        };
        check(1, 3, ["0.33", "0.33", "0.34", "0.33"]);
        check(1, 200, ["0.01", "0", "0.01", "0"]);
        check(3, 200, ["0.02", "0.02", "0.02", "0.01"]);
        check(-1, 200, ["-0.01", "0", "-0.01", "0"]);
        // A hair above one half: to round in two steps would give 0.00 half to even.
        check(5_000_000_001, 1_000_000_000_000, ["0.01", "0.01", "0.01", "0"]);
        check(-1, 1_000_000_000, ["0", "0", "-0.01", "0"]);
    }

    #[test]
    fn results_that_cannot_be_kept_are_refused() {
        let large = Fraction::from(Decimal::MAX);
        let product = large.times(large).expect("192 bits");
        assert_eq!(product.times(large), Err(OVERFLOW));
        assert_eq!(large.round(2, Rounding::HalfUp), Err(OVERFLOW));
        assert!(
            matches!(Fraction::ONE.round(27, Rounding::Up), Err(FinanceError::TooLarge { most, .. }) if most == number("26"))
        );
    }

    #[test]
    fn order_and_arithmetic_agree() {
        let mut random = Random::new(1);
        for _ in 0..cases(2_000) {
            let mut any = || of(random.between(-1_000, 1_000), random.between(1, 60));
            let (a, b) = (any(), any());
            let difference = a.minus(b).expect("small numbers");
            assert_eq!(a.cmp(&b), difference.numerator.cmp(&I256::ZERO), "{a} {b}");
            assert_eq!(difference.plus(b), Ok(a));
            if !b.is_zero() {
                assert_eq!(a.over(b).expect("small numbers").times(b), Ok(a));
            }
        }
    }
}
