//! Data that holds for dates: calendars with their holidays, rates with their changes.

use std::collections::BTreeMap;

use chrono::Weekday;

use super::literals;
use super::names::report_id;
use super::pack::section;
use crate::calendar::{Calendar, Rate};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::syntax::node::MapReader;
use crate::syntax::{Map, Node};
use crate::value::{Type, Value, text};

/// The longest validity of a calendar, in days.
const DAYS: i64 = 200 * 366;

/// The pack's calendars.
pub(super) fn calendars(root: &Map, findings: &mut Findings) -> Vec<Calendar> {
    let mut calendars = Vec::new();
    for entry in section(root, "calendars") {
        report_id(&entry.key, entry.key_span, findings);
        let what = format!("the calendar `{}`", entry.key);
        let Some(mut reader) = MapReader::new(&entry.value, &what, findings) else { continue };
        let weekend = reader.required("weekend", findings).map(|node| read_weekend(node, findings)).unwrap_or_default();
        let from =
            reader.required("valid_from", findings).and_then(|node| literals::date(node, "`valid_from`", findings));
        let until =
            reader.required("valid_until", findings).and_then(|node| literals::date(node, "`valid_until`", findings));
        let mut holidays = BTreeMap::new();
        if let Some(node) = reader.optional("holidays", findings)
            && let Some(map) = node.as_map("`holidays`", findings)
        {
            for holiday in &map.entries {
                match text::date(&holiday.key) {
                    Ok(date) => {
                        let is_reversed = matches!((from, until), (Some(from), Some(until)) if until < from);
                        let is_covered = is_reversed
                            || from.is_none_or(|from| date >= from) && until.is_none_or(|until| date <= until);
                        if !is_covered {
                            findings.push(
                                Finding::error(
                                    Code::OutsideDomain,
                                    holiday.key_span,
                                    format!("the holiday {date} lies outside the calendar's validity"),
                                )
                                .help("extend `valid_from` or `valid_until`, or remove it"),
                            );
                        }
                        holidays.insert(date, holiday.value.text().unwrap_or("").to_owned());
                    }
                    Err(problem) => findings
                        .push(Finding::error(problem.code, holiday.key_span, problem.message).maybe_help(problem.help)),
                }
            }
        }
        reader.finish(findings);
        if let (Some(valid_from), Some(valid_until)) = (from, until) {
            if (valid_until - valid_from).num_days() > DAYS {
                findings.push(
                    Finding::error(Code::OutsideDomain, entry.key_span, format!("{what} covers more than 200 years"))
                        .help("a calendar covers the years whose holidays are known"),
                );
            }
            if valid_until < valid_from {
                findings.push(
                    Finding::error(Code::OutsideDomain, entry.key_span, format!("{what} ends before it begins"))
                        .help("swap the dates"),
                );
            }
            calendars.push(Calendar { name: entry.key.clone(), weekend, valid_from, valid_until, holidays });
        }
    }
    calendars
}

fn read_weekend(node: &Node, findings: &mut Findings) -> Vec<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("mon", Weekday::Mon),
        ("tue", Weekday::Tue),
        ("wed", Weekday::Wed),
        ("thu", Weekday::Thu),
        ("fri", Weekday::Fri),
        ("sat", Weekday::Sat),
        ("sun", Weekday::Sun),
    ];
    let mut weekend = Vec::new();
    for item in node.as_list("`weekend`", findings).unwrap_or(&[]) {
        let Some(word) = item.as_text("a day of the week", findings) else { continue };
        match DAYS.iter().find(|(name, _)| *name == word) {
            Some((_, day)) => weekend.push(*day),
            None => findings.push(
                Finding::error(Code::InvalidValue, item.span, format!("`{word}` is not a day of the week"))
                    .maybe_help(did_you_mean(word, DAYS.iter().map(|(name, _)| *name))),
            ),
        }
    }
    if weekend.len() >= 7 {
        findings.push(
            Finding::error(Code::InvalidValue, node.span, "a week of weekends has no business days")
                .help("name the days on which no business is done"),
        );
    }
    weekend
}

/// The pack's rates.
pub(super) fn rates(root: &Map, findings: &mut Findings) -> Vec<Rate> {
    let mut rates = Vec::new();
    for entry in section(root, "rates") {
        report_id(&entry.key, entry.key_span, findings);
        let what = format!("the rate `{}`", entry.key);
        let Some(mut reader) = MapReader::new(&entry.value, &what, findings) else { continue };
        if let Some(node) = reader.optional("unit", findings)
            && node.as_text("`unit`", findings).is_some_and(|unit| unit != "percent")
        {
            findings.push(
                Finding::error(Code::InvalidValue, node.span, "a rate is a percentage").help("write `unit: percent`"),
            );
        }
        let mut from = BTreeMap::new();
        if let Some(node) = reader.required("from", findings)
            && let Some(map) = node.as_map("`from`", findings)
        {
            for step in &map.entries {
                let date = match text::date(&step.key) {
                    Ok(date) => date,
                    Err(problem) => {
                        findings.push(
                            Finding::error(problem.code, step.key_span, problem.message).maybe_help(problem.help),
                        );
                        continue;
                    }
                };
                let Some(written) = step.value.as_text("the value of a rate", findings) else { continue };
                match text::read(written, &Type::Percent, None) {
                    Ok(Value::Percent(value)) => {
                        from.insert(date, value);
                    }
                    Ok(_) => {}
                    Err(problem) => findings
                        .push(Finding::error(problem.code, step.value.span, problem.message).maybe_help(problem.help)),
                }
            }
            if map.entries.is_empty() {
                findings.push(
                    Finding::error(Code::MissingKey, node.span, format!("{what} has no values"))
                        .help("write dates and values"),
                );
            }
        }
        let valid_until =
            reader.optional("valid_until", findings).and_then(|node| literals::date(node, "`valid_until`", findings));
        for key in ["source", "about", "status"] {
            reader.text(key, findings);
        }
        reader.finish(findings);
        rates.push(Rate { name: entry.key.clone(), from, valid_until });
    }
    rates
}
