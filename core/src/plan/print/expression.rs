//! Checked expressions as text, in the language in which packs are written.
//!
//! Takes an expression and the names of the slots. The text says what the plan has; it is not kept how it was written:
//! items of lists are `item`, and brackets stand where two operators meet.

use crate::check::CheckedPack;
use crate::families::LoweredPack;
use crate::language::{Expr, ExprKind, ListMethod, SlotId};
use crate::value::show::Show;
use crate::value::{Duration, Type, Value};

/// Writes expressions, with the names of a pack.
#[derive(Clone, Copy)]
pub(super) struct Writer<'a> {
    pub(super) checked: &'a CheckedPack,
    pub(super) lowered: &'a LoweredPack,
}

impl Writer<'_> {
    /// The name of a slot, as expressions read it.
    pub(super) fn name(&self, slot: SlotId) -> &str {
        self.lowered.slots.get(slot.0 as usize).map_or("", |slot| &slot.name)
    }

    /// A value as an expression says it.
    pub(super) fn value(&self, value: &Value) -> String {
        match value {
            Value::Text(text) => format!("{:?}", &**text),
            Value::Percent(_) => format!("percent({})", self.plain(value).trim_end_matches('%')),
            Value::Duration(Duration::BusinessDays(count)) => format!("business_days({count})"),
            Value::Duration(duration) => duration.to_string().replace(' ', "."),
            value => self.plain(value),
        }
    }

    /// A value for people.
    pub(super) fn plain(&self, value: &Value) -> String {
        let text = Show { currency_decimals: self.checked.header.currency_decimals }.text(value);
        if matches!(value, Value::Percent(_)) { format!("{text}%") } else { text }
    }

    /// An expression that stands for itself.
    pub(super) fn text(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(value) => self.value(value),
            ExprKind::Unknown => "unknown".to_owned(),
            ExprKind::Refused => "refused".to_owned(),
            ExprKind::Slot(slot) => self.name(*slot).to_owned(),
            ExprKind::Local(local) if local.0 == 0 => "item".to_owned(),
            ExprKind::Local(local) => format!("item{}", local.0 + 1),
            ExprKind::Member { of, index } => {
                let field = match &of.base {
                    Type::Record(record) => record.fields.get(*index).map_or("", |field| &field.name),
                    _ => "",
                };
                format!("{}.{field}", self.part(of))
            }
            ExprKind::AsOf => "as_of".to_owned(),
            ExprKind::Today => "today".to_owned(),
            ExprKind::LocalToday => "local_today".to_owned(),
            ExprKind::LocalTime => "local_time".to_owned(),
            ExprKind::Widen(inner) => self.text(inner),
            ExprKind::Not(inner) => format!("not {}", self.part(inner)),
            ExprKind::Negate(inner) => format!("-{}", self.part(inner)),
            ExprKind::And(items) => self.joined(items, " and "),
            ExprKind::Or(items) => self.joined(items, " or "),
            ExprKind::Coalesce(items) => self.joined(items, " ?? "),
            ExprKind::Compare(operator, a, b) => format!("{} {} {}", self.part(a), operator.symbol(), self.part(b)),
            ExprKind::Arithmetic(operator, a, b) => format!("{} {} {}", self.part(a), operator.symbol(), self.part(b)),
            ExprKind::Record(parts) => format!("({})", self.list(parts)),
            ExprKind::List(items) => format!("[{}]", self.list(items)),
            ExprKind::InList { item, list } => format!("{} in {}", self.part(item), self.part(list)),
            ExprKind::InRange { item, low, high, is_inclusive } => {
                let dots = if *is_inclusive { "..=" } else { ".." };
                format!("{} in {}{dots}{}", self.part(item), self.part(low), self.part(high))
            }
            ExprKind::If { condition, then, otherwise } => {
                format!("if {} {{ {} }} else {{ {} }}", self.text(condition), self.text(then), self.text(otherwise))
            }
            ExprKind::Known(inner) => format!("known({})", self.text(inner)),
            ExprKind::OrNone(inner) => format!("{} or none", self.part(inner)),
            ExprKind::Call { function, arguments } => format!("{}({})", function.name, self.list(arguments)),
            ExprKind::Declared { function, arguments } => format!("{}({})", function.name, self.list(arguments)),
            ExprKind::Extreme { is_most, items } => {
                format!("{}({})", if *is_most { "max" } else { "min" }, self.list(items))
            }
            ExprKind::Rate { rate, date } => {
                let name = self.checked.rates.get(*rate).map_or("", |rate| rate.name.as_str());
                format!("rate({name:?}, {})", self.text(date))
            }
            ExprKind::InterestOver { rate, arguments } => {
                let name = self.checked.rates.get(*rate).map_or("", |rate| rate.name.as_str());
                let (principal, rest) = arguments.split_at(arguments.len().min(1));
                format!("interest_over({}, {name:?}, {})", self.list(principal), self.list(rest))
            }
            ExprKind::Method { method, list, local, body } => {
                let item = if local.0 == 0 { "item".to_owned() } else { format!("item{}", local.0 + 1) };
                let body = body.as_ref().map(|body| format!("|{item}| {}", self.text(body))).unwrap_or_default();
                format!("{}.{}({body})", self.part(list), method_name(*method))
            }
        }
    }

    /// An expression within another.
    fn part(&self, expr: &Expr) -> String {
        let has_operator = match &expr.kind {
            ExprKind::Widen(inner) => return self.part(inner),
            ExprKind::Not(_)
            | ExprKind::Negate(_)
            | ExprKind::And(_)
            | ExprKind::Or(_)
            | ExprKind::Coalesce(_)
            | ExprKind::Compare(..)
            | ExprKind::Arithmetic(..)
            | ExprKind::InList { .. }
            | ExprKind::InRange { .. }
            | ExprKind::If { .. } => true,
            _ => false,
        };
        if has_operator { format!("({})", self.text(expr)) } else { self.text(expr) }
    }

    fn joined(&self, items: &[Expr], by: &str) -> String {
        items.iter().map(|item| self.part(item)).collect::<Vec<_>>().join(by)
    }

    fn list(&self, items: &[Expr]) -> String {
        items.iter().map(|item| self.text(item)).collect::<Vec<_>>().join(", ")
    }
}

/// A method's name in the language; `min` and `max` are `earliest` and `latest` too.
pub(super) fn method_name(method: ListMethod) -> &'static str {
    match method {
        ListMethod::Count => "count",
        ListMethod::IsEmpty => "is_empty",
        ListMethod::Any => "any",
        ListMethod::All => "all",
        ListMethod::Filter => "filter",
        ListMethod::Map => "map",
        ListMethod::Sum => "sum",
        ListMethod::Min => "min",
        ListMethod::Max => "max",
    }
}
