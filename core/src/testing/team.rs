//! What a test expects of the pools of teams against what came of them.

use super::compare::{compare, refused_at};
use crate::check::samples::{Expected, TeamExpectation, TeamTest};
use crate::decision::{RefusedMember, TeamPay, TeamPool, Withheld};
use crate::record::Problem;
use crate::value::show::Show;

/// The differences for pools that were worked out.
pub(super) fn differences(test: &TeamTest, pay: &TeamPay, show: Show) -> Vec<String> {
    let mut failures = refusals(test, pay);
    failures.extend(test.expect.iter().filter_map(|expectation| difference(expectation, pay, show)));
    // A team that is not there is said once, whatever is expected of it.
    failures.dedup();
    let expects_error = test.expect.iter().any(|wanted| {
        matches!(
            wanted,
            TeamExpectation::Amount { value: Expected::Error(_), .. }
                | TeamExpectation::Share { value: Expected::Error(_), .. }
        )
    });
    if !expects_error {
        for error in pay.pools().iter().flat_map(TeamPool::errors) {
            failures.push(format!("errors: {} failed with {}: {}", error.at, error.code.slug(), error.message));
        }
    }
    failures
}

/// What is refused though the test does not say so, or the other way round.
fn refusals(test: &TeamTest, pay: &TeamPay) -> Vec<String> {
    let wanted = test.expect.iter().find_map(|expectation| match expectation {
        TeamExpectation::Refused(paths) => Some(paths.as_slice()),
        _ => None,
    });
    let problems: Vec<Problem> = pay.refused().iter().flat_map(problems_in_place).collect();
    match wanted {
        None if problems.is_empty() => Vec::new(),
        // What else is expected is of the pools that the refused records keep back, or leave as they are.
        _ => refused_at(wanted, 1, &problems),
    }
}

/// The problems of a record, each with its path in the test.
fn problems_in_place(refused: &RefusedMember) -> impl Iterator<Item = Problem> {
    let at = format!("collectors[{}]", refused.record.saturating_sub(1));
    refused.problems.iter().cloned().map(move |problem| Problem {
        path: format!("{at}.{}", problem.path).trim_end_matches('.').to_owned(),
        ..problem
    })
}

fn difference(expectation: &TeamExpectation, pay: &TeamPay, show: Show) -> Option<String> {
    let team = match expectation {
        TeamExpectation::Amount { team, .. }
        | TeamExpectation::Share { team, .. }
        | TeamExpectation::Withheld { team, .. } => team,
        TeamExpectation::Refused(_) => return None,
    };
    let Some(pool) = pay.pool_of(team) else { return Some(format!("teams: no record says the team `{team}`")) };
    match expectation {
        TeamExpectation::Amount { item, value, .. } => {
            compare(&format!("{team}: {item}"), value, pool.outcome(item), show)
        }
        TeamExpectation::Share { key, value, .. } => match pool.shares().iter().find(|share| share.key() == key) {
            Some(share) => compare(&format!("{team}: share of {key}"), value, share.outcome(), show),
            None => Some(format!("{team}: shares: `{key}` is no member with a share")),
        },
        TeamExpectation::Withheld { why, .. } => {
            let found = pool.withheld().map_or("none", Withheld::slug);
            (why != found).then(|| format!("{team}: withheld: expected {why}, found {found}"))
        }
        TeamExpectation::Refused(_) => None,
    }
}
