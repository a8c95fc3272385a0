//! The offers that a debtor gets: in their order, without those that do not go together, up to the cap.

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::check::incentives::{CheckedIncentives, IncentiveOffer, Worth};
use crate::check::plain_id;
use crate::eval::runner::Runner;
use crate::families::Incentives;
use crate::value::{ErrorCode, EvaluationError, Failure, Value, number};

/// The offers of a case.
#[derive(Clone, Debug, Default)]
pub(crate) struct Offers {
    pub(crate) made: Vec<Made>,
    /// Offers that would be made, and why they are not.
    pub(crate) withheld: Vec<(Arc<str>, Withheld)>,
    /// Offers of which it is not known whether they are made, or what they are worth.
    pub(crate) failures: Vec<(Arc<str>, Failure)>,
}

/// An offer that is made.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) id: Arc<str>,
    pub(crate) kind: Arc<str>,
    /// The share that it gives, where it gives one.
    pub(crate) percent: Option<Decimal>,
    pub(crate) amount: Decimal,
    /// Whether the cap left less than it would give.
    pub(crate) is_capped: bool,
    pub(crate) valid_until: Option<NaiveDate>,
    pub(crate) not_with: Vec<Arc<str>>,
    pub(crate) because: Option<String>,
    pub(crate) source: Option<String>,
}

/// Why an offer is not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Withheld {
    /// Another one is made, with which it does not go.
    NotWith(Arc<str>),
    /// The cap leaves nothing.
    Capped,
    /// It stood until this day.
    Lapsed(NaiveDate),
}

/// An offer that may be made, and what it may come to.
struct Doubtful<'a> {
    offer: &'a IncentiveOffer,
    amount: Option<Decimal>,
    failure: Failure,
}

/// Finds the offers of a case. The runner's slots are those of the case's evaluation.
pub(crate) fn offers(runner: &mut Runner<'_>, checked: &CheckedIncentives, lowered: &Incentives) -> Offers {
    let today = runner.today();
    let mut offers = Offers::default();
    let mut doubtful: Vec<Doubtful<'_>> = Vec::new();
    let cap = checked.cap.as_ref().map(|(percent, of)| runner.value(of).and_then(|of| share(*percent, of)));
    let mut total = Decimal::ZERO;
    let hits = runner.rows(lowered.offers);
    for (row, hit) in hits.iter() {
        let Some(offer) = checked.offers.get(row) else { continue };
        let mut made = match (hit, worth(runner, checked, offer)) {
            (Ok(()), Ok(made)) => made,
            (Err(failure), worth) => {
                doubtful.push(Doubtful { offer, amount: worth.ok().map(|made| made.amount), failure: failure.clone() });
                offers.failures.push((offer.id.clone(), failure.clone()));
                continue;
            }
            (Ok(()), Err(failure)) => {
                doubtful.push(Doubtful { offer, amount: None, failure: failure.clone() });
                offers.failures.push((offer.id.clone(), failure));
                continue;
            }
        };
        if let (Some(review), Some(behind)) = (runner.review(), made.valid_until.and_then(|until| until.succ_opt())) {
            review.on(behind);
        }
        if let Some(until) = made.valid_until.filter(|until| *until < today) {
            offers.withheld.push((made.id, Withheld::Lapsed(until)));
            continue;
        }
        if let Some(other) =
            offers.made.iter().find(|other| excludes(&made.id, &made.not_with, &other.id, &other.not_with))
        {
            offers.withheld.push((made.id, Withheld::NotWith(other.id.clone())));
            continue;
        }
        // One before it that may be made may keep it out.
        let keeps_out =
            doubtful.iter().find(|doubt| excludes(&made.id, &made.not_with, &doubt.offer.id, &doubt.offer.not_with));
        if let Some(doubt) = keeps_out {
            offers.failures.push((made.id, doubt.failure.clone()));
            continue;
        }
        match room(cap.as_ref(), total, &doubtful, made.amount) {
            Ok(Some(left)) if left.is_zero() => offers.withheld.push((made.id, Withheld::Capped)),
            Ok(left) => {
                if let Some(left) = left {
                    made.amount = left;
                    made.is_capped = true;
                }
                total = number::add(total, made.amount).unwrap_or(total);
                offers.made.push(made);
            }
            Err(failure) => offers.failures.push((made.id, failure)),
        }
    }
    offers
}

/// What the cap leaves of an amount; nothing where it leaves all of it.
fn room(
    cap: Option<&Result<Decimal, Failure>>,
    total: Decimal,
    doubtful: &[Doubtful<'_>],
    amount: Decimal,
) -> Result<Option<Decimal>, Failure> {
    let Some(cap) = cap else { return Ok(None) };
    let cap = cap.clone()?;
    let left = number::subtract(cap, total)?.max(Decimal::ZERO);
    // What may be given before it may leave less.
    let mut possible = total;
    for doubt in doubtful {
        match doubt.amount {
            Some(amount) => possible = number::add(possible, amount)?,
            None => return Err(doubt.failure.clone()),
        }
    }
    if number::add(possible, amount)? > cap
        && let Some(doubt) = doubtful.first()
    {
        return Err(doubt.failure.clone());
    }
    Ok((amount > left).then_some(left))
}

/// Whether two offers do not go together; each may say so.
fn excludes(id: &str, not_with: &[Arc<str>], other: &str, others: &[Arc<str>]) -> bool {
    let last = |id: &str| plain_id(id.rsplit('/').next().unwrap_or("")).to_owned();
    not_with.iter().any(|name| **name == *last(other)) || others.iter().any(|name| **name == *last(id))
}

fn worth(runner: &Runner<'_>, checked: &CheckedIncentives, offer: &IncentiveOffer) -> Result<Made, Failure> {
    let (percent, amount) = match &offer.worth {
        Worth::Share(percent, of) => match runner.value(percent)? {
            Value::Percent(percent) => (Some(percent), share(percent, runner.value(of)?)?),
            _ => return Err(nothing()),
        },
        Worth::Amount(amount) => match runner.value(amount)? {
            Value::Money(amount) => (None, amount),
            _ => return Err(nothing()),
        },
    };
    let valid_until = match &offer.valid_until {
        Some(until) => match runner.value(until)? {
            Value::Date(until) => Some(until),
            _ => None,
        },
        None => None,
    };
    let decimals = runner.pack().checked.header.currency_decimals;
    Ok(Made {
        id: offer.id.clone(),
        kind: offer.kind.clone(),
        percent,
        amount: checked.rounding.round(amount, decimals),
        is_capped: false,
        valid_until,
        not_with: offer.not_with.clone(),
        because: offer.annotations.because.clone(),
        source: offer.annotations.source.clone(),
    })
}

fn share(percent: Decimal, of: Value) -> Result<Decimal, Failure> {
    match of {
        Value::Money(of) => Ok(number::hundredth_of_product(of, percent)?),
        _ => Err(nothing()),
    }
}

fn nothing() -> Failure {
    EvaluationError::new(ErrorCode::InvalidArgument, "there is no sum of which this could be a share").into()
}
