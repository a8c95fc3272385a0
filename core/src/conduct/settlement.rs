//! The limits of a settlement, and an offer judged by them.
//!
//! The share that must be paid is the floor with its modifiers; who may accept it follows from what is given up, as a
//! share and as a sum, both of which must lie within a role's authority. A higher offer is never judged worse.

use std::sync::Arc;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::workflow::moved;
use crate::check::settlement::{Authority, CheckedSettlement, Modifier};
use crate::eval::runner::Runner;
use crate::families::Settlement;
use crate::value::{Duration, ErrorCode, EvaluationError, Failure, Value, number};

/// What a settlement of a case may come to.
#[derive(Clone, Debug)]
pub(crate) struct Limits {
    /// The sum that is settled.
    pub(crate) of: Decimal,
    /// Why there is none: the qualified ids of what rules it out; nothing where the floor itself says so.
    pub(crate) none_because: Option<Vec<Arc<str>>>,
    /// For one payment and for each number of instalments that is permitted.
    pub(crate) limits: Vec<Limit>,
    /// The qualified ids of the modifiers that apply to a limit.
    pub(crate) modifiers: Vec<Arc<str>>,
    /// The last day on which it stands.
    pub(crate) valid_until: Option<NaiveDate>,
    /// The day by which the first instalment must be paid.
    pub(crate) first_by: Option<NaiveDate>,
}

/// The least that may be accepted in so many instalments.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Limit {
    pub(crate) instalments: u32,
    /// The share of the sum.
    pub(crate) percent: Decimal,
    pub(crate) amount: Decimal,
    /// The first role that may accept it; nothing without an authority, or where none may.
    pub(crate) role: Option<Arc<str>>,
}

/// An offer of a debtor.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) amount: Decimal,
    pub(crate) instalments: u32,
    pub(crate) role: Option<Arc<str>>,
}

/// What becomes of an offer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Judged {
    Accepted,
    /// The role that may accept it.
    NeedsApproval(Arc<str>),
    Refused {
        why: Refusal,
        /// An offer that would be accepted: amount and number of instalments.
        counter: Option<(Decimal, u32)>,
    },
}

/// Why an offer is refused.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Refusal {
    /// There is no settlement, for the sake of these.
    NoSettlement(Vec<Arc<str>>),
    TooManyInstalments(u32),
    /// An instalment would be smaller than the least one.
    InstalmentTooSmall(Decimal),
    /// Less than the limit.
    BelowFloor(Decimal),
    /// No role may give up so much.
    BeyondAuthority,
}

/// Finds the limits of a case. The runner's slots are those of the case's evaluation.
pub(crate) struct Settling<'r, 'a> {
    pub(crate) runner: &'r mut Runner<'a>,
    /// With the terms of the arms that the case is in.
    pub(crate) checked: &'r CheckedSettlement,
    pub(crate) lowered: &'a Settlement,
}

impl Settling<'_, '_> {
    /// The limits for one payment and for each permitted number of instalments.
    pub(crate) fn limits(&mut self) -> Result<Limits, Failure> {
        let of = self.of()?;
        let mut limits = Limits {
            of,
            none_because: None,
            limits: Vec::new(),
            modifiers: Vec::new(),
            valid_until: None,
            first_by: None,
        };
        let mut ruled_out = Vec::new();
        let mut failure: Option<Failure> = None;
        let rows = self.runner.pack().lowered.routine(self.lowered.none_when);
        for (row, hit) in self.runner.rows(self.lowered.none_when).iter() {
            match hit {
                Ok(()) => ruled_out.extend(rows.get(row).map(|row| row.id.clone())),
                Err(found) => failure = Some(failure.map_or(found.clone(), |known| known.and(found.clone()))),
            }
        }
        if !ruled_out.is_empty() {
            limits.none_because = Some(ruled_out);
            return Ok(limits);
        }
        if of.is_zero() || of.is_sign_negative() {
            limits.none_because = Some(Vec::new());
            return Ok(limits);
        }
        let (mut share, mut applied) = self.share(1)?;
        for count in 1..=self.most() {
            if count > 1 && self.lowered.depends_on_offer {
                (share, applied) = self.share(count)?;
            }
            let Some(percent) = share else { continue };
            let amount = self.amount(of, percent)?;
            if self.fits(amount, count)? {
                let role = self.role_for(of, amount)?.map(|role| role.role.clone());
                let fresh: Vec<Arc<str>> =
                    applied.iter().filter(|id| !limits.modifiers.contains(id)).cloned().collect();
                limits.modifiers.extend(fresh);
                limits.limits.push(Limit { instalments: count, percent, amount, role });
            }
        }
        if limits.limits.is_empty() {
            limits.none_because = Some(Vec::new());
            return Ok(limits);
        }
        // Where there is no settlement anyway, it does not matter what else may rule it out.
        if let Some(failure) = failure {
            return Err(failure);
        }
        limits.valid_until = self.day(self.checked.valid_for)?;
        limits.first_by = self.day(self.checked.instalments.as_ref().and_then(|terms| terms.first_within))?;
        Ok(limits)
    }

