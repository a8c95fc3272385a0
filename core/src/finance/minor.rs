//! Amounts as whole numbers of the smallest unit of a currency, such as cents: sums and differences of them are exact.

use rust_decimal::Decimal;

use super::FinanceError;

/// The most decimals that a currency or a result may have: rounding looks at two more, and a number has 28.
pub(super) const DECIMALS: u32 = 26;

/// The decimals, unless there are too many.
pub(super) fn checked_decimals(decimals: u32) -> Result<u32, FinanceError> {
    if decimals > DECIMALS {
        return Err(FinanceError::TooLarge {
            argument: "decimals",
            value: Decimal::from(decimals),
            most: Decimal::from(DECIMALS),
        });
    }
    Ok(decimals)
}

/// The amount in units of its last decimal; refused where it is finer than that.
pub(super) fn to_units(argument: &'static str, amount: Decimal, decimals: u32) -> Result<i128, FinanceError> {
    let plain = amount.normalize();
    let Some(shift) = checked_decimals(decimals)?.checked_sub(plain.scale()) else {
        return Err(FinanceError::TooFine { argument, value: plain, decimals });
    };
    10_i128.checked_pow(shift).and_then(|power| plain.mantissa().checked_mul(power)).ok_or(OVERFLOW)
}

/// The amount that has so many units of its last decimal.
pub(super) fn to_amount(units: i128, decimals: u32) -> Result<Decimal, FinanceError> {
    Decimal::try_from_i128_with_scale(units, decimals).map(|amount| amount.normalize()).map_err(|_| OVERFLOW)
}

/// The sum of units.
pub(super) fn sum(units: impl IntoIterator<Item = i128>) -> Result<i128, FinanceError> {
    units.into_iter().try_fold(0_i128, i128::checked_add).ok_or(OVERFLOW)
}

pub(super) const OVERFLOW: FinanceError = FinanceError::Overflow { what: "an amount" };
