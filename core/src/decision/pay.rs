//! What a collector earned, for hosts: the pay, how it came about, and what reversals take back.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Answer, FailedResult, List, Ordered, Parts, UnknownResult, findings, json};
use crate::check::pay_plan::CheckedPayPlan;
use crate::conduct::pay::Earned;
use crate::finance::Rounding;
use crate::pack_identity::PackIdentity;
use crate::value::show::Show;
use crate::value::{Failure, Outcome, Value};

/// What a collector earned in the period of one record.
///
/// Its JSON is the same bytes for the same pack, record and `as_of`. Amounts are text.
#[derive(Clone, Debug)]
pub struct CollectorPay {
    key: String,
    as_of: DateTime<Utc>,
    pack: Arc<PackIdentity>,
    base: Outcome,
    tiers: Vec<TierPay>,
    accelerator: Option<AcceleratorPay>,
    gates: Vec<HeldGate>,
    cap: Option<String>,
    cut: Option<String>,
    pay: Outcome,
    reversed: Option<Outcome>,
    clawback: Option<Outcome>,
    because: Option<String>,
    source: Option<String>,
    unknowns: Vec<UnknownResult>,
    errors: Vec<FailedResult>,
    show: Show,
}

/// What one tier gives.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct TierPay {
    /// Where the tier begins.
    pub from: String,
    /// Its percentage.
    pub percent: String,
    /// How much of the base its percentage is taken of.
    pub of: String,
    /// What it gives, rounded by itself: the pay is rounded once, at its end.
    pub amount: String,
}

/// What the accelerator adds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct AcceleratorPay {
    /// The mark above which it counts.
    pub above: String,
    /// Its factor.
    pub times: String,
    /// What it adds to the tiers; below zero for a factor below 1.
    pub amount: String,
}

/// A gate that holds.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct HeldGate {
    /// The qualified id, such as `incentives/collector/quality`.
    pub id: Arc<str>,
    /// Its factor.
    pub times: String,
    /// Its `because`.
    pub because: Option<String>,
    /// Its `source`.
    pub source: Option<String>,
}

impl CollectorPay {
    pub(crate) fn new(
        parts: &Parts<'_>,
        plan: &CheckedPayPlan,
        fields: &[Outcome],
        earned: &Earned,
        as_of: DateTime<Utc>,
    ) -> CollectorPay {
        let show = Show { currency_decimals: parts.checked.header.currency_decimals };
        let money = |amount: Decimal| show.text(&Value::Money(amount));
        let number = |number: Decimal| show.text(&Value::Decimal(number));
        let outcome = |amount: &Result<Decimal, Failure>| amount.clone().map(Value::Money);
        let rounding = Rounding::from(plan.rounding);
        let tiers = earned.tiers.iter().filter_map(|part| {
            let amount = part.amount.round(show.currency_decimals, rounding).ok()?;
            let (from, percent) = (money(part.tier.from), number(part.tier.percent));
            Some(TierPay { from, percent, of: money(part.of), amount: money(amount) })
        });
        let gates = earned.gates.iter().filter_map(|gate| plan.gates.get(*gate)).map(|gate| HeldGate {
            id: gate.id.clone(),
            times: number(gate.times),
            because: gate.annotations.because.clone(),
            source: gate.annotations.source.clone(),
        });
        let (mut unknowns, mut errors) = (Vec::new(), Vec::new());
        for (part, gate, failure) in &earned.failures {
            let at = match gate.and_then(|gate| plan.gates.get(gate)) {
                Some(gate) => gate.id.to_string(),
                None => format!("incentives/collector/{part}").trim_end_matches('/').to_owned(),
            };
            findings::add(parts, &at, failure, &mut unknowns, &mut errors);
        }
        let key = plan.record.key_index().and_then(|index| fields.get(index)).cloned();
        CollectorPay {
            key: key.and_then(Result::ok).map_or_else(String::new, |key| show.text(&key)),
            as_of,
            pack: parts.identity.clone(),
            base: outcome(&earned.base),
            tiers: tiers.collect(),
            accelerator: earned.accelerator.map(|(above, times, amount)| AcceleratorPay {
                above: money(above),
                times: number(times),
                amount: money(amount),
            }),
            gates: gates.collect(),
            cap: earned.cap.map(money),
            cut: earned.cut.map(money),
            pay: outcome(&earned.pay),
            reversed: earned.reversed.as_ref().map(outcome),
            clawback: earned.clawback.as_ref().map(outcome),
            because: plan.because.clone(),
            source: plan.source.clone(),
            unknowns,
            errors,
            show,
        }
    }

