//! Exact decimal arithmetic.
//!
//! A number has at most 28 digits and at most 28 decimals. A result with more is rounded once, half to even, at the
//! last digit kept; one that is too large is an overflow, and a product or quotient that is not zero but would become
//! zero an underflow. Results are normalised: no zeros at the end. `rust_decimal` stores numbers and reads and writes
//! them; its own arithmetic keeps 29 digits for some values and 28 for others, so the four operations are done here
//! over 256-bit integers.

use ethnum::U256;
use rust_decimal::{Decimal, RoundingStrategy};

use super::{ErrorCode, EvaluationError};

/// The most digits that a number has.
pub(crate) const DIGITS: u32 = 28;
/// The most decimals that a number has.
pub(crate) const DECIMALS: u32 = 28;

/// How a number is rounded when it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Rounding {
    #[default]
    HalfUp,
    HalfEven,
    Up,
    Down,
}

impl Rounding {
    /// The mode with this name.
    pub(crate) fn named(name: &str) -> Option<Rounding> {
        match name {
            "half_up" => Some(Rounding::HalfUp),
            "half_even" => Some(Rounding::HalfEven),
            "up" => Some(Rounding::Up),
            "down" => Some(Rounding::Down),
            _ => None,
        }
    }

    /// The names of all modes.
    pub(crate) const NAMES: [&'static str; 4] = ["half_up", "half_even", "up", "down"];

    /// The number with at most this many decimals.
    pub(crate) fn round(self, number: Decimal, decimals: u32) -> Decimal {
        let strategy = match self {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
            Rounding::Up => RoundingStrategy::AwayFromZero,
            Rounding::Down => RoundingStrategy::ToZero,
        };
        number.round_dp_with_strategy(decimals, strategy).normalize()
    }
}

/// A number read from plain decimal text: digits, one point at most, a sign. No exponents, no separators.
pub(crate) fn parse(text: &str) -> Option<Decimal> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number = Decimal::from_str_exact(text).ok()?.normalize();
    (number.mantissa().unsigned_abs() < POWER_28).then_some(number)
}

/// The sum.
pub(crate) fn add(a: Decimal, b: Decimal) -> Result<Decimal, EvaluationError> {
    let scale = a.scale().max(b.scale());
    let (x, y) = (aligned(a, scale), aligned(b, scale));
    let (magnitude, negative) = match (a.is_sign_negative(), b.is_sign_negative()) {
        (false, false) => (x + y, false),
        (true, true) => (x + y, true),
        (a_negative, _) if x >= y => (x - y, a_negative),
        (a_negative, _) => (y - x, !a_negative),
    };
    keep(magnitude, negative, scale, false).map_err(|problem| problem.of(a, "+", b))
}

/// The difference.
pub(crate) fn subtract(a: Decimal, b: Decimal) -> Result<Decimal, EvaluationError> {
    add(a, -b).map_err(|mut error| {
        error.message = Problem::Overflow.of(a, "-", b).message;
        error
    })
}

/// The product.
pub(crate) fn multiply(a: Decimal, b: Decimal) -> Result<Decimal, EvaluationError> {
    let magnitude = magnitude(a) * magnitude(b);
    let negative = a.is_sign_negative() != b.is_sign_negative();
    keep(magnitude, negative, a.scale() + b.scale(), false).map_err(|problem| problem.of(a, "*", b))
}

/// The hundredth of the product, rounded once: so many percent of an amount.
pub(crate) fn hundredth_of_product(a: Decimal, b: Decimal) -> Result<Decimal, EvaluationError> {
    let negative = a.is_sign_negative() != b.is_sign_negative();
    keep(magnitude(a) * magnitude(b), negative, a.scale() + b.scale() + 2, false)
        .map_err(|problem| problem.of(a, "* hundredths of", b))
}

