//! One case at a time: the policy by hand, by recoup, and by recoup with what explains the decision kept or built; how
//! often a case asks for memory.

use std::cell::RefCell;
use std::hint::black_box;

use recoup_benches::contenders::{hand_written, rows};
use recoup_benches::engine::{Answers, Evaluation};
use recoup_benches::policy::Policy;
use recoup_benches::timing::{Contender, compare};
use recoup_benches::workload::Workload;
use recoup_benches::{Error, Result};

use crate::report::Report;

const DECISIONS: usize = 10_000;
/// So many decisions are kept at a time.
const KEPT: usize = 1_000;

/// Fills the section.
pub fn measure(report: &mut Report) -> Result<()> {
    let workload = Workload::policy()?;
    let kept = Kept::new(&workload);
    let mut contenders = [
        hand_written(&workload),
        rows("recoup", &workload),
        kept.contender(),
        reasons(&workload).at_most(DECISIONS / 10),
    ];
    let times = compare(&mut contenders, workload.cases.len(), DECISIONS);
    let (hand_written, alone) = (&times[0], &times[1]);
    for (contender, times) in contenders.iter().zip(&times) {
        report.time(&contender.name, times.median(), Some((times.ratio(hand_written), "hand-written")));
    }
    report.ratio("  what explains 1,000 cases kept", times[2].ratio(alone), "deciding alone");
    kept.check()?;
    report.number("recoup, allocations for one case", allocations(&workload)?);
    Ok(())
}

/// Decides, and builds the reasons of every case at once.
fn reasons(workload: &Workload) -> Contender<'_> {
    let mut rows = workload.rows.clone();
    let mut evaluation = rows.evaluation();
    Contender::new("recoup, the reasons built", move |order| {
        for place in order {
            assert!(rows.decide(&workload.records[*place], &mut evaluation).is_ok());
            black_box(evaluation.explain());
        }
    })
}

/// The evaluations of the last cases, from which their reasons can be built at any time.
struct Kept<'a> {
    workload: &'a Workload,
    /// Each with the place of its case.
    ring: RefCell<Vec<(usize, Evaluation)>>,
}

impl<'a> Kept<'a> {
    fn new(workload: &'a Workload) -> Kept<'a> {
        Kept { workload, ring: RefCell::new(vec![(0, workload.rows.evaluation()); KEPT]) }
    }

    fn contender(&self) -> Contender<'_> {
        let mut rows = self.workload.rows.clone();
        Contender::new("recoup, what explains 1,000 cases kept", move |order| {
            let mut ring = self.ring.borrow_mut();
            for (number, place) in order.iter().enumerate() {
                let (of, evaluation) = &mut ring[number % KEPT];
                *of = *place;
                assert!(rows.decide(black_box(&self.workload.records[*place]), evaluation).is_ok());
                black_box(&evaluation);
            }
        })
    }

    /// Every evaluation that was kept gives the answers and the reasons of its case.
    fn check(&self) -> Result<()> {
        let policy = Policy::committed()?;
        let mut rows = self.workload.rows.clone();
        let mut fresh = rows.evaluation();
        for (place, evaluation) in self.ring.borrow().iter() {
            let case = &self.workload.cases[*place];
            rows.decide(&self.workload.records[*place], &mut fresh)?;
            let reasons = evaluation.explain().to_json();
            if Answers::of(evaluation).outcome(&policy, 0)? != case.expected || reasons != fresh.explain().to_json() {
                return Err(format!("{}: what was kept is not what was decided", case.key).into());
            }
        }
        Ok(())
    }
}

/// Fails where there are any: all that the cases need is known and stands in machine integers.
fn allocations(workload: &Workload) -> Result<String> {
    let mut rows = workload.rows.clone();
    let mut evaluation = rows.evaluation();
    let mut failed: Option<Error> = None;
    let mut all = || {
        for record in &workload.records {
            if let Err(error) = rows.decide(record, &mut evaluation) {
                failed = Some(error);
            }
        }
    };
    // The room grows to what the cases need; that is not counted.
    all();
    let counted = allocation_counter::measure(all).count_total;
    match failed {
        Some(error) => Err(error),
        None if counted > 0 => Err(format!("{counted} allocations for {} cases", workload.records.len()).into()),
        None => Ok("0".to_owned()),
    }
}
