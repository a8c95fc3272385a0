//! The usual contenders: takes a workload, gives the policy by hand, recoup one case at a time, and recoup in columns.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::engine::Vectors;
use crate::timing::Contender;
use crate::workload::Workload;
use crate::{Result, baseline};

/// So many cases stand in a batch: few enough for the caches that belong to one core.
pub const BATCH: usize = 2_048;

/// The policy in hand-written Rust, one case at a time.
pub fn hand_written(workload: &Workload) -> Contender<'_> {
    let structs: Vec<baseline::Case> = workload.cases.iter().map(|case| case.plain).collect();
    Contender::new("hand-written Rust", move |order| {
        for place in order {
            black_box(baseline::decide(black_box(&structs[*place])));
        }
    })
}

/// The policy in hand-written Rust on batches of structs, which stand one beside the other in the order of the round.
pub fn hand_written_batches(workload: &Workload) -> Contender<'_> {
    let mut batch = Vec::with_capacity(BATCH);
    Contender::clocked("hand-written Rust", move |order| {
        let mut taken = Duration::ZERO;
        for places in order.chunks(BATCH) {
            batch.clear();
            batch.extend(places.iter().map(|place| workload.cases[*place].plain));
            // The first time brings the batch into the cache.
            for is_timed in [false, true] {
                let begun = Instant::now();
                for case in &batch {
                    black_box(baseline::decide(black_box(case)));
                }
                if is_timed {
                    taken += begun.elapsed();
                }
            }
        }
        taken
    })
}

/// recoup, one case at a time into one evaluation.
pub fn rows<'a>(name: &str, workload: &'a Workload) -> Contender<'a> {
    let mut rows = workload.rows.clone();
    let mut evaluation = rows.evaluation();
    Contender::new(name, move |order| {
        for place in order {
            assert!(rows.decide(black_box(&workload.records[*place]), &mut evaluation).is_ok());
            black_box(&evaluation);
        }
    })
}

/// recoup in batches. Only deciding is timed: each batch is filled before the clock starts.
///
/// # Errors
/// When the machine does not have these vectors.
pub fn columns<'a>(name: &str, workload: &'a Workload, vectors: Vectors) -> Result<Contender<'a>> {
    let mut batch = workload.rows.batch(vectors)?;
    Ok(Contender::clocked(name, move |order| {
        let mut taken = Duration::ZERO;
        for places in order.chunks(BATCH) {
            batch.clear();
            for place in places {
                assert!(batch.push(&workload.records[*place]).is_ok());
            }
            // The first time brings the batch into the cache.
            batch.decide();
            let begun = Instant::now();
            batch.decide();
            taken += begun.elapsed();
            black_box(&batch);
        }
        taken
    }))
}
