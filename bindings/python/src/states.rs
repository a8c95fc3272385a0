//! What hosts tell the state of a case: text in, the next text out.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyString;
use recoup::{Done, State, StateError};

use crate::errors::state_error;
use crate::values::{date_argument, described, instant_argument};

/// Reads a state.
///
/// # Errors
/// `StateError` with all of its problems.
pub(crate) fn read(py: Python<'_>, text: &str) -> PyResult<State> {
    State::from_json(text).map_err(|error| state_error(py, &error))
}

/// The state that an argument gives, where it gives one.
///
/// # Errors
/// `StateError` with all of its problems.
pub(crate) fn given(py: Python<'_>, text: Option<&str>) -> PyResult<Option<State>> {
    text.map(|text| read(py, text)).transpose()
}

/// The text of a state that was made, or why it was not.
pub(crate) fn written(py: Python<'_>, made: Result<State, StateError>) -> PyResult<String> {
    made.map(|state| state.to_json()).map_err(|error| state_error(py, &error))
}

/// Records that an action was carried out.
#[pyfunction]
#[pyo3(signature = (state, action, *, outcome, at))]
pub(crate) fn record(state: &str, action: &Bound<'_, PyAny>, outcome: &str, at: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = action.py();
    let step: String = part(action, "step")?.extract()?;
    let (occurrence, entry) = (part(action, "occurrence")?.extract()?, part(action, "entry")?.extract()?);
    let due = part(action, "due")?;
    // An action that was stored as JSON has the day as text.
    let due = match due.cast::<PyString>() {
        Ok(text) => text.to_cow()?.parse().map_err(|_| PyTypeError::new_err("`action.due` is no day"))?,
        Err(_) => date_argument(&due, "action.due")?,
    };
    let done = Done::of_step(&step, occurrence, due, entry);
    written(py, read(py, state)?.record(&done, outcome, instant_argument(at, "at")?))
}

/// A part of an action.
fn part<'py>(action: &Bound<'py, PyAny>, key: &str) -> PyResult<Bound<'py, PyAny>> {
    action.get_item(key).map_err(|_| {
        let found = described(action);
        PyTypeError::new_err(format!("`action` is one of `decision.actions`, but this {found} has no `{key}`"))
    })
}

/// The revision of a state: another one after each change.
#[pyfunction]
pub(crate) fn revision(py: Python<'_>, state: &str) -> PyResult<String> {
    read(py, state).map(|state| state.revision().to_owned())
}

/// Records that somebody approved an action.
#[pyfunction]
#[pyo3(signature = (state, action_id, *, by, at))]
pub(crate) fn approve(state: &str, action_id: &str, by: &str, at: &Bound<'_, PyAny>) -> PyResult<String> {
    let py = at.py();
    written(py, read(py, state)?.approve(action_id, by, instant_argument(at, "at")?))
}

/// Puts a case on hold.
#[pyfunction]
#[pyo3(signature = (state, id, *, reason, by, start, until = None))]
pub(crate) fn hold(
    state: &str,
    id: &str,
    reason: &str,
    by: &str,
    start: &Bound<'_, PyAny>,
    until: Option<&Bound<'_, PyAny>>,
) -> PyResult<String> {
    let py = start.py();
    let until = until.map(|until| date_argument(until, "until")).transpose()?;
    written(py, read(py, state)?.hold(id, reason, by, date_argument(start, "start")?, until))
}

/// Takes a hold away.
#[pyfunction]
pub(crate) fn release(py: Python<'_>, state: &str, id: &str) -> PyResult<String> {
    written(py, read(py, state)?.release(id))
}
