//! From the text of a pack to an engine that decides.

use std::hint::black_box;

use recoup_benches::Result;
use recoup_benches::engine;
use recoup_benches::timing::{Contender, compare};
use recoup_benches::workload::Workload;

use crate::report::Report;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let workloads = [
        ("load 76 rules, whole", Workload::policy()?),
        ("load 5,000 rules, whole", Workload::large_policy(5_000, 1)?),
        ("load a table of 4,096 rows, whole", Workload::table(4_096)?),
    ];
    let mut contenders: Vec<Contender<'_>> = workloads
        .iter()
        .map(|(name, workload)| {
            Contender::new(name, |_| {
                assert!(black_box(engine::load(black_box(&workload.sources))).is_ok());
            })
        })
        .collect();
    let times = compare(&mut contenders, 1, 1);
    let smallest = times.first().ok_or("nothing was timed")?;
    for (contender, times) in contenders.iter().zip(&times) {
        report.time(&contender.name, times.median(), Some((times.ratio(smallest), "76 rules")));
    }
    Ok(())
}
