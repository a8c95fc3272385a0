//! What a test expects, out of its document: every name of a result, row or rule is one of the pack's.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::{Expectation, ExpectationKind, Expected, ExpectedContact, ExpectedStage, TestReader, VERDICTS};
use crate::check::arms::plain;
use crate::check::literals;
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::{Name, Scope};
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Entry, Node, NodeKind};
use crate::value::{ErrorCode, Type, Value, show};

/// What a test can expect of an offer.
const OFFER_ITEMS: [&str; 5] = ["verdict", "approval_by", "counter_amount", "counter_instalments", "valid_until"];

/// What a test can expect of an action.
const ACTION_ITEMS: [&str; 6] = ["status", "channel", "due", "not_before", "template", "language"];

impl TestReader<'_, '_> {
    pub(super) fn expectations(&mut self, expect: &Node) -> Vec<Expectation> {
        let Some(map) = expect.as_map("`expect`", self.findings) else { return Vec::new() };
        if map.entries.is_empty() {
            self.findings.push(
                Finding::error(Code::WrongKind, expect.span, "a test that expects nothing cannot fail")
                    .help("say what the decision must be"),
            );
        }
        let mut expectations = Vec::new();
        for entry in &map.entries {
            self.expectation(entry, &mut expectations);
        }
        expectations
    }

    fn expectation(&mut self, entry: &Entry, expectations: &mut Vec<Expectation>) {
        let key = entry.key.as_str();
        let mut push = |what: String, kind: ExpectationKind| {
            expectations.push(Expectation { what, kind });
        };
        match key {
            "fired" => push(key.to_owned(), ExpectationKind::Fired(self.rule_ids(&entry.value))),
            "not_fired" => push(key.to_owned(), ExpectationKind::NotFired(self.rule_ids(&entry.value))),
            "unknowns" => push(key.to_owned(), ExpectationKind::Unknowns(self.places(&entry.value))),
            "refused" => push(key.to_owned(), ExpectationKind::Refused(self.paths(&entry.value))),
            "errors" => {
                let errors = match &entry.value.kind {
                    NodeKind::Map(map) => map
                        .entries
                        .iter()
                        .filter_map(|error| {
                            self.known_place(&error.key, error.key_span);
                            let slug = error.value.as_text("an error's code", self.findings)?;
                            self.error_code(slug, error.value.span);
                            Some((error.key.clone(), Some(slug.to_owned())))
                        })
                        .collect(),
                    _ => self.places(&entry.value).into_iter().map(|place| (place, None)).collect(),
                };
                push(key.to_owned(), ExpectationKind::Errors(errors));
            }
            "facts" => {
                let Some(map) = entry.value.as_map("`facts`", self.findings) else { return };
                for fact in &map.entries {
                    self.slot(&fact.key, fact, &fact.value, expectations, Code::UnknownName);
                }
            }
            "escalations" => self.escalations(entry, expectations),
            "stage" if self.pack.state.is_some() => {
                if let Some(stage) = self.expected_stage(&entry.value) {
                    push(key.to_owned(), ExpectationKind::Stage(stage));
                }
            }
            "offer" => {
                let items = self.items(&entry.value, "`offer`", &OFFER_ITEMS);
                push(key.to_owned(), ExpectationKind::Offer(items));
            }
            "incentives" => {
                let incentives = self.expected_incentives(&entry.value);
                push(key.to_owned(), ExpectationKind::Incentives(incentives));
            }
            "settlement" => {
                let items = match &entry.value.kind {
                    NodeKind::Map(map) => map
                        .entries
                        .iter()
                        .filter_map(|entry| {
                            let text = entry.value.as_text("an amount", self.findings)?;
                            Some((entry.key.clone(), text.to_owned()))
                        })
                        .collect(),
                    _ => {
                        let text = entry.value.as_text("`settlement`", self.findings);
                        if text != Some("none") {
                            self.findings.push(
                                Finding::error(
                                    Code::InvalidValue,
                                    entry.value.span,
                                    "`settlement` is no amount by itself",
                                )
                                .help("write amounts by number of instalments, such as `{1: 600.00}`, or `none`"),
                            );
                        }
                        Vec::new()
                    }
                };
                push(key.to_owned(), ExpectationKind::Settlement(items));
            }
            "arms" if !self.pack.experiments.is_empty() => {
                let arms = self.arms(&entry.value, &["none"]);
                push(key.to_owned(), ExpectationKind::Arms(arms));
            }
            "actions" => self.expected_actions(&entry.value, expectations),
            "next_review_at" => {
                if let Some(at) = self.instant_or_none(&entry.value, "`next_review_at`") {
                    push(key.to_owned(), ExpectationKind::NextReview(at));
                }
            }
            "contact" => {
                if let Some(contact) = self.contact(&entry.value) {
                    push(key.to_owned(), ExpectationKind::Contact(contact));
                }
            }
            _ => match self.names.name(key) {
                Some(Name::Group(outputs)) => {
                    let Some(map) = entry.value.as_map(&format!("what `{key}` gives"), self.findings) else { return };
                    for output in &map.entries {
                        match outputs.iter().find(|(name, ..)| **name == *output.key) {
                            Some((_, slot, base, _)) => {
                                if let Some(value) = self.value(&output.value, base) {
                                    let kind = ExpectationKind::Slot { slot: slot.0 as usize, value };
                                    expectations.push(Expectation { what: format!("{key}.{}", output.key), kind });
                                }
                            }
                            None => self.findings.push(
                                Finding::error(
                                    Code::UnknownOutput,
                                    output.key_span,
                                    format!("`{key}` has no output `{}`", output.key),
                                )
                                .maybe_help(did_you_mean(&output.key, outputs.iter().map(|(name, ..)| &**name))),
                            ),
                        }
                    }
                }
                _ => self.slot(key, entry, &entry.value, expectations, Code::UnknownKey),
            },
        }
    }

