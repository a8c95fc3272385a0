//! Code over all cases of a chunk at once.
//!
//! What one case comes to is what [`crate::eval::code`] says. Here each operation is one loop over the integers of the
//! chunk, and what is no integer is told by masks. A case that has none comes to an integer too, which nothing reads.

use super::Work;
use super::kernels::{CASES, Integers, Kernels, Mask, packed};
use super::masks::{ALL, NONE, and, each, not, or, select, set, without, zip};
use super::view::CaseView;
use crate::eval::code::{Answer, answer, date_of};
use crate::language::SlotId;
use crate::plan::Code;
use crate::value::Rounding;
use crate::value::ops::Comparison;

/// One integer for each case of a chunk.
pub(super) type Numbers = Box<[i64; CASES]>;

/// What code came to for each case of a chunk.
#[derive(Clone, Debug)]
pub(super) struct Lanes {
    pub(super) values: Values,
    pub(super) none: Mask,
    pub(super) unknown: Mask,
    /// The cases of which the code cannot tell.
    pub(super) asked: Mask,
}

/// The values of a chunk.
#[derive(Clone, Debug)]
pub(super) enum Values {
    Integers(Numbers),
    /// Those that are true.
    Truths(Mask),
}

impl Lanes {
    fn of(values: Values) -> Lanes {
        Lanes { values, none: NONE, unknown: NONE, asked: NONE }
    }

    fn constant(value: i64) -> Lanes {
        Lanes::of(Values::Integers(Box::new([value; CASES])))
    }

    /// By case, the integer of the row that it took.
    pub(super) fn of_rows(integers: &[i64], rows: &[u16]) -> Lanes {
        let mut values = Box::new([0; CASES]);
        for (value, row) in values.iter_mut().zip(rows) {
            *value = integers.get(usize::from(*row)).copied().unwrap_or(0);
        }
        Lanes::of(Values::Integers(values))
    }

    fn known(&self) -> Mask {
        let absent = or(self.none, &self.unknown);
        not(or(absent, &self.asked))
    }

    /// The truths of a condition, which none is not.
    fn into_condition(self, kernels: Kernels) -> Lanes {
        let asked = or(self.asked, &self.none);
        Lanes { values: Values::Truths(self.values.truths(kernels)), none: NONE, unknown: self.unknown, asked }
    }
}

impl Values {
    pub(super) fn integers(self, kernels: Kernels) -> Numbers {
        match self {
            Values::Integers(values) => values,
            Values::Truths(mask) => kernels.run(
                #[inline(always)]
                || {
                    let mut values = Box::new([0; CASES]);
                    let (words, _) = values.as_chunks_mut::<64>();
                    for (word, values) in mask.iter().zip(words) {
                        for (bit, value) in values.iter_mut().enumerate() {
                            *value = (word >> bit & 1) as i64;
                        }
                    }
                    values
                },
            ),
        }
    }

    pub(super) fn truths(self, kernels: Kernels) -> Mask {
        match self {
            Values::Truths(mask) => mask,
            Values::Integers(values) => kernels.run(
                #[inline(always)]
                || marked(values.iter().map(|value| *value != 0)),
            ),
        }
    }
}

