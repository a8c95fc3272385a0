//! Dicts of Python straight into the fields of a case: no text, no tree in between.
//!
//! Takes what is plainly given: a dict with text keys, and values of exactly the types that Python itself has. Says where
//! something else is in it, or a value does not fit; then [`crate::record`] writes the record as text, and the engine
//! says what is wrong with it.

use std::collections::HashMap;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDict, PyInt, PyList, PyString, PyTuple};
use recoup::{CaseFiller, Given, ListFiller, PartFiller};

use crate::values;

/// The instants that a record may hold, in microseconds: the years 1 to 9999.
const INSTANTS: std::ops::RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;
/// The most keys that a record may have, as in text.
const KEYS: usize = 10_000;

/// Stands for a key that is passed over.
const NO_FIELD: usize = usize::MAX;

/// The keys of a case and the words of its choices, as Python holds them.
pub(crate) struct Keys {
    fields: Vec<Key>,
    by_name: HashMap<String, usize>,
    /// Whether other keys are passed over.
    passes_over: bool,
}

struct Key {
    name: String,
    /// The words of a choice.
    words: Vec<Py<PyString>>,
}

/// The keys that a dict had last, in its order, and their fields: the next dict most often has the same, and often the
/// same objects.
pub(crate) type Order = Vec<(Py<PyAny>, usize)>;

impl Keys {
    /// The keys of a pack's cases.
    pub(crate) fn of(py: Python<'_>, engine: &recoup::Engine) -> Keys {
        let interned = |text: &str| PyString::intern(py, text).unbind();
        let fields: Vec<Key> = engine
            .field_names()
            .enumerate()
            .map(|(index, name)| Key { name: name.to_owned(), words: engine.choices(index).map(interned).collect() })
            .collect();
        let by_name = fields.iter().enumerate().map(|(index, key)| (key.name.clone(), index)).collect();
        Keys { fields, by_name, passes_over: engine.passes_over_other_keys() }
    }

    /// Fills a case; whether all of it stands.
    ///
    /// # Errors
    /// What a value itself raises when it is read.
    pub(crate) fn fill(
        &self,
        record: &Bound<'_, PyDict>,
        order: &mut Order,
        case: &mut CaseFiller<'_>,
    ) -> PyResult<bool> {
        if record.len() > KEYS {
            return Ok(false);
        }
        let classes = Classes::get(record.py())?;
        for (position, (key, value)) in record.iter().enumerate() {
            let expected = order.get(position);
            let field = match expected {
                Some((object, field)) if object.as_ptr() == key.as_ptr() => *field,
                _ => {
                    let field = match self.field(&key, expected.map(|(_, field)| *field)) {
                        Some(field) => field,
                        None if self.passes_over && is_text(&key) => NO_FIELD,
                        None => return Ok(false),
                    };
                    if let Some(before) = order.get_mut(position) {
                        *before = (key.unbind(), field);
                    } else {
                        order.push((key.unbind(), field));
                    }
                    field
                }
            };
            if field == NO_FIELD {
                if !is_plain(&value) {
                    return Ok(false);
                }
                continue;
            }
            if !self.put(classes, field, &value, case)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The field with a key. It is most often the one that is expected.
    fn field(&self, key: &Bound<'_, PyAny>, expected: Option<usize>) -> Option<usize> {
        let name = key.cast_exact::<PyString>().ok()?.to_str().ok()?;
        match expected.and_then(|field| self.fields.get(field)) {
            Some(key) if key.name == name => expected,
            _ => self.by_name.get(name).copied(),
        }
    }

    #[inline]
    fn put(
        &self,
        classes: &Classes,
        field: usize,
        value: &Bound<'_, PyAny>,
        case: &mut CaseFiller<'_>,
    ) -> PyResult<bool> {
        // What most fields hold; the others are told in `Classes::give`.
        if let Ok(text) = value.cast_exact::<PyString>() {
            let words = self.fields.get(field).map_or(&[] as &[_], |key| &key.words);
            if let Some(word) = words.iter().position(|word| word.as_ptr() == text.as_ptr()) {
                return Ok(case.choose(field, word));
            }
            return Ok(text.to_str().is_ok_and(|text| case.text(field, text)));
        }
        if value.cast_exact::<PyInt>().is_ok() {
            return Ok(value.extract::<i64>().is_ok_and(|number| case.integer(field, number)));
        }
        if let Ok(value) = value.cast_exact::<PyBool>() {
            return Ok(case.boolean(field, value.is_true()));
        }
        if value.get_type_ptr().cast() == classes.decimal.as_ptr() {
            return Ok(case.number(field, value.str()?.to_str()?));
        }
        classes.give(value, &mut To::Case(case, field))
    }
}

fn is_text(value: &Bound<'_, PyAny>) -> bool {
    value.cast_exact::<PyString>().is_ok_and(|text| text.to_str().is_ok())
}

/// Whether a value that is passed over is right in itself.
fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    value.is_none()
        || is_text(value)
        || value.cast_exact::<PyBool>().is_ok()
        || value.cast_exact::<PyInt>().is_ok() && value.extract::<i64>().is_ok()
}

/// Where a value goes.
enum To<'a, 'b> {
    Case(&'a mut CaseFiller<'b>, usize),
    List(&'a mut ListFiller<'b>),
    Part(&'a mut PartFiller<'b>, &'a str),
}

impl To<'_, '_> {
    #[inline]
    fn put(&mut self, given: Given<'_>) -> bool {
        match self {
            To::Case(case, field) => case.put(*field, given),
            To::List(list) => list.put(given),
            To::Part(part, name) => part.put(name, given),
        }
    }

