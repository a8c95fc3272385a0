//! A checked pack into a lowered one: the collections constructs become core operations.
//!
//! Segmentation, tables and rule lists are tables already; a score becomes a sum over rows, escalations become rules
//! of their own. After this stage no stage knows the domain: a decision is told apart by the place it is put in.

mod contact;
mod experiment;
mod incentives;
mod moving;
mod pay_plan;
mod settlement;
mod workflow;

use std::sync::Arc;

pub(crate) use contact::{Changes, Contact, Policy, Rule};
pub(crate) use incentives::Incentives;
pub(crate) use moving::{Moving, MovingRow, MovingTable, Pace};
pub(crate) use settlement::Settlement;
pub(crate) use workflow::{Stage, Workflows};

use crate::check::tables::{Annotations, CheckedCondition, CheckedTable, Family, HitPolicy};
use crate::check::{CheckedPack, Item, SlotInfo};
use crate::language::{Expr, SlotId};
use crate::source::Span;
use crate::value::{EvaluationError, Range, Rounding, Type, Value, stored};

/// What the executors run: facts and tables over slots, in order.
#[derive(Debug)]
pub(crate) struct LoweredPack {
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) steps: Vec<Step>,
    /// Tables of which each row is a rule of its own, run for one case as often as need be, behind the steps.
    pub(crate) routines: Vec<Table>,
    pub(crate) workflows: Option<Workflows>,
    pub(crate) contact: Option<Contact>,
    pub(crate) settlement: Option<Settlement>,
    pub(crate) incentives: Option<Incentives>,
    /// The gates of the pay plan, over the record that it goes over; no executor runs them.
    pub(crate) gates: Option<Table>,
    /// What metrics take of a case.
    metrics: Vec<Expr>,
    /// What time may change.
    pub(crate) moving: Moving,
}

/// The place of a routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RoutineId(pub(crate) usize);

impl LoweredPack {
    /// A routine's rows.
    pub(crate) fn routine(&self, id: RoutineId) -> &[Row] {
        self.routines.get(id.0).map_or(&[], |table| &table.rows)
    }

    /// Calls `visit` on every expression that stands in no fact, table or routine.
    pub(crate) fn each_asked<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        if let Some(workflows) = &self.workflows {
            workflows.each_asked(visit);
        }
        if let Some(contact) = &self.contact {
            contact.each_asked(visit);
        }
        if let Some(settlement) = &self.settlement {
            settlement.each_asked(visit);
        }
        if let Some(incentives) = &self.incentives {
            incentives.each_asked(visit);
        }
        self.metrics.iter().for_each(visit);
    }
}

/// One step of an evaluation.
#[derive(Debug)]
pub(crate) enum Step {
    Fact(Fact),
    Table(Table),
}

/// A slot that an expression fills.
#[derive(Debug)]
pub(crate) struct Fact {
    /// The qualified id, such as `facts/paid_12m`.
    pub(crate) id: Arc<str>,
    pub(crate) slot: SlotId,
    pub(crate) expr: Expr,
    pub(crate) text: String,
    pub(crate) about: Option<String>,
    pub(crate) span: Span,
}

impl Fact {
    /// Whether it is a call of a function that stands elsewhere.
    pub(crate) fn is_call(&self) -> bool {
        self.id.starts_with("calls/")
    }
}

/// Rows with conditions and outputs, and how the rows that match make results.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) id: Arc<str>,
    pub(crate) place: ResultPlace,
    pub(crate) hit: Hit,
    pub(crate) outputs: Vec<Output>,
    pub(crate) rows: Vec<Row>,
    pub(crate) otherwise: Option<Row>,
    pub(crate) span: Span,
}

/// Where a decision shows a table's results.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResultPlace {
    Segmentation,
    /// By name, with outputs by name.
    Named(Arc<str>),
    Score(Arc<str>),
    Escalations,
    /// Nowhere: what fires in a routine is told by who runs it.
    Routine,
}

/// How the rows that match make the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hit {
    /// DMN's hit policies.
    Policy(HitPolicy),
    /// Every row is a rule of its own: one that is unknown does not keep the others from firing.
    Each,
}

/// An output: its slot, and how a value is stored in it.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) name: Arc<str>,
    pub(crate) slot: Option<SlotId>,
    pub(crate) base: Type,
    /// The decimals to which a stored value is rounded; nothing where it is kept as it is.
    pub(crate) decimals: Option<u32>,
    pub(crate) rounding: Rounding,
    /// The bounds of its values.
    pub(crate) range: Range,
}