impl Work<'_> {
    /// What code comes to for each case of the chunk.
    pub(super) fn lanes(&self, code: &Code) -> Lanes {
        let kernels = self.kernels;
        let eval = |code: &Code| self.lanes(code);
        match code {
            Code::Constant(value) => Lanes::constant(*value),
            Code::ByRow => {
                self.by_row.as_ref().map_or_else(|| Lanes::constant(0), |(of, hits)| Lanes::of_rows(of, hits))
            }
            Code::None => Lanes { none: ALL, ..Lanes::constant(0) },
            Code::Slot(slot) => self.slot(*slot),
            Code::Today => Lanes::constant(self.instant.now.today),
            Code::AsOf => match self.instant.now.as_of {
                Some(as_of) => Lanes::constant(as_of),
                None => Lanes { asked: ALL, ..Lanes::constant(0) },
            },
            Code::Scale(inner, factor) => product(kernels, eval(inner), Lanes::constant(*factor)),
            Code::Round(inner, divisor, rounding) => rounded(kernels, eval(inner), *divisor, *rounding),
            Code::Add(a, b) => two(
                kernels,
                eval(a),
                eval(b),
                #[inline(always)]
                |a, b| {
                    let sum = a.wrapping_add(b);
                    (sum, (a ^ sum) & (b ^ sum) < 0)
                },
            ),
            Code::Subtract(a, b) => two(
                kernels,
                eval(a),
                eval(b),
                #[inline(always)]
                |a, b| {
                    let difference = a.wrapping_sub(b);
                    (difference, (a ^ b) & (a ^ difference) < 0)
                },
            ),
            Code::Multiply(a, b) => product(kernels, eval(a), eval(b)),
            Code::Negate(inner) => one(
                kernels,
                eval(inner),
                #[inline(always)]
                |value| (value.wrapping_neg(), value == i64::MIN),
            ),
            Code::Absolute(inner) => one(
                kernels,
                eval(inner),
                #[inline(always)]
                |value| (value.wrapping_abs(), value == i64::MIN),
            ),
            Code::Within(inner, low, high) => one(
                kernels,
                eval(inner),
                #[inline(always)]
                |value| (value, value < *low || value > *high),
            ),
            Code::Compare(operator, a, b) => compared(kernels, *operator, eval(a), eval(b)),
            Code::Extreme { is_most, items } => {
                let mut items = items.iter().map(eval);
                let Some(first) = items.next() else { return Lanes { none: ALL, ..Lanes::constant(0) } };
                if *is_most {
                    items.fold(first, |best, item| {
                        two(
                            kernels,
                            best,
                            item,
                            #[inline(always)]
                            |a, b| (a.max(b), false),
                        )
                    })
                } else {
                    items.fold(first, |best, item| {
                        two(
                            kernels,
                            best,
                            item,
                            #[inline(always)]
                            |a, b| (a.min(b), false),
                        )
                    })
                }
            }
            Code::OneOf(inner, constants) => one_of(kernels, eval(inner), constants),
            Code::Between { item, low, high, is_inclusive } => {
                let item = eval(item);
                let below = if *is_inclusive { Comparison::LessOrEqual } else { Comparison::Less };
                let from = compared(kernels, Comparison::GreaterOrEqual, item.clone(), eval(low));
                let to = compared(kernels, below, item, eval(high));
                let asked = or(from.asked, &to.asked);
                let unknown = without(or(from.unknown, &to.unknown), &asked);
                let truths = and(from.values.truths(kernels), &to.values.truths(kernels));
                Lanes { unknown, asked, ..Lanes::of(Values::Truths(truths)) }
            }
            Code::Not(inner) => {
                let inner = eval(inner).into_condition(kernels);
                Lanes { values: Values::Truths(not(inner.values.truths(kernels))), ..inner }
            }
            Code::And(items) => decided(kernels, items.iter().map(eval), false),
            Code::Or(items) => decided(kernels, items.iter().map(eval), true),
            Code::If { condition, then, otherwise } => {
                let condition = eval(condition).into_condition(kernels);
                let known = condition.known();
                let (unknown, asked) = (condition.unknown, condition.asked);
                let chosen = condition.values.truths(kernels);
                let found = either(kernels, &chosen, eval(then), eval(otherwise));
                Lanes {
                    none: and(found.none, &known),
                    unknown: or(and(found.unknown, &known), &unknown),
                    asked: or(and(found.asked, &known), &asked),
                    ..found
                }
            }
            Code::Strict { first, then } => {
                let (mut none, mut asked) = (NONE, NONE);
                for code in first {
                    let lanes = eval(code);
                    none = or(none, &lanes.none);
                    asked = or(asked, &or(lanes.unknown, &lanes.asked));
                }
                let found = eval(then);
                let untold = without(or(found.unknown, &found.asked), &none);
                let asked = or(asked, &untold);
                Lanes { none: without(or(found.none, &none), &asked), unknown: NONE, asked, ..found }
            }
            Code::Coalesce(items) => {
                let mut items = items.iter().map(eval);
                let Some(first) = items.next() else { return Lanes { none: ALL, ..Lanes::constant(0) } };
                items.fold(first, |found, item| {
                    let absent = or(found.none, &found.unknown);
                    either(kernels, &absent, item, found)
                })
            }
            Code::DateOf(inner) => one(
                kernels,
                eval(inner),
                #[inline(always)]
                |instant| date_of(instant, &self.instant.now).map_or((0, true), |date| (date, false)),
            ),
            Code::Method(_) | Code::Item(..) => self.one_by_one(code),
            Code::Known(inner) => {
                let inner = eval(inner);
                Lanes { asked: inner.asked, ..Lanes::of(Values::Truths(not(inner.unknown))) }
            }
        }
    }

    /// What code comes to that goes over the items of each case.
    fn one_by_one(&self, code: &Code) -> Lanes {
        let mut lanes = Lanes::constant(0);
        let Values::Integers(values) = &mut lanes.values else { return lanes };
        each(&self.active, |case| match answer(code, &CaseView { work: self, case }, &self.instant.now) {
            Answer::Known(value) => values.get_mut(case).into_iter().for_each(|to| *to = value),
            Answer::None => set(&mut lanes.none, case),
            Answer::Unknown => set(&mut lanes.unknown, case),
            Answer::Asked => set(&mut lanes.asked, case),
        });
        lanes
    }

    fn slot(&self, slot: SlotId) -> Lanes {
        let index = slot.0 as usize;
        let absent = self.absent(slot);
        let values = match (self.batch.columns.get(index), self.room.slots.get(index)) {
            (Some(column), _) => match column.chunk(self.index) {
                Some(integers) => widened(self.kernels, integers),
                None => Box::new([0; CASES]),
            },
            (None, Some(Some(column))) => column.bits.clone(),
            (None, _) => Box::new([0; CASES]),
        };
        let mask = |mask: Option<Mask>| mask.unwrap_or(NONE);
        Lanes {
            values: Values::Integers(values),
            none: mask(absent.none),
            unknown: mask(absent.unknown),
            asked: mask(absent.beside),
        }
    }
}

