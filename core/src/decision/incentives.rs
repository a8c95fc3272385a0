//! What a decision says of the incentives that a debtor gets.

use std::sync::Arc;

use chrono::NaiveDate;

use super::course::optional_date;
use crate::conduct::incentives::{Offers, Withheld};
use crate::value::Value;
use crate::value::show::Show;

/// The incentives of a case.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct IncentiveReport {
    /// What the debtor is offered, in the order of the pack.
    pub offers: Vec<Incentive>,
    /// What would be offered, and why it is not.
    pub withheld: Vec<WithheldIncentive>,
}

/// Something that is offered to a debtor.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Incentive {
    /// The qualified id of the offer.
    pub id: Arc<str>,
    /// What kind of thing it is, such as `discount`.
    pub kind: Arc<str>,
    /// The share that it gives, where it gives one.
    pub percent: Option<String>,
    /// What it comes to.
    pub amount: String,
    /// Whether the cap left less than it would give.
    pub capped: bool,
    /// The last day on which it stands.
    #[serde(serialize_with = "optional_date")]
    pub valid_until: Option<NaiveDate>,
    /// What it does not go with.
    pub not_with: Vec<Arc<str>>,
    /// Its `because`.
    pub because: Option<String>,
    /// Its `source`.
    pub source: Option<String>,
}

/// An offer that is not made though its conditions hold.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct WithheldIncentive {
    /// The qualified id of the offer.
    pub id: Arc<str>,
    /// Why, in one line.
    pub why: String,
}

impl IncentiveReport {
    pub(super) fn new(offers: &Offers, show: Show) -> IncentiveReport {
        let made = offers.made.iter().map(|made| Incentive {
            id: made.id.clone(),
            kind: made.kind.clone(),
            percent: made.percent.map(|percent| show.text(&Value::Percent(percent))),
            amount: show.text(&Value::Money(made.amount)),
            capped: made.is_capped,
            valid_until: made.valid_until,
            not_with: made.not_with.clone(),
            because: made.because.clone(),
            source: made.source.clone(),
        });
        let withheld = offers.withheld.iter().map(|(id, why)| WithheldIncentive {
            id: id.clone(),
            why: match why {
                Withheld::NotWith(other) => format!("it does not go with `{other}`"),
                Withheld::Capped => "the cap leaves nothing".to_owned(),
                Withheld::Lapsed(until) => format!("it stood until {until}"),
            },
        });
        IncentiveReport { offers: made.collect(), withheld: withheld.collect() }
    }
}
