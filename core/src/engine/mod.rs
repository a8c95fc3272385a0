//! The front door: load a pack, decide cases, explain, test. Holds no logic.

mod batch;
mod contact;
mod evaluator;
mod metrics;
mod offer;
mod pay;
mod state;
mod team;
mod writer;

use std::path::Path;
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};

pub use batch::Batch;
pub use contact::ContactCheck;
pub use evaluator::{Evaluation, Evaluator, Record};
pub use metrics::{Metric, MetricSample, Metrics};
pub use offer::OfferCheck;
pub use writer::DecisionWriter;

use crate::check::samples::{PayTest, TeamTest, Test};
use crate::check::{CheckedPack, analyse, assemble, check, inputs, skip_analysis};
use crate::decision::{self, Decision, NamedResult, NamedResults, Parts};
use crate::diagnostic::{Diagnostics, Findings};
use crate::error::Error;
use crate::eval::Pack;
use crate::explain::Explanation;
use crate::families::{LoweredPack, lower};
use crate::host::stand_in;
use crate::input::{CaseInput, CaseReader, CaseRow, CaseSource, GivenFields};
use crate::load::Library;
use crate::load_options::{Analysis, LoadOptions, Settings};
use crate::pack_identity::PackIdentity;
use crate::plan::columns::Columns;
use crate::plan::print::Printer;
use crate::plan::{Plan, plan};
use crate::record::Problem;
#[cfg(test)]
use crate::record::Raw;
use crate::source::Sources;
use crate::state::State;
use crate::testing::{self, TestReport, Trials, Tried};
use crate::value::Type;

/// A loaded pack, ready to decide cases.
///
/// Cheap to clone and to share between threads.
#[derive(Clone, Debug)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    checked: CheckedPack,
    lowered: LoweredPack,
    plan: Plan,
    columns: Columns,
    sources: Sources,
    identity: Arc<PackIdentity>,
    diagnostics: Diagnostics,
    /// How hosts fill records; made when the first one does.
    given: OnceLock<GivenFields>,
    /// Where results stand; made when the first host asks.
    results: OnceLock<NamedResults>,
}

/// A case's decision, and what is needed to explain it.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    evaluation: Evaluation,
}

impl Decided {
    /// Why the decision is as it is, from the same evaluation.
    pub fn explain(&self) -> Explanation {
        self.evaluation.explain()
    }

    #[cfg(test)]
    pub(crate) fn trace(&self) -> crate::eval::Trace {
        self.evaluation.trace()
    }
}

/// A case that could not be decided: all problems of its record.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the record is refused: {}", problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
pub struct RecordError {
    /// Every problem, each with its path.
    pub problems: Vec<Problem>,
}

impl From<Error> for RecordError {
    fn from(error: Error) -> RecordError {
        RecordError { problems: vec![Problem::new("", error.to_string(), None)] }
    }
}

impl Engine {
    /// Loads the pack in a folder. Its bases are found by name in the folder's parent.
    ///
    /// # Errors
    /// A [`LoadError`] with all findings where the pack cannot be used, or the reason why the folder cannot be read.
    pub fn load(folder: impl AsRef<Path>) -> Result<Engine, LoadError> {
        LoadOptions::new().load(folder)
    }

