//! Values read from text: cells, literals in rule files, fields of records.
//!
//! One reader for all three, so that a value means the same wherever it stands.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::ops::Comparison;
use super::{Bound, Duration, DurationUnit, Range, Type, Value, number};
use crate::diagnostic::{Code, did_you_mean};

/// Why a text is no value of its type.
#[derive(Clone, Debug)]
pub(crate) struct TextProblem {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

impl TextProblem {
    fn new(code: Code, message: String, help: &str) -> TextProblem {
        TextProblem { code, message, help: Some(help.to_owned()) }
    }
}

/// The value of this type that a text says. `decimals` limits money and decimals.
pub(crate) fn read(text: &str, base: &Type, decimals: Option<u32>) -> Result<Value, TextProblem> {
    match base {
        Type::Text | Type::Any => Ok(Value::text(text)),
        Type::Choice(words) => choice(text, words),
        Type::Boolean => match text {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err(TextProblem::new(
                Code::InvalidValue,
                format!("`{text}` is not true or false"),
                "write `true` or `false`",
            )),
        },
        Type::Integer => integer(text),
        Type::Decimal => decimal(text, decimals, "decimal").map(Value::Decimal),
        Type::Money => decimal(text, decimals, "money").map(Value::Money),
        Type::Percent => {
            let bare = text.strip_suffix('%').map_or(text, str::trim_end);
            decimal(bare, None, "percent").map(Value::Percent)
        }
        Type::Date => date(text).map(Value::Date),
        Type::Timestamp => timestamp(text).map(Value::Timestamp),
        Type::Duration(unit) => duration(text, *unit).map(Value::Duration),
        Type::Zone => zone(text).map(Value::Zone),
        Type::List(_) | Type::Record(_) => Err(TextProblem {
            code: Code::WrongKind,
            message: format!("a single value where a {} belongs", base.word()),
            help: None,
        }),
    }
}

/// Whether a value lies in its field's range; the problem if not.
pub(crate) fn within(value: &Value, range: &Range) -> Result<(), TextProblem> {
    if *range == Range::default() {
        return Ok(());
    }
    let measured = match value {
        Value::Integer(value) => Bound::Number((*value).into()),
        Value::Decimal(value) | Value::Money(value) | Value::Percent(value) => Bound::Number(*value),
        Value::Date(value) => Bound::Date(*value),
        Value::Text(text) => Bound::Number(text.chars().count().into()),
        Value::List(items) => Bound::Number(items.len().into()),
        _ => return Ok(()),
    };
    let problem = |side: &str, bound: &Bound| {
        let what = match value {
            Value::Text(_) => "the length of this text".to_owned(),
            Value::List(_) => "the length of this list".to_owned(),
            _ => format!("`{}`", shown(&measured)),
        };
        let (bound, extreme) = (shown(bound), if side == "below" { "least" } else { "most" });
        let message = format!("{what} is {side} `{bound}`, the {extreme} here");
        TextProblem { code: Code::OutsideDomain, message, help: None }
    };
    match (&range.min, &range.max) {
        (Some(min), _) if measured < *min => Err(problem("below", min)),
        (_, Some(max)) if measured > *max => Err(problem("above", max)),
        _ => Ok(()),
    }
}

/// Why a value of this range never compares so with `value`, if it never does.
pub(crate) fn never_holds(operator: Comparison, value: &Value, range: &Range) -> Option<String> {
    let bound = match value {
        Value::Integer(value) => Bound::Number((*value).into()),
        Value::Decimal(value) | Value::Money(value) | Value::Percent(value) => Bound::Number(*value),
        Value::Date(value) => Bound::Date(*value),
        _ => return None,
    };
    let is_above = range.max.is_some_and(|max| match operator {
        Comparison::Greater => bound >= max,
        Comparison::GreaterOrEqual | Comparison::Equal => bound > max,
        _ => false,
    });
    let is_below = range.min.is_some_and(|min| match operator {
        Comparison::Less => bound <= min,
        Comparison::LessOrEqual | Comparison::Equal => bound < min,
        _ => false,
    });
    let limit = match (is_above, is_below) {
        (true, _) => format!("at most {}", range.max.as_ref().map(shown)?),
        (_, true) => format!("at least {}", range.min.as_ref().map(shown)?),
        _ => return None,
    };
    Some(format!("`{} {}` never holds: the value is {limit}", operator.symbol(), shown(&bound)))
}

fn shown(bound: &Bound) -> String {
    match bound {
        Bound::Number(number) => number.to_string(),
        Bound::Date(date) => date.to_string(),
    }
}

/// A value of a choice.
pub(crate) fn choice(text: &str, words: &[std::sync::Arc<str>]) -> Result<Value, TextProblem> {
    match words.iter().find(|word| &***word == text) {
        Some(word) => Ok(Value::Text(word.clone())),
        None => Err(TextProblem {
            code: Code::UnknownChoice,
            message: format!("`{text}` is not one of the values of this choice"),
            help: did_you_mean(text, words.iter().map(|word| &**word)),
        }),
    }
}

fn integer(text: &str) -> Result<Value, TextProblem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().map(Value::Integer).map_err(|_| {
            TextProblem::new(
                Code::InvalidNumber,
                format!("`{text}` is too large for an integer"),
                "integers have at most 18 digits",
            )
        });
    }
    if number::parse(text).is_some() {
        return Err(TextProblem::new(
            Code::InvalidNumber,
            format!("`{text}` is not a whole number"),
            "write an integer, or declare the field as `decimal`",
        ));
    }
    Err(not_a_number(text, "integer"))
}

