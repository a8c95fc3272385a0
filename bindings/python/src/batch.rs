//! Tables of cases by the Arrow PyCapsule interface: polars, pandas, pyarrow, DuckDB in, a table for any of them out.
//!
//! Columns are shared with whoever made them, not copied. The interpreter is let go while the table is read and decided.

use std::cell::Cell;
use std::num::NonZero;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchReader, StructArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use chrono::{DateTime, Utc};
use pyo3::exceptions::{PyKeyboardInterrupt, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};
use pyo3_arrow::input::{AnyArray, AnyRecordBatch};
use recoup::ArrowOptions;

use crate::engine::Loaded;
use crate::errors::table_error;
use crate::functions::let_go;
use crate::values::{self, described};

/// How often a long call looks whether somebody pressed Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);
/// The column of states that were given beside the table.
const STATES: &str = "states";

/// What a table is decided with.
pub(crate) struct Wanted {
    pub(crate) as_of: DateTime<Utc>,
    pub(crate) results: Option<Vec<String>>,
    pub(crate) fired: bool,
    pub(crate) decisions: bool,
    pub(crate) threads: Option<usize>,
}

/// A decided table. It goes to whoever takes Arrow tables: `polars.DataFrame(table)`, `pyarrow.table(table)`.
#[pyclass(frozen, module = "recoup._recoup")]
pub(crate) struct Table {
    schema: SchemaRef,
    pieces: Vec<RecordBatch>,
}

#[pymethods]
impl Table {
    /// The names of the columns.
    #[getter]
    fn column_names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.schema.fields().iter().map(|column| column.name().as_str()))
    }

    fn __len__(&self) -> usize {
        self.pieces.iter().map(RecordBatch::num_rows).sum()
    }

    fn __repr__(&self) -> String {
        let columns: Vec<&str> = self.schema.fields().iter().map(|column| column.name().as_str()).collect();
        format!("<recoup.Table of {} rows: {}>", self.__len__(), columns.join(", "))
    }

    /// The table's schema, as the Arrow PyCapsule interface has it.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        to_schema_pycapsule(py, self.schema.as_ref()).map_err(PyErr::from)
    }

    /// The table, as the Arrow PyCapsule interface has it. It can be asked for again and again.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyResult<Bound<'py, PyCapsule>> {
        let field = Field::new_struct("", self.schema.fields().clone(), false);
        let pieces: Vec<Result<ArrayRef, ArrowError>> =
            self.pieces.iter().map(|piece| Ok(Arc::new(StructArray::from(piece.clone())) as ArrayRef)).collect();
        let reader = Box::new(ArrayIterator::new(pieces, Arc::new(field)));
        to_stream_pycapsule(py, reader, requested_schema).map_err(PyErr::from)
    }
}

