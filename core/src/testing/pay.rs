//! What a test expects of a collector's pay against what came of it.

use super::compare::{compare, refused_at};
use crate::check::samples::{Expected, PayExpectation, PayTest};
use crate::decision::CollectorPay;
use crate::record::Problem;
use crate::value::show::Show;

/// The differences for a record that was refused.
pub(super) fn refusal(test: &PayTest, problems: &[Problem]) -> Vec<String> {
    let wanted = test.expect.iter().find_map(|expectation| match expectation {
        PayExpectation::Refused(paths) => Some(paths.as_slice()),
        _ => None,
    });
    refused_at(wanted, test.expect.len(), problems)
}

/// The differences for a pay that was worked out.
pub(super) fn differences(test: &PayTest, pay: &CollectorPay, show: Show) -> Vec<String> {
    let holds = |id: &str| pay.gates().iter().any(|gate| *gate.id == *id);
    let listed = |ids: Vec<&str>| (!ids.is_empty()).then(|| ids.join(", "));
    let mut failures = Vec::new();
    for expectation in &test.expect {
        failures.extend(match expectation {
            PayExpectation::Amount(item, wanted) => {
                pay.outcome(item).and_then(|found| compare(item, wanted, found, show))
            }
            PayExpectation::Fired(ids) => listed(ids.iter().map(|id| &**id).filter(|id| !holds(id)).collect())
                .map(|missing| format!("fired: {missing} did not fire")),
            PayExpectation::NotFired(ids) => listed(ids.iter().map(|id| &**id).filter(|id| holds(id)).collect())
                .map(|found| format!("not_fired: {found} fired")),
            PayExpectation::Refused(paths) => {
                Some(format!("refused: expected problems at [{}], but the record is good", paths.join(", ")))
            }
        });
    }
    let says_errors = test.expect.iter().any(|wanted| matches!(wanted, PayExpectation::Amount(_, Expected::Error(_))));
    if !says_errors {
        for error in pay.errors() {
            failures.push(format!("errors: {} failed with {}: {}", error.at, error.code.slug(), error.message));
        }
    }
    failures
}
