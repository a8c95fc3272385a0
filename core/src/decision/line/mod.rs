//! The JSON of a decision, straight from an evaluation: text that was made once, and between it the values of a case.
//!
//! Takes a plan's evaluation; appends the same bytes as [`Decision`]'s JSON, without making a decision. What a row says
//! when it fires is text already where it gives constants. A case with anything unknown or failed, and a table that its
//! meaning decided, are left to [`Decision`], which says what the JSON is. In the steady state nothing is allocated,
//! but for the next review of a pack that reads the time.

mod fragments;
mod values;

use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Decision, Parts};
use crate::check::CheckedPack;
use crate::check::samples::rows;
use crate::conduct::workflow::Course;
use crate::eval::review::{Review, Start};
use crate::eval::{self, Evaluation, Instant, Pack, State, Taken, Trace, View};
use crate::families::Step;
use crate::language::SlotId;
use crate::plan::Storage;
use crate::plan::table::Bits;
use crate::source::clamp;
use crate::value::Value;
use crate::value::show::{Show, instant};
use values::{Fact, Slot};

/// A case that was decided.
pub(crate) struct DecidedCase<'a> {
    pub(crate) instant: &'a Instant,
    pub(crate) evaluation: &'a Evaluation,
    /// Whether the decision has a state to pass on.
    pub(crate) has_state: bool,
    /// What the case goes through in its workflow.
    pub(crate) course: Option<&'a Course>,
    /// When another decision may follow.
    pub(crate) next_review: &'a dyn Fn() -> Option<DateTime<Utc>>,
}

/// Writes the decisions of a pack at one instant.
#[derive(Debug)]
pub(crate) struct LineWriter {
    as_of: DateTime<Utc>,
    /// Nothing where each decision is left to [`Decision`].
    line: Option<Line>,
    /// By step: the position of the table's first row among all rows and rules of the pack.
    first_rows: Vec<usize>,
    /// The positions of the rules behind those of tables, by id.
    behind: HashMap<Arc<str>, usize>,
}

/// A line, ready but for what differs from case to case.
#[derive(Debug)]
struct Line {
    /// The text of all pieces.
    text: Box<[u8]>,
    key: Option<Slot>,
    /// From behind the key up to the first output of the segmentation.
    head: Piece,
    facts: Box<[Fact]>,
    /// In the order of the pack.
    tables: Box<[LineTable]>,
    segmentation: Box<[usize]>,
    scores: Box<[usize]>,
    escalations: Box<[usize]>,
    results: Box<[usize]>,
    /// Where a review begins; nothing where time changes no decision.
    review: Option<Start>,
}

/// A range of the text.
#[derive(Clone, Copy, Debug)]
struct Piece {
    start: u32,
    end: u32,
}

/// A table: what it is called, and what its rows and results say.
#[derive(Debug)]
struct LineTable {
    step: usize,
    bits: Bits,
    /// Whether one row makes the results.
    is_single: bool,
    /// Whether the results are lists.
    is_list: bool,
    /// The text before the results.
    opening: Piece,
    outputs: Box<[LineOutput]>,
    /// By bit, and at last `otherwise`.
    rows: Box<[LineRow]>,
}

#[derive(Debug)]
struct LineOutput {
    /// The name, with the colon.
    name: Piece,
    /// Nothing for what nothing reads.
    slot: Option<Slot>,
}

/// A row, by what it says when it fires.
#[derive(Debug)]
struct LineRow {
    /// Its position among all rows and rules of the pack.
    position: usize,
    /// Its qualified id, with the comma behind it.
    id: Piece,
    /// One piece for each output of a list, else one for all; nothing where something is computed.
    gives: Option<Box<[Piece]>>,
}

impl LineWriter {
    /// Prepares the lines of a pack.
    pub(crate) fn new(parts: &Parts<'_>, pack: Pack<'_>, as_of: DateTime<Utc>) -> LineWriter {
        LineWriter {
            as_of,
            line: fragments::line(parts, pack, as_of),
            first_rows: fragments::first_rows(parts.checked, parts.lowered),
            behind: behind(parts.checked),
        }
    }

