//! Contact policies: when a contact may be made, and when nobody may.
//!
//! Takes `contact`; gives policies whose rules are conditions over the case and an `attempt`, and a form: a refusal, a
//! review, or one of the forms of time (`hours`, `limit`, `wait`, `blocked_until`), for which the next allowed minute
//! can be told.

use std::sync::Arc;

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

use super::expressions::{conditions, expression};
use super::facts::Counting;
use super::header::Header;
use super::literals;
use super::names::{Names, WithRecord, report_id};
use super::pack::section;
use super::tables::annotations::{ANNOTATIONS, annotations};
use super::tables::{Annotations, CheckedCondition, Written};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::parse::Parser;
use crate::language::{Expr, ExprKind, Function, SlotId, Typer};
use crate::record::INITIATORS;
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Map, Node, NodeKind};
use crate::value::ops::Comparison;
use crate::value::{Absence, Duration, DurationUnit, Field, RecordType, Type, Value};

/// Where the items of an attempt stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AttemptSlots {
    pub(crate) channel: SlotId,
    pub(crate) at: SlotId,
    pub(crate) initiated_by: SlotId,
    pub(crate) purpose: SlotId,
    pub(crate) recipient: SlotId,
    pub(crate) address: SlotId,
    pub(crate) template: SlotId,
}

impl AttemptSlots {
    /// The slots from this one on, in the order of the attempt's fields.
    pub(crate) fn from(first: u32) -> AttemptSlots {
        let slot = |offset| SlotId(first.saturating_add(offset));
        AttemptSlots {
            channel: slot(0),
            at: slot(1),
            initiated_by: slot(2),
            purpose: slot(3),
            recipient: slot(4),
            address: slot(5),
            template: slot(6),
        }
    }

    /// In the order of the attempt's fields.
    pub(crate) fn in_order(self) -> [SlotId; 7] {
        let AttemptSlots { channel, at, initiated_by, purpose, recipient, address, template } = self;
        [channel, at, initiated_by, purpose, recipient, address, template]
    }
}

/// A contact policy.
#[derive(Clone, Debug)]
pub(crate) struct CheckedPolicy {
    /// The qualified id, such as `contact/reg-f`.
    pub(crate) id: Arc<str>,
    pub(crate) applies_when: Vec<CheckedCondition>,
    /// The field that holds the debtor's candidate zones; nothing where no rule asks for them.
    pub(crate) place: Option<SlotId>,
    pub(crate) rules: Vec<ContactRule>,
    pub(crate) annotations: Annotations,
    pub(crate) span: Span,
}

/// A rule of a contact policy: whether it speaks of an attempt, and what it says then.
#[derive(Clone, Debug)]
pub(crate) struct ContactRule {
    /// The qualified id, such as `contact/reg-f/hours`.
    pub(crate) id: Arc<str>,
    /// All of these must hold.
    pub(crate) conditions: Vec<CheckedCondition>,
    pub(crate) form: Form,
    pub(crate) annotations: Annotations,
    pub(crate) span: Span,
}

/// What a contact rule says of an attempt that it speaks of.
#[derive(Clone, Debug)]
pub(crate) enum Form {
    Deny,
    Review,
    Hours(Hours),
    /// At most so many contacts in a window, the one that is judged included.
    Limit {
        times: Times,
        at_most: u64,
        window: Duration,
    },
    /// None for so long after a contact.
    Wait {
        times: Times,
        length: Duration,
        event_day_counts: bool,
    },
    /// None up to a date, the day included, or an instant.
    BlockedUntil(Expr),
}

impl Form {
    /// Calls `visit` on each of its expressions.
    pub(crate) fn each_asked<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match self {
            Form::Limit { times, .. } | Form::Wait { times, .. } => {
                visit(&times.at);
                times.counts.iter().for_each(visit);
            }
            Form::BlockedUntil(until) => visit(until),
            Form::Deny | Form::Review | Form::Hours(_) => {}
        }
    }
}

/// The items of a list that a limit or a wait looks at.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    /// When each item was: a list.
    pub(crate) at: Expr,
    /// Whether each item counts, in the same order. All do where there is nothing.
    pub(crate) counts: Option<Expr>,
}

/// Between which times of day a contact may be made, on which days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hours {
    /// With `holiday`, the days of which it speaks; all where both say nothing.
    pub(crate) days: Vec<Weekday>,
    pub(crate) holiday: bool,
    pub(crate) from: NaiveTime,
    pub(crate) until: NaiveTime,
    pub(crate) until_is_included: bool,
}

