//! What a collector earns: the tiers of a pay plan over its base, the accelerator, the gates, the cap, and what
//! reversals take back.
//!
//! The formulas are those of [`finance::PayPlan`](crate::finance::PayPlan). Here it is told what is known: a gate, a
//! mark or a cap that is not known leaves the pay known where it could not change it.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::check::pay_plan::{CheckedPayPlan, ClawbackTerms};
use crate::eval::beside::Beside;
use crate::families::Table;
use crate::finance::{Accelerator, PayPlan, Reversal, Rounding, TierPart};
use crate::value::{EvaluationError, Failure, Outcome, Value, number, ops};

/// What a collector earned, and how it came about.
#[derive(Clone, Debug)]
pub(crate) struct Earned {
    pub(crate) base: Result<Decimal, Failure>,
    /// What each tier gives of the base.
    pub(crate) tiers: Vec<TierPart>,
    /// The mark of the accelerator, its factor, and what it adds.
    pub(crate) accelerator: Option<(Decimal, Decimal, Decimal)>,
    /// The gates that hold: their places in the plan.
    pub(crate) gates: Vec<usize>,
    pub(crate) cap: Option<Decimal>,
    /// What the cap took off.
    pub(crate) cut: Option<Decimal>,
    pub(crate) pay: Result<Decimal, Failure>,
    /// How much of the base was reversed in time, and what that takes back; nothing where the plan takes nothing back.
    pub(crate) reversed: Option<Result<Decimal, Failure>>,
    pub(crate) clawback: Option<Result<Decimal, Failure>>,
    /// What is not known, or failed, and matters: where, and why.
    pub(crate) failures: Vec<(&'static str, Option<usize>, Failure)>,
}

/// Something of the plan that is not known: where it stands, the place of a gate, and why.
type Doubt = (&'static str, Option<usize>, Failure);

/// A plan and gates that may be the true ones.
struct Possible {
    plan: PayPlan,
    gates: Vec<Decimal>,
}

/// The parts of a plan that are said in expressions, as far as they are known.
struct Terms<'a> {
    checked: &'a CheckedPayPlan,
    decimals: u32,
    /// Where nothing is known of the mark or the cap: both ends of what it may be.
    accelerators: Vec<Option<Accelerator>>,
    caps: Vec<Option<Decimal>>,
    held: Vec<usize>,
    doubts: Vec<Doubt>,
}

/// What a collector earned in the period of a record. `decimals` are those of the currency.
pub(crate) fn earned(
    beside: &Beside<'_>,
    checked: &CheckedPayPlan,
    gates: &Table,
    today: NaiveDate,
    decimals: u32,
) -> Earned {
    let terms = Terms::new(beside, checked, gates, decimals);
    let mut earned = Earned {
        base: amount(beside.value(&checked.base)),
        tiers: Vec::new(),
        accelerator: None,
        gates: terms.held.clone(),
        cap: match terms.caps.as_slice() {
            [cap] => *cap,
            _ => None,
        },
        cut: None,
        pay: Ok(Decimal::ZERO),
        reversed: None,
        clawback: None,
        failures: Vec::new(),
    };
    let possible = terms.possible();
    let pays = earned.base.clone().and_then(|base| {
        let pays = possible.iter().map(|possible| Ok(possible.plan.pay(base, &possible.gates)?));
        let pays =
            pays.collect::<Result<Vec<_>, EvaluationError>>().map_err(|error| beside.error(&checked.base, error))?;
        earned.tiers = checked.tiers.parts(base).map_err(|error| beside.error(&checked.base, error.into()))?;
        Ok(pays)
    });
    earned.pay = match &pays {
        Ok(pays) => agreed(pays.iter().map(|pay| pay.amount)).ok_or_else(|| terms.doubt()),
        Err(failure) => Err(failure.clone()),
    };
    if let Ok(pays) = &pays
        && let [pay] = pays.as_slice()
    {
        earned.cut = Some(pay.cut);
    }
    if let (Ok(pays), [Some(accelerator)]) = (&pays, terms.accelerators.as_slice())
        && let Some(Ok(added)) =
            pays.first().map(|pay| pay.accelerator.round(decimals, Rounding::from(checked.rounding)))
    {
        earned.accelerator = Some((accelerator.above, accelerator.times, added));
    }
    if let Some(clawback) = &checked.clawback {
        let reversals = reversals(beside, clawback, today);
        let within = i64::from(clawback.within_days);
        earned.reversed = Some(reversals.clone().and_then(|reversals| {
            let mut in_time = reversals.iter().filter(|reversal| days(reversal) <= within);
            Ok(in_time.try_fold(Decimal::ZERO, |sum, reversal| number::add(sum, reversal.amount))?)
        }));
        earned.clawback = Some(reversals.and_then(|reversals| {
            // The message shows the base and the payments: both are masked where one is private.
            let fails = |error: EvaluationError| {
                let error = EvaluationError { span: Some(clawback.of.span), ..error };
                match beside.error(&checked.base, error) {
                    Failure::Error(error) => beside.error(&clawback.of, (*error).clone()),
                    unknown => unknown,
                }
            };
            taken_back(&earned.base, &possible, &reversals, clawback.within_days, &terms, &fails)
        }));
    }
    earned.name_failures(&terms);
    earned
}

impl Earned {
    /// Names what is not known, once each: the base, the doubts that matter, and the list of reversals.
    fn name_failures(&mut self, terms: &Terms<'_>) {
        let Earned { base, pay, reversed, clawback, .. } = self;
        let mut failures: Vec<Doubt> = Vec::new();
        if let Err(failure) = base {
            failures.push(("base", None, failure.clone()));
        }
        if base.is_ok() && (pay.is_err() || matches!(clawback, Some(Err(_)))) {
            failures.extend(terms.doubts.iter().cloned());
        }
        if let Some(Err(failure)) = reversed {
            failures.push(("reversals", None, failure.clone()));
        }
        // A calculation that failed though all that it takes is known.
        for outcome in [Some(&*pay), clawback.as_ref()].into_iter().flatten() {
            if let Err(failure @ Failure::Error(_)) = outcome
                && !failures.iter().any(|(_, _, known)| known == failure)
            {
                failures.push(("", None, failure.clone()));
            }
        }
        self.failures = failures;
    }
}

impl<'a> Terms<'a> {
    fn new(beside: &Beside<'_>, checked: &'a CheckedPayPlan, gates: &Table, decimals: u32) -> Terms<'a> {
        let mut doubts = Vec::new();
        let accelerators = match &checked.accelerator {
            None => vec![None],
            Some((above, times)) => match amount(beside.value(above)) {
                Ok(above) => vec![Some(Accelerator { above, times: *times })],
                Err(failure) => {
                    doubts.push(("accelerator", None, failure));
                    // Above nothing, or above all that there is.
                    vec![None, Some(Accelerator { above: Decimal::ZERO, times: *times })]
                }
            },
        };
        let caps = match &checked.cap {
            None => vec![None],
            Some(cap) => match amount(beside.value(cap)) {
                Ok(cap) => vec![Some(checked.rounding.round(cap, decimals))],
                Err(failure) => {
                    doubts.push(("cap", None, failure));
                    vec![None, Some(Decimal::ZERO)]
                }
            },
        };
        let mut held = Vec::new();
        for (gate, hit) in beside.rows(gates) {
            match hit {
                Ok(()) => held.push(gate),
                Err(failure) => doubts.push(("gate", Some(gate), failure)),
            }
        }
        Terms { checked, decimals, accelerators, caps, held, doubts }
    }