    /// Appends the JSON of a case's decision, and puts the positions of the rows and rules that fired into `fired`, in
    /// the order of the decision. Gives the decision where it had to be made for that.
    pub(crate) fn write(
        &self,
        parts: &Parts<'_>,
        pack: Pack<'_>,
        case: &DecidedCase<'_>,
        fired: &mut Vec<usize>,
        line: &mut Vec<u8>,
    ) -> Option<Decision> {
        let DecidedCase { instant, evaluation, has_state, course, next_review } = *case;
        fired.clear();
        let start = line.len();
        if let Some(ready) = &self.line
            && self.as_of == instant.as_of
            && !has_state
        {
            if ready.write(pack, evaluation, fired, line).is_some() {
                return None;
            }
            line.truncate(start);
            fired.clear();
        }
        let trace = eval::replay::fired(pack, instant, evaluation);
        self.fired(parts, &trace, fired);
        let decision = Decision::new(parts, instant.as_of, &trace, course, next_review());
        fired.extend(decision.course_fired().filter_map(|id| self.behind.get(&id).copied()));
        line.extend_from_slice(decision.to_json().as_bytes());
        Some(decision)
    }

    /// Whether what a row of a table says when it fires is the same for all cases.
    #[cfg(feature = "arrow")]
    pub(crate) fn is_ready(&self, step: usize, bit: usize) -> bool {
        let table = self.line.iter().flat_map(|line| &line.tables).find(|table| table.step == step);
        table.and_then(|table| table.rows.get(bit)).is_some_and(|row| row.gives.is_some())
    }

    fn fired(&self, parts: &Parts<'_>, trace: &Trace, fired: &mut Vec<usize>) {
        for checked in &parts.checked.tables {
            let steps = parts.lowered.steps.iter().zip(&trace.tables).zip(&self.first_rows);
            for ((step, trace), first) in steps {
                let (Step::Table(table), Some(trace)) = (step, trace) else { continue };
                if table.id == checked.id {
                    fired.extend(trace.fired.iter().map(|row| first + row));
                    fired.extend(trace.took_otherwise.then_some(first + table.rows.len()));
                }
            }
        }
    }
}

/// The positions of the rules that are no rows of tables, in [`rows`].
fn behind(checked: &CheckedPack) -> HashMap<Arc<str>, usize> {
    let in_tables: usize = checked.tables.iter().map(|table| table.all_rows().count()).sum();
    rows(checked).enumerate().skip(in_tables).map(|(position, id)| (id.clone(), position)).collect()
}

impl Line {
    /// Appends a line; nothing where something is in it that is not ready. What was appended is then without meaning.
    fn write(&self, pack: Pack<'_>, evaluation: &Evaluation, fired: &mut Vec<usize>, line: &mut Vec<u8>) -> Option<()> {
        if !evaluation.asked.is_empty() || self.facts.iter().any(|fact| fact.has_error(&evaluation.cells)) {
            return None;
        }
        line.extend_from_slice(b"{\"key\":");
        match &self.key {
            Some(key) => self.value(key, evaluation, line)?,
            None => line.extend_from_slice(b"null"),
        }
        self.put(self.head, line);
        for table in self.at(&self.segmentation) {
            self.results(table, evaluation, line)?;
        }
        close(line, b"},\"scores\":{");
        for table in self.at(&self.scores) {
            self.put(table.opening, line);
            match table.outputs.first().map(|output| &output.slot) {
                Some(Some(slot)) => self.value(slot, evaluation, line)?,
                _ => line.extend_from_slice(b"null"),
            }
            line.extend_from_slice(b",\"parts\":[");
            self.rows(table, evaluation, line)?;
            close(line, b"]},");
        }
        close(line, b"},\"escalations\":[");
        for table in self.at(&self.escalations) {
            self.rows(table, evaluation, line)?;
        }
        close(line, b"],\"results\":{");
        for table in self.at(&self.results) {
            self.put(table.opening, line);
            self.results(table, evaluation, line)?;
            close(line, b"},");
        }
        close(line, b"},\"fired\":[");
        for table in &self.tables {
            table.each_fired(evaluation, |row| {
                self.put(row.id, line);
                fired.push(row.position);
                Some(())
            })?;
        }
        close(line, b"],\"unknowns\":[],\"errors\":[],\"next_review_at\":");
        self.next_review(pack, evaluation, line);
        line.push(b'}');
        Some(())
    }

    /// When another decision may follow.
    fn next_review(&self, pack: Pack<'_>, evaluation: &Evaluation, line: &mut Vec<u8>) {
        let Some(start) = &self.review else { return line.extend_from_slice(b"null") };
        let mut review = Review::from(pack, *start);
        review.steps(&View { cells: &evaluation.cells, storages: &pack.plan.storages });
        match review.next() {
            Some(at) => {
                line.push(b'"');
                line.extend_from_slice(instant(at).as_bytes());
                line.push(b'"');
            }
            None => line.extend_from_slice(b"null"),
        }
    }

