//! Experiments: who takes part, which arm a case falls into, and what differs in each arm.
//!
//! Takes `experiments`; gives for each the expression that draws an arm, and the document with all arms worked in: rows
//! and rules with guards, so that one plan decides the cases of every arm. An arm is drawn by a hash of the unit, and
//! stays: the one that a case's state holds goes before.

mod targets;
mod weave;

use std::sync::Arc;

use super::arms;
use super::expressions::conditions;
use super::names::{Names, report_id};
use super::pack::section;
use super::tables::{CheckedCondition, Written};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::functions::ARM;
use crate::language::parse::Parser;
use crate::language::{Ast, Expr, ExprKind, SlotId, Typer};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node};
use crate::value::{Absence, Field, RecordType, Type, Value};

/// The most that an arm weighs.
const WEIGHT: u64 = 1_000_000;
/// The most arms of an experiment, and experiments of a pack.
const MOST: usize = 50;

/// An experiment.
#[derive(Clone, Debug)]
pub(crate) struct CheckedExperiment {
    /// The qualified id, such as `experiments/flexible_payment`.
    pub(crate) id: Arc<str>,
    pub(crate) name: Arc<str>,
    /// Each with its weight.
    pub(crate) arms: Vec<(Arc<str>, u64)>,
    /// The field that says who is assigned.
    pub(crate) unit: SlotId,
    pub(crate) eligible: Vec<CheckedCondition>,
    /// The arm that the case's state holds.
    pub(crate) kept: SlotId,
    /// The arm of the case, or why there is none.
    pub(crate) drawn: SlotId,
    /// The arm of the case; none where it takes no part, for whatever reason.
    pub(crate) arm: SlotId,
    /// What `drawn` comes to.
    pub(crate) draw: Expr,
    pub(crate) span: Span,
}

/// An experiment before names and types are known.
pub(crate) struct RawExperiment<'a> {
    pub(crate) name: &'a str,
    pub(crate) span: Span,
    unit: Option<&'a Node>,
    salt: Option<&'a Node>,
    eligible: Vec<(Ast, String)>,
    arms: Vec<RawArm<'a>>,
}

/// An arm and its overlays.
struct RawArm<'a> {
    name: &'a str,
    span: Span,
    weight: u64,
    overlays: Vec<Entry>,
}

/// The experiments of a document.
pub(crate) fn read<'a>(root: &'a Map, parser: &Parser, findings: &mut Findings) -> Vec<RawExperiment<'a>> {
    let mut experiments: Vec<RawExperiment<'a>> = Vec::new();
    for entry in section(root, "experiments") {
        let Some(experiment) = experiment(entry, parser, findings) else { continue };
        let salt = |of: &RawExperiment<'a>| of.salt.and_then(Node::text);
        if let (Some(node), Some(first)) = (
            experiment.salt,
            experiments.iter().find(|known| salt(known).is_some() && salt(known) == salt(&experiment)),
        ) {
            let message = format!("`{}` has the salt of `{}`", experiment.name, first.name);
            findings.push(
                Finding::error(Code::DuplicateSalt, node.span, message)
                    .also(first.salt.map_or(first.span, |salt| salt.span), "the first")
                    .help("give each experiment a salt of its own, or the same cases fall into the same arms"),
            );
        }
        experiments.push(experiment);
    }
    if let Some(beyond) = experiments.get(MOST) {
        findings.push(
            Finding::error(Code::YamlLimit, beyond.span, format!("the pack has more than {MOST} experiments"))
                .help("remove those that are over"),
        );
    }
    experiments
}

