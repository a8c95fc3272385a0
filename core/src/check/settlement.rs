//! Settlement: the least that may be accepted, on which terms, and who may accept it.
//!
//! Takes `settlement`; gives the floor and its modifiers as expressions and conditions over the case and an `offer`.

use std::borrow::Cow;
use std::sync::Arc;

use rust_decimal::Decimal;

use super::arms::{self, Guard};
use super::expressions::{conditions, expression, value};
use super::header::{Header, rounding};
use super::literals;
use super::names::{Names, WithRecord, report_id};
use super::rule_head::RuleHead;
use super::scripting::Scripting;
use super::tables::annotations::ANNOTATIONS;
use super::tables::{Annotations, CheckedCondition, Written};
use crate::diagnostic::{Code, Finding, Findings};
use crate::finance::Residue;
use crate::language::parse::Parser;
use crate::language::{Expr, SlotId, Typer};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Grid, Map, Node, NodeKind};
use crate::value::{Absence, Duration, DurationUnit, Field, Outcome, Rounding, Type, Value, number};

/// Where the items of an offer stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfferSlots {
    pub(crate) instalments: SlotId,
    pub(crate) role: SlotId,
}

/// The settlement of a pack.
#[derive(Clone, Debug)]
pub(crate) struct CheckedSettlement {
    /// Conditions of which any one rules a settlement out, each with its qualified id.
    pub(crate) none_when: Vec<(Arc<str>, CheckedCondition)>,
    /// The sum that is settled.
    pub(crate) of: Expr,
    /// The least share of it; none where there is no settlement.
    pub(crate) floor: Expr,
    pub(crate) modifiers: Vec<Modifier>,
    pub(crate) rounding: Rounding,
    /// How long an offer stands.
    pub(crate) valid_for: Option<Duration>,
    pub(crate) instalments: Option<InstalmentTerms>,
    /// Who may accept how much, those who may least first.
    pub(crate) authority: Vec<Authority>,
    /// Terms that an arm of an experiment has its own way of.
    variants: Vec<TermsVariant>,
    pub(crate) span: Span,
}

/// A term for the cases of one arm.
#[derive(Clone, Debug)]
struct TermsVariant {
    /// The slot that the arm of a case stands in.
    slot: SlotId,
    arm: Arc<str>,
    term: Term,
}

#[derive(Clone, Debug)]
enum Term {
    Rounding(Rounding),
    ValidFor(Option<Duration>),
    Instalments(Option<InstalmentTerms>),
    Authority(Vec<Authority>),
}

/// A change of the floor.
#[derive(Clone, Debug)]
pub(crate) struct Modifier {
    /// The qualified id, such as `settlement/modifiers/hardship`.
    pub(crate) id: Arc<str>,
    pub(crate) conditions: Vec<CheckedCondition>,
    /// The points that it adds.
    pub(crate) add: Expr,
    /// A share below which it does not take the floor.
    pub(crate) not_below: Option<Decimal>,
    /// A share above which it does not take the floor.
    pub(crate) not_above: Option<Decimal>,
    pub(crate) annotations: Annotations,
    pub(crate) skips_unknown: bool,
    pub(crate) span: Span,
}

/// On which terms a settlement may be paid in parts.
#[derive(Clone, Debug)]
pub(crate) struct InstalmentTerms {
    pub(crate) at_most: u32,
    pub(crate) first_within: Option<Duration>,
    /// The least that an instalment may be.
    pub(crate) at_least: Option<Decimal>,
    pub(crate) residue: Residue,
}

/// What one role may accept: both must hold.
#[derive(Clone, Debug)]
pub(crate) struct Authority {
    pub(crate) role: Arc<str>,
    /// The most that may be given up, as a share. Nothing where there is no such limit.
    pub(crate) max_percent: Option<Decimal>,
    /// The most that may be given up, as a sum.
    pub(crate) max_amount: Option<Decimal>,
}

