//! What collectors earn: a pay plan over one of the pack's other records.
//!
//! Takes `incentives.collector`; gives expressions over the fields of that record, whose slots are the places of its
//! fields, and a scale of tiers that is known to be sound. The fields and facts of the case have no part in it. What
//! their teams earn is read in [`team_pool`](super::team_pool).

use std::sync::Arc;

use rust_decimal::Decimal;

use super::expressions::{expression, value};
use super::header::Header;
use super::literals;
use super::names::Names;
use super::rule_head::RuleHead;
use super::tables::{Annotations, CheckedCondition};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean, nearest};
use crate::finance::{Tier, TierMode, Tiers};
use crate::language::functions::declared::DeclaredFunction;
use crate::language::parse::Parser;
use crate::language::{Expr, ExprKind, Name, Scope, SlotId, Typer};
use crate::source::{Span, clamp};
use crate::syntax::Node;
use crate::syntax::node::MapReader;
use crate::value::{Absence, DurationUnit, Range, RecordType, Rounding, Type, number, ops};

/// How the pay of a collector is made.
#[derive(Clone, Debug)]
pub(crate) struct CheckedPayPlan {
    /// The record that it goes over.
    pub(crate) record: Arc<RecordType>,
    /// What the tiers are applied to.
    pub(crate) base: Expr,
    pub(crate) tiers: Tiers,
    pub(crate) gates: Vec<PayGate>,
    /// More, or less, for what lies above a mark: the mark, and the factor.
    pub(crate) accelerator: Option<(Expr, Decimal)>,
    pub(crate) cap: Option<Expr>,
    pub(crate) clawback: Option<ClawbackTerms>,
    pub(crate) rounding: Rounding,
    pub(crate) because: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) span: Span,
}

/// A factor for the pay of those to whom it applies.
#[derive(Clone, Debug)]
pub(crate) struct PayGate {
    /// The qualified id, such as `incentives/collector/quality`.
    pub(crate) id: Arc<str>,
    pub(crate) conditions: Vec<CheckedCondition>,
    pub(crate) times: Decimal,
    pub(crate) annotations: Annotations,
    pub(crate) skips_unknown: bool,
    pub(crate) span: Span,
}

/// Which reversals take pay back.
#[derive(Clone, Debug)]
pub(crate) struct ClawbackTerms {
    /// The field that lists the payments.
    pub(crate) payments: SlotId,
    /// The same field as an expression, at which errors are shown.
    pub(crate) of: Expr,
    /// The places of an item's parts.
    pub(crate) received_on: usize,
    pub(crate) reversed_on: usize,
    pub(crate) amount: usize,
    /// How long after it was received a payment that is reversed counts.
    pub(crate) within_days: u32,
}

/// Reads a pack's pay plan, and the pool of its teams.
pub(crate) struct PayPlanReader<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    /// The names of the case's rules, of which the plan reads the rates only.
    pub(crate) names: &'a Names,
    /// The records beside the case.
    pub(crate) records: &'a [Arc<RecordType>],
    pub(crate) findings: &'a mut Findings,
}