    /// The ends of what the plan may be: pay rises or falls steadily with each part of it, so what lies between them
    /// gives no less and no more.
    fn possible(&self) -> Vec<Possible> {
        let times = |gate: &usize| self.checked.gates.get(*gate).map(|gate| gate.times);
        let doubtful: Vec<Decimal> =
            self.doubts.iter().filter_map(|(_, gate, _)| gate.as_ref()).filter_map(times).collect();
        let held = || self.held.iter().filter_map(times);
        let least: Vec<Decimal> =
            held().chain(doubtful.iter().copied().filter(|times| *times < Decimal::ONE)).collect();
        let most: Vec<Decimal> = held().chain(doubtful.iter().copied().filter(|times| *times > Decimal::ONE)).collect();
        let gates = if least == most { vec![least] } else { vec![least, most] };
        let mut possible = Vec::new();
        for accelerator in &self.accelerators {
            for cap in &self.caps {
                possible.extend(gates.iter().map(|gates| Possible {
                    plan: PayPlan {
                        tiers: self.checked.tiers.clone(),
                        accelerator: *accelerator,
                        cap: *cap,
                        decimals: self.decimals,
                        rounding: Rounding::from(self.checked.rounding),
                    },
                    gates: gates.clone(),
                }));
            }
        }
        possible
    }

