//! Why a decision is as it is: a tree of reasons over what the evaluation kept, and its renderers.
//!
//! Never evaluates anything again. Values that a record marks private are masked, and text of records is escaped.

mod arms;
mod html;
mod render;

use serde_json::{Value as Json, json};

use chrono::{DateTime, Utc};

use crate::calendar::date_at;
use crate::check::tables::Written;
use crate::decision::{Parts, last_of_path, last_part};
use crate::eval::runner::Run;
use crate::eval::{RowOutcome, RowTrace, TableTrace, Trace};
use crate::families::{Fact, Hit, ResultPlace, Row, Step, Table};
use crate::language::functions::printed::Printed;
use crate::language::{Expr, ExprKind, SlotId};
use crate::source::Span;
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Type, Value};
use arms::ArmReason;

/// What stands for a private value.
const MASK: &str = "(private)";
/// How many near misses are shown.
const NEAR: usize = 3;

/// Why a decision is as it is.
#[derive(Clone, Debug)]
pub struct Explanation {
    key: String,
    as_of: String,
    pack: String,
    facts: Vec<FactReason>,
    arms: Vec<ArmReason>,
    tables: Vec<TableReason>,
    /// What functions printed: the function, and the line.
    printed: Vec<(String, String)>,
}

/// A fact and what it came to.
#[derive(Clone, Debug)]
struct FactReason {
    name: String,
    value: String,
    state: &'static str,
    text: String,
    about: Option<String>,
    place: String,
}

/// A table, rule list, score or the escalations.
#[derive(Clone, Debug)]
struct TableReason {
    id: String,
    hit: &'static str,
    place: String,
    results: Vec<(String, String)>,
    failure: Option<String>,
    rows: Vec<RowReason>,
    near_misses: Vec<String>,
}

/// The runs of routines without those that came out as one before.
fn distinct(runs: &[Run]) -> Vec<&Run> {
    let mut kept: Vec<(&Run, String)> = Vec::new();
    for run in runs {
        let shown = format!("{:?}", run.table.rows);
        if !kept.iter().any(|(known, text)| known.routine == run.routine && *text == shown) {
            kept.push((run, shown));
        }
    }
    kept.into_iter().map(|(run, _)| run).collect()
}

/// The rows of a run, by the part of the pack that they stand in.
fn run_tables(parts: &Parts<'_>, show: Show, today: chrono::NaiveDate, run: &Run) -> Vec<TableReason> {
    let Some(table) = parts.lowered.routines.get(run.routine.0) else { return Vec::new() };
    let trace = Trace { slots: run.slots.clone(), tables: Vec::new() };
    let explainer = Explainer { parts, trace: &trace, show, today };
    let mut tables: Vec<TableReason> = Vec::new();
    let whole = explainer.table(table, &run.table);
    for (row, reason) in table.rows.iter().zip(whole.rows) {
        let parent = row.id.rsplit_once('/').map_or("", |(parent, _)| parent);
        match tables.iter_mut().find(|known| known.id == parent) {
            Some(known) => known.rows.push(reason),
            None => tables.push(TableReason {
                id: parent.to_owned(),
                hit: whole.hit,
                place: whole.place.clone(),
                results: Vec::new(),
                failure: None,
                rows: vec![reason],
                near_misses: Vec::new(),
            }),
        }
    }
    tables
}

/// A row or rule and how it fared.
#[derive(Clone, Debug)]
struct RowReason {
    id: String,
    state: &'static str,
    reason: String,
    because: Option<String>,
    source: Option<String>,
    status: Option<String>,
    place: String,
}

