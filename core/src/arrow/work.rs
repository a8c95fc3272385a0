//! A piece of a table, some rows at a time: read into slots, decided, written into columns.
//!
//! Integers of results go from the columns of the batch into those of the table. Cases of which more has to be said,
//! because a table was decided by its meaning, something failed, or a column needs the whole decision, are put together
//! one by one.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::ArrowError;
use chrono::{DateTime, Utc};

use super::columns::{Growing, Kind};
use super::keys::{Repeated, shown};
use super::read::{Dictionaries, ReadRoom, Rows};
use super::results::{Firing, ResultColumn, Source};
use super::texts::text;
use super::{ArrowPlan, asked};
use crate::decision::Decision;
use crate::engine::{Batch, DecisionWriter, Evaluation, RecordError};
use crate::eval::column::kernels::{CASES, Mask};
use crate::eval::column::shown::Shown;
use crate::families::ResultPlace;
use crate::record::Problem;
use crate::state::State;
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Value};

/// The rows that are read at once: what is read stays in the cache until it is decided.
const ROWS: usize = 4 * CASES;
/// The code of the problems of a row that is refused.
const REFUSED: &str = "refused";

/// What takes something of each case that is decided.
pub(super) type Take<'a> = dyn FnMut(&Evaluation, &DecisionWriter) + 'a;

/// A piece of a table.
pub(super) struct Piece<'a> {
    pub(super) table: &'a RecordBatch,
    pub(super) dictionaries: Arc<Dictionaries>,
    pub(super) rows: Range<usize>,
    /// The rows of the table that repeat a key, in their order.
    pub(super) repeated: Arc<[Repeated]>,
}

/// One thread's room.
pub(super) struct Worker<'a> {
    plan: &'a ArrowPlan,
    room: ReadRoom,
    batch: Batch,
    /// The fields of the cases before their states are put to them; in a pack where these say nothing, nothing.
    fields: Option<Batch>,
    evaluation: Evaluation,
    writer: DecisionWriter,
    shown: Shown,
    /// Whether the decision of each case has to be made.
    makes_decisions: bool,
    /// By table of which each row is a rule, and by bit: whether it says the same for all cases.
    unready: Vec<(usize, Vec<usize>)>,
    /// What is said of cases beside their integers, in the order of the cases.
    details: Vec<Detail>,
    lines: Vec<u8>,
    /// By case of a chunk, a bit for each rule that fired.
    fired: Vec<u64>,
    show: Show,
}

/// What is said of a case beside its integers.
struct Detail {
    case: usize,
    decision: Option<Decision>,
    line: Range<usize>,
    fired: Vec<usize>,
    next_review: Option<DateTime<Utc>>,
    /// The results that their columns cannot hold.
    unfit: Vec<String>,
}

/// Rows in the order of the table.
enum Run {
    /// Cases of one chunk.
    Cases(Range<usize>),
    Refused(Vec<Problem>),
}