    /// Loads the pack in a folder; its bases are found by name in another folder.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn load_with_library(folder: impl AsRef<Path>, library: impl AsRef<Path>) -> Result<Engine, LoadError> {
        LoadOptions::new().library(library).load(folder)
    }

    /// Loads a pack from memory. `files` holds the contents of files by `PACK/path/in/pack`, of this pack and of its
    /// bases.
    ///
    /// # Errors
    /// As [`Engine::load`].
    pub fn from_sources<P, C>(pack: &str, files: impl IntoIterator<Item = (P, C)>) -> Result<Engine, LoadError>
    where
        P: Into<String>,
        C: Into<Vec<u8>>,
    {
        LoadOptions::new().from_sources(pack, files)
    }

    pub(crate) fn compile(library: &Library, name: &str, settings: &Settings) -> Result<Engine, LoadError> {
        if let Some(fault) = settings.limits.fault() {
            return Err(LoadError::Unreadable(Error::new(fault)));
        }
        let mut sources = Sources::default();
        let mut findings = Findings::default();
        let assembled = assemble(library, name, &mut sources, &mut findings).map_err(LoadError::Unreadable)?;
        let Some(assembled) = assembled else { return Err(LoadError::Refused(findings.finish(&sources))) };
        let checked = check(&assembled, settings, &mut findings);
        match settings.analysis {
            Analysis::Run => analyse(&checked, &mut findings),
            Analysis::Skip => skip_analysis(&checked, &mut findings),
        }
        if findings.has_errors() {
            return Err(LoadError::Refused(findings.finish(&sources)));
        }
        let lowered = lower(&checked);
        let plan = plan(&checked, &lowered);
        let columns = Columns::new(&checked, &plan);
        let identity = Arc::new(PackIdentity {
            name: checked.header.name.clone(),
            version: checked.header.version.clone(),
            digest: checked.digest.clone(),
        });
        let diagnostics = findings.finish(&sources);
        let (given, results) = (OnceLock::new(), OnceLock::new());
        let inner = Inner { checked, lowered, plan, columns, sources, identity, diagnostics, given, results };
        Ok(Engine { inner: Arc::new(inner) })
    }

    /// Decides one case. `record` is JSON text; numbers are read as they are written, never as floats.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
    /// pack: small
    /// version: 1.0.0
    /// format: 1
    /// currency: USD
    /// time_zone: America/New_York
    /// records:
    ///   case:
    ///     fields:
    ///       case_id: {type: text, key: true}
    ///       balance: {type: money}
    /// segmentation:
    ///   outputs: {segment: [large, small]}
    ///   grid: |
    ///     | row       | balance | then segment |
    ///     |-----------|---------|--------------|
    ///     | large     | >= 5000 | large        |
    ///     | otherwise |         | small        |
    /// "#)])?;
    /// let as_of = "2026-09-07T18:00:00-04:00".parse()?;
    /// let decided = engine.evaluate(r#"{"case_id": "A-1", "balance": 12000.00}"#, as_of)?;
    /// assert_eq!(decided.decision.get("segment"), Some(recoup::Answer::Known("large".to_owned())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All problems of the record, where it is not a valid case.
    pub fn evaluate(&self, record: &str, as_of: DateTime<Utc>) -> Result<Decided, RecordError> {
        let evaluator = self.evaluator(as_of).map_err(RecordError::from)?;
        let record = evaluator.read(record)?;
        decided(evaluator, &record)
    }

    #[cfg(test)]
    pub(crate) fn evaluate_raw(&self, raw: &Raw, as_of: DateTime<Utc>) -> Result<Decided, RecordError> {
        let evaluator = self.evaluator(as_of).map_err(RecordError::from)?;
        let record = evaluator.read_raw(raw)?;
        decided(evaluator, &record)
    }

    /// Decides one case that is in a workflow. `state` is what the host stored with the case; without one the case
    /// begins. The next state is in the decision.
    ///
    /// # Errors
    /// All problems of the record, where it is not a valid case, or of the state, where it is not one of this case.
    pub fn evaluate_with_state(
        &self,
        record: &str,
        state: Option<&State>,
        as_of: DateTime<Utc>,
    ) -> Result<Decided, RecordError> {
        let evaluator = self.evaluator(as_of).map_err(RecordError::from)?;
        let mut record = evaluator.read(record)?;
        if let Some(state) = state {
            evaluator.put_state(&mut record, state)?;
        }
        decided(evaluator, &record)
    }

    /// Room to decide many cases at one instant.
    ///
    /// # Errors
    /// Where the instant lies outside the years 2 to 9998.
    pub fn evaluator(&self, as_of: DateTime<Utc>) -> Result<Evaluator, Error> {
        Evaluator::new(self.clone(), as_of)
    }

    fn is(&self, other: &Engine) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }

    fn given(&self) -> &GivenFields {
        self.inner.given.get_or_init(|| GivenFields::new(self.planned()))
    }

    /// The names of a case's fields, in their order.
    pub fn field_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.inner.checked.record.fields.iter().map(|field| &*field.name)
    }

    /// The words of a field of a case that is a choice, in their order; none of other fields.
    pub fn choices(&self, field: usize) -> impl Iterator<Item = &str> {
        let words = match self.inner.checked.record.fields.get(field).map(|field| &field.base) {
            Some(Type::Choice(words)) => &**words,
            _ => &[],
        };
        words.iter().map(|word| &**word)
    }

    fn results(&self) -> &NamedResults {
        self.inner.results.get_or_init(|| NamedResults::new(&self.parts(), self.planned()))
    }

    /// The results that [`Evaluation::result`] gives by their positions here. Lists are none of them, nor is what nothing
    /// but a decision says.
    pub fn named_results(&self) -> &[NamedResult] {
        &self.results().named
    }

    /// Whether records may have keys that are no fields, which are passed over.
    pub fn passes_over_other_keys(&self) -> bool {
        self.inner.checked.record.ignores_unknown_fields
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.inner.columns
    }

    pub(crate) fn planned(&self) -> Pack<'_> {
        Pack { checked: &self.inner.checked, lowered: &self.inner.lowered, plan: &self.inner.plan }
    }

    /// Decides the case of a row.
    ///
    /// # Errors
    /// All problems of the row and its record, where it is not a valid case.
    pub fn decide(&self, row: &CaseRow, as_of: DateTime<Utc>) -> Result<Decided, RecordError> {
        self.decide_with_state(row, None, as_of)
    }

    /// Decides the case of a row that is in a workflow, as [`Engine::evaluate_with_state`] does.
    ///
    /// # Errors
    /// All problems of the row and its record, where it is not a valid case, or of the state, where it is not one of
    /// this case.
    pub fn decide_with_state(
        &self,
        row: &CaseRow,
        state: Option<&State>,
        as_of: DateTime<Utc>,
    ) -> Result<Decided, RecordError> {
        let evaluator = self.evaluator(as_of).map_err(RecordError::from)?;
        let mut record = evaluator.read_row(row)?;
        if let Some(state) = state {
            evaluator.put_state(&mut record, state)?;
        }
        decided(evaluator, &record)
    }

    /// Opens the cases of a file: CSV, NDJSON or JSON, by the end of its name or as the named input says.
    ///
    /// # Errors
    /// When the file cannot be read, its columns do not fit, or the pack has no input of this name.
    pub fn read_cases(&self, path: impl AsRef<Path>, input: Option<&str>) -> Result<CaseReader, Error> {
        CaseReader::open(path.as_ref(), self.case_source(input)?, self.planned())
    }

    /// An input of the pack, for rows of another system that the host holds in memory: give each to [`Engine::decide`].
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
    /// pack: small
    /// version: 1.0.0
    /// format: 1
    /// currency: USD
    /// time_zone: America/New_York
    /// records:
    ///   case:
    ///     fields:
    ///       case_id: {type: text, key: true}
    ///       balance: {type: money}
    /// inputs:
    ///   crm:
    ///     record: case
    ///     fields:
    ///       case_id: {column: id}
    ///       balance: {column: residual, float: round}
    /// segmentation:
    ///   outputs: {segment: [large, small]}
    ///   grid: |
    ///     | row       | balance | then segment |
    ///     |-----------|---------|--------------|
    ///     | large     | >= 5000 | large        |
    ///     | otherwise |         | small        |
    /// "#)])?;
    /// let row = engine.input("crm")?.row(r#"{"id": "A-1", "residual": 4999.999999999999}"#);
    /// let decided = engine.decide(&row, "2026-09-07T18:00:00-04:00".parse()?)?;
    /// assert_eq!(decided.decision.get("segment"), Some(recoup::Answer::Known("large".to_owned())));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the pack has no input of this name.
    pub fn input(&self, name: &str) -> Result<CaseInput, Error> {
        self.case_source(Some(name)).map(CaseInput::new)
    }

    /// The names of the pack's inputs, in the order of the pack.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.inner.checked.inputs.iter().map(|input| input.name.as_str())
    }

    fn case_source(&self, input: Option<&str>) -> Result<CaseSource, Error> {
        let checked = &self.inner.checked;
        let input = match input {
            Some(name) => checked.inputs.iter().find(|input| input.name == name).cloned().ok_or_else(|| {
                let names = checked.inputs.iter().map(|input| input.name.as_str());
                let help =
                    crate::diagnostic::did_you_mean(name, names).map(|help| format!(" ({help})")).unwrap_or_default();
                Error::new(format!("the pack has no input `{name}`{help}"))
            })?,
            None => inputs::plain(&checked.record),
        };
        let (zone, currency_decimals) = (checked.header.zone, checked.header.currency_decimals);
        Ok(CaseSource { what: "cases", input, record: checked.record.clone(), zone, currency_decimals })
    }

    /// Runs the pack's rule tests, and counts which rows and rules they fire.
    pub fn test(&self) -> TestReport {
        let decide = |test: &Test| {
            stand_in(&test.host, || {
                let decided = self.try_test(test).map_err(|error| error.problems)?;
                let judgement = test.attempt.as_ref().map(|attempt| self.judgement(&decided, attempt));
                let offer = test.offer.as_ref().map(|offer| {
                    let check = self.judge_offer_of(&decided, offer).map_err(|error| error.problems)?;
                    Ok(check.report().clone())
                });
                let trace = decided.evaluation.trace();
                let runs = decided.evaluation.runs();
                Ok(Tried { trace, decision: decided.decision, runs, offer, judgement })
            })
        };
        let pay = |test: &PayTest| self.pay_of_raw(&test.record, test.head.as_of).map_err(|error| error.problems);
        let team = |test: &TeamTest| self.team_pay_of_raws(test.records.iter().cloned().map(Ok), test.head.as_of);
        testing::run(&self.parts(), &Trials { decide: &decide, pay: &pay, team: &team })
    }

    /// Decides the case of a rule test, with the past that the test says.
    pub(crate) fn try_test(&self, test: &Test) -> Result<Decided, RecordError> {
        let evaluator = self.evaluator(test.as_of).map_err(RecordError::from)?;
        let mut record = evaluator.read_raw(&test.record)?;
        let Some(said) = &test.state else { return decided(evaluator, &record) };
        let today = crate::calendar::date_at(test.as_of, self.inner.checked.header.zone);
        let state = evaluator.test_state(&record, said, today)?;
        evaluator.put_state(&mut record, &state)?;
        if said.approved.is_empty() {
            return decided(evaluator, &record);
        }
        // What is approved is known by the ids that the case gives without the approval.
        let first = decided(evaluator.clone(), &record)?;
        let mut approved = state;
        for action in first.decision.actions() {
            if said.approved.iter().any(|step| *step == decision::last_part(&action.step)) {
                let change = approved.approve(&action.id, "the test", test.as_of);
                approved = change.map_err(|error| RecordError { problems: error.problems })?;
            }
        }
        evaluator.put_state(&mut record, &approved)?;
        decided(evaluator, &record)
    }

    /// Warnings and notes about the pack. One with errors is never loaded.
    pub fn diagnostics(&self) -> &Diagnostics {
        &self.inner.diagnostics
    }

    /// The pack's name, version and digest.
    pub fn pack(&self) -> &PackIdentity {
        &self.inner.identity
    }

    /// The JSON Schema of a case.
    pub fn case_schema(&self) -> String {
        pretty(&decision::case_schema(&self.inner.checked))
    }

    /// The JSON Schema of a decision.
    pub fn decision_schema(&self) -> String {
        pretty(&decision::decision_schema(&self.inner.checked))
    }

    /// The files that the pack was made of, those of its bases and plugins too: paths as `PACK/path/in/pack.yaml`, and
    /// texts. [`Engine::from_sources`] makes the same pack of them, elsewhere.
    pub fn sources(&self) -> impl Iterator<Item = (&str, &str)> {
        self.inner.sources.files()
    }

    /// The qualified ids of all rows and rules, in the order of the pack.
    pub fn rule_ids(&self) -> Vec<String> {
        crate::check::samples::rows(&self.inner.checked).map(|id| id.to_string()).collect()
    }

    /// The experiments of the pack, each with its arms, in the order of the pack.
    pub fn experiments(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let experiments = self.inner.checked.experiments.iter();
        experiments.map(|experiment| (&*experiment.name, experiment.arms.iter().map(|(arm, _)| &**arm).collect()))
    }

    /// What the pack's overlays did to its bases, and the arms of its experiments to it, a line each.
    pub fn overlays(&self) -> &[String] {
        &self.inner.checked.overlays
    }

    /// The plan of the pack as text for people: how fields stand in memory, what each row tests, which tables are
    /// narrowed down together, and what is left to the meaning of expressions. Its first line sums it up.
    ///
    /// It holds what the rules say, and nothing of any case. The same pack gives the same text. It is not a format to
    /// read by machine: it changes with the engine.
    pub fn plan_text(&self) -> String {
        self.printer().text()
    }

    /// What of the pack does not run in columns when many cases are decided at once, a line each: the qualified id, and
    /// why. Decisions are the same; they take longer.
    ///
    /// An expression or a table that is *asked case by case* takes longer by itself; all else stays in columns. Beside
    /// what is named here, a table is asked for a case where one of its rows fails, where an unknown could matter, or
    /// where two rows of a `unique` or `any` table match.
    pub fn fallbacks(&self) -> Vec<String> {
        self.printer().fallbacks()
    }

    /// The functions that the pack declares, a line each: what they take and give, and how their calls run. One that is
    /// *native* runs as an expression does, in columns too, and asks the interpreter only for what fails or is too large;
    /// one that is *interpreted* is made by the interpreter, once for a case where it is reached. The last line says how
    /// many of these there are.
    pub fn declared_functions(&self) -> Vec<String> {
        self.printer().functions()
    }

    fn printer(&self) -> Printer<'_> {
        let inner = &*self.inner;
        Printer::new(&inner.checked, &inner.lowered, &inner.plan, &inner.columns)
    }

    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            checked: &self.inner.checked,
            lowered: &self.inner.lowered,
            sources: &self.inner.sources,
            identity: &self.inner.identity,
        }
    }
}

