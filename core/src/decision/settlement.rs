//! What a decision says of a settlement, and what becomes of an offer.

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::ser::{Serialize, Serializer};

use super::course::{date, optional_date};
use crate::conduct::settlement::{Judged, Limit, Limits, Refusal};
use crate::finance::Instalment;
use crate::value::show::Show;
use crate::value::{Failure, Value};

/// What a settlement of a case may come to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SettlementReport {
    /// The sum that is settled.
    pub of: String,
    /// Why there is no settlement: the qualified ids of what rules one out; empty where the floor allows none. None
    /// where there is one.
    pub none_because: Option<Vec<Arc<str>>>,
    /// The least that may be accepted, for one payment and for each permitted number of instalments.
    pub limits: Vec<SettlementLimit>,
    /// The last day on which an offer on these terms stands.
    #[serde(serialize_with = "optional_date")]
    pub valid_until: Option<NaiveDate>,
    /// The day by which the first instalment must be paid.
    #[serde(serialize_with = "optional_date")]
    pub first_by: Option<NaiveDate>,
}

/// The least that may be accepted in so many instalments.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct SettlementLimit {
    /// How many instalments.
    pub instalments: u32,
    /// The share of the sum.
    pub percent: String,
    /// The amount.
    pub amount: String,
    /// The first role that may accept it; none without an authority, or where no role may.
    pub role: Option<Arc<str>>,
}

/// What becomes of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OfferVerdict {
    /// It is accepted.
    Accepted,
    /// A role with more authority may accept it.
    NeedsApproval,
    /// It is refused.
    Refused,
    /// It cannot be judged: something is not known, or failed.
    Unknown,
}

impl OfferVerdict {
    /// `accepted`, `needs_approval`, `refused` or `unknown`.
    pub fn word(self) -> &'static str {
        match self {
            OfferVerdict::Accepted => "accepted",
            OfferVerdict::NeedsApproval => "needs_approval",
            OfferVerdict::Refused => "refused",
            OfferVerdict::Unknown => "unknown",
        }
    }
}

/// An offer and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct OfferReport {
    /// The amount that is offered.
    pub amount: String,
    /// In how many instalments.
    pub instalments: u32,
    /// Who is to accept it.
    pub role: Option<String>,
    /// What becomes of it.
    #[serde(serialize_with = "word")]
    pub verdict: OfferVerdict,
    /// The role that may accept it, where the one that was named may not.
    pub approval_by: Option<Arc<str>>,
    /// Why it is refused, or cannot be judged.
    pub because: Option<String>,
    /// The qualified ids of the rules for which it is refused, or the facts that are not known.
    pub rules: Vec<Arc<str>>,
    /// An offer that would be accepted, where this one is refused.
    pub counter: Option<CounterOffer>,
    /// The instalments of an offer that is not refused: monthly, the first by the day it must be paid, or today.
    pub plan: Vec<PlannedInstalment>,
    /// The last day on which it stands.
    #[serde(serialize_with = "optional_date")]
    pub valid_until: Option<NaiveDate>,
    /// The day by which the first instalment must be paid.
    #[serde(serialize_with = "optional_date")]
    pub first_by: Option<NaiveDate>,
}

/// One instalment of an offer.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct PlannedInstalment {
    /// When it is due.
    #[serde(serialize_with = "date")]
    pub due: NaiveDate,
    /// How much.
    pub amount: String,
}

/// An offer that would be accepted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct CounterOffer {
    /// The amount.
    pub amount: String,
    /// In how many instalments.
    pub instalments: u32,
}

impl SettlementReport {
    pub(crate) fn new(limits: &Limits, show: Show) -> SettlementReport {
        let limit = |limit: &Limit| SettlementLimit {
            instalments: limit.instalments,
            percent: show.text(&Value::Percent(limit.percent)),
            amount: show.text(&Value::Money(limit.amount)),
            role: limit.role.clone(),
        };
        SettlementReport {
            of: show.text(&Value::Money(limits.of)),
            none_because: limits.none_because.clone(),
            limits: limits.limits.iter().map(limit).collect(),
            valid_until: limits.valid_until,
            first_by: limits.first_by,
        }
    }
}

impl OfferReport {
    /// An offer that was judged.
    pub(crate) fn new(
        offer: (Decimal, u32, Option<&str>),
        judged: &Judged,
        limits: &Limits,
        plan: &[Instalment],
        show: Show,
    ) -> OfferReport {
        let money = |amount: Decimal| show.text(&Value::Money(amount));
        let mut report = OfferReport::unjudged(offer, show);
        match judged {
            Judged::Accepted => report.verdict = OfferVerdict::Accepted,
            Judged::NeedsApproval(role) => {
                report.verdict = OfferVerdict::NeedsApproval;
                report.approval_by = Some(role.clone());
            }
            Judged::Refused { why, counter } => {
                report.verdict = OfferVerdict::Refused;
                report.because = Some(match why {
                    Refusal::NoSettlement(_) => "there is no settlement of this case".to_owned(),
                    Refusal::TooManyInstalments(most) => format!("at most {most} instalments are allowed"),
                    Refusal::InstalmentTooSmall(least) => format!("an instalment is at least {}", money(*least)),
                    Refusal::BelowFloor(least) => format!("at least {} must be paid", money(*least)),
                    Refusal::BeyondAuthority => "no role may give up so much".to_owned(),
                });
                if let Refusal::NoSettlement(ids) = why {
                    report.rules.clone_from(ids);
                }
                report.counter =
                    counter.map(|(amount, instalments)| CounterOffer { amount: money(amount), instalments });
            }
        }
        if report.verdict != OfferVerdict::Refused {
            let planned = |part: &Instalment| PlannedInstalment { due: part.due, amount: money(part.amount) };
            report.plan = plan.iter().map(planned).collect();
            (report.valid_until, report.first_by) = (limits.valid_until, limits.first_by);
        }
        report
    }

    /// An offer that cannot be judged.
    pub(crate) fn failed(offer: (Decimal, u32, Option<&str>), failure: &Failure, show: Show) -> OfferReport {
        let mut report = OfferReport::unjudged(offer, show);
        match failure {
            Failure::Unknown(facts) => {
                report.because = Some("something is not known".to_owned());
                report.rules = facts.to_vec();
            }
            Failure::Error(error) => report.because = Some(error.message.clone()),
        }
        report
    }

    fn unjudged((amount, instalments, role): (Decimal, u32, Option<&str>), show: Show) -> OfferReport {
        OfferReport {
            amount: show.text(&Value::Money(amount)),
            instalments,
            role: role.map(str::to_owned),
            verdict: OfferVerdict::Unknown,
            approval_by: None,
            because: None,
            rules: Vec::new(),
            counter: None,
            plan: Vec::new(),
            valid_until: None,
            first_by: None,
        }
    }
}

/// How a settlement stands in the JSON of a decision.
pub(super) struct SettlementJson<'a>(pub(super) &'a Result<SettlementReport, Failure>, pub(super) Show);

impl Serialize for SettlementJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Ok(report) => report.serialize(serializer),
            Err(failure) => self.1.outcome_json(&Err(failure.clone())).serialize(serializer),
        }
    }
}

fn word<S: Serializer>(verdict: &OfferVerdict, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(verdict.word())
}
