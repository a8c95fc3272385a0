//! What a workflow says of a case, told a second time out of the generated words: where the case goes, which steps are
//! due, and what its next state is.

use std::collections::BTreeSet;

use chrono::{Datelike, NaiveDate, TimeDelta};

use super::packs::{CaseText, From, Guard, Known, Step, Way, WorkflowText};
use super::{Day, Reached};
use crate::decision::Decision;
use crate::state::State;

/// A case on its way through a workflow.
struct Model<'a> {
    day: &'a Day<'a>,
    case: &'a CaseText,
    workflow: &'a WorkflowText,
    state: State,
    /// Qualified ids that are not known, or fail.
    doubts: BTreeSet<String>,
    /// Repeated steps of which it is not known whether they are wanted: only where one is due that is named.
    may_doubt: BTreeSet<String>,
    /// Steps that are not repeated and due, by stage and name, each with its entry.
    due: BTreeSet<(String, String, u32)>,
    reached: &'a mut Reached,
}

/// Compares a decision with what the words say.
pub(super) fn check(day: &Day<'_>, case: &CaseText, given: Option<&State>, decision: &Decision, reached: &mut Reached) {
    let at = || format!("{}\n{}\n{:?}", day.at(case), decision.to_json(), given.map(State::to_json));
    let mut counts = |what: &'static str| *reached.entry(what).or_default() += 1;
    let workflows = &day.pack.workflows;
    let known = |name: Option<&str>| workflows.iter().find(|workflow| Some(workflow.name) == name);
    let is_new = given.is_none_or(|given| given.workflow().is_none());
    let (workflow, mut state) = match given {
        Some(given) if !is_new => {
            let workflow = known(given.workflow()).expect("no pack loses a workflow");
            let mut state = given.clone();
            state.rename_stages(&[("was_first", workflow.stages[0].name)].into());
            if state.stage() == Some("gone") {
                counts("stage of another pack");
                assert!(decision.stage().is_some_and(|stage| stage.needs_migration), "{}", at());
                let is_said = |error: &crate::FailedResult| error.code == crate::ErrorCode::NeedsMigration;
                assert!(decision.errors().iter().any(is_said), "{}", at());
                assert_eq!((decision.state(), decision.actions().len()), (Some(given), 0), "{}", at());
                return;
            }
            if state != *given {
                counts("renamed");
            }
            (workflow, state)
        }
        _ => match begins(workflows, case) {
            Ok(Some(workflow)) => {
                let initial = workflow.stages[workflow.initial].name;
                let state = given.cloned().map(|mut given| {
                    counts("begins with a state");
                    given.begin(workflow.name, initial, day.today);
                    given
                });
                let pack = day.engine.pack().clone();
                let first = || State::start(&case.key, workflow.name, initial, day.today, pack).expect("it starts");
                counts("begins");
                (workflow, state.unwrap_or_else(first))
            }
            Ok(None) => {
                counts("stays in no workflow");
                assert_eq!((decision.stage(), decision.state()), (None, given), "{}", at());
                return;
            }
            Err(id) => {
                counts("not known which workflow");
                assert!(decision.unknowns().iter().any(|unknown| *unknown.at == *id), "{}", at());
                assert_eq!((decision.stage(), decision.state()), (None, given), "{}", at());
                return;
            }
        },
    };
    let first = if is_new && given.is_none() { state.clone() } else { given.cloned().unwrap_or_else(|| state.clone()) };
    let stage = decision.stage().unwrap_or_else(|| panic!("the case is in a stage: {}", at()));
    let from = if is_new { None } else { state.stage().map(str::to_owned) };
    assert_eq!(stage.from, from, "{}", at());

    let (doubts, may_doubt, due) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let mut model = Model { day, case, workflow, state, doubts, may_doubt, due, reached };
    let moves = model.walk(is_new);
    let found: Vec<(String, String)> =
        stage.steps.iter().map(|step| (step.rule.to_string(), step.to.to_string())).collect();
    assert_eq!(found, moves, "the walk: {}", at());
    let Model { state: end, doubts, may_doubt, due, reached, .. } = model;
    state = end;
    let mut seen = BTreeSet::from([from.unwrap_or_else(|| workflow.stages[workflow.initial].name.to_owned())]);
    assert!(found.iter().all(|(_, to)| seen.insert(to.clone())), "no stage twice: {}", at());
    assert_eq!(Some(stage.to.as_str()), state.stage(), "{}", at());

    let unknowns = decision.unknowns().iter().map(|unknown| unknown.at.to_string());
    let failed: Vec<String> = unknowns.chain(decision.errors().iter().map(|failed| failed.at.to_string())).collect();
    let failed_set: BTreeSet<String> = failed.iter().cloned().collect();
    assert_eq!(failed_set.len(), failed.len(), "each is named once: {}", at());
    let is_sure = |id: &String| id.starts_with("workflows/") && !may_doubt.contains(id);
    let of_workflows: BTreeSet<String> = failed_set.into_iter().filter(is_sure).collect();
    assert_eq!(of_workflows, doubts, "what is not known: {}", at());

    let once = decision.actions().iter().filter(|action| !repeats(workflow, &action.step));
    let once: BTreeSet<(String, String, u32)> =
        once.map(|action| (stage_of(&action.step).to_owned(), action.done().step, action.entry)).collect();
    assert_eq!(once, due, "what is due: {}", at());
    let mut count = |what, times| *reached.entry(what).or_default() += times;
    count("repeated", decision.actions().len() - once.len());
    let mut steps = BTreeSet::new();
    count("two of one step", decision.actions().iter().filter(|action| !steps.insert(action.step.clone())).count());

    let next = decision.state().unwrap_or_else(|| panic!("there is a state: {}", at()));
    if state == first {
        assert_eq!(*next, first, "nothing changed: {}", at());
        count("nothing changed", 1);
    } else {
        state.set_pack(day.engine.pack().clone());
        assert_eq!(*next, state.with_revision_after(&first).expect("it is a state"), "the next state: {}", at());
    }
}