impl Explanation {
    /// The reasons of an evaluation.
    pub(crate) fn new(parts: &Parts<'_>, as_of: DateTime<Utc>, trace: &Trace, runs: &[Run]) -> Explanation {
        let show = Show { currency_decimals: parts.checked.header.currency_decimals };
        let today = date_at(as_of, parts.checked.header.zone);
        let explainer = Explainer { parts, trace, show, today };
        let mut facts = Vec::new();
        let mut tables = Vec::new();
        for (step, table_trace) in parts.lowered.steps.iter().zip(&trace.tables) {
            match (step, table_trace) {
                (Step::Fact(fact), _) if fact.id.starts_with("experiments/") => {}
                (Step::Fact(fact), _) => facts.push(explainer.fact(fact)),
                (Step::Table(table), Some(table_trace)) => tables.push(explainer.table(table, table_trace)),
                (Step::Table(_), None) => {}
            }
        }
        let order = |id: &str| parts.checked.tables.iter().position(|table| *table.id == *id);
        tables.sort_by_key(|table| order(&table.id));
        for run in distinct(runs) {
            tables.extend(run_tables(parts, show, today, run));
        }
        let order = |name: &str| {
            parts.checked.record.fields.len()
                + parts.lowered.slots.iter().position(|slot| *slot.name == *name).unwrap_or(0)
        };
        facts.sort_by_key(|fact| order(&fact.name));
        let key = parts.checked.record.key_index().and_then(|index| trace.slots.get(index));
        Explanation {
            key: key.map(|key| show.outcome_text(key)).unwrap_or_default(),
            as_of: show.text(&Value::Timestamp(as_of)),
            pack: format!("{} {}", parts.identity.name, parts.identity.version),
            facts,
            arms: explainer.arms(),
            tables,
            printed: Vec::new(),
        }
    }

    /// The same with what functions printed.
    pub(crate) fn with_printed(self, printed: &[Printed]) -> Explanation {
        let line = |line: &Printed| {
            let text = line.text.as_ref().map_or_else(|| MASK.to_owned(), |text| escaped(text));
            (line.function.to_string(), text)
        };
        Explanation { printed: printed.iter().map(line).collect(), ..self }
    }

    /// The explanation as JSON: facts, and for each table its rows with their outcomes and reasons.
    pub fn to_json(&self) -> String {
        let facts: Vec<Json> = self
            .facts
            .iter()
            .map(|fact| json!({"name": fact.name, "state": fact.state, "value": fact.value, "text": fact.text, "about": fact.about, "place": fact.place}))
            .collect();
        let tables: Vec<Json> = self
            .tables
            .iter()
            .map(|table| {
                let rows: Vec<Json> = table
                    .rows
                    .iter()
                    .map(|row| {
                        json!({
                            "id": row.id, "state": row.state, "reason": row.reason, "because": row.because,
                            "source": row.source, "status": row.status, "place": row.place,
                        })
                    })
                    .collect();
                let results: Vec<Json> =
                    table.results.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
                json!({
                    "id": table.id, "hit": table.hit, "place": table.place, "results": results,
                    "failure": table.failure, "rows": rows, "near_misses": table.near_misses,
                })
            })
            .collect();
        let mut whole =
            json!({"key": self.key, "as_of": self.as_of, "pack": self.pack, "facts": facts, "tables": tables});
        if let (Json::Object(map), false) = (&mut whole, self.arms.is_empty()) {
            map.insert("arms".to_owned(), self.arms.iter().map(ArmReason::json).collect());
        }
        if let (Json::Object(map), false) = (&mut whole, self.printed.is_empty()) {
            let lines = self.printed.iter().map(|(function, text)| json!({"function": function, "text": text}));
            map.insert("printed".to_owned(), lines.collect());
        }
        whole.to_string()
    }
}

struct Explainer<'a> {
    parts: &'a Parts<'a>,
    trace: &'a Trace,
    show: Show,
    today: chrono::NaiveDate,
}

