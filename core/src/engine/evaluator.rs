//! Deciding many cases one after the other, without allocating for each.

use std::fmt::Write;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Utc};

use super::{Decided, DecisionWriter, Engine, RecordError};
use crate::check::samples::TestState;
use crate::check::workflows::StateSlots;
use crate::conduct::action::key_text;
use crate::conduct::review::next_review;
use crate::conduct::standing::{self, Newcomer, Standing};
use crate::conduct::workflow::{Course, conduct};
use crate::decision::{self, Answer, Decision, ResultValue};
use crate::error::Error;
use crate::eval::runner::{Room, Run, Runner};
use crate::eval::{self, Instant, Scratch, Trace};
use crate::explain::Explanation;
use crate::input::{CaseBatch, CaseFiller, CaseRow, CellRoom};
use crate::language::SlotId;
use crate::language::functions::declared::Calls;
use crate::language::functions::printed;
use crate::record::{Problem, Raw, RecordReader, Surroundings, json};
use crate::state::{Done, State, Until};
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Value};

/// Decides cases at one instant, one after the other, with room that it uses again.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
/// # pack: small
/// # version: 1.0.0
/// # format: 1
/// # currency: USD
/// # time_zone: America/New_York
/// # records:
/// #   case:
/// #     fields:
/// #       case_id: {type: text, key: true}
/// #       balance: {type: money}
/// # segmentation:
/// #   outputs: {segment: [large, small]}
/// #   grid: |
/// #     | row       | balance | then segment |
/// #     |-----------|---------|--------------|
/// #     | large     | >= 5000 | large        |
/// #     | otherwise |         | small        |
/// # "#)])?;
/// let mut evaluator = engine.evaluator("2026-09-07T18:00:00-04:00".parse()?)?;
/// let mut evaluation = evaluator.evaluation();
/// for (id, balance, segment) in [("A-1", "12000.00", "large"), ("A-2", "80.50", "small")] {
///     let record = evaluator.read(&format!(r#"{{"case_id": "{id}", "balance": {balance}}}"#))?;
///     evaluator.evaluate_into(&record, &mut evaluation)?;
///     assert_eq!(evaluation.get("segment"), Some(recoup::Answer::Known(segment.to_owned())));
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Evaluator {
    pub(super) engine: Engine,
    pub(super) instant: Arc<Instant>,
    scratch: Scratch,
    cells: CellRoom,
    /// Which fields a host gave.
    seen: Vec<u64>,
}

/// A case whose fields stand in slots: read and checked, ready to be decided.
#[derive(Clone, Debug)]
pub struct Record {
    pub(crate) engine: Engine,
    pub(crate) fields: eval::Fields,
    /// Where the case stands in its workflow.
    pub(super) standing: Standing,
    /// Whether a case was read into it.
    is_read: bool,
}

/// What a case came to. Used again, it keeps the room that it has.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub(super) engine: Engine,
    pub(super) instant: Arc<Instant>,
    pub(super) inner: eval::Evaluation,
    /// Where the case stands, and what it goes through in its workflow; nothing in a pack without workflows, unless a
    /// state was given, which then stays as it is.
    pub(super) course: Option<Box<Course>>,
    room: Room,
    /// What calls of functions came to behind facts and tables.
    calls: Calls,
}

impl Evaluator {
    pub(super) fn new(engine: Engine, as_of: DateTime<Utc>) -> Result<Evaluator, Error> {
        in_years(as_of)?;
        let instant = Arc::new(Instant::new(engine.planned(), as_of));
        let scratch = Scratch::new(engine.planned().plan);
        Ok(Evaluator { engine, instant, scratch, cells: CellRoom::default(), seen: Vec::new() })
    }