    /// Judges an offer that is above zero and not above the sum.
    pub(crate) fn judge(&mut self, offered: &Offered) -> Result<(Judged, Limits), Failure> {
        let role = offered.role.clone().map_or(Value::None, Value::Text);
        self.runner.set(self.lowered.offer.role, Ok(role));
        let limits = self.limits()?;
        let (of, count) = (limits.of, offered.instalments);
        if let Some(ids) = &limits.none_because {
            let judged = if ids.is_empty() && offered.amount == of && count == 1 {
                Judged::Accepted
            } else {
                let counter = ids.is_empty().then_some((of, 1));
                Judged::Refused { why: Refusal::NoSettlement(ids.clone()), counter }
            };
            return Ok((judged, limits));
        }
        // All at once is no settlement: nothing is given up.
        if offered.amount == of && count == 1 {
            return Ok((Judged::Accepted, limits));
        }
        let refused = |why, counter| Judged::Refused { why, counter };
        if count > self.most() {
            let counter = self.counter(&limits, offered)?;
            return Ok((refused(Refusal::TooManyInstalments(self.most()), counter), limits));
        }
        if !self.fits(offered.amount, count)? {
            let least = self.checked.instalments.as_ref().and_then(|terms| terms.at_least).unwrap_or_default();
            let counter = self.counter(&limits, offered)?;
            return Ok((refused(Refusal::InstalmentTooSmall(least), counter), limits));
        }
        let Some(least) = self.least(of, count)? else {
            let counter = self.counter(&limits, offered)?;
            return Ok((refused(Refusal::NoSettlement(Vec::new()), counter), limits));
        };
        if offered.amount < least {
            let counter = self.counter(&limits, offered)?;
            return Ok((refused(Refusal::BelowFloor(least), counter), limits));
        }
        if offered.amount == of || self.may(of, offered)? {
            return Ok((Judged::Accepted, limits));
        }
        let judged = match self.role_for(of, offered.amount)? {
            Some(role) => Judged::NeedsApproval(role.role.clone()),
            None => refused(Refusal::BeyondAuthority, self.counter(&limits, offered)?),
        };
        Ok((judged, limits))
    }

    /// The offer nearest to one that is refused that would be accepted: in as many instalments, or in fewer.
    fn counter(&mut self, limits: &Limits, offered: &Offered) -> Result<Option<(Decimal, u32)>, Failure> {
        let of = limits.of;
        for count in (1..=offered.instalments.min(self.most())).rev() {
            let Some(least) = self.least(of, count)? else { continue };
            let mut amount = least.max(offered.amount.min(of)).max(self.authorised(of, offered)?);
            if let Some(at_least) = self.checked.instalments.as_ref().and_then(|terms| terms.at_least)
                && count > 1
            {
                amount = amount.max(number::multiply(at_least, count.into())?);
            }
            let counter = Offered { amount, instalments: count, role: offered.role.clone() };
            if amount <= of && self.fits(amount, count)? && (amount == of || self.is_acceptable(of, &counter)?) {
                return Ok(Some((amount, count)));
            }
        }
        Ok(Some((of, 1)))
    }

    /// The least amount that the role of an offer may accept; zero without an authority.
    fn authorised(&self, of: Decimal, offered: &Offered) -> Result<Decimal, EvaluationError> {
        let Some(role) = self.role_of(offered) else { return Ok(Decimal::ZERO) };
        let mut given_up = of;
        if let Some(most) = role.max_amount {
            given_up = given_up.min(most);
        }
        if let Some(most) = role.max_percent {
            given_up = given_up.min(number::hundredth_of_product(of, most)?);
        }
        let amount = number::subtract(of, given_up)?;
        Ok(crate::value::Rounding::Up.round(amount, self.decimals()))
    }

    fn role_of(&self, offered: &Offered) -> Option<&Authority> {
        let role = offered.role.as_ref()?;
        self.checked.authority.iter().find(|known| known.role == *role)
    }

    /// Whether the role of an offer may accept it; without an authority everybody may.
    fn may(&self, of: Decimal, offered: &Offered) -> Result<bool, EvaluationError> {
        if self.checked.authority.is_empty() {
            return Ok(true);
        }
        match self.role_of(offered) {
            Some(role) => allows(role, of, offered.amount),
            None => Ok(false),
        }
    }

