//! What a team earns together, and what each member gets of it.
//!
//! Takes the records of the members, in the order of their keys; gives the pool and its parts. The formulas are those of
//! [`finance::PayPlan`](crate::finance::PayPlan), with a scale of one tier above the target, and of
//! [`finance::split`](crate::finance::split). Who is in a team is the caller's matter.

use rust_decimal::Decimal;

use super::pay::amount;
use crate::check::team_pool::CheckedTeamPool;
use crate::eval::beside::Beside;
use crate::finance::{Pay, PayPlan, Rounding, Tier, TierMode, Tiers, split};
use crate::language::Expr;
use crate::value::show::Show;
use crate::value::{ErrorCode, EvaluationError, Failure, Value, number};

/// The record of one member of a team.
pub(crate) struct Member<'a> {
    pub(crate) key: &'a str,
    pub(crate) beside: Beside<'a>,
}

/// A number, or why it is not known.
type Amount = Result<Decimal, Failure>;

/// What a team earned, and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Pooled {
    /// What counts of all members together.
    pub(crate) base: Amount,
    /// The target of the team.
    pub(crate) above: Amount,
    pub(crate) cap: Option<Amount>,
    /// What the cap took off.
    pub(crate) cut: Option<Decimal>,
    pub(crate) pool: Amount,
    /// In the order of the members.
    pub(crate) parts: Vec<Part>,
    /// Whether there is a pool and nobody to whom it could go, for all weights are 0.
    pub(crate) has_no_weight: bool,
    /// What is not known, or failed, and matters: where, and why.
    pub(crate) failures: Vec<(&'static str, Failure)>,
}

/// What one member brought in, and gets.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) key: String,
    pub(crate) base: Amount,
    pub(crate) weight: Amount,
    pub(crate) share: Amount,
}

/// The members of one team, and how its pool is made.
struct Team<'a> {
    members: &'a [Member<'a>],
    checked: &'a CheckedTeamPool,
    decimals: u32,
}

/// What a team of these members earned. `decimals` are those of the currency.
///
/// Where the base of a member is not known, nothing else is. A target or a cap that is not known matters where there
/// could be a pool, a weight where there is one.
pub(crate) fn pooled(members: &[Member<'_>], checked: &CheckedTeamPool, decimals: u32) -> Pooled {
    let team = Team { members, checked, decimals };
    let bases: Vec<Amount> = members.iter().map(|member| amount(member.beside.value(&checked.base))).collect();
    let weights: Vec<Amount> = members.iter().map(|member| team.weight(member)).collect();
    let base = team.sum(&bases);
    let above = team.agreed(&checked.above, "target");
    let cap = checked.cap.as_ref().map(|cap| team.agreed(cap, "cap"));
    let (pool, cut) = match base.clone().and_then(|base| team.pool(base, &above, cap.as_ref())) {
        Ok((pool, cut)) => (Ok(pool), cut),
        Err(failure) => (Err(failure), None),
    };
    let has_pool = matches!(&pool, Ok(pool) if !pool.is_zero());
    let has_no_weight = has_pool && weights.iter().all(|weight| matches!(weight, Ok(weight) if weight.is_zero()));
    let shares = if has_pool && !has_no_weight {
        team.shares(&pool, &weights)
    } else {
        let share = pool.clone().map(|_| Decimal::ZERO);
        vec![share; members.len()]
    };

    // What fails is named wherever it does; what is not known, where it matters.
    let (of_target, of_weights) = (base.is_ok() && pool.is_err(), has_pool);
    let failed = |at: &'static str, amount: &Amount, matters: bool| {
        let failure = amount.as_ref().err().filter(|failure| matters || matches!(failure, Failure::Error(_)))?;
        Some((at, failure.clone()))
    };
    let mut failures: Vec<_> = bases.iter().filter_map(|base| failed("base", base, true)).collect();
    failures.extend(failed("above", &above, of_target));
    failures.extend(cap.iter().filter_map(|cap| failed("cap", cap, of_target)));
    failures.extend(weights.iter().filter_map(|weight| failed("split_by", weight, of_weights)));
    for outcome in [&base, &pool].into_iter().chain(shares.first()) {
        // A calculation that failed though all that it takes is known.
        if let Err(failure @ Failure::Error(_)) = outcome
            && !failures.iter().any(|(_, known)| known == failure)
        {
            failures.push(("", failure.clone()));
        }
    }
    let parts = members.iter().zip(bases).zip(weights).zip(shares);
    let parts = parts.map(|(((member, base), weight), share)| Part { key: member.key.to_owned(), base, weight, share });
    Pooled { base, above, cap, cut, pool, parts: parts.collect(), has_no_weight, failures }
}