#[cfg(test)]
pub(crate) fn kept<'a>(
    single: &'a Evaluation,
    batch: &'a Evaluation,
) -> (&'a crate::eval::Instant, &'a crate::eval::Evaluation, &'a crate::eval::Evaluation) {
    (&single.instant, &single.inner, &batch.inner)
}

fn decided(mut evaluator: Evaluator, record: &Record) -> Result<Decided, RecordError> {
    let mut evaluation = evaluator.evaluation();
    evaluator.evaluate_into(record, &mut evaluation).map_err(RecordError::from)?;
    Ok(evaluation.into_decided())
}

fn pretty(schema: &serde_json::Value) -> String {
    serde_json::to_string_pretty(schema).unwrap_or_default()
}

/// Why a pack was not loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The pack has errors; all findings are here.
    Refused(Diagnostics),
    /// The pack could not be read.
    Unreadable(Error),
}

impl LoadError {
    /// The findings; none where the pack could not be read at all.
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match self {
            LoadError::Refused(diagnostics) => Some(diagnostics),
            LoadError::Unreadable(_) => None,
        }
    }
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Refused(diagnostics) => {
                write!(f, "the pack is refused:\n{}", diagnostics.render_short().trim_end())
            }
            LoadError::Unreadable(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LoadError {}
