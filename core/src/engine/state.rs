//! States that a host makes by hand: a case taken over from another system, and a move to another stage.

use chrono::{DateTime, NaiveDate, Utc};

use super::Engine;
use crate::calendar::date_at;
use crate::check::workflows::CheckedWorkflow;
use crate::diagnostic::did_you_mean;
use crate::state::{State, StateError, Until};
use crate::value::ops::{self, Arithmetic};
use crate::value::{Duration, Value};

impl Engine {
    /// The state of a case that is taken over from another system, in a stage that it entered on a day. A case that is
    /// new needs no state: [`Engine::evaluate_with_state`] begins it.
    ///
    /// Steps that were done elsewhere are recorded with [`State::record`], or they are due again.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = recoup::Engine::from_sources("small", [("small/pack.yaml", r#"
    /// # pack: small
    /// # version: 1.0.0
    /// # format: 1
    /// # currency: USD
    /// # time_zone: America/New_York
    /// # records:
    /// #   case:
    /// #     fields:
    /// #       case_id: {type: text, key: true}
    /// #       balance: {type: money}
    /// # workflows:
    /// #   consumer:
    /// #     initial: contact
    /// #     stages:
    /// #       contact:
    /// #         next:
    /// #           - {to: closure, when: balance <= 0}
    /// #       closure: {end: true}
    /// # "#)])?;
    /// let state = engine.start("A-1", "consumer", "contact", "2026-08-20".parse()?)?;
    /// let as_of = "2026-09-07T18:00:00-04:00".parse()?;
    /// let decided = engine.evaluate_with_state(r#"{"case_id": "A-1", "balance": 0}"#, Some(&state), as_of)?;
    /// assert_eq!(decided.decision.stage().map(|stage| stage.to.as_str()), Some("closure"));
    ///
    /// let by_hand = engine.move_to(&state, "closure", "maria", "paid in cash", as_of)?;
    /// assert_eq!(by_hand.stage(), Some("closure"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Where the pack has no such workflow or stage, the case is empty, or the day lies outside the years 1 to 9999.
    pub fn start(&self, case: &str, workflow: &str, stage: &str, since: NaiveDate) -> Result<State, StateError> {
        let known = self.workflow(workflow)?;
        has_stage(known, stage)?;
        State::start(case, workflow, stage, since, self.pack().clone())
    }

    /// Records that an escalation was acted on, so that it rests for its cooldown. `state` is that of the case; a case
    /// without one gets its first.
    ///
    /// A cooldown of days counts the day of `at` at the pack's place: with `30 days`, the rule fires again on the 30th day
    /// behind it. One of hours is exact.
    ///
    /// # Errors
    /// Where the pack has no such escalation, or it has no cooldown; and where the state is that of another case.
    pub fn record_escalation(
        &self,
        case: &str,
        state: Option<&State>,
        escalation: &str,
        at: DateTime<Utc>,
    ) -> Result<State, StateError> {
        let checked = &self.inner.checked;
        let id = format!("escalations/{escalation}");
        let Some(cooldown) = checked.cooldowns.iter().find(|cooldown| *cooldown.rule == *id) else {
            let names = checked.cooldowns.iter().map(|cooldown| crate::decision::last_part(&cooldown.rule));
            let help = did_you_mean(escalation, names).unwrap_or_else(|| "say `cooldown:` in the rule".to_owned());
            let message = format!("the pack has no escalation `{escalation}` with a cooldown");
            return Err(StateError::at("escalation", message, &help));
        };
        let state = match state {
            Some(state) if state.case() == case => state.clone(),
            Some(state) => {
                let message = format!("this is the state of the case `{}`, not of `{case}`", state.case());
                return Err(StateError::at("case", message, "pass the state that is stored with this case"));
            }
            None => State::in_no_workflow(case, self.pack().clone())?,
        };
        let start = match cooldown.length {
            Duration::Exact(_) => Value::Timestamp(at),
            _ => Value::Date(date_at(at, checked.header.zone)),
        };
        let length = Value::Duration(cooldown.length);
        let beyond =
            || StateError::at("until", "the cooldown ends beyond the dates that are known", "check the instant");
        let until = match ops::arithmetic(Arithmetic::Add, &start, &length, checked.calendar.as_ref()) {
            // The rule fires again on this day.
            Ok(Value::Date(end)) => Until::Day(end.pred_opt().ok_or_else(beyond)?),
            Ok(Value::Timestamp(end)) => Until::Instant(end),
            _ => return Err(beyond()),
        };
        state.record_cooldown(&cooldown.rule, until)
    }

    /// Moves a case by hand to a stage of its workflow, which it enters anew at the day of `at` at the pack's place, also
    /// where it is in it already. The next evaluation goes on from there.
    ///
    /// # Errors
    /// Where the case is in no workflow or in one that the pack does not have, the workflow has no such stage, the case
    /// entered its stage on a later day, or `by` or `why` is empty.
    pub fn move_to(
        &self,
        state: &State,
        stage: &str,
        by: &str,
        why: &str,
        at: DateTime<Utc>,
    ) -> Result<State, StateError> {
        if let Some(workflow) = state.workflow() {
            has_stage(self.workflow(workflow)?, stage)?;
        }
        let today = date_at(at, self.inner.checked.header.zone);
        if let Some(since) = state.since().filter(|since| *since > today) {
            let message = format!("the case entered its stage on `{since}`, and cannot leave it on `{today}`");
            return Err(StateError::at("moved.at", message, "check the instant of the move"));
        }
        state.move_to(stage, by, why, at, today)
    }

