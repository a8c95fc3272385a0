//! Laws of states, over sequences of changes out of a seed.

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use super::content::Content;
use super::{Done, State, StateError, Until};
use crate::generated::random::Random;
use crate::pack_identity::PackIdentity;

/// Cases in the gate, and with RECOUP_SOAK.
const CASES: (u64, u64) = (1_000, 100_000);
/// The most changes of one case.
const CHANGES: usize = 12;

const STAGES: [&str; 5] = ["a", "b", "c", "dispute", "closed"];
const STEPS: [&str; 3] = ["welcome", "call", "letter"];
/// Texts that JSON must escape, and some that it need not.
const TEXTS: [&str; 6] = ["maria", "jo", "line\nbreak", "\"quoted\" \\ back", "größer \u{1F600}", "tab\t\u{1}"];

fn cases() -> u64 {
    if std::env::var_os("RECOUP_SOAK").is_some() { CASES.1 } else { CASES.0 }
}

/// One change of any kind.
#[derive(Clone, Debug)]
enum Change {
    Record(Done, &'static str, DateTime<Utc>),
    Cooldown(&'static str, Until),
    Approve(&'static str, &'static str, DateTime<Utc>),
    Hold(&'static str, &'static str, NaiveDate, Option<NaiveDate>),
    Release(&'static str),
    Move(&'static str, &'static str, DateTime<Utc>, NaiveDate),
    /// What a walk does before it gives a new revision.
    Walk(Vec<Step>),
}

#[derive(Clone, Debug)]
enum Step {
    Begin(&'static str, NaiveDate),
    Enter(&'static str, NaiveDate),
    Resume(NaiveDate),
    Rename(BTreeMap<&'static str, &'static str>),
    Arm(&'static str, &'static str),
    Pack(PackIdentity),
}

impl Change {
    fn new(random: &mut Random, state: &State, today: NaiveDate) -> Change {
        let at = instant(random, today);
        match random.below(10) {
            0..=2 => {
                let entry = u32::try_from(random.below(state.entry() as usize + 2)).expect("it fits");
                let occurrence = u32::try_from(random.between(1, 3)).expect("it fits");
                let due = some_day(random, today);
                let step = word(random, &STEPS).to_owned();
                Change::Record(Done { step, occurrence, due, entry }, word(random, &TEXTS), at)
            }
            3 => {
                let until = if random.chance(50) { Until::Day(some_day(random, today)) } else { Until::Instant(at) };
                Change::Cooldown(word(random, &STEPS), until)
            }
            4 => Change::Approve(word(random, &STEPS), word(random, &TEXTS), at),
            5 => {
                let from = some_day(random, today);
                let until = random.chance(60).then(|| from + Days::new(random.below(20) as u64));
                Change::Hold(word(random, &STEPS), word(random, &TEXTS), from, until)
            }
            6 => Change::Release(word(random, &STEPS)),
            7 => Change::Move(word(random, &STAGES), word(random, &TEXTS), at, today),
            _ => Change::Walk((0..random.between(0, 4)).map(|_| Step::new(random, today)).collect()),
        }
    }

    fn apply(&self, state: &State) -> Result<State, StateError> {
        match self {
            Change::Record(done, outcome, at) => state.record(done, outcome, *at),
            Change::Cooldown(rule, until) => state.record_cooldown(rule, *until),
            Change::Approve(action, by, at) => state.approve(action, by, *at),
            Change::Hold(id, reason, from, until) => state.hold(id, reason, "jo", *from, *until),
            Change::Release(id) => state.release(id),
            Change::Move(stage, why, at, today) => state.move_to(stage, "jo", why, *at, *today),
            Change::Walk(steps) => {
                let mut copy = state.clone();
                for step in steps {
                    step.apply(&mut copy);
                }
                copy.with_revision_after(state)
            }
        }
    }
}

impl Step {
    fn new(random: &mut Random, today: NaiveDate) -> Step {
        match random.below(9) {
            8 => Step::Begin(word(random, &STAGES), today),
            0..=2 => Step::Enter(word(random, &STAGES), today),
            3..=4 => Step::Resume(today),
            5 => Step::Rename((0..2).map(|_| (word(random, &STAGES), word(random, &STAGES))).collect()),
            6 => Step::Arm(word(random, &STEPS), word(random, &TEXTS)),
            _ => Step::Pack(pack(word(random, &["1", "2"]))),
        }
    }

    fn apply(&self, state: &mut State) {
        match self {
            Step::Begin(stage, today) => state.begin("consumer", stage, *today),
            Step::Enter(stage, today) => state.enter(*stage, *today),
            Step::Resume(today) => {
                state.resume_previous(*today);
            }
            Step::Rename(names) => state.rename_stages(names),
            Step::Arm(experiment, arm) => state.set_arm(experiment, arm),
            Step::Pack(pack) => state.set_pack(pack.clone()),
        }
    }
}

fn word(random: &mut Random, words: &[&'static str]) -> &'static str {
    words[random.below(words.len())]
}

fn some_day(random: &mut Random, today: NaiveDate) -> NaiveDate {
    today + TimeDelta::days(random.between(-30, 30))
}

fn instant(random: &mut Random, today: NaiveDate) -> DateTime<Utc> {
    let nanoseconds = *random.pick(&[0, 1, 250_000_000, 999_999_000]);
    today.and_hms_opt(0, 0, 0).expect("midnight").and_utc()
        + TimeDelta::seconds(random.between(0, 86_399))
        + TimeDelta::nanoseconds(nanoseconds)
}

fn pack(version: &str) -> PackIdentity {
    PackIdentity { name: "us-consumer".to_owned(), version: version.to_owned(), digest: "4be1".to_owned() }
}

/// A state and the day it is, after some changes. `each` sees every state, the day and what is to change.
fn walk(seed: u64, mut each: impl FnMut(&State, NaiveDate, &Change)) -> (State, NaiveDate) {
    let mut random = Random::new(seed);
    let mut today = NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day") + Days::new(random.below(400) as u64);
    // Some cases are in no workflow, and begin one later.
    let mut state = match random.chance(80) {
        true => State::start("C-1", "consumer", word(&mut random, &STAGES), today, pack("1")).expect("it starts"),
        false => State::in_no_workflow("C-1", pack("1")).expect("it is a state"),
    };
    for _ in 0..random.below(CHANGES) {
        let change = Change::new(&mut random, &state, today);
        each(&state, today, &change);
        state = change.apply(&state).unwrap_or(state);
        today = today + Days::new(random.below(15) as u64);
    }
    (state, today)
}

fn reload(state: &State) -> State {
    let json = state.to_json();
    let loaded = State::from_json(&json).unwrap_or_else(|error| panic!("{error}\n{json}"));
    assert_eq!(loaded, *state);
    assert_eq!(loaded.to_json(), json);
    assert!(!json.contains('\n'));
    loaded
}

fn count(state: &State) -> u32 {
    state.revision().split_once('-').and_then(|(count, _)| count.parse().ok()).expect("a count")
}

#[test]
fn saving_and_loading_commute_with_every_change() {
    let mut kinds = HashSet::new();
    let mut room = State::in_no_workflow("other", pack("0.1.0")).expect("a state");
    for seed in 0..cases() {
        let (last, _) = walk(seed, |state, _, change| {
            let loaded = reload(state);
            match (change.apply(&loaded), change.apply(state)) {
                (Ok(after_loading), Ok(after)) => {
                    assert_eq!(after_loading, reload(&after), "seed {seed}: {change:?}");
                    room.copy_from(&after);
                    assert_eq!(room, after, "seed {seed}: {change:?}");
                    kinds.insert((std::mem::discriminant(change), after == *state));
                }
                (Err(one), Err(other)) => assert_eq!(one.problems, other.problems, "seed {seed}: {change:?}"),
                (one, other) => panic!("seed {seed}: {change:?}: {one:?} {other:?}"),
            }
        });
        reload(&last);
    }
    let seen = |is_without_effect: bool| kinds.iter().filter(|(_, known)| *known == is_without_effect).count();
    assert_eq!(seen(false), 7, "every kind of change changed something");
    assert!(seen(true) >= 4, "recording, cooldowns, approvals and walks also changed nothing");
}

#[test]
fn each_stage_and_each_entry_stands_once() {
    for seed in 0..cases() {
        let (state, _) = walk(seed, |_, _, _| {});
        let content = &state.content;
        let left = || content.previous.iter();
        let stages: HashSet<&str> = left().map(|left| &*left.stage).chain(state.stage()).collect();
        let entries: HashSet<u32> = left().map(|left| left.entry).chain([state.entry()]).collect();
        let current = usize::from(state.stage().is_some());
        assert_eq!(stages.len(), left().count() + current, "seed {seed}: {}", state.to_json());
        assert_eq!(entries.len(), left().count() + 1, "seed {seed}: {}", state.to_json());
        assert!(entries.iter().all(|entry| *entry <= content.entries), "seed {seed}: {}", state.to_json());
    }
}

#[test]
fn a_step_recorded_as_done_is_done() {
    for seed in 0..cases() {
        let (state, today) = walk(seed, |_, _, _| {});
        if state.workflow().is_none() {
            continue;
        }
        let mut random = Random::new(seed);
        let step = word(&mut random, &STEPS).to_owned();
        let done = Done { step: step.clone(), occurrence: 2, due: today, entry: state.entry() };
        let recorded = state.record(&done, "sent", instant(&mut random, today)).expect("it is recorded");
        assert!(recorded.is_done(&step), "seed {seed}");
        let occurrences: Vec<u32> = recorded.occurrences(&step).map(|step| step.occurrence).collect();
        assert_eq!(occurrences.iter().filter(|occurrence| **occurrence == 2).count(), 1, "seed {seed}");
        assert!(state.occurrences(&step).all(|step| occurrences.contains(&step.occurrence)), "seed {seed}");
        let gone = Done { entry: state.content.entries + 1, ..done };
        assert_eq!(state.record(&gone, "sent", instant(&mut random, today)).expect("nothing changes"), state);
    }
}

#[test]
fn resuming_gives_back_the_entry_that_was_left_whatever_passed_between() {
    for seed in 0..cases() {
        let (state, today) = walk(seed, |_, _, _| {});
        let mut random = Random::new(seed);
        let stage = word(&mut random, &STAGES);
        if state.stage().is_none_or(|known| known == stage) {
            continue;
        }
        let mut copy = state.clone();
        copy.enter(stage, today);
        assert_eq!((copy.stage(), copy.days_in_stage(today)), (Some(stage), Some(0)), "seed {seed}");
        assert_eq!((copy.entry(), copy.previous_stage()), (state.content.entries + 1, state.stage()));
        assert!(copy.content.steps.is_empty());
        let back = today + Days::new(random.below(400) as u64);
        assert!(copy.resume_previous(back));
        assert_eq!(copy.days_in_stage(back), state.days_in_stage(today), "seed {seed}");
        assert_eq!((copy.stage(), copy.entry()), (state.stage(), state.entry()), "seed {seed}");
        assert_eq!(copy.content.steps, state.content.steps, "seed {seed}");
        let rest: Vec<_> = state.content.previous.iter().filter(|left| *left.stage != *stage).collect();
        assert_eq!(copy.content.previous.iter().collect::<Vec<_>>(), rest, "seed {seed}");
    }
}

#[test]
fn the_revision_rises_by_one_with_each_change_that_changes_something() {
    for seed in 0..cases() {
        walk(seed, |state, _, change| {
            let Ok(after) = change.apply(state) else { return };
            let has_changed = after.content != state.content;
            assert_eq!(count(&after), count(state) + u32::from(has_changed), "seed {seed}: {change:?}");
            assert_eq!(after.revision() != state.revision(), has_changed, "seed {seed}: {change:?}");
        });
    }
}

#[test]
fn different_changes_of_one_state_have_different_revisions_and_the_same_ones_the_same() {
    for seed in 0..cases() {
        let (state, today) = walk(seed, |_, _, _| {});
        let mut random = Random::new(seed);
        let changes: Vec<Change> = (0..8).map(|_| Change::new(&mut random, &state, today)).collect();
        let mut known: BTreeMap<String, State> = BTreeMap::new();
        for change in &changes {
            let Ok(after) = change.apply(&state) else { continue };
            assert_eq!(change.apply(&state).expect("it was allowed"), after, "seed {seed}");
            if let Some(other) = known.insert(after.revision().to_owned(), after.clone()) {
                assert_eq!(other, after, "seed {seed}: {change:?}");
            }
        }
    }
}

#[test]
fn a_broken_document_is_refused_or_read_whole() {
    let (mut read, mut refused) = (0, 0);
    for seed in 0..cases() {
        let (state, _) = walk(seed, |_, _, _| {});
        let mut random = Random::new(seed);
        let mut bytes = state.to_json().into_bytes();
        for _ in 0..random.between(1, 3) {
            damage(&mut bytes, &mut random);
        }
        match State::from_json(&String::from_utf8_lossy(&bytes)) {
            Ok(state) => {
                reload(&state);
                read += 1;
            }
            Err(error) => {
                assert!(!error.problems.is_empty(), "seed {seed}");
                refused += 1;
            }
        }
    }
    assert!(read > 20 && refused > 500, "{read} read, {refused} refused");
}

/// Breaks a document somewhere: a byte, a piece, a number, or a piece of it put elsewhere.
fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    let start = random.below(bytes.len());
    let end = (start + random.below(12)).min(bytes.len());
    match random.below(5) {
        0 => bytes[start] = b"0123456789\"{}[],:-aZ "[random.below(20)],
        1 => drop(bytes.drain(start..end)),
        2 => {
            let piece = bytes[start..end].to_vec();
            let place = random.below(bytes.len());
            bytes.splice(place..place, piece);
        }
        3 => {
            let value = word(random, &["null", "true", "-1", "0", "1e9", "{}", "[]", "\"\"", "99999999999", "\"x\""]);
            let colons: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b':').collect();
            let Some(after) = colons.get(random.below(colons.len())).map(|at| at + 1) else { return };
            let length = bytes[after..].iter().position(|byte| matches!(byte, b',' | b'}' | b']')).unwrap_or(0);
            bytes.splice(after..after + length, value.bytes());
        }
        _ => {
            if let Some(at) = (start..bytes.len()).find(|at| bytes[*at].is_ascii_digit()) {
                bytes[at] = b'0' + u8::try_from(random.below(10)).expect("a digit");
            }
        }
    }
}

#[test]
fn a_case_in_no_workflow_has_no_entries_and_keeps_what_it_has_when_it_begins() {
    let mut seen = 0;
    for seed in 0..cases() {
        let (state, today) = walk(seed, |_, _, _| {});
        let content = &state.content;
        assert_eq!(state.workflow().is_none(), content.entry == 0, "seed {seed}: {}", state.to_json());
        if state.workflow().is_some() {
            continue;
        }
        seen += 1;
        assert!(content.steps.is_empty() && content.previous.is_empty() && content.moved.is_none(), "seed {seed}");
        let mut begun = state.clone();
        begun.begin("consumer", "a", today);
        let begun = begun.with_revision_after(&state).expect("it begins");
        assert_eq!((begun.stage(), begun.entry(), count(&begun)), (Some("a"), 1, count(&state) + 1), "seed {seed}");
        let kept = |state: &State| {
            let Content { cooldowns, arms, approvals, holds, .. } = state.content.clone();
            (cooldowns, arms, approvals, holds)
        };
        assert_eq!(kept(&begun), kept(&state), "seed {seed}");
    }
    assert!(seen > 50, "only {seen} cases in no workflow");
}