/// The items of an attempt, which the host or an action says.
pub(crate) fn attempt_fields(header: &Header, span: Span) -> Vec<Field> {
    let words = |words: &[&str]| Type::Choice(words.iter().map(|word| Arc::from(*word)).collect());
    let may_be_none = |name: &str| Field { absence: Absence::None, ..Field::new(name, Type::Text, span) };
    vec![
        Field::new("channel", Type::Choice(header.channels.clone().into()), span),
        Field::new("at", Type::Timestamp, span),
        Field::new("initiated_by", words(&INITIATORS), span),
        may_be_none("purpose"),
        Field::new("recipient", Type::Text, span),
        may_be_none("address"),
        may_be_none("template"),
    ]
}

/// Reads the pack's contact policies.
pub(crate) struct ContactReader<'a> {
    pub(crate) header: &'a Header,
    pub(crate) parser: &'a Parser,
    pub(crate) names: &'a Names,
    pub(crate) record: &'a RecordType,
    pub(crate) attempt: AttemptSlots,
    pub(crate) attempt_fields: &'a [Field],
    pub(crate) findings: &'a mut Findings,
}

/// What a policy's rules share.
struct Within<'a> {
    policy: &'a str,
    scope: &'a WithRecord<'a>,
    /// Whether it says where the debtor may be.
    has_place: bool,
}

