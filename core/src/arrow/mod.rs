//! Tables of Apache Arrow decided: columns in, columns out.
//!
//! Takes record batches whose columns have the names of the case's fields; gives record batches with the results. What a
//! cell means is what [`cell`] and the record reader say of it; columns go into the slots of a batch without that where
//! it is known to come to the same. Decides nothing itself.
//!
//! ```text
//! fit      whether the columns of a table fit the case, before any row is read
//! read     columns -> slots   rule, integers   by loops over integers   cell   what one cell means
//! texts    the texts of any column   words   what texts meant that were met before
//! keys     keys that stand in two rows
//! work     a piece of a table: read, decided, written
//! results  which columns there are   columns   columns as they grow
//! ```

mod cell;
mod columns;
#[cfg(test)]
mod differential;
mod fit;
mod integers;
mod keys;
mod read;
mod results;
mod rule;
mod texts;
mod words;
mod work;

use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};
use chrono::{DateTime, Utc};

use crate::engine::{DecisionWriter, Engine, Evaluation, Evaluator};
use crate::error::Error;
use crate::record::Problem;
use keys::{Keys, Repeated};
use read::{Asked, Reader};
use results::Results;
use work::{Piece, Worker};

/// The most rows of a decided piece of a table.
const PIECE: usize = 1 << 16;

/// How tables are decided: at which instant, and with which columns.
///
/// ```
/// let options = recoup::ArrowOptions::at("2026-09-07T18:00:00-04:00".parse()?).results(["segment"]).fired();
/// # Ok::<(), chrono::ParseError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ArrowOptions {
    as_of: DateTime<Utc>,
    results: Option<Vec<String>>,
    states: Option<String>,
    fired: bool,
    decisions: bool,
    threads: Option<NonZero<usize>>,
}

/// A table whose columns do not fit the pack or the options: all that is wrong with them. No row was read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the table is refused: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct TableError {
    /// Every problem, each with its column as the path.
    pub problems: Vec<Problem>,
}

/// Decides the tables of one schema at one instant.
///
/// Each row is a case; a column has the name of its field. A null is an absent field. Choices and other texts are
/// `utf8`, `large_utf8`, `utf8_view`, or a dictionary of them; amounts and other numbers are decimals or integers, never
/// floats; dates are `date32` or `date64`; instants are timestamps with a time zone; lists are lists, of structs where
/// their items have fields.
///
/// What is decided has a column for the case's key, as it was given, and one for each result:
///
/// | column | holds |
/// |---|---|
/// | an output of the segmentation, a score | its value, by its own name |
/// | `TABLE.OUTPUT` | an output of a table or rule list |
/// | `escalations` | the ids of those that fired; empty where none did |
/// | `workflow`, `stage`, `state` | where the case stands, and its next state as JSON; in a pack with workflows, or where states are given |
/// | `next_review_at` | when another decision may follow; null where time changes nothing |
/// | `fired`, `decision` | the qualified ids of the rows and rules that fired; the whole decision as JSON; where asked for |
/// | `unknowns` | the names of results, and the ids of rules, that are not known; null where all is |
/// | `missing` | the fields for want of which they are not; null where all is known |
/// | `errors` | what failed, and for a refused row all of its problems, with the code `refused`; null where nothing did |
///
/// A result is null where there is none, where it is not known, and where the row is refused: the last three columns
/// tell these apart. Amounts are decimals, choices dictionaries, dates `date32`, instants UTC. A result that has the name
/// of another column is called `results.NAME`.
///
/// ```
/// # use std::sync::Arc;
/// # use arrow_array::cast::AsArray;
/// # use arrow_array::{Decimal128Array, RecordBatch, StringArray};
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
/// # pack: small
/// # version: 1.0.0
/// # format: 1
/// # currency: USD
/// # time_zone: America/New_York
/// # records:
/// #   case:
/// #     fields:
/// #       case_id: {type: text, key: true}
/// #       balance: {type: money}
/// # segmentation:
/// #   outputs: {segment: [large, small]}
/// #   grid: |
/// #     | row       | balance | then segment |
/// #     |-----------|---------|--------------|
/// #     | large     | >= 5000 | large        |
/// #     | otherwise |         | small        |
/// # "#)])?;
/// let balances = Decimal128Array::from(vec![12_000_00, 80_50]).with_precision_and_scale(12, 2)?;
/// let table = RecordBatch::try_from_iter([
///     ("case_id", Arc::new(StringArray::from(vec!["A-1", "A-2"])) as _),
///     ("balance", Arc::new(balances) as _),
/// ])?;
/// let options = recoup::ArrowOptions::at("2026-09-07T18:00:00-04:00".parse()?);
/// let decided = engine.arrow(&table.schema(), &options)?.evaluate(&[table])?;
/// let segments = decided[0].column_by_name("segment").unwrap().as_dictionary::<arrow_array::types::Int32Type>();
/// assert_eq!(segments.downcast_dict::<StringArray>().unwrap().into_iter().flatten().collect::<Vec<_>>(), ["large", "small"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ArrowEvaluator {
    plan: ArrowPlan,
    keys: Keys,
    threads: usize,
}

