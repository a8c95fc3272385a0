//! NamedResults by their names and the rows that fired, straight from an evaluation.
//!
//! For hosts that read a few results of each of many cases. What a case came to stands in slots; where it does not, for
//! a list or a table that its meaning decided, nothing is given, and the host asks [`Decision`](super::Decision).

use std::collections::HashSet;

use super::Parts;
use crate::eval::{Evaluation, Pack, State, Taken, fired_rows};
use crate::families::{ResultPlace, Step};
use crate::language::SlotId;
use crate::plan::{PlanStep, Policy, Storage};
use crate::value::show::Show;
use crate::value::{Outcome, Value};

/// What a result came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ResultValue<'a> {
    /// Known not to exist.
    None,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// An amount, percentage or decimal, with the decimals that the decision's JSON has.
    Number(String),
    /// A word of a choice, by its position among its words.
    Choice(usize),
    /// A text.
    Text(&'a str),
}

/// A result whose value stands in a slot.
#[derive(Clone, Debug)]
pub struct NamedResult {
    name: String,
    words: Vec<String>,
    slot: SlotId,
}

impl NamedResult {
    /// Its name: of an output of the segmentation, or of a score; of an output of a table or rule list `table.output`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The words of a choice, by their positions.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }
}

/// Where the results of a pack stand, and its rows.
#[derive(Debug)]
pub(crate) struct NamedResults {
    pub(crate) named: Vec<NamedResult>,
    tables: Vec<FiredTable>,
    /// Whether nothing but rows of tables fires.
    has_only_tables: bool,
}

#[derive(Debug)]
struct FiredTable {
    step: usize,
    /// The position of its first row among all rows and rules of the pack.
    first: usize,
}

impl NamedResults {
    pub(crate) fn new(parts: &Parts<'_>, pack: Pack<'_>) -> NamedResults {
        let mut results = NamedResults {
            named: Vec::new(),
            tables: Vec::new(),
            has_only_tables: !parts.checked.has_course() && parts.checked.experiments.is_empty(),
        };
        let mut found: [Vec<NamedResult>; 3] = Default::default();
        let [segmentation, scores, tables] = &mut found;
        let mut first = 0;
        for checked in &parts.checked.tables {
            let steps = parts.lowered.steps.iter().zip(&pack.plan.steps).enumerate();
            let mut steps = steps.filter_map(|(index, steps)| match steps {
                (Step::Table(table), PlanStep::Table(planned)) if table.id == checked.id => {
                    Some((index, table, planned))
                }
                _ => None,
            });
            let Some((step, table, planned)) = steps.next() else { continue };
            results.tables.push(FiredTable { step, first });
            first += checked.all_rows().count();
            if matches!(planned.policy, Policy::List | Policy::Each) {
                continue;
            }
            for output in &table.outputs {
                let Some(slot) = output.slot else { continue };
                let (of_place, name) = match &table.place {
                    ResultPlace::Segmentation => (&mut *segmentation, output.name.to_string()),
                    ResultPlace::Score(name) => (&mut *scores, name.to_string()),
                    ResultPlace::Named(name) => (&mut *tables, format!("{name}.{}", output.name)),
                    ResultPlace::Escalations | ResultPlace::Routine => continue,
                };
                let words = match pack.plan.storages.get(slot.0 as usize) {
                    Some(Storage::Choice(words)) => words.iter().map(|word| word.to_string()).collect(),
                    _ => Vec::new(),
                };
                of_place.push(NamedResult { name, words, slot });
            }
        }
        // A name goes first to the segmentation, then to a score.
        let mut known = HashSet::new();
        results.named = found.into_iter().flatten().filter(|result| known.insert(result.name.clone())).collect();
        results
    }

    /// What a result came to; nothing where the decision has to be asked.
    pub(crate) fn value<'a>(
        &self,
        result: usize,
        pack: Pack<'a>,
        evaluation: &'a Evaluation,
    ) -> Option<ResultValue<'a>> {
        let slot = self.named.get(result)?.slot;
        let index = slot.0 as usize;
        let (cell, storage) = (evaluation.cells.get(slot), pack.plan.storages.get(index)?);
        match (cell.state, storage) {
            (State::None, _) => Some(ResultValue::None),
            (State::Known, Storage::Boolean) => Some(ResultValue::Boolean(cell.bits != 0)),
            (State::Known, Storage::Integer) => Some(ResultValue::Integer(cell.bits)),
            (State::Known, Storage::Choice(_)) => usize::try_from(cell.bits).ok().map(ResultValue::Choice),
            (State::Known, Storage::Scaled(..)) => number(&storage.value(cell.bits), pack),
            (State::Known | State::Beside, _) => match evaluation.cells.beside.get(index)? {
                Ok(Value::Text(text)) => Some(ResultValue::Text(text)),
                Ok(value) if !storage.is_exact() || cell.state == State::Beside => number(value, pack),
                Outcome::Ok(_) | Outcome::Err(_) => None,
            },
            (State::Unknown, _) => None,
        }
    }

    /// The rows that fired, by their positions among all rows and rules of the pack; false where the decision has to be
    /// asked.
    pub(crate) fn fired(&self, pack: Pack<'_>, evaluation: &Evaluation, fired: &mut Vec<usize>) -> bool {
        fired.clear();
        if !self.has_only_tables {
            return false;
        }
        for FiredTable { step, first } in &self.tables {
            let (Some(PlanStep::Table(table)), Some(taken)) = (pack.plan.steps.get(*step), evaluation.taken.get(*step))
            else {
                return false;
            };
            match taken {
                Taken::Otherwise => fired.push(first + table.order.len()),
                Taken::Asked => return false,
                Taken::Rows if table.policy == Policy::List => return false,
                Taken::Rows => {
                    let mut rows = fired_rows(table, &evaluation.fired);
                    if table.policy.is_single() {
                        fired.extend(rows.min().map(|row| first + row));
                    } else {
                        fired.extend(rows.by_ref().map(|row| first + row));
                    }
                }
            }
        }
        true
    }
}

fn number<'a>(value: &Value, pack: Pack<'_>) -> Option<ResultValue<'a>> {
    let show = Show { currency_decimals: pack.checked.header.currency_decimals };
    match value {
        Value::Decimal(_) | Value::Money(_) | Value::Percent(_) => Some(ResultValue::Number(show.text(value))),
        _ => None,
    }
}
