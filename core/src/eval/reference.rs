//! The reference evaluator: a plain walk over the lowered pack, written to be obviously right.
//!
//! It is what a pack means. The executors are tested against it, case by case.

use chrono::{DateTime, Utc};

use super::table::{context, try_table};
use super::trace::Trace;
use crate::calendar::date_at;
use crate::check::CheckedPack;
use crate::families::{LoweredPack, Step};
use crate::language::meaning::Reader;
use crate::value::{Outcome, Value};

/// What every slot and every row of the pack comes to for a case, given the values of its fields.
pub(crate) fn evaluate(
    checked: &CheckedPack,
    lowered: &LoweredPack,
    fields: Vec<Outcome>,
    as_of: DateTime<Utc>,
) -> Trace {
    let place = checked.record.fields.iter().position(|field| field.place).and_then(|index| fields.get(index));
    let context = context(checked, as_of, date_at(as_of, checked.header.zone), place);
    let private: Vec<bool> = lowered.slots.iter().map(|slot| slot.private).collect();
    let mut slots = fields.clone();
    slots.resize(lowered.slots.len(), Ok(Value::None));
    let mut tables = Vec::with_capacity(lowered.steps.len());
    for step in &lowered.steps {
        let mut reader = Reader {
            slots: slots.as_slice(),
            context: &context,
            rates: &checked.rates,
            private: &private,
            locals: Vec::new(),
            steps: 0,
        };
        match step {
            Step::Fact(fact) => {
                let value = reader.value(&fact.expr);
                if let Some(slot) = slots.get_mut(fact.slot.0 as usize) {
                    *slot = value;
                }
                tables.push(None);
            }
            Step::Table(table) => {
                let trace = try_table(table, &mut reader);
                for (output, result) in table.outputs.iter().zip(&trace.results) {
                    if let Some(slot) = output.slot.and_then(|slot| slots.get_mut(slot.0 as usize)) {
                        *slot = result.clone();
                    }
                }
                tables.push(Some(trace));
            }
        }
    }
    Trace { slots, tables }
}
