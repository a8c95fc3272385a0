//! The law of the next review: before it, nothing of a decision changes but `as_of`. Cases of all generated packs are
//! decided again and again while time goes on.

use chrono::{DateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use serde_json::Value as Json;

use super::packs::{CaseText, PackText};
use super::timed;
use crate::calendar::date_at;
use crate::engine::{Engine, RecordError};
use crate::generated::GeneratedPack;
use crate::generated::random::Random;
use crate::load_options::LoadOptions;
use crate::state::State;

/// Cases in the gate, and with RECOUP_SOAK.
const CASES: (u64, u64) = (1_000, 20_000);

/// How far time goes where nothing ever changes.
const DAYS: i64 = 400;

/// Where days begin that are looked at.
const ZONES: [chrono_tz::Tz; 7] = [
    chrono_tz::America::New_York,
    chrono_tz::America::Los_Angeles,
    chrono_tz::Europe::London,
    chrono_tz::Asia::Kolkata,
    chrono_tz::Pacific::Apia,
    chrono_tz::Asia::Tokyo,
    chrono_tz::Australia::Lord_Howe,
];

/// A case of a pack, and when it is decided.
struct Case {
    engine: Engine,
    record: String,
    state: Option<State>,
    as_of: DateTime<Utc>,
    pack: String,
    kind: &'static str,
}

/// How reviews came out.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    cases: u64,
    /// Reviews at some instant.
    reviews: u64,
    /// Reviews at which the decision is another one.
    exact: u64,
    /// Those behind the next day.
    far: u64,
    /// Instants that were looked at.
    instants: u64,
}

#[test]
fn nothing_but_as_of_changes_before_the_next_review() {
    let cases = if std::env::var_os("RECOUP_SOAK").is_some() { CASES.1 } else { CASES.0 };
    let run = |thread: u64| {
        move || {
            let mut counts = [Count::default(); 4];
            for seed in (0..cases).filter(|seed| seed % 2 == thread) {
                let index = usize::try_from(seed / 2 % 4).expect("a few");
                if let Some(case) = Case::new(index, seed) {
                    case.review(seed, &mut counts[index]);
                }
            }
            counts
        }
    };
    let counts: Vec<[Count; 4]> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..2).map(|thread| scope.spawn(run(thread))).collect();
        handles.into_iter().map(|handle| handle.join().expect("the law holds")).collect()
    });
    let all: Vec<Count> = (0..4)
        .map(|kind| {
            counts.iter().map(|counts| counts[kind]).fold(Count::default(), |a, b| Count {
                cases: a.cases + b.cases,
                reviews: a.reviews + b.reviews,
                exact: a.exact + b.exact,
                far: a.far + b.far,
                instants: a.instants + b.instants,
            })
        })
        .collect();
    println!("{all:#?}");
    // Refused cases are left out.
    assert!(all.iter().map(|count| count.cases).sum::<u64>() * 10 >= cases * 9, "{all:#?}");
    for (count, (least_exact, least_far)) in all.iter().zip([(30, 5), (60, 5), (40, 5), (60, 10)]) {
        assert!(count.exact * 100 >= count.reviews * least_exact, "{all:#?}");
        assert!(count.far * 100 >= count.reviews * least_far, "{all:#?}");
    }
}

