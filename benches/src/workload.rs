//! What is timed: packs loaded, cases read, and the answers compared before anything is timed.
//!
//! Each constructor fails where recoup's answers are not the expected ones, so that no benchmark times a wrong answer.

use recoup::Engine;

use crate::cases::{self, Case};
use crate::engine::{self, Evaluation, Record, Rows};
use crate::policy::{Condition, Policy};
use crate::{Result, generate, naive, pack};

/// The seed of everything that is generated.
pub const SEED: u64 = 20_260_907;

/// Cases that a loaded pack decides one at a time, with the right answers.
pub struct Workload {
    /// The pack, loaded.
    pub engine: Engine,
    /// The pack's text.
    pub sources: pack::Sources,
    /// The executor.
    pub rows: Rows,
    /// The cases in every form.
    pub cases: Vec<Case>,
    /// The cases as the executor reads them.
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
        let mut evaluation = Evaluation::default();
        for (case, record) in self.cases.iter().zip(&self.records) {
            self.rows.decide(record, &mut evaluation)?;
            for (copy, policy) in policies.iter().enumerate() {
                let expected = if copy == 0 { case.expected } else { naive::decide(policy, &case.values)? };
                let outcome = evaluation.outcome(policy, copy)?;
                if outcome != expected {
                    return Err(format!("{} by copy {copy}: {outcome:?}, but {expected:?} is right", case.key).into());
                }
            }
        }
        Ok(())
    }

    fn compare_rows(&self, table: &[Vec<Condition>]) -> Result<()> {
        let mut evaluation = Evaluation::default();
        for (case, record) in self.cases.iter().zip(&self.records) {
            self.rows.decide(record, &mut evaluation)?;
            let expected = naive::first_row(table, &case.values).map_or(0, |row| row + 1).to_string();
            let row = evaluation.get("large.row")?;
            if row != expected {
                return Err(format!("{}: row {row}, but {expected} is right", case.key).into());
            }
        }
        Ok(())
    }
}
