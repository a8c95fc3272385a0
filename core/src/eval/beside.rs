//! What is asked of a record beside the case: expressions and rows over its own fields, by their meaning.

use chrono::{DateTime, Utc};

use super::table::{self, try_table};
use super::trace::RowOutcome;
use crate::calendar::date_at;
use crate::check::CheckedPack;
use crate::families::Table;
use crate::language::meaning::Reader;
use crate::language::{Expr, SlotId};
use crate::value::{EvaluationError, Failure, Outcome, RecordType, Value};

/// The fields of one record, and who asks about them.
pub(crate) struct Beside<'a> {
    checked: &'a CheckedPack,
    as_of: DateTime<Utc>,
    fields: &'a [Outcome],
    /// By field: whether its value may not stand in a message.
    private: Vec<bool>,
}

impl<'a> Beside<'a> {
    /// Over the fields of a record, in its order.
    pub(crate) fn new(
        checked: &'a CheckedPack,
        record: &RecordType,
        fields: &'a [Outcome],
        as_of: DateTime<Utc>,
    ) -> Beside<'a> {
        let private = record.fields.iter().map(|field| field.private).collect();
        Beside { checked, as_of, fields, private }
    }

    /// What a field holds.
    pub(crate) fn field(&self, slot: SlotId) -> Outcome {
        self.fields.get(slot.0 as usize).cloned().unwrap_or(Ok(Value::None))
    }

    /// What an expression comes to.
    pub(crate) fn value(&self, expr: &Expr) -> Outcome {
        self.ask(|reader| reader.value(expr))
    }

    /// An error of a calculation with what an expression comes to, at its place. Private values do not stand in it.
    pub(crate) fn error(&self, expr: &Expr, error: EvaluationError) -> Failure {
        self.ask(|reader| reader.error(expr, error))
    }

    /// The rows that match, or may, in their order.
    pub(crate) fn rows(&self, table: &Table) -> Vec<(usize, Result<(), Failure>)> {
        let trace = self.ask(|reader| try_table(table, reader));
        let rows = trace.rows.into_iter().enumerate();
        rows.filter_map(|(index, row)| match row.outcome {
            RowOutcome::Matched => Some((index, Ok(()))),
            RowOutcome::Failed(_, failure) => Some((index, Err(failure))),
            RowOutcome::NotMatched(_) | RowOutcome::NotInForce => None,
        })
        .collect()
    }

    fn ask<T>(&self, question: impl FnOnce(&mut Reader<'_>) -> T) -> T {
        let today = date_at(self.as_of, self.checked.header.zone);
        let context = table::context(self.checked, self.as_of, today, None);
        question(&mut Reader {
            slots: self.fields,
            context: &context,
            rates: &self.checked.rates,
            private: &self.private,
            locals: Vec::new(),
            steps: 0,
        })
    }
}
