//! How the time for one case grows with the rows of a table and the rules of a policy, one case at a time and in columns.

use recoup_benches::Result;
use recoup_benches::contenders::{columns, rows};
use recoup_benches::engine::Vectors;
use recoup_benches::timing::compare;
use recoup_benches::workload::Workload;

use crate::report::Report;

/// Many: a contender begins a round with the caches full of what the one before it used.
const DECISIONS: usize = 10_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let mut tables = Vec::new();
    for (rows, written) in [(12, "12"), (64, "64"), (256, "256"), (1_024, "1,024"), (4_096, "4,096")] {
        tables.push((format!("table of {written} rows"), Workload::table(rows)?));
    }
    against_first(report, &tables, "12 rows")?;
    let policies = [
        ("policy of 76 rules".to_owned(), Workload::policy()?),
        ("policy of 5,000 rules in the same tables".to_owned(), Workload::long_policy(5_000, 1_000)?),
        ("66 policies, 5,000 rules".to_owned(), Workload::large_policy(5_000, 1_000)?),
    ];
    against_first(report, &policies, "76 rules")
}

/// The same way of deciding on all workloads, as multiples of the first one; and the ways beside each other on each.
fn against_first(report: &mut Report, workloads: &[(String, Workload)], first: &str) -> Result<()> {
    let mut contenders = Vec::new();
    for (name, workload) in workloads {
        let (widest, vectors) = workload.rows.vectors().last().ok_or("the machine has no vectors")?;
        contenders.push(rows(&format!("{name}, one at a time"), workload));
        let portable = Vectors::Portable;
        contenders.push(columns(&format!("{name}, columns, portable"), workload, portable)?);
        contenders.push(columns(&format!("{name}, columns, {widest}"), workload, vectors)?);
    }
    let fewest = workloads.iter().map(|(_, workload)| workload.records.len()).min().unwrap_or(0);
    let times = compare(&mut contenders, fewest, DECISIONS);
    for way in 0..3 {
        for (contender, of) in contenders.iter().zip(&times).skip(way).step_by(3) {
            report.time(&contender.name, of.median(), Some((of.ratio(&times[way]), first)));
        }
    }
    for ((name, _), of) in workloads.iter().zip(times.chunks(3)) {
        report.ratio(&format!("  {name}, columns, portable"), of[1].ratio(&of[0]), "one at a time");
    }
    Ok(())
}
