//! Functions of texts.

use super::Gives::Always;
use super::numbers::bad_arguments;
use super::{Function, Kind, Needs, Param};
use crate::value::Value;

/// A function of one text.
macro_rules! of_text {
    ($name:literal, $gives:expr, $about:literal, |$text:ident| $body:expr) => {
        Function {
            name: $name,
            params: &[Param::Text],
            gives: Always($gives),
            about: $about,
            needs: Needs::Nothing,
            run: |arguments, _| {
                let [Value::Text($text)] = arguments else { return bad_arguments() };
                Ok($body)
            },
        }
    };
}

/// A question about two texts.
macro_rules! of_texts {
    ($name:literal, $about:literal, |$text:ident, $part:ident| $body:expr) => {
        Function {
            name: $name,
            params: &[Param::Text, Param::Text],
            gives: Always(Kind::Boolean),
            about: $about,
            needs: Needs::Nothing,
            run: |arguments, _| {
                let [Value::Text($text), Value::Text($part)] = arguments else { return bad_arguments() };
                Ok(Value::Boolean($body))
            },
        }
    };
}

pub(super) const FUNCTIONS: &[Function] = &[
    of_text!("lower", Kind::Text, "The text in small letters.", |text| Value::text(text.to_lowercase())),
    of_text!("upper", Kind::Text, "The text in capital letters.", |text| Value::text(text.to_uppercase())),
    of_text!("trim", Kind::Text, "The text without blanks at both ends.", |text| Value::text(text.trim())),
    of_text!("length", Kind::Integer, "How many characters the text has.", |text| {
        Value::Integer(i64::try_from(text.chars().count()).unwrap_or(i64::MAX))
    }),
    of_text!(
        "is_empty",
        Kind::Boolean,
        "Whether the text has no characters; of a list, whether it has no items.",
        |text| Value::Boolean(text.is_empty())
    ),
    of_texts!("starts_with", "Whether the text begins with another.", |text, part| text.starts_with(&**part)),
    of_texts!("ends_with", "Whether the text ends with another.", |text, part| text.ends_with(&**part)),
    of_texts!(
        "contains",
        "Whether the text holds another; of a list, whether an item equals a value.",
        |text, part| text.contains(&**part)
    ),
];
