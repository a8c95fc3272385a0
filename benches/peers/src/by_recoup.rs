//! recoup, one case at a time.

use recoup_benches::Result;
use recoup_benches::baseline::Outcome;
use recoup_benches::cases::{self, Case};
use recoup_benches::engine::{Evaluation, Record, Rows, load};
use recoup_benches::pack;
use recoup_benches::policy::Policy;

pub struct Peer {
    policy: Policy,
    rows: Rows,
    records: Vec<Record>,
    evaluation: Evaluation,
}

impl Peer {
    pub fn new(policy: &Policy, cases: &[Case]) -> Result<Peer> {
        let rows = Rows::new(&load(&pack::of_policies(std::slice::from_ref(policy)))?)?;
        let records = cases
            .iter()
            .map(|case| rows.read(&cases::record(policy, &case.key, &case.values)))
            .collect::<Result<Vec<_>>>()?;
        Ok(Peer { policy: policy.clone(), rows, records, evaluation: Evaluation::default() })
    }
}

impl crate::Peer for Peer {
    fn name(&self) -> String {
        format!("recoup {}", env!("CARGO_PKG_VERSION"))
    }

    fn decide(&mut self, place: usize) -> Result<()> {
        let record = self.records.get(place).ok_or("there is no such case")?;
        self.rows.decide(record, &mut self.evaluation)
    }

    fn outcome(&self) -> Result<Outcome> {
        self.evaluation.outcome(&self.policy, 0)
    }
}
