//! Literals in rule files: values, dates, durations, with findings at their place.

use chrono::NaiveDate;

use crate::diagnostic::{Code, Finding, Findings};
use crate::source::{Snippet, Span};
use crate::syntax::Node;
use crate::value::{Duration, DurationUnit, Type, Value, text};

/// A literal of this type in a cell or value. `none` is one where the slot may be none.
pub(crate) fn value(
    snippet: &Snippet,
    base: &Type,
    decimals: Option<u32>,
    maybe_none: bool,
    findings: &mut Findings,
) -> Option<Value> {
    let text = snippet.text.as_str();
    if maybe_none && text == "none" {
        return Some(Value::None);
    }
    if text == "none" && !matches!(base, Type::Text) {
        findings.push(
            Finding::error(Code::MaybeNone, snippet.whole(), format!("`none` stands where {base} may not be none"))
                .help("declare `absent: none` for it"),
        );
        return None;
    }
    let bare = unquoted(text);
    match base {
        Type::Duration(_) => match Duration::parse(text) {
            Some(duration) => Some(Value::Duration(duration)),
            None => {
                let problem = text::read(text, base, decimals).err();
                report(problem, snippet.whole(), findings);
                None
            }
        },
        _ => match text::read(bare, base, decimals) {
            Ok(value) => Some(value),
            Err(problem) => {
                report(Some(problem), snippet.whole(), findings);
                None
            }
        },
    }
}

fn report(problem: Option<text::TextProblem>, span: Span, findings: &mut Findings) {
    if let Some(problem) = problem {
        findings.push(Finding::error(problem.code, span, problem.message).maybe_help(problem.help));
    }
}

/// The text inside double quotes, or the text itself.
pub(crate) fn unquoted(text: &str) -> &str {
    text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).filter(|inner| !inner.contains('"')).unwrap_or(text)
}

/// A date in a rule file.
pub(crate) fn date(node: &Node, what: &str, findings: &mut Findings) -> Option<NaiveDate> {
    let written = node.as_text(what, findings)?;
    match text::date(written) {
        Ok(date) => Some(date),
        Err(problem) => {
            report(Some(problem), node.span, findings);
            None
        }
    }
}

/// A duration of any kind in a rule file.
pub(crate) fn duration(node: &Node, what: &str, findings: &mut Findings) -> Option<Duration> {
    let written = node.as_text(what, findings)?;
    let duration = Duration::parse(written);
    if duration.is_none() {
        findings.push(Finding::error(Code::InvalidValue, node.span, format!("`{written}` is not a duration")).help(
            text::duration_help(written).unwrap_or_else(|| {
                "write a number and a unit, such as `7 days`, `48 hours`, `2 months` or `2 business days`".to_owned()
            }),
        ));
    }
    duration
}

/// The length of a window: at least one of its unit.
pub(crate) fn window(node: &Node, findings: &mut Findings) -> Option<Duration> {
    let window = duration(node, "`in`", findings)?;
    if window.count() < 1 {
        findings.push(
            Finding::error(Code::OutsideDomain, node.span, format!("a window of `{window}` holds nothing"))
                .help("write a length of at least one; days count the current one: `1 days` is today"),
        );
        return None;
    }
    Some(window)
}

/// The unit of duration fields.
pub(crate) fn duration_unit(node: &Node, findings: &mut Findings) -> Option<DurationUnit> {
    match node.as_text("`unit`", findings)? {
        "days" => Some(DurationUnit::Days),
        "months" => Some(DurationUnit::Months),
        "business days" => Some(DurationUnit::BusinessDays),
        "hours" | "exact" => Some(DurationUnit::Exact),
        other => {
            findings.push(
                Finding::error(Code::InvalidValue, node.span, format!("`{other}` is not a unit of durations"))
                    .help("one of `days`, `months`, `business days`, `hours`"),
            );
            None
        }
    }
}