    /// The ids of incentives, or ids with amounts.
    fn expected_incentives(&mut self, node: &Node) -> Vec<(String, Option<String>)> {
        let offers = self.pack.incentives.iter().flat_map(|incentives| &incentives.offers);
        let known: Vec<&str> = offers.map(|offer| plain(offer.id.rsplit('/').next().unwrap_or(""))).collect();
        let mut found = Vec::new();
        let mut add = |id: &str, span: Span, amount: Option<String>, findings: &mut Findings| {
            if !known.contains(&id) {
                findings.push(
                    Finding::error(Code::UnknownRule, span, format!("no incentive is called `{id}`"))
                        .maybe_help(did_you_mean(id, known.iter().copied())),
                );
            }
            found.push((id.to_owned(), amount));
        };
        match &node.kind {
            NodeKind::Map(map) => {
                for entry in &map.entries {
                    let amount = entry.value.as_text("an amount", self.findings).map(str::to_owned);
                    add(&entry.key, entry.key_span, amount, self.findings);
                }
            }
            _ => {
                for item in node.as_list("`incentives`", self.findings).unwrap_or(&[]) {
                    if let Some(id) = item.as_text("the id of an offer", self.findings) {
                        add(id, item.span, None, self.findings);
                    }
                }
            }
        }
        found
    }