/// A piece of a table that was decided.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DecidedTable<T> {
    /// The results, a row for each row of the table.
    pub table: RecordBatch,
    /// What was taken of each case that was decided.
    pub taken: Vec<T>,
}

/// What is the same for all pieces of all tables.
#[derive(Debug)]
struct ArrowPlan {
    engine: Engine,
    evaluator: Evaluator,
    schema: SchemaRef,
    reader: Reader,
    results: Results,
    /// The column of the keys.
    key: usize,
    /// The column of the states.
    states: Option<usize>,
    /// The rows and rules of the pack, in its order.
    rule_ids: Vec<String>,
    options: ArrowOptions,
}

impl ArrowOptions {
    /// All results at an instant, on all processors.
    pub fn at(as_of: DateTime<Utc>) -> ArrowOptions {
        ArrowOptions { as_of, results: None, states: None, fired: false, decisions: false, threads: None }
    }

    /// Only these results, in this order. `unknowns`, `missing` and `errors` are there always.
    pub fn results(self, results: impl IntoIterator<Item = impl Into<String>>) -> ArrowOptions {
        ArrowOptions { results: Some(results.into_iter().map(Into::into).collect()), ..self }
    }

    /// The column with the cases' states, as JSON. A case whose state is null begins.
    pub fn states(self, column: impl Into<String>) -> ArrowOptions {
        ArrowOptions { states: Some(column.into()), ..self }
    }

    /// With a column of the rows and rules that fired.
    pub fn fired(self) -> ArrowOptions {
        ArrowOptions { fired: true, ..self }
    }

    /// With a column of the whole decisions, as JSON: the bytes of [`crate::Decision::to_json`].
    pub fn decisions(self) -> ArrowOptions {
        ArrowOptions { decisions: true, ..self }
    }

    /// On so many threads.
    pub fn threads(self, threads: NonZero<usize>) -> ArrowOptions {
        ArrowOptions { threads: Some(threads), ..self }
    }
}

impl From<Vec<Problem>> for TableError {
    fn from(problems: Vec<Problem>) -> TableError {
        TableError { problems }
    }
}

