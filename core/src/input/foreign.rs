//! Rows of other systems that a host holds in memory, one at a time, through an input of the pack.

use std::sync::Arc;

use super::{CaseRow, CaseSource, files};
use crate::check::inputs::InputField;
use crate::record::json;
use crate::value::Type;

/// An input of a pack, for rows that a host holds in memory; see [`Engine::input`](crate::Engine::input).
#[derive(Clone, Debug)]
pub struct CaseInput {
    source: Arc<CaseSource>,
}

/// A column that an input reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InputColumn<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether binary floats are taken and rounded to the decimals of the field: `float: round`.
    pub takes_floats: bool,
    /// Whether instants are taken without a zone, and read in the one that the input names.
    pub takes_local_times: bool,
}

impl CaseInput {
    pub(crate) fn new(source: CaseSource) -> CaseInput {
        CaseInput { source: Arc::new(source) }
    }

    /// A row, as a JSON object by the names of its columns. What is wrong with it is found when it is decided.
    pub fn row(&self, json: &str) -> CaseRow {
        CaseRow { number: 1, content: json::parse(json).and_then(files::row_of), source: self.source.clone() }
    }

    /// The columns that are read, in the order of the fields.
    pub fn columns(&self) -> Vec<InputColumn<'_>> {
        let mut columns = Vec::new();
        for (source, field) in self.source.input.fields.iter().zip(&self.source.record.fields) {
            match source {
                InputField::Column(source) => columns.push(InputColumn {
                    name: &source.column,
                    takes_floats: source.rounds_floats,
                    takes_local_times: source.zone.is_some() && field.base == Type::Timestamp,
                }),
                InputField::Formula(formula) => {
                    columns.extend(formula.columns.iter().map(|column| InputColumn {
                        name: &column.name,
                        takes_floats: false,
                        takes_local_times: false,
                    }));
                }
            }
        }
        columns
    }
}
