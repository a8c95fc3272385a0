//! A loaded pack as an object of Python, shared by threads and changed only as a whole.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyTuple};
use recoup::{Attempt, Evaluation, LoadOptions, Offer, Problem, Record, RecordError, State, StateError};
use serde_json::Value as Json;

use crate::batch::{self, Table};
use crate::decision::Decision;
use crate::errors::{diagnostics, pack_error, record_error, refused, state_error};
use crate::fill::Keys;
use crate::foreign::{Foreign, Inputs};
use crate::functions::{Functions, functions_of, let_go, supply};
use crate::kinds::Kind;
use crate::many::{Decisions, GivenStates};
use crate::record;
use crate::results::Results;
use crate::room::{Room, Rooms};
use crate::shape::Shape;
use crate::states;
use crate::values::{self, Moment, amount_argument, date_argument, instant_argument};

/// A pack that decides cases.
#[pyclass(frozen, module = "recoup._recoup", weakref)]
pub(crate) struct Engine {
    functions: Functions,
    /// What decides now, and where it came from; replaced by a reload, never changed.
    current: RwLock<(Arc<Loaded>, Source)>,
    /// The instant that was asked for last: most often it is asked for again.
    moment: Moment,
}

/// A pack, and what the border to Python must know of it.
pub(crate) struct Loaded {
    pub(crate) engine: recoup::Engine,
    /// The fields of a case.
    shape: Shape,
    inputs: Inputs,
    /// The same for dicts that are plainly given.
    keys: Keys,
    pub(crate) rooms: Rooms,
    /// What a decision's values are.
    pub(crate) kinds: Kind,
    pub(crate) results: Results,
    /// Whether a callable of Python may be called, so that all is told at once: it is not to be called later.
    calls_python: bool,
}

/// Where a pack comes from.
#[derive(Clone)]
enum Source {
    Folder { path: PathBuf, library: Option<PathBuf> },
    Memory { pack: String, files: Arc<BTreeMap<String, Vec<u8>>> },
}

impl Source {
    fn load(&self, py: Python<'_>, functions: &Functions) -> PyResult<Arc<Loaded>> {
        let mut options = supply(py, LoadOptions::new(), functions);
        if let Source::Folder { library: Some(library), .. } = self {
            options = options.library(library);
        }
        let engine = let_go(py, || match self {
            Source::Folder { path, .. } => options.load(path),
            Source::Memory { pack, files } => {
                options.from_sources(pack, files.iter().map(|(path, text)| (path.clone(), text.clone())))
            }
        })?;
        let engine = engine.map_err(|error| pack_error(py, &error))?;
        let schema = |text: String| text.parse::<Json>().map_err(|error| PyValueError::new_err(error.to_string()));
        let shape = Shape::of(&schema(engine.case_schema())?);
        let kinds = Kind::of(&schema(engine.decision_schema())?);
        let (keys, results) = (Keys::of(py, &engine), Results::of(py, &engine)?);
        let (inputs, rooms) = (Inputs::of(&engine), Rooms::default());
        let calls_python = !functions.is_empty();
        Ok(Arc::new(Loaded { engine, shape, inputs, keys, rooms, kinds, results, calls_python }))
    }
}

/// A case to decide, as the host holds it.
pub(crate) struct Case<'a, 'py> {
    pub(crate) record: &'a Bound<'py, PyAny>,
    /// The input by which it is read; without one it has the names of the pack.
    pub(crate) input: Option<&'a str>,
    pub(crate) as_of: DateTime<Utc>,
}

impl Loaded {
    /// Decides a case; `state` gives its state, by what was read.
    ///
    /// # Errors
    /// `RecordError` where it is refused; what the object raises when it is read; what stops a host function.
    pub(crate) fn decide(
        self: &Arc<Self>,
        case: &Case<'_, '_>,
        state: impl FnOnce(&Record) -> PyResult<Option<State>>,
    ) -> PyResult<Decision> {
        let evaluation = self.evaluated(case, state)?;
        let made = match self.calls_python {
            true => Some(let_go(case.record.py(), || evaluation.decision())?),
            false => None,
        };
        Ok(Decision::new(evaluation, made, self.clone()))
    }

