//! The forms of a contact rule: what it says of an attempt that it speaks of.

use chrono::{NaiveTime, TimeDelta, Weekday};

use super::{ContactReader, Form, Hours, Times, Within};
use crate::check::expressions::expression;
use crate::check::facts::Counting;
use crate::check::literals;
use crate::check::names::WithRecord;
use crate::check::tables::CheckedCondition;
use crate::diagnostic::{Code, Finding};
use crate::language::Typer;
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Node, NodeKind};
use crate::value::{Duration, DurationUnit, Type};

/// The least part of a time of day.
const NANO: TimeDelta = TimeDelta::nanoseconds(1);

impl ContactReader<'_> {
    /// The rule's form. Conditions of its own are added to the others.
    pub(super) fn form(
        &mut self,
        key: &str,
        node: &Node,
        days: Option<&Node>,
        within: &Within<'_>,
        conditions: &mut Vec<CheckedCondition>,
    ) -> Option<Form> {
        if matches!(key, "hours" | "limit" | "wait" | "blocked_until") && !within.has_place {
            self.findings.push(
                Finding::error(Code::MissingKey, node.span, format!("`{key}` needs the debtor's place"))
                    .help("say `place:` with the field that holds the debtor's zones, or mark it `place: true`"),
            );
        }
        match key {
            "hours" => self.hours(node, days).map(Form::Hours),
            "limit" => self.limit(node, within.scope),
            "wait" => self.wait(node, within.scope),
            "blocked_until" => {
                let ast = expression(node, "`blocked_until`", self.parser, self.findings)?;
                let expr = Typer::new(within.scope, self.findings).expr(&ast);
                if !matches!(expr.base, Type::Date | Type::Timestamp | Type::Any) {
                    self.findings.push(
                        Finding::error(
                            Code::TypeMismatch,
                            expr.span,
                            format!("`blocked_until` is a date or a timestamp, but this is {}", expr.base),
                        )
                        .help("name a field that holds the last day on which nobody may be contacted, or write that day: `2026-12-31`"),
                    );
                }
                Some(Form::BlockedUntil(expr))
            }
            _ => {
                let any = self.any(node, key, within.scope)?;
                conditions.push(any);
                Some(if key == "deny_when" { Form::Deny } else { Form::Review })
            }
        }
    }

    fn hours(&mut self, node: &Node, days: Option<&Node>) -> Option<Hours> {
        let mut hours = Hours {
            days: Vec::new(),
            holiday: false,
            from: NaiveTime::MIN,
            until: NaiveTime::MIN,
            until_is_included: true,
        };
        for day in days.map_or(&[] as &[Node], |node| node.one_or_many()) {
            let word = day.as_text("a day", self.findings)?;
            match (word, word.parse::<Weekday>()) {
                ("holiday", _) if self.header.calendar.is_some() => hours.holiday = true,
                ("holiday", _) => self.findings.push(
                    Finding::error(Code::UnknownCalendar, day.span, "holidays need a calendar, and the pack has none")
                        .help("say `calendar:` in the pack's header"),
                ),
                (_, Ok(weekday)) if word.len() == 3 && word.chars().all(|c| c.is_ascii_lowercase()) => {
                    hours.days.push(weekday);
                }
                (_, meant) => self.findings.push(
                    Finding::error(Code::InvalidValue, day.span, format!("`{word}` is not a day")).help(match meant {
                        Ok(weekday) => format!("did you mean `{}`?", weekday.to_string().to_lowercase()),
                        Err(_) => "one of `mon`, `tue`, `wed`, `thu`, `fri`, `sat`, `sun`, `holiday`".to_owned(),
                    }),
                ),
            }
        }
        let text = self.hours_text(node)?;
        let read = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let parts = text.split_once(" to ").map(|(from, until)| match until.trim().strip_prefix("under ") {
            Some(until) => (from, until, false),
            None => (from, until, true),
        });
        let times = parts.and_then(|(from, until, is_included)| {
            let until = match until.trim() {
                // The end of the day is its last instant.
                "24:00" => return Some((read(from)?, NaiveTime::MIN.overflowing_sub_signed(NANO).0, true)),
                other => read(other)?,
            };
            Some((read(from)?, until, is_included))
        });
        let Some((from, until, is_included)) = times else {
            self.findings.push(
                Finding::error(Code::InvalidValue, node.span, format!("`{text}` does not say hours"))
                    .help("write times of the 24-hour clock: `08:00 to under 21:00`, or `08:00 to 21:00` where 21:00 itself is allowed"),
            );
            return None;
        };
        if until < from {
            let finding = Finding::error(Code::OutsideDomain, node.span, format!("`{text}` ends before it begins"));
            self.findings.push(finding.help(format!(
                "`hours` say when contact is allowed, within one day: to forbid the night, write `{} to under {}`",
                until.format("%H:%M"),
                from.format("%H:%M")
            )));
        } else if until == from {
            self.findings.push(
                Finding::error(Code::OutsideDomain, node.span, format!("`{text}` leaves no time"))
                    .help("`hours` say when contact is allowed, such as `08:00 to under 21:00`"),
            );
        }
        Some(Hours { from, until, until_is_included: is_included, ..hours })
    }

    /// The text of hours, which are no list and no map.
    fn hours_text<'n>(&mut self, node: &'n Node) -> Option<&'n str> {
        let text = node.text();
        if text.is_none() {
            self.findings.push(
                Finding::error(Code::WrongKind, node.span, "`hours` is one text")
                    .help("write `hours: 08:00 to under 21:00`"),
            );
        }
        text
    }

    /// The parts of a form that is a map; help shows a whole one.
    fn parts<'n>(&mut self, key: &str, node: &'n Node, example: &str) -> Option<MapReader<'n>> {
        if !matches!(node.kind, NodeKind::Map(_)) {
            self.findings.push(
                Finding::error(Code::WrongKind, node.span, format!("`{key}` says several things"))
                    .help(format!("write `{key}: {example}`")),
            );
            return None;
        }
        MapReader::new(node, &format!("`{key}`"), self.findings)
    }

    fn limit(&mut self, node: &Node, scope: &WithRecord<'_>) -> Option<Form> {
        let mut reader = self.parts("limit", node, "{count: LIST, at_most: 7, in: 7 days}")?;
        let count = reader.required("count", self.findings);
        let filter = reader.optional("where", self.findings);
        let at_most = reader.required("at_most", self.findings);
        let window = reader.required("in", self.findings);
        reader.finish(self.findings);
        let times = count.and_then(|count| self.times(count, filter, scope));
        let at_most = at_most.and_then(|node| {
            let text = node.as_text("`at_most`", self.findings)?;
            let count = text.parse::<u64>().ok();
            if count.is_none() {
                self.findings.push(
                    Finding::error(
                        Code::InvalidNumber,
                        node.span,
                        format!("`at_most` is `{text}`, not a whole number"),
                    )
                    .help("write how many contacts are allowed, such as `7`"),
                );
            }
            count
        });
        let window = window.and_then(|node| literals::window(node, self.findings).map(|window| (window, node.span)));
        let (window, span) = window?;
        if window.unit() == DurationUnit::BusinessDays {
            self.findings.push(
                Finding::error(Code::InvalidValue, span, "a limit does not count in business days")
                    .help("write days, months or hours, such as `7 days`"),
            );
        }
        self.exact(times.as_ref(), window, span);
        Some(Form::Limit { times: times?, at_most: at_most?, window })
    }

    fn wait(&mut self, node: &Node, scope: &WithRecord<'_>) -> Option<Form> {
        let mut reader = self.parts("wait", node, "{after: LIST, for: 7 days}")?;
        let after = reader.required("after", self.findings);
        let filter = reader.optional("where", self.findings);
        let length = reader.required("for", self.findings);
        let event_day_counts = reader.boolean("event_day_counts", self.findings);
        let counts_span = reader.key_span("event_day_counts");
        reader.finish(self.findings);
        let times = after.and_then(|after| self.times(after, filter, scope));
        let node = length?;
        let length = literals::duration(node, "`for`", self.findings)?;
        if length.count() < 1 {
            self.findings.push(
                Finding::error(Code::OutsideDomain, node.span, format!("a wait of `{length}` is none"))
                    .help("write a length of at least one"),
            );
        }
        self.exact(times.as_ref(), length, node.span);
        match length.unit() {
            DurationUnit::BusinessDays if self.header.calendar.is_none() => self.findings.push(
                Finding::error(
                    Code::UnknownCalendar,
                    node.span,
                    "business days need a calendar, and the pack has none",
                )
                .help("say `calendar:` in the pack's header"),
            ),
            DurationUnit::Exact if event_day_counts.is_some() => self.findings.push(
                Finding::error(Code::UnknownKey, counts_span, "exact time has no days that could count")
                    .help("remove `event_day_counts`, or write the wait in days"),
            ),
            _ => {}
        }
        Some(Form::Wait { times: times?, length, event_day_counts: event_day_counts.unwrap_or(false) })
    }

    /// Reports exact time that is reckoned from days.
    fn exact(&mut self, times: Option<&Times>, length: Duration, span: Span) {
        let has_dates = |times: &Times| matches!(&times.at.base, Type::List(item) if item.base == Type::Date);
        if length.unit() == DurationUnit::Exact && times.is_some_and(has_dates) {
            self.findings.push(
                Finding::error(
                    Code::TypeMismatch,
                    span,
                    format!("`{length}` is exact time, which needs timestamps, but the items have dates"),
                )
                .help("write it in days"),
            );
        }
    }

    /// The items of a list, and which of them pass a filter.
    fn times(&mut self, list: &Node, filter: Option<&Node>, scope: &WithRecord<'_>) -> Option<Times> {
        let list_ast = expression(list, "a list", self.parser, self.findings)?;
        let filter_ast = match filter {
            Some(node) => Some(expression(node, "`where`", self.parser, self.findings)?),
            None => None,
        };
        Counting::times(scope, &list_ast, filter_ast.as_ref(), list.span, self.findings)
    }
}