    fn workflow(&self, name: &str) -> Result<&CheckedWorkflow, StateError> {
        let workflows = &self.inner.checked.workflows;
        workflows.iter().find(|known| *known.name == *name).ok_or_else(|| {
            let help = did_you_mean(name, workflows.iter().map(|known| &*known.name));
            let help = help.unwrap_or_else(|| "the pack has no workflows".to_owned());
            StateError::at("workflow", format!("the pack has no workflow `{name}`"), &help)
        })
    }
}

fn has_stage(workflow: &CheckedWorkflow, name: &str) -> Result<(), StateError> {
    let names = || workflow.stages.iter().map(|known| &*known.name);
    if names().any(|known| known == name) {
        return Ok(());
    }
    let renamed = workflow.renamed.get(name).map(|now| format!("it is called `{now}` now"));
    let help = renamed.or_else(|| did_you_mean(name, names()));
    let help = help.unwrap_or_else(|| format!("it has {} stages", workflow.stages.len()));
    Err(StateError::at("stage", format!("the workflow `{}` has no stage `{name}`", workflow.name), &help))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::expect_used, reason = "a test that cannot go on fails")]

    use super::*;

    const PACK: &str = r#"
pack: small
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      balance: {type: money}
workflows:
  consumer:
    applies_when: balance > 0
    initial: contact
    moved: {first_contact: contact}
    stages:
      contact:
        next:
          - {to: closure, when: balance <= 0}
      closure: {end: true}
