//! A decision as an object of Python: made once, read lazily, never changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, OnceLock};

use pyo3::IntoPyObjectExt;
use pyo3::basic::CompareOp;
use pyo3::exceptions::{PyAttributeError, PyKeyError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyTuple};
use recoup::Evaluation;

use crate::engine::Loaded;
use crate::values;

/// What a case comes to.
#[pyclass(frozen, module = "recoup._recoup", weakref)]
pub(crate) struct Decision {
    /// The exact bytes of the engine.
    json: OnceLock<String>,
    /// The same as objects of Python, made when something is read.
    whole: PyOnceLock<Py<PyAny>>,
    parts: PyOnceLock<Py<PyDict>>,
    reasons: Reasons,
}

/// Why a decision is as it is.
enum Reasons {
    /// To be told from what the evaluation kept.
    Kept(Kept),
    /// Told before the decision was pickled.
    Told(Box<Told>),
}

/// What an evaluation kept.
struct Kept {
    /// There until the decision goes.
    evaluation: Option<Box<Evaluation>>,
    made: OnceLock<Box<recoup::Decision>>,
    loaded: Arc<Loaded>,
}

impl Kept {
    /// The decision of the evaluation, put together when something asks for it.
    fn decision(&self, evaluation: &Evaluation) -> &recoup::Decision {
        self.made.get_or_init(|| Box::new(evaluation.decision()))
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        if let Some(evaluation) = self.evaluation.take() {
            self.loaded.rooms.give_back(evaluation);
        }
    }
}

/// An explanation in its three forms, and the state, as text.
#[derive(Clone, Default)]
struct Told {
    state: Option<String>,
    text: String,
    json: String,
    html: String,
}

impl Decision {
    /// The decision of a case that was just evaluated.
    pub(crate) fn new(evaluation: Box<Evaluation>, made: Option<recoup::Decision>, loaded: Arc<Loaded>) -> Decision {
        let made = made.map_or_else(OnceLock::new, |made| OnceLock::from(Box::new(made)));
        let reasons = Reasons::Kept(Kept { evaluation: Some(evaluation), made, loaded });
        Decision { json: OnceLock::new(), whole: PyOnceLock::new(), parts: PyOnceLock::new(), reasons }
    }

    /// What the evaluation kept; nothing where the decision was pickled.
    fn kept(&self) -> Option<(&Evaluation, &Kept)> {
        match &self.reasons {
            Reasons::Kept(kept) => kept.evaluation.as_deref().map(|evaluation| (evaluation, kept)),
            Reasons::Told(_) => None,
        }
    }

    fn json(&self) -> &str {
        self.json.get_or_init(|| {
            self.kept().map_or_else(String::new, |(evaluation, kept)| kept.decision(evaluation).to_json())
        })
    }

    fn whole<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let whole = self.whole.get_or_try_init(py, || {
            let parts = self.parts(py)?;
            for key in parts.keys() {
                self.part(py, &key.cast::<PyString>()?.to_cow()?)?;
            }
            values::part_class(py)?.call1((parts,)).map(Bound::unbind)
        })?;
        Ok(whole.bind(py).clone())
    }

    /// The parts by their keys: as JSON has them, until one is read.
    fn parts<'py>(&self, py: Python<'py>) -> PyResult<&Bound<'py, PyDict>> {
        let parts = self.parts.get_or_try_init(py, || {
            let parts = values::loads(py)?.call1((self.json(),))?.cast_into::<PyDict>()?;
            Ok::<_, PyErr>(parts.unbind())
        })?;
        Ok(parts.bind(py))
    }

    /// A part by its key; none where the pack has no such.
    fn part<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let Some((_, kept)) = self.kept() else { return self.whole(py)?.call_method1("get", (key,)) };
        let parts = self.parts(py)?;
        let Some(part) = parts.get_item(key)? else { return Ok(py.None().into_bound(py)) };
        // What was read before stays as it is.
        let read = kept.loaded.kinds.of_part(key).decode(&part)?;
        if !read.is(&part) {
            parts.set_item(key, &read)?;
        }
        Ok(read)
    }

    /// A part that is a list; an empty one where the pack has no such.
    fn list<'py>(&self, py: Python<'py>, key: &str) -> PyResult<Bound<'py, PyAny>> {
        let part = self.part(py, key)?;
        if part.is_none() { PyTuple::empty(py).into_bound_py_any(py) } else { Ok(part) }
    }

    /// A result by its name: of the segmentation, a score, a table or rule list, or one of its outputs.
    fn result<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Option<Bound<'py, PyAny>>> {
        if let Some((evaluation, kept)) = self.kept()
            && let Some(result) = kept.loaded.results.get(py, name, evaluation)?
        {
            return Ok(Some(result));
        }
        let found = |part: &Bound<'py, PyAny>, key: &str| -> PyResult<Option<Bound<'py, PyAny>>> {
            if part.contains(key)? { part.get_item(key).map(Some) } else { Ok(None) }
        };
        if let Some(result) = found(&self.part(py, "segmentation")?, name)? {
            return Ok(Some(result));
        }
        if let Some(score) = found(&self.part(py, "scores")?, name)? {
            return score.get_item("value").map(Some);
        }
        let results = self.part(py, "results")?;
        match name.split_once('.') {
            None => found(&results, name),
            Some((table, output)) => match found(&results, table)? {
                Some(outputs) => found(&outputs, output),
                None => Ok(None),
            },
        }
    }

    /// The names of all results.
    fn names(&self, py: Python<'_>) -> PyResult<Vec<String>> {
        let mut names = Vec::new();
        for part in ["segmentation", "scores", "results"] {
            for name in self.part(py, part)?.try_iter()? {
                names.push(name?.extract()?);
            }
        }
        Ok(names)
    }

    fn told(&self, py: Python<'_>) -> Told {
        match (&self.reasons, self.kept()) {
            (Reasons::Told(told), _) => (**told).clone(),
            (_, None) => Told::default(),
            (_, Some((evaluation, kept))) => py.detach(|| {
                let explanation = evaluation.explain();
                Told {
                    state: kept.decision(evaluation).state().map(recoup::State::to_json),
                    text: explanation.to_text(),
                    json: explanation.to_json(),
                    html: explanation.to_html(),
                }
            }),
        }
    }
}