fn experiment<'a>(entry: &'a Entry, parser: &Parser, findings: &mut Findings) -> Option<RawExperiment<'a>> {
    report_id(&entry.key, entry.key_span, findings);
    let what = format!("the experiment `{}`", entry.key);
    let mut reader = MapReader::new(&entry.value, &what, findings)?.named(entry.key_span);
    let unit = reader.required("unit", findings);
    let salt = reader.required("salt", findings);
    let eligible = reader.optional("eligible", findings);
    let arms = reader.required("arms", findings);
    for key in ["about", "because", "source"] {
        reader.text(key, findings);
    }
    reader.finish(findings);
    if let Some(node) = salt
        && node.as_text("`salt`", findings).is_some_and(|salt| salt.trim().is_empty())
    {
        findings.push(
            Finding::error(Code::InvalidValue, node.span, "the salt is empty")
                .help("write a text that no other experiment has, such as the experiment's name and year"),
        );
    }
    let eligible = eligible.map_or_else(Vec::new, |node| conditions(node, "`eligible`", parser, findings));
    let arms_node = arms?;
    let entries = &arms_node.as_map("`arms`", findings)?.entries;
    let before = findings.len();
    let arms: Vec<RawArm<'a>> = entries.iter().filter_map(|entry| arm(entry, findings)).collect();
    let count = match entries.len() {
        0 => Some("no arm".to_owned()),
        1 => Some("only one arm".to_owned()),
        count => (count > MOST).then(|| format!("{count} arms")),
    };
    if let Some(count) = count {
        findings.push(
            Finding::error(Code::InvalidValue, entry.key_span, format!("{what} has {count}"))
                .help(format!("name two arms or more, up to {MOST}: one of them may change nothing")),
        );
    } else if !findings.has_errors_since(before) && arms.iter().all(|arm| arm.weight == 0) {
        findings.push(
            Finding::error(
                Code::InvalidNumber,
                entry.key_span,
                format!("no case falls into an arm of `{}`", entry.key),
            )
            .help("give an arm a weight above 0, or remove the experiment"),
        );
    }
    Some(RawExperiment { name: &entry.key, span: entry.key_span, unit, salt, eligible, arms })
}

fn arm<'a>(entry: &'a Entry, findings: &mut Findings) -> Option<RawArm<'a>> {
    let name = entry.key.as_str();
    if matches!(name, "none" | "unknown" | "known" | "otherwise") {
        findings.push(
            Finding::error(Code::ReservedValue, entry.key_span, format!("`{name}` may not be an arm"))
                .help("choose another name"),
        );
    }
    report_id(name, entry.key_span, findings);
    let what = format!("the arm `{name}`");
    let mut reader = MapReader::new(&entry.value, &what, findings)?.named(entry.key_span);
    let weight = reader.required("weight", findings);
    reader.text("about", findings);
    let mut overlays = Vec::new();
    for key in ["change", "replace", "add", "remove"] {
        let Some(node) = reader.optional(key, findings) else { continue };
        let is_right = match key {
            "remove" => node.as_list("`remove`", findings).is_some(),
            _ => node.as_map(&format!("`{key}`"), findings).is_some(),
        };
        if is_right {
            overlays.push(Entry { key: key.to_owned(), key_span: reader.key_span(key), value: node.clone() });
        }
    }
    reader.finish(findings);
    let node = weight?;
    let weight = node.as_text("`weight`", findings)?.parse::<u64>().ok().filter(|weight| *weight <= WEIGHT);
    if weight.is_none() {
        findings.push(
            Finding::error(Code::InvalidNumber, node.span, "`weight` is not a whole number of shares")
                .help(format!("write a number from 0 to {WEIGHT}, such as 80; an arm of 0 takes no new cases")),
        );
    }
    Some(RawArm { name, span: entry.key_span, weight: weight.unwrap_or(1), overlays })
}