/// The quotient.
pub(crate) fn divide(a: Decimal, b: Decimal) -> Result<Decimal, EvaluationError> {
    if b.is_zero() {
        return Err(EvaluationError::new(ErrorCode::DivisionByZero, format!("{} / 0", a.normalize())));
    }
    if a.is_zero() {
        return Ok(Decimal::ZERO);
    }
    let (x, y) = (magnitude(a), magnitude(b));
    // Enough digits that the quotient has at least two more than can be kept, so that rounding sees them.
    let shift = (DIGITS + 2 + digits(y)).saturating_sub(digits(x)).max((b.scale() + 2).saturating_sub(a.scale()));
    let scaled = x * power(shift);
    let (quotient, rest) = (scaled / y, scaled % y);
    let negative = a.is_sign_negative() != b.is_sign_negative();
    // The shift makes the scale at least that of the divisor.
    let scale = (a.scale() + shift).saturating_sub(b.scale());
    keep(quotient, negative, scale, rest != U256::ZERO).map_err(|problem| problem.of(a, "/", b))
}

/// The number `digits / 10^scale`, rounded once as a quotient is; `more` says that the true value is a little larger in
/// magnitude.
pub(crate) fn nearest(digits: U256, negative: bool, scale: u32, more: bool) -> Result<Decimal, ErrorCode> {
    keep(digits, negative, scale, more).map_err(|problem| match problem {
        Problem::Overflow => ErrorCode::Overflow,
        Problem::Underflow => ErrorCode::Underflow,
    })
}

const POWER_28: u128 = 10_u128.pow(28);

/// Why a result cannot be kept.
enum Problem {
    Overflow,
    Underflow,
}

impl Problem {
    fn of(self, a: Decimal, operator: &str, b: Decimal) -> EvaluationError {
        let sum = format!("{} {operator} {}", a.normalize(), b.normalize());
        match self {
            Problem::Overflow => EvaluationError::new(
                ErrorCode::Overflow,
                format!("{sum} has more than {DIGITS} digits before the point"),
            ),
            Problem::Underflow => EvaluationError::new(
                ErrorCode::Underflow,
                format!("{sum} is not zero, but smaller than {DECIMALS} decimals can tell"),
            ),
        }
    }
}

/// The number `magnitude / 10^scale`, rounded once. `more` says that the true value is a little larger in magnitude.
fn keep(magnitude: U256, negative: bool, scale: u32, more: bool) -> Result<Decimal, Problem> {
    if magnitude == U256::ZERO {
        return if more { Err(Problem::Underflow) } else { Ok(Decimal::ZERO) };
    }
    let drop = digits(magnitude).saturating_sub(DIGITS).max(scale.saturating_sub(DECIMALS));
    if drop > scale {
        return Err(Problem::Overflow);
    }
    let mut kept = round_half_even(magnitude, drop, more);
    let mut scale = scale - drop;
    if kept == U256::ZERO {
        return Err(Problem::Underflow);
    }
    while scale > 0 && kept % U256::new(10) == U256::ZERO {
        kept /= U256::new(10);
        scale -= 1;
    }
    if digits(kept) > DIGITS {
        return Err(Problem::Overflow);
    }
    let mantissa = i128::try_from(kept).map_err(|_| Problem::Overflow)?;
    Decimal::try_from_i128_with_scale(if negative { -mantissa } else { mantissa }, scale).map_err(|_| Problem::Overflow)
}

fn round_half_even(magnitude: U256, drop: u32, more: bool) -> U256 {
    if drop == 0 {
        return magnitude;
    }
    let divisor = power(drop);
    let (quotient, rest) = (magnitude / divisor, magnitude % divisor);
    let half = divisor / U256::new(2);
    let up = rest > half || (rest == half && (more || quotient % U256::new(2) == U256::ONE));
    if up { quotient + U256::ONE } else { quotient }
}

fn magnitude(number: Decimal) -> U256 {
    U256::new(number.mantissa().unsigned_abs())
}

fn aligned(number: Decimal, scale: u32) -> U256 {
    magnitude(number) * power(scale - number.scale())
}

