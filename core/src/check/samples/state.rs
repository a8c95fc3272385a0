//! What a test says beside its record: the case's past in a workflow, and an offer.

use std::sync::Arc;

use chrono::{Datelike, NaiveDate};

use super::TestReader;
use crate::check::literals;
use crate::check::workflows::{CheckedStage, CheckedWorkflow};
use crate::diagnostic::{Code, Finding, did_you_mean};
use crate::record::Offer;
use crate::source::Span;
use crate::syntax::node::MapReader;
use crate::syntax::{Node, NodeKind};

/// The past of a test's case.
#[derive(Clone, Debug, Default)]
pub(crate) struct TestState {
    /// Workflow, stage, and day 0 of it.
    pub(crate) place: Option<(Arc<str>, Arc<str>, NaiveDate)>,
    /// The stage that was left for this one, and how many days the case had been there.
    pub(crate) previous: Option<(Arc<str>, u32)>,
    /// Steps that are done: the name, and which occurrence.
    pub(crate) done: Vec<(String, u32)>,
    /// Steps whose actions are approved.
    pub(crate) approved: Vec<String>,
    /// A hold that is on since day 0: up to this day, or without end.
    pub(crate) hold: Option<Option<NaiveDate>>,
    /// Rules that do not fire again, each up to this day.
    pub(crate) cooldowns: Vec<(Arc<str>, NaiveDate)>,
    /// The arms that the case is in: experiment and arm.
    pub(crate) arms: Vec<(String, String)>,
}

