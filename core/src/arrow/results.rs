//! Which columns a decided table has. They follow from the pack and the options, never from the cases.

use std::sync::Arc;

use arrow_schema::{Field as ArrowField, Schema, SchemaRef};

use super::ArrowOptions;
use super::columns::{Kind, ListedText, Units};
use crate::check::tables::{CheckedOutput, CheckedTable, Family};
use crate::decision::last_part;
use crate::diagnostic::did_you_mean;
use crate::eval::Pack;
use crate::eval::column::shown::ShownOutput;
use crate::families::{ResultPlace, Step, Table};
use crate::plan::{PlanStep, PlanTable, Storage};
use crate::record::Problem;
use crate::value::Type;

/// The columns behind the results of every decided table.
const ALWAYS: [&str; 3] = ["unknowns", "missing", "errors"];

/// The columns of a decided table.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) columns: Vec<ResultColumn>,
    pub(super) schema: SchemaRef,
    /// The tables, with the names of their results.
    pub(super) tables: Vec<(Arc<str>, Vec<String>)>,
}

#[derive(Debug)]
pub(super) struct ResultColumn {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) source: Source,
}

/// Where the values of a column come from.
#[derive(Debug)]
pub(super) enum Source {
    /// The case's own key, as it stands in the table.
    Key(usize),
    /// The integers of a result; its name in a decision.
    Shown(ShownOutput, Units, String),
    /// A result, out of the decision.
    Said(String),
    Escalations(Firing),
    Stage,
    Workflow,
    State,
    NextReview,
    Fired,
    Decision,
    Unknowns,
    Missing,
    Errors,
}

/// The rules that stand alone, in the order of the pack.
#[derive(Debug, Default)]
pub(super) struct Firing {
    /// The step of the table, the bit of the row, and the place of its id.
    pub(super) rows: Vec<(usize, usize, usize)>,
    pub(super) ids: Vec<ListedText>,
}

impl Results {
    /// The columns of a pack's decisions.
    ///
    /// # Errors
    /// What is wrong with the results that are wanted.
    pub(super) fn new(
        pack: Pack<'_>,
        schema: &Schema,
        key: usize,
        options: &ArrowOptions,
    ) -> Result<Results, Vec<Problem>> {
        let mut tables = Vec::new();
        let mut columns = Vec::new();
        for checked in &pack.checked.tables {
            let steps = || pack.lowered.steps.iter().zip(&pack.plan.steps).enumerate();
            let found = steps().find_map(|(step, steps)| match steps {
                (Step::Table(table), PlanStep::Table(planned)) if table.id == checked.id => {
                    Some((step, table, planned))
                }
                _ => None,
            });
            let Some((step, table, planned)) = found else { continue };
            let of_table = of_table(checked, table, planned, step, pack.checked.header.currency_decimals);
            tables.push((checked.id.clone(), of_table.iter().map(|column| column.name.clone()).collect()));
            columns.extend(of_table);
        }
        columns.push(escalations(pack));
        let beside = |name: &str, kind: Kind, source: Source| ResultColumn { name: name.to_owned(), kind, source };
        if pack.checked.state.is_some() || options.states.is_some() {
            columns.push(beside("workflow", Kind::Text, Source::Workflow));
            columns.push(beside("stage", Kind::Text, Source::Stage));
            columns.push(beside("state", Kind::Text, Source::State));
        }
        columns.push(beside("next_review_at", Kind::Instant, Source::NextReview));
        let names = || columns.iter().map(|column| column.name.as_str());
        if let Some(wanted) = &options.results {
            let unknown = wanted.iter().filter(|name| !names().any(|known| known == *name));
            let problems: Vec<Problem> = unknown
                .map(|name| {
                    let help = did_you_mean(name, names());
                    Problem::new("results", format!("the pack has no result `{name}`"), help)
                })
                .collect();
            if !problems.is_empty() {
                return Err(problems);
            }
            columns.retain(|column| wanted.contains(&column.name));
            columns.sort_by_key(|column| wanted.iter().position(|name| *name == column.name));
        }
        if options.fired {
            columns.push(beside("fired", Kind::List(Box::new(Kind::Text)), Source::Fired));
        }
        if options.decisions {
            columns.push(beside("decision", Kind::Text, Source::Decision));
        }
        let texts = || Kind::List(Box::new(Kind::Text));
        let error = vec![("at", Kind::Text), ("code", Kind::Text), ("message", Kind::Text), ("help", Kind::Text)];
        let [unknowns, missing, errors] = ALWAYS;
        columns.push(beside(unknowns, texts(), Source::Unknowns));
        columns.push(beside(missing, texts(), Source::Missing));
        columns.push(beside(errors, Kind::List(Box::new(Kind::Record(error))), Source::Errors));
        apart(&mut columns);

        let mut fields: Vec<Arc<ArrowField>> = Vec::new();
        if let Some(column) = schema.fields().get(key) {
            // What the table says of the column beside its type belongs to the table.
            let field = ArrowField::new(column.name().clone(), column.data_type().clone(), true);
            fields.push(Arc::new(field));
            let own = Kind::Text;
            columns.insert(0, ResultColumn { name: column.name().clone(), kind: own, source: Source::Key(key) });
        }
        let others = columns.iter().filter(|column| !matches!(column.source, Source::Key(_)));
        fields.extend(others.map(|column| Arc::new(ArrowField::new(&column.name, column.kind.data_type(), true))));
        Ok(Results { columns, schema: Arc::new(Schema::new(fields)), tables })
    }
}

