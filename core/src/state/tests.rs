//! What a state says, and what its changes do.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Done, State, StateError, Until};
use crate::pack_identity::PackIdentity;
use crate::record::Problem;

/// A document in which everything stands, in the order and form in which it is written.
pub(super) const FULL: &str = concat!(
    r#"{"format":1,"case":"C-1","workflow":"consumer","stage":"follow_up","since":"2026-09-01","entry":3,"entries":5,"#,
    r#""steps":[{"step":"welcome","occurrence":1,"due":"2026-09-01","at":"2026-09-01T13:00:00Z","outcome":"sent"}],"#,
    r#""previous":[{"stage":"initial_contact","days":12,"entry":2,"steps":[{"step":"call","occurrence":2,"#,
    r#""due":"2026-08-20","at":"2026-08-20T09:30:00.250Z","outcome":"no answer"}]}],"#,
    r#""cooldowns":[{"rule":"escalations/fraud","until":"2026-09-08T10:00:00Z"},"#,
    r#"{"rule":"escalations/legal-review","until":"2026-10-01"}],"#,
    r#""arms":[{"experiment":"flexible_payment","arm":"challenger"}],"#,
    r#""approvals":[{"action":"a1","by":"maria","at":"2026-09-02T08:00:00Z"}],"#,
    r#""holds":[{"id":"h1","reason":"illness","by":"jo","from":"2026-09-01","until":"2026-09-10"},"#,
    r#"{"id":"h2","reason":"\"papers\"","by":"jo","from":"2026-09-12","until":null}],"#,
    r#""moved":{"by":"jo","why":"asked for it","at":"2026-09-01T12:00:00Z","from":"dispute"},"#,
    r#""pack":{"name":"us-consumer","version":"2026.11.0","digest":"4be1"},"revision":"6-9f2c01ab34cd"}"#,
);

pub(super) fn full() -> State {
    State::from_json(FULL).expect("the document is whole")
}

pub(super) fn date(text: &str) -> NaiveDate {
    text.parse().expect("a date")
}

pub(super) fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

pub(super) fn pack(version: &str) -> PackIdentity {
    PackIdentity { name: "us-consumer".to_owned(), version: version.to_owned(), digest: "4be1".to_owned() }
}

pub(super) fn started() -> State {
    State::start("C-1", "consumer", "a", date("2026-09-01"), pack("1.0.0")).expect("it starts")
}

pub(super) fn done(step: &str, occurrence: u32, entry: u32) -> Done {
    Done { step: step.to_owned(), occurrence, due: date("2026-09-03"), entry }
}

fn changed(before: &State, change: impl FnOnce(&mut State)) -> State {
    let mut next = before.clone();
    change(&mut next);
    next.with_revision_after(before).expect("the change is allowed")
}

pub(super) fn shown<T: std::fmt::Debug>(result: Result<T, StateError>) -> Vec<String> {
    result.expect_err("it is refused").problems.iter().map(Problem::to_string).collect()
}

#[test]
fn a_document_is_written_as_it_was_read() {
    assert_eq!(full().to_json(), FULL);
}

#[test]
fn a_state_says_what_its_document_says() {
    let state = full();
    assert_eq!((state.case(), state.workflow(), state.stage()), ("C-1", Some("consumer"), Some("follow_up")));
    assert_eq!((state.since(), state.entry()), (Some(date("2026-09-01")), 3));
    assert_eq!(state.previous_stage(), Some("initial_contact"));
    assert_eq!(state.days_in_stage(date("2026-09-08")), Some(7));
    assert_eq!(state.days_in_stage(date("2026-08-08")), Some(0));
    assert!(state.is_done("welcome") && !state.is_done("call"));
    assert_eq!(state.occurrences("welcome").map(|step| &*step.outcome).collect::<Vec<_>>(), ["sent"]);
    assert_eq!(state.cooldown("escalations/legal-review"), Some(Until::Day(date("2026-10-01"))));
    assert_eq!(state.cooldown("escalations/fraud"), Some(Until::Instant(instant("2026-09-08T10:00:00Z"))));
    assert_eq!(state.cooldown("escalations"), None);
    assert_eq!((state.arm("flexible_payment"), state.arm("x")), (Some("challenger"), None));
    assert_eq!(state.approvals()[0].by, "maria");
    assert_eq!(state.moved().map(|moved| moved.from.as_str()), Some("dispute"));
    assert_eq!(state.pack().version, "2026.11.0");
    assert_eq!(state.revision(), "6-9f2c01ab34cd");
}