    /// Why an amount is not known that the doubts leave open.
    fn doubt(&self) -> Failure {
        let failures = self.doubts.iter().map(|(_, _, failure)| failure.clone());
        failures.reduce(Failure::and).unwrap_or(Failure::Unknown([].into()))
    }
}

/// What the reversals take back: the pay as it was, less the pay for what is left of the base. It is known where both
/// are.
fn taken_back(
    base: &Result<Decimal, Failure>,
    possible: &[Possible],
    reversals: &[Reversal],
    within_days: u32,
    terms: &Terms<'_>,
    fails: &dyn Fn(EvaluationError) -> Failure,
) -> Result<Decimal, Failure> {
    if reversals.is_empty() {
        return Ok(Decimal::ZERO);
    }
    let base = base.clone()?;
    let clawbacks = possible
        .iter()
        .map(|Possible { plan, gates }| Ok(plan.clawback(base, gates, reversals, within_days)?))
        .collect::<Result<Vec<_>, EvaluationError>>()
        .map_err(fails)?;
    let before = agreed(clawbacks.iter().map(|clawback| clawback.before.amount));
    let after = agreed(clawbacks.iter().map(|clawback| clawback.after.amount));
    match (before, after) {
        (Some(_), Some(_)) => clawbacks.first().map(|clawback| clawback.amount).ok_or_else(|| terms.doubt()),
        // What none of the reversals changes is nothing, whatever the pay was.
        _ if clawbacks.iter().all(|clawback| clawback.before == clawback.after) => Ok(Decimal::ZERO),
        _ => Err(terms.doubt()),
    }
}

/// The reversals that a record lists, of which `today` has heard.
fn reversals(beside: &Beside<'_>, terms: &ClawbackTerms, today: NaiveDate) -> Result<Vec<Reversal>, Failure> {
    let Value::List(items) = beside.field(terms.payments)? else { return Ok(Vec::new()) };
    let mut reversals = Vec::new();
    for item in items.iter() {
        let Value::Record(parts) = item.clone()? else { continue };
        let part = |index: usize| parts.get(index).cloned().unwrap_or(Ok(Value::None));
        let Value::Date(reversed_on) = part(terms.reversed_on)? else { continue };
        if reversed_on > today {
            continue;
        }
        let Value::Date(paid_on) = part(terms.received_on)? else { continue };
        reversals.push(Reversal { paid_on, reversed_on, amount: amount(part(terms.amount))? });
    }
    Ok(reversals)
}

/// How long after it was received a payment was reversed.
fn days(reversal: &Reversal) -> i64 {
    reversal.reversed_on.signed_duration_since(reversal.paid_on).num_days()
}

/// The number that an outcome is.
pub(super) fn amount(outcome: Outcome) -> Result<Decimal, Failure> {
    Ok(ops::plain(&outcome?)?)
}

/// The one amount that all are; nothing where they differ.
fn agreed(mut amounts: impl Iterator<Item = Decimal>) -> Option<Decimal> {
    let first = amounts.next()?;
    amounts.all(|amount| amount == first).then_some(first)
}
