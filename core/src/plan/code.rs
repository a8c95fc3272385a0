//! Expressions over machine integers.
//!
//! Takes a typed expression and the storages of the slots; gives [`Code`], or nothing where the expression needs more
//! than integers. What code claims to be a value is that value to the last digit; where it can not tell, it says so,
//! and the expression itself is asked.

use super::native;
use super::storage::{DECIMALS, Number, Storage};
use crate::language::{Expr, ExprKind, ListMethod, LocalId, SlotId};
use crate::value::ops::{Arithmetic, Comparison};
use crate::value::{DurationUnit, Range, Rounding, Type, Value, number};

/// A calculation over the integers of a case.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Code {
    Constant(i64),
    /// The constant of the row that a case took; only in calculations that rows share.
    ByRow,
    None,
    Slot(SlotId),
    /// The date of `as_of` in the pack's zone.
    Today,
    AsOf,
    /// Times a constant: a number with more decimals.
    Scale(Box<Code>, i64),
    /// Divided by a constant and rounded: a number with fewer decimals.
    Round(Box<Code>, i64, Rounding),
    Add(Box<Code>, Box<Code>),
    Subtract(Box<Code>, Box<Code>),
    Multiply(Box<Code>, Box<Code>),
    Negate(Box<Code>),
    Absolute(Box<Code>),
    /// A value between two bounds; one beyond is not told.
    Within(Box<Code>, i64, i64),
    Compare(Comparison, Box<Code>, Box<Code>),
    /// One of these, sorted.
    OneOf(Box<Code>, Box<[i64]>),
    Between {
        item: Box<Code>,
        low: Box<Code>,
        high: Box<Code>,
        is_inclusive: bool,
    },
    Not(Box<Code>),
    And(Box<[Code]>),
    Or(Box<[Code]>),
    If {
        condition: Box<Code>,
        then: Box<Code>,
        otherwise: Box<Code>,
    },
    /// What `then` comes to, where all that must be had first is known; none, where some of that is none. Of what is not
    /// known nothing is told.
    Strict {
        first: Box<[Code]>,
        then: Box<Code>,
    },
    Coalesce(Box<[Code]>),
    Known(Box<Code>),
    Extreme {
        is_most: bool,
        items: Box<[Code]>,
    },
    /// The date of an instant in the pack's zone.
    DateOf(Box<Code>),
    /// A field of the item that a list method looks at, or the item itself.
    Item(Option<usize>, Storage),
    Method(Box<MethodCode>),
}

/// A method of a list that stands in a slot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct MethodCode {
    pub(crate) method: ListMethod,
    pub(crate) list: SlotId,
    /// What must hold of the items that count.
    pub(crate) filters: Box<[Code]>,
    /// What is asked of each of them.
    pub(crate) body: Option<Code>,
}

/// Lists of more items are left to the meaning of expressions, which counts its steps.
pub(crate) const ITEMS: usize = 128;

impl Code {
    /// What the code is made of.
    pub(crate) fn parts(&self) -> impl Iterator<Item = &Code> {
        let (some, many): ([Option<&Code>; 3], &[Code]) = match self {
            Code::Constant(_)
            | Code::ByRow
            | Code::None
            | Code::Slot(_)
            | Code::Today
            | Code::AsOf
            | Code::Item(..)
            // What a method asks of each item is no part of one case.
            | Code::Method(_) => ([None; 3], &[]),
            Code::Scale(inner, _)
            | Code::Round(inner, ..)
            | Code::Negate(inner)
            | Code::Absolute(inner)
            | Code::Within(inner, ..)
            | Code::OneOf(inner, _)
            | Code::Not(inner)
            | Code::DateOf(inner)
            | Code::Known(inner) => ([Some(inner), None, None], &[]),
            Code::Add(a, b) | Code::Subtract(a, b) | Code::Multiply(a, b) | Code::Compare(_, a, b) => {
                ([Some(a), Some(b), None], &[])
            }
            Code::Between { item: a, low: b, high: c, .. } | Code::If { condition: a, then: b, otherwise: c } => {
                ([Some(a), Some(b), Some(c)], &[])
            }
            Code::And(items) | Code::Or(items) | Code::Coalesce(items) | Code::Extreme { items, .. } => {
                ([None; 3], items)
            }
            Code::Strict { first, then } => ([Some(then), None, None], first),
        };
        some.into_iter().flatten().chain(many)
    }
}