#[test]
fn a_hold_is_on_from_its_first_to_its_last_day() {
    let on = |day: &str| full().is_on_hold(date(day)).map(|hold| hold.id.clone());
    assert_eq!(on("2026-08-31"), None);
    assert_eq!(on("2026-09-01").as_deref(), Some("h1"));
    assert_eq!(on("2026-09-10").as_deref(), Some("h1"));
    assert_eq!(on("2026-09-11"), None);
    assert_eq!(on("2029-01-01").as_deref(), Some("h2"));
}

#[test]
fn a_first_state_is_written_whole() {
    assert_eq!(
        started().to_json(),
        concat!(
            r#"{"format":1,"case":"C-1","workflow":"consumer","stage":"a","since":"2026-09-01","entry":1,"entries":1,"#,
            r#""steps":[],"previous":[],"cooldowns":[],"arms":[],"approvals":[],"holds":[],"moved":null,"#,
            r#""pack":{"name":"us-consumer","version":"1.0.0","digest":"4be1"},"revision":"1-7fc5b5ed4599"}"#,
        )
    );
}

#[test]
fn a_revision_is_the_hash_of_the_one_before_and_the_rest() {
    use sha2::{Digest, Sha256};
    let before = started();
    let after = before.approve("a1", "maria", instant("2026-09-02T08:00:00Z")).expect("it is approved");
    let json = after.to_json();
    let rest = json.replace(&format!(r#","revision":"{}""#, after.revision()), "");
    let hash = Sha256::digest(format!("{}\n{rest}", before.revision()));
    let digits: String = hash.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(after.revision(), format!("2-{digits}"));
}

#[test]
fn cooldowns_and_arms_may_be_read_in_any_order() {
    let one = r#"{"rule":"escalations/fraud","until":"2026-09-08T10:00:00Z"}"#;
    let two = r#"{"rule":"escalations/legal-review","until":"2026-10-01"}"#;
    let turned = FULL.replace(&format!("{one},{two}"), &format!("{two},{one}"));
    assert_ne!(turned, FULL);
    assert_eq!(State::from_json(&turned).expect("it is read"), full());
}

#[test]
fn a_step_is_recorded_in_the_entry_it_belongs_to() {
    let first = started();
    let second = changed(&first, |state| state.enter("b", date("2026-09-05")));
    let at = instant("2026-09-06T10:00:00Z");
    let late = second.record(&done("call", 1, 1), "reached", at).expect("it is recorded");
    assert!(!late.is_done("call"));
    assert!(changed(&late, |state| assert!(state.resume_previous(date("2026-09-09")))).is_done("call"));
    let gone = changed(&second, |state| assert!(state.resume_previous(date("2026-09-09"))));
    assert_eq!(gone.record(&done("call", 1, 2), "reached", at).expect("nothing changes"), gone);
}

#[test]
fn recorded_again_a_step_takes_the_new_outcome_and_instant() {
    let first = started().record(&done("call", 1, 1), "queued", instant("2026-09-03T10:00:00Z")).expect("recorded");
    let mut again = done("call", 1, 1);
    again.due = date("2026-09-04");
    let second = first.record(&again, "reached", instant("2026-09-03T11:00:00Z")).expect("recorded");
    let steps: Vec<_> = second.occurrences("call").collect();
    assert_eq!(steps.len(), 1);
    assert_eq!((&*steps[0].outcome, steps[0].due), ("reached", date("2026-09-03")));
    assert_eq!(steps[0].at, instant("2026-09-03T11:00:00Z"));
    assert_eq!(second.record(&again, "reached", instant("2026-09-03T11:00:00Z")).expect("nothing changes"), second);
}

#[test]
fn a_cooldown_is_made_longer_never_shorter() {
    let until = |state: &State| state.cooldown("r");
    let day = |text| Until::Day(date(text));
    let first = started().record_cooldown("r", day("2026-10-01")).expect("recorded");
    let shorter = first.record_cooldown("r", day("2026-09-01")).expect("recorded");
    assert_eq!(shorter, first);
    let longer = first.record_cooldown("r", day("2026-10-02")).expect("recorded");
    assert_eq!(until(&longer), Some(day("2026-10-02")));
    let exact = Until::Instant(instant("2026-09-02T00:00:00Z"));
    assert_eq!(until(&longer.record_cooldown("r", exact).expect("recorded")), Some(exact));
}

#[test]
fn an_approval_is_given_once_by_each() {
    let at = instant("2026-09-02T08:00:00Z");
    let one = started().approve("a1", "maria", at).expect("approved");
    assert_eq!(one.approve("a1", "maria", instant("2026-09-03T08:00:00Z")).expect("nothing changes"), one);
    let two = one.approve("a1", "jo", at).expect("approved");
    assert_eq!(two.approvals().len(), 2);
}

#[test]
fn a_hold_is_replaced_and_released_by_its_id() {
    let held = full().hold("h1", "longer", "jo", date("2026-09-01"), None).expect("it holds");
    assert_eq!(held.holds().len(), 2);
    assert_eq!(held.holds()[0].reason, "longer");
    let released = held.release("h1").expect("it is released");
    assert_eq!(released.holds().len(), 1);
    assert_eq!(shown(released.release("h1")), ["holds: there is no hold `h1` (did you mean `h2`?)"]);
    assert_eq!(shown(full().release("xyz")), ["holds: there is no hold `xyz` (one of `h1`, `h2`)"]);
    assert_eq!(shown(started().release("h1")), ["holds: there is no hold `h1` (the case has 0 holds)"]);
}

#[test]
fn a_move_enters_a_stage_anew_and_says_who_and_why() {
    let at = instant("2026-09-04T08:00:00Z");
    let moved = full().move_to("initial_contact", "maria", "new address", at, date("2026-09-04")).expect("it moves");
    assert_eq!((moved.stage(), moved.entry(), moved.since()), (Some("initial_contact"), 6, Some(date("2026-09-04"))));
    assert_eq!(moved.previous_stage(), Some("follow_up"));
    assert!(!moved.is_done("call"));
    let by_hand = moved.moved().expect("it was moved");
    assert_eq!((by_hand.by.as_str(), by_hand.from.as_str()), ("maria", "follow_up"));
    let again = moved.move_to("initial_contact", "maria", "once more", at, date("2026-09-05")).expect("it moves");
    assert_eq!((again.entry(), again.previous_stage()), (7, Some("follow_up")));
}

#[test]
fn days_away_do_not_count() {
    let first = started();
    let away = changed(&first, |state| state.enter("dispute", date("2026-09-11")));
    let back = changed(&away, |state| assert!(state.resume_previous(date("2026-12-01"))));
    assert_eq!((back.stage(), back.entry(), back.days_in_stage(date("2026-12-01"))), (Some("a"), 1, Some(10)));
    assert_eq!(back.previous_stage(), None);
    assert_eq!(changed(&back, |state| assert!(!state.resume_previous(date("2026-12-01")))), back);
    assert_eq!(changed(&back, |state| state.enter("b", date("2026-12-02"))).entry(), 3);
}

#[test]
fn renamed_stages_are_renamed_everywhere_and_stand_once() {
    let names = BTreeMap::from([("follow_up", "contact"), ("dispute", "objection")]);
    let renamed = changed(&full(), |state| state.rename_stages(&names));
    assert_eq!((renamed.stage(), renamed.previous_stage()), (Some("contact"), Some("initial_contact")));
    assert_eq!(renamed.moved().map(|moved| moved.from.as_str()), Some("objection"));
    let one = BTreeMap::from([("initial_contact", "follow_up")]);
    assert_eq!(changed(&full(), |state| state.rename_stages(&one)).previous_stage(), None);
    let unknown = BTreeMap::from([("elsewhere", "contact")]);
    assert_eq!(changed(&full(), |state| state.rename_stages(&unknown)), full());
}

#[test]
fn arms_and_packs_change_with_a_revision() {
    let armed = changed(&full(), |state| state.set_arm("a_first", "control"));
    assert!(armed.to_json().contains(r#""arms":[{"experiment":"a_first","arm":"control"},{"experiment":"flexible_"#));
    assert_eq!(changed(&armed, |state| state.set_arm("a_first", "other")).arm("a_first"), Some("other"));
    let newer = changed(&armed, |state| state.set_pack(pack("2")));
    assert_eq!((newer.pack().version.as_str(), &newer.revision()[..2]), ("2", "8-"));
}

#[test]
fn a_case_is_not_decided_before_its_stage_was_entered() {
    assert_eq!(full().problem_at(date("2026-09-01")), None);
    assert_eq!(
        full().problem_at(date("2026-08-31")).map(|problem| problem.to_string()).as_deref(),
        Some(
            "since: the stage was entered on `2026-09-01`, but `as_of` is on `2026-08-31` (check the date, or decide \
             as of a later instant)"
        )
    );
}

/// The document of a case in no workflow.
const OUT: &str = concat!(
    r#"{"format":1,"case":"C-1","workflow":null,"stage":null,"since":null,"entry":0,"entries":0,"steps":[],"#,
    r#""previous":[],"cooldowns":[],"arms":[],"approvals":[],"holds":[],"moved":null,"#,
    r#""pack":{"name":"us-consumer","version":"1.0.0","digest":"4be1"},"revision":"1-e88865c4746b"}"#,
);

fn out() -> State {
    State::in_no_workflow("C-1", pack("1.0.0")).expect("it is a state")
}

#[test]
fn a_state_in_no_workflow_says_nothing_of_a_stage() {
    assert_eq!(out().to_json(), OUT);
    assert_eq!(State::from_json(OUT).expect("it is read"), out());
    assert_eq!((out().workflow(), out().stage(), out().since()), (None, None, None));
    assert_eq!((out().entry(), out().days_in_stage(date("2026-09-01"))), (0, None));
    assert_eq!(out().problem_at(date("0001-01-01")), None);
}

#[test]
fn in_no_workflow_no_step_is_recorded_and_the_rest_is() {
    let at = instant("2026-09-02T08:00:00Z");
    assert_eq!(out().record(&done("call", 1, 0), "sent", at).expect("nothing changes"), out());
    assert_eq!(out().record(&done("call", 1, 1), "sent", at).expect("nothing changes"), out());
    let cooled = out().record_cooldown("r", Until::Day(date("2026-10-01"))).expect("recorded");
    let armed = changed(&cooled, |state| state.set_arm("a_first", "control"));
    let approved = armed.approve("a1", "maria", at).expect("approved");
    let held = approved.hold("h1", "ill", "jo", date("2026-09-02"), None).expect("it holds");
    assert!(held.revision().starts_with("5-"));
    assert_eq!(State::from_json(&held.to_json()).expect("it is read"), held);
    assert!(held.release("h1").expect("it is released").holds().is_empty());
    assert_eq!(changed(&held, |state| state.enter("a", date("2026-09-02"))), held);
    assert_eq!(changed(&held, |state| assert!(!state.resume_previous(date("2026-09-02")))), held);
}

#[test]
fn a_case_in_no_workflow_is_not_moved_but_begun_and_keeps_the_rest() {
    assert_eq!(
        shown(out().move_to("a", "jo", "asked", instant("2026-09-04T08:00:00Z"), date("2026-09-04"))),
        ["stage: the case is in no workflow, so it cannot be moved to the stage `a` (start it in a workflow first)"]
    );
    let cooled = out().record_cooldown("r", Until::Day(date("2026-10-01"))).expect("recorded");
    let begun = changed(&cooled, |state| state.begin("consumer", "a", date("2026-09-04")));
    assert_eq!((begun.workflow(), begun.stage()), (Some("consumer"), Some("a")));
    assert_eq!((begun.since(), begun.entry()), (Some(date("2026-09-04")), 1));
    assert_eq!(begun.cooldown("r"), Some(Until::Day(date("2026-10-01"))));
    assert!(begun.revision().starts_with("3-"));
    assert_eq!(changed(&begun, |state| state.begin("other", "b", date("2026-09-05"))), begun);
    assert_eq!(changed(&begun, |state| state.enter("b", date("2026-09-05"))).entry(), 2);
}

#[test]
fn a_state_is_in_a_workflow_wholly_or_not_at_all() {
    let refused = |old: &str, new: &str| {
        assert!(OUT.contains(old), "there is no {old}");
        shown(State::from_json(&OUT.replacen(old, new, 1)))
    };
    let whole = "(write `workflow`, `stage` and `since`, or `null` in all three for a case in no workflow)";
    assert_eq!(
        refused(r#""stage":null"#, r#""stage":"a""#),
        [
            format!("workflow: this is nothing, but `stage` is not {whole}"),
            format!("since: this is nothing, but `stage` is not {whole}"),
            "entry: `0` is below `1`, the least here".to_owned(),
            "entries: `0` is below `1`, the least here".to_owned(),
        ]
    );
    let none = "the case is in no workflow, so it entered no stage";
    assert_eq!(
        refused(r#""entry":0,"entries":0"#, r#""entry":1,"entries":1"#),
        [format!("entry: {none} (write `0`)"), format!("entries: {none} (write `0`)")]
    );
    let left = r#""previous":[{"stage":"a","days":0,"entry":1,"steps":[]}]"#;
    assert_eq!(refused(r#""previous":[]"#, left)[0], format!("previous: {none} (leave the list empty)"));
    let moved = r#""moved":{"by":"jo","why":"asked","at":"2026-09-01T12:00:00Z","from":"a"}"#;
    assert_eq!(refused(r#""moved":null"#, moved), [format!("moved: {none} (write `null`)")]);
    assert_eq!(
        refused(r#""workflow":null,"#, ""),
        ["workflow: this key is missing (pass the state back as the engine gave it)"]
    );
}