impl Engine {
    /// Room to decide tables of this schema.
    ///
    /// # Errors
    /// All that is wrong with the columns, the options, or the instant. A schema that fits is never refused for a row.
    pub fn arrow(&self, schema: &Schema, options: &ArrowOptions) -> Result<ArrowEvaluator, TableError> {
        let alone = |error: Error| TableError { problems: vec![Problem::new("", error.to_string(), None)] };
        let evaluator = self.evaluator(options.as_of).map_err(alone)?;
        let pack = self.planned();
        let beside: Vec<&str> = options.states.iter().map(String::as_str).collect();
        let mut problems = Vec::new();
        if let Some(states) = &options.states {
            problems.extend(states_problem(self, schema, states));
        }
        problems.extend(fit::problems(&pack.checked.record, schema, &beside));
        let key = pack.checked.record.key_index().and_then(|index| pack.checked.record.fields.get(index));
        let key = key.and_then(|field| schema.index_of(&field.name).ok());
        let results = Results::new(pack, schema, key.unwrap_or(usize::MAX), options);
        let results = match (results, problems.is_empty()) {
            (Ok(results), true) => results,
            (results, _) => {
                problems.extend(results.err().unwrap_or_default());
                return Err(problems.into());
            }
        };
        let reader = Reader::new(schema, asked(self, options.as_of));
        let states = options.states.as_ref().and_then(|name| schema.index_of(name).ok());
        let usual = || thread::available_parallelism().map_or(1, NonZero::get);
        let threads = options.threads.map_or_else(usual, NonZero::get);
        let plan = ArrowPlan {
            engine: self.clone(),
            evaluator,
            schema: Arc::new(schema.clone()),
            reader,
            results,
            key: key.unwrap_or(usize::MAX),
            states,
            rule_ids: self.rule_ids(),
            options: options.clone(),
        };
        Ok(ArrowEvaluator { plan, keys: Keys::default(), threads })
    }
}

fn states_problem(engine: &Engine, schema: &Schema, states: &str) -> Option<Problem> {
    let record = &engine.planned().checked.record;
    let names = || schema.fields().iter().map(|column| column.name().as_str());
    if record.index_of(states).is_some() {
        let help = "give the states in a column of their own".to_owned();
        return Some(Problem::new(states, "this column is a field of the case, and holds no states", Some(help)));
    }
    match schema.field_with_name(states) {
        Err(_) => {
            let help = crate::diagnostic::did_you_mean(states, names());
            Some(Problem::new(states, format!("the table has no column `{states}` with states"), help))
        }
        Ok(column) if !fit::is_text(column.data_type()) && *column.data_type() != arrow_schema::DataType::Null => {
            let message = format!("states are JSON text, but this is {}", column.data_type());
            Some(Problem::new(states, message, None))
        }
        Ok(_) => None,
    }
}

/// What reading asks, at an instant.
fn asked(engine: &Engine, as_of: DateTime<Utc>) -> Asked<'_> {
    let pack = engine.planned();
    let today = crate::calendar::date_at(as_of, pack.checked.header.zone);
    let currency = Some(pack.checked.header.currency.as_str());
    let surroundings = crate::record::Surroundings { as_of, today, currency };
    let kernels = crate::eval::Vectors::widest().kernels();
    Asked { pack, surroundings, kernels: kernels.unwrap_or(crate::eval::column::kernels::Kernels::Portable) }
}

impl ArrowEvaluator {
    /// The schema of what is decided. It follows from the pack, the options, and the type of the key's column.
    pub fn schema(&self) -> &SchemaRef {
        &self.plan.results.schema
    }

    /// Decides tables: what comes out has their rows in their order, in pieces. A key that stood in an earlier row, of
    /// this call or one before, makes its row refused.
    ///
    /// # Errors
    /// Where a table has another schema, or a text column would grow beyond 2 GiB.
    pub fn evaluate(&mut self, tables: &[RecordBatch]) -> Result<Vec<RecordBatch>, Error> {
        let decided = self.run(tables, &|| false, None::<&fn(&Evaluation, &DecisionWriter)>)?;
        Ok(decided.into_iter().flatten().map(|piece| piece.table).collect())
    }