/// The cases of which something holds, in their order.
#[inline(always)]
fn marked(holds: impl Iterator<Item = bool>) -> Mask {
    let mut bytes = [0_u8; CASES];
    for (byte, holds) in bytes.iter_mut().zip(holds) {
        *byte = u8::from(holds);
    }
    let mut mask = NONE;
    let (words, _) = bytes.as_chunks::<64>();
    for (word, bytes) in mask.iter_mut().zip(words) {
        *word = packed(bytes);
    }
    mask
}

fn widened(kernels: Kernels, integers: Integers<'_>) -> Numbers {
    kernels.run(
        #[inline(always)]
        || {
            let mut to = Box::new([0; CASES]);
            match integers {
                Integers::I8(from) => to.iter_mut().zip(from).for_each(|(to, from)| *to = i64::from(*from)),
                Integers::I16(from) => to.iter_mut().zip(from).for_each(|(to, from)| *to = i64::from(*from)),
                Integers::I32(from) => to.iter_mut().zip(from).for_each(|(to, from)| *to = i64::from(*from)),
                Integers::I64(from) => to.copy_from_slice(from),
            }
            to
        },
    )
}

/// Applies an operation that says too whether its result does not fit.
#[inline(always)]
fn one(kernels: Kernels, lanes: Lanes, apply: impl Fn(i64) -> (i64, bool)) -> Lanes {
    let known = lanes.known();
    let mut values = lanes.values.integers(kernels);
    let odd = kernels.run(
        #[inline(always)]
        || {
            let mut odd = [0_u8; CASES];
            for (value, odd) in values.iter_mut().zip(&mut odd) {
                let (found, is_odd) = apply(*value);
                *value = found;
                *odd = u8::from(is_odd);
            }
            marked(odd.iter().map(|odd| *odd != 0))
        },
    );
    let asked = or(lanes.asked, &and(odd, &known));
    Lanes { values: Values::Integers(values), asked, ..lanes }
}

/// The same with two operands.
#[inline(always)]
fn two(kernels: Kernels, a: Lanes, b: Lanes, apply: impl Fn(i64, i64) -> (i64, bool)) -> Lanes {
    let known = and(a.known(), &b.known());
    let (mut values, others) = (a.values.integers(kernels), b.values.integers(kernels));
    let odd = kernels.run(
        #[inline(always)]
        || {
            let mut odd = [0_u8; CASES];
            for ((value, other), odd) in values.iter_mut().zip(&*others).zip(&mut odd) {
                let (found, is_odd) = apply(*value, *other);
                *value = found;
                *odd = u8::from(is_odd);
            }
            marked(odd.iter().map(|odd| *odd != 0))
        },
    );
    // One to be asked wins, then unknown, then none.
    let asked = or(or(a.asked, &b.asked), &and(odd, &known));
    let unknown = without(or(a.unknown, &b.unknown), &asked);
    let none = without(without(or(a.none, &b.none), &asked), &unknown);
    Lanes { values: Values::Integers(values), none, unknown, asked }
}

