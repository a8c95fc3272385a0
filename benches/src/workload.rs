//! What is timed: packs loaded, cases read, and the answers compared before anything is timed.
//!
//! Each constructor fails where recoup's answers are not the expected ones, so that no benchmark times a wrong answer.

use recoup::Engine;

use crate::baseline::{self, Outcome};
use crate::cases::{self, Case};
use crate::engine::{self, Answers, Evaluation, Record, Rows};
use crate::policy::{Condition, Policy};
use crate::{Error, Result, generate, naive, pack};

/// The seed of everything that is generated.
pub const SEED: u64 = 20_260_907;

/// Cases that a loaded pack decides one at a time and in columns, with the right answers.
pub struct Workload {
    /// The pack, loaded.
    pub engine: Engine,
    /// The pack's text.
    pub sources: pack::Sources,
    /// What decides them; a contender takes a copy.
    pub rows: Rows,
    /// The cases in every form.
    pub cases: Vec<Case>,
    /// The cases in slots.
    pub records: Vec<Record>,
}

impl Workload {
    /// The committed policy on the committed cases.
    ///
    /// # Errors
    /// When an answer is not the expected one.
    pub fn policy() -> Result<Workload> {
        let policy = Policy::committed()?;
        Workload::of_policies(std::slice::from_ref(&policy), cases::committed()?)
    }

    /// A policy of so many rules on cases that are generated.
    ///
    /// # Errors
    /// When an answer is not what the rules say.
    pub fn large_policy(rules: usize, count: usize) -> Result<Workload> {
        let policy = Policy::committed()?;
        let given = cases::committed()?;
        let cases = generate::cases(&policy, &given, count, SEED).collect::<Result<Vec<_>>>()?;
        Workload::of_policies(&generate::policies(&policy, rules, SEED), cases)
    }

    /// The policy with so many rules in the same tables, on cases that are generated.
    ///
    /// # Errors
    /// When an answer is not what the rules say.
    pub fn long_policy(rules: usize, count: usize) -> Result<Workload> {
        let policy = Policy::committed()?;
        let given = cases::committed()?;
        let long = generate::long_policy(&policy, rules, SEED);
        let mut cases = generate::cases(&policy, &given, count, SEED).collect::<Result<Vec<_>>>()?;
        for case in &mut cases {
            case.expected = naive::decide(&long, &case.values)?;
        }
        Workload::of_policies(&[long], cases)
    }

    /// A table of so many rows on the committed cases.
    ///
    /// # Errors
    /// When an answer is not the first row that holds.
    pub fn table(rows: usize) -> Result<Workload> {
        let policy = Policy::committed()?;
        let cases = cases::committed()?;
        let table = generate::table(&policy, &cases, rows, SEED)?;
        let workload = Workload::new(&policy, pack::of_one_table(&policy, &table), cases)?;
        workload.compare_rows(&table)?;
        Ok(workload)
    }

    /// The committed policy with a fee, on the committed cases.
    ///
    /// # Errors
    /// When an answer is not the expected one, or the fee is not run as it is meant to be.
    pub fn fee(fee: pack::Fee) -> Result<Workload> {
        let policy = Policy::committed()?;
        let workload = Workload::new(&policy, pack::with_fee(&policy, fee), cases::committed()?)?;
        workload.compare_outcomes(std::slice::from_ref(&policy))?;
        workload.compare_answers(|place, answers| {
            let (due, expected) = (answers.get("fee.due")?, baseline::fee(&workload.cases[place].plain));
            let cents: i64 = due.replace('.', "").parse()?;
            if cents != expected {
                Err(format!("a fee of {due}, but {expected} cents are right").into())
            } else {
                Ok(())
            }
        })?;
        let is_run = workload.engine.declared_functions().pop();
        let expected = match fee {
            pack::Fee::Expression => None,
            pack::Fee::Lowered => Some("interpreted calls per case: 0"),
            pack::Fee::Interpreted => Some("interpreted calls per case: 1"),
        };
        if is_run.as_deref() != expected {
            return Err(format!("the fee is run as {is_run:?}").into());
        }
        Ok(workload)
    }

    fn of_policies(policies: &[Policy], cases: Vec<Case>) -> Result<Workload> {
        let first = policies.first().ok_or("there is no policy")?;
        let workload = Workload::new(first, pack::of_policies(policies), cases)?;
        workload.compare_outcomes(policies)?;
        Ok(workload)
    }

    fn new(policy: &Policy, sources: pack::Sources, cases: Vec<Case>) -> Result<Workload> {
        let engine = engine::load(&sources)?;
        let rows = Rows::new(&engine)?;
        let records = cases
            .iter()
            .map(|case| rows.read(&cases::record(policy, &case.key, &case.values)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Workload { engine, sources, rows, cases, records })
    }

    fn compare_outcomes(&self, policies: &[Policy]) -> Result<()> {
        let mut expected = Vec::new();
        for case in &self.cases {
            // The first policy's answers came with the case.
            let copies = policies.iter().skip(1).map(|policy| naive::decide(policy, &case.values));
            expected.push(std::iter::once(Ok(case.expected)).chain(copies).collect::<Result<Vec<Outcome>>>()?);
        }
        self.compare_answers(|place, answers| {
            for (copy, (policy, expected)) in policies.iter().zip(&expected[place]).enumerate() {
                let outcome = answers.outcome(policy, copy)?;
                if outcome != *expected {
                    return Err(format!("by copy {copy}: {outcome:?}, but {expected:?} is right").into());
                }
            }
            Ok(())
        })
    }

    fn compare_rows(&self, table: &[Vec<Condition>]) -> Result<()> {
        let rows = self.cases.iter().map(|case| naive::first_row(table, &case.values).map_or(0, |row| row + 1));
        let expected: Vec<String> = rows.map(|row| row.to_string()).collect();
        self.compare_answers(|place, answers| {
            let (row, expected) = (answers.get("large.row")?, &expected[place]);
            if row != *expected {
                return Err(format!("row {row}, but {expected} is right").into());
            }
            Ok(())
        })
    }

    /// All cases one at a time, and in columns: in all vectors of this machine, and with the conditions kept.
    fn compare_answers(&self, check: impl Fn(usize, &Answers) -> Result<()>) -> Result<()> {
        let check = |name: &str, place: usize, evaluation: &Evaluation| {
            let key = &self.cases[place].key;
            check(place, &Answers::of(evaluation)).map_err(|error| Error::from(format!("{key}, {name}: {error}")))
        };
        let mut rows = self.rows.clone();
        let mut evaluation = rows.evaluation();
        for (place, record) in self.records.iter().enumerate() {
            rows.decide(record, &mut evaluation)?;
            check("one at a time", place, &evaluation)?;
        }
        for (name, vectors) in self.rows.vectors() {
            let mut batch = self.rows.batch(vectors)?;
            for record in &self.records {
                batch.push(record)?;
            }
            batch.decide();
            for place in 0..self.cases.len() {
                batch.evaluation(place, &mut evaluation)?;
                check(name, place, &evaluation)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Workload;
    use crate::pack::Fee;

    #[test]
    fn rows_and_columns_give_the_expected_answers() {
        Workload::policy().unwrap();
        Workload::large_policy(300, 600).unwrap();
        Workload::table(64).unwrap();
        for fee in [Fee::Expression, Fee::Lowered, Fee::Interpreted] {
            Workload::fee(fee).unwrap();
        }
    }
}
