//! Findings about packs and problems of records as exceptions of Python.

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use recoup::{Diagnostics, LoadError, Problem, RecordError, StateError, TableError};

use crate::values;

/// The findings as a tuple of `Diagnostic`.
pub(crate) fn diagnostics<'py>(py: Python<'py>, found: &Diagnostics) -> PyResult<Bound<'py, PyTuple>> {
    let class = values::diagnostic(py)?;
    let list = found.iter().map(|diagnostic| {
        let place = diagnostic.places.first();
        class.call1((
            diagnostic.code.slug(),
            diagnostic.severity.word(),
            diagnostic.message.as_str(),
            place.map(|place| place.path.as_str()),
            place.map(|place| place.line),
            place.map(|place| place.column),
            diagnostic.help.as_deref(),
        ))
    });
    PyTuple::new(py, list.collect::<PyResult<Vec<_>>>()?)
}

/// Why a pack was not loaded, as a `PackError`.
pub(crate) fn pack_error(py: Python<'_>, error: &LoadError) -> PyErr {
    let raised = || -> PyResult<PyErr> {
        let found = match error.diagnostics() {
            Some(found) => diagnostics(py, found)?,
            None => PyTuple::empty(py),
        };
        Ok(PyErr::from_value(values::pack_error_class(py)?.call1((error.to_string(), found))?))
    };
    raised().unwrap_or_else(|error| error)
}

/// Problems as a `RecordError`.
pub(crate) fn record_error(py: Python<'_>, problems: &[Problem]) -> PyErr {
    raised(py, values::record_error_class(py), problems)
}

/// The problems of a record as a `RecordError`.
pub(crate) fn refused(py: Python<'_>, error: &RecordError) -> PyErr {
    record_error(py, &error.problems)
}

/// The problems of a state as a `StateError`.
pub(crate) fn state_error(py: Python<'_>, error: &StateError) -> PyErr {
    raised(py, values::state_error_class(py), &error.problems)
}

/// The problems of a table as a `TableError`.
pub(crate) fn table_error(py: Python<'_>, error: &TableError) -> PyErr {
    raised(py, values::table_error_class(py), &error.problems)
}

fn raised<'py>(py: Python<'py>, class: PyResult<&Bound<'py, PyAny>>, problems: &[Problem]) -> PyErr {
    let raised = || -> PyResult<PyErr> {
        let one = values::problem(py)?;
        let list = problems
            .iter()
            .map(|problem| one.call1((problem.path.as_str(), problem.message.as_str(), problem.help.as_deref())));
        let list = PyTuple::new(py, list.collect::<PyResult<Vec<_>>>()?)?;
        Ok(PyErr::from_value(class?.call1((list,))?))
    };
    raised().unwrap_or_else(|error| error)
}