    fn list(&mut self, fill: impl FnOnce(&mut ListFiller<'_>) -> bool) -> bool {
        match self {
            To::Case(case, field) => case.list(*field, fill),
            To::List(list) => list.list(fill),
            To::Part(part, name) => part.list(name, fill),
        }
    }

    fn record(&mut self, fill: impl FnOnce(&mut PartFiller<'_>) -> bool) -> bool {
        match self {
            To::Case(case, field) => case.record(*field, fill),
            To::List(list) => list.record(fill),
            To::Part(part, name) => part.record(name, fill),
        }
    }
}

/// Classes whose values are told by their type alone, and what instants are counted by.
struct Classes {
    decimal: Py<PyAny>,
    date: Py<PyAny>,
    datetime: Py<PyAny>,
    unknown: Py<PyAny>,
    epoch: Py<PyAny>,
    microsecond: Py<PyAny>,
}

impl Classes {
    fn get(py: Python<'_>) -> PyResult<&'static Classes> {
        static CLASSES: PyOnceLock<Classes> = PyOnceLock::new();
        CLASSES.get_or_try_init(py, || {
            let module = py.import("datetime")?;
            let microsecond = module.getattr("timedelta")?.call1((0, 0, 1))?;
            Ok(Classes {
                decimal: values::decimal(py)?.clone().unbind(),
                date: py.get_type::<PyDate>().into_any().unbind(),
                datetime: py.get_type::<PyDateTime>().into_any().unbind(),
                unknown: values::unknown_class(py)?.clone().unbind(),
                epoch: module.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, values::utc(py)?))?.unbind(),
                microsecond: microsecond.unbind(),
            })
        })
    }

    /// Gives a value on; whether it stands.
    fn give(&self, value: &Bound<'_, PyAny>, to: &mut To<'_, '_>) -> PyResult<bool> {
        let py = value.py();
        if let Ok(text) = value.cast_exact::<PyString>() {
            return Ok(text.to_str().is_ok_and(|text| to.put(Given::Text(text))));
        }
        if value.cast_exact::<PyInt>().is_ok() {
            return Ok(value.extract::<i64>().is_ok_and(|number| to.put(Given::Integer(number))));
        }
        if let Ok(value) = value.cast_exact::<PyBool>() {
            return Ok(to.put(Given::Boolean(value.is_true())));
        }
        if value.is_none() {
            return Ok(to.put(Given::None));
        }
        let class = value.get_type_ptr().cast();
        if class == self.decimal.as_ptr() {
            let text = value.str()?;
            return Ok(to.put(Given::Number(text.to_str()?)));
        }
        if class == self.date.as_ptr() {
            return Ok(to.put(Given::Day(value.call_method0(intern!(py, "toordinal"))?.extract()?)));
        }
        if class == self.datetime.as_ptr() {
            return Ok(self.instant(value)?.is_some_and(|at| to.put(Given::Instant(at))));
        }
        if class == self.unknown.as_ptr() {
            return Ok(to.put(Given::Unknown));
        }
        if let Ok(dict) = value.cast_exact::<PyDict>() {
            return self.dict(dict, to);
        }
        if let Ok(list) = value.cast_exact::<PyList>() {
            return self.items(list.iter(), to);
        }
        if let Ok(tuple) = value.cast_exact::<PyTuple>() {
            return self.items(tuple.iter(), to);
        }
        if value.is_instance(values::enumeration(py)?)? {
            let value = value.getattr(intern!(py, "value"))?;
            return Ok(!value.is_instance(values::enumeration(py)?)? && self.give(&value, to)?);
        }
        if value.is_instance(values::uuid(py)?)? || value.is_instance(values::zone(py)?)? {
            return Ok(to.put(Given::Text(value.str()?.to_str()?)));
        }
        Ok(false)
    }

    fn items<'py>(&self, items: impl Iterator<Item = Bound<'py, PyAny>>, to: &mut To<'_, '_>) -> PyResult<bool> {
        let mut raised = Ok(());
        let stands = to.list(|list| {
            items.into_iter().all(|item| {
                self.give(&item, &mut To::List(list)).unwrap_or_else(|error| {
                    raised = Err(error);
                    false
                })
            })
        });
        raised.map(|()| stands)
    }