/// The first and last day of the years 1 to 9999.
const DAYS: (i64, i64) = (1, 3_652_059);
/// The most steps of a duration in days.
const STEPS: i64 = 10_000_000;
const MICROS: i64 = 1_000_000;

/// Compiles expressions over slots.
pub(crate) struct Compiler<'a> {
    storages: &'a [Storage],
    /// In the body of a script's function: what stands for its parameters, which are its slots.
    given: Option<&'a [(Code, Storage)]>,
    /// The item that a list method looks at, and its type.
    item: Option<(LocalId, &'a Type)>,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(storages: &'a [Storage]) -> Compiler<'a> {
        Compiler { storages, given: None, item: None }
    }

    /// Compiles the body of a script's function over its arguments.
    pub(super) fn over(given: &'a [(Code, Storage)]) -> Compiler<'a> {
        Compiler { storages: &[], given: Some(given), item: None }
    }

    /// The code of an expression, and where its values stand.
    pub(crate) fn code(&self, expr: &Expr) -> Option<(Code, Storage)> {
        let boolean = |code: Code| Some((code, Storage::Boolean));
        match &expr.kind {
            ExprKind::Literal(Value::None) => Some((Code::None, Storage::exact(&expr.base, 0)?)),
            ExprKind::Literal(value) => constant(value, &expr.base),
            ExprKind::Slot(slot) => {
                if let Some(given) = self.given {
                    return given.get(slot.0 as usize).cloned();
                }
                let storage = self.storages.get(slot.0 as usize).filter(|storage| storage.is_exact())?;
                Some((Code::Slot(*slot), storage.clone()))
            }
            ExprKind::AsOf => Some((Code::AsOf, Storage::Timestamp)),
            ExprKind::Today => Some((Code::Today, Storage::Date)),
            ExprKind::Widen(inner) => match self.code(inner)? {
                (code, Storage::Integer) => Some((code, Storage::Scaled(Number::Decimal, 0))),
                other => Some(other),
            },
            ExprKind::Not(inner) => boolean(Code::Not(Box::new(self.condition(inner)?))),
            ExprKind::Negate(inner) => {
                let (code, storage) = self.number(inner)?;
                Some((Code::Negate(Box::new(code)), storage))
            }
            ExprKind::And(items) => boolean(Code::And(self.conditions(items)?)),
            ExprKind::Or(items) => boolean(Code::Or(self.conditions(items)?)),
            ExprKind::Coalesce(items) => {
                let (codes, storage) = self.unified(items)?;
                Some((Code::Coalesce(codes), storage))
            }
            ExprKind::Compare(operator, a, b) => {
                let (a, b) = self.pair(a, b, *operator)?;
                boolean(Code::Compare(*operator, Box::new(a), Box::new(b)))
            }
            ExprKind::Arithmetic(operator, a, b) => self.arithmetic(*operator, a, b),
            ExprKind::InList { item, list } => self.one_of(item, list),
            ExprKind::InRange { item, low, high, is_inclusive } => {
                let (codes, _) = self.unified_refs(&[item, low, high])?;
                let [item, low, high] = <[Code; 3]>::try_from(codes.into_vec()).ok()?;
                boolean(Code::Between {
                    item: Box::new(item),
                    low: Box::new(low),
                    high: Box::new(high),
                    is_inclusive: *is_inclusive,
                })
            }
            ExprKind::If { condition, then, otherwise } => {
                let condition = self.condition(condition)?;
                let (codes, storage) = self.unified_refs(&[then, otherwise])?;
                let [then, otherwise] = <[Code; 2]>::try_from(codes.into_vec()).ok()?;
                if self.given.is_some() && storage == Storage::Boolean {
                    return boolean(native::choice(condition, then, otherwise));
                }
                let (then, otherwise) = (Box::new(then), Box::new(otherwise));
                Some((Code::If { condition: Box::new(condition), then, otherwise }, storage))
            }
            ExprKind::Known(inner) => boolean(Code::Known(Box::new(self.code(inner)?.0))),
            ExprKind::Extreme { is_most, items } => {
                let (codes, storage) = self.unified(items)?;
                Some((Code::Extreme { is_most: *is_most, items: codes }, storage))
            }
            ExprKind::Call { function, arguments } => self.call(function.name, arguments),
            ExprKind::Unknown
            | ExprKind::Refused
            | ExprKind::LocalToday
            | ExprKind::LocalTime
            | ExprKind::List(_)
            | ExprKind::Record(_)
            | ExprKind::Rate { .. }
            | ExprKind::InterestOver { .. }
            | ExprKind::OrNone(_) => None,
            ExprKind::Declared { function, arguments } => native::call(self, function, arguments),
            ExprKind::Method { method, list, local, body } => self.method(*method, list, *local, body.as_deref()),
            ExprKind::Local(local) => {
                let base = self.item.filter(|(known, _)| known == local)?.1;
                let storage = item_storage(base, None)?;
                Some((Code::Item(None, storage.clone()), storage))
            }
            ExprKind::Member { of, index } => {
                let (ExprKind::Local(local), Some((known, Type::Record(record)))) = (&of.kind, self.item) else {
                    return None;
                };
                let field = record.fields.get(*index).filter(|_| known == *local)?;
                let storage = item_storage(&field.base, field.decimals)?;
                Some((Code::Item(Some(*index), storage.clone()), storage))
            }
        }
    }

    /// The code of a condition.
    pub(crate) fn condition(&self, expr: &Expr) -> Option<Code> {
        let (code, storage) = self.code(expr)?;
        (storage == Storage::Boolean).then_some(code)
    }

    /// The code of a value as an output or field stores it: rounded to its decimals.
    pub(crate) fn stored(&self, expr: &Expr, decimals: Option<u32>, rounding: Rounding) -> Option<(Code, Storage)> {
        let (code, storage) = self.code(expr)?;
        let (Storage::Scaled(number, has), Some(wanted)) = (&storage, decimals) else { return Some((code, storage)) };
        if *number == Number::Percent {
            return Some((code, storage));
        }
        let (number, has) = (*number, *has);
        Some((to_decimals(code, has, wanted, rounding)?, Storage::Scaled(number, wanted)))
    }

    fn conditions(&self, exprs: &[Expr]) -> Option<Box<[Code]>> {
        exprs.iter().map(|expr| self.condition(expr)).collect()
    }

    fn number(&self, expr: &Expr) -> Option<(Code, Storage)> {
        self.code(expr).filter(|(_, storage)| matches!(storage, Storage::Integer | Storage::Scaled(..)))
    }

    /// Codes of values of one type, in one storage.
    fn unified(&self, exprs: &[Expr]) -> Option<(Box<[Code]>, Storage)> {
        self.unified_refs(&exprs.iter().collect::<Vec<_>>())
    }

    fn unified_refs(&self, exprs: &[&Expr]) -> Option<(Box<[Code]>, Storage)> {
        let coded: Vec<(Code, Storage)> = exprs
            .iter()
            .map(|expr| match &expr.kind {
                // None goes with any type.
                ExprKind::Literal(Value::None) => Some((Code::None, Storage::Beside)),
                _ => self.code(expr),
            })
            .collect::<Option<_>>()?;
        let mut common: Option<Storage> = None;
        for (_, storage) in coded.iter().filter(|(_, storage)| *storage != Storage::Beside) {
            common = Some(match common {
                None => storage.clone(),
                Some(known) => together(&known, storage)?,
            });
        }
        let common = common?;
        let codes = coded
            .into_iter()
            .map(|(code, storage)| if code == Code::None { Some(code) } else { moved(code, &storage, &common) })
            .collect::<Option<_>>()?;
        Some((codes, common))
    }

    fn pair(&self, a: &Expr, b: &Expr, operator: Comparison) -> Option<(Code, Code)> {
        // A word of no choice is no word of the domain: equal to none.
        let (codes, storage) = self.unified_refs(&[a, b])?;
        if operator.is_order() && matches!(storage, Storage::Choice(_) | Storage::Boolean) {
            return None;
        }
        let [a, b] = <[Code; 2]>::try_from(codes.into_vec()).ok()?;
        Some((a, b))
    }

    fn one_of(&self, item: &Expr, list: &Expr) -> Option<(Code, Storage)> {
        let ExprKind::List(members) = &list.kind else { return None };
        let (code, storage) = self.code(item)?;
        let mut constants = Vec::with_capacity(members.len());
        for member in members {
            let value = member.literal_value().filter(|value| !value.is_none())?;
            // A number that has no integer, for its decimals or its size, equals none of the item's values.
            constants.extend(storage.bits(&storage.aligned(value)));
        }
        constants.sort_unstable();
        constants.dedup();
        Some((Code::OneOf(Box::new(code), constants.into()), Storage::Boolean))
    }

    fn arithmetic(&self, operator: Arithmetic, a: &Expr, b: &Expr) -> Option<(Code, Storage)> {
        let ((left, of_left), (right, of_right)) = (self.code(a)?, self.code(b)?);
        let two = |make: fn(Box<Code>, Box<Code>) -> Code, left, right| make(Box::new(left), Box::new(right));
        use Storage as S;
        match (operator, &of_left, &of_right) {
            (Arithmetic::Add, S::Integer, S::Integer) => Some((two(Code::Add, left, right), S::Integer)),
            (Arithmetic::Subtract, S::Integer, S::Integer) => Some((two(Code::Subtract, left, right), S::Integer)),
            (Arithmetic::Multiply, S::Integer, S::Integer) => Some((two(Code::Multiply, left, right), S::Integer)),
            (Arithmetic::Add | Arithmetic::Subtract, S::Integer | S::Scaled(..), S::Integer | S::Scaled(..)) => {
                let common = together(&of_left, &of_right)?;
                let (left, right) = (moved(left, &of_left, &common)?, moved(right, &of_right, &common)?);
                let make = if operator == Arithmetic::Add { Code::Add } else { Code::Subtract };
                Some((two(make, left, right), common))
            }
            (Arithmetic::Multiply, S::Integer | S::Scaled(..), S::Integer | S::Scaled(..)) => {
                product(left, &of_left, right, &of_right)
            }
            (Arithmetic::Divide, S::Integer | S::Scaled(..), S::Integer | S::Scaled(..)) => {
                quotient(left, &of_left, &of_right, b.literal_value()?)
            }
            (Arithmetic::Subtract, S::Date, S::Date) => {
                Some((two(Code::Subtract, left, right), S::Duration(DurationUnit::Days)))
            }
            (Arithmetic::Add | Arithmetic::Subtract, S::Date, S::Duration(DurationUnit::Days)) => {
                let make = if operator == Arithmetic::Add { Code::Add } else { Code::Subtract };
                Some((Code::Within(Box::new(two(make, left, right)), DAYS.0, DAYS.1), S::Date))
            }
            (Arithmetic::Subtract, S::Timestamp, S::Timestamp) => {
                let span = Code::Round(Box::new(two(Code::Subtract, left, right)), MICROS, Rounding::Down);
                Some((span, S::Duration(DurationUnit::Exact)))
            }
            (Arithmetic::Add | Arithmetic::Subtract, S::Timestamp, S::Duration(DurationUnit::Exact)) => {
                let make = if operator == Arithmetic::Add { Code::Add } else { Code::Subtract };
                let moved = two(make, left, Code::Scale(Box::new(right), MICROS));
                let first = Storage::Timestamp.lowest();
                // The last second of the year 9999.
                Some((Code::Within(Box::new(moved), first, 253_402_300_799_000_000), S::Timestamp))
            }
            _ => None,
        }
    }

    fn call(&self, name: &str, arguments: &[Expr]) -> Option<(Code, Storage)> {
        let days = |from: Code, to: Code| (Code::Subtract(Box::new(to), Box::new(from)), Storage::Integer);
        match (name, arguments) {
            ("days_since", [date]) => Some(days(self.date(date)?, Code::Today)),
            ("days_until", [date]) => Some(days(Code::Today, self.date(date)?)),
            ("days_between", [from, to]) => Some(days(self.date(from)?, self.date(to)?)),
            ("date_of", [instant]) => match self.code(instant)? {
                (code, Storage::Timestamp) => Some((Code::DateOf(Box::new(code)), Storage::Date)),
                _ => None,
            },
            ("days", [count]) => match self.code(count)? {
                (code, Storage::Integer) => {
                    Some((Code::Within(Box::new(code), -STEPS, STEPS), Storage::Duration(DurationUnit::Days)))
                }
                _ => None,
            },
            ("abs", [number]) => {
                let (code, storage) = self.number(number)?;
                Some((Code::Absolute(Box::new(code)), storage))
            }
            ("money" | "amount" | "percent" | "decimal", [number]) => {
                let (code, storage) = self.number(number)?;
                let decimals = if let Storage::Scaled(_, decimals) = storage { decimals } else { 0 };
                let number = match name {
                    "money" => Number::Money,
                    "percent" => Number::Percent,
                    _ => Number::Decimal,
                };
                Some((code, Storage::Scaled(number, decimals)))
            }
            ("percent_of", [percent, money]) => {
                let ((left, of_left), (right, of_right)) = (self.number(money)?, self.number(percent)?);
                product(left, &of_left, right, &of_right)
            }
            ("round" | "round_half_even" | "round_up" | "round_down", [number, decimals]) => {
                let Some(Value::Integer(decimals)) = decimals.literal_value() else { return None };
                // More decimals than a number has are an error, which the function words.
                let decimals = u32::try_from(*decimals).ok().filter(|decimals| *decimals <= number::DECIMALS)?;
                let rounding = match name {
                    "round" => Rounding::HalfUp,
                    "round_half_even" => Rounding::HalfEven,
                    "round_up" => Rounding::Up,
                    _ => Rounding::Down,
                };
                let (code, storage) = self.number(number)?;
                match storage {
                    Storage::Scaled(number, has) if has > decimals => {
                        Some((to_decimals(code, has, decimals, rounding)?, Storage::Scaled(number, decimals)))
                    }
                    storage => Some((code, storage)),
                }
            }
            _ => None,
        }
    }

    /// What is asked of each item of a list in a slot.
    pub(crate) fn of_each(&self, expr: &Expr) -> Option<(SlotId, Code, Storage)> {
        let ExprKind::Method { method: ListMethod::Map, list, local, body } = &expr.kind else { return None };
        let ExprKind::Slot(slot) = list.kind else { return None };
        let (code, storage) = self.of_item(list, *local)?.code(body.as_deref()?)?;
        Some((slot, code, storage))
    }

    /// A method of a list in a slot, perhaps filtered.
    fn method(&self, method: ListMethod, list: &Expr, local: LocalId, body: Option<&Expr>) -> Option<(Code, Storage)> {
        let mut filters = Vec::new();
        let mut from = list;
        while let ExprKind::Method { method: ListMethod::Filter, list, local, body } = &from.kind {
            filters.push(self.of_item(list, *local)?.condition(body.as_deref()?)?);
            from = list;
        }
        filters.reverse();
        let ExprKind::Slot(list) = from.kind else { return None };
        // Of lists within lists, each item would be a case of its own.
        if self.item.is_some() {
            return None;
        }
        let of_item = self.of_item(from, local)?;
        let body = || match (body, &from.base) {
            (Some(body), _) => of_item.code(body),
            (None, Type::List(item)) => {
                let storage = item_storage(&item.base, item.rules.decimals)?;
                Some((Code::Item(None, storage.clone()), storage))
            }
            _ => None,
        };
        let (body, storage) = match method {
            ListMethod::Count => (None, Storage::Integer),
            ListMethod::IsEmpty => (None, Storage::Boolean),
            ListMethod::Any | ListMethod::All => {
                (Some(body().filter(|(_, storage)| *storage == Storage::Boolean)?.0), Storage::Boolean)
            }
            ListMethod::Sum | ListMethod::Min | ListMethod::Max => {
                let is_number = |storage: &Storage| matches!(storage, Storage::Integer | Storage::Scaled(..));
                let is_ordered =
                    |storage: &Storage| matches!(storage, Storage::Date | Storage::Timestamp | Storage::Duration(_));
                let (body, storage) =
                    body().filter(|(_, of)| is_number(of) || method != ListMethod::Sum && is_ordered(of))?;
                (Some(body), storage)
            }
            ListMethod::Filter | ListMethod::Map => return None,
        };
        Some((Code::Method(Box::new(MethodCode { method, list, filters: filters.into(), body })), storage))
    }

    /// Compiles what is asked of the items of a list.
    fn of_item<'b>(&'b self, list: &'b Expr, local: LocalId) -> Option<Compiler<'b>> {
        match &list.base {
            Type::List(item) => Some(Compiler { item: Some((local, &item.base)), ..*self }),
            _ => None,
        }
    }

    fn date(&self, expr: &Expr) -> Option<Code> {
        self.code(expr).filter(|(_, storage)| *storage == Storage::Date).map(|(code, _)| code)
    }
}

