//! How an exact amount becomes one that can be paid. The caller declares it; there is no default.

use crate::value;

/// How a number with too many decimals is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// To the nearest; a half away from zero.
    HalfUp,
    /// To the nearest; a half to the even neighbour.
    HalfEven,
    /// Away from zero.
    Up,
    /// Towards zero.
    Down,
}

impl From<value::Rounding> for Rounding {
    fn from(rounding: value::Rounding) -> Rounding {
        match rounding {
            value::Rounding::HalfUp => Rounding::HalfUp,
            value::Rounding::HalfEven => Rounding::HalfEven,
            value::Rounding::Up => Rounding::Up,
            value::Rounding::Down => Rounding::Down,
        }
    }
}

impl From<Rounding> for value::Rounding {
    fn from(rounding: Rounding) -> value::Rounding {
        match rounding {
            Rounding::HalfUp => value::Rounding::HalfUp,
            Rounding::HalfEven => value::Rounding::HalfEven,
            Rounding::Up => value::Rounding::Up,
            Rounding::Down => value::Rounding::Down,
        }
    }
}