    /// The instant at which cases are decided.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.instant.as_of
    }

    /// Reads a case. `record` is JSON text; numbers are read as they are written, never as floats.
    ///
    /// # Errors
    /// All problems of the record, where it is not a valid case.
    pub fn read(&self, record: &str) -> Result<Record, RecordError> {
        let raw =
            json::parse(record).map_err(|message| RecordError { problems: vec![Problem::new("", message, None)] })?;
        self.read_raw(&raw)
    }

    /// Reads the case of a row.
    ///
    /// # Errors
    /// All problems of the row and its record, where it is not a valid case.
    pub fn read_row(&self, row: &CaseRow) -> Result<Record, RecordError> {
        let raw = row.record(self.instant.as_of).map_err(|problems| RecordError { problems })?;
        self.read_raw(&raw)
    }

    /// Room for cases that are read one after the other.
    pub fn record(&self) -> Record {
        let count = self.engine.planned().checked.given();
        Record {
            engine: self.engine.clone(),
            fields: eval::Fields::room(count),
            standing: Standing::Out(None),
            is_read: false,
        }
    }

    /// Reads a row of a batch into the room of another record. As [`Evaluator::read_row`] reads it, but faster: cells
    /// of CSV become machine integers at once, and nothing is allocated but for texts and what is oddly written.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
    /// # pack: small
    /// # version: 1.0.0
    /// # format: 1
    /// # currency: USD
    /// # time_zone: America/New_York
    /// # records:
    /// #   case:
    /// #     fields:
    /// #       case_id: {type: text, key: true}
    /// #       balance: {type: money}
    /// # segmentation:
    /// #   outputs: {segment: [large, small]}
    /// #   grid: |
    /// #     | row       | balance | then segment |
    /// #     |-----------|---------|--------------|
    /// #     | large     | >= 5000 | large        |
    /// #     | otherwise |         | small        |
    /// # "#)])?;
    /// # let path = std::env::temp_dir().join(format!("recoup-{}.csv", std::process::id()));
    /// # std::fs::write(&path, "case_id,balance\nA-1,12000.00\nA-2,80.50\n")?;
    /// let mut cases = engine.read_cases(&path, None)?;
    /// let mut evaluator = engine.evaluator("2026-09-07T18:00:00-04:00".parse()?)?;
    /// let (mut record, mut evaluation) = (evaluator.record(), evaluator.evaluation());
    /// while let Some(batch) = cases.next_batch(1000)? {
    ///     for index in 0..batch.len() {
    ///         evaluator.read_into(&batch, index, &mut record)?;
    ///         evaluator.evaluate_into(&record, &mut evaluation)?;
    ///         # let segment = ["large", "small"][index].to_owned();
    ///         # assert_eq!(evaluation.get("segment"), Some(recoup::Answer::Known(segment)));
    ///     }
    /// }
    /// # std::fs::remove_file(&path)?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// All problems of the row and its record, where it is not a valid case; the record is then empty.
    pub fn read_into(&mut self, batch: &CaseBatch, index: usize, record: &mut Record) -> Result<(), RecordError> {
        if !self.engine.is(&record.engine) {
            *record = self.record();
        }
        record.is_read = false;
        let pack = self.engine.planned();
        if batch.read(index, pack, self.instant.as_of, &mut self.cells, &mut record.fields).is_some() {
            record.standing = self.settle(&mut record.fields, None)?;
            record.is_read = true;
            return Ok(());
        }
        let row = batch.row(index).ok_or_else(|| Error::new(format!("the batch has no row {index}")))?;
        *record = self.read_row(&row)?;
        Ok(())
    }

    /// Fills the room of another record with the values that a host holds, field by field and without text. It comes to
    /// what [`Evaluator::read`] makes of the same values in JSON, with days and instants as text.
    ///
    /// `fill` puts the fields in, and says whether all of them stand. False where one does not, or is missing: then the
    /// record is empty, and is to be read as text, which says what is wrong. True where the record is read.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
    /// # pack: small
    /// # version: 1.0.0
    /// # format: 1
    /// # currency: USD
    /// # time_zone: America/New_York
    /// # records:
    /// #   case:
    /// #     fields:
    /// #       case_id: {type: text, key: true}
    /// #       balance: {type: money}
    /// # segmentation:
    /// #   outputs: {segment: [large, small]}
    /// #   grid: |
    /// #     | row       | balance | then segment |
    /// #     |-----------|---------|--------------|
    /// #     | large     | >= 5000 | large        |
    /// #     | otherwise |         | small        |
    /// # "#)])?;
    /// use recoup::Given;
    ///
    /// assert_eq!(engine.field_names().collect::<Vec<_>>(), ["case_id", "balance"]);
    /// let mut evaluator = engine.evaluator("2026-09-07T18:00:00-04:00".parse()?)?;
    /// let (mut record, mut evaluation) = (evaluator.record(), evaluator.evaluation());
    /// let is_read = evaluator.fill(&mut record, |case| {
    ///     case.put(0, Given::Text("A-1")) && case.put(1, Given::Number("12000.00"))
    /// })?;
    /// assert!(is_read);
    /// evaluator.evaluate_into(&record, &mut evaluation)?;
    /// assert_eq!(evaluation.get("segment"), Some(recoup::Answer::Known("large".to_owned())));
    /// // An amount has no three decimals here, and the balance is missing.
    /// assert!(!evaluator.fill(&mut record, |case| case.put(1, Given::Number("12.005")))?);
    /// assert!(!evaluator.fill(&mut record, |case| case.put(0, Given::Text("A-1")))?);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the case cannot begin in its workflow.
    pub fn fill(
        &mut self,
        record: &mut Record,
        fill: impl FnOnce(&mut CaseFiller<'_>) -> bool,
    ) -> Result<bool, RecordError> {
        if !self.engine.is(&record.engine) {
            *record = self.record();
        }
        record.is_read = false;
        let (given, pack) = (self.engine.given(), self.engine.planned());
        let mut filler = CaseFiller::new(given, pack, &self.instant, &mut record.fields, &mut self.seen);
        if fill(&mut filler) && filler.finish() {
            record.standing = self.settle(&mut record.fields, None)?;
            record.is_read = true;
        }
        Ok(record.is_read)
    }

    pub(crate) fn read_raw(&self, raw: &Raw) -> Result<Record, RecordError> {
        let pack = self.engine.planned();
        let Instant { as_of, today, .. } = *self.instant;
        let surroundings = Surroundings { as_of, today, currency: Some(&pack.checked.header.currency) };
        let fields =
            RecordReader::read(&pack.checked.record, raw, surroundings).map_err(|problems| RecordError { problems })?;
        let mut fields = eval::Fields::new(fields, pack.plan, pack.checked.given());
        let standing = self.settle(&mut fields, None)?;
        Ok(Record { engine: self.engine.clone(), fields, standing, is_read: true })
    }

    /// Puts the case of a record where its state says that it stands. A record that no state was put to is that of a
    /// case that begins.
    ///
    /// # Errors
    /// Where the state is that of another case, or lies behind the instant of the evaluation.
    pub fn put_state(&self, record: &mut Record, state: &State) -> Result<(), RecordError> {
        if !self.engine.is(&record.engine) {
            return Err(Error::new("the record belongs to another pack").into());
        }
        record.standing = self.settle(&mut record.fields, Some(state))?;
        Ok(())
    }

    /// The state that a rule test says.
    pub(crate) fn test_state(&self, record: &Record, said: &TestState, today: NaiveDate) -> Result<State, RecordError> {
        let refused = |error: crate::state::StateError| RecordError { problems: error.problems };
        let mut key = String::new();
        record.key_into(&mut key);
        let pack = self.engine.pack().clone();
        let mut state = match (&said.place, &said.previous) {
            (Some((workflow, stage, since)), Some((left, days))) => {
                let before = since.checked_sub_days(chrono::Days::new((*days).into())).unwrap_or(*since);
                let left = State::start(&key, workflow, left, before, pack).map_err(refused)?;
                let mut state = left.clone();
                state.enter(stage.clone(), *since);
                state.with_revision_after(&left)
            }
            (Some((workflow, stage, since)), None) => State::start(&key, workflow, stage, *since, pack),
            (None, _) => State::in_no_workflow(&key, pack),
        }
        .map_err(refused)?;
        let since = said.place.as_ref().map_or(today, |(_, _, since)| *since);
        for (step, occurrence) in &said.done {
            let done = Done { step: step.clone(), occurrence: *occurrence, due: since, entry: state.entry() };
            state = state.record(&done, "done", self.instant.as_of).map_err(refused)?;
        }
        for (rule, until) in &said.cooldowns {
            state = state.record_cooldown(rule, Until::Day(*until)).map_err(refused)?;
        }
        let mut armed = state.clone();
        said.arms.iter().for_each(|(experiment, arm)| armed.set_arm(experiment, arm));
        state = armed.with_revision_after(&state).map_err(refused)?;
        if let Some(until) = said.hold {
            state = state.hold("test", "the test says so", "the test", since.min(today), until).map_err(refused)?;
        }
        Ok(state)
    }

    /// A record of fields that were read, and a state.
    #[cfg(feature = "arrow")]
    pub(crate) fn settled(&self, mut fields: eval::Fields, state: Option<&State>) -> Result<Record, RecordError> {
        let standing = self.settle(&mut fields, state)?;
        Ok(Record { engine: self.engine.clone(), fields, standing, is_read: true })
    }

    /// Where a case stands, put into its slots.
    fn settle(&self, fields: &mut eval::Fields, state: Option<&State>) -> Result<Standing, RecordError> {
        let (pack, today) = (self.engine.planned(), self.instant.today);
        let checked = pack.checked;
        if state.is_none() && checked.state.is_none() && checked.cooldowns.is_empty() && checked.experiments.is_empty()
        {
            return Ok(Standing::Out(None));
        }
        let mut outcomes = self.resting(state, today);
        outcomes.extend(standing::kept_arms(pack.checked, state));
        fields.put(&outcomes, &pack.plan.storages);
        if pack.checked.state.is_none() && state.is_none() {
            return Ok(Standing::Out(None));
        }
        let key = pack.checked.record.key_index().map(|index| SlotId(crate::source::clamp(index)));
        let key = key.map_or(Ok(Value::None), |key| fields.outcome(key, &pack.plan.storages));
        let key = key_text(&key);
        let standing = match state {
            Some(state) => {
                let mut problems: Vec<Problem> = state.problem_at(today).into_iter().collect();
                if state.case() != key {
                    let message = format!("this is the state of the case `{}`, not of `{key}`", state.case());
                    let help = "pass the state that is stored with this case".to_owned();
                    problems.push(Problem::new("state.case", message, Some(help)));
                }
                if !problems.is_empty() {
                    return Err(RecordError { problems });
                }
                Standing::of_state(pack.checked, &Arc::new(state.clone()))
            }
            None => Standing::Out(None),
        };
        let Some(slots) = &pack.checked.state else { return Ok(standing) };
        let standing = match standing {
            Standing::Out(state) => {
                let newcomer = Newcomer { key: &key, state: state.as_ref(), pack: self.engine.pack() };
                self.begin(fields, slots, &newcomer, today)?
            }
            standing => standing,
        };
        fields.put(&standing.slots(slots, today), &pack.plan.storages);
        Ok(standing)
    }

    /// Which escalations rest, by their slots. These follow those of the state.
    fn resting(&self, state: Option<&State>, today: NaiveDate) -> Vec<(SlotId, Outcome)> {
        let cooldowns = self.engine.planned().checked.cooldowns.iter();
        let rests = cooldowns.map(|cooldown| {
            let rests = match state.and_then(|state| state.cooldown(&cooldown.rule)) {
                Some(Until::Day(last)) => today <= last,
                Some(Until::Instant(end)) => self.instant.as_of < end,
                None => false,
            };
            (cooldown.slot, Ok(Value::Boolean(rests)))
        });
        rests.collect()
    }

    /// Where a case begins.
    fn begin(
        &self,
        fields: &mut eval::Fields,
        slots: &StateSlots,
        newcomer: &Newcomer<'_>,
        today: NaiveDate,
    ) -> Result<Standing, RecordError> {
        let pack = self.engine.planned();
        let takes_all = pack.checked.workflows.first().is_some_and(|workflow| workflow.applies_when.is_empty());
        let standing = if takes_all {
            Standing::begin(pack.checked, 0, newcomer, today)
        } else {
            fields.put(&standing::unknown(slots, &Failure::unknown("stage")), &pack.plan.storages);
            let mut evaluation = eval::Evaluation::new(pack.plan);
            evaluation.cells.take(fields);
            eval::row::run(pack, &self.instant, &mut Scratch::new(pack.plan), &mut evaluation);
            let mut runner = Runner::new(pack, &self.instant, evaluation.cells);
            Standing::beginning(&mut runner, newcomer, today)
        };
        standing.map_err(|error| RecordError { problems: error.problems })
    }

    /// Room for what cases come to.
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            engine: self.engine.clone(),
            instant: self.instant.clone(),
            inner: eval::Evaluation::new(self.engine.planned().plan),
            course: None,
            room: Room::default(),
            calls: Calls::default(),
        }
    }

    /// A writer of the decisions at this evaluator's instant, as JSON.
    pub fn writer(&self) -> DecisionWriter {
        DecisionWriter::new(self.engine.clone(), &self.instant)
    }

    /// Decides a case by itself.
    ///
    /// # Errors
    /// Where the record belongs to another pack, or is empty.
    pub fn decide(&self, record: &Record) -> Result<Decided, RecordError> {
        super::decided(self.clone(), record)
    }

    /// Decides a case. Once the room has grown to what the cases need, nothing is allocated where all that a case
    /// needs is known and stands in machine integers.
    ///
    /// # Errors
    /// Where the record or the room belong to another pack, or the record is empty.
    pub fn evaluate_into(&mut self, record: &Record, evaluation: &mut Evaluation) -> Result<(), Error> {
        if !self.engine.is(&record.engine) || !self.engine.is(&evaluation.engine) {
            return Err(Error::new("the record or the evaluation belongs to another pack"));
        }
        if !record.is_read {
            return Err(Error::new("no case was read into the record"));
        }
        if !Arc::ptr_eq(&self.instant, &evaluation.instant) {
            evaluation.instant = self.instant.clone();
        }
        let pack = self.engine.planned();
        evaluation.inner.cells.take(&record.fields);
        #[cfg(test)]
        let given = evaluation.inner.cells.clone();
        eval::row::run(pack, &self.instant, &mut self.scratch, &mut evaluation.inner);
        evaluation.conduct(&record.standing);
        #[cfg(test)]
        crate::agreement::of_row(
            &self.engine.parts(),
            pack,
            &given,
            (&record.standing, evaluation.course.as_deref()),
            &self.instant,
            &evaluation.inner,
        );
        Ok(())
    }
}

