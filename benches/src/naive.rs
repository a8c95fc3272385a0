//! The plain meaning of a policy: walks its rules over a case's values. The answers of policies that are generated, for
//! which there is no hand-written function.

use crate::Result;
use crate::baseline::Outcome;
use crate::policy::{Condition, Policy, ROLES, Rule};

/// What a policy says of a case; `values` are in the order of the policy's fields.
///
/// # Errors
/// When the policy names a role or stage that there is not, or has no row for the rest where one must be.
pub fn decide(policy: &Policy, values: &[i64]) -> Result<Outcome> {
    let mut values = values.to_vec();
    let segment = first(&policy.segmentation, &values).ok_or("no segment")?.then.0;
    values.push(segment);
    let settlement = first(&policy.settlement, &values).map(|rule| &rule.then);
    let role = settlement.map_or("NONE", |discount| discount.role.as_str());
    let role = ROLES.iter().position(|known| *known == role).ok_or_else(|| format!("there is no role `{role}`"))?;

    let mut triggers = 0;
    for (bit, rule) in policy.triggers.iter().enumerate() {
        if holds(rule, &values) {
            triggers |= 1 << bit;
        }
    }

    let basis_points = first(&policy.incentive, &values).map_or(0, |rule| rule.then.0);
    let balance = values.first().copied().unwrap_or(0);

    let stages = policy.choices("stage")?;
    let stage = *values.get(policy.field("stage")?).ok_or("a case has no stage")?;
    let name = stages.get(usize::try_from(stage)?).ok_or("there is no such stage")?;
    let transition = policy.transitions.iter().find(|rule| rule.then.from == *name && holds(rule, &values));
    let next = match transition {
        Some(rule) => i64::try_from(stages.iter().position(|known| *known == rule.then.to).ok_or("no such stage")?)?,
        None => stage,
    };
    Ok(Outcome {
        segment: segment.try_into()?,
        discount_bps: settlement.map_or(0, |discount| discount.basis_points).try_into()?,
        role: i64::try_from(role)?.try_into()?,
        triggers,
        incentive: balance * basis_points / 10_000,
        stage: next.try_into()?,
    })
}

/// The place of the first row of a table whose conditions all hold.
pub fn first_row(table: &[Vec<Condition>], values: &[i64]) -> Option<usize> {
    table.iter().position(|conditions| all_hold(conditions, values))
}

fn first<'a, Then>(rules: &'a [Rule<Then>], values: &[i64]) -> Option<&'a Rule<Then>> {
    rules.iter().find(|rule| holds(rule, values))
}

fn holds<Then>(rule: &Rule<Then>, values: &[i64]) -> bool {
    all_hold(&rule.conditions, values)
}

fn all_hold(conditions: &[Condition], values: &[i64]) -> bool {
    conditions.iter().all(|condition| values.get(condition.field).is_some_and(|value| condition.test.holds(*value)))
}

#[cfg(test)]
mod tests {
    use super::decide;
    use crate::cases;
    use crate::policy::Policy;

    #[test]
    fn the_plain_meaning_gives_every_expected_outcome() {
        let policy = Policy::committed().unwrap();
        for case in cases::committed().unwrap() {
            assert_eq!(decide(&policy, &case.values).unwrap(), case.expected, "{}", case.key);
        }
    }
}
