//! Steps of a stage: when they are due, and the action that each asks for.

use std::sync::Arc;

use super::WorkflowReader;
use crate::check::actions::{CheckedAction, Param, ParamKind};
use crate::check::arms;
use crate::check::expressions::{RawValue, expression, raw_value};
use crate::check::literals;
use crate::check::rule_head::RuleHead;
use crate::check::tables::{Annotations, CheckedCondition};
use crate::diagnostic::{Code, Finding, Findings, did_you_mean};
use crate::language::{Ast, Expr, Scope, Typer};
use crate::source::Span;
use crate::syntax::Node;
use crate::syntax::node::MapReader;
use crate::value::{Duration, DurationUnit, Field, Type, text};

/// A step of a stage.
#[derive(Clone, Debug)]
pub(crate) struct CheckedStep {
    /// The qualified id, such as `workflows/consumer/stages/initial_contact/cadence/reminder`.
    pub(crate) id: Arc<str>,
    /// As the state records it, within its stage.
    pub(crate) name: Arc<str>,
    /// Whether it stands under `enter`.
    pub(crate) is_entry: bool,
    pub(crate) action: usize,
    pub(crate) conditions: Vec<CheckedCondition>,
    pub(crate) anchor: Anchor,
    pub(crate) every: Option<Duration>,
    pub(crate) at_most: Option<u32>,
    pub(crate) missed: Missed,
    pub(crate) params: Vec<StepParam>,
    pub(crate) annotations: Annotations,
    pub(crate) skips_unknown: bool,
    pub(crate) span: Span,
}

/// From what the day is counted on which a step is due.
#[derive(Clone, Debug)]
pub(crate) enum Anchor {
    /// So many days after the stage was entered.
    Day(u32),
    /// So long before a date; the step is due from then on, up to that date.
    Before(Duration, Expr),
    /// So long after a date.
    After(Duration, Expr),
}

/// Which occurrences of a repeated step are made up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missed {
    /// The latest one.
    Latest,
    All,
    /// None: one that was not done on its day is passed over.
    Skip,
}

/// A parameter that a step gives its action.
#[derive(Clone, Debug)]
pub(crate) struct StepParam {
    /// Its position among the parameters of the action.
    pub(crate) param: usize,
    pub(crate) value: StepValue,
}

/// What a step gives.
#[derive(Clone, Debug)]
pub(crate) enum StepValue {
    /// A value, and the field that it must fit.
    Value(Expr, Box<Field>),
    Template(usize),
    /// The first of these that is allowed.
    Channels(Vec<ChannelChoice>),
}

/// A channel that a step may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChannelChoice {
    /// The one that the debtor prefers.
    Preferred,
    Named(Arc<str>),
}

