//! Experiments against packs that carry out the changes of an arm plainly.
//!
//! Random changes of a pack become the arms of two experiments. A case in an arm must come to what a pack comes to that
//! extends the first and makes the same changes; a case in an arm without changes, or in none, to what the pack comes to
//! without experiments. Asked of generated packs, of the corpus and of a shipped pack, by row, in columns, and by the
//! reference evaluator.

mod overlays;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use crate::check::samples::{Test, TestState};
use crate::diagnostic::Code;
use crate::engine::{Engine, LoadError};
use crate::generated::GeneratedPack;
use crate::generated::random::Random;
use crate::load_options::LoadOptions;
use crate::record::json;
use crate::value::Type;
use overlays::{Change, Changeable, overlays};

/// Packs in the gate, and with RECOUP_SOAK.
const PACKS: (u64, u64) = (220, 20_000);
/// How often each pack of the corpus is changed.
const CHANGES: (u64, u64) = (6, 200);
/// How many cases of a generated pack are decided.
const CASES: u64 = 8;

type Files = Vec<(String, String)>;

/// How often something happened.
type Reached = BTreeMap<&'static str, usize>;

/// The arms of a case in both experiments, and the pack that it must be decided by.
const COMBINATIONS: [(&str, &str, &str); 6] = [
    ("champion", "champion", ""),
    ("challenger", "champion", "over1"),
    ("challenger", "challenger", "over12"),
    ("rival", "champion", "over3"),
    ("rival", "challenger", "over32"),
    ("champion", "challenger", "over2"),
];

/// A pack, and what is asked of it.
struct Subject<'a> {
    name: &'a str,
    files: &'a Files,
    plain: &'a Engine,
    cases: Vec<Test>,
    /// A field that experiments can assign by.
    unit: String,
    changeable: Changeable,
}