/// Where the values of an item's field stand; nothing where not even their decimals are known.
fn item_storage(base: &Type, decimals: Option<u32>) -> Option<Storage> {
    match (Storage::exact(base, decimals.unwrap_or(0))?, decimals) {
        // A percentage declares no decimals.
        (Storage::Scaled(number, _), None) => Some(Storage::Scaled(number, 6)),
        (storage, _) => Some(storage),
    }
}

fn constant(value: &Value, base: &Type) -> Option<(Code, Storage)> {
    let decimals = match value {
        Value::Decimal(number) | Value::Money(number) | Value::Percent(number) => number.normalize().scale(),
        _ => 0,
    };
    let base = match value {
        Value::Integer(_) => &Type::Integer,
        Value::Decimal(_) => &Type::Decimal,
        Value::Money(_) => &Type::Money,
        Value::Percent(_) => &Type::Percent,
        _ => base,
    };
    let storage = Storage::exact(base, decimals)?;
    Some((Code::Constant(storage.bits(value)?), storage))
}

/// The code of a value that a range holds: of what lies outside, nothing is told.
pub(super) fn within(code: Code, storage: &Storage, range: &Range) -> Option<Code> {
    if *range == Range::default() {
        return Some(code);
    }
    let low = range.min.as_ref().map_or(Some(i64::MIN), |bound| storage.at_least(bound))?;
    let high = range.max.as_ref().map_or(Some(i64::MAX), |bound| storage.at_most(bound))?;
    Some(Code::Within(Box::new(code), low, high))
}

