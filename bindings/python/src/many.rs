//! Many cases, one after the other.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use pyo3::prelude::*;
use pyo3::types::PyIterator;

use crate::engine::Loaded;

/// Decides the records of an iterable, in their order, each when it is asked for.
#[pyclass(frozen, module = "recoup._recoup")]
pub(crate) struct Decisions {
    records: Py<PyIterator>,
    loaded: Arc<Loaded>,
    as_of: DateTime<Utc>,
}

impl Decisions {
    /// The decisions of these records, all by the same pack.
    pub(crate) fn new(records: Py<PyIterator>, loaded: Arc<Loaded>, as_of: DateTime<Utc>) -> Decisions {
        Decisions { records, loaded, as_of }
    }
}

#[pymethods]
impl Decisions {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    /// The next decision, or why its record is refused.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let Some(record) = self.records.bind(py).clone().next() else { return Ok(None) };
        match self.loaded.decide(&record?, None, self.as_of) {
            Ok(decision) => Ok(Some(Bound::new(py, decision)?.into_any().unbind())),
            Err(error) if error.value(py).is_instance(crate::values::record_error_class(py)?)? => {
                Ok(Some(error.into_value(py).into_any()))
            }
            Err(error) => Err(error),
        }
    }
}