#[pymethods]
impl Decision {
    /// The key of the case.
    #[getter]
    fn key<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "key")
    }

    /// The instant that the case was decided at.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "as_of")
    }

    /// The day of that instant at the pack's place.
    #[getter]
    fn today<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "today")
    }

    /// The pack that decided: `name`, `version`, `digest`.
    #[getter]
    fn pack<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "pack")
    }

    /// Where the case stands in its workflow; `None` where it is in none.
    #[getter]
    fn stage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "stage")
    }

    /// The outputs of the segmentation.
    #[getter]
    fn segmentation<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "segmentation")
    }

    /// The scores, each with its `value` and the `parts` that made it.
    #[getter]
    fn scores<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "scores")
    }

    /// What the host is asked to do, in the order of the steps.
    #[getter]
    fn actions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py, "actions")
    }

    /// The escalations that fired, in the order of the pack.
    #[getter]
    fn escalations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py, "escalations")
    }

    /// What the debtor is offered; `None` in a pack without incentives.
    #[getter]
    fn incentives<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "incentives")
    }

    /// What the case may be settled for; `None` in a pack without a settlement.
    #[getter]
    fn settlement<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "settlement")
    }

    /// The outputs of tables and rule lists, by table.
    #[getter]
    fn results<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "results")
    }

    /// The arms of the experiments; `None` in a pack without experiments.
    #[getter]
    fn arms<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "arms")
    }

    /// The rows and rules that fired, in the order of the pack.
    #[getter]
    fn fired<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if let Some((evaluation, kept)) = self.kept()
            && let Some(fired) = kept.loaded.results.fired(py, evaluation)?
        {
            return Ok(fired.into_any());
        }
        self.list(py, "fired")
    }

    /// What could not be decided, each with `at` and the `facts` that are not known.
    #[getter]
    fn unknowns<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py, "unknowns")
    }

    /// What failed, each with `at`, `code` and `message`.
    #[getter]
    fn errors<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.list(py, "errors")
    }

    /// When the same case may next lead to another decision; `None` where time changes nothing.
    #[getter]
    fn next_review_at<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.part(py, "next_review_at")
    }

    /// The next state of the case, as the text to store with it; `None` where the case has none.
    #[getter]
    fn state(&self) -> Option<String> {
        match (&self.reasons, self.kept()) {
            (Reasons::Told(told), _) => told.state.clone(),
            (_, kept) => {
                kept.and_then(|(evaluation, kept)| kept.decision(evaluation).state().map(recoup::State::to_json))
            }
        }
    }

    /// A result by its name, such as `segment`, `priority` or `fees.amount`; `default` where there is no such.
    #[pyo3(signature = (name, default = None))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &str,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        Ok(self.result(py, name)?.or(default))
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        match self.result(py, name)? {
            Some(result) => Ok(result),
            None => Err(no_name::<PyKeyError>(py, name, self.names(py)?)),
        }
    }

    /// Results first: to find that a name is no attribute takes longer.
    fn __getattribute__<'py>(slf: &Bound<'py, Self>, name: &Bound<'py, PyString>) -> PyResult<Bound<'py, PyAny>> {
        if let Some((evaluation, kept)) = slf.get().kept()
            && let Some(result) = kept.loaded.results.attribute(name, evaluation)?
        {
            return Ok(result);
        }
        static OF_OBJECT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = slf.py();
        let of_object = OF_OBJECT.get_or_try_init(py, || {
            py.get_type::<PyAny>().getattr(intern!(py, "__getattribute__")).map(Bound::unbind)
        })?;
        of_object.bind(py).call1((slf, name))
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
        if name.starts_with('_') {
            return Err(PyAttributeError::new_err(name.to_owned()));
        }
        match self.result(py, name)? {
            Some(result) => Ok(result),
            None => Err(no_name::<PyAttributeError>(py, name, self.names(py)?)),
        }
    }

    fn __dir__(slf: &Bound<'_, Self>) -> PyResult<Vec<String>> {
        let py = slf.py();
        let own = slf.get_type().call_method1("__dir__", (slf.get_type(),));
        let mut names: Vec<String> = own.or_else(|_| slf.get_type().dir().map(Bound::into_any))?.extract()?;
        names.extend(slf.get().names(py)?);
        Ok(names)
    }

    /// The whole decision as dicts and lists, with `Decimal`, `date`, `datetime`, `Unknown` and `Failed` in them.
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::plain(py)?.call1((self.whole(py)?,))
    }

    /// The whole decision as one line of JSON: the same bytes for the same pack, record, state and instant.
    fn to_json(&self) -> &str {
        self.json()
    }

    /// Why the decision is as it is, told from what the evaluation kept: nothing is evaluated or called again.
    #[pyo3(signature = (format = "text"))]
    fn explain(&self, py: Python<'_>, format: &str) -> PyResult<String> {
        if !["text", "json", "html"].contains(&format) {
            let message = format!("an explanation has no format `{format}`: `text`, `json` or `html`");
            return Err(PyValueError::new_err(message));
        }
        Ok(match (&self.reasons, self.kept()) {
            (Reasons::Told(told), _) => match format {
                "text" => told.text.clone(),
                "json" => told.json.clone(),
                _ => told.html.clone(),
            },
            (_, None) => String::new(),
            (_, Some((evaluation, _))) => py.detach(|| {
                let explanation = evaluation.explain();
                match format {
                    "text" => explanation.to_text(),
                    "json" => explanation.to_json(),
                    _ => explanation.to_html(),
                }
            }),
        })
    }

    fn _repr_html_(&self, py: Python<'_>) -> PyResult<String> {
        self.explain(py, "html")
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let pack = self.part(py, "pack")?;
        let shown = |part: Bound<'_, PyAny>| -> PyResult<String> { Ok(part.str()?.to_string_lossy().into_owned()) };
        let mut text = format!(
            "<recoup.Decision of {} as of {} by {} {}:",
            self.part(py, "key")?.repr()?.to_string_lossy(),
            shown(self.part(py, "as_of")?.call_method0("isoformat")?)?,
            shown(pack.get_item("name")?)?,
            shown(pack.get_item("version")?)?,
        );
        for name in self.names(py)? {
            let Some(result) = self.result(py, &name)? else { continue };
            if !result.is_instance(values::part_class(py)?)? {
                text.push_str(&format!(" {name}={},", result.repr()?.to_string_lossy()));
            }
        }
        let counted = |key: &str| -> PyResult<usize> { self.list(py, key)?.len() };
        text.push_str(&format!(
            " {} fired, {} unknown, {} failed>",
            counted("fired")?,
            counted("unknowns")?,
            counted("errors")?
        ));
        Ok(text)
    }

    fn __richcmp__<'py>(&self, py: Python<'py>, other: &Bound<'py, PyAny>, op: CompareOp) -> PyResult<Py<PyAny>> {
        let Ok(other) = other.cast::<Decision>() else { return Ok(py.NotImplemented()) };
        match op {
            CompareOp::Eq => (self.json() == other.get().json()).into_py_any(py),
            CompareOp::Ne => (self.json() != other.get().json()).into_py_any(py),
            _ => Ok(py.NotImplemented()),
        }
    }

    fn __hash__(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.json().hash(&mut hasher);
        hasher.finish()
    }

    /// Pickled are the text, what was read of it, and the explanation, so that neither the pack nor the engine is needed.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, own) = (slf.py(), slf.get());
        let restore = py.import("recoup._recoup")?.getattr("_restore")?;
        let told = own.told(py);
        let told = (told.state, told.text, told.json, told.html);
        let kept = (own.json(), own.whole(py)?, told);
        (restore, kept).into_bound_py_any(py)
    }
}

/// A decision that was pickled.
#[pyfunction]
pub(crate) fn _restore(
    py: Python<'_>,
    json: String,
    whole: Py<PyAny>,
    told: (Option<String>, String, String, String),
) -> Decision {
    let (state, text, reasons, html) = told;
    let decision = Decision {
        json: OnceLock::from(json),
        whole: PyOnceLock::new(),
        parts: PyOnceLock::new(),
        reasons: Reasons::Told(Box::new(Told { state, text, json: reasons, html })),
    };
    decision.whole.get_or_init(py, || whole);
    decision
}

/// The error of a name that no result has, with the nearest one.
fn no_name<E: pyo3::type_object::PyTypeInfo>(py: Python<'_>, name: &str, names: Vec<String>) -> PyErr {
    let raised =
        || Ok(PyErr::from_value(values::no_name(py)?.call1((py.get_type::<E>(), "the decision", name, names))?));
    raised().unwrap_or_else(|error: PyErr| error)
}
