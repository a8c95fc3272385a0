//! Every way to decide a case against the reference evaluator, to the last bit.

use chrono::{DateTime, Utc};

use crate::conduct::review::next_review;
use crate::conduct::standing::Standing;
use crate::conduct::workflow::{Course, conduct};
use crate::decision::{DecidedCase, Decision, LineWriter, Parts, write_key};
use crate::eval::runner::Runner;
use crate::eval::{self, Cells, Evaluation, Instant, Pack, RowOutcome, TableTrace, Trace};
use crate::explain::Explanation;
use crate::generated::GeneratedPack;
use crate::language::SlotId;
use crate::language::functions::declared::Calls;
use crate::value::Outcome;

/// Fails where a case, decided by row, differs from what the reference evaluator says of the same fields.
pub(crate) fn of_row(
    parts: &Parts<'_>,
    pack: Pack<'_>,
    fields: &Cells,
    (standing, course): (&Standing, Option<&Course>),
    instant: &Instant,
    evaluation: &Evaluation,
) {
    let as_of: DateTime<Utc> = instant.as_of;
    let fields: Vec<Outcome> = (0..pack.checked.given())
        .map(|slot| fields.outcome(SlotId(crate::source::clamp(slot)), &pack.plan.storages))
        .collect();
    let reference = eval::evaluate(pack.checked, pack.lowered, fields, as_of);
    let whole = eval::replay::whole(pack, instant, evaluation);
    for (slot, (wanted, found)) in reference.slots.iter().zip(&whole.slots).enumerate() {
        let name = &pack.lowered.slots[slot].name;
        assert_eq!(
            format!("{found:?}"),
            format!("{wanted:?}"),
            "slot `{name}` of {}: {:?}",
            parts.identity.name,
            reference.slots
        );
    }
    for (table, (wanted, found)) in reference.tables.iter().zip(&whole.tables).enumerate() {
        assert_eq!(format!("{found:?}"), format!("{wanted:?}"), "step {table} of {}", parts.identity.name);
    }
    let fired = eval::replay::fired(pack, instant, evaluation);
    let by_meaning = course.map(|_| {
        let mut runner = Runner::new(pack, instant, Cells::of(pack.plan, &reference.slots)).by_meaning();
        let mut course = Course::default();
        conduct(&mut runner, standing.clone(), &mut course);
        course
    });
    let next = next_review(pack, instant, evaluation, standing, &Calls::default());
    let wanted = Decision::new(parts, as_of, &reference, by_meaning.as_ref(), next);
    assert_eq!(Decision::new(parts, as_of, &fired, course, next).to_json(), wanted.to_json());
    let next_review: &dyn Fn() -> Option<DateTime<Utc>> = &|| next;
    let case = DecidedCase { instant, evaluation, has_state: standing.has_state(), course, next_review };
    line_is_the_decision(parts, pack, &case, &wanted);
    let explained = |trace: &Trace| Explanation::new(parts, as_of, trace, &[]).to_json();
    assert_eq!(explained(&whole), explained(&reference));
}

/// Fails where a case of a batch differs from the same case decided by row.
pub(crate) fn of_batch(pack: Pack<'_>, instant: &Instant, single: &Evaluation, batch: &Evaluation) {
    let (wanted, found) = (eval::replay::whole(pack, instant, single), eval::replay::whole(pack, instant, batch));
    for (slot, (wanted, found)) in wanted.slots.iter().zip(&found.slots).enumerate() {
        assert_eq!(format!("{found:?}"), format!("{wanted:?}"), "slot `{}`", pack.lowered.slots[slot].name);
    }
    let (wanted, found) = (eval::replay::fired(pack, instant, single), eval::replay::fired(pack, instant, batch));
    for (step, (wanted, found)) in wanted.tables.iter().zip(&found.tables).enumerate() {
        assert_eq!(found.as_ref().map(shown), wanted.as_ref().map(shown), "step {step}");
    }
}

/// What decisions read of a table. Of rows that did not fire, a table that was asked knows more than one that was not.
fn shown(trace: &TableTrace) -> String {
    let outputs: Vec<_> = trace.fired.iter().map(|row| &trace.rows[*row].outputs).collect();
    let failed: Vec<_> = trace.rows.iter().filter(|row| matches!(row.outcome, RowOutcome::Failed(..))).collect();
    let TableTrace { fired, took_otherwise, results, failure, .. } = trace;
    format!("{fired:?} {outputs:?} {failed:?} {took_otherwise} {results:?} {failure:?}")
}

/// How many cases of a pack a test decides: mostly a few, sometimes more than a chunk of columns holds.
fn cases(seed: u64, usual: u64) -> u64 {
    match seed % 100 {
        0 => 1,
        1 => 512,
        2 => 513,
        3 => 1025,
        _ => usual,
    }
}

