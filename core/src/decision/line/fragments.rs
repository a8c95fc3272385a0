//! What of the lines of a pack is the same for all cases, as text.

use chrono::{DateTime, Utc};

use super::values::{Fact, Slot, json_text};
use super::{Line, LineOutput, LineRow, LineTable, Piece};
use crate::calendar::date_at;
use crate::check::CheckedPack;
use crate::decision::{Decision, Parts, escalation, last_part, score_part};
use crate::eval::review::Start;
use crate::eval::{Pack, Trace};
use crate::families::{LoweredPack, ResultPlace, Row, Step, Table};
use crate::language::SlotId;
use crate::plan::{Give, Plan, PlanStep, PlanTable, Policy, Storage};
use crate::source::clamp;
use crate::value::show::Show;
use crate::value::{Outcome, Value};

/// What stands behind the head of the decision of no tables.
const REST: &str = "},\"scores\":{},\"escalations\":[],\"results\":{},\"fired\":[],\"unknowns\":[],\"errors\":[],\"next_review_at\":null}";

/// The lines of a pack at an instant; nothing where they cannot be prepared.
pub(super) fn line(parts: &Parts<'_>, pack: Pack<'_>, as_of: DateTime<Utc>) -> Option<Line> {
    let show = Show { currency_decimals: parts.checked.header.currency_decimals };
    let mut writer = Writer { parts, plan: pack.plan, as_of, show, text: Vec::new() };
    let key = match parts.checked.record.key_index() {
        Some(index) => Some(writer.slot(SlotId(clamp(index)))?),
        None => None,
    };
    if parts.checked.has_course() {
        return None;
    }
    let empty = Decision::new(parts, as_of, &Trace { slots: Vec::new(), tables: Vec::new() }, None, None).to_json();
    let head = writer.add(empty.strip_prefix("{\"key\":null")?.strip_suffix(REST)?.as_bytes());
    let facts = parts.lowered.steps.iter().filter_map(|step| match step {
        Step::Fact(fact) => Some(fact.slot),
        Step::Table(_) => None,
    });
    let facts: Option<Box<[Fact]>> =
        facts.map(|slot| Some(Fact::new(slot, pack.plan.storages.get(slot.0 as usize)?))).collect();
    let first_rows = first_rows(parts.checked, parts.lowered);
    let mut tables = Vec::new();
    let mut of_place: [Vec<usize>; 4] = Default::default();
    let [segmentation, scores, escalations, results] = &mut of_place;
    for checked in &parts.checked.tables {
        let steps = || parts.lowered.steps.iter().zip(&pack.plan.steps).enumerate();
        let found = steps().find_map(|(index, steps)| match steps {
            (Step::Table(table), PlanStep::Table(planned)) if table.id == checked.id => Some((index, table, planned)),
            _ => None,
        });
        let (step, table, planned) = found?;
        let of_place = match &table.place {
            ResultPlace::Segmentation => &mut *segmentation,
            ResultPlace::Named(_) => &mut *results,
            ResultPlace::Score(_) => &mut *scores,
            ResultPlace::Escalations => &mut *escalations,
            ResultPlace::Routine => return None,
        };
        of_place.push(tables.len());
        tables.push(writer.table(step, table, planned, *first_rows.get(step)?)?);
    }
    let [segmentation, scores, escalations, results] = of_place.map(Vec::into_boxed_slice);
    let (text, tables) = (writer.text.into(), tables.into());
    let review = parts.lowered.moving.is_any.then(|| Start::new(pack, as_of));
    Some(Line { text, key, head, facts: facts?, tables, segmentation, scores, escalations, results, review })
}

/// By step: the position of a table's first row among all rows and rules of the pack, as the pack declares them.
pub(super) fn first_rows(checked: &CheckedPack, lowered: &LoweredPack) -> Vec<usize> {
    let first = |step: &Step| match step {
        Step::Fact(_) => 0,
        Step::Table(table) => {
            let before = checked.tables.iter().take_while(|checked| checked.id != table.id);
            before.map(|table| table.all_rows().count()).sum()
        }
    };
    lowered.steps.iter().map(first).collect()
}

struct Writer<'a> {
    parts: &'a Parts<'a>,
    plan: &'a Plan,
    as_of: DateTime<Utc>,
    show: Show,
    text: Vec<u8>,
}