impl Case {
    fn new(kind: usize, seed: u64) -> Option<Case> {
        let mut random = Random::new(seed ^ 0x4e_71e3);
        let load = |name: &str, text: &str| {
            let path = format!("{name}/pack.yaml");
            LoadOptions::new()
                .without_analysis()
                .from_sources(name, [(path.as_str(), text)])
                .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{text}"))
        };
        Some(match kind {
            0 => {
                let pack = GeneratedPack::new(seed);
                let (record, as_of) = (pack.case(seed % 7), pack.as_of(seed % 7));
                let (engine, pack) = (pack.engine(), pack.shown());
                // Refused records are refused at any time.
                engine.evaluate(&record, as_of).ok()?;
                Case { engine, record, state: None, as_of, pack, kind: "generated" }
            }
            1 => {
                let pack = PackText::new(seed);
                let engine = load("gen", &pack.text);
                let as_of: DateTime<Utc> = "2026-08-28T00:00:00Z".parse().expect("an instant");
                let as_of = as_of + TimeDelta::minutes(random.between(0, 20 * 1_440));
                let today = date_at(as_of, chrono_tz::America::New_York);
                let case = CaseText::new(&mut random, "C-1".to_owned(), today);
                let workflow = random.pick(&pack.workflows);
                let stage = random.pick(&workflow.stages).name;
                let since = today - chrono::Days::new(random.below(9) as u64);
                let state = engine.start("C-1", workflow.name, stage, since).expect("the pack has it");
                let state = random.chance(85).then_some(state);
                Case { engine, record: case.json(), state, as_of, pack: pack.text, kind: "workflows" }
            }
            2 => {
                let (mut text, cases) = crate::conduct::differential::texts(seed, 1);
                text.push_str(
                    r#"actions:
  phone: {contacting: true, channel: call}
  mail: {contacting: true, channel: letter, params: {purpose: text}}
workflows:
  w: {initial: s, stages: {s: {cadence: [{id: a, day: 0, do: phone}, {id: b, day: 0, do: mail, purpose: notice}]}}}
"#,
                );
                let engine = load("world", &text);
                let (record, as_of) = cases.into_iter().next()?;
                let since = date_at(as_of, chrono_tz::America::New_York) - chrono::Days::new(3);
                let state = Some(engine.start("C-1", "w", "s", since).expect("the pack has it"));
                Case { engine, record, state, as_of, pack: text, kind: "contact" }
            }
            _ => {
                let pack = timed::pack(seed);
                let engine = load("timed", &pack);
                let timed::Timed { record, as_of, state } = timed::case(&mut random, &engine);
                Case { engine, record, state, as_of, pack, kind: "timed" }
            }
        })
    }

    /// The decision at an instant, and its next review. Nothing where the instant is beyond those that can be.
    fn decide(&self, at: DateTime<Utc>) -> Option<(Json, Option<DateTime<Utc>>)> {
        // A batch of one: cases decided by row are each decided in all other ways too, which is tried elsewhere.
        let evaluator = self.engine.evaluator(at).ok()?;
        let refused = |error: RecordError| -> ! { panic!("{} {at}: {error}", self.shown()) };
        let mut record = evaluator.read(&self.record).unwrap_or_else(|error| refused(error));
        if let Some(state) = &self.state {
            evaluator.put_state(&mut record, state).unwrap_or_else(|error| refused(error));
        }
        let mut batch = evaluator.batch();
        batch.push(&record).expect("the record is of this pack");
        batch.decide();
        let mut evaluation = evaluator.evaluation();
        batch.evaluation(0, &mut evaluation).expect("it was decided");
        let decision = evaluation.decision();
        let mut json: Json = serde_json::from_str(&decision.to_json()).expect("a decision is JSON");
        without_as_of(&mut json, at);
        Some((json, decision.next_review_at()))
    }

    fn shown(&self) -> String {
        let state = self.state.as_ref().map(State::to_json);
        format!("{} as of {}\n{}\n{state:?}\n{}", self.kind, self.as_of, self.record, self.pack)
    }

    fn review(&self, seed: u64, count: &mut Count) {
        let Some((decision, next)) = self.decide(self.as_of) else { return };
        count.cases += 1;
        let end = next.unwrap_or_else(|| self.as_of + TimeDelta::days(DAYS));
        assert!(end > self.as_of, "seed {seed}: {next:?} is not behind {}", self.shown());
        for at in self.instants(seed, end) {
            let Some((then, _)) = self.decide(at) else { break };
            count.instants += 1;
            assert!(
                then == decision,
                "seed {seed}: at {at}, before {next:?}:\n{then}\nnot\n{decision}\n{}",
                self.shown()
            );
        }
        let Some(next) = next else { return };
        count.reviews += 1;
        count.far += u64::from(next - self.as_of > TimeDelta::days(1));
        if let Some((then, _)) = self.decide(next) {
            count.exact += u64::from(then != decision);
            if then == decision && std::env::var_os("SHOW").is_some() {
                println!("INEXACT {next}\n{}", self.shown());
            }
        }
    }