fn decimal(text: &str, decimals: Option<u32>, word: &str) -> Result<rust_decimal::Decimal, TextProblem> {
    let number = number::parse(text).ok_or_else(|| not_a_number(text, word))?;
    match decimals {
        Some(most) if number.scale() > most => Err(TextProblem::new(
            Code::InvalidNumber,
            format!("`{text}` has more than {most} decimals"),
            "round it where it comes from: values are not rounded silently",
        )),
        _ => Ok(number),
    }
}

fn not_a_number(text: &str, word: &str) -> TextProblem {
    let bare: String = text.chars().filter(|c| !matches!(c, ',' | ' ' | '\'' | '_' | '\u{a0}')).collect();
    let stripped = bare.trim_start_matches(['$', '€', '£']);
    if bare != text && number::parse(stripped).is_some() && text.contains(',') {
        return TextProblem {
            code: Code::AmbiguousNumber,
            message: format!("`{text}` is written with a comma"),
            help: Some(format!("write `{stripped}`: numbers have no separators and a decimal point")),
        };
    }
    let unsigned = text.trim_start_matches('+');
    let help = if unsigned != text && number::parse(unsigned).is_some() {
        format!("write `{unsigned}`")
    } else if number::parse(stripped).is_some() {
        format!("write `{stripped}`")
    } else if text.contains(['e', 'E']) && text.starts_with(|c: char| c.is_ascii_digit()) {
        "write the number out, without an exponent".to_owned()
    } else if text.starts_with('.') {
        format!("write `0{text}`")
    } else {
        format!("write a number, such as `{}`", if word == "integer" { "12" } else { "12.50" })
    };
    let wanted = match word {
        "integer" => "a whole number",
        "money" => "an amount",
        _ => "a number",
    };
    TextProblem { code: Code::InvalidNumber, message: format!("`{text}` is not {wanted}"), help: Some(help) }
}

/// A date written `2026-11-21`.
pub(crate) fn date(text: &str) -> Result<NaiveDate, TextProblem> {
    let bytes = text.as_bytes();
    let is_iso = bytes.len() == 10
        && bytes
            .iter()
            .enumerate()
            .all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() });
    if !is_iso {
        return Err(TextProblem::new(
            Code::InvalidDate,
            format!("`{text}` is not a date"),
            "write dates as year-month-day, such as `2026-11-21`",
        ));
    }
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|date| chrono::Datelike::year(date) >= 1).ok_or_else(|| {
        TextProblem::new(
            Code::InvalidDate,
            format!("there is no day `{text}`"),
            "check month and day: months have 28 to 31 days",
        )
    })
}

