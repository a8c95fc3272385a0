//! Many cases at once, in batches that stay in the cache: the policy by hand, by recoup one case at a time, and by
//! recoup in columns in all vectors of the machine.

use recoup_benches::Result;
use recoup_benches::contenders::{BATCH, columns, hand_written_batches, rows};
use recoup_benches::timing::compare;
use recoup_benches::workload::Workload;

use crate::report::Report;

const DECISIONS: usize = 10_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let workload = Workload::policy()?;
    let mut contenders = vec![hand_written_batches(&workload), rows("recoup, one at a time", &workload)];
    for (name, vectors) in workload.rows.vectors() {
        contenders.push(columns(&format!("recoup, columns, {name}"), &workload, vectors)?);
    }

    let times = compare(&mut contenders, workload.cases.len(), DECISIONS);
    for (contender, of) in contenders.iter().zip(&times) {
        report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "hand-written")));
    }
    report.ratio("  portable", times[2].ratio(&times[1]), "one at a time");
    report.number("tables asked case by case", asked(&workload)?);
    Ok(())
}

/// How often the columns cannot decide a table for a case.
fn asked(workload: &Workload) -> Result<String> {
    let (_, vectors) = workload.rows.vectors().next().ok_or("the machine has no vectors")?;
    let mut batch = workload.rows.batch(vectors)?;
    let mut count = 0;
    for records in workload.records.chunks(BATCH) {
        batch.clear();
        for record in records {
            batch.push(record)?;
        }
        batch.decide();
        count += batch.tables_asked();
    }
    Ok(count.to_string())
}