impl<'a> Subject<'a> {
    /// Nothing for a pack in which no field says who is assigned.
    fn of(name: &'a str, files: &'a Files, plain: &'a Engine, cases: Vec<Test>) -> Option<Subject<'a>> {
        let fields = &plain.parts().checked.record.fields;
        let is_unit = |base: &Type| matches!(base, Type::Text | Type::Integer);
        let unit = fields.iter().find(|field| is_unit(&field.base) && field.decides)?.name.to_string();
        let own = format!("{name}/");
        let texts = files.iter().filter(|(path, _)| path.starts_with(&own)).map(|(_, text)| text.as_str());
        Some(Subject { name, files, plain, cases, unit, changeable: Changeable::of(texts) })
    }

    fn ask(&self, seed: u64, reached: &mut Reached) {
        let mut random = Random::new(seed ^ 0xa4_15);
        let mut taken = BTreeSet::new();
        let count = 1 + random.below(6);
        let mut changes = |number: usize, taken: &mut BTreeSet<String>| -> Vec<Change> {
            (0..count).filter_map(|index| self.changeable.change(&mut random, number + index, taken)).collect()
        };
        let first = changes(100, &mut taken);
        let mut of_rival = taken.clone();
        let second = changes(200, &mut taken);
        // A rival may change what the challenger changes, but nothing of the other experiment.
        of_rival = taken.difference(&of_rival).cloned().collect();
        let rival = changes(300, &mut of_rival);
        if first.is_empty() && second.is_empty() && rival.is_empty() {
            return;
        }
        let over = |name: &str, base: &str, changes: &[Change]| {
            let head = format!("pack: {name}\nversion: 1.0.0\nformat: 1\nextends: [{base}]\n");
            (format!("{name}/pack.yaml"), format!("{head}{}", overlays(changes, "")))
        };
        let mut files = self.files.clone();
        files.extend([
            over("over1", self.name, &first),
            over("over2", self.name, &second),
            over("over12", "over1", &second),
            over("over3", self.name, &rival),
            over("over32", "over3", &second),
        ]);
        let mut engines: BTreeMap<&str, Engine> = BTreeMap::new();
        for (.., name) in COMBINATIONS.iter().filter(|(.., name)| !name.is_empty()) {
            match load(name, &files) {
                Ok(engine) => {
                    engines.insert(name, engine);
                }
                Err(_) => *reached.entry("changes that are refused").or_default() += 1,
            }
        }
        let arms = |arms: &[(&str, &[Change])]| -> String {
            let arm = |(name, changes): &(&str, &[Change])| {
                format!("      {name}:\n        weight: 1\n{}", overlays(changes, "        "))
            };
            arms.iter().map(arm).collect()
        };
        let unit = &self.unit;
        let experiment = |name: &str, eligible: &str, arms: &str| {
            format!("  {name}:\n    unit: {unit}\n    salt: {name}-{seed}\n{eligible}    arms:\n{arms}")
        };
        let one = arms(&[("champion", &[]), ("challenger", &first), ("rival", &rival)]);
        let two = arms(&[("champion", &[]), ("challenger", &second)]);
        let with = |eligible: &str| {
            let text =
                format!("experiments:\n{}{}", experiment("one", eligible, &one), experiment("two", eligible, &two));
            let mut files = self.files.clone();
            files.push((format!("{}/zz-experiments.yaml", self.name), text.clone()));
            (load(self.name, &files), text)
        };
        let (woven, text) = with("");
        let woven = match woven {
            Ok(woven) => woven,
            Err(LoadError::Refused(diagnostics)) => {
                let expected = [Code::FixedInExperiments, Code::OverlappingExperiments];
                let is_fixed = diagnostics.iter().any(|finding| expected.contains(&finding.code));
                // Where all packs load that make the changes plainly, so must the experiments.
                assert!(
                    is_fixed || engines.len() < COMBINATIONS.len() - 1,
                    "seed {seed} of {}:\n{}\n{text}\n{}",
                    self.name,
                    diagnostics.render_short(),
                    shown(&files),
                );
                *reached.entry("experiments that are refused").or_default() += 1;
                return;
            }
            Err(error) => panic!("seed {seed}: {error}"),
        };
        *reached.entry("packs").or_default() += 1;
        let at = |test: &Test| format!("seed {seed} of {}: {}\n{text}\n{}", self.name, test.name, shown(&files));
        for (index, case) in self.cases.iter().enumerate() {
            let (one, two, name) = COMBINATIONS[(index + random.below(COMBINATIONS.len())) % COMBINATIONS.len()];
            let wanted = if name.is_empty() { Some(self.plain) } else { engines.get(name) };
            let Some(wanted) = wanted else { continue };
            let mut state = case.state.clone().unwrap_or_default();
            state.arms.extend([("one", one), ("two", two)].map(|(name, arm)| (name.to_owned(), arm.to_owned())));
            let in_arm = test(case, Some(state));
            let found = outcome(&woven, &in_arm);
            let mut wanted = outcome(wanted, &test(case, case.state.clone()));
            mask_alike(&found, &mut wanted);
            assert_eq!(found, wanted, "{one}, {two}: {}", at(case));
            *reached.entry(if name.is_empty() { "without changes" } else { "in an arm" }).or_default() += 1;
            if let Ok(json) = &found {
                let json = json.to_string();
                *reached.entry(if json.contains("\"error\"") { "failing" } else { "good" }).or_default() += 1;
            }
        }
        self.batch(&woven, &mut random);
        let (nobody, _) = with("    eligible: 1 == 2\n");
        let nobody = nobody.unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        for case in &self.cases {
            let found = outcome(&nobody, &test(case, case.state.clone()));
            let mut wanted = outcome(self.plain, &test(case, case.state.clone()));
            mask_alike(&found, &mut wanted);
            assert_eq!(found, wanted, "in no arm: {}", at(case));
            *reached.entry("in no arm").or_default() += 1;
        }
    }

    /// Decides the cases in columns, each in an arm, and fails where one differs from the same case by itself.
    fn batch(&self, woven: &Engine, random: &mut Random) {
        let Some(as_of) = self.cases.first().map(|case| case.as_of) else { return };
        let mut evaluator = woven.evaluator(as_of).expect("an instant of these days");
        let (mut batch, mut singles) = (evaluator.batch(), Vec::new());
        for case in self.cases.iter().filter(|case| case.as_of == as_of) {
            let Ok(mut record) = evaluator.read_raw(&case.record) else { continue };
            let arm = random.pick(&["champion", "challenger"]);
            let said = TestState {
                arms: vec![("one".to_owned(), (*arm).to_owned()), ("two".to_owned(), "challenger".to_owned())],
                ..TestState::default()
            };
            let today = as_of.date_naive();
            if let Ok(state) = evaluator.test_state(&record, &said, today)
                && random.chance(80)
            {
                evaluator.put_state(&mut record, &state).expect("the state is the case's");
            }
            let mut single = evaluator.evaluation();
            evaluator.evaluate_into(&record, &mut single).expect("the record is of this pack");
            batch.push(&record).expect("the record is of this pack");
            singles.push(single);
        }
        batch.decide();
        let mut found = evaluator.evaluation();
        for (index, single) in singles.iter().enumerate() {
            batch.evaluation(index, &mut found).expect("the case was decided");
            let (instant, single, batch) = crate::engine::kept(single, &found);
            crate::agreement::of_batch(woven.planned(), instant, single, batch);
        }
    }
}

fn load(name: &str, files: &Files) -> Result<Engine, LoadError> {
    LoadOptions::new().without_analysis().from_sources(name, files.clone())
}

fn shown(files: &Files) -> String {
    files.iter().map(|(path, text)| format!("=== {path}\n{text}\n")).collect()
}

/// The same case, with a past.
fn test(case: &Test, state: Option<TestState>) -> Test {
    Test {
        host: case.host.clone(),
        name: case.name.clone(),
        span: case.span,
        as_of: case.as_of,
        record: case.record.clone(),
        state,
        offer: case.offer.clone(),
        attempt: case.attempt.clone(),
        expect: Vec::new(),
    }
}

/// What a case comes to, in words that do not tell which pack decided it.
fn outcome(engine: &Engine, test: &Test) -> Result<Json, String> {
    let decided = engine.try_test(test).map_err(|error| error.to_string())?;
    let mut json: Json = decided.decision.to_json().parse().expect("a decision is JSON");
    let map = json.as_object_mut().expect("a decision is a map");
    for key in ["pack", "arms", "state"] {
        map.remove(key);
    }
    // A pack without workflows says these only for a case with a state.
    if map.get("stage").is_none_or(Json::is_null) {
        map.remove("stage");
    }
    if map.get("actions").and_then(Json::as_array).is_none_or(Vec::is_empty) {
        map.remove("actions");
    }
    if let Some(offer) = &test.offer
        && let Ok(check) = engine.judge_offer_of(&decided, offer)
    {
        map.insert("judged".to_owned(), check.to_json().parse().expect("a check is JSON"));
    }
    if let Some(attempt) = &test.attempt {
        let judgement = engine.judgement(&decided, attempt);
        map.insert("judgement".to_owned(), format!("{judgement:?}").into());
    }
    worded(&mut json);
    let text = json.to_string().replace("@challenger", "").replace("@rival", "");
    let mut json: Json = text.parse().expect("it is still JSON");
    // Steps that do not read each other stand in an order that follows what they read in all arms together.
    for key in ["unknowns", "errors"] {
        if let Some(found) = json.get_mut(key).and_then(Json::as_array_mut) {
            found.sort_by_key(Json::to_string);
        }
    }
    Ok(json)
}

/// Masks what the woven pack masks: what is private follows from what all arms together read. It never masks less.
fn mask_alike(found: &Result<Json, String>, wanted: &mut Result<Json, String>) {
    let (Ok(found), Ok(wanted)) = (found, wanted) else { return };
    let errors = found["errors"].as_array().into_iter().flatten();
    for (found, wanted) in errors.zip(wanted["errors"].as_array_mut().into_iter().flatten()) {
        let is_same = found["at"] == wanted["at"] && found["code"] == wanted["code"];
        if is_same && found["message"].as_str().is_some_and(|message| message.ends_with("(the values are private)")) {
            wanted["message"] = found["message"].clone();
        }
    }
}

/// Numbers as text: whether a score is whole follows from all of its parts, those of other arms included.
fn worded(json: &mut Json) {
    match json {
        Json::Number(number) => *json = number.to_string().into(),
        Json::Array(items) => items.iter_mut().for_each(worded),
        Json::Object(map) => map.values_mut().for_each(worded),
        _ => {}
    }
}

/// A rule test of a case that is only decided.
fn case(name: String, record: &str, as_of: chrono::DateTime<chrono::Utc>, like: crate::source::Span) -> Test {
    let record = json::parse(record).expect("a case is JSON");
    Test {
        name,
        span: like,
        as_of,
        record,
        state: None,
        offer: None,
        attempt: None,
        host: Vec::new(),
        expect: Vec::new(),
    }
}

fn rare(reached: &Reached, wanted: &[(&'static str, usize)]) {
    let rare: Vec<_> = wanted.iter().filter(|(what, least)| reached.get(what).copied().unwrap_or(0) < *least).collect();
    assert!(rare.is_empty(), "hardly reached: {rare:?} of {reached:?}");
}

fn is_soak() -> bool {
    std::env::var_os("RECOUP_SOAK").is_some()
}

#[test]
fn arms_of_generated_packs_decide_as_packs_that_make_their_changes() {
    let packs = if is_soak() { PACKS.1 } else { PACKS.0 };
    let run = |thread: u64| {
        move || {
            let mut reached = Reached::new();
            for seed in (thread..packs).step_by(2) {
                let pack = GeneratedPack::new(seed);
                let plain = load("gen", &pack.files).expect("the pack loads");
                let head = plain.parts().checked.head;
                let cases = (0..CASES).map(|index| case(index.to_string(), &pack.case(index), pack.as_of(index), head));
                let cases = cases.collect();
                if let Some(subject) = Subject::of("gen", &pack.files, &plain, cases) {
                    subject.ask(seed, &mut reached);
                }
            }
            reached
        }
    };
    let mut reached = Reached::new();
    std::thread::scope(|scope| {
        let threads = [scope.spawn(run(0)), scope.spawn(run(1))];
        for (what, count) in threads.into_iter().flat_map(|thread| thread.join().expect("the packs agree")) {
            *reached.entry(what).or_default() += count;
        }
    });
    println!("{reached:?}");
    rare(&reached, &[("packs", 100), ("in an arm", 300), ("without changes", 80), ("in no arm", 500), ("failing", 20)]);
}

#[test]
fn arms_of_the_corpus_and_of_a_shipped_pack_decide_as_packs_that_make_their_changes() {
    let changes = if is_soak() { CHANGES.1 } else { CHANGES.0 };
    let mut reached = Reached::new();
    for (name, files) in crate::corpus::packs() {
        let plain = load(&name, &files).unwrap_or_else(|error| panic!("{error}"));
        let cases = plain.parts().checked.tests.iter().map(|case| test(case, case.state.clone())).collect();
        let Some(subject) = Subject::of(&name, &files, &plain, cases) else { continue };
        (0..changes).for_each(|seed| subject.ask(seed, &mut reached));
    }
    println!("{reached:?}");
    rare(&reached, &[("packs", 150), ("in an arm", 800), ("without changes", 150), ("in no arm", 1_500)]);
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../rules");
    let mut files = Files::new();
    for pack in ["base", "us-consumer"] {
        crate::corpus::folder(&rules, pack, &mut files);
    }
    // Its own experiments would touch what those of the test do.
    files.retain(|(path, text)| !text.starts_with("experiments:") && !path.ends_with("experiments.yaml"));
    let plain = load("us-consumer", &files).unwrap_or_else(|error| panic!("{error}"));
    let tests = plain.parts().checked.tests.iter().enumerate();
    let some = tests.filter(|(index, _)| index % 7 == 0).map(|(_, case)| test(case, case.state.clone())).collect();
    let mut subject = Subject::of("us-consumer", &files, &plain, some).expect("it has a unit");
    // Its contact rules read most of them.
    subject.changeable = subject.changeable.without_facts();
    let mut reached = Reached::new();
    (0..changes * 2).for_each(|seed| subject.ask(seed, &mut reached));
    println!("{reached:?}");
    rare(&reached, &[("packs", 4), ("in an arm", 100)]);
}
