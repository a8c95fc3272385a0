//! Many cases at once, in batches that stay in the cache: the policy by hand, by recoup one case at a time, and by
//! recoup in columns in all vectors of the machine.

use recoup_benches::Result;
use recoup_benches::contenders::{BATCH, Keep, columns, hand_written_batches, rows};
use recoup_benches::timing::compare;
use recoup_benches::workload::Workload;

use crate::report::Report;

const DECISIONS: usize = 10_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let workload = Workload::policy()?;
    let mut contenders = vec![hand_written_batches(&workload), rows("recoup, one at a time", &workload)];
    for (name, vectors) in workload.rows.vectors() {
        contenders.push(columns(&format!("recoup, columns, {name}"), &workload, vectors, Keep::Results)?);
    }
    let (widest, vectors) = workload.rows.vectors().last().ok_or("the machine has no vectors")?;
    let name = format!("recoup, columns, {widest}, conditions kept");
    contenders.push(columns(&name, &workload, vectors, Keep::Conditions)?);

    let times = compare(&mut contenders, workload.cases.len(), DECISIONS);
    for (contender, of) in contenders.iter().zip(&times) {
        report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "hand-written")));
    }
    report.ratio("  portable", times[2].ratio(&times[1]), "one at a time");
    if let [.., alone, kept] = times.as_slice() {
        report.ratio("  conditions kept", kept.ratio(alone), "deciding alone");
    }
    report.number("cases decided one by one", singly(&workload)?);
    Ok(())
}

/// How many of the cases the columns leave to be decided one by one.
fn singly(workload: &Workload) -> Result<String> {
    let (_, vectors) = workload.rows.vectors().next().ok_or("the machine has no vectors")?;
    let mut batch = workload.rows.batch(vectors)?;
    let mut count = 0;
    for records in workload.records.chunks(BATCH) {
        batch.clear();
        for record in records {
            batch.push(record)?;
        }
        batch.decide();
        count += batch.decided_singly();
    }
    Ok(format!("{count} of {}", workload.records.len()))
}
