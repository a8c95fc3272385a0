//! Objects of Python into the JSON text of a case: every number by its digits, never through a float.
//!
//! Takes mappings, dataclasses, named tuples, pydantic models and objects with attributes. What has no exact form is a
//! problem with its path; all are collected. Asks nothing of a pack but the names of its fields.

use pyo3::exceptions::PyAttributeError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDate, PyDateTime, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType,
};
use recoup::Problem;

use crate::shape::Shape;
use crate::values::{self, NoInstant, Number, described, instant_text, integer, number};

/// How deep a record may nest, one more than the engine takes.
const DEPTH: usize = 33;
/// What stands in the text for a value that has a problem.
const UNKNOWN: &str = r#"{"unknown":true}"#;

/// The name of a field and its value.
type Entry<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>);

/// A record as text, and what of it could not be written.
pub(crate) struct Written {
    pub(crate) json: String,
    /// Where there are any, the text is good for finding the others alone.
    pub(crate) problems: Vec<Problem>,
}

/// Writes a record.
///
/// # Errors
/// What the object itself raises when it is read.
pub(crate) fn write(record: &Bound<'_, PyAny>, shape: &Shape) -> PyResult<Written> {
    let mut writer = Writer { json: String::new(), path: String::new(), problems: Vec::new() };
    writer.value(record, Some(shape), 0)?;
    Ok(Written { json: writer.json, problems: writer.problems })
}

struct Writer {
    json: String,
    /// Where the value stands, as the engine writes paths.
    path: String,
    problems: Vec<Problem>,
}

impl Writer {
    fn value(&mut self, value: &Bound<'_, PyAny>, shape: Option<&Shape>, depth: usize) -> PyResult<()> {
        if depth > DEPTH {
            self.problem("this record nests deeper than 32", "a record that holds itself has no end");
            return Ok(());
        }
        if value.is_none() {
            self.json.push_str("null");
        } else if let Ok(text) = value.cast_exact::<PyString>() {
            self.text(text);
        } else if let Ok(dict) = value.cast_exact::<PyDict>() {
            self.dict(dict, shape, depth)?;
        } else if let Ok(list) = value.cast_exact::<PyList>() {
            self.items(list.iter(), shape, depth)?;
        } else if let Ok(value) = value.cast_exact::<PyBool>() {
            self.json.push_str(if value.is_true() { "true" } else { "false" });
        } else if value.cast_exact::<PyInt>().is_ok() {
            self.integer(value)?;
        } else if !self.scalar(value, shape, depth)? {
            self.compound(value, shape, depth)?;
        }
        Ok(())
    }