    /// Instants before an end at which something may change, and some others.
    fn instants(&self, seed: u64, end: DateTime<Utc>) -> Vec<DateTime<Utc>> {
        let mut random = Random::new(seed ^ 0x1257a275);
        let seconds = (end - self.as_of).num_seconds();
        let mut found = vec![end - TimeDelta::seconds(1), end - TimeDelta::minutes(1), end - TimeDelta::hours(1)];
        found.extend([1, 59, 60, 3_600].map(|seconds| self.as_of + TimeDelta::seconds(seconds)));
        found.extend((0..6).map(|_| self.as_of + TimeDelta::seconds(random.between(0, seconds.max(1)))));
        let days = (end - self.as_of).num_days() + 1;
        let mut near = |count: usize| {
            let day = if random.chance(60) { random.between(0, days.min(12)) } else { random.between(0, days) };
            let zone = ZONES[count % ZONES.len()];
            let time = match random.below(4) {
                0 | 1 => NaiveTime::MIN,
                2 => NaiveTime::from_hms_opt(8, 0, 0).expect("a time"),
                _ => NaiveTime::from_hms_opt(u32::try_from(random.below(24)).expect("an hour"), 0, 0).expect("a time"),
            };
            let day = date_at(self.as_of, zone).checked_add_days(chrono::Days::new(day.unsigned_abs()))?;
            let border = zone.from_local_datetime(&day.and_time(time)).earliest()?.to_utc();
            Some(border + TimeDelta::seconds(random.between(-1, 1)))
        };
        found.extend((0..14).filter_map(&mut near));
        // What is in the record, some days or hours on.
        let moments: Vec<DateTime<Utc>> =
            self.record.split('"').filter_map(|text| text.parse::<DateTime<Utc>>().ok()).collect();
        for moment in moments.iter().take(6) {
            for hours in [0, 24, 48, 7 * 24, random.between(1, 25), random.between(1, 60) * 24] {
                found.push(*moment + TimeDelta::hours(hours) + TimeDelta::seconds(random.between(-1, 1)));
            }
        }
        found.retain(|at| *at > self.as_of && *at < end);
        if self.pack.contains("attempt.at - until_at") {
            // Each decision looks at every minute of 400 days.
            found.truncate(4);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// Takes out of a decision what only repeats when it was made.
fn without_as_of(decision: &mut Json, at: DateTime<Utc>) {
    let Json::Object(keys) = decision else { panic!("a decision is an object") };
    for key in ["as_of", "today", "next_review_at"] {
        assert!(keys.remove(key).is_some(), "a decision has `{key}`");
    }
    for escalation in items(keys.get_mut("escalations")) {
        let hours = escalation["due_in"].as_str().and_then(|text| text.split_once(" hour")).map(|(hours, _)| hours);
        if let Some(hours) = hours.and_then(|hours| hours.parse::<i64>().ok()) {
            let due_on = escalation["due_on"].as_str().and_then(|due_on| due_on.parse::<DateTime<Utc>>().ok());
            if let Some(due_on) = due_on {
                assert_eq!(due_on, at + TimeDelta::hours(hours), "a deadline in hours goes with `as_of`");
                escalation["due_on"] = Json::Null;
            }
        }
    }
    for action in items(keys.get_mut("actions")) {
        for report in items(action.get_mut("contact")) {
            if report["verdict"] == "allow" {
                report["next_allowed_at"] = Json::Null;
                report["never_because"] = Json::Null;
            }
        }
    }
}

fn items(list: Option<&mut Json>) -> impl Iterator<Item = &mut Json> {
    list.and_then(Json::as_array_mut).into_iter().flatten()
}
