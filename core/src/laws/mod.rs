//! Laws of workflows, over generated packs and runs of days in which a host does what it is asked, or does not.

mod model;
mod packs;
mod review;
mod timed;

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::calendar::date_at;
use crate::conduct::{ActionStatus, Verdict};
use crate::decision::Decision;
use crate::engine::Engine;
use crate::generated::random::Random;
use crate::load_options::LoadOptions;
use crate::state::State;
use packs::{CaseText, PackText};

/// Packs in the gate, and with RECOUP_SOAK. Each is asked for the cases of [`CASES`] on the days of [`DAYS`].
const PACKS: (u64, u64) = (150, 15_000);
const CASES: u64 = 2;
const DAYS: u64 = 9;

/// How often something happened that the laws are about.
type Reached = BTreeMap<&'static str, usize>;

/// A case and what its host knows of it.
struct Followed {
    random: Random,
    case: CaseText,
    state: Option<State>,
    /// What is recorded as done: entry, step, occurrence.
    done: HashSet<(u32, String, u32)>,
    /// What was due on the day before, by entry, step and occurrence: day 0 of the stage, and the id.
    due: HashMap<(u32, String, u32), (NaiveDate, String)>,
}

struct Day<'a> {
    seed: u64,
    schema: &'a jsonschema::Validator,
    pack: &'a PackText,
    engine: &'a Engine,
    as_of: DateTime<Utc>,
    today: NaiveDate,
}

#[test]
fn the_laws_of_workflows_hold() {
    let packs = if std::env::var_os("RECOUP_SOAK").is_some() { PACKS.1 } else { PACKS.0 };
    let threads = 2;
    let reached: Vec<Reached> = std::thread::scope(|scope| {
        let run = |thread| {
            move || {
                let mut reached = Reached::new();
                (0..packs).filter(|seed| seed % threads == thread).for_each(|seed| follow(seed, &mut reached));
                reached
            }
        };
        let handles: Vec<_> = (0..threads).map(|thread| scope.spawn(run(thread))).collect();
        handles.into_iter().map(|handle| handle.join().expect("the laws hold")).collect()
    });
    let mut all = Reached::new();
    for (what, count) in reached.into_iter().flatten() {
        *all.entry(what).or_default() += count;
    }
    let rare: Vec<&str> = REACHED.into_iter().filter(|what| all.get(what).copied().unwrap_or(0) < 3).collect();
    assert!(rare.is_empty(), "hardly reached: {rare:?} of {all:?}");
}

/// What must happen now and then, or the laws say little.
const REACHED: [&str; 31] = [
    "evaluations",
    "begins",
    "begins with a state",
    "stays in no workflow",
    "not known which workflow",
    "stage of another pack",
    "renamed",
    "moves",
    "moves twice",
    "resumes",
    "resumes with steps done",
    "nothing to resume",
    "stops at a stage that was entered",
    "stopped by an unknown",
    "stopped by an unknown before a match",
    "nothing changed",
    "ready",
    "blocked",
    "needs review",
    "approved",
    "denied though approved",
    "on hold",
    "stays due",
    "passed through with an action",
    "unknown step",
    "unknown date",
    "unknown parameter",
    "repeated",
    "two of one step",
    "other facts, other states",
    "counted with the one before",
];