    /// What a case comes to.
    fn evaluated(
        &self,
        case: &Case<'_, '_>,
        state: impl FnOnce(&Record) -> PyResult<Option<State>>,
    ) -> PyResult<Box<Evaluation>> {
        let py = case.record.py();
        let foreign = case.input.map(|name| self.inputs.get(py, &self.engine, name)).transpose()?;
        let worked = self.rooms.work(&self.engine, case.as_of, |room| {
            self.read(case, foreign, room)?;
            let state = state(&room.record)?;
            let mut evaluation = room.evaluation();
            let Room { evaluator, record, .. } = room;
            if let Some(state) = &state {
                evaluator
                    .put_state(record, state)
                    .map_err(|RecordError { problems }| state_error(py, &StateError { problems }))?;
            }
            let evaluated = let_go(py, || evaluator.evaluate_into(record, &mut evaluation).map_err(RecordError::from))?;
            evaluated.map_err(|error| refused(py, &error))?;
            Ok(evaluation)
        });
        worked.unwrap_or_else(|error| {
            // An instant that no case is decided at is a problem beside those of the record.
            let written = record::write(case.record, self.shape_of(foreign))?;
            Err(all_problems(py, written.problems, Err(error.into())))
        })
    }

    fn shape_of<'a>(&'a self, foreign: Option<&'a Foreign>) -> &'a Shape {
        foreign.map_or(&self.shape, |foreign| &foreign.shape)
    }

    /// Reads a case into a room: straight where it is plainly given, else as text, which says what is wrong with it.
    fn read(&self, case: &Case<'_, '_>, foreign: Option<&Foreign>, room: &mut Room) -> PyResult<()> {
        let py = case.record.py();
        if let (Ok(dict), None) = (case.record.cast_exact::<PyDict>(), foreign) {
            let mut raised = Ok(());
            let (keys, order) = (&self.keys, &mut room.order);
            let is_read = room.evaluator.fill(&mut room.record, |case| {
                keys.fill(dict, order, case).unwrap_or_else(|error| {
                    raised = Err(error);
                    false
                })
            });
            raised?;
            if is_read.map_err(|error| refused(py, &error))? {
                return Ok(());
            }
        }
        let written = record::write(case.record, self.shape_of(foreign))?;
        let read = let_go(py, || match foreign {
            Some(foreign) => room.evaluator.read_row(&foreign.input.row(&written.json)),
            None => room.evaluator.read(&written.json),
        })?;
        if !written.problems.is_empty() {
            return Err(all_problems(py, written.problems, read));
        }
        room.record = read.map_err(|error| refused(py, &error))?;
        Ok(())
    }
}

/// All problems of a record that could not be written: those of Python, then those that the engine finds elsewhere.
fn all_problems(py: Python<'_>, of_python: Vec<Problem>, read: Result<Record, RecordError>) -> PyErr {
    let mut problems = of_python;
    if !problems.iter().any(|problem| problem.path.is_empty()) {
        let found = read.map_or_else(|error| error.problems, |_| Vec::new());
        let known: Vec<String> = problems.iter().map(|problem| problem.path.clone()).collect();
        problems.extend(found.into_iter().filter(|problem| !known.contains(&problem.path)));
    }
    record_error(py, &problems)
}

impl Engine {
    fn new(py: Python<'_>, source: Source, functions: Functions) -> PyResult<Engine> {
        let loaded = source.load(py, &functions)?;
        Ok(Engine { functions, current: RwLock::new((loaded, source)), moment: Moment::default() })
    }

    /// What decides now.
    fn loaded(&self) -> Arc<Loaded> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).0.clone()
    }

    fn source(&self) -> Source {
        self.current.read().unwrap_or_else(PoisonError::into_inner).1.clone()
    }
}