/// The product of two numbers; where their digits show that all of them fit, without looking at each.
fn product(kernels: Kernels, a: Lanes, b: Lanes) -> Lanes {
    let (a, of_a) = measured(kernels, a);
    let (b, of_b) = measured(kernels, b);
    if of_a + of_b < 63 {
        two(
            kernels,
            a,
            b,
            #[inline(always)]
            |a, b| (a.wrapping_mul(b), false),
        )
    } else {
        two(kernels, a, b, i64::overflowing_mul)
    }
}

/// Numbers, and how many binary digits the longest of them has.
fn measured(kernels: Kernels, lanes: Lanes) -> (Lanes, u32) {
    let values = lanes.values.integers(kernels);
    let digits = kernels.run(
        #[inline(always)]
        || values.iter().fold(0, |all, value| all | (value ^ (value >> 63))),
    );
    (Lanes { values: Values::Integers(values), ..lanes }, 64 - digits.leading_zeros())
}

/// The numbers divided by a power of ten and rounded, as [`crate::eval::code::round`] does it.
///
/// The quotient is the upper half of a product with the divisor's reciprocal (Granlund and Montgomery, "Division by
/// invariant integers using multiplication", 1994).
fn rounded(kernels: Kernels, lanes: Lanes, divisor: i64, rounding: Rounding) -> Lanes {
    let divisor = divisor.unsigned_abs();
    let shift = divisor.ilog2();
    let reciprocal = (1_u128 << (64 + shift)).div_ceil(u128::from(divisor)) as u64;
    let half = divisor / 2;
    macro_rules! by {
        ($away:expr) => {{
            let away = $away;
            one(
                kernels,
                lanes,
                #[inline(always)]
                |value| {
                    let magnitude = value.unsigned_abs();
                    let quotient = upper(magnitude, reciprocal) >> shift;
                    let rest = magnitude.wrapping_sub(quotient.wrapping_mul(divisor));
                    let rounded = quotient.wrapping_add(u64::from(away(quotient, rest))) as i64;
                    let sign = value >> 63;
                    ((rounded ^ sign).wrapping_sub(sign), false)
                },
            )
        }};
    }
    match rounding {
        Rounding::Down => by!(|_, _| false),
        Rounding::Up => by!(|_, rest| rest != 0),
        Rounding::HalfUp => by!(|_, rest| rest >= half),
        Rounding::HalfEven => by!(|quotient: u64, rest| rest > half || rest == half && quotient & 1 == 1),
    }
}

/// The upper half of the product of two numbers.
#[inline(always)]
fn upper(a: u64, b: u64) -> u64 {
    ((u128::from(a) * u128::from(b)) >> 64) as u64
}

fn compared(kernels: Kernels, operator: Comparison, a: Lanes, b: Lanes) -> Lanes {
    let (of_a, of_b) = (a.known(), b.known());
    let asked = or(a.asked, &b.asked);
    let unknown = without(or(a.unknown, &b.unknown), &asked);
    let both_none = and(a.none, &b.none);
    let one_none = or(and(a.none, &of_b), &and(b.none, &of_a));
    let (a, b) = (a.values.integers(kernels), b.values.integers(kernels));
    macro_rules! by {
        ($operator:tt) => {
            kernels.run(
                #[inline(always)]
                || marked(a.iter().zip(&*b).map(|(a, b)| a $operator b)),
            )
        };
    }
    let holds = match operator {
        Comparison::Equal => by!(==),
        Comparison::NotEqual => by!(!=),
        Comparison::Less => by!(<),
        Comparison::LessOrEqual => by!(<=),
        Comparison::Greater => by!(>),
        Comparison::GreaterOrEqual => by!(>=),
    };
    let mut truths = and(and(holds, &of_a), &of_b);
    match operator {
        Comparison::Equal => truths = or(truths, &both_none),
        Comparison::NotEqual => truths = or(truths, &one_none),
        _ => {}
    }
    Lanes { unknown, asked, ..Lanes::of(Values::Truths(truths)) }
}

/// Up to so many constants are compared one after the other.
const FEW: usize = 16;