/// Decides cases of a generated pack in every way. Gives how many there were, and how many the columns left.
fn generated(seed: u64, usual: u64) -> (u64, u64) {
    let pack = GeneratedPack::new(seed);
    let engine = pack.engine();
    let mut batches: Vec<(DateTime<Utc>, crate::Batch, Vec<crate::Evaluation>)> = Vec::new();
    let mut count = 0;
    for case in 0..cases(seed, usual) {
        let as_of = pack.as_of(case);
        let mut evaluator = engine.evaluator(as_of).expect("an instant of these days");
        // Refused records are refused in every way.
        let Ok(record) = evaluator.read(&pack.case(case)) else { continue };
        let mut evaluation = evaluator.evaluation();
        evaluator.evaluate_into(&record, &mut evaluation).expect("the room is of this pack");
        count += 1;
        let index = match batches.iter().position(|(of, ..)| *of == as_of) {
            Some(index) => index,
            None => {
                batches.push((as_of, evaluator.batch(), Vec::new()));
                batches.len() - 1
            }
        };
        let (_, batch, evaluations) = &mut batches[index];
        batch.push(&record).expect("the record is of this pack");
        evaluations.push(evaluation);
    }
    let mut left = 0;
    for (as_of, batch, evaluations) in &mut batches {
        let evaluator = engine.evaluator(*as_of).expect("an instant of these days");
        let mut found = evaluator.evaluation();
        for vectors in [crate::Vectors::Portable, crate::Vectors::Avx2, crate::Vectors::Avx512] {
            if batch.use_vectors(vectors).is_err() {
                continue;
            }
            batch.decide();
            for (case, wanted) in evaluations.iter().enumerate() {
                batch.evaluation(case, &mut found).expect("the case was decided");
                let (instant, single, batch) = crate::engine::kept(wanted, &found);
                of_batch(engine.planned(), instant, single, batch);
            }
        }
        left += batch.tables_asked() as u64;
        batch.clear();
        batch.decide();
        assert!(batch.is_empty() && batch.evaluation(0, &mut found).is_err());
    }
    (count, left)
}

/// Fails where the line that is written of an evaluation is not the JSON of its decision.
fn line_is_the_decision(parts: &Parts<'_>, pack: Pack<'_>, case: &DecidedCase<'_>, wanted: &Decision) {
    let writer = LineWriter::new(parts, pack, case.instant.as_of);
    let (mut fired, mut line) = (vec![7], b"before".to_vec());
    let decision = writer.write(parts, pack, case, &mut fired, &mut line);
    assert_eq!(String::from_utf8_lossy(&line), format!("before{}", wanted.to_json()));
    let ids: Vec<&str> = crate::check::samples::rows(parts.checked).map(|id| &**id).collect();
    assert_eq!(fired.iter().map(|row| ids[*row]).collect::<Vec<&str>>(), wanted.fired().collect::<Vec<&str>>());
    assert!(decision.is_some() || wanted.unknowns().is_empty() && wanted.errors().is_empty());
    let mut key = String::new();
    write_key(pack, case.evaluation, &mut key);
    assert_eq!(key, wanted.key());
}

#[test]
fn generated_cases_are_decided_alike_in_every_way() {
    let is_soak = std::env::var_os("RECOUP_SOAK").is_some();
    let (packs, usual): (u64, u64) = if is_soak { (20_000, 50) } else { (480, 34) };
    let threads = 2;
    let counts: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads)
            .map(|thread| {
                scope.spawn(move || {
                    let mut counts = (0, 0);
                    for seed in (thread..packs).step_by(2) {
                        match std::panic::catch_unwind(|| generated(seed, usual)) {
                            Ok((count, left)) => counts = (counts.0 + count, counts.1 + left),
                            Err(_) => panic!("seed {seed}:\n{}", GeneratedPack::new(seed).shown()),
                        }
                    }
                    counts
                })
            })
            .collect();
        handles.into_iter().map(|handle| handle.join().expect("both threads agree")).collect()
    });
    let count: u64 = counts.iter().map(|(count, _)| count).sum();
    let left: u64 = counts.iter().map(|(_, left)| left).sum();
    println!("{count} cases; tables that the columns left to their meaning: {left}");
    assert!(count >= if is_soak { 1_000_000 } else { 20_000 }, "{count} cases");
}

#[test]
fn lists_are_gone_through_whatever_their_length() {
    let pack = r#"
pack: lists
version: 1.0.0
format: 1
currency: USD
time_zone: America/New_York
records:
  case:
    fields:
      case_id: {type: text, key: true}
      payments: {type: list, of: {amount: {type: money}, late: {type: boolean}}}
facts:
  paid: payments.filter(|p| not p.late).sum(|p| p.amount)
  late: payments.filter(|p| p.late).count()
  is_often: payments.count() > 128
segmentation:
  outputs: {segment: [often, seldom]}
  grid: |
    | row       | is_often | then segment |
    |-----------|----------|--------------|
    | often     | true     | often        |
    | otherwise |          | seldom       |
"#;
    let engine = crate::Engine::from_sources("lists", [("lists/pack.yaml", pack)]).expect("the pack loads");
    let mut evaluator = engine.evaluator("2026-09-07T18:00:00-04:00".parse().expect("an instant")).expect("room");
    let mut evaluation = evaluator.evaluation();
    let mut batch = evaluator.batch();
    for count in [0_u32, 1, 127, 128, 129, 1_000] {
        let payments: Vec<String> =
            (0..count).map(|index| format!(r#"{{"amount": {index}.10, "late": {}}}"#, index % 3 == 0)).collect();
        let record = evaluator
            .read(&format!(r#"{{"case_id": "A", "payments": [{}]}}"#, payments.join(", ")))
            .expect("the record fits");
        // Compares every slot with the reference evaluator's.
        evaluator.evaluate_into(&record, &mut evaluation).expect("the room is of this pack");
        let segment = if count > 128 { "often" } else { "seldom" };
        assert_eq!(evaluation.get("segment"), Some(crate::Answer::Known(segment.to_owned())), "{count} payments");
        batch.clear();
        batch.push(&record).expect("the record is of this pack");
        batch.decide();
        let mut found = evaluator.evaluation();
        batch.evaluation(0, &mut found).expect("the case was decided");
        let (instant, single, batch) = crate::engine::kept(&evaluation, &found);
        of_batch(engine.planned(), instant, single, batch);
    }
}
