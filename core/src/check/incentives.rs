//! Incentives for debtors: what is offered to those who pay, how long it stands, and what it does not go with.
//!
//! Takes `incentives`; gives offers as conditions and values over the case, and the most that they may come to. What
//! collectors and their teams earn goes over a record of its own: see [`pay_plan`](super::pay_plan) and
//! [`team_pool`](super::team_pool).

use std::sync::Arc;

use rust_decimal::Decimal;

use super::arms;
use super::expressions::{expression, value};
use super::header::Header;
use super::literals;
use super::names::Names;
use super::pay_plan::{CheckedPayPlan, PayPlanReader};
use super::rule_head::RuleHead;
use super::scripting::{self, Scripting};
use super::tables::{Annotations, CheckedCondition};
use super::team_pool::CheckedTeamPool;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::parse::Parser;
use crate::language::{Ast, AstKind, Expr, Scope, Typer};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Node, NodeKind};
use crate::value::{Absence, Field, RecordType, Rounding, Type};

/// The incentives for debtors.
#[derive(Clone, Debug)]
pub(crate) struct CheckedIncentives {
    /// The most that all offers together may come to: a share, and of what.
    pub(crate) cap: Option<(Decimal, Expr)>,
    /// Those that stand first go first.
    pub(crate) offers: Vec<IncentiveOffer>,
    pub(crate) rounding: Rounding,
    pub(crate) span: Span,
}

/// Something that is offered to a debtor.
#[derive(Clone, Debug)]
pub(crate) struct IncentiveOffer {
    /// The qualified id, such as `incentives/debtor/early-payment`.
    pub(crate) id: Arc<str>,
    pub(crate) conditions: Vec<CheckedCondition>,
    /// What kind of thing it is, such as `discount`.
    pub(crate) kind: Arc<str>,
    pub(crate) worth: Worth,
    /// The last day on which it stands.
    pub(crate) valid_until: Option<Expr>,
    /// The ids of offers that it does not go with; `settlement` among them.
    pub(crate) not_with: Vec<Arc<str>>,
    pub(crate) annotations: Annotations,
    pub(crate) skips_unknown: bool,
    pub(crate) span: Span,
}

/// What an offer is worth.
#[derive(Clone, Debug)]
pub(crate) enum Worth {
    /// A share, and of what.
    Share(Expr, Expr),
    Amount(Expr),
}

/// What a pack says under `incentives`, each where it does.
#[derive(Debug, Default)]
pub(crate) struct AllIncentives {
    pub(crate) debtor: Option<CheckedIncentives>,
    pub(crate) collector: Option<CheckedPayPlan>,
    pub(crate) team: Option<CheckedTeamPool>,
}

/// Reads the pack's incentives.
pub(crate) struct IncentiveReader<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    pub(crate) scripting: &'a Scripting,
    pub(crate) names: &'a Names,
    pub(crate) findings: &'a mut Findings,
}