/// Refuses an instant outside the years that calendars know.
pub(super) fn in_years(as_of: DateTime<Utc>) -> Result<(), Error> {
    if (2..=9998).contains(&as_of.year()) {
        return Ok(());
    }
    Err(Error::new(format!("`as_of` lies outside the years 2 to 9998: {as_of}")))
}

impl Record {
    /// Writes the case's key in place of a text, as [`Decision::key`] has it.
    pub fn key_into(&self, text: &mut String) {
        text.clear();
        let pack = self.engine.planned();
        let Some(index) = pack.checked.record.key_index() else { return };
        let key = self.fields.outcome(SlotId(crate::source::clamp(index)), &pack.plan.storages);
        match key {
            Ok(Value::Text(key)) => text.push_str(&key),
            Ok(Value::Integer(key)) => {
                // A text takes any number.
                let _ = write!(text, "{key}");
            }
            Ok(key) => text.push_str(&Show { currency_decimals: pack.checked.header.currency_decimals }.text(&key)),
            Err(_) => text.push_str("none"),
        }
    }
}

impl Evaluation {
    /// The decision.
    pub fn decision(&self) -> Decision {
        let trace = eval::replay::fired(self.engine.planned(), &self.instant, &self.inner);
        let next_review_at = self.next_review();
        Decision::new(&self.engine.parts(), self.instant.as_of, &trace, self.course.as_deref(), next_review_at)
    }