    /// The record's key, as text.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The instant at which it was worked out.
    pub fn as_of(&self) -> DateTime<Utc> {
        self.as_of
    }

    /// What the tiers are applied to.
    pub fn base(&self) -> Answer {
        self.answer(&self.base)
    }

    /// What each tier gives; those that the base does not reach are left out.
    pub fn tiers(&self) -> &[TierPay] {
        &self.tiers
    }

    /// What the accelerator adds, in a plan that has one.
    pub fn accelerator(&self) -> Option<&AcceleratorPay> {
        self.accelerator.as_ref()
    }

    /// The gates that hold, in the order of the pack.
    pub fn gates(&self) -> &[HeldGate] {
        &self.gates
    }

    /// What the cap took off; nothing where that is not known.
    pub fn cut(&self) -> Option<&str> {
        self.cut.as_deref()
    }

    /// The pay.
    pub fn pay(&self) -> Answer {
        self.answer(&self.pay)
    }

    /// How much of the base was reversed in time, in a plan that takes pay back.
    pub fn reversed(&self) -> Option<Answer> {
        self.reversed.as_ref().map(|outcome| self.answer(outcome))
    }

    /// What the reversals take back, in a plan that does: the pay, less the pay without the reversed payments. Never
    /// below zero.
    pub fn clawback(&self) -> Option<Answer> {
        self.clawback.as_ref().map(|outcome| self.answer(outcome))
    }

    /// What is not known of the pay, with the fields that are missing.
    pub fn unknowns(&self) -> &[UnknownResult] {
        &self.unknowns
    }

    /// What failed.
    pub fn errors(&self) -> &[FailedResult] {
        &self.errors
    }

    /// One line of JSON.
    pub fn to_json(&self) -> String {
        // Writing to a string fails only where a map has keys that are no text; none has.
        serde_json::to_string(self).unwrap_or_default()
    }

    fn answer(&self, outcome: &Outcome) -> Answer {
        Answer::of(outcome, self.show)
    }

    /// An amount by its name, for rule tests.
    pub(crate) fn outcome(&self, item: &str) -> Option<&Outcome> {
        match item {
            "base" => Some(&self.base),
            "pay" => Some(&self.pay),
            "reversed" => self.reversed.as_ref(),
            _ => self.clawback.as_ref(),
        }
    }
}

impl Serialize for CollectorPay {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("key", &self.key)?;
        map.serialize_entry("as_of", &self.show.text(&Value::Timestamp(self.as_of)))?;
        map.serialize_entry("pack", &*self.pack)?;
        map.serialize_entry("base", &self.show.outcome_json(&self.base))?;
        map.serialize_entry("tiers", &self.tiers)?;
        map.serialize_entry("accelerator", &self.accelerator)?;
        map.serialize_entry("gates", &self.gates)?;
        map.serialize_entry("cap", &self.cap)?;
        map.serialize_entry("cut", &self.cut)?;
        map.serialize_entry("pay", &self.show.outcome_json(&self.pay))?;
        let optional = |outcome: &Option<Outcome>| outcome.as_ref().map(|outcome| self.show.outcome_json(outcome));
        map.serialize_entry("reversed", &optional(&self.reversed))?;
        map.serialize_entry("clawback", &optional(&self.clawback))?;
        map.serialize_entry("because", &self.because)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("unknowns", &List(&self.unknowns, unknown_json))?;
        map.serialize_entry("errors", &List(&self.errors, error_json))?;
        map.end()
    }
}

pub(super) fn unknown_json(unknown: &UnknownResult) -> Ordered {
    let facts: Vec<&str> = unknown.facts.iter().map(|fact| &**fact).collect();
    Ordered(vec![("at", json(&*unknown.at)), ("facts", json(facts))])
}

pub(super) fn error_json(error: &FailedResult) -> Ordered {
    let (code, message) = (json(error.code.slug()), json(error.message.as_str()));
    Ordered(vec![("at", json(&*error.at)), ("code", code), ("message", message)])
}
