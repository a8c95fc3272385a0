//! Deciding many cases one after the other, without allocating for each.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};

use super::{DecisionWriter, Engine, RecordError};
use crate::decision::{self, Answer, Decision};
use crate::error::Error;
use crate::eval::{self, Instant, Scratch, Trace};
use crate::explain::Explanation;
use crate::input::CaseRow;
use crate::record::{Problem, Raw, RecordReader, Surroundings, json};

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
}

/// A case whose fields stand in slots: read and checked, ready to be decided.
#[derive(Clone, Debug)]
pub struct Record {
    pub(crate) engine: Engine,
    pub(crate) fields: eval::Fields,
}

/// What a case came to. Used again, it keeps the room that it has.
#[derive(Clone, Debug)]
pub struct Evaluation {
    pub(super) engine: Engine,
    pub(super) instant: Arc<Instant>,
    pub(super) inner: eval::Evaluation,
}

impl Evaluator {
    pub(super) fn new(engine: Engine, as_of: DateTime<Utc>) -> Result<Evaluator, Error> {
        if !(2..=9998).contains(&as_of.year()) {
            return Err(Error::new(format!("`as_of` lies outside the years 2 to 9998: {as_of}")));
        }
        let instant = Arc::new(Instant::new(engine.planned(), as_of));
        let scratch = Scratch::new(engine.planned().plan);
        Ok(Evaluator { engine, instant, scratch })
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

    pub(super) fn read_raw(&self, raw: &Raw) -> Result<Record, RecordError> {
        let pack = self.engine.planned();
        let as_of = self.instant.as_of;
        let today = crate::calendar::date_at(as_of, pack.checked.header.zone);
        let surroundings = Surroundings { as_of, today, currency: Some(&pack.checked.header.currency) };
        let fields =
            RecordReader::read(&pack.checked.record, raw, surroundings).map_err(|problems| RecordError { problems })?;
        Ok(Record { engine: self.engine.clone(), fields: eval::Fields::new(fields, pack.plan) })
    }

    /// Room for what cases come to.
    pub fn evaluation(&self) -> Evaluation {
        Evaluation {
            engine: self.engine.clone(),
            instant: self.instant.clone(),
            inner: eval::Evaluation::new(self.engine.planned().plan),
        }
    }

    /// A writer of the decisions at this evaluator's instant, as JSON.
    pub fn writer(&self) -> DecisionWriter {
        DecisionWriter::new(self.engine.clone(), &self.instant)
    }

    /// Decides a case. Once the room has grown to what the cases need, nothing is allocated where all that a case
    /// needs is known and stands in machine integers.
    ///
    /// # Errors
    /// Where the record or the room belong to another pack.
    pub fn evaluate_into(&mut self, record: &Record, evaluation: &mut Evaluation) -> Result<(), Error> {
        if !self.engine.is(&record.engine) || !self.engine.is(&evaluation.engine) {
            return Err(Error::new("the record or the evaluation belongs to another pack"));
        }
        if !Arc::ptr_eq(&self.instant, &evaluation.instant) {
            evaluation.instant = self.instant.clone();
        }
        let pack = self.engine.planned();
        evaluation.inner.cells.take(&record.fields);
        #[cfg(test)]
        let given = evaluation.inner.cells.clone();
        eval::row::run(pack, &self.instant, &mut self.scratch, &mut evaluation.inner);
        #[cfg(test)]
        crate::agreement::of_row(&self.engine.parts(), pack, &given, &self.instant, &evaluation.inner);
        Ok(())
    }
}

impl Evaluation {
    /// The decision.
    pub fn decision(&self) -> Decision {
        let trace = eval::replay::fired(self.engine.planned(), &self.instant, &self.inner);
        Decision::new(&self.engine.parts(), self.instant.as_of, &trace)
    }

    /// Appends the case's key as [`Decision::key`] gives it.
    pub fn write_key(&self, key: &mut String) {
        decision::write_key(self.engine.planned(), &self.inner, key);
    }

    /// Why the decision is as it is, from the slots that were kept.
    pub fn explain(&self) -> Explanation {
        Explanation::new(&self.engine.parts(), self.instant.as_of, &self.trace())
    }

    /// What a result came to; see [`Decision::get`].
    pub fn get(&self, name: &str) -> Option<Answer> {
        self.decision().get(name)
    }

    pub(crate) fn trace(&self) -> Trace {
        eval::replay::whole(self.engine.planned(), &self.instant, &self.inner)
    }
}