/// The items of an offer that settlement rules read.
pub(crate) fn offer_fields(span: Span) -> Vec<Field> {
    vec![
        Field::new("instalments", Type::Integer, span),
        Field { absence: Absence::None, ..Field::new("role", Type::Text, span) },
    ]
}

/// Reads the pack's settlement.
pub(crate) struct SettlementReader<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    pub(crate) scripting: &'a Scripting,
    pub(crate) names: &'a Names,
    pub(crate) offer: OfferSlots,
    pub(crate) findings: &'a mut Findings,
}

impl SettlementReader<'_> {
    /// The settlement of a document; nothing where it has none, or where a part of it cannot be read.
    pub(crate) fn settlement(&mut self, entry: &Entry) -> Option<CheckedSettlement> {
        let group = offer_fields(entry.key_span).into_iter().zip([self.offer.instalments, self.offer.role]);
        let group = Names::group(group.map(|(field, slot)| {
            let maybe_none = field.maybe_none();
            (field.name, slot, field.base, maybe_none)
        }));
        let scope = WithRecord::new(self.names, "offer", group);
        let mut reader = MapReader::new(&entry.value, "`settlement`", self.findings)?.named(entry.key_span);
        let none_when = reader.optional("none_when", self.findings);
        let of = reader.optional("of", self.findings);
        let script = reader.optional("script", self.findings);
        let floor = match script {
            Some(_) => reader.optional("floor", self.findings),
            None => reader.required("floor", self.findings),
        };
        let modifiers = reader.optional("modifiers", self.findings);
        let round = reader.optional("round", self.findings);
        let valid_for = reader.optional("valid_for", self.findings);
        let instalments = reader.optional("instalments", self.findings);
        let authority = reader.optional("authority", self.findings);
        reader.optional_or_null(arms::VARIANTS);
        reader.finish(self.findings);
        let none_when = none_when.map_or_else(Vec::new, |node| self.none_when(node));
        let of = self.of(of, entry.key_span);
        let variants = match &entry.value.kind {
            NodeKind::Map(map) => arms::variants(map),
            _ => Vec::new(),
        };
        if let (Some(script), Some(_)) = (script, floor) {
            self.findings.push(
                Finding::error(Code::UnknownKey, script.span, "the floor is said twice: by `floor` and by `script`")
                    .help("keep one of them"),
            );
        }
        let mut floor = match script {
            Some(script) => self.scripted(script, &scope),
            None => floor.and_then(|node| self.floor(node, &scope)),
        };
        for (guard, node) in variants.iter().filter_map(|(guard, of)| Some((guard, of.get("floor")?))) {
            let condition = guard.expr(self.names, self.findings);
            let own = self.floor(node, &scope);
            floor = floor.zip(own).map(|(floor, own)| {
                let span = own.span;
                Typer::new(self.names, self.findings).either(condition, [own, floor], "the floors", span)
            });
        }
        let modifiers = modifiers.map_or_else(Vec::new, |node| self.modifiers(node, &scope));
        let rounding = round.and_then(|node| rounding(node, self.findings)).unwrap_or(self.header.rounding);
        let valid_for = valid_for.and_then(|node| self.days(node, "`valid_for`"));
        let instalments = instalments.and_then(|node| self.instalments(node));
        let authority = authority.map_or_else(Vec::new, |node| self.authority(node));
        let variants = variants.into_iter().flat_map(|(guard, of)| self.variant(&guard, of)).collect();
        Some(CheckedSettlement {
            variants,
            none_when,
            of: of?,
            floor: floor?,
            modifiers,
            rounding,
            valid_for,
            instalments,
            authority,
            span: entry.key_span,
        })
    }

    /// What an arm has its own way of, the floor excepted: that is part of its expression.
    fn variant(&mut self, guard: &Guard, of: &Map) -> Vec<TermsVariant> {
        let Some(slot) = guard.slot(self.names, self.findings) else { return Vec::new() };
        let mut variants = Vec::new();
        for entry in &of.entries {
            let node = Some(&entry.value).filter(|node| !matches!(node.kind, NodeKind::Null));
            let term = match entry.key.as_str() {
                "round" => {
                    let own = node.and_then(|node| rounding(node, self.findings));
                    Term::Rounding(own.unwrap_or(self.header.rounding))
                }
                "valid_for" => Term::ValidFor(node.and_then(|node| self.days(node, "`valid_for`"))),
                "instalments" => Term::Instalments(node.and_then(|node| self.instalments(node))),
                "authority" => Term::Authority(node.map_or_else(Vec::new, |node| self.authority(node))),
                _ => continue,
            };
            variants.push(TermsVariant { slot, arm: Arc::from(guard.arm.as_str()), term });
        }
        variants
    }

    fn none_when(&mut self, node: &Node) -> Vec<(Arc<str>, CheckedCondition)> {
        conditions(node, "`none_when`", self.parser, self.findings)
            .into_iter()
            .enumerate()
            .map(|(index, (ast, text))| {
                let expr = Typer::new(self.names, self.findings).condition(&ast);
                let condition = CheckedCondition { expr, written: Written::When(Arc::from(text)), cell: None };
                (Arc::from(format!("settlement/none_when/{}", index + 1)), condition)
            })
            .collect()
    }

    /// The sum that is settled: what is said, or the field `balance`.
    fn of(&mut self, node: Option<&Node>, span: Span) -> Option<Expr> {
        let ast = match node {
            Some(node) => expression(node, "`of`", self.parser, self.findings)?,
            None => crate::language::Ast { kind: crate::language::AstKind::Name("balance".to_owned()), span },
        };
        if node.is_none() && crate::language::Scope::name(self.names, "balance").is_none() {
            self.findings.push(
                Finding::error(Code::MissingKey, span, "`settlement` does not say which sum is settled")
                    .help("add `of:` with a field or fact of the case"),
            );
            return None;
        }
        Some(Typer::new(self.names, self.findings).stored(&ast, &Type::Money, false, "`of`"))
    }

    fn floor(&mut self, node: &Node, scope: &WithRecord<'_>) -> Option<Expr> {
        let ast = expression(node, "`floor`", self.parser, self.findings)?;
        Some(Typer::new(scope, self.findings).stored(&ast, &Type::Percent, true, "`floor`"))
    }

    /// A script that gives the floor.
    fn scripted(&mut self, node: &Node, scope: &WithRecord<'_>) -> Option<Expr> {
        let script = self.scripting.of_rule(node, "settlement", self.findings)?;
        let floor = Field { absence: Absence::None, ..Field::new("floor", Type::Percent, node.span) };
        script.call(floor, scope, self.scripting, self.findings)
    }

    fn modifiers(&mut self, node: &Node, scope: &WithRecord<'_>) -> Vec<Modifier> {
        let mut modifiers: Vec<Modifier> = Vec::new();
        for item in node.as_list("`modifiers`", self.findings).unwrap_or(&[]) {
            let Some(modifier) = self.modifier(item, scope) else { continue };
            if let Some(first) = modifiers.iter().find(|known| known.id == modifier.id) {
                self.findings.push(
                    Finding::error(
                        Code::DuplicateId,
                        modifier.span,
                        format!("two modifiers are called `{}`", modifier.id),
                    )
                    .also(first.span, "the first")
                    .help("give one another id"),
                );
            }
            modifiers.push(modifier);
        }
        modifiers
    }

    fn modifier(&mut self, item: &Node, scope: &WithRecord<'_>) -> Option<Modifier> {
        let mut reader = MapReader::new(item, "a modifier", self.findings)?;
        let head = RuleHead::read(item, &mut reader, self.findings);
        let add = reader.required("add", self.findings);
        let not_below = reader.optional("not_below", self.findings);
        let not_above = reader.optional("not_above", self.findings);
        reader.finish(self.findings);
        let annotations = head.annotations(self.findings);
        let conditions = head.conditions(scope, self.parser, self.findings);
        let not_below = not_below.and_then(|node| self.number(node, &Type::Percent, "`not_below`"));
        let not_above = not_above.and_then(|node| self.number(node, &Type::Percent, "`not_above`"));
        let add = add.and_then(|node| value(node, &Type::Percent, None, "`add`", (scope, self.parser), self.findings));
        Some(Modifier {
            id: Arc::from(format!("settlement/modifiers/{}", arms::called(head.id?, item))),
            conditions,
            add: add?,
            not_below,
            not_above,
            annotations,
            skips_unknown: head.skips_unknown,
            span: head.span,
        })
    }

    /// A number that is written out.
    fn number(&mut self, node: &Node, base: &Type, what: &str) -> Option<Decimal> {
        let scalar = node.as_scalar(what, self.findings)?;
        let decimals = (*base == Type::Money).then_some(self.header.currency_decimals);
        let value = literals::value(&scalar.snippet.trimmed(), base, decimals, false, self.findings)?;
        let number = crate::value::ops::plain(&value).ok()?;
        if number.is_sign_negative() && !number.is_zero() {
            self.findings.push(
                Finding::error(Code::OutsideDomain, node.span, format!("{what} is below zero"))
                    .help("write a number of at least zero"),
            );
        }
        Some(number)
    }

    fn days(&mut self, node: &Node, what: &str) -> Option<Duration> {
        let duration = literals::duration(node, what, self.findings)?;
        match duration.unit() {
            DurationUnit::Exact => self.findings.push(
                Finding::error(Code::TypeMismatch, node.span, format!("{what} ends with a day, not at an hour"))
                    .help("write days, months or business days"),
            ),
            DurationUnit::BusinessDays if self.header.calendar.is_none() => self.findings.push(
                Finding::error(
                    Code::UnknownCalendar,
                    node.span,
                    "business days need a calendar, and the pack has none",
                )
                .help("say `calendar:` in the pack's header"),
            ),
            _ => {}
        }
        Some(duration)
    }

    fn instalments(&mut self, node: &Node) -> Option<InstalmentTerms> {
        let mut reader = MapReader::new(node, "`instalments`", self.findings)?;
        let at_most = reader.required("at_most", self.findings);
        let first_within = reader.optional("first_within", self.findings);
        let at_least = reader.optional("at_least", self.findings);
        let residue = reader.optional("residue", self.findings);
        reader.finish(self.findings);
        let at_most = at_most.and_then(|node| match node.as_text("`at_most`", self.findings)?.parse::<u32>() {
            Ok(count @ 1..=MOST) => Some(count),
            _ => {
                let help = format!("write how many instalments are allowed, from 1 to {MOST}");
                self.findings.push(
                    Finding::error(Code::InvalidNumber, node.span, "`at_most` is not a number of instalments")
                        .help(help),
                );
                None
            }
        });
        let first_within = first_within.and_then(|node| self.days(node, "`first_within`"));
        let at_least = at_least.and_then(|node| self.number(node, &Type::Money, "`at_least`"));
        let residue = residue.and_then(|node| match node.as_text("`residue`", self.findings)? {
            "last" => Some(Residue::Last),
            "first" => Some(Residue::First),
            "spread" => Some(Residue::Spread),
            other => {
                self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("`residue` cannot be `{other}`"))
                        .help("one of `last`, `first`, `spread`: where the cents go that are left"),
                );
                None
            }
        });
        Some(InstalmentTerms { at_most: at_most?, first_within, at_least, residue: residue.unwrap_or(Residue::Last) })
    }

    /// The matrix of roles, a grid with the columns `role`, `then max_percent` and `then max_amount`.
    fn authority(&mut self, node: &Node) -> Vec<Authority> {
        let Some(grid) = Grid::parse(node, self.findings) else { return Vec::new() };
        let mut columns = Vec::new();
        for header in &grid.header {
            let name = header.text.trim();
            if !COLUMNS.contains(&name) && !ANNOTATIONS.contains(&name) {
                self.findings.push(
                    Finding::error(
                        Code::UnknownColumn,
                        header.whole(),
                        format!("the authority has no column `{name}`"),
                    )
                    .maybe_help(crate::diagnostic::did_you_mean(name, COLUMNS)),
                );
            }
            columns.push(name);
        }
        let at = |name: &str| columns.iter().position(|column| *column == name);
        let Some(role_at) = at("role") else {
            self.findings.push(
                Finding::error(Code::MissingKey, node.span, "the authority does not say whose it is")
                    .help("add a column `role`"),
            );
            return Vec::new();
        };
        let mut authority: Vec<Authority> = Vec::new();
        for row in &grid.rows {
            let Some(role) = row.get(role_at) else { continue };
            let name = role.text.trim();
            report_id(name, role.whole(), self.findings);
            if authority.iter().any(|known| *known.role == *name) {
                self.findings.push(
                    Finding::error(Code::DuplicateId, role.whole(), format!("the role `{name}` stands here twice"))
                        .help("remove one row"),
                );
            }
            let mut limit = |column: &str, base: &Type| {
                let cell = row.get(at(column)?)?;
                if matches!(cell.text.trim(), "" | "none") {
                    return None;
                }
                let decimals = (*base == Type::Money).then_some(self.header.currency_decimals);
                let value = literals::value(&cell.trimmed(), base, decimals, false, self.findings)?;
                crate::value::ops::plain(&value).ok()
            };
            let (max_percent, max_amount) =
                (limit("then max_percent", &Type::Percent), limit("then max_amount", &Type::Money));
            authority.push(Authority { role: Arc::from(name), max_percent, max_amount });
        }
        authority
    }
}

