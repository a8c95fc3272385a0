//! Callables of Python as functions of the host: values cross exactly, exceptions become errors of the rule.

use std::cell::RefCell;
use std::sync::Arc;

use pyo3::exceptions::{PyException, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use recoup::LoadOptions;
use recoup::host::{HostError, HostFunction, HostHint, HostValue};
use rust_decimal::Decimal;

use crate::values::{self, Number, date_object, described, instant_object, instant_text, number};

/// What a host supplies.
pub(crate) type Functions = Vec<Supplied>;

/// A function of the host: its name, what is called, and what that says of itself.
#[derive(FromPyObject)]
pub(crate) struct Supplied {
    pub(crate) name: String,
    pub(crate) called: Py<PyAny>,
    /// The fewest and the most arguments by position.
    counts: Option<(usize, Option<usize>)>,
    parameters: Vec<Hint>,
    gives: Hint,
}

/// A type hint: the word of packs, whether there may be none, whether it may be unknown.
#[derive(FromPyObject)]
struct Hint(String, bool, bool);

thread_local! {
    /// What a callable raised that is no error of a rule: Ctrl-C, or the end of the process.
    static STOPPED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Lets the interpreter go while the engine works, and raises what stopped a callable meanwhile.
///
/// # Errors
/// `KeyboardInterrupt`, `SystemExit` and their like from a callable.
pub(crate) fn let_go<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    let result = py.detach(work);
    match STOPPED.take() {
        Some(stopped) => Err(stopped),
        None => Ok(result),
    }
}

/// The functions that `functions=` names or lists.
///
/// # Errors
/// Where a value is not callable, cannot be called with positions alone, or says types that rules do not have.
pub(crate) fn functions_of(functions: Option<&Bound<'_, PyAny>>) -> PyResult<Functions> {
    let Some(functions) = functions else { return Ok(Vec::new()) };
    values::supplied(functions.py())?.call1((functions,))?.extract()
}

/// The options of a load with these functions.
pub(crate) fn supply(py: Python<'_>, options: LoadOptions, functions: &Functions) -> LoadOptions {
    functions.iter().fold(options, |options, supplied| {
        let shared = supplied.called.clone_ref(py);
        let function = HostFunction::of_values(move |arguments| Python::attach(|py| call(shared.bind(py), arguments)));
        let function = match supplied.counts {
            Some((least, most)) => function.taking(least..=most.unwrap_or(usize::MAX)),
            None => function,
        };
        let parameters = supplied.parameters.iter().map(Hint::of_host).collect();
        options.function(supplied.name.as_str(), function.hinted(parameters, supplied.gives.of_host()))
    })
}

impl Hint {
    fn of_host(&self) -> HostHint {
        let Hint(word, maybe_none, maybe_unknown) = self;
        let hint = HostHint::of(word).unwrap_or(HostHint::ANY);
        let hint = if *maybe_none { hint.or_none() } else { hint };
        if *maybe_unknown { hint.or_unknown() } else { hint }
    }
}

/// Calls a function for a rule.
fn call(callable: &Bound<'_, PyAny>, arguments: &[HostValue]) -> Result<HostValue, HostError> {
    let py = callable.py();
    let result = arguments
        .iter()
        .map(|argument| to_python(py, argument))
        .collect::<PyResult<Vec<_>>>()
        .and_then(|arguments| callable.call1(PyTuple::new(py, arguments)?));
    match result {
        Ok(given) => to_host(&given).map_err(|error| error.unwrap_or_else(|error| said(py, &error))),
        Err(error) => Err(said(py, &error)),
    }
}

/// What an exception says, in one line: its type and its message, without where it was raised and what stood there.
fn said(py: Python<'_>, error: &PyErr) -> HostError {
    if !error.is_instance_of::<PyException>(py) {
        STOPPED.replace(Some(error.clone_ref(py)));
    }
    let kind = error.get_type(py).name().map_or_else(|_| "Exception".to_owned(), |name| name.to_string());
    let message = error.value(py).str().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default();
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    HostError(if message.is_empty() { kind } else { format!("{kind}: {message}") })
}

/// A value of a case as an object of Python.
fn to_python<'py>(py: Python<'py>, value: &HostValue) -> PyResult<Bound<'py, PyAny>> {
    let duration = |count: i64, unit: &str| values::duration_class(py)?.call1((count, unit));
    match value {
        HostValue::None => Ok(py.None().into_bound(py)),
        HostValue::Unknown => Ok(values::unknown(py)?.clone()),
        HostValue::Boolean(value) => Ok(PyBool::new(py, *value).to_owned().into_any()),
        HostValue::Integer(value) => Ok(value.into_pyobject(py)?.into_any()),
        HostValue::Decimal(value) | HostValue::Money(value) | HostValue::Percent(value) => {
            values::decimal(py)?.call1((value.to_string(),))
        }
        HostValue::Text(text) => Ok(PyString::new(py, text).into_any()),
        HostValue::Date(day) => date_object(py, *day),
        HostValue::Timestamp(at) => instant_object(py, *at),
        HostValue::Days(count) => duration(*count, "days"),
        HostValue::Months(count) => duration(*count, "months"),
        HostValue::BusinessDays(count) => duration(*count, "business_days"),
        HostValue::Seconds(count) => duration(*count, "seconds"),
        HostValue::Zone(name) => values::zone(py)?.call1((&**name,)),
        HostValue::List(items) => {
            let items = items.iter().map(|item| to_python(py, item)).collect::<PyResult<Vec<_>>>()?;
            Ok(PyList::new(py, items)?.into_any())
        }
        HostValue::Record(parts) => {
            let record = PyDict::new(py);
            for (name, part) in parts {
                record.set_item(&**name, to_python(py, part)?)?;
            }
            Ok(record.into_any())
        }
        other => Err(PyTypeError::new_err(format!("this version cannot give {other:?} to Python"))),
    }
}