    /// The same, but stops with nothing when `stop` says so. It is asked every few thousand rows, on the thread of the
    /// caller.
    ///
    /// # Errors
    /// As [`ArrowEvaluator::evaluate`].
    pub fn evaluate_until(
        &mut self,
        tables: &[RecordBatch],
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<Vec<RecordBatch>>, Error> {
        let decided = self.run(tables, stop, None::<&fn(&Evaluation, &DecisionWriter)>)?;
        Ok(decided.map(|pieces| pieces.into_iter().map(|piece| piece.table).collect()))
    }

    /// Decides tables, and takes of each case that is decided what `take` makes of it, in the order of the rows; of a
    /// refused row nothing is taken. The writer has just written the case's line: [`DecisionWriter::fired`] and the
    /// others tell of it. Takes as long as deciding case by case.
    ///
    /// # Errors
    /// As [`ArrowEvaluator::evaluate`].
    pub fn evaluate_each<T: Send>(
        &mut self,
        tables: &[RecordBatch],
        take: impl Fn(&Evaluation, &DecisionWriter) -> T + Sync,
    ) -> Result<Vec<DecidedTable<T>>, Error> {
        Ok(self.run(tables, &|| false, Some(&take))?.unwrap_or_default())
    }

    fn run<T: Send, F: Fn(&Evaluation, &DecisionWriter) -> T + Sync>(
        &mut self,
        tables: &[RecordBatch],
        stop: &dyn Fn() -> bool,
        take: Option<&F>,
    ) -> Result<Option<Vec<DecidedTable<T>>>, Error> {
        let plan = &self.plan;
        let has_other_columns = |table: &RecordBatch| {
            table.schema_ref() != &plan.schema && table.schema_ref().fields() != plan.schema.fields()
        };
        if tables.iter().any(has_other_columns) {
            return Err(Error::new("the tables differ in their columns"));
        }
        let keys: Vec<_> = tables.iter().filter_map(|table| table.columns().get(plan.key)).collect();
        let repeated = self.keys.add(&keys).into_iter().map(Arc::<[Repeated]>::from);
        let mut pieces = Vec::new();
        for (table, repeated) in tables.iter().zip(repeated) {
            let dictionaries = Arc::new(plan.reader.dictionaries(table, asked(&plan.engine, plan.options.as_of)));
            for start in (0..table.num_rows()).step_by(PIECE) {
                pieces.push(Piece {
                    table,
                    dictionaries: dictionaries.clone(),
                    rows: start..table.num_rows().min(start + PIECE),
                    repeated: repeated.clone(),
                });
            }
        }
        decide(plan, &pieces, self.threads, stop, take)
    }
}

/// Decides pieces on several threads; they come back in their order.
fn decide<T: Send, F: Fn(&Evaluation, &DecisionWriter) -> T + Sync>(
    plan: &ArrowPlan,
    pieces: &[Piece<'_>],
    threads: usize,
    stop: &dyn Fn() -> bool,
    take: Option<&F>,
) -> Result<Option<Vec<DecidedTable<T>>>, Error> {
    let (next, is_stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let decided: Mutex<Vec<Option<DecidedTable<T>>>> = Mutex::new(pieces.iter().map(|_| None).collect());
    let failed = Mutex::new(None);
    let work = |stop: &dyn Fn() -> bool| {
        let mut worker = Worker::new(plan);
        let is_stopped = || {
            if stop() {
                is_stopped.store(true, Ordering::Relaxed);
            }
            is_stopped.load(Ordering::Relaxed)
        };
        while let Some((index, piece)) = {
            let index = next.fetch_add(1, Ordering::Relaxed);
            pieces.get(index).map(|piece| (index, piece))
        } {
            let mut taken = Vec::new();
            let mut take = take
                .map(|take| |evaluation: &Evaluation, writer: &DecisionWriter| taken.push(take(evaluation, writer)));
            let take = take.as_mut().map(|take| take as &mut dyn FnMut(&Evaluation, &DecisionWriter));
            match worker.decide(piece, &is_stopped, take) {
                Ok(Some(table)) => {
                    let mut decided = decided.lock().unwrap_or_else(PoisonError::into_inner);
                    if let Some(to) = decided.get_mut(index) {
                        *to = Some(DecidedTable { table, taken });
                    }
                }
                Ok(None) => return,
                Err(error) => {
                    next.store(pieces.len(), Ordering::Relaxed);
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                }
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(pieces.len()) {
            scope.spawn(|| work(&|| false));
        }
        // Only the caller's own thread asks whether to stop.
        work(stop);
    });
    if let Some(error) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(Error::new(error.to_string()));
    }
    // Nothing where a piece is missing: the work was stopped.
    Ok(decided.into_inner().unwrap_or_else(PoisonError::into_inner).into_iter().collect())
}
