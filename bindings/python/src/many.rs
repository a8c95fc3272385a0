//! Many cases, one after the other.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use pyo3::exceptions::{PyKeyError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyString};
use recoup::State;

use crate::engine::{Case, Loaded};
use crate::states;
use crate::values::{self, described};

/// Decides the records of an iterable, in their order, each when it is asked for.
#[pyclass(frozen, module = "recoup._recoup")]
pub(crate) struct Decisions {
    records: Py<PyIterator>,
    states: GivenStates,
    input: Option<String>,
    loaded: Arc<Loaded>,
    as_of: DateTime<Utc>,
}

/// The states of many cases, as a host gives them.
pub(crate) enum GivenStates {
    None,
    /// A mapping from the keys of cases.
    ByKey(Py<PyAny>),
    /// One for each record, in their order.
    InOrder(Py<PyIterator>),
}

impl GivenStates {
    /// The states that an argument says.
    ///
    /// # Errors
    /// `TypeError` where it is neither a mapping nor an iterable.
    pub(crate) fn of(states: &Bound<'_, PyAny>) -> PyResult<GivenStates> {
        if states.is_instance(values::mapping(states.py())?)? {
            return Ok(GivenStates::ByKey(states.clone().unbind()));
        }
        match states.try_iter() {
            Ok(states_in_order) if states.cast::<PyString>().is_err() => {
                Ok(GivenStates::InOrder(states_in_order.unbind()))
            }
            _ => {
                let message = format!(
                    "`states` is a mapping from the keys of cases, or one state for each record, not {}",
                    described(states)
                );
                Err(PyTypeError::new_err(message))
            }
        }
    }

    /// The state that belongs to the record that was taken last, where states are given in the order of records.
    fn next<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self {
            GivenStates::InOrder(states) => match states.bind(py).clone().next() {
                Some(state) => state.map(Some),
                None => {
                    Err(PyValueError::new_err("there are fewer states than records: give `None` where there is none"))
                }
            },
            _ => Ok(None),
        }
    }

    /// The state of the case with this key.
    fn of_case(&self, py: Python<'_>, key: &str, next: Option<Bound<'_, PyAny>>) -> PyResult<Option<State>> {
        let state = match self {
            GivenStates::ByKey(states) => match states.bind(py).get_item(key) {
                Ok(state) => Some(state),
                Err(error) if error.is_instance_of::<PyKeyError>(py) => None,
                Err(error) => return Err(error),
            },
            _ => next,
        };
        match state.filter(|state| !state.is_none()) {
            Some(state) => match state.cast::<PyString>() {
                Ok(text) => states::read(py, text.to_cow()?.as_ref()).map(Some),
                Err(_) => Err(PyTypeError::new_err(format!("a state is text, not {}", described(&state)))),
            },
            None => Ok(None),
        }
    }
}

impl Decisions {
    /// The decisions of these records, all by the same pack.
    pub(crate) fn new(
        records: Py<PyIterator>,
        states: GivenStates,
        input: Option<String>,
        loaded: Arc<Loaded>,
        as_of: DateTime<Utc>,
    ) -> Decisions {
        Decisions { records, states, input, loaded, as_of }
    }
}

#[pymethods]
impl Decisions {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    /// The next decision, or why its record or its state is refused.
    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        let Some(record) = self.records.bind(py).clone().next() else { return Ok(None) };
        let record = record?;
        let next = self.states.next(py)?;
        let case = Case { record: &record, input: self.input.as_deref(), as_of: self.as_of };
        match self.loaded.decide(&case, |key| self.states.of_case(py, key, next)) {
            Ok(decision) => Ok(Some(Bound::new(py, decision)?.into_any().unbind())),
            Err(error) if error.value(py).is_instance(values::record_error_class(py)?)? => {
                Ok(Some(error.into_value(py).into_any()))
            }
            Err(error) => Err(error),
        }
    }
}
