//! Conditions as text in the languages that look like C, and outcomes out of the texts that these languages give.

use recoup_benches::baseline::Outcome;
use recoup_benches::policy::{Condition, Field, Kind, Policy, ROLES, Test};
use recoup_benches::{Error, Result};
use serde_json::{Map, Value};

/// Conditions joined by `&&`, booleans as `flag` and `!flag`; `true` for none.
pub fn bare(policy: &Policy, conditions: &[Condition]) -> String {
    joined(policy, conditions, |name, wanted| if wanted { name.to_owned() } else { format!("!{name}") })
}

/// Conditions joined by `&&`, booleans as `flag == true`; `true` for none.
pub fn compared(policy: &Policy, conditions: &[Condition]) -> String {
    joined(policy, conditions, |name, wanted| format!("{name} == {wanted}"))
}

fn joined(policy: &Policy, conditions: &[Condition], boolean: impl Fn(&str, bool) -> String) -> String {
    let mut clauses = Vec::new();
    for condition in conditions {
        let Some(Field { name, kind }) = policy.fields.get(condition.field) else { continue };
        match &condition.test {
            Test::Range { low, high } => {
                clauses.extend(low.map(|low| format!("{name} >= {low}")));
                clauses.extend(high.map(|high| format!("{name} < {high}")));
            }
            Test::In(values) => {
                let names: Vec<String> = values.iter().map(|value| format!("\"{}\"", kind.text(*value))).collect();
                clauses.push(match names.as_slice() {
                    [only] => format!("{name} == {only}"),
                    several => format!("{name} in [{}]", several.join(", ")),
                });
            }
            Test::Is(wanted) => clauses.push(boolean(name, *wanted)),
        }
    }
    if clauses.is_empty() { "true".to_owned() } else { clauses.join(" && ") }
}

/// A case as a map of its fields: integers, texts and booleans.
pub fn map(policy: &Policy, values: &[i64]) -> Map<String, Value> {
    let fields = policy.case_fields().iter().zip(values);
    fields
        .map(|(field, value)| {
            let value = match &field.kind {
                Kind::Money | Kind::Integer | Kind::Thousandths => Value::from(*value),
                Kind::Boolean => Value::from(*value != 0),
                Kind::Choice(_) => Value::from(field.kind.text(*value)),
            };
            (field.name.clone(), value)
        })
        .collect()
}

/// The results of a case, as an engine that knows no enums gives them.
#[derive(Clone, Debug, Default)]
pub struct Answers {
    /// The name of the segment.
    pub segment: String,
    /// The discount.
    pub basis_points: i64,
    /// The name of the role.
    pub role: String,
    /// One bit for each trigger.
    pub triggers: u16,
    /// In cents.
    pub incentive: i64,
    /// The name of the next stage.
    pub stage: String,
}

impl Answers {
    /// The outcome that these names stand for.
    pub fn outcome(&self, policy: &Policy) -> Result<Outcome> {
        let place = |field: &str, name: &str| -> Result<i64> {
            policy.fields.get(policy.field(field)?).ok_or("no such field")?.kind.place(name)
        };
        let role = ROLES.iter().position(|known| *known == self.role);
        let role = role.ok_or_else(|| Error::from(format!("there is no role `{}`", self.role)))?;
        Ok(Outcome {
            segment: place("segment", &self.segment)?.try_into()?,
            discount_bps: self.basis_points.try_into()?,
            role: i64::try_from(role)?.try_into()?,
            triggers: self.triggers,
            incentive: self.incentive,
            stage: place("stage", &self.stage)?.try_into()?,
        })
    }
}

/// The name of the segment that a rule gives.
pub fn segment(policy: &Policy, place: i64) -> String {
    policy.fields.last().map_or_else(String::new, |field| field.kind.text(place))
}
