//! Results by their names as objects of Python, straight from an evaluation.
//!
//! Gives what [`crate::kinds`] makes of the decision's JSON, or nothing where that has to be asked.

use std::collections::HashMap;

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyString, PyTuple};
use recoup::{Evaluation, ResultValue};

use crate::values;

/// The results of a pack, and the ids of its rows and rules, as Python holds them.
pub(crate) struct Results {
    by_name: HashMap<String, usize>,
    /// The words of a choice, by result.
    words: Vec<Vec<Py<PyString>>>,
    /// The names that are attributes too.
    attributes: Vec<(Py<PyString>, usize)>,
    rules: Vec<Py<PyString>>,
}

impl Results {
    /// The results of a pack.
    pub(crate) fn of(py: Python<'_>, engine: &recoup::Engine) -> PyResult<Results> {
        let interned = |text: &str| PyString::intern(py, text).unbind();
        let named = engine.named_results();
        let own = py.get_type::<crate::decision::Decision>();
        let mut attributes = Vec::new();
        for (index, result) in named.iter().enumerate() {
            // What every decision has goes first.
            if !result.name().contains('.') && !own.hasattr(result.name())? {
                attributes.push((interned(result.name()), index));
            }
        }
        Ok(Results {
            by_name: named.iter().enumerate().map(|(index, result)| (result.name().to_owned(), index)).collect(),
            words: named.iter().map(|result| result.words().map(interned).collect()).collect(),
            attributes,
            rules: engine.rule_ids().iter().map(|id| interned(id)).collect(),
        })
    }

    /// A result by its name.
    pub(crate) fn get<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        evaluation: &Evaluation,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.by_name.get(name) {
            Some(result) => self.value(py, *result, evaluation),
            None => Ok(None),
        }
    }

    /// A result by the attribute that it is.
    #[inline]
    pub(crate) fn attribute<'py>(
        &self,
        name: &Bound<'py, PyString>,
        evaluation: &Evaluation,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        match self.attributes.iter().find(|(known, _)| known.as_ptr() == name.as_ptr()) {
            Some((_, result)) => self.value(name.py(), *result, evaluation),
            None => Ok(None),
        }
    }

    fn value<'py>(
        &self,
        py: Python<'py>,
        result: usize,
        evaluation: &Evaluation,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(value) = evaluation.result(result) else { return Ok(None) };
        Ok(match value {
            ResultValue::None => Some(py.None().into_bound(py)),
            ResultValue::Boolean(value) => Some(PyBool::new(py, value).to_owned().into_any()),
            ResultValue::Integer(value) => Some(value.into_bound_py_any(py)?),
            ResultValue::Number(text) => Some(values::decimal(py)?.call1((text,))?),
            ResultValue::Text(text) => Some(PyString::new(py, text).into_any()),
            ResultValue::Choice(word) => {
                let words = self.words.get(result);
                words.and_then(|words| words.get(word)).map(|word| word.bind(py).clone().into_any())
            }
            _ => None,
        })
    }

    /// The ids of the rows and rules that fired.
    pub(crate) fn fired<'py>(&self, py: Python<'py>, evaluation: &Evaluation) -> PyResult<Option<Bound<'py, PyTuple>>> {
        let mut fired = Vec::new();
        if !evaluation.fired_into(&mut fired) {
            return Ok(None);
        }
        let ids: Vec<&Py<PyString>> = fired.iter().filter_map(|row| self.rules.get(*row)).collect();
        PyTuple::new(py, ids).map(Some)
    }
}