/// Decides a table. `states` names one of its columns, or holds the states row by row.
///
/// # Errors
/// `TableError` where the columns do not fit; what the table raises when it is read; `KeyboardInterrupt`.
pub(crate) fn evaluate(
    loaded: &Loaded,
    table: &Bound<'_, PyAny>,
    states: Option<&Bound<'_, PyAny>>,
    wanted: Wanted,
) -> PyResult<Table> {
    let py = table.py();
    if !(table.hasattr("__arrow_c_stream__")? || table.hasattr("__arrow_c_array__")?) {
        return Err(PyTypeError::new_err(format!(
            "`table` is a table of polars, pandas, pyarrow or DuckDB, but this is {}; `evaluate_many` takes records",
            described(table)
        )));
    }
    let readable = values::readable(py)?.call1((table,))?;
    let reader = readable.extract::<AnyRecordBatch>()?.into_reader()?;
    let (schema, tables) = let_go(py, || rows(reader))?.map_err(arrow_error)?;
    let mut options = ArrowOptions::at(wanted.as_of);
    let (schema, tables) = match states {
        None => (schema, tables),
        Some(states) => match states.extract::<String>() {
            Ok(column) => {
                options = options.states(column);
                (schema, tables)
            }
            Err(_) => {
                options = options.states(STATES);
                with_states(schema, tables, states)?
            }
        },
    };
    if let Some(results) = wanted.results {
        options = options.results(results);
    }
    if wanted.fired {
        options = options.fired();
    }
    if wanted.decisions {
        options = options.decisions();
    }
    if let Some(threads) = wanted.threads {
        let threads = NonZero::new(threads).ok_or_else(|| PyValueError::new_err("`threads` is at least 1"))?;
        options = options.threads(threads);
    }
    let decided = let_go(py, || {
        let mut evaluator = loaded.engine.arrow(&schema, &options)?;
        let looked = Cell::new(Instant::now());
        let interrupted = Cell::new(None);
        let stop = || {
            if looked.get().elapsed() < LOOK {
                return false;
            }
            looked.set(Instant::now());
            let signals = Python::attach(|py| py.check_signals());
            let is_interrupted = signals.is_err();
            interrupted.set(signals.err());
            is_interrupted
        };
        let pieces = evaluator.evaluate_until(&tables, &stop);
        Ok((evaluator.schema().clone(), pieces, interrupted.into_inner()))
    })?;
    let decided = decided.map_err(|error: recoup::TableError| table_error(py, &error));
    match decided? {
        (_, _, Some(interrupted)) => Err(interrupted),
        (schema, Ok(Some(pieces)), None) => Ok(Table { schema, pieces }),
        (_, Ok(None), None) => Err(PyKeyboardInterrupt::new_err(())),
        (_, Err(error), None) => Err(PyValueError::new_err(error.to_string())),
    }
}

/// All rows of a table, with its columns.
fn rows(reader: Box<dyn RecordBatchReader + Send>) -> Result<(SchemaRef, Vec<RecordBatch>), ArrowError> {
    let schema = reader.schema();
    let tables = reader.collect::<Result<Vec<RecordBatch>, ArrowError>>()?;
    Ok((schema, tables))
}

/// The table with a column of states more.
fn with_states(
    schema: SchemaRef,
    tables: Vec<RecordBatch>,
    states: &Bound<'_, PyAny>,
) -> PyResult<(SchemaRef, Vec<RecordBatch>)> {
    if !(states.hasattr("__arrow_c_stream__")? || states.hasattr("__arrow_c_array__")?) {
        return Err(PyTypeError::new_err(format!(
            "`states` is the name of a column, or a column of polars, pandas or pyarrow, but this is {}",
            described(states)
        )));
    }
    let readable = values::readable(states.py())?.call1((states,))?;
    let (chunks, _) = readable.extract::<AnyArray>()?.into_chunked_array().map_err(PyErr::from)?.into_inner();
    let (given, rows) = (chunks.iter().map(|chunk| chunk.len()).sum(), tables.iter().map(RecordBatch::num_rows).sum());
    if given != rows {
        let (given, rows): (usize, usize) = (given, rows);
        return Err(PyValueError::new_err(format!("there are {given} states for {rows} rows")));
    }
    let data = chunks.first().map_or(DataType::Utf8, |chunk| chunk.data_type().clone());
    let mut fields: Vec<Arc<Field>> = schema.fields().iter().cloned().collect();
    fields.push(Arc::new(Field::new(STATES, data, true)));
    let schema = Arc::new(Schema::new(fields));
    let mut joined = Vec::new();
    // Both are cut where either of them is.
    let mut chunks = chunks.into_iter();
    let (mut chunk, mut used) = (chunks.next(), 0);
    for table in tables {
        let mut at = 0;
        while at < table.num_rows() {
            let Some(states) = &chunk else { break };
            let count = (table.num_rows() - at).min(states.len() - used);
            if count == 0 {
                (chunk, used) = (chunks.next(), 0);
                continue;
            }
            let mut columns: Vec<ArrayRef> = table.slice(at, count).columns().to_vec();
            columns.push(states.slice(used, count));
            joined.push(RecordBatch::try_new(schema.clone(), columns).map_err(arrow_error)?);
            (at, used) = (at + count, used + count);
        }
    }
    Ok((schema, joined))
}

fn arrow_error(error: ArrowError) -> PyErr {
    PyValueError::new_err(format!("the table cannot be read: {error}"))
}