/// The workflow that takes a case, or the one of which that is not known.
fn begins<'a>(workflows: &'a [WorkflowText], case: &CaseText) -> Result<Option<&'a WorkflowText>, String> {
    let known = Known { fields: case.fields, days: 0, is_done: &|_| false, stage: "", has_previous: false };
    for workflow in workflows {
        match workflow.applies.as_ref().map_or(Some(true), |guard| guard.holds(&known)) {
            Some(true) => return Ok(Some(workflow)),
            Some(false) => {}
            None => return Err(format!("workflows/{}", workflow.name)),
        }
    }
    Ok(None)
}

fn stage_of(step: &str) -> &str {
    step.split('/').nth(3).unwrap_or_default()
}

fn repeats(workflow: &WorkflowText, id: &str) -> bool {
    let stage = workflow.stages.iter().find(|stage| stage.name == stage_of(id));
    stage.is_some_and(|stage| stage.steps.iter().any(|step| step.repeats && id.ends_with(&format!("/{}", step.name))))
}

impl Model<'_> {
    fn count(&mut self, what: &'static str) {
        *self.reached.entry(what).or_default() += 1;
    }

    fn stage(&self) -> usize {
        let at = self.workflow.stages.iter().position(|stage| Some(stage.name) == self.state.stage());
        at.expect("the case is in a stage of the workflow")
    }

    fn holds(&self, guard: &Guard) -> Option<bool> {
        guard.holds(&Known {
            fields: self.case.fields,
            days: self.state.days_in_stage(self.day.today).expect("it is in a stage"),
            is_done: &|step| self.state.is_done(step),
            stage: self.state.stage().expect("it is in a stage"),
            has_previous: self.state.previous_stage().is_some(),
        })
    }

    /// The moves: the id of the transition, and the stage that it leads to.
    fn walk(&mut self, is_new: bool) -> Vec<(String, String)> {
        let workflow = self.workflow;
        let mut moves = Vec::new();
        let mut is_entered = is_new;
        let mut seen = vec![self.stage()];
        loop {
            let stage = self.stage();
            let from_any = format!("workflows/{}/from_any", workflow.name);
            let next = format!("workflows/{}/stages/{}/next", workflow.name, workflow.stages[stage].name);
            let any = workflow
                .from_any
                .iter()
                .filter(|way| !way.except.contains(&stage) && way.to != Some(stage))
                .map(|way| (&from_any, way));
            let ways: Vec<(String, &Way)> = any
                .chain(workflow.stages[stage].next.iter().map(|way| (&next, way)))
                .map(|(path, way)| (format!("{path}/{}", way.id), way))
                .collect();
            let Some((id, way)) = self.choose(&ways) else { break };
            let to = match way.to {
                Some(to) => to,
                None => {
                    let before = self.state.previous_stage();
                    let Some(to) = workflow.stages.iter().position(|stage| Some(stage.name) == before) else {
                        self.count("nothing to resume");
                        self.doubts.insert(id);
                        break;
                    };
                    to
                }
            };
            if seen.contains(&to) {
                self.count("stops at a stage that was entered");
                break;
            }
            if is_entered {
                self.steps(true);
            }
            match way.to {
                Some(_) => self.state.enter(workflow.stages[to].name, self.day.today),
                None => {
                    assert!(self.state.resume_previous(self.day.today));
                    self.count("resumes");
                    if workflow.stages[to].steps.iter().any(|step| self.state.is_done(step.name)) {
                        self.count("resumes with steps done");
                    }
                }
            }
            is_entered = way.to.is_some();
            moves.push((id, workflow.stages[to].name.to_owned()));
            self.count(if moves.len() == 1 { "moves" } else { "moves twice" });
            seen.push(to);
        }
        self.steps(false);
        moves
    }

    fn choose<'w>(&mut self, ways: &[(String, &'w Way)]) -> Option<(String, &'w Way)> {
        let mut doubtful: Vec<&(String, &Way)> = Vec::new();
        for known in ways {
            match self.holds(&known.1.guard) {
                Some(false) => {}
                None if known.1.skips_unknown => {}
                None => doubtful.push(known),
                Some(true) => {
                    doubtful.retain(|(_, doubt)| doubt.to != known.1.to);
                    if doubtful.is_empty() {
                        return Some((known.0.clone(), known.1));
                    }
                    self.count("stopped by an unknown before a match");
                    break;
                }
            }
        }
        if !doubtful.is_empty() {
            self.count("stopped by an unknown");
        }
        self.doubts.extend(doubtful.into_iter().map(|(id, _)| id.clone()));
        None
    }

    fn steps(&mut self, is_passing: bool) {
        let stage = &self.workflow.stages[self.stage()];
        for step in &stage.steps {
            if is_passing && (!step.is_entry || step.contacts) {
                continue;
            }
            let list = if step.is_entry { "enter" } else { "cadence" };
            let id = format!("workflows/{}/stages/{}/{list}/{}", self.workflow.name, stage.name, step.name);
            let holds = step.guard.as_ref().map_or(Some(true), |guard| self.holds(guard));
            if holds == Some(false) || holds.is_none() && step.skips_unknown {
                continue;
            }
            let Some(is_due) = self.is_due(step) else {
                self.count("unknown date");
                self.doubts.insert(id);
                continue;
            };
            if step.repeats {
                if holds.is_none() || step.needs_level && self.case.level.is_none() {
                    self.may_doubt.insert(id);
                }
                continue;
            }
            match (is_due, holds) {
                (false, _) => {}
                (true, None) => {
                    self.count("unknown step");
                    self.doubts.insert(id);
                }
                (true, _) if step.needs_level && self.case.level.is_none() => {
                    self.count("unknown parameter");
                    self.doubts.insert(id);
                }
                (true, _) => {
                    if is_passing {
                        self.count("passed through with an action");
                    }
                    self.due.insert((stage.name.to_owned(), step.name.to_owned(), self.state.entry()));
                }
            }
        }
    }

    /// Whether a step that is not repeated is to be done; nothing where its date is not known. Of a repeated step only
    /// the latter is right.
    fn is_due(&self, step: &Step) -> Option<bool> {
        let today = self.day.today;
        let is_done = |number| self.state.occurrences(step.name).any(|recorded| recorded.occurrence == number);
        let around = |date: NaiveDate, days: i64| {
            let due = date + TimeDelta::days(days);
            let number = u32::try_from(due.num_days_from_ce()).expect("a day of our years");
            due <= today && (days >= 0 || today <= date) && !is_done(number)
        };
        match step.from {
            From::Day(days) => {
                let since = self.state.since().expect("it is in a stage");
                Some(since + TimeDelta::days(days.into()) <= today && !is_done(1))
            }
            From::Promise(days) => Some(self.case.promised.is_some_and(|date| around(date, days))),
            From::Hearing(days) => self.case.hearing.map(|date| around(date, days)),
        }
    }
}
