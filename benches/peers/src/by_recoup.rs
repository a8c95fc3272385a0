//! recoup, one case at a time and in columns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use recoup_benches::Result;
use recoup_benches::baseline::Outcome;
use recoup_benches::cases::{self, Case};
use recoup_benches::contenders::BATCH;
use recoup_benches::engine::{self, Answers, Batch, Evaluation, Record, load};
use recoup_benches::pack;
use recoup_benches::policy::Policy;

/// One case at a time, from records whose fields stand in slots.
pub struct Rows {
    policy: Policy,
    rows: engine::Rows,
    records: Vec<Record>,
    evaluation: Evaluation,
}

impl Rows {
    pub fn new(policy: &Policy, cases: &[Case]) -> Result<Rows> {
        let rows = engine::Rows::new(&load(&pack::of_policies(std::slice::from_ref(policy)))?)?;
        let records = cases
            .iter()
            .map(|case| rows.read(&cases::record(policy, &case.key, &case.values)))
            .collect::<Result<Vec<_>>>()?;
        let evaluation = rows.evaluation();
        Ok(Rows { policy: policy.clone(), rows, records, evaluation })
    }
}

impl crate::Peer for Rows {
    fn name(&self) -> String {
        format!("recoup {}, one at a time", env!("CARGO_PKG_VERSION"))
    }

    fn decide(&mut self, place: usize) -> Result<()> {
        let record = self.records.get(place).ok_or("there is no such case")?;
        self.rows.decide(black_box(record), &mut self.evaluation)?;
        black_box(&self.evaluation);
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome> {
        Answers::of(&self.evaluation).outcome(&self.policy, 0)
    }
}

/// In columns: batches in the widest vectors of the machine, filled before the clock starts.
pub struct Columns {
    by: Rows,
    widest: &'static str,
    batch: Batch,
}

impl Columns {
    /// Fails where a batch of all cases has a wrong answer.
    pub fn new(policy: &Policy, cases: &[Case]) -> Result<Columns> {
        let by = Rows::new(policy, cases)?;
        let (widest, vectors) = by.rows.vectors().last().ok_or("the machine has no vectors")?;
        let batch = by.rows.batch(vectors)?;
        let mut columns = Columns { by, widest, batch };
        columns.fill(0..cases.len())?;
        columns.batch.decide();
        for (place, case) in cases.iter().enumerate() {
            let outcome = columns.outcome_of(place)?;
            if outcome != case.expected {
                return Err(format!("columns, case {}: {outcome:?}, but {:?} is right", case.key, case.expected).into());
            }
        }
        Ok(columns)
    }

    fn fill(&mut self, places: impl Iterator<Item = usize>) -> Result<()> {
        self.batch.clear();
        for place in places {
            self.batch.push(self.by.records.get(place).ok_or("there is no such case")?)?;
        }
        Ok(())
    }

    fn outcome_of(&self, place: usize) -> Result<Outcome> {
        let mut evaluation = self.by.rows.evaluation();
        self.batch.evaluation(place, &mut evaluation)?;
        Answers::of(&evaluation).outcome(&self.by.policy, 0)
    }
}

impl crate::Peer for Columns {
    fn name(&self) -> String {
        format!("recoup {}, columns, {}", env!("CARGO_PKG_VERSION"), self.widest)
    }

    /// A batch of one.
    fn decide(&mut self, place: usize) -> Result<()> {
        self.fill(std::iter::once(place))?;
        self.batch.decide();
        Ok(())
    }

    fn run(&mut self, places: &mut dyn Iterator<Item = usize>) -> Result<Duration> {
        let mut taken = Duration::ZERO;
        loop {
            self.fill((&mut *places).take(BATCH))?;
            if self.batch.is_empty() {
                return Ok(taken);
            }
            let begun = Instant::now();
            self.batch.decide();
            taken += begun.elapsed();
            black_box(&self.batch);
        }
    }

    fn outcome(&self) -> Result<Outcome> {
        self.outcome_of(0)
    }
}