impl Writer<'_> {
    fn add(&mut self, text: &[u8]) -> Piece {
        let start = clamp(self.text.len());
        self.text.extend_from_slice(text);
        Piece { start, end: clamp(self.text.len()) }
    }

    fn slot(&self, slot: SlotId) -> Option<Slot> {
        Some(Slot::new(slot, self.plan.storages.get(slot.0 as usize)?, self.show))
    }

    fn table(&mut self, step: usize, table: &Table, planned: &PlanTable, first: usize) -> Option<LineTable> {
        let opening = match &table.place {
            ResultPlace::Segmentation | ResultPlace::Escalations | ResultPlace::Routine => Vec::new(),
            ResultPlace::Named(name) => [&name_text(name), b"{".as_slice()].concat(),
            ResultPlace::Score(name) => [&name_text(name), b"{\"value\":".as_slice()].concat(),
        };
        let opening = self.add(&opening);
        let mut outputs = Vec::new();
        for output in &table.outputs {
            let name = self.add(&name_text(&output.name));
            let slot = match output.slot {
                Some(slot) => Some(self.slot(slot)?),
                None => None,
            };
            outputs.push(LineOutput { name, slot });
        }
        let order = planned.order.iter().map(|row| *row as usize);
        let mut rows = Vec::new();
        for index in order.chain(table.otherwise.is_some().then_some(table.rows.len())) {
            let row = table.rows.get(index).or(table.otherwise.as_ref())?;
            let id = self.add(&[&json_text(&row.id), b",".as_slice()].concat());
            let gives = self.gives(table, planned, row, index);
            rows.push(LineRow { position: first + index, id, gives });
        }
        Some(LineTable {
            step,
            bits: planned.bits,
            is_single: matches!(planned.policy, Policy::First | Policy::Unique | Policy::Any),
            is_list: planned.policy == Policy::List,
            opening,
            outputs: outputs.into(),
            rows: rows.into(),
        })
    }

    /// What a row says when it fires; nothing where something of it is computed.
    fn gives(&mut self, table: &Table, planned: &PlanTable, row: &Row, index: usize) -> Option<Box<[Piece]>> {
        let gives = planned.gives(index).iter().zip(&planned.outputs);
        let values: Option<Vec<Outcome>> =
            gives.map(|(give, output)| constant(give, &output.storage).map(Ok)).collect();
        let values = values?;
        let pieces = match (&table.place, planned.policy) {
            (ResultPlace::Escalations, _) => {
                let today = date_at(self.as_of, self.parts.checked.header.zone);
                let escalation = escalation(self.parts, row, &values, self.as_of, today);
                escalation.due_on.as_ref().ok()?;
                vec![serde_json::to_vec(&escalation.ordered(self.show)).ok()?]
            }
            (ResultPlace::Score(_), _) => {
                vec![serde_json::to_vec(&score_part(last_part(&row.id), values.first()?, self.show)).ok()?]
            }
            (_, Policy::List) => values.iter().map(|value| self.json(value)).collect(),
            (_, Policy::First | Policy::Unique | Policy::Any) => {
                let outputs = table.outputs.iter().zip(&values).map(|(output, value)| match output.slot {
                    Some(_) => [&name_text(&output.name), self.json(value).as_slice()].concat(),
                    None => [&name_text(&output.name), b"null".as_slice()].concat(),
                });
                vec![outputs.collect::<Vec<Vec<u8>>>().join(&b',')]
            }
            _ => Vec::new(),
        };
        Some(pieces.into_iter().map(|piece| self.add(&[piece.as_slice(), b","].concat())).collect())
    }

    fn json(&self, value: &Outcome) -> Vec<u8> {
        self.show.outcome_json(value).to_string().into_bytes()
    }
}

fn constant(give: &Give, storage: &Storage) -> Option<Value> {
    match give {
        Give::None => Some(Value::None),
        Give::Bits(bits) => Some(storage.value(*bits)),
        Give::Value(value) => Some(value.clone()),
        Give::Code(_) | Give::Asked => None,
    }
}

/// A name as JSON, with the colon.
fn name_text(name: &str) -> Vec<u8> {
    [&json_text(name), b":".as_slice()].concat()
}
