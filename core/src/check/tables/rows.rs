//! Names and types of rows: cells against their columns, conditions, outputs.

use std::sync::Arc;

use super::read::{RawCondition, RawRow, RawTable};
use super::{CheckedCondition, CheckedOutput, CheckedRow, CheckedTable, Column, Family, Written};
use crate::check::expressions::RawValue;
use crate::check::literals;
use crate::check::names::Names;
use crate::check::scripting::{self, Scripting};
use crate::diagnostic::{Code, Finding, Findings};
use crate::language::{Expr, ExprKind, Scope, SlotId, Typer};
use crate::source::Span;
use crate::value::{Field, RecordType, Type, Value, text};

/// A column's expression, and the field behind it where it is one.
pub(super) struct Subject<'a> {
    pub(super) expr: &'a Expr,
    pub(super) field: Option<&'a Field>,
}

impl RawTable {
    /// The table with names and types bound. `slots` are those of its outputs.
    pub(crate) fn check(
        &self,
        names: &Names,
        record: &RecordType,
        slots: &[Option<SlotId>],
        scripting: &Scripting,
        findings: &mut Findings,
    ) -> CheckedTable {
        let before = findings.len();
        let columns: Vec<Option<Column>> = self
            .columns
            .iter()
            .map(|column| {
                let ast = column.ast.as_ref()?;
                let before = findings.len();
                let subject = self.subject(ast, names, findings)?;
                (!findings.has_errors_since(before)).then(|| Column { name: column.name.text.clone(), subject })
            })
            .collect();
        let row = |row: &RawRow, findings: &mut Findings| {
            let script = row.script.as_ref();
            let left = row.outputs.iter().zip(&self.outputs).filter(|(value, _)| value.is_none());
            let left: Vec<Field> = left.map(|(_, output)| output.clone()).collect();
            let call = script
                .and_then(|script| script.call(scripting::outputs(&left, script.span), names, scripting, findings));
            let mut conditions: Vec<CheckedCondition> = row
                .conditions
                .iter()
                .filter_map(|condition| self.condition(condition, &columns, names, record, findings))
                .collect();
            conditions.extend(call.as_ref().map(scripting::applies));
            let outputs = row.outputs.iter().zip(&self.outputs).map(|(value, output)| {
                match call.as_ref().filter(|_| value.is_none()) {
                    Some(call) => scripting::output(call, &output.name).unwrap_or_else(|| call.clone()),
                    None => self.output(value.as_ref(), output, row.span, names, findings),
                }
            });
            CheckedRow {
                id: row.id.clone(),
                outputs: outputs.collect(),
                conditions,
                annotations: row.annotations.clone(),
                skips_unknown: row.skips_unknown,
                span: row.span,
            }
        };
        let rows = self.rows.iter().map(|raw| row(raw, findings)).collect();
        let otherwise = self.otherwise.as_ref().map(|raw| row(raw, findings));
        if let Some(condition) = otherwise.as_ref().and_then(|row| row.conditions.first()) {
            findings.push(
                Finding::error(Code::CellSyntax, condition.expr.span, "the row `otherwise` has no conditions")
                    .help("empty this cell: the row stands for all that no other row took"),
            );
        }
        CheckedTable {
            id: self.id.clone(),
            family: self.family,
            hit: self.hit,
            outputs: self
                .outputs
                .iter()
                .zip(slots)
                .map(|(field, slot)| CheckedOutput { field: field.clone(), slot: *slot })
                .collect(),
            columns: columns.into_iter().flatten().collect(),
            rows,
            otherwise,
            span: self.span,
            is_sound: self.is_sound && !findings.has_errors_since(before),
        }
    }

    fn subject(&self, ast: &crate::language::Ast, names: &Names, findings: &mut Findings) -> Option<Expr> {
        if let crate::language::AstKind::Name(name) = &ast.kind
            && names.name(name).is_none()
            && !matches!(name.as_str(), "today" | "as_of" | "local_today" | "local_time")
        {
            let help = names.nearest(name, &[]).map_or_else(
                || "name a field, a fact or a result; an output is `then name`".to_owned(),
                |near| format!("did you mean `{near}`?"),
            );
            findings.push(
                Finding::error(
                    Code::UnknownColumn,
                    ast.span,
                    format!("`{name}` is not the name of a field, a fact or a result"),
                )
                .help(help),
            );
            return None;
        }
        Some(Typer::new(names, findings).expr(ast))
    }

