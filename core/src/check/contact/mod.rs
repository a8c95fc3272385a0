//! Contact policies: when a contact may be made, and when nobody may.
//!
//! Takes `contact`; gives policies whose rules are conditions over the case and an `attempt`, and a form: a refusal, a
//! review, or one of the forms of time (`hours`, `limit`, `wait`, `blocked_until`), for which the next allowed minute
//! can be told.

mod forms;

use std::sync::Arc;

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

use super::expressions::conditions;
use super::header::Header;
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
use crate::value::{Absence, Duration, Field, RecordType, Type, Value};

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
        for (key, form) in
            [("where", "`limit` or `wait`"), ("at_most", "`limit`"), ("in", "`limit`"), ("for", "`wait`")]
        {
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

fn written(expr: Expr, written: Written) -> CheckedCondition {
    CheckedCondition { expr, written, cell: None }
}

fn slot(index: usize) -> SlotId {
    SlotId(crate::source::clamp(index))
}