/// The most instalments that a settlement may have.
const MOST: u32 = 120;

/// The columns of an authority.
const COLUMNS: [&str; 3] = ["role", "then max_percent", "then max_amount"];

/// The settlement's entry in a document.
pub(crate) fn entry(root: &Map) -> Option<&Entry> {
    root.entries.iter().find(|entry| entry.key == "settlement")
}

impl CheckedSettlement {
    /// The settlement of a case: with the terms of the arms that it is in.
    pub(crate) fn of_case(&self, slot: impl Fn(SlotId) -> Outcome) -> Cow<'_, CheckedSettlement> {
        let mut own = Cow::Borrowed(self);
        for variant in &self.variants {
            if !matches!(slot(variant.slot), Ok(Value::Text(arm)) if arm == variant.arm) {
                continue;
            }
            let own = own.to_mut();
            match variant.term.clone() {
                Term::Rounding(rounding) => own.rounding = rounding,
                Term::ValidFor(valid_for) => own.valid_for = valid_for,
                Term::Instalments(instalments) => own.instalments = instalments,
                Term::Authority(authority) => own.authority = authority,
            }
        }
        own
    }

    /// Everybody who may accept something, in any arm.
    pub(crate) fn roles(&self) -> Vec<Arc<str>> {
        let mut roles: Vec<Arc<str>> = Vec::new();
        let of_arms = self.variants.iter().filter_map(|variant| match &variant.term {
            Term::Authority(authority) => Some(authority),
            _ => None,
        });
        for authority in std::iter::once(&self.authority).chain(of_arms).flatten() {
            if !roles.contains(&authority.role) {
                roles.push(authority.role.clone());
            }
        }
        roles
    }

    /// The share of the sum that a floor and the modifiers that apply come to: between none and all of it.
    pub(crate) fn share(
        floor: Decimal,
        changes: &[(Decimal, &Modifier)],
    ) -> Result<Decimal, crate::value::EvaluationError> {
        let hundred = Decimal::ONE_HUNDRED;
        let mut share = floor;
        for (add, modifier) in changes {
            let changed = number::add(share, *add)?;
            // A bound stops a modifier; it does not take the share further than the modifier would.
            share = match (modifier.not_below, modifier.not_above) {
                (Some(bound), _) if changed < share => changed.max(bound.min(share)),
                (_, Some(bound)) if changed > share => changed.min(bound.max(share)),
                _ => changed,
            };
        }
        Ok(share.clamp(Decimal::ZERO, hundred))
    }
}