impl<'a> Worker<'a> {
    pub(super) fn new(plan: &'a ArrowPlan) -> Worker<'a> {
        let pack = plan.engine.planned();
        let evaluator = &plan.evaluator;
        let writer = evaluator.writer();
        let steps = pack.lowered.steps.iter().zip(&pack.plan.steps).enumerate();
        let unready = steps.filter_map(|(step, steps)| match steps {
            (crate::families::Step::Table(table), crate::plan::PlanStep::Table(planned))
                if table.place == ResultPlace::Escalations =>
            {
                Some((step, (0..planned.order.len()).filter(|bit| !writer.is_ready(step, *bit)).collect()))
            }
            _ => None,
        });
        let unready = unready.collect();
        let says = |wanted: fn(&Source) -> bool| plan.results.columns.iter().any(|column| wanted(&column.source));
        let has_states = plan.states.is_some() || pack.checked.given() > pack.checked.record.fields.len();
        let makes_decisions = pack.checked.has_course()
            || plan.states.is_some()
            || says(|source| matches!(source, Source::Said(_)))
            || says(|source| matches!(source, Source::Stage | Source::State | Source::Workflow));
        Worker {
            plan,
            room: ReadRoom::default(),
            batch: evaluator.batch(),
            fields: has_states.then(|| evaluator.batch()),
            evaluation: evaluator.evaluation(),
            writer,
            shown: Shown::default(),
            makes_decisions,
            unready,
            details: Vec::new(),
            lines: Vec::new(),
            fired: Vec::new(),
            show: Show { currency_decimals: pack.checked.header.currency_decimals },
        }
    }

    /// Decides a piece; nothing where it was stopped.
    pub(super) fn decide(
        &mut self,
        piece: &Piece<'_>,
        is_stopped: &dyn Fn() -> bool,
        mut take: Option<&mut Take<'_>>,
    ) -> Result<Option<RecordBatch>, ArrowError> {
        let plan = self.plan;
        let mut columns: Vec<Growing> =
            plan.results.columns.iter().map(|column| Growing::new(&column.kind, piece.rows.len())).collect();
        let mut at = piece.rows.start;
        while at < piece.rows.end {
            if is_stopped() {
                return Ok(None);
            }
            let rows = at..piece.rows.end.min(at + ROWS);
            at = rows.end;
            let runs = self.read(piece, rows)?;
            self.batch.decide();
            self.details(take.as_deref_mut())?;
            for (column, growing) in plan.results.columns.iter().zip(&mut columns) {
                self.write(column, growing, &runs)?;
            }
        }
        let arrays = plan.results.columns.iter().zip(columns).map(|(column, growing)| match column.source {
            Source::Key(index) => key(piece, index),
            _ => growing.finish(),
        });
        let arrays = arrays.collect::<Result<Vec<ArrayRef>, ArrowError>>()?;
        RecordBatch::try_new(plan.results.schema.clone(), arrays).map(Some)
    }

    /// Fills the batch with the cases of some rows.
    fn read(&mut self, piece: &Piece<'_>, rows: Range<usize>) -> Result<Vec<Run>, ArrowError> {
        let plan = self.plan;
        let asked = asked(&plan.engine, plan.options.as_of);
        self.batch.clear();
        let into = self.fields.as_mut().unwrap_or(&mut self.batch).cases_mut();
        let refused = plan.reader.read(piece.table, &piece.dictionaries, rows.clone(), asked, &mut self.room, into);
        let first = piece.repeated.partition_point(|repeated| repeated.row < rows.start);
        let repeated: Vec<Repeated> =
            piece.repeated.iter().skip(first).take_while(|repeated| repeated.row < rows.end).copied().collect();
        for repeated in &repeated {
            let case = repeated.row - rows.start;
            refused.get_mut(case / 64).into_iter().for_each(|word| *word |= 1 << (case % 64));
        }
        let refused = refused.to_vec();
        let is_refused = |case: usize| refused.get(case / 64).is_some_and(|word| word >> (case % 64) & 1 == 1);
        let mut problems: Vec<(usize, Vec<Problem>)> = (0..rows.len())
            .filter(|case| is_refused(*case))
            .map(|case| (case, self.problems(piece, rows.start + case, &repeated)))
            .collect();
        let into = self.fields.as_mut().unwrap_or(&mut self.batch).cases_mut();
        let of_cases = if problems.is_empty() {
            Rows::All(rows.clone())
        } else {
            let kept: Vec<usize> = (0..rows.len()).filter(|case| !is_refused(*case)).collect();
            into.keep(&kept);
            Rows::Some(kept.iter().map(|case| rows.start + case).collect())
        };
        plan.reader.lend(piece.table, &of_cases, into);
        if self.fields.is_some() {
            problems.extend(self.settle(piece, &of_cases, rows.start)?);
            problems.sort_by_key(|(case, _)| *case);
        }
        Ok(runs(rows.len(), problems))
    }

    /// Puts cases where their states say that they stand; gives those that cannot be put so.
    fn settle(
        &mut self,
        piece: &Piece<'_>,
        rows: &Rows,
        start: usize,
    ) -> Result<Vec<(usize, Vec<Problem>)>, ArrowError> {
        let plan = self.plan;
        let Some(fields) = &mut self.fields else { return Ok(Vec::new()) };
        let states = plan.states.and_then(|column| piece.table.columns().get(column));
        let mut refused = Vec::new();
        let mut place = 0;
        while let Some(row) = rows.of(place) {
            let state = states.and_then(|states| text(states, row)).map(State::from_json).transpose();
            let fields = fields.cases_mut().fields(place, plan.engine.planned().plan);
            let record = state
                .map_err(|error| RecordError { problems: error.problems })
                .and_then(|state| plan.evaluator.settled(fields, state.as_ref()));
            match record {
                Ok(record) => self.batch.push(&record).map_err(failed)?,
                Err(error) => refused.push((row - start, error.problems)),
            }
            place += 1;
        }
        Ok(refused)
    }

    /// All problems of a row.
    fn problems(&self, piece: &Piece<'_>, row: usize, repeated: &[Repeated]) -> Vec<Problem> {
        let plan = self.plan;
        let again = repeated.iter().find(|repeated| repeated.row == row).map(|repeated| {
            let keys = piece.table.columns().get(plan.key);
            let key = keys.map(|keys| shown(keys, row)).unwrap_or_default();
            let message = format!("the key `{key}` stands in row {} already", repeated.first);
            Problem::new("", message, Some("give each case one row".to_owned()))
        });
        let asked = asked(&plan.engine, plan.options.as_of);
        let mut problems = plan.reader.problems(piece.table, row, asked, again.is_some());
        problems.extend(again);
        problems
    }

    /// Puts together what has to be said of cases beside their integers.
    fn details(&mut self, mut take: Option<&mut Take<'_>>) -> Result<(), ArrowError> {
        self.details.clear();
        self.lines.clear();
        let plan = self.plan;
        let pack = plan.engine.planned();
        let says_lines = plan.options.decisions || plan.options.fired || take.is_some();
        let reviews = pack.lowered.moving.is_any
            && plan.results.columns.iter().any(|column| matches!(column.source, Source::NextReview));
        let cases = self.batch.len();
        for chunk in 0..cases.div_ceil(CASES) {
            let here = CASES.min(cases - chunk * CASES);
            let doubtful = if self.makes_decisions { [u64::MAX; 8] } else { self.doubtful(chunk) };
            let all = says_lines || reviews || self.makes_decisions;
            if !all && doubtful == [0; 8] {
                continue;
            }
            for within in 0..here {
                let is_doubtful = doubtful.get(within / 64).is_some_and(|word| word >> (within % 64) & 1 == 1);
                if all || is_doubtful {
                    self.detail(chunk * CASES + within, is_doubtful, says_lines)?;
                    if let Some(take) = &mut take {
                        take(&self.evaluation, &self.writer);
                    }
                }
            }
        }
        Ok(())
    }

    /// The cases of a chunk whose integers do not tell all.
    fn doubtful(&mut self, chunk: usize) -> Mask {
        let plan = self.plan;
        let pack = plan.engine.planned();
        let decided = self.batch.decided();
        let mut doubtful = decided.doubtful(pack, chunk);
        let mut add = |mask: &Mask| doubtful.iter_mut().zip(mask).for_each(|(to, from)| *to |= from);
        for column in &plan.results.columns {
            if let Source::Shown(output, ..) = &column.source {
                add(&decided.others(chunk, output, &mut self.shown));
            }
        }
        for (step, bits) in &self.unready {
            for bit in bits {
                add(&decided.fired(plan.engine.columns(), chunk, *step, *bit));
            }
        }
        doubtful
    }

    fn detail(&mut self, case: usize, is_doubtful: bool, says_lines: bool) -> Result<(), ArrowError> {
        self.batch.evaluation(case, &mut self.evaluation).map_err(failed)?;
        let mut detail =
            Detail { case, decision: None, line: 0..0, fired: Vec::new(), next_review: None, unfit: Vec::new() };
        if says_lines {
            let start = self.lines.len();
            self.writer.write(&self.evaluation, &mut self.lines).map_err(failed)?;
            detail.line = start..self.lines.len();
            detail.fired.extend_from_slice(self.writer.fired());
            detail.decision = self.writer.decision().cloned();
        }
        if is_doubtful && detail.decision.is_none() {
            detail.decision = Some(self.evaluation.decision());
        }
        detail.next_review = match &detail.decision {
            Some(decision) => decision.next_review_at(),
            None => self.evaluation.next_review(),
        };
        self.details.push(detail);
        Ok(())
    }

    /// Writes the values of a column for some rows.
    fn write(&mut self, column: &ResultColumn, growing: &mut Growing, runs: &[Run]) -> Result<(), ArrowError> {
        for run in runs {
            match (run, &column.source) {
                (_, Source::Key(_)) => {}
                (Run::Refused(problems), Source::Errors) => growing.list(|items| {
                    problems.iter().try_for_each(|problem| {
                        error(items, &problem.path, REFUSED, &problem.message, problem.help.as_deref())
                    })
                })?,
                (Run::Refused(_), _) => growing.nulls(1),
                (Run::Cases(cases), _) => self.cases(column, growing, cases)?,
            }
        }
        Ok(())
    }

    fn cases(&mut self, column: &ResultColumn, growing: &mut Growing, cases: &Range<usize>) -> Result<(), ArrowError> {
        let from = self.details.partition_point(|detail| detail.case < cases.start);
        let to = self.details.partition_point(|detail| detail.case < cases.end);
        match &column.source {
            Source::Shown(output, units, name) => {
                self.batch.decided().show(cases.start / CASES, output, &mut self.shown);
                let within = cases.start % CASES..cases.start % CASES + cases.len();
                let base = growing.len();
                growing.extend(self.shown.integers.get(within.clone()).unwrap_or(&[]), *units);
                let mut nulls: Vec<usize> = set_bits(&self.shown.none, &within).collect();
                for detail in self.details.get_mut(from..to).unwrap_or(&mut []) {
                    let Some(decision) = &detail.decision else { continue };
                    let place = detail.case - cases.start;
                    let (is_null, fits) = match decision.outcome(name) {
                        None | Some(Ok(Value::None) | Err(_)) => (true, true),
                        Some(Ok(value)) => {
                            let fits = column.kind.integer(value).is_some_and(|value| growing.set(base + place, value));
                            (!fits, fits)
                        }
                    };
                    if !fits {
                        detail.unfit.push(name.clone());
                    }
                    nulls.retain(|null| *null != place);
                    if is_null {
                        nulls.push(place);
                    }
                }
                nulls.sort_unstable();
                nulls.into_iter().for_each(|place| growing.set_null(base + place));
                Ok(())
            }
            Source::Escalations(tables) => self.escalations(tables, growing, cases, from..to),
            Source::Unknowns | Source::Missing | Source::Errors | Source::NextReview if from == to => {
                growing.nulls(cases.len());
                Ok(())
            }
            source => {
                let mut next = cases.start;
                for index in from..to {
                    let Some(detail) = self.details.get_mut(index) else { continue };
                    growing.nulls(detail.case - next);
                    next = detail.case + 1;
                    let lines = &self.lines;
                    say(self.plan, source, &column.kind, detail, lines, growing, self.show)?;
                }
                growing.nulls(cases.end - next);
                Ok(())
            }
        }
    }

    fn escalations(
        &mut self,
        tables: &Firing,
        growing: &mut Growing,
        cases: &Range<usize>,
        details: Range<usize>,
    ) -> Result<(), ArrowError> {
        let chunk = cases.start / CASES;
        let columns = self.plan.engine.columns();
        // By case of the chunk, a bit for each rule that fired.
        let words = tables.ids.len().div_ceil(64).max(1);
        self.fired.clear();
        self.fired.resize(CASES * words, 0);
        for (step, bit, place) in &tables.rows {
            let of_rule = self.batch.decided().fired(columns, chunk, *step, *bit);
            for case in set_bits(&of_rule, &(0..CASES)) {
                if let Some(word) = self.fired.get_mut(case * words + place / 64) {
                    *word |= 1 << (place % 64);
                }
            }
        }
        let fired = &self.fired;
        let add = |growing: &mut Growing, cases: Range<usize>| {
            let within = (cases.start - chunk * CASES) * words..(cases.end - chunk * CASES) * words;
            growing.text_lists(fired.get(within).unwrap_or(&[]), words, &tables.ids)
        };
        let mut next = cases.start;
        for detail in self.details.get(details).unwrap_or(&[]) {
            let Some(decision) = &detail.decision else { continue };
            add(growing, next..detail.case)?;
            growing.list(|items| decision.escalations().try_for_each(|id| items.text(id)))?;
            next = detail.case + 1;
        }
        add(growing, next..cases.end)
    }
}

/// Adds what a detail says for a column.
fn say(
    plan: &ArrowPlan,
    source: &Source,
    kind: &Kind,
    detail: &mut Detail,
    lines: &[u8],
    growing: &mut Growing,
    show: Show,
) -> Result<(), ArrowError> {
    let decision = detail.decision.as_ref();
    match source {
        Source::Said(name) => {
            let outcome = decision.and_then(|decision| decision.outcome(name));
            if !growing.outcome(kind, outcome.unwrap_or(&Ok(Value::None)), show)? {
                detail.unfit.push(name.clone());
            }
            Ok(())
        }
        Source::Stage => growing.optional_text(decision.and_then(Decision::stage).map(|stage| stage.to.as_str())),
        Source::Workflow => {
            growing.optional_text(decision.and_then(Decision::stage).map(|stage| stage.workflow.as_str()))
        }
        Source::State => {
            let state = decision.and_then(Decision::state).map(State::to_json);
            growing.optional_text(state.as_deref())
        }
        Source::NextReview => match detail.next_review {
            // The next second is never too late.
            Some(at) => growing.integer(i128::from(at.timestamp_micros())),
            None => {
                growing.nulls(1);
                Ok(())
            }
        },
        Source::Fired => growing.list(|items| {
            detail.fired.iter().filter_map(|row| plan.rule_ids.get(*row)).try_for_each(|id| items.text(id))
        }),
        Source::Decision => {
            let line = lines.get(detail.line.clone()).and_then(|line| std::str::from_utf8(line).ok());
            growing.optional_text(line)
        }
        Source::Unknowns => texts(growing, decision.map_or_else(Vec::new, |decision| unknowns(plan, decision))),
        Source::Missing => {
            let facts = decision.iter().flat_map(|decision| decision.unknowns()).flat_map(|unknown| &unknown.facts);
            let mut facts: Vec<String> = facts.map(ToString::to_string).collect();
            facts.sort();
            facts.dedup();
            texts(growing, facts)
        }
        Source::Errors => {
            let failed = decision.map_or(&[] as &[_], |decision| decision.errors());
            if failed.is_empty() && detail.unfit.is_empty() {
                growing.nulls(1);
                return Ok(());
            }
            growing.list(|items| {
                failed
                    .iter()
                    .try_for_each(|failed| error(items, &failed.at, failed.code.slug(), &failed.message, None))?;
                detail.unfit.iter().try_for_each(|name| {
                    let message = "the value does not fit its column: it has too many digits, or is finer than that";
                    error(items, name, "unfit-column", message, Some("take it out of the decision"))
                })
            })
        }
        Source::Key(_) | Source::Shown(..) | Source::Escalations(_) => Ok(()),
    }
}

/// The results that are not known, by their columns; of rules, the ids.
fn unknowns(plan: &ArrowPlan, decision: &Decision) -> Vec<String> {
    let mut names = Vec::new();
    for unknown in decision.unknowns() {
        match plan.results.tables.iter().find(|(id, _)| *id == unknown.at) {
            Some((_, results)) => {
                let is_unknown = |name: &&String| {
                    let outcome: Option<&Outcome> = decision.outcome(name);
                    matches!(outcome, Some(Err(Failure::Unknown(_))))
                };
                names.extend(results.iter().filter(is_unknown).cloned());
            }
            None => names.push(unknown.at.to_string()),
        }
    }
    names
}

/// Adds a list of texts; null where there are none.
fn texts(growing: &mut Growing, texts: Vec<String>) -> Result<(), ArrowError> {
    if texts.is_empty() {
        growing.nulls(1);
        return Ok(());
    }
    growing.list(|items| texts.iter().try_for_each(|text| items.text(text)))
}

fn error(items: &mut Growing, at: &str, code: &str, message: &str, help: Option<&str>) -> Result<(), ArrowError> {
    items.record(|parts| {
        let texts = [Some(at), Some(code), Some(message), help];
        parts.iter_mut().zip(texts).try_for_each(|(part, text)| part.optional_text(text))
    })
}

/// The keys of a piece, as they stand in the table.
fn key(piece: &Piece<'_>, index: usize) -> Result<ArrayRef, ArrowError> {
    let keys = piece.table.columns().get(index);
    let keys = keys.ok_or_else(|| ArrowError::ComputeError("the table has no keys".to_owned()))?;
    Ok(keys.slice(piece.rows.start, piece.rows.len()))
}

/// The rows in their order: stretches of cases within one chunk, and rows that are refused.
fn runs(count: usize, problems: Vec<(usize, Vec<Problem>)>) -> Vec<Run> {
    let (mut runs, mut row, mut case) = (Vec::new(), 0, 0);
    let mut cases = |runs: &mut Vec<Run>, count: usize| {
        let end = case + count;
        while case < end {
            let border = end.min((case / CASES + 1) * CASES);
            runs.push(Run::Cases(case..border));
            case = border;
        }
    };
    for (refused, problems) in problems {
        cases(&mut runs, refused - row);
        runs.push(Run::Refused(problems));
        row = refused + 1;
    }
    cases(&mut runs, count - row);
    runs
}

/// The cases of a mask within a range.
fn set_bits<'m>(mask: &'m Mask, within: &Range<usize>) -> impl Iterator<Item = usize> + 'm {
    let within = within.clone();
    let start = within.start;
    mask.iter()
        .enumerate()
        .flat_map(|(index, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                (word != 0).then(|| {
                    let bit = word.trailing_zeros() as usize;
                    word &= word - 1;
                    index * 64 + bit
                })
            })
        })
        .filter(move |case| within.contains(case))
        .map(move |case| case - start)
}

fn failed(error: crate::error::Error) -> ArrowError {
    ArrowError::ComputeError(error.to_string())
}