/// The storage in which values of two stand.
pub(super) fn together(a: &Storage, b: &Storage) -> Option<Storage> {
    match (a, b) {
        (Storage::Scaled(number, of_a), Storage::Scaled(other, of_b)) if number == other => {
            Some(Storage::Scaled(*number, *of_a.max(of_b)))
        }
        // A plain number beside one with decimals takes its place; the checker said that it may.
        (Storage::Integer, Storage::Scaled(Number::Decimal, decimals))
        | (Storage::Scaled(Number::Decimal, decimals), Storage::Integer) => {
            Some(Storage::Scaled(Number::Decimal, *decimals))
        }
        (a, b) if a == b => Some(a.clone()),
        _ => None,
    }
}

/// Code of one storage in another that holds it.
pub(crate) fn moved(code: Code, from: &Storage, to: &Storage) -> Option<Code> {
    match (from, to) {
        (from, to) if from == to => Some(code),
        (Storage::Integer, Storage::Scaled(_, decimals)) => scaled_up(code, *decimals),
        (Storage::Scaled(_, has), Storage::Scaled(_, wanted)) => scaled_up(code, wanted.checked_sub(*has)?),
        _ => None,
    }
}

fn scaled_up(code: Code, decimals: u32) -> Option<Code> {
    let factor = 10_i64.checked_pow(decimals)?;
    Some(match code {
        Code::Constant(constant) => Code::Constant(constant.checked_mul(factor)?),
        code if factor == 1 => code,
        code => Code::Scale(Box::new(code), factor),
    })
}