    /// Items by name, of those that there are.
    fn items(&mut self, node: &Node, what: &str, known: &[&'static str]) -> Vec<(String, String)> {
        let Some(map) = node.as_map(what, self.findings) else { return Vec::new() };
        let mut items = Vec::new();
        for entry in &map.entries {
            if !known.contains(&entry.key.as_str()) {
                self.findings.push(
                    Finding::error(Code::UnknownKey, entry.key_span, format!("{what} has no `{}`", entry.key))
                        .maybe_help(did_you_mean(&entry.key, known.iter().copied())),
                );
            } else if let Some(text) = entry.value.as_text("an expected value", self.findings) {
                items.push((entry.key.clone(), text.to_owned()));
            }
        }
        items
    }

    fn expected_stage(&mut self, node: &Node) -> Option<ExpectedStage> {
        let mut expected = ExpectedStage::default();
        let mut named = |node: &Node| {
            let name = node.as_text("a stage", self.findings)?;
            let stages = || self.pack.workflows.iter().flat_map(|workflow| &workflow.stages).map(|stage| &*stage.name);
            if name != "none" && !stages().any(|stage| stage == name) {
                self.findings.push(
                    Finding::error(Code::UnknownStage, node.span, format!("no workflow has a stage `{name}`"))
                        .maybe_help(did_you_mean(name, stages())),
                );
            }
            Some(name.to_owned())
        };
        if !matches!(node.kind, NodeKind::Map(_)) {
            expected.to = named(node);
            return expected.to.is_some().then_some(expected);
        }
        let NodeKind::Map(map) = &node.kind else { return None };
        (expected.from, expected.to) = (map.get("from").and_then(&mut named), map.get("to").and_then(&mut named));
        let mut reader = MapReader::new(node, "`stage`", self.findings)?;
        reader.optional("from", self.findings);
        reader.optional("to", self.findings);
        let steps = reader.optional("steps", self.findings);
        expected.overdue = reader.boolean("overdue", self.findings);
        reader.finish(self.findings);
        expected.steps = steps.map(|node| self.rule_ids(node));
        Some(expected)
    }

    /// The steps whose actions are due: a list of all, or some with what their actions say.
    fn expected_actions(&mut self, node: &Node, expectations: &mut Vec<Expectation>) {
        let mut push = |kind| expectations.push(Expectation { what: "actions".to_owned(), kind });
        let NodeKind::Map(map) = &node.kind else {
            let items = node.as_list("`actions`", self.findings).unwrap_or(&[]);
            let steps = items.iter().filter_map(|item| {
                let name = item.as_text("a step", self.findings)?;
                self.step_of_any(name, item.span).then(|| name.to_owned())
            });
            return push(ExpectationKind::Actions(steps.collect()));
        };
        for entry in &map.entries {
            if !self.step_of_any(&entry.key, entry.key_span) {
                continue;
            }
            let what = format!("what the action of `{}` says", entry.key);
            let Some(items) = entry.value.as_map(&what, self.findings) else { continue };
            let mut expected = Vec::new();
            for item in &items.entries {
                if !ACTION_ITEMS.contains(&item.key.as_str()) {
                    self.findings.push(
                        Finding::error(Code::UnknownKey, item.key_span, format!("an action has no `{}`", item.key))
                            .maybe_help(did_you_mean(&item.key, ACTION_ITEMS)),
                    );
                    continue;
                }
                let Some(text) = item.value.as_text("an expected value", self.findings) else { continue };
                let text = match item.key.as_str() {
                    "not_before" if text != "none" => {
                        let Some(at) = self.instant(&item.value, "`not_before`") else { continue };
                        show::instant(at)
                    }
                    _ => text.to_owned(),
                };
                expected.push((item.key.clone(), text));
            }
            push(ExpectationKind::Action { step: entry.key.clone(), items: expected });
        }
    }

    fn step_of_any(&mut self, name: &str, span: Span) -> bool {
        let stages = self.pack.workflows.iter().flat_map(|workflow| &workflow.stages);
        let steps = || stages.clone().flat_map(|stage| &stage.steps).map(|step| &*step.name);
        let is_known = steps().any(|step| step == name);
        if !is_known {
            self.findings.push(
                Finding::error(Code::UnknownStep, span, format!("no stage has a step `{name}`"))
                    .maybe_help(did_you_mean(name, steps())),
            );
        }
        is_known
    }

    fn contact(&mut self, node: &Node) -> Option<ExpectedContact> {
        if let Some(word) = node.text() {
            self.findings.push(
                Finding::error(Code::WrongKind, node.span, "what is expected of the contact stands by name")
                    .help(format!("write `contact: {{verdict: {word}}}`")),
            );
            return None;
        }
        let mut reader = MapReader::new(node, "`contact`", self.findings)?;
        let verdict = reader.optional("verdict", self.findings);
        let rule = reader.optional("rule", self.findings);
        let rules = reader.optional("rules", self.findings);
        let next = reader.optional("next_allowed_at", self.findings);
        reader.finish(self.findings);
        let verdict = verdict.and_then(|node| {
            let word = node.as_text("`verdict`", self.findings)?;
            if !VERDICTS.contains(&word) {
                self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("`{word}` is not a verdict"))
                        .help("one of `allow`, `review`, `deny`"),
                );
            }
            Some(word.to_owned())
        });
        let rule = rule.and_then(|node| {
            let id = node.as_text("`rule`", self.findings)?;
            self.contact_rule(id, node.span)
        });
        let rules = rules.map(|node| {
            let items = node.as_list("`rules`", self.findings).unwrap_or(&[]);
            items
                .iter()
                .filter_map(|item| {
                    let id = item.as_text("a qualified id", self.findings)?;
                    self.contact_rule(id, item.span)
                })
                .collect()
        });
        let next_allowed_at = next.and_then(|node| self.instant_or_none(node, "`next_allowed_at`"));
        if matches!(&node.kind, NodeKind::Map(map) if map.entries.is_empty() && !map.is_damaged) {
            self.findings.push(
                Finding::error(Code::WrongKind, node.span, "a test that expects nothing cannot fail")
                    .help("say the verdict: `contact: {verdict: allow}`"),
            );
        }
        Some(ExpectedContact { verdict, rule, rules, next_allowed_at })
    }

    /// An instant, or `none`.
    fn instant_or_none(&mut self, node: &Node, what: &str) -> Option<Option<DateTime<Utc>>> {
        if node.text() == Some("none") { Some(None) } else { self.instant(node, what).map(Some) }
    }

    /// A contact rule, or a policy whose applicability may be unknown.
    fn contact_rule(&mut self, id: &str, span: Span) -> Option<Arc<str>> {
        let policies = self.pack.contact.iter();
        let policy = policies.map(|policy| &policy.id).find(|known| &***known == id).cloned();
        match policy.or_else(|| self.known.rows.get(id).map(|id| Arc::clone(id))) {
            Some(id) if is_of_contact(&id) => Some(id),
            Some(_) => {
                self.findings.push(
                    Finding::error(Code::UnknownRule, span, format!("`{id}` is no contact rule"))
                        .help("write the qualified id of a contact rule, such as `contact/POLICY/RULE`"),
                );
                None
            }
            None => {
                self.unknown_rule(id, span);
                None
            }
        }
    }

    fn slot(&mut self, name: &str, entry: &Entry, value: &Node, expectations: &mut Vec<Expectation>, code: Code) {
        match self.names.name(name) {
            Some(Name::Value { slot, base, .. }) => {
                if let Some(value) = self.value(value, &base) {
                    let kind = ExpectationKind::Slot { slot: slot.0 as usize, value };
                    expectations.push(Expectation { what: name.to_owned(), kind });
                }
            }
            _ => {
                let keys: &[&str] = match code {
                    Code::UnknownKey => {
                        &["fired", "not_fired", "unknowns", "errors", "facts", "escalations", "refused", "contact"]
                    }
                    _ => &[],
                };
                let near = self.names.nearest(name, keys);
                self.findings.push(
                    Finding::error(code, entry.key_span, format!("a decision has no `{name}`"))
                        .maybe_help(near.map(|near| format!("did you mean `{near}`?"))),
                );
            }
        }
    }

    fn escalations(&mut self, entry: &Entry, expectations: &mut Vec<Expectation>) {
        let rows = &self.known.rows;
        let known = |id: &str| {
            let id = format!("escalations/{id}");
            // One that stands in an arm only is called without the arm.
            rows.contains_key(id.as_str()) || rows.keys().any(|row| plain(row) == id)
        };
        match &entry.value.kind {
            NodeKind::List(items) => {
                let mut ids = Vec::new();
                for item in items {
                    let Some(id) = item.as_text("the id of an escalation", self.findings) else { continue };
                    if !known(id) {
                        self.unknown_rule(&format!("escalations/{id}"), item.span);
                    }
                    ids.push(id.to_owned());
                }
                expectations
                    .push(Expectation { what: "escalations".to_owned(), kind: ExpectationKind::Escalations(ids) });
            }
            NodeKind::Map(map) => {
                for escalation in &map.entries {
                    if !known(&escalation.key) {
                        self.unknown_rule(&format!("escalations/{}", escalation.key), escalation.key_span);
                        continue;
                    }
                    let Some(gives) = escalation.value.as_map("what an escalation gives", self.findings) else {
                        continue;
                    };
                    for output in &gives.entries {
                        let base = match output.key.as_str() {
                            "level" => Type::Integer,
                            "assign_to" => Type::Text,
                            "due_in" => Type::Duration(crate::value::DurationUnit::Days),
                            "due_on" => Type::Date,
                            other => {
                                self.findings.push(
                                    Finding::error(
                                        Code::UnknownOutput,
                                        output.key_span,
                                        format!("an escalation gives no `{other}`"),
                                    )
                                    .maybe_help(did_you_mean(other, ["level", "assign_to", "due_in", "due_on"])),
                                );
                                continue;
                            }
                        };
                        if let Some(value) = self.value(&output.value, &base) {
                            let kind = ExpectationKind::Escalation {
                                id: escalation.key.clone(),
                                output: output.key.clone(),
                                value,
                            };
                            expectations.push(Expectation { what: format!("escalations/{}", escalation.key), kind });
                        }
                    }
                }
            }
            _ => {
                entry.value.as_list("`escalations`", self.findings);
            }
        }
    }

    /// A value of a type; `none`, `unknown` and `{error: code}` stand for themselves.
    pub(super) fn value(&mut self, node: &Node, base: &Type) -> Option<Expected> {
        match (&node.kind, base) {
            (NodeKind::Null, _) => Some(Expected::Value(Value::None)),
            (NodeKind::Map(map), _) if map.get("error").is_some() && map.entries.len() == 1 => {
                let code = map.get("error")?;
                let slug = code.as_text("an error's code", self.findings)?;
                self.error_code(slug, code.span);
                Some(Expected::Error(slug.to_owned()))
            }
            (NodeKind::List(items), Type::List(item)) => {
                items.iter().map(|node| self.value(node, &item.base)).collect::<Option<Vec<_>>>().map(Expected::List)
            }
            _ => {
                let scalar = node.as_scalar("an expected value", self.findings)?;
                if scalar.snippet.text == "unknown" {
                    return Some(Expected::Unknown);
                }
                literals::value(&scalar.snippet, base, None, true, self.findings).map(Expected::Value)
            }
        }
    }

    fn error_code(&mut self, slug: &str, span: Span) {
        if !ErrorCode::ALL.iter().any(|code| code.slug() == slug) {
            self.findings.push(
                Finding::error(Code::InvalidValue, span, format!("there is no error `{slug}`"))
                    .maybe_help(did_you_mean(slug, ErrorCode::ALL.iter().map(|code| code.slug()))),
            );
        }
    }

    fn rule_ids(&mut self, node: &Node) -> Vec<Arc<str>> {
        let mut ids = Vec::new();
        for item in node.as_list("a list of qualified ids", self.findings).unwrap_or(&[]) {
            let Some(id) = item.as_text("a qualified id", self.findings) else { continue };
            match self.known.rows.get(id) {
                Some(row) if self.has_no_part(row) => self.contact_rule_elsewhere(id, item.span),
                Some(row) => ids.push(Arc::clone(row)),
                None => self.unknown_rule(id, item.span),
            }
        }
        ids
    }

    /// The paths of the problems for which a record is refused.
    pub(super) fn paths(&mut self, node: &Node) -> Vec<String> {
        let items = node.as_list("`refused`", self.findings).unwrap_or(&[]);
        items.iter().filter_map(|item| item.as_text("a path", self.findings)).map(str::to_owned).collect()
    }

    fn places(&mut self, node: &Node) -> Vec<String> {
        let mut places = Vec::new();
        for item in node.as_list("a list of qualified ids", self.findings).unwrap_or(&[]) {
            let Some(id) = item.as_text("a qualified id", self.findings) else { continue };
            self.known_place(id, item.span);
            places.push(id.to_owned());
        }
        places
    }

    /// A row, a table, or a fact.
    fn known_place(&mut self, id: &str, span: Span) {
        if self.has_no_part(id) && self.known.rows.contains_key(id) {
            self.contact_rule_elsewhere(id, span);
        } else if !self.known.rows.contains_key(id) && !self.known.steps.contains(id) {
            self.unknown_rule(id, span);
        }
    }

    /// Whether this is a contact rule of a pack whose decisions judge no contact: without workflows there are no actions.
    fn has_no_part(&self, id: &str) -> bool {
        is_of_contact(id) && self.pack.workflows.is_empty()
    }

    /// Reports a contact rule where rules of decisions are named.
    fn contact_rule_elsewhere(&mut self, id: &str, span: Span) {
        self.findings.push(
            Finding::error(Code::UnknownRule, span, "a contact rule judges an attempt, and has no part in a decision")
                .help(format!("make an `attempt`, and expect `contact: {{rule: {id}}}`")),
        );
    }

    pub(super) fn unknown_rule(&mut self, id: &str, span: Span) {
        let suggestions = self.known.suggestions();
        let help = match suggestions.by_last_part.get(id) {
            Some(qualified) => Some(format!("write its qualified id: `{qualified}`")),
            None => suggestions.ids.nearest(id, []).map(|near| format!("did you mean `{near}`?")),
        };
        self.findings.push(
            Finding::error(Code::UnknownRule, span, format!("the pack has no row or rule `{id}`")).maybe_help(help),
        );
    }
}

fn is_of_contact(id: &str) -> bool {
    id.starts_with("contact/")
}