impl Team<'_> {
    /// What counts of all members together: one that brought in less than nothing lowers it.
    fn sum(&self, bases: &[Amount]) -> Amount {
        let known = all_known(bases)?;
        let sum = known.into_iter().try_fold(Decimal::ZERO, number::add);
        sum.map_err(|error| self.fails(&self.checked.base, error))
    }

    /// The pool, and what the cap took off where that is known.
    fn pool(&self, base: Decimal, above: &Amount, cap: Option<&Amount>) -> Result<(Decimal, Option<Decimal>), Failure> {
        let known = |amount: &Amount| amount.as_ref().copied().ok();
        // The most that it may be: where that is nothing, no doubt about the target or the cap matters.
        let most = self
            .pay(base, known(above).unwrap_or(Decimal::ZERO), cap.and_then(known))
            .map_err(|error| self.fails(&self.checked.base, error))?;
        let doubts = [Some(above), cap].into_iter().flatten().filter_map(|amount| amount.as_ref().err());
        match doubts.cloned().reduce(Failure::and) {
            Some(_) if most.amount.is_zero() => Ok((Decimal::ZERO, None)),
            Some(doubt) => Err(doubt),
            None => Ok((most.amount, Some(most.cut))),
        }
    }

    /// The percentage of what lies above the target, rounded once, and no more than the cap.
    fn pay(&self, base: Decimal, above: Decimal, cap: Option<Decimal>) -> Result<Pay, EvaluationError> {
        let checked = self.checked;
        let plan = PayPlan {
            tiers: Tiers::new(TierMode::Marginal, [Tier { from: above, percent: checked.percent }])?,
            accelerator: None,
            cap: cap.map(|cap| checked.rounding.round(cap, self.decimals)),
            decimals: self.decimals,
            rounding: Rounding::from(checked.rounding),
        };
        Ok(plan.pay(base.max(Decimal::ZERO), &[])?)
    }

    /// What each member gets of a pool.
    fn shares(&self, pool: &Amount, weights: &[Amount]) -> Vec<Amount> {
        let split = pool.clone().and_then(|pool| {
            let weights = all_known(weights)?;
            split(pool, &weights, self.decimals).map_err(|error| self.fails(&self.checked.split_by, error.into()))
        });
        match split {
            Ok(shares) => shares.into_iter().map(Ok).collect(),
            Err(failure) => vec![Err(failure); self.members.len()],
        }
    }

    /// The weight of a member.
    fn weight(&self, member: &Member<'_>) -> Amount {
        let expr = &self.checked.split_by;
        let weight = amount(member.beside.value(expr))?;
        if weight >= Decimal::ZERO {
            return Ok(weight);
        }
        let message = format!("the weight of `{}` is {weight}, which is negative: give 0 or more", member.key);
        Err(member.beside.error(expr, EvaluationError::new(ErrorCode::InvalidArgument, message)))
    }

    /// What all members say alike: an amount that the team has once.
    fn agreed(&self, expr: &Expr, what: &str) -> Amount {
        let said: Vec<Amount> = self.members.iter().map(|member| amount(member.beside.value(expr))).collect();
        let said = all_known(&said)?;
        let mut amounts = self.members.iter().zip(said);
        let Some((first, agreed)) = amounts.next() else { return Ok(Decimal::ZERO) };
        let shown = |amount| Show { currency_decimals: self.decimals }.text(&Value::Money(amount));
        let message = if agreed < Decimal::ZERO {
            Some(format!("the {what} of `{}` is {}, which is negative: give 0 or more", first.key, shown(agreed)))
        } else {
            amounts.find(|(_, amount)| *amount != agreed).map(|(other, amount)| {
                let (one, two) = (shown(agreed), shown(amount));
                format!(
                    "the {what} is {one} for `{}` and {two} for `{}`: say the same for all of a team",
                    first.key, other.key
                )
            })
        };
        match message {
            Some(message) => Err(self.fails(expr, EvaluationError::new(ErrorCode::InvalidArgument, message))),
            None => Ok(agreed),
        }
    }

    /// An error of a calculation over all members. Private values do not stand in it.
    fn fails(&self, expr: &Expr, error: EvaluationError) -> Failure {
        match self.members.first() {
            Some(member) => member.beside.error(expr, error),
            None => error.into(),
        }
    }
}

/// All numbers, or all that keeps one from being known.
fn all_known(amounts: &[Amount]) -> Result<Vec<Decimal>, Failure> {
    match amounts.iter().filter_map(|amount| amount.as_ref().err()).cloned().reduce(Failure::and) {
        Some(failure) => Err(failure),
        None => Ok(amounts.iter().filter_map(|amount| amount.as_ref().ok()).copied().collect()),
    }
}
