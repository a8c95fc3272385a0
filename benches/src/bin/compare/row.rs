//! One case at a time: the policy by hand, by recoup, and by recoup with the reasons; how often each asks for memory.

use std::hint::black_box;

use recoup_benches::baseline;
use recoup_benches::engine::Evaluation;
use recoup_benches::timing::{Contender, compare};
use recoup_benches::workload::Workload;
use recoup_benches::{Error, Result};

use crate::report::Report;

const DECISIONS: usize = 10_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let workload = Workload::policy()?;
    let decide = |explained: bool| {
        let mut evaluation = Evaluation::default();
        let workload = &workload;
        move |order: &[usize]| {
            for place in order {
                assert!(workload.rows.decide(&workload.records[*place], &mut evaluation).is_ok());
                if explained {
                    black_box(evaluation.explain());
                }
                black_box(&evaluation);
            }
        }
    };
    let mut contenders = [
        Contender::new("hand-written Rust", |order| {
            for place in order {
                black_box(baseline::decide(black_box(&workload.cases[*place].plain)));
            }
        }),
        Contender::new("recoup", decide(false)),
        Contender::new("recoup, and the reasons", decide(true)),
    ];
    let times = compare(&mut contenders, workload.cases.len(), DECISIONS);
    let hand_written = times.first().ok_or("nothing was timed")?;
    for (contender, times) in contenders.iter().zip(&times) {
        report.time(&contender.name, times.median(), Some((times.ratio(hand_written), "hand-written")));
    }
    report.number("recoup, allocations for one case", allocations(&workload)?);
    Ok(())
}

fn allocations(workload: &Workload) -> Result<String> {
    let mut evaluation = Evaluation::default();
    let mut failed: Option<Error> = None;
    // What the first case makes ready is not counted.
    if let Some(record) = workload.records.first() {
        workload.rows.decide(record, &mut evaluation)?;
    }
    let counted = allocation_counter::measure(|| {
        for record in &workload.records {
            if let Err(error) = workload.rows.decide(record, &mut evaluation) {
                failed = Some(error);
            }
        }
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(format!("{:.1}", counted.count_total as f64 / workload.records.len() as f64)),
    }
}