/// An object that a callable gave, as a value of a case: refused in words, or by what the object itself raises.
fn to_host(given: &Bound<'_, PyAny>) -> Result<HostValue, Result<HostError, PyErr>> {
    let py = given.py();
    let refused = |message: &str| Err(Ok(HostError(format!("it gives {}: {message}", described(given)))));
    let is = |class: PyResult<&Bound<'_, PyAny>>| class.and_then(|class| given.is_instance(class)).map_err(Err);
    if given.is_none() {
        return Ok(HostValue::None);
    }
    if is(values::unknown_class(py))? {
        return Ok(HostValue::Unknown);
    }
    if is(values::enumeration(py))? {
        return to_host(&given.getattr("value").map_err(Err)?);
    }
    if let Ok(value) = given.cast::<PyBool>() {
        return Ok(HostValue::Boolean(value.is_true()));
    }
    if given.cast::<PyFloat>().is_ok() {
        return refused("a float does not hold exact numbers, so use `decimal.Decimal`");
    }
    if given.cast::<PyInt>().is_ok() {
        return match given.extract() {
            Ok(value) => Ok(HostValue::Integer(value)),
            Err(_) => refused("it is too large for an integer"),
        };
    }
    if is(values::decimal(py))? {
        return match number(given).map_err(Err)? {
            Number::Text(text) => match Decimal::from_str_exact(&text) {
                Ok(value) => Ok(HostValue::Decimal(value)),
                Err(_) => refused("numbers have at most 28 digits"),
            },
            Number::NotFinite => refused("it is not a number"),
            Number::TooWide => refused("numbers have at most 28 digits"),
        };
    }
    if let Ok(text) = given.cast::<PyString>() {
        return Ok(HostValue::Text(Arc::from(&*text.to_cow().map_err(Err)?)));
    }
    if let Ok(value) = given.cast::<PyDateTime>() {
        return match instant_text(value).map_err(Err)? {
            Ok(text) => match text.parse() {
                Ok(at) => Ok(HostValue::Timestamp(at)),
                Err(_) => refused("it is no instant"),
            },
            Err(wrong) => refused(wrong.said().0),
        };
    }
    if given.cast::<PyDate>().is_ok() {
        let text: String = given.call_method0("isoformat").and_then(|text| text.extract()).map_err(Err)?;
        return match text.parse() {
            Ok(day) => Ok(HostValue::Date(day)),
            Err(_) => refused("it is no day"),
        };
    }
    if is(values::duration_class(py))? {
        let part = |name: &str| given.getattr(name).map_err(Err);
        let count: i64 = part("count")?.extract().map_err(|error: PyErr| Err(error))?;
        let unit: String = part("unit")?.extract().map_err(|error: PyErr| Err(error))?;
        return match unit.as_str() {
            "days" => Ok(HostValue::Days(count)),
            "months" => Ok(HostValue::Months(count)),
            "business_days" => Ok(HostValue::BusinessDays(count)),
            _ => Ok(HostValue::Seconds(count)),
        };
    }
    if is(values::zone(py))? {
        let name: String = given.str().and_then(|name| name.extract()).map_err(Err)?;
        return Ok(HostValue::Zone(Arc::from(name)));
    }
    if given.cast::<PyList>().is_ok() || given.cast::<PyTuple>().is_ok() {
        let items = given.try_iter().map_err(Err)?.map(|item| to_host(&item.map_err(Err)?));
        return items.collect::<Result<Vec<_>, _>>().map(HostValue::List);
    }
    refused("rules take text, numbers, `Decimal`, `date`, aware `datetime`, `recoup.Duration`, lists and `None`")
}
