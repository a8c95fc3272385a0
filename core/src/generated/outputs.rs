//! Outputs of tables and rules: their types, and the values that rows give, written or computed.

use std::sync::Arc;

use super::fields::{field, limits_of};
use super::scope::Writer;
use super::values::{self, Limits};
use crate::check::tables::HitPolicy;
use crate::value::{Absence, Bound, DurationUnit, Field, Range, Rounding, Type, number};

/// An output of a table.
pub(super) struct Output {
    pub(super) field: Field,
}

impl Writer {
    /// Outputs that a hit policy can work with.
    pub(super) fn outputs(&mut self, hit: HitPolicy) -> Vec<Output> {
        let count = 1 + self.random.weighted(&[6, 3, 1]);
        (0..count)
            .map(|index| {
                let base = match hit {
                    HitPolicy::Priority | HitPolicy::OutputOrder if index == 0 => self.ranked(),
                    HitPolicy::CollectSum => self.summed(),
                    HitPolicy::CollectMin | HitPolicy::CollectMax => self.ordered(),
                    _ => self.any(),
                };
                self.output(base)
            })
            .collect()
    }

    fn output(&mut self, base: Type) -> Output {
        self.names += 1;
        let mut field = field(&format!("o{}", self.names), base);
        let limits = self.output_limits(&field.base);
        (field.decimals, field.range) = (limits.decimals, limits.range);
        if self.random.chance(35) {
            field.absence = Absence::None;
        }
        if self.random.chance(40) && matches!(field.base, Type::Money | Type::Decimal) {
            field.rounding = *self.random.pick(&[Rounding::HalfEven, Rounding::Up, Rounding::Down]);
        }
        Output { field }
    }

    fn output_limits(&mut self, base: &Type) -> Limits {
        let decimals = match base {
            Type::Money => Some(self.currency_decimals),
            Type::Decimal => Some(*self.random.pick(&[2, 0, 4, 28])),
            _ => None,
        };
        let bound = |text: &str| number::parse(text).map(Bound::Number);
        let range = match base {
            base if base.is_number() && self.random.chance(35) => match self.random.below(3) {
                0 => Range { min: bound("0"), max: None },
                1 => Range { min: bound("-20"), max: bound("100") },
                _ => Range { min: None, max: bound("5000") },
            },
            _ => Range::default(),
        };
        Limits { decimals, range }
    }

    fn ranked(&mut self) -> Type {
        let words = self.random.pick(&self.words).clone();
        let few: Arc<[Arc<str>]> = words.iter().take(6).cloned().collect();
        Type::Choice(if self.random.chance(50) { few } else { words })
    }

    fn summed(&mut self) -> Type {
        self.random.pick(&[Type::Integer, Type::Integer, Type::Money, Type::Decimal, Type::Percent]).clone()
    }

    fn ordered(&mut self) -> Type {
        match self.random.below(8) {
            0 => Type::Date,
            1 => Type::Timestamp,
            2 => Type::Duration(DurationUnit::Days),
            3 => Type::Duration(DurationUnit::Exact),
            _ => self.summed(),
        }
    }

    fn any(&mut self) -> Type {
        match self.random.below(12) {
            0..4 => self.ranked(),
            4 => Type::Boolean,
            5 => Type::Text,
            6 if self.random.chance(30) => Type::Zone,
            _ => self.ordered(),
        }
    }

    /// A value for an output, as a cell or a value of YAML says it without quotes.
    pub(super) fn given(&mut self, output: &Output) -> String {
        let field = &output.field;
        if field.maybe_none() && self.random.chance(20) {
            return "none".to_owned();
        }
        if self.random.chance(45) && field.base != Type::Zone {
            let depth = self.random.weighted(&[4, 4, 2]);
            let text = match field.maybe_none() {
                true => self.expr(&field.base, depth),
                false => self.sure(&field.base, depth),
            };
            if !text.text.is_empty() {
                return format!("= {}", text.text);
            }
        }
        let value = self.anchors.value(&mut self.random, &field.base, &limits_of(field), &[]);
        values::cell(&value, &field.base)
    }
}