    /// Whether the role of an offer may accept it, or any role where none is named.
    fn is_acceptable(&self, of: Decimal, offered: &Offered) -> Result<bool, EvaluationError> {
        match &offered.role {
            Some(_) => self.may(of, offered),
            None => Ok(self.checked.authority.is_empty() || self.role_for(of, offered.amount)?.is_some()),
        }
    }

    /// The first role that may accept an amount.
    fn role_for(&self, of: Decimal, amount: Decimal) -> Result<Option<&Authority>, EvaluationError> {
        for role in &self.checked.authority {
            if allows(role, of, amount)? {
                return Ok(Some(role));
            }
        }
        Ok(None)
    }

    /// The most instalments that there may be.
    fn most(&self) -> u32 {
        self.checked.instalments.as_ref().map_or(1, |terms| terms.at_most)
    }

    /// Whether so many instalments of an amount are large enough.
    fn fits(&self, amount: Decimal, count: u32) -> Result<bool, EvaluationError> {
        // No instalment is nothing.
        let cent = Decimal::try_new(1, self.decimals()).unwrap_or(Decimal::ONE);
        let least = self.checked.instalments.as_ref().and_then(|terms| terms.at_least).unwrap_or(cent).max(cent);
        Ok(count <= 1 || amount >= number::multiply(least, count.into())?)
    }

    /// The least amount that may be accepted in so many instalments; nothing where there is no settlement.
    fn least(&mut self, of: Decimal, count: u32) -> Result<Option<Decimal>, Failure> {
        match self.share(count)?.0 {
            Some(percent) => Ok(Some(self.amount(of, percent)?)),
            None => Ok(None),
        }
    }

    fn amount(&self, of: Decimal, percent: Decimal) -> Result<Decimal, EvaluationError> {
        let amount = number::hundredth_of_product(of, percent)?;
        Ok(self.checked.rounding.round(amount, self.decimals()).min(of))
    }

    fn decimals(&self) -> u32 {
        self.runner.pack().checked.header.currency_decimals
    }

    /// The sum that is settled.
    fn of(&self) -> Result<Decimal, Failure> {
        match self.runner.value(&self.checked.of)? {
            Value::Money(of) => Ok(of),
            _ => Err(EvaluationError::new(ErrorCode::InvalidArgument, "there is no sum to settle").into()),
        }
    }

    /// The share that must be paid in so many instalments, and the modifiers that apply; nothing where the floor is
    /// none.
    fn share(&mut self, count: u32) -> Result<(Option<Decimal>, Vec<Arc<str>>), Failure> {
        self.runner.set(self.lowered.offer.instalments, Ok(Value::Integer(count.into())));
        let floor = self.runner.value(&self.checked.floor)?;
        let hits = self.runner.rows(self.lowered.modifiers);
        let mut changes: Vec<(Decimal, &Modifier)> = Vec::new();
        let mut failure: Option<Failure> = None;
        for (row, hit) in hits.iter() {
            let Some(modifier) = self.checked.modifiers.get(row) else { continue };
            let add = self.runner.value(&modifier.add);
            match (hit, add) {
                (Ok(()), Ok(Value::Percent(add))) => changes.push((add, modifier)),
                // One that may apply matters where it would change the share.
                (Err(_), Ok(Value::Percent(add))) if add.is_zero() => {}
                (Err(found), _) => {
                    failure = Some(failure.map_or(found.clone(), |known| known.and(found.clone())));
                }
                (Ok(()), Err(found)) => {
                    failure = Some(failure.map_or(found.clone(), |known| known.and(found)));
                }
                (Ok(()), Ok(_)) => {}
            }
        }
        let Value::Percent(floor) = floor else { return Ok((None, Vec::new())) };
        let applied = changes.iter().map(|(_, modifier)| modifier.id.clone()).collect();
        match failure {
            Some(failure) => Err(failure),
            None => Ok((Some(CheckedSettlement::share(floor, &changes)?), applied)),
        }
    }

    fn day(&mut self, length: Option<Duration>) -> Result<Option<NaiveDate>, EvaluationError> {
        if let (Some(review), Some(length)) = (self.runner.review(), length) {
            review.shows_day(length);
        }
        let calendar = self.runner.pack().checked.calendar.as_ref();
        length.map(|length| moved(self.runner.today(), length, calendar)).transpose()
    }
}

/// Whether a role may accept an amount: what is given up lies within both of its limits.
fn allows(role: &Authority, of: Decimal, amount: Decimal) -> Result<bool, EvaluationError> {
    let given_up = number::subtract(of, amount)?;
    if role.max_amount.is_some_and(|most| given_up > most) {
        return Ok(false);
    }
    match role.max_percent {
        // Exact, without a division: given up * 100 <= most * sum.
        Some(most) => Ok(number::multiply(given_up, Decimal::ONE_HUNDRED)? <= number::multiply(most, of)?),
        None => Ok(true),
    }
}