    /// The decision, and with it what is needed to explain it.
    pub fn into_decided(self) -> Decided {
        Decided { decision: self.decision(), evaluation: self }
    }

    /// When another decision may follow.
    pub(crate) fn next_review(&self) -> Option<DateTime<Utc>> {
        next_review(self.engine.planned(), &self.instant, &self.inner, self.standing(), &self.calls)
    }

    /// Where the case stood before.
    pub(super) fn standing(&self) -> &Standing {
        self.course.as_ref().map_or(&Standing::Out(None), |course| &course.standing)
    }

    /// Takes the case through its workflow.
    pub(super) fn conduct(&mut self, standing: &Standing) {
        let pack = self.engine.planned();
        if pack.plan.has_calls {
            self.calls.clear();
            drop(printed::take());
        }
        if !pack.checked.has_course() && !standing.has_state() {
            self.course = None;
            return;
        }
        let room = std::mem::take(&mut self.room);
        let runner = Runner::new(pack, &self.instant, self.inner.cells.take_out());
        let mut runner = runner.with_calls(&self.calls).in_room(room);
        conduct(&mut runner, standing.clone(), self.course.get_or_insert_default());
        (self.inner.cells, self.room, _) = runner.finish();
        if pack.plan.has_calls {
            self.inner.printed.extend(printed::take());
        }
    }