impl Output {
    /// A value as the output stores it: money and decimals rounded to their decimals by the declared mode, and within
    /// the declared bounds.
    pub(crate) fn store(&self, value: Value) -> Result<Value, EvaluationError> {
        stored(value, self.decimals, self.rounding, &self.range)
    }
}

/// A row: conditions that must all hold, and one value for each output.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) id: Arc<str>,
    pub(crate) conditions: Vec<CheckedCondition>,
    pub(crate) outputs: Vec<Expr>,
    pub(crate) annotations: Annotations,
    pub(crate) skips_unknown: bool,
    pub(crate) span: Span,
}

/// Lowers a checked pack.
pub(crate) fn lower(pack: &CheckedPack) -> LoweredPack {
    let mut steps: Vec<Step> = Vec::new();
    for item in &pack.order {
        match *item {
            Item::Fact(index) => steps.extend(pack.facts.get(index).map(|fact| {
                Step::Fact(Fact {
                    id: Arc::from(format!("{}/{}", if fact.is_call { "calls" } else { "facts" }, fact.name)),
                    slot: fact.slot,
                    expr: fact.expr.clone(),
                    text: fact.text.clone(),
                    about: fact.about.clone(),
                    span: fact.span,
                })
            })),
            Item::Table(index) => {
                steps.extend(pack.tables.get(index).map(|table| Step::Table(lower_table(table))));
            }
            Item::Experiment(index) => {
                steps.extend(pack.experiments.get(index).into_iter().flat_map(experiment::lower));
            }
        }
    }
    let mut routines = Vec::new();
    let workflows = workflow::lower(pack, &mut routines);
    let contact = contact::lower(pack, &mut routines);
    let settlement = settlement::lower(pack, &mut routines);
    let incentives = incentives::lower(pack, &mut routines);
    let totals = pack.metrics.iter().flat_map(|metric| &metric.totals);
    let metrics = totals.flat_map(|total| total.of.iter().chain(&total.which)).cloned().collect();
    let (slots, moving) = (pack.slots.clone(), Moving::default());
    let gates = pay_plan::lower(pack);
    let mut lowered =
        LoweredPack { slots, steps, routines, workflows, contact, settlement, incentives, gates, metrics, moving };
    lowered.moving = Moving::of(pack, &lowered);
    let follows = workflow::follows(&lowered);
    if let Some(workflows) = &mut lowered.workflows {
        workflows.follows = follows;
    }
    lowered
}

/// Adds a table whose rows only say whether they match.
fn routine(routines: &mut Vec<Table>, id: &Arc<str>, rows: Vec<Row>, span: Span) -> RoutineId {
    let place = ResultPlace::Routine;
    routines.push(Table { id: id.clone(), place, hit: Hit::Each, outputs: Vec::new(), rows, otherwise: None, span });
    RoutineId(routines.len() - 1)
}

fn lower_table(table: &CheckedTable) -> Table {
    let name = || Arc::from(table.id.split_once('/').map_or("", |(_, name)| name));
    let (place, hit) = match table.family {
        Family::Segmentation => (ResultPlace::Segmentation, Hit::Policy(table.hit)),
        Family::Table | Family::RuleList => (ResultPlace::Named(name()), Hit::Policy(table.hit)),
        Family::Score => (ResultPlace::Score(name()), Hit::Policy(HitPolicy::CollectSum)),
        Family::Escalations => (ResultPlace::Escalations, Hit::Each),
    };
    let row = |row: &crate::check::tables::CheckedRow| Row {
        id: row.id.clone(),
        conditions: row.conditions.clone(),
        outputs: row.outputs.clone(),
        annotations: row.annotations.clone(),
        skips_unknown: row.skips_unknown,
        span: row.span,
    };
    Table {
        id: table.id.clone(),
        place,
        hit,
        outputs: table
            .outputs
            .iter()
            .map(|output| Output {
                name: output.field.name.clone(),
                slot: output.slot,
                base: output.field.base.clone(),
                decimals: output.field.decimals.filter(|_| matches!(output.field.base, Type::Money | Type::Decimal)),
                rounding: output.field.rounding,
                range: output.field.range.clone(),
            })
            .collect(),
        rows: table.rows.iter().map(row).collect(),
        otherwise: table.otherwise.as_ref().map(row),
        span: table.span,
    }
}
