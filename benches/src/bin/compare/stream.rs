//! Many cases at once from memory: a batch that no cache holds, against hand-written Rust over as many structs.

use std::cell::RefCell;
use std::hint::black_box;

use recoup_benches::baseline;
use recoup_benches::engine::{self, Answers, Batch, Rows, Vectors};
use recoup_benches::policy::Policy;
use recoup_benches::timing::{Contender, compare};
use recoup_benches::workload::SEED;
use recoup_benches::{Result, cases, generate, pack};

use crate::report::Report;

const CASES: usize = 1_000_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let policy = Policy::committed()?;
    let given = cases::committed()?;
    let rows = Rows::new(&engine::load(&pack::of_policies(std::slice::from_ref(&policy)))?)?;
    let mut structs = Vec::with_capacity(CASES);
    let mut batch = rows.batch(Vectors::Portable)?;
    for case in generate::cases(&policy, &given, CASES, SEED) {
        let case = case?;
        batch.push(&rows.read(&cases::record(&policy, &case.key, &case.values))?)?;
        structs.push(case.plain);
    }
    for (_, vectors) in rows.vectors() {
        batch.use_vectors(vectors)?;
        batch.decide();
        check(&policy, &rows, &batch, &structs)?;
    }

    let batch = RefCell::new(batch);
    // All decide all cases, where they stand: the order of a round is not used.
    let mut contenders = vec![Contender::new("hand-written Rust", |_| {
        for case in &structs {
            black_box(baseline::decide(black_box(case)));
        }
    })];
    for (name, vectors) in rows.vectors() {
        let batch = &batch;
        contenders.push(Contender::new(&format!("recoup, columns, {name}"), move |_| {
            let mut batch = batch.borrow_mut();
            assert!(batch.use_vectors(vectors).is_ok());
            batch.decide();
            black_box(&*batch);
        }));
    }
    let times = compare(&mut contenders, CASES, CASES);
    for (contender, of) in contenders.iter().zip(&times) {
        report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "hand-written")));
    }
    report.number("tables asked case by case", batch.borrow().tables_asked().to_string());
    Ok(())
}

fn check(policy: &Policy, rows: &Rows, batch: &Batch, structs: &[baseline::Case]) -> Result<()> {
    let mut evaluation = rows.evaluation();
    for (place, case) in structs.iter().enumerate() {
        batch.evaluation(place, &mut evaluation)?;
        let (outcome, expected) = (Answers::of(&evaluation).outcome(policy, 0)?, baseline::decide(case));
        if outcome != expected {
            return Err(format!("case {place}: {outcome:?}, but {expected:?} is right").into());
        }
    }
    Ok(())
}