"#;

    fn engine() -> Engine {
        Engine::from_sources("small", [("small/pack.yaml", PACK)]).expect("the pack loads")
    }

    fn date(text: &str) -> NaiveDate {
        text.parse().expect("a date")
    }

    fn instant(text: &str) -> DateTime<Utc> {
        text.parse().expect("an instant")
    }

    #[track_caller]
    fn check(result: Result<State, StateError>, expected: &str) {
        let problems = result.expect_err("it is refused").problems;
        assert_eq!(problems.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected]);
    }

    #[test]
    fn a_case_taken_over_stands_in_a_stage_of_the_pack() {
        let state = engine().start("A-1", "consumer", "closure", date("2026-08-20")).expect("it starts");
        assert_eq!((state.workflow(), state.stage()), (Some("consumer"), Some("closure")));
        assert_eq!((state.since(), state.pack().name.as_str()), (Some(date("2026-08-20")), "small"));
        let start = |workflow, stage| engine().start("A-1", workflow, stage, date("2026-08-20"));
        check(start("consumr", "x"), "workflow: the pack has no workflow `consumr` (did you mean `consumer`?)");
        let message = "stage: the workflow `consumer` has no stage `contct` (did you mean `contact`?)";
        check(start("consumer", "contct"), message);
        let message = "stage: the workflow `consumer` has no stage `first_contact` (it is called `contact` now)";
        check(start("consumer", "first_contact"), message);
        check(
            engine().start(" ", "consumer", "contact", date("2026-08-20")),
            "case: this text is empty (write at least one letter)",
        );
    }

    #[test]
    fn a_move_by_hand_is_dated_at_the_place_of_the_pack() {
        let state = engine().start("A-1", "consumer", "contact", date("2026-08-20")).expect("it starts");
        let late = instant("2026-09-08T01:00:00Z");
        let moved = engine().move_to(&state, "closure", "maria", "paid in cash", late).expect("it moves");
        assert_eq!((moved.stage(), moved.since()), (Some("closure"), Some(date("2026-09-07"))));
        assert_eq!(moved.previous_stage(), Some("contact"));
        let move_to = |stage, at| engine().move_to(&state, stage, "maria", "paid in cash", instant(at));
        let message = "stage: the workflow `consumer` has no stage `close` (one of `contact`, `closure`)";
        check(move_to("close", "2026-09-08T01:00:00Z"), message);
        let message = "moved.at: the case entered its stage on `2026-08-20`, and cannot leave it on `2026-08-19` \
                       (check the instant of the move)";
        check(move_to("closure", "2026-08-20T01:00:00Z"), message);
        let message = "moved.why: this text is empty (write at least one letter)";
        check(engine().move_to(&state, "closure", "maria", "", late), message);
    }

    #[test]
    fn a_case_that_no_workflow_takes_keeps_its_state_and_begins_with_it_later() {
        let out = State::in_no_workflow("A-1", engine().pack().clone()).expect("it is a state");
        let mut armed = out.clone();
        armed.set_arm("trial", "control");
        let armed = armed.with_revision_after(&out).expect("it is a state");
        let at = instant("2026-09-07T18:00:00Z");
        let message = "stage: the case is in no workflow, so it cannot be moved to the stage `closure` (start it in a \
                       workflow first)";
        check(engine().move_to(&armed, "closure", "maria", "paid in cash", at), message);
        let decide = |balance: &str| {
            let record = format!(r#"{{"case_id": "A-1", "balance": {balance}}}"#);
            engine().evaluate_with_state(&record, Some(&armed), at).expect("it is decided").decision
        };
        let kept = decide("0");
        assert_eq!((kept.stage(), kept.state()), (None, Some(&armed)));
        let begun = decide("10.00");
        let state = begun.state().expect("it begins");
        assert_eq!(begun.stage().and_then(|stage| stage.from.clone()), None);
        assert_eq!((state.stage(), state.since()), (Some("contact"), Some(date("2026-09-07"))));
        assert_eq!((state.arm("trial"), &state.revision()[..2]), (Some("control"), "3-"));
    }

    #[test]
    fn a_pack_without_workflows_passes_a_state_on_and_refuses_that_of_another_case() {
        let pack = PACK.split("workflows:").next().expect("the head");
        let engine = Engine::from_sources("small", [("small/pack.yaml", pack)]).expect("the pack loads");
        let out = State::in_no_workflow("A-1", engine.pack().clone()).expect("it is a state");
        let at = instant("2026-09-07T18:00:00Z");
        let decide = |case: &str, state| {
            engine.evaluate_with_state(&format!(r#"{{"case_id": "{case}", "balance": 1}}"#), state, at)
        };
        let decision = decide("A-1", Some(&out)).expect("it is decided").decision;
        assert_eq!(decision.state(), Some(&out));
        assert!(decision.to_json().ends_with(&format!(r#""state":{},"next_review_at":null}}"#, out.to_json())));
        let schema = engine.decision_schema().parse().expect("a schema is JSON");
        let schema = jsonschema::validator_for(&schema).expect("a schema is one");
        assert!(schema.is_valid(&decision.to_json().parse().expect("a decision is JSON")));
        assert!(!decide("A-1", None).expect("it is decided").decision.to_json().contains("state"));
        let refused = decide("A-2", Some(&out)).expect_err("it is refused");
        assert_eq!(
            refused.to_string(),
            "the record is refused: state.case: this is the state of the case `A-1`, not of `A-2` (pass the state that \
             is stored with this case)"
        );
        check(
            engine.start("A-1", "consumer", "contact", date("2026-08-20")),
            "workflow: the pack has no workflow `consumer` (the pack has no workflows)",
        );
    }

    #[test]
    fn a_state_whose_stage_was_renamed_gets_a_new_revision() {
        let state = engine().start("A-1", "consumer", "contact", date("2026-08-20")).expect("it starts");
        let old = State::from_json(&state.to_json().replace(r#""stage":"contact""#, r#""stage":"first_contact""#));
        let old = old.expect("it is read");
        let at = instant("2026-09-07T18:00:00Z");
        let record = r#"{"case_id": "A-1", "balance": 1}"#;
        let decision = engine().evaluate_with_state(record, Some(&old), at).expect("it is decided").decision;
        let next = decision.state().expect("it goes on");
        assert_eq!((next.stage(), &next.revision()[..2]), (Some("contact"), "2-"));
        assert_eq!(decision.stage().and_then(|stage| stage.from.as_deref()), Some("contact"));
    }

    #[test]
    fn an_escalation_that_was_acted_on_rests_for_its_cooldown() {
        let pack = format!(
            "{PACK}escalations:\n  - {{id: legal, when: balance > 10, give: {{level: 1}}, cooldown: 30 days}}\n  \
             - {{id: call, when: balance > 10, give: {{level: 1}}, cooldown: 48 hours}}\n"
        );
        let engine = Engine::from_sources("small", [("small/pack.yaml", pack)]).expect("the pack loads");
        let at = instant("2026-09-01T15:00:00Z");
        let state = engine.record_escalation("A-1", None, "legal", at).expect("it rests");
        let state = engine.record_escalation("A-1", Some(&state), "call", at).expect("both rest");
        let fired = |as_of: &str| {
            let record = r#"{"case_id": "A-1", "balance": 20}"#;
            let decided = engine.evaluate_with_state(record, Some(&state), instant(as_of)).expect("its own state");
            decided.decision.escalations().map(str::to_owned).collect::<Vec<String>>()
        };
        assert!(fired("2026-09-03T14:59:59Z").is_empty());
        assert_eq!(fired("2026-09-03T15:00:00Z"), ["call"]);
        assert_eq!(fired("2026-09-30T23:00:00-04:00"), ["call"]);
        assert_eq!(fired("2026-10-01T00:00:00-04:00"), ["legal", "call"]);
        check(
            engine.record_escalation("A-1", None, "leagl", at),
            "escalation: the pack has no escalation `leagl` with a cooldown (did you mean `legal`?)",
        );
        check(
            engine.record_escalation("A-2", Some(&state), "legal", at),
            "case: this is the state of the case `A-1`, not of `A-2` (pass the state that is stored with this case)",
        );
    }
}
