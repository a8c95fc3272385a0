//! One case at a time through its workflow: stages, cadence, action ids, contact policies and the next minutes at which
//! they allow, by hand and by recoup.

use std::hint::black_box;

use recoup_benches::Result;
use recoup_benches::course::{Workload, as_of, baseline};
use recoup_benches::timing::{Contender, compare};

use crate::report::Report;

const DECISIONS: usize = 10_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let workload = Workload::new()?;
    let as_of = as_of()?;
    let mut rows = workload.rows.clone();
    let mut evaluation = rows.evaluation();
    let (mut others, mut other) = (workload.rows.clone(), workload.rows.evaluation());
    let mut contenders = [
        Contender::new("hand-written Rust", |order| {
            for place in order {
                black_box(baseline::decide(black_box(&workload.cases[*place]), as_of));
            }
        }),
        Contender::new("recoup", |order| {
            for place in order {
                assert!(rows.decide(black_box(&workload.records[*place]), &mut evaluation).is_ok());
                black_box(&evaluation);
            }
        }),
        Contender::new("recoup, the decisions built", |order| {
            for place in order {
                assert!(others.decide(black_box(&workload.records[*place]), &mut other).is_ok());
                black_box(other.decision());
            }
        }),
    ];
    let times = compare(&mut contenders, workload.cases.len(), DECISIONS);
    for (contender, of) in contenders.iter().zip(&times) {
        report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "hand-written")));
    }
    drop(contenders);
    let tenths = |count: u64| format!("{}.{}", count / 10, count % 10);
    let cases = u64::try_from(workload.cases.len())?;
    let by_hand = allocation_counter::measure(|| {
        for case in &workload.cases {
            black_box(baseline::decide(black_box(case), as_of));
        }
    });
    let by_recoup = allocation_counter::measure(|| {
        for record in &workload.records {
            assert!(rows.decide(black_box(record), &mut evaluation).is_ok());
        }
    });
    report.number("hand-written, allocations for one case", tenths(by_hand.count_total * 10 / cases));
    report.number("recoup, allocations for one case", tenths(by_recoup.count_total * 10 / cases));
    Ok(())
}
