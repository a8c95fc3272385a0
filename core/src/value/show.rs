//! Values as text for people and as JSON for programs.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value as Json, json};

use super::{Failure, Outcome, Value};

/// How many decimals money has at least when it is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Show {
    pub(crate) currency_decimals: u32,
}

/// An instant, with `Z`.
pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

impl Show {
    /// A value for people.
    pub(crate) fn text(self, value: &Value) -> String {
        match value {
            Value::None => "none".to_owned(),
            Value::Boolean(value) => value.to_string(),
            Value::Integer(value) => value.to_string(),
            Value::Decimal(value) => value.normalize().to_string(),
            Value::Percent(value) => value.normalize().to_string(),
            Value::Money(value) => self.money(*value),
            Value::Text(value) => value.to_string(),
            Value::Date(value) => value.format("%Y-%m-%d").to_string(),
            Value::Timestamp(value) => instant(*value),
            Value::Duration(value) => value.to_string(),
            Value::Zone(value) => value.name().to_owned(),
            Value::List(items) => {
                let items: Vec<String> = items.iter().map(|item| self.outcome_text(item)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Record(items) => {
                let items: Vec<String> = items.iter().map(|item| self.outcome_text(item)).collect();
                format!("({})", items.join(", "))
            }
        }
    }

    /// A value, `unknown`, or an error's code, for people.
    pub(crate) fn outcome_text(self, outcome: &Outcome) -> String {
        match outcome {
            Ok(value) => self.text(value),
            Err(Failure::Unknown(_)) => "unknown".to_owned(),
            Err(Failure::Error(error)) => format!("error {}", error.code.slug()),
        }
    }

    /// Money with at least its currency's decimals.
    fn money(self, amount: rust_decimal::Decimal) -> String {
        let amount = amount.normalize();
        let mut text = amount.to_string();
        // Zeros are added to the text: a number of 28 digits has no room for them.
        for missing in amount.scale()..self.currency_decimals {
            if missing == 0 {
                text.push('.');
            }
            text.push('0');
        }
        text
    }

    /// A value for programs: numbers with decimals are text, so that no reader turns them into floats.
    pub(crate) fn json(self, value: &Value) -> Json {
        match value {
            Value::None => Json::Null,
            Value::Boolean(value) => json!(value),
            Value::Integer(value) => json!(value),
            Value::List(items) | Value::Record(items) => {
                Json::Array(items.iter().map(|item| self.outcome_json(item)).collect())
            }
            other => Json::String(self.text(other)),
        }
    }

    /// A value, `{"unknown": [facts]}` or `{"error": code}`, for programs.
    pub(crate) fn outcome_json(self, outcome: &Outcome) -> Json {
        match outcome {
            Ok(value) => self.json(value),
            Err(Failure::Unknown(facts)) => {
                json!({ "unknown": facts.iter().map(|fact| fact.as_ref()).collect::<Vec<&str>>() })
            }
            Err(Failure::Error(error)) => json!({ "error": error.code.slug() }),
        }
    }
}
