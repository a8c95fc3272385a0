//! Many cases decided at once.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Engine, Evaluation, Evaluator, Record};
use crate::conduct::standing::Standing;
use crate::error::Error;
use crate::eval::column::kernels::Kernels;
use crate::eval::column::{self, Decided, Room};
use crate::eval::{Instant, Vectors};

/// Cases that are decided together, at one instant.
///
/// What a case comes to is what [`Evaluator::evaluate_into`] says of it, to the last bit. Cases stand in columns; where
/// the columns cannot decide a table for a case, for an error or a doubtful row, that table is decided for that case by
/// itself.
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
/// let evaluator = engine.evaluator("2026-09-07T18:00:00-04:00".parse()?)?;
/// let mut batch = evaluator.batch();
/// batch.push(&evaluator.read(r#"{"case_id": "A-1", "balance": 12000.00}"#)?)?;
/// batch.push(&evaluator.read(r#"{"case_id": "A-2", "balance": 80.50}"#)?)?;
/// batch.decide();
/// let mut evaluation = evaluator.evaluation();
/// batch.evaluation(1, &mut evaluation)?;
/// assert_eq!(evaluation.get("segment"), Some(recoup::Answer::Known("small".to_owned())));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Batch {
    engine: Engine,
    instant: Arc<Instant>,
    kernels: Kernels,
    cases: column::Batch,
    /// By case, up to the last one that has a state.
    standings: Vec<Standing>,
    room: Room,
    decided: Decided,
}

impl Evaluator {
    /// An empty batch, decided in the widest vectors of this machine.
    pub fn batch(&self) -> Batch {
        let pack = self.engine.planned();
        let columns = self.engine.columns();
        Batch {
            engine: self.engine.clone(),
            instant: self.instant.clone(),
            kernels: Vectors::widest().kernels().unwrap_or(Kernels::Portable),
            cases: column::Batch::new(columns, pack.checked.given()),
            standings: Vec::new(),
            room: Room::new(pack, columns),
            decided: Decided::default(),
        }
    }
}

impl Batch {
    /// Decides in these vectors, which give the same bits as any others.
    ///
    /// # Errors
    /// Where the machine does not have them.
    pub fn use_vectors(&mut self, vectors: Vectors) -> Result<(), Error> {
        self.kernels = vectors.kernels().ok_or_else(|| Error::new(format!("this machine has no {vectors:?}")))?;
        Ok(())
    }

    /// The instant at which cases are decided.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.instant.as_of
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.cases.len
    }

    /// Whether there is no case.
    pub fn is_empty(&self) -> bool {
        self.cases.len == 0
    }

    /// Adds a case.
    ///
    /// # Errors
    /// Where the record belongs to another pack.
    pub fn push(&mut self, record: &Record) -> Result<(), Error> {
        if !self.engine.is(&record.engine) {
            return Err(Error::new("the record belongs to another pack"));
        }
        let pack = self.engine.planned();
        self.cases.push(&record.fields, &pack.plan.storages);
        if pack.checked.state.is_some() || record.standing.has_state() {
            self.standings.resize(self.cases.len.saturating_sub(1), Standing::Out(None));
            self.standings.push(record.standing.clone());
        }
        Ok(())
    }

    /// Takes out all cases, and keeps the room.
    pub fn clear(&mut self) {
        self.cases.clear();
        self.standings.clear();
        self.decided.len = 0;
    }

    /// Decides all cases.
    pub fn decide(&mut self) {
        let (pack, columns) = (self.engine.planned(), self.engine.columns());
        let work = column::Run { pack, columns, kernels: self.kernels, instant: &self.instant };
        work.decide(&self.cases, &mut self.room, &mut self.decided);
    }

    /// What a case came to; cases count from 0 in the order in which they were added.
    ///
    /// # Errors
    /// Where there is no such case, it was not decided yet, or the room belongs to another pack.
    pub fn evaluation(&self, case: usize, evaluation: &mut Evaluation) -> Result<(), Error> {
        if case >= self.decided.len {
            return Err(Error::new(format!("case {case} of {} is not decided", self.cases.len)));
        }
        if !self.engine.is(&evaluation.engine) {
            return Err(Error::new("the evaluation belongs to another pack"));
        }
        evaluation.instant = self.instant.clone();
        let (pack, columns) = (self.engine.planned(), self.engine.columns());
        self.decided.case(pack, columns, &self.cases, case, &mut evaluation.inner);
        evaluation.conduct(self.standings.get(case).unwrap_or(&Standing::Out(None)));
        Ok(())
    }

    /// The cases, to be filled column by column.
    #[cfg(feature = "arrow")]
    pub(crate) fn cases_mut(&mut self) -> &mut column::Batch {
        &mut self.cases
    }

    /// What the cases came to, column by column.
    #[cfg(feature = "arrow")]
    pub(crate) fn decided(&self) -> &Decided {
        &self.decided
    }

    /// How often the columns could not decide when the cases were decided last: one table for one case each time.
    pub fn tables_asked(&self) -> usize {
        self.decided.asked()
    }
}
