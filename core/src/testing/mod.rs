//! Rule tests: each test's case decided and compared with what it expects, and which rows and rules fired.

mod compare;
mod pay;
mod team;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::check::samples::{PayTest, TeamTest, Test, TestHead, rules_behind, rules_of_pay};
use crate::conduct::contact::Judgement;
use crate::decision::{CollectorPay, Decision, OfferReport, Parts, TeamPay, TeamPool};
use crate::error::Error;
use crate::eval::Trace;
use crate::eval::runner::Run;
use crate::explain::Explanation;
use crate::record::Problem;
use crate::value::show::Show;

/// The outcome of all rule tests of a pack.
#[derive(Clone, Debug)]
pub struct TestReport {
    /// One for each test: those of cases in the order of the pack, then those of collectors' pay, then those of teams.
    pub tests: Vec<TestResult>,
    /// One for each row and rule, in the order of the pack.
    pub coverage: Vec<Coverage>,
}

/// The outcome of one rule test.
#[derive(Clone, Debug)]
pub struct TestResult {
    /// The test's name.
    pub name: String,
    /// Where it stands, as `path:line:column`.
    pub place: String,
    /// What was not as expected, a line each; empty where the test passed.
    pub failures: Vec<String>,
    /// Why the decision is as it is; only for a test that failed on a decision.
    pub explanation: Option<String>,
}

impl TestResult {
    /// Whether all was as expected.
    pub fn has_passed(&self) -> bool {
        self.failures.is_empty()
    }
}

/// How often the tests made a row or rule fire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// The qualified id.
    pub id: String,
    /// Where it stands, as `path:line:column`.
    pub place: String,
    /// The number of tests in which it fired.
    pub hits: usize,
}

impl TestReport {
    /// How many tests passed.
    pub fn passed(&self) -> usize {
        self.tests.iter().filter(|test| test.has_passed()).count()
    }

    /// How many tests failed.
    pub fn failed(&self) -> usize {
        self.tests.len() - self.passed()
    }

    /// The rows and rules that no test made fire.
    pub fn uncovered(&self) -> impl Iterator<Item = &Coverage> {
        self.coverage.iter().filter(|coverage| coverage.hits == 0)
    }
}

/// What came of the case of a test.
pub(crate) struct Tried {
    pub(crate) trace: Trace,
    pub(crate) decision: Decision,
    /// How routines came out.
    pub(crate) runs: Vec<Run>,
    /// What becomes of the test's offer, or what is wrong with it.
    pub(crate) offer: Option<Result<OfferReport, Vec<Problem>>>,
    /// What the contact policies say of the test's attempt.
    pub(crate) judgement: Option<Judgement>,
}

impl Tried {
    /// The qualified ids of the rows and rules that fired, contact rules that did not allow the attempt included.
    fn fired(&self) -> impl Iterator<Item = &str> {
        let reasons = self.judgement.iter().flat_map(|judgement| &judgement.reasons);
        self.decision.fired().chain(reasons.map(|reason| &*reason.rule))
    }
}

/// Decides the case of a test, or gives the problems for which it is refused.
type Decide<'a> = dyn Fn(&Test) -> Result<Tried, Vec<Problem>> + 'a;

/// Works out the pay of a test, or gives the problems for which its record is refused.
type Pay<'a> = dyn Fn(&PayTest) -> Result<CollectorPay, Vec<Problem>> + 'a;

/// Works out the pools of a test.
type Team<'a> = dyn Fn(&TeamTest) -> Result<TeamPay, Error> + 'a;

/// How tests are tried, by their kind.
pub(crate) struct Trials<'a> {
    pub(crate) decide: &'a Decide<'a>,
    pub(crate) pay: &'a Pay<'a>,
    pub(crate) team: &'a Team<'a>,
}

/// Runs all tests of a pack.
pub(crate) fn run(parts: &Parts<'_>, trials: &Trials<'_>) -> TestReport {
    let checked = parts.checked;
    let mut hits: BTreeMap<Arc<str>, usize> = BTreeMap::new();
    let mut tests: Vec<TestResult> =
        checked.tests.iter().map(|test| run_test(parts, trials.decide, test, &mut hits)).collect();
    tests.extend(checked.pay_tests.iter().map(|test| run_pay_test(parts, trials.pay, test, &mut hits)));
    tests.extend(checked.team_tests.iter().map(|test| run_team_test(parts, trials.team, test, &mut hits)));
    let rows = checked.tables.iter().flat_map(|table| table.all_rows()).map(|row| (&row.id, row.span));
    let coverage = rows
        .chain(rules_behind(checked))
        .chain(rules_of_pay(checked))
        .map(|(id, span)| Coverage {
            id: id.to_string(),
            place: parts.sources.place(span),
            hits: hits.get(id).copied().unwrap_or(0),
        })
        .collect();
    TestReport { tests, coverage }
}

fn run_test(parts: &Parts<'_>, decide: &Decide<'_>, test: &Test, hits: &mut BTreeMap<Arc<str>, usize>) -> TestResult {
    let (failures, explanation) = match decide(test) {
        Err(problems) => (compare::refusal(test, &problems), None),
        Ok(tried) => {
            for id in tried.fired() {
                *hits.entry(Arc::from(id)).or_default() += 1;
            }
            let failures = compare::decision(test, &tried, parts);
            let explanation = (!failures.is_empty())
                .then(|| Explanation::new(parts, test.as_of, &tried.trace, &tried.runs).to_text());
            (failures, explanation)
        }
    };
    TestResult { name: test.name.clone(), place: parts.sources.place(test.span), failures, explanation }
}

fn run_pay_test(parts: &Parts<'_>, pay: &Pay<'_>, test: &PayTest, hits: &mut BTreeMap<Arc<str>, usize>) -> TestResult {
    let show = Show { currency_decimals: parts.checked.header.currency_decimals };
    let (failures, explanation) = match pay(test) {
        Err(problems) => (pay::refusal(test, &problems), None),
        Ok(pay) => {
            for gate in pay.gates() {
                *hits.entry(gate.id.clone()).or_default() += 1;
            }
            let failures = pay::differences(test, &pay, show);
            let explanation = (!failures.is_empty()).then(|| format!("{}\n", pay.to_json()));
            (failures, explanation)
        }
    };
    result(parts, &test.head, failures, explanation)
}

fn run_team_test(
    parts: &Parts<'_>,
    team: &Team<'_>,
    test: &TeamTest,
    hits: &mut BTreeMap<Arc<str>, usize>,
) -> TestResult {
    let show = Show { currency_decimals: parts.checked.header.currency_decimals };
    let (failures, explanation) = match team(test) {
        Err(error) => (vec![error.to_string()], None),
        Ok(pay) => {
            if let Some(pool) = &parts.checked.team_pool
                && pay.pools().iter().any(TeamPool::is_paid_out)
            {
                *hits.entry(pool.id.clone()).or_default() += 1;
            }
            let failures = team::differences(test, &pay, show);
            let lines = || pay.pools().iter().map(|pool| format!("{}\n", pool.to_json())).collect();
            let explanation = (!failures.is_empty()).then(lines);
            (failures, explanation)
        }
    };
    result(parts, &test.head, failures, explanation)
}

fn result(parts: &Parts<'_>, head: &TestHead, failures: Vec<String>, explanation: Option<String>) -> TestResult {
    TestResult { name: head.name.clone(), place: parts.sources.place(head.span), failures, explanation }
}