    /// Writes a value that has no parts; says whether it is one.
    fn scalar(&mut self, value: &Bound<'_, PyAny>, shape: Option<&Shape>, depth: usize) -> PyResult<bool> {
        let py = value.py();
        if is_missing(value) {
            self.problem(
                "this is no value",
                "where it is not known, give `recoup.UNKNOWN`; where there is none, `None`",
            );
        } else if value.is_instance(values::decimal(py)?)? {
            match number(value)? {
                Number::Text(text) => self.json.push_str(&text),
                Number::NotFinite => {
                    self.problem("this is not a number", "where it is not known, give `recoup.UNKNOWN`")
                }
                Number::TooWide => {
                    self.problem("this number is too large or too fine", "numbers have at most 28 digits")
                }
            }
        } else if let Ok(value) = value.cast::<PyDateTime>() {
            match instant_text(value)? {
                Ok(text) => self.quoted(&text),
                Err(NoInstant::Naive) if shape.is_some_and(|shape| shape.takes_local_times) => {
                    self.quoted(&value.call_method0("isoformat")?.extract::<String>()?);
                }
                Err(wrong) => {
                    let (message, help) = wrong.said();
                    self.problem(message, help);
                }
            }
        } else if value.cast::<PyDate>().is_ok() {
            let text: String = value.call_method0("isoformat")?.extract()?;
            self.quoted(&text);
        } else if value.is_instance(values::enumeration(py)?)? {
            self.value(&value.getattr("value")?, None, depth + 1)?;
        } else if let Ok(text) = value.cast::<PyString>() {
            self.text(text);
        } else if let Ok(value) = value.cast::<PyFloat>()
            && value.value().is_finite()
            && shape.is_some_and(|shape| shape.takes_floats)
        {
            self.json.push_str(&value.value().to_string());
        } else if let Ok(value) = value.cast::<PyFloat>() {
            let (message, help) = match value.value().is_finite() {
                true => (
                    "a float does not hold the number that was written",
                    "use `decimal.Decimal`, such as `Decimal(\"12.50\")`",
                ),
                false => (
                    "this is not a number",
                    "where it is not known, give `recoup.UNKNOWN`; where there is none, `None`",
                ),
            };
            self.problem(message, help);
        } else if value.cast::<PyInt>().is_ok() {
            self.integer(value)?;
        } else if value.is_instance(values::unknown_class(py)?)? {
            self.json.push_str(UNKNOWN);
        } else if value.is_instance(values::uuid(py)?)? || value.is_instance(values::zone(py)?)? {
            let text: String = value.str()?.extract()?;
            self.quoted(&text);
        } else if is_of_numpy(value) {
            self.value(&value.call_method0("item")?, shape, depth + 1)?;
        } else if value.cast::<PyBytes>().is_ok() || value.cast::<PyByteArray>().is_ok() {
            self.problem("bytes are no text", "decode them: `value.decode()`");
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    /// Writes a record or a list.
    fn compound(&mut self, value: &Bound<'_, PyAny>, shape: Option<&Shape>, depth: usize) -> PyResult<()> {
        let class = value.get_type();
        if let Ok(dict) = value.cast::<PyDict>() {
            return self.dict(dict, shape, depth);
        }
        if value.is_instance(values::mapping(value.py())?)? {
            let entries = value.call_method0("items")?.try_iter()?;
            let entries = entries.map(|entry| entry?.extract::<Entry<'_>>());
            return self.entries(entries, shape, depth);
        }
        if let Some(names) = declared_names(value, &class)? {
            let entries = names.into_iter().map(|name| {
                let item = value.getattr(&name)?;
                Ok((name.into_any(), item))
            });
            return self.entries(entries, shape, depth);
        }
        if let Ok(list) = value.cast::<PyList>() {
            return self.items(list.iter(), shape, depth);
        }
        if let Ok(tuple) = value.cast::<PyTuple>() {
            return self.items(tuple.iter(), shape, depth);
        }
        if value.cast::<PyType>().is_err()
            && let Some(entries) = attributes(value, shape)?
        {
            return self.entries(entries.into_iter().map(Ok), shape, depth);
        }
        let help = match shape.filter(|shape| !shape.fields.is_empty()) {
            Some(_) => "give a dict, a dataclass, a pydantic model, or an object with the fields as attributes",
            None => "give text, a number, a `Decimal`, a `date`, an aware `datetime`, a list, or `recoup.UNKNOWN`",
        };
        self.problem(&format!("{} is nothing that a record holds", described(value)), help);
        Ok(())
    }

    fn dict(&mut self, dict: &Bound<'_, PyDict>, shape: Option<&Shape>, depth: usize) -> PyResult<()> {
        self.entries(dict.iter().map(Ok), shape, depth)
    }

    fn entries<'py>(
        &mut self,
        entries: impl Iterator<Item = PyResult<Entry<'py>>>,
        shape: Option<&Shape>,
        depth: usize,
    ) -> PyResult<()> {
        self.json.push('{');
        let mut is_first = true;
        for entry in entries {
            let (key, value) = entry?;
            let Ok(key) = key.cast::<PyString>() else {
                let message = format!("the name of a field is text, but this is {}", described(&key));
                self.problems.push(Problem { path: self.path.clone(), message, help: None });
                continue;
            };
            let Ok(name) = key.to_cow() else {
                self.problems.push(not_unicode(self.path.clone()));
                continue;
            };
            if !is_first {
                self.json.push(',');
            }
            is_first = false;
            self.quoted(&name);
            self.json.push(':');
            let length = self.path.len();
            if length > 0 {
                self.path.push('.');
            }
            self.path.push_str(&name);
            self.value(&value, shape.and_then(|shape| shape.field(&name)), depth + 1)?;
            self.path.truncate(length);
        }
        self.json.push('}');
        Ok(())
    }

    fn items<'py>(
        &mut self,
        items: impl Iterator<Item = Bound<'py, PyAny>>,
        shape: Option<&Shape>,
        depth: usize,
    ) -> PyResult<()> {
        self.json.push('[');
        for (index, item) in items.enumerate() {
            if index > 0 {
                self.json.push(',');
            }
            let length = self.path.len();
            self.path.push_str(&format!("[{index}]"));
            self.value(&item, shape, depth + 1)?;
            self.path.truncate(length);
        }
        self.json.push(']');
        Ok(())
    }

    fn integer(&mut self, value: &Bound<'_, PyAny>) -> PyResult<()> {
        match integer(value)? {
            Some(text) => self.json.push_str(&text),
            None => self.problem("this number is too large", "numbers have at most 28 digits"),
        }
        Ok(())
    }

    fn text(&mut self, text: &Bound<'_, PyString>) {
        match text.to_cow() {
            Ok(text) => self.quoted(&text),
            Err(_) => {
                self.problems.push(not_unicode(self.path.clone()));
                self.json.push_str(UNKNOWN);
            }
        }
    }

    fn quoted(&mut self, text: &str) {
        self.json.push_str(&serde_json::Value::from(text).to_string());
    }

    fn problem(&mut self, message: &str, help: &str) {
        self.json.push_str(UNKNOWN);
        let (path, message) = (self.path.clone(), message.to_owned());
        self.problems.push(Problem { path, message, help: Some(help.to_owned()) });
    }
}

/// Whether this is how pandas says that a value is missing: it is neither none nor unknown until somebody says so.
fn is_missing(value: &Bound<'_, PyAny>) -> bool {
    let class = value.get_type();
    class.name().is_ok_and(|name| name == "NaTType" || name == "NAType")
        && class.module().is_ok_and(|module| module.to_string_lossy().starts_with("pandas."))
}

/// Whether this is a number or a boolean of NumPy, which has a plain one in it. Its instants have none.
fn is_of_numpy(value: &Bound<'_, PyAny>) -> bool {
    let class = value.get_type();
    let is_plain = |name: &str| ["int", "uint", "bool", "float"].iter().any(|kind| name.starts_with(kind));
    class.module().is_ok_and(|module| module == "numpy")
        && class.name().is_ok_and(|name| is_plain(&name.to_string_lossy()))
}

fn not_unicode(path: String) -> Problem {
    let message = "this text holds half of a surrogate pair, which is no letter".to_owned();
    Problem { path, message, help: Some("repair it where it was decoded".to_owned()) }
}

/// The names that the class of an object declares: of a dataclass, a pydantic model or a named tuple.
fn declared_names<'py>(
    value: &Bound<'py, PyAny>,
    class: &Bound<'py, PyType>,
) -> PyResult<Option<Vec<Bound<'py, PyString>>>> {
    if value.cast::<PyType>().is_ok() {
        return Ok(None);
    }
    if let Some(fields) = class.getattr_opt("__pydantic_fields__")? {
        let mut names = Vec::new();
        for name in fields.try_iter()? {
            names.push(name?.cast_into::<PyString>()?);
        }
        let more = value.getattr_opt("__pydantic_extra__")?.filter(|more| !more.is_none());
        if let Some(more) = more {
            for name in more.try_iter()? {
                names.push(name?.cast_into::<PyString>()?);
            }
        }
        return Ok(Some(names));
    }
    if class.hasattr("__dataclass_fields__")? {
        let fields = value.py().import("dataclasses")?.call_method1("fields", (value,))?;
        let names = fields.try_iter()?.map(|field| Ok(field?.getattr("name")?.cast_into::<PyString>()?));
        return names.collect::<PyResult<_>>().map(Some);
    }
    let names = class.getattr_opt("_fields")?.filter(|_| value.cast::<PyTuple>().is_ok());
    match names {
        Some(names) => {
            names.try_iter()?.map(|name| Ok(name?.cast_into::<PyString>()?)).collect::<PyResult<_>>().map(Some)
        }
        None => Ok(None),
    }
}

/// The attributes of an object that are fields of the record; nothing where it has none of them.
fn attributes<'py>(value: &Bound<'py, PyAny>, shape: Option<&Shape>) -> PyResult<Option<Vec<Entry<'py>>>> {
    let mut entries = Vec::new();
    for (name, _) in shape.iter().flat_map(|shape| &shape.fields) {
        match value.getattr(name.as_str()) {
            Ok(item) => entries.push((PyString::new(value.py(), name).into_any(), item)),
            Err(error) if error.is_instance_of::<PyAttributeError>(value.py()) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(entries).filter(|entries| !entries.is_empty()))
}
