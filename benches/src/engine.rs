//! recoup as the benchmarks use it: the one place that calls its API.
//!
//! Takes an engine and cases as JSON text; gives outcomes that can be compared with those of the hand-written rules.

use chrono::{DateTime, Utc};
use recoup::{Answer, Decision, Done, Engine, Evaluator};
pub use recoup::{Batch, Evaluation, Record, Vectors};

use crate::baseline::Outcome;
use crate::course::{Action, Case, Channel, Course, Status, Tried, Verdict, baseline, pack::WORKFLOW};
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
pub struct Rows {
    engine: Engine,
    evaluator: Evaluator,
}

/// What a case came to, by names.
#[derive(Debug)]
pub struct Answers(Decision);

impl Rows {
    /// Decides by this engine.
    ///
    /// # Errors
    /// As [`as_of`].
    pub fn new(engine: &Engine) -> Result<Rows> {
        Rows::at(engine, as_of()?)
    }

    /// Decides by this engine at an instant.
    ///
    /// # Errors
    /// When the instant lies outside the years that the engine knows.
    pub fn at(engine: &Engine, as_of: DateTime<Utc>) -> Result<Rows> {
        Ok(Rows { engine: engine.clone(), evaluator: engine.evaluator(as_of)? })
    }

    /// Puts a case where it stands in its workflow, with the steps that are done.
    ///
    /// # Errors
    /// When the workflow has no such stage.
    pub fn put_past(&self, record: &mut Record, case: &Case) -> Result<()> {
        let stage = baseline::name(case.policy.stage);
        let mut state = self.engine.start(&case.key, WORKFLOW, stage, case.since)?;
        for (step, occurrence) in &case.done {
            let done = Done { step: (*step).to_owned(), occurrence: *occurrence, due: case.since, entry: 1 };
            state = state.record(&done, "done", self.evaluator.as_of())?;
        }
        Ok(self.evaluator.put_state(record, &state)?)
    }

    /// Reads a case from JSON into slots, ready to be decided.
    ///
    /// # Errors
    /// All problems of the case.
    pub fn read(&self, record: &str) -> Result<Record> {
        Ok(self.evaluator.read(record)?)
    }

    /// Room for what cases come to, one after the other.
    pub fn evaluation(&self) -> Evaluation {
        self.evaluator.evaluation()
    }

    /// Decides a case; what the evaluation held before is gone.
    ///
    /// # Errors
    /// When the record or the evaluation belong to another pack.
    pub fn decide(&mut self, record: &Record, evaluation: &mut Evaluation) -> Result<()> {
        Ok(self.evaluator.evaluate_into(record, evaluation)?)
    }

    /// An empty batch that decides in these vectors.
    ///
    /// # Errors
    /// When the machine does not have them.
    pub fn batch(&self, vectors: Vectors) -> Result<Batch> {
        let mut batch = self.evaluator.batch();
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
        let stage = self.get(&format!("transition{}.next_stage", pack::suffix(copy)))?;
        let field = policy.fields.get(policy.field("stage")?).ok_or("no such field")?;
        self.decided(policy, copy, field.kind.place(&stage)?)
    }

    /// What a policy says of the case, which then stands in a stage.
    fn decided(&self, policy: &Policy, copy: usize, stage: i64) -> Result<Outcome> {
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
            stage: stage.try_into()?,
        })
    }

    /// The course of a case of the second workload.
    ///
    /// # Errors
    /// When a result is missing or not known.
    pub fn course(&self, policy: &Policy) -> Result<Course> {
        let stage = self.0.stage().ok_or("the case is in no stage")?;
        let to = policy.fields.get(policy.field("stage")?).ok_or("no such field")?.kind.place(&stage.to)?;
        let actions = self.0.actions().iter().map(action).collect::<Result<_>>()?;
        Ok(Course { outcome: self.decided(policy, 0, to)?, since: stage.since, actions })
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

fn action(action: &recoup::Action) -> Result<Action> {
    let tried = action.contact.iter().map(|report| {
        Ok(Tried {
            channel: Channel::of(report.channel.as_deref().ok_or("a channel is not known")?)?,
            verdict: Verdict::of(report.verdict.word())?,
            next_allowed_at: report.next_allowed_at,
        })
    });
    let id = u128::from_str_radix(&action.id, 16)?.to_be_bytes();
    let step = action.step.rsplit('/').next().unwrap_or_default();
    Ok(Action {
        id,
        step: baseline::STEPS.iter().find(|known| known.name == step).ok_or("a step that nobody knows")?.name,
        channel: action.channel.as_deref().map(Channel::of).transpose()?,
        status: Status::of(action.status.word())?,
        tried: tried.collect::<Result<_>>()?,
        not_before: action.not_before,
    })
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
