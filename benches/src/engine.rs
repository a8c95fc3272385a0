//! recoup as the benchmarks use it: the one place that calls its API.
//!
//! Takes an engine and cases as JSON text; gives outcomes that can be compared with those of the hand-written rules.

use chrono::{DateTime, Utc};
use recoup::{Answer, Decision, Engine, Evaluator};
pub use recoup::{Batch, Evaluation, Record, Vectors};

use crate::baseline::Outcome;
use crate::policy::{Policy, ROLES};
use crate::{Error, Result, pack};

/// The names of all vectors.
const VECTORS: [(&str, Vectors); 3] =
    [("portable", Vectors::Portable), ("avx2", Vectors::Avx2), ("avx-512", Vectors::Avx512)];

/// The instant of every decision.
///
/// # Errors
/// None that is seen; the text is a constant.
pub fn as_of() -> Result<DateTime<Utc>> {
    Ok("2026-09-07T18:00:00-04:00".parse()?)
}

/// Loads a pack.
///
/// # Errors
/// Everything that is wrong with the pack.
pub fn load(sources: &pack::Sources) -> Result<Engine> {
    let files = sources.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    Engine::from_sources(pack::NAME, files).map_err(|error| Error::from(error.to_string()))
}

/// Decides cases: one at a time, or many at once in columns.
#[derive(Clone, Debug)]
pub struct Rows(Evaluator);

/// What a case came to, by names.
#[derive(Debug)]
pub struct Answers(Decision);

impl Rows {
    /// Decides by this engine.
    ///
    /// # Errors
    /// As [`as_of`].
    pub fn new(engine: &Engine) -> Result<Rows> {
        Ok(Rows(engine.evaluator(as_of()?)?))
    }

    /// Reads a case from JSON into slots, ready to be decided.
    ///
    /// # Errors
    /// All problems of the case.
    pub fn read(&self, record: &str) -> Result<Record> {
        Ok(self.0.read(record)?)
    }

    /// Room for what cases come to, one after the other.
    pub fn evaluation(&self) -> Evaluation {
        self.0.evaluation()
    }

    /// Decides a case; what the evaluation held before is gone.
    ///
    /// # Errors
    /// When the record or the evaluation belong to another pack.
    pub fn decide(&mut self, record: &Record, evaluation: &mut Evaluation) -> Result<()> {
        Ok(self.0.evaluate_into(record, evaluation)?)
    }

    /// An empty batch that decides in these vectors.
    ///
    /// # Errors
    /// When the machine does not have them.
    pub fn batch(&self, vectors: Vectors) -> Result<Batch> {
        let mut batch = self.0.batch();
        batch.use_vectors(vectors)?;
        Ok(batch)
    }

    /// The vectors that the machine has, by name, from the narrowest to the widest.
    pub fn vectors(&self) -> impl Iterator<Item = (&'static str, Vectors)> {
        VECTORS.into_iter().filter(|(_, vectors)| self.batch(*vectors).is_ok())
    }
}

impl Answers {
    /// The answers of a decided case.
    pub fn of(evaluation: &Evaluation) -> Answers {
        Answers(evaluation.decision())
    }

    /// A result by its name, as text.
    ///
    /// # Errors
    /// When there is none, or it is not known.
    pub fn get(&self, name: &str) -> Result<String> {
        match self.0.get(name) {
            Some(Answer::Known(text)) => Ok(text),
            other => Err(format!("`{name}` is {other:?}").into()),
        }
    }

    /// What a policy says of the case; `copy` counts the policies of the pack from 0.
    ///
    /// # Errors
    /// When a result is missing or not known.
    pub fn outcome(&self, policy: &Policy, copy: usize) -> Result<Outcome> {
        let suffix = pack::suffix(copy);
        let segment = if copy == 0 { "segment".to_owned() } else { format!("segmentation{suffix}.segment") };
        let choice = |field: &str, result: &str| -> Result<i64> {
            policy.fields.get(policy.field(field)?).ok_or("no such field")?.kind.place(&self.get(result)?)
        };
        let role = self.get(&format!("settlement{suffix}.role"))?;
        let role = ROLES.iter().position(|known| *known == role).ok_or_else(|| format!("there is no role `{role}`"))?;
        let incentive = self.get(&format!("incentive{suffix}.incentive"))?;
        Ok(Outcome {
            segment: choice("segment", &segment)?.try_into()?,
            discount_bps: self.get(&format!("settlement{suffix}.discount_bps"))?.parse()?,
            role: i64::try_from(role)?.try_into()?,
            triggers: self.triggers(policy, copy),
            incentive: incentive.replace('.', "").parse()?,
            stage: choice("stage", &format!("transition{suffix}.next_stage"))?.try_into()?,
        })
    }

    fn triggers(&self, policy: &Policy, copy: usize) -> u16 {
        let fired: Vec<&str> = self.0.escalations().collect();
        let mut triggers = 0;
        for (bit, rule) in policy.triggers.iter().enumerate() {
            if fired.contains(&pack::escalation_id(&rule.then.0, copy).as_str()) {
                triggers |= 1 << bit;
            }
        }
        triggers
    }
}

#[cfg(test)]
mod tests {
    use super::{Answers, Rows, load};
    use crate::policy::Policy;
    use crate::{cases, pack};

    #[test]
    fn the_pack_gives_every_expected_outcome() {
        let policy = Policy::committed().unwrap();
        let sources = pack::of_policies(std::slice::from_ref(&policy));
        let mut rows = Rows::new(&load(&sources).unwrap()).unwrap();
        let mut evaluation = rows.evaluation();
        for case in cases::committed().unwrap() {
            let record = rows.read(&cases::record(&policy, &case.key, &case.values)).unwrap();
            rows.decide(&record, &mut evaluation).unwrap();
            assert_eq!(Answers::of(&evaluation).outcome(&policy, 0).unwrap(), case.expected, "{}", case.key);
        }
    }
}