impl Explainer<'_> {
    fn fact(&self, fact: &Fact) -> FactReason {
        let outcome = self.outcome(fact.slot);
        FactReason {
            name: last_part(&fact.id).to_owned(),
            value: self.slot_text(fact.slot),
            state: match outcome {
                Some(Err(Failure::Unknown(_))) => "unknown",
                Some(Err(Failure::Error(_))) => "error",
                _ => "known",
            },
            text: fact.text.clone(),
            about: fact.about.clone(),
            place: self.place(fact.span),
        }
    }

    fn table(&self, table: &Table, trace: &TableTrace) -> TableReason {
        let mut rows: Vec<RowReason> =
            table.rows.iter().zip(&trace.rows).map(|(row, row_trace)| self.row(row, row_trace)).collect();
        if let Some(row) = &table.otherwise {
            let (state, reason) = if trace.took_otherwise {
                ("matched", "no other row matched")
            } else {
                ("not matched", "another row decided")
            };
            rows.push(self.reason(row, state, reason.to_owned()));
        }
        let results = table
            .outputs
            .iter()
            .zip(&trace.results)
            .map(|(output, result)| {
                let name = match &table.place {
                    ResultPlace::Score(name) => name.to_string(),
                    _ => output.name.to_string(),
                };
                let is_private = output.slot.is_some_and(|slot| self.is_private(slot));
                (name, if is_private && result.is_ok() { MASK.to_owned() } else { self.text(result) })
            })
            .collect();
        let fell_through = trace.took_otherwise || trace.fired.is_empty() && trace.failure.is_some();
        TableReason {
            id: table.id.to_string(),
            hit: match table.hit {
                Hit::Each => "each",
                Hit::Policy(policy) => policy.name(),
            },
            place: self.place(table.span),
            results,
            failure: trace.failure.as_ref().map(|failure| self.failure(failure)),
            rows,
            near_misses: if fell_through { self.near_misses(table, trace) } else { Vec::new() },
        }
    }

    fn row(&self, row: &Row, trace: &RowTrace) -> RowReason {
        let condition = |at: usize| row.conditions.get(at);
        let (state, reason) = match &trace.outcome {
            RowOutcome::Matched => {
                let outputs: Vec<String> = trace
                    .outputs
                    .iter()
                    .filter_map(|output| output.as_ref().err())
                    .map(|failure| self.failure(failure))
                    .collect();
                ("matched", outputs.join("; "))
            }
            RowOutcome::NotMatched(at) => {
                let unknown = matches!(trace.conditions.get(*at), Some(Err(_)));
                match condition(*at) {
                    Some(condition) if unknown => ("skipped", format!("unknown: {}", self.wanted(&condition.written))),
                    Some(condition) => ("not matched", self.unmet(&condition.written, &condition.expr)),
                    None => ("not matched", String::new()),
                }
            }
            RowOutcome::Failed(at, failure) => {
                let state = if matches!(failure, Failure::Unknown(_)) { "unknown" } else { "error" };
                let wanted = condition(*at).map(|condition| self.wanted(&condition.written)).unwrap_or_default();
                (state, format!("{} ({wanted})", self.failure(failure)))
            }
            RowOutcome::NotInForce => {
                let from = row.annotations.valid_from.map(|date| format!(" from {date}")).unwrap_or_default();
                let until = row.annotations.valid_until.map(|date| format!(" until {date}")).unwrap_or_default();
                ("not in force", format!("valid{from}{until}"))
            }
        };
        self.reason(row, state, reason)
    }

    fn reason(&self, row: &Row, state: &'static str, reason: String) -> RowReason {
        RowReason {
            id: last_of_path(&row.id).to_owned(),
            state,
            reason,
            because: row.annotations.because.clone(),
            source: row.annotations.source.clone(),
            status: row.annotations.status.clone(),
            place: self.place(row.span),
        }
    }

    /// A condition that does not hold: what it wanted, and what was there.
    fn unmet(&self, written: &Written, expr: &Expr) -> String {
        match written {
            Written::Cell { column, text } => {
                let actual = expr.slots().first().map(|slot| self.slot_text(*slot));
                let actual = actual.unwrap_or_else(|| "something else".to_owned());
                format!("{column} is {actual}, wanted {text}")
            }
            Written::When(text) => format!("`{text}` does not hold{}", self.actual(expr)),
            Written::Unless(text) => format!("`unless {text}` holds{}", self.actual(expr)),
            Written::Script => "its script gives none".to_owned(),
        }
    }

    fn wanted(&self, written: &Written) -> String {
        match written {
            Written::Cell { column, text } => format!("{column}: {text}"),
            Written::When(text) => text.to_string(),
            Written::Unless(text) => format!("unless {text}"),
            Written::Script => "its script".to_owned(),
        }
    }

    /// The values of what an expression reads.
    fn actual(&self, expr: &Expr) -> String {
        let mut parts: Vec<String> = expr
            .slots()
            .into_iter()
            .filter_map(|slot| {
                let name = &self.parts.lowered.slots.get(slot.0 as usize)?.name;
                Some(format!("{name} is {}", self.slot_text(slot)))
            })
            .collect();
        let mut reads_today = false;
        expr.walk(&mut |inner| reads_today |= matches!(inner.kind, ExprKind::Today));
        if reads_today {
            parts.push(format!("today is {}", self.today));
        }
        if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
    }

    fn slot_text(&self, slot: SlotId) -> String {
        match self.outcome(slot) {
            Some(Ok(value)) if self.is_private(slot) && !value.is_none() => MASK.to_owned(),
            Some(Ok(Value::List(items))) if items.iter().any(|item| matches!(item, Ok(Value::Record(_)))) => {
                format!("{} item{}", items.len(), if items.len() == 1 { "" } else { "s" })
            }
            Some(Ok(Value::Record(parts))) => self.parts_text(slot, parts),
            Some(outcome) => self.text(outcome),
            None => String::new(),
        }
    }

    /// The parts of a record with their names.
    fn parts_text(&self, slot: SlotId, parts: &[Outcome]) -> String {
        let Some(Type::Record(of)) = self.parts.lowered.slots.get(slot.0 as usize).map(|info| &info.base) else {
            return "given".to_owned();
        };
        let parts = of.fields.iter().zip(parts);
        let parts: Vec<String> = parts.map(|(field, part)| format!("{}: {}", field.name, self.text(part))).collect();
        parts.join(", ")
    }

    fn text(&self, outcome: &Outcome) -> String {
        match outcome {
            Ok(value) => escaped(&self.show.text(value)),
            Err(failure) => self.failure(failure),
        }
    }

    fn failure(&self, failure: &Failure) -> String {
        match failure {
            Failure::Unknown(facts) if facts.is_empty() => "unknown".to_owned(),
            Failure::Unknown(facts) => {
                let names: Vec<&str> = facts.iter().map(|fact| &**fact).collect();
                format!("unknown: {}", names.join(", "))
            }
            Failure::Error(error) => format!("error {}: {}", error.code.slug(), escaped(&error.message)),
        }
    }

    fn outcome(&self, slot: SlotId) -> Option<&Outcome> {
        self.trace.slots.get(slot.0 as usize)
    }

    fn is_private(&self, slot: SlotId) -> bool {
        self.parts.lowered.slots.get(slot.0 as usize).is_some_and(|info| info.private)
    }

    fn place(&self, span: Span) -> String {
        self.parts.sources.place(span)
    }

    /// The rows that came nearest: those with the fewest conditions that do not hold.
    fn near_misses(&self, table: &Table, trace: &TableTrace) -> Vec<String> {
        let mut misses: Vec<(usize, usize)> = trace
            .rows
            .iter()
            .enumerate()
            .filter(|(_, row)| matches!(row.outcome, RowOutcome::NotMatched(_)))
            .filter(|(index, trace)| table.rows.get(*index).is_none_or(|row| self.is_of_arm(row, trace)))
            .map(|(index, row)| (row.conditions.iter().filter(|condition| **condition != Ok(true)).count(), index))
            .collect();
        misses.sort_unstable();
        let fewest = misses.first().map_or(0, |(count, _)| *count);
        misses
            .into_iter()
            .take_while(|(count, _)| *count == fewest)
            .take(NEAR)
            .filter_map(|(_, index)| {
                let (row, row_trace) = (table.rows.get(index)?, trace.rows.get(index)?);
                let unmet: Vec<String> = row
                    .conditions
                    .iter()
                    .zip(&row_trace.conditions)
                    .filter(|(_, outcome)| **outcome != Ok(true))
                    .map(|(condition, _)| self.unmet(&condition.written, &condition.expr))
                    .collect();
                Some(format!("{}: {}", last_of_path(&row.id), unmet.join("; ")))
            })
            .collect()
    }
}

/// Text without characters that a terminal would obey.
fn escaped(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_unicode().collect::<Vec<_>>() } else { vec![c] }).collect()
}