    fn dict(&self, dict: &Bound<'_, PyDict>, to: &mut To<'_, '_>) -> PyResult<bool> {
        let py = dict.py();
        if dict.len() == 1
            && let Some(value) = dict.get_item(intern!(py, "unknown"))?
        {
            return Ok(value.cast_exact::<PyBool>().is_ok_and(|value| value.is_true()) && to.put(Given::Unknown));
        }
        if dict.len() > KEYS {
            return Ok(false);
        }
        let mut raised = Ok(());
        let stands = to.record(|parts| {
            dict.iter().all(|(key, value)| {
                let Some(name) = key.cast_exact::<PyString>().ok().and_then(|name| name.to_str().ok()) else {
                    return false;
                };
                self.give(&value, &mut To::Part(parts, name)).unwrap_or_else(|error| {
                    raised = Err(error);
                    false
                })
            })
        });
        raised.map(|()| stands)
    }

    /// An aware `datetime` in microseconds since 1970; nothing for one that is naive, or lies too far off.
    fn instant(&self, value: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
        let py = value.py();
        let since = match value.sub(self.epoch.bind(py)) {
            Ok(since) => since,
            Err(error) if error.is_instance_of::<pyo3::exceptions::PyTypeError>(py) => return Ok(None),
            Err(error) => return Err(error),
        };
        let micros: i64 = since.floor_div(self.microsecond.bind(py))?.extract()?;
        Ok(INSTANTS.contains(&micros).then_some(micros))
    }
}

/// An aware `datetime`, exactly of that class, in microseconds since 1970; nothing for anything else.
///
/// # Errors
/// What its time zone raises.
pub(crate) fn micros(value: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    let classes = Classes::get(value.py())?;
    if value.get_type_ptr().cast() == classes.datetime.as_ptr() { classes.instant(value) } else { Ok(None) }
}