impl<'a> TestReader<'a, '_> {
    /// The offer that a test makes.
    pub(super) fn offer(&mut self, node: &Node) -> Option<Offer> {
        let mut reader = MapReader::new(node, "`offer`", self.findings)?;
        let amount = reader.required("amount", self.findings);
        let instalments = reader.optional("instalments", self.findings);
        let role = reader.optional("role", self.findings);
        reader.finish(self.findings);
        let mut offer = Offer::of(amount?.as_text("`amount`", self.findings)?);
        if let Some(node) = instalments {
            let text = node.as_text("`instalments`", self.findings)?;
            let Ok(count) = text.parse() else {
                self.findings.push(
                    Finding::error(Code::InvalidNumber, node.span, "`instalments` is not a number of instalments")
                        .help("write how many, such as `3`"),
                );
                return None;
            };
            offer = offer.instalments(count);
        }
        if let Some(role) = role {
            offer = offer.role(role.as_text("`role`", self.findings)?);
        }
        let Some(settlement) = &self.pack.settlement else {
            self.findings.push(
                Finding::error(Code::MissingKey, node.span, "the pack has no settlement that could judge an offer")
                    .help("declare `settlement:`, or remove the offer"),
            );
            return None;
        };
        if let Err(problems) = offer.read(&settlement.roles(), self.pack.header.currency_decimals) {
            for problem in problems {
                let span = super::place_of(node, problem.path.trim_start_matches("offer."), false);
                self.findings.push(Finding::error(Code::InvalidRecord, span, problem.message).maybe_help(problem.help));
            }
        }
        Some(offer)
    }

    /// The state that a test begins with.
    pub(super) fn state(&mut self, node: &Node) -> Option<TestState> {
        let mut reader = MapReader::new(node, "`state`", self.findings)?;
        let workflow = reader.optional("workflow", self.findings);
        let stage = reader.optional("stage", self.findings);
        let since = reader.optional("since", self.findings);
        let previous = reader.optional("previous", self.findings);
        let done = reader.optional("done", self.findings);
        let approved = reader.optional("approved", self.findings);
        let hold = reader.optional("hold", self.findings);
        let cooldowns = reader.optional("cooldowns", self.findings);
        let arms = reader.optional("arms", self.findings);
        reader.finish(self.findings);
        let mut state = TestState::default();
        if let Some(stage) = stage {
            let (workflow, stage) = self.place(workflow, stage)?;
            let Some(since) = since else {
                self.findings.push(
                    Finding::error(Code::MissingKey, node.span, "this state does not say since when the case is there")
                        .help("add `since:` with the day on which the stage was entered"),
                );
                return None;
            };
            let since = literals::date(since, "`since`", self.findings)?;
            if let Some(previous) = previous {
                state.previous = self.previous(previous, workflow);
            }
            if let Some(done) = done {
                state.done = self.done(done, stage);
            }
            if let Some(approved) = approved {
                for item in approved.one_or_many() {
                    let Some(name) = item.as_text("a step", self.findings) else { continue };
                    if self.step(name, item.span, stage) {
                        state.approved.push(name.to_owned());
                    }
                }
            }
            state.place = Some((workflow.name.clone(), stage.name.clone(), since));
        } else if let Some(stray) = [workflow, since, previous, done, approved].into_iter().flatten().next() {
            self.findings.push(
                Finding::error(Code::MissingKey, stray.span, "this state does not say in which stage the case is")
                    .help("add `stage:`"),
            );
        }
        if let Some(hold) = hold
            && let Some(mut reader) = MapReader::new(hold, "`hold`", self.findings)
        {
            let until = reader.optional("until", self.findings);
            reader.finish(self.findings);
            state.hold = Some(until.and_then(|node| literals::date(node, "`until`", self.findings)));
        }
        for entry in
            cooldowns.and_then(|node| node.as_map("`cooldowns`", self.findings)).map_or(&[][..], |map| &map.entries)
        {
            let of_rows = self.known.rows.get(entry.key.as_str()).map(|id| Arc::clone(id));
            let resting = || self.pack.cooldowns.iter().find(|cooldown| *cooldown.rule == *entry.key);
            let id = of_rows.or_else(|| resting().map(|cooldown| cooldown.rule.clone()));
            if id.is_none() {
                self.unknown_rule(&entry.key, entry.key_span);
            }
            let until = literals::date(&entry.value, "the last day", self.findings);
            state.cooldowns.extend(id.zip(until));
        }
        state.arms = arms.map_or_else(Vec::new, |node| self.arms(node, &[]));
        Some(state)
    }

    /// Experiments and arms, of those that there are and some words that stand for one.
    pub(super) fn arms(&mut self, node: &Node, also: &[&str]) -> Vec<(String, String)> {
        let experiments = &self.pack.experiments;
        let mut arms = Vec::new();
        for entry in node.as_map("`arms`", self.findings).map_or(&[][..], |map| &map.entries) {
            let Some(experiment) = experiments.iter().find(|known| *known.name == *entry.key) else {
                let help = did_you_mean(&entry.key, experiments.iter().map(|known| &*known.name))
                    .unwrap_or_else(|| "declare it under `experiments:`".to_owned());
                let message = format!("the pack has no experiment `{}`", entry.key);
                self.findings.push(Finding::error(Code::UnknownRule, entry.key_span, message).help(help));
                continue;
            };
            let Some(arm) = entry.value.as_text("an arm", self.findings) else { continue };
            if !experiment.has_arm(arm) && !also.contains(&arm) {
                let message = format!("the experiment `{}` has no arm `{arm}`", entry.key);
                let help = did_you_mean(arm, experiment.arms.iter().map(|(name, _)| &**name));
                self.findings.push(Finding::error(Code::UnknownChoice, entry.value.span, message).maybe_help(help));
                continue;
            }
            arms.push((entry.key.clone(), arm.to_owned()));
        }
        arms
    }

    /// The workflow and stage that a test names.
    fn place(&mut self, workflow: Option<&Node>, stage: &Node) -> Option<(&'a CheckedWorkflow, &'a CheckedStage)> {
        let workflows: &'a [CheckedWorkflow] = &self.pack.workflows;
        let found = match workflow {
            Some(node) => {
                let name = node.as_text("`workflow`", self.findings)?;
                let found = workflows.iter().find(|workflow| *workflow.name == *name);
                if found.is_none() {
                    self.findings.push(
                        Finding::error(Code::UnknownStage, node.span, format!("the pack has no workflow `{name}`"))
                            .maybe_help(did_you_mean(name, workflows.iter().map(|workflow| &*workflow.name))),
                    );
                }
                found?
            }
            None => match workflows {
                [only] => only,
                [] => {
                    self.findings.push(
                        Finding::error(Code::UnknownStage, stage.span, "the pack has no workflow")
                            .help("remove `stage`"),
                    );
                    return None;
                }
                _ => {
                    self.findings.push(
                        Finding::error(Code::MissingKey, stage.span, "the pack has several workflows")
                            .help("say which one: `workflow: NAME`"),
                    );
                    return None;
                }
            },
        };
        let name = stage.as_text("`stage`", self.findings)?;
        let known = found.stages.iter().find(|known| *known.name == *name);
        if known.is_none() {
            self.findings.push(
                Finding::error(Code::UnknownStage, stage.span, format!("the workflow has no stage `{name}`"))
                    .maybe_help(did_you_mean(name, found.stages.iter().map(|stage| &*stage.name))),
            );
        }
        known.map(|known| (found, known))
    }

    /// The stage that was left, and the days that the case had been in it.
    fn previous(&mut self, node: &Node, workflow: &CheckedWorkflow) -> Option<(Arc<str>, u32)> {
        let mut reader = MapReader::new(node, "`previous`", self.findings)?;
        let stage = reader.required("stage", self.findings);
        let days = reader.required("days", self.findings);
        reader.finish(self.findings);
        let node = stage?;
        let name = node.as_text("`stage`", self.findings)?;
        let Some(known) = workflow.stages.iter().find(|known| *known.name == *name) else {
            self.findings.push(
                Finding::error(Code::UnknownStage, node.span, format!("the workflow has no stage `{name}`"))
                    .maybe_help(did_you_mean(name, workflow.stages.iter().map(|stage| &*stage.name))),
            );
            return None;
        };
        let node = days?;
        let Ok(days) = node.as_text("`days`", self.findings)?.parse::<u16>() else {
            self.findings.push(
                Finding::error(Code::InvalidNumber, node.span, "`days` is not a number of days")
                    .help("write how many days the case had been there, such as `5`"),
            );
            return None;
        };
        Some((known.name.clone(), u32::from(days)))
    }

    /// Steps that are done: names, or names with how often, or with the day of what is counted from a date.
    fn done(&mut self, node: &Node, stage: &CheckedStage) -> Vec<(String, u32)> {
        let mut done = Vec::new();
        match &node.kind {
            NodeKind::Map(map) => {
                for entry in &map.entries {
                    if !self.step(&entry.key, entry.key_span, stage) {
                        continue;
                    }
                    let Some(text) = entry.value.as_text("how often", self.findings) else { continue };
                    if let Ok(count) = text.parse::<u16>() {
                        done.extend((1..=u32::from(count)).map(|number| (entry.key.clone(), number)));
                    } else if let Some(day) = literals::date(&entry.value, "a day", self.findings) {
                        done.push((entry.key.clone(), u32::try_from(day.num_days_from_ce()).unwrap_or(1)));
                    }
                }
            }
            _ => {
                for item in node.one_or_many() {
                    let Some(name) = item.as_text("a step", self.findings) else { continue };
                    if self.step(name, item.span, stage) {
                        done.push((name.to_owned(), 1));
                    }
                }
            }
        }
        done
    }

    /// Whether a stage has a step of this name.
    fn step(&mut self, name: &str, span: Span, stage: &CheckedStage) -> bool {
        let is_known = stage.steps.iter().any(|step| *step.name == *name);
        if !is_known {
            self.findings.push(
                Finding::error(Code::UnknownStep, span, format!("the stage `{}` has no step `{name}`", stage.name))
                    .maybe_help(did_you_mean(name, stage.steps.iter().map(|step| &*step.name))),
            );
        }
        is_known
    }
}