impl WorkflowReader<'_> {
    /// A step of the stage with this id; `list` is `enter` or `cadence`.
    pub(super) fn step(&mut self, item: &Node, stage: &str, list: &str) -> Option<CheckedStep> {
        let mut reader = MapReader::new(item, "a step", self.findings)?;
        let head = RuleHead::read(item, &mut reader, self.findings);
        let is_entry = list == "enter";
        let action_node = reader.required("do", self.findings);
        let action = action_node.and_then(|node| self.action_named(node));
        let mut timing = Timing::default();
        if is_entry {
            self.no_timing(&mut reader);
        } else {
            timing = self.timing(&mut reader, head.span);
        }
        let params = action.map_or_else(Vec::new, |index| self.params(index, &mut reader, head.span));
        // Which keys a step may have follows from its action.
        let is_known = action.and_then(|index| self.actions.get(index)).is_some_and(|action| action.is_sound);
        if is_known {
            reader.finish(self.findings);
        }
        let annotations = head.annotations(self.findings);
        let conditions = head.conditions(self.names, self.parser, self.findings);
        let id = head.id?;
        Some(CheckedStep {
            id: Arc::from(format!("{stage}/{list}/{}", arms::called(id, item))),
            name: Arc::from(id),
            is_entry,
            action: action?,
            conditions,
            anchor: timing.anchor,
            every: timing.every,
            at_most: timing.at_most,
            missed: timing.missed,
            params,
            annotations,
            skips_unknown: head.skips_unknown,
            span: head.span,
        })
    }

    fn action_named(&mut self, node: &Node) -> Option<usize> {
        let name = node.as_text("`do`", self.findings)?;
        let found = self.actions.iter().position(|action| *action.name == *name);
        if found.is_none() {
            let help = did_you_mean(name, self.actions.iter().map(|action| &*action.name))
                .unwrap_or_else(|| format!("declare it: `actions: {{{name}: {{params: {{..}}}}}}`"));
            self.findings.push(
                Finding::error(Code::UnknownAction, node.span, format!("the pack has no action `{name}`")).help(help),
            );
        }
        found
    }

    /// Reports that a step on entering says when it is due.
    fn no_timing(&mut self, reader: &mut MapReader<'_>) {
        for key in ["day", "before", "after", "of", "every", "at_most", "missed"] {
            if reader.optional_or_null(key).is_some() {
                let message = "a step under `enter` is due on the day on which the stage is entered";
                self.findings.push(
                    Finding::error(Code::UnknownKey, reader.key_span(key), message)
                        .help(format!("remove `{key}`, or move the step to `cadence:`")),
                );
            }
        }
    }

    fn timing(&mut self, reader: &mut MapReader<'_>, span: Span) -> Timing {
        let mut timing = Timing::default();
        let day = reader.optional("day", self.findings);
        let before = reader.optional("before", self.findings);
        let after = reader.optional("after", self.findings);
        let of = reader.optional("of", self.findings);
        let every = reader.optional("every", self.findings);
        let at_most = reader.optional("at_most", self.findings);
        let missed = reader.optional("missed", self.findings);
        let anchors = [day, before, after].into_iter().flatten().count();
        if anchors != 1 {
            let finding = if anchors == 0 {
                Finding::error(Code::MissingKey, span, "this step does not say when it is due")
                    .help("write one of `day: 3`, `before: 2 days` with `of: DATE`, `after: 2 days` with `of: DATE`")
            } else {
                Finding::error(Code::InvalidValue, span, "this step says more than once when it is due")
                    .help("keep one of `day`, `before` and `after`, or make two steps of it")
            };
            self.findings.push(finding);
        }
        if let Some(node) = day {
            match node.as_text("`day`", self.findings).map(str::parse::<u32>) {
                Some(Ok(day)) if day <= 36_600 => timing.anchor = Anchor::Day(day),
                Some(_) => self.findings.push(
                    Finding::error(Code::InvalidNumber, node.span, "`day` is not a number of days")
                        .help("day 0 is the day on which the stage is entered; write `day: 3`"),
                ),
                None => {}
            }
        }
        if let Some(node) = before.or(after) {
            let length = literals::duration(node, "the distance", self.findings);
            if length.is_some_and(|length| length.count() < 0) {
                let (key, other) = if before.is_some() { ("before", "after") } else { ("after", "before") };
                self.findings.push(
                    Finding::error(Code::OutsideDomain, node.span, format!("`{key}` counts no less than 0"))
                        .help(format!("write `{other}:` and the length without `-`")),
                );
            }
            let date = match of {
                Some(of) => expression(of, "`of`", self.parser, self.findings).map(|ast| {
                    let expr = Typer::new(self.names, self.findings).expr(&ast);
                    if !matches!(expr.base, Type::Date | Type::Any) {
                        let message = format!("`of` is a date, but this is {}", expr.base);
                        let help = match expr.base {
                            Type::Timestamp => "take its date: `date_of(..)`",
                            _ => "name a field or a fact that is a date",
                        };
                        self.findings.push(Finding::error(Code::TypeMismatch, expr.span, message).help(help));
                    }
                    expr
                }),
                None => {
                    self.findings.push(
                        Finding::error(Code::MissingKey, node.span, "this step does not say from which date to count")
                            .help("add `of:` with a date of the case, such as `of: promise_due`"),
                    );
                    None
                }
            };
            if let (Some(length), Some(date)) = (length, date) {
                self.calendar_days(length, node.span);
                timing.anchor =
                    if before.is_some() { Anchor::Before(length, date) } else { Anchor::After(length, date) };
            }
        } else if let Some(of) = of {
            self.findings.push(
                Finding::error(Code::UnknownKey, of.span, "`of` belongs to `before` or `after`")
                    .help("days of `day:` are counted from the day on which the stage is entered"),
            );
        }
        timing.every = every.and_then(|node| {
            let every = literals::duration(node, "`every`", self.findings)?;
            self.calendar_days(every, node.span);
            if every.count() < 1 {
                self.findings.push(
                    Finding::error(Code::OutsideDomain, node.span, format!("`every: {every}` stays on one day"))
                        .help("write a length of at least one, such as `7 days`"),
                );
            }
            Some(every)
        });
        timing.at_most = at_most.and_then(|node| match node.as_text("`at_most`", self.findings)?.parse::<u32>() {
            Ok(count) if count > 0 => Some(count),
            _ => {
                self.findings.push(
                    Finding::error(Code::InvalidNumber, node.span, "`at_most` is not a number of times")
                        .help("write how often the step is due, such as `3`"),
                );
                None
            }
        });
        if let Some(node) = missed {
            match node.as_text("`missed`", self.findings) {
                Some("latest") => timing.missed = Missed::Latest,
                Some("all") => timing.missed = Missed::All,
                Some("skip") => timing.missed = Missed::Skip,
                Some(other) => self.findings.push(
                    Finding::error(Code::InvalidValue, node.span, format!("`missed` cannot be `{other}`"))
                        .maybe_help(did_you_mean(other, ["latest", "all", "skip"])),
                ),
                None => {}
            }
        }
        if every.is_none() {
            for (key, node) in [("at_most", at_most), ("missed", missed)] {
                if let Some(node) = node {
                    self.findings.push(
                        Finding::error(Code::UnknownKey, node.span, format!("`{key}` belongs to a step that repeats"))
                            .help("say `every: 7 days`, or remove it: a step that was missed stays due"),
                    );
                }
            }
        }
        timing
    }

    /// Steps are due on days.
    fn calendar_days(&mut self, duration: Duration, span: Span) {
        self.needs_calendar(duration, span);
        if duration.unit() == DurationUnit::Exact {
            self.findings.push(
                Finding::error(Code::TypeMismatch, span, "a step is due on a day, not at an hour")
                    .help("write days, months or business days"),
            );
        }
    }

    fn params(&mut self, action: usize, reader: &mut MapReader<'_>, span: Span) -> Vec<StepParam> {
        let actions = self.actions;
        let Some(action) = actions.get(action) else { return Vec::new() };
        let mut params = Vec::new();
        let mut channels_span = span;
        for (index, param) in action.params.iter().enumerate() {
            let node = reader.declared(&param.name, self.findings);
            match node {
                Some(node) => {
                    if matches!(param.kind, ParamKind::Channel) {
                        channels_span = node.span;
                    }
                    if let Some(value) = self.param(param, node) {
                        params.push(StepParam { param: index, value });
                    }
                }
                None if is_required(param) => self.findings.push(
                    Finding::error(
                        Code::MissingKey,
                        span,
                        format!("this step gives the action `{}` no `{}`", action.name, param.name),
                    )
                    .help(format!("add `{}:`", param.name)),
                ),
                None => {}
            }
        }
        self.template_fits(action, &params, channels_span);
        params
    }

    fn param(&mut self, param: &Param, node: &Node) -> Option<StepValue> {
        match &param.kind {
            ParamKind::Template => {
                let name = node.as_text("a template", self.findings)?;
                let found = self.templates.iter().position(|template| *template.name == *name);
                if found.is_none() {
                    let help = did_you_mean(name, self.templates.iter().map(|template| &*template.name))
                        .unwrap_or_else(|| format!("declare it: `templates: {{{name}: {{channels: [..]}}}}`"));
                    self.findings.push(
                        Finding::error(Code::UnknownTemplate, node.span, format!("the pack has no template `{name}`"))
                            .help(help),
                    );
                }
                found.map(StepValue::Template)
            }
            ParamKind::Channel => {
                let items = node.one_or_many();
                if items.is_empty() {
                    self.findings.push(
                        Finding::error(Code::InvalidValue, node.span, "this list names no channel")
                            .help("name at least one; the first that the contact policies allow is taken"),
                    );
                }
                Some(StepValue::Channels(items.iter().filter_map(|item| self.channel_choice(item)).collect()))
            }
            ParamKind::Value(field) => {
                self.value(field, node).map(|expr| StepValue::Value(expr, Box::new(field.clone())))
            }
        }
    }

    fn channel_choice(&mut self, node: &Node) -> Option<ChannelChoice> {
        let word = node.as_text("a channel", self.findings)?;
        if word == "preferred" {
            if !self.record.fields.iter().any(|field| field.preferred_channel) {
                self.findings.push(
                    Finding::error(Code::UnknownField, node.span, "no field of a case holds the preferred channel")
                        .help("mark the field that holds it with `preferred_channel: true`"),
                );
            }
            return Some(ChannelChoice::Preferred);
        }
        let channels = &self.header.channels;
        let found = channels.iter().find(|channel| ***channel == *word).cloned();
        if found.is_none() {
            self.findings.push(
                Finding::error(Code::UnknownChoice, node.span, format!("the pack has no channel `{word}`"))
                    .maybe_help(did_you_mean(word, channels.iter().map(|channel| &**channel).chain(["preferred"]))),
            );
        }
        found.map(ChannelChoice::Named)
    }

    /// A value that is written out, or computed behind `=`.
    fn value(&mut self, field: &Field, node: &Node) -> Option<Expr> {
        let snippet = match raw_value(node, "a value", self.parser, self.findings)? {
            RawValue::Literal(snippet) => snippet,
            RawValue::Computed(ast) => return Some(self.computed(field, &ast)),
        };
        let text = snippet.text.as_str();
        let mut found = Findings::default();
        let value = literals::value(&snippet, &field.base, field.decimals, false, &mut found);
        let reads = |word: &str| !word.is_empty() && self.names.name(word).is_some();
        if value.is_none() && text.split(|c: char| c != '_' && !c.is_alphanumeric()).any(reads) {
            let message = format!("`{text}` is taken as it is written, not calculated");
            self.findings.push(
                Finding::error(Code::InvalidValue, snippet.whole(), message)
                    .help(format!("write `= {text}` to calculate it")),
            );
            return None;
        }
        self.findings.append(found);
        let value = value?;
        if let Err(problem) = text::within(&value, &field.range) {
            self.findings.push(Finding::error(problem.code, snippet.whole(), problem.message).maybe_help(problem.help));
        }
        Some(Expr::literal(value, field.base.clone(), snippet.whole()))
    }

    /// A value that is computed.
    fn computed(&mut self, field: &Field, ast: &Ast) -> Expr {
        let what = format!("`{}`", field.name);
        if matches!(field.base, Type::Duration(_)) {
            let expr = Typer::new(self.names, self.findings).expr(ast);
            if !matches!(expr.base, Type::Duration(_) | Type::Any) {
                let message = format!("{what} is a duration, but this is {}", expr.base);
                self.findings.push(
                    Finding::error(Code::TypeMismatch, expr.span, message).help("say the unit, such as `2.days`"),
                );
            }
            return expr;
        }
        Typer::new(self.names, self.findings).stored(ast, &field.base, true, &what)
    }

    /// Reports a template that cannot be sent by a channel that the step may take.
    fn template_fits(&mut self, action: &CheckedAction, params: &[StepParam], span: Span) {
        let template = params.iter().find_map(|param| match param.value {
            StepValue::Template(index) => self.templates.get(index),
            _ => None,
        });
        let Some(template) = template else { return };
        let named = params.iter().flat_map(|param| match &param.value {
            StepValue::Channels(choices) => choices.as_slice(),
            _ => &[],
        });
        let named = named.filter_map(|choice| match choice {
            ChannelChoice::Named(channel) => Some(channel),
            ChannelChoice::Preferred => None,
        });
        let wrong: Vec<&str> =
            named.chain(&action.channel).filter(|channel| !template.fits(channel)).map(|channel| &**channel).collect();
        if let Some(channel) = wrong.first() {
            let channels: Vec<String> = template.channels.iter().map(|channel| format!("`{channel}`")).collect();
            self.findings.push(
                Finding::error(
                    Code::OutsideDomain,
                    span,
                    format!("the template `{}` cannot be sent by `{channel}`", template.name),
                )
                .help(format!("it is made for {}; leave `{channel}` out here, or add it there", channels.join(", "))),
            );
        }
    }
}

/// When a step is due.
struct Timing {
    anchor: Anchor,
    every: Option<Duration>,
    at_most: Option<u32>,
    missed: Missed,
}

impl Default for Timing {
    /// On the day on which the stage is entered, once.
    fn default() -> Timing {
        Timing { anchor: Anchor::Day(0), every: None, at_most: None, missed: Missed::Latest }
    }
}

/// Whether a step must say a parameter. Other values are left out of an action where a step does not say them.
fn is_required(param: &Param) -> bool {
    matches!(param.kind, ParamKind::Template | ParamKind::Channel)
}