    /// The results of a table, each with its name, and a comma behind each.
    fn results(&self, table: &LineTable, evaluation: &Evaluation, line: &mut Vec<u8>) -> Option<()> {
        if table.is_list {
            for (index, output) in table.outputs.iter().enumerate() {
                self.put(output.name, line);
                line.push(b'[');
                table.each_fired(evaluation, |row| {
                    self.put(*row.gives.as_ref()?.get(index)?, line);
                    Some(())
                })?;
                close(line, b"],");
            }
            return Some(());
        }
        let mut is_ready = false;
        if table.is_single {
            table.each_fired(evaluation, |row| {
                if let Some([piece]) = row.gives.as_deref() {
                    self.put(*piece, line);
                    is_ready = true;
                }
                Some(())
            })?;
        }
        if !is_ready {
            for output in &table.outputs {
                self.put(output.name, line);
                match &output.slot {
                    Some(slot) => self.value(slot, evaluation, line)?,
                    None => line.extend_from_slice(b"null"),
                }
                line.push(b',');
            }
        }
        Some(())
    }

    /// What the rows that fired give, with a comma behind each.
    fn rows(&self, table: &LineTable, evaluation: &Evaluation, line: &mut Vec<u8>) -> Option<()> {
        table.each_fired(evaluation, |row| {
            for piece in row.gives.as_deref()? {
                self.put(*piece, line);
            }
            Some(())
        })
    }

    fn value(&self, slot: &Slot, evaluation: &Evaluation, line: &mut Vec<u8>) -> Option<()> {
        slot.write(&evaluation.cells, line)
    }

    fn at<'a>(&'a self, positions: &'a [usize]) -> impl Iterator<Item = &'a LineTable> {
        positions.iter().filter_map(|position| self.tables.get(*position))
    }

    #[inline]
    fn put(&self, piece: Piece, line: &mut Vec<u8>) {
        line.extend_from_slice(self.text.get(piece.range()).unwrap_or(&[]));
    }
}

impl Piece {
    fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

impl LineTable {
    /// Visits the rows that made the results. Nothing where a visit gives nothing, or where it is not known which rows
    /// they are.
    #[inline]
    fn each_fired(&self, evaluation: &Evaluation, mut visit: impl FnMut(&LineRow) -> Option<()>) -> Option<()> {
        match evaluation.taken.get(self.step)? {
            Taken::Rows => {}
            Taken::Otherwise => return visit(self.rows.last()?),
            Taken::Asked => return None,
        }
        for (index, word) in evaluation.fired.get(self.bits.range())?.iter().enumerate() {
            let mut left = *word & self.bits.mask(index);
            while left != 0 {
                let bit = (index * 64 + left.trailing_zeros() as usize).wrapping_sub(self.bits.shift);
                visit(self.rows.get(bit)?)?;
                if self.is_single {
                    return Some(());
                }
                left &= left - 1;
            }
        }
        // One row has to make the results of such a table.
        (!self.is_single).then_some(())
    }
}

/// Appends a case's key as text for people.
pub(crate) fn write_key(pack: Pack<'_>, evaluation: &Evaluation, key: &mut String) {
    let show = Show { currency_decimals: pack.checked.header.currency_decimals };
    let Some(index) = pack.checked.record.key_index() else { return key.push_str(&show.text(&Value::None)) };
    let slot = SlotId(clamp(index));
    let cells = &evaluation.cells;
    match (cells.get(slot).state, pack.plan.storages.get(index), cells.beside.get(index)) {
        (State::Known, Some(Storage::Word(_)), Some(Ok(Value::Text(text)))) => key.push_str(text),
        // Writing to a string does not fail.
        (State::Known, Some(Storage::Integer), _) => drop(write!(key, "{}", cells.get(slot).bits)),
        _ => key.push_str(&show.text(&cells.outcome(slot, &pack.plan.storages).unwrap_or(Value::None))),
    }
}

/// Ends a list or map whose items each have a comma behind them.
#[inline]
fn close(line: &mut Vec<u8>, with: &[u8]) {
    if line.last() == Some(&b',') {
        line.pop();
    }
    line.extend_from_slice(with);
}