/// An instant written `2026-09-07T18:00:00-04:00` or `...Z`.
pub(crate) fn timestamp(text: &str) -> Result<DateTime<Utc>, TextProblem> {
    let instant = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)).map_err(|_| {
        let naive = chrono::NaiveDateTime::parse_from_str(&text.replacen(' ', "T", 1), "%Y-%m-%dT%H:%M:%S").is_ok();
        if naive || date(text).is_ok() {
            TextProblem::new(
                Code::InvalidDate,
                format!("`{text}` has no time zone"),
                "write an instant with its offset, such as `2026-09-07T18:00:00-04:00` or `2026-09-07T22:00:00Z`",
            )
        } else {
            TextProblem::new(
                Code::InvalidDate,
                format!("`{text}` is not an instant"),
                "write it as `2026-09-07T18:00:00-04:00`",
            )
        }
    })?;
    let instant = instant.with_timezone(&Utc);
    if (1..=9999).contains(&chrono::Datelike::year(&instant)) {
        Ok(instant)
    } else {
        Err(TextProblem::new(Code::InvalidDate, format!("`{text}` lies outside the years 1 to 9999"), "check the year"))
    }
}

fn duration(text: &str, unit: DurationUnit) -> Result<Duration, TextProblem> {
    let problem = || {
        let example = match unit {
            DurationUnit::Days => "14 days",
            DurationUnit::Months => "2 months",
            DurationUnit::BusinessDays => "2 business days",
            DurationUnit::Exact => "48 hours",
        };
        let kind = if Duration::parse(text).is_some() { " of this kind" } else { "" };
        TextProblem::new(
            Code::InvalidValue,
            format!("`{text}` is not a duration{kind}"),
            &duration_help(text).unwrap_or_else(|| format!("write `{example}`")),
        )
    };
    Duration::parse(text).filter(|duration| duration.unit() == unit).ok_or_else(problem)
}

/// What a text that is no duration was meant to be.
pub(crate) fn duration_help(text: &str) -> Option<String> {
    const UNITS: [&str; 8] = ["days", "weeks", "months", "years", "hours", "minutes", "seconds", "business days"];
    if Duration::parse(text).is_some() {
        return None;
    }
    if text.parse::<i64>().is_ok() {
        return Some(format!("say the unit: `{text} days`"));
    }
    let (count, unit) = text.split_once([' ', '.'])?;
    count.parse::<i64>().ok()?;
    if text.contains('.') && UNITS.contains(&unit) {
        return Some(format!("write `{count} {unit}`"));
    }
    crate::diagnostic::nearest(unit, UNITS).map(|unit| format!("did you mean `{count} {unit}`?"))
}

/// A time zone of the IANA database.
pub(crate) fn zone(text: &str) -> Result<Tz, TextProblem> {
    text.parse::<Tz>().map_err(|_| TextProblem {
        code: Code::InvalidValue,
        message: format!("`{text}` is not a time zone"),
        help: Some(zone_help(text)),
    })
}

/// A near name of the database, or an example. Abbreviations and short places are near to much that is not meant.
fn zone_help(text: &str) -> String {
    let lower = text.to_lowercase();
    let is_long = text.len() <= 64 && text.rsplit_once('/').is_some_and(|(_, place)| place.chars().count() > 4);
    let near = chrono_tz::TZ_VARIANTS
        .iter()
        .filter(|_| is_long)
        .map(|zone| (strsim::damerau_levenshtein(&lower, &zone.name().to_lowercase()), zone.name()))
        .filter(|(distance, _)| *distance <= 2)
        .min();
    if let Some((_, name)) = near {
        return format!("did you mean `{name}`?");
    }
    let example = match text.to_ascii_uppercase().as_str() {
        "PST" | "PDT" | "PT" => "America/Los_Angeles",
        "MST" | "MDT" | "MT" => "America/Denver",
        "CST" | "CDT" | "CT" => "America/Chicago",
        "CET" | "CEST" => "Europe/Berlin",
        _ => "America/New_York",
    };
    format!("write an IANA name, such as `{example}`")
}