impl PayPlanReader<'_> {
    /// The pay plan that a node says.
    pub(crate) fn plan(&mut self, node: &Node, span: Span) -> Option<CheckedPayPlan> {
        let mut reader = MapReader::new(node, "the pay plan", self.findings)?.named(span);
        let over = reader.required("over", self.findings);
        let base = reader.required("base", self.findings);
        let tiers = reader.required("tiers", self.findings);
        let gates = reader.optional("gates", self.findings);
        let accelerator = reader.optional("accelerator", self.findings);
        let cap = reader.optional("cap", self.findings);
        let within = reader.optional("clawback_within", self.findings);
        let reversals = reader.optional("reversals", self.findings);
        let because = reader.text("because", self.findings).map(str::to_owned);
        let source = reader.text("source", self.findings).map(str::to_owned);
        reader.text("status", self.findings);
        reader.finish(self.findings);
        let tiers = tiers.and_then(|node| self.tiers(node));
        let record = self.over(over?)?;
        let names = RecordNames { record: &record, names: self.names };
        let base = base.and_then(|node| self.computed(node, &Type::Money, "`base`", &names));
        let gates = gates.map_or_else(Vec::new, |node| self.gates(node, &names));
        let accelerator = accelerator.and_then(|node| self.accelerator(node, &names));
        let cap = cap.and_then(|node| self.cap(node, &names));
        let clawback = self.clawback(within, reversals, &record);
        let rounding = self.header.rounding;
        Some(CheckedPayPlan {
            base: base?,
            tiers: tiers?,
            record: record.clone(),
            gates,
            accelerator,
            cap,
            clawback,
            rounding,
            because,
            source,
            span,
        })
    }

    /// The record that a plan goes over.
    pub(super) fn over(&mut self, node: &Node) -> Option<Arc<RecordType>> {
        let name = node.as_text("`over`", self.findings)?;
        let found = self.records.iter().find(|record| *record.name == *name);
        if found.is_none() {
            let finding = match name {
                "case" => Finding::error(Code::UnknownName, node.span, "a collector is not paid for one `case`")
                    .help("declare a record such as `collector` under `records:`, with what was brought in"),
                _ => Finding::error(Code::UnknownName, node.span, format!("the pack declares no record `{name}`"))
                    .help(
                        did_you_mean(name, self.records.iter().map(|record| &*record.name))
                            .unwrap_or_else(|| format!("declare it: `records:`, `{name}:`, `fields:`")),
                    ),
            };
            self.findings.push(finding);
        }
        found.cloned()
    }

    /// What an expression over the fields of the record comes to. One that is written out is not below zero.
    pub(super) fn computed(&mut self, node: &Node, base: &Type, what: &str, names: &RecordNames<'_>) -> Option<Expr> {
        let ast = expression(node, what, self.parser, self.findings)?;
        let expr = Typer::new(names, self.findings).stored(&ast, base, false, what);
        self.literal_not_negative(&expr, node.span, what);
        Some(expr)
    }

    /// The most that is paid.
    pub(super) fn cap(&mut self, node: &Node, names: &RecordNames<'_>) -> Option<Expr> {
        let decimals = Some(self.header.currency_decimals);
        let cap = value(node, &Type::Money, decimals, "`cap`", (names, self.parser), self.findings)?;
        self.literal_not_negative(&cap, node.span, "`cap`");
        Some(cap)
    }

    fn tiers(&mut self, node: &Node) -> Option<Tiers> {
        let mut reader = MapReader::new(node, "`tiers`", self.findings)?;
        let mode = reader.required("mode", self.findings);
        let steps = reader.required("steps", self.findings);
        reader.finish(self.findings);
        let mode = mode.and_then(|node| match node.as_text("`mode`", self.findings)? {
            "marginal" => Some(TierMode::Marginal),
            "retroactive" => Some(TierMode::Retroactive),
            other => {
                self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("`mode` cannot be `{other}`")).help(
                        "`marginal`: each part at the percentage of its tier; `retroactive`: all of it at the \
                         percentage of the highest tier that is reached",
                    ),
                );
                None
            }
        });
        let steps = self.steps(steps?);
        let (mode, steps) = (mode?, steps?);
        let tiers = || steps.iter().map(|(tier, _)| *tier);
        for ((before, _), (tier, span)) in steps.iter().zip(steps.iter().skip(1)) {
            if mode == TierMode::Retroactive && tier.percent < before.percent {
                let (from, more, less) = (tier.from, before.percent, tier.percent);
                self.findings.push(
                    Finding::error(
                        Code::OutsideDomain,
                        *span,
                        format!("at {from} the percentage falls from {more} to {less} for all that was brought in"),
                    )
                    .help("who brings in more would earn less: let it rise, or say `mode: marginal`"),
                );
                return None;
            }
        }
        Tiers::new(mode, tiers()).ok()
    }

    /// The starts of tiers and their percentages, each with its place.
    fn steps(&mut self, node: &Node) -> Option<Vec<(Tier, Span)>> {
        let map = node.as_map("`steps`", self.findings)?;
        let mut steps: Vec<(Tier, Span)> = Vec::new();
        let before = self.findings.len();
        for entry in &map.entries {
            let span = entry.key_span;
            let from =
                number::parse(&entry.key).filter(|from| from.normalize().scale() <= self.header.currency_decimals);
            let Some(from) = from else {
                self.findings.push(
                    Finding::error(Code::InvalidNumber, span, format!("`{}` is not an amount", entry.key))
                        .help("a step begins at an amount and gives a percentage, such as `30000: 4`"),
                );
                continue;
            };
            let Some(percent) = self.percent(&entry.value, "the percentage of a step") else { continue };
            match steps.last() {
                None if !from.is_zero() => self.findings.push(
                    Finding::error(Code::OutsideDomain, span, format!("the steps begin at {from}"))
                        .help("let the first begin at 0, such as `0: 0`: so it is said what is paid below the others"),
                ),
                Some((last, first)) if from <= last.from => self.findings.push(
                    Finding::error(
                        Code::OutsideDomain,
                        span,
                        format!("the step at {from} follows one at {}", last.from),
                    )
                    .also(*first, "the one before")
                    .help("write the steps in rising order, each start once"),
                ),
                _ => {}
            }
            steps.push((Tier { from, percent }, span));
        }
        if map.entries.is_empty() && !map.is_damaged {
            self.findings.push(
                Finding::error(Code::MissingKey, node.span, "`steps` has no step")
                    .help("write amounts and percentages, such as `{0: 0, 30000: 4}`"),
            );
        }
        (!self.findings.has_errors_since(before)).then_some(steps)
    }

    fn gates(&mut self, node: &Node, names: &RecordNames<'_>) -> Vec<PayGate> {
        let mut gates: Vec<PayGate> = Vec::new();
        for item in node.as_list("`gates`", self.findings).unwrap_or(&[]) {
            let Some(gate) = self.gate(item, names) else { continue };
            if let Some(first) = gates.iter().find(|known| known.id == gate.id) {
                self.findings.push(
                    Finding::error(Code::DuplicateId, gate.span, format!("two gates are called `{}`", gate.id))
                        .also(first.span, "the first")
                        .help("give one another id"),
                );
            }
            gates.push(gate);
        }
        gates
    }

    fn gate(&mut self, item: &Node, names: &RecordNames<'_>) -> Option<PayGate> {
        let mut reader = MapReader::new(item, "a gate", self.findings)?;
        let head = RuleHead::read(item, &mut reader, self.findings);
        // A gate that always holds is none.
        reader.required("when", self.findings);
        let times = reader.required("times", self.findings);
        reader.finish(self.findings);
        let annotations = head.annotations(self.findings);
        let conditions = head.conditions(names, self.parser, self.findings);
        let times = times.and_then(|node| self.number(node, &Type::Decimal, "`times`"));
        let id = Arc::from(format!("incentives/collector/{}", head.id?));
        let (skips_unknown, span) = (head.skips_unknown, head.span);
        Some(PayGate { id, conditions, times: times?, annotations, skips_unknown, span })
    }

    fn accelerator(&mut self, node: &Node, names: &RecordNames<'_>) -> Option<(Expr, Decimal)> {
        let mut reader = MapReader::new(node, "`accelerator`", self.findings)?;
        let above = reader.required("above", self.findings);
        let times = reader.required("times", self.findings);
        reader.finish(self.findings);
        let above = above.and_then(|node| self.computed(node, &Type::Money, "`above`", names));
        let times = times.and_then(|node| self.number(node, &Type::Decimal, "`times`"));
        Some((above?, times?))
    }

    fn clawback(&mut self, within: Option<&Node>, field: Option<&Node>, record: &RecordType) -> Option<ClawbackTerms> {
        let within = match (within, field) {
            (Some(within), _) => within,
            (None, Some(field)) => {
                self.findings.push(
                    Finding::error(Code::MissingKey, field.span, "nothing says how late a reversal may come")
                        .help("add `clawback_within: 90 days`"),
                );
                return None;
            }
            (None, None) => return None,
        };
        let duration = literals::duration(within, "`clawback_within`", self.findings);
        let within_days = duration.and_then(|duration| match duration.unit() {
            DurationUnit::Days => u32::try_from(duration.count()).ok(),
            _ => None,
        });
        if duration.is_some() && within_days.is_none() {
            self.findings.push(
                Finding::error(Code::TypeMismatch, within.span, "`clawback_within` is counted in days")
                    .help("write days, such as `90 days`"),
            );
        }
        let (name, span) = match field {
            Some(node) => (node.as_text("`reversals`", self.findings)?, node.span),
            None => ("reversals", within.span),
        };
        let Some(index) = record.index_of(name) else {
            let fields = record.fields.iter().filter(|field| matches!(field.base, Type::List(_)));
            let help = did_you_mean(name, fields.map(|field| &*field.name));
            let help = match field {
                None => "say which field lists the payments: `reversals: FIELD`".to_owned(),
                Some(_) => help.unwrap_or_else(|| format!("declare the list `{name}`")),
            };
            let message = format!("the record `{}` has no field `{name}`", record.name);
            self.findings.push(Finding::error(Code::UnknownField, span, message).help(help));
            return None;
        };
        let item = match record.fields.get(index).map(|field| &field.base) {
            Some(Type::List(item)) => match &item.base {
                Type::Record(item) => Some(item.clone()),
                _ => None,
            },
            Some(Type::Any) => return None,
            _ => None,
        };
        let part = |name: &str, base: &Type, may_be_none: bool| {
            let (index, part) = item.as_ref().and_then(|item| {
                let index = item.index_of(name)?;
                Some((index, item.fields.get(index)?))
            })?;
            (part.base == *base && (may_be_none || !part.maybe_none())).then_some(index)
        };
        let parts = (
            part("received_on", &Type::Date, false),
            part("reversed_on", &Type::Date, true),
            part("amount", &Type::Money, false),
        );
        let (Some(received_on), Some(reversed_on), Some(amount)) = parts else {
            self.findings.push(
                Finding::error(
                    Code::TypeMismatch,
                    span,
                    format!("`{name}` does not list payments and their reversals"),
                )
                .help(
                    "its items need `received_on` (date), `reversed_on` (date, perhaps `absent: none`) and \
                         `amount` (money)",
                ),
            );
            return None;
        };
        let payments = SlotId(clamp(index));
        let base = record.fields.get(index).map_or(Type::Any, |field| field.base.clone());
        let of = Expr { kind: ExprKind::Slot(payments), base, maybe_none: false, span };
        Some(ClawbackTerms { payments, of, received_on, reversed_on, amount, within_days: within_days? })
    }

    /// A number that is written out and not below zero.
    fn number(&mut self, node: &Node, base: &Type, what: &str) -> Option<Decimal> {
        let scalar = node.as_scalar(what, self.findings)?;
        let value = literals::value(&scalar.snippet.trimmed(), base, None, false, self.findings)?;
        let number = ops::plain(&value).ok()?;
        self.not_negative(number, node.span, what);
        Some(number)
    }

    /// A percentage that is written out, from 0 to 100.
    pub(super) fn percent(&mut self, node: &Node, what: &str) -> Option<Decimal> {
        let percent = self.number(node, &Type::Percent, what)?;
        if percent > Decimal::ONE_HUNDRED {
            self.findings.push(
                Finding::error(Code::OutsideDomain, node.span, format!("{percent} percent are more than all"))
                    .help("write a percentage from 0 to 100"),
            );
        }
        Some(percent)
    }

    fn literal_not_negative(&mut self, expr: &Expr, span: Span, what: &str) {
        if let Some(number) = expr.literal_value().and_then(|value| ops::plain(value).ok()) {
            self.not_negative(number, span, what);
        }
    }

    fn not_negative(&mut self, number: Decimal, span: Span, what: &str) {
        if number < Decimal::ZERO {
            self.findings.push(
                Finding::error(Code::OutsideDomain, span, format!("{what} is below zero"))
                    .help("write a number of at least zero"),
            );
        }
    }
}

