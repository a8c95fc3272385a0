//! Settlement into routines: what rules one out, and which modifiers apply.

use super::{RoutineId, Row, Table, routine};
use crate::check::CheckedPack;
use crate::check::settlement::OfferSlots;
use crate::check::tables::Annotations;
use crate::language::Expr;

/// The settlement of a pack. What is said beside conditions stands in the checked pack.
#[derive(Debug)]
pub(crate) struct Settlement {
    pub(crate) offer: OfferSlots,
    /// A row for each condition that rules a settlement out.
    pub(crate) none_when: RoutineId,
    /// A row for each modifier.
    pub(crate) modifiers: RoutineId,
    /// Whether modifiers, or the floor, depend on the offer.
    pub(crate) depends_on_offer: bool,
    asked: Vec<Expr>,
}

impl Settlement {
    /// Calls `visit` on every expression that stands in no routine.
    pub(super) fn each_asked<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.asked.iter().for_each(visit);
    }
}

pub(super) fn lower(pack: &CheckedPack, routines: &mut Vec<Table>) -> Option<Settlement> {
    let (settlement, offer) = (pack.settlement.as_ref()?, pack.offer?);
    let row = |id: &std::sync::Arc<str>, conditions, annotations: &Annotations, skips_unknown, span| Row {
        id: id.clone(),
        conditions,
        outputs: Vec::new(),
        annotations: annotations.clone(),
        skips_unknown,
        span,
    };
    let none = Annotations::default();
    let none_when = settlement
        .none_when
        .iter()
        .map(|(id, condition)| row(id, vec![condition.clone()], &none, false, condition.expr.span));
    let none_when = none_when.collect();
    let none_when = routine(routines, &"settlement/none_when".into(), none_when, settlement.span);
    let modifiers = settlement.modifiers.iter().map(|modifier| {
        let (conditions, span) = (modifier.conditions.clone(), modifier.span);
        row(&modifier.id, conditions, &modifier.annotations, modifier.skips_unknown, span)
    });
    let modifiers = modifiers.collect();
    let modifiers = routine(routines, &"settlement/modifiers".into(), modifiers, settlement.span);
    let adds = || settlement.modifiers.iter().map(|modifier| &modifier.add);
    let asked: Vec<Expr> = [&settlement.of, &settlement.floor].into_iter().chain(adds()).cloned().collect();
    let conditions = settlement.modifiers.iter().flat_map(|modifier| &modifier.conditions);
    let mut exprs = conditions.map(|condition| &condition.expr).chain(&asked);
    let depends_on_offer =
        exprs.any(|expr| expr.slots().iter().any(|slot| [offer.instalments, offer.role].contains(slot)));
    Some(Settlement { offer, none_when, modifiers, depends_on_offer, asked })
}
