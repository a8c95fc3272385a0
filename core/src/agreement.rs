//! Every way to decide a case against the reference evaluator, to the last bit.

use chrono::{DateTime, Utc};

use crate::decision::{Decision, LineWriter, Parts, write_key};
use crate::eval::{self, Cells, Evaluation, Instant, Pack};
use crate::explain::Explanation;
use crate::generated::GeneratedPack;
use crate::language::SlotId;
use crate::value::Outcome;

/// Fails where a case, decided by row, differs from what the reference evaluator says of the same fields.
pub(crate) fn of_row(parts: &Parts<'_>, pack: Pack<'_>, fields: &Cells, instant: &Instant, evaluation: &Evaluation) {
    let as_of: DateTime<Utc> = instant.as_of;
    let fields: Vec<Outcome> = (0..pack.checked.record.fields.len())
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
    let wanted = Decision::new(parts, as_of, &reference);
    assert_eq!(Decision::new(parts, as_of, &fired).to_json(), wanted.to_json());
    line_is_the_decision(parts, pack, instant, evaluation, &wanted);
    assert_eq!(Explanation::new(parts, as_of, &whole).to_json(), Explanation::new(parts, as_of, &reference).to_json());
}

/// Fails where the line that is written of an evaluation is not the JSON of its decision.
fn line_is_the_decision(
    parts: &Parts<'_>,
    pack: Pack<'_>,
    instant: &Instant,
    evaluation: &Evaluation,
    wanted: &Decision,
) {
    let writer = LineWriter::new(parts, pack, instant.as_of);
    let (mut fired, mut line) = (vec![7], b"before".to_vec());
    let decision = writer.write(parts, pack, instant, evaluation, &mut fired, &mut line);
    assert_eq!(String::from_utf8_lossy(&line), format!("before{}", wanted.to_json()));
    let ids: Vec<&str> = parts.checked.tables.iter().flat_map(|table| table.all_rows()).map(|row| &*row.id).collect();
    assert_eq!(fired.iter().map(|row| ids[*row]).collect::<Vec<&str>>(), wanted.fired().collect::<Vec<&str>>());
    assert!(decision.is_some() || wanted.unknowns().is_empty() && wanted.errors().is_empty());
    let mut key = String::new();
    write_key(pack, evaluation, &mut key);
    assert_eq!(key, wanted.key());
}

#[test]
fn generated_cases_are_decided_alike_in_every_way() {
    let is_soak = std::env::var_os("RECOUP_SOAK").is_some();
    let (packs, cases) = if is_soak { (20_000, 50) } else { (500, 40) };
    let threads = 2;
    std::thread::scope(|scope| {
        for thread in 0..threads {
            scope.spawn(move || {
                for seed in (thread..packs).step_by(threads) {
                    let pack = GeneratedPack::new(seed as u64);
                    let engine = pack.engine();
                    for case in 0..cases {
                        // What a case comes to is compared where it is decided.
                        let decided = std::panic::catch_unwind(|| {
                            let _ = engine.evaluate(&pack.case(case), pack.as_of(case));
                        });
                        assert!(decided.is_ok(), "case {case} of seed {seed}: {}\n{}", pack.case(case), pack.shown());
                    }
                }
            });
        }
    });
}