#[pymethods]
impl Engine {
    /// Loads the pack in a folder.
    #[staticmethod]
    #[pyo3(signature = (path, library = None, functions = None))]
    fn load(
        py: Python<'_>,
        path: PathBuf,
        library: Option<PathBuf>,
        functions: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Engine> {
        Engine::new(py, Source::Folder { path, library }, functions_of(functions)?)
    }

    /// Loads a pack from memory: `files` by `PACK/path/in/pack.yaml`, those of its bases too.
    #[staticmethod]
    #[pyo3(signature = (files, *, pack, functions = None))]
    fn from_files(
        py: Python<'_>,
        files: &Bound<'_, PyAny>,
        pack: String,
        functions: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Engine> {
        let files = Arc::new(contents(files)?);
        Engine::new(py, Source::Memory { pack, files }, functions_of(functions)?)
    }

    /// Loads the pack again, from its folder or from these files. Decisions that are being made keep the old one.
    #[pyo3(signature = (files = None))]
    fn reload(&self, py: Python<'_>, files: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let source = match (self.source(), files) {
            (Source::Memory { pack, .. }, Some(files)) => Source::Memory { pack, files: Arc::new(contents(files)?) },
            (Source::Folder { .. }, Some(_)) => {
                return Err(PyTypeError::new_err(
                    "the pack was loaded from a folder, so it is loaded from there again",
                ));
            }
            (source, None) => source,
        };
        let loaded = source.load(py, &self.functions)?;
        let before = {
            let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, (loaded, source))
        };
        drop(before);
        Ok(())
    }

