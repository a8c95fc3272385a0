//! Numbers, days and instants between Python and Rust, exactly, and the classes of Python that the module uses.

use std::sync::Mutex;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDate, PyDateTime};
use recoup::Problem;

use crate::errors::record_error;
use crate::fill::micros;

/// The functions that give a class of Python, imported once.
macro_rules! imported {
    ($($(#[$about:meta])* $name:ident = $module:literal $attribute:literal;)*) => {$(
        $(#[$about])*
        pub(crate) fn $name<'py>(py: Python<'py>) -> PyResult<&'py Bound<'py, PyAny>> {
            static CELL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            CELL.import(py, $module, $attribute)
        }
    )*};
}

imported! {
    decimal = "decimal" "Decimal";
    enumeration = "enum" "Enum";
    date = "datetime" "date";
    instant = "recoup._values" "_instant";
    utc = "datetime" "UTC";
    zone = "zoneinfo" "ZoneInfo";
    uuid = "uuid" "UUID";
    mapping = "collections.abc" "Mapping";
    loads = "json" "loads";
    unpickled = "recoup._functions" "_unpickled";
    readable = "recoup._tables" "_readable";
    watcher = "recoup._watch" "Watcher";
    supplied = "recoup._functions" "_supplied";
    unknown_class = "recoup._values" "Unknown";
    unknown = "recoup._values" "UNKNOWN";
    failed_class = "recoup._values" "Failed";
    duration_class = "recoup._values" "Duration";
    part_class = "recoup._values" "Part";
    plain = "recoup._values" "_plain";
    no_name = "recoup._values" "_no_name";
    offer_check = "recoup._reports" "_offer_check";
    contact_check = "recoup._reports" "_contact_check";
    test_report = "recoup._reports" "TestReport";
    test_result = "recoup._reports" "TestResult";
    coverage = "recoup._reports" "Coverage";
    diagnostic = "recoup._errors" "Diagnostic";
    problem = "recoup._errors" "Problem";
    pack_error_class = "recoup._errors" "PackError";
    record_error_class = "recoup._errors" "RecordError";
    state_error_class = "recoup._errors" "StateError";
    table_error_class = "recoup._errors" "TableError";
}

/// Exponents beyond this are not written out: numbers have at most 28 digits and 28 decimals.
const WIDEST: i64 = 60;

/// What a Python `Decimal` is to recoup.
pub(crate) enum Number {
    /// Its digits, written out.
    Text(String),
    /// Not a number, or infinite.
    NotFinite,
    /// Far beyond the numbers that there are.
    TooWide,
}

/// A Python `Decimal` written out, without an exponent.
pub(crate) fn number(value: &Bound<'_, PyAny>) -> PyResult<Number> {
    if !value.call_method0("is_finite")?.is_truthy()? {
        return Ok(Number::NotFinite);
    }
    let exponent: i64 = value.call_method0("as_tuple")?.getattr("exponent")?.extract()?;
    if !(-WIDEST..=WIDEST).contains(&exponent) {
        return Ok(Number::TooWide);
    }
    Ok(Number::Text(value.call_method1("__format__", ("f",))?.extract()?))
}

/// A whole number of Python as text; nothing for one far beyond the numbers that there are.
pub(crate) fn integer(value: &Bound<'_, PyAny>) -> PyResult<Option<String>> {
    if let Ok(number) = value.extract::<i64>() {
        return Ok(Some(number.to_string()));
    }
    let bits: u64 = value.call_method0("bit_length")?.extract()?;
    if bits > 200 { Ok(None) } else { Ok(Some(value.call_method0("__str__")?.extract()?)) }
}

/// Why a `datetime` is no instant.
pub(crate) enum NoInstant {
    Naive,
    Outside,
}

impl NoInstant {
    /// What is wrong, and what to write instead.
    pub(crate) fn said(&self) -> (&'static str, &'static str) {
        match self {
            NoInstant::Naive => (
                "this datetime has no time zone, so it is no instant",
                "give it one: `datetime.now(timezone.utc)`, or `value.replace(tzinfo=ZoneInfo(\"America/New_York\"))`",
            ),
            NoInstant::Outside => ("this instant lies outside the years 1 to 9999", "check the year"),
        }
    }
}

/// An aware `datetime` as text of RFC 3339.
pub(crate) fn instant_text(value: &Bound<'_, PyDateTime>) -> PyResult<Result<String, NoInstant>> {
    if value.call_method0("utcoffset")?.is_none() {
        return Ok(Err(NoInstant::Naive));
    }
    match value.call_method1("astimezone", (utc(value.py())?,)) {
        Ok(value) => Ok(Ok(value.call_method0("isoformat")?.extract()?)),
        Err(error) if error.is_instance_of::<pyo3::exceptions::PyOverflowError>(value.py()) => {
            Ok(Err(NoInstant::Outside))
        }
        Err(error) => Err(error),
    }
}

/// An argument that has to be an aware `datetime`, by its name.
pub(crate) fn instant_argument(value: &Bound<'_, PyAny>, name: &str) -> PyResult<DateTime<Utc>> {
    let py = value.py();
    if let Some(micros) = micros(value)? {
        return Ok(DateTime::from_timestamp_micros(micros).unwrap_or_default());
    }
    let Ok(value) = value.cast::<PyDateTime>() else {
        let message = format!("`{name}` is an aware `datetime`, not {}", described(value));
        return Err(pyo3::exceptions::PyTypeError::new_err(message));
    };
    let refused = |wrong: NoInstant| {
        let (message, help) = wrong.said();
        let problem = Problem { path: name.to_owned(), message: message.to_owned(), help: Some(help.to_owned()) };
        record_error(py, &[problem])
    };
    let text = instant_text(value)?.map_err(refused)?;
    text.parse().map_err(|_| refused(NoInstant::Outside))
}

/// The instant that `as_of` said last, and the object that said it.
#[derive(Default)]
pub(crate) struct Moment(Mutex<Option<(Py<PyAny>, DateTime<Utc>)>>);

impl Moment {
    /// The instant that `as_of` says.
    ///
    /// # Errors
    /// As [`instant_argument`].
    #[inline]
    pub(crate) fn of(&self, as_of: &Bound<'_, PyAny>) -> PyResult<DateTime<Utc>> {
        if let Ok(last) = self.0.try_lock()
            && let Some((object, instant)) = &*last
            && object.as_ptr() == as_of.as_ptr()
        {
            return Ok(*instant);
        }
        let instant = instant_argument(as_of, "as_of")?;
        if is_fixed(as_of)? {
            let before = self.0.try_lock().ok().and_then(|mut last| last.replace((as_of.clone().unbind(), instant)));
            drop(before);
        }
        Ok(instant)
    }
}

/// Whether an instant says the same each time that it is asked: its class and its time zone's are Python's own.
fn is_fixed(instant: &Bound<'_, PyAny>) -> PyResult<bool> {
    let py = instant.py();
    Ok(instant.get_type().is(py.get_type::<PyDateTime>())
        && instant.getattr(intern!(py, "tzinfo"))?.get_type().is(utc(py)?.get_type()))
}

/// An argument that has to be a `date`, by its name.
pub(crate) fn date_argument(value: &Bound<'_, PyAny>, name: &str) -> PyResult<NaiveDate> {
    let is_date = value.cast::<PyDate>().is_ok() && value.cast::<PyDateTime>().is_err();
    let text: Option<String> = if is_date { Some(value.call_method0("isoformat")?.extract()?) } else { None };
    text.and_then(|text| text.parse().ok()).ok_or_else(|| {
        let message = format!("`{name}` is a `date`, not {}", described(value));
        pyo3::exceptions::PyTypeError::new_err(message)
    })
}

/// An amount that an argument gives: a `Decimal`, a whole number or its text. No float.
pub(crate) fn amount_argument(value: &Bound<'_, PyAny>, name: &str) -> PyResult<String> {
    let py = value.py();
    if let Ok(text) = value.extract::<String>() {
        return Ok(text);
    }
    let found = if value.is_instance(decimal(py)?)? {
        match number(value)? {
            Number::Text(text) => Some(text),
            Number::NotFinite | Number::TooWide => None,
        }
    } else if value.cast::<pyo3::types::PyInt>().is_ok() && value.cast::<pyo3::types::PyBool>().is_err() {
        integer(value)?
    } else {
        let message = format!("this is {}, not an amount", described(value));
        let help = Some("give a `decimal.Decimal`, such as `Decimal(\"600.00\")`".to_owned());
        return Err(record_error(py, &[Problem { path: name.to_owned(), message, help }]));
    };
    found.ok_or_else(|| {
        let help = Some("numbers have at most 28 digits".to_owned());
        let message = "this is not a number that is paid".to_owned();
        record_error(py, &[Problem { path: name.to_owned(), message, help }])
    })
}

/// What an object is, for messages: its type alone, never its value.
pub(crate) fn described(value: &Bound<'_, PyAny>) -> String {
    match value.get_type().name() {
        Ok(name) => format!("a `{name}`"),
        Err(_) => "something else".to_owned(),
    }
}

/// An instant as an aware `datetime`.
pub(crate) fn instant_object<'py>(py: Python<'py>, at: DateTime<Utc>) -> PyResult<Bound<'py, PyAny>> {
    instant(py)?.call1((at.to_rfc3339_opts(SecondsFormat::AutoSi, true),))
}

/// A day as a `date`.
pub(crate) fn date_object<'py>(py: Python<'py>, day: NaiveDate) -> PyResult<Bound<'py, PyAny>> {
    date(py)?.call_method1("fromisoformat", (day.format("%Y-%m-%d").to_string(),))
}