/// The fields of a record beside the case, and of the pack's names only the rates.
pub(super) struct RecordNames<'a> {
    pub(super) record: &'a RecordType,
    pub(super) names: &'a Names,
}

impl Scope for RecordNames<'_> {
    fn name(&self, name: &str) -> Option<Name> {
        let index = self.record.index_of(name)?;
        let field = self.record.fields.get(index)?;
        let (base, maybe_none) = (field.base.clone(), field.maybe_none());
        Some(Name::Value { slot: SlotId(clamp(index)), base, maybe_none, decides: field.decides })
    }

    fn nearest(&self, wrong: &str, more: &[&str]) -> Option<String> {
        let fields = self.record.fields.iter().map(|field| &*field.name);
        nearest(wrong, fields.chain(more.iter().copied())).map(str::to_owned)
    }

    fn called(&self, slot: SlotId) -> Option<String> {
        self.record.fields.get(slot.0 as usize).map(|field| field.name.to_string())
    }

    fn function(&self, name: &str) -> Option<Arc<DeclaredFunction>> {
        self.names.function(name)
    }

    fn is_refused(&self, function: &str) -> bool {
        self.names.is_refused(function)
    }

    fn functions(&self) -> Vec<Arc<str>> {
        self.names.functions()
    }

    fn may_call(&self) -> bool {
        true
    }

    fn rate(&self, name: &str) -> Option<usize> {
        self.names.rate(name)
    }

    fn rates(&self) -> Vec<String> {
        self.names.rates()
    }

    fn has_calendar(&self) -> bool {
        self.names.has_calendar()
    }

    fn range(&self, slot: SlotId) -> Option<Range> {
        self.record.fields.get(slot.0 as usize).map(|field| field.range.clone())
    }

    fn absence(&self, slot: SlotId) -> Option<Absence> {
        self.record.fields.get(slot.0 as usize).map(|field| field.absence.clone())
    }

    fn missing(&self, name: &str) -> Option<(String, String)> {
        let record = &self.record.name;
        self.names.name(name)?;
        let message = format!("`{name}` belongs to the case, and this goes over the record `{record}`");
        let near = nearest(name, self.record.fields.iter().map(|field| &*field.name))
            .map(|near| format!("did you mean `{near}`?"));
        Some((message, near.unwrap_or_else(|| format!("read a field of `{record}`, or declare `{name}` there"))))
    }
}
