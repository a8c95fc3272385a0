//! The gates of a pay plan into rows, each a rule of its own. Their slots are the fields of the record that it goes over.

use super::{Hit, ResultPlace, Row, Table};
use crate::check::CheckedPack;

pub(super) fn lower(pack: &CheckedPack) -> Option<Table> {
    let plan = pack.pay_plan.as_ref()?;
    let rows = plan.gates.iter().map(|gate| Row {
        id: gate.id.clone(),
        conditions: gate.conditions.clone(),
        outputs: Vec::new(),
        annotations: gate.annotations.clone(),
        skips_unknown: gate.skips_unknown,
        span: gate.span,
    });
    Some(Table {
        id: "incentives/collector".into(),
        place: ResultPlace::Routine,
        hit: Hit::Each,
        outputs: Vec::new(),
        rows: rows.collect(),
        otherwise: None,
        span: plan.span,
    })
}