    /// Asks about what the slots came to.
    pub(super) fn runner(&self) -> Runner<'_> {
        Runner::new(self.engine.planned(), &self.instant, self.inner.cells.clone()).with_calls(&self.calls)
    }

    /// How each routine came out that was run for what follows from the evaluation.
    pub(super) fn runs(&self) -> Vec<Run> {
        let Some(course) = &self.course else { return Vec::new() };
        // Nothing is called again.
        let calls = self.calls.closed();
        let mut runner = self.runner().with_calls(&calls).keeping_runs();
        conduct(&mut runner, course.standing.clone(), &mut Course::default());
        let (_, _, runs) = runner.finish();
        runs
    }

    /// Appends the case's key as [`Decision::key`] gives it.
    pub fn write_key(&self, key: &mut String) {
        decision::write_key(self.engine.planned(), &self.inner, key);
    }

    /// Why the decision is as it is, from the slots that were kept.
    pub fn explain(&self) -> Explanation {
        let trace = self.trace();
        let whole = Explanation::new(&self.engine.parts(), self.instant.as_of, &trace, &self.runs());
        whole.with_printed(&self.inner.printed)
    }

    /// What a result of [`Engine::named_results`] came to, without making the decision. Nothing where it is not known or
    /// failed, or stands nowhere but in the decision.
    pub fn result(&self, result: usize) -> Option<ResultValue<'_>> {
        self.engine.results().value(result, self.engine.planned(), &self.inner)
    }

    /// Puts the positions in [`Engine::rule_ids`] of the rows and rules that fired into `fired`, in the order of
    /// [`Decision::fired`], without making the decision. False where that says it alone: in packs of which more fires
    /// than rows of tables, and for a table in which something is not known or failed.
    pub fn fired_into(&self, fired: &mut Vec<usize>) -> bool {
        !self.standing().has_state() && self.engine.results().fired(self.engine.planned(), &self.inner, fired)
    }

    /// What a result came to; see [`Decision::get`].
    pub fn get(&self, name: &str) -> Option<Answer> {
        self.decision().get(name)
    }

    pub(crate) fn trace(&self) -> Trace {
        eval::replay::whole(self.engine.planned(), &self.instant, &self.inner)
    }
}
