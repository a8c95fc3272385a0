//! Incentives into a routine: which offers a debtor gets.

use super::{RoutineId, Row, Table, routine};
use crate::check::CheckedPack;
use crate::check::incentives::Worth;
use crate::language::Expr;

/// The incentives for debtors. What is said beside conditions stands in the checked pack.
#[derive(Debug)]
pub(crate) struct Incentives {
    /// A row for each offer.
    pub(crate) offers: RoutineId,
    asked: Vec<Expr>,
}

impl Incentives {
    /// Calls `visit` on every expression that stands in no routine.
    pub(super) fn each_asked<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.asked.iter().for_each(visit);
    }
}

pub(super) fn lower(pack: &CheckedPack, routines: &mut Vec<Table>) -> Option<Incentives> {
    let incentives = pack.incentives.as_ref()?;
    let rows = incentives.offers.iter().map(|offer| Row {
        id: offer.id.clone(),
        conditions: offer.conditions.clone(),
        outputs: Vec::new(),
        annotations: offer.annotations.clone(),
        skips_unknown: offer.skips_unknown,
        span: offer.span,
    });
    let rows = rows.collect();
    let offers = routine(routines, &"incentives/debtor".into(), rows, incentives.span);
    let worths = incentives.offers.iter().flat_map(|offer| {
        let worth = match &offer.worth {
            Worth::Share(percent, of) => vec![percent, of],
            Worth::Amount(amount) => vec![amount],
        };
        worth.into_iter().chain(&offer.valid_until)
    });
    let asked = worths.chain(incentives.cap.iter().map(|(_, of)| of)).cloned().collect();
    Some(Incentives { offers, asked })
}
