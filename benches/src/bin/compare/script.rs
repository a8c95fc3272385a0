//! The policy with a fee that all cases pay: as an expression, by a script that needs no interpreter, and by one that does;
//! beside the policy alone.

use recoup_benches::Result;
use recoup_benches::contenders::{columns, rows};
use recoup_benches::pack::Fee;
use recoup_benches::timing::compare;
use recoup_benches::workload::Workload;

use crate::report::Report;

const DECISIONS: usize = 10_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let policy = Workload::policy()?;
    let fees = [
        ("a fee as an expression", Workload::fee(Fee::Expression)?),
        ("a fee by a native script", Workload::fee(Fee::Lowered)?),
        ("a fee by an interpreted script", Workload::fee(Fee::Interpreted)?),
    ];
    let all = || std::iter::once(("the policy", &policy)).chain(fees.iter().map(|(name, workload)| (*name, workload)));

    let mut contenders: Vec<_> = all().map(|(name, workload)| rows(name, workload)).collect();
    let times = compare(&mut contenders, policy.cases.len(), DECISIONS);
    for (contender, of) in contenders.iter().zip(&times) {
        report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "the policy")));
    }

    let (name, vectors) = policy.rows.vectors().last().ok_or("the machine has no vectors")?;
    let contenders: Result<Vec<_>> =
        all().map(|(of, workload)| columns(&format!("{of}, columns, {name}"), workload, vectors)).collect();
    let mut contenders = contenders?;
    let times = compare(&mut contenders, policy.cases.len(), DECISIONS);
    for (contender, of) in contenders.iter().zip(&times) {
        report.time(&contender.name, of.median(), Some((of.ratio(&times[0]), "the policy, columns")));
    }
    Ok(())
}
