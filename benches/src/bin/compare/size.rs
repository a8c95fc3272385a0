//! How the time for one case grows with the rows of a table and the rules of a policy.

use std::hint::black_box;

use recoup_benches::Result;
use recoup_benches::engine::Evaluation;
use recoup_benches::timing::{Contender, compare};
use recoup_benches::workload::Workload;

use crate::report::Report;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let mut tables = Vec::new();
    for rows in [12, 64, 256, 1_024, 4_096] {
        tables.push((format!("table of {rows} rows"), Workload::table(rows)?));
    }
    against_first(report, &tables, 1_000, "the first table")?;
    let policies = [
        ("policy of 76 rules".to_owned(), Workload::policy()?),
        ("policy of 5,000 rules".to_owned(), Workload::large_policy(5_000, 100)?),
    ];
    against_first(report, &policies, 100, "the first policy")
}

fn against_first(report: &mut Report, workloads: &[(String, Workload)], decisions: usize, first: &str) -> Result<()> {
    let mut contenders: Vec<Contender<'_>> = workloads
        .iter()
        .map(|(name, workload)| {
            let mut evaluation = Evaluation::default();
            Contender::new(name, move |order| {
                for place in order {
                    assert!(workload.rows.decide(&workload.records[*place], &mut evaluation).is_ok());
                    black_box(&evaluation);
                }
            })
        })
        .collect();
    let fewest = workloads.iter().map(|(_, workload)| workload.records.len()).min().unwrap_or(0);
    let times = compare(&mut contenders, fewest, decisions);
    let smallest = times.first().ok_or("nothing was timed")?;
    for (contender, times) in contenders.iter().zip(&times) {
        report.time(&contender.name, times.median(), Some((times.ratio(smallest), first)));
    }
    Ok(())
}
