//! Larger workloads from a seed: policies with many rules, tables with many rows, portfolios with many cases.
//!
//! The same seed gives the same workload on every machine: all arithmetic is on integers.

use recoup_examples::random::Random;

use crate::cases::Case;
use crate::policy::{Condition, Kind, Policy, Rule, Test};
use crate::{Result, baseline};

/// The fields that the rows of a generated table test.
const TABLE_FIELDS: [&str; 5] = ["balance", "days_past_due", "credit_score", "risk_score", "last_payment_days"];

/// As many rules as asked for: the policy, and varied copies of it, the last one cut short.
///
/// Each condition of a copy has its thresholds multiplied by 0.5 to 1.5 and rounded to what people write. The segment is
/// a segment of its own copy.
pub fn policies(policy: &Policy, rules: usize, seed: u64) -> Vec<Policy> {
    let mut random = Random::seeded(seed);
    let mut policies = vec![policy.clone()];
    let mut count = policy.rule_count();
    while count < rules {
        let mut copy = varied(policy, &mut random);
        let mut left = rules.saturating_sub(count);
        cut(&mut copy.segmentation, &mut left);
        cut(&mut copy.settlement, &mut left);
        cut(&mut copy.triggers, &mut left);
        cut(&mut copy.incentive, &mut left);
        cut(&mut copy.transitions, &mut left);
        count += copy.rule_count();
        policies.push(copy);
    }
    policies
}

/// One policy of as many rules as asked for: the tables of the policy with the rows of varied copies, in turns, before
/// the row for the rest. The triggers stay as they are, for each of them is a result.
pub fn long_policy(policy: &Policy, rules: usize, seed: u64) -> Policy {
    fn join<Then: Clone>(to: &mut Vec<Rule<Then>>, from: &[Rule<Then>], left: &mut usize) {
        let rest = to.pop_if(|rule| rule.conditions.is_empty());
        let with_conditions = from.iter().filter(|rule| !rule.conditions.is_empty()).take(*left);
        let before = to.len();
        to.extend(with_conditions.cloned());
        *left = left.saturating_sub(to.len() - before);
        to.extend(rest);
    }
    let mut random = Random::seeded(seed);
    let mut long = policy.clone();
    let mut left = rules.saturating_sub(policy.rule_count());
    while left > 0 {
        let copy = varied(policy, &mut random);
        join(&mut long.segmentation, &copy.segmentation, &mut left);
        join(&mut long.settlement, &copy.settlement, &mut left);
        join(&mut long.incentive, &copy.incentive, &mut left);
        join(&mut long.transitions, &copy.transitions, &mut left);
    }
    long
}

/// The rows of a first-hit table: five intervals each, as wide as makes about half of the cases find a row.
///
/// The bounds are values of the cases, so that an interval holds the same part of them in every field.
///
/// # Errors
/// When the policy has not the fields that are tested.
pub fn table(policy: &Policy, cases: &[Case], rows: usize, seed: u64) -> Result<Vec<Vec<Condition>>> {
    let mut random = Random::seeded(seed);
    let mut sorted = Vec::new();
    for name in TABLE_FIELDS {
        let field = policy.field(name)?;
        let mut values: Vec<i64> = cases.iter().filter_map(|case| case.values.get(field).copied()).collect();
        values.sort_unstable();
        sorted.push((field, values));
    }
    let width = width(i64::try_from(rows)?);
    let mut table = Vec::new();
    for _ in 0..rows {
        let mut conditions = Vec::new();
        for (field, values) in &sorted {
            let from = random.between(0, 1000 - width);
            let at = |thousandth: i64| -> Result<i64> {
                let place = usize::try_from(thousandth)? * (values.len() - 1) / 1000;
                Ok(values.get(place).copied().unwrap_or(0))
            };
            let low = at(from)?;
            let high = at(from + width)?.max(low + 1);
            conditions.push(Condition { field: *field, test: Test::Range { low: Some(low), high: Some(high) } });
        }
        table.push(conditions);
    }
    Ok(table)
}

/// Cases like those that are given, drawn in no order: each number moved by up to a tenth.
pub fn cases<'a>(
    policy: &'a Policy,
    given: &'a [Case],
    count: usize,
    seed: u64,
) -> impl Iterator<Item = Result<Case>> + 'a {
    let mut random = Random::seeded(seed);
    let last = i64::try_from(given.len()).unwrap_or(i64::MAX) - 1;
    (0..count).map(move |number| {
        let case = given.get(usize::try_from(random.between(0, last))?).ok_or("no cases are given")?;
        let values: Vec<i64> = policy
            .case_fields()
            .iter()
            .zip(&case.values)
            .map(|(field, value)| match field.kind {
                Kind::Money | Kind::Integer => value * random.between(90, 110) / 100,
                Kind::Thousandths => (value * random.between(90, 110) / 100).min(1000),
                Kind::Boolean | Kind::Choice(_) => *value,
            })
            .collect();
        let plain = baseline::Case::new(&values)?;
        Ok(Case { key: format!("G{number:07}"), plain, expected: baseline::decide(&plain), values })
    })
}

