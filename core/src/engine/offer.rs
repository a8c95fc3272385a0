//! One offer judged by the pack's settlement.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Decided, Engine, RecordError};
use crate::conduct::settlement::{Judged, Offered, Settling};
use crate::decision::{OfferReport, OfferVerdict};
use crate::finance::{Every, Instalment, Residue, Schedule, Shift, Size, instalments};
use crate::record::{Offer, Problem};
use crate::value::show::{self, Show};
use crate::value::{EvaluationError, Failure, Value};

/// What becomes of an offer.
///
/// Its JSON is the same bytes for the same pack, record, offer and `as_of`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferCheck {
    key: String,
    as_of: DateTime<Utc>,
    report: OfferReport,
}

impl OfferCheck {
    /// The case's key, as text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What becomes of it.
    pub fn verdict(&self) -> OfferVerdict {
        self.report.verdict
    }

    /// The offer, and why it is judged so.
    pub fn report(&self) -> &OfferReport {
        &self.report
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; none has.
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Engine {
    /// Judges an offer to settle a case. `record` is JSON text.
    ///
    /// # Errors
    /// All problems of the record and the offer, where one is not valid; and where the pack has no settlement.
    pub fn judge_offer(&self, record: &str, offer: &Offer, as_of: DateTime<Utc>) -> Result<OfferCheck, RecordError> {
        let decided = self.evaluate(record, as_of)?;
        self.judge_offer_of(&decided, offer)
    }

    /// Judges an offer to settle a case that was decided.
    ///
    /// # Errors
    /// All problems of the offer, where it is not valid; and where the pack has no settlement.
    pub fn judge_offer_of(&self, decided: &Decided, offer: &Offer) -> Result<OfferCheck, RecordError> {
        let pack = self.planned();
        let (Some(checked), Some(lowered)) = (&pack.checked.settlement, &pack.lowered.settlement) else {
            let help = Some("declare `settlement:`".to_owned());
            return Err(RecordError { problems: vec![Problem::new("offer", "the pack has no settlement", help)] });
        };
        let header = &pack.checked.header;
        let amount =
            offer.read(&checked.roles(), header.currency_decimals).map_err(|problems| RecordError { problems })?;
        let as_of = decided.decision.as_of();
        let show = Show { currency_decimals: header.currency_decimals };
        let mut runner = decided.evaluation.runner();
        if let Ok(Value::Money(of)) = runner.value(&checked.of)
            && amount > of
        {
            let (amount, of) = (show.text(&Value::Money(amount)), show.text(&Value::Money(of)));
            let help = Some(format!("offer at most {of}"));
            let problem = Problem::new("offer.amount", format!("`{amount}` is more than the {of} that are owed"), help);
            return Err(RecordError { problems: vec![problem] });
        }
        let offered = Offered { amount, instalments: offer.instalments, role: offer.role.as_deref().map(Arc::from) };
        let said = (amount, offer.instalments, offer.role.as_deref());
        let checked = checked.of_case(|slot| runner.slot(slot));
        let judged = Settling { runner: &mut runner, checked: &checked, lowered }.judge(&offered);
        let report = match judged {
            Ok((judged, limits)) => {
                let residue = checked.instalments.as_ref().map_or(Residue::Last, |terms| terms.residue);
                let plan = match judged {
                    Judged::Refused { .. } => Ok(Vec::new()),
                    _ => {
                        let first = limits.first_by.unwrap_or(runner.today());
                        let size = Size::Count { count: offer.instalments, residue };
                        plan(amount, size, first, header.currency_decimals)
                    }
                };
                match plan {
                    Ok(plan) => OfferReport::new(said, &judged, &limits, &plan, show),
                    Err(failure) => OfferReport::failed(said, &failure, show),
                }
            }
            Err(failure) => OfferReport::failed(said, &failure, show),
        };
        Ok(OfferCheck { key: decided.decision.key(), as_of, report })
    }
}

/// An amount in monthly instalments.
fn plan(amount: Decimal, size: Size, first: NaiveDate, decimals: u32) -> Result<Vec<Instalment>, Failure> {
    let schedule = Schedule { first, every: Every::Months(1), shift: Shift::Stay };
    instalments(amount, size, &schedule, decimals).map_err(|error| EvaluationError::from(error).into())
}

impl Serialize for OfferCheck {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("as_of", &show::instant(self.as_of))?;
        map.serialize_entry("offer", &self.report)?;
        map.end()
    }
}