/// Follows the cases of a pack for some days.
fn follow(seed: u64, reached: &mut Reached) {
    let pack = PackText::new(seed);
    let engine = LoadOptions::new()
        .without_analysis()
        .from_sources("gen", [("gen/pack.yaml", pack.text.as_str())])
        .unwrap_or_else(|error| panic!("the pack of seed {seed}: {error}\n{}", pack.text));
    let schema = engine.decision_schema().parse().expect("a schema is JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema is one");
    let first = NaiveDate::from_ymd_opt(2026, 8, 28).expect("a day");
    let mut cases: Vec<Followed> = (0..CASES).map(|case| Followed::new(seed, case, first, &pack, &engine)).collect();
    let mut today = first;
    let mut random = Random::new(seed ^ 0x00da_7e5d);
    for _ in 0..DAYS {
        let as_of =
            today.and_hms_opt(10, 0, 0).expect("a time").and_utc() + TimeDelta::minutes(random.between(0, 1_000));
        let today_there = date_at(as_of, chrono_tz::America::New_York);
        let day = Day { seed, schema: &schema, pack: &pack, engine: &engine, as_of, today: today_there };
        let decisions: Vec<Decision> = cases.iter().map(|followed| day.decide(followed, reached)).collect();
        day.batch_decides_alike(&cases, &decisions);
        for (followed, decision) in cases.iter_mut().zip(&decisions) {
            day.go_on(followed, decision);
        }
        today = today + Days::new(if random.chance(80) { 1 } else { random.below(9) as u64 + 1 });
    }
}

impl Followed {
    fn new(seed: u64, case: u64, today: NaiveDate, pack: &PackText, engine: &Engine) -> Followed {
        let mut random = Random::new(seed.wrapping_mul(131).wrapping_add(case) ^ 0xca5e);
        let key = format!("C-{case}");
        let workflow = random.pick(&pack.workflows).clone();
        let stages = &workflow.stages;
        let known = stages[random.below(stages.len())].name;
        let since = today - Days::new(random.below(9) as u64);
        let start = |stage| State::start(&key, workflow.name, stage, since, engine.pack().clone()).expect("it starts");
        let state = match random.below(12) {
            0 => Some(engine.start(&key, workflow.name, known, since).expect("the pack has it")),
            1 => Some(start("was_first")),
            2 => Some(start("gone")),
            // What was left is gone, or was renamed.
            3 | 4 => {
                let before = start(if random.chance(50) { "gone" } else { "was_first" });
                let mut copy = before.clone();
                copy.enter(known, since);
                Some(copy.with_revision_after(&before).expect("it enters"))
            }
            5 | 6 => {
                let before = State::in_no_workflow(&key, engine.pack().clone()).expect("a state");
                let mut copy = before.clone();
                copy.set_arm("trial", "control");
                Some(copy.with_revision_after(&before).expect("an arm"))
            }
            _ => None,
        };
        let case = CaseText::new(&mut random, key, today);
        Followed { random, case, state, done: HashSet::new(), due: HashMap::new() }
    }
}