/// The places from 0 in an order that only the source of numbers knows.
pub fn shuffled(count: usize, random: &mut Random) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    for last in (1..count).rev() {
        let other = random.between(0, i64::try_from(last).unwrap_or(i64::MAX));
        places.swap(last, usize::try_from(other).unwrap_or(last));
    }
    places
}

/// How many thousandths of the cases one interval holds, so that about half of them find one of `rows` rows.
fn width(rows: i64) -> i64 {
    // Each row holds 1.6 / rows of the cases; cases near the ends of a field are in fewer rows than others.
    (1..1000).find(|width: &i64| width.pow(5) * 10 * rows >= 16 * 1000_i64.pow(5)).unwrap_or(1000)
}

fn cut<Then>(rules: &mut Vec<Rule<Then>>, left: &mut usize) {
    rules.truncate(*left);
    *left -= rules.len();
}

fn varied(policy: &Policy, random: &mut Random) -> Policy {
    let mut copy = policy.clone();
    let conditions = conditions(&mut copy.segmentation)
        .chain(conditions(&mut copy.settlement))
        .chain(conditions(&mut copy.triggers))
        .chain(conditions(&mut copy.incentive))
        .chain(conditions(&mut copy.transitions));
    for condition in conditions {
        let Some(field) = policy.fields.get(condition.field) else { continue };
        let step = match &field.kind {
            Kind::Money => 5_000,
            Kind::Thousandths => 50,
            _ if field.name == "credit_score" => 5,
            _ => 1,
        };
        let most = match &field.kind {
            Kind::Thousandths => 950,
            _ if field.name == "credit_score" => 1_000,
            _ => i64::MAX,
        };
        if let Test::Range { low, high } = &mut condition.test {
            let percent = random.between(50, 150);
            let varied = |bound: i64| {
                // Bounds below a step, such as one cent, stay what they are.
                let rounded = if bound < step { bound } else { (bound * percent + step * 50) / (step * 100) * step };
                rounded.max(bound.min(step)).min(most)
            };
            *low = low.map(varied);
            *high = high.map(varied).map(|high| high.max(low.map_or(high, |low| low + step)));
        }
    }
    copy
}

fn conditions<Then>(rules: &mut [Rule<Then>]) -> impl Iterator<Item = &mut Condition> {
    rules.iter_mut().flat_map(|rule| &mut rule.conditions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Answers, Rows, load};
    use crate::{cases as committed, naive, pack};

    #[test]
    fn a_generated_policy_has_as_many_rules_as_asked_for() {
        let policy = Policy::committed().unwrap();
        let policies = policies(&policy, 5_000, 1);
        assert_eq!(policies.iter().map(Policy::rule_count).sum::<usize>(), 5_000);
    }

    #[test]
    fn a_long_policy_has_as_many_rules_as_asked_for() {
        let policy = Policy::committed().unwrap();
        for rules in [77, 500, 5_000] {
            let long = long_policy(&policy, rules, 5);
            assert_eq!(long.rule_count(), rules);
            assert_eq!(long.triggers.len(), policy.triggers.len());
            assert!(long.segmentation.last().unwrap().conditions.is_empty());
        }
    }

    #[test]
    fn every_copy_gives_what_its_rules_say() {
        let policy = Policy::committed().unwrap();
        let policies = policies(&policy, 300, 1);
        let mut rows = Rows::new(&load(&pack::of_policies(&policies)).unwrap()).unwrap();
        let given = committed::committed().unwrap();
        let mut evaluation = rows.evaluation();
        for case in cases(&policy, &given, 200, 2) {
            let case = case.unwrap();
            let record = rows.read(&committed::record(&policy, &case.key, &case.values)).unwrap();
            rows.decide(&record, &mut evaluation).unwrap();
            let answers = Answers::of(&evaluation);
            for (copy, policy) in policies.iter().enumerate().filter(|(_, policy)| !policy.transitions.is_empty()) {
                let expected = naive::decide(policy, &case.values).unwrap();
                assert_eq!(answers.outcome(policy, copy).unwrap(), expected, "{} by copy {copy}", case.key);
            }
        }
    }

    #[test]
    fn about_half_of_the_cases_find_a_row_of_a_generated_table() {
        let policy = Policy::committed().unwrap();
        let given = committed::committed().unwrap();
        for rows in [12, 64, 256, 1_024, 4_096] {
            let table = table(&policy, &given, rows, 3).unwrap();
            let found = given.iter().filter(|case| naive::first_row(&table, &case.values).is_some()).count();
            assert!((400..=600).contains(&found), "{found} of 1,000 cases find one of {rows} rows");
        }
    }

    #[test]
    fn a_generated_table_gives_the_first_row() {
        let policy = Policy::committed().unwrap();
        let given = committed::committed().unwrap();
        let table = table(&policy, &given, 64, 3).unwrap();
        let mut rows = Rows::new(&load(&pack::of_one_table(&policy, &table)).unwrap()).unwrap();
        let mut evaluation = rows.evaluation();
        for case in &given {
            let record = rows.read(&committed::record(&policy, &case.key, &case.values)).unwrap();
            let expected = naive::first_row(&table, &case.values).map_or(0, |row| row + 1);
            rows.decide(&record, &mut evaluation).unwrap();
            assert_eq!(Answers::of(&evaluation).get("large.row").unwrap(), expected.to_string(), "{}", case.key);
        }
    }
}
