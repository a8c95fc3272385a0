//! The committed cases: takes `data/cases.ndjson`, gives each case in every form that an engine wants, and the outcome
//! that every engine must find.

use serde_json::{Map, Value};

use crate::baseline::{self, Outcome};
use crate::policy::{Field, Kind, Policy, ROLES};
use crate::{Error, Result};

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name.
    pub key: String,
    /// Its values in the order of the policy's fields.
    pub values: Vec<i64>,
    /// The same as a plain struct.
    pub plain: baseline::Case,
    /// What every engine must answer.
    pub expected: Outcome,
}

/// The 1,000 committed cases.
///
/// # Errors
/// When the file is not what this module reads.
pub fn committed() -> Result<Vec<Case>> {
    let policy = Policy::committed()?;
    include_str!("../data/cases.ndjson").lines().map(|line| case(&policy, line)).collect()
}

/// A case as recoup reads it: JSON with money as `879.00`.
pub fn record(policy: &Policy, key: &str, values: &[i64]) -> String {
    record_without(policy, key, values, &[])
}

/// The same without the fields of these names.
pub fn record_without(policy: &Policy, key: &str, values: &[i64], without: &[&str]) -> String {
    let mut text = format!("{{\"case_id\": \"{key}\"");
    let fields = policy.case_fields().iter().zip(values);
    for (field, value) in fields.filter(|(field, _)| !without.contains(&field.name.as_str())) {
        let quote = if matches!(field.kind, Kind::Choice(_)) { "\"" } else { "" };
        text.push_str(&format!(", \"{}\": {quote}{}{quote}", field.name, field.kind.text(*value)));
    }
    text.push('}');
    text
}

fn case(policy: &Policy, line: &str) -> Result<Case> {
    let mut fields: Map<String, Value> = serde_json::from_str(line)?;
    let Some(Value::Object(expect)) = fields.remove("expect") else { return Err("a case expects nothing".into()) };
    let values = policy
        .case_fields()
        .iter()
        .map(|field| value(field, get(&fields, &field.name)?))
        .collect::<Result<Vec<_>>>()?;
    let choice = |name: &str, key: &str| -> Result<i64> {
        let kind = &policy.fields.get(policy.field(name)?).ok_or("no such field")?.kind;
        kind.place(text(get(&expect, key)?)?)
    };
    let role = text(get(&expect, "role")?)?;
    let role = ROLES.iter().position(|known| *known == role).ok_or_else(|| format!("there is no role `{role}`"))?;
    Ok(Case {
        key: text(get(&fields, "case_id")?)?.to_owned(),
        plain: baseline::Case::new(&values)?,
        values,
        expected: Outcome {
            segment: choice("segment", "segment")?.try_into()?,
            discount_bps: integer(get(&expect, "discount_bps")?)?.try_into()?,
            role: i64::try_from(role)?.try_into()?,
            triggers: integer(get(&expect, "triggers")?)?.try_into()?,
            incentive: integer(get(&expect, "incentive")?)?,
            stage: choice("stage", "stage")?.try_into()?,
        },
    })
}

fn value(field: &Field, value: &Value) -> Result<i64> {
    match &field.kind {
        Kind::Money | Kind::Integer => integer(value),
        Kind::Thousandths => {
            Ok(field.kind.number(value.as_f64().ok_or_else(|| format!("`{}` is no number", field.name))?))
        }
        Kind::Boolean => Ok(i64::from(value.as_bool().ok_or_else(|| format!("`{}` is no boolean", field.name))?)),
        Kind::Choice(_) => field.kind.place(text(value)?),
    }
}

fn get<'a>(map: &'a Map<String, Value>, key: &str) -> Result<&'a Value> {
    map.get(key).ok_or_else(|| Error::from(format!("a case has no `{key}`")))
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| format!("{value} is no text").into())
}

fn integer(value: &Value) -> Result<i64> {
    value.as_i64().ok_or_else(|| format!("{value} is no integer").into())
}