/// The document with the arms of all experiments worked in, and a line for each change that they make.
pub(crate) fn weave(root: &Map, experiments: &[RawExperiment<'_>], findings: &mut Findings) -> (Map, Vec<String>) {
    let mut log = Vec::new();
    let woven = weave::weave(root, experiments, findings, &mut log);
    (woven, log)
}

impl RawExperiment<'_> {
    /// The names that it reads.
    pub(crate) fn names(&self) -> Vec<(String, Span)> {
        let mut names = Vec::new();
        self.eligible.iter().for_each(|(ast, _)| ast.names(&mut names));
        names
    }

    /// The type of its arms.
    pub(crate) fn base(&self) -> Type {
        Type::Choice(self.arms.iter().map(|arm| Arc::from(arm.name)).collect())
    }

    /// The field behind the slot of the arm that a state holds.
    pub(crate) fn kept(&self) -> Field {
        let name = format!("kept {}", arms::name(self.name));
        Field { absence: Absence::None, ..Field::new(&name, self.base(), self.span) }
    }

    /// The experiment with names and types bound. `slots` are those of the kept arm, the drawn one, and the arm.
    pub(crate) fn check(
        &self,
        record: &RecordType,
        names: &Names,
        [kept, drawn, arm]: [SlotId; 3],
        findings: &mut Findings,
    ) -> Option<CheckedExperiment> {
        let eligible: Vec<CheckedCondition> = self
            .eligible
            .iter()
            .map(|(ast, text)| {
                let expr = Typer::new(names, findings).condition(ast);
                CheckedCondition { expr, written: Written::When(Arc::from(text.as_str())), cell: None }
            })
            .collect();
        let unit = self.unit(record, findings)?;
        let salt = self.salt?.text()?;
        let arms: Vec<(Arc<str>, u64)> = self.arms.iter().map(|arm| (Arc::from(arm.name), arm.weight)).collect();
        let draw = self.draw(&eligible, kept, (unit, record), salt);
        Some(CheckedExperiment {
            id: Arc::from(format!("experiments/{}", self.name)),
            name: Arc::from(self.name),
            arms,
            unit,
            eligible,
            kept,
            drawn,
            arm,
            draw,
            span: self.span,
        })
    }

    /// The field that says who is assigned.
    fn unit(&self, record: &RecordType, findings: &mut Findings) -> Option<SlotId> {
        let node = self.unit?;
        let name = node.as_text("`unit`", findings)?;
        let Some(index) = record.index_of(name) else {
            let names = record.fields.iter().map(|field| &*field.name);
            findings.push(
                Finding::error(Code::UnknownField, node.span, format!("the case has no field `{name}`"))
                    .help(did_you_mean(name, names).unwrap_or_else(|| "name the field of who is assigned".to_owned())),
            );
            return None;
        };
        let field = record.fields.get(index)?;
        if !matches!(field.base, Type::Text | Type::Integer) {
            let message = format!("the unit is a text or an integer, but `{name}` is {}", field.base);
            findings.push(
                Finding::error(Code::TypeMismatch, node.span, message)
                    .help("name the field that tells one debtor or account from another"),
            );
            return None;
        }
        if !field.decides {
            let message = format!("`{name}` is carried, but no rule may read it");
            findings.push(
                Finding::error(Code::FieldMayNotDecide, node.span, message)
                    .also(field.span, "declared here")
                    .help("the arm of a case would follow from it; name another field"),
            );
            return None;
        }
        Some(SlotId(crate::source::clamp(index)))
    }

    /// The kept arm; else, for who takes part, the one that the unit falls into.
    fn draw(&self, eligible: &[CheckedCondition], kept: SlotId, unit: (SlotId, &RecordType), salt: &str) -> Expr {
        let (base, span) = (self.base(), self.span);
        let of = |kind, base: &Type, maybe_none| Expr { kind, base: base.clone(), maybe_none, span };
        let text = |text: &str| Expr::literal(Value::text(text), Type::Text, span);
        let (unit, record) = unit;
        let field = record.fields.get(unit.0 as usize);
        let unit = of(
            ExprKind::Slot(unit),
            field.map_or(&Type::Any, |field| &field.base),
            field.is_none_or(Field::maybe_none),
        );
        let weights = self.arms.iter().flat_map(|arm| {
            let weight = i64::try_from(arm.weight).unwrap_or(0);
            [text(arm.name), Expr::literal(Value::Integer(weight), Type::Integer, span)]
        });
        let arguments = [text(salt), unit].into_iter().chain(weights).collect();
        let mut drawn = of(ExprKind::Call { function: &ARM, arguments }, &base, true);
        if !eligible.is_empty() {
            let conditions = eligible.iter().map(|condition| condition.expr.clone()).collect();
            let kind = ExprKind::If {
                condition: Box::new(Expr::boolean(ExprKind::And(conditions), span)),
                then: Box::new(drawn),
                otherwise: Box::new(Expr::literal(Value::None, Type::Any, span)),
            };
            drawn = of(kind, &base, true);
        }
        of(ExprKind::Coalesce(vec![of(ExprKind::Slot(kept), &base, true), drawn]), &base, true)
    }
}

impl CheckedExperiment {
    /// Whether it has an arm of this name.
    pub(crate) fn has_arm(&self, name: &str) -> bool {
        self.arms.iter().any(|(arm, _)| **arm == *name)
    }

    /// What `arm` comes to: the drawn one, or none.
    pub(crate) fn or_none(&self) -> Expr {
        let of = |kind| Expr { kind, base: self.draw.base.clone(), maybe_none: true, span: self.span };
        of(ExprKind::OrNone(Box::new(of(ExprKind::Slot(self.drawn)))))
    }
}