impl Day<'_> {
    fn evaluate(&self, case: &CaseText, state: Option<&State>) -> Decision {
        let decided = self.engine.evaluate_with_state(&case.json(), state, self.as_of);
        decided.unwrap_or_else(|error| panic!("{}: {error}", self.at(case))).decision
    }

    fn at(&self, case: &CaseText) -> String {
        format!("seed {} case {} on {}: {}\n{}", self.seed, case.key, self.as_of, case.json(), self.pack.text)
    }

    /// Decides a case, and asks the laws that hold of it by itself.
    fn decide(&self, followed: &Followed, reached: &mut Reached) -> Decision {
        let (case, state) = (&followed.case, followed.state.as_ref());
        let decision = self.evaluate(case, state);
        let at = || format!("{}\n{}\n{:?}", self.at(case), decision.to_json(), state.map(State::to_json));
        *reached.entry("evaluations").or_default() += 1;
        assert_eq!(self.evaluate(case, state).to_json(), decision.to_json(), "again: {}", at());
        let loaded = state.map(|state| State::from_json(&state.to_json()).expect("it is read"));
        assert_eq!(self.evaluate(case, loaded.as_ref()).to_json(), decision.to_json(), "loaded: {}", at());

        let json = decision.to_json().parse().expect("a decision is JSON");
        let problems: Vec<String> = self.schema.iter_errors(&json).map(|problem| problem.to_string()).collect();
        assert!(problems.is_empty(), "{problems:?}: {}", at());

        model::check(self, case, state, &decision, reached);

        let ids: HashSet<&str> = decision.actions().iter().map(|action| action.id.as_str()).collect();
        assert_eq!(ids.len(), decision.actions().len(), "ids differ: {}", at());
        let since = decision.stage().map(|stage| stage.since);
        for action in decision.actions() {
            let done = action.done();
            let occurrence = (done.entry, done.step, done.occurrence);
            assert!(!followed.done.contains(&occurrence), "{occurrence:?} is done: {}", at());
            assert!(action.due <= self.today, "{occurrence:?} is not due yet: {}", at());
            if let Some((day_0, id)) = followed.due.get(&occurrence)
                && Some(*day_0) == since
            {
                assert_eq!(action.id, *id, "{occurrence:?} stays due: {}", at());
                *reached.entry("stays due").or_default() += 1;
            }
        }
        self.only_what_is_allowed_is_ready(case, &decision, reached);
        self.an_approval_lifts_no_denial(case, state, &decision, reached);
        self.other_facts_lead_to_other_revisions(followed, &decision, reached);
        decision
    }

    fn only_what_is_allowed_is_ready(&self, case: &CaseText, decision: &Decision, reached: &mut Reached) {
        let mut counts = |what| *reached.entry(what).or_default() += 1;
        for action in decision.actions() {
            let taken = action.contact.iter().find(|report| report.channel.as_deref() == action.channel.as_deref());
            match action.status {
                ActionStatus::Ready => {
                    counts("ready");
                    let is_approved = action.approved_by.is_some();
                    if let Some(taken) = taken.filter(|_| action.channel.is_some()) {
                        assert_ne!(taken.verdict, Verdict::Deny, "{}\n{}", self.at(case), decision.to_json());
                        assert!(taken.verdict == Verdict::Allow || is_approved, "{}", self.at(case));
                    } else {
                        assert!(action.contact.is_empty() && action.channel.is_none(), "{}", self.at(case));
                    }
                    if is_approved {
                        counts("approved");
                    }
                }
                ActionStatus::Blocked => counts("blocked"),
                ActionStatus::NeedsReview => counts("needs review"),
            }
            if action.hold.is_some() {
                assert_eq!(action.status, ActionStatus::Blocked, "{}", self.at(case));
                counts("on hold");
            }
        }
        // One that is allowed counts for the next.
        let counted = decision.actions().iter().filter(|action| {
            let has_policy = action.contact.iter().any(|report| report.has_policy);
            matches!(action.channel.as_deref(), Some("call" | "sms" | "email"))
                && has_policy
                && self.pack.text.contains("id: often")
        });
        let is_ready = |action: &&crate::decision::Action| action.status == ActionStatus::Ready;
        let ready = counted.filter(|action| action.approved_by.is_none()).filter(is_ready).count();
        assert!(ready <= 1, "{}\n{}", self.at(case), decision.to_json());
        let is_denied = |action: &crate::decision::Action| {
            action.contact.iter().flat_map(|report| &report.reasons).any(|reason| reason.rule.ends_with("/often"))
        };
        if ready == 1 && decision.actions().iter().any(is_denied) {
            counts("counted with the one before");
        }
    }

    /// With all actions approved, none is ready whose every channel is denied.
    fn an_approval_lifts_no_denial(
        &self,
        case: &CaseText,
        state: Option<&State>,
        decision: &Decision,
        reached: &mut Reached,
    ) {
        let Some(state) = state.filter(|_| !decision.actions().is_empty()) else { return };
        let approve = |state: State, action: &crate::decision::Action| state.approve(&action.id, "maria", self.as_of);
        let approved = decision.actions().iter().try_fold(state.clone(), approve).expect("it is approved");
        let decision = self.evaluate(case, Some(&approved));
        for action in decision.actions() {
            let is_denied = !action.contact.is_empty() && action.contact.iter().all(|it| it.verdict == Verdict::Deny);
            if is_denied {
                assert_eq!(action.status, ActionStatus::Blocked, "{}\n{}", self.at(case), decision.to_json());
                *reached.entry("denied though approved").or_default() += 1;
            }
        }
        self.only_what_is_allowed_is_ready(case, &decision, reached);
    }

    /// Two writers who start from one state are told apart where they do not come to the same.
    fn other_facts_lead_to_other_revisions(&self, followed: &Followed, decision: &Decision, reached: &mut Reached) {
        let mut random = followed.random.clone();
        let mut other = followed.case.clone();
        (0..4).for_each(|_| other.change(&mut random, self.today));
        let other = self.evaluate(&other, followed.state.as_ref());
        if let (Some(one), Some(other)) = (decision.state(), other.state()) {
            assert_eq!(one.revision() == other.revision(), one == other, "{}", self.at(&followed.case));
            *reached.entry("other facts, other states").or_default() += usize::from(one != other);
        }
    }

    fn batch_decides_alike(&self, cases: &[Followed], decisions: &[Decision]) {
        let mut evaluator = self.engine.evaluator(self.as_of).expect("an instant of these days");
        let mut batch = evaluator.batch();
        let mut evaluation = evaluator.evaluation();
        for (followed, wanted) in cases.iter().zip(decisions) {
            let mut record = evaluator.read(&followed.case.json()).expect("the record is read");
            if let Some(state) = &followed.state {
                evaluator.put_state(&mut record, state).expect("it is the case's own");
            }
            evaluator.evaluate_into(&record, &mut evaluation).expect("they belong together");
            assert_eq!(evaluation.decision().to_json(), wanted.to_json());
            batch.push(&record).expect("they belong together");
        }
        batch.decide();
        for (case, wanted) in decisions.iter().enumerate() {
            batch.evaluation(case, &mut evaluation).expect("it was decided");
            assert_eq!(evaluation.decision().to_json(), wanted.to_json(), "{}", self.at(&cases[case].case));
        }
    }

    /// What the host does until the next day.
    fn go_on(&self, followed: &mut Followed, decision: &Decision) {
        let Followed { random, case, state, done, due } = followed;
        *state = decision.state().cloned();
        due.clear();
        for action in decision.actions() {
            let recorded = action.done();
            let occurrence = (recorded.entry, recorded.step.clone(), recorded.occurrence);
            let Some(known) = state.as_ref() else { continue };
            let is_in_stage = decision.stage().is_some_and(|stage| action.step.contains(&format!("/{}/", stage.to)));
            if let Some(stage) = decision.stage().filter(|_| is_in_stage && known.entry() == recorded.entry) {
                due.insert(occurrence.clone(), (stage.since, action.id.clone()));
            }
            if action.status == ActionStatus::NeedsReview && random.chance(40) {
                *state = Some(known.approve(&action.id, "maria", self.as_of).expect("it is approved"));
            } else if action.status == ActionStatus::Ready && random.chance(60) {
                *state = Some(known.record(&recorded, "done", self.as_of).expect("it is recorded"));
                done.insert(occurrence);
                if let Some(channel) = &action.channel {
                    case.contacted(self.as_of, channel);
                }
            }
        }
        if let Some(known) = state.as_mut() {
            if random.chance(6) {
                *known = known
                    .hold("h", "ill", "jo", self.today, random.chance(80).then(|| self.today + Days::new(2)))
                    .expect("it holds");
            }
            if random.chance(20) && known.release("h").is_ok() {
                *known = known.release("h").expect("it is released");
            }
            let workflow = self.pack.workflows.iter().find(|workflow| Some(workflow.name) == known.workflow());
            if let Some(workflow) = workflow.filter(|_| random.chance(6)) {
                let stage = random.pick(&workflow.stages).name;
                *known = self.engine.move_to(known, stage, "jo", "asked", self.as_of).expect("the pack has it");
            }
        }
        for _ in 0..random.below(4) {
            case.change(random, self.today);
        }
    }
}