    /// Loads the pack again when its files change; gives what watches them.
    #[pyo3(signature = (*, every = 1.0, on_reload = None, on_error = None))]
    fn watch<'py>(
        slf: &Bound<'py, Self>,
        every: f64,
        on_reload: Option<&Bound<'py, PyAny>>,
        on_error: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        if let Source::Memory { .. } = slf.get().source() {
            return Err(PyTypeError::new_err("the pack was loaded from memory, so there are no files to watch"));
        }
        let keywords = PyDict::new(py);
        keywords.set_item("every", every)?;
        keywords.set_item("on_reload", on_reload)?;
        keywords.set_item("on_error", on_error)?;
        values::watcher(py)?.call((slf,), Some(&keywords))
    }

    /// The folders that the pack was loaded from; none where it was loaded from memory.
    fn _folders(&self) -> Vec<PathBuf> {
        let Source::Folder { path, library } = self.source() else { return Vec::new() };
        let root = path.canonicalize().unwrap_or(path);
        let library = library.or_else(|| root.parent().map(PathBuf::from)).unwrap_or_default();
        let loaded = self.loaded();
        let own = loaded.engine.pack().name.as_str();
        let mut folders = vec![root];
        for (file, _) in loaded.engine.sources() {
            let mut parts = file.split('/');
            let folder = match (parts.next(), parts.next()) {
                (Some("plugins"), Some(plugin)) => library.join("plugins").join(plugin),
                (Some(pack), _) if pack != own => library.join(pack),
                _ => continue,
            };
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        folders
    }

    /// Decides a case at an instant. `state` is what `decision.state` gave before, for a case in a workflow.
    #[pyo3(signature = (record, *, state = None, input = None, as_of))]
    fn evaluate(
        &self,
        record: &Bound<'_, PyAny>,
        state: Option<&str>,
        input: Option<&str>,
        as_of: &Bound<'_, PyAny>,
    ) -> PyResult<Decision> {
        let state = states::given(record.py(), state)?;
        let case = Case { record, input, as_of: self.moment.of(as_of)? };
        self.loaded().decide(&case, |_| Ok(state))
    }

    /// Decides many cases by the pack as it is now, each when the iterator is asked for it, in their order.
    #[pyo3(signature = (records, *, states = None, input = None, as_of))]
    fn evaluate_many(
        &self,
        records: &Bound<'_, PyAny>,
        states: Option<&Bound<'_, PyAny>>,
        input: Option<String>,
        as_of: &Bound<'_, PyAny>,
    ) -> PyResult<Decisions> {
        let as_of = instant_argument(as_of, "as_of")?;
        let (loaded, states) = (self.loaded(), states.map_or(Ok(GivenStates::None), GivenStates::of)?);
        if let Some(input) = &input {
            loaded.inputs.get(records.py(), &loaded.engine, input)?;
        }
        Ok(Decisions::new(records.try_iter()?.unbind(), states, input, loaded, as_of))
    }

    /// Says what becomes of an offer to settle. `amount` is a `Decimal`, a whole number or text.
    #[pyo3(signature = (record, *, amount, instalments = 1, role = None, state = None, input = None, as_of))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn judge_offer<'py>(
        &self,
        record: &Bound<'py, PyAny>,
        amount: &Bound<'py, PyAny>,
        instalments: u32,
        role: Option<&str>,
        state: Option<&str>,
        input: Option<&str>,
        as_of: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, loaded) = (record.py(), self.loaded());
        let offer = Offer::of(amount_argument(amount, "offer.amount")?).instalments(instalments);
        let offer = role.into_iter().fold(offer, Offer::role);
        let state = states::given(py, state)?;
        let case = Case { record, input, as_of: instant_argument(as_of, "as_of")? };
        let evaluation = loaded.evaluated(&case, |_| Ok(state))?;
        let decided = let_go(py, || evaluation.into_decided())?;
        let check = let_go(py, || loaded.engine.judge_offer_of(&decided, &offer))?;
        values::offer_check(py)?.call1((check.map_err(|error| refused(py, &error))?.to_json(),))
    }

    /// Says whether a contact may be made, why not, and when. Without `at` it is made at `as_of`.
    #[pyo3(signature = (
        record, *, channel, at = None, initiated_by = "us", purpose = None, recipient = "debtor", address = None,
        template = None, state = None, input = None, as_of
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn check_contact<'py>(
        &self,
        record: &Bound<'py, PyAny>,
        channel: &str,
        at: Option<&Bound<'py, PyAny>>,
        initiated_by: &str,
        purpose: Option<&str>,
        recipient: &str,
        address: Option<&str>,
        template: Option<&str>,
        state: Option<&str>,
        input: Option<&str>,
        as_of: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (py, loaded) = (record.py(), self.loaded());
        let attempt = Attempt::by(channel).initiated_by(initiated_by).recipient(recipient);
        let attempt =
            at.map(|at| instant_argument(at, "attempt.at")).transpose()?.into_iter().fold(attempt, Attempt::at);
        let attempt = purpose.into_iter().fold(attempt, Attempt::purpose);
        let attempt = address.into_iter().fold(attempt, Attempt::address);
        let attempt = template.into_iter().fold(attempt, Attempt::template);
        let state = states::given(py, state)?;
        let case = Case { record, input, as_of: instant_argument(as_of, "as_of")? };
        let evaluation = loaded.evaluated(&case, |_| Ok(state))?;
        let decided = let_go(py, || evaluation.into_decided())?;
        let check = let_go(py, || loaded.engine.judge_contact(&decided, &attempt))?;
        values::contact_check(py)?.call1((check.map_err(|error| refused(py, &error))?.to_json(),))
    }

    /// The state of a case that is taken over from another system, in a stage that it entered on a day.
    #[pyo3(signature = (case, *, workflow, stage, since))]
    fn start(&self, case: &str, workflow: &str, stage: &str, since: &Bound<'_, PyAny>) -> PyResult<String> {
        let since_day = date_argument(since, "since")?;
        states::written(since.py(), self.loaded().engine.start(case, workflow, stage, since_day))
    }

    /// Moves a case by hand to a stage of its workflow; gives its next state.
    #[pyo3(signature = (state, stage, *, by, why, at))]
    fn move_to(&self, state: &str, stage: &str, by: &str, why: &str, at: &Bound<'_, PyAny>) -> PyResult<String> {
        let py = at.py();
        let state = states::read(py, state)?;
        states::written(py, self.loaded().engine.move_to(&state, stage, by, why, instant_argument(at, "at")?))
    }

    /// Records that an escalation was acted on, so that it rests for its cooldown; gives the case's next state.
    #[pyo3(signature = (case, escalation, *, state = None, at))]
    fn record_escalation(
        &self,
        case: &str,
        escalation: &str,
        state: Option<&str>,
        at: &Bound<'_, PyAny>,
    ) -> PyResult<String> {
        let py = at.py();
        let state = states::given(py, state)?;
        let at = instant_argument(at, "at")?;
        states::written(py, self.loaded().engine.record_escalation(case, state.as_ref(), escalation, at))
    }

    /// Warnings and notes about the pack. One with errors is never loaded.
    fn check<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        diagnostics(py, self.loaded().engine.diagnostics())
    }

    /// Runs the pack's rule tests, and counts which rows and rules they make fire.
    fn test<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let loaded = self.loaded();
        let report = let_go(py, || loaded.engine.test())?;
        let (one, covered) = (values::test_result(py)?, values::coverage(py)?);
        let tests = report.tests.iter().map(|test| {
            let failures = PyTuple::new(py, &test.failures)?;
            one.call1((test.name.as_str(), test.place.as_str(), failures, test.explanation.as_deref()))
        });
        let tests = PyTuple::new(py, tests.collect::<PyResult<Vec<_>>>()?)?;
        let coverage = report.coverage.iter().map(|row| covered.call1((row.id.as_str(), row.place.as_str(), row.hits)));
        let coverage = PyTuple::new(py, coverage.collect::<PyResult<Vec<_>>>()?)?;
        values::test_report(py)?.call1((tests, coverage))
    }

    /// The JSON Schema of a case.
    fn schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::loads(py)?.call1((self.loaded().engine.case_schema(),))
    }

    /// The JSON Schema of a decision.
    fn decision_schema<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        values::loads(py)?.call1((self.loaded().engine.decision_schema(),))
    }

    /// The pack's name.
    #[getter]
    fn name(&self) -> String {
        self.loaded().engine.pack().name.clone()
    }

    /// The pack's version.
    #[getter]
    fn version(&self) -> String {
        self.loaded().engine.pack().version.clone()
    }

    /// SHA-256 over all that affects the pack's meaning.
    #[getter]
    fn digest(&self) -> String {
        self.loaded().engine.pack().digest.clone()
    }

    /// The names of the pack's inputs, in the order of the pack.
    #[getter]
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.loaded().engine.inputs().collect::<Vec<_>>())
    }

    /// The qualified ids of all rows and rules, in the order of the pack.
    #[getter]
    fn rule_ids<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.loaded().engine.rule_ids())
    }

    /// A pickled engine is its files, as they were when it was loaded, and its functions.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, Bound<'py, PyTuple>)> {
        let loaded = self.loaded();
        let (files, functions) = (PyDict::new(py), PyDict::new(py));
        for (path, text) in loaded.engine.sources() {
            files.set_item(path, text)?;
        }
        for function in &self.functions {
            functions.set_item(function.name.as_str(), &function.called)?;
        }
        let arguments = (files, loaded.engine.pack().name.as_str(), functions).into_pyobject(py)?;
        Ok((values::unpickled(py)?.clone(), arguments))
    }

    /// Decides a table of cases; see the stub.
    #[pyo3(signature = (
        table, *, states = None, as_of, results = None, fired = false, decisions = false, threads = None
    ))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python")]
    fn evaluate_batch(
        &self,
        table: &Bound<'_, PyAny>,
        states: Option<&Bound<'_, PyAny>>,
        as_of: &Bound<'_, PyAny>,
        results: Option<Vec<String>>,
        fired: bool,
        decisions: bool,
        threads: Option<usize>,
    ) -> PyResult<Table> {
        // Functions of Python run one at a time, and say on the thread of the caller that they stop.
        let threads = if self.functions.is_empty() { threads } else { Some(1) };
        let wanted = batch::Wanted { as_of: instant_argument(as_of, "as_of")?, results, fired, decisions, threads };
        batch::evaluate(&self.loaded(), table, states, wanted)
    }

    fn __repr__(&self) -> String {
        let loaded = self.loaded();
        let pack = loaded.engine.pack();
        let digest: String = pack.digest.chars().take(12).collect();
        format!("<recoup.Engine {} {} {digest}>", pack.name, pack.version)
    }
}

/// The files of a pack in memory: texts or bytes by path.
fn contents(files: &Bound<'_, PyAny>) -> PyResult<BTreeMap<String, Vec<u8>>> {
    let entries = files.call_method0("items")?.try_iter()?;
    entries
        .map(|entry| {
            let (path, content) = entry?.extract::<(String, Bound<'_, PyAny>)>()?;
            let content = match content.cast::<PyBytes>() {
                Ok(bytes) => bytes.as_bytes().to_vec(),
                Err(_) => content.extract::<String>()?.into_bytes(),
            };
            Ok((path, content))
        })
        .collect()
}