impl IncentiveReader<'_> {
    /// The incentives of a document: those for debtors, and what collectors and their teams earn. `records` are those
    /// beside the case.
    pub(crate) fn incentives(&mut self, entry: &Entry, records: &[Arc<RecordType>]) -> AllIncentives {
        let reader = MapReader::new(&entry.value, "`incentives`", self.findings);
        let Some(mut reader) = reader.map(|reader| reader.named(entry.key_span)) else {
            return AllIncentives::default();
        };
        let debtor = reader.optional("debtor", self.findings);
        let collector = reader.optional("collector", self.findings);
        let team = reader.optional("team", self.findings);
        let (collector_span, team_span) = (reader.key_span("collector"), reader.key_span("team"));
        if debtor.is_none() && collector.is_none() && team.is_none() && !reader.has_stray() {
            self.findings.push(Finding::error(Code::MissingKey, entry.key_span, "`incentives` is for nobody").help(
                "say what debtors are offered under `debtor:`, what collectors earn under `collector:`, or what \
                     teams of them earn under `team:`",
            ));
        }
        reader.finish(self.findings);
        let debtor = debtor.and_then(|node| self.debtor(node, entry.key_span));
        let (header, parser, names) = (self.header, self.parser, self.names);
        let mut reader = PayPlanReader { header, parser, names, records, findings: self.findings };
        let collector = collector.and_then(|node| reader.plan(node, collector_span));
        let team = team.and_then(|node| reader.team_pool(node, team_span, collector.as_ref()));
        AllIncentives { debtor, collector, team }
    }

    fn debtor(&mut self, node: &Node, span: Span) -> Option<CheckedIncentives> {
        let mut reader = MapReader::new(node, "the incentives for debtors", self.findings)?;
        let cap = reader.optional("cap", self.findings);
        let offers = reader.required("offers", self.findings);
        reader.finish(self.findings);
        let cap = cap.and_then(|node| self.cap(node));
        let items = offers.and_then(|node| node.as_list("`offers`", self.findings)).unwrap_or(&[]);
        let mut offers: Vec<IncentiveOffer> = Vec::new();
        for item in items {
            let Some(offer) = self.offer(item) else { continue };
            if let Some(first) = offers.iter().find(|known| known.id == offer.id) {
                self.findings.push(
                    Finding::error(Code::DuplicateId, offer.span, format!("two offers are called `{}`", offer.id))
                        .also(first.span, "the first")
                        .help("give one another id"),
                );
            }
            offers.push(offer);
        }
        self.exclusions(items, &offers);
        Some(CheckedIncentives { cap, offers, rounding: self.header.rounding, span })
    }

    fn cap(&mut self, node: &Node) -> Option<(Decimal, Expr)> {
        let mut reader = MapReader::new(node, "`cap`", self.findings)?;
        let percent = reader.required("percent", self.findings);
        let of = reader.optional("of", self.findings);
        let head = reader.head();
        reader.finish(self.findings);
        let percent = percent.and_then(|node| {
            let scalar = node.as_scalar("`percent`", self.findings)?;
            let value = literals::value(&scalar.snippet.trimmed(), &Type::Percent, None, false, self.findings)?;
            crate::value::ops::plain(&value).ok()
        });
        let of = self.sum(of, head);
        Some((percent?, of?))
    }

    /// A sum of money: what is said, or the field `balance`.
    fn sum(&mut self, node: Option<&Node>, span: Span) -> Option<Expr> {
        let ast = match node {
            Some(node) => expression(node, "`of`", self.parser, self.findings)?,
            None if self.names.name("balance").is_some() => Ast { kind: AstKind::Name("balance".to_owned()), span },
            None => {
                self.findings.push(
                    Finding::error(Code::MissingKey, span, "this does not say of which sum it is a share")
                        .help("add `of:` with a field or fact of the case"),
                );
                return None;
            }
        };
        Some(Typer::new(self.names, self.findings).stored(&ast, &Type::Money, false, "`of`"))
    }

    fn offer(&mut self, item: &Node) -> Option<IncentiveOffer> {
        let mut reader = MapReader::new(item, "an offer", self.findings)?;
        let head = RuleHead::read(item, &mut reader, self.findings);
        let script = reader.optional("script", self.findings);
        let give = match script {
            Some(_) => reader.optional("give", self.findings),
            None => reader.required("give", self.findings),
        };
        let not_with = reader.optional("not_with", self.findings);
        reader.finish(self.findings);
        let annotations = head.annotations(self.findings);
        let mut conditions = head.conditions(self.names, self.parser, self.findings);
        let not_with = not_with.map_or(&[][..], |node| node.one_or_many());
        let not_with =
            not_with.iter().filter_map(|node| node.as_text("an offer", self.findings).map(Arc::from)).collect();
        let (kind, worth, valid_until) = match script {
            Some(script) => {
                let call = self.scripted(script, arms::plain(&arms::called(head.id?, item)))?;
                conditions.push(scripting::applies(&call));
                let kind = give.and_then(|give| self.kind(give));
                let kind = kind.unwrap_or_else(|| Arc::from("discount"));
                (kind, Worth::Amount(scripting::output(&call, "amount")?), scripting::output(&call, "valid_until"))
            }
            None => self.give(give?)?,
        };
        Some(IncentiveOffer {
            id: Arc::from(format!("incentives/debtor/{}", arms::called(head.id?, item))),
            conditions,
            kind,
            worth,
            valid_until,
            not_with,
            annotations,
            skips_unknown: head.skips_unknown,
            span: head.span,
        })
    }

    /// A script that gives an amount, and the last day on which it stands.
    fn scripted(&mut self, node: &Node, id: &str) -> Option<Expr> {
        let script = self.scripting.of_rule(node, id, self.findings)?;
        let amount = Field {
            decimals: Some(self.header.currency_decimals),
            rounding: self.header.rounding,
            ..Field::new("amount", Type::Money, node.span)
        };
        let until = Field { absence: Absence::None, ..Field::new("valid_until", Type::Date, node.span) };
        script.call(scripting::outputs(&[amount, until], node.span), self.names, self.scripting, self.findings)
    }

    /// The kind of an offer whose script gives the rest.
    fn kind(&mut self, node: &Node) -> Option<Arc<str>> {
        let mut reader = MapReader::new(node, "`give` beside a script", self.findings)?;
        let kind = reader.text("kind", self.findings).map(Arc::from);
        reader.finish(self.findings);
        kind
    }

    fn give(&mut self, node: &Node) -> Option<(Arc<str>, Worth, Option<Expr>)> {
        let mut reader = MapReader::new(node, "`give`", self.findings)?;
        let kind = reader.text("kind", self.findings).map(Arc::from);
        let percent = reader.optional("percent", self.findings);
        let of = reader.optional("of", self.findings);
        let amount = reader.optional("amount", self.findings);
        let valid_until = reader.optional("valid_until", self.findings);
        let head = reader.head();
        reader.finish(self.findings);
        let valid_until = match valid_until {
            Some(node) => Some(self.value(node, &Type::Date, None, "`valid_until`")?),
            None => None,
        };
        let worth = match (percent, amount) {
            (Some(percent), None) => {
                let percent = self.value(percent, &Type::Percent, None, "`percent`")?;
                Worth::Share(percent, self.sum(of, head)?)
            }
            (None, Some(amount)) => {
                if let Some(of) = of {
                    self.findings
                        .push(Finding::error(Code::UnknownKey, of.span, "`of` belongs to `percent`").help("remove it"));
                }
                Worth::Amount(self.value(amount, &Type::Money, Some(self.header.currency_decimals), "`amount`")?)
            }
            _ => {
                self.findings.push(
                    Finding::error(Code::MissingKey, head, "an offer gives a `percent` or an `amount`")
                        .help("write one of them, such as `percent: 2` or `amount: 30.00`"),
                );
                return None;
            }
        };
        Some((kind.unwrap_or_else(|| Arc::from("discount")), worth, valid_until))
    }

    fn value(&mut self, node: &Node, base: &Type, decimals: Option<u32>, what: &str) -> Option<Expr> {
        value(node, base, decimals, what, (self.names, self.parser), self.findings)
    }

    /// Reports offers that nobody makes, beside which another does not stand.
    fn exclusions(&mut self, items: &[Node], offers: &[IncentiveOffer]) {
        let last = |offer: &IncentiveOffer| arms::plain(offer.id.rsplit('/').next().unwrap_or("")).to_owned();
        let names: Vec<String> = offers.iter().map(last).collect();
        for item in items {
            let NodeKind::Map(map) = &item.kind else { continue };
            for node in map.get("not_with").map_or(&[][..], |node| node.one_or_many()) {
                let Some(name) = node.text() else { continue };
                if name != "settlement" && !names.iter().any(|known| known == name) {
                    self.findings.push(
                        Finding::error(Code::UnknownRule, node.span, format!("no offer is called `{name}`"))
                            .maybe_help(did_you_mean(name, names.iter().map(String::as_str).chain(["settlement"]))),
                    );
                }
            }
        }
    }
}