    fn condition(
        &self,
        condition: &RawCondition,
        columns: &[Option<Column>],
        names: &Names,
        record: &RecordType,
        findings: &mut Findings,
    ) -> Option<CheckedCondition> {
        match condition {
            RawCondition::Cell { column, cell } => {
                let checked = columns.get(*column)?.as_ref()?;
                let field = match checked.subject.kind {
                    ExprKind::Slot(slot) => record.fields.get(slot.0 as usize),
                    _ => None,
                };
                let (expr, test) = cell.check(&Subject { expr: &checked.subject, field }, names, findings);
                // Columns that were refused are left out of the checked table; positions follow.
                let position = columns.iter().take(*column).flatten().count();
                let written = Written::Cell {
                    column: Arc::from(checked.name.as_str()),
                    text: Arc::from(cell.text.text.as_str()),
                };
                Some(CheckedCondition { expr, written, cell: Some((position, test)) })
            }
            RawCondition::When(ast, text) => {
                let expr = Typer::new(names, findings).condition(ast);
                Some(CheckedCondition { expr, written: Written::When(Arc::from(text.as_str())), cell: None })
            }
            RawCondition::Unless(ast, text) => {
                let expr = Typer::new(names, findings).condition(ast);
                let span = expr.span;
                let expr = Expr::boolean(ExprKind::Not(Box::new(expr)), span);
                Some(CheckedCondition { expr, written: Written::Unless(Arc::from(text.as_str())), cell: None })
            }
        }
    }

    fn output(
        &self,
        value: Option<&RawValue>,
        output: &Field,
        row: Span,
        names: &Names,
        findings: &mut Findings,
    ) -> Expr {
        let is_deadline = self.family == Family::Escalations && &*output.name == "due_in";
        match value {
            None => Expr::literal(Value::None, output.base.clone(), row),
            Some(RawValue::Literal(snippet)) => {
                let refused =
                    Expr { kind: ExprKind::Refused, base: Type::Any, maybe_none: false, span: snippet.whole() };
                let Some(value) =
                    literals::value(snippet, &output.base, output.decimals, output.maybe_none(), findings)
                else {
                    let text = snippet.text.as_str();
                    let first = text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
                    if names.name(first).is_some() || text.contains('(') && text.ends_with(')') {
                        findings.help_last(format!("begin a computed value with `=`: `= {text}`"));
                    }
                    return refused;
                };
                if let (Value::Duration(duration), Type::Duration(unit)) = (&value, &output.base)
                    && duration.unit() != *unit
                    && !is_deadline
                {
                    findings.push(
                        Finding::error(
                            Code::TypeMismatch,
                            snippet.whole(),
                            format!(
                                "`{}` is {}, but this is {}",
                                output.name,
                                output.base,
                                Type::Duration(duration.unit())
                            ),
                        )
                        .help("say the output's unit: `unit: hours`"),
                    );
                }
                if is_deadline
                    && matches!(value, Value::Duration(duration) if duration.unit() == crate::value::DurationUnit::BusinessDays)
                    && !names.has_calendar()
                {
                    findings.push(
                        Finding::error(
                            Code::UnknownCalendar,
                            snippet.whole(),
                            "business days need a calendar, and the pack has none",
                        )
                        .help("say `calendar:` in the pack's header, and declare it under `calendars:`"),
                    );
                }
                if let Err(problem) = text::within(&value, &output.range) {
                    let help = format!("see `min` and `max` of the output `{}`", output.name);
                    findings.push(Finding::error(problem.code, snippet.whole(), problem.message).help(help));
                }
                Expr::literal(value, output.base.clone(), snippet.whole())
            }
            Some(RawValue::Computed(ast)) if is_deadline => {
                let expr = Typer::new(names, findings).expr(ast);
                if !matches!(expr.base, Type::Duration(_) | Type::Any) {
                    let help = match &ast.kind {
                        crate::language::AstKind::Name(name) if expr.base == Type::Integer => {
                            format!("say the unit: `= {name}.days`")
                        }
                        _ => "say the unit, such as `2.days`".to_owned(),
                    };
                    let message = format!("`due_in` is a duration, but this is {}", expr.base);
                    findings.push(Finding::error(Code::TypeMismatch, expr.span, message).help(help));
                }
                expr
            }
            Some(RawValue::Computed(ast)) => {
                let what = format!("`{}`", output.name);
                // An escalation may leave an output out, but one that it computes is there.
                let maybe_none = output.maybe_none() && self.family != Family::Escalations;
                Typer::new(names, findings).stored(ast, &output.base, maybe_none, &what)
            }
        }
    }
}