impl ContactReader<'_> {
    /// All policies, in the order of the pack.
    pub(crate) fn policies(&mut self, root: &Map) -> Vec<CheckedPolicy> {
        let group = self.attempt_fields.iter().zip(self.attempt.in_order());
        let group =
            Names::group(group.map(|(field, slot)| (field.name.clone(), slot, field.base.clone(), field.maybe_none())));
        let scope = WithRecord::new(self.names, "attempt", group);
        let policies: Vec<CheckedPolicy> =
            section(root, "contact").filter_map(|entry| self.policy(entry, &scope)).collect();
        if self.header.channels.is_empty()
            && let Some(policy) = policies.first()
        {
            self.findings.push(
                Finding::error(Code::MissingKey, policy.span, "a contact policy needs the channels of the pack")
                    .help("say `channels: [call, email, letter]` in the pack's header"),
            );
        }
        policies
    }

    fn policy(&mut self, entry: &Entry, scope: &WithRecord<'_>) -> Option<CheckedPolicy> {
        if entry.key == "rules" && matches!(entry.value.kind, NodeKind::List(_)) {
            self.findings.push(
                Finding::error(Code::WrongKind, entry.key_span, "these rules belong to no contact policy")
                    .help("name the policy, and put the rules under it: `POLICY: {rules: ..}`"),
            );
            return None;
        }
        report_id(&entry.key, entry.key_span, self.findings);
        let what = format!("the contact policy `{}`", entry.key);
        let mut reader = MapReader::new(&entry.value, &what, self.findings)?.named(entry.key_span);
        let applies_when = reader.optional("applies_when", self.findings);
        let place_node = reader.optional("place", self.findings);
        let place = match place_node {
            Some(node) => self.place(node),
            None => self.record.fields.iter().position(|field| field.place).map(slot),
        };
        // A place that was refused was reported: what needs it is not reported too.
        let has_place = place.is_some() || place_node.is_some();
        let scope = &if has_place { scope.with_place() } else { scope.clone() };
        let mut applies_when = self.all(applies_when, "`applies_when`", scope);
        for key in ANNOTATIONS {
            reader.optional(key, self.findings);
        }
        let list = reader.required("rules", self.findings);
        reader.finish(self.findings);
        let own = match &entry.value.kind {
            NodeKind::Map(map) => annotations(map, entry.key_span, self.findings),
            _ => Annotations::default(),
        };
        let listed = list.and_then(|list| list.as_list("`rules`", self.findings));
        let items = listed.unwrap_or(&[]);
        if let Some(list) = list.filter(|_| listed.is_some_and(<[Node]>::is_empty)) {
            self.findings.push(
                Finding::error(Code::WrongKind, list.span, format!("{what} has no rules"))
                    .help("add a rule, or remove the policy: cases to which no policy applies are allowed"),
            );
        }
        applies_when.splice(0..0, self.in_force(&own, entry.key_span));
        let within = Within { policy: &entry.key, scope, has_place };
        let mut rules: Vec<ContactRule> = Vec::new();
        for item in items {
            let Some(rule) = self.rule(item, &within) else { continue };
            if let Some(first) = rules.iter().find(|known| known.id == rule.id) {
                self.findings.push(
                    Finding::error(Code::DuplicateId, rule.span, format!("two rules are called `{}`", rule.id))
                        .also(first.span, "the first")
                        .help("give one another id"),
                );
            }
            rules.push(rule);
        }
        Some(CheckedPolicy {
            id: Arc::from(format!("contact/{}", entry.key)),
            applies_when,
            place,
            rules,
            annotations: own,
            span: entry.key_span,
        })
    }

    /// The field of the debtor's candidate zones.
    fn place(&mut self, node: &Node) -> Option<SlotId> {
        let name = node.as_text("`place`", self.findings)?;
        let is_zone = |base: &Type| {
            *base == Type::Zone || matches!(base, Type::List(item) if item.base == Type::Zone) || *base == Type::Any
        };
        match self.record.index_of(name) {
            Some(index) if self.record.fields.get(index).is_some_and(|field| is_zone(&field.base)) => Some(slot(index)),
            Some(_) => {
                self.findings.push(
                    Finding::error(Code::TypeMismatch, node.span, format!("`{name}` does not hold zones"))
                        .help("a place is a field of type `zone`, or a list of zones"),
                );
                None
            }
            None if name.parse::<Tz>().is_ok() => {
                self.findings.push(
                    Finding::error(
                        Code::UnknownField,
                        node.span,
                        format!("`{name}` is a zone, not a field of the case"),
                    )
                    .help("name the field that holds the debtor's zones"),
                );
                None
            }
            None => {
                let zones = self.record.fields.iter().filter(|field| is_zone(&field.base)).map(|field| &*field.name);
                self.findings.push(
                    Finding::error(Code::UnknownField, node.span, format!("a case has no field `{name}`"))
                        .maybe_help(did_you_mean(name, zones)),
                );
                None
            }
        }
    }

    fn rule(&mut self, item: &Node, within: &Within<'_>) -> Option<ContactRule> {
        let mut reader = MapReader::new(item, "a contact rule", self.findings)?;
        let id_node = reader.required("id", self.findings);
        let id = id_node.and_then(|node| {
            node.as_text("`id`", self.findings).filter(|text| report_id(text, node.span, self.findings))
        });
        let span = id_node.map_or(item.span, |node| node.span);
        let channels = reader.optional("channels", self.findings);
        let when = reader.optional("when", self.findings);
        let unless = reader.optional("unless", self.findings);
        let days = reader.optional("days", self.findings);
        let forms: Vec<(&'static str, &Node)> =
            FORMS.iter().filter_map(|key| reader.optional(key, self.findings).map(|node| (*key, node))).collect();
        for key in ANNOTATIONS {
            reader.optional(key, self.findings);
        }
        let has_stray = reader.has_stray();
        for (key, form) in [("where", "`limit` or `wait`"), ("at_most", "`limit`"), ("in", "`limit`"), ("for", "`wait`")] {
            if reader.optional(key, self.findings).is_some() {
                self.findings.push(
                    Finding::error(Code::UnknownKey, reader.key_span(key), format!("`{key}` stands inside {form}"))
                        .help("put it between the braces, or indent it further"),
                );
            }
        }
        let own = match &item.kind {
            NodeKind::Map(map) => annotations(map, span, self.findings),
            _ => Annotations::default(),
        };
        let mut conditions = self.in_force(&own, span);
        conditions.extend(channels.and_then(|node| self.channels(node)));
        conditions.extend(self.all(when, "`when`", within.scope));
        conditions.extend(self.none(unless, within.scope));
        let form = match forms.as_slice() {
            [(key, node)] => self.form(key, node, days, within, &mut conditions),
            [] => {
                // A form without a value was reported.
                let is_begun =
                    matches!(&item.kind, NodeKind::Map(map) if FORMS.iter().any(|form| map.get(form).is_some()));
                if !has_stray && !is_begun {
                    self.findings.push(
                        Finding::error(Code::MissingKey, span, "this contact rule does not say what it asks")
                            .help(format!("write one of {}", FORMS.map(|form| format!("`{form}`")).join(", "))),
                    );
                }
                None
            }
            [_, (key, _), ..] => {
                self.findings.push(
                    Finding::error(Code::UnknownKey, reader.key_span(key), "this contact rule asks two things")
                        .help("make two rules of it, each with an id"),
                );
                None
            }
        };
        if let (Some(days), [(key, _)]) = (days, forms.as_slice())
            && *key != "hours"
        {
            self.findings.push(
                Finding::error(Code::UnknownKey, days.span, "`days` belongs to `hours`")
                    .help("write a condition instead, such as `when: weekday(local_today) == \"sun\"`"),
            );
        }
        reader.finish(self.findings);
        let id = Arc::from(format!("contact/{}/{}", within.policy, id.unwrap_or("?")));
        Some(ContactRule { id, conditions, form: form?, annotations: own, span })
    }

    /// The rule's form. Conditions of its own are added to the others.
    fn form(
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

    /// The condition that an attempt is made by one of these channels.
    fn channels(&mut self, node: &Node) -> Option<CheckedCondition> {
        let mut items = Vec::new();
        let mut words = Vec::new();
        let base = Type::Choice(self.header.channels.clone().into());
        for item in node.one_or_many() {
            let word = item.as_text("a channel", self.findings)?;
            if !self.header.channels.is_empty() && !self.header.channels.iter().any(|channel| **channel == *word) {
                self.findings.push(
                    Finding::error(Code::UnknownChoice, item.span, format!("the pack has no channel `{word}`"))
                        .maybe_help(did_you_mean(word, self.header.channels.iter().map(|channel| &**channel))),
                );
            }
            items.push(Expr::literal(Value::text(word), base.clone(), item.span));
            words.push(word.to_owned());
        }
        let channel =
            Expr { kind: ExprKind::Slot(self.attempt.channel), base: base.clone(), maybe_none: false, span: node.span };
        let list =
            Expr { kind: ExprKind::List(items), base: Type::list(base, false), maybe_none: false, span: node.span };
        let kind = ExprKind::InList { item: Box::new(channel), list: Box::new(list) };
        let text = format!("attempt.channel in [{}]", words.join(", "));
        Some(written(Expr::boolean(kind, node.span), Written::When(Arc::from(text))))
    }

    /// That the attempt lies between the dates of a rule, seen from the pack's place.
    fn in_force(&mut self, annotations: &Annotations, span: Span) -> Vec<CheckedCondition> {
        let bounds = [
            (annotations.valid_from, Comparison::GreaterOrEqual, "valid from"),
            (annotations.valid_until, Comparison::LessOrEqual, "valid until"),
        ];
        let conditions = bounds.into_iter().filter_map(|(bound, comparison, word)| {
            let (bound, function) = (bound?, Function::named("date_of")?);
            let at = Expr { kind: ExprKind::Slot(self.attempt.at), base: Type::Timestamp, maybe_none: false, span };
            let kind = ExprKind::Call { function, arguments: vec![at] };
            let date = Expr { kind, base: Type::Date, maybe_none: false, span };
            let limit = Expr::literal(Value::Date(bound), Type::Date, span);
            let expr = Expr::boolean(ExprKind::Compare(comparison, Box::new(date), Box::new(limit)), span);
            Some(written(expr, Written::When(Arc::from(format!("{word} {bound}")))))
        });
        conditions.collect()
    }

    /// Conditions that must all hold.
    fn all(&mut self, node: Option<&Node>, what: &str, scope: &WithRecord<'_>) -> Vec<CheckedCondition> {
        let Some(node) = node else { return Vec::new() };
        conditions(node, what, self.parser, self.findings)
            .into_iter()
            .map(|(ast, text)| {
                let expr = Typer::new(scope, self.findings).condition(&ast);
                written(expr, Written::When(Arc::from(text)))
            })
            .collect()
    }

    /// Conditions of which none may hold.
    fn none(&mut self, node: Option<&Node>, scope: &WithRecord<'_>) -> Vec<CheckedCondition> {
        let Some(node) = node else { return Vec::new() };
        conditions(node, "`unless`", self.parser, self.findings)
            .into_iter()
            .map(|(ast, text)| {
                let expr = Typer::new(scope, self.findings).condition(&ast);
                let span = expr.span;
                written(Expr::boolean(ExprKind::Not(Box::new(expr)), span), Written::Unless(Arc::from(text)))
            })
            .collect()
    }

    /// Conditions of which any one is enough.
    fn any(&mut self, node: &Node, key: &str, scope: &WithRecord<'_>) -> Option<CheckedCondition> {
        let mut exprs = Vec::new();
        let mut texts = Vec::new();
        for (ast, text) in conditions(node, &format!("`{key}`"), self.parser, self.findings) {
            exprs.push(Typer::new(scope, self.findings).condition(&ast));
            texts.push(text);
        }
        let span = exprs.first()?.span;
        let expr = if exprs.len() == 1 { exprs.pop()? } else { Expr::boolean(ExprKind::Or(exprs), span) };
        Some(written(expr, Written::When(Arc::from(texts.join(" or ")))))
    }
}

/// The forms of a contact rule.
const FORMS: [&str; 6] = ["hours", "limit", "wait", "blocked_until", "deny_when", "review_when"];

/// The least part of a time of day.
const NANO: chrono::TimeDelta = chrono::TimeDelta::nanoseconds(1);

fn written(expr: Expr, written: Written) -> CheckedCondition {
    CheckedCondition { expr, written, cell: None }
}

fn slot(index: usize) -> SlotId {
    SlotId(crate::source::clamp(index))
}