fn power(exponent: u32) -> U256 {
    U256::new(10).pow(exponent)
}

fn digits(number: U256) -> u32 {
    let mut count = 0;
    let mut rest = number;
    while rest > U256::ZERO {
        rest /= U256::new(10);
        count += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn number(text: &str) -> Decimal {
        parse(text).unwrap_or_else(|| panic!("{text} is a number"))
    }

    #[track_caller]
    fn check(result: Result<Decimal, EvaluationError>, expected: &str) {
        let shown = match result {
            Ok(number) => number.to_string(),
            Err(error) => error.code.slug().to_owned(),
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn results_are_exact_normalised_and_rounded_once() {
        check(divide(number("7.5"), number("2")), "3.75");
        check(divide(number("7"), number("2")), "3.5");
        check(subtract(number("0.30"), number("0.3")), "0");
        check(divide(number("1"), number("3")), "0.3333333333333333333333333333");
        check(divide(number("2"), number("3")), "0.6666666666666666666666666667");
        check(divide(number("20"), number("3")), "6.666666666666666666666666667");
        check(divide(number("1"), number("-8")), "-0.125");
        check(divide(number("1"), number("0")), "division-by-zero");
        check(multiply(number("0.000000000000001"), number("0.00000000000000123456")), "underflow");
        check(add(number("9999999999999999999999999999"), number("1")), "overflow");
        check(add(number("9999999999999999999999999998"), number("1")), "9999999999999999999999999999");
        check(add(number("9999999999999999999999999999"), number("0.4")), "9999999999999999999999999999");
        check(add(number("9999999999999999999999999999"), number("0.5")), "overflow");
        check(divide(number("9999999999999999999999999999"), number("0.0000000000000000000000000001")), "overflow");
        check(divide(number("0.0000000000000000000000000001"), number("9999999999999999999999999999")), "underflow");
    }

    #[test]
    fn text_that_is_no_plain_number_is_refused() {
        for text in ["", "-", "1e3", ".5", "5.", "1,000", "+1", "0x10", "1_000", "--1", "10000000000000000000000000000"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    fn any_number() -> impl Strategy<Value = Decimal> {
        (-9_999_999_999_999_999_999_999_999_999_i128..=9_999_999_999_999_999_999_999_999_999, 0_u32..=28)
            .prop_map(|(mantissa, scale)| Decimal::from_i128_with_scale(mantissa, scale).normalize())
    }

    /// Ten thousand numbers in the gate, a million with RECOUP_SOAK.
    fn counts() -> ProptestConfig {
        let is_soak = std::env::var_os("RECOUP_SOAK").is_some();
        ProptestConfig::with_cases(if is_soak { 1_000_000 } else { 10_000 })
    }

    proptest! {
        #![proptest_config(counts())]

        #[test]
        fn sums_and_products_commute_and_differences_turn_sign(a in any_number(), b in any_number()) {
            prop_assert_eq!(add(a, b).map_err(|e| e.code), add(b, a).map_err(|e| e.code));
            prop_assert_eq!(multiply(a, b).map_err(|e| e.code), multiply(b, a).map_err(|e| e.code));
            prop_assert_eq!(subtract(a, b).map_err(|e| e.code), subtract(b, a).map(|d| -d).map_err(|e| e.code));
        }

        #[test]
        fn a_quotient_times_its_divisor_is_the_dividend_to_the_last_digits(a in 1_i64.., b in 1_i64..) {
            let (a, b) = (Decimal::from(a), Decimal::from(b));
            let quotient = divide(a, b).map_err(|e| TestCaseError::fail(e.message))?;
            let back = multiply(quotient, b).map_err(|e| TestCaseError::fail(e.message))?;
            let off = ((back - a) / a).abs();
            prop_assert!(off < Decimal::new(1, 8), "{} / {} = {}, back {}", a, b, quotient, back);
        }
    }
}
