//! What teams of collectors earn: a pool for each team, split among its members.
//!
//! Takes `incentives.team`; gives expressions over the fields of the record that it goes over, one for each member and
//! period, and the field that names the team. Who is in a team is not known here.

use std::sync::Arc;

use rust_decimal::Decimal;

use super::pay_plan::{CheckedPayPlan, PayPlanReader, RecordNames};
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::language::{Expr, SlotId};
use crate::source::{Span, clamp};
use crate::syntax::Node;
use crate::syntax::node::MapReader;
use crate::value::{Absence, RecordType, Rounding, Type};

/// How the pool of a team is made and split.
#[derive(Clone, Debug)]
pub(crate) struct CheckedTeamPool {
    /// The qualified id.
    pub(crate) id: Arc<str>,
    /// The record that it goes over: a member of a team in one period.
    pub(crate) record: Arc<RecordType>,
    /// The field that names the team.
    pub(crate) team: SlotId,
    /// What counts of a member; all members together make the base of the team.
    pub(crate) base: Expr,
    /// The target, which all members of a team say alike.
    pub(crate) above: Expr,
    /// The share of what lies above the target.
    pub(crate) percent: Decimal,
    /// The most that a pool comes to, which all members of a team say alike.
    pub(crate) cap: Option<Expr>,
    /// The weight of a member.
    pub(crate) split_by: Expr,
    pub(crate) rounding: Rounding,
    pub(crate) because: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) span: Span,
}

impl PayPlanReader<'_> {
    /// The pool that a node says. `plan` is the pay plan beside it, which goes over the same record.
    pub(super) fn team_pool(
        &mut self,
        node: &Node,
        span: Span,
        plan: Option<&CheckedPayPlan>,
    ) -> Option<CheckedTeamPool> {
        let mut reader = MapReader::new(node, "the pool of a team", self.findings)?.named(span);
        let over = reader.required("over", self.findings);
        let team = reader.required("team", self.findings);
        let base = reader.required("base", self.findings);
        let above = reader.required("above", self.findings);
        let percent = reader.required("percent", self.findings);
        let cap = reader.optional("cap", self.findings);
        let split_by = reader.required("split_by", self.findings);
        let because = reader.text("because", self.findings).map(str::to_owned);
        let source = reader.text("source", self.findings).map(str::to_owned);
        reader.text("status", self.findings);
        reader.finish(self.findings);
        let percent = percent.and_then(|node| self.percent(node, "`percent`"));
        let over = over?;
        let record = self.over(over)?;
        if let Some(plan) = plan.filter(|plan| plan.record.name != record.name) {
            let (own, other) = (&record.name, &plan.record.name);
            self.findings.push(
                Finding::error(
                    Code::InvalidValue,
                    over.span,
                    format!("pools go over `{own}`, but the pay plan goes over `{other}`"),
                )
                .help(format!("`recoup pay` takes one file for both: let them go over `{other}`")),
            );
        }
        let names = RecordNames { record: &record, names: self.names };
        let team = team.and_then(|node| self.team(node, &record));
        let base = base.and_then(|node| self.computed(node, &Type::Money, "`base`", &names));
        let above = above.and_then(|node| self.computed(node, &Type::Money, "`above`", &names));
        let cap = cap.and_then(|node| self.cap(node, &names));
        let split_by = split_by.and_then(|node| self.computed(node, &Type::Decimal, "`split_by`", &names));
        Some(CheckedTeamPool {
            id: Arc::from("incentives/team"),
            team: team?,
            base: base?,
            above: above?,
            percent: percent?,
            cap,
            split_by: split_by?,
            record: record.clone(),
            rounding: self.header.rounding,
            because,
            source,
            span,
        })
    }

    /// The field that names the team of a member: its name can be shown, and is never unknown.
    fn team(&mut self, node: &Node, record: &RecordType) -> Option<SlotId> {
        let name = node.as_text("`team`", self.findings)?;
        let Some((index, field)) = record.index_of(name).and_then(|index| Some((index, record.fields.get(index)?)))
        else {
            self.findings.push(
                Finding::error(
                    Code::UnknownField,
                    node.span,
                    format!("the record `{}` has no field `{name}`", record.name),
                )
                .help(
                    did_you_mean(name, record.fields.iter().map(|field| &*field.name))
                        .unwrap_or_else(|| format!("declare `{name}` there")),
                ),
            );
            return None;
        };
        let (code, why, help) = if !matches!(field.base, Type::Text | Type::Integer | Type::Choice(_) | Type::Any) {
            let why = format!("`{name}` is {}, which names no team", field.base);
            (Code::TypeMismatch, why, "name a field that is a text, a choice or an integer")
        } else if !field.decides {
            (Code::FieldMayNotDecide, format!("`{name}` is carried, but may not decide"), "name another field")
        } else if field.private {
            let why = format!("`{name}` is private, but a team is named wherever its pool is shown");
            (Code::InvalidValue, why, "name a field that may be shown")
        } else if matches!(field.absence, Absence::Unknown) {
            let why = format!("`{name}` may be unknown, and nobody could say whose the pools are");
            (Code::InvalidValue, why, "declare `absent: none` for who is in no team, or let it be given always")
        } else {
            return Some(SlotId(clamp(index)));
        };
        self.findings.push(Finding::error(code, node.span, why).also(field.span, "the field").help(help));
        None
    }
}