/// Gives a result whose name another column has the name with its table: `segmentation.stage`.
fn apart(columns: &mut [ResultColumn]) {
    let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
    for column in columns.iter_mut() {
        let own = match &column.source {
            Source::Shown(_, _, name) | Source::Said(name) => name,
            _ => continue,
        };
        if names.iter().filter(|name| **name == column.name).count() > 1 {
            column.name = format!("results.{own}");
        }
    }
}

fn of_table(
    checked: &CheckedTable,
    table: &Table,
    planned: &PlanTable,
    step: usize,
    currency_decimals: u32,
) -> Vec<ResultColumn> {
    let name = |output: &CheckedOutput| match (&table.place, checked.family) {
        (_, Family::Segmentation) => Some(output.field.name.to_string()),
        (ResultPlace::Score(name), _) => Some(name.to_string()),
        (ResultPlace::Named(name), _) => Some(format!("{name}.{}", output.field.name)),
        _ => None,
    };
    let columns = checked.outputs.iter().enumerate().filter_map(|(index, output)| {
        let name = name(output)?;
        let (base, _) = checked.hit.result(&output.field.base, output.field.maybe_none());
        let storage = planned.outputs.get(index).map(|output| &output.storage);
        let kind = Kind::of(&base, decimals(&base, output, storage, currency_decimals));
        let shown = ShownOutput::new(planned, step, index).zip(storage.and_then(|storage| units(&kind, storage)));
        let source = match shown {
            Some((shown, units)) => Source::Shown(shown, units, name.clone()),
            None => Source::Said(name.clone()),
        };
        Some(ResultColumn { name, kind, source })
    });
    columns.collect()
}

/// The decimals of a column of numbers; nothing where the pack does not say how many there are.
fn decimals(base: &Type, output: &CheckedOutput, storage: Option<&Storage>, currency_decimals: u32) -> Option<u32> {
    let base = match base {
        Type::List(item) => &item.base,
        base => base,
    };
    let of_storage = match storage {
        Some(Storage::Scaled(_, places)) => Some(*places),
        _ => None,
    };
    match base {
        Type::Money => Some(output.field.decimals.unwrap_or(currency_decimals).max(of_storage.unwrap_or(0))),
        Type::Decimal => output.field.decimals.or(of_storage),
        // A percentage declares no decimals.
        Type::Percent => of_storage.map(|places| places.max(6)),
        _ => None,
    }
}

/// How the integers of a slot become those of a column; nothing where they do not.
fn units(kind: &Kind, storage: &Storage) -> Option<Units> {
    match (kind, storage) {
        (Kind::Boolean, Storage::Boolean) | (Kind::Integer, Storage::Integer) | (Kind::Instant, Storage::Timestamp) => {
            Some(Units::Same)
        }
        (Kind::Words(words), Storage::Choice(stored)) if words == stored => Some(Units::Same),
        (Kind::Date, Storage::Date) => Some(Units::Days),
        (Kind::Decimal(decimals), Storage::Scaled(_, places)) => match decimals.checked_sub(*places)? {
            0 => Some(Units::Same),
            missing @ 1..=18 => Some(Units::Times(10_i128.checked_pow(missing)?)),
            _ => None,
        },
        _ => None,
    }
}

fn escalations(pack: Pack<'_>) -> ResultColumn {
    let mut firing = Firing::default();
    for (step, steps) in pack.lowered.steps.iter().zip(&pack.plan.steps).enumerate() {
        let (Step::Table(table), PlanStep::Table(planned)) = steps else { continue };
        if table.place != ResultPlace::Escalations {
            continue;
        }
        let first = firing.ids.len();
        firing.ids.extend(table.rows.iter().map(|row| ListedText::new(last_part(&row.id))));
        firing.rows.extend(planned.order.iter().enumerate().map(|(bit, row)| (step, bit, first + *row as usize)));
    }
    let kind = Kind::List(Box::new(Kind::Text));
    ResultColumn { name: "escalations".to_owned(), kind, source: Source::Escalations(firing) }
}