fn one_of(kernels: Kernels, lanes: Lanes, constants: &[i64]) -> Lanes {
    let known = lanes.known();
    let values = lanes.values.integers(kernels);
    let holds = kernels.run(
        #[inline(always)]
        || {
            if constants.len() > FEW {
                return marked(values.iter().map(|value| constants.binary_search(value).is_ok()));
            }
            let mut holds = NONE;
            for constant in constants {
                holds = or(holds, &marked(values.iter().map(|value| value == constant)));
            }
            holds
        },
    );
    Lanes { none: NONE, values: Values::Truths(and(holds, &known)), ..lanes }
}

/// `and` (decided by false) or `or` (decided by true), in any order.
fn decided(kernels: Kernels, items: impl Iterator<Item = Lanes>, deciding: bool) -> Lanes {
    let (mut decided, mut unknown, mut asked) = (NONE, NONE, NONE);
    for item in items {
        let item = item.into_condition(kernels);
        let known = item.known();
        unknown = or(unknown, &item.unknown);
        asked = or(asked, &item.asked);
        let truths = item.values.truths(kernels);
        decided = or(decided, &if deciding { and(truths, &known) } else { without(known, &truths) });
    }
    let asked = without(asked, &decided);
    let unknown = without(without(unknown, &decided), &asked);
    let truths = if deciding { decided } else { not(decided) };
    Lanes { unknown, asked, ..Lanes::of(Values::Truths(truths)) }
}

/// Puts the integers of some cases in their places.
pub(super) fn put_in(kernels: Kernels, cases: &Mask, from: &[i64; CASES], to: &mut [i64; CASES]) {
    kernels.run(
        #[inline(always)]
        || {
            let (words, _) = to.as_chunks_mut::<64>();
            let (of_from, _) = from.as_chunks::<64>();
            for ((word, to), from) in cases.iter().zip(words).zip(of_from) {
                for (bit, (to, from)) in to.iter_mut().zip(from).enumerate() {
                    let chosen = 0_i64.wrapping_sub((word >> bit & 1) as i64);
                    *to = (*to & !chosen) | (*from & chosen);
                }
            }
        },
    );
}

/// The first where chosen, else the second.
fn either(kernels: Kernels, chosen: &Mask, a: Lanes, b: Lanes) -> Lanes {
    let values = match (a.values, b.values) {
        (Values::Truths(a), Values::Truths(b)) => Values::Truths(select(chosen, &a, &b)),
        (a, b) => {
            let (a, mut values) = (a.integers(kernels), b.integers(kernels));
            put_in(kernels, chosen, &a, &mut values);
            Values::Integers(values)
        }
    };
    let of = |a: Mask, b: Mask| zip(zip(a, chosen, |a, chosen| a & chosen), &without(b, chosen), |a, b| a | b);
    Lanes { values, none: of(a.none, b.none), unknown: of(a.unknown, b.unknown), asked: of(a.asked, b.asked) }
}

#[cfg(test)]
mod tests {
    use super::super::kernels::Vectors;
    use super::*;
    use crate::generated::random::Random;

    #[test]
    fn numbers_are_rounded_as_one_by_one() {
        let mut random = Random::new(11);
        for decimals in 1..=18 {
            let divisor = 10_i64.pow(decimals);
            let mut values = Box::new([0_i64; CASES]);
            for (case, value) in values.iter_mut().enumerate() {
                let near = divisor.saturating_mul(random.between(-50, 50));
                *value = match case % 8 {
                    0 => i64::MIN + random.between(0, 3),
                    1 => i64::MAX - random.between(0, 3),
                    2 => random.between(-3, 3),
                    3 => near.saturating_add(divisor / 2).saturating_add(random.between(-1, 1)),
                    4 => near.saturating_sub(divisor / 2).saturating_add(random.between(-1, 1)),
                    5 => near.saturating_add(random.between(-1, 1)),
                    _ => random.next() as i64,
                };
            }
            for rounding in [Rounding::Down, Rounding::Up, Rounding::HalfUp, Rounding::HalfEven] {
                for vectors in [Vectors::Portable, Vectors::Avx2, Vectors::Avx512] {
                    let Some(kernels) = vectors.kernels() else { continue };
                    let lanes = Lanes::of(Values::Integers(values.clone()));
                    let found = rounded(kernels, lanes, divisor, rounding).values.integers(kernels);
                    for (value, found) in values.iter().zip(&*found) {
                        let wanted = crate::eval::code::round(*value, divisor, rounding);
                        assert_eq!(*found, wanted, "{value} / {divisor} {rounding:?}");
                    }
                }
            }
        }
    }
}
