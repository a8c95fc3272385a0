//! Which arm of an experiment a unit falls into. No expression can be written that calls it: experiments do.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Context, Function, Gives, Kind, Needs};
use crate::value::{ErrorCode, EvaluationError, Outcome, Value};

/// Draws an arm: takes the salt, the unit, and then the arms and their weights by turns.
pub(crate) static ARM: Function = Function {
    name: "arm",
    params: &[],
    gives: Gives::Always(Kind::Text),
    about: "The arm of an experiment that a unit falls into.",
    needs: Needs::Nothing,
    run: arm,
};

fn arm(arguments: &[Value], _: &Context<'_>) -> Outcome {
    let wrong = || EvaluationError::new(ErrorCode::InvalidArgument, "there is no arm to fall into").into();
    let [Value::Text(salt), unit, arms @ ..] = arguments else { return Err(wrong()) };
    let unit: Arc<str> = match unit {
        Value::Text(unit) => unit.clone(),
        Value::Integer(unit) => Arc::from(unit.to_string()),
        _ => return Err(wrong()),
    };
    let (arms, _) = arms.as_chunks::<2>();
    let weighted = arms.iter().filter_map(|pair| match pair {
        [arm @ Value::Text(_), Value::Integer(weight)] => Some((arm, u64::try_from(*weight).ok()?)),
        _ => None,
    });
    let (arms, weights): (Vec<&Value>, Vec<u64>) = weighted.unzip();
    drawn(salt, &unit, &weights).and_then(|index| arms.get(index)).map(|arm| (*arm).clone()).ok_or_else(wrong)
}

/// The position of the weight that a unit falls on: the first 8 bytes, big-endian, of SHA-256 over the salt, a zero byte
/// and the unit, modulo the sum of the weights. Nothing where that sum is zero.
pub(crate) fn drawn(salt: &str, unit: &str, weights: &[u64]) -> Option<usize> {
    let mut hash = Sha256::new();
    hash.update(salt.as_bytes());
    hash.update([0]);
    hash.update(unit.as_bytes());
    let first = hash.finalize().iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    let sum = weights.iter().try_fold(0_u64, |sum, weight| sum.checked_add(*weight))?;
    let mut left = first.checked_rem(sum)?;
    for (index, weight) in weights.iter().enumerate() {
        match left.checked_sub(*weight) {
            Some(rest) => left = rest,
            None => return Some(index),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::drawn;

    #[test]
    fn units_fall_where_another_implementation_puts_them() {
        // Computed with Python: int.from_bytes(hashlib.sha256(salt + b"\0" + unit).digest()[:8], "big") % sum(weights).
        let worked: [(&str, &str, &[u64], usize); 12] = [
            ("fp-2026", "D-1", &[80, 20], 0),
            ("fp-2026", "D-2", &[80, 20], 0),
            ("fp-2026", "D-9", &[80, 20], 1),
            ("fp-2026", "D-19", &[80, 20], 1),
            ("fp-2026", "D-21", &[80, 20], 1),
            ("fp-2026", "42", &[80, 20], 0),
            ("", "", &[80, 20], 1),
            ("é", "ü", &[80, 20], 1),
            ("fp-2026", "D-1", &[1, 1, 1], 0),
            ("fp-2026", "D-2", &[1, 0, 999_999], 2),
            ("fp-2027", "D-1", &[80, 20], 0),
            ("fp-2026", "D-1", &[0, 0, 7], 2),
        ];
        for (salt, unit, weights, arm) in worked {
            assert_eq!(drawn(salt, unit, weights), Some(arm), "{salt:?} {unit:?} {weights:?}");
        }
        assert_eq!(drawn("fp-2026", "D-1", &[0, 0]), None);
        assert_eq!(drawn("fp-2026", "D-1", &[]), None);
        assert_eq!(drawn("fp-2026", "D-1", &[u64::MAX, 1]), None);
    }

    #[test]
    fn a_border_of_weights_lies_where_the_remainder_says() {
        // Of D-1 the number is 7420589780080447707, which leaves 7 of 100.
        assert_eq!(drawn("fp-2026", "D-1", &[7, 93]), Some(1));
        assert_eq!(drawn("fp-2026", "D-1", &[8, 92]), Some(0));
    }

    #[test]
    fn shares_are_near_the_weights() {
        let count = |salt: &str, weights: &[u64], arm: usize| {
            (0..10_000).filter(|unit| drawn(salt, &format!("D-{unit}"), weights) == Some(arm)).count()
        };
        // As computed with Python too.
        assert_eq!(count("fp-2026", &[80, 20], 1), 1_996);
        for salt in ["a", "b", "c", "d"] {
            assert!((1_850..2_150).contains(&count(salt, &[80, 20], 1)), "{salt}");
            assert!((3_150..3_520).contains(&count(salt, &[1, 1, 1], 2)), "{salt}");
            assert_eq!(count(salt, &[5, 0, 5], 1), 0);
        }
    }

    #[test]
    fn another_salt_draws_anew() {
        let of = |salt: &str| -> Vec<Option<usize>> {
            (0..10_000).map(|unit| drawn(salt, &format!("D-{unit}"), &[50, 50])).collect()
        };
        let same = of("one").iter().zip(of("two")).filter(|(one, two)| **one == *two).count();
        assert!((4_800..5_200).contains(&same), "{same}");
    }
}
