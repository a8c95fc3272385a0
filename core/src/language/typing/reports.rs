//! What is said of comparisons that cannot hold, or that compare what does not go together.

use super::Typer;
use super::relations::article;
use crate::diagnostic::Code;
use crate::language::expr::{Expr, ExprKind, SlotId};
use crate::source::Span;
use crate::value::ops::Comparison;
use crate::value::{Absence, DurationUnit, Type, Value, text};

impl Typer<'_> {
    /// Reports a question whether something is none that never is.
    pub(super) fn never_none(&mut self, expr: &Expr, place: Span, is_cell: bool) {
        let (name, absence) = match &expr.kind {
            ExprKind::Slot(slot) => (self.name_of(*slot), self.scope.absence(*slot)),
            ExprKind::Member { of, index } => match &of.base {
                Type::Record(record) => match record.fields.get(*index) {
                    Some(field) => (Some(field.name.to_string()), Some(field.absence.clone())),
                    None => (None, None),
                },
                _ => (None, None),
            },
            _ => (None, None),
        };
        let called = name.as_ref().map_or("this".to_owned(), |name| format!("`{name}`"));
        let help = match (&name, absence) {
            (Some(name), Some(Absence::Unknown)) => {
                format!("its absence is unknown: ask `known({name})`, or `unknown` in a cell")
            }
            (_, Some(_)) if is_cell => format!("empty the cell, or declare `absent: none` for {called}"),
            (_, Some(_)) => format!("remove the question, or declare `absent: none` for {called}"),
            (_, None) if is_cell => "empty the cell".to_owned(),
            _ => "remove the question".to_owned(),
        };
        self.report(Code::NeverNone, place, &format!("{called} is never none"), Some(&help));
    }

    /// What an expression is called, if it has a name.
    pub(super) fn called(&self, expr: &Expr) -> Option<String> {
        match &expr.kind {
            ExprKind::Slot(slot) => self.name_of(*slot),
            ExprKind::Local(local) => self.locals.get(local.0 as usize).map(|(name, ..)| name.clone()),
            ExprKind::Member { of, index } => match &of.base {
                Type::Record(record) => {
                    let field = &record.fields.get(*index)?.name;
                    match self.called(of) {
                        Some(of) if !of.is_empty() => Some(format!("{of}.{field}")),
                        _ => Some(field.to_string()),
                    }
                }
                _ => None,
            },
            ExprKind::Widen(inner) => self.called(inner),
            _ => None,
        }
    }

    /// A condition about something that is none itself.
    pub(super) fn example(&self, expr: &Expr) -> String {
        let name = self.called(expr).unwrap_or_else(|| "..".to_owned());
        match &expr.base {
            Type::List(_) => format!("{name}.count() > 0"),
            Type::Choice(words) => {
                format!("{name} == \"{}\"", words.first().map_or("", |word| word))
            }
            Type::Text | Type::Zone => format!("{name} == \"..\""),
            Type::Date => format!("{name} < today"),
            Type::Timestamp => format!("{name} < as_of"),
            Type::Duration(DurationUnit::Exact) => format!("{name} > 48.hours"),
            Type::Duration(_) => format!("{name} > 30.days"),
            _ => format!("{name} > 0"),
        }
    }

    /// The name that expressions read a slot by.
    pub(super) fn name_of(&self, slot: SlotId) -> Option<String> {
        self.scope.called(slot)
    }

    /// What to write for a literal beside something of another type.
    pub(super) fn literal_help(&self, a: &Expr, b: &Expr) -> Option<String> {
        for (side, other) in [(a, b), (b, a)] {
            match (&side.base, other.literal_value()) {
                (base, Some(Value::Text(text))) if base.is_number() => {
                    return Some(match crate::value::number::parse(text) {
                        Some(_) => format!("write the number without quotes: `{text}`"),
                        None => format!("{} is compared with a number, without quotes", article(base)),
                    });
                }
                (Type::Boolean, Some(Value::Text(text))) => {
                    let word =
                        if matches!(&*text.to_lowercase(), "no" | "n" | "false" | "0") { "false" } else { "true" };
                    return Some(format!("write `{word}`, without quotes"));
                }
                (Type::Boolean, Some(Value::Integer(number @ (0 | 1)))) => {
                    return Some(format!("write `{}`", *number == 1));
                }
                (Type::Text, Some(Value::Integer(number))) => {
                    return Some(format!("write the text in quotes: `\"{number}\"`"));
                }
                _ => {}
            }
            if let (Type::Integer, Type::Duration(_)) = (&side.base, &other.base) {
                let counted = match &side.kind {
                    ExprKind::Call { function, .. } => Some(function.name.to_owned()),
                    _ => self.called(side),
                };
                let written = match &other.kind {
                    ExprKind::Call { arguments, .. } => match arguments.as_slice() {
                        [only] => only.literal_value(),
                        _ => None,
                    },
                    _ => None,
                };
                if let (Some(counted), Some(Value::Integer(number))) = (counted, written) {
                    let what = if counted.starts_with("days") { "a number of days" } else { "a number" };
                    return Some(format!("`{counted}` is {what}: write `{number}`"));
                }
            }
            if let (Type::Duration(unit), Some(Value::Integer(number))) = (&side.base, other.literal_value()) {
                let unit = match unit {
                    DurationUnit::Days => "days",
                    DurationUnit::Months => "months",
                    DurationUnit::Exact => "hours",
                    DurationUnit::BusinessDays => return None,
                };
                return Some(format!("say the unit: `{number}.{unit}`"));
            }
        }
        None
    }

    /// Reports a comparison of a field with a value that the field never reaches.
    pub(super) fn report_out_of_range(&mut self, operator: Comparison, a: &Expr, b: &Expr) {
        for (side, other, operator) in [(a, b, operator), (b, a, operator.turned())] {
            let (ExprKind::Slot(slot), Some(value)) = (&side.kind, other.literal_value()) else { continue };
            let Some(range) = self.scope.range(*slot) else { continue };
            if let Some(problem) = text::never_holds(operator, value, &range) {
                self.report(Code::OutsideDomain, other.span, &problem, Some("see the field's `min` and `max`"));
            }
        }
    }
}
