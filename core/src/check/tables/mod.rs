//! Decisions: tables with grids, rule lists, escalations and scores, all as rows with conditions and outputs.
//!
//! `read` takes them from the document with their expressions parsed; `check` binds names and types.

pub(crate) mod annotations;
mod cells;
mod read;
mod read_rules;
mod read_scripts;
mod rows;

use std::sync::Arc;

use chrono::NaiveDate;

use crate::language::{Expr, SlotId};
use crate::source::Span;
use crate::value::ops::Comparison;
use crate::value::{Field, Type, Value};

pub(crate) use read::{RawTable, TableReader, on_unknown};

/// Which construct of the domain a table came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Segmentation,
    Table,
    RuleList,
    Escalations,
    Score,
}

/// How the rows that match make a result: DMN's hit policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HitPolicy {
    Unique,
    Any,
    First,
    Priority,
    OutputOrder,
    RuleOrder,
    Collect,
    CollectSum,
    CollectMin,
    CollectMax,
    CollectCount,
}

impl HitPolicy {
    /// All policies and their names.
    pub(crate) const NAMED: [(&'static str, HitPolicy); 11] = [
        ("unique", HitPolicy::Unique),
        ("any", HitPolicy::Any),
        ("first", HitPolicy::First),
        ("priority", HitPolicy::Priority),
        ("output order", HitPolicy::OutputOrder),
        ("rule order", HitPolicy::RuleOrder),
        ("collect", HitPolicy::Collect),
        ("collect sum", HitPolicy::CollectSum),
        ("collect min", HitPolicy::CollectMin),
        ("collect max", HitPolicy::CollectMax),
        ("collect count", HitPolicy::CollectCount),
    ];

    /// The policy's name.
    pub(crate) fn name(self) -> &'static str {
        HitPolicy::NAMED.iter().find(|(_, policy)| *policy == self).map_or("", |(name, _)| name)
    }

    /// Whether one row makes the result.
    pub(crate) fn is_single(self) -> bool {
        matches!(self, HitPolicy::Unique | HitPolicy::Any | HitPolicy::First | HitPolicy::Priority)
    }

    /// The type of a result over rows whose output has this type.
    pub(crate) fn result(self, base: &Type, maybe_none: bool) -> (Type, bool) {
        match self {
            HitPolicy::OutputOrder | HitPolicy::RuleOrder | HitPolicy::Collect => {
                (Type::list(base.clone(), maybe_none), false)
            }
            HitPolicy::CollectCount => (Type::Integer, false),
            HitPolicy::CollectSum => (base.clone(), false),
            HitPolicy::CollectMin | HitPolicy::CollectMax => (base.clone(), true),
            _ => (base.clone(), maybe_none),
        }
    }
}

/// A table with names and types bound.
#[derive(Clone, Debug)]
pub(crate) struct CheckedTable {
    /// The qualified id, such as `tables/settlement_floor`.
    pub(crate) id: Arc<str>,
    pub(crate) family: Family,
    pub(crate) hit: HitPolicy,
    pub(crate) outputs: Vec<CheckedOutput>,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<CheckedRow>,
    pub(crate) otherwise: Option<CheckedRow>,
    pub(crate) span: Span,
    /// Whether nothing in it was refused, so that it can be analysed.
    pub(crate) is_sound: bool,
}

impl CheckedTable {
    /// Its rows, `otherwise` last.
    pub(crate) fn all_rows(&self) -> impl Iterator<Item = &CheckedRow> {
        self.rows.iter().chain(&self.otherwise)
    }
}

/// An output and its slot. The outputs of escalations have none: nothing reads them.
#[derive(Clone, Debug)]
pub(crate) struct CheckedOutput {
    pub(crate) field: Field,
    pub(crate) slot: Option<SlotId>,
}

/// A condition column of a grid.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) subject: Expr,
}

/// A row or rule.
#[derive(Clone, Debug)]
pub(crate) struct CheckedRow {
    /// The qualified id, such as `segmentation/high-value`.
    pub(crate) id: Arc<str>,
    pub(crate) conditions: Vec<CheckedCondition>,
    /// One for each output of the table.
    pub(crate) outputs: Vec<Expr>,
    pub(crate) annotations: Annotations,
    pub(crate) skips_unknown: bool,
    pub(crate) span: Span,
}

/// A condition of a row, and how it was written.
#[derive(Clone, Debug)]
pub(crate) struct CheckedCondition {
    pub(crate) expr: Expr,
    pub(crate) written: Written,
    /// The column of a cell and what the cell tests, for the analysis of tables.
    pub(crate) cell: Option<(usize, CellTest)>,
}

/// How a condition was written.
#[derive(Clone, Debug)]
pub(crate) enum Written {
    /// A cell: the column's name and the cell's text.
    Cell {
        column: Arc<str>,
        text: Arc<str>,
    },
    When(Arc<str>),
    Unless(Arc<str>),
    /// That a script gives something.
    Script,
}

/// What a cell asks of its column.
#[derive(Clone, Debug)]
pub(crate) enum CellTest {
    OneOf(Vec<Value>),
    NoneOf(Vec<Value>),
    Compare(Comparison, Value),
    Range {
        low: Value,
        high: Value,
        is_inclusive: bool,
    },
    IsUnknown,
    IsKnown,
    /// Compared with something computed.
    Computed,
}

/// What a row says about itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Annotations {
    pub(crate) because: Option<String>,
    pub(crate) source: Option<String>,
    pub(crate) status: Option<String>,
    pub(crate) valid_from: Option<NaiveDate>,
    pub(crate) valid_until: Option<NaiveDate>,
}

impl Annotations {
    /// The same without the dates, where conditions hold them.
    pub(crate) fn undated(&self) -> Annotations {
        Annotations { valid_from: None, valid_until: None, ..self.clone() }
    }
}