fn to_decimals(code: Code, has: u32, wanted: u32, rounding: Rounding) -> Option<Code> {
    match has.checked_sub(wanted) {
        Some(surplus) if surplus > 0 => Some(Code::Round(Box::new(code), 10_i64.checked_pow(surplus)?, rounding)),
        _ => scaled_up(code, wanted - has),
    }
}

fn product(left: Code, of_left: &Storage, right: Code, of_right: &Storage) -> Option<(Code, Storage)> {
    let parts = |storage: &Storage| match storage {
        Storage::Integer => Some((Number::Decimal, 0)),
        Storage::Scaled(number, decimals) => Some((*number, *decimals)),
        _ => None,
    };
    let ((a, of_a), (b, of_b)) = (parts(of_left)?, parts(of_right)?);
    let (number, more) = match (a, b) {
        (Number::Money, Number::Percent) | (Number::Percent, Number::Money) => (Number::Money, 2),
        (Number::Decimal, other) | (other, Number::Decimal) => (other, 0),
        _ => return None,
    };
    let decimals = of_a + of_b + more;
    (decimals <= DECIMALS).then(|| (Code::Multiply(Box::new(left), Box::new(right)), Storage::Scaled(number, decimals)))
}

/// A quotient by a power of ten: the same digits with more decimals.
fn quotient(left: Code, of_left: &Storage, of_right: &Storage, divisor: &Value) -> Option<(Code, Storage)> {
    let power = match divisor {
        Value::Integer(divisor) if of_right == &Storage::Integer => *divisor,
        Value::Decimal(divisor) => super::storage::scaled(*divisor, 0)?,
        _ => return None,
    };
    let more = (0..=DECIMALS).find(|more| 10_i64.checked_pow(*more) == Some(power))?;
    let (number, decimals) = match of_left {
        Storage::Integer => (Number::Decimal, 0),
        Storage::Scaled(number, decimals) => (*number, *decimals),
        _ => return None,
    };
    (decimals + more <= DECIMALS).then_some((left, Storage::Scaled(number, decimals + more)))
}
